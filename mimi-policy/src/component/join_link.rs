//! Join links (mimi-room-policy-04 §6.2): components 0x0029 and 0x002A.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::room_policy::{JoinLink, JoinLinkPolicy, JoinLinksData, JoinLinksUpdate};
use subtle::ConstantTimeEq;

use super::ComponentSeverity;

/// What is wrong with a [`JoinLinkPolicy`] and the links of its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JoinLinkFinding {
    /// `on_request` is true, and more than one link is stored.
    MoreThanOneLink {
        /// How many are.
        links: usize,
    },
    /// A link has no bytes.
    EmptyLink {
        /// Its place in the list.
        index: usize,
    },
    /// A link stands in the list twice.
    RepeatedLink {
        /// The second place.
        index: usize,
    },
    /// Links expire the moment they are made.
    ExpiresAtOnce,
    /// Links are stored, and no policy says how long they are good.
    NoPolicy,
    /// There is a URI to ask at, although links aren't made on request.
    UnusedRequestUri,
}

impl JoinLinkFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::MoreThanOneLink { .. } | Self::EmptyLink { .. } => ComponentSeverity::Invalid,
            Self::RepeatedLink { .. } | Self::ExpiresAtOnce | Self::NoPolicy | Self::UnusedRequestUri => {
                ComponentSeverity::Advice
            }
        }
    }
}

impl fmt::Display for JoinLinkFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoreThanOneLink { links } => {
                write!(f, "{links} links are stored, and on_request allows one")
            }
            Self::EmptyLink { index } => write!(f, "link {index} is empty"),
            Self::RepeatedLink { index } => write!(f, "link {index} stands in the list before"),
            Self::ExpiresAtOnce => f.write_str("an expiration of 0 seconds makes every link invalid"),
            Self::NoPolicy => f.write_str("links are stored without a policy for them"),
            Self::UnusedRequestUri => f.write_str("a URI for requests without on_request"),
        }
    }
}

/// What is wrong with the policy itself and with the links that are stored.
#[must_use]
pub fn findings(policy: &JoinLinkPolicy, links: Option<&JoinLinksData>) -> Vec<JoinLinkFinding> {
    let mut found = Vec::new();
    if policy.expiration == 0 {
        found.push(JoinLinkFinding::ExpiresAtOnce);
    }
    if !policy.on_request && !policy.join_link.is_none() {
        found.push(JoinLinkFinding::UnusedRequestUri);
    }
    let links = links.map_or(&[][..], |links| &links.join_links);
    if policy.on_request && links.len() > 1 {
        found.push(JoinLinkFinding::MoreThanOneLink { links: links.len() });
    }
    let mut seen = BTreeSet::new();
    for (index, link) in links.iter().enumerate() {
        if link.join_link.is_empty() {
            found.push(JoinLinkFinding::EmptyLink { index });
        }
        if !seen.insert(link.join_link.as_slice()) {
            found.push(JoinLinkFinding::RepeatedLink { index });
        }
    }
    found
}

/// Why a [`JoinLinksUpdate`] doesn't fit the links of the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JoinLinksUpdateError {
    /// An index to remove is beyond the list.
    NoSuchLink {
        /// The index.
        index: u32,
        /// How many links there are.
        links: usize,
    },
    /// An index to remove stands twice.
    RemovedTwice {
        /// The index.
        index: u32,
    },
    /// A link to add has no bytes.
    EmptyLink {
        /// Its place among those to add.
        added: usize,
    },
    /// `on_request` is true, and more than one link would be stored.
    MoreThanOneLink {
        /// How many would be.
        links: usize,
    },
}

impl fmt::Display for JoinLinksUpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchLink { index, links } => write!(f, "link {index} of {links} can't be removed"),
            Self::RemovedTwice { index } => write!(f, "link {index} is removed twice"),
            Self::EmptyLink { added } => write!(f, "added link {added} is empty"),
            Self::MoreThanOneLink { links } => {
                write!(f, "{links} links would be stored, and on_request allows one")
            }
        }
    }
}

impl core::error::Error for JoinLinksUpdateError {}

