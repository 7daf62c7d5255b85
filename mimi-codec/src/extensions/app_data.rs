//! What components attach to MLS.

use alloc::vec::Vec;

use crate::{
    DecodeErrorKind, InvalidValueError, Keyed, List, ListView, Opaque, Result, Strict,
    code_points::{ComponentID, ExtensionType},
    convention::{wire_enum, wire_select, wire_struct, wire_view},
    extensions::{ComponentContent, InAppEphemeral, InDictionary, InSafeAAD},
    mls::{ExtensionContent, extension_content},
};

wire_struct! {
    /// A component's data (mls-extensions-10 §4.6).
    ///
    /// ```text
    /// struct {
    ///     ComponentID component_id;
    ///     opaque data<V>;
    /// } ComponentData;
    /// ```
    pub struct ComponentData {
        /// Whose.
        pub component_id: ComponentID,
        /// The component's bytes.
        pub data: Opaque,
    }
}

impl Keyed for ComponentData {
    type Key = ComponentID;
    fn key(&self) -> ComponentID {
        self.component_id
    }
}

wire_view! {
    /// A borrowed [`ComponentData`].
    pub struct ComponentDataView<'a> of ComponentData {
        /// Whose.
        pub component_id: ComponentID,
        /// The component's bytes.
        pub data: &'a [u8],
    }
}

impl Keyed for ComponentDataView<'_> {
    type Key = ComponentID;
    fn key(&self) -> ComponentID {
        self.component_id
    }
}

wire_struct! {
    /// All components' data (mls-extensions-10 §4.6): the content of the extension
    /// `app_data_dictionary`.
    ///
    /// Sorted by component, each at most once.
    ///
    /// ```text
    /// struct {
    ///     ComponentData component_data<V>;
    /// } AppDataDictionary;
    /// ```
    #[derive(Default)]
    pub struct AppDataDictionary {
        /// The data.
        pub component_data: List<ComponentData, Strict>,
    }
}

wire_view! {
    /// A borrowed [`AppDataDictionary`]: one component is found without a copy of the others.
    pub struct AppDataDictionaryView<'a> of AppDataDictionary {
        /// The data.
        pub component_data: ListView<'a, ComponentDataView<'a>, Strict>,
    }
}

extension_content! { AppDataDictionary = APP_DATA_DICTIONARY }

impl<'a> ExtensionContent<'a> for AppDataDictionaryView<'a> {
    const EXTENSION_TYPE: ExtensionType = ExtensionType::APP_DATA_DICTIONARY;
}

impl<'a> AppDataDictionaryView<'a> {
    /// The data of the component `component_id`, if there is any.
    pub fn data(&self, component_id: ComponentID) -> Option<&'a [u8]> {
        // Sorted: what comes after the component is not looked at.
        let mut entries = self.component_data.iter().skip_while(|entry| entry.component_id < component_id);
        entries.next().filter(|entry| entry.component_id == component_id).map(|entry| entry.data)
    }

    /// The data of the component that holds a `T`, opened; `None` if the component isn't there.
    ///
    /// # Errors
    /// When the data is not exactly a `T`; offsets count from the beginning of the data.
    pub fn content<T: ComponentContent<'a, InDictionary>>(&self) -> Option<Result<T>> {
        self.data(T::COMPONENT_ID).map(T::decode_exact)
    }
}

impl AppDataDictionary {
    /// The data of the component `component_id`, if there is any.
    pub fn data(&self, component_id: ComponentID) -> Option<&[u8]> {
        let place =
            self.component_data.binary_search_by_key(&component_id, |entry| entry.component_id).ok()?;
        self.component_data.get(place).map(|entry| &*entry.data)
    }

