//! The smallest examples, and a lock-out played through.

use mimi_codec::protocol::{ParticipantListData, UserRolePair};
use mimi_policy::graph::MoveRight;
use mimi_policy::lint::{LintCode, Policy, SmallestExample, StepMeans, lint, smallest_example};
use mimi_policy::preset::ExampleRoom;
use mimi_policy::{Actor, Change, Form, ProposedChange, RoomParts, RoomState, TableSeed};
use proptest::prelude::*;

use crate::findings::{changes, entry};

fn shows(policy: &Policy, code: LintCode) -> bool {
    lint(policy).iter().any(|finding| finding.code == code)
}

#[test]
fn an_example_of_each_finding_in_the_drafts_rooms_is_small() {
    for room in ExampleRoom::ALL {
        let policy = Policy::new(room.roles());
        let mut codes: Vec<_> = lint(&policy).iter().map(|finding| finding.code).collect();
        codes.dedup();
        for code in codes {
            let example = smallest_example(&policy, code);
            assert!(!example.cut, "{code}");
            let example = example.policy;
            assert!(shows(&example, code), "{code}");
            let roles = &example.roles.roles;
            let capabilities: usize = roles.iter().map(|role| role.role_capabilities.len()).sum();
            assert!(roles.len() <= 3 && capabilities <= 4, "{code}: {example:#?}");
        }
    }
}

#[test]
fn the_example_of_what_is_not_found_is_the_policy() {
    let policy = Policy::new(ExampleRoom::Strict.roles());
    let example = smallest_example(&policy, LintCode::DuplicateRole);
    assert_eq!(example, SmallestExample { policy, cut: false });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing can be taken from an example: each part is needed.
    #[test]
    fn examples_show_what_they_are_examples_of(
        room in 0_usize..4,
        taken in proptest::collection::vec((0_usize..10, 0_usize..60), 0..12),
        moves in proptest::collection::vec((0_usize..10, 0_u32..10, 0_u32..10), 0..4),
        limits in proptest::collection::vec((0_usize..10, 0_u32..3, proptest::option::of(0_u32..3)), 0..4),
        preauthorized in proptest::collection::vec((proptest::collection::vec(0_u8..3, 0..3), 0_u32..11), 0..3),
    ) {
        let mut policy = Policy::new(ExampleRoom::ALL[room].roles());
        let roles = &mut policy.roles.roles;
        let count = roles.len();
        for (role, capability) in taken {
            let held = &mut roles[role % count].role_capabilities;
            if capability < held.len() {
                held.remove(capability);
            }
        }
        for (role, from, to) in moves {
            changes(&mut roles[role % count], &[(from, &[to])]);
        }
        for (role, minimum, maximum) in limits {
            roles[role % count].minimum_participants_constraint = minimum;
            roles[role % count].maximum_participants_constraint = maximum;
        }
        policy.preauth.preauthorized_entries =
            preauthorized.iter().map(|(claims, role)| entry(claims, *role)).collect();
        let findings = lint(&policy);
        // Each finding once, and the same ones whenever one looks.
        prop_assert_eq!(&findings, &lint(&policy));
        if let Some(finding) = findings.first() {
            let example = smallest_example(&policy, finding.code);
            prop_assert!(shows(&example.policy, finding.code));
            // A reduction that ended at its limit goes on from there.
            if !example.cut {
                prop_assert_eq!(&smallest_example(&example.policy, finding.code), &example);
            }
        }
    }
}

const FOUNDER: &str = "mimi://a.example/u/founder";
const OTHER: &str = "mimi://b.example/u/other";
const FOUNDERS_CLIENT: &str = "mimi://a.example/d/founder";
const OTHERS_CLIENT: &str = "mimi://b.example/d/other";

/// The steps of the finding, taken: each is allowed, and then no user can do anything of what is
/// said to be lost.
#[test]
fn the_steps_to_a_lock_out_are_allowed_and_lead_to_one() {
    for room in [ExampleRoom::Strict, ExampleRoom::Moderated] {
        let findings = lint(&Policy::new(room.roles()));
        let finding = findings.iter().find(|finding| finding.code == LintCode::LockOut).unwrap();
        let [joins, leaves] = finding.steps[..] else { panic!("{finding}") };
        assert!(leaves.means == StepMeans::Move(MoveRight::Leave) && leaves.last && joins.from == 0);

        let founder = UserRolePair { user: FOUNDER.into(), role_index: leaves.from };
        let mut parts = RoomParts::new(room.roles(), ParticipantListData { participants: vec![founder] });
        parts.clients.push((FOUNDER.into(), FOUNDERS_CLIENT.into()));
        let mut state = RoomState::new(parts, TableSeed::known()).unwrap();
        let founder = Actor::named(FOUNDER, FOUNDERS_CLIENT).unwrap();
        let other = Actor::named(OTHER, OTHERS_CLIENT).unwrap();
        let user = OTHER.try_into().unwrap();
        let plan = match joins.means {
            StepMeans::Move(MoveRight::JoinCode) => {
                let code = mimi_policy::JoinCode::Valid;
                let join = Change::UseJoinCode { user, role: joins.to, code };
                state.check(&other, Form::ExternalCommit, &[join.into()]).unwrap()
            }
            _ => {
                assert_eq!(joins.means, StepMeans::Move(MoveRight::Add));
                let client = OTHERS_CLIENT.try_into().unwrap();
                let add = Change::AddParticipant { user, role: joins.to };
                let add_client = Change::AddClient { user: OTHER.try_into().unwrap(), client };
                state.check(&founder, Form::Commit, &[add.into(), add_client.into()]).unwrap()
            }
        };
        state.apply(plan).unwrap();
        let leave = [
            Change::RemoveParticipant { user: FOUNDER.try_into().unwrap() }.by(founder.clone()),
            Change::RemoveClient {
                user: FOUNDER.try_into().unwrap(),
                client: FOUNDERS_CLIENT.try_into().unwrap(),
            }
            .by(founder),
        ];
        let plan = state.check(&other, Form::Commit, &leave).unwrap();
        state.apply(plan).unwrap();

        // Another user comes, and everything is tried on both.
        let third: &str = "mimi://c.example/u/third";
        for role in room.roles().roles.iter().map(|role| role.role_index) {
            for user in [third, OTHER] {
                let add = Change::AddParticipant { user: user.try_into().unwrap(), role };
                assert!(state.check(&other, Form::Commit, &[add.into()]).is_err());
            }
        }
        let join = Change::UseJoinCode {
            user: third.try_into().unwrap(),
            role: 2,
            code: mimi_policy::JoinCode::Valid,
        };
        let comes = Actor::named(third, "mimi://c.example/d/third").unwrap();
        let plan = state.check(&comes, Form::ExternalCommit, &[join.into()]).unwrap();
        state.apply(plan).unwrap();
        let out: [ProposedChange; 2] = [
            Change::RemoveParticipant { user: third.try_into().unwrap() }.into(),
            Change::RemoveClient {
                user: third.try_into().unwrap(),
                client: "mimi://c.example/d/third".try_into().unwrap(),
            }
            .into(),
        ];
        assert!(state.check(&other, Form::Commit, &out).is_err());
        for role in room.roles().roles.iter().map(|role| role.role_index).filter(|role| *role != 0) {
            let promote = Change::SetRole { user: third.try_into().unwrap(), role };
            assert!(state.check(&other, Form::Commit, &[promote.into()]).is_err(), "{role}");
        }
    }
}
