//! Reads one item after another from a slice, refusing every encoding but the shortest.

use super::{FALSE, Major, NULL, TRUE};
use crate::error::{DecodeError, DecodeErrorKind, Result};

/// Where an item begins, for the error that may turn up later inside it: how many bytes were left
/// there.
///
/// A copy of the reader would say as much; in the hot path it costs more than the reading itself.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

/// A position in a document.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// Bytes of the whole document, to tell the offset from what is left.
    whole: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(document: &'a [u8]) -> Self {
        Self { whole: document.len(), rest: document }
    }

    /// Bytes read so far.
    #[cfg(test)]
    pub(crate) fn offset(&self) -> usize {
        self.whole.saturating_sub(self.rest.len())
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The bytes from `earlier`, a former state of this reader, to here.
    pub(crate) fn since(&self, earlier: &Self) -> &'a [u8] {
        let length = earlier.rest.len().saturating_sub(self.rest.len());
        earlier.rest.get(..length).unwrap_or_default()
    }

    /// Remembers this place.
    #[inline(always)]
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.rest.len())
    }

    /// Refuses the next item.
    #[cold]
    pub(crate) fn refuse(&self, kind: DecodeErrorKind) -> DecodeError {
        self.refuse_at(self.mark(), kind)
    }

    /// Refuses the item that begins at `mark`.
    #[cold]
    pub(crate) fn refuse_at(&self, Mark(left): Mark, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.whole.saturating_sub(left))
    }

    /// Ends the document.
    #[inline]
    pub(crate) fn finish(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.refuse(DecodeErrorKind::TrailingBytes)) }
    }

    /// The initial byte of the next item, which is not consumed.
    #[inline]
    pub(crate) fn peek(&self) -> Result<u8> {
        self.rest.first().copied().ok_or_else(|| self.refuse(DecodeErrorKind::Truncated))
    }

    /// Consumes the next byte if it is this one.
    #[inline(always)]
    pub(crate) fn eat(&mut self, initial: u8) -> bool {
        match self.rest.split_first() {
            Some((&found, rest)) if found == initial => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The argument of the next head, which must be of this type.
    #[inline(always)]
    pub(crate) fn argument(&mut self, major: Major) -> Result<u64> {
        match self.rest {
            [initial, rest @ ..] if *initial < major.initial(24) && *initial >= major.initial(0) => {
                self.rest = rest;
                Ok(u64::from(initial & 0x1f))
            }
            [initial, argument, rest @ ..] if *initial == major.initial(24) && *argument >= 24 => {
                self.rest = rest;
                Ok(u64::from(*argument))
            }
            _ => self.longer_argument(major),
        }
    }

    #[inline(never)]
    fn longer_argument(&mut self, major: Major) -> Result<u64> {
        let initial = self.peek()?;
        if Major::of(initial) != major {
            return Err(self.refuse(DecodeErrorKind::UnexpectedType { expected: major.name() }));
        }
        self.head().map(|(_, argument)| argument)
    }

    /// The next head of any type but 7 (simple values and floats have no argument to speak of).
    pub(crate) fn head(&mut self) -> Result<(Major, u64)> {
        let initial = self.peek()?;
        let (argument, shortest, rest) = match (initial & 0x1f, self.rest) {
            (information @ 0..24, [_, rest @ ..]) => (u64::from(information), true, rest),
            (24, [_, a, rest @ ..]) => (u64::from(*a), *a >= 24, rest),
            (25, [_, a, b, rest @ ..]) => {
                let argument = u16::from_be_bytes([*a, *b]);
                (u64::from(argument), argument > 0xff, rest)
            }
            (26, [_, a, b, c, d, rest @ ..]) => {
                let argument = u32::from_be_bytes([*a, *b, *c, *d]);
                (u64::from(argument), argument > 0xffff, rest)
            }
            (27, [_, a, b, c, d, e, f, g, h, rest @ ..]) => {
                let argument = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                (argument, argument > 0xffff_ffff, rest)
            }
            (24..28, _) => return Err(self.refuse(DecodeErrorKind::Truncated)),
            (31, _) if matches!(initial >> 5, 2..=5) => {
                return Err(self.refuse(DecodeErrorKind::IndefiniteLength));
            }
            _ => return Err(self.refuse(DecodeErrorKind::NotWellFormed)),
        };
        if !shortest {
            return Err(self.refuse(DecodeErrorKind::NotShortest));
        }
        self.rest = rest;
        Ok((Major::of(initial), argument))
    }

    /// The next `length` bytes; `item` is where the item with this length begins.
    #[inline(always)]
    pub(crate) fn take(&mut self, length: u64, item: Mark) -> Result<&'a [u8]> {
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        match split {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.refuse_at(item, DecodeErrorKind::Truncated)),
        }
    }

    /// An unsigned integer up to `max`.
    #[inline(always)]
    pub(crate) fn unsigned(&mut self, max: u64) -> Result<u64> {
        let start = self.mark();
        let found = self.argument(Major::Unsigned)?;
        if found > max {
            return Err(self.refuse_at(start, DecodeErrorKind::IntegerRange { max, found }));
        }
        Ok(found)
    }

    #[inline(always)]
    pub(crate) fn unsigned8(&mut self) -> Result<u8> {
        self.unsigned(u64::from(u8::MAX)).map(|value| value as u8)
    }

    #[inline(always)]
    pub(crate) fn unsigned16(&mut self) -> Result<u16> {
        self.unsigned(u64::from(u16::MAX)).map(|value| value as u16)
    }

    #[inline(always)]
    pub(crate) fn unsigned32(&mut self) -> Result<u32> {
        self.unsigned(u64::from(u32::MAX)).map(|value| value as u32)
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let start = self.mark();
        let length = self.argument(Major::Bytes)?;
        self.take(length, start)
    }

    /// A byte string of exactly `N` bytes.
    #[inline(always)]
    pub(crate) fn byte_array<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        let start = self.mark();
        let length = self.argument(Major::Bytes)?;
        if length != N as u64 {
            return Err(self.refuse_at(start, DecodeErrorKind::ByteLength { expected: N, found: length }));
        }
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.refuse_at(start, DecodeErrorKind::Truncated)),
        }
    }

    #[inline(always)]
    pub(crate) fn text(&mut self) -> Result<&'a str> {
        let start = self.mark();
        let length = self.argument(Major::Text)?;
        if length == 0 {
            return Ok("");
        }
        let bytes = self.take(length, start)?;
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) => Err(self.refuse_at(start, DecodeErrorKind::InvalidUtf8)),
        }
    }

    pub(crate) fn boolean(&mut self) -> Result<bool> {
        if self.eat(TRUE) {
            Ok(true)
        } else if self.eat(FALSE) {
            Ok(false)
        } else {
            self.peek()?;
            Err(self.refuse(DecodeErrorKind::UnexpectedType { expected: "a boolean" }))
        }
    }

    /// `null`, or what `read` reads.
    #[inline(always)]
    pub(crate) fn nullable<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.eat(NULL) { Ok(None) } else { read(self).map(Some) }
    }

    /// The head of an array with exactly `expected` items.
    #[inline(always)]
    pub(crate) fn array_of(&mut self, expected: u64) -> Result<()> {
        let start = self.mark();
        let found = self.argument(Major::Array)?;
        if found == expected {
            Ok(())
        } else {
            Err(self.refuse_at(start, DecodeErrorKind::ArrayLength { expected, found }))
        }
    }

    /// The head of an array or a map: the number of its elements or entries, of which each takes at
    /// least `least` bytes. A number that the input cannot hold is refused here, before anything is
    /// made of it.
    #[inline(always)]
    pub(crate) fn count(&mut self, major: Major, least: usize) -> Result<usize> {
        let start = self.mark();
        let declared = self.argument(major)?;
        self.bounded(declared, least, start)
    }

    /// `declared` as a number of elements of at least `least` bytes each in what is left; `item` is
    /// where the item that declares them begins.
    #[inline(always)]
    pub(crate) fn bounded(&self, declared: u64, least: usize, item: Mark) -> Result<usize> {
        match usize::try_from(declared) {
            Ok(count) if count.checked_mul(least).is_some_and(|bytes| bytes <= self.rest.len()) => Ok(count),
            _ => Err(self.refuse_at(item, DecodeErrorKind::Truncated)),
        }
    }

    /// Takes the next `length` bytes as they are.
    pub(crate) fn raw<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(self.refuse(DecodeErrorKind::Truncated)),
        }
    }
}
