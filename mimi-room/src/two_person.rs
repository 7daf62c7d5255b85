//! Two-person control: a change that takes effect only when others have approved it.
//!
//! **Ours.** The notes of October 2024 ask for it and say that the drafts don't support it; nothing
//! on the wire knows of it. It is off unless a room's members have agreed on a [`ApprovalRule`]
//! among themselves. It adds to the room's policy and replaces none of it: what comes out is a
//! change that may be proposed, and is then judged like any other.
//!
//! An approval is for exactly one change, byte by byte ([`ChangeDigest`]), from one user, and
//! counts only while that user holds one of the rule's roles: at the approval and again at the end.
//! The proposer can't approve its own change. All of it is over at a time that is passed in.
//! Whether an approval comes from the user that it names, the caller has to see.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use mimi_codec::{RoomUri, UserUri};
use sha2::{Digest, Sha256};

/// What it takes for a change to take effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    /// How many users besides the proposer have to approve.
    pub approvals: NonZeroU32,
    /// The roles whose holders may. Role 0, who isn't in the room, may not, even if it is named.
    pub approver_roles: BTreeSet<u32>,
    /// How long a proposal waits for them, in milliseconds.
    pub lifetime_ms: u64,
}

/// Which change of which room is meant.
///
/// ```text
/// struct {
///   opaque label<V> = "MIMI two-person control 1";
///   IdentifierUri room;
///   opaque change<V>;
/// } ApprovalInput;                /* lengths are uint64 here */
///
/// digest = SHA-256(ApprovalInput)
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeDigest([u8; 32]);

impl ChangeDigest {
    /// The digest of a change, as it will be sent: the encoded proposals. What else the approvers
    /// have to agree on, such as the epoch, belongs into these bytes.
    #[must_use]
    pub fn new(room: &RoomUri, change: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for field in [b"MIMI two-person control 1", room.as_bytes(), change] {
            hash.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(field);
        }
        Self(hash.finalize().into())
    }

    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ChangeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A change that waits for approvals. It can't be copied, so that it takes effect once at most.
///
/// ```
/// use std::{collections::BTreeSet, num::NonZeroU32};
///
/// use mimi_codec::{RoomUri, UserUri};
/// use mimi_room::two_person::{ApprovalRefusal, ApprovalRule, ChangeDigest, PendingChange};
///
/// let uri = |text: &str| UserUri::try_from(text).unwrap();
/// let (alice, bob) = (uri("mimi://a.example/u/alice"), uri("mimi://b.example/u/bob"));
/// let room = RoomUri::try_from("mimi://a.example/r/club")?;
/// let admin = 3;
/// let role_of = |user: &UserUri| [&alice, &bob].contains(&user).then_some(admin);
///
/// let rule = ApprovalRule {
///     approvals: NonZeroU32::MIN,
///     approver_roles: BTreeSet::from([admin]),
///     lifetime_ms: 3_600_000,
/// };
/// let change = b"the encoded proposals";
/// let now_ms = 1_644_387_225_000;
/// let mut pending = PendingChange::new(rule, room.clone(), change.to_vec(), alice.clone(), now_ms);
///
/// // Alice can't approve what she proposes; Bob has looked at the very same change.
/// assert_eq!(pending.approve(&alice, pending.digest(), role_of, now_ms), Err(ApprovalRefusal::OwnProposal));
/// pending.approve(&bob, ChangeDigest::new(&room, change), role_of, now_ms + 60_000)?;
/// let approved = pending.finish(role_of, now_ms + 61_000).map_err(|unfinished| unfinished.why)?;
/// assert_eq!(approved.change(), change);
/// assert_eq!(approved.approvers(), [bob]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PendingChange {
    rule: ApprovalRule,
    room: RoomUri,
    change: Vec<u8>,
    digest: ChangeDigest,
    proposer: UserUri,
    proposed_at_ms: u64,
    /// Who approved, and when.
    approvals: BTreeMap<UserUri, u64>,
}

