//! Identifiers of users, clients and rooms in the one spelling that counts.
//!
//! The drafts compare identifiers byte by byte. RFC 3986 §6.2.2 gives one identifier many
//! spellings, so a comparison of bytes would let a banned user return under another spelling. The
//! types here hold only identifiers that have one spelling: equal bytes mean the same user.

use alloc::string::ToString;
use core::fmt;

use crate::{MimiUri, MimiUriRef, Opaque, TextError, percent::read_escape, protocol::IdentifierUri};

/// Why an identifier does not count as the identity of a user, client or room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentityError {
    /// The identifier has no bytes.
    Empty,
    /// The identifier begins with `mimi:` and is not a MIMI URI.
    NotMimiUri(TextError),
    /// The identifier is a MIMI URI in another spelling than its normal form.
    NotNormal {
        /// The first byte at which the identifier and its normal form differ.
        offset: usize,
    },
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("identifier is empty"),
            Self::NotMimiUri(error) => write!(f, "identifier is not a valid MIMI URI: {error}"),
            Self::NotNormal { offset } => {
                write!(f, "MIMI URI is not in its normal form: differs at byte {offset}")
            }
        }
    }
}

impl core::error::Error for IdentityError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::NotMimiUri(error) => Some(error),
            Self::Empty | Self::NotNormal { .. } => None,
        }
    }
}

/// Whether some parser would read the scheme `mimi`. A URL parser drops control characters and
/// spaces in front, and tabs and line ends anywhere (WHATWG URL §4.4); a decoder of UTF-8 drops a
/// byte order mark; a server that unescapes a path segment once too often reads `mimi%3A`. Each
/// would be a second spelling. Of a byte order mark, each byte is dropped: alone they are not
/// UTF-8.
fn reads_as_mimi(uri: &[u8]) -> bool {
    let mut rest = uri;
    let unescaped = core::iter::from_fn(|| {
        let (byte, length) = match read_escape(rest) {
            Some(byte) => (byte, 3),
            None => (*rest.first()?, 1),
        };
        rest = rest.get(length..).unwrap_or_default();
        Some(byte)
    });
    let start = unescaped.skip_while(|byte| *byte <= b' ' || matches!(byte, 0xef | 0xbb | 0xbf));
    let kept = start.filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'));
    kept.take(5).map(|byte| byte.to_ascii_lowercase()).eq(*b"mimi:")
}

/// Whether the bytes are an identifier in the one spelling that counts.
fn check(uri: &[u8]) -> Result<(), IdentityError> {
    if uri.is_empty() {
        return Err(IdentityError::Empty);
    }
    if !reads_as_mimi(uri) {
        return Ok(());
    }
    let parsed = MimiUriRef::from_bytes(uri).map_err(IdentityError::NotMimiUri)?;
    parsed.first_abnormal_byte().map_or(Ok(()), |offset| Err(IdentityError::NotNormal { offset }))
}

macro_rules! identity {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Opaque);

        impl $name {
            /// Checks the bytes of an identifier.
            ///
            /// # Errors
            /// An [`IdentityError`] if the bytes are not in the one spelling that counts.
            pub fn new(uri: impl Into<Opaque>) -> Result<Self, IdentityError> {
                let uri = uri.into();
                check(&uri)?;
                Ok(Self(uri))
            }

            /// Checks the bytes of an identifier without keeping them.
            ///
            /// # Errors
            /// An [`IdentityError`] if the bytes are not in the one spelling that counts.
            pub fn check(uri: &[u8]) -> Result<(), IdentityError> {
                check(uri)
            }

            /// The bytes of the identifier.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_slice()
            }

            /// The bytes as wire structs hold them.
            #[must_use]
            pub fn as_opaque(&self) -> &Opaque {
                &self.0
            }

            /// The identifier as a MIMI URI; `None` if it has another scheme or is opaque.
            #[must_use]
            pub fn mimi_uri(&self) -> Option<MimiUriRef<'_>> {
                MimiUriRef::from_bytes(&self.0).ok()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = IdentityError;

            fn try_from(uri: &str) -> Result<Self, IdentityError> {
                Self::new(uri)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = IdentityError;

            fn try_from(uri: &[u8]) -> Result<Self, IdentityError> {
                Self::new(uri)
            }
        }

        impl TryFrom<&IdentifierUri> for $name {
            type Error = IdentityError;

            fn try_from(uri: &IdentifierUri) -> Result<Self, IdentityError> {
                Self::new(uri.as_bytes())
            }
        }

        /// The normal form of the URI.
        impl From<MimiUriRef<'_>> for $name {
            fn from(uri: MimiUriRef<'_>) -> Self {
                Self(uri.normalized().as_str().into())
            }
        }

        /// The normal form of the URI.
        impl From<&MimiUri> for $name {
            fn from(uri: &MimiUri) -> Self {
                uri.as_ref().into()
            }
        }

        impl From<$name> for Opaque {
            fn from(uri: $name) -> Self {
                uri.0
            }
        }

        impl From<&$name> for IdentifierUri {
            fn from(uri: &$name) -> Self {
                Self::checked_before(uri.0.clone())
            }
        }

        /// The identifier as text; bytes that are not UTF-8 are replaced by U+FFFD.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for chunk in self.as_bytes().utf8_chunks() {
                    f.write_str(chunk.valid())?;
                    if !chunk.invalid().is_empty() {
                        f.write_str("\u{fffd}")?;
                    }
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.to_string(), f)
            }
        }
    )*};
}

