//! Messages: composed before mimi-room commits to them and encrypts them; judged by their content
//! and folded into a timeline after it has decrypted them.

use mimi_codec::{
    RoomUri, UserUri,
    protocol::{AbuseReport, FanoutMessage, Frank, FrankAAD, FrankingAgentData, SubmitMessageRequest},
};
use mimi_content::{
    Composer, Disposition, MessageExtensions, MessageId, MessageStatus, MessageStatusReport, MimiContent,
    MimiContentBuilder, MimiContentRef, NestedPart, Salt, Text,
    media_types::MIMI_MESSAGE_STATUS,
    timeline::{self, Timeline},
};
use mimi_franking::{
    Framing, MimiFrankable, Signed, StoredFrank, VerifiedFrank, report::AbuseReportBuilder,
    set_sender_and_room,
};
use mimi_policy::message::{ClientKnowledge, EarlierMessage, MessageAction, authorize};
use mimi_room::client::Event;

use super::{Client, Membership};
use crate::Result;

/// How the rooms of this story frame their messages.
const FRAMING: MimiFrankable = MimiFrankable::new(Framing::Bare);

/// Whether a client asks the room's policy before it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It does, as every client should.
    Asks,
    /// It does not: a villain has changed it. Others have to notice.
    DoesntAsk,
}

/// A message on its way to the hub, as its sender keeps it.
#[derive(Clone, Debug)]
pub struct Unsent {
    application_data: Vec<u8>,
    frank_aad: FrankAAD,
}

/// What a person does with the keyboard.
#[derive(Clone, Debug)]
pub enum Says {
    /// Says something.
    Text(&'static str),
    /// Replies to a message.
    Reply(MessageId, &'static str),
    /// Reacts to a message.
    React(MessageId, &'static str),
    /// Puts other words into an own message.
    Edit(MessageId, &'static str),
    /// Takes a message back.
    Delete(MessageId),
    /// Has read messages.
    HasRead(Vec<MessageId>),
}

/// A message that a client keeps: the bytes that were sent, and the hub's word for it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What was encrypted.
    pub application_data: Vec<u8>,
    /// What a report needs; there is none if no user franked the message.
    pub frank: Option<StoredFrank<Signed>>,
}

/// The conversation, as a client folds it.
pub type Conversation = Timeline<Kept, timeline::NotAuthorizedError>;

/// What a client made of a message.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its ID.
    pub id: MessageId,
    /// Who sent it.
    pub sender: UserUri,
    /// What it does.
    pub act: MessageAction,
    /// What it says, for people.
    pub text: String,
}

/// What a client knows when it looks at a message.
struct Looking<'a> {
    membership: &'a Membership,
}

impl ClientKnowledge for Looking<'_> {
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
        let entry = self.membership.timeline.entry(id)?;
        let first = entry.first();
        let (disposition, topic_id) = (first.disposition(), first.topic_id());
        let author = UserUri::try_from(first.sender_uri()).ok()?;
        Some(EarlierMessage { author, disposition, topic_id, content: None })
    }

    fn is_participant(&self, user: &UserUri) -> bool {
        self.membership.room.room().role_of(user).is_some()
    }
}

impl Client {
    /// Composes a message, commits to it and encrypts it. It counts once the hub has accepted it:
    /// see [`Client::sent`].
    ///
    /// # Errors
    /// If the user may not send it: a client asks itself before it asks the hub.
    pub fn say(
        &mut self,
        uri: &RoomUri,
        says: &Says,
        conduct: Conduct,
    ) -> Result<(SubmitMessageRequest, Unsent)> {
        let own = self.identity.user.to_string();
        let salt = Salt::generate(&mut self.rng);
        let membership = self.room_mut(uri)?;
        let content = membership.compose((&own, &uri.to_string()), salt, says)?.build()?;
        let application_data = content.encode();
        if conduct == Conduct::Asks {
            membership.authorize(&application_data, &own)?;
        }
        let composed = membership.room.send(&FRAMING, &application_data)?;
        Ok((composed.request, Unsent { application_data, frank_aad: composed.frank_aad }))
    }

    /// The hub has accepted a message: the sender's own copy, with the hub's time and frank, which
    /// it verifies as any other's.
    ///
    /// # Errors
    /// If the frank is wrong.
    pub fn sent(
        &mut self,
        uri: &RoomUri,
        unsent: &Unsent,
        accepted_timestamp: u64,
        frank: Option<&Frank>,
    ) -> Result<MessageId> {
        let user = self.identity.user.clone();
        let Unsent { application_data, frank_aad } = unsent;
        let (authority, room) = (self.authority.clone(), &self.room(uri)?.room);
        let validate = |agent: &FrankingAgentData| authority.franking_agent(agent, room.hub());
        let message = (application_data.as_slice(), Some(frank_aad), frank);
        let verified =
            room.verify_own_frank(&self.suite, &FRAMING, message, accepted_timestamp, &user, validate)?;
        Ok(self.keep(uri, &user, application_data, verified, accepted_timestamp)?.id)
    }

