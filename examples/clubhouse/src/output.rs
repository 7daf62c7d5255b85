//! What happened, as people and programs read it. Every form is made from the narrator's events and
//! from nothing else.

pub mod diagram;
pub mod json;
pub mod text;
pub mod trace;
