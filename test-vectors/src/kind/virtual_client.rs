//! The kind `virtual-client`: what the emulator clients of a virtual client derive from an epoch of
//! their emulation group, and the small-space PRP of the reuse guard.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;

use mimi_codec::{
    mls::HPKEPublicKey,
    virtual_clients::{
        DerivationInfo, DerivationInfoTBE, PrivateMessageContext, SecretTreeState, VirtualClientOperationType,
    },
};
use mimi_crypto::{CipherSuiteProvider, EmulationEpoch, RustCrypto, Secret, small_space_prp};
use rand_core::{TryCryptoRng, TryRng};
use serde::Deserialize;

use super::Kind;
use super::judgement::{Judgement, must_be_refused, must_hold, suite, uint32};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct VirtualClient;

impl Kind for VirtualClient {
    fn name(&self) -> &'static str {
        "virtual-client"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mls-virtual-clients"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_hold(case, judgement);
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_be_refused(case, judgement);
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = generated::valid(seed)?;
        cases.extend(generated::invalid(seed)?.into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

/// An operation of the virtual client. Bytes are hex.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    operation_type: u8,
    leaf_index: u32,
    generation: u32,
    operation_context: String,
    operation_secret: String,
    signature_key_secret: String,
    encryption_key_secret: String,
    init_key_secret: String,
    path_generation_secret: String,
}

/// The ID of a generation.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GenerationId {
    private_message_context: String,
    generation_id: String,
}

/// A reuse guard, and the number from which it is made.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReuseGuard {
    key_schedule_nonce: String,
    leaf_index: u32,
    x: u32,
    reuse_guard: String,
}

/// Where the keys of a LeafNode come from.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    encryption_key: String,
    leaf_index: u32,
    generation: u32,
    derivation_info: String,
}

/// A number and what the PRP makes of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prp {
    key: String,
    input: u32,
    output: u32,
}

fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let leaf_count = uint32(case, "leaf_count");
    let secrets = [
        "emulator_epoch_secret",
        "epoch_id",
        "epoch_base_secret",
        "epoch_encryption_key",
        "generation_id_secret",
        "reuse_guard_secret",
    ]
    .map(|field| case.bytes(field));
    let operations = case.structured::<Vec<Operation>>("operations", "a list of operations");
    let ids = case.structured::<Vec<GenerationId>>("generation_ids", "a list of generation IDs");
    let guards = case.structured::<Vec<ReuseGuard>>("reuse_guards", "a list of reuse guards");
    let infos = case.structured::<Vec<Info>>("derivation_infos", "a list of derivation infos");
    let prp = case.structured::<Vec<Prp>>("small_space_prp", "a list of inputs and outputs");
    let (suite, leaf_count) = (suite?, leaf_count?);
    let [exported, epoch_id, base_secret, encryption_key, id_secret, guard_secret] = secrets;
    let exported = exported?;
    let expected = [epoch_id?, base_secret?, encryption_key?, id_secret?, guard_secret?];
    let ((_, operations), (_, ids), (_, guards)) = (operations?, ids?, guards?);
    let ((_, infos), (_, prp)) = (infos?, prp?);

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    judge_prp(it, &prp);
    let secret = it.check("emulator_epoch_secret", Secret::new(&suite, exported));
    let epoch = secret.map(|secret| EmulationEpoch::new(&suite, secret, leaf_count));
    let Some(mut epoch) = epoch.and_then(|epoch| it.check("leaf_count", epoch)) else {
        return Some(judgement);
    };
    let [epoch_id, base_secret, encryption_key, id_secret, guard_secret] = expected;
    let state = epoch.to_state();
    it.same("epoch_id", &state.epoch_id, &epoch_id);
    it.same("epoch_base_secret", root(&state.operation_secret_tree), &base_secret);
    it.same("epoch_encryption_key", state.epoch_encryption_key.expose(), &encryption_key);
    it.same("generation_id_secret", state.generation_id_secret.expose(), &id_secret);
    it.same("reuse_guard_secret", state.reuse_guard_secret.expose(), &guard_secret);
    for operation in &operations {
        judge_operation(it, &suite, &mut epoch, operation);
    }
    for id in &ids {
        let context = hex(it, "generation_ids.private_message_context", &id.private_message_context);
        let field = "generation_ids.private_message_context";
        let context = context.and_then(|context| it.decode::<PrivateMessageContext>(field, &context));
        let field = "generation_ids.generation_id";
        if let (Some(context), Some(found)) = (context, hex(it, field, &id.generation_id))
            && let Some(computed) = it.check(field, epoch.generation_id(&suite, &context))
        {
            it.same(field, &computed, &found);
        }
    }
    for guard in &guards {
        judge_guard(it, &suite, &epoch, guard);
    }
    for info in &infos {
        judge_info(it, &suite, &epoch, info);
    }
    Some(judgement)
}

/// The secret of the one node of a tree that was not expanded yet.
fn root(state: &SecretTreeState) -> &[u8] {
    state.node_secrets.first().map_or(&[], |node| node.node_secret.expose())
}

