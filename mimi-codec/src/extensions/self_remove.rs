//! Members who remove themselves (mls-extensions-10 §6.3).

use alloc::collections::BTreeMap;

use crate::{
    DecodeErrorKind, InvalidValueError, Result, Segment,
    code_points::ProposalType,
    mls::{Commit, Content, Proposal, ProposalOrRef, ProposalRef, PublicMessage, Remove, Sender},
};

/// The SelfRemove proposals of an epoch that wait for a commit.
///
/// ```
/// use mimi_codec::{
///     extensions::{SelfRemove, SelfRemoves},
///     mls::{Commit, Content, FramedContent, FramedContentAuthData, MAC, Proposal, ProposalRef, PublicMessage, Remove, Sender},
/// };
///
/// let content = Content::Proposal { proposal: Proposal::SelfRemove(SelfRemove {}) };
/// let member = Sender::Member { leaf_index: 4 };
/// let content = FramedContent::new("group".into(), 7, member, "".into(), content)?;
/// let auth = FramedContentAuthData { signature: "".into(), confirmation_tag: None };
/// let message = PublicMessage::new(content, auth, Some(MAC::default()))?;
///
/// let mut pending = SelfRemoves::default();
/// assert!(pending.add(&message, ProposalRef::new(*b"reference"))?);
/// assert!(pending.voids(&Remove { removed: 4 }));
/// // A client that joins by an external commit has to take it along.
/// let commit = Commit { proposals: vec![], path: None };
/// assert!(pending.check_commit(&Sender::NewMemberCommit {}, &commit).is_err());
/// # Ok::<(), mimi_codec::InvalidValueError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfRemoves {
    by_leaf: BTreeMap<u32, ProposalRef>,
}

impl SelfRemoves {
    /// Takes note of the SelfRemove in `message`, whose ProposalRef is `reference`; `false` if
    /// there is none in it.
    ///
    /// That it came as a PublicMessage and not in any other form, and from a member, is in the
    /// type.
    ///
    /// # Errors
    /// [`Duplicate`](DecodeErrorKind::Duplicate) when the member sent another one in this epoch.
    /// The same one once more does no harm.
    pub fn add(
        &mut self,
        message: &PublicMessage,
        reference: ProposalRef,
    ) -> Result<bool, InvalidValueError> {
        let Content::Proposal { proposal: Proposal::SelfRemove(_) } = message.content().content() else {
            return Ok(false);
        };
        let Sender::Member { leaf_index } = *message.content().sender() else {
            // FramedContent lets no other sender send one.
            return Ok(false);
        };
        match self.by_leaf.get(&leaf_index) {
            Some(earlier) if *earlier != reference => {
                Err(InvalidValueError::field("sender", DecodeErrorKind::Duplicate))
            }
            _ => {
                self.by_leaf.insert(leaf_index, reference);
                Ok(true)
            }
        }
    }

    /// The leaves that go, each with the reference of its proposal.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &ProposalRef)> {
        self.by_leaf.iter().map(|(leaf_index, reference)| (*leaf_index, reference))
    }

    /// Is this Remove invalid, because the leaf is about to remove itself?
    pub fn voids(&self, remove: &Remove) -> bool {
        self.by_leaf.contains_key(&remove.removed)
    }

    /// Does a commit from `sender` treat SelfRemoves as it has to?
    ///
    /// # Errors
    /// [`ForbiddenValue`](DecodeErrorKind::ForbiddenValue) for a SelfRemove that is written out:
    /// they go by reference only. [`Missing`](DecodeErrorKind::Missing) when an external commit
    /// leaves a pending one out.
    pub fn check_commit(&self, sender: &Sender, commit: &Commit) -> Result<(), InvalidValueError> {
        let written_out = |proposal: &ProposalOrRef| {
            matches!(proposal, ProposalOrRef::Proposal { proposal: Proposal::SelfRemove(_) })
        };
        if let Some(index) = commit.proposals.iter().position(written_out) {
            return Err(InvalidValueError { kind: forbidden(), place: Some(Segment::Index(index)) });
        }
        let takes = |wanted: &ProposalRef| {
            commit.proposals.iter().any(
                |proposal| matches!(proposal, ProposalOrRef::Reference { reference } if reference == wanted),
            )
        };
        if matches!(sender, Sender::NewMemberCommit {}) && !self.by_leaf.values().all(takes) {
            return Err(InvalidValueError::field("proposals", DecodeErrorKind::Missing));
        }
        Ok(())
    }
}

