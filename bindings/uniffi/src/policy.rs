//! A room's policy.

use std::collections::HashMap;
use std::sync::Arc;

use crate::convert::{Cross, record};
use crate::error::Result;

/// The state of a room, as vectors of kind `policy` have it in `room`.
#[derive(Debug, uniffi::Object)]
pub struct Room(mimi::policy::Room);

/// A question to a room: a case of the vectors of kind `policy`.
#[derive(Debug, uniffi::Object)]
pub struct Case(mimi::policy::Case);

/// A picture of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Picture {
    /// An SVG image, which loads and runs nothing.
    Svg,
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid.
    Mermaid,
}

record! {
    /// Roles and capabilities as a table.
    Matrix of mimi::policy::Matrix {
        /// The roles, one for each column.
        roles: Vec<MatrixRole>,
        /// The capabilities, one for each row.
        rows: Vec<MatrixRow>,
    }
}

record! {
    /// A role of a room.
    MatrixRole of mimi::policy::MatrixRole {
        /// Its index.
        index: u32,
        /// Its name.
        name: String,
        /// How many participants must have it.
        min: u32,
        /// How many participants may have it.
        max: Option<u32>,
        /// How many active participants must have it.
        min_active: u32,
        /// How many active participants may have it.
        max_active: Option<u32>,
        /// How its holders may move users.
        changes: Vec<RoleChanges>,
    }
}

record! {
    /// From one role to others.
    RoleChanges of mimi::policy::RoleChanges {
        /// The role before; 0 for users who are not on the list.
        from: u32,
        /// The roles after; 0 for off the list.
        to: Vec<u32>,
    }
}

record! {
    /// A capability, and which roles have it.
    MatrixRow of mimi::policy::MatrixRow {
        /// What the capabilities of its group are about.
        group: String,
        /// The capability: `canAddParticipant`.
        capability: String,
        /// Whether each role has it, in the order of the columns.
        held: Vec<bool>,
    }
}

record! {
    /// Roles, and the moves of users between them.
    Graph of mimi::policy::Graph {
        /// The roles.
        roles: Vec<GraphRole>,
        /// The moves.
        moves: Vec<GraphMove>,
    }
}

record! {
    /// A role of a graph.
    GraphRole of mimi::policy::GraphRole {
        /// Its index; 0 for users who are not on the list.
        index: u32,
        /// Its name.
        name: String,
    }
}

record! {
    /// A move that the roles grant.
    GraphMove of mimi::policy::GraphMove {
        /// The role before; 0 for users who are not on the list.
        from: u32,
        /// The role after; 0 for off the list.
        to: u32,
        /// The role of the actor; 0 for a user who is not on the list.
        by: u32,
        /// The capability that grants it.
        capability: String,
        /// Whether the user that moves is the one that acts.
        by_oneself: bool,
    }
}

record! {
    /// A finding of the linter.
    FindingReport of mimi::policy::FindingReport {
        /// The finding's code.
        code: String,
        /// `error`, `warning` or `note`.
        severity: String,
        /// The roles that it is about.
        roles: Vec<u32>,
        /// What is wrong in this room, as a sentence.
        explanation: String,
        /// The roles of the participants before the first step.
        start: Vec<u32>,
        /// How it comes about, each step as a sentence.
        steps: Vec<String>,
        /// The same steps, for a program that plays them.
        moves: Vec<StepReport>,
        /// The smallest room that has the finding, as JSON, if it was asked for.
        example: Option<String>,
    }
}

record! {
    /// A step on the way to what a finding warns of.
    StepReport of mimi::policy::StepReport {
        /// The role of the participant or external sender that proposes it; none if the user does.
        by: Option<u32>,
        /// Whether an external sender proposes it.
        external: bool,
        /// The capability that allows it.
        capability: String,
        /// The user's role before; 0 if the user is not on the list.
        from: u32,
        /// The user's role after; 0 if the user is off the list.
        to: u32,
        /// Whether the user has a client in the group before.
        had_client: bool,
        /// Whether the user has a client in the group after.
        with_client: bool,
        /// Whether the step is in the same commit as the one before it.
        same_commit: bool,
    }
}

record! {
    /// What a user can do now.
    UserReport of mimi::policy::UserReport {
        /// The user.
        user: String,
        /// Its role; none if it is not on the list.
        role: Option<u32>,
        /// Every registered capability by its name, and whether the user has it.
        capabilities: HashMap<String, bool>,
        /// What it can do by itself, to the others and to a user who is not on the list.
        answers: Vec<AnswerReport>,
    }
}

record! {
    /// Whether something is allowed, and why.
    AnswerReport of mimi::policy::AnswerReport {
        /// Whether it is allowed.
        allow: bool,
        /// The rights that allow it, or the first condition that fails.
        why: Vec<String>,
        /// The form of the message: `commit`.
        form: String,
        /// The changes, in words.
        what: String,
    }
}

