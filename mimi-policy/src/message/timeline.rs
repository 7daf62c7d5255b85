//! What a timeline asks of a policy.

use alloc::{borrow::Cow, vec::Vec};

use mimi_content::{
    MessageId, MimiContent,
    timeline::{Timeline, TimelineChange},
};

use super::{ClientKnowledge, ContentRefusal, EarlierMessage, Requirements};
use crate::{RoleHistory, RoomState, UserUri};

/// What a client keeps for each message of its timeline, as far as policy asks for it.
pub trait EncodedMessage {
    /// The encoded message; `None` if it isn't at hand any more. An edit with unknown content has
    /// no effect.
    fn encoded(&self) -> Option<Cow<'_, [u8]>>;
}

impl EncodedMessage for Vec<u8> {
    fn encoded(&self) -> Option<Cow<'_, [u8]>> {
        Some(self.into())
    }
}

impl EncodedMessage for MimiContent {
    fn encoded(&self) -> Option<Cow<'_, [u8]>> {
        Some(self.encode().into())
    }
}

impl RoleHistory {
    /// The function that a [timeline](mimi_content::timeline) asks whether what replaces a message
    /// may take effect.
    ///
    /// The sender's role is that of the time when the hub accepted the change, whatever roles the
    /// two have had before and since, so that every arrival order gives the same timeline, as long
    /// as a message comes in after the commits and proposals that the hub accepted before it. Of
    /// times before the history began, the first room that it knows is asked.
    ///
    /// ```
    /// # use mimi_codec::protocol::{ParticipantListData, UserRolePair};
    /// use mimi_content::timeline::{EntryState, TimelineMessage, Timeline};
    /// use mimi_content::{Disposition, MimiContent, NestedPart, Salt};
    /// use mimi_policy::{RoleHistory, RoomParts, RoomState, TableSeed, preset::ExampleRoom};
    ///
    /// # let (bob, cathy, room_uri) = ("mimi://b.example/u/bob", "mimi://c.example/u/cathy", "mimi://a.example/r/club");
    /// # let pairs = [(bob, 2), (cathy, 3)].map(|(user, role_index)| UserRolePair { user: user.into(), role_index });
    /// # let list = ParticipantListData { participants: pairs.into() };
    /// // Bob is an ordinary user, Cathy an admin.
    /// let room = RoomState::new(RoomParts::new(ExampleRoom::Strict.roles(), list), TableSeed::known())?;
    /// let history = RoleHistory::default();
    /// let mut timeline = Timeline::new();
    ///
    /// let text = |text: &str| NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", text);
    /// let rude = MimiContent::builder(Salt::from_bytes([1; 16]), text("Something rude")).build()?;
    /// let rude_id = rude.message_id(bob, room_uri)?;
    /// let polite = MimiContent::builder(Salt::from_bytes([2; 16]), text("Hello")).replaces(rude_id).build()?;
    /// let deletion = MimiContent::builder(Salt::from_bytes([3; 16]), NestedPart::null(Disposition::RENDER));
    /// let deletion = deletion.replaces(rude_id).build()?;
    ///
    /// // Cathy can delete the message, and can't put words into Bob's mouth.
    /// for (sender, accepted_ms, content) in [(bob, 10, &rude), (cathy, 20, &polite), (cathy, 30, &deletion)] {
    ///     let received = TimelineMessage::from_owned(content.message_id(sender, room_uri)?, sender, accepted_ms, content);
    ///     timeline.insert(received, content.clone(), &history.authorize(&room));
    /// }
    /// let entry = timeline.entry(&rude_id).unwrap();
    /// assert_eq!(entry.state(40), EntryState::Deleted);
    /// assert!(!entry.is_edited());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn authorize<P: EncodedMessage>(
        &self,
        room: &RoomState,
    ) -> impl Fn(&TimelineChange<'_, P>) -> Result<(), ContentRefusal> {
        |change| {
            let accepted_ms = change.accepted_ms;
            let sender = UserUri::try_from(change.sender_uri).map_err(ContentRefusal::Sender)?;
            let known = Then { history: self, room, accepted_ms };
            let requirements = Requirements::of_change(change, &known)?;
            let holds = |capability| self.had_capability(room, &sender, capability, accepted_ms);
            requirements.check(holds).map(|_| ())
        }
    }
}

/// Who was in the room.
struct Then<'a> {
    history: &'a RoleHistory,
    room: &'a RoomState,
    accepted_ms: u64,
}

impl ClientKnowledge for Then<'_> {
    fn earlier(&self, _: &MessageId) -> Option<EarlierMessage<'_>> {
        None
    }

    fn is_participant(&self, user: &UserUri) -> bool {
        self.history.role_at(self.room, user, self.accepted_ms).is_some()
    }
}

/// What a client knew of its room when the hub accepted a message, by its timeline: for messages
/// that replace none, which it asks [`authorize`](super::authorize) about before it inserts them.
///
/// ```
/// # use mimi_codec::protocol::{ParticipantListData, UserRolePair};
/// use mimi_content::{MimiContentRef, timeline::{TimelineMessage, Timeline}};
/// use mimi_policy::message::{ContentRefusal, KnownThen, authorize};
/// use mimi_policy::{RoleHistory, RoomState, UserUri};
///
/// /// Takes a message in that the hub accepted, or says why it has no effect.
/// fn receive(
///     timeline: &mut Timeline<Vec<u8>, ContentRefusal>,
///     (room, history): (&RoomState, &RoleHistory),
///     (message_id, sender, accepted_ms): (mimi_content::MessageId, &str, u64),
///     message: &MimiContentRef<'_>,
/// ) -> Result<(), ContentRefusal> {
///     if message.replaces().is_none() {
///         let known = KnownThen { timeline, room, history, accepted_ms };
///         let user = UserUri::try_from(sender).map_err(ContentRefusal::Sender)?;
///         authorize(message, &user, &known, |capability| {
///             history.had_capability(room, &user, capability, accepted_ms)
///         })?;
///     }
///     let received = TimelineMessage::new(message_id, sender, accepted_ms, message);
///     let _ = timeline.insert(received, message.encoded().to_vec(), &history.authorize(room));
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct KnownThen<'a, P, R> {
    /// The messages.
    pub timeline: &'a Timeline<P, R>,
    /// The room as it is now.
    pub room: &'a RoomState,
    /// What it was before.
    pub history: &'a RoleHistory,
    /// When the hub accepted the message, in milliseconds since the UNIX epoch.
    pub accepted_ms: u64,
}

impl<P, R> ClientKnowledge for KnownThen<'_, P, R> {
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
        let version = self.timeline.get(id)?;
        let first = match version.entry() {
            Some(entry) => entry.first(),
            None if version.replaces().is_none() => version,
            None => return None,
        };
        let author = UserUri::try_from(first.sender_uri()).ok()?;
        let (disposition, topic_id) = (first.disposition(), first.topic_id());
        Some(EarlierMessage { author, disposition, topic_id, content: None })
    }

    fn is_participant(&self, user: &UserUri) -> bool {
        let then = Then { history: self.history, room: self.room, accepted_ms: self.accepted_ms };
        then.is_participant(user)
    }
}
