//! The baseline: an owned struct with `minicbor`, derived wherever the format is regular.

use std::collections::BTreeMap;

use mimi_content::{HashAlgorithm, MessageId};
use minicbor::data::Type;
use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct Content {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; 16],
    #[cbor(n(1), with = "minicbor::bytes")]
    replaces: Option<[u8; 32]>,
    #[cbor(n(2), with = "minicbor::bytes")]
    topic_id: Vec<u8>,
    #[n(3)]
    expires: Option<Expiration>,
    #[cbor(n(4), with = "minicbor::bytes")]
    in_reply_to: Option<[u8; 32]>,
    #[n(5)]
    extensions: BTreeMap<Key, Item>,
    #[n(6)]
    body: NestedPart,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Expiration {
    #[n(0)]
    relative: bool,
    #[n(1)]
    time: u32,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Integer(i64),
    Text(String),
}

impl<C> Encode<C> for Key {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        match self {
            Self::Integer(key) => e.i64(*key)?.ok(),
            Self::Text(key) => e.str(key)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Key {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        match d.datatype()? {
            Type::String => d.str().map(|key| Self::Text(key.to_owned())),
            _ => d.i64().map(Self::Integer),
        }
    }
}

/// Any value, as it is encoded.
struct Item(Vec<u8>);

impl<C> Encode<C> for Item {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.writer_mut().write_all(&self.0).map_err(encode::Error::write)
    }
}

impl<'b, C> Decode<'b, C> for Item {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let start = d.position();
        d.skip()?;
        Ok(Self(d.input()[start..d.position()].to_vec()))
    }
}

struct NestedPart {
    disposition: u8,
    language: String,
    part: Part,
}

enum Part {
    Null,
    Single { content_type: String, content: Vec<u8> },
    External(Box<ExternalPart>),
    Multi { semantics: u8, parts: Vec<NestedPart> },
}

struct ExternalPart {
    content_type: String,
    url: String,
    expires: u32,
    size: u64,
    enc_alg: u16,
    key: Vec<u8>,
    nonce: Vec<u8>,
    aad: Vec<u8>,
    hash_alg: u8,
    content_hash: Vec<u8>,
    description: String,
    filename: String,
}

impl<C> Encode<C> for NestedPart {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        let items = match &self.part {
            Part::Null => 3,
            Part::Single { .. } | Part::Multi { .. } => 5,
            Part::External(_) => 15,
        };
        e.array(items)?.u8(self.disposition)?.str(&self.language)?;
        match &self.part {
            Part::Null => e.u8(0)?.ok(),
            Part::Single { content_type, content } => e.u8(1)?.str(content_type)?.bytes(content)?.ok(),
            Part::External(x) => e
                .u8(2)?
                .str(&x.content_type)?
                .str(&x.url)?
                .u32(x.expires)?
                .u64(x.size)?
                .u16(x.enc_alg)?
                .bytes(&x.key)?
                .bytes(&x.nonce)?
                .bytes(&x.aad)?
                .u8(x.hash_alg)?
                .bytes(&x.content_hash)?
                .str(&x.description)?
                .str(&x.filename)?
                .ok(),
            Part::Multi { semantics, parts } => e.u8(3)?.u8(*semantics)?.encode_with(parts, ctx)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for NestedPart {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        d.array()?;
        let disposition = d.u8()?;
        let language = d.str()?.to_owned();
        let part = match d.u8()? {
            0 => Part::Null,
            1 => Part::Single { content_type: d.str()?.to_owned(), content: d.bytes()?.to_vec() },
            2 => Part::External(Box::new(ExternalPart {
                content_type: d.str()?.to_owned(),
                url: d.str()?.to_owned(),
                expires: d.u32()?,
                size: d.u64()?,
                enc_alg: d.u16()?,
                key: d.bytes()?.to_vec(),
                nonce: d.bytes()?.to_vec(),
                aad: d.bytes()?.to_vec(),
                hash_alg: d.u8()?,
                content_hash: d.bytes()?.to_vec(),
                description: d.str()?.to_owned(),
                filename: d.str()?.to_owned(),
            })),
            3 => Part::Multi { semantics: d.u8()?, parts: d.decode_with(ctx)? },
            _ => return Err(decode::Error::message("unknown cardinality")),
        };
        Ok(Self { disposition, language, part })
    }
}

pub(crate) fn decode(encoded: &[u8]) -> Content {
    minicbor::decode(encoded).unwrap()
}

pub(crate) fn encode(content: &Content) -> Vec<u8> {
    minicbor::to_vec(content).unwrap()
}

pub(crate) fn encode_then_hash(content: &Content, sender: &str, room: &str) -> MessageId {
    let encoded = encode(content);
    let mut hash = Sha256::new();
    for uri in [sender, room] {
        hash.update((uri.len() as u16).to_be_bytes());
        hash.update(uri);
    }
    hash.update(&encoded);
    hash.update(content.salt);
    let mut id = [HashAlgorithm::SHA_256.0; 32];
    id[1..].copy_from_slice(&hash.finalize()[..31]);
    MessageId::from_bytes(id)
}

/// The heads of a document, added up so that none is left out.
pub(crate) fn heads(encoded: &[u8]) -> u64 {
    let mut decoder = Decoder::new(encoded);
    let mut sum = 0;
    while decoder.position() < encoded.len() {
        sum += match decoder.datatype().unwrap() {
            Type::Bytes => decoder.bytes().unwrap().len() as u64,
            Type::String => decoder.str().unwrap().len() as u64,
            Type::Array => decoder.array().unwrap().unwrap(),
            Type::Map => decoder.map().unwrap().unwrap(),
            Type::Null => decoder.null().map(|()| 0).unwrap(),
            Type::Bool => decoder.bool().map(u64::from).unwrap(),
            _ => decoder.u64().unwrap(),
        };
    }
    sum
}
