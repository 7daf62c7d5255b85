//! A room as a member knows it: who is at each leaf, kept from commit to commit.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    ClientUri, UserUri,
    minimal_metadata::IdentityLinkKeysUpdate,
    protocol::{IdentifierUri, PseudonymousCredential},
};
use mimi_crypto::CipherSuiteProvider;
use rand_core::CryptoRng;

use crate::{
    ChangedBy, ConnectionKey, CredentialCheck, IdentityLinkKey, IdentityLinkWrapperKey, JudgedCommit,
    PseudonymError, RoomView, SealedRoom, VerifiedIdentity,
    credential::tbs_bytes,
    flow::{
        add::{AddedClients, AddedUser, add_users},
        learn::{LeafIdentity, learn_room_batch},
        unlinked::{LinkPolicy, check_link_policy},
    },
    link_keys::update_of,
    room::wrap_own,
    rotation,
};

/// A member's knowledge of a room. It opens each link once, when it joins or when the leaf comes;
/// after that, a commit costs what it changes.
///
/// A member follows every commit that keeps the public rules ([`SealedRoom::judge`]), whatever is
/// wrong with what only members can open: the hub cannot see that, so a member that refused the
/// commit would be left behind. Instead the leaf is [`Failed`](LeafIdentity::Failed), the member
/// tells its user, and may propose the leaf's removal ([`Self::failed`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRoom<T> {
    sealed: SealedRoom,
    wrapper_key: IdentityLinkWrapperKey,
    /// The key of the epoch that began the pending rotation, once the MLS stack has exported it.
    next: Option<IdentityLinkWrapperKey>,
    /// Link keys that were good before a member wrapped the room's keys wrongly.
    saved: BTreeMap<u32, IdentityLinkKey>,
    identities: BTreeMap<u32, LeafIdentity<T>>,
    pseudonyms: BTreeMap<IdentifierUri, UnderPseudonym>,
    users: BTreeMap<UserUri, IdentifierUri>,
    clients: BTreeMap<ClientUri, u32>,
}

/// The leaves under one user pseudonym that have not failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct UnderPseudonym {
    /// The one user of all of them; `None` if they show no identity.
    user: Option<UserUri>,
    leaves: BTreeSet<u32>,
}

/// What a member learns from a commit that it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Followed {
    /// The leaves that are new, have another credential, or show an identity that did not open
    /// before.
    pub changed: Vec<u32>,
    /// Those of them that failed: the client tells its user.
    pub failed: Vec<u32>,
    /// The member that has wrapped all keys anew under another key than the members', or other keys
    /// than there were. [`KnownRoom::rewrap`] by a member that was there before mends it, and each
    /// client can mend its own key ([`KnownRoom::set_own_key`]).
    pub wrong_rewrap_by: Option<u32>,
    /// Whether the commit began a rotation: the caller exports the new epoch's secret and gives the
    /// key to [`KnownRoom::set_next_wrapper_key`].
    pub begins_rotation: bool,
}

impl<T> KnownRoom<T> {
    /// Opens all links of a room, as a new member does ([`learn_room_batch`]).
    pub fn learn<S: CipherSuiteProvider + ?Sized, C: CredentialCheck<Details = T>>(
        suite: &S,
        sealed: SealedRoom,
        wrapper_key: IdentityLinkWrapperKey,
        policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
        check: &C,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let view =
            RoomView { leaves: sealed.leaves(), link_keys: sealed.link_keys(), wrapper_key: &wrapper_key };
        let learned = learn_room_batch(suite, &view, policy, check, rng);
        let mut room = Self {
            sealed,
            wrapper_key,
            next: None,
            saved: BTreeMap::new(),
            identities: BTreeMap::new(),
            pseudonyms: BTreeMap::new(),
            users: BTreeMap::new(),
            clients: BTreeMap::new(),
        };
        for (leaf_index, identity) in learned {
            room.enter(leaf_index, identity);
        }
        room
    }

    /// The public side of the room.
    #[must_use]
    pub fn sealed(&self) -> &SealedRoom {
        &self.sealed
    }

