//! What endpoint bodies sign and seal: honest runs pass, and every change of one field is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_codec::{
    DecodeErrorKind, Encode, List, Opaque,
    code_points::{CipherSuite, CredentialType, ExtensionType, ProposalType},
    mls::{
        Credential, Extensions, ExternalSender, GroupContext, GroupInfo, HPKEPublicKey, Mls10,
        RequiredCapabilities, SignaturePublicKey,
    },
    protocol::*,
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, RustCryptoSigningKey,
    answer_group_info_request, encrypt_with_label, generate_hpke_key_pair, sign_group_info_request,
    sign_key_material_request, sign_with_label, verify_group_info_request, verify_group_info_response,
    verify_key_material_request,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const ROOM: &str = "mimi://hub.example/r/clubhouse";

struct Scene {
    suite: RustCrypto,
    rng: ChaCha20Rng,
    signing_key: RustCryptoSigningKey,
    signature_key: SignaturePublicKey,
}

impl Scene {
    fn number(&self) -> CipherSuite {
        self.suite.parameters().cipher_suite
    }
}

fn scenes() -> impl Iterator<Item = Scene> {
    RustCrypto::CIPHER_SUITES.into_iter().map(|number| {
        let suite = RustCrypto::new(number).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(number.value()));
        let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let signature_key = suite.signature_public_key(&signing_key);
        Scene { suite, rng, signing_key, signature_key }
    })
}

fn basic(identity: &str) -> Credential {
    Credential::Basic { identity: identity.into() }
}

fn suites(numbers: &[u16]) -> List<CipherSuite, mimi_codec::NotEmpty> {
    numbers.iter().copied().map(CipherSuite).collect::<Vec<_>>().try_into().unwrap()
}

fn key_material_request(scene: &Scene) -> KeyMaterialRequestTBS {
    KeyMaterialRequestTBS {
        protocol: Protocol::Mls10,
        requesting_user: IdentifierUri::new("mimi://a.example/u/alice").unwrap(),
        target_user: IdentifierUri::new("mimi://b.example/u/bob").unwrap(),
        room_id: IdentifierUri::new(ROOM).unwrap().into(),
        acceptable_ciphersuites: suites(&[scene.number().value(), 1]),
        required_capabilities: RequiredCapabilities {
            extension_types: vec![ExtensionType::APP_DATA_DICTIONARY],
            proposal_types: vec![ProposalType::APP_DATA_UPDATE],
            credential_types: vec![CredentialType::BASIC],
        },
        requester_signature_key: scene.signature_key.clone(),
        requester_credential: basic("alice"),
    }
}

#[test]
fn accepts_a_key_material_request_and_refuses_every_change() {
    for mut scene in scenes() {
        let tbs = key_material_request(&scene);
        let Scene { suite, rng, signing_key, .. } = &mut scene;
        let request = sign_key_material_request(suite, signing_key, tbs.clone(), rng).unwrap();
        assert_eq!(request.tbs(), tbs);
        let verified = verify_key_material_request(suite, request.clone()).unwrap();
        assert_eq!(verified.request(), &request);

        type Change = fn(&mut KeyMaterialRequest);
        let changes: [Change; 7] = [
            |request| request.requesting_user = IdentifierUri::new("mimi://a.example/u/mallory").unwrap(),
            |request| request.target_user = IdentifierUri::new("mimi://b.example/u/mallory").unwrap(),
            |request| request.room_id = None.into(),
            |request| {
                let first = request.acceptable_ciphersuites[0].value();
                request.acceptable_ciphersuites = suites(&[first]);
            },
            |request| request.required_capabilities.extension_types.clear(),
            |request| request.required_capabilities.credential_types.push(CredentialType::X509),
            |request| request.requester_credential = basic("mallory"),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut changed = request.clone();
            change(&mut changed);
            let refused = verify_key_material_request(suite, changed);
            assert_eq!(refused, Err(CryptoError::InvalidSignature), "change {index}");
        }
        let other = suite.signing_key(&suite.generate_signature_key(rng).unwrap()).unwrap();
        let mut changed = request.clone();
        changed.requester_signature_key = suite.signature_public_key(&other);
        assert_eq!(verify_key_material_request(suite, changed), Err(CryptoError::InvalidSignature));
        let mut changed = request.clone();
        changed.key_material_request_signature = Opaque::default();
        assert_eq!(verify_key_material_request(suite, changed), Err(CryptoError::MalformedSignature));
        // Signed under another label.
        let signature =
            sign_with_label(suite, signing_key, b"GroupInfoRequestTBS", &tbs.to_bytes().unwrap(), rng);
        let relabelled = tbs.clone().with_signature(signature.unwrap().into());
        assert_eq!(verify_key_material_request(suite, relabelled), Err(CryptoError::InvalidSignature));

        let refused = sign_key_material_request(suite, &other, tbs, rng);
        assert_eq!(refused, Err(CryptoError::KeyMismatch { what: "requesterSignatureKey" }));
    }
}

