//! The verification of a file: what holds for every kind.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::case::Case;
use crate::difference::show;
use crate::kind;
use crate::report::{Failure, Report};

/// The format that this library reads and writes.
pub(crate) const FORMAT: u64 = 1;

/// How far a verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Cases that are done.
    pub done: usize,
    /// Cases of the file.
    pub total: usize,
}

/// Checks every case of a vector file. `name` is what the report calls the file.
///
/// Nothing is skipped: a file that cannot be read as vectors, or has no cases, is a failure. Cases
/// of a format, kind, cipher suite or revision that this verifier does not know are not judged and
/// counted.
///
/// ```
/// use mimi_test_vectors::{SHIPPED, verify_str};
///
/// for (name, json) in SHIPPED {
///     let report = verify_str(name, json);
///     assert!(report.holds(), "{:?}", report.failures);
/// }
///
/// // The same file with another message ID in it.
/// let (name, json) = SHIPPED.iter().find(|(name, _)| *name == "content-working-group.json").unwrap();
/// let report = verify_str(name, &json.replace("0176180c7d19a925", "0176180c7d19a926"));
/// assert_eq!(report.failures.len(), 1);
/// assert_eq!(report.failures[0].case.as_deref(), Some("attachment"));
/// assert_eq!(report.failures[0].field, "message_id");
/// ```
#[must_use]
pub fn verify_str(name: &str, json: &str) -> Report {
    verify_str_with(name, json, &mut |_| {})
}

/// As [`verify_str`], and says after each case how far it is.
#[must_use]
pub fn verify_str_with(name: &str, json: &str, progress: &mut dyn FnMut(Progress)) -> Report {
    verify_selected(name, json, &Selection::default(), progress)
}

/// Which cases are checked, by the flags that they have in the file.
///
/// ```
/// use mimi_test_vectors::{SHIPPED, Selection, verify_selected};
///
/// let (name, json) = SHIPPED.iter().find(|(name, _)| *name == "content.json").unwrap();
/// let selection = Selection { only: vec!["KeyOrder".into()], ..Selection::default() };
/// let report = verify_selected(name, json, &selection, &mut |_| {});
/// assert!(report.cases > 0 && report.left_out > report.cases);
/// assert!(report.flags.iter().any(|flag| flag == "DepthLimit"), "the flags of the file");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only cases with one of these flags; all cases if there is none.
    pub only: Vec<String>,
    /// No case with one of these flags.
    pub without: Vec<String>,
}

impl Selection {
    fn includes(&self, case: &Value) -> bool {
        let flags = case.get("flags").and_then(Value::as_array);
        let has = |flag: &String| flags.is_some_and(|flags| flags.iter().any(|name| name == flag.as_str()));
        (self.only.is_empty() || self.only.iter().any(has)) && !self.without.iter().any(has)
    }
}

/// As [`verify_str_with`], for some of the cases. The others are counted in [`Report::left_out`].
#[must_use]
pub fn verify_selected(
    name: &str,
    json: &str,
    selection: &Selection,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let mut report = Report::new(name);
    match mimi_codec::parse_json(json) {
        Ok(Value::Object(file)) => verify_file(&file, selection, &mut report, progress),
        Ok(_) => report.failures.push(Failure::of_file("file", "a JSON object", "another JSON value")),
        Err(error) => report.failures.push(Failure::of_file("file", "JSON", error)),
    }
    report
}

