//! mimi-protocol-06: the bodies of every endpoint, what in them is signed or sealed, and the room
//! state that MIMI keeps in the group.
//!
//! A struct whose parts have to agree can't be built otherwise: a [`ProposalMessage`] holds a
//! proposal, a [`KeyMaterialResponse`] lists clients only under a code that allows it. Identifiers
//! stay bytes until they are asked for a [`MimiUri`](crate::MimiUri).
//!
//! What is signed is a struct of its own (`…TBS`), made by `tbs()` of what carries the signature.

mod abuse_report;
mod consent;
mod fanout;
mod fanout_view;
mod franking;
mod group_info;
mod handshake;
mod identifier;
mod identifier_query;
mod key_material;
mod participant_list;
mod pseudonymous_credential;
mod room_message;
mod room_metadata;
mod submit_message;

pub use abuse_report::{AbuseReport, AbuseType, AbusiveMessage};
pub use consent::{ConsentEndpoint, ConsentEntry, ConsentError, ConsentOperation, ConsentScope};
pub use fanout::{FanoutEvent, FanoutMessage};
pub use fanout_view::{
    EncryptedGroupSecretsView, FanoutEventView, FanoutMessageView, FanoutMessages, FrankView,
    HPKECiphertextView, MLSMessageView, ProposalMessageView,
};
pub use franking::{
    Frank, FrankAAD, FrankingAgentData, FrankingAgentUpdate, FrankingIntegrityTBS, ServerFrankingContext,
};
pub use group_info::{
    GroupInfoAnswer, GroupInfoCode, GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS,
    GroupInfoResponse, GroupInfoResponseTBS, PendingProposal,
};
pub use handshake::{
    GroupInfoOption, GroupInfoRepresentation, HandshakeBundle, TreelessGroupInfo, TreelessPartialGroupInfo,
    UpdateRequest, UpdateResponseCode, UpdateRoomResponse,
};
#[cfg(feature = "serde")]
pub(crate) use identifier::uri_text;
pub use identifier::{IdentifierUri, OptionalIdentifierUri, Uri};
pub use identifier_query::{
    FieldSource, IdentifierQuery, IdentifierQueryCode, IdentifierRequest, IdentifierResponse,
    MAX_QUERY_ELEMENTS, ProfileField, ProfileProperty, QueryElement, SearchIdentifierType, UserProfile,
};
pub use key_material::{
    ClientKeyMaterial, KeyMaterialClientCode, KeyMaterialRequest, KeyMaterialRequestTBS, KeyMaterialResponse,
    KeyMaterialUserCode, Protocol,
};
pub use participant_list::{
    ParticipantListData, ParticipantListDataView, ParticipantListUpdate, RoleIndex, UserRolePair,
    UserRolePairView, UserindexRolePair,
};
pub use pseudonymous_credential::{IdentityLinkTBE, PseudonymousCredential, PseudonymousCredentialTBS};
pub use room_message::{
    ApplicationMessage, CommitMessage, ProposalMessage, ProposalMessages, WelcomeMessage,
};
pub use room_metadata::{RichDescription, RoomMetaData, RoomMetaUpdate, UTF8String};
pub use submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitResponseCode, SubmitResult};
