//! The kind `key-package-set`: which KeyPackages a client uploads, and which a user gives away for
//! a room.

#[cfg(feature = "generate")]
mod flags;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mimi_codec::RoomUri;
use mimi_codec::mls::SignaturePublicKey;
use mimi_codec::protocol::{IdentifierUri, PseudonymousCredential};
use mimi_pseudonym::{
    PseudonymUses, Reuse, UploadedKeyPackage, choose_set, key_package_sets, plan_uploads, upload_lifetime,
};
use serde::Deserialize;

use super::Kind;
use super::judgement::{Judgement, must_be_refused, must_hold, number};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct KeyPackageSet;

impl Kind for KeyPackageSet {
    fn name(&self) -> &'static str {
        "key-package-set"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-kohbrok-mimi-metadata-minimalization-02"]
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
        let mut cases = generated::valid();
        cases.extend(generated::invalid().into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    complete: Vec<(String, bool)>,
    start: usize,
    start_last_resort: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    user_pseudonym: String,
    last_resort: bool,
    linked_rooms: usize,
}

fn identifier(case: &mut Case<'_>, field: &str, text: &str) -> Option<IdentifierUri> {
    let uri = IdentifierUri::new(text).ok();
    if uri.is_none() {
        case.fail(field, "a URI", text);
    }
    uri
}

/// `None` if a member is missing or ill-typed.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let client = case.text("client");
    let clients = case.structured::<BTreeSet<String>>("clients", "a list of clients");
    let room_id = case.text("room_id");
    let uploaded = case.structured::<Vec<(String, String, bool)>>(
        "uploaded",
        "a list of user pseudonym, client, and whether it is of last resort",
    );
    let used = case.structured::<Vec<(String, String)>>("used", "a list of room and user pseudonym");
    let wanted = case.structured::<[usize; 2]>("wanted", "numbers of sets and of sets of last resort");
    let plan = case.structured::<Plan>("plan", "what to upload");
    let chosen = case.structured::<Chosen>("chosen", "the set for the room");
    let now = number(case, "now");
    let lifetime = case.structured::<[u64; 2]>("lifetime", "the lifetime of KeyPackages in seconds");

    let (client, room_id, now) = (client?, room_id?, now?);
    let ((_, clients), (_, uploaded), (_, used)) = (clients?, uploaded?, used?);
    let ((_, wanted), (_, plan), (_, chosen), (_, lifetime)) = (wanted?, plan?, chosen?, lifetime?);
    let mut packages = Vec::new();
    for (pseudonym, client, last_resort) in uploaded {
        let user_pseudonym = identifier(case, "uploaded", &pseudonym)?;
        packages.push(UploadedKeyPackage { user_pseudonym, client, last_resort });
    }

    let mut judgement = Judgement::default();
    let [not_before, not_after] = lifetime;
    let expected = upload_lifetime(now);
    if (expected.not_before, expected.not_after) != (not_before, not_after) {
        judgement.refuse("lifetime", format!("{expected:?}"), format!("{lifetime:?}"));
    }
    let Some(sets) = judgement.check("uploaded", key_package_sets(packages)) else { return Some(judgement) };
    let [ordinary, last_resort] = wanted;
    let planned = plan_uploads(&sets, &String::from(client), ordinary, last_resort);
    let complete: Vec<(String, bool)> = planned
        .complete
        .iter()
        .map(|(pseudonym, last)| (String::from_utf8_lossy(pseudonym.as_bytes()).into_owned(), *last))
        .collect();
    let same_plan = complete == plan.complete
        && planned.start == plan.start
        && planned.start_last_resort == plan.start_last_resort;
    if !same_plan {
        judgement.refuse("plan", format!("{planned:?}"), "another plan");
    }

    let mut uses = PseudonymUses::new();
    for (number, (room, pseudonym)) in used.iter().enumerate() {
        let room = judgement.check("used", RoomUri::try_from(room.as_str()))?;
        let credential = PseudonymousCredential {
            client_pseudonym: identifier(case, "used", &format!("{pseudonym}/client/{number}"))?,
            user_pseudonym: identifier(case, "used", pseudonym)?,
            signature_public_key: SignaturePublicKey::new(format!("{number}").into_bytes()),
            identity_link_ciphertext: Vec::new().into(),
        };
        judgement.check("used", uses.record(&room, &credential, Reuse::LastResort).map(drop));
    }
    let room_id = judgement.check("room_id", RoomUri::try_from(room_id));
    let Some(room_id) = room_id else { return Some(judgement) };
    if let Some(set) = judgement.check("chosen", choose_set(&sets, &clients, &room_id, &uses)) {
        let same = set.set.user_pseudonym().as_bytes() == chosen.user_pseudonym.as_bytes()
            && set.set.is_last_resort() == chosen.last_resort
            && set.linked_rooms == chosen.linked_rooms;
        if !same {
            judgement.refuse("chosen", format!("{set:?}"), "another set");
        }
    }
    Some(judgement)
}

