//! Messages: composed and sealed before they are sent, opened and judged before they are kept.

use std::fmt;

use mimi_codec::{
    Decode, Encode, Endpoint, RoomUri, UserUri, encode_path_segment,
    protocol::{
        FanoutEvent, FanoutMessage, Frank, FrankAAD, FrankingAgentData, SubmitMessageRequest,
        SubmitMessageResponse, SubmitResult,
    },
};
use mimi_content::{
    AeadAlgorithm, Attachment, Composer, Disposition, MessageId, MimiContent, MimiContentRef, NestedPart,
    PartRef, Salt, Text,
    timeline::{NotAuthorizedError, ReactionContent, Timeline, TimelineMessage, sender_only},
};
use mimi_crypto::CipherSuiteProvider;
use mimi_franking::{Framing, MimiFrankable, Signed, StoredFrank};
use mimi_policy::message::{ClientKnowledge, EarlierMessage, authorize};
use mimi_room::{
    Room,
    client::{Event, Reported},
};

use super::{
    Client, Verdict,
    files::{MessageRow, Unsent},
};
use crate::{
    Result,
    clock::{Clock, SystemClock},
    oblivious,
};

const FRAMING: MimiFrankable = MimiFrankable::new(Framing::Bare);

/// The timeline of a room, with the content of each message.
type Conversation = Timeline<Vec<u8>, NotAuthorizedError>;

/// What a user says.
#[derive(Clone, Debug)]
pub enum Says {
    /// A text.
    Text(String),
    /// A reply to a message.
    Reply(MessageId, String),
    /// A reaction to a message.
    React(MessageId, String),
    /// Another text in the place of an own message.
    Edit(MessageId, String),
    /// An own message is taken back.
    Delete(MessageId),
    /// A file: its media type, name and content.
    Attach(String, String, Vec<u8>),
}

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its ID.
    pub id: MessageId,
    /// Its sender.
    pub sender: String,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
    /// Its text; `None` if it was deleted.
    pub text: Option<String>,
    /// Whether it was edited.
    pub is_edited: bool,
    /// The reactions to it.
    pub reactions: Vec<String>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.id.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        write!(f, " {}: {}", self.sender, self.text.as_deref().unwrap_or("(deleted)"))?;
        if self.is_edited {
            f.write_str(" (edited)")?;
        }
        self.reactions.iter().try_for_each(|reaction| write!(f, " [{reaction}]"))
    }
}

/// What the client knows of earlier messages.
struct Looking<'a> {
    timeline: &'a Conversation,
    room: &'a Room,
}

impl ClientKnowledge for Looking<'_> {
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
        let first = self.timeline.entry(id)?.first();
        let (disposition, topic_id) = (first.disposition(), first.topic_id());
        let author = UserUri::try_from(first.sender_uri()).ok()?;
        Some(EarlierMessage { author, disposition, topic_id, content: None })
    }

    fn is_participant(&self, user: &UserUri) -> bool {
        self.room.role_of(user).is_some()
    }
}

impl Client {
    fn timeline(&self, uri: &RoomUri) -> Result<Conversation> {
        let mut timeline = Conversation::for_user(&self.user.to_string());
        for row in self.files.messages(uri)? {
            let content = MimiContentRef::decode(&row.data)?;
            let id = MessageId::try_from(row.id.as_slice()).map_err(|_| "not a message ID")?;
            let received = TimelineMessage::new(id, &row.sender, row.accepted_ms, &content);
            let _ = timeline.insert(received, row.data.clone(), &sender_only);
        }
        Ok(timeline)
    }

    /// Sends a message. Returns its ID.
    ///
    /// # Errors
    /// If the user may not send it, or the hub refuses it. A message whose answer is lost is sent
    /// again by [`Client::sync`].
    pub async fn say(&mut self, uri: &RoomUri, says: Says) -> Result<MessageId> {
        let data = self.compose(uri, says).await?;
        let timeline = self.timeline(uri)?;
        let own = self.user.clone();
        let room = self.rooms.get_mut(uri).ok_or("this client is not in the room")?;
        let content = MimiContentRef::decode(&data)?;
        let holds = |capability| room.has_capability(capability);
        authorize(&content, &own, &Looking { timeline: &timeline, room: room.room() }, holds)?;
        let composed = room.send(&FRAMING, &data)?;
        let unsent = Unsent {
            digest: self.digest(&composed.request)?,
            room: uri.clone(),
            request: composed.request.to_bytes()?,
            data,
            frank_aad: composed.frank_aad.to_bytes()?,
        };
        // The key of the message is used up, whatever becomes of it.
        let row = unsent.clone();
        self.save(move |tx| row.write(tx))?;
        match self.submit(&unsent).await? {
            Ok(id) => Ok(id),
            Err(why) => Err(why.into()),
        }
    }

