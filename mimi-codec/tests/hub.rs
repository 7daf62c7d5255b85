//! What a hub does with what comes in: look at what must be looked at, and hand on the very same
//! bytes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod protocol_samples;

use mimi_codec::{
    Decode, Encode, MimiUriRef,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::*,
    protocol::*,
};
use protocol_samples::*;

/// The position of `part` in `whole`: it is there, and once.
fn position(whole: &[u8], part: &[u8]) -> usize {
    let mut positions = whole.windows(part.len()).enumerate().filter(|(_, window)| *window == part);
    let (position, _) = positions.next().unwrap();
    assert_eq!(positions.next(), None);
    position
}

#[test]
fn a_hub_reads_a_commit_and_hands_on_the_bytes_of_its_parts() {
    // What a client sent: Bob is added to the participant list, and a Welcome goes to his clients.
    let update = ParticipantListUpdate {
        changed_role_participants: vec![],
        removed_indices: vec![],
        added_participants: vec![UserRolePair { user: "mimi://b.example/u/bob".into(), role_index: 2 }],
    };
    let proposal = Proposal::AppDataUpdate(AppDataUpdate {
        component_id: ComponentID::PARTICIPANT_LIST,
        op: AppDataUpdateSelect::Update { update: bytes(&update).into() },
    });
    let commit = Content::Commit {
        commit: Commit { proposals: vec![ProposalOrRef::Proposal { proposal }], path: None },
    };
    let sent = public(7, member(), commit);
    let HandshakeBundle::Commit { welcome, group_info_option, ratchet_tree_option, .. } = commit_bundle()
    else {
        panic!()
    };
    let bundle = HandshakeBundle::Commit {
        proposal_or_commit: CommitMessage::new(sent.clone()).unwrap(),
        welcome: welcome.clone(),
        group_info_option,
        ratchet_tree_option,
    };
    let body = bytes(&UpdateRequest { bundle });

    // The hub looks: which group and epoch, who, and what happens to the list.
    let request = UpdateRequest::decode_exact(&body).unwrap();
    assert_eq!(bytes(&request), body);
    let HandshakeBundle::Commit { proposal_or_commit, welcome: Some(received), .. } = &request.bundle else {
        panic!("a commit with a Welcome")
    };
    assert_eq!((proposal_or_commit.group_id(), proposal_or_commit.epoch()), (GROUP.as_bytes(), 7));
    let MLSMessageBody::PublicMessage { public_message } = &request.bundle.proposal_or_commit().body else {
        panic!("a PublicMessage")
    };
    assert_eq!(*public_message.content().sender(), member());
    let Content::Commit { commit } = public_message.content().content() else { panic!("a commit") };
    let [ProposalOrRef::Proposal { proposal: Proposal::AppDataUpdate(seen) }] = commit.proposals.as_slice()
    else {
        panic!("one AppDataUpdate")
    };
    assert_eq!(seen.component_id, ComponentID::PARTICIPANT_LIST);
    let AppDataUpdateSelect::Update { update: encoded } = &seen.op else { panic!("an update") };
    let seen = ParticipantListUpdate::decode_exact(encoded).unwrap();
    let bob = MimiUriRef::from_bytes(&seen.added_participants[0].user).unwrap();
    assert_eq!(bob.host().as_str(), "b.example");

    // It hands on the commit to all, and the Welcome to Bob's provider: bytes of the request, not
    // like them.
    let to_all = FanoutMessage::of_update(1_700_000_000_000, &request.bundle);
    let fanned_out = bytes(&to_all);
    let commit_bytes = bytes(&sent);
    assert_eq!(position(&body, &commit_bytes), 0);
    assert_eq!(position(&fanned_out, &commit_bytes), 8);
    let to_bob = FanoutEvent::Welcome {
        message: WelcomeMessage::new(received.clone().into()).unwrap(),
        ratchet_tree_option: Box::new(mimi_codec::ratchet_tree_options::RatchetTreeOption::OutOfBand {}),
    };
    let FanoutEvent::Welcome { message, .. } = &to_bob else { panic!() };
    let references: Vec<_> = message.key_package_refs().map(|reference| reference.to_vec()).collect();
    assert_eq!(references, [b"reference 1", b"reference 2"]);
    let to_bob = bytes(&FanoutMessage::new(1_700_000_000_000, to_bob).unwrap());
    position(&body, &bytes(&received.clone()));
    position(&to_bob, &bytes(received));

    // A follower gets both in one body and finds each where it lies.
    let notify = [fanned_out.as_slice(), to_bob.as_slice()].concat();
    let walked: Vec<_> = FanoutMessages::new(&notify).map(Result::unwrap).collect();
    assert_eq!(walked[0].bytes(), fanned_out);
    assert_eq!(walked[0].message().bytes(), commit_bytes);
    assert_eq!(walked[1].bytes(), to_bob);
    let seen: Vec<_> = walked[1].message().key_package_refs().collect();
    assert_eq!(seen, [b"reference 1", b"reference 2"]);
}

