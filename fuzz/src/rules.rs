//! Proposals of types that only a caller's rules describe.

use mimi_codec::code_points::ProposalType;
use mimi_codec::mls::{
    Commit, ContentType, MLSMessage, PrivateMessageContent, Proposal, ProposalBody, ProposalRule,
};
use mimi_codec::semiprivate::SemiPrivateMessageContent;
use mimi_codec::{Decode, DecodeOwned, Encode};

use crate::allocation::bounded;
use crate::wire::MULTIPLE;

const fn rule(number: u16, body: ProposalBody) -> ProposalRule {
    ProposalRule { proposal_type: ProposalType(number), body }
}

/// Every form of a body, and a rule for a type that is known, which has no effect.
const RULES: [ProposalRule; 6] = [
    rule(0xf001, ProposalBody::Empty),
    rule(0xf002, ProposalBody::Bytes(3)),
    rule(0xf003, ProposalBody::Vector),
    rule(0xf004, ProposalBody::Optional(&ProposalBody::Vector)),
    rule(
        0xf005,
        ProposalBody::Fields(&[
            ProposalBody::Bytes(4),
            ProposalBody::Optional(&ProposalBody::Fields(&[ProposalBody::Vector, ProposalBody::Bytes(1)])),
        ]),
    ),
    rule(3, ProposalBody::Empty),
];

fn check<T: DecodeOwned + Encode + PartialEq + core::fmt::Debug>(data: &[u8]) {
    let with = bounded(MULTIPLE, data, |data| <T as Decode>::decode_exact_with(data, &RULES));
    if let Ok(value) = &with {
        assert_eq!(value.to_bytes().as_deref(), Ok(data), "another encoding of {value:?}");
    }
    // Rules only add what is readable.
    if let Ok(without) = T::decode_exact(data) {
        assert_eq!(with.as_ref(), Ok(&without));
    }
}

/// With rules, what is read has one encoding, and what is readable without them is the same.
pub fn proposals(data: &[u8]) {
    check::<Proposal>(data);
    check::<Commit>(data);
    check::<MLSMessage>(data);
    for content_type in [ContentType::Proposal, ContentType::Commit] {
        let private = PrivateMessageContent::decode_exact_with(content_type, data, &RULES);
        let semi_private = SemiPrivateMessageContent::decode_exact_with(content_type, data, &RULES);
        match (private, semi_private) {
            (Ok(private), Ok(semi_private)) => {
                assert_eq!(private.content(), semi_private.content());
                assert_eq!(private.to_bytes().as_deref(), Ok(data));
                assert_eq!(semi_private.to_bytes().as_deref(), Ok(data));
            }
            (Err(private), Err(semi_private)) => assert_eq!(private.offset(), semi_private.offset()),
            (private, semi_private) => panic!("{private:?} and {semi_private:?}"),
        }
    }
}
