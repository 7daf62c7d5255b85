//! A large room whose group exists on paper: what the hub itself costs, without an MLS stack.

use mimi_codec::{
    DnsName, Encode, List, MatchedProvider, Opaque, RoomUri, UserUri,
    code_points::{CipherSuite, ExtensionType, WireFormat},
    extensions::{AppDataDictionary, ComponentData},
    match_presented_identities,
    mls::{
        AuthenticatedContent, Capabilities, Commit, Content, Credential, Extensions, ExternalSender,
        FramedContent, FramedContentAuthData, GroupContext, GroupInfo, HPKEPublicKey, LeafNode,
        LeafNodeSelect, MAC, MLSMessage, MLSMessageBody, Mls10, ProposalOrRef, PublicMessage, RatchetTree,
        Sender, SignaturePublicKey, UpdatePath,
    },
    protocol::{
        CommitMessage, GroupInfoOption, HandshakeBundle, ParticipantListData, TreelessGroupInfo,
        UpdateRequest, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, sign_with_label};
use mimi_franking::{HubKey, HubKeyId, HubKeyRing};
use mimi_policy::preset::ExampleRoom;
use mimi_room::{
    ComponentUpdates, CredentialError, Identity, Member, MlsStack, NewRoom, Room, Wishes,
    hub::{HostedRoom, Hub, HubLimits, Rate},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

pub(crate) const SUITE: CipherSuite = CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519;
pub(crate) const ADMIN: u32 = 3;

pub(crate) type SigningKey = <RustCrypto as CipherSuiteProvider>::SigningKey;

pub(crate) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

pub(crate) fn user(number: usize) -> UserUri {
    let provider = number % 50;
    UserUri::try_from(&*format!("mimi://p{provider:02}.example/u/user-{number:06}")).unwrap()
}

fn client(number: usize) -> String {
    let provider = number % 50;
    format!("mimi://p{provider:02}.example/d/user-{number:06}/phone")
}

pub(crate) fn room_uri() -> RoomUri {
    RoomUri::try_from("mimi://hub.example/r/town-hall").unwrap()
}

pub(crate) fn peer(number: usize) -> MatchedProvider {
    let name = DnsName::parse(&format!("p{:02}.example", number % 50)).unwrap();
    match_presented_identities(name.as_ref(), [name.to_string()]).unwrap()
}

/// A credential is the user, a space, and the client.
pub(crate) struct Names;

impl Identity for Names {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        _: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        let Credential::Basic { identity } = credential else { return Err("not basic".into()) };
        let text = std::str::from_utf8(identity).map_err(|_| "not text")?;
        let (user, client) = text.split_once(' ').ok_or("no space")?;
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes())
    }
}

/// The GroupContext and the leaves, taken at their word.
pub(crate) struct Still {
    context: GroupContext,
    leaves: Vec<LeafNode>,
}

impl Still {
    fn next(&self, components: &ComponentUpdates) -> GroupContext {
        let mut context = self.context.clone();
        context.epoch += 1;
        if components.is_empty() {
            return context;
        }
        let mut all = context.extensions.as_slice().to_vec();
        for extension in &mut all {
            if extension.extension_type == ExtensionType::APP_DATA_DICTIONARY {
                let before = self.context.extensions.app_data_dictionary().unwrap();
                let replaced = before.component_data.iter().map(|it| {
                    let new = components.iter().find(|(id, _)| *id == it.component_id);
                    let new = new.and_then(|(_, data)| data.clone()).map(Opaque::from);
                    let data = new.unwrap_or_else(|| it.data.clone());
                    ComponentData { component_id: it.component_id, data }
                });
                let component_data = List::new(replaced.collect()).unwrap();
                extension.extension_data = AppDataDictionary { component_data }.to_bytes().unwrap().into();
            }
        }
        context.extensions = Extensions::new(all).unwrap();
        context
    }
}

impl MlsStack for Still {
    type Verified = AuthenticatedContent;
    type Staged = GroupContext;
    type Error = String;

    fn group_context(&self) -> Result<GroupContext, String> {
        Ok(self.context.clone())
    }

    fn leaves(&self) -> Result<Vec<(u32, LeafNode)>, String> {
        Ok((0..).zip(self.leaves.iter().cloned()).collect())
    }

    fn leaf(&self, leaf_index: u32) -> Result<Option<LeafNode>, String> {
        Ok(self.leaves.get(usize::try_from(leaf_index).unwrap()).cloned())
    }

    fn ratchet_tree(&self) -> Result<RatchetTree, String> {
        Err("no tree".into())
    }

    fn verify(
        &mut self,
        message: &MLSMessage,
    ) -> Result<(AuthenticatedContent, AuthenticatedContent), String> {
        let MLSMessageBody::PublicMessage { public_message } = &message.body else { return Err("no".into()) };
        let (content, auth) = (public_message.content().clone(), public_message.auth().clone());
        let content = AuthenticatedContent::new(WireFormat::MLS_PUBLIC_MESSAGE, content, auth).unwrap();
        Ok((content.clone(), content))
    }

    fn stage(
        &mut self,
        _: AuthenticatedContent,
        components: &ComponentUpdates,
    ) -> Result<GroupContext, String> {
        Ok(self.next(components))
    }

