//! The table of structs lists what the registry holds, no more and no less.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;

use mimi_codec::registry;

/// What can't stand by itself, and is therefore not in the registry.
const IN_CONTEXT: [&str; 2] = ["PrivateMessageContent", "SemiPrivateMessageContent"];

#[test]
fn every_struct_has_a_row_and_every_row_a_struct() {
    let mut listed = BTreeSet::new();
    let mut in_context = BTreeSet::new();
    for line in include_str!("../STRUCTS.md").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, name, spec, section, _, done, _] = cells[..] else { panic!("{line}") };
        match done {
            "yes" => assert!(listed.insert((name, spec, section)), "{name} twice"),
            "in context" => assert!(in_context.insert(name), "{name} twice"),
            other => panic!("{name}: {other}"),
        }
    }
    let registered: BTreeSet<_> =
        registry::TYPES.iter().map(|entry| (entry.name, entry.spec, entry.section)).collect();
    assert_eq!(listed, registered);
    assert_eq!(in_context, BTreeSet::from(IN_CONTEXT));
}

#[test]
fn no_name_stands_for_two_types() {
    let names: BTreeSet<_> = registry::TYPES.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), registry::TYPES.len());
}
