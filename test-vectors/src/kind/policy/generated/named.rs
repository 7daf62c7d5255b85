//! Each capability and each condition, by name.

use alloc::vec;
use alloc::vec::Vec;

use serde_json::json;

use super::*;

impl Scene {
    fn without_clients(mut self) -> Self {
        self.clients.clear();
        self
    }

    /// A role's index a second time.
    fn again(mut self, index: u32) -> Self {
        self.roles.push(role(index, "again"));
        self
    }
}

pub(super) fn cases() -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Cases(Vec::new());
    can_add_participant(&mut cases)?;
    can_add_own_client(&mut cases)?;
    can_remove_own_client(&mut cases)?;
    can_open_join(&mut cases)?;
    can_join_if_preauthorized(&mut cases)?;
    can_use_join_code(&mut cases)?;
    can_remove_participant(&mut cases)?;
    can_remove_self(&mut cases)?;
    can_ban(&mut cases)?;
    can_un_ban(&mut cases)?;
    can_kick(&mut cases)?;
    can_change_user_role(&mut cases)?;
    can_change_own_role(&mut cases)?;
    can_change_room_name(&mut cases)?;
    can_change_room_description(&mut cases)?;
    can_change_room_avatar(&mut cases)?;
    can_change_room_subject(&mut cases)?;
    can_change_room_mood(&mut cases)?;
    metadata(&mut cases)?;
    can_change_role_definitions(&mut cases)?;
    can_change_preauthorized_user_list(&mut cases)?;
    can_change_room_membership_style(&mut cases)?;
    can_send_mlsreinit_proposal(&mut cases)?;
    can_destroy_room(&mut cases)?;
    together(&mut cases)?;
    fixed_membership(&mut cases)?;
    base_policy(&mut cases)?;
    parent_dependant(&mut cases)?;
    who(&mut cases)?;
    can_send_message(&mut cases)?;
    pending(&mut cases)?;
    invalid_room(&mut cases)?;
    Ok(cases.0)
}

fn can_add_participant(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canAddParticipant: adds another user with a client",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]),
        by("alice"),
        "commit",
        vec![add("erin", 2), add_client("erin", 1)],
    )?;
    cases.push(
        true,
        "canAddParticipant: as a proposal",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]),
        by("alice"),
        "proposal",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canAddParticipant: without the capability",
        &four().moves(3, 0, &[2]),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canAddParticipant: to a role that is not authorized",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]),
        by("alice"),
        "commit",
        vec![add("erin", 4)],
    )?;
    cases.push(
        false,
        "canAddParticipant: authorized from another role only",
        &four().can(3, &["canAddParticipant"]).moves(3, 2, &[2]),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canAddParticipant: a user on the list",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]),
        by("alice"),
        "commit",
        vec![add("bob", 3)],
    )?;
    cases.push(
        false,
        "canAddParticipant: to role 0",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).moves(3, 0, &[0]),
        by("alice"),
        "commit",
        vec![add("erin", 0)],
    )?;
    cases.push(
        false,
        "canAddParticipant: to an undefined role",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).moves(3, 0, &[9]),
        by("alice"),
        "commit",
        vec![add("erin", 9)],
    )?;
    cases.push(
        false,
        "canAddParticipant: above the maximum",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).set(2, "max", json!(2)),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        true,
        "canAddParticipant: at the maximum",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).set(2, "max", json!(3)),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canAddParticipant: above the maximum of active participants",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).set(2, "max_active", json!(2)),
        by("alice"),
        "commit",
        vec![add("erin", 2), add_client("erin", 1)],
    )?;
    cases.push(
        true,
        "canAddParticipant: inactive at the maximum of active participants",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).set(2, "max_active", json!(2)),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canAddParticipant: not for oneself",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).can(0, &["canAddParticipant"]).moves(
            0,
            0,
            &[2],
        ),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canAddParticipant: a client of a user who was on the list",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]),
        by("alice"),
        "commit",
        vec![add_client("bob", 2)],
    )?;
    cases.push(
        false,
        "canAddParticipant: a client of a user whom another user adds",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]).can(2, &["canAddParticipant"]).moves(
            2,
            0,
            &[2],
        ),
        by("alice"),
        "commit",
        vec![proposed(add("erin", 2), by("bob")), add_client("erin", 1)],
    )?;
    cases.push(
        false,
        "canAddParticipant: a client of a user who is not added",
        &four().can(3, &["canAddParticipant"]).moves(3, 0, &[2, 3]),
        by("alice"),
        "commit",
        vec![add_client("erin", 1)],
    )?;
    Ok(())
}

