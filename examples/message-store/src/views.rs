//! What a client shows: pages, what is unread, who has read what, and what it deletes.

use std::collections::BTreeSet;

use mimi_content::MessageId;
use mimi_content::timeline::{
    Incoming, LookUp, MessageRow, NotAuthorizedError, Retraction, RowChange, StatusRow, Timeline,
    TimelineEntry, TimelinePlace,
};

use crate::store::{Result, Store, message_id, place, place_bytes};

/// Some entries of the conversation, with all that is shown of them.
pub struct Page {
    ids: Vec<MessageId>,
    timeline: Timeline<Vec<u8>>,
}

impl Page {
    /// The entries in their order. [`TimelineEntry::versions`] is the history of edits,
    /// [`TimelineEntry::statuses`] tells who has read it, and [`TimelineEntry::in_reply_to`] what
    /// it replies to.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = TimelineEntry<'_, Vec<u8>, NotAuthorizedError>> {
        self.ids.iter().filter_map(|id| self.timeline.entry(id))
    }

    /// The place of the first entry: the next page ends before it.
    #[must_use]
    pub fn start(&self) -> Option<TimelinePlace> {
        let entry = self.entries().next()?;
        Some(TimelinePlace { accepted_ms: entry.accepted_ms(), message_id: entry.message_id() })
    }

    /// The timeline that holds the entries, and what they refer to.
    #[must_use]
    pub fn timeline(&self) -> &Timeline<Vec<u8>> {
        &self.timeline
    }
}

/// The rows of a page while they are read.
#[derive(Default)]
struct Window {
    read: BTreeSet<MessageId>,
    rows: Vec<(RowChange<NotAuthorizedError>, Option<Vec<u8>>)>,
}

impl Store {
    /// The content that is kept of a message.
    ///
    /// # Errors
    ///
    /// If the database fails; so for all others.
    pub fn content(&self, id: &MessageId) -> Result<Option<Vec<u8>>> {
        self.one("SELECT encoded FROM contents WHERE id = ?1", [id.as_bytes()], |row| row.get(0))
    }

