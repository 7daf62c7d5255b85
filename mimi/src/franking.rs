//! Message franking for sender, hub, receiver and report (mimi-protocol-06 §5.4.1 and §5.9).

use mimi_codec::code_points::CipherSuite;
use mimi_codec::extensions::SafeAAD;
use mimi_codec::mls::GroupContext;
use mimi_codec::protocol::{
    Frank as SignedFrank, FrankAAD, IdentifierUri, ParticipantListData, UserRolePair,
};
use mimi_codec::{
    Decode, DnsName, Encode, List, MatchedProvider, Octets, RoomUri, UserUri, match_presented_identities,
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, Secret, SignaturePrivateKey};
use mimi_franking::hub::{self, ActiveSender, Submission as Submitted, UserIndex};
use mimi_franking::receiver::{self, DecryptedMessage};
use mimi_franking::report::{ReportCheck, ReportedMessage};
use mimi_franking::{
    CheckStamp, Construction as Kind, ContextHash, ContextHashFrank, ContextSecret, FrankableContent,
    FrankingAgent, FrankingAgentKey, FrankingError, HubKey, HubKeyId, HubKeyRing, IntegrityMac,
    IntegrityMacFrank, IntegritySecret, MimiFrankable, MimiFrankable02, OwnAgent, OwnAgents, RecheckStamp,
    Signed, Stamp, TagKey, UnboundContent, sender,
};
use zeroize::Zeroizing;

use crate::seed::generator;
use crate::{Error, ErrorKind, Result};

pub use mimi_franking::Framing;

fn franking_error(error: &FrankingError) -> Error {
    let kind = match error {
        FrankingError::SenderOfAnotherProvider
        | FrankingError::SenderNotParticipant
        | FrankingError::SenderNotActive => ErrorKind::NotAllowed,
        FrankingError::Content(_) | FrankingError::Decode(_) => ErrorKind::Refused,
        FrankingError::Identity(_)
        | FrankingError::HubKeyTooShort { .. }
        | FrankingError::HubKeyNotLatest { .. }
        | FrankingError::SecretLength { .. }
        | FrankingError::Encode(_) => ErrorKind::InvalidInput,
        FrankingError::Unbound(_) => ErrorKind::Build,
        _ => ErrorKind::NotAuthentic,
    };
    let failure = Error::new(kind, error).because(error).of_section("mimi-protocol-06 §5.4");
    match error {
        FrankingError::Content(mimi_franking::ContentError::Mimi(error)) => {
            failure.in_field(error.path()).at(error.offset())
        }
        FrankingError::Decode(error) => failure.in_field(error.path()).at(error.offset()),
        _ => failure,
    }
}

/// How the messages of a room are franked. The room's members agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
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

/// The franking of a room's messages.
///
/// ```
/// use mimi::compose::{Composer, Options, Text};
/// use mimi::franking::{Construction, Framing, Franking};
///
/// let (alice, room) = ("mimi://b.example/u/alice", "mimi://hub.example/r/clubhouse");
/// let message = Composer::new(alice, room)?.message(&[7; 16], &Text::plain("Hello"), &Options::default())?;
/// let franking = Franking::new(Construction::Signed, Framing::Bare);
/// // The tag goes into the message's SafeAAD, the sending URI to the hub.
/// let commitment = franking.commit(&message.encode(), alice, room)?;
/// assert_eq!(commitment.franking_tag.len(), 32);
///
/// let error = franking.commit(&message.encode(), "mimi://b.example/u/bob", room).unwrap_err();
/// assert_eq!(error.reason.as_deref(), Some("SenderMismatch"));
/// # Ok::<(), mimi::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Franking {
    construction: Construction,
    framing: Framing,
}

/// A sender's commitment to a message. Its `Debug` form shows no salt.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commitment {
    /// The franking tag, 32 bytes.
    pub franking_tag: Vec<u8>,
    /// The salt or key of the tag, from the content: 16 bytes, or 32 before mimi-protocol-03. It
    /// lets its holder confirm a guess of the content.
    pub salt: Vec<u8>,
    /// The encoded item for the message's SafeAAD.
    pub safe_aad_item: Vec<u8>,
    /// The URI to give to the hub.
    pub sending_uri: String,
}

