//! The kind `associated-party`: one party's key schedule in one epoch.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

#[cfg(feature = "generate")]
use alloc::vec::Vec;

use mimi_codec::{
    Encode,
    associated_parties::{AssociatedPartyCommitSecret, AssociatedPartyEntry},
    mls::{GroupContext, HPKECiphertext, SignaturePublicKey},
};
use mimi_crypto::{
    AgreedApCommit, ApCommit, ApEpoch, CipherSuiteProvider, HpkePrivateKey, Secret, ap_epoch_secret,
    verify_with_label,
};

use super::Kind;
use super::judgement::{Judgement, all_bytes, must_be_refused, must_hold, suite, uint32};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct AssociatedParty;

impl Kind for AssociatedParty {
    fn name(&self) -> &'static str {
        "associated-party"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-kohbrok-mls-associated-parties-01"]
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
    let ap_index = uint32(case, "ap_index");
    let members = all_bytes(
        case,
        [
            "ap_secret",
            "ap_entry",
            "group_context",
            "ap_commit_base_secret",
            "ap_commit_secret",
            "ap_commit_secret_id",
            "ap_epoch_secret",
            "ap_exporter_secret",
            "ap_init_secret",
            "franking_context_secret",
            "franking_integrity_secret",
        ],
    );
    let previous = case.optional_bytes("ap_init_secret_previous");
    let private_key = case.optional_bytes("ap_encryption_private_key");
    let sealed = case.optional_bytes("sealed_ap_commit_base_secret");
    let sender_key = case.optional_bytes("sender_signature_public_key");
    let (suite, ap_index) = (suite?, ap_index?);
    let [ap_secret, entry, context, base, secret, id, epoch_secret, exporter, init, franking @ ..] = members?;
    let (previous, private_key, sealed, sender_key) = (previous?, private_key?, sealed?, sender_key?);
    if sealed.is_some() && private_key.is_none() {
        case.required("ap_encryption_private_key", "the key that opens sealed_ap_commit_base_secret")?;
    }

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let entry = it.decode::<AssociatedPartyEntry>("ap_entry", &entry);
    let context = it.decode::<GroupContext>("group_context", &context);
    let ap_secret = it.check("ap_secret", Secret::new(&suite, ap_secret));
    let previous = match previous {
        None => Some(None),
        Some(bytes) => it.check("ap_init_secret_previous", Secret::new(&suite, bytes)).map(Some),
    };
    let (Some(entry), Some(context), Some(ap_secret), Some(previous)) = (entry, context, ap_secret, previous)
    else {
        return Some(judgement);
    };
    if context.cipher_suite != suite.parameters().cipher_suite {
        it.refuse("group_context", "a group of the suite", context.cipher_suite.value());
    }
    if let Some(key) = sender_key {
        // Signed by the external sender that the entry names: SignWithLabel(.,
        // "AssociatedPartyEntryTBS", AssociatedPartyEntryTBS).
        let verified = entry.tbs().to_bytes().map_err(Into::into).and_then(|tbs| {
            let key = SignaturePublicKey::from(key);
            verify_with_label(&suite, &key, b"AssociatedPartyEntryTBS", &tbs, &entry.signature)
        });
        it.check("ap_entry", verified);
    }

    let commit = it.check("ap_commit_base_secret", ApCommit::derive(&suite, &ap_secret, ap_index, &entry));
    let Some(commit) = commit else { return Some(judgement) };
    it.same("ap_commit_base_secret", commit.ap_commit_base_secret().expose(), &base);
    let own_id = commit.ap_commit_secret_id();
    it.same("ap_commit_secret_id", &own_id, &id);
    let nothing = HPKECiphertext { kem_output: b"".as_slice().into(), ciphertext: b"".as_slice().into() };
    let received = |sealed, id| AssociatedPartyCommitSecret {
        encrypted_ap_commit_base_secret: sealed,
        ap_commit_secret_id: id,
    };
    let agreed = it.check("ap_commit_secret_id", commit.agree(&received(nothing, own_id)));
    let Some(agreed) = agreed else { return Some(judgement) };
    it.same("ap_commit_secret", agreed.ap_commit_secret().expose(), &secret);

    let field = "ap_encryption_private_key";
    let private_key = private_key.and_then(|bytes| it.check(field, HpkePrivateKey::new(&suite, bytes)));
    if let Some(key) = &private_key {
        it.pair(field, &suite, key, &entry.encryption_key);
    }
    let field = "sealed_ap_commit_base_secret";
    let sealed = sealed.as_deref().and_then(|bytes| it.decode(field, bytes));
    if let (Some(key), Some(sealed)) = (&private_key, sealed) {
        let opened = AgreedApCommit::open(&suite, key, &received(sealed, id.into()), &context);
        if let Some(opened) = it.check(field, opened) {
            it.same(field, agreed.ap_commit_secret().expose(), opened.ap_commit_secret().expose());
        }
    }

    let own = it.check("group_context", ap_epoch_secret(&suite, previous.as_ref(), &agreed, &context));
    let Some(own) = own else { return Some(judgement) };
    it.same("ap_epoch_secret", own.expose(), &epoch_secret);
    let epoch = it.check("ap_epoch_secret", ApEpoch::from_epoch_secret(&suite, &own));
    let Some(epoch) = epoch else { return Some(judgement) };
    it.same("ap_exporter_secret", epoch.ap_exporter_secret().expose(), &exporter);
    it.same("ap_init_secret", epoch.ap_init_secret().expose(), &init);
    let own = [epoch.franking_context_secret(&suite), epoch.franking_integrity_secret(&suite)];
    let fields = ["franking_context_secret", "franking_integrity_secret"];
    for ((field, own), found) in fields.into_iter().zip(own).zip(&franking) {
        if let Some(own) = it.check(field, own) {
            it.same(field, own.expose(), found);
        }
    }
    Some(judgement)
}
