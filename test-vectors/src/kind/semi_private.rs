//! The kind `semi-private`: a handshake for members and external receivers.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::format;
use alloc::vec::Vec;

use mimi_codec::{
    Encode, Octets, Opaque,
    mls::{FramedContent, FramedContentTBS, GroupContext, Sender, SenderData, SignaturePublicKey},
    semiprivate::{ExternalReceiver, SemiPrivateMessage, SemiPrivateMessageContent},
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, CryptoError, HpkePrivateKey, RustCrypto, Secret, external_receiver_ref,
    open_as_external_receiver, open_as_member, open_sender_data, semi_private_tbs,
};

use super::Kind;
use super::judgement::{
    Judgement, all_bytes, hex_pairs, must_be_refused, must_hold, number, optional_number, suite, uint32,
};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct SemiPrivate;

impl Kind for SemiPrivate {
    fn name(&self) -> &'static str {
        "semi-private"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-mahy-mls-semiprivatemessage-07"]
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

const KEYS: &str = "message.keys_for_external_receivers";

/// What the parties hold in hands, once it is read.
struct Members {
    message: SemiPrivateMessage,
    sender_data: SenderData,
    key: AeadKey,
    nonce: Secret,
    content: Vec<u8>,
    /// What the sender signed, as it is.
    tbs: Vec<u8>,
    context: GroupContext,
}

/// `None` if a member is missing or ill-typed.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let epoch = number(case, "epoch");
    let content_type = number(case, "content_type");
    let leaf_index = uint32(case, "sender_leaf_index");
    let members = all_bytes(
        case,
        [
            "group_id",
            "authenticated_data",
            "key",
            "nonce",
            "reuse_guard",
            "framed_content_tbs",
            "content",
            "encrypted_sender_data",
            "message",
        ],
    );
    let receivers = hex_pairs(case, "receivers");
    let sender_data_secret = case.optional_bytes("sender_data_secret");
    let generation = optional_number(case, "generation");
    let signature_key = case.optional_bytes("signature_public_key");
    let (suite, epoch, content_type, leaf_index) = (suite?, epoch?, content_type?, leaf_index?);
    let [group_id, data, key, nonce, guard, tbs, content, encrypted_sender_data, message] = members?;
    let (receivers, sender_data_secret, generation, signature_key) =
        (receivers?, sender_data_secret?, generation?, signature_key?);

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let message = it.decode::<SemiPrivateMessage>("message", &message);
    let framed = it.decode::<FramedContentTBS>("framed_content_tbs", &tbs);
    let key = it.check("key", AeadKey::new(&suite, key));
    let nonce = it.check("nonce", Secret::of_length(nonce, suite.parameters().nn));
    let guard = <[u8; 4]>::try_from(guard.as_slice());
    let guard = it.check("reuse_guard", guard.map_err(|_| "a guard has 4 bytes"));
    let (Some(message), Some(framed), Some(key), Some(nonce), Some(guard)) =
        (message, framed, key, nonce, guard)
    else {
        return Some(judgement);
    };
    it.same("group_id", message.group_id(), &group_id);
    it.same("authenticated_data", message.authenticated_data(), &data);
    it.same("encrypted_sender_data", message.encrypted_sender_data(), &encrypted_sender_data);
    if *message.epoch() != epoch {
        it.refuse("epoch", message.epoch(), epoch);
    }
    if u64::from(message.content_type().value()) != content_type {
        it.refuse("content_type", message.content_type().value(), content_type);
    }
    let Some(context) = framed.context().as_deref().cloned() else {
        it.refuse("framed_content_tbs", "a GroupContext, since the sender is a member", "none");
        return Some(judgement);
    };
    let sender_data = SenderData { leaf_index, generation: 0, reuse_guard: Octets(guard) };
    let members = Members { message, sender_data, key, nonce, content, tbs, context };
    judge_hashes(it, &suite, &members);
    judge_member(it, &suite, &members);
    if receivers.is_empty() {
        it.refuse("receivers", "at least one", "none");
    }
    let signature_key = signature_key.map(SignaturePublicKey::from);
    let mut references = Vec::new();
    for [private_key, receiver] in &receivers {
        references.extend(judge_receiver(
            it,
            &suite,
            &members,
            private_key,
            receiver,
            signature_key.as_ref(),
        ));
    }
    // One key for each receiver, in their order.
    let keys = members.message.keys_for_external_receivers();
    if !keys.iter().map(|key| &key.external_receiver_ref).eq(&references) {
        it.refuse(KEYS, "one for each of the receivers, in their order", format!("{} others", keys.len()));
    }
    if let Some(secret) = sender_data_secret {
        judge_sender_data(it, &suite, &members, secret, generation);
    }
    Some(judgement)
}

