//! Extension maps and the typed extensions.

use alloc::string::ToString;
use alloc::vec;

use super::*;
use crate::error::DecodeErrorKind;
use crate::message_id::MessageId;

#[test]
fn keeps_entries_sorted_whatever_the_order_of_setting() {
    let keys: [ExtensionKey<'_>; 6] = [
        ExtensionKey::Integer(1),
        ExtensionKey::Integer(256),
        ExtensionKey::Integer(-1),
        ExtensionKey::Integer(-9_007_199_254_740_991),
        ExtensionKey::Text("a"),
        ExtensionKey::Text("bb"),
    ];
    for first in 0..keys.len() {
        let mut extensions = MessageExtensions::new();
        for step in 0..keys.len() {
            let key = keys[(first + step * 5) % keys.len()];
            extensions
                .set_encoded(key, if key == ExtensionKey::LAST_SEEN { &[0x80] } else { &[0x61, b'v'] })
                .unwrap();
        }
        assert!(extensions.iter().map(|(key, _)| key).eq(keys));
        assert!(extensions.as_ref().len() == 6 && !extensions.is_empty() && !extensions.as_ref().is_empty());
        assert_eq!((extensions.len(), extensions.iter().len()), (6, 6));

        let mut encoded = Vec::new();
        extensions.as_ref().encode(&mut encoded);
        let mut reader = Reader::new(&encoded);
        assert_eq!(ExtensionsRef::decode(&mut reader).unwrap(), extensions.as_ref());
        reader.finish().unwrap();

        for key in keys {
            let value: &[u8] = match key {
                ExtensionKey::SENDER_URI => &[0x60],
                ExtensionKey::LAST_SEEN => &[0x80],
                _ => &[0x07],
            };
            extensions.set_encoded(key, value).unwrap();
            assert_eq!(extensions.len(), 6);
            assert!(extensions.get(key).unwrap().encoded().len() == 1);
        }
        for key in keys {
            assert!(extensions.remove(key) && !extensions.remove(key));
        }
        assert!(
            extensions.is_empty() && extensions.as_ref().is_empty() && extensions == MessageExtensions::new()
        );
    }
}

#[test]
fn refuses_keys_that_no_message_has() {
    let mut extensions = MessageExtensions::new();
    let long = "k".repeat(256);
    for key in [
        ExtensionKey::Integer(0),
        ExtensionKey::Integer(9_007_199_254_740_992),
        ExtensionKey::Integer(-9_007_199_254_740_992),
        ExtensionKey::Integer(i64::MIN),
        ExtensionKey::Text(""),
        ExtensionKey::Text(&long),
    ] {
        assert_eq!(extensions.set_encoded(key, &[0x01]), Err(ExtensionError::Key), "{key:?}");
    }
    extensions.set_encoded(long.get(1..).unwrap(), &[0x01]).unwrap();
    extensions.set_encoded(9_007_199_254_740_991, &[0x01]).unwrap();
    assert_eq!(extensions.len(), 2);
}

#[test]
fn refuses_values_that_are_not_one_canonical_item() {
    let mut extensions = MessageExtensions::new();
    for (encoded, kind, offset) in [
        (&[][..], DecodeErrorKind::Truncated, 0),
        (&[0x01, 0x02], DecodeErrorKind::TrailingBytes, 1),
        (&[0x81, 0x81, 0x81, 0x80], DecodeErrorKind::ExtensionsTooDeep, 3),
    ] {
        match extensions.set_encoded(9, encoded) {
            Err(ExtensionError::Value(error)) => assert_eq!((error.kind(), error.offset()), (&kind, offset)),
            other => panic!("{other:?}"),
        }
    }
    let error = extensions.set_encoded(1, &[0x01]).unwrap_err();
    assert_eq!(error.to_string(), "extension value: expected a text string (byte 0)");
    assert!(core::error::Error::source(&error).is_some());
    assert!(extensions.is_empty());
}

#[test]
fn says_what_is_wrong_with_an_extension() {
    let mut extensions = MessageExtensions::new();
    assert_eq!(extensions.set_text("", "x").unwrap_err().to_string(), "not a key that an extension can have");
    let error = extensions.set_subject("").unwrap_err();
    assert_eq!(error.to_string(), "extensions[5]: a subject has 1 to 4096 bytes");
    assert!(core::error::Error::source(&error).is_some());
    extensions.set_text("k", "v").unwrap();
    assert_eq!(alloc::format!("{extensions:?}"), "{Text(\"k\"): h'6176'}");
}

