//! Stories in which all clients keep to the rules.

use alloc::{format, string::ToString, vec, vec::Vec};

use mimi_codec::{
    CapabilityType, Encode, List,
    code_points::CipherSuite,
    extensions::AppDataDictionary,
    mls::RequiredCapabilities,
    protocol::{
        AbuseReport, AbuseType, AbusiveMessage, ClientKeyMaterial, GroupInfoOption, HandshakeBundle,
        IdentifierUri, KeyMaterialRequestTBS, KeyMaterialResponse, KeyMaterialUserCode, Protocol,
        SubmitMessageResponse, SubmitResult, UpdateRequest,
    },
    ratchet_tree_options::{PartialGroupInfo, RatchetTreePresence},
};
use mimi_codec::{Decode, protocol::Frank};
use mimi_content::{Composer, Salt, Text};
use mimi_crypto::sign_key_material_request;
use mimi_franking::{Framing, MimiFrankable};
use mimi_policy::preset::ExampleRoom;
use mimi_room::Wishes;

use super::world::{
    ALICE, BOB, BOB_2, Beginning, CAROL, DAVE, EVE, HUB, LIMITS, Made, ROOM, World, defect, refused,
    room_uri, uri,
};
use crate::file_format::{GeneratedCase, Seed};
use crate::kind::room::json::{Expected, JoinCodeJson, LimitsJson, StepJson};

pub(super) const SUITE: CipherSuite = CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519;

