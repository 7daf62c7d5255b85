//! Every refusal of the primitives, by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_codec::{
    associated_parties::AssociatedPartyEntry,
    code_points::CipherSuite,
    mls::{HPKECiphertext, HPKEPublicKey, SignaturePublicKey},
};
use mimi_crypto::{
    AeadKey, ApCommit, ApEpoch, CipherSuiteProvider, CryptoError, ExporterTree, HandshakeKeys,
    HpkePrivateKey, RustCrypto, RustCryptoSigningKey, Secret, SignaturePrivateKey, expand_with_label,
    generate_hpke_key_pair,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use zeroize::ZeroizeOnDrop;

fn suites() -> impl Iterator<Item = RustCrypto> {
    RustCrypto::CIPHER_SUITES.into_iter().map(|suite| RustCrypto::new(suite).unwrap())
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(3)
}

/// The NIST suites of RFC 9420. What post-quantum suites refuse is in `kat_post_quantum.rs`.
fn nist() -> impl Iterator<Item = RustCrypto> {
    [2, 5, 7].into_iter().map(|number| RustCrypto::new(CipherSuite(number)).unwrap())
}

fn edwards() -> RustCrypto {
    RustCrypto::new(CipherSuite(1)).unwrap()
}

fn invalid_length(what: &'static str, expected: usize, actual: usize) -> CryptoError {
    CryptoError::InvalidLength { what, expected, actual }
}

#[test]
fn refuses_secrets_and_keys_of_other_lengths() {
    for suite in suites() {
        let sizes = *suite.parameters();
        for (delta, sign) in [(1, true), (1, false)] {
            let other = |n: usize| if sign { n + delta } else { n - delta };
            let bytes = |n: usize| vec![1; other(n)];
            let expected = |what, n| invalid_length(what, n, other(n));
            assert_eq!(Secret::new(&suite, bytes(sizes.nh)).unwrap_err(), expected("secret", sizes.nh));
            assert_eq!(AeadKey::new(&suite, bytes(sizes.nk)).unwrap_err(), expected("AEAD key", sizes.nk));
            let key = Secret::of_length(bytes(sizes.nk), other(sizes.nk)).unwrap();
            assert_eq!(AeadKey::from_secret(&suite, key).unwrap_err(), expected("AEAD key", sizes.nk));
            let n = sizes.hpke_private_key;
            assert_eq!(HpkePrivateKey::new(&suite, bytes(n)).unwrap_err(), expected("HPKE private key", n));
            let n = sizes.signature_private_key;
            let refused = SignaturePrivateKey::new(&suite, bytes(n)).unwrap_err();
            assert_eq!(refused, expected("signature private key", n));

            let n = sizes.signature_public_key;
            let refused = suite.verify(&SignaturePublicKey::from(bytes(n)), b"", b"").unwrap_err();
            assert_eq!(refused, expected("signature public key", n));
            let n = sizes.hpke_public_key;
            let refused =
                suite.hpke_seal(&HPKEPublicKey::from(bytes(n)), b"", b"", b"", &mut rng()).unwrap_err();
            assert_eq!(refused, expected("HPKE public key", n));

            // A secret of another suite, or of a length of its own.
            let secret = Secret::of_length(bytes(sizes.nh), other(sizes.nh)).unwrap();
            assert_eq!(suite.expand(&secret, b"", 1).unwrap_err(), expected("secret", sizes.nh));
            assert_eq!(suite.extract(&secret, &secret).unwrap_err(), expected("salt", sizes.nh));

            let key = AeadKey::new(&suite, vec![1; sizes.nk]).unwrap();
            let nonce = bytes(sizes.nn);
            assert_eq!(
                suite.aead_seal(&key, &nonce, b"", b"").unwrap_err(),
                expected("AEAD nonce", sizes.nn)
            );
            assert_eq!(
                suite.aead_open(&key, &nonce, b"", b"").unwrap_err(),
                expected("AEAD nonce", sizes.nn)
            );
        }
        // RFC 9420 §7.4 derives key pairs from KDF.Nh bytes.
        let least = sizes.hpke_private_key.min(sizes.nh);
        let short = Secret::of_length(vec![1; least - 1], least - 1).unwrap();
        let refused = suite.derive_hpke_key_pair(&short).unwrap_err();
        assert_eq!(refused, invalid_length("ikm", least, least - 1));
    }
}

#[test]
fn refuses_keys_of_another_suite() {
    let (suite, other) = (edwards(), RustCrypto::new(CipherSuite(5)).unwrap());
    let key = AeadKey::new(&other, vec![1; 32]).unwrap();
    assert_eq!(suite.aead_seal(&key, &[0; 12], b"", b"").unwrap_err(), invalid_length("AEAD key", 16, 32));
    let key = SignaturePrivateKey::new(&other, vec![1; 66]).unwrap();
    assert_eq!(suite.signing_key(&key).unwrap_err(), invalid_length("signature private key", 32, 66));
    let key = HpkePrivateKey::new(&other, vec![1; 66]).unwrap();
    let ciphertext = HPKECiphertext { kem_output: vec![1; 32].into(), ciphertext: vec![].into() };
    let refused = suite.hpke_open(&key, &ciphertext, b"", b"").unwrap_err();
    assert_eq!(refused, invalid_length("HPKE private key", 32, 66));

    // P-256's signing key has the length of Ed25519's.
    let p256 = RustCrypto::new(CipherSuite(2)).unwrap();
    let key = p256.signing_key(&p256.generate_signature_key(&mut rng()).unwrap()).unwrap();
    assert_eq!(
        suite.sign(&key, b"", &mut rng()).unwrap_err(),
        CryptoError::InvalidKey { what: "signing key" }
    );
}

#[test]
fn refuses_scalars_out_of_range() {
    for suite in nist() {
        let n = suite.parameters().signature_private_key;
        for scalar in [vec![0; n], vec![0xff; n]] {
            let key = SignaturePrivateKey::new(&suite, scalar.clone()).unwrap();
            let refused = suite.signing_key(&key).unwrap_err();
            assert_eq!(refused, CryptoError::InvalidKey { what: "signature private key" });
            let key = HpkePrivateKey::new(&suite, scalar).unwrap();
            let ciphertext = HPKECiphertext { kem_output: vec![].into(), ciphertext: vec![].into() };
            let refused = suite.hpke_open(&key, &ciphertext, b"", b"").unwrap_err();
            assert_eq!(refused, CryptoError::InvalidKey { what: "HPKE private key" });
        }
    }
}

#[test]
fn refuses_points_off_the_curve_and_compressed_points() {
    for suite in nist() {
        let (_, public_key) = generate_hpke_key_pair(&suite, &mut rng()).unwrap();
        let mut off_curve = public_key.to_vec();
        *off_curve.last_mut().unwrap() ^= 1;
        let mut hybrid = public_key.to_vec();
        hybrid[0] = 6 | (public_key.last().unwrap() & 1);
        for bytes in [off_curve, hybrid, vec![0; public_key.len()]] {
            let refused =
                suite.hpke_seal(&HPKEPublicKey::from(bytes.clone()), b"", b"", b"", &mut rng()).unwrap_err();
            assert_eq!(refused, CryptoError::InvalidKey { what: "HPKE public key" });
            let refused = suite.verify(&SignaturePublicKey::from(bytes), b"", b"").unwrap_err();
            assert_eq!(refused, CryptoError::InvalidKey { what: "signature public key" });
        }
        let mut compressed = public_key[..suite.parameters().hpke_private_key + 1].to_vec();
        compressed[0] = 2 | (public_key.last().unwrap() & 1);
        let (expected, actual) = (public_key.len(), compressed.len());
        let refused = suite.verify(&SignaturePublicKey::from(compressed), b"", b"").unwrap_err();
        assert_eq!(refused, invalid_length("signature public key", expected, actual));
    }
}

#[test]
fn refuses_edwards_and_montgomery_points_of_small_order() {
    let suite = edwards();
    let mut identity = vec![0; 32];
    identity[0] = 1;
    // R the identity and s zero: verifies for every message under the identity, were it not
    // refused.
    let forged = [&identity[..], &[0; 32]].concat();
    for key in [identity, vec![0; 32]] {
        let refused = suite.verify(&SignaturePublicKey::from(key), b"any message", &forged).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidKey { what: "signature public key" });
    }
    for u in [0, 1] {
        let mut key = vec![0; 32];
        key[0] = u;
        let refused = suite.hpke_seal(&HPKEPublicKey::from(key), b"", b"", b"", &mut rng()).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidKey { what: "HPKE public key" });
    }
}

