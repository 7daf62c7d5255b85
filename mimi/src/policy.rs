//! A room's policy: decisions with their reasons, what a person may do, what a reviewer should
//! know, tables and pictures.

use std::collections::BTreeSet;

use mimi_policy::graph::RoleGraph;
use mimi_policy::json::{PolicyCase, PolicyDocument, PolicyDocumentError, PolicyJsonError, PolicyRoom};
use mimi_policy::matrix::Matrix as Table;
use mimi_test_vectors::{
    UserReportError, candidates, decision_report, difference_report, lint_room, user_report,
};
use serde::Serialize;
use serde_json::Value;

use crate::{Error, ErrorKind, Result};

pub use mimi_test_vectors::{
    AnswerReport, CandidateReport, DecisionReport, DifferenceReport, EffectReport, FindingReport,
    GrantReport, RoleEffectReport, StepReport, UserReport,
};

/// The state of a room, as vectors of kind `policy` have it in `room`.
///
/// ```
/// use mimi::policy::Room;
///
/// let room = Room::parse(r#"{
///     "roles": "strict",
///     "participants": [["mimi://a.example/u/alice", 3], ["mimi://b.example/u/bob", 2]],
///     "clients": [["mimi://a.example/u/alice", "mimi://a.example/d/a1"]]
/// }"#)?;
/// let rights = room.can("mimi://a.example/u/alice", None)?;
/// assert!(rights.capabilities["canAddParticipant"]);
/// assert_eq!(room.matrix().roles[1].name, "banned");
/// # Ok::<(), mimi::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    room: PolicyRoom,
}

/// A question to a room: an actor, the form of a message, and changes; a case of the vectors of
/// kind `policy`.
///
/// ```
/// use mimi::policy::Case;
///
/// let case = Case::parse(r#"{
///     "room": {"roles": "strict", "participants": [["mimi://a.example/u/alice", 2]],
///              "clients": [["mimi://a.example/u/alice", "mimi://a.example/d/a1"]]},
///     "actor": {"user": "mimi://a.example/u/alice"},
///     "form": "commit",
///     "changes": [{"op": "add_participant", "user": "mimi://b.example/u/bob", "role": 2}]
/// }"#)?;
/// let decision = case.decide();
/// assert!(!decision.allow);
/// assert_eq!(decision.capability.as_deref(), Some("canAddParticipant"));
/// assert!(!case.who()[0].allow);
/// # Ok::<(), mimi::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    case: PolicyCase,
}

/// Roles and capabilities as a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Matrix {
    /// The roles, one for each column.
    pub roles: Vec<MatrixRole>,
    /// The capabilities, one for each row, those of a group side by side.
    pub rows: Vec<MatrixRow>,
}

/// A role of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MatrixRole {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// How many participants must have it.
    pub min: u32,
    /// How many participants may have it.
    pub max: Option<u32>,
    /// How many active participants must have it.
    pub min_active: u32,
    /// How many active participants may have it.
    pub max_active: Option<u32>,
    /// How its holders may move users.
    pub changes: Vec<RoleChanges>,
}

/// From one role to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RoleChanges {
    /// The role before; 0 for users who are not on the list.
    pub from: u32,
    /// The roles after; 0 for off the list.
    pub to: Vec<u32>,
}

/// A capability, and which roles have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MatrixRow {
    /// What the capabilities of its group are about: `membership`.
    pub group: String,
    /// The capability: `canAddParticipant`.
    pub capability: String,
    /// Whether each role has it, in the order of the columns.
    pub held: Vec<bool>,
}

/// Roles, and the moves of users between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Graph {
    /// The roles.
    pub roles: Vec<GraphRole>,
    /// The moves.
    pub moves: Vec<GraphMove>,
}

/// A role of a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GraphRole {
    /// Its index; 0 for users who are not on the list.
    pub index: u32,
    /// Its name.
    pub name: String,
}

/// A move that the roles grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GraphMove {
    /// The role before; 0 for users who are not on the list.
    pub from: u32,
    /// The role after; 0 for off the list.
    pub to: u32,
    /// The role of the actor; 0 for a user who is not on the list.
    pub by: u32,
    /// The capability that grants it: `canBan`.
    pub capability: String,
    /// Whether the user that moves is the one that acts.
    pub by_oneself: bool,
}

/// A picture of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    /// An SVG image, which loads and runs nothing.
    Svg,
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid.
    Mermaid,
}

fn json_error(error: PolicyJsonError) -> Error {
    let message = error.problem.to_string();
    Error::input(&error.path, message).because(&error.problem)
}

fn document_error(error: PolicyDocumentError) -> Error {
    match error {
        PolicyDocumentError::Place(error) => json_error(error),
        PolicyDocumentError::Case { case, error } => {
            let error = json_error(error);
            let message = format!("case {case:?}: {}", error.message);
            Error { message, ..error }
        }
        other => Error::input("json", &other).because(&other),
    }
}

/// The cases of a vector file of kind `policy`, or the one case that a text is.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for other text, with the member that is wrong.
pub fn cases(text: &str) -> Result<Vec<Case>> {
    let document = PolicyDocument::parse(text).map_err(document_error)?;
    Ok(document.cases().iter().cloned().map(|case| Case { case }).collect())
}

