//! Wrong key schedules, each by one bug.

use alloc::{format, vec, vec::Vec};

use mimi_codec::{
    Encode,
    associated_parties::{AssociatedPartyEntry, AssociatedPartyExportContext},
    code_points::{CipherSuite, ComponentID},
    mls::GroupContext,
};
use mimi_crypto::{
    CipherSuiteProvider, RustCrypto, encrypt_with_label, generate_hpke_key_pair, sign_associated_party_entry,
    sign_with_label,
};

use super::{LABEL, Made, Members, Scene, encryption_context};
use crate::{
    file_format::{GeneratedCase, Seed},
    kind::judgement::Invalid,
};

type Bug = fn(&mut Scene, &mut Members) -> Made<()>;

/// Name, the bug that a verifier has that accepts it, the field that is refused first, and how it
/// is made.
const BUGS: &[(&str, &str, &str, Bug)] = &[
    (
        "entry signed under another label",
        "the label is AssociatedPartyEntryTBS, not AssociatedPartyEntry",
        "ap_entry",
        |scene, it| {
            let tbs = it.ap_entry.tbs().to_bytes()?;
            resign(scene, it, b"AssociatedPartyEntry", &tbs)
        },
    ),
    (
        "entry signed for a component",
        "the label is bare, not that of SafeSignWithLabel",
        "ap_entry",
        |scene, it| {
            let tbs = it.ap_entry.tbs().to_bytes()?;
            let label = mimi_codec::extensions::ComponentOperationLabel::of(
                ComponentID::ASSOCIATED_PARTIES,
                b"AssociatedPartyEntryTBS".as_slice(),
            );
            resign(scene, it, &label.to_bytes()?, &tbs)
        },
    ),
    (
        "entry whose signature leaves out the index",
        "the signature covers external_sender_index",
        "ap_entry",
        |scene, it| {
            let key = it.ap_entry.encryption_key.to_bytes()?;
            resign(scene, it, b"AssociatedPartyEntryTBS", &key)
        },
    ),
    (
        "entry signed by another external sender",
        "the signature is by the external sender that the entry names",
        "ap_entry",
        |scene, it| {
            let Scene { suite, stream, .. } = &mut *scene;
            let other = suite.signing_key(&suite.generate_signature_key(stream)?)?;
            let entry = sign_associated_party_entry(
                suite,
                &other,
                it.ap_entry.encryption_key.clone(),
                it.ap_entry.external_sender_index,
                stream,
            )?;
            follow_entry(scene, it, entry)
        },
    ),
    (
        "entry with another encryption key than was signed",
        "the signature covers encryption_key",
        "ap_entry",
        |scene, it| {
            let (private_key, public_key) = generate_hpke_key_pair(&scene.suite, &mut scene.stream)?;
            let entry = AssociatedPartyEntry { encryption_key: public_key.clone(), ..it.ap_entry.clone() };
            (scene.private_key, scene.public_key) = (private_key, public_key);
            follow_entry(scene, it, entry)
        },
    ),
    (
        "base secret of another index",
        "ap_index is in AssociatedPartyExportContext",
        "ap_commit_base_secret",
        |scene, it| {
            let ap_entry = it.ap_entry.clone();
            let context = AssociatedPartyExportContext { ap_index: it.ap_index.wrapping_add(1), ap_entry };
            let base = scene.expand(&it.ap_secret, "AP Commit Base Secret", &context.to_bytes()?)?;
            scene.follow_base(it, base)
        },
    ),
    (
        "base secret from the external sender's index",
        "ap_index is the place in associated_parties, not in external_senders",
        "ap_commit_base_secret",
        |scene, it| {
            let ap_entry = it.ap_entry.clone();
            let context = AssociatedPartyExportContext { ap_index: ap_entry.external_sender_index, ap_entry };
            let base = scene.expand(&it.ap_secret, "AP Commit Base Secret", &context.to_bytes()?)?;
            scene.follow_base(it, base)
        },
    ),
    (
        "base secret from the entry without its signature",
        "AssociatedPartyExportContext has the whole entry",
        "ap_commit_base_secret",
        |scene, it| {
            let context = [&it.ap_index.to_be_bytes()[..], &it.ap_entry.tbs().to_bytes()?].concat();
            let base = scene.expand(&it.ap_secret, "AP Commit Base Secret", &context)?;
            scene.follow_base(it, base)
        },
    ),
    (
        "base secret without a context",
        "ap_commit_base_secret is an ExpandWithLabel, not a DeriveSecret",
        "ap_commit_base_secret",
        |scene, it| {
            let base = scene.derive(&it.ap_secret, "AP Commit Base Secret")?;
            scene.follow_base(it, base)
        },
    ),
    (
        "secret and ID swapped",
        "ap_commit_secret_id travels in the open; ap_commit_secret doesn't",
        "ap_commit_secret_id",
        |scene, it| {
            core::mem::swap(&mut it.secret, &mut it.id);
            let plaintext = it.base.clone();
            scene.seal(it, &plaintext)?;
            scene.follow_secret(it)
        },
    ),
    (
        "ID derived from the commit secret",
        "ap_commit_secret_id comes of ap_commit_base_secret",
        "ap_commit_secret_id",
        |scene, it| {
            it.id = scene.derive(&it.secret, "AP Commit Secret ID")?;
            let plaintext = it.base.clone();
            scene.seal(it, &plaintext)
        },
    ),
    (
        "sealed without a component",
        "the label is that of SafeEncryptWithLabel, with component 0x0007",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let context = encryption_context(&it.group_context, &it.id)?;
            let Scene { suite, public_key, stream, .. } = scene;
            it.sealed = encrypt_with_label(suite, public_key, LABEL, &context, &it.base, stream)?;
            Ok(())
        },
    ),
    (
        "sealed for another component",
        "the component is 0x0007",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let context = encryption_context(&it.group_context, &it.id)?;
            let plaintext = it.base.clone();
            scene.seal_for(it, ComponentID(0x0008), &context, &plaintext)
        },
    ),
    (
        "sealed in the previous epoch's context",
        "group_context is that of the new epoch",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let context = encryption_context(&previous_context(it), &it.id)?;
            let plaintext = it.base.clone();
            scene.seal_for(it, ComponentID::ASSOCIATED_PARTIES, &context, &plaintext)
        },
    ),
    (
        "sealed in a context without its label",
        "AssociatedPartyCommitEncryptionContext begins with a label",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let context = encryption_context(&it.group_context, &it.id)?;
            // One byte of length.
            let context = context.get(LABEL.len().saturating_add(1)..).unwrap_or_default().to_vec();
            let plaintext = it.base.clone();
            scene.seal_for(it, ComponentID::ASSOCIATED_PARTIES, &context, &plaintext)
        },
    ),
    (
        "sealed in a context with a bare label",
        "the label in the context is opaque<V>",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let context = encryption_context(&it.group_context, &it.id)?;
            let context = context.get(1..).unwrap_or_default().to_vec();
            let plaintext = it.base.clone();
            scene.seal_for(it, ComponentID::ASSOCIATED_PARTIES, &context, &plaintext)
        },
    ),
    (
        "sealed in a context without the ID",
        "AssociatedPartyCommitEncryptionContext ends with ap_commit_secret_id",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let context = encryption_context(&it.group_context, b"")?;
            let plaintext = it.base.clone();
            scene.seal_for(it, ComponentID::ASSOCIATED_PARTIES, &context, &plaintext)
        },
    ),
    (
        "another base secret sealed under the ID",
        "the party recomputes the ID from what it opens",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let other = scene.stream.bytes(it.base.len());
            scene.seal(it, &other)
        },
    ),
    (
        "commit secret sealed instead of the base secret",
        "ap_commit_base_secret is what is sealed",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let plaintext = it.secret.clone();
            scene.seal(it, &plaintext)
        },
    ),
    (
        "base secret sealed with a zero byte behind it",
        "secrets have KDF.Nh bytes; HMAC ignores zeros at the end of its key",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let plaintext = [&it.base[..], &[0]].concat();
            scene.seal(it, &plaintext)
        },
    ),
    (
        "sealed to another party",
        "each party's secret is sealed to its own key",
        "sealed_ap_commit_base_secret",
        |scene, it| {
            let other = generate_hpke_key_pair(&scene.suite, &mut scene.stream)?.1;
            let own = core::mem::replace(&mut scene.public_key, other);
            let plaintext = it.base.clone();
            scene.seal(it, &plaintext)?;
            scene.public_key = own;
            Ok(())
        },
    ),
    (
        "ap_secret with a zero byte behind it",
        "secrets have KDF.Nh bytes; HMAC ignores zeros at the end of its key",
        "ap_secret",
        |_, it| {
            it.ap_secret.push(0);
            Ok(())
        },
    ),
    (
        "init secret with a zero byte behind it",
        "secrets have KDF.Nh bytes; HMAC ignores zeros at the end of its key",
        "ap_init_secret_previous",
        |_, it| {
            it.previous.get_or_insert_default().push(0);
            Ok(())
        },
    ),
    (
        "init secret of no bytes",
        "a first epoch's init secret is KDF.Nh zeros; HMAC takes no key for zeros",
        "ap_init_secret_previous",
        |scene, it| {
            it.previous = None;
            scene.follow_secret(it)?;
            it.previous = Some(Vec::new());
            Ok(())
        },
    ),
    (
        "init secret forgotten",
        "an epoch that isn't a party's first goes on from the previous one",
        "ap_epoch_secret",
        |scene, it| {
            let previous = it.previous.take();
            scene.follow_secret(it)?;
            it.previous = previous;
            Ok(())
        },
    ),
    (
        "salt and input of the extraction swapped",
        "ap_init_secret is the salt of KDF.Extract, ap_commit_secret its input",
        "ap_epoch_secret",
        |scene, it| {
            let zero = vec![0; scene.nh()];
            let input = scene.secret(it.previous.as_deref().unwrap_or(&zero))?;
            let extracted = scene.suite.extract(&scene.secret(&it.secret)?, &input)?;
            let epoch_secret = scene.expand(extracted.expose(), "ap_epoch", &it.group_context.to_bytes()?)?;
            scene.follow_epoch(it, epoch_secret)
        },
    ),
    (
        "epoch secret without the GroupContext",
        "GroupContext is the context of ap_epoch",
        "ap_epoch_secret",
        |scene, it| follow_context(scene, it, b""),
    ),
    (
        "epoch secret in the previous epoch's context",
        "the GroupContext is that of the new epoch",
        "ap_epoch_secret",
        |scene, it| {
            let context = previous_context(it).to_bytes()?;
            follow_context(scene, it, &context)
        },
    ),
    ("init secret under another label", "the label is init, not ap_init", "ap_init_secret", |scene, it| {
        it.init = scene.derive(&it.epoch_secret, "ap_init")?;
        Ok(())
    }),
    (
        "exporter secret under another label",
        "the label is ap_exporter, not exporter",
        "ap_exporter_secret",
        |scene, it| {
            it.exporter = scene.derive(&it.epoch_secret, "exporter")?;
            it.franking_context = scene.derive(&it.exporter, "franking_context")?;
            it.franking_integrity = scene.derive(&it.exporter, "franking_integrity")?;
            Ok(())
        },
    ),
    (
        "franking secrets from the epoch secret",
        "they are derived from ap_exporter_secret",
        "franking_context_secret",
        |scene, it| {
            it.franking_context = scene.derive(&it.epoch_secret, "franking_context")?;
            it.franking_integrity = scene.derive(&it.epoch_secret, "franking_integrity")?;
            Ok(())
        },
    ),
    ("franking secrets swapped", "one label for each", "franking_context_secret", |_, it| {
        core::mem::swap(&mut it.franking_context, &mut it.franking_integrity);
        Ok(())
    }),
    (
        "GroupContext of another suite",
        "the party's schedule runs under the group's suite",
        "group_context",
        |scene, it| {
            it.group_context.cipher_suite = CipherSuite(0xf001);
            let context = encryption_context(&it.group_context, &it.id)?;
            let plaintext = it.base.clone();
            scene.seal_for(it, ComponentID::ASSOCIATED_PARTIES, &context, &plaintext)?;
            scene.follow_secret(it)
        },
    ),
    (
        "private key of another party",
        "the key isn't that of the entry's encryption_key",
        "ap_encryption_private_key",
        |scene, _| {
            scene.private_key = generate_hpke_key_pair(&scene.suite, &mut scene.stream)?.0;
            Ok(())
        },
    ),
];

