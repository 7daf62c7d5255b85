//! Act 9: commits that only members and the hub can read (mls-semiprivatemessage-07). The followers in between hand on what tells them no more than
//! that something has happened. The room and its users are the act's own, so that all that a follower ever held can be searched.

use std::collections::BTreeMap;

use mimi_codec::{
    Decode, Encode, MimiUri,
    code_points::ComponentID,
    mls::{MLSMessage, MLSMessageBody, Mls10, SenderData, Welcome},
    protocol::{
        CommitMessage, FanoutEvent, FanoutMessage, IdentifierUri, ParticipantListData, UserRolePair,
        WelcomeMessage,
    },
    ratchet_tree_options::RatchetTreeOption,
    semiprivate::SemiPrivateMessage,
};
use mimi_crypto::{CryptoError, RustCrypto};
use mimi_policy::preset;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{
    Result, ensure,
    identity::{Authority, ClientIdentity, ProviderKey},
    narrator::{Hop, Narrator, Verdict},
    semi_private::{
        hub::{Accepted, Hub, semi_private_message},
        member::{Member, Newcomer},
        with_external_receivers,
    },
    stack::{self, ClientKey},
    story::Story,
};

const HUB: &str = "a.example";
const FOLLOWER: &str = "b.example";
const ROOM: &str = "mimi://a.example/r/quiet-clubhouse";

pub(super) fn play(story: &mut Story) -> Result<()> {
    let suite = story.world.suite();
    let mut stage = Stage::new(&mut story.world.narrator, suite)?;
    let (alice, bob, cathy) = (
        stage.newcomer(HUB, "alice")?,
        stage.newcomer(FOLLOWER, "bob")?,
        stage.newcomer("c.example", "cathy")?,
    );
    let mut alice = create(&mut stage, alice)?;

    stage.narrator.scene("Alice adds Bob. Her commit is for the hub alone: nobody else is in the room yet");
    let sent = send(&mut stage, &mut alice, "bob", &bob)?;
    let mut bob = welcome(&mut stage, bob, "ClientB1", FOLLOWER, &sent.accepted)?;

    stage.narrator.scene("Alice adds Cathy. Bob's provider hands on a commit that it can't read");
    let before = bob.context()?;
    let sent = send(&mut stage, &mut alice, "cathy", &cathy)?;
    hash_checks(&mut stage, &bob, &before, &sent)?;
    let message = sent.accepted.commit.clone();
    let event = FanoutEvent::Commit { message, external_proposals: vec![] };
    let body = stage.fan_out((FOLLOWER, "ClientB1"), event)?;
    let message: FanoutMessage = stack::decode(&body)?;
    bob.receive(semi_private_message(message.message())?, &stage.authority)?;
    stage.decided("ClientB1", "the commit", vec!["the same decision as the hub's".to_owned()]);
    let cathy = welcome(&mut stage, cathy, "ClientC1", "c.example", &sent.accepted)?;

    for member in [&alice, &bob, &cathy] {
        ensure!(member.epoch() == 2, "somebody is in epoch {}", member.epoch());
        ensure!(member.room().participant_count() == 3, "somebody has another list");
    }
    ensure!(stage.hub.room()?.participant_count() == 3, "the hub has another list");
    follower_learns_nothing(&mut stage, &sent)
}

/// The act's network: a hub, two followers, and what the followers hold.
struct Stage<'n> {
    narrator: &'n mut Narrator,
    suite: RustCrypto,
    rng: ChaCha20Rng,
    providers: BTreeMap<String, ProviderKey>,
    authority: Authority,
    hub: Hub,
    held: BTreeMap<String, Vec<Vec<u8>>>,
}

impl<'n> Stage<'n> {
    fn new(narrator: &'n mut Narrator, suite: RustCrypto) -> Result<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(9);
        let (mut providers, mut keys) = (BTreeMap::new(), BTreeMap::new());
        for domain in [HUB, FOLLOWER, "c.example"] {
            let key = ProviderKey::generate(suite, &mut rng)?;
            keys.insert(domain.to_owned(), key.public_key());
            providers.insert(domain.to_owned(), key);
        }
        let authority = Authority::new(suite, keys);
        let key = providers.remove(HUB).ok_or("there is no hub")?;
        let hub = Hub::new(suite, authority.clone(), key, HUB, ChaCha20Rng::from_rng(&mut rng))?;
        Ok(Self { narrator, suite, rng, providers, authority, hub, held: BTreeMap::new() })
    }

