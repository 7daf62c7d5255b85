//! KeyPackages from the provider's stock to the requester's check (mimi-protocol-06 §5.2).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code, unused_imports, clippy::arithmetic_side_effects)]
mod model;

use mimi_codec::{
    ClientUri, Encode, IdentityError, List, MEDIA_TYPE, RoomUri, UserUri,
    code_points::{CipherSuite, CredentialType, ExtensionType, ProposalType},
    extensions::AppDataDictionary,
    mls::{
        Credential, Extension, Extensions, HPKEPublicKey, KeyPackage, LeafNodeSelect, Lifetime, Mls10,
        RequiredCapabilities, SignaturePublicKey,
    },
    protocol::{
        ClientKeyMaterial, ConsentEntry, IdentifierUri, KeyMaterialRequest, KeyMaterialRequestTBS,
        KeyMaterialResponse, KeyMaterialUserCode as Code, OptionalIdentifierUri, Protocol,
    },
};
use mimi_crypto::{
    CipherSuiteParameters, CipherSuiteProvider, CryptoError, key_package_ref, sign_key_material_request,
    sign_with_label,
};
use mimi_room::{
    CredentialError, Identity, Member,
    follower::{Follower, StockError},
    key_material::{
        ClaimedKeyMaterial, KeyMaterialError, LifetimeLimits, UnsupportedCapability, UnusableReason,
        check_key_material,
    },
};
use model::{Suite, key_of, leaf, suite};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";
const ROOM: &str = "mimi://a.example/r/club";
const NOW_S: u64 = 1_800_000_000;
const NOW_MS: u64 = NOW_S * 1000;
const DAY: u64 = 86_400;

struct Names;

impl Identity for Names {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        _: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        let Credential::Basic { identity } = credential else { return Err("not basic".into()) };
        let text = std::str::from_utf8(identity).map_err(|_| "not text")?;
        let (user, client) = text.split_once(' ').ok_or("no space")?;
        Member::of_mimi_uris(user.as_bytes(), client.as_bytes())
    }
}

