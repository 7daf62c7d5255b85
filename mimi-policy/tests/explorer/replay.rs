//! The steps of a finding, taken in a room.

use mimi_codec::room_policy::Claim;
use mimi_policy::graph::MoveRight;
use mimi_policy::lint::{LintFinding, LintStep, Policy, StepActor, StepMeans};
use mimi_policy::{Actor, Change, Form, JoinCode, ProposedChange, RoomState};

use crate::rooms::{State, actor, client, room, server, user};

/// Takes the steps, and says what the room is afterwards.
pub(crate) fn replay(policy: &Policy, finding: &LintFinding) -> Result<State, String> {
    let has_banned = policy.roles.roles.iter().any(|role| role.role_index == 1 && role.role_name == "banned");
    let mut start: State = finding.start.iter().map(|role| (*role, !(*role == 1 && has_banned))).collect();
    start.sort_unstable();
    let mut room = room(policy, &start).ok_or("the room is not valid")?;
    let mut strangers = start.len();
    let mut steps = &finding.steps[..];
    while let Some((first, rest)) = steps.split_first() {
        let count = 1 + rest.iter().take_while(|step| step.same_commit).count();
        let (commit, rest) = steps.split_at(count);
        steps = rest;
        if first.same_commit {
            return Err("the first step is in no commit".into());
        }
        room = take(policy, &room, commit, &mut strangers).map_err(|why| format!("{first}: {why}"))?;
    }
    let mut state: State = room.participants().map(|(user, role)| (role, room.is_active(user))).collect();
    state.sort_unstable();
    Ok(state)
}

fn number_of(uri: &str) -> usize {
    uri.rsplit('/').next().unwrap().parse().unwrap()
}

/// The participants by number, each with its role and whether it has a client.
fn participants(room: &RoomState) -> Vec<(usize, u32, bool)> {
    room.participants()
        .map(|(user, role)| (number_of(&user.to_string()), role, room.is_active(user)))
        .collect()
}

/// The claims that match the first entry for a role: those of the entry.
fn claims(policy: &Policy, role: u32) -> Vec<Vec<Claim>> {
    let entries = policy.preauth.preauthorized_entries.iter();
    entries.filter(|entry| entry.target_role == role).map(|entry| entry.claimset.clone()).collect()
}

fn take(
    policy: &Policy,
    room: &RoomState,
    commit: &[LintStep],
    strangers: &mut usize,
) -> Result<RoomState, String> {
    let there = participants(room);
    let mut targets: Vec<usize> = Vec::new();
    for step in commit {
        if step.from == 0 {
            targets.push(*strangers);
            *strangers += 1;
            continue;
        }
        let alike: Vec<&(usize, u32, bool)> = there
            .iter()
            .filter(|(_, role, active)| (*role, *active) == (step.from, step.had_client))
            .collect();
        if step.last && there.iter().filter(|(_, role, _)| *role == step.from).count() != 1 {
            return Err("not the last one".into());
        }
        let target = alike.iter().map(|(number, ..)| *number).find(|number| !targets.contains(number));
        targets.push(target.ok_or("no such user")?);
    }
    let mut why = String::from("no participant commits it");
    for proposers in proposers(policy, &there, commit, &targets)? {
        let mut ways: Vec<(Form, Actor)> = there
            .iter()
            .filter(|(.., active)| *active)
            .map(|(number, ..)| {
                let itself = proposers.iter().find(|by| by.uri() == actor(*number, &[]).uri());
                (Form::Commit, itself.cloned().unwrap_or_else(|| actor(*number, &[])))
            })
            .collect();
        for (step, by) in commit.iter().zip(&proposers) {
            if step.by == StepActor::Oneself && !step.had_client {
                ways.push((Form::ExternalCommit, by.clone()));
            }
        }
        for (form, sender) in ways {
            let mut changes: Vec<ProposedChange> = Vec::new();
            for ((step, target), by) in commit.iter().zip(&targets).zip(&proposers) {
                for change in changes_of(step, *target) {
                    let by = (*by != sender).then(|| by.clone().into());
                    changes.push(ProposedChange { change, by });
                }
            }
            match room.check(&sender, form, &changes) {
                Ok(plan) => {
                    let mut room = room.clone();
                    room.apply(plan).unwrap();
                    return Ok(room);
                }
                Err(refusal) => why = refusal.to_string(),
            }
        }
    }
    Err(why)
}

/// Who may propose the steps of a commit: one list for each choice of claims.
fn proposers(
    policy: &Policy,
    there: &[(usize, u32, bool)],
    commit: &[LintStep],
    targets: &[usize],
) -> Result<Vec<Vec<Actor>>, String> {
    let mut all: Vec<Vec<Actor>> = vec![Vec::new()];
    for (step, target) in commit.iter().zip(targets) {
        let candidates: Vec<Actor> = match step.by {
            StepActor::Oneself => {
                let means = step.means;
                let own =
                    [StepMeans::Move(MoveRight::Preauthorized), StepMeans::Move(MoveRight::ChangeOwnRole)];
                let mut claims = if own.contains(&means) { claims(policy, step.to) } else { vec![vec![]] };
                claims.dedup();
                claims.iter().map(|claims| actor(*target, claims)).collect()
            }
            StepActor::Server(role) => claims(policy, role).iter().map(|claims| server(claims)).collect(),
            StepActor::Participant(by) => {
                let able =
                    |(number, role, active): &&(usize, u32, bool)| *role == by && *active && number != target;
                let found = there.iter().find(able).ok_or(format!("no other participant with role {by}"))?;
                vec![actor(found.0, &[])]
            }
        };
        all = all
            .iter()
            .flat_map(|before| {
                candidates.iter().map(|candidate| before.iter().cloned().chain([candidate.clone()]).collect())
            })
            .collect();
    }
    Ok(all)
}

fn changes_of(step: &LintStep, target: usize) -> Vec<Change> {
    let (user, client) = (user(target), client(target));
    let (user, client) = (|| user.clone(), || client.clone());
    let mut changes = Vec::new();
    if let StepMeans::Move(means) = step.means {
        changes.push(match (means, step.from, step.to) {
            (MoveRight::JoinCode, _, role) => {
                Change::UseJoinCode { user: user(), role, code: JoinCode::Valid }
            }
            (_, 0, role) => Change::AddParticipant { user: user(), role },
            (_, _, 0) => Change::RemoveParticipant { user: user() },
            (_, _, role) => Change::SetRole { user: user(), role },
        });
    }
    match (step.had_client, step.with_client) {
        (false, true) => changes.push(Change::AddClient { user: user(), client: client() }),
        (true, false) => changes.push(Change::RemoveClient { user: user(), client: client() }),
        _ => {}
    }
    changes
}