fn forbidden() -> DecodeErrorKind {
    DecodeErrorKind::ForbiddenValue { name: "ProposalType", value: ProposalType::SELF_REMOVE.value() as u64 }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::SelfRemoves;
    use crate::{
        DecodeErrorKind, InvalidValueError, Segment,
        extensions::SelfRemove,
        mls::{
            Commit, Content, FramedContent, FramedContentAuthData, MAC, Proposal, ProposalOrRef, ProposalRef,
            PublicMessage, Remove, Sender,
        },
    };

    fn message(sender: Sender, proposal: Proposal) -> PublicMessage {
        let membership_tag = matches!(sender, Sender::Member { .. }).then(MAC::default);
        let content =
            FramedContent::new("g".into(), 1, sender, "".into(), Content::Proposal { proposal }).unwrap();
        let auth = FramedContentAuthData { signature: "s".into(), confirmation_tag: None };
        PublicMessage::new(content, auth, membership_tag).unwrap()
    }

    fn self_remove(leaf_index: u32) -> PublicMessage {
        message(Sender::Member { leaf_index }, Proposal::SelfRemove(SelfRemove {}))
    }

    fn reference(name: &str) -> ProposalRef {
        ProposalRef::new(name.as_bytes())
    }

    fn commit(references: &[&str]) -> Commit {
        let proposals: Vec<_> =
            references.iter().map(|name| ProposalOrRef::Reference { reference: reference(name) }).collect();
        Commit { proposals, path: None }
    }

    const SELF_REMOVE_IS_FORBIDDEN: DecodeErrorKind =
        DecodeErrorKind::ForbiddenValue { name: "ProposalType", value: 10 };

    #[test]
    fn at_most_one_for_a_leaf() {
        let mut pending = SelfRemoves::default();
        assert_eq!(pending.add(&self_remove(4), reference("a")), Ok(true));
        assert_eq!(pending.add(&self_remove(4), reference("a")), Ok(true));
        let twice = pending.add(&self_remove(4), reference("b")).unwrap_err();
        assert_eq!(twice, InvalidValueError::field("sender", DecodeErrorKind::Duplicate));
        assert_eq!(pending.add(&self_remove(5), reference("c")), Ok(true));
        let other = message(Sender::Member { leaf_index: 9 }, Proposal::Remove(Remove { removed: 1 }));
        assert_eq!(pending.add(&other, reference("d")), Ok(false));
        assert_eq!(pending.iter().map(|(leaf, _)| leaf).collect::<Vec<_>>(), [4, 5]);
        assert!(pending.voids(&Remove { removed: 5 }) && !pending.voids(&Remove { removed: 9 }));
    }

    #[test]
    fn no_user_but_a_member_makes_one() {
        for sender in [Sender::External { sender_index: 0 }, Sender::NewMemberProposal {}] {
            let content = Content::Proposal { proposal: Proposal::SelfRemove(SelfRemove {}) };
            let invalid = FramedContent::new("g".into(), 1, sender, "".into(), content).unwrap_err();
            assert_eq!(invalid, InvalidValueError::field("content", SELF_REMOVE_IS_FORBIDDEN));
        }
    }

    #[test]
    fn an_external_commit_takes_all_of_them_along() {
        let mut pending = SelfRemoves::default();
        pending.add(&self_remove(4), reference("a")).unwrap();
        pending.add(&self_remove(5), reference("b")).unwrap();
        let joins = Sender::NewMemberCommit {};
        assert_eq!(pending.check_commit(&joins, &commit(&["b", "x", "a"])), Ok(()));
        let missing = InvalidValueError::field("proposals", DecodeErrorKind::Missing);
        assert_eq!(pending.check_commit(&joins, &commit(&["b"])), Err(missing));
        // A member's commit may be older than the proposal.
        assert_eq!(pending.check_commit(&Sender::Member { leaf_index: 0 }, &commit(&["b"])), Ok(()));
    }

    #[test]
    fn refuses_a_self_remove_that_is_written_out() {
        let written_out = ProposalOrRef::Proposal { proposal: Proposal::SelfRemove(SelfRemove {}) };
        let commit = Commit {
            proposals: vec![ProposalOrRef::Reference { reference: reference("x") }, written_out],
            path: None,
        };
        let invalid =
            SelfRemoves::default().check_commit(&Sender::Member { leaf_index: 0 }, &commit).unwrap_err();
        assert_eq!(
            invalid,
            InvalidValueError { kind: SELF_REMOVE_IS_FORBIDDEN, place: Some(Segment::Index(1)) }
        );
    }
}
