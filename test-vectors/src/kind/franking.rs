//! The kind `franking`: one message from its sender to the hub's check of a report, in each
//! construction.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;
mod parties;

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use mimi_codec::protocol::IdentifierUri;
use mimi_franking::{Framing, FrankingError};
use serde_json::Value;

use self::parties::{Parties, Revision02, Revision03, Revision06};
use super::{Kind, judgement::known_suite};
use crate::case::{Case, MAX_NUMBER};
use crate::difference::show;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Franking;

/// The extension key that vectors use for the FrankingAssertion map of 02, which the draft never
/// got a number for.
const ASSERTION_KEY: i64 = 100;

/// What all revisions have.
struct Members {
    framing: Framing,
    application_data: Vec<u8>,
    salt: Vec<u8>,
    sender_uri: IdentifierUri,
    room_uri: IdentifierUri,
    accepted_timestamp: u64,
    hub_key: Vec<u8>,
    franking_tag: Vec<u8>,
    server_frank: Vec<u8>,
}

impl Members {
    fn read(case: &mut Case<'_>) -> Option<Self> {
        // Every member that is missing or ill-typed is reported, not only the first.
        let framing = framing(case);
        let application_data = case.bytes("application_data");
        let salt = case.bytes("salt");
        let sender_uri = identifier(case, "sender_uri");
        let room_uri = identifier(case, "room_uri");
        let accepted_timestamp = integer(case, "accepted_timestamp");
        let hub_key = case.bytes("hub_key");
        let franking_tag = case.bytes("franking_tag");
        let server_frank = case.bytes("server_frank");
        Some(Self {
            framing: framing?,
            application_data: application_data?,
            salt: salt?,
            sender_uri: sender_uri?,
            room_uri: room_uri?,
            accepted_timestamp: accepted_timestamp?,
            hub_key: hub_key?,
            franking_tag: franking_tag?,
            server_frank: server_frank?,
        })
    }
}

/// What surrounds the content in `application_data`: nothing, unless the case says otherwise.
fn framing(case: &mut Case<'_>) -> Option<Framing> {
    match case.optional_text("framing")? {
        None | Some("bare") => Some(Framing::Bare),
        Some("application_framing") => Some(Framing::ApplicationFraming),
        Some(other) => {
            case.cannot_judge("framing", "\"bare\" or \"application_framing\"", other);
            None
        }
    }
}

fn identifier(case: &mut Case<'_>, field: &str) -> Option<IdentifierUri> {
    let text = case.text(field)?;
    match IdentifierUri::new(text) {
        Ok(uri) => Some(uri),
        Err(_) => {
            case.fail(field, "a URI", "no text");
            None
        }
    }
}

/// A number, or a decimal string beyond 2^53-1.
fn integer(case: &mut Case<'_>, field: &str) -> Option<u64> {
    const EXPECTED: &str = "an unsigned integer, as a decimal string beyond 2^53-1";
    let value = case.required(field, EXPECTED)?;
    let integer = match value {
        Value::Number(number) => number.as_u64().filter(|number| *number <= MAX_NUMBER),
        Value::String(text) => {
            text.parse().ok().filter(|number: &u64| *number > MAX_NUMBER && number.to_string() == *text)
        }
        _ => None,
    };
    if integer.is_none() {
        case.fail(field, EXPECTED, show(value));
    }
    integer
}

fn suite(case: &mut Case<'_>) -> Option<u16> {
    let number = integer(case, "cipher_suite")?;
    let suite = u16::try_from(number).ok();
    if suite.is_none() {
        case.fail("cipher_suite", "a number of 16 bits", number);
    }
    suite
}

/// The parties of a case, by its revision.
fn parties(case: &mut Case<'_>) -> Option<Parties> {
    let revision = case.text("revision");
    let members = Members::read(case);
    let construction = match revision? {
        "06" => {
            let cipher_suite = suite(case).filter(|number| known_suite(case, *number).is_some());
            let private_key = case.bytes("signature_private_key");
            let public_key = case.bytes("signature_public_key");
            let signature = case.bytes("franking_integrity_signature");
            Parties::Signed(
                members?,
                Revision06 {
                    cipher_suite: cipher_suite?,
                    private_key: private_key?,
                    public_key: public_key?,
                    signature: signature?,
                },
            )
        }
        "03" => {
            let secret = case.bytes("franking_integrity_secret");
            let check = case.bytes("franking_integrity_check");
            Parties::IntegrityMac(members?, Revision03 { secret: secret?, check: check? })
        }
        "02" => {
            let secret = case.bytes("franking_context_secret");
            let hash = case.bytes("franking_context_hash");
            Parties::ContextHash(members?, Revision02 { secret: secret?, hash: hash? })
        }
        other => {
            case.cannot_judge("revision", "\"06\", \"03\" or \"02\"", other);
            return None;
        }
    };
    Some(construction)
}

impl Kind for Franking {
    fn name(&self) -> &'static str {
        "franking"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-protocol-06", "draft-ietf-mimi-protocol-03", "draft-ietf-mimi-protocol-02"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let Some(parties) = parties(case) else { return };
        match parties.recompute() {
            Err(error) => case.fail("application_data", "to be franked", format!("refused: {error}")),
            Ok(values) => {
                for (field, expected, found) in values {
                    case.same_bytes(field, &expected, &found);
                }
            }
        }
        for (party, verdict) in [("receiver", parties.receiver()), ("hub", parties.hub())] {
            if let Err(error) = verdict {
                case.fail(party, "to accept", format!("refused: {error}"));
            }
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let refused_by = refused_by(case);
        let Some(parties) = parties(case) else { return };
        for party in refused_by.unwrap_or_default() {
            let verdict = if party == "hub" { parties.hub() } else { parties.receiver() };
            if verdict.is_ok() {
                let reason = case.optional("reason").and_then(Value::as_str).unwrap_or("\"valid\" is false");
                case.fail(party, format!("to refuse: {reason}"), "accepted");
            }
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        generated::cases(seed)
    }
}

/// Who must refuse the case. An empty list would say nothing.
fn refused_by<'a>(case: &mut Case<'a>) -> Option<Vec<&'a str>> {
    const EXPECTED: &str = "a list of \"receiver\", \"hub\" or both";
    let value = case.required("refused_by", EXPECTED)?;
    let parties: Option<Vec<&str>> = value.as_array().and_then(|list| {
        list.iter().map(|party| party.as_str().filter(|party| ["receiver", "hub"].contains(party))).collect()
    });
    let parties = parties.filter(|parties| !parties.is_empty());
    if parties.is_none() {
        case.fail("refused_by", EXPECTED, show(value));
    }
    parties
}

/// What a party says.
type Verdict = Result<(), FrankingError>;
