//! Roles and capabilities as a table.
//!
//! ```
//! use mimi_policy::matrix::Matrix;
//! use mimi_policy::preset::ExampleRoom;
//!
//! let matrix = Matrix::new(&ExampleRoom::Strict.roles());
//! let text = matrix.to_text(80);
//! let row = text.lines().find(|line| line.trim_start().starts_with("canBan ")).unwrap_or_default();
//! assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["canBan", ".", ".", ".", "x", "x", "x"]);
//! assert!(text.lines().all(|line| line.chars().count() <= 80));
//! ```

mod text;

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mimi_codec::room_policy::{CapabilityType, Role, RoleData};

use crate::graph::MAX_ROLES;

/// Roles and capabilities as a table: who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    roles: Vec<Column>,
    groups: Vec<Group>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// How many participants may have it: the minimum, and the maximum if there is one.
    pub participants: (u32, Option<u32>),
    /// The same for the active ones.
    pub active: (u32, Option<u32>),
    /// How its holders may move users: the role before, and the roles after.
    pub changes: Vec<(u32, Vec<u32>)>,
}

/// Capabilities that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are about.
    pub name: &'static str,
    /// The capabilities that a user has.
    pub rows: Vec<Row>,
}

/// A capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The capability.
    pub capability: CapabilityType,
    /// Whether each role has it, in the order of the columns.
    pub held: Vec<bool>,
}

/// The sections of the registry, by the first byte of the number.
const GROUPS: &[(u8, &str)] = &[
    (0, "membership"),
    (1, "messages"),
    (2, "assets and links"),
    (3, "metadata"),
    (4, "calls"),
    (5, "policy"),
    (6, "MLS"),
];
const OTHERS: &str = "not registered";

impl Matrix {
    /// The table of these roles, in their order. Of hostile lists the first [`MAX_ROLES`] are
    /// shown.
    #[must_use]
    pub fn new(roles: &RoleData) -> Self {
        let roles: Vec<&Role> = roles.roles.iter().take(MAX_ROLES).collect();
        let held: Vec<BTreeSet<CapabilityType>> =
            roles.iter().map(|role| role.role_capabilities.iter().copied().collect()).collect();
        let all: BTreeSet<CapabilityType> = held.iter().flatten().copied().collect();
        let group = |name: &'static str, belongs: &dyn Fn(CapabilityType) -> bool| Group {
            name,
            rows: all
                .iter()
                .filter(|capability| belongs(**capability))
                .map(|&capability| Row {
                    capability,
                    held: held.iter().map(|held| held.contains(&capability)).collect(),
                })
                .collect(),
        };
        let section = |capability: CapabilityType| {
            let [high, _] = capability.0.to_be_bytes();
            capability.is_registered().then_some(high)
        };
        let mut groups: Vec<Group> =
            GROUPS.iter().map(|(number, name)| group(name, &|c| section(c) == Some(*number))).collect();
        groups.push(group(OTHERS, &|c| section(c).is_none()));
        groups.retain(|group| !group.rows.is_empty());
        Self { roles: roles.into_iter().map(column).collect(), groups }
    }

    /// The roles: the columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.roles
    }

    /// The capabilities that a user has, by what they are about: the rows.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// For a terminal of that width: what doesn't fit beside each other stands below. Never
    /// narrower than 48.
    #[must_use]
    pub fn to_text(&self, width: usize) -> String {
        text::plain(self, width)
    }

    /// As Markdown tables.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        text::markdown(self)
    }
}

fn column(role: &Role) -> Column {
    Column {
        index: role.role_index,
        name: role.role_name.to_string(),
        participants: (role.minimum_participants_constraint, role.maximum_participants_constraint),
        active: (role.minimum_active_participants_constraint, role.maximum_active_participants_constraint),
        changes: role
            .authorized_role_changes
            .iter()
            .map(|change| (change.from_role_index, change.target_role_indexes.clone()))
            .collect(),
    }
}
