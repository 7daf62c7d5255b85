//! Other providers, as this one calls them: directory, connections, requests.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request,
    body::{Bytes, Incoming},
    client::conn::{http1, http2},
    header::{CONTENT_TYPE, FROM, HOST, RETRY_AFTER},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mimi_codec::{
    Directory, DnsName, Endpoint, HttpsUrlRef, MEDIA_TYPE, directory_url, from_header, host_header,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    config::Config,
    oblivious::{GATEWAY_PATH, REQUEST_MEDIA_TYPE},
    tls::{matched, presented_names},
};

/// A response of another provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAnswer {
    /// The status code.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
    /// `Content-Type`.
    pub media_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why another provider gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerError {
    /// It cannot be reached, or the connection broke: why.
    Connection(String),
    /// Its certificate is not that of its domain.
    Certificate,
    /// Its directory does not list the endpoint, or is not a directory.
    Directory,
    /// It took longer than the limit.
    TimedOut,
    /// Its answer is longer than the limit.
    TooLong,
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(why) => write!(f, "connection failed: {why}"),
            Self::Certificate => f.write_str("the certificate is not that of the domain"),
            Self::Directory => f.write_str("the directory does not list the endpoint"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::TooLong => f.write_str("the answer is too long"),
        }
    }
}

impl std::error::Error for PeerError {}

type Body = Full<Bytes>;

/// What is kept of a provider.
#[derive(Default)]
struct Known {
    directory: Option<Arc<Directory>>,
    connection: Option<http2::SendRequest<Body>>,
}

/// The way to other providers.
pub struct Peers {
    own: DnsName,
    connector: TlsConnector,
    addresses: BTreeMap<String, SocketAddr>,
    known: Mutex<BTreeMap<String, Known>>,
    limit: Duration,
    max_body: usize,
}

/// A connection that was opened.
enum Opened {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

fn broken(why: impl fmt::Display) -> PeerError {
    PeerError::Connection(why.to_string())
}

impl Peers {
    /// The way to the providers of a configuration.
    ///
    /// # Errors
    /// If the own domain is not a domain name.
    pub fn new(config: &Config, client: Arc<ClientConfig>) -> crate::Result<Self> {
        let addresses = config.peers.iter();
        let mut addresses: BTreeMap<String, SocketAddr> =
            addresses.filter_map(|peer| Some((peer.domain.to_ascii_lowercase(), peer.address?))).collect();
        // An asset server without an address of its own is its provider's.
        for peer in &config.peers {
            for host in &peer.asset_domains {
                if let Some(address) = peer.address {
                    addresses.entry(host.to_ascii_lowercase()).or_insert(address);
                }
            }
        }
        Ok(Self {
            own: config.domain_name()?,
            connector: TlsConnector::from(client),
            addresses,
            known: Mutex::new(BTreeMap::new()),
            limit: Duration::from_millis(config.limits.outgoing_ms),
            // An encapsulated asset is a little longer than the asset.
            max_body: config.limits.max_body.max(config.limits.max_asset).saturating_add(1 << 16),
        })
    }

    /// Posts a body to an endpoint of a provider.
    ///
    /// # Errors
    /// [`PeerError`].
    pub async fn post(
        &self,
        provider: &DnsName,
        endpoint: Endpoint,
        variable: &[u8],
        body: Vec<u8>,
    ) -> Result<PeerAnswer, PeerError> {
        let work = async {
            let directory = self.directory(provider).await?;
            let template = directory.template(endpoint).map_err(|_| PeerError::Directory)?;
            let url = template.expand(variable).map_err(|_| PeerError::Directory)?;
            self.request(provider, Method::POST, &url, body).await
        };
        let answer = timeout(self.limit, work).await.unwrap_or(Err(PeerError::TimedOut));
        if matches!(&answer, Ok(answer) if answer.status == 404) || answer.is_err() {
            // It may have moved.
            self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name(provider));
        }
        answer
    }

    /// Gets an asset by a URL that was checked.
    ///
    /// # Errors
    /// [`PeerError`].
    pub async fn get(&self, url: HttpsUrlRef<'_>) -> Result<PeerAnswer, PeerError> {
        let host = url.host().to_owned();
        let work = self.request(&host, Method::GET, url.as_str(), Vec::new());
        timeout(self.limit, work).await.unwrap_or(Err(PeerError::TimedOut))
    }

    /// Gets a `proxyDownload` of a hub.
    ///
    /// # Errors
    /// [`PeerError`].
    pub async fn proxy_download(&self, hub: &DnsName, url: &str) -> Result<PeerAnswer, PeerError> {
        let work = async {
            let directory = self.directory(hub).await?;
            let template = directory.template(Endpoint::ProxyDownload).map_err(|_| PeerError::Directory)?;
            let url = template.expand(url.as_bytes()).map_err(|_| PeerError::Directory)?;
            self.request(hub, Method::GET, &url, Vec::new()).await
        };
        timeout(self.limit, work).await.unwrap_or(Err(PeerError::TimedOut))
    }

