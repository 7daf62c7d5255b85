//! Vectors: owned with a rule that holds for good, and borrowed without a copy.

use alloc::{collections::BTreeSet, vec::Vec};
use core::{fmt, marker::PhantomData, ops::Deref};

use crate::{
    error::{DecodeError, DecodeErrorKind, EncodeError, InvalidValueError, Result, Segment},
    mls::ProposalRule,
    reader::{Decode, Reader, decode_element, room_for},
    tls::tls_bridge,
    writer::{Encode, Writer},
};

/// A rule that a vector's elements keep as a whole, judged one element after the other.
///
/// The same rule serves owned elements and borrowed ones.
pub trait ListRule<T>: Clone + fmt::Debug + PartialEq + Eq + core::hash::Hash {
    /// What has to be remembered of the elements before.
    type State: Default;

    /// May `element` follow those before it?
    ///
    /// # Errors
    /// The rule it would break.
    fn admit(state: &mut Self::State, element: &T) -> Result<(), DecodeErrorKind>;

    /// May the list end here?
    ///
    /// # Errors
    /// The rule it would break.
    fn end(_state: &Self::State) -> Result<(), DecodeErrorKind> {
        Ok(())
    }

    /// Does the rule let every list pass, so that no check is needed?
    const ANYTHING_GOES: bool = false;

    /// How many elements there are at least.
    const MIN_LEN: usize = 0;

    /// Bends a random list until it keeps the rule; a list that still doesn't is thrown away.
    #[cfg(feature = "arbitrary")]
    fn repair(_elements: &mut Vec<T>) {}
}

/// The number by which a list's elements are sorted or told apart.
pub trait Keyed {
    /// A small number, such as a component ID.
    type Key: Copy + Ord + fmt::Debug;

    /// This element's number.
    fn key(&self) -> Self::Key;
}

impl Keyed for u32 {
    type Key = Self;
    fn key(&self) -> Self {
        *self
    }
}

impl Keyed for u16 {
    type Key = Self;
    fn key(&self) -> Self {
        *self
    }
}

/// No rule: any elements in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anything {}

impl<T> ListRule<T> for Anything {
    type State = ();
    const ANYTHING_GOES: bool = true;

    #[inline]
    fn admit((): &mut (), _: &T) -> Result<(), DecodeErrorKind> {
        Ok(())
    }
}

/// Keys ascend strictly, so none occurs twice: [`NotAscending`](DecodeErrorKind::NotAscending).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strict {}

impl<T: Keyed> ListRule<T> for Strict {
    type State = Option<T::Key>;

    #[inline]
    fn admit(last: &mut Self::State, element: &T) -> Result<(), DecodeErrorKind> {
        let key = element.key();
        if last.is_some_and(|last| last >= key) {
            return Err(DecodeErrorKind::NotAscending);
        }
        *last = Some(key);
        Ok(())
    }

    #[cfg(feature = "arbitrary")]
    fn repair(elements: &mut Vec<T>) {
        elements.sort_by_key(Keyed::key);
        elements.dedup_by_key(|element| element.key());
    }
}

/// No key occurs twice, in any order: [`Duplicate`](DecodeErrorKind::Duplicate).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unique {}

/// Keys seen so far. Most lists are short and never leave the stack.
#[derive(Debug)]
pub struct Seen<K> {
    few: [Option<K>; 8],
    more: BTreeSet<K>,
}

impl<K: Copy> Default for Seen<K> {
    fn default() -> Self {
        Self { few: [None; 8], more: BTreeSet::new() }
    }
}

impl<K: Copy + Ord> Seen<K> {
    /// Remembers `key`; `false` if it was seen before.
    fn insert(&mut self, key: K) -> bool {
        for slot in &mut self.few {
            match slot {
                Some(seen) if *seen == key => return false,
                Some(_) => {}
                None => {
                    *slot = Some(key);
                    return true;
                }
            }
        }
        self.more.insert(key)
    }
}

impl<T: Keyed> ListRule<T> for Unique {
    type State = Seen<T::Key>;

