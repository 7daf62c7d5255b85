//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::{boxed::Box, format, vec::Vec};

use mimi_codec::{
    Encode,
    code_points::CipherSuite,
    mls::{
        Add, Content, FramedContent, FramedContentAuthData, KeyPackage, LeafNode, MAC, Mls10, Proposal,
        PublicMessage, Remove, Sender,
    },
    private_external::{ExternalEncryptionInfo, PrivateExternalMessage},
};
use mimi_crypto::{
    CipherSuiteProvider, RustCrypto, RustCryptoSigningKey, Secret, encrypt_with_label,
    external_encryption_key_pair, generate_hpke_key_pair, seal_private_external_message,
    sign_external_encryption_info, verify_external_encryption_info,
};

use crate::file_format::{CLASSICAL_SUITES, GenerateError, GeneratedCase, Seed, Stream, suites};
use crate::kind::judgement::{Invalid, json_number};
use crate::kind::leaf_operation_intent::leaf_node;

type Made<T> = Result<T, GenerateError>;

const GROUP: &[u8] = b"mimi://hub.example/g/private";
const LABEL: &[u8] = b"PrivateExternalMessageContent";
const EPOCH: u64 = 12;

/// What a case is made of.
struct Scene {
    suite: RustCrypto,
    stream: Stream,
    epoch_secret: Vec<u8>,
    private_key: Vec<u8>,
    root_private_key: Vec<u8>,
    root: RustCryptoSigningKey,
    info: ExternalEncryptionInfo,
    public: PublicMessage,
    message: PrivateExternalMessage,
}

/// The Add that a client proposes for itself, or a Remove that an external sender proposes.
fn public_message(leaf: &LeafNode, suite: CipherSuite, sender: Sender, epoch: u64) -> Made<PublicMessage> {
    let proposal = match sender {
        Sender::NewMemberProposal {} => Proposal::Add(Box::new(Add {
            key_package: KeyPackage {
                version: Mls10,
                cipher_suite: suite,
                init_key: leaf.encryption_key.clone(),
                leaf_node: leaf.clone(),
                extensions: mimi_codec::mls::Extensions::default(),
                signature: "signature of the KeyPackage".into(),
            },
        })),
        _ => Proposal::Remove(Remove { removed: 3 }),
    };
    let membership_tag = matches!(sender, Sender::Member { .. }).then(|| MAC::from(&b"tag"[..]));
    let content = Content::Proposal { proposal };
    let content = FramedContent::new(GROUP.into(), epoch, sender, "public".into(), content)?;
    let auth = FramedContentAuthData { signature: "signature".into(), confirmation_tag: None };
    Ok(PublicMessage::new(content, auth, membership_tag)?)
}

impl Scene {
    fn new(seed: &Seed, name: &str, number: CipherSuite, sender: Sender) -> Made<Self> {
        let suite = RustCrypto::new(number)?;
        let mut stream = Stream::new(seed, "private-external", name);
        let epoch_secret = stream.bytes(suite.parameters().nh);
        let secret = Secret::new(&suite, epoch_secret.clone())?;
        let (private_key, public_key) = external_encryption_key_pair(&suite, &secret)?;
        let root_private_key = suite.generate_signature_key(&mut stream)?;
        let root = suite.signing_key(&root_private_key)?;
        let info = sign_external_encryption_info(&suite, &root, public_key, GROUP, EPOCH, &mut stream)?;
        let leaf = leaf_node(&suite, &mut stream)?.1;
        let public = public_message(&leaf, number, sender, EPOCH)?;
        let verified = verify_external_encryption_info(&suite, info.clone(), GROUP, EPOCH)?;
        let message = seal_private_external_message(&suite, &verified, &public, &mut stream)?;
        Ok(Self {
            suite,
            stream,
            epoch_secret,
            private_key: private_key.expose().to_vec(),
            root_private_key: root_private_key.expose().to_vec(),
            root,
            info,
            public,
            message,
        })
    }

    /// Seals as no honest sender does.
    fn seal(&mut self, label: &[u8], context: &[u8], plaintext: &[u8]) -> Made<()> {
        let key = self.info.external_encryption_public_key.clone();
        let sealed = encrypt_with_label(&self.suite, &key, label, context, plaintext, &mut self.stream)?;
        self.message.encrypted_public_message = sealed;
        Ok(())
    }

    fn sign(&mut self, epoch: u64) -> Made<()> {
        let key = self.info.external_encryption_public_key.clone();
        let rng = &mut self.stream;
        self.info = sign_external_encryption_info(&self.suite, &self.root, key, GROUP, epoch, rng)?;
        Ok(())
    }

