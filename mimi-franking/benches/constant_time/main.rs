//! Does the time of a comparison depend on where two secrets differ?
//!
//! Each comparison is timed with candidates of two kinds, in random order: those that differ from
//! the expected bytes in the first one, and those that differ in the last one. Welch's t of both
//! kinds' times says how sure it is that their means differ: beyond 4.5 it hardly happens by
//! chance, as in dudect (Reparaz, Balasch and Verbauwhede, 2017). A million measurements find
//! fractions of a cycle that caches and buffers make, so what counts is a difference of at least
//! the time that one byte takes in a control.
//!
//! The controls leave at the first difference, are measured in the same way, and must show: where
//! they do not, the machine is too restless to tell anything.
//!
//! A bench and no test: what it says holds for one compiler and one machine, and a busy one can
//! make any t.
//!
//! `cargo bench -p mimi-franking --bench constant_time`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod statistics;

use std::{hint::black_box, time::Instant};

use mimi_codec::{
    DnsName, RoomUri, SecretOpaque, UserUri,
    code_points::CipherSuite,
    extensions::SafeAAD,
    match_presented_identities,
    protocol::{FrankAAD, ParticipantListData, UserRolePair},
};
use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, Secret};
use mimi_franking::{
    ContextHash, ContextSecret, Framing, FrankingSalt, HubKey, HubKeyId, HubKeyRing, IntegrityMac,
    IntegrityMacFrank, IntegritySecret, MimiFrankable, MimiFrankable02, franking_tag,
    hub::{self, ActiveSender, Submission, UserIndex},
    receiver::{self, DecryptedMessage},
    report::{ReportCheck, ReportedMessage},
    sender, set_franking_assertion_02, set_sender_and_room,
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use statistics::{Comparison, Verdict, welch};

const PROVIDER: &str = "b.example";
const SENDER: &str = "mimi://b.example/u/alice";
const ROOM: &str = "mimi://hub.example/r/clubhouse";
const NOW: u64 = 1_767_225_600_000;

/// The times of candidates that differ in the first and in the last byte, in nanoseconds.
type Times = [Vec<f64>; 2];

struct Bench {
    measurements: usize,
    /// `--test`: too few measurements for a verdict.
    is_test: bool,
    /// Nanoseconds that one byte takes in a control.
    byte: f64,
    rng: ChaCha20Rng,
}

impl Bench {
    /// Times `compare` with what `make` makes of bytes that differ from `expected` in one place.
    /// Each candidate is made anew, so that both kinds lie at the same places in memory.
    fn times<T>(
        &mut self,
        expected: [u8; 32],
        calls: usize,
        make: impl Fn([u8; 32]) -> T,
        compare: impl Fn(&T) -> bool,
    ) -> Times {
        assert!(compare(&make(expected)), "what is equal is found equal");
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..self.measurements {
            let kind = (self.rng.next_u32() & 1) as usize;
            let mut bytes = expected;
            bytes[[0, 31][kind]] ^= 0x80;
            let candidate = make(bytes);
            // What making it left to do, in caches and store buffers, is over before the clock
            // starts.
            black_box(compare(black_box(&candidate)));
            let start = Instant::now();
            let mut equal = false;
            for _ in 0..calls {
                equal |= black_box(compare(black_box(&candidate)));
            }
            times[kind].push(start.elapsed().as_nanos() as f64);
            assert!(!equal, "what differs is found to differ");
        }
        times
    }

    /// A control: what it takes for each byte is the measure of the others.
    fn control(&mut self, name: &str, times: Times) -> Verdict {
        let control = welch(times);
        self.byte = control.difference.abs() / 31.0;
        let verdict = control.verdict(0.0);
        self.print(name, &control, verdict);
        verdict
    }

    fn report(&self, name: &str, times: Times) {
        let comparison = welch(times);
        self.print(name, &comparison, comparison.verdict(self.byte));
    }

    fn print(&self, name: &str, Comparison { t, difference, mean }: &Comparison, verdict: Verdict) {
        if self.is_test {
            println!("{name}: runs");
        } else {
            println!("{name}: |t| = {:.2}, {verdict} ({difference:+.3} of {mean:.1} ns)", t.abs());
        }
    }
}

/// Leaves at the first difference, as no comparison of secrets may.
fn leaves_early(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.iter().zip(right).all(|(left, right)| black_box(left) == black_box(right))
}

fn message(tag_key: [u8; 32]) -> Vec<u8> {
    let mut extensions = mimi_content::MessageExtensions::new();
    set_sender_and_room(&mut extensions, SENDER, ROOM).unwrap();
    let assertion = mimi_franking::FrankingAssertion { sender_uri: SENDER, room_uri: ROOM };
    set_franking_assertion_02(
        &mut extensions,
        100,
        &mimi_franking::FrankingKey::from_bytes(tag_key),
        &assertion,
    )
    .unwrap();
    let body = NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", "x");
    let salt = Salt::from_bytes([7; 16]);
    MimiContent::builder(salt, body).extensions(extensions).build().unwrap().encode()
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let mut bench = Bench {
        measurements: if is_test { 200 } else { 1_000_000 },
        is_test,
        byte: 0.0,
        rng: ChaCha20Rng::seed_from_u64(1),
    };
    let suite = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519).unwrap();

    // The bare comparisons, several in a row, since one is over before a clock can tell.
    let expected = [0x5a; 32];
    let calls = 16;
    let times = bench.times(expected, calls, |bytes| bytes, |candidate| leaves_early(candidate, &expected));
    let bare_control = bench.control("control: byte by byte, left early", times);
    let secret = Secret::of_length(expected, 32).unwrap();
    let make = |bytes: [u8; 32]| Secret::of_length(bytes, 32).unwrap();
    let times = bench.times(expected, calls, make, |candidate| *candidate == secret);
    bench.report("mimi_crypto::Secret", times);
    let secret = SecretOpaque::new(expected);
    let make = |bytes: [u8; 32]| SecretOpaque::new(bytes);
    let times = bench.times(expected, calls, make, |candidate| *candidate == secret);
    bench.report("mimi_codec::SecretOpaque", times);
    let key = Secret::of_length([3; 32], 32).unwrap();
    let parts: [&[u8]; 1] = [b"content"];
    let tag: [u8; 32] = suite.mac(&key, &parts).unwrap().to_vec().try_into().unwrap();
    let times =
        bench.times(tag, 1, |bytes| bytes, |candidate| suite.verify_mac(&key, &parts, candidate).is_ok());
    bench.report("mimi_crypto: verify_mac", times);

    let franked_control = franking(&mut bench);
    if !is_test && [bare_control, franked_control].iter().any(|control| *control != Verdict::Differs) {
        println!("A control doesn't show: nothing follows from this run.");
    }
}

