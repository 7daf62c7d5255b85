//! What holds for every message, for whatever comes close to one, and for all bytes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use std::cell::Cell;
use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use mimi_content::{
    ContentIdError, ExtendedTime, MessageDerivedValues, MessageExtensions, MessageId, MessageStatusReport,
    MessageStatusReportRef, MimiContent, MimiContentRef, NestedPart, Part, PartIndex, PartRef, Timestamp,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

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
        let uri = format!("cid:{index}@local.invalid");
        let content_id = borrowed.content_id(index);
        assert_eq!(content_id, owned.content_id(index));
        if matches!(part.part, PartRef::Single(_) | PartRef::External(_)) {
            assert_eq!(content_id.unwrap().to_string(), uri);
            assert_eq!(borrowed.resolve_content_id(&uri), Ok((index, part)));
            assert_eq!(owned.resolve_content_id(&uri), Ok((index, same)));
        } else {
            assert_eq!(content_id, Err(ContentIdError::NotReferable));
            assert_eq!(borrowed.resolve_content_id(&uri), Err(ContentIdError::NotReferable));
            assert_eq!(owned.resolve_content_id(&uri), Err(ContentIdError::NotReferable));
        }
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
    fn random_bytes_are_refused_or_come_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check_bijection(&bytes);
        check_report(&bytes);
        check_derived_values(&bytes);
    }

    #[test]
    fn derived_values_come_back(values in derived_values()) {
        let values = values.borrow();
        let encoded = values.encode();
        prop_assert_eq!(MessageDerivedValues::decode(&encoded), Ok(values));
        for length in 0..encoded.len() {
            prop_assert!(MessageDerivedValues::decode(&encoded[..length]).is_err());
        }
    }

    #[test]
    fn every_extension_value_is_what_ciborium_reads(extensions in valid::<MessageExtensions>()) {
        for (_, value) in extensions.iter() {
            match (value.to_value(), without_a_tree(value.encoded())) {
                (Ok(tree), None) => {
                    // A key for private use: under some of the others the value would have to be of
                    // a certain form.
                    let mut again = MessageExtensions::new();
                    again.set_value("own", &tree).unwrap();
                    prop_assert_eq!(again.get("own"), Some(value));
                }
                (Err(_), Some(_)) => {}
                (tree, reason) => prop_assert!(false, "{:?} {:?} {:?}", value, tree, reason),
            }
        }
    }

    #[test]
    fn typed_accessors_never_fail_on_what_they_set(subject in "\\PC{1,100}", seconds: u64, micros in 0_u32..1_000_000) {
        use mimi_content::{Fraction, SenderTimestamp};
        let mut extensions = MessageExtensions::new();
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
    fn any_part_is_found_by_its_index(message in valid::<MimiContent>()) {
        let mut expected = Vec::new();
        list_parts(message.body(), &mut expected);
        prop_assert_eq!(expected.len(), message.body().count());
        prop_assert_eq!(message.parts().count(), expected.len());
        // The very same part, not one that is equal.
        let same = |found: Option<&NestedPart>, part| found.is_some_and(|found| std::ptr::eq(found, part));
        for ((at, found), (number, (part, children))) in message.parts().zip(expected.iter().enumerate()) {
            let index = PartIndex(number as u16);
            prop_assert_eq!(at, index);
            prop_assert!(same(Some(found), *part) && same(message.part(index), *part));
            prop_assert_eq!(message.children(index).count(), children.len());
            for ((at, child), number) in message.children(index).zip(children) {
                prop_assert_eq!(usize::from(at), *number);
                prop_assert!(same(Some(child), expected[*number].0));
            }
        }
        let beyond = PartIndex(expected.len() as u16);
        prop_assert_eq!(message.part(beyond), None);
        prop_assert_eq!(message.children(beyond).count(), 0);
    }
}

/// All parts in the order of their indexes, each with the indexes of its children.
fn list_parts<'a>(part: &'a NestedPart, list: &mut Vec<(&'a NestedPart, Vec<usize>)>) {
    let index = list.len();
    list.push((part, Vec::new()));
    if let Part::Multi(multi) = &part.part {
        for child in multi.parts() {
            let at = list.len();
            list[index].1.push(at);
            list_parts(child, list);
        }
    }
}

