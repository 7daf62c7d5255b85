//! Virtual clients (mls-virtual-clients, June 2026): what the emulator clients of one virtual
//! client derive from an epoch of their emulation group.

use alloc::{collections::BTreeMap, vec::Vec};

use mimi_codec::{
    Encode, Opaque, SecretOpaque,
    mls::HPKEPublicKey,
    virtual_clients::{
        DerivationInfo, DerivationInfoTBE, EmulationEpochState, OperationContext, PrivateMessageContext,
        SecretTreeNodeState, SecretTreeRatchet, SecretTreeRatchetState, SecretTreeState,
        VirtualClientOperationType,
    },
};
#[cfg(feature = "rustcrypto")]
use rand_core::CryptoRng;

use crate::{AeadKey, CipherSuiteProvider, CryptoError, Secret, derive_secret, expand_with_label};

/// How many generations of one operation ratchet may be skipped at once, and how many skipped ones
/// are kept; beyond that, the oldest go. A larger step is refused: the generation in a
/// DerivationInfo comes from another client, and each step costs a derivation.
pub const MAX_SKIPPED_OPERATIONS: u32 = 1024;

const OPERATION_TYPES: [VirtualClientOperationType; 3] = [
    VirtualClientOperationType::KeyPackage,
    VirtualClientOperationType::LeafNode,
    VirtualClientOperationType::Application,
];

/// One epoch of an emulation group, as its emulator clients use it for their virtual client
/// (mls-virtual-clients §6.2).
///
/// Its secrets are those of the cipher suite of the emulation group. Each operation secret is given
/// out once; what it was derived from is deleted then. There is no `Clone`, because a copy would
/// undo that.
///
/// ```
/// use mimi_codec::{code_points::CipherSuite, virtual_clients::VirtualClientOperationType};
/// use mimi_crypto::{CryptoError, EmulationEpoch, RustCrypto, Secret};
///
/// let suite = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519)?;
/// // What the MLS stack exports for the component `virtual_clients`, in a tree of two leaves.
/// let exported = Secret::new(&suite, [7; 32])?;
/// let mut laptop = EmulationEpoch::new(&suite, exported.clone(), 2)?;
/// let mut phone = EmulationEpoch::new(&suite, exported, 2)?;
///
/// // The laptop, at leaf 0, makes the LeafNode of the virtual client in a group.
/// let leaf_node = VirtualClientOperationType::LeafNode;
/// let operation = laptop.next_operation(&suite, 0, leaf_node, b"group")?;
/// // The phone learns leaf index and generation, and has the same keys.
/// let learnt = phone.operation(&suite, 0, leaf_node, operation.generation, b"group")?;
/// assert_eq!(learnt.encryption_key_secret(&suite)?, operation.encryption_key_secret(&suite)?);
/// # Ok::<(), CryptoError>(())
/// ```
#[derive(Debug)]
pub struct EmulationEpoch {
    epoch_id: Opaque,
    tree: OperationTree,
    epoch_encryption_key: Secret,
    generation_id_secret: Secret,
    reuse_guard_secret: Secret,
}

/// The secret of one operation of a virtual client (mls-virtual-clients §6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationSecret {
    /// The leaf of the emulator client in the emulation group.
    pub leaf_index: u32,
    /// The generation of its ratchet.
    pub generation: u32,
    secret: Secret,
}

