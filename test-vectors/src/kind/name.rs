//! The kind `name`: text that is a name, and the rules of names.

#[cfg(feature = "generate")]
mod flags;
use alloc::format;
use alloc::string::{String, ToString};

use mimi_codec::{
    DnsName, HttpsUrlRef, MediaType, MimiUri, UriKind, UrlTemplate, check_asset_url,
    match_presented_identities, parse_from_header,
};
use mimi_content::{is_language_list, is_language_tag};
use serde_json::{Value, json};

use super::Kind;
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

#[cfg(feature = "generate")]
mod generated;

pub(crate) struct Name;

impl Kind for Name {
    fn name(&self) -> &'static str {
        "name"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-protocol-06", "draft-ietf-mimi-content-09", "draft-ietf-mls-extensions-10"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        if let Some(Err(why)) = judge(case, true) {
            case.fail("input", "to be accepted", why);
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        if let Some(Ok(())) = judge(case, false) {
            let reason = case.optional("reason").and_then(Value::as_str).unwrap_or("\"valid\" is false");
            case.fail("input", format!("to be refused: {reason}"), "accepted");
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, _: &Seed) -> Result<alloc::vec::Vec<GeneratedCase>, GenerateError> {
        Ok(generated::cases())
    }
}

/// Why a name is refused.
type Verdict = Result<(), String>;

const TEXTS: &str = "an array of texts";

/// Whether the input is what the case says that it is; `compare` is whether to compare what follows
/// from it. `None` if the case itself is malformed, or of a `what` that is not known.
fn judge(case: &mut Case<'_>, compare: bool) -> Option<Verdict> {
    let what = case.text("what")?;
    let input = case.text("input")?;
    match what {
        "dns_name" => Some(text(DnsName::parse(input)).map(drop)),
        "mimi_uri" => mimi_uri(case, input, compare),
        "https_url" => Some(text(HttpsUrlRef::parse(input)).map(drop)),
        "asset_url" => {
            let domains = texts(case, "domains")?;
            Some(text(check_asset_url(input, domains)).map(drop))
        }
        "from_header" => match text(parse_from_header(input)) {
            Ok(domain) => {
                if compare {
                    let expected = case.text("domain")?;
                    if DnsName::parse(expected).as_ref() != Ok(&domain) {
                        case.fail("domain", expected, domain);
                    }
                }
                Some(Ok(()))
            }
            Err(why) => Some(Err(why)),
        },
        "certificate" => {
            let presented = texts(case, "presented")?;
            let matched =
                |name: DnsName| text(match_presented_identities(name.as_ref(), presented)).map(drop);
            Some(text(DnsName::parse(input)).and_then(matched))
        }
        "url_template" => url_template(case, input, compare),
        "language" => Some(well_formed(is_language_tag(input), "not one well-formed language tag")),
        "language_list" => {
            Some(well_formed(is_language_list(input), "not a list of well-formed language tags"))
        }
        "media_type" => match text(MediaType::parse(input)) {
            Ok(media_type) => {
                if compare {
                    compare_media_type(case, &media_type)?;
                }
                Some(Ok(()))
            }
            Err(why) => Some(Err(why)),
        },
        other => {
            case.cannot_judge("what", "a rule of names that is known", other);
            None
        }
    }
}

fn text<T, E: ToString>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fn well_formed(is: bool, why: &str) -> Verdict {
    if is { Ok(()) } else { Err(why.into()) }
}

/// A member that is an array of texts.
fn texts<'a>(case: &mut Case<'a>, field: &str) -> Option<alloc::vec::Vec<&'a str>> {
    let value = case.required(field, TEXTS)?;
    let texts = value.as_array().and_then(|items| items.iter().map(Value::as_str).collect());
    if texts.is_none() {
        case.fail(field, TEXTS, value);
    }
    texts
}

