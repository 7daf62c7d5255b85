//! Body parts: mimi-content-09 §4.4 and 4.5.

mod index;
mod language;
mod owned;

use core::fmt;

use crate::cbor::Major;
use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::disposition::Disposition;
use crate::error::{DecodeErrorKind, Result, Within};
use crate::message_id::HashAlgorithm;

pub use index::{ContentId, ContentIdError, PartIndex};
pub use language::{is_language_list, is_language_tag};
pub(crate) use owned::tree_from;
pub use owned::{ExternalPart, MultiPart, NestedPart, Part, SinglePart};

/// Levels of parts, at most; the body is level 1 (§6.3).
pub const MAX_PART_DEPTH: usize = 4;

/// Body parts of one message, at most; every part counts, the body and multiparts included (§9.1).
pub const MAX_PARTS: usize = 1024;

/// Bytes that the smallest part takes: an array of disposition, empty language and cardinality.
const LEAST_PART: usize = 4;

/// A body part of a received message.
///
/// ```text
/// NestedPart = [ disposition, language: tstr, ( NullPart // SinglePart // ExternalPart // MultiPart ) ]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NestedPartRef<'a> {
    /// What the part is for.
    pub disposition: Disposition,
    /// Empty, or a comma-separated list of language tags (RFC 5646). Not checked; see
    /// [`is_language_list`].
    pub language: &'a str,
    /// What the part holds.
    pub part: PartRef<'a>,
}

/// What a received part holds, by its cardinality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartRef<'a> {
    /// Nothing (cardinality 0): the body of a message that deletes or takes back another.
    Null,
    /// Content inside the message (1).
    Single(SinglePartRef<'a>),
    /// Content behind a URL (2).
    External(ExternalPartRef<'a>),
    /// Further parts (3), which follow this one in
    /// [`MimiContentRef::parts`](crate::MimiContentRef::parts).
    Multi(MultiPartRef),
}

/// Content inside the message.
///
/// ```text
/// SinglePart = ( cardinality: 1, contentType: tstr, content: bstr )
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SinglePartRef<'a> {
    /// The media type with its parameters.
    pub content_type: &'a str,
    /// The content.
    pub content: &'a [u8],
}

/// Content behind a URL.
///
/// ```text
/// ExternalPart = ( cardinality: 2, contentType: tstr, url: tstr, expires: uint .size 4, size: uint .size 8,
///                  encAlg: uint .size 2, key: bstr, nonce: bstr, aad: bstr, hashAlg: uint .size 1,
///                  contentHash: bstr, description: tstr, filename: tstr )
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExternalPartRef<'a> {
    /// The media type with its parameters.
    pub content_type: &'a str,
    /// Where to fetch the content.
    pub url: &'a str,
    /// When the content becomes invalid, in seconds since the UNIX epoch; 0 for never.
    pub expires: u32,
    /// Bytes of the content; 0 for unknown.
    pub size: u64,
    /// The algorithm that the content is encrypted with.
    pub enc_alg: AeadAlgorithm,
    /// Its key; empty without encryption.
    pub key: &'a [u8],
    /// Its nonce; empty without encryption.
    pub nonce: &'a [u8],
    /// Its additional authenticated data; empty without encryption and by default.
    pub aad: &'a [u8],
    /// The algorithm of `content_hash`.
    pub hash_alg: HashAlgorithm,
    /// The hash of what lies at the URL.
    pub content_hash: &'a [u8],
    /// Text about the content, may be empty.
    pub description: &'a str,
    /// A suggested file name, may be empty. It comes from a stranger: never use it as a path.
    pub filename: &'a str,
}

impl fmt::Debug for ExternalPartRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalPart")
            .field("content_type", &self.content_type)
            .field("url", &self.url)
            .field("expires", &self.expires)
            .field("size", &self.size)
            .field("enc_alg", &self.enc_alg)
            .field("key", &"[redacted]")
            .field("nonce", &self.nonce)
            .field("aad", &self.aad)
            .field("hash_alg", &self.hash_alg)
            .field("content_hash", &self.content_hash)
            .field("description", &self.description)
            .field("filename", &self.filename)
            .finish()
    }
}

