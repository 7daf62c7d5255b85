//! Messages: composed and committed to before they are encrypted; verified, judged and folded into a timeline after they are decrypted.

use mimi_codec::{
    DnsNameRef, RoomUri, match_presented_identities,
    mls::{Credential, MLSMessage, MLSMessageBody},
    protocol::{
        AbuseReport, ApplicationMessage, Frank, FrankAAD, IdentifierUri, Protocol, SubmitMessageRequest,
    },
};
use mimi_content::{
    Composer, Disposition, Extensions, MessageId, MessageStatus, MessageStatusReport, MimiContent,
    MimiContentBuilder, MimiContentRef, NestedPart, Salt, Text,
    media_types::MIMI_MESSAGE_STATUS,
    timeline::{self, Timeline},
};
use mimi_franking::{
    Framing, FrankingAgent, MimiFrankable, Signed, StoredFrank,
    receiver::{self, Received as Franked},
    report::AbuseReportBuilder,
    sender, set_sender_and_room,
};
use mimi_policy::{
    UserUri,
    message::{Act, EarlierMessage, Known, authorize},
};
use openmls::prelude::{ProcessedMessageContent, SafeAadItem, Sender};

use super::{Client, Conduct, Membership};
use crate::{Result, decision::text, stack};

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

/// A message that a client keeps: the octets that were sent, and the hub's word for it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What was encrypted.
    pub application_data: Vec<u8>,
    /// What a report needs; there is none if nobody franked the message.
    pub frank: Option<StoredFrank<Signed>>,
}

/// The conversation, as a client folds it.
pub type Conversation = Timeline<Kept, timeline::NotAuthorized>;

/// What a client made of a message.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its ID.
    pub id: MessageId,
    /// Who sent it.
    pub sender: IdentifierUri,
    /// What it does.
    pub act: Act,
    /// What it says, for people.
    pub text: String,
}

/// What a client knows when it looks at a message.
struct Looking<'a> {
    membership: &'a Membership,
}

impl Known for Looking<'_> {
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
        let entry = self.membership.timeline.entry(id)?;
        let first = entry.first();
        let (disposition, topic_id) = (first.disposition(), first.topic_id());
        Some(EarlierMessage { author: first.sender_uri(), disposition, topic_id, content: None })
    }

    fn is_participant(&self, user: &str) -> bool {
        user.try_into().is_ok_and(|user| self.membership.room.role_of(&user).is_some())
    }
}

