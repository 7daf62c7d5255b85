//! Each macro on a small example.
#![allow(missing_docs)]

use alloc::{string::ToString, vec, vec::Vec};

use super::{open_registry, wire_enum, wire_select, wire_struct, wire_view};
use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, InvalidValueError, List, ListView, NotEmpty, Octets,
    Opaque, Strict, Unique,
};

wire_enum! {
    pub enum Colour {
        1 "darkRed" => DarkRed,
        2 "blue" => Blue,
    }
}

open_registry! {
    pub struct Taste(u16) {
        1 "sweet" => SWEET,
    }
}

wire_select! {
    pub enum Shape: u8 "ShapeType" {
        1 "circle" => Circle { radius: u32 },
        2 "point" => Point {},
    }
}

wire_struct! {
    pub struct Picture {
        pub r#type: Colour,
        pub shapes: Vec<Shape>,
        pub title: Opaque,
        pub salt: Octets<2>,
        #[tls_codec(with = "crate::boolean")]
        pub hidden: bool,
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub price: u64,
        pub taste: Option<Taste>,
        pub pages: List<u32, (NotEmpty, Strict)>,
    }
}

wire_struct! {
    pub struct Range {
        first: u8,
        last: u8,
    } check Range::check, repair Range::repair
}

impl Range {
    fn check(&self) -> Result<(), InvalidValueError> {
        if self.first > self.last {
            return Err(InvalidValueError::field("last", DecodeErrorKind::OutOfRange));
        }
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.last = self.last.max(self.first);
    }
}

wire_struct! {
    pub struct Person {
        pub name: Opaque,
        pub ages: List<u32, Unique>,
    }
}

wire_view! {
    pub struct PersonView<'a> of Person {
        pub name: &'a [u8],
        pub ages: ListView<'a, u32, Unique>,
    }
}

const PICTURE: &[u8] = &[
    1, // type
    6, 1, 0, 0, 0, 9, 2, // shapes
    1, b't', // title
    0xab, 0xcd, // salt
    1,    // hidden
    0, 0x40, 0, 0, 0, 0, 0, 0, // price
    1, 0, 1, // taste
    8, 0, 0, 0, 1, 0, 0, 0, 2, // pages
];

fn picture() -> Picture {
    Picture {
        r#type: Colour::DarkRed,
        shapes: vec![Shape::Circle { radius: 9 }, Shape::Point {}],
        title: "t".into(),
        salt: Octets([0xab, 0xcd]),
        hidden: true,
        price: 1 << 54,
        taste: Some(Taste::SWEET),
        pages: List::new(vec![1, 2]).unwrap(),
    }
}

fn refusal<T: for<'a> Decode<'a>>(bytes: &[u8]) -> (DecodeErrorKind, usize, alloc::string::String) {
    let error: DecodeError = T::decode_exact(bytes).err().unwrap();
    (*error.kind(), error.offset(), error.path().to_string())
}

#[test]
fn structs_read_and_write_fields_in_order() {
    assert_eq!(Picture::decode_exact(PICTURE).unwrap(), picture());
    assert_eq!(picture().to_bytes().unwrap(), PICTURE);
    assert_eq!(tls_codec::SerializeBytes::tls_serialize_bytes(&picture()).unwrap(), PICTURE);
    assert_eq!(tls_codec::Size::tls_serialized_len(&picture()), PICTURE.len());
    let (value, rest) =
        <Picture as tls_codec::DeserializeBytes>::tls_deserialize_bytes(&[PICTURE, &[7]].concat())
            .map(|(value, rest)| (value, rest.to_vec()))
            .unwrap();
    assert_eq!((value, rest), (picture(), vec![7]));
}

#[test]
fn refuses_at_the_field_that_is_wrong() {
    let with = |at: usize, byte: u8| {
        let mut bytes = PICTURE.to_vec();
        bytes[at] = byte;
        refusal::<Picture>(&bytes)
    };
    let unknown = |name, value| DecodeErrorKind::UnknownValue { name, value };
    assert_eq!(with(0, 0), (unknown("Colour", 0), 0, "Picture.type".into()));
    assert_eq!(with(2, 3), (unknown("ShapeType", 3), 2, "Picture.shapes[0]".into()));
    assert_eq!(with(12, 2), (DecodeErrorKind::InvalidBool(2), 12, "Picture.hidden".into()));
    assert_eq!(with(21, 2), (DecodeErrorKind::InvalidPresence(2), 21, "Picture.taste".into()));
    assert_eq!(with(32, 1), (DecodeErrorKind::NotAscending, 29, "Picture.pages[1]".into()));
}

#[test]
fn refuses_a_broken_rule_in_every_way_in() {
    assert_eq!(Range::new(1, 2).unwrap().into_parts(), (1, 2));
    assert_eq!(*Range::decode_exact(&[1, 2]).unwrap().last(), 2);
    let refused = InvalidValueError::field("last", DecodeErrorKind::OutOfRange);
    assert_eq!(Range::new(2, 1).unwrap_err(), refused);
    assert_eq!(refusal::<Range>(&[2, 1]), (DecodeErrorKind::OutOfRange, 1, "Range.last".into()));
}

#[test]
fn views_borrow_what_structs_own() {
    let bytes = [2, b'A', b'l', 8, 0, 0, 0, 5, 0, 0, 0, 4];
    let view = PersonView::decode_exact(&bytes).unwrap();
    assert_eq!(view.name, b"Al");
    assert_eq!(view.ages.iter().collect::<Vec<_>>(), [5, 4]);
    assert_eq!(view.to_bytes().unwrap(), bytes);
    assert_eq!(Person::from(view), Person::decode_exact(&bytes).unwrap());
    let twice = [2, b'A', b'l', 8, 0, 0, 0, 5, 0, 0, 0, 5];
    let error = PersonView::decode_exact(&twice).unwrap_err();
    assert_eq!(error.kind(), &DecodeErrorKind::Duplicate);
    assert_eq!((error.offset(), error.path().to_string()), (8, "Person.ages[1]".into()));
}

#[test]
fn registries_keep_unknown_numbers() {
    assert_eq!(Taste::decode_exact(&[0x12, 0x34]).unwrap(), Taste(0x1234));
    assert_eq!(Taste(0x1234).to_string(), "0x1234");
    assert_eq!(Taste::from_name("sweet"), Some(Taste::SWEET));
    assert_eq!(Colour::from_name("darkRed").map(Colour::value), Some(1));
}
