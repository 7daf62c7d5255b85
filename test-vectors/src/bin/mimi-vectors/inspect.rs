//! `mimi-vectors inspect`.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use mimi_content::MimiContentRef;
use mimi_test_vectors::{InspectError, inspect};

use crate::colour::Colour;
use crate::names::NameParser;
use crate::{Outcome, annotate, compare, complain, input, part_tree};

/// Decode bytes, and print them as JSON; a message is printed as a tree of its parts if standard
/// output is a terminal.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What the bytes are; `mimi-vectors types` lists what there is
    #[arg(long = "type", value_name = "TYPE", value_parser = NameParser::types(), hide_possible_values = true)]
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
    /// Print the bytes in columns, each beside the field that it belongs to; refused bytes up to
    /// the refusal
    #[arg(long, conflicts_with_all = ["json", "tree", "diff"])]
    annotate: bool,
    /// Print what --annotate prints as one HTML page, which loads and runs nothing
    #[arg(long, conflicts_with_all = ["json", "tree", "diff", "annotate"])]
    html: bool,
    /// When --annotate uses colours
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let type_name = arguments.type_name.as_str();
    if arguments.tree && type_name != "MimiContent" {
        return Ok(Outcome::WrongUsage(format!("only a MimiContent has a tree of parts, not {type_name}")));
    }
    if let Some([a, b]) = arguments.diff.as_deref() {
        if a == "-" && b == "-" {
            return Ok(Outcome::WrongUsage("standard input can't be both".into()));
        }
        let mut encoded = [Vec::new(), Vec::new()];
        for (encoded, file) in encoded.iter_mut().zip([a, b]) {
            *encoded = match input::encoding(file, arguments.hex) {
                Ok(input) => input,
                Err(outcome) => return Ok(outcome),
            };
        }
        let inputs = compare::Inputs { files: [a.clone(), b.clone()], encoded };
        return compare::print(type_name, &inputs, arguments.json, out);
    }
    let encoded = match input::encoding(&arguments.file, arguments.hex) {
        Ok(encoded) => encoded,
        Err(outcome) => return Ok(outcome),
    };
    if arguments.annotate || arguments.html {
        return annotated(type_name, &encoded, arguments, out);
    }
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

fn annotated(
    type_name: &str,
    encoded: &[u8],
    arguments: &Arguments,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let Some(annotation) = mimi_test_vectors::annotate(type_name, encoded) else {
        return Ok(Outcome::WrongUsage(format!("unknown type {type_name:?}")));
    };
    if arguments.html {
        annotate::print_page(type_name, &annotation, encoded, out)?;
    } else {
        annotate::print(&annotation, encoded, arguments.color.wanted(), out)?;
    }
    let Some(refusal) = annotation.refused else { return Ok(Outcome::Holds) };
    complain(&format!("refused: {refusal}"));
    Ok(Outcome::Fails)
}
