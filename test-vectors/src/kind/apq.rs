//! The kind `apq`: combined groups. The PSK of a FULL commit, which suites may be combined, and
//! what FULL and PARTIAL commits hold.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::vec::Vec;

use mimi_codec::{
    Encode,
    apq::{APQInfo, check_full_commit, check_partial_commit, check_session},
    mls::{GroupContext, PreSharedKeyID, Proposal},
};
use mimi_crypto::{ApqPsk, CipherSuiteProvider, Secret, check_apq_suites};

use super::Kind;
use super::judgement::{Judgement, all_bytes, known_suite, must_be_refused, must_hold, number};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Apq;

impl Kind for Apq {
    fn name(&self) -> &'static str {
        "apq"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mls-combiner"]
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
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = generated::valid(seed)?;
        cases.extend(generated::invalid(seed)?.into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

const WHAT: [&str; 5] = ["psk", "suites", "session", "full_commit", "partial_commit"];

fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    match case.text("what")? {
        "psk" => judge_psk(case),
        "suites" => judge_suites(case),
        "session" => judge_session(case),
        "full_commit" => judge_full_commit(case),
        "partial_commit" => judge_partial_commit(case),
        other => {
            case.cannot_judge("what", alloc::format!("one of {}", WHAT.join(", ")), other);
            None
        }
    }
}

fn judge_psk(case: &mut Case<'_>) -> Option<Judgement> {
    let t = suite_number(case, "t_cipher_suite").and_then(|number| known_suite(case, number));
    let pq = suite_number(case, "pq_cipher_suite").and_then(|number| known_suite(case, number));
    let fields = ["apq_exporter", "apq_psk_id", "apq_psk", "psk_nonce", "pre_shared_key_id"];
    let members = all_bytes(case, fields);
    let (t, pq) = (t?, pq?);
    let [exporter, psk_id, psk, nonce, named] = members?;
    let mut judgement = Judgement::default();
    let it = &mut judgement;
    // The exported secret has KDF.Nh bytes of the post-quantum group's suite.
    let exporter = it.check("apq_exporter", Secret::new(&pq, exporter));
    let derived = exporter.and_then(|exporter| it.check("apq_exporter", ApqPsk::derive(&t, exporter)));
    let Some(derived) = derived else { return Some(judgement) };
    it.same("apq_psk_id", derived.psk_id(), &psk_id);
    it.same("apq_psk", derived.psk().expose(), &psk);
    if nonce.len() != t.parameters().nh {
        it.refuse("psk_nonce", "KDF.Nh bytes of the traditional suite", nonce.len());
    }
    if let Some(computed) = it.check("psk_nonce", derived.pre_shared_key_id(nonce).to_bytes()) {
        it.same("pre_shared_key_id", &computed, &named);
    }
    if let Some(id) = it.decode::<PreSharedKeyID>("pre_shared_key_id", &named)
        && !derived.is_named_by(&id)
    {
        it.refuse("pre_shared_key_id", "the name of the PSK", "another");
    }
    Some(judgement)
}

fn suite_number(case: &mut Case<'_>, field: &str) -> Option<u16> {
    let number = number(case, field)?;
    let narrow = u16::try_from(number).ok();
    if narrow.is_none() {
        case.fail(field, "a number of 16 bits", number);
    }
    narrow
}

fn judge_suites(case: &mut Case<'_>) -> Option<Judgement> {
    let info = case.bytes("apq_info")?;
    let mut judgement = Judgement::default();
    if let Some(info) = judgement.decode::<APQInfo>("apq_info", &info) {
        judgement.check("apq_info", check_apq_suites(&info));
    }
    Some(judgement)
}

fn contexts(case: &mut Case<'_>, it: &mut Judgement) -> Option<[Option<GroupContext>; 2]> {
    let fields = ["t_group_context", "pq_group_context"];
    let members = all_bytes(case, fields)?;
    let [t, pq] = fields;
    Some([it.decode(t, &members[0]), it.decode(pq, &members[1])])
}

fn judge_session(case: &mut Case<'_>) -> Option<Judgement> {
    let mut judgement = Judgement::default();
    let contexts = contexts(case, &mut judgement);
    let expected = case.bytes("apq_info");
    let ([t, pq], expected) = (contexts?, expected?);
    let (Some(t), Some(pq)) = (t, pq) else { return Some(judgement) };
    let info = judgement.check("t_group_context", check_session(&t, &pq));
    same_info(&mut judgement, info.as_ref(), &expected);
    Some(judgement)
}

fn same_info(it: &mut Judgement, info: Option<&APQInfo>, expected: &[u8]) {
    let computed = info.and_then(|info| it.check("apq_info", info.to_bytes()));
    if let Some(computed) = computed {
        it.same("apq_info", &computed, expected);
    }
}

/// A list of proposals as hex.
fn proposals(case: &mut Case<'_>, it: &mut Judgement, field: &'static str) -> Option<Option<Vec<Proposal>>> {
    let (_, list) = case.structured::<Vec<alloc::string::String>>(field, "a list of proposals, hex")?;
    let mut proposals = Vec::new();
    for text in list {
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let bytes = hex::decode(text).ok().filter(|_| is_lower);
        let bytes = it.check(field, bytes.ok_or("not lower-case hex"));
        let Some(proposal) = bytes.and_then(|bytes| it.decode::<Proposal>(field, &bytes)) else {
            return Some(None);
        };
        proposals.push(proposal);
    }
    Some(Some(proposals))
}

fn judge_full_commit(case: &mut Case<'_>) -> Option<Judgement> {
    let mut judgement = Judgement::default();
    let contexts = contexts(case, &mut judgement);
    let t_proposals = proposals(case, &mut judgement, "t_proposals");
    let pq_proposals = proposals(case, &mut judgement, "pq_proposals");
    let expected = case.bytes("apq_info");
    let ([t, pq], expected) = (contexts?, expected?);
    let (t_proposals, pq_proposals) = (t_proposals?, pq_proposals?);
    let (Some(t), Some(pq), Some(t_proposals), Some(pq_proposals)) = (t, pq, t_proposals, pq_proposals)
    else {
        return Some(judgement);
    };
    let t_proposals: Vec<_> = t_proposals.iter().collect();
    let pq_proposals: Vec<_> = pq_proposals.iter().collect();
    let full = check_full_commit((&t, &t_proposals), (&pq, &pq_proposals));
    let full = judgement.check("t_proposals", full);
    same_info(&mut judgement, full.as_ref().map(|full| &full.info), &expected);
    Some(judgement)
}

fn judge_partial_commit(case: &mut Case<'_>) -> Option<Judgement> {
    let mut judgement = Judgement::default();
    let proposals = proposals(case, &mut judgement, "t_proposals")?;
    if let Some(proposals) = proposals {
        let proposals: Vec<_> = proposals.iter().collect();
        judgement.check("t_proposals", check_partial_commit(&proposals));
    }
    Some(judgement)
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
