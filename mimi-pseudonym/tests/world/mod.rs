//! Users with their clients, an authority that vouches for them, and a hub that holds only what a hub may hold.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;

use mimi_codec::{
    Encode, MimiUri, Opaque,
    code_points::CipherSuite,
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate},
    mls::{Credential, SignaturePublicKey},
    protocol::{IdentifierUri, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, RustCryptoSigningKey, Secret};
use mimi_pseudonym::{
    CheckedClient, CommitChanges, Connection, ConnectionKey, CredentialRefused, IdentityLinkKey,
    IdentityLinkWrapperKey, LinkKeys, PseudonymError, RoomLeaves, RoomView,
    flow::{
        add::{AddedUser, add_users},
        create::create_room,
        learn::LeafIdentity,
        unlinked::LinkPolicy,
    },
    issue_pseudonymous_credential, random_client_pseudonym, random_user_pseudonym,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// Everybody has to show who it is: the rule of the drafts.
pub(crate) fn required(_: &IdentifierUri) -> LinkPolicy {
    LinkPolicy::Required
}

/// A check that finds the client's provider in the credential, and another one's user.
pub(crate) fn user_of_another_provider(checked: CheckedClient<()>) -> CheckedClient<()> {
    CheckedClient { user: MimiUri::parse("mimi://other.example/u/user").unwrap(), ..checked }
}

/// And the other way round.
pub(crate) fn client_of_another_provider(checked: CheckedClient<()>) -> CheckedClient<()> {
    CheckedClient { client: MimiUri::parse("mimi://other.example/d/client").unwrap(), ..checked }
}

pub(crate) struct Client {
    pub(crate) uri: MimiUri,
    pub(crate) credential: Credential,
    pub(crate) signing_key: RustCryptoSigningKey,
}

pub(crate) struct User {
    pub(crate) uri: MimiUri,
    pub(crate) connection_key: ConnectionKey,
    pub(crate) clients: Vec<Client>,
}

impl User {
    /// What others hold who are connected with this user.
    pub(crate) fn connection(&self) -> Connection {
        Connection::restore(self.uri.clone(), self.connection_key.clone(), None)
    }
}

pub(crate) struct World {
    pub(crate) suite: RustCrypto,
    pub(crate) rng: ChaCha20Rng,
    directory: BTreeMap<Vec<u8>, CheckedClient<()>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of_suite(CipherSuite(1))
    }

    pub(crate) fn of_suite(suite: CipherSuite) -> Self {
        let suite = RustCrypto::new(suite).unwrap();
        Self { suite, rng: ChaCha20Rng::seed_from_u64(5), directory: BTreeMap::new() }
    }

    /// A user of the provider `<first letter>.example`, as in the notes.
    pub(crate) fn user(&mut self, name: &str, clients: usize) -> User {
        let host = format!("{}.example", &name[..1]);
        let uri = MimiUri::parse(&format!("mimi://{host}/u/{name}")).unwrap();
        let clients = (1..=clients)
            .map(|number| {
                let client = MimiUri::parse(&format!("mimi://{host}/d/{name}-phone-{number}")).unwrap();
                let signing_key = self.signing_key();
                let checked = CheckedClient {
                    user: uri.clone(),
                    client: client.clone(),
                    signature_public_key: self.suite.signature_public_key(&signing_key),
                    details: (),
                };
                self.directory.insert(client.as_str().into(), checked);
                let credential = Credential::Basic { identity: client.as_str().into() };
                Client { uri: client, credential, signing_key }
            })
            .collect();
        let connection_key = ConnectionKey::generate(&self.suite, &mut self.rng);
        User { uri, connection_key, clients }
    }

    pub(crate) fn signing_key(&mut self) -> RustCryptoSigningKey {
        let private_key = self.suite.generate_signature_key(&mut self.rng).unwrap();
        self.suite.signing_key(&private_key).unwrap()
    }

    pub(crate) fn public_key(&mut self) -> SignaturePublicKey {
        let key = self.signing_key();
        self.suite.signature_public_key(&key)
    }

    /// What vouches for real credentials.
    pub(crate) fn check(&self, credential: &Credential) -> Result<CheckedClient<()>, CredentialRefused> {
        let Credential::Basic { identity } = credential else { return Err(CredentialRefused) };
        self.directory.get(identity.as_slice()).cloned().ok_or(CredentialRefused)
    }

    /// Pseudonyms and a key for one client in one room.
    pub(crate) fn tbs(&mut self, user: &User, user_pseudonym: &IdentifierUri) -> PseudonymousCredentialTBS {
        let client_pseudonym = random_client_pseudonym(user.uri.host(), &mut self.rng).unwrap();
        let signature_public_key = self.public_key();
        PseudonymousCredentialTBS {
            client_pseudonym,
            user_pseudonym: user_pseudonym.clone(),
            signature_public_key,
        }
    }

    pub(crate) fn user_pseudonym(&mut self, user: &User) -> IdentifierUri {
        random_user_pseudonym(user.uri.host(), &mut self.rng).unwrap()
    }

    pub(crate) fn issue(
        &mut self,
        user: &User,
        client: &Client,
        user_pseudonym: &IdentifierUri,
    ) -> PseudonymousCredential {
        let tbs = self.tbs(user, user_pseudonym);
        let (suite, rng) = (&self.suite, &mut self.rng);
        let (real, key) = (client.credential.clone(), &client.signing_key);
        issue_pseudonymous_credential(suite, tbs, real, key, &user.connection_key, rng).unwrap()
    }

    /// The credentials of one set of KeyPackages: one for each client, one user pseudonym, for one room.
    pub(crate) fn set(&mut self, user: &User) -> Vec<PseudonymousCredential> {
        let pseudonym = self.user_pseudonym(user);
        user.clients.iter().map(|client| self.issue(user, client, &pseudonym)).collect()
    }
}

