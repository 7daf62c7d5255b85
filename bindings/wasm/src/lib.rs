//! What JavaScript calls. Values cross as JSON text, in the forms of the facade crate `mimi`; bytes
//! as `Uint8Array`. A failure is thrown as the JSON text of [`mimi::Error`], of which `js/index.ts`
//! makes a `MimiError`.
#![forbid(unsafe_code)]

use mimi::Error;
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[cfg(feature = "attachment")]
mod attachment;
#[cfg(feature = "content")]
mod compose;
#[cfg(feature = "franking")]
mod franking;
#[cfg(feature = "inspect")]
mod inspection;
#[cfg(feature = "content")]
mod message;
#[cfg(feature = "policy")]
mod policy;
#[cfg(feature = "pseudonym")]
mod pseudonym;
#[cfg(feature = "timeline")]
mod timeline;

/// JSON text, or the error's.
type Thrown<T> = Result<T, JsValue>;

fn json(value: &impl Serialize) -> String {
    // Maps of the facade have strings as keys, so that nothing fails.
    serde_json::to_string(value).unwrap_or_else(|_| String::from("null"))
}

fn thrown(error: Error) -> JsValue {
    JsValue::from_str(&json(&error))
}

fn answer<T: Serialize>(result: Result<T, Error>) -> Thrown<String> {
    result.map(|value| json(&value)).map_err(thrown)
}

/// An argument that is no JSON of the expected form.
#[cfg(feature = "content")]
fn not_json(argument: &str, error: &serde_json::Error) -> JsValue {
    let record = serde_json::json!({
        "kind": "invalid_input", "reason": null, "message": error.to_string(), "field": argument,
        "offset": null, "section": null,
    });
    JsValue::from_str(&json(&record))
}

/// `bytes_of_text` of the facade; the form is dropped.
#[wasm_bindgen(js_name = bytesOfText)]
pub fn bytes_of_text(text: &str) -> Thrown<Vec<u8>> {
    mimi::bytes_of_text(text).map(|pasted| pasted.bytes).map_err(thrown)
}

/// `check_uri` of the facade.
#[cfg(feature = "uri")]
#[wasm_bindgen(js_name = checkUri)]
pub fn check_uri(uri: &str) -> Thrown<String> {
    answer(mimi::uri::check_uri(uri))
}

/// `same_uri` of the facade.
#[cfg(feature = "uri")]
#[wasm_bindgen(js_name = sameUri)]
pub fn same_uri(a: &str, b: &str) -> Thrown<bool> {
    mimi::uri::same_uri(a, b).map_err(thrown)
}

/// `verify` of the facade.
#[cfg(feature = "verify")]
#[wasm_bindgen]
pub fn verify(name: &str, text: &str) -> String {
    json(&mimi::verify::verify(name, text))
}

/// `kinds` of the facade.
#[cfg(feature = "verify")]
#[wasm_bindgen]
pub fn kinds() -> String {
    json(&mimi::verify::kinds())
}
