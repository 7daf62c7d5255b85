//! The network of these rooms: who sends what to whom. Whatever a server sends or gets, it holds
//! from then on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use mimi_codec::{
    Decode, Encode, List, RoomUri,
    code_points::{CredentialType, ExtensionType, ProposalType},
    mls::{Credential, KeyPackage, MLSMessage, MLSMessageBody, Mls10, RatchetTree, RequiredCapabilities},
    protocol::{
        FanoutEvent, FanoutMessage, GroupInfoRatchetTreeTBE, GroupInfoRequestTBS, GroupInfoResponse,
        IdentifierUri, KeyMaterialRequestTBS, KeyMaterialResponse, Protocol, UpdateRequest,
        UpdateRoomResponse, WelcomeMessage,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{
    CipherSuiteProvider, RustCrypto, generate_hpke_key_pair, sign_group_info_request,
    sign_key_material_request, verify_group_info_response,
};
use mimi_pseudonym::{flow::learn::LeafIdentity, leaf_credential};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{
    member::{Member, Received},
    person::{Alias, Person},
    room::PublicRoom,
    server::{Accepted, Server},
};
use crate::{
    Result, ensure,
    identity::{Authority, ProviderKey},
    narrator::{Hop, Narrator, Verdict},
    stack,
};

/// The network.
pub struct Stage<'n> {
    /// What happens.
    pub narrator: &'n mut Narrator,
    suite: RustCrypto,
    rng: ChaCha20Rng,
    servers: BTreeMap<String, Server>,
    authority: Authority,
    /// The provider of each client.
    homes: BTreeMap<String, String>,
    now: u64,
}

/// A room of the story, and its members by the names that the story has for them.
pub struct Club {
    /// The room.
    pub uri: IdentifierUri,
    /// Its members' clients.
    pub members: BTreeMap<String, Member>,
}

impl Club {
    /// A member's client.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn member(&mut self, name: &str) -> Result<&mut Member> {
        Ok(self.members.get_mut(name).ok_or_else(|| format!("{name} is not in the room"))?)
    }
}

