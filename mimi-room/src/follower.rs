//! What a provider does for its own users: it hands out their KeyPackages, keeps their consent,
//! and delivers what hubs fan out.
//!
//! A follower learns no more than it needs: of a room it knows which of its own clients are in it,
//! and of a message who it is for. It opens neither commits nor the list of participants.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};
use core::fmt;

use crate::consent::{ConsentOutcome, Consents, NoConsentError, TellsOfOtherRooms};
use mimi_codec::{
    Addressed, ClientUri, Decode, Endpoint, MatchedProvider, NotifyKey, RequestFailure, RoomUri, UserUri,
    mls::{KeyPackage, KeyPackageRef},
    protocol::{
        ClientKeyMaterial, ConsentEndpoint, ConsentEntry, FanoutEvent, FanoutMessage, IdentifierUri,
        KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode, Protocol,
    },
};
use mimi_crypto::{CipherSuiteProvider, CryptoError, key_package_ref, verify_key_material_request};

use crate::{
    Identity,
    hub::Response,
    key_material::{answer_code, answers_request},
};

/// How many bodies of `/notify` are remembered, so that a repeated one is delivered once.
pub const REMEMBERED_BODIES: usize = 4096;

/// The KeyPackages of one client.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stock {
    packages: VecDeque<Stored>,
    last_resort: Option<Stored>,
}

/// A KeyPackage and its reference, which only the provider of its own suite can compute.
#[derive(Clone, Debug, PartialEq)]
struct Stored {
    key_package: KeyPackage,
    reference: KeyPackageRef,
}

impl Stock {
    /// Those that are valid now, the last resort last.
    fn valid(&self, now_ms: u64) -> impl Iterator<Item = &Stored> {
        self.packages.iter().chain(&self.last_resort).filter(move |it| it.key_package.is_valid_at(now_ms))
    }

    fn forget_expired(&mut self, now_ms: u64, in_stock: &mut BTreeSet<KeyPackageRef>) {
        let mut stays = |it: &Stored| {
            let expired = it.key_package.is_expired(now_ms);
            if expired {
                in_stock.remove(&it.reference);
            }
            !expired
        };
        self.packages.retain(&mut stays);
        self.last_resort = self.last_resort.take().filter(stays);
    }

    /// Takes out the first KeyPackage that is valid now and fits; a last resort stays.
    fn take(&mut self, fits: impl Fn(&KeyPackage) -> bool) -> Option<Stored> {
        let fits = |it: &Stored| fits(&it.key_package);
        match self.packages.iter().position(fits) {
            Some(place) => self.packages.remove(place),
            None => self.last_resort.clone().filter(fits),
        }
    }
}

/// A KeyPackage that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claimed {
    client: ClientUri,
    /// It may be handed out again, and serves for several Welcomes.
    last_resort: bool,
}

/// A provider's state for its own users. It is a value: store it as you store other state.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    stock: BTreeMap<UserUri, BTreeMap<ClientUri, Stock>>,
    /// The references of all KeyPackages in stock.
    in_stock: BTreeSet<KeyPackageRef>,
    consents: Consents,
    /// Whose KeyPackages were handed out: the Welcome is theirs.
    claimed: BTreeMap<KeyPackageRef, Claimed>,
    /// Which of its clients are in a room.
    rooms: BTreeMap<RoomUri, BTreeSet<ClientUri>>,
    seen: VecDeque<Vec<u8>>,
}

/// Why a KeyPackage is not taken into stock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StockError {
    /// It is of another cipher suite, or too long.
    Crypto(CryptoError),
    /// It has expired.
    Expired,
    /// It was handed out or stored before: a KeyPackage is used once (RFC 9420 §16.8).
    Known,
}

impl fmt::Display for StockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crypto(error) => error.fmt(f),
            Self::Expired => f.write_str("the KeyPackage has expired"),
            Self::Known => f.write_str("the KeyPackage was stored or handed out before"),
        }
    }
}

impl core::error::Error for StockError {}

/// Why an entry of an own user about consent does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnConsentError {
    /// A KeyPackage is of another suite.
    Crypto(CryptoError),
    /// A user or room is not named in the one spelling that counts.
    Identity(mimi_codec::IdentityError),
}

