//! Making cases: outcomes are written down from the rules, and not computed.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::file_format::{GenerateError, GeneratedCase};
use crate::kind::judgement::{Invalid, Rule, spoiled};

const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";
const CAROL: &str = "mimi://c.example/u/carol";
const CLUB: &str = "mimi://a.example/r/club";
const CABAL: &str = "mimi://a.example/r/cabal";
/// Alice in a spelling that does not count.
const OTHER_ALICE: &str = "mimi://A.example/u/alice";

type Named = (&'static str, Value);

fn refused(name: &str) -> Value {
    json!({"refused": name})
}

fn consent(op: &str, room: Option<&str>, outcome: Value) -> Value {
    json!({"op": op, "requester": ALICE, "target": BOB, "room": room, "outcome": outcome})
}

/// `code`: 5 is noConsent, 6 noConsentForThisRoom.
fn check(room: Option<&str>, tells: bool, outcome: Value) -> Value {
    let mut step = consent("check", room, outcome);
    step["tells_of_other_rooms"] = json!(tells);
    step
}

fn pending(outcome: Value) -> Value {
    json!({"op": "pending", "target": BOB, "outcome": outcome})
}

fn consents() -> Vec<Named> {
    let yes = json!("consented");
    let (unanswered, revoked) = (json!(["unanswered", 5]), json!(["revoked", 5]));
    let granted = |requests: u32| json!(["granted", requests]);
    let cases = vec![
        ("nothing said", json!([check(Some(CLUB), true, unanswered.clone()), pending(json!([]))])),
        (
            "a request is granted",
            json!([
                consent("request", Some(CLUB), json!("requested")),
                check(Some(CLUB), true, unanswered.clone()),
                pending(json!([[ALICE, CLUB]])),
                consent("grant", Some(CLUB), granted(1)),
                pending(json!([])),
                check(Some(CLUB), true, yes.clone()),
            ]),
        ),
        (
            "consent is for one requester and one target",
            json!([
                consent("grant", None, granted(0)),
                {"op": "check", "requester": BOB, "target": ALICE, "room": null, "tells_of_other_rooms": true,
                 "outcome": unanswered},
                {"op": "check", "requester": CAROL, "target": BOB, "room": null, "tells_of_other_rooms": true,
                 "outcome": unanswered},
            ]),
        ),
        (
            "a grant for any room covers each room, and needs no request",
            json!([
                consent("grant", None, granted(0)),
                check(Some(CLUB), true, yes.clone()),
                check(None, true, yes.clone()),
            ]),
        ),
        (
            "a grant for one room covers no other",
            json!([
                consent("grant", Some(CLUB), granted(0)),
                check(Some(CLUB), true, yes.clone()),
                check(Some(CABAL), true, json!(["not_for_this_room", 6])),
                check(Some(CABAL), false, json!(["not_for_this_room", 5])),
                check(None, true, json!(["not_for_this_room", 6])),
            ]),
        ),
        (
            "a grant for any room answers the requests for single rooms",
            json!([
                consent("request", Some(CLUB), json!("requested")),
                consent("request", Some(CABAL), json!("requested")),
                consent("grant", None, granted(2)),
                pending(json!([])),
            ]),
        ),
        (
            "a grant for one room leaves the request for any",
            json!([
                consent("request", None, json!("requested")),
                consent("grant", Some(CLUB), granted(0)),
                pending(json!([[ALICE, null]])),
            ]),
        ),
        (
            "a revocation takes a grant back",
            json!([
                consent("grant", Some(CLUB), granted(0)),
                consent("revoke", Some(CLUB), json!(["revoked", 0])),
                check(Some(CLUB), true, revoked.clone()),
            ]),
        ),
        (
            "a revocation for one room is an exception from a grant for any",
            json!([
                consent("grant", None, granted(0)),
                consent("revoke", Some(CABAL), json!(["revoked", 0])),
                check(Some(CABAL), true, revoked.clone()),
                check(Some(CLUB), true, yes.clone()),
            ]),
        ),
        (
            "a later word about any room takes the place of those before",
            json!([
                consent("revoke", Some(CABAL), json!(["revoked", 0])),
                consent("grant", None, granted(0)),
                check(Some(CABAL), true, yes.clone()),
                consent("revoke", None, json!(["revoked", 0])),
                check(Some(CLUB), true, revoked.clone()),
            ]),
        ),
        (
            "a request after a revocation is dropped",
            json!([
                consent("request", Some(CLUB), json!("requested")),
                consent("revoke", None, json!(["revoked", 1])),
                consent("request", Some(CLUB), json!("request_refused")),
                pending(json!([])),
            ]),
        ),
        (
            "a cancellation needs the scope of its request",
            json!([
                consent("request", Some(CLUB), json!("requested")),
                consent("cancel", None, json!("nothing_to_cancel")),
                consent("cancel", Some(CABAL), json!("nothing_to_cancel")),
                consent("cancel", Some(CLUB), json!("cancelled")),
                consent("cancel", Some(CLUB), json!("nothing_to_cancel")),
                pending(json!([])),
            ]),
        ),
        (
            "one request twice, and one that is granted already",
            json!([
                consent("request", Some(CLUB), json!("requested")),
                consent("request", Some(CLUB), json!("already_requested")),
                consent("grant", Some(CLUB), granted(1)),
                consent("request", Some(CLUB), json!("already_granted")),
            ]),
        ),
        (
            "an entry in another spelling changes nothing",
            json!([
                {"op": "grant", "requester": OTHER_ALICE, "target": BOB, "room": null, "outcome": refused("spelling")},
                check(None, true, unanswered),
            ]),
        ),
    ];
    let mut cases: Vec<Named> = cases;
    let mut steps: Vec<Value> = (0..64)
        .map(|room| consent("request", Some(&format!("mimi://a.example/r/{room}")), json!("requested")))
        .collect();
    steps.push(consent("request", Some(CLUB), json!("too_many_requests")));
    steps.push(consent("cancel", Some("mimi://a.example/r/7"), json!("cancelled")));
    steps.push(consent("request", Some(CLUB), json!("requested")));
    cases.push(("64 requests of one requester", json!(steps)));
    cases.into_iter().map(|(name, steps)| (name, json!({"what": "consent", "steps": steps}))).collect()
}

fn messaging_modes() -> Vec<Named> {
    let deliver = |mode: &str, acquaintance: &str, outcome: Value| json!({"op": "deliver", "mode": mode, "acquaintance": acquaintance, "outcome": outcome});
    let table = |outcomes: [(&'static str, [Value; 5]); 3]| -> Value {
        let known = ["contact", "consented", "unanswered", "not_for_this_room", "revoked"];
        outcomes
            .into_iter()
            .flat_map(|(mode, outcomes)| {
                known.into_iter().zip(outcomes).map(move |(who, it)| (mode, who, it))
            })
            .map(|(mode, who, outcome)| deliver(mode, who, outcome))
            .collect()
    };
    let [yes, hold, drop] = ["deliver", "hold", "drop"].map(|name| json!(name));
    let no = refused("no_consent");
    let table = table([
        ("consent_based", [yes.clone(), yes.clone(), no.clone(), no.clone(), no]),
        ("quarantined", [yes.clone(), yes.clone(), hold.clone(), hold, drop.clone()]),
        ("auto_accept", [yes.clone(), yes.clone(), yes.clone(), yes, drop]),
    ]);
    let mut table = table;
    // A valid case does not end in a refusal.
    table.as_array_mut().into_iter().for_each(|steps| steps.rotate_left(5));
    if let Some(steps) = table.as_array_mut() {
        steps.push(deliver("consent_based", "contact", json!("deliver")));
    }
    let hold = |sender: &str, message: &str, outcome: Value| json!({"op": "hold", "sender": sender, "message": message, "outcome": outcome});
    let accept = |sender: &str, outcome: Value| json!({"op": "accept", "sender": sender, "outcome": outcome});
    vec![
        ("each mode and acquaintance", json!({"what": "messaging_mode", "limits": [1, 1], "steps": table})),
        (
            "a quarantine is bounded, and gives what it held in order",
            json!({"what": "messaging_mode", "limits": [2, 2], "steps": [
                hold(ALICE, "one", json!("held")),
                hold(BOB, "two", json!("held")),
                hold(ALICE, "three", json!("held")),
                hold(ALICE, "four", refused("full")),
                hold(CAROL, "five", refused("full")),
                accept(ALICE, json!(["one", "three"])),
                accept(ALICE, json!([])),
                hold(CAROL, "six", json!("held")),
                accept(BOB, json!(["two"])),
            ]}),
        ),
    ]
}

/// `opaque<V>` of less than 16384 bytes (RFC 9420 §2.1.2).
fn opaque(data: &[u8]) -> Result<Vec<u8>, GenerateError> {
    let length = u16::try_from(data.len()).ok().filter(|length| *length < 0x4000);
    let length = length.ok_or_else(|| GenerateError::Defect("too long".into()))?;
    let length = match u8::try_from(length) {
        Ok(short) if short < 0x40 => vec![short],
        _ => (length | 0x4000).to_be_bytes().to_vec(),
    };
    Ok([length, data.to_vec()].concat())
}

/// SHA-256 of label, parent and participants, which come in the order of their bytes.
fn key(parent: &str, participants: &[&str]) -> Result<String, GenerateError> {
    let participants: Result<Vec<Vec<u8>>, _> =
        participants.iter().map(|user| opaque(user.as_bytes())).collect();
    let input =
        [opaque(b"MIMI conversation key 1")?, opaque(parent.as_bytes())?, opaque(&participants?.concat())?];
    Ok(hex::encode(Sha256::digest(input.concat())))
}

fn conversations() -> Result<Vec<Named>, GenerateError> {
    let step = |op: &str, participants: &[&str], parent: Option<&str>, outcome: Value| json!({"op": op, "participants": participants, "parent": parent, "outcome": outcome});
    let open = |participants: &[&str], room: &str, outcome: Value| {
        let mut step = step("open", participants, None, outcome);
        step["room"] = json!(room);
        step
    };
    let kind = |fixed_membership: bool, count: usize, outcome: &str| json!({"op": "kind", "fixed_membership": fixed_membership, "count": count, "outcome": outcome});
    let (two, three) = (key("", &[ALICE, BOB])?, key("", &[ALICE, BOB, CAROL])?);
    let cases = vec![
        (
            "the key of a set of participants",
            json!([
                step("key", &[ALICE, BOB], None, json!(two)),
                step("key", &[BOB, ALICE], None, json!(two)),
                step("key", &[BOB, ALICE, BOB], None, json!(two)),
                step("key", &[CAROL, ALICE, BOB], None, json!(three)),
                step("key", &[ALICE], None, json!(key("", &[ALICE])?)),
                step("key", &[ALICE, BOB], Some(CLUB), json!(key(CLUB, &[ALICE, BOB])?)),
            ]),
        ),
        (
            "one room for each set",
            json!([
                step("room", &[ALICE, BOB], None, Value::Null),
                open(&[ALICE, BOB], CLUB, json!("opened")),
                open(&[BOB, ALICE], CABAL, refused("exists")),
                open(&[BOB, ALICE], CLUB, json!("opened")),
                step("room", &[BOB, ALICE], None, json!(CLUB)),
                step("room", &[BOB, ALICE], Some(CABAL), Value::Null),
                open(&[ALICE, BOB, CAROL], CABAL, json!("opened")),
                step("close", &[ALICE, BOB], None, json!(CLUB)),
                step("close", &[ALICE, BOB], None, Value::Null),
                open(&[ALICE, BOB], CABAL, json!("opened")),
            ]),
        ),
        (
            "the kind of a conversation",
            json!([
                kind(true, 1, "ad_hoc"),
                kind(true, 2, "one_to_one"),
                kind(true, 3, "ad_hoc"),
                kind(false, 2, "named"),
                kind(false, 3, "named"),
            ]),
        ),
    ];
    Ok(cases
        .into_iter()
        .map(|(name, steps)| (name, json!({"what": "conversation", "steps": steps})))
        .collect())
}

const NOW: u64 = 1_767_225_600_000;
const HOUR: u64 = 3_600_000;
const CHANGE: &str = "74686520656e636f6465642070726f706f73616c73";

fn two_person(approvals: u32, steps: Value) -> Result<Value, GenerateError> {
    let mut input = Vec::new();
    let change = hex::decode(CHANGE).map_err(|error| GenerateError::Defect(format!("{error}")))?;
    for part in [b"MIMI two-person control 1", CLUB.as_bytes(), &change] {
        input.extend((part.len() as u64).to_be_bytes());
        input.extend(part);
    }
    Ok(json!({
        "what": "two_person",
        "rule": {"approvals": approvals, "approver_roles": [3], "lifetime_ms": HOUR},
        "room": CLUB, "change": CHANGE, "proposer": ALICE, "at": NOW,
        "digest": hex::encode(Sha256::digest(input)),
        "steps": steps,
    }))
}

fn roles() -> Value {
    json!({ALICE: 3, BOB: 3, CAROL: 2})
}

fn approve(user: &str, at: u64, outcome: Value) -> Value {
    json!({"op": "approve", "user": user, "room": CLUB, "change": CHANGE, "at": at, "roles": roles(), "outcome": outcome})
}

fn finish(at: u64, outcome: Value) -> Value {
    json!({"op": "finish", "at": at, "roles": roles(), "outcome": outcome})
}

fn two_persons() -> Result<Vec<Named>, GenerateError> {
    let counted = json!("counted");
    let with = |mut step: Value, member: &str, value: Value| {
        step[member] = value;
        step
    };
    let all = json!({ALICE: 3, BOB: 3, CAROL: 3});
    let carol = with(approve(CAROL, NOW, counted.clone()), "roles", all.clone());
    Ok(vec![
        (
            "an approval by one other",
            two_person(
                1,
                json!([
                    finish(NOW, refused("too_few")),
                    approve(BOB, NOW, counted.clone()),
                    finish(NOW, json!([BOB])),
                ]),
            )?,
        ),
        (
            "approvals that do not count",
            two_person(
                1,
                json!([
                    approve(ALICE, NOW, refused("own_proposal")),
                    approve(CAROL, NOW, refused("role")),
                    approve("mimi://d.example/u/dave", NOW, refused("role")),
                    approve(BOB, NOW.saturating_sub(1), refused("before_proposal")),
                    with(approve(BOB, NOW, refused("other_change")), "change", json!("00")),
                    with(approve(BOB, NOW, refused("other_change")), "room", json!(CABAL)),
                    approve(BOB, NOW, counted.clone()),
                    approve(BOB, NOW, refused("twice")),
                    finish(NOW, json!([BOB])),
                ]),
            )?,
        ),
        (
            "an approver that has lost its role",
            two_person(
                1,
                json!([
                    approve(BOB, NOW, counted.clone()),
                    with(finish(NOW, refused("too_few")), "roles", json!({ALICE: 3, BOB: 2})),
                    with(finish(NOW, refused("too_few")), "roles", json!({ALICE: 3})),
                    finish(NOW, json!([BOB])),
                ]),
            )?,
        ),
        (
            "an approval that is taken back",
            two_person(
                1,
                json!([
                    approve(BOB, NOW, counted.clone()),
                    {"op": "withdraw", "user": BOB, "outcome": true},
                    {"op": "withdraw", "user": BOB, "outcome": false},
                    finish(NOW, refused("too_few")),
                    approve(BOB, NOW, counted.clone()),
                    finish(NOW, json!([BOB])),
                ]),
            )?,
        ),
        (
            "two approvals, in the order of the users",
            two_person(
                2,
                json!([
                    carol,
                    finish(NOW, refused("too_few")),
                    approve(BOB, NOW, counted.clone()),
                    with(finish(NOW, json!([BOB, CAROL])), "roles", all),
                ]),
            )?,
        ),
        (
            "the last millisecond",
            two_person(
                1,
                json!([
                    approve(BOB, NOW.saturating_add(HOUR).saturating_sub(1), counted),
                    finish(NOW.saturating_add(HOUR), refused("expired")),
                    finish(NOW.saturating_add(HOUR).saturating_sub(1), json!([BOB])),
                ]),
            )?,
        ),
    ])
}

const PHONE: &str = "mimi://a.example/d/alice-phone";
const LAPTOP: &str = "mimi://a.example/d/alice-laptop";
const BOB_1: &str = "mimi://b.example/d/bob-1";
const CAROL_1: &str = "mimi://c.example/d/carol-1";

fn fork(steps: Value) -> Value {
    json!({
        "what": "fork", "epoch": 7,
        "clients": [[ALICE, PHONE], [ALICE, LAPTOP], [BOB, BOB_1], [CAROL, CAROL_1]],
        "steps": steps,
    })
}

fn authenticator(byte: &str) -> String {
    byte.repeat(32)
}

fn report(client: &str, byte: &str, outcome: Value) -> Value {
    json!({"op": "report", "client": client, "epoch": 7, "epoch_authenticator": authenticator(byte), "outcome": outcome})
}

fn verdict(outcome: Value) -> Value {
    json!({"op": "verdict", "outcome": outcome})
}

fn branch(byte: &str, clients: &[&str], users: usize) -> Value {
    json!({"epoch_authenticator": authenticator(byte), "clients": clients, "users": users})
}

fn forks() -> Vec<Named> {
    let counted = || json!("counted");
    vec![
        (
            "all agree",
            fork(json!([
                report(PHONE, "01", counted()),
                report(LAPTOP, "01", counted()),
                report(BOB_1, "01", counted()),
                verdict(
                    json!({"verdict": "agreed", "branch": branch("01", &[LAPTOP, PHONE, BOB_1], 2), "silent": [CAROL_1]})
                ),
                report(CAROL_1, "01", counted()),
                verdict(
                    json!({"verdict": "agreed", "branch": branch("01", &[LAPTOP, PHONE, BOB_1, CAROL_1], 3), "silent": []})
                ),
            ])),
        ),
        (
            "users decide, not clients",
            fork(json!([
                report(PHONE, "01", counted()),
                report(LAPTOP, "01", counted()),
                report(BOB_1, "02", counted()),
                report(CAROL_1, "02", counted()),
                verdict(json!({
                    "verdict": "forked", "branch": branch("02", &[BOB_1, CAROL_1], 2),
                    "others": [branch("01", &[LAPTOP, PHONE], 1)], "rejoin": [LAPTOP, PHONE], "silent": [],
                })),
            ])),
        ),
        (
            "half of the users are no majority",
            fork(json!([
                report(PHONE, "02", counted()),
                report(BOB_1, "01", counted()),
                verdict(json!({
                    "verdict": "undecided", "branches": [branch("01", &[BOB_1], 1), branch("02", &[PHONE], 1)],
                    "contradictory": [], "silent": [LAPTOP, CAROL_1],
                })),
            ])),
        ),
        (
            "a user whose clients differ counts for no branch",
            fork(json!([
                report(PHONE, "01", counted()),
                report(LAPTOP, "02", counted()),
                report(BOB_1, "01", counted()),
                verdict(json!({
                    "verdict": "undecided", "branches": [branch("01", &[PHONE, BOB_1], 1), branch("02", &[LAPTOP], 0)],
                    "contradictory": [], "silent": [CAROL_1],
                })),
            ])),
        ),
        (
            "a client that contradicts itself is to join again",
            fork(json!([
                report(BOB_1, "01", counted()),
                report(CAROL_1, "01", counted()),
                report(PHONE, "01", counted()),
                report(PHONE, "01", counted()),
                report(PHONE, "02", counted()),
                verdict(json!({
                    "verdict": "forked", "branch": branch("01", &[BOB_1, CAROL_1], 2), "others": [],
                    "rejoin": [PHONE], "silent": [LAPTOP],
                })),
            ])),
        ),
        (
            "reports that do not count",
            fork(json!([
                {"op": "report", "client": PHONE, "epoch": 6, "epoch_authenticator": authenticator("01"),
                 "outcome": refused("other_epoch")},
                {"op": "report", "client": PHONE, "epoch": 7, "epoch_authenticator": "", "outcome": refused("length")},
                {"op": "report", "client": PHONE, "epoch": 7, "epoch_authenticator": "01".repeat(65),
                 "outcome": refused("length")},
                report("mimi://d.example/d/dave", "01", refused("not_a_member")),
                verdict(json!({
                    "verdict": "undecided", "branches": [], "contradictory": [],
                    "silent": [LAPTOP, PHONE, BOB_1, CAROL_1],
                })),
            ])),
        ),
    ]
}

pub(super) fn valid() -> Result<Vec<GeneratedCase>, GenerateError> {
    let all = [consents(), messaging_modes(), conversations()?, two_persons()?, forks()].concat();
    let case = |(name, members): Named| {
        let what = members["what"].as_str().unwrap_or_default();
        GeneratedCase::new(&format!("{what}: {name}")).members(&members)
    };
    Ok(all.into_iter().map(case).collect())
}

/// The last step is another, and says no outcome: it must be refused.
fn ends(members: &mut Value, step: &Value) {
    let mut step = step.clone();
    if let Some(step) = step.as_object_mut() {
        step.remove("outcome");
    }
    if let Some(steps) = members["steps"].as_array_mut() {
        steps.pop();
        steps.push(step);
    }
}

/// The last step says another outcome.
fn says(members: &mut Value, outcome: Value) {
    if let Some(step) = members["steps"].as_array_mut().and_then(|steps| steps.last_mut()) {
        step["outcome"] = outcome;
    }
}

pub(super) fn invalid() -> Result<Vec<Invalid>, GenerateError> {
    let none = Value::Null;
    let mut cases = Vec::new();
    let granted = json!({"what": "consent", "steps": [
        consent("grant", Some(CLUB), json!(["granted", 0])),
        check(Some(CABAL), true, json!(["not_for_this_room", 6])),
    ]});
    let spelled = |requester: &str, target: &str, room: &str| json!({"op": "grant", "requester": requester, "target": target, "room": room});
    let rules: &[Rule<'_>] = &[
        ("requester in another spelling", "a MIMI URI counts in its normal form only", "steps", &|it| {
            ends(it, &spelled(OTHER_ALICE, BOB, CLUB));
        }),
        ("target in another spelling", "a MIMI URI counts in its normal form only", "steps", &|it| {
            ends(it, &spelled(ALICE, "mimi://b.example/u/%62ob", CLUB));
        }),
        ("room in another spelling", "a MIMI URI counts in its normal form only", "steps", &|it| {
            ends(it, &spelled(ALICE, BOB, "mimi://a.example/r/./club"));
        }),
        ("mistake: a grant covers other rooms", "consent for one room is for that room", "outcome", &|it| {
            says(it, json!("consented"));
        }),
        ("mistake: a revocation shows", "a revocation looks like no answer", "outcome", &|it| {
            it["steps"] = json!([
                consent("revoke", None, json!(["revoked", 0])),
                check(None, true, json!(["revoked", 6])),
            ]);
        }),
        (
            "mistake: any request is cancelled",
            "a cancellation needs the scope of its request",
            "outcome",
            &|it| {
                it["steps"] = json!([
                    consent("request", Some(CLUB), json!("requested")),
                    consent("cancel", None, json!("cancelled")),
                ]);
            },
        ),
    ];
    cases.extend(spoiled(&granted, "consent: ", rules));

    let quarantine = json!({"what": "messaging_mode", "limits": [1, 1], "steps": [
        {"op": "hold", "sender": ALICE, "message": "one", "outcome": "held"},
        {"op": "accept", "sender": ALICE, "outcome": ["one"]},
    ]});
    let hold = |sender: &str| json!({"op": "hold", "sender": sender, "message": "two"});
    let deliver = |mode: &str, who: &str| json!({"op": "deliver", "mode": mode, "acquaintance": who});
    let rules: &[Rule<'_>] = &[
        ("a sender with too many messages", "the quarantine is bounded", "steps", &|it| {
            ends(it, &hold(ALICE))
        }),
        ("too many senders", "the quarantine is bounded", "steps", &|it| ends(it, &hold(BOB))),
        ("no consent", "a stranger needs consent first", "steps", &|it| {
            ends(it, &deliver("consent_based", "unanswered"));
        }),
        ("consent for another room", "it is no consent for this room", "steps", &|it| {
            ends(it, &deliver("consent_based", "not_for_this_room"));
        }),
        ("revoked", "the receiver has revoked consent", "steps", &|it| {
            ends(it, &deliver("consent_based", "revoked"));
        }),
        ("mistake: every user is accepted", "who is revoked gets through in no mode", "outcome", &|it| {
            ends(it, &deliver("auto_accept", "revoked"));
            says(it, json!("deliver"));
        }),
    ];
    cases.extend(spoiled(&quarantine, "messaging_mode: ", rules));

    let opened = json!({"what": "conversation", "steps": [
        {"op": "open", "participants": [ALICE, BOB], "parent": none, "room": CLUB, "outcome": "opened"},
        {"op": "room", "participants": [ALICE, BOB], "parent": none, "outcome": CLUB},
    ]});
    let open = |participants: &[&str], room: &str| json!({"op": "open", "participants": participants, "parent": null, "room": room});
    let unsorted = key("", &[BOB, ALICE])?;
    let rules: &[Rule<'_>] = &[
        ("a second room of the same participants", "a set of participants has one room", "steps", &|it| {
            ends(it, &open(&[BOB, ALICE], CABAL));
        }),
        ("no participants", "a conversation has participants", "steps", &|it| ends(it, &open(&[], CABAL))),
        ("a participant in another spelling", "a MIMI URI counts in its normal form only", "steps", &|it| {
            ends(it, &open(&[OTHER_ALICE, BOB], CABAL));
        }),
        ("a room in another spelling", "a MIMI URI counts in its normal form only", "steps", &|it| {
            ends(it, &open(&[ALICE], "mimi://a.example/r/%63abal"));
        }),
        ("mistake: participants not sorted", "the order of participants does not count", "outcome", &|it| {
            ends(it, &json!({"op": "key", "participants": [BOB, ALICE], "parent": null}));
            says(it, json!(unsorted));
        }),
    ];
    cases.extend(spoiled(&opened, "conversation: ", rules));

    let approved = two_person(1, json!([approve(BOB, NOW, json!("counted")), finish(NOW, json!([BOB]))]))?;
    let fresh = |it: &mut Value, step: Value| {
        it["steps"] = json!([none]);
        ends(it, &step);
    };
    let rules: &[Rule<'_>] = &[
        ("the proposer approves", "an approval is by another user", "steps", &|it| {
            ends(it, &approve(ALICE, NOW, json!(null)));
        }),
        ("a role that may not approve", "the rule names the roles", "steps", &|it| {
            ends(it, &approve(CAROL, NOW, json!(null)));
        }),
        ("approved twice", "a user approves once", "steps", &|it| ends(it, &approve(BOB, NOW, json!(null)))),
        ("approved before it was proposed", "an approval follows the proposal", "steps", &|it| {
            fresh(it, approve(BOB, NOW.saturating_sub(1), json!(null)));
        }),
        ("approved too late", "the proposal is over at the end of its lifetime", "steps", &|it| {
            fresh(it, approve(BOB, NOW.saturating_add(HOUR), json!(null)));
        }),
        ("another change approved", "an approval is for one change, byte by byte", "steps", &|it| {
            let mut step = approve(BOB, NOW, json!(null));
            step["change"] = json!("00");
            fresh(it, step);
        }),
        ("too few approvals", "the rule asks for one", "steps", &|it| fresh(it, finish(NOW, json!(null)))),
        ("finished too late", "the proposal is over at the end of its lifetime", "steps", &|it| {
            ends(it, &finish(NOW.saturating_add(HOUR), json!(null)));
        }),
        ("another digest", "the digest covers room and change", "digest", &|it| {
            it["change"] = json!("00");
        }),
    ];
    cases.extend(spoiled(&approved, "two_person: ", rules));

    let reported =
        fork(json!([report(PHONE, "01", json!("counted")), report(BOB_1, "01", json!("counted"))]));
    let rules: &[Rule<'_>] = &[
        ("a report of a stranger", "the client is not in the group", "steps", &|it| {
            ends(it, &report("mimi://d.example/d/dave", "01", json!(null)));
        }),
        ("a report on another epoch", "the reports are about one epoch", "steps", &|it| {
            let mut step = report(BOB_1, "01", json!(null));
            step["epoch"] = json!(8);
            ends(it, &step);
        }),
        ("an authenticator of 65 bytes", "no hash is longer than 64 bytes", "steps", &|it| {
            let mut step = report(BOB_1, "01", json!(null));
            step["epoch_authenticator"] = json!("01".repeat(65));
            ends(it, &step);
        }),
        ("no authenticator", "a report has an authenticator", "steps", &|it| {
            let mut step = report(BOB_1, "01", json!(null));
            step["epoch_authenticator"] = json!("");
            ends(it, &step);
        }),
        ("mistake: clients decide", "one user with many clients is one user", "outcome", &|it| {
            it["steps"] = json!([
                report(PHONE, "01", json!("counted")),
                report(LAPTOP, "01", json!("counted")),
                report(BOB_1, "02", json!("counted")),
                verdict(json!({
                    "verdict": "forked", "branch": branch("01", &[LAPTOP, PHONE], 1),
                    "others": [branch("02", &[BOB_1], 1)], "rejoin": [BOB_1], "silent": [CAROL_1],
                })),
            ]);
        }),
    ];
    cases.extend(spoiled(&reported, "fork: ", rules));
    Ok(cases)
}
