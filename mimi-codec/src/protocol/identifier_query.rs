//! `POST /identifierQuery/{domain}`: finding the URI of a user of another provider (mimi-protocol §5.8).

use alloc::string::String;
use alloc::vec::Vec;

use super::IdentifierUri;
use crate::{
    Opaque,
    convention::{open_registry, wire_enum, wire_select, wire_struct},
    extensions::AppDataDictionary,
};

wire_enum! {
    /// What a [`QueryElement`] looks into (mimi-protocol §5.8).
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
    /// One thing that a user must match to be found (mimi-protocol §5.8).
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

/// A searchable property of a user, for [`QueryElement::matches`].
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

impl QueryElement {
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

    /// Whether one of a user's properties matches. Hand in only what the user and its provider let be searched; a property
    /// with several values stands several times.
    ///
    /// Values are compared whole and octet by octet, save that `partialName` is a part of a name in any case and
    /// `wholeProfile` a part of anything. Names of vCard properties are compared in any case (RFC 6350 §3.3).
    #[must_use]
    pub fn matches<'p>(&self, properties: impl IntoIterator<Item = (ProfileProperty<'p>, &'p str)>) -> bool {
        let wanted = self.search_value();
        let wanted_lower = wanted.to_lowercase();
        properties.into_iter().any(|(property, value)| match (self, property) {
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
            (Self::PartialName { .. }, ProfileProperty::Name) => value.to_lowercase().contains(&wanted_lower),
            (Self::WholeProfile { .. }, _) => value.contains(wanted),
            _ => false,
        })
    }
}

wire_struct! {
    /// A query (mimi-protocol §5.8).
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

impl IdentifierRequest {
    /// Whether a user of these searchable properties matches all elements. A query without elements matches nobody.
    #[must_use]
    pub fn matches(&self, properties: &[(ProfileProperty<'_>, &str)]) -> bool {
        !self.query_elements.is_empty()
            && self.query_elements.iter().all(|element| element.matches(properties.iter().copied()))
    }
}

open_registry! {
    /// What became of an [`IdentifierRequest`] (mimi-protocol §5.8).
    pub struct IdentifierQueryCode(u8) {
        /// Somebody matches.
        0 "success" => SUCCESS,
        /// Nobody matches.
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
    /// Where a [`ProfileField`] comes from (mimi-protocol §5.8).
    pub struct FieldSource(u8) {
        /// An OpenID Connect standard claim.
        7 "oidcStdClaim" => OIDC_STD_CLAIM,
        /// A vCard property.
        8 "vcardField" => VCARD_FIELD,
    }
}

wire_struct! {
    /// A field of a user's profile (mimi-protocol §5.8).
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
    /// A user that was found (mimi-protocol §5.8).
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
    /// The answer to an [`IdentifierRequest`] (mimi-protocol §5.8).
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
        pub response_code: IdentifierQueryCode,
        /// Users by their URI only.
        pub uri: Vec<IdentifierUri>,
        /// Users with a profile.
        pub found_profiles: Vec<UserProfile>,
        /// An extension point.
        pub id_response_extensions: AppDataDictionary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const XAVIER: [(ProfileProperty<'static>, &str); 7] = [
        (ProfileProperty::Handle, "im:xavier@xyz.example"),
        (ProfileProperty::Nick, "xavier"),
        (ProfileProperty::Email, "xavier@mail.example"),
        (ProfileProperty::Phone, "+12125551212"),
        (ProfileProperty::Name, "Matthias"),
        (ProfileProperty::OidcStdClaim("given_name"), "Matthias"),
        (ProfileProperty::VcardField("ORG"), "XYZ Sales"),
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
        assert!(query(vec![QueryElement::PartialName { search_value: value("THIAS") }]));
        assert!(!query(vec![QueryElement::PartialName { search_value: value("xavier") }]));
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
}
