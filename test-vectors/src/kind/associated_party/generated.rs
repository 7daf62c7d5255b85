//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::{
    Encode,
    associated_parties::{
        AssociatedPartyCommitEncryptionContext, AssociatedPartyEntry, AssociatedPartyExportContext,
    },
    code_points::{CipherSuite, ComponentID},
    mls::{Extensions, GroupContext, HPKECiphertext, HPKEPublicKey, Mls10},
};
use mimi_crypto::{
    ApCommit, ApEpoch, CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, RustCryptoSigningKey,
    Secret, ap_epoch_secret, encrypt_with_label, expand_with_label, generate_hpke_key_pair, random_secret,
    safe_encrypt_with_label, sign_associated_party_entry, sign_with_label,
};

use crate::generate::{GenerateError, GeneratedCase, Seed, Stream};
use crate::kind::judgement::Invalid;

const LABEL: &[u8] = b"AP Commit Secret";

/// A group and its party, and what only they know.
struct Scene {
    suite: RustCrypto,
    stream: Stream,
    signing_key: RustCryptoSigningKey,
    private_key: HpkePrivateKey,
    public_key: HPKEPublicKey,
}

/// The members of a case.
struct Members {
    ap_secret: Vec<u8>,
    ap_index: u32,
    ap_entry: AssociatedPartyEntry,
    group_context: GroupContext,
    previous: Option<Vec<u8>>,
    base: Vec<u8>,
    secret: Vec<u8>,
    id: Vec<u8>,
    epoch_secret: Vec<u8>,
    exporter: Vec<u8>,
    init: Vec<u8>,
    franking_context: Vec<u8>,
    franking_integrity: Vec<u8>,
    sealed: HPKECiphertext,
}

type Made<T> = Result<T, GenerateError>;

