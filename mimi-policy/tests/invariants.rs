//! What holds of every room and every list of changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod scene;

use mimi_codec::protocol::ParticipantListData;
use mimi_policy::{Actor, Basis, Change, Form, ProposedChange, RoomParts, RoomState, TableSeed};
use proptest::prelude::*;
use scene::*;

const NAMES: [&str; 7] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"];

const CAPABILITIES: [Cap; 16] = [
    Cap::CAN_ADD_PARTICIPANT,
    Cap::CAN_REMOVE_PARTICIPANT,
    Cap::CAN_ADD_OWN_CLIENT,
    Cap::CAN_REMOVE_OWN_CLIENT,
    Cap::CAN_JOIN_IF_PREAUTHORIZED,
    Cap::CAN_REMOVE_SELF,
    Cap::CAN_USE_JOIN_CODE,
    Cap::CAN_BAN,
    Cap::CAN_UNBAN,
    Cap::CAN_KICK,
    Cap::CAN_CHANGE_USER_ROLE,
    Cap::CAN_CHANGE_OWN_ROLE,
    Cap::CAN_CHANGE_ROOM_NAME,
    Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    Cap::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    Cap::CAN_DESTROY_ROOM,
];

#[derive(Clone, Debug)]
struct AnyRole {
    capabilities: Vec<Cap>,
    moves: Vec<(u32, u32)>,
    limits: [Option<u32>; 4],
}

fn any_role() -> impl Strategy<Value = AnyRole> {
    let limit = prop_oneof![4 => Just(None), 1 => (1u32..4).prop_map(Some)];
    (
        proptest::sample::subsequence(CAPABILITIES.to_vec(), 0..=16),
        proptest::collection::vec((0u32..5, 0u32..5), 0..20),
        [limit.clone(), limit.clone(), limit.clone(), limit],
    )
        .prop_map(|(capabilities, moves, limits)| AnyRole { capabilities, moves, limits })
}

/// For each name a role, 0 for a user who isn't there, and a number of clients.
fn any_scene() -> impl Strategy<Value = Scene> {
    (
        proptest::array::uniform5(any_role()),
        proptest::array::uniform7((0u32..5, 0u32..3)),
        any::<bool>(),
        0u32..5,
    )
        .prop_map(|(roles, people, open, preauthorized)| {
            let mut scene = scene().preauth(&[(&[claim("org", "a")], preauthorized)]);
            for (index, any) in (0..).zip(roles) {
                scene = scene.can(index, &any.capabilities);
                for (from, to) in any.moves {
                    scene = scene.moves(index, from, &[to]);
                }
                let [minimum, maximum, minimum_active, maximum_active] = any.limits;
                scene = scene.edit(index, |role| {
                    role.minimum_participants_constraint = minimum.unwrap_or(0).min(maximum.unwrap_or(9));
                    role.maximum_participants_constraint = maximum;
                    role.minimum_active_participants_constraint =
                        minimum_active.unwrap_or(0).min(maximum_active.unwrap_or(9));
                    role.maximum_active_participants_constraint = maximum_active;
                });
            }
            if open {
                scene = scene.can(0, &[Cap::CAN_OPEN_JOIN]);
            }
            for (name, (role, clients)) in NAMES.into_iter().zip(people) {
                if role > 0 {
                    scene = scene.inactive(name, role);
                    if role > 1 {
                        scene = (1..=clients).fold(scene, |scene, number| scene.client(name, number));
                    }
                }
            }
            scene
        })
}

#[derive(Clone, Debug)]
struct Step {
    actor: Actor,
    form: Form,
    changes: Vec<ProposedChange>,
}

fn any_name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(NAMES.to_vec())
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (any_name(), 0u32..6).prop_map(|(name, role)| add(name, role)),
        3 => any_name().prop_map(remove),
        3 => (any_name(), 0u32..6).prop_map(|(name, role)| set(name, role)),
        3 => (any_name(), 1u32..4).prop_map(|(name, number)| add_client(name, number)),
        4 => (any_name(), 1u32..3).prop_map(|(name, number)| remove_client(name, number)),
        1 => Just(Change::UpdateMetadata(Box::new(metadata("new", "", "", "")))),
        1 => (0u32..6).prop_map(|users| {
            let mut base = RoomParts::default_base();
            base.max_users = Some(users);
            Change::UpdateBase(Box::new(base))
        }),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let form =
        prop_oneof![3 => Just(Form::Commit), 2 => Just(Form::Proposal), 1 => Just(Form::ExternalCommit)];
    let departure = (any_name(), any::<bool>()).prop_map(|(name, ban)| {
        vec![if ban { set(name, 1) } else { remove(name) }, remove_client(name, 1), remove_client(name, 2)]
    });
    let changes = prop_oneof![4 => proptest::collection::vec(any_change(), 0..4), 1 => departure];
    (any_name(), 1u32..3, any::<bool>(), form, changes).prop_map(|(name, number, staff, form, changes)| {
        let claims = if staff { vec![claim("org", "a")] } else { vec![] };
        let actor = Actor::Client {
            user: name.try_into().unwrap(),
            client: device(name, number),
            claims: mimi_policy::Claims::new(claims).unwrap(),
        };
        Step { actor, form, changes: changes.into_iter().map(Into::into).collect() }
    })
}

