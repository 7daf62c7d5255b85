//! Every label and formula that no vector from outside covers, written out by hand: a label that
//! changes on both sides would change no round trip.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use mimi_codec::{
    Encode, List, Octets,
    associated_parties::AssociatedPartyEntryTBS,
    code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat},
    extensions::WireFormats,
    mls::{
        AuthenticatedContent, Capabilities, Content, Credential, Extension, Extensions, FramedContent,
        FramedContentAuthData, GroupContext, HPKEPublicKey, KeyPackage, LeafNode, LeafNodeSelect, Lifetime,
        Mls10, Proposal, Remove, RequiredCapabilities, Sender, SenderData, SignaturePublicKey,
    },
    protocol::{GroupInfoRequestTBS, IdentifierUri, KeyMaterialRequestTBS, Protocol},
    semiprivate::ExternalReceiver,
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, CryptoError, ExporterTree, HandshakeKeys, RustCrypto, RustCryptoSigningKey,
    Secret, generate_hpke_key_pair, key_package_ref, open_sender_data, proposal_ref, random_secret,
    seal_semi_private_message, semi_private_tbs, sign_associated_party_entry, sign_group_info_request,
    sign_key_material_request, sign_with_label,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

struct Scene {
    suite: RustCrypto,
    rng: ChaCha20Rng,
    key: RustCryptoSigningKey,
    public_key: SignaturePublicKey,
}

fn scenes() -> impl Iterator<Item = Scene> {
    RustCrypto::CIPHER_SUITES.into_iter().map(|number| {
        let suite = RustCrypto::new(number).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(number.value()));
        let key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
        let public_key = suite.signature_public_key(&key);
        Scene { suite, rng, key, public_key }
    })
}

/// `opaque<V>` of up to 16383 bytes (RFC 9420 §2.1.2).
fn vector(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let head = match length {
        0..64 => vec![length as u8],
        _ => (0x4000 | length).to_be_bytes().to_vec(),
    };
    [&head, bytes].concat()
}

/// `struct { opaque label<V>; opaque content<V>; }`
fn labelled(label: &[u8], content: &[u8]) -> Vec<u8> {
    [vector(label), vector(content)].concat()
}

/// Does the signature cover `content` under the label, prefix and all, and under no other?
#[track_caller]
fn is_signed(scene: &Scene, label: &str, content: &[u8], signature: &[u8]) {
    let verify = |label: &str| {
        let signed = labelled(format!("MLS 1.0 {label}").as_bytes(), content);
        scene.suite.verify(&scene.public_key, &signed, signature)
    };
    assert_eq!(verify(label), Ok(()));
    assert_eq!(verify(&label[1..]), Err(CryptoError::InvalidSignature));
}

/// ExpandWithLabel (RFC 9420 §8).
fn expand(suite: &RustCrypto, secret: &Secret, label: &str, context: &[u8], length: usize) -> Secret {
    let length = u16::try_from(length).unwrap();
    let label = labelled(format!("MLS 1.0 {label}").as_bytes(), context);
    suite.expand(secret, &[&length.to_be_bytes()[..], &label].concat(), length).unwrap()
}

#[test]
fn an_entry_is_signed_under_associated_party_entry_tbs() {
    for mut scene in scenes() {
        let Scene { suite, rng, key, .. } = &mut scene;
        let encryption_key = generate_hpke_key_pair(suite, rng).unwrap().1;
        let entry = sign_associated_party_entry(suite, key, encryption_key.clone(), 3, rng).unwrap();
        let tbs = [vector(&encryption_key), 3u32.to_be_bytes().to_vec()].concat();
        assert_eq!(
            AssociatedPartyEntryTBS { encryption_key, external_sender_index: 3 }.to_bytes().unwrap(),
            tbs
        );
        is_signed(&scene, "AssociatedPartyEntryTBS", &tbs, &entry.signature);
    }
}

