//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use mimi_codec::{
    Encode, Opaque,
    code_points::CipherSuite,
    mls::HPKEPublicKey,
    virtual_clients::{PrivateMessageContext, RatchetType, VirtualClientOperationType as Type},
};
use mimi_crypto::{
    CipherSuiteProvider, EmulationEpoch, OperationSecret, RustCrypto, Secret, small_space_prp,
};
use serde_json::{Value, json};

use super::Drawn;
use crate::file_format::{CLASSICAL_SUITES, GenerateError, GeneratedCase, Seed, Stream, suites};
use crate::kind::judgement::Invalid;

type Made<T> = Result<T, GenerateError>;

/// The members of a case.
struct Members {
    suite: RustCrypto,
    exported: Vec<u8>,
    leaf_count: u32,
    epoch_id: Vec<u8>,
    secrets: [Vec<u8>; 4],
    operations: Vec<Value>,
    ids: Vec<Value>,
    guards: Vec<Value>,
    infos: Vec<Value>,
    prp: Vec<Value>,
}

const GROUP: &[u8] = b"mimi://hub.example/g/emulated";

fn operation_json(suite: &RustCrypto, of: &OperationSecret, kind: Type, context: &[u8]) -> Made<Value> {
    let text = |secret: Secret| hex::encode(secret.expose());
    Ok(json!({
        "operation_type": kind.value(), "leaf_index": of.leaf_index, "generation": of.generation,
        "operation_context": hex::encode(context),
        "operation_secret": hex::encode(of.secret().expose()),
        "signature_key_secret": text(of.signature_key_secret(suite)?),
        "encryption_key_secret": text(of.encryption_key_secret(suite)?),
        "init_key_secret": text(of.init_key_secret(suite)?),
        "path_generation_secret": text(of.path_generation_secret(suite)?),
    }))
}

fn members(number: CipherSuite, leaf_count: u32, stream: &mut Stream) -> Made<Members> {
    let suite = RustCrypto::new(number)?;
    let exported = stream.bytes(suite.parameters().nh);
    let secret = Secret::new(&suite, exported.clone())?;
    let mut epoch = EmulationEpoch::new(&suite, secret, leaf_count)?;
    let state = epoch.to_state();
    let base_secret = super::root(&state.operation_secret_tree).to_vec();
    let last = leaf_count.saturating_sub(1);

    let mut operations = Vec::new();
    let mut infos = Vec::new();
    // A generation that is skipped, and taken later; each of the ratchets; the outer leaves.
    for (kind, leaf, generation, context) in [
        (Type::KeyPackage, 0, 0, &b""[..]),
        (Type::LeafNode, last, 2, GROUP),
        (Type::LeafNode, last, 0, GROUP),
        (Type::Application, last / 2, 1, b"an application's own"),
        (Type::KeyPackage, 0, 1, b""),
        (Type::LeafNode, last, 3, GROUP),
    ] {
        let made = epoch.operation(&suite, leaf, kind, generation, context)?;
        operations.push(operation_json(&suite, &made, kind, context)?);
        if kind == Type::LeafNode {
            let (_, encryption_key) = suite.derive_hpke_key_pair(&made.encryption_key_secret(&suite)?)?;
            let info = epoch.seal_derivation_info(&suite, &encryption_key, &made)?;
            infos.push(info_json(&encryption_key, &made, &info.to_bytes()?));
        }
    }
    let mut ids = Vec::new();
    for (epoch_number, generation, ratchet_type) in
        [(0, 0, RatchetType::Application), (u64::MAX, u32::MAX, RatchetType::Handshake)]
    {
        let group_id = Opaque::from(GROUP);
        let context = PrivateMessageContext { group_id, epoch: epoch_number, generation, ratchet_type };
        ids.push(json!({
            "private_message_context": hex::encode(context.to_bytes()?),
            "generation_id": hex::encode(epoch.generation_id(&suite, &context)?),
        }));
    }
    let mut guards = Vec::new();
    for leaf in [0, last / 2, last] {
        let nonce = stream.bytes(suite.parameters().nn);
        let x = u32::from_be_bytes(stream.array()) & !last | leaf;
        let guard = epoch.reuse_guard(&suite, &nonce, leaf, &mut Drawn(x))?;
        guards.push(json!({
            "key_schedule_nonce": hex::encode(nonce), "leaf_index": leaf, "x": x,
            "reuse_guard": hex::encode(guard),
        }));
    }
    let mut prp = Vec::new();
    // Inputs whose bits and bytes read differently from both ends.
    for input in [0, 1, 0x8000_0000, 0x0102_0304, u32::MAX] {
        let key = stream.bytes(16);
        let output = small_space_prp::encrypt(&Secret::of_length(key.clone(), 16)?, input)?;
        prp.push(json!({"key": hex::encode(key), "input": input, "output": output}));
    }
    Ok(Members {
        suite,
        exported,
        leaf_count,
        epoch_id: state.epoch_id.to_vec(),
        secrets: [
            base_secret,
            state.epoch_encryption_key.expose().to_vec(),
            state.generation_id_secret.expose().to_vec(),
            state.reuse_guard_secret.expose().to_vec(),
        ],
        operations,
        ids,
        guards,
        infos,
        prp,
    })
}

