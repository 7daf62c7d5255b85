//! The endpoints of mimi-protocol-06 §5, for other providers.

#![allow(clippy::result_large_err, reason = "the response that is sent instead")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::BodyExt;
use hyper::{
    Method, Request,
    body::Incoming,
    header::{CONTENT_TYPE, FROM},
};
use mimi_codec::{
    DIRECTORY_MEDIA_TYPE, DIRECTORY_PATH, Directory, DnsName, Endpoint, MatchedProvider, RequestFailure,
    RoomUri, decode_path_segment, parse_from_header, parse_host_header, protocol::ConsentEndpoint,
};
use mimi_room::hub::{Meter, Rate};

use super::{Counts, HttpResponse, Shared, answer};
use crate::{
    engine::{EngineHandle, KeyMaterialReply},
    oblivious::{GATEWAY_PATH, KEYS_MEDIA_TYPE, MAX_REQUEST, REQUEST_MEDIA_TYPE, RESPONSE_MEDIA_TYPE},
    tls::matched,
};

/// What has a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Metered {
    Requests,
    KeyMaterial,
    Reports,
}

/// The rates and places of each peer.
#[derive(Default)]
pub struct Guests {
    connections: Mutex<Counts>,
    requests: Mutex<Counts>,
    meters: Mutex<BTreeMap<(String, Metered), Meter>>,
}

/// A place that is given back when it is dropped.
pub struct Place {
    guests: Arc<Guests>,
    name: String,
    of_connection: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let counts = self.guests.counts(self.of_connection);
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.name) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.name);
            }
        }
    }
}

impl Guests {
    const fn counts(&self, of_connection: bool) -> &Mutex<Counts> {
        if of_connection { &self.connections } else { &self.requests }
    }

    fn take(self: &Arc<Self>, name: String, most: usize, of_connection: bool) -> Option<Place> {
        let mut counts = self.counts(of_connection).lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(name.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Place { guests: self.clone(), name, of_connection })
    }

    /// A place for a connection with a certificate of these names; `None` if its owner has enough.
    #[must_use]
    pub fn connect(self: &Arc<Self>, names: &[String], most: usize) -> Option<Place> {
        self.take(names.first()?.to_ascii_lowercase(), most, true)
    }

    fn admit(&self, peer: &str, what: Metered, rate: Rate, now_ms: u64) -> Result<(), u64> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.entry((peer.to_owned(), what)).or_default().take(rate, now_ms)
    }
}

