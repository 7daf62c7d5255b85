//! `POST /requestConsent/{targetDomain}` and `POST /updateConsent/{requesterDomain}`
//! (mimi-protocol-06 §5.7). Responses have no body.

use alloc::vec::Vec;
use core::fmt;

use super::IdentifierUri;
use crate::{
    convention::{wire_enum, wire_select, wire_struct},
    dns_name::DnsNameRef,
    extensions::AppDataDictionary,
    mls::KeyPackage,
    text::TextError,
};

wire_enum! {
    /// What a [`ConsentEntry`] is about (mimi-protocol-06 §5.7).
    pub enum ConsentOperation {
        /// A request is withdrawn.
        0 "cancel" => Cancel,
        /// Consent is asked for.
        1 "request" => Request,
        /// Consent is given.
        2 "grant" => Grant,
        /// Consent is taken back, or refused in advance.
        3 "revoke" => Revoke,
    }
}

wire_select! {
    /// A step in the matter of who may add whom to rooms (mimi-protocol-06 §5.7).
    ///
    /// ```text
    /// struct {
    ///   ConsentOperation consentOperation;
    ///   IdentifierUri requesterUri;
    ///   IdentifierUri targetUri;
    ///   optional<RoomId> roomId;
    ///   select (consentOperation) {
    ///       case grant:
    ///           KeyPackage clientKeyPackages<V>;
    ///   };
    ///   AppDataDictionary consent_extensions;
    /// } ConsentEntry;
    /// ```
    pub enum ConsentEntry: u8 "ConsentOperation" {
        /// A request is withdrawn.
        0 "cancel" => Cancel {
            /// Who asked to add the target.
            requester_uri: IdentifierUri,
            /// Who would be added.
            target_uri: IdentifierUri,
            /// The only room that it is about, or any.
            room_id: Option<IdentifierUri>,
            /// An extension point.
            consent_extensions: AppDataDictionary,
        },
        /// Consent is asked for.
        1 "request" => Request {
            /// Who asks to add the target.
            requester_uri: IdentifierUri,
            /// Who would be added.
            target_uri: IdentifierUri,
            /// The only room that it is about, or any.
            room_id: Option<IdentifierUri>,
            /// An extension point.
            consent_extensions: AppDataDictionary,
        },
        /// Consent is given.
        2 "grant" => Grant {
            /// Who may add the target.
            requester_uri: IdentifierUri,
            /// Who may be added.
            target_uri: IdentifierUri,
            /// The only room that it is about, or any.
            room_id: Option<IdentifierUri>,
            /// Key material of the target, to save the requester a fetch. It may be empty.
            client_key_packages: Vec<KeyPackage>,
            /// An extension point.
            consent_extensions: AppDataDictionary,
        },
        /// Consent is taken back, or refused in advance.
        3 "revoke" => Revoke {
            /// Who may not add the target.
            requester_uri: IdentifierUri,
            /// Who may not be added.
            target_uri: IdentifierUri,
            /// The only room that it is about, or any.
            room_id: Option<IdentifierUri>,
            /// An extension point.
            consent_extensions: AppDataDictionary,
        },
    }
}

wire_struct! {
    /// What a consent is about (mimi-protocol-06 §5.7). A `cancel` has the scope of the request
    /// that it withdraws.
    ///
    /// ```text
    /// struct {
    ///   IdentifierUri requesterUri;
    ///   IdentifierUri targetUri;
    ///   optional<RoomId> roomId;
    /// } ConsentScope;
    /// ```
    pub struct ConsentScope {
        /// Who would add the target.
        pub requester_uri: IdentifierUri,
        /// Who would be added.
        pub target_uri: IdentifierUri,
        /// The only room that it is about, or any.
        pub room_id: Option<IdentifierUri>,
    }
}

/// The two endpoints that carry a [`ConsentEntry`] (mimi-protocol-06 §5.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentEndpoint {
    /// From the requester's provider to the target's: `request` and `cancel`.
    RequestConsent,
    /// From the target's provider to the requester's: `grant` and `revoke`.
    UpdateConsent,
}

/// Why a [`ConsentEntry`] doesn't belong to an endpoint or to two providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsentError {
    /// The endpoint doesn't carry this operation.
    Operation(ConsentOperation),
    /// The requester is no MIMI URI.
    Requester(TextError),
    /// The target is no MIMI URI.
    Target(TextError),
    /// The party who acts (the requester of `requestConsent`, the target of `updateConsent`) is not
    /// of the sending provider.
    NotOfSender,
    /// The other party is not of the receiving provider.
    NotOfReceiver,
}

impl fmt::Display for ConsentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(operation) => write!(f, "the endpoint doesn't carry `{operation}`"),
            Self::Requester(error) => write!(f, "requester: {error}"),
            Self::Target(error) => write!(f, "target: {error}"),
            Self::NotOfSender => f.write_str("the acting party is not of the sending provider"),
            Self::NotOfReceiver => f.write_str("the other party is not of the receiving provider"),
        }
    }
}

impl core::error::Error for ConsentError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Requester(error) | Self::Target(error) => Some(error),
            _ => None,
        }
    }
}

