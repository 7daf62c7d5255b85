//! Wire conformance of any provider: for each endpoint a valid, an invalid, an unauthorized and a
//! repeated request, and what mimi-protocol-06 says of the answer.
//!
//! The tester is a provider itself: its configuration has a domain, a certificate that the target
//! accepts, keys that the target knows, and the target among its peers. With a room and a join code
//! of the target it also joins, talks and reports; without, those cases are not run.

use std::{fmt, path::Path, sync::Arc};

use mimi_codec::{
    DIRECTORY_PATH, Decode, Directory, DnsName, Encode, Endpoint, MEDIA_TYPE, MimiUri, RoomUri, UserUri,
    extensions::AppDataDictionary,
    mls::{MLSMessage, PrivateMessage},
    protocol::{
        AbuseReport, ApplicationMessage, ConsentEntry, FanoutEvent, FanoutMessage, GroupInfoAnswer,
        GroupInfoResponse, IdentifierRequest, IdentifierResponse, IdentifierUri, QueryElement,
        SubmitMessageRequest, SubmitMessageResponse, SubmitResult, UpdateRoomResponse,
    },
};
use rand_core::Rng;

use crate::{
    Result,
    client::{Client, rules},
    clock::SystemClock,
    config::Config,
    engine::generator,
    peers::PeerAnswer,
    run::Running,
    store::SqliteStore,
    tls::TlsConfigs,
    wire::{Ask, Wire},
};

/// What is wrong with a request, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Valid,
    /// It is malformed.
    Invalid,
    /// Its sender may not make it.
    Unauthorized,
    /// It was made before.
    Replayed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unauthorized => "unauthorized",
            Self::Replayed => "replayed",
        })
    }
}

/// A case and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The endpoint, or `directory`.
    pub endpoint: &'static str,
    /// What is wrong with the request.
    pub kind: Kind,
    /// The section of mimi-protocol-06.
    pub section: &'static str,
    /// The request and what is expected.
    pub what: &'static str,
    /// What came instead; `None` if the case has passed.
    pub failed: Option<String>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.failed.is_none() { "ok" } else { "FAILED" };
        let section = self.section;
        write!(
            f,
            "{verdict:6} {:16} {:12} §{section:7} {}",
            self.endpoint,
            self.kind.to_string(),
            self.what
        )?;
        if let Some(why) = &self.failed {
            write!(f, "\n       {why}")?;
        }
        Ok(())
    }
}

/// The room of the target that the tester may join.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The room.
    pub room: RoomUri,
    /// The join code.
    pub code: Vec<u8>,
    /// The role that it is good for.
    pub role: u32,
}

struct Tester {
    wire: Wire,
    target: DnsName,
    own: DnsName,
    cases: Vec<Case>,
}

/// A user or room of a provider that does not exist in any other test.
fn uri(domain: &DnsName, kind: &str, name: &str) -> String {
    format!("mimi://{}/{kind}/{name}", domain.as_str())
}

fn status_is(expected: &'static [u16]) -> impl Fn(&PeerAnswer) -> Result<(), String> {
    move |answer| {
        if expected.contains(&answer.status) {
            Ok(())
        } else {
            Err(format!("HTTP {}, expected {expected:?}", answer.status))
        }
    }
}

/// The struct in a response of 200.
fn body<T: for<'a> Decode<'a>>(answer: &PeerAnswer) -> Result<T, String> {
    status_is(&[200])(answer)?;
    if answer.media_type.as_deref() != Some(MEDIA_TYPE) {
        return Err(format!("Content-Type {:?}, expected {MEDIA_TYPE}", answer.media_type));
    }
    T::decode_exact(&answer.body).map_err(|why| why.to_string())
}

