//! Keys, pseudonyms and credentials.

use core::fmt;

use mimi_codec::mls::Credential;
use mimi_codec::protocol::{IdentifierUri, PseudonymousCredential, PseudonymousCredentialTBS};
use mimi_codec::{ClientUri, DnsName, Encode, UserUri};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, RustCryptoSigningKey, SignaturePrivateKey};
use mimi_pseudonym as pseudonym;
use mimi_pseudonym::{CredentialCheckError, Reuse};
use zeroize::Zeroizing;

use super::{client, crypto_input, decode, encode, failed, room, suite, text, user};
use crate::seed::generator;
use crate::{Error, Result};

/// What vouches for real credentials: your PKI, or whatever says which client has which key.
pub trait CredentialCheck {
    /// The client of an encoded Credential (RFC 9420 §5.3); `None` if no authority that you trust
    /// for it says so.
    fn check(&self, credential: &[u8]) -> Option<CheckedClient>;
}

impl<F: Fn(&[u8]) -> Option<CheckedClient>> CredentialCheck for F {
    fn check(&self, credential: &[u8]) -> Option<CheckedClient> {
        self(credential)
    }
}

/// A real client, as an authority knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedClient {
    /// The user.
    pub user_uri: String,
    /// The client.
    pub client_uri: String,
    /// The key that the credential vouches for.
    pub signature_public_key: Vec<u8>,
}

/// The crate's check over the caller's. A URI in another spelling is one that nothing vouches for.
pub(super) fn checked(
    check: &dyn CredentialCheck,
) -> impl Fn(&Credential) -> core::result::Result<pseudonym::CheckedClient<()>, CredentialCheckError> {
    move |credential| {
        let encoded = credential.to_bytes().map_err(|_| CredentialCheckError)?;
        let CheckedClient { user_uri, client_uri, signature_public_key } =
            check.check(&encoded).ok_or(CredentialCheckError)?;
        Ok(pseudonym::CheckedClient {
            user: UserUri::try_from(user_uri.as_str()).map_err(|_| CredentialCheckError)?,
            client: ClientUri::try_from(client_uri.as_str()).map_err(|_| CredentialCheckError)?,
            signature_public_key: signature_public_key.into(),
            details: (),
        })
    }
}

/// The pseudonyms of a client for one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pseudonyms {
    /// The user pseudonym, which all clients of the user share in the room.
    pub user_pseudonym: String,
    /// The client pseudonym.
    pub client_pseudonym: String,
}

/// New pseudonyms under a provider's domain. `seed` is 32 bytes from a secure generator.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no domain or no seed.
pub fn random_pseudonyms(provider: &str, seed: &[u8]) -> Result<Pseudonyms> {
    let provider = DnsName::parse(provider)
        .map_err(|error| Error::input("provider", error).because(&error.kind).at(error.offset))?;
    let mut rng = generator(seed)?;
    let user = pseudonym::random_user_pseudonym(provider.as_ref(), &mut rng).map_err(failed)?;
    let client = pseudonym::random_client_pseudonym(provider.as_ref(), &mut rng).map_err(failed)?;
    Ok(Pseudonyms { user_pseudonym: text(&user), client_pseudonym: text(&client) })
}

/// The key that a user gives to those with whom it is connected. All clients of the user hold it;
/// its holder can open every identity link that the user makes with it. Erased when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionKey {
    pub(super) suite: u16,
    pub(super) key: pseudonym::ConnectionKey,
}

impl fmt::Debug for ConnectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionKey([redacted])")
    }
}

impl ConnectionKey {
    /// A new key of a cipher suite, KDF.Nh bytes. `seed` is 32 bytes from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an unknown suite, or no
    /// seed.
    pub fn generate(cipher_suite: u16, seed: &[u8]) -> Result<Self> {
        let key = pseudonym::ConnectionKey::generate(&suite(cipher_suite)?, &mut generator(seed)?);
        Ok(Self { suite: cipher_suite, key })
    }

    /// The key with these KDF.Nh bytes: 32, 48 or 64.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an unknown suite, or another
    /// length.
    pub fn new(cipher_suite: u16, bytes: &[u8]) -> Result<Self> {
        let key = pseudonym::ConnectionKey::new(&suite(cipher_suite)?, bytes)
            .map_err(|error| failed(error).in_field("connection_key"))?;
        Ok(Self { suite: cipher_suite, key })
    }

    /// The key in clear, to store, and for the user's other clients.
    #[must_use]
    pub fn expose(&self) -> Vec<u8> {
        self.key.expose().to_vec()
    }

    /// What a user with this new key sends to its connections, as application data of the
    /// connection room: an encoded ConnectionResponse.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), for no key of a suite.
    pub fn rotation_message(&self) -> Result<Vec<u8>> {
        encode(&pseudonym::rotation_message(&self.key))
    }

    pub(super) fn provider(&self) -> Result<RustCrypto> {
        suite(self.suite)
    }
}

/// A client by its real names, with the key that its real credential vouches for.
#[derive(Clone)]
pub struct RealClient {
    user: UserUri,
    client: ClientUri,
    credential: Credential,
    private_key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for RealClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealClient").field("client", &self.client).finish_non_exhaustive()
    }
}

