//! The right to each change (mimi-room-policy-04 §8): one function for each kind of change.

use alloc::vec::Vec;

use mimi_codec::{
    CapabilityType,
    code_points::ComponentID,
    protocol::{RoomMetaData, UTF8String},
};

use super::{
    items::{Affected, Item, Items},
    standing::Standing,
};
use crate::{
    BANNED_ROLE, Basis, Change, ClientUri, Form, Grant, JoinCode, NO_ROLE, Reason, Refusal, RoomState,
    UserUri, role_table::names_banned, steps::step,
};

/// What is asked of a role's limits, on the state after all changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The minima of the role that a user leaves.
    pub(super) minima_before: bool,
    /// The maxima of the role that a user comes to.
    pub(super) maxima_after: bool,
}

/// The rights to all changes, and what each asks of the limits.
pub(super) struct Rights<'r, 'a> {
    room: &'a RoomState,
    items: &'r Items<'a>,
    form: Form,
    pub(super) grants: Vec<Grant>,
    /// For each item.
    pub(super) asked: Vec<Asked>,
    /// The capability that each change of the list rests on, for each item.
    based_on: Vec<Option<CapabilityType>>,
}

type Right = (Grant, Asked);

impl<'r, 'a> Rights<'r, 'a> {
    pub(super) fn find(room: &'a RoomState, items: &'r Items<'a>, form: Form) -> Result<Self, Refusal> {
        let count = items.items.len();
        let mut rights = Self {
            room,
            items,
            form,
            grants: Vec::with_capacity(count),
            asked: alloc::vec![Asked::default(); count],
            based_on: alloc::vec![None; count],
        };
        // Clients come and go with their users, whichever is written first: so users come first.
        let clients = items.users.iter().any(|user| !user.added.is_empty() || !user.removed.is_empty());
        let mut of_users: Vec<Option<Result<Right, Reason>>> = Vec::new();
        if clients {
            let of_user = |item: &Item<'_>| item.change.role_after().is_some() && !item.accepted;
            of_users = items.items.iter().map(|item| of_user(item).then(|| rights.right(item))).collect();
            for (capability, right) in rights.based_on.iter_mut().zip(&of_users) {
                *capability = match right {
                    Some(Ok((grant, _))) => basis_of(grant),
                    _ => None,
                };
            }
        }
        // The first refusal is the answer; the others are refused all the same, and named with it.
        let mut refused: Option<Refusal> = None;
        let mut also = Vec::new();
        for (place, item) in items.items.iter().enumerate() {
            if item.accepted {
                rights.grants.push(grant(item, None, Basis::Accepted));
                continue;
            }
            let right = match (of_users.get_mut(place).and_then(Option::take), item.change) {
                (Some(right), _) => right.map_err(|reason| item.refuse(reason)),
                (None, Change::UpdateMetadata(new)) => match rights.metadata(item, new) {
                    Ok(()) => continue,
                    Err(refusal) => Err(refusal),
                },
                (None, _) => rights.right(item).map_err(|reason| item.refuse(reason)),
            };
            let (grant, asked) = match right {
                Ok(right) => right,
                Err(refusal) => {
                    match refused {
                        None => refused = Some(refusal),
                        Some(_) => also.extend(refusal.change),
                    }
                    continue;
                }
            };
            if let (Some(ask), Some(capability)) =
                (rights.asked.get_mut(place), rights.based_on.get_mut(place))
            {
                *ask = asked;
                *capability = basis_of(&grant);
            }
            rights.grants.push(grant);
        }
        match refused {
            Some(refusal) => Err(refusal.with(also)),
            None => Ok(rights),
        }
    }

    /// The capability that a change of the list rests on, by the change's place among the items.
    pub(super) fn capability_of(&self, place: usize) -> Option<CapabilityType> {
        self.based_on.get(place).copied().flatten()
    }

