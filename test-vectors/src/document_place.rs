//! Where the fields of a document in CBOR stand in its encoding.

use alloc::vec::Vec;

use mimi_codec::{FieldPlace, Segment};

/// What an item is, as far as its fields have names.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// An item whose parts have no names, or that has none.
    Plain,
    /// An array of fields.
    Fields(&'static [(&'static str, Shape)]),
    /// An array of one kind of item.
    Each(&'static Shape),
    /// A map, which JSON shows as a list of pairs.
    Pairs,
    /// A `NestedPart`: the field of cardinality says what follows it.
    Part,
}

use Shape::{Each, Fields, Pairs, Part, Plain};

/// `MimiContent` (mimi-content-09 §4.1).
pub(crate) const MIMI_CONTENT: Shape = Fields(&[
    ("salt", Plain),
    ("replaces", Plain),
    ("topic_id", Plain),
    ("expires", Fields(&[("relative", Plain), ("time", Plain)])),
    ("in_reply_to", Plain),
    ("extensions", Pairs),
    ("body", Part),
]);

/// `MessageDerivedValues` (mimi-content-09 §4.6).
pub(crate) const MESSAGE_DERIVED_VALUES: Shape = Fields(&[
    ("message_id", Plain),
    ("hub_accepted_timestamp", Plain),
    ("mls_group_id", Plain),
    ("sender_leaf_index", Plain),
    ("sender_client_url", Plain),
    ("sender_user_url", Plain),
    ("room_url", Plain),
]);

/// `MessageStatusReport` (mimi-message-status-01 §3).
pub(crate) const MESSAGE_STATUS_REPORT: Shape = Each(&Each(&Plain));

/// The fields of a `NestedPart` of a cardinality (mimi-content-09 §4.4).
fn part_fields(cardinality: u64) -> &'static [(&'static str, Shape)] {
    match cardinality {
        1 => &[
            ("disposition", Plain),
            ("language", Plain),
            ("part", Plain),
            ("content_type", Plain),
            ("content", Plain),
        ],
        2 => &[
            ("disposition", Plain),
            ("language", Plain),
            ("part", Plain),
            ("content_type", Plain),
            ("url", Plain),
            ("expires", Plain),
            ("size", Plain),
            ("enc_alg", Plain),
            ("key", Plain),
            ("nonce", Plain),
            ("aad", Plain),
            ("hash_alg", Plain),
            ("content_hash", Plain),
            ("description", Plain),
            ("filename", Plain),
        ],
        3 => &[
            ("disposition", Plain),
            ("language", Plain),
            ("part", Plain),
            ("semantics", Plain),
            ("parts", Each(&Part)),
        ],
        _ => &[("disposition", Plain), ("language", Plain), ("part", Plain)],
    }
}

/// The places of the fields of a document of this shape. Where the bytes are not such a document,
/// the places end: a field that is not complete reaches to the last byte.
pub(crate) fn places(document: &[u8], shape: Shape) -> Vec<FieldPlace> {
    let mut inside = Vec::new();
    let mut cursor = Cursor { document, at: 0, depth: 0 };
    // What was found before the end is kept.
    let _ = cursor.item(shape, &mut inside);
    inside
}

/// The levels of items that are looked into; the decoder accepts fewer.
const MAX_DEPTH: usize = 64;

/// A cursor over a document in definite lengths.
struct Cursor<'a> {
    document: &'a [u8],
    at: usize,
    depth: usize,
}