#[test]
fn reads_values_by_type() {
    let value = |encoded| ExtensionValue { encoded };
    assert_eq!(value(&[0x61, b'x']).as_text(), Some("x"));
    assert_eq!(value(&[0x41, b'x']).as_text(), None);
    assert_eq!(value(&[0x41, b'x']).as_bytes(), Some(&b"x"[..]));
    assert_eq!(value(&[0x61, b'x']).as_bytes(), None);
    assert_eq!(value(&[0x05]).as_integer(), Some(5));
    assert_eq!(value(&[0x24]).as_integer(), Some(-5));
    assert_eq!(value(&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255]).as_integer(), Some(-(1_i128 << 64)));
    assert_eq!(value(&[0x60]).as_integer(), None);
    assert_eq!(alloc::format!("{:?}", value(&[0x41, 0xab])), "h'41ab'");
}

/// Extensions with one raw value, as a decoder may meet them.
fn with(key: i64, encoded: &[u8]) -> MessageExtensions {
    MessageExtensions::from_checked(vec![checked_entry(ExtensionKey::Integer(key), encoded).unwrap()])
        .unwrap()
}

#[test]
fn refuses_to_make_what_an_extension_with_a_definition_does_not_hold() {
    let mut extensions = MessageExtensions::new();
    for key in [3, 4, 5, 256] {
        match extensions.set_encoded(key, &[0xf5]) {
            Err(ExtensionError::Known(error)) => assert_eq!(error.key(), ExtensionKey::Integer(key)),
            other => panic!("{other:?}"),
        }
    }
    assert!(extensions.is_empty());
    extensions.set_encoded(256, &[0x80]).unwrap();
    assert_eq!(extensions.last_seen(), Ok(Some(LastSeen::Messages(vec![]))));
}

#[test]
fn refuses_an_extension_twice_and_sorts_many() {
    let entry = |key| checked_entry(ExtensionKey::Integer(key), &[0x01]).unwrap();
    assert!(MessageExtensions::from_checked(vec![entry(7), entry(8), entry(7)]).is_none());
    // Many entries take time in proportion, however they are ordered.
    let many = MessageExtensions::from_checked((10..100_010).rev().map(entry).collect()).unwrap();
    assert_eq!(many.len(), 100_000);
    let mut encoded = Vec::new();
    many.as_ref().encode(&mut encoded);
    assert_eq!(ExtensionsRef::decode(&mut Reader::new(&encoded)).unwrap(), many.as_ref());
}

#[test]
fn reads_the_sender_timestamp_of_the_draft() {
    // 3: {1: 1762760377, -6: 462917}
    let extensions = with(3, &[0xa2, 0x01, 0x1a, 0x69, 0x11, 0x96, 0xb9, 0x25, 0x1a, 0x00, 0x07, 0x10, 0x45]);
    let timestamp = extensions.as_ref().sender_timestamp().unwrap().unwrap();
    assert_eq!(
        timestamp,
        SenderTimestamp { seconds: 1_762_760_377, fraction: Some(Fraction::Microseconds(462_917)) }
    );
    assert_eq!(timestamp.milliseconds(), 1_762_760_377_462);
    let mut again = MessageExtensions::new();
    again.set_sender_timestamp(timestamp).unwrap();
    assert_eq!(again, extensions);
    assert_eq!(MessageExtensions::new().as_ref().sender_timestamp(), Ok(None));
}

#[test]
fn checks_each_fraction_of_a_sender_timestamp() {
    for (fraction, good) in [
        (None, true),
        (Some(Fraction::Milliseconds(999)), true),
        (Some(Fraction::Milliseconds(1000)), false),
        (Some(Fraction::Microseconds(999_999)), true),
        (Some(Fraction::Microseconds(1_000_000)), false),
        (Some(Fraction::Nanoseconds(999_999_999)), true),
        (Some(Fraction::Nanoseconds(1_000_000_000)), false),
    ] {
        let timestamp = SenderTimestamp { seconds: 1, fraction };
        let mut extensions = MessageExtensions::new();
        let set = extensions.set_sender_timestamp(timestamp);
        assert_eq!(set.is_ok(), good, "{fraction:?}");
        if good {
            assert_eq!(extensions.as_ref().sender_timestamp(), Ok(Some(timestamp)));
            assert_eq!(timestamp.milliseconds(), if fraction.is_some() { 1999 } else { 1000 });
        } else {
            assert_eq!(set.unwrap_err().to_string(), "extensions[3]: a fraction is less than a second");
        }
    }
    for (encoded, offset) in [
        (&[0x01][..], 0),
        (&[0xa0], 0),
        (&[0xa1, 0x02, 0x01], 1),
        (&[0xa1, 0x01, 0x20], 2),
        (&[0xa2, 0x01, 0x01, 0x22, 0x19, 0x03, 0xe8], 4),
        (&[0xa2, 0x01, 0x01, 0x23, 0x01], 3),
        (&[0xa3, 0x01, 0x01, 0x22, 0x01, 0x25, 0x01], 0),
    ] {
        let error = with(3, encoded).as_ref().sender_timestamp().unwrap_err();
        assert_eq!(
            (error.key(), error.decode_error().unwrap().offset()),
            (3.into(), offset),
            "{encoded:02x?}"
        );
    }
    for (encoded, path) in [
        (&[0xa1, 0x01, 0x20][..], "seconds"),
        (&[0xa2, 0x01, 0x01, 0x22, 0x19, 0x03, 0xe8], "fraction"),
        (&[0xa2, 0x01, 0x01, 0x25, 0x1a, 0x00, 0x0f, 0x42, 0x40], "fraction"),
        (&[0xa2, 0x01, 0x01, 0x28, 0x1a, 0x3b, 0x9a, 0xca, 0x00], "fraction"),
    ] {
        let error = with(3, encoded).as_ref().sender_timestamp().unwrap_err();
        assert_eq!(error.decode_error().unwrap().path().to_string(), path);
    }
}

