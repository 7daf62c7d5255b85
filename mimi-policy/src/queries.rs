//! What a person asks of a room: what this user can do now, who can do this, what differs between
//! two policies, and what new roles would do to the present participants.
//!
//! The first two ask [`RoomState::check`], so that an answer is what a hub and a client decide. The
//! time is linear in the number of answers.
//!
//! ```
//! use mimi_codec::protocol::{ParticipantListData, UserRolePair};
//! use mimi_policy::{Actor, Change, RoomParts, RoomState, TableSeed, UserUri, preset::ExampleRoom};
//!
//! let alice = UserUri::try_from("mimi://a.example/u/alice")?;
//! let bob = UserUri::try_from("mimi://b.example/u/bob")?;
//! let list = ParticipantListData {
//!     participants: vec![UserRolePair { user: alice.clone().into(), role_index: 3 }],
//! };
//! let mut parts = RoomParts::new(ExampleRoom::Strict.roles(), list);
//! parts.clients.push((alice.clone().into(), "mimi://a.example/d/a1".into()));
//! let room = RoomState::new(parts, TableSeed::known())?;
//!
//! // An admin of the strictly administered room adds ordinary users.
//! let actor = Actor::client(alice, "mimi://a.example/d/a1".try_into()?);
//! let answers = room.what_can(&actor, &bob);
//! let adds = |role| {
//!     let change = Change::AddParticipant { user: bob.clone(), role };
//!     answers.iter().find(|answer| answer.changes == [change.clone()]).map(|answer| &answer.verdict)
//! };
//! assert!(adds(2).is_some_and(|verdict| verdict.is_ok()));
//! // There is no such role to ask about.
//! assert!(adds(99).is_none());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::CapabilityType;
use mimi_codec::protocol::{ParticipantListData, UserRolePair};
use mimi_codec::retraction::HubRetractedMessagesComponent;
use mimi_codec::room_policy::{BaseRoomPolicy, PreAuthData, PreAuthRoleEntry, Role, RoleData};

use crate::lint::{LintFinding, Policy, lock_outs};
use crate::role_table::{BANNED_ROLE, NO_ROLE, RoleTable, names_banned};
use crate::{Actor, Change, ClientUri, Defect, Form, Grant, JoinCode, ProposedChange, Reason, Refusal};
use crate::{RoomState, UserUri};

/// Whether some changes are allowed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeAnswer {
    /// The form of the message.
    pub form: Form,
    /// The changes of the message; none for an application message.
    pub changes: Vec<Change>,
    /// The rights that allow them, or the first condition that fails.
    pub verdict: Result<Vec<Grant>, Refusal>,
}

/// What one participant is told when it asks for some changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The participant.
    pub user: UserUri,
    /// Its role.
    pub role: u32,
    /// The rights that allow the changes, or the first condition that fails.
    pub verdict: Result<Vec<Grant>, Refusal>,
}

impl RoomState {
    /// Every registered capability, and whether a user has it in its role. A user that is not on
    /// the list has those of role 0.
    pub fn capabilities_of(&self, user: &UserUri) -> impl Iterator<Item = (CapabilityType, bool)> {
        let role = self.role(self.role_of(user).unwrap_or(NO_ROLE));
        CapabilityType::REGISTERED.iter().map(move |capability| {
            (*capability, role.is_some_and(|role| role.role_capabilities.contains(capability)))
        })
    }

    /// What an actor can do now: to `other`, a user on the list or not, or, if that is the actor
    /// itself, by itself and to the room. Each change is asked for in a message of its own.
    ///
    /// A client in the group commits, and proposes its own leaving; another one joins by an
    /// external commit, with a join code that is valid; a server proposes. Replacements of the base
    /// policy and of the metadata take a capability for each field and are not asked for: see
    /// [`capabilities_of`](Self::capabilities_of).
    #[must_use]
    pub fn what_can(&self, actor: &Actor, other: &UserUri) -> Vec<ChangeAnswer> {
        let itself = actor.uri() == other;
        let questions = match actor {
            Actor::Client { client, .. } if self.user_of(client) == Some(actor.uri()) => {
                if itself {
                    self.by_oneself(other)
                } else {
                    self.to_another(Form::Commit, other)
                }
            }
            Actor::Client { client, .. } if itself => self.joins(other, client),
            Actor::Client { .. } => Vec::new(),
            Actor::ExternalSender { .. } if itself => Vec::new(),
            Actor::ExternalSender { .. } => self.to_another(Form::ExternalProposal, other),
        };
        let answers = questions.into_iter().map(|(form, changes)| ChangeAnswer {
            form,
            verdict: self.verdict(actor, form, &changes),
            changes,
        });
        answers.collect()
    }

