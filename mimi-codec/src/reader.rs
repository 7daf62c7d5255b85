//! Reading: a cursor over bytes from outside, and the trait of everything that can be read from it.

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::error::{DecodeError, DecodeErrorKind, Result, Segment};
use crate::mls::ProposalRule;
#[cfg(feature = "places")]
use crate::place::Places;

/// How many levels of values that contain values of their own kind a decoder follows.
///
/// Only credentials do: a multi-credential holds credentials (mls-extensions-10 §6.5).
pub const MAX_DEPTH: u8 = 4;

/// A cursor over bytes from outside, which knows where in the input it is.
///
/// A length is believed only as far as there are bytes behind it, and nothing is copied or
/// allocated.
///
/// ```
/// use mimi_codec::{DecodeErrorKind, Reader};
///
/// let mut reader = Reader::new(&[0x02, 0xca, 0xfe, 0x00, 0x07]);
/// assert_eq!(reader.opaque()?, [0xca, 0xfe]);
/// assert_eq!(reader.offset(), 3);
/// assert_eq!(reader.uint16()?, 7);
/// reader.finish()?;
///
/// // A length of 2^30 - 1 in front of nothing.
/// let error = Reader::new(&[0xbf, 0xff, 0xff, 0xff]).opaque().unwrap_err();
/// assert_eq!(error.kind(), &DecodeErrorKind::LengthExceedsInput { declared: 0x3fff_ffff, available: 0 });
/// # Ok::<(), mimi_codec::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// The offset of the end of `rest` in the whole input.
    end: usize,
    depth: u8,
    /// How long proposals are whose type this crate doesn't know.
    rules: &'a [ProposalRule],
    /// Where the places of fields are noted, if the caller asks for them.
    #[cfg(feature = "places")]
    places: Option<&'a Places>,
}

impl<'a> Reader<'a> {
    /// A cursor at the beginning of `input`.
    #[inline]
    pub fn new(input: &'a [u8]) -> Self {
        Self::at(input, 0, 0, &[])
    }

    /// A cursor at the beginning of `input` that also reads proposals of the types that `rules`
    /// describe, as [`Proposal::Other`](crate::mls::Proposal).
    #[inline]
    pub fn with_rules(input: &'a [u8], rules: &'a [ProposalRule]) -> Self {
        Self::at(input, 0, 0, rules)
    }

    /// A cursor at the beginning of `input` that notes the places of fields.
    #[cfg(feature = "places")]
    pub(crate) fn noting(input: &'a [u8], places: &'a Places) -> Self {
        Self { places: Some(places), ..Self::new(input) }
    }

    /// A cursor over `part`, which begins at byte `offset` of a greater input.
    #[inline]
    pub(crate) fn at(part: &'a [u8], offset: usize, depth: u8, rules: &'a [ProposalRule]) -> Self {
        Self {
            rest: part,
            end: offset.saturating_add(part.len()),
            depth,
            rules,
            #[cfg(feature = "places")]
            places: None,
        }
    }

    /// How deep in nested values this cursor stands.
    #[inline]
    pub(crate) fn depth(&self) -> u8 {
        self.depth
    }

