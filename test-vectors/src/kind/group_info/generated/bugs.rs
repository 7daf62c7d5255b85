//! Wrong answers, each by one bug.

use alloc::{format, vec, vec::Vec};

use mimi_codec::{
    Decode, Encode, Opaque,
    code_points::{CipherSuite, ExtensionType},
    mls::{Credential, Extension, Extensions, ExternalSender, HPKECiphertext, SignaturePublicKey},
    protocol::{GroupInfoAnswer, GroupInfoRatchetTreeTBE, GroupInfoResponseTBS},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, generate_hpke_key_pair};

use super::{ENCRYPTION, Made, Members, SIGNATURE, Scene};
use crate::{
    file_format::{GenerateError, GeneratedCase, Seed},
    kind::judgement::Invalid,
};

/// A bug that a user could have, and the case that finds it out.
struct Bug {
    name: &'static str,
    reason: &'static str,
    /// The field that is refused first.
    refused: &'static str,
    /// A suite of its own, if it takes one.
    suite: Option<u16>,
    make: fn(&mut Scene, &mut Members) -> Made<()>,
}

const fn bug(
    name: &'static str,
    reason: &'static str,
    refused: &'static str,
    make: fn(&mut Scene, &mut Members) -> Made<()>,
) -> Bug {
    Bug { name, reason, refused, suite: None, make }
}

impl Bug {
    const fn under(self, suite: u16) -> Self {
        Self { suite: Some(suite), ..self }
    }
}

const SEALED: &str = "response.encrypted_groupinfo_and_tree";

