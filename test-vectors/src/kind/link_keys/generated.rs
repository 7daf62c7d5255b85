//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use mimi_codec::{
    ClientUri, DnsNameRef, Encode, List, Opaque, UserUri,
    code_points::{CipherSuite, ComponentID},
    extensions::{AppDataUpdate, AppDataUpdateSelect, SafeAAD, SafeAADItem},
    minimal_metadata::{
        AddAAD, EncryptedIdentityLinkKey, IdentityLinkKeysData, IdentityLinkKeysUpdate, LeafKey,
        NonceAndCiphertext,
    },
    mls::{
        Add, Capabilities, Credential, Extensions, KeyPackage, LeafNode, LeafNodeSelect, Mls10, Proposal,
        Remove,
    },
    protocol::{PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::{CipherSuiteProvider, ExporterTree, RustCrypto, Secret, expand_with_label};
use mimi_pseudonym::{
    CommitContent, ConnectionKey, JudgedCommit, LinkKeys, PseudonymError, RealClient, RoomLeaves, SealedRoom,
    WrapperKeyRule, issue_pseudonymous_credential, random_client_pseudonym, random_user_pseudonym,
    rotation::epoch_wrapper_key,
};
use serde_json::{Value, json};

use super::sender;
use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream, suites};
use crate::kind::judgement::{Invalid, edit, flip, shorten, spoiled};

type Made<T> = Result<T, GenerateError>;

/// A room of leaves 0 and 4 (Alice's phone and tablet), 2 (Bob) and 3 (Carol, who shows her
/// identity to no member); leaf 1 is blank. And a commit in it.
struct Scene {
    suite: RustCrypto,
    stream: Stream,
    rule: WrapperKeyRule,
    pending: bool,
    leaves: Vec<Option<PseudonymousCredential>>,
    keys: Vec<Option<EncryptedIdentityLinkKey>>,
    committer: Option<u32>,
    proposals: Vec<(Option<u32>, Proposal)>,
    path: Option<LeafNode>,
    add_aad: Option<Vec<EncryptedIdentityLinkKey>>,
}

impl Scene {
    fn new(seed: &Seed, name: &str, number: CipherSuite) -> Made<Self> {
        let suite = RustCrypto::new(number)?;
        let stream = Stream::new(seed, "link-keys", name);
        let mut scene = Self {
            suite,
            stream,
            rule: WrapperKeyRule::Static,
            pending: false,
            leaves: Vec::new(),
            keys: Vec::new(),
            committer: Some(0),
            proposals: Vec::new(),
            path: None,
            add_aad: None,
        };
        let (phone, bob) = (scene.credential()?, scene.credential()?);
        let carol =
            PseudonymousCredential { identity_link_ciphertext: Opaque::default(), ..scene.credential()? };
        let tablet =
            PseudonymousCredential { user_pseudonym: phone.user_pseudonym.clone(), ..scene.credential()? };
        scene.keys = vec![Some(scene.key()?), None, Some(scene.key()?), None, Some(scene.key()?)];
        scene.leaves = vec![Some(phone), None, Some(bob), Some(carol), Some(tablet)];
        Ok(scene)
    }

    /// Of a new user. Its link opens for no member: neither hub nor members open it to judge a
    /// commit.
    fn credential(&mut self) -> Made<PseudonymousCredential> {
        let provider = DnsNameRef::parse("a.example").map_err(PseudonymError::from)?;
        let tbs = PseudonymousCredentialTBS {
            client_pseudonym: random_client_pseudonym(provider, &mut self.stream)?,
            user_pseudonym: random_user_pseudonym(provider, &mut self.stream)?,
            signature_public_key: self.stream.bytes(32).into(),
        };
        let link = self.sealed(40)?;
        Ok(tbs.with_identity_link(link.into()))
    }

    fn sealed(&mut self, plaintext: usize) -> Made<Vec<u8>> {
        let nonce = self.stream.bytes(self.suite.parameters().nn).into();
        let ciphertext = self.stream.bytes(plaintext.saturating_add(16)).into();
        Ok(NonceAndCiphertext { nonce, ciphertext }.to_bytes()?)
    }