fn can_add_own_client(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canAddOwnClient: by external commit",
        &four().can(2, &["canAddOwnClient"]),
        device("bob", 2),
        "external_commit",
        none(),
    )?;
    cases.push(
        true,
        "canAddOwnClient: by external commit that names it",
        &four().can(2, &["canAddOwnClient"]),
        device("bob", 2),
        "external_commit",
        vec![add_client("bob", 2)],
    )?;
    cases.push(
        true,
        "canAddOwnClient: by external proposal",
        &four().can(2, &["canAddOwnClient"]),
        device("bob", 2),
        "external_proposal",
        vec![add_client("bob", 2)],
    )?;
    cases.push(
        true,
        "canAddOwnClient: from inside, several",
        &four().can(2, &["canAddOwnClient"]),
        by("bob"),
        "commit",
        vec![add_client("bob", 2), add_client("bob", 3)],
    )?;
    cases.push(
        false,
        "canAddOwnClient: without the capability",
        &four(),
        device("bob", 2),
        "external_commit",
        none(),
    )?;
    cases.push(
        false,
        "canAddOwnClient: without the capability, from inside",
        &four(),
        by("bob"),
        "commit",
        vec![add_client("bob", 2)],
    )?;
    cases.push(
        false,
        "canAddOwnClient: a client that is in the group",
        &four().can(2, &["canAddOwnClient"]),
        by("bob"),
        "commit",
        vec![add_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canAddOwnClient: of a user who is not listed",
        &four().can(2, &["canAddOwnClient"]).can(0, &["canAddOwnClient"]),
        by("erin"),
        "external_commit",
        none(),
    )?;
    cases.push(
        false,
        "canAddOwnClient: above the maximum of active participants",
        &four().inactive("erin", 4).can(4, &["canAddOwnClient"]).set(4, "max_active", json!(1)),
        by("erin"),
        "external_commit",
        none(),
    )?;
    cases.push(
        true,
        "canAddOwnClient: a second client at the maximum of active participants",
        &four().can(4, &["canAddOwnClient"]).set(4, "max_active", json!(1)),
        by("dave"),
        "commit",
        vec![add_client("dave", 2)],
    )?;
    cases.push(
        false,
        "canAddOwnClient: another client by external proposal",
        &four().can(2, &["canAddOwnClient"]),
        device("bob", 2),
        "external_proposal",
        vec![add_client("bob", 3)],
    )?;
    cases.push(
        true,
        "canAddOwnClient: replaces the own leaf",
        &four().can(2, &["canAddOwnClient", "canRemoveOwnClient"]),
        by("bob"),
        "external_commit",
        vec![remove_client("bob", 1), add_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canAddOwnClient: an external commit adds no other user's client",
        &four().can(2, &["canAddOwnClient"]).can(3, &["canAddParticipant", "canAddOwnClient"]).moves(
            3,
            0,
            &[2],
        ),
        device("alice", 2),
        "external_commit",
        vec![add("erin", 2), add_client("erin", 1)],
    )?;
    Ok(())
}

fn can_remove_own_client(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canRemoveOwnClient: proposes its removal",
        &four().can(2, &["canRemoveOwnClient"]),
        by("bob"),
        "proposal",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "canRemoveOwnClient: another commits",
        &four().can(2, &["canRemoveOwnClient"]),
        by("dave"),
        "commit",
        vec![proposed(remove_client("bob", 1), by("bob"))],
    )?;
    cases.push(
        true,
        "canRemoveOwnClient: another client of the user commits",
        &four().can(2, &["canRemoveOwnClient"]).client("bob", 2),
        device("bob", 2),
        "commit",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveOwnClient: without the capability",
        &four(),
        by("bob"),
        "proposal",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveOwnClient: not committed by the client itself",
        &four().can(2, &["canRemoveOwnClient"]),
        by("bob"),
        "commit",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveOwnClient: below the minimum of active participants",
        &four().can(2, &["canRemoveOwnClient"]).set(2, "min_active", json!(2)),
        by("bob"),
        "proposal",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "canRemoveOwnClient: a user who keeps a client stays active",
        &four().can(2, &["canRemoveOwnClient"]).client("bob", 2).set(2, "min_active", json!(2)),
        by("bob"),
        "proposal",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveOwnClient: a client that is not in the group",
        &four().can(2, &["canRemoveOwnClient"]),
        by("bob"),
        "proposal",
        vec![remove_client("bob", 2)],
    )?;
    Ok(())
}

fn can_open_join(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canOpenJoin: joins by external commit",
        &four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canOpenJoin: without the capability",
        &four().moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canOpenJoin: to a role that is not authorized",
        &four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![add("erin", 3)],
    )?;
    cases.push(
        false,
        "canOpenJoin: to role 0",
        &four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]).moves(0, 0, &[0]),
        by("erin"),
        "external_commit",
        vec![add("erin", 0)],
    )?;
    cases.push(
        false,
        "canOpenJoin: above the maximum",
        &four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]).set(2, "max", json!(2)),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canOpenJoin: above the maximum of active participants",
        &four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]).set(2, "max_active", json!(2)),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canOpenJoin: by external proposal",
        &four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]),
        by("erin"),
        "external_proposal",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canOpenJoin: on another role makes the room invalid",
        &four().can(2, &["canOpenJoin"]),
        by("alice"),
        "commit",
        none(),
    )?;
    cases.push(
        false,
        "canOpenJoin: a banned user does not join",
        &four().can(0, &["canOpenJoin"]).moves(0, 0, &[2]).inactive("erin", 1),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    Ok(())
}

