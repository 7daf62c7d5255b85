//! Abuse reports that hold. Seeds are drawn by JavaScript, from `crypto.getRandomValues`.

use mimi::franking::{self, Construction, Framing, FrankedMessage, Reported, Submission};
use wasm_bindgen::prelude::*;

use crate::{Thrown, json, thrown};

/// How the messages of a room are franked.
#[wasm_bindgen]
pub struct Franking(franking::Franking);

/// Whom a receiver trusts to have franked.
#[wasm_bindgen]
pub struct Agent(franking::Agent);

/// The keys of a hub.
#[wasm_bindgen]
pub struct HubKeys(franking::HubKeys);

/// What a sender commits to.
#[wasm_bindgen(getter_with_clone)]
pub struct Commitment {
    #[wasm_bindgen(js_name = frankingTag)]
    pub franking_tag: Vec<u8>,
    pub salt: Vec<u8>,
    #[wasm_bindgen(js_name = safeAadItem)]
    pub safe_aad_item: Vec<u8>,
    #[wasm_bindgen(js_name = sendingUri)]
    pub sending_uri: String,
}

/// What a hub adds to a message.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone)]
pub struct Frank {
    #[wasm_bindgen(js_name = serverFrank)]
    pub server_frank: Vec<u8>,
    #[wasm_bindgen(js_name = cipherSuite)]
    pub cipher_suite: u16,
    pub proof: Vec<u8>,
}

#[wasm_bindgen]
impl Frank {
    #[wasm_bindgen(constructor)]
    pub fn new(server_frank: Vec<u8>, cipher_suite: u16, proof: Vec<u8>) -> Frank {
        Frank { server_frank, cipher_suite, proof }
    }

    fn of(&self) -> franking::Frank {
        let Self { server_frank, cipher_suite, proof } = self.clone();
        franking::Frank { server_frank, cipher_suite, proof }
    }
}

#[wasm_bindgen]
impl Agent {
    pub fn signed(
        encoded_group_context: &[u8],
        hub_domain: &str,
        presented_names: Vec<String>,
    ) -> Thrown<Agent> {
        franking::Agent::signed(encoded_group_context, hub_domain, &presented_names).map(Self).map_err(thrown)
    }

    pub fn secret(secret: &[u8]) -> Agent {
        Self(franking::Agent::secret(secret))
    }
}

#[wasm_bindgen]
impl HubKeys {
    pub fn signed(hub_key: &[u8], private_key: &[u8], encoded_group_context: &[u8]) -> Thrown<HubKeys> {
        franking::HubKeys::signed(hub_key, private_key, encoded_group_context).map(Self).map_err(thrown)
    }

    pub fn secret(hub_key: &[u8], secret: &[u8]) -> HubKeys {
        Self(franking::HubKeys::secret(hub_key, secret))
    }
}

fn framing(framed: bool) -> Framing {
    if framed { Framing::ApplicationFraming } else { Framing::Bare }
}

#[wasm_bindgen]
impl Franking {
    /// The signed construction of mimi-protocol-06.
    pub fn signed(framed: bool) -> Franking {
        Self(franking::Franking::new(Construction::Signed, framing(framed)))
    }

    /// The integrity MAC of mimi-protocol-03.
    #[wasm_bindgen(js_name = integrityMac)]
    pub fn integrity_mac(framed: bool) -> Franking {
        Self(franking::Franking::new(Construction::IntegrityMac, framing(framed)))
    }

    /// The context hash of mimi-protocol-02.
    #[wasm_bindgen(js_name = contextHash)]
    pub fn context_hash(assertion_key: i64, framed: bool) -> Franking {
        Self(franking::Franking::new(Construction::ContextHash { assertion_key }, framing(framed)))
    }

    pub fn commit(&self, application_data: &[u8], sender_uri: &str, room_uri: &str) -> Thrown<Commitment> {
        let made = self.0.commit(application_data, sender_uri, room_uri).map_err(thrown)?;
        Ok(Commitment {
            franking_tag: made.franking_tag,
            salt: made.salt,
            safe_aad_item: made.safe_aad_item,
            sending_uri: made.sending_uri,
        })
    }

    #[allow(clippy::too_many_arguments, reason = "JavaScript has one object for all of them")]
    pub fn frank(
        &self,
        keys: &HubKeys,
        franking_tag: Vec<u8>,
        sending_uri: String,
        submitted_by: String,
        presented_names: Vec<String>,
        room_uri: String,
        participants: Vec<String>,
        users_with_clients: Vec<String>,
        accepted_timestamp: u64,
        seed: &[u8],
    ) -> Thrown<Frank> {
        let submission = Submission {
            franking_tag,
            sending_uri,
            submitted_by,
            presented_names,
            room_uri,
            participants,
            users_with_clients,
        };
        let made = self.0.frank(&keys.0, &submission, accepted_timestamp, seed).map_err(thrown)?;
        Ok(Frank { server_frank: made.server_frank, cipher_suite: made.cipher_suite, proof: made.proof })
    }

    #[allow(clippy::too_many_arguments, reason = "JavaScript has one object for all of them")]
    pub fn verify(
        &self,
        agent: &Agent,
        application_data: Vec<u8>,
        franking_tag: Vec<u8>,
        frank: &Frank,
        accepted_timestamp: u64,
        sender_uri: String,
        room_uri: String,
    ) -> Thrown<String> {
        let frank = frank.of();
        let message = FrankedMessage {
            application_data,
            franking_tag,
            frank,
            accepted_timestamp,
            sender_uri,
            room_uri,
        };
        self.0.verify(&agent.0, &message).map(|unbound| json(&unbound)).map_err(thrown)
    }

    #[wasm_bindgen(js_name = checkReport)]
    pub fn check_report(
        &self,
        keys: &HubKeys,
        alleged_abuser_uri: &str,
        room_uri: &str,
        application_data: Vec<u8>,
        frank: &Frank,
        accepted_timestamp: u64,
    ) -> Thrown<String> {
        let reported = Reported { application_data, frank: frank.of(), accepted_timestamp };
        let checked = self.0.check_report(&keys.0, alleged_abuser_uri, room_uri, &reported);
        checked.map(|unbound| json(&unbound)).map_err(thrown)
    }
}
