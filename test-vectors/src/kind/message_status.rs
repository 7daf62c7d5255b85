//! The kind `message-status`: message status reports.

#[cfg(feature = "generate")]
mod flags;

use alloc::format;

use mimi_content::{MessageStatusReport, MessageStatusReportRef};

use super::Kind;
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct MessageStatus;

impl Kind for MessageStatus {
    fn name(&self) -> &'static str {
        "message-status"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-mahy-mimi-message-status-01"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let encoded = case.bytes("encoded");
        let statuses = case.structured::<MessageStatusReport>(
            "statuses",
            "a list of pairs of a message ID and a status number",
        );
        let Some(encoded) = encoded else { return };
        if let Some((_, statuses)) = &statuses {
            case.same_bytes("encoded", &encoded, &statuses.encode());
        }
        let decoded = match MessageStatusReport::decode(&encoded) {
            Ok(decoded) => decoded,
            Err(error) => return case.fail("encoded", "to be accepted", format!("refused: {error}")),
        };
        let borrowed = MessageStatusReportRef::decode(&encoded)
            .map(|report| report.iter().eq(decoded.0.iter().copied()));
        if borrowed != Ok(true) {
            case.fail("encoded", "the same from the borrowed and the owned decoder", "two different reports");
        }
        case.same_bytes("encoded", &encoded, &decoded.encode());
        if let Some((json, statuses)) = &statuses
            && *statuses != decoded
        {
            match serde_json::to_value(&decoded) {
                Ok(found) => case.same_json("statuses", json, &found),
                Err(error) => case.fail("statuses", json, error),
            }
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let Some(encoded) = case.bytes("encoded") else { return };
        let verdicts =
            (MessageStatusReportRef::decode(&encoded).is_ok(), MessageStatusReport::decode(&encoded).is_ok());
        if verdicts != (false, false) {
            case.fail_accepted();
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<alloc::vec::Vec<GeneratedCase>, GenerateError> {
        let mut cases = generated::valid(seed)?;
        cases.extend(generated::invalid().into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

/// What [`Kind::generate`] makes.
#[cfg(feature = "generate")]
mod generated {
    use alloc::vec;
    use alloc::vec::Vec;

    use mimi_content::{
        DecodeErrorKind as Kind, MessageId, MessageStatus as Status, MessageStatusReport, PerMessageStatus,
    };

    use crate::cbor::{array, bytes, head, map, tag, text, unsigned};
    use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};

    pub(super) fn valid(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = Vec::new();
        let mut add = |name: &str, statuses: &[u8]| {
            let mut stream = Stream::new(seed, "message-status", name);
            let entry = |status: &u8| {
                let mut id: [u8; 32] = stream.array();
                id[0] = 1;
                PerMessageStatus { message_id: MessageId::from_bytes(id), status: Status(*status) }
            };
            push(&mut cases, name, &MessageStatusReport(statuses.iter().map(entry).collect()))
        };
        add("empty", &[])?;
        for number in 0..=6 {
            let word = Status(number).name().unwrap_or("unknown");
            add(&alloc::format!("status {number} ({word})"), &[number])?;
        }
        add("unknown statuses", &[7, 23, 24, 255])?;
        add("every status", &(0..=u8::MAX).collect::<Vec<_>>())?;
        for count in [23, 24] {
            add(&alloc::format!("{count} messages"), &vec![2; count])?;
        }
        let twice =
            |status| PerMessageStatus { message_id: MessageId::from_bytes([1; 32]), status: Status(status) };
        push(
            &mut cases,
            "one message twice: the last entry holds",
            &MessageStatusReport(vec![twice(1), twice(2)]),
        )?;
        let other_hash =
            PerMessageStatus { message_id: MessageId::from_bytes([8; 32]), status: Status::READ };
        push(&mut cases, "message ID of another hash algorithm", &MessageStatusReport(vec![other_hash]))?;
        Ok(cases)
    }

    fn push(
        cases: &mut Vec<GeneratedCase>,
        name: &str,
        report: &MessageStatusReport,
    ) -> Result<(), GenerateError> {
        let statuses = serde_json::to_string(report)?;
        cases.push(
            GeneratedCase::new(name).hex("encoded", &report.encode()).json_member("statuses", statuses),
        );
        Ok(())
    }

    /// A case, and why and in which field this workspace refuses it.
    pub(super) struct Invalid {
        pub(super) case: GeneratedCase,
        #[cfg_attr(not(test), allow(dead_code, reason = "the tests check that it is the reason"))]
        pub(super) expected: (Kind, &'static str),
        #[cfg_attr(not(test), allow(dead_code, reason = "the tests decode it"))]
        pub(super) encoded: Vec<u8>,
    }

    pub(super) fn invalid() -> Vec<Invalid> {
        let mut cases = Vec::new();
        let mut add = |name: &str, reason: &str, kind: Kind, field: &'static str, encoded: Vec<u8>| {
            let case = GeneratedCase::invalid(name, reason).hex("encoded", &encoded);
            cases.push(Invalid { case, expected: (kind, field), encoded });
        };
        let expected = |expected| Kind::UnexpectedType { expected };
        let id = || bytes(&[1; 32]);
        let one = |items: &[Vec<u8>]| array(&[array(items)]);
        let with_status = |status: Vec<u8>| one(&[id(), status]);

        add("no bytes", "there is no document", Kind::Truncated, "", vec![]);
        let trailing = [with_status(unsigned(1)), vec![0]].concat();
        add("trailing byte", "a byte follows the document", Kind::TrailingBytes, "", trailing);
        let mut cut_off = with_status(vec![0x19, 0, 2]);
        cut_off.pop();
        add("cut off", "the document ends inside the status", Kind::Truncated, "[0].status", cut_off);
        add("a map", "a report is an array", expected("an array"), "", map(&[(id(), unsigned(1))]));
        add(
            "tagged",
            "a report has no tag around it",
            expected("an array"),
            "",
            tag(55799, &with_status(unsigned(1))),
        );
        add(
            "indefinite length",
            "indefinite lengths are not deterministic",
            Kind::IndefiniteLength,
            "",
            [vec![0x9f], array(&[id(), unsigned(1)]), vec![0xff]].concat(),
        );
        add(
            "array head in two bytes",
            "the head has a shorter form",
            Kind::NotShortest,
            "",
            [vec![0x98, 1], array(&[id(), unsigned(1)])].concat(),
        );
        add(
            "status 256",
            "a status has 8 bits",
            Kind::IntegerRange { max: 255, found: 256 },
            "[0].status",
            with_status(unsigned(256)),
        );
        add(
            "status -1",
            "a status is unsigned",
            expected("an unsigned integer"),
            "[0].status",
            with_status(head(1, 0)),
        );
        add(
            "status as text",
            "a status is a number",
            expected("an unsigned integer"),
            "[0].status",
            with_status(text("read")),
        );
        add(
            "status too wide",
            "the integer has a shorter form",
            Kind::NotShortest,
            "[0].status",
            with_status(vec![0x18, 2]),
        );
        for length in [0, 31, 33] {
            add(
                &alloc::format!("message ID of {length} octets"),
                "a message ID has 32 octets",
                Kind::ByteLength { expected: 32, found: length as u64 },
                "[0].message_id",
                one(&[bytes(&vec![1; length]), bytes(&[0; 40])]),
            );
        }
        add(
            "message ID null",
            "each entry names a message",
            expected("a byte string"),
            "[0].message_id",
            one(&[vec![0xf6], bytes(&[0; 40])]),
        );
        add(
            "entry of 3 items",
            "an entry is a pair",
            Kind::ArrayLength { expected: 2, found: 3 },
            "[0]",
            one(&[id(), unsigned(1), unsigned(1)]),
        );
        add(
            "entries without their arrays",
            "an entry is a pair",
            expected("an array"),
            "[0]",
            array(&[bytes(&[1; 40]), bytes(&[1; 40])]),
        );
        add(
            "second entry damaged",
            "a status has 8 bits",
            Kind::IntegerRange { max: 255, found: 300 },
            "[1].status",
            array(&[array(&[id(), unsigned(1)]), array(&[id(), unsigned(300)])]),
        );
        for (name, length) in [("2^40", 1 << 40), ("2^64-1", u64::MAX)] {
            add(
                &alloc::format!("{name} entries declared"),
                "the document holds fewer bytes than it declares; nothing is allocated for them",
                Kind::Truncated,
                "",
                [head(4, length), array(&[id(), unsigned(1)])].concat(),
            );
        }
        cases
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use alloc::string::ToString;

        #[test]
        fn refuses_each_case_for_its_reason() {
            let mut others = Vec::new();
            for Invalid { case, expected: (kind, field), encoded } in invalid() {
                let field = alloc::format!("MessageStatusReport{field}");
                let found = MessageStatusReport::decode(&encoded);
                if !found
                    .as_ref()
                    .is_err_and(|error| *error.kind() == kind && error.path().to_string() == field)
                {
                    others.push(alloc::format!("{} {kind:?} {field} {found:?}", case.name()));
                }
            }
            assert!(others.is_empty(), "{others:#?}");
        }
    }
}
