//! Every type that stands by itself on the wire, under its draft's name.
//!
//! [`for_each_wire_type!`](crate::for_each_wire_type) is the one list of them; tests, vectors and
//! `inspect` all go through it, so a type can't be forgotten in one of them.

use core::fmt::Debug;

use crate::{DecodeOwned, Encode};

/// Calls the macro `$callback` with every wire type: for each module its path, its specification,
/// and then the types with their sections.
///
/// ```
/// macro_rules! count {
///     ($([$module:ident] $spec:literal { $($name:ident $section:literal,)* })*) => {
///         [$($(stringify!($name),)*)*].len()
///     };
/// }
/// assert!(mimi_codec::for_each_wire_type!(count) > 100);
/// ```
#[macro_export]
macro_rules! for_each_wire_type {
    ($callback:ident) => {
        $callback! {
            [mls] "RFC 9420" {
                HPKEPublicKey "5.1.1",
                SignaturePublicKey "5.1.1",
                SignContent "5.1.2",
                EncryptContext "5.1.3",
                RefHashInput "5.2",
                HashReference "5.2",
                KeyPackageRef "5.2",
                ProposalRef "5.2",
                Certificate "5.3",
                Credential "5.3",
                ApplicationId "5.3.3",
                ContentType "6",
                SenderType "6",
                Sender "6",
                FramedContent "6",
                MLSMessage "6",
                AuthenticatedContent "6",
                MAC "6.1",
                FramedContentTBS "6.1",
                FramedContentAuthData "6.1",
                PublicMessage "6.2",
                AuthenticatedContentTBM "6.2",
                PrivateMessage "6.3",
                PrivateContentAAD "6.3.1",
                SenderData "6.3.2",
                SenderDataAAD "6.3.2",
                ParentNode "7.1",
                Capabilities "7.2",
                Lifetime "7.2",
                Extension "7.2",
                LeafNodeSource "7.2",
                LeafNode "7.2",
                LeafNodeTBS "7.2",
                HPKECiphertext "7.6",
                UpdatePathNode "7.6",
                UpdatePath "7.6",
                NodeType "7.8",
                TreeHashInput "7.8",
                LeafNodeHashInput "7.8",
                ParentNodeHashInput "7.8",
                ParentHashInput "7.9",
                KDFLabel "8",
                GroupContext "8.1",
                ConfirmedTranscriptHashInput "8.2",
                InterimTranscriptHashInput "8.2",
                PSKType "8.4",
                ResumptionPSKUsage "8.4",
                PreSharedKeyID "8.4",
                PSKLabel "8.4",
                KeyPackage "10",
                KeyPackageTBS "10",
                RequiredCapabilities "11.1",
                Proposal "12.1",
                Add "12.1.1",
                Update "12.1.2",
                Remove "12.1.3",
                PreSharedKey "12.1.4",
                ReInit "12.1.5",
                ExternalInit "12.1.6",
                GroupContextExtensions "12.1.7",
                ExternalSender "12.1.8.1",
                ExternalSenders "12.1.8.1",
                ProposalOrRefType "12.4",
                ProposalOrRef "12.4",
                Commit "12.4",
                GroupInfo "12.4.3",
                GroupInfoTBS "12.4.3",
                PathSecret "12.4.3.1",
                GroupSecrets "12.4.3.1",
                EncryptedGroupSecrets "12.4.3.1",
                Welcome "12.4.3.1",
                ExternalPub "12.4.3.2",
                Node "12.4.3.3",
                RatchetTree "12.4.3.3",
            }
            [code_points] "RFC 9420" {
                ProtocolVersion "6",
                WireFormat "6",
                CredentialType "5.3",
                ExtensionType "7.2",
                ProposalType "12.1",
                CipherSuite "17.1",
            }
            [code_points] "mls-extensions-10" {
                ComponentID "4.1",
            }
            [extensions] "mls-extensions-10" {
                ComponentOperationLabel "4.1",
                ComponentData "4.6",
                AppDataDictionary "4.6",
                AppDataUpdateOperation "4.7",
                AppDataUpdate "4.7",
                AppEphemeral "4.8",
                SafeAADItem "4.9",
                SafeAAD "4.9",
                WireFormats "5",
                ComponentsList "5",
                MessageRange "6.1",
                AppAck "6.1",
                SelfRemove "6.3.1",
            }
            [media_type] "mls-extensions-10" {
                Parameter "6.2.2",
                MediaType "6.2.2",
                MediaTypeList "6.2.2",
                ApplicationFraming "6.2.4",
            }
            [mls] "mls-extensions-10" {
                CredentialBinding "6.5",
                MultiCredential "6.5",
                WeakMultiCredential "6.5",
                CredentialBindingTBS "6.5.1",
            }
            [ratchet_tree_options] "mls-ratchet-tree-options-01" {
                RatchetTreeRepresentation "3",
                RatchetTreeOption "3",
                Domain "3.1",
                DomainList "3.1",
                RatchetTreePresence "4",
                PartialGroupInfo "4",
            }
            [semiprivate] "mls-semiprivatemessage-07" {
                ExternalReceiver "3",
                ExternalReceivers "3",
                PerMessageKeyAndNonces "3.1",
                SemiPrivateMessageContext "3.1",
                KeyForExternalReceiver "3.1",
                SemiPrivateMessage "3.1",
                SemiPrivateContentAAD "3.1",
            }
            [associated_parties] "mls-associated-parties-01" {
                AssociatedPartyEntry "3",
                AssociatedPartyEntryTBS "3",
                AssociatedParties "3",
                AddAssociatedParty "3.1",
                RemoveAssociatedParty "3.1",
                UpdateAssociatedParty "3.1",
                AssociatedPartyExportContext "4.1",
                AssociatedPartyCommitEncryptionContext "4.2",
                AssociatedPartyCommitSecret "4.2",
                AssociatedPartySecrets "6",
            }
            [protocol] "mimi-protocol-06" {
                Protocol "5",
                IdentifierUri "5.2",
                KeyMaterialRequest "5.2",
                KeyMaterialRequestTBS "5.2",
                KeyMaterialUserCode "5.2",
                KeyMaterialClientCode "5.2",
                ClientKeyMaterial "5.2",
                KeyMaterialResponse "5.2",
                HandshakeBundle "5.3",
                GroupInfoRepresentation "5.3",
                GroupInfoOption "5.3",
                UpdateRequest "5.3",
                UpdateResponseCode "5.3",
                UpdateRoomResponse "5.3",
                SubmitMessageRequest "5.4",
                SubmitResponseCode "5.4",
                Frank "5.4",
                SubmitMessageResponse "5.4",
                FrankAAD "5.4.1",
                FrankingAgentData "5.4.1",
                FrankingAgentUpdate "5.4.1",
                ServerFrankingContext "5.4.1.2",
                FrankingIntegrityTBS "5.4.1.2",
                FanoutMessage "5.5",
                GroupInfoRequestTBS "5.6",
                GroupInfoRequest "5.6",
                GroupInfoCode "5.6",
                PendingProposal "5.6",
                GroupInfoRatchetTreeTBE "5.6",
                GroupInfoResponseTBS "5.6",
                GroupInfoResponse "5.6",
                ConsentOperation "5.7",
                ConsentEntry "5.7",
                ConsentScope "5.7",
                SearchIdentifierType "5.8",
                QueryElement "5.8",
                IdentifierRequest "5.8",
                IdentifierQueryCode "5.8",
                FieldSource "5.8",
                ProfileField "5.8",
                UserProfile "5.8",
                IdentifierResponse "5.8",
                AbusiveMessage "5.9",
                AbuseType "5.9",
                AbuseReport "5.9",
                PseudonymousCredential "6.1",
                PseudonymousCredentialTBS "6.1",
                IdentityLinkTBE "6.1",
                UserRolePair "7.5",
                ParticipantListData "7.5",
                UserindexRolePair "7.5",
                ParticipantListUpdate "7.5",
                Uri "7.6",
                UTF8String "7.6",
                RichDescription "7.6",
                RoomMetaData "7.6",
                RoomMetaUpdate "7.6",
            }
            [minimal_metadata] "mimi-metadata-minimalization-02" {
                NonceAndCiphertext "3",
                EncryptedIdentityLinkKey "4",
                IdentityLinkKeysData "4",
                LeafKey "4",
                IdentityLinkKeysUpdate "4",
                IdentityLinkExtension "4.1",
                AddAAD "4.1",
                ConnectionRequest "5",
                ConnectionResponse "5",
            }
            [minimal_metadata] "minimal-metadata-rooms-key-management-2025-02" {
                IdentityLinkKeysExtension "1.2",
                IdentityLinkWrapperKeyExtension "1.3",
            }
            [retraction] "mimi-hub-retracted-messages-00" {
                HubRetractedMessagesComponent "3.1",
                HubRetractedRangeComponent "3.2",
            }
            [apq] "mls-combiner-2026-08" {
                APQInfo "5.1",
                APQInfoUpdate "5.1.1",
                APQMessagePair "6",
            }
            [virtual_clients] "mls-virtual-clients-2026-06" {
                PPRFNode "5.1.2",
                PPRFState "5.1.2",
                VirtualClientOperationType "5.1.2",
                RetainedOperationSecret "5.1.2",
                SecretTreeNodeState "5.1.2",
                SecretTreeRatchetState "5.1.2",
                SecretTreeState "5.1.2",
                KeyPackageDerivationInfo "5.1.2",
                EmulationEpochState "5.1.2",
                HigherLevelGroupState "5.1.2",
                NewEmulatorClientState "5.1.2",
                OperationContext "6.2",
                DerivationInfo "6.3",
                DerivationInfoTBE "6.3",
                VirtualClientAction "6.4",
                KeyPackageInfo "6.4.1",
                KeyPackageUpload "6.4.1",
                ExternalJoin "6.4.2",
                RatchetType "6.5.3",
                PrivateMessageContext "6.5.3",
            }
            [leaf_operation] "mls-leaf-operation-intents-2025-09" {
                RemovalMode "2",
                LeafOperationIntentTBS "2",
                LeafOperationIntent "2",
                LeafOperationProposal "2",
            }
            [private_external] "mls-private-external-01" {
                RootPrivateSignature "3.2",
                ExternalEncryptionInfoTBS "3.2",
                ExternalEncryptionInfo "3.2",
                PrivateExternalMessage "3.3",
            }
            [retraction] "mimi-msgid-aad-02" {
                MessageId "3",
            }
            [room_policy] "mimi-room-policy-04" {
                CapabilityType "3",
                SingleSourceRoleChangeTargets "3",
                Role "3",
                RoleData "3",
                RoleUpdate "3",
                ClaimId "4",
                Claim "4",
                PreAuthRoleEntry "4",
                PreAuthData "4",
                PreAuthUpdate "4",
                BaseRoomPolicy "5",
                BaseRoomData "5",
                BaseRoomUpdate "5",
                Optionality "6.1",
                StatusNotificationPolicy "6.1",
                StatusNotificationPolicyData "6.1",
                StatusNotificationPolicyUpdate "6.1",
                JoinLinkPolicy "6.2",
                JoinLinkPolicyData "6.2",
                JoinLinkPolicyUpdate "6.2",
                JoinLink "6.2",
                JoinLinksData "6.2",
                JoinLinksUpdate "6.2",
                LinkPreviewPolicy "6.3",
                LinkPreviewPolicyData "6.3",
                LinkPreviewPolicyUpdate "6.3",
                AssetUploadLocation "6.4",
                DomainName "6.4",
                ProviderAssetUploadDomains "6.4",
                DownloadPrivacyType "6.4",
                DownloadPrivacy "6.4",
                AssetPolicy "6.4",
                AssetPolicyData "6.4",
                AssetPolicyUpdate "6.4",
                LoggingPolicy "6.5",
                LoggingPolicyData "6.5",
                LoggingPolicyUpdate "6.5",
                HistoryPolicy "6.6",
                HistoryPolicyData "6.6",
                HistoryPolicyUpdate "6.6",
                Bot "6.7",
                BotPolicy "6.7",
                BotPolicyData "6.7",
                BotPolicyUpdate "6.7",
                MessageExpiration "6.8",
                MessageExpirationData "6.8",
                MessageExpirationUpdate "6.8",
                ExtendedCapabilities "7.1",
                PendingProposalStrategy "7.1",
                PendingProposalPolicy "7.1",
                MinDefaultMaxTime "7.1",
                AppMessagePolicy "7.1",
                OperationalParameters "7.1",
                OperationalParametersData "7.1",
                OperationalParametersUpdate "7.1",
            }
        }
    };
}

