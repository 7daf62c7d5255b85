//! A small client on OpenMLS, for scripts: its state is in one SQLite file, which a process that is
//! killed leaves as it was before or after each step.
//!
//! [`Client`] holds the rooms; `api` speaks to its provider, `files` is the database, and `talk`
//! are messages.

mod api;
mod bodies;
mod files;
mod key;
mod talk;

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use mimi_codec::{
    CapabilityType, ClientUri, Decode, DnsName, Encode, Endpoint, List, MimiUri, RoomUri, UserUri,
    encode_path_segment,
    mls::{Credential, ExternalSender, SignaturePublicKey},
    protocol::{
        ConsentEntry, FanoutEvent, FanoutMessage, FrankingAgentData, GroupInfoResponse, KeyMaterialRequest,
        KeyMaterialRequestTBS, KeyMaterialResponse, OptionalIdentifierUri, ParticipantListData, Protocol,
        UpdateRequest, UpdateRoomResponse, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
    room_policy::SingleSourceRoleChangeTargets,
};
use mimi_crypto::{RustCrypto, SignaturePrivateKey, sign_key_material_request};
use mimi_openmls::{MemberStack, group_config, join_by_welcome, join_config, of_openmls, to_openmls};
use mimi_policy::{
    TableSeed,
    preset::{self, Preset},
};
use mimi_room::{
    NewRoom, Wishes,
    client::{ClientRoom, ClientSnapshot, Event},
    key_material::{LifetimeLimits, check_key_material},
};
use openmls::prelude::{self as mls, Ciphersuite, GroupId, MlsGroup, OpenMlsProvider as _};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use serde::{Deserialize, Serialize};

pub use api::ApiError;
pub use talk::{Says, Shown};

use crate::{
    Error, Result,
    clock::{Clock, SystemClock},
    engine::{JoinCode, Profile, decode_inbox, generator},
    identity::{Authority, CIPHER_SUITE, suite},
    server::local::{Register, RegisteredClient},
};
use api::Api;
use files::Files;
use key::ClientKey;

/// For how many epochs the client still opens messages.
const PAST_EPOCHS: usize = 4;

/// The longest KeyPackage lifetime that the client accepts, in seconds: what OpenMLS makes is
/// shorter.
const MAX_LIFETIME_S: u64 = 100 * 24 * 3600;

type Stack = MemberStack<Arc<OpenMlsRustCrypto>, ClientKey>;

/// What the client knows of itself.
#[derive(Deserialize, Serialize)]
struct Account {
    user: String,
    client: String,
    provider: SocketAddr,
    token: String,
    private_key: String,
    credential: String,
    hub: String,
    franking_agent: String,
    providers: BTreeMap<String, String>,
}

/// A client and its rooms.
pub struct Client {
    files: Files,
    api: Api,
    suite: RustCrypto,
    mls: Arc<OpenMlsRustCrypto>,
    key: Arc<ClientKey>,
    credential: Credential,
    authority: Authority,
    user: UserUri,
    uri: ClientUri,
    hub: ExternalSender,
    agent: FrankingAgentData,
    rng: ChaCha20Rng,
    rooms: BTreeMap<RoomUri, ClientRoom<Stack>>,
    /// Rooms that it is no longer in, until its provider knows.
    left: Vec<RoomUri>,
}

/// The rules of the rooms that this client creates: any member adds users and makes join codes.
#[must_use]
pub fn rules() -> Preset {
    let mut rules = preset::any_member_adds();
    let participant = rules.participant_role;
    for role in &mut rules.roles.roles {
        let may = if role.role_index == 0 {
            let targets = &mut role.authorized_role_changes;
            targets.push(SingleSourceRoleChangeTargets {
                from_role_index: 0,
                target_role_indexes: vec![participant],
            });
            CapabilityType::CAN_USE_JOIN_CODE
        } else if role.role_index >= participant {
            CapabilityType::CAN_CREATE_JOIN_CODE
        } else {
            continue;
        };
        role.role_capabilities.push(may);
    }
    rules
}

/// A group that waits for the hub's answer to the external commit by which the client joins.
pub struct Joining(Stack);

/// What came of a step that the hub decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts.
    Accepted,
    /// The hub refuses it: its code and words.
    Refused(String),
}

