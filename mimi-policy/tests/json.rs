//! The JSON of rooms, actors and changes: round trips, and every refusal at its place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use mimi_codec::code_points::{ComponentID, CredentialType};
use mimi_codec::room_policy::CapabilityType;
use mimi_policy::json::{
    PolicyActor, PolicyCase, PolicyChange, PolicyDocument, PolicyDocumentError, PolicyForm,
    PolicyJsonProblem, PolicyRoles, PolicyRoom,
};
use mimi_policy::preset::ExampleRoom;
use serde_json::{Value, json};

fn full_case() -> Value {
    let alice = json!({"user": "mimi://a.example/u/alice", "client": "mimi://a.example/d/a1", "claims": [[2, "06", "ff"]]});
    json!({
        "name": "everything",
        "room": {
            "base": {
                "fixed_membership": false, "parent_dependant": true, "parent_room": "mimi://a.example/r/parent", "multi_device": false,
                "max_clients": 10, "max_users": 9, "pseudonyms_allowed": false, "persistent_room": false, "discoverable": true,
            },
            "roles": [
                {
                    "index": 0, "name": "no_role", "description": "", "capabilities": [], "min": 0, "max": null,
                    "min_active": 0, "max_active": 0, "changes": [],
                },
                {
                    "index": 2, "name": "user", "description": "a user", "capabilities": ["canAddParticipant", 18, "canUnBan"],
                    "min": 1, "max": 4294967295u32, "min_active": 1, "max_active": 3, "changes": [[0, [2, 3]], [2, []]],
                },
            ],
            "preauth": [{"claims": [[1, "00", ""], [2, "", "61"]], "role": 2}, {"claims": [], "role": 3}],
            "participants": [["mimi://a.example/u/alice", 2], ["mimi://b.example/u/bob", 2]],
            "clients": [["mimi://a.example/u/alice", "mimi://a.example/d/a1"]],
            "pending": [{"by": {"external_sender": "mimi://hub.example"}, "change": {"op": "reinit"}}],
            "parent_participants": ["mimi://a.example/u/alice"],
            "banned_in_parent": ["mimi://c.example/u/carol"],
        },
        "actor": alice,
        "form": "external_proposal",
        "changes": [
            {"op": "add_participant", "user": "mimi://c.example/u/carol", "role": 2, "by": alice},
            {"op": "remove_participant", "user": "mimi://b.example/u/bob"},
            {"op": "set_role", "user": "mimi://b.example/u/bob", "role": 1},
            {"op": "add_client", "user": "mimi://a.example/u/alice", "client": "mimi://a.example/d/a2"},
            {"op": "remove_client", "user": "mimi://a.example/u/alice", "client": "mimi://a.example/d/a1"},
            {"op": "use_join_code", "user": "mimi://c.example/u/carol", "role": 2, "valid": false},
            {"op": "update_metadata", "fields": ["name", "descriptions", "avatar", "subject", "mood"]},
            {"op": "update_roles", "roles": "multi_organization"},
            {"op": "update_preauth", "preauth": [{"claims": [], "role": 2}]},
            {"op": "update_base", "base": {
                "fixed_membership": true, "parent_dependant": false, "parent_room": "", "multi_device": true, "max_clients": null,
                "max_users": null, "pseudonyms_allowed": true, "persistent_room": true, "discoverable": false,
            }},
            {"op": "reinit"},
            {"op": "destroy_room"},
            {"op": "content", "encoded": "8000ff", "earlier": {
                "01ab": {"author": "mimi://b.example/u/bob", "disposition": 1, "topic_id": "0a"},
                "01cd": {"author": "mimi://b.example/u/bob", "disposition": null, "topic_id": null},
            }},
        ],
        "expect": {"allow": false, "reason": "no", "capability": "canBan", "refused_by": ["hub", "client"]},
    })
}

#[test]
fn every_member_leads_back() {
    let json = full_case();
    let case = PolicyCase::from_json(&json).unwrap();
    assert_eq!(case.to_json(), json);
    assert_eq!(PolicyCase::from_json(&case.to_json()), Ok(case));
}

