//! SemiPrivateMessages: what members and external receivers open, and what they refuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_codec::{
    DecodeErrorKind, Encode, Octets, Opaque, SecretOpaque,
    code_points::{CipherSuite, ExtensionType, ProposalType, WireFormat},
    extensions::{SelfRemove, WireFormats},
    mls::{
        Commit, Content, ContentType, Credential, Extension, Extensions, FramedContent,
        FramedContentAuthData, GroupContext, Mls10, OtherProposal, Proposal, ProposalBody, ProposalOrRef,
        ProposalRule, Remove, Sender, SenderData, SignaturePublicKey,
    },
    semiprivate::{
        ExternalReceiver, KeyForExternalReceiver, PerMessageKeyAndNonces, SemiPrivateContentAAD,
        SemiPrivateMessage,
    },
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, CryptoError, HandshakeKeys, HpkePrivateKey, RustCrypto,
    RustCryptoSigningKey, Secret, encrypt_with_label, external_receiver_ref, generate_hpke_key_pair,
    open_as_external_receiver, open_as_external_receiver_with, open_as_member, open_as_member_with,
    open_sender_data, random_secret, seal_semi_private_message, semi_private_tbs, sign_with_label,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const LEAF: u32 = 5;

struct Scene {
    suite: RustCrypto,
    rng: ChaCha20Rng,
    signing_key: RustCryptoSigningKey,
    signature_key: SignaturePublicKey,
    receivers: Vec<(HpkePrivateKey, ExternalReceiver)>,
    key: AeadKey,
    nonce: Secret,
    sender_data_secret: Secret,
    context: GroupContext,
}

fn extensions(formats: Vec<WireFormat>, receivers: Vec<ExternalReceiver>) -> Extensions {
    let extension = |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
    Extensions::new(vec![
        extension(
            ExtensionType::REQUIRED_WIRE_FORMATS,
            WireFormats { wire_formats: formats }.to_bytes().unwrap(),
        ),
        extension(
            ExtensionType::EXTERNAL_RECEIVERS,
            // The bytes of an ExternalReceivers, which may list one twice here.
            receivers.to_bytes().unwrap(),
        ),
    ])
    .unwrap()
}

fn scenes() -> impl Iterator<Item = Scene> {
    RustCrypto::CIPHER_SUITES.into_iter().map(|cipher_suite| {
        let suite = RustCrypto::new(cipher_suite).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(cipher_suite.value()));
        let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let signature_key = suite.signature_public_key(&signing_key);
        let receivers: Vec<_> = ["hub", "auditor"]
            .map(|name| {
                let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
                let credential = Credential::Basic { identity: name.into() };
                (private_key, ExternalReceiver { external_receiver_public_key: public_key, credential })
            })
            .into();
        let sizes = *suite.parameters();
        let key = AeadKey::from_secret(&suite, random_secret(sizes.nk, &mut rng)).unwrap();
        let nonce = random_secret(sizes.nn, &mut rng);
        let sender_data_secret = random_secret(sizes.nh, &mut rng);
        let listed = receivers.iter().map(|(_, receiver)| receiver.clone()).collect();
        let context = GroupContext {
            version: Mls10,
            cipher_suite,
            group_id: "group".into(),
            epoch: 8,
            tree_hash: "tree".into(),
            confirmed_transcript_hash: "transcript".into(),
            extensions: extensions(vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE], listed),
        };
        Scene { suite, rng, signing_key, signature_key, receivers, key, nonce, sender_data_secret, context }
    })
}

fn remove(removed: u32) -> Content {
    Content::Proposal { proposal: Proposal::Remove(Remove { removed }) }
}

fn commit() -> Content {
    Content::Commit { commit: Commit { proposals: vec![], path: None } }
}

fn framed(sender: Sender, content: Content) -> FramedContent {
    FramedContent::new("group".into(), 8, sender, "authenticated".into(), content).unwrap()
}

