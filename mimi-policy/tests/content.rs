//! What each message takes: for every capability a message that takes it, which is accepted with it
//! and refused without it alone.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use mimi_codec::CapabilityType as C;
use mimi_content::{
    Disposition, Expiration, ExternalPart, MessageId, MimiContent, MimiContentBuilder, MimiContentRef,
    MultiPart, NestedPart, Part, PartIndex, PartSemantics, Salt,
};
use mimi_policy::UserUri;
use mimi_policy::component::asset::AssetKind;
use mimi_policy::message::{
    ClientKnowledge, ContentRefusal, EarlierMessage, MAX_FORWARDED, MessageAction, RequiredCapability,
    RequirementReason, Requirements, authorize,
};

const ALICE: &str = "mimi://a.example/u/alice";

fn alice() -> UserUri {
    ALICE.try_into().unwrap()
}
const BOB: &str = "mimi://b.example/u/bob";

const PLAIN: &str = "text/plain;charset=utf-8";
const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";

/// The messages of a room, by ID.
#[derive(Default)]
struct Room<'a>(BTreeMap<MessageId, EarlierMessage<'a>>);

impl ClientKnowledge for Room<'_> {
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
        self.0.get(id).cloned()
    }

    fn is_participant(&self, user: &UserUri) -> bool {
        [ALICE, BOB].iter().any(|it| it.as_bytes() == user.as_bytes())
    }
}

const TARGET: MessageId = MessageId::from_bytes([1; 32]);

/// A room with the one message that others refer to.
fn room(author: &'static str, disposition: Disposition, topic_id: &'static str) -> Room<'static> {
    let author = UserUri::try_from(author).unwrap();
    let target = EarlierMessage { author, disposition, topic_id: topic_id.as_bytes(), content: None };
    Room([(TARGET, target)].into())
}

fn text(text: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", PLAIN, text)
}

fn reaction() -> NestedPart {
    NestedPart::single(Disposition::REACTION, "", PLAIN, "\u{2764}")
}

fn null(disposition: Disposition) -> NestedPart {
    NestedPart::new(disposition, "", Part::Null)
}

fn message(body: NestedPart) -> MimiContentBuilder {
    MimiContent::builder(Salt::from_bytes([7; 16]), body)
}

fn encode(builder: MimiContentBuilder) -> Vec<u8> {
    builder.build().unwrap().encode()
}

/// Alice's message takes exactly these capabilities besides canSendMessage: with all of them it is
/// accepted, without any single one it is refused for that one.
fn takes(builder: MimiContentBuilder, known: &Room<'_>, act: MessageAction, capabilities: &[C]) {
    let bytes = encode(builder);
    let message = MimiContentRef::decode(&bytes).unwrap();
    let all = [&[C::CAN_SEND_MESSAGE], capabilities].concat();
    let requirements = Requirements::of(&message, &alice(), known).unwrap();
    let needs: Vec<C> = requirements.needs().iter().map(|need| need.capability).collect();
    assert_eq!(needs, all);

    let authorized = authorize(&message, &alice(), known, |capability| all.contains(&capability)).unwrap();
    assert_eq!(authorized.act(), act);
    assert_eq!(authorized.message(), &message);
    for &lacking in &all {
        // A user who has everything but this one may not.
        let refusal = authorize(&message, &alice(), known, |capability| capability != lacking).unwrap_err();
        assert!(matches!(refusal, ContentRefusal::Lacks(need) if need.capability == lacking), "{refusal}");
    }
}

fn refused(builder: MimiContentBuilder, known: &Room<'_>) -> ContentRefusal {
    let bytes = encode(builder);
    let message = MimiContentRef::decode(&bytes).unwrap();
    authorize(&message, &alice(), known, |_| true).unwrap_err()
}

fn is_provisional(builder: MimiContentBuilder, known: &Room<'_>) -> bool {
    let bytes = encode(builder);
    let message = MimiContentRef::decode(&bytes).unwrap();
    let provisional = Requirements::of(&message, &alice(), known).unwrap().is_provisional();
    let authorized = authorize(&message, &alice(), known, |_| true).unwrap();
    assert_eq!(authorized.is_provisional(), provisional);
    provisional
}

#[test]
fn every_message_takes_can_send_message() {
    takes(message(text("hello")), &Room::default(), MessageAction::Send, &[]);
    takes(message(null(Disposition::RENDER)), &Room::default(), MessageAction::Send, &[]);
}

