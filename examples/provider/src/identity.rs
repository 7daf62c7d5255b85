//! Who is behind a credential: its user's provider has signed it.
//!
//! The drafts leave credentials open. Here a basic credential holds the user, the client, and the
//! signature of the user's provider over both and the client's signature key:
//!
//! ```text
//! struct {
//!   opaque user<V>;       /* a MIMI URI */
//!   opaque client<V>;     /* a MIMI URI of the same host */
//!   opaque signature<V>;  /* SignWithLabel(., "MimiProviderClientTBS", ClientTBS) */
//! } VouchedIdentity;
//!
//! struct { opaque user<V>; opaque client<V>; SignaturePublicKey key; } ClientTBS;
//! ```
//!
//! A server's credential is a basic one with the URI of the provider, `mimi://a.example`. The
//! public keys of the providers are configured.

use std::{collections::BTreeMap, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, EncodeError, MatchedProvider, Opaque, Reader, RoomUri, UserUri,
    Writer,
    code_points::CipherSuite,
    match_presented_identities,
    mls::{Credential, ExternalSender, SignaturePublicKey},
    protocol::FrankingAgentData,
};
use mimi_crypto::{
    CipherSuiteProvider, RustCrypto, Secret, SignaturePrivateKey, sign_with_label, verify_with_label,
};
use mimi_franking::{HubKey, HubKeyId, HubKeyRing};
use mimi_policy::Claims;
use mimi_room::{CredentialError, Identity, Member, Server};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::Result;

/// The cipher suite of everything here: MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
pub const CIPHER_SUITE: CipherSuite = CipherSuite(1);

const LABEL: &[u8] = b"MimiProviderClientTBS";

/// The cipher suite.
///
/// # Errors
/// Never, as `mimi-crypto` has this suite.
pub fn suite() -> Result<RustCrypto> {
    Ok(RustCrypto::new(CIPHER_SUITE)?)
}

struct VouchedIdentity {
    user: Opaque,
    client: Opaque,
    signature: Opaque,
}

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

fn client_tbs(user: &[u8], client: &[u8], key: &SignaturePublicKey) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new();
    writer.opaque(user)?;
    writer.opaque(client)?;
    key.encode(&mut writer)?;
    Ok(writer.into_bytes())
}

/// The file of a provider's keys.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    signature_key: String,
    hub_keys: Vec<HubKeyEntry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HubKeyEntry {
    from_ms: u64,
    key: String,
}

/// The keys of a provider: it vouches, proposes and franks with one, and knows its franks by the
/// others.
pub struct ProviderKeys {
    suite: RustCrypto,
    private: SignaturePrivateKey,
    signing_key: <RustCrypto as CipherSuiteProvider>::SigningKey,
    hub_keys: HubKeyRing,
}

