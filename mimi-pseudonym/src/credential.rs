//! The life of a pseudonymous credential (mimi-metadata-minimalization-02 §3): made, sealed, and
//! opened again.
//!
//! ```text
//! PseudonymousCredentialTBS  -- signed by the real credential's key -->  IdentityLinkTBE
//! IdentityLinkTBE            -- sealed under identity_link_key      -->  PseudonymousCredential
//! PseudonymousCredential     -- opened, every check passed          -->  VerifiedIdentity
//! ```

use alloc::vec::Vec;

use mimi_codec::{
    ClientUri, Decode, DnsNameRef, Encode, MimiUriRef, Opaque, UriKind, UserUri, Writer,
    mls::{Credential, SignaturePublicKey},
    protocol::{IdentifierUri, IdentityLinkTBE, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{CipherSuiteProvider, CryptoError, sign_with_label, verify_with_label};
use rand_core::CryptoRng;

use crate::{
    ConnectionKey, IdentityLinkKey, PseudonymError,
    pseudonym::{Pseudonymous, check_random},
    sealed::{aead_key, open, seal},
};

pub(crate) const TBS_LABEL: &[u8] = b"PseudonymousCredentialTBS";
const LINK_KEY_LABEL: &[u8] = b"IdentityLinkEncryptionKey";

/// The bytes of the credential's PseudonymousCredentialTBS, its first three fields.
pub(crate) fn tbs_bytes(credential: &PseudonymousCredential) -> Result<Vec<u8>, PseudonymError> {
    let lengths = [
        credential.client_pseudonym.as_bytes().len(),
        credential.user_pseudonym.as_bytes().len(),
        credential.signature_public_key.len(),
    ];
    // Each with a length of at most four bytes.
    let capacity = lengths.into_iter().fold(12, usize::saturating_add);
    let mut writer = Writer::with_capacity(capacity);
    credential.client_pseudonym.encode(&mut writer)?;
    credential.user_pseudonym.encode(&mut writer)?;
    credential.signature_public_key.encode(&mut writer)?;
    Ok(writer.into_bytes())
}

/// Has this credential something that shows, to those with the key, who it is? Its
/// `identity_link_ciphertext` is empty otherwise.
#[must_use]
pub fn has_identity_link(credential: &PseudonymousCredential) -> bool {
    !credential.identity_link_ciphertext.is_empty()
}

/// A real client, as its user knows it: what a pseudonymous credential is made of.
#[derive(Debug)]
pub struct RealClient<'a, K> {
    /// The user, by its real identifier.
    pub user: &'a UserUri,
    /// The client, by its real identifier.
    pub client: &'a ClientUri,
    /// The credential that says so.
    pub credential: &'a Credential,
    /// The private key that the credential vouches for.
    pub signing_key: &'a K,
}

impl<K> Clone for RealClient<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for RealClient<'_, K> {}

/// Refuses pseudonyms and a key that would show whose they are.
fn check_unmasked<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    tbs: &PseudonymousCredentialTBS,
    real: RealClient<'_, S::SigningKey>,
) -> Result<(), PseudonymError> {
    let provider = tbs.provider()?;
    if !is_of(provider, real.user.mimi_uri()) || !is_of(provider, real.client.mimi_uri()) {
        return Err(PseudonymError::ProviderMismatch);
    }
    for (pseudonym, kind) in [(&tbs.client_pseudonym, UriKind::Client), (&tbs.user_pseudonym, UriKind::User)]
    {
        let bytes = pseudonym.as_bytes();
        if bytes == real.user.as_bytes() || bytes == real.client.as_bytes() {
            return Err(PseudonymError::RealIdentifier);
        }
        check_random(pseudonym, kind)?;
    }
    if tbs.signature_public_key == suite.signature_public_key(real.signing_key) {
        return Err(PseudonymError::RealSignatureKey);
    }
    Ok(())
}

pub(crate) fn is_of(provider: DnsNameRef<'_>, uri: Option<MimiUriRef<'_>>) -> bool {
    uri.is_some_and(|uri| uri.host() == provider)
}

/// Signs a pseudonymous credential with the real one's key: the first half of
/// [`issue_pseudonymous_credential`].
///
/// ```text
/// struct {
///   /* SignWithLabel(., "PseudonymousCredentialTBS",
///     PseudonymousCredentialTBS) */
///   opaque pseudonymous_credential_signature<V>;
///   Credential client_credential;
/// } IdentityLinkTBE
/// ```
///
/// # Errors
/// [`InvalidPseudonym`](PseudonymError::InvalidPseudonym) and
/// [`ProviderMismatch`](PseudonymError::ProviderMismatch) for pseudonyms that no receiver would
/// accept. What would show the user to the hub is refused:
/// [`PseudonymNotRandom`](PseudonymError::PseudonymNotRandom),
/// [`RealIdentifier`](PseudonymError::RealIdentifier),
/// [`RealSignatureKey`](PseudonymError::RealSignatureKey). [`Crypto`](PseudonymError::Crypto) when
/// signing fails.
pub fn sign_identity_link<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    tbs: &PseudonymousCredentialTBS,
    real: RealClient<'_, S::SigningKey>,
    rng: &mut dyn CryptoRng,
) -> Result<IdentityLinkTBE, PseudonymError> {
    check_unmasked(suite, tbs, real)?;
    let signature = sign_with_label(suite, real.signing_key, TBS_LABEL, &tbs.to_bytes()?, rng)?;
    let client_credential = real.credential.clone();
    Ok(IdentityLinkTBE { pseudonymous_credential_signature: signature.into(), client_credential })
}