#[test]
fn refuses_a_key_material_request_whose_first_suite_is_another() {
    for mut scene in scenes() {
        let expected = scene.number();
        let actual = CipherSuite(0xf001);
        let mut tbs = key_material_request(&scene);
        tbs.acceptable_ciphersuites = suites(&[actual.value(), expected.value()]);
        let mismatch = CryptoError::CipherSuiteMismatch { expected, actual };
        let refused =
            verify_key_material_request(&scene.suite, tbs.clone().with_signature(Opaque::default()));
        assert_eq!(refused, Err(mismatch.clone()));
        let refused = sign_key_material_request(&scene.suite, &scene.signing_key, tbs, &mut scene.rng);
        assert_eq!(refused, Err(mismatch));
    }
}

fn group_info_request(scene: &Scene, public_key: HPKEPublicKey) -> GroupInfoRequestTBS {
    GroupInfoRequestTBS {
        protocol: Protocol::Mls10,
        cipher_suite: scene.number(),
        requesting_signature_key: scene.signature_key.clone(),
        requesting_credential: basic("alice"),
        group_info_public_key: public_key,
        joining_code: Some("code".into()),
    }
}

fn tbe(cipher_suite: CipherSuite) -> GroupInfoRatchetTreeTBE {
    let group_info = GroupInfo {
        group_context: GroupContext {
            version: Mls10,
            cipher_suite,
            group_id: "group".into(),
            epoch: 8,
            tree_hash: "tree".into(),
            confirmed_transcript_hash: "transcript".into(),
            extensions: Extensions::default(),
        },
        extensions: Extensions::default(),
        confirmation_tag: b"tag".to_vec().into(),
        signer: 2,
        signature: "signature".into(),
    };
    GroupInfoRatchetTreeTBE {
        group_info: TreelessGroupInfo::new(group_info).unwrap(),
        ratchet_tree_option: RatchetTreeOption::DistributionService {},
        pending_proposals: vec![],
    }
}

struct Exchange {
    scene: Scene,
    private_key: HpkePrivateKey,
    public_key: HPKEPublicKey,
    request: GroupInfoRequest,
    hub: RustCryptoSigningKey,
    hub_sender: ExternalSender,
    response: GroupInfoResponse,
}

fn exchanges() -> impl Iterator<Item = Exchange> {
    scenes().map(|mut scene| {
        let (private_key, public_key) = generate_hpke_key_pair(&scene.suite, &mut scene.rng).unwrap();
        let tbs = group_info_request(&scene, public_key.clone());
        let tbe = tbe(scene.number());
        let Scene { suite, rng, signing_key, .. } = &mut scene;
        let request = sign_group_info_request(suite, signing_key, tbs, rng).unwrap();
        let hub = suite.signing_key(&suite.generate_signature_key(rng).unwrap()).unwrap();
        let hub_sender =
            ExternalSender { signature_key: suite.signature_public_key(&hub), credential: basic("hub") };
        let verified = verify_group_info_request(suite, request.clone()).unwrap();
        let response =
            answer_group_info_request(suite, &verified, ROOM, &tbe, hub_sender.clone(), &hub, rng).unwrap();
        Exchange { scene, private_key, public_key, request, hub, hub_sender, response }
    })
}

