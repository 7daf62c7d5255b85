//! A message for the eye: its fields, its parts as a tree, and what is odd about it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use mimi_content::{
    AeadAlgorithm, Anomaly, ExtensionKey, ExternalPartRef, MimiContentRef, PartIndex, PartRef,
    ReceivedMessage,
};

/// Characters of a text that are shown.
const EXCERPT: usize = 60;

pub(crate) fn print(message: &MimiContentRef<'_>, out: &mut dyn Write) -> io::Result<()> {
    let count = message.parts().len();
    let parts = if count == 1 { "part" } else { "parts" };
    writeln!(out, "size         {} bytes, {count} {parts}", message.encoded().len())?;
    if let (Some(sender), Some(room)) = (message.extensions().sender_uri(), message.extensions().room_uri())
        && let Ok(id) = message.message_id(sender, room)
    {
        writeln!(out, "message_id   {id}, if extensions 1 and 2 are true")?;
    }
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
        let name = extension_name(key);
        let key = match key {
            ExtensionKey::Integer(key) => key.to_string(),
            ExtensionKey::Text(key) => excerpt(key.as_bytes()),
        };
        match value.as_text() {
            Some(text) => writeln!(out, "extension    {key}{name}: {}", excerpt(text.as_bytes()))?,
            None => writeln!(
                out,
                "extension    {key}{name}: h'{}'",
                shorten(hex::encode(value.encoded()).chars(), EXCERPT)
            )?,
        }
    }
    print_part(message, PartIndex(0), 0, out)?;
    for anomaly in anomalies(message) {
        writeln!(out, "anomaly      {anomaly} ({:?})", anomaly.advice())?;
    }
    Ok(())
}

fn extension_name(key: ExtensionKey<'_>) -> &'static str {
    match key {
        ExtensionKey::SENDER_URI => " senderUri",
        ExtensionKey::ROOM_URI => " roomUri",
        ExtensionKey::SENDER_TIMESTAMP => " senderTimestamp",
        ExtensionKey::EXTERNAL_MESSAGE_ID => " externalMessageId",
        ExtensionKey::SUBJECT => " subject",
        ExtensionKey::LAST_SEEN => " lastSeen",
        _ => "",
    }
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
            let (kind, bytes) = (excerpt(single.content_type.as_bytes()), single.content.len());
            writeln!(out, "  {kind}, {bytes} bytes: {}", excerpt(single.content))?;
        }
        PartRef::External(external) => print_external(external, &indent, out)?,
        PartRef::Multi(multi) => {
            writeln!(out, "  {} of {} parts", multi.semantics.name(), multi.child_count())?;
            for (child, _) in message.children(index) {
                print_part(message, child, level.saturating_add(1), out)?;
            }
        }
    }
    print_references(message, index, &indent, out)
}

fn print_external(external: &ExternalPartRef<'_>, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let kind = if external.content_type.is_empty() {
        "no type".to_owned()
    } else {
        excerpt(external.content_type.as_bytes())
    };
    let size =
        if external.size == 0 { "unknown size".to_owned() } else { format!("{} bytes", external.size) };
    writeln!(out, "  {kind}, {size} at {}", excerpt(external.url.as_bytes()))?;
    if external.enc_alg != AeadAlgorithm::NONE {
        let name = external.enc_alg.name().unwrap_or("unknown");
        let (key, nonce) = (external.key.len(), external.nonce.len());
        write!(
            out,
            "{indent}  encrypted with {name} ({}), key of {key} bytes, nonce of {nonce}",
            external.enc_alg.0
        )?;
        writeln!(out, ", aad of {}", external.aad.len())?;
    }
    if !external.content_hash.is_empty() {
        let name = external.hash_alg.name().unwrap_or("unknown hash");
        writeln!(
            out,
            "{indent}  {name} ({}) {}",
            external.hash_alg.0,
            hex::encode(external.content_hash.get(..64).unwrap_or(external.content_hash))
        )?;
    }
    if external.expires != 0 {
        writeln!(out, "{indent}  expires {} seconds since 1970", external.expires)?;
    }
    for (name, text) in [("description", external.description), ("filename", external.filename)] {
        if !text.is_empty() {
            writeln!(out, "{indent}  {name} {}", excerpt(text.as_bytes()))?;
        }
    }
    Ok(())
}

/// The parts that a part refers to, each once.
fn print_references(
    message: &MimiContentRef<'_>,
    index: PartIndex,
    indent: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let found: BTreeSet<_> = message.references(index).collect();
    for to in found {
        match to {
            Some(to) => writeln!(out, "{indent}  refers to part {to}")?,
            None => writeln!(out, "{indent}  refers to no single or external part")?,
        }
    }
    Ok(())
}

/// What the bytes alone show: who sent the message, and when, is not known here.
fn anomalies(message: &MimiContentRef<'_>) -> Vec<Anomaly> {
    let extensions = message.extensions();
    let (sender, room) =
        (extensions.sender_uri().unwrap_or_default(), extensions.room_uri().unwrap_or_default());
    let Ok(received) = ReceivedMessage::new(message, sender, room, &|_: &str| true, 0, 0) else {
        return Vec::new();
    };
    let mut found = received.anomalies();
    found.retain(|anomaly| match anomaly {
        Anomaly::ExpiresFarAhead { .. } => message.expires().is_some_and(|expires| expires.relative),
        Anomaly::TimestampBeforeFormat | Anomaly::SenderTimestampOff { .. } => false,
        _ => true,
    });
    found
}

/// The beginning of a text, or of bytes that are not text; what a stranger wrote cannot move the
/// cursor.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => visible(text, EXCERPT),
        Err(_) => format!("h'{}'", shorten(hex::encode(bytes).chars(), EXCERPT)),
    }
}

/// The first characters of a text; what moves the cursor or is not seen is escaped.
pub(crate) fn visible(text: &str, length: usize) -> String {
    let escaped = text
        .chars()
        .flat_map(|c| if c.is_control() || is_invisible(c) { c.escape_default().collect() } else { vec![c] });
    shorten(escaped, length)
}

/// Characters that change the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shorten(mut characters: impl Iterator<Item = char>, length: usize) -> String {
    let mut text: String = characters.by_ref().take(length).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}
