//! What errors and findings say names what they are about, and has no full stop: a sentence can
//! hold it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

use std::error::Error;
use std::fmt::Display;

use mimi_codec::code_points::{CipherSuite, ComponentID, WireFormat};
use mimi_codec::room_policy::{AssetUploadLocation, CapabilityType as C, DownloadPrivacyType};
use mimi_codec::{Decode, MediaType};
use mimi_content::PartIndex;
use mimi_policy::component::asset::{AssetFinding, AssetKind, AssetRefusal, DownloadRefusal};
use mimi_policy::component::base::{BaseFinding, ParentRefusal, PseudonymRefusal};
use mimi_policy::component::bot::{BotFinding, BotRefusal};
use mimi_policy::component::history::{HistoryFinding, HistoryRefusal};
use mimi_policy::component::join_link::{JoinLinkFinding, JoinLinkRefusal, JoinLinksUpdateError};
use mimi_policy::component::link_preview::{LinkPreviewFinding, LinkPreviewRefusal};
use mimi_policy::component::logging::{LoggingFinding, LoggingRefusal};
use mimi_policy::component::message_expiration::{MessageExpirationFinding, MessageExpirationRefusal};
use mimi_policy::component::operational::{
    ExtendedCapability, OperationalFinding, OperationalRefusal, TimeField,
};
use mimi_policy::component::status_notification::{
    ForbiddenNotificationError, StatusNotification, StatusNotificationFinding,
};
use mimi_policy::graph::MoveRight;
use mimi_policy::lint::{self, LintStep, StepActor, StepMeans};
use mimi_policy::message::{ContentRefusal, RequiredCapability, RequirementReason};
use mimi_policy::receiving::{ClientActionRefusal, Withheld};
use mimi_policy::{
    ClientUri, ComponentDifferenceError, Defect, DictionaryError, Form, InvalidRequestError, Reason, Refusal,
    RequestProblem, StalePlanError, UserUri, component,
};

#[track_caller]
fn says(value: impl Display, words: &[&str]) {
    let text = value.to_string();
    assert!(!text.is_empty() && !text.ends_with('.'), "{text:?}");
    for word in words {
        assert!(text.contains(word), "{text:?} doesn't name {word}");
    }
}

fn user() -> UserUri {
    "mimi://b.example/u/bob".try_into().unwrap()
}

fn client() -> ClientUri {
    "mimi://b.example/d/b1".try_into().unwrap()
}

const BOB: &str = "mimi://b.example/u/bob";
const B1: &str = "mimi://b.example/d/b1";