fn hex(it: &mut Judgement, field: &'static str, text: &str) -> Option<Vec<u8>> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let bytes = hex::decode(text).ok().filter(|_| is_lower);
    it.check(field, bytes.ok_or("not lower-case hex"))
}

fn judge_prp(it: &mut Judgement, prp: &[Prp]) {
    for Prp { key, input, output } in prp {
        let Some(key) = hex(it, "small_space_prp.key", key) else { continue };
        let field = "small_space_prp.key";
        let Some(key) = it.check(field, Secret::of_length(key, 16)) else { continue };
        let field = "small_space_prp.output";
        if let Some(computed) = it.check(field, small_space_prp::encrypt(&key, *input)) {
            it.same(field, &computed.to_be_bytes(), &output.to_be_bytes());
        }
        let field = "small_space_prp.input";
        if let Some(computed) = it.check(field, small_space_prp::decrypt(&key, *output)) {
            it.same(field, &computed.to_be_bytes(), &input.to_be_bytes());
        }
    }
}

const TYPES: [VirtualClientOperationType; 3] = [
    VirtualClientOperationType::KeyPackage,
    VirtualClientOperationType::LeafNode,
    VirtualClientOperationType::Application,
];

fn judge_operation(it: &mut Judgement, suite: &RustCrypto, epoch: &mut EmulationEpoch, of: &Operation) {
    let operation_type = TYPES.into_iter().find(|known| known.value() == of.operation_type);
    let field = "operations.operation_type";
    let operation_type = it.check(field, operation_type.ok_or("no such operation"));
    let context = hex(it, "operations.operation_context", &of.operation_context);
    let (Some(operation_type), Some(context)) = (operation_type, context) else { return };
    let made = epoch.operation(suite, of.leaf_index, operation_type, of.generation, &context);
    let Some(made) = it.check("operations.generation", made) else { return };
    for (field, computed, found) in [
        ("operations.operation_secret", Ok(made.secret().clone()), &of.operation_secret),
        ("operations.signature_key_secret", made.signature_key_secret(suite), &of.signature_key_secret),
        ("operations.encryption_key_secret", made.encryption_key_secret(suite), &of.encryption_key_secret),
        ("operations.init_key_secret", made.init_key_secret(suite), &of.init_key_secret),
        ("operations.path_generation_secret", made.path_generation_secret(suite), &of.path_generation_secret),
    ] {
        if let (Some(computed), Some(found)) = (it.check(field, computed), hex(it, field, found)) {
            it.same(field, computed.expose(), &found);
        }
    }
}

fn judge_guard(it: &mut Judgement, suite: &RustCrypto, epoch: &EmulationEpoch, guard: &ReuseGuard) {
    let field = "reuse_guards.key_schedule_nonce";
    let nonce = hex(it, field, &guard.key_schedule_nonce);
    let nonce = nonce.and_then(|nonce| {
        let right = nonce.len() == suite.parameters().nn;
        it.check(field, right.then_some(nonce).ok_or("not AEAD.Nn bytes"))
    });
    let field = "reuse_guards.reuse_guard";
    let found = hex(it, field, &guard.reuse_guard);
    let (Some(nonce), Some(found)) = (nonce, found) else { return };
    let made = epoch.reuse_guard(suite, &nonce, guard.leaf_index, &mut Drawn(guard.x));
    if let Some(made) = it.check("reuse_guards.leaf_index", made) {
        it.same(field, &made, &found);
    }
    let found = it.check(field, <[u8; 4]>::try_from(found).map_err(|_| "not 4 bytes"));
    let sender = found.map(|found| epoch.sender_of_reuse_guard(suite, &nonce, found));
    if let Some(sender) = sender.and_then(|sender| it.check(field, sender)) {
        it.same("reuse_guards.leaf_index", &sender.to_be_bytes(), &guard.leaf_index.to_be_bytes());
    }
}

fn judge_info(it: &mut Judgement, suite: &RustCrypto, epoch: &EmulationEpoch, info: &Info) {
    let key = hex(it, "derivation_infos.encryption_key", &info.encryption_key);
    let field = "derivation_infos.derivation_info";
    let sealed = hex(it, field, &info.derivation_info);
    let sealed = sealed.and_then(|sealed| it.decode::<DerivationInfo>(field, &sealed));
    let (Some(key), Some(sealed)) = (key, sealed) else { return };
    let opened = epoch.open_derivation_info(suite, &HPKEPublicKey::from(key), &sealed);
    let Some(opened) = it.check(field, opened) else { return };
    let expected = DerivationInfoTBE { leaf_index: info.leaf_index, generation: info.generation };
    if opened != expected {
        it.refuse(field, format!("{expected:?}"), format!("{opened:?}"));
    }
}

/// The number that `x` is made of.
struct Drawn(u32);

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.into())
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        let bytes = self.0.to_be_bytes();
        output.iter_mut().zip(bytes.iter().cycle()).for_each(|(byte, drawn)| *byte = *drawn);
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid(&Seed::default()).unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), Vec::<String>::new());
    }
}
