//! How messages get into a timeline in memory: by the [step](super::effect()).

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::effect::{Arrival, ChangedRow, Incoming, effect};
use super::{Retraction, Timeline, TimelineChange, TimelineMessage, TimelineRules};
use crate::message_id::MessageId;

/// What became of a message that was given to [`Timeline::insert`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Inserted<P> {
    /// It is new.
    New(Vec<ChangedRow>),
    /// It was there already, byte for byte: a repeated delivery, which is no attack. The payload
    /// comes back.
    Repeated {
        /// The payload of this delivery; that of the first one stays.
        payload: P,
        /// What moves because the hub's timestamp is earlier this time; else empty.
        changed: Vec<ChangedRow>,
    },
    /// Another message is there under this ID. That most likely means malice (§9.1): it has no
    /// effect and is kept among [`Timeline::different_content`].
    DifferentContent,
}

/// For what nothing is asked about.
fn not_asked<P, R>(_: &TimelineChange<'_, P>) -> Result<(), R> {
    Ok(())
}

impl<P, R> Timeline<P, R> {
    /// Takes a message in, with what the caller wants to keep for it.
    ///
    /// `rules` decide about this message, if it changes another, and about those that waited for
    /// it; see [`TimelineChange`] for what they may depend on. [`sender_only`](super::sender_only)
    /// is the draft's default.
    pub fn insert(
        &mut self,
        received: TimelineMessage<'_>,
        payload: P,
        rules: &dyn TimelineRules<P, R>,
    ) -> Inserted<P> {
        let id = received.message_id();
        self.take(Incoming::Message(received), id, payload, rules)
    }

    /// Shows a message of the local user's own before the hub accepts it. Its accepted timestamp is
    /// the local time; it moves to the hub's when that is known, by [`Timeline::accept`] or when
    /// the message itself comes in. Until then nothing about it is a finding.
    ///
    /// A message that [failed](Timeline::fail) and is sent again waits again.
    pub fn insert_local(
        &mut self,
        received: TimelineMessage<'_>,
        payload: P,
        rules: &dyn TimelineRules<P, R>,
    ) -> Inserted<P> {
        let id = received.message_id();
        self.take(Incoming::Local(received), id, payload, rules)
    }

    /// The hub accepted a message of the local user's own, at a time in milliseconds since the UNIX
    /// epoch.
    pub fn accept(
        &mut self,
        message_id: MessageId,
        accepted_ms: u64,
        rules: &dyn TimelineRules<P, R>,
    ) -> Vec<ChangedRow> {
        self.step(Incoming::Accepted { message_id, accepted_ms }, rules)
    }

    /// The hub did not accept a message of the local user's own. It stays, as failed, until it is
    /// sent again or dropped.
    pub fn fail(&mut self, message_id: MessageId) -> Vec<ChangedRow> {
        self.step(Incoming::Failed { message_id }, &not_asked)
    }

    /// Takes a message of the local user's own away that the hub did not accept, with its payload.
    pub fn drop_local(&mut self, message_id: MessageId) -> Vec<ChangedRow> {
        self.step(Incoming::Dropped { message_id }, &not_asked)
    }

    /// Notes that the hub retracted messages, whether they were received or not. They stay, as
    /// evidence.
    pub fn retract(&mut self, retraction: &Arc<Retraction>) -> Vec<ChangedRow> {
        self.step(Incoming::Retracted(retraction), &not_asked)
    }

    /// Notes when the local user read a message, in milliseconds since the UNIX epoch: relative
    /// expirations begin. Of several times, and of several versions, the earliest counts.
    ///
    /// The message may be one that was not received yet.
    pub fn mark_read(&mut self, message_id: MessageId, read_at_ms: u64) {
        let _ = self.step(Incoming::Read { message_id, read_at_ms }, &not_asked);
    }

    fn step(&mut self, incoming: Incoming<'_>, rules: &dyn TimelineRules<P, R>) -> Vec<ChangedRow> {
        let Ok(effect) = effect(incoming, None, &self.rows, rules);
        drop(self.rows.apply(effect.rows, None));
        effect.changed
    }

    pub(super) fn expire_one(&mut self, message_id: MessageId) -> Vec<(MessageId, P)> {
        let Ok(effect) = effect(Incoming::Expired { message_id }, None, &self.rows, &not_asked);
        self.rows.apply(effect.rows, None)
    }

    fn take(
        &mut self,
        incoming: Incoming<'_>,
        id: MessageId,
        payload: P,
        rules: &dyn TimelineRules<P, R>,
    ) -> Inserted<P> {
        let Ok(effect) = effect(incoming, Some(&payload), &self.rows, rules);
        match effect.taken {
            Arrival::New => {
                drop(self.rows.apply(effect.rows, Some((id, payload))));
                Inserted::New(effect.changed)
            }
            Arrival::Repeated => {
                drop(self.rows.apply(effect.rows, None));
                Inserted::Repeated { payload, changed: effect.changed }
            }
            Arrival::Different => {
                drop(self.rows.apply(effect.rows, Some((id, payload))));
                Inserted::DifferentContent
            }
        }
    }
}