impl Client {
    /// Registers a new client of a user at its provider, whose API for clients is at `provider`.
    /// Its state is in a new file at `path`.
    ///
    /// # Errors
    /// If there is such a file, or the provider does not register the client.
    pub async fn register(
        path: &Path,
        provider: SocketAddr,
        registration_token: &str,
        user: &UserUri,
    ) -> Result<Self> {
        if path.exists() {
            return Err(format!("{}: exists", path.display()).into());
        }
        let private = ClientKey::generate(&mut generator()?)?;
        let key = ClientKey::new(&private)?;
        let api = Api::new(provider, registration_token.to_owned());
        let ask =
            Register { user: user.to_string(), signature_key: hex::encode(key.public_key().as_slice()) };
        let answer: RegisteredClient =
            serde_json::from_slice(&api.post("register", serde_json::to_vec(&ask)?).await?)?;
        let RegisteredClient { client, token, credential, hub, franking_agent, providers } = answer;
        let account = Account {
            user: user.to_string(),
            client,
            provider,
            token,
            private_key: hex::encode(private.expose()),
            credential,
            hub,
            franking_agent,
            providers,
        };
        let mut files = Files::create(path)?;
        files.set("account", &serde_json::to_vec(&account)?)?;
        Self::open(path)
    }

    /// Opens the state of a client.
    ///
    /// # Errors
    /// If the file holds no client.
    pub fn open(path: &Path) -> Result<Self> {
        let files = Files::open(path)?;
        let account: Account =
            serde_json::from_slice(&files.get("account")?.ok_or("no client in this file")?)?;
        let suite = suite()?;
        let private = SignaturePrivateKey::new(&suite, hex::decode(&account.private_key)?)?;
        let providers = account.providers.iter().map(|(domain, key)| {
            Ok::<_, Error>((domain.clone(), SignaturePublicKey::from(hex::decode(key)?.as_slice())))
        });
        let mls = Arc::new(OpenMlsRustCrypto::default());
        files.load_mls(&mls)?;
        let mut client = Self {
            api: Api::new(account.provider, account.token),
            suite,
            mls,
            key: Arc::new(ClientKey::new(&private)?),
            credential: Credential::decode_exact(&hex::decode(&account.credential)?)?,
            authority: Authority::new(suite, providers.collect::<Result<_>>()?),
            user: UserUri::try_from(account.user.as_str())?,
            uri: ClientUri::try_from(account.client.as_str())?,
            hub: ExternalSender::decode_exact(&hex::decode(&account.hub)?)?,
            agent: FrankingAgentData::decode_exact(&hex::decode(&account.franking_agent)?)?,
            rng: generator()?,
            rooms: BTreeMap::new(),
            left: Vec::new(),
            files,
        };
        for (uri, snapshot) in client.files.rooms()? {
            let snapshot = ClientSnapshot::read(&snapshot)?;
            let group = snapshot.room().group_context().group_id.clone();
            let group = MlsGroup::load(client.mls.storage(), &GroupId::from_slice(&group))?;
            let group = group.ok_or("the group of a room is not stored")?;
            let stack = MemberStack::new(client.mls.clone(), client.key.clone(), group);
            let seed = TableSeed::generate(&mut client.rng);
            let room = snapshot.restore(stack, &suite, &client.authority, seed)?;
            client.rooms.insert(uri, room);
        }
        Ok(client)
    }

