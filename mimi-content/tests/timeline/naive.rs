//! The rules once more, as one reads them, without any index: every question walks through all
//! messages.

use std::collections::BTreeSet;

use mimi_content::MessageId;
use mimi_content::timeline::{EntryState, ReferenceState, TimelineAction};

use super::model::{EMOJI, NOW, TestBody, TestMessage, TestRetraction, USERS, allowed, id, topic};
use super::view::{EntryView, ReactionView, StatusView, View};

pub(crate) struct Naive<'m> {
    pub(crate) messages: &'m [TestMessage],
    pub(crate) reads: &'m [(u8, u64)],
    pub(crate) retractions: &'m [TestRetraction],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Content,
    Reaction,
    Report,
    Null,
}

type Message = TestMessage;

fn at(message: &Message) -> (u64, u8) {
    (*message.accepted.iter().min().unwrap(), message.id)
}

fn kind(message: &Message) -> Kind {
    match &message.body {
        TestBody::Text | TestBody::Alternatives | TestBody::Mixed(_) => Kind::Content,
        TestBody::Reactions(_) | TestBody::Emptied(true) => Kind::Reaction,
        TestBody::Emptied(false) => Kind::Content,
        TestBody::Null => Kind::Null,
        TestBody::Report(_) | TestBody::Malformed => Kind::Report,
    }
}

fn is_entry(first: &Message) -> bool {
    match kind(first) {
        Kind::Content | Kind::Null => true,
        Kind::Reaction => first.in_reply_to.is_none(),
        Kind::Report => false,
    }
}

/// Whether a later report changes what holds.
fn follows(before: u8, after: u8) -> bool {
    !matches!((before, after), (3 | 4, _) | (0 | 2 | 5, 1 | 6) | (0..=6, 7..))
}

impl<'m> Naive<'m> {
    fn is_retracted(&self, message: &Message) -> bool {
        self.retractions.iter().any(|retraction| retraction.concerns(message, at(message).0))
    }

    fn get(&self, id: u8) -> Option<&'m Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// Follows references to the first ID without one; `None` if that never comes.
    fn end(&self, start: u8, reference: fn(&Message) -> Option<u8>) -> Option<u8> {
        let (mut here, mut seen) = (start, BTreeSet::new());
        loop {
            if !seen.insert(here) {
                return None;
            }
            match self.get(here).and_then(reference) {
                Some(next) => here = next,
                None => return Some(here),
            }
        }
    }

    fn in_loop(&self, message: &Message, reference: fn(&Message) -> Option<u8>) -> bool {
        let mut here = reference(message);
        for _ in 0..=self.messages.len() {
            match here {
                Some(id) if id == message.id => return true,
                Some(id) => here = self.get(id).and_then(reference),
                None => return false,
            }
        }
        false
    }

