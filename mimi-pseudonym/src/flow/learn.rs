//! Who is in the room: every link opened, as a new member does after a Welcome
//! (mimi-metadata-minimalization-02 §4.1).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::protocol::IdentifierUri;
use mimi_crypto::{CipherSuiteProvider, LabelledSignature, verify_batch_with_label};
use rand_core::CryptoRng;

use super::unlinked::{LinkPolicy, check_link_policy};
use crate::{
    CredentialCheck, PseudonymError, RoomLeaves, RoomView, VerifiedIdentity,
    credential::{TBS_LABEL, UnverifiedLink},
};

/// What is known of the member at a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafIdentity<T> {
    /// Who it is.
    Known(VerifiedIdentity<T>),
    /// It has no identity link, as the policy allows: it is its pseudonym.
    Unlinked,
    /// Its link does not hold, for this reason. A client shows no name for it, and tells its user:
    /// what it sends comes from a pseudonym that may stand for anyone.
    Failed(PseudonymError),
}

impl<T> LeafIdentity<T> {
    /// Who it is, if that is known.
    #[must_use]
    pub fn known(&self) -> Option<&VerifiedIdentity<T>> {
        match self {
            Self::Known(identity) => Some(identity),
            _ => None,
        }
    }
}

/// Opens the links of all leaves, in their order; one that fails stops nothing. Then looks whether
/// each user pseudonym stands for one user and each user has one: where it isn't so, all leaves
/// concerned fail, with [`UserPseudonymShared`](PseudonymError::UserPseudonymShared) or
/// [`UserPseudonymDiffers`](PseudonymError::UserPseudonymDiffers), since nothing tells which of
/// them is false. Nor does anything tell that a client without a link is of the user who is known
/// under its user pseudonym.
pub fn learn_room<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    room: &RoomView<'_>,
    policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
    check: &C,
) -> Vec<(u32, LeafIdentity<C::Details>)> {
    let opened = open_all(suite, room, policy, check);
    let verified = opened.into_iter().map(|(leaf_index, link)| {
        (
            leaf_index,
            conclude(leaf_index, link.and_then(|link| link.map(|link| link.verify(suite)).transpose())),
        )
    });
    with_one_user_each(room.leaves, verified.collect())
}

/// [`learn_room`], with all signatures verified together, which is faster in a large room whose
/// suite has a batch method. It accepts exactly what [`learn_room`] accepts, but for the chances
/// that [`verify_batch`](CipherSuiteProvider::verify_batch) names; `rng` is for that.
pub fn learn_room_batch<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    room: &RoomView<'_>,
    policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
    check: &C,
    rng: &mut dyn CryptoRng,
) -> Vec<(u32, LeafIdentity<C::Details>)> {
    let opened = open_all(suite, room, policy, check);
    let signatures: Vec<_> = opened
        .iter()
        .filter_map(|(_, link)| {
            let link = link.as_ref().ok()?.as_ref()?;
            let (public_key, signature) = link.key_and_signature();
            Some(LabelledSignature { public_key, content: &link.tbs, signature })
        })
        .collect();
    let mut verdicts = verify_batch_with_label(suite, TBS_LABEL, &signatures, rng).into_iter();
    let verified = opened.into_iter().map(|(leaf_index, link)| {
        let identity = link.and_then(|link| match link {
            None => Ok(None),
            // There is one verdict for each signature.
            Some(link) => match verdicts.next() {
                Some(verdict) => link.verified_by(verdict).map(Some),
                None => link.verify(suite).map(Some),
            },
        });
        (leaf_index, conclude(leaf_index, identity))
    });
    with_one_user_each(room.leaves, verified.collect())
}

type Opened<'a, T> = Result<Option<UnverifiedLink<'a, T>>, PseudonymError>;

/// Opens all links but verifies no signature; `None` where the policy allows that there is no link.
fn open_all<'a, S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    room: &'a RoomView<'_>,
    policy: &dyn Fn(&IdentifierUri) -> LinkPolicy,
    check: &C,
) -> Vec<(u32, Opened<'a, C::Details>)> {
    let open = |leaf_index| {
        check_link_policy(room.leaves, room.link_keys, leaf_index, policy)?;
        match room.open_unverified(suite, leaf_index, check) {
            Ok(link) => Ok(Some(link)),
            Err(PseudonymError::NoIdentityLink) => Ok(None),
            Err(error) => Err(error),
        }
    };
    room.leaves.iter().map(|(leaf_index, _)| (leaf_index, open(leaf_index))).collect()
}

fn conclude<T>(
    leaf_index: u32,
    identity: Result<Option<VerifiedIdentity<T>>, PseudonymError>,
) -> LeafIdentity<T> {
    match identity {
        Ok(Some(identity)) => LeafIdentity::Known(identity),
        Ok(None) => LeafIdentity::Unlinked,
        Err(error) => LeafIdentity::Failed(error.at(leaf_index)),
    }
}

/// One user for each user pseudonym, and one user pseudonym for each user.
fn with_one_user_each<T>(
    leaves: &RoomLeaves,
    mut identities: Vec<(u32, LeafIdentity<T>)>,
) -> Vec<(u32, LeafIdentity<T>)> {
    let unlinked_pseudonym = |(leaf_index, identity): &(u32, LeafIdentity<T>)| match identity {
        LeafIdentity::Unlinked => leaves.get(*leaf_index).map(|credential| &credential.user_pseudonym),
        _ => None,
    };
    let unlinked: BTreeSet<_> = identities.iter().filter_map(unlinked_pseudonym).collect();
    let mut users = BTreeMap::new();
    let mut pseudonyms = BTreeMap::new();
    for identity in identities.iter().filter_map(|(_, identity)| identity.known()) {
        let (user, pseudonym) = (identity.user(), identity.user_pseudonym());
        let (first_user, shared) = users.entry(pseudonym).or_insert((user, false));
        *shared |= *first_user != user;
        let (first_pseudonym, differs) = pseudonyms.entry(user).or_insert((pseudonym, false));
        *differs |= *first_pseudonym != pseudonym;
    }
    let failures: Vec<_> = identities
        .iter()
        .map(|leaf| {
            let Some(identity) = leaf.1.known() else {
                let is_known = users.contains_key(unlinked_pseudonym(leaf)?);
                return is_known.then_some(PseudonymError::UserPseudonymShared);
            };
            let pseudonym = identity.user_pseudonym();
            if users.get(pseudonym).is_some_and(|(_, shared)| *shared) || unlinked.contains(pseudonym) {
                return Some(PseudonymError::UserPseudonymShared);
            }
            let differs = pseudonyms.get(identity.user()).is_some_and(|(_, differs)| *differs);
            differs.then_some(PseudonymError::UserPseudonymDiffers)
        })
        .collect();
    for ((leaf_index, identity), failure) in identities.iter_mut().zip(failures) {
        if let Some(failure) = failure {
            *identity = LeafIdentity::Failed(failure.at(*leaf_index));
        }
    }
    identities
}
