//! The Safe Application Interface: what is made for one component fails for another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_codec::code_points::ComponentID;
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, RustCrypto, decrypt_with_label, generate_hpke_key_pair,
    safe_decrypt_with_label, safe_encrypt_with_label, safe_sign_with_label, safe_verify_with_label,
    verify_with_label,
};
use proptest::prelude::*;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_made_for_one_component_fails_for_another(
        suite in prop::sample::select(&RustCrypto::CIPHER_SUITES[..]),
        seed: u64,
        (component, other) in (any::<u16>(), 1u16..).prop_map(|(a, b)| (a, a ^ b)),
        label in prop::collection::vec(any::<u8>(), 0..40),
        content in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let suite = RustCrypto::new(suite).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (component, other) = (ComponentID(component), ComponentID(other));

        let key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let public_key = suite.signature_public_key(&key);
        let signature = safe_sign_with_label(&suite, &key, component, &label, &content, &mut rng).unwrap();
        let verify = |component, label: &[u8], content: &[u8]| {
            safe_verify_with_label(&suite, &public_key, component, label, content, &signature)
        };
        prop_assert_eq!(verify(component, &label, &content), Ok(()));
        prop_assert_eq!(verify(other, &label, &content), Err(CryptoError::InvalidSignature));
        let longer = [&label[..], b"x"].concat();
        prop_assert_eq!(verify(component, &longer, &content), Err(CryptoError::InvalidSignature));
        let bare = verify_with_label(&suite, &public_key, &label, &content, &signature);
        prop_assert_eq!(bare, Err(CryptoError::InvalidSignature));

        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
        let sealed =
            safe_encrypt_with_label(&suite, &public_key, component, &label, b"context", &content, &mut rng).unwrap();
        let open = |component, label: &[u8], context: &[u8]| {
            safe_decrypt_with_label(&suite, &private_key, component, label, context, &sealed)
        };
        let opened = open(component, &label, b"context").unwrap();
        prop_assert_eq!(opened.expose(), &content[..]);
        prop_assert_eq!(open(other, &label, b"context"), Err(CryptoError::DecryptionFailed));
        prop_assert_eq!(open(component, &longer, b"context"), Err(CryptoError::DecryptionFailed));
        prop_assert_eq!(open(component, &label, b""), Err(CryptoError::DecryptionFailed));
        let bare = decrypt_with_label(&suite, &private_key, &label, b"context", &sealed);
        prop_assert_eq!(bare, Err(CryptoError::DecryptionFailed));
    }
}

/// The label is the encoded ComponentOperationLabel: `MLS Component`, the number, the label.
#[test]
fn the_label_is_the_encoded_component_operation_label() {
    let suite = RustCrypto::new(RustCrypto::CIPHER_SUITES[0]).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
    let signature =
        safe_sign_with_label(&suite, &key, ComponentID(7), b"label", b"content", &mut rng).unwrap();
    let label = b"\x0dMLS Component\x00\x07\x05label";
    verify_with_label(&suite, &suite.signature_public_key(&key), label, b"content", &signature).unwrap();
}
