//! A room's policy.

use mimi::policy::{self, Picture};
use wasm_bindgen::prelude::*;

use crate::{Thrown, answer, json, thrown};

/// The state of a room.
#[wasm_bindgen]
pub struct Room(policy::Room);

/// A question to a room.
#[wasm_bindgen]
pub struct Case(policy::Case);

/// `cases` of the facade.
#[wasm_bindgen]
pub fn cases(text: &str) -> Thrown<Vec<Case>> {
    Ok(policy::cases(text).map_err(thrown)?.into_iter().map(Case).collect())
}

/// `rooms` of the facade.
#[wasm_bindgen]
pub fn rooms(text: &str) -> Thrown<Vec<Room>> {
    Ok(policy::rooms(text).map_err(thrown)?.into_iter().map(Room).collect())
}

#[wasm_bindgen]
impl Room {
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Thrown<Self> {
        policy::Room::parse(text).map(Self).map_err(thrown)
    }

    #[wasm_bindgen(js_name = toJson)]
    pub fn to_json(&self) -> String {
        json(&self.0.to_json())
    }

    pub fn check(&self) -> Thrown<()> {
        self.0.check().map_err(thrown)
    }

    pub fn matrix(&self) -> String {
        json(&self.0.matrix())
    }

    #[wasm_bindgen(js_name = matrixMarkdown)]
    pub fn matrix_markdown(&self) -> String {
        self.0.matrix_markdown()
    }

    pub fn graph(&self) -> String {
        json(&self.0.graph())
    }

    /// Refused for another name than `svg`, `dot` and `mermaid`.
    pub fn picture(&self, form: &str) -> Option<String> {
        let picture = match form {
            "svg" => Picture::Svg,
            "dot" => Picture::Dot,
            "mermaid" => Picture::Mermaid,
            _ => return None,
        };
        Some(self.0.picture(picture))
    }

    pub fn lint(&self, examples: bool) -> String {
        json(&self.0.lint(examples))
    }

    pub fn can(&self, user_uri: &str, client_uri: Option<String>) -> Thrown<String> {
        answer(self.0.can(user_uri, client_uri.as_deref()))
    }

    pub fn diff(&self, other: &Room) -> String {
        json(&self.0.diff(&other.0))
    }
}

#[wasm_bindgen]
impl Case {
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Thrown<Self> {
        policy::Case::parse(text).map(Self).map_err(thrown)
    }

    #[wasm_bindgen(js_name = toJson)]
    pub fn to_json(&self) -> String {
        json(&self.0.to_json())
    }

    pub fn name(&self) -> Option<String> {
        self.0.name()
    }

    pub fn room(&self) -> Room {
        Room(self.0.room())
    }

    pub fn decide(&self) -> String {
        json(&self.0.decide())
    }

    pub fn who(&self) -> String {
        json(&self.0.who())
    }
}
