//! The endpoints of mimi-protocol-06 §5, and what of a request and its response is HTTP's: status
//! codes, `Retry-After`, media types, the variable of the path, and bodies that come twice.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::dns_name::DnsNameRef;
use crate::http_header::MEDIA_TYPE;
use crate::protocol::{ConsentEndpoint, ConsentEntry, KeyMaterialRequest};

macro_rules! endpoints {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal,)*) => {
        /// An endpoint of mimi-protocol-06 §5.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Endpoint {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Endpoint {
            /// All of them, in the draft's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The member of the directory document.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

endpoints! {
    /// `POST`, for a user: fetch key material (§5.2).
    KeyMaterial "keyMaterial",
    /// `POST`, for a room: submit a proposal or a commit (§5.3).
    Update "update",
    /// `POST`, for a room: receive what the hub fans out (§5.5).
    Notify "notify",
    /// `POST`, for a room: submit an application message (§5.4).
    SubmitMessage "submitMessage",
    /// `POST`, for a room: fetch the GroupInfo (§5.6).
    GroupInfo "groupInfo",
    /// `POST`, for the target's domain: request consent or cancel a request (§5.7).
    RequestConsent "requestConsent",
    /// `POST`, for the requester's domain: grant or revoke consent (§5.7).
    UpdateConsent "updateConsent",
    /// `POST`, for a domain: find a user's URI (§5.8).
    IdentifierQuery "identifierQuery",
    /// `POST`, for a room: report abuse (§5.9).
    ReportAbuse "reportAbuse",
    /// `GET`, for a URL: fetch an asset through the hub (§5.10.2).
    ProxyDownload "proxyDownload",
}

/// The media type of the directory document, which is JSON (mimi-protocol-06 §5.1).
pub const DIRECTORY_MEDIA_TYPE: &str = "application/json";

/// What precedes the body of an HTTP response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
    /// `Content-Type`; `None` if the response has no body of its own (a downloaded asset brings its
    /// type along).
    pub media_type: Option<&'static str>,
}

impl Endpoint {
    /// The head of the response to a request that was taken (mimi-protocol-06 §5): 201 without a
    /// body where the draft says so (`/notify` §5.5, consent §5.7) and for a report (§5.9), which
    /// has no answer; 200 and a body elsewhere. A refusal that the answer's struct has a code for
    /// is such a response, too.
    ///
    /// ```
    /// use mimi_codec::{Endpoint, MEDIA_TYPE};
    ///
    /// assert_eq!(Endpoint::Notify.success_head().status, 201);
    /// assert_eq!(Endpoint::Update.success_head().media_type, Some(MEDIA_TYPE));
    /// ```
    #[must_use]
    pub const fn success_head(self) -> ResponseHead {
        let (status, media_type) = match self {
            Self::Notify | Self::RequestConsent | Self::UpdateConsent | Self::ReportAbuse => (201, None),
            Self::ProxyDownload => (200, None),
            Self::KeyMaterial
            | Self::Update
            | Self::SubmitMessage
            | Self::GroupInfo
            | Self::IdentifierQuery => (200, Some(MEDIA_TYPE)),
        };
        ResponseHead { status, retry_after_s: None, media_type }
    }
}

/// Why a request has no answer of its endpoint's struct. The drafts leave these cases to HTTP (RFC
/// 9110 §15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestFailure {
    /// The body or the path does not decode, or they name different things ([`Addressed`]).
    Malformed,
    /// The sending provider may not ask for this: a signature, a certificate or a domain does not
    /// fit.
    NotAllowed,
    /// No such room or user here. A provider that does not reveal this about consent answers with
    /// the success (§5.7).
    NotFound,
    /// The body is longer than this provider takes.
    TooLong,
    /// More requests than this provider takes.
    TooMany {
        /// When the next one is welcome, in seconds.
        retry_after_s: u64,
    },
    /// A fault of this provider.
    Internal,
    /// The provider that the request goes on to gave no usable answer.
    NextProvider,
    /// This provider is out of service.
    Unavailable {
        /// For how long, in seconds, if that is known.
        retry_after_s: Option<u64>,
    },
}

