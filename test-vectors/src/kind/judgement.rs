//! The verdict on a case of a cryptographic kind: one judgement serves valid and invalid cases, so
//! that both are judged alike.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt::Display;

use mimi_codec::{Decode, code_points::CipherSuite, mls::HPKEPublicKey};
use mimi_crypto::{CipherSuiteProvider, HpkePrivateKey, RustCrypto};
use rand_core::{TryCryptoRng, TryRng};
#[cfg(all(test, feature = "generate"))]
use serde_json::Map;
use serde_json::Value;

use crate::case::{Case, MAX_NUMBER};

/// Why a case is refused: the fields that are not what they should be, in the order in which they
/// were judged.
#[derive(Debug, Default)]
pub(super) struct Judgement(Vec<Refusal>);

#[derive(Debug)]
struct Refusal {
    field: &'static str,
    expected: String,
    found: String,
}

impl Judgement {
    pub(super) fn refuse(&mut self, field: &'static str, expected: impl Display, found: impl Display) {
        let (expected, found) = (expected.to_string(), found.to_string());
        self.0.push(Refusal { field, expected, found });
    }

    /// Refuses the field unless it holds what was recomputed.
    pub(super) fn same(&mut self, field: &'static str, recomputed: &[u8], found: &[u8]) {
        if recomputed != found {
            self.refuse(field, hex::encode(recomputed), hex::encode(found));
        }
    }

    /// Refuses the field where an operation on it fails.
    pub(super) fn check<T, E: Display>(&mut self, field: &'static str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.refuse(field, "to be accepted", format!("refused: {error}"))).ok()
    }

    pub(super) fn decode<'b, T: Decode<'b>>(&mut self, field: &'static str, bytes: &'b [u8]) -> Option<T> {
        let decoded = T::decode_exact(bytes);
        self.check(field, decoded)
    }

    /// Refuses the field unless the keys are a pair: what is sealed to the one opens with the
    /// other.
    pub(super) fn pair(
        &mut self,
        field: &'static str,
        suite: &RustCrypto,
        private_key: &HpkePrivateKey,
        public_key: &HPKEPublicKey,
    ) {
        let opened = suite
            .hpke_seal(public_key, b"", b"", b"", &mut NoRandomness)
            .and_then(|sealed| suite.hpke_open(private_key, &sealed, b"", b""));
        self.check(field, opened);
    }

    /// The field that was refused first.
    #[cfg(test)]
    pub(super) fn first(&self) -> Option<&'static str> {
        self.0.first().map(|refusal| refusal.field)
    }
}

/// Nothing that is sealed with it stays secret: it is for asking whether two keys are a pair, and
/// no case depends on it. An Ed25519 signature draws nothing.
pub(super) struct NoRandomness;

impl TryRng for NoRandomness {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        output.fill(1);
        Ok(())
    }
}

impl TryCryptoRng for NoRandomness {}

/// Notes every refusal as a failure. What cannot be judged, since members are missing or ill-typed,
/// has been noted already.
pub(super) fn must_hold(case: &mut Case<'_>, judgement: Option<Judgement>) {
    for Refusal { field, expected, found } in judgement.into_iter().flat_map(|judgement| judgement.0) {
        case.fail(field, expected, found);
    }
}

/// Notes a failure if nothing is refused.
pub(super) fn must_be_refused(case: &mut Case<'_>, judgement: Option<Judgement>) {
    if judgement.is_some_and(|judgement| judgement.0.is_empty()) {
        let reason = case.optional("reason").and_then(Value::as_str).unwrap_or("\"valid\" is false");
        case.fail("valid", format!("to be refused: {reason}"), "accepted");
    }
}

/// The case's `cipher_suite`.
pub(super) fn suite(case: &mut Case<'_>) -> Option<RustCrypto> {
    let number = number(case, "cipher_suite")?;
    let Ok(number) = u16::try_from(number) else {
        case.fail("cipher_suite", "a number of 16 bits", number);
        return None;
    };
    known_suite(case, number)
}

/// The suite with this number. A case of another suite is not judged.
pub(super) fn known_suite(case: &mut Case<'_>, number: u16) -> Option<RustCrypto> {
    let suite = RustCrypto::new(CipherSuite(number));
    if suite.is_err() {
        let known: Vec<_> = RustCrypto::CIPHER_SUITES.iter().map(|suite| suite.value().to_string()).collect();
        case.cannot_judge("cipher_suite", format!("a suite that is known ({})", known.join(", ")), number);
    }
    suite.ok()
}

const INTEGER: &str = "an integer, as a decimal string beyond 2^53-1";

/// An integer that has to be there.
pub(super) fn number(case: &mut Case<'_>, field: &str) -> Option<u64> {
    let value = case.required(field, INTEGER)?;
    read_number(case, field, value)
}

/// An integer that may be absent. `None` if it is there and no integer.
pub(super) fn optional_number(case: &mut Case<'_>, field: &str) -> Option<Option<u64>> {
    match case.optional(field) {
        None => Some(None),
        Some(value) => read_number(case, field, value).map(Some),
    }
}

