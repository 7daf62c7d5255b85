//! The forward-secure exporter (mls-extensions-10 §4.4): one secret per component and epoch, each
//! given out once.

use alloc::{collections::BTreeMap, vec::Vec};

use mimi_codec::code_points::ComponentID;

use crate::{
    CipherSuiteProvider, CryptoError, Secret, derive_secret, expand_with_label, secret::check_length,
};

/// The levels below the root: 2^16 leaves, one for each component ID.
const DEPTH: u8 = 16;

/// The Exporter Tree of an epoch.
///
/// It holds the roots of all subtrees from which nothing was exported. Exporting a secret deletes
/// every node above it, so that who seizes the tree later cannot compute what was exported before.
/// A copy would undo that, and so there is no `Clone`.
///
/// ```
/// use mimi_codec::code_points::{CipherSuite, ComponentID};
/// use mimi_crypto::{CryptoError, ExporterTree, RustCrypto, Secret};
///
/// let suite = RustCrypto::new(CipherSuite(1))?;
/// let epoch_secret = Secret::new(&suite, [7; 32])?;
/// let mut tree = ExporterTree::from_epoch_secret(&suite, &epoch_secret)?;
/// let ap_secret = tree.safe_export_secret(&suite, ComponentID::ASSOCIATED_PARTIES)?;
/// assert_eq!(ap_secret.len(), 32);
///
/// let again = tree.safe_export_secret(&suite, ComponentID::ASSOCIATED_PARTIES);
/// assert_eq!(again, Err(CryptoError::AlreadyExported(ComponentID::ASSOCIATED_PARTIES)));
/// # Ok::<(), CryptoError>(())
/// ```
#[derive(Debug)]
pub struct ExporterTree {
    /// By level and place in it, both from 0. No node is above another.
    nodes: BTreeMap<(u8, u16), Secret>,
}

impl ExporterTree {
    // application_export_secret = DeriveSecret(epoch_secret, "application_export")
    /// The tree of the epoch that `epoch_secret` began.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a secret that has not KDF.Nh bytes.
    pub fn from_epoch_secret<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        epoch_secret: &Secret,
    ) -> Result<Self, CryptoError> {
        Self::new(suite, derive_secret(suite, epoch_secret, b"application_export")?)
    }

    /// The tree with this root, for an MLS stack that derives it itself.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a secret that has not KDF.Nh bytes.
    pub fn new<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        application_export_secret: Secret,
    ) -> Result<Self, CryptoError> {
        check_length("application_export_secret", application_export_secret.expose(), suite.parameters().nh)?;
        Ok(Self { nodes: BTreeMap::from([((0, 0), application_export_secret)]) })
    }

    /// Gives out a component's secret, and deletes what it was derived from.
    ///
    /// ```text
    /// SafeExportSecret(ComponentID) = tree_node_[LeafIndex(ComponentID)]_secret
    /// ```
    ///
    /// # Errors
    /// [`CryptoError::AlreadyExported`] the second time. When the provider fails, the tree stays as
    /// it was.
    pub fn safe_export_secret<S: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &S,
        component_id: ComponentID,
    ) -> Result<Secret, CryptoError> {
        let leaf = component_id.value();
        // The leaf's number begins with the place of each node above it.
        let place = |level: u8| leaf.checked_shr(u32::from(DEPTH.saturating_sub(level))).unwrap_or(0);
        let (top, mut secret) = (0..=DEPTH)
            .find_map(|level| Some((level, self.nodes.get(&(level, place(level)))?.clone())))
            .ok_or(CryptoError::AlreadyExported(component_id))?;
        let nh = suite.parameters().nh;
        let mut siblings = Vec::new();
        for level in top.saturating_add(1)..=DEPTH {
            // RFC 9420 §9: tree_node_[left(N)]_secret = ExpandWithLabel(tree_node_[N]_secret,
            // "tree", "left", KDF.Nh) tree_node_[right(N)]_secret =
            // ExpandWithLabel(tree_node_[N]_secret, "tree", "right", KDF.Nh)
            let left = expand_with_label(suite, &secret, b"tree", b"left", nh)?;
            let right = expand_with_label(suite, &secret, b"tree", b"right", nh)?;
            let is_right = place(level) & 1 == 1;
            let (next, sibling) = if is_right { (right, left) } else { (left, right) };
            siblings.push(((level, place(level) ^ 1), sibling));
            secret = next;
        }
        self.nodes.remove(&(top, place(top)));
        self.nodes.extend(siblings);
        Ok(secret)
    }
}