/// The comparisons inside the checks of a receiver and of a hub, with all that the checks do beside
/// them.
fn franking(bench: &mut Bench) -> Verdict {
    let (sender_uri, room_uri) = (UserUri::try_from(SENDER).unwrap(), RoomUri::try_from(ROOM).unwrap());
    let content = MimiFrankable::new(Framing::Bare);
    let content_02 = MimiFrankable02::new(Framing::Bare, 100);
    let application_data = message([9; 32]);
    let mut hub_keys = HubKeyRing::new();
    hub_keys.add(HubKeyId(0), HubKey::new(&Secret::of_length([3; 32], 32).unwrap()).unwrap()).unwrap();
    let secret = Secret::of_length([4; 32], 32).unwrap();
    let integrity = IntegritySecret::new(&secret).unwrap();
    let context = ContextSecret::new(secret).unwrap();
    let list =
        ParticipantListData { participants: vec![UserRolePair { user: SENDER.into(), role_index: 1 }] };
    let users = UserIndex::new(&list, [sender_uri.clone()]);
    let provider = DnsName::parse(PROVIDER).unwrap();
    let provider = match_presented_identities(provider.as_ref(), [PROVIDER]).unwrap();
    let submission = |commitment: sender::Commitment| {
        let item = commitment.safe_aad_item().unwrap();
        let safe_aad = SafeAAD { aad_items: mimi_codec::List::new(vec![item]).unwrap() };
        let sender = ActiveSender::find(&(&sender_uri).into(), &provider, &users).unwrap();
        Submission::new(&safe_aad, sender, room_uri.clone()).unwrap()
    };
    let mut rng = ChaCha20Rng::seed_from_u64(2);

    let commitment =
        sender::commit::<IntegrityMac>(&content, &application_data, &sender_uri, &room_uri).unwrap();
    let tag = commitment.frank_aad().clone();
    let franked: hub::Franked<IntegrityMac> =
        hub::frank(&hub_keys, &integrity, &submission(commitment), NOW, &mut rng).unwrap();
    let frank = franked.frank().clone();

    let salt = FrankingSalt::from_bytes([7; 16]);
    let make_tag = |bytes: [u8; 32]| FrankAAD { franking_tag: bytes.into() };
    let times = bench.times(*tag.franking_tag, 1, make_tag, |candidate| {
        leaves_early(&franking_tag(&salt, black_box(&application_data)).franking_tag, &candidate.franking_tag)
    });
    let control = bench.control("control: franking tag, left early", times);

    let is_accepted = |frank_aad: &FrankAAD, frank: &IntegrityMacFrank| {
        let received = DecryptedMessage {
            application_data: &application_data,
            frank_aad: Some(frank_aad),
            frank: Some(frank),
            accepted_timestamp: NOW,
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        };
        receiver::verify::<IntegrityMac>(&integrity, &content, &received).is_ok()
    };
    let times = bench.times(*tag.franking_tag, 1, make_tag, |candidate| is_accepted(candidate, &frank));
    bench.report("receiver: franking_tag", times);

    let make = |bytes: [u8; 32]| {
        let mut frank = frank.clone();
        frank.franking_integrity_check = bytes.into();
        frank
    };
    let times =
        bench.times(*frank.franking_integrity_check, 1, make, |candidate| is_accepted(&tag, candidate));
    bench.report("receiver: franking_integrity_check (03)", times);

    let check =
        ReportCheck { hub_keys: &hub_keys, own: &IntegrityMac, content: &content, room_uri: &room_uri };
    let make = |bytes: [u8; 32]| {
        let mut frank = frank.clone();
        frank.server_frank = bytes.into();
        [ReportedMessage::<IntegrityMac> {
            message_content: application_data.as_slice().into(),
            frank,
            accepted_timestamp: NOW,
        }]
    };
    let times = bench.times(*frank.server_frank, 1, make, |candidate| {
        check.messages::<IntegrityMac>(&sender_uri, candidate)[0].is_ok()
    });
    bench.report("hub: server_frank of a report", times);

    let commitment =
        sender::commit::<ContextHash>(&content_02, &application_data, &sender_uri, &room_uri).unwrap();
    let tag = commitment.frank_aad().clone();
    let franked: hub::Franked<ContextHash> =
        hub::frank(&hub_keys, &context, &submission(commitment), NOW, &mut rng).unwrap();
    let frank = franked.frank().clone();
    let make = |bytes: [u8; 32]| {
        let mut frank = frank.clone();
        frank.franking_context_hash = bytes.into();
        frank
    };
    let times = bench.times(*frank.franking_context_hash, 1, make, |candidate| {
        let received = DecryptedMessage {
            application_data: &application_data,
            frank_aad: Some(&tag),
            frank: Some(candidate),
            accepted_timestamp: NOW,
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        };
        receiver::verify::<ContextHash>(&context, &content_02, &received).is_ok()
    });
    bench.report("receiver: franking_context_hash (02)", times);
    control
}
