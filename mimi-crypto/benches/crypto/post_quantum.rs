//! The post-quantum suites: signatures against bare `ml-dsa`, HPKE against the sum of its
//! primitives (`ml-kem`, the curve, `hkdf` and the AEAD). docs/post-quantum.md has the times of one
//! run.

use std::hint::black_box;

use hkdf::Hkdf;
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, RustCrypto, decrypt_with_label, encrypt_with_label, generate_hpke_key_pair,
    sign_with_label, verify_with_label,
};
use ml_kem::{
    B32, Decapsulate, DecapsulationKey, EncapsulationKey, FromSeed, KeyExport, MlKem768, MlKem1024, Seed,
};
use sha2::{Sha256, Sha384};

use crate::{CONTENT, LABEL, Subject, labelled, rng, subject, suite};

pub(crate) fn subjects() -> Vec<Subject> {
    let mut all = Vec::new();
    macro_rules! ml_dsa {
        ($($number:literal $name:literal $set:ident),*) => {$({
            let suite = suite($number);
            let private_key = suite.generate_signature_key(&mut rng()).unwrap();
            let key = suite.signing_key(&private_key).unwrap();
            let public_key = suite.signature_public_key(&key);
            let seed = ml_dsa::Seed::try_from(private_key.expose()).unwrap();
            let bare_key = ml_dsa::SigningKey::<ml_dsa::$set>::from_seed(&seed);
            let bare_public_key = public_key.to_vec();
            let signature = sign_with_label(&suite, &key, LABEL, &CONTENT, &mut rng()).unwrap();
            let (message, to_verify) = (labelled(&CONTENT), labelled(&CONTENT));
            let bare_signature = signature.clone();
            all.push(subject(
                concat!($name, " SignWithLabel"),
                "ml-dsa",
                move || {
                    let made = sign_with_label(&suite, &key, LABEL, black_box(&CONTENT), &mut rng());
                    black_box(made.unwrap());
                },
                move || {
                    let key = bare_key.expanded_key();
                    let made = key.sign_randomized(black_box(&message), &[], &mut rng()).unwrap();
                    black_box(made.encode());
                },
            ));
            let suite = crate::suite($number);
            all.push(subject(
                concat!($name, " VerifyWithLabel"),
                "ml-dsa",
                move || {
                    verify_with_label(&suite, &public_key, LABEL, black_box(&CONTENT), &signature).unwrap();
                },
                move || {
                    let key = bare_public_key.as_slice().try_into().unwrap();
                    let key = ml_dsa::VerifyingKey::<ml_dsa::$set>::decode(key);
                    let signature = ml_dsa::Signature::try_from(bare_signature.as_slice()).unwrap();
                    assert!(key.verify_with_context(black_box(&to_verify), &[], &signature));
                },
            ));
        })*};
    }
    ml_dsa!(0x0052 "ML-DSA-44" MlDsa44, 0x0051 "ML-DSA-65" MlDsa65, 0x0907 "ML-DSA-87" MlDsa87);

    macro_rules! kem {
        ($($number:literal $name:literal $ml_kem:ident $hash:ident $curve:expr),*) => {$({
            let curve: Option<Curve> = $curve;
            let schedule = || {
                key_schedule(|salt, ikm| Hkdf::<$hash>::extract(Some(salt), ikm).0.to_vec(), |prk, output| {
                    Hkdf::<$hash>::from_prk(prk).unwrap().expand(black_box(&[7; 60]), output).unwrap();
                });
            };
            let parts = Parts::<$ml_kem>::new(curve);
            let (seal_parts, open_parts) = (parts.clone(), parts);
            let suite = suite($number);
            let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng()).unwrap();
            let sealed = encrypt_with_label(&suite, &public_key, LABEL, &CONTENT, b"secret", &mut rng());
            let sealed = sealed.unwrap();
            all.push(subject(
                concat!($name, " EncryptWithLabel"),
                "the sum of its primitives",
                move || {
                    let made = encrypt_with_label(&suite, &public_key, LABEL, &CONTENT, b"secret", &mut rng());
                    black_box(made.unwrap());
                },
                move || {
                    seal_parts.encapsulate();
                    schedule();
                    aead(&crate::suite($number));
                },
            ));
            let suite = crate::suite($number);
            all.push(subject(
                concat!($name, " DecryptWithLabel"),
                "the sum of its primitives",
                move || {
                    black_box(decrypt_with_label(&suite, &private_key, LABEL, &CONTENT, &sealed).unwrap());
                },
                move || {
                    open_parts.decapsulate();
                    schedule();
                    aead(&crate::suite($number));
                },
            ));
        })*};
    }
    kem!(
        0xf042 "ML-KEM-768" MlKem768 Sha384 None,
        0x0042 "ML-KEM-1024" MlKem1024 Sha384 None,
        0x004f "ML-KEM-768 + X25519" MlKem768 Sha256 Some(Curve::X25519),
        0xf0a3 "ML-KEM-768 + P-256" MlKem768 Sha256 Some(Curve::P256),
        0xf0a5 "ML-KEM-1024 + P-384" MlKem1024 Sha384 Some(Curve::P384)
    );
    all
}

