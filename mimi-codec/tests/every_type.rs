//! What holds for every type of the registry, a test for each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use arbitrary::Unstructured;
use mimi_codec::{DecodeErrorKind, Path, registry::WireType};
use proptest::prelude::*;
use serde_json::Value;

/// Values of a type, always the same: bytes of a small generator, made into values.
fn samples<T: WireType>(count: u64) -> impl Iterator<Item = T> {
    (1..)
        .map(|seed: u64| {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bytes: Vec<u8> = core::iter::repeat_with(|| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .take(1200)
            .collect();
            Unstructured::new(&bytes).arbitrary::<T>()
        })
        .take(usize::try_from(count).unwrap() * 4)
        .filter_map(Result::ok)
        .take(usize::try_from(count).unwrap())
}

fn decode<T: WireType>(bytes: &[u8]) -> Result<T, mimi_codec::DecodeError> {
    T::decode_exact(bytes)
}

/// Encoding and decoding are each other's opposite, and tls_codec's traits say the same as ours.
fn keeps<T: WireType>(value: &T) -> Vec<u8> {
    let bytes = value.to_bytes().unwrap();
    assert_eq!(&decode::<T>(&bytes).unwrap(), value);
    assert_eq!(value.tls_serialize_bytes().unwrap(), bytes, "tls_codec writes something else");
    assert_eq!(value.tls_serialized_len(), bytes.len(), "tls_codec expects another length");
    assert_eq!(&T::tls_deserialize_exact_bytes(&bytes).unwrap(), value);
    bytes
}

/// Bytes are refused at a place that exists, under the struct's name, or they are a value whose
/// encoding they are.
fn judges<T: WireType>(bytes: &[u8]) -> Option<T> {
    match decode::<T>(bytes) {
        Ok(value) => {
            assert_eq!(value.to_bytes().unwrap(), bytes, "accepted, but encoded otherwise");
            Some(value)
        }
        Err(error) => {
            assert!(error.offset() <= bytes.len(), "{error}");
            let name = <T as mimi_codec::Decode<'_>>::NAME;
            assert_eq!(error.path().root(), (!name.is_empty()).then_some(name));
            None
        }
    }
}

fn judges_prefixes<T: WireType>(bytes: &[u8]) {
    for end in 0..bytes.len() {
        judges::<T>(&bytes[..end]);
    }
}

fn judges_changes<T: WireType>(value: &T, bytes: &[u8], changes: impl Fn(u8) -> Vec<u8>) {
    let mut changed = bytes.to_vec();
    for place in 0..bytes.len() {
        for byte in changes(bytes[place]) {
            if byte == bytes[place] {
                continue;
            }
            changed[place] = byte;
            if let Some(other) = judges::<T>(&changed) {
                assert_ne!(&other, value, "two encodings of one value");
            }
        }
        changed[place] = bytes[place];
    }
}

fn refuses_what_follows<T: WireType>(bytes: &[u8], name: &str) {
    // Standing by itself, it takes what is left for its tag.
    if name == "FramedContentAuthData" {
        return;
    }
    let longer = [bytes, &[0]].concat();
    // A code that no draft lists comes with bytes of any length.
    let is_unlisted = match name {
        "UpdateRoomResponse" => bytes.first().is_some_and(|code| *code > 3),
        "SubmitMessageResponse" => bytes.get(1).is_some_and(|code| *code > 2),
        _ => false,
    };
    if is_unlisted {
        assert!(judges::<T>(&longer).is_some());
        return;
    }
    let error = decode::<T>(&longer).err().unwrap();
    assert_eq!(error.kind(), &DecodeErrorKind::TrailingBytes { count: 1 });
    assert_eq!(error.offset(), bytes.len());
    assert_eq!(error.path().segments().count(), 0, "{:?}", Path::to_string(error.path()));
}

/// JSON and a binary format hold every value, and JSON no number that JavaScript would bend.
fn survives_serde<T: WireType>(value: &T) {
    let json = serde_json::to_value(value).unwrap();
    assert_numbers_are_safe(&json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    let mut binary = Vec::new();
    ciborium::into_writer(value, &mut binary).unwrap();
    assert_eq!(&ciborium::from_reader::<T, _>(binary.as_slice()).unwrap(), value);
}

fn assert_numbers_are_safe(json: &Value) {
    match json {
        Value::Number(number) => assert!(number.as_u64().is_some_and(|n| n < 1 << 53), "{number}"),
        Value::Array(elements) => elements.iter().for_each(assert_numbers_are_safe),
        Value::Object(members) => members.values().for_each(assert_numbers_are_safe),
        Value::String(_) | Value::Bool(_) | Value::Null => {}
    }
}

macro_rules! tests {
    ($([$module:ident] $spec:literal { $($name:ident $section:literal,)* })*) => {$($(
        #[allow(non_snake_case)]
        mod $name {
            use super::*;
            type T = mimi_codec::$module::$name;

            #[test]
            fn samples_hold_to_the_byte() {
                let mut tried = 0;
                let mut shortest: Option<(T, Vec<u8>)> = None;
                for value in samples::<T>(40) {
                    let bytes = keeps(&value);
                    refuses_what_follows::<T>(&bytes, stringify!($name));
                    survives_serde(&value);
                    tried += 1;
                    let longer_than_the_least = |bytes: &[u8]| bytes.len() > 40;
                    if shortest.as_ref().is_none_or(|(_, best)| {
                        (longer_than_the_least(&bytes) && bytes.len() < best.len()) || !longer_than_the_least(best)
                    }) {
                        shortest = Some((value, bytes));
                    }
                }
                assert!(tried >= 20, "only {tried} samples");
                // Every other byte at every place of one value.
                let (value, bytes) = shortest.unwrap();
                judges_prefixes::<T>(&bytes);
                judges_changes(&value, &bytes, |_| (0..=255).collect());
            }

            proptest! {
                #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

                #[test]
                fn any_value_holds(random in proptest::collection::vec(any::<u8>(), 0..900)) {
                    let Ok(value) = Unstructured::new(&random).arbitrary::<T>() else { return Ok(()) };
                    let bytes = keeps(&value);
                    refuses_what_follows::<T>(&bytes, stringify!($name));
                    survives_serde(&value);
                    judges_prefixes::<T>(&bytes);
                    judges_changes(&value, &bytes, |byte| {
                        vec![0, 1, 0xff, byte ^ 1, byte ^ 0x40, byte.wrapping_add(1), byte.wrapping_sub(1)]
                    });
                }

                #[test]
                fn any_bytes_are_judged(random in proptest::collection::vec(any::<u8>(), 0..200)) {
                    judges::<T>(&random);
                }
            }
        }
    )*)*};
}

mimi_codec::for_each_wire_type!(tests);
