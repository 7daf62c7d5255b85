//! OpenMLS as the MLS stack of a MIMI room.
//!
//! - **[`PublicStack`]** follows a group from outside, as a hub does, with OpenMLS's `PublicGroup`.
//! - **[`MemberStack`]** is a client's `MlsGroup` with the signer of its leaf. It comes from
//!   creating a group, from [`join_by_welcome`], or from [`join_externally`].
//! - **[`of_openmls`]** and **[`to_openmls`]** carry values over: both sides encode as RFC 9420
//!   does, so bytes are the only bridge.
//!
//! OpenMLS has no SemiPrivateMessage; both stacks refuse one.
//!
//! # Example
//!
//! ```
//! use mimi_openmls::{MemberStack, PublicStack, group_config};
//! use mimi_room::MlsStack;
//! use openmls::prelude::{Ciphersuite, CredentialWithKey, MlsGroup};
//! use openmls_rust_crypto::OpenMlsRustCrypto;
//! # use std::sync::Arc;
//! # use openmls::prelude::{BasicCredential, OpenMlsCrypto, OpenMlsProvider, SignatureScheme};
//! # use openmls_traits::signatures::{Signer, SignerError};
//! # struct Key(Vec<u8>);
//! # impl Signer for Key {
//! #     fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
//! #         let provider = OpenMlsRustCrypto::default();
//! #         let signed = provider.crypto().sign(SignatureScheme::ED25519, payload, &self.0);
//! #         signed.map_err(|_| SignerError::SigningError)
//! #     }
//! #     fn signature_scheme(&self) -> SignatureScheme { SignatureScheme::ED25519 }
//! # }
//! # let provider = Arc::new(OpenMlsRustCrypto::default());
//! # let (private_key, public_key) = provider.crypto().signature_key_gen(SignatureScheme::ED25519)?;
//! # let signer = Arc::new(Key(private_key));
//! # let credential = BasicCredential::new(b"mimi://a.example/d/phone".to_vec()).into();
//!
//! // Alice creates a group, whose first member she is.
//! let suite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
//! let config = group_config(2).ciphersuite(suite).build();
//! let alice = CredentialWithKey { credential, signature_key: public_key.into() };
//! let group = MlsGroup::new(&*provider, &*signer, &config, alice)?;
//! let member = MemberStack::new(provider, signer, group);
//!
//! // A hub follows the group from outside, by its GroupInfo and tree.
//! let (group_info, tree) = (member.group_info()?, member.ratchet_tree()?);
//! let hub = PublicStack::follow(Arc::new(OpenMlsRustCrypto::default()), &group_info, &tree)?;
//! assert_eq!(hub.group().group_context().epoch().as_u64(), 0);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod bridge;
mod member;
mod public;

pub use bridge::{StackError, of_openmls, to_openmls};
pub use member::{MemberStack, MemberStaged, group_config, join_by_welcome, join_config, join_externally};
pub use public::PublicStack;
