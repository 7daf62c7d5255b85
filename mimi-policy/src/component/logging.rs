//! Logging (mimi-room-policy-04 §6.5): component 0x002D.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{ClientUri, IdentityError, TextError, protocol::Uri, room_policy::LoggingPolicy};

use super::ComponentSeverity;

/// What is wrong with a [`LoggingPolicy`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoggingFinding {
    /// Logging is required, and no client is listed.
    NoLoggingClient,
    /// A client that is no MIMI URI, so that its provider is unknown.
    Client {
        /// Its place in `logging_clients`.
        index: usize,
        /// Why it is none.
        error: TextError,
    },
    /// A client in a spelling that does not count: no client of the room has it.
    Spelling {
        /// Its place in `logging_clients`.
        index: usize,
        /// How it is spelled.
        error: IdentityError,
    },
    /// A client of a provider that has one in the list before.
    SecondClientOfProvider {
        /// Its place in `logging_clients`.
        index: usize,
    },
}

impl LoggingFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::NoLoggingClient => ComponentSeverity::Invalid,
            Self::Client { .. } | Self::Spelling { .. } | Self::SecondClientOfProvider { .. } => {
                ComponentSeverity::Advice
            }
        }
    }
}

impl fmt::Display for LoggingFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLoggingClient => f.write_str("logging is required, and no logging client is listed"),
            Self::Client { index, error } => write!(f, "logging client {index}: {error}"),
            Self::Spelling { index, error } => write!(f, "logging client {index}: {error}"),
            Self::SecondClientOfProvider { index } => {
                write!(f, "logging client {index} is the second of its provider")
            }
        }
    }
}

/// What is wrong with the component itself.
#[must_use]
pub fn findings(policy: &LoggingPolicy) -> Vec<LoggingFinding> {
    let mut found = Vec::new();
    let clients = match policy {
        LoggingPolicy::Required { logging_clients, .. } if logging_clients.is_empty() => {
            found.push(LoggingFinding::NoLoggingClient);
            return found;
        }
        LoggingPolicy::Required { logging_clients, .. } | LoggingPolicy::Optional { logging_clients, .. } => {
            logging_clients
        }
        LoggingPolicy::Forbidden {} => return found,
    };
    let mut providers = BTreeSet::new();
    for (index, client) in clients.iter().enumerate() {
        let uri = client.mimi_uri();
        if let (Ok(_), Err(error)) = (&uri, ClientUri::check(client.as_bytes())) {
            found.push(LoggingFinding::Spelling { index, error });
        }
        match uri {
            Err(error) => found.push(LoggingFinding::Client { index, error }),
            Ok(uri) if !providers.insert(uri.host().as_str().to_ascii_lowercase()) => {
                found.push(LoggingFinding::SecondClientOfProvider { index });
            }
            Ok(_) => {}
        }
    }
    found
}

/// Whether a room is logged: what a client tells its user before joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logging<'a> {
    /// It is.
    Active {
        /// The clients that log; empty only in a policy with [`LoggingFinding::NoLoggingClient`].
        logging_clients: &'a [Uri],
        /// The owning provider's policy for machines, or none.
        machine_readable_policy: &'a Uri,
        /// The owning provider's policy for people, or none.
        human_readable_policy: &'a Uri,
    },
    /// No user is listed to log it, or nothing is said about logging.
    Inactive,
    /// It may not be logged.
    Forbidden,
}

/// Whether the room is logged: where logging is required, and where it is optional and a client is
/// listed.
///
/// ```
/// use mimi_codec::{protocol::Uri, room_policy::LoggingPolicy};
/// use mimi_policy::component::logging::{Logging, logging};
///
/// let policy = LoggingPolicy::Optional {
///     logging_clients: vec![],
///     machine_readable_policy: Uri::none(),
///     human_readable_policy: Uri::none(),
/// };
/// assert_eq!(logging(Some(&policy)), Logging::Inactive);
/// ```
#[must_use]
pub fn logging(policy: Option<&LoggingPolicy>) -> Logging<'_> {
    match policy {
        None => Logging::Inactive,
        Some(LoggingPolicy::Forbidden {}) => Logging::Forbidden,
        Some(LoggingPolicy::Optional { logging_clients, .. }) if logging_clients.is_empty() => {
            Logging::Inactive
        }
        Some(
            LoggingPolicy::Optional { logging_clients, machine_readable_policy, human_readable_policy }
            | LoggingPolicy::Required { logging_clients, machine_readable_policy, human_readable_policy },
        ) => Logging::Active { logging_clients, machine_readable_policy, human_readable_policy },
    }
}