impl OperationSecret {
    /// The operation secret itself, to be retained while keys derived from it are in use.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    // signature_key_secret = DeriveSecret(operation_secret, "Signature Key")
    /// The secret of the signature key in the leaf, where the application derives one.
    ///
    /// # Errors
    /// Those of [`derive_secret`].
    pub fn signature_key_secret<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
    ) -> Result<Secret, CryptoError> {
        derive_secret(suite, &self.secret, b"Signature Key")
    }

    // encryption_key_secret = DeriveSecret(operation_secret, "Encryption Key")
    /// The secret of the `encryption_key` of the LeafNode: the input of the KEM's DeriveKeyPair.
    ///
    /// # Errors
    /// Those of [`derive_secret`].
    pub fn encryption_key_secret<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
    ) -> Result<Secret, CryptoError> {
        derive_secret(suite, &self.secret, b"Encryption Key")
    }

    // init_key_secret = DeriveSecret(operation_secret, "Init Key")
    /// The secret of the `init_key` of a KeyPackage: the input of the KEM's DeriveKeyPair.
    ///
    /// # Errors
    /// Those of [`derive_secret`].
    pub fn init_key_secret<S: CipherSuiteProvider + ?Sized>(&self, suite: &S) -> Result<Secret, CryptoError> {
        derive_secret(suite, &self.secret, b"Init Key")
    }

    // path_generation_secret = DeriveSecret(operation_secret, "Path Generation")
    /// The first `path_secret` of an UpdatePath.
    ///
    /// # Errors
    /// Those of [`derive_secret`].
    pub fn path_generation_secret<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
    ) -> Result<Secret, CryptoError> {
        derive_secret(suite, &self.secret, b"Path Generation")
    }
}

