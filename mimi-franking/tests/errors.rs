//! What errors say, and what lies behind them.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, missing_docs)]

use std::collections::BTreeSet;
use std::error::Error;

use mimi_codec::{Decode, DecodeError, DnsName, EncodeError, code_points::CipherSuite, protocol::FrankAAD};
use mimi_content::MimiContent;
use mimi_crypto::CryptoError;
use mimi_franking::{ContentError, FrankingError, HubKeyId};

fn undecodable() -> DecodeError {
    FrankAAD::decode_exact(&[]).unwrap_err()
}

/// Errors that another error is behind, with what that says.
fn caused() -> Vec<(FrankingError, String)> {
    let mimi = MimiContent::decode(&[]).unwrap_err();
    let encode = EncodeError::VectorTooLong { len: 1 << 30 };
    vec![
        (
            FrankingError::IntegritySignature(CryptoError::InvalidSignature),
            CryptoError::InvalidSignature.to_string(),
        ),
        (FrankingError::Crypto(CryptoError::InvalidTag), CryptoError::InvalidTag.to_string()),
        (FrankingError::Decode(undecodable()), undecodable().to_string()),
        (FrankingError::Encode(encode), encode.to_string()),
        (ContentError::Framing(undecodable()).into(), undecodable().to_string()),
        (ContentError::Mimi(mimi.clone()).into(), mimi.to_string()),
    ]
}

#[test]
fn the_source_of_an_error_is_its_cause() {
    for (error, cause) in caused() {
        let (mut deepest, mut depth): (&dyn Error, usize) = (&error, 0);
        while let Some(source) = deepest.source() {
            (deepest, depth) = (source, depth + 1);
        }
        assert_eq!(depth, if let FrankingError::Content(_) = error { 2 } else { 1 }, "{error:?}");
        assert_eq!(deepest.to_string(), cause);
        assert!(error.to_string().contains(&cause), "{error}");
    }
    assert!(FrankingError::from(ContentError::Malformed).source().unwrap().source().is_none());
    assert!(FrankingError::TagMismatch.source().is_none());
}

#[test]
fn each_error_has_its_own_message() {
    let (expected, actual) = (DnsName::parse("a.example").unwrap(), DnsName::parse("b.example").unwrap());
    let errors = [
        FrankingError::SenderNotParticipant,
        FrankingError::SenderNotActive,
        FrankingError::FrankAadMissing,
        FrankingError::HubKeyTooShort { actual: 31 },
        FrankingError::HubKeyNotLatest { latest: HubKeyId(77) },
        FrankingError::NoHubKey { accepted_timestamp: 77 },
        FrankingError::HubKeyRetired(HubKeyId(77)),
        FrankingError::NoFrankingAgent,
        FrankingError::AgentKeyMismatch,
        FrankingError::AgentNotTrusted,
        FrankingError::AgentDomainMismatch { expected, actual },
        FrankingError::AgentUpdatesDiffer,
        FrankingError::CipherSuiteMismatch { expected: CipherSuite(1), actual: CipherSuite(2) },
        FrankingError::UnknownFrankSuite(CipherSuite(3)),
        FrankingError::SenderMismatch,
        FrankingError::RoomMismatch,
        FrankingError::FrankWithoutTag,
        FrankingError::TagMismatch,
        FrankingError::RepeatedTagMismatch,
        FrankingError::IntegrityCheckMismatch,
        FrankingError::ContextHashMismatch,
        FrankingError::ServerFrankMismatch,
        FrankingError::SecretLength { actual: 5 },
        FrankingError::StoredConstruction { expected: 6, actual: 3 },
        ContentError::Malformed.into(),
        ContentError::MissingSender.into(),
        ContentError::MissingRoom.into(),
        ContentError::MissingAssertion.into(),
        ContentError::MalformedAssertion.into(),
        ContentError::Contradiction.into(),
        ContentError::MediaType.into(),
    ];
    let mut said = BTreeSet::new();
    for error in &errors {
        assert!(said.insert(error.to_string()), "{error}");
    }
    assert!(said.iter().all(|text| text.len() > 10 && *text != "application data: "));
    for number in [
        "hub_key 77 is retired",
        "hub_key 77 comes into force at the same time or later",
        "hub_key has 31 bytes, at least 32 are required",
    ] {
        assert!(said.contains(number), "{number}");
    }
}
