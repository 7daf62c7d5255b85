//! The decision: may this actor send this, in this room, now?

use mimi_codec::CapabilityType;

use crate::{Actor, Form, Plan, ProposedChange, Reason, Refusal, RoomState};

impl RoomState {
    /// Decides on a message: a list of proposals, a commit, or a bare application message.
    ///
    /// All changes are those of one message: each is judged by the state before, and what must hold of the room is asked of the
    /// state after all of them. The order of the changes makes no difference, save for which reason comes first.
    ///
    /// What the hub accepted since the last commit is part of a commit without being listed; listing it does no harm.
    ///
    /// # Errors
    /// The first condition that fails.
    pub fn check(&self, actor: &Actor, form: Form, changes: &[ProposedChange]) -> Result<Plan, Refusal> {
        let _ = (actor, form, changes);
        Err(Refusal::of(None, Reason::RoomGone))
    }

    /// The plan for a proposal that the hub has accepted already, for somebody who rebuilds the hub's state from the last commit
    /// and the proposals that came since. Whether it was right to accept it is not asked.
    ///
    /// # Errors
    /// When the changes can't be made at all: the first reason why.
    pub fn plan_accepted(&self, by: &Actor, changes: &[ProposedChange]) -> Result<Plan, Refusal> {
        let _ = (by, changes);
        Err(Refusal::of(None, Reason::RoomGone))
    }

    /// Decides on an application message that needs these capabilities beside `canSendMessage`; what a message needs,
    /// its content says.
    ///
    /// # Errors
    /// The first condition that fails.
    pub fn check_message(&self, actor: &Actor, needed: &[CapabilityType]) -> Result<Plan, Refusal> {
        let _ = (actor, needed);
        Err(Refusal::of(None, Reason::RoomGone))
    }
}
