//! What is odd about a message, kept as evidence.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::chain::{OtherFields, Refused};
use super::{Message, Timeline, Version};
use crate::error::DecodeError;
use crate::message_id::MessageId;

/// Something about a message that has no effect, or that its receiver should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding<'t, R> {
    /// The edit or deletion was not allowed, and has no effect (section 9.3). The reason is the authorization's.
    NotAuthorized(&'t R),
    /// What it replaces is of another kind: a reaction cannot become a message or the other way round, and nothing replaces a status report or becomes one.
    OtherKind,
    /// The edit holds another topic than the original, which was not allowed; its topic has no effect.
    TopicNotAuthorized(&'t R),
    /// The edit holds other values than the original in fields that no edit changes; the original's hold (section 9.3).
    OtherFields {
        /// `expires`.
        expires: bool,
        /// `inReplyTo`.
        in_reply_to: bool,
        /// Extensions other than the sender, the room, the sender's timestamp, the external message ID and the last-seen list, which every message has for itself.
        extensions: bool,
    },
    /// An edit that was accepted after the deletion, and has no effect.
    AfterDeletion,
    /// Following `replaces` leads back to this message. It has no first instance.
    ReplacesLoop,
    /// Following `inReplyTo` leads back to this message.
    ReplyLoop,
    /// The hub gave more than one accepted timestamp; the earliest counts.
    AcceptedAgain {
        /// The latest one, in milliseconds since the UNIX epoch.
        last_ms: u64,
    },
    /// Another message came under this ID: see [`Timeline::different_content`].
    DifferentContent,
    /// A status report that it holds cannot be read.
    MalformedReport(&'t DecodeError),
}

impl<R: fmt::Display> fmt::Display for Finding<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAuthorized(why) => write!(f, "not authorized: {why}"),
            Self::OtherKind => f.write_str("what it replaces is of another kind"),
            Self::TopicNotAuthorized(why) => write!(f, "another topic, not authorized: {why}"),
            Self::OtherFields { expires, in_reply_to, extensions } => {
                let fields =
                    [(*expires, "expires"), (*in_reply_to, "inReplyTo"), (*extensions, "extensions")];
                f.write_str("an edit with other fields than the original:")?;
                fields.iter().filter(|(differs, _)| *differs).try_for_each(|(_, name)| write!(f, " {name}"))
            }
            Self::AfterDeletion => f.write_str("an edit after the deletion"),
            Self::ReplacesLoop => f.write_str("it replaces itself by way of others"),
            Self::ReplyLoop => f.write_str("it replies to itself by way of others"),
            Self::AcceptedAgain { last_ms } => write!(f, "accepted again at {last_ms} ms"),
            Self::DifferentContent => f.write_str("another message came under this message ID"),
            Self::MalformedReport(error) => write!(f, "a malformed status report: {error}"),
        }
    }
}

/// A message that came under the ID of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferentContent<P> {
    /// The ID.
    pub message_id: MessageId,
    /// Who sent it, from MLS.
    pub sender_uri: String,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
    /// What the caller keeps of it.
    pub payload: P,
}

impl<P, R> Timeline<P, R> {
    pub(super) fn is_suspect(&self, message: &Message<P, R>) -> bool {
        !self.findings(message).is_empty()
    }

    fn is_late(&self, message: &Message<P, R>) -> bool {
        let first = self.first_of(message.key.node).and_then(|first| self.message(first));
        first.and_then(|first| first.chain.as_ref()).is_some_and(|chain| chain.is_late(&message.key))
    }

    fn has_different_content(&self, id: MessageId) -> bool {
        let range = (id, [0; 16], 0)..=(id, [u8::MAX; 16], u32::MAX);
        self.different.range(range).next().is_some()
    }

    fn findings<'t>(&'t self, message: &'t Message<P, R>) -> Vec<Finding<'t, R>> {
        let mut found = Vec::new();
        if let Some(judgement) = &message.judgement {
            match &judgement.body {
                Err(Refused::NotAuthorized(why)) => found.push(Finding::NotAuthorized(why)),
                Err(Refused::OtherKind) => found.push(Finding::OtherKind),
                Ok(_) => {}
            }
            if let Some(Err(why)) = &judgement.topic {
                found.push(Finding::TopicNotAuthorized(why));
            }
            let OtherFields { expires, in_reply_to, extensions } = judgement.other_fields;
            if judgement.other_fields.any() {
                found.push(Finding::OtherFields { expires, in_reply_to, extensions });
            }
            if self.is_late(message) {
                found.push(Finding::AfterDeletion);
            }
        }
        if message.in_replaces_loop {
            found.push(Finding::ReplacesLoop);
        }
        if message.in_reply_loop {
            found.push(Finding::ReplyLoop);
        }
        if message.accepted_last_ms != message.key.accepted_ms {
            found.push(Finding::AcceptedAgain { last_ms: message.accepted_last_ms });
        }
        if self.has_different_content(message.key.id) {
            found.push(Finding::DifferentContent);
        }
        found.extend(message.malformed_report.as_ref().map(Finding::MalformedReport));
        found
    }
}

impl<'t, P, R> Version<'t, P, R> {
    /// Everything odd about the message, in the order of [`Finding`]'s variants.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding<'t, R>> {
        self.timeline.findings(self.message)
    }
}
