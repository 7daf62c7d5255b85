//! Small rooms and the commits that `RoomState::check` accepts in them.

use std::collections::{BTreeMap, BTreeSet};

use mimi_codec::CapabilityType as C;
use mimi_codec::protocol::{ParticipantListData, UserRolePair};
use mimi_codec::room_policy::Claim;
use mimi_policy::lint::Policy;
use mimi_policy::{
    Actor, Change, Claims, ClientUri, Form, JoinCode, Plan, ProposedChange, Reason, RoomParts, RoomState,
    TableSeed, UserUri,
};

/// The participants that a small room has.
pub(crate) const SMALL: usize = 3;

/// The role of each participant, and whether it has a client in the group; sorted. Users are alike
/// but for this.
pub(crate) type State = Vec<(u32, bool)>;

/// What a commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Does {
    Add,
    Remove,
    Promote,
}

/// Whose actions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// All users, with all claims and join codes, and all external senders.
    All,
    /// Users without claims and join codes.
    Plain,
}

pub(crate) fn user(number: usize) -> UserUri {
    UserUri::new(format!("mimi://a.example/u/{number}").as_str()).unwrap()
}

pub(crate) fn client(number: usize) -> ClientUri {
    ClientUri::new(format!("mimi://a.example/d/{number}").as_str()).unwrap()
}

pub(crate) fn actor(number: usize, claims: &[Claim]) -> Actor {
    Actor::Client {
        user: user(number),
        client: client(number),
        claims: Claims::new(claims.to_vec()).unwrap(),
    }
}

pub(crate) fn server(claims: &[Claim]) -> Actor {
    Actor::external_sender(
        UserUri::new("mimi://enforcer.example").unwrap(),
        Claims::new(claims.to_vec()).unwrap(),
    )
}

/// The room in that state.
pub(crate) fn room(policy: &Policy, state: &State) -> Option<RoomState> {
    let pairs = state
        .iter()
        .enumerate()
        .map(|(number, (role, _))| UserRolePair { user: user(number).into(), role_index: *role });
    let mut parts =
        RoomParts::new(policy.roles.clone(), ParticipantListData { participants: pairs.collect() });
    parts.base = Some(policy.base.clone());
    parts.preauth = Some(policy.preauth.clone());
    for (number, (_, active)) in state.iter().enumerate() {
        if *active {
            parts.clients.push((user(number).into(), client(number).into()));
        }
    }
    RoomState::new(parts, TableSeed::known()).ok()
}

/// What a room is after a plan.
pub(crate) fn after(room: &RoomState, plan: Plan) -> State {
    let mut room = room.clone();
    room.apply(plan).unwrap();
    let mut state: State = room.participants().map(|(user, role)| (role, room.is_active(user))).collect();
    state.sort_unstable();
    state
}

/// Changes of one user's place that one party proposes together.
#[derive(Debug, Clone)]
struct Bundle {
    number: usize,
    target: usize,
    /// The participant that proposes it.
    proposer: Option<usize>,
    changes: Vec<Change>,
    by: Actor,
    /// The user's own doing, by its own client or by a new one.
    external: bool,
    /// Only the removal of its own client: an external commit may take it up.
    removes_itself: bool,
}

pub(crate) struct Explorer<'p> {
    policy: &'p Policy,
    who: Who,
    /// Every pair of changes that their proposers have the right to, and not only those where one
    /// hinders the other.
    all_pairs: bool,
    claims: Vec<Vec<Claim>>,
    pub(crate) commits_tried: u64,
}

/// The states that are reached, and for each what its commits lead to and do.
pub(crate) type Graph = BTreeMap<State, Node>;

#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) next: BTreeSet<State>,
    pub(crate) does: BTreeSet<Does>,
}

impl<'p> Explorer<'p> {
    pub(crate) fn new(policy: &'p Policy, who: Who, all_pairs: bool) -> Self {
        let mut claims = vec![Vec::new()];
        if who == Who::All {
            claims.extend(policy.preauth.preauthorized_entries.iter().map(|entry| entry.claimset.clone()));
        }
        Self { policy, who, all_pairs, claims, commits_tried: 0 }
    }

