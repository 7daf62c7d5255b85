//! What labels and checks cost: each operation against the bare primitive under it, or the sum of
//! its primitives, in the same run. The ratios are printed at the end.
//!
//! `cargo bench -p mimi-crypto --bench crypto`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod messages;
#[cfg(feature = "post-quantum")]
mod post_quantum;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;
use ed25519_dalek::Signer;
use hkdf::Hkdf;
use mimi_codec::{
    code_points::{CipherSuite, ComponentID},
    mls::SignaturePublicKey,
};
use mimi_crypto::{
    CipherSuiteProvider, ExporterTree, RustCrypto, Secret, decrypt_with_label, encrypt_with_label,
    expand_with_label, generate_hpke_key_pair, ref_hash, sign_with_label, verify_with_label,
};
use p256::ecdsa::signature::{RandomizedSigner, Verifier};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};

/// An operation and what it is compared with; both do the same work on the same input.
pub struct Subject {
    pub name: String,
    /// What the ratio is to.
    pub baseline: &'static str,
    pub operation: Box<dyn Fn()>,
    pub bare: Box<dyn Fn()>,
}

pub fn subject(
    name: impl Into<String>,
    baseline: &'static str,
    operation: impl Fn() + 'static,
    bare: impl Fn() + 'static,
) -> Subject {
    Subject { name: name.into(), baseline, operation: Box::new(operation), bare: Box::new(bare) }
}

pub fn suite(number: u16) -> RustCrypto {
    RustCrypto::new(CipherSuite(number)).unwrap()
}

pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(4)
}

const LABEL: &[u8] = b"FrankingSignatureTBS";
const CONTENT: [u8; 300] = [7; 300];

/// What SignWithLabel and EncryptWithLabel hand to the primitive.
fn labelled(content: &[u8]) -> Vec<u8> {
    let label = [b"MLS 1.0 ", LABEL].concat();
    let length = u16::try_from(content.len()).unwrap() | 0x4000;
    [&[label.len() as u8], &label[..], &length.to_be_bytes(), content].concat()
}

fn signatures() -> Vec<Subject> {
    let ed25519 = suite(1);
    let private_key = ed25519.generate_signature_key(&mut rng()).unwrap();
    let key = ed25519.signing_key(&private_key).unwrap();
    let public_key = ed25519.signature_public_key(&key);
    let bare_key = ed25519_dalek::SigningKey::from_bytes(private_key.expose().try_into().unwrap());
    let signature = sign_with_label(&ed25519, &key, LABEL, &CONTENT, &mut rng()).unwrap();
    assert_eq!(bare_key.sign(&labelled(&CONTENT)).to_bytes().to_vec(), signature);

    let p256 = suite(2);
    let p256_private_key = p256.generate_signature_key(&mut rng()).unwrap();
    let p256_key = p256.signing_key(&p256_private_key).unwrap();
    let p256_public_key = p256.signature_public_key(&p256_key);
    let p256_bare_key = p256::ecdsa::SigningKey::from_slice(p256_private_key.expose()).unwrap();
    let p256_signature = sign_with_label(&p256, &p256_key, LABEL, &CONTENT, &mut rng()).unwrap();
    let p256_bare_sign = |key: &p256::ecdsa::SigningKey, message: &[u8]| {
        let signature: p256::ecdsa::Signature = key.try_sign_with_rng(&mut rng(), message).unwrap();
        signature.to_der().as_bytes().to_vec()
    };
    assert_eq!(p256_bare_sign(&p256_bare_key, &labelled(&CONTENT)), p256_signature);

    let (message, ed25519_verify) = (labelled(&CONTENT), verify(ed25519, &public_key, &signature));
    let bare_public_key = public_key.to_vec();
    let p256_bare_public_key = p256_public_key.to_vec();
    let p256_verify = verify(p256, &p256_public_key, &p256_signature);
    let messages = [(); 3].map(|()| message.clone());
    let [to_verify, p256_to_sign, p256_to_verify] = messages;
    vec![
        subject(
            "Ed25519 SignWithLabel",
            "ed25519-dalek",
            move || {
                black_box(sign_with_label(&ed25519, &key, LABEL, black_box(&CONTENT), &mut rng()).unwrap());
            },
            move || {
                black_box(bare_key.sign(black_box(&message)));
            },
        ),
        subject("Ed25519 VerifyWithLabel", "ed25519-dalek", ed25519_verify, move || {
            let key = ed25519_dalek::VerifyingKey::from_bytes(bare_public_key.as_slice().try_into().unwrap());
            let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
            key.unwrap().verify_strict(black_box(&to_verify), &signature).unwrap();
        }),
        subject(
            "P-256 SignWithLabel",
            "p256",
            move || {
                black_box(sign_with_label(&p256, &p256_key, LABEL, black_box(&CONTENT), &mut rng()).unwrap());
            },
            move || {
                black_box(p256_bare_sign(&p256_bare_key, black_box(&p256_to_sign)));
            },
        ),
        subject("P-256 VerifyWithLabel", "p256", p256_verify, move || {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&p256_bare_public_key).unwrap();
            let signature = p256::ecdsa::Signature::from_der(&p256_signature).unwrap();
            key.verify(black_box(&p256_to_verify), &signature).unwrap();
        }),
    ]
}

