//! Sender, hub and receiver of a case, each with what it has.

use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::code_points::{CipherSuite, ComponentID, ExtensionType};
use mimi_codec::extensions::{AppDataDictionary, ComponentData, SafeAAD};
use mimi_codec::mls::{Credential, Extension, Extensions, GroupContext, Mls10};
use mimi_codec::protocol::{Frank, FrankAAD, FrankingAgentData, ParticipantListData, UserRolePair};
use mimi_codec::{DnsName, Encode, List, Octets, RoomUri, UserUri, match_presented_identities};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, Secret, SignaturePrivateKey};
use mimi_franking::hub::{self, ActiveSender, Submission, UserIndex};
use mimi_franking::receiver::{self, DecryptedMessage};
use mimi_franking::report::{ReportCheck, ReportedMessage};
use mimi_franking::{
    CheckStamp, Construction, ContextHash, ContextHashFrank, ContextSecret, FrankableContent, FrankingAgent,
    FrankingAgentKey, FrankingError, HubKey, HubKeyId, HubKeyRing, IntegrityMac, IntegrityMacFrank,
    IntegritySecret, MimiFrankable, MimiFrankable02, OwnAgent, OwnAgents, RecheckStamp, Signed, Stamp,
    TagKey, sender,
};

use super::{ASSERTION_KEY, Members, Verdict};

/// A case by its construction.
pub(super) enum Parties {
    Signed(Members, Revision06),
    IntegrityMac(Members, Revision03),
    ContextHash(Members, Revision02),
}