/// The owner of a good key can make signatures whose `R` is the identity, with
/// `s = H(R || A || M) a`. They satisfy RFC 8032's equation.
#[test]
fn refuses_r_of_small_order_under_a_good_key() {
    let key = hex::decode("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8").unwrap();
    let cases = [
        (&b"message"[..], "e404f4e96e0b12dc6c3ec416ed1d5e91b66a37ca15a8b36c06938736133a2d0c"),
        (b"massage", "8d1f56040def7ccb680127ad7308c15e93dd34c936d2eecd018dc89e43521009"),
    ];
    for (message, s) in cases {
        let mut signature = vec![0; 32];
        signature[0] = 1;
        signature.extend(hex::decode(s).unwrap());
        // Who does not look at R accepts it.
        let lenient = ed25519_dalek::VerifyingKey::from_bytes(key.as_slice().try_into().unwrap()).unwrap();
        let parsed = ed25519_dalek::Signature::from_slice(&signature).unwrap();
        ed25519_dalek::Verifier::verify(&lenient, message, &parsed).unwrap();
        for suite in [1, 3].map(|number| RustCrypto::new(CipherSuite(number)).unwrap()) {
            let refused = suite.verify(&SignaturePublicKey::from(key.clone()), message, &signature);
            assert_eq!(refused, Err(CryptoError::InvalidSignature));
        }
    }
}

