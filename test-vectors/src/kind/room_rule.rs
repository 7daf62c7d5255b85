//! The kind `room-rule`: what parties keep beside a room's policy, step by step: consent, ways to
//! reach a user, the one room of a set of participants, approvals by others, and reports of forks.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
#[expect(clippy::indexing_slicing, reason = "members of JSON objects that are made here")]
mod generated;

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::num::NonZeroU32;

use mimi_codec::extensions::AppDataDictionary;
use mimi_codec::protocol::{ConsentEntry, IdentifierUri, Uri};
use mimi_codec::room_policy::BaseRoomPolicy;
use mimi_policy::{ClientUri, RoomUri, UserUri};
use mimi_room::consent::{ConsentOutcome, Consents, NoConsentError, TellsOfOtherRooms};
use mimi_room::conversation::{Conversation, ConversationKey, Conversations};
use mimi_room::fork::{Branch, ForkReports, ForkVerdict, ReportRefusal};
use mimi_room::messaging_mode::{Acquaintance, DeliveryDecision, MessagingMode, Quarantine, delivery};
use mimi_room::two_person::{ApprovalRefusal, ApprovalRule, ChangeDigest, NotApprovedError, PendingChange};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Kind;
use super::judgement::{Judgement, must_be_refused, must_hold};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct RoomRule;

impl Kind for RoomRule {
    fn name(&self) -> &'static str {
        "room-rule"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-protocol-06", "draft-ietf-mimi-room-policy-04"]
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

/// What a step comes to: an outcome, or the name of a refusal.
type Outcome = Result<Value, &'static str>;

/// A step that is not as the format has it.
struct Malformed(String);

type Step<T> = Result<T, Malformed>;

/// What runs the steps of one rule.
trait Rule {
    fn run(&mut self, op: &str, step: &Value) -> Step<Outcome>;
}

const KNOWN: &str = "\"consent\", \"messaging_mode\", \"conversation\", \"two_person\" or \"fork\"";

/// `None` if a member is missing or ill-typed, or what the case is about is not known.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let what = case.text("what")?;
    let steps = case.required("steps", "a list of steps")?;
    let Some(steps) = steps.as_array() else {
        case.fail("steps", "a list of steps", steps);
        return None;
    };
    let mut judgement = Judgement::default();
    let mut rule: alloc::boxed::Box<dyn Rule> = match what {
        "consent" => alloc::boxed::Box::new(Consents::default()),
        "messaging_mode" => {
            let limits = case.structured::<[usize; 2]>("limits", "senders, and messages of each");
            let (_, [senders, per_sender]) = limits?;
            alloc::boxed::Box::new(Quarantine::<String>::new(senders, per_sender))
        }
        "conversation" => alloc::boxed::Box::new(Conversations::default()),
        "two_person" => alloc::boxed::Box::new(two_person(case, &mut judgement)?),
        "fork" => {
            let clients = case.structured::<Vec<(String, String)>>("clients", "a list of user and client");
            let epoch = super::judgement::number(case, "epoch");
            let ((_, clients), epoch) = (clients?, epoch?);
            let clients: Result<Vec<_>, _> = clients
                .iter()
                .map(|(user, client)| {
                    let user = UserUri::try_from(user.as_str())?;
                    Ok::<_, mimi_codec::IdentityError>((user, ClientUri::try_from(client.as_str())?))
                })
                .collect();
            let clients = judgement.check("clients", clients)?;
            alloc::boxed::Box::new(ForkReports::new(epoch, clients))
        }
        other => {
            case.cannot_judge("what", KNOWN, other);
            return None;
        }
    };
    for (index, step) in steps.iter().enumerate() {
        let outcome = step.get("op").and_then(Value::as_str).ok_or_else(|| Malformed("no op".into()));
        match outcome.and_then(|op| rule.run(op, step)) {
            Err(Malformed(error)) => {
                case.fail("steps", "a step that the format has", format!("steps[{index}]: {error}"));
                return None;
            }
            Ok(outcome) => match (step.get("outcome"), outcome) {
                (Some(expected), outcome) => {
                    let found = outcome.unwrap_or_else(|name| json!({"refused": name}));
                    if *expected != found {
                        judgement.refuse("outcome", format!("steps[{index}]: {expected}"), found);
                    }
                }
                (None, Err(name)) => judgement.refuse("steps", "to be taken", name),
                (None, Ok(outcome)) => {
                    case.fail(
                        "steps",
                        format!("steps[{index}]: an outcome"),
                        format!("none; it is {outcome}"),
                    );
                    return None;
                }
            },
        }
    }
    Some(judgement)
}

