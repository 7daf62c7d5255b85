//! The kind `room`: a hub's room from a snapshot on, request by request.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;
mod hosting;
mod json;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode,
    code_points::CipherSuite,
    protocol::{GroupInfoAnswer, GroupInfoResponse, UpdateRoomResponse},
};
use mimi_crypto::{CipherSuiteProvider, HpkePrivateKey, verify_group_info_response};
use mimi_policy::TableSeed;
use mimi_room::{RestoreError, Room, SNAPSHOT_VERSION, client::ClientSnapshot, hub::HostedSnapshot};

use super::Kind;
use super::judgement::{Judgement, NoRandomness, all_bytes, must_be_refused, must_hold, suite};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};
use hosting::{Directory, Hosting, Unplayable, hub, restore};
use json::{Expected, HubJson, IdentityJson, ResponseJson, StepJson};

#[cfg(feature = "generate")]
pub(super) use generated::{Sent, sent};

pub(crate) struct RoomKind;

impl Kind for RoomKind {
    fn name(&self) -> &'static str {
        "room"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-protocol-06", "draft-ietf-mimi-room-policy-04", "RFC 9420"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_hold(case, judgement);
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_be_refused(case, judgement);
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        generated::cases(seed)
    }
}

/// The suites whose signatures are the same each time: what a hub signs is compared byte for byte.
const SUITES: [CipherSuite; 2] = [
    CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
    CipherSuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519,
];

/// `None` if a member is missing or ill-typed.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let hub_json = case.structured::<HubJson>("hub", "a hub");
    let identities = case.structured::<Vec<IdentityJson>>("identities", "a list of identities");
    let bytes = all_bytes(case, ["snapshot", "ratchet_tree"]);
    let steps = case.structured::<Vec<StepJson>>("steps", "a list of steps");
    let client_snapshot = case.optional_bytes("client_snapshot");
    let (suite, (_, hub_json), (_, identities)) = (suite?, hub_json?, identities?);
    let ([snapshot, tree], (_, steps), client_snapshot) = (bytes?, steps?, client_snapshot?);
    let number = suite.parameters().cipher_suite;
    if !SUITES.contains(&number) {
        case.cannot_judge("cipher_suite", "a suite with Ed25519 that OpenMLS has (1, 3)", number.value());
        return None;
    }

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let mut directory = Directory::default();
    for identity in &identities {
        note(it, directory.add(identity));
    }
    if let Some(bytes) = client_snapshot {
        judge_client_snapshot(it, &suite, &directory, &bytes);
    }
    let mut rng = NoRandomness;
    let hosting = Hosting::new(number, &hub_json, directory.clone(), &snapshot, &tree, &mut rng);
    let Some(mut hosting) = note(it, hosting) else { return Some(judgement) };
    // Older versions are read, and written no more.
    let current = is_current(&snapshot);
    if current && let Some(again) = note(it, hosting.snapshot()) {
        it.same("snapshot", &again, &snapshot);
    }
    for (place, step) in steps.iter().enumerate() {
        let before = (hosting.snapshot(), hosting.ratchet_tree());
        let Some(played) = note(it, hosting.play(step, &mut rng)) else { break };
        compare(it, place, step, &played, current);
        // Nothing but the snapshot counts, and how much each provider has asked for.
        if played.response.as_ref().is_some_and(|it| it.status == 429) {
            continue;
        }
        let alone = || -> Result<Expected, Unplayable> {
            let hub = hub(suite, &hub_json, directory.clone())?;
            let hosted = restore(&hub, &before.0?, &before.1?, &mut NoRandomness)?;
            Hosting::with(hosting.own.clone(), hub, hosted).play(step, &mut NoRandomness)
        };
        if let Some(alone) = note(it, alone())
            && alone != played
        {
            let expected = format!("step {place} restored from its snapshot comes to the same");
            it.refuse("steps", expected, format!("{:?}", alone.reason));
        }
    }
    Some(judgement)
}

fn is_current(snapshot: &[u8]) -> bool {
    snapshot.get(..2) == Some(&SNAPSHOT_VERSION.to_be_bytes())
}

fn note<T>(judgement: &mut Judgement, result: Result<T, Unplayable>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Unplayable { field, why }) => {
            judgement.refuse(field, "to be accepted", format!("refused: {why}"));
            None
        }
    }
}

/// A client's snapshot makes the room that it holds. The client's MLS stack is not in the case.
fn judge_client_snapshot(
    it: &mut Judgement,
    suite: &impl CipherSuiteProvider,
    directory: &Directory,
    bytes: &[u8],
) {
    let room = || -> Result<Room, RestoreError> {
        let snapshot = ClientSnapshot::read(bytes)?;
        snapshot.room().clone().restore(suite, directory, TableSeed::known())
    };
    let _ = it.check("client_snapshot", room());
}