impl EmulationEpoch {
    /// The epoch whose `emulator_epoch_secret` the MLS stack has exported for the component
    /// `virtual_clients` (`SafeExportSecret`, mls-extensions-10 §4.4).
    ///
    /// `leaf_count` is the number of leaves of the emulation group's ratchet tree, blank ones
    /// included: a power of two.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a secret of another length than KDF.Nh,
    /// [`CryptoError::LeafOutOfRange`] for a leaf count that is not a power of two.
    pub fn new<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        emulator_epoch_secret: Secret,
        leaf_count: u32,
    ) -> Result<Self, CryptoError> {
        let derive = |label: &[u8]| derive_secret(suite, &emulator_epoch_secret, label);
        Ok(Self {
            epoch_id: derive(b"Epoch ID")?.expose().into(),
            tree: OperationTree::new(derive(b"Base Secret")?, leaf_count)?,
            epoch_encryption_key: derive(b"Encryption Key")?,
            generation_id_secret: derive(b"Generation ID Secret")?,
            reuse_guard_secret: derive(b"Reuse Guard")?,
        })
    }

    /// The ID of the epoch, KDF.Nh bytes.
    #[must_use]
    pub const fn epoch_id(&self) -> &Opaque {
        &self.epoch_id
    }

    /// The next unused operation secret of a leaf's own ratchet.
    ///
    /// `operation_context` is empty for a KeyPackage, the group's ID for a LeafNode.
    ///
    /// # Errors
    /// [`CryptoError::LeafOutOfRange`]; [`CryptoError::GenerationOutOfRange`] at the end of the
    /// ratchet.
    pub fn next_operation<S: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &S,
        leaf_index: u32,
        operation_type: VirtualClientOperationType,
        operation_context: &[u8],
    ) -> Result<OperationSecret, CryptoError> {
        let generation = self.tree.ratchet(suite, leaf_index, operation_type)?.generation;
        self.operation(suite, leaf_index, operation_type, generation, operation_context)
    }

    // operation_generation_secret = DeriveSecret(operation_ratchet_secret, "VC Operation Secret")
    // next_operation_ratchet_secret = DeriveSecret(operation_ratchet_secret, "VC Operation
    // Ratchet") operation_secret = ExpandWithLabel(operation_generation_secret, "vc operation",
    // OperationContext, KDF.Nh)
    /// The operation secret of a leaf's ratchet at a generation that another emulator client names.
    ///
    /// # Errors
    /// [`CryptoError::LeafOutOfRange`]; [`CryptoError::GenerationOutOfRange`] for a generation that
    /// was given out, or is more than [`MAX_SKIPPED_OPERATIONS`] ahead.
    pub fn operation<S: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &S,
        leaf_index: u32,
        operation_type: VirtualClientOperationType,
        generation: u32,
        operation_context: &[u8],
    ) -> Result<OperationSecret, CryptoError> {
        let context = OperationContext {
            epoch_id: self.epoch_id.clone(),
            leaf_index,
            generation,
            operation_type,
            operation_context: operation_context.into(),
        };
        let context = context.to_bytes()?;
        let ratchet = self.tree.ratchet(suite, leaf_index, operation_type)?;
        let generation_secret = ratchet.take(suite, generation)?;
        let nh = suite.parameters().nh;
        let secret = expand_with_label(suite, &generation_secret, b"vc operation", &context, nh)?;
        Ok(OperationSecret { leaf_index, generation, secret })
    }

    // derivation_info_key = ExpandWithLabel(epoch_encryption_key, "key", encryption_key, AEAD.Nk)
    // derivation_info_nonce = ExpandWithLabel(epoch_encryption_key, "nonce", encryption_key,
    // AEAD.Nn)
    fn derivation_info_keys<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        encryption_key: &HPKEPublicKey,
    ) -> Result<(AeadKey, Secret), CryptoError> {
        let parameters = suite.parameters();
        let context = encryption_key.to_bytes()?;
        let expand = |label: &[u8], length| {
            expand_with_label(suite, &self.epoch_encryption_key, label, &context, length)
        };
        Ok((AeadKey::from_secret(suite, expand(b"key", parameters.nk)?)?, expand(b"nonce", parameters.nn)?))
    }

    /// Seals where the keys of a LeafNode come from, for its component `virtual_clients`
    /// (mls-virtual-clients §6.3). `encryption_key` is that of the LeafNode.
    ///
    /// # Errors
    /// Those of [`CipherSuiteProvider::aead_seal`].
    pub fn seal_derivation_info<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        encryption_key: &HPKEPublicKey,
        operation: &OperationSecret,
    ) -> Result<DerivationInfo, CryptoError> {
        let (key, nonce) = self.derivation_info_keys(suite, encryption_key)?;
        let tbe = DerivationInfoTBE { leaf_index: operation.leaf_index, generation: operation.generation };
        let ciphertext = suite.aead_seal(&key, nonce.expose(), &self.epoch_id, &tbe.to_bytes()?)?;
        Ok(DerivationInfo { epoch_id: self.epoch_id.clone(), ciphertext: ciphertext.into() })
    }

    /// Opens where the keys of a LeafNode come from (mls-virtual-clients §6.3).
    ///
    /// # Errors
    /// [`CryptoError::EpochMismatch`] for the info of another epoch,
    /// [`CryptoError::DecryptionFailed`], [`CryptoError::Decode`].
    pub fn open_derivation_info<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        encryption_key: &HPKEPublicKey,
        info: &DerivationInfo,
    ) -> Result<DerivationInfoTBE, CryptoError> {
        if info.epoch_id != self.epoch_id {
            return Err(CryptoError::EpochMismatch);
        }
        let (key, nonce) = self.derivation_info_keys(suite, encryption_key)?;
        let opened = suite.aead_open(&key, nonce.expose(), &self.epoch_id, &info.ciphertext)?;
        Ok(mimi_codec::Decode::decode_exact(opened.expose())?)
    }

    // generation_id = ExpandWithLabel(generation_id_secret, "generation id",
    //                                 PrivateMessageContext, KDF.Nh)
    /// The ID by which a delivery service sees that two emulator clients use one generation
    /// (mls-virtual-clients §6.5.3).
    ///
    /// # Errors
    /// Those of [`expand_with_label`].
    pub fn generation_id<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        context: &PrivateMessageContext,
    ) -> Result<Vec<u8>, CryptoError> {
        let (context, nh) = (context.to_bytes()?, suite.parameters().nh);
        let id = expand_with_label(suite, &self.generation_id_secret, b"generation id", &context, nh)?;
        Ok(id.expose().to_vec())
    }

    // prp_key = ExpandWithLabel(reuse_guard_secret, "reuse guard", key_schedule_nonce, 16)
    #[cfg(feature = "rustcrypto")]
    fn prp_key<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        key_schedule_nonce: &[u8],
    ) -> Result<Secret, CryptoError> {
        let length = crate::small_space_prp::KEY_LENGTH;
        expand_with_label(suite, &self.reuse_guard_secret, b"reuse guard", key_schedule_nonce, length)
    }

    // x mod N_e = leaf_index_e
    // reuse_guard = SmallSpacePRP.Encrypt(prp_key, x)
    /// The reuse guard of a PrivateMessage, which no other emulator client takes for the same nonce
    /// (mls-virtual-clients §6.5.2).
    ///
    /// `key_schedule_nonce` is the nonce that the group's key schedule gives for the message, and
    /// `leaf_index` the leaf of the sending emulator client in this epoch.
    ///
    /// # Errors
    /// [`CryptoError::LeafOutOfRange`]; those of [`expand_with_label`].
    #[cfg(feature = "rustcrypto")]
    pub fn reuse_guard<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        key_schedule_nonce: &[u8],
        leaf_index: u32,
        rng: &mut dyn CryptoRng,
    ) -> Result<[u8; 4], CryptoError> {
        self.tree.check_leaf(leaf_index)?;
        let mut random = [0; 4];
        rng.fill_bytes(&mut random);
        // N_e is a power of two: the low bits are x mod N_e.
        let low = self.tree.leaf_count.saturating_sub(1);
        let x = u32::from_be_bytes(random) & !low | leaf_index;
        let prp_key = self.prp_key(suite, key_schedule_nonce)?;
        Ok(crate::small_space_prp::encrypt(&prp_key, x)?.to_be_bytes())
    }

    /// The leaf of the emulator client that made a reuse guard (mls-virtual-clients §6.5.2).
    ///
    /// # Errors
    /// Those of [`expand_with_label`].
    #[cfg(feature = "rustcrypto")]
    pub fn sender_of_reuse_guard<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        key_schedule_nonce: &[u8],
        reuse_guard: [u8; 4],
    ) -> Result<u32, CryptoError> {
        let prp_key = self.prp_key(suite, key_schedule_nonce)?;
        let x = crate::small_space_prp::decrypt(&prp_key, u32::from_be_bytes(reuse_guard))?;
        Ok(x & self.tree.leaf_count.saturating_sub(1))
    }

    /// The state of the epoch, for a new emulator client (mls-virtual-clients §5.1.2). It holds
    /// secrets.
    ///
    /// The draft's state has no place for generations that were skipped; a new client gets those as
    /// retained operation secrets (reading N5).
    #[must_use]
    pub fn to_state(&self) -> EmulationEpochState {
        EmulationEpochState {
            epoch_id: self.epoch_id.clone(),
            operation_secret_tree: self.tree.to_state(),
            epoch_encryption_key: opaque(&self.epoch_encryption_key),
            generation_id_secret: opaque(&self.generation_id_secret),
            reuse_guard_secret: opaque(&self.reuse_guard_secret),
        }
    }

    /// The epoch of a state that another emulator client has handed over.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a secret of another length than KDF.Nh;
    /// [`CryptoError::LeafOutOfRange`] for a leaf count that is not a power of two or a node
    /// outside of the tree; [`CryptoError::InvalidSecretTree`] if a secret stands twice, above
    /// another one, or is not of an operation ratchet.
    pub fn from_state<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        state: &EmulationEpochState,
        leaf_count: u32,
    ) -> Result<Self, CryptoError> {
        let secret = |secret: &SecretOpaque| Secret::new(suite, secret.expose());
        Ok(Self {
            epoch_id: state.epoch_id.clone(),
            tree: OperationTree::from_state(suite, &state.operation_secret_tree, leaf_count)?,
            epoch_encryption_key: secret(&state.epoch_encryption_key)?,
            generation_id_secret: secret(&state.generation_id_secret)?,
            reuse_guard_secret: secret(&state.reuse_guard_secret)?,
        })
    }
}

