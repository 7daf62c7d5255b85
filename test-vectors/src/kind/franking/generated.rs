//! What [`Kind::generate`](crate::kind::Kind::generate) makes. The formulas are written down a
//! second time here, from the drafts and without mimi-franking, so that making a vector and
//! verifying it are two computations.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mimi_codec::Encode;
use mimi_codec::code_points::CipherSuite;
use mimi_codec::protocol::{IdentifierUri, ServerFrankingContext};
use mimi_content::{Disposition, ExtensionKey, MessageExtensions, MimiContent, NestedPart, Salt};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, Secret, SignaturePrivateKey, sign_with_label};
use sha2::{Digest, Sha256};

use super::ASSERTION_KEY;
use crate::case::MAX_NUMBER;
use crate::cbor::{bytes, map, text, unsigned};
use crate::file_format::{GenerateError, GeneratedCase, POST_QUANTUM_SUITES, Seed, Stream, suites};

const ALICE: &str = "mimi://b.example/u/alice";
const BOB: &str = "mimi://c.example/u/bob";
const ROOM: &str = "mimi://hub.example/r/Rl33FWLCYWOwxHrYnpWDQg";
const OTHER_ROOM: &str = "mimi://hub.example/r/clubhouse";
const NOW: u64 = 1_767_225_600_000;

/// Two pairs of a user and a room whose URIs run together into the same bytes.
const MALLORY: (&str, &str) = ("mimi://a.example/u/xmimi://a.example/r/y", "mimi://a.example/r/z");
const VICTIM: (&str, &str) = ("mimi://a.example/u/x", "mimi://a.example/r/ymimi://a.example/r/z");

#[derive(Clone, Copy, PartialEq, Eq)]
enum Revision {
    Signed,
    IntegrityMac,
    ContextHash,
}

impl Revision {
    fn number(self) -> &'static str {
        match self {
            Self::Signed => "06",
            Self::IntegrityMac => "03",
            Self::ContextHash => "02",
        }
    }
}

const RECEIVER: &[&str] = &["receiver"];
const HUB: &[&str] = &["hub"];
const BOTH: &[&str] = &["receiver", "hub"];

/// The members of a case.
#[derive(Clone)]
struct Vector {
    revision: Revision,
    cipher_suite: u16,
    is_framed: bool,
    application_data: Vec<u8>,
    salt: Vec<u8>,
    sender_uri: String,
    room_uri: String,
    accepted_timestamp: u64,
    hub_key: Vec<u8>,
    franking_tag: Vec<u8>,
    server_frank: Vec<u8>,
    /// 06: the private and the public key; 03 and 02: the secret, and nothing.
    key: Vec<u8>,
    public_key: Vec<u8>,
    /// The signature, the check or the hash.
    proof: Vec<u8>,
}

/// What a message is made of.
#[derive(Clone)]
struct Message {
    sender_uri: &'static str,
    room_uri: &'static str,
    text: String,
    accepted_timestamp: u64,
    hub_key_length: usize,
}

impl Default for Message {
    fn default() -> Self {
        Self {
            sender_uri: ALICE,
            room_uri: ROOM,
            text: "Hello, clubhouse".into(),
            accepted_timestamp: NOW,
            hub_key_length: 32,
        }
    }
}

/// HMAC-SHA256 under a key of any length; the first suite's MAC is that.
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Result<Vec<u8>, GenerateError> {
    let suite = RustCrypto::new(CipherSuite(1))?;
    Ok(suite.mac(&Secret::from_provider(key), parts)?.to_vec())
}

