//! Which parts of a message to process: mimi-content-09 §4.4 and 9.5.

mod language;
mod media;
mod merit;
mod profile;
mod reference;

use alloc::vec::Vec;

use crate::disposition::Disposition;
use crate::message::{MimiContent, MimiContentRef};
use crate::part::{NestedPartRef, PartIndex, PartRef, PartSemantics};
use merit::Tree;

pub use language::{LanguageMatch, match_language};
pub(crate) use media::media_type_parameter;
pub use media::{Kind, media_type_matches};
pub use profile::Profile;
pub use reference::shown_parts;

/// A part that holds content, as a client is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Leaf<'m> {
    /// Where it stands.
    pub index: PartIndex,
    /// What it is for; an unknown number stands here as `render` (§9.1).
    pub disposition: Disposition,
    /// Its languages: its own, or else those of the nearest part around it that names some. Empty
    /// if none does.
    pub language: &'m str,
    /// Its media type with parameters.
    pub content_type: &'m str,
    /// Whether the content lies behind a URL.
    pub external: bool,
}

/// What a client says about itself, for [`Choice::for_client`].
pub trait Client {
    /// How well the client can process a part; `None` if not at all. Asked once about each part
    /// with content.
    fn rank(&self, leaf: &Leaf<'_>) -> Option<PartRank>;

    /// The parts that the client shows, or makes a link to, when it shows the content of this part.
    /// They are not processed once more by themselves; every other part is. By default what
    /// [`shown_parts`] says.
    ///
    /// A client that shows Markdown or HTML as plain text must return an empty list.
    fn shown_parts(&self, leaf: &Leaf<'_>, content: &[u8]) -> Vec<PartIndex> {
        shown_parts(leaf.content_type, content)
    }
}

/// How well a client can process a part, or how well it suits the user: less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartRank(pub u32);

/// What a client does with a part, and if nothing, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartFate {
    /// It is processed: a leaf by itself, a multipart through the parts inside it.
    Processed,
    /// An earlier part shows it or links to it by its content ID, and it was processed there.
    Referenced {
        /// The part that refers to it.
        by: PartIndex,
    },
    /// It has no content (a null part).
    Empty,
    /// The client can't process it. Of a multipart: nothing inside it.
    NotUnderstood,
    /// Another part of the same chooseOne was chosen.
    NotChosen {
        /// The one that was.
        chosen: PartIndex,
    },
    /// A part of this singleUnit is not understood, so that none is processed.
    Incomplete {
        /// The first such part.
        missing: PartIndex,
    },
    /// A multipart around it is not processed.
    Inside {
        /// The outermost such multipart; its own fate says why.
        multipart: PartIndex,
    },
}

/// One part to process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartStep {
    /// The part: single or external.
    pub part: PartIndex,
    /// The outermost singleUnit around it, if it is inside one: all its steps belong together.
    pub unit: Option<PartIndex>,
}

/// A content ID URI in a part that is processed, by which the client shows another part or makes a
/// link to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartReference {
    /// The part that it stands in.
    pub from: PartIndex,
    /// The part that it names, if the message has one, single or external.
    pub to: Option<PartIndex>,
}

/// A chooseOne whose parts are of other kinds or languages, so that two people may see something
/// else (§9.5).
///
/// That is what a chooseOne is for, and what a malicious sender uses it for. Whether their texts
/// mean the same, no program can tell; an answer to such a message should show which alternative it
/// answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AlternativesDiffer {
    /// The chooseOne.
    pub multipart: PartIndex,
    /// Whether the alternatives are of different kinds, such as text beside an image.
    pub kinds: bool,
    /// Whether the alternatives are in different languages.
    pub languages: bool,
}

