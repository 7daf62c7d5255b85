//! The API of the provider's own clients, which MIMI leaves open: HTTP on loopback.
//!
//! A client registers once with the provider's registration token and then shows its own token:
//! `Authorization: Bearer TOKEN`. Bodies are the structs of the drafts unless JSON is stated.
//!
//! | request | body | answer |
//! |-|-|-|
//! | `POST /v1/register` | JSON `{"user", "signature_key"}` | JSON `{"client", "token", "credential", "hub", "franking_agent", "providers"}`, bytes as hexadecimal |
//! | `POST /v1/keyPackages` | KeyPackages, one after the other | 201 |
//! | `POST /v1/rooms/{roomId}` | `GroupInfoRatchetTreeTBE` of a new group | 201: the provider is the hub |
//! | `POST /v1/ask/{endpoint}/{variable}` | as in mimi-protocol-06 §5 | that of the hub or of the other provider |
//! | `POST /v1/consent` | `ConsentEntry` | 201 |
//! | `GET /v1/consent` | | JSON `[[requester, room or null]]`: requests that wait |
//! | `GET /v1/inbox?after=N&wait_ms=T` | | items as [`decode_inbox`](crate::engine::decode_inbox) reads them; those up to `N` are deleted |
//! | `POST /v1/leave/{roomId}` | | 201: no more messages of the room |
//! | `POST /v1/codes/{roomId}` | JSON [`JoinCode`] | the code in hexadecimal |
//! | `PUT /v1/profile` | JSON [`Profile`] | 201 |
//! | `POST /v1/assets` | an encrypted asset | its URL |
//! | `GET /v1/download/{hub}/{url}` | | the asset, by the hub's `proxyDownload` |
//! | `GET /v1/oblivious/{hub}` | | the key configurations of the hub's gateway of Oblivious HTTP |
//! | `POST /v1/oblivious/{hub}` | `message/ohttp-req` | `message/ohttp-res` of the hub's gateway |

#![allow(clippy::result_large_err, reason = "the response that is sent instead")]

use std::time::Duration;

use hyper::{Method, Request, body::Incoming, header::AUTHORIZATION};
use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, Endpoint, MatchedProvider, Reader, RequestFailure, RoomUri, UserUri,
    decode_path_segment,
    mls::KeyPackage,
    protocol::{AbuseReport, HandshakeBundle, KeyMaterialRequest, SubmitMessageRequest, UpdateRequest},
};
use mimi_crypto::CipherSuiteProvider;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{
    HttpResponse, Shared, answer,
    federation::{self, dispatch},
};
use crate::{
    engine::{JoinCode, Profile, encode_inbox},
    identity::{matched, suite},
    oblivious::{KEYS_MEDIA_TYPE, MAX_REQUEST},
};

/// The longest time that a request for the inbox waits, in milliseconds.
const LONGEST_WAIT_MS: u64 = 30_000;

/// How many items of an inbox are answered at once.
const ITEMS: usize = 64;

/// What a new client sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Its user.
    pub user: String,
    /// Its signature key.
    pub signature_key: String,
}

/// What it gets.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredClient {
    /// Its URI.
    pub client: String,
    /// Its token.
    pub token: String,
    /// Its credential.
    pub credential: String,
    /// The provider as an external sender, for new rooms.
    pub hub: String,
    /// The provider as a franking agent, for new rooms.
    pub franking_agent: String,
    /// The domains and signature keys of all providers.
    pub providers: std::collections::BTreeMap<String, String>,
}

/// Who asks.
#[derive(Clone)]
struct Caller {
    user: UserUri,
    client: ClientUri,
}

type Answered = Result<HttpResponse, HttpResponse>;

fn malformed<T>(_: T) -> HttpResponse {
    answer::failure(RequestFailure::Malformed)
}

fn unavailable<T>(_: T) -> HttpResponse {
    answer::unavailable()
}

fn not_allowed() -> HttpResponse {
    answer::failure(RequestFailure::NotAllowed)
}

/// Answers a request.
pub async fn answer(shared: Shared, request: Request<Incoming>) -> HttpResponse {
    let response = respond(&shared, request).await.unwrap_or_else(|response| response);
    shared.metrics.request("client", response.status().as_u16());
    response
}

