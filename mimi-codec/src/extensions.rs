//! mls-extensions-10: components of an application, and what they attach to MLS. Media types are in
//! the module `media_type`; credentials in [`mls`](crate::mls), beside those of RFC 9420.

mod app_data;
mod app_data_update;
mod component;
mod negotiation;
mod self_remove;

pub use app_data::{
    AppAck, AppDataDictionary, AppDataDictionaryView, AppDataUpdate, AppDataUpdateOperation,
    AppDataUpdateSelect, AppEphemeral, ComponentData, ComponentDataView, MessageRange, SafeAAD, SafeAADItem,
    SelfRemove,
};
pub use app_data_update::{AppDataUpdateError, Components, ProposalStage};
pub use component::{
    AppComponents, ComponentContent, ComponentOperationLabel, ComponentPlace, ComponentsList, InAppEphemeral,
    InDictionary, InGroupInfo, InSafeAAD, LastResortKeyPackage, RequiredWireFormats, SafeAADComponents,
    SupportedWireFormats, WireFormats,
};
pub use self_remove::SelfRemoves;
