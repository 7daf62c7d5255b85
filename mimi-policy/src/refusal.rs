//! Why a change is refused: the first condition that fails.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    CapabilityType,
    code_points::ComponentID,
    protocol::{SubmitResponseCode, UpdateResponseCode},
};

use crate::{ClientUri, Defect, Form, UserUri};

/// A refused change, commit or message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The place, in the list that was decided on, of the change that is refused; `None` if it is
    /// the message as a whole, the joining client of an external commit, or several changes
    /// together, such as those that exceed a limit.
    pub change: Option<usize>,
    /// The places of all other changes that the refusal concerns, ascending.
    pub also: Vec<usize>,
    /// The first condition that fails.
    pub reason: Reason,
}

/// A condition that fails.
///
/// They are looked at in this order: the room, who acts and how, what may stand together, each
/// change in turn (what it is about, then the right to it), and the state after all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The room isn't persistent and its last client is gone (mimi-room-policy-04 §5).
    RoomGone,
    /// The operational policy allows no external commits (mimi-room-policy-04 §7).
    ExternalCommitsForbidden,
    /// The operational policy allows no external proposals (mimi-room-policy-04 §7).
    ExternalProposalsForbidden,
    /// Accepted proposals wait for a member's commit, and an external commit would void them
    /// (mimi-protocol-06 §5.5 and §7.1).
    ProposalsWait,

    /// A server sends external proposals and nothing else, a client none in an external sender's
    /// place (mimi-protocol-06 §7.3).
    WrongSender {
        /// The form of the message.
        form: Form,
    },
    /// The sender isn't on the participant list.
    NotAParticipant(UserUri),
    /// The client isn't in the group, or is another user's.
    NotAMember(ClientUri),
    /// The participant has no client in the group, and so sends no message.
    NoClient(UserUri),
    /// The user was removed or is banned: its clients may only leave (mimi-protocol-06 §5.3).
    CutOff(UserUri),
    /// An external sender that is neither on the list nor preauthorized for a role that exists.
    NotPreAuthorized(UserUri),

    /// Two operations on one user's place in the list (mimi-protocol-06 §7.5).
    SecondOperation(UserUri),
    /// Two operations on one client.
    SecondClientOperation(ClientUri),
    /// Two replacements of one component.
    SecondUpdate(ComponentID),
    /// A second range retracts messages of this sender (mimi-hub-retracted-messages-00 §3.2).
    SecondRetractedRange(UserUri),
    /// New roles beside a change of the participant list (mimi-room-policy-04 §3).
    RolesBesideListChange,
    /// New preauthorization beside a change of the participant list that isn't a removal
    /// (mimi-room-policy-04 §4).
    PreAuthBesideListChange,
    /// A ReInit beside something else (RFC 9420 §12.2).
    ReInitBesideOthers,
    /// A change that no message of this form carries.
    NotInThisForm {
        /// The form.
        form: Form,
    },

    /// The user to be added is on the list (mimi-protocol-06 §7.5).
    AlreadyListed(UserUri),
    /// The user isn't on the list.
    NotListed(UserUri),
    /// Role 0 is for those who aren't on the list.
    RoleZero,
    /// A join code is for the user who joins by it, not for this user.
    NotTheJoiner(UserUri),
    /// The room has no such role.
    UndefinedRole(u32),
    /// The client is in the group.
    ClientInGroup(ClientUri),
    /// The user has no such client in the group.
    NoSuchClient(ClientUri),
    /// The list of a fixed-membership room doesn't change (mimi-room-policy-04 §5).
    FixedMembership,
    /// The room's URI never changes (mimi-protocol-06 §7.6).
    RoomUriChanged,
    /// No capability allows changing this component (mimi-room-policy-04 §8.7).
    NoCapabilityFor(ComponentID),

    /// The role hasn't the capability. Where several would do, the one that comes nearest.
    MissingCapability {
        /// The role.
        role: u32,
        /// The capability.
        capability: CapabilityType,
    },
    /// The role has the capability, but its `authorized_role_changes` don't list the move.
    RoleChangeNotAuthorized {
        /// The role.
        role: u32,
        /// From; 0 for a user who isn't on the list.
        from: u32,
        /// To; 0 for leaving the list.
        to: u32,
    },
    /// The credential's claims first match an entry for another role, or none (mimi-room-policy-04
    /// §4).
    NotPreAuthorizedFor {
        /// The role that is asked for.
        role: u32,
        /// The role of the first entry that matches.
        first_match: Option<u32>,
    },
    /// The join code is not valid.
    InvalidJoinCode,
    /// Role 1 isn't named `banned` (mimi-room-policy-04 §8.1.3).
    NoBannedRole,
    /// Clients of another user are added only together with the user, by the same actor
    /// (mimi-room-policy-04 §8.1.1).
    NotOwnClient(ClientUri),

    /// A client of a user who isn't on the list.
    ClientWithoutParticipant(UserUri),
    /// A removed user's clients stay in the group (mimi-protocol-06 §5.3).
    ClientsLeftBehind(UserUri),
    /// A banned user's clients stay in the group, or come to it (mimi-protocol-06 §5.3).
    ClientsOfBanned(UserUri),
    /// The client whose leaf goes can't commit that (RFC 9420 §12.4).
    OwnLeafRemoved(ClientUri),
    /// A role has fewer participants than its minimum.
    BelowMinimum {
        /// The role.
        role: u32,
        /// Its minimum.
        minimum: u32,
        /// How many would have it.
        participants: u32,
    },
    /// A role has fewer active participants than its minimum.
    BelowMinimumActive {
        /// The role.
        role: u32,
        /// Its minimum.
        minimum: u32,
        /// How many active ones would have it.
        active: u32,
    },
    /// A role has more participants than its maximum.
    AboveMaximum {
        /// The role.
        role: u32,
        /// Its maximum.
        maximum: u32,
        /// How many would have it.
        participants: u32,
    },
    /// A role has more active participants than its maximum.
    AboveMaximumActive {
        /// The role.
        role: u32,
        /// Its maximum.
        maximum: u32,
        /// How many active ones would have it.
        active: u32,
    },
    /// The room would not be valid.
    InvalidRoom(Defect),
}

