//! Message franking.

use std::sync::Arc;

use crate::convert::{Cross, record, undisclosed};
use crate::error::Result;

/// How the messages of a room are franked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Construction {
    /// The hub signs (mimi-protocol-05 and -06).
    Signed,
    /// The hub makes a MAC with a secret of the group (mimi-protocol-03 and -04).
    IntegrityMac,
    /// The hub makes a hash with a secret of the group (mimi-protocol-02).
    ContextHash {
        /// The key of the extension that holds the sender, the room and the franking key.
        assertion_key: i64,
    },
}

/// The framing of MIMI content in the application data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Framing {
    /// No framing.
    Bare,
    /// An ApplicationFraming, which the tag covers.
    ApplicationFraming,
}

record! {
    /// A sender's commitment to a message.
    Commitment of mimi::franking::Commitment {
        /// The franking tag, 32 bytes.
        franking_tag: Vec<u8>,
        /// The salt or key of the tag, from the content.
        salt: Vec<u8>,
        /// The encoded item for the message's SafeAAD.
        safe_aad_item: Vec<u8>,
        /// The URI to give to the hub.
        sending_uri: String,
    }
}

/// The hub's stamp on a message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Frank {
    /// The hub's HMAC over tag and context, 32 bytes.
    pub server_frank: Vec<u8>,
    /// The group's cipher suite, for the signed construction; else 0.
    pub cipher_suite: u16,
    /// The signature, the integrity check or the context hash, by the construction.
    pub proof: Vec<u8>,
}

impl Frank {
    fn inner(self) -> mimi::franking::Frank {
        mimi::franking::Frank {
            server_frank: self.server_frank,
            cipher_suite: self.cipher_suite,
            proof: self.proof,
        }
    }
}

impl Cross<Frank> for mimi::franking::Frank {
    fn cross(self) -> Frank {
        Frank { server_frank: self.server_frank, cipher_suite: self.cipher_suite, proof: self.proof }
    }
}

/// What the hub knows of a message that a provider submits.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Submission {
    /// The franking tag in the message's SafeAAD.
    pub franking_tag: Vec<u8>,
    /// The user that the provider names as the sender.
    pub sending_uri: String,
    /// The domain that the provider says it is, in `From`.
    pub submitted_by: String,
    /// The DNS names of the certificate of its connection, whose chain, validity and key the caller
    /// has checked. One must be that of `submitted_by`.
    pub presented_names: Vec<String>,
    /// The room.
    pub room_uri: String,
    /// The participants of the room.
    pub participants: Vec<String>,
    /// The users that have a client in the group.
    pub users_with_clients: Vec<String>,
}

/// A received message with what came with it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct FrankedMessage {
    /// The application data, byte for byte as MLS decrypted it.
    pub application_data: Vec<u8>,
    /// The tag in the message's SafeAAD.
    pub franking_tag: Vec<u8>,
    /// The hub's stamp.
    pub frank: Frank,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_timestamp: u64,
    /// The user of the sending leaf, by the client's check of its credential.
    pub sender_uri: String,
    /// The room whose group decrypted it.
    pub room_uri: String,
}

/// A message in a report.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Reported {
    /// The application data, exactly as decrypted.
    pub application_data: Vec<u8>,
    /// The hub's stamp.
    pub frank: Frank,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_timestamp: u64,
}

undisclosed!(FrankedMessage, Reported);

/// What a receiver checks stamps with.
#[derive(Debug, uniffi::Object)]
pub struct Agent(mimi::franking::Agent);

/// The keys that a hub franks one group's messages with.
#[derive(Debug, uniffi::Object)]
pub struct HubKeys(mimi::franking::HubKeys);

/// The franking of a room's messages.
#[derive(Debug, uniffi::Object)]
pub struct Franking(mimi::franking::Franking);

#[uniffi::export]
impl Agent {
    /// The franking agent of a group's encoded GroupContext. `presented_names` are the DNS names of
    /// the agent's certificate, whose chain, validity and key the caller has checked.
    #[uniffi::constructor]
    pub fn signed(
        encoded_group_context: Vec<u8>,
        hub_domain: String,
        presented_names: Vec<String>,
    ) -> Result<Arc<Self>> {
        let agent = mimi::franking::Agent::signed(&encoded_group_context, &hub_domain, &presented_names)?;
        Ok(Arc::new(Self(agent)))
    }