    /// All states of at most so many participants.
    pub(crate) fn explore(&mut self, starts: &[State], most: usize) -> Graph {
        let mut graph = Graph::new();
        let mut waiting: Vec<State> = starts.to_vec();
        while let Some(state) = waiting.pop() {
            if graph.contains_key(&state) {
                continue;
            }
            let mut node = self.node(&state);
            node.next.retain(|next| next.len() <= most);
            waiting.extend(node.next.iter().cloned());
            graph.insert(state, node);
        }
        graph
    }

    fn node(&mut self, state: &State) -> Node {
        let room = room(self.policy, state).unwrap();
        let mut node = Node::default();
        let bundles = self.bundles(state);
        let mut blocked = Vec::new();
        let mut possible = Vec::new();
        for (place, bundle) in bundles.iter().enumerate() {
            match self.commit(&room, state, &[bundle], &mut node) {
                Ok(()) => {
                    possible.push(place);
                    // A full room takes one in only if another goes.
                    if bundle.target >= state.len() && state.len() >= SMALL {
                        blocked.push(place);
                    }
                }
                Err(Refused { rights: true, .. }) => {}
                Err(Refused { limit, .. }) => {
                    if limit || self.all_pairs {
                        blocked.push(place);
                        possible.push(place);
                    }
                }
            }
        }
        for (position, &one) in possible.iter().enumerate() {
            for &other in &possible[position + 1..] {
                let (one, other) = (&bundles[one], &bundles[other]);
                let mutual = one.proposer == Some(other.target) && other.proposer == Some(one.target);
                let is_blocked = || blocked.iter().any(|place| [one.number, other.number].contains(place));
                if one.target != other.target && (self.all_pairs || mutual || is_blocked()) {
                    let _ = self.commit(&room, state, &[one, other], &mut node);
                }
            }
        }
        // Roles that can be written anew can be anything.
        for number in (0..state.len()).filter(|number| state[*number].1) {
            let rewrite = Change::UpdateRoles(self.policy.roles.clone()).into();
            if room.check(&actor(number, &[]), Form::Commit, &[rewrite]).is_ok() {
                node.does.extend([Does::Add, Does::Remove, Does::Promote]);
            }
        }
        node
    }

    /// Every change of one user by every party: sensible or not.
    fn bundles(&self, state: &State) -> Vec<Bundle> {
        let mut bundles = Vec::new();
        let defined: Vec<u32> =
            self.policy.roles.roles.iter().map(|role| role.role_index).filter(|index| *index != 0).collect();
        let mut parties: Vec<(Option<usize>, Actor)> = Vec::new();
        for (number, (_, active)) in state.iter().enumerate() {
            for claims in &self.claims {
                if *active {
                    parties.push((Some(number), actor(number, claims)));
                }
            }
        }
        if self.who == Who::All {
            // A server without claims may match an entry, too.
            parties.extend(self.claims.iter().map(|claims| (None, server(claims))));
        }
        // One user more than there are participants, and another one for every pair of changes.
        let strangers = if self.all_pairs { 2 } else { 1 };
        for target in 0..state.len() + strangers {
            let (user, client) = (user(target), client(target));
            let (user, client) = (|| user.clone(), || client.clone());
            let removal = || Change::RemoveClient { user: user(), client: client() };
            let addition = || Change::AddClient { user: user(), client: client() };
            for (number, by) in &parties {
                let mut push = |changes: Vec<Change>| {
                    let removes_itself =
                        *number == Some(target) && matches!(changes[..], [Change::RemoveClient { .. }]);
                    bundles.push(Bundle {
                        number: bundles.len(),
                        target,
                        proposer: *number,
                        changes,
                        by: by.clone(),
                        external: false,
                        removes_itself,
                    });
                };
                let Some((role, active)) = state.get(target) else {
                    for &role in &defined {
                        let add = || Change::AddParticipant { user: user(), role };
                        push(vec![add()]);
                        push(vec![add(), addition()]);
                    }
                    continue;
                };
                push(if *active {
                    vec![Change::RemoveParticipant { user: user() }, removal()]
                } else {
                    vec![Change::RemoveParticipant { user: user() }]
                });
                for &to in defined.iter().filter(|to| *to != role) {
                    let set = || Change::SetRole { user: user(), role: to };
                    push(vec![set()]);
                    if *active {
                        push(vec![set(), removal()]);
                    }
                }
                push(vec![if *active { removal() } else { addition() }]);
            }
            if state.get(target).is_none_or(|(_, active)| !active) {
                for claims in &self.claims {
                    let by = actor(target, claims);
                    let mut push = |changes: Vec<Change>| {
                        let by = by.clone();
                        bundles.push(Bundle {
                            number: bundles.len(),
                            target,
                            proposer: None,
                            changes,
                            by,
                            external: true,
                            removes_itself: false,
                        });
                    };
                    if state.get(target).is_some() {
                        push(vec![addition()]);
                        continue;
                    }
                    for &role in &defined {
                        push(vec![Change::AddParticipant { user: user(), role }, addition()]);
                        if self.who == Who::All {
                            let code = JoinCode::Valid;
                            push(vec![Change::UseJoinCode { user: user(), role, code }, addition()]);
                        }
                    }
                }
            }
        }
        bundles
    }

