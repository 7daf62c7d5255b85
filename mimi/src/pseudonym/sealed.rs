//! A room as its hub has it, and the way in.

use std::collections::BTreeSet;

use mimi_codec::code_points::ComponentID;
use mimi_codec::mls::{GroupContext, GroupInfo, RatchetTree};
use mimi_codec::protocol::IdentifierUri;
use mimi_pseudonym as pseudonym;
use mimi_pseudonym::flow::external_join;
use mimi_pseudonym::flow::leave::remove_clients;
use mimi_pseudonym::{IdentityLinkWrapperKey, RoomView};

use super::credential::pseudonymous;
use super::{Commit, CommitChanges, ConnectionKey, PseudonymUses, decode, encode, failed, item, room, suite};
use crate::seed::generator;
use crate::{Error, Result};

/// How a room's wrapper key changes. The members agree on it; nothing on the wire says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WrapperKeyRule {
    /// Never, as the drafts have it.
    #[default]
    Static,
    /// Whenever members leave: a construction of this library, in no draft.
    ChangesWithRemovals,
}

impl From<WrapperKeyRule> for pseudonym::WrapperKeyRule {
    fn from(rule: WrapperKeyRule) -> Self {
        match rule {
            WrapperKeyRule::Static => Self::Static,
            WrapperKeyRule::ChangesWithRemovals => Self::ChangesWithRemovals,
        }
    }
}

/// A room as all parties have it, the hub too: pseudonyms and wrapped keys, and no key to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRoom(pub(super) pseudonym::SealedRoom);

impl SealedRoom {
    /// The room of a group, by its encoded GroupContext and ratchet tree, which are authentic.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) for other bytes,
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for a group that is not that of a
    /// minimal-metadata room.
    pub fn of_group(group_context: &[u8], ratchet_tree: &[u8], rule: WrapperKeyRule) -> Result<Self> {
        let context: GroupContext = decode("RFC 9420 §8.1", group_context)?;
        let tree: RatchetTree = decode("RFC 9420 §12.4.3.3", ratchet_tree)?;
        pseudonym::SealedRoom::of_group(&context, &tree, rule.into()).map(Self).map_err(failed)
    }

    /// The same room from storage, in which a change of the wrapper key was pending.
    #[must_use]
    pub fn with_pending_rotation(self) -> Self {
        Self(self.0.with_pending_rotation())
    }

    /// Whether members were removed and the keys are not yet wrapped anew.
    #[must_use]
    pub fn is_rotation_pending(&self) -> bool {
        self.0.is_rotation_pending()
    }

    /// Judges a commit by the public rules, and changes nothing: a hub that stores first does so
    /// between this and [`follow`](Self::follow).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed),
    /// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) or
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused), with the rule as the reason. Such a
    /// commit is invalid, for hub and members alike.
    pub fn judge(&self, commit: &Commit) -> Result<CommitChanges> {
        CommitChanges::of(&commit.judged_by(&self.0)?)
    }

    /// Applies a commit.
    ///
    /// # Errors
    ///
    /// As [`judge`](Self::judge). Nothing has changed then.
    pub fn follow(&mut self, commit: &Commit) -> Result<CommitChanges> {
        let judged = commit.judged_by(&self.0)?;
        let changes = CommitChanges::of(&judged)?;
        self.0 = judged.into_room();
        Ok(changes)
    }

    /// Whether all user pseudonyms of the room are on its participant list.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) with `UnknownParticipant`.
    pub fn check_participants(&self, participants: &[String]) -> Result<()> {
        // What is no identifier is on no leaf.
        let listed: Vec<_> =
            participants.iter().filter_map(|uri| IdentifierUri::new(uri.as_str()).ok()).collect();
        self.0.leaves().check_participants(&listed).map_err(failed)
    }

    /// The encoded IdentityLinkKeysData of the room.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for more than a component holds.
    pub fn identity_link_keys(&self) -> Result<Vec<u8>> {
        encode(&self.0.link_keys().data())
    }
}

/// The wrapper key that the encoded GroupInfo inside a Welcome brings.
///
/// # Errors
///
/// [`ErrorKind::State`](crate::ErrorKind::State) with `NoWrapperKey`,
/// [`ErrorKind::Refused`](crate::ErrorKind::Refused) for other bytes,
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a key that does not have KDF.Nh
/// bytes.
pub fn wrapper_key_of_welcome(group_info: &[u8]) -> Result<Vec<u8>> {
    let group_info: GroupInfo = decode("RFC 9420 §12.4.3", group_info)?;
    let suite = suite(group_info.group_context.cipher_suite.0)?;
    let key = IdentityLinkWrapperKey::from_welcome(&suite, &group_info).map_err(failed)?;
    Ok(key.expose().to_vec())
}

/// A client that joins by an external commit.
#[derive(Clone, Debug)]
pub struct Joiner {
    /// The room.
    pub room_uri: String,
    /// The joiner's encoded PseudonymousCredential for it.
    pub credential: Vec<u8>,
    /// The connection key with which its link is made.
    pub connection_key: ConnectionKey,
    /// The leaves that the commit removes: the client's own earlier one.
    pub removed: Vec<u32>,
}

/// What goes with an external commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalJoin {
    /// Where the joiner lands.
    pub leaf_index: u32,
    /// The encoded item for the commit's SafeAAD.
    pub safe_aad_item: Vec<u8>,
    /// The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate.
    pub update: Vec<u8>,
}

/// Wraps the joiner's key with the wrapper key of a join link or a member. `seed` is 32 bytes from
/// a secure generator.
///
/// # Errors
///
/// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) with `StaleWrapperKey` for the key
/// of an old link, [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for a pseudonym that was
/// used in another room, [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for keys of
/// another length.
pub fn join_externally(
    sealed: &SealedRoom,
    wrapper_key: &[u8],
    joiner: &Joiner,
    uses: &mut PseudonymUses,
    seed: &[u8],
) -> Result<ExternalJoin> {
    let suite = joiner.connection_key.provider()?;
    let wrapper_key = IdentityLinkWrapperKey::new(&suite, wrapper_key)
        .map_err(|error| failed(error).in_field("wrapper_key"))?;
    let (leaves, link_keys) = (sealed.0.leaves(), sealed.0.link_keys());
    let leaf_index = blanks(leaves, &joiner.removed)
        .next()
        .ok_or_else(|| Error::input("removed", "the tree has no place left"))?;
    let view = RoomView { leaves, link_keys, wrapper_key: &wrapper_key };
    let links = external_join::join_externally(
        &suite,
        &view,
        external_join::Joiner {
            room_id: &room(&joiner.room_uri)?,
            credential: &pseudonymous(&joiner.credential)?,
            connection_key: &joiner.connection_key.key,
            leaf_index,
            uses: &mut uses.0,
        },
        &mut generator(seed)?,
    );
    let links = links.map_err(failed)?;
    let update = remove_clients(link_keys, &joiner.removed, Some(&links.update)).map_err(failed)?;
    Ok(ExternalJoin {
        leaf_index,
        safe_aad_item: item(ComponentID::IDENTITY_LINK_KEYS, &links.add_aad)?,
        update: encode(&update.unwrap_or(links.update))?,
    })
}

/// The leaves that are blank once these are removed, from the left (RFC 9420 §7.7).
pub(super) fn blanks<'a>(
    leaves: &'a pseudonym::RoomLeaves,
    removed: &[u32],
) -> impl Iterator<Item = u32> + use<'a> {
    let removed: BTreeSet<u32> = removed.iter().copied().collect();
    (0..u32::MAX).filter(move |leaf| leaves.get(*leaf).is_none() || removed.contains(leaf))
}
