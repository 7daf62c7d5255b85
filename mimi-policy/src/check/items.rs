//! The changes of one message: what each is about, and which of them meet in one user.

use alloc::{collections::BTreeMap, vec::Vec};

use mimi_codec::code_points::ComponentID;

use super::standing::Standing;
use crate::{Actor, Change, ClientUri, Form, NO_ROLE, ProposedChange, Reason, Refusal, RoomState, UserUri};

/// One change with its proposer and its target.
pub(super) struct Item<'a> {
    /// Its place in the caller's list; `None` for the joining client of an external commit.
    pub(super) index: Option<usize>,
    pub(super) change: &'a Change,
    /// The kind of the change, so that passes over thousands of items needn't look at each change.
    pub(super) kind: Kind,
    pub(super) by: Standing<'a>,
    /// The user that it is about, by its place in [`Items::users`].
    pub(super) user: Option<usize>,
    /// The hub accepted it since the last commit.
    pub(super) accepted: bool,
}

/// What a change is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A user comes to the list.
    Addition,
    /// A user on the list.
    List,
    /// A client.
    Client,
    /// The room as a whole.
    Room,
}

impl Kind {
    const fn of(change: &Change) -> Self {
        match change {
            Change::AddParticipant { .. } | Change::UseJoinCode { .. } => Self::Addition,
            Change::RemoveParticipant { .. } | Change::SetRole { .. } => Self::List,
            Change::AddClient { .. } | Change::RemoveClient { .. } => Self::Client,
            _ => Self::Room,
        }
    }
}

impl Item<'_> {
    pub(super) fn refuse(&self, reason: Reason) -> Refusal {
        Refusal::of(self.index, reason)
    }
}

/// One user that changes are about, before and after them.
pub(super) struct Affected<'a> {
    pub(super) user: &'a UserUri,
    /// Its slot, if the room knows it.
    pub(super) slot: Option<u32>,
    /// Its role before; 0 for a user who isn't on the list.
    pub(super) role: u32,
    /// How many clients it has before.
    pub(super) clients: usize,
    /// The change of its place in the list, by its place among the items.
    pub(super) operation: Option<usize>,
    /// An accepted change of its place in the list that is listed, by its place among the items.
    accepted: Option<usize>,
    /// Its role after.
    pub(super) role_after: u32,
    pub(super) added: Vec<&'a ClientUri>,
    /// Sorted, if clients are added too.
    pub(super) removed: Vec<&'a ClientUri>,
    /// How many of the removed clients leave by a proposal of the user itself.
    pub(super) removed_by_itself: usize,
}

impl Affected<'_> {
    /// How many clients it has after.
    pub(super) fn clients_after(&self) -> usize {
        self.clients.saturating_add(self.added.len()).saturating_sub(self.removed.len())
    }
}

pub(super) struct Items<'a> {
    pub(super) items: Vec<Item<'a>>,
    pub(super) users: Vec<Affected<'a>>,
}

impl Change {
    /// The user whose place in the list or client it is about.
    fn user(&self) -> Option<&UserUri> {
        match self {
            Self::AddParticipant { user, .. }
            | Self::RemoveParticipant { user }
            | Self::SetRole { user, .. }
            | Self::AddClient { user, .. }
            | Self::RemoveClient { user, .. }
            | Self::UseJoinCode { user, .. } => Some(user),
            _ => None,
        }
    }

    fn client(&self) -> Option<&ClientUri> {
        match self {
            Self::AddClient { client, .. } | Self::RemoveClient { client, .. } => Some(client),
            _ => None,
        }
    }

    /// The role that it leads to, if it changes the list: 0 for a removal.
    pub(super) const fn role_after(&self) -> Option<u32> {
        match self {
            Self::AddParticipant { role, .. }
            | Self::SetRole { role, .. }
            | Self::UseJoinCode { role, .. } => Some(*role),
            Self::RemoveParticipant { .. } => Some(NO_ROLE),
            _ => None,
        }
    }