#[cfg(all(test, feature = "rustcrypto"))]
#[allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;
    use crate::RustCrypto;

    /// Level of a node in the array representation (RFC 9420, appendix C).
    fn level(x: u32) -> u32 {
        x.trailing_ones()
    }

    fn left(x: u32) -> u32 {
        x ^ (1 << (level(x) - 1))
    }

    fn right(x: u32) -> u32 {
        x ^ (3 << (level(x) - 1))
    }

    /// The secret of node `target`, by RFC 9420's own indices: down from the root, on the side
    /// where the target is.
    fn node_secret(suite: &RustCrypto, root: &Secret, target: u32) -> Secret {
        let (mut node, mut secret) = ((1 << 16) - 1, root.clone());
        while node != target {
            let (next, side) =
                if target < node { (left(node), &b"left"[..]) } else { (right(node), &b"right"[..]) };
            secret = expand_with_label(suite, &secret, b"tree", side, suite.parameters().nh).unwrap();
            node = next;
        }
        secret
    }

    #[test]
    fn exports_the_leaves_of_the_tree_in_any_order_once() {
        for number in RustCrypto::CIPHER_SUITES {
            let suite = RustCrypto::new(number).unwrap();
            let root = Secret::new(&suite, vec![9; suite.parameters().nh]).unwrap();
            let mut tree = ExporterTree::new(&suite, root.clone()).unwrap();
            for component in [7, 6, 0, 0xffff, 0x8b01, 0x8000, 0x7fff, 1, 5] {
                let component_id = ComponentID(component);
                let secret = tree.safe_export_secret(&suite, component_id).unwrap();
                assert_eq!(secret, node_secret(&suite, &root, u32::from(component) * 2));
                let again = tree.safe_export_secret(&suite, component_id);
                assert_eq!(again, Err(CryptoError::AlreadyExported(component_id)));
            }
        }
    }

    #[test]
    fn keeps_nothing_that_an_exported_secret_comes_of() {
        let suite = RustCrypto::new(RustCrypto::CIPHER_SUITES[0]).unwrap();
        let root = Secret::new(&suite, vec![9; 32]).unwrap();
        let mut tree = ExporterTree::new(&suite, root).unwrap();
        let exported = [7, 0x8b01, 0x21];
        for component in exported {
            tree.safe_export_secret(&suite, ComponentID(component)).unwrap();
        }
        for (level, place) in tree.nodes.keys() {
            assert!(exported.iter().all(|leaf| u32::from(*leaf) >> (16 - level) != u32::from(*place)));
        }
    }

    #[test]
    fn refuses_a_root_of_another_length() {
        let suite = RustCrypto::new(RustCrypto::CIPHER_SUITES[0]).unwrap();
        let root = Secret::of_length([9; 31], 31).unwrap();
        let error =
            CryptoError::InvalidLength { what: "application_export_secret", expected: 32, actual: 31 };
        assert_eq!(ExporterTree::new(&suite, root).unwrap_err(), error);
        let epoch_secret = Secret::of_length([9; 33], 33).unwrap();
        let error = CryptoError::InvalidLength { what: "secret", expected: 32, actual: 33 };
        assert_eq!(ExporterTree::from_epoch_secret(&suite, &epoch_secret).unwrap_err(), error);
    }
}