    /// Gets the key configurations of a hub's gateway of Oblivious HTTP, or posts an encapsulated
    /// request to it: the relay of RFC 9458.
    ///
    /// # Errors
    /// [`PeerError`].
    pub async fn gateway(&self, hub: &DnsName, request: Option<Vec<u8>>) -> Result<PeerAnswer, PeerError> {
        let url = format!("https://{}{GATEWAY_PATH}", hub.as_str());
        let work = async {
            match request {
                None => self.request(hub, Method::GET, &url, Vec::new()).await,
                Some(body) => self.request_as(REQUEST_MEDIA_TYPE, hub, Method::POST, &url, body).await,
            }
        };
        timeout(self.limit, work).await.unwrap_or(Err(PeerError::TimedOut))
    }

    fn name(&self, provider: &DnsName) -> String {
        provider.as_str().to_ascii_lowercase()
    }

    async fn directory(&self, provider: &DnsName) -> Result<Arc<Directory>, PeerError> {
        let name = self.name(provider);
        let known = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&name).and_then(|it| it.directory.clone())
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let url = directory_url(provider.as_ref());
        let answer = self.request(provider, Method::GET, &url, Vec::new()).await?;
        let directory = Directory::from_json(&answer.body).map_err(|_| PeerError::Directory)?;
        let directory = Arc::new(directory);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(name).or_default().directory = Some(directory.clone());
        Ok(directory)
    }

    /// A request over a connection whose certificate is `provider`'s.
    async fn request(
        &self,
        provider: &DnsName,
        method: Method,
        url: &str,
        body: Vec<u8>,
    ) -> Result<PeerAnswer, PeerError> {
        self.request_as(MEDIA_TYPE, provider, method, url, body).await
    }

    async fn request_as(
        &self,
        media_type: &'static str,
        provider: &DnsName,
        method: Method,
        url: &str,
        body: Vec<u8>,
    ) -> Result<PeerAnswer, PeerError> {
        let parsed = HttpsUrlRef::parse(url).map_err(|_| PeerError::Directory)?;
        let name = self.name(provider);
        let open = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&name).and_then(|it| it.connection.clone()).filter(|it| !it.is_closed())
        };
        let opened = match open {
            Some(open) => Opened::Http2(open),
            None => self.connect(provider, parsed).await?,
        };
        let host = host_header(parsed.host(), parsed.port());
        let mut request = Request::builder().method(method).header(FROM, from_header(self.own.as_ref()));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, media_type);
        }
        let rest = url.get("https://".len()..).unwrap_or_default();
        let path = rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/");
        let response = match opened {
            Opened::Http2(mut sender) => {
                let request = request.uri(url).body(Full::from(body)).map_err(broken)?;
                {
                    let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                    known.entry(name).or_default().connection = Some(sender.clone());
                }
                sender.ready().await.map_err(broken)?;
                sender.send_request(request).await
            }
            Opened::Http1(mut sender) => {
                let request = request.uri(path).header(HOST, host);
                let request = request.body(Full::from(body)).map_err(broken)?;
                sender.send_request(request).await
            }
        };
        self.answer(response.map_err(broken)?).await
    }

    async fn answer(&self, response: hyper::Response<Incoming>) -> Result<PeerAnswer, PeerError> {
        let (head, body) = response.into_parts();
        let header =
            |name| head.headers.get(name).and_then(|value: &hyper::header::HeaderValue| value.to_str().ok());
        let retry_after_s = header(RETRY_AFTER).and_then(|value| value.parse().ok());
        let media_type = header(CONTENT_TYPE).map(str::to_owned);
        let body = Limited::new(body, self.max_body).collect().await.map_err(|why| {
            if why.is::<http_body_util::LengthLimitError>() { PeerError::TooLong } else { broken(why) }
        })?;
        let body = body.to_bytes().to_vec();
        Ok(PeerAnswer { status: head.status.as_u16(), retry_after_s, media_type, body })
    }

    async fn connect(&self, provider: &DnsName, url: HttpsUrlRef<'_>) -> Result<Opened, PeerError> {
        let host = url.host().as_str().to_ascii_lowercase();
        let stream = match self.addresses.get(&host) {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect((host.as_str(), url.port().unwrap_or(443))).await,
        };
        let stream = stream.map_err(broken)?;
        stream.set_nodelay(true).map_err(broken)?;
        let server = ServerName::try_from(host).map_err(|_| PeerError::Directory)?;
        let stream: TlsStream<TcpStream> = self.connector.connect(server, stream).await.map_err(broken)?;
        let (_, tls) = stream.get_ref();
        if matched(provider.as_ref(), &presented_names(tls.peer_certificates())).is_none() {
            return Err(PeerError::Certificate);
        }
        let is_http2 = tls.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        if is_http2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.map_err(broken)?;
            tokio::spawn(connection);
            Ok(Opened::Http2(sender))
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(broken)?;
            tokio::spawn(connection);
            Ok(Opened::Http1(sender))
        }
    }
}
