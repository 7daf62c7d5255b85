//! An MLS stack without cryptography: groups that agree or part as real ones do, fast enough to
//! explore many of them. A signature is the signer's public key before a hash of what is signed.

pub(crate) mod pair;
pub(crate) mod world;

use std::collections::{BTreeMap, BTreeSet};

use mimi_codec::{
    Encode, Opaque,
    code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat},
    extensions::{AppDataDictionary, ComponentData, SafeAADItem},
    mls::{
        AuthenticatedContent, Capabilities, Commit, Content, ContentType, Credential, Extension, Extensions,
        ExternalSenders, FramedContent, FramedContentAuthData, FramedContentTBS, GroupContext, GroupInfo,
        HPKECiphertext, HPKEPublicKey, LeafNode, LeafNodeSelect, MAC, MLSMessage, MLSMessageBody, Mls10,
        Node, PrivateMessage, Proposal, ProposalOrRef, ProposalRef, PublicMessage, RatchetTree, Sender,
        SignaturePublicKey, UpdatePath,
    },
};
use mimi_crypto::{
    AeadKey, CipherSuiteParameters, CipherSuiteProvider, CryptoError, HpkePrivateKey, Secret,
    SignaturePrivateKey, proposal_ref,
};
use mimi_room::{ComponentUpdates, MlsMember, MlsStack, OpenedMessage, OwnCommit};
use rand_core::CryptoRng;

/// A cipher suite that only hashes, and "signs" by naming the signer.
pub(crate) struct Suite(pub(crate) CipherSuiteParameters);

pub(crate) fn suite() -> Suite {
    Suite(CipherSuiteParameters {
        cipher_suite: CipherSuite(1),
        nh: 16,
        nk: 16,
        nn: 12,
        hpke_private_key: 16,
        hpke_public_key: 16,
        signature_private_key: 16,
        signature_public_key: 4,
    })
}

pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in parts.iter().copied().flatten() {
        state = (state ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
    }
    state.to_be_bytes()
}

fn signature(key: &[u8], message: &[u8]) -> Vec<u8> {
    [key, &hash(&[key, message])].concat()
}

impl CipherSuiteProvider for Suite {
    type SigningKey = SignaturePublicKey;

    fn parameters(&self) -> &CipherSuiteParameters {
        &self.0
    }

    fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        hash(parts).to_vec()
    }

    fn mac(&self, _: &Secret, _: &[&[u8]]) -> Result<MAC, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn verify_mac(&self, _: &Secret, _: &[&[u8]], _: &[u8]) -> Result<(), CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn extract(&self, _: &Secret, _: &Secret) -> Result<Secret, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn expand(&self, _: &Secret, _: &[u8], _: u16) -> Result<Secret, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn aead_seal(&self, _: &AeadKey, _: &[u8], _: &[u8], _: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn aead_open(&self, _: &AeadKey, _: &[u8], _: &[u8], _: &[u8]) -> Result<Secret, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn signing_key(&self, _: &SignaturePrivateKey) -> Result<SignaturePublicKey, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn generate_signature_key(&self, _: &mut dyn CryptoRng) -> Result<SignaturePrivateKey, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn signature_public_key(&self, key: &SignaturePublicKey) -> SignaturePublicKey {
        key.clone()
    }

    fn sign(
        &self,
        key: &SignaturePublicKey,
        message: &[u8],
        _: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        Ok(signature(key, message))
    }

    fn verify(&self, key: &SignaturePublicKey, message: &[u8], given: &[u8]) -> Result<(), CryptoError> {
        if given == signature(key, message) { Ok(()) } else { Err(CryptoError::InvalidSignature) }
    }

    fn derive_hpke_key_pair(&self, _: &Secret) -> Result<(HpkePrivateKey, HPKEPublicKey), CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn hpke_seal(
        &self,
        _: &HPKEPublicKey,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &mut dyn CryptoRng,
    ) -> Result<HPKECiphertext, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }

    fn hpke_open(
        &self,
        _: &HpkePrivateKey,
        _: &HPKECiphertext,
        _: &[u8],
        _: &[u8],
    ) -> Result<Secret, CryptoError> {
        Err(CryptoError::ProviderFailure)
    }
}

pub(crate) fn key_of(client: &str) -> SignaturePublicKey {
    SignaturePublicKey::from(client.as_bytes())
}

