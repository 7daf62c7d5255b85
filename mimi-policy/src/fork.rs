//! Forks: clients that hold different states for the same epoch (the notes of June 2024).
//!
//! Clients report their `epoch_authenticator` (RFC 9420 §8.7), which is the same for all who agree on the epoch and tells nothing of
//! its keys. [`ForkReports`] gathers the reports on one epoch and names who is on which branch. A branch that holds more than half of the
//! group's clients is the one that goes on, and the others are to join again. Without such a branch nothing is decided: the notes
//! leave open what to do when the majority is wrong, and so does this.
//!
//! A client's word is all there is: it can claim the majority's authenticator and be elsewhere. Reports have to be authenticated as the
//! client's by the caller.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

/// What clients report on one epoch of a group.
///
/// ```
/// use mimi_policy::fork::{ForkReports, ForkVerdict};
///
/// let clients = ["alice-phone", "alice-laptop", "bob", "cathy"];
/// let mut reports = ForkReports::new(7, clients.map(str::as_bytes));
/// reports.report(b"alice-phone", 7, &[1; 32])?;
/// reports.report(b"alice-laptop", 7, &[1; 32])?;
/// reports.report(b"cathy", 7, &[2; 32])?;
/// assert!(matches!(reports.verdict(), ForkVerdict::Undecided { .. }));
/// reports.report(b"bob", 7, &[1; 32])?;
/// let ForkVerdict::Forked { rejoin, .. } = reports.verdict() else { panic!("no fork") };
/// assert_eq!(rejoin, [b"cathy"]);
/// # Ok::<(), mimi_policy::fork::ReportRefusal>(())
/// ```
#[derive(Debug, Clone)]
pub struct ForkReports {
    epoch: u64,
    /// By client: nothing yet, or all the authenticators that it reported.
    reports: BTreeMap<Vec<u8>, Report>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Report {
    None,
    One(Vec<u8>),
    /// It has reported several.
    Contradictory,
}

/// Why a report isn't counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportRefusal {
    /// The client isn't one of the group's in this epoch.
    NotAMember,
    /// It is about another epoch.
    OtherEpoch {
        /// The epoch that it is about.
        reported: u64,
        /// The epoch of the reports.
        expected: u64,
    },
    /// It holds no authenticator, or one longer than any hash.
    Length {
        /// The length in octets.
        octets: usize,
    },
}

impl fmt::Display for ReportRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMember => f.write_str("the client is not in the group"),
            Self::OtherEpoch { reported, expected } => {
                write!(f, "the report is about epoch {reported} instead of {expected}")
            }
            Self::Length { octets } => write!(f, "an epoch authenticator doesn't have {octets} octets"),
        }
    }
}

impl core::error::Error for ReportRefusal {}

/// Octets of an `epoch_authenticator` at most: those of the longest hash of a cipher suite.
const MAX_AUTHENTICATOR: usize = 64;

/// Clients that agree on an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch<'a> {
    /// What they reported.
    pub epoch_authenticator: &'a [u8],
    /// Who they are, in ascending order.
    pub clients: Vec<&'a [u8]>,
}

/// What the reports come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForkVerdict<'a> {
    /// More than half of the group's clients are on one branch, and nobody is known to be elsewhere.
    Agreed {
        /// That branch.
        branch: Branch<'a>,
        /// Clients that have not reported.
        silent: Vec<&'a [u8]>,
    },
    /// More than half of the group's clients are on one branch, and some are elsewhere.
    Forked {
        /// That branch.
        branch: Branch<'a>,
        /// The other branches, the largest first.
        others: Vec<Branch<'a>>,
        /// All who are to join again: those of the other branches and those whose reports contradict one another.
        rejoin: Vec<&'a [u8]>,
        /// Clients that have not reported.
        silent: Vec<&'a [u8]>,
    },
    /// No branch holds more than half of the group's clients.
    Undecided {
        /// The branches, the largest first.
        branches: Vec<Branch<'a>>,
        /// Clients whose reports contradict one another.
        contradictory: Vec<&'a [u8]>,
        /// Clients that have not reported.
        silent: Vec<&'a [u8]>,
    },
}

