//! Making cases of `connection`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mimi_codec::{
    Encode, SecretOpaque,
    minimal_metadata::{ConnectionRequest, ConnectionResponse},
    mls::{Certificate, Credential},
    protocol::IdentifierUri,
};
use mimi_crypto::{CipherSuiteProvider, CryptoError, RustCrypto, encrypt_with_label, generate_hpke_key_pair};
use mimi_pseudonym::PseudonymError;

use super::{Input, REQUEST_LABEL, RESPONSE_LABEL, open};
use crate::file_format::{GenerateError, GeneratedCase, POST_QUANTUM_SUITES, Seed, Stream, suites};
use crate::kind::identity_link::Randomness;

/// What a case is made of. An invalid one has a wrong ingredient, or its results are damaged.
struct Ingredients {
    responder_uri: Vec<u8>,
    sealed_for: Vec<u8>,
    request_label: &'static [u8],
    client_credential: Credential,
    room_id: Vec<u8>,
    answered_for: Vec<u8>,
    response_label: &'static [u8],
    wrapper_key: Vec<u8>,
    requester_connection_key: Vec<u8>,
    responder_connection_key: Vec<u8>,
    behind_request: Vec<u8>,
    behind_response: Vec<u8>,
}

fn ingredients(suite: &RustCrypto, rng: &mut Randomness) -> Ingredients {
    let nh = suite.parameters().nh;
    let (bob, room) = (b"mimi://b.example/u/bob", b"mimi://a.example/r/connection");
    Ingredients {
        responder_uri: bob.to_vec(),
        sealed_for: bob.to_vec(),
        request_label: REQUEST_LABEL,
        client_credential: Credential::Basic { identity: "mimi://a.example/d/alice-phone".into() },
        room_id: room.to_vec(),
        answered_for: room.to_vec(),
        response_label: RESPONSE_LABEL,
        wrapper_key: rng.0.bytes(nh),
        requester_connection_key: rng.0.bytes(nh),
        responder_connection_key: rng.0.bytes(nh),
        behind_request: Vec::new(),
        behind_response: Vec::new(),
    }
}

fn make(suite: &RustCrypto, of: &Ingredients, rng: &mut Randomness) -> Result<Input, GenerateError> {
    let (responder_private_key, responder_public_key) = generate_hpke_key_pair(suite, rng)?;
    let (response_private_key, response_public_key) = generate_hpke_key_pair(suite, rng)?;
    let request = ConnectionRequest {
        requester_client_credential: of.client_credential.clone(),
        connection_room_id: of.room_id.as_slice().into(),
        connection_room_identity_link_wrapper_key: SecretOpaque::new(of.wrapper_key.as_slice()),
        requester_connection_key: SecretOpaque::new(of.requester_connection_key.as_slice()),
        connection_response_key: response_public_key.clone(),
    };
    let connection_request = [request.to_bytes()?, of.behind_request.clone()].concat();
    let sealed_for = IdentifierUri::new(of.sealed_for.as_slice())
        .map_err(|error| GenerateError::Defect(format!("{error}")))?
        .to_bytes()?;
    let label = of.request_label;
    let sealed =
        encrypt_with_label(suite, &responder_public_key, label, &sealed_for, &connection_request, rng)?;
    let key = SecretOpaque::new(of.responder_connection_key.as_slice());
    let response = ConnectionResponse { responder_connection_key: key }.to_bytes()?;
    let connection_response = [response, of.behind_response.clone()].concat();
    let (label, context) = (of.response_label, &of.answered_for);
    let answer = encrypt_with_label(suite, &response_public_key, label, context, &connection_response, rng)?;
    Ok(Input {
        cipher_suite: suite.parameters().cipher_suite.value(),
        responder_uri: of.responder_uri.clone(),
        responder_private_key: responder_private_key.expose().to_vec(),
        responder_public_key: responder_public_key.to_vec(),
        connection_request,
        sealed_request: sealed.to_bytes()?,
        response_private_key: response_private_key.expose().to_vec(),
        response_public_key: response_public_key.to_vec(),
        connection_response,
        sealed_response: answer.to_bytes()?,
    })
}