identity! {
    /// The identifier of a user (mimi-protocol-06 §7.5), or of a server that proposes from outside.
    ///
    /// A MIMI URI counts in its normal form only (RFC 3986 §6.2.2), and text that begins with
    /// `mimi:` in any case of letters, as a URL parser or a decoder of UTF-8 or of escapes reads
    /// it, must be a MIMI URI. An identifier of another scheme, or an opaque one such as a
    /// pseudonym, counts as it is. Two values are the same user exactly if their bytes are equal.
    ///
    /// ```
    /// use mimi_codec::{IdentityError, MimiUri, UserUri};
    ///
    /// let bob = UserUri::try_from("mimi://b.example/u/bob")?;
    /// let shouted = UserUri::try_from("mimi://B.example/u/bob");
    /// assert_eq!(shouted, Err(IdentityError::NotNormal { offset: 7 }));
    ///
    /// // A caller that wants to forgive another spelling converts the parsed URI.
    /// let parsed = MimiUri::parse("mimi://B.example/u/bob")?;
    /// assert_eq!(UserUri::from(&parsed), bob);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub struct UserUri;

    /// The identifier of one client of a user, by the rules of [`UserUri`].
    pub struct ClientUri;

    /// The identifier of a room (mimi-protocol-06 §3), by the rules of [`UserUri`].
    pub struct RoomUri;
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for UserUri {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let uri = u.arbitrary::<IdentifierUri>()?;
        Ok(Self::try_from(&uri).unwrap_or_else(|_| Self("mimi://a.example/u/alice".into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextErrorKind;

    #[test]
    fn accepts_normal_forms_other_schemes_and_opaque_identifiers() {
        for uri in [
            "mimi://b.example/u/bob",
            "mimi://b.example",
            "mimi://b.example/u/a%20b%2Fc",
            "im:bob@b.example",
            "IM:bob@b.example",
            "https://B.example/%62ob",
            "\u{0}\u{1}",
            "mim",
            "mimi",
        ] {
            assert_eq!(UserUri::try_from(uri).map(|uri| uri.to_string()).as_deref(), Ok(uri));
        }
        assert!(UserUri::new(&b"\xff\x00"[..]).is_ok());
    }

    #[test]
    fn refuses_other_spellings_of_a_mimi_uri() {
        for (uri, offset) in [
            ("mimi://B.example/u/bob", 7),
            ("MIMI://b.example/u/bob", 0),
            ("miMi://b.example/u/bob", 2),
            ("mimi://b.example/u/%62ob", 19),
            ("mimi://b.example/%75/bob", 17),
            ("mimi://b.example/u/a%2fb", 22),
            ("mimi://b.exAmple", 11),
        ] {
            assert_eq!(UserUri::try_from(uri), Err(IdentityError::NotNormal { offset }), "{uri}");
            let parsed = MimiUri::parse(uri).unwrap();
            assert_ne!(UserUri::from(&parsed).as_bytes(), uri.as_bytes());
            assert!(UserUri::new(UserUri::from(&parsed).as_bytes()).is_ok());
        }
    }

    #[test]
    fn refuses_text_that_begins_like_a_mimi_uri_and_is_not_one() {
        for (uri, kind) in [
            ("mimi://b.example/u/./bob", TextErrorKind::DotSegment),
            ("mimi://b.example/u/%2e%2E/bob", TextErrorKind::DotSegment),
            ("mimi://b.example./u/bob", TextErrorKind::Host),
            ("mimi://b.example:/u/bob", TextErrorKind::Port),
            ("mimi:bob", TextErrorKind::Scheme),
            ("Mimi:", TextErrorKind::Scheme),
            ("mimi://127.0.0.0x1/u/bob", TextErrorKind::Host),
        ] {
            match UserUri::try_from(uri) {
                Err(IdentityError::NotMimiUri(error)) => assert_eq!(error.kind, kind, "{uri}"),
                other => panic!("{uri}: {other:?}"),
            }
        }
        for text in [" mimi://b.example/u/bob", "\0\u{1f}MIMI:", "mi\tmi://b.example/u/bob", "\n m\ri\nmi:x"]
        {
            assert!(matches!(UserUri::try_from(text), Err(IdentityError::NotMimiUri(_))), "{text:?}");
        }
        for text in [
            "\u{feff}mimi://b.example/u/bob",
            " \u{feff} \u{feff}MiMi:",
            "mimi%3A//b.example/u/bob",
            "mimi%3a%2F%2Fb.example%2Fu%2Fbob",
            "%6dimi:x",
            "%20m%09imi%3a",
            "%EF%BB%BFmimi:",
        ] {
            assert!(matches!(UserUri::try_from(text), Err(IdentityError::NotMimiUri(_))), "{text:?}");
        }
        for text in ["mimi%253A//b.example/u/bob", "mimi%3", "%6", "%zzmimi:", "\u{feff}", "x\u{feff}mimi:"] {
            assert!(UserUri::try_from(text).is_ok(), "{text:?}");
        }
        assert!(UserUri::try_from("mi mi:x").is_ok() && UserUri::try_from(" x").is_ok());
        assert!(matches!(UserUri::new(&b"mimi:\xff"[..]), Err(IdentityError::NotMimiUri(_))));
        assert_eq!(UserUri::try_from(""), Err(IdentityError::Empty));
    }
}