/// RFC 8032 §5.1.3: a y of 2^255 - 19 or more is no encoding; else some keys would have two.
#[test]
fn refuses_ed25519_keys_that_are_not_reduced() {
    let suite = edwards();
    // The y below 19 that belong to points, and the same y once more beyond the field's order.
    for y in [3, 4, 5, 6, 9, 10, 14, 15, 16, 18] {
        let mut reduced = vec![0; 32];
        reduced[0] = y;
        let mut beyond = vec![0xff; 32];
        (beyond[0], beyond[31]) = (0xed + y, 0x7f);
        for sign in [0, 0x80] {
            (reduced[31], beyond[31]) = (sign, 0x7f | sign);
            let verify = |key: &[u8]| suite.verify(&SignaturePublicKey::from(key.to_vec()), b"", &[0; 64]);
            assert_eq!(verify(&reduced), Err(CryptoError::InvalidSignature));
            let refused = Err(CryptoError::InvalidKey { what: "signature public key" });
            assert_eq!(verify(&beyond), refused, "{y} {sign}");
        }
    }
    // A y without a point.
    let mut no_point = vec![0; 32];
    no_point[0] = 2;
    let refused = suite.verify(&SignaturePublicKey::from(no_point), b"", &[0; 64]);
    assert_eq!(refused, Err(CryptoError::InvalidKey { what: "signature public key" }));
}

/// The edge cases that Ed25519 stacks disagree about. Numbers 4 and 5 satisfy the equation with the
/// cofactor alone; the others have parts of small order or in no canonical form.
#[test]
fn of_the_twelve_eddsa_vectors_accepts_number_3_alone() {
    let data: serde_json::Value = serde_json::from_str(include_str!("data/eddsa-edge-cases.json")).unwrap();
    let cases = data["cases"].as_array().unwrap();
    let bytes = |case: &serde_json::Value, field: &str| hex::decode(case[field].as_str().unwrap()).unwrap();
    for suite in [1, 3].map(|number| RustCrypto::new(CipherSuite(number)).unwrap()) {
        let accepted: Vec<_> = cases
            .iter()
            .map(|case| {
                let key = SignaturePublicKey::from(bytes(case, "public_key"));
                suite.verify(&key, &bytes(case, "message"), &bytes(case, "signature")).is_ok()
            })
            .collect();
        let expected: Vec<_> = (0..12).map(|number| number == 3).collect();
        assert_eq!(accepted, expected);
    }
}