/// Why a client may not log the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoggingRefusal {
    /// The room forbids logging.
    Forbidden,
    /// The client isn't listed.
    NotListed,
}

impl fmt::Display for LoggingRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forbidden => "the room forbids logging",
            Self::NotListed => "the client is not a logging client of the room",
        })
    }
}

impl core::error::Error for LoggingRefusal {}

/// Whether the client with this URI may log the room: one that is listed in this spelling.
///
/// # Errors
/// [`LoggingRefusal`].
pub fn check_logging_client(
    policy: Option<&LoggingPolicy>,
    client: &ClientUri,
) -> Result<(), LoggingRefusal> {
    match logging(policy) {
        Logging::Forbidden => Err(LoggingRefusal::Forbidden),
        Logging::Active { logging_clients, .. }
            if logging_clients.iter().any(|listed| listed.as_bytes() == client.as_bytes()) =>
        {
            Ok(())
        }
        Logging::Active { .. } | Logging::Inactive => Err(LoggingRefusal::NotListed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uris(clients: &[&str]) -> Vec<Uri> {
        clients.iter().map(|&client| Uri::new(client)).collect()
    }

    fn required(clients: &[&str]) -> LoggingPolicy {
        LoggingPolicy::Required {
            logging_clients: uris(clients),
            machine_readable_policy: Uri::none(),
            human_readable_policy: Uri::new("https://a.example/logging"),
        }
    }

    fn optional(clients: &[&str]) -> LoggingPolicy {
        LoggingPolicy::Optional {
            logging_clients: uris(clients),
            machine_readable_policy: Uri::none(),
            human_readable_policy: Uri::none(),
        }
    }

    const LOGGER: &str = "mimi://a.example/d/logger";

    #[test]
    fn finds_no_user_to_log_strange_clients_and_two_of_one_provider() {
        assert_eq!(findings(&required(&[])), [LoggingFinding::NoLoggingClient]);
        assert_eq!(LoggingFinding::NoLoggingClient.severity(), ComponentSeverity::Invalid);
        assert_eq!(findings(&optional(&[])), []);
        assert_eq!(findings(&required(&[LOGGER, "mimi://b.example/d/logger"])), []);
        let second = LoggingFinding::SecondClientOfProvider { index: 1 };
        assert_eq!(second.severity(), ComponentSeverity::Advice);
        assert_eq!(findings(&optional(&[LOGGER, "mimi://a.example/d/other"])), std::slice::from_ref(&second));
        let found = findings(&optional(&[LOGGER, "mimi://A.example/d/other"]));
        assert!(matches!(found[..], [LoggingFinding::Spelling { index: 1, .. }, _]) && found[1] == second);
        let found = findings(&required(&["https://a.example"]));
        assert!(matches!(found[..], [LoggingFinding::Client { index: 0, .. }]));
        assert_eq!(findings(&LoggingPolicy::Forbidden {}), []);
    }

    #[test]
    fn is_active_if_required_or_if_optional_with_a_client() {
        let policy = required(&[LOGGER]);
        let Logging::Active { logging_clients, human_readable_policy, .. } = logging(Some(&policy)) else {
            panic!("not active")
        };
        assert_eq!(logging_clients, uris(&[LOGGER]));
        assert_eq!(human_readable_policy.as_bytes(), b"https://a.example/logging");
        assert!(matches!(logging(Some(&optional(&[LOGGER]))), Logging::Active { .. }));
        assert_eq!(logging(Some(&optional(&[]))), Logging::Inactive);
        assert_eq!(logging(None), Logging::Inactive);
        assert_eq!(logging(Some(&LoggingPolicy::Forbidden {})), Logging::Forbidden);
    }

    #[test]
    fn refuses_clients_that_may_not_log() {
        let logger = &ClientUri::try_from(LOGGER).unwrap();
        let other = &ClientUri::try_from("mimi://a.example/d/other").unwrap();
        for policy in [required(&[LOGGER]), optional(&[LOGGER])] {
            assert_eq!(check_logging_client(Some(&policy), logger), Ok(()));
            assert_eq!(check_logging_client(Some(&policy), other), Err(LoggingRefusal::NotListed));
        }
        assert_eq!(check_logging_client(None, other), Err(LoggingRefusal::NotListed));
        let forbidden = LoggingPolicy::Forbidden {};
        assert_eq!(check_logging_client(Some(&forbidden), logger), Err(LoggingRefusal::Forbidden));
    }
}
