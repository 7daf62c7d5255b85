//! Which parties a group is associated with after a commit (mls-associated-parties-01 §3.1), and
//! how their key schedules go on.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    associated_parties::{
        AddAssociatedParty, AssociatedParties, AssociatedPartyEntry, RemoveAssociatedParty,
        UpdateAssociatedParty,
    },
    mls::{ExternalSenders, Sender},
};

use crate::{
    ApCommit, CipherSuiteProvider, CryptoError, Secret, VerifiedAssociatedPartyEntry,
    verify_associated_party_entry,
};

/// A change of the list that a commit makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssociatedPartyProposal {
    /// A party that comes.
    Add(AddAssociatedParty),
    /// A party that goes, by its index before the commit.
    Remove(RemoveAssociatedParty),
    /// A party's new entry.
    Update {
        /// Who proposes it: the party itself, which is the external sender of its entry.
        sender: Sender,
        /// The new entry.
        update: UpdateAssociatedParty,
    },
}

/// A party of the new epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedAssociatedParty {
    entry: VerifiedAssociatedPartyEntry,
    previous_index: Option<u32>,
}

impl ChangedAssociatedParty {
    /// Its entry.
    #[must_use]
    pub fn entry(&self) -> &AssociatedPartyEntry {
        self.entry.entry()
    }

    /// Its index before the commit; `None` if it comes with it. A party that is removed and added
    /// by one commit comes with it.
    #[must_use]
    pub fn previous_index(&self) -> Option<u32> {
        self.previous_index
    }
}

/// The list after a commit, every entry verified. Only [`apply_associated_party_proposals`] makes
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedAssociatedParties {
    parties: Vec<ChangedAssociatedParty>,
    /// How many there were before.
    previous: usize,
}

/// Applies the proposals of one commit to the list (3.1), and verifies every entry of what comes of
/// it.
///
/// - Removals are by index before the commit, additions go to the end in the order of `proposals`,
///   and updates replace the entry of their sender where it stands.
/// - `external_senders` are the new epoch's: a commit that changes them must leave every entry
///   valid.
/// - A party is one external sender, and has one entry. An update keeps its
///   `external_sender_index`, and comes from a party that was there before the commit and that the
///   commit does not remove (as RFC 9420 §12.2, has it for members).
///
/// Without proposals, this is the check of a list that a joiner is given; from an empty list, that
/// of a group's first one.
///
/// ```
/// use mimi_codec::{
///     associated_parties::{AddAssociatedParty, AssociatedParties},
///     code_points::CipherSuite,
///     mls::{Credential, ExternalSender, ExternalSenders, Sender},
/// };
/// use mimi_crypto::{
///     AssociatedPartyProposal, CipherSuiteProvider, RustCrypto, apply_associated_party_proposals, generate_hpke_key_pair,
///     sign_associated_party_entry,
/// };
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
///
/// // The hub is the group's external sender 0, and becomes an associated party.
/// let suite = RustCrypto::new(CipherSuite(1))?;
/// let signing_key = suite.signing_key(&suite.generate_signature_key(&mut rng)?)?;
/// let hub = ExternalSender {
///     signature_key: suite.signature_public_key(&signing_key),
///     credential: Credential::Basic { identity: "mimi://hub.example".into() },
/// };
/// let external_senders = ExternalSenders { external_senders: vec![hub] };
/// let (_private_key, encryption_key) = generate_hpke_key_pair(&suite, &mut rng)?;
/// let new_party = sign_associated_party_entry(&suite, &signing_key, encryption_key, 0, &mut rng)?;
///
/// let added = [AssociatedPartyProposal::Add(AddAssociatedParty { new_party })];
/// let before = AssociatedParties::default();
/// let changed = apply_associated_party_proposals(&suite, &before, &added, &external_senders)?;
/// assert_eq!(changed.parties().len(), 1);
///
/// // Its key schedule begins with zeros.
/// let committer = Sender::Member { leaf_index: 3 };
/// assert_eq!(changed.previous_ap_init_secrets(&committer, &[])?, [None]);
/// # Ok::<(), mimi_crypto::CryptoError>(())
/// ```
///
/// # Errors
/// - [`CryptoError::UnknownAssociatedParty`] for a removal of an index that is not there.
/// - [`CryptoError::NotAnAssociatedParty`] for an update by a party without an entry.
/// - [`CryptoError::AssociatedPartyChangedTwice`] for two proposals about one entry.
/// - [`CryptoError::ExternalSenderMismatch`] for an update that names another external sender than
///   its own.
/// - [`CryptoError::DuplicateAssociatedParty`] for two entries of one external sender, before or
///   after the commit.
/// - Those of [`verify_associated_party_entry`].
pub fn apply_associated_party_proposals<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    current: &AssociatedParties,
    proposals: &[AssociatedPartyProposal],
    external_senders: &ExternalSenders,
) -> Result<ChangedAssociatedParties, CryptoError> {
    let current = &current.associated_parties;
    check_distinct(current)?;
    // What becomes of the entries that do not stay as they are; `None` is removed.
    let mut changes: BTreeMap<u32, Option<&AssociatedPartyEntry>> = BTreeMap::new();
    let mut additions = Vec::new();
    for proposal in proposals {
        let (index, change) = match proposal {
            AssociatedPartyProposal::Add(AddAssociatedParty { new_party }) => {
                additions.push(new_party);
                continue;
            }
            AssociatedPartyProposal::Remove(RemoveAssociatedParty { removed_party_index }) => {
                (index_before(current, *removed_party_index)?, None)
            }
            AssociatedPartyProposal::Update { sender, update } => {
                (index_of_sender(current, sender, &update.updated_party)?, Some(&update.updated_party))
            }
        };
        if changes.insert(index, change).is_some() {
            return Err(CryptoError::AssociatedPartyChangedTwice(index));
        }
    }
    let kept = (0..).zip(current).filter_map(|(index, entry)| {
        let entry = changes.get(&index).copied().unwrap_or(Some(entry))?;
        Some((entry, Some(index)))
    });
    let parties = kept
        .chain(additions.into_iter().map(|entry| (entry, None)))
        .map(|(entry, previous_index)| {
            let entry = verify_associated_party_entry(suite, entry.clone(), external_senders)?;
            Ok(ChangedAssociatedParty { entry, previous_index })
        })
        .collect::<Result<Vec<_>, CryptoError>>()?;
    check_distinct(parties.iter().map(ChangedAssociatedParty::entry))?;
    Ok(ChangedAssociatedParties { parties, previous: current.len() })
}