#[test]
fn reads_external_message_ids_of_every_scope() {
    for scope in [
        ExternalScope::EnterpriseNumber(311),
        ExternalScope::EnterpriseNumber(u64::MAX),
        ExternalScope::Domain("example.com".to_string()),
        ExternalScope::Uri("https://example.com/ids".to_string()),
    ] {
        let id = ExternalMessageId { id: vec![8, 187], scope };
        let mut extensions = MessageExtensions::new();
        extensions.set_external_message_id(&id).unwrap();
        assert_eq!(extensions.as_ref().external_message_id(), Ok(Some(id)));
    }
    let zero = ExternalMessageId { id: vec![], scope: ExternalScope::EnterpriseNumber(0) };
    assert!(
        matches!(MessageExtensions::new().set_external_message_id(&zero), Err(ExtensionError::Known(error)) if error.key() == 4.into())
    );
    for (encoded, offset) in [
        (&[0x82, 0x40, 0x00][..], 2),
        (&[0x82, 0x40, 0x20], 2),
        (&[0x82, 0x40, 0xd8, 0x21, 0x60], 2),
        (&[0x82, 0x40, 0xd8, 0x20, 0x40], 4),
        (&[0x82, 0x60, 0x01], 1),
        (&[0x83, 0x40, 0x01, 0x01], 0),
        (&[0x41, 0x01], 0),
    ] {
        let error = with(4, encoded).as_ref().external_message_id().unwrap_err();
        assert_eq!(
            (error.key(), error.decode_error().unwrap().offset()),
            (4.into(), offset),
            "{encoded:02x?}"
        );
    }
    let error = with(4, &[0x82, 0x40, 0x00]).as_ref().external_message_id().unwrap_err();
    assert_eq!(error.to_string(), "extensions[4]: scope: expected a positive enterprise number (byte 2)");
}

#[test]
fn bounds_the_subject() {
    let mut extensions = MessageExtensions::new();
    for length in [1, 4096] {
        let subject = "s".repeat(length);
        extensions.set_subject(&subject).unwrap();
        assert_eq!(extensions.as_ref().subject(), Ok(Some(subject.as_str())));
    }
    for length in [0, 4097] {
        let subject = "s".repeat(length);
        assert!(matches!(extensions.set_subject(&subject), Err(ExtensionError::Known(_))));
        let mut encoded = Vec::new();
        writer::text(&mut encoded, &subject);
        let error = with(5, &encoded).as_ref().subject().unwrap_err();
        assert_eq!(error.to_string(), "extensions[5]: a subject has 1 to 4096 bytes");
        assert_eq!(error.decode_error(), None);
    }
    let error = with(5, &[0x40]).as_ref().subject().unwrap_err();
    assert_eq!(error.to_string(), "extensions[5]: expected a text string (byte 0)");
}