    /// The room's wrapper key, for Welcomes and join links. While a rotation is pending it is the
    /// old one, and no client is added.
    #[must_use]
    pub fn wrapper_key(&self) -> &IdentityLinkWrapperKey {
        &self.wrapper_key
    }

    /// What is known of the member at a leaf.
    #[must_use]
    pub fn get(&self, leaf_index: u32) -> Option<&LeafIdentity<T>> {
        self.identities.get(&leaf_index)
    }

    /// What is known of all members, in the order of the leaves.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &LeafIdentity<T>)> {
        self.identities.iter().map(|(leaf_index, identity)| (*leaf_index, identity))
    }

    /// The leaves that failed, and why. A member may propose to remove them
    /// ([`remove_clients`](crate::flow::leave::remove_clients) makes the update of the keys).
    pub fn failed(&self) -> impl Iterator<Item = (u32, &PseudonymError)> {
        self.iter().filter_map(|(leaf_index, identity)| match identity {
            LeafIdentity::Failed(error) => Some((leaf_index, error)),
            _ => None,
        })
    }

    /// The user pseudonym of a real user in this room.
    #[must_use]
    pub fn pseudonym_of(&self, user: &UserUri) -> Option<&IdentifierUri> {
        self.users.get(user)
    }

    /// The wrapper key of the epoch that [began a rotation](Followed::begins_rotation):
    /// [`epoch_wrapper_key`](crate::rotation::epoch_wrapper_key).
    pub fn set_next_wrapper_key(&mut self, key: IdentityLinkWrapperKey) {
        if self.sealed.is_rotation_pending() {
            self.next = Some(key);
        }
    }

    /// Follows a commit that [`SealedRoom::judge`] has let through, and opens the links of the
    /// leaves that it adds or gives another credential. Opens nothing else, so its cost is that of
    /// the changes, or of the room for a commit that wraps all keys anew.
    ///
    /// A leaf [fails](LeafIdentity::Failed) when its link is not what the policy wants, does not
    /// open, or shows
    /// - another user than the known leaves under its user pseudonym, or an identity where they
    ///   show none, or none where they do
    ///   ([`UserPseudonymShared`](PseudonymError::UserPseudonymShared));
    /// - a user who is known under another pseudonym
    ///   ([`UserPseudonymDiffers`](PseudonymError::UserPseudonymDiffers));
    /// - a client that has another leaf ([`RepeatedClient`](PseudonymError::RepeatedClient));
    /// - after an update, another user or client than before
    ///   ([`IdentityChanged`](PseudonymError::IdentityChanged), RFC 9420 §5.3.1).
    ///
    /// The leaves that were known stay what they were.
    ///
    /// # Errors
    /// [`NoWrapperKey`](PseudonymError::NoWrapperKey) if the commit ends a rotation whose key was
    /// not [set](Self::set_next_wrapper_key). Nothing has changed then.
    pub fn follow<S: CipherSuiteProvider + ?Sized, C: CredentialCheck<Details = T>>(
        &mut self,
        suite: &S,
        commit: JudgedCommit,
        policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
        check: &C,
    ) -> Result<Followed, PseudonymError> {
        let JudgedCommit { changes, after, is_rewrap, begins_rotation } = commit;
        if is_rewrap {
            return self.follow_rewrap(suite, after, changes.committer(), policy, check);
        }
        let old = core::mem::replace(&mut self.sealed, after);
        let mut before = BTreeMap::new();
        for leaf_index in changes.removed().iter().chain(changes.updated()) {
            self.saved.remove(leaf_index);
            before.insert(*leaf_index, self.leave(*leaf_index, &old));
        }
        for leaf_index in changes.removed() {
            before.remove(leaf_index);
        }
        let mut touched: BTreeSet<u32> = changes.added().iter().chain(changes.updated()).copied().collect();
        for entry in changes.key_updates().iter().flat_map(|(_, update)| update.set().as_slice()) {
            // A member that has set its own key is looked at again.
            if touched.insert(entry.leaf_index) {
                self.saved.remove(&entry.leaf_index);
                before.insert(entry.leaf_index, self.leave(entry.leaf_index, &old));
            }
        }
        touched.retain(|leaf_index| self.sealed.leaves().get(*leaf_index).is_some());
        let mut followed = Followed { begins_rotation, ..Followed::default() };
        for leaf_index in touched {
            let was = before.remove(&leaf_index).flatten();
            let opened = self.open(suite, leaf_index, policy, check);
            self.place(leaf_index, opened, was.as_ref(), &mut followed);
        }
        if begins_rotation || old.is_rotation_pending() && !self.sealed.is_rotation_pending() {
            self.next = None;
        }
        Ok(followed)
    }

    fn follow_rewrap<S: CipherSuiteProvider + ?Sized, C: CredentialCheck<Details = T>>(
        &mut self,
        suite: &S,
        after: SealedRoom,
        committer: ChangedBy,
        policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
        check: &C,
    ) -> Result<Followed, PseudonymError> {
        let expected = match (self.sealed.is_rotation_pending(), &self.next) {
            (true, Some(next)) => next.clone(),
            (true, None) => return Err(PseudonymError::NoWrapperKey),
            (false, _) => self.wrapper_key.clone(),
        };
        let (mut keys, mut is_broken, mut is_wrong) = (BTreeMap::new(), false, false);
        for (leaf_index, wrapped) in after.link_keys().iter() {
            let Ok(key) = self.link_key(suite, leaf_index) else { continue };
            let rewrapped = after
                .leaves()
                .get(leaf_index)
                .ok_or(PseudonymError::UnknownLeaf)
                .and_then(|credential| expected.unwrap_for(suite, wrapped, &tbs_bytes(credential)?));
            if rewrapped.as_ref() != Ok(&key) {
                is_broken = true;
                // A member that joined after a wrong rewrap cannot mend that entry, and leaves it
                // as it is.
                let left = self.saved.contains_key(&leaf_index)
                    && self.sealed.link_keys().get(leaf_index) == Some(wrapped);
                is_wrong |= !left;
            }
            keys.insert(leaf_index, key);
        }
        self.sealed = after;
        self.wrapper_key = expected;
        self.next = None;
        self.saved = if is_broken { keys } else { BTreeMap::new() };
        let mut followed = Followed::default();
        if let (true, ChangedBy::Member { leaf_index }) = (is_wrong, committer) {
            followed.wrong_rewrap_by = Some(leaf_index);
        }
        // What did not open may do so now.
        let failed: Vec<u32> = self.failed().map(|(leaf_index, _)| leaf_index).collect();
        for leaf_index in failed {
            let opened = self.open(suite, leaf_index, policy, check);
            if !matches!(opened, LeafIdentity::Failed(_)) {
                self.place(leaf_index, opened, None, &mut followed);
            }
        }
        Ok(followed)
    }

    /// The identity link key of the client at a leaf.
    fn link_key<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        leaf_index: u32,
    ) -> Result<IdentityLinkKey, PseudonymError> {
        if let Some(saved) = self.saved.get(&leaf_index) {
            return Ok(saved.clone());
        }
        let credential = self.sealed.leaves().get(leaf_index).ok_or(PseudonymError::UnknownLeaf)?;
        let wrapped = self.sealed.link_keys().get(leaf_index).ok_or(PseudonymError::NoIdentityLink)?;
        self.wrapper_key.unwrap_for(suite, wrapped, &tbs_bytes(credential)?)
    }

    /// What a leaf shows by itself.
    fn open<S: CipherSuiteProvider + ?Sized, C: CredentialCheck<Details = T>>(
        &self,
        suite: &S,
        leaf_index: u32,
        policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
        check: &C,
    ) -> LeafIdentity<T> {
        let (leaves, link_keys) = (self.sealed.leaves(), self.sealed.link_keys());
        if let Err(error) = check_link_policy(leaves, link_keys, leaf_index, policy) {
            return LeafIdentity::Failed(error);
        }
        let view = RoomView { leaves, link_keys, wrapper_key: &self.wrapper_key };
        match view.open(suite, leaf_index, check) {
            Ok(identity) => LeafIdentity::Known(identity),
            Err(error) if *error.innermost() == PseudonymError::NoIdentityLink => LeafIdentity::Unlinked,
            Err(error) => LeafIdentity::Failed(error),
        }
    }

    /// Puts an opened leaf beside the others, unless they contradict it.
    fn place(
        &mut self,
        leaf_index: u32,
        opened: LeafIdentity<T>,
        before: Option<&LeafIdentity<T>>,
        followed: &mut Followed,
    ) {
        let identity = match self.contradiction(leaf_index, &opened, before) {
            Some(error) => LeafIdentity::Failed(error.at(leaf_index)),
            None => opened,
        };
        followed.changed.push(leaf_index);
        if matches!(identity, LeafIdentity::Failed(_)) {
            followed.failed.push(leaf_index);
        }
        self.enter(leaf_index, identity);
    }

    fn contradiction(
        &self,
        leaf_index: u32,
        opened: &LeafIdentity<T>,
        before: Option<&LeafIdentity<T>>,
    ) -> Option<PseudonymError> {
        let under = |pseudonym: &IdentifierUri| self.pseudonyms.get(pseudonym);
        let Some(identity) = opened.known() else {
            let credential = self.sealed.leaves().get(leaf_index)?;
            let is_known = under(&credential.user_pseudonym).is_some_and(|under| under.user.is_some());
            let hides = before.is_some_and(|before| before.known().is_some());
            return match opened {
                LeafIdentity::Unlinked if is_known => Some(PseudonymError::UserPseudonymShared),
                LeafIdentity::Unlinked if hides => Some(PseudonymError::IdentityChanged),
                _ => None,
            };
        };
        if let Some(before) = before.and_then(LeafIdentity::known)
            && (before.user() != identity.user() || before.client() != identity.client())
        {
            return Some(PseudonymError::IdentityChanged);
        }
        if under(identity.user_pseudonym()).is_some_and(|under| under.user.as_ref() != Some(identity.user()))
        {
            return Some(PseudonymError::UserPseudonymShared);
        }
        if self.users.get(identity.user()).is_some_and(|known| known != identity.user_pseudonym()) {
            return Some(PseudonymError::UserPseudonymDiffers);
        }
        self.clients.contains_key(identity.client()).then_some(PseudonymError::RepeatedClient)
    }

    fn enter(&mut self, leaf_index: u32, identity: LeafIdentity<T>) {
        let user = identity.known().map(|identity| identity.user().clone());
        if !matches!(identity, LeafIdentity::Failed(_))
            && let Some(credential) = self.sealed.leaves().get(leaf_index)
        {
            let pseudonym = credential.user_pseudonym.clone();
            if let Some(user) = &user {
                self.users.insert(user.clone(), pseudonym.clone());
            }
            let under = self.pseudonyms.entry(pseudonym);
            under
                .or_insert_with(|| UnderPseudonym { user, leaves: BTreeSet::new() })
                .leaves
                .insert(leaf_index);
        }
        if let Some(identity) = identity.known() {
            self.clients.insert(identity.client().clone(), leaf_index);
        }
        self.identities.insert(leaf_index, identity);
    }

    /// Forgets what is known of a leaf of the room as it was.
    fn leave(&mut self, leaf_index: u32, old: &SealedRoom) -> Option<LeafIdentity<T>> {
        let identity = self.identities.remove(&leaf_index)?;
        if let Some(identity) = identity.known()
            && self.clients.get(identity.client()) == Some(&leaf_index)
        {
            self.clients.remove(identity.client());
        }
        let pseudonym = old.leaves().get(leaf_index).map(|credential| &credential.user_pseudonym);
        if let Some(pseudonym) = pseudonym
            && let Some(under) = self.pseudonyms.get_mut(pseudonym)
        {
            under.leaves.remove(&leaf_index);
            if under.leaves.is_empty() {
                if let Some(user) = &under.user {
                    self.users.remove(user);
                }
                self.pseudonyms.remove(pseudonym);
            }
        }
        Some(identity)
    }

    /// Wraps the keys of users who are to be added ([`add_users`]), with a look at who is there
    /// already.
    ///
    /// # Errors
    /// Those of [`add_users`]; [`RotationPending`](PseudonymError::RotationPending) while members
    /// who were removed still have the room's wrapper key; at its leaf,
    /// [`UserPseudonymDiffers`](PseudonymError::UserPseudonymDiffers) for a user who is in the room
    /// under another pseudonym, [`UserPseudonymShared`](PseudonymError::UserPseudonymShared) for
    /// the pseudonym of another user, and [`RepeatedClient`](PseudonymError::RepeatedClient) for a
    /// client that is there.
    pub fn add_users<S: CipherSuiteProvider + ?Sized, C: CredentialCheck<Details = T>>(
        &self,
        suite: &S,
        users: &[AddedUser<'_>],
        leaves: &[u32],
        check: &C,
        rng: &mut dyn CryptoRng,
    ) -> Result<AddedClients<T>, PseudonymError> {
        if self.sealed.is_rotation_pending() {
            return Err(PseudonymError::RotationPending);
        }
        let added = add_users(suite, &self.wrapper_key, users, leaves, check, rng)?;
        for (leaf_index, identity) in leaves.iter().zip(&added.identities) {
            let Some(identity) = identity else { continue };
            if self.users.get(identity.user()).is_some_and(|known| known != identity.user_pseudonym()) {
                return Err(PseudonymError::UserPseudonymDiffers.at(*leaf_index));
            }
            let under = self.pseudonyms.get(identity.user_pseudonym());
            if under.is_some_and(|under| under.user.as_ref() != Some(identity.user())) {
                return Err(PseudonymError::UserPseudonymShared.at(*leaf_index));
            }
            if self.clients.contains_key(identity.client()) {
                return Err(PseudonymError::RepeatedClient.at(*leaf_index));
            }
        }
        Ok(added)
    }

    /// The update that puts all keys under the wrapper key that the members share: to end a
    /// rotation, or to mend what another member has wrapped wrongly.
    ///
    /// # Errors
    /// [`NoWrapperKey`](PseudonymError::NoWrapperKey) while the key of the pending rotation was not
    /// [set](Self::set_next_wrapper_key).
    pub fn rewrap<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        rng: &mut dyn CryptoRng,
    ) -> Result<IdentityLinkKeysUpdate, PseudonymError> {
        let new = match (self.sealed.is_rotation_pending(), &self.next) {
            (true, Some(next)) => next,
            (true, None) => return Err(PseudonymError::NoWrapperKey),
            (false, _) => &self.wrapper_key,
        };
        let key_of = |leaf_index| self.link_key(suite, leaf_index);
        rotation::rewrap(suite, self.sealed.leaves(), self.sealed.link_keys(), &key_of, new, rng)
    }

    /// The update by which the member at `leaf_index` sets its own key, when the one that added it
    /// has withheld the key or wrapped a wrong one.
    ///
    /// # Errors
    /// At the leaf, [`UnknownLeaf`](PseudonymError::UnknownLeaf),
    /// [`NoIdentityLink`](PseudonymError::NoIdentityLink), and
    /// [`RotationPending`](PseudonymError::RotationPending).
    pub fn set_own_key<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        leaf_index: u32,
        connection_key: &ConnectionKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<IdentityLinkKeysUpdate, PseudonymError> {
        if self.sealed.is_rotation_pending() {
            return Err(PseudonymError::RotationPending.at(leaf_index));
        }
        let credential: &PseudonymousCredential =
            self.sealed.leaves().get(leaf_index).ok_or_else(|| PseudonymError::UnknownLeaf.at(leaf_index))?;
        let key = wrap_own(suite, credential, connection_key, &self.wrapper_key, rng)?;
        let key = key.ok_or_else(|| PseudonymError::NoIdentityLink.at(leaf_index))?;
        update_of(Vec::from([mimi_codec::minimal_metadata::LeafKey { leaf_index, key }]), Vec::new())
    }

    /// The identity of a member whom the room knows.
    #[must_use]
    pub fn known(&self, leaf_index: u32) -> Option<&VerifiedIdentity<T>> {
        self.get(leaf_index)?.known()
    }
}