    /// A wrapped key, by its length.
    fn key(&mut self) -> Made<EncryptedIdentityLinkKey> {
        let ciphertext = self.sealed(self.suite.parameters().nh)?.into();
        Ok(EncryptedIdentityLinkKey { ciphertext })
    }

    fn leaf(&self, leaf_index: usize) -> Made<PseudonymousCredential> {
        let leaf = self.leaves.get(leaf_index).cloned().flatten();
        leaf.ok_or_else(|| GenerateError::Defect(format!("leaf {leaf_index} is blank")))
    }

    fn propose(&mut self, proposal: Proposal) {
        self.proposals.push((self.committer, proposal));
    }

    fn add(&mut self, credential: &PseudonymousCredential) {
        let key_package = KeyPackage {
            version: Mls10,
            cipher_suite: self.suite.parameters().cipher_suite,
            init_key: Vec::new().into(),
            leaf_node: leaf_node(credential),
            extensions: Extensions::default(),
            signature: Opaque::default(),
        };
        self.propose(Proposal::Add(Box::new(Add { key_package })));
    }

    fn remove(&mut self, removed: u32) {
        self.propose(Proposal::Remove(Remove { removed }));
    }

    fn update(&mut self, set: &[(u32, &EncryptedIdentityLinkKey)], removed: &[u32]) -> Made<()> {
        let set =
            set.iter().map(|(leaf_index, key)| LeafKey { leaf_index: *leaf_index, key: (*key).clone() });
        let update = IdentityLinkKeysUpdate::new(List::new(set.collect())?, List::new(removed.to_vec())?)?;
        self.update_component(AppDataUpdateSelect::Update { update: update.to_bytes()?.into() });
        Ok(())
    }

    fn update_component(&mut self, op: AppDataUpdateSelect) {
        let component_id = ComponentID::IDENTITY_LINK_KEYS;
        self.propose(Proposal::AppDataUpdate(AppDataUpdate { component_id, op }));
    }

    /// A client of a new user is added at leaf 1, as it should be.
    fn add_one(&mut self) -> Made<()> {
        let (credential, key) = (self.credential()?, self.key()?);
        self.add(&credential);
        self.update(&[(1, &key)], &[])?;
        self.add_aad = Some(vec![key]);
        Ok(())
    }

    fn safe_aad(&self) -> Made<SafeAAD> {
        let mut items = Vec::new();
        if let Some(keys) = &self.add_aad {
            let aad = AddAAD { identity_link_key_ciphertexts: keys.clone() }.to_bytes()?;
            let component_id = ComponentID::IDENTITY_LINK_KEYS;
            items.push(SafeAADItem { component_id, aad_item_data: aad.into() });
        }
        Ok(SafeAAD { aad_items: List::new(items)? })
    }

    fn judged(&self) -> Made<Result<JudgedCommit, PseudonymError>> {
        let leaves = RoomLeaves::new(self.leaves.clone())?;
        let data = IdentityLinkKeysData { identity_link_key_ciphertexts: self.keys.clone() };
        let mut room = SealedRoom::new(leaves.clone(), LinkKeys::new(data, &leaves)?, self.rule);
        if self.pending {
            room = room.with_pending_rotation();
        }
        let proposals: Vec<_> = self.proposals.iter().map(|(by, it)| (it, sender(*by))).collect();
        let proposals: Vec<_> = proposals.iter().map(|(it, sender)| (*it, sender)).collect();
        let commit = CommitContent {
            group_id: &Opaque::default(),
            epoch: 0,
            committer: &sender(self.committer),
            proposals: &proposals,
            path: self.path.as_ref(),
            safe_aad: &self.safe_aad()?,
        };
        Ok(room.judge(&self.suite, &commit))
    }

