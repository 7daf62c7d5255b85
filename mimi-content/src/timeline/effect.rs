//! The step: what a message, or anything else that happens, changes in the rows of a timeline.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::BodyKind;
use super::authorize::{ChangeTarget, TimelineAction, TimelineChange, TimelineRules};
use super::finding::{MalformedReport, OtherFields};
use super::groups::Groups;
use super::received::TimelineMessage;
use super::retraction::{Retraction, RetractionScope};
use super::row::{
    Acceptance, BodyChange, ChangeRefusal, DifferentRow, Effects, Judgement, LinkEnd, LinkRow, LookUp,
    MessageRow, Relation, RowChange, StatusRow, TimelinePlace, UnseenRow, VersionOutcome,
};
use crate::message_id::MessageId;
use crate::status::{EqualRankRule, MessageStatus, StatusWeight};

/// Something that happens to a timeline.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Incoming<'a> {
    /// A message that the hub accepted.
    Message(TimelineMessage<'a>),
    /// A message of the local user's own that the hub has not accepted yet, at the local time; once
    /// more when it is sent again after it failed.
    Local(TimelineMessage<'a>),
    /// The hub accepted a message of the local user's own.
    Accepted {
        /// The message.
        message_id: MessageId,
        /// The accepted timestamp, in milliseconds since the UNIX epoch.
        accepted_ms: u64,
    },
    /// The hub did not accept a message of the local user's own. Nothing, if it did.
    Failed {
        /// The message.
        message_id: MessageId,
    },
    /// The local user gives up a message of its own that the hub has not accepted. Nothing, if it
    /// has.
    Dropped {
        /// The message.
        message_id: MessageId,
    },
    /// The local user read a message, received or not. Of several times, and of several versions,
    /// the earliest counts.
    Read {
        /// The message.
        message_id: MessageId,
        /// When, in milliseconds since the UNIX epoch.
        read_at_ms: u64,
    },
    /// The hub retracted messages.
    Retracted(&'a Arc<Retraction>),
    /// A message whose [`MessageRow::due_ms`] has come: its content goes wherever it was copied.
    Expired {
        /// The message.
        message_id: MessageId,
    },
}

/// What a step does.
#[derive(Clone, Debug)]
#[must_use]
pub struct Effect<R> {
    /// What became of the message, if it was one.
    pub taken: Arrival,
    /// The rows to write and delete, in this order. A message comes before the statuses that it
    /// reports, and a first instance after its versions.
    pub rows: Vec<RowChange<R>>,
    /// What looks other than before.
    pub changed: Vec<ChangedRow>,
}

/// What became of a message that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It is new, or something else than a message happened.
    New,
    /// It was there already, byte for byte.
    Repeated,
    /// Another message is there under this ID.
    Different,
}

/// Something that looks other than before. With the versions of an entry its reactions, replies and
/// statuses may change too, as they belong to versions. Replies to an entry that is added or
/// changed may quote it: see [`TimelineEntry::replies`](super::TimelineEntry::replies).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ChangedRow {
    /// There is a new entry, with all that waited for it.
    Added(MessageId),
    /// The entry has another current version.
    Edited(MessageId),
    /// The entry is deleted.
    Deleted(MessageId),
    /// The entry belongs to another topic.
    Topic(MessageId),
    /// The entry has one more earlier version, or a refused one.
    Versions(MessageId),
    /// The entry has other reactions.
    Reactions(MessageId),
    /// The entry has other replies.
    Replies(MessageId),
    /// The entry stands elsewhere in the order, or the hub accepted it.
    Moved(MessageId),
    /// The message has another status at the sender of a report. It may be any version, and one
    /// that was not seen.
    Status(MessageId),
    /// The message waits for what it replaces.
    Held(MessageId),
    /// The message closes a loop of replies or replacements.
    Loop(MessageId),
    /// The hub did not accept the local user's message.
    Failed(MessageId),
    /// The entry is no longer there: its author dropped it before the hub accepted it.
    Removed(MessageId),
    /// The hub retracted the entry.
    Retracted(MessageId),
    /// The content of the message expired.
    Expired(MessageId),
}