    /// The provider's API for clients is at another address from now on.
    ///
    /// # Errors
    /// If the database fails.
    pub fn moved(&mut self, provider: SocketAddr) -> Result<()> {
        let account = self.files.get("account")?.ok_or("no client in this file")?;
        let mut account: Account = serde_json::from_slice(&account)?;
        account.provider = provider;
        self.files.set("account", &serde_json::to_vec(&account)?)?;
        self.api = Api::new(provider, account.token);
        Ok(())
    }

    /// Its user.
    #[must_use]
    pub const fn user(&self) -> &UserUri {
        &self.user
    }

    /// Its URI.
    #[must_use]
    pub const fn uri(&self) -> &ClientUri {
        &self.uri
    }

    /// The rooms that it is in.
    pub fn rooms(&self) -> impl Iterator<Item = &ClientRoom<impl mimi_room::MlsMember + use<>>> {
        self.rooms.values()
    }

    /// A room that it is in.
    ///
    /// # Errors
    /// If it is not in the room.
    pub fn room(&self, uri: &RoomUri) -> Result<&mimi_room::Room> {
        Ok(self.rooms.get(uri).ok_or("this client is not in the room")?.room())
    }

    fn room_mut(&mut self, uri: &RoomUri) -> Result<&mut ClientRoom<Stack>> {
        Ok(self.rooms.get_mut(uri).ok_or("this client is not in the room")?)
    }

    /// Stores what has changed: the groups and the rooms, together with what `more` writes.
    fn save(&mut self, more: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<()>) -> Result<()> {
        let mut snapshots = BTreeMap::new();
        for (uri, room) in &self.rooms {
            snapshots.insert(uri.clone(), room.snapshot()?);
        }
        self.files.save(&self.mls, &snapshots, more)
    }

    fn suite_of_openmls() -> Result<Ciphersuite> {
        Ok(Ciphersuite::try_from(CIPHER_SUITE.0)?)
    }

    fn capabilities() -> mls::Capabilities {
        mls::Capabilities::builder()
            .extensions(vec![mls::ExtensionType::AppDataDictionary, mls::ExtensionType::LastResort])
            .proposals(vec![mls::ProposalType::AppDataUpdate, mls::ProposalType::SelfRemove])
            .build()
    }

    /// Gives the provider new KeyPackages, and one of last resort.
    ///
    /// # Errors
    /// If the provider does not take them.
    pub async fn publish(&mut self, count: usize) -> Result<()> {
        let mut body = Vec::new();
        for place in 0..=count {
            let mut builder = mls::KeyPackage::builder().leaf_node_capabilities(Self::capabilities());
            if place == count {
                builder = builder.mark_as_last_resort();
            }
            let credential = self.key.with(&self.credential)?;
            let bundle = builder.build(Self::suite_of_openmls()?, &*self.mls, &*self.key, credential)?;
            body.extend(of_openmls::<mimi_codec::mls::KeyPackage>(bundle.key_package())?.to_bytes()?);
        }
        // The private keys are stored before anyone can use the public ones.
        self.save(|_| Ok(()))?;
        self.api.post("keyPackages", body).await?;
        Ok(())
    }

    /// Lets other users find this one.
    ///
    /// # Errors
    /// If the provider does not take the profile.
    pub async fn set_profile(&self, profile: &Profile) -> Result<()> {
        self.api.put("profile", serde_json::to_vec(profile)?).await?;
        Ok(())
    }

    /// Says something about consent, as the user.
    ///
    /// # Errors
    /// If the provider does not take it.
    pub async fn say_consent(&self, entry: &ConsentEntry) -> Result<()> {
        self.api.post("consent", entry.to_bytes()?).await?;
        Ok(())
    }

    /// The requests for consent that wait for the user: who asks, and for which room.
    ///
    /// # Errors
    /// If the provider does not answer.
    pub async fn consent_requests(&self) -> Result<Vec<(String, Option<String>)>> {
        Ok(serde_json::from_slice(&self.api.get("consent").await?)?)
    }

