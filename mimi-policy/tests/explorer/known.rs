//! Policies whose faults were found by hand.

use mimi_codec::room_policy::{CapabilityType as C, Role, RoleData, SingleSourceRoleChangeTargets};
use mimi_policy::graph::MoveRight;
use mimi_policy::lint::{LintCode, LintFinding, Policy, StepActor, StepMeans, lint};

use crate::compare::{Statistics, compare};

fn role(index: u32, minimum: u32, capabilities: &[C], changes: &[(u32, &[u32])]) -> Role {
    Role {
        role_index: index,
        role_name: String::new(),
        role_description: String::new(),
        role_capabilities: capabilities.to_vec(),
        minimum_participants_constraint: minimum,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: changes
            .iter()
            .map(|(from, targets)| SingleSourceRoleChangeTargets {
                from_role_index: *from,
                target_role_indexes: targets.to_vec(),
            })
            .collect(),
    }
}

fn policy(roles: Vec<Role>) -> Policy {
    let policy = Policy::new(RoleData { roles });
    let disagreement = compare(&policy, false, &mut Statistics::default());
    assert!(disagreement.is_none(), "{disagreement:#?}");
    policy
}

fn of_code(policy: &Policy, code: LintCode) -> Vec<LintFinding> {
    lint(policy).into_iter().filter(|finding| finding.code == code).collect()
}

/// A moderator has all capabilities of an owner, and may move fewer: it adds a second account as an
/// owner.
#[test]
fn an_account_that_one_adds_may_move_more_than_oneself() {
    let policy = policy(vec![
        role(0, 0, &[], &[]),
        role(2, 0, &[], &[]),
        role(3, 0, &[C::CAN_ADD_PARTICIPANT, C::CAN_REMOVE_PARTICIPANT], &[(0, &[2, 4]), (2, &[0])]),
        role(
            4,
            0,
            &[C::CAN_ADD_PARTICIPANT, C::CAN_REMOVE_PARTICIPANT],
            &[(0, &[2, 3, 4]), (2, &[0]), (3, &[0]), (4, &[0])],
        ),
    ]);
    let [finding] = &of_code(&policy, LintCode::Escalation)[..] else { panic!() };
    assert_eq!((finding.roles.as_slice(), finding.start.as_slice()), (&[3, 4][..], &[3][..]));
    let [step] = finding.steps[..] else { panic!("{finding}") };
    assert_eq!((step.by, step.means), (StepActor::Participant(3), StepMeans::Move(MoveRight::Add)));
    assert_eq!((step.from, step.to, step.with_client), (0, 4, true));
    assert_eq!(
        finding.explanation,
        "Holders of role 3 can get role 4 for one of them or for another account of theirs, and with it the right to move users from \
         off the list to role 3 and 2 more."
    );
}

/// The last administrator removes its own client, and has no right to add one.
#[test]
fn a_holder_may_be_on_the_list_and_never_come_back() {
    let administer = [
        C::CAN_ADD_PARTICIPANT,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_REMOVE_OWN_CLIENT,
    ];
    let changes: &[(u32, &[u32])] = &[(0, &[2, 3]), (2, &[0, 3]), (3, &[0, 2])];
    let of = |administer: &[C]| {
        policy(vec![
            role(0, 0, &[], &[]),
            role(2, 0, &[C::CAN_SEND_MESSAGE], &[]),
            role(3, 1, administer, changes),
        ])
    };
    let policy = of(&administer);
    let [finding] = &of_code(&policy, LintCode::LockOut)[..] else { panic!() };
    assert_eq!(finding.roles, [3]);
    let last = finding.steps.last().unwrap();
    assert_eq!(
        (last.means, last.by, last.from, last.to),
        (StepMeans::RemoveOwnClient, StepActor::Oneself, 3, 3)
    );
    assert_eq!((last.had_client, last.with_client, last.last), (true, false, false));
    // With that right it comes back.
    let mut able = administer.to_vec();
    able.push(C::CAN_ADD_OWN_CLIENT);
    assert_eq!(of_code(&of(&able), LintCode::LockOut), []);
}

/// An owner can't leave; a moderator removes it and leaves itself.
#[test]
fn one_role_may_remove_another_and_then_leave() {
    let policy = policy(vec![
        role(0, 0, &[], &[]),
        role(2, 0, &[C::CAN_SEND_MESSAGE], &[]),
        role(
            3,
            0,
            &[C::CAN_ADD_PARTICIPANT, C::CAN_REMOVE_PARTICIPANT, C::CAN_REMOVE_SELF],
            &[(0, &[2]), (2, &[0]), (3, &[0]), (4, &[0])],
        ),
        role(
            4,
            0,
            &[C::CAN_ADD_PARTICIPANT, C::CAN_REMOVE_PARTICIPANT, C::CAN_CHANGE_USER_ROLE],
            &[(0, &[2, 3, 4]), (2, &[0, 3, 4]), (3, &[0, 2, 4])],
        ),
    ]);
    let [finding] = &of_code(&policy, LintCode::LockOut)[..] else { panic!() };
    assert_eq!(finding.roles, [3, 4]);
    let means: Vec<StepMeans> = finding.steps.iter().map(|step| step.means).collect();
    let moves = [MoveRight::Add, MoveRight::Remove, MoveRight::ChangeUserRole].map(StepMeans::Move);
    assert_eq!(means, moves, "{finding}");
}