#[test]
fn reads_last_seen_of_one_kind_only() {
    let message = MessageId::from_bytes([1; 32]);
    let external = ExternalMessageId { id: vec![1], scope: ExternalScope::EnterpriseNumber(7) };
    for last_seen in [
        LastSeen::Messages(vec![]),
        LastSeen::Messages(vec![message, MessageId::from_bytes([2; 32])]),
        LastSeen::External(vec![external.clone()]),
        LastSeen::External(vec![ExternalMessageId { id: vec![], scope: ExternalScope::EnterpriseNumber(1) }]),
    ] {
        let mut extensions = MessageExtensions::new();
        extensions.set_last_seen(&last_seen).unwrap();
        assert_eq!(extensions.as_ref().last_seen(), Ok(Some(last_seen.clone())));
        assert_eq!(last_seen.is_empty(), last_seen == LastSeen::Messages(vec![]));
    }
    let zero = ExternalMessageId { id: vec![], scope: ExternalScope::EnterpriseNumber(0) };
    let refused = MessageExtensions::new().set_last_seen(&LastSeen::External(vec![zero]));
    assert!(matches!(refused, Err(ExtensionError::Known(error)) if error.key() == 256.into()));

    let mut native_first = vec![0x82, 0x58, 0x20];
    native_first.extend([1; 32]);
    native_first.extend([0x82, 0x41, 0x01, 0x07]);
    let mut external_first = vec![0x82, 0x82, 0x41, 0x01, 0x07, 0x58, 0x20];
    external_first.extend([1; 32]);
    let empty = MessageExtensions::new().set_last_seen(&LastSeen::External(vec![])).unwrap_err();
    assert_eq!(empty.to_string(), "extensions[256]: an empty list is one of message IDs");
    for (mixed, offset) in [(native_first, 35), (external_first, 5), (vec![0x81, 0x41, 0x01], 1)] {
        let error = with(256, &mixed).as_ref().last_seen().unwrap_err();
        let decode_error = error.decode_error().unwrap();
        assert_eq!(decode_error.offset(), offset, "{error}");
        assert!(core::error::Error::source(&error).is_some());
        assert_eq!(error.key(), 256.into());
    }
}

#[cfg(feature = "ciborium")]
mod value {
    use super::*;
    use ciborium::{Value, cbor};

    #[test]
    fn writes_trees_in_canonical_form() {
        let tree = Value::Map(vec![
            (Value::Text("b".into()), Value::Float(1.5)),
            (Value::Integer(10.into()), Value::Tag(32, Value::Text("https://example.com".into()).into())),
            (Value::Bytes(vec![1]), Value::Array(vec![Value::Null, Value::Bool(true)])),
            (Value::Integer((-1).into()), Value::Float(f64::NAN)),
        ]);
        let mut extensions = MessageExtensions::new();
        extensions.set_value(7, &tree).unwrap();
        let stored = extensions.get(7).unwrap();
        let sorted = stored.to_value().unwrap();
        let keys: Vec<_> = sorted.as_map().unwrap().iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(
            keys,
            [
                Value::Integer(10.into()),
                Value::Integer((-1).into()),
                Value::Bytes(vec![1]),
                Value::Text("b".into())
            ]
        );
        let mut again = MessageExtensions::new();
        again.set_value(7, &sorted).unwrap();
        assert_eq!(again, extensions);
    }

    #[test]
    fn refuses_trees_that_the_format_does_not_allow() {
        let mut extensions = MessageExtensions::new();
        let kind = |result: core::result::Result<(), ExtensionError>| match result {
            Err(ExtensionError::Value(error)) => error.kind().clone(),
            other => panic!("{other:?}"),
        };
        let mut deep = Value::Integer(1.into());
        for _ in 0..20 {
            deep = Value::Array(vec![deep]);
        }
        assert_eq!(kind(extensions.set_value(7, &deep)), DecodeErrorKind::ExtensionsTooDeep);
        let twice = Value::Map(vec![
            (Value::Integer(1.into()), Value::Null),
            (Value::Integer(1.into()), Value::Null),
        ]);
        assert_eq!(kind(extensions.set_value(7, &twice)), DecodeErrorKind::DuplicateMapKey);
        let bool_key = cbor!({ true => 1 }).unwrap();
        assert_eq!(kind(extensions.set_value(7, &bool_key)), DecodeErrorKind::MapKeyType);
        let bignum = Value::Tag(2, Value::Bytes(vec![1]).into());
        assert_eq!(kind(extensions.set_value(7, &bignum)), DecodeErrorKind::NonCanonicalBignum);
    }

    #[test]
    fn says_what_no_tree_can_hold() {
        for undefined in [&[0xf7][..], &[0x81, 0xf7], &[0xa1, 0x01, 0xf7], &[0xc1, 0xf7]] {
            let error = with(7, undefined).get(7).unwrap().to_value().unwrap_err();
            assert_eq!(error.to_string(), "no ciborium value: it holds `undefined`");
        }
        // The byte alone is not the item.
        assert_eq!(with(7, &[0x41, 0xf7]).get(7).unwrap().to_value(), Ok(Value::Bytes(vec![0xf7])));
        let extensions = with(7, &[0xf0]);
        assert!(
            extensions.get(7).unwrap().to_value().unwrap_err().to_string().starts_with("no ciborium value")
        );
    }
}
