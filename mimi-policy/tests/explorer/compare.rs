//! The linter's findings against what the explorer finds.

use std::collections::{BTreeMap, BTreeSet};

use mimi_codec::CapabilityType as C;
use mimi_policy::lint::{LintCode, LintFinding, Policy, lint};
use mimi_policy::{Change, Form, Reason};

use crate::replay::replay;
use crate::rooms::{Does, Explorer, Graph, SMALL, State, Who, actor, client, room, user};

#[derive(Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) commits: u64,
    pub(crate) states: u64,
    pub(crate) lock_outs: u64,
    pub(crate) partial_lock_outs: u64,
    pub(crate) safe: u64,
    pub(crate) escalations: u64,
    pub(crate) coalitions_of_two_roles: u64,
    pub(crate) unescalated: u64,
    pub(crate) steps: u64,
}

impl Statistics {
    pub(crate) fn add(&mut self, other: &Self) {
        self.commits += other.commits;
        self.states += other.states;
        self.lock_outs += other.lock_outs;
        self.partial_lock_outs += other.partial_lock_outs;
        self.safe += other.safe;
        self.escalations += other.escalations;
        self.coalitions_of_two_roles += other.coalitions_of_two_roles;
        self.unescalated += other.unescalated;
        self.steps += other.steps;
    }
}

#[derive(Debug)]
#[allow(dead_code)]
pub(crate) enum Disagreement {
    /// The explorer finds that so much is lost at worst, the linter something else.
    LockOut { explorer: Option<BTreeSet<Does>>, linter: Vec<LintFinding>, state: Option<State> },
    /// Holders of these roles reach more than they have, and the linter reports something else.
    Escalation { explorer: Vec<Vec<u32>>, linter: Vec<Vec<u32>> },
    /// The steps of a finding can't be taken.
    Steps(LintFinding, String),
}

pub(crate) fn compare(policy: &Policy, all_pairs: bool, statistics: &mut Statistics) -> Option<Disagreement> {
    let findings = lint(policy);
    assert!(findings.iter().all(|finding| finding.code != LintCode::SearchCut), "{findings:#?}");
    for finding in &findings {
        if finding.steps.is_empty() {
            continue;
        }
        statistics.steps += 1;
        match replay(policy, finding) {
            Ok(end) => {
                if let Some(why) = ends_wrongly(policy, finding, &end) {
                    return Some(Disagreement::Steps(finding.clone(), why));
                }
            }
            Err(why) => return Some(Disagreement::Steps(finding.clone(), why)),
        }
    }
    lock_outs(policy, &findings, all_pairs, statistics)
        .or_else(|| escalations(policy, &findings, all_pairs, statistics))
}

/// Whether the last state isn't what the finding says.
fn ends_wrongly(policy: &Policy, finding: &LintFinding, end: &State) -> Option<String> {
    match finding.code {
        LintCode::Escalation | LintCode::SilenceEvaded => {
            let reached = finding.roles.last()?;
            let there = end.iter().any(|(role, active)| role == reached && *active);
            (!there).then(|| format!("no participant with a client has role {reached} in {end:?}"))
        }
        LintCode::LockOut => {
            let mut explorer = Explorer::new(policy, Who::All, false);
            let most = SMALL.max(finding.start.len()) + 1;
            let graph = explorer.explore(std::slice::from_ref(end), most);
            let does = graph.values().find(|node| !node.does.is_empty())?;
            Some(format!("{does:?} is possible from {end:?}"))
        }
        _ => None,
    }
}

/// What can be done some day, from each state.
fn possible(graph: &Graph) -> BTreeMap<&State, BTreeSet<Does>> {
    let mut possible: BTreeMap<&State, BTreeSet<Does>> =
        graph.iter().map(|(state, node)| (state, node.does.clone())).collect();
    loop {
        let mut changed = false;
        for (state, node) in graph {
            let mut here = possible[state].clone();
            for next in &node.next {
                here.extend(&possible[next]);
            }
            if here.len() > possible[state].len() {
                possible.insert(state, here);
                changed = true;
            }
        }
        if !changed {
            return possible;
        }
    }
}

