//! `mimi-vectors timeline`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use mimi_content::timeline::{
    Acceptance, EntryState, NotAuthorizedError, ReactionContent, TimelineEntry, Version,
};
use mimi_content::{MessageId, MimiContent, Part};
use mimi_test_vectors::conversation::{RoomTimeline, RoomTimelines, Taken, reference_name};
use serde_json::json;

use crate::input::Input;
use crate::part_tree::excerpt;
use crate::{Outcome, complain, input};

/// Fold messages into the conversation that a person sees, and print it.
///
/// The input is JSON Lines, one message on each line: {"room_uri", "sender_uri",
/// "accepted_timestamp": ms, "encoded": hex, "read_at": ms (optional)}. With "content_type":
/// "application/mimi-message-status" the bytes are a status report by itself. A message that the
/// hub has not accepted yet has "local": id and "created_at": ms in the place of the timestamp, and
/// later lines say what became of it: {"local": id, "accepted_timestamp": ms}, {"local": id,
/// "failed": true} or {"local": id, "dropped": true}. What the hub retracts is {"room_uri",
/// "sender_uri", "component": 80 or 81, "retraction": hex}. Only senders may change their messages;
/// what anyone else tries is shown as a finding.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Files, directories that are searched for .jsonl, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// The time for which messages expire, in milliseconds since 1970; without it none does
    #[arg(long, value_name = "MS")]
    now: Option<u64>,
    /// The user who looks: its own messages are never suspect
    #[arg(long, value_name = "URI")]
    local_user: Option<String>,
    /// Print the conversations as one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut conversation = RoomTimelines::new(arguments.local_user.as_deref());
    let mut refused = false;
    for file in &arguments.files {
        let inputs = match read(file) {
            Ok(inputs) => inputs,
            Err(outcome) => return Ok(outcome),
        };
        if inputs.is_empty() {
            return Ok(input::refused(&format!("{file}: no .jsonl files")));
        }
        for (name, text) in inputs {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                if let Err(why) = insert(&mut conversation, line) {
                    complain(&format!("{name}, line {}: {why}", number.saturating_add(1)));
                    refused = true;
                }
            }
        }
    }
    let now_ms = arguments.now.unwrap_or_default();
    if arguments.json {
        writeln!(out, "{}", json!({"rooms": conversation.to_json(now_ms)}))?;
    } else {
        for (place, (uri, room)) in conversation.rooms().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            print_room(uri, room, now_ms, out)?;
        }
    }
    Ok(if refused { Outcome::Fails } else { Outcome::Holds })
}

/// The names and contents of the files that an argument means.
fn read(file: &str) -> Input<Vec<(String, String)>> {
    if file == "-" {
        return Ok(Vec::from([("standard input".to_owned(), input::text(file)?)]));
    }
    let mut paths = Vec::new();
    if Path::new(file).is_dir() {
        search(Path::new(file), &mut paths).map_err(|error| input::unreadable(file, &error))?;
        paths.sort();
    } else {
        paths.push(PathBuf::from(file));
    }
    let texts = paths.iter().map(|path| {
        let name = path.display().to_string();
        input::text(&name).map(|text| (name, text))
    });
    texts.collect()
}

fn search(directory: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            found.push(path);
        }
    }
    Ok(())
}

fn insert(conversation: &mut RoomTimelines, line: &str) -> Result<(), String> {
    match conversation.take(line)? {
        Taken::DifferentContent(id) => Err(format!("another message came under the ID {id}")),
        _ => Ok(()),
    }
}

/// Enough of an ID to tell messages apart.
fn short(id: &MessageId) -> String {
    id.to_string().get(..10).unwrap_or_default().to_owned()
}