impl Reason {
    /// What a hub answers to an `UpdateRequest` (mimi-protocol-06 §5.3): `invalidProposal` where no
    /// right would help, else `notAllowed`.
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self {
            Self::SecondOperation(_)
            | Self::SecondClientOperation(_)
            | Self::SecondUpdate(_)
            | Self::SecondRetractedRange(_)
            | Self::RolesBesideListChange
            | Self::PreAuthBesideListChange
            | Self::ReInitBesideOthers
            | Self::NotInThisForm { .. }
            | Self::AlreadyListed(_)
            | Self::NotListed(_)
            | Self::RoleZero
            | Self::NotTheJoiner(_)
            | Self::UndefinedRole(_)
            | Self::ClientInGroup(_)
            | Self::NoSuchClient(_)
            | Self::RoomUriChanged
            | Self::ClientWithoutParticipant(_)
            | Self::ClientsLeftBehind(_)
            | Self::OwnLeafRemoved(_)
            | Self::InvalidRoom(_) => UpdateResponseCode::INVALID_PROPOSAL,
            _ => UpdateResponseCode::NOT_ALLOWED,
        }
    }

    /// What a hub answers to a `SubmitMessageRequest` (mimi-protocol-06 §5.4).
    #[must_use]
    pub const fn submit_response_code(&self) -> SubmitResponseCode {
        SubmitResponseCode::NOT_ALLOWED
    }
}

impl Refusal {
    /// A refusal of the message as a whole.
    #[must_use]
    pub const fn of_message(reason: Reason) -> Self {
        Self::of(None, reason)
    }

    pub(crate) const fn of(change: Option<usize>, reason: Reason) -> Self {
        Self { change, also: Vec::new(), reason }
    }

    /// The same refusal, which concerns these changes as well.
    pub(crate) fn with(mut self, changes: impl IntoIterator<Item = usize>) -> Self {
        let changes = changes.into_iter().filter(|place| Some(*place) != self.change);
        self.also.extend(changes);
        self.also.sort_unstable();
        self.also.dedup();
        self
    }

    /// The places of all changes that the refusal concerns, ascending; empty if it concerns the
    /// message as a whole.
    #[must_use]
    pub fn changes(&self) -> Vec<usize> {
        let mut changes: Vec<usize> = self.change.into_iter().chain(self.also.iter().copied()).collect();
        changes.sort_unstable();
        changes
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.change {
            Some(change) => write!(f, "change {change}: {}", self.reason),
            None => self.reason.fmt(f),
        }
    }
}