impl fmt::Display for OwnConsentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crypto(error) => error.fmt(f),
            Self::Identity(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for OwnConsentError {}

/// What a follower answers to a request for key material.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyMaterialAnswer {
    /// The HTTP response.
    pub response: Response,
    /// Its body; `None` if the request was malformed or not signed.
    pub answer: Option<KeyMaterialResponse>,
    /// Why there is no consent, for the provider's own eyes.
    pub refused: Option<NoConsentError>,
}

/// A body for clients of this provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The clients.
    pub to: Vec<ClientUri>,
    /// What they get.
    pub message: FanoutMessage,
}

/// What comes of a body of `/notify`.
#[derive(Clone, Debug, PartialEq)]
pub struct Notified {
    /// The HTTP response: 201 also for a repeated body (mimi-protocol-06 §5.5).
    pub response: Response,
    /// What to deliver, in this order.
    pub deliveries: Vec<Delivery>,
}

impl Follower {
    /// Takes a KeyPackage of a client into stock. One that is marked as a last resort replaces the
    /// one before, and is handed out when no other is left, as often as it is asked for. One that
    /// is not valid yet waits.
    ///
    /// `suite` is that of the KeyPackage.
    ///
    /// # Errors
    /// [`StockError`].
    pub fn store<C: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &C,
        user: UserUri,
        client: ClientUri,
        key_package: KeyPackage,
        now_ms: u64,
    ) -> Result<(), StockError> {
        if key_package.is_expired(now_ms) {
            return Err(StockError::Expired);
        }
        let reference = key_package_ref(suite, &key_package).map_err(StockError::Crypto)?;
        if self.claimed.contains_key(&reference) || !self.in_stock.insert(reference.clone()) {
            return Err(StockError::Known);
        }
        let stock = self.stock.entry(user).or_default().entry(client).or_default();
        let stored = Stored { key_package, reference };
        if stored.key_package.is_last_resort() {
            if let Some(before) = stock.last_resort.replace(stored) {
                self.in_stock.remove(&before.reference);
            }
        } else {
            stock.packages.push_back(stored);
        }
        Ok(())
    }

    /// A KeyPackage of a client has been handed out before: its Welcome is for that client. This
    /// is how a server that restarts brings back what it has stored of
    /// [`Self::key_material`].
    ///
    /// # Errors
    /// [`CryptoError`] if the KeyPackage is of another suite.
    pub fn handed_out<C: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &C,
        client: ClientUri,
        key_package: &KeyPackage,
    ) -> Result<(), CryptoError> {
        let reference = key_package_ref(suite, key_package)?;
        let last_resort = key_package.is_last_resort();
        self.claimed.insert(reference, Claimed { client, last_resort });
        Ok(())
    }

    /// Forgets a client: it gets nothing any more, and none of its KeyPackages is handed out.
    pub fn remove_client(&mut self, user: &UserUri, client: &ClientUri) {
        let stock = self.stock.get_mut(user).and_then(|clients| clients.remove(client));
        for stored in stock.iter().flat_map(|it| it.packages.iter().chain(&it.last_resort)) {
            self.in_stock.remove(&stored.reference);
        }
        self.claimed.retain(|_, claimed| claimed.client != *client);
        for clients in self.rooms.values_mut() {
            clients.remove(client);
        }
    }

    /// How many KeyPackages of a client are left, the last resort aside: its provider asks it for
    /// more in time.
    #[must_use]
    pub fn stock_of(&self, user: &UserUri, client: &ClientUri) -> usize {
        let clients = self.stock.get(user);
        clients.and_then(|it| it.get(client)).map_or(0, |stock| stock.packages.len())
    }

    /// Answers a body of `POST /keyMaterial/{targetUser}` (mimi-protocol-06 §5.2): for each client
    /// of the target one KeyPackage that is valid now and that the request allows, if the target
    /// consents.
    ///
    /// `suite` is the first acceptable one of the request, under which it is signed. `target_user`
    /// is the variable of the path without its escapes
    /// ([`decode_path_segment`](mimi_codec::decode_path_segment)); a body that names another target
    /// is answered with 400.
    pub fn key_material<C: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &C,
        identity: &impl Identity,
        target_user: &[u8],
        body: &[u8],
        now_ms: u64,
    ) -> KeyMaterialAnswer {
        let no = |failure: RequestFailure| KeyMaterialAnswer {
            response: failure.into(),
            answer: None,
            refused: None,
        };
        let request = KeyMaterialRequest::decode_exact(body).ok();
        let addressed = request.and_then(|request| Addressed::check(request, target_user).ok());
        let Some(addressed) = addressed else {
            return no(RequestFailure::Malformed);
        };
        let Ok(verified) = verify_key_material_request(suite, addressed.into_body()) else {
            return no(RequestFailure::NotAllowed);
        };
        let request = verified.into_request();
        // A credential is checked for the room that it is to be used for.
        let room = request.room_id.0.as_ref().map(RoomUri::try_from);
        let room = match room.transpose() {
            Ok(room) => room,
            Err(_) => return no(RequestFailure::Malformed),
        };
        let (Ok(requester), Ok(target)) =
            (UserUri::try_from(&request.requesting_user), UserUri::try_from(&request.target_user))
        else {
            return no(RequestFailure::Malformed);
        };
        if let Some(room) = &room {
            let (credential, key) = (&request.requester_credential, &request.requester_signature_key);
            match identity.identify(room, credential, key) {
                Ok(member) if member.user == requester => {}
                _ => return no(RequestFailure::NotAllowed),
            }
        }
        let consent = self.consents.check(&requester, &target, room.as_ref());
        let (code, clients, refused) = match consent.map(|_| ()) {
            Err(refused) => (refused.code(TellsOfOtherRooms::Yes), Vec::new(), Some(refused)),
            Ok(()) => match self.hand_out(&request, &target, now_ms) {
                Some(clients) => (answer_code(&clients), clients, None),
                None => (KeyMaterialUserCode::USER_UNKNOWN, Vec::new(), None),
            },
        };
        let target_user = request.target_user;
        let answer = KeyMaterialResponse::new(Protocol::Mls10, code, target_user, clients).ok();
        let response = answer.as_ref().map_or_else(|| RequestFailure::Internal.into(), Response::ok);
        KeyMaterialAnswer { response, answer, refused }
    }

    fn hand_out(
        &mut self,
        request: &KeyMaterialRequest,
        target: &UserUri,
        now_ms: u64,
    ) -> Option<Vec<ClientKeyMaterial>> {
        let fits = |it: &KeyPackage| answers_request(request, it, now_ms);
        let mut material = Vec::new();
        for (client, stock) in self.stock.get_mut(target)? {
            let client_uri = IdentifierUri::from(client);
            stock.forget_expired(now_ms, &mut self.in_stock);
            let found = stock.take(fits);
            let other = stock.valid(now_ms).next();
            material.push(match (found, other) {
                (Some(Stored { key_package, reference }), _) => {
                    let last_resort = key_package.is_last_resort();
                    if !last_resort {
                        self.in_stock.remove(&reference);
                    }
                    self.claimed.insert(reference, Claimed { client: client.clone(), last_resort });
                    ClientKeyMaterial::Success { client_uri, key_package: key_package.into() }
                }
                (None, None) => ClientKeyMaterial::KeyMaterialExhausted { client_uri },
                (None, Some(other)) => ClientKeyMaterial::NothingCompatible {
                    client_uri,
                    client_capabilities: Some(other.key_package.leaf_node.capabilities.clone().into()),
                },
            });
        }
        Some(material)
    }

    /// The consent of and for its users.
    #[must_use]
    pub const fn consents(&self) -> &Consents {
        &self.consents
    }

    /// One of its own users says something about consent: the entry is to be posted to the other
    /// provider. KeyPackages of a grant count as handed out.
    ///
    /// # Errors
    /// [`OwnConsentError`] if a KeyPackage is of another suite, or an identifier does not count.
    pub fn say_consent<C: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &C,
        entry: &ConsentEntry,
        owner_of: impl Fn(&KeyPackage) -> Option<ClientUri>,
    ) -> Result<ConsentOutcome, OwnConsentError> {
        if let ConsentEntry::Grant { client_key_packages, .. } = entry {
            for key_package in client_key_packages {
                match owner_of(key_package) {
                    Some(client) => self.handed_out(suite, client, key_package),
                    None => key_package_ref(suite, key_package).map(|_| ()),
                }
                .map_err(OwnConsentError::Crypto)?;
            }
        }
        self.consents.apply(entry).map_err(OwnConsentError::Identity)
    }

    /// Takes a body of `POST /requestConsent/{targetDomain}` or `POST
    /// /updateConsent/{requesterDomain}` (mimi-protocol-06 §5.7). The response is 201 whatever came
    /// of the entry, 400 for a malformed one, and 403 if it is not the sender's to say or not this
    /// provider's to hear. `domain` is the variable of the path without its escapes; a body for
    /// another domain is answered with 400.
    pub fn hear_consent(
        &mut self,
        from: &MatchedProvider,
        own: &MatchedProvider,
        endpoint: ConsentEndpoint,
        domain: &[u8],
        body: &[u8],
    ) -> (Response, Option<(ConsentEntry, ConsentOutcome)>) {
        let entry = ConsentEntry::decode_exact(body).ok();
        let Some(entry) = entry.and_then(|entry| Addressed::check(entry, domain).ok()) else {
            return (RequestFailure::Malformed.into(), None);
        };
        let entry = entry.into_body();
        let checked =
            entry.check_endpoint(endpoint, |host| host == from.domain(), |host| host == own.domain());
        if checked.is_err() {
            return (RequestFailure::NotAllowed.into(), None);
        }
        let taken_by = match endpoint {
            ConsentEndpoint::RequestConsent => Endpoint::RequestConsent,
            ConsentEndpoint::UpdateConsent => Endpoint::UpdateConsent,
        };
        match self.consents.apply(&entry) {
            Ok(outcome) => (Response::taken(taken_by), Some((entry, outcome))),
            Err(_) => (RequestFailure::Malformed.into(), None),
        }
    }

    /// A client is in a room: it has created it, or joined from outside.
    pub fn subscribe(&mut self, room: RoomUri, client: ClientUri) {
        self.rooms.entry(room).or_default().insert(client);
    }

    /// A client is no longer in a room.
    pub fn unsubscribe(&mut self, room: &RoomUri, client: &ClientUri) {
        if let Some(clients) = self.rooms.get_mut(room) {
            clients.remove(client);
            if clients.is_empty() {
                self.rooms.remove(room);
            }
        }
    }

    /// Its clients in a room.
    pub fn clients_in<'a>(&'a self, room: &RoomUri) -> impl Iterator<Item = &'a ClientUri> {
        self.rooms.get(room).into_iter().flatten()
    }

    /// Takes a body of `POST /notify/{roomId}` (mimi-protocol-06 §5.5): one or more messages. A
    /// Welcome goes to the clients whose KeyPackages it is for, which are in the room from then on;
    /// everything else to the clients in the room.
    pub fn notify<C: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &C,
        from: &MatchedProvider,
        room: &RoomUri,
        body: &[u8],
    ) -> Notified {
        let key = suite.hash(&NotifyKey::new(from.domain(), body).parts());
        if self.seen.contains(&key) {
            return Notified { response: Response::taken(Endpoint::Notify), deliveries: Vec::new() };
        }
        let Ok(messages) = FanoutMessage::decode_body(body) else {
            return Notified { response: RequestFailure::Malformed.into(), deliveries: Vec::new() };
        };
        if self.seen.len() >= REMEMBERED_BODIES {
            self.seen.pop_front();
        }
        self.seen.push_back(key);
        let deliveries = messages.into_iter().map(|message| self.deliver(room, message));
        let deliveries: Vec<Delivery> = deliveries.filter(|it| !it.to.is_empty()).collect();
        Notified { response: Response::taken(Endpoint::Notify), deliveries }
    }

    fn deliver(&mut self, room: &RoomUri, message: FanoutMessage) -> Delivery {
        let to = match message.event() {
            FanoutEvent::Welcome { message, .. } => {
                let references: Vec<KeyPackageRef> = message.key_package_refs().cloned().collect();
                let mut to = BTreeSet::new();
                for reference in references {
                    if let Some(claimed) = self.claimed.remove(&reference) {
                        let client = claimed.client.clone();
                        if claimed.last_resort {
                            self.claimed.insert(reference, claimed);
                        }
                        self.rooms.entry(room.clone()).or_default().insert(client.clone());
                        to.insert(client);
                    }
                }
                to.into_iter().collect()
            }
            _ => self.clients_in(room).cloned().collect(),
        };
        Delivery { to, message }
    }
}
