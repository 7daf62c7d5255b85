//! The step over rows without any index, as a database would keep them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::Arc;

use mimi_content::MessageId;
use mimi_content::timeline::{
    BodyKind, ChangedRow, DifferentRow, Incoming, LinkRow, LookUp, MessageRow, NotAuthorizedError, Relation,
    Retraction, RetractionScope, RowChange, RowDecodeError, StatusRow, TimelineMessage, TimelinePlace,
    UnseenRow, effect,
};

use crate::model::{TestMessage, authorize, id};

/// A row as a database returns it. All that is done to one byte of it is refused or is another row.
fn stored<T: PartialEq + Debug>(
    row: T,
    encode: impl Fn(&T) -> Vec<u8>,
    decode: impl Fn(&[u8]) -> Result<T, RowDecodeError>,
) -> T {
    let bytes = encode(&row);
    let read = decode(&bytes).unwrap();
    assert_eq!(read, row);
    // Another byte is damaged in each row, in a way that depends on the row.
    let at = bytes.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    let (at, flip) = (at % bytes.len(), 1 << (at % 8));
    let mut damaged = bytes.clone();
    damaged[at] ^= flip;
    if let Ok(other) = decode(&damaged) {
        assert_eq!(encode(&other), damaged);
        assert_ne!(other, row);
    }
    assert!(decode(&bytes[..at]).is_err());
    read
}

#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) messages: BTreeMap<MessageId, MessageRow<NotAuthorizedError>>,
    links: BTreeMap<(Relation, MessageId), LinkRow>,
    unseen: BTreeMap<MessageId, UnseenRow>,
    statuses: BTreeMap<(MessageId, Arc<str>, MessageId), StatusRow>,
    retractions: Vec<Arc<Retraction>>,
}

impl Rows {
    pub(crate) fn take(&mut self, message: &TestMessage, accepted_ms: u64) -> Vec<ChangedRow> {
        let content = message.content();
        let received = TimelineMessage::from_owned(id(message.id), message.user(), accepted_ms, &content);
        self.step(Incoming::Message(received), Some(&id(message.id)))
    }

    pub(crate) fn step(&mut self, incoming: Incoming<'_>, payload: Option<&MessageId>) -> Vec<ChangedRow> {
        let Ok(effect) = effect(incoming, payload, self, &authorize);
        for row in effect.rows {
            match row {
                RowChange::PutMessage(row) => {
                    let row = stored(*row, MessageRow::encode, MessageRow::decode);
                    self.messages.insert(row.message_id(), row);
                }
                RowChange::PutLink(relation, id, row) => {
                    self.links.insert((relation, id), stored(row, LinkRow::encode, LinkRow::decode));
                }
                RowChange::DeleteLink(relation, id) => drop(self.links.remove(&(relation, id))),
                RowChange::PutUnseen(row) => {
                    self.unseen.insert(row.message_id, stored(row, UnseenRow::encode, UnseenRow::decode));
                }
                RowChange::DeleteUnseen(id) => drop(self.unseen.remove(&id)),
                RowChange::PutStatus(row) => {
                    let key = (row.message_id, row.reader_uri.clone(), row.report.message_id);
                    self.statuses.insert(key, stored(row, StatusRow::encode, StatusRow::decode));
                }
                RowChange::PutRetraction(retraction) => {
                    let retraction = Retraction::clone(&retraction);
                    let retraction = stored(retraction, Retraction::encode, Retraction::decode);
                    self.retractions.push(Arc::new(retraction));
                }
                RowChange::PutDifferent(row) => {
                    stored(row, DifferentRow::encode, DifferentRow::decode);
                }
                _ => {}
            }
        }
        effect.changed
    }

    fn places(
        &self,
        first: &MessageId,
        does: impl Fn(&MessageRow<NotAuthorizedError>) -> bool,
    ) -> impl Iterator<Item = TimelinePlace> {
        let rows = self.messages.values().filter(|row| row.first == Some(*first));
        rows.filter(move |row| does(row)).map(|row| row.place)
    }
}

type Found<T> = Result<T, Infallible>;

impl LookUp<MessageId, NotAuthorizedError> for Rows {
    type Error = Infallible;

    fn message(&self, id: &MessageId) -> Found<Option<MessageRow<NotAuthorizedError>>> {
        Ok(self.messages.get(id).cloned())
    }

    fn unseen(&self, id: &MessageId) -> Found<Option<UnseenRow>> {
        Ok(self.unseen.get(id).copied())
    }

    fn link(&self, relation: Relation, id: &MessageId) -> Found<Option<LinkRow>> {
        Ok(self.links.get(&(relation, *id)).copied())
    }

    fn deletion_after(
        &self,
        first: &MessageId,
        after: Option<TimelinePlace>,
    ) -> Found<Option<TimelinePlace>> {
        Ok(self.places(first, |row| row.effects().deletion).filter(|place| Some(*place) > after).min())
    }

    fn edit_before(&self, first: &MessageId, before: Option<TimelinePlace>) -> Found<Option<TimelinePlace>> {
        let edits = self.places(first, |row| row.effects().edit);
        Ok(edits.filter(|place| before.is_none_or(|before| *place < before)).max())
    }

    fn topic_before(&self, first: &MessageId, before: Option<TimelinePlace>) -> Found<Option<TimelinePlace>> {
        let moves = self.places(first, |row| row.effects().topic);
        Ok(moves.filter(|place| before.is_none_or(|before| *place < before)).max())
    }

    fn versions(&self, first: &MessageId) -> Found<Vec<MessageId>> {
        Ok(self.places(first, |_| true).map(|place| place.message_id).collect())
    }

    fn status(&self, id: &MessageId, reader_uri: &str) -> Found<Option<StatusRow>> {
        let rows =
            self.statuses.values().filter(|row| row.message_id == *id && &*row.reader_uri == reader_uri);
        Ok(rows.max_by_key(|row| row.weight.to_bytes()).cloned())
    }

    fn report(&self, id: &MessageId) -> Found<Vec<StatusRow>> {
        Ok(self.statuses.values().filter(|row| row.report.message_id == *id).cloned().collect())
    }

    fn sent_since(&self, sender_uri: &str, accepted_ms: u64) -> Found<Vec<MessageId>> {
        let rows = self.messages.values().filter(|row| &*row.sender_uri == sender_uri && !row.is_retracted);
        let rows = rows.filter(|row| row.place.accepted_ms >= accepted_ms);
        Ok(rows.map(MessageRow::message_id).collect())
    }

    fn is_retracted(&self, id: &MessageId, kind: BodyKind, sender: &str, accepted_ms: u64) -> Found<bool> {
        Ok(self.retractions.iter().any(|retraction| match &retraction.scope {
            RetractionScope::Messages(ids) => ids.contains(id),
            RetractionScope::Reactions(ids) => kind == BodyKind::Reaction && ids.contains(id),
            RetractionScope::Sender { sender_uri, from_ms } => {
                &**sender_uri == sender && from_ms.is_none_or(|from| from <= accepted_ms)
            }
        }))
    }

    fn has_different(&self, _: &DifferentRow) -> Found<bool> {
        Ok(false)
    }

    fn with_payload(&self, id: &MessageId, show: &mut dyn FnMut(Option<&MessageId>)) -> Found<()> {
        show(self.messages.contains_key(id).then_some(id));
        Ok(())
    }
}
