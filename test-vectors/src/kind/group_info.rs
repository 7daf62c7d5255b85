//! The kind `group-info`: a hub's answer to a user who wants to join.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

#[cfg(feature = "generate")]
use alloc::vec::Vec;

use mimi_codec::{
    Encode,
    mls::{Credential, ExternalSender, HPKEPublicKey, SignaturePublicKey},
    protocol::{GroupInfoAnswer, GroupInfoResponse},
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, RustCryptoSigningKey, SignaturePrivateKey,
    sign_with_label, verify_group_info_response,
};

use super::Kind;
use super::judgement::{Judgement, NoRandomness, all_bytes, must_be_refused, must_hold, suite};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct GroupInfo;

impl Kind for GroupInfo {
    fn name(&self) -> &'static str {
        "group-info"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-protocol-06"]
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
        let mut cases = generated::valid(seed)?;
        cases.extend(generated::invalid(seed)?.into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

/// `None` if a member is missing or ill-typed.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let members = all_bytes(
        case,
        [
            "room_id",
            "requester_hpke_private_key",
            "requester_hpke_public_key",
            "hub_signature_private_key",
            "hub_signature_public_key",
            "hub_credential",
            "response",
        ],
    );
    let plaintext = case.optional_bytes("plaintext");
    let (suite, plaintext) = (suite?, plaintext?);
    let [room_id, private_key, public_key, hub_private_key, hub_public_key, credential, response] = members?;

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let field = "requester_hpke_private_key";
    let private_key = it.check(field, HpkePrivateKey::new(&suite, private_key));
    if let Some(private_key) = &private_key {
        it.pair(field, &suite, private_key, &HPKEPublicKey::from(public_key));
    }
    let hub = it.check(
        "hub_signature_private_key",
        SignaturePrivateKey::new(&suite, hub_private_key).and_then(|key| suite.signing_key(&key)),
    );
    if let Some(hub) = &hub {
        it.same("hub_signature_public_key", &suite.signature_public_key(hub), &hub_public_key);
    }
    let credential = it.decode::<Credential>("hub_credential", &credential);
    let response = it.decode::<GroupInfoResponse>("response", &response);
    let (Some(private_key), Some(hub), Some(credential), Some(response)) =
        (private_key, hub, credential, response)
    else {
        return Some(judgement);
    };
    let hub_sender = ExternalSender { signature_key: SignaturePublicKey::from(hub_public_key), credential };

    match (verify_group_info_response(&suite, response.clone(), &room_id), plaintext) {
        // The hub gives nothing, and the case says so.
        (Err(CryptoError::NoGroupInfo(_)), None) => {}
        (Err(error), _) => {
            it.check::<(), _>("response", Err(error));
        }
        (Ok(_), None) => it.refuse("plaintext", "what the response holds", "null"),
        (Ok(verified), Some(plaintext)) => {
            let expected = it.check("hub_credential", hub_sender.to_bytes());
            let found = it.check("response.hub_sender", verified.hub_sender().to_bytes());
            if let (Some(expected), Some(found)) = (expected, found) {
                it.same("response.hub_sender", &expected, &found);
            }
            let opened = verified.open(&suite, &private_key).and_then(|opened| Ok(opened.to_bytes()?));
            if let Some(opened) = it.check("response.encrypted_groupinfo_and_tree", opened) {
                it.same("plaintext", &opened, &plaintext);
            }
            judge_signature(it, &suite, &hub, &response);
        }
    }
    Some(judgement)
}

/// Ed25519 is deterministic: the hub's signature is made again.
fn judge_signature(
    it: &mut Judgement,
    suite: &RustCrypto,
    hub: &RustCryptoSigningKey,
    response: &GroupInfoResponse,
) {
    let (GroupInfoAnswer::Success { signature, .. }, Some(tbs)) = (&response.status, response.tbs()) else {
        return;
    };
    if suite.parameters().signature_public_key != 32 {
        return;
    }
    let field = "response.signature";
    let own = tbs
        .to_bytes()
        .map_err(CryptoError::from)
        .and_then(|tbs| sign_with_label(suite, hub, b"GroupInfoResponseTBS", &tbs, &mut NoRandomness));
    if let Some(own) = it.check(field, own) {
        it.same(field, &own, signature);
    }
}
