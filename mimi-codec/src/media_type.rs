//! Media types (mls-extensions-10 §6.2): as structs, and as the text of RFC 9110 §8.3.1.
//!
//! The struct holds what the text means: values without the quotation marks of a quoted string and
//! without the backslash of a quoted pair. Reading puts a value on the wire as it is meant; writing
//! quotes it where it must be.

mod text_form;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::convention::wire_struct;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError, InvalidValueError, Result, Segment};
use crate::list::{List, NotEmpty};
use crate::octets::Opaque;
use crate::reader::{Decode, Reader};
use crate::steps::step;
use crate::text::TextError;
use crate::writer::{Encode, Writer};

/// RFC 9110 §5.6.2 `tchar`.
const fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_character)
}

/// `type "/" subtype`
fn is_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(top, sub)| is_token(top) && is_token(sub))
}

/// What a quoted string can hold, quoted pairs included: tabs, spaces and visible characters.
const fn is_value_character(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

const NOT_A_TYPE: DecodeErrorKind = DecodeErrorKind::Rule("not `type/subtype`");
const NOT_A_TOKEN: DecodeErrorKind = DecodeErrorKind::Rule("a parameter's name is not a token");
const NOT_A_VALUE: DecodeErrorKind = DecodeErrorKind::Rule("a parameter's value has a control character");

/// A parameter of a media type (mls-extensions-10 §6.2.2).
///
/// ```text
/// struct {
///     opaque parameter_name<V>;
///     opaque parameter_value<V>;
/// } Parameter;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "AnyParameter"))]
pub struct Parameter {
    parameter_name: String,
    parameter_value: String,
}

impl Parameter {
    /// A parameter; the value as it is meant, not quoted.
    ///
    /// # Errors
    /// [`DecodeErrorKind::Rule`] when the name is not a token, or the value holds a control
    /// character other than a tab.
    pub fn new(
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> core::result::Result<Self, InvalidValueError> {
        let (parameter_name, parameter_value) = (name.into(), value.into());
        if !is_token(&parameter_name) {
            return Err(InvalidValueError::field("parameter_name", NOT_A_TOKEN));
        }
        if !parameter_value.bytes().all(is_value_character) {
            return Err(InvalidValueError::field("parameter_value", NOT_A_VALUE));
        }
        Ok(Self { parameter_name, parameter_value })
    }

    /// The name, compared without regard to case.
    #[must_use]
    pub fn parameter_name(&self) -> &str {
        &self.parameter_name
    }

    /// The value, without quotation marks and escapes.
    #[must_use]
    pub fn parameter_value(&self) -> &str {
        &self.parameter_value
    }

    /// A name and a value that are equal for [`Self::equivalent`] parameters only.
    fn comparable(&self) -> (String, String) {
        let name = self.parameter_name.to_ascii_lowercase();
        let value = match name.as_str() {
            "charset" => self.parameter_value.to_ascii_lowercase(),
            _ => self.parameter_value.clone(),
        };
        (name, value)
    }

    /// Equal names in any case, equal values; the names of character sets are equal in any case.
    fn equivalent(&self, other: &Self) -> bool {
        step();
        self.parameter_name.eq_ignore_ascii_case(&other.parameter_name)
            && (self.parameter_value == other.parameter_value
                || (self.parameter_name.eq_ignore_ascii_case("charset")
                    && self.parameter_value.eq_ignore_ascii_case(&other.parameter_value)))
    }
}

/// What a format holds, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct AnyParameter {
    parameter_name: String,
    parameter_value: String,
}

#[cfg(feature = "serde")]
impl TryFrom<AnyParameter> for Parameter {
    type Error = InvalidValueError;

    fn try_from(any: AnyParameter) -> core::result::Result<Self, InvalidValueError> {
        Self::new(any.parameter_name, any.parameter_value)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Parameter {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let parameter_name = arbitrary_token(u)?;
        let parameter_value = u.arbitrary::<String>()?;
        let parameter_value = parameter_value.chars().filter(|c| !c.is_ascii_control()).collect();
        Ok(Self { parameter_name, parameter_value })
    }
}

#[cfg(feature = "arbitrary")]
fn arbitrary_token(u: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<String> {
    u.choose(&["plain", "x", "charset", "Variant", "vnd.example.msgbus+cbor", "a-b_c~1"])
        .map(|&text| text.into())
}

impl<'a> Decode<'a> for Parameter {
    const NAME: &'static str = "Parameter";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        let parameter_name: String = reader.field("parameter_name")?;
        if !is_token(&parameter_name) {
            return Err(DecodeError::new(NOT_A_TOKEN, start).in_field("parameter_name"));
        }
        let start = reader.offset();
        let parameter_value: String = reader.field("parameter_value")?;
        if !parameter_value.bytes().all(is_value_character) {
            return Err(DecodeError::new(NOT_A_VALUE, start).in_field("parameter_value"));
        }
        Ok(Self { parameter_name, parameter_value })
    }
}

impl Encode for Parameter {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        self.parameter_name.encode(writer)?;
        self.parameter_value.encode(writer)
    }
}

impl tls_codec::Size for Parameter {
    fn tls_serialized_len(&self) -> usize {
        crate::writer::vector_len(self.parameter_name.len())
            .saturating_add(crate::writer::vector_len(self.parameter_value.len()))
    }
}

crate::tls::tls_bridge!(encode decode Parameter);

/// Up to here parameters are compared one by one; more of them are sorted first.
const FEW: usize = 16;

/// The order of names, in which case doesn't count.
fn compare_names(one: &Parameter, other: &Parameter) -> Ordering {
    step();
    let one = one.parameter_name.bytes().map(|byte| byte.to_ascii_lowercase());
    one.cmp(other.parameter_name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// Where the first parameter stands whose name stood before, whatever the case.
fn first_repeated(parameters: &[Parameter]) -> Option<usize> {
    if parameters.len() <= FEW {
        return parameters.iter().enumerate().position(|(index, parameter)| {
            parameters.iter().take(index).any(|earlier| compare_names(earlier, parameter).is_eq())
        });
    }
    let mut sorted: Vec<(usize, &Parameter)> = parameters.iter().enumerate().collect();
    // Stable: of equal names, the one that stands first comes first.
    sorted.sort_by(|(_, one), (_, other)| compare_names(one, other));
    let neighbours = sorted.iter().zip(sorted.iter().skip(1));
    neighbours
        .filter(|((_, one), (_, other))| compare_names(one, other).is_eq())
        .map(|(_, (index, _))| *index)
        .min()
}

/// That no parameter stands twice.
fn check_distinct(parameters: &[Parameter]) -> core::result::Result<(), InvalidValueError> {
    match first_repeated(parameters) {
        None => Ok(()),
        Some(index) => {
            Err(InvalidValueError { kind: DecodeErrorKind::Duplicate, place: Some(Segment::Index(index)) })
        }
    }
}

/// An IANA media type with its parameters (mls-extensions-10 §6.2.2). It is always one:
/// `type/subtype`, of tokens, and no parameter twice. Its text fields are UTF-8.
///
/// ```text
/// struct {
///     /* type is an IANA top-level media type, a "/" character, and the IANA media subtype */
///     opaque type<V>;
///     Parameter parameters<V>;
/// } MediaType;
/// ```
///
/// ```
/// use mimi_codec::MediaType;
///
/// let media_type = MediaType::parse(r#"text/plain ;charset="UTF-8""#)?;
/// assert_eq!(media_type.r#type(), "text/plain");
/// assert_eq!(media_type.parameter("Charset"), Some("UTF-8"));
/// assert_eq!(media_type.to_string(), "text/plain;charset=UTF-8");
/// # Ok::<(), mimi_codec::TextError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "AnyMediaType"))]
pub struct MediaType {
    r#type: String,
    parameters: Vec<Parameter>,
}

impl MediaType {
    /// A media type.
    ///
    /// # Errors
    /// [`DecodeErrorKind::Rule`] when `type` is not `type/subtype`, [`DecodeErrorKind::Duplicate`]
    /// when a parameter stands twice.
    pub fn new(
        r#type: impl Into<String>,
        parameters: Vec<Parameter>,
    ) -> core::result::Result<Self, InvalidValueError> {
        let r#type = r#type.into();
        if !is_type(&r#type) {
            return Err(InvalidValueError::field("type", NOT_A_TYPE));
        }
        check_distinct(&parameters)?;
        Ok(Self { r#type, parameters })
    }

    /// Reads the text form, `type/subtype; name=value; name="value"`.
    ///
    /// # Errors
    /// [`MediaType`](crate::TextErrorKind::MediaType),
    /// [`Parameter`](crate::TextErrorKind::Parameter),
    /// [`DuplicateParameter`](crate::TextErrorKind::DuplicateParameter),
    /// [`QuotedString`](crate::TextErrorKind::QuotedString), or
    /// [`Character`](crate::TextErrorKind::Character) for a control character in a quoted string.
    pub fn parse(text: &str) -> core::result::Result<Self, TextError> {
        text_form::parse(text)
    }

    /// `type/subtype`, compared without regard to case.
    #[must_use]
    pub fn r#type(&self) -> &str {
        &self.r#type
    }

    /// The parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The value of the parameter of this name, in any case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|parameter| parameter.parameter_name.eq_ignore_ascii_case(name))
            .map(Parameter::parameter_value)
    }

    /// Whether this entry of a list of media types covers `other`: the same type in any case, and
    /// every parameter of the entry. So `text/markdown` covers `text/markdown;variant=GFM-MIMI`,
    /// and not the other way round (mimi-room-policy-04 §6.4).
    ///
    /// To compare many entries with one type, sort it once: [`Self::sorted`].
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.parameters.len().min(other.parameters.len()) <= 1 || other.parameters.len() <= FEW {
            let has = |wanted: &Parameter| other.parameters.iter().any(|found| wanted.equivalent(found));
            return self.may_cover(other) && self.parameters.iter().all(has);
        }
        self.may_cover(other) && other.sorted().is_covered_by(self)
    }

    /// The type with its parameters sorted, to be compared with many entries of lists.
    ///
    /// ```
    /// use mimi_codec::MediaType;
    ///
    /// let sent = MediaType::parse("text/markdown;variant=GFM-MIMI;charset=utf-8")?;
    /// let sorted = sent.sorted();
    /// let list = ["image/png", "text/markdown;charset=UTF-8"].map(MediaType::parse);
    /// assert!(list.iter().flatten().any(|entry| sorted.is_covered_by(entry)));
    /// # Ok::<(), mimi_codec::TextError>(())
    /// ```
    #[must_use]
    pub fn sorted(&self) -> SortedMediaType<'_> {
        let mut parameters: Vec<&Parameter> = self.parameters.iter().collect();
        parameters.sort_unstable_by(|one, other| compare_names(one, other));
        SortedMediaType { media_type: self, parameters }
    }

    /// What must hold for [`Self::covers`], whatever the parameters are. Names are distinct: to
    /// have all of them takes as many.
    fn may_cover(&self, other: &Self) -> bool {
        self.parameters.len() <= other.parameters.len() && self.r#type.eq_ignore_ascii_case(&other.r#type)
    }
}

/// A [`MediaType`] whose parameters are sorted; [`MediaType::sorted`] makes it.
#[derive(Clone, Debug)]
pub struct SortedMediaType<'a> {
    media_type: &'a MediaType,
    /// By name, in which case doesn't count.
    parameters: Vec<&'a Parameter>,
}

