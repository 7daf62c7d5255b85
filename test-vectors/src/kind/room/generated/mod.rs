//! What [`Kind::generate`](super::Kind::generate) makes: stories with real MLS messages.

mod dishonest;
mod honest;
mod seeded;
mod snapshots;
mod world;

use alloc::vec::Vec;

use crate::generate::{GenerateError, GeneratedCase, Seed};

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
    let mut cases = Vec::new();
    for suite in super::SUITES {
        cases.push(honest::a_life(seed, suite)?);
    }
    cases.push(honest::joining_by_code(seed)?);
    cases.push(honest::proposals_of_the_hub(seed)?);
    cases.push(honest::reports(seed)?);
    cases.push(honest::limits(seed)?);
    cases.push(dishonest::handshakes(seed)?);
    cases.push(dishonest::proposals(seed)?);
    cases.push(dishonest::from_outside(seed)?);
    cases.push(dishonest::banned(seed)?);
    cases.push(dishonest::consent(seed)?);
    cases.push(dishonest::messages(seed)?);
    cases.extend(snapshots::cases(seed)?);
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OpenMLS keeps some proposals in a map without an order, and encrypts in threads.
    #[test]
    fn the_same_seed_gives_the_same_bytes_each_time() {
        let make = || {
            let cases = cases(&Seed::default()).unwrap();
            cases.iter().map(GeneratedCase::json).collect::<Vec<_>>()
        };
        let first = make();
        for _ in 0..3 {
            assert!(make() == first);
        }
    }
}