/// The links after an update: those at `removed_indices` go, counted in the list before, then
/// `added_links` are appended.
///
/// ```
/// use mimi_codec::{protocol::Uri, room_policy::{JoinLink, JoinLinkPolicy, JoinLinksData, JoinLinksUpdate}};
/// use mimi_policy::component::join_link::updated;
///
/// let link = |text: &str| JoinLink { join_link: text.into() };
/// let policy =
///     JoinLinkPolicy { on_request: false, join_link: Uri::none(), multiuser: true, expiration: 3600 };
/// let before = JoinLinksData { join_links: vec![link("a"), link("b"), link("c")] };
/// let update = JoinLinksUpdate { removed_indices: vec![2, 0], added_links: vec![link("d")] };
/// assert_eq!(updated(&policy, &before, &update)?.join_links, [link("b"), link("d")]);
/// # Ok::<(), mimi_policy::component::join_link::JoinLinksUpdateError>(())
/// ```
///
/// # Errors
/// [`JoinLinksUpdateError`].
pub fn updated(
    policy: &JoinLinkPolicy,
    links: &JoinLinksData,
    update: &JoinLinksUpdate,
) -> Result<JoinLinksData, JoinLinksUpdateError> {
    let before = &links.join_links;
    let mut removed = BTreeSet::new();
    for &index in &update.removed_indices {
        let place = usize::try_from(index).ok().filter(|place| *place < before.len());
        let Some(place) = place else {
            return Err(JoinLinksUpdateError::NoSuchLink { index, links: before.len() });
        };
        if !removed.insert(place) {
            return Err(JoinLinksUpdateError::RemovedTwice { index });
        }
    }
    if let Some(added) = update.added_links.iter().position(|link| link.join_link.is_empty()) {
        return Err(JoinLinksUpdateError::EmptyLink { added });
    }
    let count = before.len().saturating_sub(removed.len()).saturating_add(update.added_links.len());
    if policy.on_request && count > 1 {
        return Err(JoinLinksUpdateError::MoreThanOneLink { links: count });
    }
    let kept = before.iter().enumerate().filter(|(place, _)| !removed.contains(place)).map(|(_, link)| link);
    Ok(JoinLinksData { join_links: kept.chain(&update.added_links).cloned().collect() })
}

/// What a hub remembers of a link, beside the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkRecord {
    /// When it was made, in milliseconds since the UNIX epoch.
    pub created_at_ms: u64,
    /// How many times users have joined by it.
    pub uses: u32,
}

/// A join link by which a user may join now; only [`check_use`] makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsableLink<'a> {
    link: &'a JoinLink,
}

impl<'a> UsableLink<'a> {
    /// The link.
    #[must_use]
    pub const fn link(self) -> &'a JoinLink {
        self.link
    }
}

/// Why no user may join by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JoinLinkRefusal {
    /// The room has no such link, or not any more.
    NotActive,
    /// It was made after the given time.
    FromTheFuture {
        /// When it was made, in milliseconds since the UNIX epoch.
        created_at_ms: u64,
    },
    /// Its time is over.
    Expired {
        /// When it ended, in milliseconds since the UNIX epoch.
        at_ms: u64,
    },
    /// It was for one user, and has been used.
    Used,
}

impl fmt::Display for JoinLinkRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotActive => f.write_str("the room has no such join link"),
            Self::FromTheFuture { created_at_ms } => {
                write!(f, "the join link was made at {created_at_ms} ms, which is to come")
            }
            Self::Expired { at_ms } => write!(f, "the join link expired at {at_ms} ms"),
            Self::Used => f.write_str("the join link was for one user and has been used"),
        }
    }
}

impl core::error::Error for JoinLinkRefusal {}

