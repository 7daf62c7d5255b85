//! Messages that expire (mimi-room-policy-04 §6.8): component 0x0030. Durations are in seconds.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::room_policy::MessageExpiration;

use super::ComponentSeverity;

/// What is wrong with a [`MessageExpiration`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageExpirationFinding {
    /// The shortest duration is above the longest: no duration is acceptable.
    MinAboveMax {
        /// The shortest.
        min: u32,
        /// The longest.
        max: u32,
    },
    /// The default is below the shortest or above the longest duration.
    DefaultOutside {
        /// The default.
        default: u32,
        /// The shortest.
        min: u32,
        /// The longest.
        max: u32,
    },
    /// The longest duration is 0: what expires does so at once.
    MaxZero,
}

impl MessageExpirationFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::MinAboveMax { .. } | Self::DefaultOutside { .. } => ComponentSeverity::Invalid,
            Self::MaxZero => ComponentSeverity::Advice,
        }
    }
}

impl fmt::Display for MessageExpirationFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinAboveMax { min, max } => {
                write!(f, "the shortest duration, {min} s, is above the longest, {max} s")
            }
            Self::DefaultOutside { default, min, max } => {
                write!(f, "the default duration, {default} s, is not between {min} and {max} s")
            }
            Self::MaxZero => f.write_str("the longest duration is 0 s"),
        }
    }
}

/// The fields of a policy that doesn't forbid.
#[derive(Clone, Copy)]
struct Durations {
    min: u32,
    max: u32,
    default: Option<u32>,
}

const fn durations(policy: &MessageExpiration) -> Option<Durations> {
    match policy {
        MessageExpiration::Optional {
            min_expiration_duration,
            max_expiration_duration,
            default_expiration_duration,
        }
        | MessageExpiration::Required {
            min_expiration_duration,
            max_expiration_duration,
            default_expiration_duration,
        } => Some(Durations {
            min: *min_expiration_duration,
            max: *max_expiration_duration,
            default: *default_expiration_duration,
        }),
        MessageExpiration::Forbidden {} => None,
    }
}

/// What is wrong with the component itself.
#[must_use]
pub fn findings(policy: &MessageExpiration) -> Vec<MessageExpirationFinding> {
    let mut found = Vec::new();
    let Some(Durations { min, max, default }) = durations(policy) else { return found };
    if min > max {
        found.push(MessageExpirationFinding::MinAboveMax { min, max });
        return found;
    }
    if let Some(default) = default.filter(|default| !(min..=max).contains(default)) {
        found.push(MessageExpirationFinding::DefaultOutside { default, min, max });
    }
    if max == 0 {
        found.push(MessageExpirationFinding::MaxZero);
    }
    found
}

/// What a composer starts from: a duration in seconds, or `None` for a message that doesn't expire.
/// Where every message expires and the room has no default, it is the longest duration.
#[must_use]
pub const fn initial_duration(policy: Option<&MessageExpiration>) -> Option<u32> {
    let Some(policy) = policy else { return None };
    match (policy, durations(policy)) {
        (_, Some(Durations { default: Some(default), .. })) => Some(default),
        (MessageExpiration::Required { .. }, Some(Durations { max, .. })) => Some(max),
        _ => None,
    }
}

/// Why a message's expiration isn't acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageExpirationRefusal {
    /// It doesn't expire, and every message has to.
    Missing,
    /// It expires, and none may.
    Forbidden,
    /// It had expired when the hub accepted it.
    Past {
        /// By how much, in milliseconds.
        by_ms: u64,
    },
    /// It expires too soon.
    TooShort {
        /// After how long, in milliseconds.
        after_ms: u64,
        /// The shortest duration, in seconds.
        min: u32,
    },
    /// It expires too late.
    TooLong {
        /// After how long, in milliseconds.
        after_ms: u64,
        /// The longest duration, in seconds.
        max: u32,
    },
}