    fn right(&self, item: &Item<'a>) -> Result<Right, Reason> {
        let by = &item.by;
        if by.cut_off && !matches!(item.change, Change::RemoveClient { user, .. } if user == by.uri()) {
            return Err(Reason::CutOff(by.uri().clone()));
        }
        if !self.fits_form(item) {
            return Err(Reason::NotInThisForm { form: by.form });
        }
        if let Some(right) = self.forced_departure(item) {
            return Ok(right);
        }
        // A client's removal may be part of a removal that takes no right.
        if by.is_server_without_role() && !matches!(item.change, Change::RemoveClient { .. }) {
            return Err(Reason::NotPreAuthorized(by.uri().clone()));
        }
        let alone = |capability| {
            let right = (grant(item, Some(capability), Basis::CapabilityAlone), Asked::default());
            if by.has(capability) { Ok(right) } else { Err(by.lacks(capability)) }
        };
        match item.change {
            Change::AddParticipant { user, role } => self.addition(item, user, *role),
            Change::UseJoinCode { user, role, code } => {
                if !by.is_client_of(user) {
                    return Err(Reason::NotTheJoiner(user.clone()));
                }
                self.check_addition(item, user, *role)?;
                self.join(item, *role, Some(*code))
            }
            Change::RemoveParticipant { user } => self.removal(item, user),
            Change::SetRole { user, role } => self.role_change(item, user, *role),
            Change::AddClient { user, client } => self.client_addition(item, user, client),
            Change::RemoveClient { user, client } => self.client_removal(item, user, client),
            Change::UpdateRoles(_) => alone(CapabilityType::CAN_CHANGE_ROLE_DEFINITIONS),
            Change::UpdatePreAuth(_) => alone(CapabilityType::CAN_CHANGE_PREAUTHORIZED_USER_LIST),
            Change::UpdateBase(_) => alone(CapabilityType::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE),
            Change::RetractRange { .. } => alone(CapabilityType::CAN_DELETE_OTHER_MESSAGE),
            Change::RetractMessages(_) => alone(CapabilityType::CAN_DELETE_OTHER_MESSAGE)
                .or_else(|reason| alone(CapabilityType::CAN_DELETE_OTHER_REACTION).map_err(|_| reason)),
            Change::ReInit => alone(CapabilityType::CAN_SEND_MLS_REINIT_PROPOSAL),
            Change::DestroyRoom => alone(CapabilityType::CAN_DESTROY_ROOM),
            Change::ChangeComponent(component) => Err(Reason::NoCapabilityFor(*component)),
            // Its fields have a right each.
            Change::UpdateMetadata(_) => Err(Reason::NoCapabilityFor(ComponentID::ROOM_METADATA)),
        }
    }

    /// Whether a message of the proposer's form can carry such a change (RFC 9420 §12.1.8 and
    /// §12.2; mls-extensions-10 §6.3).
    fn fits_form(&self, item: &Item<'a>) -> bool {
        let by = &item.by;
        let is_own = |client: &ClientUri| match by.actor {
            crate::Actor::Client { client: own, .. } => own == client,
            crate::Actor::ExternalSender { .. } => false,
        };
        match by.form {
            Form::Message => false,
            Form::ExternalCommit => match item.change {
                Change::AddClient { user, client } => by.is_client_of(user) && is_own(client),
                Change::RemoveClient { user, .. } => {
                    let mut removals = self.items.items.iter().filter(|other| {
                        other.by.form == Form::ExternalCommit
                            && matches!(other.change, Change::RemoveClient { .. })
                    });
                    by.is_client_of(user) && removals.nth(1).is_none()
                }
                _ => true,
            },
            // What a client proposes of itself from outside of the group is one Add.
            Form::ExternalProposal if !by.is_server() => match item.change {
                Change::AddClient { user, client } => by.is_client_of(user) && is_own(client),
                _ => false,
            },
            Form::ExternalProposal | Form::Proposal | Form::Commit => match item.change {
                Change::UseJoinCode { .. } => false,
                // An external commit takes up the removals that clients propose for themselves, and
                // nothing else.
                Change::RemoveClient { client, .. } if self.form == Form::ExternalCommit => is_own(client),
                _ => self.form != Form::ExternalCommit,
            },
        }
    }

    /// What must happen, and therefore takes no right: the removal of a user who has left the
    /// parent room, with its clients, and the removal of the clients of a banned user.
    fn forced_departure(&self, item: &Item<'a>) -> Option<Right> {
        match item.change {
            Change::RemoveParticipant { user } if self.room.has_left_parent(user) => {
                self.listed_role(item, user).ok()?;
                Some((grant(item, None, Basis::LeftParent), Asked::default()))
            }
            Change::RemoveClient { user, client } => {
                let affected = self.affected(item)?;
                let known = affected.slot.is_some() && self.room.find_client(client) == affected.slot;
                let waits = self.room.pending().list.contains_key(user);
                let banned = self.room.role_table().is_banned(affected.role);
                if known && banned && !waits && affected.operation.is_none() {
                    return Some((grant(item, None, Basis::Banned), Asked::default()));
                }
                None
            }
            _ => None,
        }
    }