    fn staged_context(&self, staged: &GroupContext) -> Result<GroupContext, String> {
        Ok(staged.clone())
    }

    fn queue(&mut self, _: Vec<AuthenticatedContent>) -> Result<(), String> {
        Ok(())
    }

    fn merge(&mut self, staged: GroupContext) -> Result<(), String> {
        self.context = staged;
        Ok(())
    }
}

fn leaf(number: usize, key: &SignaturePublicKey) -> LeafNode {
    LeafNode {
        encryption_key: HPKEPublicKey::from(&[7; 32][..]),
        signature_key: key.clone(),
        credential: Credential::Basic {
            identity: format!("{} {}", user(number), client(number)).as_str().into(),
        },
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::Update {},
        extensions: Extensions::default(),
        signature: Opaque::default(),
    }
}

/// The hub.
pub(crate) fn hub(suite: RustCrypto, key: SigningKey) -> Hub<RustCrypto, Names> {
    let credential = Credential::Basic { identity: "mimi://hub.example".into() };
    let external_sender = ExternalSender { signature_key: suite.signature_public_key(&key), credential };
    let limits = HubLimits { rate: Rate { burst: 0, interval_ms: 0 }, ..HubLimits::default() };
    let mut keys = HubKeyRing::new();
    let secret = HubKey::generate(&mut rng());
    keys.add(HubKeyId(0), HubKey::new(&secret).unwrap()).unwrap();
    let domain = DnsName::parse("hub.example").unwrap();
    Hub::new(domain, suite, key, external_sender, keys, Names, limits).unwrap()
}

/// The group of a room with so many participants, each with one client at one of 50 providers.
/// The first is an admin, and all clients have the key.
pub(crate) fn group(hub: &Hub<RustCrypto, Names>, participants: usize, key: &SignaturePublicKey) -> Still {
    let role = |number: usize| if number == 0 { ADMIN } else { 2 };
    let pairs = (0..participants)
        .map(|number| UserRolePair { user: user(number).as_opaque().clone(), role_index: role(number) });
    let list = ParticipantListData { participants: pairs.collect() };
    let new = NewRoom::new(&list, &ExampleRoom::Strict.roles()).unwrap();
    let new = new.franking_agent(&hub.franking_agent()).unwrap();
    let extensions = new.extensions(hub.external_sender().clone()).unwrap();
    let context = GroupContext {
        version: Mls10,
        cipher_suite: SUITE,
        group_id: "group".into(),
        epoch: 1,
        tree_hash: (&[1; 32][..]).into(),
        confirmed_transcript_hash: (&[2; 32][..]).into(),
        extensions,
    };
    Still { context, leaves: (0..participants).map(|number| leaf(number, key)).collect() }
}

pub(crate) fn host(
    hub: &Hub<RustCrypto, Names>,
    suite: &RustCrypto,
    key: &SigningKey,
    group: Still,
) -> HostedRoom<Still> {
    let info = group_info(suite, key, group.context.clone());
    hub.host(room_uri(), group, info, &mut rng()).unwrap()
}

fn group_info(suite: &RustCrypto, key: &SigningKey, group_context: GroupContext) -> GroupInfo {
    let mut info = GroupInfo {
        group_context,
        extensions: Extensions::default(),
        confirmation_tag: MAC::from(&[3; 32][..]),
        signer: 0,
        signature: Opaque::default(),
    };
    let tbs = info.tbs().to_bytes().unwrap();
    info.signature = sign_with_label(suite, key, b"GroupInfoTBS", &tbs, &mut rng()).unwrap().into();
    info
}

/// The admin's commit of a wish.
pub(crate) fn commit(
    hosted: &HostedRoom<Still>,
    suite: &RustCrypto,
    key: &SigningKey,
    wishes: &Wishes,
) -> UpdateRequest {
    let room: &Room = hosted.room();
    let proposals = room.proposals_for(wishes).unwrap();
    let components = room.components_after(&proposals).unwrap();
    let context = hosted.stack().next(&components);
    let path = leaf(0, &suite.signature_public_key(key));
    let written = proposals.into_iter().map(|proposal| ProposalOrRef::Proposal { proposal });
    let commit = Commit {
        proposals: written.collect(),
        path: Some(Box::new(UpdatePath { leaf_node: path, nodes: Vec::new() })),
    };
    let (sender, content) = (Sender::Member { leaf_index: 0 }, Content::Commit { commit });
    let group_id = context.group_id.clone();
    let content = FramedContent::new(group_id, room.epoch(), sender, Opaque::default(), content).unwrap();
    let tag = MAC::from(&[3; 32][..]);
    let auth =
        FramedContentAuthData { signature: (&[4; 64][..]).into(), confirmation_tag: Some(tag.clone()) };
    let message: MLSMessage = PublicMessage::new(content, auth, Some(tag)).unwrap().into();
    let group_info = TreelessGroupInfo::new(group_info(suite, key, context)).unwrap();
    UpdateRequest {
        bundle: HandshakeBundle::Commit {
            proposal_or_commit: CommitMessage::new(message).unwrap(),
            welcome: None,
            group_info_option: Box::new(GroupInfoOption::Full { group_info }),
            ratchet_tree_option: RatchetTreeOption::DistributionService {},
        },
    }
}
