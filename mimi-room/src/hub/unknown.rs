//! Requests about rooms that this hub does not host.

use mimi_codec::{
    Decode, Endpoint, RequestFailure,
    protocol::{
        AbuseReport, GroupInfoAnswer, GroupInfoRequest, GroupInfoResponse, KeyMaterialRequest, Protocol,
        SubmitMessageRequest, SubmitMessageResponse, SubmitResult, UpdateRequest,
    },
};

use super::{Response, update::refusal};
use crate::RoomRefusal;

/// The answer to the body of a request to `endpoint` about a room that this hub does not host.
///
/// It is the answer that a stranger to the room would get, so that a peer cannot find out which
/// rooms exist: a GroupInfo is refused as `notAuthorized` rather than `noSuchRoom`, and a handshake
/// as one of another group. A hub that wants to say more about rooms that all may know of has
/// [`Hub::no_such_room`](super::Hub::no_such_room).
#[must_use]
pub fn unknown_room(endpoint: Endpoint, room_id: &[u8], body: &[u8]) -> Response {
    let malformed = Response::from(RequestFailure::Malformed);
    match endpoint {
        Endpoint::Update if UpdateRequest::decode_exact(body).is_ok() => {
            Response::ok(&refusal(&RoomRefusal::OtherGroup, 0))
        }
        Endpoint::SubmitMessage if SubmitMessageRequest::decode_exact(body).is_ok() => {
            let status_code = SubmitResult::NotAllowed {};
            Response::ok(&SubmitMessageResponse { protocol: Protocol::Mls10, status_code })
        }
        Endpoint::GroupInfo if GroupInfoRequest::decode_exact(body).is_ok() => {
            let (version, room_id, status) =
                (Protocol::Mls10, room_id.into(), GroupInfoAnswer::NotAuthorized {});
            Response::ok(&GroupInfoResponse { version, room_id, status })
        }
        Endpoint::KeyMaterial if KeyMaterialRequest::decode_exact(body).is_ok() => {
            RequestFailure::NotAllowed.into()
        }
        Endpoint::ReportAbuse if AbuseReport::decode_exact(body).is_ok() => Response::taken(endpoint),
        Endpoint::Update
        | Endpoint::SubmitMessage
        | Endpoint::GroupInfo
        | Endpoint::KeyMaterial
        | Endpoint::ReportAbuse => malformed,
        _ => RequestFailure::NotFound.into(),
    }
}
