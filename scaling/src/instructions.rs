//! Instructions, counted by valgrind's callgrind: of one function alone, however long its input
//! took to make.

#![allow(unsafe_code)]

use std::path::Path;
use std::process::Command;

use crate::{Job, MULTIPLES, cases};

/// What is counted: callgrind looks for this name.
#[unsafe(no_mangle)]
#[inline(never)]
fn mimi_scaling_measured(job: &mut Job) {
    job();
}

/// Runs the cases whose names hold `only`, inside of callgrind.
pub fn run(only: &str) {
    for case in cases().iter().filter(|case| case.name().contains(only)) {
        for multiple in MULTIPLES {
            mimi_scaling_measured(&mut (case.prepare)(case.smallest * multiple));
        }
    }
}

/// The instructions of each case whose name holds `only`, at each size.
///
/// # Errors
///
/// If valgrind is not installed or fails; what it says.
pub fn count(program: &Path, folder: &Path, only: &str) -> Result<Vec<[u64; 4]>, String> {
    let output = folder.join("callgrind");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--error-exitcode=3", "--quiet"])
        .args(["--toggle-collect=mimi_scaling_measured", "--dump-after=mimi_scaling_measured"])
        .arg(format!("--callgrind-out-file={}", output.display()))
        .arg(program)
        .args(["--inside", only])
        .status()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !status.success() {
        return Err(format!("valgrind: {status}"));
    }
    let wanted = cases().iter().filter(|case| case.name().contains(only)).count();
    let mut counts = Vec::with_capacity(wanted);
    for case in 0..wanted {
        let mut costs = [0; 4];
        for (number, cost) in costs.iter_mut().enumerate() {
            let file = folder.join(format!("callgrind.{}", case * MULTIPLES.len() + number + 1));
            let text =
                std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            *cost = total(&text).ok_or_else(|| format!("{}: no total", file.display()))?;
        }
        counts.push(costs);
    }
    Ok(counts)
}

/// The total of one dump.
fn total(dump: &str) -> Option<u64> {
    let line =
        dump.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")))?;
    line.split_whitespace().next()?.parse().ok()
}
