//! `POST /identifierQuery/{domain}`: finding the URI of a user of another provider
//! (mimi-protocol-06 §5.8).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::IdentifierUri;
use crate::{
    Code, DecodeError, DecodeErrorKind, InvalidValueError, Opaque,
    caseless::folded,
    convention::{open_registry, wire_enum, wire_select, wire_struct},
    extensions::AppDataDictionary,
};

wire_enum! {
    /// What a [`QueryElement`] looks into (mimi-protocol-06 §5.8).
    pub enum SearchIdentifierType {
        /// The whole handle URI.
        1 "handle" => Handle,
        /// The whole nickname, or the user part of the handle.
        2 "nick" => Nick,
        /// The whole mail address.
        3 "email" => Email,
        /// The whole telephone number in international format, "+" included.
        4 "phone" => Phone,
        /// A part of any name of the user, in any case.
        5 "partialName" => PartialName,
        /// A part of any searchable field.
        6 "wholeProfile" => WholeProfile,
        /// The whole of an OpenID Connect standard claim.
        7 "oidcStdClaim" => OidcStdClaim,
        /// The whole of a vCard property.
        8 "vcardField" => VcardField,
    }
}

wire_select! {
    /// One thing that a user must match to be found (mimi-protocol-06 §5.8).
    ///
    /// ```text
    /// struct {
    ///   SearchIdentifierType searchType;
    ///   select(type) {
    ///     case oidcStdClaim:
    ///       opaque claimName<V>;
    ///     case vcardField:
    ///       opaque propertyName<V>;
    ///   };
    ///   opaque searchValue<V>;  /* a UTF8 string */
    /// } QueryElement;
    /// ```
    pub enum QueryElement: u8 "SearchIdentifierType" {
        /// The whole handle URI.
        1 "handle" => Handle {
            /// What to look for.
            search_value: String,
        },
        /// The whole nickname, or the user part of the handle.
        2 "nick" => Nick {
            /// What to look for.
            search_value: String,
        },
        /// The whole mail address.
        3 "email" => Email {
            /// What to look for.
            search_value: String,
        },
        /// The whole telephone number in international format, "+" included.
        4 "phone" => Phone {
            /// What to look for.
            search_value: String,
        },
        /// A part of any name of the user, in any case.
        5 "partialName" => PartialName {
            /// What to look for.
            search_value: String,
        },
        /// A part of any searchable field.
        6 "wholeProfile" => WholeProfile {
            /// What to look for.
            search_value: String,
        },
        /// The whole of an OpenID Connect standard claim.
        7 "oidcStdClaim" => OidcStdClaim {
            /// The claim's name.
            claim_name: String,
            /// What to look for.
            search_value: String,
        },
        /// The whole of a vCard property.
        8 "vcardField" => VcardField {
            /// The property's name.
            property_name: String,
            /// What to look for.
            search_value: String,
        },
    }
}

/// A searchable property of a user, for [`IdentifierRequest::query`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProfileProperty<'a> {
    /// A handle URI, such as `im:alice.smith@a.example`.
    Handle,
    /// A nickname, or the user part of a handle.
    Nick,
    /// A mail address.
    Email,
    /// A telephone number in international format.
    Phone,
    /// A name of the user: given, middle, family or full.
    Name,
    /// The OpenID Connect standard claim of this name.
    OidcStdClaim(&'a str),
    /// The vCard property of this name.
    VcardField(&'a str),
}

impl ProfileProperty<'_> {
    /// Whether the property contains the name of a user, so that `partialName` looks into it:
    /// [`Self::Name`], the claims `name`, `given_name`, `middle_name`, `family_name`, `nickname`
    /// and `preferred_username` (OpenID Connect Core 1.0 §5.1), and the vCard properties `FN`, `N`
    /// and `NICKNAME` (RFC 6350 §6.2).
    #[must_use]
    pub fn is_name(self) -> bool {
        const CLAIMS: [&str; 6] =
            ["name", "given_name", "middle_name", "family_name", "nickname", "preferred_username"];
        const VCARD: [&str; 3] = ["FN", "N", "NICKNAME"];
        match self {
            Self::Name => true,
            Self::OidcStdClaim(name) => CLAIMS.contains(&name),
            Self::VcardField(name) => VCARD.iter().any(|listed| listed.eq_ignore_ascii_case(name)),
            Self::Handle | Self::Nick | Self::Email | Self::Phone => false,
        }
    }
}

