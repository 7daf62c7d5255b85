//! Groups of messages that wait for the same one: disjoint sets, joined by size, with their members
//! in a ring.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::row::{LinkEnd, LinkRow, LookUp, MAX_GROUP_DEPTH, Relation, RowChange};
use crate::message_id::MessageId;

/// The groups that are there, and what changes of them.
pub(super) struct Groups<'s, P, R, L: ?Sized> {
    look_up: &'s L,
    pub(super) links: BTreeMap<(Relation, MessageId), Option<LinkRow>>,
    rows: PhantomData<fn(P, R)>,
}

impl<'s, P, R, L: LookUp<P, R> + ?Sized> Groups<'s, P, R, L> {
    pub(super) fn new(look_up: &'s L) -> Self {
        Self { look_up, links: BTreeMap::new(), rows: PhantomData }
    }

    /// A member of a group. A message that belongs to no group is a group of its own.
    pub(super) fn link(&self, relation: Relation, id: MessageId) -> Result<LinkRow, L::Error> {
        let row = match self.links.get(&(relation, id)) {
            Some(row) => *row,
            None => self.look_up.link(relation, &id)?,
        };
        Ok(row.unwrap_or(LinkRow { parent: id, size: 1, end: LinkEnd::Unseen(id), next: id }))
    }

    /// The member that stands for a message's group.
    pub(super) fn representative(
        &self,
        relation: Relation,
        mut id: MessageId,
    ) -> Result<(MessageId, LinkRow), L::Error> {
        let mut link = self.link(relation, id)?;
        for _ in 0..MAX_GROUP_DEPTH {
            if link.parent == id {
                break;
            }
            id = link.parent;
            link = self.link(relation, id)?;
        }
        Ok((id, link))
    }

    /// Draws the reference of a message that has none yet. `true` if it closes a loop.
    pub(super) fn join(
        &mut self,
        relation: Relation,
        from: MessageId,
        to: MessageId,
    ) -> Result<bool, L::Error> {
        let (source, a) = self.representative(relation, from)?;
        let (target, b) = self.representative(relation, to)?;
        if source == target {
            self.links.insert((relation, source), Some(LinkRow { end: LinkEnd::Loop, ..a }));
            return Ok(true);
        }
        let (small, large) = if a.size > b.size { (target, source) } else { (source, target) };
        self.change(relation, small, |link| link.parent = large)?;
        self.change(relation, large, |link| {
            link.size = a.size.saturating_add(b.size);
            link.end = b.end;
        })?;
        // Two rings become one.
        let (next_from, next_to) = (self.link(relation, from)?.next, self.link(relation, to)?.next);
        self.change(relation, from, |link| link.next = next_to)?;
        self.change(relation, to, |link| link.next = next_from)?;
        Ok(false)
    }

    /// Notes that the references of a message's group lead to a message that refers to none.
    pub(super) fn close(&mut self, relation: Relation, id: MessageId) -> Result<(), L::Error> {
        let (representative, group) = self.representative(relation, id)?;
        if group.size > 1 {
            let closed = LinkRow { end: LinkEnd::Closed, ..group };
            self.links.insert((relation, representative), Some(closed));
        }
        Ok(())
    }

    fn change(
        &mut self,
        relation: Relation,
        id: MessageId,
        change: impl FnOnce(&mut LinkRow),
    ) -> Result<(), L::Error> {
        let mut link = self.link(relation, id)?;
        change(&mut link);
        self.links.insert((relation, id), Some(link));
        Ok(())
    }

    /// The rows to write and to delete.
    pub(super) fn into_rows(self) -> Vec<RowChange<R>> {
        let rows = self.links.into_iter().map(|((relation, id), row)| match row {
            Some(row) => RowChange::PutLink(relation, id, row),
            None => RowChange::DeleteLink(relation, id),
        });
        rows.collect()
    }
}
