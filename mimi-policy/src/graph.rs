//! Who may move whom from which role to which, as a graph.
//!
//! A graph is made of the components as they are, of valid and invalid rooms alike. It holds the
//! moves that the rules grant, not the entries of the role tables: an entry that no capability uses
//! leads nowhere, and a role that isn't defined is no place to go.
//!
//! ```
//! use mimi_codec::room_policy::PreAuthData;
//! use mimi_policy::graph::{MoveRight, RoleGraph};
//! use mimi_policy::preset;
//!
//! let room = preset::anyone_can_join();
//! let graph = RoleGraph::new(&room.base, &room.roles, &PreAuthData { preauthorized_entries: vec![] });
//! assert!(graph.moves().iter().any(|step| (step.means, step.from, step.to) == (MoveRight::OpenJoin, 0, 2)));
//! assert!(graph.to_mermaid().starts_with("flowchart LR\n"));
//! ```

mod diagram;
mod dot;
mod mermaid;
mod svg;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mimi_codec::room_policy::{BaseRoomPolicy, CapabilityType as C, PreAuthData, Role, RoleData};

/// How many roles are looked at; of hostile tables with more, the first.
pub const MAX_ROLES: usize = 64;

/// How many pairs of a role before and a role after are looked at, over all roles; of hostile
/// tables with more, the first.
pub const MAX_PAIRS: usize = 1 << 12;

const NO_ROLE: u32 = 0;
const BANNED: u32 = 1;

/// By which right a user comes to a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoveRight {
    /// `canAddParticipant`, by another.
    Add,
    /// `canOpenJoin`, by the user itself.
    OpenJoin,
    /// `canUseJoinCode`, by the user itself.
    JoinCode,
    /// `canJoinIfPreauthorized`, by the user itself with the claims of the entry.
    Preauthorized,
    /// `canChangeUserRole`, by another.
    ChangeUserRole,
    /// `canChangeOwnRole`, by the user itself with the claims of the entry.
    ChangeOwnRole,
    /// `canBan`, by another.
    Ban,
    /// `canUnBan`, by another.
    Unban,
    /// `canRemoveParticipant`, by another.
    Remove,
    /// `canRemoveSelf`, by the user itself.
    Leave,
}

impl MoveRight {
    /// The capability.
    #[must_use]
    pub const fn capability(self) -> C {
        match self {
            Self::Add => C::CAN_ADD_PARTICIPANT,
            Self::OpenJoin => C::CAN_OPEN_JOIN,
            Self::JoinCode => C::CAN_USE_JOIN_CODE,
            Self::Preauthorized => C::CAN_JOIN_IF_PREAUTHORIZED,
            Self::ChangeUserRole => C::CAN_CHANGE_USER_ROLE,
            Self::ChangeOwnRole => C::CAN_CHANGE_OWN_ROLE,
            Self::Ban => C::CAN_BAN,
            Self::Unban => C::CAN_UNBAN,
            Self::Remove => C::CAN_REMOVE_PARTICIPANT,
            Self::Leave => C::CAN_REMOVE_SELF,
        }
    }

    /// Whether the user that moves is the one that acts.
    #[must_use]
    pub const fn is_by_oneself(self) -> bool {
        matches!(
            self,
            Self::OpenJoin | Self::JoinCode | Self::Preauthorized | Self::ChangeOwnRole | Self::Leave
        )
    }
}

/// A move that the roles grant, as far as their limits and the state of the room allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Move {
    /// The role before; 0 for not being on the participant list.
    pub from: u32,
    /// The role after; 0 for leaving the list.
    pub to: u32,
    /// The actor's role; 0 for a user who isn't on the list.
    pub by: u32,
    /// By which right.
    pub means: MoveRight,
}

/// The roles of a room, and the moves between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGraph {
    /// Index and name, by index.
    names: BTreeMap<u32, String>,
    moves: Vec<Move>,
}

