//! `POST /groupInfo/{roomId}`: what a client needs to join without being added (mimi-protocol-06
//! §5.6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{ProposalMessage, Protocol, TreelessGroupInfo};
use crate::{
    Opaque,
    code_points::CipherSuite,
    convention::{open_registry, wire_select, wire_struct},
    mls::{Credential, ExternalSender, HPKECiphertext, HPKEPublicKey, SignaturePublicKey},
    ratchet_tree_options::RatchetTreeOption,
};

wire_struct! {
    /// What is signed of a [`GroupInfoRequest`]: all but the signature (mimi-protocol-06 §5.6).
    ///
    /// Neither the room nor the time is in it: an observer of a request can send it again, to
    /// another room, too. Only that the answer is sealed to `group_info_public_key` protects it.
    ///
    /// ```text
    /// struct {
    ///   Protocol protocol;
    ///   select (protocol) {
    ///     case mls10:
    ///       CipherSuite cipher_suite;
    ///       SignaturePublicKey requestingSignatureKey;
    ///       Credential requestingCredential;
    ///       HPKEPublicKey groupInfoPublicKey;
    ///       optional opaque joiningCode<V>;
    ///   };
    /// } GroupInfoRequestTBS;
    /// ```
    pub struct GroupInfoRequestTBS {
        /// The end-to-end protocol.
        pub protocol: Protocol,
        /// The suite of the request's and the response's signature and of the sealing.
        pub cipher_suite: CipherSuite,
        /// The key that verifies the signature.
        pub requesting_signature_key: SignaturePublicKey,
        /// Whose key that is.
        pub requesting_credential: Credential,
        /// The key to seal the answer to.
        pub group_info_public_key: HPKEPublicKey,
        /// A code that proves permission, if the requester has one.
        pub joining_code: Option<Opaque>,
    }
}

wire_struct! {
    /// A request for a room's GroupInfo (mimi-protocol-06 §5.6). The joining code is an optional,
    /// as in the TBS.
    ///
    /// ```text
    /// struct {
    ///   Protocol protocol;
    ///   select (protocol) {
    ///     case mls10:
    ///       CipherSuite cipher_suite;
    ///       SignaturePublicKey requestingSignatureKey;
    ///       Credential requestingCredential;
    ///       HPKEPublicKey groupInfoPublicKey;
    ///       opaque joiningCode<V>;
    ///       opaque signature<V>;
    ///   };
    /// } GroupInfoRequest;
    /// ```
    pub struct GroupInfoRequest {
        /// The end-to-end protocol.
        pub protocol: Protocol,
        /// The suite of the request's and the response's signature and of the sealing.
        pub cipher_suite: CipherSuite,
        /// The key that verifies the signature.
        pub requesting_signature_key: SignaturePublicKey,
        /// Whose key that is.
        pub requesting_credential: Credential,
        /// The key to seal the answer to.
        pub group_info_public_key: HPKEPublicKey,
        /// A code that proves permission, if the requester has one.
        pub joining_code: Option<Opaque>,
        /// The signature over [`GroupInfoRequestTBS`], label `GroupInfoRequestTBS`.
        pub signature: Opaque,
    }
}

impl GroupInfoRequest {
    /// What [`Self::signature`] signs.
    #[must_use]
    pub fn tbs(&self) -> GroupInfoRequestTBS {
        GroupInfoRequestTBS {
            protocol: self.protocol,
            cipher_suite: self.cipher_suite,
            requesting_signature_key: self.requesting_signature_key.clone(),
            requesting_credential: self.requesting_credential.clone(),
            group_info_public_key: self.group_info_public_key.clone(),
            joining_code: self.joining_code.clone(),
        }
    }
}

impl GroupInfoRequestTBS {
    /// The request, once it is signed.
    #[must_use]
    pub fn with_signature(self, signature: Opaque) -> GroupInfoRequest {
        GroupInfoRequest {
            protocol: self.protocol,
            cipher_suite: self.cipher_suite,
            requesting_signature_key: self.requesting_signature_key,
            requesting_credential: self.requesting_credential,
            group_info_public_key: self.group_info_public_key,
            joining_code: self.joining_code,
            signature,
        }
    }
}

open_registry! {
    /// What became of a [`GroupInfoRequest`] (mimi-protocol-06 §5.6). Unlisted values are kept;
    /// they have no body.
    pub struct GroupInfoCode(u8) {
        /// GroupInfo and ratchet tree are in the answer.
        1 "success" => SUCCESS,
        /// The requester may not have them, or the hub wants to say no more.
        2 "notAuthorized" => NOT_AUTHORIZED,
        /// There is no such room.
        3 "noSuchRoom" => NO_SUCH_ROOM,
    }
}

wire_struct! {
    /// A proposal that the hub has accepted and no commit has taken up yet (mimi-protocol-06 §5.6).
    ///
    /// ```text
    /// struct {
    ///     MLSMessage proposal;
    ///     uint64 hub_accepted_time;
    /// } PendingProposal;
    /// ```
    pub struct PendingProposal {
        /// The proposal.
        pub proposal: ProposalMessage,
        /// When the hub accepted it, in milliseconds since the UNIX epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub hub_accepted_time: u64,
    }
}

