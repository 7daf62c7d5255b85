//! The directory document of a provider (mimi-protocol-06 §5.1): JSON, one URL template for each
//! endpoint.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::endpoint::Endpoint;
use crate::text::TextError;
use crate::url_template::UrlTemplate;

/// The directory document: where a provider serves each endpoint.
///
/// A document that lists only some endpoints, or one of them in a form that can't be used, is read
/// as far as it goes: [`Self::problems`] names what is missing, and only a request to such an
/// endpoint fails. Members that the draft doesn't name are kept as they are.
///
/// ```
/// use mimi_codec::{Directory, DirectoryError, Endpoint, MimiUriRef};
///
/// let json = br#"{ "keyMaterial": "https://mimi.example.com/v1/keyMaterial/{targetUser}" }"#;
/// let directory = Directory::from_json(json)?;
/// let alice = MimiUriRef::parse("mimi://example.com/u/alice")?;
/// assert_eq!(
///     directory.template(Endpoint::KeyMaterial)?.expand_uri(alice),
///     "https://mimi.example.com/v1/keyMaterial/mimi%3A%2F%2Fexample.com%2Fu%2Falice",
/// );
/// assert_eq!(directory.template(Endpoint::Notify), Err(DirectoryError::Missing(Endpoint::Notify)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    endpoints: BTreeMap<Endpoint, Listed>,
    other: BTreeMap<String, serde_json::Value>,
}

/// What a document has for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    Template(UrlTemplate),
    /// The member as it was, and what is wrong with it.
    Unusable(serde_json::Value, DirectoryError),
}

impl Directory {
    /// Makes the document of a provider, asking for the template of each endpoint.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Template`] when a template is not one.
    pub fn new<T: AsRef<str>>(mut template: impl FnMut(Endpoint) -> T) -> Result<Self, DirectoryError> {
        let endpoints = Endpoint::ALL.iter().map(|&endpoint| {
            let template = parse_template(endpoint, template(endpoint).as_ref())?;
            Ok((endpoint, Listed::Template(template)))
        });
        Ok(Self { endpoints: endpoints.collect::<Result<_, _>>()?, other: BTreeMap::new() })
    }

    /// The URL template of an endpoint.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Missing`], [`DirectoryError::NotAString`] or [`DirectoryError::Template`].
    pub fn template(&self, endpoint: Endpoint) -> Result<&UrlTemplate, DirectoryError> {
        match self.endpoints.get(&endpoint) {
            None => Err(DirectoryError::Missing(endpoint)),
            Some(Listed::Template(template)) => Ok(template),
            Some(Listed::Unusable(_, error)) => Err(*error),
        }
    }

    /// The endpoints that can't be reached, in the draft's order, and why. None for a complete
    /// document.
    pub fn problems(&self) -> impl Iterator<Item = DirectoryError> {
        Endpoint::ALL.iter().filter_map(|&endpoint| self.template(endpoint).err())
    }

    fn from_members(mut members: BTreeMap<String, serde_json::Value>) -> Self {
        let endpoints = Endpoint::ALL.iter().filter_map(|&endpoint| {
            let listed = match members.remove(endpoint.name())? {
                serde_json::Value::String(text) => match parse_template(endpoint, &text) {
                    Ok(template) => Listed::Template(template),
                    Err(error) => Listed::Unusable(serde_json::Value::String(text), error),
                },
                other => Listed::Unusable(other, DirectoryError::NotAString(endpoint)),
            };
            Some((endpoint, listed))
        });
        Self { endpoints: endpoints.collect(), other: members }
    }

    /// Reads the document.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Json`] when it is not a JSON object whose members have different names.
    pub fn from_json(json: &[u8]) -> Result<Self, DirectoryError> {
        let members: Members = serde_json::from_slice(json)
            .map_err(|error| DirectoryError::Json { line: error.line(), column: error.column() })?;
        Ok(Self::from_members(members.0))
    }

    /// Writes the document: the draft's members in the draft's order, then the others in the order
    /// of their names.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and JSON values always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The members that the draft doesn't name.
    #[must_use]
    pub fn other_members(&self) -> &BTreeMap<String, serde_json::Value> {
        &self.other
    }

    /// Adds or replaces a member that the draft doesn't name.
    ///
    /// # Errors
    /// [`DirectoryError::EndpointName`] when `name` is that of an endpoint.
    pub fn insert_other(&mut self, name: String, value: serde_json::Value) -> Result<(), DirectoryError> {
        if let Some(&endpoint) = Endpoint::ALL.iter().find(|endpoint| endpoint.name() == name) {
            return Err(DirectoryError::EndpointName(endpoint));
        }
        self.other.insert(name, value);
        Ok(())
    }
}