    fn newcomer(&mut self, domain: &str, name: &str) -> Result<Newcomer> {
        let provider = match self.providers.get(domain) {
            Some(key) => key,
            None => self.hub.key(),
        };
        let (user, client) = (user_uri(domain, name)?, format!("mimi://{domain}/d/{name}-phone"));
        let identity = ClientIdentity { user, client: MimiUri::parse(&client)?.into() };
        let key = ClientKey::generate(self.suite, ChaCha20Rng::from_rng(&mut self.rng))?;
        let credential = provider.vouch(identity, &key.public_key(), &mut self.rng)?;
        Ok(Newcomer::new(self.suite, key, credential))
    }

    /// A body goes from one to another, and the other holds it from then on.
    fn send<'a, T: Encode + Decode<'a>>(
        &mut self,
        (from, to): (&str, &str),
        hop: Hop,
        path: &str,
        body: &T,
    ) -> Result<Vec<u8>> {
        let octets = self.narrator.send(from, to, hop, path, body)?;
        self.held.entry(to.to_owned()).or_default().push(octets.clone());
        Ok(octets)
    }

    /// The hub hands a message on, and the provider delivers it.
    fn fan_out(&mut self, (provider, client): (&str, &str), event: FanoutEvent) -> Result<Vec<u8>> {
        let message = FanoutMessage::new(1_700_000_000_000, event)?;
        let path = "POST /notify/a.example/r/quiet-clubhouse";
        self.send((HUB, provider), Hop::Request, path, &message)?;
        self.send((provider, client), Hop::Local, "delivers", &message)
    }

    fn decided(&mut self, by: &str, about: &str, why: Vec<String>) {
        let (by, about) = (by.to_owned(), about.to_owned());
        self.narrator.decided(Verdict { by, about, accepted: true, code: None, why });
    }
}

fn user_uri(domain: &str, name: &str) -> Result<IdentifierUri> {
    Ok(MimiUri::parse(&format!("mimi://{domain}/u/{name}"))?.into())
}

fn create(stage: &mut Stage<'_>, alice: Newcomer) -> Result<Member> {
    stage.narrator.scene(
        "Alice creates a room that requires the wire format mls_semiprivate_message, with the hub as the one external receiver",
    );
    let rules = preset::any_member_adds();
    let user = user_uri(HUB, "alice")?.as_bytes().into();
    let list =
        ParticipantListData { participants: vec![UserRolePair { user, role_index: rules.creator_role }] };
    let components = vec![
        stack::component(ComponentID::PARTICIPANT_LIST, &list)?,
        stack::component(ComponentID::ROLES_LIST, &rules.roles)?,
        stack::component(ComponentID::BASE_ROOM_POLICY, &rules.base)?,
    ];
    let hub = stage.hub.receiver().clone();
    let extensions = stack::group_context_extensions(components, stage.hub.external_sender())?;
    let extensions = with_external_receivers(&extensions, vec![hub])?;
    let room = IdentifierUri::new(ROOM)?;
    let alice = alice.create(&room, &extensions, &mut stage.rng)?;
    let body = stage.send(("ClientA1", HUB), Hop::Local, "create the room", &alice.group_info()?)?;
    stage.hub.host(&body)?;
    Ok(alice)
}

/// A commit that the hub has let through, and what it would have been without a SemiPrivateMessage.
struct Sent {
    accepted: Accepted,
    as_public_message: CommitMessage,
    /// Whom it adds.
    key_package: Vec<u8>,
}

fn send(stage: &mut Stage<'_>, alice: &mut Member, name: &str, added: &Newcomer) -> Result<Sent> {
    let domain = if name == "bob" { FOLLOWER } else { "c.example" };
    let (user, role) = (user_uri(domain, name)?, preset::any_member_adds().participant_role);
    let key_package = added.key_package()?;
    let (request, as_public_message) =
        alice.add(&user, role, &key_package, &stage.authority, &mut stage.rng)?;
    let path = "POST /update/a.example/r/quiet-clubhouse";
    let body = stage.send(("ClientA1", HUB), Hop::Local, path, &request)?;
    let accepted = stage.hub.update(&body)?.map_err(|refused| refused.to_string())?;
    let decision = &accepted.decision;
    stage.narrator.saw(HUB, "with its key: a commit of leaf 0; partial_context_hash, framed_content_tbs_hash and signature are right");
    let why = decision.why.clone();
    stage.decided(HUB, "the commit", why);
    alice.accepted()?;
    Ok(Sent { accepted, as_public_message, key_package: key_package.to_bytes()? })
}

