//! The flows of the newest drafts: retraction, combined groups, virtual clients, messages and
//! intents that outlive an epoch, and the post-quantum suites under all of them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::apq::{APQInfo, check_full_commit, check_partial_commit, check_session};
use mimi_codec::code_points::{CipherSuite, ComponentID};
use mimi_codec::extensions::{AppEphemeral, SafeAAD};
use mimi_codec::leaf_operation::{LeafOperationIntent, RemovalMode};
use mimi_codec::mls::{
    Content, Credential, FramedContent, FramedContentAuthData, GroupContext, HPKEPublicKey, LeafNode,
    PreSharedKeyID, Proposal, PublicMessage, Remove, Sender,
};
use mimi_codec::private_external::{ExternalEncryptionInfo, PrivateExternalMessage};
use mimi_codec::protocol::{ParticipantListData, UserRolePair};
use mimi_codec::retraction::MessageId as StatedId;
use mimi_codec::room_policy::{Role, RoleData};
use mimi_codec::virtual_clients::{PrivateMessageContext, VirtualClientOperationType};
use mimi_codec::{CapabilityType, Decode, Encode, Octets};
use mimi_content::timeline::{RetractionScope, Timeline, TimelineMessage};
use mimi_content::{Disposition, MessageId, MimiContent, NestedPart, Salt};
use mimi_crypto::{
    ApqPsk, CipherSuiteProvider, EmulationEpoch, HpkePrivateKey, RustCrypto, RustCryptoSigningKey, Secret,
    check_apq_suites, external_encryption_key_pair, generate_hpke_key_pair, open_private_external_message,
    seal_private_external_message, sign_external_encryption_info, sign_leaf_operation_intent,
    sign_with_label, small_space_prp, verify_external_encryption_info, verify_leaf_operation_intent,
    verify_with_label,
};
use mimi_policy::{
    Actor, ClientUri, Identities, JoinCode, Request, RoomParts, RoomState, TableSeed, UnidentifiedError,
    UserUri,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// One byte of an encoding that becomes another.
#[derive(Arbitrary, Debug, Clone, Copy)]
struct Change {
    at: u16,
    difference: u8,
}

impl Change {
    /// The encoding, changed, and whether it is another.
    fn of(change: Option<Self>, mut bytes: Vec<u8>) -> (Vec<u8>, bool) {
        let Some(Change { at, difference }) = change else { return (bytes, false) };
        let length = bytes.len();
        if length == 0 {
            return (bytes, false);
        }
        bytes[usize::from(at) % length] ^= difference;
        (bytes, difference != 0)
    }
}

/// A suite with the keys of one party, made once.
struct Party {
    suite: RustCrypto,
    signing_key: RustCryptoSigningKey,
    private_key: HpkePrivateKey,
    public_key: HPKEPublicKey,
}

/// Every suite, classical and post-quantum.
static PARTIES: LazyLock<Vec<Party>> = LazyLock::new(|| {
    let party = |number: CipherSuite| {
        let suite = RustCrypto::new(number).expect("known");
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(number.value()));
        let signing_key = suite.generate_signature_key(&mut rng).expect("a key");
        let signing_key = suite.signing_key(&signing_key).expect("a key");
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).expect("keys");
        Party { suite, signing_key, private_key, public_key }
    };
    RustCrypto::CIPHER_SUITES.into_iter().map(party).collect()
});

fn party(suite: u8) -> &'static Party {
    &PARTIES[usize::from(suite) % PARTIES.len()]
}

#[derive(Arbitrary, Debug)]
struct LabelledInput<'a> {
    suite: u8,
    label: &'a [u8],
    context: &'a [u8],
    message: &'a [u8],
    in_signature: Option<Change>,
    in_kem_output: Option<Change>,
    in_ciphertext: Option<Change>,
    public_key: &'a [u8],
    private_key: &'a [u8],
    secret: &'a [u8],
}