fn mimi_uri(case: &mut Case<'_>, input: &str, compare: bool) -> Option<Verdict> {
    let uri = match text(MimiUri::parse(input)) {
        Ok(uri) => uri,
        Err(why) => return Some(Err(why)),
    };
    if !compare {
        return Some(Ok(()));
    }
    let normal = uri.as_ref().normalized();
    if let Some(expected) = case.optional_text("normal")? {
        case.same_json("normal", &Value::from(expected), &Value::from(normal.as_str()));
    }
    if case.optional("is_normal").is_some() {
        let expected = case.flag("is_normal", false)?;
        case.same_json("is_normal", &Value::from(expected), &Value::from(uri.as_ref().is_normal()));
    }
    if let Some(expected) = case.optional_text("identifies")? {
        case.same_json("identifies", &Value::from(expected), &Value::from(identifies(uri.kind())));
    }
    if case.optional("equivalent").is_some() {
        for (index, other) in texts(case, "equivalent")?.into_iter().enumerate() {
            let field = format!("equivalent[{index}]");
            match text(MimiUri::parse(other)) {
                Ok(other) if other.as_ref().equivalent(uri.as_ref()) => {}
                Ok(other) => case.fail(&field, &normal, other.as_ref().normalized()),
                Err(why) => case.fail(&field, &normal, why),
            }
        }
    }
    Some(Ok(()))
}

/// What a URI identifies, as the files name it.
const fn identifies(kind: UriKind<'_>) -> &'static str {
    match kind {
        UriKind::Provider => "provider",
        UriKind::User => "user",
        UriKind::Pseudonym => "pseudonym",
        UriKind::Client => "client",
        UriKind::Room => "room",
        UriKind::Group => "group",
        UriKind::Team => "team",
        UriKind::Other(_) => "other",
    }
}

fn url_template(case: &mut Case<'_>, input: &str, compare: bool) -> Option<Verdict> {
    let template = match text(UrlTemplate::parse(input)) {
        Ok(template) => template,
        Err(why) => return Some(Err(why)),
    };
    if !compare && case.optional("variables").is_none() {
        return Some(Ok(()));
    }
    let variables = case.required("variables", "an object of texts")?;
    let Some(value) = variables.get(template.variable()).and_then(Value::as_str) else {
        case.fail("variables", format!("the text of {:?}", template.variable()), variables);
        return None;
    };
    let expanded = match text(template.expand(value.as_bytes())) {
        Ok(expanded) => expanded,
        Err(why) => return Some(Err(why)),
    };
    if compare {
        let expected = case.text("expanded")?;
        case.same_json("expanded", &Value::from(expected), &Value::from(expanded.as_str()));
        match template.extract(&expanded) {
            Ok(Some(back)) if back == value.as_bytes() => {}
            other => case.fail("variables", value, format!("{other:?} from {expanded}")),
        }
    }
    Some(Ok(()))
}

/// Case counts in the values of parameters only (RFC 9110 §8.3.1).
fn compare_media_type(case: &mut Case<'_>, media_type: &MediaType) -> Option<()> {
    let (top, sub) = media_type.r#type().split_once('/')?;
    for (field, found) in [("type", top), ("subtype", sub)] {
        let expected = case.text(field)?;
        if !expected.eq_ignore_ascii_case(found) {
            case.fail(field, expected, found);
        }
    }
    const PAIRS: &str = "an array of pairs of texts";
    let value = case.required("parameters", PAIRS)?;
    let pair = |pair: &Value| match pair.as_array().map(alloc::vec::Vec::as_slice) {
        Some([Value::String(name), Value::String(value)]) => Some(json!([name.to_ascii_lowercase(), value])),
        _ => None,
    };
    let expected: Option<Value> = value.as_array().and_then(|pairs| pairs.iter().map(pair).collect());
    let Some(expected) = expected else {
        case.fail("parameters", PAIRS, value);
        return None;
    };
    let parameters = media_type.parameters().iter();
    let found: Value = parameters
        .map(|it| json!([it.parameter_name().to_ascii_lowercase(), it.parameter_value()]))
        .collect();
    case.same_json("parameters", &expected, &found);
    Some(())
}
