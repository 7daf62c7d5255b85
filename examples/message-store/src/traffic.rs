//! A conversation of any length, made up: the same each time.
//!
//! Of twenty messages ten are texts, some of them replies; three edit an earlier text of their
//! sender, four react to a recent one, two are receipts for several, and one deletes or takes back.

use mimi_content::{
    Disposition, MessageExtensions, MessageId, MessageStatus, MessageStatusReport, MimiContent, NestedPart,
    Salt, media_types,
};

/// The room of the conversation.
pub const ROOM: &str = "mimi://a.example/r/clubhouse";
/// The user whose store it is.
pub const LOCAL_USER: &str = "mimi://a.example/u/user0";
/// When the first message is accepted, in milliseconds since the UNIX epoch.
pub const START_MS: u64 = 1_760_000_000_000;

const USERS: usize = 20;
const WORDS: [&str; 16] = [
    "the", "meeting", "tomorrow", "at", "ten", "please", "bring", "your", "notes", "and", "coffee", "for",
    "everyone", "who", "comes", "early",
];

/// A message as a client has it after decryption.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message ID.
    pub message_id: MessageId,
    /// The sender, from MLS.
    pub sender_uri: String,
    /// The hub's accepted timestamp, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
    /// The content.
    pub encoded: Vec<u8>,
}

/// The messages in the order in which the hub accepts them.
#[derive(Debug)]
pub struct Traffic {
    left: usize,
    number: u64,
    state: u64,
    /// The last texts of each user, which the others refer to.
    texts: Vec<(usize, MessageId)>,
    reactions: Vec<(usize, MessageId)>,
}

impl Traffic {
    /// So many messages.
    #[must_use]
    pub fn new(messages: usize) -> Self {
        Self { left: messages, number: 0, state: 1, texts: Vec::new(), reactions: Vec::new() }
    }

    /// Below a bound; not random for anything but made-up traffic.
    fn draw(&mut self, bound: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = usize::try_from(self.state >> 33).unwrap_or(0);
        high.checked_rem(bound).unwrap_or(0)
    }

    fn text(&mut self) -> NestedPart {
        let count = 8_usize.saturating_add(self.draw(16));
        let words: Vec<_> = (0..count).filter_map(|_| WORDS.get(self.draw(16)).copied()).collect();
        let text = format!("{} {}", words.join(" "), self.number);
        NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", text)
    }

    fn recent(&mut self) -> Option<(usize, MessageId)> {
        let back = self.draw(self.texts.len().min(40));
        self.texts.iter().rev().nth(back).copied()
    }
}

impl Iterator for Traffic {
    type Item = Sent;

    fn next(&mut self) -> Option<Sent> {
        self.left = self.left.checked_sub(1)?;
        let sort = self.number % 20;
        let mut sender = self.draw(USERS);
        let recent = self.recent();
        let (mut replaces, mut in_reply_to) = (None, None);
        let body = match (sort, recent) {
            (3 | 9 | 15, Some((author, id))) => {
                (sender, replaces) = (author, Some(id));
                self.text()
            }
            (4 | 8 | 12 | 16, Some((_, id))) => {
                in_reply_to = Some(id);
                let emoji = ["❤", "👍", "😂", "🎉"].get(self.draw(4)).copied().unwrap_or("❤");
                NestedPart::single(Disposition::REACTION, "", "text/plain;charset=utf-8", emoji)
            }
            (10 | 19, Some(_)) => {
                let about = self.texts.iter().rev().take(8).map(|(_, id)| (*id, MessageStatus::READ));
                let report = MessageStatusReport::of(about).encode();
                NestedPart::single(Disposition::UNSPECIFIED, "", media_types::MIMI_MESSAGE_STATUS, report)
            }
            (17, Some((author, id))) => {
                let reaction = self.reactions.pop().filter(|_| self.number.is_multiple_of(3));
                let (author, id) = reaction.unwrap_or((author, id));
                (sender, replaces) = (author, Some(id));
                NestedPart::null(Disposition::RENDER)
            }
            _ => {
                in_reply_to = recent.map(|(_, id)| id).filter(|_| sort.is_multiple_of(5));
                self.text()
            }
        };
        let sender_uri = format!("mimi://a.example/u/user{sender}");
        let mut salt = [0x5a; 16];
        salt.iter_mut().zip(self.number.to_be_bytes()).for_each(|(to, byte)| *to = byte);
        let mut extensions = MessageExtensions::new();
        extensions.set_sender_uri(&sender_uri).ok()?;
        extensions.set_room_uri(ROOM).ok()?;
        let content = MimiContent::builder(Salt::from_bytes(salt), body)
            .replaces(replaces)
            .in_reply_to(in_reply_to)
            .extensions(extensions)
            .build()
            .ok()?;
        let message_id = content.message_id(&sender_uri, ROOM).ok()?;
        if replaces.is_none() {
            match sort {
                4 | 8 | 12 | 16 => self.reactions.push((sender, message_id)),
                10 | 19 => {}
                _ => self.texts.push((sender, message_id)),
            }
        }
        // What nothing refers to any more.
        if self.texts.len() > 400 {
            self.texts.drain(..200);
        }
        if self.reactions.len() > 40 {
            self.reactions.drain(..20);
        }
        let accepted_ms = START_MS.saturating_add(self.number.saturating_mul(1500));
        self.number = self.number.saturating_add(1);
        Some(Sent { message_id, sender_uri, accepted_ms, encoded: content.encode() })
    }
}
