//! Messages for tests, under IDs that the test chooses: only so there are loops.

use std::sync::Arc;

use mimi_content::timeline::{
    NotAuthorizedError, Retraction, RetractionScope, Timeline, TimelineAction, TimelineChange,
    TimelineMessage,
};
use mimi_content::{
    Disposition, Expiration, ExtensionKey, MessageExtensions, MessageId, MessageStatus, MessageStatusReport,
    MimiContent, MultiPart, NestedPart, PartSemantics, PerMessageStatus, Salt,
};

pub(crate) const USERS: [&str; 3] =
    ["mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://c.example/u/moderator"];
pub(crate) const NOW: u64 = 50_000;
pub(crate) const EMOJI: [&str; 3] = ["❤", "🎉", "👍"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestBody {
    Text,
    /// Two texts of which one is processed, so that the kind does not hang on single parts.
    Alternatives,
    Reactions(Vec<u8>),
    /// A text, and reactions beside it.
    Mixed(Vec<u8>),
    /// A reaction of no bytes, or parts without content.
    Emptied(bool),
    Null,
    Report(Vec<(u8, u8)>),
    Malformed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestMessage {
    pub(crate) id: u8,
    pub(crate) sender: usize,
    /// The hub's timestamps, one for each delivery.
    pub(crate) accepted: Vec<u64>,
    pub(crate) replaces: Option<u8>,
    pub(crate) in_reply_to: Option<u8>,
    pub(crate) topic: u8,
    pub(crate) expires: Option<Expiration>,
    pub(crate) subject: Option<u8>,
    pub(crate) body: TestBody,
}

pub(crate) fn id(number: u8) -> MessageId {
    let mut bytes = [number; 32];
    bytes[0] = 1;
    MessageId::from_bytes(bytes)
}

pub(crate) fn topic(number: u8) -> Vec<u8> {
    if number == 0 { Vec::new() } else { vec![b't', number] }
}

pub(crate) fn text(text: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", text)
}

pub(crate) fn emoji(text: &str) -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", text)
}

fn several(disposition: Disposition, semantics: PartSemantics, mut parts: Vec<NestedPart>) -> NestedPart {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    NestedPart::multi(disposition, "", MultiPart::new(semantics, parts).unwrap())
}

impl TestMessage {
    pub(crate) fn new(id: u8, sender: usize, accepted: u64, body: TestBody) -> Self {
        Self {
            id,
            sender,
            accepted: vec![accepted],
            replaces: None,
            in_reply_to: None,
            topic: 0,
            expires: None,
            subject: None,
            body,
        }
    }

    pub(crate) fn replacing(mut self, other: u8) -> Self {
        self.replaces = Some(other);
        self
    }

    pub(crate) fn replying(mut self, other: u8) -> Self {
        self.in_reply_to = Some(other);
        self
    }

    pub(crate) fn in_topic(mut self, topic: u8) -> Self {
        self.topic = topic;
        self
    }

    pub(crate) fn expiring(mut self, relative: bool, time: u32) -> Self {
        self.expires = Some(Expiration { relative, time });
        self
    }

    pub(crate) fn user(&self) -> &'static str {
        USERS[self.sender]
    }

    pub(crate) fn content(&self) -> MimiContent {
        let reactions = |texts: &[u8]| -> Vec<NestedPart> {
            texts.iter().map(|number| emoji(EMOJI[usize::from(*number)])).collect()
        };
        let body = match &self.body {
            TestBody::Text => text("text"),
            TestBody::Alternatives => {
                several(Disposition::RENDER, PartSemantics::ChooseOne, vec![text("one"), text("un")])
            }
            TestBody::Reactions(texts) => {
                several(Disposition::REACTION, PartSemantics::ProcessAll, reactions(texts))
            }
            TestBody::Mixed(texts) => {
                let parts = [vec![text("text")], reactions(texts)].concat();
                several(Disposition::RENDER, PartSemantics::ProcessAll, parts)
            }
            TestBody::Emptied(true) => emoji(""),
            TestBody::Emptied(false) => {
                let nothing = || NestedPart::null(Disposition::REACTION);
                several(Disposition::REACTION, PartSemantics::ProcessAll, vec![nothing(), nothing()])
            }
            TestBody::Null => NestedPart::null(Disposition::RENDER),
            TestBody::Report(statuses) => {
                let entry = |(number, status): &(u8, u8)| PerMessageStatus {
                    message_id: id(*number),
                    status: MessageStatus(*status),
                };
                let report = MessageStatusReport(statuses.iter().map(entry).collect());
                let media_type = "Application/MIMI-message-status; x=y";
                NestedPart::single(Disposition::UNSPECIFIED, "", media_type, report.encode())
            }
            TestBody::Malformed => {
                NestedPart::single(Disposition::RENDER, "", "application/mimi-message-status", [0xff])
            }
        };
        let mut extensions = MessageExtensions::new();
        extensions.set_sender_uri(self.user()).unwrap();
        if let Some(subject) = self.subject {
            extensions.set_text(ExtensionKey::Integer(-1), &subject.to_string()).unwrap();
        }
        MimiContent::builder(Salt::from_bytes([self.id; 16]), body)
            .replaces(self.replaces.map(id))
            .in_reply_to(self.in_reply_to.map(id))
            .topic_id(topic(self.topic))
            .expires(self.expires)
            .extensions(extensions)
            .build()
            .unwrap()
    }
}

