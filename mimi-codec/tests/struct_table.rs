//! No struct of the drafts is missing from the registry.
#![allow(missing_docs)]

use std::{any::TypeId, collections::BTreeSet};

use mimi_codec::{
    minimal_metadata::{
        IdentityLinkExtension, IdentityLinkKeysData, IdentityLinkKeysExtension,
        IdentityLinkWrapperKeyExtension,
    },
    registry,
};

/// Every struct, enum and registry that a draft defines, each under the first draft that does.
const DEFINED: &[(&str, &str)] = &[
    (
        "RFC 9420",
        "StructWithVectors HPKEPublicKey SignaturePublicKey SignContent EncryptContext HashReference \
         KeyPackageRef ProposalRef RefHashInput Certificate Credential CredentialType ProtocolVersion \
         ContentType SenderType Sender FramedContent MLSMessage WireFormat AuthenticatedContent \
         FramedContentTBS FramedContentAuthData MAC PublicMessage AuthenticatedContentTBM PrivateMessage \
         PrivateMessageContent PrivateContentAAD SenderData SenderDataAAD ParentNode LeafNodeSource \
         Capabilities Lifetime Extension LeafNode LeafNodeTBS ExtensionType HPKECiphertext \
         UpdatePathNode UpdatePath NodeType TreeHashInput LeafNodeHashInput ParentNodeHashInput \
         ParentHashInput KDFLabel GroupContext ConfirmedTranscriptHashInput InterimTranscriptHashInput \
         PSKType ResumptionPSKUsage PreSharedKeyID PSKLabel KeyPackage KeyPackageTBS \
         RequiredCapabilities Proposal ProposalType Add Update Remove PreSharedKey ReInit ExternalInit \
         GroupContextExtensions ExternalSender ProposalOrRefType ProposalOrRef Commit GroupInfo \
         GroupInfoTBS PathSecret GroupSecrets EncryptedGroupSecrets Welcome ExternalPub Node CipherSuite",
    ),
    (
        "mls-extensions-10",
        "ComponentID ComponentOperationLabel ComponentData AppDataDictionary AppDataUpdateOperation \
         AppDataUpdate AppEphemeral SafeAADItem SafeAAD WireFormats ComponentsList MessageRange AppAck \
         Parameter MediaType MediaTypeList ApplicationFraming SelfRemove CredentialBinding \
         MultiCredential WeakMultiCredential CredentialBindingTBS",
    ),
    (
        "mls-ratchet-tree-options-01",
        "RatchetTreeRepresentation RatchetTreeOption Domain DomainList RatchetTreePresence \
         PartialGroupInfo",
    ),
    (
        "mls-semiprivatemessage-07",
        "ExternalReceiver PerMessageKeyAndNonces SemiPrivateMessageContext KeyForExternalReceiver \
         SemiPrivateMessage SemiPrivateMessageContent SemiPrivateContentAAD",
    ),
    (
        "mls-associated-parties-01",
        "AssociatedPartyEntry AssociatedPartyEntryTBS AssociatedParties AddAssociatedParty \
         RemoveAssociatedParty UpdateAssociatedParty AssociatedPartyExportContext \
         AssociatedPartyCommitEncryptionContext AssociatedPartySecrets",
    ),
    (
        "mimi-protocol-06",
        "Protocol IdentifierUri KeyMaterialRequest KeyMaterialRequestTBS KeyMaterialUserCode \
         KeyMaterialClientCode ClientKeyMaterial KeyMaterialResponse HandshakeBundle \
         GroupInfoRepresentation GroupInfoOption UpdateRequest UpdateResponseCode UpdateRoomResponse \
         SubmitMessageRequest SubmitResponseCode Frank SubmitMessageResponse FrankAAD FrankingAgentData \
         FrankingAgentUpdate ServerFrankingContext FrankingIntegrityTBS FanoutMessage \
         GroupInfoRequestTBS GroupInfoRequest GroupInfoCode PendingProposal GroupInfoRatchetTreeTBE \
         GroupInfoResponseTBS GroupInfoResponse ConsentOperation ConsentEntry ConsentScope \
         SearchIdentifierType QueryElement IdentifierRequest IdentifierQueryCode FieldSource \
         ProfileField UserProfile IdentifierResponse AbusiveMessage AbuseType AbuseReport \
         PseudonymousCredential PseudonymousCredentialTBS IdentityLinkTBE UserRolePair \
         ParticipantListData UserindexRolePair ParticipantListUpdate Uri UTF8String RichDescription \
         RoomMetaData RoomMetaUpdate",
    ),
    ("mls-combiner-2026-08", "APQInfo APQInfoUpdate APQMessagePair"),
    (
        "mls-virtual-clients-2026-06",
        "PPRFNode PPRFState VirtualClientOperationType RetainedOperationSecret SecretTreeNodeState \
         SecretTreeRatchetState SecretTreeState KeyPackageDerivationInfo EmulationEpochState \
         HigherLevelGroupState NewEmulatorClientState OperationContext DerivationInfo DerivationInfoTBE \
         VirtualClientAction KeyPackageInfo KeyPackageUpload ExternalJoin RatchetType \
         PrivateMessageContext",
    ),
    (
        "mls-leaf-operation-intents-2025-09",
        "RemovalMode LeafOperationIntentTBS LeafOperationIntent LeafOperationProposal",
    ),
    (
        "mls-private-external-01",
        "RootPrivateSignature ExternalEncryptionInfoTBS ExternalEncryptionInfo PrivateExternalMessage",
    ),
    ("mimi-hub-retracted-messages-00", "MessageId HubRetractedMessagesComponent HubRetractedRangeComponent"),
    (
        "mimi-metadata-minimalization-02",
        "EncryptedIdentityLinkKey IdentityLinkExtension AddAAD ConnectionRequest ConnectionResponse",
    ),
    (
        "minimal-metadata-rooms-key-management-2025-02",
        "EncryptedIdentityLinkKey IdentityLinkKeysExtension IdentityLinkWrapperKeyExtension AddAAD",
    ),
    (
        "mimi-room-policy-04",
        "SingleSourceRoleChangeTargets Role RoleData CapabilityType RoleUpdate ClaimId Claim \
         PreAuthRoleEntry PreAuthData PreAuthUpdate BaseRoomPolicy BaseRoomData BaseRoomUpdate \
         Optionality StatusNotificationPolicy StatusNotificationPolicyData \
         StatusNotificationPolicyUpdate JoinLinkPolicy JoinLinkPolicyData JoinLinkPolicyUpdate JoinLink \
         JoinLinksUpdate LinkPreviewPolicy LinkPreviewPolicyData LinkPreviewPolicyUpdate \
         AssetUploadLocation DomainName ProviderAssetUploadDomains DownloadPrivacyType DownloadPrivacy \
         AssetPolicy AssetPolicyData AssetPolicyUpdate LoggingPolicy LoggingPolicyData \
         LoggingPolicyUpdate HistoryPolicy HistoryPolicyData HistoryPolicyUpdate Bot BotPolicy \
         BotPolicyData BotPolicyUpdate MessageExpiration MessageExpirationData MessageExpirationUpdate \
         ExtendedCapabilities PendingProposalStrategy PendingProposalPolicy MinDefaultMaxTime \
         AppMessagePolicy OperationalParameters OperationalParametersData OperationalParametersUpdate",
    ),
];

/// Not on the wire by itself: an example of the notation, and plaintexts whose message says how to
/// read them.
const NOT_REGISTERED: [&str; 3] = ["StructWithVectors", "PrivateMessageContent", "SemiPrivateMessageContent"];

#[test]
fn every_struct_of_the_drafts_is_registered() {
    let registered: BTreeSet<&str> = registry::TYPES.iter().map(|entry| entry.name).collect();
    for (draft, names) in DEFINED {
        for name in names.split_whitespace() {
            let expected = !NOT_REGISTERED.contains(&name);
            assert_eq!(registered.contains(name), expected, "{name} of {draft}");
        }
    }
}

#[test]
fn another_drafts_name_of_a_struct_stands_for_the_same_type() {
    assert_eq!(TypeId::of::<IdentityLinkKeysExtension>(), TypeId::of::<IdentityLinkKeysData>());
    assert_eq!(TypeId::of::<IdentityLinkWrapperKeyExtension>(), TypeId::of::<IdentityLinkExtension>());
}

#[test]
fn no_name_stands_for_two_types() {
    let names: BTreeSet<&str> = registry::TYPES.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), registry::TYPES.len());
}
