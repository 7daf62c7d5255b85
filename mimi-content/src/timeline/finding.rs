//! What is odd about a message, kept as evidence.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::memory::Node;
use super::row::{Acceptance, BodyChange, ChangeRefusal, Judgement, MessageRow, TimelinePlace};
use super::{Timeline, Version};
use crate::error::DecodeError;
use crate::message_id::MessageId;

/// Something about a message that has no effect, or that its receiver should know.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimelineFinding<'t, R> {
    /// The edit or deletion was not allowed, and has no effect (§9.3). The reason is the
    /// authorization's.
    NotAuthorized(&'t R),
    /// What it replaces is of another kind: a reaction cannot become a message or the other way
    /// round, and nothing replaces a status report or becomes one.
    OtherKind,
    /// The edit holds another topic than the original, which was not allowed; its topic has no
    /// effect.
    TopicNotAuthorized(&'t R),
    /// The edit holds other values than the original in fields that no edit changes; the original's
    /// hold (§9.3). An edit that holds none of the original's extensions is not one.
    OtherFields {
        /// `expires`.
        expires: bool,
        /// `inReplyTo`.
        in_reply_to: bool,
        /// Extensions other than the sender, the room, the sender's timestamp, the external message
        /// ID and the last-seen list, which every message has for itself.
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
    MalformedReport(&'t MalformedReport),
}

impl<R: fmt::Display> fmt::Display for TimelineFinding<'_, R> {
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

/// Why a status report cannot be read, as it is stored: what [`DecodeError`] says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MalformedReport {
    pub(super) offset: u64,
    pub(super) reason: Box<str>,
}

impl MalformedReport {
    pub(super) fn new(error: &DecodeError) -> Self {
        Self { offset: error.offset() as u64, reason: error.to_string().into_boxed_str() }
    }

    /// At which byte of the report.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Display for MalformedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// A message that came under the ID of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// How much a finding says about its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimelineSeverity {
    /// It happens among honest clients, by races, failovers and older programs.
    Odd,
    /// No honest client does it.
    Suspect,
}

impl<R> TimelineFinding<'_, R> {
    /// How much it says about the sender of the message.
    #[must_use]
    pub fn severity(&self) -> TimelineSeverity {
        match self {
            Self::OtherFields { .. } | Self::AfterDeletion | Self::AcceptedAgain { .. } => {
                TimelineSeverity::Odd
            }
            _ => TimelineSeverity::Suspect,
        }
    }
}

/// The fields besides body and topic in which a version differs from the original, to no effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OtherFields {
    pub(super) expires: bool,
    pub(super) in_reply_to: bool,
    pub(super) extensions: bool,
}

impl OtherFields {
    pub(super) fn any(self) -> bool {
        self.expires || self.in_reply_to || self.extensions
    }
}

/// Whether a message may have findings that do not depend on others.
pub(super) fn is_odd<R>(row: &MessageRow<R>) -> bool {
    let judged = row.judgement.as_ref().is_some_and(|judgement| {
        judgement.body.is_err() || matches!(judgement.topic, Some(Err(_))) || judgement.other_fields.any()
    });
    row.acceptance == Acceptance::Accepted
        && (judged
            || row.in_replaces_loop
            || row.in_reply_loop
            || row.malformed_report.is_some()
            || row.accepted_last_ms != row.place.accepted_ms)
}

/// All that findings depend on.
#[derive(Debug)]
pub struct FindingContext {
    /// The first [deletion](super::VersionOutcome::deletion) of what it replaces.
    pub deletion: Option<TimelinePlace>,
    /// Whether its body is that of the first instance, or of the last edit before it.
    pub is_same_body: bool,
    /// Whether there is a [`DifferentRow`](super::DifferentRow) under its ID.
    pub has_different: bool,
}

/// What is odd about a message.
pub(super) struct Facts<'t, R> {
    pub(super) judgement: Option<&'t Judgement<R>>,
    pub(super) place: TimelinePlace,
    pub(super) last_ms: u64,
    pub(super) loops: (bool, bool),
    pub(super) malformed: Option<&'t MalformedReport>,
    pub(super) is_retracted: bool,
    pub(super) context: FindingContext,
}

