//! Making vector files: the same seed gives the same bytes.

mod flag;
mod seed;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::code_points::CipherSuite;
use mimi_crypto::RustCrypto;

use crate::kind;
use crate::verify::FORMAT;
pub(crate) use flag::{Flag, Labels};
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

/// A vector file that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The name of the file: the kind's, with `.json` behind it.
    pub file_name: String,
    /// Its content.
    pub json: String,
    /// How many cases it has.
    pub cases: usize,
}

/// Makes the vectors of one [kind](crate::kinds).
///
/// ```
/// use mimi_test_vectors::{SHIPPED, Seed, generate};
///
/// let status = generate("message-status", &Seed::default()).unwrap();
/// assert!(SHIPPED.contains(&("message-status.json", status.json.as_str())));
/// assert_ne!(generate("message-status", &"00ff".parse()?).unwrap().json, status.json);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`GenerateError::UnknownKind`], and [`GenerateError::Defect`] if the crates that the vectors are
/// about don't take what they should.
pub fn generate(kind: &str, seed: &Seed) -> Result<Generated, GenerateError> {
    let kind = kind::find(kind).ok_or(GenerateError::UnknownKind)?;
    let flags = kind.flags();
    let cases = kind.generate(seed)?;
    let lines: Vec<_> = cases.iter().map(|case| case.flagged(flags).json()).collect();
    let spec: Vec<_> = kind.spec().iter().map(|spec| text(spec)).collect();
    let json = format!(
        "{{\n\"format\": {FORMAT},\n\"kind\": {kind},\n\"spec\": [{spec}],\n\"generator\": \"mimi-vectors\",\n\
         \"seed\": \"{seed}\",\n\"notes\": {notes},\n\"cases\": [\n{cases}\n]\n}}\n",
        kind = text(kind.name()),
        spec = spec.join(", "),
        notes = flag::notes(flags),
        cases = lines.join(",\n"),
    );
    Ok(Generated { file_name: format!("{}.json", kind.name()), json, cases: cases.len() })
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
    crate::wire_type::InspectError,
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
    fn flagged(&self, flags: &[Flag]) -> Self {
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

fn text(value: &str) -> String {
    format!("{}", serde_json::Value::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify_str;

    #[test]
    fn makes_vectors_that_hold_from_any_seed() {
        for seed in ["", "00", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"] {
            for kind in crate::kinds() {
                let generated = generate(kind, &seed.parse().unwrap()).unwrap();
                let report = verify_str(&generated.file_name, &generated.json);
                assert!(report.holds(), "{kind} from {seed:?}: {:?}", report.failures);
                assert_eq!(report.cases, generated.cases);
                // A refused decision is a valid case of the kind `policy`.
                let has_both = report.valid > 0 && report.invalid > 0;
                // No text is refused as Markdown.
                assert!(has_both || ["markdown", "policy"].contains(&kind), "{kind} has both");
            }
        }
        assert_eq!(generate("no such kind", &Seed::default()), Err(GenerateError::UnknownKind));
    }

    #[test]
    fn every_case_has_a_flag_and_every_flag_a_case() {
        let mut wrong = Vec::new();
        for kind in crate::kinds() {
            let json = generate(kind, &Seed::default()).unwrap().json;
            let file: serde_json::Value = serde_json::from_str(&json).unwrap();
            let notes = file["notes"].as_object().unwrap();
            let cases = file["cases"].as_array().unwrap();
            let has = |case: &serde_json::Value, flag: &str| {
                case["flags"].as_array().is_some_and(|flags| flags.iter().any(|name| name == flag))
            };
            for flag in notes.keys().filter(|flag| !cases.iter().any(|case| has(case, flag))) {
                wrong.push(format!("{kind}: no case has {flag}"));
            }
            for case in cases.iter().filter(|case| !notes.keys().any(|flag| has(case, flag))) {
                wrong.push(format!("{kind}: {} has no flag", case["name"]));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn escapes_what_json_asks_for() {
        let case = GeneratedCase::new("a \"b\"\n\u{0}").json();
        assert_eq!(case, "{\"name\": \"a \\\"b\\\"\\n\\u0000\"}");
    }
}