#[test]
fn refusals_name_what_they_are_about() {
    says(Reason::RoomGone, &["last client"]);
    let gone = |change| Refusal { change, also: vec![], reason: Reason::RoomGone };
    assert_eq!(gone(None).to_string(), Reason::RoomGone.to_string());
    assert_eq!(gone(Some(7)).to_string(), format!("change 7: {}", Reason::RoomGone));
    says(Reason::ExternalCommitsForbidden, &["external commits"]);
    says(Reason::ExternalProposalsForbidden, &["external proposals"]);
    for (form, word) in [
        (Form::Proposal, "a member's proposals"),
        (Form::Commit, "commits"),
        (Form::ExternalCommit, "external commits"),
        (Form::ExternalProposal, "external proposals"),
        (Form::Message, "messages"),
    ] {
        says(Reason::WrongSender { form }, &[word]);
        says(Reason::NotInThisForm { form }, &[word]);
    }
    for of_user in [
        Reason::NotAParticipant(user()),
        Reason::CutOff(user()),
        Reason::NotPreAuthorized(user()),
        Reason::SecondOperation(user()),
        Reason::AlreadyListed(user()),
        Reason::NotListed(user()),
        Reason::NotTheJoiner(user()),
        Reason::ClientWithoutParticipant(user()),
        Reason::ClientsLeftBehind(user()),
        Reason::ClientsOfBanned(user()),
    ] {
        says(of_user, &[BOB]);
    }
    for of_client in [
        Reason::NotAMember(client()),
        Reason::SecondClientOperation(client()),
        Reason::ClientInGroup(client()),
        Reason::NoSuchClient(client()),
        Reason::NotOwnClient(client()),
        Reason::OwnLeafRemoved(client()),
    ] {
        says(of_client, &[B1]);
    }
    let roles = ComponentID::ROLES_LIST;
    says(Reason::SecondUpdate(roles), &[&roles.to_string()]);
    says(Reason::NoCapabilityFor(roles), &[&roles.to_string()]);
    says(Reason::MissingCapability { role: 7, capability: C::CAN_BAN }, &["7", "canBan"]);
    says(Reason::RoleChangeNotAuthorized { role: 7, from: 8, to: 9 }, &["7", "8", "9"]);
    says(Reason::NotPreAuthorizedFor { role: 7, first_match: Some(9) }, &["7", "9"]);
    says(Reason::NotPreAuthorizedFor { role: 7, first_match: None }, &["7", "no entry"]);
    says(Reason::UndefinedRole(7), &["7"]);
    says(Reason::BelowMinimum { role: 7, minimum: 3, participants: 2 }, &["7", "3", "2 participants"]);
    says(Reason::BelowMinimumActive { role: 7, minimum: 3, active: 2 }, &["7", "3", "2 active"]);
    says(Reason::AboveMaximum { role: 7, maximum: 3, participants: 4 }, &["7", "3", "4 participants"]);
    says(Reason::AboveMaximumActive { role: 7, maximum: 3, active: 4 }, &["7", "3", "4 active"]);
    says(Reason::InvalidRoom(Defect::DuplicateRole(7)), &["7", "valid"]);
    for other in [
        Reason::RolesBesideListChange,
        Reason::PreAuthBesideListChange,
        Reason::ReInitBesideOthers,
        Reason::RoleZero,
        Reason::FixedMembership,
        Reason::RoomUriChanged,
        Reason::InvalidJoinCode,
        Reason::NoBannedRole,
    ] {
        says(other, &[" "]);
    }
}

#[test]
fn what_is_wrong_with_a_room_names_where() {
    for of_role in [
        Defect::DuplicateRole(7),
        Defect::MinimumAboveMaximum(7),
        Defect::MinimumActiveAboveMaximum(7),
        Defect::OpenJoinOutsideRoleZero(7),
        Defect::AddsToFixedMembership(7),
    ] {
        says(of_role, &["7"]);
    }
    for of_user in [
        Defect::DuplicateParticipant(user()),
        Defect::ParticipantInRoleZero(user()),
        Defect::SeveralClients(user()),
        Defect::NotInParent(user()),
    ] {
        says(of_user, &[BOB]);
    }
    says(Defect::UndefinedRole { user: user(), role: 7 }, &[BOB, "7"]);
    says(Defect::ClientOfUnlistedUser { user: user(), client: client() }, &[BOB, B1]);
    says(Defect::DuplicateClient(client()), &[B1]);
    says(Defect::TooManyUsers { maximum: 3, users: 4 }, &["4 users", "3"]);
    says(Defect::TooManyClients { maximum: 3, clients: 4 }, &["4 clients", "3"]);
    for other in [Defect::NoParentRoom, Defect::UnknownParentRoom, Defect::NotAStrictSubset, Defect::TooLarge]
    {
        says(other, &["room"]);
    }
    let parts = mimi_policy::RoomParts::new(
        mimi_codec::room_policy::RoleData { roles: vec![] },
        mimi_codec::protocol::ParticipantListData {
            participants: [(BOB, 8), (BOB, 9)]
                .map(|(user, role_index)| mimi_codec::protocol::UserRolePair {
                    user: user.into(),
                    role_index,
                })
                .into(),
        },
    );
    let invalid = mimi_policy::RoomState::new(parts, mimi_policy::TableSeed::known()).unwrap_err();
    says(&invalid, &["8", "; ", BOB, ": "]);
    let roles = ComponentID::ROLES_LIST;
    says(DictionaryError::Missing(roles), &[&roles.to_string()]);
    says(ComponentDifferenceError { component: roles }, &[&roles.to_string()]);
    let error = u32::decode_exact(b"abc").unwrap_err();
    let text = error.to_string();
    says(DictionaryError::Malformed { component: roles, error: error.clone() }, &[&roles.to_string(), &text]);
    says(component::ComponentFinding::Malformed(roles, error.clone()), &[&roles.to_string(), &text]);
    says(StalePlanError { planned: 7, current: 8 }, &["7", "8"]);
    says(StalePlanError { planned: 7, current: 7 }, &["another room"]);
    let invalid = |problem| InvalidRequestError { proposal: Some(6), problem, also: vec![] };
    says(invalid(RequestProblem::UnknownSender), &["proposal 6", "sender"]);
    says(
        InvalidRequestError { proposal: None, problem: RequestProblem::UnknownSender, also: vec![] },
        &["unknown sender"],
    );
    says(invalid(RequestProblem::UnknownLeaf(7)), &["proposal 6", "7"]);
    says(invalid(RequestProblem::UnknownHolder), &["credential"]);
    says(invalid(RequestProblem::PseudonymsNotAllowed), &["pseudonyms"]);
    says(invalid(RequestProblem::UserIndexOutOfRange(7)), &["7"]);
    says(invalid(RequestProblem::ExtensionsNotAllowed), &["extensions"]);
    says(invalid(RequestProblem::Malformed { component: roles, error }), &[&roles.to_string(), &text]);
}

