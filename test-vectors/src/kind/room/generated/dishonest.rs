//! Stories in which clients and providers do what they must not. The room goes on each time.

use alloc::{vec, vec::Vec};

use mimi_codec::extensions::{AppDataDictionary, AppDataUpdate, AppDataUpdateSelect};
use mimi_codec::{
    Decode, Encode,
    code_points::ComponentID,
    mls::{MAC, MLSMessageBody, Proposal, PublicMessage, Remove},
    protocol::{
        ConsentEntry, HandshakeBundle, IdentifierUri, ParticipantListUpdate, ProposalMessage,
        ProposalMessages, SubmitMessageRequest, UpdateRequest, UpdateRoomResponse, UserindexRolePair,
    },
};
use mimi_room::{MlsMember, MlsStack, Wishes};

use super::honest::{message, strict};
use super::world::{
    ALICE, BOB, BOB_2, CAROL, EVE, Everyone, HUB, Made, World, defect, list_addition, list_update,
    update_request, uri, with_group_info,
};
use crate::file_format::{GeneratedCase, Seed};

const B: (&str, &str) = ("update", "b.example");
const C: (&str, &str) = ("update", "c.example");

/// The user at this place of the list gets another role.
fn role_change(user_index: u32, role_index: u32) -> Made<Proposal> {
    list_update(&ParticipantListUpdate {
        changed_role_participants: vec![UserindexRolePair { user_index, role_index }],
        removed_indices: Vec::new(),
        added_participants: Vec::new(),
    })
}

/// A commit whose PublicMessage was changed after it was made.
fn damaged(
    request: &UpdateRequest,
    change: impl FnOnce(&mut PublicMessage) -> Made<PublicMessage>,
) -> Made<Vec<u8>> {
    let mut request = request.clone();
    if let HandshakeBundle::Commit { proposal_or_commit, .. } = &mut request.bundle {
        let mut message = proposal_or_commit.get().clone();
        if let MLSMessageBody::PublicMessage { public_message } = &mut message.body {
            **public_message = change(public_message)?;
        }
        *proposal_or_commit = mimi_codec::protocol::CommitMessage::new(message).map_err(defect)?;
    }
    Ok(request.to_bytes()?)
}

