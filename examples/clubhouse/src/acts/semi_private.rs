//! Act 9: commits that only members and the hub can read (mls-semiprivatemessage-07). The followers
//! in between hand on what tells them no more than that something has happened. The world and its
//! users are the act's own, so that all that a follower ever held can be searched.

use mimi_codec::{
    ClientUri, Encode, List, RoomUri, UserUri,
    code_points::ExtensionType,
    mls::MLSMessageBody,
    protocol::{HandshakeBundle, ParticipantListData, UpdateRequest, UserRolePair},
    semiprivate::{ExternalReceivers, SemiPrivateMessage},
};
use mimi_crypto::CryptoError;
use mimi_policy::preset;
use mimi_room::{MlsStack, NewRoom, Wishes};

use crate::{
    Result,
    client::Received,
    ensure,
    narrator::Event,
    sealed,
    story::Story,
    world::{World, room_uri, user_uri},
};

const HUB: &str = "a.example";
const FOLLOWER: &str = "b.example";

pub(super) fn play(story: &mut Story) -> Result<()> {
    let mut world = World::new(story.world.suite(), &[HUB, FOLLOWER, "c.example"], 9)?;
    std::mem::swap(&mut world.narrator, &mut story.world.narrator);
    let begin = world.narrator.events().len();
    let played = quiet_clubhouse(&mut world, begin);
    std::mem::swap(&mut world.narrator, &mut story.world.narrator);
    played
}

fn quiet_clubhouse(world: &mut World, begin: usize) -> Result<()> {
    let (alice, a1) = newcomer(world, HUB, "alice", "ClientA1")?;
    let (bob, b1) = newcomer(world, FOLLOWER, "bob", "ClientB1")?;
    let (cathy, c1) = newcomer(world, "c.example", "cathy", "ClientC1")?;
    world.consent(&bob, &alice)?;
    world.consent(&cathy, &alice)?;
    let room = room_uri(HUB, "quiet-clubhouse")?;
    create(world, &room, &alice, &a1)?;

    let role = preset::any_member_adds().participant_role;
    world
        .narrator
        .scene("Alice adds Bob. Her commit is for the hub alone: no other client is in the room yet");
    let packages = world.key_packages(&a1, &room, &bob)?;
    let outcome = world.commit(&a1, &room, &Wishes::default().add(bob, role, packages))?;
    ensure!(matches!(outcome.received.get(&b1), Some(Received::Joined)), "{:?}", outcome.received);

    world.narrator.scene("Alice adds Cathy. Bob's provider hands on a commit that it cannot read");
    let packages = world.key_packages(&a1, &room, &cathy)?;
    let package = packages.first().ok_or("no KeyPackage")?.to_bytes()?;
    let wishes = Wishes::default().add(cathy, role, packages);
    let request = world.client(&a1)?.commit(&room, &wishes)?;
    let message = semi_private_message(&request)?.clone();
    let public = hash_checks(world, &b1, &room, &message)?;
    let outcome = world.settle(&a1, &room, &request)?;
    ensure!(matches!(outcome.received.get(&b1), Some(Received::Commit(_))), "{:?}", outcome.received);
    ensure!(matches!(outcome.received.get(&c1), Some(Received::Joined)), "{:?}", outcome.received);

    let hub = world.hub_of(&room)?.room(&room)?.room().clone();
    ensure!(hub.epoch() == 2 && hub.policy().participant_count() == 3, "the hub has another room");
    for client in [&a1, &b1, &c1] {
        world.client(client)?.agrees_with(&hub, client)?;
    }
    follower_learns_nothing(world, begin, &message, &public, &package)
}

fn newcomer(world: &mut World, domain: &str, user: &str, client: &str) -> Result<(UserUri, ClientUri)> {
    let user = user_uri(domain, user)?;
    let client = world.new_client(&user, client)?;
    Ok((user, client))
}