fn can_join_if_preauthorized(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(true, "canJoinIfPreauthorized: the first match", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])), claiming("erin", &[claim("org", "a")]), "external_commit", vec![add("erin", 2)])?;
    cases.push(true, "canJoinIfPreauthorized: all claims of the set, in any order", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])), claiming("erin", &[claim("rank", "boss"), claim("org", "a")]), "external_commit", vec![add("erin", 3)])?;
    cases.push(false, "canJoinIfPreauthorized: a later match", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])), claiming("erin", &[claim("rank", "boss"), claim("org", "a")]), "external_commit", vec![add("erin", 2)])?;
    cases.push(false, "canJoinIfPreauthorized: no claims", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])), by("erin"), "external_commit", vec![add("erin", 2)])?;
    cases.push(false, "canJoinIfPreauthorized: another value", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])), claiming("erin", &[claim("org", "A")]), "external_commit", vec![add("erin", 2)])?;
    cases.push(
        false,
        "canJoinIfPreauthorized: the target role lacks it",
        &four()
            .can(3, &["canJoinIfPreauthorized"])
            .preauth(json!([{"claims": [claim("org", "a")], "role": 2}])),
        claiming("erin", &[claim("org", "a")]),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(false, "canJoinIfPreauthorized: above the maximum", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])).set(2, "max", json!(2)), claiming("erin", &[claim("org", "a")]), "external_commit", vec![add("erin", 2)])?;
    cases.push(false, "canJoinIfPreauthorized: above the maximum of active participants", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])).set(2, "max_active", json!(2)), claiming("erin", &[claim("org", "a")]), "external_commit", vec![add("erin", 2)])?;
    cases.push(
        true,
        "canJoinIfPreauthorized: an empty claim set matches all users",
        &four().can(2, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [], "role": 2}])),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "canJoinIfPreauthorized: a first match for role 0",
        &four()
            .can(2, &["canJoinIfPreauthorized"])
            .preauth(json!([{"claims": [], "role": 0}, {"claims": [], "role": 2}])),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(false, "canJoinIfPreauthorized: a banned user does not rejoin", &four().can(2, &["canJoinIfPreauthorized"]).can(3, &["canJoinIfPreauthorized"]).preauth(json!([{"claims": [claim("org", "a"), claim("rank", "boss")], "role": 3}, {"claims": [claim("org", "a")], "role": 2}])).inactive("erin", 1), claiming("erin", &[claim("org", "a")]), "external_commit", vec![add("erin", 2)])?;
    Ok(())
}

fn can_use_join_code(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canUseJoinCode: a valid code",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![code("erin", 2, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: without the capability",
        &four().moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![code("erin", 2, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: an invalid code",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![code("erin", 2, false)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: to a role that is not authorized",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![code("erin", 3, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: to role 0",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]).moves(0, 0, &[0]),
        by("erin"),
        "external_commit",
        vec![code("erin", 0, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: to an undefined role",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]).moves(0, 0, &[9]),
        by("erin"),
        "external_commit",
        vec![code("erin", 9, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: above the maximum",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]).set(2, "max", json!(2)),
        by("erin"),
        "external_commit",
        vec![code("erin", 2, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: above the maximum of active participants",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]).set(2, "max_active", json!(2)),
        by("erin"),
        "external_commit",
        vec![code("erin", 2, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: for another user",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![code("frank", 2, true)],
    )?;
    cases.push(
        false,
        "canUseJoinCode: for a user on the list",
        &four().can(0, &["canUseJoinCode"]).moves(0, 0, &[2]).can(2, &["canAddOwnClient"]),
        device("bob", 2),
        "external_commit",
        vec![code("bob", 2, true)],
    )?;
    Ok(())
}

fn can_remove_participant(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canRemoveParticipant: removes another with all clients",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]),
        by("alice"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveParticipant: without the capability",
        &four().moves(3, 2, &[0]),
        by("alice"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveParticipant: from a role that is not authorized",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]),
        by("alice"),
        "commit",
        vec![remove("dave"), remove_client("dave", 1)],
    )?;
    cases.push(
        false,
        "canRemoveParticipant: a user who is not listed",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]).moves(3, 0, &[0]),
        by("alice"),
        "commit",
        vec![remove("erin")],
    )?;
    cases.push(
        false,
        "canRemoveParticipant: not for oneself",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]).moves(3, 3, &[0]),
        by("alice"),
        "proposal",
        vec![remove("alice"), remove_client("alice", 1)],
    )?;
    cases.push(
        false,
        "canRemoveParticipant: below the minimum",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]).set(2, "min", json!(2)),
        by("alice"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveParticipant: below the minimum of active participants",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]).set(2, "min_active", json!(2)),
        by("alice"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveParticipant: a commit leaves a client behind",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]).client("bob", 2),
        by("alice"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "canRemoveParticipant: a proposal leaves the clients to the commit",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]),
        by("alice"),
        "proposal",
        vec![remove("bob")],
    )?;
    cases.push(
        true,
        "canRemoveParticipant: a user who commits removes the clients",
        &four().can(3, &["canRemoveParticipant"]).moves(3, 2, &[0]),
        by("dave"),
        "commit",
        vec![proposed(remove("bob"), by("alice")), remove_client("bob", 1)],
    )?;
    Ok(())
}

fn can_remove_self(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canRemoveSelf: leaves with all clients",
        &four().can(2, &["canRemoveSelf"]).moves(2, 2, &[0]),
        by("bob"),
        "proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "canRemoveSelf: another commits",
        &four().can(2, &["canRemoveSelf"]).moves(2, 2, &[0]),
        by("dave"),
        "commit",
        vec![proposed(remove("bob"), by("bob")), proposed(remove_client("bob", 1), by("bob"))],
    )?;
    cases.push(
        false,
        "canRemoveSelf: without the capability",
        &four().moves(2, 2, &[0]),
        by("bob"),
        "proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveSelf: from a role that is not authorized",
        &four().can(2, &["canRemoveSelf"]).moves(2, 3, &[0]),
        by("bob"),
        "proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveSelf: a client stays",
        &four().can(2, &["canRemoveSelf"]).moves(2, 2, &[0]).client("bob", 2),
        by("bob"),
        "proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveSelf: not committed by the user itself",
        &four().can(2, &["canRemoveSelf"]).moves(2, 2, &[0]),
        by("bob"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveSelf: below the minimum",
        &four().can(2, &["canRemoveSelf"]).moves(2, 2, &[0]).set(2, "min", json!(2)),
        by("bob"),
        "proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canRemoveSelf: below the minimum of active participants",
        &four().can(2, &["canRemoveSelf"]).moves(2, 2, &[0]).set(2, "min_active", json!(2)),
        by("bob"),
        "proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    Ok(())
}

fn can_ban(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canBan: bans another with all clients",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canBan: without the capability",
        &four().moves(3, 2, &[1]),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canBan: from a role that is not authorized",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]),
        by("alice"),
        "commit",
        vec![set("dave", 1), remove_client("dave", 1)],
    )?;
    cases.push(
        false,
        "canBan: role 1 is named Banned",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]).set(1, "name", json!("Banned")),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canBan: below the minimum",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]).set(2, "min", json!(2)),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canBan: below the minimum of active participants",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]).set(2, "min_active", json!(2)),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "canBan: a full banned role protects no user",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]).set(1, "max", json!(0)),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canBan: a commit leaves the clients",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]),
        by("alice"),
        "commit",
        vec![set("bob", 1)],
    )?;
    cases.push(
        true,
        "canBan: a proposal leaves the clients to the commit",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]),
        by("alice"),
        "proposal",
        vec![set("bob", 1)],
    )?;
    cases.push(
        true,
        "canBan: a stranger in advance",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]).moves(3, 0, &[1]),
        by("alice"),
        "commit",
        vec![add("erin", 1)],
    )?;
    cases.push(
        false,
        "canBan: a stranger in advance, not authorized from 0",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]),
        by("alice"),
        "commit",
        vec![add("erin", 1)],
    )?;
    cases.push(
        false,
        "canBan: a stranger in advance, with a client",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]).moves(3, 0, &[1]),
        by("alice"),
        "commit",
        vec![add("erin", 1), add_client("erin", 1)],
    )?;
    cases.push(
        false,
        "canBan: not for oneself",
        &four().can(3, &["canBan"]).moves(3, 2, &[1]).moves(3, 3, &[1]),
        by("alice"),
        "commit",
        vec![set("alice", 1)],
    )?;
    Ok(())
}

