//! The kind `link-keys`: identity links in handshakes, and keys that change. What hub and members
//! make of a commit in a minimal-metadata room, the wrapper key of an epoch, and a user's new
//! connection key.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::{format, string::String, vec::Vec};

use mimi_codec::{
    ClientUri, Encode, Opaque, UserUri,
    code_points::ComponentID,
    extensions::SafeAAD,
    minimal_metadata::{ConnectionResponse, IdentityLinkKeysData},
    mls::{Credential, LeafNode, Proposal, Sender, SignaturePublicKey},
    protocol::PseudonymousCredential,
};
use mimi_crypto::{ExporterTree, RustCrypto, Secret};
use mimi_pseudonym::{
    CheckedClient, CommitContent, Connection, ConnectionKey, IdentityLinkKey, LinkKeys, RoomLeaves,
    SealedRoom, VerifiedIdentity, WrapperKeyRule, open_identity_link, rotation::epoch_wrapper_key,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Kind;
use super::judgement::{Judgement, all_bytes, must_be_refused, must_hold, number, suite};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct LinkKeysKind;

impl Kind for LinkKeysKind {
    fn name(&self) -> &'static str {
        "link-keys"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-kohbrok-mimi-metadata-minimalization-02", "draft-ietf-mls-extensions-10"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        // What an invalid case would come to is not in it.
        let after = match case.optional("what").and_then(Value::as_str) {
            Some("commit") => &["link_keys_after"][..],
            Some("connection_key") => &["connection_key_after", "retired_after"],
            _ => &[],
        };
        for field in after {
            case.required(field, "what the case comes to");
        }
        let judgement = judge(case);
        must_hold(case, judgement);
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_be_refused(case, judgement);
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = generated::valid(seed)?;
        cases.extend(generated::invalid(seed)?.into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    match case.text("what")? {
        "commit" => judge_commit(case),
        "wrapper_key" => judge_wrapper_key(case),
        "connection_key" => judge_connection_key(case),
        other => {
            case.cannot_judge("what", "commit, wrapper_key or connection_key", format!("{other:?}"));
            None
        }
    }
}

/// A member that is a list, in the JSON form of a Rust type.
fn list<T: DeserializeOwned>(case: &mut Case<'_>, field: &str, expected: &str) -> Option<Vec<T>> {
    case.structured(field, expected).map(|(_, list)| list)
}

fn sender(leaf_index: Option<u32>) -> Sender {
    leaf_index.map_or(Sender::NewMemberCommit {}, |leaf_index| Sender::Member { leaf_index })
}

const LEAVES: &str = "a list of hex, and null for blank leaves";
const PROPOSALS: &str = "a list of pairs: a leaf index, or null for a joiner, and hex";

fn judge_commit(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let rule = match case.text("rule") {
        Some("static") => Some(WrapperKeyRule::Static),
        Some("changes_with_removals") => Some(WrapperKeyRule::ChangesWithRemovals),
        Some(other) => {
            case.fail("rule", "static or changes_with_removals", format!("{other:?}"));
            None
        }
        None => None,
    };
    let was_pending = case.flag("rotation_pending", false);
    let is_pending = case.flag("rotation_pending_after", false);
    let leaves = list::<Option<String>>(case, "leaves", LEAVES);
    let proposals = list::<(Option<u32>, String)>(case, "proposals", PROPOSALS);
    let committer: Option<Option<u32>> = match case.optional("committer") {
        None => Some(None),
        Some(value) => case.read_structured("committer", "a leaf index", value),
    };
    let path = case.optional_bytes("path");
    let link_keys_after = case.optional_bytes("link_keys_after");
    let members = all_bytes(case, ["link_keys", "safe_aad"]);
    let (suite, rule, was_pending, is_pending) = (suite?, rule?, was_pending?, is_pending?);
    let (leaves, proposals, committer, path) = (leaves?, proposals?, committer?, path?);
    let link_keys_after = link_keys_after?;
    let [link_keys, safe_aad] = members?;

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let mut credentials = Vec::new();
    for leaf in &leaves {
        let Some(leaf) = leaf else {
            credentials.push(None);
            continue;
        };
        let bytes = it.check("leaves", hex::decode(leaf));
        let credential = bytes.and_then(|bytes| it.decode::<PseudonymousCredential>("leaves", &bytes));
        let Some(credential) = credential else { return Some(judgement) };
        credentials.push(Some(credential));
    }
    let mut parsed = Vec::new();
    for (by, proposal) in &proposals {
        let bytes = it.check("proposals", hex::decode(proposal));
        let proposal = bytes.and_then(|bytes| it.decode::<Proposal>("proposals", &bytes));
        let Some(proposal) = proposal else { return Some(judgement) };
        parsed.push((proposal, sender(*by)));
    }
    let path = match path.map(|path| it.decode::<LeafNode>("path", &path)) {
        Some(None) => return Some(judgement),
        path => path.flatten(),
    };
    let leaves = it.check("leaves", RoomLeaves::new(credentials));
    let data = it.decode::<IdentityLinkKeysData>("link_keys", &link_keys);
    let safe_aad = it.decode::<SafeAAD>("safe_aad", &safe_aad);
    let (Some(leaves), Some(data), Some(safe_aad)) = (leaves, data, safe_aad) else { return Some(judgement) };
    let Some(keys) = it.check("link_keys", LinkKeys::new(data, &leaves)) else { return Some(judgement) };
    let mut room = SealedRoom::new(leaves, keys, rule);
    if was_pending {
        room = room.with_pending_rotation();
    }
    let proposals: Vec<_> = parsed.iter().map(|(proposal, sender)| (proposal, sender)).collect();
    let commit = CommitContent {
        group_id: &Opaque::default(),
        epoch: 0,
        committer: &sender(committer),
        proposals: &proposals,
        path: path.as_ref(),
        safe_aad: &safe_aad,
    };
    let judged = it.check("proposals", room.judge(&suite, &commit));
    if let (Some(judged), Some(link_keys_after)) = (judged, link_keys_after) {
        let after = judged.after();
        if let Some(data) = it.check("link_keys_after", after.link_keys().data().to_bytes()) {
            it.same("link_keys_after", &data, &link_keys_after);
        }
        if after.is_rotation_pending() != is_pending {
            it.refuse("rotation_pending_after", after.is_rotation_pending(), is_pending);
        }
    }
    Some(judgement)
}

fn judge_wrapper_key(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let epoch = number(case, "epoch");
    let members =
        all_bytes(case, ["epoch_secret", "group_id", "component_secret", "identity_link_wrapper_key"]);
    let (suite, epoch) = (suite?, epoch?);
    let [epoch_secret, group_id, component_secret, wrapper_key] = members?;

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let secret = it.check("epoch_secret", Secret::new(&suite, epoch_secret));
    let tree = secret.and_then(|it_| it.check("epoch_secret", ExporterTree::from_epoch_secret(&suite, &it_)));
    let exported = tree.map(|mut tree| tree.safe_export_secret(&suite, ComponentID::IDENTITY_LINK_KEYS));
    if let Some(exported) = exported.and_then(|exported| it.check("component_secret", exported)) {
        it.same("component_secret", exported.expose(), &component_secret);
        let key = epoch_wrapper_key(&suite, &exported, &group_id.as_slice().into(), epoch);
        if let Some(key) = it.check("identity_link_wrapper_key", key) {
            it.same("identity_link_wrapper_key", key.expose(), &wrapper_key);
        }
    }
    Some(judgement)
}

fn judge_connection_key(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let user = case.text("user");
    let sender = Sending::read(case);
    let retired = list::<String>(case, "retired", "a list of hex");
    let previous = case.optional_bytes("previous_connection_key");
    let members = all_bytes(case, ["connection_key", "message"]);
    let connection_key_after = case.optional_bytes("connection_key_after");
    let previous_after = case.optional_bytes("previous_connection_key_after");
    let retired_after: Option<Option<Vec<String>>> = match case.optional("retired_after") {
        None => Some(None),
        Some(value) => case.read_structured("retired_after", "a list of hex", value).map(Some),
    };
    let (suite, user, sender) = (suite?, user?, sender?);
    let (retired, previous, previous_after, retired_after) =
        (retired?, previous?, previous_after?, retired_after?);
    let connection_key_after = connection_key_after?;
    let [connection_key, message] = members?;

    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let user = it.check("user", UserUri::new(user.as_bytes()));
    let key = it.check("connection_key", ConnectionKey::new(&suite, &connection_key));
    let previous =
        match previous.map(|key| it.check("previous_connection_key", ConnectionKey::new(&suite, &key))) {
            Some(None) => return Some(judgement),
            previous => previous.flatten(),
        };
    let (Some(user), Some(key)) = (user, key) else { return Some(judgement) };
    let retired = retired.iter().filter_map(|retired| it.check("retired", hex::decode(retired)));
    let retired: Vec<Opaque> = retired.map(Opaque::from).collect();
    let connection = Connection::restore(user, key, previous).with_retired(retired);
    let Some(identity) = sender.verified(&suite, it) else { return Some(judgement) };
    let message = it.decode::<ConnectionResponse>("message", &message);
    let rotated = message.map(|message| connection.rotate(&suite, &identity, &message));
    let Some(connection) = rotated.and_then(|rotated| it.check("message", rotated)) else {
        return Some(judgement);
    };
    let (Some(connection_key_after), Some(retired_after)) = (connection_key_after, retired_after) else {
        return Some(judgement);
    };
    it.same("connection_key_after", connection.connection_key().expose(), &connection_key_after);
    let before = connection.previous_connection_key().map(ConnectionKey::expose).unwrap_or_default();
    it.same("previous_connection_key_after", before, &previous_after.unwrap_or_default());
    let retired: Vec<_> = connection.retired().map(hex::encode).collect();
    if retired != retired_after {
        it.refuse("retired_after", retired.join(", "), retired_after.join(", "));
    }
    Some(judgement)
}

/// The member that sends a new connection key: its leaf's credential, the key that opens it, and
/// what the caller's check says of the credential inside.
struct Sending {
    user: String,
    client: String,
    members: [Vec<u8>; 4],
}

impl Sending {
    fn read(case: &mut Case<'_>) -> Option<Self> {
        let (user, client) = (case.text("sender_user"), case.text("sender_client"));
        let fields = [
            "sender_credential",
            "sender_identity_link_key",
            "sender_client_credential",
            "sender_signature_public_key",
        ];
        let members = all_bytes(case, fields);
        Some(Self { user: user?.into(), client: client?.into(), members: members? })
    }

    fn verified(&self, suite: &RustCrypto, it: &mut Judgement) -> Option<VerifiedIdentity<()>> {
        let [credential, link_key, client_credential, public_key] = &self.members;
        let user = it.check("sender_user", UserUri::new(self.user.as_bytes()))?;
        let client = it.check("sender_client", ClientUri::new(self.client.as_bytes()))?;
        let credential = it.decode::<PseudonymousCredential>("sender_credential", credential)?;
        let key = it.check("sender_identity_link_key", IdentityLinkKey::new(suite, link_key))?;
        let expected = it.decode::<Credential>("sender_client_credential", client_credential)?;
        let vouched = |credential: &Credential| {
            if *credential != expected {
                return Err(mimi_pseudonym::CredentialCheckError);
            }
            Ok(CheckedClient {
                user: user.clone(),
                client: client.clone(),
                signature_public_key: SignaturePublicKey::new(public_key.as_slice()),
                details: (),
            })
        };
        it.check("sender_credential", open_identity_link(suite, &credential, &key, &vouched))
    }
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid(&Seed::default()).unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), Vec::<String>::new());
    }
}
