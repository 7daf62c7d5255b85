//! Reports: a client proves to the hub what a sender sent, and the hub checks each message.
//!
//! The reporter gives stored messages and their franks to an [`AbuseReportBuilder`]; no ciphertext
//! is needed. The hub, which has kept only its keys, runs [`ReportCheck`], which returns for each
//! message that it is proven, or why not.
//!
//! The draft's AbuseReport carries franks of [`Signed`]. [`ReportedMessage`] is a report's message
//! in any construction.

use alloc::{string::String, vec::Vec};
use core::fmt;

use mimi_codec::{
    Decode, DecodeOwned, Encode, EncodeError, Opaque, Reader, RoomUri, UserUri, Writer,
    extensions::AppDataDictionary,
    protocol::{AbuseReport, AbuseType, AbusiveMessage, IdentifierUri, ServerFrankingContext},
};
use mimi_crypto::CryptoError;

use crate::{
    Construction, FrankableContent, FrankingError, HubKeyRing, RecheckStamp, Signed, StoredFrank,
    UnboundContent, franking_tag,
    tag::{Undisclosed, check_tag, same},
};

/// A message in a report: AbusiveMessage with the frank of the construction's draft
/// (mimi-protocol-06 §5.9).
///
/// ```text
/// struct {
///   opaque message_content<V>;
///   Frank frank;
///   uint64 accepted_timestamp;
/// } AbusiveMessage;
/// ```
///
/// Its `Debug` form shows how long the content is, not the content.
#[derive(Clone, PartialEq, Eq)]
pub struct ReportedMessage<C: Construction> {
    /// The application data, exactly as decrypted.
    pub message_content: Opaque,
    /// The hub's stamp.
    pub frank: C::Frank,
    /// When the hub accepted the message, in milliseconds since the UNIX epoch.
    pub accepted_timestamp: u64,
}

impl<C: Construction> fmt::Debug for ReportedMessage<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportedMessage")
            .field("message_content", &Undisclosed(&self.message_content))
            .field("frank", &self.frank)
            .field("accepted_timestamp", &self.accepted_timestamp)
            .finish()
    }
}

impl<C: Construction> ReportedMessage<C> {
    /// A message from the reporter's storage.
    ///
    /// # Errors
    /// [`FrankingError::Content`], [`FrankingError::SenderMismatch`],
    /// [`FrankingError::RoomMismatch`] or [`FrankingError::TagMismatch`] if the frank was stored
    /// for another message. The hub would refuse the message and learn its content all the same.
    pub fn of_stored(
        content: &impl FrankableContent<C>,
        application_data: &[u8],
        stored: &StoredFrank<C>,
    ) -> Result<Self, FrankingError> {
        let assertions = content.assertions(application_data)?;
        assertions.check_sender(stored.context.sender_uri.as_bytes())?;
        assertions.check_room(stored.context.room_uri.as_bytes())?;
        check_tag(&assertions.tag_key, application_data, &stored.frank_aad)?;
        Ok(Self {
            message_content: application_data.into(),
            frank: stored.frank.clone(),
            accepted_timestamp: stored.context.accepted_timestamp,
        })
    }
}

impl<'a, C: Construction> Decode<'a> for ReportedMessage<C>
where
    C::Frank: DecodeOwned,
{
    const NAME: &'static str = "AbusiveMessage";

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        Ok(Self {
            message_content: reader.field("message_content")?,
            frank: reader.field("frank")?,
            accepted_timestamp: reader.field("accepted_timestamp")?,
        })
    }
}

impl<C: Construction> Encode for ReportedMessage<C> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.message_content.encode(writer)?;
        self.frank.encode(writer)?;
        self.accepted_timestamp.encode(writer)
    }
}

impl From<ReportedMessage<Signed>> for AbusiveMessage {
    fn from(message: ReportedMessage<Signed>) -> Self {
        let ReportedMessage { message_content, frank, accepted_timestamp } = message;
        Self { message_content, frank, accepted_timestamp }
    }
}

impl From<AbusiveMessage> for ReportedMessage<Signed> {
    fn from(message: AbusiveMessage) -> Self {
        let AbusiveMessage { message_content, frank, accepted_timestamp } = message;
        Self { message_content, frank, accepted_timestamp }
    }
}

/// Builds an [`AbuseReport`] about one sender in one room.
#[derive(Clone, Debug)]
pub struct AbuseReportBuilder {
    report: AbuseReport,
    room_uri: RoomUri,
}

