//! Keys, tags and ciphertexts.

use alloc::vec::Vec;

use crate::{Opaque, convention::wire_struct, octets::opaque_type};

opaque_type! {
    /// `opaque HPKEPublicKey<V>` (RFC 9420 §5.1.1): a public key of the cipher suite's KEM.
    ///
    /// ```text
    /// opaque HPKEPublicKey<V>;
    /// ```
    pub struct HPKEPublicKey;

    /// `opaque SignaturePublicKey<V>` (RFC 9420 §5.1.1): a public key of the cipher suite's
    /// signature scheme.
    ///
    /// ```text
    /// opaque SignaturePublicKey<V>;
    /// ```
    pub struct SignaturePublicKey;

    /// `opaque MAC<V>` (RFC 9420 §6.1): a tag of the cipher suite's HMAC. It travels in the open
    /// and is no secret.
    ///
    /// ```text
    /// opaque MAC<V>;
    /// ```
    pub struct MAC;
}

wire_struct! {
    /// A single-shot HPKE ciphertext (RFC 9420 §7.6).
    ///
    /// ```text
    /// struct {
    ///     opaque kem_output<V>;
    ///     opaque ciphertext<V>;
    /// } HPKECiphertext;
    /// ```
    pub struct HPKECiphertext {
        /// The KEM's encapsulated key.
        pub kem_output: Opaque,
        /// The sealed plaintext and its tag.
        pub ciphertext: Opaque,
    }
}