    const fn component(&self) -> Option<ComponentID> {
        match self {
            Self::UpdateMetadata(_) => Some(ComponentID::ROOM_METADATA),
            Self::UpdateRoles(_) => Some(ComponentID::ROLES_LIST),
            Self::UpdatePreAuth(_) => Some(ComponentID::PREAUTH_LIST),
            Self::UpdateBase(_) => Some(ComponentID::BASE_ROOM_POLICY),
            _ => None,
        }
    }
}

impl<'a> Items<'a> {
    /// The changes with their proposers, by users.
    pub(super) fn new(
        room: &'a RoomState,
        sender: Standing<'a>,
        changes: &'a [ProposedChange],
        joining: Option<&'a Change>,
        judged: bool,
    ) -> Result<Self, Refusal> {
        let mut items: Vec<Item<'a>> = Vec::with_capacity(changes.len().saturating_add(1));
        // Each party is looked up once, however its changes are mixed with those of others.
        let mut known: BTreeMap<(&'a UserUri, Option<&'a ClientUri>), Standing<'a>> = BTreeMap::new();
        for (index, proposed) in changes.iter().enumerate() {
            let actor = proposed.by.as_deref().unwrap_or(sender.actor);
            let accepted = judged && room.was_accepted(&proposed.change, actor, sender.form);
            let by = match proposed.by.as_deref() {
                None => sender,
                // Accepted before, with the rights of that time.
                Some(actor) if accepted || !judged => room.unjudged_standing(actor),
                Some(actor) => {
                    let party = match actor {
                        Actor::Client { user, client, .. } => (user, Some(client)),
                        Actor::ExternalSender { uri, .. } => (uri, None),
                    };
                    let same = |by: &&Standing<'_>| core::ptr::eq(by.actor, actor) || by.actor == actor;
                    match known.get(&party).filter(same) {
                        Some(by) => *by,
                        None => {
                            let form = room.form_of_proposer(actor);
                            let by = room.standing(actor, form);
                            let by = by.map_err(|reason| Refusal::of(Some(index), reason))?;
                            known.insert(party, by);
                            by
                        }
                    }
                }
            };
            items.push(Item {
                index: Some(index),
                change: &proposed.change,
                kind: Kind::of(&proposed.change),
                by,
                user: None,
                accepted,
            });
        }
        if let Some(change) = joining {
            items.push(Item {
                index: None,
                change,
                kind: Kind::of(change),
                by: sender,
                user: None,
                accepted: false,
            });
        }
        let users = group(room, &mut items)?;
        let items = Self { items, users };
        items.refuse_second_client_operations(room, sender.form)?;
        Ok(items)
    }

    /// Whether the change can be made at all, by any actor.
    pub(super) fn check_possible(&self, room: &RoomState, item: &Item<'a>) -> Result<(), Reason> {
        let affected = item.user.and_then(|place| self.users.get(place));
        let listed = affected.is_some_and(|affected| affected.role != NO_ROLE);
        match item.change {
            Change::AddParticipant { user, .. } | Change::UseJoinCode { user, .. } if listed => {
                Err(Reason::AlreadyListed(user.clone()))
            }
            Change::RemoveParticipant { user } | Change::SetRole { user, .. } if !listed => {
                Err(Reason::NotListed(user.clone()))
            }
            Change::AddParticipant { role, .. }
            | Change::UseJoinCode { role, .. }
            | Change::SetRole { role, .. } => room.check_role(*role),
            Change::AddClient { client, .. } if room.find_client(client).is_some() => {
                Err(Reason::ClientInGroup(client.clone()))
            }
            Change::AddClient { user, .. }
                if affected.is_none_or(|affected| affected.role_after == NO_ROLE) =>
            {
                Err(Reason::ClientWithoutParticipant(user.clone()))
            }
            Change::RemoveClient { client, .. } => {
                let slot = affected.and_then(|affected| affected.slot);
                let found = slot.is_some() && room.find_client(client) == slot;
                if found { Ok(()) } else { Err(Reason::NoSuchClient(client.clone())) }
            }
            Change::ChangeComponent(component) => Err(Reason::NoCapabilityFor(*component)),
            _ => Ok(()),
        }
    }