    /// The data of the component that holds a `T`, opened; `None` if the component isn't there.
    ///
    /// ```
    /// use mimi_codec::{
    ///     Encode, List,
    ///     code_points::ComponentID,
    ///     extensions::{AppComponents, AppDataDictionary, ComponentData, ComponentsList, LastResortKeyPackage},
    /// };
    ///
    /// let list = ComponentsList { component_ids: vec![ComponentID::FRANK_AAD] };
    /// let entry = |component_id, data| ComponentData { component_id, data };
    /// let dictionary = AppDataDictionary {
    ///     component_data: List::new(vec![
    ///         entry(ComponentID::APP_COMPONENTS, list.to_bytes()?.into()),
    ///         entry(ComponentID::LAST_RESORT_KEY_PACKAGE, "not empty".into()),
    ///     ])?,
    /// };
    /// assert_eq!(dictionary.content::<AppComponents>(), Some(Ok(AppComponents(list))));
    /// assert!(dictionary.content::<LastResortKeyPackage>().unwrap().is_err());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// Types that stand elsewhere under the same number are no content of a dictionary:
    ///
    /// ```compile_fail,E0277
    /// use mimi_codec::{extensions::AppDataDictionary, minimal_metadata::AddAAD};
    ///
    /// AppDataDictionary::default().content::<AddAAD>();
    /// ```
    ///
    /// # Errors
    /// When the data is not exactly a `T`; offsets count from the beginning of the data.
    pub fn content<'a, T: ComponentContent<'a, InDictionary>>(&'a self) -> Option<Result<T>> {
        self.data(T::COMPONENT_ID).map(T::decode_exact)
    }
}

wire_enum! {
    /// What becomes of a component's data (mls-extensions-10 §4.7).
    ///
    /// ```text
    /// enum {
    ///     invalid(0),
    ///     update(1),
    ///     remove(2),
    ///     (255)
    /// } AppDataUpdateOperation;
    /// ```
    pub enum AppDataUpdateOperation {
        /// It changes.
        1 "update" => Update,
        /// It goes.
        2 "remove" => Remove,
    }
}

wire_select! {
    /// What an [`AppDataUpdate`] does (mls-extensions-10 §4.7).
    pub enum AppDataUpdateSelect: u8 "AppDataUpdateOperation" inline {
        /// Changes the data, in the component's own way.
        1 "update" => Update {
            /// How.
            update: Opaque,
        },
        /// Removes the data.
        2 "remove" => Remove {},
    }
}

wire_struct! {
    /// A proposal to change a component's data in the GroupContext (mls-extensions-10 §4.7).
    ///
    /// ```text
    /// struct {
    ///     ComponentID component_id;
    ///     AppDataUpdateOperation op;
    ///     select (AppDataUpdate.op) {
    ///         case update: opaque update<V>;
    ///         case remove: struct{};
    ///     };
    /// } AppDataUpdate;
    /// ```
    pub struct AppDataUpdate {
        /// Whose.
        pub component_id: ComponentID,
        /// `op` and its arm.
        pub op: AppDataUpdateSelect,
    }
}

wire_struct! {
    /// A proposal that tells a component something, and changes nothing (mls-extensions-10 §4.8).
    ///
    /// ```text
    /// struct {
    ///     ComponentID component_id;
    ///     opaque data<V>;
    /// } AppEphemeral;
    /// ```
    pub struct AppEphemeral {
        /// Whom.
        pub component_id: ComponentID,
        /// What.
        pub data: Opaque,
    }
}

impl AppEphemeral {
    /// The data, opened, if it is for the component that sends a `T`; `None` if it is for another.
    ///
    /// ```
    /// use mimi_codec::{Encode, code_points::ComponentID, extensions::{AppAck, AppEphemeral}};
    ///
    /// let ack = AppAck::default();
    /// let ephemeral = AppEphemeral { component_id: ComponentID::APP_ACK, data: ack.to_bytes()?.into() };
    /// assert_eq!(ephemeral.content::<AppAck>(), Some(Ok(ack)));
    /// # Ok::<(), mimi_codec::EncodeError>(())
    /// ```
    ///
    /// # Errors
    /// When it is not exactly a `T`; offsets count from the beginning of the data.
    pub fn content<'a, T: ComponentContent<'a, InAppEphemeral>>(&'a self) -> Option<Result<T>> {
        (self.component_id == T::COMPONENT_ID).then(|| T::decode_exact(&self.data))
    }
}

wire_struct! {
    /// What a component says in a message's authenticated data (mls-extensions-10 §4.9).
    ///
    /// ```text
    /// struct {
    ///   ComponentID component_id;
    ///   opaque aad_item_data<V>;
    /// } SafeAADItem;
    /// ```
    pub struct SafeAADItem {
        /// Who.
        pub component_id: ComponentID,
        /// What.
        pub aad_item_data: Opaque,
    }
}

