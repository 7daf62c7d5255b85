//! Parts that own their content.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use compact_str::CompactString;

use super::{
    AeadAlgorithm, ExternalPartRef, MAX_PART_DEPTH, MAX_PARTS, MultiPartRef, NestedPartRef, PartIndex,
    PartRef, PartSemantics, SinglePartRef,
};
use crate::disposition::Disposition;
use crate::message::BuildError;
use crate::message_id::HashAlgorithm;

/// A body part that owns its content. See [`NestedPartRef`] for the fields' draft form.
///
/// ```
/// use mimi_content::{Disposition, MultiPart, NestedPart, PartSemantics};
///
/// let text = NestedPart::single(Disposition::RENDER, "en", "text/plain;charset=utf-8", "Hello");
/// let html = NestedPart::single(Disposition::RENDER, "en", "text/html;charset=utf-8", "<p>Hello</p>");
/// let either = MultiPart::new(PartSemantics::ChooseOne, vec![text, html])?;
/// let body = NestedPart::multi(Disposition::RENDER, "", either);
/// assert_eq!(body.count(), 3);
/// # Ok::<(), mimi_content::BuildError>(())
/// ```
///
/// The language and the content type stand behind methods, beside fields that are public: both are
/// short, and are kept inside the part instead of each in an allocation of its own, which a decoder
/// would pay for in every part. How they are kept is not part of the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NestedPart {
    /// What the part is for.
    pub disposition: Disposition,
    language: CompactString,
    /// What the part holds.
    pub part: Part,
}

/// What a part holds, by its cardinality.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Nothing (cardinality 0).
    Null,
    /// Content inside the message (1).
    Single(SinglePart),
    /// Content behind a URL (2).
    External(Box<ExternalPart>),
    /// Further parts (3).
    Multi(MultiPart),
}

/// Content inside the message. See [`NestedPart`] for why the content type stands behind methods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SinglePart {
    content_type: CompactString,
    /// The content.
    pub content: Vec<u8>,
}

impl SinglePart {
    /// Content of a media type.
    pub fn new(content_type: impl AsRef<str>, content: impl Into<Vec<u8>>) -> Self {
        Self { content_type: CompactString::new(content_type), content: content.into() }
    }

    /// The media type with its parameters.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Sets another media type.
    pub fn set_content_type(&mut self, content_type: impl AsRef<str>) {
        self.content_type = CompactString::new(content_type);
    }
}

/// Content behind a URL. See [`ExternalPartRef`] for the fields.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ExternalPart {
    /// The media type with its parameters.
    pub content_type: String,
    /// Where to fetch the content.
    pub url: String,
    /// When the content becomes invalid, in seconds since the UNIX epoch; 0 for never.
    pub expires: u32,
    /// Bytes of the content; 0 for unknown.
    pub size: u64,
    /// The algorithm that the content is encrypted with; without one, leave key, nonce and aad
    /// empty.
    pub enc_alg: AeadAlgorithm,
    /// Its key.
    pub key: Vec<u8>,
    /// Its nonce.
    pub nonce: Vec<u8>,
    /// Its additional authenticated data.
    pub aad: Vec<u8>,
    /// The algorithm of `content_hash`.
    pub hash_alg: HashAlgorithm,
    /// The hash of what lies at the URL.
    pub content_hash: Vec<u8>,
    /// Text about the content.
    pub description: String,
    /// A suggested file name.
    pub filename: String,
}

impl Default for HashAlgorithm {
    /// SHA-256.
    fn default() -> Self {
        Self::SHA_256
    }
}

impl fmt::Debug for ExternalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// At least two parts, and how they belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MultiPart {
    semantics: PartSemantics,
    parts: Vec<NestedPart>,
    /// All parts inside, at any level.
    descendants: u16,
    /// Levels of parts inside.
    levels: u8,
}

impl MultiPart {
    /// Puts parts together.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooFewParts`] below two parts, [`BuildError::PartsTooDeep`] if no message can
    /// hold the result because it nests to more than [`MAX_PART_DEPTH`] levels,
    /// [`BuildError::TooManyParts`] if it amounts to more than [`MAX_PARTS`].
    pub fn new(semantics: PartSemantics, parts: Vec<NestedPart>) -> Result<Self, BuildError> {
        if parts.len() < 2 {
            return Err(BuildError::TooFewParts { found: parts.len() });
        }
        let levels = parts.iter().map(NestedPart::depth).max().unwrap_or_default();
        if levels >= MAX_PART_DEPTH {
            return Err(BuildError::PartsTooDeep);
        }
        let descendants = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.count()));
        if descendants >= MAX_PARTS {
            return Err(BuildError::TooManyParts);
        }
        Ok(Self { semantics, parts, descendants: descendants as u16, levels: levels as u8 })
    }

    /// How the parts belong together.
    #[must_use]
    pub fn semantics(&self) -> PartSemantics {
        self.semantics
    }

    /// The parts; at least two.
    #[must_use]
    pub fn parts(&self) -> &[NestedPart] {
        &self.parts
    }

    /// Takes the parts out.
    #[must_use]
    pub fn into_parts(self) -> Vec<NestedPart> {
        self.parts
    }
}