    /// Tries a commit of these changes by all who could send it. The error says what was in the
    /// way.
    fn commit(
        &mut self,
        room: &RoomState,
        state: &State,
        bundles: &[&Bundle],
        node: &mut Node,
    ) -> Result<(), Refused> {
        let mut limit = false;
        let mut ways: Vec<(Form, Actor)> = Vec::new();
        for (number, (_, active)) in state.iter().enumerate() {
            if *active {
                // With the claims of the proposer, if it is the committer itself.
                let itself =
                    bundles.iter().map(|bundle| &bundle.by).find(|by| by.uri() == actor(number, &[]).uri());
                ways.push((Form::Commit, itself.cloned().unwrap_or_else(|| actor(number, &[]))));
            }
        }
        let joiner: Vec<&&Bundle> = bundles.iter().filter(|bundle| bundle.external).collect();
        if let [joiner] = joiner[..]
            && bundles.iter().all(|bundle| bundle.external || bundle.removes_itself)
        {
            ways.push((Form::ExternalCommit, joiner.by.clone()));
        }
        for (form, sender) in ways {
            let changes: Vec<ProposedChange> = bundles
                .iter()
                .flat_map(|bundle| {
                    let own = bundle.by == sender;
                    bundle.changes.iter().map(move |change| ProposedChange {
                        change: change.clone(),
                        by: (!own).then(|| bundle.by.clone().into()),
                    })
                })
                .collect();
            self.commits_tried += 1;
            match room.check(&sender, form, &changes) {
                Ok(plan) => {
                    node.does.extend(does(&plan, &changes));
                    node.next.insert(after(room, plan));
                    return Ok(());
                }
                // Another committer doesn't give the proposer the right.
                Err(refusal) if is_about_rights(&refusal.reason) => {
                    return Err(Refused { rights: true, limit });
                }
                Err(refusal) => limit |= is_limit(&refusal.reason),
            }
        }
        Err(Refused { rights: false, limit })
    }
}

/// Why a commit is refused, by any sender.
struct Refused {
    /// The proposer lacks the right, which no other change of the same commit gives it.
    rights: bool,
    /// A limit was in the way of some committer.
    limit: bool,
}

fn is_limit(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::BelowMinimum { .. }
            | Reason::BelowMinimumActive { .. }
            | Reason::AboveMaximum { .. }
            | Reason::AboveMaximumActive { .. }
            | Reason::InvalidRoom(_)
            | Reason::OwnLeafRemoved(_)
    )
}

fn is_about_rights(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::MissingCapability { .. }
            | Reason::RoleChangeNotAuthorized { .. }
            | Reason::NotPreAuthorizedFor { .. }
            | Reason::NotPreAuthorized(_)
            | Reason::FixedMembership
            | Reason::NotOwnClient(_)
    )
}

/// What a plan's grants say that it does to others.
fn does(plan: &Plan, changes: &[ProposedChange]) -> Vec<Does> {
    let grants = plan
        .grants()
        .iter()
        .filter_map(|grant| Some((grant.capability?, &changes.get(grant.change?)?.change)));
    grants
        .filter_map(|(capability, change)| match (capability, change) {
            (C::CAN_ADD_PARTICIPANT, Change::AddParticipant { .. }) => Some(Does::Add),
            (C::CAN_REMOVE_PARTICIPANT, Change::RemoveParticipant { .. }) => Some(Does::Remove),
            (C::CAN_BAN, Change::SetRole { .. }) => Some(Does::Remove),
            (C::CAN_CHANGE_USER_ROLE | C::CAN_UNBAN, Change::SetRole { .. }) => Some(Does::Promote),
            _ => None,
        })
        .collect()
}