    /// Which participants can make these changes, all in one message of their own, each with its
    /// first client.
    pub fn who_can(&self, form: Form, changes: &[Change]) -> impl Iterator<Item = Candidate> {
        self.participants().map(move |(user, role)| {
            let verdict = match self.clients_of(user).next() {
                Some(client) => self.verdict(&Actor::client(user.clone(), client.clone()), form, changes),
                None => Err(Refusal::of_message(Reason::NoClient(user.clone()))),
            };
            Candidate { user: user.clone(), role, verdict }
        })
    }

    fn verdict(&self, actor: &Actor, form: Form, changes: &[Change]) -> Result<Vec<Grant>, Refusal> {
        let changes: Vec<ProposedChange> = changes.iter().cloned().map(ProposedChange::from).collect();
        self.check(actor, form, &changes).map(|plan| plan.grants)
    }

    /// The indexes of the roles that a participant can have.
    fn listed_roles(&self) -> impl Iterator<Item = u32> {
        self.roles().roles.iter().map(|role| role.role_index).filter(|index| *index != NO_ROLE)
    }

    fn removals(&self, user: &UserUri) -> impl Iterator<Item = Change> {
        let clients = self.clients_of(user);
        clients.map(|client| Change::RemoveClient { user: user.clone(), client: client.clone() })
    }

    fn to_another(&self, form: Form, other: &UserUri) -> Vec<(Form, Vec<Change>)> {
        let user = || other.clone();
        let Some(role) = self.role_of(other) else {
            let adds = self.listed_roles().map(|role| vec![Change::AddParticipant { user: user(), role }]);
            return adds.map(|changes| (form, changes)).collect();
        };
        let mut questions: Vec<Vec<Change>> = self.role_changes(other, role);
        let removal = core::iter::once(Change::RemoveParticipant { user: user() });
        questions.push(removal.chain(self.removals(other)).collect());
        questions.extend(self.removals(other).map(|removal| vec![removal]));
        questions.into_iter().map(|changes| (form, changes)).collect()
    }

    fn role_changes(&self, user: &UserUri, from: u32) -> Vec<Vec<Change>> {
        let others = self.listed_roles().filter(|to| *to != from);
        let changes = others.map(|role| {
            let set = core::iter::once(Change::SetRole { user: user.clone(), role });
            // The clients of a banned user go with the ban.
            if role == BANNED_ROLE && names_banned(self.roles()) {
                set.chain(self.removals(user)).collect()
            } else {
                set.collect()
            }
        });
        changes.collect()
    }

    fn by_oneself(&self, user: &UserUri) -> Vec<(Form, Vec<Change>)> {
        let mut questions = vec![(Form::Message, Vec::new())];
        if let Some(role) = self.role_of(user) {
            let own = self.role_changes(user, role).into_iter();
            questions.extend(own.map(|changes| (Form::Commit, changes)));
            let leave = core::iter::once(Change::RemoveParticipant { user: user.clone() });
            questions.push((Form::Proposal, leave.chain(self.removals(user)).collect()));
        }
        questions.extend(self.removals(user).map(|removal| (Form::Proposal, vec![removal])));
        let mut of_room = vec![Change::UpdateRoles(self.roles().clone())];
        let preauthorized_entries = self.preauthorized_entries().to_vec();
        of_room.push(Change::UpdatePreAuth(PreAuthData { preauthorized_entries }));
        // Which messages, and when, has no part in the decision.
        let retraction = HubRetractedMessagesComponent {
            hub_retracted_timestamp: 0,
            remover_uri: user.into(),
            reason_code: None,
            retracted_messages: Vec::new(),
        };
        of_room.push(Change::RetractMessages(Box::new(retraction)));
        of_room.extend([Change::ReInit, Change::DestroyRoom]);
        questions.extend(of_room.into_iter().map(|change| (Form::Commit, vec![change])));
        questions
    }

