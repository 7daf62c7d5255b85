//! What a messenger does beside mimi-room and OpenMLS: it has a credential and keys, puts groups
//! into rooms, and reads and writes messages ([`message`]).

pub mod message;

use std::{collections::BTreeMap, sync::Arc};

use mimi_codec::{
    ClientUri, DnsName, List, RoomUri, UserUri,
    mls::{Credential, Extensions, KeyPackage, RatchetTree, Welcome},
    protocol::{
        FanoutEvent, FanoutMessage, GroupInfoRatchetTreeTBE, GroupInfoResponse, KeyMaterialRequest,
        KeyMaterialRequestTBS, OptionalIdentifierUri, Protocol, UpdateRequest, UpdateRoomResponse,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{RustCrypto, sign_key_material_request};
use mimi_openmls::{
    MemberStack, group_config, join_by_welcome, join_config, join_externally, of_openmls, to_openmls,
};
use mimi_policy::TableSeed;
use mimi_room::{
    Committed, MlsStack, WishError, Wishes,
    client::{ClientError, ClientRoom, Event, GroupInfoFetch, PendingExternalJoin, update_request},
};
use openmls::prelude::{GroupId, LeafNodeParameters, Lifetime, MlsGroup, OpenMlsProvider};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

pub use message::{Conduct, Conversation, Read, Says, Unsent};

use crate::{
    Result,
    identity::{Authority, ClientIdentity, domain_of},
    sealed::{self, Group, MemberKeys, Sealed},
    stack::{self, ClientKey, Mls, PAST_EPOCHS},
};

/// A client's group.
pub type Stack = Sealed<Group, MemberKeys>;

/// A room that a client is in.
pub struct Membership {
    /// The room.
    pub room: ClientRoom<Stack>,
    /// What was said.
    pub timeline: Conversation,
}

/// A client.
pub struct Client {
    identity: ClientIdentity,
    suite: RustCrypto,
    key: Arc<ClientKey>,
    credential: Credential,
    authority: Authority,
    mls: Mls,
    rng: ChaCha20Rng,
    rooms: BTreeMap<RoomUri, Membership>,
    /// Welcomes whose tree is not here yet.
    welcomes: BTreeMap<RoomUri, Welcome>,
}

/// What came of a message.
#[derive(Debug)]
pub enum Received {
    /// The client has joined.
    Joined,
    /// So many proposals wait for a commit.
    Proposals(usize),
    /// A commit took effect.
    Commit(Committed),
    /// A commit took effect, and this client is no longer in the room.
    Removed,
    /// A message.
    Message(Read),
    /// A message that its sender may not send, or with a wrong frank: it has no effect.
    RefusedMessage(String),
    /// The client refuses a handshake, whatever the hub has said.
    Refused(ClientError),
    /// A Welcome came without the tree, which the hub gives to this client alone.
    NeedsTree,
    /// The client has seen it before.
    Duplicate,
}

impl Client {
    /// A client whose provider has vouched for it.
    #[must_use]
    pub fn new(
        identity: ClientIdentity,
        suite: RustCrypto,
        (key, credential): (ClientKey, Credential),
        authority: Authority,
        rng: ChaCha20Rng,
    ) -> Self {
        let (key, mls, rooms, welcomes) = (Arc::new(key), Mls::default(), BTreeMap::new(), BTreeMap::new());
        Self { identity, suite, key, credential, authority, mls, rng, rooms, welcomes }
    }

    /// Its user and itself.
    #[must_use]
    pub const fn identity(&self) -> &ClientIdentity {
        &self.identity
    }

    /// A room that it is in.
    ///
    /// # Errors
    /// If it is not in the room.
    pub fn room(&self, uri: &RoomUri) -> Result<&Membership> {
        Ok(self.rooms.get(uri).ok_or("this client is not in the room")?)
    }

    fn room_mut(&mut self, uri: &RoomUri) -> Result<&mut Membership> {
        Ok(self.rooms.get_mut(uri).ok_or("this client is not in the room")?)
    }

    /// Whether it is in a room.
    #[must_use]
    pub fn is_in(&self, uri: &RoomUri) -> bool {
        self.rooms.contains_key(uri)
    }

    /// A new KeyPackage, for its provider to hand out once.
    ///
    /// # Errors
    /// If OpenMLS makes none.
    pub fn key_package(&self) -> Result<KeyPackage> {
        // OpenMLS looks at the system's clock and the follower at the story's.
        let bundle = openmls::prelude::KeyPackage::builder()
            .leaf_node_capabilities(stack::capabilities())
            .key_package_lifetime(Lifetime::init(0, u64::MAX))
            .build(
                stack::ciphersuite(&self.suite)?,
                &*self.mls,
                &*self.key,
                self.key.with(&self.credential)?,
            )?;
        Ok(of_openmls(bundle.key_package())?)
    }

    /// A request for the KeyPackages of a user that it is about to add to a room.
    ///
    /// # Errors
    /// If signing fails.
    pub fn request_key_material(&mut self, target: &UserUri, room: &RoomUri) -> Result<KeyMaterialRequest> {
        let context = self.room(room)?.room.room().group_context();
        let required_capabilities = context.extensions.content().ok_or("the group requires nothing")??;
        let request = KeyMaterialRequestTBS {
            protocol: Protocol::Mls10,
            requesting_user: (&self.identity.user).into(),
            target_user: target.into(),
            room_id: OptionalIdentifierUri(Some(room.into())),
            acceptable_ciphersuites: List::new(vec![context.cipher_suite])?,
            required_capabilities,
            requester_signature_key: self.key.public_key(),
            requester_credential: self.credential.clone(),
        };
        Ok(sign_key_material_request(&self.suite, self.key.signing_key(), request, &mut self.rng)?)
    }

    // Coming into a room.

    /// Creates a room's group, and hands in what its provider needs to host it.
    ///
    /// # Errors
    /// If they make no valid room.
    pub fn create_room(
        &mut self,
        room: &RoomUri,
        group: &[u8],
        extensions: &Extensions,
    ) -> Result<GroupInfoRatchetTreeTBE> {
        let config = group_config(PAST_EPOCHS)
            .ciphersuite(stack::ciphersuite(&self.suite)?)
            .capabilities(stack::capabilities())
            .with_leaf_node_extensions(sealed::leaf_node_extensions()?)?
            .with_group_context_extensions(to_openmls(extensions)?)
            .build();
        let (id, credential) = (GroupId::from_slice(group), self.key.with(&self.credential)?);
        let group = MlsGroup::new_with_group_id(&*self.mls, &*self.key, &config, id, credential)?;
        let stack = MemberStack::new(self.mls.clone(), self.key.clone(), group);
        let for_hub = stack.for_hub()?;
        self.enter(room, stack)?;
        Ok(for_hub)
    }

    fn enter(&mut self, uri: &RoomUri, group: Group) -> Result<()> {
        let rng = ChaCha20Rng::from_rng(&mut self.rng);
        let keys = MemberKeys::new(self.suite, self.key.clone(), rng);
        let stack = Sealed::new(group, keys);
        let hub = DnsName::parse(&domain_of(uri.mimi_uri())?)?;
        let seed = TableSeed::generate(&mut self.rng);
        let room = ClientRoom::load(uri.clone(), hub, stack, &self.authority, seed)?;
        self.rooms.insert(uri.clone(), Membership { room, timeline: Conversation::new() });
        Ok(())
    }

    fn join(&mut self, uri: &RoomUri, welcome: &Welcome, tree: &RatchetTree) -> Result<()> {
        let (mls, key, config) = (self.mls.clone(), self.key.clone(), join_config(PAST_EPOCHS));
        self.enter(uri, join_by_welcome(mls, key, &config, welcome, tree)?)
    }

    /// Joins by a Welcome that came without the tree, with the one that the hub has sealed.
    ///
    /// # Errors
    /// If there was no Welcome, or they make no valid room.
    pub fn join_with(&mut self, uri: &RoomUri, tbe: &GroupInfoRatchetTreeTBE) -> Result<()> {
        let welcome = self.welcomes.remove(uri).ok_or("there was no Welcome")?;
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err("the tree is not here".into());
        };
        self.join(uri, &welcome, ratchet_tree)
    }

    /// Asks for a room's GroupInfo, with a joining code if it has one.
    ///
    /// # Errors
    /// If signing fails.
    pub fn request_group_info(&mut self, room: &RoomUri, code: Option<&[u8]>) -> Result<GroupInfoFetch> {
        let (key, credential) = (self.key.signing_key(), self.credential.clone());
        Ok(GroupInfoFetch::new(&self.suite, room.clone(), key, credential, code, &mut self.rng)?)
    }

    /// Opens the answer, and checks that the room's hub has given it.
    ///
    /// # Errors
    /// If the hub says no, or it is another server.
    pub fn open_group_info(
        &self,
        room: &RoomUri,
        fetch: &GroupInfoFetch,
        response: GroupInfoResponse,
    ) -> Result<GroupInfoRatchetTreeTBE> {
        let domain = domain_of(room.mimi_uri())?;
        Ok(fetch.open(&self.suite, response, |hub| {
            self.authority.is_server(&domain, &hub.credential, &hub.signature_key)
        })?)
    }

    /// An external commit into the room. With a role, the user joins too; without one it is on the
    /// list already, and this is another of its clients.
    ///
    /// # Errors
    /// If the room's policy forbids it, or MLS.
    pub fn join_externally(
        &mut self,
        room: &RoomUri,
        tbe: GroupInfoRatchetTreeTBE,
        role: Option<u32>,
    ) -> Result<(UpdateRequest, Group)> {
        let (user, seed) = (&self.identity.user, TableSeed::generate(&mut self.rng));
        let join = PendingExternalJoin::new(room.clone(), tbe, user, role, &self.authority, seed)?;
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(stack::capabilities())
            .with_extensions(sealed::leaf_node_extensions()?)
            .build();
        let (own, group) = join_externally(
            self.mls.clone(),
            self.key.clone(),
            self.key.with(&self.credential)?,
            leaf,
            &join_config(PAST_EPOCHS),
            join.group_info(),
            join.ratchet_tree(),
            join.proposals(),
            join.components(),
        )?;
        Ok((join.request(&self.authority, own)?, group))
    }

    /// The hub has accepted the external commit.
    ///
    /// # Errors
    /// If the group makes no valid room.
    pub fn joined_externally(&mut self, room: &RoomUri, group: Group) -> Result<()> {
        self.enter(room, group)
    }

    // Changing a room.

    /// A commit of these wishes and of all that waits for one. It takes effect with the hub's
    /// answer.
    ///
    /// # Errors
    /// If the room's policy forbids it, or MLS.
    pub fn commit(&mut self, uri: &RoomUri, wishes: &Wishes) -> Result<UpdateRequest> {
        let membership = self.rooms.get_mut(uri).ok_or("this client is not in the room")?;
        Ok(membership.room.commit(&self.authority, wishes)?)
    }

    /// Proposals by which the client's user leaves with all its clients (mimi-protocol-06 §3.5).
    ///
    /// # Errors
    /// If the room's policy forbids it, or MLS.
    pub fn leave(&mut self, uri: &RoomUri) -> Result<UpdateRequest> {
        let membership = self.rooms.get_mut(uri).ok_or("this client is not in the room")?;
        Ok(membership.room.leave(&self.suite, &self.authority)?)
    }

    /// The hub's answer to a commit or proposals.
    ///
    /// # Errors
    /// If there were none.
    pub fn answered(&mut self, uri: &RoomUri, answer: &UpdateRoomResponse) -> Result<()> {
        let membership = self.rooms.get_mut(uri).ok_or("this client is not in the room")?;
        membership.room.answered(&self.suite, &self.authority, answer)?;
        Ok(())
    }

    /// The villain's commit: it asks no rule, and leaves out what waits. Its room knows nothing of
    /// it.
    ///
    /// # Errors
    /// If even OpenMLS refuses.
    pub fn commit_unasked(&mut self, uri: &RoomUri, wishes: &Wishes) -> Result<UpdateRequest> {
        let room = &mut self.room_mut(uri)?.room;
        let proposals = match room.room().proposals_for(wishes) {
            Err(WishError::Empty) => Vec::new(),
            proposals => proposals?,
        };
        // What makes no room at all changes no component either.
        let components = room.room().components_after(&proposals).unwrap_or_default();
        let (own, _) = room.stack_mut().inner_mut().commit_alone(&proposals, &components)?;
        Ok(update_request(own)?)
    }

    /// The villain's commit was refused.
    ///
    /// # Errors
    /// If OpenMLS cannot forget it.
    pub fn forget_commit(&mut self, uri: &RoomUri) -> Result<()> {
        let mls = self.mls.clone();
        let stack = self.room_mut(uri)?.room.stack_mut();
        Ok(stack.inner_mut().group_mut().clear_pending_commit(mls.storage())?)
    }

    /// Takes what the hub has fanned out.
    ///
    /// # Errors
    /// If the body is malformed, or a Welcome leads to no room.
    pub fn receive(&mut self, uri: &RoomUri, body: &[u8]) -> Result<Received> {
        let message: FanoutMessage = stack::decode(body)?;
        match message.event() {
            FanoutEvent::Welcome { message, ratchet_tree_option } => {
                let welcome = message.welcome().ok_or("not a Welcome")?;
                let RatchetTreeOption::Full { ratchet_tree } = &**ratchet_tree_option else {
                    self.welcomes.insert(uri.clone(), welcome.clone());
                    return Ok(Received::NeedsTree);
                };
                self.join(uri, welcome, ratchet_tree)?;
                return Ok(Received::Joined);
            }
            FanoutEvent::Application { .. } => {
                return Ok(match self.read(uri, message) {
                    Ok(read) => Received::Message(read),
                    Err(error) => Received::RefusedMessage(error.to_string()),
                });
            }
            _ => {}
        }
        let membership = self.rooms.get_mut(uri).ok_or("this client is not in the room")?;
        Ok(match membership.room.receive(&self.suite, &self.authority, message) {
            Ok(Event::Proposals { references, .. }) => Received::Proposals(references.len()),
            Ok(Event::Commit { committed, .. }) => Received::Commit(committed),
            Ok(Event::Removed { .. }) => {
                self.rooms.remove(uri);
                Received::Removed
            }
            Ok(_) => Received::Duplicate,
            Err(error) => Received::Refused(error),
        })
    }

    /// Whether hub and client are in the same epoch, with the same components, leaves and waiting
    /// proposals.
    ///
    /// # Errors
    /// If the client is not in the room, or OpenMLS cannot express its GroupContext.
    pub fn agrees_with(&self, hub: &mimi_room::Room, client: &ClientUri) -> Result<()> {
        let room = &self.room(hub.uri())?.room;
        let same = room.room().group_context() == hub.group_context()
            && room.stack().group_context()? == *hub.group_context()
            && room.room().members() == hub.members()
            && room.room().waiting() == hub.waiting()
            && room.room().policy().participant_list() == hub.policy().participant_list();
        if same { Ok(()) } else { Err(format!("{client} and the hub disagree").into()) }
    }
}