#[test]
fn reads_into_the_components() {
    let case = PolicyCase::from_json(&full_case()).unwrap();
    let room = &case.room;
    assert_eq!(room.base.policy_component_ids, [ComponentID::ROLES_LIST, ComponentID::PREAUTH_LIST]);
    assert_eq!(room.base.parent_room.as_bytes(), b"mimi://a.example/r/parent");
    let role = &room.role_data().roles[1];
    assert_eq!(
        role.role_capabilities,
        [CapabilityType::CAN_ADD_PARTICIPANT, CapabilityType(18), CapabilityType::CAN_UNBAN]
    );
    assert_eq!(
        (role.minimum_participants_constraint, role.maximum_participants_constraint),
        (1, Some(u32::MAX))
    );
    assert_eq!(
        (role.minimum_active_participants_constraint, role.maximum_active_participants_constraint),
        (1, Some(3))
    );
    assert_eq!(role.authorized_role_changes[0].target_role_indexes, [2, 3]);
    let claim = &room.preauth.preauthorized_entries[0].claimset[1];
    assert_eq!((claim.claim_id.credential_type, &claim.claim_value[..]), (CredentialType(2), &b"a"[..]));
    assert_eq!(&room.participants.participants[1].user[..], b"mimi://b.example/u/bob");
    assert_eq!(case.form, PolicyForm::ExternalProposal);
    assert_eq!(case.changes[0].by.as_ref(), Some(&case.actor));
    assert!(matches!(&room.pending[0].by, Some(PolicyActor::ExternalSender { .. })));
}

#[test]
fn what_is_absent_has_the_formats_defaults() {
    let room = PolicyRoom::from_json(&json!({"roles": "moderated", "base": {"max_users": 3}})).unwrap();
    let mut expected = PolicyRoom::new(ExampleRoom::Moderated);
    expected.base.max_users = Some(3);
    assert_eq!(room, expected);
    assert!(!room.base.fixed_membership && room.base.multi_device && room.base.pseudonyms_allowed);
    assert!(room.base.persistent_room && !room.base.discoverable && room.base.parent_room.is_none());

    let bare = PolicyRoom::from_json(&json!({"roles": [{"index": 7}]})).unwrap();
    let role = &bare.role_data().roles[0];
    assert_eq!((role.role_index, role.role_name.as_str(), role.role_capabilities.len()), (7, "", 0));
    assert_eq!(
        (role.maximum_participants_constraint, role.maximum_active_participants_constraint),
        (None, None)
    );
    assert_eq!(role.authorized_role_changes, []);
}

#[test]
fn example_rooms_stand_under_their_names() {
    for room in ExampleRoom::ALL {
        let json = json!({"roles": room.name()});
        assert_eq!(PolicyRoom::from_json(&json).unwrap().roles, PolicyRoles::Example(room));
        // The same roles written out are the same room.
        let listed = json!({"roles": PolicyRoles::List(room.roles()).to_json()});
        assert_eq!(PolicyRoom::from_json(&listed).unwrap().role_data(), room.roles());
    }
}

#[test]
fn both_spellings_and_the_number_are_one_capability() {
    let room = json!({"roles": [{"index": 2, "capabilities": ["canUnBan", "canUnban", 11]}]});
    let capabilities = PolicyRoom::from_json(&room).unwrap().role_data().roles[0].role_capabilities.clone();
    assert_eq!(capabilities, [CapabilityType::CAN_UNBAN; 3]);
}

#[test]
fn author_of_is_an_earlier_message_of_which_nothing_else_is_known() {
    let mut json = full_case();
    json["changes"] =
        json!([{"op": "content", "encoded": "", "author_of": {"01": "mimi://b.example/u/bob"}}]);
    let case = PolicyCase::from_json(&json).unwrap();
    let PolicyChange::Content { earlier, .. } = &case.changes[0].change else { panic!("a message") };
    let message = &earlier[&vec![1]];
    assert_eq!((message.author.as_str(), message.disposition), ("mimi://b.example/u/bob", None));
}

/// Replaces the value at a pointer, or adds a member.
fn with(pointer: &str, value: Value) -> Value {
    let mut json = full_case();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = json.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        Value::Object(members) => drop(members.insert(name.into(), value)),
        _ => panic!("{pointer}"),
    }
    json
}

