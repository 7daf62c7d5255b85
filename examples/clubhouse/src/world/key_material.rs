//! KeyPackages, and the consent that they take: `POST /keyMaterial`, `/requestConsent` and
//! `/updateConsent` (mimi-protocol-06 §5.2 and §5.7).

use mimi_codec::{
    ClientUri, Decode, RoomUri, UserUri,
    mls::KeyPackage,
    protocol::{ConsentEndpoint, ConsentEntry, KeyMaterialRequest, KeyMaterialResponse},
};
use mimi_room::consent::ConsentOutcome;

use super::{World, name, post};
use crate::{
    Result,
    identity::domain_of,
    narrator::{Hop, Verdict},
    stack, telling,
};

impl World {
    /// A client fetches the KeyPackages of a user (mimi-protocol-06 §5.2): by its provider and the
    /// hub to the user's provider.
    ///
    /// # Errors
    /// If the hub does not pass the request on, or a party on the way cannot read a body.
    pub fn fetch_key_material(
        &mut self,
        client: &ClientUri,
        room: &RoomUri,
        target: &UserUri,
    ) -> Result<KeyMaterialResponse> {
        let (own, hub) = (domain_of(client.mimi_uri())?, domain_of(room.mimi_uri())?);
        let theirs = domain_of(target.mimi_uri())?;
        let request = self.client(client)?.request_key_material(target, room)?;
        let path = post("keyMaterial", target);
        let mut route = vec![own.clone(), hub.clone(), theirs.clone()];
        route.dedup();
        let body = self.narrator.send(name(client), &own, Hop::Local, "key packages, please", &request)?;
        for (from, to) in route.iter().zip(route.iter().skip(1)) {
            // The hub hands the request on as it came: the requester has signed it, not the hub.
            self.narrator.forward(from, to, Hop::Request, &path, KEY_MATERIAL_REQUEST, &body);
        }
        let now = self.tick();
        let step = self.provider(&hub)?.pass_key_material(room, &own, target, &body, now)?;
        let (response, why) = self.provider(step.to.as_str())?.key_material(target, &body, now)?;
        self.narrator.decided(Verdict {
            by: theirs,
            about: format!("key packages of {target}"),
            accepted: response.clients().iter().any(|it| it.key_package().is_some()),
            code: Some(telling::code(response.user_status())),
            why: vec![why],
        });
        let body = mimi_codec::Encode::to_bytes(&response)?;
        let response: KeyMaterialResponse = stack::decode(&body)?;
        self.provider(&hub)?.pass_key_material_back(room, &step, &response)?;
        for (to, from) in route.iter().zip(route.iter().skip(1)).rev() {
            self.narrator.forward(from, to, Hop::Response, &path, KEY_MATERIAL_RESPONSE, &body);
        }
        let hop = Hop::Local;
        self.narrator.forward(&own, name(client), hop, "key packages", KEY_MATERIAL_RESPONSE, &body);
        Ok(response)
    }

    /// The KeyPackages of a user, where there must be some.
    ///
    /// # Errors
    /// If there are none.
    pub fn key_packages(
        &mut self,
        client: &ClientUri,
        room: &RoomUri,
        target: &UserUri,
    ) -> Result<Vec<KeyPackage>> {
        let response = self.fetch_key_material(client, room, target)?;
        let found: Vec<_> = response.clients().iter().filter_map(|it| it.key_package().cloned()).collect();
        crate::ensure!(!found.is_empty(), "no key package of {target}: {:?}", response.user_status());
        Ok(found)
    }

    /// `POST /requestConsent/{targetDomain}` and `POST /updateConsent/{requesterDomain}`
    /// (mimi-protocol-06 §5.7): directly from one provider to the other, as no room is needed for
    /// it. The answer has no body, and says no more than that the entry has arrived.
    ///
    /// # Errors
    /// If the other cannot read the body, or it is not the sender's to say.
    pub fn send_consent(&mut self, entry: &ConsentEntry) -> Result<ConsentOutcome> {
        let scope = entry.scope();
        let requester = domain_of(UserUri::try_from(&scope.requester_uri)?.mimi_uri())?;
        let target = domain_of(UserUri::try_from(&scope.target_uri)?.mimi_uri())?;
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
        let outcome = self.provider(&to)?.hear_consent(&from, endpoint, &to, &body)?;
        self.narrator.saw(&to, format!("{outcome:?}, and answers 201 whatever came of it"));
        Ok(outcome)
    }
}

const KEY_MATERIAL_REQUEST: &str = <KeyMaterialRequest as Decode<'_>>::NAME;
const KEY_MATERIAL_RESPONSE: &str = <KeyMaterialResponse as Decode<'_>>::NAME;
