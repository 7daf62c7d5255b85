//! From MLS proposals and commits to a decision.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod proposals;
mod scene;

use mimi_codec::{
    CapabilityType, Opaque,
    code_points::{CipherSuite, ComponentID, ProposalType},
    extensions::{AppDataUpdate, AppDataUpdateSelect, AppEphemeral, SelfRemove},
    mls::{
        Commit, Credential, CredentialBinding, Extensions, GroupContextExtensions, MultiCredential,
        OtherProposal, Proposal, ProposalOrRef, ProposalRef, ReInit, Remove, Sender, Update,
        WeakMultiCredential,
    },
    protocol::{IdentifierUri, PseudonymousCredential, UpdateResponseCode},
    retraction::{HubRetractedMessagesComponent, HubRetractedRangeComponent},
};
use mimi_policy::{
    Actor, Change, Form, Identities, JoinCode, Reason, Request, RequestProblem, UnidentifiedError, UserUri,
    first_omitted,
};
use proposals::{leaf, list, package, update};
use scene::*;

/// Leaves 0 to 3 are those of the four; a basic credential is a user's name and its client's
/// number.
struct Tree;

impl Identities for Tree {
    fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
        let name = ["alice", "bob", "carol", "dave"].get(leaf_index as usize);
        name.map(|name| by(name)).ok_or(UnidentifiedError::Unknown)
    }

    fn holder(&self, credential: &Credential) -> Result<Actor, UnidentifiedError> {
        let Credential::Basic { identity } = credential else { return Err(UnidentifiedError::Unknown) };
        let text = std::str::from_utf8(identity).unwrap();
        let (user, _) = text.rsplit_once('/').ok_or(UnidentifiedError::Unknown)?;
        Ok(Actor::named(user, text)?)
    }

    fn external_sender(&self, sender_index: u32) -> Result<Actor, UnidentifiedError> {
        match sender_index {
            0 => Ok(server(&[claim("hub", "a")])),
            _ => Err(UnidentifiedError::Unknown),
        }
    }

    fn join_code(&self, user: &UserUri, _: u32) -> Option<JoinCode> {
        (user.as_bytes() == b"frank").then_some(JoinCode::Valid)
    }
}

fn basic(identity: &str) -> Credential {
    Credential::Basic { identity: identity.into() }
}

const fn member(leaf_index: u32) -> Sender {
    Sender::Member { leaf_index }
}

fn commit(
    scene: &Scene,
    proposals: &[(Proposal, Option<Sender>)],
) -> Result<Request, mimi_policy::InvalidRequestError> {
    let proposals = proposals.iter().map(|(proposal, sender)| (proposal, sender.as_ref()));
    Request::commit(&scene.room(), &Tree, &member(0), None, proposals)
}

fn problem(scene: &Scene, proposal: Proposal) -> RequestProblem {
    let invalid = commit(scene, &[(Proposal::SelfRemove(SelfRemove {}), Some(member(1))), (proposal, None)])
        .unwrap_err();
    assert_eq!(invalid.proposal, Some(1));
    invalid.problem
}

fn all() -> Scene {
    let caps = [Cap::CAN_ADD_PARTICIPANT, Cap::CAN_REMOVE_PARTICIPANT, Cap::CAN_CHANGE_USER_ROLE];
    four().can(3, &caps).moves(3, 0, &[2]).moves(3, 2, &[0, 4]).can(2, &[Cap::CAN_REMOVE_OWN_CLIENT])
}

#[test]
fn a_commit_says_what_its_proposals_change() {
    let request = commit(
        &all(),
        &[
            (list(&[(1, 4)], &[2], &[("erin", 2)]), None),
            (package(basic("erin/1")), None),
            (Proposal::Remove(Remove { removed: 2 }), None),
            (Proposal::SelfRemove(SelfRemove {}), Some(member(1))),
        ],
    )
    .unwrap();
    assert_eq!((&request.actor, request.form), (&by("alice"), Form::Commit));
    let expected: [mimi_policy::ProposedChange; 6] = [
        set("bob", 4).into(),
        remove("carol").into(),
        add("erin", 2).into(),
        add_client("erin", 1).into(),
        remove_client("carol", 1).into(),
        remove_client("bob", 1).by(by("bob")),
    ];
    assert_eq!(request.changes, expected);
    assert!(request.check(&all().room()).is_ok());
}

