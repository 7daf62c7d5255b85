//! What [`Kind::generate`](super::Kind::generate) makes.

mod bugs;

use alloc::{boxed::Box, format, vec, vec::Vec};

use mimi_codec::{
    Encode, Opaque,
    code_points::{CipherSuite, CredentialType, ExtensionType, ProtocolVersion},
    mls::{
        Capabilities, Content, Credential, Extension, Extensions, ExternalSender, ExternalSenders,
        FramedContent, FramedContentAuthData, GroupContext, GroupInfo, HPKECiphertext, HPKEPublicKey,
        LeafNode, LeafNodeSelect, Lifetime, MLSMessage, MLSMessageBody, Mls10, Node, Proposal, PublicMessage,
        RatchetTree, Remove, Sender, SignaturePublicKey,
    },
    protocol::{
        GroupInfoAnswer, GroupInfoCode, GroupInfoRatchetTreeTBE, GroupInfoRequestTBS, GroupInfoResponse,
        GroupInfoResponseTBS, PendingProposal, ProposalMessage, Protocol, TreelessGroupInfo,
    },
    ratchet_tree_options::{HttpsUrl, RatchetTreeOption},
};
use mimi_crypto::{
    CipherSuiteProvider, HpkePrivateKey, RustCrypto, RustCryptoSigningKey, SignaturePrivateKey,
    answer_group_info_request, encrypt_with_label, generate_hpke_key_pair, sign_group_info_request,
    sign_with_label, verify_group_info_request,
};

use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream, suites};

pub(super) use bugs::invalid;

const ROOM: &[u8] = b"mimi://hub.example/r/clubhouse";
const ENCRYPTION: &[u8] = b"GroupInfo and ratchet_tree encryption";
const SIGNATURE: &[u8] = b"GroupInfoResponseTBS";

type Made<T> = Result<T, GenerateError>;

/// A hub and a user who wants to join.
struct Scene {
    suite: RustCrypto,
    stream: Stream,
    private_key: HpkePrivateKey,
    public_key: HPKEPublicKey,
    hub_private_key: SignaturePrivateKey,
    hub: RustCryptoSigningKey,
    hub_sender: ExternalSender,
}

/// The members of a case that bugs change.
struct Members {
    room_id: Vec<u8>,
    hub_public_key: Vec<u8>,
    plaintext: Option<Vec<u8>>,
    response: GroupInfoResponse,
}

