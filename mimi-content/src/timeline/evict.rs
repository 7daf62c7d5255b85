//! Forgetting what is old.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::groups::Groups;
use super::memory::{Memory, Node};
use super::row::{Acceptance, MessageRow, Relation, RowChange, UnseenRow};
use super::{BodyKind, DifferentContent, Timeline};
use crate::message_id::MessageId;

/// What a timeline forgot: [`Timeline::evict`].
#[derive(Debug)]
pub struct Evicted<P, R> {
    /// The messages in the order of their places, with what was kept of each. A row tells the
    /// sender, both timestamps and when the local user read it.
    pub messages: Vec<(MessageRow<R>, Option<P>)>,
    /// What came under their IDs with other bytes or from other senders.
    pub different: Vec<DifferentContent<P>>,
}

impl<P, R> Timeline<P, R> {
    /// Forgets the entries that were accepted before a time, in milliseconds since the UNIX epoch,
    /// with their versions and the reactions to them; status reports of before that time, and edits
    /// that wait for messages that were not received, once all that wait for the same one are
    /// older.
    ///
    /// What goes is returned. Insert it again, in any order and before what came under the same ID,
    /// and the timeline is what it was: the order of arrival has no effect. Until then it counts as
    /// not received, so that replies to it refer to something unseen and edits of it wait.
    /// [Read](Timeline::mark_read) times go with their messages; the marker and retractions stay.
    ///
    /// Entries with a version or a reaction that the hub has not accepted yet stay. Of messages
    /// that were [dropped](super::Acceptance::Dropped) nothing is returned.
    ///
    /// Takes a time in proportion to the messages that are there, whatever goes. To keep the last
    /// 10,000, evict when there are 20,000.
    pub fn evict(&mut self, before_ms: u64) -> Evicted<P, R> {
        let nodes = self.rows.evictable(before_ms);
        if nodes.is_empty() {
            return Evicted { messages: Vec::new(), different: Vec::new() };
        }
        self.rows.take_out(&nodes)
    }
}

impl<P, R> Memory<P, R> {
    /// The messages that [`Timeline::evict`] forgets.
    fn evictable(&self, before_ms: u64) -> BTreeSet<Node> {
        let mut going = BTreeSet::new();
        // What waits for a message, by the group that waits for the same one: all of it goes, or
        // none.
        let mut waiting: BTreeMap<Node, (bool, Vec<Node>)> = BTreeMap::new();
        for node in self.nodes() {
            let Some(record) = self.record(node) else { continue };
            let is_old = record.accepted_ms < before_ms && !is_local(record.acceptance);
            if record.replaces().is_some() {
                if record.first().is_none() {
                    let group = self.representative(Relation::Replaces, node);
                    let (all_old, members) = waiting.entry(group).or_insert((true, Vec::new()));
                    *all_old &= is_old;
                    members.push(node);
                }
                continue;
            }
            if is_old && (record.kind != BodyKind::Reaction || !self.has_shown_target(node)) {
                self.collect(node, &mut going);
            }
        }
        let old = waiting.into_values().filter(|(all_old, _)| *all_old);
        going.extend(old.flat_map(|(_, members)| members));
        going
    }

    /// Whether it refers to a message that was received and whose first instance was, and goes with
    /// that.
    fn has_shown_target(&self, node: Node) -> bool {
        let target = self.record(node).and_then(|record| record.in_reply_to());
        let record = target.and_then(|target| self.record(target));
        record.is_some_and(|record| record.replaces().is_none() || record.first().is_some())
    }

    /// Adds a first instance with its versions and the reactions to them, and so on; none of it, if
    /// the hub has not accepted some of it.
    fn collect(&self, first: Node, going: &mut BTreeSet<Node>) {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = Vec::from([first]);
        while let Some(first) = open.pop() {
            if !seen.insert(first) {
                continue;
            }
            for version in core::iter::once(first).chain(self.chain(first)) {
                let Some(record) = self.record(version) else { continue };
                if is_local(record.acceptance) {
                    return;
                }
                found.push(version);
                let reactions = self.children(version).filter(|child| {
                    self.record(*child)
                        .is_some_and(|child| child.kind == BodyKind::Reaction && child.replaces().is_none())
                });
                open.extend(reactions);
            }
        }
        going.extend(found);
    }

