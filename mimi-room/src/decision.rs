//! What a judgement says, and putting it into effect.

use alloc::{collections::BTreeSet, string::ToString, sync::Arc, vec::Vec};
use core::fmt;

use mimi_codec::{
    DnsName, UserUri,
    extensions::AppDataDictionary,
    mls::{GroupContext, MAC, ProposalRef, SignaturePublicKey},
};
use mimi_content::timeline::Retraction;
use mimi_policy::{Actor, Change, Grant, Plan};

use crate::{
    Member, MemberChanges, MlsStack, Room, Server, WaitingProposal, members::Members, stack::ComponentUpdates,
};

/// One change and the right that allows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Right {
    /// The change; `None` for the joining client of an external commit and for messages.
    pub change: Option<Change>,
    /// The capability, the role that holds it, and what it rests on.
    pub grant: Grant,
}

impl Right {
    /// The messages that the change retracts from a timeline
    /// (mimi-hub-retracted-messages-00 §3), as
    /// [`Change::retraction`](mimi_policy::Change::retraction) has it; `None` for any other
    /// change.
    #[must_use]
    pub fn retraction(&self) -> Option<Arc<Retraction>> {
        self.change.as_ref()?.retraction(&self.grant)
    }
}

/// Who made a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Committer {
    /// Its leaf, in the epoch that the commit begins.
    pub leaf_index: u32,
    /// Whether it joins by this commit.
    pub joins: bool,
    /// The user and the client.
    pub actor: Actor,
}

/// A commit that is allowed. It changes nothing until [`Room::apply_commit`].
#[must_use = "a decision changes nothing until it is applied"]
pub struct CommitDecision<S: MlsStack> {
    pub(crate) epoch: u64,
    pub(crate) committer: Committer,
    pub(crate) plan: Plan,
    pub(crate) rights: Vec<Right>,
    pub(crate) leaves: MemberChanges,
    pub(crate) components: ComponentUpdates,
    pub(crate) staged: S::Staged,
    pub(crate) context: GroupContext,
    pub(crate) dictionary: AppDataDictionary,
    pub(crate) external_senders: Vec<Option<Server>>,
    /// The commit's confirmation tag.
    pub(crate) confirmation_tag: Option<MAC>,
    /// The committer's signature key, where the commit has a path.
    pub(crate) path_key: Option<SignaturePublicKey>,
}

impl<S: MlsStack> CommitDecision<S> {
    /// Who commits.
    #[must_use]
    pub const fn committer(&self) -> &Committer {
        &self.committer
    }

    /// What it changes, and by which rights.
    #[must_use]
    pub fn rights(&self) -> &[Right] {
        &self.rights
    }

    /// What becomes of the leaves.
    #[must_use]
    pub const fn leaves(&self) -> &MemberChanges {
        &self.leaves
    }

    /// The components whose data changes.
    #[must_use]
    pub const fn components(&self) -> &ComponentUpdates {
        &self.components
    }

    /// The GroupContext of the epoch that it begins.
    #[must_use]
    pub const fn group_context(&self) -> &GroupContext {
        &self.context
    }

    /// Whether it ends the room.
    #[must_use]
    pub const fn destroys_room(&self) -> bool {
        self.plan.destroys_room()
    }
}

impl<S: MlsStack> Clone for CommitDecision<S>
where
    S::Staged: Clone,
{
    fn clone(&self) -> Self {
        Self {
            epoch: self.epoch,
            committer: self.committer.clone(),
            plan: self.plan.clone(),
            rights: self.rights.clone(),
            leaves: self.leaves.clone(),
            components: self.components.clone(),
            staged: self.staged.clone(),
            context: self.context.clone(),
            dictionary: self.dictionary.clone(),
            external_senders: self.external_senders.clone(),
            confirmation_tag: self.confirmation_tag.clone(),
            path_key: self.path_key.clone(),
        }
    }
}

impl<S: MlsStack> fmt::Debug for CommitDecision<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitDecision")
            .field("committer", &self.committer)
            .field("rights", &self.rights)
            .field("leaves", &self.leaves)
            .finish_non_exhaustive()
    }
}

/// Proposals that are accepted. They count once they are applied by [`Room::apply_proposals`],
/// and wait for a commit.
#[must_use = "a decision changes nothing until it is applied"]
pub struct ProposalsDecision<S: MlsStack> {
    pub(crate) epoch: u64,
    pub(crate) actor: Actor,
    pub(crate) plan: Plan,
    pub(crate) rights: Vec<Right>,
    pub(crate) list: Vec<WaitingProposal>,
    pub(crate) verified: Vec<S::Verified>,
}

impl<S: MlsStack> ProposalsDecision<S> {
    /// Who proposes.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What they change, and by which rights.
    #[must_use]
    pub fn rights(&self) -> &[Right] {
        &self.rights
    }

    /// The proposals.
    #[must_use]
    pub fn proposals(&self) -> &[WaitingProposal] {
        &self.list
    }
}

impl<S: MlsStack> fmt::Debug for ProposalsDecision<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProposalsDecision")
            .field("actor", &self.actor)
            .field("rights", &self.rights)
            .finish_non_exhaustive()
    }
}

