//! The other baseline: an owned struct with `ciborium`'s serde.

use std::collections::BTreeMap;
use std::fmt;

use ciborium::Value;
use ciborium_io::Read;
use ciborium_ll::{Decoder, Header, simple};
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
pub(crate) struct Content(
    Octets,
    Option<Octets>,
    Octets,
    Option<(bool, u32)>,
    Option<Octets>,
    BTreeMap<Key, Value>,
    NestedPart,
);

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum Key {
    Integer(i64),
    Text(String),
}

struct Octets(Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OctetsVisitor;
        impl Visitor<'_> for OctetsVisitor {
            type Value = Octets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Octets, E> {
                Ok(Octets(bytes.to_vec()))
            }

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Octets, E> {
                Ok(Octets(bytes))
            }
        }
        deserializer.deserialize_byte_buf(OctetsVisitor)
    }
}

struct NestedPart {
    disposition: u8,
    language: String,
    part: Part,
}

enum Part {
    Null,
    Single(String, Octets),
    External(Box<ExternalPart>),
    Multi(u8, Vec<NestedPart>),
}

struct ExternalPart {
    content_type: String,
    url: String,
    expires: u32,
    size: u64,
    enc_alg: u16,
    key: Octets,
    nonce: Octets,
    aad: Octets,
    hash_alg: u8,
    content_hash: Octets,
    description: String,
    filename: String,
}

impl Serialize for NestedPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = match &self.part {
            Part::Null => 3,
            Part::Single(..) | Part::Multi(..) => 5,
            Part::External(_) => 15,
        };
        let mut tuple = serializer.serialize_tuple(items)?;
        tuple.serialize_element(&self.disposition)?;
        tuple.serialize_element(&self.language)?;
        match &self.part {
            Part::Null => tuple.serialize_element(&0)?,
            Part::Single(content_type, content) => {
                tuple.serialize_element(&1)?;
                tuple.serialize_element(content_type)?;
                tuple.serialize_element(content)?;
            }
            Part::External(x) => {
                tuple.serialize_element(&2)?;
                tuple.serialize_element(&x.content_type)?;
                tuple.serialize_element(&x.url)?;
                tuple.serialize_element(&x.expires)?;
                tuple.serialize_element(&x.size)?;
                tuple.serialize_element(&x.enc_alg)?;
                tuple.serialize_element(&x.key)?;
                tuple.serialize_element(&x.nonce)?;
                tuple.serialize_element(&x.aad)?;
                tuple.serialize_element(&x.hash_alg)?;
                tuple.serialize_element(&x.content_hash)?;
                tuple.serialize_element(&x.description)?;
                tuple.serialize_element(&x.filename)?;
            }
            Part::Multi(semantics, parts) => {
                tuple.serialize_element(&3)?;
                tuple.serialize_element(semantics)?;
                tuple.serialize_element(parts)?;
            }
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for NestedPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = NestedPart;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a nested part")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<NestedPart, A::Error> {
                fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(items: &mut A) -> Result<T, A::Error> {
                    items.next_element()?.ok_or_else(|| A::Error::custom("too few items"))
                }
                let disposition = next(&mut items)?;
                let language = next(&mut items)?;
                let part = match next::<u8, A>(&mut items)? {
                    0 => Part::Null,
                    1 => Part::Single(next(&mut items)?, next(&mut items)?),
                    2 => Part::External(Box::new(ExternalPart {
                        content_type: next(&mut items)?,
                        url: next(&mut items)?,
                        expires: next(&mut items)?,
                        size: next(&mut items)?,
                        enc_alg: next(&mut items)?,
                        key: next(&mut items)?,
                        nonce: next(&mut items)?,
                        aad: next(&mut items)?,
                        hash_alg: next(&mut items)?,
                        content_hash: next(&mut items)?,
                        description: next(&mut items)?,
                        filename: next(&mut items)?,
                    })),
                    3 => Part::Multi(next(&mut items)?, next(&mut items)?),
                    _ => return Err(A::Error::custom("unknown cardinality")),
                };
                Ok(NestedPart { disposition, language, part })
            }
        }
        deserializer.deserialize_seq(PartVisitor)
    }
}

pub(crate) fn decode(encoded: &[u8]) -> Content {
    ciborium::from_reader(encoded).unwrap()
}

pub(crate) fn encode(content: &Content) -> Vec<u8> {
    let mut encoded = Vec::new();
    ciborium::into_writer(content, &mut encoded).unwrap();
    encoded
}

/// The heads of a document, added up so that none is left out.
pub(crate) fn heads(encoded: &[u8]) -> u64 {
    let mut decoder = Decoder::from(encoded);
    let mut sum = 0;
    while decoder.offset() < encoded.len() {
        sum += match decoder.pull().unwrap() {
            Header::Positive(value) => value,
            Header::Array(Some(items)) => items as u64,
            Header::Map(Some(entries)) => entries as u64,
            Header::Simple(simple::NULL | simple::FALSE | simple::TRUE) => 0,
            Header::Bytes(Some(length)) | Header::Text(Some(length)) => {
                // Over the content, with the only way there is: a copy.
                let mut left = length;
                let mut scratch = [0; 1024];
                while left > 0 {
                    let step = left.min(scratch.len());
                    decoder.read_exact(&mut scratch[..step]).unwrap();
                    left -= step;
                }
                length as u64
            }
            header => panic!("{header:?}"),
        };
    }
    sum
}