#[test]
fn what_is_wrong_with_a_component_names_it() {
    let uri = mimi_codec::MimiUri::parse("mimi:").unwrap_err();
    says(component::ComponentFinding::Base(BaseFinding::NoUsers), &["base_room_policy", "max_users"]);
    says(BaseFinding::NoParent, &["parent_room"]);
    says(BaseFinding::UnexpectedParent, &["parent_room"]);
    says(BaseFinding::Parent(uri), &["parent_room", &uri.to_string()]);
    says(BaseFinding::ParentNotARoom, &["parent_room"]);
    says(BaseFinding::ParentElsewhere { host: "b.example".into() }, &["b.example"]);
    says(
        BaseFinding::UnnamedComponent(ComponentID(7)),
        &["policy_component_ids", &ComponentID(7).to_string()],
    );
    says(
        BaseFinding::AbsentComponent(ComponentID(7)),
        &["policy_component_ids", &ComponentID(7).to_string()],
    );
    says(BaseFinding::NoClients, &["max_clients"]);
    says(PseudonymRefusal, &["pseudonyms"]);
    says(ParentRefusal::NotInParent(BOB.as_bytes()), &[BOB]);
    says(ParentRefusal::NotStrict, &["all"]);

    let reads = StatusNotificationFinding::ReadTellsOfDelivery;
    says(
        component::ComponentFinding::StatusNotification(reads),
        &["status_notification_policy", "read receipts"],
    );
    says(ForbiddenNotificationError(StatusNotification::Delivery), &["delivery"]);
    says(ForbiddenNotificationError(StatusNotification::Read), &["read"]);

    let more = JoinLinkFinding::MoreThanOneLink { links: 7 };
    says(component::ComponentFinding::JoinLink(more), &["join_link_policy", "7"]);
    says(JoinLinkFinding::EmptyLink { index: 7 }, &["7"]);
    says(JoinLinkFinding::RepeatedLink { index: 7 }, &["7"]);
    says(JoinLinkFinding::ExpiresAtOnce, &["0 seconds"]);
    says(JoinLinkFinding::NoPolicy, &["policy"]);
    says(JoinLinkFinding::UnusedRequestUri, &["on_request"]);
    says(JoinLinksUpdateError::NoSuchLink { index: 7, links: 3 }, &["7", "3"]);
    says(JoinLinksUpdateError::RemovedTwice { index: 7 }, &["7"]);
    says(JoinLinksUpdateError::EmptyLink { added: 7 }, &["7"]);
    says(JoinLinksUpdateError::MoreThanOneLink { links: 7 }, &["7"]);
    says(JoinLinkRefusal::NotActive, &["no such"]);
    says(JoinLinkRefusal::FromTheFuture { created_at_ms: 77 }, &["77 ms"]);
    says(JoinLinkRefusal::Expired { at_ms: 77 }, &["77 ms"]);
    says(JoinLinkRefusal::Used, &["used"]);

    let required = LinkPreviewFinding::AutodetectRequired;
    says(
        component::ComponentFinding::LinkPreview(required),
        &["link_preview_policy", "autodetect_hyperlinks_in_text"],
    );
    says(LinkPreviewFinding::NoProxy, &["link_preview_proxy"]);
    says(LinkPreviewRefusal::PreviewForbidden, &["forbids"]);
    says(LinkPreviewRefusal::PreviewMissing, &["requires"]);

    says(
        component::ComponentFinding::Logging(LoggingFinding::NoLoggingClient),
        &["logging_policy", "required"],
    );
    says(LoggingFinding::Client { index: 7, error: uri }, &["7", &uri.to_string()]);
    let spelling = ClientUri::try_from("mimi://B.example/d/b1").unwrap_err();
    says(LoggingFinding::Spelling { index: 7, error: spelling }, &["7", &spelling.to_string()]);
    says(LoggingFinding::SecondClientOfProvider { index: 7 }, &["7"]);
    says(LoggingRefusal::Forbidden, &["forbids"]);
    says(LoggingRefusal::NotListed, &["not a logging client"]);

    says(
        component::ComponentFinding::History(HistoryFinding::NonParticipant),
        &["chat_history_policy", "role 0"],
    );
    says(HistoryFinding::Banned, &["role 1"]);
    says(HistoryFinding::NeverActive { role_index: 7 }, &["7"]);
    says(HistoryFinding::UndefinedRole { role_index: 7 }, &["7"]);
    says(HistoryFinding::RepeatedRole { role_index: 7 }, &["7"]);
    says(HistoryFinding::NoneMayShare, &["no role"]);
    says(HistoryFinding::NoneListed, &["no role"]);
    says(HistoryFinding::NoTime, &["0 seconds"]);
    says(HistoryRefusal::Forbidden, &["history"]);
    says(HistoryRefusal::Role { role_index: 7 }, &["7"]);
    says(HistoryRefusal::Automatically, &["by themselves"]);
    says(HistoryRefusal::TooOld { age_ms: 7000, max_time_period: 6 }, &["7000 ms", "6 s"]);

    let local = BotFinding::LocalWithRole { index: 7, role_index: 8 };
    says(component::ComponentFinding::Bot(local), &["bot_policy", "7", "8"]);
    says(BotFinding::UndefinedRole { index: 7, role_index: 8 }, &["7", "8"]);
    says(BotFinding::Banned { index: 7 }, &["7"]);
    says(BotFinding::RepeatedName { index: 7 }, &["7"]);
    says(BotRefusal::NotAParticipant, &["no participant"]);
    says(BotRefusal::OtherRole { allowed: 7, listed: 8 }, &["7", "8"]);
    says(BotRefusal::Targeted, &["single users"]);
    says(BotRefusal::PerUser, &["something else"]);

    let above = MessageExpirationFinding::MinAboveMax { min: 8, max: 7 };
    says(component::ComponentFinding::MessageExpiration(above), &["message_expiration_policy", "8 s", "7 s"]);
    says(MessageExpirationFinding::DefaultOutside { default: 6, min: 7, max: 8 }, &["6 s", "7", "8 s"]);
    says(MessageExpirationFinding::MaxZero, &["0 s"]);
    says(MessageExpirationRefusal::Missing, &["expires"]);
    says(MessageExpirationRefusal::Forbidden, &["no message"]);
    says(MessageExpirationRefusal::Past { by_ms: 77 }, &["77 ms"]);
    says(MessageExpirationRefusal::TooShort { after_ms: 77, min: 8 }, &["77 ms", "8 s"]);
    says(MessageExpirationRefusal::TooLong { after_ms: 77, max: 8 }, &["77 ms", "8 s"]);
}

