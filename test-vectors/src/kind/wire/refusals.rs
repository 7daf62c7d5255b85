//! One case for each rule by which bytes are refused, in the smallest struct that has the rule.

use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::DecodeErrorKind as Kind;

use crate::file_format::GeneratedCase;

/// A case, and why and in which field this workspace refuses it.
pub(super) struct Refused {
    pub(super) case: GeneratedCase,
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests check that it is the reason"))]
    pub(super) expected: (Kind, &'static str),
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests decode it"))]
    pub(super) input: (&'static str, Vec<u8>),
}

#[derive(Default)]
struct Cases(Vec<Refused>);

impl Cases {
    fn add(
        &mut self,
        type_name: &'static str,
        name: &str,
        reason: &str,
        kind: Kind,
        field: &'static str,
        encoded: Vec<u8>,
    ) {
        let case = GeneratedCase::invalid(&alloc::format!("{type_name}: {name}"), reason)
            .text("type", type_name)
            .hex("encoded", &encoded);
        self.0.push(Refused { case, expected: (kind, field), input: (type_name, encoded) });
    }
}

pub(super) fn cases() -> Vec<Refused> {
    let mut cases = Cases::default();
    lengths(&mut cases);
    scalars(&mut cases);
    lists(&mut cases);
    structs(&mut cases);
    cases.0
}

/// A `<V>` vector (RFC 9420 §2.1.2) of up to 2^14-1 bytes, which are all that are needed here.
fn vector(content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = if length < 64 { vec![length as u8] } else { vec![0x40 | (length >> 8) as u8, length as u8] };
    [head, content.into()].concat()
}

fn lengths(cases: &mut Cases) {
    let name = "HPKEPublicKey";
    let mut add = |what: &str, reason: &str, kind, encoded| cases.add(name, what, reason, kind, "", encoded);
    add(
        "prefix 11",
        "the two highest bits of a length are 00, 01 or 10",
        Kind::InvalidLengthPrefix,
        vec![0xc0, 0, 0, 0, 0, 0, 0, 0],
    );
    for (what, length, head) in [
        ("length 0 in two bytes", 0, vec![0x40, 0]),
        ("length 63 in two bytes", 63, vec![0x40, 63]),
        ("length 1 in four bytes", 1, vec![0x80, 0, 0, 1]),
        ("length 64 in four bytes", 64, vec![0x80, 0, 0, 64]),
    ] {
        let encoded = [head, vec![0; length]].concat();
        add(what, "the length has a shorter form", Kind::NonMinimalLength, encoded);
    }
    for (what, declared, encoded) in [
        ("length beyond the input", 2, vec![2, 0]),
        ("length 2^30-1 in front of nothing", (1 << 30) - 1, vec![0xbf, 0xff, 0xff, 0xff]),
        (
            "length 2^30-1 in front of ten bytes",
            (1 << 30) - 1,
            [&[0xbf, 0xff, 0xff, 0xff][..], &[0; 10]].concat(),
        ),
    ] {
        let available = encoded.len().saturating_sub(if encoded.len() > 2 { 4 } else { 1 });
        let reason = "the length exceeds the input; nothing is allocated for it";
        add(what, reason, Kind::LengthExceedsInput { declared, available }, encoded);
    }
    cases.add(
        name,
        "length cut off",
        "the length takes two bytes",
        Kind::UnexpectedEnd { missing: 1 },
        "",
        vec![0x40],
    );
    cases.add(
        "GroupContextExtensions",
        "vector that ends inside an element",
        "the extension's data is longer than the vector",
        Kind::LengthExceedsInput { declared: 2, available: 1 },
        "GroupContextExtensions.extensions[0].extension_data",
        vec![0x04, 0x0a, 0x0a, 0x02, 0x00, 0x00],
    );
}

fn scalars(cases: &mut Cases) {
    cases.add(
        "Remove",
        "integer cut off",
        "a leaf index has four bytes",
        Kind::UnexpectedEnd { missing: 1 },
        "Remove.removed",
        vec![0; 3],
    );
    for byte in [2, 0xff] {
        cases.add(
            "Commit",
            &alloc::format!("presence byte {byte}"),
            "a presence byte is 0 or 1",
            Kind::InvalidPresence(byte),
            "Commit.path",
            vec![0, byte],
        );
        cases.add(
            "BaseRoomPolicy",
            &alloc::format!("bool {byte}"),
            "a bool is 0 or 1",
            Kind::InvalidBool(byte),
            "BaseRoomPolicy.fixed_membership",
            vec![byte, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        );
    }
    cases.add(
        "RatchetTree",
        "presence byte 2",
        "a presence byte is 0 or 1",
        Kind::InvalidPresence(2),
        "RatchetTree[0]",
        vec![1, 2],
    );
    cases.add(
        "UTF8String",
        "bytes that are no text",
        "text is UTF-8",
        Kind::InvalidUtf8,
        "UTF8String.string",
        vec![2, 0xc3, 0x28],
    );
    for (type_name, what, name, value, encoded) in [
        ("ContentType", "0", "ContentType", 0, vec![0]),
        ("ContentType", "4", "ContentType", 4, vec![4]),
        ("Sender", "type 0", "SenderType", 0, vec![0]),
        ("Sender", "type 5", "SenderType", 5, vec![5]),
        ("ProposalOrRef", "type 3", "ProposalOrRefType", 3, vec![3]),
        ("ResumptionPSKUsage", "0", "ResumptionPSKUsage", 0, vec![0]),
        ("Optionality", "3", "Optionality", 3, vec![3]),
        ("ConsentOperation", "4", "ConsentOperation", 4, vec![4]),
        ("KeyMaterialClientCode", "3", "KeyMaterialClientCode", 3, vec![3]),
        ("SearchIdentifierType", "9", "SearchIdentifierType", 9, vec![9]),
        ("PendingProposalStrategy", "3", "PendingProposalStrategy", 3, vec![3]),
        ("Protocol", "0", "Protocol", 0, vec![0]),
        ("Protocol", "2", "Protocol", 2, vec![2]),
        ("Credential", "type 0x0a0a", "CredentialType", 0x0a0a, vec![0x0a, 0x0a, 0]),
        ("Proposal", "type 0x0a0a", "ProposalType", 0x0a0a, vec![0x0a, 0x0a, 0]),
        ("MLSMessage", "wire format 0x0a0a", "WireFormat", 0x0a0a, vec![0, 1, 0x0a, 0x0a, 0]),
    ] {
        let reason = "a closed enum, or a number whose layout is unknown";
        cases.add(type_name, what, reason, Kind::UnknownValue { name, value }, type_name, encoded);
    }
}

fn lists(cases: &mut Cases) {
    let entries = |ids: &[u8]| vector(&ids.iter().flat_map(|id| [0, *id, 0]).collect::<Vec<_>>());
    for (type_name, field) in
        [("AppDataDictionary", "AppDataDictionary.component_data[1]"), ("SafeAAD", "SafeAAD.aad_items[1]")]
    {
        for (what, reason, ids) in [
            ("out of order", "the entries ascend by component", [2, 1]),
            ("a component twice", "each component occurs once", [1, 1]),
        ] {
            cases.add(type_name, what, reason, Kind::NotAscending, field, entries(&ids));
        }
    }
    cases.add(
        "GroupContextExtensions",
        "an extension twice",
        "each extension type occurs once",
        Kind::Duplicate,
        "GroupContextExtensions.extensions[1]",
        vector(&[0x0a, 0x0a, 0, 0x0a, 0x0a, 0]),
    );
    cases.add("DomainList", "no domain", "there is at least one", Kind::Empty, "DomainList.domains", vec![0]);
    cases.add(
        "MediaTypeList",
        "no media type",
        "there is at least one",
        Kind::Empty,
        "MediaTypeList.media_type_list",
        vec![0],
    );
    let blank = Kind::Rule("a ratchet tree ends in a blank node");
    cases.add(
        "RatchetTree",
        "blank at the end",
        "trailing blanks are left out",
        blank,
        "RatchetTree",
        vec![1, 0],
    );
    // A parent node: empty encryption_key, parent_hash and unmerged_leaves.
    let parent = Kind::Rule("a parent node stands at an even place");
    cases.add(
        "RatchetTree",
        "parent in a leaf's place",
        "leaves stand at even places",
        parent,
        "RatchetTree[0]",
        vector(&[1, 2, 0, 0, 0]),
    );
    cases.add(
        "ParentNode",
        "unmerged leaves out of order",
        "unmerged leaves ascend",
        Kind::NotAscending,
        "ParentNode.unmerged_leaves[1]",
        [vec![0, 0], vector(&[0, 0, 0, 7, 0, 0, 0, 7])].concat(),
    );
}

fn structs(cases: &mut Cases) {
    cases.add(
        "MessageRange",
        "ends before it begins",
        "the last generation is not less than the first",
        Kind::OutOfRange,
        "MessageRange.last_generation",
        vec![0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 4],
    );
    cases.add(
        "ComponentOperationLabel",
        "another base label",
        "the base label is \"MLS Component\"",
        Kind::Rule("the base label is \"MLS Component\""),
        "ComponentOperationLabel.base_label",
        [vector(b"MLS component"), vec![0, 7], vector(b"label")].concat(),
    );
    cases.add(
        "UTF8String",
        "NUL",
        "names, subjects and moods hold no NUL",
        Kind::Rule("text holds a NUL"),
        "UTF8String.string",
        vector(b"a\0b"),
    );
    cases.add(
        "PartialGroupInfo",
        "with the ratchet tree",
        "its extensions are those without ratchet_tree",
        Kind::Unexpected,
        "PartialGroupInfo.group_info_extensions",
        [vec![0], vector(&[0, 2, 1, 0]), vec![0]].concat(),
    );
    // A Welcome without secrets, and a PrivateMessage of a content type.
    let welcome = [vec![0, 1, 0, 3, 0, 1, 0], vector(b"g")].concat();
    let private =
        |content_type: u8| [&[0, 1, 0, 2], &vector(b"group")[..], &[0; 8], &[content_type, 0, 0, 0]].concat();
    let pair = |wire_format: u8, first: &[u8], second: &[u8]| [&[0, wire_format], first, second].concat();
    let paired = [vec![0, 1, 0, 7], pair(3, &welcome, &welcome)].concat();
    for (name, rule, field, encoded) in [
        (
            "two wire formats",
            "the wire format of a message differs from that of its pair",
            "APQMessagePair.pq_message",
            pair(3, &welcome, &private(3)),
        ),
        (
            "a pair in a pair",
            "a pair of messages holds another pair",
            "APQMessagePair.wire_format",
            pair(7, &paired, &paired),
        ),
        (
            "application data",
            "a pair of messages holds application data",
            "APQMessagePair.t_message",
            pair(2, &private(1), &private(1)),
        ),
    ] {
        cases.add("APQMessagePair", name, rule, Kind::Rule(rule), field, encoded);
    }
    for (name, rule, field, nodes) in [
        (
            "a prefix that is too long",
            "the prefix has another length than prefix_length says",
            "PPRFState.nodes[0].prefix",
            vec![8, 2, 0, 0, 0],
        ),
        (
            "an unused bit",
            "an unused bit of the prefix is not 0",
            "PPRFState.nodes[0].prefix",
            vec![7, 1, 1, 0],
        ),
        (
            "a node below another",
            "the path of a node is a prefix of the next node's",
            "PPRFState.nodes[1]",
            vec![2, 1, 0x80, 0, 3, 1, 0xa0, 0],
        ),
    ] {
        cases.add("PPRFState", name, rule, Kind::Rule(rule), field, vector(&nodes));
    }
    let aad = |content_type: u8| [vector(b"group"), vec![0; 8], vec![content_type], vec![0; 4]].concat();
    cases.add(
        "SemiPrivateContentAAD",
        "application",
        "semi-private messages carry handshakes only",
        Kind::ForbiddenValue { name: "ContentType", value: 1 },
        "SemiPrivateContentAAD.content_type",
        aad(1),
    );
    // Each level: one binding of a suite, a multi-credential, an empty key and an empty signature.
    let deepest = [vec![0, 1], vector(b"alice")].concat();
    let credential = (0..5)
        .fold(deepest, |inner, _| [vec![0, 3], vector(&[vec![0, 1], inner, vec![0, 0]].concat())].concat());
    cases.add(
        "Credential",
        "multi-credentials in five levels",
        "decoders follow four",
        Kind::TooDeep,
        "Credential.bindings[0].credential.bindings[0].credential.bindings[0].credential.bindings[0].credential",
        credential,
    );
    let media_type = |kind: &[u8], parameters: &[&[u8]]| {
        let parameters: Vec<_> =
            parameters.iter().map(|name| [vector(name), vector(b"x")].concat()).collect();
        [vector(kind), vector(&parameters.concat())].concat()
    };
    cases.add(
        "MediaType",
        "without a subtype",
        "it is type/subtype",
        Kind::Rule("not `type/subtype`"),
        "MediaType.type",
        media_type(b"text", &[]),
    );
    cases.add(
        "MediaType",
        "a parameter twice",
        "names differ, whatever their case",
        Kind::Duplicate,
        "MediaType.parameters[1]",
        media_type(b"text/plain", &[b"charset", b"Charset"]),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_format::Seed;
    use alloc::format;
    use alloc::string::{String, ToString};
    use mimi_codec::{DecodeError, registry};

    struct Decode<'a>(&'a [u8]);

    impl registry::Visitor for Decode<'_> {
        type Output = Result<(), DecodeError>;
        fn visit<T: registry::WireType>(self) -> Self::Output {
            T::decode_exact(self.0).map(drop)
        }
    }

    #[test]
    fn refuses_each_case_for_its_reason() {
        let mut others = Vec::new();
        for Refused { case, expected: (kind, field), input: (type_name, encoded) } in cases() {
            let found = registry::visit(type_name, Decode(&encoded)).unwrap();
            if !found.as_ref().is_err_and(|error| *error.kind() == kind && error.path().to_string() == field)
            {
                others.push(format!("{} {kind:?} {field} {found:?}", case.name()));
            }
        }
        assert!(others.is_empty(), "{others:#?}");
    }

    #[test]
    fn refuses_every_type_that_is_cut_off_or_followed_by_a_byte() {
        let valid = super::super::samples::cases(&Seed::default()).unwrap();
        let names: Vec<String> = valid.iter().map(|case| case.name().to_string()).collect();
        for known in crate::wire_type::types() {
            let name = format!("{} with a byte behind it", known.name);
            assert!(names.contains(&name), "{name}");
            let name = format!("{} without its last byte", known.name);
            // A struct without fields has no last byte.
            assert_eq!(names.contains(&name), known.name != "SelfRemove", "{name}");
        }
    }
}
