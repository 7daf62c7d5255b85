//! Chat history for those who join (mimi-room-policy-04 §6.6): component 0x002E.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::room_policy::{HistoryPolicy, Role};

use super::ComponentSeverity;

/// What is wrong with a [`HistoryPolicy`] among the roles of its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HistoryFinding {
    /// Role 0, who isn't a participant, is listed.
    NonParticipant,
    /// Role 1, which is for those who are banned, is listed.
    Banned,
    /// A listed role can't have active participants.
    NeverActive {
        /// The role.
        role_index: u32,
    },
    /// A listed role doesn't exist.
    UndefinedRole {
        /// The role.
        role_index: u32,
    },
    /// A role is listed twice.
    RepeatedRole {
        /// The role.
        role_index: u32,
    },
    /// Sharing is required, and no role may share.
    NoneMayShare,
    /// Sharing is left open, and no role may share.
    NoneListed,
    /// The time that may be shared is 0.
    NoTime,
}

impl HistoryFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::NonParticipant | Self::Banned | Self::NeverActive { .. } | Self::NoneMayShare => {
                ComponentSeverity::Invalid
            }
            Self::UndefinedRole { .. } | Self::RepeatedRole { .. } | Self::NoneListed | Self::NoTime => {
                ComponentSeverity::Advice
            }
        }
    }
}

impl fmt::Display for HistoryFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonParticipant => f.write_str("role 0, non-participants, can't share history"),
            Self::Banned => f.write_str("role 1, banned users, can't share history"),
            Self::NeverActive { role_index } => {
                write!(f, "role {role_index} is never active and can't share history")
            }
            Self::UndefinedRole { role_index } => write!(f, "role {role_index} doesn't exist"),
            Self::RepeatedRole { role_index } => write!(f, "role {role_index} is listed twice"),
            Self::NoneMayShare => f.write_str("history is to be shared, and no role may share it"),
            Self::NoneListed => f.write_str("history may be shared, and no role may share it"),
            Self::NoTime => f.write_str("the shared time is 0 seconds"),
        }
    }
}

/// The fields of a policy that doesn't forbid.
struct Sharing<'a> {
    roles: &'a [u32],
    automatically: bool,
    max_time_period: u32,
}

fn sharing(policy: &HistoryPolicy) -> Option<Sharing<'_>> {
    match policy {
        HistoryPolicy::Optional { roles_that_can_share, automatically_share, max_time_period }
        | HistoryPolicy::Required { roles_that_can_share, automatically_share, max_time_period } => {
            Some(Sharing {
                roles: roles_that_can_share,
                automatically: *automatically_share,
                max_time_period: *max_time_period,
            })
        }
        HistoryPolicy::Forbidden {} => None,
    }
}

/// What is wrong with the component itself, in a room of these roles.
#[must_use]
pub fn findings(policy: &HistoryPolicy, roles: &[Role]) -> Vec<HistoryFinding> {
    let mut found = Vec::new();
    let Some(Sharing { roles: listed, max_time_period, .. }) = sharing(policy) else { return found };
    if listed.is_empty() {
        found.push(if matches!(policy, HistoryPolicy::Required { .. }) {
            HistoryFinding::NoneMayShare
        } else {
            HistoryFinding::NoneListed
        });
    }
    let defined: BTreeMap<u32, &Role> = roles.iter().map(|role| (role.role_index, role)).collect();
    let mut seen = BTreeSet::new();
    for &role_index in listed {
        if !seen.insert(role_index) {
            found.push(HistoryFinding::RepeatedRole { role_index });
            continue;
        }
        match role_index {
            0 => found.push(HistoryFinding::NonParticipant),
            1 => found.push(HistoryFinding::Banned),
            _ => match defined.get(&role_index) {
                None => found.push(HistoryFinding::UndefinedRole { role_index }),
                Some(role) if role.maximum_active_participants_constraint == Some(0) => {
                    found.push(HistoryFinding::NeverActive { role_index });
                }
                Some(_) => {}
            },
        }
    }
    if max_time_period == 0 {
        found.push(HistoryFinding::NoTime);
    }
    found
}

/// Who wants a message to be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Initiative {
    /// The user of the sharing client.
    User,
    /// The sharing client by itself.
    Client,
}

/// Why a message may not be shared with someone who has joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HistoryRefusal {
    /// The room forbids to share history, or says nothing about it.
    Forbidden,
    /// The sharer's role may not share.
    Role {
        /// The role.
        role_index: u32,
    },
    /// Clients may not share by themselves.
    Automatically,
    /// The message is too old.
    TooOld {
        /// Its age in milliseconds.
        age_ms: u64,
        /// The greatest age in seconds.
        max_time_period: u32,
    },
}

impl fmt::Display for HistoryRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden => f.write_str("the room doesn't allow to share history"),
            Self::Role { role_index } => write!(f, "role {role_index} may not share history"),
            Self::Automatically => f.write_str("clients may not share history by themselves"),
            Self::TooOld { age_ms, max_time_period } => {
                write!(f, "the message is {age_ms} ms old, and history goes back {max_time_period} s")
            }
        }
    }
}

impl core::error::Error for HistoryRefusal {}