#[test]
fn all_proposals_that_cannot_be_read_are_named() {
    let remove = |removed| Proposal::Remove(Remove { removed });
    let proposals = [
        (remove(2), None),
        (remove(9), None),
        (list(&[], &[9], &[]), None),
        (list(&[(1, 4)], &[], &[]), None),
        (remove(2), Some(member(9))),
        (package(basic("stranger")), Some(Sender::NewMemberProposal {})),
        (remove(2), Some(Sender::NewMemberProposal {})),
    ];
    let invalid = commit(&all(), &proposals).unwrap_err();
    assert_eq!(invalid.proposals(), [1, 2, 4, 5, 6]);
    assert_eq!((invalid.proposal, &invalid.problem), (Some(1), &RequestProblem::UnknownLeaf(9)));
    let also: Vec<&RequestProblem> = invalid.also.iter().map(|also| &also.problem).collect();
    let unknown = &RequestProblem::UnknownSender;
    assert_eq!(also, [&RequestProblem::UserIndexOutOfRange(9), unknown, unknown, unknown]);
    assert_eq!(invalid.to_string(), "proposal 1: there is no leaf 9 (4 more proposals are invalid)");

    let (ninth, tenth, good) = (remove(9), remove(10), remove(2));
    let invalid = Request::proposals(&all().room(), &Tree, &member(0), &[&ninth, &good, &tenth]).unwrap_err();
    assert_eq!(invalid.proposals(), [0, 2]);
    // Without a sender there is no telling about the proposals.
    let invalid = Request::proposals(&all().room(), &Tree, &member(9), &[&ninth]).unwrap_err();
    assert_eq!(invalid.proposals(), [0; 0]);
}

#[test]
fn proposals_of_members_servers_and_newcomers_are_told_apart() {
    let room = all().room();
    let remove = Proposal::Remove(Remove { removed: 1 });
    let request = Request::proposals(&room, &Tree, &member(1), &[&remove]).unwrap();
    assert_eq!((request.form, request.changes), (Form::Proposal, vec![remove_client("bob", 1).into()]));
    let server = Sender::External { sender_index: 0 };
    assert_eq!(Request::proposals(&room, &Tree, &server, &[&remove]).unwrap().form, Form::ExternalProposal);
    let package = package(basic("bob/2"));
    let request = Request::proposals(&room, &Tree, &Sender::NewMemberProposal {}, &[&package]).unwrap();
    assert_eq!((request.actor, request.form), (by_device("bob", 2), Form::ExternalProposal));
    for sender in [member(9), Sender::External { sender_index: 1 }, Sender::NewMemberCommit {}] {
        let invalid = Request::proposals(&room, &Tree, &sender, &[&remove]).unwrap_err();
        assert_eq!((invalid.proposal, invalid.problem), (None, RequestProblem::UnknownSender));
    }
}

#[test]
fn a_newcomers_proposal_is_its_own_in_anothers_commit() {
    let add = (package(basic("bob/2")), Some(Sender::NewMemberProposal {}));
    let request = commit(&all(), std::slice::from_ref(&add)).unwrap();
    assert_eq!(request.changes, [add_client("bob", 2).by(by_device("bob", 2))]);
    let remove = (Proposal::Remove(Remove { removed: 1 }), Some(Sender::NewMemberProposal {}));
    let invalid = commit(&all(), &[add, remove]).unwrap_err();
    assert_eq!((invalid.proposal, invalid.problem), (Some(1), RequestProblem::UnknownSender));
}

