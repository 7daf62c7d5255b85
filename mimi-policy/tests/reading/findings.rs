//! Each finding by what causes it: a policy without findings, and one thing changed.

use mimi_codec::code_points::{ComponentID, CredentialType};
use mimi_codec::protocol::{ParticipantListData, Uri, UserRolePair};
use mimi_codec::room_policy::{
    CapabilityType as C, Claim, ClaimId, PreAuthRoleEntry, Role, SingleSourceRoleChangeTargets,
};
use mimi_policy::graph::MoveRight;
use mimi_policy::lint::{
    COST_LIMIT, LintCode, LintFinding, LintSeverity, LintStep, Policy, StepActor, StepMeans, lint,
    smallest_example,
};
use mimi_policy::preset::{
    ExampleRoom, Preset, any_member_adds, anyone_can_join, group_direct_message, one_to_one, only_admins_add,
};
use mimi_policy::{RoomParts, RoomState, TableSeed};

pub(crate) const MEMBER: usize = 2;
pub(crate) const ADMIN: usize = 3;

pub(crate) fn of(preset: Preset) -> Policy {
    Policy { base: preset.base, ..Policy::new(preset.roles) }
}

/// A group in which only admins add: nothing is found. The roles stand at their index.
fn clean() -> Policy {
    of(only_admins_add())
}

pub(crate) fn changes(role: &mut Role, entries: &[(u32, &[u32])]) {
    role.authorized_role_changes = entries
        .iter()
        .map(|(from, targets)| SingleSourceRoleChangeTargets {
            from_role_index: *from,
            target_role_indexes: targets.to_vec(),
        })
        .collect();
}

pub(crate) fn entry(claims: &[u8], role: u32) -> PreAuthRoleEntry {
    let claim = |value: &u8| Claim {
        claim_id: ClaimId { credential_type: CredentialType(2), id: vec![1].into() },
        claim_value: vec![*value].into(),
    };
    PreAuthRoleEntry { claimset: claims.iter().map(claim).collect(), target_role: role }
}

fn listed(roles: &[u32]) -> Option<ParticipantListData> {
    let pair = |(number, role): (usize, &u32)| UserRolePair {
        user: format!("mimi://a.example/u/{number}").into_bytes().into(),
        role_index: *role,
    };
    Some(ParticipantListData { participants: roles.iter().enumerate().map(pair).collect() })
}

fn preauthorize(policy: &mut Policy, entries: &[PreAuthRoleEntry]) {
    policy.preauth.preauthorized_entries = entries.to_vec();
    policy.base.policy_component_ids.push(ComponentID::PREAUTH_LIST);
}

/// What is found after a change, code by code.
fn found(change: impl FnOnce(&mut Policy)) -> Vec<LintFinding> {
    let mut policy = clean();
    change(&mut policy);
    lint(&policy)
}

#[track_caller]
fn finds(expected: &[(LintCode, &[u32])], change: impl FnOnce(&mut Policy)) {
    let found = found(change);
    let codes: Vec<_> = found.iter().map(|finding| (finding.code, finding.roles.as_slice())).collect();
    assert_eq!(codes, expected, "{found:#?}");
    for finding in &found {
        assert_eq!(finding.severity, finding.code.severity());
        assert!(finding.explanation.ends_with('.'), "{finding}");
    }
}

#[test]
fn our_presets_have_nothing_to_find() {
    for preset in [only_admins_add(), anyone_can_join(), one_to_one(), group_direct_message()] {
        assert_eq!(lint(&of(preset)), []);
    }
    // That is what this one is for.
    let codes: Vec<_> = lint(&of(any_member_adds())).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [LintCode::CannotUndo]);
}

