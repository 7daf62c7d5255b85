//! What bytes are, URIs, and files of vectors.

use crate::convert::{Cross, record};
use crate::error::{Refusal, Result};

record! {
    /// A type that bytes can be inspected as.
    TypeInfo of mimi::inspect::TypeInfo {
        /// Its name.
        name: String,
        /// The document and section that define it.
        section: String,
    }
}

record! {
    /// A type that bytes may have.
    Guess of mimi::inspect::Guess {
        /// The type's name.
        type_name: String,
        /// The document and section that define it.
        section: String,
        /// Whether all of the bytes decode as the type.
        accepted: bool,
        /// How many bytes were read before the refusal.
        read: u64,
        /// How many fields were told apart.
        fields: u64,
    }
}

record! {
    /// What bytes are as values of a type.
    Inspection of mimi::inspect::Inspection {
        /// The type's name.
        type_name: String,
        /// The document and section that define it.
        section: String,
        /// How many bytes there are.
        length: u64,
        /// The fields as a tree, each before those that lie in it.
        fields: Vec<Field>,
        /// All bytes in their order, each run with the field that it belongs to.
        runs: Vec<Run>,
        /// Why the bytes are refused, if they are.
        refused: Option<Refusal>,
    }
}

record! {
    /// A field of a value.
    Field of mimi::inspect::Field {
        /// The way to the field, from the name of the type on.
        path: String,
        /// The last step of that way.
        name: String,
        /// The place in the list of fields of the one that it lies in.
        parent: Option<u32>,
        /// How many fields it lies in.
        depth: u32,
        /// Its first byte.
        start: u64,
        /// The byte behind its last.
        end: u64,
        /// Its value as JSON, if no fields lie in it and it is more than the bytes in hex.
        value: Option<String>,
    }
}

record! {
    /// Consecutive bytes that belong to one field.
    Run of mimi::inspect::Run {
        /// The first byte.
        start: u64,
        /// The byte behind the last.
        end: u64,
        /// The place in the list of fields; none for bytes that were not read.
        field: Option<u32>,
        /// What the bytes are to the field.
        role: RunRole,
    }
}

/// What bytes are to the field that they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RunRole {
    /// All of the field, or what precedes the first of the fields in it.
    Field,
    /// Between or behind the fields in it.
    Framing,
    /// Bytes of a refused encoding from the refusal on.
    Unread,
}

impl Cross<RunRole> for mimi::inspect::RunRole {
    fn cross(self) -> RunRole {
        match self {
            Self::Field => RunRole::Field,
            Self::Framing => RunRole::Framing,
            _ => RunRole::Unread,
        }
    }
}

record! {
    /// A field in which two values differ.
    FieldDifference of mimi::inspect::FieldDifference {
        /// The way to the field.
        path: String,
        /// What the one has there.
        a: Option<FieldValue>,
        /// What the other has there.
        b: Option<FieldValue>,
    }
}

record! {
    /// A field of a value, and where it is.
    FieldValue of mimi::inspect::FieldValue {
        /// The first byte of the field.
        offset: u64,
        /// The value as JSON; of a list of another length `{"elements": n}`.
        value: String,
    }
}

record! {
    /// What a MIMI URI says.
    UriInfo of mimi::uri::UriInfo {
        /// `provider`, `user`, `client`, `room`, `group`, `pseudonym`, `team` or `other`.
        kind: String,
        /// The path segment of the kind.
        segment: Option<String>,
        /// The provider's domain name as it is written.
        host: String,
        /// The identifier as it is written.
        id: Option<String>,
        /// The identifier without escapes, if it is UTF-8.
        decoded_id: Option<String>,
        /// The one spelling in which URIs are compared.
        normalized: String,
        /// Whether the URI has that spelling.
        is_normal: bool,
        /// Whether the URI names a user.
        names_user: bool,
    }
}

record! {
    /// What the verification of a vector file found.
    VectorReport of mimi::verify::Report {
        /// The name of the file.
        file: String,
        /// Its kind.
        kind: Option<String>,
        /// Cases that were judged.
        cases: u64,
        /// Cases that failed.
        failed_cases: u64,
        /// What failed.
        failures: Vec<VectorFailure>,
        /// Cases that this verifier cannot judge.
        unjudged_cases: u64,
    }
}

record! {
    /// A member of a case that is not as expected.
    VectorFailure of mimi::verify::Failure {
        /// The case; none if it is about the file.
        case: Option<String>,
        /// The member.
        field: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    }
}

/// Every type that bytes can be inspected as.
#[uniffi::export]
pub fn types() -> Vec<TypeInfo> {
    mimi::inspect::types().cross()
}

/// The types that bytes may have, the likeliest first.
#[uniffi::export]
pub fn guess(encoded: Vec<u8>) -> Vec<Guess> {
    mimi::inspect::guess(&encoded).cross()
}

/// Inspects bytes as the likeliest type.
#[uniffi::export]
pub fn inspect(encoded: Vec<u8>) -> Inspection {
    mimi::inspect::inspect(&encoded).cross()
}

/// Inspects bytes as the type of this name.
#[uniffi::export]
pub fn inspect_as(type_name: String, encoded: Vec<u8>) -> Result<Inspection> {
    Ok(mimi::inspect::inspect_as(&type_name, &encoded)?.cross())
}

/// The value of bytes as JSON, in the form of a vector's `value`.
#[uniffi::export]
pub fn value_json(type_name: String, encoded: Vec<u8>) -> Result<String> {
    Ok(mimi::inspect::to_json(&type_name, &encoded)?.to_string())
}

/// In which fields two encodings of a type differ.
#[uniffi::export]
pub fn compare(type_name: String, a: Vec<u8>, b: Vec<u8>) -> Result<Vec<FieldDifference>> {
    Ok(mimi::inspect::compare(&type_name, &a, &b)?.cross())
}

/// Reads bytes from hex or base64.
#[uniffi::export]
pub fn bytes_of_text(text: String) -> Result<Vec<u8>> {
    Ok(mimi::bytes_of_text(&text)?.bytes)
}

/// Reads a MIMI URI.
#[uniffi::export]
pub fn check_uri(uri: String) -> Result<UriInfo> {
    Ok(mimi::uri::check_uri(&uri)?.cross())
}

/// Whether two MIMI URIs name the same, however each is spelled.
#[uniffi::export]
pub fn same_uri(a: String, b: String) -> Result<bool> {
    Ok(mimi::uri::same_uri(&a, &b)?)
}

/// Checks every case of a vector file. `name` is what the report calls the file.
#[uniffi::export]
pub fn verify_vectors(name: String, text: String) -> VectorReport {
    mimi::verify::verify(&name, &text).cross()
}