#[test]
fn refuses_each_wrong_value_at_its_place() {
    for (pointer, value, path, expected) in [
        ("/room", json!(1), "room", "an object"),
        ("/room/base/fixed_membership", json!(1), "room.base.fixed_membership", "true or false"),
        ("/room/base/max_users", json!(-1), "room.base.max_users", "an integer from 0 to 4294967295"),
        (
            "/room/base/max_clients",
            json!(4294967296u64),
            "room.base.max_clients",
            "an integer from 0 to 4294967295",
        ),
        ("/room/base/parent_room", json!(3), "room.base.parent_room", "a URI as text"),
        ("/room/roles/1/min", json!("1"), "room.roles[1].min", "an integer from 0 to 4294967295"),
        (
            "/room/roles/1/max_active",
            json!(1.5),
            "room.roles[1].max_active",
            "an integer from 0 to 4294967295",
        ),
        ("/room/roles/1/name", json!(1), "room.roles[1].name", "text"),
        (
            "/room/roles/1/capabilities/0",
            json!("canadd"),
            "room.roles[1].capabilities[0]",
            "the name of a capability of mimi-room-policy, or a number",
        ),
        (
            "/room/roles/1/capabilities/0",
            json!(65536),
            "room.roles[1].capabilities[0]",
            "an integer from 0 to 65535",
        ),
        ("/room/roles/1/changes/0", json!([0]), "room.roles[1].changes[0]", "a list of 2"),
        ("/room/roles/1/changes/0/1", json!(2), "room.roles[1].changes[0][1]", "a list"),
        (
            "/room/roles",
            json!("Strict"),
            "room.roles",
            "a list of roles, or \"cooperative\", \"strict\", \"moderated\" or \"multi_organization\"",
        ),
        ("/room/preauth/0/claims/0/1", json!("0G"), "room.preauth[0].claims[0][1]", "lower-case hex"),
        ("/room/preauth/0/claims/0/2", json!("FF"), "room.preauth[0].claims[0][2]", "lower-case hex"),
        ("/room/preauth/0/claims/0", json!([1, "00"]), "room.preauth[0].claims[0]", "a list of 3"),
        (
            "/room/participants/1",
            json!(["mimi://b.example/u/bob", 2, 3]),
            "room.participants[1]",
            "a list of 2",
        ),
        ("/room/participants/0/0", json!(""), "room.participants[0][0]", "a URI that is not empty"),
        ("/room/clients/0/1", json!(null), "room.clients[0][1]", "a URI as text"),
        ("/actor/claims", json!({}), "actor.claims", "a list"),
        (
            "/form",
            json!("Commit"),
            "form",
            "\"proposal\", \"commit\", \"external_commit\", \"external_proposal\", \"message\" or \"use\"",
        ),
        ("/changes/0/role", json!("2"), "changes[0].role", "an integer from 0 to 4294967295"),
        (
            "/changes/6/fields/1",
            json!("description"),
            "changes[6].fields[1]",
            "\"name\", \"descriptions\", \"avatar\", \"subject\" or \"mood\"",
        ),
        ("/changes/12/encoded", json!("8"), "changes[12].encoded", "lower-case hex"),
        ("/expect/allow", json!("yes"), "expect.allow", "true or false"),
        ("/expect/capability", json!("canFly"), "expect.capability", "the name of a capability"),
        ("/expect/refused_by/1", json!("follower"), "expect.refused_by[1]", "\"hub\" or \"client\""),
    ] {
        let error = PolicyCase::from_json(&with(pointer, value)).unwrap_err();
        let PolicyJsonProblem::Unexpected { expected: found, .. } = &error.problem else { panic!("{error}") };
        assert_eq!((error.path.as_str(), found.as_str()), (path, expected));
    }
}

#[test]
fn refuses_an_unknown_change() {
    let error = PolicyCase::from_json(&with("/changes/1/op", json!("remove"))).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("changes[1].op: expected one of add_participant, "), "{text}");
    assert!(text.ends_with(", found \"remove\""), "{text}");
}

