//! What a hub and clients with a real MLS stack have sent in the stories of the kind `room`, what
//! lies in it, and values with real MIMI URIs for what no story has.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode,
    code_points::{ComponentID, ExtensionType},
    extensions::AppDataDictionary,
    mls::{Extension, GroupContext},
};
use serde_json::{Value, json};

use crate::file_format::{GenerateError, GeneratedCase, Seed};
use crate::kind::room::{Sent, sent};
use crate::wire_type::{self, inspect};

fn defect(why: impl ToString) -> GenerateError {
    GenerateError::Defect(why.to_string())
}

fn encode_json(type_name: &str, value: &Value) -> Result<Vec<u8>, GenerateError> {
    let encoded = wire_type::encode_json(type_name, value).unwrap_or_else(|| Err("unknown type".into()));
    encoded.map_err(|why| defect(format!("{type_name}: {why}")))
}

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    let mut names = BTreeSet::new();
    let mut first = BTreeMap::new();
    for Sent { endpoint, about, type_name, body } in sent(seed)? {
        let mut name = format!("{endpoint}: {about}: {type_name}");
        while !names.insert(name.clone()) {
            name.push_str(" (again)");
        }
        let json = inspect(type_name, &body)?.json()?;
        let value: Value = serde_json::from_str(&json)?;
        let case = GeneratedCase::new(&name).text("type", type_name).text("endpoint", &endpoint);
        cases.push(case.hex("encoded", &body).json_member("value", json));
        // The first body that has a part is the one that it is taken from.
        for (part, of, pointer) in PARTS {
            if of == type_name
                && let Some(found) = value.pointer(pointer).filter(|found| !found.is_null())
            {
                first.entry(part).or_insert_with(|| found.clone());
            }
        }
    }
    for (part, value) in first {
        let encoded = if RAW.contains(&part) {
            hex::decode(value.as_str().unwrap_or_default()).map_err(defect)?
        } else {
            encode_json(part, &value)?
        };
        if part == "GroupContext" {
            of_group_context(&mut cases, &GroupContext::decode_exact(&encoded)?)?;
        }
        push(&mut cases, &format!("{part} of a room"), part, &encoded)?;
    }
    for (type_name, value) in values() {
        let encoded = encode_json(type_name, &value)?;
        push(&mut cases, &format!("{type_name} with MIMI URIs"), type_name, &encoded)?;
    }
    Ok(cases)
}

fn push(
    cases: &mut Vec<GeneratedCase>,
    name: &str,
    type_name: &str,
    encoded: &[u8],
) -> Result<(), GenerateError> {
    let json = inspect(type_name, encoded)?.json()?;
    let case = GeneratedCase::new(name).text("type", type_name);
    cases.push(case.hex("encoded", encoded).json_member("value", json));
    Ok(())
}

/// Parts of what was sent: the type, the type of the body, and where it is in the body's JSON.
const PARTS: [(&str, &str, &str); 29] = [
    ("HandshakeBundle", "UpdateRequest", "/bundle"),
    ("MLSMessage", "UpdateRequest", "/bundle/commit/proposal_or_commit"),
    (
        "PublicMessage",
        "UpdateRequest",
        "/bundle/commit/proposal_or_commit/body/mls_public_message/public_message",
    ),
    (
        "FramedContent",
        "UpdateRequest",
        "/bundle/commit/proposal_or_commit/body/mls_public_message/public_message/content",
    ),
    ("Welcome", "UpdateRequest", "/bundle/commit/welcome"),
    ("EncryptedGroupSecrets", "UpdateRequest", "/bundle/commit/welcome/secrets/0"),
    ("HPKECiphertext", "UpdateRequest", "/bundle/commit/welcome/secrets/0/encrypted_group_secrets"),
    ("GroupInfoOption", "UpdateRequest", "/bundle/commit/group_info_option"),
    ("GroupInfo", "UpdateRequest", "/bundle/commit/group_info_option/full/group_info"),
    ("GroupContext", "UpdateRequest", "/bundle/commit/group_info_option/full/group_info/group_context"),
    ("PartialGroupInfo", "UpdateRequest", "/bundle/commit/group_info_option/partial/partial_group_info"),
    ("RatchetTreeOption", "GroupInfoRatchetTreeTBE", "/ratchet_tree_option"),
    ("RatchetTree", "GroupInfoRatchetTreeTBE", "/ratchet_tree_option/full/ratchet_tree"),
    ("PendingProposal", "GroupInfoRatchetTreeTBE", "/pending_proposals/0"),
    ("ClientKeyMaterial", "KeyMaterialResponse", "/clients/0"),
    ("KeyPackage", "KeyMaterialResponse", "/clients/0/success/key_package"),
    ("LeafNode", "KeyMaterialResponse", "/clients/0/success/key_package/leaf_node"),
    ("Capabilities", "KeyMaterialResponse", "/clients/0/success/key_package/leaf_node/capabilities"),
    ("Credential", "KeyMaterialRequest", "/requester_credential"),
    ("SignaturePublicKey", "KeyMaterialRequest", "/requester_signature_key"),
    ("IdentifierUri", "KeyMaterialRequest", "/target_user"),
    ("HPKEPublicKey", "GroupInfoRequest", "/group_info_public_key"),
    ("ExternalSender", "GroupInfoResponse", "/status/success/hub_sender"),
    ("PrivateMessage", "SubmitMessageRequest", "/app_message/body/mls_private_message/private_message"),
    (
        "SafeAAD",
        "SubmitMessageRequest",
        "/app_message/body/mls_private_message/private_message/authenticated_data",
    ),
    ("Frank", "FanoutMessage", "/event/application/frank"),
    ("AbusiveMessage", "AbuseReport", "/messages/0"),
    ("MAC", "UpdateRequest", "/bundle/commit/group_info_option/full/group_info/confirmation_tag"),
    ("KeyPackageRef", "UpdateRequest", "/bundle/commit/welcome/secrets/0/new_member"),
];