/// Every suite: what is signed verifies and what is sealed opens exactly when nothing is changed,
/// and hostile keys are refused.
pub fn suites(data: &[u8]) {
    let Ok(input) = LabelledInput::arbitrary(&mut Unstructured::new(data)) else { return };
    let Party { suite, signing_key, private_key, public_key } = party(input.suite);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let signature = sign_with_label(suite, signing_key, input.label, input.message, &mut rng).expect("signs");
    let own = suite.signature_public_key(signing_key);
    let (signature, changed) = Change::of(input.in_signature, signature);
    let verified = verify_with_label(suite, &own, input.label, input.message, &signature);
    assert_eq!(verified.is_err(), changed, "{:?}", suite.parameters().cipher_suite);

    let sealed =
        suite.hpke_seal(public_key, input.label, input.context, input.message, &mut rng).expect("seals");
    let (kem_output, kem_changed) = Change::of(input.in_kem_output, sealed.kem_output.to_vec());
    let (ciphertext, changed) = Change::of(input.in_ciphertext, sealed.ciphertext.to_vec());
    let mut received = sealed;
    (received.kem_output, received.ciphertext) = (kem_output.into(), ciphertext.into());
    match suite.hpke_open(private_key, &received, input.label, input.context) {
        Ok(opened) => {
            assert!(!kem_changed && !changed);
            assert_eq!(opened.expose(), input.message);
        }
        Err(_) => assert!(kem_changed || changed),
    }
    // Keys from outside: refused or usable, never a panic.
    let hostile = HPKEPublicKey::from(input.public_key.to_vec());
    let _ = suite.hpke_seal(&hostile, input.label, input.context, input.message, &mut rng);
    if let Ok(key) = HpkePrivateKey::new(suite, input.private_key.to_vec()) {
        let _ = suite.hpke_open(&key, &received, input.label, input.context);
    }
    let other = mimi_codec::mls::SignaturePublicKey::from(input.public_key.to_vec());
    assert!(other == own || verify_with_label(suite, &other, b"", input.message, &signature).is_err());
    if let Ok(secret) = Secret::new(suite, input.secret.to_vec()) {
        let (private, public) = suite.derive_hpke_key_pair(&secret).expect("derives");
        let sealed = suite.hpke_seal(&public, b"", b"", input.message, &mut rng).expect("seals");
        let opened = suite.hpke_open(&private, &sealed, b"", b"").expect("opens");
        assert_eq!(opened.expose(), input.message);
    }
}

#[derive(Arbitrary, Debug)]
struct EpochInput {
    suite: u8,
    levels: u8,
    /// Leaf, operation type, generation, context.
    operations: Vec<(u32, u8, u16, u8)>,
    after: u8,
    key: [u8; 16],
    number: u32,
    nonce: [u8; 12],
    in_info: Option<Change>,
    context: (u64, u32, bool),
}

/// Two emulator clients take operations from one epoch, one of them from its stored state in
/// between: each gives every secret at most once, and both the same ones; the PRP is a permutation,
/// and a reuse guard names its sender.
pub fn virtual_client(data: &[u8]) {
    let Ok(input) = EpochInput::arbitrary(&mut Unstructured::new(data)) else { return };
    let Party { suite, public_key, .. } = party(input.suite);
    let nh = suite.parameters().nh;
    let leaf_count = 1_u32 << (input.levels % 32);
    let exported = || Secret::new(suite, vec![7; nh]).expect("a secret");
    let mut one = EmulationEpoch::new(suite, exported(), leaf_count).expect("an epoch");
    let mut other = EmulationEpoch::new(suite, exported(), leaf_count).expect("an epoch");
    let mut given = BTreeMap::new();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    for (place, (leaf, kind, generation, context)) in input.operations.iter().take(16).enumerate() {
        let kind = [
            VirtualClientOperationType::KeyPackage,
            VirtualClientOperationType::LeafNode,
            VirtualClientOperationType::Application,
        ][usize::from(kind % 3)];
        // Half of them beyond the tree.
        let leaf = leaf % leaf_count.saturating_mul(2).max(1);
        let (generation, context) = (u32::from(generation % 1200), [*context]);
        let first = one.operation(suite, leaf, kind, generation, &context);
        let second = other.operation(suite, leaf, kind, generation, &context);
        assert_eq!(first, second);
        let key = (leaf, kind.value(), generation);
        match first {
            Ok(secret) => {
                assert!(leaf < leaf_count);
                assert_eq!(given.insert(key, ()), None, "a secret was given out twice");
                let info = one.seal_derivation_info(suite, public_key, &secret).expect("seals");
                let (bytes, changed) = Change::of(input.in_info, info.to_bytes().expect("encodes"));
                let opened = mimi_codec::virtual_clients::DerivationInfo::decode_exact(&bytes)
                    .ok()
                    .and_then(|info| other.open_derivation_info(suite, public_key, &info).ok());
                assert_eq!(opened.is_none(), changed);
                assert!(opened.is_none_or(|opened| {
                    (opened.leaf_index, opened.generation) == (secret.leaf_index, secret.generation)
                }));
            }
            Err(_) => assert!(leaf >= leaf_count || generation > 1024 || !given.is_empty()),
        }
        // Only generations that were skipped are missing in a state.
        if usize::from(input.after % 16) == place {
            let state = one.to_state();
            let restored = EmulationEpoch::from_state(suite, &state, leaf_count).expect("its own state");
            assert_eq!(restored.to_state(), state);
        }
    }
    let key = Secret::of_length(input.key, 16).expect("16 bytes");
    let output = small_space_prp::encrypt(&key, input.number).expect("encrypts");
    assert_eq!(small_space_prp::decrypt(&key, output), Ok(input.number));
    let leaf = input.number % leaf_count;
    let guard = one.reuse_guard(suite, &input.nonce, leaf, &mut rng).expect("a guard");
    assert_eq!(other.sender_of_reuse_guard(suite, &input.nonce, guard), Ok(leaf));
    let (epoch, generation, handshake) = input.context;
    let ratchet_type = if handshake {
        mimi_codec::virtual_clients::RatchetType::Handshake
    } else {
        mimi_codec::virtual_clients::RatchetType::Application
    };
    let context = PrivateMessageContext { group_id: "group".into(), epoch, generation, ratchet_type };
    assert_eq!(one.generation_id(suite, &context), other.generation_id(suite, &context));
}