impl Scene {
    fn new(seed: &Seed, case: &str, number: CipherSuite) -> Made<Self> {
        let suite = RustCrypto::new(number)?;
        let mut stream = Stream::new(seed, "associated-party", case);
        let signing_key = suite.signing_key(&suite.generate_signature_key(&mut stream)?)?;
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut stream)?;
        Ok(Self { suite, stream, signing_key, private_key, public_key })
    }

    fn nh(&self) -> usize {
        self.suite.parameters().nh
    }

    fn secret(&self, bytes: &[u8]) -> Result<Secret, CryptoError> {
        Secret::new(&self.suite, bytes)
    }

    fn expand(&self, secret: &[u8], label: &str, context: &[u8]) -> Made<Vec<u8>> {
        let secret = self.secret(secret)?;
        let expanded = expand_with_label(&self.suite, &secret, label.as_bytes(), context, self.nh())?;
        Ok(expanded.expose().to_vec())
    }

    fn derive(&self, secret: &[u8], label: &str) -> Made<Vec<u8>> {
        self.expand(secret, label, b"")
    }

    /// What is right.
    fn honest(&mut self, ap_index: u32, epoch: u64, previous: Option<Vec<u8>>) -> Made<Members> {
        let Self { suite, stream, signing_key, public_key, .. } = self;
        let nh = suite.parameters().nh;
        let ap_secret = random_secret(stream, nh);
        let ap_entry = sign_associated_party_entry(
            suite,
            signing_key,
            public_key.clone(),
            ap_index.saturating_add(1),
            stream,
        )?;
        let group_context = GroupContext {
            version: Mls10,
            cipher_suite: suite.parameters().cipher_suite,
            group_id: stream.bytes(16).into(),
            epoch,
            tree_hash: stream.bytes(nh).into(),
            confirmed_transcript_hash: stream.bytes(nh).into(),
            extensions: Extensions::default(),
        };
        let commit = ApCommit::derive(suite, &ap_secret, ap_index, &ap_entry)?;
        let base = commit.ap_commit_base_secret().expose().to_vec();
        let id = commit.ap_commit_secret_id().to_vec();
        let (sent, agreed) = commit.seal(suite, public_key, &group_context, stream)?;
        let init = previous.as_deref().map(|bytes| Secret::new(suite, bytes)).transpose()?;
        let epoch_secret = ap_epoch_secret(suite, init.as_ref(), &agreed, &group_context)?;
        let epoch = ApEpoch::from_epoch_secret(suite, &epoch_secret)?;
        Ok(Members {
            ap_secret: ap_secret.expose().to_vec(),
            ap_index,
            ap_entry,
            group_context,
            previous,
            base,
            secret: agreed.ap_commit_secret().expose().to_vec(),
            id,
            epoch_secret: epoch_secret.expose().to_vec(),
            exporter: epoch.ap_exporter_secret().expose().to_vec(),
            init: epoch.ap_init_secret().expose().to_vec(),
            franking_context: epoch.franking_context_secret(suite)?.expose().to_vec(),
            franking_integrity: epoch.franking_integrity_secret(suite)?.expose().to_vec(),
            sealed: sent.encrypted_ap_commit_base_secret,
        })
    }

    /// All that follows from another `ap_commit_base_secret`.
    fn follow_base(&mut self, it: &mut Members, base: Vec<u8>) -> Made<()> {
        it.base = base;
        it.secret = self.derive(&it.base, "AP Commit Secret")?;
        it.id = self.derive(&it.base, "AP Commit Secret ID")?;
        let plaintext = it.base.clone();
        self.seal(it, &plaintext)?;
        self.follow_secret(it)
    }

    /// All that follows from another `ap_commit_secret`.
    fn follow_secret(&mut self, it: &mut Members) -> Made<()> {
        let zero = vec![0; self.nh()];
        let salt = self.secret(it.previous.as_deref().unwrap_or(&zero))?;
        let extracted = self.suite.extract(&salt, &self.secret(&it.secret)?)?;
        let context = it.group_context.to_bytes()?;
        let epoch_secret = self.expand(extracted.expose(), "ap_epoch", &context)?;
        self.follow_epoch(it, epoch_secret)
    }

    /// All that follows from another `ap_epoch_secret`.
    fn follow_epoch(&mut self, it: &mut Members, epoch_secret: Vec<u8>) -> Made<()> {
        it.epoch_secret = epoch_secret;
        it.init = self.derive(&it.epoch_secret, "init")?;
        it.exporter = self.derive(&it.epoch_secret, "ap_exporter")?;
        it.franking_context = self.derive(&it.exporter, "franking_context")?;
        it.franking_integrity = self.derive(&it.exporter, "franking_integrity")?;
        Ok(())
    }

    /// Seals as the draft says.
    fn seal(&mut self, it: &mut Members, plaintext: &[u8]) -> Made<()> {
        let context = encryption_context(&it.group_context, &it.id)?;
        self.seal_for(it, ComponentID::ASSOCIATED_PARTIES, &context, plaintext)
    }

    fn seal_for(
        &mut self,
        it: &mut Members,
        component: ComponentID,
        context: &[u8],
        plaintext: &[u8],
    ) -> Made<()> {
        let Self { suite, public_key, stream, .. } = self;
        it.sealed = safe_encrypt_with_label(suite, public_key, component, LABEL, context, plaintext, stream)?;
        Ok(())
    }

    /// The members in JSON; `optional` are those of who knows the party's keys.
    fn finish(&self, case: GeneratedCase, it: &Members, optional: bool) -> Made<GeneratedCase> {
        let case = case
            .json_member("cipher_suite", format!("{}", self.suite.parameters().cipher_suite.value()))
            .hex("ap_secret", &it.ap_secret)
            .json_member("ap_index", format!("{}", it.ap_index))
            .hex("ap_entry", &it.ap_entry.to_bytes()?)
            .hex("group_context", &it.group_context.to_bytes()?);
        let case = match &it.previous {
            Some(secret) => case.hex("ap_init_secret_previous", secret),
            None => case.json_member("ap_init_secret_previous", "null".into()),
        };
        let case = case
            .hex("ap_commit_base_secret", &it.base)
            .hex("ap_commit_secret", &it.secret)
            .hex("ap_commit_secret_id", &it.id)
            .hex("ap_epoch_secret", &it.epoch_secret)
            .hex("ap_exporter_secret", &it.exporter)
            .hex("ap_init_secret", &it.init)
            .hex("franking_context_secret", &it.franking_context)
            .hex("franking_integrity_secret", &it.franking_integrity);
        if !optional {
            return Ok(case);
        }
        Ok(case
            .hex("ap_encryption_private_key", self.private_key.expose())
            .hex("sealed_ap_commit_base_secret", &it.sealed.to_bytes()?)
            .hex("sender_signature_public_key", &self.suite.signature_public_key(&self.signing_key)))
    }
}

fn encryption_context(group_context: &GroupContext, id: &[u8]) -> Made<Vec<u8>> {
    Ok(AssociatedPartyCommitEncryptionContext::of(group_context.clone(), id).to_bytes()?)
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    for number in RustCrypto::CIPHER_SUITES {
        let mut previous = None;
        // A party's schedule over two epochs, an epoch that an external commit began, and what a member knows of another party.
        for (what, ap_index, epoch, goes_on, optional) in [
            ("first epoch of a party", 0, 1, false, true),
            ("its second epoch", 0, 2, true, true),
            ("epoch after an external commit", 0, 3, false, true),
            ("third party, without keys", 2, 1 << 53, true, false),
        ] {
            let name = format!("suite {}, {what}", number.value());
            let mut scene = Scene::new(seed, &name, number)?;
            let members = scene.honest(ap_index, epoch, previous.take().filter(|_| goes_on))?;
            previous = Some(members.init.clone());
            cases.push(scene.finish(GeneratedCase::new(&name), &members, optional)?);
        }
    }
    Ok(cases)
}

type Bug = fn(&mut Scene, &mut Members) -> Made<()>;

/// Name, the bug that a verifier has that accepts it, the field that is refused first, and how it is made.
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
pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let suites = RustCrypto::CIPHER_SUITES.iter().cycle();
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
        let others = refuses_each_for_its_reason(&invalid(&Seed::default()).unwrap(), super::super::judge);
        assert!(others.is_empty(), "{others:#?}");
    }
}