/// Says what something that happens changes in the rows of a timeline.
///
/// `payload` is what the caller keeps of the message's content, for [`TimelineRules::authorize`] to
/// see. The rows must be written before the next step, all or none.
///
/// The order in which things happen doesn't matter, but for one thing: of two different messages
/// under one ID, the one that came first is kept (mimi-content-09 §9.1).
///
/// # Errors
///
/// What `look_up` fails with.
pub fn effect<P, R, L: LookUp<P, R> + ?Sized>(
    incoming: Incoming<'_>,
    payload: Option<&P>,
    look_up: &L,
    rules: &dyn TimelineRules<P, R>,
) -> Result<Effect<R>, L::Error> {
    let mut step = Step {
        look_up,
        rules,
        new: None,
        messages: BTreeMap::new(),
        groups: Groups::new(look_up),
        unseen: BTreeMap::new(),
        touched: BTreeMap::new(),
        statuses: Vec::new(),
        others: Vec::new(),
        changed: Vec::new(),
    };
    let mut taken = Arrival::New;
    match incoming {
        Incoming::Message(received) => taken = step.take(received, payload, Acceptance::Accepted)?,
        Incoming::Local(received) => taken = step.take(received, payload, Acceptance::Pending)?,
        Incoming::Accepted { message_id, accepted_ms } => {
            if let Some(row) = step.message(&message_id)? {
                step.accept(row, accepted_ms)?;
            }
        }
        Incoming::Failed { message_id } => step.fail(message_id)?,
        Incoming::Dropped { message_id } => step.drop_local(message_id)?,
        Incoming::Read { message_id, read_at_ms } => step.read(message_id, read_at_ms)?,
        Incoming::Retracted(retraction) => step.retract(retraction)?,
        Incoming::Expired { message_id } => step.expire(message_id)?,
    }
    step.settle()?;
    Ok(step.finish(taken))
}

/// A message, as it is or as it will be.
struct Cached<R> {
    row: MessageRow<R>,
    is_changed: bool,
}

struct Step<'s, P, R, L: ?Sized> {
    look_up: &'s L,
    rules: &'s dyn TimelineRules<P, R>,
    /// The message that is new, and what is kept of it.
    new: Option<(MessageId, Option<&'s P>)>,
    messages: BTreeMap<MessageId, Option<Cached<R>>>,
    groups: Groups<'s, P, R, L>,
    unseen: BTreeMap<MessageId, Option<UnseenRow>>,
    /// First instances some version of which changed, with what their versions came to.
    touched: BTreeMap<MessageId, VersionOutcome>,
    statuses: Vec<StatusRow>,
    others: Vec<RowChange<R>>,
    changed: Vec<ChangedRow>,
}

impl<'s, P, R, L: LookUp<P, R> + ?Sized> Step<'s, P, R, L> {
    fn message(&mut self, id: &MessageId) -> Result<Option<MessageRow<R>>, L::Error> {
        if let Some(cached) = self.messages.get(id) {
            return Ok(cached.as_ref().map(|cached| cached.row.clone()));
        }
        let row = self.look_up.message(id)?;
        let cached = row.clone().map(|row| Cached { row, is_changed: false });
        self.messages.insert(*id, cached);
        Ok(row)
    }

    fn put(&mut self, row: MessageRow<R>) {
        self.messages.insert(row.message_id(), Some(Cached { row, is_changed: true }));
    }

