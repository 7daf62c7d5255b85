//! The kind `leaf-operation-intent`: the intent of a client to leave, which outlives an epoch.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

#[cfg(feature = "generate")]
use alloc::vec::Vec;

use mimi_codec::{Encode, leaf_operation::LeafOperationIntent, mls::LeafNode};
use mimi_crypto::{
    CipherSuiteProvider, SignaturePrivateKey, leaf_node_ref, sign_leaf_operation_intent,
    verify_leaf_operation_intent,
};

use super::Kind;
use super::judgement::{Judgement, NoRandomness, all_bytes, must_be_refused, must_hold, suite, uint32};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

#[cfg(feature = "generate")]
pub(super) use generated::leaf_node;

pub(crate) struct LeafIntent;

impl Kind for LeafIntent {
    fn name(&self) -> &'static str {
        "leaf-operation-intent"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-kohbrok-mls-leaf-operation-intents"]
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

fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let leaf_index = uint32(case, "leaf_index");
    let fields = ["group_id", "signature_private_key", "leaf_node_ref", "leaf_operation_intent"];
    let members = all_bytes(case, fields);
    let leaf = case.optional_bytes("leaf_node");
    let (suite, leaf_index, leaf) = (suite?, leaf_index?, leaf?);
    let [group_id, private_key, reference, intent] = members?;

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let field = "signature_private_key";
    let key = SignaturePrivateKey::new(&suite, private_key).and_then(|key| suite.signing_key(&key));
    let key = it.check(field, key);
    // Null where the leaf is blank.
    let leaf = leaf.map(|leaf| it.decode::<LeafNode>("leaf_node", &leaf));
    let intent = it.decode::<LeafOperationIntent>("leaf_operation_intent", &intent);
    let (Some(key), Some(intent)) = (key, intent) else { return Some(judgement) };
    let leaf = match &leaf {
        Some(None) => return Some(judgement),
        Some(leaf) => leaf.as_ref(),
        None => None,
    };
    let field = "leaf_node_ref";
    let own = leaf.and_then(|leaf| it.check(field, leaf_node_ref(&suite, leaf)));
    if let Some(own) = own {
        it.same(field, &own, &reference);
    }
    let at = |index| leaf.filter(|_| index == leaf_index);
    let verified = verify_leaf_operation_intent(&suite, &group_id, at, intent.clone());
    it.check("leaf_operation_intent", verified);
    // Ed25519 is deterministic: the signature is made again.
    if let Some(leaf) = leaf
        && suite.parameters().signature_public_key == 32
    {
        let (place, mode) = ((intent.sender_index, leaf), intent.removal_mode);
        let made = sign_leaf_operation_intent(&suite, &key, group_id, place, mode, &mut NoRandomness);
        let made = it.check("leaf_operation_intent", made);
        let made = made.and_then(|made| it.check("leaf_operation_intent", made.to_bytes()));
        let found = it.check("leaf_operation_intent", intent.to_bytes());
        if let (Some(made), Some(found)) = (made, found) {
            it.same("leaf_operation_intent", &made, &found);
        }
    }
    Some(judgement)
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid(&Seed::default()).unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), Vec::<String>::new());
    }
}