fn application_data(
    revision: Revision,
    salt: &[u8],
    sender_uri: &str,
    room_uri: &str,
    body: &str,
) -> Result<Vec<u8>, GenerateError> {
    let mut extensions = MessageExtensions::new();
    // 02 has the FrankingAssertion map beside them.
    extensions.set_sender_uri(sender_uri)?;
    extensions.set_room_uri(room_uri)?;
    let content_salt = if revision == Revision::ContextHash {
        let assertion = map(&[
            (unsigned(1), bytes(salt)),
            (unsigned(2), text(sender_uri)),
            (unsigned(3), text(room_uri)),
        ]);
        extensions.set_encoded(ExtensionKey::Integer(ASSERTION_KEY), &assertion)?;
        [0x5a; 16]
    } else {
        salt.try_into().map_err(|_| GenerateError::Defect("a salt of another length".into()))?
    };
    let body = NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", body);
    let content =
        MimiContent::builder(Salt::from_bytes(content_salt), body).extensions(extensions).build()?;
    Ok(content.encode())
}

fn uri(text: &str) -> Result<IdentifierUri, GenerateError> {
    IdentifierUri::new(text).map_err(|error| GenerateError::Defect(error.to_string()))
}

fn framed_context(sender: &str, room: &str, time: u64) -> Result<Vec<u8>, GenerateError> {
    let (sender_uri, room_uri) = (uri(sender)?, uri(room)?);
    Ok(ServerFrankingContext { sender_uri, room_uri, accepted_timestamp: time }.to_bytes()?)
}

fn bare_context(sender: &str, room: &str, time: u64) -> Vec<u8> {
    [sender.as_bytes(), room.as_bytes(), &time.to_be_bytes()].concat()
}

fn context(revision: Revision, sender: &str, room: &str, time: u64) -> Result<Vec<u8>, GenerateError> {
    match revision {
        Revision::Signed => framed_context(sender, room, time),
        _ => Ok(bare_context(sender, room, time)),
    }
}

fn with_suite(server_frank: &[u8], suite: u16, context: &[u8]) -> Vec<u8> {
    [server_frank, &suite.to_be_bytes(), context].concat()
}

impl Vector {
    /// An honest run.
    fn new(
        revision: Revision,
        cipher_suite: u16,
        message: &Message,
        stream: &mut Stream,
    ) -> Result<Self, GenerateError> {
        let salt = stream.bytes(if revision == Revision::ContextHash { 32 } else { 16 });
        let hub_key = stream.bytes(message.hub_key_length);
        let Message { sender_uri, room_uri, text, accepted_timestamp, .. } = message;
        let application_data = application_data(revision, &salt, sender_uri, room_uri, text)?;
        let suite = RustCrypto::new(CipherSuite(cipher_suite))?;
        let (key, public_key) = match revision {
            Revision::Signed => {
                let key = private_key(&suite, stream)?;
                let public_key = suite.signature_public_key(&suite.signing_key(&key)?).to_vec();
                (key.expose().to_vec(), public_key)
            }
            _ => (stream.bytes(suite.parameters().nh), Vec::new()),
        };
        let mut vector = Self {
            revision,
            cipher_suite,
            is_framed: false,
            franking_tag: Vec::new(),
            server_frank: Vec::new(),
            proof: Vec::new(),
            application_data,
            salt,
            sender_uri: (*sender_uri).into(),
            room_uri: (*room_uri).into(),
            accepted_timestamp: *accepted_timestamp,
            hub_key,
            key,
            public_key,
        };
        vector.retag()?;
        vector.frank_as(sender_uri, room_uri, stream)?;
        Ok(vector)
    }

    fn retag(&mut self) -> Result<(), GenerateError> {
        self.franking_tag = hmac_sha256(&self.salt, &[&self.application_data])?;
        Ok(())
    }

    /// The hub franks it, for this sender in this room.
    fn frank_as(&mut self, sender: &str, room: &str, stream: &mut Stream) -> Result<(), GenerateError> {
        let context = context(self.revision, sender, room, self.accepted_timestamp)?;
        self.server_frank = hmac_sha256(&self.hub_key, &[&self.franking_tag, &context])?;
        self.prove(&context, stream)
    }

    /// The proof over the server_frank and this context.
    fn prove(&mut self, context: &[u8], stream: &mut Stream) -> Result<(), GenerateError> {
        self.proof = match self.revision {
            Revision::Signed => {
                let tbs = with_suite(&self.server_frank, self.cipher_suite, context);
                self.sign(b"FrankingIntegrityTBS", &tbs, stream)?
            }
            Revision::IntegrityMac => hmac_sha256(&self.key, &[&self.server_frank, context])?,
            Revision::ContextHash => {
                Sha256::new().chain_update(&self.key).chain_update(context).finalize().to_vec()
            }
        };
        Ok(())
    }