    fn first(&self, message: u8) -> Option<&'m Message> {
        self.get(message)?;
        self.get(self.end(message, |message| message.replaces)?)
    }

    /// Everything that replaces a first instance, in order.
    fn replacing(&self, first: &Message) -> Vec<&'m Message> {
        let mut all: Vec<_> = self
            .messages
            .iter()
            .filter(|message| message.id != first.id)
            .filter(|message| self.first(message.id).map(|first| first.id) == Some(first.id))
            .collect();
        all.sort_by_key(|message| at(message));
        all
    }

    fn permitted(&self, first: &Message, message: &Message) -> &'static str {
        let reaction = kind(first) == Kind::Reaction;
        let own = first.sender == message.sender;
        let (action, fine) = match (kind(first), kind(message)) {
            (Kind::Report, _) => return "other kind",
            _ if reaction && matches!(message.body, TestBody::Null | TestBody::Emptied(_)) => {
                (TimelineAction::DeleteReaction, "deletion")
            }
            (_, Kind::Null) => (TimelineAction::DeleteMessage, "deletion"),
            (a, b) if a != b => return "other kind",
            _ if reaction => (TimelineAction::EditReaction, "edit"),
            _ => (TimelineAction::EditMessage, "edit"),
        };
        if allowed(action, message.sender, own) { fine } else { "not authorized" }
    }

    fn deletion(&self, first: &Message) -> Option<&'m Message> {
        let mut replacing = self.replacing(first).into_iter();
        replacing.find(|message| self.permitted(first, message) == "deletion" && !self.is_retracted(message))
    }

    fn standing(&self, message: &Message) -> &'static str {
        if message.replaces.is_none() {
            return "first";
        }
        let Some(first) = self.first(message.id) else { return "held" };
        match (self.permitted(first, message), self.deletion(first)) {
            ("edit" | "deletion", _) if self.is_retracted(message) => "retracted",
            ("edit", Some(deletion)) if at(deletion) < at(message) => "after deletion",
            (standing, _) => standing,
        }
    }

    fn shown(&self, first: &'m Message) -> Vec<&'m Message> {
        let mut shown = vec![first];
        shown.extend(self.replacing(first).into_iter().filter(|message| self.standing(message) == "edit"));
        shown
    }

    fn topic(&self, first: &'m Message) -> u8 {
        let before = |message: &&&Message| match self.deletion(first) {
            Some(deletion) => at(message) < at(deletion),
            None => true,
        };
        let replacing = self.replacing(first);
        let changes = replacing.iter().filter(before).filter(|message| !self.is_retracted(message));
        let mut changes = changes.filter(|message| self.topic_change(first, message) == Some(true));
        changes.next_back().map_or(first.topic, |message| message.topic)
    }

    /// Whether a version's other topic is allowed, if it has one.
    fn topic_change(&self, first: &Message, message: &Message) -> Option<bool> {
        let empties = kind(first) == Kind::Reaction && matches!(message.body, TestBody::Emptied(_));
        let asked = !matches!(self.permitted(first, message), "other kind" | "deletion")
            && kind(message) != Kind::Null
            && !empties
            && message.topic != first.topic;
        asked.then(|| allowed(TimelineAction::ChangeTopic, message.sender, first.sender == message.sender))
    }

    fn expires_ms(&self, first: &Message) -> Option<u64> {
        let expires = first.expires?;
        if !expires.relative {
            return Some(u64::from(expires.time) * 1000);
        }
        let mut versions = vec![first.id];
        versions.extend(self.replacing(first).iter().map(|message| message.id));
        let read = self.reads.iter().filter(|(id, _)| versions.contains(id)).map(|(_, ms)| *ms).min()?;
        Some(read + u64::from(expires.time) * 1000)
    }

    /// When a message expires whose first instance was not received.
    fn held_expires_ms(&self, message: &Message) -> Option<u64> {
        let expires = message.expires?;
        let read = self.reads.iter().filter(|(id, _)| *id == message.id).map(|(_, ms)| *ms).min();
        let start = if expires.relative { read? } else { 0 };
        Some(start + u64::from(expires.time) * 1000)
    }

    fn state(&self, first: &Message) -> EntryState {
        if self.expires_ms(first).is_some_and(|due| due <= NOW) {
            EntryState::Expired
        } else if self.is_retracted(first) {
            EntryState::Retracted
        } else if self.deletion(first).is_some() {
            EntryState::Deleted
        } else {
            EntryState::Shown
        }
    }

    fn firsts(&self) -> Vec<&'m Message> {
        let mut firsts: Vec<_> = self.messages.iter().filter(|message| message.replaces.is_none()).collect();
        firsts.sort_by_key(|message| at(message));
        firsts
    }

    fn entries(&self) -> Vec<&'m Message> {
        self.firsts().into_iter().filter(|first| is_entry(first)).collect()
    }

    fn replies(&self, first: &Message) -> Vec<&'m Message> {
        let mut versions = vec![first.id];
        versions.extend(self.replacing(first).iter().map(|message| message.id));
        let to = |entry: &&Message| entry.in_reply_to.is_some_and(|to| versions.contains(&to));
        self.entries().into_iter().filter(to).collect()
    }

    fn thread(&self, first: &Message, depth: usize, seen: &mut Vec<u8>, found: &mut Vec<(usize, MessageId)>) {
        for reply in self.replies(first) {
            if !seen.contains(&reply.id) {
                seen.push(reply.id);
                found.push((depth, id(reply.id)));
                self.thread(reply, depth + 1, seen, found);
            }
        }
    }

    fn reactions(&self, first: &'m Message) -> Vec<ReactionView> {
        let mut found = Vec::new();
        if matches!(self.state(first), EntryState::Expired | EntryState::Retracted) {
            return found;
        }
        for reaction in self.firsts() {
            let to = self.shown(first).into_iter().find(|version| Some(version.id) == reaction.in_reply_to);
            let reacts = matches!(
                reaction.body,
                TestBody::Reactions(_) | TestBody::Mixed(_) | TestBody::Emptied(true)
            );
            let (Some(to), true, EntryState::Shown) = (to, reacts, self.state(reaction)) else { continue };
            let current = *self.shown(reaction).last().unwrap();
            let (texts, offset) = match &current.body {
                TestBody::Reactions(texts) if texts.len() == 1 => (&texts[..], 0),
                TestBody::Reactions(texts) => (&texts[..], 1),
                TestBody::Mixed(texts) => (&texts[..], 2),
                _ => (&[][..], 0),
            };
            for (part, text) in texts.iter().enumerate() {
                found.push(ReactionView {
                    id: id(reaction.id),
                    sender: USERS[reaction.sender].into(),
                    to: id(to.id),
                    current: id(current.id),
                    part: part as u16 + offset,
                    text: EMOJI[usize::from(*text)].into(),
                });
            }
        }
        found
    }

    fn statuses(&self, first: &'m Message) -> Vec<StatusView> {
        let mut reports: Vec<_> = self.messages.iter().collect();
        reports.sort_by_key(|message| at(message));
        let mut readers: Vec<_> = (0..USERS.len()).collect();
        readers.sort_by_key(|reader| USERS[*reader]);
        let mut found = Vec::new();
        for reader in readers {
            let mut last: Option<StatusView> = None;
            for report in reports.iter().filter(|report| report.sender == reader) {
                let TestBody::Report(statuses) = &report.body else { continue };
                // Of several versions in one report, the highest ID; of one version twice, the
                // later.
                let mut entries: Vec<_> = statuses.iter().enumerate().collect();
                entries.sort_by_key(|(place, (about, _))| (*about, *place));
                for (_, (about, status)) in entries {
                    let shown = self.shown(first).iter().any(|version| version.id == *about);
                    let final_too = |last: &StatusView| {
                        last.report_id == id(report.id)
                            && last.message_id != id(*about)
                            && matches!((last.status.0, *status), (3 | 4, 3 | 4))
                    };
                    let follows =
                        last.as_ref().is_none_or(|last| follows(last.status.0, *status) || final_too(last));
                    if shown && follows {
                        last = Some(StatusView {
                            reader: USERS[reader].into(),
                            status: mimi_content::MessageStatus(*status),
                            message_id: id(*about),
                            accepted_ms: at(report).0,
                            report_id: id(report.id),
                        });
                    }
                }
            }
            found.extend(last);
        }
        found
    }

    fn reference(&self, entry: &Message) -> Option<(MessageId, ReferenceState, Option<MessageId>)> {
        let to = entry.in_reply_to?;
        let state = if self.in_loop(entry, |message| message.in_reply_to) {
            ReferenceState::Loop
        } else if let Some(message) = self.get(to) {
            let first = self.first(to);
            match (first.map(|first| self.state(first)), self.standing(message)) {
                (Some(EntryState::Expired), _) => ReferenceState::Expired,
                (None, _) if self.held_expires_ms(message).is_some_and(|due| due <= NOW) => {
                    ReferenceState::Expired
                }
                (Some(EntryState::Retracted), _) | (_, "retracted") => ReferenceState::Retracted,
                (_, "held") => ReferenceState::Held,
                (Some(state), "first" | "edit") => {
                    if state == EntryState::Deleted {
                        ReferenceState::Deleted
                    } else if self.shown(first.unwrap()).last().unwrap().id == to {
                        ReferenceState::Newest
                    } else {
                        ReferenceState::Older
                    }
                }
                _ => ReferenceState::NoEffect,
            }
        } else {
            ReferenceState::Unseen
        };
        let entry = self.first(to).filter(|first| is_entry(first)).map(|first| id(first.id));
        Some((id(to), state, entry))
    }

    fn findings(&self, message: &Message) -> Vec<String> {
        let mut found = Vec::new();
        if let (Some(first), Some(_)) = (self.first(message.id), message.replaces) {
            let permitted = self.permitted(first, message);
            let topic = self.topic_change(first, message);
            let mut edits = self.replacing(first).into_iter().filter(|edit| {
                self.permitted(first, edit) == "edit" && !self.is_retracted(edit) && at(edit) < at(message)
            });
            let moves = topic == Some(true)
                && (message.body == first.body
                    || edits.next_back().is_some_and(|edit| edit.body == message.body));
            if permitted == "other kind" || permitted == "not authorized" && !moves {
                found.push(permitted.to_owned());
            }
            if topic == Some(false) {
                found.push("topic not authorized".into());
            }
            let empties = kind(first) == Kind::Reaction && matches!(message.body, TestBody::Emptied(_));
            let deletes = (kind(message) == Kind::Null || empties) && kind(first) != Kind::Report;
            let expires = message.expires != first.expires && !(deletes && message.expires.is_none());
            let reply =
                message.in_reply_to != first.in_reply_to && !(deletes && message.in_reply_to.is_none());
            let extensions = message.subject != first.subject && message.subject.is_some();
            if expires || reply || extensions {
                found.push(format!("other fields {expires} {reply} {extensions}"));
            }
            let effect = permitted == "edit" || topic == Some(true);
            if effect
                && !self.is_retracted(message)
                && self.deletion(first).is_some_and(|deletion| at(deletion) < at(message))
            {
                found.push("after deletion".into());
            }
        }
        if self.in_loop(message, |message| message.replaces) {
            found.push("replaces loop".into());
        }
        if self.in_loop(message, |message| message.in_reply_to) {
            found.push("reply loop".into());
        }
        let last = message.accepted.iter().max().unwrap();
        if *last != at(message).0 {
            found.push(format!("accepted again {last}"));
        }
        if message.body == TestBody::Malformed {
            found.push("malformed report".into());
        }
        found
    }

    fn reply_to(&self, about: u8) -> Option<MessageId> {
        let first = self.first(about).filter(|first| kind(first) != Kind::Report)?;
        let newest = *self.shown(first).last()?;
        let ends = |message: &Message| self.end(message.id, |message| message.in_reply_to).is_some();
        (self.deletion(first).is_none() && !self.is_retracted(first) && ends(first) && ends(newest))
            .then(|| id(newest.id))
    }

    fn to_replace(&self, about: u8) -> Option<MessageId> {
        self.get(about)?;
        let end = self.end(about, |message| message.replaces)?;
        let fine = |first: &Message| {
            kind(first) != Kind::Report && self.deletion(first).is_none() && !self.is_retracted(first)
        };
        self.get(end).is_none_or(fine).then(|| id(end))
    }

    pub(crate) fn view(&self, about: &[u8]) -> View {
        let mut ordered: Vec<_> = self.messages.iter().collect();
        ordered.sort_by_key(|message| at(message));
        let mut unseen: Vec<_> =
            ordered.iter().flat_map(|message| [message.replaces, message.in_reply_to]).flatten().collect();
        unseen.extend(self.reads.iter().map(|(id, _)| *id));
        unseen.retain(|id| self.get(*id).is_none());
        unseen.sort();
        unseen.dedup();
        let topics = (1..=u8::MAX).filter_map(|number| {
            let entries = self.entries();
            let entries: Vec<_> = entries
                .iter()
                .filter(|entry| self.topic(entry) == number)
                .map(|entry| id(entry.id))
                .collect();
            (!entries.is_empty()).then(|| (topic(number), entries))
        });
        View {
            entries: self.entries().into_iter().map(|first| self.entry(first)).collect(),
            topics: topics.collect(),
            held: ordered
                .iter()
                .filter(|message| self.standing(message) == "held")
                .map(|m| id(m.id))
                .collect(),
            suspects: ordered
                .iter()
                .map(|message| (id(message.id), self.findings(message)))
                .filter(|(_, findings)| !findings.is_empty())
                .collect(),
            unseen: unseen.into_iter().map(id).collect(),
            next_expiration_ms: {
                let firsts = self.firsts().into_iter().filter_map(|first| self.expires_ms(first));
                let held = self.messages.iter().filter(|message| self.standing(message) == "held");
                firsts.chain(held.filter_map(|message| self.held_expires_ms(message))).min()
            },
            reply_to: about.iter().map(|about| self.reply_to(*about)).collect(),
            to_replace: about.iter().map(|about| self.to_replace(*about)).collect(),
        }
    }

    fn entry(&self, first: &'m Message) -> EntryView {
        let mut thread = Vec::new();
        self.thread(first, 1, &mut vec![first.id], &mut thread);
        let mut all_versions = vec![(id(first.id), "first")];
        all_versions
            .extend(self.replacing(first).iter().map(|message| (id(message.id), self.standing(message))));
        EntryView {
            id: id(first.id),
            sender: first.user().into(),
            accepted_ms: at(first).0,
            topic: topic(self.topic(first)),
            state: self.state(first),
            expires_ms: self.expires_ms(first),
            current: id(self.shown(first).last().unwrap().id),
            edited: self.shown(first).len() > 1,
            deletion: self.deletion(first).map(|message| id(message.id)),
            versions: self.shown(first).iter().map(|message| id(message.id)).collect(),
            all_versions,
            in_reply_to: self.reference(first),
            replies: self.replies(first).iter().map(|reply| id(reply.id)).collect(),
            thread,
            reactions: self.reactions(first),
            retraction: self
                .retractions
                .iter()
                .filter(|retraction| retraction.concerns(first, at(first).0))
                .map(|retraction| retraction.value())
                .min(),
            statuses: self.statuses(first),
        }
    }
}
