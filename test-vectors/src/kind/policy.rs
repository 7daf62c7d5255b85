//! The kind `policy`: decisions on changes of a room.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::format;

use super::Kind;
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};
use mimi_policy::json::{PolicyCase, PolicyDecision, RefusedBy};

pub(crate) struct Policy;

impl Kind for Policy {
    fn name(&self) -> &'static str {
        "policy"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-room-policy-04", "draft-ietf-mimi-protocol-06"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let policy_case = match PolicyCase::from_json(&case.to_json()) {
            Ok(policy_case) => policy_case,
            Err(error) => return case.fail(&error.path.clone(), "what the format has", error),
        };
        let Some(expect) = policy_case.expect.clone() else {
            return case.fail("expect", "an object with \"allow\"", "no such member");
        };
        // A capability and a reason are there to read: another implementation looks at them in
        // another order.
        match (expect.allow, policy_case.decide()) {
            (true, PolicyDecision::Allowed(_)) => {}
            (false, PolicyDecision::Refused(why)) => {
                if let Some(by) = expect.refused_by.filter(|by| *by != why.refused_by()) {
                    let names = |by: RefusedBy| by.names().join(", ");
                    case.fail("expect.refused_by", names(by), names(why.refused_by()));
                }
            }
            (true, PolicyDecision::Refused(why)) => {
                case.fail("expect.allow", true, format!("refused: {why}"))
            }
            (false, PolicyDecision::Allowed(grants)) => {
                let reason = expect.reason.unwrap_or_else(|| "\"allow\" is false".into());
                case.fail(
                    "expect.allow",
                    format!("to be refused: {reason}"),
                    format!("allowed by {grants:?}"),
                );
            }
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let allowed = match PolicyCase::from_json(&case.to_json()) {
            Ok(policy_case) => policy_case.decide().is_allowed(),
            Err(_) => false,
        };
        if allowed {
            case.fail_accepted();
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<alloc::vec::Vec<GeneratedCase>, GenerateError> {
        generated::cases(seed)
    }
}
