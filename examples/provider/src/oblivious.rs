//! Oblivious HTTP for downloads (mimi-protocol-06 §5.10.3, RFC 9458): the hub's gateway and a
//! client's requests. The relay between them is the client's provider.
//!
//! The draft leaves open where the gateway is and how its keys are found. They are where RFC 9540
//! has them: `/.well-known/ohttp-gateway` of the hub, which answers GET with its keys.

use std::io::Cursor;

use bhttp::{Message, Mode, StatusCode};
use ohttp::{
    ClientRequest, ClientResponse, Error, KeyConfig, Server, ServerResponse, SymmetricSuite,
    hpke::{Aead, Kdf, Kem},
};

use crate::{
    Result,
    server::{HttpResponse, answer},
};

/// The path of a gateway and its keys (RFC 9540 §4).
pub const GATEWAY_PATH: &str = "/.well-known/ohttp-gateway";

/// The media type of an encapsulated request.
pub const REQUEST_MEDIA_TYPE: &str = "message/ohttp-req";

/// The media type of an encapsulated response.
pub const RESPONSE_MEDIA_TYPE: &str = "message/ohttp-res";

/// The media type of key configurations.
pub const KEYS_MEDIA_TYPE: &str = "application/ohttp-keys";

/// The longest encapsulated request, in bytes: it holds a URL and little else.
pub const MAX_REQUEST: usize = 16 << 10;

const KEY_ID: u8 = 1;

/// A hub's gateway.
pub struct Gateway {
    server: Server,
    keys: Vec<u8>,
}

/// Why a gateway opens no request. The answer is one that the relay can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// It is for another key: the client must fetch the keys again.
    OtherKey,
    /// It is not an encapsulated request.
    Malformed,
}

impl NotOpened {
    /// The response (RFC 9458 §5.3).
    #[must_use]
    pub fn response(self) -> HttpResponse {
        match self {
            Self::OtherKey => answer::with_body(
                422,
                "application/problem+json",
                r#"{"type":"https://iana.org/assignments/http-problem-types#ohttp-key","title":"key identifier unknown"}"#,
            ),
            Self::Malformed => answer::status(400),
        }
    }
}

/// Seals the response to one request.
pub struct Sealer(ServerResponse);

/// Opens the response to one request.
pub struct Opener(ClientResponse);

impl Gateway {
    /// The gateway whose key is derived from `seed`, 32 bytes.
    ///
    /// # Errors
    /// If no key can be derived.
    pub fn new(seed: &[u8]) -> Result<Self> {
        let suites = vec![
            SymmetricSuite::new(Kdf::HkdfSha256, Aead::Aes128Gcm),
            SymmetricSuite::new(Kdf::HkdfSha256, Aead::ChaCha20Poly1305),
        ];
        let config = KeyConfig::derive(KEY_ID, Kem::X25519Sha256, suites, seed)?;
        let keys = KeyConfig::encode_list(&[&config])?;
        Ok(Self { server: Server::new(config)?, keys })
    }

    /// Its keys, as [`KEYS_MEDIA_TYPE`].
    #[must_use]
    pub fn keys(&self) -> &[u8] {
        &self.keys
    }

    /// Opens a request: the URL that it gets, or the status of the answer if it is another request.
    ///
    /// # Errors
    /// [`NotOpened`].
    pub fn open(&self, request: &[u8]) -> Result<(Result<String, u16>, Sealer), NotOpened> {
        let (request, response) = self.server.decapsulate(request).map_err(|error| match error {
            Error::KeyId => NotOpened::OtherKey,
            _ => NotOpened::Malformed,
        })?;
        Ok((target(&request), Sealer(response)))
    }
}

/// The URL of a binary GET request (RFC 9292); otherwise the status of the answer.
fn target(request: &[u8]) -> Result<String, u16> {
    let message = Message::read_bhttp(&mut Cursor::new(request)).map_err(|_| 400_u16)?;
    let control = message.control();
    let part = |bytes: Option<&[u8]>| bytes.and_then(|it| std::str::from_utf8(it).ok()).map(str::to_owned);
    let (method, scheme) = (part(control.method()), part(control.scheme()));
    let (authority, path) = (part(control.authority()), part(control.path()));
    let (Some(method), Some(scheme), Some(authority), Some(path)) = (method, scheme, authority, path) else {
        return Err(400);
    };
    if method != "GET" {
        return Err(405);
    }
    if scheme != "https" || !message.content().is_empty() {
        return Err(400);
    }
    Ok(format!("https://{authority}{path}"))
}

