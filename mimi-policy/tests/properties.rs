//! Properties that hold for whatever comes.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use mimi_codec::{
    CapabilityType, DnsName, List,
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    protocol::{ConsentEntry, IdentifierUri, Uri},
    room_policy::{
        AssetPolicy, AssetUploadLocation, DownloadPrivacy, DownloadPrivacyType, JoinLink, JoinLinkPolicy,
        JoinLinksData, JoinLinksUpdate, MessageExpiration,
    },
};
use mimi_content::{
    Disposition, Expiration, ExternalPart, MessageId, MimiContent, MimiContentRef, MultiPart, NestedPart,
    Part, PartSemantics, Salt,
};
use mimi_policy::component::{
    asset::{check_download, choose_download},
    findings,
    join_link::updated,
    message_expiration::{check_duration, check_expires},
};
use mimi_policy::consent::{ConsentOutcome, Consents, NoConsent};
use mimi_policy::conversation::ConversationKey;
use mimi_policy::envelope::Envelope;
use mimi_policy::fork::{ForkReports, ForkVerdict};
use mimi_policy::message::{
    Act, ContentRefusal, EarlierMessage, Known, Link, Requirements, authorize, first_link,
};
use mimi_policy::two_person::{ApprovalRule, NotApproved, PendingChange};
use mimi_policy::{ClientUri, RoomUri, UserUri};
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

fn room_uri(text: &str) -> RoomUri {
    RoomUri::try_from(text).unwrap()
}

fn uri(text: &str) -> IdentifierUri {
    IdentifierUri::new(text).unwrap()
}

/// A client and its user.
fn number(client: u8) -> (ClientUri, UserUri) {
    let name = client.to_string();
    (ClientUri::try_from(name.as_str()).unwrap(), user_uri(&name))
}

// Consent

const ROOMS: [&str; 2] = ["r", "s"];

fn consent_entry(operation: u8, requester: &str, target: &str, room: Option<&str>) -> ConsentEntry {
    let (requester_uri, target_uri, room_id) = (uri(requester), uri(target), room.map(uri));
    let consent_extensions = AppDataDictionary::default();
    match operation {
        0 => ConsentEntry::Cancel { requester_uri, target_uri, room_id, consent_extensions },
        1 => ConsentEntry::Request { requester_uri, target_uri, room_id, consent_extensions },
        2 => ConsentEntry::Grant {
            requester_uri,
            target_uri,
            room_id,
            client_key_packages: vec![],
            consent_extensions,
        },
        _ => ConsentEntry::Revoke { requester_uri, target_uri, room_id, consent_extensions },
    }
}