/// The rooms of a vector file of kind `policy`, of a case or the room that a text is, each once.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for other text, with the member that is wrong.
pub fn rooms(text: &str) -> Result<Vec<Room>> {
    let document = PolicyDocument::parse(text).map_err(document_error)?;
    // By their JSON, which is the same for the same rooms.
    let mut seen = BTreeSet::new();
    let rooms = document.rooms().filter(|(_, room)| seen.insert(room.to_json().to_string()));
    Ok(rooms.map(|(_, room)| Room { room: room.clone() }).collect())
}

impl Room {
    /// Reads a room, or the room of a case, from JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for other text, or text with several rooms.
    pub fn parse(text: &str) -> Result<Self> {
        let mut rooms = rooms(text)?;
        match (rooms.pop(), rooms.len()) {
            (Some(room), 0) => Ok(room),
            (found, more) => {
                let count = more.saturating_add(usize::from(found.is_some()));
                Err(Error::input("json", format!("{count} rooms, expected one")))
            }
        }
    }

    /// The room as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.room.to_json()
    }

    /// Checks that the room can exist: its roles, limits and lists.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`] with the first defect.
    pub fn check(&self) -> Result<()> {
        match self.room.to_state() {
            Ok(_) => Ok(()),
            Err(why) => Err(Error::new(ErrorKind::NotAllowed, &why).because(&why).in_field("room")),
        }
    }

    /// Roles and capabilities as a table.
    #[must_use]
    pub fn matrix(&self) -> Matrix {
        let table = Table::new(&self.room.role_data());
        let roles = table.columns().iter().map(|column| MatrixRole {
            index: column.index,
            name: column.name.clone(),
            min: column.participants.0,
            max: column.participants.1,
            min_active: column.active.0,
            max_active: column.active.1,
            changes: column
                .changes
                .iter()
                .map(|(from, to)| RoleChanges { from: *from, to: to.clone() })
                .collect(),
        });
        let rows = table.groups().iter().flat_map(|group| {
            group.rows.iter().map(|row| MatrixRow {
                group: group.name.into(),
                capability: row.capability.to_string(),
                held: row.held.clone(),
            })
        });
        Matrix { roles: roles.collect(), rows: rows.collect() }
    }

    /// The table as plain text of at most `width` columns.
    #[must_use]
    pub fn matrix_text(&self, width: usize) -> String {
        Table::new(&self.room.role_data()).to_text(width)
    }

    /// The table as Markdown.
    #[must_use]
    pub fn matrix_markdown(&self) -> String {
        Table::new(&self.room.role_data()).to_markdown()
    }

    fn role_graph(&self) -> RoleGraph {
        RoleGraph::new(&self.room.base, &self.room.role_data(), &self.room.preauth)
    }

    /// Roles, and who may move users from where to where.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let graph = self.role_graph();
        let moves = graph.moves().iter().map(|step| GraphMove {
            from: step.from,
            to: step.to,
            by: step.by,
            capability: step.means.capability().to_string(),
            by_oneself: step.means.is_by_oneself(),
        });
        let roles = graph.roles().map(|(index, name)| GraphRole { index, name: name.into() });
        Graph { roles: roles.collect(), moves: moves.collect() }
    }

    /// The graph as a picture.
    #[must_use]
    pub fn picture(&self, picture: Picture) -> String {
        let graph = self.role_graph();
        match picture {
            Picture::Svg => graph.to_svg(),
            Picture::Dot => graph.to_dot(),
            Picture::Mermaid => graph.to_mermaid(),
        }
    }

    /// What a reviewer would want to know, the severe findings first, each with the steps by which
    /// it comes about; with `examples`, also the smallest room that has it.
    #[must_use]
    pub fn lint(&self, examples: bool) -> Vec<FindingReport> {
        lint_room(&self.room, examples)
    }

    /// What a user can do now, with one of its clients or its first one, and why not the rest.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`] if the room is not valid, [`ErrorKind::InvalidInput`] if the user
    /// or the client is not in its normal form.
    pub fn can(&self, user_uri: &str, client_uri: Option<&str>) -> Result<UserReport> {
        user_report(&self.room, user_uri, client_uri).map_err(|error| match &error {
            UserReportError::Identity { uri, error } => {
                let field = if uri == user_uri { "user_uri" } else { "client_uri" };
                Error::input(field, error).because(error)
            }
            other => Error::new(ErrorKind::NotAllowed, other).in_field("room"),
        })
    }

    /// Where this policy and another one differ, and what the roles of the other do to the
    /// participants of this one.
    #[must_use]
    pub fn diff(&self, other: &Self) -> DifferenceReport {
        difference_report(&self.room, &other.room)
    }
}

impl Case {
    /// Reads a case from JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for other text, or text with several cases.
    pub fn parse(text: &str) -> Result<Self> {
        let mut cases = cases(text)?;
        match (cases.pop(), cases.len()) {
            (Some(case), 0) => Ok(case),
            (found, more) => {
                let count = more.saturating_add(usize::from(found.is_some()));
                Err(Error::input("json", format!("{count} cases, expected one")))
            }
        }
    }

    /// The case as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.case.to_json()
    }

    /// The name, if the case has one.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.case.name.clone()
    }

    /// The room that is asked.
    #[must_use]
    pub fn room(&self) -> Room {
        Room { room: self.case.room.clone() }
    }

    /// Whether it is allowed, and why.
    #[must_use]
    pub fn decide(&self) -> DecisionReport {
        decision_report(&self.case)
    }

    /// Which participants could make the same changes, each with its first client, and why not the
    /// others.
    #[must_use]
    pub fn who(&self) -> Vec<CandidateReport> {
        candidates(&self.case)
    }
}