impl Client {
    /// Composes a message, commits to it and encrypts it. It counts once the hub has accepted it: see [`Client::sent`].
    ///
    /// # Errors
    /// When the user may not send it: a client asks itself before it asks the hub.
    pub fn say(
        &mut self,
        room: &IdentifierUri,
        says: &Says,
        conduct: Conduct,
    ) -> Result<(SubmitMessageRequest, MimiContent)> {
        let (own, in_room) = (text(&self.identity.user), text(room));
        let salt = Salt::generate(&mut self.rng);
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let content = membership.compose((&own, &in_room), salt, says)?.build()?;
        let application_data = content.encode();
        if conduct == Conduct::Asks {
            membership.authorize(&application_data, &own)?;
        }

        // The tag goes into the Safe AAD, which MLS authenticates with the ciphertext (mimi-protocol, 5.4.1).
        let frankable = MimiFrankable::new(Framing::Bare);
        let own = mimi_codec::UserUri::try_from(&self.identity.user)?;
        let in_room = RoomUri::try_from(room)?;
        let commitment = sender::commit::<Signed>(&frankable, &application_data, &own, &in_room)?;
        let item = commitment.safe_aad_item()?;
        let item = SafeAadItem::new(item.component_id.0, item.aad_item_data.into_bytes());
        membership.group.set_safe_aad(vec![item])?;
        let message = membership.group.create_message(&self.mls, &self.key, &application_data)?;
        let message: MLSMessage = stack::of_openmls(&message)?;
        let request = SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: ApplicationMessage::new(message)?,
            sending_uri: commitment.sending_uri().into(),
        };
        Ok((request, content))
    }

    /// The hub has accepted a message: the sender's own copy, with the hub's time and frank, which it verifies as any other's.
    ///
    /// # Errors
    /// When the frank is wrong.
    pub fn sent(
        &mut self,
        room: &IdentifierUri,
        content: &MimiContent,
        accepted_timestamp: u64,
        frank: Option<&Frank>,
    ) -> Result<MessageId> {
        let application_data = content.encode();
        let frankable = MimiFrankable::new(Framing::Bare);
        let user = self.identity.user.clone();
        let own = mimi_codec::UserUri::try_from(&user)?;
        let in_room = RoomUri::try_from(room)?;
        let commitment = sender::commit::<Signed>(&frankable, &application_data, &own, &in_room)?;
        let frank_aad = Some(commitment.frank_aad());
        Ok(self.keep(room, &user, &application_data, frank_aad, frank, accepted_timestamp)?.id)
    }

    /// A message that the hub has fanned out. What is wrong with it, no hub could see; it has no effect then.
    pub(super) fn receive_message(
        &mut self,
        room: &IdentifierUri,
        message: &ApplicationMessage,
        frank: Option<&Frank>,
        accepted_timestamp: u64,
    ) -> Result<Read> {
        let processed = self.process(room, message.get())?;
        let context: mimi_codec::mls::GroupContext =
            stack::of_openmls(self.room(room)?.group.public_group().group_context())?;
        let MLSMessageBody::PrivateMessage { private_message } = &message.get().body else {
            return Err("no PrivateMessage".into());
        };
        // As the hub reads it. What it says is authentic now that the message was decrypted.
        let safe_aad = context.safe_aad(&private_message.authenticated_data)?.unwrap_or_default();
        let frank_aad = safe_aad.content::<FrankAAD>().transpose()?;
        let Sender::Member(leaf) = processed.sender().clone() else { return Err("not a member".into()) };
        let ProcessedMessageContent::ApplicationMessage(data) = processed.into_content() else {
            return Err("not an application message".into());
        };
        let member = self.room(room)?.roster.members.get(&leaf.u32()).ok_or("nobody's leaf")?;
        // The sender is whose leaf it is, whatever the message says of itself.
        let sender = member.user.clone();
        self.keep(room, &sender, &data.into_bytes(), frank_aad.as_ref(), frank, accepted_timestamp)
    }

    fn keep(
        &mut self,
        room: &IdentifierUri,
        sender: &IdentifierUri,
        application_data: &[u8],
        frank_aad: Option<&FrankAAD>,
        frank: Option<&Frank>,
        accepted_timestamp: u64,
    ) -> Result<Read> {
        let stored = {
            let membership = self.room(room)?;
            let context = stack::of_openmls(membership.group.public_group().group_context())?;
            let hub = crate::identity::domain_of(room)?;
            let domain = DnsNameRef::parse(&hub)?;
            let agent = FrankingAgent::of_group(&self.suite, &context, domain, |agent| {
                // The hub franks with the key by which it vouches for its clients.
                let Credential::Basic { identity } = &agent.credential else { return None };
                let named = identity.as_slice() == format!("mimi://{hub}").as_bytes();
                let known = self.authority.key_of(&hub) == Some(&agent.franking_signature_key);
                match_presented_identities(domain, [hub.as_str()]).ok().filter(|_| named && known)
            })?;
            let sender_uri = mimi_codec::UserUri::try_from(sender)?;
            let room_uri = RoomUri::try_from(room)?;
            let received = Franked {
                application_data,
                frank_aad,
                frank,
                accepted_timestamp,
                sender_uri: &sender_uri,
                room_uri: &room_uri,
            };
            let verified = receiver::verify(&agent, &MimiFrankable::new(Framing::Bare), &received)?;
            verified.map(|verified| verified.store())
        };
        let (by, in_room) = (text(sender), text(room));
        let membership = self.rooms.get_mut(room).ok_or("this client is not in the room")?;
        let act = membership.authorize(application_data, &by)?;
        let content = MimiContentRef::decode(application_data)?;
        let id = content.message_id(&by, &in_room)?;
        let received = timeline::Received::new(id, &by, accepted_timestamp, &content);
        let kept = Kept { application_data: application_data.to_vec(), frank: stored };
        let _ = membership.timeline.insert(received, kept, &timeline::sender_only);
        Ok(Read { id, sender: sender.clone(), act, text: words(&content) })
    }

    /// A report about a message (mimi-protocol, 5.9), from what the client has kept of it.
    ///
    /// # Errors
    /// When it isn't there, or was not franked.
    pub fn report(&self, room: &IdentifierUri, id: &MessageId, note: &str) -> Result<AbuseReport> {
        let version = self.room(room)?.timeline.get(id).ok_or("no such message")?;
        let kept = version.payload().ok_or("its content is gone")?;
        let frank = kept.frank.as_ref().ok_or("it was not franked")?;
        let abuser = mimi_codec::UserUri::try_from(version.sender_uri())?;
        let content = MimiFrankable::new(Framing::Bare);
        let report = AbuseReportBuilder::new(&abuser, RoomUri::try_from(room)?);
        let reporter = mimi_codec::UserUri::try_from(&self.identity.user)?;
        let report = report.reporting_user(&reporter).note(note);
        Ok(report.message(&content, &kept.application_data, frank)?.build())
    }
}

impl Membership {
    /// Whether the sender may send this, by what the room's policy says of its content (mimi-room-policy, 8.3): no hub can tell.
    fn authorize(&self, application_data: &[u8], sender: &str) -> Result<Act> {
        let content = MimiContentRef::decode(application_data)?;
        let user = UserUri::try_from(sender)?;
        let holds = |capability| self.room.has_capability(&user, capability);
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
                let mut extensions = Extensions::new();
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
