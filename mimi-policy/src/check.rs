//! The decision: may this actor send this, in this room, now?

mod after;
mod items;
mod plan;
mod rights;
mod standing;

use mimi_codec::CapabilityType;

use crate::{
    Actor, BANNED_ROLE, Basis, Change, Form, Grant, NO_ROLE, Plan, ProposedChange, Reason, Refusal,
    RoomState, decision::Outcome,
};
use after::After;
use items::Items;
use rights::Rights;

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
        let whole = |reason| Refusal::of(None, reason);
        if self.client_count() == 0 && !self.outlives_its_group() {
            return Err(whole(Reason::RoomGone));
        }
        if form == Form::Message {
            let plan = self.check_message(actor, &[])?;
            return match changes {
                [] => Ok(plan),
                _ => Err(Refusal::of(Some(0), Reason::NotInThisForm { form })),
            };
        }
        let sender = self.standing(actor, form).map_err(whole)?;
        if changes.is_empty() {
            if sender.cut_off && form == Form::Proposal {
                return Err(whole(Reason::CutOff(actor.uri().clone())));
            }
            if form == Form::ExternalProposal && !sender.is_server() {
                // Nothing but an Add of itself comes from a client outside of the group.
                return Err(whole(Reason::NotInThisForm { form }));
            }
        }
        let joining = joining_client(actor, form, changes);
        let items = Items::new(self, sender, changes, joining.as_ref(), true)?;
        items.check_together(self, form)?;
        let rights = Rights::find(self, &items, form)?;
        let after = After::new(self, &items, form)?;
        after.check(actor, &rights)?;
        let outcome = plan::outcome(&items, form, after.roles, |place| rights.capability_of(place));
        Ok(Plan { stamp: self.stamp(), form, grants: rights.grants, outcome })
    }

    /// The plan for a proposal that the hub has accepted already, for somebody who rebuilds the hub's state from the last commit
    /// and the proposals that came since. Whether it was right to accept it is not asked.
    ///
    /// # Errors
    /// When the changes can't be made at all, or leave a room that isn't valid: the first reason why.
    pub fn plan_accepted(&self, by: &Actor, changes: &[ProposedChange]) -> Result<Plan, Refusal> {
        let sender = self.unjudged_standing(by);
        let form = sender.form;
        let items = Items::new(self, sender, changes, None, false)?;
        for item in &items.items {
            items.check_possible(self, item).map_err(|reason| item.refuse(reason))?;
        }
        let after = After::new(self, &items, form)?;
        after.check_base()?;
        let grants = items.items.iter().map(|item| Grant {
            change: item.index,
            capability: None,
            role: item.by.role,
            basis: Basis::Accepted,
        });
        let grants = grants.collect();
        let outcome = plan::outcome(&items, form, after.roles, |place| {
            items.items.get(place).and_then(|item| likely_capability(self, item))
        });
        Ok(Plan { stamp: self.stamp(), form, grants, outcome })
    }

    /// Decides on an application message that needs these capabilities beside `canSendMessage`; what a message needs,
    /// its content says.
    ///
    /// A hub sees no content, and asks for none.
    ///
    /// # Errors
    /// The first condition that fails.
    pub fn check_message(&self, actor: &Actor, needed: &[CapabilityType]) -> Result<Plan, Refusal> {
        let whole = |reason| Refusal::of(None, reason);
        let form = Form::Message;
        if self.client_count() == 0 && !self.outlives_its_group() {
            return Err(whole(Reason::RoomGone));
        }
        let sender = self.standing(actor, form).map_err(whole)?;
        let needed = core::iter::once(&CapabilityType::CAN_SEND_MESSAGE).chain(needed);
        let grants = needed.map(|&capability| {
            let grant = Grant {
                change: None,
                capability: Some(capability),
                role: sender.role,
                basis: Basis::CapabilityAlone,
            };
            if sender.has(capability) { Ok(grant) } else { Err(whole(sender.lacks(capability))) }
        });
        let grants = grants.collect::<Result<_, _>>()?;
        Ok(Plan { stamp: self.stamp(), form, grants, outcome: Outcome::default() })
    }
}

/// The joining client's own leaf, where the changes don't name it.
fn joining_client(actor: &Actor, form: Form, changes: &[ProposedChange]) -> Option<Change> {
    let (Actor::Client { user, client, .. }, Form::ExternalCommit) = (actor, form) else { return None };
    let named = changes.iter().any(|proposed| match &proposed.change {
        Change::AddClient { client: other, .. } => proposed.by.is_none() && other == client,
        _ => false,
    });
    (!named).then(|| Change::AddClient { user: user.clone(), client: client.clone() })
}

/// The capability that an accepted change of the list will have been accepted for.
fn likely_capability(room: &RoomState, item: &items::Item<'_>) -> Option<CapabilityType> {
    let to = item.change.role_after()?;
    Some(match item.change {
        Change::RemoveParticipant { user } if user == item.by.uri() => CapabilityType::CAN_REMOVE_SELF,
        _ if to == NO_ROLE => CapabilityType::CAN_REMOVE_PARTICIPANT,
        _ if to == BANNED_ROLE && room.role_table().has_banned() && item.by.has(CapabilityType::CAN_BAN) => {
            CapabilityType::CAN_BAN
        }
        Change::AddParticipant { .. } => CapabilityType::CAN_ADD_PARTICIPANT,
        _ => CapabilityType::CAN_CHANGE_USER_ROLE,
    })
}
