//! What a room asks of the MLS stack beside it.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    code_points::ComponentID,
    extensions::SafeAADItem,
    mls::{
        AuthenticatedContent, GroupContext, GroupInfo, LeafNode, MLSMessage, Proposal, ProposalRef,
        RatchetTree, Welcome,
    },
};
use mimi_crypto::Secret;

/// The new data of components, in the order of their numbers. `None` removes the component.
///
/// mls-extensions-10 §4.7 leaves to the application what an AppDataUpdate does; the room computes
/// the outcome, and the stack puts it into the GroupContext of the next epoch.
pub type ComponentUpdates = Vec<(ComponentID, Option<Vec<u8>>)>;

/// One MLS group as an MLS stack follows it: from outside at a hub, as a member at a client.
///
/// The room decides, the stack does the cryptography. A handshake goes through four steps, and
/// the group changes only in the last one:
///
/// 1. [`verify`](Self::verify): signature, membership tag, and the rules of RFC 9420.
/// 2. The room judges the authenticated content.
/// 3. [`stage`](Self::stage) computes the next epoch with the components that the judgement
///    leads to; a member also checks the confirmation tag.
/// 4. [`merge`](Self::merge) enters that epoch. A proposal is kept by [`queue`](Self::queue)
///    instead.
///
/// `mimi-openmls` implements the trait for OpenMLS's `PublicGroup` and `MlsGroup`.
pub trait MlsStack {
    /// A handshake that was verified, with all that the stack needs to go on.
    type Verified;
    /// The next epoch, which is not in force yet.
    type Staged;
    /// Why the stack refuses.
    type Error: fmt::Display + fmt::Debug;

    /// The GroupContext of the current epoch.
    ///
    /// # Errors
    /// If the stack cannot express it.
    fn group_context(&self) -> Result<GroupContext, Self::Error>;

    /// The leaves that are not blank, with their indices in ascending order.
    ///
    /// # Errors
    /// If the stack cannot express them.
    fn leaves(&self) -> Result<Vec<(u32, LeafNode)>, Self::Error>;

    /// The leaf at an index; `None` if it is blank or lies beyond the tree.
    ///
    /// # Errors
    /// If the stack cannot express it.
    fn leaf(&self, leaf_index: u32) -> Result<Option<LeafNode>, Self::Error>;

    /// The whole tree, for those who join.
    ///
    /// # Errors
    /// If the stack cannot express it.
    fn ratchet_tree(&self) -> Result<RatchetTree, Self::Error>;

    /// Verifies a proposal or commit of the current epoch. The group must not change.
    ///
    /// A SemiPrivateMessage is opened first; the content is returned as it was signed.
    ///
    /// # Errors
    /// Whatever RFC 9420 refuses.
    fn verify(&mut self, message: &MLSMessage)
    -> Result<(AuthenticatedContent, Self::Verified), Self::Error>;

    /// Computes the epoch that a verified commit leads to. The group must not change.
    ///
    /// # Errors
    /// Whatever RFC 9420 refuses, and a verified message that is not a commit.
    fn stage(
        &mut self,
        verified: Self::Verified,
        components: &ComponentUpdates,
    ) -> Result<Self::Staged, Self::Error>;

    /// The GroupContext of a staged epoch.
    ///
    /// # Errors
    /// If the stack cannot express it.
    fn staged_context(&self, staged: &Self::Staged) -> Result<GroupContext, Self::Error>;

    /// Keeps verified proposals, to which a later commit may refer: all of them or none.
    ///
    /// # Errors
    /// If the stack cannot keep one of them. It keeps none then.
    fn queue(&mut self, verified: Vec<Self::Verified>) -> Result<(), Self::Error>;

    /// Enters a staged epoch and forgets the proposals of the one before.
    ///
    /// # Errors
    /// If the stack cannot enter it. The group must be in the epoch before then.
    fn merge(&mut self, staged: Self::Staged) -> Result<(), Self::Error>;
}