fn check_report(encoded: &[u8]) -> bool {
    match (MessageStatusReport::decode(encoded), MessageStatusReportRef::decode(encoded)) {
        (Ok(owned), Ok(borrowed)) => {
            assert_eq!(owned.encode(), encoded);
            assert!(borrowed.iter().eq(owned.0));
            true
        }
        (Err(owned), Err(borrowed)) => {
            assert_eq!(owned, borrowed);
            assert!(owned.offset() <= encoded.len());
            false
        }
        (owned, borrowed) => panic!("{owned:?} {borrowed:?}"),
    }
}

fn check_derived_values(encoded: &[u8]) -> bool {
    match MessageDerivedValues::decode(encoded) {
        Ok(values) => {
            assert_eq!(values.encode(), encoded);
            true
        }
        Err(error) => {
            assert!(error.offset() <= encoded.len());
            false
        }
    }
}

fn head(major: u8, argument: u64) -> Vec<u8> {
    let mut encoded = Vec::new();
    let header = match major {
        0 => ciborium_ll::Header::Positive(argument),
        1 => ciborium_ll::Header::Negative(argument),
        2 => ciborium_ll::Header::Bytes(Some(argument as usize)),
        3 => ciborium_ll::Header::Text(Some(argument as usize)),
        _ => ciborium_ll::Header::Map(Some(argument as usize)),
    };
    ciborium_ll::Encoder::from(&mut encoded).push(header).unwrap();
    encoded
}

/// What [`MessageDerivedValues`] borrows.
#[derive(Clone, Debug)]
struct DerivedValues {
    message_id: [u8; 32],
    time: Result<u64, Vec<u8>>,
    mls_group_id: Vec<u8>,
    sender_leaf_index: u32,
    urls: [String; 3],
}

impl DerivedValues {
    fn borrow(&self) -> MessageDerivedValues<'_> {
        let [sender_client_url, sender_user_url, room_url] = &self.urls;
        MessageDerivedValues {
            message_id: MessageId::from_bytes(self.message_id),
            hub_accepted_timestamp: match &self.time {
                Ok(milliseconds) => Timestamp::Milliseconds(*milliseconds),
                Err(map) => Timestamp::Extended(ExtendedTime::from_encoded(map).unwrap()),
            },
            mls_group_id: &self.mls_group_id,
            sender_leaf_index: self.sender_leaf_index,
            sender_client_url,
            sender_user_url,
            room_url,
        }
    }
}

/// The map of an extended time: the keys that have a meaning here, and any others.
fn extended_time() -> impl Strategy<Value = Vec<u8>> {
    let integer = |key: i64| if key < 0 { head(1, !key as u64) } else { head(0, key as u64) };
    let text = |text: String| [head(3, text.len() as u64), text.into_bytes()].concat();
    let key = prop_oneof![
        4 => prop::sample::select(vec![1, -3, -6, -9, 13]).prop_map(integer),
        1 => (-1_000_000_i64..1_000_000).prop_map(integer),
        1 => "[a-z]{1,30}".prop_map(text),
    ];
    let value = prop_oneof![
        (0..2_000_000_000_u64).prop_map(|number| head(0, number)),
        any::<u64>().prop_map(|number| head(0, number)),
        "\\PC{0,30}".prop_map(text),
        prop::collection::vec(any::<u8>(), 0..30)
            .prop_map(|bytes| [head(2, bytes.len() as u64), bytes].concat()),
    ];
    // The encoded keys sort as they stand in the map.
    prop::collection::btree_map(key, value, 0..6).prop_map(|entries: BTreeMap<_, _>| {
        let count = head(5, entries.len() as u64);
        entries.into_iter().fold(count, |map, (key, value)| [map, key, value].concat())
    })
}

fn derived_values() -> impl Strategy<Value = DerivedValues> {
    let time = prop_oneof![any::<u64>().prop_map(Ok), extended_time().prop_map(Err)];
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    let urls = ["\\PC{0,30}", "\\PC{0,30}", "\\PC{0,300}"];
    (any::<[u8; 32]>(), time, bytes, any::<u32>(), urls).prop_map(
        |(message_id, time, mls_group_id, sender_leaf_index, urls)| DerivedValues {
            message_id,
            time,
            mls_group_id,
            sender_leaf_index,
            urls,
        },
    )
}