/// What a client does with each part of a message.
///
/// Of each chooseOne the best part for the client is taken, whatever the sender's order; among
/// equals the first. A singleUnit is processed as a whole or not at all, of a processAll as much as
/// can be. A part that an earlier one refers to is not processed again.
///
/// ```
/// use mimi_content::choice::{Choice, PartFate, Profile};
/// use mimi_content::{MimiContentRef, PartIndex};
///
/// // The draft's nested example: a GIF or a PNG, each with a text in English or French.
/// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/multipart-3.cbor"));
/// let message = MimiContentRef::decode(bytes)?;
/// let client = Profile { media_types: &["text/html", "image/png"], languages: &["fr-CH", "en"] };
/// let choice = Choice::new(&message, |leaf| client.rank(leaf));
///
/// // The French text beside the PNG, which it refers to and which is not shown a second time.
/// let parts: Vec<_> = choice.steps().iter().map(|step| step.part).collect();
/// assert_eq!(parts, [PartIndex(9)]);
/// assert_eq!(choice.fate(PartIndex(10)), Some(PartFate::Referenced { by: PartIndex(9) }));
/// assert_eq!(choice.fate(PartIndex(1)), Some(PartFate::NotChosen { chosen: PartIndex(6) }));
/// assert!(choice.warnings()[0].languages);
/// # Ok::<(), mimi_content::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    fates: Vec<PartFate>,
    steps: Vec<PartStep>,
    references: Vec<PartReference>,
    warnings: Vec<AlternativesDiffer>,
    left_out: Vec<PartIndex>,
}

