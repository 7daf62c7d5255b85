//! Message IDs: mimi-content-09 §3.3.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::cbor::writer::Sink;
use crate::salt::Salt;

/// The name of a message: one byte that says which hash made it, then the first 31 bytes of the
/// hash.
///
/// IDs compare bytewise, which is the order of messages with equal accepted timestamps (§5.11): the
/// lexically lower ID sorts earlier. [`MessageId::order`] compares timestamp and ID together.
///
/// ```
/// use mimi_content::{HashAlgorithm, MessageId};
///
/// let id = MessageId::from_bytes([1; 32]);
/// assert_eq!(id.algorithm(), HashAlgorithm::SHA_256);
/// assert!(id < MessageId::from_bytes([2; 32]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MessageId([u8; 32]);

impl MessageId {
    /// Takes the bytes as they stand in a message. No algorithm is refused here;
    /// [`MessageId::is_known`] tells.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// All 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash algorithm in the first byte.
    #[must_use]
    pub const fn algorithm(&self) -> HashAlgorithm {
        let [algorithm, ..] = self.0;
        HashAlgorithm(algorithm)
    }

    /// Whether the algorithm is the one that this revision of the format makes message IDs with,
    /// SHA-256. A message with a reference to any other is to be logged and discarded (§9.1).
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.algorithm().0 == HashAlgorithm::SHA_256.0
    }

    /// The ID that revision 08 gives to an encoded message.
    ///
    /// `sender_uri` and `room_uri` are the caller's, from MLS and the room, not the message's own
    /// extensions: an author who could choose them could choose between IDs. `encoded` is the whole
    /// message with its salt in it, and `salt` that salt again. Nothing is copied.
    ///
    /// ```text
    /// hash_output = hash( senderUriLength || senderUri || roomUriLength || roomUri || message || salt )
    /// messageId   = hashAlg || hash_output[0..30]
    /// ```
    ///
    /// [`MimiContentRef::message_id`](crate::MimiContentRef::message_id) and
    /// [`MimiContent::message_id`](crate::MimiContent::message_id) supply message and salt.
    ///
    /// # Errors
    ///
    /// [`UriTooLongError`] if a URI has more than 65535 bytes: its length does not fit the 16 bits
    /// that are hashed.
    pub fn compute(
        sender_uri: &str,
        room_uri: &str,
        encoded: &[u8],
        salt: &Salt,
    ) -> Result<Self, UriTooLongError> {
        let uris = [(&uri_length(sender_uri)?, sender_uri), (&uri_length(room_uri)?, room_uri)];
        if let Some(id) = short_message_id(uris, encoded, salt) {
            return Ok(id);
        }
        let mut hash = MessageIdHash::revision_08(sender_uri, room_uri)?;
        hash.put(encoded);
        Ok(hash.finish(salt))
    }

    /// The ID that revision 07 gave to an encoded message: as [`MessageId::compute`] without the
    /// two lengths.
    ///
    /// Moving bytes from the end of the sender URI to the front of the room URI leaves this ID as
    /// it is, which is why revision 08 added the lengths. For reading old archives only, in which
    /// identities may be bytes that are no text.
    #[must_use]
    pub fn compute_revision_07(
        sender_uri: impl AsRef<[u8]>,
        room_uri: impl AsRef<[u8]>,
        encoded: &[u8],
        salt: &Salt,
    ) -> Self {
        let mut hash = MessageIdHash::revision_07(sender_uri, room_uri);
        hash.put(encoded);
        hash.finish(salt)
    }

    /// The algorithm, then all but the last byte of its output.
    fn from_sha256(output: &[u8; 32]) -> Self {
        let mut id = [HashAlgorithm::SHA_256.0; 32];
        let ([_, place @ ..], [bytes @ .., _]) = (&mut id, output);
        place.copy_from_slice(bytes);
        Self(id)
    }

    /// The place of a message in its room or topic: by the hub's accepted timestamp (milliseconds
    /// since the UNIX epoch), then by the lexically lower ID (§5.11).
    ///
    /// ```
    /// use mimi_content::MessageId;
    ///
    /// let mut messages = [(2, MessageId::from_bytes([1; 32])), (1, MessageId::from_bytes([9; 32])), (1, MessageId::from_bytes([3; 32]))];
    /// messages.sort_by_key(|(accepted_ms, id)| id.order(*accepted_ms));
    /// assert_eq!(messages.map(|(at, id)| (at, id.as_bytes()[0])), [(1, 3), (1, 9), (2, 1)]);
    /// ```
    #[must_use]
    pub const fn order(self, accepted_timestamp_ms: u64) -> (u64, Self) {
        (accepted_timestamp_ms, self)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl AsRef<[u8]> for MessageId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for MessageId {
    type Error = core::array::TryFromSliceError;

    /// Takes exactly 32 bytes.
    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}

/// The hash of a message ID while the message is being encoded.
pub(crate) struct MessageIdHash(Sha256);

impl MessageIdHash {
    pub(crate) fn revision_08(sender_uri: &str, room_uri: &str) -> Result<Self, UriTooLongError> {
        let mut hash = Sha256::new();
        for uri in [sender_uri, room_uri] {
            hash.update(uri_length(uri)?);
            hash.update(uri);
        }
        Ok(Self(hash))
    }

    pub(crate) fn revision_07(sender_uri: impl AsRef<[u8]>, room_uri: impl AsRef<[u8]>) -> Self {
        Self(Sha256::new().chain_update(sender_uri).chain_update(room_uri))
    }

    pub(crate) fn finish(mut self, salt: &Salt) -> MessageId {
        self.0.update(salt.as_bytes());
        MessageId::from_sha256(&self.0.finalize().into())
    }
}

impl Sink for MessageIdHash {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// The length of a URI as it is hashed.
fn uri_length(uri: &str) -> Result<[u8; 2], UriTooLongError> {
    u16::try_from(uri.len()).map(u16::to_be_bytes).map_err(|_| UriTooLongError { bytes: uri.len() })
}

/// Bytes of a SHA-256 block.
const BLOCK: usize = 64;

/// Blocks of the longest input that is hashed in one go.
const ONE_GO: usize = 6;

/// SHA-256's initial state (FIPS 180-4, §5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The ID of a message whose whole hash input fits in [`ONE_GO`] blocks; `None` for a longer one.
///
/// Most messages are that short, and then it is the small steps between the pieces that cost, not
/// the hash. So the padded input (FIPS 180-4, §5.1.1) is put together on the stack, and goes
/// through the library's compression function in one call.
#[inline]
fn short_message_id(uris: [(&[u8; 2], &str); 2], encoded: &[u8], salt: &Salt) -> Option<MessageId> {
    let mut blocks = [[0; BLOCK]; ONE_GO];
    let mut free = blocks.as_flattened_mut();
    let capacity = free.len();
    for (length, uri) in uris {
        let (place, rest) = free.split_first_chunk_mut()?;
        *place = *length;
        let (place, rest) = rest.split_at_mut_checked(uri.len())?;
        place.copy_from_slice(uri.as_bytes());
        free = rest;
    }
    let (place, rest) = free.split_at_mut_checked(encoded.len())?;
    place.copy_from_slice(encoded);
    let (place, rest) = rest.split_first_chunk_mut()?;
    *place = *salt.as_bytes();
    let bytes = capacity.checked_sub(rest.len())?;
    let (place, _) = rest.split_first_mut()?;
    *place = 0x80;
    let count = bytes.checked_add(9)?.div_ceil(BLOCK);
    let padded = blocks.get_mut(..count)?;
    let (_, place) = padded.last_mut()?.split_last_chunk_mut()?;
    *place = (bytes as u64).checked_mul(8)?.to_be_bytes();

    let mut state = INITIAL;
    sha2::block_api::compress256(&mut state, padded);
    let mut id = [0; 32];
    let (words, _) = id.as_chunks_mut();
    let mut before = u32::from(HashAlgorithm::SHA_256.0);
    for (place, word) in words.iter_mut().zip(state) {
        *place = (before << 24 | word >> 8).to_be_bytes();
        before = word;
    }
    Some(MessageId(id))
}

/// A URI of more than 65535 bytes, which has no place in a message ID (§3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UriTooLongError {
    /// How long it is.
    pub bytes: usize,
}

impl fmt::Display for UriTooLongError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "URI of {} bytes, message IDs allow 65535", self.bytes)
    }
}

