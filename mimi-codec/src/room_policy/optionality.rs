//! Three answers to "shall it be?".

use alloc::vec::Vec;

use crate::convention::wire_enum;

wire_enum! {
    /// Whether something is left to choice, demanded or barred (mimi-room-policy-04 §6.1).
    pub enum Optionality {
        /// The user's own choice.
        0 "optional" => Optional,
        /// Demanded; `mandatory` in the draft's selects and prose.
        1 "required" => Required,
        /// Barred.
        2 "forbidden" => Forbidden,
    }
}