impl<'n> Stage<'n> {
    /// A network of providers.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(narrator: &'n mut Narrator, suite: RustCrypto, domains: &[&str], seed: u64) -> Result<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (mut servers, mut keys) = (BTreeMap::new(), BTreeMap::new());
        for domain in domains {
            let key = ProviderKey::generate(suite, &mut rng)?;
            keys.insert((*domain).to_owned(), key.external_sender(domain)?.signature_key);
            let server = Server::new(domain, suite, key, ChaCha20Rng::from_rng(&mut rng));
            servers.insert((*domain).to_owned(), server);
        }
        let authority = Authority::new(suite, keys);
        let (homes, now) = (BTreeMap::new(), 1_700_000_000_000);
        Ok(Self { narrator, suite, rng, servers, authority, homes, now })
    }

    /// The cipher suite of all rooms.
    #[must_use]
    pub const fn suite(&self) -> RustCrypto {
        self.suite
    }

    /// Who vouches for real credentials.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Randomness for what happens.
    pub const fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.rng
    }

    /// The servers.
    #[must_use]
    pub const fn servers(&self) -> &BTreeMap<String, Server> {
        &self.servers
    }

    /// A room, as its hub has it.
    ///
    /// # Errors
    /// When there is none.
    pub fn hosted(&self, uri: &IdentifierUri) -> Result<&PublicRoom> {
        self.servers.get(&domain_of_uri(uri)?).ok_or("there is no such provider")?.room(uri)
    }

    /// A server.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn server(&mut self, domain: &str) -> Result<&mut Server> {
        Ok(self.servers.get_mut(domain).ok_or_else(|| format!("there is no provider {domain}"))?)
    }

    /// A new user, at the provider in its URI. That has nothing to do with any room: the provider
    /// knows its users.
    ///
    /// # Errors
    /// When there is no such provider.
    pub fn register(&mut self, uri: &str, clients: usize) -> Result<Person> {
        let (suite, rng) = (self.suite, ChaCha20Rng::from_rng(&mut self.rng));
        let domain = domain_of_uri(&IdentifierUri::new(uri)?)?;
        let person = Person::register(suite, self.server(&domain)?.key(), uri, clients, rng)?;
        for device in 0..person.clients() {
            self.homes.insert(client_name(&person, device), domain.clone());
        }
        Ok(person)
    }

    /// A body goes from one to another: its bytes are all that the other gets.
    ///
    /// # Errors
    /// When it is too long.
    pub fn send<'a, T: Encode + Decode<'a>>(
        &mut self,
        (from, to): (&str, &str),
        hop: Hop,
        path: &str,
        body: &T,
    ) -> Result<Vec<u8>> {
        let bytes = body.to_bytes()?;
        self.forward((from, to), hop, path, T::NAME, &bytes);
        Ok(bytes)
    }

    /// A body is handed on as it came.
    fn forward(
        &mut self,
        (from, to): (&str, &str),
        hop: Hop,
        path: &str,
        type_name: &'static str,
        bytes: &[u8],
    ) {
        self.narrator.forward(from, to, hop, path, type_name, bytes);
        for party in [from, to] {
            if let Some(server) = self.servers.get_mut(party) {
                server.hold(bytes);
            }
        }
    }

    fn home(&self, name: &str) -> Result<String> {
        Ok(self.homes.get(name).ok_or_else(|| format!("{name} is not a client of a user"))?.clone())
    }

    /// A client asks a provider something, by way of its own.
    fn request<'a, T: Encode + Decode<'a>>(
        &mut self,
        name: &str,
        to: &str,
        path: &str,
        body: &T,
    ) -> Result<Vec<u8>> {
        let own = self.home(name)?;
        let bytes = self.send((name, &own), Hop::Local, path, body)?;
        if own != to {
            self.forward((&own, to), Hop::Request, path, T::NAME, &bytes);
        }
        Ok(bytes)
    }

    /// The answer comes back the same way.
    fn respond<'a, T: Encode + Decode<'a>>(
        &mut self,
        from: &str,
        name: &str,
        path: &str,
        body: &T,
    ) -> Result<Vec<u8>> {
        let (own, bytes) = (self.home(name)?, body.to_bytes()?);
        if own != from {
            self.forward((from, &own), Hop::Response, path, T::NAME, &bytes);
        }
        self.forward((&own, name), Hop::Local, "the answer", T::NAME, &bytes);
        Ok(bytes)
    }

    // Key packages.

    /// A client uploads what its user's sets lack, under a name that says nothing about the user.
    ///
    /// # Errors
    /// When it cannot.
    pub fn upload_key_packages(&mut self, person: &mut Person, device: usize) -> Result<()> {
        // OpenMLS compares lifetimes with the clock of the machine, not with that of the story.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().saturating_mul(1000);
        let key_packages = person.key_packages(device, now)?;
        let token = Person::key_package_token(&self.suite, &person.user(), person.connection_key())?;
        let provider = person.uri().host().as_str().to_owned();
        let name = client_name(person, device);
        for key_package in &key_packages {
            self.send((&name, &provider), Hop::Local, "key package, for holders of the token", key_package)?;
        }
        self.server(&provider)?.upload(&token, key_packages);
        Ok(())
    }

    /// A member fetches a set of key packages of a user with whom it is connected. It asks under
    /// its pseudonym.
    ///
    /// # Errors
    /// When there are none.
    pub fn fetch_key_packages(
        &mut self,
        name: &str,
        club: &mut Club,
        connection: &mimi_pseudonym::Connection,
    ) -> Result<Vec<KeyPackage>> {
        let user = connection.user();
        let token = Person::key_package_token(&self.suite, user, connection.connection_key())?;
        let uri = club.uri.clone();
        let member = club.member(name)?;
        let credential = member.credential().clone();
        let tbs = KeyMaterialRequestTBS {
            protocol: Protocol::Mls10,
            requesting_user: credential.user_pseudonym.clone(),
            target_user: token.clone(),
            room_id: uri.into(),
            acceptable_ciphersuites: List::new(vec![self.suite.parameters().cipher_suite])?,
            required_capabilities: RequiredCapabilities {
                extension_types: vec![ExtensionType::APP_DATA_DICTIONARY],
                proposal_types: vec![ProposalType::APP_DATA_UPDATE],
                credential_types: vec![CredentialType::PSEUDONYMOUS],
            },
            requester_signature_key: credential.signature_public_key.clone(),
            requester_credential: Credential::Pseudonymous(credential),
        };
        let key = member.key().signing_key();
        let request = sign_key_material_request(&self.suite, key, tbs, &mut self.rng)?;
        let provider = user.mimi_uri().ok_or("not a MIMI URI")?.host().as_str().to_owned();
        let path = format!("POST /keyMaterial/{}", without_scheme(&token)?);
        let body = self.request(name, &provider, &path, &request)?;
        // OpenMLS dates key packages by the system's clock.
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().saturating_mul(1000);
        let response = self.server(&provider)?.key_material(&body, now_ms)?;
        let body = self.respond(&provider, name, &path, &response)?;
        let response: KeyMaterialResponse = stack::decode(&body)?;
        Ok(response.clients().iter().filter_map(|it| it.key_package().cloned()).collect())
    }

    // Rooms.

    /// A client hands its provider a new room.
    ///
    /// # Errors
    /// When the provider does not host it.
    pub fn host(&mut self, name: &str, uri: &IdentifierUri, creator: Member) -> Result<Club> {
        let hub = domain_of_uri(uri)?;
        let body = self.send((name, &hub), Hop::Local, "create the room", &creator.group_info()?)?;
        self.server(&hub)?.host(uri, &body)?;
        Ok(Club { uri: uri.clone(), members: BTreeMap::from([(name.to_owned(), creator)]) })
    }

    /// A client asks for GroupInfo and tree, under the name that it will have in the room.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn fetch_group_info(
        &mut self,
        name: &str,
        uri: &IdentifierUri,
        alias: &Alias,
    ) -> Result<GroupInfoRatchetTreeTBE> {
        let (private_key, group_info_public_key) = generate_hpke_key_pair(&self.suite, &mut self.rng)?;
        let tbs = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: self.suite.parameters().cipher_suite,
            requesting_signature_key: alias.key.public_key(),
            requesting_credential: Credential::Pseudonymous(alias.credential.clone()),
            group_info_public_key,
            joining_code: None,
        };
        let request = sign_group_info_request(&self.suite, alias.key.signing_key(), tbs, &mut self.rng)?;
        let (hub, path) = (domain_of_uri(uri)?, format!("POST /groupInfo/{}", without_scheme(uri)?));
        let body = self.request(name, &hub, &path, &request)?;
        let response = self.server(&hub)?.group_info(uri, &body)?;
        let body = self.respond(&hub, name, &path, &response)?;
        let response: GroupInfoResponse = stack::decode(&body)?;
        let response = verify_group_info_response(&self.suite, response, uri.as_bytes())?;
        ensure!(*response.hub_sender() == self.server(&hub)?.external_sender()?, "another user answers");
        Ok(response.open(&self.suite, &private_key)?)
    }

    /// A client sends a commit to the hub, which decides on pseudonyms.
    ///
    /// # Errors
    /// When a user cannot read a body, or the hub refuses the commit.
    pub fn update(
        &mut self,
        name: &str,
        uri: &IdentifierUri,
        request: &UpdateRequest,
        what: &str,
    ) -> Result<Accepted> {
        let (hub, path) = (domain_of_uri(uri)?, format!("POST /update/{}", without_scheme(uri)?));
        let body = self.request(name, &hub, &path, request)?;
        self.now = self.now.saturating_add(1000);
        let now = self.now;
        let (response, decided) = self.server(&hub)?.update(uri, &body, now)?;
        let (accepted, why) = match &decided {
            Ok(accepted) => (true, accepted.why.clone()),
            Err(objection) => (false, vec![objection.to_string()]),
        };
        let code = Some(code_of(&response).to_owned());
        self.narrator.decided(Verdict { by: hub.clone(), about: what.to_owned(), accepted, code, why });
        self.respond(&hub, name, &path, &response)?;
        Ok(decided?)
    }

    /// The hub hands a commit on, and every member but its sender looks at it again.
    ///
    /// # Errors
    /// When a member refuses it.
    pub fn fan_out(
        &mut self,
        club: &mut Club,
        sender: &str,
        accepted: &Accepted,
    ) -> Result<BTreeMap<String, Received>> {
        let event = FanoutEvent::Commit { message: accepted.commit.clone(), external_proposals: vec![] };
        let message = FanoutMessage::new(self.now, event)?;
        let mut outcome = BTreeMap::new();
        for provider in &accepted.domains {
            let body = self.notify(&club.uri, provider, &message)?;
            for (name, member) in &mut club.members {
                if name == sender
                    || !member.is_active()
                    || domain_of_uri(&member.credential().user_pseudonym)? != *provider
                {
                    continue;
                }
                let name_of = name.clone();
                let bytes = self.deliver(provider, &name_of, &body)?;
                let received = member.receive(&bytes, &self.authority)?;
                let why = received.newcomers.iter().map(|(leaf, who)| match who {
                    LeafIdentity::Known(identity) => format!("leaf {leaf} is {}", identity.user()),
                    LeafIdentity::Unlinked => format!("leaf {leaf} shows no identity"),
                    LeafIdentity::Failed(error) => format!("the user behind it is unknown: {error}"),
                });
                let why = why.collect();
                self.narrator.decided(Verdict {
                    by: name_of.clone(),
                    about: "the commit".to_owned(),
                    accepted: true,
                    code: None,
                    why,
                });
                outcome.insert(name_of, received);
            }
        }
        Ok(outcome)
    }

    /// The hub hands a Welcome on, and the clients of a user join.
    ///
    /// # Errors
    /// When one of them cannot.
    pub fn welcome(&mut self, club: &mut Club, person: &mut Person, accepted: &Accepted) -> Result<()> {
        let welcome = accepted.welcome.clone().ok_or("there is no Welcome")?;
        let message =
            WelcomeMessage::new(MLSMessage { version: Mls10, body: MLSMessageBody::Welcome { welcome } })?;
        let ratchet_tree_option = Box::new(RatchetTreeOption::Full { ratchet_tree: accepted.tree.clone() });
        let message = FanoutMessage::new(self.now, FanoutEvent::Welcome { message, ratchet_tree_option })?;
        for provider in &accepted.welcome_domains {
            let body = self.notify(&club.uri, provider, &message)?;
            for device in 0..person.clients() {
                let name = client_name(person, device);
                let body = self.deliver(provider, &name, &body)?;
                let member = self.join(&club.uri, person, device, &body)?;
                club.members.insert(name, member);
            }
        }
        Ok(())
    }

    /// A client looks which of its key packages the Welcome is for, and joins.
    fn join(
        &mut self,
        uri: &IdentifierUri,
        person: &mut Person,
        device: usize,
        body: &[u8],
    ) -> Result<Member> {
        let message: FanoutMessage = stack::decode(body)?;
        let FanoutEvent::Welcome { message, ratchet_tree_option } = message.event() else {
            return Err("not a Welcome".into());
        };
        let (MLSMessageBody::Welcome { welcome }, RatchetTreeOption::Full { ratchet_tree }) =
            (&message.get().body, &**ratchet_tree_option)
        else {
            return Err("the tree is elsewhere".into());
        };
        let waiting = person.waiting(device)?;
        let own = own_pseudonym(ratchet_tree, &waiting)?;
        let alias = person.use_alias(device, &own, &RoomUri::try_from(uri)?)?;
        Member::join(self.suite, alias, welcome, ratchet_tree, &self.authority, &mut self.rng)
    }

    fn notify(&mut self, uri: &IdentifierUri, provider: &str, message: &FanoutMessage) -> Result<Vec<u8>> {
        let (hub, path) = (domain_of_uri(uri)?, format!("POST /notify/{}", without_scheme(uri)?));
        match hub == provider {
            true => Ok(message.to_bytes()?),
            false => self.send((&hub, provider), Hop::Request, &path, message),
        }
    }

    fn deliver(&mut self, provider: &str, name: &str, body: &[u8]) -> Result<Vec<u8>> {
        let message: FanoutMessage = stack::decode(body)?;
        self.send((provider, name), Hop::Local, "delivers", &message)
    }
}

