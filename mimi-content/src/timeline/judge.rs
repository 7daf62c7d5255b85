//! What a message that replaces another may do: section 9.3.

use super::chain::{BodyChange, Judgement, OtherFields, Refused};
use super::graph::Node;
use super::insert::Authorize;
use super::{Action, BodyKind, Change, Target, Timeline};

impl<P, R> Timeline<P, R> {
    /// Decides about a version of a first instance, both of which were received.
    pub(super) fn judge(
        &self,
        first: Node,
        node: Node,
        authorize: Authorize<'_, P, R>,
    ) -> Option<Judgement<R>> {
        let (original, version) = (self.message(first)?, self.message(node)?);
        let ask = |action| {
            authorize(&Change {
                action,
                message_id: version.key.id,
                sender_uri: self.senders.value(version.sender).unwrap_or_default(),
                accepted_ms: version.key.accepted_ms,
                topic_id: self.topics.value(version.topic).unwrap_or_default(),
                payload: version.payload.as_ref(),
                target: Target {
                    message_id: original.key.id,
                    sender_uri: self.senders.value(original.sender).unwrap_or_default(),
                    disposition: original.disposition,
                    topic_id: self.topics.value(original.topic).unwrap_or_default(),
                },
            })
        };
        let reaction = original.kind == BodyKind::Reaction;
        let (action, change) = match (original.kind, version.kind) {
            // A report says how things were; a later one supersedes it.
            (BodyKind::Report, _) => (None, BodyChange::Edit),
            (_, BodyKind::Null) if reaction => (Some(Action::DeleteReaction), BodyChange::Deletion),
            (_, BodyKind::Null) => (Some(Action::DeleteMessage), BodyChange::Deletion),
            (before, after) if before != after => (None, BodyChange::Edit),
            _ if reaction => (Some(Action::EditReaction), BodyChange::Edit),
            _ => (Some(Action::EditMessage), BodyChange::Edit),
        };
        let body = match action {
            Some(action) => ask(action).map(|()| change).map_err(Refused::NotAuthorized),
            None => Err(Refused::OtherKind),
        };
        let deletes = change == BodyChange::Deletion;
        let topic = (action.is_some() && !deletes && version.topic != original.topic)
            .then(|| ask(Action::ChangeTopic));
        // A deletion may leave them empty.
        let differs = |empty: bool, equal: bool| !(equal || deletes && empty);
        let other_fields = OtherFields {
            expires: differs(version.expires.is_none(), version.expires == original.expires),
            in_reply_to: differs(version.in_reply_to.is_none(), version.in_reply_to == original.in_reply_to),
            extensions: differs(version.extensions.is_none(), version.extensions == original.extensions),
        };
        Some(Judgement { body, topic, other_fields })
    }
}
