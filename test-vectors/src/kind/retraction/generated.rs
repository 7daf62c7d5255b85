//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::{string::ToString, vec, vec::Vec};

use mimi_codec::{
    Encode, Octets,
    protocol::{AbuseType, IdentifierUri},
    retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent},
};
use serde_json::{Value, json};

use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};
use crate::kind::judgement::Invalid;

type Made<T> = Result<T, GenerateError>;

/// The IDs of the messages.
type Ids = [[u8; 32]; 6];

/// Components and their data.
type Proposals = Vec<(u16, Vec<u8>)>;

/// The name, why, the capabilities and the proposals of a commit that is refused.
type Broken = (&'static str, &'static str, &'static [&'static str], Proposals);

const MESSAGES: u16 = 0x50;
const RANGE: u16 = 0x51;
const HUB: &str = "mimi://hub.example";
const BOB: &str = "mimi://b.example/u/bob";
const CAROL: &str = "mimi://c.example/u/carol";
const MESSAGE_RIGHT: &str = "canDeleteOtherMessage";
const REACTION_RIGHT: &str = "canDeleteOtherReaction";

/// Of the messages: their sender, when they were accepted, and whether they are reactions.
const TOLD: [(&str, u64, bool); 6] = [
    (BOB, 10, false),
    (CAROL, 11, true),
    (BOB, 20, true),
    (BOB, 30, false),
    (CAROL, 30, false),
    (BOB, 31, true),
];

fn messages(ids: &[[u8; 32]], at: u64, reason: Option<u8>) -> Made<(u16, Vec<u8>)> {
    let component = HubRetractedMessagesComponent {
        hub_retracted_timestamp: at,
        remover_uri: IdentifierUri::new(HUB)?,
        reason_code: reason.map(AbuseType),
        retracted_messages: ids.iter().map(|id| Octets(*id)).collect(),
    };
    Ok((MESSAGES, component.to_bytes()?))
}

fn range(sender: &str, from: Option<u64>, at: u64, reason: Option<u8>) -> Made<(u16, Vec<u8>)> {
    let component = HubRetractedRangeComponent {
        hub_retracted_timestamp: at,
        remover_uri: IdentifierUri::new(HUB)?,
        reason_code: reason.map(AbuseType),
        abusive_sender_uri: IdentifierUri::new(sender)?,
        starting_timestamp: from,
    };
    Ok((RANGE, component.to_bytes()?))
}

fn write(
    case: GeneratedCase,
    capabilities: &[&str],
    proposals: &[(u16, Vec<u8>)],
    ids: &[[u8; 32]],
    retracted: &[(usize, Option<u8>, u64)],
) -> GeneratedCase {
    let proposals = proposals.iter().map(|(component, data)| json!([component, hex::encode(data)]));
    let told = ids.iter().zip(TOLD).map(|(id, (sender, at, reaction))| {
        json!({
            "message_id": hex::encode(id), "sender_uri": sender, "accepted_timestamp": at, "reaction": reaction,
        })
    });
    let retracted = retracted.iter().map(|(place, reason, at)| {
        let id = ids.get(*place).map(hex::encode).unwrap_or_default();
        json!({"message_id": id, "by": HUB, "reason": reason, "at": at})
    });
    case.json_member("capabilities", json!(capabilities).to_string())
        .json_member("proposals", proposals.collect::<Value>().to_string())
        .json_member("messages", told.collect::<Value>().to_string())
        .json_member("retracted", retracted.collect::<Value>().to_string())
}

