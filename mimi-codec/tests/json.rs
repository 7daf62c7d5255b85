//! How values look as JSON: what `inspect` prints and vectors carry.
#![allow(clippy::unwrap_used, missing_docs)]

use mimi_codec::{
    Decode, Octets,
    code_points::{CipherSuite, ExtensionType},
    mls::{
        Extension, GroupSecrets, Lifetime, MLSMessage, PSKType, PreSharedKeyID, PreSharedKeyIDSelect, Sender,
    },
};
use serde_json::{Value, from_value, json, to_value};

#[test]
fn a_message_shows_the_drafts_names() {
    let bytes = b"\0\x01\0\x01\x04room\0\0\0\0\0\0\0\x07\x01\0\0\0\x02\0\x02\0\x03\0\0\0\x05\x03sig\x03tag";
    let message = MLSMessage::decode_exact(bytes).unwrap();
    let expected = json!({
        "version": "mls10",
        "body": {"mls_public_message": {"public_message": {
            "content": {
                "group_id": "726f6f6d",
                "epoch": 7,
                "sender": {"member": {"leaf_index": 2}},
                "authenticated_data": "",
                "content": {"proposal": {"proposal": {"remove": {"removed": 5}}}},
            },
            "auth": {"signature": "736967", "confirmation_tag": null},
            "membership_tag": "746167",
        }}},
    });
    assert_eq!(to_value(&message).unwrap(), expected);
    assert_eq!(from_value::<MLSMessage>(expected).unwrap(), message);
}

#[test]
fn numbers_beyond_2_to_53_are_text() {
    let lifetime = Lifetime { not_before: (1 << 53) - 1, not_after: 1 << 53 };
    let json = json!({"not_before": 9_007_199_254_740_991_u64, "not_after": "9007199254740992"});
    assert_eq!(to_value(lifetime).unwrap(), json);
    assert_eq!(from_value::<Lifetime>(json).unwrap(), lifetime);
    let small_as_text = json!({"not_before": "5", "not_after": 6});
    assert_eq!(from_value::<Lifetime>(small_as_text).unwrap(), Lifetime { not_before: 5, not_after: 6 });
}

#[test]
fn registries_show_names_and_take_numbers() {
    let extension = |extension_type| Extension { extension_type, extension_data: [0xab].into() };
    let known = json!({"extension_type": "external_pub", "extension_data": "ab"});
    assert_eq!(to_value(extension(ExtensionType::EXTERNAL_PUB)).unwrap(), known);
    assert_eq!(from_value::<Extension>(known).unwrap(), extension(ExtensionType::EXTERNAL_PUB));
    let number = json!({"extension_type": 4, "extension_data": "AB"});
    assert_eq!(from_value::<Extension>(number).unwrap(), extension(ExtensionType::EXTERNAL_PUB));
    let unknown = json!({"extension_type": 0x0a0a, "extension_data": "ab"});
    assert_eq!(to_value(extension(ExtensionType(0x0a0a))).unwrap(), unknown);
    assert_eq!(to_value(PSKType::Resumption).unwrap(), json!("resumption"));
    assert_eq!(to_value(CipherSuite(0x1234)).unwrap(), json!(0x1234));
}

#[test]
fn arms_without_fields_and_absent_values() {
    assert_eq!(to_value(Sender::NewMemberCommit {}).unwrap(), json!({"new_member_commit": {}}));
    let left_out = json!({"joiner_secret": "00ff", "psks": []});
    let secrets: GroupSecrets = from_value(left_out).unwrap();
    assert_eq!(secrets.joiner_secret.expose(), [0, 0xff]);
    assert!(secrets.path_secret.is_none());
    assert!(!format!("{secrets:?}").contains("255") && format!("{secrets:?}").contains("[redacted]"));
    let psk = PreSharedKeyID {
        psktype: PreSharedKeyIDSelect::External { psk_id: [1].into() },
        psk_nonce: [2].into(),
    };
    assert_eq!(to_value(psk).unwrap(), json!({"psktype": {"external": {"psk_id": "01"}}, "psk_nonce": "02"}));
}

#[test]
fn refuses_json_that_is_no_value() {
    let refused = |json: Value| from_value::<Lifetime>(json).unwrap_err().to_string();
    assert!(refused(json!({"not_before": "x", "not_after": 1})).contains("invalid digit"));
    assert!(
        from_value::<Octets<4>>(json!("010203")).unwrap_err().to_string().contains("4 bytes are needed, 3")
    );
    assert!(from_value::<Octets<1>>(json!("0")).unwrap_err().to_string().contains("odd number"));
    assert!(from_value::<Octets<1>>(json!("0g")).unwrap_err().to_string().contains("not a hex digit"));
    // The rules of the wire hold here as well.
    let twice =
        json!([{"extension_type": 1, "extension_data": ""}, {"extension_type": 1, "extension_data": ""}]);
    let refused = from_value::<mimi_codec::mls::Extensions>(twice).unwrap_err().to_string();
    assert_eq!(refused, "element 1: occurs twice");
    let range = json!({"sender": 1, "first_generation": 3, "last_generation": 2});
    let refused = from_value::<mimi_codec::extensions::MessageRange>(range).unwrap_err().to_string();
    assert_eq!(refused, "last_generation: out of range");
}