impl ForkReports {
    /// For the clients that are in the group in `epoch`; one that is named twice counts once.
    #[must_use]
    pub fn new<C: Into<Vec<u8>>>(epoch: u64, clients: impl IntoIterator<Item = C>) -> Self {
        Self { epoch, reports: clients.into_iter().map(|client| (client.into(), Report::None)).collect() }
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Counts a client's report. Who reports the same again changes nothing; who reports something else has contradicted itself, and
    /// is on no branch from then on.
    ///
    /// # Errors
    /// [`ReportRefusal`]; nothing is changed.
    pub fn report(
        &mut self,
        client: &[u8],
        epoch: u64,
        epoch_authenticator: &[u8],
    ) -> Result<(), ReportRefusal> {
        if epoch != self.epoch {
            return Err(ReportRefusal::OtherEpoch { reported: epoch, expected: self.epoch });
        }
        if !(1..=MAX_AUTHENTICATOR).contains(&epoch_authenticator.len()) {
            return Err(ReportRefusal::Length { octets: epoch_authenticator.len() });
        }
        let report = self.reports.get_mut(client).ok_or(ReportRefusal::NotAMember)?;
        match report {
            Report::None => *report = Report::One(epoch_authenticator.to_vec()),
            Report::One(before) if *before == epoch_authenticator => {}
            Report::One(_) | Report::Contradictory => *report = Report::Contradictory,
        }
        Ok(())
    }

    /// Who is on which branch.
    #[must_use]
    pub fn verdict(&self) -> ForkVerdict<'_> {
        let mut by_authenticator: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
        let (mut contradictory, mut silent) = (Vec::new(), Vec::new());
        for (client, report) in &self.reports {
            match report {
                Report::None => silent.push(client.as_slice()),
                Report::One(authenticator) => {
                    by_authenticator.entry(authenticator).or_default().push(client);
                }
                Report::Contradictory => contradictory.push(client.as_slice()),
            }
        }
        let mut branches: Vec<Branch<'_>> = by_authenticator
            .into_iter()
            .map(|(epoch_authenticator, clients)| Branch { epoch_authenticator, clients })
            .collect();
        branches.sort_by_key(|branch| core::cmp::Reverse(branch.clients.len()));
        let is_majority = |branch: &Branch<'_>| {
            branch.clients.len() > self.reports.len().saturating_sub(branch.clients.len())
        };
        if !branches.first().is_some_and(is_majority) {
            return ForkVerdict::Undecided { branches, contradictory, silent };
        }
        let branch = branches.remove(0);
        let others = branches;
        let elsewhere = others.iter().flat_map(|branch| branch.clients.iter().copied());
        let rejoin: BTreeSet<&[u8]> = elsewhere.chain(contradictory).collect();
        if rejoin.is_empty() {
            ForkVerdict::Agreed { branch, silent }
        } else {
            ForkVerdict::Forked { branch, others, rejoin: rejoin.into_iter().collect(), silent }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENTS: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];

    fn gathered(reports: &[(&[u8], u8)]) -> ForkReports {
        let mut gathered = ForkReports::new(3, CLIENTS);
        for (client, authenticator) in reports {
            gathered.report(client, 3, &[*authenticator; 32]).unwrap();
        }
        gathered
    }

