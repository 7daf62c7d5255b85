//! `mimi-vectors conformance`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use crate::shipped_cases::ShippedCases;
use crate::{Outcome, input};

/// Print a form for a statement of conformance, filled in as far as the results of the vectors show
/// it
#[derive(Args)]
pub(crate) struct Arguments {
    /// What `verify --json` printed, or another verifier in the same form; - for standard input
    /// [default: none, the form is empty]
    #[arg(value_name = "RESULTS")]
    results: Option<String>,
    /// Only requirements that this party must meet
    #[arg(long, value_name = "PARTY", conflicts_with = "statement")]
    who: Option<Party>,
    /// Print what shows that this repository meets the requirements
    #[arg(long, conflicts_with_all = ["results", "json"])]
    statement: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Succeed although the results do not show all requirements that have vectors
    #[arg(long)]
    allow_unjudged: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Party {
    Hub,
    Follower,
    Client,
}

const SOURCE: &str = include_str!("../../../conformance.json");

#[derive(Deserialize)]
struct Source {
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    title: String,
    requirements: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    source: String,
    requirement: String,
    level: String,
    who: Vec<Party>,
    #[serde(default)]
    by: Vec<String>,
    #[serde(default)]
    tests: Vec<String>,
    #[serde(default)]
    vectors: Vec<String>,
    caller: Option<String>,
}

/// What a verifier found, as `verify --json` prints it.
#[derive(Deserialize)]
struct Results {
    files: Vec<FileResult>,
}

#[derive(Deserialize)]
struct FileResult {
    file: String,
    #[serde(default)]
    cases: usize,
    #[serde(default)]
    failures: Vec<Found>,
    #[serde(default)]
    unjudged: Vec<Found>,
}

/// What a failure, or a case that was not judged, is about: without a name, the file as a whole.
#[derive(Deserialize)]
struct Found {
    case: Option<String>,
}

/// What the results show of a requirement.
#[derive(Default)]
struct Shown {
    /// The cases that show it.
    cases: usize,
    /// How many of them were judged rightly.
    right: usize,
    /// Those that failed.
    failed: Vec<String>,
}

impl Shown {
    fn name(&self) -> &'static str {
        match (self.cases, self.right) {
            (0, _) => "no_vector",
            _ if !self.failed.is_empty() => "failed",
            (cases, right) if cases == right => "shown",
            (_, 0) => "not_judged",
            _ => "partly",
        }
    }

    fn in_words(&self) -> String {
        let (cases, right) = (self.cases, self.right);
        match self.name() {
            "no_vector" => String::new(),
            "failed" => format!("**{} of {cases} cases failed**", self.failed.len()),
            "shown" => format!("{cases} of {cases} cases"),
            "not_judged" => "not judged".to_owned(),
            _ => format!("{right} of {cases} cases, the others were not judged"),
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let source: Source = serde_json::from_str(SOURCE)?;
    if arguments.statement {
        write!(out, "{}", statement(&source))?;
        return Ok(Outcome::Holds);
    }
    let results = match &arguments.results {
        None => None,
        Some(file) => match read_results(file) {
            Ok(results) => Some(results),
            Err(outcome) => return Ok(outcome),
        },
    };
    let verdicts = match &results {
        None => None,
        Some(results) => Some(Verdicts::new(results)?),
    };
    let concerns =
        |requirement: &Requirement| arguments.who.is_none_or(|party| requirement.who.contains(&party));
    let shown: BTreeMap<&str, Shown> = match &verdicts {
        None => BTreeMap::new(),
        Some(verdicts) => {
            let all = source.parts.iter().flat_map(|part| &part.requirements).filter(|it| concerns(it));
            all.map(|it| (it.id.as_str(), verdicts.of(it))).collect()
        }
    };
    let parts = source.parts.iter().map(|part| {
        let rows: Vec<_> = part.requirements.iter().filter(|it| concerns(it)).collect();
        (part.title.as_str(), rows)
    });
    let parts: Vec<_> = parts.filter(|(_, rows)| !rows.is_empty()).collect();
    if arguments.json {
        let rows = parts.iter().flat_map(|(_, rows)| rows).map(|it| to_json(it, shown.get(it.id.as_str())));
        writeln!(out, "{}", serde_json::Value::from(rows.collect::<Vec<_>>()))?;
    } else {
        write!(out, "{}", form(&parts, &shown))?;
    }
    let failed = shown.values().any(|it| it.name() == "failed");
    let open = shown.values().any(|it| matches!(it.name(), "partly" | "not_judged"));
    Ok(if failed || (open && !arguments.allow_unjudged) { Outcome::Fails } else { Outcome::Holds })
}

fn read_results(file: &str) -> Result<Results, Outcome> {
    let text = input::text(file)?;
    serde_json::from_str(&text)
        .map_err(|error| input::refused(&format!("{file}: not the results of `verify --json`: {error}")))
}

/// The results, by file and case.
struct Verdicts<'a> {
    shipped: ShippedCases,
    files: BTreeMap<&'a str, FileVerdict<'a>>,
}

struct FileVerdict<'a> {
    /// Not all of the shipped cases were checked, and it is not said which.
    is_incomplete: bool,
    failed: BTreeSet<&'a str>,
    unjudged: BTreeSet<&'a str>,
    /// What is wrong concerns every case.
    has_failed: bool,
    is_unjudged: bool,
}