    /// A message that the hub has fanned out. What is wrong with it, no hub could see; it has no
    /// effect then.
    pub(super) fn read(&mut self, uri: &RoomUri, message: FanoutMessage) -> Result<Read> {
        let membership = self.rooms.get_mut(uri).ok_or("this client is not in the room")?;
        let Event::Message(event) = membership.room.receive(&self.suite, &self.authority, message)? else {
            return Err("not a message".into());
        };
        let (authority, room) = (&self.authority, &membership.room);
        let validate = |agent: &FrankingAgentData| authority.franking_agent(agent, room.hub());
        let verified = room.verify_frank(&self.suite, &FRAMING, &event, validate)?;
        self.keep(uri, &event.sender.user, &event.application_data, verified, event.accepted_at)
    }

    fn keep(
        &mut self,
        uri: &RoomUri,
        sender: &UserUri,
        application_data: &[u8],
        frank: Option<VerifiedFrank<Signed>>,
        accepted_timestamp: u64,
    ) -> Result<Read> {
        let by = sender.to_string();
        let membership = self.room_mut(uri)?;
        let act = membership.authorize(application_data, &by)?;
        let content = MimiContentRef::decode(application_data)?;
        let id = content.message_id(&by, &uri.to_string())?;
        let received = timeline::TimelineMessage::new(id, &by, accepted_timestamp, &content);
        let frank = frank.map(|verified| verified.store());
        let kept = Kept { application_data: application_data.to_vec(), frank };
        let _ = membership.timeline.insert(received, kept, &timeline::sender_only);
        Ok(Read { id, sender: sender.clone(), act, text: words(&content) })
    }

    /// A report about a message (mimi-protocol-06 §5.9), from what the client has kept of it.
    ///
    /// # Errors
    /// If it is not there, or was not franked.
    pub fn report(&self, uri: &RoomUri, id: &MessageId, note: &str) -> Result<AbuseReport> {
        let version = self.room(uri)?.timeline.get(id).ok_or("no such message")?;
        let kept = version.payload().ok_or("its content is gone")?;
        let frank = kept.frank.as_ref().ok_or("it was not franked")?;
        let report = AbuseReportBuilder::new(&UserUri::try_from(version.sender_uri())?, uri.clone());
        let report = report.reporting_user(&self.identity.user).note(note);
        Ok(report.message(&FRAMING, &kept.application_data, frank)?.build())
    }
}

impl Membership {
    /// Whether the sender may send this, by what the room's policy says of its content
    /// (mimi-room-policy-04 §8.3): no hub can tell.
    fn authorize(&self, application_data: &[u8], sender: &str) -> Result<MessageAction> {
        let content = MimiContentRef::decode(application_data)?;
        let user = UserUri::try_from(sender)?;
        let holds = |capability| self.room.room().policy().has_capability(&user, capability);
        Ok(authorize(&content, &user, &Looking { membership: self }, holds)?.act())
    }

    fn compose(&self, (sender, room): (&str, &str), salt: Salt, says: &Says) -> Result<MimiContentBuilder> {
        let composer = Composer::new(sender, room)?;
        let latest = |id: &MessageId| -> Result<MimiContent> {
            let entry = self.timeline.entry(id).ok_or("no such message")?;
            let kept = entry.current().payload().ok_or("its content is gone")?;
            Ok(MimiContent::decode(&kept.application_data)?)
        };
        Ok(match says {
            Says::Text(words) => composer.message(salt, Text::plain(*words)),
            Says::Reply(to, words) => composer.reply(salt, *to, Text::plain(*words)),
            Says::React(to, reaction) => composer.react(salt, *to, reaction),
            Says::Edit(first, words) => composer.edit(salt, *first, &latest(first)?, Text::plain(*words))?,
            Says::Delete(first) => composer.delete(salt, *first, &latest(first)?)?,
            Says::HasRead(ids) => {
                let report = MessageStatusReport::of(ids.iter().map(|id| (*id, MessageStatus::READ)));
                let part =
                    NestedPart::single(Disposition::UNSPECIFIED, "", MIMI_MESSAGE_STATUS, report.encode());
                // Sender and room stand in every message, or it couldn't be franked.
                let mut extensions = MessageExtensions::new();
                set_sender_and_room(&mut extensions, sender, room)?;
                MimiContent::builder(salt, part).extensions(extensions)
            }
        })
    }
}

/// What a message says, for people.
fn words(content: &MimiContentRef<'_>) -> String {
    match content.body().part {
        mimi_content::PartRef::Single(single) if single.content_type == MIMI_MESSAGE_STATUS => {
            "read".to_owned()
        }
        mimi_content::PartRef::Single(single) => String::from_utf8_lossy(single.content).into_owned(),
        _ => String::new(),
    }
}