    fn admit(seen: &mut Self::State, element: &T) -> Result<(), DecodeErrorKind> {
        if seen.insert(element.key()) { Ok(()) } else { Err(DecodeErrorKind::Duplicate) }
    }

    #[cfg(feature = "arbitrary")]
    fn repair(elements: &mut Vec<T>) {
        let mut seen = Seen::default();
        elements.retain(|element| seen.insert(element.key()));
    }
}

/// At least one element: [`Empty`](DecodeErrorKind::Empty).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotEmpty {}

impl<T> ListRule<T> for NotEmpty {
    type State = bool;
    const MIN_LEN: usize = 1;

    fn admit(any: &mut bool, _: &T) -> Result<(), DecodeErrorKind> {
        *any = true;
        Ok(())
    }

    fn end(any: &bool) -> Result<(), DecodeErrorKind> {
        if *any { Ok(()) } else { Err(DecodeErrorKind::Empty) }
    }
}

/// Two rules at once.
impl<T, A: ListRule<T>, B: ListRule<T>> ListRule<T> for (A, B) {
    type State = (A::State, B::State);
    const ANYTHING_GOES: bool = A::ANYTHING_GOES && B::ANYTHING_GOES;
    const MIN_LEN: usize = if A::MIN_LEN > B::MIN_LEN { A::MIN_LEN } else { B::MIN_LEN };

    fn admit(state: &mut Self::State, element: &T) -> Result<(), DecodeErrorKind> {
        A::admit(&mut state.0, element)?;
        B::admit(&mut state.1, element)
    }

    fn end(state: &Self::State) -> Result<(), DecodeErrorKind> {
        A::end(&state.0)?;
        B::end(&state.1)
    }

    #[cfg(feature = "arbitrary")]
    fn repair(elements: &mut Vec<T>) {
        A::repair(elements);
        B::repair(elements);
    }
}

/// An owned vector `T x<V>` that keeps the rule `R`.
///
/// Only [`List::new`] and decoding make one, and nothing changes it: what holds a `List` needn't
/// look again, and encoding it can't break the rule.
///
/// ```
/// use mimi_codec::{DecodeErrorKind, Encode, List, Strict};
///
/// let leaves = List::<u32, Strict>::new(vec![2, 5])?;
/// assert_eq!(leaves.to_bytes().unwrap(), [8, 0, 0, 0, 2, 0, 0, 0, 5]);
/// assert_eq!(leaves.iter().sum::<u32>(), 7);
///
/// let refused = List::<u32, Strict>::new(vec![5, 2]).unwrap_err();
/// assert_eq!(refused.kind, DecodeErrorKind::NotAscending);
/// # Ok::<(), mimi_codec::InvalidValueError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct List<T, R> {
    elements: Vec<T>,
    rule: PhantomData<R>,
}

impl<T, R: ListRule<T>> List<T, R> {
    /// These elements, if they keep the rule.
    ///
    /// # Errors
    /// The rule that is broken and the element that breaks it.
    pub fn new(elements: Vec<T>) -> Result<Self, InvalidValueError> {
        let mut state = R::State::default();
        for (index, element) in elements.iter().enumerate() {
            R::admit(&mut state, element)
                .map_err(|kind| InvalidValueError { kind, place: Some(Segment::Index(index)) })?;
        }
        R::end(&state).map_err(|kind| InvalidValueError { kind, place: None })?;
        Ok(Self { elements, rule: PhantomData })
    }
}

impl<T, R> List<T, R> {
    /// The elements.
    pub fn as_slice(&self) -> &[T] {
        &self.elements
    }

    /// The elements, free to change.
    pub fn into_vec(self) -> Vec<T> {
        self.elements
    }
}

/// The empty list, where the rule allows it: it is for rules with a least length of 0.
impl<T, R: ListRule<T>> Default for List<T, R>
where
    R: AllowsEmpty,
{
    fn default() -> Self {
        Self { elements: Vec::new(), rule: PhantomData }
    }
}