fn reached<'g>(graph: &'g Graph, start: &'g State, most: usize) -> BTreeSet<&'g State> {
    let mut seen = BTreeSet::from([start]);
    let mut waiting = vec![start];
    while let Some(state) = waiting.pop() {
        for next in graph[state].next.iter().filter(|next| next.len() <= most) {
            if seen.insert(next) {
                waiting.push(next);
            }
        }
    }
    seen
}

fn banned(policy: &Policy, role: u32) -> bool {
    role == 1 && policy.roles.roles.iter().any(|role| role.role_index == 1 && role.role_name == "banned")
}

/// The roles that a participant can have and act with.
fn ordinary(policy: &Policy) -> Vec<u32> {
    let indexes = policy.roles.roles.iter().map(|role| role.role_index);
    indexes.filter(|index| *index != 0 && !banned(policy, *index)).collect()
}

/// Whether a room may begin so.
fn can_begin(policy: &Policy, state: &State) -> bool {
    room(policy, state).is_some()
        && state.iter().all(|(index, _)| {
            let role = policy.roles.roles.iter().find(|role| role.role_index == *index).unwrap();
            let count = state.iter().filter(|(other, _)| other == index).count() as u32;
            let active = state.iter().filter(|(other, active)| other == index && *active).count() as u32;
            role.maximum_participants_constraint.is_none_or(|max| count <= max)
                && role.maximum_active_participants_constraint.is_none_or(|max| active <= max)
        })
}

fn lock_outs(
    policy: &Policy,
    findings: &[LintFinding],
    all_pairs: bool,
    statistics: &mut Statistics,
) -> Option<Disagreement> {
    let listed = policy.participants.as_ref().map(|list| {
        let pairs = list.participants.iter();
        let mut state: State =
            pairs.map(|pair| (pair.role_index, !banned(policy, pair.role_index))).collect();
        state.sort_unstable();
        state
    });
    let starts: Vec<State> = match listed {
        Some(listed) => vec![listed],
        None => {
            let founders = ordinary(policy).into_iter().map(|role| vec![(role, true)]);
            founders.filter(|state| can_begin(policy, state)).collect()
        }
    };
    let mut explorer = Explorer::new(policy, Who::All, all_pairs);
    let graph = explorer.explore(&starts, SMALL + 1);
    statistics.commits += explorer.commits_tried;
    statistics.states += graph.len() as u64;
    let possible = possible(&graph);
    let rank = |start: &State| {
        let roles: BTreeSet<u32> = reached(&graph, start, SMALL)
            .into_iter()
            .flatten()
            .filter(|(_, active)| *active)
            .map(|(role, _)| *role)
            .collect();
        (possible[start].len(), roles.len())
    };
    let best = starts.iter().map(rank).max();
    let mut worst: Option<((bool, usize), &State, BTreeSet<Does>)> = None;
    for start in starts.iter().filter(|start| Some(rank(start)) == best) {
        for state in reached(&graph, start, SMALL) {
            let lost: BTreeSet<Does> = possible[start].difference(&possible[state]).copied().collect();
            let rank = (possible[state].is_empty(), lost.len());
            if !lost.is_empty() && worst.as_ref().is_none_or(|(worst, ..)| rank > *worst) {
                worst = Some((rank, state, lost));
            }
        }
    }
    let reports: Vec<&LintFinding> = findings
        .iter()
        .filter(|finding| matches!(finding.code, LintCode::LockOut | LintCode::PartialLockOut))
        .collect();
    let agree = match (&worst, &reports[..]) {
        (None, []) => true,
        (Some(((all, _), _, lost)), [report]) => {
            let says = |word: &str, does| report.explanation.contains(word) == lost.contains(&does);
            (report.code == LintCode::LockOut) == *all
                // Of several things, one is as good as the other.
                && (says("added", Does::Add) && says("removed", Does::Remove) && says("given", Does::Promote)
                    || lost.len() == 1 + report.explanation.matches(" or ").count())
        }
        _ => false,
    };
    match &worst {
        None => statistics.safe += 1,
        Some(((true, _), ..)) => statistics.lock_outs += 1,
        Some(_) => statistics.partial_lock_outs += 1,
    }
    (!agree).then(|| Disagreement::LockOut {
        state: worst.as_ref().map(|(_, state, _)| (*state).clone()),
        explorer: worst.map(|(.., lost)| lost),
        linter: reports.into_iter().cloned().collect(),
    })
}