/// What every registered type can do.
pub trait WireType:
    DecodeOwned
    + Encode
    + tls_codec::Size
    + tls_codec::SerializeBytes
    + tls_codec::DeserializeBytes
    + Clone
    + Debug
    + PartialEq
    + MaybeSerde
    + MaybeArbitrary
{
}

impl<T> WireType for T where
    T: DecodeOwned
        + Encode
        + tls_codec::Size
        + tls_codec::SerializeBytes
        + tls_codec::DeserializeBytes
        + Clone
        + Debug
        + PartialEq
        + MaybeSerde
        + MaybeArbitrary
{
}

/// `serde::Serialize` and `DeserializeOwned` where the feature `serde` is on; nothing otherwise.
#[cfg(feature = "serde")]
pub trait MaybeSerde: serde::Serialize + serde::de::DeserializeOwned {}
#[cfg(feature = "serde")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> MaybeSerde for T {}

/// `serde::Serialize` and `DeserializeOwned` where the feature `serde` is on; nothing otherwise.
#[cfg(not(feature = "serde"))]
pub trait MaybeSerde {}
#[cfg(not(feature = "serde"))]
impl<T> MaybeSerde for T {}

/// `arbitrary::Arbitrary` where the feature `arbitrary` is on; nothing otherwise.
#[cfg(feature = "arbitrary")]
pub trait MaybeArbitrary: for<'u> arbitrary::Arbitrary<'u> {}
#[cfg(feature = "arbitrary")]
impl<T: for<'u> arbitrary::Arbitrary<'u>> MaybeArbitrary for T {}