#[test]
fn refuses_signatures_that_are_malformed_or_not_this_one() {
    for suite in suites() {
        let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng()).unwrap()).unwrap();
        let public_key = suite.signature_public_key(&signing_key);
        let signature = suite.sign(&signing_key, b"message", &mut rng()).unwrap();
        suite.verify(&public_key, b"message", &signature).unwrap();

        let verify = |signature: &[u8]| suite.verify(&public_key, b"message", signature);
        assert_eq!(suite.verify(&public_key, b"massage", &signature), Err(CryptoError::InvalidSignature));
        let other = suite.sign(&signing_key, b"massage", &mut rng()).unwrap();
        assert_eq!(verify(&other), Err(CryptoError::InvalidSignature));
        let longer = [&signature[..], &[0]].concat();
        for malformed in [&b""[..], &signature[1..], &signature[..signature.len() - 1], &longer] {
            assert_eq!(verify(malformed), Err(CryptoError::MalformedSignature));
        }
        if suite.parameters().signature_public_key == 32 {
            // s + order: the same equation, another encoding (RFC 8032 §5.1.7).
            let order =
                hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
            let mut carry = 0;
            let mut malleable = signature.clone();
            for (byte, add) in malleable[32..].iter_mut().zip(order) {
                let sum = u16::from(*byte) + u16::from(add) + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
            assert!(matches!(
                verify(&malleable),
                Err(CryptoError::MalformedSignature | CryptoError::InvalidSignature)
            ));
        } else {
            // The length of the sequence in two bytes where one does, or in three where two do:
            // BER, not DER.
            let header = if signature[1] == 0x81 { vec![0x30, 0x82, 0] } else { vec![0x30, 0x81] };
            let body = if signature[1] == 0x81 { &signature[2..] } else { &signature[1..] };
            assert_eq!(verify(&[&header[..], body].concat()), Err(CryptoError::MalformedSignature));
        }
    }
}

#[test]
fn refuses_tags_that_are_shortened_or_changed() {
    for suite in suites() {
        let key = Secret::new(&suite, vec![1; suite.parameters().nh]).unwrap();
        let tag = suite.mac(&key, &[b"mess", b"age"]).unwrap();
        suite.verify_mac(&key, &[b"message"], &tag).unwrap();
        let mut changed = tag.to_vec();
        changed[0] ^= 1;
        for tag in [&tag[..tag.len() - 1], &[], &changed] {
            assert_eq!(suite.verify_mac(&key, &[b"message"], tag), Err(CryptoError::InvalidTag));
        }
        assert_eq!(suite.verify_mac(&key, &[b"massage"], &tag), Err(CryptoError::InvalidTag));
    }
}

#[test]
fn refuses_ciphertexts_that_were_changed() {
    for suite in suites() {
        let key = AeadKey::new(&suite, vec![1; suite.parameters().nk]).unwrap();
        let nonce = vec![2; suite.parameters().nn];
        let sealed = suite.aead_seal(&key, &nonce, b"aad", b"plaintext").unwrap();
        assert_eq!(suite.aead_open(&key, &nonce, b"aad", &sealed).unwrap().expose(), b"plaintext");
        let mut changed = sealed.clone();
        changed[0] ^= 1;
        for (aad, ciphertext) in
            [(&b"aae"[..], &sealed[..]), (b"aad", &changed), (b"aad", &sealed[1..]), (b"aad", b"")]
        {
            let refused = suite.aead_open(&key, &nonce, aad, ciphertext);
            assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        }

        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng()).unwrap();
        let sealed = suite.hpke_seal(&public_key, b"info", b"aad", b"plaintext", &mut rng()).unwrap();
        let open = |sealed: &HPKECiphertext| suite.hpke_open(&private_key, sealed, b"info", b"aad");
        assert_eq!(open(&sealed).unwrap().expose(), b"plaintext");
        for index in [0, 1, sealed.kem_output.len() - 1] {
            let mut kem_output = sealed.kem_output.to_vec();
            kem_output[index] ^= 1;
            let refused = open(&HPKECiphertext { kem_output: kem_output.into(), ..sealed.clone() });
            assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        }
        for kem_output in [vec![], sealed.kem_output[1..].to_vec(), vec![0; sealed.kem_output.len()]] {
            let refused = open(&HPKECiphertext { kem_output: kem_output.into(), ..sealed.clone() });
            assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        }
        let refused = suite.hpke_open(&private_key, &sealed, b"info", b"");
        assert_eq!(refused, Err(CryptoError::DecryptionFailed));
    }
}

