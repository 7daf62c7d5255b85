//! From the fields of a message to the capabilities that it takes.

use alloc::{string::ToString, vec::Vec};
use core::fmt;

use mimi_codec::{CapabilityType, MimiUriRef};
use mimi_content::timeline::{TimelineAction, TimelineChange};
use mimi_content::{Disposition, MimiContentRef, NestedPartRef, PartIndex, PartRef, media_types};

use super::{ClientKnowledge, ContentRefusal, EarlierMessage, EncodedMessage, first_link};
use crate::UserUri;
use crate::component::asset::AssetKind;
use crate::enforcement::{EnforcedBy, enforced_by};

/// How many forwarded messages may lie inside one another. Deeper ones are refused, since they are
/// not looked at.
pub const MAX_FORWARDED: usize = 4;

/// What a message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageAction {
    /// It says something.
    Send,
    /// It replies to a message.
    Reply,
    /// It reacts to a message.
    React,
    /// It puts other content into a message of its sender.
    EditOwnMessage,
    /// It moves a message of its sender to another topic.
    EditOwnTopic,
    /// It moves another user's message to another topic.
    EditOtherTopic,
    /// It retracts a message of its sender.
    DeleteOwnMessage,
    /// It retracts another user's message.
    DeleteOtherMessage,
    /// It replaces a reaction of its sender by another.
    EditReaction,
    /// It takes a reaction of its sender back.
    DeleteOwnReaction,
    /// It takes another user's reaction back.
    DeleteOtherReaction,
}

impl MessageAction {
    /// The capability that is for this act on an earlier message; `None` for what changes no
    /// earlier message.
    #[must_use]
    pub const fn capability(self) -> Option<CapabilityType> {
        Some(match self {
            Self::Send | Self::Reply | Self::React => return None,
            Self::EditOwnMessage => CapabilityType::CAN_EDIT_OWN_MESSAGE,
            Self::EditOwnTopic => CapabilityType::CAN_EDIT_OWN_TOPIC,
            Self::EditOtherTopic => CapabilityType::CAN_EDIT_OTHER_TOPIC,
            Self::DeleteOwnMessage => CapabilityType::CAN_DELETE_OWN_MESSAGE,
            Self::DeleteOtherMessage => CapabilityType::CAN_DELETE_OTHER_MESSAGE,
            Self::EditReaction => CapabilityType::CAN_EDIT_REACTION,
            Self::DeleteOwnReaction => CapabilityType::CAN_DELETE_OWN_REACTION,
            Self::DeleteOtherReaction => CapabilityType::CAN_DELETE_OTHER_REACTION,
        })
    }
}

/// Why a message takes a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequirementReason {
    /// It is a message.
    Message,
    /// It says to which message it replies.
    InReplyTo,
    /// It has the topic of the message that it replies to.
    SameTopic,
    /// It has a topic of its own.
    Topic,
    /// Its body, or a part of it, is a reaction.
    Reaction {
        /// Which part.
        part: PartIndex,
    },
    /// It replaces a message.
    Replaces,
    /// It replaces a message and has another topic.
    OtherTopic,
    /// A part lies outside of the message.
    Upload {
        /// Which part; for one of a forwarded message, the part that holds that message.
        part: PartIndex,
        /// What it counts as.
        kind: AssetKind,
    },
    /// A part holds a link.
    Link {
        /// Which part; for one of a forwarded message, the part that holds that message.
        part: PartIndex,
    },
    /// A part is a preview.
    Preview {
        /// Which part; for one of a forwarded message, the part that holds that message.
        part: PartIndex,
    },
}

impl fmt::Display for RequirementReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message => f.write_str("it is a message"),
            Self::InReplyTo => f.write_str("it replies to a message"),
            Self::SameTopic => f.write_str("it replies in the topic of a message"),
            Self::Topic => f.write_str("it sets a topic"),
            Self::Reaction { part } => write!(f, "part {part} is a reaction"),
            Self::Replaces => f.write_str("it replaces a message"),
            Self::OtherTopic => f.write_str("it moves a message to another topic"),
            Self::Upload { part, kind } => write!(f, "part {part} is an upload of kind {kind}"),
            Self::Link { part } => write!(f, "part {part} holds a link"),
            Self::Preview { part } => write!(f, "part {part} is a preview"),
        }
    }
}

