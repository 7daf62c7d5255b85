//! How a sender's first messages reach a receiver who doesn't know the sender: the modes of the
//! working group's notes of May 2023.
//!
//! The notes decide for two modes, consent-based and quarantined; that everything gets through is a
//! receiver's client that accepts by itself. Between users who know each other no mode asks
//! anything.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::UserUri;

use crate::consent::NoConsentError;

/// How a receiver is reached by strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessagingMode {
    /// Not before it has granted consent.
    ConsentBased,
    /// They may write, and the messages are held until the receiver accepts; the sender doesn't see
    /// a difference.
    Quarantined,
    /// Everything gets through: the receiver's own choice, to accept every request by itself ("fire
    /// and forget").
    AutoAccept,
}

/// How the receiver stands to a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acquaintance {
    /// In the receiver's list of contacts.
    Contact,
    /// It has the receiver's consent.
    Consented,
    /// Neither, and this is what [`Consents::check`](crate::consent::Consents::check) says.
    Stranger(NoConsentError),
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryDecision {
    /// It is shown.
    Deliver,
    /// It is held; [`Quarantine`] keeps it. No delivery notification and no read receipt is sent.
    Hold,
    /// It is dropped, and the sender doesn't see a difference: a refusal would tell it that the
    /// receiver has revoked consent.
    Drop,
    /// It isn't taken. The sender needs consent first.
    Refuse,
}

/// What becomes of a message to a receiver with this mode.
///
/// Who is in the contacts or has consent gets through in every mode. Whom the receiver has revoked
/// gets through in none: accepting by itself is for those about whom the receiver has said nothing.
///
/// ```
/// use mimi_room::consent::NoConsentError;
/// use mimi_room::messaging_mode::{Acquaintance, DeliveryDecision, MessagingMode, delivery};
///
/// let stranger = Acquaintance::Stranger(NoConsentError::Unanswered);
/// assert_eq!(delivery(MessagingMode::ConsentBased, stranger), DeliveryDecision::Refuse);
/// assert_eq!(delivery(MessagingMode::Quarantined, stranger), DeliveryDecision::Hold);
/// assert_eq!(delivery(MessagingMode::AutoAccept, stranger), DeliveryDecision::Deliver);
/// assert_eq!(delivery(MessagingMode::ConsentBased, Acquaintance::Contact), DeliveryDecision::Deliver);
/// ```
#[must_use]
pub const fn delivery(mode: MessagingMode, sender: Acquaintance) -> DeliveryDecision {
    match (sender, mode) {
        (Acquaintance::Contact | Acquaintance::Consented, _) => DeliveryDecision::Deliver,
        (Acquaintance::Stranger(NoConsentError::Revoked), MessagingMode::ConsentBased) => {
            DeliveryDecision::Refuse
        }
        (Acquaintance::Stranger(NoConsentError::Revoked), _) => DeliveryDecision::Drop,
        (Acquaintance::Stranger(_), MessagingMode::ConsentBased) => DeliveryDecision::Refuse,
        (Acquaintance::Stranger(_), MessagingMode::Quarantined) => DeliveryDecision::Hold,
        (Acquaintance::Stranger(_), MessagingMode::AutoAccept) => DeliveryDecision::Deliver,
    }
}

/// The messages that one receiver hasn't accepted yet, by sender, in the order in which they came.
///
/// It is bounded, since strangers fill it: when a sender has `per_sender` messages in it, or
/// `senders` are in it, what comes further is given back. To the sender, it has been taken all the
/// same.
///
/// ```
/// use mimi_codec::UserUri;
/// use mimi_room::messaging_mode::Quarantine;
///
/// let eve = UserUri::try_from("mimi://e.example/u/eve")?;
/// let mut quarantine = Quarantine::new(10, 2);
/// quarantine.hold(&eve, "hello")?;
/// quarantine.hold(&eve, "is it you?")?;
/// assert_eq!(quarantine.hold(&eve, "buy this").unwrap_err().into_message(), "buy this");
/// assert_eq!(quarantine.accept(&eve), ["hello", "is it you?"]);
/// assert!(quarantine.accept(&eve).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Quarantine<M> {
    senders: usize,
    per_sender: usize,
    held: BTreeMap<UserUri, VecDeque<M>>,
}

/// There is no place for a message; it holds the message.
#[derive(Clone, PartialEq, Eq)]
pub struct QuarantineFullError<M>(M);

impl<M> QuarantineFullError<M> {
    /// The message, which wasn't taken.
    #[must_use]
    pub fn into_message(self) -> M {
        self.0
    }
}

impl<M> fmt::Debug for QuarantineFullError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QuarantineFullError")
    }
}

impl<M> fmt::Display for QuarantineFullError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the quarantine takes no more of this sender")
    }
}

impl<M> core::error::Error for QuarantineFullError<M> {}