#[derive(Arbitrary, Debug)]
struct OutsideInput {
    suite: u8,
    epoch: u64,
    in_info: Option<Change>,
    in_message: Option<Change>,
    in_intent: Option<Change>,
    leaf: LeafNode,
    leaf_index: u32,
    associated: bool,
    other_group: bool,
}

/// What comes from outside of an epoch: a sealed proposal opens, and an intent to leave holds,
/// exactly when nothing is changed.
pub fn outside(data: &[u8]) {
    let Ok(input) = OutsideInput::arbitrary(&mut Unstructured::new(data)) else { return };
    let Party { suite, signing_key, .. } = party(input.suite);
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let secret = Secret::new(suite, vec![5; suite.parameters().nh]).expect("a secret");
    let (private_key, public_key) = external_encryption_key_pair(suite, &secret).expect("keys");
    let (group, epoch) = (&b"group"[..], input.epoch);
    let info = sign_external_encryption_info(suite, signing_key, public_key, group, epoch, &mut rng);
    let info = info.expect("signs");
    let (bytes, changed) = Change::of(input.in_info, info.to_bytes().expect("encodes"));
    let received = ExternalEncryptionInfo::decode_exact(&bytes).ok();
    let verified = received.and_then(|info| verify_external_encryption_info(suite, info, group, epoch).ok());
    assert_eq!(verified.is_none(), changed);
    let own = verify_external_encryption_info(suite, info, group, epoch).expect("verifies");

    let proposal = Proposal::Remove(Remove { removed: 1 });
    let sender = Sender::External { sender_index: 0 };
    let content =
        FramedContent::new(group.into(), epoch, sender, "aad".into(), Content::Proposal { proposal });
    let auth = FramedContentAuthData { signature: "signature".into(), confirmation_tag: None };
    let public = PublicMessage::new(content.expect("content"), auth, None).expect("a message");
    let message = seal_private_external_message(suite, &own, &public, &mut rng).expect("seals");
    let (bytes, changed) = Change::of(input.in_message, message.to_bytes().expect("encodes"));
    let opened = PrivateExternalMessage::decode_exact(&bytes)
        .ok()
        .and_then(|it| open_private_external_message(suite, &private_key, group, epoch, &it).ok());
    assert_eq!(opened, (!changed).then_some(public));

    let mut leaf = input.leaf;
    leaf.signature_key = suite.signature_public_key(signing_key);
    let mode =
        if input.associated { RemovalMode::RemoveAssociatedMembers } else { RemovalMode::SenderRemovalOnly };
    let place = (input.leaf_index, &leaf);
    let intent = sign_leaf_operation_intent(suite, signing_key, group, place, mode, &mut rng).expect("signs");
    let (bytes, changed) = Change::of(input.in_intent, intent.to_bytes().expect("encodes"));
    let in_group = if input.other_group { &b"other"[..] } else { group };
    let at = |index| (index == input.leaf_index).then_some(&leaf);
    let verified = LeafOperationIntent::decode_exact(&bytes)
        .ok()
        .and_then(|intent| verify_leaf_operation_intent(suite, in_group, at, intent).ok());
    assert_eq!(verified.is_none(), changed || input.other_group);
}

