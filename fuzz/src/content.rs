//! The content format: the two readers agree, what is read is written again, and what is wrong with
//! a message is said without harm.

use arbitrary::{Arbitrary, Unstructured};
use mimi_content::{
    MessageDerivedValues, MessageId, MessageStatusReport, MessageStatusReportRef, MimiContent,
    MimiContentRef, ReceivedMessage,
};

use crate::allocation::bounded;

const SENDER: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://a.example/r/clubhouse";
/// A part takes up to three hundred bytes in memory and at least three in the message; a list that
/// grows is there twice.
const MULTIPLE: usize = 256;

/// A message, read in both ways.
pub fn message(data: &[u8]) {
    let borrowed = bounded(MULTIPLE, data, MimiContentRef::decode);
    let owned = bounded(MULTIPLE, data, MimiContent::decode);
    match (borrowed, owned) {
        (Ok(borrowed), Ok(owned)) => {
            assert_eq!(owned.encode(), data, "another encoding");
            assert_eq!(borrowed.to_owned(), owned);
            let id = borrowed.message_id(SENDER, ROOM).expect("short URIs");
            assert_eq!(owned.message_id(SENDER, ROOM).as_ref(), Ok(&id));
            let received =
                ReceivedMessage::new(&borrowed, SENDER, ROOM, &|uri: &str| uri == SENDER, u64::MAX, 0);
            if let Ok(received) = received {
                for anomaly in received.anomalies() {
                    assert!(!anomaly.to_string().is_empty());
                    let _ = anomaly.advice();
                }
            }
        }
        (Err(borrowed), Err(owned)) => {
            assert_eq!(borrowed, owned);
            assert!(borrowed.offset() <= data.len());
        }
        (borrowed, owned) => panic!("the readers disagree: {borrowed:?}, {owned:?}"),
    }
}

/// A valid message from the input.
pub fn values(data: &[u8]) {
    let Ok(message) = MimiContent::arbitrary(&mut Unstructured::new(data)) else { return };
    let encoded = message.encode();
    assert_eq!(MimiContent::decode(&encoded).as_ref(), Ok(&message));
    self::message(&encoded);
}

/// A status report, read in both ways.
pub fn message_status(data: &[u8]) {
    let borrowed = bounded(MULTIPLE, data, MessageStatusReportRef::decode);
    let owned = bounded(MULTIPLE, data, MessageStatusReport::decode);
    match (borrowed, owned) {
        (Ok(borrowed), Ok(owned)) => {
            assert!(borrowed.iter().eq(owned.0.iter().copied()));
            assert_eq!(owned.encode(), data, "another encoding");
            let _ = owned.latest(&MessageId::from_bytes([1; 32]));
        }
        (Err(borrowed), Err(owned)) => assert_eq!(borrowed, owned),
        (borrowed, owned) => panic!("the readers disagree: {borrowed:?}, {owned:?}"),
    }
}

/// What comes with a message.
pub fn derived_values(data: &[u8]) {
    if let Ok(values) = bounded(MULTIPLE, data, MessageDerivedValues::decode) {
        assert_eq!(values.encode(), data, "another encoding");
    }
}