impl RealClient {
    /// A client with its encoded Credential (RFC 9420 §5.3) and its signature key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a URI that is not in its
    /// normal form, [`ErrorKind::Refused`](crate::ErrorKind::Refused) for another credential.
    pub fn new(user_uri: &str, client_uri: &str, credential: &[u8], private_key: &[u8]) -> Result<Self> {
        Ok(Self {
            user: user("user_uri", user_uri)?,
            client: client("client_uri", client_uri)?,
            credential: decode("RFC 9420 §5.3", credential)?,
            private_key: Zeroizing::new(private_key.to_vec()),
        })
    }

    /// A pseudonymous credential for one room or KeyPackage, encoded. `signature_public_key` is
    /// that of a new key, used there alone; `seed` is 32 bytes from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for what would show who it is: a
    /// pseudonym that is not a random UUID, the real key.
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for keys of another suite.
    pub fn issue(
        &self,
        pseudonyms: &Pseudonyms,
        signature_public_key: &[u8],
        connection_key: &ConnectionKey,
        seed: &[u8],
    ) -> Result<Vec<u8>> {
        let suite = connection_key.provider()?;
        let key = self.signing_key(&suite)?;
        let tbs = tbs(pseudonyms, signature_public_key)?;
        let (real, rng) = (self.real(&key), &mut generator(seed)?);
        let issued = pseudonym::issue_pseudonymous_credential(&suite, tbs, real, &connection_key.key, rng);
        encode(&issued.map_err(failed)?)
    }

    /// A credential that shows its identity to no member, for rooms that allow it.
    ///
    /// # Errors
    ///
    /// As [`issue`](Self::issue).
    pub fn issue_unlinked(
        &self,
        cipher_suite: u16,
        pseudonyms: &Pseudonyms,
        signature_public_key: &[u8],
    ) -> Result<Vec<u8>> {
        let suite = suite(cipher_suite)?;
        let key = self.signing_key(&suite)?;
        let tbs = tbs(pseudonyms, signature_public_key)?;
        encode(&pseudonym::issue_unlinked_credential(&suite, tbs, self.real(&key)).map_err(failed)?)
    }

    pub(super) fn signing_key(&self, suite: &RustCrypto) -> Result<RustCryptoSigningKey> {
        signing_key(suite, &self.private_key)
    }

    pub(super) fn real<'a>(
        &'a self,
        signing_key: &'a RustCryptoSigningKey,
    ) -> pseudonym::RealClient<'a, RustCryptoSigningKey> {
        let Self { user, client, credential, .. } = self;
        pseudonym::RealClient { user, client, credential, signing_key }
    }

    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }
}

pub(super) fn signing_key(suite: &RustCrypto, private_key: &[u8]) -> Result<RustCryptoSigningKey> {
    let wrong = crypto_input("private_key");
    let key = SignaturePrivateKey::new(suite, private_key).map_err(&wrong)?;
    suite.signing_key(&key).map_err(wrong)
}

fn pseudonym_uri(field: &str, uri: &str) -> Result<IdentifierUri> {
    IdentifierUri::new(uri).map_err(|error| Error::input(field, error).because(&error.kind))
}

fn tbs(pseudonyms: &Pseudonyms, signature_public_key: &[u8]) -> Result<PseudonymousCredentialTBS> {
    Ok(PseudonymousCredentialTBS {
        client_pseudonym: pseudonym_uri("client_pseudonym", &pseudonyms.client_pseudonym)?,
        user_pseudonym: pseudonym_uri("user_pseudonym", &pseudonyms.user_pseudonym)?,
        signature_public_key: signature_public_key.into(),
    })
}

/// An encoded PseudonymousCredential.
pub(super) fn pseudonymous(credential: &[u8]) -> Result<PseudonymousCredential> {
    decode("mimi-protocol-06 §6.1", credential)
}

/// The rooms in which a client has used each of its pseudonyms and keys: one that is used twice
/// links the two rooms for every party that sees both.
#[derive(Clone, Debug, Default)]
pub struct PseudonymUses(pub(super) pseudonym::PseudonymUses);

impl PseudonymUses {
    /// No use yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that an encoded credential is used in a room. Recording all again restores the notes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) with `PseudonymReused` if a
    /// pseudonym or the key was used in another room. Nothing is noted then.
    pub fn record(&mut self, room_uri: &str, credential: &[u8]) -> Result<()> {
        let (room, credential) = (room(room_uri)?, pseudonymous(credential)?);
        self.0.record(&room, &credential, Reuse::Refused).map(drop).map_err(failed)
    }

    /// Notes the use of a credential of a KeyPackage of last resort, which may be used again.
    /// Returns the other rooms that are linked by it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) and
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) for what is no room or credential.
    pub fn record_last_resort(&mut self, room_uri: &str, credential: &[u8]) -> Result<Vec<String>> {
        let (room, credential) = (room(room_uri)?, pseudonymous(credential)?);
        let linked = self.0.record(&room, &credential, Reuse::LastResort).map_err(failed)?;
        Ok(linked.map(ToString::to_string).collect())
    }

    /// Forgets a room that no longer exists.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no room.
    pub fn forget_room(&mut self, room_uri: &str) -> Result<()> {
        self.0.forget_room(&room(room_uri)?);
        Ok(())
    }
}