/// A room's state at the hub, and every byte string that the hub and the followers it fans out to have seen.
pub(crate) struct Hub {
    pub(crate) leaves: RoomLeaves,
    pub(crate) link_keys: LinkKeys,
    pub(crate) seen: Vec<Vec<u8>>,
}

impl Hub {
    pub(crate) fn new(leaves: RoomLeaves, link_keys: LinkKeys) -> Self {
        let mut hub = Self { leaves, link_keys, seen: Vec::new() };
        hub.note_state();
        hub
    }

    fn note_state(&mut self) {
        let credentials = self.leaves.iter().map(|(_, credential)| credential.to_bytes().unwrap());
        self.seen.extend(credentials.collect::<Vec<_>>());
        self.seen.push(self.link_keys.data().to_bytes().unwrap());
    }

    /// The leaves as they will be.
    pub(crate) fn with(&self, changes: &[(u32, Option<&PseudonymousCredential>)]) -> RoomLeaves {
        let last = changes.iter().map(|(leaf, _)| *leaf as usize + 1).max().unwrap_or(0);
        let mut leaves: Vec<_> =
            (0..self.leaves.len().max(last)).map(|leaf| self.leaves.get(leaf as u32).cloned()).collect();
        for (leaf, credential) in changes {
            leaves[*leaf as usize] = credential.cloned();
        }
        RoomLeaves::new(leaves).unwrap()
    }

    /// A commit, as the hub judges it: without any key.
    pub(crate) fn commit(
        &mut self,
        leaves: RoomLeaves,
        changes: &CommitChanges<'_>,
    ) -> Result<(), PseudonymError> {
        let link_keys = self.link_keys.after_commit(&leaves, changes)?;
        self.seen.extend(changes.update.map(|update| update.to_bytes().unwrap()));
        self.seen.extend(changes.add_aad.map(|aad| aad.to_bytes().unwrap()));
        (self.leaves, self.link_keys) = (leaves, link_keys);
        self.note_state();
        Ok(())
    }

