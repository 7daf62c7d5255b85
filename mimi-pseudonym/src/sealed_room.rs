//! A room as all parties have it, the hub too: leaves, wrapped keys, and whether they are under the
//! right wrapper key. No key is needed to follow a commit.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    Decode, Opaque,
    extensions::SafeAAD,
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate, NonceAndCiphertext},
    mls::{GroupContext, LeafNode, Proposal, RatchetTree, Sender},
    protocol::{IdentifierUri, PseudonymousCredential},
};
use mimi_crypto::{CipherSuiteProvider, CryptoError};

use crate::{
    ChangedBy, LeafChanges, LinkKeys, PseudonymConsent, PseudonymError, RoomLeaves, has_identity_link,
    link_keys::parts, rotation::apply_rewrap,
};

/// The greatest length of an `identity_link_ciphertext` that a commit may bring, in bytes: a chain
/// of certificates with post-quantum signatures fits four times.
pub const MAX_IDENTITY_LINK: usize = 65_536;

/// The tag of the AEADs of all cipher suites, in bytes (RFC 5116).
const AEAD_TAG: usize = 16;

/// How a room's wrapper key changes. All members must have agreed on it; nothing on the wire says
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WrapperKeyRule {
    /// Never, as the drafts have it.
    #[default]
    Static,
    /// Whenever members leave: the [`rotation`](crate::rotation) of this library.
    ChangesWithRemovals,
}

/// The public side of a minimal-metadata room in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRoom {
    leaves: RoomLeaves,
    link_keys: LinkKeys,
    rule: WrapperKeyRule,
    rotation_pending: bool,
}

/// A commit whose sender the MLS stack has verified.
#[derive(Clone, Copy, Debug)]
pub struct CommitContent<'a> {
    /// The group.
    pub group_id: &'a Opaque,
    /// The epoch in which the commit was sent.
    pub epoch: u64,
    /// The sender of the commit.
    pub committer: &'a Sender,
    /// All proposals of the commit in their order, each with its sender; for one that is in the
    /// commit itself, that is the committer.
    pub proposals: &'a [(&'a Proposal, &'a Sender)],
    /// The leaf in the commit's path.
    pub path: Option<&'a LeafNode>,
    /// The commit's SafeAAD.
    pub safe_aad: &'a SafeAAD,
}

/// A commit that keeps the public rules, and the room after it. Only [`SealedRoom::judge`] makes
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedCommit {
    pub(crate) changes: LeafChanges,
    pub(crate) after: SealedRoom,
    pub(crate) is_rewrap: bool,
    pub(crate) begins_rotation: bool,
}

impl JudgedCommit {
    /// What the commit does to the leaves.
    #[must_use]
    pub fn changes(&self) -> &LeafChanges {
        &self.changes
    }

    /// The room after the commit.
    #[must_use]
    pub fn after(&self) -> &SealedRoom {
        &self.after
    }

    /// The room after the commit, once it has taken effect.
    #[must_use]
    pub fn into_room(self) -> SealedRoom {
        self.after
    }

    /// Whether the commit only puts all keys under another wrapper key.
    #[must_use]
    pub fn is_rewrap(&self) -> bool {
        self.is_rewrap
    }

    /// Whether the commit begins a [`rotation`](crate::rotation), or begins it anew.
    #[must_use]
    pub fn begins_rotation(&self) -> bool {
        self.begins_rotation
    }
}

impl SealedRoom {
    /// A room in which no rotation is pending: a new one, or one that a member joins, which the
    /// rules allow at no other time.
    #[must_use]
    pub fn new(leaves: RoomLeaves, link_keys: LinkKeys, rule: WrapperKeyRule) -> Self {
        Self { leaves, link_keys, rule, rotation_pending: false }
    }

    /// The room that a group is: its GroupContext and its tree.
    ///
    /// # Errors
    /// Those of [`RoomLeaves::of_tree`] and [`LinkKeys::of_group`].
    pub fn of_group(
        group_context: &GroupContext,
        tree: &RatchetTree,
        rule: WrapperKeyRule,
    ) -> Result<Self, PseudonymError> {
        let leaves = RoomLeaves::of_tree(tree)?;
        let link_keys = LinkKeys::of_group(group_context, &leaves)?;
        Ok(Self::new(leaves, link_keys, rule))
    }