/// The linter and the room agree about which spellings count.
#[test]
fn finds_identities_in_another_spelling() {
    let list = |user: &str| UserRolePair { user: user.into(), role_index: 3 };
    type Names = fn(&mut Policy, &str, &dyn Fn(&str) -> UserRolePair);
    let names: [Names; 3] = [
        |p, uri, list| p.participants = Some(ParticipantListData { participants: vec![list(uri)] }),
        |p, uri, _| p.base.parent_room = Uri::new(uri),
        |p, uri, _| {
            let mut claimed = entry(&[1], 3);
            claimed.claimset[0].claim_value = uri.as_bytes().to_vec().into();
            preauthorize(p, &[claimed]);
        },
    ];
    for name in names {
        for (uri, counts) in [
            ("mimi://b.example/u/bob", true),
            ("im:bob@B.example", true),
            ("mimi://B.example/u/bob", false),
            ("MIMI://b.example/u/bob", false),
            ("mimi://b.example/u/%62ob", false),
            ("mimi://b.example/u/./bob", false),
            ("mimi:bob", false),
        ] {
            let mut policy = clean();
            name(&mut policy, uri, &list);
            let found = lint(&policy).into_iter().filter(|finding| finding.code == LintCode::OtherSpelling);
            assert_eq!(found.count(), usize::from(!counts), "{uri}");
            let list = policy.participants.unwrap_or(ParticipantListData { participants: vec![] });
            let mut parts = RoomParts::new(policy.roles, list);
            parts.base = Some(policy.base);
            parts.preauth = Some(policy.preauth);
            assert_eq!(RoomState::new(parts, TableSeed::known()).is_ok(), counts, "{uri}");
        }
    }
}

#[test]
fn finds_what_makes_a_room_invalid() {
    finds(&[(LintCode::DuplicateRole, &[2])], |p| {
        let twice = p.roles.roles[MEMBER].clone();
        p.roles.roles.push(twice);
    });
    finds(&[(LintCode::MinimumAboveMaximum, &[2])], |p| {
        p.roles.roles[MEMBER].minimum_participants_constraint = 3;
        p.roles.roles[MEMBER].maximum_participants_constraint = Some(2);
    });
    finds(&[(LintCode::MinimumAboveMaximum, &[2])], |p| {
        p.roles.roles[MEMBER].minimum_active_participants_constraint = 3;
        p.roles.roles[MEMBER].maximum_active_participants_constraint = Some(2);
    });
    finds(&[(LintCode::OpenJoinOutsideRole0, &[2])], |p| {
        p.roles.roles[MEMBER].role_capabilities.push(C::CAN_OPEN_JOIN);
    });
    finds(&[(LintCode::ParentMissing, &[])], |p| p.base.parent_dependant = true);
    finds(&[(LintCode::TooManyUsers, &[])], |p| {
        p.participants = listed(&[3, 2, 2, 1, 1]);
        p.base.max_users = Some(2);
    });
    finds(&[], |p| {
        p.participants = listed(&[3, 2, 2, 1, 1]);
        p.base.max_users = Some(3);
    });
    finds(&[(LintCode::DuplicateParticipant, &[])], |p| {
        let mut list = listed(&[3, 2]).unwrap();
        list.participants.push(list.participants[1].clone());
        p.participants = Some(list);
    });
    finds(&[(LintCode::ParticipantWithoutRole, &[0, 9])], |p| p.participants = listed(&[3, 0, 9]));
    let found = found(|p| p.base.fixed_membership = true);
    assert!(
        found.iter().any(|finding| finding.code == LintCode::AddInFixedMembership && finding.roles == [3])
    );
}

#[test]
fn finds_oddities_of_the_banned() {
    finds(&[(LintCode::BannedHasCapabilities, &[1])], |p| {
        p.roles.roles[1].role_capabilities = vec![C::CAN_RECEIVE_MESSAGE];
    });
    for maximum in [None, Some(1)] {
        finds(&[(LintCode::BannedMayHaveClients, &[1])], |p| {
            p.roles.roles[1].maximum_active_participants_constraint = maximum;
        });
    }
    finds(&[(LintCode::BannedElsewhere, &[2])], |p| p.roles.roles[MEMBER].role_name = "banned".into());
    let codes: Vec<_> = found(|p| p.roles.roles[1].role_name = "Banned".into())
        .into_iter()
        .map(|finding| (finding.code, finding.roles))
        .collect();
    assert_eq!(codes[0], (LintCode::BanWithoutBannedRole, vec![3]));
}

