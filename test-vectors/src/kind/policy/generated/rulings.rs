//! Cases that a first reading of the drafts decides otherwise.

use alloc::vec;
use alloc::vec::Vec;

use serde_json::json;

use super::*;

pub(super) fn cases() -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Cases(Vec::new());
    spelling(&mut cases)?;
    ways_of_joining(&mut cases)?;
    waiting(&mut cases)?;
    banned(&mut cases)?;
    left_the_parent(&mut cases)?;
    banned_in_the_parent(&mut cases)?;
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

fn waiting(cases: &mut Cases) -> Result<(), GenerateError> {
    let scene = || four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]);
    let waits = |change: Value| scene().pending(by("alice"), change);
    for (what, change) in [
        ("an addition", add("frank", 2)),
        ("a new role", set("bob", 4)),
        ("metadata", json!({"op": "update_metadata", "fields": ["name"]})),
    ] {
        let name = alloc::format!("waiting: an external commit while {what} waits");
        cases.push(false, &name, &waits(change), by("erin"), "external_commit", vec![add("erin", 2)])?;
    }
    let opens = json!({"op": "update_roles", "roles": [
        {"index": 0, "capabilities": ["canOpenJoin"], "changes": [[0, [5]]]},
        {"index": 2, "name": "user"}, {"index": 3, "name": "admin"}, {"index": 4, "name": "guest"},
        {"index": 5, "name": "visitor"},
    ]});
    cases.push(
        false,
        "waiting: an external commit by roles that no GroupContext has",
        &four().pending(by("alice"), opens),
        by("erin"),
        "external_commit",
        vec![add("erin", 5)],
    )?;
    let itself = || scene().client("bob", 2).pending(device("bob", 2), remove_client("bob", 2));
    let taken = proposed(remove_client("bob", 2), device("bob", 2));
    cases.push(
        true,
        "waiting: an external commit takes up all that clients propose for themselves",
        &itself(),
        by("erin"),
        "external_commit",
        vec![add("erin", 2), taken],
    )?;
    cases.push(
        false,
        "waiting: an external commit leaves out what a client proposes for itself",
        &itself(),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    let removed = || four().inactive("bert", 2).pending(by("alice"), remove("bert"));
    for (who, by_whom) in [("the hub", server(&[])), ("another member", by("carol"))] {
        let name = alloc::format!("waiting: proposed anew by {who} and committed by a third");
        let anew = vec![proposed(remove("bert"), by_whom)];
        cases.push(true, &name, &removed(), by("dave"), "commit", anew)?;
    }
    let twice = vec![proposed(remove("bert"), by("alice")), proposed(remove("bert"), server(&[]))];
    cases.push(
        false,
        "waiting: proposed anew beside the proposal that waits",
        &removed(),
        by("dave"),
        "commit",
        twice,
    )
}

fn banned(cases: &mut Cases) -> Result<(), GenerateError> {
    let scene = || {
        four().active("erin", 1).can(1, &["canSendMessage", "canAddOwnClient"]).can(2, &["canSendMessage"])
    };
    for form in ["commit", "proposal", "message"] {
        let name = alloc::format!("banned: a user whose client is still in the group, a {form}");
        cases.push(false, &name, &scene(), by("erin"), form, none())?;
    }
    let second = device("erin", 2);
    let name = "banned: a user brings another client";
    cases.push(false, name, &scene(), second, "external_commit", none())?;
    let leaves = || vec![remove_client("erin", 1)];
    let name = "banned: a user proposes that its client leaves";
    cases.push(true, name, &scene(), by("erin"), "proposal", leaves())?;
    let name = "banned: a member without capabilities removes the client";
    cases.push(true, name, &scene(), by("dave"), "commit", leaves())?;
    let name = "banned: the hub proposes that the client leaves";
    cases.push(true, name, &scene(), server(&[]), "external_proposal", leaves())?;

    let visitors =
        || four().active("erin", 1).set(1, "name", json!("visitor")).can(3, &["canChangeRoleDefinitions"]);
    let banning = json!({"op": "update_roles", "roles": [
        {"index": 0}, {"index": 1, "name": "banned"}, {"index": 2, "name": "user"},
        {"index": 3, "name": "admin"}, {"index": 4, "name": "guest"},
    ]});
    let name = "banned: new roles make active users banned";
    cases.push(false, name, &visitors(), by("alice"), "commit", vec![banning.clone()])?;
    let with_clients = vec![banning, remove_client("erin", 1)];
    let name = "banned: new roles make active users banned, and their clients leave";
    cases.push(true, name, &visitors(), by("alice"), "commit", with_clients)
}

