//! The kind `attachment`: what lies at the URL of an external part, and what a receiver makes of
//! it.

#[cfg(feature = "generate")]
mod flags;
use alloc::string::ToString;
#[cfg(feature = "generate")]
use alloc::vec::Vec;

use mimi_content::{AeadAlgorithm, AttachmentError, ExternalPart, HashAlgorithm};

use super::Kind;
use super::judgement::{Judgement, all_bytes, must_be_refused, must_hold, number, uint32};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Attachment;

impl Kind for Attachment {
    fn name(&self) -> &'static str {
        "attachment"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-content-09"]
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

/// `None` if a member is missing or ill-typed.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let [enc_alg, size, hash_alg, now] =
        ["enc_alg", "size", "hash_alg", "now"].map(|field| number(case, field));
    let expires = uint32(case, "expires");
    let bytes = all_bytes(case, ["key", "nonce", "aad", "content_hash", "stored", "content"]);
    let [key, nonce, aad, content_hash, mut stored, content] = bytes?;
    let mut judgement = Judgement::default();
    let part = ExternalPart {
        expires: expires?,
        size: size?,
        enc_alg: AeadAlgorithm(judgement.check("enc_alg", u16::try_from(enc_alg?))?),
        key,
        nonce,
        aad,
        hash_alg: HashAlgorithm(judgement.check("hash_alg", u8::try_from(hash_alg?))?),
        content_hash,
        ..ExternalPart::default()
    };
    match part.as_ref().open(&mut stored, now?) {
        Ok(opened) => judgement.same("content", opened.as_bytes(), &content),
        Err(error) => judgement.refuse(field_of(&error), "to be opened", error.to_string()),
    }
    Some(judgement)
}

/// The member that an error is about.
fn field_of(error: &AttachmentError) -> &'static str {
    match error {
        AttachmentError::UnknownAead(_) => "enc_alg",
        AttachmentError::UnknownHash(_) => "hash_alg",
        AttachmentError::KeyLength { .. } | AttachmentError::KeyWithoutEncryption => "key",
        AttachmentError::NonceLength { .. } => "nonce",
        AttachmentError::Expired { .. } => "expires",
        AttachmentError::Size { .. } => "size",
        AttachmentError::NothingToVerify | AttachmentError::OtherContent => "content_hash",
        _ => "stored",
    }
}

#[cfg(feature = "generate")]
#[expect(clippy::indexing_slicing, reason = "members of JSON objects that are made here")]
mod generated {
    //! Making cases, by the primitives of mimi-crypto and without mimi-content.

    use alloc::format;
    use alloc::vec;
    use alloc::vec::Vec;

    use mimi_codec::code_points::CipherSuite;
    use mimi_crypto::{AeadKey, CipherSuiteProvider, RustCrypto};
    use serde_json::{Value, json};
    use sha2::{Digest, Sha256, Sha384, Sha512};

