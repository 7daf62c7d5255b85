//! The follower: KeyPackages, consent, subscriptions, and what other hubs fan out.

use mimi_codec::{
    ClientUri, Decode, Encode, Endpoint, MatchedProvider, NotifyKey, Reader, RequestFailure, RoomUri,
    UserUri, Writer,
    mls::{KeyPackage, KeyPackageRef},
    protocol::{ConsentEndpoint, ConsentEntry, FanoutEvent},
};
use mimi_crypto::{CipherSuiteProvider, key_package_ref};
use mimi_room::{
    consent::ConsentOutcome,
    follower::{Follower, StockError},
    hub::Response,
};

use super::{Engine, is_own_suite, rooms::messages_of, shared::FOLLOWER};
use crate::store::{StoreError, Table, key, numbered};

/// A row of [`Table::KeyPackages`].
struct Stored {
    number: u64,
    user: UserUri,
    client: ClientUri,
    in_stock: bool,
    key_package: KeyPackage,
}

impl Stored {
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let mut writer = Writer::new();
        self.number.encode(&mut writer)?;
        writer.opaque(self.user.as_bytes())?;
        writer.opaque(self.client.as_bytes())?;
        u8::from(self.in_stock).encode(&mut writer)?;
        self.key_package.encode(&mut writer)?;
        Ok(writer.into_bytes())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        Some(Self {
            number: reader.uint64().ok()?,
            user: UserUri::try_from(reader.opaque().ok()?).ok()?,
            client: ClientUri::try_from(reader.opaque().ok()?).ok()?,
            in_stock: bool::decode(&mut reader).ok()?,
            key_package: KeyPackage::decode(&mut reader).ok()?,
        })
    }
}

fn corrupt(table: Table) -> StoreError {
    StoreError::Corrupt(table, "it does not decode".to_owned())
}

/// A client that is subscribed to a room, by the key of its row.
fn subscribed(row: &[u8]) -> Option<(RoomUri, ClientUri)> {
    let mut parts = row.split(|byte| *byte == 0);
    Some((RoomUri::try_from(parts.next()?).ok()?, ClientUri::try_from(parts.next()?).ok()?))
}

impl Engine {
    /// The follower's state, read from the tables if it is not in memory.
    fn follower(&mut self) -> Result<&mut Follower, StoreError> {
        if self.copy.follower.is_none() || !self.is_current(FOLLOWER)? {
            self.copy.follower = Some(self.read_follower()?);
            self.was_read(FOLLOWER)?;
        }
        // It was put there.
        self.copy.follower.as_mut().ok_or(StoreError::Injected)
    }

    fn read_follower(&mut self) -> Result<Follower, StoreError> {
        let mut follower = Follower::default();
        let now_ms = self.now_ms();
        let mut stored = Vec::new();
        for (_, row) in self.store.scan(Table::KeyPackages, b"", b"", usize::MAX)? {
            stored.push(Stored::decode(&row).ok_or_else(|| corrupt(Table::KeyPackages))?);
        }
        stored.sort_by_key(|it| it.number);
        for it in stored {
            let Stored { user, client, in_stock, key_package, .. } = it;
            if in_stock {
                match follower.store(&self.suite, user, client, key_package, now_ms) {
                    Ok(()) | Err(StockError::Expired) => {}
                    Err(_) => return Err(corrupt(Table::KeyPackages)),
                }
            } else if follower.handed_out(&self.suite, client, &key_package).is_err() {
                return Err(corrupt(Table::KeyPackages));
            }
        }
        for (_, row) in self.store.scan(Table::Consents, b"", b"", usize::MAX)? {
            let entry = ConsentEntry::decode_exact(&row).map_err(|_| corrupt(Table::Consents))?;
            let said = follower.say_consent(&self.suite, &entry, |_| None);
            said.map_err(|_| corrupt(Table::Consents))?;
        }
        for (row, _) in self.store.scan(Table::Subscriptions, b"", b"", usize::MAX)? {
            let (room, client) = subscribed(&row).ok_or_else(|| corrupt(Table::Subscriptions))?;
            follower.subscribe(room, client);
        }
        Ok(follower)
    }

    fn reference(&self, key_package: &KeyPackage) -> Option<KeyPackageRef> {
        key_package_ref(&self.suite, key_package).ok()
    }