impl ProviderKeys {
    /// Writes a file of new keys that only its owner may read. Returns the public key.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    pub fn generate(path: &Path, now_ms: u64, rng: &mut dyn CryptoRng) -> Result<SignaturePublicKey> {
        let suite = suite()?;
        let private = suite.generate_signature_key(rng)?;
        let hub_key = HubKey::generate(rng);
        let file = KeyFile {
            signature_key: hex::encode(private.expose()),
            hub_keys: vec![HubKeyEntry { from_ms: now_ms, key: hex::encode(hub_key.expose()) }],
        };
        let text = serde_json::to_string_pretty(&file)?;
        let mut out = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|why| format!("{}: {why}", path.display()))?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        Ok(suite.signature_public_key(&suite.signing_key(&private)?))
    }

    /// Reads a file of keys.
    ///
    /// # Errors
    /// If it cannot be read, or holds no keys.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        // The parser's message would show what it has read.
        let file: KeyFile =
            serde_json::from_str(&text).map_err(|_| format!("{}: not a file of keys", path.display()))?;
        let suite = suite()?;
        let bytes = |text: &str| hex::decode(text).map_err(|_| "a key is not hexadecimal");
        let private = SignaturePrivateKey::new(&suite, bytes(&file.signature_key)?)?;
        let mut hub_keys = HubKeyRing::new();
        for entry in &file.hub_keys {
            let key = HubKey::new(&Secret::of_length(bytes(&entry.key)?, 32)?)?;
            hub_keys.add(HubKeyId(entry.from_ms), key)?;
        }
        Ok(Self { suite, signing_key: suite.signing_key(&private)?, private, hub_keys })
    }

    /// The private key, ready for use.
    ///
    /// # Errors
    /// Never: it was read before.
    pub fn signing_key(&self) -> Result<<RustCrypto as CipherSuiteProvider>::SigningKey> {
        Ok(self.suite.signing_key(&self.private)?)
    }

    /// What the key of the gateway of Oblivious HTTP is derived from: the same in all processes of
    /// a provider and after a restart, and no way back to the private key.
    #[must_use]
    pub fn gateway_seed(&self) -> Vec<u8> {
        self.suite.hash(&[b"mimi-provider gateway of Oblivious HTTP\0", self.private.expose()])
    }

    /// The keys of franks.
    #[must_use]
    pub const fn hub_keys(&self) -> &HubKeyRing {
        &self.hub_keys
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> SignaturePublicKey {
        self.suite.signature_public_key(&self.signing_key)
    }

    /// The provider as a server on a group's list of external senders.
    #[must_use]
    pub fn external_sender(&self, domain: &DnsName) -> ExternalSender {
        ExternalSender { signature_key: self.public_key(), credential: server_credential(domain.as_str()) }
    }

    /// A credential for a client with this signature key.
    ///
    /// # Errors
    /// If a value is too long for the wire.
    pub fn vouch(
        &self,
        user: &UserUri,
        client: &ClientUri,
        key: &SignaturePublicKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Credential> {
        let (user, client) = (user.as_bytes(), client.as_bytes());
        let tbs = client_tbs(user, client, key)?;
        let signature = sign_with_label(&self.suite, &self.signing_key, LABEL, &tbs, rng)?;
        let mut writer = Writer::new();
        for part in [user, client, signature.as_slice()] {
            writer.opaque(part)?;
        }
        Ok(Credential::Basic { identity: writer.into_bytes().into() })
    }
}

fn server_credential(domain: &str) -> Credential {
    Credential::Basic { identity: format!("mimi://{domain}").as_str().into() }
}

/// The provider itself, as its own certificate would name it.
///
/// # Errors
/// Never: a name matches itself.
pub fn matched(domain: &DnsName) -> Result<MatchedProvider> {
    Ok(match_presented_identities(domain.as_ref(), [domain.as_str()])?)
}

/// The public keys of providers: the Authentication Service of RFC 9420 §5.3.1.
#[derive(Clone, Debug)]
pub struct Authority {
    suite: RustCrypto,
    providers: BTreeMap<String, SignaturePublicKey>,
}

impl Authority {
    /// The authority that knows these providers, by their domains in lower case.
    #[must_use]
    pub const fn new(suite: RustCrypto, providers: BTreeMap<String, SignaturePublicKey>) -> Self {
        Self { suite, providers }
    }

    /// The providers, by their domains.
    #[must_use]
    pub const fn providers(&self) -> &BTreeMap<String, SignaturePublicKey> {
        &self.providers
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
        matched(hub).ok().filter(|_| named)
    }

    fn verify(&self, credential: &Credential, key: &SignaturePublicKey) -> Result<Member, CredentialError> {
        let refuse = |why: &dyn std::fmt::Display| CredentialError::new(why.to_string());
        let Credential::Basic { identity } = credential else { return Err("not a basic credential".into()) };
        let vouched = VouchedIdentity::decode_exact(identity).map_err(|error| refuse(&error))?;
        let member = Member::of_mimi_uris(&vouched.user, &vouched.client)?;
        let provider = self.providers.get(member.provider.as_str());
        let provider = provider.ok_or_else(|| refuse(&"the user's provider is not known"))?;
        let tbs = client_tbs(&vouched.user, &vouched.client, key).map_err(|error| refuse(&error))?;
        verify_with_label(&self.suite, provider, LABEL, &tbs, &vouched.signature)
            .map_err(|_| refuse(&"the user's provider has not signed it"))?;
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
        self.verify(credential, key)
    }

    fn external_sender(&self, sender: &ExternalSender) -> Option<Server> {
        let mut domains = self.providers.keys();
        let known = |domain: &&String| self.is_server(domain, &sender.credential, &sender.signature_key);
        let uri = UserUri::new(format!("mimi://{}", domains.find(known)?).as_str()).ok()?;
        Some(Server { uri, claims: Claims::none() })
    }
}