#[test]
fn finds_oddities_of_limits() {
    finds(&[(LintCode::ActiveAboveTotal, &[2])], |p| {
        p.roles.roles[MEMBER].maximum_participants_constraint = Some(2);
        p.roles.roles[MEMBER].minimum_active_participants_constraint = 3;
    });
    finds(&[(LintCode::MaximumNeverBinds, &[2])], |p| {
        p.roles.roles[MEMBER].maximum_participants_constraint = Some(2);
        p.roles.roles[MEMBER].maximum_active_participants_constraint = Some(3);
    });
    finds(&[(LintCode::LimitsOnRole0, &[0])], |p| p.roles.roles[0].minimum_participants_constraint = 1);
    finds(&[(LintCode::StartsBroken, &[3])], |p| p.participants = listed(&[2]));
}

#[test]
fn finds_capabilities_without_effect() {
    finds(&[(LintCode::ReservedCapability, &[2])], |p| {
        p.roles.roles[MEMBER].role_capabilities.push(C::CAN_KNOCK);
    });
    finds(&[(LintCode::UnknownCapability, &[2])], |p| p.roles.roles[MEMBER].role_capabilities.push(C(0x12)));
    finds(&[], |p| p.roles.roles[MEMBER].role_capabilities.push(C(0xf123)));
    finds(&[(LintCode::NeedsSendMessage, &[2])], |p| {
        p.roles.roles[MEMBER].role_capabilities.retain(|c| *c != C::CAN_SEND_MESSAGE);
    });
    finds(&[(LintCode::RepliesOnlyInTopic, &[2])], |p| {
        p.roles.roles[MEMBER].role_capabilities.retain(|c| *c != C::CAN_REPLY_TO_MESSAGE);
    });
    finds(&[(LintCode::DuplicateEntry, &[2])], |p| {
        p.roles.roles[MEMBER].role_capabilities.push(C::CAN_SEND_MESSAGE);
    });
    finds(&[(LintCode::DuplicateEntry, &[2])], |p| {
        changes(&mut p.roles.roles[MEMBER], &[(2, &[0]), (2, &[0])])
    });
    for capability in [
        C::CAN_ADD_PARTICIPANT,
        C::CAN_USE_JOIN_CODE,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_CHANGE_OWN_ROLE,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_BAN,
        C::CAN_UNBAN,
    ] {
        finds(&[(LintCode::IdleCapability, &[2])], |p| {
            p.roles.roles[MEMBER].role_capabilities.push(capability)
        });
    }
    finds(&[(LintCode::IdleCapability, &[2])], |p| changes(&mut p.roles.roles[MEMBER], &[]));
}

#[test]
fn finds_role_changes_that_lead_nowhere() {
    finds(&[(LintCode::MissingRole, &[3])], |p| {
        p.roles.roles[ADMIN].authorized_role_changes[2].target_role_indexes.push(9);
    });
    finds(&[(LintCode::MissingRole, &[2])], |p| changes(&mut p.roles.roles[MEMBER], &[(2, &[0]), (9, &[0])]));
    finds(&[(LintCode::UnreachableRole, &[7])], |p| {
        let mut role = p.roles.roles[MEMBER].clone();
        role.role_index = 7;
        changes(&mut role, &[(7, &[0])]);
        p.roles.roles.push(role);
    });
    // A user has it.
    finds(&[], |p| {
        let mut role = p.roles.roles[MEMBER].clone();
        role.role_index = 7;
        changes(&mut role, &[(7, &[0])]);
        p.roles.roles.push(role);
        p.participants = listed(&[3, 7]);
    });
}