    fn write(&self, case: GeneratedCase, after: Option<&JudgedCommit>) -> Made<GeneratedCase> {
        let data = IdentityLinkKeysData { identity_link_key_ciphertexts: self.keys.clone() };
        let bytes = |it: &dyn Fn() -> Result<Vec<u8>, mimi_codec::EncodeError>| it().map(hex::encode);
        let leaves = self.leaves.iter().map(|leaf| leaf.as_ref().map(|leaf| bytes(&|| leaf.to_bytes())));
        let leaves: Vec<Option<String>> = leaves.map(Option::transpose).collect::<Result<_, _>>()?;
        let mut proposals = Vec::new();
        for (by, proposal) in &self.proposals {
            proposals.push(json!([by, bytes(&|| proposal.to_bytes())?]));
        }
        let rule = match self.rule {
            WrapperKeyRule::Static => "static",
            WrapperKeyRule::ChangesWithRemovals => "changes_with_removals",
        };
        let path = self.path.as_ref().map(|path| bytes(&|| path.to_bytes())).transpose()?;
        let mut case = case
            .text("what", "commit")
            .json_member("cipher_suite", format!("{}", self.suite.parameters().cipher_suite.value()))
            .text("rule", rule)
            .json_member("rotation_pending", format!("{}", self.pending))
            .json_member("leaves", json!(leaves).to_string())
            .hex("link_keys", &data.to_bytes()?)
            .json_member("committer", json!(self.committer).to_string())
            .json_member("proposals", Value::from(proposals).to_string())
            .json_member("path", json!(path).to_string())
            .hex("safe_aad", &self.safe_aad()?.to_bytes()?);
        if let Some(after) = after.map(JudgedCommit::after) {
            case = case
                .hex("link_keys_after", &after.link_keys().data().to_bytes()?)
                .json_member("rotation_pending_after", format!("{}", after.is_rotation_pending()));
        }
        Ok(case)
    }
}

fn leaf_node(credential: &PseudonymousCredential) -> LeafNode {
    LeafNode {
        encryption_key: Vec::new().into(),
        signature_key: credential.signature_public_key.clone(),
        credential: Credential::Pseudonymous(credential.clone()),
        capabilities: Capabilities::default(),
        leaf_node_source: LeafNodeSelect::Update {},
        extensions: Extensions::default(),
        signature: Opaque::default(),
    }
}

type Act = fn(&mut Scene) -> Made<()>;

/// Commits that are accepted, in every suite.
const IN_EVERY_SUITE: &[(&str, Act)] = &[
    ("commit: a client is added", Scene::add_one),
    ("commit: a client is removed", |it| {
        it.remove(2);
        it.update(&[], &[2])
    }),
];

const IN_SUITE_1: &[(&str, Act)] = &[
    ("commit: nothing changes", |_| Ok(())),
    ("commit: two clients are added, at the blank leaf and behind the others", |it| {
        let (one, other) = (it.credential()?, it.credential()?);
        let (first, second) = (it.key()?, it.key()?);
        it.add(&one);
        it.add(&other);
        it.update(&[(1, &first), (5, &second)], &[])?;
        it.add_aad = Some(vec![first, second]);
        Ok(())
    }),
    ("commit: a client without a link is added, with an empty key", |it| {
        let credential =
            PseudonymousCredential { identity_link_ciphertext: Opaque::default(), ..it.credential()? };
        it.add(&credential);
        it.add_aad = Some(vec![EncryptedIdentityLinkKey { ciphertext: Opaque::default() }]);
        Ok(())
    }),
    ("commit: a client without a link is added, and no key", |it| {
        let credential =
            PseudonymousCredential { identity_link_ciphertext: Opaque::default(), ..it.credential()? };
        it.add(&credential);
        Ok(())
    }),
    ("commit: a client lands where another is removed", |it| {
        it.committer = Some(2);
        it.remove(0);
        let (credential, key) = (it.credential()?, it.key()?);
        it.add(&credential);
        it.update(&[(0, &key)], &[])?;
        it.add_aad = Some(vec![key]);
        Ok(())
    }),
    ("commit: a joiner from outside", |it| {
        it.committer = None;
        let (credential, key) = (it.credential()?, it.key()?);
        it.path = Some(leaf_node(&credential));
        it.update(&[(1, &key)], &[])?;
        it.add_aad = Some(vec![key]);
        Ok(())
    }),
    ("commit: a client of a user who is present, added by that user", |it| {
        let user_pseudonym = it.leaf(0)?.user_pseudonym;
        let credential = PseudonymousCredential { user_pseudonym, ..it.credential()? };
        let key = it.key()?;
        it.add(&credential);
        it.update(&[(1, &key)], &[])?;
        it.add_aad = Some(vec![key]);
        Ok(())
    }),
    ("commit: a member sets its own key", |it| {
        let key = it.key()?;
        it.update(&[(0, &key)], &[])
    }),
    ("commit: a member renews its credential", |it| {
        let signature_public_key = it.stream.bytes(32).into();
        let credential = PseudonymousCredential { signature_public_key, ..it.leaf(0)? };
        it.path = Some(leaf_node(&credential));
        let key = it.key()?;
        it.update(&[(0, &key)], &[])
    }),
    ("commit: two updates, of which the later one holds", |it| {
        let (credential, first, second) = (it.credential()?, it.key()?, it.key()?);
        it.add(&credential);
        it.update(&[(1, &first)], &[])?;
        it.update(&[(1, &second)], &[])?;
        it.add_aad = Some(vec![second]);
        Ok(())
    }),
    ("rotation: a removal begins it", |it| {
        it.rule = WrapperKeyRule::ChangesWithRemovals;
        it.remove(2);
        it.update(&[], &[2])
    }),
    ("rotation: another removal begins it anew", |it| {
        it.rule = WrapperKeyRule::ChangesWithRemovals;
        it.pending = true;
        it.remove(2);
        it.update(&[], &[2])
    }),
    ("rotation: all keys under the new wrapper key end it", |it| {
        it.rule = WrapperKeyRule::ChangesWithRemovals;
        it.pending = true;
        let keys = [it.key()?, it.key()?, it.key()?];
        let [first, second, third] = &keys;
        it.update(&[(0, first), (2, second), (4, third)], &[])
    }),
    ("rotation: a client is added while none is pending", |it| {
        it.rule = WrapperKeyRule::ChangesWithRemovals;
        it.add_one()
    }),
];

