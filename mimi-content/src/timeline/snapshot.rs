//! A whole timeline as bytes.
//!
//! A snapshot is its version, the local user, the read marker, all rows as they encode themselves,
//! each with its length before it, and the first half of the SHA-256 hash of all that.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};

use super::Timeline;
use super::retraction::Retraction;
use super::row::{DifferentRow, LinkRow, MessageRow, Relation, RowChange, StatusRow, UnseenRow};
use super::stored::{
    DIFFERENT, LINK, MESSAGE, RETRACTION, Reader, RowDecodeError, RowDecodeErrorKind, STATUS, Stored,
    StoredReason, UNSEEN, put_run,
};

/// The version of snapshots.
pub const SNAPSHOT_VERSION: u8 = 1;

const HASH: usize = 16;

/// Why bytes are not a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It has a version that is not [`SNAPSHOT_VERSION`].
    UnknownVersion(u8),
    /// It ends too early, or its hash is not that of its bytes.
    Damaged,
    /// A field of the snapshot is refused. The offset counts from the snapshot's first byte.
    Field(RowDecodeError),
    /// A row is refused.
    Row {
        /// Where the row begins.
        offset: usize,
        /// Why; its offset counts from the row's first byte.
        error: RowDecodeError,
    },
    /// The caller refused a payload.
    Payload {
        /// Where the payload begins.
        offset: usize,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion(found) => {
                write!(f, "snapshot of version {found}, expected {SNAPSHOT_VERSION}")
            }
            Self::Damaged => f.write_str("snapshot is damaged: its hash is not that of its bytes"),
            Self::Field(error) => write!(f, "snapshot: {error}"),
            Self::Row { offset, error } => write!(f, "row at byte {offset} of the snapshot: {error}"),
            Self::Payload { offset } => write!(f, "payload at byte {offset} of the snapshot is refused"),
        }
    }
}

impl core::error::Error for SnapshotError {}

impl From<RowDecodeError> for SnapshotError {
    fn from(error: RowDecodeError) -> Self {
        Self::Field(error)
    }
}

fn hash(bytes: &[u8]) -> [u8; HASH] {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let (half, _) = hash.split_first_chunk().unwrap_or((&[0; HASH], &[]));
    *half
}

impl<P, R> Timeline<P, R> {
    /// A timeline of rows from a database, in any order, each with what the caller keeps of the
    /// message.
    ///
    /// A client that shows one page of a conversation reads the rows of its entries, and has the
    /// views of a timeline over them. What a view shows depends on these rows: the versions of an
    /// entry, what refers to them, the statuses of each and the messages that report them. What was
    /// not read is not shown, so that such a timeline is for looking: new messages go to the
    /// database, by [`effect`](super::effect()).
    ///
    /// Rows that are deleted have no effect.
    pub fn from_rows(
        local_user_uri: Option<&str>,
        rows: impl IntoIterator<Item = (RowChange<R>, Option<P>)>,
    ) -> Self {
        let mut timeline = Self { local_user: local_user_uri.map(Arc::from), ..Self::default() };
        // A first instance names its versions, and the rest names messages.
        let (mut firsts, mut statuses, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (row, payload) in rows {
            match row {
                RowChange::PutMessage(row) if row.replaces.is_some() => {
                    timeline.put(RowChange::PutMessage(row), payload);
                }
                RowChange::PutMessage(row) => firsts.push((RowChange::PutMessage(row), payload)),
                RowChange::PutStatus(row) => statuses.push(row),
                row => others.push((row, payload)),
            }
        }
        // What one report says is written together.
        statuses.sort_by_key(|row| (row.report, row.message_id));
        let statuses = statuses.into_iter().map(|row| (RowChange::PutStatus(row), None));
        firsts
            .into_iter()
            .chain(statuses)
            .chain(others)
            .for_each(|(row, payload)| timeline.put(row, payload));
        timeline
    }

    fn put(&mut self, row: RowChange<R>, payload: Option<P>) {
        let kept = match &row {
            RowChange::PutMessage(row) => Some(row.message_id()),
            RowChange::PutDifferent(row) => Some(row.message_id),
            RowChange::DeleteContent(_) => return,
            _ => None,
        };
        drop(self.rows.apply(Vec::from([row]), kept.zip(payload)));
    }
}

impl<P, R: StoredReason> Timeline<P, R> {
    /// The whole timeline as bytes, from which [`Timeline::restore`] makes it again. `payload`
    /// encodes what the caller keeps of a message.
    ///
    /// The bytes depend on the rows alone, which depend on the order of arrival where messages
    /// still wait for others.
    pub fn snapshot(&self, mut payload: impl FnMut(&P) -> Vec<u8>) -> Vec<u8> {
        let mut out = Vec::from([SNAPSHOT_VERSION]);
        self.local_user.put(&mut out);
        self.read_up_to.put(&mut out);
        self.rows.for_each_row(&mut |row, kept| match row {
            RowChange::PutMessage(row) => {
                put_run(&mut out, &row.encode());
                kept.is_some().put(&mut out);
                if let Some(kept) = kept {
                    put_run(&mut out, &payload(kept));
                }
            }
            RowChange::PutLink(relation, id, row) => {
                put_run(&mut out, &row.encode());
                (relation == Relation::InReplyTo).put(&mut out);
                id.put(&mut out);
            }
            RowChange::PutUnseen(row) => put_run(&mut out, &row.encode()),
            RowChange::PutStatus(row) => put_run(&mut out, &row.encode()),
            RowChange::PutDifferent(row) => {
                if let Some(kept) = kept {
                    put_run(&mut out, &row.encode());
                    put_run(&mut out, &payload(kept));
                }
            }
            RowChange::PutRetraction(retraction) => put_run(&mut out, &retraction.encode()),
            RowChange::DeleteLink(..) | RowChange::DeleteUnseen(_) | RowChange::DeleteContent(_) => {}
        });
        let hash = hash(&out);
        out.extend_from_slice(&hash);
        out
    }