#[test]
fn finds_oddities_of_the_preauthorized() {
    let joins = |p: &mut Policy| p.roles.roles[MEMBER].role_capabilities.push(C::CAN_JOIN_IF_PREAUTHORIZED);
    finds(&[], |p| {
        joins(p);
        preauthorize(p, &[entry(&[1], 2)]);
    });
    for role in [0, 9] {
        finds(&[(LintCode::PreauthorizedForMissingRole, &[role])], |p| preauthorize(p, &[entry(&[1], role)]));
    }
    finds(&[(LintCode::ShadowedPreauthorization, &[2])], |p| {
        joins(p);
        preauthorize(p, &[entry(&[1], 2), entry(&[2, 1], 2)]);
    });
    // The earlier one asks for more.
    finds(&[], |p| {
        joins(p);
        preauthorize(p, &[entry(&[2, 1], 2), entry(&[1], 2)]);
    });
    finds(&[(LintCode::Escalation, &[0, 3]), (LintCode::AllPreauthorized, &[3])], |p| {
        p.roles.roles[ADMIN].role_capabilities.push(C::CAN_JOIN_IF_PREAUTHORIZED);
        preauthorize(p, &[entry(&[], 3)]);
    });
    finds(&[(LintCode::UnnamedComponent, &[])], |p| {
        joins(p);
        p.preauth.preauthorized_entries = vec![entry(&[1], 2)];
    });
    finds(&[(LintCode::UnnamedComponent, &[])], |p| p.base.policy_component_ids.clear());
    finds(&[(LintCode::ParentWithoutDependence, &[])], |p| {
        p.base.parent_room = Uri::new("mimi://a.example/r/x")
    });
}

#[test]
fn finds_external_senders_that_may_do_more_than_remove_and_ban() {
    // An admin's role for a server adds, and makes admins.
    finds(&[(LintCode::StrongExternalSender, &[3])], |p| preauthorize(p, &[entry(&[1], 3)]));
    // The draft's policy enforcer removes and bans.
    let mut policy = Policy::new(ExampleRoom::Cooperative.roles());
    preauthorize(&mut policy, &[entry(&[1], 5)]);
    assert!(lint(&policy).iter().all(|finding| finding.code != LintCode::StrongExternalSender));
    // Only giving rights is enough.
    policy.roles.roles[5].authorized_role_changes[2].target_role_indexes.push(3);
    let findings = lint(&policy);
    let finding = findings.iter().find(|finding| finding.code == LintCode::StrongExternalSender).unwrap();
    assert_eq!(
        finding.explanation,
        "External senders may take role 5 \"policy_enforcer\" and give rights over others; the draft would have them remove and ban."
    );
}

/// A step of a user who has a client as long as it is on the list.
fn step(by: u32, means: MoveRight, from: u32, to: u32) -> LintStep {
    LintStep {
        by: if means.is_by_oneself() { StepActor::Oneself } else { StepActor::Participant(by) },
        means: StepMeans::Move(means),
        from,
        to,
        had_client: from != 0,
        with_client: to != 0,
        last: false,
        same_commit: false,
    }
}

/// A member may make helpers, a helper may make admins.
fn with_helpers(p: &mut Policy) {
    let mut helper = p.roles.roles[MEMBER].clone();
    helper.role_index = 7;
    helper.role_name = "helper".into();
    helper.role_capabilities.push(C::CAN_CHANGE_USER_ROLE);
    changes(&mut helper, &[(2, &[3]), (3, &[2]), (7, &[0])]);
    p.roles.roles.push(helper);
    p.roles.roles[MEMBER].role_capabilities.push(C::CAN_CHANGE_USER_ROLE);
    changes(&mut p.roles.roles[MEMBER], &[(2, &[0, 7]), (7, &[2])]);
}