    fn sign(&self, label: &[u8], content: &[u8], stream: &mut Stream) -> Result<Vec<u8>, GenerateError> {
        let suite = RustCrypto::new(CipherSuite(self.cipher_suite))?;
        let key = suite.signing_key(&SignaturePrivateKey::new(&suite, self.key.as_slice())?)?;
        Ok(sign_with_label(&suite, &key, label, content, &mut Randomness(stream))?)
    }

    fn finish(&self, case: GeneratedCase) -> GeneratedCase {
        let time = self.accepted_timestamp;
        let time = if time > MAX_NUMBER { format!("\"{time}\"") } else { time.to_string() };
        let case = case
            .text("revision", self.revision.number())
            .json_member("cipher_suite", self.cipher_suite.to_string());
        let case = if self.is_framed { case.text("framing", "application_framing") } else { case };
        let case = case
            .hex("application_data", &self.application_data)
            .hex("salt", &self.salt)
            .text("sender_uri", &self.sender_uri)
            .text("room_uri", &self.room_uri)
            .json_member("accepted_timestamp", time)
            .hex("hub_key", &self.hub_key)
            .hex("franking_tag", &self.franking_tag)
            .hex("server_frank", &self.server_frank);
        match self.revision {
            Revision::Signed => case
                .hex("signature_private_key", &self.key)
                .hex("signature_public_key", &self.public_key)
                .hex("franking_integrity_signature", &self.proof),
            Revision::IntegrityMac => {
                case.hex("franking_integrity_secret", &self.key).hex("franking_integrity_check", &self.proof)
            }
            Revision::ContextHash => {
                case.hex("franking_context_secret", &self.key).hex("franking_context_hash", &self.proof)
            }
        }
    }

    fn content(&self, salt: &[u8], sender: &str, room: &str, text: &str) -> Result<Vec<u8>, GenerateError> {
        application_data(self.revision, salt, sender, room, text)
    }
}

fn private_key(suite: &RustCrypto, stream: &mut Stream) -> Result<SignaturePrivateKey, GenerateError> {
    Ok(suite.generate_signature_key(&mut Randomness(stream))?)
}

/// A case's stream as a generator.
struct Randomness<'s>(&'s mut Stream);

impl rand_core::TryRng for Randomness<'_> {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_be_bytes(self.0.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_be_bytes(self.0.array()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.copy_from_slice(&self.0.bytes(bytes.len()));
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Randomness<'_> {}

/// The cases of one revision and suite.
struct Cases<'s> {
    seed: &'s Seed,
    revision: Revision,
    cipher_suite: u16,
    cases: Vec<GeneratedCase>,
}