/// The Welcome goes through the newcomer's provider; the tree doesn't: the newcomer gets it from the hub, sealed (mimi-protocol, 5.6).
fn welcome(
    stage: &mut Stage<'_>,
    newcomer: Newcomer,
    name: &str,
    provider: &str,
    accepted: &Accepted,
) -> Result<Member> {
    let welcome: Welcome = accepted.welcome.clone().ok_or("there is no Welcome")?;
    let body = MLSMessageBody::Welcome { welcome };
    let message = WelcomeMessage::new(MLSMessage { version: Mls10, body })?;
    let ratchet_tree_option = Box::new(RatchetTreeOption::OutOfBand {});
    let body = stage.fan_out((provider, name), FanoutEvent::Welcome { message, ratchet_tree_option })?;
    let message: FanoutMessage = stack::decode(&body)?;
    let MLSMessageBody::Welcome { welcome } = &message.message().body else {
        return Err("not a Welcome".into());
    };
    let path = "POST /groupInfo/a.example/r/quiet-clubhouse";
    let (private_key, request) = newcomer.request_group_info(&mut stage.rng)?;
    stage.send((name, provider), Hop::Local, path, &request)?;
    let body = stage.send((provider, HUB), Hop::Request, path, &request)?;
    let response = stage.hub.group_info(ROOM.as_bytes(), &body)?;
    stage.send((HUB, provider), Hop::Response, path, &response)?;
    let body = stage.send((provider, name), Hop::Local, "the answer, sealed", &response)?;
    let hub = stage.hub.external_sender();
    let tree = newcomer.open_group_info(&private_key, ROOM.as_bytes(), &hub, stack::decode(&body)?)?;
    let member = newcomer.join(welcome, &tree, &mut stage.rng)?;
    stage.decided(name, "the Welcome", vec!["it has the tree from the hub, past its provider".to_owned()]);
    Ok(member)
}

/// What the two hashes are for: each says no to somebody who was told something else.
fn hash_checks(
    stage: &mut Stage<'_>,
    bob: &Member,
    before: &mimi_codec::mls::GroupContext,
    sent: &Sent,
) -> Result<()> {
    let message = semi_private_message(sent.accepted.commit.get())?;
    // The content opens for Bob. But would he and the hub take it for the same? Not in another state of the group.
    let (handshake, sender_data) = bob.open(message)?;
    let mut other = before.clone();
    other.tree_hash = vec![0; other.tree_hash.len()].into();
    let key = bob.signature_key(handshake.sender_leaf_index())?;
    let refused = handshake.verify(&stage.suite, &other, &key).err();
    ensure!(refused == Some(CryptoError::FramedContentTbsHashMismatch), "Bob's client says {refused:?}");
    // Nor does it open as another member's.
    let another = SenderData { leaf_index: 1, ..sender_data };
    let refused = bob.open_as_from(message, &another).err().ok_or("it opens as another member's")?;
    let refused = refused.downcast_ref::<CryptoError>();
    ensure!(refused == Some(&CryptoError::PartialContextHashMismatch), "Bob's client says {refused:?}");
    stage.narrator.note(
        "Under another tree, framed_content_tbs_hash is wrong; as another member's, partial_context_hash is. Both are refused before anything is decided.",
    );
    Ok(())
}

/// Searches every body that Bob's provider ever held for what the commit says.
fn follower_learns_nothing(stage: &mut Stage<'_>, sent: &Sent) -> Result<()> {
    stage.narrator.scene("What Bob's provider has of it");
    let held = stage.held.get(FOLLOWER).cloned().unwrap_or_default();
    let contains = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|it| it == needle);
    let public = sent.as_public_message.get().to_bytes()?;
    // Bob's own name it knows: he is its user.
    for needle in [&b"alice"[..], b"cathy", &sent.key_package] {
        ensure!(!held.iter().any(|body| contains(body, needle)), "the follower holds {needle:?}");
    }
    // A PublicMessage would have told it.
    ensure!(contains(&public, b"cathy") && contains(&public, &sent.key_package), "the search finds nothing");
    let message: &SemiPrivateMessage = semi_private_message(sent.accepted.commit.get())?;
    let octets: usize = held.iter().map(Vec::len).sum();
    stage.narrator.saw(
        FOLLOWER,
        format!(
            "{} bodies, {octets} octets: a {:?} of epoch {}, and nothing of who did what to whom",
            held.len(),
            message.content_type(),
            message.epoch()
        ),
    );
    stage.narrator.note(format!(
        "As a PublicMessage, the commit would have had {} octets in the clear; as a SemiPrivateMessage it has {}.",
        public.len(),
        sent.accepted.commit.get().to_bytes()?.len()
    ));
    Ok(())
}