/// The model suite under another number.
fn other_suite() -> Suite {
    Suite(CipherSuiteParameters { cipher_suite: CipherSuite(2), ..*suite().parameters() })
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn client(name: &str) -> ClientUri {
    ClientUri::new(format!("mimi://b.example/d/{name}").as_str()).unwrap()
}

fn bob() -> UserUri {
    UserUri::try_from(BOB).unwrap()
}

fn room() -> RoomUri {
    RoomUri::try_from(ROOM).unwrap()
}

fn lifetime(from: u64, to: u64) -> LeafNodeSelect {
    LeafNodeSelect::KeyPackage { lifetime: Lifetime { not_before: from, not_after: to } }
}

fn mark_last_resort(key_package: &mut KeyPackage) {
    let mark = Extension { extension_type: ExtensionType::LAST_RESORT, extension_data: Vec::new().into() };
    key_package.extensions = Extensions::new(vec![mark]).unwrap();
}

/// A KeyPackage of a client of bob, signed after `change`.
fn package_of(suite: &Suite, name: &str, change: impl FnOnce(&mut KeyPackage)) -> KeyPackage {
    let mut leaf_node = leaf(BOB, client(name).to_string().as_str());
    leaf_node.signature_key = key_of(&format!("{name}!!")[..4]);
    leaf_node.encryption_key = HPKEPublicKey::from(name.as_bytes());
    leaf_node.leaf_node_source = lifetime(NOW_S - DAY, NOW_S + DAY);
    leaf_node.capabilities.credentials = vec![CredentialType::BASIC];
    let mut key_package = KeyPackage {
        version: Mls10,
        cipher_suite: suite.parameters().cipher_suite,
        init_key: HPKEPublicKey::from(format!("init of {name}").as_bytes()),
        leaf_node,
        extensions: Extensions::default(),
        signature: Vec::new().into(),
    };
    change(&mut key_package);
    let key = key_package.leaf_node.signature_key.clone();
    if let Ok(tbs) = key_package.leaf_node.tbs(None) {
        let tbs = tbs.to_bytes().unwrap();
        let signature = sign_with_label(suite, &key, b"LeafNodeTBS", &tbs, &mut rng()).unwrap();
        key_package.leaf_node.signature = signature.into();
    }
    let tbs = key_package.tbs().to_bytes().unwrap();
    let signature = sign_with_label(suite, &key, b"KeyPackageTBS", &tbs, &mut rng()).unwrap();
    key_package.signature = signature.into();
    key_package
}

fn package(name: &str) -> KeyPackage {
    package_of(&suite(), name, |_| {})
}

fn request_of(change: impl FnOnce(&mut KeyMaterialRequestTBS)) -> KeyMaterialRequest {
    let key = key_of("ali1");
    let identity = format!("{ALICE} mimi://a.example/d/a1");
    let mut tbs = KeyMaterialRequestTBS {
        protocol: Protocol::Mls10,
        requesting_user: IdentifierUri::new(ALICE).unwrap(),
        target_user: IdentifierUri::new(BOB).unwrap(),
        room_id: IdentifierUri::from(&room()).into(),
        acceptable_ciphersuites: List::new(vec![CipherSuite(1)]).unwrap(),
        required_capabilities: RequiredCapabilities {
            extension_types: vec![],
            proposal_types: vec![],
            credential_types: vec![],
        },
        requester_signature_key: key.clone(),
        requester_credential: Credential::Basic { identity: identity.as_str().into() },
    };
    change(&mut tbs);
    sign_key_material_request(&suite(), &key, tbs, &mut rng()).unwrap()
}

fn request() -> KeyMaterialRequest {
    request_of(|_| {})
}

/// A provider whose bob lets alice ask.
fn provider() -> Follower {
    let mut follower = Follower::default();
    let grant = ConsentEntry::Grant {
        requester_uri: IdentifierUri::new(ALICE).unwrap(),
        target_uri: IdentifierUri::new(BOB).unwrap(),
        room_id: None,
        client_key_packages: vec![],
        consent_extensions: AppDataDictionary::default(),
    };
    follower.say_consent(&suite(), &grant, |_| None).unwrap();
    follower
}

fn store(follower: &mut Follower, name: &str, key_package: KeyPackage) {
    let suite = if key_package.cipher_suite == CipherSuite(2) { other_suite() } else { suite() };
    follower.store(&suite, bob(), client(name), key_package, NOW_MS).unwrap();
}

fn ask(follower: &mut Follower, request: &KeyMaterialRequest) -> KeyMaterialResponse {
    let body = request.to_bytes().unwrap();
    let answer = follower.key_material(&suite(), &Names, BOB.as_bytes(), &body, NOW_MS);
    assert_eq!((answer.response.status, answer.response.media_type), (200, Some(MEDIA_TYPE)));
    answer.answer.unwrap()
}

/// What came of each client, in one word.
fn codes(response: &KeyMaterialResponse) -> Vec<&'static str> {
    let word = |it: &ClientKeyMaterial| match it {
        ClientKeyMaterial::Success { .. } => "success",
        ClientKeyMaterial::KeyMaterialExhausted { .. } => "exhausted",
        ClientKeyMaterial::NothingCompatible { .. } => "incompatible",
    };
    response.clients().iter().map(word).collect()
}

const LIMITS: LifetimeLimits = LifetimeLimits { now_ms: NOW_MS, max_lifetime_s: 90 * DAY };

fn check(
    request: &KeyMaterialRequest,
    response: KeyMaterialResponse,
) -> Result<ClaimedKeyMaterial, KeyMaterialError> {
    check_key_material(&suite(), &Names, &room(), request, response, LIMITS)
}