/// A capability that a message takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequiredCapability {
    /// The capability.
    pub capability: CapabilityType,
    /// Why, or the first of several reasons.
    pub why: RequirementReason,
}

impl RequiredCapability {
    /// Who can see to it.
    #[must_use]
    pub const fn enforced_by(self) -> EnforcedBy {
        enforced_by(self.capability)
    }
}

/// What a message does, and the capabilities that it takes, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    act: MessageAction,
    needs: Vec<RequiredCapability>,
    provisional: bool,
}

impl Requirements {
    /// Reads a message that the user `sender` sent or is about to send.
    ///
    /// Where a message that it refers to isn't known, its own fields have to do: it edits or
    /// deletes the sender's own, an empty part with the disposition `reaction` takes back a
    /// reaction, and a reply with a topic stays in the topic.
    ///
    /// # Errors
    /// [`ContentRefusal`] for what no capability allows.
    pub fn of(
        message: &MimiContentRef<'_>,
        sender: &UserUri,
        known: &impl ClientKnowledge,
    ) -> Result<Self, ContentRefusal> {
        let mut found = Self { act: MessageAction::Send, needs: Vec::new(), provisional: false };
        found.add(CapabilityType::CAN_SEND_MESSAGE, RequirementReason::Message);
        match message.replaces() {
            Some(target) => {
                let target = known.earlier(&target);
                found.provisional = target.is_none();
                found.act = replacement(message, sender, target.as_ref())?;
                found.add_replacement(message, target);
            }
            None => found.add_new(message, known),
        }
        if !matches!(found.act, MessageAction::EditOwnTopic | MessageAction::EditOtherTopic) {
            found.add_content(message, known)?;
        }
        Ok(found)
    }

    /// What a change takes about which a [timeline](mimi_content::timeline) asks, of `known` with
    /// the participants alone.
    ///
    /// Body and topic are asked about one by one, each as if it were all.
    ///
    /// # Errors
    /// [`ContentRefusal`] for what no capability allows, and for an edit whose content isn't at
    /// hand.
    pub fn of_change<P: EncodedMessage>(
        change: &TimelineChange<'_, P>,
        known: &impl ClientKnowledge,
    ) -> Result<Self, ContentRefusal> {
        let anothers = || ContentRefusal::EditsAnothers { author: change.target.sender_uri.into() };
        let act = match (change.action, change.is_own()) {
            (TimelineAction::EditMessage, true) => MessageAction::EditOwnMessage,
            (TimelineAction::EditReaction, true) => MessageAction::EditReaction,
            (TimelineAction::EditMessage | TimelineAction::EditReaction, false) => return Err(anothers()),
            (TimelineAction::DeleteMessage, true) => MessageAction::DeleteOwnMessage,
            (TimelineAction::DeleteMessage, false) => MessageAction::DeleteOtherMessage,
            (TimelineAction::DeleteReaction, true) => MessageAction::DeleteOwnReaction,
            (TimelineAction::DeleteReaction, false) => MessageAction::DeleteOtherReaction,
            (TimelineAction::ChangeTopic, true) => MessageAction::EditOwnTopic,
            (TimelineAction::ChangeTopic, false) => MessageAction::EditOtherTopic,
        };
        let mut found = Self { act, needs: Vec::new(), provisional: false };
        found.add(CapabilityType::CAN_SEND_MESSAGE, RequirementReason::Message);
        found.add_act();
        if matches!(act, MessageAction::EditOwnMessage | MessageAction::EditReaction) {
            let encoded = change.payload.and_then(EncodedMessage::encoded);
            let encoded = encoded.ok_or(ContentRefusal::NotAtHand)?;
            let message = MimiContentRef::decode(&encoded).map_err(|_| ContentRefusal::NotAtHand)?;
            found.add_content(&message, known)?;
        }
        Ok(found)
    }

    /// The same, if the holder of these capabilities has all that it takes.
    pub(super) fn check(self, holds: impl Fn(CapabilityType) -> bool) -> Result<Self, ContentRefusal> {
        match self.needs.iter().find(|need| !holds(need.capability)) {
            Some(lacking) => Err(ContentRefusal::Lacks(*lacking)),
            None => Ok(self),
        }
    }

    /// What the message does.
    #[must_use]
    pub const fn act(&self) -> MessageAction {
        self.act
    }

    /// The capabilities that it takes, canSendMessage first.
    #[must_use]
    pub fn needs(&self) -> &[RequiredCapability] {
        &self.needs
    }

