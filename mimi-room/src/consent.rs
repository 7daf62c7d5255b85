//! Consent to be added to rooms (mimi-protocol-06 §5.7, §8).
//!
//! [`Consents`] is what a provider keeps: the target's, to decide whether key material is handed
//! out, and the requester's, of what it was told. It takes each [`ConsentEntry`] and says what came
//! of it; it never refuses one. To the other provider the answer is the same whatever came of it:
//! the draft's 201 tells no more than that the entry arrived.
//!
//! - A grant or a revocation needs no request, and its scope may be another than the request's.
//!   What was said last about a room counts: a word about any room takes the place of all words
//!   before it.
//! - A cancellation withdraws a request of exactly its scope; without one, it is ignored.
//! - A request that is covered by a revocation is dropped: the target has said no, and isn't asked
//!   again until it says otherwise. The requester doesn't learn of it.
//!
//! Requests are bounded ([`MAX_REQUESTS`]); what a target says is kept for each room that it names.
//! How many entries to take from a provider is yours to limit.

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;

use mimi_codec::protocol::{ConsentEntry, ConsentOperation, KeyMaterialUserCode};
use mimi_codec::{IdentityError, RoomUri, UserUri};

/// How many requests of one requester for one target are kept. Beyond, a new one is dropped: else a
/// requester could fill the target's provider with requests for ever more rooms.
pub const MAX_REQUESTS: usize = 64;

/// How many requests of all requesters for one target are kept. Beyond, a new one is dropped:
/// strangers are many, and a user answers few.
pub const MAX_REQUESTS_FOR_TARGET: usize = 1024;

/// What came of a consent entry. It is for the provider and its user, not for the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentOutcome {
    /// The request is new: the target is to be asked.
    Requested,
    /// The same request is pending.
    AlreadyRequested,
    /// There is consent already: the target's provider may say so by another grant.
    AlreadyGranted,
    /// The target has revoked it: nothing happens.
    RequestRefused,
    /// The requester has too many requests pending, or the target has: nothing happens.
    TooManyRequests,
    /// The request is withdrawn.
    Cancelled,
    /// There is no such request: nothing happens.
    NothingToCancel,
    /// Consent is given.
    Granted {
        /// How many pending requests are answered by it.
        requests: usize,
    },
    /// Consent is taken back, or refused in advance.
    Revoked {
        /// How many pending requests are dropped by it.
        requests: usize,
    },
}

/// A word of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Granted,
    Revoked,
}

/// What stands between one requester and one target. A room is `None` where any is meant.
#[derive(Debug, Clone, Default)]
struct Pair {
    any_room: Option<Decision>,
    /// Words about single rooms that came after that about any.
    rooms: BTreeMap<RoomUri, Decision>,
    requests: BTreeSet<Option<RoomUri>>,
    /// How many of `rooms` are granted.
    granted: usize,
}

/// The requests that wait for one target.
#[derive(Debug, Clone, Default)]
struct Waiting {
    requesters: BTreeSet<UserUri>,
    requests: usize,
}

impl Pair {
    fn decision(&self, room: Option<&RoomUri>) -> Option<Decision> {
        room.and_then(|room| self.rooms.get(room)).or(self.any_room.as_ref()).copied()
    }

    fn request(&mut self, room: Option<&RoomUri>, is_full: bool) -> ConsentOutcome {
        match self.decision(room) {
            Some(Decision::Granted) => return ConsentOutcome::AlreadyGranted,
            Some(Decision::Revoked) => return ConsentOutcome::RequestRefused,
            None => {}
        }
        let scope = room.cloned();
        if self.requests.contains(&scope) {
            ConsentOutcome::AlreadyRequested
        } else if is_full || self.requests.len() >= MAX_REQUESTS {
            ConsentOutcome::TooManyRequests
        } else {
            self.requests.insert(scope);
            ConsentOutcome::Requested
        }
    }

    fn cancel(&mut self, room: Option<&RoomUri>) -> ConsentOutcome {
        if self.requests.remove(&room.cloned()) {
            ConsentOutcome::Cancelled
        } else {
            ConsentOutcome::NothingToCancel
        }
    }