fn can_un_ban(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canUnBan: lifts a ban",
        &four().inactive("erin", 1).can(3, &["canUnBan"]).moves(3, 1, &[2]),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        true,
        "canUnBan: by its other spelling",
        &four().inactive("erin", 1).can(3, &["canUnban"]).moves(3, 1, &[2]),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        false,
        "canUnBan: without the capability",
        &four().inactive("erin", 1).moves(3, 1, &[2]),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        false,
        "canUnBan: to a role that is not authorized",
        &four().inactive("erin", 1).can(3, &["canUnBan"]).moves(3, 1, &[2]),
        by("alice"),
        "commit",
        vec![set("erin", 4)],
    )?;
    cases.push(
        false,
        "canUnBan: a user who is not banned",
        &four().inactive("erin", 1).can(3, &["canUnBan"]).moves(3, 1, &[2]).moves(3, 2, &[4]),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canUnBan: role 1 is not named banned",
        &four().inactive("erin", 1).can(3, &["canUnBan"]).moves(3, 1, &[2]).set(1, "name", json!("outlaw")),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        false,
        "canUnBan: below the minimum of role 1",
        &four().inactive("erin", 1).can(3, &["canUnBan"]).moves(3, 1, &[2]).set(1, "min", json!(1)),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        false,
        "canUnBan: above the maximum",
        &four().inactive("erin", 1).can(3, &["canUnBan"]).moves(3, 1, &[2]).set(2, "max", json!(2)),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        false,
        "canUnBan: adds no clients",
        &four().inactive("erin", 1).can(3, &["canUnBan"]).moves(3, 1, &[2]),
        by("alice"),
        "commit",
        vec![set("erin", 2), add_client("erin", 1)],
    )?;
    Ok(())
}

fn can_kick(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canKick: removes all clients and keeps the user",
        &four().can(3, &["canKick"]).client("bob", 2),
        by("alice"),
        "commit",
        vec![remove_client("bob", 1), remove_client("bob", 2)],
    )?;
    cases.push(
        true,
        "canKick: some clients",
        &four().can(3, &["canKick"]).client("bob", 2),
        by("alice"),
        "commit",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canKick: without the capability",
        &four(),
        by("alice"),
        "commit",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canKick: below the minimum of active participants",
        &four().can(3, &["canKick"]).set(2, "min_active", json!(2)),
        by("alice"),
        "commit",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canKick: not for own clients",
        &four().can(3, &["canKick"]).client("alice", 2),
        by("alice"),
        "commit",
        vec![remove_client("alice", 2)],
    )?;
    Ok(())
}