#[test]
fn proposals_are_fanned_out_as_they_came() {
    let more_proposals = vec![proposal(7), ProposalMessage::new(public(7, member(), remove(9))).unwrap()];
    let proposals = ProposalMessages::new(proposal(7), more_proposals).unwrap();
    assert_eq!(proposals.iter().count(), 3);
    let bundle = HandshakeBundle::Proposal(proposals.clone());
    let message = FanoutMessage::of_update(1, &bundle);
    assert!(message.has_proposals_of(&bundle));
    let (proposal_or_commit, more_proposals) = proposals.into_parts();
    for others in [
        more_proposals.iter().rev().cloned().collect(),
        more_proposals[..1].to_vec(),
        [more_proposals.clone(), vec![proposal(7)]].concat(),
    ] {
        let other = ProposalMessages::new(proposal_or_commit.clone(), others).unwrap();
        let other = HandshakeBundle::Proposal(other);
        assert!(!message.has_proposals_of(&other));
    }
    assert!(!message.has_proposals_of(&commit_bundle()));
}

#[test]
fn what_is_signed_is_all_but_the_signature() {
    let mut bytes_of_tbs_and_whole = Vec::new();
    let request = key_material_request();
    bytes_of_tbs_and_whole.push((bytes(&request.tbs()), bytes(&request), v(b"signature")));
    assert_eq!(request.tbs().with_signature("signature".into()), request);

    let tbs = GroupInfoRequestTBS {
        protocol: Protocol::Mls10,
        cipher_suite: mimi_codec::code_points::CipherSuite(1),
        requesting_signature_key: b"key".to_vec().into(),
        requesting_credential: credential(),
        group_info_public_key: b"hpke".to_vec().into(),
        joining_code: Some("code".into()),
    };
    let request = tbs.clone().with_signature("signature".into());
    assert_eq!(request.tbs(), tbs);
    bytes_of_tbs_and_whole.push((bytes(&tbs), bytes(&request), v(b"signature")));

    let response = GroupInfoResponse {
        version: Protocol::Mls10,
        room_id: "room".into(),
        status: GroupInfoAnswer::Success {
            cipher_suite: mimi_codec::code_points::CipherSuite(1),
            hub_sender: Box::new(ExternalSender {
                signature_key: b"key".to_vec().into(),
                credential: credential(),
            }),
            encrypted_groupinfo_and_tree: HPKECiphertext {
                kem_output: "kem".into(),
                ciphertext: "tbe".into(),
            },
            signature: "signature".into(),
        },
    };
    let tbs = response.tbs().unwrap();
    bytes_of_tbs_and_whole.push((bytes(&tbs), bytes(&response), v(b"signature")));
    assert_eq!(tbs.with_signature("signature".into()), response);
    let refusal = GroupInfoResponse { status: GroupInfoAnswer::NoSuchRoom {}, ..response };
    assert_eq!(refusal.tbs(), None);

    let credential = PseudonymousCredential {
        client_pseudonym: uri("mimi://a.example/d/1"),
        user_pseudonym: uri("mimi://a.example/u/1"),
        signature_public_key: b"key".to_vec().into(),
        identity_link_ciphertext: "link".into(),
    };
    bytes_of_tbs_and_whole.push((bytes(&credential.tbs()), bytes(&credential), v(b"link")));
    assert_eq!(credential.tbs().with_identity_link("link".into()), credential);

    for (tbs, whole, rest) in bytes_of_tbs_and_whole {
        assert_eq!([tbs, rest].concat(), whole);
    }
}

#[test]
fn a_frank_signs_its_context() {
    let context = ServerFrankingContext {
        sender_uri: uri("mimi://b.example/u/bob"),
        room_uri: uri("mimi://hub.example/r/x"),
        accepted_timestamp: 0x0102_0304_0506_0708,
    };
    let expected = [
        [7; 32].to_vec(),
        vec![0, 1],
        v(b"mimi://b.example/u/bob"),
        v(b"mimi://hub.example/r/x"),
        vec![1, 2, 3, 4, 5, 6, 7, 8],
    ];
    assert_eq!(frank().tbs(context).to_bytes().unwrap(), expected.concat());
}