fn opaque(secret: &Secret) -> SecretOpaque {
    SecretOpaque::new(secret.expose())
}

/// A ratchet of operation secrets.
#[derive(Debug)]
struct Ratchet {
    /// The generation that comes next.
    generation: u32,
    /// The `operation_ratchet_secret` of that generation; `None` behind the last one.
    secret: Option<Secret>,
    /// The `operation_generation_secret`s of generations that were skipped.
    skipped: BTreeMap<u32, Secret>,
}

impl Ratchet {
    /// Gives out the `operation_generation_secret` of a generation.
    fn take<S: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &S,
        generation: u32,
    ) -> Result<Secret, CryptoError> {
        if let Some(secret) = self.skipped.remove(&generation) {
            return Ok(secret);
        }
        let out_of_range = CryptoError::GenerationOutOfRange { generation, next: self.generation };
        let steps = generation.checked_sub(self.generation).ok_or_else(|| out_of_range.clone())?;
        if steps > MAX_SKIPPED_OPERATIONS {
            return Err(out_of_range);
        }
        let mut secret = self.secret.clone().ok_or(out_of_range)?;
        let mut skipped = BTreeMap::new();
        for step in self.generation..generation {
            skipped.insert(step, derive_secret(suite, &secret, b"VC Operation Secret")?);
            secret = derive_secret(suite, &secret, b"VC Operation Ratchet")?;
        }
        let taken = derive_secret(suite, &secret, b"VC Operation Secret")?;
        let next = generation.checked_add(1);
        self.secret = next.map(|_| derive_secret(suite, &secret, b"VC Operation Ratchet")).transpose()?;
        self.generation = next.unwrap_or(generation);
        self.skipped.append(&mut skipped);
        while self.skipped.len() > MAX_SKIPPED_OPERATIONS as usize {
            self.skipped.pop_first();
        }
        Ok(taken)
    }
}