/// A rule that the empty list keeps.
pub trait AllowsEmpty {}

impl AllowsEmpty for Anything {}
impl AllowsEmpty for Strict {}
impl AllowsEmpty for Unique {}

impl<T, R> Deref for List<T, R> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.elements
    }
}

impl<T, R> IntoIterator for List<T, R> {
    type Item = T;
    type IntoIter = alloc::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.elements.into_iter()
    }
}

impl<'i, T, R> IntoIterator for &'i List<T, R> {
    type Item = &'i T;
    type IntoIter = core::slice::Iter<'i, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.elements.iter()
    }
}

impl<T, R: ListRule<T>> TryFrom<Vec<T>> for List<T, R> {
    type Error = InvalidValueError;
    fn try_from(elements: Vec<T>) -> Result<Self, InvalidValueError> {
        Self::new(elements)
    }
}

impl<T: fmt::Debug, R> fmt::Debug for List<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.elements.fmt(f)
    }
}

impl<'a, T: Decode<'a>, R: ListRule<T>> Decode<'a> for List<T, R> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let mut content = reader.vector()?;
        let mut elements = Vec::with_capacity(room_for::<T>(content.rest().len()));
        let mut state = R::State::default();
        while !content.is_empty() {
            elements.push(admit::<T, R>(&mut content, &mut state, elements.len())?);
        }
        R::end(&state).map_err(|kind| content.refuse(kind))?;
        Ok(Self { elements, rule: PhantomData })
    }
}

/// The next element, if the rule lets it follow.
#[inline]
fn admit<'a, T: Decode<'a>, R: ListRule<T>>(
    content: &mut Reader<'a>,
    state: &mut R::State,
    index: usize,
) -> Result<T> {
    let start = content.offset();
    let element = match decode_element::<T>(content, index) {
        Ok(element) => element,
        Err(error) => return Err(error.in_element(index)),
    };
    match R::admit(state, &element) {
        Ok(()) => Ok(element),
        Err(kind) => Err(DecodeError::new(kind, start).in_element(index)),
    }
}

impl<T: Encode, R> Encode for List<T, R> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.elements(&self.elements)
    }
}

impl<T: tls_codec::Size, R> tls_codec::Size for List<T, R> {
    fn tls_serialized_len(&self) -> usize {
        self.elements.tls_serialized_len()
    }
}

impl<T: tls_codec::SerializeBytes, R> tls_codec::SerializeBytes for List<T, R> {
    fn tls_serialize_bytes(&self) -> Result<Vec<u8>, tls_codec::Error> {
        self.elements.tls_serialize_bytes()
    }
}

tls_bridge!(decode @[T: crate::DecodeOwned + tls_codec::Size, R: ListRule<T>] List<T, R>);

#[cfg(feature = "serde")]
impl<T: serde::Serialize, R> serde::Serialize for List<T, R> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.elements.serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, T: serde::Deserialize<'de>, R: ListRule<T>> serde::Deserialize<'de> for List<T, R> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "arbitrary")]
impl<'a, T: arbitrary::Arbitrary<'a>, R: ListRule<T>> arbitrary::Arbitrary<'a> for List<T, R> {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut elements = crate::arbitrary_values::list(u, R::MIN_LEN)?;
        R::repair(&mut elements);
        Self::new(elements).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// A borrowed vector `T x<V>`: checked from end to end when it is decoded, and decoded again, an
/// element at a time, by the caller that iterates.
///
/// `T` is itself borrowed (`&[u8]`, a struct of [`wire_view`](crate::convention), or a number), so
/// that nothing is copied. Nothing is allocated either, whatever the length, but where the rule has
/// to remember: [`Unique`] keeps the keys of more than 8 elements on the heap while the view is
/// decoded.
///
/// ```
/// use mimi_codec::{Decode, ListView};
///
/// let domains = ListView::<&[u8]>::decode_exact(b"ab.net")?;
/// assert_eq!(domains.len(), 2);
/// assert!(domains.iter().any(|domain| domain == b"b.net"));
/// # Ok::<(), mimi_codec::DecodeError>(())
/// ```
pub struct ListView<'a, T, R = Anything> {
    content: &'a [u8],
    offset: usize,
    depth: u8,
    rules: &'a [ProposalRule],
    len: usize,
    element: PhantomData<fn() -> (T, R)>,
}

