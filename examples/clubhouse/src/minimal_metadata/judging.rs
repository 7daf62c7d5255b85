//! From the proposals of a commit to a decision by `mimi-policy`, and to the components that follow
//! from it.

use std::fmt;

use mimi_codec::{
    code_points::ComponentID,
    extensions::{AppDataDictionary, ComponentData},
    mls::{MLSMessage, MLSMessageBody, Proposal, PublicMessage, Sender},
    protocol::UpdateResponseCode,
};
use mimi_policy::{InvalidRequestError, Refusal, Request, RoomState};
use mimi_room::{Right, RoomRefusal, component_updates};
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
    /// It updates a component that no right covers, or in a way that the component does not allow.
    Room(RoomRefusal),
    /// All else.
    Other(String),
}

impl Refused {
    /// What a hub answers.
    #[must_use]
    pub const fn update_response_code(&self) -> UpdateResponseCode {
        match self {
            Self::Room(refusal) => refusal.update_response_code(),
            Self::Other(_) => UpdateResponseCode::INVALID_PROPOSAL,
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
            Self::Room(refusal) => refusal.fmt(f),
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
    let proposals = proposals.iter().map(|(proposal, _)| *proposal);
    let changed = component_updates(dictionary, proposals).map_err(Refused::Room)?;
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
