//! The two evaluators side by side.

use std::collections::BTreeSet;

use mimi_policy::Reason;

use super::draft::Stage;
use super::engine::Refused;
use super::room::{Form, Try};
use super::{draft, engine};

/// Where the two differ, in words: in the verdict, in what a refusal is about, or in the room
/// afterwards.
pub(crate) fn disagreement(t: &Try) -> Option<String> {
    difference(t, engine::decide(t), &draft::decide(t))
}

/// The same, of answers that are there.
pub(crate) fn difference(
    t: &Try,
    answer: Result<engine::Answer, Refused>,
    literal: &draft::Answer,
) -> Option<String> {
    match (answer, &literal.after) {
        (Err(why), None) => {
            let (about, fails) = (about(&why), draft::fails(t));
            about.is_disjoint(&fails).then(|| {
                format!("the engine refuses ({why}), which is about {about:?}, and the draft for {fails:?}")
            })
        }
        (Err(why), Some(_)) => Some(format!("the engine refuses ({why}) what the draft allows")),
        (Ok(_), None) => Some(format!(
            "the engine allows what the draft refuses ({})",
            literal.refused.unwrap_or_default()
        )),
        (Ok(answer), Some(after)) => {
            let (mut found, mut participants) = (answer.participants, owned(&after.list));
            let (found_clients, mut clients) = (answer.clients, owned(&after.clients));
            clients.sort();
            // What is proposed has no order yet, and may leave clients to the commit.
            let committed = matches!(t.form, Form::Commit | Form::ExternalCommit);
            if !committed {
                participants.sort();
                found.sort();
            }
            if found != participants {
                return Some(format!("participants afterwards: {found:?}, not {participants:?}"));
            }
            (committed && found_clients != clients)
                .then(|| format!("clients afterwards: {found_clients:?}, not {clients:?}"))
        }
    }
}

fn owned<T: ToOwned + ?Sized, U: Into<V> + Copy, V>(pairs: &[(&T, U)]) -> Vec<(T::Owned, V)> {
    pairs.iter().map(|(first, second)| ((*first).to_owned(), (*second).into())).collect()
}

/// The stages that a reason may belong to. Where the changes can't be made, the draft's evaluator
/// has no room afterwards to ask of, and says so before it comes to rights.
fn about(why: &Refused) -> BTreeSet<Stage> {
    let Refused::Change(refusal) = why else { return BTreeSet::from([Stage::Room]) };
    BTreeSet::from_iter(match refusal.reason {
        Reason::NotAMember(_) | Reason::WrongSender { .. } | Reason::NotInThisForm { .. } => {
            vec![Stage::Form]
        }
        // An unlisted user may not propose; an outsider who adds itself hasn't the right to.
        Reason::NotAParticipant(_) => vec![Stage::Form, Stage::Possible, Stage::Right],
        Reason::SecondOperation(_)
        | Reason::SecondUpdate(_)
        | Reason::RolesBesideListChange
        | Reason::PreAuthBesideListChange
        | Reason::ReInitBesideOthers => vec![Stage::Together],
        // A client that goes twice isn't there the second time; one that a commit removes and adds
        // isn't replaced like that.
        Reason::SecondClientOperation(_) => vec![Stage::Together, Stage::Possible],
        Reason::AlreadyListed(_)
        | Reason::NotListed(_)
        | Reason::RoleZero
        | Reason::UndefinedRole(_)
        | Reason::NoSuchClient(_) => vec![Stage::Possible],
        // The client that joins by an external commit.
        Reason::ClientInGroup(_) => vec![Stage::Form, Stage::Possible],
        Reason::CutOff(_) => vec![Stage::Form, Stage::Right],
        Reason::NotPreAuthorized(_)
        | Reason::FixedMembership
        | Reason::MissingCapability { .. }
        | Reason::RoleChangeNotAuthorized { .. }
        | Reason::NotPreAuthorizedFor { .. }
        | Reason::InvalidJoinCode
        | Reason::NotTheJoiner(_)
        | Reason::NoBannedRole
        | Reason::NotOwnClient(_)
        | Reason::BelowMinimum { .. }
        | Reason::BelowMinimumActive { .. }
        | Reason::AboveMaximum { .. }
        | Reason::AboveMaximumActive { .. } => vec![Stage::Possible, Stage::Right],
        // A client of no user makes the room invalid, if it isn't that no user may add it.
        Reason::ClientWithoutParticipant(_) => vec![Stage::Possible, Stage::Right, Stage::After],
        Reason::ClientsOfBanned(_) | Reason::OwnLeafRemoved(_) => vec![Stage::Possible, Stage::Departure],
        Reason::ClientsLeftBehind(_) | Reason::InvalidRoom(_) => vec![Stage::Possible, Stage::After],
        // What no room and no change of these tests leads to.
        _ => vec![],
    })
}
