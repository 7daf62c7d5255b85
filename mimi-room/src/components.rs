//! What AppDataUpdate proposals make of the room's components (mls-extensions-10 §4.7).

use alloc::{collections::BTreeSet, vec::Vec};

use mimi_codec::{
    Decode, Encode, Opaque,
    code_points::ComponentID,
    extensions::{AppDataDictionary, AppDataUpdate, AppDataUpdateSelect},
    mls::Proposal,
    protocol::{ParticipantListData, ParticipantListUpdate},
};

use crate::{RoomRefusal, judge::CommitKind, stack::ComponentUpdates};

/// The components whose whole data an update replaces.
const REPLACED: [ComponentID; 4] = [
    ComponentID::ROOM_METADATA,
    ComponentID::ROLES_LIST,
    ComponentID::PREAUTH_LIST,
    ComponentID::BASE_ROOM_POLICY,
];

/// The new data of the components that the proposals of a commit update.
///
/// # Errors
/// [`RoomRefusal::Component`] for a component that no right covers, for a second update of one, and
/// for an update that its component does not allow.
pub fn updates<'p>(
    dictionary: &AppDataDictionary,
    proposals: impl IntoIterator<Item = &'p Proposal>,
) -> Result<ComponentUpdates, RoomRefusal> {
    updates_of(dictionary, proposals, CommitKind::Alone)
}

/// The same for a commit that may be the half of a FULL commit.
pub(crate) fn updates_of<'p>(
    dictionary: &AppDataDictionary,
    proposals: impl IntoIterator<Item = &'p Proposal>,
    kind: CommitKind<'_>,
) -> Result<ComponentUpdates, RoomRefusal> {
    let mut lists = Vec::new();
    let mut updates = ComponentUpdates::new();
    let mut seen = BTreeSet::new();
    for proposal in proposals {
        let Proposal::AppDataUpdate(AppDataUpdate { component_id, op }) = proposal else { continue };
        let refused = || RoomRefusal::Component(*component_id);
        let AppDataUpdateSelect::Update { update } = op else { return Err(refused()) };
        if *component_id == ComponentID::PARTICIPANT_LIST {
            lists.push(ParticipantListUpdate::decode_exact(update).map_err(|_| refused())?);
        } else if *component_id == ComponentID::APQ_MLS_INFO
            && let CommitKind::OfPair(info) = kind
        {
            // One full update or two new epochs, which were checked as a whole.
            if seen.insert(*component_id) {
                updates.push((*component_id, Some(info.to_bytes().map_err(|_| refused())?)));
            }
        } else if REPLACED.contains(component_id) && seen.insert(*component_id) {
            updates.push((*component_id, Some(update.to_vec())));
        } else {
            return Err(refused());
        }
    }
    if !lists.is_empty() {
        let id = ComponentID::PARTICIPANT_LIST;
        let list = participants(dictionary, lists).ok_or(RoomRefusal::Component(id))?;
        updates.push((id, Some(list)));
    }
    updates.sort_by_key(|(id, _)| *id);
    Ok(updates)
}

/// The participant list after all updates of a commit, whose indices count in the list before
/// (mimi-protocol-06 §7.5): roles first, then removals, then additions.
fn participants(dictionary: &AppDataDictionary, updates: Vec<ParticipantListUpdate>) -> Option<Vec<u8>> {
    let data = dictionary.data(ComponentID::PARTICIPANT_LIST)?;
    let mut list = ParticipantListData::decode_exact(data).ok()?.participants;
    let mut removed = BTreeSet::new();
    let mut added = Vec::new();
    for update in updates {
        for pair in update.changed_role_participants {
            list.get_mut(usize::try_from(pair.user_index).ok()?)?.role_index = pair.role_index;
        }
        removed.extend(update.removed_indices);
        added.extend(update.added_participants);
    }
    let mut places = 0u32..;
    list.retain(|_| places.next().is_some_and(|place| !removed.contains(&place)));
    list.extend(added);
    ParticipantListData { participants: list }.to_bytes().ok()
}

/// What a commit changes once at most: a second proposal about it would keep all members from
/// committing the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A participant, by its index.
    Participant(u32),
    /// A user who is added to the list.
    NewParticipant(Vec<u8>),
    /// A component that is replaced.
    Component(ComponentID),
    /// A client that is added, by its signature key.
    NewClient(Vec<u8>),
    /// The extensions of the GroupContext.
    Extensions,
}

/// What a proposal is about, as far as a commit changes that once at most.
pub(crate) fn subjects(proposal: &Proposal) -> Vec<Subject> {
    match proposal {
        Proposal::AppDataUpdate(AppDataUpdate {
            component_id: ComponentID::PARTICIPANT_LIST,
            op: AppDataUpdateSelect::Update { update },
        }) => {
            let Ok(update) = ParticipantListUpdate::decode_exact(update) else { return Vec::new() };
            let changed = update.changed_role_participants.iter().map(|it| it.user_index);
            let indices = changed.chain(update.removed_indices).map(Subject::Participant);
            let added = update.added_participants.iter().map(|it| it.user.to_vec());
            indices.chain(added.map(Subject::NewParticipant)).collect()
        }
        Proposal::AppDataUpdate(update) => alloc::vec![Subject::Component(update.component_id)],
        Proposal::Add(add) => {
            let key = add.key_package.leaf_node.signature_key.as_slice();
            alloc::vec![Subject::NewClient(key.to_vec())]
        }
        Proposal::GroupContextExtensions(_) => alloc::vec![Subject::Extensions],
        _ => Vec::new(),
    }
}

/// Whether a dictionary is another one with these updates.
pub(crate) fn is_updated(
    before: &AppDataDictionary,
    updates: &ComponentUpdates,
    after: &AppDataDictionary,
) -> bool {
    let mut expected: Vec<(ComponentID, &[u8])> = before
        .component_data
        .iter()
        .filter(|entry| !updates.iter().any(|(id, _)| *id == entry.component_id))
        .map(|entry| (entry.component_id, Opaque::as_slice(&entry.data)))
        .collect();
    expected.extend(updates.iter().filter_map(|(id, data)| Some((*id, data.as_deref()?))));
    expected.sort_by_key(|(id, _)| *id);
    let after = after.component_data.iter().map(|entry| (entry.component_id, entry.data.as_slice()));
    expected.into_iter().eq(after)
}
