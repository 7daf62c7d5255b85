//! Secrets that a group shares with a party that is not a member, such as the hub
//! (mls-associated-parties-01).
//!
//! An epoch of a party's key schedule is begun by a commit secret on which both sides agree. The
//! types go along:
//!
//! | who | begins with | compares by | continues with |
//! |-|-|-|-|
//! | committer | [`ApCommit::derive`] | [`ApCommit::seal`] | [`ApEpoch::begin`] |
//! | other members | [`ApCommit::derive`] | [`ApCommit::agree`] | [`ApEpoch::begin`] |
//! | the party | | [`AgreedApCommit::open`] | [`ApEpoch::begin`] |

use alloc::vec::Vec;

use mimi_codec::{
    Encode, Opaque, SecretOpaque,
    associated_parties::{
        AssociatedPartyCommitEncryptionContext, AssociatedPartyCommitSecret, AssociatedPartyEntry,
        AssociatedPartyEntryTBS, AssociatedPartyExportContext, AssociatedPartySecrets,
    },
    code_points::ComponentID,
    mls::{ExternalSenders, GroupContext, HPKEPublicKey},
};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use crate::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, Secret, derive_secret, expand_with_label,
    safe_decrypt_with_label, safe_encrypt_with_label, sign_with_label, verify_with_label,
};

const ENTRY_LABEL: &[u8] = b"AssociatedPartyEntryTBS";
const COMMIT_SECRET: &[u8] = AssociatedPartyCommitEncryptionContext::LABEL;

// signature = SignWithLabel(signature_key, "AssociatedPartyEntryTBS", AssociatedPartyEntryTBS)
/// The entry of the party that is the external sender `external_sender_index` and owns
/// `signing_key` (3).
///
/// # Errors
/// Those of [`sign_with_label`].
pub fn sign_associated_party_entry<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    signing_key: &S::SigningKey,
    encryption_key: HPKEPublicKey,
    external_sender_index: u32,
    rng: &mut dyn CryptoRng,
) -> Result<AssociatedPartyEntry, CryptoError> {
    let tbs = AssociatedPartyEntryTBS { encryption_key, external_sender_index };
    let signature = sign_with_label(suite, signing_key, ENTRY_LABEL, &tbs.to_bytes()?, rng)?;
    let AssociatedPartyEntryTBS { encryption_key, external_sender_index } = tbs;
    Ok(AssociatedPartyEntry { encryption_key, external_sender_index, signature: signature.into() })
}

/// An entry whose signature is by the external sender that it names. Only
/// [`verify_associated_party_entry`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssociatedPartyEntry(AssociatedPartyEntry);

impl VerifiedAssociatedPartyEntry {
    /// The entry.
    #[must_use]
    pub fn entry(&self) -> &AssociatedPartyEntry {
        &self.0
    }

    /// The entry, no longer marked as verified.
    #[must_use]
    pub fn into_entry(self) -> AssociatedPartyEntry {
        self.0
    }
}

/// Verifies an entry against the `external_senders` of its group (3).
///
/// # Errors
/// [`CryptoError::UnknownExternalSender`] when there is none at its index, and those of
/// [`verify_with_label`].
pub fn verify_associated_party_entry<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    entry: AssociatedPartyEntry,
    external_senders: &ExternalSenders,
) -> Result<VerifiedAssociatedPartyEntry, CryptoError> {
    let index = entry.external_sender_index;
    let sender = usize::try_from(index)
        .ok()
        .and_then(|index| external_senders.external_senders.get(index))
        .ok_or(CryptoError::UnknownExternalSender(index))?;
    verify_with_label(suite, &sender.signature_key, ENTRY_LABEL, &entry.tbs().to_bytes()?, &entry.signature)?;
    Ok(VerifiedAssociatedPartyEntry(entry))
}

/// The secrets of one commit for one party, as a member derives them, before anybody compared them.
#[derive(Debug)]
pub struct ApCommit {
    base_secret: Secret,
    secret: Secret,
    secret_id: Secret,
}

