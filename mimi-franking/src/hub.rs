//! The hub: it franks what it accepts, without learning the content.
//!
//! 1. [`ActiveSender::find`] says that the sending URI is an active participant's of the provider that submits, [`Submission::new`] takes the tag from the AAD.
//! 2. [`frank`] stamps the submission at the time of acceptance.
//! 3. [`Franked`] is what goes into the answer and the fan-out. It holds nothing of the sender.
//!
//! Reports come back much later: see [`report`](crate::report).

use alloc::collections::BTreeSet;

use mimi_codec::{
    InvalidValue, MatchedProvider, RoomUri, UserUri,
    extensions::SafeAAD,
    protocol::{
        ApplicationMessage, FanoutEvent, FanoutMessage, FrankAAD, IdentifierUri, ParticipantListData,
        ServerFrankingContext, SubmitResult,
    },
};
use rand_core::CryptoRng;

use crate::{Construction, FrankingError, HubKeyRing, Signed, Stamp};

/// What the hub knows of the users of one room. A hub answers from the indexes of its room state, so
/// that a message costs two look-ups in a room of any size; [`UserIndex`] is such an index.
pub trait RoomUsers {
    /// Whether the user is on the participant list.
    fn is_participant(&self, user: &UserUri) -> bool;

    /// Whether a client of the user is in the group: whether a leaf shows this user URI or pseudonym, by
    /// the hub's check of the leaf's credential.
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

/// The users of one room, for a hub whose room state has no index of its own. It is made once for each
/// change of the room, not for each message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserIndex {
    participants: BTreeSet<UserUri>,
    users_of_clients: BTreeSet<UserUri>,
}

impl UserIndex {
    /// Indexes a participant list and the users of the group's leaves. A participant that is not listed
    /// in the one spelling that counts is left out: the user cannot send.
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

/// A user who may send to the room: on the participant list, with a client in the group, and of the provider that submits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveSender(UserUri);

impl ActiveSender {
    /// Looks for the `sendingUri` of a submission (mimi-protocol-06 §5.4) among the users of the room.
    /// Whether the room's policy lets the user send is for the caller to decide.
    ///
    /// `submitted_by` is the server that the submission came from, by its certificate; for a client of
    /// the hub's own, the hub, which has authenticated the user. Nothing in a PrivateMessage shows the hub
    /// who sent it. A server that submits in the name of another user, with content that asserts the
    /// same, would have the hub vouch for it. A provider can do that to its own users, and to no others.
    ///
    /// # Errors
    /// [`FrankingError::Identity`] if `sending_uri` is not in the one spelling that counts,
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
    /// A submission to this room by this sender, whose message has this SafeAAD.
    ///
    /// # Errors
    /// [`FrankingError::FrankAadMissing`] when the sender didn't commit to the message, which is then fanned out without a frank;
    /// [`FrankingError::Decode`] when the item is no FrankAAD.
    pub fn new(safe_aad: &SafeAAD, sender: ActiveSender, room_uri: RoomUri) -> Result<Self, FrankingError> {
        let frank_aad = safe_aad.content::<FrankAAD>().ok_or(FrankingError::FrankAadMissing)??;
        Ok(Self { frank_aad, sender_uri: sender.0, room_uri })
    }
}

/// What the hub adds to a message. The sender's URI is not in it (mimi-protocol-06, 5.4.1.2).
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

    /// What is fanned out of the message.
    ///
    /// # Errors
    /// None today: an application message has no rule to break.
    pub fn fanout_message(&self, message: ApplicationMessage) -> Result<FanoutMessage, InvalidValue> {
        let frank = Some(self.frank.clone());
        FanoutMessage::new(self.accepted_timestamp, FanoutEvent::Application { message, frank })
    }
}

/// Franks a submission that the hub accepts at `accepted_timestamp`, in milliseconds since the UNIX epoch (mimi-protocol-06, 5.4.1.2).
///
/// The construction is that of `stamp`: a [`FrankingAgentKey`](crate::FrankingAgentKey) of the group, or the epoch's
/// [`IntegritySecret`](crate::IntegritySecret) or [`ContextSecret`](crate::ContextSecret). Only ECDSA draws from `rng`.
///
/// Give no two messages of a room the same time. What receivers check covers `server_frank` and the context, not the tag, so franks
/// of one sender, room and millisecond could be swapped on the way, and would then prove nothing.
///
/// # Errors
/// [`FrankingError::NoHubKey`] or [`FrankingError::HubKeyRetired`] when the ring has no key for this time,
/// [`FrankingError::Encode`] for a URI beyond 2^30 - 1 octets, [`FrankingError::Crypto`] when the provider fails.
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
