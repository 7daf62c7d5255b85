//! A message in pieces of CBOR, each of which can be replaced by anything.

use alloc::vec::Vec;

use crate::cbor::{array, bytes, head, map, text, unsigned};

pub(crate) const NULL: [u8; 1] = [0xf6];

/// The items of a message; a valid text message by default.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) salt: Vec<u8>,
    pub(crate) replaces: Vec<u8>,
    pub(crate) topic_id: Vec<u8>,
    pub(crate) expires: Vec<u8>,
    pub(crate) in_reply_to: Vec<u8>,
    pub(crate) extensions: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            salt: bytes(b"salt salt salt s"),
            replaces: NULL.into(),
            topic_id: bytes(b""),
            expires: NULL.into(),
            in_reply_to: NULL.into(),
            extensions: map(&[]),
            body: single(b"hello"),
        }
    }
}

impl Raw {
    pub(crate) fn items(self) -> [Vec<u8>; 7] {
        let Self { salt, replaces, topic_id, expires, in_reply_to, extensions, body } = self;
        [salt, replaces, topic_id, expires, in_reply_to, extensions, body]
    }

    pub(crate) fn encoded(self) -> Vec<u8> {
        array(&self.items())
    }

    pub(crate) fn with_extensions(entries: &[(Vec<u8>, Vec<u8>)]) -> Self {
        Self { extensions: map(entries), ..Self::default() }
    }

    /// One extension of no known meaning.
    pub(crate) fn with_value(value: &[u8]) -> Self {
        Self::with_extensions(&[(unsigned(1000), value.into())])
    }

    pub(crate) fn with_body(body: Vec<u8>) -> Self {
        Self { body, ..Self::default() }
    }
}

/// A part of these items behind disposition `render` and an empty language.
pub(crate) fn part(items: &[Vec<u8>]) -> Vec<u8> {
    array(&[&[unsigned(1), text("")], items].concat())
}

pub(crate) fn null_part() -> Vec<u8> {
    part(&[unsigned(0)])
}

pub(crate) fn single(content: &[u8]) -> Vec<u8> {
    part(&[unsigned(1), text("text/plain;charset=utf-8"), bytes(content)])
}

/// The 13 items of an ExternalPart from its cardinality on.
pub(crate) fn external_items() -> Vec<Vec<u8>> {
    Vec::from([
        unsigned(2),
        text("image/png"),
        text("https://a.example/f/1"),
        unsigned(0),
        unsigned(10),
        unsigned(1),
        bytes(&[1; 16]),
        bytes(&[2; 12]),
        bytes(b""),
        unsigned(1),
        bytes(&[3; 32]),
        text("a picture"),
        text("picture.png"),
    ])
}

/// An ExternalPart in which the item at `index`, counted from its cardinality, is another one.
pub(crate) fn external_with(index: usize, item: &[u8]) -> Vec<u8> {
    let mut items = external_items();
    if let Some(place) = items.get_mut(index) {
        *place = item.into();
    }
    part(&items)
}

pub(crate) fn multi(parts: &[Vec<u8>]) -> Vec<u8> {
    part(&[unsigned(3), unsigned(2), array(parts)])
}

/// Two parts, the second of which holds two parts, and so on for `levels` levels.
pub(crate) fn multi_levels(levels: usize) -> Vec<u8> {
    (1..levels).fold(null_part(), |inner, _| multi(&[null_part(), inner]))
}

/// `levels` arrays of one item, the innermost empty.
pub(crate) fn nested_arrays(levels: usize) -> Vec<u8> {
    [head(4, 1).repeat(levels.saturating_sub(1)), head(4, 0)].concat()
}