fn can_change_user_role(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeUserRole: moves another",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: without the capability",
        &four().moves(3, 2, &[4]),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: to a role that is not authorized",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]),
        by("alice"),
        "commit",
        vec![set("bob", 3)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: from a role that is not authorized",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]),
        by("alice"),
        "commit",
        vec![set("dave", 2)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: to role 0",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).moves(3, 2, &[0]),
        by("alice"),
        "commit",
        vec![set("bob", 0)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: to an undefined role",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).moves(3, 2, &[9]),
        by("alice"),
        "commit",
        vec![set("bob", 9)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: a user who is not listed",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).moves(3, 0, &[2]),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: not for oneself",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).moves(3, 3, &[4]),
        by("alice"),
        "commit",
        vec![set("alice", 4)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: below the minimum",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).set(2, "min", json!(2)),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: below the minimum of active participants",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).set(2, "min_active", json!(2)),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: above the maximum",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).set(4, "max", json!(1)),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: above the maximum of active participants",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]).set(4, "max_active", json!(1)),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        true,
        "canChangeUserRole: lifts a ban",
        &four().inactive("erin", 1).can(3, &["canChangeUserRole"]).moves(3, 1, &[2]),
        by("alice"),
        "commit",
        vec![set("erin", 2)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: a ban of an active user takes canKick as well",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[1]),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "canChangeUserRole: a ban of an active user with canKick",
        &four().can(3, &["canChangeUserRole", "canKick"]).moves(3, 2, &[1]),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "canChangeUserRole: a proposed ban of an active user with its clients",
        &four().can(3, &["canChangeUserRole", "canKick"]).moves(3, 2, &[1]),
        by("alice"),
        "proposal",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "canChangeUserRole: a proposed ban of an active user without its clients",
        &four().can(3, &["canChangeUserRole", "canKick"]).moves(3, 2, &[1]),
        by("alice"),
        "proposal",
        vec![set("bob", 1)],
    )?;
    Ok(())
}

fn can_change_own_role(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeOwnRole: the first role that is not 0",
        &four().can(2, &["canChangeOwnRole"]).preauth(
            json!([{"claims": [claim("n", "0")], "role": 0}, {"claims": [claim("org", "a")], "role": 4}]),
        ),
        claiming("bob", &[claim("org", "a"), claim("n", "0")]),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeOwnRole: without the capability",
        &four().preauth(json!([{"claims": [claim("org", "a")], "role": 4}])),
        claiming("bob", &[claim("org", "a"), claim("n", "0")]),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeOwnRole: another role",
        &four()
            .can(2, &["canChangeOwnRole"])
            .preauth(
                json!([{"claims": [claim("n", "0")], "role": 0}, {"claims": [claim("org", "a")], "role": 4}]),
            )
            .moves(2, 2, &[3]),
        claiming("bob", &[claim("org", "a"), claim("n", "0")]),
        "commit",
        vec![set("bob", 3)],
    )?;
    cases.push(
        false,
        "canChangeOwnRole: no claims",
        &four().can(2, &["canChangeOwnRole"]).preauth(
            json!([{"claims": [claim("n", "0")], "role": 0}, {"claims": [claim("org", "a")], "role": 4}]),
        ),
        by("bob"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeOwnRole: below the minimum",
        &four()
            .can(2, &["canChangeOwnRole"])
            .preauth(
                json!([{"claims": [claim("n", "0")], "role": 0}, {"claims": [claim("org", "a")], "role": 4}]),
            )
            .set(2, "min", json!(2)),
        claiming("bob", &[claim("org", "a"), claim("n", "0")]),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeOwnRole: below the minimum of active participants",
        &four()
            .can(2, &["canChangeOwnRole"])
            .preauth(
                json!([{"claims": [claim("n", "0")], "role": 0}, {"claims": [claim("org", "a")], "role": 4}]),
            )
            .set(2, "min_active", json!(2)),
        claiming("bob", &[claim("org", "a"), claim("n", "0")]),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeOwnRole: above the maximum",
        &four()
            .can(2, &["canChangeOwnRole"])
            .preauth(
                json!([{"claims": [claim("n", "0")], "role": 0}, {"claims": [claim("org", "a")], "role": 4}]),
            )
            .set(4, "max", json!(1)),
        claiming("bob", &[claim("org", "a"), claim("n", "0")]),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "canChangeOwnRole: above the maximum of active participants",
        &four()
            .can(2, &["canChangeOwnRole"])
            .preauth(
                json!([{"claims": [claim("n", "0")], "role": 0}, {"claims": [claim("org", "a")], "role": 4}]),
            )
            .set(4, "max_active", json!(1)),
        claiming("bob", &[claim("org", "a"), claim("n", "0")]),
        "commit",
        vec![set("bob", 4)],
    )?;
    Ok(())
}

fn can_change_room_name(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeRoomName: changes it",
        &four().can(2, &["canChangeRoomName"]),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["name"]})],
    )?;
    cases.push(
        false,
        "canChangeRoomName: without the capability",
        &four().can(
            2,
            &["canChangeRoomDescription", "canChangeRoomAvatar", "canChangeRoomSubject", "canChangeRoomMood"],
        ),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["name"]})],
    )?;
    Ok(())
}

fn can_change_room_description(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeRoomDescription: changes it",
        &four().can(2, &["canChangeRoomDescription"]),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["descriptions"]})],
    )?;
    cases.push(
        false,
        "canChangeRoomDescription: without the capability",
        &four().can(
            2,
            &["canChangeRoomName", "canChangeRoomAvatar", "canChangeRoomSubject", "canChangeRoomMood"],
        ),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["descriptions"]})],
    )?;
    Ok(())
}

fn can_change_room_avatar(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeRoomAvatar: changes it",
        &four().can(2, &["canChangeRoomAvatar"]),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["avatar"]})],
    )?;
    cases.push(
        false,
        "canChangeRoomAvatar: without the capability",
        &four().can(
            2,
            &["canChangeRoomName", "canChangeRoomDescription", "canChangeRoomSubject", "canChangeRoomMood"],
        ),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["avatar"]})],
    )?;
    Ok(())
}