pub(crate) fn leaf(user: &str, client: &str) -> LeafNode {
    LeafNode {
        encryption_key: HPKEPublicKey::from(client.as_bytes()),
        signature_key: key_of(client),
        credential: Credential::Basic { identity: format!("{user} {client}").as_str().into() },
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::Update {},
        extensions: Extensions::default(),
        signature: Opaque::default(),
    }
}

#[derive(Clone, Debug)]
pub(crate) struct ModelGroup {
    context: GroupContext,
    leaves: BTreeMap<u32, LeafNode>,
    queued: Vec<(ProposalRef, AuthenticatedContent)>,
    /// The member's leaf; `None` for a hub, which cannot check confirmation tags.
    own: Option<u32>,
    /// The member's own commit, which is neither merged nor discarded.
    made: Option<ModelStaged>,
    /// The first epoch that the member can open messages of.
    since: u64,
    /// How many messages the member has sealed in this epoch.
    sealed: u32,
    /// The messages that were opened: epoch, leaf and number.
    opened: BTreeSet<(u64, u32, u32)>,
}

#[derive(Clone, Debug)]
pub(crate) struct ModelStaged {
    context: GroupContext,
    leaves: BTreeMap<u32, LeafNode>,
}

pub(crate) type ModelError = String;

fn tag(context: &GroupContext) -> MAC {
    MAC::from(hash(&[b"tag", &context.to_bytes().unwrap()]).as_slice())
}

impl ModelGroup {
    pub(crate) fn create(extensions: Extensions, first: LeafNode) -> Self {
        let leaves = BTreeMap::from([(0, first)]);
        let context = GroupContext {
            version: Mls10,
            cipher_suite: CipherSuite(1),
            group_id: "group".into(),
            epoch: 0,
            tree_hash: tree_hash(&leaves),
            confirmed_transcript_hash: Opaque::default(),
            extensions,
        };
        Self {
            context,
            leaves,
            queued: Vec::new(),
            own: Some(0),
            made: None,
            since: 0,
            sealed: 0,
            opened: BTreeSet::new(),
        }
    }

    /// The same group under another ID and suite.
    pub(crate) fn renamed(mut self, group_id: &str, cipher_suite: CipherSuite) -> Self {
        (self.context.group_id, self.context.cipher_suite) = (group_id.into(), cipher_suite);
        self
    }

    /// The same group, as another sees it.
    pub(crate) fn seen_by(&self, own: Option<u32>) -> Self {
        let keeps = if own == self.own { self.queued.clone() } else { Vec::new() };
        let since = if own == self.own { self.since } else { self.context.epoch };
        let opened = BTreeSet::new();
        Self { own, queued: keeps, made: None, since, sealed: 0, opened, ..self.clone() }
    }

    pub(crate) fn group_info(&self, signer: u32) -> GroupInfo {
        group_info(&self.context, signer, &self.leaves[&signer].signature_key)
    }

    fn key(&self, content: &FramedContent) -> Result<SignaturePublicKey, ModelError> {
        Ok(match content.sender() {
            Sender::Member { leaf_index } => {
                self.leaves.get(leaf_index).ok_or("no such leaf")?.signature_key.clone()
            }
            Sender::External { sender_index } => {
                let senders = self.context.extensions.content::<ExternalSenders>();
                let senders = senders.ok_or("no senders")?.map_err(|error| error.to_string())?;
                let place = usize::try_from(*sender_index).unwrap();
                senders.external_senders.get(place).ok_or("no such sender")?.signature_key.clone()
            }
            Sender::NewMemberCommit {} => match content.content() {
                Content::Commit { commit } => {
                    let path = commit.path.as_ref().ok_or("no path")?;
                    path.leaf_node.signature_key.clone()
                }
                _ => return Err("not a commit".into()),
            },
            Sender::NewMemberProposal {} => match content.content() {
                Content::Proposal { proposal: Proposal::Add(add) } => {
                    add.key_package.leaf_node.signature_key.clone()
                }
                _ => return Err("not an Add".into()),
            },
        })
    }

