//! mls-extensions-10: components of an application, and what they attach to MLS. Media types are in
//! the module `media_type`; credentials in [`mls`](crate::mls), beside those of RFC 9420.

mod app_data;
mod component;

pub use app_data::{
    AppAck, AppDataDictionary, AppDataUpdate, AppDataUpdateOperation, AppEphemeral, ComponentData,
    MessageRange, SafeAAD, SafeAADItem, SelfRemove,
};
pub use component::{
    ComponentOperationLabel, ComponentsList, RequiredWireFormats, SupportedWireFormats, WireFormats,
};