fn can_change_room_subject(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeRoomSubject: changes it",
        &four().can(2, &["canChangeRoomSubject"]),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["subject"]})],
    )?;
    cases.push(
        false,
        "canChangeRoomSubject: without the capability",
        &four().can(
            2,
            &["canChangeRoomName", "canChangeRoomDescription", "canChangeRoomAvatar", "canChangeRoomMood"],
        ),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["subject"]})],
    )?;
    Ok(())
}

fn can_change_room_mood(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeRoomMood: changes it",
        &four().can(2, &["canChangeRoomMood"]),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["mood"]})],
    )?;
    cases.push(
        false,
        "canChangeRoomMood: without the capability",
        &four().can(
            2,
            &["canChangeRoomName", "canChangeRoomDescription", "canChangeRoomAvatar", "canChangeRoomSubject"],
        ),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["mood"]})],
    )?;
    Ok(())
}

fn metadata(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        false,
        "metadata: one of two fields without its capability",
        &four().can(2, &["canChangeRoomName"]),
        by("bob"),
        "commit",
        vec![json!({"op": "update_metadata", "fields": ["name", "mood"]})],
    )?;
    Ok(())
}

fn can_change_role_definitions(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeRoleDefinitions: with it",
        &four().can(3, &["canChangeRoleDefinitions"]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_roles", "roles": four().roles})],
    )?;
    cases.push(
        false,
        "canChangeRoleDefinitions: without it",
        &four(),
        by("alice"),
        "commit",
        vec![json!({"op": "update_roles", "roles": four().roles})],
    )?;
    Ok(())
}

fn can_change_preauthorized_user_list(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangePreauthorizedUserList: with it",
        &four().can(3, &["canChangePreauthorizedUserList"]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_preauth", "preauth": []})],
    )?;
    cases.push(
        false,
        "canChangePreauthorizedUserList: without it",
        &four(),
        by("alice"),
        "commit",
        vec![json!({"op": "update_preauth", "preauth": []})],
    )?;
    Ok(())
}

fn can_change_room_membership_style(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canChangeRoomMembershipStyle: with it",
        &four().can(3, &["canChangeRoomMembershipStyle"]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_base", "base": base(json!({"discoverable": true}))})],
    )?;
    cases.push(
        false,
        "canChangeRoomMembershipStyle: without it",
        &four(),
        by("alice"),
        "commit",
        vec![json!({"op": "update_base", "base": base(json!({"discoverable": true}))})],
    )?;
    Ok(())
}

fn can_send_mlsreinit_proposal(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canSendMLSReinitProposal: with it",
        &four().can(3, &["canSendMLSReinitProposal"]),
        by("alice"),
        "commit",
        vec![json!({"op": "reinit"})],
    )?;
    cases.push(
        false,
        "canSendMLSReinitProposal: without it",
        &four(),
        by("alice"),
        "commit",
        vec![json!({"op": "reinit"})],
    )?;
    Ok(())
}

fn can_destroy_room(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canDestroyRoom: with it",
        &four().can(3, &["canDestroyRoom"]),
        by("alice"),
        "commit",
        vec![json!({"op": "destroy_room"})],
    )?;
    cases.push(
        false,
        "canDestroyRoom: without it",
        &four(),
        by("alice"),
        "commit",
        vec![json!({"op": "destroy_room"})],
    )?;
    Ok(())
}

fn together(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        false,
        "together: two role changes of one user",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![set("bob", 4), set("bob", 3)],
    )?;
    cases.push(
        false,
        "together: removed and added again",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1), add("bob", 2)],
    )?;
    cases.push(
        false,
        "together: one client removed twice",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![remove_client("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "together: new roles beside an addition",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_roles", "roles": four().roles}), add("erin", 2)],
    )?;
    cases.push(
        false,
        "together: new roles beside a role change",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_roles", "roles": four().roles}), set("bob", 4)],
    )?;
    cases.push(
        false,
        "together: new roles beside a removal",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_roles", "roles": four().roles}), remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "together: new roles beside a kick",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_roles", "roles": four().roles}), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "together: new preauthorization beside an addition",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_preauth", "preauth": []}), add("erin", 2)],
    )?;
    cases.push(
        false,
        "together: new preauthorization beside a ban",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_preauth", "preauth": []}), set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "together: new preauthorization beside a removal",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_preauth", "preauth": []}), remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "together: two updates of the metadata",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![
            json!({"op": "update_metadata", "fields": ["name"]}),
            json!({"op": "update_metadata", "fields": ["name"]}),
        ],
    )?;
    cases.push(
        false,
        "together: a ReInit beside something else",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "reinit"}), json!({"op": "update_metadata", "fields": ["name"]})],
    )?;
    cases.push(
        true,
        "together: one comes as one goes at the maximum and minimum",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .set(2, "max", json!(2))
            .set(2, "min", json!(2)),
        by("alice"),
        "commit",
        vec![set("bob", 4), add("erin", 2)],
    )?;
    cases.push(
        true,
        "together: a role that is not touched never refuses",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .set(4, "min", json!(9)),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        true,
        "together: a minimum is not asked of a role that gains",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .set(4, "min", json!(9)),
        by("alice"),
        "commit",
        vec![add("erin", 4)],
    )?;
    cases.push(
        true,
        "together: a maximum is not asked of a role that loses",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .set(2, "max", json!(0)),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        false,
        "together: rights are those before the commit",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![set("bob", 3), proposed(set("carol", 4), by("bob"))],
    )?;
    cases.push(
        false,
        "together: one refused change refuses all",
        &four().can(3, &["canChangeUserRole"]).moves(3, 2, &[4]),
        by("alice"),
        "commit",
        vec![set("bob", 4), set("carol", 3)],
    )?;
    Ok(())
}