    fn joins(&self, user: &UserUri, client: &ClientUri) -> Vec<(Form, Vec<Change>)> {
        let add_client = || Change::AddClient { user: user.clone(), client: client.clone() };
        if self.role_of(user).is_some() {
            return vec![(Form::ExternalCommit, vec![add_client()])];
        }
        let ways = self.listed_roles().flat_map(|role| {
            let code = JoinCode::Valid;
            [
                Change::AddParticipant { user: user.clone(), role },
                Change::UseJoinCode { user: user.clone(), role, code },
            ]
        });
        ways.map(|way| (Form::ExternalCommit, vec![way, add_client()])).collect()
    }

    /// What proposed roles would do to the present participants. Whether they may be proposed,
    /// [`check`](Self::check) says.
    #[must_use]
    pub fn effect_of_roles(&self, proposed: &RoleData) -> RolesEffect {
        let mut defects = Vec::new();
        RoleTable::new(proposed.clone(), &mut defects);
        let mut users: BTreeMap<u32, Vec<UserUri>> = BTreeMap::new();
        for (user, role) in self.participants() {
            users.entry(role).or_default().push(user.clone());
        }
        let mut roles = Vec::new();
        let mut limits = Vec::new();
        for (&role, users) in &users {
            let before = self.role(role);
            let after = proposed.roles.iter().find(|other| other.role_index == role);
            let was_banned = role == BANNED_ROLE && names_banned(self.roles());
            let is_banned = role == BANNED_ROLE && names_banned(proposed);
            let mut differences = Vec::new();
            role_differences(role, before, after, &mut differences);
            if !differences.is_empty() || was_banned != is_banned {
                roles.push(RoleEffect {
                    role,
                    users: users.clone(),
                    undefined: after.is_none(),
                    cut_off: is_banned && !was_banned,
                    differences,
                });
            }
        }
        for role in &proposed.roles {
            limits.extend(self.broken_limits(role));
        }
        let list = self
            .participants()
            .map(|(user, role)| UserRolePair { user: user.clone().into(), role_index: role });
        let policy = Policy {
            base: self.base().clone(),
            roles: proposed.clone(),
            preauth: PreAuthData { preauthorized_entries: self.preauthorized_entries().to_vec() },
            participants: Some(ParticipantListData { participants: list.collect() }),
        };
        RolesEffect { defects, limits, roles, lock_outs: lock_outs(&policy) }
    }

    /// The limits of a role that its present holders break.
    fn broken_limits(&self, role: &Role) -> impl Iterator<Item = Reason> {
        let index = role.role_index;
        let count = self.count(index);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (participants, active) = (number(count.participants), number(count.active));
        let minimum = role.minimum_participants_constraint;
        let minimum_active = role.minimum_active_participants_constraint;
        let maximum = role.maximum_participants_constraint;
        let maximum_active = role.maximum_active_participants_constraint;
        let broken = [
            (participants < minimum).then_some(Reason::BelowMinimum { role: index, minimum, participants }),
            (active < minimum_active).then_some(Reason::BelowMinimumActive {
                role: index,
                minimum: minimum_active,
                active,
            }),
            maximum.filter(|maximum| participants > *maximum).map(|maximum| Reason::AboveMaximum {
                role: index,
                maximum,
                participants,
            }),
            maximum_active.filter(|maximum| active > *maximum).map(|maximum| Reason::AboveMaximumActive {
                role: index,
                maximum,
                active,
            }),
        ];
        // Users who are not on the list are not counted.
        broken.into_iter().flatten().filter(move |_| index != NO_ROLE)
    }
}

/// What proposed roles would do to the present participants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolesEffect {
    /// What makes the roles invalid by themselves.
    pub defects: Vec<Defect>,
    /// The limits that the present participants would break.
    pub limits: Vec<Reason>,
    /// The roles of present participants that change, by index.
    pub roles: Vec<RoleEffect>,
    /// The worst state that the present participants could come to under these roles, after which
    /// users can no longer be added, removed or given another role; as [`lint`](crate::lint::lint)
    /// reports it. Empty if the search finds no such state.
    pub lock_outs: Vec<LintFinding>,
}

