//! Rows as bytes.

use std::sync::Arc;

use mimi_content::timeline::{
    LinkEnd, LinkRow, MessageRow, NotAuthorizedError, Retraction, RetractionScope, RowDecodeError,
    RowDecodeErrorKind as Kind, SnapshotError, StatusRow, StoredReason, Timeline, TimelineAction,
    TimelineMessage, TimelinePlace, UnseenRow, sender_only,
};
use mimi_content::{
    Disposition, MessageId, MessageStatus, MimiContent, NestedPart, Salt, StatusRule, StatusWeight, TwoFacts,
};
use sha2::{Digest, Sha256};

fn id(byte: u8) -> MessageId {
    MessageId::from_bytes([byte; 32])
}

fn status() -> StatusRow {
    let weight = StatusWeight::new(TwoFacts.standing(MessageStatus::DELETED), 7, id(9));
    StatusRow {
        message_id: id(1),
        reader_uri: Arc::from("mimi://a.example/u/é"),
        report: TimelinePlace { accepted_ms: 7, message_id: id(9) },
        status: MessageStatus::DELETED,
        weight,
    }
}

fn range() -> Retraction {
    let scope = RetractionScope::Sender { sender_uri: Arc::from("a"), from_ms: Some(258) };
    Retraction { at_ms: 1, by_uri: Arc::from("b"), reason: None, scope }
}

#[test]
fn rows_have_these_bytes() {
    let unseen = UnseenRow { message_id: id(5), read_at_ms: Some(258) };
    let mut expected = vec![1, 3];
    expected.extend([5; 32]);
    expected.extend([1, 0, 0, 0, 0, 0, 0, 1, 2]);
    assert_eq!(unseen.encode(), expected);
    assert_eq!(UnseenRow::decode(&expected), Ok(unseen));

    let expected =
        [&[1, 6][..], &[0, 0, 0, 0, 0, 0, 0, 1], &[1, b'b'], &[0], &[1, 1, b'a', 1, 0, 0, 0, 0, 0, 0, 1, 2]]
            .concat();
    assert_eq!(range().encode(), expected);
    assert_eq!(Retraction::decode(&expected), Ok(range()));

    let reactions = Retraction { scope: RetractionScope::Reactions(vec![id(4)]), ..range() };
    let expected = [&[1, 6][..], &[0, 0, 0, 0, 0, 0, 0, 1], &[1, b'b'], &[0], &[2, 1], &[4; 32]].concat();
    assert_eq!(reactions.encode(), expected);
    assert_eq!(Retraction::decode(&expected), Ok(reactions));

    let link = LinkRow { parent: id(1), size: 3, end: LinkEnd::Loop, next: id(2) };
    let expected = [&[1, 2][..], &[1; 32], &[0, 0, 0, 3], &[2], &[2; 32]].concat();
    assert_eq!(link.encode(), expected);
    assert_eq!(LinkRow::decode(&expected), Ok(link));
}

#[test]
fn refuses_by_name() {
    let bytes = UnseenRow { message_id: id(5), read_at_ms: None }.encode();
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        let error = UnseenRow::decode(&bytes).unwrap_err();
        (error.kind, error.offset, error.field)
    };
    assert_eq!(refused(&|bytes| bytes.clear()), (Kind::Truncated, 0, "version"));
    assert_eq!(refused(&|bytes| bytes[0] = 2), (Kind::UnknownVersion(2), 0, "version"));
    assert_eq!(refused(&|bytes| bytes[1] = 1), (Kind::OtherRow(1), 1, "type"));
    assert_eq!(refused(&|bytes| bytes.truncate(20)), (Kind::Truncated, 2, "message_id"));
    assert_eq!(refused(&|bytes| bytes[34] = 2), (Kind::InvalidValue, 34, "read_at_ms"));
    assert_eq!(refused(&|bytes| bytes.push(0)), (Kind::TrailingBytes, 35, "end"));

    // A length that is not in its shortest form, one beyond the row, and text that is not UTF-8.
    let bytes = range().encode();
    let refused = |text: &[u8]| {
        let error = Retraction::decode(&[&bytes[..10], text, &bytes[12..]].concat()).unwrap_err();
        (error.kind, error.offset, error.field)
    };
    assert_eq!(refused(&[0x81, 0, b'b']), (Kind::InvalidValue, 11, "by_uri"));
    assert_eq!(refused(&[0x7f, b'b']), (Kind::Truncated, 11, "by_uri"));
    assert_eq!(refused(&[1, 0xff]), (Kind::InvalidValue, 11, "by_uri"));
    assert_eq!(refused(&[0xff; 12]), (Kind::InvalidValue, 18, "by_uri"));

    let error = Retraction::decode(&[1, 3]).unwrap_err();
    assert_eq!(error.to_string(), "type: row of another type, 3 (byte 1)");
    assert!(MessageRow::<NotAuthorizedError>::decode(&status().encode()).is_err());
}

