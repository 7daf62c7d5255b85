//! How a commit's proposals change what components have in the GroupContext (mls-extensions-10 §4.7
//! and §4.8).

use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, List, Opaque, Result,
    Segment,
    code_points::{ComponentID, ExtensionType, ProposalType},
    extensions::{AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData, ComponentsList},
    mls::{Extension, Extensions, Proposal, RequiredCapabilities},
};

/// The application's components, as far as AppDataUpdate needs them.
pub trait Components {
    /// Does the application know this component?
    fn knows(&self, component_id: ComponentID) -> bool;

    /// The new data of a component that has `data` now (`None` if it has none) and is to apply
    /// `updates`, in this order. `None` if it considers them invalid.
    fn update(&mut self, component_id: ComponentID, data: Option<&[u8]>, updates: &[&[u8]])
    -> Option<Opaque>;
}

/// Why a proposal list is invalid, for a component.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppDataUpdateError {
    /// The application doesn't know the component.
    UnknownComponent(ComponentID),
    /// It has a remove and something else beside it.
    RemoveBesideOthers(ComponentID),
    /// It has a remove and no data.
    NothingToRemove(ComponentID),
    /// The application considers the updates invalid.
    InvalidUpdate(ComponentID),
    /// The GroupContext's `app_data_dictionary` is no such thing.
    InvalidDictionary(DecodeError),
    /// The new dictionary is too long to be written.
    TooLong(EncodeError),
}

impl fmt::Display for AppDataUpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownComponent(id) => write!(f, "the application doesn't know the component {id}"),
            Self::RemoveBesideOthers(id) => write!(f, "component {id}: a remove beside another change"),
            Self::NothingToRemove(id) => write!(f, "component {id}: there is nothing to remove"),
            Self::InvalidUpdate(id) => write!(f, "component {id}: the application refuses the updates"),
            Self::InvalidDictionary(error) => write!(f, "app_data_dictionary: {error}"),
            Self::TooLong(error) => write!(f, "app_data_dictionary: {error}"),
        }
    }
}

impl core::error::Error for AppDataUpdateError {}

/// When a proposal of a commit is applied (mls-extensions-10 §4.7 and §4.8). Sort by it, stably, to
/// get the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProposalStage {
    /// With RFC 9420's own proposals, which have an order among them (RFC 9420 §12.3).
    Default,
    /// After those.
    AppEphemeral,
    /// At the end.
    AppDataUpdate,
}

impl Proposal {
    /// When this proposal is applied.
    pub fn stage(&self) -> ProposalStage {
        match self {
            Self::AppEphemeral(_) => ProposalStage::AppEphemeral,
            Self::AppDataUpdate(_) => ProposalStage::AppDataUpdate,
            _ => ProposalStage::Default,
        }
    }
}

impl AppDataDictionary {
    /// The dictionary after a commit's AppDataUpdate proposals, in the commit's order.
    ///
    /// # Errors
    /// Why the proposal list is invalid. Of several reasons, that of the component with the lowest
    /// number.
    pub fn updated<'p>(
        &self,
        proposals: impl IntoIterator<Item = &'p AppDataUpdate>,
        components: &mut impl Components,
    ) -> Result<Self, AppDataUpdateError> {
        let mut changes: BTreeMap<ComponentID, Vec<&AppDataUpdateSelect>> = BTreeMap::new();
        for proposal in proposals {
            changes.entry(proposal.component_id).or_default().push(&proposal.op);
        }
        let mut data: BTreeMap<ComponentID, Opaque> =
            self.component_data.iter().map(|entry| (entry.component_id, entry.data.clone())).collect();
        for (id, ops) in changes {
            if !components.knows(id) {
                return Err(AppDataUpdateError::UnknownComponent(id));
            }
            let updates: Vec<&[u8]> = ops
                .iter()
                .filter_map(|op| match op {
                    AppDataUpdateSelect::Update { update } => Some(update.as_slice()),
                    AppDataUpdateSelect::Remove {} => None,
                })
                .collect();
            match (updates.len(), ops.len()) {
                (0, 1) => {
                    data.remove(&id).ok_or(AppDataUpdateError::NothingToRemove(id))?;
                }
                (updates_only, all) if updates_only == all => {
                    let new = components.update(id, data.get(&id).map(Opaque::as_slice), &updates);
                    data.insert(id, new.ok_or(AppDataUpdateError::InvalidUpdate(id))?);
                }
                _ => return Err(AppDataUpdateError::RemoveBesideOthers(id)),
            }
        }
        let entries = data.into_iter().map(|(component_id, data)| ComponentData { component_id, data });
        // A map's keys ascend.
        Ok(Self { component_data: List::new(entries.collect()).unwrap_or_default() })
    }
}

