//! What roles there were, and who had them, at the times that messages were accepted.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use mimi_codec::CapabilityType;

use crate::{NO_ROLE, Plan, RoomState, StalePlanError, UserUri, decision::Subject, role_table::RoleTable};

/// The roles that a room had before those of now: for messages that arrive later than they were
/// accepted.
///
/// A message is judged by what held when the hub accepted it, whenever it arrives: then all clients
/// judge it alike. So a client applies its commits and the proposals that the hub accepted through
/// the history, and asks the history.
///
/// It holds what changed, and nothing else: an empty one goes with any room, and says of all times
/// what the room says now. [`RoleHistory::forget_before`] drops what no message needs any more.
///
/// ```
/// use mimi_codec::{
///     CapabilityType,
///     protocol::{ParticipantListData, UserRolePair},
/// };
/// use mimi_policy::{Actor, Change, Form, RoleHistory, RoomParts, RoomState, TableSeed, UserUri, preset};
///
/// let alice = UserUri::try_from("mimi://a.example/u/alice")?;
/// let bob = UserUri::try_from("mimi://b.example/u/bob")?;
/// let pairs = [(&alice, 4), (&bob, 2)];
/// let pairs = pairs.map(|(user, role_index)| UserRolePair { user: user.clone().into(), role_index });
/// let participants = ParticipantListData { participants: pairs.into() };
/// let mut parts = RoomParts::new(preset::ExampleRoom::Strict.roles(), participants);
/// parts.clients.push((alice.clone().into(), "mimi://a.example/d/a1".into()));
/// let mut room = RoomState::new(parts, TableSeed::known())?;
/// let mut history = RoleHistory::default();
///
/// // At 1000, Bob becomes an admin.
/// let changes = [Change::SetRole { user: bob.clone(), role: 3 }.into()];
/// let plan = room.check(&Actor::client(alice, "mimi://a.example/d/a1".try_into()?), Form::Commit, &changes)?;
/// history.apply(&mut room, plan, 1000)?;
///
/// let deletes_others = |accepted_ms| {
///     history.had_capability(&room, &bob, CapabilityType::CAN_DELETE_OTHER_MESSAGE, accepted_ms)
/// };
/// assert!(!deletes_others(999));
/// assert!(deletes_others(1000));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RoleHistory {
    /// For each user whose role changed: which it had, and until when. Ascending.
    users: BTreeMap<UserUri, Vec<Until<u32>>>,
    /// Which roles there were, and until when. Ascending.
    tables: Vec<Until<Box<RoleTable>>>,
    last_ms: u64,
}

/// What held before a time, in milliseconds since the UNIX epoch.
#[derive(Clone, Debug)]
struct Until<T> {
    ms: u64,
    held: T,
}

impl RoleHistory {
    /// [Applies](RoomState::apply) a plan to the room, and keeps what was before.
    ///
    /// `accepted_ms` is when the hub accepted the commit or proposal, in milliseconds since the
    /// UNIX epoch; the change counts from that very millisecond on. A time before that of the last
    /// change is taken for that one: the hub accepts in one order.
    ///
    /// # Errors
    /// As [`RoomState::apply`]. Nothing has changed then.
    pub fn apply(
        &mut self,
        room: &mut RoomState,
        plan: Plan,
        accepted_ms: u64,
    ) -> Result<(), StalePlanError> {
        let changed = plan.outcome.users.iter().filter_map(|outcome| {
            let (user, role) = match &outcome.subject {
                Subject::New(user) => (user, NO_ROLE),
                Subject::Slot(slot) => room.slot(*slot).map(|slot| (&slot.user, slot.role))?,
            };
            (role != outcome.role).then(|| (user.clone(), role))
        });
        let changed: Vec<(UserUri, u32)> = changed.collect();
        let table = plan.outcome.roles.is_some().then(|| Box::new(room.role_table().clone()));
        room.apply(plan)?;

        let ms = accepted_ms.max(self.last_ms);
        self.last_ms = ms;
        for (user, held) in changed {
            self.users.entry(user).or_default().push(Until { ms, held });
        }
        self.tables.extend(table.map(|held| Until { ms, held }));
        Ok(())
    }

    /// The role that a user had at a time, in milliseconds since the UNIX epoch; `None` if it was
    /// not on the list.
    #[must_use]
    pub fn role_at(&self, room: &RoomState, user: &UserUri, accepted_ms: u64) -> Option<u32> {
        let before = self.users.get(user).and_then(|held| at(held, accepted_ms)).copied();
        before.map_or_else(|| room.role_of(user), |role| Some(role).filter(|role| *role != NO_ROLE))
    }

    /// Whether a user was on the list at a time, in milliseconds since the UNIX epoch, and its role
    /// had the capability.
    #[must_use]
    pub fn had_capability(
        &self,
        room: &RoomState,
        user: &UserUri,
        capability: CapabilityType,
        accepted_ms: u64,
    ) -> bool {
        let table = at(&self.tables, accepted_ms).map_or_else(|| room.role_table(), |table| &**table);
        let role = self.role_at(room, user, accepted_ms).and_then(|role| table.get(role));
        role.is_some_and(|role| role.has(capability))
    }

    /// Drops what ended before a time, in milliseconds since the UNIX epoch. Of earlier times it
    /// then says what held at this one.
    pub fn forget_before(&mut self, accepted_ms: u64) {
        self.tables.retain(|until| until.ms > accepted_ms);
        self.users.retain(|_, held| {
            held.retain(|until| until.ms > accepted_ms);
            !held.is_empty()
        });
    }
}

/// What held at a time, if it is none of what holds now.
fn at<T>(held: &[Until<T>], accepted_ms: u64) -> Option<&T> {
    let place = held.partition_point(|until| until.ms <= accepted_ms);
    held.get(place).map(|until| &until.held)
}
