//! A client in a minimal-metadata room: its OpenMLS group, the room's wrapper key, and who the others are.

mod receive;
mod send;

use mimi_codec::{
    code_points::ComponentID,
    minimal_metadata::SealedConnectionResponse,
    mls::{ExternalSender, GroupContext, GroupInfo, MLSMessage, MLSMessageBody, RatchetTree, Welcome},
    protocol::{
        GroupInfoRatchetTreeTBE, IdentifierUri, ParticipantListData, PseudonymousCredential,
        TreelessGroupInfo, UpdateRequest, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::RustCrypto;
use mimi_policy::{TableSeed, preset::Preset};
use mimi_pseudonym::{
    Connection, ConnectionKey, IdentityLinkWrapperKey, PendingConnection, RoomView,
    flow::{
        create::create_room,
        external_join::join_externally,
        learn::{LeafIdentity, learn_room},
        unlinked::LinkPolicy,
    },
};
use openmls::prelude::{self as mls, LeafNodeParameters, MlsGroup, OpenMlsProvider, ProcessedWelcome};
use rand_core::CryptoRng;

use super::{
    person::{Alias, RealCredentials},
    room::{Judged, PublicRoom},
    seam::{
        authenticated_data, capabilities, credential_with_key, group_context_extensions, openmls_update,
        update_keys, update_participants, update_request,
    },
};
use crate::{
    Result,
    identity::Authority,
    stack::{self, ClientKey},
};

pub use receive::{Examined, Received};
pub use send::Invitation;

/// In these rooms, everybody shows who they are.
fn everybody(_: &IdentifierUri) -> LinkPolicy {
    LinkPolicy::Required
}

/// A client in a room.
pub struct Member {
    suite: RustCrypto,
    alias: Alias,
    group: MlsGroup,
    room: PublicRoom,
    wrapper_key: IdentityLinkWrapperKey,
    /// The key that the room's links will be under, once somebody has wrapped them anew: members have gone.
    next_wrapper_key: Option<IdentityLinkWrapperKey>,
    /// A commit of its own that the hub hasn't answered.
    pending: Option<Judged>,
}

impl Member {
    /// Creates a room with this client in it.
    ///
    /// # Errors
    /// When the parts make no room.
    pub fn create(
        suite: RustCrypto,
        room_id: &IdentifierUri,
        preset: &Preset,
        alias: Alias,
        connection_key: &ConnectionKey,
        hub: ExternalSender,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self> {
        let created = create_room(&suite, alias.credential.clone(), connection_key, rng)?;
        let creator = UserRolePair {
            user: alias.credential.user_pseudonym.as_bytes().into(),
            role_index: preset.creator_role,
        };
        let mut components = vec![
            stack::component(
                ComponentID::PARTICIPANT_LIST,
                &ParticipantListData { participants: vec![creator] },
            )?,
            stack::component(ComponentID::ROLES_LIST, &preset.roles)?,
            stack::component(ComponentID::BASE_ROOM_POLICY, &preset.base)?,
        ];
        components.push(stack::component(ComponentID::IDENTITY_LINK_KEYS, &created.link_keys.data())?);
        let extensions = group_context_extensions(components, hub)?;
        let group = MlsGroup::builder()
            .with_group_id(mls::GroupId::from_slice(room_id.as_bytes()))
            .ciphersuite(stack::ciphersuite(&suite)?)
            .with_wire_format_policy(mls::PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .with_capabilities(capabilities())
            .with_group_context_extensions(stack::to_openmls(&extensions)?)
            .build(&alias.mls, &alias.key, credential_with_key(&alias)?)?;
        Self::in_group(suite, alias, group, created.wrapper_key, rng)
    }

    /// Joins by a Welcome, which brings the wrapper key.
    ///
    /// # Errors
    /// When it is for somebody else, or the room is none.
    pub fn join(
        suite: RustCrypto,
        alias: Alias,
        welcome: &Welcome,
        tree: &RatchetTree,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self> {
        let welcome: mls::Welcome = stack::to_openmls(welcome)?;
        let welcome = ProcessedWelcome::new_from_welcome(&alias.mls, &stack::join_config(), welcome)?;
        let group_info: GroupInfo = stack::of_openmls(welcome.unverified_group_info())?;
        // Staging verifies the signature of that GroupInfo.
        let staged = welcome.into_staged_welcome(&alias.mls, Some(stack::to_openmls(tree)?))?;
        let wrapper_key = IdentityLinkWrapperKey::from_welcome(&suite, &group_info)?;
        let group = staged.into_group(&alias.mls)?;
        Self::in_group(suite, alias, group, wrapper_key, rng)
    }

    /// Joins from outside, with the wrapper key from a join link or a connection request: the commit, for the hub.
    ///
    /// # Errors
    /// When GroupInfo and tree make no room, or the policy forbids it.
    pub fn join_externally(
        suite: RustCrypto,
        alias: Alias,
        tbe: &GroupInfoRatchetTreeTBE,
        wrapper_key: &IdentityLinkWrapperKey,
        connection_key: &ConnectionKey,
        (role, response): (u32, Option<&SealedConnectionResponse>),
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, UpdateRequest)> {
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err("the tree is elsewhere".into());
        };
        let group_info: &GroupInfo = tbe.group_info.get();
        let context = &group_info.group_context;
        let room = PublicRoom::of_group(context, ratchet_tree, TableSeed::generate(rng))?;
        // The leftmost blank leaf is where it lands.
        let blank = (0..).find(|leaf| room.leaves.get(*leaf).is_none()).ok_or("the tree is full")?;
        let join = join_externally(&suite, wrapper_key, &alias.credential, connection_key, blank, rng)?;
        let aad = authenticated_data(&join.add_aad, response)?;
        let updates = vec![
            update_participants(&[(&alias.credential.user_pseudonym, role)], vec![])?,
            update_keys(&join.update)?,
        ];
        // OpenMLS wants to know what the components become before it makes the commit, so it is judged before it is there: all but its path.
        let outcome = room.judge_join(context, &alias.credential, &updates, &aad)?.changed()?;

        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(stack::to_openmls(ratchet_tree)?)
            .with_config(stack::join_config())
            .with_aad(aad)
            .build_group(&alias.mls, stack::to_openmls(group_info)?, credential_with_key(&alias)?)?
            .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities()).build());
        for update in &updates {
            builder = builder.add_app_data_update_proposal(openmls_update(update)?);
        }
        let mut builder = builder.load_psks(alias.mls.storage())?;
        let changed = stack::updates(builder.app_data_dictionary_updater(), &outcome);
        builder.with_app_data_dictionary_updates(changed);
        let builder = builder.create_group_info(true);
        let builder = builder.build(alias.mls.rand(), alias.mls.crypto(), &alias.key, |_| true)?;
        let (group, bundle) = builder.finalize(&alias.mls)?;
        let commit = stack::of_openmls(bundle.commit())?;
        let group_info = stack::of_openmls(bundle.group_info().ok_or("no GroupInfo")?)?;
        let request = update_request(commit, None, group_info)?;
        let member = Self::in_group(suite, alias, group, wrapper_key.clone(), rng)?;
        Ok((member, request))
    }

    fn in_group(
        suite: RustCrypto,
        alias: Alias,
        group: MlsGroup,
        wrapper_key: IdentityLinkWrapperKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self> {
        let context: GroupContext = stack::of_openmls(group.public_group().group_context())?;
        let tree: RatchetTree = stack::of_openmls(&group.export_ratchet_tree())?;
        let room = PublicRoom::of_group(&context, &tree, TableSeed::generate(rng))?;
        Ok(Self { suite, alias, group, room, wrapper_key, next_wrapper_key: None, pending: None })
    }

    /// Its pseudonyms in the room, and its key.
    #[must_use]
    pub const fn credential(&self) -> &PseudonymousCredential {
        &self.alias.credential
    }

    /// The key with which it signs in the room.
    #[must_use]
    pub const fn key(&self) -> &ClientKey {
        &self.alias.key
    }

    /// The room, as everybody sees it.
    #[must_use]
    pub const fn room(&self) -> &PublicRoom {
        &self.room
    }

    /// The key that the members share, and nobody else has: for a join link.
    #[must_use]
    pub const fn wrapper_key(&self) -> &IdentityLinkWrapperKey {
        &self.wrapper_key
    }

    /// The epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }

    /// Is it still in the room?
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.group.is_active()
    }

    /// GroupInfo and tree, for the hub of a new room.
    ///
    /// # Errors
    /// When OpenMLS makes none.
    pub fn group_info(&self) -> Result<GroupInfoRatchetTreeTBE> {
        let message = self.group.export_group_info(self.alias.mls.crypto(), &self.alias.key, false)?;
        let message: MLSMessage = stack::of_openmls(&message)?;
        let MLSMessageBody::GroupInfo { group_info } = message.body else {
            return Err("not a GroupInfo".into());
        };
        let ratchet_tree: RatchetTree = stack::of_openmls(&self.group.export_ratchet_tree())?;
        Ok(GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(*group_info)?,
            ratchet_tree_option: RatchetTreeOption::Full { ratchet_tree },
            pending_proposals: vec![],
        })
    }

    /// A view of the room for those who have its wrapper key.
    fn view(&self) -> RoomView<'_> {
        let PublicRoom { leaves, link_keys, .. } = &self.room;
        RoomView { leaves, link_keys, wrapper_key: &self.wrapper_key }
    }

    /// Opens every link in the room.
    #[must_use]
    pub fn learn(&self, authority: &Authority) -> Vec<(u32, LeafIdentity<()>)> {
        learn_room(&self.suite, &self.view(), &everybody, &RealCredentials(authority))
    }

    /// What the wrapper key that it has now opens of another state of the room: who was removed tries that.
    #[must_use]
    pub fn try_to_learn(&self, later: &PublicRoom, authority: &Authority) -> Vec<(u32, LeafIdentity<()>)> {
        let PublicRoom { leaves, link_keys, .. } = later;
        let view = RoomView { leaves, link_keys, wrapper_key: &self.wrapper_key };
        learn_room(&self.suite, &view, &everybody, &RealCredentials(authority))
    }

    /// Takes the answer to a request for a connection: the one who joined is the one who was asked.
    ///
    /// # Errors
    /// When it is somebody else.
    pub fn accept_connection(
        &self,
        pending: &PendingConnection,
        response: &SealedConnectionResponse,
        leaf_index: u32,
        authority: &Authority,
    ) -> Result<Connection> {
        let check = RealCredentials(authority);
        Ok(pending.accept(&self.suite, response, &self.view(), leaf_index, &check)?)
    }
}