    fn affected(&self, item: &Item<'a>) -> Option<&'r Affected<'a>> {
        self.items.users.get(item.user?)
    }

    /// canAddParticipant, canBan in advance, and joining (mimi-room-policy-04 §8.1.1).
    fn addition(&self, item: &Item<'a>, user: &UserUri, role: u32) -> Result<Right, Reason> {
        self.check_addition(item, user, role)?;
        let by = &item.by;
        let comes = Asked { maxima_after: true, ..Asked::default() };
        let basis = Basis::RoleChange { from: NO_ROLE, to: role };
        if by.uri() == user {
            return match by.form {
                Form::ExternalCommit => self.join(item, role, None),
                form => Err(Reason::NotInThisForm { form }),
            };
        }
        let (add, ban) = (CapabilityType::CAN_ADD_PARTICIPANT, CapabilityType::CAN_BAN);
        let to_banned = self.room.role_table().is_banned(role);
        let allowed = by.may_move(NO_ROLE, role);
        if to_banned && by.has(ban) && allowed {
            Ok((grant(item, Some(ban), basis), Asked::default()))
        } else if by.has(add) && allowed {
            Ok((grant(item, Some(add), basis), comes))
        } else if by.has(add) || to_banned && by.has(ban) {
            Err(Reason::RoleChangeNotAuthorized { role: by.role, from: NO_ROLE, to: role })
        } else {
            Err(by.lacks(if to_banned { ban } else { add }))
        }
    }

    fn check_addition(&self, item: &Item<'a>, user: &UserUri, role: u32) -> Result<(), Reason> {
        if self.affected(item).is_some_and(|affected| affected.role != NO_ROLE) {
            return Err(Reason::AlreadyListed(user.clone()));
        }
        self.room.check_role(role)?;
        if self.room.base().fixed_membership { Err(Reason::FixedMembership) } else { Ok(()) }
    }

    /// canOpenJoin, canJoinIfPreauthorized and canUseJoinCode, for a user who adds itself: any one
    /// of the three ways is enough. A code that may have been shown counts as shown.
    fn join(&self, item: &Item<'a>, role: u32, code: Option<JoinCode>) -> Result<Right, Reason> {
        let by_code = code.map(|code| self.join_by_code(item, role, code));
        match (code, by_code) {
            (None, _) | (_, None) => self.join_without_code(item, role),
            // The code is used up, whatever other way there is.
            (Some(JoinCode::Valid), Some(Ok(right))) => Ok(right),
            (_, Some(by_code)) => self.join_without_code(item, role).or(by_code),
        }
    }

    /// canOpenJoin and canJoinIfPreauthorized.
    fn join_without_code(&self, item: &Item<'a>, role: u32) -> Result<Right, Reason> {
        let comes = Asked { maxima_after: true, ..Asked::default() };
        let role_zero = self.room.role_entry(NO_ROLE);
        let (open, preauthorized) =
            (CapabilityType::CAN_OPEN_JOIN, CapabilityType::CAN_JOIN_IF_PREAUTHORIZED);
        let is_open = role_zero.is_some_and(|role_zero| role_zero.has(open));
        if is_open && role_zero.is_some_and(|role_zero| role_zero.may_move(NO_ROLE, role)) {
            let basis = Basis::RoleChange { from: NO_ROLE, to: role };
            return Ok((grant(item, Some(open), basis), comes));
        }
        let first = self.room.first_match(item.by.actor.claims(), |_| true);
        let takes = self.room.role_entry(role).is_some_and(|role| role.has(preauthorized));
        match first {
            Some((entry, target)) if target == role && takes => {
                let basis = Basis::PreAuthorization { entry };
                Ok((Grant { role, ..grant(item, Some(preauthorized), basis) }, comes))
            }
            Some((_, target)) if target == role => {
                Err(Reason::MissingCapability { role, capability: preauthorized })
            }
            _ if is_open => Err(Reason::RoleChangeNotAuthorized { role: NO_ROLE, from: NO_ROLE, to: role }),
            _ if takes => {
                Err(Reason::NotPreAuthorizedFor { role, first_match: first.map(|(_, target)| target) })
            }
            _ => Err(Reason::MissingCapability { role: NO_ROLE, capability: open }),
        }
    }