/// A message that may be fanned out.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageDecision {
    pub(crate) rights: Vec<Right>,
}

impl MessageDecision {
    /// By which right.
    #[must_use]
    pub fn rights(&self) -> &[Right] {
        &self.rights
    }
}

/// A decision that cannot be put into effect. The room is as before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyError {
    /// The room has changed since the decision, or is another one: judge again.
    Stale,
    /// The MLS stack does not enter the epoch or keep the proposals.
    Mls(alloc::string::String),
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("the room has changed since the decision"),
            Self::Mls(why) => write!(f, "MLS: {why}"),
        }
    }
}

impl core::error::Error for ApplyError {}

/// What a commit has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The new epoch.
    pub epoch: u64,
    /// Who committed.
    pub committer: Committer,
    /// What it changed, and by which rights.
    pub rights: Vec<Right>,
    /// Users who have a client in the group and had none.
    pub joined: Vec<UserUri>,
    /// Users who had a client in the group and have none.
    pub left: Vec<UserUri>,
    /// Leaves that are blank now, unless an added client took them again.
    pub removed_leaves: Vec<u32>,
    /// Providers whose last participant has left the list. The hub takes their external senders off
    /// the group's list (mimi-protocol-06 §7.4).
    pub departed_providers: Vec<DnsName>,
    /// Whether the room is over.
    pub room_is_over: bool,
}

impl Room {
    /// Puts a commit into effect, in the MLS stack and in the room.
    ///
    /// # Errors
    /// [`ApplyError`]. Nothing has changed then.
    pub fn apply_commit<S: MlsStack>(
        &mut self,
        stack: &mut S,
        decision: CommitDecision<S>,
    ) -> Result<Committed, ApplyError> {
        let plan = decision.plan;
        if !plan.is_for(&self.policy) || decision.epoch != self.context.epoch {
            return Err(ApplyError::Stale);
        }
        let room_is_over = plan.destroys_room();
        self.departed.extend(plan.departed_providers().iter().cloned());
        stack.merge(decision.staged).map_err(|error| ApplyError::Mls(error.to_string()))?;
        self.policy.apply(plan).map_err(|_| ApplyError::Stale)?;
        let mut departed = core::mem::take(&mut self.departed);
        departed.retain(|provider| self.policy.participants_of_provider(provider.as_ref()) == 0);
        let departed_providers = departed.into_iter().collect();
        let (joined, left) = changed_users(&self.members, &decision.leaves);
        let removed_leaves = decision.leaves.removed.clone();
        self.enter(decision.context, decision.dictionary, decision.leaves, decision.external_senders);
        Ok(Committed {
            epoch: self.context.epoch,
            committer: decision.committer,
            rights: decision.rights,
            joined,
            left,
            removed_leaves,
            departed_providers,
            room_is_over,
        })
    }

    /// Accepts proposals: they count from now on (mimi-protocol-06 §7.1) and wait for a commit.
    ///
    /// # Errors
    /// [`ApplyError`]. The room has not changed then.
    pub fn apply_proposals<S: MlsStack>(
        &mut self,
        stack: &mut S,
        decision: ProposalsDecision<S>,
    ) -> Result<Vec<ProposalRef>, ApplyError> {
        if !decision.plan.is_for(&self.policy) || decision.epoch != self.context.epoch {
            return Err(ApplyError::Stale);
        }
        stack.queue(decision.verified).map_err(|error| ApplyError::Mls(error.to_string()))?;
        self.accept(decision.plan, decision.list)
    }

    pub(crate) fn accept(
        &mut self,
        plan: Plan,
        list: Vec<WaitingProposal>,
    ) -> Result<Vec<ProposalRef>, ApplyError> {
        let departed = plan.departed_providers().to_vec();
        self.policy.apply(plan).map_err(|_| ApplyError::Stale)?;
        self.departed.extend(departed);
        let references = list.iter().map(|it| it.reference.clone()).collect();
        self.waiting.push(list);
        Ok(references)
    }
}

/// The users who come and those who go.
fn changed_users(before: &Members, changes: &MemberChanges) -> (Vec<UserUri>, Vec<UserUri>) {
    let mut gone: Vec<&UserUri> =
        changes.removed.iter().filter_map(|leaf| before.get(*leaf)).map(|member| &member.user).collect();
    gone.sort_unstable();
    gone.dedup();
    let removed: BTreeSet<u32> = changes.removed.iter().copied().collect();
    let added: BTreeSet<&UserUri> = changes.added.iter().map(|(_, member)| &member.user).collect();
    let stays =
        |user: &UserUri| added.contains(user) || before.leaves_of(user).any(|leaf| !removed.contains(&leaf));
    let left = gone.into_iter().filter(|user| !stays(user)).cloned().collect();
    let mut new: Vec<UserUri> = Vec::new();
    let mut known: BTreeSet<&UserUri> = BTreeSet::new();
    for (_, Member { user, .. }) in &changes.added {
        if before.leaves_of(user).next().is_none() && known.insert(user) {
            new.push(user.clone());
        }
    }
    (new, left)
}
