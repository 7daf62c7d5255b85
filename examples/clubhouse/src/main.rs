//! Plays the story and shows it.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use clubhouse::{
    Result,
    output::text::{self, Style},
    stack,
    story::Story,
};

/// The story of a MIMI room on a real MLS stack: three providers, every body encoded, every decision explained.
#[derive(Parser)]
#[command(name = "clubhouse")]
struct Arguments {
    /// Show one act. Those before it are played, and not shown.
    #[arg(long)]
    act: Option<u8>,
    /// The cipher suite: 1, 2 or 3.
    #[arg(long, default_value_t = 1)]
    suite: u16,
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
    let mut events = story.world.narrator.events();
    if let Some(act) = arguments.act {
        let begins = |event: &clubhouse::narrator::Event| matches!(event, clubhouse::narrator::Event::Act { number, .. } if *number == act);
        let start = events.iter().position(begins).ok_or("there is no such act")?;
        events = events.get(start..).unwrap_or_default();
    }
    let style = if std::io::stdout().is_terminal() { Style::Coloured } else { Style::Plain };
    std::io::stdout().write_all(text::render(events, style).as_bytes())?;
    played
}
