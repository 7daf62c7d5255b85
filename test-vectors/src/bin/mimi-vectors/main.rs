//! `mimi-vectors`: checks, makes and shows test vectors for MIMI.
//!
//! Results go to standard output, diagnostics to standard error. The help says what exit statuses
//! mean.

mod annotate;
mod bundle;
mod colour;
mod compare;
mod completions;
mod conformance;
mod generate;
mod input;
mod inspect;
mod mechanisms;
mod names;
mod output;
mod part_tree;
mod policy;
mod progress;
mod shipped_cases;
mod timeline;
mod types;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What exit statuses mean, in all commands.
const EXIT_STATUS: &str = "\
Exit status:
  0  all holds: cases, bytes, decisions, policies; nothing differs; what was asked for is written
  1  something was refused, failed or differs, was not judged, or could not be read or written
  2  wrong usage: an option, a name or a file that does not exist, or a file that would be overwritten";

/// Checks, makes and shows test vectors for MIMI.
#[derive(Parser)]
#[command(version, about, disable_help_subcommand = true, after_help = EXIT_STATUS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(verify::Arguments),
    Generate(generate::Arguments),
    Inspect(inspect::Arguments),
    Timeline(timeline::Arguments),
    Types(types::Arguments),
    Policy(policy::Arguments),
    Bundle(bundle::Arguments),
    Mechanisms(mechanisms::Arguments),
    Conformance(conformance::Arguments),
    Completions(completions::Arguments),
    Man(completions::ManArguments),
}

/// How a command ends, unless it cannot even write.
enum Outcome {
    /// All holds.
    Holds,
    /// Something was refused, or a case failed.
    Fails,
    /// The command cannot be carried out as it was given; the text says why.
    WrongUsage(String),
}

fn main() -> ExitCode {
    // Wrong arguments end here, with status 2.
    let arguments = Arguments::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = match &arguments.command {
        Command::Verify(arguments) => verify::run(arguments, &mut out),
        Command::Generate(arguments) => generate::run(arguments, &mut out),
        Command::Inspect(arguments) => inspect::run(arguments, &mut out),
        Command::Timeline(arguments) => timeline::run(arguments, &mut out),
        Command::Types(arguments) => types::run(arguments, &mut out),
        Command::Policy(arguments) => policy::run(arguments, &mut out),
        Command::Bundle(arguments) => bundle::run(arguments, &mut out),
        Command::Mechanisms(arguments) => mechanisms::run(arguments, &mut out),
        Command::Conformance(arguments) => conformance::run(arguments, &mut out),
        Command::Completions(arguments) => completions::run(arguments, &mut out),
        Command::Man(arguments) => completions::run_man(arguments, &mut out),
    };
    match result.and_then(|outcome| out.flush().map(|()| outcome)) {
        Ok(Outcome::Holds) => ExitCode::SUCCESS,
        Ok(Outcome::Fails) => ExitCode::from(1),
        Ok(Outcome::WrongUsage(why)) => {
            complain(&why);
            ExitCode::from(2)
        }
        Err(error) => {
            // The reader that closed the pipe has seen enough; nothing is said to hold, though.
            if error.kind() != io::ErrorKind::BrokenPipe {
                complain(&error.to_string());
            }
            ExitCode::from(1)
        }
    }
}

/// Writes a diagnostic. That it cannot be written is no reason to stop.
fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "mimi-vectors: {what}");
}