/// What becomes of the holders of one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleEffect {
    /// The role.
    pub role: u32,
    /// Its holders, in the order of the list.
    pub users: Vec<UserUri>,
    /// The role would not be defined, so that the room would not be valid.
    pub undefined: bool,
    /// The role would become the banned one, so that its holders would be cut off.
    pub cut_off: bool,
    /// What changes in the role.
    pub differences: Vec<PolicyDifference>,
}

/// Where two policies differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyDifference {
    /// Only the second policy has this role.
    RoleAdded(u32),
    /// Only the first policy has this role.
    RoleRemoved(u32),
    /// A role has another name.
    Name {
        /// The role.
        role: u32,
        /// The name in the first policy.
        before: String,
        /// The name in the second.
        after: String,
    },
    /// A role gets or loses a capability.
    Capability {
        /// The role.
        role: u32,
        /// The capability.
        capability: CapabilityType,
        /// Whether the role has it in the second policy.
        granted: bool,
    },
    /// A role change is authorized, or no more.
    RoleChange {
        /// The role that has it in its `authorized_role_changes`.
        role: u32,
        /// From; 0 for users who are not on the list.
        from: u32,
        /// To; 0 for leaving the list.
        to: u32,
        /// Whether the second policy authorizes it.
        granted: bool,
    },
    /// A limit of a role, or a field of the base policy, has another value.
    Field {
        /// The role; `None` for the base policy.
        role: Option<u32>,
        /// The draft's name of the field.
        field: &'static str,
        /// The value in the first policy.
        before: String,
        /// The value in the second.
        after: String,
    },
    /// The preauthorization has another entry at this place, or none.
    Preauthorization {
        /// The place.
        place: usize,
        /// The role of the entry in the first policy.
        before: Option<u32>,
        /// The role of the entry in the second.
        after: Option<u32>,
    },
}

impl fmt::Display for PolicyDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = |granted: &bool| if *granted { "gets" } else { "loses" };
        match self {
            Self::RoleAdded(role) => write!(f, "role {role} is added"),
            Self::RoleRemoved(role) => write!(f, "role {role} is removed"),
            Self::Name { role, before, after } => {
                write!(f, "role {role} is called {after:?}, before {before:?}")
            }
            Self::Capability { role, capability, granted } => {
                write!(f, "role {role} {} {capability}", verb(granted))
            }
            Self::RoleChange { role, from, to, granted } => {
                write!(f, "role {role} {} the role change from {from} to {to}", verb(granted))
            }
            Self::Field { role: Some(role), field, before, after } => {
                write!(f, "role {role} has {field} {after}, before {before}")
            }
            Self::Field { role: None, field, before, after } => {
                write!(f, "{field} is {after}, before {before}")
            }
            Self::Preauthorization { place, before, after } => {
                let role = |role: &Option<u32>| match role {
                    Some(role) => format!("for role {role}"),
                    None => "not there".to_string(),
                };
                write!(f, "preauthorization {place} is {}, before {}", role(after), role(before))?;
                f.write_str(if before == after { ", with other claims" } else { "" })
            }
        }
    }
}

