//! `mimi-vectors verify`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use mimi_test_vectors::{Report, SHIPPED, Selection, verify_selected};

use crate::names::did_you_mean;
use crate::progress::Bar;
use crate::{Outcome, input};

/// Check every case of vector files.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Files, directories that are searched for .json files, and - for standard input [default: the
    /// vectors that this program carries]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Succeed although some cases cannot be judged, as their format, kind, cipher suite or
    /// revision is unknown
    #[arg(long)]
    allow_unjudged: bool,
    /// Check only cases with this flag, or one of several
    #[arg(long, value_name = "FLAG")]
    only: Vec<String>,
    /// Check no case with this flag
    #[arg(long, value_name = "FLAG")]
    without: Vec<String>,
}

/// What all files are checked with.
struct Verifier {
    selection: Selection,
    bar: Bar,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let selection = Selection { only: arguments.only.clone(), without: arguments.without.clone() };
    let mut verifier = Verifier { selection, bar: Bar::new() };
    let mut reports = Vec::new();
    if arguments.paths.is_empty() {
        for (name, json) in SHIPPED {
            reports.push(verifier.check(name, json));
        }
    } else {
        let mut files = Vec::new();
        for path in &arguments.paths {
            if path.as_os_str() == "-" {
                files.push(Found::StandardInput);
                continue;
            }
            match fs::metadata(path) {
                Err(error) => return Ok(input::unreadable(&path.display().to_string(), &error)),
                Ok(metadata) if metadata.is_dir() => collect(path, &mut files),
                Ok(_) => files.push(Found::File(path.clone())),
            }
        }
        for found in files {
            reports.push(match found {
                Found::File(path) => verifier.file(&path),
                Found::StandardInput => verifier.standard_input(),
                Found::Unusable(report) => report,
            });
        }
    }
    verifier.bar.clear();
    if let Some(why) = unknown_flag(arguments, &reports) {
        return Ok(Outcome::WrongUsage(why));
    }
    if reports.iter().all(|report| report.holds() && report.cases == 0) {
        return Ok(input::refused("no case has been selected"));
    }
    let holds = if arguments.allow_unjudged { Report::holds_as_far_as_judged } else { Report::holds };
    if arguments.json {
        print_json(&reports, holds, out)?
    } else {
        print_text(&reports, holds, out)?
    }
    Ok(if reports.iter().all(holds) { Outcome::Holds } else { Outcome::Fails })
}

enum Found {
    File(PathBuf),
    StandardInput,
    Unusable(Report),
}

/// All .json files of a directory and those below it, in the order of their names. Links to
/// directories are not followed.
fn collect(directory: &Path, files: &mut Vec<Found>) {
    let before = files.len();
    walk(directory, files);
    if files.len() == before {
        let name = directory.display().to_string();
        files.push(Found::Unusable(Report::unusable(&name, "a directory with .json files", "none")));
    }
}

fn walk(directory: &Path, files: &mut Vec<Found>) {
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            let name = directory.display().to_string();
            let report = Report::unusable(&name, "a readable directory", &error.to_string());
            return files.push(Found::Unusable(report));
        }
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(Found::File(path));
        }
    }
}

impl Verifier {
    fn file(&mut self, path: &Path) -> Report {
        self.content(&path.display().to_string(), fs::read(path))
    }

    fn standard_input(&mut self) -> Report {
        let mut content = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut content);
        self.content("standard input", read.map(|_| content))
    }

    fn content(&mut self, name: &str, content: io::Result<Vec<u8>>) -> Report {
        match content.map(String::from_utf8) {
            Ok(Ok(json)) => self.check(name, &json),
            Ok(Err(error)) => Report::unusable(name, "UTF-8", &error.utf8_error().to_string()),
            Err(error) => Report::unusable(name, "a readable file", &error.to_string()),
        }
    }

    fn check(&mut self, name: &str, json: &str) -> Report {
        let bar = &mut self.bar;
        verify_selected(name, json, &self.selection, &mut |at| bar.show(name, at.done, at.total))
    }
}