fn fixed_membership(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        false,
        "fixed_membership: a role with canAddParticipant makes the room invalid",
        &four().base(json!({"fixed_membership": true})).can(3, &["canAddParticipant"]),
        by("alice"),
        "commit",
        none(),
    )?;
    cases.push(
        false,
        "fixed_membership: no removal",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true})),
        by("alice"),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "fixed_membership: no leaving",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true}))
            .can(2, &["canRemoveSelf"])
            .moves(2, 2, &[0]),
        by("bob"),
        "proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "fixed_membership: no joining",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true}))
            .can(0, &["canOpenJoin"])
            .moves(0, 0, &[2]),
        by("erin"),
        "external_commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "fixed_membership: no ban in advance",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true})),
        by("alice"),
        "commit",
        vec![add("erin", 1)],
    )?;
    cases.push(
        true,
        "fixed_membership: a role changes",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true})),
        by("alice"),
        "commit",
        vec![set("bob", 4)],
    )?;
    cases.push(
        true,
        "fixed_membership: a ban",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true})),
        by("alice"),
        "commit",
        vec![set("bob", 1), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "fixed_membership: clients come",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true}))
            .can(2, &["canAddOwnClient"]),
        by("bob"),
        "commit",
        vec![add_client("bob", 2)],
    )?;
    cases.push(
        true,
        "fixed_membership: clients go",
        &four()
            .can(3, &["canRemoveParticipant", "canBan", "canChangeUserRole"])
            .moves(3, 0, &[1, 2])
            .moves(3, 2, &[0, 1, 4])
            .base(json!({"fixed_membership": true}))
            .can(2, &["canRemoveOwnClient"]),
        by("bob"),
        "proposal",
        vec![remove_client("bob", 1)],
    )?;
    Ok(())
}

fn base_policy(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "base policy: max_users does not count the banned",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .inactive("zoe", 1)
            .base(json!({"max_users": 5})),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "base policy: above max_users",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .base(json!({"max_users": 4})),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "base policy: above max_users by the end of a ban",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .inactive("zoe", 1)
            .base(json!({"max_users": 4})),
        by("alice"),
        "commit",
        vec![set("zoe", 2)],
    )?;
    cases.push(
        false,
        "base policy: above max_clients",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .base(json!({"max_clients": 4})),
        by("alice"),
        "commit",
        vec![add_client("alice", 2)],
    )?;
    cases.push(
        false,
        "base policy: a room above max_users is invalid",
        &four().base(json!({"max_users": 3})),
        by("alice"),
        "commit",
        none(),
    )?;
    cases.push(
        false,
        "base policy: a second client in a single-device room",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .base(json!({"multi_device": false})),
        by("alice"),
        "commit",
        vec![add_client("alice", 2)],
    )?;
    cases.push(
        true,
        "base policy: another client instead in a single-device room",
        &four().can(2, &["canAddOwnClient", "canRemoveOwnClient"]).base(json!({"multi_device": false})),
        device("bob", 2),
        "external_commit",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "base policy: max_users below the number of users",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![json!({"op": "update_base", "base": base(json!({"max_users": 3}))})],
    )?;
    cases.push(
        false,
        "base policy: a temporary room whose last client is gone",
        &four().base(json!({"persistent_room": false})).can(2, &["canAddOwnClient"]).without_clients(),
        by("bob"),
        "external_commit",
        none(),
    )?;
    cases.push(
        true,
        "base policy: a persistent room whose last client is gone",
        &four().can(2, &["canAddOwnClient"]).without_clients(),
        by("bob"),
        "external_commit",
        none(),
    )?;
    Ok(())
}

fn parent_dependant(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "parent_dependant: adds a user of the parent",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .base(json!({"parent_dependant": true, "parent_room": "mimi://a.example/r/parent"}))
            .parent(&["alice", "bob", "carol", "dave", "erin", "frank"]),
        by("alice"),
        "commit",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "parent_dependant: adds another user",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .base(json!({"parent_dependant": true, "parent_room": "mimi://a.example/r/parent"}))
            .parent(&["alice", "bob", "carol", "dave", "erin", "frank"]),
        by("alice"),
        "commit",
        vec![add("grace", 2)],
    )?;
    cases.push(
        false,
        "parent_dependant: adds all users",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .base(json!({"parent_dependant": true, "parent_room": "mimi://a.example/r/parent"}))
            .parent(&["alice", "bob", "carol", "dave", "erin", "frank"]),
        by("alice"),
        "commit",
        vec![add("erin", 2), add("frank", 2)],
    )?;
    cases.push(
        false,
        "parent_dependant: no parent room",
        &four().base(json!({"parent_dependant": true})).parent(&["alice", "bob", "carol", "dave", "erin"]),
        by("alice"),
        "commit",
        none(),
    )?;
    Ok(())
}