/// Why a directory document was refused, or an endpoint can't be reached by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryError {
    /// It isn't a JSON object, or names a member twice; line and column count from 1.
    Json {
        /// The line where reading stopped.
        line: usize,
        /// The column where reading stopped.
        column: usize,
    },
    /// It doesn't list this endpoint.
    Missing(Endpoint),
    /// What it lists for this endpoint is not a string.
    NotAString(Endpoint),
    /// What it lists for this endpoint is not an `https` URL with one variable.
    Template(Endpoint, TextError),
    /// An extra member can't have the name of this endpoint.
    EndpointName(Endpoint),
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { line, column } => {
                write!(f, "not a JSON object with distinct members, line {line} column {column}")
            }
            Self::Missing(endpoint) => write!(f, "{} is missing", endpoint.name()),
            Self::NotAString(endpoint) => write!(f, "{} is not a string", endpoint.name()),
            Self::Template(endpoint, error) => write!(f, "{}: {error}", endpoint.name()),
            Self::EndpointName(endpoint) => write!(f, "{} is an endpoint", endpoint.name()),
        }
    }
}

impl core::error::Error for DirectoryError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Template(_, error) => Some(error),
            _ => None,
        }
    }
}

fn parse_template(endpoint: Endpoint, text: &str) -> Result<UrlTemplate, DirectoryError> {
    UrlTemplate::parse(text).map_err(|error| DirectoryError::Template(endpoint, error))
}

/// The members of the object, none of them twice.
struct Members(BTreeMap<String, serde_json::Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a directory document")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    if members.contains_key(&name) {
                        return Err(A::Error::custom("member given twice"));
                    }
                    members.insert(name, value);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for Directory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Members::deserialize(deserializer).map(|members| Self::from_members(members.0))
    }
}

