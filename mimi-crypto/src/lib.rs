//! The labelled operations of MLS (RFC 9420), per cipher suite, behind one small trait.
//!
//! Implementations of MIMI next to an MLS stack sign, seal and derive with this crate what the
//! endpoints, the hub and the associated parties need, with the primitives of their choice:
//! [`RustCrypto`] is there by default, an HSM or another library takes one implementation of
//! [`CipherSuiteProvider`].
//!
//! - Pure: no clock, no I/O, and randomness only from the generator that you hand in. The same
//!   inputs give the same bytes.
//! - Secrets are zeroized on drop, redacted in debug output, compared in constant time, and their
//!   lengths are checked on the way in.
//! - `no_std` with `alloc`. The group's state, its epochs and the deletion of what was consumed are
//!   your MLS stack's; whose a public key is, is for your credential checks.
//!
//! ```
//! use mimi_codec::code_points::CipherSuite;
//! use mimi_crypto::{CipherSuiteProvider, CryptoError, RustCrypto, sign_with_label, verify_with_label};
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::seed_from_u64(1);
//!
//! let suite = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519)?;
//! let private_key = suite.generate_signature_key(&mut rng)?;
//! let signing_key = suite.signing_key(&private_key)?;
//! let public_key = suite.signature_public_key(&signing_key);
//!
//! let signature = sign_with_label(&suite, &signing_key, b"GroupInfoRequestTBS", b"a request", &mut rng)?;
//! verify_with_label(&suite, &public_key, b"GroupInfoRequestTBS", b"a request", &signature)?;
//!
//! // Under another label, the signature is worth nothing.
//! let elsewhere = verify_with_label(&suite, &public_key, b"KeyMaterialRequestTBS", b"a request", &signature);
//! assert_eq!(elsewhere, Err(CryptoError::InvalidSignature));
//! # Ok::<(), CryptoError>(())
//! ```
//!
//! # Features
//! - `rustcrypto` (default): the provider [`RustCrypto`], suites 1, 2, 3, 5 and 7.
//! - `post-quantum`: the suites of mls-pq-ciphersuites-06 in `RustCrypto`: ML-KEM, its hybrids with
//!   ECDH, and ML-DSA.
#![no_std]
#![forbid(unsafe_code)]

#[macro_use]
extern crate alloc;

mod apq;
mod associated_party;
mod associated_party_list;
mod component;
mod credential_binding;
mod error;
mod exporter_tree;
mod group_info;
mod key_material;
mod key_package;
mod label;
mod leaf_operation;
mod private_external;
mod provider;
mod reference;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;
mod secret;
mod semi_private;
#[cfg(feature = "rustcrypto")]
pub mod small_space_prp;
mod tree;
mod virtual_client;

pub use apq::{ApqPsk, ApqSuitesError, check_apq_suites};
pub use associated_party::{
    AgreedApCommit, ApCommit, ApEpoch, VerifiedAssociatedPartyEntry, ap_epoch_secret, ap_init_secrets,
    associated_party_secrets, sign_associated_party_entry, verify_associated_party_entry,
};
pub use associated_party_list::{
    AssociatedPartyProposal, ChangedAssociatedParties, ChangedAssociatedParty,
    apply_associated_party_proposals,
};
pub use component::{
    safe_decrypt_with_label, safe_encrypt_with_label, safe_sign_with_label, safe_verify_with_label,
};
pub use credential_binding::{
    VerifiedMultiCredential, sign_credential_binding, verify_credential_binding, verify_multi_credential,
};
pub use error::CryptoError;
pub use exporter_tree::ExporterTree;
pub use group_info::{
    VerifiedGroupInfo, VerifiedGroupInfoRequest, VerifiedGroupInfoResponse, answer_group_info_request,
    sign_group_info_request, verify_group_info, verify_group_info_request, verify_group_info_response,
};
pub use key_material::{VerifiedKeyMaterialRequest, sign_key_material_request, verify_key_material_request};
pub use key_package::{VerifiedKeyPackage, verify_key_package};
pub use label::{
    LabelledSignature, decrypt_with_label, derive_secret, derive_tree_secret, encrypt_with_label,
    expand_with_label, sign_with_label, verify_all_with_label, verify_batch_with_label, verify_with_label,
};
pub use leaf_operation::{
    VerifiedLeafOperationIntent, leaf_node_ref, sign_leaf_operation_intent, verify_leaf_operation_intent,
};
pub use private_external::{
    VerifiedExternalEncryptionInfo, external_encryption_key_pair, open_private_external_message,
    seal_private_external_message, sign_external_encryption_info, verify_external_encryption_info,
};
pub use provider::{
    CipherSuiteParameters, CipherSuiteProvider, SignedMessage, generate_hpke_key_pair, random_secret,
};
pub use reference::{key_package_ref, proposal_ref, ref_hash};
#[cfg(feature = "rustcrypto")]
pub use rustcrypto::{RustCrypto, RustCryptoSigningKey};
pub use secret::{AeadKey, HpkePrivateKey, Secret, SignaturePrivateKey};
pub use semi_private::{
    HandshakeKeys, UnauthenticatedHandshake, VerifiedHandshake, external_receiver_ref,
    open_as_external_receiver, open_as_external_receiver_with, open_as_member, open_as_member_with,
    open_sender_data, seal_semi_private_message, semi_private_tbs,
};

pub use tree::{tree_hash, verify_leaf_node};
pub use virtual_client::{EmulationEpoch, MAX_SKIPPED_OPERATIONS, OperationSecret};

/// The README's example runs too.
#[cfg(all(doctest, feature = "rustcrypto"))]
#[doc = include_str!("../README.md")]
struct Readme;
