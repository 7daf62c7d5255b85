//! A second evaluator, written from the draft's paragraphs without a look at the first, and the two compared on random rooms.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod draft;
mod generator;
mod room;

use std::collections::BTreeMap;

use draft::{Says, decide};
use generator::{Dice, any_try};

#[test]
fn stats() {
    let mut allowed = 0;
    let mut why: BTreeMap<&str, u32> = BTreeMap::new();
    let mut said: BTreeMap<_, [u32; 4]> = BTreeMap::new();
    let n = 100_000;
    for seed in 0..n {
        let t = any_try(&mut Dice(seed));
        let a = decide(&t);
        allowed += u32::from(a.after.is_some());
        if let Some(w) = a.refused {
            *why.entry(w).or_default() += 1;
        }
        for (cap, says) in a.said {
            let e = said.entry(cap).or_default();
            match says {
                Says::Yes => {
                    e[0] += 1;
                    e[3] += u32::from(a.after.is_some());
                }
                Says::NotHeld => e[1] += 1,
                Says::Condition => e[2] += 1,
            }
        }
    }
    println!("allowed {allowed} of {n}");
    for (w, c) in why {
        println!("{c:8} {w}");
    }
    for (c, x) in said {
        println!("{c:?} yes {} notheld {} cond {} accepted {}", x[0], x[1], x[2], x[3]);
    }
}