#[cfg(feature = "generate")]
#[expect(clippy::indexing_slicing, reason = "members of JSON objects that are made here")]
mod generated {
    //! Making cases: plan and choice are written down, and not computed.

    use alloc::vec::Vec;

    use serde_json::{Value, json};

    use crate::file_format::GeneratedCase;
    use crate::kind::judgement::{Invalid, Rule, spoiled};

    const ROOM: &str = "mimi://hub.example/r/clubhouse";
    const OTHER: &str = "mimi://hub.example/r/cabal";
    const THIRD: &str = "mimi://c.example/r/third";
    const A: &str = "mimi://b.example/u/0a000000-0000-4000-8000-000000000000";
    const B: &str = "mimi://b.example/u/0b000000-0000-4000-8000-000000000000";
    const L: &str = "mimi://b.example/u/1a000000-0000-4000-8000-000000000000";
    const M: &str = "mimi://b.example/u/1b000000-0000-4000-8000-000000000000";
    const PHONE: &str = "mimi://b.example/d/phone";
    const LAPTOP: &str = "mimi://b.example/d/laptop";

    fn set(pseudonym: &str, clients: &[&str], last_resort: bool) -> Vec<Value> {
        clients.iter().map(|client| json!([pseudonym, client, last_resort])).collect()
    }

    /// Two whole sets and one of last resort; nothing is to be uploaded, and the first is chosen.
    fn honest() -> Value {
        let both = [PHONE, LAPTOP];
        json!({
            "client": PHONE,
            "clients": both,
            "room_id": ROOM,
            "uploaded": Value::from([set(A, &both, false), set(B, &both, false), set(L, &both, true)].concat()),
            "used": [],
            "wanted": [2, 1],
            "plan": {"complete": [], "start": 0, "start_last_resort": 0},
            "chosen": {"user_pseudonym": A, "last_resort": false, "linked_rooms": 0},
            "now": 1_767_225_600_000_u64,
            "lifetime": [1_767_139_200, 1_775_001_600],
        })
    }

    fn last_resort(linked_rooms: usize) -> Value {
        json!({"user_pseudonym": L, "last_resort": true, "linked_rooms": linked_rooms})
    }