    fn next(
        &self,
        content: &FramedContent,
        components: &ComponentUpdates,
    ) -> Result<ModelStaged, ModelError> {
        let Content::Commit { commit } = content.content() else { return Err("no commit".into()) };
        let mut leaves = self.leaves.clone();
        let mut added = Vec::new();
        let mut touched = Vec::new();
        for proposal in &commit.proposals {
            let (proposal, sender) = match proposal {
                ProposalOrRef::Proposal { proposal } => (proposal, content.sender()),
                ProposalOrRef::Reference { reference } => {
                    let found = self.queued.iter().find(|(known, _)| known == reference);
                    let (_, found) = found.ok_or("unknown reference")?;
                    match found.content().content() {
                        Content::Proposal { proposal } => (proposal, found.content().sender()),
                        _ => return Err("not a proposal".into()),
                    }
                }
            };
            match (proposal, sender) {
                (Proposal::Remove(remove), _) => {
                    leaves.remove(&remove.removed).ok_or("no such leaf")?;
                    touched.push(remove.removed);
                    if *content.sender() == (Sender::Member { leaf_index: remove.removed }) {
                        return Err("the committer's own leaf".into());
                    }
                }
                (Proposal::SelfRemove(_), Sender::Member { leaf_index }) => {
                    leaves.remove(leaf_index).ok_or("no such leaf")?;
                    touched.push(*leaf_index);
                }
                (Proposal::Update(update), Sender::Member { leaf_index }) => {
                    leaves.insert(*leaf_index, update.leaf_node.clone());
                    touched.push(*leaf_index);
                }
                (Proposal::Add(add), _) => added.push(add.key_package.leaf_node.clone()),
                _ => {}
            }
        }
        let before = touched.len();
        touched.sort_unstable();
        touched.dedup();
        if touched.len() != before {
            return Err("two proposals for one leaf".into());
        }
        let path = commit.path.as_ref().map(|path| path.leaf_node.clone());
        match (content.sender(), path) {
            (Sender::Member { leaf_index }, Some(leaf)) => {
                leaves.insert(*leaf_index, leaf);
            }
            (Sender::NewMemberCommit {}, Some(leaf)) => added.push(leaf),
            _ => {}
        }
        for leaf in added {
            if leaves.values().any(|known| known.signature_key == leaf.signature_key) {
                return Err("a signature key twice".into());
            }
            let free = (0..).find(|index| !leaves.contains_key(index)).unwrap();
            leaves.insert(free, leaf);
        }
        let mut context = self.context.clone();
        context.epoch += 1;
        context.tree_hash = tree_hash(&leaves);
        let written = content.to_bytes().unwrap();
        context.confirmed_transcript_hash =
            hash(&[&context.confirmed_transcript_hash, &written]).as_slice().into();
        for proposal in &commit.proposals {
            let proposal = match proposal {
                ProposalOrRef::Proposal { proposal } => Some(proposal),
                ProposalOrRef::Reference { reference } => {
                    let found = self.queued.iter().find(|(known, _)| known == reference);
                    found.and_then(|(_, found)| match found.content().content() {
                        Content::Proposal { proposal } => Some(proposal),
                        _ => None,
                    })
                }
            };
            if let Some(Proposal::GroupContextExtensions(new)) = proposal {
                context.extensions = new.extensions.clone();
            }
        }
        context.extensions = with_components(&context.extensions, components);
        Ok(ModelStaged { context, leaves })
    }

    fn sign(&self, content: FramedContent, commit: Option<&ModelStaged>, key: &[u8]) -> MLSMessage {
        let written = content.to_bytes().unwrap();
        let auth = FramedContentAuthData {
            signature: signature(key, &written).into(),
            confirmation_tag: commit.map(|staged| tag(&staged.context)),
        };
        let membership_tag =
            matches!(content.sender(), Sender::Member { .. }).then(|| MAC::from(&b"member"[..]));
        PublicMessage::new(content, auth, membership_tag).unwrap().into()
    }