fn read<'a, T: Deserialize<'a>>(step: &'a Value, member: &str) -> Step<T> {
    let value = step.get(member).unwrap_or(&Value::Null);
    T::deserialize(value).map_err(|error| Malformed(format!("{member}: {error}")))
}

/// An identity in the spelling that counts, or the step is refused.
macro_rules! identity {
    ($kind:ident, $text:expr) => {
        match $kind::try_from($text) {
            Ok(identity) => identity,
            Err(_) => return Ok(Err(SPELLING)),
        }
    };
}

const SPELLING: &str = "spelling";

fn unknown(op: &str) -> Malformed {
    Malformed(format!("op {op:?} is unknown"))
}

fn identifier(text: &str) -> Step<IdentifierUri> {
    IdentifierUri::new(text).map_err(|_| Malformed(format!("{text:?} is no URI")))
}

impl Rule for Consents {
    fn run(&mut self, op: &str, step: &Value) -> Step<Outcome> {
        if op == "pending" {
            let target = identity!(UserUri, read::<&str>(step, "target")?);
            let requests = self.requests(&target);
            let requests = requests
                .map(|(requester, room)| json!([requester.to_string(), room.map(ToString::to_string)]));
            return Ok(Ok(requests.collect()));
        }
        let (requester, target) = (read::<&str>(step, "requester")?, read::<&str>(step, "target")?);
        let room: Option<&str> = read(step, "room")?;
        if op == "check" {
            let (requester, target) = (identity!(UserUri, requester), identity!(UserUri, target));
            let room = match room {
                Some(room) => Some(identity!(RoomUri, room)),
                None => None,
            };
            let tells = match read::<bool>(step, "tells_of_other_rooms")? {
                true => TellsOfOtherRooms::Yes,
                false => TellsOfOtherRooms::No,
            };
            return Ok(Ok(match self.check(&requester, &target, room.as_ref()) {
                Ok(_) => json!("consented"),
                Err(why) => json!([no_consent(why), why.code(tells).value()]),
            }));
        }
        let requester_uri = identifier(requester)?;
        let (target_uri, room_id) = (identifier(target)?, room.map(identifier).transpose()?);
        let consent_extensions = AppDataDictionary::default();
        let entry = match op {
            "request" => ConsentEntry::Request { requester_uri, target_uri, room_id, consent_extensions },
            "cancel" => ConsentEntry::Cancel { requester_uri, target_uri, room_id, consent_extensions },
            "revoke" => ConsentEntry::Revoke { requester_uri, target_uri, room_id, consent_extensions },
            "grant" => ConsentEntry::Grant {
                requester_uri,
                target_uri,
                room_id,
                client_key_packages: Vec::new(),
                consent_extensions,
            },
            other => return Err(unknown(other)),
        };
        Ok(self.apply(&entry).map(consent_outcome).map_err(|_| SPELLING))
    }
}

fn no_consent(why: NoConsentError) -> &'static str {
    match why {
        NoConsentError::Revoked => "revoked",
        NoConsentError::NotForThisRoom => "not_for_this_room",
        _ => "unanswered",
    }
}

fn consent_outcome(outcome: ConsentOutcome) -> Value {
    match outcome {
        ConsentOutcome::Requested => json!("requested"),
        ConsentOutcome::AlreadyRequested => json!("already_requested"),
        ConsentOutcome::AlreadyGranted => json!("already_granted"),
        ConsentOutcome::RequestRefused => json!("request_refused"),
        ConsentOutcome::TooManyRequests => json!("too_many_requests"),
        ConsentOutcome::Cancelled => json!("cancelled"),
        ConsentOutcome::NothingToCancel => json!("nothing_to_cancel"),
        ConsentOutcome::Granted { requests } => json!(["granted", requests]),
        ConsentOutcome::Revoked { requests } => json!(["revoked", requests]),
    }
}

