//! One case for each rule by which a message is refused, and for each field that the rule holds
//! for.

mod envelope;
mod extensions;
mod parts;

use alloc::vec::Vec;

use mimi_content::DecodeErrorKind as Kind;

use super::raw::{Raw, multi_levels, nested_arrays, part};
use crate::cbor::{head, unsigned};
use crate::file_format::GeneratedCase;

/// A case, and why and in which field this workspace refuses it.
pub(super) struct Invalid {
    pub(super) case: GeneratedCase,
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests check that it is the reason"))]
    pub(super) expected: (Kind, &'static str),
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests decode it"))]
    pub(super) encoded: Vec<u8>,
}

#[derive(Default)]
struct Cases(Vec<Invalid>);

impl Cases {
    fn add(&mut self, name: &str, reason: &str, kind: Kind, field: &'static str, encoded: Vec<u8>) {
        let case = GeneratedCase::invalid(name, reason).hex("encoded", &encoded);
        self.0.push(Invalid { case, expected: (kind, field), encoded });
    }
}

pub(super) fn cases() -> Vec<Invalid> {
    let mut cases = Cases::default();
    envelope::add_to(&mut cases);
    extensions::add_to(&mut cases);
    parts::add_to(&mut cases);
    bombs(&mut cases);
    cases.0
}

const fn expected(expected: &'static str) -> Kind {
    Kind::UnexpectedType { expected }
}

const A_BYTE_STRING: Kind = expected("a byte string");
const AN_UNSIGNED_INTEGER: Kind = expected("an unsigned integer");
const TEXT: Kind = expected("a text string");
const AN_ARRAY: Kind = expected("an array");

fn bombs(cases: &mut Cases) {
    const CLAIM: u64 = 1 << 40;
    let reason = "the document holds fewer bytes than it declares; nothing is allocated for them";
    let topic_id = |topic_id: Vec<u8>| Raw { topic_id, ..Raw::default() }.encoded();
    for (name, length) in [("2^40", CLAIM), ("2^64-1", u64::MAX)] {
        cases.add(
            &alloc::format!("topic_id that declares {name} octets"),
            reason,
            Kind::Truncated,
            "topic_id",
            topic_id(head(2, length)),
        );
        cases.add(
            &alloc::format!("extensions that declare {name} entries"),
            reason,
            Kind::Truncated,
            "extensions",
            Raw { extensions: head(5, length), ..Raw::default() }.encoded(),
        );
        cases.add(
            &alloc::format!("extension value that declares {name} items"),
            reason,
            Kind::Truncated,
            "extensions[1000]",
            Raw::with_value(&head(4, length)).encoded(),
        );
        cases.add(
            &alloc::format!("language that declares {name} octets"),
            reason,
            Kind::Truncated,
            "body.language",
            Raw::with_body([head(4, 3), unsigned(1), head(3, length)].concat()).encoded(),
        );
    }
    cases.add(
        "multipart that declares 2^40 parts",
        reason,
        Kind::Truncated,
        "body.parts",
        Raw::with_body(part(&[unsigned(3), unsigned(2), head(4, CLAIM)])).encoded(),
    );
    cases.add(
        "bomb of 2000 arrays in an extension",
        "it is refused at level 5, before it exhausts the stack",
        Kind::ExtensionsTooDeep,
        "extensions[1000][0][0][0]",
        Raw::with_value(&nested_arrays(2000)).encoded(),
    );
    cases.add(
        "bomb of 200 multiparts",
        "it is refused at level 5, before it exhausts the stack",
        Kind::PartsTooDeep,
        "body.parts[1].parts[1].parts[1].parts[0]",
        Raw::with_body(multi_levels(200)).encoded(),
    );
}

#[cfg(test)]
mod tests {
    use super::super::raw::external_items;
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::{String, ToString};
    use mimi_content::MimiContent;

    #[test]
    fn refuses_each_case_for_its_reason() {
        let mut others = Vec::new();
        for Invalid { case, expected: (kind, field), encoded } in cases() {
            let dot = if field.is_empty() { "" } else { "." };
            let field = format!("MimiContent{dot}{field}");
            let found = MimiContent::decode(&encoded);
            if !found.as_ref().is_err_and(|error| *error.kind() == kind && error.path().to_string() == field)
            {
                others.push(format!("{} {kind:?} {field} {found:?}", case.name()));
            }
        }
        assert!(others.is_empty(), "{others:#?}");
    }

    #[test]
    fn has_a_case_for_every_refusal_rule() {
        let name = |kind: &Kind| -> String {
            format!("{kind:?}").chars().take_while(|character| character.is_alphanumeric()).collect()
        };
        let covered: BTreeSet<_> = cases().iter().map(|invalid| name(&invalid.expected.0)).collect();
        let rules = [
            "ArrayLength",
            "ByteLength",
            "DuplicateMapKey",
            "ExtensionKeyLength",
            "ExtensionsTooDeep",
            "IndefiniteLength",
            "IntegerRange",
            "InvalidUtf8",
            "MapKeyRange",
            "MapKeyType",
            "NonCanonicalBignum",
            "NotShortest",
            "NotWellFormed",
            "PartsTooDeep",
            "TooFewParts",
            "TooManyParts",
            "TopicIdTooLong",
            "TrailingBytes",
            "Truncated",
            "UnexpectedType",
            "UnknownCardinality",
            "UnknownPartSemantics",
            "UnsortedMapKeys",
            "UnusualNan",
        ];
        assert_eq!(covered.iter().map(String::as_str).collect::<Vec<_>>(), rules);
    }

    #[test]
    fn differs_from_a_valid_message_only_where_it_says() {
        MimiContent::decode(&Raw::default().encoded()).unwrap();
        MimiContent::decode(&Raw::with_value(&unsigned(0)).encoded()).unwrap();
        MimiContent::decode(&Raw::with_body(part(&external_items())).encoded()).unwrap();
        MimiContent::decode(&Raw::with_body(multi_levels(4)).encoded()).unwrap();
        MimiContent::decode(&Raw::with_value(&nested_arrays(3)).encoded()).unwrap();
    }
}