impl RoleGraph {
    /// The graph of a room. Of two roles with one index, the first counts.
    #[must_use]
    pub fn new(base: &BaseRoomPolicy, roles: &RoleData, preauth: &PreAuthData) -> Self {
        let roles = defined_roles(roles);
        let mut moves = BTreeSet::new();
        let mut pairs = MAX_PAIRS;
        for role in roles.values() {
            let held: BTreeSet<C> = role.role_capabilities.iter().copied().collect();
            for change in &role.authorized_role_changes {
                for &to in &change.target_role_indexes {
                    let Some(left) = pairs.checked_sub(1) else { break };
                    pairs = left;
                    by_table(
                        base,
                        &roles,
                        (role.role_index, &held),
                        (change.from_role_index, to),
                        &mut moves,
                    );
                }
            }
        }
        by_preauthorization(base, &roles, preauth, &mut moves);
        Self {
            names: roles.iter().map(|(index, role)| (*index, role.role_name.to_string())).collect(),
            moves: moves.into_iter().collect(),
        }
    }

    /// The roles by index, each with its name.
    pub fn roles(&self) -> impl Iterator<Item = (u32, &str)> {
        self.names.iter().map(|(index, name)| (*index, name.as_str()))
    }

    /// The moves, sorted by where they come from, where they lead, and who makes them.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// As a DOT digraph, for Graphviz.
    #[must_use]
    pub fn to_dot(&self) -> String {
        dot::render(&diagram::Diagram::new(self))
    }

    /// As a Mermaid flowchart.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        mermaid::render(&diagram::Diagram::new(self))
    }

    /// As an SVG picture by itself, with no need of a layout program.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::render(&diagram::Diagram::new(self))
    }
}

/// The roles by index; of two with one index the first.
pub(crate) fn defined_roles(roles: &RoleData) -> BTreeMap<u32, &Role> {
    let mut defined = BTreeMap::new();
    for role in roles.roles.iter().take(MAX_ROLES) {
        defined.entry(role.role_index).or_insert(role);
    }
    defined
}

/// Whether the room has a role for the banned (mimi-room-policy-04 §8.1.3).
pub(crate) fn has_banned_role(roles: &BTreeMap<u32, &Role>) -> bool {
    roles.get(&BANNED).is_some_and(|role| role.role_name == "banned")
}

/// What an entry of a role's `authorized_role_changes` grants with the role's capabilities.
fn by_table(
    base: &BaseRoomPolicy,
    roles: &BTreeMap<u32, &Role>,
    (by, held): (u32, &BTreeSet<C>),
    (from, to): (u32, u32),
    moves: &mut BTreeSet<Move>,
) {
    let known = |index: u32| index == NO_ROLE || roles.contains_key(&index);
    if from == to || !known(from) || !known(to) {
        return;
    }
    let mut grant = |means: MoveRight, applies: bool| {
        if applies && held.contains(&means.capability()) {
            moves.insert(Move { from, to, by, means });
        }
    };
    // A fixed membership wins over every right to come and go.
    let open = !base.fixed_membership;
    let banned = has_banned_role(roles);
    if by == NO_ROLE {
        grant(MoveRight::OpenJoin, open && from == NO_ROLE);
        grant(MoveRight::JoinCode, open && from == NO_ROLE);
        return;
    }
    let listed = from != NO_ROLE && to != NO_ROLE;
    grant(MoveRight::Add, open && from == NO_ROLE);
    grant(MoveRight::Remove, open && to == NO_ROLE);
    grant(MoveRight::Leave, open && to == NO_ROLE && from == by);
    grant(MoveRight::ChangeUserRole, listed);
    grant(MoveRight::Ban, banned && to == BANNED && (from != NO_ROLE || open));
    grant(MoveRight::Unban, listed && banned && from == BANNED);
}

/// What the preauthorized users list grants.
fn by_preauthorization(
    base: &BaseRoomPolicy,
    roles: &BTreeMap<u32, &Role>,
    preauth: &PreAuthData,
    moves: &mut BTreeSet<Move>,
) {
    let targets: BTreeSet<u32> =
        preauth.preauthorized_entries.iter().map(|entry| entry.target_role).collect();
    for (&to, target) in roles.iter().filter(|(index, _)| **index != NO_ROLE && targets.contains(index)) {
        if !base.fixed_membership && target.role_capabilities.contains(&C::CAN_JOIN_IF_PREAUTHORIZED) {
            moves.insert(Move { from: NO_ROLE, to, by: NO_ROLE, means: MoveRight::Preauthorized });
        }
        for (&from, role) in roles.iter().filter(|(index, _)| **index != NO_ROLE && **index != to) {
            if role.role_capabilities.contains(&C::CAN_CHANGE_OWN_ROLE) {
                moves.insert(Move { from, to, by: from, means: MoveRight::ChangeOwnRole });
            }
        }
    }
}