impl Rule for Quarantine<String> {
    fn run(&mut self, op: &str, step: &Value) -> Step<Outcome> {
        match op {
            "deliver" => {
                let mode = match read::<&str>(step, "mode")? {
                    "consent_based" => MessagingMode::ConsentBased,
                    "quarantined" => MessagingMode::Quarantined,
                    "auto_accept" => MessagingMode::AutoAccept,
                    other => return Err(Malformed(format!("mode {other:?}"))),
                };
                let sender = match read::<&str>(step, "acquaintance")? {
                    "contact" => Acquaintance::Contact,
                    "consented" => Acquaintance::Consented,
                    "unanswered" => Acquaintance::Stranger(NoConsentError::Unanswered),
                    "revoked" => Acquaintance::Stranger(NoConsentError::Revoked),
                    "not_for_this_room" => Acquaintance::Stranger(NoConsentError::NotForThisRoom),
                    other => return Err(Malformed(format!("acquaintance {other:?}"))),
                };
                Ok(match delivery(mode, sender) {
                    DeliveryDecision::Deliver => Ok(json!("deliver")),
                    DeliveryDecision::Hold => Ok(json!("hold")),
                    DeliveryDecision::Drop => Ok(json!("drop")),
                    DeliveryDecision::Refuse => Err("no_consent"),
                })
            }
            "hold" => {
                let sender = identity!(UserUri, read::<&str>(step, "sender")?);
                let message = read::<&str>(step, "message")?.to_owned();
                Ok(self.hold(&sender, message).map(|()| json!("held")).map_err(|_| "full"))
            }
            "accept" => {
                let sender = identity!(UserUri, read::<&str>(step, "sender")?);
                Ok(Ok(json!(self.accept(&sender))))
            }
            other => Err(unknown(other)),
        }
    }
}

fn key(step: &Value) -> Step<Result<ConversationKey, &'static str>> {
    let mut users = Vec::new();
    for user in read::<Vec<&str>>(step, "participants")? {
        users.push(identity!(UserUri, user));
    }
    let key = match read::<Option<&str>>(step, "parent")? {
        Some(parent) => ConversationKey::in_parent(&identity!(RoomUri, parent), &users),
        None => ConversationKey::new(&users),
    };
    Ok(key.map_err(|_| "no_participants"))
}

impl Rule for Conversations {
    fn run(&mut self, op: &str, step: &Value) -> Step<Outcome> {
        if op == "kind" {
            let policy = BaseRoomPolicy {
                fixed_membership: read(step, "fixed_membership")?,
                parent_dependant: false,
                parent_room: Uri::none(),
                multi_device: true,
                max_clients: None,
                max_users: None,
                pseudonyms_allowed: true,
                persistent_room: true,
                discoverable: false,
                policy_component_ids: Vec::new(),
            };
            return Ok(Ok(match Conversation::of(&policy, read(step, "count")?) {
                Conversation::OneToOne => json!("one_to_one"),
                Conversation::AdHoc => json!("ad_hoc"),
                Conversation::Named => json!("named"),
            }));
        }
        let key = match key(step)? {
            Ok(key) => key,
            Err(name) => return Ok(Err(name)),
        };
        match op {
            "key" => Ok(Ok(json!(key.to_string()))),
            "open" => {
                let room = identity!(RoomUri, read::<&str>(step, "room")?);
                Ok(self.open(key, room).map(|()| json!("opened")).map_err(|_| "exists"))
            }
            "room" => Ok(Ok(json!(self.room(&key).map(ToString::to_string)))),
            "close" => Ok(Ok(json!(self.close(&key).map(|room| room.to_string())))),
            other => Err(unknown(other)),
        }
    }
}

/// A change that waits, until it takes effect.
struct TwoPerson(Option<PendingChange>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    approvals: u32,
    approver_roles: BTreeSet<u32>,
    lifetime_ms: u64,
}

fn two_person(case: &mut Case<'_>, judgement: &mut Judgement) -> Option<TwoPerson> {
    let rule = case.structured::<Proposed>("rule", "approvals, approver_roles and lifetime_ms");
    let (room, proposer) = (case.text("room"), case.text("proposer"));
    let (change, digest) = (case.bytes("change"), case.bytes("digest"));
    let at = super::judgement::number(case, "at");
    let ((_, rule), room, proposer, change) = (rule?, room?, proposer?, change?);
    let Some(approvals) = NonZeroU32::new(rule.approvals) else {
        case.fail("rule", "at least one approval", 0);
        return None;
    };
    let rule = ApprovalRule { approvals, approver_roles: rule.approver_roles, lifetime_ms: rule.lifetime_ms };
    let room = judgement.check("room", RoomUri::try_from(room))?;
    let proposer = judgement.check("proposer", UserUri::try_from(proposer))?;
    let pending = PendingChange::new(rule, room, change, proposer, at?);
    judgement.same("digest", pending.digest().as_bytes(), &digest?);
    Some(TwoPerson(Some(pending)))
}