pub(super) struct Revision06 {
    pub(super) cipher_suite: u16,
    pub(super) private_key: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

pub(super) struct Revision03 {
    pub(super) secret: Vec<u8>,
    pub(super) check: Vec<u8>,
}

pub(super) struct Revision02 {
    pub(super) secret: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

const HUB: &str = "hub.example";

/// A member of the case, what it says, and what was computed.
type Recomputed = (&'static str, Vec<u8>, Vec<u8>);

impl Parties {
    /// What sender and hub compute.
    pub(super) fn recompute(&self) -> Result<Vec<Recomputed>, FrankingError> {
        match self {
            Self::Signed(members, own) => {
                let suite = own.suite()?;
                let key = own.signing_key(&suite)?;
                let context = own.group_context(&suite.signature_public_key(&key));
                let agent = FrankingAgentKey::of_group(&suite, &key, &context)?;
                let (mut values, frank) = members.recompute::<Signed>(&members.content(), &agent)?;
                let public_key = suite.signature_public_key(&key).to_vec();
                values.push(("signature_public_key", own.public_key.clone(), public_key));
                // ECDSA and ML-DSA differ from run to run; the receiver verifies them.
                // Only Ed25519 has public keys of 32 bytes.
                if suite.parameters().signature_public_key == 32 {
                    let found = frank.franking_integrity_signature.into_bytes();
                    values.push(("franking_integrity_signature", own.signature.clone(), found));
                }
                Ok(values)
            }
            Self::IntegrityMac(members, own) => {
                let (mut values, frank) =
                    members.recompute::<IntegrityMac>(&members.content(), &own.secret()?)?;
                let found = frank.franking_integrity_check.to_vec();
                values.push(("franking_integrity_check", own.check.clone(), found));
                Ok(values)
            }
            Self::ContextHash(members, own) => {
                let (mut values, frank) =
                    members.recompute::<ContextHash>(&members.content_02(), &own.secret()?)?;
                values.push((
                    "franking_context_hash",
                    own.hash.clone(),
                    frank.franking_context_hash.to_vec(),
                ));
                Ok(values)
            }
        }
    }

    /// The receiver's verdict.
    pub(super) fn receiver(&self) -> Verdict {
        match self {
            Self::Signed(members, own) => {
                let suite = own.suite()?;
                let context = own.group_context(&own.public_key.as_slice().into());
                let agent = FrankingAgent::of_group(&suite, &context, hub_domain()?.as_ref(), |_| {
                    match_presented_identities(hub_domain().ok()?.as_ref(), [HUB]).ok()
                })?;
                members.receive::<Signed>(&members.content(), &agent, &own.frank(members)?)
            }
            Self::IntegrityMac(members, own) => {
                members.receive(&members.content(), &own.secret()?, &own.frank(members)?)
            }
            Self::ContextHash(members, own) => {
                members.receive(&members.content_02(), &own.secret()?, &own.frank(members)?)
            }
        }
    }

    /// The hub's verdict on a report.
    pub(super) fn hub(&self) -> Verdict {
        match self {
            Self::Signed(members, own) => {
                let suite = own.suite()?;
                let public_key = suite.signature_public_key(&own.signing_key(&suite)?);
                let agents = [OwnAgent::new(&suite, public_key)?];
                members.report::<Signed>(&members.content(), &OwnAgents(&agents), own.frank(members)?)
            }
            Self::IntegrityMac(members, own) => {
                members.report(&members.content(), &IntegrityMac, own.frank(members)?)
            }
            Self::ContextHash(members, own) => {
                members.report(&members.content_02(), &ContextHash, own.frank(members)?)
            }
        }
    }
}

fn hub_domain() -> Result<DnsName, FrankingError> {
    DnsName::parse(HUB).map_err(|_| FrankingError::AgentNotTrusted)
}

/// 32 bytes; anything else cannot stand in the struct, and so is refused by its readers.
fn fixed(bytes: &[u8], otherwise: FrankingError) -> Result<Octets<32>, FrankingError> {
    bytes.try_into().map(Octets).map_err(|_| otherwise)
}

impl Members {
    fn content(&self) -> MimiFrankable {
        MimiFrankable::new(self.framing)
    }

    fn content_02(&self) -> MimiFrankable02 {
        MimiFrankable02::new(self.framing, ASSERTION_KEY)
    }

    fn hub_keys(&self) -> Result<HubKeyRing, FrankingError> {
        let mut ring = HubKeyRing::new();
        ring.add(HubKeyId(0), HubKey::new(&Secret::from_provider(self.hub_key.as_slice()))?)?;
        Ok(ring)
    }

    /// Sender and room; another spelling than the one that counts is refused.
    fn uris(&self) -> Result<(UserUri, RoomUri), FrankingError> {
        Ok((UserUri::try_from(&self.sender_uri)?, RoomUri::try_from(&self.room_uri)?))
    }

    fn franking_tag(&self) -> Result<FrankAAD, FrankingError> {
        Ok(FrankAAD { franking_tag: fixed(&self.franking_tag, FrankingError::TagMismatch)? })
    }

    fn server_frank(&self) -> Result<Octets<32>, FrankingError> {
        fixed(&self.server_frank, FrankingError::ServerFrankMismatch)
    }

    /// The salt of the case is that of the content.
    fn check_salt<C: Construction>(&self, content: &impl FrankableContent<C>) -> Verdict {
        let assertions = content.assertions(&self.application_data)?;
        if assertions.tag_key.as_bytes() == self.salt { Ok(()) } else { Err(FrankingError::TagMismatch) }
    }

    fn recompute<C: Construction>(
        &self,
        content: &impl FrankableContent<C>,
        stamp: &impl Stamp<C>,
    ) -> Result<(Vec<Recomputed>, C::Frank), FrankingError> {
        let assertions = content.assertions(&self.application_data)?;
        let salt = assertions.tag_key.as_bytes().to_vec();
        let (sender_uri, room_uri) = self.uris()?;
        let commitment = sender::commit(content, &self.application_data, &sender_uri, &room_uri)?;
        let user = UserRolePair { user: self.sender_uri.as_bytes().into(), role_index: 1 };
        let list = ParticipantListData { participants: vec![user] };
        let provider = self
            .sender_uri
            .mimi_uri()
            .ok()
            .and_then(|uri| match_presented_identities(uri.host(), [uri.host().as_str()]).ok())
            .ok_or(FrankingError::SenderOfAnotherProvider)?;
        let users = UserIndex::new(&list, [sender_uri]);
        let sender = ActiveSender::find(&self.sender_uri, &provider, &users)?;
        let aad_items = List::new(vec![commitment.safe_aad_item()?]).unwrap_or_default();
        let submission = Submission::new(&SafeAAD { aad_items }, sender, room_uri)?;
        let rng = &mut Zeros;
        let franked = hub::frank(&self.hub_keys()?, stamp, &submission, self.accepted_timestamp, rng)?;
        let values = vec![
            ("salt", self.salt.clone(), salt),
            ("franking_tag", self.franking_tag.clone(), commitment.frank_aad().franking_tag.to_vec()),
            ("server_frank", self.server_frank.clone(), C::server_frank(franked.frank()).to_vec()),
        ];
        Ok((values, franked.frank().clone()))
    }

    fn receive<C: Construction>(
        &self,
        content: &impl FrankableContent<C>,
        agent: &impl CheckStamp<C>,
        frank: &C::Frank,
    ) -> Verdict {
        self.check_salt(content)?;
        let (sender_uri, room_uri) = self.uris()?;
        let received = DecryptedMessage {
            application_data: &self.application_data,
            frank_aad: Some(&self.franking_tag()?),
            frank: Some(frank),
            accepted_timestamp: self.accepted_timestamp,
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        };
        receiver::verify(agent, content, &received).map(drop)
    }

    /// The hub takes sender and room out of the content, and believes the reporter neither.
    fn report<C: Construction>(
        &self,
        content: &impl FrankableContent<C>,
        own: &impl RecheckStamp<C>,
        frank: C::Frank,
    ) -> Verdict {
        self.check_salt(content)?;
        let assertions = content.assertions(&self.application_data)?;
        let sender_uri = UserUri::new(assertions.sender_uri)?;
        let room_uri = RoomUri::new(assertions.room_uri)?;
        let message = ReportedMessage {
            message_content: self.application_data.as_slice().into(),
            frank,
            accepted_timestamp: self.accepted_timestamp,
        };
        let hub_keys = self.hub_keys()?;
        let check = ReportCheck { hub_keys: &hub_keys, own, content, room_uri: &room_uri };
        let mut verdicts = check.messages::<C>(&sender_uri, core::slice::from_ref(&message));
        verdicts.pop().unwrap_or(Err(FrankingError::ServerFrankMismatch)).map(drop)
    }
}

impl Revision06 {
    fn suite(&self) -> Result<RustCrypto, FrankingError> {
        Ok(RustCrypto::new(CipherSuite(self.cipher_suite))?)
    }

    fn signing_key(
        &self,
        suite: &RustCrypto,
    ) -> Result<<RustCrypto as CipherSuiteProvider>::SigningKey, FrankingError> {
        Ok(suite.signing_key(&SignaturePrivateKey::new(suite, self.private_key.as_slice())?)?)
    }

    /// The group as far as franking looks at it.
    fn group_context(&self, public_key: &mimi_codec::mls::SignaturePublicKey) -> GroupContext {
        let agent = FrankingAgentData {
            franking_signature_key: public_key.clone(),
            credential: Credential::Basic { identity: HUB.into() },
        };
        let data = agent.to_bytes().unwrap_or_default().into();
        let component = ComponentData { component_id: ComponentID::FRANKING_AGENT, data };
        let dictionary = AppDataDictionary { component_data: List::new(vec![component]).unwrap_or_default() };
        let extension = Extension {
            extension_type: ExtensionType::APP_DATA_DICTIONARY,
            extension_data: dictionary.to_bytes().unwrap_or_default().into(),
        };
        GroupContext {
            version: Mls10,
            cipher_suite: CipherSuite(self.cipher_suite),
            group_id: "group".into(),
            epoch: 0,
            tree_hash: "".into(),
            confirmed_transcript_hash: "".into(),
            extensions: Extensions::new(vec![extension]).unwrap_or_default(),
        }
    }

    fn frank(&self, members: &Members) -> Result<Frank, FrankingError> {
        Ok(Frank {
            server_frank: members.server_frank()?,
            franking_signature_ciphersuite: CipherSuite(self.cipher_suite),
            franking_integrity_signature: self.signature.as_slice().into(),
        })
    }
}

impl Revision03 {
    fn secret(&self) -> Result<IntegritySecret, FrankingError> {
        IntegritySecret::new(&Secret::from_provider(self.secret.as_slice()))
    }

    fn frank(&self, members: &Members) -> Result<IntegrityMacFrank, FrankingError> {
        Ok(IntegrityMacFrank {
            server_frank: members.server_frank()?,
            franking_integrity_check: fixed(&self.check, FrankingError::IntegrityCheckMismatch)?,
        })
    }
}

impl Revision02 {
    fn secret(&self) -> Result<ContextSecret, FrankingError> {
        ContextSecret::new(Secret::from_provider(self.secret.as_slice()))
    }

    fn frank(&self, members: &Members) -> Result<ContextHashFrank, FrankingError> {
        Ok(ContextHashFrank {
            franking_tag: members.franking_tag()?.franking_tag,
            server_frank: members.server_frank()?,
            franking_context_hash: fixed(&self.hash, FrankingError::ContextHashMismatch)?,
        })
    }
}

/// No randomness: what is drawn from it here is thrown away.
struct Zeros;

impl rand_core::TryRng for Zeros {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Zeros {}
