//! `mimi-vectors completions` and `mimi-vectors man`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::Outcome;
use crate::names::did_you_mean;
use crate::output::Overwriting;

/// Print the completions for a shell
#[derive(Args)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::Arguments::command(), NAME, &mut script);
    out.write_all(&script)?;
    Ok(Outcome::Holds)
}

const NAME: &str = "mimi-vectors";

/// Print a man page, or write all of them
#[derive(Args)]
pub(crate) struct ManArguments {
    /// The command whose page is printed [default: the program's own page]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Vec<String>,
    /// Write the pages of the program and of every command to this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    overwriting: Overwriting,
}

pub(crate) fn run_man(arguments: &ManArguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut program = crate::Arguments::command();
    program.build();
    if let Some(directory) = &arguments.out {
        let mut pages = Vec::new();
        collect(&program, NAME, &mut pages)?;
        let files: Vec<_> = pages.into_iter().map(|(name, page)| (directory.join(name), page)).collect();
        if let Err(outcome) = arguments.overwriting.write(&files) {
            return Ok(outcome);
        }
        for (path, _) in &files {
            writeln!(out, "{}", path.display())?;
        }
        return Ok(Outcome::Holds);
    }
    let (mut command, mut name) = (&program, String::from(NAME));
    for step in &arguments.command {
        let Some(inner) = command.find_subcommand(step) else {
            let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
            let meant = did_you_mean(step, names.iter().copied());
            let why = format!("{name} has no command {step:?}{meant}");
            return Ok(Outcome::WrongUsage(why));
        };
        name = format!("{name}-{step}");
        command = inner;
    }
    out.write_all(&page(command, &name)?)?;
    Ok(Outcome::Holds)
}

fn page(command: &clap::Command, name: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let names = command.clone().display_name(name.to_owned());
    Man::new(names).title(name).section("1").render(&mut page)?;
    Ok(page)
}

// The recursion ends: commands are this program's own.
fn collect(command: &clap::Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    pages.push((format!("{name}.1"), page(command, name)?));
    for inner in command.get_subcommands() {
        collect(inner, &format!("{name}-{}", inner.get_name()), pages)?;
    }
    Ok(())
}
