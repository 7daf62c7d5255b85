//! Joining from outside, with the GroupInfo that the hub has sealed (mimi-protocol-06 §3.6).

use alloc::vec::Vec;

use mimi_codec::{
    Encode, RoomUri, UserUri,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::{GroupInfo, Proposal, RatchetTree},
    protocol::{GroupInfoRatchetTreeTBE, ParticipantListUpdate, UpdateRequest, UserRolePair},
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_policy::TableSeed;

use super::{ClientError, update_request};
use crate::{
    ComponentUpdates, Identity, JoinCodes, LoadError, OwnCommit, Room, RoomRefusal, WishError, components,
};

/// An external commit in the making: what the MLS stack makes it of, and the judgement of what it
/// has made.
#[derive(Clone, Debug)]
pub struct PendingExternalJoin {
    room: Room,
    group_info: GroupInfo,
    ratchet_tree: RatchetTree,
    proposals: Vec<Proposal>,
    components: ComponentUpdates,
}

impl PendingExternalJoin {
    /// Prepares to join. With a role, the user joins too; without one it is on the list already,
    /// and this is another of its clients.
    ///
    /// The hub's answer was opened by
    /// [`VerifiedGroupInfoResponse::open`](mimi_crypto::VerifiedGroupInfoResponse::open).
    ///
    /// # Errors
    /// [`ClientError::Load`] if the group makes no valid room or the tree is not beside it,
    /// [`RoomRefusal::ProposalsWait`] while accepted changes wait for a member's commit.
    pub fn new(
        uri: RoomUri,
        tbe: GroupInfoRatchetTreeTBE,
        user: &UserUri,
        role: Option<u32>,
        identity: &impl Identity,
        seed: TableSeed,
    ) -> Result<Self, ClientError> {
        let group_info = tbe.group_info.into_inner();
        let RatchetTreeOption::Full { ratchet_tree } = tbe.ratchet_tree_option else {
            return Err(ClientError::Load(LoadError::Mls("the tree is not beside it".into())));
        };
        let mut members = Vec::new();
        for (leaf_index, leaf) in ratchet_tree.leaves() {
            let member = identity
                .identify(&uri, &leaf.credential, &leaf.signature_key)
                .map_err(|why| ClientError::Load(LoadError::Credential { leaf_index, why }))?;
            members.push((leaf_index, member));
        }
        let context = group_info.group_context.clone();
        let room = Room::of_parts(uri, context, members, identity, seed);
        let room = room.map_err(ClientError::Load)?;
        let mut proposals = Vec::new();
        if let Some(role_index) = role {
            let update = ParticipantListUpdate {
                changed_role_participants: Vec::new(),
                removed_indices: Vec::new(),
                added_participants: alloc::vec![UserRolePair { user: user.as_opaque().clone(), role_index }],
            };
            let component_id = ComponentID::PARTICIPANT_LIST;
            let update = update.to_bytes().map_err(|_| WishError::TooLong(component_id))?.into();
            let op = AppDataUpdateSelect::Update { update };
            proposals.push(Proposal::AppDataUpdate(AppDataUpdate { component_id, op }));
        }
        let components = components::updates(room.dictionary(), &proposals)?;
        Ok(Self { room, group_info, ratchet_tree, proposals, components })
    }

    /// The room as it is before.
    #[must_use]
    pub const fn room(&self) -> &Room {
        &self.room
    }

    /// The GroupInfo that the commit builds on. The MLS stack checks its signature.
    #[must_use]
    pub const fn group_info(&self) -> &GroupInfo {
        &self.group_info
    }

    /// The tree beside it. The MLS stack checks it against the GroupContext.
    #[must_use]
    pub const fn ratchet_tree(&self) -> &RatchetTree {
        &self.ratchet_tree
    }

    /// What the commit proposes, beside its ExternalInit.
    #[must_use]
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// The components of the epoch that it begins.
    #[must_use]
    pub const fn components(&self) -> &ComponentUpdates {
        &self.components
    }

    /// Judges the commit that the MLS stack has made of it, as the hub will, and puts it into a
    /// body for the hub. After the hub's success, the group is loaded by
    /// [`ClientRoom::load`](super::ClientRoom::load).
    ///
    /// # Errors
    /// [`ClientError::Refused`].
    pub fn request(&self, identity: &impl Identity, own: OwnCommit) -> Result<UpdateRequest, ClientError> {
        let codes = JoinCodes::Unknown;
        let judged = self.room.judge_commit_content(identity, codes, &own.content)?;
        if judged.components != self.components {
            return Err(RoomRefusal::OtherComponents.into());
        }
        update_request(own)
    }
}