impl<'a> Verdicts<'a> {
    fn new(results: &'a Results) -> io::Result<Self> {
        let shipped = ShippedCases::parse()?;
        let sizes = shipped.sizes();
        let mut files = BTreeMap::new();
        for result in &results.files {
            let name = result.file.rsplit(['/', '\\']).next().unwrap_or_default();
            let named = |all: &'a [Found]| all.iter().filter_map(|it| it.case.as_deref()).collect();
            let is_whole = |all: &[Found]| all.iter().any(|it| it.case.is_none());
            let verdict = FileVerdict {
                is_incomplete: sizes.get(name).is_none_or(|size| result.cases != *size),
                failed: named(&result.failures),
                unjudged: named(&result.unjudged),
                has_failed: is_whole(&result.failures),
                is_unjudged: is_whole(&result.unjudged),
            };
            files.insert(name, verdict);
        }
        Ok(Self { shipped, files })
    }

    fn of(&self, requirement: &Requirement) -> Shown {
        let mut shown = Shown::default();
        let mut seen = BTreeSet::new();
        for case in requirement.vectors.iter().flat_map(|selector| self.shipped.select(selector)) {
            if !seen.insert((case.file, case.name)) {
                continue;
            }
            shown.cases = shown.cases.saturating_add(1);
            let Some(file) = self.files.get(case.file) else { continue };
            if file.has_failed || file.failed.contains(case.name) {
                shown.failed.push(case.name.to_owned());
            } else if !file.is_unjudged && !file.is_incomplete && !file.unjudged.contains(case.name) {
                shown.right = shown.right.saturating_add(1);
            }
        }
        shown
    }
}

fn to_json(requirement: &Requirement, shown: Option<&Shown>) -> serde_json::Value {
    json!({
        "id": requirement.id,
        "source": requirement.source,
        "requirement": requirement.requirement,
        "level": requirement.level,
        "who": parties(requirement),
        "vectors": requirement.vectors,
        "result": shown.map(Shown::name),
        "cases": shown.map(|it| it.cases),
        "right": shown.map(|it| it.right),
        "failed": shown.map(|it| &it.failed),
    })
}

fn parties(requirement: &Requirement) -> Vec<&'static str> {
    let name = |party: &Party| match party {
        Party::Hub => "hub",
        Party::Follower => "follower",
        Party::Client => "client",
    };
    requirement.who.iter().map(name).collect()
}

const FORM: &str = "\
# Statement of conformance

Implementation, version and date:

Cipher suites:

Not implemented, and why:

One row for each requirement that the drafts have in MIMI and can be tested, in our words. *Who* must meet it: the hub, a follower, a client. *Level* is the draft's keyword; \"notes\" are requirements that only
the meeting notes of the working group have. *Vectors* are the cases of the test vectors that show it: a kind, then `#` and a flag, `/` and a type, rule or revision, or `:` and the name of cases.
*Result* is what a results file of these vectors shows; `mimi-vectors conformance RESULTS` fills it in. *Evidence* is for all that vectors cannot show: a test, a review, \"not implemented\".
";

fn form(parts: &[(&str, Vec<&Requirement>)], shown: &BTreeMap<&str, Shown>) -> String {
    let mut page = FORM.to_owned();
    for (title, rows) in parts {
        let head =
            "| # | source | requirement | level | who | vectors | result | evidence |\n|-|-|-|-|-|-|-|-|";
        let _ = write!(page, "\n## {title}\n\n{head}\n");
        for row in rows {
            let cells = [
                row.id.clone(),
                row.source.clone(),
                row.requirement.clone(),
                row.level.clone(),
                parties(row).join(", "),
                code(&row.vectors),
                shown.get(row.id.as_str()).map(Shown::in_words).unwrap_or_default(),
                String::new(),
            ];
            page.push_str(&line(&cells));
        }
    }
    page
}

