//! A case of the kind `policy`, and files that have some.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{CapabilityType, parse_json};
use serde_json::{Map, Value, json};

use super::actor::{PolicyActor, PolicyForm};
use super::change::PolicyProposedChange;
use super::place::{Place, PolicyJsonError, Result};
use super::room::PolicyRoom;

/// One decision: a room, who acts, what is to change, and whether it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyCase {
    /// Its name in the file, if it has one.
    pub name: Option<String>,
    /// The room before.
    pub room: PolicyRoom,
    /// Who acts.
    pub actor: PolicyActor,
    /// In what form.
    pub form: PolicyForm,
    /// What is to change: all of it in one commit, one list of proposals, or one message.
    pub changes: Vec<PolicyProposedChange>,
    /// What the decision is; a question has none.
    pub expect: Option<PolicyExpectation>,
}

/// What a case says of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyExpectation {
    /// Whether it is allowed.
    pub allow: bool,
    /// Why not, in words.
    pub reason: Option<String>,
    /// The capability that it turns on.
    pub capability: Option<CapabilityType>,
    /// Of a refused message, who has to refuse it, if the case says so.
    pub refused_by: Option<RefusedBy>,
}

/// Who has to refuse a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusedBy {
    /// Clients alone: the hub doesn't see why.
    Client,
    /// The hub, and clients if it doesn't.
    HubAndClient,
}

impl RefusedBy {
    /// As vector files have it.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Client => &["client"],
            Self::HubAndClient => &["hub", "client"],
        }
    }

    fn read(place: &Place<'_>) -> Result<Self> {
        let names = place.list()?;
        match names.iter().find(|name| !matches!(name.as_text(), Some("hub" | "client"))) {
            Some(name) => Err(name.unexpected("\"hub\" or \"client\"")),
            None if names.iter().any(|name| name.as_text() == Some("hub")) => Ok(Self::HubAndClient),
            None => Ok(Self::Client),
        }
    }
}

impl PolicyExpectation {
    fn read(place: &Place<'_>) -> Result<Self> {
        let members = place.members(&["allow", "reason", "capability", "refused_by"])?;
        let capability = |place: Place<'_>| {
            let name = place.text("the name of a capability")?;
            CapabilityType::from_name(name).map_err(|_| place.unexpected("the name of a capability"))
        };
        Ok(Self {
            allow: members.required("allow")?.flag()?,
            reason: members.optional("reason").map(|place| place.text("text")).transpose()?.map(Into::into),
            capability: members.optional("capability").map(capability).transpose()?,
            refused_by: members.optional("refused_by").map(|place| RefusedBy::read(&place)).transpose()?,
        })
    }

    fn to_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("allow".into(), self.allow.into());
        if let Some(reason) = &self.reason {
            json.insert("reason".into(), reason.as_str().into());
        }
        if let Some(name) = self.capability.and_then(CapabilityType::name) {
            json.insert("capability".into(), name.into());
        }
        if let Some(by) = self.refused_by {
            json.insert("refused_by".into(), by.names().into());
        }
        Value::Object(json)
    }
}

impl PolicyCase {
    /// Reads a case. Members that the kind doesn't have are ignored in the case itself, and refused
    /// inside of its members.
    ///
    /// # Errors
    /// The first place that isn't as the format has it.
    pub fn from_json(json: &Value) -> Result<Self> {
        Self::read(&Place::new("", json))
    }

    fn read(place: &Place<'_>) -> Result<Self> {
        let members = place.open_members()?;
        Ok(Self {
            name: members.optional("name").map(|name| name.text("text")).transpose()?.map(Into::into),
            room: PolicyRoom::read(&members.required("room")?)?,
            actor: PolicyActor::read(&members.required("actor")?)?,
            form: PolicyForm::read(&members.required("form")?)?,
            changes: members
                .required("changes")?
                .list()?
                .iter()
                .map(PolicyProposedChange::read)
                .collect::<Result<_>>()?,
            expect: members.optional("expect").map(|expect| PolicyExpectation::read(&expect)).transpose()?,
        })
    }

