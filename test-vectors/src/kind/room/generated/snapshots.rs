//! Snapshots: one of each version, and damaged ones.

use alloc::{format, string::ToString, vec::Vec};

use mimi_codec::mls::MLSMessageBody;
use mimi_room::SNAPSHOT_VERSION;
use mimi_room::Wishes;

use super::honest::strict;
use super::world::{ALICE, BOB, CAROL, Everyone, Made, World, defect};
use crate::file_format::{GeneratedCase, Seed};
use crate::kind::room::json::{JoinCodeJson, StepJson};

/// A room with all that a snapshot can hold: members, waiting proposals, a code, one that was
/// shown, the origin of a KeyPackage.
fn full(seed: &Seed, name: &str, about: &str) -> Made<World> {
    let mut world = World::new(seed, &strict(name, about, &[]))?;
    world.add(BOB, 2)?;
    world.add(CAROL, 2)?;
    let alice = world.client(ALICE)?.user.clone();
    let code = world.stream.bytes(16);
    let expires = world.now_ms.saturating_add(3_600_000);
    let join_code = Some(JoinCodeJson { code: code.clone().into(), role: 2, expires, uses: 3 });
    let step = StepJson { join_code, ..StepJson::default() };
    world.operate("Alice creates a code", "issue_join_code", &alice, step)?;
    world.group_info("Dave shows it", super::world::DAVE, Some(&code))?;
    let (_, grant) = world.grant(super::world::EVE)?;
    let grant = mimi_codec::Encode::to_bytes(&grant)?;
    world.accept("Eve consents", "updateConsent", "b.example", grant)?;
    let commit = world.commit(ALICE, &Wishes::default())?;
    world.settle("Alice renews her keys", ALICE, &commit)?;
    let suite = world.suite;
    let leaving = world.client(BOB)?.room()?.leave(&suite, &Everyone)?;
    world.settle("Bob proposes to leave", BOB, &leaving)?;
    Ok(world)
}

pub(super) fn cases(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let name = format!("snapshot of version {SNAPSHOT_VERSION}");
    let about = "a hub's and a client's room with waiting proposals, a join code, a user who has shown it, and the origin of a KeyPackage";
    let mut world = full(seed, &name, about)?;
    world.begin()?;
    let mut cases = Vec::new();
    cases.push(world.end_with_client_snapshot()?);
    cases.push(first_version(seed)?);

    // Each from a room of its own, since a case is made whole.
    for (name, reason, damage) in DAMAGES {
        let world = full(seed, name, reason)?;
        let (snapshot, tree) = (world.hosting.snapshot()?, world.hosting.ratchet_tree()?);
        let (damaged, tree) = damage(&world, snapshot, tree)?;
        cases.push(world.refused(reason, &damaged, &tree)?);
    }
    cases.push(another_message(seed)?);
    Ok(cases)
}

/// A client's snapshot in which the message of a waiting proposal is not that of its content.
fn another_message(seed: &Seed) -> Made<GeneratedCase> {
    let reason = "the stored message carries another signature than the stored content";
    let mut world = full(seed, "client's snapshot with another message for a proposal", reason)?;
    let (snapshot, tree) = (world.hosting.snapshot()?, world.hosting.ratchet_tree()?);
    let waiting = world.hosting.hosted.room().waiting();
    let first = waiting.iter().next().ok_or_else(|| defect("nothing waits"))?;
    let mut other = match &first.message().get().body {
        MLSMessageBody::PublicMessage { public_message } => public_message.auth().signature.to_vec(),
        _ => return Err(defect("a PublicMessage waits")),
    };
    let signature = other.clone();
    if let Some(last) = other.last_mut() {
        *last ^= 1;
    }
    // The message stands before the content.
    let clients = replaced(world.client(ALICE)?.room()?.snapshot()?, &signature, &other)?;
    Ok(world.refused(reason, &snapshot, &tree)?.hex("client_snapshot", &clients))
}

/// What version 2 has at the end of a hub's snapshot: the hash of the last commit, and when it was
/// accepted.
const LAST_COMMIT: usize = 1 + 1 + 32 + 8;
/// What version 2 has at the end of a room: that there is no parent room, and will be none.
const NO_PARENT: usize = 2;

/// The same room in version 1, which is read and goes on.
fn first_version(seed: &Seed) -> Made<GeneratedCase> {
    let about = "a hub's room as version 1 had it; the proposals that wait are committed";
    let mut world = full(seed, "snapshot of version 1", about)?;
    let snapshot = in_version_1(&world.hosting.snapshot()?)?;
    world.begin_with(&snapshot)?;
    let commit = world.commit(CAROL, &Wishes::default())?;
    world.settle("Carol commits that Bob leaves", CAROL, &commit)?;
    world.end()
}

