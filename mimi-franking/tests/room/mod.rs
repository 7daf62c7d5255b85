//! A room with its hub, for the tests: all parties in one place, under each construction.
#![allow(dead_code, unreachable_pub, reason = "every test file uses a part of it")]
#![allow(clippy::arithmetic_side_effects)]

use mimi_codec::{
    DnsName, Encode, List, MatchedProvider, RoomUri, UserUri,
    code_points::{CipherSuite, ComponentID, ExtensionType},
    extensions::{AppDataDictionary, ComponentData, SafeAAD},
    match_presented_identities,
    mls::{Credential, Extension, Extensions, GroupContext, Mls10},
    protocol::{FrankAAD, FrankingAgentData, IdentifierUri, ParticipantListData, UserRolePair},
};
use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
use mimi_crypto::{ApEpoch, CipherSuiteProvider, RustCrypto, RustCryptoSigningKey};
use mimi_franking::{
    CheckStamp, Construction, ContextHash, ContextSecret, Framing, FrankableContent, FrankingAgent,
    FrankingAgentKey, FrankingAssertion, FrankingError, FrankingKey, HubKey, HubKeyId, HubKeyRing,
    IntegrityMac, IntegritySecret, MimiFrankable, MimiFrankable02, OwnAgent, OwnAgents, Signed,
    UnboundContent, VerifiedFrank,
    hub::{self, ActiveSender, Franked, Submission, UserIndex},
    receiver::{self, DecryptedMessage},
    report::{ProvenMessage, ReportCheck, ReportedMessage},
    sender, set_franking_assertion_02, set_sender_and_room,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

pub const SUITES: [CipherSuite; 16] = RustCrypto::CIPHER_SUITES;
pub const ALICE: &str = "mimi://b.example/u/alice";
pub const BOB: &str = "mimi://c.example/u/bob";
pub const CATHY: &str = "mimi://d.example/u/cathy";
pub const ROOM: &str = "mimi://hub.example/r/clubhouse";
pub const NOW: u64 = 1_767_225_600_000;
pub const ASSERTION_KEY: i64 = 100;

/// A user, a room, or an identifier of the wire.
pub trait Named {
    fn named(text: &str) -> Self;
}

impl Named for UserUri {
    fn named(text: &str) -> Self {
        Self::try_from(text).unwrap()
    }
}

impl Named for RoomUri {
    fn named(text: &str) -> Self {
        Self::try_from(text).unwrap()
    }
}

impl Named for IdentifierUri {
    fn named(text: &str) -> Self {
        Self::new(text).unwrap()
    }
}

pub fn uri<T: Named>(text: &str) -> T {
    T::named(text)
}

/// A server, by its certificate.
pub fn provider(text: &str) -> MatchedProvider {
    match_presented_identities(domain(text).as_ref(), [text]).unwrap()
}

pub fn domain(text: &str) -> DnsName {
    DnsName::parse(text).unwrap()
}

/// What the parties of one room have in one epoch.
pub struct Room {
    pub suite: RustCrypto,
    pub signing_key: RustCryptoSigningKey,
    pub agent: FrankingAgentData,
    pub group_context: GroupContext,
    pub hub_keys: HubKeyRing,
    pub integrity: IntegritySecret,
    pub context: ContextSecret,
}

/// A GroupContext with this agent, or with none.
pub fn group_context(suite: CipherSuite, agent: Option<&FrankingAgentData>) -> GroupContext {
    let data = agent.map(|agent| ComponentData {
        component_id: ComponentID::FRANKING_AGENT,
        data: agent.to_bytes().unwrap().into(),
    });
    let dictionary = AppDataDictionary { component_data: List::new(data.into_iter().collect()).unwrap() };
    let extension = Extension {
        extension_type: ExtensionType::APP_DATA_DICTIONARY,
        extension_data: dictionary.to_bytes().unwrap().into(),
    };
    GroupContext {
        version: Mls10,
        cipher_suite: suite,
        group_id: "clubhouse".into(),
        epoch: 7,
        tree_hash: "tree".into(),
        confirmed_transcript_hash: "transcript".into(),
        extensions: Extensions::new(vec![extension]).unwrap(),
    }
}

pub fn agent_data(suite: &RustCrypto, key: &RustCryptoSigningKey) -> FrankingAgentData {
    FrankingAgentData {
        franking_signature_key: suite.signature_public_key(key),
        credential: Credential::Basic { identity: "mimi://hub.example".into() },
    }
}

/// How the tests' clients check a credential: a basic one that names a provider.
pub fn validate(agent: &FrankingAgentData) -> Option<MatchedProvider> {
    let Credential::Basic { identity } = &agent.credential else { return None };
    let uri = mimi_codec::MimiUriRef::from_bytes(identity).ok()?;
    match_presented_identities(uri.host(), [uri.host().as_str()]).ok()
}

impl Room {
    pub fn new(suite: CipherSuite) -> Self {
        Self::seeded(suite, 1)
    }

    pub fn seeded(suite: CipherSuite, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let suite = RustCrypto::new(suite).unwrap();
        let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let agent = agent_data(&suite, &signing_key);
        let group_context = group_context(suite.parameters().cipher_suite, Some(&agent));
        let nh = suite.parameters().nh;
        let epoch = ApEpoch::from_epoch_secret(&suite, &mimi_crypto::random_secret(nh, &mut rng)).unwrap();
        let integrity = IntegritySecret::of_epoch(&suite, &epoch).unwrap();
        let context = ContextSecret::of_epoch(&suite, &epoch).unwrap();
        let mut hub_keys = HubKeyRing::new();
        hub_keys.add(HubKeyId(1_000), HubKey::new(&HubKey::generate(&mut rng)).unwrap()).unwrap();
        Self { suite, signing_key, agent, group_context, hub_keys, integrity, context }
    }

    pub fn franking_agent(&self) -> FrankingAgent<'_, RustCrypto> {
        let hub = domain("hub.example");
        FrankingAgent::of_group(&self.suite, &self.group_context, hub.as_ref(), validate).unwrap()
    }

    pub fn agent_key(&self) -> FrankingAgentKey<'_, RustCrypto> {
        FrankingAgentKey::of_group(&self.suite, &self.signing_key, &self.group_context).unwrap()
    }
}