const STATEMENT: &str = "\
# Conformance

What each draft requires, who must meet it, what meets it here, and what shows it. Generated from `test-vectors/conformance.json` by `mimi-vectors conformance --statement`;
`test-vectors/tests/conformance.rs` checks that each function, test and vector exists and that this page is current. [conformance-form.md](conformance-form.md) is the same as an empty form for other
implementations.

Requirements are in our words. *Level* is the draft's keyword; \"notes\" are requirements that only the meeting notes of the working group have, and \"project\" as a source is a rule of this project. *Vectors*
name cases: a kind, then `#` and a flag, `/` and a type, rule or revision, or `:` and the name of cases, where `*` stands for the rest of a name. What is the caller's says so.
";

fn statement(source: &Source) -> String {
    let mut page = STATEMENT.to_owned();
    for part in &source.parts {
        let head = "| # | source | requirement | level | who | met by | tests | vectors |\n|-|-|-|-|-|-|-|-|";
        let _ = write!(page, "\n## {}\n\n{head}\n", part.title);
        for row in &part.requirements {
            let mut by = code(&row.by);
            if let Some(why) = &row.caller {
                let gap = if by.is_empty() { "" } else { ". " };
                let _ = write!(by, "{gap}The caller: {why}");
            }
            let cells = [
                row.id.clone(),
                row.source.clone(),
                row.requirement.clone(),
                row.level.clone(),
                parties(row).join(", "),
                by,
                code(&row.tests),
                code(&row.vectors),
            ];
            page.push_str(&line(&cells));
        }
    }
    page
}

fn code(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A row of a table in Markdown.
fn line(cells: &[String]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | ")).replace("  |", " |")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn requirements() -> Vec<Requirement> {
        let source: Source = serde_json::from_str(SOURCE).unwrap();
        source.parts.into_iter().flat_map(|part| part.requirements).collect()
    }

    #[test]
    fn every_requirement_has_evidence_or_is_the_callers() {
        let all = requirements();
        assert!(all.len() > 370, "{}", all.len());
        let ids: BTreeSet<_> = all.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids.len(), all.len(), "a number stands twice");
        for it in &all {
            assert!(!it.who.is_empty() && !it.source.is_empty(), "{}", it.id);
            let is_shown = !it.by.is_empty() && (!it.tests.is_empty() || !it.vectors.is_empty());
            assert!(is_shown || it.caller.is_some(), "{}: no evidence", it.id);
        }
    }

    #[test]
    fn every_selector_means_a_case() {
        let shipped = ShippedCases::parse().unwrap();
        for it in requirements() {
            for selector in &it.vectors {
                assert!(!shipped.select(selector).is_empty(), "{}: {selector}", it.id);
            }
        }
        for nothing in ["content#NoFlag", "wire/NoType", "policy:no case", "policy:no case*", "no-kind"] {
            assert!(shipped.select(nothing).is_empty(), "{nothing}");
        }
    }

    /// What results show of a requirement with the cases of one file: all are right, but for
    /// `change`.
    fn shown(change: impl FnOnce(&mut FileResult)) -> Shown {
        let requirement = requirements().into_iter().find(|it| it.vectors == ["apq/psk"]).unwrap();
        let cases = ShippedCases::parse().unwrap().sizes()["apq.json"];
        let file = "some/where/apq.json".to_owned();
        let mut result = FileResult { file, cases, failures: Vec::new(), unjudged: Vec::new() };
        change(&mut result);
        let results = Results { files: vec![result] };
        Verdicts::new(&results).unwrap().of(&requirement)
    }

    #[test]
    fn results_show_what_they_say_and_no_more() {
        let found = |name: &str| Found { case: Some(name.to_owned()) };
        let a_case = "PSK: suites 1 and 61506";
        assert_eq!(shown(|_| {}).name(), "shown");
        assert_eq!(shown(|file| file.failures.push(found(a_case))).name(), "failed");
        assert_eq!(shown(|file| file.failures.push(found("partial commit"))).name(), "shown");
        assert_eq!(shown(|file| file.failures.push(Found { case: None })).name(), "failed");
        assert_eq!(shown(|file| file.unjudged.push(found(a_case))).name(), "partly");
        assert_eq!(shown(|file| file.unjudged.push(Found { case: None })).name(), "not_judged");
        assert_eq!(shown(|file| file.cases -= 1).name(), "not_judged");
        assert_eq!(shown(|file| file.file = "other.json".to_owned()).name(), "not_judged");
    }
}
