//! Whether a store and a timeline in memory say the same.

use core::fmt;
use core::fmt::Debug;

use mimi_content::MessageId;
use mimi_content::timeline::{LookUp, NotAuthorizedError, Relation, Timeline, TimelineEntry};

use crate::StoreError;
use crate::store::{Result, Store};

/// What differs first.
#[derive(Debug)]
pub struct Difference {
    /// What was compared.
    pub what: &'static str,
    /// Of which message, if of one.
    pub message_id: Option<MessageId>,
    /// What the store says.
    pub store: String,
    /// What the timeline says.
    pub timeline: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {:?}: the database has {}, the timeline {}",
            self.what, self.message_id, self.store, self.timeline
        )
    }
}

fn compare<T: PartialEq + Debug>(
    what: &'static str,
    message_id: Option<&MessageId>,
    store: T,
    timeline: T,
) -> core::result::Result<(), Box<Difference>> {
    if store == timeline {
        return Ok(());
    }
    let (store, timeline) = (format!("{store:?}"), format!("{timeline:?}"));
    Err(Box::new(Difference { what, message_id: message_id.copied(), store, timeline }))
}

/// All that is shown of an entry, as text.
fn shown(entry: &TimelineEntry<'_, Vec<u8>, NotAuthorizedError>, now_ms: u64) -> String {
    let versions: Vec<_> = entry
        .all_versions()
        .map(|version| {
            (version.message_id(), format!("{:?}", version.standing()), version.payload().map(Vec::len))
        })
        .collect();
    let reactions: Vec<_> = entry
        .reaction_groups(now_ms)
        .iter()
        .map(|group| {
            let each: Vec<_> =
                group.reactions.iter().map(|one| (one.message_id(), one.to().message_id())).collect();
            (group.content.clone(), each)
        })
        .collect();
    let reply =
        entry.in_reply_to(now_ms).map(|to| (to.message_id, to.state, to.entry.map(|to| to.message_id())));
    format!(
        "{:?} {:?} {:?} {versions:?} {reactions:?} {reply:?} {:?} {:?}",
        entry.state(now_ms),
        entry.current().message_id(),
        entry.topic_id(),
        entry.statuses(),
        entry.retraction(),
    )
}

impl Store {
    /// Compares every row of these messages with those of a timeline in memory that has had the
    /// same steps, and every page as it is shown; the number of rows and entries that were
    /// compared.
    ///
    /// # Errors
    ///
    /// If the database fails. What differs is the inner error.
    pub fn compare(
        &self,
        timeline: &Timeline<Vec<u8>>,
        ids: &[MessageId],
        now_ms: u64,
    ) -> Result<core::result::Result<usize, Box<Difference>>> {
        let mut compared = 0_usize;
        match self.compare_all(timeline, ids, now_ms, &mut compared) {
            Ok(()) => Ok(Ok(compared)),
            Err(Found::Difference(difference)) => Ok(Err(difference)),
            Err(Found::Error(error)) => Err(error),
        }
    }

    fn compare_all(
        &self,
        timeline: &Timeline<Vec<u8>>,
        ids: &[MessageId],
        now_ms: u64,
        compared: &mut usize,
    ) -> core::result::Result<(), Found> {
        let rows = timeline.rows();
        for id in ids {
            let at = Some(id);
            let Ok(row) = rows.message(id);
            compare("the row", at, self.message(id)?, row)?;
            let Ok(unseen) = rows.unseen(id);
            compare("the unseen row", at, self.unseen(id)?, unseen)?;
            for relation in [Relation::Replaces, Relation::InReplyTo] {
                let Ok(link) = rows.link(relation, id);
                compare("the link", at, self.link(relation, id)?, link)?;
            }
            let Ok(mut report) = rows.report(id);
            report.sort_by_key(|row| row.message_id);
            compare("the report", at, self.report(id)?, report)?;
            let kept = timeline.get(id).and_then(|version| version.payload().cloned());
            compare("the content", at, self.content(id)?, kept)?;
            *compared = compared.saturating_add(1);
        }
        compare("the number of messages", None, self.count()?, timeline.len())?;
        compare("the unread count", None, self.unread(now_ms)?, timeline.unread(now_ms).count())?;
        compare("the marker", None, self.read_up_to()?, timeline.read_up_to())?;
        // From the end, page by page, as a client scrolls.
        let mut others = timeline.entries().rev();
        let mut before = None;
        loop {
            let page = self.page(before, 50)?;
            let Some(start) = page.start() else { break };
            for entry in page.entries().rev() {
                let id = entry.message_id();
                let other = others.next().map(|other| (other.message_id(), shown(&other, now_ms)));
                compare("the entry", Some(&id), Some((id, shown(&entry, now_ms))), other)?;
                *compared = compared.saturating_add(1);
            }
            before = Some(start);
        }
        compare("the end", None, None, others.next().map(|other| other.message_id()))?;
        for topic in timeline.topics() {
            let ids: Vec<_> = timeline.topic(topic).map(|entry| entry.message_id()).collect();
            let page = self.topic_page(topic, None, usize::MAX)?;
            compare("the topic", None, page.entries().map(|entry| entry.message_id()).collect(), ids)?;
        }
        Ok(())
    }

    /// The number of messages that were received, of every kind.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn count(&self) -> Result<usize> {
        let count: Option<i64> = self.one("SELECT count(*) FROM messages", (), |row| row.get(0))?;
        Ok(usize::try_from(count.unwrap_or(0)).unwrap_or(0))
    }
}

enum Found {
    Difference(Box<Difference>),
    Error(StoreError),
}

impl From<Box<Difference>> for Found {
    fn from(difference: Box<Difference>) -> Self {
        Self::Difference(difference)
    }
}

impl From<StoreError> for Found {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}