    async fn ask(&self, endpoint: Endpoint, variable: &[u8], body: Vec<u8>) -> Result<Vec<u8>> {
        let path = format!("ask/{}/{}", endpoint.name(), encode_path_segment(variable)?);
        Ok(self.api.post(&path, body).await?)
    }

    // Rooms.

    /// Creates a room of this name with these rules. The provider is its hub.
    ///
    /// # Errors
    /// If the provider does not host it.
    pub async fn create(&mut self, name: &str, rules: &Preset) -> Result<RoomUri> {
        let host = self.user.mimi_uri().ok_or("not a MIMI URI")?.host().to_owned();
        let uri = RoomUri::from(&MimiUri::room(host.as_ref(), name)?);
        let creator = UserRolePair { user: self.user.as_opaque().clone(), role_index: rules.creator_role };
        let extensions = NewRoom::new(&ParticipantListData { participants: vec![creator] }, &rules.roles)?
            .base_policy(&rules.base)?
            .franking_agent(&self.agent)?
            .extensions(self.hub.clone())?;
        let config = group_config(PAST_EPOCHS)
            .ciphersuite(Self::suite_of_openmls()?)
            .capabilities(Self::capabilities())
            .with_group_context_extensions(to_openmls(&extensions)?)
            .build();
        let mut group = [0; 16];
        self.rng.fill_bytes(&mut group);
        let group = GroupId::from_slice(&group);
        let credential = self.key.with(&self.credential)?;
        let group = MlsGroup::new_with_group_id(&*self.mls, &*self.key, &config, group, credential)?;
        let stack = MemberStack::new(self.mls.clone(), self.key.clone(), group);
        let for_hub = stack.for_hub()?.to_bytes()?;
        self.api.post(&format!("rooms/{}", encode_path_segment(uri.as_bytes())?), for_hub).await?;
        self.enter(&uri, stack)?;
        self.save(|_| Ok(()))?;
        Ok(uri)
    }

    fn enter(&mut self, uri: &RoomUri, stack: Stack) -> Result<()> {
        let host = uri.mimi_uri().ok_or("not a MIMI URI")?.host().to_owned();
        let seed = TableSeed::generate(&mut self.rng);
        let room = ClientRoom::load(uri.clone(), host, stack, &self.authority, seed)?;
        self.rooms.insert(uri.clone(), room);
        Ok(())
    }

    /// Fetches KeyPackages of a user and adds it to a room with a role.
    ///
    /// # Errors
    /// If the user has no usable KeyPackages or does not consent, or the rules forbid it.
    pub async fn add(&mut self, uri: &RoomUri, user: &UserUri, role: u32) -> Result<Verdict> {
        let request = self.key_material_request(uri, user)?;
        let answer = self.ask(Endpoint::KeyMaterial, user.as_bytes(), request.to_bytes()?).await?;
        let answer = KeyMaterialResponse::decode_exact(&answer)?;
        let limits = LifetimeLimits { now_ms: SystemClock.now_ms(), max_lifetime_s: MAX_LIFETIME_S };
        let claimed = check_key_material(&self.suite, &self.authority, uri, &request, answer, limits)?;
        let packages = claimed.into_key_packages();
        self.commit(uri, &Wishes::default().add(user.clone(), role, packages)).await
    }

    /// A signed request for the KeyPackages of a user that is to be added to a room.
    ///
    /// # Errors
    /// If the client is not in the room, or signing fails.
    pub fn key_material_request(&mut self, uri: &RoomUri, user: &UserUri) -> Result<KeyMaterialRequest> {
        let context = self.room(uri)?.group_context();
        let required_capabilities = context.extensions.content().ok_or("the group requires nothing")??;
        let request = KeyMaterialRequestTBS {
            protocol: Protocol::Mls10,
            requesting_user: (&self.user).into(),
            target_user: user.into(),
            room_id: OptionalIdentifierUri(Some(uri.into())),
            acceptable_ciphersuites: List::new(vec![context.cipher_suite])?,
            required_capabilities,
            requester_signature_key: self.key.public_key(),
            requester_credential: self.credential.clone(),
        };
        Ok(sign_key_material_request(&self.suite, self.key.signing_key(), request, &mut self.rng)?)
    }

