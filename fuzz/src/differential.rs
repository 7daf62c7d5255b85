//! Others' code on the same input: mls-rs for MLS, ciborium and minicbor for CBOR, mls-rs's
//! provider for the labelled operations.

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::code_points::CipherSuite;
use mimi_codec::mls::{HPKECiphertext, MLSMessage, SignaturePublicKey};
use mimi_codec::{Decode, DecodeErrorKind};
use mimi_content::MimiContentRef;
use mimi_crypto::{
    CipherSuiteProvider, HpkePrivateKey, RustCrypto, Secret, decrypt_with_label, derive_secret,
    expand_with_label, sign_with_label, verify_with_label,
};
use minicbor::data::Token;
use mls_rs::{CipherSuiteProvider as _, CryptoProvider, MlsMessage};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// MLS messages: mls-rs and we agree, but for what `docs/readings.md` lists.
pub fn mls(data: &[u8]) {
    let ours = MLSMessage::decode_exact(data);
    let theirs = MlsMessage::from_bytes(data);
    match (ours, theirs) {
        (Ok(_), Ok(theirs)) => {
            assert_eq!(theirs.to_bytes().expect("what was decoded can be encoded"), data);
        }
        // mls-rs has no leaf indexes of 2^24 and more, and nothing of the drafts after RFC 9420.
        (Ok(ours), Err(error)) => {
            let large_leaf = error.to_string().contains("mls codec error: 6");
            assert!(large_leaf || is_of_later_drafts(&ours), "they refuse: {error}\n{ours:?}");
        }
        (Err(error), Ok(theirs)) => {
            // Unknown credentials, proposals and versions, and senders that may not send this,
            // which mls-rs checks later.
            let known = matches!(
                error.kind(),
                DecodeErrorKind::UnknownValue { .. } | DecodeErrorKind::ForbiddenValue { .. }
            );
            // Proposals and credentials of later drafts are one opaque vector to mls-rs, which may
            // end elsewhere than our structs.
            let path = error.path().to_string();
            let extension = path.contains("proposal")
                || path.contains("credential")
                || path.contains("content")
                || format!("{theirs:?}").contains("Custom(");
            assert!(known || extension, "we refuse: {error}\n{theirs:?}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn is_of_later_drafts(message: &MLSMessage) -> bool {
    let shown = format!("{message:?}");
    let names = [
        "SemiPrivate",
        "Pseudonymous",
        "Multi",
        "AppDataUpdate",
        "AppEphemeral",
        "SelfRemove",
        "Application {",
        "APQMessagePair",
        "PrivateExternalMessage",
    ];
    names.iter().any(|name| shown.contains(name))
}

/// A message that we accept is CBOR to others as well, and the shortest that they can write.
pub fn cbor(data: &[u8]) {
    if MimiContentRef::decode(data).is_err() {
        return;
    }
    let mut ordinary = true;
    let mut again = minicbor::Encoder::new(Vec::new());
    for token in minicbor::decode::Tokenizer::new(data) {
        let token = token.expect("minicbor reads it");
        // ciborium has no simple values without a meaning, and takes `undefined` for null.
        ordinary &= !matches!(token, Token::Undefined | Token::Simple(_));
        again.encode(token).expect("minicbor writes it");
    }
    assert_eq!(again.into_writer(), data, "minicbor writes it otherwise");
    if ordinary {
        let value: ciborium::Value = ciborium::from_reader(data).expect("ciborium reads it");
        let mut again = Vec::new();
        ciborium::into_writer(&value, &mut again).expect("ciborium writes it");
        assert_eq!(again, data, "ciborium writes it otherwise: {value:?}");
    }
}

#[derive(Arbitrary, Debug)]
struct Operation<'a> {
    suite: u8,
    seed: u64,
    label: &'a [u8],
    context: &'a [u8],
    content: &'a [u8],
    flip: u16,
}

/// MLS's labels, written out once more.
fn labelled(label: &[u8], rest: &[u8]) -> Vec<u8> {
    let full = [b"MLS 1.0 ", label].concat();
    let mut out = vector(&full);
    out.extend(vector(rest));
    out
}

fn vector(data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("small");
    let mut out = match length {
        0..=63 => vec![length as u8],
        64..=16383 => (0x4000 | length as u16).to_be_bytes().to_vec(),
        _ => (0x8000_0000 | length).to_be_bytes().to_vec(),
    };
    out.extend_from_slice(data);
    out
}

/// Labelled operations of one side are understood by the other, and one changed bit by none.
pub fn crypto(data: &[u8]) {
    let Ok(operation) = Operation::arbitrary(&mut Unstructured::new(data)) else { return };
    let number = [1, 2, 3, 7][usize::from(operation.suite % 4)];
    let ours = RustCrypto::new(CipherSuite(number)).expect("known");
    let provider = RustCryptoProvider::default();
    let Some(theirs) = provider.cipher_suite_provider(number.into()) else { return };
    let mut rng = ChaCha20Rng::seed_from_u64(operation.seed);
    let Operation { label, context, content, .. } = operation;

    assert_eq!(ours.hash(&[content]), theirs.hash(content).expect("hashes"));

    let secret: Vec<u8> = (0..theirs.kdf_extract_size()).map(|i| (operation.seed >> (i % 8)) as u8).collect();
    let ours_secret = Secret::new(&ours, secret.clone()).expect("of the right length");
    let length = u16::try_from(theirs.kdf_extract_size()).expect("small");
    let mut info = length.to_be_bytes().to_vec();
    info.extend(labelled(label, context));
    let expanded = theirs.kdf_expand(&secret, &info, usize::from(length)).expect("expands");
    let ours_expanded =
        expand_with_label(&ours, &ours_secret, label, context, length.into()).expect("expands");
    assert_eq!(ours_expanded.expose(), &expanded[..]);
    if context.is_empty() {
        assert_eq!(derive_secret(&ours, &ours_secret, label).expect("derives").expose(), &expanded[..]);
    }

    let private_key = ours.generate_signature_key(&mut rng).expect("a key");
    let signing_key = ours.signing_key(&private_key).expect("a key");
    let public_key = ours.signature_public_key(&signing_key);
    let signature = sign_with_label(&ours, &signing_key, label, content, &mut rng).expect("signs");
    let signed = labelled(label, content);
    let their_key = public_key.as_slice().to_vec().into();
    theirs.verify(&their_key, &signature, &signed).expect("they verify what we sign");
    let mut damaged = signature.clone();
    let bit = usize::from(operation.flip) % (damaged.len() * 8);
    damaged[bit / 8] ^= 1 << (bit % 8);
    let we =
        verify_with_label(&ours, &SignaturePublicKey::from(public_key.as_slice()), label, content, &damaged);
    let they = theirs.verify(&their_key, &damaged, &signed);
    assert_eq!(we.is_ok(), they.is_ok(), "a damaged signature");
    assert!(we.is_err());

    if content.is_empty() {
        return; // mls-rs seals no empty plaintext
    }
    let (their_private, their_public) = theirs.kem_derive(&expanded).expect("a key pair");
    let sealed = theirs.hpke_seal(&their_public, &labelled(label, context), None, content).expect("seals");
    let private_key = HpkePrivateKey::new(&ours, their_private.as_ref()).expect("a private key");
    let sealed =
        HPKECiphertext { kem_output: sealed.kem_output.into(), ciphertext: sealed.ciphertext.into() };
    let opened =
        decrypt_with_label(&ours, &private_key, label, context, &sealed).expect("we open what they seal");
    assert_eq!(opened.expose(), content);
}
