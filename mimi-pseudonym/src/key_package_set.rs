//! KeyPackages in sets (mimi-metadata-minimalization-02 §7): one user pseudonym, one KeyPackage of
//! each client, one room.
//!
//! `C` is what the caller calls a client, a client URI or a number: these functions run among a
//! user's own clients, or on what one user gets of another's.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::cmp::Reverse;

use mimi_codec::{
    RoomUri,
    mls::{KeyPackage, LeafNodeSelect, Lifetime},
    protocol::{IdentifierUri, PseudonymousCredential},
};

use crate::{PseudonymError, PseudonymUses, leaf_credential};

/// A KeyPackage that one of a user's clients has uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedKeyPackage<C> {
    /// The user pseudonym in its credential.
    pub user_pseudonym: IdentifierUri,
    /// The client.
    pub client: C,
    /// Does it carry `last_resort_key_package`?
    pub last_resort: bool,
}

/// The KeyPackages with one user pseudonym.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPackageSet<C> {
    user_pseudonym: IdentifierUri,
    last_resort: bool,
    clients: BTreeSet<C>,
}

impl<C: Ord> KeyPackageSet<C> {
    /// The user pseudonym that they share.
    #[must_use]
    pub fn user_pseudonym(&self) -> &IdentifierUri {
        &self.user_pseudonym
    }

    /// Are they KeyPackages of last resort?
    #[must_use]
    pub fn is_last_resort(&self) -> bool {
        self.last_resort
    }

    /// The clients that have a KeyPackage in the set.
    #[must_use]
    pub fn clients(&self) -> &BTreeSet<C> {
        &self.clients
    }

    /// Has each of these clients a KeyPackage in the set, and no other client?
    #[must_use]
    pub fn is_whole(&self, clients: &BTreeSet<C>) -> bool {
        self.clients == *clients
    }
}

/// Sorts KeyPackages into sets, in the order of their user pseudonyms.
///
/// # Errors
/// [`RepeatedKeyPackage`](PseudonymError::RepeatedKeyPackage) when a client is in one set twice,
/// [`MixedKeyPackageSet`](PseudonymError::MixedKeyPackageSet) when a set has some of last resort
/// and some that aren't.
pub fn key_package_sets<C: Ord>(
    uploaded: impl IntoIterator<Item = UploadedKeyPackage<C>>,
) -> Result<Vec<KeyPackageSet<C>>, PseudonymError> {
    let mut sets: BTreeMap<IdentifierUri, KeyPackageSet<C>> = BTreeMap::new();
    for UploadedKeyPackage { user_pseudonym, client, last_resort } in uploaded {
        let set = sets.entry(user_pseudonym.clone()).or_insert_with(|| KeyPackageSet {
            user_pseudonym,
            last_resort,
            clients: BTreeSet::new(),
        });
        if set.last_resort != last_resort {
            return Err(PseudonymError::MixedKeyPackageSet);
        }
        if !set.clients.insert(client) {
            return Err(PseudonymError::RepeatedKeyPackage);
        }
    }
    Ok(sets.into_values().collect())
}

/// What a client has to generate and upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPlan {
    /// Sets that other clients began and this one is missing from: one KeyPackage each, with that
    /// user pseudonym, of last resort or not.
    pub complete: Vec<(IdentifierUri, bool)>,
    /// How many sets to begin, each with a new user pseudonym.
    pub start: usize,
    /// How many sets of last resort to begin.
    pub start_last_resort: usize,
}

/// Plans the next upload of `client`: it completes every set that lacks it, then begins new ones
/// until there are `sets` ordinary ones and `last_resort_sets` of last resort, of which there is
/// always at least one.
#[must_use]
pub fn plan_uploads<C: Ord>(
    existing: &[KeyPackageSet<C>],
    client: &C,
    sets: usize,
    last_resort_sets: usize,
) -> UploadPlan {
    let complete = existing
        .iter()
        .filter(|set| !set.clients.contains(client))
        .map(|set| (set.user_pseudonym.clone(), set.last_resort))
        .collect();
    let last_resort = existing.iter().filter(|set| set.last_resort).count();
    UploadPlan {
        complete,
        start: sets.saturating_sub(existing.len().saturating_sub(last_resort)),
        start_last_resort: last_resort_sets.max(1).saturating_sub(last_resort),
    }
}

/// A set for one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenSet<'a, C> {
    /// The set.
    pub set: &'a KeyPackageSet<C>,
    /// The number of rooms, other than this one, in which its user pseudonym was used
    /// ([`PseudonymUses::rooms`] names them): each of them and this room show a hub that they have
    /// a user in common. Only sets of last resort are used again.
    pub linked_rooms: usize,
}

