//! What a messenger does: it keeps groups with OpenMLS and rooms with `mimi-policy`, and takes nobody's word for either.

mod commit;
mod external;
mod join;
mod message;
mod receive;

use std::collections::BTreeMap;

use mimi_codec::{
    List,
    extensions::AppDataDictionary,
    mls::{Credential, KeyPackage},
    protocol::{IdentifierUri, KeyMaterialRequest, KeyMaterialRequestTBS, OptionalIdentifierUri, Protocol},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, sign_key_material_request};
use mimi_policy::RoomState;
use openmls::prelude::{CredentialWithKey, MlsGroup};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::ChaCha20Rng;

pub use commit::{Conduct, Wishes};
pub use external::OpenRequest;
pub use message::{Conversation, Kept, Read, Says};
pub use receive::Received;

use crate::{
    Result,
    decision::{AcceptedProposals, Decision, Roster},
    identity::{Authority, ClientIdentity},
    stack::{self, ClientKey},
};

/// What a client knows of a room that it is in.
pub struct Membership {
    /// The MLS group.
    pub group: MlsGroup,
    /// The room, with what the hub has accepted since the last commit.
    pub room: RoomState,
    /// The group's components.
    pub dictionary: AppDataDictionary,
    /// Who is behind the leaves.
    pub roster: Roster,
    /// Proposals that wait for a commit.
    pub accepted: AcceptedProposals,
    /// What was said.
    pub timeline: Conversation,
    /// What its own commit leads to, while the hub thinks about it.
    pending: Option<Decision>,
}

impl Membership {
    /// The group's epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }
}

/// A client.
pub struct Client {
    identity: ClientIdentity,
    suite: RustCrypto,
    key: ClientKey,
    credential: Credential,
    authority: Authority,
    mls: OpenMlsRustCrypto,
    rng: ChaCha20Rng,
    rooms: BTreeMap<IdentifierUri, Membership>,
}

impl Client {
    /// A client whose provider has vouched for it.
    #[must_use]
    pub fn new(
        identity: ClientIdentity,
        suite: RustCrypto,
        (key, credential): (ClientKey, Credential),
        authority: Authority,
        rng: ChaCha20Rng,
    ) -> Self {
        let (mls, rooms) = (OpenMlsRustCrypto::default(), BTreeMap::new());
        Self { identity, suite, key, credential, authority, mls, rng, rooms }
    }

    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &ClientIdentity {
        &self.identity
    }

    /// A room that it is in.
    ///
    /// # Errors
    /// When it isn't in it.
    pub fn room(&self, uri: &IdentifierUri) -> Result<&Membership> {
        Ok(self.rooms.get(uri).ok_or("this client is not in the room")?)
    }

    /// Whether it is in a room.
    #[must_use]
    pub fn is_in(&self, uri: &IdentifierUri) -> bool {
        self.rooms.contains_key(uri)
    }

    fn credential_with_key(&self) -> Result<CredentialWithKey> {
        let credential = stack::to_openmls(&self.credential)?;
        Ok(CredentialWithKey { credential, signature_key: self.key.public_key().to_vec().into() })
    }

    /// A new key package, for its provider to hand out once.
    ///
    /// # Errors
    /// When OpenMLS makes none.
    pub fn key_package(&self) -> Result<KeyPackage> {
        let bundle = openmls::prelude::KeyPackage::builder()
            .leaf_node_capabilities(stack::capabilities())
            .build(stack::ciphersuite(&self.suite)?, &self.mls, &self.key, self.credential_with_key()?)?;
        stack::of_openmls(bundle.key_package())
    }

    /// A request for the key packages of a user that it is about to add to a room.
    ///
    /// # Errors
    /// When signing fails.
    pub fn request_key_material(
        &mut self,
        target: &IdentifierUri,
        room: &IdentifierUri,
    ) -> Result<KeyMaterialRequest> {
        let request = KeyMaterialRequestTBS {
            protocol: Protocol::Mls10,
            requesting_user: self.identity.user.clone(),
            target_user: target.clone(),
            room_id: OptionalIdentifierUri::from(room.clone()),
            acceptable_ciphersuites: List::new(vec![self.suite.parameters().cipher_suite])?,
            required_capabilities: stack::required_capabilities(),
            requester_signature_key: self.key.public_key(),
            requester_credential: self.credential.clone(),
        };
        Ok(sign_key_material_request(&self.suite, self.key.signing_key(), request, &mut self.rng)?)
    }
}