fn read_number(case: &mut Case<'_>, field: &str, value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64().filter(|number| *number <= MAX_NUMBER),
        Value::String(text) => {
            text.parse().ok().filter(|number: &u64| *number > MAX_NUMBER && number.to_string() == *text)
        }
        _ => None,
    };
    if number.is_none() {
        case.fail(field, INTEGER, value);
    }
    number
}

/// An integer that has to be there and to be below 2^32.
pub(super) fn uint32(case: &mut Case<'_>, field: &str) -> Option<u32> {
    let number = number(case, field)?;
    let narrow = u32::try_from(number).ok();
    if narrow.is_none() {
        case.fail(field, "an integer below 2^32", number);
    }
    narrow
}

/// The JSON of an integer.
#[cfg(feature = "generate")]
pub(super) fn json_number(number: u64) -> String {
    if number <= MAX_NUMBER { number.to_string() } else { format!("\"{number}\"") }
}

/// Pairs of hex strings that have to be there: none in an empty list.
pub(super) fn hex_pairs(case: &mut Case<'_>, field: &str) -> Option<Vec<[Vec<u8>; 2]>> {
    let expected = "a list of pairs of lower-case hex";
    let value = case.required(field, expected)?;
    let octets = |value: &Value| {
        let text = value.as_str().filter(|text| !text.bytes().any(|byte| byte.is_ascii_uppercase()))?;
        hex::decode(text).ok()
    };
    let pair = |value: &Value| match value.as_array()?.as_slice() {
        [first, second] => Some([octets(first)?, octets(second)?]),
        _ => None,
    };
    let pairs = value.as_array().and_then(|items| items.iter().map(pair).collect());
    if pairs.is_none() {
        case.fail(field, expected, value);
    }
    pairs
}

/// `N` members that have to be there, all of them read before any is missed.
pub(super) fn all_bytes<const N: usize>(
    case: &mut Case<'_>,
    fields: [&'static str; N],
) -> Option<[Vec<u8>; N]> {
    let read = fields.map(|field| case.bytes(field));
    let all: Option<Vec<_>> = read.into_iter().collect();
    all?.try_into().ok()
}

/// A case in the making, by the field that is refused first.
#[cfg(feature = "generate")]
pub(super) struct Invalid {
    pub(super) case: crate::file_format::GeneratedCase,
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests check that it is the reason"))]
    pub(super) refused: &'static str,
}

/// What spoils a case: its name, why it is refused, the field that is refused first, and the
/// damage.
#[cfg(feature = "generate")]
pub(super) type Rule<'r> = (&'r str, &'r str, &'static str, &'r dyn Fn(&mut Value));

/// The case with these members, once for each rule that it then breaks.
#[cfg(feature = "generate")]
pub(super) fn spoiled(honest: &Value, prefix: &str, rules: &[Rule<'_>]) -> Vec<Invalid> {
    let spoil = |(name, reason, refused, damage): &Rule<'_>| {
        let mut members = honest.clone();
        damage(&mut members);
        let name = format!("{prefix}{name}");
        let case = crate::file_format::GeneratedCase::invalid(&name, reason).members(&members);
        Invalid { case, refused }
    };
    rules.iter().map(spoil).collect()
}

/// The member with its last byte changed.
#[cfg(feature = "generate")]
pub(super) fn flip(members: &mut Value, member: &str) {
    edit(members, member, |bytes| {
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
    });
}

/// The member without its last byte.
#[cfg(feature = "generate")]
pub(super) fn shorten(members: &mut Value, member: &str) {
    edit(members, member, |bytes| bytes.truncate(bytes.len().saturating_sub(1)));
}

/// The member with other bytes.
#[cfg(feature = "generate")]
pub(super) fn edit(members: &mut Value, member: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let text = members.get(member).and_then(Value::as_str).unwrap_or_default();
    let mut bytes = hex::decode(text).unwrap_or_default();
    change(&mut bytes);
    if let Some(members) = members.as_object_mut() {
        members.insert(member.into(), hex::encode(bytes).into());
    }
}

/// The cases that are refused first in another field than they should be, or that cannot be judged.
#[cfg(all(test, feature = "generate"))]
pub(super) fn refuses_each_for_its_reason(
    cases: &[Invalid],
    judge: fn(&mut Case<'_>) -> Option<Judgement>,
) -> Vec<String> {
    let mut others = Vec::new();
    for Invalid { case, refused } in cases {
        let members: Map<String, Value> = serde_json::from_str(&case.json()).unwrap_or_default();
        let mut failures = Vec::new();
        let judgement = judge(&mut Case::new(&members, case.name(), &mut failures));
        if judgement.as_ref().and_then(Judgement::first) != Some(*refused) || !failures.is_empty() {
            others.push(format!("{}: {refused}, not {judgement:?} {failures:?}", case.name()));
        }
    }
    others
}
