//! Snapshots: one of the version that is written now, and damaged ones.

use alloc::{format, string::ToString, vec::Vec};

use mimi_room::SNAPSHOT_VERSION;
use mimi_room::Wishes;

use super::honest::strict;
use super::world::{ALICE, BOB, CAROL, Everyone, Made, World, defect};
use crate::generate::{GeneratedCase, Seed};
use crate::kind::room::json::{JoinCodeJson, StepJson};

/// A room with all that a snapshot can hold: members, waiting proposals, a code, one that was shown, the origin of
/// a KeyPackage.
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

    // Each from a room of its own, since a case is made whole.
    for (name, reason, damage) in DAMAGES {
        let world = full(seed, name, reason)?;
        let (snapshot, tree) = (world.hosting.snapshot()?, world.hosting.ratchet_tree()?);
        let (damaged, tree) = damage(&world, snapshot, tree)?;
        cases.push(world.refused(reason, &damaged, &tree)?);
    }
    Ok(cases)
}

type Damage = fn(&World, Vec<u8>, Vec<u8>) -> Made<(Vec<u8>, Vec<u8>)>;

const DAMAGES: [(&str, &str, Damage); 10] = [
    ("snapshot of no version", "version 65535 was never written", |_, mut snapshot, tree| {
        snapshot.splice(..2, [0xff, 0xff]);
        Ok((snapshot, tree))
    }),
    ("snapshot of version 0", "version 0 was never written", |_, mut snapshot, tree| {
        snapshot.splice(..2, [0, 0]);
        Ok((snapshot, tree))
    }),
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
            // The list of members holds the user, the client and the provider of each leaf, with their lengths in front.
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