impl Serialize for Directory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map =
            serializer.serialize_map(Some(self.endpoints.len().saturating_add(self.other.len())))?;
        for (endpoint, listed) in &self.endpoints {
            match listed {
                Listed::Template(template) => map.serialize_entry(endpoint.name(), template.as_str())?,
                Listed::Unusable(value, _) => map.serialize_entry(endpoint.name(), value)?,
            }
        }
        for (name, value) in &self.other {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::TextErrorKind;
    use alloc::string::ToString;
    use serde_json::json;

    /// mimi-protocol-06 §5.1, with its two slips mended: a colon after "proxyDownload" and a slash
    /// before `{roomId}`.
    fn draft() -> serde_json::Value {
        json!({
            "keyMaterial": "https://mimi.example.com/v1/keyMaterial/{targetUser}",
            "update": "https://mimi.example.com/v1/update/{roomId}",
            "notify": "https://mimi.example.com/v1/notify/{roomId}",
            "submitMessage": "https://mimi.example.com/v1/submitMessage/{roomId}",
            "groupInfo": "https://mimi.example.com/v1/groupInfo/{roomId}",
            "requestConsent": "https://mimi.example.com/v1/requestConsent/{targetUser}",
            "updateConsent": "https://mimi.example.com/v1/updateConsent/{requesterUser}",
            "identifierQuery": "https://mimi.example.com/v1/identifierQuery/{domain}",
            "reportAbuse": "https://mimi.example.com/v1/reportAbuse/{roomId}",
            "proxyDownload": "https://mimi.example.com/v1/proxyDownload/{downloadUrl}",
        })
    }

    fn parse(value: &serde_json::Value) -> Result<Directory, DirectoryError> {
        Directory::from_json(value.to_string().as_bytes())
    }

    #[test]
    fn the_drafts_example_expands_for_each_endpoint() {
        let directory = parse(&draft()).unwrap();
        for (endpoint, identifier, url) in [
            (
                Endpoint::KeyMaterial,
                "mimi://b.example/u/bob",
                "https://mimi.example.com/v1/keyMaterial/mimi%3A%2F%2Fb.example%2Fu%2Fbob",
            ),
            (
                Endpoint::Update,
                "mimi://a.example/r/x",
                "https://mimi.example.com/v1/update/mimi%3A%2F%2Fa.example%2Fr%2Fx",
            ),
            (
                Endpoint::Notify,
                "mimi://a.example/r/x",
                "https://mimi.example.com/v1/notify/mimi%3A%2F%2Fa.example%2Fr%2Fx",
            ),
            (
                Endpoint::SubmitMessage,
                "mimi://a.example/r/x",
                "https://mimi.example.com/v1/submitMessage/mimi%3A%2F%2Fa.example%2Fr%2Fx",
            ),
            (
                Endpoint::GroupInfo,
                "mimi://a.example/r/x",
                "https://mimi.example.com/v1/groupInfo/mimi%3A%2F%2Fa.example%2Fr%2Fx",
            ),
            (Endpoint::RequestConsent, "b.example", "https://mimi.example.com/v1/requestConsent/b.example"),
            (Endpoint::UpdateConsent, "a.example", "https://mimi.example.com/v1/updateConsent/a.example"),
            (Endpoint::IdentifierQuery, "b.example", "https://mimi.example.com/v1/identifierQuery/b.example"),
            (
                Endpoint::ReportAbuse,
                "mimi://a.example/r/x",
                "https://mimi.example.com/v1/reportAbuse/mimi%3A%2F%2Fa.example%2Fr%2Fx",
            ),
            (
                Endpoint::ProxyDownload,
                "https://c.example/f?x=1",
                "https://mimi.example.com/v1/proxyDownload/https%3A%2F%2Fc.example%2Ff%3Fx%3D1",
            ),
        ] {
            let template = directory.template(endpoint).unwrap();
            assert_eq!(template.expand(identifier.as_bytes()).as_deref(), Ok(url));
            assert_eq!(template.extract(url), Ok(Some(identifier.into())));
        }
    }

    #[test]
    fn unknown_members_survive() {
        let mut value = draft();
        value["meta"] = json!({"terms": ["https://mimi.example.com/terms", 1, null]});
        let directory = parse(&value).unwrap();
        assert_eq!(directory.other_members()["meta"], value["meta"]);
        let again: serde_json::Value = serde_json::from_str(&directory.to_json()).unwrap();
        assert_eq!(again, value);
        assert_eq!(parse(&again), Ok(directory));
    }

    #[test]
    fn builds_what_it_reads() {
        let built =
            Directory::new(|endpoint| alloc::format!("https://h.example/{}/{{x}}", endpoint.name())).unwrap();
        assert_eq!(Directory::from_json(built.to_json().as_bytes()), Ok(built.clone()));
        let mut built = built;
        assert_eq!(
            built.insert_other("notify".into(), json!(1)),
            Err(DirectoryError::EndpointName(Endpoint::Notify))
        );
        assert_eq!(built.insert_other("x".into(), json!(1)), Ok(()));
    }

    #[test]
    fn names_a_missing_endpoint_and_reads_the_others() {
        for &endpoint in Endpoint::ALL {
            let mut value = draft();
            value.as_object_mut().unwrap().remove(endpoint.name());
            let directory = parse(&value).unwrap();
            let missing = DirectoryError::Missing(endpoint);
            assert_eq!(directory.template(endpoint), Err(missing));
            assert!(directory.problems().eq([missing]));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&directory.to_json()).unwrap(), value);
        }
        assert_eq!(parse(&json!({})).unwrap().problems().count(), Endpoint::ALL.len());
        assert_eq!(parse(&draft()).unwrap().problems().count(), 0);
    }

    #[test]
    fn names_another_type_and_another_template() {
        let template =
            |kind, offset| DirectoryError::Template(Endpoint::Notify, TextError::new(kind, offset));
        for (member, problem) in [
            (
                json!(["https://mimi.example.com/v1/notify/{roomId}"]),
                DirectoryError::NotAString(Endpoint::Notify),
            ),
            (json!(null), DirectoryError::NotAString(Endpoint::Notify)),
            (json!("http://mimi.example.com/v1/notify/{roomId}"), template(TextErrorKind::Scheme, 0)),
            (json!("https://mimi.example.com/v1/notify"), template(TextErrorKind::TemplateVariable, 34)),
            (json!("https://127.0.0.0x1/{roomId}"), template(TextErrorKind::Host, 8)),
        ] {
            let mut value = draft();
            value["notify"] = member;
            let directory = parse(&value).unwrap();
            assert_eq!(directory.template(Endpoint::Notify), Err(problem));
            assert!(directory.problems().eq([problem]));
            // It is handed on as it was.
            let again: serde_json::Value = serde_json::from_str(&directory.to_json()).unwrap();
            assert_eq!(again, value);
            assert_eq!(parse(&again), Ok(directory));
        }
    }

    #[test]
    fn refuses_a_member_given_twice_and_what_is_no_object() {
        let json = draft().to_string();
        let twice = json.replacen('{', r#"{"notify":"https://evil.example/{x}","#, 1);
        for text in
            [twice.as_str(), "", "[]", "null", "{", &json[..json.len() - 1], &alloc::format!("{json} x")]
        {
            assert!(
                matches!(Directory::from_json(text.as_bytes()), Err(DirectoryError::Json { .. })),
                "{text}"
            );
        }
    }
}
