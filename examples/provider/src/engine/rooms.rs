//! The hub: rooms out of the database and into it again.

use std::sync::Arc;

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, Endpoint, MatchedProvider, Reader, RequestFailure, RoomUri, UserUri,
    Writer,
    mls::RatchetTree,
    protocol::{FanoutMessage, GroupInfoRatchetTreeTBE, KeyMaterialRequest, KeyMaterialResponse},
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_franking::Framing;
use mimi_room::{
    MlsStack,
    hub::{
        AuditEvent, Call, FanOut, HostedSnapshot, HubAnswer, HubChange, IssuedCode, KeyMaterialStep, Queue,
        Response, unknown_room,
    },
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_core::Rng;

use super::{Engine, Hosted, JoinCode, Stack};
use crate::store::{StoreError, Table, key, number_of};

/// The answer to a request for KeyPackages.
#[derive(Debug)]
pub enum KeyMaterialReply {
    /// It is this.
    Done(Response),
    /// The hub passes the request on to the target's provider.
    PassOn(Box<KeyMaterialStep>),
}

fn corrupt(why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(Table::Rooms, why.to_string())
}

/// The one line that the log has of a request: who, where and by which verdict, and nothing that a
/// user wrote.
fn log(audit: &AuditEvent) {
    tracing::info!(
        room = %audit.room,
        epoch = audit.epoch,
        peer = audit.peer.as_str(),
        action = ?audit.action,
        outcome = match &audit.outcome {
            mimi_room::hub::AuditOutcome::Accepted(_) => "accepted".to_owned(),
            mimi_room::hub::AuditOutcome::Refused(refused) => refused.to_string(),
            mimi_room::hub::AuditOutcome::Rejected(why) => why.clone(),
            mimi_room::hub::AuditOutcome::Malformed(error) => error.to_string(),
            _ => String::new(),
        },
        "request"
    );
}

impl Engine {
    /// Takes a room out of memory or the database, to be given back by [`Self::keep`].
    fn take_room(&mut self, uri: &RoomUri) -> Result<Option<Hosted>, StoreError> {
        if self.copy.rooms.contains_key(uri) {
            if self.is_current(uri.as_bytes())? {
                return Ok(self.copy.rooms.remove(uri));
            }
            self.forget_room(uri);
        }
        let Some(stored) = self.store.get(Table::Rooms, uri.as_bytes())? else { return Ok(None) };
        let mut reader = Reader::new(&stored);
        let snapshot = HostedSnapshot::read(reader.opaque().map_err(corrupt)?).map_err(corrupt)?;
        let tree: RatchetTree = reader.field("ratchet_tree").map_err(corrupt)?;
        reader.finish().map_err(corrupt)?;
        let last = self.store.get(Table::Times, uri.as_bytes())?;
        let snapshot = snapshot.accepted_until(last.as_deref().map_or(0, number_of));
        let mls = Arc::new(OpenMlsRustCrypto::default());
        let stack = Stack::follow(mls, snapshot.group_info(), &tree).map_err(corrupt)?;
        let hosted = snapshot.restore(&self.hub, stack, Queue::Anew, &mut self.rng).map_err(corrupt)?;
        self.was_read(uri.as_bytes())?;
        Ok(Some(hosted))
    }

    fn keep(&mut self, hosted: Hosted) {
        if self.copy.rooms.len() >= self.limits.max_rooms_in_memory
            && let Some((uri, _)) = self.copy.rooms.pop_first()
        {
            // It is read again when it is needed.
            self.forget_room(&uri);
        }
        self.copy.rooms.insert(hosted.room().uri().clone(), hosted);
    }

    fn save(&mut self, hosted: &Hosted) -> Result<(), StoreError> {
        let mut writer = Writer::new();
        writer.opaque(&hosted.snapshot()?)?;
        hosted.stack().ratchet_tree().map_err(corrupt)?.encode(&mut writer)?;
        let uri = hosted.room().uri().as_bytes();
        self.store.put(Table::Rooms, uri, &writer.into_bytes())?;
        self.was_changed(uri)
    }

    /// Whether the provider hosts a room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hosts(&mut self, uri: &RoomUri) -> Result<bool, StoreError> {
        Ok(self.store.get(Table::Rooms, uri.as_bytes())?.is_some())
    }

    /// Begins to host a room whose group an own client has created. The client gets its messages.
    ///
    /// The response is 201, 409 if there is such a room, 400 or 403 if the group makes no room of
    /// this provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn create_room(
        &mut self,
        uri: &RoomUri,
        client: &ClientUri,
        body: &[u8],
    ) -> Result<Response, StoreError> {
        if uri.mimi_uri().is_none_or(|it| it.host() != self.domain.as_ref()) {
            return Ok(RequestFailure::NotAllowed.into());
        }
        if self.hosts(uri)? {
            return Ok(Response::status(409));
        }
        let Ok(tbe) = GroupInfoRatchetTreeTBE::decode_exact(body) else {
            return Ok(RequestFailure::Malformed.into());
        };
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Ok(RequestFailure::Malformed.into());
        };
        let group_info = tbe.group_info.into_inner();
        let mls = Arc::new(OpenMlsRustCrypto::default());
        let Ok(stack) = Stack::follow(mls, &group_info, ratchet_tree) else {
            return Ok(RequestFailure::Malformed.into());
        };
        match self.hub.host(uri.clone(), stack, group_info, &mut self.rng) {
            Ok(hosted) => {
                self.save(&hosted)?;
                self.keep(hosted);
                self.subscribe(uri, client)?;
                tracing::info!(room = %uri, "room created");
                Ok(Response::status(201))
            }
            Err(error) => {
                tracing::info!(room = %uri, %error, "room refused");
                Ok(RequestFailure::NotAllowed.into())
            }
        }
    }

    /// `POST /update/{roomId}`, `/submitMessage/{roomId}`, `/groupInfo/{roomId}` and
    /// `/reportAbuse/{roomId}`, of another provider or of this one for its own clients.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn of_room(
        &mut self,
        endpoint: Endpoint,
        from: &MatchedProvider,
        room_id: &[u8],
        body: &[u8],
    ) -> Result<Response, StoreError> {
        let Ok(uri) = RoomUri::try_from(room_id) else { return Ok(unknown_room(endpoint, room_id, body)) };
        let hash = self.request_hash(from.domain(), endpoint, room_id, body);
        if let Some(known) = self.accepted_before(&hash)? {
            return Ok(known);
        }
        let Some(mut hosted) = self.take_room(&uri)? else {
            return Ok(unknown_room(endpoint, room_id, body));
        };
        let call = Call { from, now_ms: self.now_ms() };
        let response = match endpoint {
            Endpoint::Update => {
                let answer = self.hub.update(&mut hosted, call, body);
                self.settle(&mut hosted, answer, &hash)?
            }
            Endpoint::SubmitMessage => {
                let answer = self.hub.submit_message(&mut hosted, call, body, &mut self.rng);
                self.settle(&mut hosted, answer, &hash)?
            }
            Endpoint::GroupInfo => {
                let codes = hosted.codes().clone();
                let answer = self.hub.group_info(&mut hosted, call, body, &mut self.rng);
                log(&answer.audit);
                // Who has shown which code counts for the external commit that follows.
                if *hosted.codes() != codes {
                    self.save(&hosted)?;
                }
                answer.response
            }
            Endpoint::ReportAbuse => {
                let answer = self.hub.report_abuse(&mut hosted, call, body, Framing::Bare);
                log(&answer.audit);
                if let Some((_, verdicts)) = &answer.change
                    && verdicts.iter().any(Result::is_ok)
                {
                    self.keep_report(&uri, body)?;
                    self.remember_accepted(&hash, &answer.response)?;
                }
                answer.response
            }
            _ => RequestFailure::NotFound.into(),
        };
        self.keep(hosted);
        Ok(response)
    }

    /// Stores and puts into effect what an answer promises.
    fn settle(
        &mut self,
        hosted: &mut Hosted,
        answer: HubAnswer<HubChange<Stack>>,
        hash: &[u8],
    ) -> Result<Response, StoreError> {
        log(&answer.audit);
        let Some(change) = answer.change else { return Ok(answer.response) };
        let is_message = matches!(change, HubChange::Message(_));
        let uri = hosted.room().uri().clone();
        let applied = match self.hub.apply(hosted, change, &mut self.rng) {
            Ok(applied) => applied,
            Err(error) => {
                tracing::error!(room = %uri, %error, "an accepted change cannot be applied");
                return Ok(RequestFailure::Internal.into());
            }
        };
        if is_message {
            let last = applied.fan_out.iter().map(|it| it.message.timestamp()).max().unwrap_or(0);
            self.store.put(Table::Times, uri.as_bytes(), &last.to_be_bytes())?;
            self.was_changed(uri.as_bytes())?;
        } else {
            self.save(hosted)?;
        }
        for fan_out in &applied.fan_out {
            self.hand_on(&uri, fan_out)?;
        }
        self.remember_accepted(hash, &answer.response)?;
        Ok(answer.response)
    }

    fn hand_on(&mut self, room: &RoomUri, fan_out: &FanOut) -> Result<(), StoreError> {
        let body = fan_out.body()?;
        for provider in &fan_out.to {
            if *provider == self.domain {
                let own = self.own.clone();
                self.notify(&own, room, &body)?;
            } else {
                self.send_notify(provider, room, &body)?;
            }
        }
        Ok(())
    }

    fn keep_report(&mut self, room: &RoomUri, body: &[u8]) -> Result<(), StoreError> {
        let most = usize::try_from(self.limits.max_reports).unwrap_or(usize::MAX);
        // Counting stops at the limit; a table of reports is read by people.
        if self.count(Table::Reports, most)? < most {
            let number = self.number()?;
            let mut value = key(&[room.as_bytes()]);
            value.extend_from_slice(body);
            self.store.put(Table::Reports, &number.to_be_bytes(), &value)?;
        }
        Ok(())
    }

    /// `POST /keyMaterial/{targetUser}`: at the hub of the room that the request names, or at the
    /// target's provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn key_material(
        &mut self,
        from: &MatchedProvider,
        target: &[u8],
        body: &[u8],
    ) -> Result<KeyMaterialReply, StoreError> {
        let request = KeyMaterialRequest::decode_exact(body).ok();
        let room = request.and_then(|it| RoomUri::try_from(it.room_id.0.as_ref()?).ok());
        let of_own_room = room.filter(|it| it.mimi_uri().is_some_and(|it| it.host() == self.domain.as_ref()));
        let Some(uri) = of_own_room else {
            return Ok(KeyMaterialReply::Done(self.hand_out(target, body)?));
        };
        let Some(mut hosted) = self.take_room(&uri)? else {
            let response = unknown_room(Endpoint::KeyMaterial, uri.as_bytes(), body);
            return Ok(KeyMaterialReply::Done(response));
        };
        let call = Call { from, now_ms: self.now_ms() };
        let answer = self.hub.key_material(&mut hosted, call, target, body);
        self.keep(hosted);
        log(&answer.audit);
        let Some(step) = answer.change else { return Ok(KeyMaterialReply::Done(answer.response)) };
        if step.to != self.domain {
            return Ok(KeyMaterialReply::PassOn(Box::new(step)));
        }
        let response = self.hand_out(target, body)?;
        let answer = response.body.clone().unwrap_or_default();
        Ok(KeyMaterialReply::Done(self.key_material_back(&uri, &step, &answer)?.unwrap_or(response)))
    }

    /// The target's provider has answered. `None` if the answer may go to the requester.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn key_material_back(
        &mut self,
        uri: &RoomUri,
        step: &KeyMaterialStep,
        answer: &[u8],
    ) -> Result<Option<Response>, StoreError> {
        let (Ok(answer), Some(mut hosted)) =
            (KeyMaterialResponse::decode_exact(answer), self.take_room(uri)?)
        else {
            return Ok(Some(RequestFailure::NextProvider.into()));
        };
        let result = self.hub.key_material_response(&mut hosted, step, &answer);
        if result.is_ok() {
            self.save(&hosted)?;
        }
        self.keep(hosted);
        Ok(result.err().map(|_| RequestFailure::NextProvider.into()))
    }

    /// The KeyPackages of a grant may be used for its room.
    pub(super) fn grant_heard(
        &mut self,
        entry: &mimi_codec::protocol::ConsentEntry,
    ) -> Result<(), StoreError> {
        let Some(room) = entry.scope().room_id else { return Ok(()) };
        let Ok(uri) = RoomUri::try_from(&room) else { return Ok(()) };
        let Some(mut hosted) = self.take_room(&uri)? else { return Ok(()) };
        if self.hub.consent_granted(&mut hosted, entry).is_ok() {
            self.save(&hosted)?;
        }
        self.keep(hosted);
        Ok(())
    }

    /// A code by which users may join a room that is hosted here. `None` if the user may not issue
    /// it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn join_code(
        &mut self,
        uri: &RoomUri,
        user: &UserUri,
        wanted: &JoinCode,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut hosted) = self.take_room(uri)? else { return Ok(None) };
        let mut code = vec![0; 16];
        self.rng.fill_bytes(&mut code);
        let expires_ms = self.now_ms().saturating_add(wanted.valid_ms);
        let worth = IssuedCode { role: wanted.role, expires_ms, uses: wanted.uses };
        let issued = self.hub.issue_join_code(&mut hosted, user, &code, worth).is_ok();
        if issued {
            self.save(&hosted)?;
        }
        self.keep(hosted);
        Ok(issued.then_some(code))
    }

    /// What a room is like now: for tests and the demo.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn with_room<T>(
        &mut self,
        uri: &RoomUri,
        look: impl FnOnce(&Hosted) -> T,
    ) -> Result<Option<T>, StoreError> {
        let Some(hosted) = self.take_room(uri)? else { return Ok(None) };
        let seen = look(&hosted);
        self.keep(hosted);
        Ok(Some(seen))
    }

    /// The host of a room.
    #[must_use]
    pub fn host_of(room: &RoomUri) -> Option<DnsName> {
        Some(room.mimi_uri()?.host().to_owned())
    }
}

/// The messages in a body of `/notify`, if it is one.
pub(super) fn messages_of(body: &[u8]) -> Vec<FanoutMessage> {
    FanoutMessage::decode_body(body).unwrap_or_default()
}
