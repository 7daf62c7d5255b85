//! A leaf's consent to another leaf under its user pseudonym. **A construction of this library, in
//! no draft.**
//!
//! Anyone can write a PseudonymousCredential with any pseudonym: the hub cannot open its link, and
//! without a link there is none. Yet hub and members judge a leaf by the role of its user
//! pseudonym. So a leaf comes under a user pseudonym that is present only if a leaf of that
//! pseudonym agrees:
//!
//! - the Add proposal was sent by a leaf of that pseudonym; or
//! - the joiner's external commit carries a [`PseudonymConsent`], signed with the key of a present
//!   leaf.
//!
//! A client that joins again and removes its own earlier leaf signs with the key of that leaf. A
//! client that lost its key asks another client of its user, or joins under a new pseudonym.

use mimi_codec::{
    Encode, Opaque,
    code_points::ComponentID,
    extensions::{ComponentContent, InSafeAAD},
    mls::SignaturePublicKey,
    protocol::{IdentifierUri, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{CipherSuiteProvider, sign_with_label, verify_with_label};
use rand_core::CryptoRng;

use crate::{PseudonymError, RoomLeaves, wire::wire_struct};

const LABEL: &[u8] = b"PseudonymConsentTBS";

wire_struct! {
    /// The consent of a present leaf to a joiner under its user pseudonym: the SafeAAD item of
    /// component [`PSEUDONYM_CONSENT`](ComponentID::PSEUDONYM_CONSENT) in the joiner's external
    /// commit.
    ///
    /// ```text
    /// struct {
    ///   uint32 consenting_leaf;
    ///   uint64 last_epoch;
    ///   /* SignWithLabel(., "PseudonymConsentTBS", PseudonymConsentTBS) */
    ///   opaque signature<V>;
    /// } PseudonymConsent;
    /// ```
    pub struct PseudonymConsent {
        /// The leaf that consents, in the tree before the commit.
        pub consenting_leaf: u32,
        /// The last epoch from which the joiner may commit. A client that is removed cannot use a
        /// consent of long ago to come back.
        pub last_epoch: u64,
        /// The signature by that leaf's key.
        pub signature: Opaque,
    }
}

wire_struct! {
    /// What a [`PseudonymConsent`] signs.
    ///
    /// ```text
    /// struct {
    ///   opaque group_id<V>;
    ///   uint32 consenting_leaf;
    ///   uint64 last_epoch;
    ///   IdentifierUri client_pseudonym;
    ///   IdentifierUri user_pseudonym;
    ///   opaque signature_public_key<V>;
    /// } PseudonymConsentTBS;
    /// ```
    pub struct PseudonymConsentTBS {
        /// The group.
        pub group_id: Opaque,
        /// The leaf that consents.
        pub consenting_leaf: u32,
        /// The last epoch from which the joiner may commit.
        pub last_epoch: u64,
        /// The joiner's client pseudonym.
        pub client_pseudonym: IdentifierUri,
        /// The user pseudonym of both.
        pub user_pseudonym: IdentifierUri,
        /// The joiner's key in the room.
        pub signature_public_key: SignaturePublicKey,
    }
}

impl<'a> ComponentContent<'a, InSafeAAD> for PseudonymConsent {
    const COMPONENT_ID: ComponentID = ComponentID::PSEUDONYM_CONSENT;
}

/// What a leaf consents to.
#[derive(Clone, Copy, Debug)]
pub struct ConsentTo<'a> {
    /// The group.
    pub group_id: &'a Opaque,
    /// The last epoch from which the joiner may commit.
    pub last_epoch: u64,
    /// The joiner's pseudonyms and key.
    pub joiner: &'a PseudonymousCredentialTBS,
}

impl PseudonymConsent {
    /// Consents, with the key of the leaf `consenting_leaf`.
    ///
    /// # Errors
    /// [`Encode`](PseudonymError::Encode) for values that are too long,
    /// [`Crypto`](PseudonymError::Crypto) when signing fails.
    pub fn sign<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        consenting_leaf: u32,
        signing_key: &S::SigningKey,
        to: ConsentTo<'_>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, PseudonymError> {
        let tbs = tbs(to.group_id, consenting_leaf, to.last_epoch, to.joiner.clone());
        let signature = sign_with_label(suite, signing_key, LABEL, &tbs.to_bytes()?, rng)?.into();
        Ok(Self { consenting_leaf, last_epoch: to.last_epoch, signature })
    }

    /// Whether a leaf of `before` consents to the joiner, in this group and epoch.
    pub(crate) fn check<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        (group_id, epoch): (&Opaque, u64),
        before: &RoomLeaves,
        joiner: &PseudonymousCredential,
    ) -> Result<(), PseudonymError> {
        let by = before.get(self.consenting_leaf).ok_or(PseudonymError::NoConsent)?;
        if by.user_pseudonym != joiner.user_pseudonym {
            return Err(PseudonymError::NoConsent);
        }
        if epoch > self.last_epoch {
            return Err(PseudonymError::ConsentExpired { last_epoch: self.last_epoch, epoch });
        }
        let tbs = tbs(group_id, self.consenting_leaf, self.last_epoch, joiner.tbs()).to_bytes()?;
        verify_with_label(suite, &by.signature_public_key, LABEL, &tbs, &self.signature)
            .map_err(|_| PseudonymError::ConsentSignature)
    }
}

fn tbs(
    group_id: &Opaque,
    consenting_leaf: u32,
    last_epoch: u64,
    joiner: PseudonymousCredentialTBS,
) -> PseudonymConsentTBS {
    let PseudonymousCredentialTBS { client_pseudonym, user_pseudonym, signature_public_key } = joiner;
    PseudonymConsentTBS {
        group_id: group_id.clone(),
        consenting_leaf,
        last_epoch,
        client_pseudonym,
        user_pseudonym,
        signature_public_key,
    }
}
