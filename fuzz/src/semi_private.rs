//! SemiPrivateMessages: what a hub that holds the receiver's key is sent, it opens as a member
//! sealed it, or refuses; and so do members.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::code_points::{CipherSuite, ExtensionType, WireFormat};
use mimi_codec::extensions::WireFormats;
use mimi_codec::mls::{
    Content, Credential, Extension, Extensions, FramedContent, FramedContentAuthData, GroupContext, Mls10,
    Proposal, Remove, Sender, SignaturePublicKey,
};
use mimi_codec::semiprivate::{ExternalReceiver, SemiPrivateMessage};
use mimi_codec::{Decode, Encode};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, CryptoError, HandshakeKeys, HpkePrivateKey, RustCrypto,
    RustCryptoSigningKey, Secret, generate_hpke_key_pair, open_as_external_receiver, open_as_member,
    open_sender_data, random_secret, seal_semi_private_message, semi_private_tbs, sign_with_label,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::allocation::bounded;

const SUITE: CipherSuite = CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519;
const EPOCH: u64 = 8;

/// A group with two external receivers, and what a member has of its ratchet and its epoch.
struct Group {
    suite: RustCrypto,
    receivers: [(ExternalReceiver, HpkePrivateKey); 2],
    context: GroupContext,
    signing_key: RustCryptoSigningKey,
    public_key: SignaturePublicKey,
    key: AeadKey,
    nonce: Secret,
    sender_data_secret: Secret,
}

impl Group {
    fn new() -> Self {
        let suite = RustCrypto::new(SUITE).expect("known");
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let receivers = ["mimi://hub.example", "mimi://follower.example"].map(|identity| {
            let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).expect("keys");
            let credential = Credential::Basic { identity: identity.into() };
            (ExternalReceiver { external_receiver_public_key: public_key, credential }, private_key)
        });
        let extension =
            |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
        let formats = WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] };
        let listed: Vec<ExternalReceiver> = receivers.iter().map(|(receiver, _)| receiver.clone()).collect();
        let context = GroupContext {
            version: Mls10,
            cipher_suite: SUITE,
            group_id: "group".into(),
            epoch: EPOCH,
            tree_hash: "tree".into(),
            confirmed_transcript_hash: "transcript".into(),
            extensions: Extensions::new(vec![
                extension(ExtensionType::REQUIRED_WIRE_FORMATS, formats.to_bytes().expect("encodes")),
                extension(ExtensionType::EXTERNAL_RECEIVERS, listed.to_bytes().expect("encodes")),
            ])
            .expect("different"),
        };
        let private_key = suite.generate_signature_key(&mut rng).expect("a key");
        let signing_key = suite.signing_key(&private_key).expect("a key");
        let public_key = suite.signature_public_key(&signing_key);
        let sizes = *suite.parameters();
        let key = AeadKey::from_secret(&suite, random_secret(sizes.nk, &mut rng)).expect("of its length");
        let (nonce, sender_data_secret) =
            (random_secret(sizes.nn, &mut rng), random_secret(sizes.nh, &mut rng));
        Self { suite, receivers, context, signing_key, public_key, key, nonce, sender_data_secret }
    }

    fn seal(
        &self,
        content: &FramedContent,
        confirmation_tag: Option<Vec<u8>>,
        padding: usize,
        generation: u32,
    ) -> Result<SemiPrivateMessage, CryptoError> {
        let mut rng = ChaCha20Rng::seed_from_u64(8);
        let tbs = semi_private_tbs(content.clone(), &self.context)?.to_bytes().expect("encodes");
        let signature = sign_with_label(&self.suite, &self.signing_key, b"FramedContentTBS", &tbs, &mut rng)?;
        let auth = FramedContentAuthData {
            signature: signature.into(),
            confirmation_tag: confirmation_tag.map(Into::into),
        };
        let Self { suite, context, key, nonce, sender_data_secret, .. } = self;
        let keys = HandshakeKeys { key, nonce, generation, sender_data_secret };
        seal_semi_private_message(suite, context, content, auth, padding, &keys, &mut rng)
    }
}

static GROUP: LazyLock<Group> = LazyLock::new(Group::new);

struct Scene {
    sealed: SemiPrivateMessage,
    encoded: Vec<u8>,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let content = Content::Proposal { proposal: Proposal::Remove(Remove { removed: 2 }) };
    let sender = Sender::Member { leaf_index: 5 };
    let content = FramedContent::new("group".into(), EPOCH, sender, "aad".into(), content);
    let sealed = GROUP.seal(&content.expect("a member may propose"), None, 16, 3).expect("seals");
    let encoded = sealed.to_bytes().expect("encodes");
    Scene { sealed, encoded }
});

