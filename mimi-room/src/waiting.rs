//! Proposals that were accepted and wait for a commit.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    mls::{AuthenticatedContent, Content, Proposal, ProposalOrRef, ProposalRef, Sender},
    protocol::ProposalMessage,
};

/// A proposal that was accepted in this epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingProposal {
    pub(crate) reference: ProposalRef,
    pub(crate) message: ProposalMessage,
    pub(crate) content: AuthenticatedContent,
    pub(crate) accepted_at: u64,
}

impl WaitingProposal {
    /// By which commits refer to it.
    #[must_use]
    pub const fn reference(&self) -> &ProposalRef {
        &self.reference
    }

    /// The message that proposed it.
    #[must_use]
    pub const fn message(&self) -> &ProposalMessage {
        &self.message
    }

    /// Its sender.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        self.content.content().sender()
    }

    /// What it proposes; `None` if the content is no proposal, which acceptance rules out.
    #[must_use]
    pub fn proposal(&self) -> Option<&Proposal> {
        match self.content.content().content() {
            Content::Proposal { proposal } => Some(proposal),
            _ => None,
        }
    }

    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    #[must_use]
    pub const fn accepted_at(&self) -> u64 {
        self.accepted_at
    }
}

/// The proposals that wait, list by list as they were accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    lists: Vec<Vec<WaitingProposal>>,
    /// Where the proposals are: the list, and the place in it.
    places: BTreeMap<ProposalRef, (usize, usize)>,
}

impl Waiting {
    /// All of them, in the order of acceptance.
    pub fn iter(&self) -> impl Iterator<Item = &WaitingProposal> {
        self.lists.iter().flatten()
    }

    /// The lists: what was accepted together was judged together.
    pub fn lists(&self) -> impl Iterator<Item = &[WaitingProposal]> {
        self.lists.iter().map(Vec::as_slice)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// The proposal with this reference.
    #[must_use]
    pub fn get(&self, reference: &ProposalRef) -> Option<&WaitingProposal> {
        let (list, place) = self.places.get(reference)?;
        self.lists.get(*list)?.get(*place)
    }

    /// When the hub accepted the last list.
    pub(crate) fn last_accepted_at(&self) -> Option<u64> {
        self.lists.last()?.first().map(WaitingProposal::accepted_at)
    }

    /// Adds a list behind the others.
    pub(crate) fn push(&mut self, list: Vec<WaitingProposal>) {
        let index = self.lists.len();
        let places = list.iter().enumerate();
        self.places.extend(places.map(|(place, it)| (it.reference.clone(), (index, place))));
        self.lists.push(list);
    }

    pub(crate) fn take(&mut self) -> Vec<Vec<WaitingProposal>> {
        self.places.clear();
        core::mem::take(&mut self.lists)
    }

    /// The proposals that a member's commit must refer to and does not.
    ///
    /// A commit contains all valid proposals (mimi-protocol-06 §7.3). RFC 9420 §12.2 forbids some
    /// of them in this very commit: an Update by the committer, and all but one proposal for one
    /// leaf.
    pub(crate) fn omitted(&self, committer: u32, named: &[Named<'_>]) -> Vec<ProposalRef> {
        let taken: BTreeSet<u32> = named.iter().filter_map(Named::leaf).collect();
        let references: BTreeSet<&ProposalRef> = named.iter().filter_map(|it| it.reference).collect();
        let omitted = self.iter().filter(|it| {
            let excused = match (it.sender(), it.proposal()) {
                (Sender::Member { leaf_index }, Some(Proposal::Update(_))) => {
                    *leaf_index == committer || taken.contains(leaf_index)
                }
                (_, Some(Proposal::Remove(remove))) => taken.contains(&remove.removed),
                _ => false,
            };
            !excused && !references.contains(&it.reference)
        });
        omitted.map(|it| it.reference.clone()).collect()
    }
}

/// One proposal of a commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'p> {
    pub(crate) proposal: &'p Proposal,
    /// Its reference and its sender, where the commit does not write it out.
    pub(crate) reference: Option<&'p ProposalRef>,
    pub(crate) sender: Option<&'p Sender>,
}

impl Named<'_> {
    /// The leaf that it removes or updates by reference.
    fn leaf(&self) -> Option<u32> {
        match (self.proposal, self.sender) {
            (Proposal::Remove(remove), _) => Some(remove.removed),
            (Proposal::SelfRemove(_) | Proposal::Update(_), Some(Sender::Member { leaf_index })) => {
                Some(*leaf_index)
            }
            _ => None,
        }
    }
}

impl Waiting {
    /// A commit's proposals in their order.
    ///
    /// # Errors
    /// All references that no accepted proposal has.
    pub(crate) fn resolve<'p>(
        &'p self,
        proposals: &'p [ProposalOrRef],
    ) -> Result<Vec<Named<'p>>, Vec<ProposalRef>> {
        let mut named = Vec::with_capacity(proposals.len());
        let mut unknown = Vec::new();
        for proposal in proposals {
            match proposal {
                ProposalOrRef::Proposal { proposal } => {
                    named.push(Named { proposal, reference: None, sender: None });
                }
                ProposalOrRef::Reference { reference } => match self.get(reference) {
                    Some(found) => named.extend(found.proposal().map(|proposal| Named {
                        proposal,
                        reference: Some(reference),
                        sender: Some(found.sender()),
                    })),
                    None => unknown.push(reference.clone()),
                },
            }
        }
        if unknown.is_empty() { Ok(named) } else { Err(unknown) }
    }
}
