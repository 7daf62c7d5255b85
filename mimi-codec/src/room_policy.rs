//! mimi-room-policy-04: the components of the GroupContext that say who may do what in a room.
//!
//! These are the structs; what they mean together, and whether a room of them is valid,
//! `mimi-policy` tells. Where the draft writes `mandatory` in a `select`, it is the enum's
//! `required`.

mod asset_policy;
mod base_policy;
mod content_policy;
mod join_links;
mod operational;
mod optionality;
mod preauth;
mod roles;

pub use crate::capability::CapabilityType;
pub use asset_policy::{
    AssetPolicy, AssetPolicyData, AssetPolicyUpdate, AssetUploadLocation, DomainName, DownloadPrivacy,
    DownloadPrivacyType, ProviderAssetUploadDomains,
};
pub use base_policy::{BaseRoomData, BaseRoomPolicy, BaseRoomUpdate};
pub use content_policy::{
    Bot, BotPolicy, BotPolicyData, BotPolicyUpdate, HistoryPolicy, HistoryPolicyData, HistoryPolicyUpdate,
    LinkPreviewPolicy, LinkPreviewPolicyData, LinkPreviewPolicyUpdate, LinkPreviewProxyUse, LoggingPolicy,
    LoggingPolicyData, LoggingPolicyUpdate, MessageExpiration, MessageExpirationData,
    MessageExpirationUpdate, StatusNotificationPolicy, StatusNotificationPolicyData,
    StatusNotificationPolicyUpdate,
};
pub use join_links::{
    JoinLink, JoinLinkPolicy, JoinLinkPolicyData, JoinLinkPolicyUpdate, JoinLinksData, JoinLinksUpdate,
};
pub use operational::{
    AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters,
    OperationalParametersData, OperationalParametersUpdate, PendingProposalPolicy, PendingProposalStrategy,
};
pub use optionality::Optionality;
pub use preauth::{Claim, ClaimId, PreAuthData, PreAuthRoleEntry, PreAuthUpdate};
pub use roles::{Role, RoleData, RoleUpdate, SingleSourceRoleChangeTargets};
