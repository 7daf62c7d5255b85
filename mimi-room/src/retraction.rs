//! What a commit retracts (mimi-hub-retracted-messages-00).

use mimi_codec::{
    Decode,
    code_points::ComponentID,
    mls::Proposal,
    retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent},
};

/// Messages that are retracted for everyone. Clients hide them; the hub keeps none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retraction {
    /// Single messages, by their IDs.
    Messages(HubRetractedMessagesComponent),
    /// The messages of one sender.
    Range(HubRetractedRangeComponent),
}

impl Retraction {
    /// What a proposal retracts; `None` if it is about something else.
    pub(crate) fn of(proposal: &Proposal) -> Option<Self> {
        let Proposal::AppEphemeral(ephemeral) = proposal else { return None };
        // That it decodes, the judgement of the proposal has asked.
        match ephemeral.component_id {
            ComponentID::HUB_RETRACTED_MESSAGES => {
                HubRetractedMessagesComponent::decode_exact(&ephemeral.data).ok().map(Self::Messages)
            }
            ComponentID::HUB_RETRACTED_RANGE => {
                HubRetractedRangeComponent::decode_exact(&ephemeral.data).ok().map(Self::Range)
            }
            _ => None,
        }
    }
}