impl Cases<'_> {
    fn name(&self, name: &str) -> String {
        format!("{}, suite {}: {name}", self.revision.number(), self.cipher_suite)
    }

    fn valid(&mut self, name: &str, message: &Message) -> Result<(), GenerateError> {
        let name = self.name(name);
        let mut stream = Stream::new(self.seed, "franking", &name);
        let vector = Vector::new(self.revision, self.cipher_suite, message, &mut stream)?;
        self.cases.push(vector.finish(GeneratedCase::new(&name)));
        Ok(())
    }

    /// An honest run that something is done to.
    fn invalid(
        &mut self,
        name: &str,
        reason: &str,
        refused_by: &[&str],
        damage: impl FnOnce(&mut Vector, &mut Stream) -> Result<(), GenerateError>,
    ) -> Result<(), GenerateError> {
        let name = self.name(name);
        let mut stream = Stream::new(self.seed, "franking", &name);
        let message = Message::default();
        let mut vector = Vector::new(self.revision, self.cipher_suite, &message, &mut stream)?;
        damage(&mut vector, &mut stream)?;
        let refused_by: Vec<_> = refused_by.iter().map(|party| format!("\"{party}\"")).collect();
        let case = GeneratedCase::invalid(&name, reason)
            .json_member("refused_by", format!("[{}]", refused_by.join(", ")));
        self.cases.push(vector.finish(case));
        Ok(())
    }
}

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut all = Vec::new();
    for revision in [Revision::Signed, Revision::IntegrityMac, Revision::ContextHash] {
        for number in suites() {
            let cipher_suite = number.value();
            let mut cases = Cases { seed, revision, cipher_suite, cases: Vec::new() };
            cases.valid("a message", &Message::default())?;
            if cipher_suite == 1 {
                valid(&mut cases)?;
            }
            // The older constructions differ between suites in the length of the secret only.
            let classical = !POST_QUANTUM_SUITES.contains(&number);
            if cipher_suite == 1 || classical && revision == Revision::Signed {
                changes(&mut cases)?;
            }
            if cipher_suite == 1 {
                boundary(&mut cases)?;
                mistakes(&mut cases)?;
            }
            if cipher_suite == 1 || classical && revision == Revision::Signed {
                framed(&mut cases)?;
            }
            all.append(&mut cases.cases);
        }
    }
    Ok(all)
}

fn valid(cases: &mut Cases<'_>) -> Result<(), GenerateError> {
    let message = Message::default;
    cases.valid("no text", &Message { text: String::new(), ..message() })?;
    cases.valid("4000 octets of text", &Message { text: "franking".repeat(500), ..message() })?;
    cases.valid("signs of one to four octets", &Message { text: "aé中😀".into(), ..message() })?;
    cases.valid("time 0", &Message { accepted_timestamp: 0, ..message() })?;
    cases.valid("time 2^53-1", &Message { accepted_timestamp: MAX_NUMBER, ..message() })?;
    cases.valid("time 2^64-1", &Message { accepted_timestamp: u64::MAX, ..message() })?;
    let pseudonym = "mimi://b.example/u/5rMtDmMjcLkYqMNLLm0VXw";
    cases.valid("a pseudonym as sender", &Message { sender_uri: pseudonym, ..message() })?;
    for hub_key_length in [33, 64, 65, 100] {
        cases.valid(
            &format!("hub_key of {hub_key_length} octets"),
            &Message { hub_key_length, ..message() },
        )?;
    }
    Ok(())
}

