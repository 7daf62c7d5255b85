//! The seam to OpenMLS in these rooms: pseudonyms as credentials, the components of a group, a
//! GroupInfo without secrets.

use mimi_codec::{
    Encode, List,
    code_points::{ComponentID, CredentialType, ExtensionType, ProposalType},
    extensions::{
        AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData, ComponentsList, SafeAAD,
        SafeAADItem,
    },
    minimal_metadata::{AddAAD, IdentityLinkKeysUpdate, SealedConnectionResponse},
    mls::{
        Extension, Extensions, ExternalSender, ExternalSenders, GroupInfo, MLSMessage, Proposal,
        RequiredCapabilities, Welcome,
    },
    protocol::{
        CommitMessage, GroupInfoOption, HandshakeBundle, IdentifierUri, ParticipantListUpdate,
        PseudonymousCredential, TreelessGroupInfo, UpdateRequest, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{RustCrypto, sign_with_label};
use mimi_pseudonym::{IdentityLinkWrapperKey, check_extensions_for_hub};
use openmls::{
    messages::proposals::AppDataUpdateProposal,
    prelude::{self as mls, CredentialWithKey},
};
use rand_core::CryptoRng;

use super::{judging, person::Alias};
use crate::{Result, stack::ClientKey};

/// What a client has to support to be in such a room.
#[must_use]
pub fn capabilities() -> mls::Capabilities {
    mls::Capabilities::builder()
        .extensions(vec![mls::ExtensionType::AppDataDictionary])
        .proposals(vec![mls::ProposalType::AppDataUpdate, mls::ProposalType::SelfRemove])
        .credentials(vec![mls::CredentialType::Other(CredentialType::PSEUDONYMOUS.0)])
        .build()
}

/// A pseudonymous credential as OpenMLS carries it, without looking into it.
///
/// # Errors
/// When it is too long.
pub fn openmls_credential(credential: &PseudonymousCredential) -> Result<mls::Credential> {
    let kind = mls::CredentialType::Other(CredentialType::PSEUDONYMOUS.0);
    Ok(mls::Credential::new(kind, credential.to_bytes()?))
}

/// An alias's credential and key, for OpenMLS.
///
/// # Errors
/// When it is too long.
pub fn credential_with_key(alias: &Alias) -> Result<CredentialWithKey> {
    let signature_key = alias.key.public_key().to_vec().into();
    Ok(CredentialWithKey { credential: openmls_credential(&alias.credential)?, signature_key })
}

/// A GroupInfo for the hub: without the wrapper key, and signed anew, since the signature covers
/// the extensions.
///
/// # Errors
/// When it cannot be signed.
pub fn without_wrapper_key(
    suite: &RustCrypto,
    key: &ClientKey,
    group_info: GroupInfo,
    rng: &mut dyn CryptoRng,
) -> Result<GroupInfo> {
    if check_extensions_for_hub(&group_info.extensions).is_ok() {
        return Ok(group_info);
    }
    let mut tbs = group_info.tbs();
    let others = group_info.extensions.iter();
    let others = others.filter(|it| it.extension_type != ExtensionType::APP_DATA_DICTIONARY);
    tbs.extensions = Extensions::new(others.cloned().collect())?;
    check_extensions_for_hub(&tbs.extensions)?;
    let signature = sign_with_label(suite, key.signing_key(), b"GroupInfoTBS", &tbs.to_bytes()?, rng)?;
    let (group_context, extensions, confirmation_tag, signer) =
        (tbs.group_context, tbs.extensions, tbs.confirmation_tag, tbs.signer);
    Ok(GroupInfo { group_context, extensions, confirmation_tag, signer, signature: signature.into() })
}

/// The wrapper key for the GroupInfo inside of a Welcome.
///
/// # Errors
/// When it is too long.
pub fn wrapper_key_extension(wrapper_key: &IdentityLinkWrapperKey) -> Result<mls::Extension> {
    let mut dictionary = mls::AppDataDictionary::new();
    dictionary.insert(ComponentID::IDENTITY_LINK_KEYS.0, wrapper_key.to_extension().to_bytes()?);
    Ok(mls::Extension::AppDataDictionary(mls::AppDataDictionaryExtension::new(dictionary)))
}

/// The extensions of a new room's GroupContext: its components, the wrapped keys among them, and
/// the hub as an external sender. `safe_aad` is not required, for the reason that [`super`] gives.
///
/// # Errors
/// When something is too long.
pub fn group_context_extensions(
    mut components: Vec<ComponentData>,
    hub: ExternalSender,
) -> Result<Extensions> {
    let mut component_ids: Vec<ComponentID> = components.iter().map(|it| it.component_id).collect();
    component_ids.sort_unstable();
    components.push(judging::component(ComponentID::APP_COMPONENTS, &ComponentsList { component_ids })?);
    components.sort_by_key(|component| component.component_id);
    let dictionary = AppDataDictionary { component_data: List::new(components)? };
    let required = RequiredCapabilities {
        extension_types: vec![ExtensionType::APP_DATA_DICTIONARY],
        proposal_types: vec![ProposalType::APP_DATA_UPDATE],
        credential_types: vec![CredentialType::PSEUDONYMOUS],
    };
    let senders = ExternalSenders { external_senders: vec![hub] };
    Ok(Extensions::new(vec![
        extension(ExtensionType::REQUIRED_CAPABILITIES, &required)?,
        extension(ExtensionType::EXTERNAL_SENDERS, &senders)?,
        extension(ExtensionType::APP_DATA_DICTIONARY, &dictionary)?,
    ])?)
}

fn extension(extension_type: ExtensionType, content: &impl Encode) -> Result<Extension> {
    Ok(Extension { extension_type, extension_data: content.to_bytes()?.into() })
}

/// `authenticated_data`: the wrapped keys of those who come, and the answer to a request for a
/// connection.
///
/// # Errors
/// When something is too long.
pub fn authenticated_data(add_aad: &AddAAD, response: Option<&SealedConnectionResponse>) -> Result<Vec<u8>> {
    let item = |component_id, content: Vec<u8>| SafeAADItem { component_id, aad_item_data: content.into() };
    let mut items = vec![item(ComponentID::IDENTITY_LINK_KEYS, add_aad.to_bytes()?)];
    if let Some(response) = response {
        items.push(item(ComponentID::CONNECTION_RESPONSE, response.to_bytes()?));
    }
    Ok(SafeAAD { aad_items: List::new(items)? }.to_bytes()?)
}

/// A proposal that puts users on the participant list, each with its role, and takes those at some
/// places off it.
///
/// # Errors
/// When it is too long.
pub fn update_participants(added: &[(&IdentifierUri, u32)], removed_indices: Vec<u32>) -> Result<Proposal> {
    let added = added.iter();
    let added_participants =
        added.map(|(user, role)| UserRolePair { user: user.as_bytes().into(), role_index: *role }).collect();
    let changed_role_participants = vec![];
    let update = ParticipantListUpdate { changed_role_participants, removed_indices, added_participants };
    app_data_update(ComponentID::PARTICIPANT_LIST, &update)
}

/// A proposal to change the wrapped keys.
///
/// # Errors
/// When it is too long.
pub fn update_keys(update: &IdentityLinkKeysUpdate) -> Result<Proposal> {
    app_data_update(ComponentID::IDENTITY_LINK_KEYS, update)
}

fn app_data_update(component_id: ComponentID, update: &impl Encode) -> Result<Proposal> {
    let op = AppDataUpdateSelect::Update { update: update.to_bytes()?.into() };
    Ok(Proposal::AppDataUpdate(AppDataUpdate { component_id, op }))
}

/// An AppDataUpdate, for OpenMLS.
///
/// # Errors
/// When it is another proposal, or changes nothing.
pub fn openmls_update(proposal: &Proposal) -> Result<AppDataUpdateProposal> {
    match proposal {
        Proposal::AppDataUpdate(AppDataUpdate {
            component_id,
            op: AppDataUpdateSelect::Update { update },
        }) => Ok(AppDataUpdateProposal::update(component_id.0, update.to_vec())),
        _ => Err("not an update of a component".into()),
    }
}

/// The body of `POST /update/{roomId}`. The hub has followed the tree.
///
/// # Errors
/// When the message is no commit, or the GroupInfo has a tree in it.
pub fn update_request(
    commit: MLSMessage,
    welcome: Option<Welcome>,
    group_info: GroupInfo,
) -> Result<UpdateRequest> {
    let group_info = TreelessGroupInfo::new(group_info)?;
    let bundle = HandshakeBundle::Commit {
        proposal_or_commit: CommitMessage::new(commit)?,
        welcome,
        group_info_option: Box::new(GroupInfoOption::Full { group_info }),
        ratchet_tree_option: RatchetTreeOption::DistributionService {},
    };
    Ok(UpdateRequest { bundle })
}