impl Scene {
    fn auth(&mut self, content: &FramedContent) -> FramedContentAuthData {
        let tbs = semi_private_tbs(content.clone(), &self.context).unwrap().to_bytes().unwrap();
        let signature =
            sign_with_label(&self.suite, &self.signing_key, b"FramedContentTBS", &tbs, &mut self.rng);
        let is_commit = content.content().content_type() == ContentType::Commit;
        let confirmation_tag = is_commit.then(|| b"confirmation".to_vec().into());
        FramedContentAuthData { signature: signature.unwrap().into(), confirmation_tag }
    }

    fn seal_with(
        &mut self,
        content: &FramedContent,
        auth: FramedContentAuthData,
    ) -> Result<SemiPrivateMessage, CryptoError> {
        let keys = HandshakeKeys {
            key: &self.key,
            nonce: &self.nonce,
            generation: 3,
            sender_data_secret: &self.sender_data_secret,
        };
        seal_semi_private_message(&self.suite, &self.context, content, auth, 16, &keys, &mut self.rng)
    }

    fn seal(&mut self, content: Content) -> SemiPrivateMessage {
        let content = framed(Sender::Member { leaf_index: LEAF }, content);
        let auth = self.auth(&content);
        self.seal_with(&content, auth).unwrap()
    }

    fn open(
        &self,
        message: &SemiPrivateMessage,
    ) -> Result<mimi_crypto::UnauthenticatedHandshake, CryptoError> {
        let (private_key, receiver) = &self.receivers[0];
        open_as_external_receiver(&self.suite, receiver, private_key, message)
    }

    /// A message by a member that does not keep to the draft: everything is consistent but what the
    /// arguments say.
    fn dishonest(
        &mut self,
        plaintext: &[u8],
        context_nonce: &[u8],
        per_message: PerMessageKeyAndNonces,
        tbs_hash: Vec<u8>,
    ) -> SemiPrivateMessage {
        let Self { suite, rng, receivers, key, nonce, .. } = self;
        let hash = suite.hash(&[&LEAF.to_be_bytes(), context_nonce]);
        let context = mimi_codec::semiprivate::SemiPrivateMessageContext {
            group_id: "group".into(),
            epoch: 8,
            partial_context_hash: hash.clone().into(),
        };
        let sealed = encrypt_with_label(
            suite,
            &receivers[0].1.external_receiver_public_key,
            b"SemiPrivateMessageReceiver",
            &context.to_bytes().unwrap(),
            &per_message.to_bytes().unwrap(),
            rng,
        )
        .unwrap();
        let external_receiver_ref = external_receiver_ref(suite, &receivers[0].1).unwrap();
        let keys = vec![KeyForExternalReceiver { external_receiver_ref, encrypted_keys_and_nonces: sealed }];
        let aad = SemiPrivateContentAAD::new(
            "group".into(),
            8,
            ContentType::Proposal,
            "authenticated".into(),
            hash.into(),
            keys.try_into().unwrap(),
            tbs_hash.into(),
        )
        .unwrap();
        // A guard of zeros leaves the nonce as it is.
        let ciphertext = suite.aead_seal(key, nonce.expose(), &aad.to_bytes().unwrap(), plaintext).unwrap();
        let (group_id, epoch, content_type, data, hash, keys, tbs_hash) = aad.into_parts();
        let sender_data = Opaque::default();
        SemiPrivateMessage::new(
            group_id,
            epoch,
            content_type,
            data,
            hash,
            keys,
            tbs_hash,
            sender_data,
            ciphertext.into(),
        )
        .unwrap()
    }

    fn per_message(&self) -> PerMessageKeyAndNonces {
        PerMessageKeyAndNonces {
            key: SecretOpaque::new(self.key.expose()),
            nonce: SecretOpaque::new(self.nonce.expose()),
            reuse_guard: Octets([0; 4]),
            sender_leaf_index: LEAF,
        }
    }
}