/// Commits of members.
pub(super) fn handshakes(seed: &Seed) -> Made<GeneratedCase> {
    let about =
        "Bob, an ordinary user, sends commits that the hub must refuse; what is honest among them it takes";
    let mut world = World::new(seed, &strict("dishonest commits", about, &[]))?;
    world.add(BOB, 2)?;
    world.begin()?;
    let last_epoch = world.hosting.hosted.export()?.group_info.into_inner();

    let own = world.dishonest_commit(BOB, &[role_change(1, 3)?])?;
    world.refuse("Bob makes himself an admin", B, update_request(own)?.to_bytes()?, "")?;
    let own = world.dishonest_commit(BOB, &[role_change(0, 2)?])?;
    world.refuse("Bob takes Alice's role", B, update_request(own)?.to_bytes()?, "")?;
    let own = world.dishonest_commit(BOB, &[list_update(&list_addition("mimi://b.example/u/eve", 2))?])?;
    world.refuse("Bob adds Eve to the list", B, update_request(own)?.to_bytes()?, "")?;
    let own = world.dishonest_commit(BOB, &[Proposal::Remove(Remove { removed: 0 })])?;
    world.refuse("Bob removes Alice's client", B, update_request(own)?.to_bytes()?, "")?;
    let own = world.dishonest_commit(BOB, &[role_change(7, 2)?])?;
    world.refuse(
        "Bob changes the role of a place that does not exist",
        B,
        update_request(own)?.to_bytes()?,
        "",
    )?;
    let franking = AppDataUpdateSelect::Update { update: b"anything".to_vec().into() };
    let franking = AppDataUpdate { component_id: ComponentID::FRANKING_AGENT, op: franking };
    let own = world.dishonest_commit(BOB, &[Proposal::AppDataUpdate(franking)])?;
    world.refuse("Bob replaces the franking agent", B, update_request(own)?.to_bytes()?, "")?;

    // From here on, what Bob commits is allowed: new keys.
    let own = world.dishonest_commit(BOB, &[])?;
    let request = update_request(own.clone())?;
    let bytes = request.to_bytes()?;
    let tag = |message: &mut PublicMessage| -> Made<PublicMessage> {
        let mut auth = message.auth().clone();
        auth.confirmation_tag = Some(MAC::from(vec![7; 32]));
        Ok(PublicMessage::new(message.content().clone(), auth, message.membership_tag().clone())?)
    };
    world.refuse(
        "a commit with another confirmation tag than its GroupInfo",
        B,
        damaged(&request, tag)?,
        "confirmation tag",
    )?;
    let signature = |message: &mut PublicMessage| -> Made<PublicMessage> {
        let mut auth = message.auth().clone();
        let mut bytes = auth.signature.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        auth.signature = bytes.into();
        Ok(PublicMessage::new(message.content().clone(), auth, message.membership_tag().clone())?)
    };
    world.refuse("a commit with a broken signature", B, damaged(&request, signature)?, "MLS")?;
    world.refuse(
        "a GroupInfo of the epoch before",
        B,
        with_group_info(&own, |it| *it = last_epoch)?,
        "GroupContext",
    )?;
    world.refuse(
        "a GroupInfo that says Alice has signed it",
        B,
        with_group_info(&own, |it| it.signer = 0)?,
        "signer",
    )?;
    let tag = MAC::from(vec![7; 32]);
    world.refuse(
        "a GroupInfo with another confirmation tag",
        B,
        with_group_info(&own, |it| it.confirmation_tag = tag)?,
        "confirmation tag",
    )?;
    world.refuse(
        "a GroupInfo with a broken signature",
        B,
        with_group_info(&own, |it| it.signature = vec![0; 64].into())?,
        "signature",
    )?;
    let other_group =
        |it: &mut mimi_codec::mls::GroupInfo| it.group_context.group_id = b"another".to_vec().into();
    world.refuse("a GroupInfo of another group", B, with_group_info(&own, other_group)?, "GroupContext")?;

    // Bob hands Alice proposals that the hub has never seen.
    let (suite, directory) = (world.suite, Everyone);
    let leaving = world.client(BOB)?.room()?.leave(&suite, &directory)?;
    let refusal = UpdateRoomResponse::NotAllowed { error_description: "".into() };
    world.client(BOB)?.room()?.answered(&suite, &directory, &refusal)?;
    let HandshakeBundle::Proposal(list) = &leaving.bundle else { return Err(defect("proposals")) };
    let stack = world.client(ALICE)?.room()?.stack_mut();
    let (mut references, mut queue) = (Vec::new(), Vec::new());
    for proposal in list.iter() {
        let (content, verified) = stack.verify(proposal.get())?;
        references.push(mimi_crypto::proposal_ref(&suite, &content)?);
        queue.push(verified);
    }
    stack.queue(queue)?;
    let own = world.commit_as_it_is(ALICE)?;
    for reference in &references {
        world.client(ALICE)?.room()?.stack_mut().withdraw(reference)?;
    }
    let unknown = update_request(own)?.to_bytes()?;
    let about = "Alice commits proposals of Bob's that the hub has never seen";
    world.refuse(about, ("update", HUB), unknown, "")?;

    world.refuse("a commit with a byte too many", B, [bytes.clone(), vec![0]].concat(), "")?;
    world.refuse(
        "a commit that is cut off",
        B,
        bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec(),
        "",
    )?;
    world.refuse("an empty body", B, Vec::new(), "")?;

    // An added user under another spelling.
    for spelling in ["mimi://B.example/u/bob", "MIMI://b.example/u/bob", "mimi://b.example/u/%62ob"] {
        let own = world.dishonest_commit(ALICE, &[list_update(&list_addition(spelling, 2))?])?;
        let about = alloc::format!("Alice adds {spelling}, another spelling of Bob");
        world.refuse(&about, ("update", HUB), update_request(own)?.to_bytes()?, "")?;
    }
    let commit = world.commit(BOB, &Wishes::default())?;
    world.settle("Bob commits as he may", BOB, &commit)?;
    world.refuse("the commit that was never accepted comes too late", B, bytes, "the group is in epoch")?;
    world.end()
}