    /// Makes the timeline again from a [snapshot](Timeline::snapshot). `payload` reads what the
    /// caller keeps of a message, and returns `None` for bytes that it refuses.
    ///
    /// The hash finds damage, not malice: a snapshot must come from the client's own store, as its
    /// rows are not compared with each other. A forged one can show anything, and no more: every
    /// function ends, in a time that depends on the size.
    ///
    /// # Errors
    ///
    /// If the bytes are not a snapshot of this version, or were damaged.
    pub fn restore(bytes: &[u8], mut payload: impl FnMut(&[u8]) -> Option<P>) -> Result<Self, SnapshotError> {
        if let Some(found) = bytes.first().filter(|found| **found != SNAPSHOT_VERSION) {
            return Err(SnapshotError::UnknownVersion(*found));
        }
        let (body, found) = bytes.split_last_chunk::<HASH>().ok_or(SnapshotError::Damaged)?;
        if hash(body) != *found {
            return Err(SnapshotError::Damaged);
        }
        let mut reader = Reader::new(body, "version");
        let _: u8 = reader.field("version")?;
        let local_user: Option<Arc<str>> = reader.field("local_user")?;
        let read_up_to = reader.field("read_up_to")?;
        let mut timeline = Self { local_user, read_up_to, ..Self::default() };
        let (mut report, mut reports) = (None, BTreeSet::new());
        while !reader.is_empty() {
            reader.name("row");
            let row = reader.run()?;
            let offset = reader.start();
            let at = |error| SnapshotError::Row { offset, error };
            let mut read_payload = |reader: &mut Reader<'_>| {
                reader.name("payload");
                let bytes = reader.run()?;
                payload(bytes).ok_or(SnapshotError::Payload { offset: reader.start() })
            };
            let mut kept = None;
            let change = match row.get(1).copied() {
                Some(MESSAGE) => {
                    let row = MessageRow::decode(row).map_err(at)?;
                    if reader.field("has payload")? {
                        kept = Some(read_payload(&mut reader)?);
                    }
                    RowChange::PutMessage(Box::new(row))
                }
                Some(LINK) => {
                    let row = LinkRow::decode(row).map_err(at)?;
                    let is_reply = reader.field("relation")?;
                    let relation = if is_reply { Relation::InReplyTo } else { Relation::Replaces };
                    RowChange::PutLink(relation, reader.field("message_id")?, row)
                }
                Some(UNSEEN) => RowChange::PutUnseen(UnseenRow::decode(row).map_err(at)?),
                Some(STATUS) => {
                    let row = StatusRow::decode(row).map_err(at)?;
                    // What one report says comes together.
                    if report != Some(row.report.message_id) && !reports.insert(row.report.message_id) {
                        let kind = RowDecodeErrorKind::InvalidValue;
                        return Err(at(RowDecodeError { kind, offset: 2, field: "report" }));
                    }
                    report = Some(row.report.message_id);
                    RowChange::PutStatus(row)
                }
                Some(DIFFERENT) => {
                    let row = DifferentRow::decode(row).map_err(at)?;
                    kept = Some(read_payload(&mut reader)?);
                    RowChange::PutDifferent(row)
                }
                Some(RETRACTION) => RowChange::PutRetraction(Arc::new(Retraction::decode(row).map_err(at)?)),
                found => {
                    let kind = found.map_or(RowDecodeErrorKind::Truncated, RowDecodeErrorKind::OtherRow);
                    return Err(at(RowDecodeError { kind, offset: 1, field: "type" }));
                }
            };
            timeline.put(change, kept);
        }
        Ok(timeline)
    }
}