const BUGS: &[Bug] = &[
    bug(
        "signed under the label of a request",
        "the label is GroupInfoResponseTBS",
        "response",
        |scene, it| {
            let tbs = tbs(it)?;
            scene.sign(it, tbs, b"GroupInfoRequestTBS")
        },
    ),
    bug("signed without a label", "the signature is a SignWithLabel", "response", |scene, it| {
        let Scene { suite, hub, stream, .. } = scene;
        let signature = suite.sign(hub, &tbs(it)?.to_bytes()?, stream)?;
        it.response = tbs(it)?.with_signature(signature.into());
        Ok(())
    }),
    bug(
        "signed by another than hub_sender",
        "the signature verifies under hub_sender's key",
        "response",
        |scene, it| {
            let own = scene.suite.generate_signature_key(&mut scene.stream)?;
            let own = scene.suite.signing_key(&own)?;
            let hub = core::mem::replace(&mut scene.hub, own);
            let tbs = tbs(it)?;
            scene.sign(it, tbs, SIGNATURE)?;
            scene.hub = hub;
            Ok(())
        },
    ),
    bug(
        "signed by a stranger who says so",
        "the signer has to be the room's hub",
        "response.hub_sender",
        |scene, it| {
            let own = scene.suite.generate_signature_key(&mut scene.stream)?;
            let own = scene.suite.signing_key(&own)?;
            let stranger = ExternalSender {
                signature_key: scene.suite.signature_public_key(&own),
                credential: scene.hub_sender.credential.clone(),
            };
            let hub = core::mem::replace(&mut scene.hub, own);
            let hub_sender = core::mem::replace(&mut scene.hub_sender, stranger);
            let sealed = tbs(it)?.into_parts().5;
            scene.answer(it, sealed)?;
            (scene.hub, scene.hub_sender) = (hub, hub_sender);
            Ok(())
        },
    ),
    bug(
        "hub with another credential",
        "hub_sender's credential is that of the room's hub",
        "response.hub_sender",
        |scene, it| {
            let other = Credential::Basic { identity: "mimi://other.example".into() };
            let own = core::mem::replace(&mut scene.hub_sender.credential, other);
            let sealed = tbs(it)?.into_parts().5;
            scene.answer(it, sealed)?;
            scene.hub_sender.credential = own;
            Ok(())
        },
    ),
    bug("answer about another room", "room_id is the room that was asked for", "response", |_, it| {
        it.room_id = b"mimi://hub.example/r/other".to_vec();
        Ok(())
    }),
    bug(
        "another room's answer under this room's name",
        "the sealing's context is room_id",
        SEALED,
        |scene, it| {
            let sealed = scene.seal(ENCRYPTION, b"mimi://hub.example/r/other", plaintext(it))?;
            scene.answer(it, sealed)
        },
    ),
    bug(
        "room_id in the context with its length",
        "EncryptWithLabel adds the length; the context is the bare octets",
        SEALED,
        |scene, it| {
            let context = Opaque::from(it.room_id.clone()).to_bytes()?;
            let sealed = scene.seal(ENCRYPTION, &context, plaintext(it))?;
            scene.answer(it, sealed)
        },
    ),
    bug("sealed without a context", "the context is room_id", SEALED, |scene, it| {
        let sealed = scene.seal(ENCRYPTION, b"", plaintext(it))?;
        scene.answer(it, sealed)
    }),
    bug(
        "sealed under another label",
        "the label is \"GroupInfo and ratchet_tree encryption\", with its spaces",
        SEALED,
        |scene, it| {
            let room_id = it.room_id.clone();
            let sealed = scene.seal(b"GroupInfoRatchetTreeTBE", &room_id, plaintext(it))?;
            scene.answer(it, sealed)
        },
    ),
    bug(
        "sealed to another requester",
        "what is sealed opens with groupInfoPublicKey's private key",
        SEALED,
        |scene, it| {
            let other = generate_hpke_key_pair(&scene.suite, &mut scene.stream)?.1;
            let own = core::mem::replace(&mut scene.public_key, other);
            let room_id = it.room_id.clone();
            let sealed = scene.seal(ENCRYPTION, &room_id, plaintext(it))?;
            scene.public_key = own;
            scene.answer(it, sealed)
        },
    ),
    bug("ciphertext changed before it was signed", "the AEAD's tag is checked", SEALED, |scene, it| {
        let HPKECiphertext { kem_output, ciphertext } = tbs(it)?.into_parts().5;
        let mut ciphertext = ciphertext.to_vec();
        if let Some(last) = ciphertext.last_mut() {
            *last ^= 1;
        }
        scene.answer(it, HPKECiphertext { kem_output, ciphertext: ciphertext.into() })
    }),
    bug(
        "ciphertext changed after it was signed",
        "the signature covers encrypted_groupinfo_and_tree",
        "response",
        |_, it| {
            let (tbs, signature) = (tbs(it)?, signature(it)?);
            let (version, room, code, suite, hub, sealed) = tbs.into_parts();
            let sealed = HPKECiphertext { ciphertext: Opaque::default(), ..sealed };
            let tbs = GroupInfoResponseTBS::new(version, room, code, suite, hub, sealed)?;
            it.response = tbs.with_signature(signature);
            Ok(())
        },
    ),
    bug(
        "signature that leaves out the status",
        "GroupInfoResponseTBS has a status",
        "response",
        |scene, it| {
            let tbs = tbs(it)?;
            let mut bytes = tbs.to_bytes()?;
            // version, room_id and its length of one byte
            bytes.remove(it.room_id.len().saturating_add(2));
            let signature = scene.signature(SIGNATURE, &bytes)?;
            it.response = tbs.with_signature(signature.into());
            Ok(())
        },
    ),
    bug("answer under another suite", "the suite is the request's", "response", |scene, it| {
        let (version, room, code, _, hub, sealed) = tbs(it)?.into_parts();
        let tbs = GroupInfoResponseTBS::new(version, room, code, CipherSuite(0xf001), hub, sealed)?;
        scene.sign(it, tbs, SIGNATURE)
    }),
    bug(
        "sealed with a byte behind it",
        "what is sealed is a GroupInfoRatchetTreeTBE and nothing else",
        SEALED,
        |scene, it| {
            let longer = [plaintext(it), &[0]].concat();
            seal_other(scene, it, longer)
        },
    ),
    bug(
        "GroupInfo with a tree inside",
        "the GroupInfo has no ratchet_tree extension; the tree is beside it",
        SEALED,
        |scene, it| {
            let tbe = GroupInfoRatchetTreeTBE::decode_exact(plaintext(it))
                .map_err(|error| GenerateError::Defect(format!("{error}")))?;
            let mut group_info = tbe.group_info.get().clone();
            group_info.extensions = Extensions::new(vec![Extension {
                extension_type: ExtensionType::RATCHET_TREE,
                extension_data: scene.ratchet_tree()?.to_bytes()?.into(),
            }])?;
            let rest = [tbe.ratchet_tree_option.to_bytes()?, tbe.pending_proposals.to_bytes()?].concat();
            seal_other(scene, it, [group_info.to_bytes()?, rest].concat())
        },
    ),
    bug("no signature", "the answer is signed", "response", |_, it| {
        it.response = tbs(it)?.with_signature(Opaque::default());
        Ok(())
    }),
    bug("no body where one is expected", "noSuchRoom comes without a GroupInfo", "response", |_, it| {
        it.response.status = GroupInfoAnswer::NoSuchRoom {};
        Ok(())
    }),
    bug("body where none is expected", "success comes with a GroupInfo", "plaintext", |_, it| {
        it.plaintext = None;
        Ok(())
    }),
    bug(
        "s of Ed25519 plus the group's order",
        "s is below the order (RFC 8032, 5.1.7): else anybody makes a second signature of one",
        "response",
        |_, it| {
            // 2^252 + 27742317777372353535851937790883648493, little-endian
            const ORDER: [u8; 32] = [
                0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
                0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
            ];
            let mut bytes = signature(it)?.to_vec();
            let mut carry = 0;
            for (byte, add) in bytes.iter_mut().skip(32).zip(ORDER) {
                let sum = u16::from(*byte).saturating_add(u16::from(add)).saturating_add(carry);
                *byte = sum.to_be_bytes()[1];
                carry = u16::from(sum.to_be_bytes()[0]);
            }
            it.response = tbs(it)?.with_signature(bytes.into());
            Ok(())
        },
    )
    .under(1),
    bug(
        "ECDSA signature as r and s of fixed length",
        "ECDSA signatures are DER (RFC 9420, 5.1.2)",
        "response",
        |_, it| {
            let der = signature(it)?;
            let integers = integers(&der).ok_or_else(|| GenerateError::Defect("no DER".into()))?;
            let fixed = integers.map(|integer| {
                let significant: Vec<_> = integer.iter().copied().skip_while(|byte| *byte == 0).collect();
                [vec![0; 32_usize.saturating_sub(significant.len())], significant].concat()
            });
            it.response = tbs(it)?.with_signature(fixed.concat().into());
            Ok(())
        },
    )
    .under(2),
    bug("ECDSA signature with a byte behind it", "DER ends where its length says", "response", |_, it| {
        let longer = [&*signature(it)?, &[0]].concat();
        it.response = tbs(it)?.with_signature(longer.into());
        Ok(())
    })
    .under(7),
    bug(
        "hub's key as a compressed point",
        "points are uncompressed (RFC 9420, 5.1.1)",
        "hub_signature_public_key",
        |scene, it| {
            let own = &scene.hub_sender.signature_key;
            let parity = own.last().copied().unwrap_or_default() & 1;
            let x = own.iter().skip(1).take(32).copied();
            let compressed: Vec<_> = core::iter::once(2 | parity).chain(x).collect();
            it.hub_public_key.clone_from(&compressed);
            let compressed = ExternalSender {
                signature_key: SignaturePublicKey::from(compressed),
                credential: scene.hub_sender.credential.clone(),
            };
            let own = core::mem::replace(&mut scene.hub_sender, compressed);
            let sealed = tbs(it)?.into_parts().5;
            scene.answer(it, sealed)?;
            scene.hub_sender = own;
            Ok(())
        },
    )
    .under(2),
    bug(
        "private key of another requester",
        "the private key isn't that of groupInfoPublicKey",
        "requester_hpke_private_key",
        |scene, _| {
            scene.private_key = generate_hpke_key_pair(&scene.suite, &mut scene.stream)?.0;
            Ok(())
        },
    ),
];