/// The key schedule of HPKE in base mode (RFC 9180 §5.1): three extractions and three expansions.
fn key_schedule(extract: impl Fn(&[u8], &[u8]) -> Vec<u8>, expand: impl Fn(&[u8], &mut [u8])) {
    black_box(extract(b"", black_box(b"HPKE-v1HPKE\0\0\0\0\0\0psk_id_hash")));
    black_box(extract(b"", black_box(&labelled(&CONTENT))));
    let secret = extract(black_box(&[3; 32]), b"HPKE-v1HPKE\0\0\0\0\0\0secret");
    let mut output = [0; 48];
    for length in [32, 12, secret.len()] {
        expand(&secret, &mut output[..length]);
        black_box(&output);
    }
}

fn aead(suite: &RustCrypto) {
    let key = AeadKey::new(suite, vec![5; suite.parameters().nk]).unwrap();
    black_box(suite.aead_seal(&key, black_box(&[6; 12]), b"", b"secret").unwrap());
}

#[derive(Clone, Copy)]
enum Curve {
    X25519,
    P256,
    P384,
}

macro_rules! on_curve {
    ($curve:ident) => {{
        // A key pair, and a shared secret with a point that is read.
        let secret = $curve::SecretKey::from_slice(black_box(&[1; { $curve::FIELD }])).unwrap();
        let point = secret.public_key().to_sec1_bytes();
        let other = $curve::PublicKey::from_sec1_bytes(black_box(&point)).unwrap();
        black_box($curve::ecdh::diffie_hellman(secret.to_nonzero_scalar(), other.as_affine()));
    }};
}

impl Curve {
    /// A public key and a shared secret: what each side computes.
    fn exchange(self) {
        match self {
            Self::X25519 => {
                let secret = x25519_dalek::StaticSecret::from(black_box([9; 32]));
                let public = x25519_dalek::PublicKey::from(&secret);
                black_box(secret.diffie_hellman(&black_box(public)));
            }
            Self::P256 => {
                use bench_p256 as curve;
                on_curve!(curve)
            }
            Self::P384 => {
                use bench_p384 as curve;
                on_curve!(curve)
            }
        }
    }
}

mod bench_p256 {
    pub(crate) const FIELD: usize = 32;
    pub(crate) use p256::{PublicKey, SecretKey, ecdh};
}

mod bench_p384 {
    pub(crate) const FIELD: usize = 48;
    pub(crate) use p384::{PublicKey, SecretKey, ecdh};
}

/// The KEM by its bare crates.
struct Parts<K> {
    public_key: Vec<u8>,
    ciphertext: Vec<u8>,
    curve: Option<Curve>,
    kem: core::marker::PhantomData<K>,
}

impl<K> Clone for Parts<K> {
    fn clone(&self) -> Self {
        let (public_key, ciphertext) = (self.public_key.clone(), self.ciphertext.clone());
        Self { public_key, ciphertext, curve: self.curve, kem: core::marker::PhantomData }
    }
}

const SEED: [u8; 64] = [4; 64];

macro_rules! parts {
    ($($kem:ident),*) => {$(
        impl Parts<$kem> {
            fn new(curve: Option<Curve>) -> Self {
                let (_, key) = $kem::from_seed(&Seed::from(SEED));
                let (ciphertext, _) = key.encapsulate_deterministic(&B32::from([2; 32]));
                let (public_key, ciphertext) = (key.to_bytes().to_vec(), ciphertext.to_vec());
                Self { public_key, ciphertext, curve, kem: core::marker::PhantomData }
            }

            fn encapsulate(&self) {
                let key = self.public_key.as_slice().try_into().unwrap();
                let key = EncapsulationKey::<$kem>::new(black_box(key)).unwrap();
                black_box(key.encapsulate_deterministic(&B32::from(black_box([2; 32]))));
                self.curve.into_iter().for_each(Curve::exchange);
            }

            fn decapsulate(&self) {
                // A private key is a seed, from which the key is expanded.
                let key = DecapsulationKey::<$kem>::from_seed(Seed::from(black_box(SEED)));
                let ciphertext = self.ciphertext.as_slice().try_into().unwrap();
                black_box(key.decapsulate(black_box(ciphertext)));
                self.curve.into_iter().for_each(Curve::exchange);
            }
        }
    )*};
}

parts!(MlKem768, MlKem1024);
