//! The kind `private-external`: the key for external messages of an epoch, and a sealed message.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

#[cfg(feature = "generate")]
use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode,
    mls::{PublicMessage, SignaturePublicKey},
    private_external::{ExternalEncryptionInfo, PrivateExternalMessage},
};
use mimi_crypto::{
    CipherSuiteProvider, HpkePrivateKey, Secret, SignaturePrivateKey, external_encryption_key_pair,
    open_private_external_message, seal_private_external_message, verify_external_encryption_info,
};

use super::Kind;
use super::judgement::{Judgement, NoRandomness, all_bytes, must_be_refused, must_hold, number, suite};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct PrivateExternal;

impl Kind for PrivateExternal {
    fn name(&self) -> &'static str {
        "private-external"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-mahy-mls-private-external-01"]
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

fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let epoch = number(case, "epoch");
    let fields = [
        "group_id",
        "epoch_secret",
        "external_encryption_private_key",
        "root_private_signature_key",
        "external_encryption_info",
        "public_message",
        "private_external_message",
    ];
    let members = all_bytes(case, fields);
    let (suite, epoch) = (suite?, epoch?);
    let [group_id, epoch_secret, private_key, root_key, info, public, sealed] = members?;

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let epoch_secret = it.check("epoch_secret", Secret::new(&suite, epoch_secret));
    let pair = epoch_secret
        .and_then(|secret| it.check("epoch_secret", external_encryption_key_pair(&suite, &secret)));
    let root = it.check(
        "root_private_signature_key",
        SignaturePrivateKey::new(&suite, root_key).and_then(|key| suite.signing_key(&key)),
    );
    let info = it.decode::<ExternalEncryptionInfo>("external_encryption_info", &info);
    let message = it.decode::<PrivateExternalMessage>("private_external_message", &sealed);
    let (Some((own_private_key, public_key)), Some(root), Some(info), Some(message)) =
        (pair, root, info, message)
    else {
        return Some(judgement);
    };
    it.same("external_encryption_private_key", own_private_key.expose(), &private_key);
    it.same("external_encryption_info", &public_key, &info.external_encryption_public_key);
    let root_key: SignaturePublicKey = suite.signature_public_key(&root);
    it.same("external_encryption_info", &root_key, &info.root_public_signature_key);
    let field = "external_encryption_info";
    let verified = verify_external_encryption_info(&suite, info, group_id.as_slice(), epoch);
    let Some(verified) = it.check(field, verified) else { return Some(judgement) };
    let field = "external_encryption_private_key";
    let Some(private_key) = it.check(field, HpkePrivateKey::new(&suite, private_key)) else {
        return Some(judgement);
    };
    let opened = open_private_external_message(&suite, &private_key, &group_id, epoch, &message);
    let opened = it.check("private_external_message", opened);
    if let Some(opened) = opened.and_then(|opened| it.check("public_message", opened.to_bytes())) {
        it.same("public_message", &opened, &public);
    }
    // What the sender may seal to the key.
    if let Some(public) = it.check("public_message", PublicMessage::decode_exact(&public)) {
        let sealed = seal_private_external_message(&suite, &verified, &public, &mut NoRandomness);
        it.check("public_message", sealed);
    }
    Some(judgement)
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid(&Seed::default()).unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), Vec::<String>::new());
    }
}