/// A seed: the message as it was sealed.
pub fn seed() -> Vec<u8> {
    [&[1], &SCENE.encoded[..]].concat()
}

/// An even first byte: the rest is positions and differences, applied to a good message. An odd
/// one: the rest is the message.
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
    let (receiver, private_key) = &GROUP.receivers[0];
    let opened = open_as_external_receiver(&GROUP.suite, receiver, private_key, &message);
    assert_eq!(opened.is_ok(), same_but_for_sender_data(&message, &scene.sealed), "{opened:?}");
}

/// The sender data is the members': to an external receiver it is neither readable nor
/// authenticated.
fn same_but_for_sender_data(message: &SemiPrivateMessage, sealed: &SemiPrivateMessage) -> bool {
    message.group_id() == sealed.group_id()
        && message.epoch() == sealed.epoch()
        && message.content_type() == sealed.content_type()
        && message.authenticated_data() == sealed.authenticated_data()
        && message.partial_context_hash() == sealed.partial_context_hash()
        && message.keys_for_external_receivers() == sealed.keys_for_external_receivers()
        && message.framed_content_tbs_hash() == sealed.framed_content_tbs_hash()
        && message.ciphertext() == sealed.ciphertext()
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    leaf_index: u32,
    generation: u32,
    authenticated_data: Vec<u8>,
    padding: u16,
    confirmation_tag: Option<Vec<u8>>,
    change: Option<(u16, u8)>,
    /// What sees to it that the GroupContext or the signature key is another.
    other_epoch: bool,
    other_key: bool,
    content: &'a [u8],
}

/// Any proposal or commit, sealed, maybe damaged, and opened by both receivers and by a member: all
/// see what was sealed, and who sent it, or refuse.
pub fn flow(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    let Ok(content) = Content::arbitrary(&mut Unstructured::new(input.content)) else { return };
    let group = &*GROUP;
    let is_handshake = !matches!(content, Content::Application { .. });
    let is_commit = matches!(content, Content::Commit { .. });
    let sender = Sender::Member { leaf_index: input.leaf_index };
    let (group_id, authenticated_data) = ("group".into(), input.authenticated_data.clone().into());
    let Ok(content) = FramedContent::new(group_id, EPOCH, sender, authenticated_data, content) else {
        return;
    };
    let has_tag = input.confirmation_tag.is_some();
    let sealed = group.seal(&content, input.confirmation_tag.clone(), input.padding.into(), input.generation);
    assert_eq!(sealed.is_ok(), is_handshake && is_commit == has_tag, "{:?}", sealed.err());
    let Ok(sealed) = sealed else { return };

    let mut encoded = sealed.to_bytes().expect("encodes");
    if let Some((at, difference)) = input.change {
        let at = usize::from(at) % encoded.len();
        encoded[at] ^= difference;
    }
    let Ok(message) = bounded(1024, &encoded, SemiPrivateMessage::decode_exact) else { return };
    let context = GroupContext { epoch: EPOCH + u64::from(input.other_epoch), ..group.context.clone() };
    let mut public_key = group.public_key.to_vec();
    public_key[3] ^= u8::from(input.other_key);
    let check = |opened: mimi_crypto::UnauthenticatedHandshake| {
        assert_eq!(opened.sender_leaf_index(), input.leaf_index);
        assert_eq!(opened.content().content(), content.content());
        let verified = opened.verify(&group.suite, &context, &public_key.clone().into());
        assert_eq!(verified.is_ok(), !input.other_epoch && !input.other_key, "{:?}", verified.err());
        if let Ok(verified) = verified {
            assert_eq!(verified.authenticated_content().content(), &content);
        }
    };

    for (receiver, private_key) in &group.receivers {
        let opened = open_as_external_receiver(&group.suite, receiver, private_key, &message);
        assert_eq!(opened.is_ok(), same_but_for_sender_data(&message, &sealed), "{opened:?}");
        opened.into_iter().for_each(check);
    }
    let opened =
        open_sender_data(&group.suite, &group.sender_data_secret, &message).and_then(|sender_data| {
            let opened = open_as_member(&group.suite, &sender_data, &group.key, &group.nonce, &message)?;
            assert_eq!(
                (sender_data.leaf_index, sender_data.generation),
                (input.leaf_index, input.generation)
            );
            Ok(opened)
        });
    assert_eq!(opened.is_ok(), message == sealed, "{opened:?}");
    opened.into_iter().for_each(check);
}