impl<'a> SortedMediaType<'a> {
    /// The type.
    #[must_use]
    pub const fn media_type(&self) -> &'a MediaType {
        self.media_type
    }

    /// Whether `entry` covers the type, as [`MediaType::covers`] says; one binary search for each
    /// parameter of `entry`.
    #[must_use]
    pub fn is_covered_by(&self, entry: &MediaType) -> bool {
        entry.may_cover(self.media_type)
            && entry.parameters.iter().all(|wanted| {
                let place = self.parameters.binary_search_by(|found| compare_names(found, wanted));
                place
                    .ok()
                    .and_then(|place| self.parameters.get(place))
                    .is_some_and(|found| wanted.equivalent(found))
            })
    }
}

/// How many media types a list may hold for it to be compared with another one.
pub const MAX_MEDIA_TYPES: usize = 1024;

/// How many parameters all media types of a list may have together for it to be compared with
/// another one.
pub const MAX_PARAMETERS: usize = 4096;

const TOO_MANY: DecodeErrorKind =
    DecodeErrorKind::Rule("more than 1024 media types or 4096 parameters to compare");

impl MediaTypeList {
    /// Whether each media type of `required` is covered by one of this list.
    ///
    /// Both lists are interned first, so that no text is compared twice; then the cost is at most
    /// [`MAX_MEDIA_TYPES`] times [`MAX_PARAMETERS`] searches in numbers, however an attacker makes
    /// the lists.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::Rule`] when one of the lists is longer than [`MAX_MEDIA_TYPES`] or has
    /// more than [`MAX_PARAMETERS`] parameters in all.
    pub fn covers_all(&self, required: &Self) -> core::result::Result<bool, InvalidValueError> {
        for list in [self, required] {
            let parameters = list.media_type_list.iter().map(|media_type| media_type.parameters.len());
            let parameters = parameters.fold(0usize, usize::saturating_add);
            if list.media_type_list.len() > MAX_MEDIA_TYPES || parameters > MAX_PARAMETERS {
                return Err(InvalidValueError::field("media_type_list", TOO_MANY));
            }
        }
        let mut interned = Interned::default();
        let mut offers = BTreeMap::<u32, BTreeSet<Vec<u32>>>::new();
        for offer in self.media_type_list.iter() {
            let (r#type, parameters) = interned.numbers(offer);
            offers.entry(r#type).or_default().insert(parameters);
        }
        let required: BTreeSet<_> =
            required.media_type_list.iter().map(|wanted| interned.numbers(wanted)).collect();
        Ok(required.iter().all(|(r#type, parameters)| {
            let has = |number: &u32| parameters.binary_search(number).is_ok();
            let covers = |offer: &Vec<u32>| offer.len() <= parameters.len() && offer.iter().all(has);
            offers.get(r#type).is_some_and(|offers| offers.iter().any(covers))
        }))
    }
}

/// Equal texts, as the comparison of media types takes them, under one number.
#[derive(Default)]
struct Interned {
    types: BTreeMap<String, u32>,
    parameters: BTreeMap<(String, String), u32>,
}

impl Interned {
    /// The numbers of the type and of its parameters, which ascend.
    fn numbers(&mut self, media_type: &MediaType) -> (u32, Vec<u32>) {
        let next = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        let r#type = *self.types.entry(media_type.r#type.to_ascii_lowercase()).or_insert(next);
        let mut parameters: Vec<u32> = media_type
            .parameters
            .iter()
            .map(|parameter| {
                let next = u32::try_from(self.parameters.len()).unwrap_or(u32::MAX);
                *self.parameters.entry(parameter.comparable()).or_insert(next)
            })
            .collect();
        parameters.sort_unstable();
        (r#type, parameters)
    }
}

/// What a format holds, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct AnyMediaType {
    r#type: String,
    parameters: Vec<Parameter>,
}

#[cfg(feature = "serde")]
impl TryFrom<AnyMediaType> for MediaType {
    type Error = InvalidValueError;

    fn try_from(any: AnyMediaType) -> core::result::Result<Self, InvalidValueError> {
        Self::new(any.r#type, any.parameters)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for MediaType {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let (top, sub) = (arbitrary_token(u)?, arbitrary_token(u)?);
        let mut parameters = crate::arbitrary_values::list(u, 0)?;
        while let Some(index) = first_repeated(&parameters) {
            parameters.remove(index);
        }
        Ok(Self { r#type: alloc::format!("{top}/{sub}"), parameters })
    }
}

/// Where the parameter `index` begins; `reader` stands at their vector, which has been decoded
/// once.
fn offset_of_parameter(mut reader: Reader<'_>, index: usize) -> usize {
    let Ok(mut content) = reader.vector() else { return reader.offset() };
    for _ in 0..index {
        let _ = Parameter::decode(&mut content);
    }
    content.offset()
}

impl<'a> Decode<'a> for MediaType {
    const NAME: &'static str = "MediaType";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        let r#type: String = reader.field("type")?;
        if !is_type(&r#type) {
            return Err(DecodeError::new(NOT_A_TYPE, start).in_field("type"));
        }
        let start = reader.clone();
        let parameters: Vec<Parameter> = reader.field("parameters")?;
        match first_repeated(&parameters) {
            None => Ok(Self { r#type, parameters }),
            Some(index) => {
                Err(DecodeError::new(DecodeErrorKind::Duplicate, offset_of_parameter(start, index))
                    .in_element(index)
                    .in_field("parameters"))
            }
        }
    }
}

impl Encode for MediaType {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        self.r#type.encode(writer)?;
        self.parameters.encode(writer)
    }
}

impl tls_codec::Size for MediaType {
    fn tls_serialized_len(&self) -> usize {
        crate::writer::vector_len(self.r#type.len()).saturating_add(self.parameters.tls_serialized_len())
    }
}

crate::tls::tls_bridge!(encode decode MediaType);

wire_struct! {
    /// The media types that a client receives, or that a group demands, at least one
    /// (mls-extensions-10 §6.2.2): component 0x0003, `content_media_types`.
    ///
    /// ```text
    /// struct {
    ///     /* must contain at least one item */
    ///     MediaType media_type_list<V>;
    /// } MediaTypeList;
    /// ```
    pub struct MediaTypeList {
        /// The media types, in order.
        pub media_type_list: List<MediaType, NotEmpty>,
    }
}

/// Application data in a group whose GroupContext has `content_media_types` (mls-extensions-10
/// §6.2.4).
///
/// A media type of zero length stands for the first of the group's list. It has no parameters: the
/// same content would have several encodings otherwise.
///
/// ```text
/// struct {
///     MediaType media_type;
///     opaque inner_application_content<V>;
/// } ApplicationFraming;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ApplicationFraming {
    /// The media type; `None` for the first of the group's list.
    pub media_type: Option<MediaType>,
    /// The content.
    pub inner_application_content: Opaque,
}

impl ApplicationFraming {
    /// The media type of the content in a group whose GroupContext has this list.
    #[must_use]
    pub fn media_type_in<'m>(&'m self, group: &'m MediaTypeList) -> Option<&'m MediaType> {
        self.media_type.as_ref().or_else(|| group.media_type_list.first())
    }
}

impl<'a> Decode<'a> for ApplicationFraming {
    const NAME: &'static str = "ApplicationFraming";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        // The least MediaType, zero length and no parameters.
        let media_type = if reader.rest().first() == Some(&0) {
            let offset = reader.offset();
            reader.uint8()?;
            if !reader
                .opaque()
                .map_err(|error| error.in_field("parameters").in_field("media_type"))?
                .is_empty()
            {
                return Err(DecodeError::new(DecodeErrorKind::Unexpected, offset.saturating_add(1))
                    .in_field("parameters")
                    .in_field("media_type"));
            }
            None
        } else {
            Some(reader.field("media_type")?)
        };
        Ok(Self { media_type, inner_application_content: reader.field("inner_application_content")? })
    }
}

impl Encode for ApplicationFraming {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        match &self.media_type {
            Some(media_type) => media_type.encode(writer)?,
            None => writer.bytes(&[0, 0]),
        }
        self.inner_application_content.encode(writer)
    }
}

impl tls_codec::Size for ApplicationFraming {
    fn tls_serialized_len(&self) -> usize {
        crate::tls::serialized_len(self)
    }
}

crate::tls::tls_bridge!(encode decode ApplicationFraming);

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for ApplicationFraming {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self { media_type: u.arbitrary()?, inner_application_content: u.arbitrary()? })
    }
}