fn write(case: GeneratedCase, input: &Input) -> Result<GeneratedCase, GenerateError> {
    let responder_uri = String::from_utf8(input.responder_uri.clone())
        .map_err(|error| GenerateError::Defect(format!("{error}")))?;
    Ok(case
        .json_member("cipher_suite", format!("{}", input.cipher_suite))
        .text("responder_uri", &responder_uri)
        .hex("responder_private_key", &input.responder_private_key)
        .hex("responder_public_key", &input.responder_public_key)
        .hex("connection_request", &input.connection_request)
        .hex("sealed_request", &input.sealed_request)
        .hex("response_private_key", &input.response_private_key)
        .hex("response_public_key", &input.response_public_key)
        .hex("connection_response", &input.connection_response)
        .hex("sealed_response", &input.sealed_response))
}

/// A rule that an invalid case breaks: its name, why, the error it ends in, and the wrong
/// ingredient or the damage.
struct Rule {
    name: &'static str,
    reason: &'static str,
    refused: fn(&PseudonymError) -> bool,
    spoil: fn(&mut Ingredients, usize),
    damage: fn(&mut Input),
}

fn request_closed(error: &PseudonymError) -> bool {
    *error == PseudonymError::RequestDoesNotOpen
}

fn response_closed(error: &PseudonymError) -> bool {
    *error == PseudonymError::ResponseDoesNotOpen
}

fn wrong_length(error: &PseudonymError) -> bool {
    matches!(error, PseudonymError::Crypto(CryptoError::InvalidLength { what: "secret", .. }))
}

fn another_spelling(error: &PseudonymError) -> bool {
    matches!(error, PseudonymError::Identity(_))
}

fn not_exact(error: &PseudonymError) -> bool {
    matches!(error, PseudonymError::Decode(_))
}

const AS_IT_IS: fn(&mut Input) = |_| {};
const NOTHING_WRONG: fn(&mut Ingredients, usize) = |_, _| {};

fn flip_last(bytes: &mut [u8]) {
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
}

