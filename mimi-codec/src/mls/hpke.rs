//! Keys and ciphertexts of HPKE.

use alloc::vec::Vec;

use crate::{Opaque, convention::wire_struct};

wire_struct! {
    /// A single-shot HPKE ciphertext (RFC 9420, 7.6).
    pub struct HPKECiphertext {
        /// The KEM's encapsulated key.
        pub kem_output: Opaque,
        /// The sealed plaintext and its tag.
        pub ciphertext: Opaque,
    }
}
