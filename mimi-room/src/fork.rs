//! Forks: clients that hold different states for the same epoch (the notes of June 2024).
//!
//! Clients report their `epoch_authenticator` (RFC 9420 §8.7), which is the same for all who agree
//! on the epoch and tells nothing of its keys. [`ForkReports`] gathers the reports on one epoch and
//! names who is on which branch. Users decide, not clients: one user with many clients does not
//! outvote the others. The branch with more than half of the group's users goes on, and the clients
//! of the other branches are to join again. A user counts for a branch if none of its clients
//! reports another. Without such a branch nothing is decided: the notes leave open what to do when
//! the majority is wrong, and so does this.
//!
//! A client's word is all there is: it can claim the majority's authenticator and be elsewhere.
//! Reports have to be authenticated as the client's by the caller.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{ClientUri, UserUri};

/// What clients report on one epoch of a group.
///
/// ```
/// use mimi_codec::{ClientUri, UserUri};
/// use mimi_room::fork::{ForkReports, ForkVerdict};
///
/// let user = |name: &str| UserUri::try_from(name).unwrap();
/// let client = |name: &str| ClientUri::try_from(name).unwrap();
/// let clients = [("alice", "alice-phone"), ("alice", "alice-laptop"), ("bob", "bob-1"), ("cathy", "cathy-1")];
/// let clients = clients.map(|(of, name)| (user(of), client(name)));
/// let mut reports = ForkReports::new(7, clients);
/// reports.report(&client("alice-phone"), 7, &[1; 32])?;
/// reports.report(&client("alice-laptop"), 7, &[1; 32])?;
/// reports.report(&client("cathy-1"), 7, &[2; 32])?;
/// // Alice has two clients and is one user.
/// assert!(matches!(reports.verdict(), ForkVerdict::Undecided { .. }));
/// reports.report(&client("bob-1"), 7, &[1; 32])?;
/// let ForkVerdict::Forked { rejoin, .. } = reports.verdict() else { panic!("no fork") };
/// assert_eq!(rejoin, [&client("cathy-1")]);
/// # Ok::<(), mimi_room::fork::ReportRefusal>(())
/// ```
#[derive(Debug, Clone)]
pub struct ForkReports {
    epoch: u64,
    /// By client: nothing yet, or all the authenticators that it reported.
    reports: BTreeMap<ClientUri, (UserUri, Report)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Report {
    None,
    One(Vec<u8>),
    /// It has reported several.
    Contradictory,
}

/// The branch that a user counts for.
enum Vote<'a> {
    None,
    For(&'a [u8]),
    /// Its clients report different authenticators.
    Split,
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
        /// The length in bytes.
        bytes: usize,
    },
}

impl fmt::Display for ReportRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMember => f.write_str("the client is not in the group"),
            Self::OtherEpoch { reported, expected } => {
                write!(f, "the report is about epoch {reported} instead of {expected}")
            }
            Self::Length { bytes } => write!(f, "an epoch authenticator doesn't have {bytes} bytes"),
        }
    }
}

impl core::error::Error for ReportRefusal {}

/// Bytes of an `epoch_authenticator` at most: those of the longest hash of a cipher suite.
const MAX_AUTHENTICATOR: usize = 64;

/// Clients that agree on an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch<'a> {
    /// What they reported.
    pub epoch_authenticator: &'a [u8],
    /// Who they are, in ascending order.
    pub clients: Vec<&'a ClientUri>,
    /// How many users count for it.
    pub users: usize,
}

/// What the reports come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForkVerdict<'a> {
    /// More than half of the group's users are on one branch, and no user is known to be elsewhere.
    Agreed {
        /// That branch.
        branch: Branch<'a>,
        /// Clients that have not reported.
        silent: Vec<&'a ClientUri>,
    },
    /// More than half of the group's users are on one branch, and some are elsewhere.
    Forked {
        /// That branch.
        branch: Branch<'a>,
        /// The other branches, the largest first.
        others: Vec<Branch<'a>>,
        /// All who are to join again: those of the other branches and those whose reports
        /// contradict one another.
        rejoin: Vec<&'a ClientUri>,
        /// Clients that have not reported.
        silent: Vec<&'a ClientUri>,
    },
    /// No branch holds more than half of the group's users.
    Undecided {
        /// The branches, the largest first.
        branches: Vec<Branch<'a>>,
        /// Clients whose reports contradict one another.
        contradictory: Vec<&'a ClientUri>,
        /// Clients that have not reported.
        silent: Vec<&'a ClientUri>,
    },
}