    pub(crate) fn view<'a>(&'a self, wrapper_key: &'a IdentityLinkWrapperKey) -> RoomView<'a> {
        RoomView { leaves: &self.leaves, link_keys: &self.link_keys, wrapper_key }
    }

    /// Nothing that the hub has seen contains a real identity or a key, or is the key to one: every string as long as a key is tried on every link.
    pub(crate) fn knows_nobody(&self, world: &World, users: &[&User], wrapper_key: &IdentityLinkWrapperKey) {
        let mut needles: Vec<&[u8]> = vec![wrapper_key.expose()];
        for user in users {
            needles.push(user.uri.as_str().as_bytes());
            needles.push(user.uri.id().unwrap().as_bytes());
            needles.push(user.connection_key.expose());
            needles.extend(user.clients.iter().map(|client| client.uri.as_str().as_bytes()));
            for client in &user.clients {
                if let Credential::Basic { identity } = &client.credential {
                    needles.push(identity.as_slice());
                }
            }
        }
        let nh = world.suite.parameters().nh;
        let check = |credential: &Credential| world.check(credential);
        let mut tried = std::collections::BTreeSet::new();
        for seen in &self.seen {
            for needle in &needles {
                assert!(!seen.windows(needle.len()).any(|window| window == *needle), "{needle:02x?}");
            }
            for window in seen.windows(nh) {
                if !tried.insert(window) {
                    continue;
                }
                let guess = IdentityLinkWrapperKey::new(&world.suite, window).unwrap();
                let link_key = IdentityLinkKey::new(&world.suite, window).unwrap();
                for (leaf, credential) in self.leaves.iter() {
                    assert!(self.view(&guess).open(&world.suite, leaf, &check).is_err());
                    assert!(
                        mimi_pseudonym::open_identity_link(&world.suite, credential, &link_key, &check)
                            .is_err()
                    );
                }
            }
        }
    }
}

/// A room that `creator` made with its first client, at the hub.
pub(crate) fn room_of(world: &mut World, creator: &User) -> (Hub, IdentityLinkWrapperKey) {
    let credential = world.set(creator).remove(0);
    let created = create_room(&world.suite, credential, &creator.connection_key, &mut world.rng).unwrap();
    (Hub::new(created.leaves, created.link_keys), created.wrapper_key)
}

/// What an adder sends when it adds `credentials`, all of `user`, at `leaves`.
pub(crate) fn add(
    world: &mut World,
    wrapper_key: &IdentityLinkWrapperKey,
    user: &User,
    credentials: &[PseudonymousCredential],
    leaves: &[u32],
) -> (AddAAD, IdentityLinkKeysUpdate) {
    let World { suite, rng, directory } = world;
    let check = |credential: &Credential| {
        let Credential::Basic { identity } = credential else { return Err(CredentialRefused) };
        directory.get(identity.as_slice()).cloned().ok_or(CredentialRefused)
    };
    let (connection, credentials) = (user.connection(), credentials.iter().collect::<Vec<_>>());
    let users = [AddedUser { connection: &connection, credentials: &credentials }];
    let added = add_users(&*suite, wrapper_key, &users, leaves, &check, rng).unwrap();
    (added.add_aad, added.update)
}

/// The users of a room, in the order of the leaves; `-` where none is known.
pub(crate) fn names<T>(identities: &[(u32, LeafIdentity<T>)]) -> Vec<String> {
    let name = |identity: &LeafIdentity<T>| match identity {
        LeafIdentity::Known(identity) => identity.user().id().unwrap().to_string(),
        LeafIdentity::Unlinked => "-".to_string(),
        LeafIdentity::Failed(error) => error.to_string(),
    };
    identities.iter().map(|(_, identity)| name(identity)).collect()
}

pub(crate) fn secret(suite: &RustCrypto, byte: u8) -> Secret {
    Secret::new(suite, vec![byte; suite.parameters().nh]).unwrap()
}

pub(crate) fn opaque(text: &str) -> Opaque {
    text.into()
}
