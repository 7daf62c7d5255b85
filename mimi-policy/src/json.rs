//! Rooms, actors and changes as JSON (feature `serde`): the form of the vectors of kind `policy`.
//!
//! JSON is read strictly: a member that isn't known, or that isn't there, is an error that names
//! its place (`room.roles[2].min`), because a misspelt limit would make another room. Only a case
//! itself may have further members. What was read holds the components of `mimi-codec` as they are,
//! so that what a decision is made of is what a room would carry.
//!
//! ```
//! use mimi_policy::json::{PolicyChange, PolicyUse, PolicyDocument};
//!
//! let document = PolicyDocument::parse(r#"{
//!     "name": "Bob is added",
//!     "room": {"roles": "strict", "participants": [["mimi://a.example/u/alice", 3]]},
//!     "actor": {"user": "mimi://a.example/u/alice", "client": "mimi://a.example/d/a1"},
//!     "form": "commit",
//!     "changes": [{"op": "add_participant", "user": "mimi://b.example/u/bob", "role": 2}],
//!     "expect": {"allow": true}
//! }"#)?;
//! let [case] = document.cases() else { panic!("one case") };
//! assert_eq!(case.room.role_data().roles.len(), 6);
//! assert!(matches!(&case.changes[0].change, PolicyChange::AddParticipant { role: 2, .. }));
//!
//! let error = PolicyDocument::parse(r#"{"roles": "strict", "participants": [["mimi://a.example/u/alice"]]}"#).unwrap_err();
//! assert_eq!(error.to_string(), r#"room.participants[0]: expected a list of 2, found ["mimi://a.example/u/alice"]"#);
//! # Ok::<(), mimi_policy::json::PolicyDocumentError>(())
//! ```

mod actor;
mod case;
mod change;
#[cfg(feature = "content")]
mod decision;
mod place;
mod roles;
mod room;

pub use actor::{PolicyActor, PolicyForm};
pub use case::{PolicyCase, PolicyDocument, PolicyDocumentError, PolicyExpectation, RefusedBy};
pub use change::{MetadataField, PolicyChange, PolicyEarlierMessage, PolicyProposedChange, PolicyUse};
#[cfg(feature = "content")]
pub use decision::{PolicyDecision, WhyRefused};
pub use place::{PolicyJsonError, PolicyJsonProblem};
pub use roles::PolicyRoles;
pub use room::PolicyRoom;
