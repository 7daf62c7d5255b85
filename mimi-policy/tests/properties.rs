//! Properties that hold for whatever comes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use std::collections::BTreeSet;

use mimi_codec::{
    CapabilityType, DnsName, List,
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    protocol::Uri,
    room_policy::{
        AssetPolicy, AssetUploadLocation, DownloadPrivacy, DownloadPrivacyType, JoinLink, JoinLinkPolicy,
        JoinLinksData, JoinLinksUpdate, MessageExpiration,
    },
};
use mimi_content::{
    Disposition, Expiration, ExternalPart, MessageId, MimiContent, MimiContentRef, MultiPart, NestedPart,
    Part, PartSemantics, Salt,
};
use mimi_policy::UserUri;
use mimi_policy::component::{
    asset::{check_download, choose_download},
    findings,
    join_link::updated,
    message_expiration::{check_duration, check_expires},
};
use mimi_policy::message::{
    ClientKnowledge, ContentRefusal, EarlierMessage, FirstLink, MessageAction, Requirements, authorize,
    first_link,
};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn user_uri(text: &str) -> UserUri {
    UserUri::try_from(text).unwrap()
}

proptest! {
    #![proptest_config(config())]

    // Component policies

    #[test]
    fn links_after_an_update_are_those_of_a_naive_one(
        before in vec("[a-z]{1,2}", 0..6),
        removed in vec(0..8u32, 0..5),
        added in vec("[a-z]{0,2}", 0..4),
        on_request in any::<bool>(),
    ) {
        let data = |links: &[String]| -> Vec<JoinLink> {
            links.iter().map(|link| JoinLink { join_link: link.as_str().into() }).collect()
        };
        let policy = JoinLinkPolicy { on_request, join_link: Uri::none(), multiuser: true, expiration: 1 };
        let update = JoinLinksUpdate { removed_indices: removed.clone(), added_links: data(&added) };
        let after = updated(&policy, &JoinLinksData { join_links: data(&before) }, &update);

        let distinct: BTreeSet<u32> = removed.iter().copied().collect();
        let mut naive: Vec<String> = before.clone();
        for index in distinct.iter().rev().filter(|index| (**index as usize) < before.len()) {
            naive.remove(*index as usize);
        }
        naive.extend(added.iter().cloned());
        let fits = distinct.len() == removed.len()
            && removed.iter().all(|index| (*index as usize) < before.len())
            && added.iter().all(|link| !link.is_empty())
            && !(on_request && naive.len() > 1);
        prop_assert_eq!(after.is_ok(), fits);
        if let Ok(after) = after {
            prop_assert_eq!(after.join_links, data(&naive));
        }
    }

    /// Relative and absolute expirations that leave the same time are judged alike.
    #[test]
    fn an_absolute_expiration_is_one_relative_to_acceptance(
        min in 0..50u32,
        max in 0..50u32,
        time in 0..100u32,
        accepted_s in 0..1_000_000u32,
    ) {
        let policy = MessageExpiration::Optional {
            min_expiration_duration: min,
            max_expiration_duration: max,
            default_expiration_duration: None,
        };
        let accepted_at_ms = u64::from(accepted_s) * 1000;
        let relative = check_expires(Some(&policy), Some(Expiration { relative: true, time }), accepted_at_ms);
        let absolute = Expiration { relative: false, time: accepted_s + time };
        prop_assert_eq!(check_expires(Some(&policy), Some(absolute), accepted_at_ms), relative);
        prop_assert_eq!(check_duration(Some(&policy), Some(u64::from(time) * 1000)), relative);
        prop_assert_eq!(relative.is_ok(), min <= time && time <= max);
    }

    #[test]
    fn a_download_that_is_chosen_is_one_that_is_allowed(
        allowed in vec(select(DownloadPrivacyType::NAMED), 0..3),
        forbidden in vec(select(DownloadPrivacyType::NAMED), 0..3),
        default in select(DownloadPrivacyType::NAMED),
        known in vec(select(DownloadPrivacyType::NAMED), 0..3),
    ) {
        let policy = AssetPolicy {
            asset_upload_location: AssetUploadLocation::UNSPECIFIED,
            upload_domains: vec![],
            download_privacy: DownloadPrivacy {
                allowed_download_types: allowed,
                forbidden_download_types: forbidden.clone(),
                default_download_type: default,
            },
            max_image: 1,
            max_audio: 1,
            max_video: 1,
            max_attachment: 1,
            forbidden_media_types: vec![],
            permitted_media_types: None,
        };
        match choose_download(Some(&policy), &known) {
            Ok(way) => {
                prop_assert!(known.contains(&way) && !forbidden.contains(&way));
                prop_assert_eq!(check_download(&policy, way), Ok(()));
                // The default is preferred.
                prop_assert!(way == default || !known.contains(&default) || forbidden.contains(&default));
            }
            Err(_) => prop_assert!(known.iter().all(|way| check_download(&policy, *way).is_err())),
        }
    }

    /// Whatever bytes are in a dictionary, what is wrong with them is said, and nothing stops.
    #[test]
    fn any_bytes_can_be_looked_at(
        entries in proptest::collection::btree_map(0x24..0x31u16, vec(any::<u8>(), 0..60), 0..13),
    ) {
        let entries = entries.into_iter().map(|(id, data)| ComponentData {
            component_id: ComponentID(id),
            data: data.into(),
        });
        let dictionary = AppDataDictionary { component_data: List::new(entries.collect()).unwrap() };
        let hub = DnsName::parse("a.example").unwrap();
        for finding in findings(&dictionary, Some(hub.as_ref())) {
            prop_assert!(dictionary.data(finding.component_id()).is_some());
            prop_assert!(!finding.to_string().is_empty());
        }
    }
}

