//! mimi-hub-retracted-messages-00: the hub marks messages as retracted; and mimi-msgid-aad-02: the
//! message ID that providers see.

use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

use crate::{
    DecodeError, IdentityError, Octets, Opaque, UserUri,
    code_points::ComponentID,
    convention::wire_struct,
    extensions::{SafeAAD, SafeAADItem},
    protocol::{AbuseType, IdentifierUri},
};

wire_struct! {
    /// Retracts single messages (mimi-hub-retracted-messages-00 §3.1): the data of the component
    /// `hub_retracted_messages` in an AppEphemeral proposal.
    ///
    /// ```text
    /// uint8[32] MessageId;
    ///
    /// struct {
    ///     uint64 hub_retracted_timestamp;
    ///     IdentityUri remover_uri;
    ///     optional<AbuseType> reason_code;
    ///     MessageId retracted_messages<V>;
    /// } HubRetractedMessagesComponent;
    /// ```
    ///
    /// The draft defines no `IdentityUri`; it is read as the [`IdentifierUri`] of mimi-protocol-06.
    pub struct HubRetractedMessagesComponent {
        /// When the hub retracted the messages, in milliseconds since the UNIX epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub hub_retracted_timestamp: u64,
        /// The user or server that retracts.
        pub remover_uri: IdentifierUri,
        /// The reason, if the hub states one.
        pub reason_code: Option<AbuseType>,
        /// The MIMI content message IDs.
        pub retracted_messages: Vec<Octets<32>>,
    }
}

wire_struct! {
    /// Retracts all messages of one sender, from a time on if one is stated
    /// (mimi-hub-retracted-messages-00 §3.2): the data of the component `hub_retracted_range` in an
    /// AppEphemeral proposal.
    ///
    /// ```text
    /// struct {
    ///     uint64 hub_retracted_timestamp;
    ///     IdentityUri remover_uri;
    ///     optional<AbuseType> reason_code;
    ///     IdentityUri abusive_sender_uri;
    ///     optional<uint64> starting_timestamp;
    /// } HubRetractedRangeComponent;
    /// ```
    ///
    /// A commit holds at most one range for a sender; [`refuse_second_ranges`] checks that.
    pub struct HubRetractedRangeComponent {
        /// When the hub retracted the messages, in milliseconds since the UNIX epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub hub_retracted_timestamp: u64,
        /// The user or server that retracts.
        pub remover_uri: IdentifierUri,
        /// The reason, if the hub states one.
        pub reason_code: Option<AbuseType>,
        /// The sender whose messages are retracted.
        pub abusive_sender_uri: IdentifierUri,
        /// The first retracted instant, in milliseconds since the UNIX epoch; `None` for all
        /// messages of the sender.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::optional_uint64"))]
        pub starting_timestamp: Option<u64>,
    }
}

wire_struct! {
    /// The ID of an application message (mimi-msgid-aad-02 §3): the data of the component
    /// `message_id` in SafeAAD.
    ///
    /// ```text
    /// uint8[32] MessageId;
    /// ```
    ///
    /// The draft defines no struct. For MIMI content the data is the message ID as it is
    /// (mimi-content-09 §3.3). Other formats may put an ID of their own into the component; this
    /// type is not for those.
    pub struct MessageId {
        /// The 32 bytes of the ID.
        pub message_id: Octets<32>,
    }
}

impl MessageId {
    /// The item `message_id` of a SafeAAD, by which providers see the ID. The group must list the
    /// component in `safe_aad` (mls-extensions-10 §5).
    ///
    /// ```
    /// use mimi_codec::{List, Octets, extensions::SafeAAD, retraction::MessageId};
    ///
    /// // mimi-content computes the ID.
    /// let id = MessageId { message_id: Octets([1; 32]) };
    /// let aad = SafeAAD { aad_items: List::new(vec![id.safe_aad_item()])? };
    /// assert_eq!(id.check(&aad), Ok(true));
    /// // What a provider reads, which cannot check it:
    /// assert_eq!(aad.content::<MessageId>(), Some(Ok(id)));
    /// # Ok::<(), mimi_codec::InvalidValueError>(())
    /// ```
    #[must_use]
    pub fn safe_aad_item(&self) -> SafeAADItem {
        SafeAADItem {
            component_id: ComponentID::MESSAGE_ID,
            aad_item_data: Opaque::from(self.message_id.0.as_slice()),
        }
    }

    /// Whether the authenticated data of a message states this ID, which the receiver has computed
    /// from the MIMI content inside (mimi-msgid-aad-02 §3). `false` means that it states none.
    ///
    /// # Errors
    /// [`MessageIdError`] if it states another ID, or none that can be read: the message is not
    /// shown.
    pub fn check(&self, safe_aad: &SafeAAD) -> Result<bool, MessageIdError> {
        match safe_aad.content::<Self>() {
            None => Ok(false),
            Some(Ok(stated)) if stated == *self => Ok(true),
            Some(Ok(stated)) => Err(MessageIdError::Differs(stated)),
            Some(Err(error)) => Err(MessageIdError::Malformed(error)),
        }
    }
}

