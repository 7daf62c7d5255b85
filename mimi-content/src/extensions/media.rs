//! What to lay out before a picture, video or recording is there: the extension of
//! mimi-av-metadata-01.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::known::Known;
use super::{ExtensionError, ExtensionKey, ExtensionsRef, MessageExtensions};
use crate::cbor::Major;
use crate::cbor::item::{self, Key, KeyRule};
use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::disposition::Disposition;
use crate::error::{DecodeErrorKind, Result, Within};
use crate::part::{NestedPartRef, PartIndex, PartRef, PartSemantics};

/// Whether a part is to be heard or seen (mimi-av-metadata-01 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvKind(pub u64);

impl AvKind {
    /// A recording.
    pub const AUDIO: Self = Self(1);
    /// A picture.
    pub const IMAGE: Self = Self(2);
    /// A video.
    pub const VIDEO: Self = Self(3);

    /// The type of its media types, such as `video`. `None` for a kind that the draft does not
    /// define.
    #[must_use]
    pub const fn media_type(self) -> Option<&'static str> {
        match self.0 {
            1 => Some("audio"),
            2 => Some("image"),
            3 => Some("video"),
            _ => None,
        }
    }
}

/// How far a picture must be turned clockwise to be viewed (mimi-av-metadata-01 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rotation {
    /// 0 degrees.
    #[default]
    None,
    /// 90 degrees.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees.
    ThreeQuarters,
}

impl Rotation {
    /// The angle in degrees.
    #[must_use]
    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }

    fn from_degrees(degrees: u64) -> Option<Self> {
        [Self::None, Self::Quarter, Self::Half, Self::ThreeQuarters]
            .into_iter()
            .find(|rotation| u64::from(rotation.degrees()) == degrees)
    }
}

/// One entry of the extension `av_metadata`: what a part with a picture, video or recording will
/// look like.
///
/// These are claims of the sender. What is decoded later may differ; a client must not allocate
/// memory by `width` and `height`.
///
/// The draft names no hash of a preview: the preview is a part of its own, and a file behind a URL
/// is bound by the [content hash](crate::ExternalPart::content_hash) of that part. Properties that
/// the draft does not define are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AvMetadata {
    /// The part, which is a single or external part.
    pub part: PartIndex,
    /// What the part is.
    pub kind: AvKind,
    /// Pixels in a row, before the rotation.
    pub width: Option<u64>,
    /// Rows of pixels, before the rotation.
    pub height: Option<u64>,
    /// How long it lasts. Fractions of a second are rounded to nanoseconds.
    pub duration: Option<Duration>,
    /// Of a video: the part with a picture of it, or a `chooseOne` of such parts.
    pub preview: Option<PartIndex>,
    /// What it shows, for people who do not see or hear it.
    pub accessibility_text: Option<String>,
    /// How far it must be turned.
    pub rotation: Option<Rotation>,
}

impl AvMetadata {
    /// An entry that says no more than what the part is.
    #[must_use]
    pub const fn new(part: PartIndex, kind: AvKind) -> Self {
        Self {
            part,
            kind,
            width: None,
            height: None,
            duration: None,
            preview: None,
            accessibility_text: None,
            rotation: None,
        }
    }

    /// The parts that it names.
    pub(crate) fn parts(&self) -> impl Iterator<Item = PartIndex> {
        [Some(self.part), self.preview].into_iter().flatten()
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        let start = reader.mark();
        let count = reader.count(Major::Map, 2)?;
        let (mut part, mut kind) = (None, None);
        let mut entry = Self::new(PartIndex(0), AvKind(0));
        for _ in 0..count {
            match item::read_key(reader, KeyRule::Nested)? {
                Key::Integer(1) => part = Some(PartIndex(reader.unsigned16().within("part_index")?)),
                Key::Integer(2) => kind = Some(AvKind(reader.unsigned(u64::MAX).within("type")?)),
                Key::Integer(3) => entry.width = Some(reader.unsigned(u64::MAX).within("width")?),
                Key::Integer(4) => entry.height = Some(reader.unsigned(u64::MAX).within("height")?),
                Key::Integer(5) => entry.duration = Some(read_duration(reader).within("duration")?),
                Key::Integer(6) => {
                    entry.preview = Some(PartIndex(reader.unsigned16().within("preview_index")?));
                }
                Key::Integer(7) => {
                    entry.accessibility_text = Some(reader.text().within("accessibility_text")?.to_owned());
                }
                Key::Integer(8) => entry.rotation = Some(read_rotation(reader).within("rotation")?),
                _ => item::skip_item(reader)?,
            }
        }
        let (Some(part), Some(kind)) = (part, kind) else {
            let expected = "a map with keys 1, the part index, and 2, the type";
            return Err(reader.refuse_at(start, DecodeErrorKind::UnexpectedType { expected }));
        };
        Ok(Self { part, kind, ..entry })
    }