// Messages

const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";
const TOPICS: [&str; 3] = ["", "t", "u"];
const PLAIN: &str = "text/plain;charset=utf-8";

struct Room(Option<(&'static str, Disposition, &'static str)>);

impl ClientKnowledge for Room {
    fn earlier(&self, _: &MessageId) -> Option<EarlierMessage<'_>> {
        self.0.map(|(author, disposition, topic)| EarlierMessage {
            author: user_uri(author),
            disposition,
            topic_id: topic.as_bytes(),
            content: None,
        })
    }

    fn is_participant(&self, user: &UserUri) -> bool {
        [ALICE, BOB].iter().any(|it| it.as_bytes() == user.as_bytes())
    }
}

fn disposition() -> impl Strategy<Value = Disposition> {
    (0..10u8).prop_map(Disposition)
}

fn leaf() -> impl Strategy<Value = NestedPart> {
    let texts = select(&["hello", "https://a.example", "[x](y)", "mimi://b.example/u/bob", "<a href=x>"][..]);
    let types = select(&[PLAIN, "text/markdown", "text/html", "image/png", "application/mimi-content"][..]);
    let external_types = select(&["image/png", "audio/ogg", "video/mp4", "text/plain", ""][..]);
    prop_oneof![
        disposition().prop_map(|disposition| NestedPart::new(disposition, "", Part::Null)),
        (disposition(), types, texts).prop_map(|(disposition, media_type, text)| NestedPart::single(
            disposition,
            "",
            media_type,
            text
        )),
        (disposition(), external_types).prop_map(|(disposition, media_type)| {
            let part = ExternalPart { content_type: media_type.into(), ..ExternalPart::default() };
            NestedPart::external(disposition, "", part)
        }),
    ]
}

fn body() -> impl Strategy<Value = NestedPart> {
    let several = (disposition(), vec(leaf(), 2..5)).prop_map(|(disposition, parts)| {
        NestedPart::multi(disposition, "", MultiPart::new(PartSemantics::ProcessAll, parts).unwrap())
    });
    prop_oneof![leaf(), several]
}

fn content(replaces: impl Strategy<Value = bool>) -> impl Strategy<Value = Vec<u8>> {
    (replaces, any::<bool>(), select(&TOPICS), body()).prop_map(|(replaces, replies, topic, body)| {
        let id = |byte, is_there: bool| is_there.then(|| MessageId::from_bytes([byte; 32]));
        MimiContent::builder(Salt::from_bytes([7; 16]), body)
            .replaces(id(1, replaces))
            .in_reply_to(id(2, replies))
            .topic_id(topic)
            .build()
            .unwrap()
            .encode()
    })
}

