//! RFC 9420, the Messaging Layer Security protocol: everything of it that MIMI carries.

mod hpke;

pub use hpke::HPKECiphertext;