/// Seals an identity link: the second half of [`issue_pseudonymous_credential`].
///
/// ```text
/// key = ExpandWithLabel(identity_link_key, "IdentityLinkEncryptionKey", "", AEAD.Nk)
/// identity_link_ciphertext =
///   NonceAndCiphertext(AEAD(key, nonce, aad = PseudonymousCredentialTBS, IdentityLinkTBE))
/// ```
///
/// # Errors
/// [`Encode`](PseudonymError::Encode) for values that are too long for their vectors,
/// [`Crypto`](PseudonymError::Crypto) when the provider fails.
pub fn seal_identity_link<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    tbs: PseudonymousCredentialTBS,
    link: &IdentityLinkTBE,
    identity_link_key: &IdentityLinkKey,
    rng: &mut dyn CryptoRng,
) -> Result<PseudonymousCredential, PseudonymError> {
    let key = aead_key(suite, identity_link_key.secret(), LINK_KEY_LABEL)?;
    let ciphertext = seal(suite, &key, &tbs.to_bytes()?, &link.to_bytes()?, rng)?;
    Ok(tbs.with_identity_link(ciphertext))
}

/// Makes a pseudonymous credential of a real one: signs, derives the key, seals. Make one for each
/// KeyPackage and each room, with pseudonyms and a signature key that are used nowhere else.
///
/// # Errors
/// Those of [`sign_identity_link`], [`ConnectionKey::identity_link_key`] and
/// [`seal_identity_link`].
pub fn issue_pseudonymous_credential<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    tbs: PseudonymousCredentialTBS,
    real: RealClient<'_, S::SigningKey>,
    connection_key: &ConnectionKey,
    rng: &mut dyn CryptoRng,
) -> Result<PseudonymousCredential, PseudonymError> {
    let link = sign_identity_link(suite, &tbs, real, rng)?;
    let identity_link_key = connection_key.identity_link_key(suite, &tbs)?;
    seal_identity_link(suite, tbs, &link, &identity_link_key, rng)
}

/// A pseudonymous credential that shows its identity to no member (mimi-metadata-minimalization-02
/// §6): for rooms whose policy allows it.
///
/// # Errors
/// Those of [`sign_identity_link`], which signs nothing here.
pub fn issue_unlinked_credential<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    tbs: PseudonymousCredentialTBS,
    real: RealClient<'_, S::SigningKey>,
) -> Result<PseudonymousCredential, PseudonymError> {
    check_unmasked(suite, &tbs, real)?;
    Ok(tbs.with_identity_link(Opaque::default()))
}

/// What the caller knows of a real client once it has validated the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedClient<T> {
    /// The user, by its real identifier.
    pub user: UserUri,
    /// The client, by its real identifier.
    pub client: ClientUri,
    /// The key that the credential vouches for, a key of the room's cipher suite.
    pub signature_public_key: SignaturePublicKey,
    /// Whatever else the caller wants to keep: a certificate chain, a display name.
    pub details: T,
}

/// The caller's check doesn't accept the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialCheckError;

/// The caller's check of real credentials: its PKI, or whatever vouches for who has which key. A
/// closure will do.
pub trait CredentialCheck {
    /// What the check keeps of a credential beside the identifiers.
    type Details;

    /// Validates a credential: does an authority that is trusted for it say that this client has
    /// this key?
    ///
    /// # Errors
    /// [`CredentialCheckError`] when none does.
    fn check(&self, credential: &Credential) -> Result<CheckedClient<Self::Details>, CredentialCheckError>;
}

impl<F, T> CredentialCheck for F
where
    F: Fn(&Credential) -> Result<CheckedClient<T>, CredentialCheckError>,
{
    type Details = T;

    fn check(&self, credential: &Credential) -> Result<CheckedClient<T>, CredentialCheckError> {
        self(credential)
    }
}

/// Who is behind a pseudonym. Only the whole chain of checks makes one:
///
/// - the key opened the credential's ciphertext, which is bound to its pseudonyms and signature
///   key;
/// - the caller's check accepted the real credential inside;
/// - that credential's key signed these pseudonyms and this signature key;
/// - pseudonyms, user and client are of one provider.
///
/// ```compile_fail,E0451
/// # fn forge(credential: mimi_codec::protocol::PseudonymousCredential, client: mimi_pseudonym::CheckedClient<()>) {
/// let forged = mimi_pseudonym::VerifiedIdentity { client, client_credential: todo!(), tbs: credential.tbs() };
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedIdentity<T> {
    client: CheckedClient<T>,
    client_credential: Credential,
    tbs: PseudonymousCredentialTBS,
}

