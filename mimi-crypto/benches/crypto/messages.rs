//! SemiPrivateMessages and associated parties against the sum of their primitives.

use std::hint::black_box;

use mimi_codec::{
    Decode, Encode, Octets, SecretOpaque,
    code_points::{ExtensionType, WireFormat},
    extensions::WireFormats,
    mls::{
        Content, Credential, Extension, Extensions, FramedContent, FramedContentAuthData, GroupContext,
        Mls10, Proposal, Remove, Sender, SenderData,
    },
    semiprivate::{ExternalReceiver, PerMessageKeyAndNonces, SemiPrivateMessage, SemiPrivateMessageContent},
};
use mimi_crypto::{
    AeadKey, AgreedApCommit, ApCommit, ApEpoch, CipherSuiteProvider, HandshakeKeys, HpkePrivateKey,
    RustCrypto, Secret, derive_secret, encrypt_with_label, expand_with_label, generate_hpke_key_pair,
    open_as_external_receiver, random_secret, safe_decrypt_with_label, seal_semi_private_message,
    semi_private_tbs, sign_associated_party_entry, sign_with_label, verify_with_label,
};

use crate::{Subject, rng, subject, suite};

const PADDING: usize = 16;
const RECEIVER: &[u8] = b"SemiPrivateMessageReceiver";

struct Scene {
    suite: RustCrypto,
    context: GroupContext,
    content: FramedContent,
    auth: FramedContentAuthData,
    tbs: Vec<u8>,
    receivers: Vec<(HpkePrivateKey, ExternalReceiver)>,
    key: AeadKey,
    nonce: Secret,
    sender_data_secret: Secret,
    signature_key: mimi_codec::mls::SignaturePublicKey,
}

fn scene(receivers: usize) -> Scene {
    let (suite, mut rng) = (suite(1), rng());
    let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
    let receivers: Vec<_> = (0..receivers)
        .map(|number| {
            let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
            let credential = Credential::Basic { identity: vec![number as u8; 20].into() };
            (private_key, ExternalReceiver { external_receiver_public_key: public_key, credential })
        })
        .collect();
    let required = WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] };
    let listed: Vec<_> = receivers.iter().map(|(_, receiver)| receiver.clone()).collect();
    let extension = |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
    let context = GroupContext {
        version: Mls10,
        cipher_suite: suite.parameters().cipher_suite,
        group_id: vec![1; 16].into(),
        epoch: 8,
        tree_hash: vec![2; 32].into(),
        confirmed_transcript_hash: vec![3; 32].into(),
        extensions: Extensions::new(vec![
            extension(ExtensionType::REQUIRED_WIRE_FORMATS, required.to_bytes().unwrap()),
            extension(ExtensionType::EXTERNAL_RECEIVERS, listed.to_bytes().unwrap()),
        ])
        .unwrap(),
    };
    let content = Content::Proposal { proposal: Proposal::Remove(Remove { removed: 4 }) };
    let (group_id, sender) = (context.group_id.clone(), Sender::Member { leaf_index: 5 });
    let content = FramedContent::new(group_id, 8, sender, vec![4; 40].into(), content).unwrap();
    let tbs = semi_private_tbs(content.clone(), &context).unwrap().to_bytes().unwrap();
    let signature = sign_with_label(&suite, &signing_key, b"FramedContentTBS", &tbs, &mut rng).unwrap();
    Scene {
        suite,
        context,
        content,
        auth: FramedContentAuthData { signature: signature.into(), confirmation_tag: None },
        tbs,
        receivers,
        key: AeadKey::from_secret(&suite, random_secret(16, &mut rng)).unwrap(),
        nonce: random_secret(12, &mut rng),
        sender_data_secret: random_secret(32, &mut rng),
        signature_key: suite.signature_public_key(&signing_key),
    }
}

impl Scene {
    fn seal(&self) -> SemiPrivateMessage {
        let keys = HandshakeKeys {
            key: &self.key,
            nonce: &self.nonce,
            generation: 3,
            sender_data_secret: &self.sender_data_secret,
        };
        let Self { suite, context, content, auth, .. } = self;
        seal_semi_private_message(suite, context, content, auth.clone(), PADDING, &keys, &mut rng()).unwrap()
    }
}