/// Lists of proposals.
pub(super) fn proposals(seed: &Seed) -> Made<GeneratedCase> {
    let about = "proposals that the hub must refuse, alone and in a list";
    let mut world = World::new(seed, &strict("dishonest proposals", about, &[]))?;
    world.add(BOB, 2)?;
    world.add(CAROL, 2)?;
    world.begin()?;
    let body = world.dishonest_proposal(BOB, &role_change(1, 3)?)?;
    world.refuse("Bob proposes to become an admin", B, body, "")?;
    let body = world.dishonest_proposal(BOB, &Proposal::Remove(Remove { removed: 0 }))?;
    world.refuse("Bob proposes to remove Alice's client", B, body, "")?;
    let body =
        world.dishonest_proposal(CAROL, &list_update(&list_addition("mimi://d.example/u/dave", 2))?)?;
    world.refuse("Carol proposes to add Dave", C, body, "")?;

    // Bob's leave and Carol's in one list.
    let suite = world.suite;
    let mut messages = Vec::new();
    for place in [BOB, CAROL] {
        let room = world.client(place)?.room()?;
        let (message, content) =
            room.stack_mut().propose(&Proposal::SelfRemove(mimi_codec::extensions::SelfRemove {}))?;
        room.stack_mut().withdraw(&mimi_crypto::proposal_ref(&suite, &content)?)?;
        messages.push(ProposalMessage::new(message).map_err(defect)?);
    }
    let [first, second] = <[_; 2]>::try_from(messages).map_err(|_| defect("two proposals"))?;
    let list = ProposalMessages::new(first.clone(), vec![second]).map_err(defect)?;
    let body = UpdateRequest { bundle: HandshakeBundle::Proposal(list) }.to_bytes()?;
    world.refuse("proposals of two senders in one list", B, body, "several senders")?;
    let list = ProposalMessages::new(first.clone(), vec![first]).map_err(defect)?;
    let body = UpdateRequest { bundle: HandshakeBundle::Proposal(list) }.to_bytes()?;
    world.refuse("the same proposal twice in one list", B, body, "")?;

    let directory = Everyone;
    let (body, _) = message(&mut world, CAROL, "Bob?")?;
    let leaving = world.client(BOB)?.room()?.leave(&suite, &directory)?;
    world.settle("Bob proposes to leave", BOB, &leaving)?;
    world.accept("Carol's message arrives while the proposals wait", "submitMessage", "c.example", body)?;
    let commit = world.commit(CAROL, &Wishes::default())?;
    let request = commit.to_bytes()?;
    world.settle("Carol commits it", CAROL, &commit)?;
    world.accept("Carol's commit comes once more: the answer is the same", "update", "c.example", request)?;
    world.end()
}

/// External commits.
pub(super) fn from_outside(seed: &Seed) -> Made<GeneratedCase> {
    let about = "non-members who have got hold of a GroupInfo";
    let mut world = World::new(seed, &strict("dishonest joins from outside", about, &[]))?;
    world.add(BOB, 2)?;
    world.begin()?;
    for role in [2, 3, 0] {
        let leaked = world.leaked()?;
        let (request, _) = world.external_commit(EVE, leaked, Some(role))?;
        let about = alloc::format!("Eve joins with role {role}");
        world.refuse(&about, B, request.to_bytes()?, "")?;
    }
    let leaked = world.leaked()?;
    let (request, _) = world.external_commit(EVE, leaked, None)?;
    world.refuse("Eve joins without being on the list", B, request.to_bytes()?, "")?;

    // Eve has a credential that says she is Bob.
    let bobs = world.client(BOB)?.credential.clone();
    let eves = core::mem::replace(&mut world.client(EVE)?.credential, bobs);
    let leaked = world.leaked()?;
    let (request, _) = world.external_commit(EVE, leaked, None)?;
    world.refuse("Eve joins with Bob's credential and her own key", B, request.to_bytes()?, "credential")?;
    if world
        .group_info("Eve asks for the GroupInfo with Bob's credential and her own key", EVE, None)?
        .is_some()
    {
        return Err(defect("the credential is not good for the key"));
    }
    world.client(EVE)?.credential = eves;
    if world.group_info("Eve asks for the GroupInfo in her own name", EVE, None)?.is_some() {
        return Err(defect("Eve has no way in"));
    }

    let old = world.leaked()?;
    let commit = world.commit(ALICE, &Wishes::default())?;
    world.settle("Alice renews her keys", ALICE, &commit)?;
    let (request, _) = world.external_commit(BOB_2, old, None)?;
    world.refuse(
        "Bob's second client joins by the GroupInfo of the epoch before",
        B,
        request.to_bytes()?,
        "the group is in epoch",
    )?;
    let found = world.group_info("Bob's second client asks for the GroupInfo", BOB_2, None)?;
    let found = found.ok_or_else(|| defect("Bob's second client may join"))?;
    world.join("Bob's second client joins", BOB_2, found, None)?;
    world.end()
}

