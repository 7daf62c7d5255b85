//! As a sequence diagram in Mermaid's language, like those of mimi-protocol-06 §3.

use std::fmt::Write;

use crate::narrator::{Event, Hop};

/// The events as a `sequenceDiagram`.
#[must_use]
pub fn render(events: &[Event]) -> String {
    let mut text = "sequenceDiagram\n".to_owned();
    let parties = participants(events);
    for party in &parties {
        let _ = writeln!(text, "    participant {} as {party}", identifier(party));
    }
    let over = match (parties.first(), parties.last()) {
        (Some(first), Some(last)) => format!("{},{}", identifier(first), identifier(last)),
        _ => return text,
    };
    for event in events {
        // Writing to a String cannot fail.
        let _ = match event {
            Event::Act { number, title } => {
                writeln!(text, "    note over {over}: Act {number}. {}", plain(title))
            }
            Event::Scene(scene) => writeln!(text, "    note over {over}: {}", plain(scene)),
            Event::Sent(body) => {
                let arrow = match body.hop {
                    Hop::Request => "->>",
                    Hop::Response => "-->>",
                    Hop::Local => "-)",
                };
                let (from, to) = (identifier(&body.from), identifier(&body.to));
                let (path, size) = (plain(&body.path), body.bytes.len());
                writeln!(text, "    {from}{arrow}{to}: {path} {} ({size})", body.type_name)
            }
            Event::Decided(verdict) => {
                let mark = if verdict.accepted { "✓" } else { "✗" };
                let why = verdict.why.first().map(String::as_str);
                let code = verdict.code.as_deref().or(why).unwrap_or_default();
                writeln!(text, "    note right of {}: {mark} {}", identifier(&verdict.by), plain(code))
            }
            Event::Note(_) | Event::Saw { .. } => Ok(()),
        };
    }
    text
}

/// All parties that send or get something, clients beside their servers in the order of their first
/// appearance.
fn participants(events: &[Event]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let named = events.iter().flat_map(|event| match event {
        Event::Sent(body) => vec![&body.from, &body.to],
        Event::Decided(verdict) => vec![&verdict.by],
        _ => Vec::new(),
    });
    for party in named {
        if !found.contains(party) {
            found.push(party.clone());
        }
    }
    found
}

/// A name without what Mermaid's language gives a meaning.
fn identifier(party: &str) -> String {
    party.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect()
}

/// A text without line ends, `;` and `#`, which end a line or begin a character's number.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| if matches!(character, ';' | '#' | '\n' | ':') { ',' } else { character })
        .collect()
}