    /// A client that goes and comes in an external commit is the joiner's own, which replaces its
    /// leaf.
    fn refuse_second_client_operations(&self, room: &RoomState, form: Form) -> Result<(), Refusal> {
        let items = self.items.iter().enumerate().filter(|(_, item)| item.kind == Kind::Client);
        let clients = items.filter_map(|(place, item)| Some((item.change.client()?, place)));
        let mut clients: Vec<(&ClientUri, usize)> = clients.collect();
        if clients.is_empty() {
            return Ok(());
        }
        clients.sort_unstable();
        let mut first: Option<(usize, &ClientUri)> = None;
        let mut found = |place: usize, client| {
            if first.is_none_or(|(other, _)| place < other) {
                first = Some((place, client));
            }
        };
        let replaces = |a: usize, b: usize| {
            let kind = |place: usize| {
                self.items.get(place).map(|item| matches!(item.change, Change::AddClient { .. }))
            };
            form == Form::ExternalCommit && kind(a) != kind(b)
        };
        for pair in clients.windows(2) {
            if let [(one, a), (other, b)] = pair
                && one == other
                && !replaces(*a, *b)
            {
                found(*b, other);
            }
        }
        for triple in clients.windows(3) {
            if let [(one, _), _, (other, c)] = triple
                && one == other
            {
                found(*c, other);
            }
        }
        if !room.pending().clients.is_empty() {
            for (client, place) in &clients {
                let accepted = self.items.get(*place).is_some_and(|item| item.accepted);
                if !accepted && room.pending().clients.contains_key(*client) {
                    found(*place, client);
                }
            }
        }
        match first.and_then(|(place, client)| Some((self.items.get(place)?, client))) {
            None => Ok(()),
            Some((item, client)) => Err(item.refuse(Reason::SecondClientOperation(client.clone()))),
        }
    }

