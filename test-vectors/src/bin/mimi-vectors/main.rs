//! `mimi-vectors`: checks, makes and shows test vectors for MIMI.
//!
//! Exit status: 0 all holds, 1 something was refused or a case failed, 2 wrong usage. Results go to standard output, diagnostics to
//! standard error.

mod compare;
mod generate;
mod inspect;
mod part_tree;
mod policy;
mod progress;
mod timeline;
mod types;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks, makes and shows test vectors for MIMI.
///
/// Exit status: 0 all holds, 1 something was refused or a case failed, 2 wrong usage.
#[derive(Parser)]
#[command(version, about, disable_help_subcommand = true)]
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
}

/// How a command ends, unless it can't even write.
enum Outcome {
    /// All holds.
    Holds,
    /// Something was refused, or a case failed.
    Fails,
    /// The command can't be carried out as it was given; the text says why.
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
    };
    match result.and_then(|outcome| out.flush().map(|()| outcome)) {
        Ok(Outcome::Holds) => ExitCode::SUCCESS,
        Ok(Outcome::Fails) => ExitCode::from(1),
        Ok(Outcome::WrongUsage(why)) => {
            complain(&why);
            ExitCode::from(2)
        }
        Err(error) => {
            // Whoever closed the pipe has seen enough; nothing is said to hold, though.
            if error.kind() != io::ErrorKind::BrokenPipe {
                complain(&error.to_string());
            }
            ExitCode::from(1)
        }
    }
}

/// Writes a diagnostic. That it can't be written is no reason to stop.
fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "mimi-vectors: {what}");
}