impl Rule for TwoPerson {
    fn run(&mut self, op: &str, step: &Value) -> Step<Outcome> {
        let gone = || Malformed("the change has taken effect".into());
        let roles: BTreeMap<String, u32> = read::<Option<_>>(step, "roles")?.unwrap_or_default();
        let role_of = |user: &UserUri| roles.get(&user.to_string()).copied();
        match op {
            "approve" => {
                let user = identity!(UserUri, read::<&str>(step, "user")?);
                let room = identity!(RoomUri, read::<&str>(step, "room")?);
                let change = hex::decode(read::<&str>(step, "change")?);
                let change = change.map_err(|error| Malformed(format!("change: {error}")))?;
                let digest = ChangeDigest::new(&room, &change);
                let pending = self.0.as_mut().ok_or_else(gone)?;
                let approved = pending.approve(&user, digest, role_of, read(step, "at")?);
                Ok(approved.map(|()| json!("counted")).map_err(approval_refusal))
            }
            "withdraw" => {
                let user = identity!(UserUri, read::<&str>(step, "user")?);
                Ok(Ok(json!(self.0.as_mut().ok_or_else(gone)?.withdraw(&user))))
            }
            "finish" => match self.0.take().ok_or_else(gone)?.finish(role_of, read(step, "at")?) {
                Ok(approved) => Ok(Ok(approved.approvers().iter().map(UserUri::to_string).collect())),
                Err(unfinished) => {
                    self.0 = Some(unfinished.pending);
                    Ok(Err(match unfinished.why {
                        NotApprovedError::Expired { .. } => "expired",
                        _ => "too_few",
                    }))
                }
            },
            other => Err(unknown(other)),
        }
    }
}

fn approval_refusal(refusal: ApprovalRefusal) -> &'static str {
    match refusal {
        ApprovalRefusal::Expired { .. } => "expired",
        ApprovalRefusal::BeforeProposal => "before_proposal",
        ApprovalRefusal::OtherChange => "other_change",
        ApprovalRefusal::OwnProposal => "own_proposal",
        ApprovalRefusal::Role { .. } => "role",
        _ => "twice",
    }
}

impl Rule for ForkReports {
    fn run(&mut self, op: &str, step: &Value) -> Step<Outcome> {
        match op {
            "report" => {
                let client = identity!(ClientUri, read::<&str>(step, "client")?);
                let authenticator = hex::decode(read::<&str>(step, "epoch_authenticator")?);
                let authenticator =
                    authenticator.map_err(|error| Malformed(format!("epoch_authenticator: {error}")))?;
                let counted = self.report(&client, read(step, "epoch")?, &authenticator);
                Ok(counted.map(|()| json!("counted")).map_err(|refusal| match refusal {
                    ReportRefusal::NotAMember => "not_a_member",
                    ReportRefusal::OtherEpoch { .. } => "other_epoch",
                    _ => "length",
                }))
            }
            "verdict" => Ok(Ok(verdict(&self.verdict()))),
            other => Err(unknown(other)),
        }
    }
}

fn verdict(verdict: &ForkVerdict<'_>) -> Value {
    let clients = |clients: &[&ClientUri]| -> Value { clients.iter().map(|it| it.to_string()).collect() };
    let branch = |branch: &Branch<'_>| {
        json!({
            "epoch_authenticator": hex::encode(branch.epoch_authenticator),
            "clients": clients(&branch.clients),
            "users": branch.users,
        })
    };
    let branches = |branches: &[Branch<'_>]| -> Value { branches.iter().map(branch).collect() };
    match verdict {
        ForkVerdict::Agreed { branch: agreed, silent } => {
            json!({"verdict": "agreed", "branch": branch(agreed), "silent": clients(silent)})
        }
        ForkVerdict::Forked { branch: agreed, others, rejoin, silent } => json!({
            "verdict": "forked", "branch": branch(agreed), "others": branches(others),
            "rejoin": clients(rejoin), "silent": clients(silent),
        }),
        ForkVerdict::Undecided { branches: all, contradictory, silent } => json!({
            "verdict": "undecided", "branches": branches(all),
            "contradictory": clients(contradictory), "silent": clients(silent),
        }),
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