impl NestedPart {
    /// A part; `language` is empty or a comma-separated list of language tags, which
    /// [`MimiContentBuilder::build`](crate::MimiContentBuilder::build) checks.
    pub fn new(disposition: Disposition, language: impl AsRef<str>, part: Part) -> Self {
        Self { disposition, language: CompactString::new(language), part }
    }

    /// Empty, or a comma-separated list of language tags.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Sets another language; see [`NestedPart::new`].
    pub fn set_language(&mut self, language: impl AsRef<str>) {
        self.language = CompactString::new(language);
    }

    /// A part with content inside the message.
    pub fn single(
        disposition: Disposition,
        language: impl AsRef<str>,
        content_type: impl AsRef<str>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        Self::new(disposition, language, Part::Single(SinglePart::new(content_type, content)))
    }

    /// A part with content behind a URL.
    pub fn external(disposition: Disposition, language: impl AsRef<str>, external: ExternalPart) -> Self {
        Self::new(disposition, language, Part::External(Box::new(external)))
    }

    /// A part of parts.
    pub fn multi(disposition: Disposition, language: impl AsRef<str>, multi: MultiPart) -> Self {
        Self::new(disposition, language, Part::Multi(multi))
    }

    /// A part without content, the body of a message that deletes another or takes a reaction back.
    #[must_use]
    pub const fn null(disposition: Disposition) -> Self {
        Self { disposition, language: CompactString::const_new(""), part: Part::Null }
    }

    /// The number of parts, this one and all inside it.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.part {
            Part::Multi(multi) => usize::from(multi.descendants).saturating_add(1),
            _ => 1,
        }
    }

    /// Levels of parts: 1 for a part without others inside it.
    #[must_use]
    pub fn depth(&self) -> usize {
        match &self.part {
            Part::Multi(multi) => usize::from(multi.levels).saturating_add(1),
            _ => 1,
        }
    }

    /// The part with this index, this one being 0.
    pub(crate) fn get(&self, PartIndex(index): PartIndex) -> Option<&Self> {
        let mut skip = usize::from(index);
        let mut part = self;
        'levels: while let Some(mut left) = skip.checked_sub(1) {
            let Part::Multi(multi) = &part.part else { return None };
            for child in &multi.parts {
                match left.checked_sub(child.count()) {
                    Some(after) => left = after,
                    None => {
                        part = child;
                        skip = left;
                        continue 'levels;
                    }
                }
            }
            return None;
        }
        Some(part)
    }

    /// This part, being 0, and all inside it, in the order of their indexes.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let mut levels = [(); MAX_PART_DEPTH].map(|()| [].iter());
        let [first, ..] = &mut levels;
        *first = core::slice::from_ref(self).iter();
        Parts { levels, open: 1, next: 0 }
    }

    /// The parts directly inside the one with this index.
    pub(crate) fn children(&self, index: PartIndex) -> impl Iterator<Item = (PartIndex, &Self)> {
        let children = match self.get(index) {
            Some(Self { part: Part::Multi(multi), .. }) => multi.parts(),
            _ => &[],
        };
        let mut next = usize::from(index).saturating_add(1);
        children.iter().map_while(move |child| {
            let at = PartIndex::from_usize(next)?;
            next = next.saturating_add(child.count());
            Some((at, child))
        })
    }

    /// Calls `visit` for this part and all inside it, in the order of their indexes.
    pub(crate) fn walk(&self, visit: &mut impl FnMut(NestedPartRef<'_>)) {
        visit(self.as_head());
        if let Part::Multi(multi) = &self.part {
            multi.parts.iter().for_each(|part| part.walk(visit));
        }
    }

    /// Calls `visit` for this part and all parts inside it that hold no parts themselves, in the
    /// order of their indexes.
    ///
    /// A part may be changed into another, for example to remove keys before a message is stored.
    /// It can not become a multipart: what `visit` puts there is replaced by a null part.
    ///
    /// ```
    /// use mimi_content::{AeadAlgorithm, Disposition, ExternalPart, NestedPart, Part};
    ///
    /// let file = ExternalPart { enc_alg: AeadAlgorithm::AES_128_GCM, key: vec![7; 16], ..ExternalPart::default() };
    /// let mut body = NestedPart::external(Disposition::ATTACHMENT, "", file);
    /// body.visit_mut(&mut |part| {
    ///     if let Part::External(file) = &mut part.part {
    ///         file.key.clear();
    ///     }
    /// });
    /// # assert!(matches!(body.part, Part::External(file) if file.key.is_empty()));
    /// ```
    pub fn visit_mut(&mut self, visit: &mut dyn FnMut(&mut Self)) {
        if let Part::Multi(multi) = &mut self.part {
            multi.parts.iter_mut().for_each(|part| part.visit_mut(visit));
            return;
        }
        visit(self);
        // The counts of the multiparts around it stay right.
        if matches!(self.part, Part::Multi(_)) {
            self.part = Part::Null;
        }
    }

    #[inline(always)]
    pub(crate) fn as_head(&self) -> NestedPartRef<'_> {
        let part = match &self.part {
            Part::Null => PartRef::Null,
            Part::Single(single) => PartRef::Single(SinglePartRef {
                content_type: &single.content_type,
                content: &single.content,
            }),
            Part::External(external) => PartRef::External(external.as_ref().as_ref()),
            Part::Multi(multi) => PartRef::Multi(MultiPartRef {
                semantics: multi.semantics,
                len: multi.parts.len() as u16,
                descendants: multi.descendants,
            }),
        };
        NestedPartRef { disposition: self.disposition, language: &self.language, part }
    }
}

