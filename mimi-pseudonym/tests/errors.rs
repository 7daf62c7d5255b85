//! What errors say, and what lies behind them.

#![allow(clippy::unwrap_used, missing_docs)]

use std::error::Error;

use mimi_codec::{
    Decode, DecodeErrorKind, EncodeError, InvalidValueError, MimiUri, minimal_metadata::AddAAD,
};
use mimi_crypto::CryptoError;
use mimi_pseudonym::PseudonymError;

#[test]
fn names_the_error_behind() {
    let text = MimiUri::parse("https://a.example").unwrap_err();
    let decode = AddAAD::decode_exact(&[]).unwrap_err();
    let encode = EncodeError::VectorTooLong { len: 1 << 30 };
    let invalid = InvalidValueError::field("set", DecodeErrorKind::Duplicate);
    let at_leaf = PseudonymError::Leaf { leaf_index: 7, error: Box::new(PseudonymError::StaleKey) };
    for (error, cause) in [
        (PseudonymError::InvalidPseudonym(text), text.to_string()),
        (PseudonymError::Crypto(CryptoError::InvalidTag), CryptoError::InvalidTag.to_string()),
        (PseudonymError::Decode(decode.clone()), decode.to_string()),
        (PseudonymError::Encode(encode), encode.to_string()),
        (PseudonymError::Invalid(invalid), invalid.to_string()),
        (at_leaf, PseudonymError::StaleKey.to_string()),
    ] {
        assert_eq!(error.source().unwrap().to_string(), cause);
        assert!(error.to_string().ends_with(&cause), "{error}");
    }
    assert!(PseudonymError::StaleKey.source().is_none());
}