const RULES: &[Rule] = &[
    Rule {
        name: "responder in another spelling",
        reason: "a MIMI URI of a user counts in its normal form only",
        refused: another_spelling,
        spoil: |of, _| {
            of.responder_uri = b"mimi://B.example/u/bob".to_vec();
            of.sealed_for = of.responder_uri.clone();
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "connection room in another spelling",
        reason: "a MIMI URI of a room counts in its normal form only",
        refused: another_spelling,
        spoil: |of, _| {
            of.room_id = b"mimi://a.example/r/%63onnection".to_vec();
            of.answered_for = of.room_id.clone();
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "request for another responder",
        reason: "the context is the responder's URI",
        refused: request_closed,
        spoil: |of, _| of.sealed_for = b"mimi://b.example/u/bob2".to_vec(),
        damage: AS_IT_IS,
    },
    Rule {
        name: "request to another key",
        reason: "the request was sealed to another establishment key",
        refused: request_closed,
        spoil: NOTHING_WRONG,
        damage: |input| input.responder_private_key = input.response_private_key.clone(),
    },
    Rule {
        name: "request under the label of a response",
        reason: "the label is ConnectionRequest",
        refused: request_closed,
        spoil: |of, _| of.request_label = RESPONSE_LABEL,
        damage: AS_IT_IS,
    },
    Rule {
        name: "request changed",
        reason: "the tag of the request doesn't verify",
        refused: request_closed,
        spoil: NOTHING_WRONG,
        damage: |input| flip_last(&mut input.sealed_request),
    },
    Rule {
        name: "byte behind the request",
        reason: "what was sealed is exactly a ConnectionRequest",
        refused: not_exact,
        spoil: |of, _| of.behind_request.push(0),
        damage: AS_IT_IS,
    },
    Rule {
        name: "requester_connection_key with a zero behind it",
        reason: "a connection_key has KDF.Nh bytes; HMAC would not notice a trailing zero",
        refused: wrong_length,
        spoil: |of, _| of.requester_connection_key.push(0),
        damage: AS_IT_IS,
    },
    Rule {
        name: "connection_room_identity_link_wrapper_key one byte short",
        reason: "an identity_link_wrapper_key has KDF.Nh bytes",
        refused: wrong_length,
        spoil: |of, nh| of.wrapper_key.truncate(nh.saturating_sub(1)),
        damage: AS_IT_IS,
    },
    Rule {
        name: "response for another room",
        reason: "the context is the connection_room_id of the request, bare octets",
        refused: response_closed,
        spoil: |of, _| of.answered_for = b"mimi://a.example/r/another".to_vec(),
        damage: AS_IT_IS,
    },
    Rule {
        name: "response with a length-prefixed context",
        reason: "the context is the bare connection_room_id",
        refused: response_closed,
        spoil: |of, _| {
            let length = u8::try_from(of.room_id.len()).unwrap_or_default();
            of.answered_for.insert(0, length);
        },
        damage: AS_IT_IS,
    },
    Rule {
        name: "response under the label of a request",
        reason: "the label is ConnectionResponse",
        refused: response_closed,
        spoil: |of, _| of.response_label = REQUEST_LABEL,
        damage: AS_IT_IS,
    },
    Rule {
        name: "response changed",
        reason: "the tag of the response doesn't verify",
        refused: response_closed,
        spoil: NOTHING_WRONG,
        damage: |input| flip_last(&mut input.sealed_response),
    },
    Rule {
        name: "response to another key",
        reason: "the response was sealed to another response key",
        refused: response_closed,
        spoil: NOTHING_WRONG,
        damage: |input| input.response_private_key = input.responder_private_key.clone(),
    },
    Rule {
        name: "byte behind the response",
        reason: "what was sealed is exactly a ConnectionResponse",
        refused: not_exact,
        spoil: |of, _| of.behind_response.push(0),
        damage: AS_IT_IS,
    },
    Rule {
        name: "responder_connection_key one byte short",
        reason: "a connection_key has KDF.Nh bytes",
        refused: wrong_length,
        spoil: |of, nh| of.responder_connection_key.truncate(nh.saturating_sub(1)),
        damage: AS_IT_IS,
    },
];

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    for number in suites() {
        let suite = RustCrypto::new(number)?;
        let prefix = format!("suite {}", number.value());
        let randomness = |name: &str| Randomness(Stream::new(seed, "connection", name));

        let name = format!("{prefix}: basic credential");
        let mut rng = randomness(&name);
        let of = ingredients(&suite, &mut rng);
        cases.push(write(GeneratedCase::new(&name), &make(&suite, &of, &mut rng)?)?);

        let name = format!("{prefix}: X.509 chain, and a room identifier that is no text");
        let mut rng = randomness(&name);
        let mut of = ingredients(&suite, &mut rng);
        let certificates = [90, 60].map(|length| Certificate { cert_data: rng.0.bytes(length).into() });
        of.client_credential = Credential::X509 { certificates: certificates.to_vec() };
        of.room_id = rng.0.bytes(16);
        of.answered_for = of.room_id.clone();
        cases.push(write(GeneratedCase::new(&name), &make(&suite, &of, &mut rng)?)?);

        if POST_QUANTUM_SUITES.contains(&number) {
            continue;
        }
        for rule in RULES {
            let name = format!("{prefix}: {}", rule.name);
            let mut rng = randomness(&name);
            let mut of = ingredients(&suite, &mut rng);
            (rule.spoil)(&mut of, suite.parameters().nh);
            let mut input = make(&suite, &of, &mut rng)?;
            (rule.damage)(&mut input);
            // A case that is refused for another reason shows nothing.
            match open(&suite, &input) {
                Err(error) if (rule.refused)(&error) => {}
                other => return Err(GenerateError::Defect(format!("{name}: {other:?}"))),
            }
            cases.push(write(GeneratedCase::invalid(&name, rule.reason), &input)?);
        }
    }
    Ok(cases)
}