impl ApCommit {
    /// What a member derives from the new epoch's `ap_secret` (4.1): what `SafeExportSecret` gives
    /// for the component [`ASSOCIATED_PARTIES`](ComponentID::ASSOCIATED_PARTIES). `ap_index` is the
    /// party's place, from 0, in `associated_parties`.
    ///
    /// ```text
    /// ap_commit_base_secret =
    ///   ExpandWithLabel(ap_secret, "AP Commit Base Secret", AssociatedPartyExportContext, KDF.Nh)
    /// ```
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for an `ap_secret` that has not KDF.Nh bytes.
    pub fn derive<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        ap_secret: &Secret,
        ap_index: u32,
        ap_entry: &AssociatedPartyEntry,
    ) -> Result<Self, CryptoError> {
        let context = AssociatedPartyExportContext { ap_index, ap_entry: ap_entry.clone() }.to_bytes()?;
        let nh = suite.parameters().nh;
        Self::from_base_secret(
            suite,
            expand_with_label(suite, ap_secret, b"AP Commit Base Secret", &context, nh)?,
        )
    }

    // ap_commit_secret    = DeriveSecret(ap_commit_base_secret, "AP Commit Secret")
    // ap_commit_secret_id = DeriveSecret(ap_commit_base_secret, "AP Commit Secret ID")
    fn from_base_secret<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        base_secret: Secret,
    ) -> Result<Self, CryptoError> {
        let secret = derive_secret(suite, &base_secret, COMMIT_SECRET)?;
        let secret_id = derive_secret(suite, &base_secret, b"AP Commit Secret ID")?;
        Ok(Self { base_secret, secret, secret_id })
    }

    /// `ap_commit_base_secret`, KDF.Nh bytes.
    #[must_use]
    pub fn ap_commit_base_secret(&self) -> &Secret {
        &self.base_secret
    }

    /// `ap_commit_secret_id`, KDF.Nh bytes. It travels in the open.
    #[must_use]
    pub fn ap_commit_secret_id(&self) -> Opaque {
        self.secret_id.expose().into()
    }

    /// What the committer sends to the party that owns `encryption_key`, stapled to the commit
    /// (4.2). `group_context` is the new epoch's.
    ///
    /// ```text
    /// (kem_output, ciphertext) =
    ///   SafeEncryptWithLabel(encryption_key, 0x0007, "AP Commit Secret",
    ///                        AssociatedPartyCommitEncryptionContext, ap_commit_base_secret)
    /// ```
    ///
    /// # Errors
    /// [`CryptoError::CipherSuiteMismatch`] for a group of another suite, and those of
    /// [`safe_encrypt_with_label`].
    pub fn seal<S: CipherSuiteProvider + ?Sized>(
        self,
        suite: &S,
        encryption_key: &HPKEPublicKey,
        group_context: &GroupContext,
        rng: &mut dyn CryptoRng,
    ) -> Result<(AssociatedPartyCommitSecret, AgreedApCommit), CryptoError> {
        let ap_commit_secret_id = self.ap_commit_secret_id();
        let context = encryption_context(suite, group_context, &ap_commit_secret_id)?;
        let component = ComponentID::ASSOCIATED_PARTIES;
        let plaintext = self.base_secret.expose();
        let encrypted_ap_commit_base_secret = safe_encrypt_with_label(
            suite,
            encryption_key,
            component,
            COMMIT_SECRET,
            &context,
            plaintext,
            rng,
        )?;
        let sent = AssociatedPartyCommitSecret { encrypted_ap_commit_base_secret, ap_commit_secret_id };
        Ok((sent, AgreedApCommit { secret: self.secret }))
    }

    /// What a member that did not commit does with what the committer sent: is it about the same
    /// secret?
    ///
    /// # Errors
    /// [`CryptoError::ApCommitSecretMismatch`] when it is not.
    pub fn agree(self, received: &AssociatedPartyCommitSecret) -> Result<AgreedApCommit, CryptoError> {
        if self.secret_id.expose().ct_eq(&received.ap_commit_secret_id).into() {
            Ok(AgreedApCommit { secret: self.secret })
        } else {
            Err(CryptoError::ApCommitSecretMismatch)
        }
    }
}

fn encryption_context<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    group_context: &GroupContext,
    ap_commit_secret_id: &Opaque,
) -> Result<Vec<u8>, CryptoError> {
    suite.parameters().check_suite(group_context.cipher_suite)?;
    let id = ap_commit_secret_id.clone();
    Ok(AssociatedPartyCommitEncryptionContext::of(group_context.clone(), id).to_bytes()?)
}

/// The commit secret on which the group and the party agree, as far as this side can tell: made by
/// the committer, or compared by its ID.
#[derive(Debug)]
pub struct AgreedApCommit {
    secret: Secret,
}

impl AgreedApCommit {
    /// What the party does with what the committer sent (4.2). `group_context` is the new epoch's.
    ///
    /// # Errors
    /// [`CryptoError::CipherSuiteMismatch`] for a group of another suite; those of
    /// [`safe_decrypt_with_label`]; [`CryptoError::InvalidLength`] when what was sealed has not
    /// KDF.Nh bytes; [`CryptoError::ApCommitSecretMismatch`] when the ID is not that of the secret.
    pub fn open<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        private_key: &HpkePrivateKey,
        received: &AssociatedPartyCommitSecret,
        group_context: &GroupContext,
    ) -> Result<Self, CryptoError> {
        let context = encryption_context(suite, group_context, &received.ap_commit_secret_id)?;
        let base_secret = safe_decrypt_with_label(
            suite,
            private_key,
            ComponentID::ASSOCIATED_PARTIES,
            COMMIT_SECRET,
            &context,
            &received.encrypted_ap_commit_base_secret,
        )?;
        ApCommit::from_base_secret(suite, base_secret)?.agree(received)
    }

    /// `ap_commit_secret`, KDF.Nh bytes.
    #[must_use]
    pub fn ap_commit_secret(&self) -> &Secret {
        &self.secret
    }
}

