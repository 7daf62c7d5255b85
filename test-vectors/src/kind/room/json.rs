//! The members of a case as JSON has them.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Bytes as lower-case hex.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl From<Vec<u8>> for Hex {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(D::Error::custom("hex is lower-case"));
        }
        hex::decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// A hub: its keys and its limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct HubJson {
    pub(super) domain: String,
    pub(super) signature_private_key: Hex,
    /// TLS ExternalSender.
    pub(super) external_sender: Hex,
    /// From when on, in milliseconds, and which key recognises franks.
    pub(super) hub_keys: Vec<(u64, Hex)>,
    pub(super) limits: LimitsJson,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct LimitsJson {
    pub(super) max_body: usize,
    pub(super) max_waiting: usize,
    pub(super) max_claimed: usize,
    pub(super) burst: u32,
    pub(super) interval_ms: u64,
}

/// What the authentication service says of a credential.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct IdentityJson {
    /// TLS Credential.
    pub(super) credential: Hex,
    pub(super) signature_public_key: Hex,
    pub(super) user: String,
    pub(super) client: String,
}

/// A request, or something that the hub's operator does, and what comes of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct StepJson {
    /// What happens, for people.
    pub(super) about: String,
    /// `update`, `submitMessage`, `groupInfo`, `keyMaterial`, `reportAbuse`, `requestConsent`,
    /// `updateConsent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<String>,
    /// The provider that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    /// `kick`, `ban`, `remove_user`, `issue_join_code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operator: Option<String>,
    /// The user whom the operator's act is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) join_code: Option<JoinCodeJson>,
    /// In milliseconds since the UNIX epoch.
    pub(super) at: u64,
    /// The variable of the path without its escapes, where the endpoint has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variable: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Hex>,
    /// What the next provider answers to a request for key material, which the hub has handed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next_response: Option<Hex>,
    /// The private key of the requester of a GroupInfo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) requester_private_key: Option<Hex>,

    #[serde(flatten)]
    pub(super) expected: Expected,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct JoinCodeJson {
    pub(super) code: Hex,
    pub(super) role: u32,
    pub(super) expires: u64,
    pub(super) uses: u32,
}

/// What comes of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Expected {
    /// Whether anything was accepted.
    pub(super) accepted: bool,
    /// Why not, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// None for what the operator does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<ResponseJson>,
    /// The provider to which a request for key material is handed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) forwarded_to: Option<String>,
    /// Which messages of an abuse report are proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) proven: Option<Vec<bool>>,
    #[serde(default)]
    pub(super) fan_outs: Vec<FanOutJson>,
    /// The snapshot after the step, if it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<Hex>,
    /// The tree after the step, if it has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ratchet_tree: Option<Hex>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResponseJson {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Hex>,
    /// What the sealed body of a GroupInfoResponse holds: TLS GroupInfoRatchetTreeTBE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) opened: Option<Hex>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FanOutJson {
    /// The providers.
    pub(super) to: Vec<String>,
    /// TLS FanoutMessage.
    pub(super) body: Hex,
}