    /// The last entries before a place, or of all, at most so many.
    pub fn page(&self, before: Option<TimelinePlace>, limit: usize) -> Result<Page> {
        let before = before.map_or_else(|| vec![u8::MAX; 41], |before| place_bytes(before).to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut ids: Vec<Vec<u8>> = self.all(
            "SELECT id FROM messages WHERE is_entry AND place < ?1 ORDER BY place DESC LIMIT ?2",
            (before, limit),
            |row| row.get(0),
        )?;
        ids.reverse();
        self.page_of(ids.iter().map(|id| message_id(id)).collect::<Result<_>>()?)
    }

    /// The last entries of a topic before a place, or of all, at most so many.
    pub fn topic_page(&self, topic_id: &[u8], before: Option<TimelinePlace>, limit: usize) -> Result<Page> {
        let before = before.map_or_else(|| vec![u8::MAX; 41], |before| place_bytes(before).to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut ids: Vec<Vec<u8>> = self.all(
            "SELECT id FROM messages WHERE is_entry AND topic <> x'' AND topic = ?1 AND place < ?2 \
             ORDER BY place DESC LIMIT ?3",
            (topic_id, before, limit),
            |row| row.get(0),
        )?;
        ids.reverse();
        self.page_of(ids.iter().map(|id| message_id(id)).collect::<Result<_>>()?)
    }

    /// One entry, by the ID of any of its versions. Empty if it was not received.
    pub fn entry(&self, id: &MessageId) -> Result<Page> {
        let row = self.message(id)?;
        self.page_of(row.map(|row| row.first.unwrap_or(*id)).into_iter().collect())
    }

    /// The replies to any version of an entry, in their order, at most so many.
    pub fn replies(&self, id: &MessageId, limit: usize) -> Result<Page> {
        let mut ids: Vec<Vec<u8>> = self.all(
            "SELECT id FROM messages WHERE is_entry AND in_reply_to IN \
             (SELECT ?1 UNION ALL SELECT id FROM messages WHERE first = ?1) ORDER BY place LIMIT ?2",
            (id.as_bytes(), i64::try_from(limit).unwrap_or(i64::MAX)),
            |row| row.get(0),
        )?;
        self.page_of(ids.drain(..).map(|id| message_id(&id)).collect::<Result<_>>()?)
    }

    fn page_of(&self, ids: Vec<MessageId>) -> Result<Page> {
        let mut window = Window::default();
        for id in &ids {
            let versions = self.read_entry(&mut window, id)?;
            for version in &versions {
                self.read_statuses(&mut window, version)?;
                let reactions: Vec<Vec<u8>> = self.all(
                    "SELECT id FROM messages WHERE in_reply_to = ?1 AND reacts",
                    [version.as_bytes()],
                    |row| row.get(0),
                )?;
                for reaction in reactions {
                    self.read_entry(&mut window, &message_id(&reaction)?)?;
                }
            }
            // What it quotes.
            let to = self.message(id)?.and_then(|row| row.in_reply_to);
            if let Some(to) = to
                && let Some(row) = self.message(&to)?
            {
                self.read_entry(&mut window, &row.first.unwrap_or(to))?;
            }
        }
        Ok(Page { ids, timeline: Timeline::from_rows(Some(&self.local_user), window.rows) })
    }

    /// Reads a first instance and its versions; their IDs.
    fn read_entry(&self, window: &mut Window, first: &MessageId) -> Result<Vec<MessageId>> {
        let mut ids = self.versions(first)?;
        ids.push(*first);
        for id in &ids {
            if let Some(row) = self.message(id)? {
                self.read_row(window, row)?;
            }
        }
        Ok(ids)
    }

    fn read_row(&self, window: &mut Window, row: MessageRow<NotAuthorizedError>) -> Result<()> {
        let id = row.message_id();
        if !window.read.insert(id) {
            return Ok(());
        }
        if row.is_retracted {
            let retractions: Vec<Vec<u8>> = self.all(
                "SELECT retraction FROM retracted_messages WHERE id = ?1 UNION ALL \
                 SELECT retraction FROM retracted_senders WHERE sender = ?2 AND since <= ?3",
                (id.as_bytes(), &*row.sender_uri, row.place.accepted_ms.to_be_bytes()),
                |row| row.get(0),
            )?;
            for retraction in retractions {
                let retraction = Retraction::decode(&retraction)?;
                window.rows.push((RowChange::PutRetraction(retraction.into()), None));
            }
        }
        let content = self.content(&id)?;
        window.rows.push((RowChange::PutMessage(Box::new(row)), content));
        Ok(())
    }

    /// Of each reader, what holds.
    fn read_statuses(&self, window: &mut Window, id: &MessageId) -> Result<()> {
        let rows: Vec<Vec<u8>> = self.all(
            "SELECT row FROM statuses AS one WHERE message = ?1 AND weight = (SELECT max(weight) FROM statuses \
             WHERE message = one.message AND reader = one.reader)",
            [id.as_bytes()],
            |row| row.get(0),
        )?;
        for row in rows {
            let row = StatusRow::decode(&row)?;
            if let Some(report) = self.message(&row.report.message_id)? {
                self.read_row(window, report)?;
            }
            window.rows.push((RowChange::PutStatus(row), None));
        }
        Ok(())
    }

    /// Notes that the local user has read the conversation up to an entry, and including it. The
    /// marker only moves on.
    pub fn mark_read_up_to(&mut self, id: &MessageId) -> Result<()> {
        let Some(row) = self.message(id)? else { return Ok(()) };
        let first = match row.first {
            Some(first) => self.message(&first)?,
            None => Some(row),
        };
        if let Some(first) = first.filter(MessageRow::is_entry)
            && self.read_up_to()?.is_none_or(|before| before < first.place)
        {
            self.set("read_up_to", &place_bytes(first.place))?;
        }
        Ok(())
    }

    /// Up to where the local user has read.
    pub fn read_up_to(&self) -> Result<Option<TimelinePlace>> {
        self.setting("read_up_to")?.as_deref().map(place).transpose()
    }

    /// How many entries the local user has not read: see [`Timeline::unread`].
    ///
    /// The database counts. Only where a device of the local user has sent a report is the entry
    /// looked at.
    pub fn unread(&self, now_ms: u64) -> Result<usize> {
        let behind = self.setting("read_up_to")?.unwrap_or_default();
        let reported: Vec<(Vec<u8>, bool)> = self.all(
            "SELECT id, EXISTS (SELECT 1 FROM statuses WHERE reader = ?2 AND (message = entry.id OR message IN \
             (SELECT id FROM messages WHERE first = entry.id))) FROM messages AS entry \
             WHERE is_entry AND place > ?1 AND sender <> ?2 AND is_shown AND NOT is_read \
             AND (due IS NULL OR due > ?3)",
            (behind, &self.local_user, now_ms.to_be_bytes()),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut count = 0_usize;
        for (id, is_reported) in reported {
            let id = message_id(&id)?;
            let is_unread = !is_reported
                || self.entry(&id)?.timeline.unread(now_ms).any(|entry| entry.message_id() == id);
            count = count.saturating_add(is_unread.into());
        }
        Ok(count)
    }

    /// Deletes what has expired; how many messages that were.
    pub fn expire(&mut self, now_ms: u64) -> Result<usize> {
        let mut expired = 0_usize;
        self.batch(|store| {
            loop {
                let next: Option<Vec<u8>> = store.one(
                    "SELECT id FROM messages WHERE due IS NOT NULL AND due <= ?1 ORDER BY due LIMIT 1",
                    [now_ms.to_be_bytes()],
                    |row| row.get(0),
                )?;
                let Some(id) = next else { return Ok(()) };
                let _ = store.step(Incoming::Expired { message_id: message_id(&id)? }, None)?;
                expired = expired.saturating_add(1);
            }
        })?;
        Ok(expired)
    }

    /// Deletes the contents of all messages that were accepted before a time, in milliseconds since
    /// the UNIX epoch, and says how many they were: a client that fetches them again from elsewhere
    /// needs no more room than that of the rows. The rules go on as before, as they need the rows
    /// alone.
    pub fn evict(&mut self, before_ms: u64) -> Result<usize> {
        self.timed(|db| {
            db.prepare_cached("DELETE FROM contents WHERE place < ?1")?.execute([before_ms.to_be_bytes()])
        })
    }

    /// Puts a content back that was [evicted](Store::evict); `false` if it is not the one that was
    /// received.
    pub fn restore(&mut self, id: &MessageId, encoded: &[u8]) -> Result<bool> {
        let Some(row) = self.message(id)? else { return Ok(false) };
        if row.is_gone || !row.is_present() || !row.has_content(encoded) {
            return Ok(false);
        }
        self.run(
            "INSERT OR REPLACE INTO contents (id, place, encoded) VALUES (?1, ?2, ?3)",
            (id.as_bytes(), place_bytes(row.place), encoded),
        )?;
        Ok(true)
    }
}