    /// The secret of the epoch, for the constructions before mimi-protocol-05.
    #[uniffi::constructor]
    pub fn of_secret(secret: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(mimi::franking::Agent::secret(&secret)))
    }
}

#[uniffi::export]
impl HubKeys {
    /// The hub's HMAC key, and its signing key for the group with this encoded GroupContext.
    #[uniffi::constructor]
    pub fn signed(
        hub_key: Vec<u8>,
        private_key: Vec<u8>,
        encoded_group_context: Vec<u8>,
    ) -> Result<Arc<Self>> {
        let keys = mimi::franking::HubKeys::signed(&hub_key, &private_key, &encoded_group_context)?;
        Ok(Arc::new(Self(keys)))
    }

    /// The hub's HMAC key, and the secret of the epoch, for the constructions before
    /// mimi-protocol-05.
    #[uniffi::constructor]
    pub fn of_secret(hub_key: Vec<u8>, secret: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(mimi::franking::HubKeys::secret(&hub_key, &secret)))
    }
}

#[uniffi::export]
impl Franking {
    /// The franking of a room by its construction and the framing of its content.
    #[uniffi::constructor]
    pub fn new(construction: Construction, framing: Framing) -> Arc<Self> {
        let construction = match construction {
            Construction::Signed => mimi::franking::Construction::Signed,
            Construction::IntegrityMac => mimi::franking::Construction::IntegrityMac,
            Construction::ContextHash { assertion_key } => {
                mimi::franking::Construction::ContextHash { assertion_key }
            }
        };
        let framing = match framing {
            Framing::Bare => mimi::franking::Framing::Bare,
            Framing::ApplicationFraming => mimi::franking::Framing::ApplicationFraming,
        };
        Arc::new(Self(mimi::franking::Franking::new(construction, framing)))
    }

    /// The sender's part: the tag over a message, and where it goes.
    pub fn commit(
        &self,
        application_data: Vec<u8>,
        sender_uri: String,
        room_uri: String,
    ) -> Result<Commitment> {
        Ok(self.0.commit(&application_data, &sender_uri, &room_uri)?.cross())
    }

    /// The hub's part: the stamp on a message that it accepts at this time. No two messages of a room
    /// may have the same time.
    pub fn frank(
        &self,
        keys: &HubKeys,
        submission: Submission,
        accepted_timestamp: u64,
        seed: Vec<u8>,
    ) -> Result<Frank> {
        let submission = mimi::franking::Submission {
            franking_tag: submission.franking_tag,
            sending_uri: submission.sending_uri,
            submitted_by: submission.submitted_by,
            presented_names: submission.presented_names,
            room_uri: submission.room_uri,
            participants: submission.participants,
            users_with_clients: submission.users_with_clients,
        };
        Ok(self.0.frank(&keys.0, &submission, accepted_timestamp, &seed)?.cross())
    }

    /// The receiver's part: checks the tag and the stamp of a message. Returns what the message refers
    /// to and the frank does not bind, in words.
    pub fn verify(&self, agent: &Agent, message: FrankedMessage) -> Result<Vec<String>> {
        let message = mimi::franking::FrankedMessage {
            application_data: message.application_data,
            franking_tag: message.franking_tag,
            frank: message.frank.inner(),
            accepted_timestamp: message.accepted_timestamp,
            sender_uri: message.sender_uri,
            room_uri: message.room_uri,
        };
        Ok(self.0.verify(&agent.0, &message)?)
    }

    /// The hub's check of a message that a user is said to have sent to a room. Returns what the
    /// message refers to and the frank does not bind, in words.
    pub fn check_report(
        &self,
        keys: &HubKeys,
        alleged_abuser_uri: String,
        room_uri: String,
        message: Reported,
    ) -> Result<Vec<String>> {
        let message = mimi::franking::Reported {
            application_data: message.application_data,
            frank: message.frank.inner(),
            accepted_timestamp: message.accepted_timestamp,
        };
        Ok(self.0.check_report(&keys.0, &alleged_abuser_uri, &room_uri, &message)?)
    }
}
