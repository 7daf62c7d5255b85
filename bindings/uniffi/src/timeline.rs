//! Messages as the conversation that a person sees.

use std::sync::{Arc, Mutex};

use crate::convert::locked;
use crate::error::Result;

/// Rooms that messages are folded into, whatever the order in which they are received. The lines are
/// those of the vectors of kind `timeline`, as JSON.
#[derive(Debug, uniffi::Object)]
pub struct Conversation(Mutex<mimi::timeline::Conversation>);

#[uniffi::export]
impl Conversation {
    /// No messages, as they are seen by this user, or by a reader who has sent none of them.
    #[uniffi::constructor(default(local_user_uri = None))]
    pub fn new(local_user_uri: Option<String>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(mimi::timeline::Conversation::new(local_user_uri.as_deref()))))
    }

    /// The conversation of `snapshots`.
    #[uniffi::constructor]
    pub fn restore(snapshots: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(Mutex::new(mimi::timeline::Conversation::restore(&snapshots)?))))
    }

    /// Takes one line in. Returns the message ID if another message is there under it.
    pub fn take(&self, line: String) -> Result<Option<String>> {
        Ok(match locked(&self.0).take(&line)? {
            mimi::timeline::Line::DifferentContent(id) => Some(id),
            _ => None,
        })
    }

    /// The rooms as they are seen at a time, as JSON in the form of the vectors' `rooms`. At time 0
    /// no message has expired.
    pub fn rooms(&self, now_ms: u64) -> String {
        locked(&self.0).rooms(now_ms).to_string()
    }

    /// What to store of each room: JSON of snapshots in hex, by the room's URI.
    pub fn snapshots(&self) -> String {
        locked(&self.0).snapshots().to_string()
    }
}