/// The two integers of an ECDSA signature in DER whose lengths take one byte.
fn integers(der: &[u8]) -> Option<[&[u8]; 2]> {
    let r_length = usize::from(*der.get(3)?);
    let (r, rest) = der.get(4..)?.split_at_checked(r_length)?;
    Some([r, rest.get(2..)?])
}

fn tbs(it: &Members) -> Made<GroupInfoResponseTBS> {
    it.response.tbs().ok_or_else(|| GenerateError::Defect("no body".into()))
}

fn signature(it: &Members) -> Made<Opaque> {
    match &it.response.status {
        GroupInfoAnswer::Success { signature, .. } => Ok(signature.clone()),
        _ => Err(GenerateError::Defect("no body".into())),
    }
}

fn plaintext(it: &Members) -> &[u8] {
    it.plaintext.as_deref().unwrap_or_default()
}

/// An answer that holds something else, which the case calls its plaintext, too.
fn seal_other(scene: &mut Scene, it: &mut Members, plaintext: Vec<u8>) -> Made<()> {
    let room_id = it.room_id.clone();
    let sealed = scene.seal(ENCRYPTION, &room_id, &plaintext)?;
    it.plaintext = Some(plaintext);
    scene.answer(it, sealed)
}

/// Each bug once, the suites in turn.
pub(in crate::kind) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let suites = RustCrypto::CLASSICAL_CIPHER_SUITES.iter().cycle();
    let made = BUGS.iter().zip(suites).map(|(Bug { name, reason, refused, suite, make }, in_turn)| {
        let number = suite.map_or(*in_turn, CipherSuite);
        let name = format!("suite {}, {name}", number.value());
        let mut scene = Scene::new(seed, &name, number)?;
        let mut members = scene.honest("distributionService")?;
        make(&mut scene, &mut members)?;
        let case = scene.finish(GeneratedCase::invalid(&name, reason), &members)?;
        Ok(Invalid { case, refused })
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn refuses_each_case_for_its_reason() {
        let others =
            refuses_each_for_its_reason(&invalid(&Seed::default()).unwrap(), crate::kind::group_info::judge);
        assert!(others.is_empty(), "{others:#?}");
    }
}
