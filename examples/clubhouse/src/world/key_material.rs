//! Key packages, and the consent that they take: `POST /keyMaterial`, `/requestConsent` and `/updateConsent` (mimi-protocol, 5.2 and 5.7).

use mimi_codec::{
    mls::KeyPackage,
    protocol::{ConsentEndpoint, ConsentEntry, IdentifierUri, KeyMaterialRequest, KeyMaterialResponse},
};
use mimi_crypto::key_package_ref;
use mimi_policy::consent::ConsentOutcome;

use super::{
    World,
    exchange::{name, post},
};
use crate::{
    Result,
    decision::text,
    identity::domain_of,
    narrator::{Hop, Verdict},
    stack,
};

impl World {
    /// A client fetches the key packages of a user (mimi-protocol, 5.2): by its provider and the hub to the user's provider. The hub
    /// remembers where they came from.
    ///
    /// # Errors
    /// When somebody on the way can't read a body.
    pub fn fetch_key_material(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        target: &IdentifierUri,
    ) -> Result<KeyMaterialResponse> {
        let (own, hub, theirs) = (domain_of(client)?, domain_of(room)?, domain_of(target)?);
        let request = self.client(client)?.request_key_material(target, room)?;
        let path = post("keyMaterial", target);
        let mut route = vec![own, hub.clone(), theirs.clone()];
        route.dedup();
        let request = self.narrator.send(
            name(client),
            &own_of(&route)?,
            Hop::Local,
            "key packages, please",
            &request,
        )?;
        for (from, to) in route.iter().zip(route.iter().skip(1)) {
            // The hub hands the request on as it came: the requester has signed it, not the hub.
            self.narrator.forward(from, to, Hop::Request, &path, KEY_MATERIAL_REQUEST, &request);
        }

        let answer = self.provider(&theirs)?.key_material(&request)?;
        let code = format!("{:?}", answer.response.user_status());
        self.narrator.decided(Verdict {
            by: theirs.clone(),
            about: format!("key packages of {}", text(target)),
            accepted: answer.response.clients().iter().any(|it| it.key_package().is_some()),
            code: Some(lower_first(&code)),
            why: vec![answer.why],
        });
        let body = mimi_codec::Encode::to_bytes(&answer.response)?;
        let response: KeyMaterialResponse = stack::decode(&body)?;
        let suite = self.suite;
        let references = response.clients().iter().filter_map(|it| it.key_package());
        let references = references.map(|it| key_package_ref(&suite, it)).collect::<Result<Vec<_>, _>>()?;
        self.provider(&hub)?.hub.remember_key_packages(references, &theirs);
        for (to, from) in route.iter().zip(route.iter().skip(1)).rev() {
            self.narrator.forward(from, to, Hop::Response, &path, KEY_MATERIAL_RESPONSE, &body);
        }
        self.narrator.forward(
            &own_of(&route)?,
            name(client),
            Hop::Local,
            "key packages",
            KEY_MATERIAL_RESPONSE,
            &body,
        );
        Ok(response)
    }

    /// The key packages of a user, where there have to be some.
    ///
    /// # Errors
    /// When there are none.
    pub fn key_packages(
        &mut self,
        client: &IdentifierUri,
        room: &IdentifierUri,
        target: &IdentifierUri,
    ) -> Result<Vec<KeyPackage>> {
        let response = self.fetch_key_material(client, room, target)?;
        let found: Vec<_> = response.clients().iter().filter_map(|it| it.key_package().cloned()).collect();
        crate::ensure!(!found.is_empty(), "no key package of {target:?}: {:?}", response.user_status());
        Ok(found)
    }

    /// `POST /requestConsent/{targetDomain}` and `POST /updateConsent/{requesterDomain}` (mimi-protocol, 5.7): directly from one provider to
    /// the other, as no room is needed for it. The answer has no body, and says no more than that the entry has come.
    ///
    /// # Errors
    /// When the other can't read the body, or it isn't the sender's to say.
    pub fn send_consent(&mut self, entry: &ConsentEntry) -> Result<ConsentOutcome> {
        let scope = entry.scope();
        let (requester, target) = (domain_of(&scope.requester_uri)?, domain_of(&scope.target_uri)?);
        let endpoint = entry.endpoint();
        let (from, to, path) = match endpoint {
            ConsentEndpoint::RequestConsent => {
                (requester, target.clone(), format!("POST /requestConsent/{target}"))
            }
            ConsentEndpoint::UpdateConsent => {
                (target, requester.clone(), format!("POST /updateConsent/{requester}"))
            }
        };
        // Each keeps what was said: the target's provider to decide, the requester's to know.
        self.provider(&from)?.say_consent(entry)?;
        let body = self.narrator.send(&from, &to, Hop::Request, path, entry)?;
        let outcome = self.provider(&to)?.hear_consent(&from, &to, endpoint, &body)?;
        self.narrator.saw(&to, format!("{outcome:?}, and answers 201 whatever came of it"));
        Ok(outcome)
    }
}

const KEY_MATERIAL_REQUEST: &str = <KeyMaterialRequest as mimi_codec::Decode<'_>>::NAME;
const KEY_MATERIAL_RESPONSE: &str = <KeyMaterialResponse as mimi_codec::Decode<'_>>::NAME;

fn own_of(route: &[String]) -> Result<String> {
    Ok(route.first().ok_or("no provider")?.clone())
}

/// The codes of the drafts begin with a small letter.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
