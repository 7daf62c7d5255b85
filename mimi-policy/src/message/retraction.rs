//! What a retraction by the hub does to a timeline (mimi-hub-retracted-messages-00).

use alloc::{string::String, sync::Arc, vec::Vec};

use mimi_codec::{CapabilityType, protocol::IdentifierUri};
use mimi_content::{
    MessageId,
    timeline::{Retraction, RetractionScope},
};

use crate::{Basis, Change, Grant};

impl Change {
    /// What the change retracts from a [timeline](mimi_content::timeline), by the right that allows
    /// it; `None` for any other change.
    ///
    /// A retraction takes effect when its proposal is accepted. For a commit that takes up the
    /// accepted proposal ([`Basis::Accepted`]) the result is `None`, too: nothing is left to do.
    ///
    /// A remover whose role has canDeleteOtherReaction and not canDeleteOtherMessage retracts
    /// reactions only (mimi-hub-retracted-messages-00 §3.1): the result is a
    /// [`RetractionScope::Reactions`].
    ///
    /// ```
    /// use mimi_codec::{CapabilityType, Octets, protocol::{AbuseType, IdentifierUri}};
    /// use mimi_codec::retraction::HubRetractedMessagesComponent;
    /// use mimi_content::{MessageId, timeline::{RetractionScope, Timeline}};
    /// use mimi_policy::{Basis, Change, Grant};
    ///
    /// let change = Change::RetractMessages(Box::new(HubRetractedMessagesComponent {
    ///     hub_retracted_timestamp: 1_764_547_200_000,
    ///     remover_uri: IdentifierUri::new("mimi://hub.example")?,
    ///     reason_code: Some(AbuseType(1)),
    ///     retracted_messages: vec![Octets([1; 32])],
    /// }));
    /// // From the decision on the proposals or the commit.
    /// let grant = Grant {
    ///     change: Some(0),
    ///     capability: Some(CapabilityType::CAN_DELETE_OTHER_MESSAGE),
    ///     role: 4,
    ///     basis: Basis::CapabilityAlone,
    /// };
    /// let retraction = change.retraction(&grant).unwrap();
    /// assert_eq!(retraction.scope, RetractionScope::Messages(vec![MessageId::from_bytes([1; 32])]));
    /// let mut timeline: Timeline<()> = Timeline::new();
    /// let _ = timeline.retract(&retraction);
    /// # Ok::<(), mimi_codec::InvalidValueError>(())
    /// ```
    #[must_use]
    pub fn retraction(&self, grant: &Grant) -> Option<Arc<Retraction>> {
        let by_reactions = match (grant.basis, grant.capability) {
            (Basis::Accepted, _) => return None,
            (_, Some(CapabilityType::CAN_DELETE_OTHER_MESSAGE)) => false,
            (_, Some(CapabilityType::CAN_DELETE_OTHER_REACTION)) => true,
            _ => return None,
        };
        let retraction = match self {
            Self::RetractMessages(messages) => {
                let ids: Vec<_> =
                    messages.retracted_messages.iter().map(|id| MessageId::from_bytes(id.0)).collect();
                Retraction {
                    at_ms: messages.hub_retracted_timestamp,
                    by_uri: shown(&messages.remover_uri),
                    reason: messages.reason_code.map(|reason| reason.0),
                    scope: if by_reactions {
                        RetractionScope::Reactions(ids)
                    } else {
                        RetractionScope::Messages(ids)
                    },
                }
            }
            Self::RetractRange { range, .. } if !by_reactions => Retraction {
                at_ms: range.hub_retracted_timestamp,
                by_uri: shown(&range.remover_uri),
                reason: range.reason_code.map(|reason| reason.0),
                scope: RetractionScope::Sender {
                    sender_uri: shown(&range.abusive_sender_uri),
                    from_ms: range.starting_timestamp,
                },
            },
            _ => return None,
        };
        Some(Arc::new(retraction))
    }
}

/// The identifier as text. What is not UTF-8 identifies no sender of a message, and is shown with
/// U+FFFD in the place of each such sequence.
fn shown(uri: &IdentifierUri) -> Arc<str> {
    String::from_utf8_lossy(uri.as_bytes()).into()
}