/// The hub's stamp on a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frank {
    /// The hub's HMAC over tag and context, 32 bytes.
    pub server_frank: Vec<u8>,
    /// The group's cipher suite, for [`Construction::Signed`]; else 0.
    pub cipher_suite: u16,
    /// The signature, the integrity check or the context hash, by the construction.
    pub proof: Vec<u8>,
}

/// What the hub knows of a message that a provider submits.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A received message with what came with it. Its `Debug` form shows no content.
#[derive(Clone, PartialEq, Eq)]
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

/// A message in a report. Its `Debug` form shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Reported {
    /// The application data, exactly as decrypted.
    pub application_data: Vec<u8>,
    /// The hub's stamp.
    pub frank: Frank,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_timestamp: u64,
}

impl core::fmt::Debug for Commitment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let shown = &mut f.debug_struct("Commitment");
        shown.field("franking_tag", &self.franking_tag).field("sending_uri", &self.sending_uri);
        shown.finish_non_exhaustive()
    }
}

impl core::fmt::Debug for FrankedMessage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let shown = &mut f.debug_struct("FrankedMessage");
        shown.field("frank", &self.frank).field("accepted_timestamp", &self.accepted_timestamp);
        shown.field("sender_uri", &self.sender_uri).field("room_uri", &self.room_uri);
        shown.finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Reported {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let shown = &mut f.debug_struct("Reported");
        shown.field("frank", &self.frank).field("accepted_timestamp", &self.accepted_timestamp);
        shown.finish_non_exhaustive()
    }
}

/// What a receiver checks stamps with.
#[derive(Clone)]
pub struct Agent(AgentKind);

#[derive(Clone)]
enum AgentKind {
    Signed { group_context: GroupContext, hub_domain: DnsName, provider: MatchedProvider },
    Secret(Zeroizing<Vec<u8>>),
}

/// The keys that a hub franks one group's messages with.
#[derive(Clone)]
pub struct HubKeys {
    hub_key: Zeroizing<Vec<u8>>,
    stamp: StampKind,
}

#[derive(Clone)]
enum StampKind {
    Signed { group_context: GroupContext, private_key: Zeroizing<Vec<u8>> },
    Secret(Zeroizing<Vec<u8>>),
}

impl core::fmt::Debug for Agent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Agent(..)")
    }
}

impl core::fmt::Debug for HubKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HubKeys([redacted])")
    }
}

fn group_context(encoded: &[u8]) -> Result<GroupContext> {
    GroupContext::decode_exact(encoded).map_err(|error| {
        let refused = Error::new(ErrorKind::Refused, error.kind()).because(error.kind());
        refused.in_field(error.path()).at(error.offset()).of_section("RFC 9420 §8.1")
    })
}

fn domain(field: &str, name: &str) -> Result<DnsName> {
    DnsName::parse(name).map_err(|error| Error::input(field, error).because(&error.kind).at(error.offset))
}

impl Agent {
    /// The franking agent of a group's encoded GroupContext. `hub_domain` is the domain of the
    /// server that delivers the messages; `presented_names` are the DNS names of the agent's
    /// certificate, whose chain, validity and key the caller has checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] for another GroupContext, [`ErrorKind::InvalidInput`] for a domain,
    /// [`ErrorKind::NotAuthentic`] if no name is that of the hub.
    pub fn signed(
        encoded_group_context: &[u8],
        hub_domain: &str,
        presented_names: &[String],
    ) -> Result<Self> {
        let hub_domain = domain("hub_domain", hub_domain)?;
        let provider = match_presented_identities(hub_domain.as_ref(), presented_names)
            .map_err(|error| Error::new(ErrorKind::NotAuthentic, error).because(&"AgentNotTrusted"))?;
        let group_context = group_context(encoded_group_context)?;
        Ok(Self(AgentKind::Signed { group_context, hub_domain, provider }))
    }