/// A commit that is refused: its name, why, by which error, and what it does.
type Bug = (&'static str, &'static str, fn(&PseudonymError) -> bool, Act);

macro_rules! error {
    ($variant:ident) => {
        |error| matches!(error, PseudonymError::$variant { .. })
    };
}

const BUGS: &[Bug] = &[
    ("commit: AddAAD is absent", "the added client's key is in the AddAAD, too", error!(AddAadCount), |it| {
        it.add_one()?;
        it.add_aad = None;
        Ok(())
    }),
    ("commit: AddAAD has a key too many", "one key for each Add proposal", error!(AddAadCount), |it| {
        it.add_one()?;
        let key = it.key()?;
        it.add_aad.as_mut().into_iter().for_each(|keys| keys.push(key.clone()));
        Ok(())
    }),
    ("commit: AddAAD without an Add", "one key for each Add proposal", error!(AddAadCount), |it| {
        it.add_aad = Some(vec![it.key()?]);
        Ok(())
    }),
    (
        "commit: AddAAD in another order",
        "the order is that of the Add proposals",
        error!(AddAadMismatch),
        |it| {
            let (one, other) = (it.credential()?, it.credential()?);
            let (first, second) = (it.key()?, it.key()?);
            it.add(&one);
            it.add(&other);
            it.update(&[(1, &first), (5, &second)], &[])?;
            it.add_aad = Some(vec![second, first]);
            Ok(())
        },
    ),
    ("commit: AddAAD and update differ", "both places have the same key", error!(AddAadMismatch), |it| {
        it.add_one()?;
        it.add_aad = Some(vec![it.key()?]);
        Ok(())
    }),
    ("commit: AddAAD without an update", "both places have the key", error!(AddAadMismatch), |it| {
        let credential = it.credential()?;
        it.add(&credential);
        it.add_aad = Some(vec![it.key()?]);
        Ok(())
    }),
    (
        "commit: AddAAD is empty and the update is not",
        "both places have the same key",
        error!(AddAadMismatch),
        |it| {
            it.add_one()?;
            it.add_aad = Some(vec![EncryptedIdentityLinkKey { ciphertext: Opaque::default() }]);
            Ok(())
        },
    ),
    ("commit: the key of a removed client stays", "keys go with their client", error!(StaleKey), |it| {
        it.remove(2);
        Ok(())
    }),
    (
        "commit: the key of a renewed credential stays",
        "keys go with their credential",
        error!(StaleKey),
        |it| {
            let signature_public_key = it.stream.bytes(32).into();
            let credential = PseudonymousCredential { signature_public_key, ..it.leaf(0)? };
            it.path = Some(leaf_node(&credential));
            Ok(())
        },
    ),
    (
        "commit: another's key is set",
        "a member sets the key of its own leaf only",
        error!(LeafUntouched),
        |it| {
            let key = it.key()?;
            it.update(&[(2, &key)], &[])
        },
    ),
    ("commit: another's key is removed", "keys go with their client", error!(LeafUntouched), |it| {
        it.update(&[], &[2])
    }),
    ("commit: the member's own key is removed", "keys go with their client", error!(LeafUntouched), |it| {
        it.update(&[], &[0])
    }),
    ("commit: a key is removed that is not there", "Carol has no key", error!(NoKeyToRemove), |it| {
        it.remove(3);
        it.update(&[], &[3])
    }),
    ("commit: a key for a blank leaf", "no client is there", error!(UnknownLeaf), |it| {
        let key = it.key()?;
        it.update(&[(1, &key)], &[])
    }),
    ("commit: a blank leaf is removed", "no client is there", error!(UnknownLeaf), |it| {
        it.remove(1);
        Ok(())
    }),
    (
        "commit: a key for a client without a link",
        "there is nothing to open",
        error!(KeyWithoutIdentityLink),
        |it| {
            it.committer = Some(3);
            let key = it.key()?;
            it.update(&[(3, &key)], &[])
        },
    ),
    ("commit: a key of another length", "KDF.Nh bytes and a tag", error!(WrappedKeyLength), |it| {
        let ciphertext = it.sealed(it.suite.parameters().nh.saturating_add(1))?.into();
        it.update(&[(0, &EncryptedIdentityLinkKey { ciphertext })], &[])
    }),
    ("commit: a client under another's pseudonym", "Bob has not added it", error!(NoConsent), |it| {
        let user_pseudonym = it.leaf(2)?.user_pseudonym;
        let (credential, key) = (PseudonymousCredential { user_pseudonym, ..it.credential()? }, it.key()?);
        it.add(&credential);
        it.update(&[(1, &key)], &[])?;
        it.add_aad = Some(vec![key]);
        Ok(())
    }),
    ("commit: a joiner under another's pseudonym", "no leaf of it has consented", error!(NoConsent), |it| {
        it.committer = None;
        let user_pseudonym = it.leaf(2)?.user_pseudonym;
        let (credential, key) = (PseudonymousCredential { user_pseudonym, ..it.credential()? }, it.key()?);
        it.path = Some(leaf_node(&credential));
        it.update(&[(1, &key)], &[])?;
        it.add_aad = Some(vec![key]);
        Ok(())
    }),
    (
        "commit: a joiner removes another's leaf",
        "a joiner removes its own leaves only",
        error!(NotOwnLeaf),
        |it| {
            it.committer = None;
            it.remove(2);
            let (credential, key) = (it.credential()?, it.key()?);
            it.path = Some(leaf_node(&credential));
            it.update(&[(1, &key)], &[2])?;
            it.add_aad = Some(vec![key]);
            Ok(())
        },
    ),
    ("commit: a leaf becomes another client", "a leaf keeps its pseudonyms", error!(IdentityChanged), |it| {
        let (credential, key) = (it.credential()?, it.key()?);
        it.path = Some(leaf_node(&credential));
        it.update(&[(0, &key)], &[])
    }),
    ("commit: a client pseudonym twice", "a client has one leaf", error!(RepeatedClientPseudonym), |it| {
        let client_pseudonym = it.leaf(2)?.client_pseudonym;
        let (credential, key) = (PseudonymousCredential { client_pseudonym, ..it.credential()? }, it.key()?);
        it.add(&credential);
        it.update(&[(1, &key)], &[])?;
        it.add_aad = Some(vec![key]);
        Ok(())
    }),
    (
        "commit: a leaf that signs with another key",
        "it is the credential's",
        error!(SignatureKeyMismatch),
        |it| {
            let credential = it.leaf(0)?;
            let signature_key = it.stream.bytes(32).into();
            it.path = Some(LeafNode { signature_key, ..leaf_node(&credential) });
            Ok(())
        },
    ),
    (
        "commit: a leaf with its real credential",
        "every leaf is pseudonymous",
        error!(NotPseudonymous),
        |it| {
            let credential = Credential::Basic { identity: "mimi://a.example/d/alice-phone".into() };
            it.path = Some(LeafNode { credential, ..leaf_node(&it.leaf(0)?) });
            Ok(())
        },
    ),
    ("commit: the component is removed", "the room would be another", error!(LinkKeysRemoved), |it| {
        it.update_component(AppDataUpdateSelect::Remove {});
        Ok(())
    }),
    ("commit: a byte behind the update", "it is an IdentityLinkKeysUpdate", error!(Decode), |it| {
        it.update_component(AppDataUpdateSelect::Update { update: vec![0, 0, 0].into() });
        Ok(())
    }),
    (
        "rotation: a client is added while one is pending",
        "removed members have the key",
        error!(RotationPending),
        |it| {
            it.rule = WrapperKeyRule::ChangesWithRemovals;
            it.pending = true;
            it.add_one()
        },
    ),
    (
        "rotation: a removal and an addition in one commit",
        "removed members have the key",
        error!(RotationPending),
        |it| {
            it.rule = WrapperKeyRule::ChangesWithRemovals;
            it.committer = Some(2);
            it.remove(0);
            let (credential, key) = (it.credential()?, it.key()?);
            it.add(&credential);
            it.update(&[(0, &key)], &[])?;
            it.add_aad = Some(vec![key]);
            Ok(())
        },
    ),
    (
        "rotation: one key is left under the old wrapper key",
        "all keys are wrapped anew",
        error!(RewrapMismatch),
        |it| {
            it.rule = WrapperKeyRule::ChangesWithRemovals;
            it.pending = true;
            let keys = [it.key()?, it.key()?];
            let [first, second] = &keys;
            it.update(&[(0, first), (2, second)], &[])
        },
    ),
    ("rotation: a room that did not agree to it", "others' keys are not set", error!(LeafUntouched), |it| {
        let keys = [it.key()?, it.key()?, it.key()?];
        let [first, second, third] = &keys;
        it.update(&[(0, first), (2, second), (4, third)], &[])
    }),
];