/// A client's name in the story. The servers do not see it.
#[must_use]
pub fn client_name(person: &Person, device: usize) -> String {
    let user = person.uri().id().unwrap_or("person");
    format!("{user}-{}", device.saturating_add(1))
}

fn own_pseudonym(tree: &RatchetTree, waiting: &BTreeSet<IdentifierUri>) -> Result<IdentifierUri> {
    for (_, leaf_node) in tree.leaves() {
        let credential = leaf_credential(leaf_node)?;
        if waiting.contains(&credential.client_pseudonym) {
            return Ok(credential.client_pseudonym.clone());
        }
    }
    Err("the Welcome is for another user".into())
}

fn domain_of_uri(uri: &IdentifierUri) -> Result<String> {
    Ok(uri.mimi_uri()?.host().as_str().to_owned())
}

fn without_scheme(uri: &IdentifierUri) -> Result<String> {
    let uri = uri.mimi_uri()?;
    Ok(uri.as_str().trim_start_matches("mimi://").to_owned())
}

const fn code_of(response: &UpdateRoomResponse) -> &'static str {
    match response {
        UpdateRoomResponse::Success { .. } => "success",
        UpdateRoomResponse::WrongEpoch { .. } => "wrongEpoch",
        UpdateRoomResponse::NotAllowed { .. } => "notAllowed",
        UpdateRoomResponse::InvalidProposal { .. } => "invalidProposal",
        UpdateRoomResponse::Other { .. } => "a code of another revision",
    }
}
