//! Seeds for every target, out of the test vectors.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use crate::{semi_private, wire};

/// Inputs for each target, by its name. `documents` are the texts of the vector files.
///
/// # Panics
/// When a document is no vector file.
pub fn from_vectors<'a>(
    documents: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let mut seeds: BTreeMap<&'static str, Vec<Vec<u8>>> = BTreeMap::new();
    for document in documents {
        let document: Value = serde_json::from_str(document).expect("JSON");
        for case in document["cases"].as_array().expect("cases") {
            let Some(encoded) = case["encoded"].as_str() else { continue };
            let encoded = hex::decode(encoded).expect("hex");
            let name = case["type"].as_str().unwrap_or("");
            match (document["kind"].as_str(), name) {
                (Some("content" | "message-id-aad"), _) | (_, "MimiContent") => {
                    add(&mut seeds, &["content", "content_values", "differential_cbor"], &encoded);
                }
                (Some("message-status"), _) | (_, "MessageStatusReport") => {
                    add(&mut seeds, &["message_status"], &encoded)
                }
                (_, "MessageDerivedValues") => add(&mut seeds, &["derived_values"], &encoded),
                _ => {
                    add(&mut seeds, alone(name), &encoded);
                    let seed = wire::seed_of_any_type(name, &encoded).expect("a registered type");
                    add(&mut seeds, &["wire", "wire_values"], &seed);
                }
            }
        }
    }
    add(&mut seeds, &["semi_private"], &semi_private::seed());
    for uri in [
        "mimi://a.example",
        "mimi://a.example/u/alice",
        "MIMI://A.example/r/club%20house",
        "mimi://xn--bcher-kva.example/d/u/c",
    ] {
        add(&mut seeds, &["uri"], uri.as_bytes());
    }
    for text in
        ["text/plain;charset=utf-8", "text/markdown; variant=\"GFM-MIMI\"", "application/mimi-content"]
    {
        add(&mut seeds, &["media_type"], text.as_bytes());
    }
    add(&mut seeds, &["directory"], DIRECTORY.as_bytes());
    add(&mut seeds, &["directory"], br#"{"update":"https://a.example/u/{other}","notify":3,"more":[]}"#);
    for seed in PROPOSALS {
        add(&mut seeds, &["proposal_rules"], seed);
    }
    add(&mut seeds, &["directory"], b"https://mimi.example/update/{roomId}");
    for markdown in MARKDOWN {
        add(&mut seeds, &["markdown"], markdown.as_bytes());
    }
    add_drawn(&mut seeds);
    seeds
}

/// What a target draws its values from has no other form than bytes at random, short and long.
fn add_drawn(seeds: &mut BTreeMap<&'static str, Vec<Vec<u8>>>) {
    let targets = [
        "app_data_update",
        "associated_party_flow",
        "attachment",
        "combined_groups",
        "differential_crypto",
        "franking_flow",
        "group_info_flow",
        "outside_flow",
        "pair_flow",
        "part_choice",
        "policy_apply",
        "policy_components",
        "policy_decision",
        "policy_request",
        "post_quantum",
        "pseudonym_flow",
        "retraction_flow",
        "semi_private_flow",
        "timeline",
        "virtual_client_flow",
    ];
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for target in targets {
        for length in [16, 48, 96, 192, 384, 768] {
            let mut bytes = vec![0; length];
            rng.fill_bytes(&mut bytes);
            add(seeds, &[target], &bytes);
        }
    }
}

/// Every element that Markdown has here, and ways to smuggle others in.
const MARKDOWN: [&str; 6] = [
    "# One\n\nTwo *em* **strong** ~~del~~ `code`\\\nthree\n\n> quote\n\n- [x] done\n- [ ] open\n\n3. three\n\n---\n",
    "| a | b | c |\n|:-|:-:|-:|\n| 1 | [2](https://a.example \"t\") | ![3](cid:3@local.invalid) |\n\n```rust\nfn main() {}\n```\n",
    "Kudos to [@Alice](mimi://example.com/u/alice) and <mailto:bob@b.example> &amp; &#60;b&#62;",
    "<script>alert(1)</script><img src=x onerror=alert(1)> <!-- --> <?php ?> <![CDATA[x]]> <!DOCTYPE html>",
    "[a](javascript:alert(1)) [b](&#106;avascript:x) ![c](data:text/html,x) [d](<https://x \"onload=y>) <javascript:x>",
    "[x]\n\n[x]: https://a.example/%22onclick=%22 'title \"quoted\" <b>'\n\n[![i](https://b.example/i.png)](http://c.example)",
];

/// A proposal of each form of a rule, and a commit with two.
const PROPOSALS: [&[u8]; 6] = [
    b"\xf0\x01",
    b"\xf0\x02abc",
    b"\xf0\x03\x02hi\x00\x00",
    b"\xf0\x04\x01\x02hi",
    b"\xf0\x05abcd\x01\x02hi!",
    b"\x0a\x01\xf0\x01\x01\xf0\x02abc\x00\x00",
];

const DIRECTORY: &str = r#"{"keyMaterial":"https://a.example/k/{targetUser}","update":"https://a.example/u/{roomId}","notify":"https://a.example/n/{roomId}","submitMessage":"https://a.example/s/{roomId}","groupInfo":"https://a.example/g/{roomId}","requestConsent":"https://a.example/c/{targetUser}","updateConsent":"https://a.example/v/{requesterUser}","identifierQuery":"https://a.example/i/{domain}","reportAbuse":"https://a.example/r/{roomId}","proxyDownload":"https://a.example/p/{downloadUrl}"}"#;

/// The targets that take an encoding of the type as it is.
fn alone(name: &str) -> &'static [&'static str] {
    match name {
        "MLSMessage" => &["mls_message", "differential_mls", "proposal_rules"],
        "Commit" | "Proposal" => &["proposal_rules"],
        "UpdateRequest" | "HandshakeBundle" => &["update_request"],
        "FanoutMessage" => &["fanout_message"],
        "GroupInfoRequest" | "GroupInfoResponse" | "GroupInfoRatchetTreeTBE" => &["group_info"],
        "RatchetTree" => &["ratchet_tree"],
        "KeyMaterialRequest" | "KeyMaterialResponse" => &["key_material"],
        "RoleData" | "PreAuthData" | "BaseRoomPolicy" | "AssetPolicy" | "OperationalParameters" => {
            &["room_policy"]
        }
        _ => &[],
    }
}

fn add(seeds: &mut BTreeMap<&'static str, Vec<Vec<u8>>>, targets: &[&'static str], seed: &[u8]) {
    for target in targets {
        seeds.entry(target).or_default().push(seed.to_vec());
    }
}
