//! Making vector files: the same seed gives the same bytes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::file_format::{GenerateError, Seed, notes, text};
use crate::kind;
use crate::verify::FORMAT;

/// A vector file that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The name of the file: the kind's, with `.json` behind it.
    pub file_name: String,
    /// Its content.
    pub json: String,
    /// How many cases it has.
    pub cases: usize,
}

/// Makes the vectors of one [kind](crate::kinds).
///
/// ```
/// use mimi_test_vectors::{SHIPPED, Seed, generate};
///
/// let status = generate("message-status", &Seed::default()).unwrap();
/// assert!(SHIPPED.contains(&("message-status.json", status.json.as_str())));
/// assert_ne!(generate("message-status", &"00ff".parse()?).unwrap().json, status.json);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`GenerateError::UnknownKind`], and [`GenerateError::Defect`] if the crates that the vectors are
/// about do not take what they should.
pub fn generate(kind: &str, seed: &Seed) -> Result<Generated, GenerateError> {
    let kind = kind::find(kind).ok_or(GenerateError::UnknownKind)?;
    let flags = kind.flags();
    let cases = kind.generate(seed)?;
    let lines: Vec<_> = cases.iter().map(|case| case.flagged(flags).json()).collect();
    let spec: Vec<_> = kind.spec().iter().map(|spec| text(spec)).collect();
    let json = format!(
        "{{\n\"format\": {FORMAT},\n\"kind\": {kind},\n\"spec\": [{spec}],\n\"generator\": \"mimi-vectors\",\n\
         \"seed\": \"{seed}\",\n\"notes\": {notes},\n\"cases\": [\n{cases}\n]\n}}\n",
        kind = text(kind.name()),
        spec = spec.join(", "),
        notes = notes(flags),
        cases = lines.join(",\n"),
    );
    Ok(Generated { file_name: format!("{}.json", kind.name()), json, cases: cases.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify_str;

    #[test]
    fn makes_vectors_that_hold_from_any_seed() {
        for seed in ["", "00", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"] {
            for kind in crate::kinds() {
                let generated = generate(kind, &seed.parse().unwrap()).unwrap();
                let report = verify_str(&generated.file_name, &generated.json);
                assert!(report.holds(), "{kind} from {seed:?}: {:?}", report.failures);
                assert_eq!(report.cases, generated.cases);
                // A refused decision is a valid case of the kind `policy`.
                let has_both = report.valid > 0 && report.invalid > 0;
                // No text is refused as Markdown.
                assert!(has_both || ["markdown", "policy"].contains(&kind), "{kind} has both");
            }
        }
        assert_eq!(generate("no such kind", &Seed::default()), Err(GenerateError::UnknownKind));
    }

    #[test]
    fn every_case_has_a_flag_and_every_flag_a_case() {
        let mut wrong = Vec::new();
        for kind in crate::kinds() {
            let json = generate(kind, &Seed::default()).unwrap().json;
            let file: serde_json::Value = serde_json::from_str(&json).unwrap();
            let notes = file["notes"].as_object().unwrap();
            let cases = file["cases"].as_array().unwrap();
            let has = |case: &serde_json::Value, flag: &str| {
                case["flags"].as_array().is_some_and(|flags| flags.iter().any(|name| name == flag))
            };
            for flag in notes.keys().filter(|flag| !cases.iter().any(|case| has(case, flag))) {
                wrong.push(format!("{kind}: no case has {flag}"));
            }
            for case in cases.iter().filter(|case| !notes.keys().any(|flag| has(case, flag))) {
                wrong.push(format!("{kind}: {} has no flag", case["name"]));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
