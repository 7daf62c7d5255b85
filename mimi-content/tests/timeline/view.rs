//! All that a timeline shows, in values that compare.

use std::sync::Arc;

use mimi_content::timeline::{
    EntryState, Reaction, ReactionContent, ReferenceState, Retraction, Timeline, TimelineEntry,
    TimelineFinding, VersionState,
};
use mimi_content::{MessageId, MessageStatus};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) entries: Vec<EntryView>,
    pub(crate) topics: Vec<(Vec<u8>, Vec<MessageId>)>,
    pub(crate) held: Vec<MessageId>,
    /// IDs and what is found about them.
    pub(crate) suspects: Vec<(MessageId, Vec<String>)>,
    pub(crate) unseen: Vec<MessageId>,
    pub(crate) next_expiration_ms: Option<u64>,
    pub(crate) reply_to: Vec<Option<MessageId>>,
    pub(crate) to_replace: Vec<Option<MessageId>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryView {
    pub(crate) id: MessageId,
    pub(crate) sender: String,
    pub(crate) accepted_ms: u64,
    pub(crate) topic: Vec<u8>,
    pub(crate) state: EntryState,
    pub(crate) expires_ms: Option<u64>,
    pub(crate) current: MessageId,
    pub(crate) edited: bool,
    pub(crate) deletion: Option<MessageId>,
    pub(crate) versions: Vec<MessageId>,
    pub(crate) all_versions: Vec<(MessageId, &'static str)>,
    pub(crate) in_reply_to: Option<(MessageId, ReferenceState, Option<MessageId>)>,
    pub(crate) replies: Vec<MessageId>,
    pub(crate) thread: Vec<(usize, MessageId)>,
    pub(crate) reactions: Vec<ReactionView>,
    pub(crate) retraction: Option<Arc<Retraction>>,
    pub(crate) statuses: Vec<StatusView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReactionView {
    pub(crate) id: MessageId,
    pub(crate) sender: String,
    pub(crate) to: MessageId,
    pub(crate) current: MessageId,
    pub(crate) part: u16,
    pub(crate) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatusView {
    pub(crate) reader: String,
    pub(crate) status: MessageStatus,
    pub(crate) message_id: MessageId,
    pub(crate) accepted_ms: u64,
    pub(crate) report_id: MessageId,
}

pub(crate) fn standing<R>(standing: VersionState<'_, R>) -> &'static str {
    match standing {
        VersionState::First => "first",
        VersionState::Edit => "edit",
        VersionState::Deletion => "deletion",
        VersionState::AfterDeletion => "after deletion",
        VersionState::Held => "held",
        VersionState::NotAuthorized(_) => "not authorized",
        VersionState::OtherKind => "other kind",
        VersionState::Retracted => "retracted",
    }
}

pub(crate) fn finding<R>(finding: &TimelineFinding<'_, R>) -> String {
    match finding {
        TimelineFinding::NotAuthorized(_) => "not authorized".into(),
        TimelineFinding::OtherKind => "other kind".into(),
        TimelineFinding::TopicNotAuthorized(_) => "topic not authorized".into(),
        TimelineFinding::OtherFields { expires, in_reply_to, extensions } => {
            format!("other fields {expires} {in_reply_to} {extensions}")
        }
        TimelineFinding::AfterDeletion => "after deletion".into(),
        TimelineFinding::ReplacesLoop => "replaces loop".into(),
        TimelineFinding::ReplyLoop => "reply loop".into(),
        TimelineFinding::AcceptedAgain { last_ms } => format!("accepted again {last_ms}"),
        TimelineFinding::DifferentContent => "different content".into(),
        TimelineFinding::MalformedReport(_) => "malformed report".into(),
        other => panic!("{other:?}", other = core::mem::discriminant(other)),
    }
}

fn reaction<P, R>(reaction: &Reaction<'_, P, R>) -> ReactionView {
    let ReactionContent::Text(text) = reaction.content() else { panic!("no text") };
    ReactionView {
        id: reaction.message_id(),
        sender: reaction.sender_uri().into(),
        to: reaction.to().message_id(),
        current: reaction.current().message_id(),
        part: reaction.part().0,
        text: text.to_string(),
    }
}

pub(crate) fn ids<'t, P: 't, R: 't>(
    entries: impl IntoIterator<Item = TimelineEntry<'t, P, R>>,
) -> Vec<MessageId> {
    entries.into_iter().map(|entry| entry.message_id()).collect()
}

impl EntryView {
    pub(crate) fn of<P, R>(entry: TimelineEntry<'_, P, R>, now_ms: u64) -> Self {
        Self {
            id: entry.message_id(),
            sender: entry.sender_uri().into(),
            accepted_ms: entry.accepted_ms(),
            topic: entry.topic_id().into(),
            state: entry.state(now_ms),
            expires_ms: entry.expires_ms(),
            current: entry.current().message_id(),
            edited: entry.is_edited(),
            deletion: entry.deletion().map(|version| version.message_id()),
            versions: entry.versions().map(|version| version.message_id()).collect(),
            all_versions: entry
                .all_versions()
                .map(|version| (version.message_id(), standing(version.standing())))
                .collect(),
            in_reply_to: entry.in_reply_to(now_ms).map(|reference| {
                (reference.message_id, reference.state, reference.entry.map(|entry| entry.message_id()))
            }),
            replies: ids(entry.replies()),
            thread: entry.thread().map(|(depth, entry)| (depth, entry.message_id())).collect(),
            reactions: entry.reactions(now_ms).iter().map(reaction).collect(),
            retraction: entry.retraction().map(|retraction| Arc::new(retraction.clone())),
            statuses: entry
                .statuses()
                .iter()
                .map(|status| StatusView {
                    reader: status.reader_uri.into(),
                    status: status.status,
                    message_id: status.message_id,
                    accepted_ms: status.accepted_ms,
                    report_id: status.report_id,
                })
                .collect(),
        }
    }
}

impl View {
    /// `about` are the IDs that a client may want to reply to or to edit.
    pub(crate) fn of<P, R>(timeline: &Timeline<P, R>, now_ms: u64, about: &[MessageId]) -> Self {
        Self {
            entries: timeline.entries().map(|entry| EntryView::of(entry, now_ms)).collect(),
            topics: timeline.topics().map(|topic| (topic.to_vec(), ids(timeline.topic(topic)))).collect(),
            held: timeline.held().map(|version| version.message_id()).collect(),
            suspects: timeline
                .suspects()
                .map(|version| (version.message_id(), version.findings().iter().map(finding).collect()))
                .collect(),
            unseen: timeline.unseen().collect(),
            next_expiration_ms: timeline.next_expiration_ms(),
            reply_to: about.iter().map(|id| timeline.reply_to(id).ok()).collect(),
            to_replace: about.iter().map(|id| timeline.to_replace(id).ok()).collect(),
        }
    }
}
