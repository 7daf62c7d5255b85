//! Conversations.

use mimi::timeline::{self, Line};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{Thrown, json, thrown};

/// Rooms that messages are folded into.
#[wasm_bindgen]
pub struct Conversation(timeline::Conversation);

/// A line that was refused.
#[derive(Serialize)]
struct RefusedLine {
    line: u64,
    error: mimi::Error,
}

#[wasm_bindgen]
impl Conversation {
    #[wasm_bindgen(constructor)]
    pub fn new(local_user_uri: Option<String>) -> Self {
        Self(timeline::Conversation::new(local_user_uri.as_deref()))
    }

    /// Returns the ID under which another message is there, if one is.
    pub fn take(&mut self, line: &str) -> Thrown<Option<String>> {
        match self.0.take(line).map_err(thrown)? {
            Line::DifferentContent(id) => Ok(Some(id)),
            _ => Ok(None),
        }
    }

    #[wasm_bindgen(js_name = takeLines)]
    pub fn take_lines(&mut self, text: &str) -> String {
        let refused = self.0.take_lines(text).into_iter().map(|(line, error)| RefusedLine { line, error });
        json(&refused.collect::<Vec<_>>())
    }

    /// `now_ms` is whole and not negative.
    pub fn rooms(&self, now_ms: u64) -> String {
        json(&self.0.rooms(now_ms))
    }

    pub fn snapshots(&self) -> String {
        json(&self.0.snapshots())
    }

    pub fn restore(snapshots: &str) -> Thrown<Conversation> {
        timeline::Conversation::restore(snapshots).map(Self).map_err(thrown)
    }
}
