//! What holds for any input: what is made is accepted, and what is changed anywhere is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::collections::BTreeSet;

use mimi_codec::{
    Decode, Encode,
    associated_parties::{
        AddAssociatedParty, AssociatedParties, AssociatedPartyEntry, RemoveAssociatedParty,
        UpdateAssociatedParty,
    },
    code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat},
    extensions::WireFormats,
    mls::{
        Content, Credential, Extension, Extensions, ExternalSender, ExternalSenders, FramedContent,
        FramedContentAuthData, GroupContext, GroupInfo, HPKECiphertext, Mls10, Proposal, Remove, Sender,
    },
    protocol::{
        GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS, GroupInfoResponse, Protocol,
        TreelessGroupInfo,
    },
    ratchet_tree_options::RatchetTreeOption,
    semiprivate::{ExternalReceiver, SemiPrivateMessage},
};
use mimi_crypto::{
    AeadKey, AgreedApCommit, ApEpoch, AssociatedPartyProposal, CipherSuiteProvider, CryptoError,
    ExporterTree, HandshakeKeys, HpkePrivateKey, RustCrypto, Secret, answer_group_info_request,
    apply_associated_party_proposals, decrypt_with_label, encrypt_with_label, generate_hpke_key_pair,
    open_as_external_receiver, open_as_member, open_sender_data, random_secret, seal_semi_private_message,
    semi_private_tbs, sign_associated_party_entry, sign_group_info_request, sign_with_label,
    verify_group_info_request, verify_group_info_response, verify_with_label,
};
use proptest::{prelude::*, sample::Index};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn any_suite() -> impl Strategy<Value = RustCrypto> {
    prop::sample::select(&RustCrypto::CIPHER_SUITES[..]).prop_map(|suite| RustCrypto::new(suite).unwrap())
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// The bytes with one bit flipped.
fn flip(bytes: &[u8], bit: &Index) -> Vec<u8> {
    let bit = bit.index(bytes.len() * 8);
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_signature_is_of_one_label_and_one_content_by_one_key(
        suite in any_suite(),
        seed: u64,
        label in bytes(80),
        content in bytes(300),
        bit: Index,
        cut: Index,
    ) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let public_key = suite.signature_public_key(&key);
        let signature = sign_with_label(&suite, &key, &label, &content, &mut rng).unwrap();
        let verify = |label: &[u8], content: &[u8], signature: &[u8]| {
            verify_with_label(&suite, &public_key, label, content, signature)
        };
        prop_assert_eq!(verify(&label, &content, &signature), Ok(()));
        let invalid = Err(CryptoError::InvalidSignature);
        prop_assert_eq!(verify(&label, &[&content[..], b"!"].concat(), &signature), invalid.clone());
        prop_assert_eq!(verify(&[&label[..], b"!"].concat(), &content, &signature), invalid.clone());
        if !content.is_empty() {
            prop_assert_eq!(verify(&label, &flip(&content, &bit), &signature), invalid.clone());
            // A byte that moves from the content to the label.
            let longer = [&label[..], &content[..1]].concat();
            prop_assert_eq!(verify(&longer, &content[1..], &signature), invalid);
        }
        prop_assert!(verify(&label, &content, &flip(&signature, &bit)).is_err());
        let shorter = &signature[..cut.index(signature.len())];
        prop_assert_eq!(verify(&label, &content, shorter), Err(CryptoError::MalformedSignature));
        let other = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let by_other = sign_with_label(&suite, &other, &label, &content, &mut rng).unwrap();
        prop_assert_eq!(verify(&label, &content, &by_other), Err(CryptoError::InvalidSignature));
    }

    #[test]
    fn what_is_sealed_opens_once_and_unchanged(
        suite in any_suite(),
        seed: u64,
        label in bytes(80),
        context in bytes(300),
        plaintext in bytes(300),
        bit: Index,
        cut: Index,
    ) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
        let sealed = encrypt_with_label(&suite, &public_key, &label, &context, &plaintext, &mut rng).unwrap();
        let open = |label: &[u8], context: &[u8], sealed: &HPKECiphertext| {
            decrypt_with_label(&suite, &private_key, label, context, sealed)
        };
        let opened = open(&label, &context, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &plaintext[..]);
        let failed = Err(CryptoError::DecryptionFailed);
        prop_assert_eq!(open(&[&label[..], b"!"].concat(), &context, &sealed), failed.clone());
        prop_assert_eq!(open(&label, &[&context[..], b"!"].concat(), &sealed), failed.clone());
        let HPKECiphertext { kem_output, ciphertext } = &sealed;
        for (kem_output, ciphertext) in [
            (flip(kem_output, &bit), ciphertext.to_vec()),
            (kem_output.to_vec(), flip(ciphertext, &bit)),
            (kem_output[..cut.index(kem_output.len())].to_vec(), ciphertext.to_vec()),
            (kem_output.to_vec(), ciphertext[..cut.index(ciphertext.len())].to_vec()),
        ] {
            let changed = HPKECiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() };
            prop_assert_eq!(open(&label, &context, &changed), failed.clone());
        }

        // The AEAD alone.
        let key = AeadKey::from_secret(&suite, random_secret(suite.parameters().nk, &mut rng)).unwrap();
        let nonce = random_secret(suite.parameters().nn, &mut rng);
        let sealed = suite.aead_seal(&key, nonce.expose(), &context, &plaintext).unwrap();
        let opened = suite.aead_open(&key, nonce.expose(), &context, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &plaintext[..]);
        let refused = [
            suite.aead_open(&key, nonce.expose(), &context, &flip(&sealed, &bit)),
            suite.aead_open(&key, nonce.expose(), &[&context[..], b"!"].concat(), &sealed),
            suite.aead_open(&key, &flip(nonce.expose(), &bit), &context, &sealed),
            suite.aead_open(&key, nonce.expose(), &context, &sealed[..cut.index(sealed.len())]),
        ];
        for refused in refused {
            prop_assert_eq!(refused, failed.clone());
        }
    }

    /// What a component gets does not depend on who asked before, and nothing is given twice.
    #[test]
    fn an_exporter_tree_gives_each_component_its_secret_once_in_any_order(
        suite in any_suite(),
        seed: u64,
        components in prop::collection::vec(any::<u16>(), 1..24),
    ) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let root = random_secret(suite.parameters().nh, &mut rng);
        let mut tree = ExporterTree::new(&suite, root.clone()).unwrap();
        let mut seen = BTreeSet::new();
        for component in components {
            let id = ComponentID(component);
            let exported = tree.safe_export_secret(&suite, id);
            if !seen.insert(component) {
                prop_assert_eq!(exported, Err(CryptoError::AlreadyExported(id)));
                continue;
            }
            let mut alone = ExporterTree::new(&suite, root.clone()).unwrap();
            prop_assert_eq!(exported, alone.safe_export_secret(&suite, id));
        }
    }
}

