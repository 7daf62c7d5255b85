//! SemiPrivateMessages: what a hub that holds the receiver's key is sent, it opens as a member sealed it, or refuses.

use std::sync::LazyLock;

use mimi_codec::code_points::{CipherSuite, ExtensionType, WireFormat};
use mimi_codec::extensions::WireFormats;
use mimi_codec::mls::{
    Content, Credential, Extension, Extensions, FramedContent, FramedContentAuthData, GroupContext, Mls10,
    Proposal, Remove, Sender,
};
use mimi_codec::semiprivate::{ExternalReceiver, SemiPrivateMessage};
use mimi_codec::{Decode, Encode};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, HandshakeKeys, HpkePrivateKey, RustCrypto, generate_hpke_key_pair,
    open_as_external_receiver, random_secret, seal_semi_private_message, semi_private_tbs, sign_with_label,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

struct Scene {
    suite: RustCrypto,
    receiver: ExternalReceiver,
    private_key: HpkePrivateKey,
    sealed: SemiPrivateMessage,
    encoded: Vec<u8>,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let suite = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519).expect("known");
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).expect("keys");
    let credential = Credential::Basic { identity: "mimi://hub.example".into() };
    let receiver = ExternalReceiver { external_receiver_public_key: public_key, credential };
    let extension = |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
    let formats = WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] };
    let context = GroupContext {
        version: Mls10,
        cipher_suite: CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
        group_id: "group".into(),
        epoch: 8,
        tree_hash: "tree".into(),
        confirmed_transcript_hash: "transcript".into(),
        extensions: Extensions::new(vec![
            extension(ExtensionType::REQUIRED_WIRE_FORMATS, formats.to_bytes().expect("encodes")),
            extension(ExtensionType::EXTERNAL_RECEIVERS, vec![receiver.clone()].to_bytes().expect("encodes")),
        ])
        .expect("different"),
    };
    let content = Content::Proposal { proposal: Proposal::Remove(Remove { removed: 2 }) };
    let content =
        FramedContent::new("group".into(), 8, Sender::Member { leaf_index: 5 }, "aad".into(), content);
    let content = content.expect("a member may propose");
    let signing_key =
        suite.signing_key(&suite.generate_signature_key(&mut rng).expect("a key")).expect("a key");
    let tbs = semi_private_tbs(content.clone(), &context).expect("of a member").to_bytes().expect("encodes");
    let signature =
        sign_with_label(&suite, &signing_key, b"FramedContentTBS", &tbs, &mut rng).expect("signs");
    let auth = FramedContentAuthData { signature: signature.into(), confirmation_tag: None };
    let sizes = *suite.parameters();
    let key = AeadKey::from_secret(&suite, random_secret(&mut rng, sizes.nk)).expect("of its length");
    let (nonce, sender_data_secret) = (random_secret(&mut rng, sizes.nn), random_secret(&mut rng, sizes.nh));
    let keys =
        HandshakeKeys { key: &key, nonce: &nonce, generation: 3, sender_data_secret: &sender_data_secret };
    let sealed =
        seal_semi_private_message(&suite, &context, &content, auth, 16, &keys, &mut rng).expect("seals");
    let encoded = sealed.to_bytes().expect("encodes");
    Scene { suite, receiver, private_key, sealed, encoded }
});

/// A seed: the message as it was sealed.
pub fn seed() -> Vec<u8> {
    [&[1], &SCENE.encoded[..]].concat()
}

/// An even first octet: the rest is positions and differences, applied to a good message. An odd one: the rest is the message.
pub fn open(data: &[u8]) {
    let scene = &*SCENE;
    let Some((first, rest)) = data.split_first() else { return };
    let encoded = if first % 2 == 0 {
        let mut encoded = scene.encoded.clone();
        for change in rest.chunks_exact(3) {
            let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % encoded.len();
            encoded[at] ^= change[2];
        }
        encoded
    } else {
        rest.to_vec()
    };
    let Ok(message) = SemiPrivateMessage::decode_exact(&encoded) else { return };
    let opened = open_as_external_receiver(&scene.suite, &scene.receiver, &scene.private_key, &message);
    // The sender data is the members': to an external receiver it is neither readable nor authenticated.
    let same = message.group_id() == scene.sealed.group_id()
        && message.epoch() == scene.sealed.epoch()
        && message.content_type() == scene.sealed.content_type()
        && message.authenticated_data() == scene.sealed.authenticated_data()
        && message.partial_context_hash() == scene.sealed.partial_context_hash()
        && message.keys_for_external_receivers() == scene.sealed.keys_for_external_receivers()
        && message.framed_content_tbs_hash() == scene.sealed.framed_content_tbs_hash()
        && message.ciphertext() == scene.sealed.ciphertext();
    assert_eq!(opened.is_ok(), same, "{opened:?}");
}
