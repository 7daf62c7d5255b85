//! mls-associated-parties-01: parties that share secrets with a group without being members, such
//! as the hub.

use alloc::vec::Vec;

use crate::{
    DecodeErrorKind, InvalidValueError, Opaque, Result, SecretOpaque,
    convention::wire_struct,
    mls::{GroupContext, HPKECiphertext, HPKEPublicKey},
};

wire_struct! {
    /// An associated party (mls-associated-parties-01 §3).
    ///
    /// ```text
    /// struct {
    ///   HPKEPublicKey encryption_key;
    ///   uint32 external_sender_index;
    ///   opaque signature;
    /// } AssociatedPartyEntry;
    /// ```
    pub struct AssociatedPartyEntry {
        /// Shared secrets are encrypted to this.
        pub encryption_key: HPKEPublicKey,
        /// Its place among the group's external senders.
        pub external_sender_index: u32,
        /// By the external sender, over an [`AssociatedPartyEntryTBS`].
        pub signature: Opaque,
    }
}

impl AssociatedPartyEntry {
    /// What `signature` covers.
    pub fn tbs(&self) -> AssociatedPartyEntryTBS {
        AssociatedPartyEntryTBS {
            encryption_key: self.encryption_key.clone(),
            external_sender_index: self.external_sender_index,
        }
    }
}

wire_struct! {
    /// What an [`AssociatedPartyEntry`] signs (mls-associated-parties-01 §3).
    ///
    /// ```text
    /// struct {
    ///   HPKEPublicKey encryption_key;
    ///   uint32 external_sender_index;
    /// } AssociatedPartyEntryTBS;
    /// ```
    pub struct AssociatedPartyEntryTBS {
        /// Shared secrets are encrypted to this.
        pub encryption_key: HPKEPublicKey,
        /// Its place among the group's external senders.
        pub external_sender_index: u32,
    }
}

wire_struct! {
    /// A group's associated parties (mls-associated-parties-01 §3): the data of the component
    /// `associated_parties`.
    ///
    /// ```text
    /// struct {
    ///   AssociatedPartyEntry associated_parties<V>;
    /// } AssociatedParties;
    /// ```
    #[derive(Default)]
    pub struct AssociatedParties {
        /// The parties; each is called by its index.
        pub associated_parties: Vec<AssociatedPartyEntry>,
    }
}

wire_struct! {
    /// Adds a party to the end of the list (mls-associated-parties-01 §3.1).
    ///
    /// ```text
    /// struct {
    ///   AssociatedPartyEntry new_party;
    /// } AddAssociatedParty;
    /// ```
    pub struct AddAssociatedParty {
        /// The party.
        pub new_party: AssociatedPartyEntry,
    }
}

wire_struct! {
    /// Removes a party (mls-associated-parties-01 §3.1).
    ///
    /// ```text
    /// struct {
    ///   u32 removed_party_index;
    /// } RemoveAssociatedParty;
    /// ```
    pub struct RemoveAssociatedParty {
        /// Its index.
        pub removed_party_index: u32,
    }
}

wire_struct! {
    /// Replaces a party's entry (mls-associated-parties-01 §3.1).
    ///
    /// ```text
    /// struct {
    ///   AssociatedPartyEntry updated_party;
    /// } UpdateAssociatedParty;
    /// ```
    pub struct UpdateAssociatedParty {
        /// The new entry.
        pub updated_party: AssociatedPartyEntry,
    }
}

wire_struct! {
    /// What a party's `ap_commit_base_secret` is derived in the context of
    /// (mls-associated-parties-01 §4.1).
    ///
    /// ```text
    /// struct {
    ///   u32 ap_index;
    ///   AssociatedPartyEntry ap_entry;
    /// } AssociatedPartyExportContext;
    /// ```
    pub struct AssociatedPartyExportContext {
        /// The party's index.
        pub ap_index: u32,
        /// The party's entry.
        pub ap_entry: AssociatedPartyEntry,
    }
}

wire_struct! {
    /// What an `ap_commit_base_secret` is sealed in the context of (mls-associated-parties-01
    /// §4.2).
    ///
    /// ```text
    /// struct {
    ///   opaque label = "AP Commit Secret";
    ///   GroupContext group_context;
    ///   opaque ap_commit_secret_id<V>;
    /// } AssociatedPartyCommitEncryptionContext;
    /// ```
    pub struct AssociatedPartyCommitEncryptionContext {
        /// Always `"AP Commit Secret"`.
        label: Opaque,
        /// The new epoch.
        group_context: GroupContext,
        /// What tells the secrets of one epoch from those of another.
        ap_commit_secret_id: Opaque,
    } check AssociatedPartyCommitEncryptionContext::check, repair AssociatedPartyCommitEncryptionContext::repair
}

impl AssociatedPartyCommitEncryptionContext {
    /// What `label` holds.
    pub const LABEL: &'static [u8] = b"AP Commit Secret";

    /// The context of the secret `ap_commit_secret_id` in the new epoch.
    pub fn of(group_context: GroupContext, ap_commit_secret_id: impl Into<Opaque>) -> Self {
        Self { label: Self::LABEL.into(), group_context, ap_commit_secret_id: ap_commit_secret_id.into() }
    }

    fn check(&self) -> Result<(), InvalidValueError> {
        if &*self.label == Self::LABEL {
            return Ok(());
        }
        Err(InvalidValueError::field("label", DecodeErrorKind::Rule("the label is \"AP Commit Secret\"")))
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.label = Self::LABEL.into();
    }
}

wire_struct! {
    /// A sealed `ap_commit_base_secret` and its name (mls-associated-parties-01 §4.2).
    ///
    /// The draft staples the two to the commit and names no struct for them; this is ours. Carrying
    /// it is the caller's matter.
    pub struct AssociatedPartyCommitSecret {
        /// Sealed in an [`AssociatedPartyCommitEncryptionContext`].
        pub encrypted_ap_commit_base_secret: HPKECiphertext,
        /// What both sides compare.
        pub ap_commit_secret_id: Opaque,
    }
}

wire_struct! {
    /// The parties' init secrets, for new members (mls-associated-parties-01 §6): in the order of
    /// [`AssociatedParties`].
    ///
    /// ```text
    /// struct {
    ///   opaque associated_party_init_secret<V>;
    /// } AssociatedPartySecrets;
    /// ```
    #[derive(Default)]
    pub struct AssociatedPartySecrets {
        /// The secrets.
        pub associated_party_init_secrets: Vec<SecretOpaque>,
    }
}