    fn encode(&self, sink: &mut Vec<u8>) {
        let numbers = [(3, self.width), (4, self.height)];
        let entries = 2_usize
            .saturating_add(numbers.iter().filter(|(_, value)| value.is_some()).count())
            .saturating_add(usize::from(self.duration.is_some()))
            .saturating_add(usize::from(self.preview.is_some()))
            .saturating_add(usize::from(self.accessibility_text.is_some()))
            .saturating_add(usize::from(self.rotation.is_some()));
        writer::head(sink, Major::Map, entries as u64);
        let mut number = |key, value: Option<u64>| {
            if let Some(value) = value {
                writer::unsigned(sink, key);
                writer::unsigned(sink, value);
            }
        };
        number(1, Some(self.part.0.into()));
        number(2, Some(self.kind.0));
        for (key, value) in numbers {
            number(key, value);
        }
        if let Some(duration) = self.duration {
            writer::unsigned(sink, 5);
            write_duration(sink, duration);
        }
        if let Some(preview) = self.preview {
            writer::unsigned(sink, 6);
            writer::unsigned(sink, preview.0.into());
        }
        if let Some(text) = &self.accessibility_text {
            writer::unsigned(sink, 7);
            writer::text(sink, text);
        }
        if let Some(rotation) = self.rotation {
            writer::unsigned(sink, 8);
            writer::unsigned(sink, rotation.degrees().into());
        }
    }
}

fn read_rotation(reader: &mut Reader<'_>) -> Result<Rotation> {
    let start = reader.mark();
    Rotation::from_degrees(reader.unsigned(u64::MAX)?).ok_or_else(|| {
        reader.refuse_at(start, DecodeErrorKind::UnexpectedType { expected: "0, 90, 180 or 270" })
    })
}

/// `nonnegative_number = uint / float .gt 0.0`
fn read_duration(reader: &mut Reader<'_>) -> Result<Duration> {
    let start = reader.mark();
    let seconds = if reader.eat(Major::Simple.initial(25)) {
        single_of_half(u16::from_be_bytes(reader.raw()?)).into()
    } else if reader.eat(Major::Simple.initial(26)) {
        f32::from_be_bytes(reader.raw()?).into()
    } else if reader.eat(Major::Simple.initial(27)) {
        f64::from_be_bytes(reader.raw()?)
    } else {
        return reader.unsigned(u64::MAX).map(Duration::from_secs);
    };
    let duration = if seconds > 0.0 { Duration::try_from_secs_f64(seconds).ok() } else { None };
    duration.ok_or_else(|| {
        let expected = "an integer or a positive number of seconds below 2^64";
        reader.refuse_at(start, DecodeErrorKind::UnexpectedType { expected })
    })
}

/// A whole number of seconds, or the shortest float.
fn write_duration(sink: &mut Vec<u8>, duration: Duration) {
    if duration.subsec_nanos() == 0 {
        return writer::unsigned(sink, duration.as_secs());
    }
    let seconds = duration.as_secs_f64();
    let single = seconds as f32;
    if f64::from(single) != seconds {
        sink.put(&[Major::Simple.initial(27)]);
        sink.put(&seconds.to_be_bytes());
    } else if let Some(half) = half_of_single(single) {
        sink.put(&[Major::Simple.initial(25)]);
        sink.put(&half.to_be_bytes());
    } else {
        sink.put(&[Major::Simple.initial(26)]);
        sink.put(&single.to_be_bytes());
    }
}

/// Bits of a single's mantissa that a half has not.
const MORE_BITS: u32 = 13;
/// By how much the exponent of a single is biased more than that of a half.
const MORE_BIAS: u32 = 112;

