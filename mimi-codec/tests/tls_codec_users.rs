//! Our types are fields of structs that derive tls_codec's traits.
#![allow(clippy::unwrap_used, missing_docs)]

use mimi_codec::{
    DecodeErrorKind, List, Octets, Opaque, Strict,
    code_points::CipherSuite,
    mls::{ContentType, Extensions, HPKECiphertext, Sender},
};
use tls_codec::{
    DeserializeBytes, Error, SerializeBytes, Size, TlsDeserializeBytes, TlsSerializeBytes, TlsSize,
};

#[derive(Debug, PartialEq, TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
struct Theirs {
    before: u8,
    suite: CipherSuite,
    group_id: Opaque,
    ciphertexts: Vec<HPKECiphertext>,
    sender: Option<Sender>,
    extensions: Extensions,
    leaves: List<u32, Strict>,
    guard: Octets<4>,
    content_type: ContentType,
    after: u16,
}

fn theirs() -> Theirs {
    Theirs {
        before: 1,
        suite: CipherSuite(3),
        group_id: "g".into(),
        ciphertexts: vec![HPKECiphertext { kem_output: "k".into(), ciphertext: "c".into() }],
        sender: Some(Sender::Member { leaf_index: 9 }),
        extensions: Extensions::default(),
        leaves: List::new(vec![4, 5]).unwrap(),
        guard: Octets([1, 2, 3, 4]),
        content_type: ContentType::Commit,
        after: 0xbeef,
    }
}

#[test]
fn derived_structs_hold_our_types() {
    let bytes = theirs().tls_serialize_bytes().unwrap();
    assert_eq!(bytes.len(), theirs().tls_serialized_len());
    assert_eq!(hex::encode(&bytes), "010003016704016b0163010100000009000800000004000000050102030403beef");
    assert_eq!(Theirs::tls_deserialize_exact_bytes(&bytes).unwrap(), theirs());
}

#[test]
fn refuses_what_our_own_decoder_refuses() {
    let bytes = theirs().tls_serialize_bytes().unwrap();
    let with = |place: usize, byte: u8| {
        let mut changed = bytes.clone();
        *changed.get_mut(place).unwrap() = byte;
        Theirs::tls_deserialize_exact_bytes(&changed).unwrap_err()
    };
    // The second leaf is no longer above the first.
    let reason = format!("[1] at byte 5: {}", DecodeErrorKind::NotAscending);
    assert_eq!(with(25, 4), Error::DecodingError(reason));
    // A sender type that isn't listed; an end in the middle.
    assert_eq!(with(11, 7), Error::UnknownValue(7));
    assert_eq!(Theirs::tls_deserialize_exact_bytes(&bytes[..30]).unwrap_err(), Error::EndOfStream);
}