    /// As vector files have it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "room": self.room.to_json(),
            "actor": self.actor.to_json(),
            "form": self.form.name(),
            "changes": self.changes.iter().map(PolicyProposedChange::to_json).collect::<Vec<_>>(),
        });
        if let Some(members) = json.as_object_mut() {
            if let Some(name) = &self.name {
                members.insert("name".into(), name.as_str().into());
            }
            if let Some(expect) = &self.expect {
                members.insert("expect".into(), expect.to_json());
            }
        }
        json
    }
}

/// What a file for `mimi-vectors policy` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyDocument {
    /// A room by itself.
    Room(Box<PolicyRoom>),
    /// Cases: one, or a vector file's.
    Cases(Vec<PolicyCase>),
}

/// Why a text is no policy document.
#[derive(Debug)]
pub enum PolicyDocumentError {
    /// It isn't JSON, or has a member twice.
    Json(serde_json::Error),
    /// It is a vector file of another format or kind.
    OtherKind {
        /// Its `format` and its `kind`, as JSON.
        found: String,
    },
    /// A place isn't as the format has it.
    Place(PolicyJsonError),
    /// A place in a case of a vector file isn't as the format has it.
    Case {
        /// The name of the case, or its position counted from 0.
        case: String,
        /// The place.
        error: PolicyJsonError,
    },
}

impl fmt::Display for PolicyDocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "not JSON: {error}"),
            Self::OtherKind { found } => write!(f, "expected format 1 and kind \"policy\", found {found}"),
            Self::Place(error) => error.fmt(f),
            Self::Case { case, error } => write!(f, "case {case:?}: {error}"),
        }
    }
}

impl core::error::Error for PolicyDocumentError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::OtherKind { .. } => None,
            Self::Place(error) | Self::Case { error, .. } => Some(error),
        }
    }
}

impl PolicyDocument {
    /// Reads a vector file of kind `policy`, one of its cases, or a bare room.
    ///
    /// # Errors
    /// [`PolicyDocumentError`].
    pub fn parse(text: &str) -> core::result::Result<Self, PolicyDocumentError> {
        let json = parse_json(text).map_err(PolicyDocumentError::Json)?;
        let place = Place::new("", &json);
        let members = place
            .open_members()
            .map_err(|_| PolicyDocumentError::Place(Place::new("file", &json).unexpected("an object")))?;
        if members.has("cases") || members.has("kind") {
            return read_file(&json);
        }
        if members.has("room") {
            return PolicyCase::read(&place)
                .map(|case| Self::Cases(vec![case]))
                .map_err(PolicyDocumentError::Place);
        }
        PolicyRoom::from_json(&json)
            .map(|room| Self::Room(Box::new(room)))
            .map_err(PolicyDocumentError::Place)
    }

    /// The cases; none if it is a bare room.
    #[must_use]
    pub fn cases(&self) -> &[PolicyCase] {
        match self {
            Self::Room(_) => &[],
            Self::Cases(cases) => cases,
        }
    }

    /// The rooms, each with the name of its case.
    pub fn rooms(&self) -> impl Iterator<Item = (Option<&str>, &PolicyRoom)> {
        let bare = match self {
            Self::Room(room) => Some((None, &**room)),
            Self::Cases(_) => None,
        };
        bare.into_iter().chain(self.cases().iter().map(|case| (case.name.as_deref(), &case.room)))
    }
}

fn read_file(json: &Value) -> core::result::Result<PolicyDocument, PolicyDocumentError> {
    let member = |name| json.get(name).unwrap_or(&Value::Null);
    if member("format") != 1 || member("kind") != "policy" {
        let found = alloc::format!("format {} and kind {}", member("format"), member("kind"));
        return Err(PolicyDocumentError::OtherKind { found });
    }
    let cases = Place::new("cases", member("cases")).list().map_err(PolicyDocumentError::Place)?;
    let case = |(index, place): (usize, &Place<'_>)| {
        PolicyCase::read(&place.renamed("")).map_err(|error| PolicyDocumentError::Case {
            case: place.name().map_or_else(|| index.to_string(), Into::into),
            error,
        })
    };
    cases.iter().enumerate().map(case).collect::<core::result::Result<_, _>>().map(PolicyDocument::Cases)
}