#[test]
fn requests_are_signed_under_the_names_of_their_tbs() {
    for mut scene in scenes() {
        let number = scene.suite.parameters().cipher_suite;
        let public_key = scene.public_key.clone();
        let credential = Credential::Basic { identity: "alice".into() };
        let Scene { suite, rng, key, .. } = &mut scene;
        let tbs = KeyMaterialRequestTBS {
            protocol: Protocol::Mls10,
            requesting_user: IdentifierUri::new("mimi://a.example/u/alice").unwrap(),
            target_user: IdentifierUri::new("mimi://b.example/u/bob").unwrap(),
            room_id: None.into(),
            acceptable_ciphersuites: List::new(vec![number]).unwrap(),
            required_capabilities: RequiredCapabilities {
                extension_types: vec![],
                proposal_types: vec![],
                credential_types: vec![],
            },
            requester_signature_key: public_key.clone(),
            requester_credential: credential.clone(),
        };
        let request = sign_key_material_request(suite, key, tbs.clone(), rng).unwrap();
        let signature = request.key_material_request_signature;
        let group_info = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: number,
            requesting_signature_key: public_key,
            requesting_credential: credential,
            group_info_public_key: generate_hpke_key_pair(suite, rng).unwrap().1,
            joining_code: None,
        };
        let request = sign_group_info_request(suite, key, group_info.clone(), rng).unwrap();
        is_signed(&scene, "KeyMaterialRequestTBS", &tbs.to_bytes().unwrap(), &signature);
        is_signed(&scene, "GroupInfoRequestTBS", &group_info.to_bytes().unwrap(), &request.signature);
    }
}

#[test]
fn the_exporter_trees_root_is_application_export() {
    for Scene { suite, mut rng, .. } in scenes() {
        let nh = suite.parameters().nh;
        let epoch_secret = random_secret(nh, &mut rng);
        let mut tree = ExporterTree::from_epoch_secret(&suite, &epoch_secret).unwrap();
        let mut secret = expand(&suite, &epoch_secret, "application_export", b"", nh);
        // Component 0x0007 is the leaf left of the first 13 nodes, and right of the last 3.
        for side in [vec!["left"; 13], vec!["right"; 3]].concat() {
            let side = side.as_bytes();
            secret = expand(&suite, &secret, "tree", side, nh);
        }
        assert_eq!(tree.safe_export_secret(&suite, ComponentID(7)).unwrap(), secret);
    }
}

#[test]
fn references_hash_their_label_and_the_whole_object() {
    for scene in scenes() {
        let cipher_suite = scene.suite.parameters().cipher_suite;
        let key = |byte: u8| vec![byte; 32];
        let key_package = KeyPackage {
            version: Mls10,
            cipher_suite,
            init_key: HPKEPublicKey::from(key(1)),
            leaf_node: LeafNode {
                encryption_key: HPKEPublicKey::from(key(2)),
                signature_key: scene.public_key.clone(),
                credential: Credential::Basic { identity: "alice".into() },
                capabilities: Capabilities {
                    versions: vec![],
                    cipher_suites: vec![],
                    extensions: vec![],
                    proposals: vec![],
                    credentials: vec![],
                },
                leaf_node_source: LeafNodeSelect::KeyPackage {
                    lifetime: Lifetime { not_before: 1, not_after: 2 },
                },
                extensions: Extensions::default(),
                signature: "signature".into(),
            },
            extensions: Extensions::default(),
            signature: "signature".into(),
        };
        let by_hand = |label: &str, value: &[u8]| scene.suite.hash(&[&labelled(label.as_bytes(), value)]);
        assert_eq!(
            &*key_package_ref(&scene.suite, &key_package).unwrap(),
            by_hand("MLS 1.0 KeyPackage Reference", &key_package.to_bytes().unwrap())
        );
        let content = remove(Sender::Member { leaf_index: 1 });
        let auth = FramedContentAuthData { signature: "signature".into(), confirmation_tag: None };
        let authenticated = AuthenticatedContent::new(WireFormat::MLS_PUBLIC_MESSAGE, content, auth).unwrap();
        assert_eq!(
            &*proposal_ref(&scene.suite, &authenticated).unwrap(),
            by_hand("MLS 1.0 Proposal Reference", &authenticated.to_bytes().unwrap())
        );

        // The hash is that of the KeyPackage's own suite.
        let (expected, actual) = (cipher_suite, CipherSuite(0xf001));
        let other = KeyPackage { cipher_suite: actual, ..key_package };
        let refused = key_package_ref(&scene.suite, &other);
        assert_eq!(refused, Err(CryptoError::CipherSuiteMismatch { expected, actual }));
    }
}

fn remove(sender: Sender) -> FramedContent {
    let content = Content::Proposal { proposal: Proposal::Remove(Remove { removed: 4 }) };
    FramedContent::new("group".into(), 8, sender, "data".into(), content).unwrap()
}