impl Scene {
    fn new(seed: &Seed, case: &str, number: CipherSuite) -> Made<Self> {
        let suite = RustCrypto::new(number)?;
        let mut stream = Stream::new(seed, "group-info", case);
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut stream)?;
        let hub_private_key = suite.generate_signature_key(&mut stream)?;
        let hub = suite.signing_key(&hub_private_key)?;
        let credential = Credential::Basic { identity: "mimi://hub.example".into() };
        let hub_sender = ExternalSender { signature_key: suite.signature_public_key(&hub), credential };
        Ok(Self { suite, stream, private_key, public_key, hub_private_key, hub, hub_sender })
    }

    fn number(&self) -> CipherSuite {
        self.suite.parameters().cipher_suite
    }

    fn group_info(&mut self) -> Made<GroupInfo> {
        let external_senders = ExternalSenders { external_senders: vec![self.hub_sender.clone()] };
        let extension = Extension {
            extension_type: ExtensionType::EXTERNAL_SENDERS,
            extension_data: external_senders.to_bytes()?.into(),
        };
        let nh = self.suite.parameters().nh;
        let group_context = GroupContext {
            version: Mls10,
            cipher_suite: self.number(),
            group_id: self.stream.bytes(16).into(),
            epoch: 8,
            tree_hash: self.stream.bytes(nh).into(),
            confirmed_transcript_hash: self.stream.bytes(nh).into(),
            extensions: Extensions::new(vec![extension])?,
        };
        Ok(GroupInfo {
            group_context,
            extensions: Extensions::default(),
            confirmation_tag: self.stream.bytes(nh).into(),
            signer: 2,
            signature: self.stream.bytes(64).into(),
        })
    }

    /// What the hub seals: a tree in place, one to be fetched, or one that the joiner's provider
    /// has followed.
    fn tbe(&mut self, tree: &str) -> Made<GroupInfoRatchetTreeTBE> {
        let group_info = self.group_info()?;
        let mut pending_proposals = Vec::new();
        let ratchet_tree_option = match tree {
            "full" => RatchetTreeOption::Full { ratchet_tree: self.ratchet_tree()? },
            "httpsUri" => {
                pending_proposals.push(self.pending_proposal(&group_info.group_context)?);
                RatchetTreeOption::HttpsUri {
                    ratchet_tree_url: HttpsUrl::new("https://hub.example/trees/8")
                        .map_err(|error| GenerateError::Defect(format!("{error}")))?,
                }
            }
            _ => RatchetTreeOption::DistributionService {},
        };
        let group_info = TreelessGroupInfo::new(group_info)?;
        Ok(GroupInfoRatchetTreeTBE { group_info, ratchet_tree_option, pending_proposals })
    }

    fn ratchet_tree(&mut self) -> Made<RatchetTree> {
        let leaf_node = LeafNode {
            encryption_key: generate_hpke_key_pair(&self.suite, &mut self.stream)?.1,
            signature_key: SignaturePublicKey::from(self.stream.bytes(32)),
            credential: Credential::Basic { identity: "mimi://a.example/d/alice/1".into() },
            capabilities: Capabilities {
                versions: vec![ProtocolVersion(1)],
                cipher_suites: vec![self.number()],
                extensions: vec![],
                proposals: vec![],
                credentials: vec![CredentialType::BASIC],
            },
            leaf_node_source: LeafNodeSelect::KeyPackage {
                lifetime: Lifetime { not_before: 0, not_after: u64::MAX },
            },
            extensions: Extensions::default(),
            signature: self.stream.bytes(64).into(),
        };
        Ok(RatchetTree(vec![Some(Node::Leaf { leaf_node: Box::new(leaf_node) })].try_into()?))
    }

    /// The hub proposes to remove a user.
    fn pending_proposal(&mut self, group_context: &GroupContext) -> Made<PendingProposal> {
        let content = FramedContent::new(
            group_context.group_id.clone(),
            group_context.epoch,
            Sender::External { sender_index: 0 },
            Opaque::default(),
            Content::Proposal { proposal: Proposal::Remove(Remove { removed: 3 }) },
        )?;
        let auth = FramedContentAuthData { signature: self.stream.bytes(64).into(), confirmation_tag: None };
        let public_message = Box::new(PublicMessage::new(content, auth, None)?);
        let message = MLSMessage { version: Mls10, body: MLSMessageBody::PublicMessage { public_message } };
        Ok(PendingProposal { proposal: ProposalMessage::new(message)?, hub_accepted_time: 1_750_000_000_000 })
    }

    /// What is right: request and answer by the crate itself.
    fn honest(&mut self, tree: &str) -> Made<Members> {
        let tbe = self.tbe(tree)?;
        let number = self.number();
        let Self { suite, stream, public_key, hub, hub_sender, .. } = self;
        let requester = suite.signing_key(&suite.generate_signature_key(stream)?)?;
        let tbs = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: number,
            requesting_signature_key: suite.signature_public_key(&requester),
            requesting_credential: Credential::Basic { identity: "mimi://a.example/d/alice/1".into() },
            group_info_public_key: public_key.clone(),
            joining_code: None,
        };
        let request = sign_group_info_request(suite, &requester, tbs, stream)?;
        let request = verify_group_info_request(suite, request)?;
        let response =
            answer_group_info_request(suite, &request, ROOM, &tbe, hub_sender.clone(), hub, stream)?;
        Ok(Members {
            room_id: ROOM.to_vec(),
            hub_public_key: hub_sender.signature_key.to_vec(),
            plaintext: Some(tbe.to_bytes()?),
            response,
        })
    }

    fn seal(&mut self, label: &[u8], context: &[u8], plaintext: &[u8]) -> Made<HPKECiphertext> {
        let Self { suite, public_key, stream, .. } = self;
        Ok(encrypt_with_label(suite, public_key, label, context, plaintext, stream)?)
    }

    /// An answer that holds `sealed`, rightly signed.
    fn answer(&mut self, it: &mut Members, sealed: HPKECiphertext) -> Made<()> {
        let tbs = GroupInfoResponseTBS::new(
            Protocol::Mls10,
            it.room_id.clone().into(),
            GroupInfoCode::SUCCESS,
            self.number(),
            self.hub_sender.clone(),
            sealed,
        )?;
        self.sign(it, tbs, SIGNATURE)
    }

    fn sign(&mut self, it: &mut Members, tbs: GroupInfoResponseTBS, label: &[u8]) -> Made<()> {
        let bytes = tbs.to_bytes()?;
        let signature = self.signature(label, &bytes)?;
        it.response = tbs.with_signature(signature.into());
        Ok(())
    }

    fn signature(&mut self, label: &[u8], content: &[u8]) -> Made<Vec<u8>> {
        let Self { suite, hub, stream, .. } = self;
        Ok(sign_with_label(suite, hub, label, content, stream)?)
    }

    fn finish(&self, case: GeneratedCase, it: &Members) -> Made<GeneratedCase> {
        let case = case
            .json_member("cipher_suite", format!("{}", self.number().value()))
            .hex("room_id", &it.room_id)
            .hex("requester_hpke_private_key", self.private_key.expose())
            .hex("requester_hpke_public_key", &self.public_key)
            .hex("hub_signature_private_key", self.hub_private_key.expose())
            .hex("hub_signature_public_key", &it.hub_public_key)
            .hex("hub_credential", &self.hub_sender.credential.to_bytes()?);
        let case = match &it.plaintext {
            Some(plaintext) => case.hex("plaintext", plaintext),
            None => case.json_member("plaintext", "null".into()),
        };
        Ok(case.hex("response", &it.response.to_bytes()?))
    }
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    for number in suites() {
        for tree in ["full", "httpsUri", "distributionService"] {
            let name = format!("suite {}, tree {tree}", number.value());
            let mut scene = Scene::new(seed, &name, number)?;
            let members = scene.honest(tree)?;
            cases.push(scene.finish(GeneratedCase::new(&name), &members)?);
        }
    }
    for (name, status) in [
        ("not authorized", GroupInfoAnswer::NotAuthorized {}),
        ("no such room", GroupInfoAnswer::NoSuchRoom {}),
    ] {
        let mut scene = Scene::new(seed, name, CipherSuite(1))?;
        let mut members = scene.honest("")?;
        members.plaintext = None;
        members.response.status = status;
        cases.push(scene.finish(GeneratedCase::new(name), &members)?);
    }
    Ok(cases)
}
