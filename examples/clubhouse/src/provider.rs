//! A provider: the hub of its rooms and the follower of others', for its own users. Both are
//! mimi-room's; what is left is where the state is, and which body goes to which function.

use std::{collections::BTreeMap, sync::Arc};

use mimi_codec::{
    RoomUri, UserUri,
    protocol::{
        ConsentEndpoint, ConsentEntry, GroupInfoRatchetTreeTBE, KeyMaterialResponse, KeyMaterialUserCode,
    },
    ratchet_tree_options::RatchetTreeOption,
    semiprivate::ExternalReceiver,
};
use mimi_crypto::{RustCrypto, generate_hpke_key_pair};
use mimi_franking::{Framing, HubKeyRing};
use mimi_openmls::PublicStack;
use mimi_room::consent::ConsentOutcome;
use mimi_room::{
    follower::Follower,
    hub::{
        Call, FanOut, HostedRoom, Hub, HubAnswer, HubChange, HubLimits, IssuedCode, KeyMaterialStep,
        ReportVerdict, Response,
    },
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use crate::{
    Result,
    identity::{Authority, ProviderKey, peer},
    sealed::{Receiver, Sealed},
    stack::Mls,
    telling,
};

/// A hub's view of a group.
pub type HubStack = Sealed<PublicStack<Mls>, Receiver>;

/// A room that a provider hosts.
pub type Hosted = HostedRoom<HubStack>;

/// A provider.
pub struct Provider {
    /// The key by which it vouches for its clients.
    pub key: ProviderKey,
    /// What it decides about the rooms that it hosts.
    pub hub: Hub<RustCrypto, Authority>,
    /// What it keeps for its own users.
    pub follower: Follower,
    rooms: BTreeMap<RoomUri, Hosted>,
    domain: String,
    receiver: Receiver,
    suite: RustCrypto,
    mls: Mls,
    rng: ChaCha20Rng,
}

/// What a hub answers, why, and what it hands on.
pub struct Told {
    /// The HTTP response.
    pub response: Response,
    /// Why.
    pub why: Vec<String>,
    /// What it hands on.
    pub fan_out: Vec<FanOut>,
}

impl Told {
    /// The body of the response.
    ///
    /// # Errors
    /// If there is none: HTTP says what is wrong.
    pub fn body(&self) -> Result<&[u8]> {
        let status = || format!("HTTP {}: {}", self.response.status, self.why.join(", "));
        Ok(self.response.body.as_deref().ok_or_else(status)?)
    }
}

impl Provider {
    /// A provider without users and rooms.
    ///
    /// # Errors
    /// If the domain is not a domain name.
    pub fn new(
        domain: &str,
        suite: RustCrypto,
        authority: Authority,
        key: ProviderKey,
        hub_keys: HubKeyRing,
        mut rng: ChaCha20Rng,
    ) -> Result<Self> {
        let name = peer(domain)?.domain().to_owned();
        let (signing_key, sender) = (key.signing_key()?, key.external_sender(domain)?);
        let (private_key, external_receiver_public_key) = generate_hpke_key_pair(&suite, &mut rng)?;
        let credential = sender.credential.clone();
        let receiver = ExternalReceiver { external_receiver_public_key, credential };
        let receiver = Receiver::new(suite, receiver, private_key);
        let hub = Hub::new(name, suite, signing_key, sender, hub_keys, authority, HubLimits::default())?;
        let mls = Arc::new(OpenMlsRustCrypto::default());
        let (follower, rooms, domain) = (Follower::default(), BTreeMap::new(), domain.to_owned());
        Ok(Self { key, hub, follower, rooms, domain, receiver, suite, mls, rng })
    }

    /// Its place among a group's external receivers, which read SemiPrivateMessages.
    #[must_use]
    pub const fn receiver(&self) -> &ExternalReceiver {
        self.receiver.receiver()
    }

    /// A room that it hosts.
    ///
    /// # Errors
    /// If it hosts no such room.
    pub fn room(&self, uri: &RoomUri) -> Result<&Hosted> {
        Ok(self.rooms.get(uri).ok_or("there is no such room")?)
    }

    /// Begins to host a room: a client has created the group, and hands in its GroupInfo and tree.
    ///
    /// # Errors
    /// If they make no valid room.
    pub fn host(&mut self, uri: RoomUri, tbe: GroupInfoRatchetTreeTBE) -> Result<()> {
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err("a new room comes with its tree".into());
        };
        let group_info = tbe.group_info.into_inner();
        let stack = PublicStack::follow(self.mls.clone(), &group_info, ratchet_tree)?;
        let stack = Sealed::new(stack, self.receiver.clone());
        let hosted = self.hub.host(uri.clone(), stack, group_info, &mut self.rng)?;
        self.rooms.insert(uri, hosted);
        Ok(())
    }

    /// `POST /update/{roomId}`.
    ///
    /// # Errors
    /// If it hosts no such room.
    pub fn update(&mut self, uri: &RoomUri, from: &str, body: &[u8], now_ms: u64) -> Result<Told> {
        let from = peer(from)?;
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        let answer = self.hub.update(hosted, Call { from: &from, now_ms }, body);
        self.settle(uri, answer)
    }

    /// `POST /submitMessage/{roomId}`.
    ///
    /// # Errors
    /// If it hosts no such room.
    pub fn submit(&mut self, uri: &RoomUri, from: &str, body: &[u8], now_ms: u64) -> Result<Told> {
        let from = peer(from)?;
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        let answer = self.hub.submit_message(hosted, Call { from: &from, now_ms }, body, &mut self.rng);
        self.settle(uri, answer)
    }

    /// Puts into effect what an answer promises. A server stores both first.
    fn settle(&mut self, uri: &RoomUri, answer: HubAnswer<HubChange<HubStack>>) -> Result<Told> {
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        let why = telling::outcome(hosted.room().policy(), &answer.audit);
        let fan_out = match answer.change {
            Some(change) => self.hub.apply(hosted, change, &mut self.rng)?.fan_out,
            None => Vec::new(),
        };
        Ok(Told { response: answer.response, why, fan_out })
    }

    /// `POST /groupInfo/{roomId}`.
    ///
    /// # Errors
    /// If it hosts no such room.
    pub fn group_info(&mut self, uri: &RoomUri, from: &str, body: &[u8], now_ms: u64) -> Result<Told> {
        let from = peer(from)?;
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        let answer = self.hub.group_info(hosted, Call { from: &from, now_ms }, body, &mut self.rng);
        let why = telling::outcome(hosted.room().policy(), &answer.audit);
        Ok(Told { response: answer.response, why, fan_out: Vec::new() })
    }

    /// `POST /reportAbuse/{roomId}`: what the hub says of each message.
    ///
    /// # Errors
    /// If it hosts no such room, or the body is not a report.
    pub fn report(
        &mut self,
        uri: &RoomUri,
        from: &str,
        body: &[u8],
        now_ms: u64,
    ) -> Result<Vec<ReportVerdict>> {
        let from = peer(from)?;
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        let answer = self.hub.report_abuse(hosted, Call { from: &from, now_ms }, body, Framing::Bare);
        let (_, verdicts) = answer.change.ok_or_else(|| format!("HTTP {}", answer.response.status))?;
        Ok(verdicts)
    }

    /// A code by which one user may join. How a user asks its provider for one is theirs to settle.
    ///
    /// # Errors
    /// If the user may not.
    pub fn issue_join_code(
        &mut self,
        uri: &RoomUri,
        user: &UserUri,
        role: u32,
        expires_ms: u64,
    ) -> Result<Vec<u8>> {
        let mut code = vec![0; 16];
        self.rng.fill_bytes(&mut code);
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        self.hub.issue_join_code(hosted, user, &code, IssuedCode { role, expires_ms, uses: 1 })?;
        Ok(code)
    }

    /// `POST /keyMaterial/{targetUser}` at the hub: where the request goes on to.
    ///
    /// # Errors
    /// If the hub refuses the request.
    pub fn pass_key_material(
        &mut self,
        uri: &RoomUri,
        from: &str,
        target_user: &UserUri,
        body: &[u8],
        now_ms: u64,
    ) -> Result<KeyMaterialStep> {
        let from = peer(from)?;
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        let answer =
            self.hub.key_material(hosted, Call { from: &from, now_ms }, target_user.as_bytes(), body);
        let why = telling::outcome(hosted.room().policy(), &answer.audit);
        Ok(answer.change.ok_or_else(|| why.join(", "))?)
    }

    /// The answer to a request that was passed on: the Welcome will go to the provider that gave
    /// it.
    ///
    /// # Errors
    /// If it is not an answer to the request.
    pub fn pass_key_material_back(
        &mut self,
        uri: &RoomUri,
        step: &KeyMaterialStep,
        response: &KeyMaterialResponse,
    ) -> Result<()> {
        let hosted = self.rooms.get_mut(uri).ok_or("there is no such room")?;
        Ok(self.hub.key_material_response(hosted, step, response)?)
    }

    /// `POST /keyMaterial/{targetUser}` at the target's provider.
    ///
    /// # Errors
    /// If the request is malformed or not signed.
    pub fn key_material(
        &mut self,
        target_user: &UserUri,
        body: &[u8],
        now_ms: u64,
    ) -> Result<(KeyMaterialResponse, String)> {
        let (identity, target) = (self.hub.identity(), target_user.as_bytes());
        let answer = self.follower.key_material(&self.suite, identity, target, body, now_ms);
        let response = answer.answer.ok_or_else(|| format!("HTTP {}", answer.response.status))?;
        let found = response.clients().iter().filter(|it| it.key_package().is_some()).count();
        let why = match answer.refused {
            Some(refused) => refused.to_string(),
            None if *response.user_status() == KeyMaterialUserCode::USER_UNKNOWN => {
                "no user here has that name".to_owned()
            }
            None => {
                let all = response.clients().len();
                format!("the target consents; {found} of its {all} clients have a key package")
            }
        };
        Ok((response, why))
    }

    /// One of its own users says something about consent.
    ///
    /// # Errors
    /// If a KeyPackage is of another suite.
    pub fn say_consent(&mut self, entry: &ConsentEntry) -> Result<ConsentOutcome> {
        let authority = self.hub.identity();
        let owner = |package: &mimi_codec::mls::KeyPackage| {
            Some(authority.verify_leaf(&package.leaf_node).ok()?.client)
        };
        Ok(self.follower.say_consent(&self.suite, entry, owner)?)
    }

    /// Another provider's user says something about consent. The KeyPackages of a grant may be used
    /// in the rooms that it is for.
    ///
    /// # Errors
    /// If it is not that provider's to say, or not this one's to hear.
    pub fn hear_consent(
        &mut self,
        from: &str,
        endpoint: ConsentEndpoint,
        domain: &str,
        body: &[u8],
    ) -> Result<ConsentOutcome> {
        let (from, own) = (peer(from)?, peer(&self.domain)?);
        let (response, heard) = self.follower.hear_consent(&from, &own, endpoint, domain.as_bytes(), body);
        let (entry, outcome) = heard.ok_or_else(|| format!("HTTP {}", response.status))?;
        let room = entry.scope().room_id.clone();
        let is_for = |uri: &RoomUri| room.as_ref().is_none_or(|it| it.as_bytes() == uri.as_bytes());
        for (_, hosted) in self.rooms.iter_mut().filter(|(uri, _)| is_for(uri)) {
            self.hub.consent_granted(hosted, &entry)?;
        }
        Ok(outcome)
    }
}