/// The ciphertext and the sender data of a SemiPrivateMessage, each from its own fields
/// (mls-semiprivatemessage-07 §3.1; RFC 9420 §6.3.2).
#[test]
fn a_semi_private_message_is_sealed_by_the_formulas() {
    for mut scene in scenes() {
        let Scene { suite, rng, key: signing_key, .. } = &mut scene;
        let sizes = *suite.parameters();
        let receiver = ExternalReceiver {
            external_receiver_public_key: generate_hpke_key_pair(suite, rng).unwrap().1,
            credential: Credential::Basic { identity: "hub".into() },
        };
        let extension =
            |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
        let required = WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] };
        let context = GroupContext {
            version: Mls10,
            cipher_suite: sizes.cipher_suite,
            group_id: "group".into(),
            epoch: 8,
            tree_hash: "tree".into(),
            confirmed_transcript_hash: "transcript".into(),
            extensions: Extensions::new(vec![
                extension(ExtensionType::REQUIRED_WIRE_FORMATS, required.to_bytes().unwrap()),
                extension(ExtensionType::EXTERNAL_RECEIVERS, vec![receiver].to_bytes().unwrap()),
            ])
            .unwrap(),
        };
        let content = remove(Sender::Member { leaf_index: 5 });
        let tbs = semi_private_tbs(content.clone(), &context).unwrap().to_bytes().unwrap();
        let signature = sign_with_label(suite, signing_key, b"FramedContentTBS", &tbs, rng).unwrap();
        let auth = FramedContentAuthData { signature: signature.clone().into(), confirmation_tag: None };
        let key = AeadKey::from_secret(suite, random_secret(sizes.nk, rng)).unwrap();
        let nonce = random_secret(sizes.nn, rng);
        let sender_data_secret = random_secret(sizes.nh, rng);
        let keys = HandshakeKeys {
            key: &key,
            nonce: &nonce,
            generation: 3,
            sender_data_secret: &sender_data_secret,
        };
        let message = seal_semi_private_message(suite, &context, &content, auth, 2, &keys, rng).unwrap();
        let sender_data = open_sender_data(suite, &sender_data_secret, &message).unwrap();

        // key and nonce of the sender data, from the first Nh bytes of the ciphertext
        let ciphertext = message.ciphertext().to_vec();
        let sample = &ciphertext[..sizes.nh];
        let sender_key = expand(suite, &sender_data_secret, "key", sample, sizes.nk);
        let sender_nonce = expand(suite, &sender_data_secret, "nonce", sample, sizes.nn);
        let sender_key = AeadKey::from_secret(suite, sender_key).unwrap();
        let Octets(guard) = sender_data.reuse_guard;
        let plain_sender_data = [&[0, 0, 0, 5, 0, 0, 0, 3][..], &guard].concat();
        assert_eq!(
            sender_data,
            SenderData { leaf_index: 5, generation: 3, reuse_guard: Octets(guard) },
            "what is sealed is what was given"
        );
        // SenderDataAAD: group_id, epoch, content_type
        let head = [&vector(b"group")[..], &8u64.to_be_bytes(), &[2]].concat();
        let sealed = suite.aead_seal(&sender_key, sender_nonce.expose(), &head, &plain_sender_data).unwrap();
        assert_eq!(&**message.encrypted_sender_data(), sealed);

        // nonce: the first four bytes XORed with the guard
        let mut guarded = nonce.expose().to_vec();
        (0..4).for_each(|index| guarded[index] ^= guard[index]);
        // SemiPrivateContentAAD: the fields of the message up to framed_content_tbs_hash
        let aad = [
            head,
            vector(b"data"),
            vector(&suite.hash(&[&[0, 0, 0, 5], nonce.expose()])),
            message.keys_for_external_receivers().to_bytes().unwrap(),
            vector(&suite.hash(&[&tbs])),
        ]
        .concat();
        // SemiPrivateMessageContent: Remove (3) of leaf 4, the signature, two bytes of padding
        let plaintext = [&[0, 3, 0, 0, 0, 4][..], &vector(&signature), &[0, 0]].concat();
        assert_eq!(suite.aead_seal(&key, &guarded, &aad, &plaintext).unwrap(), ciphertext);
    }
}
