//! mls-virtual-clients (June 2026): several clients that act as one member of a group.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::{
    DecodeErrorKind, InvalidValueError, List, ListRule, Opaque, SecretOpaque,
    convention::{wire_enum, wire_select, wire_struct},
    mls::KeyPackageRef,
};

wire_struct! {
    /// A retained subtree of a punctured PRF (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   uint8 prefix_length;
    ///   opaque prefix<V>;
    ///   opaque node_secret<V>;
    /// } PPRFNode;
    /// ```
    pub struct PPRFNode {
        /// The number of bits of the node's path, 0 for the root.
        prefix_length: u8,
        /// Those bits, the most significant first; unused bits of the last byte are 0.
        prefix: Opaque,
        /// The secret of the node.
        node_secret: SecretOpaque,
    } check PPRFNode::check, repair PPRFNode::repair
}

impl PPRFNode {
    fn check(&self) -> Result<(), InvalidValueError> {
        let invalid = |rule| InvalidValueError::field("prefix", DecodeErrorKind::Rule(rule));
        if self.prefix.len() != usize::from(self.prefix_length.div_ceil(8)) {
            return Err(invalid("the prefix has another length than prefix_length says"));
        }
        let used = self.prefix_length.checked_rem(8).unwrap_or(0);
        let unused = if used == 0 { 0 } else { 0xff_u8 >> used };
        match self.prefix.last() {
            Some(last) if last & unused != 0 => Err(invalid("an unused bit of the prefix is not 0")),
            _ => Ok(()),
        }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        let mut prefix = self.prefix.to_vec();
        prefix.resize(usize::from(self.prefix_length.div_ceil(8)), 0);
        let used = self.prefix_length % 8;
        if let Some(last) = prefix.last_mut().filter(|_| used != 0) {
            *last &= !(0xff_u8 >> used);
        }
        self.prefix = prefix.into();
    }

    /// Whether the path of this node is a prefix of the other's.
    fn is_prefix_of(&self, other: &Self) -> bool {
        let whole = usize::from(self.prefix_length / 8);
        let bits = self.prefix_length % 8;
        let mask = !(0xff_u8.checked_shr(bits.into()).unwrap_or(0));
        let last = |node: &Self| node.prefix.get(whole).map_or(0, |byte| byte & mask);
        self.prefix_length <= other.prefix_length
            && self.prefix.get(..whole) == other.prefix.get(..whole)
            && (bits == 0 || last(self) == last(other))
    }
}

/// Nodes ascend by their paths, and no path is a prefix of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrefixFree {}

impl ListRule<PPRFNode> for PrefixFree {
    /// The node before.
    type State = Option<PPRFNode>;

