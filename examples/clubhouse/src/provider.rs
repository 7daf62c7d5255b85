//! What every provider does for its own users: it keeps their key packages and their consent, and delivers what hubs fan out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mimi_codec::{
    DnsNameRef,
    mls::{KeyPackage, KeyPackageRef},
    protocol::{
        ClientKeyMaterial, ConsentEndpoint, ConsentEntry, FanoutEvent, FanoutMessage, IdentifierUri,
        KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode, Protocol,
    },
};
use mimi_crypto::{RustCrypto, key_package_ref, verify_key_material_request};
use mimi_policy::{
    RoomUri, UserUri,
    consent::{ConsentOutcome, Consents, TellsOfOtherRooms},
};

use crate::{
    Result,
    hub::Hub,
    identity::{Authority, ProviderKey},
    stack,
};

/// A provider.
pub struct Provider {
    /// The key by which it vouches for its clients.
    pub key: ProviderKey,
    /// Its half that hosts rooms.
    pub hub: Hub,
    /// Who consents to be added by whom.
    pub consents: Consents,
    suite: RustCrypto,
    authority: Authority,
    clients: BTreeMap<IdentifierUri, BTreeMap<IdentifierUri, VecDeque<KeyPackage>>>,
    /// Whose key packages were handed out: theirs is the Welcome.
    claimed: BTreeMap<KeyPackageRef, IdentifierUri>,
    /// Which of its clients are in a room.
    subscriptions: BTreeMap<IdentifierUri, BTreeSet<IdentifierUri>>,
}

/// A provider's answer, and why.
pub struct KeyMaterialAnswer {
    /// The answer.
    pub response: KeyMaterialResponse,
    /// Why.
    pub why: String,
}

impl Provider {
    /// A provider without users.
    #[must_use]
    pub fn new(suite: RustCrypto, authority: Authority, key: ProviderKey, hub: Hub) -> Self {
        Self {
            key,
            hub,
            consents: Consents::default(),
            suite,
            authority,
            clients: BTreeMap::new(),
            claimed: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
        }
    }

    /// Stores a key package of a client.
    pub fn store_key_package(
        &mut self,
        user: &IdentifierUri,
        client: &IdentifierUri,
        key_package: KeyPackage,
    ) {
        let clients = self.clients.entry(user.clone()).or_default();
        clients.entry(client.clone()).or_default().push_back(key_package);
    }

    /// A client is in a room from now on.
    pub fn subscribe(&mut self, room: &IdentifierUri, client: &IdentifierUri) {
        self.subscriptions.entry(room.clone()).or_default().insert(client.clone());
    }

    /// A client is no longer in a room.
    pub fn unsubscribe(&mut self, room: &IdentifierUri, client: &IdentifierUri) {
        if let Some(clients) = self.subscriptions.get_mut(room) {
            clients.remove(client);
        }
    }

