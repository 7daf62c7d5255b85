//! Test vectors for MIMI (More Instant Messaging Interoperability), and what checks, makes and
//! shows them.
//!
//! - **[`SHIPPED`]** are the vectors themselves: the working groups' examples, and sets that were
//!   generated from a seed.
//! - **[`verify_str`]** checks every case of a vector file, and says of each failure which case,
//!   which field, what was expected and what was found.
//! - **[`generate`]** makes vectors; the same seed gives the same bytes.
//! - **[`inspect()`]** decodes bytes as any type that [`types`] names, and gives JSON.
//! - **[`compare`]** says in which fields two encodings of such a type differ, and at which bytes.
//! - **[`annotate`]** cuts bytes into those of each field.
//!
//! The program `mimi-vectors` puts a command line around them. The library has no I/O: files are
//! yours to read and write.
//!
//! # Example
//!
//! ```
//! use mimi_test_vectors::{SHIPPED, verify_str};
//!
//! for (name, json) in SHIPPED {
//!     let report = verify_str(name, json);
//!     assert!(report.holds() && report.cases > 0);
//! }
//!
//! let report = verify_str("mine.json", r#"{"format": 1, "kind": "wire", "cases": [
//!     {"name": "a ciphertext", "type": "HPKECiphertext", "encoded": "01610162"},
//!     {"name": "trailing byte", "type": "HPKECiphertext", "encoded": "0161016200", "valid": false},
//!     {"name": "cut off", "type": "HPKECiphertext", "encoded": "016101"}
//! ]}"#);
//! assert_eq!((report.cases, report.failed_cases), (3, 1));
//! assert_eq!(
//!     report.failures[0].to_string(),
//!     "case \"cut off\", encoded: expected to be accepted, found refused: HPKECiphertext.ciphertext: \
//!      the length says 1 byte(s), but 0 are there (byte 2)",
//! );
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |-|-|
//! | `program` (default) | the program `mimi-vectors` |
//! | `generate` (by `program`) | [`generate`]; links `std` |
//! | `markdown` (by `generate`) | the kind `markdown`; links `std` |
//! | `room` (by `generate`) | the kind `room`; links `std` and OpenMLS |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "generate")]
extern crate std;

mod annotation;
mod case;
#[cfg(feature = "generate")]
mod cbor;
mod comparison;
pub mod conversation;
mod difference;
mod document_place;
#[cfg(feature = "generate")]
mod file_format;
#[cfg(feature = "generate")]
mod generate;
mod kind;
mod policy_report;
mod report;
mod shipped;
mod verify;
mod wire_type;

pub use annotation::{AnnotatedRun, Annotation, RunRole, annotate};
pub use comparison::{CompareError, FieldDifference, FieldValue, compare};
#[cfg(feature = "generate")]
pub use file_format::{GenerateError, InvalidSeedError, Seed};
#[cfg(feature = "generate")]
pub use generate::{Generated, generate};
pub use kind::kinds;
pub use policy_report::{
    AnswerReport, CandidateReport, DecisionReport, DifferenceReport, EffectReport, FindingReport,
    GrantReport, RoleEffectReport, StepReport, UserReport, UserReportError, candidates, decision_report,
    difference_report, lint_room, user_report,
};
pub use report::{Failure, Report};
pub use shipped::{SCHEMAS, SHIPPED};
pub use verify::{Progress, Selection, verify_selected, verify_str, verify_str_with};
pub use wire_type::{InspectError, Inspected, TypeEntry, WireRefusal, inspect, types};

/// The README's examples run too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