/// A time of day is easier to compare than milliseconds since 1970.
fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    // Days since 1970-01-01 to a date, by eras of 400 years that begin on 1 March.
    let days = (seconds / 86_400).saturating_add(719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = (day_of_era / 1460).saturating_add(day_of_era / 146_096);
    let year_of_era = day_of_era.saturating_add(day_of_era / 36_524).saturating_sub(leap_days) / 365;
    let before =
        year_of_era.saturating_mul(365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(before);
    let shifted = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = day_of_year.saturating_sub(shifted.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let month = if shifted < 10 { shifted.saturating_add(3) } else { shifted.saturating_sub(9) };
    let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(u64::from(month <= 2));
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:03}", ms % 1000)
}

/// What a body says in one line.
fn summary(version: &Version<'_, Option<MimiContent>, NotAuthorizedError>) -> String {
    let Some(Some(content)) = version.payload() else { return String::new() };
    let mut parts = content.parts().filter_map(|(_, part)| match &part.part {
        Part::Single(single) => Some(excerpt(&single.content)),
        Part::External(external) => {
            let name = [&external.filename, &external.description, &external.url];
            let name = name.into_iter().find(|name| !name.is_empty()).map(|name| excerpt(name.as_bytes()));
            Some(format!("<{}>", name.unwrap_or_default()))
        }
        Part::Null | Part::Multi(_) => None,
    });
    let first = parts.next().unwrap_or_else(|| "<nothing>".to_owned());
    match parts.count() {
        0 => first,
        more => format!("{first} (and {more} more parts)"),
    }
}

fn reaction(content: &ReactionContent) -> String {
    match content {
        ReactionContent::Text(text) => excerpt(text.as_bytes()),
        ReactionContent::Other(hash) => format!("<{}>", hex::encode(hash.get(..4).unwrap_or_default())),
    }
}

fn print_room(uri: &str, room: &RoomTimeline, now_ms: u64, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  {} messages", excerpt(uri.as_bytes()), room.len())?;
    for entry in room.entries() {
        print_entry(&entry, now_ms, out)?;
    }
    for version in room.held() {
        let what = version.replaces().as_ref().map(short).unwrap_or_default();
        writeln!(
            out,
            "waiting  {} for {what}, from {}",
            short(&version.message_id()),
            excerpt(version.sender_uri().as_bytes())
        )?;
    }
    for version in room.suspects() {
        for finding in version.findings() {
            let from = excerpt(version.sender_uri().as_bytes());
            writeln!(out, "finding  {} from {from}: {finding}", short(&version.message_id()))?;
        }
    }
    Ok(())
}

fn print_entry(
    entry: &TimelineEntry<'_, Option<MimiContent>, NotAuthorizedError>,
    now_ms: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let sender = excerpt(entry.sender_uri().as_bytes());
    write!(out, "\n{}  {}  {sender}", clock(entry.accepted_ms()), short(&entry.message_id()))?;
    if !entry.topic_id().is_empty() {
        write!(out, "  topic {}", excerpt(entry.topic_id()))?;
    }
    match entry.acceptance() {
        Acceptance::Accepted | Acceptance::Dropped => {}
        Acceptance::Pending => write!(out, "  (not accepted yet)")?,
        Acceptance::Failed => write!(out, "  (failed)")?,
    }
    writeln!(out)?;
    if let Some(reference) = entry.in_reply_to(now_ms) {
        let state = reference_name(reference.state);
        writeln!(out, "    reply to {} ({state})", short(&reference.message_id))?;
    }
    match entry.state(now_ms) {
        EntryState::Shown => {
            let edited = if entry.is_edited() { "  (edited)" } else { "" };
            writeln!(out, "    {}{edited}", summary(&entry.current()))?;
        }
        EntryState::Deleted => {
            let by = entry.deletion().map(|deletion| excerpt(deletion.sender_uri().as_bytes()));
            writeln!(out, "    [deleted by {}]", by.unwrap_or_default())?;
        }
        EntryState::Retracted => {
            let by = entry.retraction().map(|retraction| excerpt(retraction.by_uri.as_bytes()));
            writeln!(out, "    [retracted by {}]", by.unwrap_or_default())?;
        }
        EntryState::Expired => writeln!(out, "    [expired]")?,
    }
    for group in entry.reaction_groups(now_ms) {
        let senders: Vec<_> = group.senders().iter().map(|uri| excerpt(uri.as_bytes())).collect();
        writeln!(out, "    {} {}: {}", reaction(group.content), senders.len(), senders.join(", "))?;
    }
    for status in entry.statuses() {
        let name = status.status.name().map_or_else(|| status.status.0.to_string(), str::to_owned);
        writeln!(out, "    {name} by {}", excerpt(status.reader_uri.as_bytes()))?;
    }
    Ok(())
}