fn previous_context(it: &Members) -> GroupContext {
    GroupContext { epoch: it.group_context.epoch.saturating_sub(1), ..it.group_context.clone() }
}

/// The rest of the schedule for another entry: only the entry itself is wrong.
fn follow_entry(scene: &mut Scene, it: &mut Members, ap_entry: AssociatedPartyEntry) -> Made<()> {
    it.ap_entry = ap_entry.clone();
    let context = AssociatedPartyExportContext { ap_index: it.ap_index, ap_entry };
    let base = scene.expand(&it.ap_secret, "AP Commit Base Secret", &context.to_bytes()?)?;
    scene.follow_base(it, base)
}

fn resign(scene: &mut Scene, it: &mut Members, label: &[u8], content: &[u8]) -> Made<()> {
    let Scene { suite, stream, signing_key, .. } = &mut *scene;
    let signature = sign_with_label(suite, signing_key, label, content, stream)?;
    let entry = AssociatedPartyEntry { signature: signature.into(), ..it.ap_entry.clone() };
    follow_entry(scene, it, entry)
}

fn follow_context(scene: &mut Scene, it: &mut Members, context: &[u8]) -> Made<()> {
    let zero = vec![0; scene.nh()];
    let salt = scene.secret(it.previous.as_deref().unwrap_or(&zero))?;
    let extracted = scene.suite.extract(&salt, &scene.secret(&it.secret)?)?;
    let epoch_secret = scene.expand(extracted.expose(), "ap_epoch", context)?;
    scene.follow_epoch(it, epoch_secret)
}

/// Each bug once, the suites in turn.
pub(in crate::kind) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let suites = RustCrypto::CLASSICAL_CIPHER_SUITES.iter().cycle();
    let made = BUGS.iter().zip(suites).map(|((name, reason, refused, bug), number)| {
        let name = format!("suite {}, {name}", number.value());
        let mut scene = Scene::new(seed, &name, *number)?;
        let previous = scene.stream.bytes(scene.nh());
        let mut members = scene.honest(1, 7, Some(previous))?;
        bug(&mut scene, &mut members)?;
        let case = scene.finish(GeneratedCase::invalid(&name, reason), &members, true)?;
        Ok(Invalid { case, refused })
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn refuses_each_case_for_its_reason() {
        let others = refuses_each_for_its_reason(
            &invalid(&Seed::default()).unwrap(),
            crate::kind::associated_party::judge,
        );
        assert!(others.is_empty(), "{others:#?}");
    }
}