    /// The rules for proposals of other types.
    #[inline]
    pub(crate) fn rules(&self) -> &'a [ProposalRule] {
        self.rules
    }

    /// Where the cursor stands, in bytes from the beginning of the whole input.
    #[inline]
    pub fn offset(&self) -> usize {
        self.end.wrapping_sub(self.rest.len())
    }

    /// The bytes that are left.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Are no bytes left?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A refusal at the cursor.
    #[cold]
    pub fn refuse(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset())
    }

    #[cold]
    fn too_short(&self, wanted: usize) -> DecodeError {
        self.refuse(DecodeErrorKind::UnexpectedEnd { missing: wanted.saturating_sub(self.rest.len()) })
    }

    /// The next `len` bytes, `opaque x[len]`.
    ///
    /// # Errors
    /// [`UnexpectedEnd`](DecodeErrorKind::UnexpectedEnd) when fewer are left.
    #[inline]
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.too_short(len));
        };
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`UnexpectedEnd`](DecodeErrorKind::UnexpectedEnd) when fewer are left.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.too_short(N));
        };
        self.rest = rest;
        Ok(*head)
    }

    /// A `uint8`.
    ///
    /// # Errors
    /// [`UnexpectedEnd`](DecodeErrorKind::UnexpectedEnd) when no byte is left.
    #[inline]
    pub fn uint8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A `uint16`, big-endian.
    ///
    /// # Errors
    /// [`UnexpectedEnd`](DecodeErrorKind::UnexpectedEnd) when fewer than 2 bytes are left.
    #[inline]
    pub fn uint16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A `uint32`, big-endian.
    ///
    /// # Errors
    /// [`UnexpectedEnd`](DecodeErrorKind::UnexpectedEnd) when fewer than 4 bytes are left.
    #[inline]
    pub fn uint32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A `uint64`, big-endian.
    ///
    /// # Errors
    /// [`UnexpectedEnd`](DecodeErrorKind::UnexpectedEnd) when fewer than 8 bytes are left.
    #[inline]
    pub fn uint64(&mut self) -> Result<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// The length of a `<V>` vector (RFC 9420 §2.1.2), at most 2^30 - 1, not yet compared with what
    /// is there.
    #[inline]
    fn length(&mut self) -> Result<usize> {
        let Some(&first) = self.rest.first() else {
            return Err(self.too_short(1));
        };
        match first >> 6 {
            0 => {
                let [value] = self.array()?;
                Ok(usize::from(value))
            }
            1 => {
                let start = self.offset();
                let value = u16::from_be_bytes(self.array()?) & 0x3fff;
                if value < 1 << 6 {
                    return Err(DecodeError::new(DecodeErrorKind::NonMinimalLength, start));
                }
                Ok(usize::from(value))
            }
            2 => {
                let start = self.offset();
                let value = u32::from_be_bytes(self.array()?) & 0x3fff_ffff;
                if value < 1 << 14 {
                    return Err(DecodeError::new(DecodeErrorKind::NonMinimalLength, start));
                }
                // Where `usize` has 16 bits, no input is as long as that.
                Ok(usize::try_from(value).unwrap_or(usize::MAX))
            }
            _ => Err(self.refuse(DecodeErrorKind::InvalidLengthPrefix)),
        }
    }

    /// The content of the next `<V>` vector, uncopied: `opaque x<V>`.
    ///
    /// # Errors
    /// [`InvalidLengthPrefix`](DecodeErrorKind::InvalidLengthPrefix),
    /// [`NonMinimalLength`](DecodeErrorKind::NonMinimalLength),
    /// [`LengthExceedsInput`](DecodeErrorKind::LengthExceedsInput), each at the first byte of the
    /// length, and [`UnexpectedEnd`](DecodeErrorKind::UnexpectedEnd) inside the length.
    #[inline]
    pub fn opaque(&mut self) -> Result<&'a [u8]> {
        let start = self.offset();
        let len = self.length()?;
        let Some((content, rest)) = self.rest.split_at_checked(len) else {
            let available = self.rest.len();
            return Err(DecodeError::new(
                DecodeErrorKind::LengthExceedsInput { declared: len, available },
                start,
            ));
        };
        self.rest = rest;
        Ok(content)
    }

    /// A cursor over the content of the next `<V>` vector; this one goes on behind it.
    ///
    /// # Errors
    /// Those of [`opaque`](Self::opaque).
    #[inline]
    pub fn vector(&mut self) -> Result<Reader<'a>> {
        let content = self.opaque()?;
        let end = self.offset();
        Ok(Reader { rest: content, end, ..self.clone() })
    }

    /// The presence byte of an optional value (RFC 9420 §2.1.1).
    ///
    /// # Errors
    /// [`InvalidPresence`](DecodeErrorKind::InvalidPresence) for anything but 0 and 1.
    #[inline]
    pub fn presence(&mut self) -> Result<bool> {
        let start = self.offset();
        match self.uint8()? {
            0 => Ok(false),
            1 => Ok(true),
            byte => Err(DecodeError::new(DecodeErrorKind::InvalidPresence(byte), start)),
        }
    }

    /// A struct's field; a refusal in it carries the field's `name`.
    ///
    /// # Errors
    /// Whatever the field's type refuses.
    #[inline]
    pub fn field<T: Decode<'a>>(&mut self, name: &'static str) -> Result<T> {
        if T::INLINE {
            return T::decode(self);
        }
        match self.inside(Segment::Field(name), T::decode) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.in_field(name)),
        }
    }

    /// Decodes what stands in `segment`; where it stands is noted.
    #[inline(always)]
    pub(crate) fn inside<T>(
        &mut self,
        segment: Segment,
        decode: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        #[cfg(feature = "places")]
        if let Some(places) = self.places {
            places.enter(segment, self.offset());
            let value = decode(self)?;
            places.leave(self.offset());
            return Ok(value);
        }
        let _ = segment;
        decode(self)
    }

    /// One level deeper into values that contain values of their own kind.
    ///
    /// # Errors
    /// [`TooDeep`](DecodeErrorKind::TooDeep) beyond [`MAX_DEPTH`] levels.
    pub(crate) fn nested<T>(&mut self, decode: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = self.depth;
        if outer >= MAX_DEPTH {
            return Err(self.refuse(DecodeErrorKind::TooDeep));
        }
        self.depth = outer.saturating_add(1);
        let result = decode(self);
        self.depth = outer;
        result
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// [`TrailingBytes`](DecodeErrorKind::TrailingBytes) when something is.
    #[inline]
    pub fn finish(&self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(self.refuse(DecodeErrorKind::TrailingBytes { count })),
        }
    }
}