#[test]
fn a_reply_takes_can_reply_to_message() {
    let known = room(BOB, Disposition::RENDER, "");
    let reply = || message(text("hello")).in_reply_to(TARGET);
    takes(reply(), &known, MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE]);
    takes(reply(), &Room::default(), MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE]);
    assert!(!is_provisional(reply(), &Room::default()));
    // Out of a topic.
    let known = room(BOB, Disposition::RENDER, "topic");
    takes(reply(), &known, MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE]);
}

#[test]
fn a_reply_in_its_topic_takes_can_reply_in_topic_alone() {
    let known = room(BOB, Disposition::RENDER, "topic");
    let reply = || message(text("hello")).in_reply_to(TARGET).topic_id("topic");
    takes(reply(), &known, MessageAction::Reply, &[C::CAN_REPLY_IN_TOPIC]);
    // By its own fields where the other message isn't known.
    takes(reply(), &Room::default(), MessageAction::Reply, &[C::CAN_REPLY_IN_TOPIC]);
    assert!(is_provisional(reply(), &Room::default()));
    assert!(!is_provisional(reply(), &known));
}

#[test]
fn another_topic_takes_can_start_topic() {
    takes(
        message(text("hello")).topic_id("new"),
        &Room::default(),
        MessageAction::Send,
        &[C::CAN_START_TOPIC],
    );
    let known = room(BOB, Disposition::RENDER, "topic");
    let reply = message(text("hello")).in_reply_to(TARGET).topic_id("new");
    takes(reply, &known, MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE, C::CAN_START_TOPIC]);
    let known = room(BOB, Disposition::RENDER, "");
    let reply = message(text("hello")).in_reply_to(TARGET).topic_id("new");
    takes(reply, &known, MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE, C::CAN_START_TOPIC]);
}

#[test]
fn a_reaction_takes_can_react_to_message() {
    let known = room(BOB, Disposition::RENDER, "topic");
    let react = || message(reaction()).in_reply_to(TARGET);
    takes(react(), &known, MessageAction::React, &[C::CAN_REACT_TO_MESSAGE]);
    let in_topic = [C::CAN_REACT_TO_MESSAGE, C::CAN_REPLY_IN_TOPIC];
    takes(react().topic_id("topic"), &known, MessageAction::React, &in_topic);
    let of_its_own = [C::CAN_REACT_TO_MESSAGE, C::CAN_START_TOPIC];
    takes(react().topic_id("new"), &known, MessageAction::React, &of_its_own);
    // To nothing, as the draft's example of several reactions.
    takes(message(reaction()), &known, MessageAction::React, &[C::CAN_REACT_TO_MESSAGE]);
    // Beside a text.
    let both = MultiPart::new(PartSemantics::ProcessAll, vec![text("hello"), reaction()]).unwrap();
    let both = NestedPart::multi(Disposition::RENDER, "", both);
    takes(message(both), &known, MessageAction::Send, &[C::CAN_REACT_TO_MESSAGE]);
}

#[test]
fn another_reaction_takes_can_edit_reaction() {
    let known = room(ALICE, Disposition::REACTION, "");
    let edit = || message(reaction()).replaces(TARGET).in_reply_to(MessageId::from_bytes([2; 32]));
    takes(edit(), &known, MessageAction::EditReaction, &[C::CAN_EDIT_REACTION]);
    takes(edit(), &Room::default(), MessageAction::EditReaction, &[C::CAN_EDIT_REACTION]);
    assert!(is_provisional(edit(), &Room::default()));
}

#[test]
fn taking_a_reaction_back_takes_can_delete_own_or_other_reaction() {
    let (own, others) =
        (room(ALICE, Disposition::REACTION, "topic"), room(BOB, Disposition::REACTION, "topic"));
    for disposition in [Disposition::REACTION, Disposition::RENDER] {
        let unlike = || message(null(disposition)).replaces(TARGET);
        takes(unlike(), &own, MessageAction::DeleteOwnReaction, &[C::CAN_DELETE_OWN_REACTION]);
        takes(unlike(), &others, MessageAction::DeleteOtherReaction, &[C::CAN_DELETE_OTHER_REACTION]);
    }
    let unlike = message(null(Disposition::REACTION)).replaces(TARGET);
    takes(unlike, &Room::default(), MessageAction::DeleteOwnReaction, &[C::CAN_DELETE_OWN_REACTION]);
}

#[test]
fn an_edit_takes_can_edit_own_message() {
    let known = room(ALICE, Disposition::RENDER, "topic");
    let edit = || message(text("hallo")).replaces(TARGET).topic_id("topic");
    takes(edit(), &known, MessageAction::EditOwnMessage, &[C::CAN_EDIT_OWN_MESSAGE]);
    // The inReplyTo of the original takes nothing again.
    let reply = edit().in_reply_to(MessageId::from_bytes([2; 32]));
    takes(reply, &known, MessageAction::EditOwnMessage, &[C::CAN_EDIT_OWN_MESSAGE]);
    takes(edit(), &Room::default(), MessageAction::EditOwnMessage, &[C::CAN_EDIT_OWN_MESSAGE]);
    assert!(is_provisional(edit(), &Room::default()));
    assert!(!is_provisional(edit(), &known));
}