/// One member at a time is another than it was.
fn changes(cases: &mut Cases<'_>) -> Result<(), GenerateError> {
    let revision = cases.revision;
    let proof = match revision {
        Revision::Signed => "franking_integrity_signature",
        Revision::IntegrityMac => "franking_integrity_check",
        Revision::ContextHash => "franking_context_hash",
    };
    cases.invalid("other text", "the tag covers the content", BOTH, |vector, _| {
        flip_last(&mut vector.application_data);
        Ok(())
    })?;
    cases.invalid("other text, tag made anew", "the hub franked another tag", HUB, |vector, _| {
        flip_last(&mut vector.application_data);
        vector.retag()
    })?;
    cases.invalid("other salt", "the salt is that of the content", RECEIVER, |vector, _| {
        flip_last(&mut vector.salt);
        Ok(())
    })?;
    cases.invalid("other salt in the content too", "another salt, another tag", BOTH, |vector, _| {
        flip_last(&mut vector.salt);
        vector.application_data = vector.content(&vector.salt, ALICE, ROOM, "Hello, clubhouse")?;
        Ok(())
    })?;
    for (name, sender, room, what) in
        [("sender", BOB, ROOM, "a sender"), ("room", ALICE, OTHER_ROOM, "a room")]
    {
        cases.invalid(
            &format!("other {name} in the content"),
            &format!("the content asserts {what} that the message isn't of, and the tag is of other content"),
            BOTH,
            |vector, _| {
                vector.application_data = vector.content(&vector.salt, sender, room, "Hello, clubhouse")?;
                Ok(())
            },
        )?;
        cases.invalid(
            &format!("other {name} in the content, tag made anew"),
            &format!("the content asserts {what} that the message isn't of"),
            BOTH,
            |vector, _| {
                vector.application_data = vector.content(&vector.salt, sender, room, "Hello, clubhouse")?;
                vector.retag()
            },
        )?;
        // The hub takes both from the content.
        cases.invalid(
            &format!("other {name} in MLS"),
            &format!("the content asserts {what} that the message isn't of"),
            RECEIVER,
            |vector, _| {
                vector.sender_uri = sender.into();
                vector.room_uri = room.into();
                Ok(())
            },
        )?;
    }
    for (name, time) in [("earlier", NOW.saturating_sub(1)), ("later", NOW.saturating_add(1))] {
        cases.invalid(
            &format!("{name} by a millisecond"),
            "the accepted time is part of the context",
            BOTH,
            |vector, _| {
                vector.accepted_timestamp = time;
                Ok(())
            },
        )?;
    }
    // Only the frank of 02 shows the tag to the hub.
    let by_tag = if revision == Revision::ContextHash { BOTH } else { RECEIVER };
    cases.invalid("other franking_tag", "the tag isn't that of the content", by_tag, |vector, _| {
        flip_last(&mut vector.franking_tag);
        Ok(())
    })?;
    cases.invalid("franking_tag of 31 octets", "a tag has 32 octets", RECEIVER, |vector, _| {
        vector.franking_tag.pop();
        Ok(())
    })?;
    // The hash of 02 does not cover it.
    let by_frank = if revision == Revision::ContextHash { HUB } else { BOTH };
    cases.invalid("other server_frank", "the hub made another", by_frank, |vector, _| {
        flip_last(&mut vector.server_frank);
        Ok(())
    })?;
    cases.invalid("other hub_key", "the hub has another key", HUB, |vector, _| {
        flip_last(&mut vector.hub_key);
        Ok(())
    })?;
    cases.invalid(
        "hub_key of 31 octets",
        "a hub_key has 32 octets or more; as HMAC pads its key, one that ends in 0 would pass without it",
        HUB,
        |vector, stream| {
            if let Some(last) = vector.hub_key.last_mut() {
                *last = 0;
            }
            vector.frank_as(ALICE, ROOM, stream)?;
            vector.hub_key.pop();
            Ok(())
        },
    )?;
    // The secrets of the epoch are gone when a report comes; the signature is checked again.
    let by_proof = if revision == Revision::Signed { BOTH } else { RECEIVER };
    cases.invalid(&format!("other {proof}"), "the hub made another", by_proof, |vector, _| {
        flip_last(&mut vector.proof);
        Ok(())
    })?;
    cases.invalid(&format!("{proof} cut off"), "an octet is missing", by_proof, |vector, _| {
        vector.proof.pop();
        Ok(())
    })?;
    if revision == Revision::Signed {
        cases.invalid(
            "another franking agent",
            "the group has another agent",
            RECEIVER,
            |vector, stream| {
                let suite = RustCrypto::new(CipherSuite(vector.cipher_suite))?;
                let key = private_key(&suite, stream)?;
                vector.public_key = suite.signature_public_key(&suite.signing_key(&key)?).to_vec();
                Ok(())
            },
        )?;
        cases.invalid("another franking_private_key", "the hub has another key", HUB, |vector, stream| {
            let suite = RustCrypto::new(CipherSuite(vector.cipher_suite))?;
            vector.key = private_key(&suite, stream)?.expose().to_vec();
            Ok(())
        })?;
        cases.invalid("signed for another suite", "the suite is signed too", BOTH, |vector, stream| {
            let context = framed_context(ALICE, ROOM, NOW)?;
            let tbs = with_suite(&vector.server_frank, 0xf0f0, &context);
            vector.proof = vector.sign(b"FrankingIntegrityTBS", &tbs, stream)?;
            Ok(())
        })?;
    } else {
        cases.invalid(
            "another secret of the epoch",
            "members have another secret",
            RECEIVER,
            |vector, _| {
                flip_last(&mut vector.key);
                Ok(())
            },
        )?;
        cases.invalid(
            "a secret without its last octet",
            "a secret has the length of the suite's hash",
            RECEIVER,
            |vector, stream| {
                if let Some(last) = vector.key.last_mut() {
                    *last = 0;
                }
                vector.frank_as(ALICE, ROOM, stream)?;
                vector.key.pop();
                Ok(())
            },
        )?;
    }
    Ok(())
}