    /// Gives the number of requests that the word settles.
    fn decide(&mut self, room: Option<&RoomUri>, decision: Decision) -> usize {
        let before = self.requests.len();
        match room {
            None => {
                self.any_room = Some(decision);
                self.rooms.clear();
                self.granted = 0;
                self.requests.clear();
            }
            Some(room) => {
                let before = self.rooms.insert(room.clone(), decision);
                self.granted = self
                    .granted
                    .saturating_add(usize::from(decision == Decision::Granted))
                    .saturating_sub(usize::from(before == Some(Decision::Granted)));
                self.requests.remove(&Some(room.clone()));
            }
        }
        before.saturating_sub(self.requests.len())
    }

    fn is_empty(&self) -> bool {
        self.any_room.is_none() && self.rooms.is_empty() && self.requests.is_empty()
    }
}

/// Consent that there is; only [`Consents::check`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Consent<'a> {
    requester: &'a UserUri,
    target: &'a UserUri,
    room: Option<&'a RoomUri>,
}

impl<'a> Consent<'a> {
    /// Who may add the target.
    #[must_use]
    pub const fn requester(self) -> &'a UserUri {
        self.requester
    }

    /// Who may be added.
    #[must_use]
    pub const fn target(self) -> &'a UserUri {
        self.target
    }

    /// The room that it was asked for; `None` for any.
    #[must_use]
    pub const fn room(self) -> Option<&'a RoomUri> {
        self.room
    }
}

/// Why there is no consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoConsentError {
    /// The target has said nothing.
    Unanswered,
    /// The target has revoked it.
    Revoked,
    /// There is some for another room, and no word about this one.
    NotForThisRoom,
}

impl NoConsentError {
    /// The code that a target's provider answers a request for key material with.
    ///
    /// A revocation looks like no answer. Consent for other rooms shows only where the provider
    /// `tells_of_other_rooms`; the draft lets it keep silent.
    #[must_use]
    pub const fn code(self, tells_of_other_rooms: TellsOfOtherRooms) -> KeyMaterialUserCode {
        match (self, tells_of_other_rooms) {
            (Self::NotForThisRoom, TellsOfOtherRooms::Yes) => KeyMaterialUserCode::NO_CONSENT_FOR_THIS_ROOM,
            _ => KeyMaterialUserCode::NO_CONSENT,
        }
    }
}

/// Whether a provider distinguishes `noConsentForThisRoom` from `noConsent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TellsOfOtherRooms {
    /// It does.
    Yes,
    /// It always says `noConsent`.
    No,
}

impl fmt::Display for NoConsentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unanswered => "the target has not consented",
            Self::Revoked => "the target has revoked consent",
            Self::NotForThisRoom => "the target has consented for other rooms only",
        })
    }
}

impl core::error::Error for NoConsentError {}

/// Who consents to be added by whom, and where.
///
/// ```
/// use mimi_codec::{
///     RoomUri, UserUri,
///     extensions::AppDataDictionary,
///     protocol::{ConsentEntry, IdentifierUri},
/// };
/// use mimi_room::consent::{ConsentOutcome, Consents, NoConsentError};
///
/// let uri = |text: &str| IdentifierUri::new(text).unwrap();
/// let (alice, bob) = (uri("mimi://a.example/u/alice"), uri("mimi://b.example/u/bob"));
/// let (club, cabal) = (uri("mimi://a.example/r/club"), uri("mimi://a.example/r/cabal"));
///
/// // Alice asks to add Bob anywhere; Bob lets her add him to one room.
/// let request = ConsentEntry::Request {
///     requester_uri: alice.clone(),
///     target_uri: bob.clone(),
///     room_id: None,
///     consent_extensions: AppDataDictionary::default(),
/// };
/// let grant = ConsentEntry::Grant {
///     requester_uri: alice.clone(),
///     target_uri: bob.clone(),
///     room_id: Some(club.clone()),
///     client_key_packages: vec![],
///     consent_extensions: AppDataDictionary::default(),
/// };
/// let mut consents = Consents::default();
/// assert_eq!(consents.apply(&request), Ok(ConsentOutcome::Requested));
/// let (a, b) = (UserUri::try_from(&alice)?, UserUri::try_from(&bob)?);
/// let (club, cabal) = (RoomUri::try_from(&club)?, RoomUri::try_from(&cabal)?);
/// assert_eq!(consents.check(&a, &b, Some(&club)), Err(NoConsentError::Unanswered));
/// assert_eq!(consents.apply(&grant), Ok(ConsentOutcome::Granted { requests: 0 }));
/// assert!(consents.check(&a, &b, Some(&club)).is_ok());
/// assert_eq!(consents.check(&a, &b, Some(&cabal)), Err(NoConsentError::NotForThisRoom));
/// # Ok::<(), mimi_codec::IdentityError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Consents {
    /// By requester, then by target.
    pairs: BTreeMap<UserUri, BTreeMap<UserUri, Pair>>,
    /// By target.
    waiting: BTreeMap<UserUri, Waiting>,
}