/// The head of a multipart.
///
/// ```text
/// MultiPart = ( cardinality: 3, partSemantics: 0..2, parts: [2* NestedPart] )
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MultiPartRef {
    /// How its parts belong together.
    pub semantics: PartSemantics,
    pub(crate) len: u16,
    pub(crate) descendants: u16,
}

impl MultiPartRef {
    /// The number of parts directly inside it; at least 2.
    #[must_use]
    pub fn child_count(&self) -> usize {
        self.len.into()
    }

    /// The number of all parts inside it, at any level.
    #[must_use]
    pub fn descendant_count(&self) -> usize {
        self.descendants.into()
    }
}

/// How the parts of a multipart belong together (§4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum PartSemantics {
    /// The receiver processes exactly one part, of its own choice.
    ChooseOne = 0,
    /// The receiver processes all parts as one unit, or none.
    SingleUnit = 1,
    /// The receiver processes each part by itself, as many as it can.
    ProcessAll = 2,
}

impl PartSemantics {
    /// The draft's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChooseOne => "chooseOne",
            Self::SingleUnit => "singleUnit",
            Self::ProcessAll => "processAll",
        }
    }

    /// The semantics with this number, if it is one; there are no others to come (§9.1).
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::ChooseOne),
            1 => Some(Self::SingleUnit),
            2 => Some(Self::ProcessAll),
            _ => None,
        }
    }
}

/// A number of IANA's AEAD Algorithms registry, or 0 for none. Unknown numbers are kept.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AeadAlgorithm(pub u16);

impl AeadAlgorithm {
    /// Not encrypted.
    pub const NONE: Self = Self(0);
    /// AES-128-GCM, which every implementation must have.
    pub const AES_128_GCM: Self = Self(1);
    /// AES-256-GCM.
    pub const AES_256_GCM: Self = Self(2);
    /// ChaCha20-Poly1305.
    pub const CHACHA20_POLY1305: Self = Self(29);

    /// The registered name, if it is one that this crate knows.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "none",
            1 => "AEAD_AES_128_GCM",
            2 => "AEAD_AES_256_GCM",
            29 => "AEAD_CHACHA20_POLY1305",
            _ => return None,
        })
    }
}

impl fmt::Debug for AeadAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "AeadAlgorithm({} {name})", self.0),
            None => write!(f, "AeadAlgorithm({})", self.0),
        }
    }
}

impl<'a> NestedPartRef<'a> {
    /// The content of a part that holds it inside the message.
    #[must_use]
    pub fn content(&self) -> Option<&'a [u8]> {
        match self.part {
            PartRef::Single(single) => Some(single.content),
            _ => None,
        }
    }

    /// The URI of this part, which stands at `index`.
    pub(crate) fn content_id(&self, index: PartIndex) -> core::result::Result<ContentId, ContentIdError> {
        match self.part {
            PartRef::Single(_) | PartRef::External(_) => Ok(ContentId::unchecked(index)),
            PartRef::Null | PartRef::Multi(_) => Err(ContentIdError::NotReferable),
        }
    }

    /// Nothing yet: a place for [`NestedPartRef::decode_head`] to read into.
    pub(crate) const EMPTY: Self =
        Self { disposition: Disposition::UNSPECIFIED, language: "", part: PartRef::Null };

    /// Reads one part into its place; of a multipart, everything up to its first part. `budget` is
    /// how many parts may come inside it.
    #[inline]
    pub(crate) fn decode_head(&mut self, reader: &mut Reader<'a>, budget: usize) -> Result<()> {
        let start = reader.mark();
        let items = reader.argument(Major::Array)?;
        let exactly = |reader: &Reader<'_>, expected| {
            if items == expected {
                Ok(())
            } else {
                Err(reader.refuse_at(start, DecodeErrorKind::ArrayLength { expected, found: items }))
            }
        };
        if items < 3 {
            exactly(reader, 3)?;
        }
        self.disposition = Disposition(reader.unsigned8().within("disposition")?);
        self.language = reader.text().within("language")?;
        let at_cardinality = reader.mark();
        match reader.argument(Major::Unsigned).within("cardinality")? {
            0 => {
                exactly(reader, 3)?;
                self.part = PartRef::Null;
            }
            1 => {
                exactly(reader, 5)?;
                let content_type = reader.text().within("content_type")?;
                let content = reader.bytes().within("content")?;
                self.part = PartRef::Single(SinglePartRef { content_type, content });
            }
            2 => {
                exactly(reader, 15)?;
                self.part = PartRef::External(ExternalPartRef::decode(reader)?);
            }
            3 => {
                exactly(reader, 5)?;
                self.part = PartRef::Multi(MultiPartRef::decode(reader, budget)?);
            }
            found => {
                let error = reader.refuse_at(at_cardinality, DecodeErrorKind::UnknownCardinality { found });
                return Err(error).within("cardinality");
            }
        }
        Ok(())
    }

    /// Writes what [`NestedPartRef::decode_head`] reads.
    #[inline]
    pub(crate) fn encode_head(&self, sink: &mut impl Sink) {
        let (items, cardinality) = match self.part {
            PartRef::Null => (3, 0),
            PartRef::Single(_) => (5, 1),
            PartRef::External(_) => (15, 2),
            PartRef::Multi(_) => (5, 3),
        };
        writer::array(sink, items);
        writer::unsigned(sink, self.disposition.0.into());
        writer::text(sink, self.language);
        writer::unsigned(sink, cardinality);
        match &self.part {
            PartRef::Null => {}
            PartRef::Single(single) => {
                writer::text(sink, single.content_type);
                writer::bytes(sink, single.content);
            }
            PartRef::External(external) => external.encode(sink),
            PartRef::Multi(multi) => {
                writer::unsigned(sink, multi.semantics as u64);
                writer::array(sink, multi.len.into());
            }
        }
    }
}

