//! The hub of a room with SemiPrivateMessages: an external receiver, which opens them with a key of its own.

use std::collections::BTreeMap;

use mimi_codec::{
    code_points::ExtensionType,
    extensions::AppDataDictionary,
    mls::{
        Commit, Content, Credential, Extension, ExternalSender, GroupContext, GroupInfo, LeafNode,
        MLSMessage, MLSMessageBody, Proposal, ProposalOrRef, RatchetTree, Sender,
    },
    protocol::{
        CommitMessage, GroupInfoOption, GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoResponse,
        HandshakeBundle, TreelessGroupInfo, UpdateRequest,
    },
    ratchet_tree_options::RatchetTreeOption,
    semiprivate::{ExternalReceiver, SemiPrivateMessage},
};
use mimi_crypto::{
    HpkePrivateKey, RustCrypto, UnauthenticatedHandshake, VerifiedHandshake, answer_group_info_request,
    generate_hpke_key_pair, open_as_external_receiver, verify_group_info_request,
};
use mimi_policy::{RoomState, TableSeed};
use openmls::prelude::{OpenMlsProvider, ProposalStore, PublicGroup};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::ChaCha20Rng;

use crate::{
    Result,
    decision::{AcceptedProposals, Decision, Refused, Roster, Standpoint, room_of},
    ensure,
    identity::{Authority, ProviderKey},
    stack,
};

/// The SemiPrivateMessage in a handshake.
///
/// # Errors
/// When it is something else.
pub fn semi_private_message(message: &MLSMessage) -> Result<&SemiPrivateMessage> {
    match &message.body {
        MLSMessageBody::SemiPrivateMessage { semiprivate_message } => Ok(semiprivate_message),
        _ => Err("not a SemiPrivateMessage".into()),
    }
}

/// A hub, and the one room that it hosts.
pub struct Hub {
    suite: RustCrypto,
    authority: Authority,
    key: ProviderKey,
    receiver: ExternalReceiver,
    private_key: HpkePrivateKey,
    rng: ChaCha20Rng,
    hosted: Option<Hosted>,
}

struct Hosted {
    room: RoomState,
    dictionary: AppDataDictionary,
    roster: Roster,
    context: GroupContext,
    tree: RatchetTree,
    group_info: GroupInfo,
}

/// A commit that the hub has let through.
pub struct Accepted {
    /// What it does, and by which right.
    pub decision: Decision,
    /// The commit, as it came: nobody on the way learns more than from that.
    pub commit: CommitMessage,
    /// For whom it adds.
    pub welcome: Option<mimi_codec::mls::Welcome>,
}