impl<T> VerifiedIdentity<T> {
    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserUri {
        &self.client.user
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &ClientUri {
        &self.client.client
    }

    /// What the caller's check kept.
    #[must_use]
    pub fn details(&self) -> &T {
        &self.client.details
    }

    /// The real credential.
    #[must_use]
    pub fn client_credential(&self) -> &Credential {
        &self.client_credential
    }

    /// The pseudonym of the user.
    #[must_use]
    pub fn user_pseudonym(&self) -> &IdentifierUri {
        &self.tbs.user_pseudonym
    }

    /// The pseudonym of the client.
    #[must_use]
    pub fn client_pseudonym(&self) -> &IdentifierUri {
        &self.tbs.client_pseudonym
    }

    /// The key with which this client signs in the room.
    #[must_use]
    pub fn signature_public_key(&self) -> &SignaturePublicKey {
        &self.tbs.signature_public_key
    }
}

/// Opens a credential's identity link with its key.
///
/// # Errors
/// [`NoIdentityLink`](PseudonymError::NoIdentityLink) when there is none to open, and, in this
/// order, [`InvalidPseudonym`](PseudonymError::InvalidPseudonym),
/// [`Identity`](PseudonymError::Identity) for a pseudonym in another spelling,
/// [`ProviderMismatch`](PseudonymError::ProviderMismatch),
/// [`IdentityLinkDoesNotOpen`](PseudonymError::IdentityLinkDoesNotOpen),
/// [`Decode`](PseudonymError::Decode), [`CredentialCheckError`](PseudonymError::CredentialRefused),
/// [`ProviderMismatch`](PseudonymError::ProviderMismatch) again for an identity of another
/// provider, and [`IdentityLinkSignature`](PseudonymError::IdentityLinkSignature).
/// [`Crypto`](PseudonymError::Crypto) for nonces and public keys of other lengths.
pub fn open_identity_link<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    credential: &PseudonymousCredential,
    identity_link_key: &IdentityLinkKey,
    check: &C,
) -> Result<VerifiedIdentity<C::Details>, PseudonymError> {
    open_with_tbs(suite, credential, tbs_bytes(credential)?, identity_link_key, check)?.verify(suite)
}

/// An identity link that is opened, and whose signature isn't verified yet.
pub(crate) struct UnverifiedLink<'a, T> {
    credential: &'a PseudonymousCredential,
    pub(crate) tbs: Vec<u8>,
    link: IdentityLinkTBE,
    client: CheckedClient<T>,
}

/// Everything but the signature.
pub(crate) fn open_with_tbs<'a, S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    credential: &'a PseudonymousCredential,
    tbs: Vec<u8>,
    identity_link_key: &IdentityLinkKey,
    check: &C,
) -> Result<UnverifiedLink<'a, C::Details>, PseudonymError> {
    if !has_identity_link(credential) {
        return Err(PseudonymError::NoIdentityLink);
    }
    let provider = credential.provider()?;
    let key = aead_key(suite, identity_link_key.secret(), LINK_KEY_LABEL)?;
    let ciphertext = &credential.identity_link_ciphertext;
    let plaintext = open(suite, &key, &tbs, ciphertext, PseudonymError::IdentityLinkDoesNotOpen)?;
    let link = IdentityLinkTBE::decode_exact(plaintext.expose())?;
    let client = check
        .check(&link.client_credential)
        .map_err(|CredentialCheckError| PseudonymError::CredentialRefused)?;
    if !is_of(provider, client.user.mimi_uri()) || !is_of(provider, client.client.mimi_uri()) {
        return Err(PseudonymError::ProviderMismatch);
    }
    Ok(UnverifiedLink { credential, tbs, link, client })
}

impl<T> UnverifiedLink<'_, T> {
    /// The key and the signature to verify over [`Self::tbs`].
    pub(crate) fn key_and_signature(&self) -> (&SignaturePublicKey, &[u8]) {
        (&self.client.signature_public_key, &self.link.pseudonymous_credential_signature)
    }

    pub(crate) fn verify<S: CipherSuiteProvider + ?Sized>(
        self,
        suite: &S,
    ) -> Result<VerifiedIdentity<T>, PseudonymError> {
        let (key, signature) = self.key_and_signature();
        let verdict = verify_with_label(suite, key, TBS_LABEL, &self.tbs, signature);
        self.verified_by(verdict)
    }

    /// The identity, if `verdict` is that of the signature.
    pub(crate) fn verified_by(
        self,
        verdict: Result<(), CryptoError>,
    ) -> Result<VerifiedIdentity<T>, PseudonymError> {
        verdict.map_err(|error| match error {
            CryptoError::InvalidSignature | CryptoError::MalformedSignature => {
                PseudonymError::IdentityLinkSignature
            }
            other => other.into(),
        })?;
        Ok(VerifiedIdentity {
            client: self.client,
            client_credential: self.link.client_credential,
            tbs: self.credential.tbs(),
        })
    }
}