fn verify(suite: RustCrypto, public_key: &SignaturePublicKey, signature: &[u8]) -> impl Fn() + 'static {
    let (public_key, signature) = (public_key.clone(), signature.to_vec());
    move || verify_with_label(&suite, &public_key, LABEL, black_box(&CONTENT), &signature).unwrap()
}

fn hpke() -> Vec<Subject> {
    let suite = suite(1);
    let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng()).unwrap();
    let sealed = encrypt_with_label(&suite, &public_key, LABEL, &CONTENT, b"secret", &mut rng()).unwrap();
    let info = labelled(&CONTENT);
    assert_eq!(suite.hpke_seal(&public_key, &info, b"", b"secret", &mut rng()).unwrap(), sealed);
    let opened = decrypt_with_label(&suite, &private_key, LABEL, &CONTENT, &sealed).unwrap();
    assert_eq!(suite.hpke_open(&private_key, &sealed, &info, b"").unwrap(), opened);

    // The scalar multiplications without which no HPKE over X25519 is: an ephemeral key pair and a
    // shared secret to seal, the own public key and a shared secret to open.
    let scalar: [u8; 32] = private_key.expose().try_into().unwrap();
    let point: [u8; 32] = (&*public_key).try_into().unwrap();
    let multiplications = move || {
        let secret = StaticSecret::from(black_box(scalar));
        black_box(PublicKey::from(&secret));
        black_box(secret.diffie_hellman(&PublicKey::from(black_box(point))));
    };
    let both = |name: &str| name.to_string();
    let (seal_key, open_key) = (public_key.clone(), private_key.clone());
    let (seal_info, open_info, open_sealed) = (info.clone(), info, sealed.clone());
    let (again, again_sealed) = (private_key.clone(), sealed.clone());
    let again_key = public_key.clone();
    vec![
        subject(
            both("X25519 EncryptWithLabel"),
            "the provider's hpke_seal",
            move || {
                let sealed = encrypt_with_label(&suite, &public_key, LABEL, &CONTENT, b"secret", &mut rng());
                black_box(sealed.unwrap());
            },
            move || {
                black_box(suite.hpke_seal(&seal_key, &seal_info, b"", b"secret", &mut rng()).unwrap());
            },
        ),
        subject(
            both("X25519 DecryptWithLabel"),
            "the provider's hpke_open",
            move || {
                black_box(decrypt_with_label(&suite, &private_key, LABEL, &CONTENT, &sealed).unwrap());
            },
            move || {
                black_box(suite.hpke_open(&open_key, &open_sealed, &open_info, b"").unwrap());
            },
        ),
        subject(
            both("X25519 EncryptWithLabel"),
            "its two scalar multiplications",
            move || {
                let sealed = encrypt_with_label(&suite, &again_key, LABEL, &CONTENT, b"secret", &mut rng());
                black_box(sealed.unwrap());
            },
            multiplications,
        ),
        subject(
            both("X25519 DecryptWithLabel"),
            "its two scalar multiplications",
            move || {
                black_box(decrypt_with_label(&suite, &again, LABEL, &CONTENT, &again_sealed).unwrap());
            },
            multiplications,
        ),
    ]
}