/// Parts in the order of their indexes: those still to come at each level that is open.
pub(crate) struct Parts<'a> {
    levels: [core::slice::Iter<'a, NestedPart>; MAX_PART_DEPTH],
    open: usize,
    next: u16,
}

impl<'a> Iterator for Parts<'a> {
    type Item = (PartIndex, &'a NestedPart);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let level = self.open.checked_sub(1)?;
            let Some(part) = self.levels.get_mut(level)?.next() else {
                self.open = level;
                continue;
            };
            if let Part::Multi(multi) = &part.part
                && let Some(inside) = self.levels.get_mut(self.open)
            {
                *inside = multi.parts.iter();
                self.open = self.open.saturating_add(1);
            }
            let index = PartIndex(self.next);
            self.next = self.next.saturating_add(1);
            return Some((index, part));
        }
    }
}

impl ExternalPart {
    /// A view of the fields.
    #[must_use]
    pub fn as_ref(&self) -> ExternalPartRef<'_> {
        ExternalPartRef {
            content_type: &self.content_type,
            url: &self.url,
            expires: self.expires,
            size: self.size,
            enc_alg: self.enc_alg,
            key: &self.key,
            nonce: &self.nonce,
            aad: &self.aad,
            hash_alg: self.hash_alg,
            content_hash: &self.content_hash,
            description: &self.description,
            filename: &self.filename,
        }
    }
}

impl ExternalPartRef<'_> {
    /// An owned copy.
    #[must_use]
    pub fn to_owned(&self) -> ExternalPart {
        ExternalPart {
            content_type: self.content_type.to_owned(),
            url: self.url.to_owned(),
            expires: self.expires,
            size: self.size,
            enc_alg: self.enc_alg,
            key: self.key.to_owned(),
            nonce: self.nonce.to_owned(),
            aad: self.aad.to_owned(),
            hash_alg: self.hash_alg,
            content_hash: self.content_hash.to_owned(),
            description: self.description.to_owned(),
            filename: self.filename.to_owned(),
        }
    }
}

/// The tree of a part, whose descendants come next in `others`.
pub(crate) fn tree_from(
    head: &NestedPartRef<'_>,
    others: &mut core::slice::Iter<'_, NestedPartRef<'_>>,
) -> NestedPart {
    let part = match &head.part {
        PartRef::Null => Part::Null,
        PartRef::Single(single) => Part::Single(SinglePart::new(single.content_type, single.content)),
        PartRef::External(external) => Part::External(Box::new(external.to_owned())),
        PartRef::Multi(multi) => {
            let mut parts = Vec::with_capacity(multi.child_count());
            let mut levels = 0;
            while parts.len() < multi.child_count()
                && let Some(child) = others.next()
            {
                let part = tree_from(child, others);
                levels = levels.max(part.depth());
                parts.push(part);
            }
            Part::Multi(MultiPart {
                semantics: multi.semantics,
                parts,
                descendants: multi.descendants,
                levels: levels as u8,
            })
        }
    };
    NestedPart::new(head.disposition, head.language, part)
}