async fn respond(shared: &Shared, request: Request<Incoming>) -> Answered {
    let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let within = Duration::from_millis(shared.limits.body_ms);
    let most = shared.limits.max_body.max(shared.limits.max_asset);
    let path = path.strip_prefix("/v1/").ok_or_else(|| answer::status(404))?;
    let mut parts = path.split('/');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
    if (first, rest.len(), &method) == ("register", 0, &Method::POST) {
        let allowed = shared.registration_token.as_deref().is_some_and(|it| is_same(it, &token));
        if !allowed {
            return Err(answer::status(401));
        }
        let body = answer::read_body(request, most, within).await.map_err(|(_, response)| response)?;
        return register(shared, &body).await;
    }
    let caller = shared.engine.call(move |engine| engine.client_of(&token)).await.map_err(unavailable)?;
    let (user, client) = caller.ok_or_else(|| answer::status(401))?;
    let caller = Caller { user, client };
    let body = answer::read_body(request, most, within).await.map_err(|(_, response)| response)?;
    match (&method, first, rest.as_slice()) {
        (&Method::POST, "keyPackages", []) => key_packages(shared, caller, &body).await,
        (&Method::POST, "rooms", [room]) => {
            let room = room_of(room)?;
            let create =
                move |engine: &mut crate::engine::Engine| engine.create_room(&room, &caller.client, &body);
            Ok(answer::of(shared.engine.call(create).await.map_err(unavailable)?))
        }
        (&Method::POST, "ask", [endpoint, variable]) => {
            let endpoint = Endpoint::ALL.iter().find(|it| it.name() == *endpoint);
            let endpoint = endpoint.ok_or_else(|| answer::status(404))?;
            let variable = decode_path_segment(variable).map_err(malformed)?;
            ask(shared, caller, *endpoint, variable, body).await
        }
        (&Method::POST, "consent", []) => {
            let said = move |engine: &mut crate::engine::Engine| engine.say_consent(&caller.user, &body);
            match shared.engine.call(said).await.map_err(unavailable)? {
                Some(_) => Ok(answer::status(201)),
                None => Err(not_allowed()),
            }
        }
        (&Method::GET, "consent", []) => {
            let waiting = shared.engine.call(move |engine| engine.consent_requests(&caller.user)).await;
            let waiting = waiting.map_err(unavailable)?;
            let waiting: Vec<_> = waiting
                .into_iter()
                .map(|(user, room)| (user.to_string(), room.map(|room| room.to_string())))
                .collect();
            json(&waiting)
        }
        (&Method::GET, "inbox", []) => inbox(shared, caller, &query).await,
        (&Method::POST, "leave", [room]) => {
            let room = room_of(room)?;
            let leave = move |engine: &mut crate::engine::Engine| engine.unsubscribe(&room, &caller.client);
            shared.engine.call(leave).await.map_err(unavailable)?;
            Ok(answer::status(201))
        }
        (&Method::POST, "codes", [room]) => {
            let room = room_of(room)?;
            let wanted: JoinCode = serde_json::from_slice(&body).map_err(malformed)?;
            let issue =
                move |engine: &mut crate::engine::Engine| engine.join_code(&room, &caller.user, &wanted);
            let code = shared.engine.call(issue).await.map_err(unavailable)?;
            Ok(answer::with_body(200, "text/plain", hex::encode(code.ok_or_else(not_allowed)?)))
        }
        (&Method::PUT, "profile", []) => {
            let profile: Profile = serde_json::from_slice(&body).map_err(malformed)?;
            let set = move |engine: &mut crate::engine::Engine| engine.set_profile(&caller.user, &profile);
            shared.engine.call(set).await.map_err(unavailable)?;
            Ok(answer::status(201))
        }
        (&Method::POST, "assets", []) => {
            if body.len() > shared.limits.max_asset {
                return Err(answer::failure(RequestFailure::TooLong));
            }
            let name =
                shared.engine.call(move |engine| engine.keep_asset(&body)).await.map_err(unavailable)?;
            Ok(answer::with_body(200, "text/plain", format!("https://{}/asset/{name}", shared.authority)))
        }
        (&Method::GET, "download", [hub, url]) => {
            let hub = DnsName::parse(hub).map_err(malformed)?;
            let url = decode_path_segment(url).map_err(malformed)?;
            if hub == shared.domain {
                return Ok(dispatch(shared, Endpoint::ProxyDownload, own(shared)?, url, body).await);
            }
            let url = String::from_utf8(url).map_err(malformed)?;
            let answered = shared.peers.proxy_download(&hub, &url).await;
            answered.map(answer::handed_on).map_err(|_| answer::failure(RequestFailure::NextProvider))
        }
        (method @ (&Method::GET | &Method::POST), "oblivious", [hub]) => {
            let hub = DnsName::parse(hub).map_err(malformed)?;
            if method == Method::POST && body.len() > MAX_REQUEST {
                return Err(answer::failure(RequestFailure::TooLong));
            }
            if hub == shared.domain {
                return Ok(if method == Method::POST {
                    federation::encapsulated(shared, &body).await.unwrap_or_else(|(_, it)| it)
                } else {
                    answer::with_body(200, KEYS_MEDIA_TYPE, shared.gateway.keys().to_vec())
                });
            }
            // The hub learns the provider, and nothing of the client (RFC 9458 §6.2).
            let answered = shared.peers.gateway(&hub, (method == Method::POST).then_some(body)).await;
            answered.map(answer::handed_on).map_err(|_| answer::failure(RequestFailure::NextProvider))
        }
        _ => Err(answer::status(404)),
    }
}

