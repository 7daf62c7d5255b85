//! The kind `identifier-query`: a query for users of another provider, and the answer to it.

#[cfg(feature = "generate")]
mod flags;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use mimi_codec::protocol::{
    IdentifierQueryCode, IdentifierRequest, IdentifierResponse, IdentifierUri, ProfileProperty,
    SearchIdentifierType,
};
use mimi_codec::{Decode, Encode};
use serde_json::Value;

use super::Kind;
use super::judgement::{Judgement, all_bytes, must_be_refused, must_hold};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct IdentifierQuery;

impl Kind for IdentifierQuery {
    fn name(&self) -> &'static str {
        "identifier-query"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-protocol-06"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_hold(case, judgement);
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_be_refused(case, judgement);
    }

    #[cfg(feature = "generate")]
    fn generate(&self, _: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = generated::valid()?;
        cases.extend(generated::invalid()?.into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

/// A user of the provider, with what may be searched.
struct Profile<'a> {
    uri: IdentifierUri,
    properties: Vec<(ProfileProperty<'a>, &'a str)>,
}

fn property(value: &Value) -> Option<(ProfileProperty<'_>, &str)> {
    let texts: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
    match *texts?.as_slice() {
        ["handle", value] => Some((ProfileProperty::Handle, value)),
        ["nick", value] => Some((ProfileProperty::Nick, value)),
        ["email", value] => Some((ProfileProperty::Email, value)),
        ["phone", value] => Some((ProfileProperty::Phone, value)),
        ["name", value] => Some((ProfileProperty::Name, value)),
        ["oidcStdClaim", name, value] => Some((ProfileProperty::OidcStdClaim(name), value)),
        ["vcardField", name, value] => Some((ProfileProperty::VcardField(name), value)),
        _ => None,
    }
}

fn profiles<'a>(case: &mut Case<'a>) -> Option<Vec<Profile<'a>>> {
    const EXPECTED: &str = "a list of users, each with its uri and properties";
    let value = case.required("profiles", EXPECTED)?;
    let profile = |value: &'a Value| {
        let uri = IdentifierUri::new(value.get("uri")?.as_str()?).ok()?;
        let properties: Option<Vec<_>> = value.get("properties")?.as_array()?.iter().map(property).collect();
        Some(Profile { uri, properties: properties? })
    };
    let profiles = value.as_array().and_then(|profiles| profiles.iter().map(profile).collect());
    if profiles.is_none() {
        case.fail("profiles", EXPECTED, value);
    }
    profiles
}

fn supported(case: &mut Case<'_>) -> Option<Vec<SearchIdentifierType>> {
    const EXPECTED: &str = "a list of names of search types";
    let value = case.required("supported", EXPECTED)?;
    let types = value
        .as_array()
        .and_then(|types| types.iter().map(|name| SearchIdentifierType::from_name(name.as_str()?)).collect());
    if types.is_none() {
        case.fail("supported", EXPECTED, value);
    }
    types
}

/// `None` if a member is missing or ill-typed.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let (bytes, supported, profiles) =
        (all_bytes(case, ["request", "response"]), supported(case), profiles(case));
    let ([request, response], supported, profiles) = (bytes?, supported?, profiles?);
    let mut judgement = Judgement::default();
    let answered = match IdentifierRequest::decode_exact(&request) {
        Ok(request) => answer(&request, &supported, &profiles),
        Err(error) => match IdentifierQueryCode::of_refusal(&error) {
            Some(code) => IdentifierResponse::refused(code),
            None => {
                judgement.refuse("request", "to be accepted", format!("refused: {error}"));
                return Some(judgement);
            }
        },
    };
    let answered = answered.map_err(|error| error.to_string());
    let bytes = judgement
        .check("response", answered)
        .and_then(|answer| judgement.check("response", answer.to_bytes()));
    judgement.decode::<IdentifierResponse>("response", &response);
    if let Some(bytes) = bytes {
        judgement.same("response", &bytes, &response);
    }
    Some(judgement)
}

