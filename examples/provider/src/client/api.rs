//! The provider's API for its clients, as a client calls it.

use std::{fmt, net::SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1,
    header::{AUTHORIZATION, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why the provider has not done what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiError {
    /// It cannot be reached.
    Connection(String),
    /// It has answered with this status, and perhaps with words.
    Status(u16, String),
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(why) => write!(f, "the provider cannot be reached: {why}"),
            Self::Status(status, words) if words.is_empty() => {
                write!(f, "the provider answers HTTP {status}")
            }
            Self::Status(status, words) => write!(f, "the provider answers HTTP {status}: {words}"),
        }
    }
}

impl std::error::Error for ApiError {}

pub(super) struct Api {
    provider: SocketAddr,
    token: String,
}

impl Api {
    pub(super) const fn new(provider: SocketAddr, token: String) -> Self {
        Self { provider, token }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Vec<u8>, ApiError> {
        self.call(Method::GET, path, Vec::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        self.call(Method::POST, path, body).await
    }

    pub(super) async fn put(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        self.call(Method::PUT, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        let broken = |why: &dyn fmt::Display| ApiError::Connection(why.to_string());
        let stream = TcpStream::connect(self.provider).await.map_err(|why| broken(&why))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|why| broken(&why))?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/{path}"))
            .header(HOST, self.provider.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(body)))
            .map_err(|why| broken(&why))?;
        let response = sender.send_request(request).await.map_err(|why| broken(&why))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|why| broken(&why))?.to_bytes().to_vec();
        if status.is_success() {
            Ok(body)
        } else {
            Err(ApiError::Status(status.as_u16(), String::from_utf8_lossy(&body).into_owned()))
        }
    }
}