/// Compares in a time that tells nothing: by hashes.
fn is_same(expected: &str, shown: &str) -> bool {
    suite().is_ok_and(|suite| suite.hash(&[expected.as_bytes()]) == suite.hash(&[shown.as_bytes()]))
}

fn own(shared: &Shared) -> Result<MatchedProvider, HttpResponse> {
    matched(&shared.domain).map_err(|_| answer::failure(RequestFailure::Internal))
}

fn room_of(segment: &str) -> Result<RoomUri, HttpResponse> {
    let bytes = decode_path_segment(segment).map_err(malformed)?;
    RoomUri::try_from(bytes.as_slice()).map_err(malformed)
}

fn json(value: &impl Serialize) -> Answered {
    let text = serde_json::to_string(value).map_err(|_| answer::failure(RequestFailure::Internal))?;
    Ok(answer::with_body(200, "application/json", text))
}

async fn register(shared: &Shared, body: &[u8]) -> Answered {
    let Register { user, signature_key } = serde_json::from_slice(body).map_err(malformed)?;
    let user = UserUri::try_from(user.as_str()).map_err(malformed)?;
    let key = hex::decode(signature_key).map_err(malformed)?.as_slice().into();
    let registered = shared.engine.call(move |engine| {
        let registered = engine.register(&user, &key)?;
        let providers = engine.authority().providers().clone();
        Ok((registered, engine.hub_of_rooms(), providers))
    });
    let (registered, (hub, agent), providers) = registered.await.map_err(unavailable)?;
    let registered = registered.ok_or_else(not_allowed)?;
    let bytes = |value: Result<Vec<u8>, mimi_codec::EncodeError>| {
        value.map(hex::encode).map_err(|_| answer::failure(RequestFailure::Internal))
    };
    json(&RegisteredClient {
        client: registered.client.to_string(),
        token: registered.token,
        credential: bytes(registered.credential.to_bytes())?,
        hub: bytes(hub.to_bytes())?,
        franking_agent: bytes(agent.to_bytes())?,
        providers: providers.into_iter().map(|(domain, key)| (domain, hex::encode(key.as_slice()))).collect(),
    })
}

async fn key_packages(shared: &Shared, caller: Caller, body: &[u8]) -> Answered {
    let packages = decode_key_packages(body).map_err(malformed)?;
    let stock =
        move |engine: &mut crate::engine::Engine| engine.stock(&caller.user, &caller.client, &packages);
    match shared.engine.call(stock).await.map_err(unavailable)? {
        Ok(_) => Ok(answer::status(201)),
        Err(refused) => Err(answer::with_body(409, "text/plain", refused.to_string())),
    }
}

/// KeyPackages one after the other.
fn decode_key_packages(body: &[u8]) -> Result<Vec<KeyPackage>, mimi_codec::DecodeError> {
    let mut reader = Reader::new(body);
    let mut packages = Vec::new();
    while !reader.is_empty() {
        packages.push(KeyPackage::decode(&mut reader)?);
    }
    Ok(packages)
}

