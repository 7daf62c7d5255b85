//! A user and its clients: who they really are, whom they are connected with, and under which names
//! they go in rooms.

use std::collections::{BTreeMap, BTreeSet};

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, EncodeError, MimiUri, Reader, RoomUri, UserUri, Writer,
    mls::{Credential, HPKECiphertext, HPKEPublicKey, KeyPackage, Lifetime, SignaturePublicKey},
    protocol::{IdentifierUri, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{HpkePrivateKey, RustCrypto, generate_hpke_key_pair};
use mimi_pseudonym::{
    CheckedClient, Connection, ConnectionKey, ConnectionToken, CredentialCheck, CredentialCheckError,
    KeyPackageSet, PseudonymUses, RealClient, Reuse, UploadedKeyPackage, check_upload,
    issue_pseudonymous_credential, key_package_sets, plan_uploads, random_client_pseudonym,
    random_user_pseudonym, upload_lifetime,
};
use mimi_room::Member;
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::seam::{capabilities, credential_with_key};
use crate::{
    Result,
    identity::{Authority, ClientIdentity, ProviderKey},
    stack::{self, ClientKey},
};

/// A real credential with its key. In a leaf, the leaf says which key a credential is for; inside
/// an identity link nothing does.
struct Certificate {
    key: SignaturePublicKey,
    credential: Credential,
}

impl<'a> Decode<'a> for Certificate {
    const NAME: &'static str = "Certificate";

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        Ok(Self { key: reader.field("key")?, credential: reader.field("credential")? })
    }
}

impl Encode for Certificate {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.key.encode(writer)?;
        self.credential.encode(writer)
    }
}

/// What vouches for real credentials: the providers' keys, which all know.
pub struct RealCredentials<'a>(pub &'a Authority);

impl CredentialCheck for RealCredentials<'_> {
    type Details = ();

    fn check(&self, credential: &Credential) -> Result<CheckedClient<()>, CredentialCheckError> {
        let checked = || -> Result<CheckedClient<()>> {
            let Credential::Basic { identity } = credential else { return Err("not a certificate".into()) };
            let Certificate { key, credential } = Certificate::decode_exact(identity)?;
            let Member { user, client, .. } = self.0.verify(&credential, &key)?;
            Ok(CheckedClient { user, client, signature_public_key: key, details: () })
        };
        checked().map_err(|_| CredentialCheckError)
    }
}

/// A client under another name: what it has for one room, or for a key package that one room will
/// use. Nothing in it is used twice.
pub struct Alias {
    /// OpenMLS's keys for this room alone.
    pub mls: OpenMlsRustCrypto,
    /// The key with which the client signs in the room.
    pub key: ClientKey,
    /// The client's credential there.
    pub credential: PseudonymousCredential,
}

/// A client of a person.
struct Device {
    uri: ClientUri,
    key: ClientKey,
    certificate: Credential,
    /// For each of its key packages that a user may use, by its client pseudonym.
    aliases: BTreeMap<IdentifierUri, Alias>,
}

/// A user.
pub struct Person {
    suite: RustCrypto,
    rng: ChaCha20Rng,
    uri: MimiUri,
    devices: Vec<Device>,
    connection_key: ConnectionKey,
    establishment: (HpkePrivateKey, HPKEPublicKey),
    connections: BTreeMap<String, Connection>,
    uploaded: Vec<UploadedKeyPackage<usize>>,
    uses: PseudonymUses,
}

impl Person {
    /// A user with this many clients, whom its provider vouches for.
    ///
    /// # Errors
    /// When a URI or a key cannot be made.
    pub fn register(
        suite: RustCrypto,
        provider: &ProviderKey,
        uri: &str,
        clients: usize,
        mut rng: ChaCha20Rng,
    ) -> Result<Self> {
        let uri = MimiUri::parse(uri)?;
        let name = uri.id().ok_or("not a user")?.to_owned();
        let mut devices = Vec::with_capacity(clients);
        for number in 1..=clients {
            let client = MimiUri::client(uri.host(), &format!("{name}-{number}"))?;
            let uri_of_client = ClientUri::from(&client);
            let identity = ClientIdentity { user: UserUri::from(&uri), client: uri_of_client.clone() };
            let key = ClientKey::generate(suite, ChaCha20Rng::from_rng(&mut rng))?;
            let credential = provider.vouch(&identity, &key.public_key(), &mut rng)?;
            let certificate = Certificate { key: key.public_key(), credential };
            let certificate = Credential::Basic { identity: certificate.to_bytes()?.into() };
            devices.push(Device { uri: uri_of_client, key, certificate, aliases: BTreeMap::new() });
        }
        let connection_key = ConnectionKey::generate(&suite, &mut rng);
        let establishment = generate_hpke_key_pair(&suite, &mut rng)?;
        let (connections, uploaded, uses) = (BTreeMap::new(), Vec::new(), PseudonymUses::default());
        Ok(Self { suite, rng, uri, devices, connection_key, establishment, connections, uploaded, uses })
    }