/// What can be read from bytes that live for `'a`: owned values from any, borrowed views from those
/// they point into.
///
/// Whatever is accepted encodes to the very same bytes again.
pub trait Decode<'a>: Sized {
    /// The struct's name in its draft, the first word of an error's path; empty for what isn't a
    /// struct.
    const NAME: &'static str = "";

    /// The size in bytes, where every string of that size is a value; `None` where not.
    const FIXED_LEN: Option<usize> = None;

    /// Is this a select that is no field of its own in its draft, so that an error's path passes
    /// over it?
    const INLINE: bool = false;

    /// Reads a value and leaves the cursor behind it.
    ///
    /// # Errors
    /// When the bytes at the cursor are not a value, or not the only encoding of it.
    fn decode(reader: &mut Reader<'a>) -> Result<Self>;

    /// Reads a value that takes up all of `input`.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and [`TrailingBytes`](DecodeErrorKind::TrailingBytes) when the
    /// value ends before the input does. The error's path begins with the struct's name.
    fn decode_exact(input: &'a [u8]) -> Result<Self> {
        Self::decode_exact_with(input, &[])
    }

    /// Reads a value that takes up all of `input`, proposals of the types that `rules` describe
    /// included.
    ///
    /// # Errors
    ///
    /// As [`decode_exact`](Self::decode_exact).
    fn decode_exact_with(input: &'a [u8], rules: &'a [ProposalRule]) -> Result<Self> {
        let mut reader = Reader::with_rules(input, rules);
        let result = Self::decode(&mut reader).and_then(|value| reader.finish().map(|()| value));
        result.map_err(|error| if Self::NAME.is_empty() { error } else { error.in_struct(Self::NAME) })
    }
}

/// What can be read without borrowing from its input.
pub trait DecodeOwned: for<'a> Decode<'a> {}

impl<T> DecodeOwned for T where T: for<'a> Decode<'a> {}

macro_rules! integer {
    ($($ty:ident $read:ident $len:literal),*) => {$(
        impl<'a> Decode<'a> for $ty {
            const FIXED_LEN: Option<usize> = Some($len);

            #[inline]
            fn decode(reader: &mut Reader<'a>) -> Result<Self> {
                reader.$read()
            }
        }
    )*};
}

integer!(u8 uint8 1, u16 uint16 2, u32 uint32 4, u64 uint64 8);

/// `optional<T>`: a presence byte 0, or 1 and the value (RFC 9420 §2.1.1).
impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        if reader.presence()? { T::decode(reader).map(Some) } else { Ok(None) }
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    const NAME: &'static str = T::NAME;
    const FIXED_LEN: Option<usize> = T::FIXED_LEN;

    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        T::decode(reader).map(Box::new)
    }
}

/// `opaque x<V>`, borrowed.
impl<'a> Decode<'a> for &'a [u8] {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        reader.opaque()
    }
}

/// Text as `opaque x<V>`, borrowed.
impl<'a> Decode<'a> for &'a str {
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let content = reader.vector()?;
        core::str::from_utf8(content.rest()).map_err(|error| {
            DecodeError::new(
                DecodeErrorKind::InvalidUtf8,
                content.offset().saturating_add(error.valid_up_to()),
            )
        })
    }
}

/// Text as `opaque x<V>`: UTF-8.
impl<'a> Decode<'a> for String {
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        <&str>::decode(reader).map(Self::from)
    }
}

/// `T x<V>`.
///
/// The room that is set aside in advance is never more than the bytes of the vector that are there.
impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let mut content = reader.vector()?;
        let mut elements = Self::with_capacity(room_for::<T>(content.rest().len()));
        while !content.is_empty() {
            match decode_element(&mut content, elements.len()) {
                Ok(element) => elements.push(element),
                Err(error) => return Err(error.in_element(elements.len())),
            }
        }
        Ok(elements)
    }
}

/// How many `T` fit into as much memory as their encoding takes.
#[inline]
pub(crate) fn room_for<T>(encoded_len: usize) -> usize {
    encoded_len.checked_div(size_of::<T>()).unwrap_or(0)
}

/// The element `index` of a vector. One without bytes would make a vector of any length endless.
#[inline]
pub(crate) fn decode_element<'a, T: Decode<'a>>(content: &mut Reader<'a>, index: usize) -> Result<T> {
    let before = content.rest().len();
    let element = content.inside(Segment::Index(index), T::decode)?;
    if content.rest().len() == before {
        return Err(content.refuse(DecodeErrorKind::Rule("an element of a vector has no bytes")));
    }
    Ok(element)
}