/// Version 1 of a hub's snapshot, of one of version 2 that has a last commit and no parent room.
fn in_version_1(snapshot: &[u8]) -> Made<Vec<u8>> {
    let mut reader = mimi_codec::Reader::new(snapshot);
    let version = reader.uint16()?;
    let (room, no_parent) = split_end(reader.opaque()?, NO_PARENT)?;
    let (rest, last_commit) = split_end(reader.rest(), LAST_COMMIT)?;
    if version != 2 || no_parent != [0; NO_PARENT] || !last_commit.starts_with(&[1, 32]) {
        return Err(defect("the layout of snapshots has changed"));
    }
    let mut room = room.to_vec();
    room.splice(..2, [0, 1]);
    let mut writer = mimi_codec::Writer::new();
    writer.bytes(&[0, 1]);
    writer.opaque(&room)?;
    writer.bytes(rest);
    Ok(writer.into_bytes())
}

fn split_end(bytes: &[u8], length: usize) -> Made<(&[u8], &[u8])> {
    let at = bytes.len().checked_sub(length);
    at.and_then(|at| bytes.split_at_checked(at)).ok_or_else(|| defect("a snapshot is too short"))
}

type Damage = fn(&World, Vec<u8>, Vec<u8>) -> Made<(Vec<u8>, Vec<u8>)>;

const DAMAGES: [(&str, &str, Damage); 12] = [
    ("snapshot of no version", "version 65535 was never written", |_, mut snapshot, tree| {
        snapshot.splice(..2, [0xff, 0xff]);
        Ok((snapshot, tree))
    }),
    ("snapshot of version 0", "version 0 was never written", |_, mut snapshot, tree| {
        snapshot.splice(..2, [0, 0]);
        Ok((snapshot, tree))
    }),
    (
        "snapshot of version 1 with what version 2 has in addition",
        "bytes follow the snapshot",
        |_, mut snapshot, tree| {
            snapshot.splice(..2, [0, 1]);
            Ok((snapshot, tree))
        },
    ),
    (
        "snapshot of version 2 with what version 1 has",
        "what version 2 has in addition is missing",
        |_, snapshot, tree| {
            let mut snapshot = in_version_1(&snapshot)?;
            snapshot.splice(..2, [0, 2]);
            Ok((snapshot, tree))
        },
    ),
    ("empty snapshot", "nothing is there", |_, _, tree| Ok((Vec::new(), tree))),
    ("snapshot with a byte too many", "a byte follows the snapshot", |_, mut snapshot, tree| {
        snapshot.push(0);
        Ok((snapshot, tree))
    }),
    ("snapshot that is cut off", "the last byte is missing", |_, mut snapshot, tree| {
        snapshot.pop();
        Ok((snapshot, tree))
    }),
    (
        "snapshot with a member under another spelling",
        "the host of a user is in upper case",
        |_, snapshot, tree| {
            // The list of members holds the user, the client and the provider of each leaf, with
            // their lengths in front.
            let user = [&[22][..], b"mimi://b.example/u/bob"].concat();
            Ok((replaced(snapshot, &user, &[&[22][..], b"mimi://B.example/u/bob"].concat())?, tree))
        },
    ),
    (
        "snapshot with a member who is not on the list",
        "a leaf is a user's who is not a participant",
        |_, snapshot, tree| {
            let user = [&[22][..], b"mimi://b.example/u/bob"].concat();
            Ok((replaced(snapshot, &user, &[&[22][..], b"mimi://b.example/u/eve"].concat())?, tree))
        },
    ),
    (
        "snapshot with another waiting proposal",
        "the reference is not that of the proposal",
        |world, snapshot, tree| {
            let waiting = world.hosting.hosted.room().waiting();
            let first = waiting.iter().next().ok_or_else(|| defect("nothing waits"))?;
            let reference = first.reference().as_slice().to_vec();
            let mut other = reference.clone();
            if let Some(last) = other.last_mut() {
                *last ^= 1;
            }
            Ok((replaced(snapshot, &reference, &other)?, tree))
        },
    ),
    (
        "snapshot with another confirmation tag in its GroupInfo",
        "the GroupInfo's signature is of another tag",
        |world, snapshot, tree| {
            let tag = world.hosting.hosted.export()?.group_info.into_inner().confirmation_tag.to_vec();
            let mut other = tag.clone();
            if let Some(last) = other.last_mut() {
                *last ^= 1;
            }
            Ok((replaced(snapshot, &tag, &other)?, tree))
        },
    ),
    ("snapshot beside another tree", "the tree is that of another room", |_, snapshot, _| {
        let other = World::new(&Seed::default(), &strict("another room", "", &[]))?;
        Ok((snapshot, other.hosting.ratchet_tree()?))
    }),
];

/// The bytes with the first `from` replaced by `to`, which is as long.
fn replaced(bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Made<Vec<u8>> {
    let mut bytes = bytes;
    let found = bytes.windows(from.len()).position(|window| window == from);
    let place = found.ok_or_else(|| defect("what is to be replaced is not there".to_string()))?;
    bytes.splice(place..place.saturating_add(from.len()), to.iter().copied());
    Ok(bytes)
}
