//! Wrong messages, each by one bug.

use alloc::{boxed::Box, format, vec::Vec};

use mimi_codec::{
    Encode, Octets, Opaque, SecretOpaque,
    code_points::WireFormat,
    mls::{Content, ContentType, FramedContentTBS, GroupContext, Mls10, SenderData, SenderDataAAD},
    semiprivate::{
        ExternalReceiver, KeyForExternalReceiver, PerMessageKeyAndNonces, SemiPrivateContentAAD,
        SemiPrivateMessage, SemiPrivateMessageContent, SemiPrivateMessageContext,
    },
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, RustCrypto, encrypt_with_label, expand_with_label, external_receiver_ref,
    semi_private_tbs,
};

use super::{LABEL, Made, Members, Scene, remove};
use crate::{
    file_format::{GeneratedCase, Seed},
    kind::judgement::Invalid,
};

/// A message in parts, each of which may be wrong, while all that comes of it follows.
struct Parts {
    reuse_guard: [u8; 4],
    partial_context_hash: Vec<u8>,
    /// What each receiver is told.
    per_message: PerMessageKeyAndNonces,
    label: &'static [u8],
    /// The context of the sealing to the receivers.
    context: Vec<u8>,
    references: Vec<Opaque>,
    /// What the sender signed and what the case says of it.
    tbs: Vec<u8>,
    tbs_hash: Vec<u8>,
    content: Vec<u8>,
    aad: fn(&SemiPrivateContentAAD) -> Made<Vec<u8>>,
    /// The nonce of the AEAD.
    aead_nonce: Vec<u8>,
}

impl Scene {
    /// The same that [`Scene::honest`] makes of the same stream.
    fn parts(&mut self, content: Content, padding: usize) -> Made<Parts> {
        let content_type = content.content_type();
        let framed = self.framed(content.clone())?;
        let tbs = semi_private_tbs(framed, &self.context)?.to_bytes()?;
        let auth = self.auth(&tbs, content_type)?;
        let content = SemiPrivateMessageContent::new(content, auth, padding)?.to_bytes()?;
        let reuse_guard = self.stream.array();
        let Self { suite, receivers, context, leaf_index, key, nonce, .. } = &*self;
        let partial_context_hash = suite.hash(&[&leaf_index.to_be_bytes(), nonce.expose()]);
        let per_message = PerMessageKeyAndNonces {
            key: SecretOpaque::new(key.expose()),
            nonce: SecretOpaque::new(nonce.expose()),
            reuse_guard: Octets(reuse_guard),
            sender_leaf_index: *leaf_index,
        };
        let references = receivers
            .iter()
            .map(|(_, receiver)| external_receiver_ref(suite, receiver))
            .collect::<Result<_, _>>()?;
        let context = SemiPrivateMessageContext {
            group_id: context.group_id.clone(),
            epoch: context.epoch,
            partial_context_hash: partial_context_hash.clone().into(),
        };
        Ok(Parts {
            reuse_guard,
            partial_context_hash,
            per_message,
            label: LABEL,
            context: context.to_bytes()?,
            references,
            tbs_hash: suite.hash(&[&tbs]),
            tbs,
            content,
            aad: |aad| Ok(aad.to_bytes()?),
            aead_nonce: guarded(nonce.expose(), reuse_guard),
        })
    }

    /// The context of the sealing after another `partial_context_hash`.
    fn follow_hash(&self, it: &mut Parts, hash: Vec<u8>) -> Made<()> {
        let (group_id, epoch) = (self.context.group_id.clone(), self.context.epoch);
        it.partial_context_hash.clone_from(&hash);
        it.context =
            SemiPrivateMessageContext { group_id, epoch, partial_context_hash: hash.into() }.to_bytes()?;
        Ok(())
    }

