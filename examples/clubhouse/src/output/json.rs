//! For programs: one object for each event, in order.

use serde_json::{Value, json};

use crate::narrator::{Event, Hop};

/// The events as a JSON array. Bodies are given by type and length; [`trace`](super::trace) has
/// their bytes.
#[must_use]
pub fn render(events: &[Event]) -> Value {
    Value::Array(events.iter().map(event).collect())
}

fn event(event: &Event) -> Value {
    match event {
        Event::Act { number, title } => json!({ "event": "act", "number": number, "title": title }),
        Event::Scene(text) => json!({ "event": "scene", "text": text }),
        Event::Note(text) => json!({ "event": "note", "text": text }),
        Event::Sent(body) => json!({
            "event": "sent",
            "from": body.from,
            "to": body.to,
            "hop": match body.hop {
                Hop::Request => "request",
                Hop::Response => "response",
                Hop::Local => "local",
            },
            "path": body.path,
            "type": body.type_name,
            "bytes": body.bytes.len(),
        }),
        Event::Saw { who, what } => json!({ "event": "saw", "who": who, "what": what }),
        Event::Decided(verdict) => json!({
            "event": "decided",
            "by": verdict.by,
            "about": verdict.about,
            "accepted": verdict.accepted,
            "code": verdict.code,
            "why": verdict.why,
        }),
    }
}