/// Where two policies differ: the base policy, then the roles by index, then the preauthorization.
/// The participant lists are not compared, and of two roles with one index the first counts.
///
/// ```
/// use mimi_policy::{lint::Policy, preset::ExampleRoom, queries::differences};
///
/// let before = Policy::new(ExampleRoom::Strict.roles());
/// let mut after = before.clone();
/// let lost = after.roles.roles[2].role_capabilities.remove(0);
/// let [difference] = &differences(&before, &after)[..] else { panic!() };
/// assert_eq!(difference.to_string(), format!("role {} loses {lost}", after.roles.roles[2].role_index));
/// ```
#[must_use]
pub fn differences(before: &Policy, after: &Policy) -> Vec<PolicyDifference> {
    let mut found = Vec::new();
    for ((field, before), (_, after)) in base_fields(&before.base).into_iter().zip(base_fields(&after.base)) {
        if before != after {
            found.push(PolicyDifference::Field { role: None, field, before, after });
        }
    }
    let (old, new) = (by_index(&before.roles), by_index(&after.roles));
    let indexes: BTreeSet<u32> = old.keys().chain(new.keys()).copied().collect();
    for index in indexes {
        let one = old.get(&index).copied();
        let other = new.get(&index).copied();
        role_differences(index, one, other, &mut found);
    }
    let (old, new) = (&before.preauth.preauthorized_entries, &after.preauth.preauthorized_entries);
    for place in 0..old.len().max(new.len()) {
        let (one, other) = (old.get(place), new.get(place));
        if one != other {
            let role = |entry: Option<&PreAuthRoleEntry>| entry.map(|entry| entry.target_role);
            found.push(PolicyDifference::Preauthorization { place, before: role(one), after: role(other) });
        }
    }
    found
}

/// The first role of each index.
fn by_index(data: &RoleData) -> BTreeMap<u32, &Role> {
    data.roles.iter().rev().map(|role| (role.role_index, role)).collect()
}

fn base_fields(base: &BaseRoomPolicy) -> Vec<(&'static str, String)> {
    let limit = |limit: Option<u32>| limit.map_or_else(|| "unlimited".to_string(), |limit| limit.to_string());
    vec![
        ("fixed_membership", base.fixed_membership.to_string()),
        ("parent_dependant", base.parent_dependant.to_string()),
        ("parent_room", format!("{:?}", base.parent_room)),
        ("multi_device", base.multi_device.to_string()),
        ("max_clients", limit(base.max_clients)),
        ("max_users", limit(base.max_users)),
        ("pseudonyms_allowed", base.pseudonyms_allowed.to_string()),
        ("persistent_room", base.persistent_room.to_string()),
        ("discoverable", base.discoverable.to_string()),
        ("policy_component_ids", format!("{:?}", base.policy_component_ids)),
    ]
}

fn role_differences(
    index: u32,
    before: Option<&Role>,
    after: Option<&Role>,
    found: &mut Vec<PolicyDifference>,
) {
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (None, Some(_)) => return found.push(PolicyDifference::RoleAdded(index)),
        (Some(_), None) => return found.push(PolicyDifference::RoleRemoved(index)),
        (None, None) => return,
    };
    if before.role_name != after.role_name {
        found.push(PolicyDifference::Name {
            role: index,
            before: before.role_name.to_string(),
            after: after.role_name.to_string(),
        });
    }
    let capabilities =
        |role: &Role| -> BTreeSet<CapabilityType> { role.role_capabilities.iter().copied().collect() };
    let (old, new) = (capabilities(before), capabilities(after));
    found.extend(old.symmetric_difference(&new).map(|capability| PolicyDifference::Capability {
        role: index,
        capability: *capability,
        granted: new.contains(capability),
    }));
    let changes = |role: &Role| -> BTreeSet<(u32, u32)> {
        let changes = role.authorized_role_changes.iter();
        changes
            .flat_map(|change| change.target_role_indexes.iter().map(|to| (change.from_role_index, *to)))
            .collect()
    };
    let (old, new) = (changes(before), changes(after));
    found.extend(old.symmetric_difference(&new).map(|&(from, to)| PolicyDifference::RoleChange {
        role: index,
        from,
        to,
        granted: new.contains(&(from, to)),
    }));
    for ((field, before), (_, after)) in limits(before).into_iter().zip(limits(after)) {
        if before != after {
            found.push(PolicyDifference::Field { role: Some(index), field, before, after });
        }
    }
}

fn limits(role: &Role) -> [(&'static str, String); 4] {
    let maximum =
        |limit: Option<u32>| limit.map_or_else(|| "unlimited".to_string(), |limit| limit.to_string());
    [
        ("minimum_participants_constraint", role.minimum_participants_constraint.to_string()),
        ("maximum_participants_constraint", maximum(role.maximum_participants_constraint)),
        ("minimum_active_participants_constraint", role.minimum_active_participants_constraint.to_string()),
        ("maximum_active_participants_constraint", maximum(role.maximum_active_participants_constraint)),
    ]
}