/// A step in the life of a list of parties.
#[derive(Clone, Debug)]
struct Step {
    external_commit: bool,
    /// Per external sender: does the commit touch it, and if so and it is there, by an update, or
    /// else by a removal?
    touched: [(bool, bool); 4],
}

fn any_step() -> impl Strategy<Value = Step> {
    (prop::bool::weighted(0.2), any::<[(bool, bool); 4]>())
        .prop_map(|(external_commit, touched)| Step { external_commit, touched })
}

fn context(suite: &RustCrypto, epoch: u64, extensions: Extensions) -> GroupContext {
    GroupContext {
        version: Mls10,
        cipher_suite: suite.parameters().cipher_suite,
        group_id: "group".into(),
        epoch,
        tree_hash: "tree".into(),
        confirmed_transcript_hash: "transcript".into(),
        extensions,
    }
}

proptest! {
    #![proptest_config(config(10))]

    /// Whatever happens to the list: member and party hold the same in every epoch, no two parties
    /// the same, and no epoch what another had.
    #[test]
    fn members_and_parties_agree_in_every_epoch(
        suite in any_suite(),
        seed: u64,
        steps in prop::collection::vec(any_step(), 1..6),
    ) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let signing_keys: Vec<_> = (0..4)
            .map(|_| suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap())
            .collect();
        let senders = ExternalSenders {
            external_senders: signing_keys
                .iter()
                .map(|key| ExternalSender {
                    signature_key: suite.signature_public_key(key),
                    credential: Credential::Basic { identity: "party".into() },
                })
                .collect(),
        };
        let mut list = AssociatedParties::default();
        let mut members: Vec<Secret> = vec![];
        // Private key and init secret of each party, by its external sender.
        let mut parties: [Option<(HpkePrivateKey, Option<Secret>)>; 4] = Default::default();
        let mut exporters = BTreeSet::new();
        for (epoch, step) in (1..).zip(steps) {
            let mut proposals = vec![];
            for (sender, (touched, updates)) in (0..).zip(step.touched) {
                let place = list.associated_parties.iter().position(|it| it.external_sender_index == sender);
                let party = &mut parties[sender as usize];
                let mut entry = || -> (HpkePrivateKey, AssociatedPartyEntry) {
                    let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
                    let key = &signing_keys[sender as usize];
                    let entry = sign_associated_party_entry(&suite, key, public_key, sender, &mut rng);
                    (private_key, entry.unwrap())
                };
                proposals.push(match (place, touched, updates) {
                    (_, false, _) => continue,
                    (None, ..) => {
                        let (private_key, new_party) = entry();
                        *party = Some((private_key, None));
                        AssociatedPartyProposal::Add(AddAssociatedParty { new_party })
                    }
                    (Some(_), _, true) => {
                        let (private_key, updated_party) = entry();
                        *party = party.take().map(|(_, init)| (private_key, init));
                        let update = UpdateAssociatedParty { updated_party };
                        AssociatedPartyProposal::Update { sender: Sender::External { sender_index: sender }, update }
                    }
                    (Some(place), ..) => {
                        *party = None;
                        let removed_party_index = place.try_into().unwrap();
                        AssociatedPartyProposal::Remove(RemoveAssociatedParty { removed_party_index })
                    }
                });
            }
            let committer = match step.external_commit {
                true => Sender::NewMemberCommit {},
                false => Sender::Member { leaf_index: 0 },
            };
            let changed = apply_associated_party_proposals(&suite, &list, &proposals, &senders).unwrap();
            let context = context(&suite, epoch, Extensions::default());
            let ap_secret = random_secret(suite.parameters().nh, &mut rng);
            let init = changed.previous_ap_init_secrets(&committer, &members).unwrap();
            let mut next = vec![];
            let commits = changed.ap_commits(&suite, &ap_secret).unwrap();
            for ((commit, party), init) in commits.into_iter().zip(changed.parties()).zip(init) {
                let public_key = &party.entry().encryption_key;
                let (sent, commit) = commit.seal(&suite, public_key, &context, &mut rng).unwrap();
                let member = ApEpoch::begin(&suite, init, &commit, &context).unwrap();
                let (private_key, own) = parties[party.entry().external_sender_index as usize].as_mut().unwrap();
                let opened = AgreedApCommit::open(&suite, private_key, &sent, &context).unwrap();
                if step.external_commit {
                    *own = None;
                }
                let theirs = ApEpoch::begin(&suite, own.as_ref(), &opened, &context).unwrap();
                prop_assert_eq!(&theirs, &member);
                prop_assert!(exporters.insert(member.ap_exporter_secret().expose().to_vec()));
                *own = Some(theirs.ap_init_secret().clone());
                next.push(member.ap_init_secret().clone());
            }
            (list, members) = (changed.associated_parties(), next);
        }
    }

    /// Any bit of request and response: either no longer the struct, or refused.
    #[test]
    fn a_changed_group_info_request_or_response_is_refused(
        suite in any_suite(),
        seed: u64,
        room in prop::collection::vec(any::<u8>(), 1..60),
        code in prop::option::of(bytes(20)),
        bits: [Index; 12],
    ) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let cipher_suite = suite.parameters().cipher_suite;
        let mut key = || suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let (joiner, hub) = (key(), key());
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
        let tbs = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite,
            requesting_signature_key: suite.signature_public_key(&joiner),
            requesting_credential: Credential::Basic { identity: "joiner".into() },
            group_info_public_key: public_key,
            joining_code: code.map(Into::into),
        };
        let request = sign_group_info_request(&suite, &joiner, tbs, &mut rng).unwrap();
        let verified = verify_group_info_request(&suite, request.clone()).unwrap();
        let encoded = request.to_bytes().unwrap();
        for bit in &bits {
            if let Ok(changed) = GroupInfoRequest::decode_exact(&flip(&encoded, bit)) {
                prop_assert!(verify_group_info_request(&suite, changed).is_err());
            }
        }

        let group_info = GroupInfo {
            group_context: context(&suite, 8, Extensions::default()),
            extensions: Extensions::default(),
            confirmation_tag: b"tag".to_vec().into(),
            signer: 2,
            signature: "signature".into(),
        };
        let tbe = GroupInfoRatchetTreeTBE {
            group_info: TreelessGroupInfo::new(group_info).unwrap(),
            ratchet_tree_option: RatchetTreeOption::DistributionService {},
            pending_proposals: vec![],
        };
        let hub_sender = ExternalSender {
            signature_key: suite.signature_public_key(&hub),
            credential: Credential::Basic { identity: "hub".into() },
        };
        let response =
            answer_group_info_request(&suite, &verified, room.clone(), &tbe, hub_sender, &hub, &mut rng).unwrap();
        let opened = verify_group_info_response(&suite, response.clone(), &room).unwrap();
        prop_assert_eq!(opened.open(&suite, &private_key).unwrap(), tbe);
        let encoded = response.to_bytes().unwrap();
        for bit in &bits {
            if let Ok(changed) = GroupInfoResponse::decode_exact(&flip(&encoded, bit)) {
                prop_assert!(verify_group_info_response(&suite, changed, &room).is_err());
            }
        }
    }
}