/// `ap_epoch_secret`, KDF.Nh bytes (5). It is deleted once [`ApEpoch`] is made of it;
/// [`ApEpoch::begin`] does both.
///
/// ```text
/// ap_epoch_secret = ExpandWithLabel(KDF.Extract(ap_init_secret_[n-1], ap_commit_secret),
///                                   "ap_epoch", GroupContext_[n], KDF.Nh)
/// ```
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] for a group of another suite,
/// [`CryptoError::InvalidLength`] for an init secret of another length.
pub fn ap_epoch_secret<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    previous_ap_init_secret: Option<&Secret>,
    commit: &AgreedApCommit,
    group_context: &GroupContext,
) -> Result<Secret, CryptoError> {
    suite.parameters().check_suite(group_context.cipher_suite)?;
    let zero;
    let salt = match previous_ap_init_secret {
        Some(secret) => secret,
        None => {
            zero = Secret::zero(suite);
            &zero
        }
    };
    let extracted = suite.extract(salt, &commit.secret)?;
    expand_with_label(suite, &extracted, b"ap_epoch", &group_context.to_bytes()?, suite.parameters().nh)
}

/// An epoch of a party's key schedule.
#[derive(Debug, PartialEq, Eq)]
pub struct ApEpoch {
    init_secret: Secret,
    exporter_secret: Secret,
}

impl ApEpoch {
    /// The next epoch (5). `previous_ap_init_secret` is `None` in the party's first epoch, and for
    /// all in an epoch that an external commit began (6); `group_context` is the new epoch's.
    ///
    /// # Errors
    /// Those of [`ap_epoch_secret`].
    pub fn begin<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        previous_ap_init_secret: Option<&Secret>,
        commit: &AgreedApCommit,
        group_context: &GroupContext,
    ) -> Result<Self, CryptoError> {
        Self::from_epoch_secret(
            suite,
            &ap_epoch_secret(suite, previous_ap_init_secret, commit, group_context)?,
        )
    }

    // ap_exporter_secret  = DeriveSecret(ap_epoch_secret, "ap_exporter")
    // ap_init_secret_[n]  = DeriveSecret(ap_epoch_secret, "init")
    /// The epoch of an `ap_epoch_secret`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] when it has not KDF.Nh bytes.
    pub fn from_epoch_secret<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        ap_epoch_secret: &Secret,
    ) -> Result<Self, CryptoError> {
        Ok(Self {
            init_secret: derive_secret(suite, ap_epoch_secret, b"init")?,
            exporter_secret: derive_secret(suite, ap_epoch_secret, b"ap_exporter")?,
        })
    }

    /// `ap_init_secret`, KDF.Nh bytes: for the next epoch, and for who joins by a Welcome.
    #[must_use]
    pub fn ap_init_secret(&self) -> &Secret {
        &self.init_secret
    }

    /// `ap_exporter_secret`, KDF.Nh bytes.
    #[must_use]
    pub fn ap_exporter_secret(&self) -> &Secret {
        &self.exporter_secret
    }

    // franking_context_secret = DeriveSecret(ap_exporter_secret, "franking_context")
    /// The secret under which a hub of mimi-protocol-02 hides a franking context, KDF.Nh bytes.
    ///
    /// # Errors
    /// [`CryptoError::ProviderFailure`].
    pub fn franking_context_secret<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
    ) -> Result<Secret, CryptoError> {
        derive_secret(suite, &self.exporter_secret, b"franking_context")
    }

    // franking_integrity_secret = DeriveSecret(ap_exporter_secret, "franking_integrity")
    /// The key of the integrity check of mimi-protocol-03 and -04, KDF.Nh bytes.
    ///
    /// # Errors
    /// [`CryptoError::ProviderFailure`].
    pub fn franking_integrity_secret<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
    ) -> Result<Secret, CryptoError> {
        derive_secret(suite, &self.exporter_secret, b"franking_integrity")
    }
}

/// What a Welcome hands over (6): the init secret of every party, in the order of
/// `associated_parties`.
#[must_use]
pub fn associated_party_secrets<'e>(epochs: impl IntoIterator<Item = &'e ApEpoch>) -> AssociatedPartySecrets {
    let secrets = epochs.into_iter().map(|epoch| SecretOpaque::new(epoch.init_secret.expose()));
    AssociatedPartySecrets { associated_party_init_secrets: secrets.collect() }
}

/// What a new member takes from a Welcome (6): the init secrets in the order of
/// `associated_parties`, of which there are `parties`.
///
/// # Errors
/// [`CryptoError::InvalidLength`] when there is not one for each party, or one has not KDF.Nh
/// bytes.
pub fn ap_init_secrets<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    secrets: &AssociatedPartySecrets,
    parties: usize,
) -> Result<Vec<Secret>, CryptoError> {
    let secrets = &secrets.associated_party_init_secrets;
    if secrets.len() != parties {
        let (expected, actual) = (parties, secrets.len());
        return Err(CryptoError::InvalidLength { what: "associated_party_init_secrets", expected, actual });
    }
    secrets.iter().map(|secret| Secret::new(suite, secret.expose())).collect()
}
