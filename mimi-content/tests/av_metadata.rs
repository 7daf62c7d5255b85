//! The extension of mimi-av-metadata-01, against ciborium.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use ciborium::{Value, cbor};
use mimi_content::{
    Advice, Anomaly, AvKind, AvMetadata, AvPartError, Composer, Disposition, ExtensionKey, MessageExtensions,
    MessageId, MimiContent, MimiContentRef, MultiPart, NestedPart, PartIndex, PartSemantics, ReceivedMessage,
    Rotation, Salt, Text,
};

const ALICE: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://a.example/r/room";

fn read(value: &Value) -> Result<Vec<AvMetadata>, String> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    let mut extensions = MessageExtensions::new();
    extensions.set_encoded(ExtensionKey::AV_METADATA, &bytes).map_err(|error| error.to_string())?;
    Ok(extensions.av_metadata().unwrap())
}

#[test]
fn reads_and_writes_the_example_of_the_draft() {
    let puppies = "two golden retriever puppies playing inovergrown grass lit with low sunlight";
    let example = cbor!([
        { 1 => 2, 2 => 3, 3 => 1920, 4 => 1080, 5 => 37, 6 => 4, 7 => puppies },
        { 1 => 4, 2 => 2, 3 => 1920, 4 => 1080 },
        { 1 => 7, 2 => 1, 5 => 9.45, 7 => "uproarious laughter" },
    ])
    .unwrap();
    let expected = [
        AvMetadata {
            width: Some(1920),
            height: Some(1080),
            duration: Some(Duration::from_secs(37)),
            preview: Some(PartIndex(4)),
            accessibility_text: Some(puppies.into()),
            ..AvMetadata::new(PartIndex(2), AvKind::VIDEO)
        },
        AvMetadata { width: Some(1920), height: Some(1080), ..AvMetadata::new(PartIndex(4), AvKind::IMAGE) },
        AvMetadata {
            duration: Some(Duration::from_millis(9_450)),
            accessibility_text: Some("uproarious laughter".into()),
            ..AvMetadata::new(PartIndex(7), AvKind::AUDIO)
        },
    ];
    assert_eq!(read(&example).unwrap(), expected);
    let mut extensions = MessageExtensions::new();
    extensions.set_av_metadata(&expected).unwrap();
    assert_eq!(extensions.get(ExtensionKey::AV_METADATA).unwrap().to_value().unwrap(), example);
    assert_eq!(MessageExtensions::new().av_metadata(), Ok(vec![]));
}

#[test]
fn durations_are_the_shortest_number() {
    // Every half, some singles and doubles; ciborium writes the shortest float.
    let halves = (0_u64..1024).map(|half| half as f64 / 16.0).chain((1..40).map(|n| 0.5_f64.powi(n)));
    let others = [0.1, 9.45, 1.0 / 3.0, 16_777_216.5, 65_504.0, 65_536.5, 1e9 + 0.25, 1.5e19];
    for seconds in halves.chain(others).filter(|seconds| *seconds > 0.0) {
        let value = Value::Array(vec![cbor!({ 1 => 0, 2 => 1, 5 => seconds }).unwrap()]);
        let entries = read(&value).unwrap();
        let duration = entries[0].duration.unwrap();
        assert!(
            (duration.as_secs_f64() - seconds).abs() <= 5e-10_f64.max(seconds * f64::EPSILON),
            "{seconds}"
        );
        // Written again it is checked to be deterministic, and the same.
        let mut extensions = MessageExtensions::new();
        extensions.set_av_metadata(&entries).unwrap();
        assert_eq!(extensions.av_metadata().unwrap(), entries, "{seconds}");
        let written = extensions.get(ExtensionKey::AV_METADATA).unwrap().to_value().unwrap();
        if duration.subsec_nanos() != 0 && duration.as_secs_f64() == seconds {
            assert_eq!(written, value);
        }
    }
    // The smallest half, and one that is subnormal.
    for nanoseconds in [1, 59_605, 30_517_578, 999_999_999] {
        let entry = AvMetadata {
            duration: Some(Duration::from_nanos(nanoseconds)),
            ..AvMetadata::new(PartIndex(0), AvKind::AUDIO)
        };
        let mut extensions = MessageExtensions::new();
        extensions.set_av_metadata(core::slice::from_ref(&entry)).unwrap();
        assert_eq!(extensions.av_metadata().unwrap(), [entry]);
    }
    assert_eq!(
        read(&cbor!([{ 1 => 0, 2 => 1, 5 => u64::MAX }]).unwrap()).unwrap()[0].duration,
        Some(Duration::from_secs(u64::MAX))
    );
}