    use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};
    use crate::kind::judgement::{Invalid, Rule, edit, flip, shorten, spoiled};

    /// 2026-01-01.
    const NOW: u64 = 1_767_225_600_000;
    const EXPIRES: u64 = 1_767_312_000;

    /// The AEAD algorithms, each with a suite that has it.
    const ALGORITHMS: [(u16, u16); 3] = [(1, 1), (2, 5), (29, 3)];

    fn hash(algorithm: u8, data: &[u8]) -> Vec<u8> {
        match algorithm {
            1 => Sha256::digest(data).to_vec(),
            7 => Sha384::digest(data).to_vec(),
            8 => Sha512::digest(data).to_vec(),
            _ => Vec::new(),
        }
    }

    fn part(
        seed: &Seed,
        name: &str,
        (enc_alg, suite): (u16, u16),
        content: &[u8],
        aad: &[u8],
        hash_alg: u8,
    ) -> Result<Value, GenerateError> {
        let mut stream = Stream::new(seed, "attachment", name);
        let (key, nonce, stored) = if enc_alg == 0 {
            (vec![], vec![], content.to_vec())
        } else {
            let suite = RustCrypto::new(CipherSuite(suite))?;
            let (key, nonce) = (stream.bytes(suite.parameters().nk), stream.bytes(12));
            let sealing = AeadKey::new(&suite, key.as_slice())?;
            let stored = suite.aead_seal(&sealing, &nonce, aad, content)?;
            (key, nonce, stored)
        };
        Ok(json!({
            "enc_alg": enc_alg,
            "key": hex::encode(key),
            "nonce": hex::encode(nonce),
            "aad": hex::encode(aad),
            "size": stored.len(),
            "expires": EXPIRES,
            "hash_alg": hash_alg,
            "content_hash": hex::encode(hash(hash_alg, &stored)),
            "stored": hex::encode(&stored),
            "now": NOW,
            "content": hex::encode(content),
        }))
    }

    pub(super) fn valid(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = Vec::new();
        let mut push = |name: &str, members: Value| {
            cases.push(GeneratedCase::new(name).members(&members));
        };
        for algorithm in ALGORITHMS {
            let prefix = format!("AEAD {}", algorithm.0);
            for (what, content, aad) in [
                ("a file", &b"2 hours of key signing"[..], &b""[..]),
                ("an empty file", b"", b""),
                ("additional data", b"a rocket", b"https://example.com/storage/8ksB4bSrrRE.mp4"),
                ("1000 bytes", &[0x5a; 1000], b""),
            ] {
                let name = format!("{prefix}: {what}");
                push(&name, part(seed, &name, algorithm, content, aad, 1)?);
            }
            let name = format!("{prefix}: encrypted, without a hash");
            push(&name, part(seed, &name, algorithm, b"a rocket", b"", 0)?);
            let name = format!("{prefix}: size of the content before encryption");
            let mut members = part(seed, &name, algorithm, b"a rocket", b"", 1)?;
            members["size"] = json!(8);
            push(&name, members);
        }
        for (hash_alg, what) in [(1, "SHA-256"), (7, "SHA-384"), (8, "SHA-512")] {
            let name = format!("not encrypted, {what}");
            push(&name, part(seed, &name, (0, 1), b"a rocket", b"", hash_alg)?);
        }
        for (name, member, value) in [
            ("size unknown", "size", json!(0)),
            ("never expires", "expires", json!(0)),
            ("a millisecond before it expires", "now", json!(EXPIRES * 1000 - 1)),
        ] {
            let mut members = part(seed, name, (1, 1), b"a rocket", b"", 1)?;
            members[member] = value;
            push(name, members);
        }
        Ok(cases)
    }

    pub(super) fn invalid(seed: &Seed) -> Result<Vec<Invalid>, GenerateError> {
        let rules: &[Rule<'_>] = &[
            ("key changed", "the key is another", "stored", &|it| flip(it, "key")),
            ("nonce changed", "the nonce is another", "stored", &|it| flip(it, "nonce")),
            ("aad changed", "the additional data is authenticated", "stored", &|it| {
                edit(it, "aad", |aad| aad.push(0));
            }),
            ("stored bytes changed", "the hash is of what lies at the URL", "content_hash", &|it| {
                flip(it, "stored");
            }),
            ("hash changed", "the hash is another", "content_hash", &|it| flip(it, "content_hash")),
            ("hash cut off", "a SHA-256 hash has 32 bytes", "content_hash", &|it| {
                shorten(it, "content_hash");
            }),
            ("mistake: hash of the content", "the hash covers the ciphertext", "content_hash", &|it| {
                let content = hex::decode(it["content"].as_str().unwrap_or_default()).unwrap_or_default();
                it["content_hash"] = json!(hex::encode(hash(1, &content)));
            }),
            ("key of another length", "the algorithm has one key length", "key", &|it| {
                edit(it, "key", |key| key.push(0));
            }),
            ("nonce of 11 bytes", "a nonce has 12 bytes", "nonce", &|it| {
                shorten(it, "nonce");
            }),
            ("another size", "the size is the length of what lies at the URL", "size", &|it| {
                it["size"] = json!(7);
            }),
            ("expired", "the content is invalid from `expires` on", "expires", &|it| {
                it["now"] = json!(EXPIRES * 1000);
            }),
            ("unknown AEAD", "no such AEAD is known", "enc_alg", &|it| it["enc_alg"] = json!(0xffff)),
            ("unknown hash", "no such hash is known", "hash_alg", &|it| it["hash_alg"] = json!(255)),
            ("truncated hash", "a hash of 128 bits or less tells no file from another", "hash_alg", &|it| {
                it["hash_alg"] = json!(2);
                edit(it, "content_hash", |hash| hash.truncate(16));
            }),
            ("other content", "the content is what was encrypted", "content", &|it| flip(it, "content")),
        ];
        let mut cases = Vec::new();
        for algorithm in ALGORITHMS {
            let prefix = format!("AEAD {}: ", algorithm.0);
            let honest = part(seed, &prefix, algorithm, b"a rocket", b"", 1)?;
            cases.extend(spoiled(&honest, &prefix, rules));
            let unbound = part(seed, &format!("{prefix}no hash"), algorithm, b"a rocket", b"", 0)?;
            cases.extend(spoiled(
                &unbound,
                &format!("{prefix}without a hash, "),
                &[
                    ("stored bytes changed", "the tag covers what lies at the URL", "stored", &|it| {
                        flip(it, "stored");
                    }),
                    ("shorter than a tag", "a tag has 16 bytes", "stored", &|it| {
                        edit(it, "stored", |stored| stored.truncate(15));
                        it["size"] = json!(15);
                    }),
                ],
            ));
        }
        let clear = part(seed, "clear", (0, 1), b"a rocket", b"", 1)?;
        cases.extend(spoiled(
            &clear,
            "not encrypted, ",
            &[
                ("changed", "the hash is another", "content_hash", &|it| flip(it, "stored")),
                ("without a hash", "nothing says what lies at the URL", "content_hash", &|it| {
                    it["hash_alg"] = json!(0);
                    it["content_hash"] = json!("");
                }),
                ("with a key", "a key without encryption", "key", &|it| it["key"] = json!("00")),
                ("with a nonce", "a nonce without encryption", "key", &|it| it["nonce"] = json!("00")),
                ("with additional data", "additional data without encryption", "key", &|it| {
                    it["aad"] = json!("00");
                }),
            ],
        ));
        Ok(cases)
    }
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid(&Seed::default()).unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), [""; 0]);
    }
}
