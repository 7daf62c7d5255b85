//! Cases that a first reading of the drafts decides otherwise.

use alloc::vec;
use alloc::vec::Vec;

use serde_json::json;

use super::*;

pub(super) fn cases() -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Cases(Vec::new());
    spelling(&mut cases)?;
    ways_of_joining(&mut cases)?;
    Ok(cases.0)
}

/// Other spellings of bob, and text that only looks like a MIMI URI.
const SPELLINGS: [(&str, &str); 8] = [
    ("the host in upper case", "mimi://B.example/u/bob"),
    ("the scheme in upper case", "MIMI://b.example/u/bob"),
    ("a needless percent-encoding", "mimi://b.example/u/%62ob"),
    ("a dot segment", "mimi://b.example/u/./bob"),
    ("a host with a trailing dot", "mimi://b.example./u/bob"),
    ("an empty port", "mimi://b.example:/u/bob"),
    ("a host that is a number", "mimi://0x7f.0x1/u/bob"),
    ("no authority", "mimi:bob"),
];

/// A room that anybody may join, whose users may add others and whose admin may ban.
fn open() -> Scene {
    four()
        .can(0, &["canOpenJoin"])
        .moves(0, 0, &[2])
        .can(2, &["canAddParticipant"])
        .moves(2, 0, &[2])
        .can(3, &["canAddParticipant", "canBan", "canChangePreauthorizedUserList"])
        .moves(3, 0, &[1, 2])
}

fn spelling(cases: &mut Cases) -> Result<(), GenerateError> {
    for (what, uri) in SPELLINGS {
        let joiner = json!({"user": uri, "client": client("erin", 1)});
        let add = json!({"op": "add_participant", "user": uri, "role": 2});
        let name = |part: &str| alloc::format!("spelling: {part}, {what}");
        cases.push(false, &name("a joiner"), &open(), joiner, "external_commit", vec![add.clone()])?;
        cases.push(false, &name("an added user"), &open(), by("bob"), "commit", vec![add])?;
        let ban = json!({"op": "add_participant", "user": uri, "role": 1});
        cases.push(false, &name("a user banned in advance"), &open(), by("alice"), "commit", vec![ban])?;
        let mut listed = open();
        listed.participants.push(json!([uri, 2]));
        cases.push(false, &name("a participant"), &listed, by("alice"), "commit", none())?;
        let mut held = open();
        held.clients.push(json!([user("bob"), uri]));
        cases.push(false, &name("a client in the group"), &held, by("alice"), "commit", none())?;
        let claims = claiming("alice", &[claim("sub", uri)]);
        cases.push(false, &name("a claim of the actor"), &open(), claims, "commit", none())?;
        let entries = json!([{"claims": [claim("sub", uri)], "role": 2}]);
        let preauthorized = open().preauth(entries.clone());
        cases.push(false, &name("a preauthorized claim"), &preauthorized, by("alice"), "commit", none())?;
        let update = vec![json!({"op": "update_preauth", "preauth": entries})];
        cases.push(false, &name("a new preauthorization"), &open(), by("alice"), "commit", update)?;
    }
    let other_scheme = json!({"op": "add_participant", "user": "IM:Bob@B.example", "role": 2});
    let name = "spelling: an identifier of another scheme counts as it is";
    cases.push(true, name, &open(), by("bob"), "commit", vec![other_scheme])
}

/// A code of which the party that judges knows nothing.
fn unknown_code(name: &str, role: u32) -> Value {
    json!({"op": "use_join_code", "user": user(name), "role": role})
}

fn ways_of_joining(cases: &mut Cases) -> Result<(), GenerateError> {
    let opened = |scene: Scene| scene.can(0, &["canOpenJoin"]).moves(0, 0, &[2]);
    let coded = |scene: Scene| scene.can(0, &["canUseJoinCode"]).moves(0, 0, &[2]);
    let preauthorized = |scene: Scene| {
        let entries = json!([{"claims": [claim("org", "a")], "role": 3}]);
        scene.can(3, &["canJoinIfPreauthorized"]).preauth(entries)
    };
    let staff = || claiming("erin", &[claim("org", "a")]);
    for (allow, room, scene, actor, role) in [
        (true, "open", opened(four()), by("erin"), 2),
        (false, "open", opened(four()), by("erin"), 3),
        (true, "preauthorized", preauthorized(four()), staff(), 3),
        (false, "preauthorized", preauthorized(four()), by("erin"), 3),
        (true, "by a code", coded(four()), by("erin"), 2),
        (false, "by a code", coded(four()), by("erin"), 3),
        (true, "by a code or preauthorized", coded(preauthorized(four())), staff(), 3),
        (true, "by a code or preauthorized", coded(preauthorized(four())), by("erin"), 2),
        (false, "by a code or preauthorized", coded(preauthorized(four())), by("erin"), 3),
        (true, "in all three ways", opened(coded(preauthorized(four()))), staff(), 3),
        (true, "in all three ways", opened(coded(preauthorized(four()))), by("erin"), 2),
        (false, "in no way", four().moves(0, 0, &[2]), by("erin"), 2),
    ] {
        let with = if actor.get("claims").is_some() { "with" } else { "without" };
        let name = alloc::format!(
            "joining: an unknown code, to a room that is joined {room}, {with} the claim, as role {role}"
        );
        cases.push(allow, &name, &scene, actor, "external_commit", vec![unknown_code("erin", role)])?;
    }
    cases.push(
        true,
        "joining: a code that is not valid, to an open room",
        &opened(coded(four())),
        by("erin"),
        "external_commit",
        vec![code("erin", 2, false)],
    )
}
