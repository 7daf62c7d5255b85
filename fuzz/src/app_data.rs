//! AppDataUpdate proposals (mls-extensions-10 section 4.7), against a fold that does them one by one.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use mimi_codec::code_points::ComponentID;
use mimi_codec::extensions::{
    AppDataDictionary, AppDataUpdate, AppDataUpdateError, AppDataUpdateSelect, ComponentData, Components,
};
use mimi_codec::{Encode, List, Opaque};

/// Few components, so that changes meet.
const KNOWN: u16 = 6;

struct Appending;

impl Components for Appending {
    fn knows(&self, id: ComponentID) -> bool {
        id.0 < KNOWN
    }

    // The updates are put behind the data; an update that begins with 0xff is invalid.
    fn update(&mut self, _: ComponentID, data: Option<&[u8]>, updates: &[&[u8]]) -> Option<Opaque> {
        let mut data = data.unwrap_or_default().to_vec();
        for update in updates {
            if update.first() == Some(&0xff) {
                return None;
            }
            data.extend_from_slice(update);
        }
        Some(data.into())
    }
}

#[derive(Arbitrary, Debug)]
struct Input {
    before: BTreeMap<u8, Vec<u8>>,
    proposals: Vec<(u8, Option<Vec<u8>>)>,
}

/// A commit's updates give what they give one by one, or are refused for a reason that is there.
pub fn updates(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut arbitrary::Unstructured::new(data)) else { return };
    let mut expected: BTreeMap<u16, Vec<u8>> =
        input.before.into_iter().map(|(id, data)| (u16::from(id % 8), data)).collect();
    let entries = expected
        .iter()
        .map(|(id, data)| ComponentData { component_id: ComponentID(*id), data: data.clone().into() });
    let before = AppDataDictionary { component_data: List::new(entries.collect()).expect("ascends") };
    let unchanged = before.clone();
    let proposals: Vec<AppDataUpdate> = input
        .proposals
        .iter()
        .map(|(id, update)| AppDataUpdate {
            component_id: ComponentID(u16::from(id % 8)),
            op: match update {
                Some(update) => AppDataUpdateSelect::Update { update: update.clone().into() },
                None => AppDataUpdateSelect::Remove {},
            },
        })
        .collect();

    let result = before.updated(&proposals, &mut Appending);
    assert_eq!(before, unchanged);
    let of = |id: u16| input.proposals.iter().filter(move |(other, _)| u16::from(other % 8) == id);
    match result {
        Ok(after) => {
            for (id, update) in &input.proposals {
                let id = u16::from(id % 8);
                match update {
                    Some(update) => expected.entry(id).or_default().extend_from_slice(update),
                    None => drop(expected.remove(&id).expect("there is something to remove")),
                }
            }
            let found: BTreeMap<u16, Vec<u8>> = after
                .component_data
                .iter()
                .map(|entry| (entry.component_id.0, entry.data.to_vec()))
                .collect();
            assert_eq!(found, expected);
            assert!(after.to_bytes().is_ok());
        }
        Err(AppDataUpdateError::UnknownComponent(id)) => assert!(id.0 >= KNOWN && of(id.0).count() > 0),
        Err(AppDataUpdateError::NothingToRemove(id)) => {
            assert!(!expected.contains_key(&id.0) && of(id.0).any(|(_, update)| update.is_none()));
        }
        Err(AppDataUpdateError::InvalidUpdate(id)) => {
            assert!(
                of(id.0).any(|(_, update)| update.as_ref().is_some_and(|data| data.first() == Some(&0xff)))
            );
        }
        Err(AppDataUpdateError::RemoveBesideOthers(id)) => {
            assert!(of(id.0).count() > 1 && of(id.0).any(|(_, update)| update.is_none()));
        }
        Err(other) => panic!("{other}"),
    }
}