async fn inbox(shared: &Shared, caller: Caller, query: &str) -> Answered {
    let number = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse::<u64>().ok()).unwrap_or(0)
    };
    let (after, wait) = (number("after"), Duration::from_millis(number("wait_ms").min(LONGEST_WAIT_MS)));
    let mut changes = shared.inbox.clone();
    let look = async {
        loop {
            changes.mark_unchanged();
            let client = caller.client.clone();
            let items = shared.engine.call(move |engine| engine.inbox(&client, after, ITEMS)).await;
            match items {
                Ok(items) if items.is_empty() && changes.changed().await.is_ok() => {}
                items => return items,
            }
        }
    };
    let items = match timeout(wait.max(Duration::from_millis(1)), look).await {
        Ok(items) => items,
        Err(_) => {
            let client = caller.client.clone();
            shared.engine.call(move |engine| engine.inbox(&client, after, ITEMS)).await
        }
    };
    let bytes = encode_inbox(&items.map_err(unavailable)?);
    let bytes = bytes.map_err(|_| answer::failure(RequestFailure::Internal))?;
    Ok(answer::with_body(200, "application/octet-stream", bytes))
}

/// Whether a client's request speaks for its own user: the hub takes its provider's word for that.
fn speaks_for_itself(caller: &Caller, endpoint: Endpoint, body: &[u8]) -> bool {
    let user = caller.user.as_bytes();
    match endpoint {
        Endpoint::SubmitMessage => {
            SubmitMessageRequest::decode_exact(body).is_ok_and(|it| it.sending_uri.as_bytes() == user)
        }
        Endpoint::KeyMaterial => {
            KeyMaterialRequest::decode_exact(body).is_ok_and(|it| it.requesting_user.as_bytes() == user)
        }
        Endpoint::ReportAbuse => AbuseReport::decode_exact(body)
            .is_ok_and(|it| it.reporting_user.0.as_ref().is_none_or(|reporter| reporter.as_bytes() == user)),
        Endpoint::Update | Endpoint::GroupInfo | Endpoint::IdentifierQuery => true,
        Endpoint::Notify | Endpoint::RequestConsent | Endpoint::UpdateConsent | Endpoint::ProxyDownload => {
            false
        }
    }
}

async fn ask(
    shared: &Shared,
    caller: Caller,
    endpoint: Endpoint,
    variable: Vec<u8>,
    body: Vec<u8>,
) -> Answered {
    if !speaks_for_itself(&caller, endpoint, &body) {
        return Err(not_allowed());
    }
    let to = match endpoint {
        Endpoint::KeyMaterial => {
            let request = KeyMaterialRequest::decode_exact(&body).map_err(malformed)?;
            let room = request.room_id.0.as_ref().unwrap_or(&request.target_user);
            room.mimi_uri().map_err(malformed)?.host().to_owned()
        }
        Endpoint::IdentifierQuery => {
            DnsName::parse(std::str::from_utf8(&variable).map_err(malformed)?).map_err(malformed)?
        }
        _ => {
            let room = RoomUri::try_from(variable.as_slice()).map_err(malformed)?;
            room.mimi_uri().ok_or_else(|| malformed(()))?.host().to_owned()
        }
    };
    // A client that joins from outside gets the room's messages from its commit on.
    let joins = (endpoint == Endpoint::Update)
        .then(|| RoomUri::try_from(variable.as_slice()).ok().filter(|_| is_external(&body)))
        .flatten();
    let mut is_new = false;
    if let Some(room) = joins.clone() {
        let client = caller.client.clone();
        let subscribed = shared.engine.call(move |engine| engine.subscribe(&room, &client)).await;
        is_new = subscribed.map_err(unavailable)?;
    }
    let response = if to == shared.domain {
        dispatch(shared, endpoint, own(shared)?, variable, body).await
    } else {
        match shared.peers.post(&to, endpoint, &variable, body).await {
            Ok(answered) => answer::handed_on(answered),
            Err(error) => {
                tracing::info!(peer = to.as_str(), %error, "a client's request is not answered");
                answer::failure(RequestFailure::NextProvider)
            }
        }
    };
    // A hub that has refused says so with 200, too; its other messages do no harm.
    if let Some(room) = joins.filter(|_| is_new && response.status() != 200) {
        let leave = move |engine: &mut crate::engine::Engine| engine.unsubscribe(&room, &caller.client);
        shared.engine.call(leave).await.map_err(unavailable)?;
    }
    Ok(response)
}

fn is_external(body: &[u8]) -> bool {
    UpdateRequest::decode_exact(body).is_ok_and(|request| match &request.bundle {
        HandshakeBundle::Commit { proposal_or_commit, .. } => proposal_or_commit.is_external(),
        HandshakeBundle::Proposal(_) => false,
    })
}
