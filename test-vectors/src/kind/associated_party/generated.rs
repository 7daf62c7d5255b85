//! What [`Kind::generate`](super::Kind::generate) makes.

mod bugs;

use alloc::{format, vec, vec::Vec};

use mimi_codec::{
    Encode,
    associated_parties::{AssociatedPartyCommitEncryptionContext, AssociatedPartyEntry},
    code_points::{CipherSuite, ComponentID},
    mls::{Extensions, GroupContext, HPKECiphertext, HPKEPublicKey, Mls10},
};
use mimi_crypto::{
    ApCommit, ApEpoch, CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, RustCryptoSigningKey,
    Secret, ap_epoch_secret, expand_with_label, generate_hpke_key_pair, random_secret,
    safe_encrypt_with_label, sign_associated_party_entry,
};

use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream, suites};

pub(super) use bugs::invalid;

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
        let ap_secret = random_secret(nh, stream);
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
    for number in suites() {
        let mut previous = None;
        // A party's schedule over two epochs, an epoch that an external commit began, and what a
        // member knows of another party.
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