impl Keyed for SafeAADItem {
    type Key = ComponentID;
    fn key(&self) -> ComponentID {
        self.component_id
    }
}

wire_struct! {
    /// All of a message's `authenticated_data`, where the group has `safe_aad` (mls-extensions-10
    /// §4.9).
    ///
    /// Sorted by component, each at most once.
    ///
    /// ```text
    /// struct {
    ///   SafeAADItem aad_items<V>;
    /// } SafeAAD;
    /// ```
    #[derive(Default)]
    pub struct SafeAAD {
        /// What each component says.
        pub aad_items: List<SafeAADItem, Strict>,
    }
}

impl SafeAAD {
    /// What the component `component_id` says, if it says something.
    pub fn data(&self, component_id: ComponentID) -> Option<&[u8]> {
        let place = self.aad_items.binary_search_by_key(&component_id, |item| item.component_id).ok()?;
        self.aad_items.get(place).map(|item| &*item.aad_item_data)
    }

    /// What the component says that holds a `T`, opened; `None` if the component says nothing.
    ///
    /// ```
    /// use mimi_codec::{
    ///     Encode, List,
    ///     code_points::ComponentID,
    ///     extensions::{SafeAAD, SafeAADItem},
    ///     minimal_metadata::AddAAD,
    /// };
    ///
    /// let added = AddAAD { identity_link_key_ciphertexts: vec![] };
    /// let item = SafeAADItem {
    ///     component_id: ComponentID::IDENTITY_LINK_KEYS,
    ///     aad_item_data: added.to_bytes()?.into(),
    /// };
    /// let aad = SafeAAD { aad_items: List::new(vec![item])? };
    /// assert_eq!(aad.content::<AddAAD>(), Some(Ok(added)));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// What the same component keeps in a GroupContext is another struct, and does not compile
    /// here:
    ///
    /// ```compile_fail,E0277
    /// use mimi_codec::{extensions::SafeAAD, minimal_metadata::IdentityLinkKeysData};
    ///
    /// SafeAAD::default().content::<IdentityLinkKeysData>();
    /// ```
    ///
    /// # Errors
    /// When it is not exactly a `T`; offsets count from the beginning of the item's data.
    pub fn content<'a, T: ComponentContent<'a, InSafeAAD>>(&'a self) -> Option<Result<T>> {
        self.data(T::COMPONENT_ID).map(T::decode_exact)
    }
}

wire_struct! {
    /// Messages of one sender that arrived (mls-extensions-10 §6.1).
    ///
    /// ```text
    /// struct {
    ///     uint32 sender;
    ///     uint32 first_generation;
    ///     uint32 last_generation;
    /// } MessageRange;
    /// ```
    pub struct MessageRange {
        /// The sender's leaf.
        sender: u32,
        /// From this generation.
        first_generation: u32,
        /// To this one, inclusive; not less than the first.
        last_generation: u32,
    } check MessageRange::check, repair MessageRange::repair
}

impl MessageRange {
    fn check(&self) -> Result<(), InvalidValueError> {
        if self.first_generation > self.last_generation {
            return Err(InvalidValueError::field("last_generation", DecodeErrorKind::OutOfRange));
        }
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.last_generation = self.last_generation.max(self.first_generation);
    }
}

wire_struct! {
    /// Messages that arrived (mls-extensions-10 §6.1): the data of the component `app_ack` in an
    /// AppEphemeral.
    ///
    /// ```text
    /// struct {
    ///     MessageRange received_ranges<V>;
    /// } AppAck;
    /// ```
    #[derive(Default)]
    pub struct AppAck {
        /// The messages.
        pub received_ranges: Vec<MessageRange>,
    }
}

wire_struct! {
    /// A proposal to remove its sender (mls-extensions-10 §6.3.1). It comes in a PublicMessage and
    /// is committed by reference only, which the judge of the list of proposals checks.
    ///
    /// ```text
    /// struct {} SelfRemove;
    /// ```
    #[derive(Copy, Default)]
    pub struct SelfRemove {}
}