impl Extensions {
    /// The extension `app_data_dictionary`, opened; empty if it isn't there.
    ///
    /// # Errors
    /// When its data is no [`AppDataDictionary`].
    pub fn app_data_dictionary(&self) -> Result<AppDataDictionary> {
        self.content().unwrap_or_else(|| Ok(AppDataDictionary::default()))
    }

    /// A GroupContext's extensions after a commit's AppDataUpdate proposals, in the commit's order:
    /// a dictionary that wasn't there goes to the end.
    ///
    /// # Errors
    /// Why the proposal list is invalid.
    pub fn with_app_data_updates<'p>(
        &self,
        proposals: impl IntoIterator<Item = &'p AppDataUpdate>,
        components: &mut impl Components,
    ) -> Result<Self, AppDataUpdateError> {
        let mut proposals = proposals.into_iter().peekable();
        if proposals.peek().is_none() {
            return Ok(self.clone());
        }
        let dictionary = self.app_data_dictionary().map_err(AppDataUpdateError::InvalidDictionary)?;
        let updated = dictionary.updated(proposals, components)?;
        let extension_data = Opaque::new(updated.to_bytes().map_err(AppDataUpdateError::TooLong)?);
        let extension_type = ExtensionType::APP_DATA_DICTIONARY;
        let mut extensions = self.as_slice().to_vec();
        match extensions.iter_mut().find(|extension| extension.extension_type == extension_type) {
            Some(extension) => extension.extension_data = extension_data,
            None => extensions.push(Extension { extension_type, extension_data }),
        }
        // No type was added that was there before.
        Ok(Self::new(extensions).unwrap_or_default())
    }

    /// May a GroupContextExtensions proposal replace these extensions by `proposed`? Not if all
    /// members have to support AppDataUpdate, and `app_data_dictionary` is not the same
    /// (mls-extensions-10 §4.7).
    ///
    /// # Errors
    /// When `required_capabilities` is no such thing.
    pub fn allows_replacement(&self, proposed: &Self) -> Result<bool> {
        let required = match self.content::<RequiredCapabilities>() {
            Some(required) => required?.proposal_types.contains(&ProposalType::APP_DATA_UPDATE),
            None => false,
        };
        let dictionary = ExtensionType::APP_DATA_DICTIONARY;
        Ok(!required || self.data(dictionary) == proposed.data(dictionary))
    }
}