impl<'t, R> Facts<'t, R> {
    pub(super) fn findings(self) -> Vec<TimelineFinding<'t, R>> {
        let mut found = Vec::new();
        if let Some(judgement) = self.judgement {
            let moves = matches!(judgement.topic, Some(Ok(())));
            match &judgement.body {
                // The body of a message that only moves another one is not meant as an edit.
                Err(ChangeRefusal::NotAuthorized(_)) if moves && self.context.is_same_body => {}
                Err(ChangeRefusal::NotAuthorized(why)) => found.push(TimelineFinding::NotAuthorized(why)),
                Err(ChangeRefusal::OtherKind) => found.push(TimelineFinding::OtherKind),
                Ok(_) => {}
            }
            if let Some(Err(why)) = &judgement.topic {
                found.push(TimelineFinding::TopicNotAuthorized(why));
            }
            let OtherFields { expires, in_reply_to, extensions } = judgement.other_fields;
            if judgement.other_fields.any() {
                found.push(TimelineFinding::OtherFields { expires, in_reply_to, extensions });
            }
            let effective = moves || matches!(judgement.body, Ok(BodyChange::Edit));
            if effective
                && !self.is_retracted
                && self.context.deletion.is_some_and(|deletion| deletion < self.place)
            {
                found.push(TimelineFinding::AfterDeletion);
            }
        }
        let (in_replaces_loop, in_reply_loop) = self.loops;
        if in_replaces_loop {
            found.push(TimelineFinding::ReplacesLoop);
        }
        if in_reply_loop {
            found.push(TimelineFinding::ReplyLoop);
        }
        if self.last_ms != self.place.accepted_ms {
            found.push(TimelineFinding::AcceptedAgain { last_ms: self.last_ms });
        }
        if self.context.has_different {
            found.push(TimelineFinding::DifferentContent);
        }
        found.extend(self.malformed.map(TimelineFinding::MalformedReport));
        found
    }
}

impl<R> MessageRow<R> {
    /// Everything odd about the message, in the order of [`TimelineFinding`]'s variants. Of a
    /// message that the hub has not accepted there is none.
    #[must_use]
    pub fn findings(&self, context: FindingContext) -> Vec<TimelineFinding<'_, R>> {
        if self.acceptance != Acceptance::Accepted {
            return Vec::new();
        }
        let facts = Facts {
            judgement: self.judgement.as_deref(),
            place: self.place,
            last_ms: self.accepted_last_ms,
            loops: (self.in_replaces_loop, self.in_reply_loop),
            malformed: self.malformed_report.as_deref(),
            is_retracted: self.is_retracted,
            context,
        };
        facts.findings()
    }
}

impl<P, R> Timeline<P, R> {
    pub(super) fn findings(&self, node: Node) -> Vec<TimelineFinding<'_, R>> {
        let rows = &self.rows;
        let (Some(record), Some(place)) = (rows.record(node), rows.place(node)) else { return Vec::new() };
        if record.acceptance != Acceptance::Accepted || self.is_local_user(rows.sender(record)) {
            return Vec::new();
        }
        let first = record.first();
        let edit = first.and_then(|first| rows.edit_before_place(first, place));
        let is_same = |other: Option<Node>| {
            let other = other.and_then(|node| rows.record(node));
            other.is_some_and(|other| rows.body_digest(other) == rows.body_digest(record))
        };
        let context = FindingContext {
            deletion: first.and_then(|first| rows.deletion(first)).and_then(|node| rows.place(node)),
            is_same_body: is_same(first) || is_same(edit),
            has_different: rows.has_different_id(node),
        };
        let facts = Facts {
            judgement: rows.judgement(node),
            place,
            last_ms: rows.last_ms(node).unwrap_or(place.accepted_ms),
            loops: rows.is_loop(record),
            malformed: rows.malformed(node),
            is_retracted: record.is_retracted(),
            context,
        };
        facts.findings()
    }
}

impl<'t, P, R> Version<'t, P, R> {
    /// Everything odd about the message, in the order of [`TimelineFinding`]'s variants.
    #[must_use]
    pub fn findings(&self) -> Vec<TimelineFinding<'t, R>> {
        self.timeline.findings(self.node)
    }
}
