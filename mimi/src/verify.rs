//! Files of test vectors, checked.

pub use mimi_test_vectors::{Failure, Report, Selection};

/// Checks every case of a vector file. `name` is what the report calls the file.
///
/// ```
/// let file = r#"{"format": 1, "kind": "wire", "cases": [
///     {"name": "a ciphertext", "type": "HPKECiphertext", "encoded": "01610162"}
/// ]}"#;
/// assert!(mimi::verify::verify("mine.json", file).holds());
/// ```
///
/// What cannot be read as vectors is a failure in the report. The kind `room` is not judged here:
/// it needs an MLS implementation, and `mimi-vectors verify` has one.
#[must_use]
pub fn verify(name: &str, text: &str) -> Report {
    mimi_test_vectors::verify_str(name, text)
}

/// As [`verify`], for the cases that have one of the flags `only` (all, if that is empty) and none
/// of the flags `without`.
#[must_use]
pub fn verify_selected(name: &str, text: &str, selection: &Selection) -> Report {
    mimi_test_vectors::verify_selected(name, text, selection, &mut |_| {})
}

/// The kinds of vectors that [`verify`] judges.
///
/// ```
/// assert!(mimi::verify::kinds().contains(&String::from("content")));
/// ```
#[must_use]
pub fn kinds() -> Vec<String> {
    mimi_test_vectors::kinds().map(String::from).collect()
}