/// The hashes, sealings and expansions of a message on inputs that are ready.
fn seal_bare(scene: &Scene, message: &SemiPrivateMessage) -> Vec<Vec<u8>> {
    let Scene { suite, receivers, tbs, key, nonce, sender_data_secret, .. } = scene;
    let mut rng = rng();
    let mut guard = [0; 4];
    rand_core::Rng::fill_bytes(&mut rng, &mut guard);
    let per_message = PerMessageKeyAndNonces {
        key: SecretOpaque::new(key.expose()),
        nonce: SecretOpaque::new(nonce.expose()),
        reuse_guard: Octets(guard),
        sender_leaf_index: 5,
    };
    let per_message = per_message.to_bytes().unwrap();
    let context = message.context().to_bytes().unwrap();
    let mut made = vec![suite.hash(&[&[0, 0, 0, 5], nonce.expose()]), suite.hash(&[tbs])];
    for (_, receiver) in receivers {
        made.push(suite.hash(&[&receiver.to_bytes().unwrap()]));
        let public_key = &receiver.external_receiver_public_key;
        let sealed =
            encrypt_with_label(suite, public_key, RECEIVER, &context, &per_message, &mut rng).unwrap();
        made.push(sealed.to_bytes().unwrap());
    }
    let content = scene.content.content().clone();
    let plaintext = SemiPrivateMessageContent::new(content, scene.auth.clone(), PADDING).unwrap();
    let mut guarded = nonce.expose().to_vec();
    guarded.iter_mut().zip(guard).for_each(|(byte, guard)| *byte ^= guard);
    let aad = message.aad().to_bytes().unwrap();
    let ciphertext = suite.aead_seal(key, &guarded, &aad, &plaintext.to_bytes().unwrap()).unwrap();
    let sample = &ciphertext[..32];
    let sender_key = expand_with_label(suite, sender_data_secret, b"key", sample, 16).unwrap();
    let sender_nonce = expand_with_label(suite, sender_data_secret, b"nonce", sample, 12).unwrap();
    let sender_key = AeadKey::from_secret(suite, sender_key).unwrap();
    let sender_data = SenderData { leaf_index: 5, generation: 3, reuse_guard: Octets(guard) };
    let head = [&message.group_id().to_bytes().unwrap()[..], &8u64.to_be_bytes(), &[2]].concat();
    let sender_data = sender_data.to_bytes().unwrap();
    made.push(suite.aead_seal(&sender_key, sender_nonce.expose(), &head, &sender_data).unwrap());
    made.push(ciphertext);
    made
}

/// What an external receiver has to hash, open and verify, on inputs that are ready.
fn open_bare(scene: &Scene, message: &SemiPrivateMessage) -> Vec<u8> {
    let Scene { suite, receivers, tbs, signature_key, auth, .. } = scene;
    let (private_key, receiver) = &receivers[0];
    black_box(suite.hash(&[&receiver.to_bytes().unwrap()]));
    let sealed = &message.keys_for_external_receivers()[0].encrypted_keys_and_nonces;
    let context = message.context().to_bytes().unwrap();
    let per_message =
        mimi_crypto::decrypt_with_label(suite, private_key, RECEIVER, &context, sealed).unwrap();
    let per_message = PerMessageKeyAndNonces::decode_exact(per_message.expose()).unwrap();
    let key = AeadKey::new(suite, per_message.key.expose()).unwrap();
    black_box(suite.hash(&[&[0, 0, 0, 5], per_message.nonce.expose()]));
    let mut guarded = per_message.nonce.expose().to_vec();
    let Octets(guard) = per_message.reuse_guard;
    guarded.iter_mut().zip(guard).for_each(|(byte, guard)| *byte ^= guard);
    let aad = message.aad().to_bytes().unwrap();
    let opened = suite.aead_open(&key, &guarded, &aad, message.ciphertext()).unwrap();
    black_box(suite.hash(&[tbs]));
    verify_with_label(suite, signature_key, b"FramedContentTBS", tbs, &auth.signature).unwrap();
    opened.expose().to_vec()
}