    /// Its real name.
    #[must_use]
    pub const fn uri(&self) -> &MimiUri {
        &self.uri
    }

    /// How many clients it has.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.devices.len()
    }

    /// The real credential of a client.
    ///
    /// # Errors
    /// When it has no such client.
    pub fn certificate(&self, device: usize) -> Result<&Credential> {
        Ok(&self.device(device)?.certificate)
    }

    /// What no user but those who are connected with it, and those who share a room with it, may
    /// ever see: its names, its real credentials and their keys, and its connection key.
    ///
    /// # Errors
    /// When something is too long.
    pub fn secrets_of_identity(&self) -> Result<Vec<Vec<u8>>> {
        let name = self.uri.id().ok_or("not a user")?;
        let mut secrets = vec![format!("u/{name}").into_bytes(), self.connection_key.expose().to_vec()];
        for number in 1..=self.devices.len() {
            secrets.push(format!("{name}-{number}").into_bytes());
        }
        for device in &self.devices {
            secrets.push(device.certificate.to_bytes()?);
            secrets.push(device.key.public_key().to_vec());
        }
        Ok(secrets)
    }

    /// The key that it gives to those with whom it is connected.
    #[must_use]
    pub const fn connection_key(&self) -> &ConnectionKey {
        &self.connection_key
    }

    /// The public key by which anybody may ask it for a connection. Its provider publishes it.
    #[must_use]
    pub const fn connection_establishment_key(&self) -> &HPKEPublicKey {
        &self.establishment.1
    }

    /// Opens a request for a connection.
    ///
    /// # Errors
    /// When it is not for this user.
    pub fn open_connection_request(
        &self,
        sealed: &HPKECiphertext,
    ) -> Result<mimi_pseudonym::UnverifiedConnectionRequest> {
        let (private_key, _) = &self.establishment;
        Ok(mimi_pseudonym::open_connection_request(&self.suite, &self.user(), private_key, sealed)?)
    }

    /// A connection was made.
    pub fn connect(&mut self, connection: Connection) {
        self.connections.insert(connection.user().to_string(), connection);
    }

    /// The connection with a user.
    ///
    /// # Errors
    /// When there is none.
    pub fn connection(&self, user: &UserUri) -> Result<&Connection> {
        Ok(self.connections.get(&user.to_string()).ok_or("they are not connected")?)
    }

    /// The name under which a user's connections find its key packages, and its provider does not
    /// know whose they are: its connection token (7).
    ///
    /// # Errors
    /// When the user has no provider.
    pub fn key_package_token(
        suite: &RustCrypto,
        user: &UserUri,
        connection_key: &ConnectionKey,
    ) -> Result<IdentifierUri> {
        let provider = user.mimi_uri().ok_or("not a MIMI URI")?.host();
        Ok(ConnectionToken::of(suite, user, connection_key)?.target(provider)?)
    }

    /// Its real name, as a user.
    #[must_use]
    pub fn user(&self) -> UserUri {
        UserUri::from(&self.uri)
    }

    /// Its connection key, and where its pseudonyms were used.
    pub const fn key_and_uses(&mut self) -> (&ConnectionKey, &mut PseudonymUses) {
        (&self.connection_key, &mut self.uses)
    }

    /// The generator of this person's clients.
    pub const fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.rng
    }

    /// A new name for a room.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new_pseudonym(&mut self) -> Result<IdentifierUri> {
        Ok(random_user_pseudonym(self.uri.host(), &mut self.rng)?)
    }

    /// A client under a new name of its own, and this one of its user.
    ///
    /// # Errors
    /// When there is no such client, or signing fails.
    pub fn alias(&mut self, device: usize, user_pseudonym: &IdentifierUri) -> Result<Alias> {
        let provider = DnsName::parse(self.uri.host().as_str())?;
        let client_pseudonym = random_client_pseudonym(provider.as_ref(), &mut self.rng)?;
        let key = ClientKey::generate(self.suite, ChaCha20Rng::from_rng(&mut self.rng))?;
        let tbs = PseudonymousCredentialTBS {
            client_pseudonym,
            user_pseudonym: user_pseudonym.clone(),
            signature_public_key: key.public_key(),
        };
        let real = self.devices.get(device).ok_or("no such client")?;
        let credential = issue_pseudonymous_credential(
            &self.suite,
            tbs,
            RealClient {
                user: &UserUri::from(&self.uri),
                client: &real.uri,
                credential: &real.certificate,
                signing_key: real.key.signing_key(),
            },
            &self.connection_key,
            &mut self.rng,
        )?;
        Ok(Alias { mls: OpenMlsRustCrypto::default(), key, credential })
    }

    /// The key packages that a client has to upload, so that there are two sets for rooms to come
    /// and one of last resort (7).
    ///
    /// # Errors
    /// When something cannot be made.
    pub fn key_packages(&mut self, device: usize, now: u64) -> Result<Vec<KeyPackage>> {
        let plan = plan_uploads(&self.key_package_sets()?, &device, 2, 1);
        let mut names = plan.complete;
        for last_resort in [(plan.start, false), (plan.start_last_resort, true)]
            .into_iter()
            .flat_map(|(count, last_resort)| std::iter::repeat_n(last_resort, count))
        {
            names.push((self.new_pseudonym()?, last_resort));
        }
        let mut key_packages = Vec::with_capacity(names.len());
        for (user_pseudonym, last_resort) in names {
            let alias = self.alias(device, &user_pseudonym)?;
            // Whole days, so that the lifetime does not say which key packages were made together.
            let Lifetime { not_before, not_after } = upload_lifetime(now);
            let mut builder = openmls::prelude::KeyPackage::builder()
                .leaf_node_capabilities(capabilities())
                .key_package_lifetime(openmls::prelude::Lifetime::init(not_before, not_after));
            if last_resort {
                builder = builder.key_package_extensions(stack::to_openmls(&last_resort_extension()?)?);
            }
            let credential = credential_with_key(&alias)?;
            let bundle =
                builder.build(stack::ciphersuite(&self.suite)?, &alias.mls, &alias.key, credential)?;
            let key_package: KeyPackage = stack::of_openmls(bundle.key_package())?;
            check_upload(&key_package)?;
            key_packages.push(key_package);
            self.uploaded.push(UploadedKeyPackage { user_pseudonym, client: device, last_resort });
            let real = self.devices.get_mut(device).ok_or("no such client")?;
            real.aliases.insert(alias.credential.client_pseudonym.clone(), alias);
        }
        Ok(key_packages)
    }

    /// The sets that this user's clients have uploaded.
    ///
    /// # Errors
    /// When they do not make sets.
    pub fn key_package_sets(&self) -> Result<Vec<KeyPackageSet<usize>>> {
        Ok(key_package_sets(self.uploaded.iter().cloned())?)
    }

    /// The names of a client's key packages: a Welcome may be for one of them.
    ///
    /// # Errors
    /// When there is no such client.
    pub fn waiting(&self, device: usize) -> Result<BTreeSet<IdentifierUri>> {
        Ok(self.device(device)?.aliases.keys().cloned().collect())
    }

    /// A Welcome uses the key package with this client pseudonym in `room`.
    ///
    /// # Errors
    /// When it is none of the client's, or its user pseudonym was used in another room.
    pub fn use_alias(
        &mut self,
        device: usize,
        client_pseudonym: &IdentifierUri,
        room: &RoomUri,
    ) -> Result<Alias> {
        let real = self.devices.get_mut(device).ok_or("no such client")?;
        let alias = real.aliases.remove(client_pseudonym).ok_or("not a key package of this client")?;
        self.uses.record(room, &alias.credential, Reuse::Refused)?;
        Ok(alias)
    }

    fn device(&self, device: usize) -> Result<&Device> {
        Ok(self.devices.get(device).ok_or("no such client")?)
    }
}

fn last_resort_extension() -> Result<mimi_codec::mls::Extensions> {
    use mimi_codec::{
        List, Opaque,
        code_points::{ComponentID, ExtensionType},
        extensions::{AppDataDictionary, ComponentData},
        mls::{Extension, Extensions},
    };
    let component_id = ComponentID::LAST_RESORT_KEY_PACKAGE;
    let component_data = List::new(vec![ComponentData { component_id, data: Opaque::default() }])?;
    let extension_data = AppDataDictionary { component_data }.to_bytes()?.into();
    let extension_type = ExtensionType::APP_DATA_DICTIONARY;
    Ok(Extensions::new(vec![Extension { extension_type, extension_data }])?)
}
