//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::{format, vec::Vec};

use mimi_codec::{
    Encode,
    code_points::CipherSuite,
    leaf_operation::{LeafOperationIntent, RemovalMode},
    mls::{
        Capabilities, Credential, Extensions, HPKEPublicKey, HashReference, LeafNode, LeafNodeSelect,
        Lifetime,
    },
};
use mimi_crypto::{
    CipherSuiteProvider, RustCrypto, SignaturePrivateKey, leaf_node_ref, ref_hash,
    sign_leaf_operation_intent, sign_with_label,
};

use crate::file_format::{CLASSICAL_SUITES, GenerateError, GeneratedCase, Seed, Stream, suites};
use crate::kind::judgement::Invalid;

type Made<T> = Result<T, GenerateError>;

const GROUP: &[u8] = b"mimi://hub.example/g/clubhouse";

/// A leaf and its signature key. Its own signature is no part of what is shown.
pub(in crate::kind) fn leaf_node(
    suite: &RustCrypto,
    stream: &mut Stream,
) -> Made<(SignaturePrivateKey, LeafNode)> {
    let private_key = suite.generate_signature_key(stream)?;
    let signing_key = suite.signing_key(&private_key)?;
    let leaf = LeafNode {
        encryption_key: HPKEPublicKey::from(stream.bytes(suite.parameters().hpke_public_key)),
        signature_key: suite.signature_public_key(&signing_key),
        credential: Credential::Basic { identity: "mimi://a.example/d/alice-phone".into() },
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::KeyPackage { lifetime: Lifetime { not_before: 0, not_after: 9 } },
        extensions: Extensions::default(),
        signature: "signature of the LeafNode".into(),
    };
    Ok((private_key, leaf))
}

struct Scene {
    suite: RustCrypto,
    stream: Stream,
    leaf_index: u32,
    private_key: SignaturePrivateKey,
    leaf: Option<LeafNode>,
    reference: HashReference,
    intent: LeafOperationIntent,
}

impl Scene {
    fn new(seed: &Seed, name: &str, number: CipherSuite, leaf_index: u32, mode: RemovalMode) -> Made<Self> {
        let suite = RustCrypto::new(number)?;
        let mut stream = Stream::new(seed, "leaf-operation-intent", name);
        let (private_key, leaf) = leaf_node(&suite, &mut stream)?;
        let signing_key = suite.signing_key(&private_key)?;
        let place = (leaf_index, &leaf);
        let intent = sign_leaf_operation_intent(&suite, &signing_key, GROUP, place, mode, &mut stream)?;
        let reference = leaf_node_ref(&suite, &leaf)?;
        Ok(Self { suite, stream, leaf_index, private_key, leaf: Some(leaf), reference, intent })
    }

    /// Signs what the intent says now, under any label.
    fn sign(&mut self, label: &[u8]) -> Made<()> {
        let key = self.suite.signing_key(&self.private_key)?;
        let tbs = self.intent.tbs().to_bytes()?;
        let signature = sign_with_label(&self.suite, &key, label, &tbs, &mut self.stream)?;
        self.intent.signature = signature.into();
        Ok(())
    }

    fn write(&self, case: GeneratedCase) -> Made<GeneratedCase> {
        let leaf = match &self.leaf {
            Some(leaf) => format!("\"{}\"", hex::encode(leaf.to_bytes()?)),
            None => "null".into(),
        };
        Ok(case
            .json_member("cipher_suite", format!("{}", self.suite.parameters().cipher_suite.value()))
            .hex("group_id", GROUP)
            .json_member("leaf_index", format!("{}", self.leaf_index))
            .json_member("leaf_node", leaf)
            .hex("signature_private_key", self.private_key.expose())
            .hex("leaf_node_ref", &self.reference)
            .hex("leaf_operation_intent", &self.intent.to_bytes()?))
    }
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    for number in suites() {
        for (of, leaf_index, mode) in [
            ("the sender leaves", 0, RemovalMode::SenderRemovalOnly),
            ("all clients of a user leave", u32::MAX, RemovalMode::RemoveAssociatedMembers),
        ] {
            let name = format!("suite {}: {of}", number.value());
            let scene = Scene::new(seed, &name, number, leaf_index, mode)?;
            cases.push(scene.write(GeneratedCase::new(&name))?);
        }
    }
    Ok(cases)
}

/// The name, why, the field that is refused, and what is done to a case.
type Bug = (&'static str, &'static str, &'static str, fn(&mut Scene) -> Made<()>);

const INTENT: &str = "leaf_operation_intent";
const TBS: &[u8] = b"LeafOperationIntentTBS";

const BUGS: &[Bug] = &[
    ("an intent of another group", "the intent names the group", INTENT, |it| {
        it.intent.group_id = "another".into();
        it.sign(TBS)
    }),
    ("a blank leaf", "no member is at the leaf any more", INTENT, |it| {
        it.leaf = None;
        Ok(())
    }),
    ("another leaf", "the intent names the leaf", INTENT, |it| {
        it.intent.sender_index = 6;
        it.sign(TBS)
    }),
    ("a leaf that has changed", "the intent holds while the LeafNode is unchanged", INTENT, |it| {
        let key = it.stream.bytes(it.suite.parameters().hpke_public_key);
        if let Some(leaf) = &mut it.leaf {
            leaf.encryption_key = HPKEPublicKey::from(key);
            it.reference = leaf_node_ref(&it.suite, leaf)?;
        }
        Ok(())
    }),
    ("another removal mode", "the signature covers the mode", INTENT, |it| {
        it.intent.removal_mode = RemovalMode::RemoveAssociatedMembers;
        Ok(())
    }),
    ("mistake: signed under another label", "the label is LeafOperationIntentTBS", INTENT, |it| {
        it.sign(b"LeafOperationIntent")
    }),
    (
        "mistake: a reference without the label of LeafNodes",
        "the label is \"MLS 1.0 LeafNode Reference\"",
        "leaf_node_ref",
        |it| {
            if let Some(leaf) = &it.leaf {
                let label = b"MLS 1.0 KeyPackage Reference";
                it.reference = ref_hash(&it.suite, label, &leaf.to_bytes()?)?;
            }
            it.intent.sender_leaf_ref = it.reference.clone();
            it.sign(TBS)
        },
    ),
    ("a signature of another key", "the key is that of the leaf", INTENT, |it| {
        it.private_key = it.suite.generate_signature_key(&mut it.stream)?;
        it.sign(TBS)
    }),
];

pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let mut cases = Vec::new();
    for number in CLASSICAL_SUITES {
        for (name, reason, refused, spoil) in BUGS {
            let name = format!("suite {}: {name}", number.value());
            let mut of = Scene::new(seed, &name, number, 5, RemovalMode::SenderRemovalOnly)?;
            spoil(&mut of)?;
            cases.push(Invalid { case: of.write(GeneratedCase::invalid(&name, reason))?, refused });
        }
    }
    Ok(cases)
}