fn semi_private(receivers: usize) -> Vec<Subject> {
    let scenes = || (scene(receivers), scene(receivers).seal());
    let (first, message) = scenes();
    let made = seal_bare(&first, &message);
    assert_eq!(made.last().unwrap(), &message.ciphertext().to_vec());
    assert_eq!(made[made.len() - 2], message.encrypted_sender_data().to_vec());
    let open = |scene: &Scene, message: &SemiPrivateMessage| {
        let (private_key, receiver) = &scene.receivers[0];
        let opened = open_as_external_receiver(&scene.suite, receiver, private_key, message).unwrap();
        let content = opened.content().to_bytes().unwrap();
        (opened.verify(&scene.suite, &scene.context, &scene.signature_key).unwrap(), content)
    };
    assert_eq!(open(&first, &message).1, open_bare(&first, &message));

    let ((sealer, _), (bare_sealer, bare_message)) = (scenes(), scenes());
    let ((opener, to_open), (bare_opener, bare_to_open)) = (scenes(), scenes());
    vec![
        subject(
            format!("SemiPrivateMessage for {receivers}, sealed"),
            "its primitives",
            move || {
                black_box(sealer.seal());
            },
            move || {
                black_box(seal_bare(&bare_sealer, &bare_message));
            },
        ),
        subject(
            format!("SemiPrivateMessage for {receivers}, opened and verified"),
            "its primitives",
            move || {
                black_box(open(&opener, &to_open));
            },
            move || {
                black_box(open_bare(&bare_opener, &bare_to_open));
            },
        ),
    ]
}

/// A party that opens what the committer sent and goes on to the next epoch.
fn party() -> Subject {
    let (suite, mut rng) = (suite(1), rng());
    let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap();
    let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).unwrap();
    let entry = sign_associated_party_entry(&suite, &signing_key, public_key, 0, &mut rng).unwrap();
    let context = scene(1).context;
    let commit = ApCommit::derive(&suite, &random_secret(32, &mut rng), 0, &entry).unwrap();
    let (sent, _) = commit.seal(&suite, &entry.encryption_key, &context, &mut rng).unwrap();
    let init = random_secret(32, &mut rng);
    let label = mimi_codec::associated_parties::AssociatedPartyCommitEncryptionContext::of(
        context.clone(),
        sent.ap_commit_secret_id.clone(),
    );
    let (label, context_bytes) = (label.to_bytes().unwrap(), context.to_bytes().unwrap());

    let (key, received, salt) = (private_key.clone(), sent.clone(), init.clone());
    let operation = move || {
        let opened = AgreedApCommit::open(&suite, &key, &received, &context).unwrap();
        ApEpoch::begin(&suite, Some(&salt), &opened, &context).unwrap().ap_exporter_secret().clone()
    };
    let bare = move || {
        let component = mimi_codec::code_points::ComponentID::ASSOCIATED_PARTIES;
        let sealed = &sent.encrypted_ap_commit_base_secret;
        let base =
            safe_decrypt_with_label(&suite, &private_key, component, b"AP Commit Secret", &label, sealed)
                .unwrap();
        let secret = derive_secret(&suite, &base, b"AP Commit Secret").unwrap();
        black_box(derive_secret(&suite, &base, b"AP Commit Secret ID").unwrap());
        let extracted = suite.extract(&init, &secret).unwrap();
        let epoch = expand_with_label(&suite, &extracted, b"ap_epoch", &context_bytes, 32).unwrap();
        black_box(derive_secret(&suite, &epoch, b"init").unwrap());
        derive_secret(&suite, &epoch, b"ap_exporter").unwrap()
    };
    assert_eq!(operation(), bare());
    subject(
        "associated party's next epoch",
        "its primitives",
        move || {
            black_box(operation());
        },
        move || {
            black_box(bare());
        },
    )
}

pub(crate) fn subjects() -> Vec<Subject> {
    [1, 8].into_iter().flat_map(semi_private).chain([party()]).collect()
}
