//! Bytes of any type.

use mimi::inspect::{self, RunRole};
use wasm_bindgen::prelude::*;

use crate::{Thrown, answer, json, thrown};

/// `types` of the facade.
#[wasm_bindgen]
pub fn types() -> String {
    json(&inspect::types())
}

/// `guess` of the facade.
#[wasm_bindgen]
pub fn guess(encoded: &[u8]) -> String {
    json(&inspect::guess(encoded))
}

/// `to_json` of the facade.
#[wasm_bindgen(js_name = toJson)]
pub fn to_json(type_name: &str, encoded: &[u8]) -> Thrown<String> {
    answer(inspect::to_json(type_name, encoded))
}

/// `compare` of the facade.
#[wasm_bindgen]
pub fn compare(type_name: &str, a: &[u8], b: &[u8]) -> Thrown<String> {
    answer(inspect::compare(type_name, a, b))
}

/// The inspection of an input that may be large: numbers of all fields and runs as arrays, texts
/// of the fields that are asked for.
#[wasm_bindgen]
pub struct Inspection(inspect::Inspection);

/// Stands for no field.
const NONE: u32 = u32::MAX;

/// Offsets fit: memory is addressed by 32 bits.
fn offset(offset: u64) -> u32 {
    u32::try_from(offset).unwrap_or(NONE)
}

#[wasm_bindgen]
impl Inspection {
    /// `inspect_as` of the facade.
    #[wasm_bindgen(constructor)]
    pub fn new(type_name: &str, encoded: &[u8]) -> Thrown<Self> {
        inspect::inspect_as(type_name, encoded).map(Self).map_err(thrown)
    }

    /// Type, section, length, the numbers of fields and runs, and the refusal.
    pub fn summary(&self) -> String {
        let Self(inspection) = self;
        json(&serde_json::json!({
            "type_name": inspection.type_name,
            "section": inspection.section,
            "length": inspection.length,
            "fields": inspection.fields.len(),
            "runs": inspection.runs.len(),
            "refused": inspection.refused,
        }))
    }

    /// The fields from one place to another, with all they say.
    pub fn fields(&self, from: usize, to: usize) -> String {
        let end = to.min(self.0.fields.len());
        json(&self.0.fields.get(from.min(end)..end).unwrap_or_default())
    }

    #[wasm_bindgen(js_name = fieldStarts)]
    pub fn field_starts(&self) -> Vec<u32> {
        self.0.fields.iter().map(|field| offset(field.start)).collect()
    }

    #[wasm_bindgen(js_name = fieldEnds)]
    pub fn field_ends(&self) -> Vec<u32> {
        self.0.fields.iter().map(|field| offset(field.end)).collect()
    }

    #[wasm_bindgen(js_name = fieldDepths)]
    pub fn field_depths(&self) -> Vec<u32> {
        self.0.fields.iter().map(|field| field.depth).collect()
    }

    #[wasm_bindgen(js_name = fieldParents)]
    pub fn field_parents(&self) -> Vec<u32> {
        self.0.fields.iter().map(|field| field.parent.unwrap_or(NONE)).collect()
    }

    #[wasm_bindgen(js_name = runStarts)]
    pub fn run_starts(&self) -> Vec<u32> {
        self.0.runs.iter().map(|run| offset(run.start)).collect()
    }

    #[wasm_bindgen(js_name = runFields)]
    pub fn run_fields(&self) -> Vec<u32> {
        self.0.runs.iter().map(|run| run.field.unwrap_or(NONE)).collect()
    }

    /// Of each run 0 for a field, 1 for framing, 2 for what was not read.
    #[wasm_bindgen(js_name = runRoles)]
    pub fn run_roles(&self) -> Vec<u8> {
        let roles = self.0.runs.iter().map(|run| match run.role {
            RunRole::Field => 0,
            RunRole::Framing => 1,
            _ => 2,
        });
        roles.collect()
    }
}