fn boundary(cases: &mut Cases<'_>) -> Result<(), GenerateError> {
    let name = "franked for a user and a room whose URIs run together into the same octets";
    if cases.revision == Revision::Signed {
        let reason = "the context has lengths: it is of one sender and one room only";
        return cases.invalid(name, reason, BOTH, |vector, stream| {
            vector.application_data = vector.content(&vector.salt, VICTIM.0, VICTIM.1, "Hello")?;
            (vector.sender_uri, vector.room_uri) = (VICTIM.0.into(), VICTIM.1.into());
            vector.retag()?;
            vector.frank_as(MALLORY.0, MALLORY.1, stream)
        });
    }
    // The formulas of the older constructions cannot tell.
    let name = cases.name(name);
    let mut stream = Stream::new(cases.seed, "franking", &name);
    let message = Message { sender_uri: VICTIM.0, room_uri: VICTIM.1, ..Message::default() };
    let mut vector = Vector::new(cases.revision, cases.cipher_suite, &message, &mut stream)?;
    vector.frank_as(MALLORY.0, MALLORY.1, &mut stream)?;
    cases.cases.push(vector.finish(GeneratedCase::new(&name)));
    Ok(())
}

/// What an implementation gets when it misreads a formula.
fn mistakes(cases: &mut Cases<'_>) -> Result<(), GenerateError> {
    let revision = cases.revision;
    cases.invalid(
        "mistake: SHA-256 as tag",
        "the tag is an HMAC under the salt",
        BOTH,
        |vector, stream| {
            let hash = Sha256::new().chain_update(&vector.salt).chain_update(&vector.application_data);
            vector.franking_tag = hash.finalize().to_vec();
            vector.frank_as(ALICE, ROOM, stream)
        },
    )?;
    cases.invalid(
        "mistake: room before sender",
        "the context begins with the sender",
        BOTH,
        |vector, stream| vector.frank_as(ROOM, ALICE, stream),
    )?;
    cases.invalid("mistake: seconds", "the time is in milliseconds", BOTH, |vector, stream| {
        vector.accepted_timestamp = NOW / 1000;
        vector.frank_as(ALICE, ROOM, stream)?;
        vector.accepted_timestamp = NOW;
        Ok(())
    })?;
    cases.invalid("mistake: time little-endian", "the time is big-endian", BOTH, |vector, stream| {
        vector.accepted_timestamp = NOW.swap_bytes();
        vector.frank_as(ALICE, ROOM, stream)?;
        vector.accepted_timestamp = NOW;
        Ok(())
    })?;
    cases.invalid("mistake: context before tag", "the franking_tag comes first", HUB, |vector, stream| {
        let context = context(revision, ALICE, ROOM, NOW)?;
        vector.server_frank = hmac_sha256(&vector.hub_key, &[&context, &vector.franking_tag])?;
        vector.prove(&context, stream)
    })?;
    cases.invalid(
        "mistake: server_frank without the tag",
        "server_frank covers the tag",
        HUB,
        |vector, stream| {
            let context = context(revision, ALICE, ROOM, NOW)?;
            vector.server_frank = hmac_sha256(&vector.hub_key, &[&context])?;
            vector.prove(&context, stream)
        },
    )?;
    let (name, other) = match revision {
        Revision::Signed => ("mistake: the context of 03", bare_context(ALICE, ROOM, NOW)),
        _ => ("mistake: the context of 06", framed_context(ALICE, ROOM, NOW)?),
    };
    cases.invalid(name, "each revision writes its context in its own way", BOTH, |vector, stream| {
        vector.server_frank = hmac_sha256(&vector.hub_key, &[&vector.franking_tag, &other])?;
        vector.prove(&other, stream)
    })?;
    let tag_and_context = |vector: &Vector| {
        Ok::<_, GenerateError>((vector.franking_tag.clone(), context(revision, ALICE, ROOM, NOW)?))
    };
    match revision {
        Revision::Signed => {
            let labels: [(&str, &[u8]); 2] =
                [("no label", b""), ("the label of another struct", b"FrankingAgentData")];
            for (name, label) in labels {
                let (name, reason) = (format!("mistake: {name}"), "the label is FrankingIntegrityTBS");
                cases.invalid(&name, reason, BOTH, |vector, stream| {
                    let context = framed_context(ALICE, ROOM, NOW)?;
                    let tbs = with_suite(&vector.server_frank, vector.cipher_suite, &context);
                    vector.proof = vector.sign(label, &tbs, stream)?;
                    Ok(())
                })?;
            }
            cases.invalid(
                "mistake: server_frank with a length",
                "server_frank is 32 octets without a length",
                BOTH,
                |vector, stream| {
                    let context = framed_context(ALICE, ROOM, NOW)?;
                    let frank = [&[32], vector.server_frank.as_slice()].concat();
                    let tbs = with_suite(&frank, vector.cipher_suite, &context);
                    vector.proof = vector.sign(b"FrankingIntegrityTBS", &tbs, stream)?;
                    Ok(())
                },
            )?;
            cases.invalid("mistake: no suite", "the suite stands in the TBS", BOTH, |vector, stream| {
                let tbs = [vector.server_frank.as_slice(), &framed_context(ALICE, ROOM, NOW)?].concat();
                vector.proof = vector.sign(b"FrankingIntegrityTBS", &tbs, stream)?;
                Ok(())
            })
        }
        Revision::IntegrityMac => {
            cases.invalid(
                "mistake: check over the tag",
                "it covers server_frank",
                RECEIVER,
                |vector, _| {
                    let (tag, context) = tag_and_context(vector)?;
                    vector.proof = hmac_sha256(&vector.key, &[&tag, &context])?;
                    Ok(())
                },
            )?;
            cases.invalid(
                "mistake: context before server_frank",
                "server_frank comes first",
                RECEIVER,
                |vector, _| {
                    let (_, context) = tag_and_context(vector)?;
                    vector.proof = hmac_sha256(&vector.key, &[&context, &vector.server_frank])?;
                    Ok(())
                },
            )
        }
        Revision::ContextHash => {
            cases.invalid(
                "mistake: HMAC",
                "the hash is SHA-256 of secret and context",
                RECEIVER,
                |vector, _| {
                    let (_, context) = tag_and_context(vector)?;
                    vector.proof = hmac_sha256(&vector.key, &[&context])?;
                    Ok(())
                },
            )?;
            cases.invalid(
                "mistake: no secret",
                "a follower could try every user",
                RECEIVER,
                |vector, _| {
                    let (_, context) = tag_and_context(vector)?;
                    vector.proof = Sha256::digest(context).to_vec();
                    Ok(())
                },
            )?;
            cases.invalid(
                "the assertion contradicts extension 1",
                "there are two senders",
                BOTH,
                |vector, stream| {
                    let mut content = MimiContent::decode(&vector.application_data)?;
                    let mut extensions = content.extensions().clone();
                    extensions.set_sender_uri(BOB)?;
                    let salt = content.salt();
                    content = content.into_builder(salt).extensions(extensions).build()?;
                    vector.application_data = content.encode();
                    vector.retag()?;
                    vector.frank_as(ALICE, ROOM, stream)
                },
            )
        }
    }
}

