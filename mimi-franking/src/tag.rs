//! The franking tag, with which a sender commits to a message, and the key that opens the
//! commitment.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use mimi_codec::protocol::FrankAAD;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{FrankingError, construction::sealed};

/// HMAC-SHA256 under one key. The drafts fix the hash, whatever the group's cipher suite.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// A key of any length: HMAC pads a key of up to 64 bytes with zeros and hashes a longer one.
    /// Callers check the length first, because the padding hides a lost or an added zero byte.
    pub(crate) fn new(key: &[u8]) -> Self {
        use sha2::Digest;

        let mut block = Zeroizing::new([0; 64]);
        let hashed: Zeroizing<[u8; 32]>;
        let key = if key.len() > block.len() {
            hashed = Zeroizing::new(Sha256::digest(key).into());
            hashed.as_slice()
        } else {
            key
        };
        for (place, byte) in block.iter_mut().zip(key) {
            *place = *byte;
        }
        Self(<Hmac<Sha256> as KeyInit>::new((&*block).into()))
    }

    /// The HMAC of the concatenated parts.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Content in a `Debug` form: its length. The salt in it would let a reader of logs confirm
/// guesses.
pub(crate) struct Undisclosed<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Undisclosed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Compares in constant time.
pub(crate) fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.ct_eq(right).into()
}

/// The key of a franking tag: [`FrankingSalt`] or [`FrankingKey`].
///
/// The content carries it, so that only readers of the message can check its tag.
pub trait TagKey: sealed::Sealed + Clone + fmt::Debug {
    /// The bytes. All keys of one construction have the same length: HMAC pads its key, so two keys
    /// that differ in trailing zeros would open the same tag.
    fn as_bytes(&self) -> &[u8];
}

macro_rules! tag_key {
    ($($(#[$meta:meta])* pub struct $name:ident[$length:literal];)*) => {$(
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<[u8; $length]>);

        impl $name {
            /// Takes bytes from the content or from the sender's cryptographically secure
            /// generator.
            #[must_use]
            pub fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// Draws the bytes for a new message.
            #[must_use]
            pub fn generate(rng: &mut dyn CryptoRng) -> Self {
                let mut bytes = Zeroizing::new([0; $length]);
                rng.fill_bytes(bytes.as_mut_slice());
                Self(bytes)
            }
        }

        impl sealed::Sealed for $name {}

        impl TagKey for $name {
            fn as_bytes(&self) -> &[u8] {
                self.0.as_slice()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )*};
}

tag_key! {
    /// The salt of the content, 16 bytes: the tag's key in mimi-protocol-03 and later.
    ///
    /// It must be new for every message. A reader of one message can confirm guesses of the content
    /// of every other message with the same salt.
    pub struct FrankingSalt[16];

    /// The `franking_key` of mimi-protocol-02 §32 bytes, new for every message.
    pub struct FrankingKey[32];
}

impl FrankingKey {
    // franking_key = HMAC_SHA256( franking_base_secret, nonce )
    /// Derives a key from a secret that the caller's MLS stack exported and a nonce that was never
    /// used with that secret (mimi-protocol-02 §8.1.1).
    #[must_use]
    pub fn derive(franking_base_secret: &[u8; 32], nonce: &[u8]) -> Self {
        Self::from_bytes(MacKey::new(franking_base_secret).mac(&[nonce]))
    }
}

/// The tag that commits to the application data (mimi-protocol-06 §5.4.1.1). It is public and is
/// carried in the message's AAD.
///
/// ```text
/// franking_tag = HMAC_SHA256( salt, application_data)
/// ```
///
/// In mimi-protocol-02 the key is the `franking_key`. `application_data` is exactly what the MLS
/// PrivateMessage protects. With content advertisement (mls-extensions-10 §6.2) that is an
/// ApplicationFraming, media type included.
///
/// ```
/// use mimi_franking::{FrankingSalt, franking_tag};
///
/// let tag = franking_tag(&FrankingSalt::from_bytes([7; 16]), b"hello");
/// assert_ne!(tag, franking_tag(&FrankingSalt::from_bytes([8; 16]), b"hello"));
/// ```
#[must_use]
pub fn franking_tag<K: TagKey>(key: &K, application_data: &[u8]) -> FrankAAD {
    FrankAAD { franking_tag: MacKey::new(key.as_bytes()).mac(&[application_data]).into() }
}

/// Refuses a tag of other application data.
pub(crate) fn check_tag<K: TagKey>(
    key: &K,
    application_data: &[u8],
    tag: &FrankAAD,
) -> Result<(), FrankingError> {
    if same(&franking_tag(key, application_data).franking_tag, &tag.franking_tag) {
        Ok(())
    } else {
        Err(FrankingError::TagMismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 4231: test cases 1, 2, 3, 4 and 6, whose keys have 20, 4, 20, 25 and 131 bytes.
    #[test]
    fn mac_is_that_of_rfc_4231() {
        let cases: [(&[u8], &[u8], &str); 5] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &hex::<25>("0102030405060708090a0b0c0d0e0f10111213141516171819"),
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, data, expected) in cases {
            assert_eq!(MacKey::new(key).mac(&[data]), hex(expected));
            let (head, tail) = data.split_at(3);
            assert_eq!(MacKey::new(key).mac(&[head, tail]), hex(expected));
        }
    }

    #[test]
    fn a_tag_is_of_its_key_and_its_data() {
        let key = FrankingKey::from_bytes([1; 32]);
        let tag = franking_tag(&key, b"data");
        assert_eq!(check_tag(&key, b"data", &tag), Ok(()));
        assert_eq!(check_tag(&key, b"date", &tag), Err(FrankingError::TagMismatch));
        assert_eq!(
            check_tag(&FrankingKey::from_bytes([2; 32]), b"data", &tag),
            Err(FrankingError::TagMismatch)
        );
        let derived = FrankingKey::derive(&[1; 32], b"data");
        assert_eq!(derived.as_bytes(), &*tag.franking_tag);
    }

    /// An HMAC is made of hashes that have begun with its key.
    #[test]
    fn keys_are_erased_when_they_are_dropped() {
        fn erased<T: zeroize::ZeroizeOnDrop>() {}
        erased::<Sha256>();
        erased::<Zeroizing<[u8; 32]>>();
    }

    #[test]
    fn keys_are_never_shown() {
        assert_eq!(alloc::format!("{:?}", FrankingSalt::from_bytes([9; 16])), "FrankingSalt([redacted])");
        assert_eq!(alloc::format!("{:?}", FrankingKey::from_bytes([9; 32])), "FrankingKey([redacted])");
        assert_eq!(alloc::format!("{:?}", MacKey::new(&[9; 32])), "[redacted]");
    }
}