    /// The secret of the epoch, for the constructions before mimi-protocol-05: 32, 48 or 64 bytes,
    /// KDF.Nh of the group's cipher suite.
    #[must_use]
    pub fn secret(secret: &[u8]) -> Self {
        Self(AgentKind::Secret(Zeroizing::new(secret.to_vec())))
    }
}

impl HubKeys {
    /// The hub's HMAC key, at least 32 bytes, and its signing key for the group with this encoded
    /// GroupContext. Both are checked where they are used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] for another GroupContext.
    pub fn signed(hub_key: &[u8], private_key: &[u8], encoded_group_context: &[u8]) -> Result<Self> {
        let group_context = group_context(encoded_group_context)?;
        let stamp = StampKind::Signed { group_context, private_key: Zeroizing::new(private_key.to_vec()) };
        Ok(Self { hub_key: Zeroizing::new(hub_key.to_vec()), stamp })
    }

    /// The hub's HMAC key, at least 32 bytes, and the secret of the epoch, 32, 48 or 64 bytes, for
    /// the constructions before mimi-protocol-05.
    #[must_use]
    pub fn secret(hub_key: &[u8], secret: &[u8]) -> Self {
        let stamp = StampKind::Secret(Zeroizing::new(secret.to_vec()));
        Self { hub_key: Zeroizing::new(hub_key.to_vec()), stamp }
    }

    fn ring(&self) -> core::result::Result<HubKeyRing, FrankingError> {
        let mut ring = HubKeyRing::new();
        ring.add(HubKeyId(0), HubKey::new(&Secret::from_provider(self.hub_key.as_slice()))?)?;
        Ok(ring)
    }
}

fn fixed(field: &str, bytes: &[u8]) -> Result<Octets<32>> {
    let wrong = |_| Error::input(field, format!("{} bytes, expected 32", bytes.len()));
    bytes.try_into().map(Octets).map_err(wrong)
}

fn user(field: &str, uri: &str) -> Result<UserUri> {
    UserUri::try_from(uri).map_err(|error| franking_error(&error.into()).in_field(field))
}

fn room(uri: &str) -> Result<RoomUri> {
    RoomUri::try_from(uri).map_err(|error| franking_error(&error.into()).in_field("room_uri"))
}

fn suite_of(cipher_suite: CipherSuite) -> Result<RustCrypto> {
    RustCrypto::new(cipher_suite).map_err(|error| franking_error(&error.into()))
}

fn wrong_keys() -> Error {
    Error::new(ErrorKind::InvalidInput, "the keys are those of another construction").in_field("keys")
}

/// A construction whose stamps have a form here.
trait Form: Kind {
    fn to_frank(frank: &Frank, franking_tag: &[u8]) -> Result<Self::Frank>;
    fn of_frank(frank: &Self::Frank) -> Frank;
}

impl Form for Signed {
    fn to_frank(frank: &Frank, _: &[u8]) -> Result<SignedFrank> {
        Ok(SignedFrank {
            server_frank: fixed("server_frank", &frank.server_frank)?,
            franking_signature_ciphersuite: CipherSuite(frank.cipher_suite),
            franking_integrity_signature: frank.proof.as_slice().into(),
        })
    }

    fn of_frank(frank: &SignedFrank) -> Frank {
        Frank {
            server_frank: frank.server_frank.to_vec(),
            cipher_suite: frank.franking_signature_ciphersuite.0,
            proof: frank.franking_integrity_signature.to_vec(),
        }
    }
}

impl Form for IntegrityMac {
    fn to_frank(frank: &Frank, _: &[u8]) -> Result<IntegrityMacFrank> {
        Ok(IntegrityMacFrank {
            server_frank: fixed("server_frank", &frank.server_frank)?,
            franking_integrity_check: fixed("proof", &frank.proof)?,
        })
    }

    fn of_frank(frank: &IntegrityMacFrank) -> Frank {
        let proof = frank.franking_integrity_check.to_vec();
        Frank { server_frank: frank.server_frank.to_vec(), cipher_suite: 0, proof }
    }
}

impl Form for ContextHash {
    fn to_frank(frank: &Frank, franking_tag: &[u8]) -> Result<ContextHashFrank> {
        Ok(ContextHashFrank {
            franking_tag: fixed("franking_tag", franking_tag)?,
            server_frank: fixed("server_frank", &frank.server_frank)?,
            franking_context_hash: fixed("proof", &frank.proof)?,
        })
    }

