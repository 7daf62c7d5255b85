//! Where the fields of a value stand in its encoding.

use alloc::vec::Vec;
use core::cell::RefCell;

use crate::{
    error::{DecodeError, Result, Segment},
    reader::{Decode, Reader},
};

/// A field or an element, and the bytes that it takes in the encoding.
///
/// Length fields, presence bytes and the numbers that select an arm are no fields: they lie in the
/// bytes of the field they belong to.
///
/// ```
/// use mimi_codec::{Decode, FieldPlace, Segment, mls::HPKECiphertext};
///
/// let places = FieldPlace::all::<HPKECiphertext>(b"\x01a\x02bc")?;
/// assert_eq!(places[1].segment, Segment::Field("ciphertext"));
/// assert_eq!((places[1].start, places[1].end), (2, 5));
/// # Ok::<(), mimi_codec::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPlace {
    /// The field's name, or the element's index.
    pub segment: Segment,
    /// Its first byte, counted from the beginning of the whole encoding.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// The fields or elements in it, in their order.
    pub inside: Vec<FieldPlace>,
}

impl FieldPlace {
    /// The places of the fields of the `T` that takes up all of `input`.
    ///
    /// # Errors
    /// As [`Decode::decode_exact`].
    pub fn all<T: for<'a> Decode<'a>>(input: &[u8]) -> Result<Vec<Self>> {
        // What is refused is refused with the path that `decode_exact` gives it.
        T::decode_exact(input)?;
        let places = Places::default();
        T::decode(&mut Reader::noting(input, &places))?;
        Ok(places.0.into_inner().done)
    }

    /// The places that a decoder of `T` passes in `input` before it refuses it, and the refusal. A
    /// field that is not complete ends at the last byte of the input.
    ///
    /// ```
    /// use mimi_codec::{FieldPlace, mls::HPKECiphertext};
    ///
    /// let (places, refused) = FieldPlace::until_refused::<HPKECiphertext>(b"\x01a\x05bc");
    /// assert_eq!(refused.unwrap().offset(), 2);
    /// assert_eq!((places[0].end, places[1].start, places[1].end), (2, 2, 5));
    /// ```
    #[must_use]
    pub fn until_refused<T: for<'a> Decode<'a>>(input: &[u8]) -> (Vec<Self>, Option<DecodeError>) {
        let refused = T::decode_exact(input).err();
        let places = Places::default();
        let decoded = T::decode(&mut Reader::noting(input, &places));
        drop(decoded);
        while !places.0.borrow().open.is_empty() {
            places.leave(input.len());
        }
        (places.0.into_inner().done, refused)
    }
}

/// The places that a reader has passed.
#[derive(Debug, Default)]
pub(crate) struct Places(RefCell<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// Those that are complete, at the level at which the reader stands.
    done: Vec<FieldPlace>,
    /// Those in which the reader stands, outermost first, each with what was complete at its level.
    open: Vec<(Segment, usize, Vec<FieldPlace>)>,
}

impl Places {
    pub(crate) fn enter(&self, segment: Segment, start: usize) {
        let mut noted = self.0.borrow_mut();
        let before = core::mem::take(&mut noted.done);
        noted.open.push((segment, start, before));
    }

    pub(crate) fn leave(&self, end: usize) {
        let mut noted = self.0.borrow_mut();
        if let Some((segment, start, before)) = noted.open.pop() {
            let inside = core::mem::replace(&mut noted.done, before);
            // A decoder that refuses a list reads it again to find the element.
            if noted.done.last().is_some_and(|last| last.end > start) {
                return;
            }
            noted.done.push(FieldPlace { segment, start, end, inside });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mls::{MLSMessage, RatchetTree};

    fn shown(places: &[FieldPlace], before: &str, all: &mut Vec<alloc::string::String>) {
        for place in places {
            let path = match place.segment {
                Segment::Field(name) => format!("{before}.{name}"),
                Segment::Index(index) => format!("{before}[{index}]"),
            };
            all.push(format!("{path} {}..{}", place.start, place.end));
            shown(&place.inside, &path, all);
        }
    }

    #[test]
    fn notes_every_field_and_element() {
        let bytes =
            b"\0\x01\0\x01\x04room\0\0\0\0\0\0\0\x07\x01\0\0\0\x02\0\x02\0\x03\0\0\0\x05\x03sig\x03tag";
        let mut all = Vec::new();
        shown(&FieldPlace::all::<MLSMessage>(bytes).unwrap(), "", &mut all);
        assert_eq!(
            all,
            [
                ".version 0..2",
                ".public_message 4..38",
                ".public_message.content 4..30",
                ".public_message.content.group_id 4..9",
                ".public_message.content.epoch 9..17",
                ".public_message.content.sender 17..22",
                ".public_message.content.sender.leaf_index 18..22",
                ".public_message.content.authenticated_data 22..23",
                ".public_message.content.proposal 24..30",
                ".public_message.content.proposal.removed 26..30",
                ".public_message.auth 30..34",
                ".public_message.auth.signature 30..34",
                ".public_message.membership_tag 34..38",
            ]
        );
    }

    #[test]
    fn refuses_what_decode_exact_refuses() {
        let refused = |bytes: &[u8]| FieldPlace::all::<RatchetTree>(bytes).unwrap_err();
        assert_eq!(refused(&[1, 2]), RatchetTree::decode_exact(&[1, 2]).unwrap_err());
        assert_eq!(refused(&[0, 0]), RatchetTree::decode_exact(&[0, 0]).unwrap_err());
    }
}