proptest! {
    #![proptest_config(config())]

    /// A message is authorized exactly when its sender holds all that it takes; more never hurts.
    #[test]
    fn what_a_message_takes_is_what_decides(
        bytes in content(any::<bool>()),
        target in option::of((select(&[ALICE, BOB]), disposition(), select(&TOPICS))),
        held in btree_set(select(CapabilityType::REGISTERED), 0..60),
    ) {
        let message = MimiContentRef::decode(&bytes).unwrap();
        let known = Room(target);
        let decision = authorize(&message, &user_uri(ALICE), &known, |capability| held.contains(&capability));
        match Requirements::of(&message, &user_uri(ALICE), &known) {
            Err(refusal) => prop_assert_eq!(decision.unwrap_err(), refusal),
            Ok(requirements) => {
                let needed: Vec<CapabilityType> = requirements.capabilities().collect();
                prop_assert_eq!(needed[0], CapabilityType::CAN_SEND_MESSAGE);
                let distinct: BTreeSet<_> = needed.iter().copied().collect();
                prop_assert_eq!(distinct.len(), needed.len());
                prop_assert!(needed.iter().all(|capability| !capability.is_reserved()));
                let lacking = needed.iter().copied().find(|capability| !held.contains(capability));
                match decision {
                    Ok(authorized) => {
                        prop_assert_eq!(lacking, None);
                        prop_assert_eq!(authorized.act(), requirements.act());
                    }
                    Err(ContentRefusal::Lacks(need)) => prop_assert_eq!(Some(need.capability), lacking),
                    Err(other) => prop_assert!(false, "{}", other),
                }
                prop_assert_eq!(message.replaces().is_some(), requirements.act().capability().is_some());
                prop_assert!(authorize(&message, &user_uri(ALICE), &known, |_| true).is_ok());
            }
        }
    }

    /// Content is replaced only by its author, whatever they hold.
    #[test]
    fn no_user_edits_what_others_wrote(
        bytes in content(Just(true)),
        disposition in disposition(),
        topic in select(&TOPICS),
    ) {
        let message = MimiContentRef::decode(&bytes).unwrap();
        let known = Room(Some((BOB, disposition, topic)));
        if let Ok(authorized) = authorize(&message, &user_uri(ALICE), &known, |_| true) {
            let acts = [MessageAction::DeleteOtherMessage, MessageAction::DeleteOtherReaction, MessageAction::EditOtherTopic];
            prop_assert!(acts.contains(&authorized.act()));
        }
    }

    /// A link is found wherever it stands, and text of letters and spaces holds none.
    #[test]
    fn a_link_is_found_in_any_surroundings(
        before in "[^:/]{0,20}",
        after in ".{0,20}",
        words in "[a-z \n.,!?]{0,60}",
        media_type in select(&[PLAIN, "text/markdown", "text/html", "text/calendar"]),
    ) {
        let unknown = |_: &str| false;
        prop_assert_eq!(first_link(media_type, words.as_bytes(), unknown), None);
        let text = format!("{before} https://a.example {after}");
        let found = first_link(media_type, text.as_bytes(), unknown);
        let Some(FirstLink::At(at)) = found else { return Err(TestCaseError::fail("no link")) };
        prop_assert!(at <= before.len() + 1);
    }

    #[test]
    fn any_bytes_can_be_looked_through(
        content in vec(any::<u8>(), 0..300),
        soup in vec(select(&["<", "a", " ", "href", "=", "\"", "'", ">", "[", "]", "(", ")", ":", "//", "\n", "\\"]), 0..80),
    ) {
        for media_type in [PLAIN, "text/markdown", "text/html"] {
            for content in [content.as_slice(), soup.concat().as_bytes()] {
                if let Some(FirstLink::At(at)) = first_link(media_type, content, |_| false) {
                    prop_assert!(at < content.len());
                }
                // A mention of everything leaves no link.
                prop_assert_eq!(first_link("text/plain", content, |_| true), None);
            }
        }
    }
}