    fn of_frank(frank: &ContextHashFrank) -> Frank {
        let proof = frank.franking_context_hash.to_vec();
        Frank { server_frank: frank.server_frank.to_vec(), cipher_suite: 0, proof }
    }
}

impl Franking {
    /// The franking of a room by its construction and the framing of its content.
    #[must_use]
    pub const fn new(construction: Construction, framing: Framing) -> Self {
        Self { construction, framing }
    }

    /// The sender's part: the tag over a message, and where it goes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] for application data that is no MIMI content,
    /// [`ErrorKind::NotAuthentic`] if the content names another sender or room,
    /// [`ErrorKind::Build`] if it refers to a file without binding it, [`ErrorKind::InvalidInput`]
    /// for a URI that is not in its normal form.
    pub fn commit(&self, application_data: &[u8], sender_uri: &str, room_uri: &str) -> Result<Commitment> {
        let plain = MimiFrankable::new(self.framing);
        match self.construction {
            Construction::Signed => commit::<Signed>(&plain, application_data, sender_uri, room_uri),
            Construction::IntegrityMac => {
                commit::<IntegrityMac>(&plain, application_data, sender_uri, room_uri)
            }
            Construction::ContextHash { assertion_key } => {
                let content = MimiFrankable02::new(self.framing, assertion_key);
                commit::<ContextHash>(&content, application_data, sender_uri, room_uri)
            }
        }
    }

    /// The hub's part: the stamp on a message that it accepts at this time, in milliseconds since
    /// the UNIX epoch. No two messages of a room may have the same time. `seed` is 32 bytes from a
    /// cryptographically secure generator, used once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`] if the submitting provider may not send for this user,
    /// [`ErrorKind::InvalidInput`] for keys of another construction or length,
    /// [`ErrorKind::NotAuthentic`] if no presented name is that of the provider, or the group names
    /// no franking agent or another key.
    pub fn frank(
        &self,
        keys: &HubKeys,
        submission: &Submission,
        accepted_timestamp: u64,
        seed: &[u8],
    ) -> Result<Frank> {
        match (self.construction, &keys.stamp) {
            (Construction::Signed, StampKind::Signed { group_context, private_key }) => {
                let suite = suite_of(group_context.cipher_suite)?;
                let failed = |error: mimi_crypto::CryptoError| franking_error(&error.into());
                let key = SignaturePrivateKey::new(&suite, private_key.as_slice()).map_err(failed)?;
                let key = suite.signing_key(&key).map_err(failed)?;
                let stamp = FrankingAgentKey::of_group(&suite, &key, group_context);
                stamped(
                    keys,
                    &stamp.map_err(|error| franking_error(&error))?,
                    submission,
                    accepted_timestamp,
                    seed,
                )
            }
            (Construction::IntegrityMac, StampKind::Secret(secret)) => {
                let stamp = IntegritySecret::new(&Secret::from_provider(secret.as_slice()));
                let stamp = stamp.map_err(|error| franking_error(&error))?;
                stamped::<IntegrityMac>(keys, &stamp, submission, accepted_timestamp, seed)
            }
            (Construction::ContextHash { .. }, StampKind::Secret(secret)) => {
                let stamp = ContextSecret::new(Secret::from_provider(secret.as_slice()));
                let stamp = stamp.map_err(|error| franking_error(&error))?;
                stamped::<ContextHash>(keys, &stamp, submission, accepted_timestamp, seed)
            }
            _ => Err(wrong_keys()),
        }
    }

