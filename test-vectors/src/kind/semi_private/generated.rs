//! What [`Kind::generate`](super::Kind::generate) makes.

mod bugs;

use alloc::{format, string::String, vec, vec::Vec};

use mimi_codec::{
    Encode, Octets,
    code_points::{CipherSuite, ExtensionType, WireFormat},
    extensions::WireFormats,
    mls::{
        Commit, Content, ContentType, Credential, Extension, Extensions, FramedContent,
        FramedContentAuthData, GroupContext, Mls10, Proposal, ProposalOrRef, Remove, Sender,
    },
    semiprivate::{ExternalReceiver, SemiPrivateMessage, SemiPrivateMessageContent},
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, HandshakeKeys, HpkePrivateKey, RustCrypto, RustCryptoSigningKey, Secret,
    generate_hpke_key_pair, random_secret, seal_semi_private_message, semi_private_tbs, sign_with_label,
};

use crate::{
    file_format::{GenerateError, GeneratedCase, Seed, Stream, suites},
    kind::judgement::json_number,
};

pub(super) use bugs::invalid;

const LABEL: &[u8] = b"SemiPrivateMessageReceiver";

type Made<T> = Result<T, GenerateError>;

/// A group with its external receivers, and a member that sends.
struct Scene {
    suite: RustCrypto,
    stream: Stream,
    signing_key: RustCryptoSigningKey,
    receivers: Vec<(HpkePrivateKey, ExternalReceiver)>,
    context: GroupContext,
    leaf_index: u32,
    generation: u32,
    key: AeadKey,
    nonce: Secret,
    sender_data_secret: Secret,
}

/// The members of a case that come of the scene.
struct Members {
    reuse_guard: [u8; 4],
    tbs: Vec<u8>,
    content: Vec<u8>,
    message: SemiPrivateMessage,
}