#[derive(Arbitrary, Debug)]
struct PairInput {
    info: APQInfo,
    t: GroupContext,
    pq: GroupContext,
    t_proposals: Vec<Proposal>,
    pq_proposals: Vec<Proposal>,
    fits: bool,
    exporter: Vec<u8>,
    suite: u8,
    id: PreSharedKeyID,
}

/// Combined groups: what is accepted describes the groups, FULL and PARTIAL exclude one another,
/// and one exporter has one PSK.
pub fn combined_groups(data: &[u8]) {
    let Ok(mut input) = PairInput::arbitrary(&mut Unstructured::new(data)) else { return };
    if input.fits {
        (input.t.group_id, input.pq.group_id) =
            (input.info.t_session_group_id.clone(), input.info.pq_session_group_id.clone());
        (input.t.cipher_suite, input.pq.cipher_suite) =
            (input.info.t_cipher_suite, input.info.pq_cipher_suite);
        (input.t.epoch, input.pq.epoch) = (input.info.t_epoch, input.info.pq_epoch);
    }
    if let Ok(found) = check_session(&input.t, &input.pq) {
        assert!(found.pq_epoch == input.pq.epoch && found.t_epoch <= input.t.epoch);
    }
    let t: Vec<_> = input.t_proposals.iter().collect();
    let pq: Vec<_> = input.pq_proposals.iter().collect();
    let partial = check_partial_commit(&t);
    if let Ok(full) = check_full_commit((&input.t, &t), (&input.pq, &pq)) {
        assert!(partial.is_err());
        assert_eq!(full.info.t_epoch, input.t.epoch + 1);
        assert_eq!(full.info.pq_epoch, input.pq.epoch + 1);
    }
    if check_apq_suites(&input.info).is_ok() {
        assert!(input.info.t_cipher_suite.value() <= 7);
        assert_ne!(input.info.t_cipher_suite, input.info.pq_cipher_suite);
    }
    let Party { suite, .. } = party(input.suite);
    let length = input.exporter.len();
    if let Ok(exporter) = Secret::of_length(input.exporter, length) {
        let one = ApqPsk::derive(suite, exporter.clone()).expect("derives");
        assert_eq!(ApqPsk::derive(suite, exporter).expect("derives"), one);
        assert!(one.is_named_by(&one.pre_shared_key_id(input.id.psk_nonce.clone())));
        assert!(!one.is_named_by(&input.id));
    }
}

const MODERATOR: &str = "mimi://a.example/u/moderator";
const USERS: [&str; 3] = ["mimi://a.example/u/alice", "mimi://b.example/u/bob", MODERATOR];

struct AtLeaf0(Actor);

impl Identities for AtLeaf0 {
    fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
        if leaf_index == 0 { Ok(self.0.clone()) } else { Err(UnidentifiedError::Unknown) }
    }

    fn holder(&self, _: &Credential) -> Result<Actor, UnidentifiedError> {
        Err(UnidentifiedError::Unknown)
    }

    fn external_sender(&self, _: u32) -> Result<Actor, UnidentifiedError> {
        Err(UnidentifiedError::Unknown)
    }

    fn join_code(&self, _: &UserUri, _: u32) -> Option<JoinCode> {
        None
    }
}

#[derive(Arbitrary, Debug)]
struct RetractionInput<'a> {
    rights: (bool, bool),
    /// ID, sender, time, whether it is a reaction.
    messages: Vec<(u8, u8, u8, bool)>,
    /// Component, and its data, in which the first bytes of an ID or a sender are drawn.
    proposals: Vec<(bool, &'a [u8])>,
    stated: Option<[u8; 32]>,
}

