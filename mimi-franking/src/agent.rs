//! The component `franking_agent` of the GroupContext (0x0021), and what an update of it means.

use mimi_codec::{
    Decode, Encode, Opaque,
    protocol::{FrankingAgentData, FrankingAgentUpdate},
};

use crate::FrankingError;

/// What AppDataUpdate proposals of one commit do to the `franking_agent` (mimi-protocol-06 §5.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentChange {
    /// The group had no agent.
    Adds(FrankingAgentData),
    /// The update repeats the group's agent.
    Keeps(FrankingAgentData),
    /// The update names another agent. The draft allows it, but says that a rotation SHOULD use a
    /// ReInit, so that the key that verifies a frank is never in doubt. A client that follows the
    /// draft does not send such a proposal and may refuse to commit it.
    NeedsReInit(FrankingAgentData),
}

impl AgentChange {
    /// Judges the change from `current`, the GroupContext's agent before the commit, by `updates`,
    /// the `update` fields of the proposals.
    ///
    /// # Errors
    /// [`FrankingError::NoFrankingAgent`] if `updates` is empty,
    /// [`FrankingError::AgentUpdatesDiffer`] if two updates differ.
    pub fn judge(
        current: Option<&FrankingAgentData>,
        updates: &[FrankingAgentUpdate],
    ) -> Result<Self, FrankingError> {
        let (new, others) = updates.split_first().ok_or(FrankingError::NoFrankingAgent)?;
        if others.iter().any(|other| other != new) {
            return Err(FrankingError::AgentUpdatesDiffer);
        }
        let new = new.clone();
        Ok(match current {
            None => Self::Adds(new),
            Some(current) if *current == new => Self::Keeps(new),
            Some(_) => Self::NeedsReInit(new),
        })
    }

    /// The agent after the commit.
    #[must_use]
    pub fn into_data(self) -> FrankingAgentData {
        match self {
            Self::Adds(data) | Self::Keeps(data) | Self::NeedsReInit(data) => data,
        }
    }
}

/// Applies updates of the component, for
/// [`Components::update`](mimi_codec::extensions::Components::update). Returns the new data, or
/// `None` if an update is malformed or two updates differ. `allow_rotation` decides about
/// [`AgentChange::NeedsReInit`].
#[must_use]
pub fn updated_franking_agent(
    data: Option<&[u8]>,
    updates: &[&[u8]],
    allow_rotation: RotationPolicy,
) -> Option<Opaque> {
    let current = data.map(FrankingAgentData::decode_exact).transpose().ok()?;
    let updates: alloc::vec::Vec<_> = updates
        .iter()
        .map(|update| FrankingAgentUpdate::decode_exact(update))
        .collect::<Result<_, _>>()
        .ok()?;
    let change = AgentChange::judge(current.as_ref(), &updates).ok()?;
    match (&change, allow_rotation) {
        (AgentChange::NeedsReInit(_), RotationPolicy::Refuse) => None,
        _ => change.into_data().to_bytes().ok().map(Opaque::new),
    }
}

/// What to do about a rotation of the `franking_agent` without a ReInit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationPolicy {
    /// Treat the update as invalid, as the draft's SHOULD recommends.
    Refuse,
    /// Accept the update. Franks of earlier epochs verify under the previous agent, franks of later
    /// epochs under the new one.
    Allow,
}

#[cfg(test)]
mod tests {
    use mimi_codec::mls::Credential;

    use super::*;

    fn agent(key: u8) -> FrankingAgentData {
        FrankingAgentData {
            franking_signature_key: [key; 32].as_slice().into(),
            credential: Credential::Basic { identity: "mimi://hub.example".into() },
        }
    }

    #[test]
    fn an_update_adds_keeps_or_needs_a_reinit() {
        let judge = AgentChange::judge;
        assert_eq!(judge(None, &[agent(1)]), Ok(AgentChange::Adds(agent(1))));
        assert_eq!(judge(None, &[agent(1), agent(1)]), Ok(AgentChange::Adds(agent(1))));
        assert_eq!(judge(Some(&agent(1)), &[agent(1)]), Ok(AgentChange::Keeps(agent(1))));
        assert_eq!(judge(Some(&agent(1)), &[agent(2)]), Ok(AgentChange::NeedsReInit(agent(2))));
        let mut other_credential = agent(1);
        other_credential.credential = Credential::Basic { identity: "mimi://other.example".into() };
        let rotated = judge(Some(&agent(1)), core::slice::from_ref(&other_credential));
        assert_eq!(rotated, Ok(AgentChange::NeedsReInit(other_credential)));
    }

    #[test]
    fn refuses_differing_updates_and_an_empty_list_of_updates() {
        assert_eq!(AgentChange::judge(None, &[agent(1), agent(2)]), Err(FrankingError::AgentUpdatesDiffer));
        assert_eq!(AgentChange::judge(None, &[]), Err(FrankingError::NoFrankingAgent));
    }

    #[test]
    fn the_component_takes_a_rotation_only_by_policy() {
        let bytes = |key| agent(key).to_bytes().unwrap();
        let (one, two) = (bytes(1), bytes(2));
        let update = |data, update, policy| updated_franking_agent(data, &[update], policy);
        let new = |bytes: &[u8]| Some(Opaque::from(bytes));
        assert_eq!(update(None, &one, RotationPolicy::Refuse), new(&one));
        assert_eq!(update(Some(&one), &one, RotationPolicy::Refuse), new(&one));
        assert_eq!(update(Some(&one), &two, RotationPolicy::Refuse), None);
        assert_eq!(update(Some(&one), &two, RotationPolicy::Allow), new(&two));
        assert_eq!(update(None, b"none", RotationPolicy::Allow), None);
        assert_eq!(update(Some(b"none"), &two, RotationPolicy::Allow), None);
    }
}
