//! What a room shows of itself to people (mimi-protocol-06 §7.6): component 0x0023 of the
//! GroupContext.

use alloc::string::String;
use alloc::vec::Vec;

use super::Uri;
use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Opaque, Reader, Result,
    TextError, Writer, convention::wire_struct, media_type::MediaType,
};

const HAS_NUL: DecodeErrorKind = DecodeErrorKind::Rule("text holds a NUL");

/// Text without NUL (mimi-protocol-06 §7.6). It may be empty.
///
/// ```text
/// /* a sequence of valid UTF8 without nulls */
/// struct {
///     opaque string<V>;
/// } UTF8String;
/// ```
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    tls_codec::TlsSize,
    tls_codec::TlsSerializeBytes,
)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct UTF8String {
    string: String,
}

impl UTF8String {
    /// This text.
    ///
    /// # Errors
    /// [`DecodeErrorKind::Rule`] when it holds a NUL.
    pub fn new(string: impl Into<String>) -> core::result::Result<Self, InvalidValueError> {
        let string = string.into();
        if string.contains('\0') {
            Err(InvalidValueError::field("string", HAS_NUL))
        } else {
            Ok(Self { string })
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.string
    }
}

impl TryFrom<String> for UTF8String {
    type Error = InvalidValueError;

    fn try_from(string: String) -> core::result::Result<Self, InvalidValueError> {
        Self::new(string)
    }
}

impl From<UTF8String> for String {
    fn from(text: UTF8String) -> Self {
        text.string
    }
}

impl<'a> Decode<'a> for UTF8String {
    const NAME: &'static str = "UTF8String";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let string: String = reader.field("string")?;
        match string.find('\0') {
            None => Ok(Self { string }),
            Some(index) => {
                // The reader stands behind the last byte of the text.
                let offset = reader.offset().saturating_sub(string.len()).saturating_add(index);
                Err(DecodeError::new(HAS_NUL, offset).in_field("string"))
            }
        }
    }
}

impl Encode for UTF8String {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        self.string.encode(writer)
    }
}

crate::tls::tls_bridge!(decode UTF8String);

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for UTF8String {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut string: String = u.arbitrary()?;
        string.retain(|character| character != '\0');
        Ok(Self { string })
    }
}

wire_struct! {
    /// A description of a room, in one language and format (mimi-protocol-06 §7.6).
    ///
    /// ```text
    /// struct {
    ///     /* an empty media_type is equivalent to text/plain;charset=utf-8 */
    ///     opaque media_type<V>;
    ///     opaque language_tag<V>;
    ///     opaque description_content<V>;
    /// } RichDescription;
    /// ```
    pub struct RichDescription {
        /// The media type in its text form, see [`Self::parsed_media_type`].
        pub media_type: String,
        /// The language tag; empty where none is stated.
        pub language_tag: String,
        /// The description, as the media type says.
        pub description_content: Opaque,
    }
}

impl RichDescription {
    /// The media type; an empty one is `text/plain;charset=utf-8`.
    ///
    /// # Errors
    /// Why the text is no media type.
    pub fn parsed_media_type(&self) -> core::result::Result<MediaType, TextError> {
        MediaType::parse(if self.media_type.is_empty() {
            "text/plain;charset=utf-8"
        } else {
            &self.media_type
        })
    }
}

wire_struct! {
    /// A room's metadata (mimi-protocol-06 §7.6).
    ///
    /// ```text
    /// struct {
    ///     Uri room_uri;
    ///     UTF8String room_name;
    ///     RichDescription room_descriptions<V>;
    ///     /* an https URI resolving to an avatar image */
    ///     Uri room_avatar;
    ///     UTF8String room_subject;
    ///     UTF8String room_mood;
    /// } RoomMetaData;
    /// ```
    pub struct RoomMetaData {
        /// The room.
        room_uri: Uri,
        /// Its name.
        room_name: UTF8String,
        /// Its descriptions.
        room_descriptions: Vec<RichDescription>,
        /// An `https` URI of an image, or none.
        room_avatar: Uri,
        /// Its subject.
        room_subject: UTF8String,
        /// Its mood.
        room_mood: UTF8String,
    } check RoomMetaData::check, repair RoomMetaData::repair
}

/// The `update` of an AppDataUpdate for component 0x0023; it replaces the data as a whole
/// (mimi-protocol-06 §7.6).
pub type RoomMetaUpdate = RoomMetaData;

impl RoomMetaData {
    fn check(&self) -> core::result::Result<(), InvalidValueError> {
        let avatar = self.room_avatar.as_bytes();
        let is_https = avatar.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https://"));
        if self.room_avatar.is_none() || is_https {
            Ok(())
        } else {
            Err(InvalidValueError::field("room_avatar", DecodeErrorKind::Rule("not an https URI")))
        }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        if self.check().is_err() {
            self.room_avatar = Uri::new("https://a.example/avatar.png");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    fn metadata(avatar: &str) -> core::result::Result<RoomMetaData, InvalidValueError> {
        let text = |text: &str| UTF8String::new(text).unwrap();
        let uri = Uri::new("mimi://a.example/r/x");
        RoomMetaData::new(uri, text("x"), vec![], Uri::new(avatar), text(""), text(""))
    }

    #[test]
    fn refuses_an_avatar_that_is_not_https() {
        for avatar in ["", "https://a.example/x.png", "HTTPS://a.example/x.png"] {
            let bytes = metadata(avatar).unwrap().to_bytes().unwrap();
            assert!(RoomMetaData::decode_exact(&bytes).is_ok(), "{avatar}");
        }
        let refused = metadata("http://a.example/").unwrap_err();
        assert_eq!(
            refused,
            InvalidValueError::field("room_avatar", DecodeErrorKind::Rule("not an https URI"))
        );

        let mut bytes = metadata("https://a.example/").unwrap().to_bytes().unwrap();
        // Length, 20 bytes of URI; length, "x"; no descriptions; length: the scheme begins at 25.
        assert_eq!(bytes.get(25..30), Some(&b"https"[..]));
        bytes[25] = b'x';
        let error = RoomMetaData::decode_exact(&bytes).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::Rule("not an https URI"));
        assert_eq!((error.offset(), error.path().to_string().as_str()), (24, "RoomMetaData.room_avatar"));
    }

    #[test]
    fn refuses_a_nul_and_what_is_not_utf_8() {
        let error = UTF8String::decode_exact(b"\x03a\0b").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (&HAS_NUL, 2));
        assert_eq!(error.path().to_string(), "UTF8String.string");
        let error = UTF8String::decode_exact(b"\x03a\xffb").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (&DecodeErrorKind::InvalidUtf8, 2));
        assert!(UTF8String::new("a\0").is_err());
    }

    #[test]
    fn an_empty_media_type_is_plain_text() {
        let description = |media_type: &str| RichDescription {
            media_type: media_type.into(),
            language_tag: String::new(),
            description_content: Opaque::default(),
        };
        let plain = description("").parsed_media_type().unwrap();
        assert_eq!((plain.r#type(), plain.parameter("charset")), ("text/plain", Some("utf-8")));
        assert_eq!(description("text/html").parsed_media_type().unwrap().r#type(), "text/html");
        assert!(description("html").parsed_media_type().is_err());
    }
}