    fn write(&self, case: GeneratedCase) -> Made<GeneratedCase> {
        Ok(case
            .json_member("cipher_suite", format!("{}", self.suite.parameters().cipher_suite.value()))
            .hex("group_id", GROUP)
            .json_member("epoch", json_number(EPOCH))
            .hex("epoch_secret", &self.epoch_secret)
            .hex("external_encryption_private_key", &self.private_key)
            .hex("root_private_signature_key", &self.root_private_key)
            .hex("external_encryption_info", &self.info.to_bytes()?)
            .hex("public_message", &self.public.to_bytes()?)
            .hex("private_external_message", &self.message.to_bytes()?))
    }
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    for number in suites() {
        for (of, sender) in [
            ("a client proposes to add itself", Sender::NewMemberProposal {}),
            ("a server proposes a removal", Sender::External { sender_index: 1 }),
        ] {
            let name = format!("suite {}: {of}", number.value());
            let scene = Scene::new(seed, &name, number, sender)?;
            cases.push(scene.write(GeneratedCase::new(&name))?);
        }
    }
    Ok(cases)
}

/// The name, why, the field that is refused, and what is done to a case.
type Bug = (&'static str, &'static str, &'static str, fn(&mut Scene) -> Made<()>);

const INFO: &str = "external_encryption_info";
const MESSAGE: &str = "private_external_message";

const BUGS: &[Bug] = &[
    ("a secret one byte long", "epoch_secret has KDF.Nh bytes", "epoch_secret", |it| {
        it.epoch_secret.truncate(1);
        Ok(())
    }),
    (
        "another private key",
        "the key pair is derived from the epoch secret",
        "external_encryption_private_key",
        |it| {
            it.private_key = generate_hpke_key_pair(&it.suite, &mut it.stream)?.0.expose().to_vec();
            Ok(())
        },
    ),
    ("another root key", "the info names the root key", INFO, |it| {
        let other = it.suite.generate_signature_key(&mut it.stream)?;
        it.root_private_key = other.expose().to_vec();
        Ok(())
    }),
    ("mistake: signed for the epoch before", "the key is for the epoch that the commit begins", INFO, |it| {
        it.sign(EPOCH.wrapping_sub(1))
    }),
    ("another suite in the info", "the info is of the group's suite", INFO, |it| {
        it.info.ciphersuite = CipherSuite(4);
        Ok(())
    }),
    ("mistake: under another label", "the label is PrivateExternalMessageContent", MESSAGE, |it| {
        let plaintext = it.public.to_bytes()?;
        it.seal(b"PrivateExternalMessage", b"", &plaintext)
    }),
    ("mistake: the group as the context", "PrivateExternalMessageContext is empty", MESSAGE, |it| {
        let plaintext = it.public.to_bytes()?;
        it.seal(LABEL, GROUP, &plaintext)
    }),
    ("a byte behind the PublicMessage", "what is sealed is exactly a PublicMessage", MESSAGE, |it| {
        let mut plaintext = it.public.to_bytes()?;
        plaintext.push(0);
        it.seal(LABEL, b"", &plaintext)
    }),
    (
        "mistake: an MLSMessage is sealed",
        "what is sealed is a bare PublicMessage (reading N8)",
        MESSAGE,
        |it| {
            let message: mimi_codec::mls::MLSMessage = it.public.clone().into();
            let plaintext = message.to_bytes()?;
            it.seal(LABEL, b"", &plaintext)
        },
    ),
    ("another content type outside", "it is that of the PublicMessage", MESSAGE, |it| {
        it.message.content_type = mimi_codec::mls::ContentType::Commit;
        Ok(())
    }),
    ("other authenticated data outside", "it is that of the PublicMessage", MESSAGE, |it| {
        it.message.authenticated_data = "other".into();
        Ok(())
    }),
    ("another epoch outside", "it is the group's", MESSAGE, |it| {
        it.message.epoch = EPOCH.wrapping_add(1);
        Ok(())
    }),
    ("another group outside", "it is the group", MESSAGE, |it| {
        it.message.group_id = "another".into();
        Ok(())
    }),
    ("a member's proposal inside", "members have PrivateMessage", MESSAGE, |it| {
        let leaf = leaf_node(&it.suite, &mut it.stream)?.1;
        let number = it.suite.parameters().cipher_suite;
        it.public = public_message(&leaf, number, Sender::Member { leaf_index: 1 }, EPOCH)?;
        let plaintext = it.public.to_bytes()?;
        it.seal(LABEL, b"", &plaintext)
    }),
    ("a PublicMessage of another epoch inside", "it is that of the outer message", MESSAGE, |it| {
        let leaf = leaf_node(&it.suite, &mut it.stream)?.1;
        let number = it.suite.parameters().cipher_suite;
        let sender = Sender::NewMemberProposal {};
        it.public = public_message(&leaf, number, sender, EPOCH.wrapping_add(1))?;
        let plaintext = it.public.to_bytes()?;
        it.seal(LABEL, b"", &plaintext)
    }),
];

pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let mut cases = Vec::new();
    for number in CLASSICAL_SUITES {
        for (name, reason, refused, spoil) in BUGS {
            let name = format!("suite {}: {name}", number.value());
            let mut of = Scene::new(seed, &name, number, Sender::NewMemberProposal {})?;
            spoil(&mut of)?;
            cases.push(Invalid { case: of.write(GeneratedCase::invalid(&name, reason))?, refused });
        }
    }
    Ok(cases)
}