/// A commit of a member's own, as its stack has made it.
#[derive(Clone, Debug)]
pub struct OwnCommit {
    /// The commit: a PublicMessage or SemiPrivateMessage.
    pub commit: MLSMessage,
    /// The content that was signed.
    pub content: AuthenticatedContent,
    /// The Welcome for the clients that it adds, without the tree.
    pub welcome: Option<Welcome>,
    /// The GroupInfo of the epoch that it begins, without the tree, with `external_pub`.
    pub group_info: GroupInfo,
}

/// An application message that a member's stack has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedMessage {
    /// The leaf of the sender, in the epoch of the message.
    pub leaf_index: u32,
    /// The epoch of the message, which may lie before the group's.
    pub epoch: u64,
    /// The authenticated data, as it was sent.
    pub authenticated_data: Vec<u8>,
    /// What was encrypted.
    pub application_data: Vec<u8>,
}

/// One MLS group as a member's stack keeps it: it can also make messages.
pub trait MlsMember: MlsStack {
    /// The member's own leaf.
    fn own_leaf(&self) -> u32;

    /// Proposes. The stack keeps the proposal, as if it had been queued. The message comes with
    /// the content that was signed.
    ///
    /// # Errors
    /// Whatever the stack refuses to propose.
    fn propose(&mut self, proposal: &Proposal) -> Result<(MLSMessage, AuthenticatedContent), Self::Error>;

    /// The proposals that are queued, the member's own among them.
    ///
    /// # Errors
    /// If the stack cannot express them.
    fn queued(&self) -> Result<Vec<ProposalRef>, Self::Error>;

    /// Forgets a proposal that the hub has refused.
    ///
    /// # Errors
    /// If the stack cannot forget it.
    fn withdraw(&mut self, reference: &ProposalRef) -> Result<(), Self::Error>;

    /// Makes a commit of all proposals that are queued and of `proposals`, which are written out.
    /// The group stays in its epoch; the staged epoch is entered by [`MlsStack::merge`], or given
    /// up by [`Self::discard`].
    ///
    /// # Errors
    /// Whatever the stack refuses to commit.
    fn commit(
        &mut self,
        proposals: &[Proposal],
        components: &ComponentUpdates,
    ) -> Result<(OwnCommit, Self::Staged), Self::Error>;

    /// The epoch of the own commit that was made and neither merged nor discarded, after the
    /// member has restarted from stored state: `None` if there is no such commit.
    ///
    /// # Errors
    /// If the stack cannot express it.
    fn resume(&mut self) -> Result<Option<Self::Staged>, Self::Error>;

    /// Gives up an own commit.
    ///
    /// # Errors
    /// If the stack cannot forget it.
    fn discard(&mut self, staged: Self::Staged) -> Result<(), Self::Error>;

    /// Seals application data in a PrivateMessage, with these items of the Safe AAD
    /// (mls-extensions-10 §4.9).
    ///
    /// # Errors
    /// Whatever the stack refuses to seal.
    fn seal(
        &mut self,
        safe_aad: Vec<SafeAADItem>,
        application_data: &[u8],
    ) -> Result<MLSMessage, Self::Error>;

    /// Exports a secret of this epoch (RFC 9420 §8.5).
    ///
    /// # Errors
    /// If the stack cannot derive so many bytes.
    fn export_secret(&self, label: &str, context: &[u8], length: u16) -> Result<Secret, Self::Error>;

    /// Exports the secret of a component once in an epoch (mls-extensions-10 §4.4): with
    /// associated parties, `ap_secret`.
    ///
    /// # Errors
    /// If the stack cannot derive it, or has exported it in this epoch before.
    fn export_component_secret(&mut self, component: ComponentID) -> Result<Secret, Self::Error>;

    /// Opens an application message of this epoch, or of one that the stack still keeps.
    ///
    /// # Errors
    /// Whatever RFC 9420 refuses.
    fn open(&mut self, message: &MLSMessage) -> Result<OpenedMessage, Self::Error>;
}
