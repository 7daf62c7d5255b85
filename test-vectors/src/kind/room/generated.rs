//! What [`Kind::generate`](super::Kind::generate) makes: stories with real MLS messages.

mod dishonest;
mod honest;
mod seeded;
mod snapshots;
mod world;

use alloc::string::String;
use alloc::vec::Vec;

use super::json::{Expected, Hex, StepJson};
use crate::file_format::{GenerateError, GeneratedCase, Seed};

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    for suite in super::SUITES {
        cases.push(honest::a_life(seed, suite)?);
    }
    cases.push(honest::joining_by_code(seed)?);
    cases.push(honest::proposals_of_the_hub(seed)?);
    cases.push(honest::reports(seed)?);
    cases.push(honest::limits(seed)?);
    cases.push(dishonest::handshakes(seed)?);
    cases.push(dishonest::proposals(seed)?);
    cases.push(dishonest::from_outside(seed)?);
    cases.push(dishonest::banned(seed)?);
    cases.push(dishonest::consent(seed)?);
    cases.push(dishonest::messages(seed)?);
    cases.extend(snapshots::cases(seed)?);
    Ok(cases)
}

/// A body that was sent and accepted, or answered, and the endpoint that it belongs to.
pub(in crate::kind) struct Sent {
    pub(in crate::kind) endpoint: String,
    pub(in crate::kind) about: String,
    pub(in crate::kind) type_name: &'static str,
    pub(in crate::kind) body: Vec<u8>,
}

/// What was sent in some of the stories.
pub(in crate::kind) fn sent(seed: &Seed) -> Result<Vec<Sent>, GenerateError> {
    let [suite, _] = super::SUITES;
    let mut all = Vec::new();
    for story in [
        honest::a_life(seed, suite)?,
        honest::joining_by_code(seed)?,
        honest::reports(seed)?,
        dishonest::consent(seed)?,
    ] {
        let steps: Vec<StepJson> = serde_json::from_str(story.member("steps").unwrap_or_default())?;
        for step in steps.into_iter().filter(|it| it.expected.accepted) {
            let Some(endpoint) = step.endpoint else { continue };
            let (asked, answered) = match endpoint.as_str() {
                "update" => ("UpdateRequest", "UpdateRoomResponse"),
                "submitMessage" => ("SubmitMessageRequest", "SubmitMessageResponse"),
                "groupInfo" => ("GroupInfoRequest", "GroupInfoResponse"),
                "keyMaterial" => ("KeyMaterialRequest", "KeyMaterialResponse"),
                "reportAbuse" => ("AbuseReport", ""),
                _ => ("ConsentEntry", ""),
            };
            let Expected { response, fan_outs, .. } = step.expected;
            let response = response.unwrap_or_default();
            let mut push = |endpoint: &str, type_name, body: Option<Hex>| {
                let Some(Hex(body)) = body else { return };
                let (endpoint, about) = (endpoint.into(), step.about.clone());
                all.push(Sent { endpoint, about, type_name, body });
            };
            push(&endpoint, asked, step.body);
            push(&endpoint, answered, response.body);
            push(&endpoint, "GroupInfoRatchetTreeTBE", response.opened);
            for fan_out in fan_outs {
                push("notify", "FanoutMessage", Some(fan_out.body));
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_of_a_snapshot_has_a_case() {
        let cases = snapshots::cases(&Seed::default()).unwrap();
        let cases: Vec<_> = cases.iter().map(GeneratedCase::json).collect();
        for version in 1..=mimi_room::SNAPSHOT_VERSION {
            let snapshot = alloc::format!("\"snapshot\": \"{version:04x}");
            let is_valid = |json: &alloc::string::String| !json.contains("\"valid\": false");
            assert!(cases.iter().any(|json| json.contains(&snapshot) && is_valid(json)), "{version}");
        }
    }

    /// OpenMLS keeps some proposals in a map without an order, and encrypts in threads.
    #[test]
    fn the_same_seed_gives_the_same_bytes_each_time() {
        let make = || {
            let cases = cases(&Seed::default()).unwrap();
            cases.iter().map(GeneratedCase::json).collect::<Vec<_>>()
        };
        let first = make();
        for _ in 0..3 {
            assert!(make() == first);
        }
    }
}
