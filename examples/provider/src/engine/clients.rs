//! The provider's own clients: registration, profiles, assets.

use mimi_codec::{
    ClientUri, Encode, MimiUri, UserUri, Writer,
    mls::{Credential, SignaturePublicKey},
    protocol::{IdentifierQuery, IdentifierQueryCode, ProfileProperty, SearchIdentifierType, UserProfile},
};
use mimi_crypto::CipherSuiteProvider;
use mimi_room::hub::{Profiles, QueryAnswer, identifier_query};
use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::store::{StoreError, Table};

/// How many users a query may find. Beyond, it has to be more exact.
const MAX_FOUND: usize = 20;

/// A client that was registered.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its URI.
    pub client: ClientUri,
    /// The secret by which it asks its provider.
    pub token: String,
    /// The provider's word for user, client and key.
    pub credential: Credential,
}

/// What waits for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// Its number: later items have greater ones.
    pub number: u64,
    /// The room.
    pub room: Vec<u8>,
    /// A `FanoutMessage`.
    pub body: Vec<u8>,
}

/// A join code that a user wants.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JoinCode {
    /// The role that its holders join with.
    pub role: u32,
    /// How many users may join by it.
    pub uses: u32,
    /// For how long it is good, in milliseconds.
    pub valid_ms: u64,
}

/// What others may find a user by.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// A handle URI, such as `im:alice@a.example`.
    pub handle: Option<String>,
    /// A nickname.
    pub nick: Option<String>,
    /// A name.
    pub name: Option<String>,
}

impl Engine {
    /// Registers a client of a user of this provider: vouches for its key and gives it a token.
    /// `None` if the user is not one of this provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn register(
        &mut self,
        user: &UserUri,
        key: &SignaturePublicKey,
    ) -> Result<Option<Registered>, StoreError> {
        let own = user.mimi_uri().filter(|it| it.kind().names_user());
        if own.is_none_or(|it| it.host() != self.domain.as_ref()) {
            return Ok(None);
        }
        let mut random = [0; 48];
        self.rng.fill_bytes(&mut random);
        let (name, token) = random.split_at(16);
        let Ok(client) = MimiUri::client(self.domain.as_ref(), &hex::encode(name)) else { return Ok(None) };
        let client = ClientUri::from(&client);
        let token = hex::encode(token);
        let vouched = self.keys.vouch(user, &client, key, &mut self.rng);
        let credential = vouched.map_err(|_| StoreError::TooLong)?;
        self.store.put(Table::Clients, client.as_bytes(), user.as_bytes())?;
        let hash = self.suite.hash(&[token.as_bytes()]);
        self.store.put(Table::Tokens, &hash, client.as_bytes())?;
        Ok(Some(Registered { client, token, credential }))
    }

    /// The client with this token, and its user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn client_of(&mut self, token: &str) -> Result<Option<(UserUri, ClientUri)>, StoreError> {
        // Looked up by a hash: the time of it tells nothing of the token.
        let hash = self.suite.hash(&[token.as_bytes()]);
        let Some(client) = self.store.get(Table::Tokens, &hash)? else { return Ok(None) };
        let Some(user) = self.store.get(Table::Clients, &client)? else { return Ok(None) };
        let corrupt = |_| StoreError::Corrupt(Table::Clients, "not the URI of a user or client".to_owned());
        let client = ClientUri::try_from(client.as_slice()).map_err(corrupt)?;
        Ok(Some((UserUri::try_from(user.as_slice()).map_err(corrupt)?, client)))
    }

    /// A user's profile, to be found by others.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_profile(&mut self, user: &UserUri, profile: &Profile) -> Result<(), StoreError> {
        let json = serde_json::to_vec(profile).map_err(|_| StoreError::TooLong)?;
        self.store.put(Table::Profiles, user.as_bytes(), &json)
    }

    /// `POST /identifierQuery/{domain}`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn query(&mut self, body: &[u8]) -> Result<QueryAnswer, StoreError> {
        let mut profiles = Vec::new();
        for (user, json) in self.store.scan(Table::Profiles, b"", b"", usize::MAX)? {
            let corrupt = || StoreError::Corrupt(Table::Profiles, "not a profile".to_owned());
            let user = UserUri::try_from(user.as_slice()).map_err(|_| corrupt())?;
            profiles.push((user, serde_json::from_slice(&json).map_err(|_| corrupt())?));
        }
        Ok(identifier_query(&Listed(profiles), body))
    }

    /// Keeps an encrypted asset. Returns its name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_asset(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        let mut name = [0; 16];
        self.rng.fill_bytes(&mut name);
        let name = hex::encode(name);
        self.store.put(Table::Assets, name.as_bytes(), bytes)?;
        Ok(name)
    }

    /// An asset that was kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn asset(&mut self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(Table::Assets, name)
    }
}

/// What waits for a client as bytes: `struct { uint64 number; opaque room<V>; opaque body<V>; }`,
/// one after the other.
///
/// # Errors
/// If an item is too long for the wire.
pub fn encode_inbox(items: &[InboxItem]) -> Result<Vec<u8>, mimi_codec::EncodeError> {
    let mut writer = Writer::new();
    for item in items {
        item.number.encode(&mut writer)?;
        writer.opaque(&item.room)?;
        writer.opaque(&item.body)?;
    }
    Ok(writer.into_bytes())
}

/// The items that [`encode_inbox`] has written.
///
/// # Errors
/// If the bytes are something else.
pub fn decode_inbox(bytes: &[u8]) -> mimi_codec::Result<Vec<InboxItem>> {
    let mut reader = mimi_codec::Reader::new(bytes);
    let mut items = Vec::new();
    while !reader.is_empty() {
        let (number, room, body) = (reader.uint64()?, reader.opaque()?.to_vec(), reader.opaque()?.to_vec());
        items.push(InboxItem { number, room, body });
    }
    Ok(items)
}

struct Listed(Vec<(UserUri, Profile)>);

impl Profiles for Listed {
    fn supports(&self, kind: SearchIdentifierType) -> bool {
        use SearchIdentifierType::{Handle, Nick, PartialName, WholeProfile};
        [Handle, Nick, PartialName, WholeProfile].contains(&kind)
    }

    fn find(&self, query: &IdentifierQuery<'_>) -> Result<Vec<UserProfile>, IdentifierQueryCode> {
        let matches = |profile: &Profile| {
            let listed = [
                (ProfileProperty::Handle, &profile.handle),
                (ProfileProperty::Nick, &profile.nick),
                (ProfileProperty::Name, &profile.name),
            ];
            let listed: Vec<_> =
                listed.iter().filter_map(|(property, value)| Some((*property, value.as_deref()?))).collect();
            query.matches(&listed)
        };
        let found = self.0.iter().filter(|(_, profile)| matches(profile)).take(MAX_FOUND.saturating_add(1));
        let found: Vec<UserProfile> =
            found.map(|(user, _)| UserProfile { stable_uri: user.into(), fields: Vec::new() }).collect();
        if found.len() > MAX_FOUND { Err(IdentifierQueryCode::AMBIGUOUS) } else { Ok(found) }
    }
}