#[test]
fn keeps_what_the_draft_does_not_define_out_of_the_way() {
    let value = cbor!([{ 1 => 0, 2 => 9, 8 => 270, 100 => [1], "x" => { 1 => 2 } }]).unwrap();
    let entry =
        AvMetadata { rotation: Some(Rotation::ThreeQuarters), ..AvMetadata::new(PartIndex(0), AvKind(9)) };
    assert_eq!(read(&value).unwrap(), [entry]);
    let degrees = [0, 90, 180, 270].map(|degrees| read(&cbor!([{ 1 => 0, 2 => 2, 8 => degrees }]).unwrap()));
    let rotations = [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters];
    for (read, rotation) in degrees.into_iter().zip(rotations) {
        assert_eq!(read.unwrap()[0].rotation, Some(rotation));
    }
    assert_eq!(
        [1, 2, 3, 4].map(|kind| AvKind(kind).media_type()),
        [Some("audio"), Some("image"), Some("video"), None]
    );
}

#[test]
fn refuses_by_name() {
    for (value, refusal) in [
        (cbor!({}), "array"),
        (cbor!([1]), "[0]"),
        (cbor!([{ 1 => 0 }]), "keys 1"),
        (cbor!([{ 2 => 1 }]), "keys 1"),
        (cbor!([{ 1 => 65536, 2 => 1 }]), "part_index"),
        (cbor!([{ 1 => 0, 2 => "video" }]), "type"),
        (cbor!([{ 1 => 0, 2 => 2, 3 => -1 }]), "width"),
        (cbor!([{ 1 => 0, 2 => 2, 4 => 1.5 }]), "height"),
        (cbor!([{ 1 => 0, 2 => 1, 5 => 0.0 }]), "duration"),
        (cbor!([{ 1 => 0, 2 => 1, 5 => (-1.5) }]), "duration"),
        (cbor!([{ 1 => 0, 2 => 1, 5 => (f64::INFINITY) }]), "duration"),
        (cbor!([{ 1 => 0, 2 => 1, 5 => (f64::NAN) }]), "duration"),
        (cbor!([{ 1 => 0, 2 => 1, 5 => 1e300 }]), "duration"),
        (cbor!([{ 1 => 0, 2 => 1, 5 => "1" }]), "duration"),
        (cbor!([{ 1 => 0, 2 => 3, 6 => 65536 }]), "preview_index"),
        (cbor!([{ 1 => 0, 2 => 2, 7 => 1 }]), "accessibility_text"),
        (cbor!([{ 1 => 0, 2 => 2, 8 => 45 }]), "rotation"),
    ] {
        let refused = read(&value.unwrap()).unwrap_err();
        assert!(refused.contains("extensions[\"av_metadata\"]") && refused.contains(refusal), "{refused}");
    }
}

fn single(disposition: Disposition, media_type: &str) -> NestedPart {
    NestedPart::single(disposition, "", media_type, "")
}

/// Part 1 a text, 2 a video, 3 a preview, 4 a choice of previews 5 and 6, 7 a picture.
fn body() -> NestedPart {
    let preview = || single(Disposition::PREVIEW, "Image/PNG; x=y");
    let several = |semantics, parts| {
        NestedPart::multi(Disposition::RENDER, "", MultiPart::new(semantics, parts).unwrap())
    };
    several(
        PartSemantics::ProcessAll,
        vec![
            single(Disposition::RENDER, "text/plain;charset=utf-8"),
            single(Disposition::RENDER, "video/mp4"),
            preview(),
            several(PartSemantics::ChooseOne, vec![preview(), preview()]),
            single(Disposition::RENDER, "image/png"),
        ],
    )
}

