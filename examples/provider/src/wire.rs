//! Requests to a provider as a tester makes them: anything may be wrong about them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_TYPE, FROM, HOST},
};
use hyper_util::rt::TokioIo;
use mimi_codec::{Directory, Endpoint, HttpsUrlRef, MEDIA_TYPE, encode_path_segment, host_header};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Result, peers::PeerAnswer};

/// How long a tester waits.
const LIMIT: Duration = Duration::from_secs(20);

/// A request and what it claims.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The header From, if there is one.
    pub from: Option<String>,
    /// The header Host.
    pub host: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The way to one provider, with a certificate of one's own.
#[derive(Clone)]
pub struct Wire {
    address: SocketAddr,
    server: String,
    own: String,
    connector: TlsConnector,
    directory: Option<Arc<Directory>>,
}

impl Wire {
    /// The way to the provider `server` at `address`, as the provider `own`.
    #[must_use]
    pub fn new(address: SocketAddr, server: &str, own: &str, client: Arc<ClientConfig>) -> Self {
        let connector = TlsConnector::from(client);
        Self { address, server: server.to_owned(), own: own.to_owned(), connector, directory: None }
    }

    /// With the paths of the provider's directory, instead of this program's `/v1/{endpoint}/…`.
    #[must_use]
    pub fn by(mut self, directory: Directory) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// A request as it should be.
    ///
    /// # Errors
    /// If the variable cannot be in a path, or the directory does not list the endpoint.
    pub fn ask(&self, endpoint: Endpoint, variable: &[u8], body: Vec<u8>) -> Result<Ask> {
        let Some(directory) = &self.directory else {
            let path = format!("/v1/{}/{}", endpoint.name(), encode_path_segment(variable)?);
            return Ok(Ask { body, ..self.get(path).with(Method::POST) });
        };
        let template = directory.template(endpoint)?;
        let url = template.expand(variable)?;
        let parsed = HttpsUrlRef::parse(&url)?;
        let host = host_header(parsed.host(), parsed.port());
        let rest = url.get("https://".len()..).unwrap_or_default();
        let path = rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/");
        Ok(Ask { host, body, ..self.get(path).with(Method::POST) })
    }

    /// `GET path`.
    #[must_use]
    pub fn get(&self, path: impl Into<String>) -> Ask {
        Ask {
            method: Method::GET,
            path: path.into(),
            from: Some(format!("mimi@{}", self.own)),
            host: self.server.clone(),
            body: Vec::new(),
        }
    }

    /// A connection of TLS.
    ///
    /// # Errors
    /// If there is none.
    pub async fn connect(&self) -> Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let server = ServerName::try_from(self.server.clone())?;
        Ok(self.connector.connect(server, stream).await?)
    }

    /// Sends a request by HTTP/1.1 over a connection of its own.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send(&self, ask: Ask) -> Result<PeerAnswer> {
        timeout(LIMIT, self.send_now(ask)).await.map_err(|_| "no answer in time")?
    }

    async fn send_now(&self, ask: Ask) -> Result<PeerAnswer> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(self.connect().await?)).await?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(ask.method).uri(ask.path).header(HOST, ask.host);
        if let Some(from) = ask.from {
            request = request.header(FROM, from);
        }
        request = request.header(CONTENT_TYPE, MEDIA_TYPE);
        let response = sender.send_request(request.body(Full::new(Bytes::from(ask.body)))?).await?;
        let (head, body) = response.into_parts();
        let header =
            |name| head.headers.get(name).and_then(|it: &hyper::header::HeaderValue| it.to_str().ok());
        Ok(PeerAnswer {
            status: head.status.as_u16(),
            retry_after_s: header(hyper::header::RETRY_AFTER).and_then(|it| it.parse().ok()),
            media_type: header(CONTENT_TYPE).map(str::to_owned),
            body: body.collect().await?.to_bytes().to_vec(),
        })
    }
}

impl Ask {
    /// With another method.
    #[must_use]
    pub fn with(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// From this provider, whatever the certificate says; from none without one.
    #[must_use]
    pub fn from(mut self, domain: Option<&str>) -> Self {
        self.from = domain.map(|domain| format!("mimi@{domain}"));
        self
    }
}
