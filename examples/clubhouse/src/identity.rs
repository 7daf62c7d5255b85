//! Who is behind a leaf: what stands in a basic credential here, and who vouches for it.
//!
//! The drafts leave credentials open. A real system has certificates or verifiable credentials; here a credential names the user and the
//! client, and is signed by the user's provider together with the client's signature key. Everybody knows the providers' keys.

use std::collections::BTreeMap;

use mimi_codec::{
    Decode, Encode, EncodeError, Opaque, Reader, UriKind, Writer,
    mls::{Credential, LeafNode, SignaturePublicKey},
    protocol::IdentifierUri,
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, sign_with_label, verify_with_label};
use mimi_policy::{Actor, IdentityError};
use rand_core::CryptoRng;

use crate::{Result, ensure};

/// The provider of a URI: the domain behind `mimi://`.
///
/// # Errors
/// When it is no MIMI URI.
pub fn domain_of(uri: &IdentifierUri) -> Result<String> {
    Ok(uri.mimi_uri()?.host().as_str().to_owned())
}

/// A user and one of its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The user.
    pub user: IdentifierUri,
    /// The client.
    pub client: IdentifierUri,
}

impl ClientIdentity {
    /// As mimi-policy knows it.
    ///
    /// # Errors
    /// When a URI is not in its normal form.
    pub fn actor(&self) -> Result<Actor, IdentityError> {
        Ok(Actor::client((&self.user).try_into()?, (&self.client).try_into()?))
    }

    /// What the provider signs: user, client, signature key.
    fn tbs(&self, key: &SignaturePublicKey) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new();
        self.user.encode(&mut writer)?;
        self.client.encode(&mut writer)?;
        key.encode(&mut writer)?;
        Ok(writer.into_bytes())
    }
}

/// A [`ClientIdentity`] and its provider's signature: the identity in a basic credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VouchedIdentity {
    identity: ClientIdentity,
    signature: Opaque,
}

const LABEL: &[u8] = b"ClubhouseClientTBS";

impl VouchedIdentity {
    /// What a credential claims. Whether it is true, [`Authority::verify_leaf`] says, as it takes the leaf's key.
    ///
    /// # Errors
    /// When it is no credential of this kind.
    pub fn claimed_by(credential: &Credential) -> Result<ClientIdentity> {
        Ok(Self::of(credential)?.identity)
    }

    fn of(credential: &Credential) -> Result<Self> {
        let Credential::Basic { identity } = credential else { return Err("not a basic credential".into()) };
        Ok(Self::decode_exact(identity)?)
    }
}

impl<'a> Decode<'a> for VouchedIdentity {
    const NAME: &'static str = "VouchedIdentity";

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        let identity = ClientIdentity { user: reader.field("user")?, client: reader.field("client")? };
        Ok(Self { identity, signature: reader.field("signature")? })
    }
}

impl Encode for VouchedIdentity {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.identity.user.encode(writer)?;
        self.identity.client.encode(writer)?;
        self.signature.encode(writer)
    }
}

/// The key by which a provider vouches for its clients, and proposes from outside in the rooms that it hosts.
pub struct ProviderKey {
    suite: RustCrypto,
    signing_key: <RustCrypto as CipherSuiteProvider>::SigningKey,
}

impl ProviderKey {
    /// A new key.
    ///
    /// # Errors
    /// When the generator gives no key.
    pub fn generate(suite: RustCrypto, rng: &mut dyn CryptoRng) -> Result<Self> {
        let private_key = suite.generate_signature_key(rng)?;
        Ok(Self { suite, signing_key: suite.signing_key(&private_key)? })
    }

    /// The private half, for what else the provider signs.
    #[must_use]
    pub const fn signing_key(&self) -> &<RustCrypto as CipherSuiteProvider>::SigningKey {
        &self.signing_key
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> SignaturePublicKey {
        self.suite.signature_public_key(&self.signing_key)
    }

    /// A credential for a client with this signature key.
    ///
    /// # Errors
    /// When signing fails.
    pub fn vouch(
        &self,
        identity: ClientIdentity,
        key: &SignaturePublicKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Credential> {
        let signature =
            sign_with_label(&self.suite, &self.signing_key, LABEL, &identity.tbs(key)?, rng)?.into();
        let vouched = VouchedIdentity { identity, signature };
        Ok(Credential::Basic { identity: vouched.to_bytes()?.into() })
    }
}

/// The keys of all providers: what RFC 9420 calls the Authentication Service.
#[derive(Clone)]
pub struct Authority {
    suite: RustCrypto,
    providers: BTreeMap<String, SignaturePublicKey>,
}

impl Authority {
    /// The authority that knows these providers.
    #[must_use]
    pub const fn new(suite: RustCrypto, providers: BTreeMap<String, SignaturePublicKey>) -> Self {
        Self { suite, providers }
    }

    /// A provider's key.
    #[must_use]
    pub fn key_of(&self, domain: &str) -> Option<&SignaturePublicKey> {
        self.providers.get(domain)
    }

    /// Who is behind a leaf: its provider has vouched for the user, the client and this key.
    ///
    /// # Errors
    /// When the credential is not good for the leaf.
    pub fn verify_leaf(&self, leaf: &LeafNode) -> Result<ClientIdentity> {
        self.verify(&leaf.credential, &leaf.signature_key)
    }

    /// Who is behind a signature key.
    ///
    /// # Errors
    /// When the credential is not good for the key.
    pub fn verify(&self, credential: &Credential, key: &SignaturePublicKey) -> Result<ClientIdentity> {
        let VouchedIdentity { identity, signature } = VouchedIdentity::of(credential)?;
        let (user, client) = (identity.user.mimi_uri()?, identity.client.mimi_uri()?);
        ensure!(user.kind().names_user() && client.kind() == UriKind::Client, "not a user and a client");
        // A provider speaks for its own users.
        ensure!(user.host() == client.host(), "the client is another provider's");
        let provider = self.providers.get(user.host().as_str()).ok_or("nobody knows that provider")?;
        verify_with_label(&self.suite, provider, LABEL, &identity.tbs(key)?, &signature)?;
        Ok(identity)
    }
}