fn anomalies(entries: &[AvMetadata]) -> Vec<Anomaly> {
    let mut extensions = MessageExtensions::new();
    extensions.set_av_metadata(entries).unwrap();
    let message =
        MimiContent::builder(Salt::from_bytes([1; 16]), body()).extensions(extensions).build().unwrap();
    let encoded = message.encode();
    let message = MimiContentRef::decode(&encoded).unwrap();
    let now_ms = 1_800_000_000_000;
    ReceivedMessage::new(&message, ALICE, ROOM, &|_: &str| true, now_ms, now_ms).unwrap().anomalies()
}

#[test]
fn finds_entries_that_do_not_fit_the_parts() {
    let with = |part, kind, preview: Option<u16>| AvMetadata {
        preview: preview.map(PartIndex),
        ..AvMetadata::new(PartIndex(part), kind)
    };
    let (video, image) = (AvKind::VIDEO, AvKind::IMAGE);
    assert_eq!(anomalies(&[with(2, video, Some(3)), with(3, image, None), with(7, image, None)]), []);
    assert_eq!(anomalies(&[with(2, video, Some(4)), with(1, AvKind(9), None)]), []);
    for (entry, error) in [
        (with(0, video, None), AvPartError::NoContent),
        (with(4, image, None), AvPartError::NoContent),
        (with(8, image, None), AvPartError::NoContent),
        (with(7, video, None), AvPartError::OtherType),
        (with(5, image, None), AvPartError::Repeated),
        (with(7, image, Some(3)), AvPartError::PreviewOfOther),
        (with(2, video, Some(7)), AvPartError::NoPreview),
        (with(2, video, Some(0)), AvPartError::NoPreview),
        (with(2, video, Some(9)), AvPartError::NoPreview),
    ] {
        let expected = Anomaly::MisplacedAvMetadata { entry: 1, error };
        assert_eq!(expected.to_string(), format!("av_metadata[1]: {error}"));
        assert_eq!(expected.advice(), Advice::Log);
        assert_eq!(anomalies(&[with(5, image, None), entry, with(0, image, None)]), [expected]);
    }
}

#[test]
fn a_malformed_hint_is_no_reason_to_reject() {
    let mut json =
        serde_json::to_value(MimiContent::builder(Salt::from_bytes([1; 16]), body()).build().unwrap())
            .unwrap();
    json["extensions"] = serde_json::json!([[{ "text": "av_metadata" }, "00"]]);
    let encoded = serde_json::from_value::<MimiContent>(json).unwrap().encode();
    let message = MimiContentRef::decode(&encoded).unwrap();
    let now_ms = 1_800_000_000_000;
    let found =
        ReceivedMessage::new(&message, ALICE, ROOM, &|_: &str| true, now_ms, now_ms).unwrap().anomalies();
    let [anomaly @ Anomaly::MalformedExtension(error)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((error.key(), anomaly.advice()), (ExtensionKey::AV_METADATA, Advice::Log));
}

#[test]
fn an_edit_keeps_what_is_said_of_parts_that_stay() {
    let alice = Composer::new(ALICE, ROOM).unwrap();
    let salt = Salt::from_bytes([1; 16]);
    let mut extensions = MessageExtensions::new();
    extensions.set_av_metadata(&[AvMetadata::new(PartIndex(7), AvKind::IMAGE)]).unwrap();
    let value = extensions.get(ExtensionKey::AV_METADATA).unwrap();
    let message = alice.compose(salt, body()).extension(ExtensionKey::AV_METADATA, value.encoded()).unwrap();
    let message = message.build().unwrap();
    let first = MessageId::from_bytes([1; 32]);
    let caption = alice.edit_text(salt, first, &message, Text::plain("a cat")).unwrap().build().unwrap();
    assert_eq!(caption.extensions().av_metadata(), message.extensions().av_metadata());
    let text = alice.edit(salt, first, &message, Text::plain("no cat")).unwrap().build().unwrap();
    assert_eq!(text.extensions().av_metadata(), Ok(vec![]));
}
