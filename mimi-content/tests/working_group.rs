//! The working group's examples: draft-ietf-mimi-content-09 sections 5 and appendix C,
//! draft-mahy-mimi-message-status-01 section 5.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use mimi_content::{
    Disposition, Expiration, HashAlgorithm, MessageDerivedValues, MessageId, MessageStatus,
    MessageStatusReport, MessageStatusReportRef, MimiContent, MimiContentRef, Part, PartIndex, PartRef,
    PartSemantics, Timestamp,
};

const ROOM: &str = "mimi://example.com/r/engineering_team";

struct Example {
    name: &'static str,
    sender: &'static str,
    message_id: &'static str,
    encoded: &'static [u8],
}

macro_rules! example {
    ($name:literal, $sender:literal, $message_id:literal) => {
        Example {
            name: $name,
            sender: concat!("mimi://example.com/u/", $sender),
            message_id: $message_id,
            encoded: include_bytes!(concat!("data/", $name, ".cbor")),
        }
    };
}

const EXAMPLES: [Example; 14] = [
    example!("attachment", "bob-jones", "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1"),
    example!(
        "conferencing",
        "alice-smith",
        "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba"
    ),
    example!("delete", "bob-jones", "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4"),
    example!("edit", "bob-jones", "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47"),
    example!("expiring", "alice-smith", "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03"),
    example!(
        "mention-html",
        "cathy-washington",
        "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e"
    ),
    example!(
        "mention",
        "cathy-washington",
        "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af"
    ),
    example!(
        "multipart-1",
        "alice-smith",
        "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e"
    ),
    example!(
        "multipart-2",
        "alice-smith",
        "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7"
    ),
    example!(
        "multipart-3",
        "alice-smith",
        "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f"
    ),
    example!("original", "alice-smith", "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"),
    example!(
        "reaction",
        "cathy-washington",
        "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68"
    ),
    example!("reply", "bob-jones", "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27"),
    example!(
        "unlike",
        "cathy-washington",
        "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4"
    ),
];

fn example(name: &str) -> MimiContentRef<'static> {
    let example = EXAMPLES.iter().find(|example| example.name == name).unwrap();
    MimiContentRef::decode(example.encoded).unwrap()
}

fn message_id(name: &str) -> MessageId {
    let example = EXAMPLES.iter().find(|example| example.name == name).unwrap();
    MessageId::from_bytes(hex::decode(example.message_id).unwrap().try_into().unwrap())
}

#[test]
fn every_example_decodes_and_encodes_to_the_same_bytes() {
    for Example { name, encoded, .. } in &EXAMPLES {
        let borrowed = MimiContentRef::decode(encoded).unwrap();
        let owned = MimiContent::decode(encoded).unwrap();
        assert_eq!(borrowed.encoded(), *encoded, "{name}");
        assert_eq!(borrowed.to_owned(), owned, "{name}");
        assert_eq!(owned.encode(), *encoded, "{name}");
    }
}

#[test]
fn every_example_has_the_message_id_of_revision_08() {
    for Example { name, sender, encoded, message_id } in &EXAMPLES {
        let borrowed = MimiContentRef::decode(encoded).unwrap();
        assert_eq!(borrowed.extensions().sender_uri(), Some(*sender), "{name}");
        assert_eq!(borrowed.extensions().room_uri(), Some(ROOM), "{name}");
        let id = borrowed.message_id(sender, ROOM).unwrap();
        assert_eq!(id.to_string(), *message_id, "{name}");
        assert_eq!(id.algorithm(), HashAlgorithm::SHA_256);
        assert_eq!(borrowed.to_owned().message_id(sender, ROOM), Ok(id), "{name}");
        assert_eq!(MessageId::compute(sender, ROOM, encoded, &borrowed.salt()), Ok(id), "{name}");
    }
}

/// The hex dumps in §5.2 and 5.3 still answer this ID, and implied-original.cbor still holds it.
#[test]
fn the_dumps_of_the_draft_show_the_revision_07_id_of_the_original() {
    let original = example("original");
    let sender = "mimi://example.com/u/alice-smith";
    let id = original.message_id_revision_07(sender, ROOM);
    assert_eq!(id.to_string(), "01b0084467273cc43d6f0ebeac13eb84229c4fffe8f6c3594c905f47779e5a79");
    assert_eq!(original.to_owned().message_id_revision_07(sender, ROOM), id);
    assert_eq!(MessageId::compute_revision_07(sender, ROOM, original.encoded(), &original.salt()), id);
}

