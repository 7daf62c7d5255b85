//! `mimi-vectors timeline`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use mimi_content::timeline::{
    BodyKind, Entry, EntryState, Inserted, NotAuthorized, ReactionContent, Received, ReferenceState,
    Standing, Timeline, TimelineFinding, Version, sender_only,
};
use mimi_content::{MessageId, MimiContent, MimiContentRef, Part};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::part_tree::excerpt;
use crate::{Outcome, complain};

/// Fold messages into the conversation that a person sees, and print it.
///
/// The input is JSON Lines, one message on each line: {"room_uri", "sender_uri", "accepted_timestamp": ms, "encoded": hex, "read_at": ms (optional)}.
/// Only senders may change their messages; what anyone else tries is shown as a finding.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Files, directories that are searched for .jsonl, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// The time for which messages expire, in milliseconds since 1970; without it none does
    #[arg(long, value_name = "MS")]
    now: Option<u64>,
    /// Print the conversations as one JSON document
    #[arg(long)]
    json: bool,
}

/// A line of the input.
#[derive(Deserialize)]
struct Line {
    room_uri: String,
    sender_uri: String,
    accepted_timestamp: u64,
    encoded: String,
    read_at: Option<u64>,
}

type Room = Timeline<MimiContent, NotAuthorized>;

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut rooms: BTreeMap<String, Room> = BTreeMap::new();
    let mut refused = false;
    for file in &arguments.files {
        let inputs = match read(file) {
            Ok(inputs) => inputs,
            Err(error) => return Ok(Outcome::WrongUsage(format!("{file}: {error}"))),
        };
        if inputs.is_empty() {
            return Ok(Outcome::WrongUsage(format!("{file}: no .jsonl files")));
        }
        for (name, text) in inputs {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                if let Err(why) = insert(&mut rooms, line) {
                    complain(&format!("{name}, line {}: {why}", number.saturating_add(1)));
                    refused = true;
                }
            }
        }
    }
    let now_ms = arguments.now.unwrap_or_default();
    if arguments.json {
        let rooms = rooms.iter().map(|(uri, room)| room_json(uri, room, now_ms));
        writeln!(out, "{}", json!({"rooms": rooms.collect::<Vec<_>>()}))?;
    } else {
        for (place, (uri, room)) in rooms.iter().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            print_room(uri, room, now_ms, out)?;
        }
    }
    Ok(if refused { Outcome::Fails } else { Outcome::Holds })
}

