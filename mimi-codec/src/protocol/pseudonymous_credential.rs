//! Credentials of minimal metadata rooms (mimi-protocol-06 §6.1, mimi-metadata-minimalization-02
//! §3).
//!
//! The struct is in both drafts, with the same fields. Signing, sealing and opening are up to
//! `mimi-pseudonym`.

use alloc::vec::Vec;

use super::IdentifierUri;
use crate::{
    Opaque,
    convention::wire_struct,
    mls::{Credential, SignaturePublicKey},
};

wire_struct! {
    /// A client under a pseudonym (mimi-protocol-06 §6.1).
    ///
    /// The draft leaves out the length of the key; it is a `SignaturePublicKey`, as in MLS.
    ///
    /// ```text
    /// struct {
    ///     IdentifierUri client_pseudonym;
    ///     IdentifierUri user_pseudonym;
    ///     opaque signature_public_key;
    ///     opaque identity_link_ciphertext<V>;
    /// } PseudonymousCredential
    /// ```
    pub struct PseudonymousCredential {
        /// The pseudonym of the client.
        pub client_pseudonym: IdentifierUri,
        /// The pseudonym of its user, the same for all the user's clients in a group.
        pub user_pseudonym: IdentifierUri,
        /// The key that authenticates the client's MLS messages.
        pub signature_public_key: SignaturePublicKey,
        /// The sealed [`IdentityLinkTBE`], a
        /// [`NonceAndCiphertext`](crate::minimal_metadata::NonceAndCiphertext); empty where the
        /// client has no identity link.
        pub identity_link_ciphertext: Opaque,
    }
}

wire_struct! {
    /// What the real credential's key signs of a [`PseudonymousCredential`] (mimi-protocol-06
    /// §6.1).
    ///
    /// ```text
    /// struct {
    ///     IdentifierUri client_pseudonym;
    ///     IdentifierUri user_pseudonym;
    ///     opaque signature_public_key;
    /// } PseudonymousCredentialTBS
    /// ```
    pub struct PseudonymousCredentialTBS {
        /// The pseudonym of the client.
        pub client_pseudonym: IdentifierUri,
        /// The pseudonym of its user.
        pub user_pseudonym: IdentifierUri,
        /// The key that authenticates the client's MLS messages.
        pub signature_public_key: SignaturePublicKey,
    }
}

wire_struct! {
    /// What is sealed in a [`PseudonymousCredential`]: who it is (mimi-protocol-06 §6.1).
    ///
    /// ```text
    /// struct {
    ///     opaque pseudonymous_credential_signature<V>;
    ///     Credential client_credential;
    /// } IdentityLinkTBE
    /// ```
    pub struct IdentityLinkTBE {
        /// The signature over [`PseudonymousCredentialTBS`], label `PseudonymousCredentialTBS`, by
        /// the real credential's key.
        pub pseudonymous_credential_signature: Opaque,
        /// The real credential.
        pub client_credential: Credential,
    }
}

impl PseudonymousCredential {
    /// What the real credential's key signs.
    #[must_use]
    pub fn tbs(&self) -> PseudonymousCredentialTBS {
        PseudonymousCredentialTBS {
            client_pseudonym: self.client_pseudonym.clone(),
            user_pseudonym: self.user_pseudonym.clone(),
            signature_public_key: self.signature_public_key.clone(),
        }
    }
}

impl PseudonymousCredentialTBS {
    /// The credential, once the identity link is sealed.
    #[must_use]
    pub fn with_identity_link(self, identity_link_ciphertext: Opaque) -> PseudonymousCredential {
        PseudonymousCredential {
            client_pseudonym: self.client_pseudonym,
            user_pseudonym: self.user_pseudonym,
            signature_public_key: self.signature_public_key,
            identity_link_ciphertext,
        }
    }
}
