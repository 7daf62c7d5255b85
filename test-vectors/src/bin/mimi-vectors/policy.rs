//! `mimi-vectors policy`: findings, tables, graphs, decisions and questions.

mod decide;
mod lint;
mod queries;

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use mimi_policy::graph::RoleGraph;
use mimi_policy::json::{PolicyCase, PolicyDocument, PolicyRoom};
use mimi_policy::matrix::Matrix;

use crate::names::did_you_mean;
use crate::{Outcome, input};

/// Findings about a room's policy, who may do what in it, who moves whom, and decisions.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a reviewer would want to know; exit 1 if some of it is an error or a warning
    Lint {
        #[command(flatten)]
        input: Input,
        /// Show the smallest policy that has each finding
        #[arg(long)]
        examples: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Roles and capabilities as a table
    Matrix {
        #[command(flatten)]
        input: Input,
        /// Print Markdown
        #[arg(long)]
        markdown: bool,
        /// How wide the table may be
        #[arg(long, value_name = "COLUMNS", default_value = "80", conflicts_with = "markdown")]
        width: usize,
    },
    /// Roles and who may move whom from where to where, as a picture
    Graph {
        #[command(flatten)]
        input: Input,
        /// What to print
        #[arg(long, value_enum, default_value = "svg")]
        format: Picture,
    },
    /// What a user can do now, and why not the rest
    Can {
        #[command(flatten)]
        input: Input,
        /// The user
        #[arg(long, value_name = "URI")]
        user: String,
        /// The user's client; its first one in the group if there is none
        #[arg(long, value_name = "URI")]
        client: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Which participants can make the changes of a case, and why not the others
    Who {
        #[command(flatten)]
        input: Input,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Where two policies differ, and what the second's roles do to the first's participants; exit
    /// 1 if they differ
    Diff {
        /// The first room: a case, or a room; - for standard input
        #[arg(value_name = "FILE")]
        before: String,
        /// The second room
        #[arg(value_name = "OTHER")]
        after: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Whether a case is allowed, and why; exit 1 if it is refused
    Decide {
        #[command(flatten)]
        input: Input,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Picture {
    Svg,
    Dot,
    Mermaid,
}

#[derive(Args)]
pub(crate) struct Input {
    /// A vector file of kind policy, one of its cases, or a room; - for standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Of a vector file, only the case of this name
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
}

/// What the input holds, or how the command ends.
type Found<T> = input::Input<T>;

impl Input {
    fn refused<T>(&self, why: impl std::fmt::Display) -> Found<T> {
        Err(input::refused(&format!("{}: {why}", self.file)))
    }

    fn document(&self) -> Found<PolicyDocument> {
        let text = input::text(&self.file)?;
        let document = match PolicyDocument::parse(&text) {
            Ok(document) => document,
            Err(error) => return self.refused(error),
        };
        let Some(name) = &self.case else { return Ok(document) };
        let cases: Vec<PolicyCase> =
            document.cases().iter().filter(|case| case.name.as_ref() == Some(name)).cloned().collect();
        if cases.is_empty() {
            let names = || document.cases().iter().filter_map(|case| case.name.as_deref());
            let first: Vec<&str> = names().take(8).collect();
            let there =
                if first.is_empty() { "no case has a name".into() } else { format!("there is {first:?}") };
            let meant = did_you_mean(name, names());
            return Err(Outcome::WrongUsage(format!("{}: no case {name:?}; {there}{meant}", self.file)));
        }
        Ok(PolicyDocument::Cases(cases))
    }

    /// The rooms, each once, with the name of the first case that has it.
    fn rooms(&self) -> Found<Vec<(Option<String>, PolicyRoom)>> {
        let document = self.document()?;
        let mut rooms: Vec<(Option<String>, PolicyRoom)> = Vec::new();
        for (name, room) in document.rooms() {
            if !rooms.iter().any(|(_, other)| other == room) {
                rooms.push((name.map(str::to_owned), room.clone()));
            }
        }
        if rooms.is_empty() { self.refused("no cases") } else { Ok(rooms) }
    }

    /// The only room.
    fn room(&self) -> Found<PolicyRoom> {
        let rooms = self.rooms()?;
        match rooms.as_slice() {
            [(_, room)] => Ok(room.clone()),
            several => {
                let why = format!("{}: {} rooms; choose one with --case", self.file, several.len());
                Err(Outcome::WrongUsage(why))
            }
        }
    }

    /// The cases, of which there is at least one.
    fn asked(&self) -> Found<Vec<PolicyCase>> {
        match self.document()?.cases() {
            [] => self.refused("a room by itself asks nothing; a case has an actor, a form and changes"),
            cases => Ok(cases.to_vec()),
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let done = match &arguments.command {
        Command::Lint { input, examples, json } => {
            input.rooms().map(|rooms| lint::run(&rooms, *examples, *json, out))
        }
        Command::Matrix { input, markdown, width } => {
            input.rooms().map(|rooms| matrix(&rooms, (!markdown).then_some(*width), out))
        }
        Command::Graph { input, format } => input.room().map(|room| graph(&room, *format, out)),
        Command::Can { input, user, client, json } => {
            input.room().map(|room| queries::can(&room, user, client.as_deref(), *json, out))
        }
        Command::Who { input, json } => input.asked().map(|cases| queries::who(&cases, *json, out)),
        Command::Diff { before, after, json } => {
            let room = |file: &str| Input { file: file.into(), case: None }.room();
            room(before).and_then(|before| Ok(queries::diff(&before, &room(after)?, *json, out)))
        }
        Command::Decide { input, json } => input.asked().map(|cases| decide::run(&cases, *json, out)),
    };
    done.unwrap_or_else(Ok)
}

fn heading(name: Option<&str>, rooms: usize, out: &mut dyn Write) -> io::Result<()> {
    match name {
        Some(name) if rooms > 1 => writeln!(out, "# {name}\n"),
        _ => Ok(()),
    }
}

fn matrix(
    rooms: &[(Option<String>, PolicyRoom)],
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    for (name, room) in rooms {
        heading(name.as_deref(), rooms.len(), out)?;
        let matrix = Matrix::new(&room.role_data());
        let text = width.map_or_else(|| matrix.to_markdown(), |width| matrix.to_text(width));
        out.write_all(text.as_bytes())?;
        if rooms.len() > 1 {
            writeln!(out)?;
        }
    }
    Ok(Outcome::Holds)
}

fn graph(room: &PolicyRoom, format: Picture, out: &mut dyn Write) -> io::Result<Outcome> {
    let graph = RoleGraph::new(&room.base, &room.role_data(), &room.preauth);
    let picture = match format {
        Picture::Svg => graph.to_svg(),
        Picture::Dot => graph.to_dot(),
        Picture::Mermaid => graph.to_mermaid(),
    };
    out.write_all(picture.as_bytes())?;
    Ok(Outcome::Holds)
}