impl ConsentEntry {
    /// The operation.
    #[must_use]
    pub const fn consent_operation(&self) -> ConsentOperation {
        match self {
            Self::Cancel { .. } => ConsentOperation::Cancel,
            Self::Request { .. } => ConsentOperation::Request,
            Self::Grant { .. } => ConsentOperation::Grant,
            Self::Revoke { .. } => ConsentOperation::Revoke,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn scope(&self) -> ConsentScope {
        let (requester_uri, target_uri, room_id) = self.parties();
        ConsentScope {
            requester_uri: requester_uri.clone(),
            target_uri: target_uri.clone(),
            room_id: room_id.cloned(),
        }
    }

    /// The endpoint that carries this operation.
    #[must_use]
    pub const fn endpoint(&self) -> ConsentEndpoint {
        match self {
            Self::Cancel { .. } | Self::Request { .. } => ConsentEndpoint::RequestConsent,
            Self::Grant { .. } | Self::Revoke { .. } => ConsentEndpoint::UpdateConsent,
        }
    }

    /// Whether `endpoint` carries this entry from the sending provider to the receiving one; each
    /// may have several domains.
    ///
    /// # Errors
    /// [`ConsentError`].
    pub fn check_endpoint(
        &self,
        endpoint: ConsentEndpoint,
        is_of_sender: impl Fn(DnsNameRef<'_>) -> bool,
        is_of_receiver: impl Fn(DnsNameRef<'_>) -> bool,
    ) -> Result<(), ConsentError> {
        if self.endpoint() != endpoint {
            return Err(ConsentError::Operation(self.consent_operation()));
        }
        let (requester, target, _) = self.parties();
        let requester = requester.mimi_uri().map_err(ConsentError::Requester)?.host();
        let target = target.mimi_uri().map_err(ConsentError::Target)?.host();
        let (acting, other) = match endpoint {
            ConsentEndpoint::RequestConsent => (requester, target),
            ConsentEndpoint::UpdateConsent => (target, requester),
        };
        if !is_of_sender(acting) {
            return Err(ConsentError::NotOfSender);
        }
        if !is_of_receiver(other) {
            return Err(ConsentError::NotOfReceiver);
        }
        Ok(())
    }

    const fn parties(&self) -> (&IdentifierUri, &IdentifierUri, Option<&IdentifierUri>) {
        match self {
            Self::Cancel { requester_uri, target_uri, room_id, .. }
            | Self::Request { requester_uri, target_uri, room_id, .. }
            | Self::Grant { requester_uri, target_uri, room_id, .. }
            | Self::Revoke { requester_uri, target_uri, room_id, .. } => {
                (requester_uri, target_uri, room_id.as_ref())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns_name::DnsName;

    fn is(name: &str) -> impl Fn(DnsNameRef<'_>) -> bool {
        let name = DnsName::parse(name).unwrap();
        move |other| other == name.as_ref()
    }

    fn request(requester: &str, target: &str) -> ConsentEntry {
        ConsentEntry::Request {
            requester_uri: IdentifierUri::new(requester).unwrap(),
            target_uri: IdentifierUri::new(target).unwrap(),
            room_id: None,
            consent_extensions: AppDataDictionary::default(),
        }
    }

    #[test]
    fn an_entry_belongs_to_one_endpoint_and_direction() {
        use ConsentEndpoint::{RequestConsent, UpdateConsent};
        let entry = request("mimi://a.example/u/alice", "mimi://b.example/u/bob");
        let check = |endpoint, sender, receiver| entry.check_endpoint(endpoint, is(sender), is(receiver));
        assert_eq!(check(RequestConsent, "A.example", "b.example"), Ok(()));
        assert_eq!(
            check(UpdateConsent, "b.example", "a.example"),
            Err(ConsentError::Operation(ConsentOperation::Request))
        );
        assert_eq!(check(RequestConsent, "c.example", "b.example"), Err(ConsentError::NotOfSender));
        assert_eq!(check(RequestConsent, "a.example", "c.example"), Err(ConsentError::NotOfReceiver));

        let ConsentScope { requester_uri, target_uri, room_id } = entry.scope();
        let grant = ConsentEntry::Grant {
            requester_uri,
            target_uri,
            room_id,
            client_key_packages: alloc::vec![],
            consent_extensions: AppDataDictionary::default(),
        };
        assert_eq!(grant.scope(), entry.scope());
        assert_eq!(grant.check_endpoint(UpdateConsent, is("b.example"), is("a.example")), Ok(()));
        assert_eq!(
            grant.check_endpoint(UpdateConsent, is("a.example"), is("b.example")),
            Err(ConsentError::NotOfSender)
        );
    }

    #[test]
    fn refuses_parties_that_are_no_mimi_uris() {
        let check = |entry: ConsentEntry| {
            entry.check_endpoint(ConsentEndpoint::RequestConsent, |_| true, |_| true).unwrap_err()
        };
        assert!(matches!(check(request("alice", "mimi://b.example/u/bob")), ConsentError::Requester(_)));
        assert!(matches!(check(request("mimi://a.example/u/alice", "bob")), ConsentError::Target(_)));
    }
}