impl AbuseReportBuilder {
    /// A report about `alleged_abuser_uri`, to be sent to the hub of `room_uri`.
    #[must_use]
    pub fn new(alleged_abuser_uri: &UserUri, room_uri: RoomUri) -> Self {
        let report = AbuseReport {
            reporting_user: None.into(),
            alleged_abuser_uri: alleged_abuser_uri.into(),
            reason_code: AbuseType::RESERVED,
            note: String::new(),
            messages: Vec::new(),
            abuse_extensions: AppDataDictionary::default(),
        };
        Self { report, room_uri }
    }

    /// Names the reporting user.
    #[must_use]
    pub fn reporting_user(mut self, reporting_user: &UserUri) -> Self {
        self.report.reporting_user = IdentifierUri::from(reporting_user).into();
        self
    }

    /// The reporter's note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.report.note = note.into();
        self
    }

    /// The report's extensions.
    #[must_use]
    pub fn abuse_extensions(mut self, abuse_extensions: AppDataDictionary) -> Self {
        self.report.abuse_extensions = abuse_extensions;
        self
    }

    /// Adds a message from the reporter's storage.
    ///
    /// # Errors
    /// Those of [`ReportedMessage::of_stored`]. [`FrankingError::SenderMismatch`] and
    /// [`FrankingError::RoomMismatch`] also mean that the message has another sender or room than
    /// the report.
    pub fn message(
        mut self,
        content: &impl FrankableContent<Signed>,
        application_data: &[u8],
        stored: &StoredFrank<Signed>,
    ) -> Result<Self, FrankingError> {
        if stored.context.sender_uri != self.report.alleged_abuser_uri {
            return Err(FrankingError::SenderMismatch);
        }
        if stored.context.room_uri.as_bytes() != self.room_uri.as_bytes() {
            return Err(FrankingError::RoomMismatch);
        }
        let message = ReportedMessage::of_stored(content, application_data, stored)?;
        self.report.messages.push(message.into());
        Ok(self)
    }

    /// The report.
    #[must_use]
    pub fn build(self) -> AbuseReport {
        self.report
    }
}

/// A message that the sender committed to and that the hub accepted for this room at this time.
/// Only [`ReportCheck`] returns one.
///
/// It does not prove more:
///
/// - The hub knows the sender from the provider that submitted the message
///   ([`ActiveSender`](crate::hub::ActiveSender)). Either the sender sent it, or its provider lied.
/// - It does not prove that an honest client received the message. A dishonest sender can submit
///   the ciphertext of one message with the tag of another. Receivers refuse what they decrypt
///   ([`FrankingError::TagMismatch`]), and the hub proves a report of the message that no client
///   received. Only the sender, or a reporter with the sender's help, can bring such a report.
/// - It says nothing about the content of [`Self::unbound`].
///
/// Its `Debug` form shows how long the content is, not the content.
#[derive(Clone, PartialEq, Eq)]
pub struct ProvenMessage<'m> {
    message_content: &'m [u8],
    context: ServerFrankingContext,
    unbound: Vec<UnboundContent>,
}

impl fmt::Debug for ProvenMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvenMessage")
            .field("message_content", &Undisclosed(self.message_content))
            .field("context", &self.context)
            .field("unbound", &self.unbound)
            .finish()
    }
}

impl<'m> ProvenMessage<'m> {
    /// The application data.
    #[must_use]
    pub fn message_content(&self) -> &'m [u8] {
        self.message_content
    }

    /// Sender, room and time.
    #[must_use]
    pub fn context(&self) -> &ServerFrankingContext {
        &self.context
    }

    /// The content that the message refers to and the frank does not bind, services included. A
    /// file of the reporter's that opens with the keys in the message need not be the one that
    /// others got.
    #[must_use]
    pub fn unbound(&self) -> &[UnboundContent] {
        &self.unbound
    }
}

/// Checks reports, with the hub's keys.
#[derive(Clone, Copy, Debug)]
pub struct ReportCheck<'a, R, F> {
    /// The hub's keys. The accepted time selects one.
    pub hub_keys: &'a HubKeyRing,
    /// For [`Signed`], the [`OwnAgents`](crate::OwnAgents); otherwise the construction itself,
    /// [`IntegrityMac`](crate::IntegrityMac) or [`ContextHash`](crate::ContextHash).
    pub own: &'a R,
    /// The message format of the room.
    pub content: &'a F,
    /// The room in the path of the request.
    pub room_uri: &'a RoomUri,
}