fn root(error: &PseudonymError) -> &PseudonymError {
    match error {
        PseudonymError::Leaf { error, .. } => error,
        error => error,
    }
}

fn name(number: CipherSuite, of: &str) -> String {
    format!("{of}, suite {}", number.value())
}

const GROUP: &[u8] = b"mimi://a.example/g/clubhouse";

/// The members of a case of a wrapper key.
fn wrapper_key(seed: &Seed, number: CipherSuite) -> Made<Value> {
    let suite = RustCrypto::new(number)?;
    let mut stream = Stream::new(seed, "link-keys", &name(number, "wrapper key"));
    let secret = Secret::new(&suite, stream.bytes(suite.parameters().nh))?;
    let mut tree = ExporterTree::from_epoch_secret(&suite, &secret)?;
    let exported = tree.safe_export_secret(&suite, ComponentID::IDENTITY_LINK_KEYS)?;
    let epoch = 7;
    let key = epoch_wrapper_key(&suite, &exported, &GROUP.into(), epoch)?;
    Ok(json!({
        "what": "wrapper_key",
        "cipher_suite": number.value(),
        "epoch_secret": hex::encode(secret.expose()),
        "group_id": hex::encode(GROUP),
        "epoch": epoch,
        "component_secret": hex::encode(exported.expose()),
        "identity_link_wrapper_key": hex::encode(key.expose()),
    }))
}