/// Why a message does not bind the content behind the URL of an external part: two receivers, or
/// one receiver at two times, may get different content from one and the same message.
///
/// The tag of the AEAD algorithms does not help. A sender who chooses the key can make one
/// ciphertext for each receiver, and each opens without an error (none of them commits to the key
/// or to the content).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UnboundReason {
    /// The content is neither encrypted nor hashed: a service, such as a link to a conference
    /// (mimi-content-09 §4.5). There is no content that could be bound.
    Service,
    /// The content is encrypted and has no hash.
    NoHash,
    /// The content has a hash of an algorithm that this crate does not know, or one too short to
    /// tell two files apart.
    UnknownHash(HashAlgorithm),
}

impl fmt::Display for UnboundReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("is a service without content of its own"),
            Self::NoHash => f.write_str("is encrypted and has no hash"),
            Self::UnknownHash(algorithm) => write!(f, "has a hash of {algorithm:?}"),
        }
    }
}

/// An external part whose content the message does not bind; see [`UnboundReason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnboundPart {
    /// The part.
    pub part: PartIndex,
    /// Why its content is not bound.
    pub reason: UnboundReason,
}

impl fmt::Display for UnboundPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "external part {} {}", self.part, self.reason)
    }
}

/// The parts whose content the message does not bind, in their order.
pub(crate) fn unbound_parts<'p, 'a: 'p>(
    parts: impl Iterator<Item = (PartIndex, PartRef<'a>)> + 'p,
) -> impl Iterator<Item = UnboundPart> + 'p {
    parts.filter_map(|(part, content)| match content {
        PartRef::External(external) => external.unbound_reason().map(|reason| UnboundPart { part, reason }),
        _ => None,
    })
}

impl<'a> ExternalPartRef<'a> {
    /// Why the message does not bind the content of this part; `None` if `content_hash` does.
    ///
    /// ```
    /// use mimi_content::{AeadAlgorithm, ExternalPart, HashAlgorithm, UnboundReason};
    ///
    /// let file = ExternalPart {
    ///     enc_alg: AeadAlgorithm::AES_128_GCM,
    ///     hash_alg: HashAlgorithm::RESERVED,
    ///     ..ExternalPart::default()
    /// };
    /// assert_eq!(file.as_ref().unbound_reason(), Some(UnboundReason::NoHash));
    /// ```
    #[must_use]
    pub fn unbound_reason(&self) -> Option<UnboundReason> {
        match self.hash_alg {
            HashAlgorithm::SHA_256 | HashAlgorithm::SHA_384 | HashAlgorithm::SHA_512 => None,
            HashAlgorithm::RESERVED if !self.content_hash.is_empty() => {
                Some(UnboundReason::UnknownHash(self.hash_alg))
            }
            HashAlgorithm::RESERVED if self.enc_alg == AeadAlgorithm::NONE => Some(UnboundReason::Service),
            HashAlgorithm::RESERVED => Some(UnboundReason::NoHash),
            unknown => Some(UnboundReason::UnknownHash(unknown)),
        }
    }