/// Both hashes of the message, and what the second is of.
fn judge_hashes(it: &mut Judgement, suite: &RustCrypto, members: &Members) {
    let Members { message, sender_data, nonce, content, tbs, context, .. } = members;
    // partial_context_hash = hash(sender_leaf_index || nonce)
    let hash = suite.hash(&[&sender_data.leaf_index.to_be_bytes(), nonce.expose()]);
    it.same("message.partial_context_hash", &hash, message.partial_context_hash());
    // framed_content_tbs_hash = hash(FramedContentTBS)
    it.same("message.framed_content_tbs_hash", &suite.hash(&[tbs]), message.framed_content_tbs_hash());
    if context.cipher_suite != suite.parameters().cipher_suite {
        it.refuse("framed_content_tbs", "a group of the suite", context.cipher_suite.value());
    }
    if context.group_id != *message.group_id() || context.epoch != *message.epoch() {
        it.refuse("framed_content_tbs", "a GroupContext of the message's group and epoch", "another");
    }
    let content = SemiPrivateMessageContent::decode_exact(*message.content_type(), content);
    let Some(content) = it.check("content", content) else { return };
    let own = FramedContent::new(
        message.group_id().clone(),
        *message.epoch(),
        Sender::Member { leaf_index: sender_data.leaf_index },
        message.authenticated_data().clone(),
        content.content().clone(),
    )
    .map_err(CryptoError::from)
    .and_then(|framed| Ok(semi_private_tbs(framed, context)?.to_bytes()?));
    if let Some(own) = it.check("framed_content_tbs", own) {
        it.same("framed_content_tbs", &own, tbs);
    }
}

/// What a member opens, who has key and nonce from its ratchet; and that nothing else could stand
/// there.
fn judge_member(it: &mut Judgement, suite: &RustCrypto, members: &Members) {
    let Members { message, sender_data, key, nonce, content, .. } = members;
    let field = "message.ciphertext";
    let opened = open_as_member(suite, sender_data, key, nonce, message);
    if let Some(opened) = it.check(field, opened) {
        judge_content(it, field, opened.content(), content);
    }
}

fn judge_content(
    it: &mut Judgement,
    field: &'static str,
    opened: &SemiPrivateMessageContent,
    content: &[u8],
) {
    if let Some(opened) = it.check(field, opened.to_bytes()) {
        it.same(field, content, &opened);
    }
}

/// What an external receiver opens, and verifies if the sender's key is known. Gives the receiver's
/// ref.
fn judge_receiver(
    it: &mut Judgement,
    suite: &RustCrypto,
    members: &Members,
    private_key: &[u8],
    receiver: &[u8],
    signature_key: Option<&SignaturePublicKey>,
) -> Option<Opaque> {
    let receiver = it.decode::<ExternalReceiver>("receivers", receiver)?;
    let reference = it.check("receivers", external_receiver_ref(suite, &receiver))?;
    let private_key = it.check("receivers", HpkePrivateKey::new(suite, private_key))?;
    it.pair("receivers", suite, &private_key, &receiver.external_receiver_public_key);
    let opened = open_as_external_receiver(suite, &receiver, &private_key, &members.message);
    if let Some(opened) = it.check(KEYS, opened) {
        judge_content(it, KEYS, opened.content(), &members.content);
        if opened.sender_leaf_index() != members.sender_data.leaf_index {
            it.refuse("sender_leaf_index", opened.sender_leaf_index(), members.sender_data.leaf_index);
        }
        if let Some(key) = signature_key {
            it.check("content", opened.verify(suite, &members.context, key));
        }
    }
    Some(reference)
}

/// encrypted_sender_data is as in a PrivateMessage (RFC 9420 §6.3.2).
fn judge_sender_data(
    it: &mut Judgement,
    suite: &RustCrypto,
    members: &Members,
    secret: Vec<u8>,
    generation: Option<u64>,
) {
    let Some(secret) = it.check("sender_data_secret", Secret::new(suite, secret)) else { return };
    let field = "encrypted_sender_data";
    let Some(found) = it.check(field, open_sender_data(suite, &secret, &members.message)) else { return };
    let SenderData { leaf_index, reuse_guard, .. } = &members.sender_data;
    if found.leaf_index != *leaf_index || found.reuse_guard != *reuse_guard {
        let expected = format!("leaf {leaf_index} and guard {reuse_guard:?}");
        it.refuse(field, expected, format!("leaf {} and guard {:?}", found.leaf_index, found.reuse_guard));
    }
    if let Some(generation) = generation
        && u64::from(found.generation) != generation
    {
        it.refuse("generation", found.generation, generation);
    }
}