/// The room anew, from its components and its clients.
fn rebuilt(room: &RoomState) -> RoomState {
    let clients = room.participants().flat_map(|(user, _)| {
        room.clients_of(user).map(|client| (user.clone().into(), client.clone().into()))
    });
    let parts = RoomParts::from_dictionary(&room.to_dictionary().unwrap()).unwrap();
    RoomState::new(RoomParts { clients: clients.collect(), ..parts }, TableSeed::known()).unwrap()
}

fn assert_same(room: &RoomState, other: &RoomState) {
    assert!(room.participants().eq(other.participants()));
    assert_eq!(room.to_components(), other.to_components());
    assert_eq!(
        (room.participant_count(), room.client_count()),
        (other.participant_count(), other.client_count())
    );
    for role in 0..7 {
        assert_eq!(room.count(role), other.count(role));
    }
    for (index, (user, role)) in (0..).zip(room.participants()) {
        assert_eq!((room.participant_at(index), room.index_of(user)), (Some(user), Some(index)));
        assert_eq!((room.role_of(user), other.role_of(user)), (Some(role), Some(role)));
        let sorted = |room: &RoomState| {
            let mut clients: Vec<_> = room.clients_of(user).cloned().collect();
            clients.sort();
            clients
        };
        assert_eq!(sorted(room), sorted(other));
        for client in room.clients_of(user) {
            assert_eq!(room.user_of(client), Some(user));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn applying_equals_rebuilding_and_breaks_no_limit(scene in any_scene(), steps in proptest::collection::vec(any_step(), 1..12)) {
        let mut room = scene.room();
        for Step { actor, form, changes } in steps {
            let before = room.clone();
            let Ok(plan) = room.check(&actor, form, &changes) else {
                prop_assert_eq!(room.version(), before.version());
                continue;
            };
            let bans = plan.grants().iter().any(|grant| grant.capability == Some(Cap::CAN_BAN));
            room.apply(plan).unwrap();
            if room.has_pending() {
                continue;
            }
            assert_same(&room, &rebuilt(&room));
            // Each role that has fewer than before has its minima, each that has more its maxima.
            for role in &room.roles().roles {
                let (then, now) = (before.count(role.role_index), room.count(role.role_index));
                prop_assert!(now.participants >= then.participants || now.participants >= role.minimum_participants_constraint as usize);
                prop_assert!(now.active >= then.active || now.active >= role.minimum_active_participants_constraint as usize);
                let maximum = role.maximum_participants_constraint.map_or(usize::MAX, |maximum| maximum as usize);
                let exempt = bans && role.role_index == 1;
                prop_assert!(now.participants <= then.participants || now.participants <= maximum || exempt);
                let maximum = role.maximum_active_participants_constraint.map_or(usize::MAX, |maximum| maximum as usize);
                prop_assert!(now.active <= then.active || now.active <= maximum);
            }
        }
    }

    #[test]
    fn the_order_of_participants_and_clients_does_not_matter(scene in any_scene(), step in any_step()) {
        let mut reversed = scene.clone();
        reversed.parts.participants.participants.reverse();
        reversed.parts.clients.reverse();
        let decide = |scene: &Scene| scene.decide(&step.actor, step.form, &step.changes).map(|plan| plan.grants().to_vec());
        prop_assert_eq!(decide(&scene), decide(&reversed));
    }

    #[test]
    fn the_order_of_changes_does_not_matter(scene in any_scene(), step in any_step()) {
        let allowed = |changes: &[ProposedChange]| scene.decide(&step.actor, step.form, changes).is_ok();
        let mut reversed = step.changes.clone();
        reversed.reverse();
        prop_assert_eq!(allowed(&step.changes), allowed(&reversed));
    }

    #[test]
    fn no_user_without_capabilities_changes_anything(scene in any_scene(), step in any_step()) {
        let mut scene = scene;
        for role in &mut scene.parts.roles.roles {
            role.role_capabilities.clear();
        }
        if let Ok(plan) = scene.decide(&step.actor, step.form, &step.changes) {
            prop_assert!(plan.grants().iter().all(|grant| grant.capability.is_none() && grant.basis == Basis::Unrestricted));
            let mut room = scene.room();
            let before: ParticipantListData = room.participant_list();
            room.apply(plan).unwrap();
            prop_assert_eq!(room.participant_list(), before);
            prop_assert_eq!(room.client_count(), scene.parts.clients.len());
        }
    }
}