    /// canUseJoinCode.
    fn join_by_code(&self, item: &Item<'a>, role: u32, code: JoinCode) -> Result<Right, Reason> {
        let capability = CapabilityType::CAN_USE_JOIN_CODE;
        let Some(role_zero) = self.room.role_entry(NO_ROLE).filter(|role_zero| role_zero.has(capability))
        else {
            return Err(Reason::MissingCapability { role: NO_ROLE, capability });
        };
        if code == JoinCode::Invalid {
            return Err(Reason::InvalidJoinCode);
        }
        if !role_zero.may_move(NO_ROLE, role) {
            return Err(Reason::RoleChangeNotAuthorized { role: NO_ROLE, from: NO_ROLE, to: role });
        }
        let basis = Basis::RoleChange { from: NO_ROLE, to: role };
        let comes = Asked { maxima_after: true, ..Asked::default() };
        Ok((grant(item, Some(capability), basis), comes))
    }

    /// canRemoveParticipant, and canRemoveSelf (mimi-room-policy-04 §8.1.2).
    fn removal(&self, item: &Item<'a>, user: &UserUri) -> Result<Right, Reason> {
        let from = self.listed_role(item, user)?;
        if self.room.base().fixed_membership {
            return Err(Reason::FixedMembership);
        }
        let by = &item.by;
        let capability = if by.uri() == user {
            CapabilityType::CAN_REMOVE_SELF
        } else {
            CapabilityType::CAN_REMOVE_PARTICIPANT
        };
        let leaves = Asked { minima_before: true, ..Asked::default() };
        if !by.has(capability) {
            Err(by.lacks(capability))
        } else if !by.may_move(from, NO_ROLE) {
            Err(Reason::RoleChangeNotAuthorized { role: by.role, from, to: NO_ROLE })
        } else {
            Ok((grant(item, Some(capability), Basis::RoleChange { from, to: NO_ROLE }), leaves))
        }
    }

    fn listed_role(&self, item: &Item<'a>, user: &UserUri) -> Result<u32, Reason> {
        let role = self.affected(item).map_or(NO_ROLE, |affected| affected.role);
        if role == NO_ROLE { Err(Reason::NotListed(user.clone())) } else { Ok(role) }
    }

    /// canBan, canUnBan, canChangeUserRole and canChangeOwnRole (mimi-room-policy-04 §8.1.3).
    fn role_change(&self, item: &Item<'a>, user: &UserUri, to: u32) -> Result<Right, Reason> {
        let from = self.listed_role(item, user)?;
        self.room.check_role(to)?;
        let by = &item.by;
        let moves = Asked { minima_before: true, maxima_after: true };
        if by.uri() == user {
            return self.own_role_change(item, to).map(|grant| (grant, moves));
        }
        let (ban, unban) = (CapabilityType::CAN_BAN, CapabilityType::CAN_UNBAN);
        let change = CapabilityType::CAN_CHANGE_USER_ROLE;
        let roles = self.room.role_table();
        let bans = to == BANNED_ROLE && by.has(ban);
        let unbans = from == BANNED_ROLE && to != BANNED_ROLE && by.has(unban);
        let banned_exists = roles.has_banned();
        let basis = Basis::RoleChange { from, to };
        let allowed = by.may_move(from, to);
        if bans && banned_exists && allowed {
            Ok((grant(item, Some(ban), basis), Asked { maxima_after: false, ..moves }))
        } else if unbans && banned_exists && allowed {
            Ok((grant(item, Some(unban), basis), moves))
        } else if by.has(change) && allowed {
            Ok((grant(item, Some(change), basis), moves))
        } else if by.has(change) || banned_exists && (bans || unbans) {
            Err(Reason::RoleChangeNotAuthorized { role: by.role, from, to })
        } else if bans || unbans {
            Err(Reason::NoBannedRole)
        } else if roles.is_banned(to) {
            Err(by.lacks(ban))
        } else if roles.is_banned(from) {
            Err(by.lacks(unban))
        } else {
            Err(by.lacks(change))
        }
    }

    fn own_role_change(&self, item: &Item<'a>, to: u32) -> Result<Grant, Reason> {
        let capability = CapabilityType::CAN_CHANGE_OWN_ROLE;
        if !item.by.has(capability) {
            return Err(item.by.lacks(capability));
        }
        let first = self.room.first_match(item.by.actor.claims(), |entry| entry.target_role != NO_ROLE);
        match first {
            Some((entry, target)) if target == to => {
                Ok(grant(item, Some(capability), Basis::PreAuthorization { entry }))
            }
            _ => Err(Reason::NotPreAuthorizedFor { role: to, first_match: first.map(|(_, target)| target) }),
        }
    }

