//! Franking from sender to report, under each construction, with one thing changed on the way: the
//! party that is to see the change refuses, and no other does.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::code_points::CipherSuite;
use mimi_codec::{Decode, Encode};
use mimi_codec::{RoomUri, UserUri};
use mimi_franking::report::ReportedMessage;
use mimi_franking::{
    ContextHash, ContextHashFrank, FrankingError, IntegrityMac, IntegrityMacFrank, Signed, StoredFrank,
    sender,
};

use crate::allocation::bounded;

#[path = "../../mimi-franking/tests/room/mod.rs"]
mod room;

use room::{Message, Room, Under, uri};

/// What a stored frank takes in memory for each of its bytes.
const MULTIPLE: usize = 64;

static ROOM: LazyLock<Room> = LazyLock::new(|| Room::new(CipherSuite(1)));

#[derive(Arbitrary, Clone, Debug)]
enum Change {
    Nothing,
    Content(u16, u8),
    ContentCut(u16),
    ContentLonger(Vec<u8>),
    OtherContent(Sent),
    Tag(u8, u8),
    Frank(u8, u8),
    OtherFrank(Sent),
    Time(u8),
    Sender(Name),
    Room(Name),
    /// Bytes at the end of the sender's URI are taken for the beginning of the room's, or the other
    /// way round: what the context of the older constructions can't tell apart.
    Boundary(i8),
}

/// A short name, so that names meet.
#[derive(Arbitrary, Clone, Debug)]
struct Name(u8, bool);

impl Name {
    fn segment(&self) -> String {
        let letters = ["a", "b", "ab", "alice", "alicemimi:", "%2F", "A", "r"];
        let name = letters[usize::from(self.0) % letters.len()];
        if self.1 { format!("{name}{}", self.0) } else { name.to_owned() }
    }

    fn user(&self) -> String {
        format!("mimi://b.example/u/{}", self.segment())
    }

    fn room(&self) -> String {
        format!("mimi://hub.example/r/{}", self.segment())
    }
}

#[derive(Arbitrary, Clone, Debug)]
struct Sent {
    key: [u8; 32],
    text: String,
    sender: Name,
    room: Name,
    time: u32,
}

impl Sent {
    fn message<C: Under>(&self) -> Message<C> {
        let (sender, room) = (self.sender.user(), self.room.room());
        let content = C::content(self.key, &sender, &room, &self.text);
        let (sender, room) = (uri(&sender), uri(&room));
        let commitment = sender::commit::<C>(&C::CONTENT, &content, &sender, &room).expect("as asserted");
        let now = room::NOW + u64::from(self.time);
        Message::accepted_at(&ROOM, &content, commitment.frank_aad(), &sender, &room, now)
    }
}

#[derive(Arbitrary, Debug)]
struct Input {
    construction: u8,
    sent: Sent,
    change: Change,
    beside: Vec<Sent>,
}

/// What a party sees of a frank.
trait Seen: Under {
    fn receiver_sees(a: &Self::Frank, b: &Self::Frank) -> bool;
    fn hub_sees(a: &Self::Frank, b: &Self::Frank) -> bool;
}

impl Seen for Signed {
    fn receiver_sees(a: &Self::Frank, b: &Self::Frank) -> bool {
        a != b
    }

    fn hub_sees(a: &Self::Frank, b: &Self::Frank) -> bool {
        a != b
    }
}

impl Seen for IntegrityMac {
    fn receiver_sees(a: &IntegrityMacFrank, b: &IntegrityMacFrank) -> bool {
        a != b
    }

    // The hub no longer has the epoch's secret.
    fn hub_sees(a: &IntegrityMacFrank, b: &IntegrityMacFrank) -> bool {
        a.server_frank != b.server_frank
    }
}

impl Seen for ContextHash {
    // The hash doesn't cover server_frank.
    fn receiver_sees(a: &ContextHashFrank, b: &ContextHashFrank) -> bool {
        a.franking_tag != b.franking_tag || a.franking_context_hash != b.franking_context_hash
    }

    fn hub_sees(a: &ContextHashFrank, b: &ContextHashFrank) -> bool {
        a.franking_tag != b.franking_tag || a.server_frank != b.server_frank
    }
}

/// Sender, hub, receiver, report.
pub fn flow(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    match input.construction % 3 {
        0 => run::<Signed>(&input),
        1 => run::<IntegrityMac>(&input),
        _ => run::<ContextHash>(&input),
    }
}

fn run<C: Seen>(input: &Input) {
    let honest: Message<C> = input.sent.message();
    let Some(changed) = changed(&honest, &input.change) else { return };
    let same_context = changed.application_data == honest.application_data
        && changed.sender_uri == honest.sender_uri
        && changed.room_uri == honest.room_uri
        && changed.accepted_timestamp == honest.accepted_timestamp;

    let verdict = changed.verify(&ROOM);
    let good = same_context
        && changed.frank_aad == honest.frank_aad
        && (!C::receiver_sees(&changed.frank, &honest.frank) || is_swapped(&honest, &input.change));
    assert_eq!(verdict.is_ok(), good, "receiver of {:?}: {:?}", input.change, verdict.err());
    let reported = changed.report(&ROOM);
    let good = same_context && !C::hub_sees(&changed.frank, &honest.frank);
    assert_eq!(reported.is_ok(), good, "hub of {:?}: {reported:?}", input.change);

    let mut all = vec![honest.clone(), changed.clone()];
    all.extend(input.beside.iter().take(4).map(Sent::message));
    together(&all);
    stored(&honest, &changed);
}