#[test]
fn the_joiner_opens_what_the_hub_sealed() {
    for Exchange { scene, private_key, hub_sender, response, .. } in exchanges() {
        let verified = verify_group_info_response(&scene.suite, response, ROOM.as_bytes()).unwrap();
        assert_eq!(verified.hub_sender(), &hub_sender);
        assert_eq!(verified.open(&scene.suite, &private_key).unwrap(), tbe(scene.number()));
    }
}

/// The joiner's provider has the whole response and every public key; without the private key it
/// learns nothing of the group.
#[test]
fn a_provider_in_between_opens_nothing() {
    for Exchange { mut scene, response, .. } in exchanges() {
        let bytes = response.to_bytes().unwrap();
        let context = tbe(scene.number()).group_info.get().group_context.to_bytes().unwrap();
        assert!(!bytes.windows(context.len()).any(|window| window == context));
        let verified = verify_group_info_response(&scene.suite, response, ROOM.as_bytes()).unwrap();
        let own = generate_hpke_key_pair(&scene.suite, &mut scene.rng).unwrap().0;
        assert_eq!(verified.open(&scene.suite, &own), Err(CryptoError::DecryptionFailed));
    }
}

#[test]
fn refuses_every_change_of_a_group_info_request() {
    for Exchange { mut scene, request, hub, .. } in exchanges() {
        let other_key = generate_hpke_key_pair(&scene.suite, &mut scene.rng).unwrap().1;
        let other_signer = scene.suite.signature_public_key(&hub);
        let verify = |change: &dyn Fn(&mut GroupInfoRequest)| {
            let mut changed = request.clone();
            change(&mut changed);
            verify_group_info_request(&scene.suite, changed).map(|_| ())
        };
        assert_eq!(verify(&|_| ()), Ok(()));
        let invalid = Err(CryptoError::InvalidSignature);
        assert_eq!(verify(&|request| request.requesting_signature_key = other_signer.clone()), invalid);
        assert_eq!(verify(&|request| request.requesting_credential = basic("mallory")), invalid);
        assert_eq!(verify(&|request| request.group_info_public_key = other_key.clone()), invalid);
        assert_eq!(verify(&|request| request.joining_code = None), invalid);
        assert_eq!(verify(&|request| request.joining_code = Some(Opaque::default())), invalid);
        assert_eq!(
            verify(&|request| request.signature = Opaque::default()),
            Err(CryptoError::MalformedSignature)
        );
        let (expected, actual) = (scene.number(), CipherSuite(0xf001));
        let mismatch = CryptoError::CipherSuiteMismatch { expected, actual };
        assert_eq!(verify(&|request| request.cipher_suite = actual), Err(mismatch.clone()));

        let refused = sign_group_info_request(&scene.suite, &hub, request.tbs(), &mut scene.rng);
        assert_eq!(refused, Err(CryptoError::KeyMismatch { what: "requestingSignatureKey" }));
        let mut tbs = request.tbs();
        tbs.cipher_suite = actual;
        let refused = sign_group_info_request(&scene.suite, &scene.signing_key, tbs, &mut scene.rng);
        assert_eq!(refused, Err(mismatch));
    }
}