fn limited(mut role: Role, maximum_active: u32) -> Role {
    role.maximum_active_participants_constraint = Some(maximum_active);
    role
}

/// `canChangeUserRole` bans a user without a client, and one that has a client only with `canKick`.
#[test]
fn some_moves_are_open_only_to_users_without_a_client() {
    let admin = role(
        3,
        0,
        &[C::CAN_CHANGE_USER_ROLE, C::CAN_ADD_PARTICIPANT, C::CAN_ADD_OWN_CLIENT],
        &[(0, &[2, 3]), (2, &[1])],
    );
    let mut banned = role(1, 0, &[], &[]);
    banned.role_name = "banned".into();
    let member = role(2, 0, &[C::CAN_ADD_OWN_CLIENT, C::CAN_REMOVE_OWN_CLIENT], &[]);
    policy(vec![role(0, 0, &[], &[]), banned, member.clone(), admin]);
    // A role that has no place for clients takes in those who left with theirs.
    let admin = role(
        3,
        0,
        &[C::CAN_CHANGE_USER_ROLE, C::CAN_REMOVE_OWN_CLIENT, C::CAN_ADD_OWN_CLIENT],
        &[(3, &[4]), (4, &[2])],
    );
    policy(vec![role(0, 0, &[], &[]), member, admin, limited(role(4, 0, &[], &[]), 0)]);
}

/// From a role in which clients come back a user without one is moved to a role in which they do
/// not.
#[test]
fn a_user_without_a_client_is_moved_to_where_none_comes_back() {
    let admin = role(
        3,
        0,
        &[C::CAN_ADD_PARTICIPANT, C::CAN_CHANGE_USER_ROLE, C::CAN_REMOVE_SELF, C::CAN_ADD_OWN_CLIENT],
        &[(0, &[2, 3]), (2, &[4]), (3, &[0, 4])],
    );
    policy(vec![
        role(0, 0, &[], &[]),
        role(2, 0, &[C::CAN_ADD_OWN_CLIENT, C::CAN_SEND_MESSAGE], &[]),
        admin,
        role(4, 1, &[C::CAN_SEND_MESSAGE], &[]),
    ]);
}

/// Two participants remove each other, and a third one commits it.
#[test]
fn two_participants_change_each_other_in_one_commit() {
    let policy = policy(vec![
        role(0, 0, &[], &[]),
        role(2, 0, &[C::CAN_SEND_MESSAGE], &[]),
        role(3, 0, &[C::CAN_ADD_PARTICIPANT, C::CAN_REMOVE_PARTICIPANT], &[(0, &[2, 3]), (3, &[0])]),
    ]);
    let [finding] = &of_code(&policy, LintCode::LockOut)[..] else { panic!() };
    let [.., one, other] = finding.steps[..] else { panic!("{finding}") };
    assert!(!one.same_commit && other.same_commit);
    assert_eq!(
        (one.means, other.means),
        (StepMeans::Move(MoveRight::Remove), StepMeans::Move(MoveRight::Remove))
    );
}

/// Two administrators move each other to where no user has a client; a watcher commits it, and
/// removes them.
#[test]
fn two_participants_move_each_other_without_their_clients() {
    let watcher = role(3, 0, &[C::CAN_REMOVE_PARTICIPANT], &[(2, &[0])]);
    let of = |administer: &[C]| {
        let admin = role(4, 0, administer, &[(0, &[3, 4]), (4, &[2])]);
        policy(vec![role(0, 0, &[], &[]), limited(role(2, 0, &[], &[]), 0), watcher.clone(), admin])
    };
    let able = [C::CAN_ADD_PARTICIPANT, C::CAN_CHANGE_USER_ROLE, C::CAN_ADD_OWN_CLIENT, C::CAN_KICK];
    let policy = of(&able);
    let [finding] = &of_code(&policy, LintCode::LockOut)[..] else { panic!() };
    let [.., one, other, _, _] = finding.steps[..] else { panic!("{finding}") };
    assert!(!one.same_commit && other.same_commit);
    for step in [one, other] {
        assert_eq!((step.by, step.from, step.to), (StepActor::Participant(4), 4, 2));
        assert_eq!((step.means, step.with_client), (StepMeans::Move(MoveRight::ChangeUserRole), false));
        assert!(step.to_string().contains("without its client"), "{step}");
    }
    // Without the right to remove clients they cannot.
    assert_eq!(of_code(&of(&able[..3]), LintCode::LockOut), []);
}