/// Whether the frank is that of another message of the same sender, room and millisecond, which is
/// all that the newer constructions bind it to for receivers: the attack that the crate calls open.
fn is_swapped<C: Under>(honest: &Message<C>, change: &Change) -> bool {
    let Change::OtherFrank(other) = change else { return false };
    let other: Message<C> = other.message();
    C::REVISION > 2
        && other.sender_uri == honest.sender_uri
        && other.room_uri == honest.room_uri
        && other.accepted_timestamp == honest.accepted_timestamp
}

/// Many at once get the verdicts that they get alone.
fn together<C: Under>(all: &[Message<C>]) {
    let received: Vec<_> = all.iter().map(Message::received).collect();
    let verdicts = C::with_checker(&ROOM, |check| check(&received));
    for (message, verdict) in all.iter().zip(verdicts) {
        assert_eq!(verdict.map(Option::unwrap), message.verify(&ROOM));
    }
    let messages: Vec<_> = all.iter().map(report_of).collect();
    let first = &all[0];
    let verdicts = C::check_reports(&ROOM, &first.room_uri, &first.sender_uri, &messages);
    for (message, verdict) in messages.iter().zip(verdicts) {
        let one = std::slice::from_ref(message);
        let alone = C::check_reports(&ROOM, &first.room_uri, &first.sender_uri, one).remove(0);
        assert_eq!(verdict, alone);
    }
}

fn report_of<C: Under>(message: &Message<C>) -> ReportedMessage<C> {
    ReportedMessage {
        message_content: message.application_data.as_slice().into(),
        frank: message.frank.clone(),
        accepted_timestamp: message.accepted_timestamp,
    }
}

/// What a database holds comes back as it was, and is good for its own message alone.
fn stored<C: Under>(honest: &Message<C>, changed: &Message<C>) {
    let stored = honest.verify(&ROOM).expect("honest").store();
    let bytes = stored.to_bytes().expect("encodes");
    let again: StoredFrank<C> = bounded(MULTIPLE, &bytes, StoredFrank::from_bytes).expect("was stored");
    assert_eq!(again, stored);
    let reported = ReportedMessage::of_stored(&C::CONTENT, &changed.application_data, &again);
    assert_eq!(reported.is_ok(), changed.application_data == honest.application_data, "{reported:?}");
    let other = if C::REVISION == 6 { 3 } else { 6 };
    let foreign = [&[other], &bytes[1..]].concat();
    assert_eq!(
        StoredFrank::<C>::from_bytes(&foreign),
        Err(FrankingError::StoredConstruction { expected: C::REVISION, actual: other })
    );
}

/// The message with the change; `None` where there is none to be had.
fn changed<C: Under>(honest: &Message<C>, change: &Change) -> Option<Message<C>> {
    let mut message = honest.clone();
    match change {
        Change::Nothing => {}
        Change::Content(at, difference) => {
            let at = usize::from(*at) % message.application_data.len();
            message.application_data[at] ^= difference;
        }
        Change::ContentCut(length) => message.application_data.truncate((*length).into()),
        Change::ContentLonger(more) => message.application_data.extend(more),
        Change::OtherContent(other) => message.application_data = other.message::<C>().application_data,
        Change::Tag(at, difference) => {
            message.frank_aad.franking_tag.0[usize::from(*at) % 32] ^= difference;
        }
        Change::Frank(at, difference) => {
            let mut bytes = C::frank_bytes(&message.frank);
            let at = usize::from(*at) % bytes.len();
            bytes[at] ^= difference;
            message.frank = C::Frank::decode_exact(&bytes).ok()?;
            assert_eq!(message.frank.to_bytes().as_deref(), Ok(&*bytes));
        }
        Change::OtherFrank(other) => message.frank = other.message::<C>().frank,
        Change::Time(bit) => message.accepted_timestamp ^= 1 << (bit % 64),
        Change::Sender(name) => message.sender_uri = uri(&name.user()),
        Change::Room(name) => message.room_uri = uri(&name.room()),
        Change::Boundary(by) => {
            let (sender, room) = (honest.sender_uri.as_bytes(), honest.room_uri.as_bytes());
            let both = [sender, room].concat();
            let at = sender.len().checked_add_signed((*by).into())?;
            let (sender, room) = both.split_at_checked(at)?;
            message.sender_uri = UserUri::new(sender).ok()?;
            message.room_uri = RoomUri::new(room).ok()?;
        }
    }
    Some(message)
}