impl<'a, T, R> ListView<'a, T, R> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there no elements?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements' encodings one behind the other, without the vector's length.
    pub fn content(&self) -> &'a [u8] {
        self.content
    }
}

impl<'a, T: Decode<'a>, R> ListView<'a, T, R> {
    /// The elements, decoded one at a time.
    pub fn iter(&self) -> ListViewIter<'a, T> {
        ListViewIter {
            reader: Reader::at(self.content, self.offset, self.depth, self.rules),
            left: self.len,
            element: PhantomData,
        }
    }
}

impl<T, R> Clone for ListView<'_, T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, R> Copy for ListView<'_, T, R> {}

impl<T, R> PartialEq for ListView<'_, T, R> {
    // Encodings are unique: equal bytes are equal elements.
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl<T, R> Eq for ListView<'_, T, R> {}

impl<'a, T: Decode<'a> + fmt::Debug, R> fmt::Debug for ListView<'a, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Decode<'a>, R: ListRule<T>> Decode<'a> for ListView<'a, T, R> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let mut content = reader.vector()?;
        let (offset, depth) = (content.offset(), content.depth());
        let whole = content.rest();
        let mut len = 0usize;
        match T::FIXED_LEN {
            Some(size) if R::ANYTHING_GOES && size > 0 && whole.len().checked_rem(size) == Some(0) => {
                len = whole.len().checked_div(size).unwrap_or(0);
            }
            _ => {
                let mut state = R::State::default();
                while !content.is_empty() {
                    admit::<T, R>(&mut content, &mut state, len)?;
                    len = len.saturating_add(1);
                }
                R::end(&state).map_err(|kind| content.refuse(kind))?;
            }
        }
        Ok(Self { content: whole, offset, depth, rules: reader.rules(), len, element: PhantomData })
    }
}

impl<T, R> Encode for ListView<'_, T, R> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.opaque(self.content)
    }
}

impl<'a, T: Decode<'a>, R> IntoIterator for ListView<'a, T, R> {
    type Item = T;
    type IntoIter = ListViewIter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: Decode<'a>, R> IntoIterator for &ListView<'a, T, R> {
    type Item = T;
    type IntoIter = ListViewIter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: Decode<'a>, R> ListView<'a, T, R> {
    /// The list that owns what `own` makes of each element, which keeps the rule as the borrowed
    /// one does.
    pub(crate) fn map_elements<U>(self, own: impl FnMut(T) -> U) -> List<U, R> {
        List { elements: self.iter().map(own).collect(), rule: PhantomData }
    }
}

/// What the view has checked needn't be checked again.
impl<'a, T: Decode<'a>, U: From<T>, R> From<ListView<'a, T, R>> for List<U, R> {
    fn from(view: ListView<'a, T, R>) -> Self {
        view.map_elements(U::from)
    }
}

impl<'a, T: Decode<'a>, U: From<T>, R> From<ListView<'a, T, R>> for Vec<U> {
    fn from(view: ListView<'a, T, R>) -> Self {
        view.iter().map(U::from).collect()
    }
}

/// The elements of a [`ListView`].
#[derive(Clone, Debug)]
pub struct ListViewIter<'a, T> {
    reader: Reader<'a>,
    left: usize,
    element: PhantomData<fn() -> T>,
}

impl<'a, T: Decode<'a>> Iterator for ListViewIter<'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.reader.is_empty() {
            return None;
        }
        self.left = self.left.saturating_sub(1);
        // The view has decoded every element once.
        T::decode(&mut self.reader).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, T: Decode<'a>> ExactSizeIterator for ListViewIter<'a, T> {}

impl<'a, T: Decode<'a>> core::iter::FusedIterator for ListViewIter<'a, T> {}
