//! AppDataUpdate proposals (mls-extensions-10 §4.7), against a fold that does them one by one.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use mimi_codec::code_points::{ComponentID, ExtensionType};
use mimi_codec::extensions::{
    AppDataDictionary, AppDataUpdate, AppDataUpdateError, AppDataUpdateSelect, ComponentData, Components,
};
use mimi_codec::mls::{Extension, Extensions};
use mimi_codec::{Encode, List, Opaque};

/// Few components, so that changes meet.
const COMPONENTS: u16 = 8;
/// The others the application doesn't know.
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
    /// One list for each commit.
    commits: Vec<Vec<(u8, Option<Vec<u8>>)>>,
    /// Where proposals of different components change places.
    swaps: Vec<u8>,
}

type Data = BTreeMap<u16, Vec<u8>>;

/// What a commit's proposals lead to, one component after the other and one proposal after the
/// other.
fn naive(before: &Data, proposals: &[AppDataUpdate]) -> Result<Data, AppDataUpdateError> {
    let mut after = before.clone();
    for id in 0..COMPONENTS {
        let component = ComponentID(id);
        let ops: Vec<_> = proposals.iter().filter(|proposal| proposal.component_id == component).collect();
        let removes = ops.iter().filter(|proposal| matches!(proposal.op, AppDataUpdateSelect::Remove {}));
        let removes = removes.count();
        if ops.is_empty() {
            continue;
        }
        if id >= KNOWN {
            return Err(AppDataUpdateError::UnknownComponent(component));
        }
        if removes > 0 && ops.len() > 1 {
            return Err(AppDataUpdateError::RemoveBesideOthers(component));
        }
        if removes > 0 {
            after.remove(&id).ok_or(AppDataUpdateError::NothingToRemove(component))?;
        }
        for proposal in ops {
            let AppDataUpdateSelect::Update { update } = &proposal.op else { continue };
            if update.first() == Some(&0xff) {
                return Err(AppDataUpdateError::InvalidUpdate(component));
            }
            after.entry(id).or_default().extend_from_slice(update);
        }
    }
    Ok(after)
}

fn dictionary(data: &Data) -> AppDataDictionary {
    let entries = data
        .iter()
        .map(|(id, data)| ComponentData { component_id: ComponentID(*id), data: data.clone().into() });
    AppDataDictionary { component_data: List::new(entries.collect()).expect("ascends") }
}

/// Commit after commit, the updates give what they give one by one, or are refused for the same
/// reason and change nothing. The order of proposals counts within a component and nowhere else,
/// and a GroupContext has the same outcome as its dictionary.
pub fn updates(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut arbitrary::Unstructured::new(data)) else { return };
    let mut expected: Data =
        input.before.into_iter().map(|(id, data)| (u16::from(id) % COMPONENTS, data)).collect();
    let mut current = dictionary(&expected);
    let mut extensions = with_dictionary(&current);
    for commit in &input.commits {
        let proposals: Vec<AppDataUpdate> = commit
            .iter()
            .map(|(id, update)| AppDataUpdate {
                component_id: ComponentID(u16::from(*id) % COMPONENTS),
                op: match update {
                    Some(update) => AppDataUpdateSelect::Update { update: update.clone().into() },
                    None => AppDataUpdateSelect::Remove {},
                },
            })
            .collect();
        let before = current.clone();
        let result = current.updated(&proposals, &mut Appending);
        assert_eq!(current, before);
        assert_eq!(result, naive(&expected, &proposals).map(|data| dictionary(&data)));

        let mut others = proposals.clone();
        for at in &input.swaps {
            let at = usize::from(*at);
            if let Some([first, second]) = others.get_mut(at..at.saturating_add(2))
                && first.component_id != second.component_id
            {
                std::mem::swap(first, second);
            }
        }
        assert_eq!(current.updated(&others, &mut Appending), result);

        let in_context = extensions.with_app_data_updates(&proposals, &mut Appending);
        assert_eq!(in_context.as_ref().err(), result.as_ref().err());
        if let (Ok(after), Ok(in_context)) = (result, in_context) {
            assert_eq!(in_context.app_data_dictionary().as_ref(), Ok(&after));
            expected = naive(&expected, &proposals).expect("was accepted");
            (current, extensions) = (after, in_context);
        }
    }
}

/// One extension stands before the dictionary.
fn with_dictionary(dictionary: &AppDataDictionary) -> Extensions {
    let extension_data = dictionary.to_bytes().expect("encodes").into();
    let other = Extension { extension_type: ExtensionType(0xf0f0), extension_data: "other".into() };
    let dictionary = Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data };
    Extensions::new(vec![other, dictionary]).expect("different")
}