fn create(world: &mut World, room: &RoomUri, alice: &UserUri, client: &ClientUri) -> Result<()> {
    world.narrator.scene(
        "Alice creates a room that requires the wire format mls_semiprivate_message, with the hub as the one external receiver",
    );
    let rules = preset::any_member_adds();
    let creator = UserRolePair { user: alice.as_opaque().clone(), role_index: rules.creator_role };
    let hub = world.hub_of(room)?;
    let receivers = ExternalReceivers { external_receivers: List::new(vec![hub.receiver().clone()])? };
    let participants = ParticipantListData { participants: vec![creator] };
    let extensions = NewRoom::new(&participants, &rules.roles)?
        .base_policy(&rules.base)?
        .franking_agent(&hub.hub.franking_agent())?
        .extension(ExtensionType::REQUIRED_WIRE_FORMATS, &sealed::wire_formats())?
        .extension(ExtensionType::EXTERNAL_RECEIVERS, &receivers)?
        .extensions(hub.hub.external_sender().clone())?;
    world.create_room(client, room, b"quiet-clubhouse", &extensions)
}

fn semi_private_message(request: &UpdateRequest) -> Result<&SemiPrivateMessage> {
    let HandshakeBundle::Commit { proposal_or_commit, .. } = &request.bundle else {
        return Err("not a commit".into());
    };
    match &proposal_or_commit.get().body {
        MLSMessageBody::SemiPrivateMessage { semiprivate_message } => Ok(semiprivate_message),
        _ => Err("not a SemiPrivateMessage".into()),
    }
}

/// What the two hashes are for: each says no to a member that was told something else. Returns the
/// commit as a PublicMessage, which it never was on the wire.
fn hash_checks(
    world: &mut World,
    bob: &ClientUri,
    room: &RoomUri,
    message: &SemiPrivateMessage,
) -> Result<Vec<u8>> {
    let suite = world.suite();
    let stack = world.client(bob)?.room(room)?.room.stack();
    // The content opens for Bob. But would he and the hub take it for the same? Not in another
    // state of the group.
    let opened = stack.open_as(message, |_| {})?;
    let leaf = stack.leaf(opened.sender_leaf_index())?.ok_or("no member is at that leaf")?;
    let mut other = stack.group_context()?;
    other.tree_hash = vec![0; other.tree_hash.len()].into();
    let refused = opened.verify(&suite, &other, &leaf.signature_key).err();
    ensure!(refused == Some(CryptoError::FramedContentTbsHashMismatch), "Bob's client says {refused:?}");
    // Nor does it open as another member's.
    let another = stack.open_as(message, |data| data.leaf_index = 1).err();
    let refused = another.ok_or("it opens as another member's")?;
    let refused = refused.downcast_ref::<CryptoError>();
    ensure!(refused == Some(&CryptoError::PartialContextHashMismatch), "Bob's client says {refused:?}");
    let (_, public) = stack.reveal(message)?;
    world.narrator.note(
        "Under another tree, framed_content_tbs_hash is wrong; as another member's, partial_context_hash is. Both are refused before anything is decided.",
    );
    Ok(public.to_bytes()?)
}

/// Searches every body that Bob's provider ever held for what the commits say.
fn follower_learns_nothing(
    world: &mut World,
    begin: usize,
    message: &SemiPrivateMessage,
    public: &[u8],
    package: &[u8],
) -> Result<()> {
    world.narrator.scene("What Bob's provider has of it, beside Alice's request for Bob's own key packages");
    let events = world.narrator.events().iter().skip(begin);
    let held = events.filter_map(|event| match event {
        Event::Sent(body) if body.from == FOLLOWER || body.to == FOLLOWER => Some(body),
        _ => None,
    });
    let held: Vec<&[u8]> =
        held.filter(|it| !it.type_name.starts_with("KeyMaterial")).map(|it| it.bytes.as_slice()).collect();
    let contains = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|it| it == needle);
    // Bob's own name it knows: he is its user.
    for needle in [&b"alice"[..], b"cathy", package] {
        ensure!(!held.iter().any(|body| contains(body, needle)), "the follower holds {needle:?}");
    }
    // A PublicMessage would have told it.
    ensure!(contains(public, b"cathy") && contains(public, package), "the search finds nothing");
    let size: usize = held.iter().map(|it| it.len()).sum();
    let what = format!(
        "{} bodies, {size} bytes: a {:?} of epoch {}, and nothing of who did what to whom",
        held.len(),
        message.content_type(),
        message.epoch()
    );
    world.narrator.saw(FOLLOWER, what);
    world.narrator.note(format!(
        "As a PublicMessage, the commit would have had {} bytes in the clear; as a SemiPrivateMessage it has {}.",
        public.len(),
        message.to_bytes()?.len()
    ));
    Ok(())
}