impl Hub {
    /// A hub with a new key for SemiPrivateMessages.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(
        suite: RustCrypto,
        authority: Authority,
        key: ProviderKey,
        domain: &str,
        mut rng: ChaCha20Rng,
    ) -> Result<Self> {
        let (private_key, external_receiver_public_key) = generate_hpke_key_pair(&suite, &mut rng)?;
        let identity = format!("mimi://{domain}");
        let credential = Credential::Basic { identity: identity.as_str().into() };
        let receiver = ExternalReceiver { external_receiver_public_key, credential };
        Ok(Self { suite, authority, key, receiver, private_key, rng, hosted: None })
    }

    /// The provider's key, by which it vouches for its users.
    #[must_use]
    pub const fn key(&self) -> &ProviderKey {
        &self.key
    }

    /// Its place in the extension `external_receivers`.
    #[must_use]
    pub const fn receiver(&self) -> &ExternalReceiver {
        &self.receiver
    }

    /// The room.
    ///
    /// # Errors
    /// When it hosts none.
    pub fn room(&self) -> Result<&RoomState> {
        Ok(&self.hosted()?.room)
    }

    fn hosted(&self) -> Result<&Hosted> {
        Ok(self.hosted.as_ref().ok_or("there is no room")?)
    }

    /// Begins to host a room.
    ///
    /// # Errors
    /// When group and components make none.
    pub fn host(&mut self, body: &[u8]) -> Result<()> {
        let GroupInfoRatchetTreeTBE { group_info, ratchet_tree_option, .. } = stack::decode(body)?;
        let RatchetTreeOption::Full { ratchet_tree } = ratchet_tree_option else {
            return Err("a new room comes with its tree".into());
        };
        self.hosted = Some(self.epoch(group_info.into_inner(), ratchet_tree)?);
        Ok(())
    }

    /// An epoch: OpenMLS verifies the tree, its hash, and who has signed the GroupInfo.
    fn epoch(&mut self, group_info: GroupInfo, tree: RatchetTree) -> Result<Hosted> {
        let mls = OpenMlsRustCrypto::default();
        let (group, _) = PublicGroup::from_external(
            mls.crypto(),
            mls.storage(),
            stack::to_openmls(&tree)?,
            stack::to_openmls(&group_info)?,
            ProposalStore::new(),
        )?;
        for (_, leaf_node) in tree.leaves() {
            self.authority.verify_leaf(leaf_node)?;
        }
        let context: GroupContext = stack::of_openmls(group.group_context())?;
        let dictionary = context.extensions.app_data_dictionary()?;
        let roster = Roster::of_tree(&tree)?;
        let room = room_of(&dictionary, &roster, TableSeed::generate(&mut self.rng))?;
        Ok(Hosted { room, dictionary, roster, context, tree, group_info })
    }

    /// Opens a commit: its own key leads to the message's key, under which `partial_context_hash` has to be that of the sender and the nonce.
    ///
    /// # Errors
    /// When the message isn't for this hub, or was changed.
    pub fn open(&self, message: &SemiPrivateMessage) -> Result<UnauthenticatedHandshake> {
        Ok(open_as_external_receiver(&self.suite, &self.receiver, &self.private_key, message)?)
    }

    /// Looks whether a member has signed it, and whether members will read the same: `framed_content_tbs_hash`.
    ///
    /// # Errors
    /// When neither is so.
    pub fn verify(&self, handshake: UnauthenticatedHandshake) -> Result<VerifiedHandshake> {
        let hosted = self.hosted()?;
        let sender = handshake.sender_leaf_index();
        let leaf = hosted.tree.leaves().find(|(leaf_index, _)| *leaf_index == sender);
        let (_, leaf_node) = leaf.ok_or("nobody is at that leaf")?;
        Ok(handshake.verify(&self.suite, &hosted.context, &leaf_node.signature_key)?)
    }

    /// `POST /update/{roomId}`: opens, verifies, decides.
    ///
    /// # Errors
    /// Why the commit is refused, or what is wrong with the body.
    pub fn update(&mut self, body: &[u8]) -> Result<Result<Accepted, Refused>> {
        let request: UpdateRequest = stack::decode(body)?;
        let HandshakeBundle::Commit { proposal_or_commit, welcome, group_info_option, ratchet_tree_option } =
            request.bundle
        else {
            return Err("not a commit".into());
        };
        let (GroupInfoOption::Full { group_info }, RatchetTreeOption::Full { ratchet_tree }) =
            (*group_info_option, ratchet_tree_option)
        else {
            return Err("the hub wants GroupInfo and tree".into());
        };
        let handshake = self.verify(self.open(semi_private_message(proposal_or_commit.get())?)?)?;
        let content = handshake.authenticated_content().content();
        let hosted = self.hosted()?;
        let accepted = AcceptedProposals::default();
        let standpoint = Standpoint {
            authority: &self.authority,
            room: &hosted.room,
            dictionary: &hosted.dictionary,
            roster: &hosted.roster,
            accepted: &accepted,
        };
        let decision = match standpoint.judge_content(content) {
            Ok(decision) => decision,
            Err(refused) => return Ok(Err(refused)),
        };
        let Content::Commit { commit } = content.content() else { return Err("not a commit".into()) };
        let expected = leaves_after(&hosted.tree, content.sender(), commit)?;
        let last = hosted.context.clone();
        let next = self.epoch(group_info.into_inner(), ratchet_tree)?;
        check_next(&last, &next, &expected, &decision)?;
        self.hosted = Some(next);
        Ok(Ok(Accepted { decision, commit: proposal_or_commit, welcome }))
    }

    /// `POST /groupInfo/{roomId}`: GroupInfo and tree for a member that has a Welcome, sealed to the key in the request.
    ///
    /// # Errors
    /// When the body is no request of a member, or there is no room.
    pub fn group_info(&mut self, room_id: &[u8], body: &[u8]) -> Result<GroupInfoResponse> {
        let request: GroupInfoRequest = stack::decode(body)?;
        let request = verify_group_info_request(&self.suite, request)?;
        let hosted = self.hosted.as_ref().ok_or("there is no room")?;
        let key = &request.request().requesting_signature_key;
        ensure!(hosted.tree.leaves().any(|(_, leaf)| leaf.signature_key == *key), "a stranger asks");
        let tbe = GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(hosted.group_info.clone())?,
            ratchet_tree_option: RatchetTreeOption::Full { ratchet_tree: hosted.tree.clone() },
            pending_proposals: vec![],
        };
        let (sender, signing_key) = (self.external_sender(), self.key.signing_key());
        Ok(answer_group_info_request(
            &self.suite,
            &request,
            room_id,
            &tbe,
            sender,
            signing_key,
            &mut self.rng,
        )?)
    }

    /// Its place among the group's external senders.
    #[must_use]
    pub fn external_sender(&self) -> ExternalSender {
        let credential = self.receiver.credential.clone();
        ExternalSender { signature_key: self.key.public_key(), credential }
    }
}