/// RFC 8949, appendix D.
fn single_of_half(bits: u16) -> f32 {
    let (exponent, mantissa) = (u32::from(bits >> 10) & 0x1f, u32::from(bits) & 0x3ff);
    let magnitude = match exponent {
        // 2^-24 for each.
        0 => mantissa as f32 * f32::from_bits(0x3380_0000),
        31 => f32::from_bits(0x7f80_0000 | mantissa << MORE_BITS),
        _ => f32::from_bits(exponent.wrapping_add(MORE_BIAS) << 23 | mantissa << MORE_BITS),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// The half of the same value, of a positive number.
fn half_of_single(single: f32) -> Option<u16> {
    // Halves are in the order of their bits.
    let (mut low, mut high) = (0_u16, 0x7c00_u16);
    while low < high {
        let middle = low.midpoint(high);
        if single_of_half(middle) < single {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    (single_of_half(low) == single).then_some(low)
}

impl ExtensionsRef<'_> {
    /// The extension `av_metadata`; no entries if it is not there (mimi-av-metadata-01).
    ///
    /// ```
    /// use core::time::Duration;
    /// use mimi_content::{AvKind, AvMetadata, MessageExtensions, PartIndex};
    ///
    /// let video = AvMetadata {
    ///     width: Some(1920),
    ///     height: Some(1080),
    ///     duration: Some(Duration::from_millis(9_450)),
    ///     preview: Some(PartIndex(4)),
    ///     ..AvMetadata::new(PartIndex(2), AvKind::VIDEO)
    /// };
    /// let mut extensions = MessageExtensions::new();
    /// extensions.set_av_metadata(&[video.clone()])?;
    /// assert_eq!(extensions.av_metadata(), Ok(vec![video]));
    /// # Ok::<(), mimi_content::ExtensionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not an array of maps with a part index and a type, or a property is out of its
    /// bounds.
    pub fn av_metadata(&self) -> Known<Vec<AvMetadata>> {
        let entries = self.known(ExtensionKey::AV_METADATA, |reader| {
            let count = reader.count(Major::Array, 1)?;
            (0..count).map(|index| AvMetadata::decode(reader).within_index(index)).collect()
        });
        entries.map(Option::unwrap_or_default)
    }
}

impl MessageExtensions {
    /// The extension `av_metadata`: see [`ExtensionsRef::av_metadata`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn av_metadata(&self) -> Known<Vec<AvMetadata>> {
        self.as_ref().av_metadata()
    }

    /// Sets the extension `av_metadata`.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn set_av_metadata(&mut self, entries: &[AvMetadata]) -> core::result::Result<(), ExtensionError> {
        let mut encoded = Vec::new();
        writer::array(&mut encoded, entries.len());
        entries.iter().for_each(|entry| entry.encode(&mut encoded));
        self.set_encoded(ExtensionKey::AV_METADATA, &encoded)
    }
}

/// Why an entry of `av_metadata` does not fit the parts of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AvPartError {
    /// The index names no single or external part.
    NoContent,
    /// The part has a media type of another type.
    OtherType,
    /// An earlier entry is about the same part.
    Repeated,
    /// The entry is not about a video and has a preview.
    PreviewOfOther,
    /// The preview is neither a picture with the disposition `preview` nor a `chooseOne` of such
    /// pictures.
    NoPreview,
}

impl fmt::Display for AvPartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoContent => "the index names no single or external part",
            Self::OtherType => "the part has another media type",
            Self::Repeated => "an earlier entry is about the same part",
            Self::PreviewOfOther => "only a video has a preview",
            Self::NoPreview => "the preview is no picture with the disposition `preview`",
        })
    }
}

impl core::error::Error for AvPartError {}

/// The first entry that does not fit the parts. Takes a time linear in both.
pub(crate) fn misplaced(entries: &[AvMetadata], parts: &[NestedPartRef<'_>]) -> Option<(usize, AvPartError)> {
    let is_preview = previews(parts);
    let mut described = alloc::vec![false; parts.len()];
    let check = |entry: &AvMetadata| {
        let index = usize::from(entry.part.0);
        let content_type = parts.get(index).and_then(content_type).ok_or(AvPartError::NoContent)?;
        if entry.kind.media_type().is_some_and(|expected| !has_type(content_type, expected)) {
            return Err(AvPartError::OtherType);
        }
        if described.get_mut(index).is_none_or(|described| core::mem::replace(described, true)) {
            return Err(AvPartError::Repeated);
        }
        match entry.preview {
            None => Ok(()),
            Some(_) if entry.kind != AvKind::VIDEO => Err(AvPartError::PreviewOfOther),
            Some(preview) if is_preview.get(usize::from(preview.0)) == Some(&true) => Ok(()),
            Some(_) => Err(AvPartError::NoPreview),
        }
    };
    let mut check = check;
    entries.iter().enumerate().find_map(|(at, entry)| check(entry).err().map(|error| (at, error)))
}

fn content_type<'a>(part: &NestedPartRef<'a>) -> Option<&'a str> {
    match &part.part {
        PartRef::Single(single) => Some(single.content_type),
        PartRef::External(external) => Some(external.content_type),
        _ => None,
    }
}

fn has_type(content_type: &str, expected: &str) -> bool {
    let found = content_type.split('/').next().unwrap_or_default();
    found.trim_ascii().eq_ignore_ascii_case(expected)
}

/// Which parts can be the preview of a video.
fn previews(parts: &[NestedPartRef<'_>]) -> Vec<bool> {
    let is_picture = |part: &NestedPartRef<'_>| {
        part.disposition == Disposition::PREVIEW
            && content_type(part).is_some_and(|content_type| has_type(content_type, "image"))
    };
    let of_part = |(index, part): (usize, &NestedPartRef<'_>)| match part.part {
        PartRef::Multi(multi) if multi.semantics == PartSemantics::ChooseOne => {
            // All inside it are direct children if none of them holds others.
            let children = multi.child_count();
            let after = index.saturating_add(1);
            multi.descendant_count() == children
                && parts
                    .get(after..after.saturating_add(children))
                    .is_some_and(|children| children.iter().all(is_picture))
        }
        _ => is_picture(part),
    };
    parts.iter().enumerate().map(of_part).collect()
}