    /// Takes KeyPackages of an own client into stock, all or none. Returns how many it has then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stock(
        &mut self,
        user: &UserUri,
        client: &ClientUri,
        packages: &[KeyPackage],
    ) -> Result<Result<usize, StockError>, StoreError> {
        let (now_ms, suite) = (self.now_ms(), self.suite);
        for (place, key_package) in packages.iter().enumerate() {
            let number = self.number()?;
            let follower = self.follower()?;
            let taken = follower.store(&suite, user.clone(), client.clone(), key_package.clone(), now_ms);
            if let Err(refused) = taken {
                // What was taken before it is in the table already, and in memory: both go.
                if place > 0 {
                    self.copy.follower = None;
                    for before in packages.iter().take(place) {
                        if let Some(reference) = self.reference(before) {
                            self.store.delete(Table::KeyPackages, reference.as_slice())?;
                        }
                    }
                }
                return Ok(Err(refused));
            }
            let Some(reference) = self.reference(key_package) else { return Err(StoreError::TooLong) };
            let (user, client, key_package) = (user.clone(), client.clone(), key_package.clone());
            let row = Stored { number, user, client, in_stock: true, key_package }.encode()?;
            self.store.put(Table::KeyPackages, reference.as_slice(), &row)?;
        }
        self.was_changed(FOLLOWER)?;
        Ok(Ok(self.follower()?.stock_of(user, client)))
    }

    /// Hands out KeyPackages of an own user to a request that has come by the right hub.
    pub(super) fn hand_out(&mut self, target: &[u8], body: &[u8]) -> Result<Response, StoreError> {
        let (now_ms, suite) = (self.now_ms(), self.suite);
        let request = mimi_codec::protocol::KeyMaterialRequest::decode_exact(body);
        let under = request.ok().and_then(|it| it.acceptable_ciphersuites.iter().next().copied());
        if under.is_some_and(|it| !is_own_suite(it, &suite)) {
            // Its signature is of a suite that this provider does not have.
            return Ok(RequestFailure::NotAllowed.into());
        }
        let authority = self.hub.identity().clone();
        let answer = self.follower()?.key_material(&suite, &authority, target, body, now_ms);
        let clients = answer.answer.as_ref().map(mimi_codec::protocol::KeyMaterialResponse::clients);
        for key_package in clients.into_iter().flatten().filter_map(|it| it.key_package()) {
            if key_package.is_last_resort() {
                continue;
            }
            let Some(reference) = self.reference(key_package) else { return Err(StoreError::TooLong) };
            let stored = self.store.get(Table::KeyPackages, reference.as_slice())?;
            let stored = stored.as_deref().and_then(Stored::decode);
            let mut stored = stored.ok_or_else(|| corrupt(Table::KeyPackages))?;
            stored.in_stock = false;
            self.store.put(Table::KeyPackages, reference.as_slice(), &stored.encode()?)?;
            self.was_changed(FOLLOWER)?;
        }
        Ok(answer.response)
    }

    /// `POST /notify/{roomId}`: what the hub of a room fans out. Only the host of a room speaks for
    /// it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notify(
        &mut self,
        from: &MatchedProvider,
        room: &RoomUri,
        body: &[u8],
    ) -> Result<Response, StoreError> {
        if room.mimi_uri().is_none_or(|it| it.host() != from.domain()) {
            return Ok(RequestFailure::NotAllowed.into());
        }
        let suite = self.suite;
        let hash = suite.hash(&NotifyKey::new(from.domain(), body).parts());
        let taken = Response::status(Endpoint::Notify.success_head().status);
        if self.store.get(Table::Notified, &hash)?.is_some() {
            return Ok(taken);
        }
        let notified = self.follower()?.notify(&suite, from, room, body);
        if notified.response.status != taken.status {
            return Ok(notified.response);
        }
        self.remember_notified(&hash)?;
        self.forget_used(body)?;
        for delivery in notified.deliveries {
            let is_welcome = matches!(delivery.message.event(), FanoutEvent::Welcome { .. });
            let message = delivery.message.to_bytes()?;
            for client in &delivery.to {
                if is_welcome {
                    self.store.put(Table::Subscriptions, &key(&[room.as_bytes(), client.as_bytes()]), b"")?;
                    self.was_changed(FOLLOWER)?;
                }
                self.deliver_to(client, room, &message)?;
            }
        }
        Ok(taken)
    }

    /// The KeyPackages of the Welcomes in a body are used up.
    fn forget_used(&mut self, body: &[u8]) -> Result<(), StoreError> {
        for message in messages_of(body) {
            let FanoutEvent::Welcome { message, .. } = message.event() else { continue };
            for reference in message.key_package_refs() {
                let stored = self.store.get(Table::KeyPackages, reference.as_slice())?;
                let stored = stored.as_deref().and_then(Stored::decode);
                if stored.is_some_and(|it| !it.in_stock && !it.key_package.is_last_resort()) {
                    self.store.delete(Table::KeyPackages, reference.as_slice())?;
                    self.was_changed(FOLLOWER)?;
                }
            }
        }
        Ok(())
    }

    fn deliver_to(&mut self, client: &ClientUri, room: &RoomUri, message: &[u8]) -> Result<(), StoreError> {
        let mut writer = Writer::new();
        writer.opaque(room.as_bytes())?;
        writer.opaque(message)?;
        let number = self.number()?;
        self.store.put(Table::Inbox, &numbered(&[client.as_bytes()], number), &writer.into_bytes())?;
        self.touched.inbox = true;
        Ok(())
    }

    /// A client gets the messages of a room. Returns whether it did not before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn subscribe(&mut self, room: &RoomUri, client: &ClientUri) -> Result<bool, StoreError> {
        let row = key(&[room.as_bytes(), client.as_bytes()]);
        let is_new = self.store.get(Table::Subscriptions, &row)?.is_none();
        self.follower()?.subscribe(room.clone(), client.clone());
        if is_new {
            self.store.put(Table::Subscriptions, &row, b"")?;
            self.was_changed(FOLLOWER)?;
        }
        Ok(is_new)
    }

    /// A client does not get them any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unsubscribe(&mut self, room: &RoomUri, client: &ClientUri) -> Result<(), StoreError> {
        self.follower()?.unsubscribe(room, client);
        self.store.delete(Table::Subscriptions, &key(&[room.as_bytes(), client.as_bytes()]))?;
        self.was_changed(FOLLOWER)
    }

    /// `POST /requestConsent/{targetDomain}` and `POST /updateConsent/{requesterDomain}`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hear_consent(
        &mut self,
        from: &MatchedProvider,
        endpoint: ConsentEndpoint,
        domain: &[u8],
        body: &[u8],
    ) -> Result<Response, StoreError> {
        let own = self.own.clone();
        let (response, heard) = self.follower()?.hear_consent(from, &own, endpoint, domain, body);
        if let Some((entry, outcome)) = heard {
            self.keep_consent(&entry, outcome)?;
            self.grant_heard(&entry)?;
        }
        Ok(response)
    }

    /// An own user says something about consent. It goes to the other provider. `None` if the entry
    /// is malformed or not that user's to say.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn say_consent(&mut self, user: &UserUri, body: &[u8]) -> Result<Option<ConsentOutcome>, StoreError> {
        let Ok(entry) = ConsentEntry::decode_exact(body) else { return Ok(None) };
        let scope = entry.scope();
        let (speaker, other) = match entry.endpoint() {
            ConsentEndpoint::RequestConsent => (&scope.requester_uri, &scope.target_uri),
            ConsentEndpoint::UpdateConsent => (&scope.target_uri, &scope.requester_uri),
        };
        if speaker.as_bytes() != user.as_bytes() {
            return Ok(None);
        }
        let Ok(other) = other.mimi_uri() else { return Ok(None) };
        let other = other.host().to_owned();
        let suite = self.suite;
        let Ok(outcome) = self.follower()?.say_consent(&suite, &entry, |_| None) else { return Ok(None) };
        self.keep_consent(&entry, outcome)?;
        if other != self.domain {
            let endpoint = match entry.endpoint() {
                ConsentEndpoint::RequestConsent => Endpoint::RequestConsent,
                ConsentEndpoint::UpdateConsent => Endpoint::UpdateConsent,
            };
            self.send_consent(&other, endpoint, body)?;
        }
        Ok(Some(outcome))
    }

    /// What has changed nothing need not be kept.
    fn keep_consent(&mut self, entry: &ConsentEntry, outcome: ConsentOutcome) -> Result<(), StoreError> {
        match outcome {
            ConsentOutcome::Requested
            | ConsentOutcome::Cancelled
            | ConsentOutcome::Granted { .. }
            | ConsentOutcome::Revoked { .. } => {}
            _ => return Ok(()),
        }
        let mut entry = entry.clone();
        if let ConsentEntry::Grant { client_key_packages, .. } = &mut entry {
            client_key_packages.clear();
        }
        let number = self.number()?;
        self.store.put(Table::Consents, &number.to_be_bytes(), &entry.to_bytes()?)?;
        self.was_changed(FOLLOWER)
    }

    /// The requests for consent that a user has not answered: who asks, and for which room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consent_requests(
        &mut self,
        user: &UserUri,
    ) -> Result<Vec<(UserUri, Option<RoomUri>)>, StoreError> {
        let requests = self.follower()?.consents().requests(user);
        Ok(requests.map(|(requester, room)| (requester.clone(), room.cloned())).collect())
    }
}