impl AppDataDictionary {
    /// A GroupContext has no GREASE components, neither with data nor in its lists `app_components`
    /// and `safe_aad`; elsewhere they are ignored (mls-extensions-10 §5.1).
    ///
    /// For makers of a GroupContext, and for linters. It is no reason to refuse a message that was
    /// received: a receiver treats GREASE as any value that it doesn't know (RFC 9420 §13.5).
    ///
    /// # Errors
    /// [`ForbiddenValue`](crate::DecodeErrorKind::ForbiddenValue) at the first entry that is one or
    /// lists one, and what decoding says of a list that is no [`ComponentsList`].
    pub fn check_in_group_context(&self) -> Result<(), InvalidValueError> {
        let grease =
            |id: ComponentID| DecodeErrorKind::ForbiddenValue { name: "ComponentID", value: id.0.into() };
        for (index, ComponentData { component_id, data }) in self.component_data.iter().enumerate() {
            let kind = match *component_id {
                id if id.is_grease() => Some(grease(id)),
                ComponentID::APP_COMPONENTS | ComponentID::SAFE_AAD => {
                    match ComponentsList::decode_exact(data) {
                        Ok(list) => list.component_ids.into_iter().find(|id| id.is_grease()).map(grease),
                        Err(error) => Some(*error.kind()),
                    }
                }
                _ => None,
            };
            if let Some(kind) = kind {
                return Err(InvalidValueError { kind, place: Some(Segment::Index(index)) });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::{AppDataUpdateError, Components, ProposalStage};
    use crate::{
        DecodeErrorKind, Encode, InvalidValueError, List, Opaque, Segment,
        code_points::{ComponentID, ExtensionType, ProposalType},
        extensions::{
            AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, AppEphemeral, ComponentData, SelfRemove,
        },
        mls::{Extension, Extensions, Proposal, RequiredCapabilities},
    };

    /// Appends every update to the data; knows the components below 100, and no update may be
    /// empty.
    struct Appending;

    impl Components for Appending {
        fn knows(&self, component_id: ComponentID) -> bool {
            component_id.0 < 100
        }

        fn update(&mut self, _: ComponentID, data: Option<&[u8]>, updates: &[&[u8]]) -> Option<Opaque> {
            let valid = updates.iter().all(|update| !update.is_empty());
            valid.then(|| Opaque::new([data.unwrap_or_default(), &updates.concat()].concat()))
        }
    }

    fn update(id: u16, text: &str) -> AppDataUpdate {
        AppDataUpdate {
            component_id: ComponentID(id),
            op: AppDataUpdateSelect::Update { update: text.into() },
        }
    }

    fn remove(id: u16) -> AppDataUpdate {
        AppDataUpdate { component_id: ComponentID(id), op: AppDataUpdateSelect::Remove {} }
    }

    fn dictionary(entries: &[(u16, &str)]) -> AppDataDictionary {
        let entry =
            |(id, data): &(u16, &str)| ComponentData { component_id: ComponentID(*id), data: (*data).into() };
        AppDataDictionary { component_data: List::new(entries.iter().map(entry).collect()).unwrap() }
    }

    fn extension(extension_type: ExtensionType, content: &impl Encode) -> Extension {
        Extension { extension_type, extension_data: content.to_bytes().unwrap().into() }
    }

    #[test]
    fn updates_apply_in_the_commits_order_and_stay_sorted() {
        let before = dictionary(&[(3, "c"), (9, "i")]);
        let proposals = [update(9, "1"), update(5, "new"), update(9, "2"), remove(3)];
        assert_eq!(
            before.updated(&proposals, &mut Appending).unwrap(),
            dictionary(&[(5, "new"), (9, "i12")])
        );
        assert_eq!(before.updated([], &mut Appending).unwrap(), before);
    }

    #[test]
    fn refuses_lists_that_are_neither_one_remove_nor_updates() {
        let before = dictionary(&[(3, "c")]);
        let refused = |proposals: &[AppDataUpdate]| before.updated(proposals, &mut Appending).unwrap_err();
        let three = ComponentID(3);
        assert_eq!(refused(&[remove(3), remove(3)]), AppDataUpdateError::RemoveBesideOthers(three));
        assert_eq!(refused(&[remove(3), update(3, "x")]), AppDataUpdateError::RemoveBesideOthers(three));
        assert_eq!(refused(&[update(3, "x"), remove(3)]), AppDataUpdateError::RemoveBesideOthers(three));
        assert_eq!(refused(&[remove(4)]), AppDataUpdateError::NothingToRemove(ComponentID(4)));
        assert_eq!(refused(&[update(3, "")]), AppDataUpdateError::InvalidUpdate(three));
        assert_eq!(refused(&[update(100, "x")]), AppDataUpdateError::UnknownComponent(ComponentID(100)));
        assert_eq!(refused(&[remove(100)]), AppDataUpdateError::UnknownComponent(ComponentID(100)));
    }

    #[test]
    fn the_dictionary_keeps_its_place_and_a_new_one_goes_to_the_end() {
        let other = |number| extension(ExtensionType(number), &0u8);
        let with = |content: &AppDataDictionary| extension(ExtensionType::APP_DATA_DICTIONARY, content);
        let before = Extensions::new(vec![with(&dictionary(&[(3, "c")])), other(77)]).unwrap();
        let after = before.with_app_data_updates(&[update(3, "d")], &mut Appending).unwrap();
        assert_eq!(after.as_slice(), [with(&dictionary(&[(3, "cd")])), other(77)]);
        let emptied = before.with_app_data_updates(&[remove(3)], &mut Appending).unwrap();
        assert_eq!(emptied.as_slice(), [with(&dictionary(&[])), other(77)]);

        let without = Extensions::new(vec![other(77)]).unwrap();
        let after = without.with_app_data_updates(&[update(3, "d")], &mut Appending).unwrap();
        assert_eq!(after.as_slice(), [other(77), with(&dictionary(&[(3, "d")]))]);
        assert_eq!(without.with_app_data_updates([], &mut Appending).unwrap(), without);
        let broken =
            Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data: [9].into() };
        let broken = Extensions::new(vec![broken]).unwrap();
        let refused = broken.with_app_data_updates(&[update(3, "d")], &mut Appending).unwrap_err();
        assert!(matches!(refused, AppDataUpdateError::InvalidDictionary(_)));
    }

    #[test]
    fn a_required_app_data_update_protects_the_dictionary() {
        let required = |proposal_types: Vec<ProposalType>| RequiredCapabilities {
            extension_types: vec![],
            proposal_types,
            credential_types: vec![],
        };
        let make = |proposal_types, data: &str| {
            Extensions::new(vec![
                extension(ExtensionType::REQUIRED_CAPABILITIES, &required(proposal_types)),
                extension(ExtensionType::APP_DATA_DICTIONARY, &dictionary(&[(3, data)])),
            ])
            .unwrap()
        };
        let protected = make(vec![ProposalType::APP_DATA_UPDATE], "c");
        let free = make(vec![ProposalType::SELF_REMOVE], "c");
        let changed = make(vec![], "d");
        assert_eq!(protected.allows_replacement(&changed), Ok(false));
        assert_eq!(protected.allows_replacement(&Extensions::default()), Ok(false));
        assert_eq!(protected.allows_replacement(&free), Ok(true));
        assert_eq!(free.allows_replacement(&changed), Ok(true));
        assert_eq!(Extensions::default().allows_replacement(&changed), Ok(true));
    }

    #[test]
    fn app_ephemeral_comes_before_app_data_update_and_after_the_rest() {
        let ephemeral = AppEphemeral { component_id: ComponentID(5), data: Opaque::default() };
        let mut proposals = [
            Proposal::AppDataUpdate(update(3, "x")),
            Proposal::AppEphemeral(ephemeral),
            Proposal::SelfRemove(SelfRemove {}),
        ];
        proposals.sort_by_key(Proposal::stage);
        let stages: Vec<ProposalStage> = proposals.iter().map(Proposal::stage).collect();
        assert_eq!(
            stages,
            [ProposalStage::Default, ProposalStage::AppEphemeral, ProposalStage::AppDataUpdate]
        );
    }

    #[test]
    fn refuses_grease_in_a_group_context() {
        assert_eq!(dictionary(&[(3, "c"), (0x8a8a, "private")]).check_in_group_context(), Ok(()));
        let invalid = dictionary(&[(3, "c"), (0x1a1a, "x")]).check_in_group_context().unwrap_err();
        assert_eq!(invalid.place, Some(Segment::Index(1)));
        assert_eq!(invalid.kind, DecodeErrorKind::ForbiddenValue { name: "ComponentID", value: 0x1a1a });
    }

    #[test]
    fn refuses_grease_in_the_lists_of_a_group_context() {
        let listing = |id, list: &[u8]| {
            let entry = ComponentData { component_id: ComponentID(id), data: list.into() };
            let first = ComponentData { component_id: ComponentID(0), data: Opaque::default() };
            AppDataDictionary { component_data: List::new(vec![first, entry]).unwrap() }
                .check_in_group_context()
        };
        for id in [1, 2] {
            assert_eq!(listing(id, b"\x04\x00\x20\x8a\x8a"), Ok(()));
            let grease = DecodeErrorKind::ForbiddenValue { name: "ComponentID", value: 0x2a2a };
            let place = Some(Segment::Index(1));
            assert_eq!(
                listing(id, b"\x04\x00\x20\x2a\x2a").unwrap_err(),
                InvalidValueError { kind: grease, place }
            );
            let kind = DecodeErrorKind::LengthExceedsInput { declared: 4, available: 2 };
            assert_eq!(listing(id, b"\x04\x00\x20").unwrap_err(), InvalidValueError { kind, place });
        }
        // Another component's data may look like anything.
        assert_eq!(listing(3, b"\x04\x00\x20\x2a\x2a"), Ok(()));
    }
}