impl Consents {
    /// Takes an entry that has arrived at its endpoint ([`ConsentEntry::check_endpoint`] tells) or
    /// that the own user makes.
    ///
    /// # Errors
    /// An [`IdentityError`] if the requester, the target or the room is not in the spelling that
    /// counts. Nothing has changed then.
    pub fn apply(&mut self, entry: &ConsentEntry) -> Result<ConsentOutcome, IdentityError> {
        let scope = entry.scope();
        let room = scope.room_id.as_ref().map(RoomUri::try_from).transpose()?;
        let room = room.as_ref();
        let requester = UserUri::try_from(&scope.requester_uri)?;
        let target = UserUri::try_from(&scope.target_uri)?;
        let targets = self.pairs.entry(requester.clone()).or_default();
        let pair = targets.entry(target.clone()).or_default();
        let before = pair.requests.len();
        let waiting = self.waiting.entry(target.clone()).or_default();
        let is_full = waiting.requests >= MAX_REQUESTS_FOR_TARGET;
        let outcome = match entry.consent_operation() {
            ConsentOperation::Request => pair.request(room, is_full),
            ConsentOperation::Cancel => pair.cancel(room),
            ConsentOperation::Grant => {
                ConsentOutcome::Granted { requests: pair.decide(room, Decision::Granted) }
            }
            ConsentOperation::Revoke => {
                ConsentOutcome::Revoked { requests: pair.decide(room, Decision::Revoked) }
            }
        };
        waiting.requests = waiting.requests.saturating_add(pair.requests.len()).saturating_sub(before);
        if pair.requests.is_empty() {
            waiting.requesters.remove(&requester);
        } else if before == 0 {
            waiting.requesters.insert(requester.clone());
        }
        if waiting.requests == 0 {
            self.waiting.remove(&target);
        }
        // A stranger's cancellations leave nothing behind.
        if pair.is_empty() {
            targets.remove(&target);
            if targets.is_empty() {
                self.pairs.remove(&requester);
            }
        }
        Ok(outcome)
    }

    /// Whether `requester` may add `target` to `room`, or, without one, to any.
    ///
    /// # Errors
    /// [`NoConsentError`].
    pub fn check<'a>(
        &self,
        requester: &'a UserUri,
        target: &'a UserUri,
        room: Option<&'a RoomUri>,
    ) -> Result<Consent<'a>, NoConsentError> {
        let pair = self.pair(requester, target).ok_or(NoConsentError::Unanswered)?;
        match pair.decision(room) {
            Some(Decision::Granted) => Ok(Consent { requester, target, room }),
            Some(Decision::Revoked) => Err(NoConsentError::Revoked),
            None if pair.granted > 0 => Err(NoConsentError::NotForThisRoom),
            None => Err(NoConsentError::Unanswered),
        }
    }

    /// The requests that `target` hasn't answered: who asks, and for which room, or any.
    pub fn requests<'a>(
        &'a self,
        target: &UserUri,
    ) -> impl Iterator<Item = (&'a UserUri, Option<&'a RoomUri>)> {
        let requesters = self.waiting.get(target).into_iter().flat_map(|waiting| &waiting.requesters);
        requesters
            .filter_map(move |requester| Some((requester, self.pair(requester, target)?)))
            .flat_map(|(requester, pair)| pair.requests.iter().map(move |room| (requester, room.as_ref())))
    }

    fn pair(&self, requester: &UserUri, target: &UserUri) -> Option<&Pair> {
        self.pairs.get(requester)?.get(target)
    }
}

#[cfg(test)]
mod tests;