/// Why an approval isn't counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApprovalRefusal {
    /// The proposal is over.
    Expired {
        /// When it ended, in milliseconds since the UNIX epoch.
        at_ms: u64,
    },
    /// It is earlier than the proposal.
    BeforeProposal,
    /// It is for another change, or for one of another room.
    OtherChange,
    /// The proposer can't approve.
    OwnProposal,
    /// The user doesn't hold a role that may approve.
    Role {
        /// The role; `None` for a user who isn't in the room.
        role_index: Option<u32>,
    },
    /// The user has approved before.
    Twice,
}

impl fmt::Display for ApprovalRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { at_ms } => write!(f, "the proposal ended at {at_ms} ms"),
            Self::BeforeProposal => f.write_str("the approval is earlier than the proposal"),
            Self::OtherChange => f.write_str("the approval is for another change"),
            Self::OwnProposal => f.write_str("a proposer cannot approve their own proposal"),
            Self::Role { role_index: Some(role) } => write!(f, "role {role} can't approve"),
            Self::Role { role_index: None } => f.write_str("who isn't in the room can't approve"),
            Self::Twice => f.write_str("the user has approved before"),
        }
    }
}

impl core::error::Error for ApprovalRefusal {}

/// Why a change doesn't take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotApprovedError {
    /// The proposal is over, for good.
    Expired {
        /// When it ended, in milliseconds since the UNIX epoch.
        at_ms: u64,
    },
    /// Approvals are lacking, of users who hold a role that may approve now.
    TooFew {
        /// How many there are.
        approvals: u32,
        /// How many it takes.
        needed: NonZeroU32,
    },
}

impl fmt::Display for NotApprovedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { at_ms } => write!(f, "the proposal ended at {at_ms} ms"),
            Self::TooFew { approvals, needed } => write!(f, "{approvals} approvals of {needed}"),
        }
    }
}

impl core::error::Error for NotApprovedError {}

/// A change that doesn't take effect yet, or ever.
#[derive(Debug)]
pub struct UnfinishedChange {
    /// The change, as it was.
    pub pending: PendingChange,
    /// Why.
    pub why: NotApprovedError,
}

/// A change that enough others have approved; only [`PendingChange::finish`] makes it, once.
#[derive(Debug, PartialEq, Eq)]
pub struct ApprovedChange {
    room: RoomUri,
    change: Vec<u8>,
    proposer: UserUri,
    approvers: Vec<UserUri>,
}

impl ApprovedChange {
    /// The room that it is for.
    #[must_use]
    pub const fn room(&self) -> &RoomUri {
        &self.room
    }

    /// The change, byte by byte as it was approved.
    #[must_use]
    pub fn change(&self) -> &[u8] {
        &self.change
    }

    /// Who proposed it, and has to have the right to.
    #[must_use]
    pub const fn proposer(&self) -> &UserUri {
        &self.proposer
    }

    /// Those whose approval counted, in ascending order.
    #[must_use]
    pub fn approvers(&self) -> &[UserUri] {
        &self.approvers
    }
}

impl PendingChange {
    /// A change of `room` that `proposer` proposes at `now_ms`, in milliseconds since the UNIX
    /// epoch.
    #[must_use]
    pub fn new(rule: ApprovalRule, room: RoomUri, change: Vec<u8>, proposer: UserUri, now_ms: u64) -> Self {
        let digest = ChangeDigest::new(&room, &change);
        Self { rule, room, change, digest, proposer, proposed_at_ms: now_ms, approvals: BTreeMap::new() }
    }

    /// What an approval has to name.
    #[must_use]
    pub const fn digest(&self) -> ChangeDigest {
        self.digest
    }

    /// The change, for approvers to look at.
    #[must_use]
    pub fn change(&self) -> &[u8] {
        &self.change
    }

    /// When it is over, in milliseconds since the UNIX epoch; from that millisecond on.
    #[must_use]
    pub const fn expires_at_ms(&self) -> u64 {
        self.proposed_at_ms.saturating_add(self.rule.lifetime_ms)
    }

    /// Who has approved, and when; their roles may have changed since.
    pub fn approvals(&self) -> impl Iterator<Item = (&UserUri, u64)> {
        self.approvals.iter().map(|(user, at_ms)| (user, *at_ms))
    }