fn check_distinct<'e>(
    entries: impl IntoIterator<Item = &'e AssociatedPartyEntry>,
) -> Result<(), CryptoError> {
    let mut seen = BTreeSet::new();
    entries.into_iter().map(|entry| entry.external_sender_index).try_for_each(|index| {
        if seen.insert(index) { Ok(()) } else { Err(CryptoError::DuplicateAssociatedParty(index)) }
    })
}

fn index_before(current: &[AssociatedPartyEntry], index: u32) -> Result<u32, CryptoError> {
    let place = usize::try_from(index).ok();
    match place.and_then(|place| current.get(place)) {
        Some(_) => Ok(index),
        None => Err(CryptoError::UnknownAssociatedParty(index)),
    }
}

/// The index of the entry that `sender` may replace with `updated`.
fn index_of_sender(
    current: &[AssociatedPartyEntry],
    sender: &Sender,
    updated: &AssociatedPartyEntry,
) -> Result<u32, CryptoError> {
    let Sender::External { sender_index: expected } = *sender else {
        return Err(CryptoError::NotAnAssociatedParty(sender.clone()));
    };
    let (index, _) = (0..)
        .zip(current)
        .find(|(_, entry)| entry.external_sender_index == expected)
        .ok_or_else(|| CryptoError::NotAnAssociatedParty(sender.clone()))?;
    match updated.external_sender_index {
        actual if actual == expected => Ok(index),
        actual => Err(CryptoError::ExternalSenderMismatch { expected, actual }),
    }
}

impl ChangedAssociatedParties {
    /// The parties. The place of each, from 0, is its `ap_index`.
    #[must_use]
    pub fn parties(&self) -> &[ChangedAssociatedParty] {
        &self.parties
    }

    /// The new data of the component
    /// [`ASSOCIATED_PARTIES`](mimi_codec::code_points::ComponentID::ASSOCIATED_PARTIES).
    #[must_use]
    pub fn associated_parties(&self) -> AssociatedParties {
        AssociatedParties {
            associated_parties: self.parties.iter().map(|party| party.entry().clone()).collect(),
        }
    }

    /// What a member derives for every party from the new epoch's `ap_secret`, in the order of the
    /// list.
    ///
    /// # Errors
    /// Those of [`ApCommit::derive`].
    pub fn ap_commits<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        ap_secret: &Secret,
    ) -> Result<Vec<ApCommit>, CryptoError> {
        let parties = (0..).zip(&self.parties);
        parties.map(|(index, party)| ApCommit::derive(suite, ap_secret, index, party.entry())).collect()
    }

    /// The `ap_init_secret` of the previous epoch with which each party's new one
    /// [begins](crate::ApEpoch::begin), in the order of the list: its own where the party was there
    /// before, updated or not, and `None`, which is 0, where it was not (5). An external commit
    /// sets them all to 0, for all (6).
    ///
    /// `committer` is the commit's sender; `secrets` are those of the previous epoch, in the order
    /// of the list before the commit. Who joins by an external commit has none, and gives none.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] when there is not one for each party of the list before a
    /// member's commit, [`CryptoError::NotACommitter`] for a sender that cannot commit.
    pub fn previous_ap_init_secrets<'s>(
        &self,
        committer: &Sender,
        secrets: &'s [Secret],
    ) -> Result<Vec<Option<&'s Secret>>, CryptoError> {
        match committer {
            Sender::Member { .. } => {}
            Sender::NewMemberCommit {} => return Ok(vec![None; self.parties.len()]),
            other => return Err(CryptoError::NotACommitter(other.clone())),
        }
        if secrets.len() != self.previous {
            let (expected, actual) = (self.previous, secrets.len());
            return Err(CryptoError::InvalidLength {
                what: "associated_party_init_secrets",
                expected,
                actual,
            });
        }
        let secret = |index| usize::try_from(index).ok().and_then(|index| secrets.get(index));
        Ok(self.parties.iter().map(|party| party.previous_index.and_then(secret)).collect())
    }
}
