//! A hub that plays a case, step by step.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Display;

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, MatchedProvider, RoomUri, UserUri,
    code_points::CipherSuite,
    match_presented_identities,
    mls::{Credential, ExternalSender, RatchetTree, SignaturePublicKey},
    protocol::{ConsentEndpoint, ConsentEntry, KeyMaterialResponse},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto, Secret, SignaturePrivateKey};
use mimi_franking::{Framing, HubKey, HubKeyId, HubKeyRing};
use mimi_openmls::PublicStack;
use mimi_policy::Claims;
use mimi_room::{
    CredentialError, Identity, Member, MlsStack,
    follower::Follower,
    hub::{
        AuditOutcome, Call, FanOut, HostedRoom, HostedSnapshot, Hub, HubAnswer, HubChange, HubLimits,
        IssuedCode, Queue, Rate, Response,
    },
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_core::CryptoRng;

use super::json::{
    Expected, FanOutJson, HubJson, IdentityJson, JoinCodeJson, LimitsJson, ResponseJson, StepJson,
};

/// Why a case cannot be played: the member, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Unplayable {
    pub(super) field: &'static str,
    pub(super) why: String,
}

fn unplayable<E: Display>(field: &'static str) -> impl Fn(E) -> Unplayable {
    move |why| Unplayable { field, why: why.to_string() }
}

/// The authentication service of a case: a list.
#[derive(Clone, Default)]
pub(super) struct Directory(Vec<(Credential, SignaturePublicKey, Member)>);

impl Directory {
    pub(super) fn add(&mut self, identity: &IdentityJson) -> Result<(), Unplayable> {
        let wrong = "identities";
        let credential = Credential::decode_exact(&identity.credential.0).map_err(unplayable(wrong))?;
        let user = UserUri::try_from(identity.user.as_str()).map_err(unplayable(wrong))?;
        let client = ClientUri::try_from(identity.client.as_str()).map_err(unplayable(wrong))?;
        let host = user.mimi_uri().map(|uri| uri.host().to_owned());
        let provider = host.ok_or_else(|| unplayable(wrong)("the user has no MIMI URI"))?;
        let key = SignaturePublicKey::from(identity.signature_public_key.0.clone());
        self.0.push((credential, key, Member { user, client, provider, claims: Claims::none() }));
        Ok(())
    }
}

impl Identity for Directory {
    fn identify(
        &self,
        _: &RoomUri,
        credential: &Credential,
        key: &SignaturePublicKey,
    ) -> Result<Member, CredentialError> {
        let mut known = self.0.iter();
        let found = known.find(|(other, other_key, _)| other == credential && other_key == key);
        found.map(|(_, _, member)| member.clone()).ok_or_else(|| "no user has this credential and key".into())
    }
}

pub(super) type Stack = PublicStack<Arc<OpenMlsRustCrypto>>;
type TheHub = Hub<RustCrypto, Directory>;

/// A hub with one room.
pub(super) struct Hosting {
    pub(super) own: MatchedProvider,
    pub(super) hub: TheHub,
    pub(super) hosted: HostedRoom<Stack>,
    /// What the hub's provider knows of consent.
    follower: Follower,
}

pub(super) fn peer(domain: &str) -> Result<MatchedProvider, Unplayable> {
    let name = DnsName::parse(domain).map_err(unplayable("from"))?;
    match_presented_identities(name.as_ref(), [domain]).map_err(unplayable("from"))
}

pub(super) fn hub(suite: RustCrypto, json: &HubJson, directory: Directory) -> Result<TheHub, Unplayable> {
    let wrong = "hub";
    let private = SignaturePrivateKey::new(&suite, json.signature_private_key.0.as_slice())
        .map_err(unplayable(wrong))?;
    let key = suite.signing_key(&private).map_err(unplayable(wrong))?;
    let external_sender = ExternalSender::decode_exact(&json.external_sender.0).map_err(unplayable(wrong))?;
    let mut hub_keys = HubKeyRing::new();
    for (from, key) in &json.hub_keys {
        let secret = Secret::new(&suite, key.0.clone()).map_err(unplayable(wrong))?;
        let key = HubKey::new(&secret).map_err(unplayable(wrong))?;
        hub_keys.add(HubKeyId(*from), key).map_err(unplayable(wrong))?;
    }
    let LimitsJson { max_body, max_waiting, max_claimed, burst, interval_ms } = json.limits;
    let rate = Rate { burst, interval_ms };
    let limits = HubLimits { max_body, max_waiting, max_claimed, rate };
    let domain = DnsName::parse(&json.domain).map_err(unplayable(wrong))?;
    Hub::new(domain, suite, key, external_sender, hub_keys, directory, limits).map_err(unplayable(wrong))
}

