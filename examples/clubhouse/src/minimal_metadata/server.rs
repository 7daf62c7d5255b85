//! The other side: a provider that hosts such rooms, hands messages on, and keeps key packages, and
//! everything that it ever held.

use std::collections::{BTreeMap, BTreeSet};

use mimi_codec::{
    Encode, MimiUri, Opaque,
    mls::{ExternalSender, GroupInfo, KeyPackage, PublicMessage, RatchetTree, Sender, Welcome},
    protocol::{
        ClientKeyMaterial, CommitMessage, GroupInfoOption, GroupInfoRatchetTreeTBE, GroupInfoRequest,
        GroupInfoResponse, HandshakeBundle, IdentifierUri, KeyMaterialRequest, KeyMaterialResponse,
        KeyMaterialUserCode, Protocol, TreelessGroupInfo, UpdateRequest, UpdateRoomResponse,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{
    RustCrypto, answer_group_info_request, verify_group_info_request, verify_key_material_request,
};
use mimi_policy::TableSeed;
use mimi_pseudonym::{SetForRequest, check_extensions_for_hub, hand_out_set, leaf_credential};
use mimi_room::{
    RoomRefusal,
    hub::BegunEpoch,
    key_material::{answer_code, answers_request},
};
use openmls::prelude::{
    MlsMessageIn, OpenMlsProvider, ProcessedMessageContent, ProposalStore, ProtocolMessage, PublicGroup,
    StagedCommit,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::ChaCha20Rng;

use super::{
    judging::{self, public_message},
    room::{Judged, Objection, PublicRoom},
};
use crate::{Result, identity::ProviderKey, stack};

/// A room, as its hub has it.
struct Hosted {
    group: PublicGroup,
    room: PublicRoom,
    group_info: GroupInfo,
}

/// A provider's server.
pub struct Server {
    domain: String,
    suite: RustCrypto,
    key: ProviderKey,
    mls: OpenMlsRustCrypto,
    rng: ChaCha20Rng,
    rooms: BTreeMap<IdentifierUri, Hosted>,
    key_packages: BTreeMap<IdentifierUri, Vec<KeyPackage>>,
    bodies: Vec<Vec<u8>>,
}

/// A commit that a hub has accepted, for those that it goes to.
pub struct Accepted {
    /// The commit.
    pub commit: CommitMessage,
    /// For those whom it adds.
    pub welcome: Option<Welcome>,
    /// The tree, for them.
    pub tree: RatchetTree,
    /// What it does, and by which right.
    pub why: Vec<String>,
    /// The providers of the members before it: those who are new get a Welcome.
    pub domains: BTreeSet<String>,
    /// The providers of those whom it adds.
    pub welcome_domains: BTreeSet<String>,
}

impl Server {
    /// A server without rooms.
    #[must_use]
    pub fn new(domain: &str, suite: RustCrypto, key: ProviderKey, rng: ChaCha20Rng) -> Self {
        let (mls, rooms, key_packages, bodies) =
            (OpenMlsRustCrypto::default(), BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { domain: domain.to_owned(), suite, key, mls, rng, rooms, key_packages, bodies }
    }

    /// Its key, by which it vouches for its users.
    #[must_use]
    pub const fn key(&self) -> &ProviderKey {
        &self.key
    }

    /// Its place among a group's external senders.
    ///
    /// # Errors
    /// If its key is not one of the suite.
    pub fn external_sender(&self) -> Result<ExternalSender> {
        self.key.external_sender(&self.domain)
    }

    /// A room of this hub, as it sees it.
    ///
    /// # Errors
    /// When there is none.
    pub fn room(&self, uri: &IdentifierUri) -> Result<&PublicRoom> {
        Ok(&self.rooms.get(uri).ok_or("there is no such room")?.room)
    }

    /// It has got or sent a body.
    pub fn hold(&mut self, body: &[u8]) {
        self.bodies.push(body.to_vec());
    }

    /// Every byte string that it ever held: bodies, and what OpenMLS keeps of its rooms.
    ///
    /// # Errors
    /// When the storage was poisoned.
    pub fn held(&self) -> Result<Vec<Vec<u8>>> {
        let mut held = self.bodies.clone();
        let stored = self.mls.storage().values.read().map_err(|_| "the storage was poisoned")?;
        held.extend(stored.iter().flat_map(|(key, value)| [key.clone(), value.clone()]));
        for hosted in self.rooms.values() {
            held.push(hosted.room.dictionary.to_bytes()?);
            held.push(hosted.group_info.to_bytes()?);
        }
        Ok(held)
    }

    /// A user uploads key packages under a name that says nothing, and says no more.
    pub fn upload(&mut self, token: &IdentifierUri, key_packages: Vec<KeyPackage>) {
        self.key_packages.entry(token.clone()).or_default().extend(key_packages);
    }

    /// `POST /keyMaterial/{targetUser}`: one set of key packages, for a user of whom it knows no
    /// client.
    ///
    /// # Errors
    /// When the body does not decode, or its signature is not good.
    pub fn key_material(&mut self, body: &[u8], now_ms: u64) -> Result<KeyMaterialResponse> {
        let request: KeyMaterialRequest = stack::decode(body)?;
        let request = verify_key_material_request(&self.suite, request)?.into_request();
        let (status, clients) = match self.key_packages.get_mut(&request.target_user) {
            None => (KeyMaterialUserCode::USER_UNKNOWN, Vec::new()),
            Some(stock) => {
                let set = hand_out_set(stock, |it| answers_request(&request, it, now_ms))?;
                let clients = set.map_or_else(|| Ok(Vec::new()), client_key_material)?;
                (answer_code(&clients), clients)
            }
        };
        Ok(KeyMaterialResponse::new(Protocol::Mls10, status, request.target_user, clients)?)
    }

    /// Begins to host a room.
    ///
    /// # Errors
    /// When group and components make none, or the GroupInfo would tell the hub too much.
    pub fn host(&mut self, uri: &IdentifierUri, body: &[u8]) -> Result<()> {
        let tbe: GroupInfoRatchetTreeTBE = stack::decode(body)?;
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err("a new room comes with its tree".into());
        };
        let (group, _) = PublicGroup::from_external(
            self.mls.crypto(),
            self.mls.storage(),
            stack::to_openmls(ratchet_tree)?,
            stack::to_openmls(&tbe.group_info)?,
            ProposalStore::new(),
        )?;
        let group_info = tbe.group_info.into_inner();
        check_extensions_for_hub(&group_info.extensions)?;
        let seed = TableSeed::generate(&mut self.rng);
        let room = PublicRoom::of_group(&group_info.group_context, ratchet_tree, seed)?;
        self.rooms.insert(uri.clone(), Hosted { group, room, group_info });
        Ok(())
    }

    /// `POST /update/{roomId}`: the answer, and the commit if it was accepted.
    ///
    /// # Errors
    /// When the body is no UpdateRequest with a commit, or there is no such room.
    pub fn update(
        &mut self,
        uri: &IdentifierUri,
        body: &[u8],
        now: u64,
    ) -> Result<(UpdateRoomResponse, Result<Accepted, Objection>)> {
        let request: UpdateRequest = stack::decode(body)?;
        let HandshakeBundle::Commit { proposal_or_commit: commit, welcome, group_info_option, .. } =
            request.bundle
        else {
            return Err("not a commit".into());
        };
        let hosted = self.rooms.get(uri).ok_or("there is no such room")?;
        match self.judge(hosted, &commit, *group_info_option) {
            Ok((judged, staged, group_info)) => {
                let accepted = self.put_into_effect(uri, commit, welcome, (judged, staged, group_info))?;
                let (error_description, accepted_timestamp) = (String::new(), now);
                Ok((UpdateRoomResponse::Success { error_description, accepted_timestamp }, Ok(accepted)))
            }
            Err(objection) => {
                let code = objection.update_response_code();
                Ok((refusal(code, &objection)?, Err(objection)))
            }
        }
    }

    /// MLS says who sent it, the rest is judged without knowing who that is.
    fn judge(
        &self,
        hosted: &Hosted,
        commit: &CommitMessage,
        option: GroupInfoOption,
    ) -> Result<(Judged, StagedCommit, GroupInfo), Objection> {
        let public = public_message(commit.get())?;
        let processed = self.verify(hosted, commit)?;
        let judged = hosted.room.judge(&self.suite, public.content())?;
        let staged = self.stage(hosted, processed, &judged)?;
        let group_info = self.check_group_info(hosted, option, public, &judged, &staged)?;
        check_extensions_for_hub(&group_info.extensions)?;
        Ok((judged, staged, group_info))
    }

    fn verify(&self, hosted: &Hosted, commit: &CommitMessage) -> Result<ProcessedMessageContent> {
        let message: MlsMessageIn = stack::to_openmls(commit.get())?;
        let message: ProtocolMessage = message.try_into_protocol_message()?;
        Ok(hosted.group.process_message(self.mls.crypto(), message)?.into_content())
    }

    fn stage(
        &self,
        hosted: &Hosted,
        processed: ProcessedMessageContent,
        judged: &Judged,
    ) -> Result<StagedCommit> {
        match processed {
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates =
                    judging::updates(hosted.group.app_data_dictionary_updater(), &judged.changed()?);
                Ok(hosted.group.stage_app_data_commit(self.mls.crypto(), *commit, updates)?)
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
            _ => Err("not a commit".into()),
        }
    }

    fn check_group_info(
        &self,
        hosted: &Hosted,
        option: GroupInfoOption,
        public: &PublicMessage,
        judged: &Judged,
        staged: &StagedCommit,
    ) -> Result<GroupInfo> {
        let committer = match public.content().sender() {
            Sender::Member { leaf_index } => *leaf_index,
            _ => hosted.group.ext_commit_sender_index(staged)?.u32(),
        };
        let leaf = judged.leaf_changes().leaves().get(committer).ok_or("the committer has gone")?;
        let epoch = BegunEpoch {
            group_context: &stack::of_openmls(staged.group_context())?,
            confirmation_tag: public.auth().confirmation_tag.as_ref(),
            committer,
            committer_key: &leaf.signature_public_key,
        };
        Ok(epoch.check_group_info(&self.suite, option).map_err(RoomRefusal::GroupInfo)?)
    }

    fn put_into_effect(
        &mut self,
        uri: &IdentifierUri,
        commit: CommitMessage,
        welcome: Option<Welcome>,
        (judged, staged, group_info): (Judged, StagedCommit, GroupInfo),
    ) -> Result<Accepted> {
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        let domains = domains(&hosted.room, None)?;
        let added: BTreeSet<u32> = judged.leaf_changes().added().iter().copied().collect();
        let why = judged.decision.why.clone();
        hosted.group.merge_commit(self.mls.storage(), staged)?;
        let dictionary = judging::dictionary(hosted.group.group_context())?;
        hosted.room = PublicRoom::after(judged, dictionary);
        hosted.group_info = group_info;
        let welcome_domains = self::domains(&hosted.room, Some(&added))?;
        let tree = stack::of_openmls(&hosted.group.export_ratchet_tree())?;
        Ok(Accepted { commit, welcome, tree, why, domains, welcome_domains })
    }

    /// `POST /groupInfo/{roomId}`: GroupInfo and tree for a user who asks, sealed to the key in the
    /// request.
    ///
    /// # Errors
    /// When the body is no request, its signature is not good, or there is no such room.
    pub fn group_info(&mut self, uri: &IdentifierUri, body: &[u8]) -> Result<GroupInfoResponse> {
        let request: GroupInfoRequest = stack::decode(body)?;
        let request = verify_group_info_request(&self.suite, request)?;
        let hosted = self.rooms.get(uri).ok_or("there is no such room")?;
        let tbe = GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(hosted.group_info.clone())?,
            ratchet_tree_option: RatchetTreeOption::Full {
                ratchet_tree: stack::of_openmls(&hosted.group.export_ratchet_tree())?,
            },
            pending_proposals: vec![],
        };
        let (room_id, hub) = (Opaque::from(uri.as_bytes()), self.external_sender()?);
        let key = &self.key.signing_key()?;
        Ok(answer_group_info_request(&self.suite, &request, room_id, &tbe, hub, key, &mut self.rng)?)
    }
}

/// The clients that a set is for, each by its pseudonym.
fn client_key_material(set: SetForRequest) -> Result<Vec<ClientKeyMaterial>> {
    let client =
        |it: &KeyPackage| -> Result<_> { Ok(leaf_credential(&it.leaf_node)?.client_pseudonym.clone()) };
    let fitting = set
        .fitting
        .into_iter()
        .map(|it| Ok(ClientKeyMaterial::Success { client_uri: client(&it)?, key_package: Box::new(it) }));
    let others = set.others.iter().map(|it| {
        let client_capabilities = Some(it.leaf_node.capabilities.clone().into());
        Ok(ClientKeyMaterial::NothingCompatible { client_uri: client(it)?, client_capabilities })
    });
    fitting.chain(others).collect()
}

fn refusal(
    code: mimi_codec::protocol::UpdateResponseCode,
    objection: &Objection,
) -> Result<UpdateRoomResponse> {
    use mimi_codec::protocol::UpdateResponseCode as Code;
    let error_description = objection.to_string();
    match code {
        Code::NOT_ALLOWED => Ok(UpdateRoomResponse::NotAllowed { error_description }),
        _ => Ok(UpdateRoomResponse::InvalidProposal { error_description, invalid_proposals: vec![] }),
    }
}

/// The providers of the members, or of those at some leaves: a pseudonym says that much.
fn domains(room: &PublicRoom, only: Option<&BTreeSet<u32>>) -> Result<BTreeSet<String>> {
    let members = room.leaves().iter().filter(|(leaf, _)| only.is_none_or(|only| only.contains(leaf)));
    members
        .map(|(_, credential)| {
            let uri: MimiUri = credential.user_pseudonym.mimi_uri()?.to_owned();
            Ok(uri.host().as_str().to_owned())
        })
        .collect()
}