    /// The capabilities alone, all at once.
    pub fn capabilities(&self) -> impl Iterator<Item = CapabilityType> {
        self.needs.iter().map(|need| need.capability)
    }

    /// Whether they may become others when the message comes that this one refers to.
    #[must_use]
    pub const fn is_provisional(&self) -> bool {
        self.provisional
    }

    fn takes(&self, capability: CapabilityType) -> bool {
        self.needs.iter().any(|need| need.capability == capability)
    }

    fn add(&mut self, capability: CapabilityType, why: RequirementReason) {
        if !self.takes(capability) {
            self.needs.push(RequiredCapability { capability, why });
        }
    }

    /// A message that doesn't replace another.
    fn add_new(&mut self, message: &MimiContentRef<'_>, known: &impl ClientKnowledge) {
        let in_reply_to = message.in_reply_to();
        let topic_id = message.topic_id();
        // Whether the topic is that of the message that it replies to; by its own fields if that
        // isn't known.
        let same_topic = !topic_id.is_empty()
            && in_reply_to.is_some_and(|target| match known.earlier(&target) {
                Some(target) => target.topic_id == topic_id,
                None => {
                    self.provisional = true;
                    true
                }
            });
        if is_reaction(message) {
            self.act = MessageAction::React;
            self.add(
                CapabilityType::CAN_REACT_TO_MESSAGE,
                RequirementReason::Reaction { part: PartIndex(0) },
            );
        } else if in_reply_to.is_some() {
            self.act = MessageAction::Reply;
            if !same_topic {
                self.add(CapabilityType::CAN_REPLY_TO_MESSAGE, RequirementReason::InReplyTo);
            }
        }
        if same_topic {
            self.add(CapabilityType::CAN_REPLY_IN_TOPIC, RequirementReason::SameTopic);
        } else if !topic_id.is_empty() {
            self.add(CapabilityType::CAN_START_TOPIC, RequirementReason::Topic);
        }
    }

    /// What the act on an earlier message takes.
    fn add_act(&mut self) {
        let Some(capability) = self.act.capability() else { return };
        let why = match self.act {
            MessageAction::EditOwnTopic | MessageAction::EditOtherTopic => RequirementReason::OtherTopic,
            _ => RequirementReason::Replaces,
        };
        self.add(capability, why);
    }

    /// A message that replaces another.
    fn add_replacement(&mut self, message: &MimiContentRef<'_>, target: Option<EarlierMessage<'_>>) {
        self.add_act();
        // A deletion is final: its topic does not count.
        if matches!(self.act, MessageAction::EditOwnMessage | MessageAction::EditReaction)
            && target.is_some_and(|target| target.topic_id != message.topic_id())
        {
            self.add(CapabilityType::CAN_EDIT_OWN_TOPIC, RequirementReason::OtherTopic);
        }
    }

    /// What the parts take.
    fn add_content(
        &mut self,
        message: &MimiContentRef<'_>,
        known: &impl ClientKnowledge,
    ) -> Result<(), ContentRefusal> {
        for (part, nested) in indexed(message) {
            if nested.disposition == Disposition::REACTION && !is_reaction(message) && !is_deletion(message) {
                self.add(CapabilityType::CAN_REACT_TO_MESSAGE, RequirementReason::Reaction { part });
            }
            self.add_part(nested, part, known);
            if let Some(content) = forwarded(nested) {
                self.add_forwarded(content, part, known)?;
            }
        }
        Ok(())
    }

    /// What the parts of forwarded messages take, all in the name of the part that holds the
    /// outermost.
    fn add_forwarded(
        &mut self,
        content: &[u8],
        part: PartIndex,
        known: &impl ClientKnowledge,
    ) -> Result<(), ContentRefusal> {
        let mut level = alloc::vec![content];
        for _ in 0..MAX_FORWARDED {
            let mut inside = Vec::new();
            for content in level {
                // What can't be read isn't shown by anybody.
                let Ok(message) = MimiContentRef::decode(content) else { continue };
                for (_, nested) in indexed(&message) {
                    self.add_part(nested, part, known);
                    inside.extend(forwarded(nested));
                }
            }
            if inside.is_empty() {
                return Ok(());
            }
            level = inside;
        }
        Err(ContentRefusal::ForwardedTooDeeply { part })
    }