#[test]
fn receivers_and_members_open_the_same_handshake() {
    for mut scene in scenes() {
        for content in [remove(4), commit()] {
            let message = scene.seal(content.clone());
            let Scene { suite, context, signature_key, .. } = &scene;
            let sender_data = open_sender_data(suite, &scene.sender_data_secret, &message).unwrap();
            assert_eq!((sender_data.leaf_index, sender_data.generation), (LEAF, 3));
            let member = open_as_member(suite, &sender_data, &scene.key, &scene.nonce, &message).unwrap();
            assert_eq!(member.content().length_of_padding(), 16);
            let verified = member.verify(suite, context, signature_key).unwrap();
            assert_eq!(verified.authenticated_content().content().content(), &content);
            for (private_key, receiver) in &scene.receivers {
                let opened = open_as_external_receiver(suite, receiver, private_key, &message).unwrap();
                assert_eq!(opened.sender_leaf_index(), LEAF);
                assert_eq!(opened.verify(suite, context, signature_key).unwrap(), verified);
            }
        }
    }
}

#[test]
fn hashes_are_those_of_the_draft() {
    for mut scene in scenes() {
        let message = scene.seal(remove(4));
        let leaf_and_nonce = [&[0, 0, 0, 5], scene.nonce.expose()].concat();
        assert_eq!(&**message.partial_context_hash(), scene.suite.hash(&[&leaf_and_nonce]));
        let tbs =
            semi_private_tbs(framed(Sender::Member { leaf_index: LEAF }, remove(4)), &scene.context).unwrap();
        assert_eq!(&**message.framed_content_tbs_hash(), scene.suite.hash(&[&tbs.to_bytes().unwrap()]));
        for (key, (_, receiver)) in message.keys_for_external_receivers().iter().zip(&scene.receivers) {
            assert_eq!(&*key.external_receiver_ref, scene.suite.hash(&[&receiver.to_bytes().unwrap()]));
        }
    }
}

#[test]
fn refuses_every_change_of_a_message() {
    for mut scene in scenes() {
        let message = scene.seal(remove(4));
        let open = |index: usize| {
            let (
                mut group_id,
                mut epoch,
                mut content_type,
                mut data,
                mut hash,
                keys,
                mut tbs_hash,
                sender,
                mut text,
            ) = message.clone().into_parts();
            let mut keys = keys.into_vec();
            match index {
                0 => {}
                1 => group_id = "groan".into(),
                2 => epoch = 9,
                3 => content_type = ContentType::Commit,
                4 => data = Opaque::default(),
                5 => hash = scene.suite.hash(&[b"other"]).into(),
                6 => keys.truncate(1),
                7 => keys.reverse(),
                8 => tbs_hash = scene.suite.hash(&[b"other"]).into(),
                9 => text = text[1..].into(),
                _ => {
                    keys[0].encrypted_keys_and_nonces.ciphertext =
                        keys[1].encrypted_keys_and_nonces.ciphertext.clone()
                }
            }
            let keys = keys.try_into().unwrap();
            let changed = SemiPrivateMessage::new(
                group_id,
                epoch,
                content_type,
                data,
                hash,
                keys,
                tbs_hash,
                sender,
                text,
            );
            scene.open(&changed.unwrap()).map(|_| ())
        };
        assert_eq!(open(0), Ok(()));
        for index in 1..=10 {
            assert_eq!(open(index), Err(CryptoError::DecryptionFailed), "change {index}");
        }
    }
}

#[test]
fn refuses_a_receiver_without_a_key_and_the_key_of_another() {
    for mut scene in scenes() {
        let message = scene.seal(remove(4));
        let (private_key, receiver) = &scene.receivers[0];
        let mut stranger = receiver.clone();
        stranger.credential = Credential::Basic { identity: "stranger".into() };
        let refused = open_as_external_receiver(&scene.suite, &stranger, private_key, &message);
        assert_eq!(refused, Err(CryptoError::UnknownReceiver));
        let refused = open_as_external_receiver(&scene.suite, &scene.receivers[1].1, private_key, &message);
        assert_eq!(refused, Err(CryptoError::DecryptionFailed));
    }
}