#[test]
fn refuses_each_unknown_member_at_its_place() {
    for (pointer, path) in [
        ("/room/rolez", "room.rolez"),
        ("/room/base/maxUsers", "room.base.maxUsers"),
        ("/room/roles/1/minimum", "room.roles[1].minimum"),
        ("/room/preauth/0/claimset", "room.preauth[0].claimset"),
        ("/room/pending/0/who", "room.pending[0].who"),
        ("/room/pending/0/change/user", "room.pending[0].change.user"),
        ("/actor/role", "actor.role"),
        ("/room/pending/0/by/client", "room.pending[0].by.client"),
        ("/changes/1/role", "changes[1].role"),
        ("/changes/12/earlier/01ab/topic", "changes[12].earlier[\"01ab\"].topic"),
        ("/expect/allowed", "expect.allowed"),
    ] {
        let error = PolicyCase::from_json(&with(pointer, json!(1))).unwrap_err();
        assert_eq!(error.path, path);
        assert!(matches!(error.problem, PolicyJsonProblem::Unknown { .. }), "{error}");
    }
    assert!(PolicyCase::from_json(&with("/remark", json!(1))).is_ok());
}

#[test]
fn refuses_each_missing_member_by_name() {
    for (pointer, path) in [
        ("/room", "room"),
        ("/room/roles", "room.roles"),
        ("/room/roles/0/index", "room.roles[0].index"),
        ("/room/preauth/0/role", "room.preauth[0].role"),
        ("/room/pending/0/by", "room.pending[0].by"),
        ("/room/pending/0/change", "room.pending[0].change"),
        ("/actor", "actor"),
        ("/actor/user", "actor.user"),
        ("/form", "form"),
        ("/changes", "changes"),
        ("/changes/0/op", "changes[0].op"),
        ("/changes/0/user", "changes[0].user"),
        ("/changes/2/role", "changes[2].role"),
        ("/changes/3/client", "changes[3].client"),
        ("/changes/6/fields", "changes[6].fields"),
        ("/changes/7/roles", "changes[7].roles"),
        ("/changes/8/preauth", "changes[8].preauth"),
        ("/changes/9/base", "changes[9].base"),
        ("/changes/12/encoded", "changes[12].encoded"),
        ("/changes/12/earlier/01ab/author", "changes[12].earlier[\"01ab\"].author"),
        ("/expect/allow", "expect.allow"),
    ] {
        let error = PolicyCase::from_json(&with(pointer, Value::Null)).unwrap_err();
        assert_eq!((error.path.as_str(), &error.problem), (path, &PolicyJsonProblem::Missing));
    }
}

#[test]
fn a_document_is_a_room_a_case_or_a_file() {
    let case = full_case();
    let parse = |json: &Value| PolicyDocument::parse(&json.to_string());
    let room = parse(&case["room"]).unwrap();
    assert_eq!((room.cases().len(), room.rooms().count()), (0, 1));
    let one = parse(&case).unwrap();
    assert_eq!(one.rooms().map(|(name, _)| name).collect::<Vec<_>>(), [Some("everything")]);
    let file = parse(&json!({"format": 1, "kind": "policy", "cases": [case, case]})).unwrap();
    assert_eq!((file.cases().len(), file.rooms().count()), (2, 2));
}

#[test]
fn refuses_documents_by_what_is_wrong() {
    let error = PolicyDocument::parse("{").unwrap_err();
    assert!(matches!(error, PolicyDocumentError::Json(_)), "{error}");
    let error = PolicyDocument::parse(r#"{"roles": [], "roles": []}"#).unwrap_err();
    assert!(error.to_string().starts_with("not JSON: member \"roles\" occurs twice"), "{error}");
    let error = PolicyDocument::parse("[]").unwrap_err();
    assert_eq!(error.to_string(), "file: expected an object, found []");
    for json in [
        json!({"format": 2, "kind": "policy", "cases": []}),
        json!({"format": 1, "kind": "wire", "cases": []}),
    ] {
        let error = PolicyDocument::parse(&json.to_string()).unwrap_err();
        assert!(matches!(error, PolicyDocumentError::OtherKind { .. }), "{error}");
    }
    let damaged = with("/room/roles/0/index", json!("0"));
    let error =
        PolicyDocument::parse(&json!({"format": 1, "kind": "policy", "cases": [damaged]}).to_string())
            .unwrap_err();
    assert_eq!(
        error.to_string(),
        "case \"everything\": room.roles[0].index: expected an integer from 0 to 4294967295, found \"0\""
    );
}