/// Each bit of a whole message: the receiver refuses it, or it lies in what only members read, and
/// they refuse it.
#[test]
fn a_semi_private_message_is_refused_when_any_bit_changes() {
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
    let signature_key = suite.signature_public_key(&signing_key);
    let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
    let credential = Credential::Basic { identity: "hub".into() };
    let receiver = ExternalReceiver { external_receiver_public_key: public_key, credential };
    let required = WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] };
    let extension = |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
    let extensions = Extensions::new(vec![
        extension(ExtensionType::REQUIRED_WIRE_FORMATS, required.to_bytes().unwrap()),
        extension(ExtensionType::EXTERNAL_RECEIVERS, vec![receiver.clone()].to_bytes().unwrap()),
    ]);
    let context = context(&suite, 8, extensions.unwrap());
    let content = Content::Proposal { proposal: Proposal::Remove(Remove { removed: 4 }) };
    let sender = Sender::Member { leaf_index: 5 };
    let content = FramedContent::new("group".into(), 8, sender, "data".into(), content).unwrap();
    let tbs = semi_private_tbs(content.clone(), &context).unwrap().to_bytes().unwrap();
    let signature = sign_with_label(&suite, &signing_key, b"FramedContentTBS", &tbs, &mut rng).unwrap();
    let auth = FramedContentAuthData { signature: signature.into(), confirmation_tag: None };
    let key = AeadKey::from_secret(&suite, random_secret(16, &mut rng)).unwrap();
    let (nonce, sender_data_secret) = (random_secret(12, &mut rng), random_secret(32, &mut rng));
    let keys =
        HandshakeKeys { key: &key, nonce: &nonce, generation: 3, sender_data_secret: &sender_data_secret };
    let message = seal_semi_private_message(&suite, &context, &content, auth, 3, &keys, &mut rng).unwrap();

    let as_receiver = |message: &SemiPrivateMessage| {
        open_as_external_receiver(&suite, &receiver, &private_key, message)?.verify(
            &suite,
            &context,
            &signature_key,
        )
    };
    let as_member = |message: &SemiPrivateMessage| {
        let sender_data = open_sender_data(&suite, &sender_data_secret, message)?;
        open_as_member(&suite, &sender_data, &key, &nonce, message)?.verify(&suite, &context, &signature_key)
    };
    as_receiver(&message).unwrap();
    as_member(&message).unwrap();
    let encoded = message.to_bytes().unwrap();
    let mut decoded = 0;
    for bit in 0..encoded.len() * 8 {
        let mut flipped = encoded.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = SemiPrivateMessage::decode_exact(&flipped) else { continue };
        decoded += 1;
        assert!(as_member(&changed).is_err(), "bit {bit}");
        let only_for_members = changed.aad() == message.aad() && changed.ciphertext() == message.ciphertext();
        assert_eq!(as_receiver(&changed).is_ok(), only_for_members, "bit {bit}");
    }
    assert!(decoded > 2000);
}