    pub(super) fn valid() -> Vec<GeneratedCase> {
        type Change<'c> = &'c dyn Fn(&mut Value);
        let both = [PHONE, LAPTOP];
        let variants: &[(&str, Change<'_>)] = &[
            ("nothing is missing", &|_| {}),
            ("the first set was used in another room", &|it| {
                it["used"] = json!([[OTHER, A]]);
                it["chosen"]["user_pseudonym"] = json!(B);
            }),
            ("a set that was used in this room only", &|it| it["used"] = json!([[ROOM, A]])),
            ("all ordinary sets were used", &|it| {
                it["used"] = json!([[OTHER, A], [THIRD, B]]);
                it["chosen"] = last_resort(0);
            }),
            ("the set of last resort links two rooms", &|it| {
                it["used"] = json!([[OTHER, A], [THIRD, B], [OTHER, L], [THIRD, L], [ROOM, L]]);
                it["chosen"] = last_resort(2);
            }),
            ("of two sets of last resort, the one that links fewer rooms", &|it| {
                it["uploaded"] = Value::from([set(L, &both, true), set(M, &both, true)].concat());
                it["used"] = json!([[OTHER, L]]);
                it["plan"]["start"] = json!(2);
                it["chosen"] = json!({"user_pseudonym": M, "last_resort": true, "linked_rooms": 0});
            }),
            ("sets that lack this client are completed first", &|it| {
                it["uploaded"] = Value::from(
                    [set(A, &both, false), set(B, &[LAPTOP], false), set(L, &[LAPTOP], true)].concat(),
                );
                it["plan"]["complete"] = json!([[B, false], [L, true]]);
            }),
            ("a set that lacks another client is not whole", &|it| {
                it["uploaded"] = Value::from(
                    [set(A, &[PHONE], false), set(B, &both, false), set(L, &both, true)].concat(),
                );
                it["chosen"]["user_pseudonym"] = json!(B);
            }),
            ("a set of a client that is gone is not whole", &|it| {
                it["clients"] = json!([PHONE]);
                it["uploaded"] = Value::from(
                    [set(A, &both, false), set(B, &[PHONE], false), set(L, &[PHONE], true)].concat(),
                );
                it["chosen"]["user_pseudonym"] = json!(B);
            }),
            ("new sets are begun", &|it| {
                it["wanted"] = json!([5, 3]);
                it["plan"] = json!({"complete": [], "start": 3, "start_last_resort": 2});
            }),
            ("a set of last resort is begun though none is wanted", &|it| {
                it["uploaded"] = Value::from([set(A, &both, false), set(B, &both, false)].concat());
                it["wanted"] = json!([0, 0]);
                it["plan"] = json!({"complete": [], "start": 0, "start_last_resort": 1});
            }),
            ("the last millisecond of a day", &|it| it["now"] = json!(1_767_311_999_999_u64)),
            ("the first day of 1970", &|it| {
                it["now"] = json!(0);
                it["lifetime"] = json!([0, 7_862_400]);
            }),
        ];
        variants
            .iter()
            .map(|(name, change)| {
                let mut members = honest();
                change(&mut members);
                GeneratedCase::new(name).members(&members)
            })
            .collect()
    }

    pub(super) fn invalid() -> Vec<Invalid> {
        let both = [PHONE, LAPTOP];
        let rules: &[Rule<'_>] = &[
            (
                "a client twice in a set",
                "a set has one KeyPackage of each client at most",
                "uploaded",
                &|it| {
                    it["uploaded"] =
                        Value::from([set(A, &[PHONE, LAPTOP, PHONE], false), set(L, &both, true)].concat());
                },
            ),
            ("a mixed set", "a set is of last resort as a whole, or not at all", "uploaded", &|it| {
                it["uploaded"] = Value::from([set(A, &[PHONE], false), set(A, &[LAPTOP], true)].concat());
            }),
            ("no whole set", "no set has a KeyPackage of each client", "chosen", &|it| {
                it["uploaded"] = Value::from([set(A, &[LAPTOP], false), set(L, &[LAPTOP], true)].concat());
                it["plan"] = json!({"complete": [[A, false], [L, true]], "start": 1, "start_last_resort": 0});
            }),
            ("no set at all", "nothing is uploaded", "chosen", &|it| {
                it["uploaded"] = json!([]);
                it["plan"] = json!({"complete": [], "start": 2, "start_last_resort": 1});
            }),
            ("no unused set, and none of last resort", "an ordinary set serves one room", "chosen", &|it| {
                it["uploaded"] = json!(set(A, &both, false));
                it["used"] = json!([[OTHER, A]]);
                it["plan"] = json!({"complete": [], "start": 1, "start_last_resort": 1});
            }),
            ("a used set chosen", "an ordinary set serves one room", "chosen", &|it| {
                it["used"] = json!([[OTHER, A]]);
            }),
            ("last resort chosen without need", "an ordinary set comes first", "chosen", &|it| {
                it["chosen"] = last_resort(0);
            }),
            ("the linked rooms not counted", "a set of last resort links rooms", "chosen", &|it| {
                it["used"] = json!([[OTHER, A], [THIRD, B], [OTHER, L]]);
                it["chosen"] = last_resort(0);
            }),
            ("mistake: this room counted as linked", "this room is no other room", "chosen", &|it| {
                it["used"] = json!([[OTHER, A], [THIRD, B], [ROOM, L]]);
                it["chosen"] = last_resort(1);
            }),
            ("a new set instead of a completed one", "sets of other clients are completed", "plan", &|it| {
                it["uploaded"] = Value::from(
                    [set(A, &both, false), set(B, &[LAPTOP], false), set(L, &both, true)].concat(),
                );
                it["plan"]["start"] = json!(1);
            }),
            ("no set of last resort planned", "there is at least one of last resort", "plan", &|it| {
                it["uploaded"] = Value::from([set(A, &both, false), set(B, &both, false)].concat());
                it["wanted"] = json!([2, 0]);
            }),
            ("a lifetime in seconds", "a lifetime of whole days links no KeyPackages", "lifetime", &|it| {
                it["now"] = json!(1_767_225_601_000_u64);
                it["lifetime"] = json!([1_767_139_201, 1_775_001_601]);
            }),
            ("a lifetime from today on", "it begins the day before", "lifetime", &|it| {
                it["lifetime"] = json!([1_767_225_600, 1_775_088_000]);
            }),
        ];
        spoiled(&honest(), "", rules)
    }
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        assert_eq!(refuses_each_for_its_reason(&generated::invalid(), judge), [""; 0]);
    }
}