/// Senders may change what is theirs, but for the topic; the moderator may delete everything and
/// change every topic.
pub(crate) fn allowed(action: TimelineAction, sender: usize, own: bool) -> bool {
    match action {
        TimelineAction::EditMessage | TimelineAction::EditReaction => own,
        TimelineAction::DeleteMessage | TimelineAction::DeleteReaction => own || sender == 2,
        TimelineAction::ChangeTopic => sender == 2,
    }
}

pub(crate) fn authorize<P>(change: &TimelineChange<'_, P>) -> Result<(), NotAuthorizedError> {
    let sender = USERS.iter().position(|user| *user == change.sender_uri).unwrap();
    if allowed(change.action, sender, change.is_own()) {
        Ok(())
    } else {
        Err(NotAuthorizedError { action: change.action, own: change.is_own() })
    }
}

/// What the hub retracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestRetraction {
    pub(crate) at_ms: u64,
    /// One message, or a sender from a time on.
    pub(crate) scope: Result<u8, (usize, Option<u64>)>,
    /// Whether the remover may retract reactions only.
    pub(crate) only_reactions: bool,
}

impl TestRetraction {
    pub(crate) fn value(&self) -> Arc<Retraction> {
        let scope = match self.scope {
            Ok(number) if self.only_reactions => RetractionScope::Reactions(vec![id(number)]),
            Ok(number) => RetractionScope::Messages(vec![id(number)]),
            Err((sender, from_ms)) => RetractionScope::Sender { sender_uri: USERS[sender].into(), from_ms },
        };
        Arc::new(Retraction { at_ms: self.at_ms, by_uri: "mimi://a.example".into(), reason: Some(3), scope })
    }

    pub(crate) fn concerns(&self, message: &TestMessage, accepted_ms: u64) -> bool {
        match self.scope {
            Ok(number) => {
                let is_reaction = matches!(message.body, TestBody::Reactions(_) | TestBody::Emptied(true));
                number == message.id && (!self.only_reactions || is_reaction)
            }
            Err((sender, from_ms)) => {
                sender == message.sender && from_ms.is_none_or(|from| from <= accepted_ms)
            }
        }
    }
}

/// The payload is the ID.
pub(crate) type TestTimeline = Timeline<MessageId>;

pub(crate) fn insert(
    timeline: &mut TestTimeline,
    message: &TestMessage,
    accepted_ms: u64,
) -> mimi_content::timeline::Inserted<MessageId> {
    let content = message.content();
    let received = TimelineMessage::from_owned(id(message.id), message.user(), accepted_ms, &content);
    timeline.insert(received, id(message.id), &authorize)
}

pub(crate) fn fold(messages: &[TestMessage]) -> TestTimeline {
    let mut timeline = Timeline::new();
    for message in messages {
        for accepted_ms in &message.accepted {
            let _ = insert(&mut timeline, message, *accepted_ms);
        }
    }
    timeline
}