/// Why a request reaches no endpoint: for the metric, and the response.
type Refusal = (&'static str, HttpResponse);

/// Answers a request over a connection whose certificate presents `names`.
pub async fn answer(shared: Shared, names: &[String], request: Request<Incoming>) -> HttpResponse {
    let metrics = shared.metrics.clone();
    let named = endpoint_of(request.uri().path()).map_or("other", |(endpoint, _)| endpoint.name());
    let response = match respond(shared, names, request).await {
        Ok(response) => response,
        Err((why, response)) => {
            metrics.refused(why);
            response
        }
    };
    metrics.request(named, response.status().as_u16());
    response
}

/// The endpoint and the variable of a path, if it is one.
fn endpoint_of(path: &str) -> Option<(Endpoint, &str)> {
    let (name, variable) = path.strip_prefix("/v1/")?.split_once('/')?;
    let endpoint = Endpoint::ALL.iter().find(|it| it.name() == name)?;
    (!variable.contains('/')).then_some((*endpoint, variable))
}

fn directory(authority: &str) -> Option<Directory> {
    let variable = |endpoint| match endpoint {
        Endpoint::KeyMaterial => "targetUser",
        Endpoint::RequestConsent => "targetDomain",
        Endpoint::UpdateConsent => "requesterDomain",
        Endpoint::IdentifierQuery => "domain",
        Endpoint::ProxyDownload => "downloadUrl",
        _ => "roomId",
    };
    Directory::new(|it| format!("https://{authority}/v1/{}/{{{}}}", it.name(), variable(it))).ok()
}

/// The provider that the request names in From, which its certificate must present.
fn source(names: &[String], request: &Request<Incoming>) -> Result<MatchedProvider, Refusal> {
    let from = request.headers().get(FROM).and_then(|value| value.to_str().ok());
    let from = from.and_then(|value| parse_from_header(value).ok());
    let from = from.ok_or_else(|| ("no From", answer::failure(RequestFailure::Malformed)))?;
    matched(from.as_ref(), names)
        .ok_or_else(|| ("other provider's From", answer::failure(RequestFailure::NotAllowed)))
}

/// Whether the request is for this provider: 421 if it is not (RFC 9110 §15.5.20).
fn check_target(shared: &Shared, request: &Request<Incoming>) -> Result<(), Refusal> {
    let header = request.headers().get(hyper::header::HOST).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(hyper::http::uri::Authority::as_str);
    let host = authority.or(header).and_then(|value| parse_host_header(value).ok());
    let served = host.is_some_and(|host| {
        let own = parse_host_header(&shared.authority).is_ok_and(|own| own == host);
        host == shared.domain || own
    });
    if served { Ok(()) } else { Err(("other Host", answer::status(421))) }
}

async fn respond(
    shared: Shared,
    names: &[String],
    request: Request<Incoming>,
) -> Result<HttpResponse, Refusal> {
    let from = source(names, &request)?;
    check_target(&shared, &request)?;
    let peer = from.domain().as_str().to_ascii_lowercase();
    let now_ms = shared.clock.now_ms();
    let limits = shared.limits;
    let too_many =
        |why| move |retry_after_s| (why, answer::failure(RequestFailure::TooMany { retry_after_s }));
    let rate = Rate { burst: limits.request_burst, interval_ms: limits.request_interval_ms };
    shared.guests.admit(&peer, Metered::Requests, rate, now_ms).map_err(too_many("too many requests"))?;
    let place = shared.guests.take(peer.clone(), limits.max_requests_per_peer, false);
    let _place = place.ok_or_else(|| too_many("too many requests at once")(1))?;

    let path = request.uri().path().to_owned();
    let is_get = request.method() == Method::GET;
    if path == DIRECTORY_PATH && is_get {
        let directory = directory(&shared.authority);
        let json = directory.map(|it| it.to_json());
        let failed = || ("internal", answer::failure(RequestFailure::Internal));
        return Ok(answer::with_body(200, DIRECTORY_MEDIA_TYPE, json.ok_or_else(failed)?));
    }
    if let Some(name) = path.strip_prefix("/asset/")
        && is_get
    {
        return Ok(asset(&shared.engine, name).await);
    }
    if path == GATEWAY_PATH {
        return gateway(&shared, request).await;
    }
    let not_found = || ("no endpoint", answer::failure(RequestFailure::NotFound));
    let (endpoint, segment) = endpoint_of(&path).ok_or_else(not_found)?;
    if is_get != (endpoint == Endpoint::ProxyDownload) || (!is_get && request.method() != Method::POST) {
        return Err(("method", answer::status(405)));
    }
    let malformed = || ("malformed path", answer::failure(RequestFailure::Malformed));
    if request.uri().query().is_some() {
        return Err(malformed());
    }
    let variable = decode_path_segment(segment).map_err(|_| malformed())?;
    if endpoint == Endpoint::KeyMaterial {
        let rate = Rate { burst: limits.key_material_burst, interval_ms: limits.key_material_interval_ms };
        let admitted = shared.guests.admit(&peer, Metered::KeyMaterial, rate, now_ms);
        admitted.map_err(too_many("too many KeyPackages"))?;
    }
    if endpoint == Endpoint::ReportAbuse {
        let rate = Rate { burst: limits.report_burst, interval_ms: limits.report_interval_ms };
        let admitted = shared.guests.admit(&peer, Metered::Reports, rate, now_ms);
        admitted.map_err(too_many("too many reports"))?;
    }
    let within = Duration::from_millis(limits.body_ms);
    let body = answer::read_body(request, limits.max_body, within).await?;
    Ok(dispatch(&shared, endpoint, from, variable, body).await)
}

/// The endpoint's answer to the body of a provider, which may be this one for its own clients.
pub async fn dispatch(
    shared: &Shared,
    endpoint: Endpoint,
    from: MatchedProvider,
    variable: Vec<u8>,
    body: Vec<u8>,
) -> HttpResponse {
    let engine = &shared.engine;
    let answered = match endpoint {
        Endpoint::Update | Endpoint::SubmitMessage | Endpoint::GroupInfo | Endpoint::ReportAbuse => {
            engine.call(move |engine| engine.of_room(endpoint, &from, &variable, &body)).await
        }
        Endpoint::Notify => match RoomUri::try_from(variable.as_slice()) {
            Ok(room) => engine.call(move |engine| engine.notify(&from, &room, &body)).await,
            Err(_) => Ok(RequestFailure::Malformed.into()),
        },
        Endpoint::KeyMaterial => return key_material(shared, from, variable, body).await,
        Endpoint::RequestConsent | Endpoint::UpdateConsent => {
            let which = match endpoint {
                Endpoint::RequestConsent => ConsentEndpoint::RequestConsent,
                _ => ConsentEndpoint::UpdateConsent,
            };
            engine.call(move |engine| engine.hear_consent(&from, which, &variable, &body)).await
        }
        Endpoint::IdentifierQuery => {
            let domain = std::str::from_utf8(&variable).ok().and_then(|it| DnsName::parse(it).ok());
            if domain.is_none_or(|it| it != shared.domain) {
                return answer::failure(RequestFailure::NotFound);
            }
            engine.call(move |engine| Ok(engine.query(&body)?.response)).await
        }
        Endpoint::ProxyDownload => return proxy_download(shared, &variable).await,
    };
    answered.map_or_else(|_| answer::unavailable(), answer::of)
}

async fn key_material(
    shared: &Shared,
    from: MatchedProvider,
    target: Vec<u8>,
    body: Vec<u8>,
) -> HttpResponse {
    let (variable, bytes) = (target.clone(), body.clone());
    let reply = shared.engine.call(move |engine| engine.key_material(&from, &variable, &bytes)).await;
    let step = match reply {
        Ok(KeyMaterialReply::Done(response)) => return answer::of(response),
        Ok(KeyMaterialReply::PassOn(step)) => step,
        Err(_) => return answer::unavailable(),
    };
    let passed = shared.peers.post(&step.to, Endpoint::KeyMaterial, &target, body).await;
    let Ok(passed) = passed else { return answer::failure(RequestFailure::NextProvider) };
    let room = step.request.room_id.0.as_ref().and_then(|it| RoomUri::try_from(it).ok());
    let (Some(room), 200) = (room, passed.status) else {
        return answer::failure(RequestFailure::NextProvider);
    };
    let body = passed.body.clone();
    match shared.engine.call(move |engine| engine.key_material_back(&room, &step, &body)).await {
        Ok(None) => answer::handed_on(passed),
        Ok(Some(response)) => answer::of(response),
        Err(_) => answer::unavailable(),
    }
}

async fn asset(engine: &EngineHandle, name: &str) -> HttpResponse {
    let name = name.as_bytes().to_vec();
    match engine.call(move |engine| engine.asset(&name)).await {
        Ok(Some(bytes)) => answer::with_body(200, "application/octet-stream", bytes),
        Ok(None) => answer::failure(RequestFailure::NotFound),
        Err(_) => answer::unavailable(),
    }
}

/// The gateway of Oblivious HTTP (mimi-protocol-06 §5.10.3, RFC 9458): the relay is the provider
/// that has connected, and what is asked for is an asset as for `proxyDownload`.
async fn gateway(shared: &Shared, request: Request<Incoming>) -> Result<HttpResponse, Refusal> {
    if request.method() == Method::GET {
        return Ok(answer::with_body(200, KEYS_MEDIA_TYPE, shared.gateway.keys().to_vec()));
    }
    if request.method() != Method::POST {
        return Err(("method", answer::status(405)));
    }
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if media_type != Some(REQUEST_MEDIA_TYPE) {
        return Err(("gateway", answer::status(415)));
    }
    let within = Duration::from_millis(shared.limits.body_ms);
    let body = answer::read_body(request, MAX_REQUEST, within).await?;
    encapsulated(shared, &body).await
}

/// The answer to an encapsulated request, which a relay has passed on.
///
/// # Errors
/// What the relay gets instead, if the request does not open.
pub async fn encapsulated(
    shared: &Shared,
    body: &[u8],
) -> Result<HttpResponse, (&'static str, HttpResponse)> {
    let (asked, sealer) = shared.gateway.open(body).map_err(|refused| ("gateway", refused.response()))?;
    // From here on the answer is for the client alone.
    let response = match asked {
        Ok(url) => proxy_download(shared, url.as_bytes()).await,
        Err(status) => answer::status(status),
    };
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_or_else(|never| match never {}, |it| it.to_bytes());
    let sealed = sealer.seal(head.status.as_u16(), &body);
    let sealed = sealed.map_err(|_| ("internal", answer::failure(RequestFailure::Internal)))?;
    Ok(answer::with_body(200, RESPONSE_MEDIA_TYPE, sealed))
}

async fn proxy_download(shared: &Shared, variable: &[u8]) -> HttpResponse {
    let Ok(url) = std::str::from_utf8(variable) else { return answer::failure(RequestFailure::Malformed) };
    let (url, domains) = (url.to_owned(), shared.asset_domains.clone());
    let checked = {
        let url = url.clone();
        shared.engine.call(move |engine| Ok(engine.may_download(&url, &domains))).await
    };
    match checked {
        Ok(None) => {}
        Ok(Some(refused)) => return answer::of(refused),
        Err(_) => return answer::unavailable(),
    }
    let Ok(parsed) = mimi_codec::HttpsUrlRef::parse(&url) else {
        return answer::failure(RequestFailure::Malformed);
    };
    let own = parse_host_header(&shared.authority).is_ok_and(|own| parsed.host() == own.as_ref());
    if own || parsed.host() == shared.domain.as_ref() {
        let name = url.rsplit_once("/asset/").map_or("", |(_, name)| name);
        return asset(&shared.engine, name).await;
    }
    match shared.peers.get(parsed).await {
        Ok(found) if found.status == 200 && found.body.len() <= shared.limits.max_asset => {
            answer::handed_on(found)
        }
        // No redirect is followed.
        _ => answer::failure(RequestFailure::NextProvider),
    }
}