/// Whether a user may join by `link` at the time `now_ms`, in milliseconds since the UNIX epoch.
///
/// A link is spent once `expiration` seconds have passed, and one that is not `multiuser` after it
/// was used once, also for the user who used it: who was removed doesn't come back by it.
///
/// # Errors
/// [`JoinLinkRefusal`].
pub fn check_use<'a>(
    policy: &JoinLinkPolicy,
    links: &'a JoinLinksData,
    link: &[u8],
    record: &LinkRecord,
    now_ms: u64,
) -> Result<UsableLink<'a>, JoinLinkRefusal> {
    // The link is all that it takes to get in: how much of a guess is right must not show in the
    // time that it takes.
    let is_it = |stored: &&JoinLink| !link.is_empty() && bool::from(stored.join_link.ct_eq(link));
    let stored = links.join_links.iter().find(is_it);
    let link = stored.ok_or(JoinLinkRefusal::NotActive)?;
    if record.created_at_ms > now_ms {
        return Err(JoinLinkRefusal::FromTheFuture { created_at_ms: record.created_at_ms });
    }
    let at_ms = record.created_at_ms.saturating_add(u64::from(policy.expiration).saturating_mul(1000));
    if now_ms >= at_ms {
        return Err(JoinLinkRefusal::Expired { at_ms });
    }
    if !policy.multiuser && record.uses > 0 {
        return Err(JoinLinkRefusal::Used);
    }
    Ok(UsableLink { link })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use mimi_codec::protocol::Uri;

    fn policy(on_request: bool) -> JoinLinkPolicy {
        JoinLinkPolicy { on_request, join_link: Uri::none(), multiuser: false, expiration: 60 }
    }

    fn links(texts: &[&str]) -> JoinLinksData {
        JoinLinksData { join_links: texts.iter().map(|&text| JoinLink { join_link: text.into() }).collect() }
    }

    fn update(removed: &[u32], added: &[&str]) -> JoinLinksUpdate {
        JoinLinksUpdate { removed_indices: removed.to_vec(), added_links: links(added).join_links }
    }

    #[test]
    fn finds_what_is_wrong_with_policy_and_links() {
        assert_eq!(findings(&policy(true), Some(&links(&["a"]))), []);
        assert_eq!(findings(&policy(false), Some(&links(&["a", "b"]))), []);
        assert_eq!(findings(&policy(true), None), []);
        assert_eq!(
            findings(&policy(true), Some(&links(&["a", "b"]))),
            [JoinLinkFinding::MoreThanOneLink { links: 2 }]
        );
        assert_eq!(
            findings(&policy(false), Some(&links(&["a", "", "a"]))),
            [JoinLinkFinding::EmptyLink { index: 1 }, JoinLinkFinding::RepeatedLink { index: 2 }]
        );
        let odd =
            JoinLinkPolicy { expiration: 0, join_link: Uri::new("https://a.example/links"), ..policy(false) };
        assert_eq!(findings(&odd, None), [JoinLinkFinding::ExpiresAtOnce, JoinLinkFinding::UnusedRequestUri]);
        assert_eq!(JoinLinkFinding::EmptyLink { index: 0 }.severity(), ComponentSeverity::Invalid);
        assert_eq!(JoinLinkFinding::ExpiresAtOnce.severity(), ComponentSeverity::Advice);
    }

    #[test]
    fn removes_by_index_of_the_list_before_then_appends() {
        let after = updated(&policy(false), &links(&["a", "b", "c"]), &update(&[0, 2], &["d", "e"]));
        assert_eq!(after, Ok(links(&["b", "d", "e"])));
        // The one link of on_request may be replaced in one update.
        let after = updated(&policy(true), &links(&["a"]), &update(&[0], &["b"]));
        assert_eq!(after, Ok(links(&["b"])));
    }

    #[test]
    fn refuses_updates_that_do_not_fit() {
        let before = links(&["a", "b"]);
        let updated = |on_request, removed: &[u32], added: &[&str]| {
            updated(&policy(on_request), &before, &update(removed, added)).unwrap_err()
        };
        assert_eq!(updated(false, &[2], &[]), JoinLinksUpdateError::NoSuchLink { index: 2, links: 2 });
        assert_eq!(
            updated(false, &[u32::MAX], &[]),
            JoinLinksUpdateError::NoSuchLink { index: u32::MAX, links: 2 }
        );
        assert_eq!(updated(false, &[1, 1], &[]), JoinLinksUpdateError::RemovedTwice { index: 1 });
        assert_eq!(updated(false, &[], &["c", ""]), JoinLinksUpdateError::EmptyLink { added: 1 });
        assert_eq!(updated(true, &[0], &["c"]), JoinLinksUpdateError::MoreThanOneLink { links: 2 });
    }

    #[test]
    fn refuses_links_that_are_gone_expired_used_or_to_come() {
        let stored = links(&["a"]);
        let check = |policy: &JoinLinkPolicy, link: &str, uses, now_ms| {
            let record = LinkRecord { created_at_ms: 1_000, uses };
            check_use(policy, &stored, link.as_bytes(), &record, now_ms).map(|usable| usable.link().clone())
        };
        let one = policy(false);
        assert_eq!(check(&one, "a", 0, 1_000), Ok(stored.join_links[0].clone()));
        assert_eq!(check(&one, "a", 0, 60_999), Ok(stored.join_links[0].clone()));
        assert_eq!(check(&one, "b", 0, 1_000), Err(JoinLinkRefusal::NotActive));
        assert_eq!(check(&one, "", 0, 1_000), Err(JoinLinkRefusal::NotActive));
        assert_eq!(check(&one, "a", 0, 61_000), Err(JoinLinkRefusal::Expired { at_ms: 61_000 }));
        assert_eq!(check(&one, "a", 0, 999), Err(JoinLinkRefusal::FromTheFuture { created_at_ms: 1_000 }));
        assert_eq!(check(&one, "a", 1, 1_000), Err(JoinLinkRefusal::Used));
        let many = JoinLinkPolicy { multiuser: true, ..one };
        assert!(check(&many, "a", 1_000_000, 1_000).is_ok());
    }

    #[test]
    fn a_link_without_bytes_lets_no_user_in_even_if_one_is_stored() {
        let stored = JoinLinksData { join_links: vec![JoinLink { join_link: "".into() }] };
        let record = LinkRecord { created_at_ms: 0, uses: 0 };
        assert_eq!(check_use(&policy(false), &stored, b"", &record, 1), Err(JoinLinkRefusal::NotActive));
    }
}
