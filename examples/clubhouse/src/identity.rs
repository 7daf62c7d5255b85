//! Who is behind a leaf: what is in a basic credential here, and who vouches for it.
//!
//! The drafts leave credentials open. A real system has certificates or verifiable credentials;
//! here a credential names the user and the client, and the user's provider signs it together with
//! the client's signature key. The keys of the providers are public. [`Authority`] is the
//! [`Identity`] of the rooms.

use std::collections::BTreeMap;

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, EncodeError, MatchedProvider, MimiUriRef, Opaque, Reader, RoomUri,
    UriKind, UserUri, Writer, match_presented_identities,
    mls::{Credential, ExternalSender, LeafNode, SignaturePublicKey},
    protocol::FrankingAgentData,
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, SignaturePrivateKey, sign_with_label, verify_with_label};
use mimi_policy::Claims;
use mimi_room::{CredentialError, Identity, Member, Server};
use rand_core::CryptoRng;

use crate::{Result, ensure};

/// The provider of a user, client or room: the domain behind `mimi://`.
///
/// # Errors
/// If it is not a MIMI URI.
pub fn domain_of(uri: Option<MimiUriRef<'_>>) -> Result<String> {
    Ok(uri.ok_or("not a MIMI URI")?.host().as_str().to_owned())
}

/// A provider as its certificate would name it.
///
/// # Errors
/// If the domain is not a domain name.
pub fn peer(domain: &str) -> Result<MatchedProvider> {
    Ok(match_presented_identities(DnsName::parse(domain)?.as_ref(), [domain])?)
}

/// A user and one of its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The user.
    pub user: UserUri,
    /// The client.
    pub client: ClientUri,
}

impl ClientIdentity {
    /// What the provider signs: user, client, signature key.
    fn tbs(&self, key: &SignaturePublicKey) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new();
        self.user.as_opaque().encode(&mut writer)?;
        self.client.as_opaque().encode(&mut writer)?;
        key.encode(&mut writer)?;
        Ok(writer.into_bytes())
    }
}

/// What a basic credential holds: user, client, and their provider's signature.
struct VouchedIdentity {
    user: Opaque,
    client: Opaque,
    signature: Opaque,
}

const LABEL: &[u8] = b"ClubhouseClientTBS";

impl<'a> Decode<'a> for VouchedIdentity {
    const NAME: &'static str = "VouchedIdentity";

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        Ok(Self {
            user: reader.field("user")?,
            client: reader.field("client")?,
            signature: reader.field("signature")?,
        })
    }
}

impl Encode for VouchedIdentity {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.user.encode(writer)?;
        self.client.encode(writer)?;
        self.signature.encode(writer)
    }
}

/// The key by which a provider vouches for its clients, proposes from outside in the rooms that it
/// hosts, and franks. You would have several.
pub struct ProviderKey {
    suite: RustCrypto,
    private_key: SignaturePrivateKey,
}

impl ProviderKey {
    /// A new key.
    ///
    /// # Errors
    /// If the generator gives no key.
    pub fn generate(suite: RustCrypto, rng: &mut dyn CryptoRng) -> Result<Self> {
        Ok(Self { suite, private_key: suite.generate_signature_key(rng)? })
    }

    /// The private half, ready for use.
    ///
    /// # Errors
    /// If it is not a key of the suite.
    pub fn signing_key(&self) -> Result<<RustCrypto as CipherSuiteProvider>::SigningKey> {
        Ok(self.suite.signing_key(&self.private_key)?)
    }

    /// The public half, as a server among a group's external senders.
    ///
    /// # Errors
    /// If it is not a key of the suite.
    pub fn external_sender(&self, domain: &str) -> Result<ExternalSender> {
        let signature_key = self.suite.signature_public_key(&self.signing_key()?);
        Ok(ExternalSender { signature_key, credential: server_credential(domain) })
    }

    /// A credential for a client with this signature key.
    ///
    /// # Errors
    /// If signing fails.
    pub fn vouch(
        &self,
        identity: &ClientIdentity,
        key: &SignaturePublicKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Credential> {
        let tbs = identity.tbs(key)?;
        let signature = sign_with_label(&self.suite, &self.signing_key()?, LABEL, &tbs, rng)?.into();
        let (user, client) = (identity.user.as_opaque().clone(), identity.client.as_opaque().clone());
        let vouched = VouchedIdentity { user, client, signature };
        Ok(Credential::Basic { identity: vouched.to_bytes()?.into() })
    }
}

fn server_credential(domain: &str) -> Credential {
    Credential::Basic { identity: format!("mimi://{domain}").as_str().into() }
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

    /// Whether this is the provider's server.
    #[must_use]
    pub fn is_server(&self, domain: &str, credential: &Credential, key: &SignaturePublicKey) -> bool {
        *credential == server_credential(domain) && self.providers.get(domain) == Some(key)
    }

    /// The provider that franks, if it is this one.
    #[must_use]
    pub fn franking_agent(&self, agent: &FrankingAgentData, hub: &DnsName) -> Option<MatchedProvider> {
        let named = self.is_server(hub.as_str(), &agent.credential, &agent.franking_signature_key);
        peer(hub.as_str()).ok().filter(|_| named)
    }

    /// The client behind a leaf: its provider has vouched for the user, the client and this key.
    ///
    /// # Errors
    /// If the credential is not good for the leaf.
    pub fn verify_leaf(&self, leaf: &LeafNode) -> Result<Member> {
        self.verify(&leaf.credential, &leaf.signature_key)
    }

    /// The client behind a signature key.
    ///
    /// # Errors
    /// If the credential is not good for the key.
    pub fn verify(&self, credential: &Credential, key: &SignaturePublicKey) -> Result<Member> {
        let Credential::Basic { identity } = credential else { return Err("not a basic credential".into()) };
        let VouchedIdentity { user, client, signature } = VouchedIdentity::decode_exact(identity)?;
        // A provider speaks for its own users.
        let member = Member::of_mimi_uris(&user, &client)?;
        let kinds = (member.user.mimi_uri(), member.client.mimi_uri());
        let (Some(user), Some(client)) = kinds else { return Err("not MIMI URIs".into()) };
        ensure!(user.kind().names_user() && client.kind() == UriKind::Client, "not a user and a client");
        let provider = self.providers.get(member.provider.as_str()).ok_or("an unknown provider")?;
        let identity = ClientIdentity { user: member.user.clone(), client: member.client.clone() };
        verify_with_label(&self.suite, provider, LABEL, &identity.tbs(key)?, &signature)?;
        Ok(member)
    }
}

impl Identity for Authority {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        key: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        self.verify(credential, key).map_err(|error| CredentialError::new(error.to_string()))
    }

    fn external_sender(&self, sender: &ExternalSender) -> Option<Server> {
        let mut domains = self.providers.keys();
        let known = |domain: &&String| self.is_server(domain, &sender.credential, &sender.signature_key);
        let uri = UserUri::new(format!("mimi://{}", domains.find(known)?).as_str()).ok()?;
        Some(Server { uri, claims: Claims::none() })
    }
}
