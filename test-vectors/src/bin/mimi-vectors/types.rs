//! `mimi-vectors types`.

use std::io::{self, Write};

use clap::Args;

use crate::Outcome;

/// List every TYPE that `inspect` and vectors of kind `wire` know.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let types: Vec<_> = mimi_test_vectors::types().collect();
    if arguments.json {
        let types: Vec<_> = types
            .iter()
            .map(
                |known| serde_json::json!({"name": known.name, "spec": known.spec, "section": known.section}),
            )
            .collect();
        writeln!(out, "{}", serde_json::Value::from(types))?;
        return Ok(Outcome::Holds);
    }
    let width = types.iter().map(|known| known.name.len()).max().unwrap_or_default();
    for known in types {
        writeln!(out, "{:width$}  {} section {}", known.name, known.spec, known.section)?;
    }
    Ok(Outcome::Holds)
}