impl core::error::Error for Refusal {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoomGone => f.write_str("the room isn't persistent and its last client is gone"),
            Self::ExternalCommitsForbidden => f.write_str("the room allows no external commits"),
            Self::ExternalProposalsForbidden => f.write_str("the room allows no external proposals"),
            Self::ProposalsWait => f.write_str("accepted proposals wait for the commit of a member"),
            Self::WrongSender { form } => write!(f, "this sender doesn't send {}", form.plural()),
            Self::NotAParticipant(user) => write!(f, "{user} is not on the participant list"),
            Self::NotAMember(client) => write!(f, "{client} is not in the group as a client of that user"),
            Self::NoClient(user) => write!(f, "{user} has no client in the group"),
            Self::CutOff(user) => write!(f, "{user} was removed or is banned; its clients may only leave"),
            Self::NotPreAuthorized(uri) => write!(f, "{uri} is neither on the list nor preauthorized"),
            Self::SecondOperation(user) => write!(f, "a second operation on {user}"),
            Self::SecondClientOperation(client) => write!(f, "a second operation on {client}"),
            Self::SecondUpdate(component) => write!(f, "a second update of {component}"),
            Self::SecondRetractedRange(sender) => {
                write!(f, "a second range retracts messages of {sender}")
            }
            Self::RolesBesideListChange => f.write_str("new roles beside a change of the participant list"),
            Self::PreAuthBesideListChange => f.write_str(
                "new preauthorization beside a change of the participant list other than a removal",
            ),
            Self::ReInitBesideOthers => f.write_str("a ReInit beside something else"),
            Self::NotInThisForm { form } => write!(f, "no such change in {}", form.plural()),
            Self::AlreadyListed(user) => write!(f, "{user} is on the participant list already"),
            Self::NotListed(user) => write!(f, "{user} is not on the participant list"),
            Self::RoleZero => f.write_str("role 0 is for those who are not on the list"),
            Self::NotTheJoiner(user) => {
                write!(f, "a join code is for the user who joins by it, not for {user}")
            }
            Self::UndefinedRole(role) => write!(f, "there is no role {role}"),
            Self::ClientInGroup(client) => write!(f, "{client} is in the group already"),
            Self::NoSuchClient(client) => write!(f, "{client} is not in the group as a client of that user"),
            Self::FixedMembership => f.write_str("the list of a fixed-membership room doesn't change"),
            Self::RoomUriChanged => f.write_str("the room's URI never changes"),
            Self::NoCapabilityFor(component) => write!(f, "no capability allows changing {component}"),
            Self::MissingCapability { role, capability } => write!(f, "role {role} lacks {capability}"),
            Self::RoleChangeNotAuthorized { role, from, to } => {
                write!(f, "role {role} may not move anybody from role {from} to role {to}")
            }
            Self::NotPreAuthorizedFor { role, first_match: Some(first) } => {
                write!(
                    f,
                    "not preauthorized for role {role}: the first entry that matches is for role {first}"
                )
            }
            Self::NotPreAuthorizedFor { role, first_match: None } => {
                write!(f, "not preauthorized for role {role}: no entry matches")
            }
            Self::InvalidJoinCode => f.write_str("the join code is not valid"),
            Self::NoBannedRole => f.write_str("role 1 isn't named \"banned\""),
            Self::NotOwnClient(client) => {
                write!(
                    f,
                    "{client} is another user's, and the clients of a user are added together with the user"
                )
            }
            Self::ClientWithoutParticipant(user) => write!(f, "a client of {user}, who is not on the list"),
            Self::ClientsLeftBehind(user) => {
                write!(f, "clients of {user}, who is removed, stay in the group")
            }
            Self::ClientsOfBanned(user) => write!(f, "{user} is banned and would have clients in the group"),
            Self::OwnLeafRemoved(client) => write!(f, "{client} can't commit its own removal"),
            Self::BelowMinimum { role, minimum, participants } => {
                write!(f, "role {role} would have {participants} participants, fewer than {minimum}")
            }
            Self::BelowMinimumActive { role, minimum, active } => {
                write!(f, "role {role} would have {active} active participants, fewer than {minimum}")
            }
            Self::AboveMaximum { role, maximum, participants } => {
                write!(f, "role {role} would have {participants} participants, more than {maximum}")
            }
            Self::AboveMaximumActive { role, maximum, active } => {
                write!(f, "role {role} would have {active} active participants, more than {maximum}")
            }
            Self::InvalidRoom(defect) => write!(f, "the room would not be valid: {defect}"),
        }
    }
}

impl Form {
    const fn plural(self) -> &'static str {
        match self {
            Self::Proposal => "a member's proposals",
            Self::Commit => "commits",
            Self::ExternalCommit => "external commits",
            Self::ExternalProposal => "external proposals",
            Self::Message => "messages",
        }
    }
}
