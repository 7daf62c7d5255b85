//! Who acts, and with which role's rights.

use mimi_codec::{CapabilityType, room_policy::PreAuthRoleEntry};

use crate::{
    Actor, Claims, Form, NO_ROLE, Reason, RoomState, UserUri, decision::Party, role_table::RoleEntry,
    steps::step,
};

/// An actor in its place: with the role whose capabilities count, and how it may act.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    pub(super) actor: &'a Actor,
    pub(super) form: Form,
    /// The role's index; 0 for a user who isn't on the list.
    pub(super) role: u32,
    entry: Option<&'a RoleEntry>,
    /// Whether it is on the list.
    pub(super) listed: bool,
    /// Whether it was removed or banned, and its clients have yet to leave.
    pub(super) cut_off: bool,
}

impl<'a> Standing<'a> {
    pub(super) fn uri(&self) -> &'a UserUri {
        self.actor.uri()
    }

    pub(super) const fn is_server(&self) -> bool {
        matches!(self.actor, Actor::ExternalSender { .. })
    }

    /// Whether this is a client of the user.
    pub(super) fn is_client_of(&self, user: &UserUri) -> bool {
        !self.is_server() && self.uri() == user
    }

    /// Whether this is a server that is neither on the list nor preauthorized for a role that
    /// exists.
    pub(super) fn is_server_without_role(&self) -> bool {
        self.is_server() && self.entry.is_none()
    }

    pub(super) fn has(&self, capability: CapabilityType) -> bool {
        self.entry.is_some_and(|role| role.has(capability))
    }

    pub(super) fn may_move(&self, from: u32, to: u32) -> bool {
        self.entry.is_some_and(|role| role.may_move(from, to))
    }

    pub(super) fn lacks(&self, capability: CapabilityType) -> Reason {
        Reason::MissingCapability { role: self.role, capability }
    }

    pub(super) fn party(&self) -> Party {
        Party::of(self.actor)
    }
}

impl Party {
    pub(crate) fn of(actor: &Actor) -> Self {
        match actor {
            Actor::Client { user, client, .. } => Self { uri: user.clone(), client: Some(client.clone()) },
            Actor::ExternalSender { uri, .. } => Self { uri: uri.clone(), client: None },
        }
    }
}

impl RoomState {
    /// The first entry of the preauthorization that the claims match and that is asked for, with
    /// its place (mimi-room-policy-04 §4).
    pub(super) fn first_match(
        &self,
        claims: &Claims,
        wanted: impl Fn(&PreAuthRoleEntry) -> bool,
    ) -> Option<(usize, u32)> {
        let entries = self.preauthorized_entries().iter().enumerate().filter(|(_, entry)| wanted(entry));
        let mut matching =
            entries.filter(|(_, entry)| entry.claimset.iter().all(|claim| claims.contains(claim)));
        matching.next().map(|(place, entry)| (place, entry.target_role))
    }

    /// The place of an actor that sends a message of this form.
    pub(super) fn standing<'a>(&'a self, actor: &'a Actor, form: Form) -> Result<Standing<'a>, Reason> {
        step();
        match actor {
            Actor::ExternalSender { uri, claims } => self.server_standing(actor, uri, claims, form),
            Actor::Client { user, client, .. } => {
                let slot = self.find_user(user);
                let listed = slot.and_then(|slot| self.slot(slot)).filter(|slot| slot.is_listed());
                let role = listed.map_or(NO_ROLE, |slot| slot.role);
                let cut_off = self.is_cut_off(slot);
                let member = slot.is_some() && self.find_client(client) == slot;
                let standing = Standing {
                    actor,
                    form,
                    role,
                    entry: self.role_entry(role),
                    listed: listed.is_some(),
                    cut_off,
                };
                match form {
                    Form::Proposal if cut_off && member => Ok(standing),
                    Form::Proposal | Form::Commit | Form::Message if cut_off && member => {
                        Err(Reason::CutOff(user.clone()))
                    }
                    Form::ExternalCommit | Form::ExternalProposal if self.role_table().is_banned(role) => {
                        Err(Reason::CutOff(user.clone()))
                    }
                    Form::ExternalCommit if !self.allows_external_commits() => {
                        Err(Reason::ExternalCommitsForbidden)
                    }
                    Form::ExternalCommit => Ok(standing),
                    Form::ExternalProposal if !self.allows_external_proposals() => {
                        Err(Reason::ExternalProposalsForbidden)
                    }
                    _ if !standing.listed => Err(Reason::NotAParticipant(user.clone())),
                    Form::ExternalProposal => Ok(standing),
                    Form::Proposal | Form::Commit | Form::Message if !member => {
                        Err(Reason::NotAMember(client.clone()))
                    }
                    Form::Proposal | Form::Commit | Form::Message => Ok(standing),
                }
            }
        }
    }

    fn server_standing<'a>(
        &'a self,
        actor: &'a Actor,
        uri: &'a UserUri,
        claims: &Claims,
        form: Form,
    ) -> Result<Standing<'a>, Reason> {
        if form != Form::ExternalProposal {
            return Err(Reason::WrongSender { form });
        }
        if !self.allows_external_proposals() {
            return Err(Reason::ExternalProposalsForbidden);
        }
        let listed = self.role_of(uri);
        let role = listed.or_else(|| self.first_match(claims, |_| true).map(|(_, role)| role));
        if listed.is_some_and(|role| self.role_table().is_banned(role)) {
            return Err(Reason::CutOff(uri.clone()));
        }
        let entry = role.and_then(|role| self.role_entry(role));
        // Without a role it has no right, and may still propose what needs none.
        let role = role.unwrap_or(NO_ROLE);
        Ok(Standing { actor, form, role, entry, listed: listed.is_some(), cut_off: false })
    }

    /// A party as whose change something was accepted, whatever its rights.
    pub(super) fn unjudged_standing<'a>(&'a self, actor: &'a Actor) -> Standing<'a> {
        let role = self.role_of(actor.uri());
        let form = self.form_of_proposer(actor);
        let (listed, role) = (role.is_some(), role.unwrap_or(NO_ROLE));
        Standing { actor, form, role, entry: self.role_entry(role), listed, cut_off: false }
    }

    /// How the sender of a proposal that a commit refers to proposes: a member as a member, all
    /// others from outside.
    pub(super) fn form_of_proposer(&self, actor: &Actor) -> Form {
        match actor {
            Actor::ExternalSender { .. } => Form::ExternalProposal,
            Actor::Client { user, client, .. } => {
                let slot = self.find_client(client);
                let is_member = slot.is_some() && slot == self.find_user(user);
                if is_member { Form::Proposal } else { Form::ExternalProposal }
            }
        }
    }

    /// Whether a user has clients in the group that may only leave: it is banned, or no longer on
    /// the list.
    fn is_cut_off(&self, slot: Option<u32>) -> bool {
        let Some(slot) = slot.and_then(|slot| self.slot(slot)) else { return false };
        !slot.clients.is_empty() && (!slot.is_listed() || self.role_table().is_banned(slot.role))
    }

    /// Whether clients of the user may be in the group and take part: it is on the list and not
    /// banned.
    pub(crate) fn takes_part(&self, user: &UserUri) -> bool {
        self.role_of(user).is_some_and(|role| !self.role_table().is_banned(role))
    }
}