#[test]
fn a_joiner_is_known_by_the_credential_of_its_leaf_and_its_code() {
    let scene = all().can(0, &[Cap::CAN_USE_JOIN_CODE, Cap::CAN_OPEN_JOIN]).moves(0, 0, &[2]);
    let join = |name: &str| {
        let joining = basic(&format!("{name}/1"));
        let list = list(&[], &[], &[(name, 2)]);
        Request::commit(&scene.room(), &Tree, &Sender::NewMemberCommit {}, Some(&joining), [(&list, None)])
            .unwrap()
    };
    assert_eq!(join("erin").changes, [add("erin", 2).into()]);
    assert_eq!(join("frank").changes, [code("frank", 2, JoinCode::Valid).into()]);
    // The code is frank's, and for who comes by itself.
    let (joining, others) = (basic("erin/1"), list(&[], &[], &[("frank", 2)]));
    let proposals = [(&others, None)];
    let sender = Sender::NewMemberCommit {};
    let request = Request::commit(&scene.room(), &Tree, &sender, Some(&joining), proposals).unwrap();
    assert_eq!(request.changes, [add("frank", 2).into()]);
    assert!(join("erin").check(&scene.room()).is_ok() && join("frank").check(&scene.room()).is_ok());
    let none: [(&Proposal, Option<&Sender>); 0] = [];
    let invalid = Request::commit(&scene.room(), &Tree, &Sender::NewMemberCommit {}, None, none).unwrap_err();
    assert_eq!(invalid.problem, RequestProblem::NoPath);
}

/// Components that are no part of the room's policy.
const OTHERS: [ComponentID; 8] = [
    ComponentID::APP_COMPONENTS,
    ComponentID::SAFE_AAD,
    ComponentID::CONTENT_MEDIA_TYPES,
    ComponentID::APQ_MLS_INFO,
    ComponentID::ASSOCIATED_PARTIES,
    ComponentID::FRANKING_AGENT,
    ComponentID::IDENTITY_LINK_KEYS,
    ComponentID(0xff00),
];

#[test]
fn refuses_updates_and_removals_of_components_that_have_no_rule() {
    for component in OTHERS {
        let removal = AppDataUpdate { component_id: component, op: AppDataUpdateSelect::Remove {} };
        for proposal in [update(component, &0u8), Proposal::AppDataUpdate(removal)] {
            assert_eq!(problem(&all(), proposal), RequestProblem::ComponentNotAllowed(component));
        }
    }
}

/// A tree whose caller has checked the rules of all other components.
struct Checked;

impl Identities for Checked {
    fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
        Tree.member(leaf_index)
    }

    fn holder(&self, credential: &Credential) -> Result<Actor, UnidentifiedError> {
        Tree.holder(credential)
    }

    fn external_sender(&self, sender_index: u32) -> Result<Actor, UnidentifiedError> {
        Tree.external_sender(sender_index)
    }

    fn join_code(&self, user: &UserUri, role: u32) -> Option<JoinCode> {
        Tree.join_code(user, role)
    }

    fn allows_component(&self, sender: &Actor, _: &AppDataUpdate) -> bool {
        *sender == by("alice")
    }
}

#[test]
fn a_component_with_a_rule_of_its_own_changes_nothing_else() {
    for component in OTHERS {
        let proposal = update(component, &0u8);
        let ask = |leaf| {
            let proposals = [(&proposal, None)];
            Request::commit(&all().room(), &Checked, &member(leaf), None, proposals).map(|it| it.changes)
        };
        assert_eq!(ask(0), Ok(vec![]));
        let refused = RequestProblem::ComponentNotAllowed(component);
        assert_eq!(ask(1).unwrap_err().problem, refused);
    }
    // The rule of a policy component is the room's: the caller is not asked.
    let proposal = update(ComponentID::BOT_POLICY, &0u8);
    let request = Request::commit(&all().room(), &Checked, &member(0), None, [(&proposal, None)]).unwrap();
    assert_eq!(request.changes, [Change::ChangeComponent(ComponentID::BOT_POLICY).into()]);
}

