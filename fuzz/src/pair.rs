//! A room whose group is a pair (mls-combiner), as its hub follows it.

#[path = "../../mimi-room/tests/model/mod.rs"]
#[allow(dead_code, clippy::arithmetic_side_effects, missing_docs)]
mod model;

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::apq::APQInfoUpdate;
use mimi_codec::mls::{ExternalInit, Proposal, Sender};

use model::pair::{BOB, Half, Pair, add, by_member, leaf_of, psk, remove, update};

/// What a commit proposes.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Op {
    Add(u8),
    Remove(u8),
    Psk,
    FullUpdate { t_epoch: i8, pq_epoch: i8, mode: bool },
    TEpoch(i8),
    PqEpoch(i8),
    ExternalInit,
}

impl Op {
    fn proposal(self, pair: &Pair) -> Proposal {
        let mut info = pair.next_info();
        match self {
            Self::Add(client) => add(usize::from(client) % model::world::CLIENTS.len()),
            Self::Remove(leaf) => remove(u32::from(leaf % 4)),
            Self::Psk => psk(),
            Self::FullUpdate { t_epoch, pq_epoch, mode } => {
                info.t_epoch = info.t_epoch.wrapping_add_signed(t_epoch.into());
                info.pq_epoch = info.pq_epoch.wrapping_add_signed(pq_epoch.into());
                info.mode = mode;
                update(&APQInfoUpdate::FullUpdate { new_apq_info: info })
            }
            Self::TEpoch(by) => {
                let new_t_epoch = info.t_epoch.wrapping_add_signed(by.into());
                update(&APQInfoUpdate::NewTEpoch { new_t_epoch })
            }
            Self::PqEpoch(by) => {
                let new_pq_epoch = info.pq_epoch.wrapping_add_signed(by.into());
                update(&APQInfoUpdate::NewPqEpoch { new_pq_epoch })
            }
            Self::ExternalInit => Proposal::ExternalInit(ExternalInit { kem_output: "kem".into() }),
        }
    }
}

/// Who makes a commit: a member at a leaf, or a client from outside.
#[derive(Arbitrary, Debug, Clone, Copy)]
struct By {
    outside: bool,
    client: u8,
    leaf: u8,
}

#[derive(Arbitrary, Debug)]
enum Step {
    /// A commit of the room's group alone.
    Partial(Vec<Op>),
    /// What an honest client commits in both groups, with these members added or removed, and at
    /// most one deviation.
    Honest { bob: bool, change: Option<(bool, u8)>, deviation: Option<(bool, Op)> },
    /// Any two commits.
    Full { by: [By; 2], t: Vec<Op>, pq: Vec<Op> },
}

/// A hub goes through commits: what it accepts leaves both groups one session with the same
/// clients, and what it refuses changes neither. A PARTIAL commit changes neither members nor the
/// APQInfo of a session.
pub fn flow(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(begun) = bool::arbitrary(&mut input) else { return };
    let mut pair = if begun { Pair::session() } else { Pair::new() };
    let mut is_session = begun;
    for _ in 0..8 {
        if input.is_empty() {
            break;
        }
        let Ok(step) = Step::arbitrary(&mut input) else { break };
        let halves = match step {
            Step::Partial(ops) => {
                let proposals: Vec<_> = ops.into_iter().map(|op| op.proposal(&pair)).collect();
                let clients = pair.room.members().iter().count();
                if pair.partial(&proposals).is_ok() && is_session {
                    assert_eq!(pair.room.members().iter().count(), clients);
                    pair.check_session();
                }
                continue;
            }
            Step::Honest { bob, change, deviation } => honest(&pair, bob, change, deviation),
            Step::Full { by, t, pq } => {
                let [of_room, of_pair] = by;
                [half(&pair, of_room, t), half(&pair, of_pair, pq)]
            }
        };
        let Ok((commit, pq_commit)) = pair.try_make(halves) else { continue };
        if let Ok(decision) = pair.judge_messages(&commit, &pq_commit) {
            pair.apply(decision).expect("what is allowed is applied, and makes one session");
            is_session = true;
        }
    }
}

fn half(pair: &Pair, by: By, ops: Vec<Op>) -> Half {
    let proposals = ops.into_iter().map(|op| op.proposal(pair)).collect();
    let client = usize::from(by.client) % model::world::CLIENTS.len();
    if by.outside {
        Half { sender: Sender::NewMemberCommit {}, path: leaf_of(client), proposals }
    } else {
        by_member(u32::from(by.leaf % 4), client, proposals)
    }
}

fn honest(pair: &Pair, bob: bool, change: Option<(bool, u8)>, deviation: Option<(bool, Op)>) -> [Half; 2] {
    let [mut t, mut pq] = pair.alice(Vec::new(), Vec::new());
    if bob {
        (t, pq) = (by_member(1, BOB, t.proposals), by_member(0, BOB, pq.proposals));
    }
    match change {
        Some((true, client)) => {
            let client = usize::from(client) % model::world::CLIENTS.len();
            t.proposals.push(add(client));
            pq.proposals.push(add(client));
        }
        Some((false, leaf)) => {
            // Alice and Bob have each other's leaf in the other group.
            let (leaf, swapped) = (leaf % 4, [1, 0, 2, 3]);
            t.proposals.push(remove(u32::from(leaf)));
            pq.proposals.push(remove(swapped[usize::from(leaf)]));
        }
        None => {}
    }
    if let Some((in_room, op)) = deviation {
        let proposals = if in_room { &mut t.proposals } else { &mut pq.proposals };
        proposals.push(op.proposal(pair));
    }
    [t, pq]
}