impl Cursor<'_> {
    /// The major type and the argument of the item at the cursor, which goes on behind its head.
    fn head(&mut self) -> Option<(u8, u64)> {
        let initial = *self.document.get(self.at)?;
        self.at = self.at.checked_add(1)?;
        let width = match initial & 0x1f {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            small => return Some((initial >> 5, small.into())),
        };
        let end = self.at.checked_add(width)?;
        let argument = self.document.get(self.at..end)?;
        self.at = end;
        Some((initial >> 5, argument.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))))
    }

    /// Steps over the item at the cursor.
    fn skip(&mut self) -> Option<()> {
        self.item(Plain, &mut Vec::new())
    }

    /// Notes the places in the item at the cursor, which goes on behind it.
    fn item(&mut self, shape: Shape, inside: &mut Vec<FieldPlace>) -> Option<()> {
        self.depth = self.depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
        self.parts_of_item(shape, inside)?;
        self.depth = self.depth.saturating_sub(1);
        Some(())
    }

    fn parts_of_item(&mut self, shape: Shape, inside: &mut Vec<FieldPlace>) -> Option<()> {
        match self.head()? {
            (0 | 1 | 7, _) => {}
            (2 | 3, length) => {
                let end = self.at.checked_add(usize::try_from(length).ok()?)?;
                self.document.get(self.at..end)?;
                self.at = end;
            }
            (4, count) => {
                let fields = match shape {
                    Fields(fields) => fields,
                    Part => part_fields(self.cardinality()?),
                    _ => &[],
                };
                for index in 0..usize::try_from(count).ok()? {
                    let (segment, shape) = match (fields.get(index), shape) {
                        (Some((name, shape)), _) => (Segment::Field(name), *shape),
                        (None, Each(shape)) => (Segment::Index(index), *shape),
                        (None, _) => (Segment::Index(index), Plain),
                    };
                    self.place(segment, shape, inside)?;
                }
            }
            (5, count) => {
                for index in 0..usize::try_from(count).ok()? {
                    let start = self.at;
                    let mut pair = Vec::new();
                    let complete = (|| {
                        self.place(Segment::Index(0), Plain, &mut pair)?;
                        self.place(Segment::Index(1), Plain, &mut pair)
                    })();
                    let end = complete.map_or(self.document.len(), |()| self.at);
                    if let Pairs = shape
                        && !pair.is_empty()
                    {
                        inside.push(FieldPlace { segment: Segment::Index(index), start, end, inside: pair });
                    }
                    complete?;
                }
            }
            _ => self.skip()?,
        }
        Some(())
    }

    /// Notes the item at the cursor, also if it is not complete.
    fn place(&mut self, segment: Segment, shape: Shape, places: &mut Vec<FieldPlace>) -> Option<()> {
        let start = self.at;
        self.document.get(start)?;
        let mut inside = Vec::new();
        let complete = self.item(shape, &mut inside);
        let end = complete.map_or(self.document.len(), |()| self.at);
        places.push(FieldPlace { segment, start, end, inside });
        complete
    }

    /// The cardinality of the part whose first field is at the cursor.
    fn cardinality(&self) -> Option<u64> {
        let mut ahead = Cursor { ..*self };
        ahead.skip()?;
        ahead.skip()?;
        ahead.head().map(|(_, cardinality)| cardinality)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_fields_of_a_report() {
        let mut report = alloc::vec![0x81, 0x82, 0x58, 0x20];
        report.extend([7; 32]);
        report.push(2);
        let all = places(&report, MESSAGE_STATUS_REPORT);
        assert_eq!((all[0].segment, all[0].start, all[0].end), (Segment::Index(0), 1, 37));
        let spans: Vec<_> = all[0].inside.iter().map(|place| (place.start, place.end)).collect();
        assert_eq!(spans, [(2, 36), (36, 37)]);
    }

    #[test]
    fn stops_where_the_document_does() {
        for cut_off in
            [&[][..], &[0x81], &[0x58], &[0x42, 1], &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255]]
        {
            assert_eq!(places(cut_off, MIMI_CONTENT), []);
        }
    }

    #[test]
    fn keeps_the_fields_before_the_end_of_a_document_that_is_cut_off() {
        let all = places(&[0x87, 0x41, 7, 0xf6, 0x44, 1, 2], MIMI_CONTENT);
        let spans: Vec<_> = all.iter().map(|place| (place.segment, place.start, place.end)).collect();
        let field = Segment::Field;
        assert_eq!(spans, [(field("salt"), 1, 3), (field("replaces"), 3, 4), (field("topic_id"), 4, 7)]);
    }

    #[test]
    fn bounds_the_depth_of_what_no_decoder_has_seen() {
        let mut depth = 0;
        let mut level = places(&[0x81; 100_000], Each(&Plain));
        while let Some(place) = level.pop() {
            depth += 1;
            level = place.inside;
        }
        assert_eq!(depth, MAX_DEPTH);
    }
}
