//! `mimi-vectors policy can`, `who` and `diff`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use mimi_policy::json::{self as policy_json, PolicyCase, PolicyRoom};
use mimi_policy::lint::Policy;
use mimi_policy::queries::{Answer, PolicyDifference, differences};
use mimi_policy::{Actor, Change, ClientUri, Form, Grant, RoomState, UserUri};
use mimi_test_vectors::{Decision, decide, room_state};
use serde_json::{Value, json};

use super::decide::why;
use crate::Outcome;
use crate::input::refused;

/// A user that no room has: what can be done to it can be done to every user who is not on the
/// list.
const STRANGER: &str = "mimi://unlisted.invalid/u/any";

/// What one user can do now.
pub(super) fn can(
    room: &PolicyRoom,
    user: &str,
    client: Option<&str>,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let (state, actor) = match state_and_actor(room, user, client) {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let capabilities: Vec<_> = state.capabilities_of(actor.uri()).collect();
    let stranger = UserUri::try_from(STRANGER).ok();
    let others = state.participants().map(|(user, _)| user.clone()).filter(|user| user != actor.uri());
    let about = [actor.uri().clone()].into_iter().chain(others).chain(stranger);
    let answers: Vec<Answer> = about.flat_map(|other| state.what_can(&actor, &other)).collect();
    if json {
        let capabilities: serde_json::Map<String, Value> =
            capabilities.iter().map(|(capability, has)| (capability.to_string(), json!(has))).collect();
        let answers: Vec<Value> = answers
            .iter()
            .map(|answer| {
                let (allow, why) = verdict_and_reasons(&answer.verdict);
                json!({"allow": allow, "why": why, "form": form(answer.form), "what": what(answer)})
            })
            .collect();
        let role = state.role_of(actor.uri());
        writeln!(
            out,
            "{}",
            json!({"user": user, "role": role, "capabilities": capabilities, "answers": answers})
        )?;
        return Ok(Outcome::Holds);
    }
    match state.role_of(actor.uri()) {
        Some(role) => writeln!(out, "{user} has role {role}.")?,
        None => writeln!(out, "{user} is not on the participant list.")?,
    }
    let list = |has: bool| {
        let names: Vec<String> =
            capabilities.iter().filter(|(_, held)| *held == has).map(|(c, _)| c.to_string()).collect();
        if names.is_empty() { "nothing".to_string() } else { names.join(", ") }
    };
    writeln!(out, "It has {}.\nIt lacks {}.", list(true), list(false))?;
    for answer in &answers {
        writeln!(out, "{}", sentence(&what(answer), &answer.verdict))?;
    }
    Ok(Outcome::Holds)
}

fn state_and_actor(
    room: &PolicyRoom,
    user: &str,
    client: Option<&str>,
) -> Result<(RoomState, Actor), Outcome> {
    let wrong = |name: &str, error: &dyn std::fmt::Display| Outcome::WrongUsage(format!("{name}: {error}"));
    let state = room_state(room).map_err(|why| refused(&format!("the room is not valid: {why}")))?;
    let uri = UserUri::try_from(user).map_err(|error| wrong(user, &error))?;
    let client = match (client, state.clients_of(&uri).next()) {
        (Some(client), _) => ClientUri::try_from(client).map_err(|error| wrong(client, &error))?,
        (None, Some(client)) => client.clone(),
        (None, None) => {
            ClientUri::try_from("mimi://unlisted.invalid/d/any").map_err(|error| wrong("a client", &error))?
        }
    };
    Ok((state, Actor::client(uri, client)))
}

/// Which participants can do what each case asks for.
pub(super) fn who(cases: &[PolicyCase], json: bool, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut reports = Vec::new();
    for case in cases {
        if let (Some(name), true, false) = (&case.name, cases.len() > 1, json) {
            writeln!(out, "# {name}\n")?;
        }
        let mut candidates = Vec::new();
        for pair in &case.room.participants.participants {
            let user = String::from_utf8_lossy(pair.user.as_slice()).into_owned();
            let actor = policy_json::Actor::User { user: user.clone(), client: None, claims: Vec::new() };
            let decision = decide(&PolicyCase { actor, ..case.clone() });
            let verdict = match decision {
                Decision::Allowed(grants) => Ok(grants),
                Decision::Refused(why) => Err(why),
            };
            if json {
                let (allow, why) = verdict_and_reasons(&verdict);
                candidates.push(json!({"allow": allow, "why": why, "user": user, "role": pair.role_index}));
            } else {
                writeln!(out, "{}", sentence(&format!("{user} (role {})", pair.role_index), &verdict))?;
            }
        }
        reports.push(json!({"case": case.name, "participants": candidates}));
        if !json && cases.len() > 1 {
            writeln!(out)?;
        }
    }
    if json {
        writeln!(out, "{}", json!({"cases": reports}))?;
    }
    Ok(Outcome::Holds)
}

/// Where two policies differ, and what the roles of the second do to the participants of the first.
pub(super) fn diff(
    before: &PolicyRoom,
    after: &PolicyRoom,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let found = differences(&policy(before), &policy(after));
    // Without a valid room there are no participants to ask about.
    let effect = room_state(before).ok().map(|state| state.effect_of_roles(&after.role_data()));
    let outcome = if found.is_empty() { Outcome::Holds } else { Outcome::Fails };
    if json {
        let texts =
            |found: &[PolicyDifference]| -> Vec<String> { found.iter().map(ToString::to_string).collect() };
        let effect = effect.map(|effect| {
            let roles: Vec<Value> = effect
                .roles
                .iter()
                .map(|role| {
                    json!({
                        "role": role.role,
                        "users": role.users.iter().map(ToString::to_string).collect::<Vec<_>>(),
                        "undefined": role.undefined,
                        "cut_off": role.cut_off,
                        "differences": texts(&role.differences),
                    })
                })
                .collect();
            json!({
                "defects": effect.defects.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "limits": effect.limits.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "roles": roles,
                "lock_outs": effect.lock_outs.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        });
        writeln!(out, "{}", json!({"differences": texts(&found), "effect": effect}))?;
        return Ok(outcome);
    }
    if found.is_empty() {
        writeln!(out, "no difference")?;
    }
    for difference in &found {
        writeln!(out, "{difference}")?;
    }
    let Some(effect) = effect else { return Ok(outcome) };
    for defect in &effect.defects {
        writeln!(out, "The roles are not valid: {defect}.")?;
    }
    for reason in &effect.limits {
        writeln!(out, "With the present participants, {reason}.")?;
    }
    for role in &effect.roles {
        let users: Vec<String> = role.users.iter().map(ToString::to_string).collect();
        let becomes = match (role.undefined, role.cut_off) {
            (true, _) => "would have a role that is not defined",
            (_, true) => "would be banned",
            _ => "would have other rights or limits",
        };
        writeln!(out, "Role {}: {} {becomes}.", role.role, users.join(", "))?;
    }
    for finding in &effect.lock_outs {
        writeln!(out, "{finding}")?;
    }
    Ok(outcome)
}

fn policy(room: &PolicyRoom) -> Policy {
    Policy {
        base: room.base.clone(),
        roles: room.role_data(),
        preauth: room.preauth.clone(),
        participants: None,
    }
}

fn sentence<E: ToString>(subject: &str, verdict: &Result<Vec<Grant>, E>) -> String {
    match verdict {
        Ok(grants) => format!("yes  {subject}: {}", rights(grants).join("; ")),
        Err(refusal) => format!("no   {subject}: {}", refusal.to_string()),
    }
}

fn verdict_and_reasons<E: ToString>(verdict: &Result<Vec<Grant>, E>) -> (bool, Vec<String>) {
    match verdict {
        Ok(grants) => (true, rights(grants)),
        Err(refusal) => (false, vec![refusal.to_string()]),
    }
}

/// What the grants rest on, each once.
fn rights(grants: &[Grant]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    grants.iter().map(why).filter(|text| seen.insert(text.clone())).collect()
}

const fn form(form: Form) -> &'static str {
    match form {
        Form::Proposal => "proposal",
        Form::Commit => "commit",
        Form::ExternalCommit => "external_commit",
        Form::ExternalProposal => "external_proposal",
        Form::Message => "message",
    }
}

/// The changes of an answer, in words.
fn what(answer: &Answer) -> String {
    let words: Vec<String> = answer.changes.iter().map(change).collect();
    if words.is_empty() { "send a message".into() } else { words.join(" and ") }
}

fn change(change: &Change) -> String {
    let who = |user: &UserUri| match user.to_string() {
        user if user == STRANGER => "a user who is not on the list".to_string(),
        user => user,
    };
    match change {
        Change::AddParticipant { user, role } => format!("add {} with role {role}", who(user)),
        Change::RemoveParticipant { user } => format!("remove {} from the list", who(user)),
        Change::SetRole { user, role } => format!("give {} role {role}", who(user)),
        Change::AddClient { user, client } => format!("add the client {client} of {}", who(user)),
        Change::RemoveClient { client, .. } => format!("remove the client {client}"),
        Change::UseJoinCode { role, .. } => format!("join with role {role} by a join code"),
        Change::UpdateRoles(_) => "replace the roles".into(),
        Change::UpdatePreAuth(_) => "replace the preauthorization".into(),
        Change::RetractMessages(_) => "retract messages".into(),
        Change::ReInit => "replace the group".into(),
        Change::DestroyRoom => "end the room".into(),
        other => format!("{other:?}"),
    }
}
