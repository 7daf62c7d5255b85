//! `POST /identifierQuery/{domain}` (mimi-protocol-06 §5.8).

use alloc::vec::Vec;

use mimi_codec::{
    Decode, RequestFailure,
    protocol::{
        IdentifierQuery, IdentifierQueryCode, IdentifierRequest, IdentifierResponse, SearchIdentifierType,
        UserProfile,
    },
};

use super::Response;

/// What a provider lets other providers find out about its users.
pub trait Profiles {
    /// Whether other providers may look into fields of this kind.
    fn supports(&self, kind: SearchIdentifierType) -> bool;

    /// The users that match a query, with as much of their profiles as they show.
    /// [`IdentifierQuery::matches`] says whether a user does. The provider may leave out users and
    /// fields as its policy has it.
    ///
    /// # Errors
    /// The code to answer with instead: [`IdentifierQueryCode::AMBIGUOUS`] where so many match
    /// that the query must be more exact, [`IdentifierQueryCode::FORBIDDEN`] where it is not
    /// allowed.
    fn find(&self, query: &IdentifierQuery<'_>) -> Result<Vec<UserProfile>, IdentifierQueryCode>;
}

/// What came of a query, for the provider's own eyes.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryAnswer {
    /// The HTTP response.
    pub response: Response,
    /// Its body; `None` if the request was malformed.
    pub answer: Option<IdentifierResponse>,
}

/// Answers the body of `POST /identifierQuery/{domain}`, which any provider may be asked about its
/// own users.
///
/// The body decodes to at most [`mimi_codec::protocol::MAX_QUERY_ELEMENTS`] elements that count;
/// whether the asking provider may ask at all, and how often, the caller decides before.
pub fn identifier_query(profiles: &impl Profiles, body: &[u8]) -> QueryAnswer {
    let answer = match IdentifierRequest::decode_exact(body) {
        Ok(request) => look_up(profiles, &request),
        Err(error) => match IdentifierQueryCode::of_refusal(&error) {
            Some(code) => refused(code),
            None => return QueryAnswer { response: RequestFailure::Malformed.into(), answer: None },
        },
    };
    QueryAnswer { response: Response::ok(&answer), answer: Some(answer) }
}

fn look_up(profiles: &impl Profiles, request: &IdentifierRequest) -> IdentifierResponse {
    let found = request.query(|kind| profiles.supports(kind)).and_then(|query| profiles.find(&query));
    match found {
        Ok(found) => IdentifierResponse::found(Vec::new(), found),
        Err(code) => refused(code),
    }
}

fn refused(code: IdentifierQueryCode) -> IdentifierResponse {
    // `success` without a user is what `notFound` says.
    let refused = IdentifierResponse::refused(code);
    refused.unwrap_or_else(|_| IdentifierResponse::found(Vec::new(), Vec::new()))
}