fn info_json(encryption_key: &HPKEPublicKey, of: &OperationSecret, info: &[u8]) -> Value {
    json!({
        "encryption_key": hex::encode(encryption_key.as_slice()),
        "leaf_index": of.leaf_index, "generation": of.generation,
        "derivation_info": hex::encode(info),
    })
}

fn write(case: GeneratedCase, of: &Members) -> GeneratedCase {
    let list = |values: &[Value]| Value::from(values.to_vec()).to_string();
    let [base_secret, encryption_key, id_secret, guard_secret] = &of.secrets;
    case.json_member("cipher_suite", format!("{}", of.suite.parameters().cipher_suite.value()))
        .hex("emulator_epoch_secret", &of.exported)
        .json_member("leaf_count", format!("{}", of.leaf_count))
        .hex("epoch_id", &of.epoch_id)
        .hex("epoch_base_secret", base_secret)
        .hex("epoch_encryption_key", encryption_key)
        .hex("generation_id_secret", id_secret)
        .hex("reuse_guard_secret", guard_secret)
        .json_member("operations", list(&of.operations))
        .json_member("derivation_infos", list(&of.infos))
        .json_member("generation_ids", list(&of.ids))
        .json_member("reuse_guards", list(&of.guards))
        .json_member("small_space_prp", list(&of.prp))
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    for number in suites() {
        for leaf_count in [1, 8, 1 << 31] {
            let name = format!("suite {}: {leaf_count} leaves", number.value());
            let mut stream = Stream::new(seed, "virtual-client", &name);
            cases.push(write(GeneratedCase::new(&name), &members(number, leaf_count, &mut stream)?));
        }
    }
    Ok(cases)
}

