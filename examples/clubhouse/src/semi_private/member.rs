//! A member of a room with SemiPrivateMessages.

use mimi_codec::{
    Decode, Encode, Opaque,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect, SafeAAD},
    mls::{
        Add, Commit, Content, Extensions, ExternalSender, FramedContent, FramedContentAuthData, GroupContext,
        KeyPackage, MLSMessage, MLSMessageBody, Mls10, Proposal, ProposalOrRef, RatchetTree, Sender,
        SenderData, SignaturePublicKey, Welcome,
    },
    protocol::{
        CommitMessage, GroupInfoOption, GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS,
        GroupInfoResponse, HandshakeBundle, IdentifierUri, ParticipantListUpdate, Protocol,
        TreelessGroupInfo, UpdateRequest, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
    semiprivate::SemiPrivateMessage,
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, HandshakeKeys, HpkePrivateKey, RustCrypto, Secret,
    UnauthenticatedHandshake, generate_hpke_key_pair, open_as_member, open_sender_data,
    seal_semi_private_message, semi_private_tbs, sign_group_info_request, sign_with_label,
    verify_group_info_response,
};
use mimi_policy::{RoomState, TableSeed};
use openmls::{
    messages::proposals::AppDataUpdateProposal,
    prelude::{
        self as mls, CredentialWithKey, KeyPackageIn, MlsGroup, MlsMessageIn, OpenMlsProvider,
        ProcessedMessageContent, ProtocolMessage, ProtocolVersion, StagedWelcome,
    },
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_core::CryptoRng;

use super::{
    COMPANION, Companion, capabilities, leaf_node_extensions, safe_aad_with, with_authenticated_data,
};
use crate::{
    Result,
    decision::{AcceptedProposals, Decision, Roster, Standpoint, public_message, room_of},
    ensure,
    identity::Authority,
    stack::{self, ClientKey},
};

/// A client that is not in the room yet.
pub struct Newcomer {
    suite: RustCrypto,
    mls: OpenMlsRustCrypto,
    key: ClientKey,
    credential: mimi_codec::mls::Credential,
}

impl Newcomer {
    /// A client with a credential for its key.
    #[must_use]
    pub fn new(suite: RustCrypto, key: ClientKey, credential: mimi_codec::mls::Credential) -> Self {
        Self { suite, mls: OpenMlsRustCrypto::default(), key, credential }
    }

    fn credential_with_key(&self) -> Result<CredentialWithKey> {
        let credential = stack::to_openmls(&self.credential)?;
        Ok(CredentialWithKey { credential, signature_key: self.key.public_key().to_vec().into() })
    }

    /// A key package of this client.
    ///
    /// # Errors
    /// When OpenMLS makes none.
    pub fn key_package(&self) -> Result<KeyPackage> {
        let bundle = mls::KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .leaf_node_extensions(leaf_node_extensions()?)
            .build(stack::ciphersuite(&self.suite)?, &self.mls, &self.key, self.credential_with_key()?)?;
        stack::of_openmls(bundle.key_package())
    }

    /// Creates a room.
    ///
    /// # Errors
    /// When the parts make none.
    pub fn create(
        self,
        room_id: &IdentifierUri,
        extensions: &Extensions,
        rng: &mut dyn CryptoRng,
    ) -> Result<Member> {
        let group = MlsGroup::builder()
            .with_group_id(mls::GroupId::from_slice(room_id.as_bytes()))
            .ciphersuite(stack::ciphersuite(&self.suite)?)
            .with_wire_format_policy(mls::PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .with_capabilities(capabilities())
            .with_leaf_node_extensions(leaf_node_extensions()?)?
            .with_group_context_extensions(stack::to_openmls(extensions)?)
            .build(&self.mls, &self.key, self.credential_with_key()?)?;
        Member::in_group(self, group, rng)
    }

    /// Asks the hub for GroupInfo and tree, and has the key to the answer.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn request_group_info(&self, rng: &mut dyn CryptoRng) -> Result<(HpkePrivateKey, GroupInfoRequest)> {
        let (private_key, group_info_public_key) = generate_hpke_key_pair(&self.suite, rng)?;
        let tbs = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: self.suite.parameters().cipher_suite,
            requesting_signature_key: self.key.public_key(),
            requesting_credential: self.credential.clone(),
            group_info_public_key,
            joining_code: None,
        };
        Ok((private_key, sign_group_info_request(&self.suite, self.key.signing_key(), tbs, rng)?))
    }

    /// Opens the answer.
    ///
    /// # Errors
    /// When it is somebody else's, or has no tree.
    pub fn open_group_info(
        &self,
        private_key: &HpkePrivateKey,
        room_id: &[u8],
        hub: &ExternalSender,
        response: GroupInfoResponse,
    ) -> Result<RatchetTree> {
        let response = verify_group_info_response(&self.suite, response, room_id)?;
        ensure!(response.hub_sender() == hub, "somebody else answers");
        match response.open(&self.suite, private_key)?.ratchet_tree_option {
            RatchetTreeOption::Full { ratchet_tree } => Ok(ratchet_tree),
            _ => Err("the tree is elsewhere".into()),
        }
    }

    /// Joins by a Welcome. The tree has come from the hub in a sealed answer, past the followers.
    ///
    /// # Errors
    /// When it is for somebody else.
    pub fn join(self, welcome: &Welcome, tree: &RatchetTree, rng: &mut dyn CryptoRng) -> Result<Member> {
        let (welcome, tree) = (stack::to_openmls(welcome)?, stack::to_openmls(tree)?);
        let staged = StagedWelcome::new_from_welcome(&self.mls, &stack::join_config(), welcome, Some(tree))?;
        let group = staged.into_group(&self.mls)?;
        Member::in_group(self, group, rng)
    }
}