fn success(name: &str, key_package: KeyPackage) -> ClientKeyMaterial {
    let client_uri = IdentifierUri::from(&client(name));
    ClientKeyMaterial::Success { client_uri, key_package: Box::new(key_package) }
}

fn response(code: Code, clients: Vec<ClientKeyMaterial>) -> KeyMaterialResponse {
    KeyMaterialResponse::new(Protocol::Mls10, code, IdentifierUri::new(BOB).unwrap(), clients).unwrap()
}

#[test]
fn each_client_gives_one_key_package_and_the_requester_can_use_them() {
    let mut follower = provider();
    for name in ["b1", "b2"] {
        store(&mut follower, name, package(name));
        store(&mut follower, name, package_of(&suite(), name, |it| it.init_key = b"2".as_slice().into()));
    }
    let first = ask(&mut follower, &request());
    assert_eq!((*first.user_status(), codes(&first)), (Code::SUCCESS, vec!["success", "success"]));
    assert_eq!(follower.stock_of(&bob(), &client("b1")), 1);
    let claimed = check(&request(), first.clone()).unwrap();
    assert_eq!(claimed.target(), &bob());
    let clients: Vec<_> = claimed.usable().iter().map(|it| it.member().client.clone()).collect();
    assert_eq!(clients, [client("b1"), client("b2")]);
    assert_eq!(claimed.usable()[0].key_package().key_package(), &package("b1"));
    assert!(claimed.unusable().is_empty());
    assert_eq!(claimed.into_key_packages(), [package("b1"), package("b2")]);
    // Not the same ones again.
    let second = ask(&mut follower, &request());
    assert_ne!(first.clients(), second.clients());
    let third = ask(&mut follower, &request());
    assert_eq!((*third.user_status(), codes(&third)), (Code::NO_COMPATIBLE_MATERIAL, vec!["exhausted"; 2]));
}

#[test]
fn a_client_that_lacks_a_required_capability_has_nothing_compatible() {
    let capable = |it: &mut KeyPackage| {
        it.leaf_node.capabilities.extensions = vec![ExtensionType(0x0006)];
        it.leaf_node.capabilities.proposals = vec![ProposalType(0x0008)];
    };
    let needs =
        |change: fn(&mut RequiredCapabilities)| request_of(|it| change(&mut it.required_capabilities));
    // What RFC 9420 §7.2 takes for granted need not be listed.
    let default = needs(|it| {
        it.extension_types = (1..=5).map(ExtensionType).collect();
        it.proposal_types = (1..=7).map(ProposalType).collect();
    });
    let requests = [
        (needs(|it| it.extension_types = vec![ExtensionType(0x0006)]), true),
        (needs(|it| it.proposal_types = vec![ProposalType(0x0008)]), true),
        (needs(|it| it.credential_types = vec![CredentialType::BASIC]), true),
        (needs(|it| it.extension_types = vec![ExtensionType(0x0007)]), false),
        (needs(|it| it.proposal_types = vec![ProposalType(0x0009)]), false),
        (needs(|it| it.credential_types = vec![CredentialType::X509]), false),
        (default, true),
    ];
    for (place, (request, fits)) in requests.iter().enumerate() {
        let mut follower = provider();
        let key_package = package_of(&suite(), "b1", capable);
        store(&mut follower, "b1", key_package.clone());
        let answer = ask(&mut follower, request);
        let word = if *fits { "success" } else { "incompatible" };
        assert_eq!(codes(&answer), [word], "{place}");
        if let ClientKeyMaterial::NothingCompatible { client_capabilities, .. } = &answer.clients()[0] {
            let told = client_capabilities.as_deref();
            assert_eq!(told, Some(&key_package.leaf_node.capabilities), "{place}");
            // It stays in stock.
            assert_eq!(follower.stock_of(&bob(), &client("b1")), 1);
        }
        // A provider that hands it out all the same is found out.
        let checked = check(request, response(Code::SUCCESS, vec![success("b1", key_package)]));
        let refused = matches!(&checked, Err(KeyMaterialError::NothingUsable(clients))
            if matches!(clients[0].why, UnusableReason::Unsupported(_)));
        assert_eq!((checked.is_ok(), refused), (*fits, !*fits), "{place}");
    }
}