/// The Virtual Client Operation Secret Tree.
#[derive(Debug)]
struct OperationTree {
    leaf_count: u32,
    /// The secrets of nodes that are not expanded, by the indices of RFC 9420 appendix C.
    nodes: BTreeMap<u32, Secret>,
    /// By leaf index and operation type.
    ratchets: BTreeMap<(u32, u8), Ratchet>,
}

impl OperationTree {
    fn new(root: Secret, leaf_count: u32) -> Result<Self, CryptoError> {
        let mut tree = Self::empty(leaf_count)?;
        tree.nodes.insert(leaf_count.saturating_sub(1), root);
        Ok(tree)
    }

    fn empty(leaf_count: u32) -> Result<Self, CryptoError> {
        // 2^31 leaves are the most whose nodes have an index.
        if !leaf_count.is_power_of_two() {
            return Err(CryptoError::LeafOutOfRange { leaf: leaf_count, leaf_count });
        }
        Ok(Self { leaf_count, nodes: BTreeMap::new(), ratchets: BTreeMap::new() })
    }

    fn check_leaf(&self, leaf: u32) -> Result<(), CryptoError> {
        let leaf_count = self.leaf_count;
        if leaf < leaf_count { Ok(()) } else { Err(CryptoError::LeafOutOfRange { leaf, leaf_count }) }
    }