#[test]
fn refuses_outputs_beyond_the_kdf() {
    for suite in suites() {
        let nh = suite.parameters().nh;
        let secret = Secret::new(&suite, vec![1; nh]).unwrap();
        let most = 255 * nh;
        assert_eq!(expand_with_label(&suite, &secret, b"", b"", most).unwrap().len(), most);
        for length in [most + 1, 0x1_0000] {
            let refused = expand_with_label(&suite, &secret, b"", b"", length);
            assert_eq!(refused, Err(CryptoError::OutputTooLong { length }));
        }
    }
}

#[test]
fn secrets_show_nothing() {
    let suite = edwards();
    let secret = Secret::new(&suite, vec![0x41; 32]).unwrap();
    assert_eq!(format!("{secret:?}"), "Secret([redacted])");
    let key = suite.generate_signature_key(&mut rng()).unwrap();
    assert_eq!(format!("{key:?}"), "SignaturePrivateKey([redacted])");
    assert_eq!(format!("{:?}", suite.signing_key(&key).unwrap()), "RustCryptoSigningKey([redacted])");
    assert_ne!(secret, Secret::new(&suite, vec![0x42; 32]).unwrap());
    let key = AeadKey::new(&suite, vec![0x41; 16]).unwrap();
    assert_eq!(format!("{key:?}"), "AeadKey([redacted])");
    let private_key = HpkePrivateKey::new(&suite, vec![0x41; 32]).unwrap();
    assert_eq!(format!("{private_key:?}"), "HpkePrivateKey([redacted])");
    let keys = HandshakeKeys { key: &key, nonce: &secret, generation: 3, sender_data_secret: &secret };
    assert_eq!(
        format!("{keys:?}"),
        "HandshakeKeys { key: AeadKey([redacted]), nonce: Secret([redacted]), generation: 3, sender_data_secret: Secret([redacted]) }"
    );
    let tree = ExporterTree::new(&suite, secret.clone()).unwrap();
    assert_eq!(format!("{tree:?}"), "ExporterTree { nodes: {(0, 0): Secret([redacted])} }");
    let epoch = ApEpoch::from_epoch_secret(&suite, &secret).unwrap();
    assert_eq!(
        format!("{epoch:?}"),
        "ApEpoch { init_secret: Secret([redacted]), exporter_secret: Secret([redacted]) }"
    );
    let encryption_key = HPKEPublicKey::from(vec![1; 32]);
    let entry = AssociatedPartyEntry { encryption_key, external_sender_index: 0, signature: vec![].into() };
    let commit = ApCommit::derive(&suite, &secret, 0, &entry).unwrap();
    assert_eq!(
        format!("{commit:?}"),
        "ApCommit { base_secret: Secret([redacted]), secret: Secret([redacted]), secret_id: Secret([redacted]) }"
    );
}

/// The marker stands on each type as long as the ones that hold its bytes have it, down to
/// `zeroize`'s own and the curves'.
#[test]
fn secrets_are_erased_when_they_are_dropped() {
    fn erased<T: ZeroizeOnDrop>() {}
    erased::<Secret>();
    erased::<AeadKey>();
    erased::<HpkePrivateKey>();
    erased::<SignaturePrivateKey>();
    erased::<RustCryptoSigningKey>();
}