fn verify_file(
    file: &Map<String, Value>,
    selection: &Selection,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress),
) {
    let refuse = |report: &mut Report, field: &str, expected: &str| {
        let found = file.get(field).map_or_else(|| "no such member".to_string(), show);
        report.failures.push(Failure::of_file(field, expected, found));
    };
    let format = file.get("format").and_then(Value::as_u64);
    if format.is_none() {
        refuse(report, "format", "a number");
    }
    let kind = file.get("kind").and_then(Value::as_str);
    report.kind = kind.map(str::to_string);
    if kind.is_none() {
        refuse(report, "kind", "text");
    }
    let is_list_of_text = |value: &Value| {
        value.as_array().is_some_and(|items| items.iter().all(Value::is_string)) || value.is_null()
    };
    if !file.get("spec").is_none_or(is_list_of_text) {
        refuse(report, "spec", "a list of text");
    }
    for field in ["generator", "seed"] {
        if !file.get(field).is_none_or(|value| value.is_string() || value.is_null()) {
            refuse(report, field, "text");
        }
    }
    let notes = file.get("notes").filter(|notes| !notes.is_null());
    let is_note = |note: &Value| {
        ["about", "bug", "section"].iter().all(|member| note.get(*member).is_some_and(Value::is_string))
    };
    if !notes.is_none_or(|notes| notes.as_object().is_some_and(|notes| notes.values().all(is_note))) {
        refuse(report, "notes", "an object of flags, each with the texts about, bug and section");
    }
    let notes = notes.and_then(Value::as_object);
    report.flags = notes.into_iter().flat_map(Map::keys).cloned().collect();
    let cases = file.get("cases").and_then(Value::as_array);
    if cases.is_none_or(|cases| cases.is_empty()) {
        refuse(report, "cases", "a list of at least one case");
    }
    let (Some(format), Some(name), Some(cases)) = (format, kind, cases) else { return };
    let selected = cases.iter().filter(|case| selection.includes(case)).count();
    report.left_out = cases.len().saturating_sub(selected);
    if selected == 0 {
        return;
    }
    if format != FORMAT {
        let known = format!("{FORMAT}, the format that this verifier knows");
        return report.cannot_judge(selected, Failure::of_file("format", known, format));
    }
    let Some(kind) = kind::find(name) else {
        let known: Vec<_> = kind::kinds().collect();
        let known = format!("a kind that this verifier knows ({})", known.join(", "));
        return report.cannot_judge(selected, Failure::of_file("kind", known, name));
    };

    let mut names = BTreeMap::new();
    for (index, case) in cases.iter().enumerate().filter(|(_, case)| selection.includes(case)) {
        let before = report.failures.len();
        verify_case(kind, index, case, &mut names, report);
        report.cases = report.cases.saturating_add(1);
        if report.failures.len() > before {
            report.failed_cases = report.failed_cases.saturating_add(1);
        }
        progress(Progress { done: report.cases, total: selected });
    }
}

/// Every flag of a case is explained in the file, if the file explains any.
fn verify_flags(case: &mut Case<'_>, notes: &[String]) {
    let Some(flags) = case.optional("flags") else { return };
    let names = flags.as_array().map(|names| names.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let Some(Some(names)) = names else {
        return case.fail("flags", "a list of text", show(flags));
    };
    for name in names {
        if !notes.is_empty() && !notes.iter().any(|note| note == name) {
            case.fail("flags", "a flag that the file's notes explain", name);
        }
    }
}

fn verify_case<'a>(
    kind: &dyn kind::Kind,
    index: usize,
    case: &'a Value,
    names: &mut BTreeMap<&'a str, usize>,
    report: &mut Report,
) {
    let number = format!("cases[{index}]");
    let Value::Object(members) = case else {
        let found = show(case);
        let failure =
            Failure { case: Some(number), field: "case".into(), expected: "a JSON object".into(), found };
        report.failures.push(failure);
        return;
    };
    let before = report.failures.len();
    let name = members.get("name").and_then(Value::as_str);
    let mut case = Case::new(members, name.unwrap_or(&number), &mut report.failures);
    let _ = case.text("name");
    if let Some(name) = name
        && let Some(other) = names.insert(name, index)
    {
        case.fail("name", "unique in the file", format!("cases[{other}] and {number} both have it"));
    }
    let _ = case.optional_text("reason");
    verify_flags(&mut case, &report.flags);
    let valid = case.flag("valid", true);
    match valid {
        Some(true) => kind.verify_valid(&mut case),
        Some(false) => kind.verify_invalid(&mut case),
        None => {}
    }
    if let Some(unjudged) = case.into_unjudged() {
        report.failures.truncate(before);
        return report.cannot_judge(1, unjudged);
    }
    match valid {
        Some(true) => report.valid = report.valid.saturating_add(1),
        Some(false) => report.invalid = report.invalid.saturating_add(1),
        None => {}
    }
}