#[test]
fn refuses_proposals_of_other_types_by_name_unless_they_are_allowed() {
    /// A tree whose caller knows one more type of proposal, and lets Alice send it.
    struct Knows(ProposalType);

    impl Identities for Knows {
        fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
            Tree.member(leaf_index)
        }

        fn holder(&self, credential: &Credential) -> Result<Actor, UnidentifiedError> {
            Tree.holder(credential)
        }

        fn external_sender(&self, sender_index: u32) -> Result<Actor, UnidentifiedError> {
            Tree.external_sender(sender_index)
        }

        fn join_code(&self, user: &UserUri, role: u32) -> Option<JoinCode> {
            Tree.join_code(user, role)
        }

        fn allows_other_proposal(&self, sender: &Actor, proposal: &OtherProposal) -> bool {
            *sender == by("alice") && proposal.proposal_type() == self.0
        }
    }

    // GREASE, an unassigned number, private use.
    for number in [0x0a0a, 0x7000, 0xf000, 0xffff] {
        let proposal_type = ProposalType(number);
        let proposal = Proposal::Other(OtherProposal::new(proposal_type, b"body".to_vec()).unwrap());
        let refused = RequestProblem::OtherProposal(proposal_type);
        assert_eq!(problem(&all(), proposal.clone()), refused, "{number:#06x}");
        for sender in [member(1), member(2)] {
            let by_value = [(&proposal, None)];
            let request = Request::commit(&all().room(), &Knows(proposal_type), &sender, None, by_value);
            assert_eq!(request.unwrap_err().problem, refused, "{number:#06x}");
        }
        let ask = |known, proposer: Option<&Sender>| {
            let proposals = [(&proposal, proposer)];
            Request::commit(&all().room(), &Knows(known), &member(0), None, proposals).map(|it| it.changes)
        };
        assert_eq!(ask(proposal_type, None), Ok(vec![]), "{number:#06x}");
        assert_eq!(ask(ProposalType(0xf0f0), None).unwrap_err().problem, refused, "{number:#06x}");
        // The rights of the one who proposed it count, not of the one who commits it.
        for proposer in [member(1), Sender::External { sender_index: 0 }] {
            assert_eq!(ask(proposal_type, Some(&proposer)).unwrap_err().problem, refused, "{number:#06x}");
        }
    }
}

fn ephemeral(component_id: ComponentID, data: &impl mimi_codec::Encode) -> Proposal {
    let data = data.to_bytes().unwrap().into();
    Proposal::AppEphemeral(AppEphemeral { component_id, data })
}

fn range(sender: &str) -> Proposal {
    let component = HubRetractedRangeComponent {
        hub_retracted_timestamp: 1,
        remover_uri: IdentifierUri::new("alice").unwrap(),
        reason_code: None,
        abusive_sender_uri: IdentifierUri::new(sender).unwrap(),
        starting_timestamp: None,
    };
    ephemeral(ComponentID::HUB_RETRACTED_RANGE, &component)
}

#[test]
fn a_retraction_takes_a_right() {
    let messages = ephemeral(
        ComponentID::HUB_RETRACTED_MESSAGES,
        &HubRetractedMessagesComponent {
            hub_retracted_timestamp: 1,
            remover_uri: IdentifierUri::new("alice").unwrap(),
            reason_code: None,
            retracted_messages: vec![],
        },
    );
    let scene = |capabilities: &[CapabilityType]| four().can(3, capabilities);
    let check = |scene: &Scene, proposals: &[Proposal]| {
        let list: Vec<_> = proposals.iter().map(|proposal| (proposal.clone(), None)).collect();
        let request = commit(scene, &list).unwrap();
        request.check(&scene.room()).map(|plan| plan.grants()[0].capability).map_err(|it| it.reason)
    };
    let message = CapabilityType::CAN_DELETE_OTHER_MESSAGE;
    let reaction = CapabilityType::CAN_DELETE_OTHER_REACTION;
    let lacks = Reason::MissingCapability { role: 3, capability: message };
    assert_eq!(check(&scene(&[]), std::slice::from_ref(&messages)), Err(lacks.clone()));
    assert_eq!(check(&scene(&[message]), std::slice::from_ref(&messages)), Ok(Some(message)));
    assert_eq!(check(&scene(&[reaction]), std::slice::from_ref(&messages)), Ok(Some(reaction)));
    assert_eq!(check(&scene(&[reaction]), &[range("bob")]), Err(lacks));
    assert_eq!(check(&scene(&[message]), &[range("bob"), range("carol")]), Ok(Some(message)));
    let twice = check(&scene(&[message]), &[range("bob"), messages, range("bob")]);
    assert_eq!(twice, Err(Reason::SecondRetractedRange(user("bob"))));
    let spelling = problem(&all(), range("MIMI://b.example/u/bob"));
    assert!(matches!(spelling, RequestProblem::RetractedRanges(_)));
    let other = AppEphemeral { component_id: ComponentID::APP_ACK, data: "".into() };
    assert_eq!(commit(&all(), &[(Proposal::AppEphemeral(other), None)]).unwrap().changes, []);
}

