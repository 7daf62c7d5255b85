//! The view of a fan-out says what the owned decoder says, of every input.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod protocol_samples;

use arbitrary::Unstructured;
use mimi_codec::{
    Decode, Encode, ListView,
    mls::{ContentType, MLSMessage},
    protocol::*,
};
use proptest::prelude::*;
use protocol_samples::*;

/// Both accept the same, refuse alike, and see the same.
fn agree(input: &[u8]) {
    match (FanoutMessage::decode_exact(input), FanoutMessageView::decode_exact(input)) {
        (Ok(owned), Ok(view)) => {
            assert_eq!(view.bytes(), input);
            assert_eq!(view.timestamp(), owned.timestamp());
            assert_eq!(view.message().bytes(), bytes(owned.message()));
            assert_eq!(view.message().wire_format(), owned.message().wire_format());
            same_event(owned.event(), view.event());
            assert_eq!(view.to_owned(), Ok(owned));
        }
        (Err(owned), Err(view)) => assert_eq!(view, owned),
        (owned, view) => panic!("{owned:?} but {view:?}"),
    }
}

fn same_event(owned: &FanoutEvent, view: &FanoutEventView<'_>) {
    match (owned, view) {
        (
            FanoutEvent::Application { message, frank },
            FanoutEventView::Application { message: seen, frank: stamp },
        ) => {
            assert_eq!(seen.content_type(), Some(ContentType::Application));
            assert_eq!((seen.group_id(), seen.epoch()), (message.group_id(), message.epoch()));
            assert_eq!(stamp.map(Frank::from).as_ref(), frank.as_ref());
        }
        (
            FanoutEvent::Welcome { message, ratchet_tree_option },
            FanoutEventView::Welcome { message: seen, ratchet_tree_option: tree },
        ) => {
            assert_eq!(seen.content_type(), None);
            let references: Vec<_> =
                message.key_package_refs().map(|reference| reference.as_slice()).collect();
            assert_eq!(seen.key_package_refs().collect::<Vec<_>>(), references);
            assert_eq!(*tree, bytes(&**ratchet_tree_option));
        }
        (
            FanoutEvent::Proposal(proposals),
            FanoutEventView::Proposal { message: seen, more_proposals: others },
        ) => {
            assert_eq!(seen.content_type(), Some(ContentType::Proposal));
            let message = proposals.message();
            assert_eq!((seen.group_id(), seen.epoch()), (message.group_id(), message.epoch()));
            same_proposals(proposals.more_proposals(), others);
        }
        (
            FanoutEvent::Commit { message, external_proposals },
            FanoutEventView::Commit { message: seen, external_proposals: others },
        ) => {
            assert_eq!(seen.content_type(), Some(ContentType::Commit));
            assert_eq!((seen.group_id(), seen.epoch()), (message.group_id(), message.epoch()));
            same_proposals(external_proposals, others);
        }
        (owned, view) => panic!("{owned:?} but {view:?}"),
    }
}

fn same_proposals(owned: &[ProposalMessage], view: &ListView<'_, ProposalMessageView<'_>>) {
    let owned: Vec<_> = owned.iter().map(bytes).collect();
    let seen: Vec<_> = view.iter().map(|message| message.get().bytes().to_vec()).collect();
    assert_eq!(seen, owned);
}

#[test]
fn of_the_samples_their_prefixes_and_every_changed_byte() {
    for message in fanout() {
        let input = bytes(&message);
        agree(&input);
        for end in 0..input.len() {
            agree(&input[..end]);
        }
        let mut changed = input.clone();
        for place in 0..input.len() {
            for byte in 0..=255 {
                changed[place] = byte;
                agree(&changed);
            }
            changed[place] = input[place];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn of_any_value(random in proptest::collection::vec(any::<u8>(), 200..1500)) {
        let Ok(message) = Unstructured::new(&random).arbitrary::<FanoutMessage>() else { return Ok(()) };
        let input = message.to_bytes().unwrap();
        agree(&input);
        let mut changed = input.clone();
        for place in 0..input.len() {
            changed[place] ^= 1 << (place % 8);
            agree(&changed);
            changed[place] = input[place];
        }
    }

    #[test]
    fn of_several_in_one_body(random in proptest::collection::vec(any::<u8>(), 500..3000)) {
        let mut random = Unstructured::new(&random);
        let messages: Vec<FanoutMessage> = (0..4).filter_map(|_| random.arbitrary().ok()).collect();
        let body = messages.iter().flat_map(bytes).collect::<Vec<u8>>();
        if !messages.is_empty() {
            let walked: Vec<_> = FanoutMessages::new(&body).map(|message| message.unwrap().to_owned().unwrap()).collect();
            prop_assert_eq!(&walked, &messages);
            prop_assert_eq!(&FanoutMessage::decode_body(&body).unwrap(), &messages);
        }
    }

    #[test]
    fn of_any_mls_message(random in proptest::collection::vec(any::<u8>(), 0..900)) {
        let Ok(message) = Unstructured::new(&random).arbitrary::<MLSMessage>() else { return Ok(()) };
        let input = message.to_bytes().unwrap();
        let view = MLSMessageView::decode_exact(&input).unwrap();
        prop_assert_eq!(view.bytes(), &input);
        prop_assert_eq!(view.wire_format(), message.wire_format());
    }
}