impl QueryElement {
    /// What tells elements apart: the kind of field, its name and the value.
    fn key(&self) -> (u8, &str, &str) {
        let name = match self {
            Self::OidcStdClaim { claim_name, .. } => claim_name,
            Self::VcardField { property_name, .. } => property_name,
            _ => "",
        };
        (self.selector(), name, self.search_value())
    }

    /// Whether a property other than a name in part matches.
    fn is_in(&self, property: ProfileProperty<'_>, value: &str) -> bool {
        let wanted = self.search_value();
        match (self, property) {
            (Self::Handle { .. }, ProfileProperty::Handle)
            | (Self::Nick { .. }, ProfileProperty::Nick)
            | (Self::Email { .. }, ProfileProperty::Email)
            | (Self::Phone { .. }, ProfileProperty::Phone) => value == wanted,
            (Self::OidcStdClaim { claim_name, .. }, ProfileProperty::OidcStdClaim(name)) => {
                claim_name == name && value == wanted
            }
            (Self::VcardField { property_name, .. }, ProfileProperty::VcardField(name)) => {
                property_name.eq_ignore_ascii_case(name) && value == wanted
            }
            (Self::WholeProfile { .. }, _) => value.contains(wanted),
            _ => false,
        }
    }

    /// What the element looks into.
    #[must_use]
    pub const fn search_type(&self) -> SearchIdentifierType {
        match self {
            Self::Handle { .. } => SearchIdentifierType::Handle,
            Self::Nick { .. } => SearchIdentifierType::Nick,
            Self::Email { .. } => SearchIdentifierType::Email,
            Self::Phone { .. } => SearchIdentifierType::Phone,
            Self::PartialName { .. } => SearchIdentifierType::PartialName,
            Self::WholeProfile { .. } => SearchIdentifierType::WholeProfile,
            Self::OidcStdClaim { .. } => SearchIdentifierType::OidcStdClaim,
            Self::VcardField { .. } => SearchIdentifierType::VcardField,
        }
    }

    /// What the element looks for.
    #[must_use]
    pub fn search_value(&self) -> &str {
        match self {
            Self::Handle { search_value }
            | Self::Nick { search_value }
            | Self::Email { search_value }
            | Self::Phone { search_value }
            | Self::PartialName { search_value }
            | Self::WholeProfile { search_value }
            | Self::OidcStdClaim { search_value, .. }
            | Self::VcardField { search_value, .. } => search_value,
        }
    }
}

wire_struct! {
    /// A query (mimi-protocol-06 §5.8).
    ///
    /// ```text
    /// struct {
    ///   QueryElement query_elements<V>;
    ///   AppDataDictionary id_request_extensions;
    /// } IdentifierRequest;
    /// ```
    pub struct IdentifierRequest {
        /// What a user must match, all of it.
        pub query_elements: Vec<QueryElement>,
        /// An extension point.
        pub id_request_extensions: AppDataDictionary,
    }
}

/// How many different elements a query may have. A person fills in a form; no query that the draft
/// describes needs more.
pub const MAX_QUERY_ELEMENTS: usize = 32;