impl RequestFailure {
    /// The head of the response, which has no body.
    #[must_use]
    pub const fn head(self) -> ResponseHead {
        let (status, retry_after_s) = match self {
            Self::Malformed => (400, None),
            Self::NotAllowed => (403, None),
            Self::NotFound => (404, None),
            Self::TooLong => (413, None),
            Self::TooMany { retry_after_s } => (429, Some(retry_after_s)),
            Self::Internal => (500, None),
            Self::NextProvider => (502, None),
            Self::Unavailable { retry_after_s } => (503, retry_after_s),
        };
        ResponseHead { status, retry_after_s, media_type: None }
    }
}

/// A body that names what the path of its request names, too.
pub trait NamesAddressee {
    /// Whether the body is for the endpoint of `variable`: the bytes of the path's variable,
    /// without escapes ([`decode_path_segment`](crate::decode_path_segment)).
    fn is_addressed_to(&self, variable: &[u8]) -> bool;
}

impl NamesAddressee for KeyMaterialRequest {
    /// `{targetUser}` is the target, to the byte (mimi-protocol-06 §5.2).
    fn is_addressed_to(&self, variable: &[u8]) -> bool {
        self.target_user.as_bytes() == variable
    }
}

impl NamesAddressee for ConsentEntry {
    /// The domain is the target's under `requestConsent`, the requester's under `updateConsent`,
    /// whatever the case of letters (mimi-protocol-06 §5.7).
    fn is_addressed_to(&self, variable: &[u8]) -> bool {
        let scope = self.scope();
        let addressee = match self.endpoint() {
            ConsentEndpoint::RequestConsent => &scope.target_uri,
            ConsentEndpoint::UpdateConsent => &scope.requester_uri,
        };
        let domain = core::str::from_utf8(variable).ok().and_then(|text| DnsNameRef::parse(text).ok());
        domain.is_some_and(|domain| addressee.mimi_uri().is_ok_and(|uri| uri.host() == domain))
    }
}

/// A body whose addressee is the one that the path of the request names; only [`Self::check`] makes
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed<B> {
    body: B,
}

impl<B: NamesAddressee> Addressed<B> {
    /// Compares `body` with the variable of the path, without its escapes. Servers and proxies
    /// choose where a request goes by its path: a body for another user must not be answered there.
    ///
    /// # Errors
    /// [`OtherAddresseeError`]; the response is [`RequestFailure::Malformed`].
    pub fn check(body: B, variable: &[u8]) -> Result<Self, OtherAddresseeError> {
        if body.is_addressed_to(variable) { Ok(Self { body }) } else { Err(OtherAddresseeError) }
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &B {
        &self.body
    }

    /// The body, without the check.
    #[must_use]
    pub fn into_body(self) -> B {
        self.body
    }
}

/// The path of a request names another addressee than its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherAddresseeError;

impl fmt::Display for OtherAddresseeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path names another addressee than the body")
    }
}

impl core::error::Error for OtherAddresseeError {}

/// What makes a request to `/notify` the same as an earlier one (mimi-protocol-06 §5.5): the same
/// hub and the same bytes. The follower answers the second with 201 and does not deliver it again.
///
/// Two requests are the same when their keys are equal; a follower that remembers many stores a
/// hash of [`Self::parts`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NotifyKey<'a> {
    hub: Vec<u8>,
    body: &'a [u8],
}

impl<'a> NotifyKey<'a> {
    /// The key of a body that the hub `from` has sent: the domain that its certificate was matched
    /// with.
    #[must_use]
    pub fn new(from: DnsNameRef<'_>, body: &'a [u8]) -> Self {
        let domain: String = from.as_str().to_ascii_lowercase();
        // A domain name has 253 bytes at most.
        let mut hub = Vec::with_capacity(domain.len().saturating_add(1));
        hub.push(u8::try_from(domain.len()).unwrap_or(u8::MAX));
        hub.extend_from_slice(domain.as_bytes());
        Self { hub, body }
    }