#[test]
fn finds_a_way_to_a_stronger_role_through_others() {
    let findings = found(|p| {
        with_helpers(p);
        // So that a member has a second account to move.
        p.roles.roles[0].role_capabilities.push(C::CAN_OPEN_JOIN);
        changes(&mut p.roles.roles[0], &[(0, &[2])]);
    });
    let escalations: Vec<_> =
        findings.iter().filter(|finding| finding.code == LintCode::Escalation).collect();
    // Anybody joins, so anybody is an admin in four moves, with two accounts; that it is so for
    // members as well goes without saying.
    let [finding] = escalations[..] else { panic!("{escalations:#?}") };
    assert_eq!((finding.severity, finding.roles.as_slice()), (LintSeverity::Warning, &[0, 3][..]));
    assert_eq!(
        finding.steps,
        [
            step(0, MoveRight::OpenJoin, 0, 2),
            step(0, MoveRight::OpenJoin, 0, 2),
            step(2, MoveRight::ChangeUserRole, 2, 7),
            LintStep { last: true, ..step(7, MoveRight::ChangeUserRole, 2, 3) },
        ]
    );
    assert_eq!(
        finding.steps[2].to_string(),
        "a holder of role 2 moves a holder of role 2 to role 7 (canChangeUserRole)"
    );

    let findings = found(with_helpers);
    let from: Vec<_> =
        findings.iter().filter(|f| f.code == LintCode::Escalation).map(|f| f.roles.clone()).collect();
    // A helper by itself has no other user to move. An admin that becomes a member may make
    // helpers, which it could not before.
    assert_eq!(from, [[2, 3], [3, 2]]);
}

#[test]
fn a_claim_or_a_code_is_no_escalation() {
    for capability in [C::CAN_USE_JOIN_CODE, C::CAN_OPEN_JOIN] {
        let findings = found(|p| {
            p.roles.roles[0].role_capabilities.push(capability);
            changes(&mut p.roles.roles[0], &[(0, &[3])]);
        });
        let escalates = findings.iter().any(|finding| finding.code == LintCode::Escalation);
        assert_eq!(escalates, capability == C::CAN_OPEN_JOIN);
    }
}

#[test]
fn finds_silence_that_does_not_last() {
    let mut policy = of(anyone_can_join());
    let mut muted = policy.roles.roles[MEMBER].clone();
    muted.role_index = 7;
    muted.role_capabilities = vec![C::CAN_RECEIVE_MESSAGE, C::CAN_REMOVE_SELF, C::CAN_ADD_OWN_CLIENT];
    changes(&mut muted, &[(7, &[0])]);
    policy.roles.roles.push(muted);
    changes(
        &mut policy.roles.roles[ADMIN],
        &[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3, 7]), (3, &[0, 1, 2]), (7, &[2])],
    );
    let findings = lint(&policy);
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!((finding.code, finding.roles.as_slice()), (LintCode::SilenceEvaded, &[7, 2][..]));
    assert_eq!(finding.steps, [step(7, MoveRight::Leave, 7, 0), step(0, MoveRight::OpenJoin, 0, 2)]);
    // Who can't leave stays silent.
    policy.roles.roles[4].role_capabilities.retain(|c| *c != C::CAN_REMOVE_SELF);
    assert_eq!(lint(&policy), []);
}

#[test]
fn finds_what_a_user_can_do_and_not_undo() {
    let findings = found(|p| {
        p.roles.roles[ADMIN]
            .role_capabilities
            .retain(|c| !matches!(*c, C::CAN_UNBAN | C::CAN_CHANGE_USER_ROLE))
    });
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!(finding.code, LintCode::CannotUndo);
    assert_eq!(finding.explanation, "Role 3 \"admin\" can move a user from role 2 to role 1, and not back.");
}