    /// Commits to these wishes and to all that waits in the room.
    ///
    /// # Errors
    /// If the rules forbid it, or the hub cannot be reached; the commit is then sent again by
    /// [`Self::sync`].
    pub async fn commit(&mut self, uri: &RoomUri, wishes: &Wishes) -> Result<Verdict> {
        let authority = self.authority.clone();
        let request = self.room_mut(uri)?.commit(&authority, wishes)?;
        self.submit_handshake(uri, &request).await
    }

    /// Proposes that the user leaves the room with all its clients; another member commits to it.
    ///
    /// # Errors
    /// Those of [`Self::commit`].
    pub async fn leave(&mut self, uri: &RoomUri) -> Result<Verdict> {
        let (authority, suite) = (self.authority.clone(), self.suite);
        let request = self.room_mut(uri)?.leave(&suite, &authority)?;
        self.submit_handshake(uri, &request).await
    }

    async fn submit_handshake(&mut self, uri: &RoomUri, request: &UpdateRequest) -> Result<Verdict> {
        // After a crash it is sent again: the hub answers a repeated one as it has answered the
        // first.
        self.save(|_| Ok(()))?;
        let answer = self.ask(Endpoint::Update, uri.as_bytes(), request.to_bytes()?).await?;
        let answer = UpdateRoomResponse::decode_exact(&answer)?;
        let (authority, suite) = (self.authority.clone(), self.suite);
        self.room_mut(uri)?.answered(&suite, &authority, &answer)?;
        self.save(|_| Ok(()))?;
        Ok(match &answer {
            UpdateRoomResponse::Success { .. } => Verdict::Accepted,
            refused => Verdict::Refused(refused.error_description().to_owned()),
        })
    }

    /// A code by which others may join a room that the own provider hosts.
    ///
    /// # Errors
    /// If the user may not issue it.
    pub async fn join_code(&self, uri: &RoomUri, wanted: &JoinCode) -> Result<Vec<u8>> {
        let path = format!("codes/{}", encode_path_segment(uri.as_bytes())?);
        Ok(hex::decode(self.api.post(&path, serde_json::to_vec(wanted)?).await?)?)
    }

    /// Joins a room from outside: as another client of a participant, or, with a role, as a new
    /// one.
    ///
    /// # Errors
    /// If the hub does not give the GroupInfo, or the rules forbid it.
    pub async fn join(&mut self, uri: &RoomUri, role: Option<u32>, code: Option<&[u8]>) -> Result<Verdict> {
        let fetch = self.group_info_request(uri, code)?;
        let answer = self.ask(Endpoint::GroupInfo, uri.as_bytes(), fetch.request().to_bytes()?).await?;
        let tbe = self.open_group_info(&fetch, GroupInfoResponse::decode_exact(&answer)?)?;
        let (request, joining) = self.external_commit(uri, tbe, role)?;
        let answer = self.ask(Endpoint::Update, uri.as_bytes(), request.to_bytes()?).await?;
        match UpdateRoomResponse::decode_exact(&answer)? {
            UpdateRoomResponse::Success { .. } => {
                self.joined(uri, joining)?;
                Ok(Verdict::Accepted)
            }
            refused => Ok(Verdict::Refused(refused.error_description().to_owned())),
        }
    }

    // What comes in.