    /// A commit, by a member or from outside. `path` is the leaf of an external commit.
    pub(crate) fn make_commit(
        &self,
        sender: Sender,
        path: LeafNode,
        proposals: &[Proposal],
        by_reference: bool,
        components: &ComponentUpdates,
    ) -> Result<(OwnCommit, ModelStaged), ModelError> {
        let references = self
            .queued
            .iter()
            .filter(|_| by_reference)
            .map(|(reference, _)| ProposalOrRef::Reference { reference: reference.clone() });
        let written = proposals.iter().cloned();
        let written = written.map(|proposal| ProposalOrRef::Proposal { proposal });
        let key = path.signature_key.clone();
        let commit = Commit {
            proposals: references.chain(written).collect(),
            path: Some(Box::new(UpdatePath { leaf_node: path, nodes: Vec::new() })),
        };
        let (group, epoch) = (self.context.group_id.clone(), self.context.epoch);
        let content = Content::Commit { commit };
        let content = FramedContent::new(group, epoch, sender.clone(), Opaque::default(), content).unwrap();
        let staged = self.next(&content, components)?;
        let signer = match sender {
            Sender::Member { leaf_index } => leaf_index,
            _ => *staged.leaves.iter().find(|(_, leaf)| leaf.signature_key == key).unwrap().0,
        };
        let message = self.sign(content, Some(&staged), &key);
        let own = OwnCommit {
            content: signed(&message),
            commit: message,
            welcome: None,
            group_info: group_info(&staged.context, signer, &key),
        };
        Ok((own, staged))
    }

    pub(crate) fn make_proposal(&self, sender: u32, proposal: Proposal) -> MLSMessage {
        let (group, epoch) = (self.context.group_id.clone(), self.context.epoch);
        let content = Content::Proposal { proposal };
        let sender_ = Sender::Member { leaf_index: sender };
        let content = FramedContent::new(group, epoch, sender_, Opaque::default(), content).unwrap();
        self.sign(content, None, &self.leaves[&sender].signature_key)
    }

    /// A proposal of an external sender, which signs by the suite, whatever right it has.
    pub(crate) fn make_external_proposal(
        &self,
        sender_index: u32,
        key: &SignaturePublicKey,
        proposal: Proposal,
    ) -> MLSMessage {
        let (group, epoch) = (self.context.group_id.clone(), self.context.epoch);
        let content = Content::Proposal { proposal };
        let sender = Sender::External { sender_index };
        let content = FramedContent::new(group, epoch, sender, Opaque::default(), content).unwrap();
        let tbs = FramedContentTBS::new(Mls10, WireFormat::MLS_PUBLIC_MESSAGE, content.clone(), None);
        let tbs = with_label(b"FramedContentTBS", &tbs.unwrap().to_bytes().unwrap());
        let signature = signature(key, &tbs).into();
        let auth = FramedContentAuthData { signature, confirmation_tag: None };
        PublicMessage::new(content, auth, None).unwrap().into()
    }
}

fn group_info(context: &GroupContext, signer: u32, key: &SignaturePublicKey) -> GroupInfo {
    let mut info = GroupInfo {
        group_context: context.clone(),
        extensions: Extensions::default(),
        confirmation_tag: tag(context),
        signer,
        signature: Opaque::default(),
    };
    let tbs = info.tbs().to_bytes().unwrap();
    info.signature = signature(key, &with_label(b"GroupInfoTBS", &tbs)).into();
    info
}

/// What `sign_with_label` gives to the suite (RFC 9420 §5.1.2).
fn with_label(label: &[u8], content: &[u8]) -> Vec<u8> {
    let mut writer = mimi_codec::Writer::new();
    writer.opaque(&[b"MLS 1.0 ", label].concat()).unwrap();
    writer.opaque(content).unwrap();
    writer.into_bytes()
}

fn signed(message: &MLSMessage) -> AuthenticatedContent {
    let MLSMessageBody::PublicMessage { public_message } = &message.body else { panic!() };
    let (content, auth) = (public_message.content().clone(), public_message.auth().clone());
    AuthenticatedContent::new(WireFormat::MLS_PUBLIC_MESSAGE, content, auth).unwrap()
}

fn tree_hash(leaves: &BTreeMap<u32, LeafNode>) -> Opaque {
    let mut bytes = Vec::new();
    for (index, leaf) in leaves {
        bytes.extend(index.to_be_bytes());
        bytes.extend(leaf.to_bytes().unwrap());
    }
    hash(&[&bytes]).as_slice().into()
}

fn with_components(extensions: &Extensions, components: &ComponentUpdates) -> Extensions {
    let mut data: BTreeMap<ComponentID, Opaque> = extensions
        .app_data_dictionary()
        .unwrap()
        .component_data
        .iter()
        .map(|it| (it.component_id, it.data.clone()))
        .collect();
    for (id, new) in components {
        match new {
            Some(new) => data.insert(*id, new.clone().into()),
            None => data.remove(id),
        };
    }
    dictionary_extensions(extensions, data)
}