    /// The hub's domain in lower case after one byte of its length, and the body. One after the
    /// other they are no other key's.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 2] {
        [&self.hub, self.body]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extensions::AppDataDictionary;
    use crate::protocol::IdentifierUri;
    use alloc::vec;

    #[test]
    fn every_endpoint_says_how_success_looks() {
        for &endpoint in Endpoint::ALL {
            let head = endpoint.success_head();
            let name = endpoint.name();
            let without_answer = ["notify", "requestConsent", "updateConsent", "reportAbuse"].contains(&name);
            assert_eq!(head.status, if without_answer { 201 } else { 200 }, "{name}");
            let has_struct = !without_answer && name != "proxyDownload";
            assert_eq!(head.media_type, has_struct.then_some("application/mimi"), "{name}");
            assert_eq!(head.retry_after_s, None);
        }
    }

    #[test]
    fn failures_have_statuses_of_their_own_and_say_when_to_retry() {
        let failures = [
            (RequestFailure::Malformed, 400, None),
            (RequestFailure::NotAllowed, 403, None),
            (RequestFailure::NotFound, 404, None),
            (RequestFailure::TooLong, 413, None),
            (RequestFailure::TooMany { retry_after_s: 7 }, 429, Some(7)),
            (RequestFailure::Internal, 500, None),
            (RequestFailure::NextProvider, 502, None),
            (RequestFailure::Unavailable { retry_after_s: None }, 503, None),
            (RequestFailure::Unavailable { retry_after_s: Some(60) }, 503, Some(60)),
        ];
        for (failure, status, retry_after_s) in failures {
            assert_eq!(failure.head(), ResponseHead { status, retry_after_s, media_type: None });
        }
    }

    #[test]
    fn consent_goes_to_the_domain_of_the_path() {
        let (requester, target) = ("mimi://a.example/u/alice", "mimi://b.example/u/bob");
        let uri = |text: &str| IdentifierUri::new(text).unwrap();
        let request = ConsentEntry::Request {
            requester_uri: uri(requester),
            target_uri: uri(target),
            room_id: None,
            consent_extensions: AppDataDictionary::default(),
        };
        let grant = ConsentEntry::Grant {
            requester_uri: uri(requester),
            target_uri: uri(target),
            room_id: None,
            client_key_packages: vec![],
            consent_extensions: AppDataDictionary::default(),
        };
        for (entry, own, other) in [(request, "b.example", "a.example"), (grant, "a.example", "b.example")] {
            let check = |variable: &str| Addressed::check(entry.clone(), variable.as_bytes());
            assert_eq!(check(own).map(Addressed::into_body), Ok(entry.clone()));
            assert_eq!(check(&own.to_uppercase()).unwrap().body(), &entry);
            for wrong in [other, "", "x.example", &alloc::format!("{own}."), &alloc::format!("mimi://{own}")]
            {
                assert_eq!(check(wrong), Err(OtherAddresseeError), "{wrong}");
            }
            assert_eq!(Addressed::check(entry.clone(), b"\xff"), Err(OtherAddresseeError));
        }
    }

    #[test]
    fn a_notification_is_the_same_from_the_same_hub_only() {
        let key = |hub, body| NotifyKey::new(DnsNameRef::parse(hub).unwrap(), body);
        assert_eq!(key("A.example", b"x"), key("a.EXAMPLE", b"x"));
        assert_ne!(key("a.example", b"x"), key("b.example", b"x"));
        assert_ne!(key("a.example", b"x"), key("a.example", b"y"));
        // What ends one part does not begin the other.
        let joined = |key: &NotifyKey<'_>| key.parts().concat();
        assert_ne!(joined(&key("a.example", b"s")), joined(&key("a.examples", b"")));
        assert_eq!(joined(&key("a.b", b"cd")), b"\x03a.bcd");
    }
}
