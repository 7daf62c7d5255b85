//! Every target takes its seeds, each with a few of its bytes changed, without complaint.

use std::fs;
use std::path::Path;

#[test]
fn targets_hold_on_their_seeds_and_on_damaged_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/vectors");
    let documents: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let seeds = mimi_fuzz::seeds::from_vectors(documents.iter().map(String::as_str));
    for (target, run) in mimi_fuzz::TARGETS {
        let mut inputs = seeds.get(target).unwrap_or_else(|| panic!("{target} has no seeds")).clone();
        inputs.extend([vec![], vec![0; 64], vec![0xff; 64], (0..=255).collect()]);
        for input in &inputs {
            run(input);
            for step in 1..8_usize {
                let mut damaged = input.clone();
                if let Some(byte) = damaged.get_mut(input.len() * step / 8) {
                    *byte = byte.wrapping_add(u8::try_from(step).unwrap());
                }
                run(&damaged);
                damaged.truncate(input.len() * step / 8);
                run(&damaged);
            }
        }
    }
}

#[test]
fn every_target_is_registered() {
    let manifest = include_str!("../Cargo.toml");
    let bins = manifest.matches("[[bin]]").count();
    assert_eq!(bins, mimi_fuzz::TARGETS.len());
    for (target, _) in mimi_fuzz::TARGETS {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
    }
}