type Step = (u8, &'static str, &'static str, Option<&'static str>);

/// The last word about a room, from the whole log: one that names it, or any room.
fn last_word(log: &[Step], requester: &str, target: &str, room: Option<&str>) -> Option<bool> {
    let about = log.iter().rev().find(|(operation, from, to, scope)| {
        *operation >= 2 && *from == requester && *to == target && (scope.is_none() || *scope == room)
    });
    about.map(|(operation, ..)| *operation == 2)
}

proptest! {
    #![proptest_config(config())]

    /// The state machine answers as whoever reads the whole log.
    #[test]
    fn consent_is_the_last_word_that_covers_the_room(
        log in vec((0..4u8, select(&["a", "b"]), select(&["b", "c"]), option::of(select(&ROOMS))), 0..40),
    ) {
        let mut consents = Consents::default();
        for (operation, requester, target, room) in &log {
            consents.apply(&consent_entry(*operation, requester, target, *room)).unwrap();
        }
        for (requester, target) in [("a", "b"), ("a", "c"), ("b", "c"), ("b", "a")] {
            for room in [None, Some("r"), Some("s"), Some("t")] {
                let (from, to, scope) = (user_uri(requester), user_uri(target), room.map(room_uri));
                let answer = consents.check(&from, &to, scope.as_ref()).map(|_| ());
                let expected = match last_word(&log, requester, target, room) {
                    Some(true) => Ok(()),
                    Some(false) => Err(NoConsent::Revoked),
                    None if ROOMS.iter().any(|other| last_word(&log, requester, target, Some(other)) == Some(true)) => {
                        Err(NoConsent::NotForThisRoom)
                    }
                    None => Err(NoConsent::Unanswered),
                };
                prop_assert_eq!(answer, expected, "{} {} {:?}", requester, target, room);
            }
        }
    }

    /// Requests and cancellations never change who may be added.
    #[test]
    fn only_the_target_gives_and_takes_consent(
        log in vec((0..4u8, select(&ROOMS)), 0..20),
        operation in 0..2u8,
        room in option::of(select(&ROOMS)),
    ) {
        let mut consents = Consents::default();
        for (operation, room) in &log {
            consents.apply(&consent_entry(*operation, "a", "b", Some(room))).unwrap();
        }
        let (from, to) = (user_uri("a"), user_uri("b"));
        let answers = |consents: &Consents| {
            [None, Some("r"), Some("s")].map(|room| {
                let room = room.map(room_uri);
                consents.check(&from, &to, room.as_ref()).map(|_| ())
            })
        };
        let before = answers(&consents);
        let outcome = consents.apply(&consent_entry(operation, "a", "b", room)).unwrap();
        let decided = matches!(outcome, ConsentOutcome::Granted { .. } | ConsentOutcome::Revoked { .. });
        prop_assert!(!decided);
        prop_assert_eq!(answers(&consents), before);
    }

    // Conversations

    #[test]
    fn the_same_people_have_the_same_key_in_any_order(
        users in btree_set("[a-c]{1,3}", 1..8),
        others in btree_set("[a-c]{1,3}", 1..8),
        seed in any::<u64>(),
    ) {
        let all: Vec<UserUri> = users.iter().map(|user| user_uri(user)).collect();
        let key = ConversationKey::new(&all).unwrap();
        let mut shuffled = all.clone();
        shuffled.sort_by_key(|user| (user.as_bytes()[0] as u64).wrapping_mul(seed | 1).rotate_left(7));
        shuffled.push(all[0].clone());
        prop_assert_eq!(ConversationKey::new(&shuffled).unwrap(), key);
        let others_key = ConversationKey::new(&others.iter().map(|user| user_uri(user)).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(others_key == key, others == users);
        prop_assert_ne!(ConversationKey::in_parent(&room_uri("r"), &all).unwrap(), key);
    }

    // Forks

    /// Every client is in exactly one place, and the order of the reports doesn't matter.
    #[test]
    fn a_verdict_accounts_for_every_client(
        reports in vec((0..12u8, 1..4u8), 0..30),
        members in 0..12u8,
    ) {
        let gather = |order: &mut dyn Iterator<Item = &(u8, u8)>| {
            let mut gathered = ForkReports::new(0, (0..members).map(|user| (number(user).1, number(user).0)));
            for (client, authenticator) in order {
                let _ = gathered.report(&number(*client).0, 0, &[*authenticator]);
            }
            gathered
        };
        let (forward, backward) = (gather(&mut reports.iter()), gather(&mut reports.iter().rev()));
        prop_assert_eq!(forward.verdict(), backward.verdict());

        let mut on: BTreeMap<u8, BTreeSet<u8>> = BTreeMap::new();
        for (client, authenticator) in reports.iter().filter(|(client, _)| *client < members) {
            on.entry(*client).or_default().insert(*authenticator);
        }
        let alone = |authenticator: u8| on.values().filter(|said| **said == [authenticator].into()).count();
        let majority = (1..4).find(|authenticator| alone(*authenticator) * 2 > usize::from(members));
        let verdict = forward.verdict();
        let silent_count = usize::from(members) - on.len();
        match (&verdict, majority) {
            (ForkVerdict::Agreed { branch, silent }, Some(majority)) => {
                prop_assert_eq!(branch.epoch_authenticator, [majority]);
                prop_assert_eq!((branch.clients.len(), silent.len()), (on.len(), silent_count));
            }
            (ForkVerdict::Forked { branch, rejoin, silent, .. }, Some(majority)) => {
                prop_assert_eq!(branch.epoch_authenticator, [majority]);
                prop_assert_eq!(branch.clients.len() + rejoin.len(), on.len());
                prop_assert!(!rejoin.is_empty());
                prop_assert_eq!(silent.len(), silent_count);
            }
            (ForkVerdict::Undecided { branches, contradictory, silent }, None) => {
                let placed: usize = branches.iter().map(|branch| branch.clients.len()).sum();
                prop_assert_eq!(placed + contradictory.len(), on.len());
                prop_assert_eq!(silent.len(), silent_count);
            }
            _ => prop_assert!(false, "{:?} {:?}", verdict, majority),
        }
    }

    // Two-person control

    /// A change is approved exactly when enough other users have said yes whose role may, then and now.
    #[test]
    fn nothing_is_approved_without_enough_of_those_who_may(
        needed in 1..4u32,
        steps in vec((0..6u8, any::<bool>(), any::<bool>(), 0..130u64), 0..20),
        roles_then in vec(option::of(0..4u32), 6),
        roles_now in vec(option::of(0..4u32), 6),
        now in 0..130u64,
    ) {
        let rule = ApprovalRule {
            approvals: NonZeroU32::new(needed).unwrap(),
            approver_roles: [0, 2, 3].into(),
            lifetime_ms: 100,
        };
        let user = |number: u8| user_uri(&number.to_string());
        let role_in = |roles: &[Option<u32>], user: &UserUri| roles[usize::from(user.as_bytes()[0] - b'0')];
        let may = |role: Option<u32>| matches!(role, Some(2 | 3));
        let mut pending = PendingChange::new(rule.clone(), room_uri("room"), b"change".to_vec(), user(0), 10);
        let other = PendingChange::new(rule, room_uri("room"), b"chance".to_vec(), user(0), 10);
        let mut expected = BTreeSet::new();
        for (number, same, withdraw, at) in steps {
            if withdraw {
                prop_assert_eq!(pending.withdraw(&user(number)), expected.remove(&number));
                continue;
            }
            let digest = if same { pending.digest() } else { other.digest() };
            let taken = pending.approve(&user(number), digest, |user| role_in(&roles_then, user), at).is_ok();
            let good = same && number != 0 && (10..110).contains(&at) && may(roles_then[usize::from(number)]);
            prop_assert_eq!(taken, good && expected.insert(number));
        }
        let counting: Vec<u8> = expected.into_iter().filter(|number| may(roles_now[usize::from(*number)])).collect();
        match pending.finish(|user| role_in(&roles_now, user), now) {
            Ok(approved) => {
                prop_assert!(now < 110 && counting.len() >= needed as usize);
                prop_assert_eq!(approved.approvers(), counting.into_iter().map(user).collect::<Vec<_>>());
            }
            Err(unfinished) => match unfinished.why {
                NotApproved::Expired { at_ms } => prop_assert!(now >= 110 && at_ms == 110),
                why => prop_assert_eq!(why, NotApproved::TooFew {
                    approvals: counting.len() as u32,
                    needed: NonZeroU32::new(needed).unwrap(),
                }),
            },
        }
    }

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
        let _ = Envelope::default().check(&dictionary);
    }
}

// Messages

const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";
const TOPICS: [&str; 3] = ["", "t", "u"];
const PLAIN: &str = "text/plain;charset=utf-8";

struct Room(Option<(&'static str, Disposition, &'static str)>);

impl Known for Room {
    fn earlier(&self, _: &MessageId) -> Option<EarlierMessage<'_>> {
        self.0.map(|(author, disposition, topic)| EarlierMessage {
            author,
            disposition,
            topic_id: topic.as_bytes(),
            content: None,
        })
    }

    fn is_participant(&self, user: &str) -> bool {
        [ALICE, BOB].contains(&user)
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
        let id = |octet, is_there: bool| is_there.then(|| MessageId::from_bytes([octet; 32]));
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

    /// Nobody's content is replaced by anybody but its author, whatever they hold.
    #[test]
    fn nobody_edits_what_others_wrote(
        bytes in content(Just(true)),
        disposition in disposition(),
        topic in select(&TOPICS),
    ) {
        let message = MimiContentRef::decode(&bytes).unwrap();
        let known = Room(Some((BOB, disposition, topic)));
        if let Ok(authorized) = authorize(&message, &user_uri(ALICE), &known, |_| true) {
            let acts = [Act::DeleteOtherMessage, Act::DeleteOtherReaction, Act::EditOtherTopic];
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
        let nobody = |_: &str| false;
        prop_assert_eq!(first_link(media_type, words.as_bytes(), nobody), None);
        let text = format!("{before} https://a.example {after}");
        let found = first_link(media_type, text.as_bytes(), nobody);
        let Some(Link::At(at)) = found else { return Err(TestCaseError::fail("no link")) };
        prop_assert!(at <= before.len() + 1);
    }

    #[test]
    fn any_octets_can_be_looked_through(
        content in vec(any::<u8>(), 0..300),
        soup in vec(select(&["<", "a", " ", "href", "=", "\"", "'", ">", "[", "]", "(", ")", ":", "//", "\n", "\\"]), 0..80),
    ) {
        for media_type in [PLAIN, "text/markdown", "text/html"] {
            for content in [content.as_slice(), soup.concat().as_bytes()] {
                if let Some(Link::At(at)) = first_link(media_type, content, |_| false) {
                    prop_assert!(at < content.len());
                }
                // A mention of everything leaves no link.
                prop_assert_eq!(first_link("text/plain", content, |_| true), None);
            }
        }
    }
}