    /// A room from the caller's own storage, in which a rotation was pending.
    #[must_use]
    pub fn with_pending_rotation(mut self) -> Self {
        self.rotation_pending = self.rule == WrapperKeyRule::ChangesWithRemovals;
        self
    }

    /// The leaves.
    #[must_use]
    pub fn leaves(&self) -> &RoomLeaves {
        &self.leaves
    }

    /// Their wrapped keys.
    #[must_use]
    pub fn link_keys(&self) -> &LinkKeys {
        &self.link_keys
    }

    /// How the wrapper key changes.
    #[must_use]
    pub fn rule(&self) -> WrapperKeyRule {
        self.rule
    }

    /// Whether members were removed and the keys are not yet wrapped anew.
    #[must_use]
    pub fn is_rotation_pending(&self) -> bool {
        self.rotation_pending
    }

    /// Judges a commit by what all parties can see. A refusal makes the commit invalid, for the hub
    /// and for members alike. Costs the leaves, proposals and keys once each, and at most one
    /// signature.
    ///
    /// - A leaf comes under a user pseudonym that is present only with the consent of a leaf of
    ///   that pseudonym: one that sent the Add, or one whose [`PseudonymConsent`] is in the
    ///   joiner's SafeAAD. New leaves under one new pseudonym are all added by one party.
    /// - A leaf that gets another credential keeps its pseudonyms (RFC 9420 §5.3.1). A joiner
    ///   removes leaves of its own pseudonym only.
    /// - Identity links have at most [`MAX_IDENTITY_LINK`] bytes and are well-formed, wrapped keys
    ///   have the one length of the suite.
    /// - The AddAAD has one ciphertext for each added client, in the order of the Add proposals; an
    ///   empty one for a client that shows its identity to no member. It may be absent if none of
    ///   them does.
    /// - After all updates of the component, in their order, each added leaf has the very same
    ///   ciphertext; none for an empty one.
    /// - Beyond that, a member sets the key of its own leaf only. It may do so at any time: that
    ///   helps a member whose adder withheld its key, or wrapped a wrong one.
    /// - Keys go with their client: removed in the commit that removes it or gives its leaf another
    ///   credential, and in no other.
    /// - In a room whose wrapper key changes, the rules of [`rotation`](crate::rotation).
    ///
    /// # Errors
    /// Those of [`LeafChanges::of_commit`]; [`Decode`](PseudonymError::Decode) for a SafeAAD item
    /// that is not what its component says; at its [`Leaf`](PseudonymError::Leaf),
    /// [`NoConsent`](PseudonymError::NoConsent),
    /// [`ConsentSignature`](PseudonymError::ConsentSignature),
    /// [`ConsentExpired`](PseudonymError::ConsentExpired),
    /// [`IdentityChanged`](PseudonymError::IdentityChanged),
    /// [`NotOwnLeaf`](PseudonymError::NotOwnLeaf),
    /// [`IdentityLinkTooLong`](PseudonymError::IdentityLinkTooLong),
    /// [`WrappedKeyLength`](PseudonymError::WrappedKeyLength),
    /// [`UnknownLeaf`](PseudonymError::UnknownLeaf),
    /// [`AddAadMismatch`](PseudonymError::AddAadMismatch),
    /// [`LeafUntouched`](PseudonymError::LeafUntouched),
    /// [`NoKeyToRemove`](PseudonymError::NoKeyToRemove), [`StaleKey`](PseudonymError::StaleKey),
    /// [`KeyWithoutIdentityLink`](PseudonymError::KeyWithoutIdentityLink) or
    /// [`RewrapMismatch`](PseudonymError::RewrapMismatch);
    /// [`AddAadCount`](PseudonymError::AddAadCount);
    /// [`RotationPending`](PseudonymError::RotationPending).
    pub fn judge<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        commit: &CommitContent<'_>,
    ) -> Result<JudgedCommit, PseudonymError> {
        let proposals = commit.proposals.iter().copied();
        let changes = LeafChanges::of_commit(&self.leaves, commit.committer, proposals, commit.path)?;
        let add_aad = commit.safe_aad.content::<AddAAD>().transpose()?;
        let consent = commit.safe_aad.content::<PseudonymConsent>().transpose()?;
        self.check_identities(&changes)?;
        self.check_consent(suite, (commit.group_id, commit.epoch), &changes, consent.as_ref())?;
        check_lengths(suite, &changes)?;
        let begins_rotation = self.begins_rotation(&changes);
        let rewrap = self.rewrap(&changes);
        let link_keys = match rewrap {
            Some(update) => apply_rewrap(&self.link_keys, update)?,
            None => self.link_keys.after_commit(&changes, add_aad.as_ref())?,
        };
        let is_rewrap = rewrap.is_some();
        let keyless = link_keys.iter().next().is_none();
        let rotation_pending = (self.rotation_pending || begins_rotation) && !is_rewrap && !keyless;
        let sets_keys = changes.key_updates().iter().any(|(_, update)| !parts(update).0.is_empty());
        if rotation_pending && (!changes.added().is_empty() || sets_keys) {
            return Err(PseudonymError::RotationPending);
        }
        let after = Self { leaves: changes.leaves().clone(), link_keys, rule: self.rule, rotation_pending };
        Ok(JudgedCommit { changes, after, is_rewrap, begins_rotation })
    }

    /// A leaf stays the same client of the same user, and a joiner touches no leaf of others.
    fn check_identities(&self, changes: &LeafChanges) -> Result<(), PseudonymError> {
        let after = changes.leaves();
        let removed: BTreeSet<u32> = changes.removed().iter().copied().collect();
        for leaf_index in changes.updated() {
            // A leaf that is updated and then removed has nothing to keep.
            let (Some(old), Some(new)) = (self.leaves.get(*leaf_index), after.get(*leaf_index)) else {
                continue;
            };
            let same =
                old.client_pseudonym == new.client_pseudonym && old.user_pseudonym == new.user_pseudonym;
            if !same && !removed.contains(leaf_index) {
                return Err(PseudonymError::IdentityChanged.at(*leaf_index));
            }
        }
        if changes.committer() != ChangedBy::Joiner {
            return Ok(());
        }
        let own = changes.added().last().and_then(|leaf_index| after.get(*leaf_index));
        for leaf_index in changes.removed().iter().filter(|leaf| !changes.removed_itself(**leaf)) {
            let old = self.leaves.get(*leaf_index).map(|old| &old.user_pseudonym);
            if own.is_none() || old != own.map(|own| &own.user_pseudonym) {
                return Err(PseudonymError::NotOwnLeaf.at(*leaf_index));
            }
        }
        Ok(())
    }

    fn check_consent<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        place: (&Opaque, u64),
        changes: &LeafChanges,
        consent: Option<&PseudonymConsent>,
    ) -> Result<(), PseudonymError> {
        let mut wanted: BTreeMap<&IdentifierUri, Vec<(u32, ChangedBy, &PseudonymousCredential)>> =
            BTreeMap::new();
        for (leaf_index, by) in changes.added_by() {
            let Some(credential) = changes.leaves().get(leaf_index) else { continue };
            wanted.entry(&credential.user_pseudonym).or_default().push((leaf_index, by, credential));
        }
        // One pass, whatever the number of leaves that are added.
        let mut present = BTreeMap::new();
        if !wanted.is_empty() {
            for (leaf_index, credential) in self.leaves.iter() {
                if let Some((pseudonym, _)) = wanted.get_key_value(&credential.user_pseudonym) {
                    present.entry(*pseudonym).or_insert(leaf_index);
                }
            }
        }
        for (pseudonym, added) in wanted {
            let first = added.first().map(|(_, by, _)| *by);
            for (leaf_index, by, credential) in added {
                if !present.contains_key(pseudonym) {
                    if Some(by) == first {
                        continue;
                    }
                    return Err(PseudonymError::NoConsent.at(leaf_index));
                }
                let consented = match by {
                    ChangedBy::Member { leaf_index: by } => {
                        let adder = self.leaves.get(by).map(|adder| &adder.user_pseudonym);
                        (adder == Some(pseudonym)).then_some(()).ok_or(PseudonymError::NoConsent)
                    }
                    ChangedBy::Joiner => match consent {
                        Some(consent) => consent.check(suite, place, &self.leaves, credential),
                        None => Err(PseudonymError::NoConsent),
                    },
                    ChangedBy::Outside => Err(PseudonymError::NoConsent),
                };
                consented.map_err(|error| error.at(leaf_index))?;
            }
        }
        Ok(())
    }

    /// Whether members go, other than a client that joins again over its own earlier leaf.
    fn begins_rotation(&self, changes: &LeafChanges) -> bool {
        let goes = |leaf: &u32| changes.committer() != ChangedBy::Joiner || changes.removed_itself(*leaf);
        self.rule == WrapperKeyRule::ChangesWithRemovals && changes.removed().iter().any(goes)
    }

    /// The update of a commit that only puts all keys under another wrapper key.
    fn rewrap<'c>(&self, changes: &'c LeafChanges) -> Option<&'c IdentityLinkKeysUpdate> {
        let [(by, update)] = changes.key_updates() else { return None };
        let ChangedBy::Member { leaf_index } = by else { return None };
        let set = parts(update).0;
        // A member that sets its own key when nothing is pending does just that.
        let own = set.iter().all(|entry| entry.leaf_index == *leaf_index);
        let rotates = self.rule == WrapperKeyRule::ChangesWithRemovals;
        (rotates && changes.is_empty() && (self.rotation_pending || !own)).then_some(update)
    }
}