/// Picks a whole set for a room: one that is not of last resort and was not used, or else the one
/// of last resort that links the fewest rooms. The first of several that are as good.
///
/// # Errors
/// [`NoWholeKeyPackageSet`](PseudonymError::NoWholeKeyPackageSet) when there is none with a
/// KeyPackage of each of `clients`.
pub fn choose_set<'a, C: Ord>(
    sets: &'a [KeyPackageSet<C>],
    clients: &BTreeSet<C>,
    room_id: &RoomUri,
    uses: &PseudonymUses,
) -> Result<ChosenSet<'a, C>, PseudonymError> {
    let whole = sets.iter().filter(|set| !set.clients.is_empty() && set.is_whole(clients));
    let candidates = whole.filter_map(|set| {
        let linked_rooms = uses.count_elsewhere(&set.user_pseudonym, room_id);
        (set.last_resort || linked_rooms == 0).then_some(ChosenSet { set, linked_rooms })
    });
    candidates
        .min_by_key(|chosen| (chosen.set.last_resort, chosen.linked_rooms))
        .ok_or(PseudonymError::NoWholeKeyPackageSet)
}

/// The KeyPackages of one user pseudonym that a provider hands out.
#[derive(Clone, Debug, PartialEq)]
pub struct SetForRequest {
    /// Those that fit the request; never empty.
    pub fitting: Vec<KeyPackage>,
    /// Those of the set that do not fit it. They are out of the stock with the others, unless the
    /// set is of last resort: their pseudonym is this room's now.
    pub others: Vec<KeyPackage>,
}

/// Hands out a set from a user's stock, at a provider that knows no client of the user: of the sets
/// that are not of last resort the one with the most KeyPackages that fit the request, or else such
/// a set of last resort, which stays in the stock. Of several that are as good, the first by the
/// bytes of its user pseudonym. `None` if no KeyPackage fits.
///
/// # Errors
/// Those of [`leaf_credential`], for a stock that was not checked by [`check_upload`];
/// [`MixedKeyPackageSet`](PseudonymError::MixedKeyPackageSet) when a set has some of last resort
/// and some that are not. The stock stays as it is.
pub fn hand_out_set(
    stock: &mut Vec<KeyPackage>,
    fits: impl Fn(&KeyPackage) -> bool,
) -> Result<Option<SetForRequest>, PseudonymError> {
    let mut sets: BTreeMap<&IdentifierUri, (bool, usize)> = BTreeMap::new();
    for key_package in stock.iter() {
        let name = &leaf_credential(&key_package.leaf_node)?.user_pseudonym;
        let last_resort = key_package.is_last_resort();
        let (of_set, fitting) = sets.entry(name).or_insert((last_resort, 0));
        if *of_set != last_resort {
            return Err(PseudonymError::MixedKeyPackageSet);
        }
        *fitting = fitting.saturating_add(usize::from(fits(key_package)));
    }
    let best = sets.into_iter().filter(|(_, (_, fitting))| *fitting > 0);
    let best = best.min_by_key(|(_, (last_resort, fitting))| (*last_resort, Reverse(*fitting)));
    let Some((name, (last_resort, _))) = best else { return Ok(None) };
    let name = name.clone();
    let of_set = |it: &KeyPackage| leaf_credential(&it.leaf_node).is_ok_and(|it| it.user_pseudonym == name);
    let chosen: Vec<KeyPackage> = if last_resort {
        stock.iter().filter(|it| of_set(it)).cloned().collect()
    } else {
        stock.extract_if(.., |it| of_set(it)).collect()
    };
    let (fitting, others) = chosen.into_iter().partition(|it| fits(it));
    Ok(Some(SetForRequest { fitting, others }))
}

/// A day, in seconds.
const DAY: u64 = 86_400;

/// How long a KeyPackage holds, in days, the day before its upload included.
const LIFETIME_DAYS: u64 = 91;

/// The lifetime of KeyPackages that are uploaded now (`now` in milliseconds since the UNIX epoch):
/// whole days of UTC, from the day before.
///
/// A lifetime in seconds would be one that few other KeyPackages have, and so link those that a
/// client made together. With this one, all that were made on one day look alike.
#[must_use]
pub fn upload_lifetime(now: u64) -> Lifetime {
    let day = now.checked_div(1000).and_then(|seconds| seconds.checked_div(DAY)).unwrap_or_default();
    let not_before = day.saturating_sub(1).saturating_mul(DAY);
    Lifetime { not_before, not_after: not_before.saturating_add(LIFETIME_DAYS.saturating_mul(DAY)) }
}

/// Whether a KeyPackage may be uploaded: it is pseudonymous, and its lifetime is one of
/// [`upload_lifetime`]'s.
///
/// # Errors
/// Those of [`leaf_credential`]; [`LifetimeUnmasks`](PseudonymError::LifetimeUnmasks).
pub fn check_upload(key_package: &KeyPackage) -> Result<&PseudonymousCredential, PseudonymError> {
    let credential = leaf_credential(&key_package.leaf_node)?;
    let LeafNodeSelect::KeyPackage { lifetime } = &key_package.leaf_node.leaf_node_source else {
        return Err(PseudonymError::LifetimeUnmasks);
    };
    let of_its_day = upload_lifetime(lifetime.not_before.saturating_add(DAY).saturating_mul(1000));
    if *lifetime == of_its_day { Ok(credential) } else { Err(PseudonymError::LifetimeUnmasks) }
}