    /// Counts the approval of a user, whose role `role_of` tells.
    ///
    /// # Errors
    /// [`ApprovalRefusal`], the first in the order of its variants; nothing is changed.
    pub fn approve(
        &mut self,
        user: &UserUri,
        digest: ChangeDigest,
        role_of: impl Fn(&UserUri) -> Option<u32>,
        now_ms: u64,
    ) -> Result<(), ApprovalRefusal> {
        let at_ms = self.expires_at_ms();
        if now_ms >= at_ms {
            return Err(ApprovalRefusal::Expired { at_ms });
        }
        if now_ms < self.proposed_at_ms {
            return Err(ApprovalRefusal::BeforeProposal);
        }
        if digest != self.digest {
            return Err(ApprovalRefusal::OtherChange);
        }
        if *user == self.proposer {
            return Err(ApprovalRefusal::OwnProposal);
        }
        let role_index = role_of(user);
        if !self.may_approve(role_index) {
            return Err(ApprovalRefusal::Role { role_index });
        }
        if self.approvals.contains_key(user) {
            return Err(ApprovalRefusal::Twice);
        }
        self.approvals.insert(user.clone(), now_ms);
        Ok(())
    }

    /// Takes an approval back; says whether there was one.
    pub fn withdraw(&mut self, user: &UserUri) -> bool {
        self.approvals.remove(user).is_some()
    }

    /// The change, if enough users have approved who may still approve now.
    ///
    /// # Errors
    /// [`UnfinishedChange`], with the pending change.
    pub fn finish(
        self,
        role_of: impl Fn(&UserUri) -> Option<u32>,
        now_ms: u64,
    ) -> Result<ApprovedChange, Box<UnfinishedChange>> {
        let at_ms = self.expires_at_ms();
        if now_ms >= at_ms {
            return Err(Box::new(UnfinishedChange {
                pending: self,
                why: NotApprovedError::Expired { at_ms },
            }));
        }
        let approvers: Vec<UserUri> =
            self.approvals.keys().filter(|user| self.may_approve(role_of(user))).cloned().collect();
        let approvals = u32::try_from(approvers.len()).unwrap_or(u32::MAX);
        let needed = self.rule.approvals;
        if approvals < needed.get() {
            let why = NotApprovedError::TooFew { approvals, needed };
            return Err(Box::new(UnfinishedChange { pending: self, why }));
        }
        Ok(ApprovedChange { room: self.room, change: self.change, proposer: self.proposer, approvers })
    }

