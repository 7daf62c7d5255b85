//! Who takes part: providers, users, their clients.

use std::collections::BTreeMap;

use mimi_codec::{
    DnsNameRef, MimiUri,
    extensions::AppDataDictionary,
    protocol::{ConsentEntry, IdentifierUri},
};
use mimi_crypto::RustCrypto;
use mimi_franking::{HubKey, HubKeyId, HubKeyRing};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::World;
use crate::{
    Result,
    client::Client,
    hub::Hub,
    identity::{Authority, ClientIdentity, ProviderKey},
    narrator::Narrator,
    provider::Provider,
    stack::ClientKey,
};

/// `mimi://{domain}/u/{name}`.
///
/// # Errors
/// When these make no URI.
pub fn user_uri(domain: &str, name: &str) -> Result<IdentifierUri> {
    Ok(MimiUri::user(DnsNameRef::parse(domain)?, name)?.into())
}

/// `mimi://{domain}/r/{name}`.
///
/// # Errors
/// When these make no URI.
pub fn room_uri(domain: &str, name: &str) -> Result<IdentifierUri> {
    Ok(MimiUri::room(DnsNameRef::parse(domain)?, name)?.into())
}

impl World {
    /// Providers of these domains, and nobody yet. The seed is that of the story's own randomness; OpenMLS draws its own.
    ///
    /// # Errors
    /// When a key can't be made.
    pub fn new(suite: RustCrypto, domains: &[&str], seed: u64) -> Result<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let now = 1_767_225_600_000;
        let mut keys = BTreeMap::new();
        for domain in domains {
            keys.insert((*domain).to_owned(), ProviderKey::generate(suite, &mut rng)?);
        }
        let public = keys.iter().map(|(domain, key)| (domain.clone(), key.public_key()));
        let authority = Authority::new(suite, public.collect());
        let mut providers = BTreeMap::new();
        for (domain, key) in keys {
            let mut hub_keys = HubKeyRing::new();
            hub_keys.add(HubKeyId(now), HubKey::new(&HubKey::generate(&mut rng))?)?;
            let generator = ChaCha20Rng::from_rng(&mut rng);
            let hub = Hub::new(domain.clone(), suite, authority.clone(), hub_keys, generator);
            providers.insert(domain, Provider::new(suite, authority.clone(), key, hub));
        }
        let (narrator, clients) = (Narrator::default(), BTreeMap::new());
        Ok(Self { narrator, providers, clients, suite, authority, rng, now })
    }

    /// A new client of a user, for which its provider vouches. It hands its provider key packages.
    ///
    /// # Errors
    /// When there is no such provider.
    pub fn new_client(&mut self, user: &IdentifierUri, name: &str) -> Result<IdentifierUri> {
        let uri = user.mimi_uri()?;
        let client: IdentifierUri = MimiUri::client(uri.host(), name)?.into();
        let identity = ClientIdentity { user: user.clone(), client: client.clone() };
        let key = ClientKey::generate(self.suite, ChaCha20Rng::from_rng(&mut self.rng))?;
        let provider = self.providers.get(uri.host().as_str()).ok_or("there is no such provider")?;
        let credential = provider.key.vouch(identity.clone(), &key.public_key(), &mut self.rng)?;
        let generator = ChaCha20Rng::from_rng(&mut self.rng);
        let new = Client::new(identity, self.suite, (key, credential), self.authority.clone(), generator);
        self.clients.insert(client.clone(), new);
        self.stock_key_packages(&client, 2)?;
        Ok(client)
    }

    /// A client hands its provider key packages, to be handed out while it is away.
    ///
    /// # Errors
    /// When there is no such client.
    pub fn stock_key_packages(&mut self, client: &IdentifierUri, count: usize) -> Result<()> {
        for _ in 0..count {
            let owner = self.client(client)?;
            let user = owner.identity().user.clone();
            let key_package = owner.key_package()?;
            self.provider_of(client)?.store_key_package(&user, client, key_package);
        }
        Ok(())
    }

    /// A user has let another add it to any room, long before the story begins. How it comes to that is the tenth act.
    ///
    /// # Errors
    /// When there is no such provider.
    pub fn consent(&mut self, target: &IdentifierUri, requester: &IdentifierUri) -> Result<()> {
        let entry = ConsentEntry::Grant {
            requester_uri: requester.clone(),
            target_uri: target.clone(),
            room_id: None,
            client_key_packages: Vec::new(),
            consent_extensions: AppDataDictionary::default(),
        };
        self.provider_of(target)?.consents.apply(&entry)?;
        Ok(())
    }
}
