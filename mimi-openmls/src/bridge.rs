//! Values of one side for the other.

use std::fmt;

use mimi_codec::{
    DecodeOwned, Encode,
    code_points::{ComponentID, WireFormat},
    mls::{AuthenticatedContent, MLSMessage, MLSMessageBody},
};
use mimi_room::ComponentUpdates;
use openmls::prelude::{
    AppDataDictionaryUpdater, AppDataUpdates, MlsMessageIn, ProtocolMessage,
    tls_codec::{Deserialize, Serialize},
};

/// Why OpenMLS, or the way to it, refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackError {
    what: &'static str,
    why: String,
}

impl StackError {
    pub(crate) fn new(what: &'static str, why: impl fmt::Display) -> Self {
        Self { what, why: why.to_string() }
    }

    pub(crate) fn of<E: fmt::Display>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::new(what, error)
    }
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl std::error::Error for StackError {}

/// A value of OpenMLS as a wire type.
///
/// # Errors
/// [`StackError`] if the encodings differ.
pub fn of_openmls<T: DecodeOwned>(value: &impl Serialize) -> Result<T, StackError> {
    let bytes = value.tls_serialize_detached().map_err(StackError::of("encoding for mimi-codec"))?;
    T::decode_exact(&bytes).map_err(StackError::of("decoding a value of OpenMLS"))
}

/// A wire type as a value of OpenMLS.
///
/// # Errors
/// [`StackError`] if OpenMLS refuses it.
pub fn to_openmls<T: Deserialize>(value: &impl Encode) -> Result<T, StackError> {
    let bytes = value.to_bytes().map_err(StackError::of("encoding for OpenMLS"))?;
    T::tls_deserialize_exact(bytes).map_err(StackError::of("decoding by OpenMLS"))
}

pub(crate) fn protocol_message(message: &MLSMessage) -> Result<ProtocolMessage, StackError> {
    let message: MlsMessageIn = to_openmls(message)?;
    message.try_into_protocol_message().map_err(StackError::of("reading a message"))
}

/// What was signed of a PublicMessage.
pub(crate) fn public_content(message: &MLSMessage) -> Result<AuthenticatedContent, StackError> {
    let MLSMessageBody::PublicMessage { public_message } = &message.body else {
        return Err(StackError::new("reading a handshake", "not a PublicMessage"));
    };
    let (content, auth) = (public_message.content().clone(), public_message.auth().clone());
    AuthenticatedContent::new(WireFormat::MLS_PUBLIC_MESSAGE, content, auth)
        .map_err(|invalid| StackError::new("reading a handshake", format!("{invalid:?}")))
}

pub(crate) fn app_data_updates(
    mut updater: AppDataDictionaryUpdater<'_>,
    components: &ComponentUpdates,
) -> Option<AppDataUpdates> {
    for (ComponentID(id), data) in components {
        match data {
            Some(data) => {
                let data = data.clone().into();
                updater.set(openmls::component::ComponentData::from_parts(*id, data));
            }
            None => updater.remove(id),
        }
    }
    updater.changes()
}