/// What a provider answers that names users by their URI.
fn answer(
    request: &IdentifierRequest,
    supported: &[SearchIdentifierType],
    profiles: &[Profile<'_>],
) -> Result<IdentifierResponse, mimi_codec::InvalidValueError> {
    match request.query(|search_type| supported.contains(&search_type)) {
        Err(code) => IdentifierResponse::refused(code),
        Ok(query) => {
            let found = profiles.iter().filter(|profile| query.matches(&profile.properties));
            Ok(IdentifierResponse::found(found.map(|profile| profile.uri.clone()).collect(), Vec::new()))
        }
    }
}

#[cfg(feature = "generate")]
mod generated {
    //! Making cases: the answers are written down, and not computed.

    use alloc::format;
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    use mimi_codec::Encode;
    use mimi_codec::extensions::AppDataDictionary;
    use mimi_codec::protocol::{
        IdentifierQueryCode, IdentifierRequest, IdentifierResponse, IdentifierUri, QueryElement,
    };
    use serde_json::{Value, json};

    use crate::file_format::{GenerateError, GeneratedCase};
    use crate::kind::judgement::{Invalid, Rule, edit, shorten, spoiled};

    const ALL: [&str; 8] =
        ["handle", "nick", "email", "phone", "partialName", "wholeProfile", "oidcStdClaim", "vcardField"];
    const ALICE: &str = "mimi://a.example/u/alice-smith";
    const BOB: &str = "mimi://a.example/u/bob-jones";
    const ZOE: &str = "mimi://a.example/u/zoe";

    fn profiles() -> Value {
        json!([
            {"uri": ALICE, "properties": [
                ["handle", "im:alice.smith@a.example"], ["nick", "alice.smith"],
                ["email", "Alice@a.example"], ["phone", "+15551230001"], ["name", "Alice Smith"],
                ["oidcStdClaim", "given_name", "Alice"], ["oidcStdClaim", "locale", "en-GB"],
                ["vcardField", "ORG", "Clubhouse, Inc."],
            ]},
            {"uri": BOB, "properties": [
                ["handle", "im:bob@a.example"], ["nick", "bob"], ["nick", "bobby"],
                ["email", "bob@a.example"], ["name", "Bob Jones"],
                ["oidcStdClaim", "family_name", "Jones"], ["vcardField", "org", "Clubhouse, Inc."],
            ]},
            {"uri": ZOE, "properties": [
                ["handle", "im:zoe@a.example"], ["vcardField", "FN", "Zoe\u{308} Stra\u{df}er"],
                ["oidcStdClaim", "website", "https://alice.example"],
            ]},
        ])
    }

    fn encoded(elements: Vec<QueryElement>) -> Result<String, GenerateError> {
        let request = IdentifierRequest {
            query_elements: elements,
            id_request_extensions: AppDataDictionary::default(),
        };
        Ok(hex::encode(request.to_bytes()?))
    }

    fn found(uris: &[&str]) -> Result<String, GenerateError> {
        let uris: Result<Vec<_>, _> = uris.iter().map(|uri| IdentifierUri::new(*uri)).collect();
        let uris = uris.map_err(|error| GenerateError::Defect(format!("{error}")))?;
        Ok(hex::encode(IdentifierResponse::found(uris, Vec::new()).to_bytes()?))
    }

    fn refused(code: IdentifierQueryCode) -> Result<String, GenerateError> {
        Ok(hex::encode(IdentifierResponse::refused(code)?.to_bytes()?))
    }

    fn case(
        elements: Vec<QueryElement>,
        supported: &[&str],
        response: String,
    ) -> Result<Value, GenerateError> {
        Ok(json!({
            "request": encoded(elements)?,
            "supported": supported,
            "profiles": profiles(),
            "response": response,
        }))
    }

    fn text(value: &str) -> String {
        value.into()
    }

    fn handle(value: &str) -> QueryElement {
        QueryElement::Handle { search_value: text(value) }
    }

    fn nick(value: &str) -> QueryElement {
        QueryElement::Nick { search_value: text(value) }
    }

    fn email(value: &str) -> QueryElement {
        QueryElement::Email { search_value: text(value) }
    }

    fn phone(value: &str) -> QueryElement {
        QueryElement::Phone { search_value: text(value) }
    }

    fn partial(value: &str) -> QueryElement {
        QueryElement::PartialName { search_value: text(value) }
    }

    fn whole(value: &str) -> QueryElement {
        QueryElement::WholeProfile { search_value: text(value) }
    }

    fn claim(name: &str, value: &str) -> QueryElement {
        QueryElement::OidcStdClaim { claim_name: text(name), search_value: text(value) }
    }

    fn vcard(name: &str, value: &str) -> QueryElement {
        QueryElement::VcardField { property_name: text(name), search_value: text(value) }
    }

    pub(super) fn valid() -> Result<Vec<GeneratedCase>, GenerateError> {
        let matching: Vec<(&str, Vec<QueryElement>, &[&str])> = vec![
            ("handle", vec![handle("im:alice.smith@a.example")], &[ALICE]),
            ("a part of a handle", vec![handle("alice.smith")], &[]),
            ("nick", vec![nick("alice.smith")], &[ALICE]),
            ("one of two nicks", vec![nick("bobby")], &[BOB]),
            ("a part of a nick", vec![nick("bobb")], &[]),
            ("email", vec![email("Alice@a.example")], &[ALICE]),
            ("email in another case", vec![email("alice@a.example")], &[]),
            ("phone", vec![phone("+15551230001")], &[ALICE]),
            ("phone without +", vec![phone("15551230001")], &[]),
            ("partialName", vec![partial("Smi")], &[ALICE]),
            ("partialName in another case", vec![partial("sMITH")], &[ALICE]),
            ("partialName, sharp s", vec![partial("STRASSER")], &[ZOE]),
            ("partialName, composed", vec![partial("zo\u{eb}")], &[ZOE]),
            ("partialName of a claim with a name", vec![partial("jones")], &[BOB]),
            ("partialName is not in other claims", vec![partial("en-GB")], &[]),
            ("partialName is not in an organisation", vec![partial("Clubhouse")], &[]),
            ("partialName is not in a nick", vec![partial("bobby")], &[]),
            ("wholeProfile", vec![whole("alice")], &[ALICE, ZOE]),
            ("wholeProfile in another case", vec![whole("CLUBHOUSE")], &[]),
            ("wholeProfile in a vCard property", vec![whole("Clubhouse")], &[ALICE, BOB]),
            ("claim", vec![claim("given_name", "Alice")], &[ALICE]),
            ("another claim", vec![claim("name", "Alice")], &[]),
            ("claim name in another case", vec![claim("Given_Name", "Alice")], &[]),
            ("a part of a claim", vec![claim("given_name", "Ali")], &[]),
            ("vCard property", vec![vcard("ORG", "Clubhouse, Inc.")], &[ALICE, BOB]),
            ("vCard property in another case", vec![vcard("Org", "Clubhouse, Inc.")], &[ALICE, BOB]),
            ("a part of a vCard property", vec![vcard("ORG", "Clubhouse")], &[]),
            ("all elements match", vec![whole("Clubhouse"), partial("bob")], &[BOB]),
            ("one of two elements matches", vec![nick("bob"), partial("alice")], &[]),
            ("one element twice", vec![nick("bob"), nick("bob")], &[BOB]),
            ("two values of one property", vec![nick("bob"), nick("bobby")], &[BOB]),
        ];
        let mut cases = Vec::new();
        for (name, elements, uris) in matching {
            cases.push(GeneratedCase::new(name).members(&case(elements, &ALL, found(uris)?)?));
        }
        let many = |count: usize| (0..count).map(|number| whole(&format!("{number}"))).collect();
        let codes: Vec<(&str, Vec<QueryElement>, &[&str], IdentifierQueryCode)> = vec![
            ("no element", vec![], &ALL, IdentifierQueryCode::FORBIDDEN),
            ("32 different elements", many(32), &ALL, IdentifierQueryCode::NOT_FOUND),
            ("33 different elements", many(33), &ALL, IdentifierQueryCode::FORBIDDEN),
            (
                "a type that is not supported",
                vec![nick("bob"), phone("+15551230001")],
                &["nick"],
                IdentifierQueryCode::UNSUPPORTED_FIELD,
            ),
            ("an empty value", vec![nick("bob"), whole("")], &ALL, IdentifierQueryCode::AMBIGUOUS),
            (
                "an empty value of a type that is not supported",
                vec![whole("")],
                &["nick"],
                IdentifierQueryCode::UNSUPPORTED_FIELD,
            ),
        ];
        for (name, elements, supported, code) in codes {
            cases.push(GeneratedCase::new(name).members(&case(elements, supported, refused(code)?)?));
        }
        let mut unknown = case(vec![nick("bob")], &ALL, refused(IdentifierQueryCode::UNSUPPORTED_FIELD)?)?;
        edit(&mut unknown, "request", |request| {
            if let Some(search_type) = request.get_mut(1) {
                *search_type = 9;
            }
        });
        cases.push(GeneratedCase::new("a type that no draft has").members(&unknown));
        Ok(cases)
    }

    pub(super) fn invalid() -> Result<Vec<Invalid>, GenerateError> {
        let honest = case(vec![whole("Clubhouse"), partial("bob")], &ALL, found(&[BOB])?)?;
        let (both, none) = (found(&[ALICE, BOB])?, refused(IdentifierQueryCode::NOT_FOUND)?);
        let (swapped, ambiguous) = (found(&[BOB, ALICE])?, refused(IdentifierQueryCode::AMBIGUOUS)?);
        let rules: &[Rule<'_>] = &[
            ("mistake: one element is enough", "a user must match all elements", "response", &|it| {
                it["response"] = json!(both);
            }),
            ("no user found", "Bob matches", "response", &|it| it["response"] = json!(none)),
            ("refused without need", "the query can be looked up", "response", &|it| {
                it["response"] = json!(ambiguous);
            }),
            ("success without a user", "under success, a user is listed", "response", &|it| {
                it["response"] = json!("00000000");
            }),
            ("notFound with a user", "under notFound, no user is listed", "response", &|it| {
                edit(it, "response", |response| {
                    if let Some(code) = response.first_mut() {
                        *code = 1;
                    }
                });
            }),
            ("a byte behind the request", "the body is exactly one IdentifierRequest", "request", &|it| {
                edit(it, "request", |request| request.push(0));
            }),
            ("request cut off", "the body is exactly one IdentifierRequest", "request", &|it| {
                shorten(it, "request");
            }),
            ("a byte behind the response", "the body is exactly one IdentifierResponse", "response", &|it| {
                edit(it, "response", |response| response.push(0));
            }),
        ];
        let mut cases = spoiled(&honest, "", rules);
        let honest = case(vec![vcard("ORG", "Clubhouse, Inc.")], &ALL, both.clone())?;
        let rule: Rule<'_> =
            ("users in another order", "users are listed in the order of the case", "response", &|it| {
                it["response"] = json!(swapped)
            });
        cases.extend(spoiled(&honest, "", &[rule]));
        let text = "ff";
        let not_text = case(vec![nick("b")], &ALL, none.clone())?;
        let rule: Rule<'_> = ("a value that is not UTF-8", "a search value is text", "request", &|it| {
            let changed = it["request"].as_str().unwrap_or_default().replace("62", text);
            it["request"] = json!(changed);
        });
        cases.extend(spoiled(&not_text, "", &[rule]));
        Ok(cases)
    }
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid().unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), [""; 0]);
    }
}