record! {
    /// Whether a participant can do what a case asks for, and why.
    CandidateReport of mimi::policy::CandidateReport {
        /// Whether it is allowed.
        allow: bool,
        /// The rights that allow it, or the first condition that fails.
        why: Vec<String>,
        /// The participant.
        user: String,
        /// Its role.
        role: u32,
    }
}

record! {
    /// Where two policies differ.
    DifferenceReport of mimi::policy::DifferenceReport {
        /// The differences, each as a sentence.
        differences: Vec<String>,
        /// What the roles of the second do to the participants of the first, if that is valid.
        effect: Option<EffectReport>,
    }
}

record! {
    /// What new roles do to the present participants.
    EffectReport of mimi::policy::EffectReport {
        /// Why the roles are not valid.
        defects: Vec<String>,
        /// Which limits the present participants break.
        limits: Vec<String>,
        /// The roles that change for participants.
        roles: Vec<RoleEffectReport>,
        /// The lock-outs, each as a sentence with its steps.
        lock_outs: Vec<String>,
    }
}

record! {
    /// What new roles do to the participants with one role.
    RoleEffectReport of mimi::policy::RoleEffectReport {
        /// The role.
        role: u32,
        /// The participants.
        users: Vec<String>,
        /// Whether the new roles do not have it.
        undefined: bool,
        /// Whether it becomes the banned one.
        cut_off: bool,
        /// What changes in it.
        differences: Vec<String>,
    }
}

record! {
    /// What a case comes to.
    DecisionReport of mimi::policy::DecisionReport {
        /// The name of the case, if it has one.
        case: Option<String>,
        /// Whether it is allowed.
        allow: bool,
        /// The first condition that fails, if it is refused.
        reason: Option<String>,
        /// The capability that the decision turns on.
        capability: Option<String>,
        /// The rights that allow it.
        grants: Vec<GrantReport>,
        /// The decision as one sentence.
        sentence: String,
        /// What the case expects, if it says so.
        expected: Option<bool>,
    }
}

record! {
    /// The right that allows a change.
    GrantReport of mimi::policy::GrantReport {
        /// The place of the change among those of the case; none for the sender's own part.
        change: Option<u64>,
        /// The capability, if it takes one.
        capability: Option<String>,
        /// The role that has it.
        role: u32,
        /// The right, and what it rests on.
        why: String,
    }
}

#[uniffi::export]
impl Room {
    /// Reads a room, or the room of a case, from JSON text.
    #[uniffi::constructor]
    pub fn parse(json: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(mimi::policy::Room::parse(&json)?)))
    }

    /// The room as JSON.
    pub fn to_json(&self) -> String {
        self.0.to_json().to_string()
    }

    /// Checks that the room can exist: its roles, limits and lists.
    pub fn check(&self) -> Result<()> {
        Ok(self.0.check()?)
    }

    /// Roles and capabilities as a table.
    pub fn matrix(&self) -> Matrix {
        self.0.matrix().cross()
    }

    /// The table as Markdown.
    pub fn matrix_markdown(&self) -> String {
        self.0.matrix_markdown()
    }

    /// Roles, and who may move users from where to where.
    pub fn graph(&self) -> Graph {
        self.0.graph().cross()
    }

    /// The graph as a picture.
    pub fn picture(&self, picture: Picture) -> String {
        self.0.picture(match picture {
            Picture::Svg => mimi::policy::Picture::Svg,
            Picture::Dot => mimi::policy::Picture::Dot,
            Picture::Mermaid => mimi::policy::Picture::Mermaid,
        })
    }

    /// What a reviewer would want to know, the severe findings first; with `examples`, also the
    /// smallest room that has each.
    #[uniffi::method(default(examples = false))]
    pub fn lint(&self, examples: bool) -> Vec<FindingReport> {
        self.0.lint(examples).cross()
    }

    /// What a user can do now, with one of its clients or its first one, and why not the rest.
    #[uniffi::method(default(client_uri = None))]
    pub fn can(&self, user_uri: String, client_uri: Option<String>) -> Result<UserReport> {
        Ok(self.0.can(&user_uri, client_uri.as_deref())?.cross())
    }

    /// Where this policy and another one differ.
    pub fn diff(&self, other: &Self) -> DifferenceReport {
        self.0.diff(&other.0).cross()
    }
}

#[uniffi::export]
impl Case {
    /// Reads a case from JSON text.
    #[uniffi::constructor]
    pub fn parse(json: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(mimi::policy::Case::parse(&json)?)))
    }

    /// The case as JSON.
    pub fn to_json(&self) -> String {
        self.0.to_json().to_string()
    }

    /// The room that is asked.
    pub fn room(&self) -> Arc<Room> {
        Arc::new(Room(self.0.room()))
    }

    /// Whether it is allowed, and why.
    pub fn decide(&self) -> DecisionReport {
        self.0.decide().cross()
    }

    /// Which participants could make the same changes, and why not the others.
    pub fn who(&self) -> Vec<CandidateReport> {
        self.0.who().cross()
    }
}