    async fn compose(&mut self, uri: &RoomUri, says: Says) -> Result<Vec<u8>> {
        let composer = Composer::new(&self.user.to_string(), &uri.to_string())?;
        let salt = Salt::generate(&mut self.rng);
        let builder = match says {
            Says::Text(words) => composer.message(salt, Text::plain(words)),
            Says::Reply(to, words) => composer.reply(salt, to, Text::plain(words)),
            Says::React(to, reaction) => composer.react(salt, to, &reaction),
            Says::Edit(first, words) => {
                composer.edit(salt, first, &self.latest(uri, &first)?, Text::plain(words))?
            }
            Says::Delete(first) => composer.delete(salt, first, &self.latest(uri, &first)?)?,
            Says::Attach(media_type, name, mut content) => {
                let sealed = Attachment::seal(AeadAlgorithm::AES_128_GCM, &mut content, &mut self.rng)?;
                let url = String::from_utf8(self.api.post("assets", content).await?)?;
                let mut part = sealed.into_part(url, media_type);
                part.filename = name;
                composer.compose(salt, NestedPart::external(Disposition::ATTACHMENT, "", part))
            }
        };
        Ok(builder.build()?.encode())
    }

    fn latest(&self, uri: &RoomUri, first: &MessageId) -> Result<MimiContent> {
        let timeline = self.timeline(uri)?;
        let entry = timeline.entry(first).ok_or("no such message")?;
        let version = entry.current();
        Ok(MimiContent::decode(version.payload().ok_or("its content is gone")?)?)
    }

    /// Submits a message that was stored. The inner error is the hub's refusal.
    async fn submit(&mut self, unsent: &Unsent) -> Result<Result<MessageId, String>> {
        let body = unsent.request.clone();
        let answer = self.ask(Endpoint::SubmitMessage, unsent.room.as_bytes(), body).await?;
        match SubmitMessageResponse::decode_exact(&answer)?.status_code {
            SubmitResult::Accepted { accepted_timestamp, frank } => {
                let row = self.own_row(unsent, accepted_timestamp, frank.as_ref())?;
                let id = MessageId::try_from(row.id.as_slice()).map_err(|_| "not a message ID")?;
                self.save(move |tx| row.write(tx))?;
                Ok(Ok(id))
            }
            refused => {
                self.files.give_up(&unsent.digest)?;
                Ok(Err(format!("the hub refuses the message: {:?}", refused.code())))
            }
        }
    }

    pub(super) async fn resend_messages(&mut self) -> Result<()> {
        for unsent in self.files.unsent()? {
            if self.rooms.contains_key(&unsent.room) {
                // A refusal is final; the message is gone then.
                let _ = self.submit(&unsent).await?;
            }
        }
        Ok(())
    }

    /// What makes an own message known again: what is encrypted.
    fn digest(&self, request: &SubmitMessageRequest) -> Result<Vec<u8>> {
        Ok(self.suite.hash(&[&request.app_message.get().to_bytes()?]))
    }

    /// An own message with the hub's time and frank, which the sender verifies as all others do.
    fn own_row(&self, unsent: &Unsent, accepted_ms: u64, frank: Option<&Frank>) -> Result<MessageRow> {
        let room = self.rooms.get(&unsent.room).ok_or("this client is not in the room")?;
        let aad = FrankAAD::decode_exact(&unsent.frank_aad)?;
        let validate = |agent: &FrankingAgentData| self.authority.franking_agent(agent, room.hub());
        let message = (unsent.data.as_slice(), Some(&aad), frank);
        let frank =
            room.verify_own_frank(&self.suite, &FRAMING, message, accepted_ms, &self.user, validate)?;
        let frank = frank.map(|verified| verified.store().to_bytes()).transpose()?;
        let sender = self.user.to_string();
        let id = MimiContentRef::decode(&unsent.data)?.message_id(&sender, &unsent.room.to_string())?;
        Ok(MessageRow {
            room: unsent.room.clone(),
            id: id.as_bytes().to_vec(),
            sender,
            accepted_ms,
            data: unsent.data.clone(),
            frank,
            answers: Some(unsent.digest.clone()),
        })
    }

    /// A message that the hub has fanned out: of another, or an own one whose answer was perhaps
    /// lost.
    pub(super) fn take_message(
        &mut self,
        uri: &RoomUri,
        message: FanoutMessage,
    ) -> Result<(String, Option<MessageRow>)> {
        let digest = self.suite.hash(&[&message.message().to_bytes()?]);
        if self.files.was_sent(&digest)? {
            return Ok(("own message".to_owned(), None));
        }
        if let Some(unsent) = self.files.unsent()?.into_iter().find(|it| it.digest == digest) {
            let FanoutEvent::Application { frank, .. } = message.event() else {
                return Err("not a message".into());
            };
            let row = self.own_row(&unsent, message.timestamp(), frank.as_ref())?;
            return Ok(("own message".to_owned(), Some(row)));
        }
        let timeline = self.timeline(uri)?;
        let (authority, suite) = (self.authority.clone(), self.suite);
        let room = self.room_mut(uri)?;
        let Event::Message(event) = room.receive(&suite, &authority, message)? else {
            return Err("not a message".into());
        };
        let validate = |agent: &FrankingAgentData| authority.franking_agent(agent, room.hub());
        let frank = room.verify_frank(&suite, &FRAMING, &event, validate)?;
        let frank = frank.map(|verified| verified.store().to_bytes()).transpose()?;
        let content = MimiContentRef::decode(&event.application_data)?;
        let sender = &event.sender.user;
        let holds = |capability| room.room().policy().has_capability(sender, capability);
        let act =
            authorize(&content, sender, &Looking { timeline: &timeline, room: room.room() }, holds)?.act();
        let id = content.message_id(&sender.to_string(), &uri.to_string())?;
        let row = MessageRow {
            room: uri.clone(),
            id: id.as_bytes().to_vec(),
            sender: sender.to_string(),
            accepted_ms: event.accepted_at,
            data: event.application_data.clone(),
            frank,
            answers: None,
        };
        Ok((format!("{act:?} by {sender}"), Some(row)))
    }