    /// The receiver's part: checks the tag and the stamp of a message. Returns what the message
    /// refers to and the frank does not bind, in words.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`] if tag or stamp are not those of this content, sender, room and
    /// time, [`ErrorKind::Refused`] for application data that is no MIMI content,
    /// [`ErrorKind::InvalidInput`] for keys of another construction.
    pub fn verify(&self, agent: &Agent, message: &FrankedMessage) -> Result<Vec<String>> {
        let plain = MimiFrankable::new(self.framing);
        match (self.construction, &agent.0) {
            (Construction::Signed, AgentKind::Signed { group_context, hub_domain, provider }) => {
                let suite = suite_of(group_context.cipher_suite)?;
                let checked = FrankingAgent::of_group(&suite, group_context, hub_domain.as_ref(), |_| {
                    Some(provider.clone())
                });
                received::<Signed>(&checked.map_err(|error| franking_error(&error))?, &plain, message)
            }
            (Construction::IntegrityMac, AgentKind::Secret(secret)) => {
                let secret = IntegritySecret::new(&Secret::from_provider(secret.as_slice()));
                received::<IntegrityMac>(&secret.map_err(|error| franking_error(&error))?, &plain, message)
            }
            (Construction::ContextHash { assertion_key }, AgentKind::Secret(secret)) => {
                let content = MimiFrankable02::new(self.framing, assertion_key);
                let secret = ContextSecret::new(Secret::from_provider(secret.as_slice()));
                received::<ContextHash>(&secret.map_err(|error| franking_error(&error))?, &content, message)
            }
            _ => Err(wrong_keys()),
        }
    }

    /// The hub's check of a message that a user is said to have sent to a room. Returns what the
    /// message refers to and the frank does not bind, in words.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAuthentic`] if the hub never franked this content of this user in this room
    /// at this time, [`ErrorKind::Refused`] for application data that is no MIMI content,
    /// [`ErrorKind::InvalidInput`] for keys of another construction.
    pub fn check_report(
        &self,
        keys: &HubKeys,
        alleged_abuser_uri: &str,
        room_uri: &str,
        message: &Reported,
    ) -> Result<Vec<String>> {
        let plain = MimiFrankable::new(self.framing);
        let about = (alleged_abuser_uri, room_uri, message);
        match (self.construction, &keys.stamp) {
            (Construction::Signed, StampKind::Signed { group_context, private_key }) => {
                let suite = suite_of(group_context.cipher_suite)?;
                let failed = |error: mimi_crypto::CryptoError| franking_error(&error.into());
                let key = SignaturePrivateKey::new(&suite, private_key.as_slice()).map_err(failed)?;
                let key = suite.signing_key(&key).map_err(failed)?;
                let own = OwnAgent::new(&suite, suite.signature_public_key(&key));
                let own = [own.map_err(|error| franking_error(&error))?];
                reported::<Signed>(keys, &OwnAgents(&own), &plain, about)
            }
            (Construction::IntegrityMac, StampKind::Secret(_)) => {
                reported::<IntegrityMac>(keys, &IntegrityMac, &plain, about)
            }
            (Construction::ContextHash { assertion_key }, StampKind::Secret(_)) => {
                let content = MimiFrankable02::new(self.framing, assertion_key);
                reported::<ContextHash>(keys, &ContextHash, &content, about)
            }
            _ => Err(wrong_keys()),
        }
    }
}

fn commit<C: Kind>(
    content: &impl FrankableContent<C>,
    application_data: &[u8],
    sender_uri: &str,
    room_uri: &str,
) -> Result<Commitment> {
    let failed = |error: FrankingError| franking_error(&error);
    let assertions = content.assertions(application_data).map_err(|error| failed(error.into()))?;
    let salt = assertions.tag_key.as_bytes().to_vec();
    let commitment =
        sender::commit(content, application_data, &user("sender_uri", sender_uri)?, &room(room_uri)?)
            .map_err(failed)?;
    let item = commitment.safe_aad_item().map_err(failed)?;
    Ok(Commitment {
        franking_tag: commitment.frank_aad().franking_tag.to_vec(),
        salt,
        safe_aad_item: item.to_bytes().map_err(|error| failed(error.into()))?,
        sending_uri: commitment.sending_uri().to_string(),
    })
}