fn compare(it: &mut Judgement, place: usize, step: &StepJson, played: &Expected, current: bool) {
    let expected = &step.expected;
    let mut differs = |what: &str, expected: String, found: String| {
        if expected != found {
            it.refuse("steps", format!("step {place} ({}): {what} {expected}", step.about), found);
        }
    };
    differs("accepted", expected.accepted.to_string(), played.accepted.to_string());
    differs("forwarded_to", format!("{:?}", expected.forwarded_to), format!("{:?}", played.forwarded_to));
    differs("proven", format!("{:?}", expected.proven), format!("{:?}", played.proven));
    let head = |it: &Expected| {
        let response = it.response.as_ref();
        format!("{:?}", response.map(|it| (it.status, it.retry_after, it.body.is_some())))
    };
    differs("response", head(expected), head(played));
    if let (Some(response), Some(own)) = (&expected.response, &played.response) {
        differs("response.body", body(step, response), body(step, own));
        if let Some(opened) = &response.opened {
            differs("response.opened", hex::encode(&opened.0), opened_by_requester(step, own));
        }
    }
    let fan_outs = |it: &Expected| {
        let lines = it.fan_outs.iter().map(|it| format!("{} {}", it.to.join(","), hex::encode(&it.body.0)));
        lines.collect::<Vec<_>>().join("; ")
    };
    differs("fan_outs", fan_outs(expected), fan_outs(played));
    let bytes = |it: &Option<json::Hex>| it.as_ref().map_or("unchanged".into(), |it| hex::encode(&it.0));
    differs("ratchet_tree", bytes(&expected.ratchet_tree), bytes(&played.ratchet_tree));
    // What an earlier version of this crate wrote after a step is not written any more.
    let is_older = |it: &json::Hex| !is_current(&it.0) && HostedSnapshot::read(&it.0).is_ok();
    if current || !expected.snapshot.as_ref().is_some_and(is_older) {
        differs("snapshot", bytes(&expected.snapshot), bytes(&played.snapshot));
    }
}

/// What is compared of a body. A description of an error is for people, and what is sealed differs
/// each time.
fn body(step: &StepJson, response: &ResponseJson) -> String {
    let Some(bytes) = &response.body else { return String::new() };
    match step.endpoint.as_deref() {
        Some("update") => match UpdateRoomResponse::decode_exact(&bytes.0) {
            Ok(response) => without_description(response),
            Err(error) => format!("no UpdateRoomResponse: {error}"),
        },
        Some("groupInfo") => match GroupInfoResponse::decode_exact(&bytes.0) {
            Ok(GroupInfoResponse { status: GroupInfoAnswer::Success { .. }, .. }) => "sealed".into(),
            Ok(_) => hex::encode(&bytes.0),
            Err(error) => format!("no GroupInfoResponse: {error}"),
        },
        _ => hex::encode(&bytes.0),
    }
}

fn without_description(mut response: UpdateRoomResponse) -> String {
    match &mut response {
        UpdateRoomResponse::Success { error_description, .. }
        | UpdateRoomResponse::WrongEpoch { error_description, .. }
        | UpdateRoomResponse::NotAllowed { error_description }
        | UpdateRoomResponse::InvalidProposal { error_description, .. } => error_description.clear(),
        _ => {}
    }
    response.to_bytes().map(hex::encode).unwrap_or_default()
}

/// What the requester finds in a sealed GroupInfo whose hub it has verified.
fn opened_by_requester(step: &StepJson, response: &ResponseJson) -> String {
    let opened = || -> Result<Vec<u8>, String> {
        let body = response.body.as_ref().ok_or("no body")?;
        let text = |error: &dyn core::fmt::Display| error.to_string();
        let response = GroupInfoResponse::decode_exact(&body.0).map_err(|error| text(&error))?;
        let GroupInfoAnswer::Success { cipher_suite, .. } = &response.status else {
            return Err("nothing is sealed".into());
        };
        let suite = mimi_crypto::RustCrypto::new(*cipher_suite).map_err(|error| text(&error))?;
        let key = step.requester_private_key.as_ref().ok_or("no requester_private_key")?;
        let key = HpkePrivateKey::new(&suite, key.0.as_slice()).map_err(|error| text(&error))?;
        let room = response.room_id.clone();
        let verified = verify_group_info_response(&suite, response, &room).map_err(|error| text(&error))?;
        let opened = verified.open(&suite, &key).map_err(|error| text(&error))?;
        opened.to_bytes().map_err(|error| text(&error))
    };
    opened().map_or_else(|error| error, hex::encode)
}