/// The length of a wrapped key in a suite, in bytes: a NonceAndCiphertext of KDF.Nh bytes.
pub(crate) fn wrapped_key_length<S: CipherSuiteProvider + ?Sized>(suite: &S) -> usize {
    let sizes = suite.parameters();
    vector_length(sizes.nn).saturating_add(vector_length(sizes.nh.saturating_add(AEAD_TAG)))
}

/// The length of `opaque x<V>` with so many bytes.
fn vector_length(content: usize) -> usize {
    let header = match content {
        0..64 => 1,
        64..16_384 => 2,
        _ => 4,
    };
    content.saturating_add(header)
}

fn check_lengths<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    changes: &LeafChanges,
) -> Result<(), PseudonymError> {
    for leaf_index in changes.added().iter().chain(changes.updated()) {
        if let Some(credential) = changes.leaves().get(*leaf_index) {
            check_link(suite, credential).map_err(|error| error.at(*leaf_index))?;
        }
    }
    let expected = wrapped_key_length(suite);
    for entry in changes.key_updates().iter().flat_map(|(_, update)| parts(update).0) {
        let actual = entry.key.ciphertext.len();
        if actual != expected {
            return Err(PseudonymError::WrappedKeyLength { expected, actual }.at(entry.leaf_index));
        }
    }
    Ok(())
}

/// Whether an identity link is one by its form.
fn check_link<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    credential: &PseudonymousCredential,
) -> Result<(), PseudonymError> {
    if !has_identity_link(credential) {
        return Ok(());
    }
    let actual = credential.identity_link_ciphertext.len();
    if actual > MAX_IDENTITY_LINK {
        return Err(PseudonymError::IdentityLinkTooLong { actual });
    }
    let sealed = NonceAndCiphertext::decode_exact(&credential.identity_link_ciphertext)?;
    for (what, expected, actual) in [
        ("AEAD nonce", suite.parameters().nn, sealed.nonce.len()),
        ("AEAD tag", AEAD_TAG, sealed.ciphertext.len().min(AEAD_TAG)),
    ] {
        if expected != actual {
            return Err(CryptoError::InvalidLength { what, expected, actual }.into());
        }
    }
    Ok(())
}