#[test]
fn what_is_wrong_with_assets_names_them() {
    let name = mimi_codec::DnsName::parse("..").unwrap_err();
    let none = AssetFinding::NoDestination;
    says(component::ComponentFinding::Asset(none), &["asset_policy", "destination"]);
    says(AssetFinding::NotOneProvider { providers: 7 }, &["7"]);
    says(AssetFinding::NotTheHub { provider: "b.example".into() }, &["b.example"]);
    let location = AssetUploadLocation::UNSPECIFIED;
    says(AssetFinding::NotLocalProvider(location), &[&location.to_string()]);
    says(AssetFinding::Provider { index: 7, error: name }, &["7", &name.to_string()]);
    says(AssetFinding::RepeatedProvider { index: 7 }, &["7"]);
    let destination = AssetFinding::Destination { provider: 7, index: 8, error: name };
    says(destination, &["7", "8", &name.to_string()]);
    let way = DownloadPrivacyType::OHTTP;
    for finding in [
        AssetFinding::DownloadAllowedAndForbidden(way),
        AssetFinding::DefaultDownloadForbidden(way),
        AssetFinding::DefaultDownloadNotAllowed(way),
    ] {
        says(finding, &[&way.to_string()]);
    }
    says(AssetFinding::DirectDownload, &["direct"]);
    says(AssetFinding::TooManyMediaTypes { media_types: 7777 }, &["7777", "1024"]);
    says(AssetFinding::TooManyParameters { parameters: 7777 }, &["7777", "4096"]);
    says(AssetFinding::NothingPermitted, &["permitted"]);
    says(AssetFinding::PermittedAndForbidden { permitted: 7, forbidden: 8 }, &["7", "8"]);
    for (kind, word) in [
        (AssetKind::Image, "image"),
        (AssetKind::Audio, "audio"),
        (AssetKind::Video, "video"),
        (AssetKind::Attachment, "attachment"),
    ] {
        says(AssetFinding::MaximumZero(kind), &[word]);
        says(AssetRefusal::TooLarge { kind, size: 78, max: 77 }, &[word, "78", "77"]);
    }
    says(AssetRefusal::ProviderNotListed { provider: "b.example".into() }, &["b.example"]);
    let media_type = MediaType::parse("x").unwrap_err();
    says(AssetRefusal::MediaType(media_type), &[&media_type.to_string()]);
    let source = |refusal: AssetRefusal| refusal.source().map(ToString::to_string);
    assert_eq!(source(AssetRefusal::MediaType(media_type)), Some(media_type.to_string()));
    let url = mimi_codec::check_asset_url("x", ["b.example"]).unwrap_err();
    says(AssetRefusal::Url(url), &[&url.to_string()]);
    assert_eq!(source(AssetRefusal::Url(url)), Some(url.to_string()));
    assert_eq!(source(AssetRefusal::NotPermitted), None);
    says(AssetRefusal::Forbidden { entry: 7 }, &["7"]);
    says(AssetRefusal::NotPermitted, &["permitted"]);
    says(DownloadRefusal::Forbidden(way), &[&way.to_string(), "forbids"]);
    says(DownloadRefusal::NotAllowed(way), &[&way.to_string(), "allow"]);
    says(DownloadRefusal::NoWay, &["no way"]);
}