impl core::error::Error for UriTooLongError {}

/// A number of IANA's Named Information Hash Algorithm registry, as in a [`MessageId`] and in
/// [`ExternalPart::hash_alg`](crate::ExternalPart). Unknown numbers are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct HashAlgorithm(pub u8);

impl HashAlgorithm {
    /// Reserved.
    pub const RESERVED: Self = Self(0);
    /// sha-256, the one of message IDs.
    pub const SHA_256: Self = Self(1);
    /// sha-256-128: the first 128 bits of sha-256.
    pub const SHA_256_128: Self = Self(2);
    /// sha-256-120.
    pub const SHA_256_120: Self = Self(3);
    /// sha-256-96.
    pub const SHA_256_96: Self = Self(4);
    /// sha-256-64.
    pub const SHA_256_64: Self = Self(5);
    /// sha-256-32.
    pub const SHA_256_32: Self = Self(6);
    /// sha-384.
    pub const SHA_384: Self = Self(7);
    /// sha-512.
    pub const SHA_512: Self = Self(8);
    /// sha3-224.
    pub const SHA3_224: Self = Self(9);
    /// sha3-256.
    pub const SHA3_256: Self = Self(10);
    /// sha3-384.
    pub const SHA3_384: Self = Self(11);
    /// sha3-512.
    pub const SHA3_512: Self = Self(12);