    /// The ratchet of a leaf, made from the tree at its first use.
    fn ratchet<S: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &S,
        leaf: u32,
        operation_type: VirtualClientOperationType,
    ) -> Result<&mut Ratchet, CryptoError> {
        self.check_leaf(leaf)?;
        let key = (leaf, operation_type.value());
        if !self.ratchets.contains_key(&key) {
            self.expand(suite, leaf)?;
        }
        self.ratchets.get_mut(&key).ok_or(CryptoError::InvalidSecretTree)
    }

    // RFC 9420 §9: tree_node_[left(N)]_secret = ExpandWithLabel(tree_node_[N]_secret, "tree",
    // "left", KDF.Nh) tree_node_[right(N)]_secret = ExpandWithLabel(tree_node_[N]_secret, "tree",
    // "right", KDF.Nh) mls-virtual-clients §6.2: operation_ratchet_secret[operation_type][0] =
    // ExpandWithLabel(leaf_secret, "vc operation init", operation_type, KDF.Nh)
    /// Makes the ratchets of a leaf and deletes every secret above it.
    fn expand<S: CipherSuiteProvider + ?Sized>(&mut self, suite: &S, leaf: u32) -> Result<(), CryptoError> {
        let target = leaf.saturating_mul(2);
        let nh = suite.parameters().nh;
        let above = (0..u32::BITS).find_map(|level| {
            let node = ancestor(target, level)?;
            Some((level, node, self.nodes.get(&node)?.clone()))
        });
        let (top, node, mut secret) = above.ok_or(CryptoError::InvalidSecretTree)?;
        let mut siblings = Vec::new();
        for level in (0..top).rev() {
            let left = expand_with_label(suite, &secret, b"tree", b"left", nh)?;
            let right = expand_with_label(suite, &secret, b"tree", b"right", nh)?;
            let next = ancestor(target, level).ok_or(CryptoError::InvalidSecretTree)?;
            let below = 1_u32.checked_shl(level.saturating_add(1)).unwrap_or(0);
            let is_right = next & below != 0;
            let (own, sibling) = if is_right { (right, left) } else { (left, right) };
            siblings.push((next ^ below, sibling));
            secret = own;
        }
        let ratchets = OPERATION_TYPES.map(|operation_type| {
            let context = [operation_type.value()];
            let secret = expand_with_label(suite, &secret, b"vc operation init", &context, nh)?;
            let ratchet = Ratchet { generation: 0, secret: Some(secret), skipped: BTreeMap::new() };
            Ok::<_, CryptoError>(((leaf, operation_type.value()), ratchet))
        });
        for ratchet in ratchets {
            let (key, ratchet) = ratchet?;
            self.ratchets.insert(key, ratchet);
        }
        self.nodes.remove(&node);
        self.nodes.extend(siblings);
        Ok(())
    }

    fn to_state(&self) -> SecretTreeState {
        let node = |(node_index, secret): (&u32, &Secret)| SecretTreeNodeState {
            node_index: *node_index,
            node_secret: opaque(secret),
        };
        let ratchets = self.ratchets.iter().filter_map(|((leaf_index, operation_type), ratchet)| {
            let operation_type = OPERATION_TYPES.into_iter().find(|it| it.value() == *operation_type)?;
            Some(SecretTreeRatchetState {
                leaf_index: *leaf_index,
                ratchet: SecretTreeRatchet::Operation { operation_type },
                generation: ratchet.generation,
                next_secret: opaque(ratchet.secret.as_ref()?),
            })
        });
        SecretTreeState {
            node_secrets: self.nodes.iter().map(node).collect(),
            ratchet_states: ratchets.collect(),
        }
    }

    fn from_state<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        state: &SecretTreeState,
        leaf_count: u32,
    ) -> Result<Self, CryptoError> {
        let mut tree = Self::empty(leaf_count)?;
        let last = leaf_count.saturating_sub(1).saturating_mul(2);
        for node in &state.node_secrets {
            if node.node_index > last {
                return Err(CryptoError::LeafOutOfRange { leaf: node.node_index / 2, leaf_count });
            }
            let secret = Secret::new(suite, node.node_secret.expose())?;
            if tree.nodes.insert(node.node_index, secret).is_some() {
                return Err(CryptoError::InvalidSecretTree);
            }
        }
        for ratchet in &state.ratchet_states {
            let SecretTreeRatchet::Operation { operation_type } = ratchet.ratchet else {
                return Err(CryptoError::InvalidSecretTree);
            };
            tree.check_leaf(ratchet.leaf_index)?;
            let secret = Some(Secret::new(suite, ratchet.next_secret.expose())?);
            let generation = ratchet.generation;
            let key = (ratchet.leaf_index, operation_type.value());
            let ratchet = Ratchet { generation, secret, skipped: BTreeMap::new() };
            if tree.ratchets.insert(key, ratchet).is_some() {
                return Err(CryptoError::InvalidSecretTree);
            }
        }
        tree.check_no_secret_is_above_another()?;
        Ok(tree)
    }

    fn check_no_secret_is_above_another(&self) -> Result<(), CryptoError> {
        let leaves = self.ratchets.keys().map(|(leaf, _)| (leaf.saturating_mul(2), 0));
        let nodes = self.nodes.keys().map(|node| (*node, node.trailing_ones().saturating_add(1)));
        for (node, from) in nodes.chain(leaves) {
            let above = (from..u32::BITS).filter_map(|level| ancestor(node, level));
            if above.into_iter().any(|above| self.nodes.contains_key(&above)) {
                return Err(CryptoError::InvalidSecretTree);
            }
        }
        Ok(())
    }
}

/// The node at a level above, or at, a node (RFC 9420 appendix C): `level` low bits set, then a 0.
fn ancestor(node: u32, level: u32) -> Option<u32> {
    let low = 1_u32.checked_shl(level)?.checked_sub(1)?;
    let mask = match 1_u32.checked_shl(level.checked_add(1)?) {
        Some(next) => next.checked_sub(1)?,
        None => u32::MAX,
    };
    Some(node & !mask | low)
}
