//! The cases of conformance pass against this provider, and find each of six faults in front of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod bed;

use std::net::SocketAddr;

use bed::{Bed, Database};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use mimi_codec::{
    Decode, Encode,
    protocol::{SubmitMessageResponse, SubmitResult},
};
use mimi_provider::{
    client::rules,
    config::Config,
    conformance::{Case, Invitation, Kind, run},
    engine::JoinCode,
    tls::TlsConfigs,
    wire::{Ask, Wire},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A fault of a provider.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It believes the header From.
    BelievesFrom,
    /// It answers a message with 200 instead of 201.
    NotifyWith200,
    /// It does not know a repeated body.
    RefusesRepeated,
    /// It takes consent that does not decode.
    TakesNonsense,
    /// It does not compare the path with the body.
    IgnoresThePath,
    /// Its franks are of another message.
    BreaksFranks,
}

/// A server of the first provider's name before it, with a fault. `wire` speaks as the tester.
async fn with_fault(config: &Config, wire: Wire, fault: Fault) -> SocketAddr {
    let acceptor = TlsAcceptor::from(TlsConfigs::read(&config.tls).unwrap().server);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, wire, seen) = (acceptor.clone(), wire.clone(), seen.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request: Request<Incoming>| {
                    let (wire, seen) = (wire.clone(), seen.clone());
                    async move { Ok::<_, std::convert::Infallible>(forward(&wire, &seen, fault, request).await) }
                });
                let server = hyper::server::conn::http1::Builder::new();
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

async fn forward(
    wire: &Wire,
    seen: &std::sync::Mutex<std::collections::BTreeSet<Vec<u8>>>,
    fault: Fault,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
    let (from, host) = (header("from"), header("host").unwrap());
    let (method, mut path) = (request.method().clone(), request.uri().to_string());
    let body = request.into_body().collect().await.unwrap().to_bytes().to_vec();
    let is = |endpoint: &str| path.starts_with(&format!("/v1/{endpoint}/"));
    let (is_notify, is_submit) = (is("notify"), is("submitMessage"));
    let is_consent = is("requestConsent") || is("updateConsent");
    let from = match fault {
        Fault::BelievesFrom if from.is_some() => Some("mimi@b.example".to_owned()),
        _ => from,
    };
    if fault == Fault::IgnoresThePath
        && is("keyMaterial")
        && let Ok(request) = mimi_codec::protocol::KeyMaterialRequest::decode_exact(&body)
    {
        let target = mimi_codec::encode_path_segment(request.target_user.as_bytes()).unwrap();
        path = format!("/v1/keyMaterial/{target}");
    }
    let repeated = is_notify && !seen.lock().unwrap().insert(body.clone());
    let mut answer = wire.send(Ask { method, path, from, host, body }).await.unwrap();
    match fault {
        Fault::NotifyWith200 if is_notify && answer.status == 201 => answer.status = 200,
        Fault::RefusesRepeated if repeated => answer.status = 409,
        Fault::TakesNonsense if is_consent && answer.status == 400 => answer.status = 201,
        Fault::BreaksFranks if is_submit => {
            if let Ok(mut response) = SubmitMessageResponse::decode_exact(&answer.body)
                && let SubmitResult::Accepted { accepted_timestamp, .. } = &mut response.status_code
            {
                *accepted_timestamp += 1;
                answer.body = response.to_bytes().unwrap();
            }
        }
        _ => {}
    }
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    if let Some(media_type) = answer.media_type {
        response.headers_mut().insert("content-type", media_type.parse().unwrap());
    }
    response
}

/// Runs the cases as the second provider, whose process does not run, against the first.
async fn cases(bed: &Bed, invitation: &Invitation, fault: Option<Fault>) -> Vec<Case> {
    let mut config = bed.hosts[1].read();
    if let Some(fault) = fault {
        let client = TlsConfigs::read(&config.tls).unwrap().client;
        let wire = Wire::new(bed.hosts[0].running().federation, "a.example", "b.example", client);
        let address = with_fault(&bed.hosts[0].read(), wire, fault).await;
        let target = config.peers.iter_mut().find(|peer| peer.domain == "a.example").unwrap();
        target.address = Some(address);
    }
    let work = tempfile::tempdir().unwrap();
    run(&config, "https://a.example", Some(invitation), work.path()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_passes_against_ours_and_finds_each_fault() {
    passes_and_finds(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/postgres"]
async fn it_passes_against_ours_and_finds_each_fault_with_postgres() {
    passes_and_finds(Database::Postgres).await;
}

async fn passes_and_finds(database: Database) {
    let mut bed = Bed::prepare_on(database, "");
    bed.hosts[0].start().await;
    let mut alice = bed.client(0, "alice", "alice").await;
    let room = alice.create("club", &rules()).await.unwrap();
    let role = rules().participant_role;
    let faults = [
        (Fault::BelievesFrom, "directory", Kind::Unauthorized),
        (Fault::NotifyWith200, "notify", Kind::Valid),
        (Fault::RefusesRepeated, "notify", Kind::Replayed),
        (Fault::TakesNonsense, "requestConsent", Kind::Invalid),
        (Fault::IgnoresThePath, "keyMaterial", Kind::Invalid),
        (Fault::BreaksFranks, "submitMessage", Kind::Valid),
    ];
    let wanted = JoinCode { role, uses: 1, valid_ms: 600_000 };
    let code = alice.join_code(&room, &wanted).await.unwrap();
    let sound = cases(&bed, &Invitation { room: room.clone(), code, role }, None).await;
    let failed: Vec<_> = sound.iter().filter(|it| it.failed.is_some()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(sound.len() > 40, "{}", sound.len());
    for (fault, endpoint, kind) in faults {
        alice.sync(0).await.unwrap();
        // The tester is in the room already, and joins as another client.
        let code = alice.join_code(&room, &wanted).await.unwrap();
        let found = cases(&bed, &Invitation { room: room.clone(), code, role }, Some(fault)).await;
        let failed: Vec<_> = found.iter().filter(|it| it.failed.is_some()).collect();
        assert!(failed.iter().any(|it| it.endpoint == endpoint && it.kind == kind), "{fault:?}: {failed:#?}");
    }
    bed.stop().await;
}