/// A message on its way, with all that every party knows of it. A test changes what it likes.
#[derive(Clone, Debug)]
pub struct Message<C: Construction> {
    pub application_data: Vec<u8>,
    pub frank_aad: FrankAAD,
    pub frank: C::Frank,
    pub accepted_timestamp: u64,
    pub sender_uri: UserUri,
    pub room_uri: RoomUri,
}

/// What the tests need of a construction.
pub trait Under: Construction {
    type Content: FrankableContent<Self> + core::fmt::Debug;
    const CONTENT: Self::Content;

    /// A text message with this key of the tag, of which the salt takes the first 16 bytes.
    fn content(key: [u8; 32], sender: &str, room: &str, text: &str) -> Vec<u8>;
    fn stamp(
        room: &Room,
        submission: &Submission,
        now: u64,
        rng: &mut ChaCha20Rng,
    ) -> Result<Franked<Self>, FrankingError>;
    fn with_checker<T>(
        room: &Room,
        run: impl Fn(&dyn Fn(&[DecryptedMessage<'_, Self>]) -> Verdicts<Self>) -> T,
    ) -> T;
    fn check_reports<'m>(
        room: &Room,
        room_uri: &RoomUri,
        abuser: &UserUri,
        messages: &'m [ReportedMessage<Self>],
    ) -> Vec<Result<ProvenMessage<'m>, FrankingError>>;
    fn frank_bytes(frank: &Self::Frank) -> Vec<u8> {
        frank.to_bytes().unwrap()
    }
}

pub type Verdicts<C> = Vec<Result<Option<VerifiedFrank<C>>, FrankingError>>;

/// Both ways of the receiver, which agree.
fn both_ways<C: Under>(agent: &impl CheckStamp<C>, received: &[DecryptedMessage<'_, C>]) -> Verdicts<C> {
    let together = receiver::verify_all(agent, &C::CONTENT, received);
    let alone: Vec<_> = received.iter().map(|one| receiver::verify(agent, &C::CONTENT, one)).collect();
    assert_eq!(together, alone);
    together
}

fn text_message(extensions: mimi_content::MessageExtensions, salt: [u8; 16], text: &str) -> Vec<u8> {
    let body = NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", text);
    MimiContent::builder(Salt::from_bytes(salt), body).extensions(extensions).build().unwrap().encode()
}

pub fn mimi_message(salt: [u8; 16], sender: &str, room: &str, text: &str) -> Vec<u8> {
    let mut extensions = mimi_content::MessageExtensions::new();
    set_sender_and_room(&mut extensions, sender, room).unwrap();
    text_message(extensions, salt, text)
}

impl Under for Signed {
    type Content = MimiFrankable;
    const CONTENT: MimiFrankable = MimiFrankable::new(Framing::Bare);

    fn content(key: [u8; 32], sender: &str, room: &str, text: &str) -> Vec<u8> {
        mimi_message(*key.first_chunk().unwrap(), sender, room, text)
    }

    fn stamp(
        room: &Room,
        submission: &Submission,
        now: u64,
        rng: &mut ChaCha20Rng,
    ) -> Result<Franked<Self>, FrankingError> {
        hub::frank(&room.hub_keys, &room.agent_key(), submission, now, rng)
    }

    fn with_checker<T>(
        room: &Room,
        run: impl Fn(&dyn Fn(&[DecryptedMessage<'_, Self>]) -> Verdicts<Self>) -> T,
    ) -> T {
        run(&|received| both_ways(&room.franking_agent(), received))
    }

    fn check_reports<'m>(
        room: &Room,
        room_uri: &RoomUri,
        abuser: &UserUri,
        messages: &'m [ReportedMessage<Self>],
    ) -> Vec<Result<ProvenMessage<'m>, FrankingError>> {
        let agents = [OwnAgent::new(&room.suite, room.agent.franking_signature_key.clone()).unwrap()];
        let own = OwnAgents(&agents);
        ReportCheck { hub_keys: &room.hub_keys, own: &own, content: &Self::CONTENT, room_uri }
            .messages(abuser, messages)
    }
}

impl Under for IntegrityMac {
    type Content = MimiFrankable;
    const CONTENT: MimiFrankable = MimiFrankable::new(Framing::Bare);

    fn content(key: [u8; 32], sender: &str, room: &str, text: &str) -> Vec<u8> {
        mimi_message(*key.first_chunk().unwrap(), sender, room, text)
    }

    fn stamp(
        room: &Room,
        submission: &Submission,
        now: u64,
        rng: &mut ChaCha20Rng,
    ) -> Result<Franked<Self>, FrankingError> {
        hub::frank(&room.hub_keys, &room.integrity, submission, now, rng)
    }

    fn with_checker<T>(
        room: &Room,
        run: impl Fn(&dyn Fn(&[DecryptedMessage<'_, Self>]) -> Verdicts<Self>) -> T,
    ) -> T {
        run(&|received| both_ways(&room.integrity, received))
    }

    fn check_reports<'m>(
        room: &Room,
        room_uri: &RoomUri,
        abuser: &UserUri,
        messages: &'m [ReportedMessage<Self>],
    ) -> Vec<Result<ProvenMessage<'m>, FrankingError>> {
        ReportCheck { hub_keys: &room.hub_keys, own: &IntegrityMac, content: &Self::CONTENT, room_uri }
            .messages(abuser, messages)
    }
}

impl Under for ContextHash {
    type Content = MimiFrankable02;
    const CONTENT: MimiFrankable02 = MimiFrankable02::new(Framing::Bare, ASSERTION_KEY);

    fn content(key: [u8; 32], sender: &str, room: &str, text: &str) -> Vec<u8> {
        let mut extensions = mimi_content::MessageExtensions::new();
        let assertion = FrankingAssertion { sender_uri: sender, room_uri: room };
        set_franking_assertion_02(&mut extensions, ASSERTION_KEY, &FrankingKey::from_bytes(key), &assertion)
            .unwrap();
        text_message(extensions, [0x5a; 16], text)
    }

    fn stamp(
        room: &Room,
        submission: &Submission,
        now: u64,
        rng: &mut ChaCha20Rng,
    ) -> Result<Franked<Self>, FrankingError> {
        hub::frank(&room.hub_keys, &room.context, submission, now, rng)
    }

    fn with_checker<T>(
        room: &Room,
        run: impl Fn(&dyn Fn(&[DecryptedMessage<'_, Self>]) -> Verdicts<Self>) -> T,
    ) -> T {
        run(&|received| both_ways(&room.context, received))
    }

    fn check_reports<'m>(
        room: &Room,
        room_uri: &RoomUri,
        abuser: &UserUri,
        messages: &'m [ReportedMessage<Self>],
    ) -> Vec<Result<ProvenMessage<'m>, FrankingError>> {
        ReportCheck { hub_keys: &room.hub_keys, own: &ContextHash, content: &Self::CONTENT, room_uri }
            .messages(abuser, messages)
    }
}

/// A submission as the tests' hub accepts it: every user is an active participant.
pub fn submission(frank_aad: &FrankAAD, sender_uri: &UserUri, room_uri: &RoomUri) -> Submission {
    let item = mimi_codec::extensions::SafeAADItem {
        component_id: ComponentID::FRANK_AAD,
        aad_item_data: frank_aad.to_bytes().unwrap().into(),
    };
    let safe_aad = SafeAAD { aad_items: List::new(vec![item]).unwrap() };
    let user = UserRolePair { user: sender_uri.as_bytes().into(), role_index: 1 };
    let list = ParticipantListData { participants: vec![user] };
    let host = sender_uri.mimi_uri().unwrap().host();
    let users = UserIndex::new(&list, [sender_uri.clone()]);
    let sending_uri = IdentifierUri::from(sender_uri);
    let sender = ActiveSender::find(&sending_uri, &provider(host.as_str()), &users).unwrap();
    Submission::new(&safe_aad, sender, room_uri.clone()).unwrap()
}

impl<C: Under> Message<C> {
    /// An honest sender and an honest hub.
    pub fn sent(room: &Room, application_data: &[u8], sender: &str, room_uri: &str) -> Self {
        let (sender_uri, room_uri) = (uri(sender), uri(room_uri));
        let commitment = sender::commit::<C>(&C::CONTENT, application_data, &sender_uri, &room_uri).unwrap();
        assert_eq!(commitment.sending_uri(), &sender_uri);
        Self::accepted(room, application_data, commitment.frank_aad(), &sender_uri, &room_uri)
    }

    /// What the hub makes of a submission, whatever is in it: the sender may lie, the hub is
    /// honest.
    pub fn accepted(
        room: &Room,
        application_data: &[u8],
        frank_aad: &FrankAAD,
        sender_uri: &UserUri,
        room_uri: &RoomUri,
    ) -> Self {
        Self::accepted_at(room, application_data, frank_aad, sender_uri, room_uri, NOW)
    }

    /// An honest message of Alice at this time.
    pub fn sent_at(room: &Room, application_data: &[u8], now: u64) -> Self {
        let (sender_uri, room_uri) = (uri(ALICE), uri(ROOM));
        let commitment = sender::commit::<C>(&C::CONTENT, application_data, &sender_uri, &room_uri).unwrap();
        Self::accepted_at(room, application_data, commitment.frank_aad(), &sender_uri, &room_uri, now)
    }

    /// What the hub makes of a submission at this time.
    pub fn accepted_at(
        room: &Room,
        application_data: &[u8],
        frank_aad: &FrankAAD,
        sender_uri: &UserUri,
        room_uri: &RoomUri,
        now: u64,
    ) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(9);
        let submission = submission(frank_aad, sender_uri, room_uri);
        let franked = C::stamp(room, &submission, now, &mut rng).unwrap();
        Self {
            application_data: application_data.to_vec(),
            frank_aad: frank_aad.clone(),
            frank: franked.frank().clone(),
            accepted_timestamp: franked.accepted_timestamp(),
            sender_uri: sender_uri.clone(),
            room_uri: room_uri.clone(),
        }
    }

    pub fn received(&self) -> DecryptedMessage<'_, C> {
        DecryptedMessage {
            application_data: &self.application_data,
            frank_aad: Some(&self.frank_aad),
            frank: Some(&self.frank),
            accepted_timestamp: self.accepted_timestamp,
            sender_uri: &self.sender_uri,
            room_uri: &self.room_uri,
        }
    }

    /// What a receiver of this room says.
    pub fn verify(&self, room: &Room) -> Result<VerifiedFrank<C>, FrankingError> {
        C::with_checker(room, |check| check(&[self.received()])).remove(0).map(Option::unwrap)
    }

    fn reported(&self) -> ReportedMessage<C> {
        ReportedMessage {
            message_content: self.application_data.as_slice().into(),
            frank: self.frank.clone(),
            accepted_timestamp: self.accepted_timestamp,
        }
    }

    /// A report of these bytes by a reporter that does not look at them first.
    pub fn report(&self, room: &Room) -> Result<(), FrankingError> {
        C::check_reports(room, &self.room_uri, &self.sender_uri, &[self.reported()]).remove(0).map(drop)
    }

    /// What the hub proves of these bytes, and is not bound by them.
    pub fn proven_unbound(&self, room: &Room) -> Vec<UnboundContent> {
        let reported = [self.reported()];
        let proven = C::check_reports(room, &self.room_uri, &self.sender_uri, &reported).remove(0);
        proven.unwrap().unbound().to_vec()
    }
}
