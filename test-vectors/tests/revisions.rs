//! `docs/revisions.md` is the one list of the drafts that this repository follows. No file names
//! another revision, and no vector file names one that is not current.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A draft of the table.
struct Draft {
    name: String,
    current: String,
    also: BTreeSet<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn table() -> Vec<Draft> {
    let page = fs::read_to_string(root().join("docs/revisions.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| draft-"));
    let drafts = rows.filter_map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, current, also] = cells[..] else { return None };
        let also = also.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect();
        assert!(is_revision(current), "{row}");
        Some(Draft { name: name.to_owned(), current: current.to_owned(), also })
    });
    drafts.collect()
}

/// The drafts of the second table, which have no revision number.
fn copies() -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/revisions.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| draft-"));
    let two = rows.filter(|row| row.trim_matches('|').split('|').count() == 2);
    two.map(|row| row.trim_matches('|').split('|').next().unwrap().trim().to_owned()).collect()
}

fn is_revision(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name without `draft-` and the author or group, as the text of the repository uses it.
fn short_name(name: &str) -> &str {
    let name = name.strip_prefix("draft-").unwrap();
    match name.split_once('-').unwrap() {
        ("mimi", _) => name,
        (_, "content-more-extensions") => name,
        (_, rest) => rest.strip_prefix("cfrg-").unwrap_or(rest),
    }
}

/// Every `name-NN` of a text, where the name is made of lower-case letters, digits and hyphens.
fn named_revisions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.split(move |c: char| !is_name(c)).filter_map(|word| {
        // A sentence may go on behind a hyphen, as in `mimi-content-09-`.
        let word = word.trim_end_matches('-');
        let (name, revision) = word.rsplit_once('-')?;
        is_revision(revision).then_some((name, revision))
    })
}

/// Faults of a text, by the drafts of the table.
fn faults(text: &str, drafts: &[Draft]) -> Vec<String> {
    let by_name: BTreeMap<&str, &Draft> = drafts
        .iter()
        .flat_map(|draft| [(draft.name.as_str(), draft), (short_name(&draft.name), draft)])
        .collect();
    let fault = |(name, revision): (&str, &str)| match by_name.get(name) {
        Some(draft) if draft.current == revision || draft.also.contains(revision) => None,
        Some(draft) => Some(format!("{name}-{revision}: current is {}", draft.current)),
        None => name.starts_with("draft-").then(|| format!("{name}-{revision}: not listed")),
    };
    named_revisions(text).filter_map(fault).collect()
}

/// All files of the repository that hold text, without what builds leave.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_left_over = matches!(
            name.as_str(),
            "target" | ".git" | "corpus" | "venv" | "artifacts" | "node_modules" | "dist" | "pkg"
        );
        if is_left_over || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn no_file_names_another_revision_of_a_draft() {
    let drafts = table();
    assert!(drafts.len() > 15, "{} drafts", drafts.len());
    let mut all = Vec::new();
    files(root(), &mut all);
    let (mut read, mut missing) = (0, Vec::new());
    for path in all {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        read += 1;
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        missing.extend(faults(&text, &drafts).into_iter().map(|fault| format!("{place}: {fault}")));
    }
    assert!(read > 300, "{read} files");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn vector_files_name_current_revisions() {
    let drafts = table();
    let copies = copies();
    assert!(!copies.is_empty());
    for (name, json) in mimi_test_vectors::SHIPPED {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        for spec in value["spec"].as_array().unwrap() {
            let spec = spec.as_str().unwrap();
            // These have constructions of older revisions, each under its own name.
            let is_kept = |draft: &Draft, revision: &str| {
                ["derivation.json", "franking.json"].contains(name)
                    && draft.name.ends_with("mimi-protocol")
                    && draft.also.contains(revision)
            };
            let is_current = drafts.iter().any(|draft| {
                let revision = spec.strip_prefix(&draft.name).and_then(|rest| rest.strip_prefix('-'));
                revision.is_some_and(|it| it == draft.current || is_kept(draft, it))
            });
            let is_copy = copies.iter().any(|copy| spec == copy);
            let is_standard = ["RFC ", "FIPS ", "NIST "].iter().any(|it| spec.starts_with(it));
            assert!(is_current || is_copy || is_standard, "{name}: {spec}");
        }
    }
}

#[test]
fn finds_an_older_revision_and_a_draft_that_is_not_listed() {
    let drafts = table();
    let text =
        ["mimi-room", "-policy-02, (mimi-message", "-status-02) and dra", "ft-some-one-03, utf-16"].concat();
    let found = faults(&text, &drafts);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(faults("mimi-room-policy-04 and x-01", &drafts).is_empty());
}