fn who(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "who: a member without capabilities commits nothing new",
        &four(),
        by("bob"),
        "commit",
        none(),
    )?;
    cases.push(false, "who: a user who is not listed", &four(), by("erin"), "commit", none())?;
    cases.push(
        false,
        "who: a client that is not in the group",
        &four(),
        device("bob", 2),
        "commit",
        none(),
    )?;
    cases.push(
        true,
        "who: an external sender with the role it is preauthorized for",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .preauth(json!([{"claims": [claim("hub", "a")], "role": 3}])),
        server(&[claim("hub", "a")]),
        "external_proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "who: an external sender without preauthorization",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        server(&[claim("hub", "a")]),
        "external_proposal",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "who: an external sender never commits",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .preauth(json!([{"claims": [claim("hub", "a")], "role": 3}])),
        server(&[claim("hub", "a")]),
        "commit",
        vec![remove("bob"), remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "who: a commit takes up an external sender's proposal",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .preauth(json!([{"claims": [claim("hub", "a")], "role": 3}])),
        by("dave"),
        "commit",
        vec![proposed(remove("bob"), server(&[claim("hub", "a")])), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "who: a proposal of a user without the right",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3]),
        by("alice"),
        "commit",
        vec![proposed(set("bob", 4), by("dave"))],
    )?;
    Ok(())
}

fn can_send_message(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        true,
        "canSendMessage: sends",
        &four().can(2, &["canSendMessage"]),
        by("bob"),
        "message",
        none(),
    )?;
    cases.push(false, "canSendMessage: without it", &four(), by("bob"), "message", none())?;
    cases.push(
        false,
        "canSendMessage: inactive",
        &four().can(2, &["canSendMessage"]).inactive("erin", 2),
        by("erin"),
        "message",
        none(),
    )?;
    Ok(())
}

fn pending(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(
        false,
        "pending: a removed user sends nothing",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .can(2, &["canSendMessage"])
            .pending(by("alice"), remove("bob")),
        by("bob"),
        "message",
        none(),
    )?;
    cases.push(
        false,
        "pending: a banned user commits nothing",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), set("bob", 1)),
        by("bob"),
        "commit",
        none(),
    )?;
    cases.push(
        true,
        "pending: a removed user's client leaves",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), remove("bob")),
        by("bob"),
        "proposal",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "pending: a removed user's client renames the room",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .can(2, &["canChangeRoomName"])
            .pending(by("alice"), remove("bob")),
        by("bob"),
        "proposal",
        vec![json!({"op": "update_metadata", "fields": ["name"]})],
    )?;
    cases.push(
        false,
        "pending: a commit leaves a removed user's client",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), remove("bob")),
        by("dave"),
        "commit",
        none(),
    )?;
    cases.push(
        true,
        "pending: a commit removes it",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), remove("bob")),
        by("dave"),
        "commit",
        vec![remove_client("bob", 1)],
    )?;
    cases.push(
        true,
        "pending: a commit that names the removal",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), remove("bob")),
        by("dave"),
        "commit",
        vec![proposed(remove("bob"), by("alice")), remove_client("bob", 1)],
    )?;
    cases.push(
        false,
        "pending: a second operation on the user",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), set("bob", 4)),
        by("alice"),
        "commit",
        vec![set("bob", 3)],
    )?;
    cases.push(
        false,
        "pending: the maximum is reached",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .set(2, "max", json!(3))
            .pending(by("alice"), add("erin", 2)),
        by("alice"),
        "proposal",
        vec![add("frank", 2)],
    )?;
    cases.push(
        true,
        "pending: a promoted user acts",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), set("bob", 3)),
        by("bob"),
        "proposal",
        vec![add("erin", 2)],
    )?;
    cases.push(
        false,
        "pending: new roles beside it",
        &four()
            .can(
                3,
                &[
                    "canAddParticipant",
                    "canRemoveParticipant",
                    "canBan",
                    "canKick",
                    "canChangeUserRole",
                    "canAddOwnClient",
                    "canChangeRoleDefinitions",
                    "canChangePreauthorizedUserList",
                    "canChangeRoomMembershipStyle",
                    "canSendMLSReinitProposal",
                    "canChangeRoomName",
                ],
            )
            .moves(3, 0, &[1, 2, 3, 4])
            .moves(3, 1, &[0, 2])
            .moves(3, 2, &[0, 1, 3, 4])
            .moves(3, 4, &[0, 1, 2, 3])
            .pending(by("alice"), set("bob", 4)),
        by("alice"),
        "commit",
        vec![json!({"op": "update_roles", "roles": four().roles})],
    )?;
    Ok(())
}

fn invalid_room(cases: &mut Cases) -> Result<(), GenerateError> {
    cases.push(false, "invalid room: a role index twice", &four().again(2), by("alice"), "commit", none())?;
    cases.push(
        false,
        "invalid room: a participant twice",
        &four().inactive("bob", 3),
        by("alice"),
        "commit",
        none(),
    )?;
    cases.push(
        false,
        "invalid room: role 0 on the list",
        &four().inactive("erin", 0),
        by("alice"),
        "commit",
        none(),
    )?;
    cases.push(
        false,
        "invalid room: an undefined role on the list",
        &four().inactive("erin", 9),
        by("alice"),
        "commit",
        none(),
    )?;
    cases.push(
        false,
        "invalid room: a minimum above its maximum",
        &four().set(2, "min", json!(3)).set(2, "max", json!(2)),
        by("alice"),
        "commit",
        none(),
    )?;
    cases.push(
        false,
        "invalid room: a client of no user",
        &four().client("erin", 1),
        by("alice"),
        "commit",
        none(),
    )?;
    Ok(())
}