/// mls-extensions-10 §6.3: a SelfRemove is for external joiners, which open no SemiPrivateMessage.
#[test]
fn refuses_to_seal_and_to_open_a_self_remove() {
    let self_remove = || Proposal::SelfRemove(SelfRemove {});
    let by_value = Content::Commit {
        commit: Commit { proposals: vec![ProposalOrRef::Proposal { proposal: self_remove() }], path: None },
    };
    let refused = CryptoError::ProposalNotSemiPrivate(ProposalType::SELF_REMOVE);
    for mut scene in scenes() {
        let proposal = Content::Proposal { proposal: self_remove() };
        for content in [&proposal, &by_value] {
            let content = framed(Sender::Member { leaf_index: LEAF }, content.clone());
            let auth = scene.auth(&content);
            assert_eq!(scene.seal_with(&content, auth).err().as_ref(), Some(&refused));
        }
        let content = framed(Sender::Member { leaf_index: LEAF }, proposal.clone());
        let auth = scene.auth(&content);
        let tbs = semi_private_tbs(content, &scene.context).unwrap().to_bytes().unwrap();
        let tbs_hash = scene.suite.hash(&[&tbs]);
        let sealed = mimi_codec::semiprivate::SemiPrivateMessageContent::new(proposal, auth, 0).unwrap();
        let (nonce, per_message) = (scene.nonce.expose().to_vec(), scene.per_message());
        let message = scene.dishonest(&sealed.to_bytes().unwrap(), &nonce, per_message, tbs_hash);
        assert_eq!(scene.open(&message).err().as_ref(), Some(&refused));
        let sender_data = SenderData { leaf_index: LEAF, generation: 3, reuse_guard: Octets([0; 4]) };
        let opened = open_as_member(&scene.suite, &sender_data, &scene.key, &scene.nonce, &message);
        assert_eq!(opened.err().as_ref(), Some(&refused));
    }
    assert_eq!(refused.to_string(), "a proposal of type 0x000a is not sent as a SemiPrivateMessage");
}

#[test]
fn opens_a_proposal_of_another_type_with_a_rule_only() {
    let proposal_type = ProposalType(0xf001);
    let rules = [ProposalRule { proposal_type, body: ProposalBody::Vector }];
    let other = OtherProposal::new(proposal_type, &b"\x02hi"[..]).unwrap();
    let content = Content::Proposal { proposal: Proposal::Other(other) };
    for mut scene in scenes() {
        let message = scene.seal(content.clone());
        let (private_key, receiver) = &scene.receivers[0];
        let opened = open_as_external_receiver_with(&scene.suite, receiver, private_key, &message, &rules);
        assert_eq!(opened.unwrap().content().content(), &content);
        let sender_data = open_sender_data(&scene.suite, &scene.sender_data_secret, &message).unwrap();
        let (key, nonce) = (&scene.key, &scene.nonce);
        let opened = open_as_member_with(&scene.suite, &sender_data, key, nonce, &message, &rules);
        assert_eq!(opened.unwrap().content().content(), &content);
        assert!(matches!(scene.open(&message), Err(CryptoError::Decode(_))));
        let opened = open_as_member(&scene.suite, &sender_data, key, nonce, &message);
        assert!(matches!(opened, Err(CryptoError::Decode(_))));
    }
}

