//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode, Opaque,
    code_points::{CipherSuite, CredentialType, ExtensionType, ProtocolVersion},
    mls::{
        Capabilities, Content, Credential, Extension, Extensions, ExternalSender, ExternalSenders,
        FramedContent, FramedContentAuthData, GroupContext, GroupInfo, HPKECiphertext, HPKEPublicKey,
        LeafNode, LeafNodeSelect, Lifetime, MLSMessage, MLSMessageBody, Mls10, Node, Proposal, PublicMessage,
        RatchetTree, Remove, Sender, SignaturePublicKey,
    },
    protocol::{
        GroupInfoAnswer, GroupInfoCode, GroupInfoRatchetTreeTBE, GroupInfoRequestTBS, GroupInfoResponse,
        GroupInfoResponseTBS, PendingProposal, ProposalMessage, Protocol, TreelessGroupInfo,
    },
    ratchet_tree_options::{HttpsUrl, RatchetTreeOption},
};
use mimi_crypto::{
    CipherSuiteProvider, HpkePrivateKey, RustCrypto, RustCryptoSigningKey, SignaturePrivateKey,
    answer_group_info_request, encrypt_with_label, generate_hpke_key_pair, sign_group_info_request,
    sign_with_label, verify_group_info_request,
};

use crate::generate::{GenerateError, GeneratedCase, Seed, Stream};
use crate::kind::judgement::Invalid;

const ROOM: &[u8] = b"mimi://hub.example/r/clubhouse";
const ENCRYPTION: &[u8] = b"GroupInfo and ratchet_tree encryption";
const SIGNATURE: &[u8] = b"GroupInfoResponseTBS";

type Made<T> = Result<T, GenerateError>;

/// A hub and somebody who wants to join.
struct Scene {
    suite: RustCrypto,
    stream: Stream,
    private_key: HpkePrivateKey,
    public_key: HPKEPublicKey,
    hub_private_key: SignaturePrivateKey,
    hub: RustCryptoSigningKey,
    hub_sender: ExternalSender,
}

/// The members of a case that bugs change.
struct Members {
    room_id: Vec<u8>,
    hub_public_key: Vec<u8>,
    plaintext: Option<Vec<u8>>,
    response: GroupInfoResponse,
}

