//! A message for the eye: its fields, and its parts as a tree.

use std::io::{self, Write};

use mimi_content::{ExtensionKey, MimiContentRef, PartIndex, PartRef};

/// Characters of a text that are shown.
const EXCERPT: usize = 60;

pub(crate) fn print(message: &MimiContentRef<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "salt         {}", hex::encode(message.salt().as_bytes()))?;
    if let Some(id) = message.replaces() {
        writeln!(out, "replaces     {id}")?;
    }
    if !message.topic_id().is_empty() {
        writeln!(out, "topic_id     {}", excerpt(message.topic_id()))?;
    }
    if let Some(expires) = message.expires() {
        let counted = if expires.relative { "seconds after reading" } else { "seconds since 1970" };
        writeln!(out, "expires      {} {counted}", expires.time)?;
    }
    if let Some(id) = message.in_reply_to() {
        writeln!(out, "in_reply_to  {id}")?;
    }
    for (key, value) in message.extensions().iter() {
        let key = match key {
            ExtensionKey::Integer(key) => key.to_string(),
            ExtensionKey::Text(key) => format!("{key:?}"),
        };
        match value.as_text() {
            Some(text) => writeln!(out, "extension    {key}: {}", excerpt(text.as_bytes()))?,
            None => writeln!(out, "extension    {key}: h'{}'", hex::encode(value.encoded()))?,
        }
    }
    print_part(message, PartIndex(0), 0, out)
}

fn print_part(
    message: &MimiContentRef<'_>,
    index: PartIndex,
    level: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(part) = message.part(index) else { return Ok(()) };
    let indent = "  ".repeat(level);
    let disposition = part.disposition.name().unwrap_or("unknown disposition");
    write!(out, "{indent}part {index}  {disposition}")?;
    if part.disposition.name().is_none() {
        write!(out, " {}", part.disposition.0)?;
    }
    if !part.language.is_empty() {
        write!(out, " [{}]", excerpt(part.language.as_bytes()))?;
    }
    match &part.part {
        PartRef::Null => writeln!(out, "  nothing")?,
        PartRef::Single(single) => {
            let (kind, octets) = (excerpt(single.content_type.as_bytes()), single.content.len());
            writeln!(out, "  {kind}, {octets} octets: {}", excerpt(single.content))?;
        }
        PartRef::External(external) => {
            let kind = excerpt(external.content_type.as_bytes());
            writeln!(out, "  {kind}, {} octets at {}", external.size, excerpt(external.url.as_bytes()))?;
        }
        PartRef::Multi(multi) => {
            writeln!(out, "  {} of {} parts", multi.semantics.name(), multi.child_count())?;
            for (child, _) in message.children(index) {
                print_part(message, child, level.saturating_add(1), out)?;
            }
        }
    }
    Ok(())
}

/// The beginning of a text, or of octets that are none; what a stranger wrote can't move the cursor.
pub(crate) fn excerpt(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => shorten(text.chars().flat_map(|c| {
            if c.is_control() || is_invisible(c) { c.escape_default().collect() } else { vec![c] }
        })),
        Err(_) => format!("h'{}'", shorten(hex::encode(octets).chars())),
    }
}

/// Characters that change the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shorten(mut characters: impl Iterator<Item = char>) -> String {
    let mut text: String = characters.by_ref().take(EXCERPT).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}