/// What another formula would make of the members of a case of a wrapper key.
fn misread(members: &mut Value, number: CipherSuite, context: &[u8]) -> Made<()> {
    let suite = RustCrypto::new(number)?;
    let text = members.get("component_secret").and_then(Value::as_str).unwrap_or_default();
    let secret = Secret::new(&suite, hex::decode(text).unwrap_or_default())?;
    let nh = suite.parameters().nh;
    let key = expand_with_label(&suite, &secret, b"IdentityLinkEpochWrapperKey", context, nh)?;
    edit(members, "identity_link_wrapper_key", |bytes| *bytes = key.expose().to_vec());
    Ok(())
}

/// The members of a case of a connection key, and the new one that Alice sends. What becomes of it
/// is left out.
fn connection_key(seed: &Seed, number: CipherSuite) -> Made<(Value, Vec<u8>)> {
    let suite = RustCrypto::new(number)?;
    let mut stream = Stream::new(seed, "link-keys", &name(number, "connection key"));
    let provider = DnsNameRef::parse("a.example").map_err(PseudonymError::from)?;
    let (current, before) =
        (ConnectionKey::generate(&suite, &mut stream), stream.bytes(suite.parameters().nh));
    let private_key = suite.generate_signature_key(&mut stream)?;
    let signing_key = suite.signing_key(&private_key)?;
    let room_key = suite.signing_key(&suite.generate_signature_key(&mut stream)?)?;
    let tbs = PseudonymousCredentialTBS {
        client_pseudonym: random_client_pseudonym(provider, &mut stream)?,
        user_pseudonym: random_user_pseudonym(provider, &mut stream)?,
        signature_public_key: suite.signature_public_key(&room_key),
    };
    let credential = Credential::Basic { identity: PHONE.as_bytes().into() };
    let user = UserUri::new(ALICE.as_bytes()).map_err(|error| GenerateError::Defect(format!("{error}")))?;
    let client =
        ClientUri::new(PHONE.as_bytes()).map_err(|error| GenerateError::Defect(format!("{error}")))?;
    let real =
        RealClient { user: &user, client: &client, credential: &credential, signing_key: &signing_key };
    let link_key = current.identity_link_key(&suite, &tbs)?;
    let issued = issue_pseudonymous_credential(&suite, tbs, real, &current, &mut stream)?;
    let new = stream.bytes(suite.parameters().nh);
    let members = json!({
        "what": "connection_key",
        "cipher_suite": number.value(),
        "user": ALICE,
        "connection_key": hex::encode(current.expose()),
        "previous_connection_key": hex::encode(before.as_slice()),
        "retired": [fingerprint(&suite, &before)?],
        "sender_user": ALICE,
        "sender_client": PHONE,
        "sender_client_credential": hex::encode(credential.to_bytes()?),
        "sender_signature_public_key": hex::encode(&*suite.signature_public_key(&signing_key)),
        "sender_credential": hex::encode(issued.to_bytes()?),
        "sender_identity_link_key": hex::encode(link_key.expose()),
        "message": hex::encode(message(&new)?),
    });
    Ok((members, new))
}