fn hashes() -> Vec<Subject> {
    let suite = suite(1);
    let prk = [9; 32];
    let secret = Secret::new(&suite, prk).unwrap();
    let info = [&[0, 32][..], &labelled(&CONTENT)].concat();
    let expand = move |info: &[u8]| {
        let mut output = [0; 32];
        Hkdf::<Sha256>::from_prk(&prk).unwrap().expand(info, &mut output).unwrap();
        output
    };
    let expanded = expand_with_label(&suite, &secret, LABEL, &CONTENT, 32).unwrap();
    assert_eq!(expanded.expose(), expand(&info));

    let value = vec![7; 1000];
    let label = b"MLS 1.0 KeyPackage Reference";
    let input = [&[label.len() as u8], &label[..], &(0x4000_u16 | 1000).to_be_bytes(), &value].concat();
    assert_eq!(&*ref_hash(&suite, label, &value).unwrap(), Sha256::digest(&input).as_slice());

    let epoch_secret = secret.clone();
    let tree_secret = secret.clone();
    let export = move |secret: &Secret| {
        let mut tree = ExporterTree::new(&suite, secret.clone()).unwrap();
        tree.safe_export_secret(&suite, ComponentID(7)).unwrap()
    };
    let path = move |secret: &Secret| {
        let mut node = secret.clone();
        let [left, right] = [&b"left"[..], b"right"]
            .map(|side| [&[0, 32, 12][..], b"MLS 1.0 tree", &[side.len() as u8], side].concat());
        for level in 0..16 {
            let sides = [&left, &right].map(|info| suite.expand(&node, info, 32).unwrap());
            let [left, right] = sides;
            node = if level < 13 { left } else { right };
        }
        node
    };
    assert_eq!(export(&secret), path(&secret));
    vec![
        subject(
            "ExpandWithLabel",
            "hkdf",
            move || {
                black_box(expand_with_label(&suite, &secret, LABEL, black_box(&CONTENT), 32).unwrap());
            },
            move || {
                black_box(expand(black_box(&info)));
            },
        ),
        subject(
            "RefHash of 1000 bytes",
            "sha2",
            move || {
                black_box(ref_hash(&suite, label, black_box(&value)).unwrap());
            },
            move || {
                black_box(Sha256::digest(black_box(&input)));
            },
        ),
        subject(
            "first SafeExportSecret of an epoch",
            "its 32 expansions",
            move || {
                black_box(export(&epoch_secret));
            },
            move || {
                black_box(path(&tree_secret));
            },
        ),
    ]
}

/// The median times of one call of both. They take turns, so that what slows the machine down slows
/// both of them.
fn medians(subject: &Subject) -> [f64; 2] {
    let start = Instant::now();
    (subject.bare)();
    let calls = (2_000_000 / (start.elapsed().as_nanos() as usize + 1)).clamp(1, 2000);
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..61 {
        for (way, times) in [&subject.operation, &subject.bare].into_iter().zip(&mut times) {
            let start = Instant::now();
            (0..calls).for_each(|_| way());
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_nanos() as f64 / calls as f64
    })
}

fn main() {
    let subjects = signatures().into_iter().chain(hpke()).chain(hashes()).chain(messages::subjects());
    #[cfg(feature = "post-quantum")]
    let subjects = subjects.chain(post_quantum::subjects());
    let subjects: Vec<_> = subjects.collect();
    let mut criterion = Criterion::default().configure_from_args();
    for subject in &subjects {
        let mut group = criterion.benchmark_group(format!("{} and {}", subject.name, subject.baseline));
        group.bench_function("operation", |bencher| bencher.iter(|| (subject.operation)()));
        group.bench_function("bare", |bencher| bencher.iter(|| (subject.bare)()));
        group.finish();
    }
    criterion.final_summary();

    println!("ratios, medians of one run:");
    for subject in &subjects {
        let [operation, bare] = medians(subject);
        println!(
            "{}: {:.2} times {} ({:.1} / {:.1} µs)",
            subject.name,
            operation / bare,
            subject.baseline,
            operation / 1000.0,
            bare / 1000.0
        );
    }
}