    fn assemble(&mut self, it: Parts, content_type: ContentType) -> Made<Members> {
        let Self {
            suite, stream, receivers, context, leaf_index, generation, key, sender_data_secret, ..
        } = self;
        let plaintext = it.per_message.to_bytes()?;
        let keys = receivers.iter().zip(it.references).map(|((_, receiver), external_receiver_ref)| {
            let public_key = &receiver.external_receiver_public_key;
            let sealed = encrypt_with_label(suite, public_key, it.label, &it.context, &plaintext, stream)?;
            Ok(KeyForExternalReceiver { external_receiver_ref, encrypted_keys_and_nonces: sealed })
        });
        let keys = keys.collect::<Made<Vec<_>>>()?.try_into()?;
        let (group_id, epoch) = (context.group_id.clone(), context.epoch);
        let aad = SemiPrivateContentAAD::new(
            group_id.clone(),
            epoch,
            content_type,
            "authenticated".into(),
            it.partial_context_hash.into(),
            keys,
            it.tbs_hash.into(),
        )?;
        let ciphertext = suite.aead_seal(key, &it.aead_nonce, &(it.aad)(&aad)?, &it.content)?;

        let sizes = *suite.parameters();
        let sample = ciphertext.get(..sizes.nh).unwrap_or(&ciphertext);
        let sender_key = expand_with_label(suite, sender_data_secret, b"key", sample, sizes.nk)?;
        let sender_nonce = expand_with_label(suite, sender_data_secret, b"nonce", sample, sizes.nn)?;
        let (leaf_index, generation, reuse_guard) = (*leaf_index, *generation, Octets(it.reuse_guard));
        let sender_data = SenderData { leaf_index, generation, reuse_guard }.to_bytes()?;
        let sender_data_aad = SenderDataAAD { group_id, epoch, content_type }.to_bytes()?;
        let sender_key = AeadKey::from_secret(suite, sender_key)?;
        let encrypted_sender_data =
            suite.aead_seal(&sender_key, sender_nonce.expose(), &sender_data_aad, &sender_data)?;

        let (group_id, epoch, content_type, data, hash, keys, tbs_hash) = aad.into_parts();
        let message = SemiPrivateMessage::new(
            group_id,
            epoch,
            content_type,
            data,
            hash,
            keys,
            tbs_hash,
            encrypted_sender_data.into(),
            ciphertext.into(),
        )?;
        Ok(Members { reuse_guard: it.reuse_guard, tbs: it.tbs, content: it.content, message })
    }
}

/// The nonce with its first four bytes XORed with the guard (RFC 9420 §6.3.1).
fn guarded(nonce: &[u8], reuse_guard: [u8; 4]) -> Vec<u8> {
    let guard = reuse_guard.into_iter().chain(core::iter::repeat(0));
    nonce.iter().zip(guard).map(|(byte, guard)| byte ^ guard).collect()
}

/// The AAD with some of its fields in another form.
fn aad_prefix(aad: &SemiPrivateContentAAD) -> Made<Vec<u8>> {
    let (group_id, epoch, content_type, data, ..) = aad.clone().into_parts();
    let rest = [content_type.to_bytes()?, data.to_bytes()?].concat();
    Ok([group_id.to_bytes()?, epoch.to_be_bytes().to_vec(), rest].concat())
}

type Bug = fn(&mut Scene, &mut Parts) -> Made<()>;

const CIPHERTEXT: &str = "message.ciphertext";
const KEYS: &str = crate::kind::semi_private::KEYS;
const CONTEXT_HASH: &str = "message.partial_context_hash";
const TBS_HASH: &str = "message.framed_content_tbs_hash";