fn dictionary_extensions(before: &Extensions, data: BTreeMap<ComponentID, Opaque>) -> Extensions {
    let entries = data.into_iter();
    let entries = entries.map(|(component_id, data)| ComponentData { component_id, data });
    let list = mimi_codec::List::new(entries.collect()).unwrap();
    let bytes = AppDataDictionary { component_data: list }.to_bytes().unwrap();
    let mut all: Vec<Extension> = before.as_slice().to_vec();
    all.retain(|it| it.extension_type != ExtensionType::APP_DATA_DICTIONARY);
    all.push(Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data: bytes.into() });
    Extensions::new(all).unwrap()
}

impl MlsStack for ModelGroup {
    type Verified = AuthenticatedContent;
    type Staged = ModelStaged;
    type Error = ModelError;

    fn group_context(&self) -> Result<GroupContext, ModelError> {
        Ok(self.context.clone())
    }

    fn leaves(&self) -> Result<Vec<(u32, LeafNode)>, ModelError> {
        Ok(self.leaves.iter().map(|(index, leaf)| (*index, leaf.clone())).collect())
    }

    fn leaf(&self, leaf_index: u32) -> Result<Option<LeafNode>, ModelError> {
        Ok(self.leaves.get(&leaf_index).cloned())
    }

    fn ratchet_tree(&self) -> Result<RatchetTree, ModelError> {
        let mut nodes: Vec<Option<Node>> = Vec::new();
        for (index, leaf) in &self.leaves {
            let place = usize::try_from(*index).unwrap() * 2;
            nodes.resize(place + 1, None);
            nodes[place] = Some(Node::Leaf { leaf_node: Box::new(leaf.clone()) });
        }
        Ok(RatchetTree(mimi_codec::List::new(nodes).map_err(|error| format!("{error:?}"))?))
    }

    fn verify(
        &mut self,
        message: &MLSMessage,
    ) -> Result<(AuthenticatedContent, AuthenticatedContent), ModelError> {
        let MLSMessageBody::PublicMessage { .. } = &message.body else {
            return Err("not a PublicMessage".into());
        };
        let content = signed(message);
        let framed = content.content();
        if *framed.epoch() != self.context.epoch || *framed.group_id() != self.context.group_id {
            return Err("another epoch".into());
        }
        let key = self.key(framed)?;
        let signed = match framed.sender() {
            // A hub signs by the suite, as RFC 9420 §6.1 and §5.1.2 have it.
            Sender::External { .. } => {
                let wire_format = WireFormat::MLS_PUBLIC_MESSAGE;
                let tbs = FramedContentTBS::new(Mls10, wire_format, framed.clone(), None);
                with_label(b"FramedContentTBS", &tbs.map_err(|_| "no context")?.to_bytes().unwrap())
            }
            _ => framed.to_bytes().unwrap(),
        };
        if *content.auth().signature != *signature(&key, &signed) {
            return Err("the signature is wrong".into());
        }
        Ok((content.clone(), content))
    }

    fn stage(
        &mut self,
        verified: AuthenticatedContent,
        components: &ComponentUpdates,
    ) -> Result<ModelStaged, ModelError> {
        let staged = self.next(verified.content(), components)?;
        if self.own.is_some() && verified.auth().confirmation_tag != Some(tag(&staged.context)) {
            return Err("the confirmation tag is wrong".into());
        }
        Ok(staged)
    }

    fn staged_context(&self, staged: &ModelStaged) -> Result<GroupContext, ModelError> {
        Ok(staged.context.clone())
    }

    fn queue(&mut self, verified: Vec<AuthenticatedContent>) -> Result<(), ModelError> {
        for content in verified {
            let reference = proposal_ref(&suite(), &content).map_err(|error| error.to_string())?;
            self.queued.push((reference, content));
        }
        Ok(())
    }

    fn merge(&mut self, staged: ModelStaged) -> Result<(), ModelError> {
        if staged.context.epoch != self.context.epoch + 1 {
            return Err("not the next epoch".into());
        }
        self.context = staged.context;
        self.leaves = staged.leaves;
        self.queued.clear();
        self.made = None;
        self.sealed = 0;
        Ok(())
    }
}