impl fmt::Display for MessageExpirationRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("every message of the room expires, and this one doesn't"),
            Self::Forbidden => f.write_str("no message of the room expires, and this one does"),
            Self::Past { by_ms } => write!(f, "the message had expired {by_ms} ms before it was accepted"),
            Self::TooShort { after_ms, min } => {
                write!(f, "the message expires after {after_ms} ms, and the shortest duration is {min} s")
            }
            Self::TooLong { after_ms, max } => {
                write!(f, "the message expires after {after_ms} ms, and the longest duration is {max} s")
            }
        }
    }
}

impl core::error::Error for MessageExpirationRefusal {}

/// Whether a message may expire `after_ms` milliseconds after it was read, or not at all.
///
/// # Errors
/// [`MessageExpirationRefusal`].
pub fn check_duration(
    policy: Option<&MessageExpiration>,
    after_ms: Option<u64>,
) -> Result<(), MessageExpirationRefusal> {
    let Some(policy) = policy else { return Ok(()) };
    let (Some(after_ms), bounds) = (after_ms, durations(policy)) else {
        return match policy {
            MessageExpiration::Required { .. } => Err(MessageExpirationRefusal::Missing),
            MessageExpiration::Optional { .. } | MessageExpiration::Forbidden {} => Ok(()),
        };
    };
    let Durations { min, max, .. } = bounds.ok_or(MessageExpirationRefusal::Forbidden)?;
    if after_ms < u64::from(min).saturating_mul(1000) {
        return Err(MessageExpirationRefusal::TooShort { after_ms, min });
    }
    if after_ms > u64::from(max).saturating_mul(1000) {
        return Err(MessageExpirationRefusal::TooLong { after_ms, max });
    }
    Ok(())
}