/// Name, the bug that a verifier has that accepts it, the field that is refused first, and how it
/// is made.
const BUGS: &[(&str, &str, &str, Bug)] = &[
    (
        "context hash of the guarded nonce",
        "partial_context_hash is of the nonce before the guard",
        CONTEXT_HASH,
        |scene, it| {
            let hash = scene.suite.hash(&[&scene.leaf_index.to_be_bytes(), &it.aead_nonce]);
            scene.follow_hash(it, hash)
        },
    ),
    (
        "context hash of another leaf",
        "partial_context_hash is of the sender's leaf",
        CONTEXT_HASH,
        |scene, it| {
            let other = scene.leaf_index ^ 1;
            let hash = scene.suite.hash(&[&other.to_be_bytes(), scene.nonce.expose()]);
            scene.follow_hash(it, hash)
        },
    ),
    (
        "context hash with a little-endian leaf",
        "sender_leaf_index is a uint32, big-endian",
        CONTEXT_HASH,
        |scene, it| {
            let hash = scene.suite.hash(&[&scene.leaf_index.to_le_bytes(), scene.nonce.expose()]);
            scene.follow_hash(it, hash)
        },
    ),
    ("context hash of a nonce with its length", "the nonce is hashed bare", CONTEXT_HASH, |scene, it| {
        let nonce = Opaque::from(scene.nonce.expose()).to_bytes()?;
        let hash = scene.suite.hash(&[&scene.leaf_index.to_be_bytes(), &nonce]);
        scene.follow_hash(it, hash)
    }),
    (
        "receivers told of another leaf",
        "the receiver checks partial_context_hash against the leaf that it is told",
        KEYS,
        |_, it| {
            it.per_message.sender_leaf_index ^= 1;
            Ok(())
        },
    ),
    (
        "receivers told of another nonce",
        "the receiver checks partial_context_hash against the nonce that it is told",
        KEYS,
        |_, it| {
            // Guard and nonce still give the AEAD's nonce.
            it.per_message.nonce = SecretOpaque::new(it.aead_nonce.clone());
            it.per_message.reuse_guard = Octets([0; 4]);
            Ok(())
        },
    ),
    ("receivers told of another guard", "reuse_guard is part of what is sealed", KEYS, |_, it| {
        it.per_message.reuse_guard = Octets(it.reuse_guard.map(|byte| !byte));
        Ok(())
    }),
    ("receivers told of a key that is too short", "key has AEAD.Nk bytes", KEYS, |scene, it| {
        let key = scene.key.expose();
        it.per_message.key = SecretOpaque::new(key.get(1..).unwrap_or_default());
        Ok(())
    }),
    ("sealed under another label", "the label is SemiPrivateMessageReceiver", KEYS, |_, it| {
        it.label = b"SemiPrivateMessage";
        Ok(())
    }),
    (
        "sealed without partial_context_hash in the context",
        "SemiPrivateMessageContext ends with partial_context_hash",
        KEYS,
        |scene, it| {
            let (group_id, epoch) = (scene.context.group_id.clone(), scene.context.epoch);
            let partial_context_hash = Opaque::default();
            it.context = SemiPrivateMessageContext { group_id, epoch, partial_context_hash }.to_bytes()?;
            Ok(())
        },
    ),
    (
        "sealed in another epoch's context",
        "SemiPrivateMessageContext has the message's epoch",
        KEYS,
        |scene, it| {
            scene.context.epoch = scene.context.epoch.saturating_sub(1);
            let hash = it.partial_context_hash.clone();
            scene.follow_hash(it, hash)?;
            scene.context.epoch = scene.context.epoch.saturating_add(1);
            Ok(())
        },
    ),
    (
        "receiver named by its key alone",
        "ExternalReceiverRef is the hash of the whole ExternalReceiver",
        KEYS,
        |scene, it| {
            let of_key = |(_, receiver): &(_, ExternalReceiver)| {
                scene.suite.hash(&[&receiver.external_receiver_public_key]).into()
            };
            it.references = scene.receivers.iter().map(of_key).collect();
            Ok(())
        },
    ),
    (
        "receiver named by a RefHash",
        "ExternalReceiverRef is a bare hash, without a label",
        KEYS,
        |scene, it| {
            let label = b"MLS 1.0 ExternalReceiver Reference";
            let of = |(_, receiver): &(_, ExternalReceiver)| {
                Ok(mimi_crypto::ref_hash(&scene.suite, label, &receiver.to_bytes()?)?.into_bytes().into())
            };
            it.references = scene.receivers.iter().map(of).collect::<Made<_>>()?;
            Ok(())
        },
    ),
    (
        "receiver without a key",
        "each external receiver of the group has a key in the message",
        KEYS,
        |_, it| {
            it.references.pop();
            Ok(())
        },
    ),
    ("keys in another order", "the keys are in the order of external_receivers", KEYS, |scene, it| {
        it.references.reverse();
        scene.receivers.reverse();
        Ok(())
    }),
    (
        "hash of other content",
        "external receivers and members read the same: framed_content_tbs_hash is of what was opened",
        TBS_HASH,
        |scene, it| {
            let other = semi_private_tbs(scene.framed(remove(5))?, &scene.context)?.to_bytes()?;
            it.tbs_hash = scene.suite.hash(&[&other]);
            Ok(())
        },
    ),
    (
        "other content for the receivers",
        "what was signed and hashed is what was sealed",
        "framed_content_tbs",
        |scene, it| {
            let other = semi_private_tbs(scene.framed(remove(5))?, &scene.context)?.to_bytes()?;
            it.tbs_hash = scene.suite.hash(&[&other]);
            it.tbs = other;
            Ok(())
        },
    ),
    (
        "hash with the wire format of a PrivateMessage",
        "the wire format in FramedContentTBS is mls_semiprivate_message",
        "framed_content_tbs",
        |scene, it| {
            let context = Some(Box::new(scene.context.clone()));
            let framed = scene.framed(remove(4))?;
            let tbs =
                FramedContentTBS::new(Mls10, WireFormat::MLS_PRIVATE_MESSAGE, framed, context)?.to_bytes()?;
            sign_other(scene, it, tbs)
        },
    ),
    (
        "hash of FramedContent alone",
        "framed_content_tbs_hash covers the GroupContext",
        TBS_HASH,
        |scene, it| {
            it.tbs_hash = scene.suite.hash(&[&scene.framed(remove(4))?.to_bytes()?]);
            Ok(())
        },
    ),
    (
        "GroupContext of another epoch",
        "FramedContentTBS has the GroupContext of the message's epoch",
        "framed_content_tbs",
        |scene, it| {
            let epoch = scene.context.epoch.saturating_sub(1);
            let context = GroupContext { epoch, ..scene.context.clone() };
            let tbs = semi_private_tbs(scene.framed(remove(4))?, &context)?.to_bytes()?;
            sign_other(scene, it, tbs)
        },
    ),
    (
        "guard at the end of the nonce",
        "the guard is XORed with the first four bytes",
        CIPHERTEXT,
        |scene, it| {
            let mut reversed: Vec<_> = scene.nonce.expose().iter().rev().copied().collect();
            let mut guard = it.reuse_guard;
            guard.reverse();
            reversed = guarded(&reversed, guard);
            it.aead_nonce = reversed.into_iter().rev().collect();
            Ok(())
        },
    ),
    ("guard forgotten", "the guard is XORed into the nonce", CIPHERTEXT, |scene, it| {
        it.aead_nonce = scene.nonce.expose().to_vec();
        Ok(())
    }),
    (
        "AAD of a PrivateMessage",
        "the AAD is SemiPrivateContentAAD, up to framed_content_tbs_hash",
        CIPHERTEXT,
        |_, it| {
            it.aad = aad_prefix;
            Ok(())
        },
    ),
    (
        "AAD without the hash of the content",
        "the AAD ends with framed_content_tbs_hash",
        CIPHERTEXT,
        |_, it| {
            it.aad = |aad| {
                let (.., hash, keys, _) = aad.clone().into_parts();
                Ok([aad_prefix(aad)?, hash.to_bytes()?, keys.to_bytes()?].concat())
            };
            Ok(())
        },
    ),
    (
        "AAD without the receivers' keys",
        "the AAD has keys_for_external_receivers: no user can add or drop one",
        CIPHERTEXT,
        |_, it| {
            it.aad = |aad| {
                let (.., hash, _, tbs_hash) = aad.clone().into_parts();
                Ok([aad_prefix(aad)?, hash.to_bytes()?, tbs_hash.to_bytes()?].concat())
            };
            Ok(())
        },
    ),
    (
        "padding that isn't zero",
        "padding is zeros: else it carries what was not signed",
        "content",
        |_, it| {
            if let Some(last) = it.content.last_mut() {
                *last = 1;
            }
            Ok(())
        },
    ),
];