#[test]
fn other_policy_components_and_removals_are_changes_that_no_user_may_make() {
    let expected = |component| vec![Change::ChangeComponent(component).into()];
    for component in [ComponentID::STATUS_NOTIFICATION_POLICY, ComponentID::MESSAGE_EXPIRATION_POLICY] {
        assert_eq!(commit(&all(), &[(update(component, &0u8), None)]).unwrap().changes, expected(component));
    }
    let own = ComponentID(0x8123);
    let scene = all().base(|base| base.policy_component_ids.push(own));
    assert_eq!(commit(&scene, &[(update(own, &0u8), None)]).unwrap().changes, expected(own));
    let removal = AppDataUpdate { component_id: ComponentID::ROLES_LIST, op: AppDataUpdateSelect::Remove {} };
    let request = commit(&all(), &[(Proposal::AppDataUpdate(removal), None)]).unwrap();
    let refusal = request.check(&all().room()).unwrap_err();
    assert_eq!(refusal.reason, Reason::NoCapabilityFor(ComponentID::ROLES_LIST));
}

#[test]
fn a_reinit_is_a_change() {
    let reinit = ReInit {
        group_id: Opaque::default(),
        version: mimi_codec::code_points::ProtocolVersion(1),
        cipher_suite: CipherSuite(1),
        extensions: Extensions::default(),
    };
    assert_eq!(
        commit(&all(), &[(Proposal::ReInit(Box::new(reinit)), None)]).unwrap().changes,
        [Change::ReInit.into()]
    );
}

#[test]
fn refuses_indices_leaves_and_credentials_of_no_user() {
    assert_eq!(problem(&all(), list(&[], &[4], &[])), RequestProblem::UserIndexOutOfRange(4));
    assert_eq!(problem(&all(), list(&[(9, 2)], &[], &[])), RequestProblem::UserIndexOutOfRange(9));
    assert_eq!(problem(&all(), Proposal::Remove(Remove { removed: 7 })), RequestProblem::UnknownLeaf(7));
    assert_eq!(problem(&all(), package(basic("stranger"))), RequestProblem::UnknownHolder);
    let invalid = commit(&all(), &[(list(&[], &[], &[]), Some(member(9)))]).unwrap_err();
    assert_eq!((invalid.proposal, invalid.problem), (Some(0), RequestProblem::UnknownSender));
}

