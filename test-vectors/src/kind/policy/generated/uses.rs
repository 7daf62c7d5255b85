//! What users do with what they have received, and in calls: each capability, with it and without
//! it.

use alloc::format;
use alloc::vec::Vec;

use mimi_codec::CapabilityType;
use serde_json::{Value, json};

use super::{Cases, GenerateError, GeneratedCase, by, four, none, server};
use mimi_policy::json::PolicyUse;

fn capability(what: PolicyUse) -> CapabilityType {
    match what {
        PolicyUse::ReceiveMessage => CapabilityType::CAN_RECEIVE_MESSAGE,
        PolicyUse::Of(what) => what.capability(),
    }
}

fn uses(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"op": "use", "what": name})).collect()
}

pub(super) fn cases() -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Cases(Vec::new());
    let all: Vec<(&str, &str)> =
        PolicyUse::all().map(|what| (what.name(), capability(what).name().unwrap_or_default())).collect();
    for (what, name) in &all {
        // Every capability but this one: no other stands in for it.
        let others: Vec<&str> = all.iter().map(|(_, other)| *other).filter(|other| other != name).collect();
        let one = uses(&[what]);
        let named = |condition: &str| format!("{name}: {condition}");
        cases.push(true, &named("with it"), &four().can(2, &[name]), by("bob"), "use", one.clone())?;
        cases.push(
            false,
            &named("with all others"),
            &four().can(2, &others),
            by("bob"),
            "use",
            one.clone(),
        )?;
        cases.push(
            false,
            &named("of another role"),
            &four().can(3, &[name]).can(2, &others),
            by("bob"),
            "use",
            one.clone(),
        )?;
        cases.push(
            false,
            &named("a banned user"),
            &four().can(1, &[name]).active("eve", 1),
            by("eve"),
            "use",
            one.clone(),
        )?;
        cases.push(false, &named("not on the list"), &four().can(0, &[name]), by("eve"), "use", one)?;
    }
    let (receive, copy) = ("canReceiveMessage", "canCopyMessage");
    let both = uses(&["receive_message", "copy_message"]);
    cases.push(
        true,
        "two uses, both allowed",
        &four().can(2, &[receive, copy]),
        by("bob"),
        "use",
        both.clone(),
    )?;
    cases.push(
        false,
        "two uses, the second refused",
        &four().can(2, &[receive]),
        by("bob"),
        "use",
        both.clone(),
    )?;
    cases.push(false, "two uses, the first refused", &four().can(2, &[copy]), by("bob"), "use", both)?;
    let scene = four().can(2, &[receive]).inactive("eve", 2);
    let what = uses(&["receive_message"]);
    cases.push(true, "a participant without a client may receive", &scene, by("eve"), "use", what.clone())?;
    cases.push(
        false,
        "a server uses no message",
        &four().can(0, &[receive]),
        server(&[]),
        "use",
        what.clone(),
    )?;
    cases.push(
        false,
        "a use in a commit",
        &four().can(3, &[receive]),
        by("alice"),
        "commit",
        what.clone(),
    )?;
    cases.push(
        false,
        "a use in a message",
        &four().can(3, &[receive, "canSendMessage"]),
        by("alice"),
        "message",
        what,
    )?;
    let reinit = [json!({"op": "reinit"})].into();
    let scene = four().can(3, &["canSendMLSReinitProposal"]);
    cases.push(false, "a change of the room as a use", &scene, by("alice"), "use", reinit)?;
    cases.push(true, "no use", &four(), by("bob"), "use", none())?;
    Ok(cases.0)
}