#[test]
fn finds_who_may_rewrite_its_own_rights() {
    finds(&[(LintCode::CanRewritePolicy, &[2])], |p| {
        p.roles.roles[MEMBER].role_capabilities.push(C::CAN_CHANGE_ROLE_DEFINITIONS);
    });
}

#[test]
fn finds_how_all_deciders_may_be_gone() {
    let findings = found(|p| p.roles.roles[ADMIN].minimum_participants_constraint = 0);
    let [finding] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!((finding.code, finding.roles.as_slice()), (LintCode::LockOut, &[3][..]));
    assert_eq!(
        finding.steps,
        [step(3, MoveRight::Add, 0, 2), LintStep { last: true, ..step(3, MoveRight::Leave, 3, 0) }]
    );
    assert_eq!(
        finding.explanation,
        "Once no participant with a client has role 3 \"admin\", users can never again be added or removed or given another role."
    );

    // With a list, it counts from those who are there.
    for (roles, locks) in [(&[3, 2][..], true), (&[2, 2], false)] {
        let findings = found(|p| {
            p.roles.roles[ADMIN].minimum_participants_constraint = 0;
            p.participants = listed(roles);
        });
        assert_eq!(findings.iter().any(|finding| finding.code == LintCode::LockOut), locks, "{findings:#?}");
    }
}

#[test]
fn new_roles_say_which_lock_outs_they_bring_to_the_present_participants() {
    let policy = clean();
    let list = listed(&[3, 2]).unwrap();
    let room = RoomState::new(RoomParts::new(policy.roles.clone(), list), TableSeed::known()).unwrap();
    assert_eq!(room.effect_of_roles(&policy.roles).lock_outs, []);
    let mut roles = policy.roles;
    roles.roles[ADMIN].minimum_participants_constraint = 0;
    let [finding] = &room.effect_of_roles(&roles).lock_outs[..] else { panic!() };
    assert_eq!((finding.code, finding.roles.as_slice()), (LintCode::LockOut, &[3][..]));
    assert_eq!(finding.start, [3, 2]);
}

#[test]
fn finds_no_lock_out_where_a_user_comes_back() {
    // An admin by its claims.
    let findings = found(|p| {
        p.roles.roles[ADMIN].minimum_participants_constraint = 0;
        p.roles.roles[ADMIN].role_capabilities.push(C::CAN_JOIN_IF_PREAUTHORIZED);
        preauthorize(p, &[entry(&[1], 3)]);
    });
    assert_eq!(findings, []);
    // A minimum of active ones keeps the last one, too.
    let findings = found(|p| {
        p.roles.roles[ADMIN].minimum_participants_constraint = 0;
        p.roles.roles[ADMIN].minimum_active_participants_constraint = 1;
    });
    assert_eq!(findings, []);
}

#[test]
fn tells_which_right_is_lost_where_others_stay() {
    // A member adds; no other user promotes.
    let mut policy = of(any_member_adds());
    policy.roles.roles[ADMIN].minimum_participants_constraint = 0;
    let findings = lint(&policy);
    let finding = findings.iter().find(|finding| finding.code == LintCode::PartialLockOut).unwrap();
    assert_eq!(
        finding.explanation,
        "Once no participant with a client has role 3 \"admin\", users can never again be removed or given another role."
    );
}