#[test]
fn refuses_what_a_dishonest_member_seals() {
    for mut scene in scenes() {
        let content = framed(Sender::Member { leaf_index: LEAF }, remove(4));
        let auth = scene.auth(&content);
        let tbs = semi_private_tbs(content, &scene.context).unwrap().to_bytes().unwrap();
        let tbs_hash = scene.suite.hash(&[&tbs]);
        let mut plaintext = mimi_codec::semiprivate::SemiPrivateMessageContent::new(remove(4), auth, 3)
            .unwrap()
            .to_bytes()
            .unwrap();
        let (nonce, per_message) = (scene.nonce.expose().to_vec(), scene.per_message());
        let honest = scene.dishonest(&plaintext, &nonce, per_message.clone(), tbs_hash.clone());
        let opened = scene.open(&honest).unwrap();
        opened.clone().verify(&scene.suite, &scene.context, &scene.signature_key).unwrap();

        // The context hash of another nonce, and another sender's leaf.
        let message =
            scene.dishonest(&plaintext, &vec![0; nonce.len()], per_message.clone(), tbs_hash.clone());
        assert_eq!(scene.open(&message), Err(CryptoError::PartialContextHashMismatch));
        let other = PerMessageKeyAndNonces { sender_leaf_index: LEAF + 1, ..per_message.clone() };
        let message = scene.dishonest(&plaintext, &nonce, other, tbs_hash.clone());
        assert_eq!(scene.open(&message), Err(CryptoError::PartialContextHashMismatch));

        // Key and nonce of other lengths.
        let key = SecretOpaque::new(&per_message.key.expose()[1..]);
        let short = PerMessageKeyAndNonces { key, ..per_message.clone() };
        let message = scene.dishonest(&plaintext, &nonce, short, tbs_hash.clone());
        let expected = scene.suite.parameters().nk;
        let error = CryptoError::InvalidLength { what: "AEAD key", expected, actual: expected - 1 };
        assert_eq!(scene.open(&message), Err(error));
        let short = PerMessageKeyAndNonces { nonce: SecretOpaque::new(&nonce[1..]), ..per_message.clone() };
        let message = scene.dishonest(&plaintext, &nonce[1..], short, tbs_hash.clone());
        assert_eq!(
            scene.open(&message),
            Err(CryptoError::InvalidLength { what: "nonce", expected: 12, actual: 11 })
        );

        // Content for the external receivers that members would not get.
        let message = scene.dishonest(&plaintext, &nonce, per_message.clone(), scene.suite.hash(&[b"other"]));
        let opened = scene.open(&message).unwrap();
        let refused = opened.verify(&scene.suite, &scene.context, &scene.signature_key);
        assert_eq!(refused, Err(CryptoError::FramedContentTbsHashMismatch));

        let last = plaintext.len() - 1;
        plaintext[last] = 1;
        let message = scene.dishonest(&plaintext, &nonce, per_message, tbs_hash);
        match scene.open(&message) {
            Err(CryptoError::Decode(error)) => {
                assert_eq!(error.kind(), &DecodeErrorKind::NonZeroPadding);
                assert_eq!(error.offset(), last);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn refuses_a_signature_by_another_and_another_context() {
    for mut scene in scenes() {
        let message = scene.seal(remove(4));
        let opened = scene.open(&message).unwrap();
        let Scene { suite, rng, context, signature_key, .. } = &mut scene;
        let other = suite.signing_key(&suite.generate_signature_key(rng).unwrap()).unwrap();
        let refused = opened.clone().verify(suite, context, &suite.signature_public_key(&other));
        assert_eq!(refused, Err(CryptoError::InvalidSignature));

        let verify = |change: &dyn Fn(&mut GroupContext)| {
            let mut changed = context.clone();
            change(&mut changed);
            opened.clone().verify(suite, &changed, signature_key).map(|_| ())
        };
        assert_eq!(verify(&|_| ()), Ok(()));
        assert_eq!(verify(&|context| context.epoch = 9), Err(CryptoError::EpochMismatch));
        assert_eq!(verify(&|context| context.group_id = "groan".into()), Err(CryptoError::EpochMismatch));
        let mismatch = Err(CryptoError::FramedContentTbsHashMismatch);
        assert_eq!(verify(&|context| context.tree_hash = "other".into()), mismatch);
        let (expected, actual) = (context.cipher_suite, CipherSuite(0xf001));
        let mismatch = Err(CryptoError::CipherSuiteMismatch { expected, actual });
        assert_eq!(verify(&|context| context.cipher_suite = actual), mismatch);
    }
}

#[test]
fn refuses_to_send_where_the_group_does_not_allow_it() {
    for mut scene in scenes() {
        let member = framed(Sender::Member { leaf_index: LEAF }, remove(4));
        let auth = scene.auth(&member);
        let allowed = scene.context.extensions.clone();
        let listed: Vec<_> = scene.receivers.iter().map(|(_, receiver)| receiver.clone()).collect();
        let format = WireFormat::MLS_SEMIPRIVATE_MESSAGE;
        for extensions in [
            Extensions::default(),
            extensions(vec![WireFormat::MLS_PUBLIC_MESSAGE], listed.clone()),
            extensions(vec![format], vec![]),
        ] {
            scene.context.extensions = extensions;
            assert_eq!(scene.seal_with(&member, auth.clone()), Err(CryptoError::SemiPrivateNotAllowed));
        }
        scene.context.extensions = extensions(vec![format], vec![listed[0].clone(), listed[0].clone()]);
        match scene.seal_with(&member, auth.clone()) {
            Err(CryptoError::Decode(error)) => assert_eq!(error.kind(), &DecodeErrorKind::Duplicate),
            other => panic!("{other:?}"),
        }
        scene.context.extensions = allowed;

        let external = framed(Sender::External { sender_index: 0 }, remove(4));
        assert_eq!(scene.seal_with(&external, auth.clone()), Err(CryptoError::SemiPrivateNotAllowed));
        let joiner = framed(Sender::NewMemberCommit {}, commit());
        let tagged = FramedContentAuthData { confirmation_tag: Some(b"tag".to_vec().into()), ..auth.clone() };
        assert_eq!(scene.seal_with(&joiner, tagged.clone()), Err(CryptoError::SemiPrivateNotAllowed));
        assert!(matches!(scene.seal_with(&member, tagged), Err(CryptoError::Invalid(_))));
        let application = Content::Application { application_data: "text".into() };
        let application = framed(Sender::Member { leaf_index: LEAF }, application);
        match scene.seal_with(&application, auth.clone()) {
            Err(CryptoError::Invalid(invalid)) => {
                let kind = DecodeErrorKind::ForbiddenValue { name: "ContentType", value: 1 };
                assert_eq!(invalid.kind, kind);
            }
            other => panic!("{other:?}"),
        }
        scene.context.epoch = 9;
        assert_eq!(scene.seal_with(&member, auth.clone()), Err(CryptoError::EpochMismatch));
        scene.context.epoch = *member.epoch();
        let (what, expected, actual) = ("nonce", scene.suite.parameters().nn, 11);
        scene.nonce = Secret::of_length(vec![1; actual], actual).unwrap();
        let refused = scene.seal_with(&member, auth);
        assert_eq!(refused, Err(CryptoError::InvalidLength { what, expected, actual }));
    }
}

#[test]
fn refuses_sender_data_and_keys_that_are_not_the_messages() {
    for mut scene in scenes() {
        let message = scene.seal(remove(4));
        let Scene { suite, rng, key, nonce, sender_data_secret, .. } = &mut scene;
        let other = random_secret(suite.parameters().nh, rng);
        assert_eq!(open_sender_data(suite, &other, &message), Err(CryptoError::DecryptionFailed));
        let sender_data = open_sender_data(suite, sender_data_secret, &message).unwrap();
        let other_leaf = SenderData { leaf_index: LEAF + 1, ..sender_data.clone() };
        let refused = open_as_member(suite, &other_leaf, key, nonce, &message);
        assert_eq!(refused, Err(CryptoError::PartialContextHashMismatch));
        let other_guard = SenderData { reuse_guard: Octets([0; 4]), ..sender_data.clone() };
        let refused = open_as_member(suite, &other_guard, key, nonce, &message);
        assert_eq!(refused, Err(CryptoError::DecryptionFailed));
        let other_key = AeadKey::from_secret(suite, random_secret(suite.parameters().nk, rng)).unwrap();
        let refused = open_as_member(suite, &sender_data, &other_key, nonce, &message);
        assert_eq!(refused, Err(CryptoError::DecryptionFailed));
    }
}