#[test]
fn every_damaged_byte_is_refused_or_another_row() {
    let bytes = status().encode();
    assert_eq!(StatusRow::decode(&bytes), Ok(status()));
    for at in 0..bytes.len() {
        assert!(StatusRow::decode(&bytes[..at]).is_err());
        for value in (0..=u8::MAX).filter(|value| *value != bytes[at]) {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            if let Ok(row) = StatusRow::decode(&damaged) {
                assert_eq!(row.encode(), damaged);
                assert_ne!(row, status());
            }
        }
    }
}

#[test]
fn reasons_have_one_encoding() {
    let actions = [
        TimelineAction::EditMessage,
        TimelineAction::DeleteMessage,
        TimelineAction::EditReaction,
        TimelineAction::DeleteReaction,
        TimelineAction::ChangeTopic,
    ];
    for action in actions {
        for own in [false, true] {
            let reason = NotAuthorizedError { action, own };
            assert_eq!(NotAuthorizedError::from_bytes(&reason.to_bytes()), Some(reason));
        }
    }
    for bytes in [&[][..], &[0], &[5, 0], &[0, 2], &[0, 0, 0]] {
        assert_eq!(NotAuthorizedError::from_bytes(bytes), None);
    }
    assert_eq!((<()>::from_bytes(&[]), <()>::from_bytes(&[0])), (Some(()), None));
    assert_eq!(String::from_bytes("é".as_bytes()), Some("é".into()));
    assert_eq!(String::from_bytes(&[0xc3]), None);
}

#[test]
fn a_snapshot_keeps_all_and_is_refused_by_name() {
    let (mut timeline, bytes) = (Timeline::<Vec<u8>>::for_user("mimi://a.example/u/alice"), [7, 8]);
    let part = |text: &str| NestedPart::single(Disposition::RENDER, "en", "text/plain", text);
    for (salt, text) in [(1, "one"), (2, "another under the same ID")] {
        let content = MimiContent::builder(Salt::from_bytes([salt; 16]), part(text)).build().unwrap();
        let received = TimelineMessage::from_owned(id(1), "mimi://b.example/u/bob", 5, &content);
        drop(timeline.insert(received, bytes.to_vec(), &sender_only));
    }
    timeline.mark_read(id(3), 9);
    timeline.mark_read_up_to(&id(1));
    let snapshot = timeline.snapshot(Vec::clone);
    let restored: Timeline<Vec<u8>> = Timeline::restore(&snapshot, |bytes| Some(bytes.to_vec())).unwrap();
    assert_eq!(restored.snapshot(Vec::clone), snapshot);
    assert_eq!(restored.read_up_to(), Some(TimelinePlace { accepted_ms: 5, message_id: id(1) }));
    assert!(restored.different_content().eq(timeline.different_content()));
    assert_eq!(restored.different_content().count(), 1);
    assert_eq!(restored.unseen().collect::<Vec<_>>(), [id(3)]);
    assert_eq!(restored.get(&id(1)).unwrap().payload(), Some(&bytes.to_vec()));

    let restore = |bytes: &[u8]| Timeline::<Vec<u8>>::restore(bytes, |_| None).unwrap_err();
    assert!(matches!(restore(&snapshot), SnapshotError::Payload { .. }));
    assert_eq!(restore(&[]), SnapshotError::Damaged);
    assert_eq!(restore(&[2]), SnapshotError::UnknownVersion(2));
    // Bytes of which the hash is right and the row is not.
    let hashed = |row: &[u8]| {
        let mut bytes = [&[1, 0, 0, row.len() as u8], row].concat();
        bytes.extend(&Sha256::digest(&bytes)[..16]);
        restore(&bytes)
    };
    let error = |kind, field| RowDecodeError { kind, offset: 1, field };
    let row = |error| SnapshotError::Row { offset: 4, error };
    assert_eq!(hashed(&[1, 9]), row(error(Kind::OtherRow(9), "type")));
    assert_eq!(hashed(&[1]), row(error(Kind::Truncated, "type")));
    assert_eq!(hashed(&[1, 3]), row(RowDecodeError { offset: 2, ..error(Kind::Truncated, "message_id") }));
}
