//! Coming into a room: by creating it, by a Welcome.

use mimi_codec::{
    extensions::ComponentData,
    mls::{ExternalSender, MLSMessage, MLSMessageBody, Node, RatchetTree, Welcome},
    protocol::{GroupInfoRatchetTreeTBE, IdentifierUri, TreelessGroupInfo},
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_policy::TableSeed;
use openmls::prelude::{
    GroupId, MlsGroup, MlsGroupCreateConfig, OpenMlsProvider, PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
    StagedWelcome,
};

use super::{Client, Conversation, Membership};
use crate::{
    Result,
    decision::{AcceptedProposals, Roster, room_of},
    ensure, stack,
};

impl Client {
    /// Creates a room's group with these components, and hands in what its provider needs to host it.
    ///
    /// # Errors
    /// When they make no valid room.
    pub fn create_room(
        &mut self,
        room: &IdentifierUri,
        group: &IdentifierUri,
        components: Vec<ComponentData>,
        hub_sender: ExternalSender,
    ) -> Result<GroupInfoRatchetTreeTBE> {
        let extensions = stack::group_context_extensions(components, hub_sender)?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(stack::ciphersuite(&self.suite)?)
            .capabilities(stack::capabilities())
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .max_past_epochs(2)
            .with_group_context_extensions(stack::to_openmls(&extensions)?)
            .build();
        let id = GroupId::from_slice(group.as_bytes());
        let credential = self.credential_with_key()?;
        let group = MlsGroup::new_with_group_id(&self.mls, &self.key, &config, id, credential)?;
        let info = group.export_group_info(self.mls.crypto(), &self.key, false)?;
        let MLSMessageBody::GroupInfo { group_info } = stack::of_openmls::<MLSMessage>(&info)?.body else {
            return Err("OpenMLS made no GroupInfo".into());
        };
        let ratchet_tree = stack::of_openmls(&group.export_ratchet_tree())?;
        self.enter(room, group)?;
        Ok(GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(*group_info)?,
            ratchet_tree_option: RatchetTreeOption::Full { ratchet_tree },
            pending_proposals: Vec::new(),
        })
    }

    /// Joins a room by a Welcome.
    ///
    /// # Errors
    /// When it is not for this client, or leads to no valid room.
    pub(super) fn join(&mut self, room: &IdentifierUri, welcome: &Welcome, tree: &RatchetTree) -> Result<()> {
        self.verify_tree(tree)?;
        let staged =
            StagedWelcome::build_from_welcome(&self.mls, &stack::join_config(), stack::to_openmls(welcome)?)?
                .with_ratchet_tree(stack::to_openmls(tree)?)
                .build()?;
        let group = staged.into_group(&self.mls)?;
        self.enter(room, group)
    }

    /// Every leaf has a credential that its provider vouches for.
    pub(super) fn verify_tree(&self, tree: &RatchetTree) -> Result<()> {
        for node in tree.iter().flatten() {
            if let Node::Leaf { leaf_node } = node {
                self.authority.verify_leaf(leaf_node)?;
            }
        }
        Ok(())
    }

    /// Takes up a room that the group's components make.
    pub(super) fn enter(&mut self, uri: &IdentifierUri, group: MlsGroup) -> Result<()> {
        let dictionary = stack::dictionary(group.public_group().group_context())?;
        let roster = Roster::new(group.members(), group.public_group().group_context())?;
        let room = room_of(&dictionary, &roster, TableSeed::generate(&mut self.rng))?;
        let own = &self.identity;
        ensure!(room.role_of(&(&own.user).try_into()?).is_some(), "this user is not on the list");
        let accepted = AcceptedProposals::default();
        let timeline = Conversation::new();
        let membership = Membership { group, room, dictionary, roster, accepted, timeline, pending: None };
        self.rooms.insert(uri.clone(), membership);
        Ok(())
    }
}