    /// Whether there is a key, nonce or aad although the content is not encrypted, which §4.5
    /// forbids.
    pub(crate) fn has_key_without_encryption(&self) -> bool {
        self.enc_alg == AeadAlgorithm::NONE
            && !(self.key.is_empty() && self.nonce.is_empty() && self.aad.is_empty())
    }

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        Ok(Self {
            content_type: reader.text().within("content_type")?,
            url: reader.text().within("url")?,
            expires: reader.unsigned32().within("expires")?,
            size: reader.unsigned(u64::MAX).within("size")?,
            enc_alg: AeadAlgorithm(reader.unsigned16().within("enc_alg")?),
            key: reader.bytes().within("key")?,
            nonce: reader.bytes().within("nonce")?,
            aad: reader.bytes().within("aad")?,
            hash_alg: HashAlgorithm(reader.unsigned8().within("hash_alg")?),
            content_hash: reader.bytes().within("content_hash")?,
            description: reader.text().within("description")?,
            filename: reader.text().within("filename")?,
        })
    }

    fn encode(&self, sink: &mut impl Sink) {
        writer::text(sink, self.content_type);
        writer::text(sink, self.url);
        writer::unsigned(sink, self.expires.into());
        writer::unsigned(sink, self.size);
        writer::unsigned(sink, self.enc_alg.0.into());
        writer::bytes(sink, self.key);
        writer::bytes(sink, self.nonce);
        writer::bytes(sink, self.aad);
        writer::unsigned(sink, self.hash_alg.0.into());
        writer::bytes(sink, self.content_hash);
        writer::text(sink, self.description);
        writer::text(sink, self.filename);
    }
}

impl MultiPartRef {
    fn decode(reader: &mut Reader<'_>, budget: usize) -> Result<Self> {
        let start = reader.mark();
        let number = reader.argument(Major::Unsigned).within("semantics")?;
        let Some(semantics) = PartSemantics::from_number(number) else {
            let error = reader.refuse_at(start, DecodeErrorKind::UnknownPartSemantics { found: number });
            return Err(error).within("semantics");
        };
        let at_parts = reader.mark();
        let declared = reader.argument(Major::Array).within("parts")?;
        let refuse = |kind| Err(reader.refuse_at(at_parts, kind)).within("parts");
        if declared < 2 {
            return refuse(DecodeErrorKind::TooFewParts { found: declared });
        }
        let count = reader.bounded(declared, LEAST_PART, at_parts).within("parts")?;
        match u16::try_from(count) {
            Ok(len) if count <= budget => Ok(Self { semantics, len, descendants: 0 }),
            _ => refuse(DecodeErrorKind::TooManyParts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_key_out_of_debug_output() {
        let part = ExternalPart { key: alloc::vec![0xab; 16], ..ExternalPart::default() };
        let printed = alloc::format!("{part:?}");
        assert!(printed.contains("[redacted]") && !printed.contains("171"), "{printed}");
    }

    #[test]
    fn names_the_algorithms_it_knows() {
        let named: alloc::vec::Vec<u16> =
            (0..=u16::MAX).filter(|n| AeadAlgorithm(*n).name().is_some()).collect();
        assert_eq!(named, [0, 1, 2, 29]);
        assert_eq!(
            alloc::format!("{:?} {:?}", AeadAlgorithm(1), AeadAlgorithm(9)),
            "AeadAlgorithm(1 AEAD_AES_128_GCM) AeadAlgorithm(9)"
        );
    }

    #[test]
    fn names_semantics() {
        for number in 0..3 {
            assert_eq!(PartSemantics::from_number(number).map(|semantics| semantics as u64), Some(number));
        }
        assert_eq!(PartSemantics::from_number(3), None);
        assert_eq!(PartSemantics::SingleUnit.name(), "singleUnit");
    }
}