    fn branch<'a>(authenticator: &'a [u8; 32], clients: &[&'a [u8]]) -> Branch<'a> {
        Branch { epoch_authenticator: authenticator, clients: clients.to_vec() }
    }

    #[test]
    fn a_majority_of_all_clients_agrees() {
        let reports = gathered(&[(b"c", 1), (b"a", 1), (b"e", 1)]);
        let branch = branch(&[1; 32], &[b"a", b"c", b"e"]);
        assert_eq!(reports.verdict(), ForkVerdict::Agreed { branch, silent: alloc::vec![b"b", b"d"] });
    }

    #[test]
    fn who_is_elsewhere_is_named_to_join_again() {
        let reports = gathered(&[(b"a", 1), (b"b", 2), (b"c", 1), (b"d", 1), (b"e", 3)]);
        assert_eq!(
            reports.verdict(),
            ForkVerdict::Forked {
                branch: branch(&[1; 32], &[b"a", b"c", b"d"]),
                others: alloc::vec![branch(&[2; 32], &[b"b"]), branch(&[3; 32], &[b"e"])],
                rejoin: alloc::vec![b"b", b"e"],
                silent: alloc::vec![],
            }
        );
    }

    #[test]
    fn without_a_majority_nothing_is_decided() {
        // Two agree and nobody contradicts; yet three have not reported.
        let few = gathered(&[(b"a", 1), (b"b", 1)]);
        let ForkVerdict::Undecided { branches, silent, .. } = few.verdict() else { panic!("decided") };
        assert_eq!((branches.len(), silent.len()), (1, 3));
        let split = gathered(&[(b"a", 2), (b"b", 1), (b"c", 1), (b"d", 2)]);
        let ForkVerdict::Undecided { branches, .. } = split.verdict() else { panic!("decided") };
        assert_eq!(branches, [branch(&[1; 32], &[b"b", b"c"]), branch(&[2; 32], &[b"a", b"d"])]);
        // Half isn't more than half.
        let mut even = ForkReports::new(3, [b"a", b"b"]);
        even.report(b"a", 3, &[1]).unwrap();
        assert!(matches!(even.verdict(), ForkVerdict::Undecided { .. }));
        let nobody = ForkReports::new(3, [b""; 0]);
        assert!(matches!(nobody.verdict(), ForkVerdict::Undecided { .. }));
    }

    #[test]
    fn who_contradicts_itself_is_on_no_branch() {
        let mut reports = gathered(&[(b"a", 1), (b"b", 1), (b"c", 1), (b"d", 1)]);
        reports.report(b"d", 3, &[1; 32]).unwrap();
        assert!(matches!(reports.verdict(), ForkVerdict::Agreed { .. }));
        reports.report(b"d", 3, &[2; 32]).unwrap();
        reports.report(b"d", 3, &[1; 32]).unwrap();
        let ForkVerdict::Forked { branch, others, rejoin, .. } = reports.verdict() else { panic!("no fork") };
        assert_eq!((branch.clients.len(), others.len()), (3, 0));
        assert_eq!(rejoin, [b"d"]);
        reports.report(b"c", 3, &[2; 32]).unwrap();
        let ForkVerdict::Undecided { contradictory, .. } = reports.verdict() else { panic!("decided") };
        assert_eq!(contradictory, [b"c", b"d"]);
    }

    #[test]
    fn refuses_reports_of_strangers_other_epochs_and_no_authenticator() {
        let mut reports = ForkReports::new(3, CLIENTS);
        assert_eq!(reports.report(b"f", 3, &[1; 32]), Err(ReportRefusal::NotAMember));
        let other = ReportRefusal::OtherEpoch { reported: 4, expected: 3 };
        assert_eq!(reports.report(b"a", 4, &[1; 32]), Err(other));
        assert_eq!(reports.report(b"a", 3, b""), Err(ReportRefusal::Length { octets: 0 }));
        assert_eq!(reports.report(b"a", 3, &[1; 65]), Err(ReportRefusal::Length { octets: 65 }));
        let ForkVerdict::Undecided { branches, silent, .. } = reports.verdict() else { panic!("decided") };
        assert_eq!((branches.len(), silent.len()), (0, 5));
        assert_eq!(reports.report(b"a", 3, &[1; 64]), Ok(()));
        assert_eq!(reports.epoch(), 3);
    }
}