    /// The registered name, if it is one that this crate knows.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "sha-256",
            2 => "sha-256-128",
            3 => "sha-256-120",
            4 => "sha-256-96",
            5 => "sha-256-64",
            6 => "sha-256-32",
            7 => "sha-384",
            8 => "sha-512",
            9 => "sha3-224",
            10 => "sha3-256",
            11 => "sha3-384",
            12 => "sha3-512",
            _ => return None,
        })
    }

    /// Bytes of this hash, if it is one that this crate knows.
    #[must_use]
    pub const fn output_length(self) -> Option<usize> {
        Some(match self.0 {
            1 | 10 => 32,
            2 => 16,
            3 => 15,
            4 => 12,
            5 => 8,
            6 => 4,
            7 | 11 => 48,
            8 | 12 => 64,
            9 => 28,
            _ => return None,
        })
    }
}

impl fmt::Debug for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "HashAlgorithm({} {name})", self.0),
            None => write!(f, "HashAlgorithm({})", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;

    const SALT: Salt = Salt::from_bytes([7; 16]);

    #[test]
    fn lengths_separate_sender_and_room() {
        let id = |sender, room| MessageId::compute(sender, room, b"message", &SALT).unwrap();
        let id_07 = |sender, room| MessageId::compute_revision_07(sender, room, b"message", &SALT);
        assert_ne!(id("ab", "c"), id("a", "bc"));
        assert_eq!(id_07("ab", "c"), id_07("a", "bc"));
        let of_bytes = MessageId::compute_revision_07([0x61, 0x62], b"c", b"message", &SALT);
        assert_eq!(of_bytes, id_07("ab", "c"));
        assert_ne!(MessageId::compute_revision_07([0xff], b"c", b"message", &SALT), of_bytes);
    }

    #[test]
    fn hashes_what_the_draft_says() {
        let mut input = vec![0, 1];
        input.extend(b"a");
        input.extend([0, 2]);
        input.extend(b"bc");
        input.extend(b"message");
        input.extend(SALT.as_bytes());
        let hash = Sha256::digest(&input);
        let id = MessageId::compute("a", "bc", b"message", &SALT).unwrap();
        assert_eq!(id.as_bytes()[0], 1);
        assert_eq!(id.as_bytes()[1..], hash[..31]);
        assert!(id.is_known());
    }

    #[test]
    fn hashes_long_and_short_messages_alike() {
        for length in (0..500).chain([1000, 70_000]) {
            let encoded: alloc::vec::Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mut streamed = MessageIdHash::revision_08("a", "bc").unwrap();
            encoded.chunks(7).for_each(|piece| streamed.put(piece));
            assert_eq!(
                Ok(streamed.finish(&SALT)),
                MessageId::compute("a", "bc", &encoded, &SALT),
                "{length}"
            );
            let mut streamed = MessageIdHash::revision_07("a", "bc");
            streamed.put(&encoded);
            assert_eq!(
                streamed.finish(&SALT),
                MessageId::compute_revision_07("a", "bc", &encoded, &SALT),
                "{length}"
            );
        }
    }

    #[test]
    fn refuses_a_uri_whose_length_does_not_fit() {
        let longest: String = "a".repeat(65535);
        let longer: String = "a".repeat(65536);
        assert!(MessageId::compute(&longest, &longest, b"", &SALT).is_ok());
        for (sender, room) in [(&longer, &longest), (&longest, &longer)] {
            assert_eq!(MessageId::compute(sender, room, b"", &SALT), Err(UriTooLongError { bytes: 65536 }));
        }
    }

    #[test]
    fn knows_the_registered_hashes() {
        let named = (0..=u8::MAX).filter(|number| HashAlgorithm(*number).name().is_some()).count();
        let sized = (0..=u8::MAX).filter(|number| HashAlgorithm(*number).output_length().is_some()).count();
        assert_eq!((named, sized), (12, 12));
        assert_eq!(HashAlgorithm(8).name(), Some("sha-512"));
        assert!(!MessageId::from_bytes([8; 32]).is_known());
        assert_eq!(alloc::format!("{:?}", HashAlgorithm(8)), "HashAlgorithm(8 sha-512)");
        assert_eq!(alloc::format!("{:?}", HashAlgorithm(99)), "HashAlgorithm(99)");
    }

    #[test]
    fn takes_exactly_32_bytes() {
        let id = MessageId::from_bytes([9; 32]);
        assert_eq!(MessageId::try_from(id.as_ref()).unwrap(), id);
        for length in [0, 31, 33] {
            assert!(MessageId::try_from(&[9; 40][..length]).is_err());
        }
    }

    #[test]
    fn orders_by_timestamp_then_by_the_lower_id() {
        let (low, high) = (MessageId::from_bytes([1; 32]), MessageId::from_bytes([2; 32]));
        assert!(low.order(5) < high.order(5));
        assert!(high.order(4) < low.order(5));
        // Lexically: the first byte that differs decides.
        let mut higher = [1; 32];
        higher[0] = 2;
        let mut lower = [9; 32];
        lower[0] = 1;
        assert!(MessageId::from_bytes(lower).order(0) < MessageId::from_bytes(higher).order(0));
    }

    #[test]
    fn prints_as_hex() {
        let id = MessageId::from_bytes(core::array::from_fn(|at| at as u8));
        let printed = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        assert_eq!(alloc::format!("{id}"), printed);
        assert_eq!(alloc::format!("{id:?}"), alloc::format!("MessageId({printed})"));
    }
}