    fn may_approve(&self, role_index: Option<u32>) -> bool {
        role_index.is_some_and(|role| role != 0 && self.rule.approver_roles.contains(&role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> UserUri {
        UserUri::try_from(text).unwrap()
    }

    fn named(text: &str) -> RoomUri {
        RoomUri::try_from(text).unwrap()
    }

    fn room() -> RoomUri {
        named("room")
    }

    const NOW_MS: u64 = 1_000;
    const CHANGE: &[u8] = b"change";

    fn pending(approvals: u32) -> PendingChange {
        let rule = ApprovalRule {
            approvals: NonZeroU32::new(approvals).unwrap(),
            approver_roles: [0, 3].into(),
            lifetime_ms: 100,
        };
        PendingChange::new(rule, room(), CHANGE.to_vec(), uri("alice"), NOW_MS)
    }

    /// All are admins but Dave, a member, Eve, who is in role 0, and strangers.
    fn role_of(user: &UserUri) -> Option<u32> {
        match user.as_bytes() {
            b"alice" | b"bob" | b"cathy" => Some(3),
            b"dave" => Some(2),
            b"eve" => Some(0),
            _ => None,
        }
    }

    #[test]
    fn takes_effect_with_enough_approvals() {
        let mut two = pending(2);
        assert_eq!(two.change(), CHANGE);
        let digest = two.digest();
        two.approve(&uri("cathy"), digest, role_of, NOW_MS).unwrap();
        let unfinished = two.finish(role_of, NOW_MS).unwrap_err();
        let needed = NonZeroU32::new(2).unwrap();
        assert_eq!(unfinished.why, NotApprovedError::TooFew { approvals: 1, needed });
        // What isn't finished goes on.
        let mut two = unfinished.pending;
        two.approve(&uri("bob"), digest, role_of, NOW_MS + 1).unwrap();
        assert_eq!(two.approvals().collect::<Vec<_>>(), [(&uri("bob"), NOW_MS + 1), (&uri("cathy"), NOW_MS)]);
        let approved = two.finish(role_of, NOW_MS + 99).unwrap();
        assert_eq!((approved.change(), approved.room()), (CHANGE, &room()));
        assert_eq!(
            (approved.proposer(), approved.approvers()),
            (&uri("alice"), &[uri("bob"), uri("cathy")][..])
        );
    }

    #[test]
    fn refuses_approvals_by_name() {
        let mut one = pending(1);
        let digest = one.digest();
        let mut approve = |user: &str, digest, now_ms| one.approve(&uri(user), digest, role_of, now_ms);
        assert_eq!(approve("alice", digest, NOW_MS), Err(ApprovalRefusal::OwnProposal));
        for (user, role_index) in [("dave", Some(2)), ("eve", Some(0)), ("mallory", None)] {
            assert_eq!(approve(user, digest, NOW_MS), Err(ApprovalRefusal::Role { role_index }));
        }
        for other in [ChangeDigest::new(&room(), b"Change"), ChangeDigest::new(&named("Room"), CHANGE)] {
            assert_eq!(approve("bob", other, NOW_MS), Err(ApprovalRefusal::OtherChange));
        }
        assert_eq!(approve("bob", digest, NOW_MS - 1), Err(ApprovalRefusal::BeforeProposal));
        assert_eq!(approve("bob", digest, NOW_MS + 100), Err(ApprovalRefusal::Expired { at_ms: 1_100 }));
        assert_eq!(approve("bob", digest, NOW_MS + 99), Ok(()));
        assert_eq!(approve("bob", digest, NOW_MS + 99), Err(ApprovalRefusal::Twice));
    }

    #[test]
    fn a_role_that_is_lost_takes_its_approval_along() {
        let mut one = pending(1);
        one.approve(&uri("bob"), one.digest(), role_of, NOW_MS).unwrap();
        let demoted = |user: &UserUri| role_of(user).filter(|_| user.as_bytes() != b"bob");
        let needed = NonZeroU32::MIN;
        let unfinished = one.finish(demoted, NOW_MS).unwrap_err();
        assert_eq!(unfinished.why, NotApprovedError::TooFew { approvals: 0, needed });
        assert!(unfinished.pending.finish(role_of, NOW_MS).is_ok());
    }

    #[test]
    fn it_is_over_at_its_time() {
        let mut one = pending(1);
        one.approve(&uri("bob"), one.digest(), role_of, NOW_MS).unwrap();
        assert_eq!(one.expires_at_ms(), 1_100);
        let late = one.finish(role_of, 1_100).unwrap_err();
        assert_eq!(late.why, NotApprovedError::Expired { at_ms: 1_100 });
        assert!(late.pending.finish(role_of, 1_099).is_ok());
    }

    #[test]
    fn an_approval_can_be_withdrawn() {
        let mut one = pending(1);
        one.approve(&uri("bob"), one.digest(), role_of, NOW_MS).unwrap();
        assert!(one.withdraw(&uri("bob")));
        assert!(!one.withdraw(&uri("bob")));
        assert!(one.finish(role_of, NOW_MS).is_err());
    }

    #[test]
    fn the_digest_binds_room_and_change_apart() {
        let input = [
            &25_u64.to_be_bytes()[..],
            b"MIMI two-person control 1",
            &4_u64.to_be_bytes(),
            b"room",
            &6_u64.to_be_bytes(),
            CHANGE,
        ]
        .concat();
        assert_eq!(ChangeDigest::new(&room(), CHANGE).as_bytes()[..], Sha256::digest(input)[..]);
        assert_ne!(ChangeDigest::new(&named("ab"), b"c"), ChangeDigest::new(&named("a"), b"bc"));
        assert_eq!(alloc::format!("{:?}", ChangeDigest([0x0a; 32])), "0a".repeat(32));
    }
}
