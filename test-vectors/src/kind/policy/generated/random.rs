//! Decisions at random: the draft's example rooms, a few users, and changes that are often nearly
//! right.

use alloc::format;
use alloc::vec::Vec;

use mimi_content::{Disposition, NestedPart};
use serde_json::{Value, json};

use super::{
    GenerateError, GeneratedCase, Seed, add, add_client, by, case, claim, claiming, client, code, content,
    device, proposed, remove, remove_client, server, set, user,
};
use crate::file_format::Stream;

const NAMES: &[&str] = &["alice", "bob", "carol", "dave", "erin"];
const ROOMS: &[(&str, u64)] =
    &[("cooperative", 6), ("strict", 6), ("moderated", 8), ("multi_organization", 10)];

/// So many of each verdict and room: of changes, and of messages.
const COUNT: [usize; 2] = [25, 10];

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    for (roles, count) in ROOMS {
        // [of changes, of messages], each [refused, allowed].
        let (mut made, mut number) = ([[0; 2]; 2], 0u32);
        while made != COUNT.map(|count| [count; 2]) {
            number = number.saturating_add(1);
            let mut stream = Stream::new(seed, "policy", &format!("{roles} {number}"));
            let (room, actor, form, changes) = random(&mut stream, roles, *count);
            let (case, decision) = case(&format!("random, {roles}, {number}"), room, actor, form, changes)?;
            let of_form = usize::from(form == "message");
            let counted = made.get_mut(of_form).and_then(|of| of.get_mut(usize::from(decision.is_allowed())));
            if let (Some(counted), Some(wanted)) = (counted, COUNT.get(of_form))
                && *counted < *wanted
            {
                *counted = counted.saturating_add(1);
                cases.push(case);
            }
        }
    }
    Ok(cases)
}

fn name(stream: &mut Stream) -> &'static str {
    stream.pick(NAMES).unwrap_or("alice")
}

fn number(stream: &mut Stream, bound: u64) -> u32 {
    u32::try_from(stream.below(bound)).unwrap_or(0)
}

fn random(stream: &mut Stream, roles: &str, count: u64) -> (Value, Value, &'static str, Vec<Value>) {
    let mut participants = Vec::new();
    let mut clients = Vec::new();
    for name in NAMES {
        if stream.one_in(4) {
            continue;
        }
        let role = number(stream, count.saturating_sub(2)).saturating_add(1);
        participants.push(json!([user(name), role]));
        if role > 1 {
            for device in 1..=number(stream, 3) {
                clients.push(json!([user(name), client(name, device)]));
            }
        }
    }
    let target = number(stream, count);
    let room = json!({"roles": roles, "participants": participants, "clients": clients,
        "preauth": [{"claims": [claim("org", "a")], "role": target}]});

    let form =
        stream.pick(&["commit", "commit", "proposal", "external_commit", "external_proposal", "message"]);
    let form = form.unwrap_or("commit");
    let member = stream.pick(&clients).filter(|_| form == "message" && !stream.one_in(8));
    let actor = match member {
        Some(client) => json!({"user": client.get(0), "client": client.get(1)}),
        None => actor(stream, form),
    };
    let mut changes = Vec::new();
    match form {
        "message" => changes.extend(random_message(stream)),
        _ => {
            // A joiner's client is change enough, once in a while; any other form without a change
            // says nothing.
            let least = u32::from(form != "external_commit" || !stream.one_in(8));
            for _ in 0..number(stream, 3).max(least) {
                change(stream, form, &actor, count, &clients, &mut changes);
            }
        }
    }
    (room, actor, form, changes)
}

/// A message that says, replies, reacts, edits or deletes something; nothing, once in a while.
fn random_message(stream: &mut Stream) -> Option<Value> {
    if stream.one_in(8) {
        return None;
    }
    let topic = |stream: &mut Stream| stream.pick(&["", "", "here", "there"]).unwrap_or_default();
    let body = match stream.below(9) {
        0 | 1 => content::reaction(),
        2 => NestedPart::null(Disposition::RENDER),
        3 => NestedPart::null(Disposition::REACTION),
        4 => {
            let disposition = stream.pick(&[Disposition::RENDER, Disposition::ATTACHMENT])?;
            let content_type = stream.pick(&["image/png", "audio/ogg", "video/mp4", "application/pdf"])?;
            content::external(disposition, content_type)
        }
        5 => content::text("see https://b.example"),
        6 => content::text(&user(name(stream))),
        _ => content::text("hello"),
    };
    let mut builder = content::message(body).topic_id(topic(stream));
    builder = match stream.below(4) {
        0 => builder,
        1 => builder.in_reply_to(content::TARGET),
        _ => builder.replaces(content::TARGET),
    };
    let disposition = stream.pick(&[Disposition::RENDER, Disposition::REACTION])?;
    let earlier = match stream.one_in(6) {
        true => json!({}),
        false => content::earlier(name(stream), disposition, topic(stream)),
    };
    Some(content::content(&builder.build().ok()?.encode(), &earlier))
}

fn actor(stream: &mut Stream, form: &str) -> Value {
    let name = name(stream);
    match form {
        "external_proposal" if !stream.one_in(3) => server(&[claim("org", "a")]),
        "external_commit" => device(name, number(stream, 2).saturating_add(2)),
        _ if stream.one_in(4) => claiming(name, &[claim("org", "a")]),
        _ => by(name),
    }
}

fn change(
    stream: &mut Stream,
    form: &str,
    actor: &Value,
    count: u64,
    clients: &[Value],
    changes: &mut Vec<Value>,
) {
    let who = name(stream);
    let role = number(stream, count);
    let device = number(stream, 3).saturating_add(1);
    let own = actor.get("user").and_then(Value::as_str).and_then(|uri| uri.rsplit('/').next());
    let joiner = own.filter(|_| form == "external_commit").unwrap_or(who);
    let mut made = match stream.below(9) {
        0 | 1 => add(joiner, role),
        2 => remove(who),
        3 | 4 => set(who, role),
        5 => add_client(who, device),
        6 => remove_client(who, device),
        7 => code(joiner, role, !stream.one_in(4)),
        _ => json!({"op": "update_metadata", "fields": ["name"]}),
    };
    if form == "commit" && stream.one_in(4) {
        made = proposed(made, by(name(stream)));
    }
    // A user who goes, goes with all clients, most of the time.
    let is = |member: &str, value: Value| made.get(member) == Some(&value);
    let goes = is("op", "remove_participant".into()) || is("op", "set_role".into()) && is("role", 1.into());
    let by = made.get("by").cloned();
    changes.push(made);
    if goes && !stream.one_in(5) {
        let who = Value::from(user(who));
        for entry in clients.iter().filter(|entry| entry.get(0) == Some(&who)) {
            let removal = json!({"op": "remove_client", "user": who, "client": entry.get(1)});
            changes.push(match &by {
                Some(by) => proposed(removal, by.clone()),
                None => removal,
            });
        }
    }
}