    /// canAddOwnClient, and the clients of a user who comes to the list (mimi-room-policy-04
    /// §8.1.1).
    fn client_addition(&self, item: &Item<'a>, user: &UserUri, client: &ClientUri) -> Result<Right, Reason> {
        let Some(affected) = self.affected(item) else {
            return Err(Reason::ClientWithoutParticipant(user.clone()));
        };
        let compare = |removed: &&ClientUri| {
            step();
            (*removed).cmp(client)
        };
        let replaced = affected.removed.binary_search_by(compare).is_ok();
        if self.room.find_client(client).is_some() && !replaced {
            return Err(Reason::ClientInGroup(client.clone()));
        }
        let part_of =
            |change: Option<usize>| Ok((grant(item, None, Basis::PartOf { change }), Asked::default()));
        let by = &item.by;
        let operation = affected.operation.and_then(|place| Some((place, self.items.items.get(place)?)));
        let comes = operation.filter(|_| affected.role == NO_ROLE);
        if by.is_client_of(user) {
            let own = CapabilityType::CAN_ADD_OWN_CLIENT;
            return match comes {
                Some((_, joining)) if joining.by.uri() == user => part_of(joining.index),
                _ if affected.role == NO_ROLE => Err(Reason::ClientWithoutParticipant(user.clone())),
                _ if by.has(own) => Ok((grant(item, Some(own), Basis::CapabilityAlone), Asked::default())),
                _ => Err(by.lacks(own)),
            };
        }
        let add = Some(CapabilityType::CAN_ADD_PARTICIPANT);
        match comes {
            Some((place, addition)) if addition.by.uri() == by.uri() => {
                if self.based_on.get(place).copied().flatten() == add {
                    part_of(addition.index)
                } else {
                    // The user's addition stands further down and is refused itself, or it bans the
                    // user in advance.
                    self.right(addition)?;
                    Err(Reason::ClientsOfBanned(user.clone()))
                }
            }
            Some(_) => Err(Reason::NotOwnClient(client.clone())),
            None if affected.role == NO_ROLE => Err(Reason::ClientWithoutParticipant(user.clone())),
            None => {
                let accepted = self.room.pending().list.get(user);
                let same = accepted.is_some_and(|operation| {
                    operation.added && operation.capability == add && operation.by.uri == *by.uri()
                });
                if same { part_of(None) } else { Err(Reason::NotOwnClient(client.clone())) }
            }
        }
    }

    /// canRemoveOwnClient, canKick, and the clients of a user who leaves or is banned
    /// (mimi-room-policy-04 §8.1.2).
    fn client_removal(&self, item: &Item<'a>, user: &UserUri, client: &ClientUri) -> Result<Right, Reason> {
        let affected = self.affected(item);
        let slot = affected.and_then(|affected| affected.slot);
        if slot.is_none() || self.room.find_client(client) != slot {
            return Err(Reason::NoSuchClient(client.clone()));
        }
        let by = &item.by;
        if let Some(change) = self.ban_by_roles(by, affected) {
            return Ok((grant(item, None, Basis::PartOf { change }), Asked::default()));
        }
        if let Some(change) = self.departure(by, user, affected) {
            return Ok((grant(item, None, Basis::PartOf { change }), Asked::default()));
        }
        let capability = if by.is_client_of(user) {
            CapabilityType::CAN_REMOVE_OWN_CLIENT
        } else {
            CapabilityType::CAN_KICK
        };
        if by.has(capability) {
            Ok((grant(item, Some(capability), Basis::CapabilityAlone), Asked::default()))
        } else if by.is_server_without_role() {
            Err(Reason::NotPreAuthorized(by.uri().clone()))
        } else {
            Err(by.lacks(capability))
        }
    }