    /// What is shown of a room, in order.
    ///
    /// # Errors
    /// If the database fails.
    pub fn read(&self, uri: &RoomUri) -> Result<Vec<Shown>> {
        let timeline = self.timeline(uri)?;
        let now_ms = SystemClock.now_ms();
        let shown = timeline.entries().map(|entry| {
            let current = entry.current();
            let text = current.payload().filter(|_| entry.deletion().is_none()).map(|data| words(data));
            let reactions = entry.reactions(now_ms);
            Shown {
                id: entry.message_id(),
                sender: entry.sender_uri().to_owned(),
                accepted_ms: entry.accepted_ms(),
                text,
                is_edited: entry.is_edited(),
                reactions: reactions.iter().map(|it| reaction(it.content())).collect(),
            }
        });
        Ok(shown.collect())
    }

    /// Fetches an attached file through the room's hub, and checks and decrypts it.
    ///
    /// # Errors
    /// If the message has none, or it is not what its sender has sent.
    pub async fn download(&self, uri: &RoomUri, id: &MessageId) -> Result<Vec<u8>> {
        self.fetch(uri, id, false).await
    }

    /// Fetches an attached file as [`Self::download`] does, by Oblivious HTTP: the own provider
    /// learns neither what is fetched nor from whom, and the hub does not learn who fetches it.
    ///
    /// # Errors
    /// Those of [`Self::download`], or if the hub has no gateway.
    pub async fn download_obliviously(&self, uri: &RoomUri, id: &MessageId) -> Result<Vec<u8>> {
        self.fetch(uri, id, true).await
    }

    async fn fetch(&self, uri: &RoomUri, id: &MessageId, obliviously: bool) -> Result<Vec<u8>> {
        let latest = self.latest(uri, id)?;
        let data = latest.encode();
        let content = MimiContentRef::decode(&data)?;
        let PartRef::External(part) = &content.body().part else { return Err("no file is attached".into()) };
        let hub = Self::hub_of(uri)?;
        let mut stored = if obliviously {
            let path = format!("oblivious/{}", hub.as_str());
            let (request, opener) = oblivious::request(&self.api.get(&path).await?, part.url)?;
            opener.open(&self.api.post(&path, request).await?)?
        } else {
            let url = encode_path_segment(part.url.as_bytes())?;
            self.api.get(&format!("download/{}/{url}", hub.as_str())).await?
        };
        Ok(part.open(&mut stored, SystemClock.now_ms())?.to_vec())
    }

    /// Reports a message to the hub.
    ///
    /// # Errors
    /// If the message is not there or was not franked, or the user may not report.
    pub async fn report(&self, uri: &RoomUri, id: &MessageId, note: &str) -> Result<Verdict> {
        let messages = self.files.messages(uri)?;
        let row = messages.iter().find(|row| row.id == id.as_bytes()).ok_or("no such message")?;
        let frank = row.frank.as_ref().ok_or("the message was not franked")?;
        let frank = StoredFrank::<Signed>::from_bytes(frank)?;
        let reported = Reported { application_data: &row.data, frank: &frank };
        let room = self.rooms.get(uri).ok_or("this client is not in the room")?;
        let sender = UserUri::try_from(row.sender.as_str())?;
        let report = room.report(Framing::Bare, &sender, note, &[reported])?;
        self.ask(Endpoint::ReportAbuse, uri.as_bytes(), report.to_bytes()?).await?;
        Ok(Verdict::Accepted)
    }
}

/// What a message says, for people.
fn words(data: &[u8]) -> String {
    let Ok(content) = MimiContentRef::decode(data) else { return String::new() };
    match &content.body().part {
        PartRef::Single(single) => String::from_utf8_lossy(single.content).into_owned(),
        PartRef::External(part) => format!("[file {}, {} bytes]", part.filename, part.size),
        _ => String::new(),
    }
}

fn reaction(content: &ReactionContent) -> String {
    match content {
        ReactionContent::Text(text) => text.to_string(),
        _ => "other".to_owned(),
    }
}