impl Choice {
    /// Chooses for a client: `rank` says how well it can process a part, or `None` if not at all.
    /// It is asked once about each part with content. [`Profile`] has one ready.
    ///
    /// Takes time and memory in proportion to the message.
    pub fn new(message: &MimiContentRef<'_>, rank: impl FnMut(&Leaf<'_>) -> Option<PartRank>) -> Self {
        Self::among(message.parts(), rank)
    }

    /// As [`Choice::new`], for a client that also says which parts it shows inside others.
    pub fn for_client(message: &MimiContentRef<'_>, client: &dyn Client) -> Self {
        Self::among_shown(message.parts(), |leaf| client.rank(leaf), &mut |leaf, content| {
            client.shown_parts(leaf, content)
        })
    }

    /// As [`Choice::new`], for a message that owns its content.
    pub fn of_owned(message: &MimiContent, rank: impl FnMut(&Leaf<'_>) -> Option<PartRank>) -> Self {
        let parts: Vec<_> = message.parts().map(|(_, part)| part.as_head()).collect();
        Self::among(&parts, rank)
    }

    /// What to process, in order.
    #[must_use]
    pub fn steps(&self) -> &[PartStep] {
        &self.steps
    }

    /// What happens to a part; `None` if the message has no such part.
    #[must_use]
    pub fn fate(&self, part: PartIndex) -> Option<PartFate> {
        self.fates.get(usize::from(part)).copied()
    }

    /// What happens to each part, in the order of their indexes.
    pub fn fates(&self) -> impl Iterator<Item = (PartIndex, PartFate)> {
        (0..).map(PartIndex).zip(self.fates.iter().copied())
    }

    /// The content IDs in the parts that are processed, in the order in which they stand there; of
    /// several equal ones in one part the first.
    ///
    /// One may name a part that the client does not understand or that was not chosen: see
    /// [`Choice::fate`].
    #[must_use]
    pub fn references(&self) -> &[PartReference] {
        &self.references
    }

    /// The single and external parts that are not shown, and in whose place no other part is: what
    /// the client does not understand, and what a singleUnit left out with it. A person should
    /// learn that they were sent: see [`preview::left_out_text`](crate::preview::left_out_text).
    #[must_use]
    pub fn left_out(&self) -> &[PartIndex] {
        &self.left_out
    }

    /// Every chooseOne of the message whose alternatives are of other kinds or languages, chosen or
    /// not.
    #[must_use]
    pub fn warnings(&self) -> &[AlternativesDiffer] {
        &self.warnings
    }

    fn among(parts: &[NestedPartRef<'_>], rank: impl FnMut(&Leaf<'_>) -> Option<PartRank>) -> Self {
        Self::among_shown(parts, rank, &mut |leaf, content| shown_parts(leaf.content_type, content))
    }

    fn among_shown(
        parts: &[NestedPartRef<'_>],
        rank: impl FnMut(&Leaf<'_>) -> Option<PartRank>,
        shown: &mut dyn FnMut(&Leaf<'_>, &[u8]) -> Vec<PartIndex>,
    ) -> Self {
        let tree = Tree::new(parts, rank);
        let mut choice = Self {
            fates: tree.fates(),
            steps: Vec::new(),
            references: Vec::new(),
            warnings: tree.alternatives_that_differ(),
            left_out: Vec::new(),
        };
        choice.follow(&tree, shown);
        choice.left_out = choice.parts_left_out(parts);
        choice
    }

    /// Makes the steps, and passes over the parts that earlier ones refer to.
    fn follow(&mut self, tree: &Tree<'_, '_>, shown: &mut dyn FnMut(&Leaf<'_>, &[u8]) -> Vec<PartIndex>) {
        let parts = tree.parts();
        let mut waiting = Vec::new();
        let mut unit = None;
        // Which part named each part last; the last place is for what names no part.
        let mut named = alloc::vec![None; parts.len().saturating_add(1)];
        for (at, part) in parts.iter().enumerate() {
            let Some(index) = PartIndex::from_usize(at) else { break };
            if unit.is_some_and(|(_, end)| at >= end) {
                unit = None;
            }
            if self.fates.get(at) != Some(&PartFate::Processed) {
                continue;
            }
            if let PartRef::Multi(multi) = part.part {
                if multi.semantics == PartSemantics::SingleUnit && unit.is_none() {
                    unit = Some((index, at.saturating_add(1).saturating_add(multi.descendant_count())));
                }
                continue;
            }
            self.steps.push(PartStep { part: index, unit: unit.map(|(unit, _)| unit) });
            // What a part refers to may refer further; each part is read once.
            waiting.push((index, *part));
            while let Some((from, part)) = waiting.pop() {
                let found = match tree.leaf(from).zip(part.content()) {
                    Some((leaf, content)) => shown(&leaf, content),
                    None => Vec::new(),
                };
                self.follow_references(from, found, parts, &mut named, &mut waiting);
            }
        }
    }

    fn follow_references<'a>(
        &mut self,
        from: PartIndex,
        found: Vec<PartIndex>,
        parts: &[NestedPartRef<'a>],
        named: &mut [Option<PartIndex>],
        waiting: &mut Vec<(PartIndex, NestedPartRef<'a>)>,
    ) {
        for to in found {
            let to = parts.get(usize::from(to)).and_then(|part| part.content_id(to).ok()).map(|_| to);
            let place = to.map_or(parts.len(), usize::from);
            if named.get_mut(place).is_none_or(|by| by.replace(from) == Some(from)) {
                continue;
            }
            self.references.push(PartReference { from, to });
            let Some((to, fate, part)) = to
                .and_then(|to| Some((to, self.fates.get_mut(usize::from(to))?, parts.get(usize::from(to))?)))
            else {
                continue;
            };
            let handled = self.steps.binary_search_by_key(&to, |step| step.part).is_ok();
            if *fate == PartFate::Processed && !handled {
                *fate = PartFate::Referenced { by: from };
                waiting.push((to, *part));
            }
        }
    }
}

impl Choice {
    /// In one pass: the multiparts around a part are at most three.
    fn parts_left_out(&self, parts: &[NestedPartRef<'_>]) -> Vec<PartIndex> {
        let mut left_out = Vec::new();
        // Of each multipart around a part, where its parts end, and whether one of them is
        // processed in the place of the others.
        let mut around: Vec<(usize, bool)> = Vec::new();
        // Where the parts end in whose place another part is processed.
        let mut replaced = 0_usize;
        for (at, part) in parts.iter().enumerate() {
            around.retain(|(end, _)| at < *end);
            let Some((index, fate)) = PartIndex::from_usize(at).zip(self.fates.get(at).copied()) else {
                break;
            };
            let is_processed =
                matches!(fate, PartFate::Processed | PartFate::Referenced { .. } | PartFate::Empty);
            let inside = match part.part {
                PartRef::Multi(multi) => multi.descendant_count(),
                _ => 0,
            };
            let end = at.saturating_add(1).saturating_add(inside);
            if !is_processed && around.last().is_some_and(|(_, chosen)| *chosen) {
                replaced = replaced.max(end);
            }
            match part.part {
                PartRef::Multi(multi) => {
                    around.push((end, is_processed && multi.semantics == PartSemantics::ChooseOne));
                }
                PartRef::Single(_) | PartRef::External(_) if !is_processed && at >= replaced => {
                    left_out.push(index);
                }
                _ => {}
            }
        }
        left_out
    }
}

/// What a leaf is asked about as.
fn leaf<'m>(index: PartIndex, part: &NestedPartRef<'m>, language: &'m str) -> Option<Leaf<'m>> {
    let (content_type, external) = match part.part {
        PartRef::Single(single) => (single.content_type, false),
        PartRef::External(external) => (external.content_type, true),
        PartRef::Null | PartRef::Multi(_) => return None,
    };
    Some(Leaf { index, disposition: part.disposition.effective(), language, content_type, external })
}