    /// What may not stand in one commit (mimi-room-policy-04 §3 and §4, mimi-protocol-06 §7.6, RFC
    /// 9420 §12.2).
    pub(super) fn check_together(&self, room: &RoomState, form: Form) -> Result<(), Refusal> {
        // An external commit takes up nothing that was accepted before.
        let pending =
            Some(room.pending()).filter(|pending| form != Form::ExternalCommit && !pending.is_empty());
        if pending.is_none() && self.items.iter().all(|item| item.kind != Kind::Room) {
            return Ok(());
        }
        let new = || self.items.iter().filter(|item| !item.accepted);
        let of_component = |component| {
            let now = new().find(move |item| item.change.component() == Some(component));
            let before = pending.is_some_and(|pending| pending.components.contains_key(&component));
            (now, before)
        };
        for component in [
            ComponentID::ROOM_METADATA,
            ComponentID::ROLES_LIST,
            ComponentID::PREAUTH_LIST,
            ComponentID::BASE_ROOM_POLICY,
        ] {
            let of_it = |item: &&Item<'_>| item.change.component() == Some(component);
            let mut updates = new().filter(of_it);
            let allowed = if of_component(component).1 { 0 } else { 1 };
            let again = || self.items.iter().filter(|item| item.accepted).filter(of_it).nth(1);
            if let Some(item) = updates.nth(allowed).or_else(again) {
                let all = self.items.iter().filter(of_it).filter_map(|item| item.index);
                return Err(item.refuse(Reason::SecondUpdate(component)).with(all));
            }
        }

        let mut ranges: BTreeMap<&UserUri, Option<usize>> = BTreeMap::new();
        for item in &self.items {
            if let Change::RetractRange { sender, .. } = item.change
                && let Some(first) = ranges.insert(sender, item.index)
            {
                return Err(item.refuse(Reason::SecondRetractedRange(sender.clone())).with(first));
            }
        }

        let list = |only_removals: bool| {
            let counts = |role: u32| !only_removals || role != NO_ROLE;
            let now = new().find(move |item| item.change.role_after().is_some_and(counts));
            let before = pending.is_some_and(|pending| {
                pending.not_removals > 0 || !only_removals && !pending.list.is_empty()
            });
            (now, before)
        };
        for (component, only_removals, reason) in [
            (ComponentID::ROLES_LIST, false, Reason::RolesBesideListChange),
            (ComponentID::PREAUTH_LIST, true, Reason::PreAuthBesideListChange),
        ] {
            match (of_component(component), list(only_removals)) {
                ((Some(item), _), (Some(_), _) | (_, true)) | ((_, true), (Some(item), _)) => {
                    let counts = |role: u32| !only_removals || role != NO_ROLE;
                    let concerned = new().filter(|item| {
                        item.change.component() == Some(component)
                            || item.change.role_after().is_some_and(counts)
                    });
                    return Err(item.refuse(reason).with(concerned.filter_map(|item| item.index)));
                }
                _ => {}
            }
        }

        let is_reinit = |item: &&Item<'_>| matches!(item.change, Change::ReInit);
        let others = new().any(|item| !is_reinit(&item)) || new().filter(is_reinit).nth(1).is_some();
        let reinit_before = pending.is_some_and(|pending| pending.reinit.is_some());
        match new().find(is_reinit) {
            Some(item) if others || pending.is_some() => {
                Err(item.refuse(Reason::ReInitBesideOthers).with(new().filter_map(|item| item.index)))
            }
            None if reinit_before => match new().next() {
                Some(item) => Err(item.refuse(Reason::ReInitBesideOthers)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// Finds the users, and gives each item its own. Sorting, not a map: a commit may be about
/// thousands.
fn group<'a>(room: &'a RoomState, items: &mut [Item<'a>]) -> Result<Vec<Affected<'a>>, Refusal> {
    let mut known: Vec<(u32, usize)> = Vec::with_capacity(items.len());
    let mut unknown: Vec<(&'a UserUri, usize)> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let Some(user) = item.change.user() else { continue };
        match room.find_user(user) {
            Some(slot) => known.push((slot, place)),
            None => unknown.push((user, place)),
        }
    }
    if !known.is_sorted() {
        known.sort_unstable();
    }
    unknown.sort_unstable();

    let mut users: Vec<Affected<'a>> = Vec::with_capacity(known.len().saturating_add(unknown.len()));
    let mut second: Option<(usize, Option<usize>)> = None;
    for (slot, place) in known {
        let is_new = users.last().is_none_or(|last| last.slot != Some(slot));
        assign(room, items, &mut users, Some(slot).filter(|_| is_new), is_new, place, &mut second);
    }
    for (user, place) in unknown {
        let is_new = users.last().is_none_or(|last| last.slot.is_some() || last.user != user);
        assign(room, items, &mut users, None, is_new, place, &mut second);
    }
    for affected in users.iter_mut().filter(|affected| !affected.added.is_empty()) {
        affected.removed.sort_unstable();
    }
    let found = second.and_then(|(place, first)| Some((items.get(place)?, first)));
    match found {
        None => Ok(users),
        Some((item, first)) => {
            let user = item.change.user().unwrap_or(item.by.uri()).clone();
            let first = first.and_then(|first| items.get(first)?.index);
            Err(item.refuse(Reason::SecondOperation(user)).with(first))
        }
    }
}

/// Gives an item its user: the last one, or a new one behind it.
fn assign<'a>(
    room: &'a RoomState,
    items: &mut [Item<'a>],
    users: &mut Vec<Affected<'a>>,
    slot: Option<u32>,
    is_new: bool,
    place: usize,
    second: &mut Option<(usize, Option<usize>)>,
) {
    let Some(item) = items.get_mut(place) else { return };
    let Some(user) = item.change.user() else { return };
    if is_new {
        users.push(affected(room, user, slot));
    }
    item.user = users.len().checked_sub(1);
    let Some(affected) = users.last_mut() else { return };
    let mut found = |first| {
        if second.is_none_or(|(other, _)| place < other) {
            *second = Some((place, first));
        }
    };
    if item.accepted {
        // One operation is enough, even if another party proposes what waits (mimi-protocol-06
        // §7.5).
        if matches!(item.kind, Kind::Addition | Kind::List) {
            if affected.accepted.is_some() {
                found(affected.accepted);
            }
            affected.accepted = Some(place);
        }
        return;
    }
    match item.change {
        Change::AddClient { client, .. } => affected.added.push(client),
        Change::RemoveClient { client, .. } => {
            affected.removed.push(client);
            if item.by.is_client_of(user) {
                affected.removed_by_itself = affected.removed_by_itself.saturating_add(1);
            }
        }
        change => {
            let pending = &room.pending().list;
            if affected.operation.is_some() || !pending.is_empty() && pending.contains_key(user) {
                found(affected.operation.or(affected.accepted));
            }
            affected.operation = Some(place);
            affected.role_after = change.role_after().unwrap_or(affected.role);
        }
    }
}

fn affected<'a>(room: &'a RoomState, user: &'a UserUri, slot: Option<u32>) -> Affected<'a> {
    let known = slot.and_then(|slot| room.slot(slot));
    let role = known.map_or(NO_ROLE, |slot| slot.role);
    Affected {
        user,
        slot,
        role,
        clients: known.map_or(0, |slot| slot.clients.len()),
        operation: None,
        accepted: None,
        role_after: role,
        added: Vec::new(),
        removed: Vec::new(),
        removed_by_itself: 0,
    }
}

impl RoomState {
    /// Whether a listed user can have the role.
    pub(super) fn check_role(&self, role: u32) -> Result<(), Reason> {
        if role == NO_ROLE {
            Err(Reason::RoleZero)
        } else if self.role_entry(role).is_none() {
            Err(Reason::UndefinedRole(role))
        } else {
            Ok(())
        }
    }

    /// Whether the hub accepted the very change since the last commit, and a message of this form
    /// can name it.
    ///
    /// The change is in force, so that naming it adds nothing. It does not matter which party names
    /// it: if an epoch has passed the proposal by, the hub or a member proposes it anew.
    fn was_accepted(&self, change: &Change, by: &Actor, form: Form) -> bool {
        let pending = self.pending();
        if pending.is_empty() {
            return false;
        }
        let of_client = |user: &UserUri, client: &ClientUri, added: bool| {
            let accepted = pending.clients.get(client);
            let of_user = || !added || self.user_of(client) == Some(user);
            accepted.is_some_and(|accepted| accepted.added == added) && of_user()
        };
        match form {
            // The removals that clients propose for themselves are all that an external commit
            // takes up.
            Form::ExternalCommit => match (change, by) {
                (Change::RemoveClient { user, client }, Actor::Client { client: own, .. }) => {
                    own == client && of_client(user, client, false)
                }
                _ => false,
            },
            Form::Commit | Form::Proposal | Form::ExternalProposal => match change {
                Change::AddClient { user, client } => of_client(user, client, true),
                Change::RemoveClient { user, client } => of_client(user, client, false),
                Change::AddParticipant { user, .. }
                | Change::SetRole { user, .. }
                | Change::RemoveParticipant { user } => pending.list.get(user).is_some_and(|accepted| {
                    let added = matches!(change, Change::AddParticipant { .. });
                    accepted.added == added && change.role_after() == Some(accepted.role)
                }),
                Change::ReInit => pending.reinit.is_some(),
                Change::UpdateMetadata(new) => self.updated(change) && self.metadata() == Some(new),
                Change::UpdateRoles(new) => self.updated(change) && self.roles() == new,
                Change::UpdateBase(new) => self.updated(change) && *self.base() == **new,
                Change::UpdatePreAuth(new) => {
                    let same = self.preauthorized_entries() == new.preauthorized_entries;
                    self.updated(change) && same
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn updated(&self, change: &Change) -> bool {
        change.component().is_some_and(|component| self.pending().components.contains_key(&component))
    }
}