#[test]
fn an_edit_takes_what_its_new_content_takes() {
    let known = room(ALICE, Disposition::RENDER, "");
    let edit = message(text("https://a.example")).replaces(TARGET);
    takes(edit, &known, MessageAction::EditOwnMessage, &[C::CAN_EDIT_OWN_MESSAGE, C::CAN_SEND_LINK]);
    let edit = message(external(Disposition::RENDER, "image/png")).replaces(TARGET);
    takes(edit, &known, MessageAction::EditOwnMessage, &[C::CAN_EDIT_OWN_MESSAGE, C::CAN_UPLOAD_IMAGE]);
}

#[test]
fn a_deletion_takes_can_delete_own_or_other_message() {
    let (own, others) = (room(ALICE, Disposition::RENDER, "topic"), room(BOB, Disposition::RENDER, "topic"));
    for topic in ["", "topic", "new"] {
        let delete = || message(null(Disposition::RENDER)).replaces(TARGET).topic_id(topic);
        takes(delete(), &own, MessageAction::DeleteOwnMessage, &[C::CAN_DELETE_OWN_MESSAGE]);
        takes(delete(), &others, MessageAction::DeleteOtherMessage, &[C::CAN_DELETE_OTHER_MESSAGE]);
        takes(delete(), &Room::default(), MessageAction::DeleteOwnMessage, &[C::CAN_DELETE_OWN_MESSAGE]);
    }
    // A message is one whatever the empty part calls itself.
    for disposition in [Disposition::REACTION, Disposition::PREVIEW] {
        let delete = message(null(disposition)).replaces(TARGET);
        takes(delete, &others, MessageAction::DeleteOtherMessage, &[C::CAN_DELETE_OTHER_MESSAGE]);
    }
}

#[test]
fn another_topic_of_an_own_message_takes_can_edit_own_topic() {
    let known = room(ALICE, Disposition::RENDER, "topic");
    let edit = message(text("hallo")).replaces(TARGET).topic_id("new");
    let both = [C::CAN_EDIT_OWN_MESSAGE, C::CAN_EDIT_OWN_TOPIC];
    takes(edit, &known, MessageAction::EditOwnMessage, &both);
    let edit = message(text("hallo")).replaces(TARGET);
    takes(edit, &known, MessageAction::EditOwnMessage, &both);
    let known = room(ALICE, Disposition::REACTION, "");
    let edit = message(reaction()).replaces(TARGET).topic_id("new");
    takes(edit, &known, MessageAction::EditReaction, &[C::CAN_EDIT_REACTION, C::CAN_EDIT_OWN_TOPIC]);
}

#[test]
fn only_another_topic_takes_the_topic_capability_alone() {
    let original = || message(text("see https://a.example"));
    let bytes = encode(original().topic_id("topic"));
    let content = MimiContentRef::decode(&bytes).unwrap();
    for (author, act, capability) in [
        (ALICE, MessageAction::EditOwnTopic, C::CAN_EDIT_OWN_TOPIC),
        (BOB, MessageAction::EditOtherTopic, C::CAN_EDIT_OTHER_TOPIC),
    ] {
        let known = Room([(TARGET, EarlierMessage::new(author.try_into().unwrap(), &content))].into());
        takes(original().replaces(TARGET).topic_id("new"), &known, act, &[capability]);
    }
}

#[test]
fn another_topic_of_anothers_message_takes_can_edit_other_topic() {
    // The original isn't at hand: the topic is all that changes.
    let known = room(BOB, Disposition::RENDER, "topic");
    let edit = message(text("https://a.example")).replaces(TARGET).topic_id("new");
    takes(edit, &known, MessageAction::EditOtherTopic, &[C::CAN_EDIT_OTHER_TOPIC]);
}