/// A banned user.
pub(super) fn banned(seed: &Seed) -> Made<GeneratedCase> {
    let about = "Carol is banned, and stays out under every name that is hers";
    let mut world = World::new(seed, &strict("a banned user", about, &[]))?;
    world.add(BOB, 2)?;
    world.add(CAROL, 2)?;
    world.begin()?;
    let carol = world.client(CAROL)?.user.clone();
    let (unsent, _) = message(&mut world, CAROL, "Before the ban")?;
    let commit = world.commit(ALICE, &Wishes::default().set_role(carol.clone(), 1))?;
    world.settle("Alice bans Carol: her client leaves the group in the same commit", ALICE, &commit)?;
    world.refuse("Carol's message comes after the ban", ("submitMessage", "c.example"), unsent, "")?;
    if world.group_info("Carol asks for the GroupInfo", CAROL, None)?.is_some() {
        return Err(defect("a banned user gets the GroupInfo"));
    }
    for role in [None, Some(2)] {
        let leaked = world.leaked()?;
        let (request, _) = world.external_commit(CAROL, leaked, role)?;
        world.refuse(
            if role.is_none() { "Carol joins from outside" } else { "Carol joins with another role" },
            C,
            request.to_bytes()?,
            "",
        )?;
    }
    for spelling in ["mimi://C.example/u/carol", "mimi://c.example/u/%63arol"] {
        let own = world.dishonest_commit(ALICE, &[list_update(&list_addition(spelling, 2))?])?;
        let about = alloc::format!("Alice adds {spelling}");
        world.refuse(&about, ("update", HUB), update_request(own)?.to_bytes()?, "")?;
    }
    let package = world.key_package(CAROL)?;
    let add = Proposal::Add(alloc::boxed::Box::new(mimi_codec::mls::Add { key_package: package }));
    let own = world.dishonest_commit(ALICE, &[add])?;
    world.refuse("Alice adds a client of Carol's", ("update", HUB), update_request(own)?.to_bytes()?, "")?;

    let commit = world.commit(ALICE, &Wishes::default().set_role(carol, 2))?;
    world.settle("Alice takes the ban back", ALICE, &commit)?;
    let found = world.group_info("Carol asks for the GroupInfo", CAROL, None)?;
    let found = found.ok_or_else(|| defect("Carol is an ordinary user again"))?;
    world.join("Carol joins from outside", CAROL, found, None)?;
    world.end()
}