#[test]
fn refuses_every_change_of_a_group_info_response() {
    for Exchange { scene, response, .. } in exchanges() {
        let other_key = scene.signature_key.clone();
        let verify = |change: &dyn Fn(&mut GroupInfoResponse)| {
            let mut changed = response.clone();
            change(&mut changed);
            let room = changed.room_id.clone();
            verify_group_info_response(&scene.suite, changed, &room).map(|_| ())
        };
        type Parts<'r> = (
            &'r mut CipherSuite,
            &'r mut ExternalSender,
            &'r mut mimi_codec::mls::HPKECiphertext,
            &'r mut Opaque,
        );
        fn parts(response: &mut GroupInfoResponse) -> Parts<'_> {
            match &mut response.status {
                GroupInfoAnswer::Success {
                    cipher_suite,
                    hub_sender,
                    encrypted_groupinfo_and_tree,
                    signature,
                } => (cipher_suite, hub_sender, encrypted_groupinfo_and_tree, signature),
                _ => panic!("no body"),
            }
        }
        assert_eq!(verify(&|_| ()), Ok(()));
        let invalid = Err(CryptoError::InvalidSignature);
        assert_eq!(verify(&|response| response.room_id = "another room".into()), invalid);
        assert_eq!(verify(&|response| parts(response).1.signature_key = other_key.clone()), invalid);
        assert_eq!(verify(&|response| parts(response).1.credential = basic("mallory")), invalid);
        assert_eq!(verify(&|response| parts(response).2.kem_output = Opaque::default()), invalid);
        assert_eq!(verify(&|response| parts(response).2.ciphertext = Opaque::default()), invalid);
        let malformed = Err(CryptoError::MalformedSignature);
        assert_eq!(verify(&|response| *parts(response).3 = Opaque::default()), malformed);
        let (expected, actual) = (scene.number(), CipherSuite(0xf001));
        let mismatch = Err(CryptoError::CipherSuiteMismatch { expected, actual });
        assert_eq!(verify(&|response| *parts(response).0 = actual), mismatch);
        for (status, code) in [
            (GroupInfoAnswer::NotAuthorized {}, GroupInfoCode::NOT_AUTHORIZED),
            (GroupInfoAnswer::NoSuchRoom {}, GroupInfoCode::NO_SUCH_ROOM),
        ] {
            assert_eq!(
                verify(&|response| response.status = status.clone()),
                Err(CryptoError::NoGroupInfo(code))
            );
        }
        let refused = verify_group_info_response(&scene.suite, response, b"another room");
        assert_eq!(refused, Err(CryptoError::RoomMismatch));
    }
}

/// Rightly signed by the hub, and sealed to another key, for another room, or not holding what it
/// should.
#[test]
fn refuses_to_open_what_was_sealed_for_another_room_or_is_no_group_info() {
    for Exchange { mut scene, private_key, public_key, hub, hub_sender, request, .. } in exchanges() {
        let plaintext = tbe(scene.number()).to_bytes().unwrap();
        let mut open = |label: &[u8], context: &[u8], plaintext: &[u8]| {
            let Scene { suite, rng, .. } = &mut scene;
            let sealed = encrypt_with_label(suite, &public_key, label, context, plaintext, rng).unwrap();
            let (protocol, code) = (request.protocol, GroupInfoCode::SUCCESS);
            let number = suite.parameters().cipher_suite;
            let tbs =
                GroupInfoResponseTBS::new(protocol, ROOM.into(), code, number, hub_sender.clone(), sealed)
                    .unwrap();
            let signature =
                sign_with_label(suite, &hub, b"GroupInfoResponseTBS", &tbs.to_bytes().unwrap(), rng).unwrap();
            let response = tbs.with_signature(signature.into());
            verify_group_info_response(suite, response, ROOM.as_bytes()).unwrap().open(suite, &private_key)
        };
        let label = b"GroupInfo and ratchet_tree encryption";
        open(label, ROOM.as_bytes(), &plaintext).unwrap();
        assert_eq!(open(label, b"another room", &plaintext), Err(CryptoError::DecryptionFailed));
        // The room's identifier with a length in front: EncryptContext adds one already.
        let prefixed = Opaque::from(ROOM).to_bytes().unwrap();
        assert_eq!(open(label, &prefixed, &plaintext), Err(CryptoError::DecryptionFailed));
        assert_eq!(open(b"another label", ROOM.as_bytes(), &plaintext), Err(CryptoError::DecryptionFailed));
        let longer = [&plaintext[..], &[0]].concat();
        match open(label, ROOM.as_bytes(), &longer) {
            Err(CryptoError::Decode(error)) => {
                assert_eq!(error.kind(), &DecodeErrorKind::TrailingBytes { count: 1 });
                assert_eq!(error.offset(), plaintext.len());
                assert_eq!(error.path().to_string(), "GroupInfoRatchetTreeTBE");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn refuses_to_answer_with_a_key_that_is_not_the_hubs() {
    for Exchange { mut scene, request, hub_sender, .. } in exchanges() {
        let tbe = tbe(scene.number());
        let Scene { suite, rng, signing_key, .. } = &mut scene;
        let verified = verify_group_info_request(suite, request).unwrap();
        let refused = answer_group_info_request(suite, &verified, ROOM, &tbe, hub_sender, signing_key, rng);
        assert_eq!(refused, Err(CryptoError::KeyMismatch { what: "hub_sender" }));
    }
}