    /// Takes messages out, and all that belongs to them alone. What stays is built anew, so that
    /// nothing of them is left.
    fn take_out(&mut self, going: &BTreeSet<Node>) -> Evicted<P, R> {
        let mut old = core::mem::take(self);
        let mut rows = Vec::new();
        old.for_each_row(&mut |row, _| rows.push(row));
        // A group of messages that waited for the same one is drawn anew without those that go.
        let broken: BTreeSet<_> = [Relation::Replaces, Relation::InReplyTo]
            .into_iter()
            .flat_map(|relation| going.iter().map(move |node| (relation, *node)))
            .map(|(relation, node)| (relation, old.representative(relation, node)))
            .collect();
        let mut evicted = Evicted { messages: Vec::new(), different: Vec::new() };
        let mut referred: BTreeSet<MessageId> = BTreeSet::new();
        let (mut replies, mut ends) = (Vec::new(), Vec::new());
        let opened = old.opened_loops(going);
        for change in rows {
            let is_going = |id: &MessageId| old.find(id).is_some_and(|node| going.contains(&node));
            match &change {
                RowChange::PutMessage(row) => {
                    let mut row = MessageRow::clone(row);
                    let id = row.message_id();
                    let goes = is_going(&id);
                    if goes {
                        let payload = old.take_payload(&id);
                        if row.is_present() {
                            evicted.messages.push((row, payload));
                        }
                        continue;
                    }
                    referred.extend([row.replaces, row.in_reply_to].into_iter().flatten());
                    if let Some(node) = old.find(&id) {
                        row.in_reply_loop &= !opened.contains(&node);
                        let group = old.reply_group(node);
                        let is_broken = broken.contains(&group);
                        let waits = |to: &MessageId| {
                            let is_member = |to| is_broken && old.reply_group(to) == group;
                            is_going(to) || old.find(to).is_some_and(is_member)
                        };
                        match row.in_reply_to.filter(waits) {
                            Some(to) => replies.push((id, to)),
                            None if is_broken => ends.push(id),
                            None => {}
                        }
                    }
                    let payload = old.take_payload(&id);
                    let row = RowChange::PutMessage(Box::new(row));
                    drop(self.apply(Vec::from([row]), payload.map(|payload| (id, payload))));
                    continue;
                }
                RowChange::PutLink(relation, id, _) => {
                    let group = old.find(id).map(|node| (*relation, old.representative(*relation, node)));
                    if group.is_some_and(|group| broken.contains(&group)) {
                        continue;
                    }
                }
                RowChange::PutStatus(row) if is_going(&row.report.message_id) => continue,
                // Those that are still referred to are written below.
                RowChange::PutUnseen(row) if row.read_at_ms.is_none() => continue,
                RowChange::PutDifferent(row) => {
                    let (id, goes) = (row.message_id, is_going(&row.message_id));
                    if let Some(different) = old.take_different(row) {
                        if goes {
                            evicted.different.push(different);
                        } else {
                            drop(self.apply(Vec::from([change]), Some((id, different.payload))));
                        }
                    }
                    continue;
                }
                _ => {}
            }
            drop(self.apply(Vec::from([change]), None));
        }
        for message_id in referred {
            let is_there = self.find(&message_id).is_some_and(|node| self.record(node).is_some());
            if !is_there && !self.is_unseen(&message_id) {
                let row = UnseenRow { message_id, read_at_ms: None };
                drop(self.apply(Vec::from([RowChange::PutUnseen(row)]), None));
            }
        }
        let mut groups = Groups::<P, R, Self>::new(self);
        for (from, to) in replies {
            let Ok(_) = groups.join(Relation::InReplyTo, from, to);
        }
        for id in ends {
            let Ok(()) = groups.close(Relation::InReplyTo, id);
        }
        let links = groups.into_rows();
        drop(self.apply(links, None));
        evicted.messages.sort_by_key(|(row, _)| row.place);
        evicted
    }

    fn reply_group(&self, node: Node) -> (Relation, Node) {
        (Relation::InReplyTo, self.representative(Relation::InReplyTo, node))
    }

    /// The members of those loops of replies that are none without the messages that go.
    fn opened_loops(&self, going: &BTreeSet<Node>) -> BTreeSet<Node> {
        let mut opened = BTreeSet::new();
        for start in going {
            let mut next = Some(*start);
            while let Some(record) = next.and_then(|node| self.record(node))
                && record.in_reply_loop()
                && next.is_some_and(|node| opened.insert(node))
            {
                next = record.in_reply_to();
            }
        }
        opened
    }
}

/// Whether the local user waits for the hub to accept it.
fn is_local(acceptance: Acceptance) -> bool {
    matches!(acceptance, Acceptance::Pending | Acceptance::Failed)
}
