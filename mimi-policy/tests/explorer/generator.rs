//! Small policies at random: three roles beside 0 and 1, mostly sensible.

use mimi_codec::code_points::CredentialType;
use mimi_codec::protocol::{ParticipantListData, UserRolePair};
use mimi_codec::room_policy::{
    CapabilityType as C, Claim, ClaimId, PreAuthRoleEntry, Role, RoleData, SingleSourceRoleChangeTargets,
};
use mimi_policy::lint::Policy;

/// SplitMix64: a test needs no better.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// Which capability a role has how often, in a hundred.
const HELD: [(C, u64); 14] = [
    (C::CAN_ADD_PARTICIPANT, 45),
    (C::CAN_REMOVE_PARTICIPANT, 45),
    (C::CAN_CHANGE_USER_ROLE, 40),
    (C::CAN_REMOVE_SELF, 50),
    (C::CAN_BAN, 25),
    (C::CAN_UNBAN, 20),
    (C::CAN_KICK, 20),
    (C::CAN_ADD_OWN_CLIENT, 65),
    (C::CAN_REMOVE_OWN_CLIENT, 40),
    (C::CAN_CHANGE_OWN_ROLE, 12),
    (C::CAN_JOIN_IF_PREAUTHORIZED, 15),
    (C::CAN_SEND_MESSAGE, 70),
    (C::CAN_CHANGE_ROLE_DEFINITIONS, 6),
    (C::CAN_DESTROY_ROOM, 8),
];

pub(crate) fn any_policy(seed: u64) -> Policy {
    let dice = &mut Dice(seed);
    let mut roles = vec![role(0, "no_role")];
    let banned = dice.percent(45);
    let indexes: Vec<u32> = if banned { vec![1, 2, 3, 4] } else { vec![2, 3, 4] };
    if banned {
        // Sometimes an ordinary role has its number.
        roles.push(role(1, if dice.percent(90) { "banned" } else { "guest" }));
    }
    roles.extend((2..=4).map(|index| role(index, "")));
    for role in &mut roles {
        let index = role.role_index;
        if index == 0 {
            for capability in [C::CAN_OPEN_JOIN, C::CAN_USE_JOIN_CODE] {
                if dice.percent(20) {
                    role.role_capabilities.push(capability);
                    let to = indexes[dice.below(indexes.len() as u64) as usize];
                    changes(role, 0, vec![to]);
                }
            }
            continue;
        }
        if role.role_name == "banned" {
            continue;
        }
        // The higher the role, the more it may do.
        let more = u64::from(index) * 12;
        for (capability, chance) in HELD {
            if dice.percent((chance + more).saturating_sub(30)) {
                role.role_capabilities.push(capability);
            }
        }
        for from in [0].iter().chain(&indexes) {
            let targets: Vec<u32> =
                [0].iter().chain(&indexes).copied().filter(|_| dice.percent(15 + more / 2)).collect();
            if !targets.is_empty() {
                changes(role, *from, targets);
            }
        }
    }
    for role in &mut roles {
        match role.role_index {
            0 => {}
            _ if role.role_name == "banned" => {
                role.maximum_active_participants_constraint = dice.percent(80).then_some(0);
            }
            _ => {
                if dice.percent(30) {
                    role.minimum_participants_constraint = 1 + dice.below(2) as u32;
                }
                if dice.percent(10) {
                    role.minimum_active_participants_constraint = 1;
                }
                if dice.percent(20) {
                    role.maximum_participants_constraint =
                        Some(role.minimum_participants_constraint.max(1) + dice.below(2) as u32);
                }
                if dice.percent(10) {
                    role.maximum_active_participants_constraint =
                        Some(role.minimum_active_participants_constraint + dice.below(2) as u32);
                }
            }
        }
    }
    let mut policy = Policy::new(RoleData { roles });
    if dice.percent(25) {
        let entry = |dice: &mut Dice| PreAuthRoleEntry {
            claimset: [7, 8].into_iter().filter(|_| dice.percent(45)).map(claim).collect(),
            target_role: indexes[dice.below(indexes.len() as u64) as usize],
        };
        policy.preauth.preauthorized_entries = (0..1 + dice.below(2)).map(|_| entry(dice)).collect();
    }
    if dice.percent(6) {
        policy.base.max_users = Some(1 + dice.below(3) as u32);
    }
    if dice.percent(6) {
        policy.base.max_clients = Some(1 + dice.below(3) as u32);
    }
    let adds =
        |role: &Role| role.role_name != "banned" && role.role_capabilities.contains(&C::CAN_ADD_PARTICIPANT);
    if dice.percent(4) && !policy.roles.roles.iter().any(adds) {
        policy.base.fixed_membership = true;
    }
    if dice.percent(30) {
        let pairs = (0..1 + dice.below(3)).map(|number| UserRolePair {
            user: format!("mimi://a.example/u/{number}").as_str().into(),
            role_index: indexes[dice.below(indexes.len() as u64) as usize],
        });
        let list = ParticipantListData { participants: pairs.collect() };
        // A room that is larger than it may be is invalid.
        let users = list.participants.len() as u32;
        let smaller = |limit: Option<u32>| limit.is_some_and(|limit| limit < users);
        if !smaller(policy.base.max_users) && !smaller(policy.base.max_clients) {
            policy.participants = Some(list);
        }
    }
    policy
}

pub(crate) fn claim(value: u8) -> Claim {
    Claim {
        claim_id: ClaimId { credential_type: CredentialType(2), id: vec![1].into() },
        claim_value: vec![value].into(),
    }
}

fn role(index: u32, name: &str) -> Role {
    Role {
        role_index: index,
        role_name: name.into(),
        role_description: String::new(),
        role_capabilities: Vec::new(),
        minimum_participants_constraint: 0,
        maximum_participants_constraint: None,
        minimum_active_participants_constraint: 0,
        maximum_active_participants_constraint: None,
        authorized_role_changes: Vec::new(),
    }
}

fn changes(role: &mut Role, from: u32, targets: Vec<u32>) {
    role.authorized_role_changes
        .push(SingleSourceRoleChangeTargets { from_role_index: from, target_role_indexes: targets });
}