fn banned_in_the_parent(cases: &mut Cases) -> Result<(), GenerateError> {
    for fixed in [false, true] {
        let scene = || {
            let base = json!({"fixed_membership": fixed, "parent_dependant": true,
                "parent_room": "mimi://a.example/r/parent"});
            let child = four().base(base).parent(&["alice", "bob", "carol", "dave", "erin"]);
            child.banned_in_parent(&["dave", "erin", "frank"])
        };
        let kind = if fixed { "a fixed-membership room" } else { "a room" };
        let removal = || vec![remove("dave"), remove_client("dave", 1)];
        for (allow, what, actor, form, changes) in [
            (true, "a member removes the banned user", by("bob"), "commit", removal()),
            (true, "the hub removes the banned user", server(&[]), "external_proposal", removal()),
            (false, "the client of the banned user stays", by("bob"), "commit", vec![remove("dave")]),
            (false, "a banned user on both lists is added", by("alice"), "commit", vec![add("erin", 2)]),
            (false, "a banned user on one list is added", by("alice"), "commit", vec![add("frank", 2)]),
        ] {
            let name =
                alloc::format!("parent: {kind} one of whose participants is banned in the parent, {what}");
            cases.push(allow, &name, &scene(), actor, form, changes)?;
        }
    }
    let another = four().base(json!({"parent_dependant": true, "parent_room": "mimi://a.example/r/parent"}));
    let another = another.parent(&["alice", "bob", "carol", "dave", "erin"]);
    let name = "parent: a user who is banned there is named in another spelling";
    let mut another = another.banned_in_parent(&[]);
    another.banned_in_parent = json!(["mimi://B.example/u/mallory"]);
    cases.push(false, name, &another, by("alice"), "commit", none())
}

fn left_the_parent(cases: &mut Cases) -> Result<(), GenerateError> {
    for fixed in [false, true] {
        let scene = || {
            let base = json!({"fixed_membership": fixed, "parent_dependant": true,
                "parent_room": "mimi://a.example/r/parent"});
            four().base(base).parent(&["alice", "bob", "carol", "frank", "grace"])
        };
        let kind = if fixed { "a fixed-membership room" } else { "a room" };
        let removal = || vec![remove("dave"), remove_client("dave", 1)];
        for (allow, what, actor, form, changes) in [
            (true, "a member removes the user who left", by("bob"), "commit", removal()),
            (true, "the hub removes the user who left", server(&[]), "external_proposal", removal()),
            (true, "the user who left goes", by("dave"), "proposal", removal()),
            (true, "the room goes on", by("bob"), "commit", none()),
            (false, "the client stays", by("bob"), "commit", vec![remove("dave")]),
            (
                false,
                "a member removes a user who has not left",
                by("bob"),
                "commit",
                vec![remove("carol"), remove_client("carol", 1)],
            ),
            (false, "a user who is not in the parent", by("alice"), "commit", vec![add("erin", 2)]),
        ] {
            let name = alloc::format!("parent: {kind} whose participant left the parent, {what}");
            cases.push(allow, &name, &scene(), actor, form, changes)?;
        }
    }
    Ok(())
}