/// One step away from a valid encoding.
#[derive(Clone, Debug)]
enum Edit {
    /// Sets a byte.
    Set(Index, u8),
    /// Puts a byte in.
    Insert(Index, u8),
    /// Takes some bytes out.
    Remove(Index, usize),
    /// Has some bytes twice.
    Repeat(Index, usize),
    /// Puts a piece of another valid encoding in the place of as many bytes, or of none.
    Splice { from: Index, to: Index, length: usize, replacing: bool },
}

impl Edit {
    fn apply(&self, encoded: &mut Vec<u8>, other: &[u8]) {
        let range = |at: &Index, length: usize, whole: usize| {
            let start = at.index(whole + 1);
            start..whole.min(start + length)
        };
        let whole = encoded.len();
        match self {
            Self::Set(at, byte) => encoded[range(at, 1, whole)].fill(*byte),
            Self::Insert(at, byte) => encoded.insert(at.index(whole + 1), *byte),
            Self::Remove(at, length) => drop(encoded.drain(range(at, *length, whole))),
            Self::Repeat(at, length) => {
                let place = range(at, *length, whole);
                let piece = encoded[place.clone()].to_vec();
                drop(encoded.splice(place.start..place.start, piece));
            }
            Self::Splice { from, to, length, replacing } => {
                let piece = other[range(from, *length, other.len())].to_vec();
                let place = range(to, if *replacing { piece.len() } else { 0 }, whole);
                drop(encoded.splice(place, piece));
            }
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let length = || prop_oneof![4 => 1_usize..4, 2 => 4_usize..40, 1 => 40_usize..400];
    // Heads at every step of their widths, and bytes that stand for something by themselves.
    let byte = || prop_oneof![Just(0x18), Just(0x60), Just(0xf6), Just(0xf7), Just(0x9f), any::<u8>()];
    prop_oneof![
        4 => (any::<Index>(), byte()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        1 => (any::<Index>(), byte()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        1 => (any::<Index>(), length()).prop_map(|(at, length)| Edit::Remove(at, length)),
        1 => (any::<Index>(), length()).prop_map(|(at, length)| Edit::Repeat(at, length)),
        3 => (any::<Index>(), any::<Index>(), length(), any::<bool>())
            .prop_map(|(from, to, length, replacing)| Edit::Splice { from, to, length, replacing }),
    ]
}

/// Checks what is a few edits away from valid encodings, and that some of it is accepted and some
/// refused.
fn check_edited(valid: impl Strategy<Value = Vec<u8>> + 'static, check: fn(&[u8]) -> bool) {
    let valid: BoxedStrategy<Vec<u8>> = valid.boxed();
    let edited = (valid.clone(), valid, prop::collection::vec(edit(), 1..4)).prop_map(
        |(mut encoded, other, edits)| {
            edits.iter().for_each(|edit| edit.apply(&mut encoded, &other));
            encoded
        },
    );
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&edited, |encoded| {
        let count = if check(&encoded) { &accepted } else { &refused };
        count.set(count.get() + 1);
        Ok(())
    });
    outcome.unwrap();
    let (accepted, refused): (u32, u32) = (accepted.get(), refused.get());
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted >= 50 && refused >= 50, "{accepted} accepted, {refused} refused");
}

#[test]
fn edited_messages_are_refused_or_come_back() {
    check_edited(valid::<MimiContent>().prop_map(|message| message.encode()), check_bijection);
}

#[test]
fn edited_reports_are_refused_or_come_back() {
    check_edited(valid::<MessageStatusReport>().prop_map(|report| report.encode()), check_report);
}

#[test]
fn edited_derived_values_are_refused_or_come_back() {
    check_edited(derived_values().prop_map(|values| values.borrow().encode()), check_derived_values);
}

/// What in an extension value a `ciborium::Value` has no place for.
fn without_a_tree(mut encoded: &[u8]) -> Option<String> {
    let mut decoder = ciborium_ll::Decoder::from(&mut encoded);
    let mut left = 1;
    let mut negative_bignum = false;
    while left > 0 {
        left -= 1;
        let header = decoder.pull().unwrap();
        let content = match header {
            ciborium_ll::Header::Bytes(Some(length)) => {
                let mut content: Vec<u8> = Vec::new();
                let mut segments = decoder.bytes(Some(length));
                let mut buffer = [0; 64];
                while let Some(mut segment) = segments.pull().unwrap() {
                    while let Some(piece) = segment.pull(&mut buffer).unwrap() {
                        content.extend(piece);
                    }
                }
                content
            }
            ciborium_ll::Header::Text(Some(length)) => {
                let mut segments = decoder.text(Some(length));
                let mut buffer = [0; 64];
                while let Some(mut segment) = segments.pull().unwrap() {
                    while segment.pull(&mut buffer).unwrap().is_some() {}
                }
                Vec::new()
            }
            ciborium_ll::Header::Array(Some(length)) => {
                left += length;
                Vec::new()
            }
            ciborium_ll::Header::Map(Some(length)) => {
                left += 2 * length;
                Vec::new()
            }
            ciborium_ll::Header::Tag(_) => {
                left += 1;
                Vec::new()
            }
            ciborium_ll::Header::Simple(number) if !(20..=22).contains(&number) => {
                return Some(format!("simple value {number}"));
            }
            _ => Vec::new(),
        };
        // It reads bignums of up to 16 bytes as `i128` or `u128`, and leaves longer ones as they
        // are.
        if negative_bignum && content.len() == 16 && content[0] >= 0x80 {
            return Some("negative bignum below -2^127".to_owned());
        }
        negative_bignum = header == ciborium_ll::Header::Tag(3);
    }
    None
}

/// What counts as shown is in the page that is made of it, whatever stands around it.
#[cfg(feature = "html")]
mod html {
    use mimi_content::html::{sanitize, shown_parts};
    use proptest::prelude::*;

    fn pieces() -> impl Strategy<Value = String> {
        let names = [
            "a",
            "img",
            "p",
            "b",
            "table",
            "td",
            "svg",
            "math",
            "select",
            "object",
            "video",
            "template",
            "script",
            "style",
            "xmp",
            "plaintext",
            "textarea",
            "title",
            "noscript",
            "head",
            "body",
            "li",
            "form",
            "button",
            "frameset",
            "option",
            "image",
            "map",
            "area",
            "details",
            "iframe",
            "caption",
            "ruby",
            "br",
            "x-y",
        ];
        let attributes = prop::sample::select(vec![
            "",
            " hidden",
            " src=x",
            " href=x",
            "/",
            " /",
            " style='display:none'",
            " src=\"\"",
            " =\"",
            " '",
            " alt='>'",
            " src='\u{a0}cid:2@local.invalid'",
        ]);
        let source = prop::sample::select(vec![
            "",
            " src=cid:1@local.invalid",
            " href='cid:2@local.invalid'",
            " SRC = \" CID:3@local.invalid\"",
            " href=&#99;id:1@local.invalid",
            " data=cid:2@local.invalid",
            " poster=cid:2@local.invalid",
        ]);
        let start = (prop::sample::select(names.to_vec()), attributes.clone(), source, attributes)
            .prop_map(|(name, before, source, after)| format!("<{name}{before}{source}{after}>"));
        let end = prop::sample::select(names.to_vec()).prop_map(|name| format!("</{name}>"));
        let other =
            prop::sample::select(vec!["x", " ", "<!--", "-->", "--!>", "<![CDATA[", "]]>", "<", "&", "</"]);
        prop_oneof![4 => start, 2 => end, 1 => other.prop_map(String::from)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_part_that_counts_as_shown_is_in_the_page(pieces in prop::collection::vec(pieces(), 0..12)) {
            let html = pieces.concat();
            for html in [html.clone(), html.clone() + &"<p>x</p>".repeat(300)] {
                let page = sanitize(&html);
                for part in shown_parts(&html) {
                    let shown = format!("=\"cid:{part}@local.invalid\"");
                    prop_assert!(page.contains(&shown), "{part}: {html}\n{page}");
                }
            }
        }
    }
}