#[test]
fn a_package_that_fits_is_found_behind_one_that_does_not() {
    let mut follower = provider();
    store(&mut follower, "b1", package("b1"));
    let capable = package_of(&suite(), "b1", |it| {
        it.leaf_node.capabilities.extensions = vec![ExtensionType(0x0006)];
    });
    store(&mut follower, "b1", capable.clone());
    let request = request_of(|it| it.required_capabilities.extension_types = vec![ExtensionType(0x0006)]);
    assert_eq!(ask(&mut follower, &request).clients()[0].key_package(), Some(&capable));
    assert_eq!(codes(&ask(&mut follower, &request)), ["incompatible"]);
}

#[test]
fn the_suites_of_the_request_decide_and_a_welcome_of_each_finds_its_client() {
    let of_other = |name: &str| package_of(&other_suite(), name, |_| {});
    let mut follower = provider();
    store(&mut follower, "b1", of_other("b1"));
    store(&mut follower, "b2", package("b2"));
    let answer = ask(&mut follower, &request());
    assert_eq!(
        (*answer.user_status(), codes(&answer)),
        (Code::PARTIAL_SUCCESS, vec!["incompatible", "success"])
    );
    let both = request_of(|it| {
        it.acceptable_ciphersuites = List::new(vec![CipherSuite(1), CipherSuite(2)]).unwrap();
    });
    let answer = ask(&mut follower, &both);
    assert_eq!(codes(&answer), ["success", "exhausted"]);
    // It counts as handed out under its own suite's reference.
    let again = follower.store(&other_suite(), bob(), client("b1"), of_other("b1"), NOW_MS);
    assert_eq!(again, Err(StockError::Known));
    // For a group of suite 1 it is no use, and for a request of suite 1 alone it is not an answer.
    let why = |request: &KeyMaterialRequest| {
        let Err(KeyMaterialError::NothingUsable(clients)) = check(request, answer.clone()) else { panic!() };
        clients.into_iter().map(|it| it.why).collect::<Vec<_>>()
    };
    let mismatch = CryptoError::CipherSuiteMismatch { expected: CipherSuite(1), actual: CipherSuite(2) };
    assert_eq!(why(&both), [UnusableReason::Crypto(mismatch), UnusableReason::Exhausted]);
    assert_eq!(why(&request()), [UnusableReason::CipherSuite(CipherSuite(2)), UnusableReason::Exhausted]);
}

#[test]
fn a_last_resort_is_handed_out_last_and_again_and_again() {
    let mut follower = provider();
    let last = package_of(&suite(), "b1", mark_last_resort);
    store(&mut follower, "b1", last.clone());
    store(&mut follower, "b1", package("b1"));
    let given: Vec<KeyPackage> =
        (0..3).map(|_| ask(&mut follower, &request()).clients()[0].key_package().unwrap().clone()).collect();
    assert_eq!(given, [package("b1"), last.clone(), last.clone()]);
    // A newer one takes its place; the older one was handed out and does not come back.
    let newer = package_of(&suite(), "b1", |it| {
        mark_last_resort(it);
        it.init_key = b"newer".as_slice().into();
    });
    store(&mut follower, "b1", newer.clone());
    assert_eq!(ask(&mut follower, &request()).clients()[0].key_package(), Some(&newer));
    let back = follower.store(&suite(), bob(), client("b1"), last, NOW_MS);
    assert_eq!(back, Err(StockError::Known));
    // It must fit the request, too.
    let request = request_of(|it| it.required_capabilities.extension_types = vec![ExtensionType(0x0006)]);
    assert_eq!(codes(&ask(&mut follower, &request)), ["incompatible"]);
}

