//! What the changes make of the room.

use alloc::{boxed::Box, collections::BTreeMap, vec, vec::Vec};

use mimi_codec::{CapabilityType, DnsName, DnsNameRef, code_points::ComponentID};

use super::items::{Affected, Item, Items, Kind};
use crate::{
    Change, Form, NO_ROLE, RoomState,
    decision::{Addition, Note, Outcome, Subject, UserOutcome},
    role_table::RoleTable,
};

/// What becomes of the room, in proportion to the changes.
pub(super) fn outcome(
    room: &RoomState,
    items: &Items<'_>,
    form: Form,
    roles: Option<Box<RoleTable>>,
    capability_of: impl Fn(usize) -> Option<CapabilityType>,
) -> Outcome {
    let mut outcome = Outcome { roles, users: Vec::with_capacity(items.users.len()), ..Outcome::default() };
    let mut places = vec![None; items.users.len()];
    for (affected, place) in items.users.iter().zip(&mut places) {
        if affected.operation.is_some() || !affected.added.is_empty() || !affected.removed.is_empty() {
            *place = Some(outcome.users.len());
            outcome.users.push(user_outcome(affected));
        }
    }
    let is_proposal = matches!(form, Form::Proposal | Form::ExternalProposal);
    for (index, item) in items.items.iter().enumerate() {
        if !is_proposal && matches!(item.kind, Kind::List | Kind::Client) {
            continue;
        }
        let user = item.user.and_then(|user| items.users.get(user));
        if let (Change::AddParticipant { .. } | Change::UseJoinCode { .. }, Some(affected)) =
            (item.change, user)
        {
            let place = item.user.and_then(|user| places.get(user).copied().flatten());
            match (item.accepted, affected.slot, place) {
                (true, Some(slot), _) => outcome.additions.push(Addition::Slot(slot)),
                (false, _, Some(place)) => outcome.additions.push(Addition::User(place)),
                _ => {}
            }
        }
        if item.accepted {
            continue;
        }
        match item.change {
            Change::UpdateMetadata(metadata) => outcome.metadata = Some(metadata.clone()),
            Change::UpdatePreAuth(preauth) => outcome.preauth = Some(preauth.clone()),
            Change::UpdateBase(base) => outcome.base = Some(base.clone()),
            Change::DestroyRoom => outcome.destroy = true,
            _ => {}
        }
        if is_proposal {
            outcome.notes.extend(note(item, || capability_of(index)));
        }
    }
    outcome.departed = departed(room, items);
    outcome
}

/// The providers that have a participant before and none after.
fn departed(room: &RoomState, items: &Items<'_>) -> Vec<DnsName> {
    let mut changes: BTreeMap<DnsNameRef<'_>, (usize, usize)> = BTreeMap::new();
    for affected in &items.users {
        let (before, after) = (affected.role != NO_ROLE, affected.role_after != NO_ROLE);
        if before != after
            && let Some(uri) = affected.user.mimi_uri()
        {
            let (gone, come) = changes.entry(uri.host()).or_default();
            *gone = gone.saturating_add(usize::from(before));
            *come = come.saturating_add(usize::from(after));
        }
    }
    let leaves = changes.into_iter().filter(|(host, (gone, come))| {
        *gone > 0 && room.participants_of_provider(*host).saturating_add(*come) <= *gone
    });
    leaves.map(|(host, _)| host.to_owned()).collect()
}

fn user_outcome(affected: &Affected<'_>) -> UserOutcome {
    UserOutcome {
        subject: affected.slot.map_or_else(|| Subject::New(affected.user.clone()), Subject::Slot),
        role: affected.role_after,
        removed_clients: affected.removed.iter().map(|client| (*client).clone()).collect(),
        added_clients: affected.added.iter().map(|client| (*client).clone()).collect(),
    }
}

/// What the commit has to know of an accepted change.
fn note(item: &Item<'_>, capability: impl FnOnce() -> Option<CapabilityType>) -> Option<Note> {
    let by = item.by.party();
    let component = |component| Some(Note::Component { component, by: item.by.party() });
    match item.change {
        Change::AddParticipant { user, .. }
        | Change::RemoveParticipant { user }
        | Change::SetRole { user, .. }
        | Change::UseJoinCode { user, .. } => Some(Note::List {
            user: user.clone(),
            by,
            role: item.change.role_after().unwrap_or(NO_ROLE),
            capability: capability(),
        }),
        Change::AddClient { client, .. } => Some(Note::Client { client: client.clone(), added: true }),
        Change::RemoveClient { client, .. } => Some(Note::Client { client: client.clone(), added: false }),
        Change::UpdateMetadata(_) => component(ComponentID::ROOM_METADATA),
        Change::UpdateRoles(_) => component(ComponentID::ROLES_LIST),
        Change::UpdatePreAuth(_) => component(ComponentID::PREAUTH_LIST),
        Change::UpdateBase(_) => component(ComponentID::BASE_ROOM_POLICY),
        Change::ReInit => Some(Note::ReInit { by }),
        Change::ChangeComponent(_)
        | Change::DestroyRoom
        | Change::RetractMessages(_)
        | Change::RetractRange { .. } => None,
    }
}
