//! Roles: an example room's, by its name, or a list.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::preset::ExampleRoom;
use mimi_codec::code_points::CredentialType;
use mimi_codec::room_policy::{
    CapabilityType, Claim, ClaimId, PreAuthData, PreAuthRoleEntry, Role, RoleData,
    SingleSourceRoleChangeTargets,
};
use serde_json::{Value, json};

use super::place::{Place, Result};

/// The roles of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRoles {
    /// Those of an example room of mimi-room-policy, by its name.
    Example(ExampleRoom),
    /// These.
    List(RoleData),
}

impl PolicyRoles {
    /// The component.
    #[must_use]
    pub fn role_data(&self) -> RoleData {
        match self {
            Self::Example(room) => room.roles(),
            Self::List(roles) => roles.clone(),
        }
    }

    /// As vector files have it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Example(room) => Value::from(room.name()),
            Self::List(roles) => roles.roles.iter().map(role_to_json).collect(),
        }
    }

    pub(super) fn read(place: &Place<'_>) -> Result<Self> {
        if place.is_list() {
            let roles = place.list()?.iter().map(read_role).collect::<Result<_>>()?;
            return Ok(Self::List(RoleData { roles }));
        }
        place.as_text().and_then(ExampleRoom::from_name).map(Self::Example).ok_or_else(|| {
            place.unexpected(
                "a list of roles, or \"cooperative\", \"strict\", \"moderated\" or \"multi_organization\"",
            )
        })
    }
}

impl From<RoleData> for PolicyRoles {
    fn from(roles: RoleData) -> Self {
        Self::List(roles)
    }
}

impl From<ExampleRoom> for PolicyRoles {
    fn from(room: ExampleRoom) -> Self {
        Self::Example(room)
    }
}

const ROLE: &[&str] =
    &["index", "name", "description", "capabilities", "min", "max", "min_active", "max_active", "changes"];

fn read_role(place: &Place<'_>) -> Result<Role> {
    let members = place.members(ROLE)?;
    let text = |name| members.optional(name).map_or(Ok(""), |place| place.text("text"));
    let number = |name| members.optional(name).map_or(Ok(0), |place| place.number());
    let limit = |name| members.optional(name).map(|place| place.number()).transpose();
    Ok(Role {
        role_index: members.required("index")?.number()?,
        role_name: text("name")?.to_string(),
        role_description: text("description")?.to_string(),
        role_capabilities: members
            .items("capabilities")?
            .iter()
            .map(read_capability)
            .collect::<Result<_>>()?,
        minimum_participants_constraint: number("min")?,
        maximum_participants_constraint: limit("max")?,
        minimum_active_participants_constraint: number("min_active")?,
        maximum_active_participants_constraint: limit("max_active")?,
        authorized_role_changes: members.items("changes")?.iter().map(read_targets).collect::<Result<_>>()?,
    })
}

fn read_capability(place: &Place<'_>) -> Result<CapabilityType> {
    match place.as_text() {
        Some(name) => CapabilityType::from_name(name)
            .map_err(|_| place.unexpected("the name of a capability of mimi-room-policy, or a number")),
        None => place.short_number().map(CapabilityType),
    }
}

fn read_targets(place: &Place<'_>) -> Result<SingleSourceRoleChangeTargets> {
    let [from, targets] = place.tuple()?;
    Ok(SingleSourceRoleChangeTargets {
        from_role_index: from.number()?,
        target_role_indexes: targets.list()?.iter().map(Place::number).collect::<Result<_>>()?,
    })
}

fn role_to_json(role: &Role) -> Value {
    let capability = |capability: &CapabilityType| match capability.name() {
        Some(name) => Value::from(name),
        None => Value::from(capability.0),
    };
    let changes = role
        .authorized_role_changes
        .iter()
        .map(|change| json!([change.from_role_index, change.target_role_indexes]));
    json!({
        "index": role.role_index,
        "name": role.role_name,
        "description": role.role_description,
        "capabilities": role.role_capabilities.iter().map(capability).collect::<Vec<_>>(),
        "min": role.minimum_participants_constraint,
        "max": role.maximum_participants_constraint,
        "min_active": role.minimum_active_participants_constraint,
        "max_active": role.maximum_active_participants_constraint,
        "changes": changes.collect::<Vec<_>>(),
    })
}

pub(super) fn read_preauth(place: &Place<'_>) -> Result<PreAuthData> {
    let entry = |place: &Place<'_>| {
        let members = place.members(&["claims", "role"])?;
        Ok(PreAuthRoleEntry {
            claimset: members
                .optional("claims")
                .map_or_else(|| Ok(Vec::new()), |place| read_claims(&place))?,
            target_role: members.required("role")?.number()?,
        })
    };
    Ok(PreAuthData { preauthorized_entries: place.list()?.iter().map(entry).collect::<Result<_>>()? })
}

pub(super) fn preauth_to_json(preauth: &PreAuthData) -> Value {
    let entry = |entry: &PreAuthRoleEntry| json!({"claims": claims_to_json(&entry.claimset), "role": entry.target_role});
    preauth.preauthorized_entries.iter().map(entry).collect()
}

pub(super) fn read_claims(place: &Place<'_>) -> Result<Vec<Claim>> {
    let claim = |place: &Place<'_>| {
        let [credential_type, id, value] = place.tuple()?;
        Ok(Claim {
            claim_id: ClaimId {
                credential_type: CredentialType(credential_type.short_number()?),
                id: id.bytes()?.into(),
            },
            claim_value: value.bytes()?.into(),
        })
    };
    place.list()?.iter().map(claim).collect()
}

pub(super) fn claims_to_json(claims: &[Claim]) -> Value {
    let claim = |claim: &Claim| {
        json!([
            claim.claim_id.credential_type.0,
            hex::encode(&claim.claim_id.id),
            hex::encode(&claim.claim_value)
        ])
    };
    claims.iter().map(claim).collect()
}
