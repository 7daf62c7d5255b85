//! Messages, edits, reactions and reports as the conversation that a person sees.

use mimi_codec::parse_json;
use mimi_test_vectors::conversation::{RoomTimelines, Taken};
use serde_json::Value;

use crate::{Error, ErrorKind, Result};

/// Rooms that messages are folded into, whatever the order in which they are received.
///
/// The lines are those of `mimi-vectors timeline` and of the vectors of kind `timeline`: a received
/// message is `{"room_uri", "sender_uri", "accepted_timestamp": ms, "encoded": hex}`, with
/// `"read_at": ms` once the user has read it. With
/// `"content_type": "application/mimi-message-status"` the bytes are a status report by itself. A
/// message that the hub has not accepted yet has `"local": id` and `"created_at": ms` in the place
/// of the timestamp, and later lines say what became of it:
/// `{"local": id, "accepted_timestamp": ms}`, `{"local": id, "failed": true}` or
/// `{"local": id, "dropped": true}`. What the hub retracts is
/// `{"room_uri", "sender_uri", "component": 80 or 81, "retraction": hex}`.
///
/// Only senders may change their messages; what others try is reported in `findings`.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    rooms: RoomTimelines,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Line {
    /// It is in its room.
    Folded,
    /// Another message is there under its ID, which is given as hex.
    DifferentContent(String),
}

impl Conversation {
    /// No messages, as they are seen by this user; without one, by a reader who has sent none of
    /// them.
    #[must_use]
    pub fn new(local_user_uri: Option<&str>) -> Self {
        Self { rooms: RoomTimelines::new(local_user_uri) }
    }

    /// Takes one line in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if it is no line, or a message in it is refused. The
    /// conversation is then as before.
    pub fn take(&mut self, line: &str) -> Result<Line> {
        self.rooms.take(line).map(line_of).map_err(|why| Error::input("line", why))
    }

    /// As [`take`](Self::take), for JSON that is read.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_json(&mut self, line: &Value) -> Result<Line> {
        self.rooms.take_json(line).map(line_of).map_err(|why| Error::input("line", why))
    }

    /// Takes all lines of a text in, empty ones passed over. Returns the lines that were refused,
    /// each with its number, counted from 1.
    pub fn take_lines(&mut self, text: &str) -> Vec<(u64, Error)> {
        let lines = (1_u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let refused = lines.filter_map(|(number, line)| match self.take(line) {
            Ok(Line::Folded) => None,
            Ok(Line::DifferentContent(id)) => {
                let message = format!("another message came under the ID {id}");
                Some((number, Error::new(ErrorKind::InvalidInput, message)))
            }
            Err(error) => Some((number, error)),
        });
        refused.collect()
    }

    /// The rooms as they are seen at a time in milliseconds since the UNIX epoch, in the JSON form
    /// of the vectors' `rooms`. At time 0 no message has expired.
    ///
    /// ```
    /// let mut conversation = mimi::timeline::Conversation::new(None);
    /// let refused = conversation.take_lines("{\"room_uri\": 7}\n\n");
    /// assert_eq!((refused[0].0, refused.len()), (1, 1));
    /// assert_eq!(conversation.rooms(0), serde_json::json!([]));
    /// ```
    #[must_use]
    pub fn rooms(&self, now_ms: u64) -> Value {
        self.rooms.to_json(now_ms)
    }

    /// What to store of each room, by its URI, as hex.
    #[must_use]
    pub fn snapshots(&self) -> Value {
        self.rooms.snapshots()
    }

    /// The conversation of [snapshots](Self::snapshots), as JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if it is not JSON, has a room twice, or one of them is not a
    /// valid snapshot; the message then begins with the room's URI.
    pub fn restore(snapshots: &str) -> Result<Self> {
        let snapshots = parse_json(snapshots).map_err(|error| Error::input("snapshots", error))?;
        Self::restore_json(&snapshots)
    }

    /// As [`restore`](Self::restore), for JSON that is read.
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    pub fn restore_json(snapshots: &Value) -> Result<Self> {
        let rooms = RoomTimelines::restore(snapshots).map_err(|why| Error::input("snapshots", why))?;
        Ok(Self { rooms })
    }
}

fn line_of(taken: Taken) -> Line {
    match taken {
        Taken::DifferentContent(id) => Line::DifferentContent(id.to_string()),
        _ => Line::Folded,
    }
}
