//! `mimi-vectors inspect`.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};

use clap::Args;
use mimi_content::MimiContentRef;
use mimi_test_vectors::{InspectError, inspect};

use crate::{Outcome, compare, complain, part_tree};

/// Decode bytes, and print them as JSON; a message is printed as a tree of its parts if standard output is a terminal.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What the bytes are; `mimi-vectors types` lists what there is
    #[arg(long = "type", value_name = "TYPE")]
    type_name: String,
    /// The input is hex digits, with white space anywhere
    #[arg(long)]
    hex: bool,
    /// A file, or - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: String,
    /// Show in which fields two files differ; exit status 0 if in none, 1 if in some
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["file", "tree"])]
    diff: Option<Vec<String>>,
    /// Print JSON on one line, also of a refusal
    #[arg(long)]
    json: bool,
    /// Print a message as a tree of its parts, wherever standard output goes
    #[arg(long, conflicts_with = "json")]
    tree: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let type_name = arguments.type_name.as_str();
    if !mimi_test_vectors::types().any(|known| known.name == type_name) {
        return Ok(Outcome::WrongUsage(format!("unknown type {type_name:?}; see mimi-vectors types")));
    }
    if arguments.tree && type_name != "MimiContent" {
        return Ok(Outcome::WrongUsage(format!("only a MimiContent has a tree of parts, not {type_name}")));
    }
    if let Some([a, b]) = arguments.diff.as_deref() {
        if a == "-" && b == "-" {
            return Ok(Outcome::WrongUsage("standard input can't be both".into()));
        }
        let mut encoded = [Vec::new(), Vec::new()];
        for (encoded, file) in encoded.iter_mut().zip([a, b]) {
            *encoded = match input(file, arguments.hex) {
                Ok(input) => input,
                Err(outcome) => return Ok(outcome),
            };
        }
        let inputs = compare::Inputs { files: [a.clone(), b.clone()], encoded };
        return compare::print(type_name, &inputs, arguments.json, out);
    }
    let encoded = match input(&arguments.file, arguments.hex) {
        Ok(encoded) => encoded,
        Err(outcome) => return Ok(outcome),
    };
    let inspected = match inspect(type_name, &encoded) {
        Ok(inspected) => inspected,
        Err(error) => {
            complain(&format!("refused: {error}"));
            if let (true, InspectError::Refused(refusal)) = (arguments.json, &error) {
                writeln!(out, "{}", serde_json::json!({"type": type_name, "refused": refusal}))?;
            }
            return Ok(Outcome::Fails);
        }
    };
    if arguments.json {
        writeln!(out, "{}", inspected.json().map_err(io::Error::other)?)?;
    } else if (arguments.tree || io::stdout().is_terminal())
        && type_name == "MimiContent"
        && let Ok(message) = MimiContentRef::decode(&encoded)
    {
        part_tree::print(&message, out)?;
    } else {
        writeln!(out, "{}", inspected.pretty_json().map_err(io::Error::other)?)?;
    }
    Ok(Outcome::Holds)
}

/// The bytes that a file holds, or spells as hex digits.
fn input(file: &str, is_hex: bool) -> Result<Vec<u8>, Outcome> {
    let input = read(file).map_err(|error| Outcome::WrongUsage(format!("{file}: {error}")))?;
    if !is_hex {
        return Ok(input);
    }
    let digits: Vec<_> = input.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    hex::decode(digits).map_err(|error| {
        complain(&format!("refused: the input is not hex: {error}"));
        Outcome::Fails
    })
}

/// The bytes of a file, or of standard input.
pub(crate) fn read(file: &str) -> io::Result<Vec<u8>> {
    if file != "-" {
        return fs::read(file);
    }
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input)?;
    Ok(input)
}