/// The name, why, the field that is refused, and what is done to a case.
type Bug = (&'static str, &'static str, &'static str, fn(&mut Members) -> Made<()>);

/// Replaces a member of the object at a place of a list.
fn set(list: &mut [Value], place: usize, member: &str, value: impl Into<Value>) {
    if let Some(object) = list.get_mut(place).and_then(Value::as_object_mut) {
        object.insert(member.into(), value.into());
    }
}

fn swapped(list: &mut [Value], place: usize, member: &str) {
    let text: String = list.get(place).and_then(|it| it[member].as_str()).unwrap_or_default().into();
    let mut bytes = hex::decode(text).unwrap_or_default();
    bytes.reverse();
    set(list, place, member, hex::encode(bytes));
}

const BUGS: &[Bug] = &[
    ("a secret one byte short", "emulator_epoch_secret has KDF.Nh bytes", "emulator_epoch_secret", |it| {
        it.exported.pop();
        Ok(())
    }),
    ("7 leaves", "the number of leaves of a ratchet tree is a power of two", "leaf_count", |it| {
        it.leaf_count = 7;
        Ok(())
    }),
    ("a generation twice", "an operation secret is given out once", "operations.generation", |it| {
        let first = it.operations.first().cloned();
        it.operations.extend(first);
        Ok(())
    }),
    ("a leaf beyond the tree", "no emulator client has this leaf", "operations.generation", |it| {
        set(&mut it.operations, 0, "leaf_index", it.leaf_count);
        Ok(())
    }),
    ("a generation too far ahead", "a step is at most 1024 generations", "operations.generation", |it| {
        set(&mut it.operations, 0, "generation", u32::MAX);
        Ok(())
    }),
    (
        "an operation of another type",
        "each type has a ratchet and a context of its own",
        "operations.operation_secret",
        |it| {
            set(&mut it.operations, 0, "operation_type", 2);
            set(&mut it.operations, 1, "operation_type", 3);
            Ok(())
        },
    ),
    (
        "an operation for another group",
        "the operation context holds the group ID",
        "operations.operation_secret",
        |it| {
            set(&mut it.operations, 1, "operation_context", hex::encode("another"));
            Ok(())
        },
    ),
    (
        "mistake: the bits of the PRP from the least significant",
        "the numeral string begins with the most significant bit",
        "small_space_prp.output",
        |it| {
            let input = 0x0102_0304_u32;
            let key = Secret::of_length([7; 16], 16)?;
            let output = small_space_prp::encrypt(&key, input.reverse_bits())?.reverse_bits();
            it.prp = vec![json!({"key": hex::encode([7; 16]), "input": input, "output": output})];
            Ok(())
        },
    ),
    (
        "mistake: the bytes of the PRP in little-endian order",
        "the number is big-endian",
        "small_space_prp.output",
        |it| {
            let input = 0x0102_0304_u32;
            let key = Secret::of_length([7; 16], 16)?;
            let output = small_space_prp::encrypt(&key, input.swap_bytes())?.swap_bytes();
            it.prp = vec![json!({"key": hex::encode([7; 16]), "input": input, "output": output})];
            Ok(())
        },
    ),
    (
        "mistake: a reuse guard in little-endian order",
        "the reuse guard is the output, big-endian",
        "reuse_guards.reuse_guard",
        |it| {
            swapped(&mut it.guards, 1, "reuse_guard");
            Ok(())
        },
    ),
    (
        "a reuse guard of another leaf",
        "x modulo the number of leaves is the sender's leaf",
        "reuse_guards.reuse_guard",
        |it| {
            set(&mut it.guards, 0, "leaf_index", 1);
            Ok(())
        },
    ),
    (
        "a generation ID of the other ratchet",
        "the context names the ratchet",
        "generation_ids.generation_id",
        |it| {
            let other = it.ids.get(1).map(|id| id["generation_id"].clone()).unwrap_or_default();
            set(&mut it.ids, 0, "generation_id", other);
            Ok(())
        },
    ),
    (
        "a derivation info of another LeafNode",
        "key and nonce hang on the encryption_key of the LeafNode",
        "derivation_infos.derivation_info",
        |it| {
            let other = it.infos.get(1).map(|info| info["encryption_key"].clone()).unwrap_or_default();
            set(&mut it.infos, 0, "encryption_key", other);
            Ok(())
        },
    ),
    (
        "a derivation info of another generation",
        "what was sealed names the generation",
        "derivation_infos.derivation_info",
        |it| {
            set(&mut it.infos, 0, "generation", 7);
            Ok(())
        },
    ),
];

pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let mut cases = Vec::new();
    for number in CLASSICAL_SUITES {
        for (name, reason, refused, spoil) in BUGS {
            let name = format!("suite {}: {name}", number.value());
            let mut stream = Stream::new(seed, "virtual-client", &name);
            let mut of = members(number, 8, &mut stream)?;
            spoil(&mut of)?;
            cases.push(Invalid { case: write(GeneratedCase::invalid(&name, reason), &of), refused });
        }
    }
    Ok(cases)
}
