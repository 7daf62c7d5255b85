//! What there is to find.

use core::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LintSeverity {
    /// The room isn't valid: every change of it is refused.
    Error,
    /// A user gets more than was meant, or all users less.
    Warning,
    /// Something has no effect, or isn't what one would expect.
    Note,
}

impl LintSeverity {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for LintSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident;)*) => {
        /// What a finding is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum LintCode {
            $($(#[$doc])* $variant,)*
        }

        impl LintCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// A name to search for.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> LintSeverity {
                match self {
                    $(Self::$variant => LintSeverity::$severity,)*
                }
            }
        }
    };
}

codes! {
    /// Two roles have one index.
    DuplicateRole = "duplicate-role", Error;
    /// A minimum exceeds its maximum.
    MinimumAboveMaximum = "minimum-above-maximum", Error;
    /// `canOpenJoin` stands on a role other than 0.
    OpenJoinOutsideRole0 = "open-join-outside-role-0", Error;
    /// A role of a fixed-membership room has `canAddParticipant`.
    AddInFixedMembership = "add-in-fixed-membership", Error;
    /// A user is on the participant list twice.
    DuplicateParticipant = "duplicate-participant", Error;
    /// A participant has role 0, or one that isn't defined.
    ParticipantWithoutRole = "participant-without-role", Error;
    /// A parent-dependent room names no parent.
    ParentMissing = "parent-missing", Error;
    /// A user, the parent room or the value of a claim is not in the spelling that counts: a MIMI
    /// URI in its normal form.
    OtherSpelling = "other-spelling", Error;
    /// There are more users than the base policy allows.
    TooManyUsers = "too-many-users", Error;
    /// Holders of a role, or of two, get more power over others than they have, without a holder of
    /// it.
    Escalation = "escalation", Warning;
    /// A state can be reached after which users can never again be added, removed or given another
    /// role.
    LockOut = "lock-out", Warning;
    /// Who is banned may do something.
    BannedHasCapabilities = "banned-has-capabilities", Warning;
    /// A user may ban, but there is no role with index 1 and the name `banned`.
    BanWithoutBannedRole = "ban-without-banned-role", Warning;
    /// More active participants are asked for than there may be participants.
    ActiveAboveTotal = "active-above-total", Warning;
    /// A preauthorization leads to a role that isn't defined, or to role 0: the first match gets
    /// nothing.
    PreauthorizedForMissingRole = "preauthorized-for-missing-role", Warning;
    /// A preauthorization never counts, because an earlier one matches all that it matches.
    ShadowedPreauthorization = "shadowed-preauthorization", Warning;
    /// All users are preauthorized for a role with rights over others.
    AllPreauthorized = "all-preauthorized", Warning;
    /// An external sender may do more than the draft advises.
    StrongExternalSender = "strong-external-sender", Warning;
    /// A silenced user leaves and joins again.
    SilenceEvaded = "silence-evaded", Warning;
    /// `policy_component_ids` doesn't name a component that is there.
    UnnamedComponent = "unnamed-component", Warning;
    /// A role change leads from or to a role that isn't defined.
    MissingRole = "missing-role", Warning;
    /// A state can be reached after which one of adding, removing and giving another role is lost
    /// for ever.
    PartialLockOut = "partial-lock-out", Note;
    /// Clients of banned users may stay in the group.
    BannedMayHaveClients = "banned-may-have-clients", Note;
    /// A role other than 1 is called `banned`.
    BannedElsewhere = "banned-elsewhere", Note;
    /// A role that no user can get.
    UnreachableRole = "unreachable-role", Note;
    /// A capability that can never be used.
    IdleCapability = "idle-capability", Note;
    /// A capability that the draft reserves: it grants nothing.
    ReservedCapability = "reserved-capability", Note;
    /// A capability that isn't registered: it grants nothing.
    UnknownCapability = "unknown-capability", Note;
    /// A capability of messages without `canSendMessage`.
    NeedsSendMessage = "needs-send-message", Note;
    /// A role that sends messages replies in topics only: a reply to a message without a topic is
    /// refused (canReplyInTopic without canReplyToMessage).
    RepliesOnlyInTopic = "replies-only-in-topic", Note;
    /// A user can't undo what they can do.
    CannotUndo = "cannot-undo", Note;
    /// Users who may rewrite the roles, or the preauthorizations, may give themselves what they
    /// lack.
    CanRewritePolicy = "can-rewrite-policy", Note;
    /// Role 0 has limits, which are never judged.
    LimitsOnRole0 = "limits-on-role-0", Note;
    /// A maximum of active participants that never binds, being above the maximum of all.
    MaximumNeverBinds = "maximum-never-binds", Note;
    /// A role breaks its limits as the room is now; they are judged when a user leaves or comes.
    StartsBroken = "starts-broken", Note;
    /// A parent room is named, and the room doesn't depend on it.
    ParentWithoutDependence = "parent-without-dependence", Note;
    /// A capability stands twice in a role, or two entries of its role changes are from one role.
    DuplicateEntry = "duplicate-entry", Note;
    /// The search for what can happen ended at its cost limit: longer ways may exist.
    SearchCut = "search-cut", Note;
    /// The tables are larger than what is examined.
    NotExamined = "not-examined", Note;
}

impl fmt::Display for LintCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
