//! MIMI URIs (mimi-protocol-06 §3, mimi-identity-05 §4).

use mimi_codec::{MimiUriRef, TextError, UriKind};
use serde::Serialize;

use crate::{Error, ErrorKind, Result};

/// What a MIMI URI says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UriInfo {
    /// `provider`, `user`, `client`, `room`, `group`, `pseudonym`, `team` or `other`.
    pub kind: String,
    /// The path segment of the kind: `u`; `None` for a provider.
    pub segment: Option<String>,
    /// The provider's domain name as it is written.
    pub host: String,
    /// The identifier as it is written, with its percent escapes; `None` for a provider.
    pub id: Option<String>,
    /// The identifier without escapes, if it is UTF-8.
    pub decoded_id: Option<String>,
    /// The one spelling in which URIs are compared.
    pub normalized: String,
    /// Whether the URI has that spelling. Other spellings are refused in rooms (mimi-codec's
    /// `UserUri`).
    pub is_normal: bool,
    /// Whether the URI names a user, by its name or by a pseudonym.
    pub names_user: bool,
}

fn error(error: TextError) -> Error {
    Error::new(ErrorKind::InvalidInput, error).because(&error.kind).in_field("uri").at(error.offset)
}

fn kind_name(kind: UriKind<'_>) -> &'static str {
    match kind {
        UriKind::Provider => "provider",
        UriKind::User => "user",
        UriKind::Client => "client",
        UriKind::Room => "room",
        UriKind::Group => "group",
        UriKind::Pseudonym => "pseudonym",
        UriKind::Team => "team",
        UriKind::Other(_) => "other",
    }
}

/// Reads a MIMI URI.
///
/// ```
/// let info = mimi::uri::check_uri("mimi://A.example/u/alice%20smith")?;
/// assert_eq!((info.kind.as_str(), info.decoded_id.as_deref()), ("user", Some("alice smith")));
/// assert_eq!((info.is_normal, info.normalized.as_str()), (false, "mimi://a.example/u/alice%20smith"));
///
/// let error = mimi::uri::check_uri("mimi://a.example/u/").unwrap_err();
/// assert_eq!((error.reason.as_deref(), error.offset), (Some("EmptyId"), Some(19)));
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] with the byte at which the text is no MIMI URI.
pub fn check_uri(uri: &str) -> Result<UriInfo> {
    let uri = MimiUriRef::parse(uri).map_err(error)?;
    let decoded = uri.decoded_id();
    Ok(UriInfo {
        kind: kind_name(uri.kind()).into(),
        segment: uri.kind().segment().map(String::from),
        host: uri.host().to_string(),
        id: uri.id().map(String::from),
        decoded_id: decoded.and_then(|id| String::from_utf8(id.into_owned()).ok()),
        normalized: uri.normalized().to_string(),
        is_normal: uri.is_normal(),
        names_user: uri.kind().names_user(),
    })
}

/// Whether two MIMI URIs name the same, however each is spelled.
///
/// ```
/// assert!(mimi::uri::same_uri("mimi://A.example/u/%61lice", "mimi://a.example/u/alice")?);
/// # Ok::<(), mimi::Error>(())
/// ```
///
/// # Errors
///
/// As [`check_uri`], for the first of the two that is no MIMI URI.
pub fn same_uri(a: &str, b: &str) -> Result<bool> {
    Ok(MimiUriRef::parse(a).map_err(error)?.equivalent(MimiUriRef::parse(b).map_err(error)?))
}
