//! The hub: it franks what it accepts, without learning the content.
//!
//! 1. [`ActiveSender::find`] checks that the sending URI is an active participant of the submitting
//!    provider. [`Submission::new`] takes the tag from the AAD.
//! 2. [`frank`] stamps the submission at the time of acceptance.
//! 3. [`Franked`] goes into the answer and the fan-out. It does not contain the sender.
//!
//! For reports, see [`report`](crate::report).

use alloc::collections::BTreeSet;

use mimi_codec::{
    InvalidValueError, MatchedProvider, RoomUri, UserUri,
    extensions::SafeAAD,
    protocol::{
        ApplicationMessage, FanoutEvent, FanoutMessage, FrankAAD, IdentifierUri, ParticipantListData,
        ServerFrankingContext, SubmitResult,
    },
};
use rand_core::CryptoRng;

use crate::{Construction, FrankingError, HubKeyRing, Signed, Stamp};

/// The users of one room. A hub answers from the indexes of its room state, so that a message costs
/// two look-ups in a room of any size. [`UserIndex`] is such an index.
pub trait RoomUsers {
    /// Whether the user is on the participant list.
    fn is_participant(&self, user: &UserUri) -> bool;

    /// Whether a client of the user is in the group: whether a leaf shows this user URI or
    /// pseudonym, by the hub's check of the leaf's credential.
    fn has_client(&self, user: &UserUri) -> bool;
}

impl<T: RoomUsers + ?Sized> RoomUsers for &T {
    fn is_participant(&self, user: &UserUri) -> bool {
        (**self).is_participant(user)
    }

    fn has_client(&self, user: &UserUri) -> bool {
        (**self).has_client(user)
    }
}

/// An index of the users of one room, for a hub whose room state has none. Build it once for each
/// change of the room, not for each message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserIndex {
    participants: BTreeSet<UserUri>,
    users_of_clients: BTreeSet<UserUri>,
}

impl UserIndex {
    /// Indexes a participant list and the users of the group's leaves. A participant that is not
    /// listed in normal form is left out and cannot send.
    #[must_use]
    pub fn new(
        participant_list: &ParticipantListData,
        users_of_clients: impl IntoIterator<Item = UserUri>,
    ) -> Self {
        let participants = participant_list.participants.iter();
        Self {
            participants: participants.filter_map(|it| UserUri::new(it.user.clone()).ok()).collect(),
            users_of_clients: users_of_clients.into_iter().collect(),
        }
    }
}

impl RoomUsers for UserIndex {
    fn is_participant(&self, user: &UserUri) -> bool {
        self.participants.contains(user)
    }

    fn has_client(&self, user: &UserUri) -> bool {
        self.users_of_clients.contains(user)
    }
}

/// A user of the submitting provider who is on the participant list and has a client in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveSender(UserUri);

impl ActiveSender {
    /// Looks for the `sendingUri` of a submission (mimi-protocol-06 §5.4) among the users of the
    /// room. The caller decides whether the room's policy lets the user send.
    ///
    /// `submitted_by` is the submitting server, by its certificate. For the hub's own clients it is
    /// the hub, which has authenticated the user. A PrivateMessage does not show its sender to the
    /// hub, so a server could submit a message in the name of any of its users, with content that
    /// asserts the same. This check limits a provider to its own users.
    ///
    /// # Errors
    /// [`FrankingError::Identity`] if `sending_uri` is not in normal form,
    /// [`FrankingError::SenderOfAnotherProvider`], [`FrankingError::SenderNotParticipant`],
    /// [`FrankingError::SenderNotActive`].
    pub fn find(
        sending_uri: &IdentifierUri,
        submitted_by: &MatchedProvider,
        room: &impl RoomUsers,
    ) -> Result<Self, FrankingError> {
        let user = UserUri::try_from(sending_uri)?;
        if user.mimi_uri().is_none_or(|uri| uri.host() != submitted_by.domain()) {
            return Err(FrankingError::SenderOfAnotherProvider);
        }
        if !room.is_participant(&user) {
            return Err(FrankingError::SenderNotParticipant);
        }
        if !room.has_client(&user) {
            return Err(FrankingError::SenderNotActive);
        }
        Ok(Self(user))
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserUri {
        &self.0
    }
}

/// A message that can be franked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    frank_aad: FrankAAD,
    sender_uri: UserUri,
    room_uri: RoomUri,
}