/// Capabilities over others, and moves of others, from role to role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Powers {
    capabilities: BTreeSet<C>,
    moves: BTreeSet<(u32, u32)>,
}

const POWERS: [C; 9] = [
    C::CAN_ADD_PARTICIPANT,
    C::CAN_REMOVE_PARTICIPANT,
    C::CAN_BAN,
    C::CAN_UNBAN,
    C::CAN_KICK,
    C::CAN_CHANGE_USER_ROLE,
    C::CAN_DESTROY_ROOM,
    C::CAN_CHANGE_ROLE_DEFINITIONS,
    C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
];

/// What a holder of a role may do: asked of `check`, in a room without limits that has a user of
/// each role.
fn powers(policy: &Policy, role: u32) -> Powers {
    let mut policy = policy.clone();
    policy.base.max_users = None;
    policy.base.max_clients = None;
    for role in &mut policy.roles.roles {
        role.minimum_participants_constraint = 0;
        role.minimum_active_participants_constraint = 0;
        role.maximum_participants_constraint = None;
        role.maximum_active_participants_constraint = None;
    }
    let defined: Vec<u32> =
        policy.roles.roles.iter().map(|role| role.role_index).filter(|index| *index != 0).collect();
    let mut state: State = vec![(role, true)];
    state.extend(defined.iter().map(|role| (*role, false)));
    let room = room(&policy, &state).unwrap();
    let by = actor(0, &[]);
    let allows = |change: Change| room.check(&by, Form::Commit, &[change.into()]).is_ok();
    let mut powers = Powers::default();
    for (place, &from) in (1..).zip(&defined) {
        let other = user(place);
        let other = || other.clone();
        for &to in defined.iter().filter(|to| **to != from) {
            if allows(Change::SetRole { user: other(), role: to }) {
                powers.moves.insert((from, to));
            }
        }
        if allows(Change::RemoveParticipant { user: other() }) {
            powers.moves.insert((from, 0));
        }
    }
    let stranger = user(defined.len() + 1);
    for &to in &defined {
        if allows(Change::AddParticipant { user: stranger.clone(), role: to }) {
            powers.moves.insert((0, to));
        }
    }
    // Capabilities are asked by what is refused without them; those that the moves show need a look
    // at the role.
    let kicked = {
        let mut state = state.clone();
        // Of a banned user anyone may remove the clients.
        let ordinary = defined.iter().find(|role| !banned(&policy, **role)).unwrap();
        state.push((*ordinary, true));
        let room = crate::rooms::room(&policy, &state).unwrap();
        let target = state.len() - 1;
        let kick = Change::RemoveClient { user: user(target), client: client(target) };
        room.check(&by, Form::Commit, &[kick.into()]).is_ok()
    };
    let destroys = !matches!(
        room.check(&by, Form::Commit, &[Change::DestroyRoom.into()]),
        Err(refusal) if matches!(refusal.reason, Reason::MissingCapability { .. })
    );
    for capability in POWERS {
        let has = match capability {
            C::CAN_KICK => kicked,
            C::CAN_DESTROY_ROOM => destroys,
            capability => room.has_capability(by.uri(), capability),
        };
        if has {
            powers.capabilities.insert(capability);
        }
    }
    powers
}