/// Proposals of a moderator: hub and client allow them by one rule, what they retract is retracted
/// whenever it arrives, and nothing else is.
pub fn retraction(data: &[u8]) {
    let Ok(input) = RetractionInput::arbitrary(&mut Unstructured::new(data)) else { return };
    let mut role_capabilities = vec![CapabilityType::CAN_SEND_MESSAGE];
    if input.rights.0 {
        role_capabilities.push(CapabilityType::CAN_DELETE_OTHER_MESSAGE);
    }
    if input.rights.1 {
        role_capabilities.push(CapabilityType::CAN_DELETE_OTHER_REACTION);
    }
    let role = Role {
        role_index: 2,
        role_name: "moderator".into(),
        role_description: "".into(),
        role_capabilities,
        minimum_participants_constraint: 0,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: Vec::new(),
    };
    let user = UserUri::try_from(MODERATOR).expect("a user");
    let client = ClientUri::try_from("mimi://a.example/d/m1").expect("a client");
    let pair = UserRolePair { user: user.as_opaque().clone(), role_index: 2 };
    let list = ParticipantListData { participants: vec![pair] };
    let mut parts = RoomParts::new(RoleData { roles: vec![role] }, list);
    parts.clients.push((user.as_opaque().clone(), client.as_opaque().clone()));
    let room = RoomState::new(parts, TableSeed::known()).expect("a room");
    let identities = AtLeaf0(Actor::client(user, client));
    let proposals: Vec<Proposal> = input
        .proposals
        .iter()
        .map(|(range, data)| {
            let component_id =
                if *range { ComponentID::HUB_RETRACTED_RANGE } else { ComponentID::HUB_RETRACTED_MESSAGES };
            Proposal::AppEphemeral(AppEphemeral { component_id, data: data.to_vec().into() })
        })
        .collect();
    let sender = Sender::Member { leaf_index: 0 };
    let named = proposals.iter().map(|proposal| (proposal, None));
    let Ok(request) = Request::commit(&room, &identities, &sender, None, named) else { return };
    let Ok(plan) = request.check(&room) else { return };
    let changes = request.changes.iter().zip(plan.grants());
    let retractions: Vec<_> = changes.filter_map(|(change, grant)| change.change.retraction(grant)).collect();
    assert_eq!(retractions.len(), proposals.len());
    assert!(retractions.is_empty() || input.rights.0 || input.rights.1);

    let id = |number: u8| MessageId::from_bytes([number; 32]);
    let content = |reaction: bool| {
        let disposition = if reaction { Disposition::REACTION } else { Disposition::RENDER };
        let part = NestedPart::single(disposition, "", "text/plain;charset=utf-8", "x");
        MimiContent::builder(Salt::from_bytes([1; 16]), part).build().expect("content")
    };
    let contents = [content(false), content(true)];
    let mut timelines: [Timeline<()>; 2] = [Timeline::new(), Timeline::new()];
    let [before, after] = &mut timelines;
    retractions.iter().for_each(|retraction| drop(before.retract(retraction)));
    for (number, sender, at, reaction) in &input.messages {
        let sender = USERS[usize::from(*sender) % USERS.len()];
        let content = &contents[usize::from(*reaction)];
        for timeline in [&mut *before, &mut *after] {
            let received = TimelineMessage::from_owned(id(*number), sender, u64::from(*at), content);
            let _ =
                timeline.insert(received, (), &|_: &mimi_content::timeline::TimelineChange<'_, ()>| Ok(()));
        }
    }
    retractions.iter().for_each(|retraction| drop(after.retract(retraction)));
    for (number, ..) in &input.messages {
        let (one, other) = (before.get(&id(*number)).unwrap(), after.get(&id(*number)).unwrap());
        assert_eq!(one.retraction(), other.retraction());
        let concerns = retractions.iter().any(|retraction| match &retraction.scope {
            RetractionScope::Messages(ids) => ids.contains(&id(*number)),
            RetractionScope::Reactions(ids) => {
                ids.contains(&id(*number)) && one.disposition() == Disposition::REACTION
            }
            RetractionScope::Sender { sender_uri, from_ms } => {
                **sender_uri == *one.sender_uri() && from_ms.is_none_or(|from| from <= one.accepted_ms())
            }
        });
        assert_eq!(one.retraction().is_some(), concerns);
    }
    // The ID in the authenticated data.
    if let Some(stated) = input.stated {
        let stated = StatedId { message_id: Octets(stated) };
        let aad =
            SafeAAD { aad_items: mimi_codec::List::new(vec![stated.safe_aad_item()]).expect("one item") };
        assert_eq!(stated.check(&aad), Ok(true));
        assert_eq!(stated.check(&SafeAAD::default()), Ok(false));
    }
}