impl MlsMember for ModelGroup {
    fn own_leaf(&self) -> u32 {
        self.own.unwrap()
    }

    fn propose(&mut self, proposal: &Proposal) -> Result<(MLSMessage, AuthenticatedContent), ModelError> {
        let message = self.make_proposal(self.own_leaf(), proposal.clone());
        let content = signed(&message);
        self.queue(vec![content.clone()])?;
        Ok((message, content))
    }

    fn queued(&self) -> Result<Vec<ProposalRef>, ModelError> {
        Ok(self.queued.iter().map(|(reference, _)| reference.clone()).collect())
    }

    fn withdraw(&mut self, reference: &ProposalRef) -> Result<(), ModelError> {
        self.queued.retain(|(known, _)| known != reference);
        Ok(())
    }

    fn commit(
        &mut self,
        proposals: &[Proposal],
        components: &ComponentUpdates,
    ) -> Result<(OwnCommit, ModelStaged), ModelError> {
        let own = self.own_leaf();
        let path = self.leaves.get(&own).ok_or("not a member")?.clone();
        let made = self.make_commit(Sender::Member { leaf_index: own }, path, proposals, true, components);
        self.made = made.as_ref().ok().map(|(_, staged)| staged.clone());
        made
    }

    fn resume(&mut self) -> Result<Option<ModelStaged>, ModelError> {
        Ok(self.made.clone())
    }

    fn discard(&mut self, _: ModelStaged) -> Result<(), ModelError> {
        self.made = None;
        Ok(())
    }

    fn export_secret(&self, label: &str, context: &[u8], length: u16) -> Result<Secret, ModelError> {
        let epoch = self.context.to_bytes().unwrap();
        let hash = hash(&[&epoch, label.as_bytes(), &[0], context]);
        let bytes = hash.iter().copied().cycle().take(usize::from(length));
        Ok(Secret::from_provider(bytes.collect::<Vec<u8>>()))
    }

    fn export_component_secret(&mut self, component: ComponentID) -> Result<Secret, ModelError> {
        self.export_secret("component", &component.0.to_be_bytes(), 16)
    }

    fn seal(&mut self, items: Vec<SafeAADItem>, data: &[u8]) -> Result<MLSMessage, ModelError> {
        if !items.is_empty() {
            return Err("no Safe AAD here".into());
        }
        let own = self.own_leaf();
        if !self.leaves.contains_key(&own) {
            return Err("not a member".into());
        }
        let encrypted_sender_data = [own.to_be_bytes(), self.sealed.to_be_bytes()].concat();
        self.opened.insert((self.context.epoch, own, self.sealed));
        self.sealed += 1;
        let private_message = PrivateMessage {
            group_id: self.context.group_id.clone(),
            epoch: self.context.epoch,
            content_type: ContentType::Application,
            authenticated_data: Opaque::default(),
            encrypted_sender_data: encrypted_sender_data.into(),
            ciphertext: data.into(),
        };
        Ok(MLSMessage { version: Mls10, body: MLSMessageBody::PrivateMessage { private_message } })
    }

    /// Opens messages of this epoch, each once, and of earlier ones since the member's own first.
    fn open(&mut self, message: &MLSMessage) -> Result<OpenedMessage, ModelError> {
        let MLSMessageBody::PrivateMessage { private_message } = &message.body else {
            return Err("not a PrivateMessage".into());
        };
        let epoch = private_message.epoch;
        if !(self.since..=self.context.epoch).contains(&epoch) {
            return Err("no keys of this epoch".into());
        }
        let sender: [u8; 8] =
            private_message.encrypted_sender_data.as_slice().try_into().map_err(|_| "no")?;
        let (leaf, number) = (u64::from_be_bytes(sender) >> 32, u64::from_be_bytes(sender) & 0xFFFF_FFFF);
        let (leaf_index, number) = (u32::try_from(leaf).unwrap(), u32::try_from(number).unwrap());
        let present = epoch < self.context.epoch || self.leaves.contains_key(&leaf_index);
        if !(present && self.opened.insert((epoch, leaf_index, number))) {
            return Err("opened before, or no such leaf".into());
        }
        Ok(OpenedMessage {
            leaf_index,
            epoch,
            authenticated_data: private_message.authenticated_data.to_vec(),
            application_data: private_message.ciphertext.to_vec(),
        })
    }
}