    fn add_part(&mut self, nested: &NestedPartRef<'_>, part: PartIndex, known: &impl ClientKnowledge) {
        if nested.disposition == Disposition::PREVIEW && !matches!(nested.part, PartRef::Null) {
            self.add(CapabilityType::CAN_SEND_LINK_PREVIEW, RequirementReason::Preview { part });
        }
        let (content_type, text) = match &nested.part {
            PartRef::External(external) => {
                let kind = AssetKind::of_part(nested.disposition, external.content_type);
                self.add(kind.upload_capability(), RequirementReason::Upload { part, kind });
                (media_types::PLAIN_TEXT, external.description.as_bytes())
            }
            PartRef::Single(single) => (single.content_type, single.content),
            PartRef::Null | PartRef::Multi(_) => return,
        };
        // One link is as good as many: the search ends at the first.
        if !self.takes(CapabilityType::CAN_SEND_LINK)
            && first_link(content_type, text, |uri| is_mention(uri, known)).is_some()
        {
            self.add(CapabilityType::CAN_SEND_LINK, RequirementReason::Link { part });
        }
    }
}

fn indexed<'p, 'a>(
    message: &'p MimiContentRef<'a>,
) -> impl Iterator<Item = (PartIndex, &'p NestedPartRef<'a>)> {
    (0..=u16::MAX).map(PartIndex).zip(message.parts())
}

fn is_reaction(message: &MimiContentRef<'_>) -> bool {
    message.body().disposition == Disposition::REACTION
}

fn is_deletion(message: &MimiContentRef<'_>) -> bool {
    matches!(message.body().part, PartRef::Null)
}

/// A link to a user who is in the room (mimi-content-09 §9.5).
fn is_mention(uri: &str, known: &impl ClientKnowledge) -> bool {
    MimiUriRef::parse(uri).is_ok_and(|parsed| parsed.kind().names_user())
        && UserUri::try_from(uri).is_ok_and(|user| known.is_participant(&user))
}

/// The message that a part forwards.
fn forwarded<'a>(nested: &NestedPartRef<'a>) -> Option<&'a [u8]> {
    let PartRef::Single(single) = &nested.part else { return None };
    let media_type = single.content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case(media_types::MIMI_CONTENT).then_some(single.content)
}

/// What a message does that replaces `target`.
fn replacement(
    message: &MimiContentRef<'_>,
    sender: &UserUri,
    target: Option<&EarlierMessage<'_>>,
) -> Result<MessageAction, ContentRefusal> {
    let Some(target) = target else {
        return Ok(match (is_deletion(message), is_reaction(message)) {
            (true, true) => MessageAction::DeleteOwnReaction,
            (true, false) => MessageAction::DeleteOwnMessage,
            (false, true) => MessageAction::EditReaction,
            (false, false) => MessageAction::EditOwnMessage,
        });
    };
    let own = target.author == *sender;
    let of_reaction = target.disposition == Disposition::REACTION;
    if is_deletion(message) {
        return Ok(match (own, of_reaction) {
            (true, true) => MessageAction::DeleteOwnReaction,
            (true, false) => MessageAction::DeleteOwnMessage,
            (false, true) => MessageAction::DeleteOtherReaction,
            (false, false) => MessageAction::DeleteOtherMessage,
        });
    }
    let other_topic = target.topic_id != message.topic_id();
    if !own {
        // Where the original isn't at hand, the act is still no more than a move to another topic.
        let same = of_reaction == is_reaction(message)
            && target.content.is_none_or(|content| same_but_topic(content, message));
        return if other_topic && same {
            Ok(MessageAction::EditOtherTopic)
        } else {
            Err(ContentRefusal::EditsAnothers { author: target.author.to_string() })
        };
    }
    if of_reaction != is_reaction(message) {
        return Err(ContentRefusal::ChangesKind);
    }
    if other_topic && target.content.is_some_and(|content| same_but_topic(content, message)) {
        return Ok(MessageAction::EditOwnTopic);
    }
    Ok(if of_reaction { MessageAction::EditReaction } else { MessageAction::EditOwnMessage })
}

/// Whether body, expiration and the message that is replied to are the same. Salt and extensions
/// belong to each message.
fn same_but_topic(original: &MimiContentRef<'_>, message: &MimiContentRef<'_>) -> bool {
    original.parts() == message.parts()
        && original.expires() == message.expires()
        && original.in_reply_to() == message.in_reply_to()
}
