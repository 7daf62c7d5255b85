//! What holds for every message and for all bytes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use arbitrary::{Arbitrary, Unstructured};
use mimi_content::{
    ExtensionKey, Extensions, MessageDerivedValues, MessageId, MessageStatusReport, MessageStatusReportRef,
    MimiContent, MimiContentRef, NestedPart, Part, PartIndex, PartRef,
};
use proptest::prelude::*;

/// Valid values of a type.
fn valid<T: for<'a> Arbitrary<'a> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    prop::collection::vec(any::<u8>(), 0..2000)
        .prop_filter_map("not enough bytes", |bytes| T::arbitrary(&mut Unstructured::new(&bytes)).ok())
}

/// Whatever is accepted encodes to the same bytes, and the two forms agree.
fn check_bijection(encoded: &[u8]) -> bool {
    let borrowed = MimiContentRef::decode(encoded);
    let owned = MimiContent::decode(encoded);
    match (borrowed, owned) {
        (Ok(borrowed), Ok(owned)) => {
            assert_eq!(borrowed.to_owned(), owned);
            assert_eq!(owned.encode(), encoded);
            assert_forms_agree(&borrowed, &owned);
            true
        }
        (Err(borrowed), Err(owned)) => {
            assert_eq!(borrowed, owned);
            assert!(borrowed.offset() <= encoded.len());
            false
        }
        (borrowed, owned) => panic!("{borrowed:?} {owned:?}"),
    }
}

fn assert_forms_agree(borrowed: &MimiContentRef<'_>, owned: &MimiContent) {
    assert_eq!(borrowed.salt(), owned.salt());
    assert_eq!(borrowed.replaces(), owned.replaces());
    assert_eq!(borrowed.topic_id(), owned.topic_id());
    assert_eq!(borrowed.expires(), owned.expires());
    assert_eq!(borrowed.in_reply_to(), owned.in_reply_to());
    assert_eq!(borrowed.extensions(), owned.extensions().as_ref());
    assert_eq!(borrowed.parts().len(), owned.body().count());
    assert_eq!(borrowed.body(), &borrowed.parts()[0]);
    for (index, part) in (0..).map(PartIndex).zip(borrowed.parts()) {
        let same = owned.part(index).unwrap();
        assert_eq!((part.disposition, part.language), (same.disposition, same.language()));
        match (&part.part, &same.part) {
            (PartRef::Null, Part::Null) => {}
            (PartRef::Single(left), Part::Single(right)) => {
                assert_eq!((left.content_type, left.content), (right.content_type(), &right.content[..]));
            }
            (PartRef::External(left), Part::External(right)) => assert_eq!(*left, right.as_ref().as_ref()),
            (PartRef::Multi(left), Part::Multi(right)) => {
                assert_eq!((left.semantics, left.child_count()), (right.semantics(), right.parts().len()));
                assert_eq!(left.descendant_count() + 1, same.count());
                let children: Vec<_> = borrowed.children(index).collect();
                assert_eq!(children.len(), right.parts().len());
                for ((at, child), expected) in children.into_iter().zip(right.parts()) {
                    assert_eq!(child.language, expected.language());
                    assert_eq!(owned.part(at), Some(expected));
                }
            }
            (left, right) => panic!("{left:?} {right:?}"),
        }
        let resolved = borrowed.resolve_content_id(&index.content_id().to_string());
        assert_eq!(resolved.is_ok(), matches!(part.part, PartRef::Single(_) | PartRef::External(_)));
    }
    assert_eq!(owned.part(PartIndex(borrowed.parts().len() as u16)), None);
}

proptest! {
    #[test]
    fn every_message_comes_back(message in valid::<MimiContent>()) {
        let encoded = message.encode();
        prop_assert!(check_bijection(&encoded));
        prop_assert_eq!(&MimiContent::decode(&encoded).unwrap(), &message);

        let id = MessageId::compute("mimi://a.example/u/a", "mimi://a.example/r/r", &encoded, &message.salt()).unwrap();
        prop_assert_eq!(message.message_id("mimi://a.example/u/a", "mimi://a.example/r/r"), Ok(id));

        let json = serde_json::to_string(&message).unwrap();
        prop_assert_eq!(serde_json::from_str::<MimiContent>(&json).unwrap(), message);
    }

    #[test]
    fn every_prefix_is_refused(message in valid::<MimiContent>()) {
        let encoded = message.encode();
        for length in 0..encoded.len() {
            prop_assert!(!check_bijection(&encoded[..length]));
        }
    }

    #[test]
    fn every_changed_byte_is_refused_or_means_something_else(message in valid::<MimiContent>(), change in 1_u8..) {
        let encoded = message.encode();
        for at in 0..encoded.len().min(600) {
            let mut changed = encoded.clone();
            changed[at] ^= change;
            if check_bijection(&changed) {
                prop_assert_ne!(&MimiContent::decode(&changed).unwrap(), &message);
            }
        }
    }

    #[test]
    fn all_bytes_are_refused_or_come_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check_bijection(&bytes);
        if let Ok(report) = MessageStatusReport::decode(&bytes) {
            prop_assert_eq!(report.encode(), bytes.clone());
        }
        if let Ok(values) = MessageDerivedValues::decode(&bytes) {
            prop_assert_eq!(values.encode(), bytes);
        }
    }

    #[test]
    fn every_extension_value_is_what_ciborium_reads(extensions in valid::<Extensions>()) {
        let mut again = Extensions::new();
        for (key, value) in extensions.iter() {
            // Key 0 is reserved; simple values without a meaning have no place in a tree, and `undefined` reads as null.
            // A key for private use: under some of the others the value would have to be of a certain form.
            let own = if key == ExtensionKey::Text("own") { "other" } else { "own" };
            if let Ok(tree) = value.to_value() {
                again.set_value(own, &tree).unwrap();
                prop_assert_eq!(again.get(own), Some(value));
            }
        }
    }

    #[test]
    fn typed_accessors_never_fail_on_what_they_set(subject in "\\PC{1,100}", seconds: u64, micros in 0_u32..1_000_000) {
        use mimi_content::{Fraction, SenderTimestamp};
        let mut extensions = Extensions::new();
        extensions.set_subject(&subject).unwrap();
        let timestamp = SenderTimestamp { seconds, fraction: Some(Fraction::Microseconds(micros)) };
        extensions.set_sender_timestamp(timestamp).unwrap();
        prop_assert_eq!(extensions.as_ref().subject(), Ok(Some(subject.as_str())));
        prop_assert_eq!(extensions.as_ref().sender_timestamp(), Ok(Some(timestamp)));
    }

    #[test]
    fn every_report_comes_back(report in valid::<MessageStatusReport>()) {
        let encoded = report.encode();
        prop_assert_eq!(&MessageStatusReport::decode(&encoded).unwrap(), &report);
        let borrowed = MessageStatusReportRef::decode(&encoded).unwrap();
        prop_assert!(borrowed.iter().eq(report.0.iter().copied()));
        for length in 0..encoded.len() {
            prop_assert!(MessageStatusReport::decode(&encoded[..length]).is_err());
        }
        let json = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(serde_json::from_str::<MessageStatusReport>(&json).unwrap(), report);
    }

    #[test]
    fn any_part_is_found_by_its_index(part in valid::<NestedPart>()) {
        let mut count = 0;
        count_parts(&part, &mut count);
        prop_assert_eq!(count, part.count());
    }
}

fn count_parts(part: &NestedPart, count: &mut usize) {
    *count += 1;
    if let Part::Multi(multi) = &part.part {
        multi.parts().iter().for_each(|part| count_parts(part, count));
    }
}
