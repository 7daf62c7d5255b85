//! The kind `connection`: a sealed request for a connection, and the sealed answer.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::format;
use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode, RoomUri, UserUri,
    minimal_metadata::{ConnectionRequest, ConnectionResponse, SealedConnectionResponse},
    mls::{HPKECiphertext, HPKEPublicKey},
    protocol::IdentifierUri,
};
use mimi_crypto::{HpkePrivateKey, RustCrypto, Secret, decrypt_with_label, encrypt_with_label};
use mimi_pseudonym::{PendingConnection, PseudonymError, open_connection_request};

use super::{
    Kind,
    identity_link::{NoRandomness, Stop, recomputed, suite},
    judgement,
};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Connection;

const REQUEST_LABEL: &[u8] = b"ConnectionRequest";
const RESPONSE_LABEL: &[u8] = b"ConnectionResponse";

impl Kind for Connection {
    fn name(&self) -> &'static str {
        "connection"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-kohbrok-mimi-metadata-minimalization-02"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        // What a case of an unknown suite holds is not judged.
        let Some(_) = judgement::suite(case) else { return };
        if let Some(input) = Input::read(case) {
            check(case, &input);
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let Some(_) = judgement::suite(case) else { return };
        let Some(input) = Input::read(case) else { return };
        let opens = suite(case, input.cipher_suite).is_some_and(|suite| open(&suite, &input).is_ok());
        if opens && case.passes(|case| check(case, &input)) {
            let reason = case.optional("reason").and_then(|reason| reason.as_str()).unwrap_or_default();
            case.fail("sealed_request", format!("to be refused: {reason}"), "accepted");
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        generated::cases(seed)
    }
}

/// The members of a case, as they stand there.
struct Input {
    cipher_suite: u16,
    responder_uri: Vec<u8>,
    responder_private_key: Vec<u8>,
    responder_public_key: Vec<u8>,
    connection_request: Vec<u8>,
    sealed_request: Vec<u8>,
    response_private_key: Vec<u8>,
    response_public_key: Vec<u8>,
    connection_response: Vec<u8>,
    sealed_response: Vec<u8>,
}

impl Input {
    /// Every member that is missing or ill-typed is noted.
    fn read(case: &mut Case<'_>) -> Option<Self> {
        let cipher_suite = case.structured::<u16>("cipher_suite", "the number of a cipher suite");
        let responder_uri = case.text("responder_uri");
        let [a, b, c, d, e, f, g, h] = [
            "responder_private_key",
            "responder_public_key",
            "connection_request",
            "sealed_request",
            "response_private_key",
            "response_public_key",
            "connection_response",
            "sealed_response",
        ]
        .map(|field| case.bytes(field));
        Some(Self {
            cipher_suite: cipher_suite?.1,
            responder_uri: responder_uri?.into(),
            responder_private_key: a?,
            responder_public_key: b?,
            connection_request: c?,
            sealed_request: d?,
            response_private_key: e?,
            response_public_key: f?,
            connection_response: g?,
            sealed_response: h?,
        })
    }
}

/// Opens both as the two users do, with `mimi-pseudonym`.
fn open(suite: &RustCrypto, input: &Input) -> Result<(), PseudonymError> {
    let responder = UserUri::new(&*input.responder_uri)?;
    let private_key = HpkePrivateKey::new(suite, &*input.responder_private_key)?;
    let sealed = HPKECiphertext::decode_exact(&input.sealed_request)?;
    let request = open_connection_request(suite, &responder, &private_key, &sealed)?;
    let private_key = HpkePrivateKey::new(suite, &*input.response_private_key)?;
    let room_id = RoomUri::new(request.connection_room_id().clone())?;
    let pending = PendingConnection::restore(responder, room_id, private_key);
    pending.open_response(suite, &SealedConnectionResponse::decode_exact(&input.sealed_response)?)?;
    Ok(())
}

/// Opens both with the primitives, and compares.
fn check(case: &mut Case<'_>, input: &Input) {
    let Some(suite) = suite(case, input.cipher_suite) else { return };
    if let Err(error) = open(&suite, input) {
        case.fail("sealed_request", "it and sealed_response to open", format!("refused: {error}"));
    }
    let opened = open_with(
        &suite,
        &input.responder_private_key,
        REQUEST_LABEL,
        &context(input),
        &input.sealed_request,
    );
    recomputed(case, "connection_request", &input.connection_request, opened);
    let request = match ConnectionRequest::decode_exact(&input.connection_request) {
        Ok(request) => request,
        Err(error) => return case.fail("connection_request", "a ConnectionRequest", error),
    };
    let key = Ok(request.connection_response_key.to_vec());
    recomputed(case, "response_public_key", &input.response_public_key, key);
    let room_id = Ok(request.connection_room_id.to_vec());
    let opened =
        open_with(&suite, &input.response_private_key, RESPONSE_LABEL, &room_id, &input.sealed_response);
    recomputed(case, "connection_response", &input.connection_response, opened);
    if let Err(error) = ConnectionResponse::decode_exact(&input.connection_response) {
        case.fail("connection_response", "a ConnectionResponse", error);
    }
    match UserUri::new(&*input.responder_uri) {
        Err(error) => case.fail("responder_uri", "a user in the one spelling that counts", error),
        Ok(user) if user.mimi_uri().is_none() => case.fail("responder_uri", "a MIMI URI", user),
        Ok(_) => {}
    }
    for (field, public_key, private_key) in [
        ("responder_public_key", &input.responder_public_key, &input.responder_private_key),
        ("response_public_key", &input.response_public_key, &input.response_private_key),
    ] {
        if let Err(error) = belong_together(&suite, public_key, private_key) {
            case.fail(field, "the public key of the private key", error);
        }
    }
}

fn context(input: &Input) -> Result<Vec<u8>, Stop> {
    Ok(IdentifierUri::new(&*input.responder_uri)?.to_bytes()?)
}

fn open_with(
    suite: &RustCrypto,
    private_key: &[u8],
    label: &[u8],
    context: &Result<Vec<u8>, Stop>,
    sealed: &[u8],
) -> Result<Vec<u8>, Stop> {
    let context = context.as_ref().map_err(|error| Stop::Codec(format!("{error}")))?;
    let private_key = HpkePrivateKey::new(suite, private_key)?;
    let sealed = HPKECiphertext::decode_exact(sealed)?;
    Ok(decrypt_with_label(suite, &private_key, label, context, &sealed)?.expose().to_vec())
}

/// Does what is sealed to one open with the other?
fn belong_together(suite: &RustCrypto, public_key: &[u8], private_key: &[u8]) -> Result<(), Stop> {
    let sealed =
        encrypt_with_label(suite, &HPKEPublicKey::new(public_key), b"", b"", b"", &mut NoRandomness)?;
    let private_key = HpkePrivateKey::new(suite, private_key)?;
    let _: Secret = decrypt_with_label(suite, &private_key, b"", b"", &sealed)?;
    Ok(())
}
