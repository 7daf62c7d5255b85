//! What happened, in order: the one list that every form of output is made from.

use mimi_codec::{Decode, Encode};

use crate::Result;

/// Who acts: a client, a provider's server, or a person.
pub type Party = String;

/// How a body travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// An endpoint of MIMI, between providers.
    Request,
    /// Its answer.
    Response,
    /// Inside a provider: `[[ ]]` in the draft's diagrams.
    Local,
}

/// A body that went from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The sender.
    pub from: Party,
    /// The receiver.
    pub to: Party,
    /// How.
    pub hop: Hop,
    /// `POST /update/…`, or what it is for.
    pub path: String,
    /// The draft's name of the struct.
    pub type_name: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Who decides.
    pub by: Party,
    /// What about.
    pub about: String,
    /// Whether it is accepted.
    pub accepted: bool,
    /// The draft's code, where an endpoint has one.
    pub code: Option<String>,
    /// Why.
    pub why: Vec<String>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An act begins.
    Act {
        /// Its number.
        number: u8,
        /// What it is about.
        title: &'static str,
    },
    /// A part of an act begins: what it is about.
    Scene(String),
    /// What a person should know.
    Note(String),
    /// A body went from one to another.
    Sent(Body),
    /// What a user learnt from what it was given.
    Saw {
        /// Who.
        who: Party,
        /// What.
        what: String,
    },
    /// A decision was made.
    Decided(Verdict),
}

/// Writes down what happens.
#[derive(Debug, Default)]
pub struct Narrator {
    events: Vec<Event>,
}

impl Narrator {
    /// Everything so far.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// An act begins.
    pub fn act(&mut self, number: u8, title: &'static str) {
        self.events.push(Event::Act { number, title });
    }

    /// A part of an act begins.
    pub fn scene(&mut self, text: impl Into<String>) {
        self.events.push(Event::Scene(text.into()));
    }

    /// What a person should know.
    pub fn note(&mut self, text: impl Into<String>) {
        self.events.push(Event::Note(text.into()));
    }

    /// A party learnt something.
    pub fn saw(&mut self, who: impl Into<Party>, what: impl Into<String>) {
        self.events.push(Event::Saw { who: who.into(), what: what.into() });
    }

    /// A party decided.
    pub fn decided(&mut self, verdict: Verdict) {
        self.events.push(Event::Decided(verdict));
    }

    /// A body goes from one to another: it is encoded, and its bytes are all that the other gets.
    ///
    /// # Errors
    /// When it is too long.
    pub fn send<'a, T: Encode + Decode<'a>>(
        &mut self,
        from: impl Into<Party>,
        to: impl Into<Party>,
        hop: Hop,
        path: impl Into<String>,
        body: &T,
    ) -> Result<Vec<u8>> {
        let bytes = body.to_bytes()?;
        self.forward(from, to, hop, path, T::NAME, &bytes);
        Ok(bytes)
    }

    /// A body is handed on as it came.
    pub fn forward(
        &mut self,
        from: impl Into<Party>,
        to: impl Into<Party>,
        hop: Hop,
        path: impl Into<String>,
        type_name: &'static str,
        bytes: &[u8],
    ) {
        let (from, to, path) = (from.into(), to.into(), path.into());
        self.events.push(Event::Sent(Body { from, to, hop, path, type_name, bytes: bytes.to_vec() }));
    }
}
