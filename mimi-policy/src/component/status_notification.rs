//! Delivery notifications and read receipts (mimi-room-policy-04 §6.1): component 0x0028.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::room_policy::{Optionality, StatusNotificationPolicy};

use super::{ComponentAnswer, ComponentSeverity};

/// What a client tells of a message that it received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusNotification {
    /// That it has arrived, or failed to.
    Delivery,
    /// That the user has read it, or not yet.
    Read,
}

impl StatusNotification {
    /// Which of both a status of a report is; `None` for one that is neither, which the policy
    /// doesn't speak of.
    #[cfg(feature = "content")]
    #[must_use]
    pub const fn of(status: mimi_content::MessageStatus) -> Option<Self> {
        if status.is_delivery_notification() {
            Some(Self::Delivery)
        } else if status.is_read_receipt() {
            Some(Self::Read)
        } else {
            None
        }
    }

    const fn optionality(self, policy: Option<&StatusNotificationPolicy>) -> Optionality {
        match (policy, self) {
            (None, _) => Optionality::Optional,
            (Some(policy), Self::Delivery) => policy.delivery_notifications,
            (Some(policy), Self::Read) => policy.read_receipts,
        }
    }
}

/// What is odd about a [`StatusNotificationPolicy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusNotificationFinding {
    /// Read receipts are required and delivery notifications forbidden; yet who reads a message has
    /// received it.
    ReadTellsOfDelivery,
}

impl StatusNotificationFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::ReadTellsOfDelivery => ComponentSeverity::Advice,
        }
    }
}

impl fmt::Display for StatusNotificationFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadTellsOfDelivery => f.write_str(
                "delivery notifications are forbidden, and the required read receipts tell of delivery",
            ),
        }
    }
}

/// What is odd about the component itself. Every value is valid.
#[must_use]
pub fn findings(policy: &StatusNotificationPolicy) -> Vec<StatusNotificationFinding> {
    let mut found = Vec::new();
    if policy.delivery_notifications == Optionality::Forbidden
        && policy.read_receipts == Optionality::Required
    {
        found.push(StatusNotificationFinding::ReadTellsOfDelivery);
    }
    found
}

/// Whether a client sends the notification, given the setting of its user.
///
/// ```
/// use mimi_codec::room_policy::{Optionality, StatusNotificationPolicy};
/// use mimi_policy::component::{
///     ComponentAnswer, Because,
///     status_notification::{StatusNotification, shall_send},
/// };
///
/// let policy = StatusNotificationPolicy {
///     delivery_notifications: Optionality::Optional,
///     read_receipts: Optionality::Forbidden,
/// };
/// let user_wants_it = true;
/// assert_eq!(
///     shall_send(Some(&policy), StatusNotification::Read, user_wants_it),
///     ComponentAnswer::No(Because::Room)
/// );
/// assert!(shall_send(Some(&policy), StatusNotification::Delivery, user_wants_it).is_yes());
/// ```
#[must_use]
pub const fn shall_send(
    policy: Option<&StatusNotificationPolicy>,
    notification: StatusNotification,
    own_setting: bool,
) -> ComponentAnswer {
    ComponentAnswer::of(notification.optionality(policy), own_setting)
}

/// A notification that the room forbids: who receives it leaves it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ForbiddenNotificationError(pub StatusNotification);

impl fmt::Display for ForbiddenNotificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            StatusNotification::Delivery => f.write_str("the room forbids delivery notifications"),
            StatusNotification::Read => f.write_str("the room forbids read receipts"),
        }
    }
}

impl core::error::Error for ForbiddenNotificationError {}

/// Whether a received notification may be shown.
///
/// # Errors
/// [`ForbiddenNotificationError`].
pub fn check_received(
    policy: Option<&StatusNotificationPolicy>,
    notification: StatusNotification,
) -> Result<(), ForbiddenNotificationError> {
    match notification.optionality(policy) {
        Optionality::Forbidden => Err(ForbiddenNotificationError(notification)),
        Optionality::Optional | Optionality::Required => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Because;
    use StatusNotification::{Delivery, Read};

    fn policy(delivery: Optionality, read: Optionality) -> StatusNotificationPolicy {
        StatusNotificationPolicy { delivery_notifications: delivery, read_receipts: read }
    }

    #[test]
    fn required_is_always_sent_and_forbidden_never() {
        let policy = policy(Optionality::Required, Optionality::Forbidden);
        for own in [false, true] {
            assert_eq!(shall_send(Some(&policy), Delivery, own), ComponentAnswer::Yes(Because::Room));
            assert_eq!(shall_send(Some(&policy), Read, own), ComponentAnswer::No(Because::Room));
        }
        assert_eq!(check_received(Some(&policy), Delivery), Ok(()));
        assert_eq!(check_received(Some(&policy), Read), Err(ForbiddenNotificationError(Read)));
    }

    #[test]
    fn optional_and_unstated_follow_the_user() {
        let policy = policy(Optionality::Optional, Optionality::Optional);
        for notification in [Delivery, Read] {
            for stated in [None, Some(&policy)] {
                assert_eq!(shall_send(stated, notification, true), ComponentAnswer::Yes(Because::OwnChoice));
                assert_eq!(shall_send(stated, notification, false), ComponentAnswer::No(Because::OwnChoice));
                assert_eq!(check_received(stated, notification), Ok(()));
            }
        }
    }

    #[test]
    fn finds_receipts_that_tell_of_delivery() {
        use Optionality::{Forbidden, Optional, Required};
        assert_eq!(findings(&policy(Forbidden, Required)), [StatusNotificationFinding::ReadTellsOfDelivery]);
        for (delivery, read) in [(Forbidden, Optional), (Optional, Required), (Required, Forbidden)] {
            assert_eq!(findings(&policy(delivery, read)), []);
        }
    }

    #[cfg(feature = "content")]
    #[test]
    fn a_status_is_delivery_or_read_or_neither() {
        use mimi_content::MessageStatus;
        for (status, notification) in [
            (MessageStatus::DELIVERED, Some(Delivery)),
            (MessageStatus::ERROR, Some(Delivery)),
            (MessageStatus::READ, Some(Read)),
            (MessageStatus::UNREAD, Some(Read)),
            (MessageStatus::EXPIRED, None),
            (MessageStatus::HIDDEN, None),
            (MessageStatus(77), None),
        ] {
            assert_eq!(StatusNotification::of(status), notification);
        }
    }
}
