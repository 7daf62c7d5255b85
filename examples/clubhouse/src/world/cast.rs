//! Who takes part: providers, users, their clients.

use std::collections::BTreeMap;

use mimi_codec::{
    ClientUri, DnsNameRef, MimiUri, RoomUri, UserUri, extensions::AppDataDictionary, protocol::ConsentEntry,
};
use mimi_crypto::RustCrypto;
use mimi_franking::{HubKey, HubKeyId, HubKeyRing};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::World;
use crate::{
    Result,
    client::Client,
    identity::{Authority, ClientIdentity, ProviderKey, domain_of},
    narrator::Narrator,
    provider::Provider,
    stack::ClientKey,
};

/// `mimi://{domain}/u/{name}`.
///
/// # Errors
/// If these make no URI.
pub fn user_uri(domain: &str, name: &str) -> Result<UserUri> {
    Ok(UserUri::from(&MimiUri::user(DnsNameRef::parse(domain)?, name)?))
}

/// `mimi://{domain}/r/{name}`.
///
/// # Errors
/// If these make no URI.
pub fn room_uri(domain: &str, name: &str) -> Result<RoomUri> {
    Ok(RoomUri::from(&MimiUri::room(DnsNameRef::parse(domain)?, name)?))
}

impl World {
    /// Providers of these domains, without users. The seed is that of the story's own randomness;
    /// OpenMLS draws its own.
    ///
    /// # Errors
    /// If a key cannot be made.
    pub fn new(suite: RustCrypto, domains: &[&str], seed: u64) -> Result<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let now = 1_767_225_600_000;
        let (mut keys, mut public) = (BTreeMap::new(), BTreeMap::new());
        for domain in domains {
            let key = ProviderKey::generate(suite, &mut rng)?;
            public.insert((*domain).to_owned(), key.external_sender(domain)?.signature_key);
            keys.insert(*domain, key);
        }
        let authority = Authority::new(suite, public);
        let mut providers = BTreeMap::new();
        for (domain, key) in keys {
            let mut hub_keys = HubKeyRing::new();
            hub_keys.add(HubKeyId(now), HubKey::new(&HubKey::generate(&mut rng))?)?;
            let generator = ChaCha20Rng::from_rng(&mut rng);
            let provider = Provider::new(domain, suite, authority.clone(), key, hub_keys, generator)?;
            providers.insert(domain.to_owned(), provider);
        }
        let (narrator, clients) = (Narrator::default(), BTreeMap::new());
        Ok(Self { narrator, providers, clients, suite, authority, rng, now })
    }

    /// A new client of a user, for which its provider vouches. It hands its provider KeyPackages.
    ///
    /// # Errors
    /// If there is no such provider.
    pub fn new_client(&mut self, user: &UserUri, name: &str) -> Result<ClientUri> {
        let domain = domain_of(user.mimi_uri())?;
        let client = ClientUri::from(&MimiUri::client(DnsNameRef::parse(&domain)?, name)?);
        let identity = ClientIdentity { user: user.clone(), client: client.clone() };
        let key = ClientKey::generate(self.suite, ChaCha20Rng::from_rng(&mut self.rng))?;
        let provider = self.providers.get(&domain).ok_or("there is no such provider")?;
        let credential = provider.key.vouch(&identity, &key.public_key(), &mut self.rng)?;
        let generator = ChaCha20Rng::from_rng(&mut self.rng);
        let new = Client::new(identity, self.suite, (key, credential), self.authority.clone(), generator);
        self.clients.insert(client.clone(), new);
        self.stock_key_packages(&client, 2)?;
        Ok(client)
    }

    /// A client hands its provider KeyPackages, to be handed out while it is away.
    ///
    /// # Errors
    /// If there is no such client.
    pub fn stock_key_packages(&mut self, client: &ClientUri, count: usize) -> Result<()> {
        let (suite, now) = (self.suite, self.now);
        for _ in 0..count {
            let owner = self.client(client)?;
            let (user, package) = (owner.identity().user.clone(), owner.key_package()?);
            let follower = &mut self.provider_of(&user)?.follower;
            follower.store(&suite, user, client.clone(), package, now)?;
        }
        Ok(())
    }

    /// A user has let another add it to any room, long before the story begins. How it comes to
    /// that is the tenth act.
    ///
    /// # Errors
    /// If there is no such provider.
    pub fn consent(&mut self, target: &UserUri, requester: &UserUri) -> Result<()> {
        let entry = ConsentEntry::Grant {
            requester_uri: requester.into(),
            target_uri: target.into(),
            room_id: None,
            client_key_packages: Vec::new(),
            consent_extensions: AppDataDictionary::default(),
        };
        self.provider_of(target)?.say_consent(&entry)?;
        Ok(())
    }
}
