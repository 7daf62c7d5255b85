//! The kind `content`: messages in the MIMI content format, and their IDs.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod invalid;
#[cfg(feature = "generate")]
mod raw;
#[cfg(feature = "generate")]
mod valid;

use alloc::format;
use alloc::vec::Vec;

use mimi_content::{AvMetadata, MessageId, MimiContent, MimiContentRef};

use super::Kind;
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Content;

impl Kind for Content {
    fn name(&self) -> &'static str {
        "content"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &[
            "draft-ietf-mimi-content-09",
            "draft-mimi-content-more-extensions-00",
            "draft-mahy-mimi-av-metadata-01",
        ]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        // All members are read first, so that each one that is missing is reported.
        let encoded = case.bytes("encoded");
        let sender_uri = case.text("sender_uri");
        let room_uri = case.text("room_uri");
        let message_id = case.bytes("message_id");
        let message_id_07 = case.optional_bytes("message_id_07").flatten();
        let value = case.structured::<MimiContent>("value", "a MIMI content message");
        let Some(encoded) = encoded else { return };

        if let Some((_, value)) = &value {
            case.same_bytes("encoded", &encoded, &value.encode());
        }
        let (borrowed, owned) = match (MimiContentRef::decode(&encoded), MimiContent::decode(&encoded)) {
            (Ok(borrowed), Ok(owned)) => (borrowed, owned),
            (Err(error), Err(_)) => {
                return case.fail("encoded", "to be accepted", format!("refused: {error}"));
            }
            (borrowed, owned) => return fail_disagreement(case, borrowed.is_ok(), owned.is_ok()),
        };
        if borrowed.to_owned() != owned {
            case.fail(
                "encoded",
                "the same from the borrowed and the owned decoder",
                "two different messages",
            );
        }
        case.same_bytes("encoded", &encoded, &owned.encode());
        if let Some((json, value)) = &value
            && *value != owned
        {
            match (serde_json::to_value(value), serde_json::to_value(&owned)) {
                (Ok(expected), Ok(found)) => case.same_json("value", &expected, &found),
                _ => case.fail("value", json, "a message without a JSON form"),
            }
        }
        if let Some(expected) = case.optional("av_metadata") {
            case.same_json("av_metadata", expected, &av_metadata_json(&owned));
        }
        let (Some(sender_uri), Some(room_uri)) = (sender_uri, room_uri) else { return };
        if let Some(expected) = message_id {
            // Of the bytes, while decoding borrows, and while encoding: three ways to one ID.
            for id in [
                MessageId::compute(sender_uri, room_uri, &encoded, &owned.salt()),
                borrowed.message_id(sender_uri, room_uri),
                owned.message_id(sender_uri, room_uri),
            ] {
                match id {
                    Ok(id) if expected == id.as_bytes() => continue,
                    Ok(id) => case.same_bytes("message_id", &expected, id.as_bytes()),
                    Err(error) => case.fail("message_id", hex::encode(&expected), error),
                }
                break;
            }
        }
        if let Some(expected) = message_id_07 {
            for id in [
                MessageId::compute_revision_07(sender_uri, room_uri, &encoded, &owned.salt()),
                borrowed.message_id_revision_07(sender_uri, room_uri),
                owned.message_id_revision_07(sender_uri, room_uri),
            ] {
                if expected != id.as_bytes() {
                    case.same_bytes("message_id_07", &expected, id.as_bytes());
                    break;
                }
            }
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let Some(encoded) = case.bytes("encoded") else { return };
        match (MimiContentRef::decode(&encoded).is_ok(), MimiContent::decode(&encoded).is_ok()) {
            (false, false) => {}
            (true, true) => case.fail_accepted(),
            (borrowed, owned) => fail_disagreement(case, borrowed, owned),
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<alloc::vec::Vec<GeneratedCase>, GenerateError> {
        let mut cases = valid::cases(seed)?;
        cases.extend(invalid::cases().into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

/// The extension `av_metadata` as JSON: its entries, or `"malformed"`.
fn av_metadata_json(message: &MimiContent) -> serde_json::Value {
    let entry = |it: &AvMetadata| {
        let mut json = serde_json::json!({ "part_index": it.part.0, "type": it.kind.0 });
        let duration = it
            .duration
            .map(|it| serde_json::json!({ "seconds": it.as_secs(), "nanoseconds": it.subsec_nanos() }));
        let more = [
            ("width", it.width.map(Into::into)),
            ("height", it.height.map(Into::into)),
            ("duration", duration),
            ("preview_index", it.preview.map(|it| it.0.into())),
            ("accessibility_text", it.accessibility_text.clone().map(Into::into)),
            ("rotation", it.rotation.map(|it| it.degrees().into())),
        ];
        if let Some(members) = json.as_object_mut() {
            members.extend(more.into_iter().filter_map(|(name, value)| Some((name.into(), value?))));
        }
        json
    };
    let entries = message.extensions().av_metadata();
    entries.map_or("malformed".into(), |entries| entries.iter().map(entry).collect::<Vec<_>>().into())
}

fn fail_disagreement(case: &mut Case<'_>, borrowed: bool, owned: bool) {
    let verdict = |accepted| if accepted { "accepts" } else { "refuses" };
    let found = format!("the borrowed decoder {}, the owned one {}", verdict(borrowed), verdict(owned));
    case.fail("encoded", "one verdict", found);
}
