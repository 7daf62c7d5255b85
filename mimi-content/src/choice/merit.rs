//! Weighs the parts of a message against each other.

use alloc::vec::Vec;

use super::language::LONGEST_LIST;
use super::media::Kind;
use super::{AlternativesDiffer, Leaf, PartFate, PartRank, leaf};
use crate::part::{MultiPartRef, NestedPartRef, PartIndex, PartRef, PartSemantics};

/// How good a part is for the client; the order of the fields is their weight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Merit {
    /// Nothing to show comes after anything.
    empty: bool,
    /// The best leaf is what a part is about: the text in the right language rather than the
    /// picture beside it.
    best: PartRank,
    /// Parts inside that the client leaves out.
    left_out: u16,
    worst: PartRank,
}

impl Merit {
    const EMPTY: Self = Self { empty: true, best: PartRank(u32::MAX), left_out: 0, worst: PartRank(0) };

    fn and(self, other: Self) -> Self {
        Self {
            empty: self.empty && other.empty,
            best: self.best.min(other.best),
            left_out: self.left_out.saturating_add(other.left_out),
            worst: self.worst.max(other.worst),
        }
    }
}

/// The parts of a message, what each is worth (`None`: the client can't process it) and what is in
/// it.
pub(super) struct Tree<'p, 'a> {
    parts: &'p [NestedPartRef<'a>],
    /// Own languages, or those of the nearest part around that names some.
    languages: Vec<&'a str>,
    merits: Vec<Option<Merit>>,
}

impl<'p, 'a> Tree<'p, 'a> {
    pub(super) fn new(
        parts: &'p [NestedPartRef<'a>],
        rank: impl FnMut(&Leaf<'_>) -> Option<PartRank>,
    ) -> Self {
        let mut tree = Self { parts, languages: inherited_languages(parts), merits: Vec::new() };
        tree.merits = tree.weigh_leaves(rank);
        // Parts inside a multipart come after it: from behind, they are weighed first.
        for (at, part) in parts.iter().enumerate().rev() {
            if let PartRef::Multi(multi) = &part.part {
                let merit = tree.weigh(at, multi);
                if let Some(place) = tree.merits.get_mut(at) {
                    *place = merit;
                }
            }
        }
        tree
    }