/// Whether a message that the hub accepted at `accepted_at_ms` may be shared at `now_ms`, both in
/// milliseconds since the UNIX epoch, by a client whose user has the role `role_index`.
///
/// ```
/// use mimi_codec::room_policy::HistoryPolicy;
/// use mimi_policy::component::history::{HistoryRefusal, Initiative, check_share};
///
/// let policy = HistoryPolicy::Optional {
///     roles_that_can_share: vec![3],
///     automatically_share: false,
///     max_time_period: 3600,
/// };
/// let check = |role, initiative, now_ms| check_share(Some(&policy), role, initiative, 1_000, now_ms);
/// assert_eq!(check(3, Initiative::User, 3_601_000), Ok(()));
/// let refused = HistoryRefusal::TooOld { age_ms: 3_600_001, max_time_period: 3600 };
/// assert_eq!(check(3, Initiative::User, 3_601_001), Err(refused));
/// assert_eq!(check(3, Initiative::Client, 1_000), Err(HistoryRefusal::Automatically));
/// ```
///
/// # Errors
/// [`HistoryRefusal`], the first in the order of its variants.
pub fn check_share(
    policy: Option<&HistoryPolicy>,
    role_index: u32,
    initiative: Initiative,
    accepted_at_ms: u64,
    now_ms: u64,
) -> Result<(), HistoryRefusal> {
    let sharing = policy.and_then(sharing).ok_or(HistoryRefusal::Forbidden)?;
    // An absent user shares nothing, even if the list says so.
    if role_index <= 1 || !sharing.roles.contains(&role_index) {
        return Err(HistoryRefusal::Role { role_index });
    }
    if initiative == Initiative::Client && !sharing.automatically {
        return Err(HistoryRefusal::Automatically);
    }
    let age_ms = now_ms.saturating_sub(accepted_at_ms);
    if age_ms > u64::from(sharing.max_time_period).saturating_mul(1000) {
        return Err(HistoryRefusal::TooOld { age_ms, max_time_period: sharing.max_time_period });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::String, vec};

    fn role(role_index: u32, max_active: Option<u32>) -> Role {
        Role {
            role_index,
            role_name: String::new(),
            role_description: String::new(),
            role_capabilities: vec![],
            minimum_participants_constraint: 0,
            maximum_participants_constraint: None,
            minimum_active_participants_constraint: 0,
            maximum_active_participants_constraint: max_active,
            authorized_role_changes: vec![],
        }
    }

    fn optional(roles: &[u32], automatically_share: bool, max_time_period: u32) -> HistoryPolicy {
        HistoryPolicy::Optional { roles_that_can_share: roles.to_vec(), automatically_share, max_time_period }
    }

    #[test]
    fn finds_roles_that_can_not_share() {
        let roles = [role(0, None), role(1, Some(0)), role(2, None), role(3, Some(0)), role(4, Some(1))];
        assert_eq!(findings(&optional(&[2, 4], true, 1), &roles), []);
        assert_eq!(
            findings(&optional(&[0, 1, 3, 9, 2, 2], true, 0), &roles),
            [
                HistoryFinding::NonParticipant,
                HistoryFinding::Banned,
                HistoryFinding::NeverActive { role_index: 3 },
                HistoryFinding::UndefinedRole { role_index: 9 },
                HistoryFinding::RepeatedRole { role_index: 2 },
                HistoryFinding::NoTime,
            ]
        );
        assert_eq!(HistoryFinding::NeverActive { role_index: 3 }.severity(), ComponentSeverity::Invalid);
        assert_eq!(HistoryFinding::NoTime.severity(), ComponentSeverity::Advice);
    }

    #[test]
    fn someone_must_be_able_to_share_what_is_required() {
        let required = HistoryPolicy::Required {
            roles_that_can_share: vec![],
            automatically_share: true,
            max_time_period: 1,
        };
        assert_eq!(findings(&required, &[]), [HistoryFinding::NoneMayShare]);
        assert_eq!(HistoryFinding::NoneMayShare.severity(), ComponentSeverity::Invalid);
        assert_eq!(findings(&optional(&[], true, 1), &[]), [HistoryFinding::NoneListed]);
        assert_eq!(findings(&HistoryPolicy::Forbidden {}, &[]), []);
    }

    #[test]
    fn refuses_to_share_for_each_reason() {
        let policy = optional(&[0, 1, 2], false, 10);
        let check = |policy, role, initiative| check_share(policy, role, initiative, 5_000, 15_000);
        assert_eq!(check(Some(&policy), 2, Initiative::User), Ok(()));
        assert_eq!(check(Some(&policy), 2, Initiative::Client), Err(HistoryRefusal::Automatically));
        let eager = optional(&[2], true, 10);
        assert_eq!(check(Some(&eager), 2, Initiative::Client), Ok(()));
        for role_index in [0, 1, 3] {
            let refused = Err(HistoryRefusal::Role { role_index });
            assert_eq!(check(Some(&policy), role_index, Initiative::User), refused);
        }
        let forbidden = HistoryPolicy::Forbidden {};
        assert_eq!(check(Some(&forbidden), 2, Initiative::User), Err(HistoryRefusal::Forbidden));
        assert_eq!(check(None, 2, Initiative::User), Err(HistoryRefusal::Forbidden));
        assert_eq!(
            check_share(Some(&policy), 2, Initiative::User, 4_999, 15_000),
            Err(HistoryRefusal::TooOld { age_ms: 10_001, max_time_period: 10 })
        );
    }
}