    fn admit(last: &mut Self::State, node: &PPRFNode) -> Result<(), DecodeErrorKind> {
        if let Some(last) = last {
            if last.is_prefix_of(node) {
                return Err(DecodeErrorKind::Rule("the path of a node is a prefix of the next node's"));
            }
            if last.prefix.as_slice().cmp(node.prefix.as_slice()) != Ordering::Less {
                return Err(DecodeErrorKind::NotAscending);
            }
        }
        *last = Some(node.clone());
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(nodes: &mut Vec<PPRFNode>) {
        nodes.sort_by(|a, b| {
            (a.prefix.as_slice(), a.prefix_length).cmp(&(b.prefix.as_slice(), b.prefix_length))
        });
        let mut last = None;
        nodes.retain(|node| Self::admit(&mut last, node).is_ok());
    }
}

impl crate::list::AllowsEmpty for PrefixFree {}

wire_struct! {
    /// A punctured PRF over a binary tree (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   PPRFNode nodes<V>;
    /// } PPRFState;
    /// ```
    #[derive(Default)]
    pub struct PPRFState {
        /// The roots of the retained subtrees.
        pub nodes: List<PPRFNode, PrefixFree>,
    }
}

wire_enum! {
    /// What an operation secret is for (mls-virtual-clients §5.1.2).
    pub enum VirtualClientOperationType {
        /// A KeyPackage with its LeafNode.
        1 "key_package" => KeyPackage,
        /// A LeafNode of an Update proposal, a commit or an external commit.
        2 "leaf_node" => LeafNode,
        /// What the application derives.
        3 "application" => Application,
    }
}

wire_struct! {
    /// An operation secret whose keys are still in use (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   opaque epoch_id<V>;
    ///   VirtualClientOperationType operation_type;
    ///   uint32 leaf_index;
    ///   uint32 generation;
    ///   opaque operation_context<V>;
    ///   opaque operation_secret<V>;
    /// } RetainedOperationSecret;
    /// ```
    pub struct RetainedOperationSecret {
        /// The epoch of the emulation group.
        pub epoch_id: Opaque,
        /// What the secret is for.
        pub operation_type: VirtualClientOperationType,
        /// The leaf of the emulator client.
        pub leaf_index: u32,
        /// The generation of its ratchet.
        pub generation: u32,
        /// The operation context: empty for a KeyPackage, the group ID for a LeafNode.
        pub operation_context: Opaque,
        /// The secret.
        pub operation_secret: SecretOpaque,
    }
}

wire_struct! {
    /// A tree node's secret that is not expanded yet (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   uint32 node_index;
    ///   opaque node_secret<V>;
    /// } SecretTreeNodeState;
    /// ```
    pub struct SecretTreeNodeState {
        /// The node's index (RFC 9420 §7.9).
        pub node_index: u32,
        /// Its secret.
        pub node_secret: SecretOpaque,
    }
}

wire_select! {
    /// Which ratchet of a leaf it is (mls-virtual-clients §5.1.2).
    pub enum SecretTreeRatchet: u8 "SecretTreeRatchetType" inline {
        /// For application messages.
        1 "application" => Application {},
        /// For handshakes.
        2 "handshake" => Handshake {},
        /// For operations of a virtual client.
        3 "operation" => Operation {
            /// What the secrets are for.
            operation_type: VirtualClientOperationType,
        },
    }
}

wire_struct! {
    /// The state of one ratchet of a leaf (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   uint32 leaf_index;
    ///   SecretTreeRatchetType ratchet_type;
    ///   select (SecretTreeRatchetState.ratchet_type) {
    ///     case application:
    ///       struct{};
    ///     case handshake:
    ///       struct{};
    ///     case operation:
    ///       VirtualClientOperationType operation_type;
    ///   };
    ///   uint32 generation;
    ///   opaque next_secret<V>;
    /// } SecretTreeRatchetState;
    /// ```
    pub struct SecretTreeRatchetState {
        /// The leaf.
        pub leaf_index: u32,
        /// `ratchet_type` and its arm.
        pub ratchet: SecretTreeRatchet,
        /// The generation whose secret comes next.
        pub generation: u32,
        /// The ratchet secret from which that secret is derived.
        pub next_secret: SecretOpaque,
    }
}

wire_struct! {
    /// The state of a secret tree (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   SecretTreeNodeState node_secrets<V>;
    ///   SecretTreeRatchetState ratchet_states<V>;
    /// } SecretTreeState;
    /// ```
    #[derive(Default)]
    pub struct SecretTreeState {
        /// The secrets of nodes that are not expanded.
        pub node_secrets: Vec<SecretTreeNodeState>,
        /// The ratchets of leaves that are.
        pub ratchet_states: Vec<SecretTreeRatchetState>,
    }
}

wire_struct! {
    /// From which operation a KeyPackage was made (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   KeyPackageRef key_package_ref;
    ///   opaque epoch_id<V>;
    ///   uint32 leaf_index;
    ///   uint32 generation;
    /// } KeyPackageDerivationInfo;
    /// ```
    pub struct KeyPackageDerivationInfo {
        /// The KeyPackage.
        pub key_package_ref: KeyPackageRef,
        /// The epoch of the emulation group.
        pub epoch_id: Opaque,
        /// The leaf of the emulator client that made it.
        pub leaf_index: u32,
        /// The generation of its ratchet for KeyPackages.
        pub generation: u32,
    }
}

wire_struct! {
    /// The state of an earlier epoch of the emulation group (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   opaque epoch_id<V>;
    ///   SecretTreeState operation_secret_tree;
    ///   opaque epoch_encryption_key<V>;
    ///   opaque generation_id_secret<V>;
    ///   opaque reuse_guard_secret<V>;
    /// } EmulationEpochState;
    /// ```
    pub struct EmulationEpochState {
        /// The epoch.
        pub epoch_id: Opaque,
        /// What is left of its tree of operation secrets.
        pub operation_secret_tree: SecretTreeState,
        /// Seals [`DerivationInfoTBE`]s.
        pub epoch_encryption_key: SecretOpaque,
        /// Generation IDs are derived from it.
        pub generation_id_secret: SecretOpaque,
        /// Reuse guards are derived from it.
        pub reuse_guard_secret: SecretOpaque,
    }
}

wire_select! {
    /// How a new emulator client comes into a group (mls-virtual-clients §5.1.2).
    #[allow(clippy::large_enum_variant, reason = "the fields stand in the select, as in the draft")]
    pub enum HigherLevelGroupStateBody: u8 "HigherLevelGroupStateType" inline {
        /// By the state of the virtual client's membership.
        1 "state_transfer" => StateTransfer {
            /// `init_secret` of the epoch (RFC 9420 §8).
            init_secret: SecretOpaque,
            /// `sender_data_secret`.
            sender_data_secret: SecretOpaque,
            /// `exporter_secret`.
            exporter_secret: SecretOpaque,
            /// `external_secret`.
            external_secret: SecretOpaque,
            /// `confirmation_key`.
            confirmation_key: SecretOpaque,
            /// `membership_key`.
            membership_key: SecretOpaque,
            /// `resumption_psk`.
            resumption_psk: SecretOpaque,
            /// `epoch_authenticator`.
            epoch_authenticator: Opaque,
            /// The group's secret tree.
            secret_tree: SecretTreeState,
            /// The group's exporter tree (mls-extensions-10 §4.4); empty if the group has none.
            safe_exporter_tree: PPRFState,
            /// The HPKE private keys of the nodes that are not blank on the filtered direct path of
            /// the virtual client's leaf, from its parent to the root.
            direct_path_private_keys: Vec<SecretOpaque>,
        },
        /// By an external commit of its own.
        2 "external_commit" => ExternalCommit {},
    }
}

wire_struct! {
    /// A group of the virtual client (mls-virtual-clients §5.1.2).
    ///
    /// ```text
    /// struct {
    ///   opaque group_id<V>;
    ///   HigherLevelGroupStateType state_type;
    ///   select (HigherLevelGroupState.state_type) { … };
    /// } HigherLevelGroupState;
    /// ```
    pub struct HigherLevelGroupState {
        /// The group.
        pub group_id: Opaque,
        /// `state_type` and its arm.
        pub state: HigherLevelGroupStateBody,
    }
}

wire_struct! {
    /// All that a new emulator client needs (mls-virtual-clients §5.1.2): the data of the component
    /// `virtual_clients` in the GroupInfo of a Welcome to the emulation group.
    ///
    /// ```text
    /// struct {
    ///   opaque signing_key_material<V>;
    ///   KeyPackageDerivationInfo active_key_packages<V>;
    ///   RetainedOperationSecret retained_operation_secrets<V>;
    ///   EmulationEpochState past_emulation_epochs<V>;
    ///   HigherLevelGroupState higher_level_groups<V>;
    /// } NewEmulatorClientState;
    /// ```
    pub struct NewEmulatorClientState {
        /// What the application needs to have the signature keys.
        pub signing_key_material: SecretOpaque,
        /// The KeyPackages that are out.
        pub active_key_packages: Vec<KeyPackageDerivationInfo>,
        /// Operation secrets whose keys are in use.
        pub retained_operation_secrets: Vec<RetainedOperationSecret>,
        /// Earlier epochs that are referred to.
        pub past_emulation_epochs: Vec<EmulationEpochState>,
        /// The groups of the virtual client.
        pub higher_level_groups: Vec<HigherLevelGroupState>,
    }
}

wire_struct! {
    /// What an operation secret is bound to (mls-virtual-clients §6.2).
    ///
    /// ```text
    /// struct {
    ///   opaque epoch_id<V>;
    ///   uint32 leaf_index;
    ///   uint32 generation;
    ///   VirtualClientOperationType operation_type;
    ///   opaque operation_context<V>;
    /// } OperationContext
    /// ```
    pub struct OperationContext {
        /// The epoch of the emulation group.
        pub epoch_id: Opaque,
        /// The leaf of the emulator client.
        pub leaf_index: u32,
        /// The generation of its ratchet.
        pub generation: u32,
        /// What the secret is for.
        pub operation_type: VirtualClientOperationType,
        /// Empty for a KeyPackage, the group ID for a LeafNode.
        pub operation_context: Opaque,
    }
}

wire_struct! {
    /// From which operation a LeafNode was made (mls-virtual-clients §6.3): the data of the
    /// component `virtual_clients` in the LeafNode.
    ///
    /// ```text
    /// struct {
    ///   opaque epoch_id<V>;
    ///   opaque ciphertext<V>;
    /// } DerivationInfo
    /// ```
    pub struct DerivationInfo {
        /// The epoch of the emulation group.
        pub epoch_id: Opaque,
        /// A sealed [`DerivationInfoTBE`].
        pub ciphertext: Opaque,
    }
}

wire_struct! {
    /// What a [`DerivationInfo`] seals (mls-virtual-clients §6.3).
    ///
    /// ```text
    /// struct {
    ///   uint32 leaf_index;
    ///   uint32 generation;
    /// } DerivationInfoTBE
    /// ```
    pub struct DerivationInfoTBE {
        /// The leaf of the emulator client.
        pub leaf_index: u32,
        /// The generation of its ratchet.
        pub generation: u32,
    }
}

wire_struct! {
    /// A new KeyPackage of the virtual client (mls-virtual-clients §6.4.1).
    ///
    /// ```text
    /// struct {
    ///   KeyPackageRef key_package_ref;
    ///   uint32 generation;
    /// } KeyPackageInfo
    /// ```
    pub struct KeyPackageInfo {
        /// The KeyPackage.
        pub key_package_ref: KeyPackageRef,
        /// The generation of the ratchet for KeyPackages.
        pub generation: u32,
    }
}

wire_struct! {
    /// New KeyPackages of the virtual client (mls-virtual-clients §6.4.1).
    ///
    /// ```text
    /// struct {
    ///   opaque epoch_id<V>;
    ///   uint32 leaf_index;
    ///   KeyPackageInfo key_package_info<V>;
    /// } KeyPackageUpload
    /// ```
    pub struct KeyPackageUpload {
        /// The epoch of the emulation group.
        pub epoch_id: Opaque,
        /// The leaf of the emulator client that made them.
        pub leaf_index: u32,
        /// The KeyPackages.
        pub key_package_info: Vec<KeyPackageInfo>,
    }
}

wire_struct! {
    /// The virtual client is about to join a group from outside (mls-virtual-clients §6.4.2).
    ///
    /// ```text
    /// struct {
    ///   opaque group_id<V>;
    /// } ExternalJoin
    /// ```
    pub struct ExternalJoin {
        /// The group.
        pub group_id: Opaque,
    }
}

wire_select! {
    /// What an emulator client does with the virtual client (mls-virtual-clients §6.4): the SafeAAD
    /// item `virtual_clients` of a commit in the emulation group.
    ///
    /// ```text
    /// struct {
    ///   ActionType action_type;
    ///   select (VirtualClientAction.action_type) {
    ///     case key_package_upload:
    ///       KeyPackageUpload key_package_upload;
    ///     case external_join:
    ///       ExternalJoin external_join;
    ///   };
    /// } VirtualClientAction;
    /// ```
    pub enum VirtualClientAction: u8 "ActionType" {
        /// It has made KeyPackages.
        1 "key_package_upload" => KeyPackageUpload {
            /// Which.
            key_package_upload: KeyPackageUpload,
        },
        /// It joins a group.
        2 "external_join" => ExternalJoin {
            /// Which.
            external_join: ExternalJoin,
        },
    }
}

wire_enum! {
    /// A ratchet of messages (mls-virtual-clients §6.5.3).
    pub enum RatchetType {
        /// For application messages.
        1 "application" => Application,
        /// For handshakes.
        2 "handshake" => Handshake,
    }
}

wire_struct! {
    /// What a generation ID is derived in the context of (mls-virtual-clients §6.5.3).
    ///
    /// ```text
    /// struct {
    ///   opaque group_id<V>;
    ///   uint64 epoch;
    ///   uint32 generation;
    ///   RatchetType ratchet_type;
    /// } PrivateMessageContext
    /// ```
    pub struct PrivateMessageContext {
        /// The group in which the message is sent.
        pub group_id: Opaque,
        /// Its epoch.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub epoch: u64,
        /// The generation of the ratchet.
        pub generation: u32,
        /// Which ratchet.
        pub ratchet_type: RatchetType,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::{Decode, Encode};

    fn refused(bytes: &[u8]) -> (DecodeErrorKind, usize, alloc::string::String) {
        let error = PPRFState::decode_exact(bytes).unwrap_err();
        (*error.kind(), error.offset(), error.path().to_string())
    }

    #[test]
    fn refuses_a_prefix_of_another_length_or_with_unused_bits() {
        let length = DecodeErrorKind::Rule("the prefix has another length than prefix_length says");
        let unused = DecodeErrorKind::Rule("an unused bit of the prefix is not 0");
        let path = "PPRFState.nodes[0].prefix";
        for (bytes, kind) in [
            (&[4, 0, 1, 0, 0][..], length),
            (&[3, 1, 0, 0], length),
            (&[4, 9, 1, 0x80, 0], length),
            (&[4, 7, 1, 1, 0], unused),
            (&[4, 1, 1, 0x40, 0], unused),
            (&[5, 9, 2, 0, 0x40, 0], unused),
        ] {
            assert_eq!(refused(bytes), (kind, 2, path.into()), "{bytes:?}");
        }
        for bytes in [&[3, 0, 0, 0][..], &[4, 8, 1, 1, 0], &[4, 1, 1, 0x80, 0], &[5, 9, 2, 0, 0x80, 0]] {
            assert_eq!(PPRFState::decode_exact(bytes).unwrap().to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn refuses_nodes_out_of_order_and_a_node_below_another() {
        let below = DecodeErrorKind::Rule("the path of a node is a prefix of the next node's");
        for (bytes, kind, offset) in [
            // 1, then 0.
            (&[8, 1, 1, 0x80, 0, 1, 1, 0, 0][..], DecodeErrorKind::NotAscending, 5),
            // The same node twice.
            (&[8, 1, 1, 0x80, 0, 1, 1, 0x80, 0], below, 5),
            // The root, then any node.
            (&[7, 0, 0, 0, 1, 1, 0, 0], below, 4),
            // 10, then 101.
            (&[8, 2, 1, 0x80, 0, 3, 1, 0xa0, 0], below, 5),
            // 0000 0000, then 0000 0000 1.
            (&[9, 8, 1, 0, 0, 9, 2, 0, 0x80, 0], below, 5),
            // 00, then 0: the shorter path stands first.
            (&[8, 2, 1, 0, 0, 1, 1, 0, 0], DecodeErrorKind::NotAscending, 5),
        ] {
            assert_eq!(refused(bytes), (kind, offset, "PPRFState.nodes[1]".into()), "{bytes:?}");
        }
    }
}
