//! From the proposals of a commit to a decision by `mimi-policy`, and to the components that follow
//! from it.

use std::{collections::BTreeSet, fmt};

use mimi_codec::{
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    mls::{MLSMessage, MLSMessageBody, Proposal, PublicMessage, Sender},
    protocol::UpdateResponseCode,
};
use mimi_policy::{InvalidRequestError, Refusal, Request, RoomState};
use mimi_room::Right;
use openmls::prelude::{self as mls, AppDataDictionaryUpdater, AppDataUpdates};

use crate::{Result, stack, telling};

/// A proposal and its sender, if that is not the committer.
pub type Attributed<'p> = (&'p Proposal, Option<&'p Sender>);

/// The PublicMessage in a handshake.
///
/// # Errors
/// If it is something else.
pub fn public_message(message: &MLSMessage) -> Result<&PublicMessage> {
    match &message.body {
        MLSMessageBody::PublicMessage { public_message } => Ok(public_message),
        _ => Err("not a PublicMessage".into()),
    }
}

/// Why a commit is refused.
#[derive(Clone, Debug)]
pub enum Refused {
    /// It says nothing that could be decided on.
    Invalid(InvalidRequestError),
    /// The room's policy forbids it.
    Policy(Refusal),
    /// It updates a component of which no one here knows what an update does.
    Component(ComponentID),
    /// All else.
    Other(String),
}

impl Refused {
    /// What a hub answers.
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self {
            Self::Component(_) | Self::Other(_) => UpdateResponseCode::INVALID_PROPOSAL,
            Self::Invalid(invalid) => invalid.update_response_code(),
            Self::Policy(refusal) => refusal.reason.update_response_code(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Policy(refusal) => refusal.fmt(f),
            Self::Component(id) => write!(f, "it is not known what an update of {id} does"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// A change that is allowed, and what it leads to.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The room after it.
    pub room: RoomState,
    /// The components whose data changes, with their new data.
    pub changed: Vec<(ComponentID, Option<Vec<u8>>)>,
    /// What is changed, and by which right.
    pub why: Vec<String>,
}

/// Decides.
///
/// # Errors
/// Why not.
pub fn decide(
    room: &RoomState,
    dictionary: &AppDataDictionary,
    request: Result<Request, InvalidRequestError>,
    proposals: &[Attributed<'_>],
) -> Result<Decision, Refused> {
    let request = request.map_err(Refused::Invalid)?;
    let plan = request.check(room).map_err(Refused::Policy)?;
    let rights = plan.grants().iter().map(|grant| {
        let change = grant.change.and_then(|place| request.changes.get(place));
        Right { change: change.map(|proposed| proposed.change.clone()), grant: *grant }
    });
    let why = telling::rights(room, &rights.collect::<Vec<_>>());
    let mut room = room.clone();
    room.apply(plan).map_err(|stale| Refused::Other(stale.to_string()))?;
    let components = room.to_components().map_err(|defect| Refused::Other(defect.to_string()))?;
    let updates = proposals.iter().filter_map(|(proposal, _)| match proposal {
        Proposal::AppDataUpdate(update) => Some(update.component_id),
        _ => None,
    });
    let updated: BTreeSet<ComponentID> = updates.collect();
    let known = |id: &ComponentID| components.iter().any(|component| component.component_id == *id);
    if let Some(unknown) = updated.iter().find(|id| !known(id)) {
        return Err(Refused::Component(*unknown));
    }
    let changed = components.into_iter().filter(|new| {
        updated.contains(&new.component_id) && dictionary.data(new.component_id) != Some(&new.data)
    });
    let changed = changed.map(|new| (new.component_id, Some(new.data.into_bytes()))).collect();
    Ok(Decision { room, changed, why })
}

/// The dictionary of a GroupContext.
///
/// # Errors
/// If it has none that can be read.
pub fn dictionary(context: &mls::GroupContext) -> Result<AppDataDictionary> {
    let context: mimi_codec::mls::GroupContext = stack::of_openmls(context)?;
    Ok(context.extensions.app_data_dictionary()?)
}

/// A component and its data.
///
/// # Errors
/// If it is too long.
pub fn component(component_id: ComponentID, data: &impl mimi_codec::Encode) -> Result<ComponentData> {
    Ok(ComponentData { component_id, data: data.to_bytes()?.into() })
}

/// The new data of components, as OpenMLS takes it.
#[must_use]
pub fn updates(
    mut updater: AppDataDictionaryUpdater<'_>,
    changed: &[(ComponentID, Option<Vec<u8>>)],
) -> Option<AppDataUpdates> {
    for (id, data) in changed {
        match data {
            Some(data) => {
                updater.set(openmls::component::ComponentData::from_parts(id.0, data.clone().into()));
            }
            None => updater.remove(&id.0),
        }
    }
    updater.changes()
}