#[test]
fn only_what_is_valid_now_is_handed_out() {
    let of = |from, to| package_of(&suite(), "b1", |it| it.leaf_node.leaf_node_source = lifetime(from, to));
    let mut follower = provider();
    let expired = of(NOW_S - DAY, NOW_S - 1);
    let refused = follower.store(&suite(), bob(), client("b1"), expired.clone(), NOW_MS);
    assert_eq!(refused, Err(StockError::Expired));
    // It was good when it came, and what is good tomorrow waits.
    follower.store(&suite(), bob(), client("b1"), expired.clone(), NOW_MS - 2_000).unwrap();
    let tomorrow = of(NOW_S + 1, NOW_S + DAY);
    store(&mut follower, "b1", tomorrow.clone());
    let answer = ask(&mut follower, &request());
    assert_eq!((*answer.user_status(), codes(&answer)), (Code::NO_COMPATIBLE_MATERIAL, vec!["exhausted"]));
    assert_eq!(follower.stock_of(&bob(), &client("b1")), 1);
    // The same of a last resort.
    let late = package_of(&suite(), "b1", |it| {
        mark_last_resort(it);
        it.leaf_node.leaf_node_source = lifetime(NOW_S + 1, NOW_S + DAY);
    });
    store(&mut follower, "b1", late.clone());
    assert_eq!(codes(&ask(&mut follower, &request())), ["exhausted"]);
    let body = request().to_bytes().unwrap();
    let mut given = |now_ms| {
        let answer = follower.key_material(&suite(), &Names, BOB.as_bytes(), &body, now_ms).answer.unwrap();
        answer.clients()[0].key_package().cloned()
    };
    assert_eq!(given(NOW_MS + 1_000), Some(tomorrow.clone()));
    assert_eq!(given(NOW_MS + 1_000), Some(late));
    assert_eq!(given(NOW_MS + 2 * DAY * 1_000), None);

    // The requester looks at its own clock, and bounds the lifetime.
    let why = |key_package: KeyPackage| {
        let answer = response(Code::SUCCESS, vec![success("b1", key_package)]);
        let Err(KeyMaterialError::NothingUsable(mut clients)) = check(&request(), answer) else { panic!() };
        clients.remove(0).why
    };
    for outside in [expired, tomorrow] {
        let refused = why(outside);
        assert!(
            matches!(refused, UnusableReason::Crypto(CryptoError::OutsideOfLifetime { .. })),
            "{refused:?}"
        );
    }
    let lifetime_s = 91 * DAY;
    assert_eq!(why(of(NOW_S - 1, NOW_S - 1 + lifetime_s)), UnusableReason::Lifetime { lifetime_s });
    assert_eq!(why(of(0, u64::MAX)), UnusableReason::Lifetime { lifetime_s: u64::MAX });
    let update = package_of(&suite(), "b1", |it| it.leaf_node.leaf_node_source = LeafNodeSelect::Update {});
    assert_eq!(why(update), UnusableReason::Crypto(CryptoError::NotAKeyPackageLeaf));
}

#[test]
fn a_key_package_is_in_stock_once_and_goes_with_its_client() {
    let mut follower = provider();
    store(&mut follower, "b1", package("b1"));
    for name in ["b1", "b2"] {
        let again = follower.store(&suite(), bob(), client(name), package("b1"), NOW_MS);
        assert_eq!(again, Err(StockError::Known), "{name}");
    }
    store(&mut follower, "b2", package("b2"));
    follower.remove_client(&bob(), &client("b1"));
    let answer = ask(&mut follower, &request());
    assert_eq!(codes(&answer), ["success"]);
    assert_eq!(answer.clients()[0].client_uri(), &IdentifierUri::from(&client("b2")));
    // The client comes back with what was never handed out.
    store(&mut follower, "b1", package("b1"));
    assert_eq!(follower.stock_of(&bob(), &client("b1")), 1);
}