#[test]
fn what_is_wrong_with_operations_names_them() {
    let suite = ExtendedCapability::CipherSuite(CipherSuite(7));
    for (item, word) in [
        (ExtendedCapability::Version(mimi_codec::code_points::ProtocolVersion::MLS10), "version"),
        (suite.clone(), "cipher suite"),
        (ExtendedCapability::Extension(mimi_codec::code_points::ExtensionType(7)), "extension"),
        (ExtendedCapability::Proposal(mimi_codec::code_points::ProposalType(7)), "proposal"),
        (ExtendedCapability::Credential(mimi_codec::code_points::CredentialType(7)), "credential"),
        (ExtendedCapability::WireFormat(WireFormat(7)), "wire format"),
        (ExtendedCapability::Component(ComponentID(7)), "component"),
        (ExtendedCapability::SafeAad(ComponentID(7)), "SafeAAD"),
        (ExtendedCapability::MediaType(MediaType::parse("text/x").unwrap()), "media type text/x"),
    ] {
        says(&item, &[word]);
        says(OperationalRefusal::Forbidden(item.clone()), &[&item.to_string(), "forbids"]);
        says(OperationalRefusal::Unsupported(item.clone()), &[&item.to_string(), "demands"]);
        says(OperationalFinding::MandatoryAndForbidden(item.clone()), &[&item.to_string(), "mandatory"]);
        says(OperationalFinding::DefaultAndForbidden(item.clone()), &[&item.to_string(), "default"]);
    }
    for (field, word) in [
        (TimeField::LeafNodeUpdateTime, "LeafNode_update_time"),
        (TimeField::SenderNonceKeypairLifetime, "sender_nonce_keypair_lifetime"),
        (TimeField::BufferIncomingMessageTime, "buffer_incoming_message_time"),
    ] {
        says(
            component::ComponentFinding::Operational(OperationalFinding::TimesOutOfOrder(field)),
            &["mls_operational_policy", word],
        );
    }
    says(OperationalFinding::TooManyMediaTypes { media_types: 7777 }, &["7777", "1024"]);
    says(OperationalFinding::TooManyParameters { parameters: 7777 }, &["7777", "4096"]);
    let delays = OperationalFinding::DelaysOutOfOrder { minimum_delay_ms: 78, maximum_delay_ms: 77 };
    says(delays, &["78 ms", "77 ms"]);
    says(OperationalFinding::PrivateHandshake, &["PrivateMessage"]);
    let format = WireFormat::MLS_WELCOME;
    says(OperationalFinding::NotAHandshakeFormat(format), &[&format.to_string()]);
    says(OperationalFinding::HandshakeFormatForbidden(format), &[&format.to_string()]);
    says(OperationalRefusal::HandshakeFormat(format), &[&format.to_string()]);
    says(OperationalRefusal::ExternalProposal, &["external proposals"]);
    says(OperationalRefusal::ExternalCommit, &["external commits"]);
    says(OperationalRefusal::KeyPackageLifetime { lifetime: 78, max: 77 }, &["78 s", "77 s"]);
    says(OperationalRefusal::CredentialLifetime { lifetime: 78, max: 77 }, &["78 s", "77 s"]);
    says(OperationalRefusal::OldEpoch { epochs_ago: 8, tolerance: 7 }, &["8", "7"]);
    says(OperationalRefusal::EpochToCome, &["to come"]);
    says(OperationalRefusal::Generation { ahead: 8, max: 7 }, &["8", "7"]);
}

