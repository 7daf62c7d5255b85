//! What the step asks of the rows, and what it writes.

use mimi_content::MessageId;
use mimi_content::timeline::{
    BodyKind, DifferentRow, LinkRow, LookUp, MessageRow, NotAuthorizedError, Relation, Retraction,
    RetractionScope, RowChange, StatusRow, TimelinePlace, UnseenRow,
};

use crate::StoreError;
use crate::store::{Result, Store, message_id, place, place_bytes};

/// The column `effects`.
const EDIT: u8 = 1;
const DELETION: u8 = 2;
const TOPIC: u8 = 4;

fn number(relation: Relation) -> u8 {
    match relation {
        Relation::Replaces => 0,
        Relation::InReplyTo => 1,
    }
}

impl Store {
    /// Writes or deletes a row. `encoded` is the content of the message that is received.
    pub(crate) fn write(&self, row: &RowChange<NotAuthorizedError>, encoded: Option<&[u8]>) -> Result<()> {
        match row {
            RowChange::PutMessage(row) => self.write_message(row),
            RowChange::PutLink(relation, id, row) => self.run(
                "INSERT OR REPLACE INTO links (relation, id, row) VALUES (?1, ?2, ?3)",
                (number(*relation), id.as_bytes(), row.encode()),
            ),
            RowChange::DeleteLink(relation, id) => self
                .run("DELETE FROM links WHERE relation = ?1 AND id = ?2", (number(*relation), id.as_bytes())),
            RowChange::PutUnseen(row) => self.run(
                "INSERT OR REPLACE INTO unseen (id, row) VALUES (?1, ?2)",
                (row.message_id.as_bytes(), row.encode()),
            ),
            RowChange::DeleteUnseen(id) => self.run("DELETE FROM unseen WHERE id = ?1", [id.as_bytes()]),
            RowChange::PutStatus(row) => self.run(
                "INSERT OR REPLACE INTO statuses (message, reader, report, weight, row) VALUES (?1, ?2, ?3, ?4, ?5)",
                (
                    row.message_id.as_bytes(),
                    &*row.reader_uri,
                    row.report.message_id.as_bytes(),
                    row.weight.to_bytes(),
                    row.encode(),
                ),
            ),
            RowChange::PutDifferent(row) => self.run(
                "INSERT OR IGNORE INTO different (message, sender, digest, row, encoded) VALUES (?1, ?2, ?3, ?4, ?5)",
                (row.message_id.as_bytes(), &*row.sender_uri, row.digest(), row.encode(), encoded.unwrap_or(&[])),
            ),
            RowChange::PutRetraction(retraction) => self.write_retraction(retraction),
            RowChange::DeleteContent(id) => {
                self.run("DELETE FROM contents WHERE id = ?1", [id.as_bytes()])?;
                self.run("DELETE FROM different WHERE message = ?1", [id.as_bytes()])
            }
            // A change that a later version of the step makes: an old program must not lose it.
            _ => Err(StoreError::Column("row")),
        }
    }

    fn write_message(&self, row: &MessageRow<NotAuthorizedError>) -> Result<()> {
        let id = row.message_id();
        let effects = row.effects();
        let effects = [(effects.edit, EDIT), (effects.deletion, DELETION), (effects.topic, TOPIC)]
            .into_iter()
            .fold(0, |all, (has, flag)| if has { all | flag } else { all });
        // The versions are written before their first instance.
        let moved = match row.outcome.topic {
            Some(moved) => self.message(&moved.message_id)?.map(|version| version.topic_id),
            None => None,
        };
        self.run(
            "INSERT OR REPLACE INTO messages (id, place, sender, first, in_reply_to, effects, is_entry, reacts, \
             is_shown, is_retracted, is_read, topic, due, row) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            (
                id.as_bytes(),
                place_bytes(row.place),
                &*row.sender_uri,
                row.first.as_ref().map(MessageId::as_bytes),
                row.in_reply_to.as_ref().map(MessageId::as_bytes),
                effects,
                row.is_entry(),
                row.replaces.is_none() && (row.kind == BodyKind::Reaction || !row.reactions.is_empty()),
                row.outcome.deletion.is_none() && !row.is_retracted && !row.is_gone,
                row.is_retracted,
                row.read_at_ms.is_some(),
                &*moved.unwrap_or_else(|| row.topic_id.clone()),
                row.due_ms.map(u64::to_be_bytes),
                row.encode(),
            ),
        )
    }

    fn write_retraction(&self, retraction: &Retraction) -> Result<()> {
        let row = retraction.encode();
        self.run("INSERT OR IGNORE INTO retractions (row) VALUES (?1)", [&row])?;
        let reaction = matches!(retraction.scope, RetractionScope::Reactions(_));
        match &retraction.scope {
            RetractionScope::Messages(ids) | RetractionScope::Reactions(ids) => {
                ids.iter().try_for_each(|id| {
                    self.run(
                        "INSERT OR IGNORE INTO retracted_messages (id, reaction, retraction) VALUES (?1, ?2, ?3)",
                        (id.as_bytes(), reaction, &row),
                    )
                })
            }
            RetractionScope::Sender { sender_uri, from_ms } => self.run(
                "INSERT OR IGNORE INTO retracted_senders (sender, since, retraction) VALUES (?1, ?2, ?3)",
                (&**sender_uri, from_ms.unwrap_or(0).to_be_bytes(), &row),
            ),
        }
    }

    /// The place that is first or last in an index of a first instance's versions.
    fn version(&self, sql: &str, first: &MessageId, bound: &[u8]) -> Result<Option<TimelinePlace>> {
        let found: Option<Vec<u8>> = self.one(sql, (first.as_bytes(), bound), |row| row.get(0))?;
        found.as_deref().map(place).transpose()
    }
}