/// The room of a snapshot, whose group is followed from its GroupInfo and this tree.
pub(super) fn restore(
    hub: &TheHub,
    snapshot: &[u8],
    ratchet_tree: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<HostedRoom<Stack>, Unplayable> {
    let snapshot = HostedSnapshot::read(snapshot).map_err(unplayable("snapshot"))?;
    let tree = RatchetTree::decode_exact(ratchet_tree).map_err(unplayable("ratchet_tree"))?;
    let stack = Stack::follow(Arc::default(), snapshot.group_info(), &tree);
    let stack = stack.map_err(unplayable("ratchet_tree"))?;
    let hosted = snapshot.restore(hub, stack, Queue::Anew, rng).map_err(unplayable("snapshot"))?;
    let room = hosted.room();
    // A hub trusts its own store about who is behind a leaf; a case says it twice.
    let leaves = hosted.stack().leaves().map_err(unplayable("ratchet_tree"))?;
    let named = leaves.iter().map(|(index, leaf)| {
        let member = hub.identity().identify(room.uri(), &leaf.credential, &leaf.signature_key);
        member.map(|member| (*index, member))
    });
    let named = named.collect::<Result<Vec<_>, _>>().map_err(unplayable("identities"))?;
    if !room.members().iter().eq(named.iter().map(|(index, member)| (*index, member))) {
        return Err(unplayable("snapshot")("a member is not the one that its leaf names"));
    }
    Ok(hosted)
}

impl Hosting {
    pub(super) fn new(
        number: CipherSuite,
        hub_json: &HubJson,
        directory: Directory,
        snapshot: &[u8],
        ratchet_tree: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, Unplayable> {
        let suite = RustCrypto::new(number).map_err(unplayable("cipher_suite"))?;
        let hub = hub(suite, hub_json, directory)?;
        let hosted = restore(&hub, snapshot, ratchet_tree, rng)?;
        Ok(Self { own: peer(&hub_json.domain)?, hub, hosted, follower: Follower::default() })
    }

    pub(super) fn with(own: MatchedProvider, hub: TheHub, hosted: HostedRoom<Stack>) -> Self {
        Self { own, hub, hosted, follower: Follower::default() }
    }

    pub(super) fn snapshot(&self) -> Result<Vec<u8>, Unplayable> {
        self.hosted.snapshot().map_err(unplayable("snapshot"))
    }

    pub(super) fn ratchet_tree(&self) -> Result<Vec<u8>, Unplayable> {
        let tree = self.hosted.stack().ratchet_tree().map_err(unplayable("ratchet_tree"))?;
        tree.to_bytes().map_err(unplayable("ratchet_tree"))
    }

    /// Plays a step, and says what has come of it.
    pub(super) fn play(&mut self, step: &StepJson, rng: &mut dyn CryptoRng) -> Result<Expected, Unplayable> {
        let (snapshot, tree) = (self.snapshot()?, self.ratchet_tree()?);
        let mut played = match (&step.endpoint, &step.operator) {
            (Some(endpoint), None) => self.request(endpoint, step, rng)?,
            (None, Some(operator)) => self.operate(operator, step, rng)?,
            _ => return Err(unplayable("steps")("a step has either an endpoint or an operator")),
        };
        let (snapshot_after, tree_after) = (self.snapshot()?, self.ratchet_tree()?);
        played.snapshot = (snapshot != snapshot_after).then(|| snapshot_after.into());
        played.ratchet_tree = (tree != tree_after).then(|| tree_after.into());
        Ok(played)
    }

    fn request(
        &mut self,
        endpoint: &str,
        step: &StepJson,
        rng: &mut dyn CryptoRng,
    ) -> Result<Expected, Unplayable> {
        let missing = |what: &str| unplayable("steps")(format!("a request has {what}"));
        let from = peer(step.from.as_deref().ok_or_else(|| missing("a provider that asks"))?)?;
        let body = &step.body.as_ref().ok_or_else(|| missing("a body"))?.0;
        let call = Call { from: &from, now_ms: step.at };
        let variable = step.variable.as_deref().unwrap_or_default().as_bytes();
        let hosted = &mut self.hosted;
        match endpoint {
            "update" => {
                let answer = self.hub.update(hosted, call, body);
                self.apply(answer, rng)
            }
            "submitMessage" => {
                let answer = self.hub.submit_message(hosted, call, body, rng);
                self.apply(answer, rng)
            }
            "groupInfo" => {
                let answer = self.hub.group_info(hosted, call, body, rng);
                Ok(expected(&answer))
            }
            "keyMaterial" => {
                let answer = self.hub.key_material(hosted, call, variable, body);
                let mut played = expected(&answer);
                let Some(next) = answer.change else { return Ok(played) };
                played.forwarded_to = Some(next.to.as_str().into());
                let Some(body) = &step.next_response else { return Ok(played) };
                // What is not good for the requester is the next provider's fault: 502.
                if let Ok(response) = KeyMaterialResponse::decode_exact(&body.0)
                    && self.hub.key_material_response(hosted, &next, &response).is_ok()
                {
                    played.response = Some(json(&Response::ok(&response)));
                }
                Ok(played)
            }
            "reportAbuse" => {
                let answer = self.hub.report_abuse(hosted, call, body, Framing::Bare);
                let mut played = expected(&answer);
                let verdicts = answer.change.map(|(_, verdicts)| verdicts);
                played.proven = verdicts.map(|verdicts| verdicts.iter().map(Result::is_ok).collect());
                Ok(played)
            }
            "requestConsent" => self.hear(ConsentEndpoint::RequestConsent, &from, variable, body),
            "updateConsent" => self.hear(ConsentEndpoint::UpdateConsent, &from, variable, body),
            _ => Err(unplayable("steps")(format!("no endpoint is called {endpoint}"))),
        }
    }

    /// Consent of which the hub's provider hears. KeyPackages of a grant for this room, or for any,
    /// are remembered, since their Welcome passes the hub.
    fn hear(
        &mut self,
        endpoint: ConsentEndpoint,
        from: &MatchedProvider,
        domain: &[u8],
        body: &[u8],
    ) -> Result<Expected, Unplayable> {
        let (response, heard) = self.follower.hear_consent(from, &self.own, endpoint, domain, body);
        let accepted = heard.is_some();
        if let Some((entry, _)) = heard
            && let ConsentEntry::Grant { room_id, .. } = &entry
            && room_id.as_ref().is_none_or(|it| it.as_bytes() == self.hosted.room().uri().as_bytes())
        {
            self.hub.consent_granted(&mut self.hosted, &entry).map_err(unplayable("steps"))?;
        }
        let reason = (!accepted).then(|| "the entry is malformed, or not this provider's to say".into());
        Ok(Expected { accepted, reason, response: Some(json(&response)), ..Expected::default() })
    }

    fn apply(
        &mut self,
        answer: HubAnswer<HubChange<Stack>>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Expected, Unplayable> {
        let mut played = expected(&answer);
        if let Some(change) = answer.change {
            let applied = self.hub.apply(&mut self.hosted, change, rng).map_err(unplayable("steps"))?;
            played.fan_outs = fan_outs(&applied.fan_out)?;
        }
        Ok(played)
    }

    fn operate(
        &mut self,
        operator: &str,
        step: &StepJson,
        rng: &mut dyn CryptoRng,
    ) -> Result<Expected, Unplayable> {
        let user = step.user.as_deref().unwrap_or_default();
        let user = UserUri::try_from(user).map_err(unplayable("steps"))?;
        let (hub, hosted) = (&self.hub, &mut self.hosted);
        let change = match operator {
            "kick" => hub.kick(hosted, &user, step.at, rng).map(Some),
            "ban" => hub.ban(hosted, &user, step.at, rng).map(Some),
            "remove_user" => hub.remove_user(hosted, &user, step.at, rng).map(Some),
            "issue_join_code" => {
                let Some(JoinCodeJson { code, role, expires, uses }) = &step.join_code else {
                    return Err(unplayable("steps")("no join code"));
                };
                let worth = IssuedCode { role: *role, expires_ms: *expires, uses: *uses };
                hub.issue_join_code(hosted, &user, &code.0, worth).map(|()| None)
            }
            _ => return Err(unplayable("steps")(format!("no operator's act is called {operator}"))),
        };
        match change {
            Ok(None) => Ok(Expected { accepted: true, ..Expected::default() }),
            Ok(Some(change)) => {
                let applied = self.hub.apply(&mut self.hosted, change, rng).map_err(unplayable("steps"))?;
                let fan_outs = fan_outs(&applied.fan_out)?;
                Ok(Expected { accepted: true, fan_outs, ..Expected::default() })
            }
            Err(error) => Ok(Expected { reason: Some(error.to_string()), ..Expected::default() }),
        }
    }
}

fn expected<T>(answer: &HubAnswer<T>) -> Expected {
    let reason = match &answer.audit.outcome {
        AuditOutcome::Refused(refused) => Some(refused.to_string()),
        AuditOutcome::Rejected(why) => Some(why.clone()),
        AuditOutcome::Malformed(error) => Some(error.to_string()),
        _ => None,
    };
    let response = Some(json(&answer.response));
    Expected { accepted: reason.is_none(), reason, response, ..Expected::default() }
}

fn json(response: &Response) -> ResponseJson {
    let Response { status, retry_after_s, body, .. } = response.clone();
    ResponseJson { status, retry_after: retry_after_s, body: body.map(Into::into), opened: None }
}

fn fan_outs(fan_outs: &[FanOut]) -> Result<Vec<FanOutJson>, Unplayable> {
    let json = |it: &FanOut| {
        let body = it.body().map_err(unplayable("steps"))?.into();
        Ok(FanOutJson { to: it.to.iter().map(|name| name.as_str().into()).collect(), body })
    };
    fan_outs.iter().map(json).collect()
}