#[test]
fn what_a_message_may_not_names_the_part() {
    let part = PartIndex::from_content_id("cid:7@local.invalid").unwrap();
    for (why, word) in [
        (RequirementReason::Message, "message"),
        (RequirementReason::InReplyTo, "replies"),
        (RequirementReason::SameTopic, "topic"),
        (RequirementReason::Topic, "topic"),
        (RequirementReason::Reaction { part }, "7"),
        (RequirementReason::Replaces, "replaces"),
        (RequirementReason::OtherTopic, "another topic"),
        (RequirementReason::Upload { part, kind: AssetKind::Video }, "video"),
        (RequirementReason::Link { part }, "7"),
        (RequirementReason::Preview { part }, "7"),
    ] {
        says(why, &[word]);
        let need = RequiredCapability { capability: C::CAN_SEND_LINK, why };
        says(ContentRefusal::Lacks(need), &["canSendLink", &why.to_string()]);
    }
    says(ContentRefusal::EditsAnothers { author: BOB.into() }, &[BOB]);
    says(ContentRefusal::ChangesKind, &["reaction"]);
    says(ContentRefusal::ForwardedTooDeeply { part }, &["7"]);
    says(ContentRefusal::NotAtHand, &["not at hand"]);
    says(Withheld::MayNotReceive, &["canReceiveMessage"]);
    says(Withheld::CutOff, &["banned"]);
    says(ClientActionRefusal { lacks: C::CAN_COPY_MESSAGE }, &["canCopyMessage"]);
}

