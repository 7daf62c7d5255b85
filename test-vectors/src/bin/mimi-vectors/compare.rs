//! `mimi-vectors inspect --diff`.

use std::io::{self, Write};

use mimi_test_vectors::{CompareError, FieldDifference, FieldValue, InspectError, compare};
use serde_json::{Value, json};

use crate::part_tree::excerpt;
use crate::{Outcome, complain};

/// The names of the two inputs, and their bytes.
pub(crate) struct Inputs {
    pub(crate) files: [String; 2],
    pub(crate) encoded: [Vec<u8>; 2],
}

/// Prints where the two inputs differ.
pub(crate) fn print(
    type_name: &str,
    inputs: &Inputs,
    as_json: bool,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let [a, b] = &inputs.encoded;
    let [file_a, file_b] = &inputs.files;
    let differences = match compare(type_name, a, b) {
        Ok(differences) => differences,
        Err(refused) => {
            let (file, error) = match &refused {
                CompareError::A(error) => (file_a, error),
                CompareError::B(error) => (file_b, error),
            };
            complain(&format!("refused: {file}: {error}"));
            if let (true, InspectError::Refused(refusal)) = (as_json, error) {
                writeln!(out, "{}", json!({"type": type_name, "file": file, "refused": refusal}))?;
            }
            return Ok(Outcome::Fails);
        }
    };
    if as_json {
        let bytes = [a.len(), b.len()];
        writeln!(out, "{}", json!({"type": type_name, "octets": bytes, "differences": differences}))?;
    } else if differences.is_empty() {
        writeln!(out, "nothing differs: {} bytes", a.len())?;
    } else {
        writeln!(out, "a  {} bytes  {file_a}\nb  {} bytes  {file_b}", a.len(), b.len())?;
        for difference in &differences {
            print_difference(difference, out)?;
        }
    }
    Ok(if differences.is_empty() { Outcome::Holds } else { Outcome::Fails })
}

fn print_difference(difference: &FieldDifference, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", difference.path)?;
    let text =
        |side: &Option<FieldValue>| side.as_ref().and_then(|side| Some(side.value.as_str()?.to_owned()));
    let (text_a, text_b) = (text(&difference.a), text(&difference.b));
    let same = match (&text_a, &text_b) {
        (Some(a), Some(b)) => a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    };
    for (name, side, text) in [("a", &difference.a, text_a), ("b", &difference.b, text_b)] {
        match side {
            None => writeln!(out, "  {name}  has none")?,
            Some(FieldValue { offset, value }) => {
                let shown = text.map_or_else(|| show(value), |text| show_text(&text, same));
                writeln!(out, "  {name}  byte {offset}: {shown}")?;
            }
        }
    }
    Ok(())
}

/// Characters before the first difference that are shown.
const BEFORE: usize = 16;

/// A text that has `same` characters in common with the other one: from a little before the first
/// that differs.
fn show_text(text: &str, same: usize) -> String {
    // Pairs of hex digits stay together.
    let from = same.saturating_sub(BEFORE) & !1;
    let rest: String = text.chars().skip(from).collect();
    let before = if from == 0 { "" } else { "…" };
    let count = text.chars().count();
    format!("{before}{} ({count} characters)", excerpt(rest.as_bytes()))
}

fn show(value: &Value) -> String {
    match value.get("elements").filter(|_| value.as_object().is_some_and(|object| object.len() == 1)) {
        Some(count) => format!("{count} elements"),
        None => excerpt(value.to_string().as_bytes()),
    }
}