wire_struct! {
    /// What is sealed in a [`GroupInfoResponse`] (mimi-protocol-06 §5.6): by `EncryptWithLabel`
    /// with the label `GroupInfo and ratchet_tree encryption` and the bytes of the room's
    /// identifier as context.
    ///
    /// ```text
    /// struct {
    ///   GroupInfo groupInfo;   /* without embedded ratchet_tree */
    ///   RatchetTreeOption ratchetTreeOption;
    ///   PendingProposal pending_proposals<V>;
    /// } GroupInfoRatchetTreeTBE;
    /// ```
    pub struct GroupInfoRatchetTreeTBE {
        /// The GroupInfo, without a ratchet_tree extension.
        pub group_info: TreelessGroupInfo,
        /// The ratchet tree, or where it is.
        pub ratchet_tree_option: RatchetTreeOption,
        /// The epoch's proposals that no commit has taken up yet.
        pub pending_proposals: Vec<PendingProposal>,
    }
}

wire_select! {
    /// A [`GroupInfoCode`] and what comes with it.
    pub enum GroupInfoAnswer: open GroupInfoCode inline {
        /// GroupInfo and ratchet tree are here.
        1 "success" => Success {
            /// The suite of the signature and the sealing, that of the request.
            cipher_suite: CipherSuite,
            /// The hub, as the group's external_senders lists it.
            hub_sender: Box<ExternalSender>,
            /// The sealed [`GroupInfoRatchetTreeTBE`].
            encrypted_groupinfo_and_tree: HPKECiphertext,
            /// The hub's signature over [`GroupInfoResponseTBS`], label `GroupInfoResponseTBS`.
            signature: Opaque,
        },
        /// The requester may not have them, or the hub wants to say no more.
        2 "notAuthorized" => NotAuthorized {},
        /// There is no such room.
        3 "noSuchRoom" => NoSuchRoom {},
    } else {
        /// The code. Its body is empty: the draft's `default: struct{}`.
        code
    }
}

wire_struct! {
    /// The answer to a [`GroupInfoRequest`] (mimi-protocol-06 §5.6). It carries a body for
    /// `success` only.
    ///
    /// ```text
    /// struct {
    ///   Protocol version;
    ///   opaque room_id<V>;
    ///   GroupInfoCode status;
    ///   select (status) {
    ///     case success:
    ///       select (protocol) {
    ///         case mls10:
    ///           CipherSuite cipher_suite;
    ///           ExternalSender hub_sender;
    ///           HPKECiphertext encrypted_groupinfo_and_tree;
    ///           opaque signature<V>;
    ///       };
    ///     default: struct{};
    ///   };
    /// } GroupInfoResponse;
    /// ```
    pub struct GroupInfoResponse {
        /// The end-to-end protocol.
        pub version: Protocol,
        /// The room.
        pub room_id: Opaque,
        /// The code, and what comes with it.
        pub status: GroupInfoAnswer,
    }
}

wire_struct! {
    /// What the hub signs of a [`GroupInfoResponse`] (mimi-protocol-06 §5.6). It exists for
    /// `success` only.
    ///
    /// ```text
    /// struct {
    ///   Protocol version;
    ///   opaque room_id<V>;
    ///   GroupInfoCode status;
    ///   select (protocol) {
    ///     case mls10:
    ///       CipherSuite cipher_suite;
    ///       ExternalSender hub_sender;
    ///       HPKECiphertext encrypted_groupinfo_and_tree;
    ///   };
    /// } GroupInfoResponseTBS;
    /// ```
    pub struct GroupInfoResponseTBS {
        /// The end-to-end protocol.
        version: Protocol,
        /// The room.
        room_id: Opaque,
        /// `success`.
        status: GroupInfoCode,
        /// The suite of the signature and the sealing.
        cipher_suite: CipherSuite,
        /// The hub.
        hub_sender: ExternalSender,
        /// The sealed [`GroupInfoRatchetTreeTBE`].
        encrypted_groupinfo_and_tree: HPKECiphertext,
    } check GroupInfoResponseTBS::check, repair GroupInfoResponseTBS::repair
}

impl GroupInfoResponseTBS {
    fn check(&self) -> Result<(), crate::InvalidValueError> {
        if self.status == GroupInfoCode::SUCCESS {
            return Ok(());
        }
        let value = self.status.value().into();
        let kind = crate::DecodeErrorKind::ForbiddenValue { name: "GroupInfoCode", value };
        Err(crate::InvalidValueError::field("status", kind))
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        self.status = GroupInfoCode::SUCCESS;
    }

    /// The response, once it is signed.
    #[must_use]
    pub fn with_signature(self, signature: Opaque) -> GroupInfoResponse {
        GroupInfoResponse {
            version: self.version,
            room_id: self.room_id,
            status: GroupInfoAnswer::Success {
                cipher_suite: self.cipher_suite,
                hub_sender: Box::new(self.hub_sender),
                encrypted_groupinfo_and_tree: self.encrypted_groupinfo_and_tree,
                signature,
            },
        }
    }
}

impl GroupInfoResponse {
    /// What the hub's signature signs; `None` unless the code is `success`.
    #[must_use]
    pub fn tbs(&self) -> Option<GroupInfoResponseTBS> {
        match &self.status {
            GroupInfoAnswer::Success { cipher_suite, hub_sender, encrypted_groupinfo_and_tree, .. } => {
                Some(GroupInfoResponseTBS {
                    version: self.version,
                    room_id: self.room_id.clone(),
                    status: GroupInfoCode::SUCCESS,
                    cipher_suite: *cipher_suite,
                    hub_sender: (**hub_sender).clone(),
                    encrypted_groupinfo_and_tree: encrypted_groupinfo_and_tree.clone(),
                })
            }
            _ => None,
        }
    }
}
