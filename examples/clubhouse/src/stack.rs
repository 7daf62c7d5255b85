//! The seam to OpenMLS: everything goes through bytes.
//!
//! OpenMLS has its own types for what RFC 9420 defines, and so has `mimi-codec`. Their encodings are the same, which is what makes
//! them fit: [`of_openmls`] and [`to_openmls`] are the only bridge. What OpenMLS leaves to the application is what `mimi-policy` decides:
//! whether a commit is allowed, and what AppDataUpdate proposals make of the group's components.

use std::sync::{Mutex, PoisonError};

use mimi_codec::{
    Decode, DecodeOwned, Encode, List,
    code_points::{CipherSuite, ComponentID, CredentialType, ExtensionType, ProposalType},
    extensions::{AppDataDictionary, ComponentData, ComponentsList},
    mls::{Extension, ExternalSender, ExternalSenders, RequiredCapabilities, SignaturePublicKey},
};
use mimi_crypto::{CipherSuiteProvider, RustCrypto};
use openmls::prelude::{
    self as mls, AppDataDictionaryUpdater, AppDataUpdates, Ciphersuite, MlsGroupJoinConfig,
    PURE_PLAINTEXT_WIRE_FORMAT_POLICY, SignatureScheme,
    tls_codec::{Deserialize, Serialize},
};
use openmls_traits::signatures::{Signer, SignerError};
use rand_chacha::ChaCha20Rng;

use crate::{Result, ensure};

/// What OpenMLS has made, as a wire type.
///
/// # Errors
/// When the encodings differ.
pub fn of_openmls<T: DecodeOwned>(value: &impl Serialize) -> Result<T> {
    Ok(T::decode_exact(&value.tls_serialize_detached()?)?)
}

/// A wire type, for OpenMLS.
///
/// # Errors
/// When OpenMLS refuses it.
pub fn to_openmls<T: Deserialize>(value: &impl Encode) -> Result<T> {
    Ok(T::tls_deserialize_exact(value.to_bytes()?)?)
}

/// The cipher suite under OpenMLS's name.
///
/// # Errors
/// When OpenMLS doesn't know it.
pub fn ciphersuite(suite: &RustCrypto) -> Result<Ciphersuite> {
    Ok(Ciphersuite::try_from(suite.parameters().cipher_suite.0)?)
}

/// A client's signature key. OpenMLS signs its messages with it, `mimi-crypto` the requests to endpoints.
pub struct ClientKey {
    suite: RustCrypto,
    scheme: SignatureScheme,
    signing_key: <RustCrypto as CipherSuiteProvider>::SigningKey,
    /// OpenMLS hands no generator to a signer, and ECDSA needs one.
    rng: Mutex<ChaCha20Rng>,
}

impl ClientKey {
    /// A new key; the generator makes it, and stays with it.
    ///
    /// # Errors
    /// When the generator gives no key.
    pub fn generate(suite: RustCrypto, mut rng: ChaCha20Rng) -> Result<Self> {
        let private_key = suite.generate_signature_key(&mut rng)?;
        Ok(Self {
            suite,
            scheme: ciphersuite(&suite)?.signature_algorithm(),
            signing_key: suite.signing_key(&private_key)?,
            rng: Mutex::new(rng),
        })
    }

    /// The private half, for what OpenMLS doesn't sign.
    #[must_use]
    pub const fn signing_key(&self) -> &<RustCrypto as CipherSuiteProvider>::SigningKey {
        &self.signing_key
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> SignaturePublicKey {
        self.suite.signature_public_key(&self.signing_key)
    }
}

impl Signer for ClientKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        self.suite.sign(&self.signing_key, payload, &mut *rng).map_err(|_| SignerError::SigningError)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// What a client has to support to be in a MIMI room: the dictionary of components and its updates.
#[must_use]
pub fn required_capabilities() -> RequiredCapabilities {
    RequiredCapabilities {
        extension_types: vec![ExtensionType::APP_DATA_DICTIONARY],
        proposal_types: vec![ProposalType::APP_DATA_UPDATE],
        credential_types: vec![CredentialType::BASIC],
    }
}

/// What the clients of this program support.
#[must_use]
pub fn capabilities() -> mls::Capabilities {
    mls::Capabilities::builder()
        .extensions(vec![mls::ExtensionType::AppDataDictionary])
        .proposals(vec![mls::ProposalType::AppDataUpdate, mls::ProposalType::SelfRemove])
        .build()
}

/// How members of a room send and receive: proposals and commits as PublicMessages, for the hub to read. The tree travels beside
/// GroupInfo and Welcome, as MIMI has it.
#[must_use]
pub fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(2)
        .build()
}

/// The extensions of a new group's GroupContext: what members have to support, the room's components, and the hub as an external
/// sender.
///
/// # Errors
/// When something is too long.
pub fn group_context_extensions(
    room_components: Vec<ComponentData>,
    hub_sender: ExternalSender,
) -> Result<mimi_codec::mls::Extensions> {
    let mut components = room_components;
    // What members have to understand, and which components use the Safe AAD (mls-extensions-10, 4.9 and 5).
    let mut ids: Vec<ComponentID> = components.iter().map(|component| component.component_id).collect();
    ids.push(ComponentID::FRANK_AAD);
    ids.sort_unstable();
    components.push(component(ComponentID::APP_COMPONENTS, &ComponentsList { component_ids: ids })?);
    let safe_aad = ComponentsList { component_ids: vec![ComponentID::FRANK_AAD] };
    components.push(component(ComponentID::SAFE_AAD, &safe_aad)?);
    components.sort_by_key(|component| component.component_id);
    let dictionary = AppDataDictionary { component_data: List::new(components)? };
    dictionary.check_in_group_context().map_err(|invalid| format!("{invalid:?}"))?;
    Ok(mimi_codec::mls::Extensions::new(vec![
        extension(ExtensionType::REQUIRED_CAPABILITIES, &required_capabilities())?,
        extension(ExtensionType::EXTERNAL_SENDERS, &ExternalSenders { external_senders: vec![hub_sender] })?,
        extension(ExtensionType::APP_DATA_DICTIONARY, &dictionary)?,
    ])?)
}

/// A component and its data.
///
/// # Errors
/// When it is too long.
pub fn component(component_id: ComponentID, data: &impl Encode) -> Result<ComponentData> {
    Ok(ComponentData { component_id, data: data.to_bytes()?.into() })
}

fn extension(extension_type: ExtensionType, data: &impl Encode) -> Result<Extension> {
    Ok(Extension { extension_type, extension_data: data.to_bytes()?.into() })
}

/// The dictionary of a GroupContext.
///
/// # Errors
/// When it has none that can be read.
pub fn dictionary(context: &mls::GroupContext) -> Result<AppDataDictionary> {
    let context: mimi_codec::mls::GroupContext = of_openmls(context)?;
    Ok(context.extensions.app_data_dictionary()?)
}

/// The new data of components, as OpenMLS takes it. OpenMLS leaves to the application what an AppDataUpdate does; the application
/// hands it the outcome.
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

/// The cipher suite with this number, if both this workspace and OpenMLS's provider have it.
///
/// # Errors
/// When one of them hasn't.
pub fn suite(number: u16) -> Result<RustCrypto> {
    ensure!((1..=3).contains(&number), "OpenMLS's provider has the suites 1, 2 and 3");
    Ok(RustCrypto::new(CipherSuite(number))?)
}

/// Whether a body is what its name says.
///
/// # Errors
/// What decoding says.
pub fn decode<'a, T: Decode<'a>>(body: &'a [u8]) -> Result<T> {
    Ok(T::decode_exact(body)?)
}
