//! The smallest policy that shows a finding.

use alloc::vec::Vec;

use super::{COST_LIMIT, LintCode, Policy, find};

/// How many steps [`smallest_example`] takes at most: those of the searches ([`COST_LIMIT`]), and
/// one for each entry of a table that is examined.
pub const EXAMPLE_COST_LIMIT: u64 = 1 << 22;

/// A policy that still has a finding, and has little else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallestExample {
    /// The policy.
    pub policy: Policy,
    /// Whether the reduction ended at [`EXAMPLE_COST_LIMIT`]: then the policy is smaller, and a
    /// smaller one may exist.
    pub cut: bool,
}

/// Takes from a policy all that a finding does not need.
///
/// Roles, capabilities, role changes, limits, preauthorizations and participants are removed one
/// after the other, as long as [`lint`](super::lint) still has a finding with that code. A policy
/// without such a finding is returned as it is.
///
/// ```
/// use mimi_policy::lint::{LintCode, Policy, lint, smallest_example};
/// use mimi_policy::preset::ExampleRoom;
///
/// let policy = Policy::new(ExampleRoom::Strict.roles());
/// let example = smallest_example(&policy, LintCode::LockOut);
/// assert!(!example.cut);
/// // One role that adds and leaves, and one that is left.
/// assert!(example.policy.roles.roles.len() <= 3);
/// assert!(lint(&example.policy).iter().any(|finding| finding.code == LintCode::LockOut));
/// ```
#[must_use]
pub fn smallest_example(policy: &Policy, code: LintCode) -> SmallestExample {
    let mut left = EXAMPLE_COST_LIMIT;
    // `None` if the limit is reached.
    let mut shows = |policy: &Policy, differs: bool| {
        let (findings, spent) = if differs { find(policy, Some(code), COST_LIMIT) } else { (Vec::new(), 0) };
        left = left.checked_sub(spent.saturating_add(1))?;
        Some(findings.iter().any(|finding| finding.code == code))
    };
    let mut least = policy.clone();
    match shows(&least, true) {
        Some(true) => {}
        shown => return SmallestExample { policy: least, cut: shown.is_none() },
    }
    loop {
        let mut smaller = false;
        for part in PARTS {
            let mut place = 0;
            loop {
                let mut candidate = least.clone();
                if !part(&mut candidate, place) {
                    break;
                }
                match shows(&candidate, candidate != least) {
                    None => return SmallestExample { policy: least, cut: true },
                    Some(true) => {
                        least = candidate;
                        smaller = true;
                    }
                    Some(false) => place = place.saturating_add(1),
                }
            }
        }
        if !smaller {
            return SmallestExample { policy: least, cut: false };
        }
    }
}

/// Takes away what is at a place; false if there is no such place.
type Part = fn(&mut Policy, usize) -> bool;

const PARTS: [Part; 9] = [
    |policy, place| remove(&mut policy.roles.roles, place),
    |policy, place| remove(&mut policy.preauth.preauthorized_entries, place),
    |policy, place| match &mut policy.participants {
        Some(list) => remove(&mut list.participants, place),
        None => false,
    },
    |policy, place| {
        let lists = policy.roles.roles.iter_mut().map(|role| &mut role.role_capabilities);
        remove_in(lists, place)
    },
    |policy, place| {
        let lists = policy.roles.roles.iter_mut().map(|role| &mut role.authorized_role_changes);
        remove_in(lists, place)
    },
    |policy, place| {
        let changes = policy.roles.roles.iter_mut().flat_map(|role| &mut role.authorized_role_changes);
        remove_in(changes.map(|change| &mut change.target_role_indexes), place)
    },
    |policy, place| {
        let entries = policy.preauth.preauthorized_entries.iter_mut();
        remove_in(entries.map(|entry| &mut entry.claimset), place)
    },
    |policy, place| {
        let Some(role) = policy.roles.roles.get_mut(place.checked_div(4).unwrap_or_default()) else {
            return false;
        };
        match place.checked_rem(4) {
            Some(0) => role.minimum_participants_constraint = 0,
            Some(1) => role.maximum_participants_constraint = None,
            Some(2) => role.minimum_active_participants_constraint = 0,
            _ => role.maximum_active_participants_constraint = None,
        }
        true
    },
    |policy, place| {
        let absent = crate::preset::open_ended_base();
        match place {
            0 => policy.base.fixed_membership = absent.fixed_membership,
            1 => policy.base.parent_dependant = absent.parent_dependant,
            2 => policy.base.parent_room = absent.parent_room,
            3 => policy.base.multi_device = absent.multi_device,
            4 => policy.base.max_clients = absent.max_clients,
            5 => policy.base.max_users = absent.max_users,
            6 => policy.base.pseudonyms_allowed = absent.pseudonyms_allowed,
            7 => policy.base.persistent_room = absent.persistent_room,
            8 => policy.base.discoverable = absent.discoverable,
            _ => return false,
        }
        true
    },
];

fn remove<T>(list: &mut Vec<T>, place: usize) -> bool {
    let is_there = place < list.len();
    if is_there {
        list.remove(place);
    }
    is_there
}

/// Removes an item counted through several lists.
fn remove_in<'a, T: 'a>(lists: impl Iterator<Item = &'a mut Vec<T>>, place: usize) -> bool {
    let mut place = place;
    for list in lists {
        match place.checked_sub(list.len()) {
            None => return remove(list, place),
            Some(rest) => place = rest,
        }
    }
    false
}