#[test]
fn refuses_other_content_in_anothers_message() {
    let anothers = ContentRefusal::EditsAnothers { author: BOB.into() };
    let known = room(BOB, Disposition::RENDER, "topic");
    let edit = message(text("hallo")).replaces(TARGET).topic_id("topic");
    assert_eq!(refused(edit, &known), anothers);
    let known = room(BOB, Disposition::REACTION, "");
    assert_eq!(refused(message(reaction()).replaces(TARGET), &known), anothers);
    // A reaction is no message in another topic.
    assert_eq!(refused(message(text("hello")).replaces(TARGET).topic_id("new"), &known), anothers);
    // With the topic something else changes.
    let original = || message(text("hello")).topic_id("topic");
    let bytes = encode(original());
    let content = MimiContentRef::decode(&bytes).unwrap();
    let known = Room([(TARGET, EarlierMessage::new(BOB.try_into().unwrap(), &content))].into());
    let edit = || message(text("hello")).replaces(TARGET).topic_id("new");
    let expires = Expiration { relative: true, time: 1 };
    for edit in [
        edit().body(text("hallo")),
        edit().expires(expires),
        edit().in_reply_to(MessageId::from_bytes([2; 32])),
    ] {
        assert_eq!(refused(edit, &known), anothers);
    }
    takes(edit(), &known, MessageAction::EditOtherTopic, &[C::CAN_EDIT_OTHER_TOPIC]);
}

#[test]
fn refuses_to_turn_messages_into_reactions_and_back() {
    let known = room(ALICE, Disposition::REACTION, "");
    assert_eq!(refused(message(text("hello")).replaces(TARGET), &known), ContentRefusal::ChangesKind);
    let known = room(ALICE, Disposition::RENDER, "");
    assert_eq!(refused(message(reaction()).replaces(TARGET), &known), ContentRefusal::ChangesKind);
}

fn external(disposition: Disposition, content_type: &str) -> NestedPart {
    let part = ExternalPart {
        content_type: content_type.into(),
        url: "https://cdn.a.example/1".into(),
        ..ExternalPart::default()
    };
    NestedPart::external(disposition, "", part)
}

#[test]
fn each_external_part_takes_an_upload_capability() {
    for (disposition, content_type, capability) in [
        (Disposition::RENDER, "image/png", C::CAN_UPLOAD_IMAGE),
        (Disposition::RENDER, "audio/ogg", C::CAN_UPLOAD_AUDIO),
        (Disposition::RENDER, "video/mp4", C::CAN_UPLOAD_VIDEO),
        (Disposition::ATTACHMENT, "video/mp4", C::CAN_UPLOAD_ATTACHMENT),
        (Disposition::INLINE, "image/png", C::CAN_UPLOAD_IMAGE),
        (Disposition::ICON, "image/png", C::CAN_UPLOAD_IMAGE),
        (Disposition::RENDER, "application/pdf", C::CAN_UPLOAD_ATTACHMENT),
        (Disposition::SESSION, "", C::CAN_UPLOAD_ATTACHMENT),
    ] {
        takes(
            message(external(disposition, content_type)),
            &Room::default(),
            MessageAction::Send,
            &[capability],
        );
    }
    let parts = vec![
        text("three"),
        external(Disposition::RENDER, "image/png"),
        external(Disposition::RENDER, "image/gif"),
        external(Disposition::ATTACHMENT, "image/png"),
    ];
    let several =
        NestedPart::multi(Disposition::RENDER, "", MultiPart::new(PartSemantics::ProcessAll, parts).unwrap());
    let bytes = encode(message(several));
    let several = MimiContentRef::decode(&bytes).unwrap();
    let requirements = Requirements::of(&several, &alice(), &()).unwrap();
    // Each capability once, with its first reason.
    let need = |capability, part, kind| RequiredCapability {
        capability,
        why: RequirementReason::Upload { part: PartIndex(part), kind },
    };
    assert_eq!(
        requirements.needs()[1..],
        [
            need(C::CAN_UPLOAD_IMAGE, 2, AssetKind::Image),
            need(C::CAN_UPLOAD_ATTACHMENT, 4, AssetKind::Attachment)
        ]
    );
    assert!(requirements.needs()[0].enforced_by().hub && !requirements.needs()[1].enforced_by().hub);
}

#[test]
fn a_link_takes_can_send_link_and_a_preview_can_send_link_preview() {
    takes(message(text("see https://a.example")), &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK]);
    let markdown = NestedPart::single(Disposition::RENDER, "", MARKDOWN, "see [it](a.example)");
    takes(message(markdown), &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK]);
    let preview = NestedPart::single(Disposition::PREVIEW, "", "image/png", "\u{89}PNG");
    takes(message(preview.clone()), &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK_PREVIEW]);
    let both = MultiPart::new(PartSemantics::ProcessAll, vec![text("https://a.example"), preview]).unwrap();
    let both = NestedPart::multi(Disposition::RENDER, "", both);
    takes(
        message(both),
        &Room::default(),
        MessageAction::Send,
        &[C::CAN_SEND_LINK, C::CAN_SEND_LINK_PREVIEW],
    );
    let preview = external(Disposition::PREVIEW, "image/png");
    let image = [C::CAN_SEND_LINK_PREVIEW, C::CAN_UPLOAD_IMAGE];
    takes(message(preview), &Room::default(), MessageAction::Send, &image);
    // In the description of what lies outside.
    let mut described = external(Disposition::RENDER, "image/png");
    if let Part::External(external) = &mut described.part {
        external.description = "https://a.example".into();
    }
    takes(
        message(described),
        &Room::default(),
        MessageAction::Send,
        &[C::CAN_UPLOAD_IMAGE, C::CAN_SEND_LINK],
    );
}