#[test]
fn the_drafts_rooms_have_the_findings_that_its_text_leads_to() {
    let codes = |room: ExampleRoom, code: LintCode| {
        let findings = lint(&Policy::new(room.roles()));
        findings
            .into_iter()
            .filter(|finding| finding.code == code)
            .map(|finding| finding.roles)
            .collect::<Vec<_>>()
    };
    for room in ExampleRoom::ALL {
        assert!(
            lint(&Policy::new(room.roles())).iter().all(|finding| finding.severity != LintSeverity::Error)
        );
        assert_eq!(codes(room, LintCode::Escalation), [[0; 0]; 0]);
    }
    assert_eq!(codes(ExampleRoom::Strict, LintCode::LockOut), [[4]]);
    assert_eq!(codes(ExampleRoom::Moderated, LintCode::LockOut), [[6]]);
    assert_eq!(codes(ExampleRoom::Cooperative, LintCode::PartialLockOut), [[4]]);
    assert_eq!(codes(ExampleRoom::MultiOrganization, LintCode::LockOut), [[0; 0]; 0]);
    // "can ban (but not unban) their own org users"
    assert_eq!(codes(ExampleRoom::MultiOrganization, LintCode::CannotUndo), [[5], [6], [7], [9]]);
    assert_eq!(codes(ExampleRoom::Moderated, LintCode::NeedsSendMessage), [[2], [3]]);
    // canUnban "stays idle" in the enforcer.
    for (room, enforcer) in [(ExampleRoom::Cooperative, 5), (ExampleRoom::MultiOrganization, 9)] {
        assert!(codes(room, LintCode::IdleCapability).contains(&vec![enforcer]));
    }
}

#[test]
fn hostile_tables_are_examined_as_far_as_it_goes() {
    let role = |index: u32| Role {
        role_index: index,
        role_name: "\u{7}\n".repeat(50),
        role_description: String::new(),
        role_capabilities: C::REGISTERED.iter().copied().chain((0..500).map(|n| C(0x7000 + n))).collect(),
        minimum_participants_constraint: 0,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: (0..400)
            .map(|from| SingleSourceRoleChangeTargets {
                from_role_index: from,
                target_role_indexes: (0..20).map(|n| (from * 7 + n * 13) % 300).collect(),
            })
            .collect(),
    };
    let mut policy = Policy::new(mimi_codec::room_policy::RoleData { roles: (0..300).map(role).collect() });
    preauthorize(&mut policy, &(0..1000).map(|n| entry(&[n as u8, 1, 2], n)).collect::<Vec<_>>());
    let findings = lint(&policy);
    assert!(findings.iter().any(|finding| finding.code == LintCode::NotExamined));
    assert!(findings.len() < mimi_policy::graph::MAX_ROLES * LintCode::ALL.len());
    for finding in findings {
        assert!(finding.explanation.len() < 600 && !finding.explanation.contains('\u{7}'), "{finding}");
    }
}

/// As many roles as are examined, each of which may do everything and move users from everywhere to
/// everywhere.
#[test]
fn a_search_that_ends_at_its_limit_says_so() {
    let indexes: Vec<u32> = (0..64).filter(|index| *index != 1).collect();
    let role = |index: u32| {
        let mut role = clean().roles.roles[ADMIN].clone();
        role.role_index = index;
        role.role_name = String::new();
        role.role_capabilities.retain(|capability| *capability != C::CAN_CHANGE_ROLE_DEFINITIONS);
        let targets: Vec<(u32, &[u32])> = indexes.iter().map(|from| (*from, &indexes[..])).collect();
        changes(&mut role, &targets);
        role
    };
    let policy =
        Policy::new(mimi_codec::room_policy::RoleData { roles: indexes.iter().copied().map(role).collect() });
    let findings = lint(&policy);
    let cut = findings.iter().find(|finding| finding.code == LintCode::SearchCut).unwrap();
    assert!(cut.explanation.contains(&COST_LIMIT.to_string()), "{cut}");
    // A larger table takes no longer, but a small one is examined to the end.
    let example = smallest_example(&policy, LintCode::SearchCut);
    assert!(example.cut);
    assert!(lint(&example.policy).iter().any(|finding| finding.code == LintCode::SearchCut));
    for room in ExampleRoom::ALL {
        let findings = lint(&Policy::new(room.roles()));
        assert!(findings.iter().all(|finding| finding.code != LintCode::SearchCut), "{room:?}");
    }
}

#[test]
fn every_code_has_a_name_of_its_own() {
    let mut names: Vec<_> = LintCode::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), LintCode::ALL.len());
}