impl<R, F> ReportCheck<'_, R, F> {
    /// Checks the messages of a report, in order (mimi-protocol-06 §5.9). A report without messages
    /// proves nothing.
    ///
    /// # Errors
    /// For each message those of [`Self::messages`], and [`FrankingError::Identity`] if the alleged
    /// abuser is not named in normal form.
    pub fn report<'m>(&self, report: &'m AbuseReport) -> Vec<Result<ProvenMessage<'m>, FrankingError>>
    where
        R: RecheckStamp<Signed>,
        F: FrankableContent<Signed>,
    {
        let messages = report
            .messages
            .iter()
            .map(|message| (message.message_content.as_slice(), &message.frank, message.accepted_timestamp));
        match UserUri::try_from(&report.alleged_abuser_uri) {
            Ok(alleged_abuser_uri) => self.check_all::<Signed>(&alleged_abuser_uri, messages),
            Err(error) => messages.map(|_| Err(error.into())).collect(),
        }
    }

    /// Checks messages that `alleged_abuser_uri` is said to have sent, in order.
    ///
    /// # Errors
    /// For each message, in this order: [`FrankingError::Content`],
    /// [`FrankingError::SenderMismatch`] if the message asserts another sender than the alleged
    /// abuser, [`FrankingError::RoomMismatch`], [`FrankingError::RepeatedTagMismatch`],
    /// [`FrankingError::NoHubKey`] and [`FrankingError::HubKeyRetired`] if the hub has no key to
    /// decide with, [`FrankingError::ServerFrankMismatch`] if the hub never franked the message,
    /// and for [`Signed`] [`FrankingError::UnknownFrankSuite`] and
    /// [`FrankingError::IntegritySignature`].
    pub fn messages<'m, C: Construction>(
        &self,
        alleged_abuser_uri: &UserUri,
        messages: &'m [ReportedMessage<C>],
    ) -> Vec<Result<ProvenMessage<'m>, FrankingError>>
    where
        R: RecheckStamp<C>,
        F: FrankableContent<C>,
    {
        let messages = messages
            .iter()
            .map(|message| (message.message_content.as_slice(), &message.frank, message.accepted_timestamp));
        self.check_all::<C>(alleged_abuser_uri, messages)
    }

    fn check_all<'m, C: Construction>(
        &self,
        alleged_abuser_uri: &UserUri,
        messages: impl Iterator<Item = (&'m [u8], &'m C::Frank, u64)>,
    ) -> Vec<Result<ProvenMessage<'m>, FrankingError>>
    where
        R: RecheckStamp<C>,
        F: FrankableContent<C>,
        C::Frank: 'm,
    {
        let candidates: Vec<_> = messages
            .map(|(message_content, frank, accepted_timestamp)| {
                let context = ServerFrankingContext {
                    sender_uri: alleged_abuser_uri.into(),
                    room_uri: self.room_uri.into(),
                    accepted_timestamp,
                };
                let unbound = self.check_server_frank::<C>(message_content, frank, &context)?;
                Ok((frank, ProvenMessage { message_content, context, unbound }))
            })
            .collect();
        let open: Vec<_> = candidates
            .iter()
            .filter_map(|candidate: &Result<_, FrankingError>| candidate.as_ref().ok())
            .map(|(frank, candidate)| (*frank, &candidate.context))
            .collect();
        let mut verdicts = self.own.recheck_all(&open).into_iter();
        candidates
            .into_iter()
            .map(|candidate| {
                let (_, candidate) = candidate?;
                // The construction returns one verdict for each frank.
                verdicts.next().unwrap_or(Err(CryptoError::ProviderFailure.into()))?;
                Ok(candidate)
            })
            .collect()
    }

    /// "the hub finds the salt, sender URI, and room URI inside the message_content and the
    /// accepted_timestamp to recalculate the franking_tag and context. Then the hub selects its
    /// relevant hub_key to regenerate the server_frank."
    fn check_server_frank<C: Construction>(
        &self,
        message_content: &[u8],
        frank: &C::Frank,
        context: &ServerFrankingContext,
    ) -> Result<Vec<UnboundContent>, FrankingError>
    where
        F: FrankableContent<C>,
    {
        let assertions = self.content.assertions(message_content)?;
        assertions.check_sender(context.sender_uri.as_bytes())?;
        assertions.check_room(context.room_uri.as_bytes())?;
        let frank_aad = franking_tag(&assertions.tag_key, message_content);
        if C::repeated_tag(frank).is_some_and(|tag| !same(tag, &frank_aad.franking_tag)) {
            return Err(FrankingError::RepeatedTagMismatch);
        }
        let (_, hub_key) = self.hub_keys.in_force_at(context.accepted_timestamp)?;
        let server_frank = hub_key.server_frank(&frank_aad, &C::context(context)?);
        if same(&server_frank, C::server_frank(frank)) {
            Ok(assertions.unbound)
        } else {
            Err(FrankingError::ServerFrankMismatch)
        }
    }
}