/// A client in the room.
pub struct Member {
    client: Newcomer,
    group: MlsGroup,
    room: RoomState,
    roster: Roster,
    /// How many handshakes it has sent in this epoch.
    generation: u32,
    pending: Option<Decision>,
}

impl Member {
    fn in_group(client: Newcomer, group: MlsGroup, rng: &mut dyn CryptoRng) -> Result<Self> {
        let roster = Roster::new(group.members(), group.public_group().group_context())?;
        let dictionary = stack::dictionary(group.public_group().group_context())?;
        let room = room_of(&dictionary, &roster, TableSeed::generate(rng))?;
        Ok(Self { client, group, room, roster, generation: 0, pending: None })
    }

    /// The room.
    #[must_use]
    pub const fn room(&self) -> &RoomState {
        &self.room
    }

    /// The epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }

    /// What members agree on in this epoch.
    ///
    /// # Errors
    /// When the encodings differ.
    pub fn context(&self) -> Result<GroupContext> {
        stack::of_openmls(self.group.public_group().group_context())
    }

    /// GroupInfo and tree, for the hub of a new room.
    ///
    /// # Errors
    /// When OpenMLS makes none.
    pub fn group_info(&self) -> Result<GroupInfoRatchetTreeTBE> {
        let Newcomer { mls, key, .. } = &self.client;
        let message: MLSMessage =
            stack::of_openmls(&self.group.export_group_info(mls.crypto(), key, false)?)?;
        let MLSMessageBody::GroupInfo { group_info } = message.body else {
            return Err("not a GroupInfo".into());
        };
        let ratchet_tree = stack::of_openmls(&self.group.export_ratchet_tree())?;
        Ok(GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(*group_info)?,
            ratchet_tree_option: RatchetTreeOption::Full { ratchet_tree },
            pending_proposals: vec![],
        })
    }

    // What stands for the ratchets of OpenMLS.

    /// A secret that the members of this epoch share.
    fn export(&self, label: &str, context: &[u8], length: usize) -> Result<Secret> {
        let secret = self.group.export_secret(self.client.mls.crypto(), label, context, length)?;
        Ok(Secret::of_length(secret, length)?)
    }

    /// Key and nonce of one handshake of one sender.
    fn handshake_key(&self, purpose: &str, sender: u32, generation: u32) -> Result<(AeadKey, Secret)> {
        let sizes = *self.client.suite.parameters();
        let context = [sender.to_be_bytes(), generation.to_be_bytes()].concat();
        let key = self.export(&format!("clubhouse {purpose} key"), &context, sizes.nk)?;
        let nonce = self.export(&format!("clubhouse {purpose} nonce"), &context, sizes.nn)?;
        Ok((AeadKey::from_secret(&self.client.suite, key)?, nonce))
    }

    fn sender_data_secret(&self) -> Result<Secret> {
        self.export("clubhouse sender data", &[], self.client.suite.parameters().nh)
    }

    // What it sends.

    /// Adds somebody: the update request, with the commit as a SemiPrivateMessage, and the same commit as OpenMLS would have sent it, to compare.
    ///
    /// # Errors
    /// When the policy forbids it.
    pub fn add(
        &mut self,
        user: &IdentifierUri,
        role_index: u32,
        key_package: &KeyPackage,
        authority: &Authority,
        rng: &mut dyn CryptoRng,
    ) -> Result<(UpdateRequest, CommitMessage)> {
        let user = UserRolePair { user: user.as_bytes().into(), role_index };
        let update = ParticipantListUpdate {
            changed_role_participants: vec![],
            removed_indices: vec![],
            added_participants: vec![user],
        };
        let update = update.to_bytes()?;
        let component_id = ComponentID::PARTICIPANT_LIST;
        let op = AppDataUpdateSelect::Update { update: update.clone().into() };
        let proposals = [
            Proposal::Add(Box::new(Add { key_package: key_package.clone() })),
            Proposal::AppDataUpdate(AppDataUpdate { component_id, op }),
        ];
        let proposals = proposals.into_iter().map(|proposal| ProposalOrRef::Proposal { proposal }).collect();
        let before = self.context()?;
        let content = FramedContent::new(
            before.group_id.clone(),
            before.epoch,
            Sender::Member { leaf_index: self.group.own_leaf_index().u32() },
            Opaque::default(),
            Content::Commit { commit: Commit { proposals, path: None } },
        )?;
        let decision = self.judge(&content, authority)?;

        let Newcomer { mls, key, .. } = &self.client;
        let key_package: KeyPackageIn = stack::to_openmls(key_package)?;
        let key_package = key_package.validate(mls.crypto(), ProtocolVersion::Mls10)?;
        let update = AppDataUpdateProposal::update(component_id.0, update);
        let builder = self.group.commit_builder().propose_adds([key_package]);
        let builder = builder.add_proposal(mls::Proposal::AppDataUpdate(Box::new(update)));
        let mut builder = builder.load_psks(mls.storage())?;
        let changed = stack::updates(builder.app_data_dictionary_updater(), &decision.changed);
        builder.with_app_data_dictionary_updates(changed);
        let builder = builder.create_group_info(true);
        let bundle = builder.build(mls.rand(), mls.crypto(), key, |_| true)?.stage_commit(mls)?;
        let openmls_commit: MLSMessage = stack::of_openmls(bundle.commit())?;
        let welcome = bundle.welcome().map(stack::of_openmls).transpose()?;
        let group_info =
            TreelessGroupInfo::new(stack::of_openmls(bundle.group_info().ok_or("no GroupInfo")?)?)?;
        let pending = self.group.pending_commit().ok_or("there is no commit")?;
        let tree = pending.export_ratchet_tree(mls.crypto(), self.group.export_ratchet_tree())?;
        let ratchet_tree = stack::of_openmls(&tree.ok_or("the tree is gone")?)?;

        let message = self.seal(&before, &openmls_commit, rng)?;
        let body = MLSMessageBody::SemiPrivateMessage { semiprivate_message: Box::new(message) };
        let bundle = HandshakeBundle::Commit {
            proposal_or_commit: CommitMessage::new(MLSMessage { version: Mls10, body })?,
            welcome,
            group_info_option: Box::new(GroupInfoOption::Full { group_info }),
            ratchet_tree_option: RatchetTreeOption::Full { ratchet_tree },
        };
        self.pending = Some(decision);
        Ok((UpdateRequest { bundle }, CommitMessage::new(openmls_commit)?))
    }

    /// A commit of OpenMLS's as a SemiPrivateMessage.
    fn seal(
        &mut self,
        context: &GroupContext,
        commit: &MLSMessage,
        rng: &mut dyn CryptoRng,
    ) -> Result<SemiPrivateMessage> {
        let public = public_message(commit)?;
        let (own, generation) = (self.group.own_leaf_index().u32(), self.generation);
        self.generation = generation.checked_add(1).ok_or("too many handshakes")?;
        let Newcomer { suite, key, .. } = &self.client;

        // OpenMLS's own signature, for the members.
        let (companion_key, companion_nonce) = self.handshake_key("companion", own, generation)?;
        let companion = Companion::of(public)?.to_bytes()?;
        let companion = suite.aead_seal(&companion_key, companion_nonce.expose(), &[], &companion)?;
        let authenticated_data = safe_aad_with(companion)?.to_bytes()?;
        let content = with_authenticated_data(public.content(), authenticated_data)?;

        // The draft's signature covers the wire format.
        let tbs = semi_private_tbs(content.clone(), context)?.to_bytes()?;
        let signature = sign_with_label(suite, key.signing_key(), b"FramedContentTBS", &tbs, rng)?.into();
        let confirmation_tag = public.auth().confirmation_tag.clone();
        let auth = FramedContentAuthData { signature, confirmation_tag };
        let (message_key, nonce) = self.handshake_key("handshake", own, generation)?;
        let sender_data_secret = self.sender_data_secret()?;
        let keys = HandshakeKeys {
            key: &message_key,
            nonce: &nonce,
            generation,
            sender_data_secret: &sender_data_secret,
        };
        Ok(seal_semi_private_message(suite, context, &content, auth, PADDING, &keys, rng)?)
    }

    /// The hub has accepted the commit.
    ///
    /// # Errors
    /// When there is none.
    pub fn accepted(&mut self) -> Result<()> {
        let decision = self.pending.take().ok_or("there is no commit")?;
        self.group.merge_pending_commit(&self.client.mls)?;
        self.enter(decision)
    }

    // What it receives.

    /// Opens a commit: the sender data, then the content. It comes with what the sender data says.
    ///
    /// # Errors
    /// When it isn't for this member, or was changed.
    pub fn open(&self, message: &SemiPrivateMessage) -> Result<(UnauthenticatedHandshake, SenderData)> {
        let suite = &self.client.suite;
        let sender_data = open_sender_data(suite, &self.sender_data_secret()?, message)?;
        Ok((self.open_as_from(message, &sender_data)?, sender_data))
    }

    /// Opens the content by the key of the handshake that `sender_data` says; its sender has to be the one that the message was sealed for.
    ///
    /// # Errors
    /// When it isn't.
    pub fn open_as_from(
        &self,
        message: &SemiPrivateMessage,
        sender_data: &SenderData,
    ) -> Result<UnauthenticatedHandshake> {
        let (key, nonce) = self.handshake_key("handshake", sender_data.leaf_index, sender_data.generation)?;
        Ok(open_as_member(&self.client.suite, sender_data, &key, &nonce, message)?)
    }

    /// The key of the member at a leaf.
    ///
    /// # Errors
    /// When nobody is there.
    pub fn signature_key(&self, leaf_index: u32) -> Result<SignaturePublicKey> {
        let member =
            self.group.member_at(mls::LeafNodeIndex::new(leaf_index)).ok_or("nobody is at that leaf")?;
        Ok(member.signature_key.into())
    }

    /// Takes a commit that the hub has handed on: opens it, judges it as the hub did, and gives it to OpenMLS.
    ///
    /// # Errors
    /// When it is refused.
    pub fn receive(&mut self, message: &SemiPrivateMessage, authority: &Authority) -> Result<()> {
        let (handshake, sender_data) = self.open(message)?;
        let signature_key = self.signature_key(handshake.sender_leaf_index())?;
        let handshake = handshake.verify(&self.client.suite, &self.context()?, &signature_key)?;
        let handshake = handshake.authenticated_content();
        let content = handshake.content();
        let decision = self.judge(content, authority)?;

        let aad = SafeAAD::decode_exact(content.authenticated_data())?;
        let sealed = aad.data(COMPANION).ok_or("there is no companion")?;
        let (key, nonce) = self.handshake_key("companion", sender_data.leaf_index, sender_data.generation)?;
        let opened = self.client.suite.aead_open(&key, nonce.expose(), &[], sealed)?;
        let public = Companion::decode_exact(opened.expose())?.public_message(handshake)?;
        let body = MLSMessageBody::PublicMessage { public_message: Box::new(public) };
        let message: MlsMessageIn = stack::to_openmls(&MLSMessage { version: Mls10, body })?;
        let message: ProtocolMessage = message.try_into_protocol_message()?;

        let mls = &self.client.mls;
        let processed = self.group.process_message(mls, message)?.into_content();
        let ProcessedMessageContent::UnresolvedAppDataCommit(commit) = processed else {
            return Err("a commit that changes no component".into());
        };
        let updates = stack::updates(self.group.app_data_dictionary_updater(), &decision.changed);
        let staged = self.group.stage_app_data_commit(mls, *commit, updates)?;
        self.group.merge_staged_commit(mls, staged)?;
        self.enter(decision)
    }

    fn judge(&self, content: &FramedContent, authority: &Authority) -> Result<Decision> {
        let dictionary = stack::dictionary(self.group.public_group().group_context())?;
        let accepted = AcceptedProposals::default();
        let (room, roster) = (&self.room, &self.roster);
        let standpoint = Standpoint { authority, room, dictionary: &dictionary, roster, accepted: &accepted };
        Ok(standpoint.judge_content(content).map_err(|refused| refused.to_string())?)
    }

    fn enter(&mut self, decision: Decision) -> Result<()> {
        self.room = decision.room;
        self.roster = Roster::new(self.group.members(), self.group.public_group().group_context())?;
        self.generation = 0;
        Ok(())
    }
}

/// Zero octets behind each commit, so that its length says a little less.
const PADDING: usize = 64;