/// What is wrong with a flag that no file explains.
fn unknown_flag(arguments: &Arguments, reports: &[Report]) -> Option<String> {
    let known = || reports.iter().flat_map(|report| report.flags.iter().map(String::as_str));
    let asked = arguments.only.iter().chain(&arguments.without);
    let unknown = asked.into_iter().find(|flag| !known().any(|name| name == flag.as_str()))?;
    Some(format!("no file has the flag {unknown:?}{}", did_you_mean(unknown, known())))
}

fn print_json(reports: &[Report], holds: fn(&Report) -> bool, out: &mut dyn Write) -> io::Result<()> {
    let result = serde_json::json!({
        "holds": reports.iter().all(holds),
        "files": reports,
    });
    writeln!(out, "{result}")
}

fn print_text(reports: &[Report], holds: fn(&Report) -> bool, out: &mut dyn Write) -> io::Result<()> {
    let width = reports.iter().map(|report| report.file.chars().count()).max().unwrap_or_default();
    for report in reports {
        let verdict = if holds(report) { "ok  " } else { "FAIL" };
        write!(out, "{verdict}  {:width$}  {}", report.file, counts(report))?;
        writeln!(out)?;
        for failure in &report.failures {
            let (expected, found) = failure.excerpt();
            match &failure.case {
                Some(case) => writeln!(out, "      case {case:?}, {}", failure.field)?,
                None => writeln!(out, "      {}", failure.field)?,
            }
            writeln!(out, "        expected  {}", one_line(&expected))?;
            writeln!(out, "        found     {}", one_line(&found))?;
        }
        for unjudged in &report.unjudged {
            let (known, found) = unjudged.excerpt();
            let case = unjudged.case.as_ref().map_or_else(String::new, |case| format!("case {case:?}, "));
            let line = format!("{case}{}: {found}; known is {known}", unjudged.field);
            writeln!(out, "      not judged: {}", one_line(&line))?;
        }
    }
    let cases = reports.iter().fold(0_usize, |sum, report| sum.saturating_add(report.cases));
    let bad_files = reports.iter().filter(|report| !report.holds_as_far_as_judged()).count();
    let bad_cases = reports.iter().fold(0_usize, |sum, report| sum.saturating_add(report.failed_cases));
    let (files, cases) = (plural(reports.len(), "file"), plural(cases, "case"));
    let unjudged = reports.iter().fold(0_usize, |sum, report| sum.saturating_add(report.unjudged_cases));
    if unjudged > 0 {
        writeln!(out, "{} not judged", plural(unjudged, "case"))?;
    }
    if bad_files == 0 && unjudged > 0 {
        writeln!(out, "{files}, {cases}: all that were judged hold")
    } else if bad_files == 0 {
        writeln!(out, "{files}, {cases}: all hold")
    } else {
        writeln!(
            out,
            "{files}, {cases}: {} failed, in {}",
            plural(bad_cases, "case"),
            plural(bad_files, "file")
        )
    }
}

fn counts(report: &Report) -> String {
    let kind = report.kind.as_deref().unwrap_or("-");
    if report.cases == 0 && report.left_out > 0 && report.holds() {
        return format!("{kind}: no case was selected");
    }
    if report.cases == 0 {
        return format!("{kind}: no case was checked");
    }
    let all = plural(report.cases, "case");
    let mut verdicts = format!("{} valid, {} invalid", report.valid, report.invalid);
    if report.unjudged_cases > 0 {
        verdicts.push_str(&format!(", {} not judged", report.unjudged_cases));
    }
    if report.left_out > 0 {
        verdicts.push_str(&format!(", {} left out", report.left_out));
    }
    match report.failed_cases {
        0 => format!("{kind}: {all} ({verdicts})"),
        failed => format!("{kind}: {failed} of {all} failed ({verdicts})"),
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// What a vector file says cannot move the cursor of a terminal.
fn one_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