/// `arbitrary::Arbitrary` where the feature `arbitrary` is on; nothing otherwise.
#[cfg(not(feature = "arbitrary"))]
pub trait MaybeArbitrary {}
#[cfg(not(feature = "arbitrary"))]
impl<T> MaybeArbitrary for T {}

/// A registered type's name and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryEntry {
    /// The struct's name in its draft.
    pub name: &'static str,
    /// The draft or RFC.
    pub spec: &'static str,
    /// Its section.
    pub section: &'static str,
}

/// What to do with a type that is known by name only.
pub trait Visitor {
    /// What comes out of it.
    type Output;

    /// Does it with the type `T`.
    fn visit<T: WireType>(self) -> Self::Output;
}

macro_rules! define {
    ($([$module:ident] $spec:literal { $($name:ident $section:literal,)* })*) => {
        /// Every registered type: all structs and enums of the drafts.
        ///
        /// | struct | draft | section | done |
        /// |---|---|---|---|
        $($(
            #[doc = concat!(
                "| [`", stringify!($name), "`](crate::", stringify!($module), "::", stringify!($name), ") | ",
                $spec, " | ", $section, " | yes |",
            )]
        )*)*
        /// | [`PrivateMessageContent`](crate::mls::PrivateMessageContent) | RFC 9420 | 6.3.1 | yes; the message around it says how to read it |
        /// | [`SemiPrivateMessageContent`](crate::semiprivate::SemiPrivateMessageContent) | mls-semiprivatemessage-07 | 3.1 | yes; likewise |
        /// | `bool` | mimi-room-policy-04 | 5 | yes, as Rust's |
        pub const TYPES: &[RegistryEntry] = &[
            $($(RegistryEntry { name: stringify!($name), spec: $spec, section: $section },)*)*
        ];

        /// Does with the type `name` what the visitor does; `None` for a name that isn't
        /// registered.
        ///
        /// ```
        /// use mimi_codec::{Decode, DecodeError, Encode, registry};
        ///
        /// struct Check<'a>(&'a [u8]);
        ///
        /// impl registry::Visitor for Check<'_> {
        ///     type Output = Result<(), DecodeError>;
        ///     fn visit<T: registry::WireType>(self) -> Self::Output {
        ///         let value = T::decode_exact(self.0)?;
        ///         assert_eq!(value.to_bytes().as_deref(), Ok(self.0));
        ///         Ok(())
        ///     }
        /// }
        ///
        /// assert_eq!(registry::visit("HPKECiphertext", Check(b"\x01a\x01b")), Some(Ok(())));
        /// assert!(matches!(registry::visit("HPKECiphertext", Check(b"\x01a")), Some(Err(_))));
        /// assert_eq!(registry::visit("NoSuchStruct", Check(b"")), None);
        /// ```
        pub fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Output> {
            match name {
                $($(stringify!($name) => Some(visitor.visit::<crate::$module::$name>()),)*)*
                _ => None,
            }
        }
    };
}

for_each_wire_type!(define);