const PADDING: usize = 12;

/// Another FramedContentTBS, rightly signed and hashed.
fn sign_other(scene: &mut Scene, it: &mut Parts, tbs: Vec<u8>) -> Made<()> {
    let auth = scene.auth(&tbs, ContentType::Proposal)?;
    it.content = SemiPrivateMessageContent::new(remove(4), auth, PADDING)?.to_bytes()?;
    it.tbs_hash = scene.suite.hash(&[&tbs]);
    it.tbs = tbs;
    Ok(())
}

/// Each bug once, the suites in turn.
pub(in crate::kind) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let suites = RustCrypto::CLASSICAL_CIPHER_SUITES.iter().cycle();
    let made = BUGS.iter().zip(suites).map(|((name, reason, refused, bug), number)| {
        let name = format!("suite {}, {name}", number.value());
        // A group of one receiver, unless its order is the matter.
        let receivers = if name.contains("order") { 2 } else { 1 };
        let mut scene = Scene::new(seed, &name, *number, receivers, 8)?;
        let mut parts = scene.parts(remove(4), PADDING)?;
        bug(&mut scene, &mut parts)?;
        let members = scene.assemble(parts, ContentType::Proposal)?;
        if name.contains("order") {
            scene.receivers.reverse();
        }
        let case = scene.finish(GeneratedCase::invalid(&name, reason), &members, true)?;
        Ok(Invalid { case, refused })
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::super::commit;
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn refuses_each_case_for_its_reason() {
        let others = refuses_each_for_its_reason(
            &invalid(&Seed::default()).unwrap(),
            crate::kind::semi_private::judge,
        );
        assert!(others.is_empty(), "{others:#?}");
    }

    /// What the invalid cases are assembled of is, without a bug, what the crate makes.
    #[test]
    fn assembles_what_the_crate_seals() {
        for number in RustCrypto::CIPHER_SUITES {
            for content in [remove(4), commit()] {
                let content_type = content.content_type();
                let scene = || Scene::new(&Seed::default(), "a case", number, 2, 8).unwrap();
                let honest = scene().honest(content.clone(), PADDING).unwrap();
                let mut scene = scene();
                let parts = scene.parts(content, PADDING).unwrap();
                assert_eq!(scene.assemble(parts, content_type).unwrap().message, honest.message);
            }
        }
    }
}