fn ids(seed: &Seed, name: &str) -> Ids {
    let mut stream = Stream::new(seed, "retraction", name);
    TOLD.map(|_| {
        let mut id: [u8; 32] = stream.array();
        id[0] = 1;
        id
    })
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    let both: &[&str] = &[MESSAGE_RIGHT, REACTION_RIGHT];
    type Make = fn(&Ids) -> Made<Proposals>;
    type Case = (&'static str, &'static [&'static str], Make, &'static [(usize, Option<u8>, u64)]);
    let of: &[Case] = &[
        (
            "two messages, with a reason",
            &[MESSAGE_RIGHT],
            |ids| Ok(vec![messages(&[ids[0], ids[2]], 50, Some(3))?]),
            &[(0, Some(3), 50), (2, Some(3), 50)],
        ),
        (
            "a message that has not arrived",
            &[MESSAGE_RIGHT],
            |_| Ok(vec![messages(&[[1; 32]], 50, None)?]),
            &[],
        ),
        ("no message", &[MESSAGE_RIGHT], |_| Ok(vec![messages(&[], 50, None)?]), &[]),
        (
            "different reasons in one commit",
            &[MESSAGE_RIGHT],
            |ids| Ok(vec![messages(&[ids[0]], 50, Some(1))?, messages(&[ids[4]], 50, None)?]),
            &[(0, Some(1), 50), (4, None, 50)],
        ),
        (
            "one message twice: the first decision holds",
            &[MESSAGE_RIGHT],
            |ids| Ok(vec![messages(&[ids[0]], 60, Some(1))?, messages(&[ids[0]], 50, Some(2))?]),
            &[(0, Some(2), 50)],
        ),
        (
            "reactions by the right to reactions",
            &[REACTION_RIGHT],
            |ids| Ok(vec![messages(&[ids[1], ids[2]], 50, None)?]),
            &[(1, None, 50), (2, None, 50)],
        ),
        (
            "a message by the right to reactions keeps its effect",
            &[REACTION_RIGHT],
            |ids| Ok(vec![messages(&[ids[0], ids[1]], 50, None)?]),
            &[(1, None, 50)],
        ),
        (
            "all of a sender",
            &[MESSAGE_RIGHT],
            |_| Ok(vec![range(BOB, None, 60, Some(2))?]),
            &[(0, Some(2), 60), (2, Some(2), 60), (3, Some(2), 60), (5, Some(2), 60)],
        ),
        (
            "a sender from a time on, which is included",
            &[MESSAGE_RIGHT],
            |_| Ok(vec![range(BOB, Some(30), 60, None)?]),
            &[(3, None, 60), (5, None, 60)],
        ),
        (
            "ranges of two senders",
            &[MESSAGE_RIGHT],
            |_| Ok(vec![range(BOB, Some(31), 60, None)?, range(CAROL, Some(0), 60, None)?]),
            &[(1, None, 60), (4, None, 60), (5, None, 60)],
        ),
        (
            "a range and a message of it: the first decision holds",
            &[MESSAGE_RIGHT],
            |ids| Ok(vec![range(BOB, Some(30), 60, None)?, messages(&[ids[3]], 61, Some(1))?]),
            &[(3, None, 60), (5, None, 60)],
        ),
        ("a component that retracts nothing", &[], |_| Ok(vec![(0x0005, vec![0])]), &[]),
        (
            "another user's range does not touch a similar one",
            &[MESSAGE_RIGHT],
            |_| Ok(vec![range("mimi://b.example/u/Bob", None, 60, None)?]),
            &[],
        ),
    ];
    for (name, capabilities, make, retracted) in of {
        let ids = ids(seed, name);
        cases.push(write(GeneratedCase::new(name), capabilities, &make(&ids)?, &ids, retracted));
    }
    let name = "both rights";
    let ids = ids(seed, name);
    let list = [messages(&[ids[0], ids[1]], 50, None)?];
    cases.push(write(GeneratedCase::new(name), both, &list, &ids, &[(0, None, 50), (1, None, 50)]));
    Ok(cases)
}

pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let mut cases = Vec::new();
    let mut longer = messages(&[[1; 32]], 50, None)?;
    longer.1.push(0);
    let mut shorter = range(BOB, None, 60, None)?;
    shorter.1.pop();
    let list: Vec<Broken> = vec![
        (
            "messages without a right",
            "it takes canDeleteOtherMessage or canDeleteOtherReaction",
            &["canSendMessage"],
            vec![messages(&[[1; 32]], 50, None)?],
        ),
        (
            "own rights are not enough",
            "messages of others take rights over others",
            &["canDeleteOwnMessage"],
            vec![messages(&[[1; 32]], 50, None)?],
        ),
        (
            "a range by the right to reactions",
            "a range takes canDeleteOtherMessage",
            &[REACTION_RIGHT],
            vec![range(BOB, None, 60, None)?],
        ),
        (
            "two ranges of a sender",
            "one range for a sender in a commit",
            &[MESSAGE_RIGHT],
            vec![
                range(BOB, None, 60, None)?,
                range(CAROL, None, 60, None)?,
                range(BOB, Some(9), 61, Some(1))?,
            ],
        ),
        (
            "a sender in another spelling",
            "a user counts in its normal form only",
            &[MESSAGE_RIGHT],
            vec![range("mimi://B.example/u/bob", None, 60, None)?],
        ),
        (
            "a byte behind the messages",
            "the data is exactly a HubRetractedMessagesComponent",
            &[MESSAGE_RIGHT],
            vec![longer],
        ),
        (
            "a range without its last byte",
            "the data is exactly a HubRetractedRangeComponent",
            &[MESSAGE_RIGHT],
            vec![shorter],
        ),
        (
            "messages in the component of ranges",
            "each component has its own struct",
            &[MESSAGE_RIGHT],
            vec![(RANGE, messages(&[[1; 32]], 50, None)?.1)],
        ),
        (
            "a right for one of two",
            "every proposal of a commit needs its right",
            &[REACTION_RIGHT],
            vec![messages(&[[1; 32]], 50, None)?, range(BOB, None, 60, None)?],
        ),
    ];
    for (name, reason, capabilities, proposals) in list {
        let case = GeneratedCase::invalid(name, reason);
        let case = write(case, capabilities, &proposals, &ids(seed, name), &[]);
        cases.push(Invalid { case, refused: "proposals" });
    }
    Ok(cases)
}
