//! What vector files hold: cases in the making, their flags, and the seed that they come from.

mod flag;
mod seed;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::code_points::CipherSuite;
use mimi_crypto::RustCrypto;

pub(crate) use flag::{Flag, Labels, notes};
pub(crate) use seed::Stream;
pub use seed::{InvalidSeedError, Seed};

/// The suites that every kind has vectors for, valid and invalid.
pub(crate) const CLASSICAL_SUITES: [CipherSuite; 5] = RustCrypto::CLASSICAL_CIPHER_SUITES;

/// The post-quantum suites that every kind has valid vectors for: the first three of
/// mls-pq-ciphersuites-06, and one with ML-DSA.
pub(crate) const POST_QUANTUM_SUITES: [CipherSuite; 4] = [
    CipherSuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_ED25519,
    CipherSuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_ED25519,
    CipherSuite::MLS_128_MLKEM768P256_AES128GCM_SHA256_P256,
    CipherSuite::MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44,
];

/// Both.
pub(crate) fn suites() -> impl Iterator<Item = CipherSuite> {
    CLASSICAL_SUITES.into_iter().chain(POST_QUANTUM_SUITES)
}

/// Why there are no vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GenerateError {
    /// No kind has this name.
    UnknownKind,
    /// A crate of this workspace refuses a value that it should take; the text is its error.
    Defect(String),
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKind => f.write_str("unknown kind"),
            Self::Defect(text) => write!(f, "a value that should be taken is refused: {text}"),
        }
    }
}

impl core::error::Error for GenerateError {}

macro_rules! defect {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for GenerateError {
            fn from(error: $error) -> Self {
                Self::Defect(format!("{error}"))
            }
        }
    )*};
}

defect!(
    mimi_codec::DecodeError,
    mimi_codec::EncodeError,
    mimi_codec::InvalidValueError,
    mimi_content::BuildError,
    mimi_content::DecodeError,
    mimi_content::ExtensionError,
    mimi_content::UriTooLongError,
    mimi_crypto::CryptoError,
    mimi_franking::FrankingError,
    mimi_pseudonym::PseudonymError,
    serde_json::Error,
);

/// A case in the making: its members in their order, with their values as JSON.
#[derive(Clone, Debug)]
pub(crate) struct GeneratedCase {
    name: String,
    reason: String,
    valid: bool,
    members: Vec<(String, String)>,
}

impl GeneratedCase {
    pub(crate) fn new(name: &str) -> Self {
        let case = Self { name: name.into(), reason: String::new(), valid: true, members: Vec::new() };
        case.text("name", name)
    }

    /// A case that must be refused.
    pub(crate) fn invalid(name: &str, reason: &str) -> Self {
        let case = Self { reason: reason.into(), valid: false, ..Self::new(name) };
        case.json_member("valid", "false".into()).text("reason", reason)
    }

    pub(crate) fn text(self, member: &'static str, value: &str) -> Self {
        self.json_member(member, text(value))
    }

    pub(crate) fn hex(self, member: &'static str, value: &[u8]) -> Self {
        self.json_member(member, format!("\"{}\"", hex::encode(value)))
    }

    pub(crate) fn json_member(mut self, member: &'static str, json: String) -> Self {
        self.members.push((member.into(), json));
        self
    }

    /// All members of an object.
    pub(crate) fn members(mut self, members: &serde_json::Value) -> Self {
        let members = members.as_object().into_iter().flatten();
        self.members.extend(members.map(|(name, value)| (name.clone(), format!("{value}"))));
        self
    }

    /// The case with these members of another in addition.
    pub(crate) fn members_of(mut self, other: &Self, members: &[&str]) -> Self {
        let chosen = other.members.iter().filter(|(member, _)| members.contains(&member.as_str()));
        self.members.extend(chosen.cloned());
        self
    }

    /// The JSON of a member.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let found = self.members.iter().find(|(member, _)| member == name);
        found.map(|(_, json)| json.as_str())
    }

    #[cfg(test)]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// With the flags that are its own among these.
    pub(crate) fn flagged(&self, flags: &[Flag]) -> Self {
        let (name, reason, valid) = (&self.name, &self.reason, self.valid);
        let names = flag::names(flags, &Labels { name, reason, valid, members: &self.members });
        if names.is_empty() {
            return self.clone();
        }
        self.clone().json_member("flags", format!("{}", serde_json::Value::from(names)))
    }

    pub(crate) fn json(&self) -> String {
        let members: Vec<_> =
            self.members.iter().map(|(name, json)| format!("{}: {json}", text(name))).collect();
        format!("{{{}}}", members.join(", "))
    }
}

pub(crate) fn text(value: &str) -> String {
    format!("{}", serde_json::Value::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_json_asks_for() {
        let case = GeneratedCase::new("a \"b\"\n\u{0}").json();
        assert_eq!(case, "{\"name\": \"a \\\"b\\\"\\n\\u0000\"}");
    }
}