impl Scene {
    fn new(seed: &Seed, case: &str, number: CipherSuite) -> Made<Self> {
        let suite = RustCrypto::new(number)?;
        let mut stream = Stream::new(seed, "group-info", case);
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut stream)?;
        let hub_private_key = suite.generate_signature_key(&mut stream)?;
        let hub = suite.signing_key(&hub_private_key)?;
        let credential = Credential::Basic { identity: "mimi://hub.example".into() };
        let hub_sender = ExternalSender { signature_key: suite.signature_public_key(&hub), credential };
        Ok(Self { suite, stream, private_key, public_key, hub_private_key, hub, hub_sender })
    }

    fn number(&self) -> CipherSuite {
        self.suite.parameters().cipher_suite
    }

    fn group_info(&mut self) -> Made<GroupInfo> {
        let external_senders = ExternalSenders { external_senders: vec![self.hub_sender.clone()] };
        let extension = Extension {
            extension_type: ExtensionType::EXTERNAL_SENDERS,
            extension_data: external_senders.to_bytes()?.into(),
        };
        let nh = self.suite.parameters().nh;
        let group_context = GroupContext {
            version: Mls10,
            cipher_suite: self.number(),
            group_id: self.stream.bytes(16).into(),
            epoch: 8,
            tree_hash: self.stream.bytes(nh).into(),
            confirmed_transcript_hash: self.stream.bytes(nh).into(),
            extensions: Extensions::new(vec![extension])?,
        };
        Ok(GroupInfo {
            group_context,
            extensions: Extensions::default(),
            confirmation_tag: self.stream.bytes(nh).into(),
            signer: 2,
            signature: self.stream.bytes(64).into(),
        })
    }

    /// What the hub seals: a tree in place, one to be fetched, or one that the joiner's provider has followed.
    fn tbe(&mut self, tree: &str) -> Made<GroupInfoRatchetTreeTBE> {
        let group_info = self.group_info()?;
        let mut pending_proposals = Vec::new();
        let ratchet_tree_option = match tree {
            "full" => RatchetTreeOption::Full { ratchet_tree: self.ratchet_tree()? },
            "httpsUri" => {
                pending_proposals.push(self.pending_proposal(&group_info.group_context)?);
                RatchetTreeOption::HttpsUri {
                    ratchet_tree_url: HttpsUrl::new("https://hub.example/trees/8")
                        .map_err(|error| GenerateError::Defect(format!("{error}")))?,
                }
            }
            _ => RatchetTreeOption::DistributionService {},
        };
        let group_info = TreelessGroupInfo::new(group_info)?;
        Ok(GroupInfoRatchetTreeTBE { group_info, ratchet_tree_option, pending_proposals })
    }

    fn ratchet_tree(&mut self) -> Made<RatchetTree> {
        let leaf_node = LeafNode {
            encryption_key: generate_hpke_key_pair(&self.suite, &mut self.stream)?.1,
            signature_key: SignaturePublicKey::from(self.stream.bytes(32)),
            credential: Credential::Basic { identity: "mimi://a.example/d/alice/1".into() },
            capabilities: Capabilities {
                versions: vec![ProtocolVersion(1)],
                cipher_suites: vec![self.number()],
                extensions: vec![],
                proposals: vec![],
                credentials: vec![CredentialType::BASIC],
            },
            leaf_node_source: LeafNodeSelect::KeyPackage {
                lifetime: Lifetime { not_before: 0, not_after: u64::MAX },
            },
            extensions: Extensions::default(),
            signature: self.stream.bytes(64).into(),
        };
        Ok(RatchetTree(vec![Some(Node::Leaf { leaf_node: Box::new(leaf_node) })].try_into()?))
    }

    /// The hub proposes to remove somebody.
    fn pending_proposal(&mut self, group_context: &GroupContext) -> Made<PendingProposal> {
        let content = FramedContent::new(
            group_context.group_id.clone(),
            group_context.epoch,
            Sender::External { sender_index: 0 },
            Opaque::default(),
            Content::Proposal { proposal: Proposal::Remove(Remove { removed: 3 }) },
        )?;
        let auth = FramedContentAuthData { signature: self.stream.bytes(64).into(), confirmation_tag: None };
        let public_message = Box::new(PublicMessage::new(content, auth, None)?);
        let message = MLSMessage { version: Mls10, body: MLSMessageBody::PublicMessage { public_message } };
        Ok(PendingProposal { proposal: ProposalMessage::new(message)?, hub_accepted_time: 1_750_000_000_000 })
    }

    /// What is right: request and answer by the crate itself.
    fn honest(&mut self, tree: &str) -> Made<Members> {
        let tbe = self.tbe(tree)?;
        let number = self.number();
        let Self { suite, stream, public_key, hub, hub_sender, .. } = self;
        let requester = suite.signing_key(&suite.generate_signature_key(stream)?)?;
        let tbs = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: number,
            requesting_signature_key: suite.signature_public_key(&requester),
            requesting_credential: Credential::Basic { identity: "mimi://a.example/d/alice/1".into() },
            group_info_public_key: public_key.clone(),
            joining_code: None,
        };
        let request = sign_group_info_request(suite, &requester, tbs, stream)?;
        let request = verify_group_info_request(suite, request)?;
        let response =
            answer_group_info_request(suite, &request, ROOM, &tbe, hub_sender.clone(), hub, stream)?;
        Ok(Members {
            room_id: ROOM.to_vec(),
            hub_public_key: hub_sender.signature_key.to_vec(),
            plaintext: Some(tbe.to_bytes()?),
            response,
        })
    }

    fn seal(&mut self, label: &[u8], context: &[u8], plaintext: &[u8]) -> Made<HPKECiphertext> {
        let Self { suite, public_key, stream, .. } = self;
        Ok(encrypt_with_label(suite, public_key, label, context, plaintext, stream)?)
    }

    /// An answer that holds `sealed`, rightly signed.
    fn answer(&mut self, it: &mut Members, sealed: HPKECiphertext) -> Made<()> {
        let tbs = GroupInfoResponseTBS::new(
            Protocol::Mls10,
            it.room_id.clone().into(),
            GroupInfoCode::Success,
            self.number(),
            self.hub_sender.clone(),
            sealed,
        )?;
        self.sign(it, tbs, SIGNATURE)
    }

    fn sign(&mut self, it: &mut Members, tbs: GroupInfoResponseTBS, label: &[u8]) -> Made<()> {
        let bytes = tbs.to_bytes()?;
        let signature = self.signature(label, &bytes)?;
        it.response = tbs.with_signature(signature.into());
        Ok(())
    }

    fn signature(&mut self, label: &[u8], content: &[u8]) -> Made<Vec<u8>> {
        let Self { suite, hub, stream, .. } = self;
        Ok(sign_with_label(suite, hub, label, content, stream)?)
    }

    fn finish(&self, case: GeneratedCase, it: &Members) -> Made<GeneratedCase> {
        let case = case
            .json_member("cipher_suite", format!("{}", self.number().value()))
            .hex("room_id", &it.room_id)
            .hex("requester_hpke_private_key", self.private_key.expose())
            .hex("requester_hpke_public_key", &self.public_key)
            .hex("hub_signature_private_key", self.hub_private_key.expose())
            .hex("hub_signature_public_key", &it.hub_public_key)
            .hex("hub_credential", &self.hub_sender.credential.to_bytes()?);
        let case = match &it.plaintext {
            Some(plaintext) => case.hex("plaintext", plaintext),
            None => case.json_member("plaintext", "null".into()),
        };
        Ok(case.hex("response", &it.response.to_bytes()?))
    }
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let mut cases = Vec::new();
    for number in RustCrypto::CIPHER_SUITES {
        for tree in ["full", "httpsUri", "distributionService"] {
            let name = format!("suite {}, tree {tree}", number.value());
            let mut scene = Scene::new(seed, &name, number)?;
            let members = scene.honest(tree)?;
            cases.push(scene.finish(GeneratedCase::new(&name), &members)?);
        }
    }
    for (name, status) in [
        ("not authorized", GroupInfoAnswer::NotAuthorized {}),
        ("no such room", GroupInfoAnswer::NoSuchRoom {}),
    ] {
        let mut scene = Scene::new(seed, name, CipherSuite(1))?;
        let mut members = scene.honest("")?;
        members.plaintext = None;
        members.response.status = status;
        cases.push(scene.finish(GeneratedCase::new(name), &members)?);
    }
    Ok(cases)
}

/// A bug that somebody could have, and the case that finds it out.
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
        "whoever signs has to be the room's hub",
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
pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let suites = RustCrypto::CIPHER_SUITES.iter().cycle();
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
        let others = refuses_each_for_its_reason(&invalid(&Seed::default()).unwrap(), super::super::judge);
        assert!(others.is_empty(), "{others:#?}");
    }
}
