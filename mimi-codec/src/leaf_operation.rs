//! mls-leaf-operation-intents (September 2025): a client's intent to leave that outlives an epoch.

use alloc::vec::Vec;

use crate::{
    Opaque,
    convention::{wire_enum, wire_struct},
    mls::HashReference,
};

wire_enum! {
    /// Which members an intent removes (mls-leaf-operation-intents §2).
    pub enum RemovalMode {
        /// The sender of the intent.
        1 "sender_removal_only" => SenderRemovalOnly,
        /// The sender and the members that the authentication service associates with it, such as
        /// the other clients of its user.
        2 "remove_associated_members" => RemoveAssociatedMembers,
    }
}

wire_struct! {
    /// What a [`LeafOperationIntent`] signs (mls-leaf-operation-intents §2).
    ///
    /// ```text
    /// struct {
    ///   opaque group_id<V>;
    ///   uint32 sender_index;
    ///   LeafNodeRef sender_leaf_ref;
    ///   RemovalMode removal_mode;
    /// } LeafOperationIntentTBS
    /// ```
    pub struct LeafOperationIntentTBS {
        /// The group.
        pub group_id: Opaque,
        /// The leaf index of the sender.
        pub sender_index: u32,
        /// The hash of the sender's LeafNode.
        pub sender_leaf_ref: HashReference,
        /// Which members leave.
        pub removal_mode: RemovalMode,
    }
}

wire_struct! {
    /// The intent of a client to leave a group (mls-leaf-operation-intents §2). It holds in every
    /// epoch in which the client's leaf is unchanged.
    ///
    /// ```text
    /// struct {
    ///   opaque group_id<V>;
    ///   uint32 sender_index;
    ///   LeafNodeRef sender_leaf_ref;
    ///   RemovalMode removal_mode;
    ///   /* SignWithLabel(., "LeafOperationIntentTBS", LeafOperationIntentTBS) */
    ///   opaque signature<V>;
    /// } LeafOperationIntent
    /// ```
    pub struct LeafOperationIntent {
        /// The group.
        pub group_id: Opaque,
        /// The leaf index of the sender.
        pub sender_index: u32,
        /// The hash of the sender's LeafNode.
        pub sender_leaf_ref: HashReference,
        /// Which members leave.
        pub removal_mode: RemovalMode,
        /// By the signature key in the sender's leaf, over a [`LeafOperationIntentTBS`].
        pub signature: Opaque,
    }
}

impl LeafOperationIntent {
    /// What `signature` covers.
    #[must_use]
    pub fn tbs(&self) -> LeafOperationIntentTBS {
        LeafOperationIntentTBS {
            group_id: self.group_id.clone(),
            sender_index: self.sender_index,
            sender_leaf_ref: self.sender_leaf_ref.clone(),
            removal_mode: self.removal_mode,
        }
    }
}

wire_struct! {
    /// Proposes what an intent asks for (mls-leaf-operation-intents §2). The draft's proposal type
    /// `leaf_operation_intent` has no number yet.
    ///
    /// ```text
    /// struct {
    ///   LeafOperationIntent intent;
    /// } LeafOperationProposal
    /// ```
    pub struct LeafOperationProposal {
        /// The intent.
        pub intent: LeafOperationIntent,
    }
}