/// Those whose JSON is the hex of their encoding, in a field that is opaque to the struct around
/// it.
const RAW: [&str; 1] = ["SafeAAD"];

/// What lies in a GroupContext's extensions and components.
fn of_group_context(cases: &mut Vec<GeneratedCase>, context: &GroupContext) -> Result<(), GenerateError> {
    for Extension { extension_type, extension_data } in context.extensions.iter() {
        let type_name = match *extension_type {
            ExtensionType::REQUIRED_CAPABILITIES => "RequiredCapabilities",
            ExtensionType::EXTERNAL_SENDERS => "ExternalSenders",
            ExtensionType::APP_DATA_DICTIONARY => "AppDataDictionary",
            _ => continue,
        };
        push(cases, &format!("{type_name} of a room"), type_name, extension_data)?;
        if *extension_type != ExtensionType::APP_DATA_DICTIONARY {
            continue;
        }
        let dictionary = AppDataDictionary::decode_exact(extension_data)?;
        for entry in dictionary.component_data.iter() {
            let type_name = match entry.component_id {
                ComponentID::PARTICIPANT_LIST => "ParticipantListData",
                ComponentID::ROLES_LIST => "RoleData",
                ComponentID::FRANKING_AGENT => "FrankingAgentData",
                ComponentID::APP_COMPONENTS => "ComponentsList",
                _ => continue,
            };
            push(cases, &format!("{type_name} of a room"), type_name, &entry.data)?;
            push(
                cases,
                &format!("ComponentData of a room: {type_name}"),
                "ComponentData",
                &entry.to_bytes()?,
            )?;
        }
    }
    Ok(())
}

/// Values for what no story has.
fn values() -> Vec<(&'static str, Value)> {
    let (alice, bob, room) =
        ("mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://a.example/r/clubhouse");
    let metadata = json!({
        "room_uri": room, "room_name": "Clubhouse", "room_avatar": "https://a.example/avatar.png",
        "room_descriptions": [{
            "media_type": "text/plain;charset=utf-8", "language_tag": "en",
            "description_content": hex::encode("Where the club meets"),
        }],
        "room_subject": "Friday", "room_mood": "",
    });
    let none = json!({ "component_data": [] });
    let profile = json!({ "stable_uri": bob, "fields": [
        { "field_source": "oidcStdClaim", "field_name": "given_name", "field_value": hex::encode("Bob") },
        { "field_source": "vcardField", "field_name": "ORG", "field_value": hex::encode("The club") },
    ] });
    let (client, user) = (
        "mimi://a.example/d/6ba7b810-9dad-41d1-80b4-00c04fd430c8",
        "mimi://a.example/p/7d444840-9dc0-41d1-b245-5ffdce74fad2",
    );
    let id = format!("01{}", hex::encode([0x5a; 31]));
    Vec::from([
        ("RoomMetaData", metadata.clone()),
        ("RoomMetaUpdate", metadata),
        ("UserProfile", profile.clone()),
        (
            "IdentifierRequest",
            json!({ "query_elements": [{ "handle": { "search_value": "@bob" } }], "id_request_extensions": none }),
        ),
        (
            "IdentifierResponse",
            json!({ "response_code": "success", "uri": [bob], "found_profiles": [profile], "id_response_extensions": none }),
        ),
        ("ConsentScope", json!({ "requester_uri": alice, "target_uri": bob, "room_id": room })),
        (
            "ServerFrankingContext",
            json!({ "sender_uri": bob, "room_uri": room, "accepted_timestamp": 1_767_225_600_000_u64 }),
        ),
        (
            "ParticipantListUpdate",
            json!({
                "changed_role_participants": [{ "user_index": 1, "role_index": 3 }],
                "removed_indices": [2],
                "added_participants": [{ "user": "mimi://d.example/u/dave", "role_index": 2 }],
            }),
        ),
        (
            "PseudonymousCredentialTBS",
            json!({ "client_pseudonym": client, "user_pseudonym": user, "signature_public_key": PUBLIC_KEY }),
        ),
        (
            "HubRetractedMessagesComponent",
            json!({
                "hub_retracted_timestamp": 1_767_225_600_000_u64, "remover_uri": alice, "reason_code": null,
                "retracted_messages": [id],
            }),
        ),
        (
            "HubRetractedRangeComponent",
            json!({
                "hub_retracted_timestamp": 1_767_225_600_000_u64, "remover_uri": alice, "reason_code": null,
                "abusive_sender_uri": bob, "starting_timestamp": 1_767_225_500_000_u64,
            }),
        ),
    ])
}

/// Of RFC 8032 §7.1, test 1.
const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