#[test]
fn a_mention_of_a_participant_takes_nothing() {
    let mention = |user: &str| {
        message(NestedPart::single(Disposition::RENDER, "", MARKDOWN, format!("Kudos to [@x]({user})")))
    };
    takes(mention(BOB), &Room::default(), MessageAction::Send, &[]);
    takes(mention("mimi://b.example/u/stranger"), &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK]);
    // Another spelling of a participant is no mention of it.
    takes(mention("mimi://B.example/u/bob"), &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK]);
    takes(mention("mimi://b.example/r/room"), &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK]);
}

fn forward(builder: MimiContentBuilder) -> MimiContentBuilder {
    let body = NestedPart::single(Disposition::RENDER, "", "application/mimi-content", encode(builder));
    message(body)
}

#[test]
fn a_forwarded_message_takes_what_its_content_takes() {
    let inside = forward(message(text("see https://a.example")));
    takes(inside, &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK]);
    let inside = forward(forward(message(external(Disposition::RENDER, "audio/ogg"))));
    takes(inside, &Room::default(), MessageAction::Send, &[C::CAN_UPLOAD_AUDIO]);
    // What it does to other messages it did elsewhere.
    let inside = forward(message(reaction()).in_reply_to(TARGET).topic_id("topic"));
    takes(inside, &Room::default(), MessageAction::Send, &[]);
    let garbage = NestedPart::single(Disposition::RENDER, "", "application/mimi-content", "garbage");
    takes(message(garbage), &Room::default(), MessageAction::Send, &[]);
}

#[test]
fn refuses_messages_that_are_forwarded_too_deeply() {
    let mut nested = message(text("https://a.example"));
    for _ in 0..MAX_FORWARDED {
        nested = forward(nested);
    }
    takes(nested.clone(), &Room::default(), MessageAction::Send, &[C::CAN_SEND_LINK]);
    let too_deep = ContentRefusal::ForwardedTooDeeply { part: PartIndex(0) };
    assert_eq!(refused(forward(nested), &Room::default()), too_deep);
}

/// The examples of mimi-content-09 §5, each with what it takes of a stranger to all earlier
/// messages.
#[test]
fn the_drafts_examples() {
    macro_rules! example {
        ($name:literal) => {
            include_bytes!(concat!("../../mimi-content/tests/data/", $name, ".cbor"))
        };
    }
    let cases: [(&[u8], MessageAction, &[C]); 10] = [
        (example!("original"), MessageAction::Send, &[]),
        (example!("reply"), MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE]),
        (example!("reaction"), MessageAction::React, &[C::CAN_REACT_TO_MESSAGE]),
        (example!("mention"), MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE, C::CAN_SEND_LINK]),
        (example!("mention-html"), MessageAction::Reply, &[C::CAN_REPLY_TO_MESSAGE, C::CAN_SEND_LINK]),
        (example!("edit"), MessageAction::EditOwnMessage, &[C::CAN_EDIT_OWN_MESSAGE]),
        (example!("delete"), MessageAction::DeleteOwnMessage, &[C::CAN_DELETE_OWN_MESSAGE]),
        (example!("unlike"), MessageAction::DeleteOwnReaction, &[C::CAN_DELETE_OWN_REACTION]),
        (example!("attachment"), MessageAction::Send, &[C::CAN_UPLOAD_ATTACHMENT]),
        (example!("conferencing"), MessageAction::Send, &[C::CAN_START_TOPIC, C::CAN_UPLOAD_ATTACHMENT]),
    ];
    for (bytes, act, capabilities) in cases {
        let message = MimiContentRef::decode(bytes).unwrap();
        let requirements = Requirements::of(&message, &alice(), &()).unwrap();
        assert_eq!(requirements.act(), act);
        let needs: Vec<C> = requirements.needs().iter().map(|need| need.capability).collect();
        assert_eq!(needs, [&[C::CAN_SEND_MESSAGE], capabilities].concat(), "{act:?}");
    }
}
