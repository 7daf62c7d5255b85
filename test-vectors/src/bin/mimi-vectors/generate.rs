//! `mimi-vectors generate`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use mimi_test_vectors::Seed;

use crate::output::Overwriting;
use crate::{Outcome, complain};

/// Make vectors: the same seed gives the same bytes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The directory to write to, one file per kind; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What the vectors are made from [default: that of the shipped vectors]
    #[arg(long, value_name = "HEX")]
    seed: Option<Seed>,
    /// The kinds to make [default: all]
    #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(mimi_test_vectors::kinds()))]
    kinds: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    overwriting: Overwriting,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let seed = arguments.seed.clone().unwrap_or_default();
    let kinds: Vec<&str> = if arguments.kinds.is_empty() {
        mimi_test_vectors::kinds().collect()
    } else {
        arguments.kinds.iter().map(String::as_str).collect()
    };
    let mut files = Vec::new();
    let mut made = Vec::new();
    for kind in kinds {
        let generated = match mimi_test_vectors::generate(kind, &seed) {
            Ok(generated) => generated,
            Err(error) => {
                complain(&format!("{kind}: {error}"));
                return Ok(Outcome::Fails);
            }
        };
        files.push((arguments.out.join(&generated.file_name), generated.json.into_bytes()));
        made.push((kind, generated.cases));
    }
    if let Err(outcome) = arguments.overwriting.write(&files) {
        return Ok(outcome);
    }
    let mut written = Vec::new();
    for ((path, _), (kind, cases)) in files.iter().zip(made) {
        if arguments.json {
            let file = path.display().to_string();
            written.push(serde_json::json!({"file": file, "kind": kind, "cases": cases}));
        } else {
            writeln!(out, "{}: {cases} cases", path.display())?;
        }
    }
    if arguments.json {
        let result = serde_json::json!({"seed": seed.to_string(), "files": written});
        writeln!(out, "{result}")?;
    }
    Ok(Outcome::Holds)
}
