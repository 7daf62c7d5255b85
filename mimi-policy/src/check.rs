//! The decision: may this actor send this, in this room, now?

mod after;
#[cfg(test)]
mod cost;
mod items;
mod plan;
mod rights;
mod standing;

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::CapabilityType;

use crate::{
    Actor, BANNED_ROLE, Basis, Change, ClientUri, Form, Grant, NO_ROLE, Plan, ProposedChange, Reason,
    Refusal, RoomState, UserUri, decision::Outcome,
};
use after::After;
use items::Items;
use rights::Rights;

/// Proposals of one party that this party itself checked and accepted, and wrote down.
///
/// A hub that restarts has the room of the last commit and its own log of what it accepted since.
/// The type keeps that apart from what another party says was accepted, which must be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnLogEntry {
    by: Actor,
    changes: Vec<ProposedChange>,
}

impl OwnLogEntry {
    /// Proposals as they were read from this party's own storage.
    #[must_use]
    pub const fn from_own_storage(by: Actor, changes: Vec<ProposedChange>) -> Self {
        Self { by, changes }
    }
}

impl RoomState {
    /// Decides on a message: a list of proposals, a commit, or a bare application message.
    ///
    /// All changes are those of one message: each is judged by the state before, and what must hold
    /// of the room is asked of the state after all of them. The order of the changes makes no
    /// difference, save for which reason comes first.
    ///
    /// What the hub accepted since the last commit is part of a commit without being listed;
    /// listing it does no harm.
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
        if form == Form::ExternalCommit && !self.takes_up_all_that_waits(changes) {
            return Err(whole(Reason::ProposalsWait));
        }
        if changes.is_empty() {
            if sender.is_server_without_role() {
                return Err(whole(Reason::NotPreAuthorized(actor.uri().clone())));
            }
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
        let outcome = plan::outcome(self, &items, form, after.roles, |place| rights.capability_of(place));
        Ok(Plan { stamp: self.stamp(), form, grants: rights.grants, outcome })
    }

    /// The plan for proposals that this party itself checked, accepted and wrote down, to restore
    /// its state from the last commit and its own log. Whether it was right to accept them is not
    /// asked.
    ///
    /// Proposals that another party says it accepted are checked like any others
    /// ([`check`](Self::check)): a dishonest hub could say that a user has promoted itself.
    ///
    /// # Errors
    /// If the changes cannot be made at all, or leave a room that is not valid: the first reason.
    pub fn plan_restored(&self, entry: &OwnLogEntry) -> Result<Plan, Refusal> {
        let OwnLogEntry { by, changes } = entry;
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
        let outcome = plan::outcome(self, &items, form, after.roles, |place| {
            items.items.get(place).and_then(|item| likely_capability(self, item))
        });
        Ok(Plan { stamp: self.stamp(), form, grants, outcome })
    }

    /// Decides on an application message of a user, of whose clients the party that judges does not
    /// know which one sends: a hub sees no more of a PrivateMessage (mimi-protocol-06 §5.4).
    ///
    /// `needed` are the capabilities that the content takes beside canSendMessage. A hub sees no
    /// content, and asks for none.
    ///
    /// # Errors
    /// The first condition that fails.
    pub fn check_message_of(&self, user: &UserUri, needed: &[CapabilityType]) -> Result<Plan, Refusal> {
        match self.clients_of(user).next() {
            Some(client) => self.check_message(&Actor::client(user.clone(), client.clone()), needed),
            None if self.role_of(user).is_some() => Err(Refusal::of_message(Reason::NoClient(user.clone()))),
            None => Err(Refusal::of_message(Reason::NotAParticipant(user.clone()))),
        }
    }

    /// Decides on an application message that needs these capabilities beside canSendMessage; what
    /// a message needs, its content says.
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

impl RoomState {
    /// Whether an external commit with these changes leaves no accepted proposal behind. It can
    /// take up the removals that clients propose for themselves, and nothing else
    /// (mls-extensions-10 §6.3).
    fn takes_up_all_that_waits(&self, changes: &[ProposedChange]) -> bool {
        let pending = self.pending();
        if pending.is_empty() {
            return true;
        }
        if !pending.list.is_empty() || !pending.components.is_empty() || pending.reinit.is_some() {
            return false;
        }
        let taken = changes.iter().filter_map(|proposed| match (&proposed.change, proposed.by.as_deref()) {
            (Change::RemoveClient { client, .. }, Some(Actor::Client { client: own, .. }))
                if own == client =>
            {
                Some(client)
            }
            _ => None,
        });
        let taken: BTreeSet<&ClientUri> = taken.collect();
        pending.clients.iter().all(|(client, waits)| !waits.added && taken.contains(client))
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