impl Sealer {
    /// The encapsulated response.
    ///
    /// # Errors
    /// If the status is not one of HTTP, or sealing fails.
    pub fn seal(self, status: u16, body: &[u8]) -> Result<Vec<u8>> {
        let mut message = Message::response(StatusCode::try_from(status)?);
        message.write_content(body);
        let mut bytes = Vec::new();
        message.write_bhttp(Mode::KnownLength, &mut bytes)?;
        Ok(self.0.encapsulate(&bytes)?)
    }
}

/// A request for an asset: what the client's provider relays, and what opens the response.
///
/// # Errors
/// If the client knows none of the keys, or `url` is not an `https` URL with a path.
pub fn request(keys: &[u8], url: &str) -> Result<(Vec<u8>, Opener)> {
    let rest = url.strip_prefix("https://").ok_or("not an https URL")?;
    let slash = rest.find('/').ok_or("the URL has no path")?;
    let (authority, path) = rest.split_at(slash);
    let message = Message::request(b"GET".to_vec(), b"https".to_vec(), authority.into(), path.into());
    let mut bytes = Vec::new();
    message.write_bhttp(Mode::KnownLength, &mut bytes)?;
    let (sealed, response) = ClientRequest::from_encoded_config_list(keys)?.encapsulate(&bytes)?;
    Ok((sealed, Opener(response)))
}

impl Opener {
    /// The asset.
    ///
    /// # Errors
    /// If the response does not open, or the hub has refused: its status.
    pub fn open(self, response: &[u8]) -> Result<Vec<u8>> {
        let bytes = self.0.decapsulate(response)?;
        let message = Message::read_bhttp(&mut Cursor::new(&bytes))?;
        match message.control().status().map(StatusCode::code) {
            Some(200) => Ok(message.content().to_vec()),
            Some(status) => Err(format!("the hub answers HTTP {status}").into()),
            None => Err("not a response".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reaches_the_gateway_and_its_response_the_client() {
        let gateway = Gateway::new(&[7; 32]).unwrap();
        let url = "https://c.example/asset/1?x=y";
        let (sealed, opener) = request(gateway.keys(), url).unwrap();
        assert!(!sealed.windows(7).any(|it| it == b"example"));
        let (asked, sealer) = gateway.open(&sealed).unwrap();
        assert_eq!(asked.unwrap(), url);
        assert_eq!(opener.open(&sealer.seal(200, b"asset").unwrap()).unwrap(), b"asset");
        // The status of a refusal is for the client.
        let (sealed, opener) = request(gateway.keys(), url).unwrap();
        let (_, sealer) = gateway.open(&sealed).unwrap();
        let error = opener.open(&sealer.seal(403, b"").unwrap()).unwrap_err().to_string();
        assert!(error.contains("403"), "{error}");
    }

    #[test]
    fn the_key_is_that_of_the_seed() {
        let (one, again, other) = (
            Gateway::new(&[7; 32]).unwrap(),
            Gateway::new(&[7; 32]).unwrap(),
            Gateway::new(&[8; 32]).unwrap(),
        );
        assert_eq!(one.keys(), again.keys());
        let (sealed, _) = request(one.keys(), "https://c.example/a").unwrap();
        assert!(again.open(&sealed).is_ok());
        assert_eq!(other.open(&sealed).err(), Some(NotOpened::Malformed));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let gateway = Gateway::new(&[7; 32]).unwrap();
        let (sealed, _) = request(gateway.keys(), "https://c.example/a").unwrap();
        for length in 0..sealed.len() {
            assert_eq!(gateway.open(&sealed[..length]).err(), Some(NotOpened::Malformed), "{length}");
        }
        let mut flipped = sealed.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert_eq!(gateway.open(&flipped).err(), Some(NotOpened::Malformed));
        let mut other = sealed;
        other[0] ^= 1;
        assert_eq!(gateway.open(&other).err(), Some(NotOpened::OtherKey));
        assert_eq!(NotOpened::OtherKey.response().status(), 422);
        // Sealed well, and no download.
        let binary = |method: &[u8], scheme: &[u8]| {
            let message = Message::request(method.into(), scheme.into(), b"c.example".into(), b"/a".into());
            let mut bytes = Vec::new();
            message.write_bhttp(Mode::KnownLength, &mut bytes).unwrap();
            bytes
        };
        assert_eq!(target(&binary(b"GET", b"https")), Ok("https://c.example/a".to_owned()));
        assert_eq!(target(&binary(b"POST", b"https")), Err(405));
        assert_eq!(target(&binary(b"GET", b"http")), Err(400));
        assert_eq!(target(b"\x09nonsense"), Err(400));
        assert!(request(gateway.keys(), "http://c.example/a").is_err());
        assert!(request(b"no keys", "https://c.example/a").is_err());
    }
}
