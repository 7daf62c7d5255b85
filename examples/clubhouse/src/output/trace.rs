//! Every body as a file, with its type in the name: `mimi-vectors inspect --type TYPE FILE` opens
//! it.

use crate::narrator::Event;

/// A file of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File<'e> {
    /// `0007-act02-b.example-to-a.example-UpdateRequest`: its place in the run, and what it is.
    pub name: String,
    /// The draft's name of the struct.
    pub type_name: &'static str,
    /// The body.
    pub bytes: &'e [u8],
}

/// The bodies among the events, in order.
#[must_use]
pub fn files(events: &[Event]) -> Vec<File<'_>> {
    let (mut act, mut files) = (0, Vec::new());
    for event in events {
        match event {
            Event::Act { number, .. } => act = *number,
            Event::Sent(body) => {
                let place = files.len().saturating_add(1);
                let (from, to, type_name) = (&body.from, &body.to, body.type_name);
                let name = format!("{place:04}-act{act:02}-{from}-to-{to}-{type_name}");
                files.push(File { name, type_name, bytes: &body.bytes });
            }
            _ => {}
        }
    }
    files
}
