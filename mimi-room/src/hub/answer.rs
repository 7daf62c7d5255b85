//! What a hub answers, tells others, and writes into its audit log.

use alloc::{string::String, vec::Vec};

use mimi_codec::{
    DecodeError, DnsName, Encode, Endpoint, MEDIA_TYPE, RequestFailure, ResponseHead, RoomUri,
    protocol::FanoutMessage,
};
use mimi_policy::Actor;

use crate::{Right, RoomRefusal};

/// The HTTP response to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
    /// `Content-Type`: [`MEDIA_TYPE`] or, for the directory, [`mimi_codec::DIRECTORY_MEDIA_TYPE`];
    /// `None` if there is no body.
    pub media_type: Option<&'static str>,
    /// The body; `None` if there is none.
    pub body: Option<Vec<u8>>,
}

impl Response {
    /// A response without a body.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self { status, retry_after_s: None, media_type: None, body: None }
    }

    /// The response to a request that was taken and has an answer: its body; a fault of this
    /// provider if it cannot be encoded.
    #[must_use]
    pub fn ok(body: &impl Encode) -> Self {
        match body.to_bytes() {
            Ok(body) => Self { media_type: Some(MEDIA_TYPE), body: Some(body), ..Self::status(200) },
            Err(_) => RequestFailure::Internal.into(),
        }
    }

    /// The response of an endpoint without an answer to a request that was taken.
    pub(crate) const fn taken(endpoint: Endpoint) -> Self {
        Self::of(endpoint.success_head())
    }

    const fn of(head: ResponseHead) -> Self {
        // A head without a body: what has one is made by `ok`.
        Self { status: head.status, retry_after_s: head.retry_after_s, media_type: None, body: None }
    }
}

impl From<RequestFailure> for Response {
    fn from(failure: RequestFailure) -> Self {
        Self::of(failure.head())
    }
}

/// A message for the clients of some providers (`POST /notify/{roomId}`, mimi-protocol-06 §5.5).
#[derive(Clone, Debug, PartialEq)]
pub struct FanOut {
    /// The providers, the hub's own among them if it has clients in the room.
    pub to: Vec<DnsName>,
    /// The message.
    pub message: FanoutMessage,
}

impl FanOut {
    /// The body for each of the providers: the same bytes.
    ///
    /// # Errors
    /// [`mimi_codec::EncodeError`] if it is too long for the wire.
    pub fn body(&self) -> Result<Vec<u8>, mimi_codec::EncodeError> {
        self.message.to_bytes()
    }
}

/// What was asked of a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditAction {
    /// A commit.
    Commit,
    /// A list of proposals.
    Proposals {
        /// How many.
        count: usize,
    },
    /// An application message.
    Message {
        /// The length of its ciphertext, in bytes.
        ciphertext: usize,
    },
    /// A request for the GroupInfo.
    GroupInfo {
        /// Whether it has shown a join code.
        with_code: bool,
    },
    /// A request for key material that passes the hub.
    KeyMaterial,
    /// An abuse report.
    AbuseReport {
        /// How many messages it reports.
        messages: usize,
        /// How many of them are proven.
        proven: usize,
    },
    /// A handshake that was accepted before and comes once more. Nothing happens.
    Repeated,
    /// A body that was not decoded.
    Malformed,
    /// A request beyond a limit.
    Limited,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AuditOutcome {
    /// Accepted, by these rights.
    Accepted(Vec<Right>),
    /// Refused by the rules of the room.
    Refused(RoomRefusal),
    /// Refused for another reason.
    Rejected(String),
    /// The body is malformed.
    Malformed(DecodeError),
}

/// A line of the audit log: who did what, when, and by which right.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// When, in milliseconds since the UNIX epoch.
    pub at_ms: u64,
    /// In which room.
    pub room: RoomUri,
    /// The epoch of its group then.
    pub epoch: u64,
    /// The provider that asked.
    pub peer: DnsName,
    /// The user and client, or the server, where the request shows one.
    pub actor: Option<Actor>,
    /// What.
    pub action: AuditAction,
    /// What came of it.
    pub outcome: AuditOutcome,
}

/// What a hub answers, and what the answer promises.
#[must_use = "an answer promises a change, which has to be applied"]
pub struct HubAnswer<T> {
    /// The response.
    pub response: Response,
    /// What to log.
    pub audit: AuditEvent,
    /// What the response promises; `None` if nothing changes.
    pub change: Option<T>,
}

impl<T> core::fmt::Debug for HubAnswer<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HubAnswer")
            .field("response", &self.response)
            .field("audit", &self.audit)
            .field("changes", &self.change.is_some())
            .finish()
    }
}