    pub(super) fn parts(&self) -> &'p [NestedPartRef<'a>] {
        self.parts
    }

    /// A part with content, with the language that it has or inherits.
    pub(super) fn leaf(&self, index: PartIndex) -> Option<Leaf<'a>> {
        let at = usize::from(index);
        leaf(index, self.parts.get(at)?, self.languages.get(at)?)
    }

    fn weigh_leaves(&self, mut rank: impl FnMut(&Leaf<'_>) -> Option<PartRank>) -> Vec<Option<Merit>> {
        let merit = |(at, (part, language)): (usize, (&NestedPartRef<'a>, &&'a str))| {
            if part.part == PartRef::Null {
                return Some(Merit::EMPTY);
            }
            let rank = rank(&leaf(PartIndex::from_usize(at)?, part, language)?)?;
            Some(Merit { empty: false, best: rank, left_out: 0, worst: rank })
        };
        self.parts.iter().zip(&self.languages).enumerate().map(merit).collect()
    }

    fn weigh(&self, at: usize, multi: &MultiPartRef) -> Option<Merit> {
        let mut merits = self.children(at, multi).map(|child| self.merit(child));
        match multi.semantics {
            PartSemantics::ChooseOne => merits.flatten().min(),
            PartSemantics::SingleUnit => merits.try_fold(Merit::EMPTY, |sum, merit| Some(sum.and(merit?))),
            PartSemantics::ProcessAll => {
                let mut sum = Merit::EMPTY;
                let mut understood = false;
                for merit in merits {
                    understood |= merit.is_some();
                    sum = sum.and(merit.unwrap_or(Merit { left_out: 1, ..Merit::EMPTY }));
                }
                understood.then_some(sum)
            }
        }
    }

    fn merit(&self, at: usize) -> Option<Merit> {
        self.merits.get(at).copied().flatten()
    }

    /// Where the parts directly inside a multipart stand.
    fn children(&self, at: usize, multi: &MultiPartRef) -> impl Iterator<Item = usize> {
        let mut next = at.saturating_add(1);
        (0..multi.child_count()).map(move |_| {
            let child = next;
            next = child.saturating_add(1).saturating_add(self.descendants(child));
            child
        })
    }

    fn descendants(&self, at: usize) -> usize {
        match self.parts.get(at).map(|part| &part.part) {
            Some(PartRef::Multi(multi)) => multi.descendant_count(),
            _ => 0,
        }
    }

    /// What happens to each part, before references are followed.
    pub(super) fn fates(&self) -> Vec<PartFate> {
        let mut fates = alloc::vec![PartFate::Processed; self.parts.len()];
        // Where the parts end that the last multipart takes with it, because it is left out.
        let mut left_out: Option<(PartIndex, usize)> = None;
        for (at, part) in self.parts.iter().enumerate() {
            let Some(index) = PartIndex::from_usize(at) else { break };
            if let Some((multipart, end)) = left_out
                && at < end
            {
                set(&mut fates, at, PartFate::Inside { multipart });
                continue;
            }
            // A multipart around this part may have decided already.
            let mut fate = fates.get(at).copied().unwrap_or(PartFate::Processed);
            if fate == PartFate::Processed {
                fate = self.fate(at, part);
                set(&mut fates, at, fate);
            }
            let PartRef::Multi(multi) = &part.part else { continue };
            if fate != PartFate::Processed {
                left_out = Some((index, at.saturating_add(1).saturating_add(multi.descendant_count())));
            } else if multi.semantics == PartSemantics::ChooseOne
                && let Some(best) = self
                    .children(at, multi)
                    .filter(|child| self.merit(*child).is_some())
                    .min_by_key(|child| self.merit(*child))
                && let Some(chosen) = PartIndex::from_usize(best)
            {
                for other in self.children(at, multi).filter(|child| *child != best) {
                    let understood = self.merit(other).is_some();
                    let fate =
                        if understood { PartFate::NotChosen { chosen } } else { PartFate::NotUnderstood };
                    set(&mut fates, other, self.incomplete(other).unwrap_or(fate));
                }
            }
        }
        fates
    }

    /// What happens to a part that nothing around it leaves out.
    fn fate(&self, at: usize, part: &NestedPartRef<'_>) -> PartFate {
        match (&part.part, self.merit(at)) {
            (PartRef::Null, _) => PartFate::Empty,
            (_, Some(_)) => PartFate::Processed,
            (_, None) => self.incomplete(at).unwrap_or(PartFate::NotUnderstood),
        }
    }

    /// Which part a singleUnit lacks.
    fn incomplete(&self, at: usize) -> Option<PartFate> {
        let PartRef::Multi(multi) = &self.parts.get(at)?.part else { return None };
        if multi.semantics != PartSemantics::SingleUnit {
            return None;
        }
        let missing = self.children(at, multi).find(|child| self.merit(*child).is_none())?;
        PartIndex::from_usize(missing).map(|missing| PartFate::Incomplete { missing })
    }

    pub(super) fn alternatives_that_differ(&self) -> Vec<AlternativesDiffer> {
        let differs = |(at, part): (usize, &NestedPartRef<'_>)| {
            let PartRef::Multi(multi) = &part.part else { return None };
            if multi.semantics != PartSemantics::ChooseOne {
                return None;
            }
            let mut contents = self.children(at, multi).map(|child| self.contents(child));
            let (kinds, languages) = contents.next()?;
            let mut found =
                AlternativesDiffer { multipart: PartIndex::from_usize(at)?, kinds: false, languages: false };
            for (other_kinds, other_languages) in contents {
                found.kinds |= other_kinds != kinds;
                found.languages |= other_languages != languages;
            }
            (found.kinds || found.languages).then_some(found)
        };
        self.parts.iter().enumerate().filter_map(differs).collect()
    }

    /// The kinds (a bit for each) and the languages (in order, each once) of a part and all inside
    /// it. Every part is looked at once per level around it, of which there are three; a list of
    /// languages that many parts share is read once per level.
    fn contents(&self, at: usize) -> (u8, Vec<LanguageTag<'a>>) {
        let end = at.saturating_add(1).saturating_add(self.descendants(at));
        let mut kinds = 0;
        let mut lists: Vec<&'a str> = Vec::new();
        for (part, language) in self.parts.iter().zip(&self.languages).take(end).skip(at) {
            let kind = match &part.part {
                PartRef::Single(single) => Kind::of(single.content_type),
                PartRef::External(external) => Kind::of(external.content_type),
                PartRef::Null => Kind::Nothing,
                PartRef::Multi(_) => continue,
            };
            kinds |= kind.bit();
            lists.push(language);
        }
        // What is inherited is the same bytes at the same place, so that comparing places is
        // enough.
        let place = |list: &&str| (list.as_ptr() as usize, list.len());
        lists.sort_unstable_by_key(place);
        lists.dedup_by_key(|list| place(list));
        let mut languages: Vec<_> = lists.into_iter().flat_map(tags).collect();
        languages.sort_unstable();
        languages.dedup();
        // Parts without a language, such as pictures, say nothing beside others that have one.
        if languages.len() > 1 {
            languages.retain(|tag| !tag.0.is_empty());
        }
        (kinds, languages)
    }
}

/// The tags of a list; a list that is too long to be read again and again counts as one.
fn tags(languages: &str) -> impl Iterator<Item = LanguageTag<'_>> {
    let pieces = if languages.len() > LONGEST_LIST { 1 } else { usize::MAX };
    languages.splitn(pieces, ',').map(|tag| LanguageTag(tag.trim_start_matches(' ')))
}

/// A tag, compared without regard to case.
#[derive(Clone, Copy)]
struct LanguageTag<'a>(&'a str);

impl PartialEq for LanguageTag<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for LanguageTag<'_> {}

impl PartialOrd for LanguageTag<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for LanguageTag<'_> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        // What is inherited is the same bytes.
        if core::ptr::eq(self.0, other.0) {
            return core::cmp::Ordering::Equal;
        }
        let folded = |tag: &Self| tag.0.bytes().map(|byte| byte.to_ascii_lowercase());
        folded(self).cmp(folded(other))
    }
}

fn set(fates: &mut [PartFate], at: usize, fate: PartFate) {
    if let Some(place) = fates.get_mut(at) {
        *place = fate;
    }
}

fn inherited_languages<'a>(parts: &[NestedPartRef<'a>]) -> Vec<&'a str> {
    let mut languages: Vec<&str> = parts.iter().map(|part| part.language).collect();
    // From behind, so that what is nearest to a part comes first.
    for (at, part) in parts.iter().enumerate().rev() {
        let PartRef::Multi(multi) = &part.part else { continue };
        let inside = at.saturating_add(1)..at.saturating_add(1).saturating_add(multi.descendant_count());
        let Some((language, inside)) = languages.get(at).copied().zip(languages.get_mut(inside)) else {
            continue;
        };
        for place in inside.iter_mut().filter(|place| place.is_empty()) {
            *place = language;
        }
    }
    languages
}