impl IdentifierRequest {
    /// Prepares the query once, to be matched with many profiles. `supports` says which kinds of
    /// fields the provider lets other providers look into.
    ///
    /// # Errors
    ///
    /// The code that answers a query that is not looked up:
    /// - [`IdentifierQueryCode::FORBIDDEN`] without an element, or with more than
    ///   [`MAX_QUERY_ELEMENTS`] different ones;
    /// - [`IdentifierQueryCode::UNSUPPORTED_FIELD`] when the provider doesn't support a kind of
    ///   field;
    /// - [`IdentifierQueryCode::AMBIGUOUS`] when an element looks for nothing: every profile would
    ///   match it in part.
    pub fn query(
        &self,
        supports: impl Fn(SearchIdentifierType) -> bool,
    ) -> Result<IdentifierQuery<'_>, IdentifierQueryCode> {
        let mut elements: Vec<&QueryElement> = Vec::new();
        let mut distinct = BTreeSet::new();
        for element in &self.query_elements {
            if distinct.insert(element.key()) {
                elements.push(element);
            }
            if elements.len() > MAX_QUERY_ELEMENTS {
                return Err(IdentifierQueryCode::FORBIDDEN);
            }
        }
        if elements.is_empty() {
            return Err(IdentifierQueryCode::FORBIDDEN);
        }
        if !elements.iter().all(|element| supports(element.search_type())) {
            return Err(IdentifierQueryCode::UNSUPPORTED_FIELD);
        }
        if elements.iter().any(|element| element.search_value().is_empty()) {
            return Err(IdentifierQueryCode::AMBIGUOUS);
        }
        let wanted = |element: &QueryElement| match element {
            QueryElement::PartialName { search_value } => folded(search_value),
            _ => String::new(),
        };
        Ok(IdentifierQuery {
            elements: elements.into_iter().map(|element| (element, wanted(element))).collect(),
        })
    }

    /// Whether a user of these searchable properties matches all elements, at a provider that
    /// supports every kind of field. A query that [`Self::query`] refuses matches no user.
    #[must_use]
    pub fn matches(&self, properties: &[(ProfileProperty<'_>, &str)]) -> bool {
        self.query(|_| true).is_ok_and(|query| query.matches(properties))
    }
}

/// An [`IdentifierRequest`] that may be looked up; [`IdentifierRequest::query`] makes it.
#[derive(Clone, Debug)]
pub struct IdentifierQuery<'a> {
    /// At most [`MAX_QUERY_ELEMENTS`], each with its value as [`folded`] makes it where case does
    /// not count.
    elements: Vec<(&'a QueryElement, String)>,
}

impl IdentifierQuery<'_> {
    /// Whether a user of these searchable properties matches all elements. Hand in only what the
    /// user and its provider let be searched; a property with several values stands several times.
    ///
    /// Values are compared whole and byte by byte, with two exceptions: `partialName` is a part of
    /// a field that contains a name ([`ProfileProperty::is_name`]), compared without regard to case
    /// and to how Unicode writes a character; `wholeProfile` is a part of any field. Names of vCard
    /// properties are compared in any case (RFC 6350 §3.3).
    ///
    /// The cost is at most [`MAX_QUERY_ELEMENTS`] comparisons for each property.
    #[must_use]
    pub fn matches(&self, properties: &[(ProfileProperty<'_>, &str)]) -> bool {
        let partial =
            |(element, _): &&(&QueryElement, String)| matches!(element, QueryElement::PartialName { .. });
        let names: Vec<String> = if self.elements.iter().any(|element| partial(&element)) {
            properties
                .iter()
                .filter(|(property, _)| property.is_name())
                .map(|(_, value)| folded(value))
                .collect()
        } else {
            Vec::new()
        };
        self.elements.iter().all(|(element, wanted)| match element {
            QueryElement::PartialName { .. } => names.iter().any(|name| name.contains(wanted.as_str())),
            element => properties.iter().any(|(property, value)| element.is_in(*property, value)),
        })
    }
}

open_registry! {
    /// What became of an [`IdentifierRequest`] (mimi-protocol-06 §5.8).
    pub struct IdentifierQueryCode(u8) {
        /// There is a match.
        0 "success" => SUCCESS,
        /// There is no match.
        1 "notFound" => NOT_FOUND,
        /// A field has to match in whole before the provider answers.
        2 "ambiguous" => AMBIGUOUS,
        /// The provider doesn't allow the query.
        3 "forbidden" => FORBIDDEN,
        /// The provider doesn't support queries on one of the fields.
        4 "unsupportedField" => UNSUPPORTED_FIELD,
    }
}

open_registry! {
    /// Where a [`ProfileField`] comes from (mimi-protocol-06 §5.8).
    pub struct FieldSource(u8) {
        /// An OpenID Connect standard claim.
        7 "oidcStdClaim" => OIDC_STD_CLAIM,
        /// A vCard property.
        8 "vcardField" => VCARD_FIELD,
    }
}

wire_struct! {
    /// A field of a user's profile (mimi-protocol-06 §5.8).
    ///
    /// ```text
    /// struct {
    ///   FieldSource fieldSource;
    ///   string fieldName;
    ///   opaque fieldValue<V>;
    /// } ProfileField;
    /// ```
    pub struct ProfileField {
        /// What kind of name the name is.
        pub field_source: FieldSource,
        /// The claim's or property's name.
        pub field_name: String,
        /// Its value.
        pub field_value: Opaque,
    }
}

wire_struct! {
    /// A user that was found (mimi-protocol-06 §5.8).
    ///
    /// ```text
    /// struct {
    ///   IdentifierUri stableUri;
    ///   ProfileField fields<V>;
    /// } UserProfile;
    /// ```
    pub struct UserProfile {
        /// The user's lasting URI.
        pub stable_uri: IdentifierUri,
        /// What its provider shows of its profile.
        pub fields: Vec<ProfileField>,
    }
}

wire_struct! {
    /// The answer to an [`IdentifierRequest`] (mimi-protocol-06 §5.8).
    ///
    /// ```text
    /// struct {
    ///   IdentifierQueryCode responseCode;
    ///   IdentifierUri uri<V>;
    ///   UserProfile foundProfiles<V>;
    ///   AppDataDictionary id_response_extensions;
    /// } IdentifierResponse;
    /// ```
    pub struct IdentifierResponse {
        /// What became of the query.
        response_code: IdentifierQueryCode,
        /// Users by their URI only.
        uri: Vec<IdentifierUri>,
        /// Users with a profile.
        found_profiles: Vec<UserProfile>,
        /// An extension point.
        id_response_extensions: AppDataDictionary,
    } check IdentifierResponse::check, repair IdentifierResponse::repair
}

const NONE_FOUND: DecodeErrorKind = DecodeErrorKind::Rule("under success, a user is listed");
const NOT_FOUND: DecodeErrorKind = DecodeErrorKind::Rule("under this code, no users are listed");

impl IdentifierResponse {
    /// `success` means that at least one user matches, the other listed codes that no user is
    /// named. What an unlisted code comes with is not known.
    fn check(&self) -> Result<(), InvalidValueError> {
        let lists_users = !self.uri.is_empty() || !self.found_profiles.is_empty();
        match self.response_code {
            IdentifierQueryCode::SUCCESS if !lists_users => Err(InvalidValueError::field("uri", NONE_FOUND)),
            IdentifierQueryCode::SUCCESS => Ok(()),
            code if lists_users && code.is_listed() => Err(InvalidValueError::field(
                if self.uri.is_empty() { "found_profiles" } else { "uri" },
                NOT_FOUND,
            )),
            _ => Ok(()),
        }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        if self.check().is_err() && self.response_code == IdentifierQueryCode::SUCCESS {
            self.response_code = IdentifierQueryCode::NOT_FOUND;
        }
        if self.check().is_err() {
            self.uri.clear();
            self.found_profiles.clear();
        }
    }

    /// The answer to a query that was looked up: `success` if a user is listed, else `notFound`.
    #[must_use]
    pub fn found(uri: Vec<IdentifierUri>, found_profiles: Vec<UserProfile>) -> Self {
        let lists_users = !uri.is_empty() || !found_profiles.is_empty();
        let response_code =
            if lists_users { IdentifierQueryCode::SUCCESS } else { IdentifierQueryCode::NOT_FOUND };
        Self { response_code, uri, found_profiles, id_response_extensions: AppDataDictionary::default() }
    }

    /// The answer to a query that was not looked up, such as one that [`IdentifierRequest::query`]
    /// refuses.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::Rule`] for `success`, which lists a user.
    pub fn refused(code: IdentifierQueryCode) -> Result<Self, InvalidValueError> {
        Self::new(code, Vec::new(), Vec::new(), AppDataDictionary::default())
    }
}

impl IdentifierQueryCode {
    /// The code that answers a body that does not decode because it looks into a kind of field that
    /// this crate does not know: [`Self::UNSUPPORTED_FIELD`]. `None` where the body is malformed
    /// otherwise.
    #[must_use]
    pub fn of_refusal(error: &DecodeError) -> Option<Self> {
        match error.kind() {
            DecodeErrorKind::UnknownValue { name: "SearchIdentifierType", .. } => {
                Some(Self::UNSUPPORTED_FIELD)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const XAVIER: [(ProfileProperty<'static>, &str); 9] = [
        (ProfileProperty::Handle, "im:xavier@xyz.example"),
        (ProfileProperty::Nick, "xavier"),
        (ProfileProperty::Email, "xavier@mail.example"),
        (ProfileProperty::Phone, "+12125551212"),
        (ProfileProperty::Name, "Matthias"),
        (ProfileProperty::OidcStdClaim("given_name"), "Matthias"),
        (ProfileProperty::VcardField("ORG"), "XYZ Sales"),
        (ProfileProperty::VcardField("fn"), "Xavier Straß"),
        (ProfileProperty::OidcStdClaim("middle_name"), "Réné"),
    ];

    fn query(query_elements: Vec<QueryElement>) -> bool {
        let id_request_extensions = AppDataDictionary::default();
        IdentifierRequest { query_elements, id_request_extensions }.matches(&XAVIER)
    }

    fn handle(value: &str) -> QueryElement {
        QueryElement::Handle { search_value: value.into() }
    }

    #[test]
    fn all_elements_have_to_match() {
        let email = |value: &str| QueryElement::Email { search_value: value.into() };
        assert!(query(vec![handle("im:xavier@xyz.example"), email("xavier@mail.example")]));
        assert!(!query(vec![handle("im:xavier@xyz.example"), email("other@mail.example")]));
        assert!(!query(vec![]));
    }

    #[test]
    fn values_are_whole_but_for_partial_name_and_whole_profile() {
        let value = |value: &str| String::from(value);
        assert!(!query(vec![handle("im:xavier")]));
        assert!(!query(vec![handle("xavier")]));
        assert!(query(vec![QueryElement::Nick { search_value: value("xavier") }]));
        assert!(!query(vec![QueryElement::Nick { search_value: value("Xavier") }]));
        assert!(query(vec![QueryElement::Phone { search_value: value("+12125551212") }]));
        assert!(query(vec![QueryElement::PartialName { search_value: value("mat") }]));
        assert!(query(vec![QueryElement::PartialName { search_value: value("STRASS") }]));
        assert!(query(vec![QueryElement::PartialName { search_value: value("RE\u{301}NE\u{301}") }]));
        assert!(!query(vec![QueryElement::PartialName { search_value: value("rene") }]));
        assert!(!query(vec![QueryElement::PartialName { search_value: value("sales") }]));
        assert!(query(vec![QueryElement::PartialName { search_value: value("THIAS") }]));
        assert!(query(vec![QueryElement::PartialName { search_value: value("xavier") }]));
        assert!(!query(vec![QueryElement::PartialName { search_value: value("xyz") }]));
        assert!(query(vec![QueryElement::WholeProfile { search_value: value("Sales") }]));
        assert!(!query(vec![QueryElement::WholeProfile { search_value: value("sales") }]));
        let claim = |name: &str, text: &str| QueryElement::OidcStdClaim {
            claim_name: value(name),
            search_value: value(text),
        };
        assert!(query(vec![claim("given_name", "Matthias")]));
        assert!(!query(vec![claim("family_name", "Matthias")]));
        assert!(!query(vec![claim("given_name", "Matt")]));
        let field = |name: &str, text: &str| QueryElement::VcardField {
            property_name: value(name),
            search_value: value(text),
        };
        assert!(query(vec![field("org", "XYZ Sales")]));
        assert!(!query(vec![field("TITLE", "XYZ Sales")]));
    }

    fn request(query_elements: Vec<QueryElement>) -> IdentifierRequest {
        IdentifierRequest { query_elements, id_request_extensions: AppDataDictionary::default() }
    }

    #[test]
    fn a_query_that_looks_for_nothing_is_ambiguous_and_matches_no_user() {
        for element in [
            QueryElement::PartialName { search_value: String::new() },
            QueryElement::WholeProfile { search_value: String::new() },
            handle(""),
        ] {
            let request = request(vec![handle("im:xavier@xyz.example"), element]);
            assert!(!request.matches(&XAVIER));
            assert_eq!(request.query(|_| true).err(), Some(IdentifierQueryCode::AMBIGUOUS));
        }
        assert_eq!(request(vec![]).query(|_| true).err(), Some(IdentifierQueryCode::FORBIDDEN));
        let by_phone = request(vec![QueryElement::Phone { search_value: "+1".into() }]);
        let refused = by_phone.query(|kind| kind != SearchIdentifierType::Phone).err();
        assert_eq!(refused, Some(IdentifierQueryCode::UNSUPPORTED_FIELD));
    }

    #[test]
    fn a_query_has_at_most_32_different_elements() {
        let many = |count: usize| (0..count).map(|number| handle(&alloc::format!("im:{number}"))).collect();
        assert!(request(many(MAX_QUERY_ELEMENTS)).query(|_| true).is_ok());
        let refused = request(many(MAX_QUERY_ELEMENTS + 1)).query(|_| true).err();
        assert_eq!(refused, Some(IdentifierQueryCode::FORBIDDEN));
        // The same element again says nothing new.
        let same = request(vec![handle("im:xavier@xyz.example"); 10_000]);
        assert_eq!(same.query(|_| true).unwrap().elements.len(), 1);
        assert!(same.matches(&XAVIER));
    }

    #[test]
    fn refuses_a_code_that_contradicts_its_users() {
        use crate::{Decode, Encode};

        let user = || IdentifierUri::new("u").unwrap();
        let profile = || UserProfile { stable_uri: user(), fields: vec![] };
        let found = IdentifierResponse::found(vec![user()], vec![]);
        assert_eq!(*found.response_code(), IdentifierQueryCode::SUCCESS);
        let none = IdentifierResponse::found(vec![], vec![]);
        assert_eq!(*none.response_code(), IdentifierQueryCode::NOT_FOUND);
        assert_eq!(IdentifierResponse::refused(IdentifierQueryCode::NOT_FOUND), Ok(none));
        let refused = IdentifierResponse::refused(IdentifierQueryCode::SUCCESS);
        assert_eq!(refused, Err(InvalidValueError::field("uri", NONE_FOUND)));
        for code in 0..=255 {
            let code = IdentifierQueryCode(code);
            for (uri, profiles) in [(vec![user()], vec![]), (vec![], vec![profile()])] {
                let field = if uri.is_empty() { "found_profiles" } else { "uri" };
                let built = IdentifierResponse::new(code, uri, profiles, AppDataDictionary::default());
                if (1..=4).contains(&code.0) {
                    assert_eq!(built, Err(InvalidValueError::field(field, NOT_FOUND)));
                } else {
                    let bytes = built.clone().unwrap().to_bytes().unwrap();
                    assert_eq!(IdentifierResponse::decode_exact(&bytes).ok(), built.ok());
                }
            }
        }
        let error = IdentifierResponse::decode_exact(&[3, 2, 1, b'u', 0, 0]).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (&NOT_FOUND, 1));
        let error = IdentifierResponse::decode_exact(&[0, 0, 0, 0]).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (&NONE_FOUND, 1));
        let error = IdentifierRequest::decode_exact(&[2, 9, 0, 0]).unwrap_err();
        assert_eq!(IdentifierQueryCode::of_refusal(&error), Some(IdentifierQueryCode::UNSUPPORTED_FIELD));
    }
}
