//! What the pictures have in common: a box per role, which says in words how one gets in and out,
//! and arrows between the roles of those on the list. Arrows for every way in, out and into the ban
//! would hide the rest.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::{BANNED, Move, MoveRight, NO_ROLE, RoleGraph};

/// How much of a role's name a picture shows.
const SHOWN_NAME: usize = 32;

pub(super) struct Diagram {
    /// The boxes by rows: in a row, the roles between which one can move; outsiders and the banned
    /// in the last.
    pub(super) rows: Vec<Vec<RoleBox>>,
    pub(super) arrows: Vec<Arrow>,
}

pub(super) struct RoleBox {
    pub(super) index: u32,
    /// Index and name.
    pub(super) title: String,
    /// How one gets in, out, and into the ban.
    pub(super) lines: Vec<String>,
}

pub(super) struct Arrow {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Who moves a user along it.
    pub(super) label: String,
}

impl Diagram {
    pub(super) fn new(graph: &RoleGraph) -> Self {
        let mut ways: BTreeMap<(u32, u32), Vec<&Move>> = BTreeMap::new();
        for step in graph.moves() {
            ways.entry((step.from, step.to)).or_default().push(step);
        }
        let is_apart = |index: u32| index == NO_ROLE || is_banned(graph, index);
        let arrows: Vec<Arrow> = ways
            .iter()
            .filter(|((from, to), _)| !is_apart(*from) && !is_apart(*to))
            .map(|((from, to), steps)| Arrow { from: *from, to: *to, label: who(steps) })
            .collect();
        let boxed = |index: u32| RoleBox {
            index,
            title: format!("{index} {}", shortened(graph.names.get(&index).map_or("", String::as_str))),
            lines: lines(graph, index, &ways),
        };
        let ordinary: Vec<u32> =
            graph.roles().map(|(index, _)| index).filter(|index| !is_apart(*index)).collect();
        let mut rows: Vec<Vec<RoleBox>> = Vec::new();
        let mut placed = BTreeSet::new();
        let mut alone = Vec::new();
        for &index in &ordinary {
            if placed.contains(&index) {
                continue;
            }
            let row = connected(index, &arrows);
            placed.extend(row.iter().copied());
            if row.len() == 1 {
                alone.push(index);
            } else {
                rows.push(row.into_iter().map(boxed).collect());
            }
        }
        let apart = graph.roles().map(|(index, _)| index).filter(|index| is_apart(*index));
        rows.push(apart.chain(alone).map(boxed).collect());
        rows.retain(|row| !row.is_empty());
        Self { rows, arrows }
    }

    pub(super) fn boxes(&self) -> impl Iterator<Item = &RoleBox> {
        self.rows.iter().flatten()
    }
}

fn is_banned(graph: &RoleGraph, index: u32) -> bool {
    index == BANNED && graph.names.get(&BANNED).is_some_and(|name| name == "banned")
}

/// The roles that arrows lead to from one, in either direction, with itself.
fn connected(start: u32, arrows: &[Arrow]) -> BTreeSet<u32> {
    let mut neighbours: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for arrow in arrows {
        neighbours.entry(arrow.from).or_default().push(arrow.to);
        neighbours.entry(arrow.to).or_default().push(arrow.from);
    }
    let mut found = BTreeSet::new();
    let mut next = vec![start];
    while let Some(index) = next.pop() {
        if found.insert(index) {
            next.extend(neighbours.get(&index).into_iter().flatten());
        }
    }
    found
}

/// Who makes these moves, each role once; those who need claims are marked, as are the users
/// themselves.
fn who(steps: &[&Move]) -> String {
    let others: BTreeSet<u32> =
        steps.iter().filter(|step| !step.means.is_by_oneself()).map(|step| step.by).collect();
    let mut words: Vec<String> = Vec::new();
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(u32::to_string).collect();
        words.push(format!("by {}", others.join(" ")));
    }
    for (means, word) in [
        (MoveRight::OpenJoin, "anybody"),
        (MoveRight::JoinCode, "with a code"),
        (MoveRight::Preauthorized, "by claims"),
        (MoveRight::ChangeOwnRole, "itself by claims"),
        (MoveRight::Leave, "itself"),
    ] {
        if steps.iter().any(|step| step.means == means) {
            words.push(word.to_string());
        }
    }
    words.join(", ")
}

fn lines(graph: &RoleGraph, index: u32, ways: &BTreeMap<(u32, u32), Vec<&Move>>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |name: &str, from: u32, to: u32| {
        if let Some(steps) = ways.get(&(from, to)) {
            lines.push(format!("{name} {}", who(steps)));
        }
    };
    if index == NO_ROLE {
        lines.push("not on the list".to_string());
        return lines;
    }
    line("in:", NO_ROLE, index);
    line("out:", index, NO_ROLE);
    if is_banned(graph, index) {
        return lines;
    }
    if is_banned(graph, BANNED) {
        line("banned:", index, BANNED);
        line("unbanned:", BANNED, index);
    }
    if lines.is_empty() {
        lines.push("no way in or out".to_string());
    }
    lines
}

/// A name of bounded length without control characters.
fn shortened(name: &str) -> String {
    let mut short: String = name.chars().filter(|c| !c.is_control()).take(SHOWN_NAME).collect();
    if name.chars().nth(SHOWN_NAME).is_some() {
        short.push('…');
    }
    short
}