/// Consent in another's name.
pub(super) fn consent(seed: &Seed) -> Made<GeneratedCase> {
    let about = "what a provider may say about consent, and for whom";
    let mut world = World::new(seed, &strict("consent in another's name", about, &[]))?;
    world.begin()?;
    let identifier = |text: &str| IdentifierUri::new(text).map_err(defect);
    let asked = |requester: &str, target: &str| -> Made<Vec<u8>> {
        let entry = ConsentEntry::Request {
            requester_uri: identifier(requester)?,
            target_uri: identifier(target)?,
            room_id: None,
            consent_extensions: AppDataDictionary::default(),
        };
        Ok(entry.to_bytes()?)
    };
    let (alice, bob) = ("mimi://a.example/u/alice", "mimi://b.example/u/bob");
    world.accept("Bob asks for Alice's consent", "requestConsent", "b.example", asked(bob, alice)?)?;
    world.refuse("c.example asks in Bob's name", ("requestConsent", "c.example"), asked(bob, alice)?, "")?;
    world.refuse(
        "Bob asks this provider about Carol",
        ("requestConsent", "b.example"),
        asked(bob, "mimi://c.example/u/carol")?,
        "",
    )?;
    world.refuse(
        "a request at the endpoint of answers",
        ("updateConsent", "b.example"),
        asked(bob, alice)?,
        "",
    )?;
    world.refuse("a malformed entry", ("requestConsent", "b.example"), vec![9], "")?;

    world.misaddressed(
        "a request for Alice's consent at the path of another domain",
        ("requestConsent", "b.example"),
        "c.example",
        asked(bob, alice)?,
    )?;

    let (package, grant) = world.grant(BOB)?;
    for (about, path) in [
        ("Bob's consent at the path of another domain", "c.example"),
        ("Bob's consent at the path of the user who has asked", alice),
    ] {
        world.misaddressed(about, ("updateConsent", "b.example"), path, grant.to_bytes()?)?;
    }
    world.refuse(
        "c.example grants in Bob's name: its KeyPackage is not remembered",
        ("updateConsent", "c.example"),
        grant.to_bytes()?,
        "",
    )?;
    let ConsentEntry::Grant { requester_uri, target_uri, consent_extensions, .. } = grant.clone() else {
        return Err(defect("a grant"));
    };
    let elsewhere = ConsentEntry::Grant {
        requester_uri,
        target_uri,
        room_id: Some(identifier("mimi://a.example/r/elsewhere")?),
        client_key_packages: vec![world.key_package(BOB)?],
        consent_extensions,
    };
    world.accept(
        "Bob consents to another room: nothing is remembered here",
        "updateConsent",
        "b.example",
        elsewhere.to_bytes()?,
    )?;
    world.accept(
        "Bob consents: the Welcome of this KeyPackage goes to b.example",
        "updateConsent",
        "b.example",
        grant.to_bytes()?,
    )?;
    let commit = world.commit(ALICE, &Wishes::default().add(uri(bob)?, 2, vec![package]))?;
    world.settle("Alice adds Bob", ALICE, &commit)?;
    world.end()
}

/// Application messages.
pub(super) fn messages(seed: &Seed) -> Made<GeneratedCase> {
    let about = "application messages: replays, other epochs, other groups, other senders";
    let mut world =
        World::new(seed, &strict("dishonest messages", about, &[("mimi://d.example/u/dave", 2)]))?;
    world.add(BOB, 2)?;
    world.begin()?;
    let (body, _) = message(&mut world, BOB, "Hello!")?;
    world.refuse("c.example sends a message of Bob's", ("submitMessage", "c.example"), body.clone(), "")?;
    let request = SubmitMessageRequest::decode_exact(&body)?;
    for (about, from, sender) in [
        ("Bob's message in Alice's name", "b.example", "mimi://a.example/u/alice"),
        ("the hub's provider, in the name of one who is not on the list", HUB, "mimi://a.example/u/mallory"),
        ("in the name of a participant without a client", "d.example", "mimi://d.example/u/dave"),
        ("Bob under another spelling", "b.example", "mimi://B.example/u/bob"),
        ("in the name of the room", HUB, "mimi://a.example/r/clubhouse"),
    ] {
        let mut request = request.clone();
        request.sending_uri = IdentifierUri::new(sender).map_err(defect)?;
        world.post(about, "submitMessage", from, request.to_bytes()?)?;
    }
    let mut other = request.clone();
    let mut private = other.app_message.private_message().ok_or_else(|| defect("private"))?.clone();
    private.group_id = b"another group".to_vec().into();
    other.app_message = mimi_codec::protocol::ApplicationMessage::new(private.into()).map_err(defect)?;
    world.refuse(
        "a message of another group",
        ("submitMessage", "b.example"),
        other.to_bytes()?,
        "another group",
    )?;
    world.accept("Bob's own message", "submitMessage", "b.example", body.clone())?;
    world.accept(
        "the same once more: the hub cannot tell; it gets another time",
        "submitMessage",
        "b.example",
        body.clone(),
    )?;
    let (later, _) = message(&mut world, BOB, "Too late")?;
    let commit = world.commit(ALICE, &Wishes::default())?;
    world.settle("Alice renews her keys", ALICE, &commit)?;
    world.refuse("a message of the epoch before", ("submitMessage", "b.example"), later, "epoch")?;
    world.refuse("a replay in a later epoch", ("submitMessage", "b.example"), body.clone(), "epoch")?;
    world.refuse(
        "a message with a byte too many",
        ("submitMessage", "b.example"),
        [body, vec![0]].concat(),
        "",
    )?;
    world.end()
}