#[test]
fn refuses_bytes_that_are_no_update() {
    for component in [
        ComponentID::PARTICIPANT_LIST,
        ComponentID::ROOM_METADATA,
        ComponentID::ROLES_LIST,
        ComponentID::PREAUTH_LIST,
        ComponentID::BASE_ROOM_POLICY,
    ] {
        match problem(&all(), update(component, &9u8)) {
            RequestProblem::Malformed { component: found, .. } => assert_eq!(found, component),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn refuses_pseudonyms_where_the_room_has_none() {
    let pseudonym = || {
        Credential::Pseudonymous(PseudonymousCredential {
            client_pseudonym: mimi_codec::protocol::IdentifierUri::new("a").unwrap(),
            user_pseudonym: mimi_codec::protocol::IdentifierUri::new("b").unwrap(),
            signature_public_key: b"".as_slice().into(),
            identity_link_ciphertext: Opaque::default(),
        })
    };
    let scene = all().base(|base| base.pseudonyms_allowed = false);
    assert_eq!(problem(&scene, package(pseudonym())), RequestProblem::PseudonymsNotAllowed);
    assert_eq!(problem(&all(), package(pseudonym())), RequestProblem::UnknownHolder);
    let none: [(&Proposal, Option<&Sender>); 0] = [];
    let invalid =
        Request::commit(&scene.room(), &Tree, &Sender::NewMemberCommit {}, Some(&pseudonym()), none)
            .unwrap_err();
    assert_eq!(invalid.update_response_code(), UpdateResponseCode::NOT_ALLOWED);
    // Beside a real name, too.
    let binding = |credential| CredentialBinding {
        cipher_suite: CipherSuite(1),
        credential,
        credential_key: b"".as_slice().into(),
        signature: Opaque::default(),
    };
    let bindings = || vec![binding(basic("alice/9")), binding(pseudonym())];
    let multi = Credential::Multi(MultiCredential::new(bindings()).unwrap());
    let weak = Credential::WeakMulti(WeakMultiCredential::new(bindings()).unwrap());
    for credential in [multi, weak] {
        assert_eq!(problem(&scene, package(credential)), RequestProblem::PseudonymsNotAllowed);
    }
}

#[test]
fn refuses_other_extensions_unless_the_hub_has_a_say() {
    let extensions =
        Proposal::GroupContextExtensions(GroupContextExtensions { extensions: Extensions::default() });
    assert_eq!(problem(&all(), extensions), RequestProblem::ExtensionsNotAllowed);
}

#[test]
fn a_commit_refers_to_all_that_was_accepted() {
    let reference = |text: &[u8]| ProposalRef::from(text);
    let commit =
        Commit { proposals: vec![ProposalOrRef::Reference { reference: reference(b"a") }], path: None };
    assert_eq!(first_omitted(&[reference(b"a")], &commit), None);
    assert_eq!(first_omitted(&[reference(b"a"), reference(b"b")], &commit), Some(&reference(b"b")));
}

#[test]
fn refusals_map_to_response_codes() {
    let code = |changes: mimi_policy::ProposedChange| {
        let refusal = all().room().check(&by("alice"), Form::Commit, &[changes]).unwrap_err();
        refusal.reason.update_response_code()
    };
    assert_eq!(code(add("bob", 2).into()), UpdateResponseCode::INVALID_PROPOSAL);
    assert_eq!(code(add("erin", 4).into()), UpdateResponseCode::NOT_ALLOWED);
}

/// Other spellings of bob, and text that only looks like a MIMI URI.
const SPELLINGS: [&str; 8] = [
    "mimi://B.example/u/bob",
    "MIMI://b.example/u/bob",
    "mimi://b.example/u/%62ob",
    "mimi://b.example/u/./bob",
    "mimi://b.example./u/bob",
    "mimi://b.example:/u/bob",
    "mimi:bob",
    "Mimi://b.example/u/bob",
];

#[test]
fn a_user_in_another_spelling_is_refused_wherever_a_message_names_it() {
    for spelling in SPELLINGS {
        let error = UserUri::try_from(spelling).unwrap_err();
        let found = problem(&all(), list(&[], &[], &[(spelling, 2)]));
        assert_eq!(found, RequestProblem::Identity(error), "{spelling}");
        // A ban in advance is an addition with role 1.
        let found = problem(&all(), list(&[], &[], &[(spelling, 1)]));
        assert_eq!(found, RequestProblem::Identity(error), "{spelling}");
        let credential = basic(&format!("{spelling}/1"));
        let error = UserUri::try_from(spelling).unwrap_err();
        assert_eq!(problem(&all(), package(credential.clone())), RequestProblem::Identity(error));
        let none: [(&Proposal, Option<&Sender>); 0] = [];
        let (sender, path) = (Sender::NewMemberCommit {}, credential.clone());
        let invalid = Request::commit(&all().room(), &Tree, &sender, Some(&path), none).unwrap_err();
        assert_eq!((invalid.proposal, invalid.problem), (None, RequestProblem::Identity(error)));
        let add = package(credential);
        let sender = Sender::NewMemberProposal {};
        let invalid = Request::proposals(&all().room(), &Tree, &sender, &[&add]).unwrap_err();
        assert_eq!((invalid.proposal, invalid.problem), (None, RequestProblem::Identity(error)));
    }
}

#[test]
fn a_new_leaf_keeps_the_user_and_the_client() {
    let none: [(&Proposal, Option<&Sender>); 0] = [];
    let own = basic("alice/1");
    let path = |credential: &Credential| {
        Request::commit(&all().room(), &Tree, &member(0), Some(credential), none)
            .map_err(|invalid| invalid.problem)
    };
    assert!(path(&own).is_ok());
    assert_eq!(path(&basic("bob/1")).unwrap_err(), RequestProblem::IdentityChanged);
    assert_eq!(path(&basic("alice/2")).unwrap_err(), RequestProblem::IdentityChanged);
    assert_eq!(path(&basic("stranger")).unwrap_err(), RequestProblem::UnknownHolder);
    let new_leaf = |identity: &str| Proposal::Update(Box::new(Update { leaf_node: leaf(basic(identity)) }));
    assert_eq!(commit(&all(), &[(new_leaf("bob/1"), Some(member(1)))]).unwrap().changes, []);
    for (identity, sender) in [("alice/1", Some(member(1))), ("bob/2", Some(member(1)))] {
        let invalid = commit(&all(), &[(new_leaf(identity), sender)]).unwrap_err();
        assert_eq!(invalid.problem, RequestProblem::IdentityChanged);
    }
    let server = Some(Sender::External { sender_index: 0 });
    let invalid = commit(&all(), &[(new_leaf("bob/1"), server)]).unwrap_err();
    assert_eq!(invalid.problem, RequestProblem::UpdateByNonMember);
}

#[test]
fn a_request_takes_identities_behind_a_pointer() {
    let identities: &dyn Identities = &Tree;
    let none: [(&Proposal, Option<&Sender>); 0] = [];
    assert!(Request::commit(&all().room(), identities, &member(0), None, none).is_ok());
    let remove = Proposal::Remove(Remove { removed: 1 });
    assert!(Request::proposals(&all().room(), identities, &member(1), &[&remove]).is_ok());
}

#[test]
fn a_retraction_reaches_the_timeline_by_the_right_that_allows_it() {
    use mimi_content::timeline::RetractionScope;
    let at = 1_764_547_200_000;
    let messages = ephemeral(
        ComponentID::HUB_RETRACTED_MESSAGES,
        &HubRetractedMessagesComponent {
            hub_retracted_timestamp: at,
            remover_uri: IdentifierUri::new("mimi://hub.example").unwrap(),
            reason_code: Some(mimi_codec::protocol::AbuseType(1)),
            retracted_messages: vec![mimi_codec::Octets([1; 32])],
        },
    );
    let ids = || vec![mimi_content::MessageId::from_bytes([1; 32])];
    let retractions = |capability: CapabilityType, proposals: &[Proposal]| -> Vec<_> {
        let scene = four().can(3, &[capability]);
        let list: Vec<_> = proposals.iter().map(|proposal| (proposal.clone(), None)).collect();
        let request = commit(&scene, &list).unwrap();
        let plan = request.check(&scene.room()).unwrap();
        let changes = request.changes.iter().zip(plan.grants());
        changes.filter_map(|(change, grant)| change.change.retraction(grant)).collect()
    };
    let message = CapabilityType::CAN_DELETE_OTHER_MESSAGE;
    let both = retractions(message, &[messages.clone(), range("bob")]);
    assert_eq!((both[0].at_ms, &*both[0].by_uri, both[0].reason), (at, "mimi://hub.example", Some(1)));
    assert_eq!(both[0].scope, RetractionScope::Messages(ids()));
    let sender_uri = user("bob").to_string().into();
    assert_eq!(both[1].scope, RetractionScope::Sender { sender_uri, from_ms: both[1].starting_ms() });
    let reactions = retractions(CapabilityType::CAN_DELETE_OTHER_REACTION, &[messages]);
    assert_eq!(reactions[0].scope, RetractionScope::Reactions(ids()));
    // A commit that takes an accepted proposal up does nothing more.
    let accepted = mimi_policy::Grant {
        change: Some(0),
        capability: None,
        role: 3,
        basis: mimi_policy::Basis::Accepted,
    };
    let scene = four().can(3, &[message]);
    let request = commit(&scene, &[(range("bob"), None)]).unwrap();
    assert_eq!(request.changes[0].change.retraction(&accepted), None);
}