const ALICE: &str = "mimi://a.example/u/alice";
const PHONE: &str = "mimi://a.example/d/alice-phone";

/// A ConnectionResponse: one `opaque<V>`.
fn message(key: &[u8]) -> Made<Vec<u8>> {
    Ok(Opaque::from(key).to_bytes()?)
}

fn fingerprint(suite: &RustCrypto, key: &[u8]) -> Made<String> {
    let secret = Secret::new(suite, key)?;
    Ok(hex::encode(expand_with_label(suite, &secret, b"ConnectionKeyFingerprint", b"", 16)?.expose()))
}

fn member(members: &Value, name: &str) -> Made<Vec<u8>> {
    let text = members.get(name).and_then(Value::as_str).unwrap_or_default();
    hex::decode(text).map_err(|error| GenerateError::Defect(format!("{name}: {error}")))
}

fn set(members: &mut Value, name: &str, value: Value) {
    if let Some(members) = members.as_object_mut() {
        members.insert(name.into(), value);
    }
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    let acts = suites().flat_map(|number| IN_EVERY_SUITE.iter().map(move |act| (number, act)));
    for (number, (of, act)) in acts.chain(IN_SUITE_1.iter().map(|act| (CipherSuite(1), act))) {
        let name = name(number, of);
        let mut scene = Scene::new(seed, &name, number)?;
        act(&mut scene)?;
        let judged = scene.judged()?.map_err(|error| GenerateError::Defect(format!("{name}: {error}")))?;
        cases.push(scene.write(GeneratedCase::new(&name), Some(&judged))?);
    }
    for number in suites() {
        let suite = RustCrypto::new(number)?;
        let made = GeneratedCase::new(&name(number, "wrapper key: of an epoch"));
        cases.push(made.members(&wrapper_key(seed, number)?));

        let (mut members, new) = connection_key(seed, number)?;
        let (current, before) =
            (member(&members, "connection_key")?, member(&members, "previous_connection_key")?);
        let mut same = members.clone();
        let mut retired = vec![fingerprint(&suite, &before)?, fingerprint(&suite, &current)?];
        retired.sort();
        set(&mut members, "connection_key_after", hex::encode(new).into());
        set(&mut members, "previous_connection_key_after", hex::encode(&current).into());
        set(&mut members, "retired_after", retired.into());
        cases.push(GeneratedCase::new(&name(number, "connection key: a new one")).members(&members));

        set(&mut same, "message", hex::encode(message(&current)?).into());
        set(&mut same, "connection_key_after", hex::encode(&current).into());
        set(&mut same, "previous_connection_key_after", hex::encode(&before).into());
        set(&mut same, "retired_after", vec![fingerprint(&suite, &before)?].into());
        cases.push(GeneratedCase::new(&name(number, "connection key: said twice")).members(&same));
    }
    Ok(cases)
}

pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let mut cases = Vec::new();
    let number = CipherSuite(1);
    for (of, reason, is_expected, act) in BUGS {
        let name = name(number, of);
        let mut scene = Scene::new(seed, &name, number)?;
        act(&mut scene)?;
        match scene.judged()? {
            Err(error) if is_expected(root(&error)) => {}
            other => return Err(GenerateError::Defect(format!("{name}: {other:?}"))),
        }
        let case = scene.write(GeneratedCase::invalid(&name, reason), None)?;
        cases.push(Invalid { case, refused: "proposals" });
    }
    for number in crate::file_format::CLASSICAL_SUITES {
        let honest = wrapper_key(seed, number)?;
        let epoch = 7_u64.to_be_bytes();
        let field = "identity_link_wrapper_key";
        let bare = |members: &mut Value| {
            let _ = misread(members, number, &[GROUP, &epoch].concat());
        };
        let swapped = |members: &mut Value| {
            let length = [u8::try_from(GROUP.len()).unwrap_or_default()];
            let _ = misread(members, number, &[&epoch[..], &length, GROUP].concat());
        };
        let prefix = format!("wrapper key, suite {}: ", number.value());
        cases.extend(spoiled(
            &honest,
            &prefix,
            &[
                ("a group ID without its length", "the context is EpochWrapperContext", field, &bare),
                ("the epoch before the group", "the context is EpochWrapperContext", field, &swapped),
                ("of another epoch", "each epoch has its own", field, &|it| set(it, "epoch", 8.into())),
                ("of another group", "each group has its own", field, &|it| flip(it, "group_id")),
                ("another component's secret", "component 0x8B01", "component_secret", &|it| {
                    flip(it, "component_secret");
                }),
                ("an epoch secret one byte short", "KDF.Nh bytes", "epoch_secret", &|it| {
                    shorten(it, "epoch_secret")
                }),
            ],
        ));

        let (honest, _) = connection_key(seed, number)?;
        let before = member(&honest, "previous_connection_key")?;
        let back = hex::encode(message(&before)?);
        let short = hex::encode(message(before.get(1..).unwrap_or_default())?);
        let forgotten = |members: &mut Value| {
            set(members, "previous_connection_key", Value::Null);
            set(members, "message", back.clone().into());
        };
        let prefix = format!("connection key, suite {}: ", number.value());
        cases.extend(spoiled(
            &honest,
            &prefix,
            &[
                ("from another user", "only the user itself has a new key", "message", &|it| {
                    set(it, "user", "mimi://a.example/u/bob".into());
                }),
                ("the one before", "an old message is sent again", "message", &|it| {
                    set(it, "message", back.clone().into());
                }),
                ("one that was retired and forgotten", "its fingerprint is kept", "message", &forgotten),
                ("one byte short", "KDF.Nh bytes", "message", &|it| set(it, "message", short.clone().into())),
                ("a byte behind the message", "it is a ConnectionResponse", "message", &|it| {
                    edit(it, "message", |bytes| bytes.push(0));
                }),
                (
                    "from a leaf that does not open",
                    "nothing shows who sends it",
                    "sender_credential",
                    &|it| {
                        flip(it, "sender_identity_link_key");
                    },
                ),
            ],
        ));
    }
    Ok(cases)
}