impl Powers {
    fn add(&mut self, other: &Self) {
        self.capabilities.extend(&other.capabilities);
        self.moves.extend(&other.moves);
    }

    fn close(&mut self) {
        loop {
            let more: Vec<(u32, u32)> = self
                .moves
                .iter()
                .flat_map(|(from, middle)| {
                    let further = self.moves.iter().filter(move |(other, _)| other == middle);
                    further.map(move |(_, to)| (*from, *to))
                })
                .filter(|pair| pair.0 != pair.1 && !self.moves.contains(pair))
                .collect();
            if more.is_empty() {
                return;
            }
            self.moves.extend(more);
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        self.capabilities.is_subset(&other.capabilities) && self.moves.is_subset(&other.moves)
    }
}

fn escalations(
    policy: &Policy,
    findings: &[LintFinding],
    all_pairs: bool,
    statistics: &mut Statistics,
) -> Option<Disagreement> {
    let ordinary = ordinary(policy);
    let of_role: BTreeMap<u32, Powers> = ordinary.iter().map(|role| (*role, powers(policy, *role))).collect();
    let mut found: Vec<Vec<u32>> = Vec::new();
    let starts_of = |roles: &[u32]| {
        let mut starts: Vec<State> = vec![roles.iter().map(|role| (*role, true)).collect()];
        if let [role] = roles {
            starts.push(vec![(*role, true), (*role, true)]);
        }
        starts.retain(|start| can_begin(policy, start));
        starts
    };
    let pairs = ordinary.iter().flat_map(|one| ordinary.iter().map(|other| vec![*one, *other]));
    let coalitions: Vec<Vec<u32>> = [vec![]]
        .into_iter()
        .chain(pairs.filter(|pair| pair[0] < pair[1]))
        .chain(ordinary.iter().map(|role| vec![*role]))
        .collect();
    let mut explorer = Explorer::new(policy, Who::Plain, all_pairs);
    let all_starts: Vec<State> = coalitions.iter().flat_map(|roles| starts_of(roles)).collect();
    let graph = explorer.explore(&all_starts, SMALL);
    statistics.commits += explorer.commits_tried;
    statistics.states += graph.len() as u64;
    // The powers that a coalition has, or gets.
    let mut coalition = |roles: &[u32], known: &Powers| {
        let mut had = known.clone();
        for role in roles {
            had.add(&of_role[role]);
        }
        had.close();
        let starts = starts_of(roles);
        let states: BTreeSet<&State> =
            starts.iter().flat_map(|start| reached(&graph, start, SMALL)).collect();
        let mut all = had.clone();
        let mut gains = false;
        for (role, active) in states.into_iter().flatten() {
            if *active && !banned(policy, *role) {
                gains |= !of_role[role].is_within(&had);
                all.add(&of_role[role]);
            }
        }
        if gains {
            found.push(if roles.is_empty() { vec![0] } else { roles.to_vec() });
        }
        all.close();
        all
    };
    let outside = coalition(&[], &Powers::default());
    let alone: BTreeMap<u32, Powers> = ordinary
        .iter()
        .filter(|role| can_begin(policy, &vec![(**role, true)]))
        .map(|role| (*role, coalition(&[*role], &outside)))
        .collect();
    for (one, of_one) in &alone {
        for (other, of_other) in alone.range(one + 1..) {
            let mut known = of_one.clone();
            known.add(of_other);
            coalition(&[*one, *other], &known);
        }
    }
    let mut reported: Vec<Vec<u32>> = findings
        .iter()
        .filter(|finding| finding.code == LintCode::Escalation)
        .map(|finding| finding.roles[..finding.roles.len() - 1].to_vec())
        .collect();
    reported.sort();
    found.sort();
    statistics.coalitions_of_two_roles += found.iter().filter(|roles| roles.len() == 2).count() as u64;
    if found.is_empty() {
        statistics.unescalated += 1;
    } else {
        statistics.escalations += 1;
    }
    (reported != found).then_some(Disagreement::Escalation { explorer: found, linter: reported })
}