    /// `POST /keyMaterial/{targetUser}` (mimi-protocol, 5.2): one key package of each client, if the target consents.
    ///
    /// # Errors
    /// When the body is no request, or nobody has signed it.
    pub fn key_material(&mut self, body: &[u8]) -> Result<KeyMaterialAnswer> {
        let request: KeyMaterialRequest = stack::decode(body)?;
        let verified = verify_key_material_request(&self.suite, request)?.into_request();
        let requester =
            self.authority.verify(&verified.requester_credential, &verified.requester_signature_key)?;
        crate::ensure!(requester.user == verified.requesting_user, "somebody else's credential");

        let room = verified.room_id.0.clone();
        let target = &verified.target_user;
        let asked = room.as_ref().map(RoomUri::try_from).transpose()?;
        let (from, to) = (UserUri::try_from(&requester.user)?, UserUri::try_from(target)?);
        if let Err(refused) = self.consents.check(&from, &to, asked.as_ref()) {
            let code = refused.code(TellsOfOtherRooms::Yes);
            let response = KeyMaterialResponse::new(Protocol::Mls10, code, target.clone(), Vec::new())?;
            return Ok(KeyMaterialAnswer { response, why: refused.to_string() });
        }
        let Some(clients) = self.clients.get_mut(target) else {
            let code = KeyMaterialUserCode::USER_UNKNOWN;
            let response = KeyMaterialResponse::new(Protocol::Mls10, code, target.clone(), Vec::new())?;
            return Ok(KeyMaterialAnswer { response, why: "nobody here has that name".to_owned() });
        };
        let mut material = Vec::new();
        for (client_uri, stored) in clients {
            let client_uri = client_uri.clone();
            // Each key package is handed out once.
            material.push(match stored.pop_front() {
                Some(key_package) => {
                    let reference = key_package_ref(&self.suite, &key_package)?;
                    self.claimed.insert(reference, client_uri.clone());
                    ClientKeyMaterial::Success { client_uri, key_package: Box::new(key_package) }
                }
                None => ClientKeyMaterial::KeyMaterialExhausted { client_uri },
            });
        }
        let found = material.iter().filter(|it| it.key_package().is_some()).count();
        let code = match found {
            0 => KeyMaterialUserCode::NO_COMPATIBLE_MATERIAL,
            _ if found == material.len() => KeyMaterialUserCode::SUCCESS,
            _ => KeyMaterialUserCode::PARTIAL_SUCCESS,
        };
        let why =
            format!("the target consents; {found} of its {} clients have a key package", material.len());
        let response = KeyMaterialResponse::new(Protocol::Mls10, code, target.clone(), material)?;
        Ok(KeyMaterialAnswer { response, why })
    }

    /// One of its users says something about consent. With a grant, key packages go out: theirs is the Welcome.
    ///
    /// # Errors
    /// When a key package is of another suite.
    pub fn say_consent(&mut self, entry: &ConsentEntry) -> Result<()> {
        self.consents.apply(entry)?;
        if let ConsentEntry::Grant { client_key_packages, .. } = entry {
            for key_package in client_key_packages {
                let owner = self.authority.verify_leaf(&key_package.leaf_node)?;
                self.claimed.insert(key_package_ref(&self.suite, key_package)?, owner.client);
            }
        }
        Ok(())
    }

    /// Another provider's user says something about consent. Key packages of a grant are remembered like fetched ones, as the room may be
    /// hosted here.
    ///
    /// # Errors
    /// When it isn't that provider's to say, or not to be said here.
    pub fn hear_consent(
        &mut self,
        from: &str,
        own: &str,
        endpoint: ConsentEndpoint,
        body: &[u8],
    ) -> Result<ConsentOutcome> {
        let entry: ConsentEntry = stack::decode(body)?;
        let is = |domain: String| move |host: DnsNameRef<'_>| host.as_str() == domain;
        entry.check_endpoint(endpoint, is(from.to_owned()), is(own.to_owned()))?;
        if let ConsentEntry::Grant { client_key_packages, .. } = &entry {
            let references = client_key_packages.iter().map(|it| key_package_ref(&self.suite, it));
            self.hub.remember_key_packages(references.collect::<Result<_, _>>()?, from);
        }
        Ok(self.consents.apply(&entry)?)
    }

    /// `POST /notify/{roomId}`: which of its clients get a body (mimi-protocol, 5.5).
    ///
    /// # Errors
    /// When it is none.
    pub fn recipients(&mut self, room: &IdentifierUri, body: &[u8]) -> Result<BTreeSet<IdentifierUri>> {
        let message: FanoutMessage = stack::decode(body)?;
        let FanoutEvent::Welcome { message, .. } = message.event() else {
            return Ok(self.subscriptions.get(room).cloned().unwrap_or_default());
        };
        let welcome = message.welcome().ok_or("no Welcome")?;
        let references = welcome.secrets.iter().map(|secrets| &secrets.new_member);
        Ok(references.filter_map(|reference| self.claimed.remove(reference)).collect())
    }
}