impl Tester {
    async fn case(
        &mut self,
        (endpoint, kind, section, what): (&'static str, Kind, &'static str, &'static str),
        ask: Result<Ask>,
        judge: impl Fn(&PeerAnswer) -> Result<(), String>,
    ) -> Option<PeerAnswer> {
        let answer = match ask {
            Ok(ask) => self.wire.send(ask).await,
            Err(why) => Err(why),
        };
        let failed = match &answer {
            Ok(answer) => judge(answer).err(),
            Err(why) => Some(why.to_string()),
        };
        self.cases.push(Case { endpoint, kind, section, what, failed });
        answer.ok()
    }

    fn ask(&self, endpoint: Endpoint, variable: &[u8], body: impl Into<Vec<u8>>) -> Result<Ask> {
        self.wire.ask(endpoint, variable, body.into())
    }

    async fn directory(&mut self) {
        let get = || Ok(self.wire.get(DIRECTORY_PATH));
        let complete = |answer: &PeerAnswer| {
            status_is(&[200])(answer)?;
            let directory = Directory::from_json(&answer.body).map_err(|why| why.to_string())?;
            directory.problems().next().map_or(Ok(()), |problem| Err(problem.to_string()))
        };
        let (valid, own) = (get(), self.own.as_str().to_owned());
        let without = get().map(|ask| ask.from(None));
        let foreign = get().map(|ask| ask.from(Some(&format!("other.{own}"))));
        let what = "lists every endpoint";
        let listed = self.case(("directory", Kind::Valid, "5.1", what), valid, complete).await;
        if let Some(directory) = listed.and_then(|it| Directory::from_json(&it.body).ok()) {
            self.wire = self.wire.clone().by(directory);
        }
        let what = "without From: refused";
        self.case(("directory", Kind::Invalid, "4.1", what), without, status_is(&[400, 403])).await;
        let what = "From of a domain that is not in the certificate: refused";
        self.case(("directory", Kind::Unauthorized, "4.1", what), foreign, status_is(&[400, 403])).await;
    }

    async fn notify(&mut self) {
        let room = uri(&self.own, "r", "conformance");
        let other = uri(&self.target, "r", "conformance");
        let message = PrivateMessage {
            group_id: b"conformance".as_slice().into(),
            epoch: 1,
            content_type: mimi_codec::mls::ContentType::Application,
            authenticated_data: Vec::new().into(),
            encrypted_sender_data: vec![1; 32].into(),
            ciphertext: vec![2; 64].into(),
        };
        let body = ApplicationMessage::new(MLSMessage::from(message))
            .ok()
            .and_then(|message| FanoutMessage::new(1, FanoutEvent::Application { message, frank: None }).ok())
            .and_then(|message| message.to_bytes().ok())
            .unwrap_or_default();
        let to = |room: &str, body: &[u8]| self.ask(Endpoint::Notify, room.as_bytes(), body);
        let (valid, again) = (to(&room, &body), to(&room, &body));
        let (malformed, foreign) = (to(&room, b"nonsense"), to(&other, &body));
        let taken = || status_is(&[201]);
        self.case(("notify", Kind::Valid, "5.5", "a message: 201"), valid, taken()).await;
        self.case(("notify", Kind::Replayed, "5.5", "the same body again: 201"), again, taken()).await;
        let what = "not a FanoutMessage: 400";
        self.case(("notify", Kind::Invalid, "5.5", what), malformed, status_is(&[400])).await;
        let what = "about a room of another host: refused";
        self.case(("notify", Kind::Unauthorized, "5.5", what), foreign, status_is(&[400, 403, 404])).await;
    }

    async fn consent(&mut self) {
        let identifier = |domain: &DnsName, name: &str| IdentifierUri::new(uri(domain, "u", name).as_str());
        let third = DnsName::parse("third.example").ok();
        let request = |requester: &DnsName, target: &DnsName| -> Result<Vec<u8>> {
            let entry = ConsentEntry::Request {
                requester_uri: identifier(requester, "tester")?,
                target_uri: identifier(target, "stranger")?,
                room_id: None,
                consent_extensions: AppDataDictionary::default(),
            };
            Ok(entry.to_bytes()?)
        };
        let revoke = |requester: &DnsName, target: &DnsName| -> Result<Vec<u8>> {
            let entry = ConsentEntry::Revoke {
                requester_uri: identifier(requester, "stranger")?,
                target_uri: identifier(target, "tester")?,
                room_id: None,
                consent_extensions: AppDataDictionary::default(),
            };
            Ok(entry.to_bytes()?)
        };
        let (own, target) = (self.own.clone(), self.target.clone());
        let third = third.unwrap_or_else(|| own.clone());
        let path = target.as_str().as_bytes().to_vec();
        let cases = [
            (Endpoint::RequestConsent, request(&own, &target), request(&third, &target), request(&own, &own)),
            (Endpoint::UpdateConsent, revoke(&target, &own), revoke(&target, &third), revoke(&own, &own)),
        ];
        for (endpoint, valid, foreign, elsewhere) in cases {
            let name = endpoint.name();
            let to = |tester: &Self, body: Result<Vec<u8>>| tester.ask(endpoint, &path, body?);
            let again = valid.as_ref().map(Clone::clone).map_err(|_| crate::Error::from("not encoded"));
            let asked = to(self, valid);
            self.case((name, Kind::Valid, "5.7", "an entry: 201"), asked, status_is(&[201])).await;
            let asked = to(self, again);
            self.case((name, Kind::Replayed, "5.7", "the same entry again: 201"), asked, status_is(&[201]))
                .await;
            let asked = to(self, Ok(b"nonsense".to_vec()));
            self.case((name, Kind::Invalid, "5.7", "not a ConsentEntry: 400"), asked, status_is(&[400]))
                .await;
            let asked = to(self, elsewhere);
            let what = "the path contradicts the body: refused";
            self.case((name, Kind::Invalid, "5.7", what), asked, status_is(&[400, 403])).await;
            let asked = to(self, foreign);
            let what = "in the name of another provider's user: refused";
            self.case((name, Kind::Unauthorized, "5.7", what), asked, status_is(&[400, 403])).await;
        }
    }

    async fn query(&mut self) {
        let request = IdentifierRequest {
            query_elements: vec![QueryElement::Nick { search_value: "no one has this nick".to_owned() }],
            id_request_extensions: AppDataDictionary::default(),
        };
        let bytes = request.to_bytes().unwrap_or_default();
        let target = self.target.as_str().as_bytes().to_vec();
        let answered = |answer: &PeerAnswer| body::<IdentifierResponse>(answer).map(|_| ());
        let name = Endpoint::IdentifierQuery.name();
        for (kind, what) in [
            (Kind::Valid, "an unknown nick: an IdentifierResponse"),
            (Kind::Replayed, "the same query again: an IdentifierResponse"),
        ] {
            let ask = self.ask(Endpoint::IdentifierQuery, &target, bytes.clone());
            self.case((name, kind, "5.8", what), ask, answered).await;
        }
        let ask = self.ask(Endpoint::IdentifierQuery, &target, b"nonsense".as_slice());
        let what = "not an IdentifierRequest: 400";
        self.case((name, Kind::Invalid, "5.8", what), ask, status_is(&[400])).await;
        let other = self.own.as_str().as_bytes().to_vec();
        let ask = self.ask(Endpoint::IdentifierQuery, &other, bytes);
        let what = "about another domain: refused";
        self.case((name, Kind::Unauthorized, "5.8", what), ask, status_is(&[400, 403, 404])).await;
    }

    async fn downloads(&mut self) {
        let cases = [
            (Kind::Invalid, "http://a.example/x", "not https: 400", &[400_u16] as &[u16]),
            (Kind::Invalid, "https://127.0.0.1/x", "a host that is no domain name: 400", &[400]),
            (
                Kind::Unauthorized,
                "https://open-proxy.example/x",
                "a host that is no asset domain: 403",
                &[403],
            ),
        ];
        for (kind, url, what, expected) in cases {
            let ask = self.ask(Endpoint::ProxyDownload, url.as_bytes(), Vec::new());
            let ask = ask.map(|ask| ask.with(hyper::Method::GET));
            self.case((Endpoint::ProxyDownload.name(), kind, "5.10.2", what), ask, status_is(expected)).await;
        }
    }

    /// Endpoints of rooms, as a stranger to them.
    async fn strangers(&mut self, client: &mut Client) -> Result<()> {
        let decoy = client.create("conformance", &rules()).await?;
        let [message, handshake, group_info] = client.bodies(&decoy)?;
        let none = uri(&self.target, "r", "there-is-no-such-room");
        let room = none.as_bytes();
        let cases = [
            (Endpoint::SubmitMessage, "5.4", message),
            (Endpoint::Update, "5.3", handshake),
            (Endpoint::GroupInfo, "5.6", group_info),
        ];
        for (endpoint, section, bytes) in cases {
            let ask = self.ask(endpoint, room, bytes);
            let what = "a room that does not exist: not accepted, by a struct or 403 or 404";
            let refused = move |answer: &PeerAnswer| match (answer.status, endpoint) {
                (403 | 404, _) => Ok(()),
                (_, Endpoint::SubmitMessage) => match body::<SubmitMessageResponse>(answer)?.status_code {
                    SubmitResult::Accepted { .. } => Err("accepted".to_owned()),
                    _ => Ok(()),
                },
                (_, Endpoint::Update) => match body::<UpdateRoomResponse>(answer)? {
                    UpdateRoomResponse::Success { .. } => Err("accepted".to_owned()),
                    _ => Ok(()),
                },
                _ => match body::<GroupInfoResponse>(answer)?.status {
                    GroupInfoAnswer::Success { .. } => Err("accepted".to_owned()),
                    _ => Ok(()),
                },
            };
            self.case((endpoint.name(), Kind::Unauthorized, section, what), ask, refused).await;
        }
        for (endpoint, section) in [
            (Endpoint::SubmitMessage, "5.4"),
            (Endpoint::Update, "5.3"),
            (Endpoint::GroupInfo, "5.6"),
            (Endpoint::ReportAbuse, "5.9"),
        ] {
            let ask = self.ask(endpoint, room, b"nonsense".as_slice());
            let what = "a body that does not decode: 400 or 404";
            self.case((endpoint.name(), Kind::Invalid, section, what), ask, status_is(&[400, 404])).await;
        }
        let user = UserUri::try_from(uri(&self.target, "u", "stranger").as_str())?;
        let request = client.key_material_request(&decoy, &user)?;
        let bytes = request.to_bytes()?;
        let name = Endpoint::KeyMaterial.name();
        let answered = |answer: &PeerAnswer| {
            let answer = body::<mimi_codec::protocol::KeyMaterialResponse>(answer)?;
            match answer.clients().iter().any(|it| it.key_package().is_some()) {
                true => Err("KeyPackages without consent".to_owned()),
                false => Ok(()),
            }
        };
        for (kind, what) in [
            (Kind::Valid, "of a user who has not consented: an answer without KeyPackages"),
            (Kind::Replayed, "the same request again: an answer without KeyPackages"),
        ] {
            let ask = self.ask(Endpoint::KeyMaterial, user.as_bytes(), bytes.clone());
            self.case((name, kind, "5.2", what), ask, answered).await;
        }
        let mut forged = request;
        forged.acceptable_ciphersuites = mimi_codec::List::new(vec![
            crate::identity::CIPHER_SUITE,
            mimi_codec::code_points::CipherSuite(2),
        ])?;
        let ask = self.ask(Endpoint::KeyMaterial, user.as_bytes(), forged.to_bytes()?);
        let what = "changed after it was signed: refused";
        self.case((name, Kind::Unauthorized, "5.2", what), ask, status_is(&[400, 403])).await;
        let other = uri(&self.target, "u", "other");
        let ask = self.ask(Endpoint::KeyMaterial, other.as_bytes(), bytes);
        let what = "the path contradicts the body: refused";
        self.case((name, Kind::Invalid, "5.2", what), ask, status_is(&[400, 403])).await;
        Ok(())
    }

    /// Endpoints of a room that the tester joins.
    async fn guest(&mut self, client: &mut Client, invitation: &Invitation) -> Result<()> {
        let Invitation { room, code, role } = invitation;
        let path = room.as_bytes();
        let without = client.group_info_request(room, None)?.request().to_bytes()?;
        let ask = self.ask(Endpoint::GroupInfo, path, without);
        let refused = |answer: &PeerAnswer| match body::<GroupInfoResponse>(answer)?.status {
            GroupInfoAnswer::Success { .. } => Err("the GroupInfo, for a stranger".to_owned()),
            _ => Ok(()),
        };
        let name = Endpoint::GroupInfo.name();
        self.case((name, Kind::Unauthorized, "5.6", "without a code: not given"), ask, refused).await;
        let fetch = client.group_info_request(room, Some(code))?;
        let mut opened = None;
        for (kind, what) in
            [(Kind::Valid, "with a code: sealed and signed"), (Kind::Replayed, "again: sealed anew")]
        {
            let ask = self.ask(Endpoint::GroupInfo, path, fetch.request().to_bytes()?);
            let open = |answer: &PeerAnswer| {
                client.open_group_info(&fetch, body(answer)?).map(|_| ()).map_err(|why| why.to_string())
            };
            let answer = self.case((name, kind, "5.6", what), ask, open).await;
            opened = answer.and_then(|it| client.open_group_info(&fetch, body(&it).ok()?).ok()).or(opened);
        }
        let tbe = opened.ok_or("no GroupInfo: the cases that rest on it are not run")?;
        let (request, joining) = client.external_commit(room, tbe, Some(*role))?;
        let name = Endpoint::Update.name();
        let accepted = |answer: &PeerAnswer| match body::<UpdateRoomResponse>(answer)? {
            UpdateRoomResponse::Success { .. } => Ok(()),
            other => Err(other.error_description().to_owned()),
        };
        let bytes = request.to_bytes()?;
        let ask = self.ask(Endpoint::Update, path, bytes.clone());
        let first = self.case((name, Kind::Valid, "5.3", "an external commit: success"), ask, accepted).await;
        let first = first.ok_or("no answer")?;
        let time = |answer: &PeerAnswer| match body::<UpdateRoomResponse>(answer) {
            Ok(UpdateRoomResponse::Success { accepted_timestamp, .. }) => Some(accepted_timestamp),
            _ => None,
        };
        let at = time(&first);
        let ask = self.ask(Endpoint::Update, path, bytes);
        // The drafts do not say what a repeated handshake is answered; only that it counts once.
        let once = |answer: &PeerAnswer| match body::<UpdateRoomResponse>(answer)? {
            UpdateRoomResponse::Success { accepted_timestamp, .. } if Some(accepted_timestamp) != at => {
                Err("accepted twice".to_owned())
            }
            _ => Ok(()),
        };
        self.case((name, Kind::Replayed, "5.3", "the same commit again: counts once"), ask, once).await;
        client.joined(room, joining)?;

        let name = Endpoint::SubmitMessage.name();
        let (composed, data) = client.sealed(room, "conformance")?;
        let bytes = composed.request.to_bytes()?;
        let franked = |answer: &PeerAnswer| {
            let answer: SubmitMessageResponse = body(answer)?;
            let SubmitResult::Accepted { accepted_timestamp, frank } = answer.status_code else {
                return Err(format!("{:?}", answer.status_code));
            };
            let checked =
                client.check_frank(room, (&data, &composed.frank_aad), accepted_timestamp, frank.as_ref());
            checked.map(|_| ()).map_err(|why| why.to_string())
        };
        let ask = self.ask(Endpoint::SubmitMessage, path, bytes.clone());
        let what = "a message: accepted with a frank that holds";
        let first = self.case((name, Kind::Valid, "5.4.1", what), ask, franked).await;
        let ask = self.ask(Endpoint::SubmitMessage, path, bytes);
        let what = "the same message again: an answer";
        let decodes = |answer: &PeerAnswer| body::<SubmitMessageResponse>(answer).map(|_| ());
        self.case((name, Kind::Replayed, "5.4", what), ask, decodes).await;
        let mut foreign: SubmitMessageRequest = client.sealed(room, "as another")?.0.request;
        foreign.sending_uri = IdentifierUri::new(uri(&self.target, "u", "tester").as_str())?;
        let ask = self.ask(Endpoint::SubmitMessage, path, foreign.to_bytes()?);
        let refused = |answer: &PeerAnswer| match answer.status {
            403 => Ok(()),
            _ => match body::<SubmitMessageResponse>(answer)?.status_code {
                SubmitResult::Accepted { .. } => Err("accepted".to_owned()),
                _ => Ok(()),
            },
        };
        let what = "in the name of a user of another provider: not accepted";
        self.case((name, Kind::Unauthorized, "5.4", what), ask, refused).await;

        let first = first.ok_or("no answer to a message")?;
        let SubmitResult::Accepted { accepted_timestamp, frank } =
            body::<SubmitMessageResponse>(&first)?.status_code
        else {
            return Ok(());
        };
        let stored =
            client.check_frank(room, (&data, &composed.frank_aad), accepted_timestamp, frank.as_ref());
        let Ok(Some(stored)) = stored else { return Ok(()) };
        let report: AbuseReport = client.report_of(room, &data, &stored)?;
        let name = Endpoint::ReportAbuse.name();
        for (kind, what) in
            [(Kind::Valid, "a report: taken"), (Kind::Replayed, "the same report again: taken")]
        {
            let ask = self.ask(Endpoint::ReportAbuse, path, report.to_bytes()?);
            self.case((name, kind, "5.9", what), ask, status_is(&[200, 201, 202, 204])).await;
        }
        Ok(())
    }
}

/// Runs all cases against `target`, a peer in the tester's configuration. `work` is a folder for
/// the tester's own provider and client, which the cases need for their credentials.
///
/// # Errors
/// If the tester's own files cannot be used. What is wrong with the target is in the cases.
pub async fn run(
    config: &Config,
    target: &str,
    invitation: Option<&Invitation>,
    work: &Path,
) -> Result<Vec<Case>> {
    let target = target.strip_prefix("https://").unwrap_or(target).trim_end_matches('/');
    let target = DnsName::parse(target).map_err(|why| format!("{target}: {why}"))?;
    let peer = config.peers.iter().find(|peer| peer.domain.eq_ignore_ascii_case(target.as_str()));
    let peer = peer.ok_or("the target is not among the peers of the configuration")?;
    let address = match peer.address {
        Some(address) => address,
        None => tokio::net::lookup_host((target.as_str(), 443)).await?.next().ok_or("no address")?,
    };
    // The tester's own provider vouches for its client.
    let store = SqliteStore::open(&work.join("tester.db"))?;
    let mut own = config.clone();
    own.registration_token = Some("tester".to_owned());
    let local = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    own.listen = crate::config::Listen { federation: local, clients: local, health: local };
    let running = Running::start(&own, Box::new(store), Arc::new(SystemClock)).await?;
    // A new user each time: the target may remember the one of an earlier run.
    let mut name = [0; 8];
    generator()?.fill_bytes(&mut name);
    let name = format!("tester-{}", hex::encode(name));
    let user = MimiUri::user(config.domain_name()?.as_ref(), &name)?;
    let (user, file) = (UserUri::from(&user), work.join("client.db"));
    let mut client = Client::register(&file, running.clients, "tester", &user).await?;
    let tls = TlsConfigs::read(&config.tls)?;
    let mut tester = Tester {
        wire: Wire::new(address, target.as_str(), &config.domain, tls.client),
        target,
        own: config.domain_name()?,
        cases: Vec::new(),
    };
    tester.directory().await;
    tester.notify().await;
    tester.consent().await;
    tester.query().await;
    tester.downloads().await;
    tester.strangers(&mut client).await?;
    if let Some(invitation) = invitation
        && let Err(why) = tester.guest(&mut client, invitation).await
    {
        let (endpoint, kind, section) = ("room", Kind::Valid, "3.6");
        let what = "the tester joins the room, talks and reports";
        tester.cases.push(Case { endpoint, kind, section, what, failed: Some(why.to_string()) });
    }
    running.stop().await;
    Ok(tester.cases)
}