impl<M> Quarantine<M> {
    /// One for up to `senders` senders with up to `per_sender` messages each.
    #[must_use]
    pub const fn new(senders: usize, per_sender: usize) -> Self {
        Self { senders, per_sender, held: BTreeMap::new() }
    }

    /// Holds a message.
    ///
    /// # Errors
    /// [`QuarantineFullError`], with the message.
    pub fn hold(&mut self, sender: &UserUri, message: M) -> Result<(), QuarantineFullError<M>> {
        let known = self.held.len();
        match self.held.get_mut(sender) {
            Some(held) if held.len() < self.per_sender => held.push_back(message),
            None if known < self.senders && self.per_sender > 0 => {
                self.held.insert(sender.clone(), VecDeque::from([message]));
            }
            _ => return Err(QuarantineFullError(message)),
        }
        Ok(())
    }

    /// The senders who wait.
    pub fn senders(&self) -> impl Iterator<Item = &UserUri> {
        self.held.keys()
    }

    /// What is held of a sender, for the receiver to look at before it decides.
    pub fn held(&self, sender: &UserUri) -> impl Iterator<Item = &M> {
        self.held.get(sender).into_iter().flatten()
    }

    /// The receiver accepts the sender: all that was held, in order, is to be delivered now.
    #[must_use]
    pub fn accept(&mut self, sender: &UserUri) -> Vec<M> {
        self.held.remove(sender).map(Vec::from).unwrap_or_default()
    }

    /// The receiver doesn't want to hear of the sender: what was held is dropped. Gives how many
    /// messages that were.
    pub fn refuse(&mut self, sender: &UserUri) -> usize {
        self.held.remove(sender).map_or(0, |held| held.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> UserUri {
        UserUri::try_from(text).unwrap()
    }

    #[test]
    fn modes_differ_for_strangers_only() {
        use MessagingMode::{AutoAccept, ConsentBased, Quarantined};
        for mode in [ConsentBased, Quarantined, AutoAccept] {
            assert_eq!(delivery(mode, Acquaintance::Contact), DeliveryDecision::Deliver);
            assert_eq!(delivery(mode, Acquaintance::Consented), DeliveryDecision::Deliver);
        }
        for stranger in [NoConsentError::Unanswered, NoConsentError::NotForThisRoom] {
            let stranger = Acquaintance::Stranger(stranger);
            assert_eq!(delivery(ConsentBased, stranger), DeliveryDecision::Refuse);
            assert_eq!(delivery(Quarantined, stranger), DeliveryDecision::Hold);
            assert_eq!(delivery(AutoAccept, stranger), DeliveryDecision::Deliver);
        }
    }

    #[test]
    fn whom_the_receiver_has_revoked_gets_through_in_no_mode_and_sees_no_difference() {
        let revoked = Acquaintance::Stranger(NoConsentError::Revoked);
        let unanswered = Acquaintance::Stranger(NoConsentError::Unanswered);
        let taken = |delivery| delivery != DeliveryDecision::Refuse;
        for mode in [MessagingMode::ConsentBased, MessagingMode::Quarantined, MessagingMode::AutoAccept] {
            assert!(matches!(delivery(mode, revoked), DeliveryDecision::Drop | DeliveryDecision::Refuse));
            assert_eq!(taken(delivery(mode, revoked)), taken(delivery(mode, unanswered)));
        }
    }

    #[test]
    fn held_messages_come_out_in_order_once_the_receiver_accepts() {
        let mut quarantine = Quarantine::new(2, 3);
        let (eve, mallory) = (uri("eve"), uri("mallory"));
        for (sender, message) in [(&eve, 1), (&mallory, 2), (&eve, 3)] {
            quarantine.hold(sender, message).unwrap();
        }
        assert_eq!(quarantine.senders().collect::<Vec<_>>(), [&eve, &mallory]);
        assert_eq!(quarantine.held(&eve).collect::<Vec<_>>(), [&1, &3]);
        assert_eq!(quarantine.accept(&eve), [1, 3]);
        assert!(quarantine.accept(&eve).is_empty());
        assert_eq!(quarantine.refuse(&mallory), 1);
        assert_eq!(quarantine.refuse(&mallory), 0);
        assert_eq!(quarantine.senders().count(), 0);
    }

    #[test]
    fn refuses_more_than_it_has_room_for() {
        let mut quarantine = Quarantine::new(1, 1);
        quarantine.hold(&uri("eve"), 1).unwrap();
        assert_eq!(quarantine.hold(&uri("eve"), 2), Err(QuarantineFullError(2)));
        assert_eq!(quarantine.hold(&uri("mallory"), 3), Err(QuarantineFullError(3)));
        assert_eq!(quarantine.accept(&uri("eve")), [1]);
        quarantine.hold(&uri("mallory"), 3).unwrap();
        assert_eq!(Quarantine::new(1, 0).hold(&uri("eve"), 1), Err(QuarantineFullError(1)));
        // The message of an error isn't printed.
        assert_eq!(alloc::format!("{:?}", QuarantineFullError("secret")), "QuarantineFullError");
    }
}