/// A media type: its name, and its parameters.
type Media<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// `opaque<V>` of less than 16384 bytes (RFC 9420 §2.1.2).
fn opaque(data: &[u8]) -> Result<Vec<u8>, GenerateError> {
    let length = u16::try_from(data.len()).ok().filter(|length| *length < 0x4000);
    let length = length.ok_or_else(|| GenerateError::Defect("too long".into()))?;
    let length = match u8::try_from(length) {
        Ok(short) if short < 0x40 => Vec::from([short]),
        _ => (length | 0x4000).to_be_bytes().to_vec(),
    };
    Ok([length, data.to_vec()].concat())
}

/// ApplicationFraming (mls-extensions-10 §6.2.4).
fn application_framing((name, parameters): Media<'_>, content: &[u8]) -> Result<Vec<u8>, GenerateError> {
    let mut list = Vec::new();
    for (name, value) in parameters {
        list.extend(opaque(name.as_bytes())?);
        list.extend(opaque(value.as_bytes())?);
    }
    Ok([opaque(name.as_bytes())?, opaque(&list)?, opaque(content)?].concat())
}

/// Messages of a group that has `content_media_types`.
fn framed(cases: &mut Cases<'_>) -> Result<(), GenerateError> {
    const FIRST: Media<'static> = ("", &[]);
    const NAMED: Media<'static> = ("application/mimi-content", &[]);
    /// Franked honestly, with the tag over all of the framing.
    fn franked(vector: &mut Vector, stream: &mut Stream, media: Media<'_>) -> Result<(), GenerateError> {
        vector.is_framed = true;
        vector.application_data = application_framing(media, &vector.application_data)?;
        vector.retag()?;
        vector.frank_as(ALICE, ROOM, stream)
    }
    let valid: [(&str, Media<'_>); 4] = [
        ("the group's first media type", FIRST),
        ("application/mimi-content", NAMED),
        ("a media type in capitals", ("Application/MIMI-Content", &[])),
        ("a media type with a parameter", ("application/mimi-content", &[("version", "1")])),
    ];
    for (name, media) in valid {
        let name = cases.name(&format!("framed, {name}"));
        let mut stream = Stream::new(cases.seed, "franking", &name);
        let message = Message::default();
        let mut vector = Vector::new(cases.revision, cases.cipher_suite, &message, &mut stream)?;
        franked(&mut vector, &mut stream, media)?;
        cases.cases.push(vector.finish(GeneratedCase::new(&name)));
    }
    cases.invalid(
        "framed, mistake: the tag covers the content alone",
        "the tag covers all of the ApplicationFraming, the media type included",
        BOTH,
        |vector, stream| {
            let tag = vector.franking_tag.clone();
            franked(vector, stream, NAMED)?;
            vector.franking_tag = tag;
            vector.frank_as(ALICE, ROOM, stream)
        },
    )?;
    cases.invalid(
        "framed, the media type left out after it was franked",
        "the tag covers the media type as it was sent",
        BOTH,
        |vector, stream| {
            let bare = vector.application_data.clone();
            franked(vector, stream, NAMED)?;
            vector.application_data = application_framing(FIRST, &bare)?;
            Ok(())
        },
    )?;
    cases.invalid(
        "framed, another media type",
        "the content is not MIMI content",
        BOTH,
        |vector, stream| franked(vector, stream, ("text/plain", &[("charset", "utf-8")])),
    )?;
    cases.invalid(
        "framed, parameters without a media type",
        "an empty media type has no parameters",
        BOTH,
        |vector, stream| franked(vector, stream, ("", &[("version", "1")])),
    )?;
    cases.invalid(
        "framed, a byte behind the framing",
        "application_data is exactly one ApplicationFraming",
        BOTH,
        |vector, stream| {
            franked(vector, stream, NAMED)?;
            vector.application_data.push(0);
            vector.retag()?;
            vector.frank_as(ALICE, ROOM, stream)
        },
    )?;
    cases.invalid(
        "framed, bare content in its place",
        "in this group, application_data is an ApplicationFraming",
        BOTH,
        |vector, _| {
            vector.is_framed = true;
            Ok(())
        },
    )?;
    cases.invalid(
        "an ApplicationFraming where content is expected",
        "in this group, application_data is the content itself",
        BOTH,
        |vector, stream| {
            franked(vector, stream, NAMED)?;
            vector.is_framed = false;
            Ok(())
        },
    )
}

fn flip_last(bytes: &mut [u8]) {
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
}