/// The leaves that a commit leads to (RFC 9420, 12.3).
fn leaves_after(tree: &RatchetTree, sender: &Sender, commit: &Commit) -> Result<BTreeMap<u32, LeafNode>> {
    let mut leaves: BTreeMap<u32, LeafNode> =
        tree.leaves().map(|(leaf_index, leaf_node)| (leaf_index, leaf_node.clone())).collect();
    let proposals = || {
        commit.proposals.iter().filter_map(|proposal| match proposal {
            ProposalOrRef::Proposal { proposal } => Some(proposal),
            ProposalOrRef::Reference { .. } => None,
        })
    };
    for proposal in proposals() {
        if let Proposal::Remove(remove) = proposal {
            leaves.remove(&remove.removed);
        }
    }
    for proposal in proposals() {
        if let Proposal::Add(add) = proposal {
            let blank = (0..).find(|leaf| !leaves.contains_key(leaf)).ok_or("the tree is full")?;
            leaves.insert(blank, add.key_package.leaf_node.clone());
        }
    }
    if let (Some(path), Sender::Member { leaf_index }) = (&commit.path, sender) {
        leaves.insert(*leaf_index, path.leaf_node.clone());
    }
    Ok(leaves)
}

/// Is the epoch that the committer claims the one that its commit begins? All but the transcript, which takes a member's secrets, or OpenMLS's
/// signature.
fn check_next(
    last: &GroupContext,
    next: &Hosted,
    expected: &BTreeMap<u32, LeafNode>,
    decision: &Decision,
) -> Result<()> {
    let context = &next.context;
    ensure!(context.group_id == last.group_id, "another group");
    ensure!(Some(context.epoch) == last.epoch.checked_add(1), "another epoch");
    ensure!(context.cipher_suite == last.cipher_suite, "another suite");
    let leaves: BTreeMap<u32, LeafNode> =
        next.tree.leaves().map(|(leaf_index, leaf_node)| (leaf_index, leaf_node.clone())).collect();
    ensure!(leaves == *expected, "the tree has other leaves");
    let others = |context: &GroupContext| -> Vec<Extension> {
        let all = context.extensions.iter();
        all.filter(|it| it.extension_type != ExtensionType::APP_DATA_DICTIONARY).cloned().collect()
    };
    ensure!(others(context) == others(last), "the group has other extensions");
    decision.room.matches(&next.dictionary)?;
    Ok(())
}