#[test]
fn the_path_and_the_body_name_the_same_user() {
    let mut follower = provider();
    store(&mut follower, "b1", package("b1"));
    let body = request().to_bytes().unwrap();
    for other in ["mimi://b.example/u/carol", "mimi://B.example/u/bob", ""] {
        let answer = follower.key_material(&suite(), &Names, other.as_bytes(), &body, NOW_MS);
        assert_eq!((answer.response.status, answer.answer), (400, None), "{other}");
        assert_eq!(answer.response.media_type, None);
    }
    assert_eq!(follower.stock_of(&bob(), &client("b1")), 1);
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let answer = || response(Code::SUCCESS, vec![success("b1", package("b1"))]);
    assert!(check(&request(), answer()).is_ok());
    let carol = request_of(|it| it.target_user = IdentifierUri::new("mimi://b.example/u/carol").unwrap());
    assert_eq!(check(&carol, answer()), Err(KeyMaterialError::OtherUser));
    let elsewhere =
        request_of(|it| it.room_id = IdentifierUri::new("mimi://a.example/r/other").unwrap().into());
    assert_eq!(check(&elsewhere, answer()), Err(KeyMaterialError::OtherRoom));
    let nowhere = request_of(|it| it.room_id = OptionalIdentifierUri(None));
    assert_eq!(check(&nowhere, answer()), Err(KeyMaterialError::OtherRoom));
}

#[test]
fn an_answer_that_contradicts_itself_is_refused() {
    let b1 = || success("b1", package("b1"));
    let twice = response(Code::SUCCESS, vec![b1(), b1()]);
    assert_eq!(check(&request(), twice), Err(KeyMaterialError::ClientTwice(client("b1"))));
    let exhausted =
        || ClientKeyMaterial::KeyMaterialExhausted { client_uri: IdentifierUri::from(&client("b1")) };
    let twice = response(Code::PARTIAL_SUCCESS, vec![b1(), exhausted()]);
    assert_eq!(check(&request(), twice), Err(KeyMaterialError::ClientTwice(client("b1"))));
    let none = response(Code::SUCCESS, vec![]);
    assert_eq!(check(&request(), none), Err(KeyMaterialError::NoClients));
    // A success without a KeyPackage, and a KeyPackage without success, do not decode.
    let user = || IdentifierUri::new(BOB).unwrap();
    let make = |code, clients| KeyMaterialResponse::new(Protocol::Mls10, code, user(), clients);
    assert!(make(Code::SUCCESS, vec![b1(), exhausted()]).is_err());
    assert!(make(Code::PARTIAL_SUCCESS, vec![exhausted()]).is_err());
    assert!(make(Code::NO_COMPATIBLE_MATERIAL, vec![b1()]).is_err());
    assert!(make(Code::NO_CONSENT, vec![b1()]).is_err());
    // Another spelling of a client is not the client.
    let ClientKeyMaterial::Success { key_package, .. } = b1() else { panic!() };
    let client_uri = IdentifierUri::new("mimi://B.example/d/b1").unwrap();
    let spelled = response(Code::SUCCESS, vec![ClientKeyMaterial::Success { client_uri, key_package }]);
    let refused = check(&request(), spelled);
    assert!(matches!(refused, Err(KeyMaterialError::Identity(IdentityError::NotNormal { .. }))));
}