#[test]
fn a_step_says_who_moves_whom() {
    let step = |means, from, last| {
        let by = StepActor::Participant(5);
        let means = StepMeans::Move(means);
        let with_client = from != 0;
        let step =
            LintStep { by, means, from, to: 6, had_client: from != 0, with_client, last, same_commit: false };
        step.to_string()
    };
    assert_eq!(step(MoveRight::Leave, 7, false), "a holder of role 7 leaves (canRemoveSelf)");
    let joins = LintStep {
        by: StepActor::Oneself,
        means: StepMeans::Move(MoveRight::OpenJoin),
        from: 0,
        to: 6,
        had_client: false,
        with_client: true,
        last: false,
        same_commit: true,
    };
    assert_eq!(
        joins.to_string(),
        "in the same commit a user who is not on the list takes role 6 (canOpenJoin)"
    );
    let own = |means| LintStep { means, from: 7, to: 7, same_commit: false, ..joins }.to_string();
    assert_eq!(
        own(StepMeans::AddOwnClient),
        "a holder of role 7 adds its client to the group (canAddOwnClient)"
    );
    assert_eq!(
        own(StepMeans::RemoveOwnClient),
        "a holder of role 7 removes its client from the group (canRemoveOwnClient)"
    );
    let kick = LintStep {
        by: StepActor::Server(5),
        means: StepMeans::Kick,
        from: 7,
        to: 7,
        same_commit: false,
        ..joins
    };
    assert_eq!(
        kick.to_string(),
        "an external sender with role 5 removes the client of a holder of role 7 from the group (canKick)"
    );
    assert_eq!(
        step(MoveRight::Remove, 7, true),
        "a holder of role 5 removes the last holder of role 7 (canRemoveParticipant)"
    );
    assert_eq!(
        step(MoveRight::Add, 0, true),
        "a holder of role 5 adds a user who is not on the list with role 6, without a client (canAddParticipant)"
    );
    assert_eq!(
        step(MoveRight::ChangeUserRole, 7, false),
        "a holder of role 5 moves a holder of role 7 to role 6 (canChangeUserRole)"
    );
}

#[test]
fn a_finding_numbers_its_steps() {
    let step = LintStep {
        by: StepActor::Oneself,
        means: StepMeans::Move(MoveRight::Leave),
        from: 7,
        to: 0,
        had_client: true,
        with_client: false,
        last: false,
        same_commit: false,
    };
    let finding = lint::LintFinding {
        code: lint::LintCode::LockOut,
        severity: lint::LintSeverity::Warning,
        roles: vec![7],
        explanation: "no user is left".into(),
        start: vec![7, 7],
        steps: vec![step, step],
    };
    let head = format!("warning {}: no user is left", lint::LintCode::LockOut.name());
    assert_eq!(
        finding.to_string(),
        format!("{head}\n  0. the room has participants with role 7, 7\n  1. {step}\n  2. {step}")
    );
    let names: std::collections::BTreeSet<_> = lint::LintCode::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), lint::LintCode::ALL.len());
    let severities =
        [lint::LintSeverity::Error, lint::LintSeverity::Note].map(|severity| severity.to_string());
    assert_eq!(severities, ["error", "note"]);
}