#[test]
fn the_story_refers_to_itself() {
    assert_eq!(example("reply").in_reply_to(), Some(message_id("original")));
    assert_eq!(example("reaction").in_reply_to(), Some(message_id("original")));
    assert_eq!(example("edit").replaces(), Some(message_id("reply")));
    assert_eq!(example("delete").replaces(), Some(message_id("reply")));
    assert_eq!(example("unlike").replaces(), Some(message_id("reaction")));
    assert_eq!(example("original").replaces(), None);
    assert_eq!(example("original").in_reply_to(), None);
}

#[test]
fn parts_hold_what_the_draft_says() {
    let original = example("original");
    let PartRef::Single(text) = original.body().part else { panic!() };
    assert_eq!(text.content_type, "text/markdown;variant=GFM-MIMI");
    assert_eq!(text.content, b"Hi everyone, we just shipped release 2.0. __Good  work__!");
    assert_eq!((original.topic_id(), original.expires()), (&[][..], None));

    let expiring = example("expiring");
    assert_eq!(expiring.expires(), Some(Expiration { relative: false, time: 1_644_390_004 }));

    let attachment = example("attachment");
    let PartRef::External(video) = attachment.body().part else { panic!() };
    assert_eq!(attachment.body().disposition, Disposition::ATTACHMENT);
    assert_eq!((attachment.body().language, video.content_type), ("en", "video/mp4"));
    assert_eq!(video.url, "https://example.com/storage/8ksB4bSrrRE.mp4");
    assert_eq!(
        (video.expires, video.size, video.enc_alg.0, video.hash_alg),
        (0, 708_234_961, 1, HashAlgorithm::SHA_256)
    );
    assert_eq!(
        (video.key.len(), video.nonce.len(), video.aad.len(), video.content_hash.len()),
        (16, 12, 0, 32)
    );
    assert_eq!((video.description, video.filename), ("2 hours of key signing video", "bigfile.mp4"));

    let delete = example("delete");
    assert_eq!((delete.body().disposition, delete.body().part), (Disposition::RENDER, PartRef::Null));
    assert_eq!(example("unlike").body().disposition, Disposition::REACTION);
    assert_eq!(example("conferencing").body().disposition, Disposition::SESSION);
}

/// The table of appendix C.3.
#[test]
fn part_indexes_count_depth_first() {
    let message = example("multipart-3");
    assert_eq!(message.parts().len(), 11);
    let semantics = |index| match message.part(PartIndex(index)).unwrap().part {
        PartRef::Multi(multi) => Some(multi.semantics),
        _ => None,
    };
    assert_eq!(semantics(0), Some(PartSemantics::ChooseOne));
    assert_eq!(
        (semantics(1), semantics(6)),
        (Some(PartSemantics::ProcessAll), Some(PartSemantics::ProcessAll))
    );
    assert_eq!(
        (semantics(2), semantics(7)),
        (Some(PartSemantics::ChooseOne), Some(PartSemantics::ChooseOne))
    );
    for (index, language) in [(3, "en"), (4, "fr"), (8, "en"), (9, "fr")] {
        assert_eq!(message.part(PartIndex(index)).unwrap().language, language);
    }
    let content_type = |index| match message.part(PartIndex(index)).unwrap().part {
        PartRef::Single(single) => single.content_type,
        _ => panic!(),
    };
    assert_eq!((content_type(5), content_type(10)), ("image/gif", "image/png"));
    assert_eq!(message.part(PartIndex(11)), None);

    let children = |index| message.children(PartIndex(index)).map(|(index, _)| index.0).collect::<Vec<_>>();
    assert_eq!(children(0), [1, 6]);
    assert_eq!(children(1), [2, 5]);
    assert_eq!(children(2), [3, 4]);
    assert_eq!(children(6), [7, 10]);
    assert_eq!(children(7), [8, 9]);
    assert_eq!(children(3), [0_u16; 0]);
    assert_eq!(children(99), [0_u16; 0]);

    let owned = message.to_owned();
    for (index, part) in (0..).map(PartIndex).zip(message.parts()) {
        let owned = owned.part(index).unwrap();
        assert_eq!((owned.disposition, owned.language()), (part.disposition, part.language));
        assert_eq!(matches!(owned.part, Part::Multi(_)), matches!(part.part, PartRef::Multi(_)));
    }
    assert_eq!(owned.part(PartIndex(11)), None);
    assert_eq!((owned.body().count(), owned.body().depth()), (11, 4));

    // The HTML parts refer to the image beside them.
    let (index, image) = message.resolve_content_id("cid:5@local.invalid").unwrap();
    assert_eq!((index, image.disposition), (PartIndex(5), Disposition::INLINE));
}