#[test]
fn a_refusal_says_its_code_and_the_clients_that_it_lists() {
    for code in [Code::NO_CONSENT, Code::NO_CONSENT_FOR_THIS_ROOM, Code::USER_UNKNOWN, Code(99)] {
        let refused = check(&request(), response(code, vec![]));
        assert_eq!(refused, Err(KeyMaterialError::Refused { code, clients: vec![] }));
    }
    let code = Code::NO_COMPATIBLE_MATERIAL;
    let client_uri = IdentifierUri::from(&client("b1"));
    let clients = vec![ClientKeyMaterial::NothingCompatible { client_uri, client_capabilities: None }];
    let Err(KeyMaterialError::Refused { clients, .. }) = check(&request(), response(code, clients)) else {
        panic!()
    };
    assert_eq!(clients[0].client, client("b1"));
    assert_eq!(clients[0].why, UnusableReason::NothingCompatible { capabilities: None });
}

#[test]
fn a_client_that_is_not_the_targets_is_unusable_and_the_others_are_not() {
    let of = |change: fn(&mut KeyPackage)| package_of(&suite(), "b1", change);
    let bad = [
        (
            of(|it| {
                it.leaf_node.credential = leaf("mimi://b.example/u/carol", "mimi://b.example/d/b1").credential
            }),
            "the credential identifies client mimi://b.example/d/b1 of user mimi://b.example/u/carol",
        ),
        (
            of(|it| it.leaf_node.credential = leaf(BOB, "mimi://b.example/d/b9").credential),
            "the credential identifies client mimi://b.example/d/b9 of user mimi://b.example/u/bob",
        ),
        (
            of(|it| it.leaf_node.credential = Credential::Basic { identity: "stranger".into() }),
            "credential refused: no space",
        ),
        // Another client has the key.
        (
            of(|it| it.leaf_node.signature_key = key_of("b2!!")),
            "another client of the answer has the same key",
        ),
        (
            of(|it| it.leaf_node.encryption_key = HPKEPublicKey::from(&b"b2"[..])),
            "another client of the answer has the same key",
        ),
        (
            of(|it| it.leaf_node.capabilities.credentials.clear()),
            "the client does not support credential basic",
        ),
        (
            of(|it| {
                let extension_type = ExtensionType(0x7777);
                let extension = Extension { extension_type, extension_data: Vec::new().into() };
                it.leaf_node.extensions = Extensions::new(vec![extension]).unwrap();
            }),
            "the client does not support extension 0x7777",
        ),
    ];
    for (key_package, why) in bad {
        // The good one comes first, so that its keys are known.
        let clients = vec![success("b2", package("b2")), success("b1", key_package)];
        let claimed = check(&request(), response(Code::SUCCESS, clients)).unwrap();
        assert_eq!(claimed.usable().len(), 1, "{why}");
        assert_eq!(claimed.usable()[0].member().client, client("b2"), "{why}");
        let [unusable] = claimed.unusable() else { panic!("{why}") };
        assert_eq!((unusable.client.clone(), unusable.why.to_string().as_str()), (client("b1"), why));
    }
    // Neither signature may be missing.
    for change in [
        (|it: &mut KeyPackage| it.signature = Vec::new().into()) as fn(&mut KeyPackage),
        |it| it.leaf_node.signature = Vec::new().into(),
        |it| it.init_key = b"changed".as_slice().into(),
    ] {
        let mut key_package = package("b1");
        change(&mut key_package);
        let answer = response(Code::SUCCESS, vec![success("b1", key_package)]);
        let Err(KeyMaterialError::NothingUsable(clients)) = check(&request(), answer) else { panic!() };
        assert_eq!(clients[0].why, UnusableReason::Crypto(CryptoError::InvalidSignature));
    }
    assert_eq!(UnsupportedCapability::Proposal(ProposalType(0x0009)).to_string(), "proposal app_ephemeral");
    assert!(key_package_ref(&suite(), &package("b1")).is_ok());
}

#[test]
fn a_key_package_that_was_handed_out_before_a_restart_is_not_taken_into_stock_again() {
    let mut follower = provider();
    follower.handed_out(&suite(), client("b1"), &package("b1")).unwrap();
    let again = follower.store(&suite(), bob(), client("b1"), package("b1"), NOW_MS);
    assert_eq!(again, Err(StockError::Known));
}