/// Why the ID in a message's authenticated data is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageIdError {
    /// The item has another length than 32 bytes.
    Malformed(DecodeError),
    /// The message states this ID, and has another.
    Differs(MessageId),
}

impl fmt::Display for MessageIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Differs(_) => f.write_str("the authenticated data states the ID of another message"),
        }
    }
}

impl core::error::Error for MessageIdError {}

/// Why the ranges of a commit are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetractedRangesError {
    /// A sender is not an identity in its one spelling.
    Sender {
        /// The place of the range in the commit's list of ranges.
        range: usize,
        /// Why.
        error: IdentityError,
    },
    /// A sender has a second range (mimi-hub-retracted-messages-00 §3.2).
    SecondRange {
        /// The place of the first range of the sender.
        first: usize,
        /// The place of the second.
        second: usize,
    },
}

impl fmt::Display for RetractedRangesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sender { range, error } => write!(f, "range {range}: {error}"),
            Self::SecondRange { first, second } => {
                write!(f, "ranges {first} and {second} retract messages of one sender")
            }
        }
    }
}

impl core::error::Error for RetractedRangesError {}

/// Checks that the ranges of one commit name each sender once (mimi-hub-retracted-messages-00
/// §3.2).
///
/// # Errors
/// A [`RetractedRangesError`] for the first range that may not stand in the commit.
///
/// ```
/// use mimi_codec::{
///     protocol::IdentifierUri,
///     retraction::{HubRetractedRangeComponent, RetractedRangesError, refuse_second_ranges},
/// };
///
/// let range = HubRetractedRangeComponent {
///     hub_retracted_timestamp: 1_764_547_200_000,
///     remover_uri: IdentifierUri::new("mimi://a.example/u/moderator")?,
///     reason_code: None,
///     abusive_sender_uri: IdentifierUri::new("mimi://b.example/u/bob")?,
///     starting_timestamp: None,
/// };
/// assert_eq!(refuse_second_ranges([&range]), Ok(()));
/// let twice = refuse_second_ranges([&range, &range]);
/// assert_eq!(twice, Err(RetractedRangesError::SecondRange { first: 0, second: 1 }));
/// # Ok::<(), mimi_codec::InvalidValueError>(())
/// ```
pub fn refuse_second_ranges<'r>(
    ranges: impl IntoIterator<Item = &'r HubRetractedRangeComponent>,
) -> Result<(), RetractedRangesError> {
    let mut seen = BTreeMap::new();
    for (second, range) in ranges.into_iter().enumerate() {
        let sender = UserUri::try_from(&range.abusive_sender_uri)
            .map_err(|error| RetractedRangesError::Sender { range: second, error })?;
        if let Some(first) = seen.insert(sender, second) {
            return Err(RetractedRangesError::SecondRange { first, second });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(sender: &str) -> HubRetractedRangeComponent {
        HubRetractedRangeComponent {
            hub_retracted_timestamp: 1,
            remover_uri: IdentifierUri::new("mimi://a.example/u/moderator").unwrap(),
            reason_code: None,
            abusive_sender_uri: IdentifierUri::new(sender).unwrap(),
            starting_timestamp: Some(0),
        }
    }

    #[test]
    fn a_stated_message_id_is_that_of_the_message() {
        use crate::List;
        let id = MessageId { message_id: Octets([1; 32]) };
        let other = MessageId { message_id: Octets([2; 32]) };
        let aad = |items| SafeAAD { aad_items: List::new(items).unwrap() };
        assert_eq!(id.check(&aad(Vec::new())), Ok(false));
        assert_eq!(id.check(&aad(alloc::vec![id.safe_aad_item()])), Ok(true));
        let stated = aad(alloc::vec![other.safe_aad_item()]);
        assert_eq!(id.check(&stated), Err(MessageIdError::Differs(other)));
        for length in [0, 31, 33] {
            let item = SafeAADItem {
                component_id: ComponentID::MESSAGE_ID,
                aad_item_data: alloc::vec![1; length].into(),
            };
            let refused = id.check(&aad(alloc::vec![item]));
            assert!(matches!(refused, Err(MessageIdError::Malformed(_))), "{length}: {refused:?}");
        }
    }

    #[test]
    fn accepts_ranges_of_different_senders() {
        let ranges = ["mimi://b.example/u/bob", "mimi://b.example/u/Bob", "opaque"].map(range);
        assert_eq!(refuse_second_ranges(&ranges), Ok(()));
        assert_eq!(refuse_second_ranges([]), Ok(()));
    }

    #[test]
    fn refuses_a_second_range_of_a_sender() {
        let ranges = ["mimi://b.example/u/bob", "opaque", "mimi://b.example/u/bob"].map(range);
        let refused = RetractedRangesError::SecondRange { first: 0, second: 2 };
        assert_eq!(refuse_second_ranges(&ranges), Err(refused));
    }

    #[test]
    fn refuses_another_spelling_of_a_sender() {
        let ranges = ["mimi://b.example/u/bob", "mimi://B.example/u/bob"].map(range);
        let error = IdentityError::NotNormal { offset: 7 };
        assert_eq!(refuse_second_ranges(&ranges), Err(RetractedRangesError::Sender { range: 1, error }));
    }
}
