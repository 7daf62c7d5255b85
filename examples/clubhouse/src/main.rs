//! Plays the story and shows it.

use std::{
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use clubhouse::{
    Result,
    narrator::Event,
    output::{
        diagram, json,
        text::{self, Style},
        trace,
    },
    stack,
    story::Story,
};

/// The story of a MIMI room on a real MLS stack: three providers, every body encoded, every
/// decision explained.
#[derive(Parser)]
#[command(name = "clubhouse")]
struct Arguments {
    /// Show one act. Those before it are played, and not shown.
    #[arg(long, value_name = "N")]
    act: Option<u8>,
    /// The cipher suite: 1, 2 or 3.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    suite: u16,
    /// Show the events as JSON.
    #[arg(long, conflicts_with = "diagram")]
    json: bool,
    /// Show a sequence diagram in Mermaid's language.
    #[arg(long)]
    diagram: bool,
    /// Write every body into a file of this directory, for `mimi-vectors inspect`.
    #[arg(long, value_name = "DIR")]
    trace: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clubhouse: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let mut story = Story::new(stack::suite(arguments.suite)?, 1)?;
    let played = story.play_until(arguments.act.unwrap_or(u8::MAX));
    let events = shown(story.world.narrator.events(), arguments.act)?;
    let rendered = if arguments.json {
        format!("{:#}\n", json::render(events))
    } else if arguments.diagram {
        diagram::render(events)
    } else {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        text::render(events, if colours { Style::Coloured } else { Style::Plain })
    };
    std::io::stdout().write_all(rendered.as_bytes())?;
    if let Some(directory) = &arguments.trace {
        write_trace(directory, events)?;
    }
    // What was played until it failed is shown all the same.
    played
}

/// The events of one act, or all.
fn shown(events: &[Event], act: Option<u8>) -> Result<&[Event]> {
    let Some(act) = act else { return Ok(events) };
    let begins = |event: &Event| matches!(event, Event::Act { number, .. } if *number == act);
    let start = events.iter().position(begins).ok_or("there is no such act")?;
    Ok(events.get(start..).unwrap_or_default())
}

fn write_trace(directory: &Path, events: &[Event]) -> Result<()> {
    fs::create_dir_all(directory)?;
    for file in trace::files(events) {
        fs::write(directory.join(&file.name), file.bytes)?;
    }
    Ok(())
}
