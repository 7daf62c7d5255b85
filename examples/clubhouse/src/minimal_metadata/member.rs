//! A client in a minimal-metadata room: its OpenMLS group, the room's wrapper key, and who the
//! others are.

mod receive;
mod send;

use mimi_codec::{
    RoomUri,
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
    Connection, ConnectionKey, IdentityLinkWrapperKey, KnownRoom, PendingConnection, PseudonymUses, RoomView,
    flow::{
        create::create_room,
        external_join::{Joiner, join_externally},
        learn::{LeafIdentity, learn_room},
        unlinked::LinkPolicy,
    },
};
use openmls::prelude::{self as mls, LeafNodeParameters, MlsGroup, OpenMlsProvider, ProcessedWelcome};
use rand_core::CryptoRng;

use super::{
    judging,
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

pub use receive::Received;
pub use send::Invitation;

/// In these rooms, all users show who they are.
fn all_linked(_: &IdentifierUri) -> LinkPolicy {
    LinkPolicy::Required
}

/// A client in a room.
pub struct Member {
    suite: RustCrypto,
    alias: Alias,
    group: MlsGroup,
    room: PublicRoom,
    /// Who is who.
    known: KnownRoom<()>,
    /// The client's own commit that the hub has not answered yet.
    pending: Option<Judged>,
}

impl Member {
    /// Creates a room with this client in it.
    ///
    /// # Errors
    /// Fails if the parts make no valid room.
    pub fn create(
        suite: RustCrypto,
        room_id: &IdentifierUri,
        preset: &Preset,
        alias: Alias,
        (connection_key, uses): (&ConnectionKey, &mut PseudonymUses),
        (hub, authority): (ExternalSender, &Authority),
        rng: &mut dyn CryptoRng,
    ) -> Result<Self> {
        let room_uri = RoomUri::try_from(room_id)?;
        let created = create_room(&suite, &room_uri, alias.credential.clone(), connection_key, uses, rng)?;
        let creator = UserRolePair {
            user: alias.credential.user_pseudonym.as_bytes().into(),
            role_index: preset.creator_role,
        };
        let mut components = vec![
            judging::component(
                ComponentID::PARTICIPANT_LIST,
                &ParticipantListData { participants: vec![creator] },
            )?,
            judging::component(ComponentID::ROLES_LIST, &preset.roles)?,
            judging::component(ComponentID::BASE_ROOM_POLICY, &preset.base)?,
        ];
        components.push(judging::component(ComponentID::IDENTITY_LINK_KEYS, &created.link_keys.data())?);
        let extensions = group_context_extensions(components, hub)?;
        let group = MlsGroup::builder()
            .with_group_id(mls::GroupId::from_slice(room_id.as_bytes()))
            .ciphersuite(stack::ciphersuite(&suite)?)
            .with_wire_format_policy(mls::PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .with_capabilities(capabilities())
            .with_group_context_extensions(stack::to_openmls(&extensions)?)
            .build(&alias.mls, &alias.key, credential_with_key(&alias)?)?;
        Self::in_group(suite, alias, group, created.wrapper_key, authority, rng)
    }

    /// Joins by a Welcome, which brings the wrapper key.
    ///
    /// # Errors
    /// When it is for another user, or the room is not one.
    pub fn join(
        suite: RustCrypto,
        alias: Alias,
        welcome: &Welcome,
        tree: &RatchetTree,
        authority: &Authority,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self> {
        let welcome: mls::Welcome = stack::to_openmls(welcome)?;
        let welcome = ProcessedWelcome::new_from_welcome(
            &alias.mls,
            &mimi_openmls::join_config(stack::PAST_EPOCHS),
            welcome,
        )?;
        let group_info: GroupInfo = stack::of_openmls(welcome.unverified_group_info())?;
        // Staging verifies the signature of that GroupInfo.
        let staged = welcome.into_staged_welcome(&alias.mls, Some(stack::to_openmls(tree)?))?;
        let wrapper_key = IdentityLinkWrapperKey::from_welcome(&suite, &group_info)?;
        let group = staged.into_group(&alias.mls)?;
        Self::in_group(suite, alias, group, wrapper_key, authority, rng)
    }

    /// Joins from outside, with the wrapper key from a join link or a connection request: the
    /// commit, for the hub.
    ///
    /// # Errors
    /// When GroupInfo and tree make no room, or the policy forbids it.
    pub fn join_externally(
        suite: RustCrypto,
        alias: Alias,
        tbe: &GroupInfoRatchetTreeTBE,
        (wrapper_key, authority): (&IdentityLinkWrapperKey, &Authority),
        (connection_key, uses): (&ConnectionKey, &mut PseudonymUses),
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
        let leaf_index = room.leaves().first_blank();
        let view = RoomView { leaves: room.leaves(), link_keys: room.link_keys(), wrapper_key };
        let room_id = &RoomUri::new(context.group_id.clone())?;
        let joiner = Joiner { room_id, credential: &alias.credential, connection_key, leaf_index, uses };
        let join = join_externally(&suite, &view, joiner, rng)?;
        let aad = authenticated_data(&join.add_aad, response)?;
        let updates = vec![
            update_participants(&[(&alias.credential.user_pseudonym, role)], vec![])?,
            update_keys(&join.update)?,
        ];
        // OpenMLS wants to know what the components become before it makes the commit, so it is
        // judged before it is there: all but its path.
        let outcome = room.judge_join(&suite, context, &alias.credential, &updates, &aad)?.changed()?;

        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(stack::to_openmls(ratchet_tree)?)
            .with_config(mimi_openmls::join_config(stack::PAST_EPOCHS))
            .with_aad(aad)
            .build_group(&alias.mls, stack::to_openmls(group_info)?, credential_with_key(&alias)?)?
            .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities()).build());
        for update in &updates {
            builder = builder.add_app_data_update_proposal(openmls_update(update)?);
        }
        let mut builder = builder.load_psks(alias.mls.storage())?;
        let changed = judging::updates(builder.app_data_dictionary_updater(), &outcome);
        builder.with_app_data_dictionary_updates(changed);
        let builder = builder.create_group_info(true);
        let builder = builder.build(alias.mls.rand(), alias.mls.crypto(), &alias.key, |_| true)?;
        let (group, bundle) = builder.finalize(&alias.mls)?;
        let commit = stack::of_openmls(bundle.commit())?;
        let group_info = stack::of_openmls(bundle.group_info().ok_or("no GroupInfo")?)?;
        let request = update_request(commit, None, group_info)?;
        let member = Self::in_group(suite, alias, group, wrapper_key.clone(), authority, rng)?;
        Ok((member, request))
    }

    fn in_group(
        suite: RustCrypto,
        alias: Alias,
        group: MlsGroup,
        wrapper_key: IdentityLinkWrapperKey,
        authority: &Authority,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self> {
        let context: GroupContext = stack::of_openmls(group.public_group().group_context())?;
        let tree: RatchetTree = stack::of_openmls(&group.export_ratchet_tree())?;
        let room = PublicRoom::of_group(&context, &tree, TableSeed::generate(rng))?;
        let (sealed, check) = (room.sealed.clone(), RealCredentials(authority));
        let known = KnownRoom::learn(&suite, sealed, wrapper_key, &all_linked, &check, rng);
        Ok(Self { suite, alias, group, room, known, pending: None })
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

    /// The room, as all parties see it.
    #[must_use]
    pub const fn room(&self) -> &PublicRoom {
        &self.room
    }

    /// The key that the members share, and no other user has: for a join link.
    #[must_use]
    pub fn wrapper_key(&self) -> &IdentityLinkWrapperKey {
        self.known.wrapper_key()
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
        let (leaves, link_keys) = (self.room.leaves(), self.room.link_keys());
        RoomView { leaves, link_keys, wrapper_key: self.known.wrapper_key() }
    }

    /// Opens every link in the room.
    #[must_use]
    pub fn learn(&self, authority: &Authority) -> Vec<(u32, LeafIdentity<()>)> {
        learn_room(&self.suite, &self.view(), &all_linked, &RealCredentials(authority))
    }

    /// What the wrapper key that it has now opens of another state of the room: who was removed
    /// tries that.
    #[must_use]
    pub fn try_to_learn(&self, later: &PublicRoom, authority: &Authority) -> Vec<(u32, LeafIdentity<()>)> {
        let (leaves, link_keys, wrapper_key) = (later.leaves(), later.link_keys(), self.known.wrapper_key());
        let view = RoomView { leaves, link_keys, wrapper_key };
        learn_room(&self.suite, &view, &all_linked, &RealCredentials(authority))
    }

    /// Takes the answer to a request for a connection: the one who joined is the one who was asked.
    ///
    /// # Errors
    /// If it is another user's.
    pub fn accept_connection(
        &self,
        pending: &PendingConnection,
        response: &SealedConnectionResponse,
        leaf_index: u32,
        known: Option<&Connection>,
        authority: &Authority,
    ) -> Result<Connection> {
        let check = RealCredentials(authority);
        Ok(pending.accept(&self.suite, response, &self.view(), leaf_index, known, &check)?)
    }
}
