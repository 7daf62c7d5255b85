//! Requests as they are read, and responses as they are written.

#![allow(clippy::result_large_err, reason = "the response that is sent instead")]

use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response as Http, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use mimi_codec::RequestFailure;
use mimi_room::hub::Response;
use tokio::time::timeout;

use crate::peers::PeerAnswer;

/// A response of this program.
pub type HttpResponse = Http<Full<Bytes>>;

/// A response with a body.
#[must_use]
pub fn with_body(status: u16, media_type: &str, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = Http::new(Full::new(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(media_type) = HeaderValue::from_str(media_type) {
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    response
}

/// A response without a body.
#[must_use]
pub fn status(status: u16) -> HttpResponse {
    let mut response = with_body(status, "", Bytes::new());
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// The response of `mimi-room`.
#[must_use]
pub fn of(response: Response) -> HttpResponse {
    let mut http = match (response.media_type, response.body) {
        (Some(media_type), Some(body)) => with_body(response.status, media_type, body),
        _ => status(response.status),
    };
    if let Some(seconds) = response.retry_after_s {
        http.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    http
}

/// The response to a request that is not answered.
#[must_use]
pub fn failure(failure: RequestFailure) -> HttpResponse {
    of(Response::from(failure))
}

/// The database does not take the request: it is welcome again soon.
#[must_use]
pub fn unavailable() -> HttpResponse {
    failure(RequestFailure::Unavailable { retry_after_s: Some(1) })
}

/// The answer of another provider, handed on.
#[must_use]
pub fn handed_on(answer: PeerAnswer) -> HttpResponse {
    let mut http = match &answer.media_type {
        Some(media_type) => with_body(answer.status, media_type, answer.body),
        None => status(answer.status),
    };
    if let Some(seconds) = answer.retry_after_s {
        http.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    http
}

/// Reads the body of a request within a size and a time.
///
/// # Errors
/// The response to send instead, and the reason for the metric.
pub async fn read_body(
    request: Request<Incoming>,
    most: usize,
    within: Duration,
) -> Result<Vec<u8>, (&'static str, HttpResponse)> {
    let announced = hyper::body::Body::size_hint(request.body()).lower();
    if announced > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(("body too long", failure(RequestFailure::TooLong)));
    }
    match timeout(within, Limited::new(request.into_body(), most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(why)) if why.is::<LengthLimitError>() => {
            Err(("body too long", failure(RequestFailure::TooLong)))
        }
        Ok(Err(_)) => Err(("broken body", failure(RequestFailure::Malformed))),
        Err(_) => Err(("slow body", status(408))),
    }
}