impl Scene {
    fn new(seed: &Seed, case: &str, number: CipherSuite, receivers: usize, epoch: u64) -> Made<Self> {
        let suite = RustCrypto::new(number)?;
        let mut stream = Stream::new(seed, "semi-private", case);
        let signing_key = suite.signing_key(&suite.generate_signature_key(&mut stream)?)?;
        let receivers = ["mimi://hub.example", "mimi://auditor.example"]
            .into_iter()
            .take(receivers)
            .map(|name| {
                let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut stream)?;
                let credential = Credential::Basic { identity: name.into() };
                Ok((private_key, ExternalReceiver { external_receiver_public_key: public_key, credential }))
            })
            .collect::<Made<Vec<_>>>()?;
        let listed: Vec<_> = receivers.iter().map(|(_, receiver)| receiver.clone()).collect();
        let required = WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] };
        let extension =
            |extension_type, data: Vec<u8>| Extension { extension_type, extension_data: data.into() };
        let extensions = Extensions::new(vec![
            extension(ExtensionType::REQUIRED_WIRE_FORMATS, required.to_bytes()?),
            extension(ExtensionType::EXTERNAL_RECEIVERS, listed.to_bytes()?),
        ])?;
        let sizes = *suite.parameters();
        let context = GroupContext {
            version: Mls10,
            cipher_suite: number,
            group_id: stream.bytes(16).into(),
            epoch,
            tree_hash: stream.bytes(sizes.nh).into(),
            confirmed_transcript_hash: stream.bytes(sizes.nh).into(),
            extensions,
        };
        let key = AeadKey::from_secret(&suite, random_secret(sizes.nk, &mut stream))?;
        let nonce = random_secret(sizes.nn, &mut stream);
        let sender_data_secret = random_secret(sizes.nh, &mut stream);
        Ok(Self {
            suite,
            signing_key,
            receivers,
            context,
            leaf_index: u32::from_be_bytes(stream.array()) >> 8,
            generation: 3,
            key,
            nonce,
            sender_data_secret,
            stream,
        })
    }

    fn framed(&self, content: Content) -> Made<FramedContent> {
        let sender = Sender::Member { leaf_index: self.leaf_index };
        let (group_id, epoch) = (self.context.group_id.clone(), self.context.epoch);
        Ok(FramedContent::new(group_id, epoch, sender, "authenticated".into(), content)?)
    }

    fn auth(&mut self, tbs: &[u8], content_type: ContentType) -> Made<FramedContentAuthData> {
        let Self { suite, signing_key, stream, .. } = self;
        let signature = sign_with_label(suite, signing_key, b"FramedContentTBS", tbs, stream)?.into();
        let is_commit = content_type == ContentType::Commit;
        let confirmation_tag = is_commit.then(|| stream.bytes(suite.parameters().nh).into());
        Ok(FramedContentAuthData { signature, confirmation_tag })
    }

    /// What is right, by the crate itself.
    fn honest(&mut self, content: Content, padding: usize) -> Made<Members> {
        let content_type = content.content_type();
        let framed = self.framed(content.clone())?;
        let tbs = semi_private_tbs(framed.clone(), &self.context)?.to_bytes()?;
        let auth = self.auth(&tbs, content_type)?;
        let content = SemiPrivateMessageContent::new(content, auth.clone(), padding)?.to_bytes()?;
        let keys = HandshakeKeys {
            key: &self.key,
            nonce: &self.nonce,
            generation: self.generation,
            sender_data_secret: &self.sender_data_secret,
        };
        let message = seal_semi_private_message(
            &self.suite,
            &self.context,
            &framed,
            auth,
            padding,
            &keys,
            &mut self.stream,
        )?;
        let Octets(reuse_guard) =
            mimi_crypto::open_sender_data(&self.suite, &self.sender_data_secret, &message)?.reuse_guard;
        Ok(Members { reuse_guard, tbs, content, message })
    }

    fn finish(&self, case: GeneratedCase, it: &Members, optional: bool) -> Made<GeneratedCase> {
        let receivers = self
            .receivers
            .iter()
            .map(|(private_key, receiver)| {
                let (private_key, receiver) =
                    (hex::encode(private_key.expose()), hex::encode(receiver.to_bytes()?));
                Ok(format!("[\"{private_key}\", \"{receiver}\"]"))
            })
            .collect::<Made<Vec<String>>>()?;
        let message = &it.message;
        let case = case
            .json_member("cipher_suite", format!("{}", self.context.cipher_suite.value()))
            .hex("group_id", message.group_id())
            .json_member("epoch", json_number(*message.epoch()))
            .json_member("content_type", format!("{}", message.content_type().value()))
            .hex("authenticated_data", message.authenticated_data())
            .hex("key", self.key.expose())
            .hex("nonce", self.nonce.expose())
            .hex("reuse_guard", &it.reuse_guard)
            .json_member("sender_leaf_index", format!("{}", self.leaf_index))
            .hex("framed_content_tbs", &it.tbs)
            .json_member("receivers", format!("[{}]", receivers.join(", ")))
            .hex("content", &it.content)
            .hex("encrypted_sender_data", message.encrypted_sender_data())
            .hex("message", &message.to_bytes()?);
        if !optional {
            return Ok(case);
        }
        Ok(case
            .hex("sender_data_secret", self.sender_data_secret.expose())
            .json_member("generation", format!("{}", self.generation))
            .hex("signature_public_key", &self.suite.signature_public_key(&self.signing_key)))
    }
}

fn remove(removed: u32) -> Content {
    Content::Proposal { proposal: Proposal::Remove(Remove { removed }) }
}

fn commit() -> Content {
    let proposal = Proposal::Remove(Remove { removed: 7 });
    Content::Commit { commit: Commit { proposals: vec![ProposalOrRef::Proposal { proposal }], path: None } }
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    for number in suites() {
        for (what, content, receivers, padding, epoch, optional) in [
            ("proposal for the hub", remove(4), 1, 0, 8, true),
            ("commit for two receivers", commit(), 2, 19, 1 << 53, true),
            ("proposal without the group's secrets", remove(u32::MAX), 1, 1, u64::MAX, false),
        ] {
            let name = format!("suite {}, {what}", number.value());
            let mut scene = Scene::new(seed, &name, number, receivers, epoch)?;
            let members = scene.honest(content, padding)?;
            cases.push(scene.finish(GeneratedCase::new(&name), &members, optional)?);
        }
    }
    Ok(cases)
}