    /// The first instance that a message is or belongs to, if it was received.
    fn first_of(&mut self, id: &MessageId) -> Result<Option<MessageRow<R>>, L::Error> {
        match self.message(id)? {
            Some(MessageRow { first: Some(first), .. }) => self.message(&first),
            Some(row) if row.replaces.is_none() => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// The entry that a message belongs to.
    fn entry_of(&mut self, id: &MessageId) -> Result<Option<MessageId>, L::Error> {
        Ok(self.first_of(id)?.filter(MessageRow::is_entry).map(|row| row.message_id()))
    }

    /// Notes that some version of a first instance changes.
    fn touch(&mut self, first: &MessageRow<R>) {
        self.touched.entry(first.message_id()).or_insert(first.outcome);
    }

    // Messages.

    fn take(
        &mut self,
        received: TimelineMessage<'_>,
        payload: Option<&'s P>,
        acceptance: Acceptance,
    ) -> Result<Arrival, L::Error> {
        let id = received.message_id;
        if let Some(row) = self.message(&id)? {
            return self.take_again(row, &received, payload, acceptance);
        }
        self.new = Some((id, payload));
        let unseen = self.unseen_row(&id)?;
        if unseen.is_some() {
            self.unseen.insert(id, None);
        }
        let place = TimelinePlace { accepted_ms: received.accepted_ms, message_id: id };
        let (kind, accepted_ms) = (received.body.kind, received.accepted_ms);
        let is_retracted = self.look_up.is_retracted(&id, kind, received.sender_uri, accepted_ms)?;
        let sender_uri: Arc<str> = Arc::from(received.sender_uri);
        let mut row = MessageRow {
            place,
            accepted_last_ms: received.accepted_ms,
            acceptance,
            sender_uri,
            topic_id: Arc::from(received.topic_id.as_ref()),
            replaces: received.replaces,
            in_reply_to: received.in_reply_to,
            expires: received.expires,
            disposition: received.disposition,
            kind: received.body.kind,
            is_emptied: received.body.is_emptied,
            reactions: Arc::from(received.body.reactions),
            malformed_report: received
                .body
                .malformed_report
                .as_ref()
                .map(|error| Arc::new(MalformedReport::new(error))),
            digest: received.digest,
            body_digest: received.body_digest,
            extensions: received.extensions,
            in_replaces_loop: false,
            in_reply_loop: false,
            is_retracted,
            is_gone: false,
            read_at_ms: unseen.and_then(|row| row.read_at_ms),
            due_ms: None,
            first: None,
            judgement: None,
            outcome: VersionOutcome::default(),
        };
        row.due_ms = row.expires.and_then(|expires| expires.due_ms(row.read_at_ms));
        self.put(row.clone());
        self.report(&row, &received.body.statuses)?;
        for to in [row.replaces, row.in_reply_to].into_iter().flatten() {
            if self.message(&to)?.is_none() && self.unseen_row(&to)?.is_none() {
                self.unseen.insert(to, Some(UnseenRow { message_id: to, read_at_ms: None }));
            }
        }
        if self.link_reply(&row)? {
            self.mark_loop(id, Relation::InReplyTo)?;
            self.changed.push(ChangedRow::Loop(id));
        }
        match row.replaces {
            None => self.begin(id)?,
            Some(to) => self.replace(id, to)?,
        }
        Ok(Arrival::New)
    }

    /// A first instance arrives, maybe after messages that replace it.
    fn begin(&mut self, id: MessageId) -> Result<(), L::Error> {
        for version in self.leave(Relation::Replaces, id)? {
            self.attach(id, version)?;
        }
        let Some(row) = self.message(&id)? else { return Ok(()) };
        // What waited for it belongs to what is new.
        self.touched.insert(id, VersionOutcome::default());
        if row.is_entry() {
            self.changed.push(ChangedRow::Added(id));
        }
        self.tell_of_target(&row)
    }

    /// A message arrives that replaces another.
    fn replace(&mut self, id: MessageId, to: MessageId) -> Result<(), L::Error> {
        let first = if to == id { None } else { self.first_of(&to)? };
        let Some(first) = first else {
            if self.join(Relation::Replaces, id, to)? {
                self.mark_loop(id, Relation::Replaces)?;
                self.changed.push(ChangedRow::Loop(id));
            }
            self.changed.push(ChangedRow::Held(id));
            return Ok(());
        };
        // What replaces this message has waited with it.
        let waiting = self.leave(Relation::Replaces, id)?;
        self.attach(first.message_id(), id)?;
        for version in waiting {
            self.attach(first.message_id(), version)?;
        }
        Ok(())
    }

    /// The same bytes once more, or others under the same ID.
    fn take_again(
        &mut self,
        row: MessageRow<R>,
        received: &TimelineMessage<'_>,
        payload: Option<&'s P>,
        acceptance: Acceptance,
    ) -> Result<Arrival, L::Error> {
        if row.digest != received.digest || row.sender_uri.as_ref() != received.sender_uri {
            let different = DifferentRow {
                message_id: received.message_id,
                sender_uri: Arc::from(received.sender_uri),
                digest: received.digest,
                accepted_ms: received.accepted_ms,
            };
            if !row.is_gone && !self.look_up.has_different(&different)? {
                self.others.push(RowChange::PutDifferent(different));
            }
            return Ok(Arrival::Different);
        }
        let was_dropped = !row.is_present();
        if was_dropped {
            self.new = Some((received.message_id, payload));
        }
        match acceptance {
            Acceptance::Accepted => {
                self.accept(row, received.accepted_ms)?;
            }
            _ if row.acceptance == Acceptance::Accepted => return Ok(Arrival::Repeated),
            _ => {
                // Sent again.
                let mut after = row.clone();
                after.acceptance = Acceptance::Pending;
                after.accepted_last_ms = received.accepted_ms;
                self.move_to(row, after, received.accepted_ms)?;
            }
        }
        Ok(if was_dropped { Arrival::New } else { Arrival::Repeated })
    }

    /// The hub accepted a message that is there.
    fn accept(&mut self, row: MessageRow<R>, accepted_ms: u64) -> Result<(), L::Error> {
        let mut after = row.clone();
        after.acceptance = Acceptance::Accepted;
        if row.acceptance == Acceptance::Accepted {
            after.accepted_last_ms = row.accepted_last_ms.max(accepted_ms);
            if accepted_ms >= row.place.accepted_ms {
                if after.accepted_last_ms != row.accepted_last_ms {
                    self.put(after);
                }
                return Ok(());
            }
        } else {
            // The time until now was the local one, which says nothing of the hub.
            after.accepted_last_ms = accepted_ms;
        }
        self.move_to(row, after, accepted_ms)
    }

    /// Gives a message another place, and writes what else changed in it.
    fn move_to(
        &mut self,
        before: MessageRow<R>,
        mut after: MessageRow<R>,
        accepted_ms: u64,
    ) -> Result<(), L::Error> {
        let id = before.message_id();
        after.place.accepted_ms = accepted_ms;
        after.is_retracted = self.look_up.is_retracted(&id, after.kind, &after.sender_uri, accepted_ms)?;
        for mut status in self.look_up.report(&id)? {
            let (rank, first_holds) = status.weight.parts();
            status.report = after.place;
            status.weight = StatusWeight::of_parts(rank, first_holds, accepted_ms, id);
            self.changed.push(ChangedRow::Status(status.message_id));
            self.statuses.push(status);
        }
        self.changed.sort_unstable();
        self.changed.dedup();
        let told = self.changed.len();
        self.put(after.clone());
        match after.first {
            Some(first) => {
                if let Some(first) = self.message(&first)? {
                    self.touch(&first);
                    let judgement = self.judge(&first, &after)?;
                    after.judgement = Some(Arc::new(judgement));
                    self.put(after.clone());
                }
            }
            None if after.replaces.is_none() => {
                if after.is_entry() {
                    let added = !before.is_present();
                    self.changed.push(if added { ChangedRow::Added(id) } else { ChangedRow::Moved(id) });
                }
                self.tell_of_target(&after)?;
            }
            None => {}
        }
        // One that is attached is told of when its versions are settled.
        let is_told = self.changed.len() != told || after.first.is_some();
        if !is_told && after.acceptance != before.acceptance {
            self.changed.push(ChangedRow::Moved(id));
        }
        Ok(())
    }

    fn fail(&mut self, id: MessageId) -> Result<(), L::Error> {
        if let Some(mut row) = self.message(&id)?
            && row.acceptance == Acceptance::Pending
        {
            row.acceptance = Acceptance::Failed;
            self.put(row);
            self.changed.push(ChangedRow::Failed(id));
        }
        Ok(())
    }

    fn drop_local(&mut self, id: MessageId) -> Result<(), L::Error> {
        let Some(mut row) = self.message(&id)? else { return Ok(()) };
        // A report said what it said: there is nothing to see that could be dropped.
        let is_local = matches!(row.acceptance, Acceptance::Pending | Acceptance::Failed);
        if !is_local || row.kind == BodyKind::Report {
            return Ok(());
        }
        if row.is_entry() {
            self.changed.push(ChangedRow::Removed(id));
        }
        self.tell_of_target(&row)?;
        if let Some(first) = row.first
            && let Some(first) = self.message(&first)?
        {
            self.touch(&first);
        }
        row.acceptance = Acceptance::Dropped;
        self.put(row);
        self.others.push(RowChange::DeleteContent(id));
        Ok(())
    }

    fn read(&mut self, id: MessageId, read_at_ms: u64) -> Result<(), L::Error> {
        let Some(row) = self.message(&id)? else {
            let read_before = self.unseen_row(&id)?.and_then(|row| row.read_at_ms);
            let read_at_ms = Some(read_before.map_or(read_at_ms, |before| before.min(read_at_ms)));
            self.unseen.insert(id, Some(UnseenRow { message_id: id, read_at_ms }));
            return Ok(());
        };
        self.note_read(row, read_at_ms)?;
        if let Some(first) = self.first_of(&id)? {
            self.note_read(first, read_at_ms)?;
        }
        Ok(())
    }

    fn note_read(&mut self, mut row: MessageRow<R>, read_at_ms: u64) -> Result<(), L::Error> {
        if row.read_at_ms.is_some_and(|before| before <= read_at_ms) {
            return Ok(());
        }
        row.read_at_ms = Some(read_at_ms);
        if !row.is_gone && row.first.is_none() {
            row.due_ms = row.expires.and_then(|expires| expires.due_ms(row.read_at_ms));
        }
        self.put(row);
        Ok(())
    }

    fn retract(&mut self, retraction: &Arc<Retraction>) -> Result<(), L::Error> {
        self.others.push(RowChange::PutRetraction(Arc::clone(retraction)));
        let ids = match &retraction.scope {
            RetractionScope::Messages(ids) | RetractionScope::Reactions(ids) => ids.clone(),
            RetractionScope::Sender { sender_uri, .. } => {
                self.look_up.sent_since(sender_uri, retraction.start_ms())?
            }
        };
        for id in ids {
            let Some(mut row) = self.message(&id)? else { continue };
            let of_reactions = matches!(retraction.scope, RetractionScope::Reactions(_));
            if row.is_retracted || of_reactions && row.kind != BodyKind::Reaction {
                continue;
            }
            row.is_retracted = true;
            if let Some(first) = row.first
                && let Some(first) = self.message(&first)?
            {
                self.touch(&first);
            }
            if row.replaces.is_none() {
                if row.is_entry() {
                    self.changed.push(ChangedRow::Retracted(id));
                }
                self.tell_of_target(&row)?;
            }
            self.put(row);
        }
        Ok(())
    }

    fn expire(&mut self, id: MessageId) -> Result<(), L::Error> {
        let Some(row) = self.message(&id)? else { return Ok(()) };
        let mut gone = Vec::from([id]);
        if row.replaces.is_none() {
            gone.extend(self.look_up.versions(&id)?);
        }
        for id in gone {
            if let Some(mut row) = self.message(&id)? {
                row.is_gone = true;
                row.due_ms = None;
                row.reactions = Arc::default();
                self.put(row);
                self.others.push(RowChange::DeleteContent(id));
            }
        }
        self.changed.push(ChangedRow::Expired(id));
        self.tell_of_target(&row)
    }

    // Versions.

    /// Decides about a message that replaces a first instance, both of which were received.
    fn attach(&mut self, first: MessageId, version: MessageId) -> Result<(), L::Error> {
        let (Some(mut original), Some(mut row)) = (self.message(&first)?, self.message(&version)?) else {
            return Ok(());
        };
        self.touch(&original);
        let judgement = self.judge(&original, &row)?;
        row.judgement = Some(Arc::new(judgement));
        row.first = Some(first);
        if let Some(read_at_ms) = row.read_at_ms {
            self.note_read(original.clone(), read_at_ms)?;
            original = self.message(&first)?.unwrap_or(original);
        }
        // The first instance says when it expires. What arrives after that goes the same way.
        row.due_ms = original.expires.and_then(|expires| expires.due_ms(original.read_at_ms));
        row.due_ms = row.due_ms.filter(|_| original.is_gone && !row.is_gone);
        self.put(row);
        Ok(())
    }

    fn judge(&mut self, original: &MessageRow<R>, row: &MessageRow<R>) -> Result<Judgement<R>, L::Error> {
        let reaction = original.kind == BodyKind::Reaction;
        let (action, change) = match (original.kind, row.kind) {
            // A report says how things were; a later one supersedes it.
            (BodyKind::Report, _) => (None, BodyChange::Edit),
            _ if reaction && row.is_emptied => (Some(TimelineAction::DeleteReaction), BodyChange::Deletion),
            (_, BodyKind::Null) => (Some(TimelineAction::DeleteMessage), BodyChange::Deletion),
            (before, after) if before != after => (None, BodyChange::Edit),
            _ if reaction => (Some(TimelineAction::EditReaction), BodyChange::Edit),
            _ => (Some(TimelineAction::EditMessage), BodyChange::Edit),
        };
        let body = match action {
            Some(action) => {
                self.ask(original, row, action)?.map(|()| change).map_err(ChangeRefusal::NotAuthorized)
            }
            None => Err(ChangeRefusal::OtherKind),
        };
        let deletes = change == BodyChange::Deletion;
        let topic = if action.is_some() && !deletes && row.topic_id != original.topic_id {
            Some(self.ask(original, row, TimelineAction::ChangeTopic)?)
        } else {
            None
        };
        // A deletion may leave them empty.
        let differs = |empty: bool, equal: bool| !(equal || deletes && empty);
        let other_fields = OtherFields {
            expires: differs(row.expires.is_none(), row.expires == original.expires),
            in_reply_to: differs(row.in_reply_to.is_none(), row.in_reply_to == original.in_reply_to),
            // An edit keeps those of the original, or has none to keep.
            extensions: row.extensions.is_some() && row.extensions != original.extensions,
        };
        Ok(Judgement { body, topic, other_fields })
    }

    fn ask(
        &self,
        original: &MessageRow<R>,
        row: &MessageRow<R>,
        action: TimelineAction,
    ) -> Result<Result<(), R>, L::Error> {
        let target = ChangeTarget {
            message_id: original.message_id(),
            sender_uri: &original.sender_uri,
            disposition: original.disposition,
            topic_id: &original.topic_id,
        };
        let ask = |payload: Option<&P>| {
            self.rules.authorize(&TimelineChange {
                action,
                message_id: row.message_id(),
                sender_uri: &row.sender_uri,
                accepted_ms: row.place.accepted_ms,
                topic_id: &row.topic_id,
                payload,
                target,
            })
        };
        if let Some((id, payload)) = self.new
            && id == row.message_id()
        {
            return Ok(ask(payload));
        }
        let mut answer = None;
        self.look_up.with_payload(&row.message_id(), &mut |payload| answer = Some(ask(payload)))?;
        Ok(answer.unwrap_or_else(|| ask(None)))
    }

    /// What the versions of the touched first instances come to, once all of them are as they will
    /// be.
    fn settle(&mut self) -> Result<(), L::Error> {
        let touched = core::mem::take(&mut self.touched);
        let mut versions: BTreeMap<MessageId, Vec<(TimelinePlace, Effects)>> = BTreeMap::new();
        for row in self.messages.values().flatten().map(|cached| &cached.row) {
            if let Some(first) = row.first.filter(|first| touched.contains_key(first)) {
                versions.entry(first).or_default().push((row.place, row.effects()));
            }
        }
        for (first, before) in touched {
            let Some(mut row) = self.message(&first)? else { continue };
            let outcome = self.outcome(&first, versions.get(&first).map_or(&[], Vec::as_slice))?;
            let is_new = self.new.as_ref().is_some_and(|(id, _)| *id == first);
            let differs = row.outcome != outcome;
            row.outcome = outcome;
            if differs {
                self.put(row.clone());
            }
            if !is_new {
                self.tell_of_versions(&row, before)?;
            }
        }
        Ok(())
    }

    /// `mine` are the versions that this step has looked at. Of the rows that are written, those do
    /// not count.
    fn outcome(
        &self,
        first: &MessageId,
        mine: &[(TimelinePlace, Effects)],
    ) -> Result<VersionOutcome, L::Error> {
        let is_mine = |place: &TimelinePlace| self.messages.contains_key(&place.message_id);
        let mut written = self.look_up.deletion_after(first, None)?;
        while let Some(place) = written.filter(is_mine) {
            written = self.look_up.deletion_after(first, Some(place))?;
        }
        let deletions = mine.iter().filter(|(_, effects)| effects.deletion).map(|(place, _)| *place);
        let deletion = deletions.chain(written).min();
        let last = |written: Option<TimelinePlace>, does: fn(&Effects) -> bool| {
            let mine = mine.iter().filter(|(_, effects)| does(effects)).map(|(place, _)| *place);
            let before = mine.filter(|place| deletion.is_none_or(|deletion| *place < deletion));
            before.chain(written).max()
        };
        let mut written = self.look_up.edit_before(first, deletion)?;
        while let Some(place) = written.filter(is_mine) {
            written = self.look_up.edit_before(first, Some(place))?;
        }
        let edit = last(written, |effects| effects.edit);
        let mut written = self.look_up.topic_before(first, deletion)?;
        while let Some(place) = written.filter(is_mine) {
            written = self.look_up.topic_before(first, Some(place))?;
        }
        Ok(VersionOutcome { edit, deletion, topic: last(written, |effects| effects.topic) })
    }

    // Statuses.

    /// Takes the entries of a report in. Of two about one message the rule says which one holds.
    fn report(
        &mut self,
        row: &MessageRow<R>,
        statuses: &[crate::status::PerMessageStatus],
    ) -> Result<(), L::Error> {
        let mut entries: BTreeMap<MessageId, MessageStatus> = BTreeMap::new();
        for entry in statuses {
            let standing = self.rules.status(entry.status);
            let held = entries.entry(entry.message_id).or_insert(entry.status);
            let before = self.rules.status(*held);
            if standing.rank > before.rank
                || standing.rank == before.rank && standing.holds == EqualRankRule::Last
            {
                *held = entry.status;
            }
        }
        for (message_id, status) in entries {
            let weight =
                StatusWeight::new(self.rules.status(status), row.place.accepted_ms, row.place.message_id);
            let before = self.look_up.status(&message_id, &row.sender_uri)?;
            if before.is_none_or(|before| before.weight < weight) {
                self.changed.push(ChangedRow::Status(message_id));
            }
            let reader_uri = Arc::clone(&row.sender_uri);
            self.statuses.push(StatusRow { message_id, reader_uri, report: row.place, status, weight });
        }
        Ok(())
    }

    // Groups of messages that refer to each other.

    fn unseen_row(&self, id: &MessageId) -> Result<Option<UnseenRow>, L::Error> {
        match self.unseen.get(id) {
            Some(row) => Ok(*row),
            None => self.look_up.unseen(id),
        }
    }

    fn link(&self, relation: Relation, id: MessageId) -> Result<LinkRow, L::Error> {
        self.groups.link(relation, id)
    }

    fn representative(&self, relation: Relation, id: MessageId) -> Result<(MessageId, LinkRow), L::Error> {
        self.groups.representative(relation, id)
    }

    /// Draws the reference of a message that has none yet. `true` if it closes a loop.
    fn join(&mut self, relation: Relation, from: MessageId, to: MessageId) -> Result<bool, L::Error> {
        self.groups.join(relation, from, to)
    }

    /// Takes a group apart that waited for a message; its other members.
    fn leave(&mut self, relation: Relation, id: MessageId) -> Result<Vec<MessageId>, L::Error> {
        let mut members = Vec::new();
        // Rows of another origin may hold a ring that does not come back here.
        let mut seen = BTreeSet::from([id]);
        let mut next = self.link(relation, id)?.next;
        while seen.insert(next) {
            members.push(next);
            next = self.link(relation, next)?.next;
        }
        if !members.is_empty() {
            for member in members.iter().chain([&id]) {
                self.groups.links.insert((relation, *member), None);
            }
        }
        Ok(members)
    }

    /// Notes what a message replies to. `true` if that closes a loop.
    ///
    /// Only references to what was not received can become part of one. What leads to the end, to a
    /// message that refers to none, needs no group.
    fn link_reply(&mut self, row: &MessageRow<R>) -> Result<bool, L::Error> {
        let (relation, id) = (Relation::InReplyTo, row.message_id());
        let (representative, group) = self.representative(relation, id)?;
        let waits = group.size > 1;
        let end = match row.in_reply_to {
            None => LinkEnd::Closed,
            Some(to) => {
                let is_received = self.message(&to)?.is_some();
                let (_, other) = self.representative(relation, to)?;
                let waits = other.size > 1 && other.end != LinkEnd::Closed || other.end == LinkEnd::Loop;
                if !is_received || waits || to == id {
                    return self.join(relation, id, to);
                }
                LinkEnd::Closed
            }
        };
        if waits {
            self.groups.links.insert((relation, representative), Some(LinkRow { end, ..group }));
        }
        Ok(false)
    }

    /// Marks the messages of a loop, beginning at one of them.
    fn mark_loop(&mut self, start: MessageId, relation: Relation) -> Result<(), L::Error> {
        let mut next = Some(start);
        while let Some(id) = next
            && let Some(mut row) = self.message(&id)?
        {
            let (to, marked) = match relation {
                Relation::Replaces => (row.replaces, &mut row.in_replaces_loop),
                Relation::InReplyTo => (row.in_reply_to, &mut row.in_reply_loop),
            };
            if core::mem::replace(marked, true) {
                return Ok(());
            }
            self.put(row);
            next = to;
        }
        Ok(())
    }

    // What looks other than before.

    /// What a first instance replies or reacts to.
    fn tell_of_target(&mut self, row: &MessageRow<R>) -> Result<(), L::Error> {
        let Some(to) = row.in_reply_to.filter(|_| row.replaces.is_none()) else { return Ok(()) };
        let Some(entry) = self.entry_of(&to)? else { return Ok(()) };
        if row.is_entry() {
            self.changed.push(ChangedRow::Replies(entry));
        }
        if !row.reactions.is_empty() || row.kind == BodyKind::Reaction {
            self.changed.push(ChangedRow::Reactions(entry));
        }
        Ok(())
    }

    fn tell_of_versions(&mut self, row: &MessageRow<R>, before: VersionOutcome) -> Result<(), L::Error> {
        let (id, after) = (row.message_id(), row.outcome);
        if row.is_entry() {
            let told = self.changed.len();
            if before.deletion.is_none() && after.deletion.is_some() {
                self.changed.push(ChangedRow::Deleted(id));
            } else if before.edit != after.edit || before.deletion.is_some() != after.deletion.is_some() {
                self.changed.push(ChangedRow::Edited(id));
            }
            if before.topic != after.topic {
                self.changed.push(ChangedRow::Topic(id));
            }
            if self.changed.len() == told {
                self.changed.push(ChangedRow::Versions(id));
            }
        }
        if let Some(to) = row.in_reply_to
            && (!row.reactions.is_empty() || row.kind == BodyKind::Reaction)
            && let Some(target) = self.entry_of(&to)?
        {
            self.changed.push(ChangedRow::Reactions(target));
        }
        Ok(())
    }

    fn finish(self, taken: Arrival) -> Effect<R> {
        let mut rows = Vec::new();
        let changed = self.messages.into_values().flatten().filter(|cached| cached.is_changed);
        let (firsts, versions): (Vec<_>, Vec<_>) =
            changed.map(|cached| cached.row).partition(|row| row.replaces.is_none());
        rows.extend(versions.into_iter().chain(firsts).map(|row| RowChange::PutMessage(Box::new(row))));
        rows.extend(self.statuses.into_iter().map(RowChange::PutStatus));
        rows.extend(self.groups.into_rows());
        rows.extend(self.unseen.into_iter().map(|(id, row)| match row {
            Some(row) => RowChange::PutUnseen(row),
            None => RowChange::DeleteUnseen(id),
        }));
        rows.extend(self.others);
        Effect { taken, rows, changed: self.changed }
    }
}