/// Behind all places.
const END: [u8; 41] = [u8::MAX; 41];

fn before(bound: Option<TimelinePlace>) -> Vec<u8> {
    bound.map_or_else(|| END.to_vec(), |bound| place_bytes(bound).to_vec())
}

impl LookUp<Vec<u8>, NotAuthorizedError> for Store {
    type Error = StoreError;

    fn message(&self, id: &MessageId) -> Result<Option<MessageRow<NotAuthorizedError>>> {
        let row: Option<Vec<u8>> =
            self.one("SELECT row FROM messages WHERE id = ?1", [id.as_bytes()], |row| row.get(0))?;
        Ok(row.as_deref().map(MessageRow::decode).transpose()?)
    }

    fn unseen(&self, id: &MessageId) -> Result<Option<UnseenRow>> {
        let row: Option<Vec<u8>> =
            self.one("SELECT row FROM unseen WHERE id = ?1", [id.as_bytes()], |row| row.get(0))?;
        Ok(row.as_deref().map(UnseenRow::decode).transpose()?)
    }

    fn link(&self, relation: Relation, id: &MessageId) -> Result<Option<LinkRow>> {
        let row: Option<Vec<u8>> = self.one(
            "SELECT row FROM links WHERE relation = ?1 AND id = ?2",
            (number(relation), id.as_bytes()),
            |row| row.get(0),
        )?;
        Ok(row.as_deref().map(LinkRow::decode).transpose()?)
    }

    fn deletion_after(
        &self,
        first: &MessageId,
        after: Option<TimelinePlace>,
    ) -> Result<Option<TimelinePlace>> {
        let after = after.map_or_else(Vec::new, |after| place_bytes(after).to_vec());
        self.version(
            "SELECT place FROM messages WHERE effects & 2 AND first = ?1 AND place > ?2 ORDER BY place LIMIT 1",
            first,
            &after,
        )
    }

    fn edit_before(&self, first: &MessageId, bound: Option<TimelinePlace>) -> Result<Option<TimelinePlace>> {
        self.version(
            "SELECT place FROM messages WHERE effects & 1 AND first = ?1 AND place < ?2 ORDER BY place DESC LIMIT 1",
            first,
            &before(bound),
        )
    }

    fn topic_before(&self, first: &MessageId, bound: Option<TimelinePlace>) -> Result<Option<TimelinePlace>> {
        self.version(
            "SELECT place FROM messages WHERE effects & 4 AND first = ?1 AND place < ?2 ORDER BY place DESC LIMIT 1",
            first,
            &before(bound),
        )
    }

    fn versions(&self, first: &MessageId) -> Result<Vec<MessageId>> {
        let ids: Vec<Vec<u8>> =
            self.all("SELECT id FROM messages WHERE first = ?1 ORDER BY place", [first.as_bytes()], |row| {
                row.get(0)
            })?;
        ids.iter().map(|id| message_id(id)).collect()
    }

    fn status(&self, id: &MessageId, reader_uri: &str) -> Result<Option<StatusRow>> {
        let row: Option<Vec<u8>> = self.one(
            "SELECT row FROM statuses WHERE message = ?1 AND reader = ?2 ORDER BY weight DESC LIMIT 1",
            (id.as_bytes(), reader_uri),
            |row| row.get(0),
        )?;
        Ok(row.as_deref().map(StatusRow::decode).transpose()?)
    }

    fn report(&self, report_id: &MessageId) -> Result<Vec<StatusRow>> {
        let rows: Vec<Vec<u8>> = self.all(
            "SELECT row FROM statuses WHERE report = ?1 ORDER BY message",
            [report_id.as_bytes()],
            |row| row.get(0),
        )?;
        rows.iter().map(|row| Ok(StatusRow::decode(row)?)).collect()
    }

    fn sent_since(&self, sender_uri: &str, accepted_ms: u64) -> Result<Vec<MessageId>> {
        let ids: Vec<Vec<u8>> = self.all(
            "SELECT id FROM messages WHERE NOT is_retracted AND sender = ?1 AND place >= ?2 ORDER BY place",
            (sender_uri, accepted_ms.to_be_bytes()),
            |row| row.get(0),
        )?;
        ids.iter().map(|id| message_id(id)).collect()
    }

    fn is_retracted(
        &self,
        id: &MessageId,
        kind: BodyKind,
        sender_uri: &str,
        accepted_ms: u64,
    ) -> Result<bool> {
        let found = self.one(
            "SELECT EXISTS (SELECT 1 FROM retracted_messages WHERE id = ?1 AND reaction <= ?4) \
             OR EXISTS (SELECT 1 FROM retracted_senders WHERE sender = ?2 AND since <= ?3)",
            (id.as_bytes(), sender_uri, accepted_ms.to_be_bytes(), kind == BodyKind::Reaction),
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or(false))
    }

    fn has_different(&self, row: &DifferentRow) -> Result<bool> {
        let found = self.one(
            "SELECT EXISTS (SELECT 1 FROM different WHERE message = ?1 AND sender = ?2 AND digest = ?3)",
            (row.message_id.as_bytes(), &*row.sender_uri, row.digest()),
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or(false))
    }

    fn with_payload(&self, id: &MessageId, show: &mut dyn FnMut(Option<&Vec<u8>>)) -> Result<()> {
        show(self.content(id)?.as_ref());
        Ok(())
    }
}