    /// New roles by the same party that make the user's role 1 the banned one.
    fn ban_by_roles(&self, by: &Standing<'a>, affected: Option<&Affected<'a>>) -> Option<Option<usize>> {
        if self.room.role_table().has_banned() || affected?.role != BANNED_ROLE {
            return None;
        }
        let bans = |item: &&Item<'a>| match item.change {
            Change::UpdateRoles(roles) => item.by.uri() == by.uri() && names_banned(roles),
            _ => false,
        };
        self.items.items.iter().filter(|item| !item.accepted).find(bans).map(|item| item.index)
    }

    /// The removal or ban, in this message or accepted before, that the removal of the user's
    /// clients is part of.
    fn departure(
        &self,
        by: &Standing<'a>,
        user: &UserUri,
        affected: Option<&Affected<'a>>,
    ) -> Option<Option<usize>> {
        let takes_clients = |capability| {
            let remove = CapabilityType::CAN_REMOVE_PARTICIPANT;
            capability == Some(remove) || capability == Some(CapabilityType::CAN_BAN)
        };
        let own = by.is_client_of(user);
        let operation = affected.and_then(|affected| affected.operation);
        if let Some(item) = operation.and_then(|place| self.items.items.get(place)) {
            let capability = operation.and_then(|place| self.based_on.get(place).copied().flatten());
            let leaves_itself = capability == Some(CapabilityType::CAN_REMOVE_SELF) && own;
            let same = item.by.uri() == by.uri() || self.form == Form::Commit || own;
            if leaves_itself || takes_clients(capability) && same {
                return Some(item.index);
            }
        }
        let cut_off = || {
            let operation = self.room.pending().list.get(user)?;
            let same = operation.by.uri == *by.uri() || self.form == Form::Commit;
            let goes = operation.role == NO_ROLE || operation.role == BANNED_ROLE;
            (goes && (own || same && takes_clients(operation.capability))).then_some(None)
        };
        if self.room.pending().list.is_empty() { None } else { cut_off() }
    }

    /// canChangeRoomName and the like, for each field that differs (mimi-room-policy-04 §8.2).
    fn metadata(&mut self, item: &Item<'a>, new: &RoomMetaData) -> Result<(), Refusal> {
        let by = &item.by;
        if by.cut_off {
            return Err(item.refuse(Reason::CutOff(by.uri().clone())));
        }
        if by.is_server_without_role() {
            return Err(item.refuse(Reason::NotPreAuthorized(by.uri().clone())));
        }
        if !self.fits_form(item) {
            return Err(item.refuse(Reason::NotInThisForm { form: by.form }));
        }
        let old = self.room.metadata();
        if old.is_some_and(|old| old.room_uri() != new.room_uri()) {
            return Err(item.refuse(Reason::RoomUriChanged));
        }
        let fields = [
            (
                CapabilityType::CAN_CHANGE_ROOM_NAME,
                text(old.map(RoomMetaData::room_name)) != new.room_name().as_str(),
            ),
            (
                CapabilityType::CAN_CHANGE_ROOM_DESCRIPTION,
                old.map_or(&[][..], |old| old.room_descriptions().as_slice())
                    != new.room_descriptions().as_slice(),
            ),
            (
                CapabilityType::CAN_CHANGE_ROOM_AVATAR,
                old.map_or(&[][..], |old| old.room_avatar().as_bytes()) != new.room_avatar().as_bytes(),
            ),
            (
                CapabilityType::CAN_CHANGE_ROOM_SUBJECT,
                text(old.map(RoomMetaData::room_subject)) != new.room_subject().as_str(),
            ),
            (
                CapabilityType::CAN_CHANGE_ROOM_MOOD,
                text(old.map(RoomMetaData::room_mood)) != new.room_mood().as_str(),
            ),
        ];
        let mut differs = false;
        for (capability, _) in fields.into_iter().filter(|(_, changed)| *changed) {
            if !by.has(capability) {
                return Err(item.refuse(by.lacks(capability)));
            }
            differs = true;
            self.grants.push(grant(item, Some(capability), Basis::CapabilityAlone));
        }
        if !differs {
            self.grants.push(grant(item, None, Basis::Unrestricted));
        }
        Ok(())
    }
}

/// The capability whose effects a change of the list has: a user who has left the parent room takes
/// its clients along like one who is removed.
fn basis_of(grant: &Grant) -> Option<CapabilityType> {
    match grant.basis {
        Basis::LeftParent => Some(CapabilityType::CAN_REMOVE_PARTICIPANT),
        _ => grant.capability,
    }
}

const fn grant(item: &Item<'_>, capability: Option<CapabilityType>, basis: Basis) -> Grant {
    Grant { change: item.index, capability, role: item.by.role, basis }
}

fn text(field: Option<&UTF8String>) -> &str {
    field.map_or("", UTF8String::as_str)
}