/// Whether the expiration of a message is acceptable that the hub accepted at `accepted_at_ms`, in
/// milliseconds since the UNIX epoch. An absolute time is judged by what is left of it when the
/// message was accepted.
///
/// ```
/// use mimi_codec::room_policy::MessageExpiration;
/// use mimi_content::Expiration;
/// use mimi_policy::component::message_expiration::{MessageExpirationRefusal, check_expires};
///
/// let policy = MessageExpiration::Optional {
///     min_expiration_duration: 60,
///     max_expiration_duration: 3600,
///     default_expiration_duration: None,
/// };
/// let accepted_at_ms = 1_644_387_248_621;
/// let minute = Expiration { relative: true, time: 60 };
/// assert_eq!(check_expires(Some(&policy), Some(minute), accepted_at_ms), Ok(()));
/// let soon = Expiration { relative: false, time: 1_644_387_249 };
/// assert_eq!(
///     check_expires(Some(&policy), Some(soon), accepted_at_ms),
///     Err(MessageExpirationRefusal::TooShort { after_ms: 379, min: 60 }),
/// );
/// ```
///
/// # Errors
/// [`MessageExpirationRefusal`].
#[cfg(feature = "content")]
pub fn check_expires(
    policy: Option<&MessageExpiration>,
    expires: Option<mimi_content::Expiration>,
    accepted_at_ms: u64,
) -> Result<(), MessageExpirationRefusal> {
    let after_ms = match expires {
        None => None,
        Some(expires) => {
            let time_ms = u64::from(expires.time).saturating_mul(1000);
            if expires.relative {
                Some(time_ms)
            } else {
                match (time_ms.checked_sub(accepted_at_ms), policy) {
                    (Some(left_ms), _) => Some(left_ms),
                    (None, None | Some(MessageExpiration::Forbidden {})) => Some(0),
                    (None, Some(_)) => {
                        let by_ms = accepted_at_ms.saturating_sub(time_ms);
                        return Err(MessageExpirationRefusal::Past { by_ms });
                    }
                }
            }
        }
    };
    check_duration(policy, after_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn optional(min: u32, max: u32, default: Option<u32>) -> MessageExpiration {
        MessageExpiration::Optional {
            min_expiration_duration: min,
            max_expiration_duration: max,
            default_expiration_duration: default,
        }
    }

    fn required(min: u32, max: u32, default: Option<u32>) -> MessageExpiration {
        MessageExpiration::Required {
            min_expiration_duration: min,
            max_expiration_duration: max,
            default_expiration_duration: default,
        }
    }

    #[test]
    fn finds_durations_out_of_order() {
        for make in [optional, required] {
            for sound in [make(1, 2, None), make(1, 1, Some(1)), make(0, 5, Some(0))] {
                assert_eq!(findings(&sound), []);
            }
            let found = findings(&make(2, 1, Some(9)));
            assert_eq!(found, [MessageExpirationFinding::MinAboveMax { min: 2, max: 1 }]);
            assert_eq!(found[0].severity(), ComponentSeverity::Invalid);
            for default in [1, 4] {
                let outside = MessageExpirationFinding::DefaultOutside { default, min: 2, max: 3 };
                assert_eq!(findings(&make(2, 3, Some(default))), [outside]);
            }
            assert_eq!(findings(&make(0, 0, None)), [MessageExpirationFinding::MaxZero]);
        }
        assert_eq!(findings(&MessageExpiration::Forbidden {}), []);
    }

    #[test]
    fn refuses_what_does_not_lie_between_the_bounds() {
        let (min, max) = (2, 3);
        for policy in [optional(min, max, None), required(min, max, None)] {
            for after_ms in [2_000, 2_001, 3_000] {
                assert_eq!(check_duration(Some(&policy), Some(after_ms)), Ok(()));
            }
            let short = MessageExpirationRefusal::TooShort { after_ms: 1_999, min };
            assert_eq!(check_duration(Some(&policy), Some(1_999)), Err(short));
            let long = MessageExpirationRefusal::TooLong { after_ms: 3_001, max };
            assert_eq!(check_duration(Some(&policy), Some(3_001)), Err(long));
        }
    }

    #[test]
    fn refuses_a_missing_and_a_forbidden_expiration() {
        let missing = Err(MessageExpirationRefusal::Missing);
        assert_eq!(check_duration(Some(&required(0, 9, None)), None), missing);
        assert_eq!(check_duration(Some(&optional(0, 9, None)), None), Ok(()));
        let none = MessageExpiration::Forbidden {};
        assert_eq!(check_duration(Some(&none), Some(0)), Err(MessageExpirationRefusal::Forbidden));
        assert_eq!(check_duration(Some(&none), None), Ok(()));
        assert_eq!(check_duration(None, None), Ok(()));
        assert_eq!(check_duration(None, Some(u64::MAX)), Ok(()));
    }

    #[test]
    fn a_composer_starts_from_the_default() {
        let forbidden = MessageExpiration::Forbidden {};
        for (policy, initial) in [
            (optional(1, 9, Some(5)), Some(5)),
            (optional(1, 9, None), None),
            (required(1, 9, Some(5)), Some(5)),
            (required(1, 9, None), Some(9)),
            (forbidden, None),
        ] {
            assert_eq!(initial_duration(Some(&policy)), initial);
            // What it starts from is acceptable.
            assert_eq!(
                check_duration(Some(&policy), initial.map(|seconds| u64::from(seconds) * 1000)),
                Ok(())
            );
        }
        assert_eq!(initial_duration(None), None);
    }

    #[cfg(feature = "content")]
    #[test]
    fn an_absolute_time_is_judged_by_what_was_left_at_acceptance() {
        use mimi_content::Expiration;
        let at = |time| Some(Expiration { relative: false, time });
        let policy = optional(2, 3, None);
        assert_eq!(check_expires(Some(&policy), at(102), 100_000), Ok(()));
        assert_eq!(check_expires(Some(&policy), at(103), 100_001), Ok(()));
        let short = MessageExpirationRefusal::TooShort { after_ms: 1_999, min: 2 };
        assert_eq!(check_expires(Some(&policy), at(102), 100_001), Err(short));
        let long = MessageExpirationRefusal::TooLong { after_ms: 3_001, max: 3 };
        assert_eq!(check_expires(Some(&policy), at(103), 99_999), Err(long));
        let past = MessageExpirationRefusal::Past { by_ms: 1 };
        assert_eq!(check_expires(Some(&policy), at(100), 100_001), Err(past));
        let none = MessageExpiration::Forbidden {};
        let forbidden = Err(MessageExpirationRefusal::Forbidden);
        assert_eq!(check_expires(Some(&none), at(100), 100_001), forbidden);
        assert_eq!(check_expires(None, at(100), 100_001), Ok(()));
    }
}