fn stamped<C: Form>(
    keys: &HubKeys,
    stamp: &impl Stamp<C>,
    submission: &Submission,
    accepted_timestamp: u64,
    seed: &[u8],
) -> Result<Frank> {
    let failed = |error: FrankingError| franking_error(&error);
    let frank_aad = FrankAAD { franking_tag: fixed("franking_tag", &submission.franking_tag)? };
    let submitted_by = domain("submitted_by", &submission.submitted_by)?;
    let provider = match_presented_identities(submitted_by.as_ref(), &submission.presented_names)
        .map_err(|error| Error::new(ErrorKind::NotAuthentic, error).in_field("presented_names"))?;
    let listed = submission.participants.iter();
    let list = ParticipantListData {
        participants: listed.map(|uri| UserRolePair { user: uri.as_bytes().into(), role_index: 0 }).collect(),
    };
    let with_clients = submission.users_with_clients.iter();
    let users = UserIndex::new(&list, with_clients.filter_map(|uri| UserUri::try_from(uri.as_str()).ok()));
    let sending_uri = IdentifierUri::new(submission.sending_uri.as_str())
        .map_err(|error| Error::input("sending_uri", error.kind))?;
    let sender = ActiveSender::find(&sending_uri, &provider, &users).map_err(failed)?;
    let item = mimi_codec::extensions::SafeAADItem {
        component_id: mimi_codec::code_points::ComponentID::FRANK_AAD,
        aad_item_data: frank_aad.to_bytes().map_err(|error| failed(error.into()))?.into(),
    };
    let aad = SafeAAD { aad_items: List::new(vec![item]).unwrap_or_default() };
    let submitted = Submitted::new(&aad, sender, room(&submission.room_uri)?).map_err(failed)?;
    let ring = keys.ring().map_err(failed)?;
    let franked = hub::frank(&ring, stamp, &submitted, accepted_timestamp, &mut generator(seed)?);
    franked.map(|franked| C::of_frank(franked.frank())).map_err(failed)
}

fn received<C: Form>(
    agent: &impl CheckStamp<C>,
    content: &impl FrankableContent<C>,
    message: &FrankedMessage,
) -> Result<Vec<String>> {
    let frank_aad = FrankAAD { franking_tag: fixed("franking_tag", &message.franking_tag)? };
    let frank = C::to_frank(&message.frank, &message.franking_tag)?;
    let received = DecryptedMessage {
        application_data: &message.application_data,
        frank_aad: Some(&frank_aad),
        frank: Some(&frank),
        accepted_timestamp: message.accepted_timestamp,
        sender_uri: &user("sender_uri", &message.sender_uri)?,
        room_uri: &room(&message.room_uri)?,
    };
    let verified = receiver::verify(agent, content, &received).map_err(|error| franking_error(&error))?;
    // There is a frank, so there is a verdict on it.
    Ok(verified.map_or_else(Vec::new, |verified| words(verified.unbound())))
}

fn reported<C: Form>(
    keys: &HubKeys,
    own: &impl RecheckStamp<C>,
    content: &impl FrankableContent<C>,
    (alleged_abuser_uri, room_uri, message): (&str, &str, &Reported),
) -> Result<Vec<String>> {
    let failed = |error: FrankingError| franking_error(&error);
    // mimi-protocol-02 repeats the tag in the frank; it follows from the content.
    let assertions = content.assertions(&message.application_data).map_err(|error| failed(error.into()))?;
    let tag = mimi_franking::franking_tag(&assertions.tag_key, &message.application_data).franking_tag;
    let reported = ReportedMessage {
        message_content: message.application_data.as_slice().into(),
        frank: C::to_frank(&message.frank, tag.as_slice())?,
        accepted_timestamp: message.accepted_timestamp,
    };
    let (hub_keys, room_uri) = (keys.ring().map_err(failed)?, room(room_uri)?);
    let check = ReportCheck { hub_keys: &hub_keys, own, content, room_uri: &room_uri };
    let mut verdicts = check
        .messages::<C>(&user("alleged_abuser_uri", alleged_abuser_uri)?, core::slice::from_ref(&reported))
        .into_iter();
    let verdict = verdicts.next().unwrap_or(Err(FrankingError::ServerFrankMismatch));
    verdict.map(|proven| words(proven.unbound())).map_err(failed)
}

fn words(unbound: &[UnboundContent]) -> Vec<String> {
    unbound.iter().map(ToString::to_string).collect()
}