/// A room with the roles of the strictly administered example room, in which Alice is an admin.
pub(super) fn strict<'a>(name: &'a str, about: &'a str, participants: &'a [(&'a str, u32)]) -> Beginning<'a> {
    let roles = ExampleRoom::Strict.roles();
    Beginning { name, about, suite: SUITE, roles, participants, limits: LIMITS }
}

/// What a client submits: a short text, franked.
pub(super) fn message(world: &mut World, place: usize, text: &str) -> Made<(Vec<u8>, Vec<u8>)> {
    let salt = Salt::from_bytes(world.stream.array());
    let client = world.client(place)?;
    let composer = Composer::new(&client.user.to_string(), ROOM)?;
    let content = composer.message(salt, Text::plain(text)).build()?.encode();
    let composed = client.room()?.send(&MimiFrankable::new(Framing::Bare), &content)?;
    Ok((composed.request.to_bytes()?, content))
}

/// The frank and the time that the hub has given to a message.
fn stamp(played: &Expected) -> Made<(Frank, u64)> {
    let body = played.response.as_ref().and_then(|it| it.body.as_ref()).ok_or_else(|| defect("no body"))?;
    match SubmitMessageResponse::decode_exact(&body.0)?.status_code {
        SubmitResult::Accepted { accepted_timestamp, frank: Some(frank) } => Ok((frank, accepted_timestamp)),
        other => Err(defect(format!("not franked: {other:?}"))),
    }
}

fn with_partial_group_info(mut request: UpdateRequest) -> Made<UpdateRequest> {
    if let HandshakeBundle::Commit { group_info_option, .. } = &mut request.bundle
        && let GroupInfoOption::Full { group_info } = &**group_info_option
    {
        let group_info = group_info.clone().into_inner();
        let partial = PartialGroupInfo::new(
            RatchetTreePresence::NO_RATCHET_TREE,
            group_info.extensions,
            group_info.signature,
        )?;
        let partial_group_info = mimi_codec::protocol::TreelessPartialGroupInfo::new(partial)?;
        **group_info_option = GroupInfoOption::Partial { partial_group_info };
    }
    Ok(request)
}

/// From the first KeyPackage to a user's leave.
pub(super) fn a_life(seed: &Seed, suite: CipherSuite) -> Made<GeneratedCase> {
    let name = format!("life of a room, suite {}", suite.value());
    let about = "key material through the hub, commits with Welcomes, messages, a leave by proposals, and what came too late";
    let mut world = World::new(seed, &Beginning { suite, ..strict(&name, about, &[]) })?;
    world.begin()?;

    let package = world.key_package(BOB)?;
    let (alice, bob) = (world.client(ALICE)?.user.clone(), world.client(BOB)?.user.clone());
    let request = |world: &mut World, requester: usize| -> Made<Vec<u8>> {
        let client = world.client(requester)?;
        let request = KeyMaterialRequestTBS {
            protocol: Protocol::Mls10,
            requesting_user: (&client.user).into(),
            target_user: (&bob).into(),
            room_id: IdentifierUri::from(&room_uri()?).into(),
            acceptable_ciphersuites: List::new(vec![suite]).map_err(defect)?,
            required_capabilities: RequiredCapabilities {
                extension_types: vec![],
                proposal_types: vec![],
                credential_types: vec![],
            },
            requester_signature_key: client.key.public(),
            requester_credential: client.credential.clone(),
        };
        let (suite, key) = (world.suite, world.client(requester)?.key.clone());
        let signed = sign_key_material_request(&suite, key.signing_key(), request, &mut world.stream)?;
        Ok(signed.to_bytes()?)
    };
    let client_uri = IdentifierUri::from(&world.client(BOB)?.client);
    let material = ClientKeyMaterial::Success { client_uri, key_package: package.clone().into() };
    let answer = KeyMaterialResponse::new(
        Protocol::Mls10,
        KeyMaterialUserCode::SUCCESS,
        (&bob).into(),
        vec![material],
    )?;
    let body = request(&mut world, ALICE)?;
    world.key_material(
        "Alice asks for Bob's KeyPackages: the hub asks b.example, and remembers that their Welcome goes there",
        HUB,
        body.clone(),
        Some(answer.to_bytes()?),
    )?;
    let no = world.key_material("c.example sends the request in Alice's place", "c.example", body, None)?;
    refused("in Alice's place", &no, "belongs to another provider")?;
    for (about, path) in [
        ("Alice's request at the path of another user", "mimi://b.example/u/eve"),
        ("Alice's request at the path of a user of another domain", "mimi://c.example/u/bob"),
        ("Alice's request at the path of another spelling of Bob", "mimi://B.example/u/bob"),
    ] {
        let body = request(&mut world, ALICE)?;
        world.misaddressed(about, ("keyMaterial", HUB), path, body)?;
    }
    let body = request(&mut world, CAROL)?;
    let no = world.key_material("Carol, who is not in the room, asks", "c.example", body, None)?;
    refused("Carol asks", &no, "no client in the room")?;

    let commit = world.commit(ALICE, &Wishes::default().add(bob.clone(), 2, vec![package]))?;
    let adding = commit.to_bytes()?;
    world.settle(
        "Alice adds Bob: the Welcome goes to b.example, the commit to a.example alone",
        ALICE,
        &commit,
    )?;
    world.add(CAROL, 2)?;

    let (body, _) = message(&mut world, BOB, "Hello!")?;
    world.accept(
        "Bob sends a message: every provider with a client gets it",
        "submitMessage",
        "b.example",
        body,
    )?;
    let commit = world.commit(CAROL, &Wishes::default())?;
    let commit = with_partial_group_info(commit)?;
    world.settle("Carol renews her keys, with a partial GroupInfo", CAROL, &commit)?;
    world.refuse(
        "the commit that added Bob comes once more",
        ("update", HUB),
        adding,
        "the group is in epoch",
    )?;
    let group_info = world.group_info("Bob's second client asks for the GroupInfo", BOB_2, None)?;
    let group_info = group_info.ok_or_else(|| defect("Bob's second client gets no GroupInfo"))?;
    let too_late = world.external_commit(BOB_2, group_info.clone(), None)?.0.to_bytes()?;
    world.join("Bob's second client joins from outside", BOB_2, group_info, None)?;
    world.refuse(
        "the same external commit comes once more",
        ("update", "b.example"),
        too_late,
        "the group is in epoch",
    )?;

    let (suite_, directory) = (world.suite, super::world::Everyone);
    let leaving = world.client(CAROL)?.room()?.leave(&suite_, &directory)?;
    // OpenMLS seals nothing while proposals wait.
    let (written, _) = message(&mut world, ALICE, "Bye, Carol")?;
    let omitting = world.commit(BOB, &Wishes::default())?.to_bytes()?;
    let leave = leaving.to_bytes()?;
    world.settle("Carol proposes to leave: it counts at once", CAROL, &leaving)?;
    world.refuse(
        "Bob's commit, made before, leaves the proposals out",
        ("update", "b.example"),
        omitting,
        "leaves out 2",
    )?;
    world.accept("the proposals come once more, since the answer was lost", "update", "c.example", leave)?;
    world.accept("Alice's message arrives while the proposals wait", "submitMessage", HUB, written)?;
    let commit = world.commit(ALICE, &Wishes::default())?;
    world.settle(
        "Alice commits what waits: c.example gets this commit, and nothing after it",
        ALICE,
        &commit,
    )?;
    let (body, _) = message(&mut world, ALICE, "She is gone")?;
    world.accept("Alice writes: c.example gets nothing", "submitMessage", HUB, body)?;
    if world.hosting.hosted.room().role_of(&alice) != Some(3) {
        return Err(defect("Alice is an admin"));
    }
    world.end()
}

/// Join codes: issued, shown, used up.
pub(super) fn joining_by_code(seed: &Seed) -> Made<GeneratedCase> {
    let about = "a code lets one user in, with the role that it is for, until it is used up";
    let mut world = World::new(seed, &strict("joining by a code", about, &[]))?;
    world.add(BOB, 2)?;
    world.begin()?;
    let (alice, bob) = (world.client(ALICE)?.user.clone(), world.client(BOB)?.user.clone());
    let (code, old) = (world.stream.bytes(16), world.stream.bytes(16));
    let expires = world.now_ms.saturating_add(3_600_000);
    let issue = |code: &[u8], expires: u64, uses: u32| StepJson {
        join_code: Some(JoinCodeJson { code: code.to_vec().into(), role: 2, expires, uses }),
        ..StepJson::default()
    };
    let no = world.operate("Bob may not create codes", "issue_join_code", &bob, issue(&code, expires, 1))?;
    refused("Bob's code", &no, "does not allow")?;
    world.operate(
        "Alice creates a code for one user",
        "issue_join_code",
        &alice,
        issue(&code, expires, 1),
    )?;
    let past = world.now_ms;
    world.operate(
        "Alice creates a code that has expired",
        "issue_join_code",
        &alice,
        issue(&old, past, 1),
    )?;
    for (about, shown) in [
        ("Dave asks without a code", None),
        ("Dave shows a code that he has made up", Some(&b"made up by Dave!"[..])),
        ("Dave shows a code that has expired", Some(&old[..])),
    ] {
        if world.group_info(about, DAVE, shown)?.is_some() {
            return Err(defect(about));
        }
    }
    let found = world.group_info("Dave shows the code", DAVE, Some(&code))?;
    let found = found.ok_or_else(|| defect("the code is good"))?;
    let (too_much, _) = world.external_commit(DAVE, found.clone(), Some(3))?;
    world.refuse(
        "Dave joins with a role that the code is not for",
        ("update", "d.example"),
        too_much.to_bytes()?,
        "",
    )?;
    let leaked = world.leaked()?;
    let (stolen, _) = world.external_commit(EVE, leaked, Some(2))?;
    world.refuse(
        "Eve, who has shown nothing, joins by Dave's code",
        ("update", "b.example"),
        stolen.to_bytes()?,
        "",
    )?;
    world.join("Dave joins with the code's role", DAVE, found, Some(2))?;
    if world.group_info("Eve shows the code, which is used up", EVE, Some(&code))?.is_some() {
        return Err(defect("a code of one use is used twice"));
    }
    world.end()
}

/// What the hub proposes itself. OpenMLS takes no AppDataUpdate from an external sender, so the hub
/// kicks, and does not ban.
pub(super) fn proposals_of_the_hub(seed: &Seed) -> Made<GeneratedCase> {
    let about =
        "the hub is on the list as a policy enforcer that may also kick: its proposals wait like any other's";
    let participants = [("mimi://a.example", 5)];
    let mut beginning = strict("proposals of the hub", about, &participants);
    for role in beginning.roles.roles.iter_mut().filter(|it| it.role_index == 5) {
        role.role_capabilities.push(CapabilityType::CAN_KICK);
        role.role_capabilities.sort_unstable();
    }
    let mut world = World::new(seed, &beginning)?;
    world.add(BOB, 2)?;
    world.add(CAROL, 2)?;
    world.begin()?;
    let bob = world.client(BOB)?.user.clone();
    let (body, _) = message(&mut world, BOB, "Spam")?;
    let (again, _) = message(&mut world, BOB, "More spam")?;
    world.accept("Bob writes", "submitMessage", "b.example", body)?;
    let outside = world.leaked()?;
    let kicked =
        world.operate("the hub proposes to remove Bob's client", "kick", &bob, StepJson::default())?;
    if !kicked.accepted {
        return Err(defect(format!("the kick is refused: {:?}", kicked.reason)));
    }
    let no = world.operate("the same once more", "kick", &bob, StepJson::default())?;
    refused("the same once more", &no, "was accepted before")?;
    world.post("Bob, whose client is to be removed, writes again", "submitMessage", "b.example", again)?;
    let (late, _) = world.external_commit(BOB_2, outside, None)?;
    world.refuse(
        "Bob's second client joins from outside",
        ("update", "b.example"),
        late.to_bytes()?,
        "wait",
    )?;
    let commit = world.commit(CAROL, &Wishes::default())?;
    world.settle("Carol commits what the hub has proposed: Bob is still on the list", CAROL, &commit)?;
    let found = world.group_info("Bob's second client asks for the GroupInfo", BOB_2, None)?;
    let found = found.ok_or_else(|| defect("Bob is still a participant"))?;
    world.join("Bob's second client joins from outside, now that nothing waits", BOB_2, found, None)?;
    world.end()
}

/// Abuse reports: what the hub can prove.
pub(super) fn reports(seed: &Seed) -> Made<GeneratedCase> {
    let about =
        "the hub has kept nothing of the messages but its keys, and tells what was sent from what was not";
    let mut world = World::new(seed, &strict("abuse reports", about, &[]))?;
    world.add(BOB, 2)?;
    world.begin()?;
    let (body, insult) = message(&mut world, BOB, "An insult")?;
    let played = world.accept("Bob writes", "submitMessage", "b.example", body)?;
    let (frank, at) = stamp(&played)?;
    let (body, greeting) = message(&mut world, ALICE, "A greeting")?;
    let played = world.accept("Alice writes", "submitMessage", HUB, body)?;
    let (other_frank, other_at) = stamp(&played)?;
    let message = |content: &[u8], frank: &Frank, accepted_timestamp: u64| AbusiveMessage {
        message_content: content.to_vec().into(),
        frank: frank.clone(),
        accepted_timestamp,
    };
    let mut altered = insult.clone();
    // The last letter of the text.
    if let Some(last) = altered.last_mut() {
        *last ^= 1;
    }
    let report = |messages: Vec<AbusiveMessage>| -> Made<Vec<u8>> {
        Ok(AbuseReport {
            reporting_user: IdentifierUri::new("mimi://a.example/u/alice").map_err(defect)?.into(),
            alleged_abuser_uri: IdentifierUri::new("mimi://b.example/u/bob").map_err(defect)?,
            reason_code: AbuseType::RESERVED,
            note: "rude".into(),
            messages,
            abuse_extensions: AppDataDictionary::default(),
        }
        .to_bytes()?)
    };
    let honest = report(vec![message(&insult, &frank, at)])?;
    let proven = world.accept("Alice reports what Bob has sent", "reportAbuse", HUB, honest)?;
    if proven.proven != Some(vec![true]) {
        return Err(defect("an honest report is proven"));
    }
    let forged = report(vec![
        message(&altered, &frank, at),
        message(&insult, &frank, at.saturating_add(1)),
        message(&insult, &other_frank, other_at),
        message(&greeting, &frank, at),
        message(&insult, &frank, at),
    ])?;
    let about =
        "five messages: another text, another time, another frank, another content, and the honest one";
    let proven = world.accept(about, "reportAbuse", HUB, forged)?;
    if proven.proven != Some(vec![false, false, false, false, true]) {
        return Err(defect(format!("forged reports: {:?}", proven.proven)));
    }
    world.refuse(
        "a report with a byte too many",
        ("reportAbuse", HUB),
        [report(vec![])?, vec![0]].concat(),
        "",
    )?;
    world.end()
}

/// What a hub takes from one provider.
pub(super) fn limits(seed: &Seed) -> Made<GeneratedCase> {
    let limits = LimitsJson { max_body: 3_000, burst: 2, interval_ms: 60_000, ..LIMITS };
    let about =
        "bodies of at most 3,000 bytes; two requests at once from a provider, and one more each minute";
    let beginning = Beginning { limits, ..strict("limits of size and rate", about, &[]) };
    let mut world = World::new(seed, &beginning)?;
    world.begin()?;
    for (about, length) in [
        ("a body that is too long counts for nothing", 3_001),
        ("a malformed body counts", 3_000),
        ("another one", 1),
        ("one too many within the minute", 1),
        ("still", 0),
    ] {
        world.refuse(about, ("update", "c.example"), vec![0; length], "")?;
    }
    let commit = world.commit(ALICE, &Wishes::default())?;
    world.settle("another provider is not affected", ALICE, &commit)?;
    world.now_ms = world.now_ms.saturating_add(60_000);
    world.refuse("a minute later there is one more", ("submitMessage", "c.example"), vec![1], "")?;
    world.refuse("and only one", ("submitMessage", "c.example"), vec![1], "too many")?;
    world.refuse("a spelling of the same provider", ("submitMessage", "C.EXAMPLE"), vec![1], "too many")?;
    let _ = uri("mimi://c.example/u/carol")?;
    world.end()
}