impl Submission {
    /// A submission to `room_uri` by `sender` of a message with this SafeAAD.
    ///
    /// # Errors
    /// [`FrankingError::FrankAadMissing`] if the sender did not commit to the message, which is
    /// then fanned out without a frank; [`FrankingError::Decode`] if the item is not a FrankAAD.
    pub fn new(safe_aad: &SafeAAD, sender: ActiveSender, room_uri: RoomUri) -> Result<Self, FrankingError> {
        let frank_aad = safe_aad.content::<FrankAAD>().ok_or(FrankingError::FrankAadMissing)??;
        Ok(Self { frank_aad, sender_uri: sender.0, room_uri })
    }
}

/// What the hub adds to a message. It does not contain the sender's URI (mimi-protocol-06
/// §5.4.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Franked<C: Construction> {
    frank: C::Frank,
    accepted_timestamp: u64,
}

impl<C: Construction> Franked<C> {
    /// The hub's stamp.
    #[must_use]
    pub fn frank(&self) -> &C::Frank {
        &self.frank
    }

    /// When the hub accepted the message, in milliseconds since the UNIX epoch.
    #[must_use]
    pub fn accepted_timestamp(&self) -> u64 {
        self.accepted_timestamp
    }
}

impl Franked<Signed> {
    /// The answer to the SubmitMessageRequest.
    #[must_use]
    pub fn submit_result(&self) -> SubmitResult {
        let (accepted_timestamp, frank) = (self.accepted_timestamp, Some(self.frank.clone()));
        SubmitResult::Accepted { accepted_timestamp, frank }
    }

    /// The FanoutMessage.
    ///
    /// # Errors
    /// None today: an application message has no rule to break.
    pub fn fanout_message(&self, message: ApplicationMessage) -> Result<FanoutMessage, InvalidValueError> {
        let frank = Some(self.frank.clone());
        FanoutMessage::new(self.accepted_timestamp, FanoutEvent::Application { message, frank })
    }
}

/// Franks a submission that the hub accepts at `accepted_timestamp`, in milliseconds since the UNIX
/// epoch (mimi-protocol-06 §5.4.1.2).
///
/// `stamp` fixes the construction: the group's [`FrankingAgentKey`](crate::FrankingAgentKey), or
/// the epoch's [`IntegritySecret`](crate::IntegritySecret) or
/// [`ContextSecret`](crate::ContextSecret). Only ECDSA draws from `rng`.
///
/// No two messages of a room may have the same time. The receivers' check covers `server_frank` and
/// the context, not the tag. A follower could swap two franks of one sender, room and millisecond,
/// and neither would then prove anything.
///
/// # Errors
/// [`FrankingError::NoHubKey`] or [`FrankingError::HubKeyRetired`] if the ring has no key for this
/// time, [`FrankingError::Encode`] if a URI is longer than 2^30 - 1 bytes,
/// [`FrankingError::Crypto`] if the provider fails.
pub fn frank<C: Construction>(
    hub_keys: &HubKeyRing,
    stamp: &impl Stamp<C>,
    submission: &Submission,
    accepted_timestamp: u64,
    rng: &mut dyn CryptoRng,
) -> Result<Franked<C>, FrankingError> {
    let (_, hub_key) = hub_keys.in_force_at(accepted_timestamp)?;
    let context = ServerFrankingContext {
        sender_uri: (&submission.sender_uri).into(),
        room_uri: (&submission.room_uri).into(),
        accepted_timestamp,
    };
    let server_frank = hub_key.server_frank(&submission.frank_aad, &C::context(&context)?);
    let frank = stamp.stamp(&submission.frank_aad, server_frank, &context, rng)?;
    Ok(Franked { frank, accepted_timestamp })
}