#[test]
fn content_ids_lead_to_single_and_external_parts_only() {
    use mimi_content::ContentIdError::{NoSuchPart, NotAContentId, NotReferable};
    let message = example("multipart-3");
    assert_eq!(message.resolve_content_id("cid:1@local.invalid"), Err(NotReferable));
    assert_eq!(message.resolve_content_id("cid:11@local.invalid"), Err(NoSuchPart));
    assert_eq!(message.resolve_content_id("cid:5@example.com"), Err(NotAContentId));
    assert_eq!(example("delete").resolve_content_id("cid:0@local.invalid"), Err(NotReferable));
    assert!(example("attachment").resolve_content_id("cid:0@local.invalid").is_ok());
    assert!(example("original").resolve_content_id("cid:0@local.invalid").is_ok());
}

#[test]
fn the_status_report_names_messages_of_the_story() {
    let encoded = include_bytes!("data/status.cbor");
    let report = MessageStatusReport::decode(encoded).unwrap();
    let entries: Vec<_> = report.0.iter().map(|entry| (entry.message_id, entry.status)).collect();
    assert_eq!(
        entries,
        [
            (message_id("original"), MessageStatus::READ),
            (message_id("reply"), MessageStatus::READ),
            (message_id("mention"), MessageStatus::UNREAD),
            (message_id("expiring"), MessageStatus::EXPIRED),
        ]
    );
    assert_eq!(report.encode(), encoded);
    assert!(MessageStatusReportRef::decode(encoded).unwrap().iter().eq(report.0));
}

#[test]
fn the_derived_values_belong_to_the_original() {
    let encoded = include_bytes!("data/implied-original.cbor");
    let values = MessageDerivedValues::decode(encoded).unwrap();
    let sender = "mimi://example.com/u/alice-smith";
    assert_eq!(values.message_id, example("original").message_id_revision_07(sender, ROOM));
    assert_eq!(values.hub_accepted_timestamp, Timestamp::Milliseconds(1_644_387_225_019));
    assert_eq!(values.hub_accepted_timestamp.milliseconds(), Some(1_644_387_225_019));
    assert_eq!((values.mls_group_id.len(), values.sender_leaf_index), (32, 4));
    assert_eq!(values.sender_client_url, "mimi://example.com/d/3b52249d-68f9-45ce-8bf5-c799f3cad7ec/0003");
    assert_eq!((values.sender_user_url, values.room_url), (sender, ROOM));
    assert_eq!(values.encode(), encoded);
}

#[test]
fn the_json_form_comes_back() {
    for Example { name, encoded, .. } in &EXAMPLES {
        let message = MimiContent::decode(encoded).unwrap();
        let json = serde_json::to_value(&message).unwrap();
        assert_eq!(serde_json::from_value::<MimiContent>(json.clone()).unwrap(), message, "{name}");
        assert_eq!(serde_json::to_value(MimiContentRef::decode(encoded).unwrap()).unwrap(), json, "{name}");
    }
    let report = MessageStatusReport::decode(include_bytes!("data/status.cbor")).unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json[3][0], EXAMPLES.iter().find(|example| example.name == "expiring").unwrap().message_id);
    assert_eq!(json[3][1], 3);
    assert_eq!(serde_json::from_value::<MessageStatusReport>(json).unwrap(), report);
}