/// The names and contents of the files that an argument means.
fn read(file: &str) -> io::Result<Vec<(String, String)>> {
    if file == "-" {
        let mut input = String::new();
        io::stdin().lock().read_to_string(&mut input)?;
        return Ok(Vec::from([("standard input".to_owned(), input)]));
    }
    let mut paths = Vec::new();
    if Path::new(file).is_dir() {
        search(Path::new(file), &mut paths)?;
        paths.sort();
    } else {
        paths.push(PathBuf::from(file));
    }
    paths.iter().map(|path| Ok((path.display().to_string(), fs::read_to_string(path)?))).collect()
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

fn insert(rooms: &mut BTreeMap<String, Room>, line: &str) -> Result<(), String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let encoded = hex::decode(&line.encoded).map_err(|error| format!("encoded is not hex: {error}"))?;
    let content = MimiContentRef::decode(&encoded).map_err(|error| format!("refused: {error}"))?;
    let id = content.message_id(&line.sender_uri, &line.room_uri).map_err(|error| error.to_string())?;
    let room = rooms.entry(line.room_uri).or_default();
    if let Some(read_at_ms) = line.read_at {
        room.mark_read(id, read_at_ms);
    }
    let received = Received::new(id, &line.sender_uri, line.accepted_timestamp, &content);
    match room.insert(received, content.to_owned(), &sender_only) {
        Inserted::New(_) | Inserted::Repeated { .. } => Ok(()),
        Inserted::DifferentContent => Err(format!("another message came under the ID {id}")),
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
fn summary(version: &Version<'_, MimiContent, NotAuthorized>) -> String {
    let Some(content) = version.payload() else { return String::new() };
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

fn print_room(uri: &str, room: &Room, now_ms: u64, out: &mut dyn Write) -> io::Result<()> {
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
    entry: &Entry<'_, MimiContent, NotAuthorized>,
    now_ms: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let sender = excerpt(entry.sender_uri().as_bytes());
    write!(out, "\n{}  {}  {sender}", clock(entry.accepted_ms()), short(&entry.message_id()))?;
    if !entry.topic_id().is_empty() {
        write!(out, "  topic {}", excerpt(entry.topic_id()))?;
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

fn reference_name(state: ReferenceState) -> &'static str {
    match state {
        ReferenceState::Unseen => "unseen",
        ReferenceState::Held => "held",
        ReferenceState::Newest => "newest",
        ReferenceState::Older => "older",
        ReferenceState::Deleted => "deleted",
        ReferenceState::Expired => "expired",
        ReferenceState::Retracted => "retracted",
        ReferenceState::NoEffect => "no_effect",
        ReferenceState::Loop => "loop",
    }
}

fn standing_name(standing: Standing<'_, NotAuthorized>) -> &'static str {
    match standing {
        Standing::First => "first",
        Standing::Edit => "edit",
        Standing::Deletion => "deletion",
        Standing::AfterDeletion => "after_deletion",
        Standing::Held => "held",
        Standing::NotAuthorized(_) => "not_authorized",
        Standing::OtherKind => "other_kind",
        Standing::Retracted => "retracted",
    }
}

fn state_name(state: EntryState) -> &'static str {
    match state {
        EntryState::Shown => "shown",
        EntryState::Deleted => "deleted",
        EntryState::Retracted => "retracted",
        EntryState::Expired => "expired",
    }
}

fn kind_name(kind: BodyKind) -> &'static str {
    match kind {
        BodyKind::Content => "content",
        BodyKind::Reaction => "reaction",
        BodyKind::Report => "report",
        BodyKind::Null => "null",
    }
}

fn room_json(uri: &str, room: &Room, now_ms: u64) -> Value {
    let ids = |ids: &mut dyn Iterator<Item = MessageId>| ids.map(|id| id.to_string()).collect::<Vec<_>>();
    let findings = room.suspects().map(|version| {
        let findings = version.findings();
        json!({
            "message_id": version.message_id().to_string(),
            "sender_uri": version.sender_uri(),
            "kind": kind_name(version.kind()),
            "findings": findings.iter().map(TimelineFinding::to_string).collect::<Vec<_>>(),
        })
    });
    json!({
        "room_uri": uri,
        "messages": room.len(),
        "entries": room.entries().map(|entry| entry_json(&entry, now_ms)).collect::<Vec<_>>(),
        "held": ids(&mut room.held().map(|version| version.message_id())),
        "unseen": ids(&mut room.unseen()),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn entry_json(entry: &Entry<'_, MimiContent, NotAuthorized>, now_ms: u64) -> Value {
    let version_json = |version: Version<'_, MimiContent, NotAuthorized>| {
        json!({
            "message_id": version.message_id().to_string(),
            "sender_uri": version.sender_uri(),
            "accepted_timestamp": version.accepted_ms(),
            "standing": standing_name(version.standing()),
        })
    };
    let reaction_json = |reaction: &mimi_content::timeline::Reaction<'_, MimiContent, NotAuthorized>| {
        json!({
            "message_id": reaction.message_id().to_string(),
            "sender_uri": reaction.sender_uri(),
            "to": reaction.to().message_id().to_string(),
            "part": reaction.part().0,
            "reaction": match reaction.content() {
                ReactionContent::Text(text) => json!({"text": text.as_str()}),
                ReactionContent::Other(hash) => json!({"hash": hex::encode(hash)}),
            },
        })
    };
    let state = entry.state(now_ms);
    let body = entry
        .current()
        .payload()
        .filter(|_| state == EntryState::Shown)
        .map(|content| content.body().clone());
    json!({
        "message_id": entry.message_id().to_string(),
        "sender_uri": entry.sender_uri(),
        "accepted_timestamp": entry.accepted_ms(),
        "topic_id": hex::encode(entry.topic_id()),
        "state": state_name(state),
        "expires_at": entry.expires_ms(),
        "edited": entry.is_edited(),
        "current": entry.current().message_id().to_string(),
        "body": body,
        "versions": entry.all_versions().map(version_json).collect::<Vec<_>>(),
        "in_reply_to": entry.in_reply_to(now_ms).map(|reference| {
            json!({"message_id": reference.message_id.to_string(), "state": reference_name(reference.state)})
        }),
        "replies": entry.replies().iter().map(|reply| reply.message_id().to_string()).collect::<Vec<_>>(),
        "reactions": entry.reactions(now_ms).iter().map(reaction_json).collect::<Vec<_>>(),
        "statuses": entry.statuses().iter().map(|status| json!({
            "reader_uri": status.reader_uri,
            "message_id": status.message_id.to_string(),
            "status": status.status.0,
        })).collect::<Vec<_>>(),
    })
}
