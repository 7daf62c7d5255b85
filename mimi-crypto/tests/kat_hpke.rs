//! RFC 9180's vectors, and hpke-rs's encapsulation against this crate's own DeriveKeyPair.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use core::convert::Infallible;

use mimi_codec::code_points::CipherSuite;
use mimi_crypto::{CipherSuiteProvider, HpkePrivateKey, RustCrypto, Secret, generate_hpke_key_pair};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::{TryCryptoRng, TryRng};

/// Gives out these bytes, each once, and panics when asked for more.
struct Script(Vec<u8>);

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("asked for an integer")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("asked for an integer")
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        let rest = self.0.split_off(output.len());
        output.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Script {}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// RFC 9180, A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, sequence
/// number 0.
#[test]
fn seals_as_in_rfc9180_a_1_1() {
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    let ikm_e = hex("7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234");
    let ikm_r = hex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037");
    let (private_key, public_key) =
        suite.derive_hpke_key_pair(&Secret::of_length(ikm_r, 32).unwrap()).unwrap();
    assert_eq!(private_key.expose(), hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"));
    assert_eq!(&*public_key, hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"));

    let info = hex("4f6465206f6e2061204772656369616e2055726e");
    let plaintext = hex("4265617574792069732074727574682c20747275746820626561757479");
    let mut script = Script(ikm_e);
    let sealed = suite.hpke_seal(&public_key, &info, b"Count-0", &plaintext, &mut script).unwrap();
    assert!(script.0.is_empty());
    assert_eq!(&*sealed.kem_output, hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"));
    assert_eq!(
        &*sealed.ciphertext,
        hex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a")
    );
    assert_eq!(suite.hpke_open(&private_key, &sealed, &info, b"Count-0").unwrap().expose(), plaintext);
}

#[test]
fn an_encapsulation_is_derived_from_the_callers_bytes_alone() {
    for number in RustCrypto::CLASSICAL_CIPHER_SUITES {
        let suite = RustCrypto::new(number).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
        let length = suite.parameters().hpke_private_key;
        assert_eq!(private_key.len(), length);
        assert_eq!(public_key.len(), suite.parameters().hpke_public_key);
        for seed in 0..8 {
            let ikm = vec![seed; length];
            let mut script = Script(ikm.clone());
            let sealed = suite.hpke_seal(&public_key, b"info", b"aad", b"plaintext", &mut script).unwrap();
            assert!(script.0.is_empty(), "every byte is used");
            let ephemeral =
                suite.derive_hpke_key_pair(&Secret::of_length(ikm.clone(), length).unwrap()).unwrap().1;
            assert_eq!(&*sealed.kem_output, &*ephemeral);
            let again =
                suite.hpke_seal(&public_key, b"info", b"aad", b"plaintext", &mut Script(ikm)).unwrap();
            assert_eq!(sealed, again);
            let opened = suite.hpke_open(&private_key, &sealed, b"info", b"aad").unwrap();
            assert_eq!(opened.expose(), b"plaintext");
        }
        let _: HpkePrivateKey = private_key;
    }
}