    /// Sends again what waits for an answer, and takes what waits at the provider. Returns what
    /// happened, in words.
    ///
    /// # Errors
    /// If the provider does not answer or the database fails.
    pub async fn sync(&mut self, wait_ms: u64) -> Result<Vec<String>> {
        self.resend().await?;
        let mut told = Vec::new();
        let mut wait_ms = wait_ms;
        loop {
            let after = self.files.get("after")?.as_deref().map_or(0, crate::store::number_of);
            let items = self.api.get(&format!("inbox?after={after}&wait_ms={wait_ms}")).await?;
            let items = decode_inbox(&items)?;
            if items.is_empty() {
                for room in std::mem::take(&mut self.left) {
                    self.api
                        .post(&format!("leave/{}", encode_path_segment(room.as_bytes())?), Vec::new())
                        .await?;
                }
                return Ok(told);
            }
            wait_ms = 0;
            for item in items {
                let room = RoomUri::try_from(item.room.as_slice());
                let happened = match room {
                    Ok(room) => self.receive(&room, &item.body, item.number)?,
                    Err(error) => format!("refused: {error}"),
                };
                told.push(happened);
            }
        }
    }

    async fn resend(&mut self) -> Result<()> {
        let pending =
            self.rooms.iter().filter_map(|(uri, room)| Some((uri.clone(), room.pending_request()?.clone())));
        let pending: Vec<_> = pending.collect();
        for (uri, request) in pending {
            self.submit_handshake(&uri, &request).await?;
        }
        self.resend_messages().await
    }

    /// Takes one item of the inbox. What is wrong with it has no effect but is not asked for again.
    fn receive(&mut self, uri: &RoomUri, body: &[u8], number: u64) -> Result<String> {
        let position = number.to_be_bytes();
        let after = move |tx: &rusqlite::Transaction<'_>| files::set(tx, "after", &position);
        let happened = match self.take(uri, body) {
            Ok((happened, None)) => {
                self.save(after)?;
                happened
            }
            Ok((happened, Some(row))) => {
                self.save(move |tx| {
                    row.write(tx)?;
                    after(tx)
                })?;
                happened
            }
            Err(error) => {
                self.save(after)?;
                format!("refused: {error}")
            }
        };
        Ok(format!("{uri}: {happened}"))
    }

    fn take(&mut self, uri: &RoomUri, body: &[u8]) -> Result<(String, Option<files::MessageRow>)> {
        let message = FanoutMessage::decode_exact(body)?;
        if let FanoutEvent::Welcome { message, ratchet_tree_option } = message.event() {
            if self.rooms.contains_key(uri) {
                return Ok(("a repeated Welcome".to_owned(), None));
            }
            let RatchetTreeOption::Full { ratchet_tree } = &**ratchet_tree_option else {
                return Err("the Welcome has no tree".into());
            };
            let welcome = message.welcome().ok_or("not a Welcome")?;
            let (mls, key) = (self.mls.clone(), self.key.clone());
            let stack = join_by_welcome(mls, key, &join_config(PAST_EPOCHS), welcome, ratchet_tree)?;
            self.enter(uri, stack)?;
            return Ok(("joined".to_owned(), None));
        }
        if !self.rooms.contains_key(uri) {
            return Ok(("not in the room".to_owned(), None));
        }
        if matches!(message.event(), FanoutEvent::Application { .. }) {
            return self.take_message(uri, message);
        }
        let (authority, suite) = (self.authority.clone(), self.suite);
        let event = self.room_mut(uri)?.receive(&suite, &authority, message)?;
        Ok((
            match event {
                Event::Proposals { references, .. } => format!("{} proposals wait", references.len()),
                Event::Commit { .. } => format!("epoch {}", self.room(uri)?.epoch()),
                Event::Removed { .. } => {
                    self.rooms.remove(uri);
                    self.left.push(uri.clone());
                    "removed".to_owned()
                }
                _ => "seen before".to_owned(),
            },
            None,
        ))
    }

    /// The hub of a room.
    fn hub_of(uri: &RoomUri) -> Result<DnsName> {
        Ok(uri.mimi_uri().ok_or("not a MIMI URI")?.host().to_owned())
    }
}