impl ForkReports {
    /// For the clients that are in the group in `epoch`, each with its user; one that is named
    /// twice counts once.
    #[must_use]
    pub fn new(epoch: u64, clients: impl IntoIterator<Item = (UserUri, ClientUri)>) -> Self {
        let reports = clients.into_iter().map(|(user, client)| (client, (user, Report::None)));
        Self { epoch, reports: reports.collect() }
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Counts a client's report. Who reports the same again changes nothing; who reports something
    /// else has contradicted itself, and is on no branch from then on.
    ///
    /// # Errors
    /// [`ReportRefusal`]; nothing is changed.
    pub fn report(
        &mut self,
        client: &ClientUri,
        epoch: u64,
        epoch_authenticator: &[u8],
    ) -> Result<(), ReportRefusal> {
        if epoch != self.epoch {
            return Err(ReportRefusal::OtherEpoch { reported: epoch, expected: self.epoch });
        }
        if !(1..=MAX_AUTHENTICATOR).contains(&epoch_authenticator.len()) {
            return Err(ReportRefusal::Length { bytes: epoch_authenticator.len() });
        }
        let (_, report) = self.reports.get_mut(client).ok_or(ReportRefusal::NotAMember)?;
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
        let mut by_authenticator: BTreeMap<&[u8], Branch<'_>> = BTreeMap::new();
        let (mut contradictory, mut silent) = (Vec::new(), Vec::new());
        let mut users: BTreeMap<&UserUri, Vote<'_>> = BTreeMap::new();
        for (client, (user, report)) in &self.reports {
            let vote = users.entry(user).or_insert(Vote::None);
            match report {
                Report::None => silent.push(client),
                Report::One(authenticator) => {
                    let branch = by_authenticator.entry(authenticator).or_insert_with(|| Branch {
                        epoch_authenticator: authenticator,
                        clients: Vec::new(),
                        users: 0,
                    });
                    branch.clients.push(client);
                    *vote = match vote {
                        Vote::None => Vote::For(authenticator),
                        Vote::For(before) if *before == authenticator.as_slice() => Vote::For(authenticator),
                        Vote::For(_) | Vote::Split => Vote::Split,
                    };
                }
                Report::Contradictory => {
                    contradictory.push(client);
                    *vote = Vote::Split;
                }
            }
        }
        for vote in users.values() {
            if let Vote::For(authenticator) = vote
                && let Some(branch) = by_authenticator.get_mut(authenticator)
            {
                branch.users = branch.users.saturating_add(1);
            }
        }
        let mut branches: Vec<Branch<'_>> = by_authenticator.into_values().collect();
        branches.sort_by_key(|branch| core::cmp::Reverse((branch.users, branch.clients.len())));
        let is_majority = |branch: &Branch<'_>| branch.users > users.len().saturating_sub(branch.users);
        if !branches.first().is_some_and(is_majority) {
            return ForkVerdict::Undecided { branches, contradictory, silent };
        }
        let branch = branches.remove(0);
        let others = branches;
        let elsewhere = others.iter().flat_map(|branch| branch.clients.iter().copied());
        let rejoin: BTreeSet<&ClientUri> = elsewhere.chain(contradictory).collect();
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

    fn client(name: &str) -> ClientUri {
        ClientUri::try_from(name).unwrap()
    }

    /// Each is the one client of a user of the same name.
    fn singles(names: &[&str]) -> Vec<(UserUri, ClientUri)> {
        names.iter().map(|name| (UserUri::try_from(*name).unwrap(), client(name))).collect()
    }

    fn five() -> ForkReports {
        ForkReports::new(3, singles(&["a", "b", "c", "d", "e"]))
    }

    fn gathered(reports: &[(&str, u8)]) -> ForkReports {
        let mut gathered = five();
        for (name, authenticator) in reports {
            gathered.report(&client(name), 3, &[*authenticator; 32]).unwrap();
        }
        gathered
    }

    fn names<'a>(clients: &[&'a ClientUri]) -> Vec<&'a str> {
        clients.iter().map(|client| core::str::from_utf8(client.as_bytes()).unwrap()).collect()
    }

    /// What a branch is of, and who is on it.
    fn branch<'a>(branch: &Branch<'a>) -> (u8, Vec<&'a str>, usize) {
        (branch.epoch_authenticator[0], names(&branch.clients), branch.users)
    }

    #[test]
    fn a_majority_of_all_users_agrees() {
        let reports = gathered(&[("c", 1), ("a", 1), ("e", 1)]);
        let ForkVerdict::Agreed { branch: found, silent } = reports.verdict() else { panic!("no majority") };
        assert_eq!(branch(&found), (1, alloc::vec!["a", "c", "e"], 3));
        assert_eq!(names(&silent), ["b", "d"]);
    }

    #[test]
    fn who_is_elsewhere_is_named_to_join_again() {
        let reports = gathered(&[("a", 1), ("b", 2), ("c", 1), ("d", 1), ("e", 3)]);
        let ForkVerdict::Forked { branch: found, others, rejoin, silent } = reports.verdict() else {
            panic!("no fork")
        };
        assert_eq!(branch(&found), (1, alloc::vec!["a", "c", "d"], 3));
        let others: Vec<_> = others.iter().map(branch).collect();
        assert_eq!(others, [(2, alloc::vec!["b"], 1), (3, alloc::vec!["e"], 1)]);
        assert_eq!((names(&rejoin), silent.len()), (alloc::vec!["b", "e"], 0));
    }

    /// One user with four clients doesn't send three others away.
    #[test]
    fn a_user_with_many_clients_is_one_user() {
        let mallory = UserUri::try_from("m").unwrap();
        let mut clients = singles(&["a", "b", "c"]);
        clients.extend(["m1", "m2", "m3", "m4"].map(|name| (mallory.clone(), client(name))));
        let mut reports = ForkReports::new(3, clients);
        for name in ["m1", "m2", "m3", "m4"] {
            reports.report(&client(name), 3, &[2; 32]).unwrap();
        }
        for name in ["a", "b"] {
            reports.report(&client(name), 3, &[1; 32]).unwrap();
        }
        assert!(matches!(reports.verdict(), ForkVerdict::Undecided { .. }));
        reports.report(&client("c"), 3, &[1; 32]).unwrap();
        let ForkVerdict::Forked { rejoin, .. } = reports.verdict() else { panic!("no fork") };
        assert_eq!(names(&rejoin), ["m1", "m2", "m3", "m4"]);
    }

    #[test]
    fn a_user_whose_clients_disagree_counts_for_no_branch() {
        let mut clients = singles(&["a", "b"]);
        clients.extend(["c1", "c2"].map(|name| (UserUri::try_from("c").unwrap(), client(name))));
        let mut reports = ForkReports::new(3, clients);
        for (name, authenticator) in [("a", 1), ("c1", 1), ("c2", 2)] {
            reports.report(&client(name), 3, &[authenticator; 32]).unwrap();
        }
        let ForkVerdict::Undecided { branches, .. } = reports.verdict() else { panic!("decided") };
        let branches: Vec<_> = branches.iter().map(branch).collect();
        assert_eq!(branches, [(1, alloc::vec!["a", "c1"], 1), (2, alloc::vec!["c2"], 0)]);
    }

    #[test]
    fn without_a_majority_nothing_is_decided() {
        // Two agree and none contradicts; yet three have not reported.
        let few = gathered(&[("a", 1), ("b", 1)]);
        let ForkVerdict::Undecided { branches, silent, .. } = few.verdict() else { panic!("decided") };
        assert_eq!((branches.len(), silent.len()), (1, 3));
        let split = gathered(&[("a", 2), ("b", 1), ("c", 1), ("d", 2)]);
        let ForkVerdict::Undecided { branches, .. } = split.verdict() else { panic!("decided") };
        let branches: Vec<_> = branches.iter().map(branch).collect();
        assert_eq!(branches, [(1, alloc::vec!["b", "c"], 2), (2, alloc::vec!["a", "d"], 2)]);
        // Half isn't more than half.
        let mut even = ForkReports::new(3, singles(&["a", "b"]));
        even.report(&client("a"), 3, &[1]).unwrap();
        assert!(matches!(even.verdict(), ForkVerdict::Undecided { .. }));
        let reports = ForkReports::new(3, []);
        assert!(matches!(reports.verdict(), ForkVerdict::Undecided { .. }));
    }

    #[test]
    fn who_contradicts_itself_is_on_no_branch() {
        let mut reports = gathered(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
        reports.report(&client("d"), 3, &[1; 32]).unwrap();
        assert!(matches!(reports.verdict(), ForkVerdict::Agreed { .. }));
        reports.report(&client("d"), 3, &[2; 32]).unwrap();
        reports.report(&client("d"), 3, &[1; 32]).unwrap();
        let ForkVerdict::Forked { branch, others, rejoin, .. } = reports.verdict() else { panic!("no fork") };
        assert_eq!((branch.clients.len(), others.len()), (3, 0));
        assert_eq!(names(&rejoin), ["d"]);
        reports.report(&client("c"), 3, &[2; 32]).unwrap();
        let ForkVerdict::Undecided { contradictory, .. } = reports.verdict() else { panic!("decided") };
        assert_eq!(names(&contradictory), ["c", "d"]);
    }

    #[test]
    fn refuses_reports_of_strangers_other_epochs_and_no_authenticator() {
        let mut reports = five();
        assert_eq!(reports.report(&client("f"), 3, &[1; 32]), Err(ReportRefusal::NotAMember));
        let other = ReportRefusal::OtherEpoch { reported: 4, expected: 3 };
        assert_eq!(reports.report(&client("a"), 4, &[1; 32]), Err(other));
        assert_eq!(reports.report(&client("a"), 3, b""), Err(ReportRefusal::Length { bytes: 0 }));
        assert_eq!(reports.report(&client("a"), 3, &[1; 65]), Err(ReportRefusal::Length { bytes: 65 }));
        let ForkVerdict::Undecided { branches, silent, .. } = reports.verdict() else { panic!("decided") };
        assert_eq!((branches.len(), silent.len()), (0, 5));
        assert_eq!(reports.report(&client("a"), 3, &[1; 64]), Ok(()));
        assert_eq!(reports.epoch(), 3);
    }
}
