//! How the cost of each function that takes input of variable size grows: instructions, counted by
//! valgrind, and memory, counted by an allocator, at n, 2n, 4n and 8n, for honest and for hostile
//! input.
//!
//! `cargo run --release -p mimi-scaling` writes `docs/scaling.md`; `cargo test -p mimi-scaling`
//! counts memory alone, which needs no valgrind. A crate has its cases in a module here, and joins
//! them in [`cases`].

pub mod allocation;
mod content;
pub mod instructions;

/// One function at one kind of input.
pub struct Case {
    /// The crate that has the function.
    pub crate_name: &'static str,
    /// The function, as it is called.
    pub function: &'static str,
    /// The input, in words.
    pub input: &'static str,
    /// Whether only an attacker sends it.
    pub is_hostile: bool,
    /// The smallest size, n.
    pub smallest: usize,
    /// What n counts.
    pub unit: &'static str,
    /// Why an exponent above [`LIMIT`] is right, if one is.
    pub reason: Option<&'static str>,
    /// Makes the input of a size, and what is to be measured.
    pub prepare: fn(usize) -> Job,
}

/// What is measured. It frees what it makes.
pub type Job = Box<dyn FnMut()>;

/// The sizes, as multiples of n.
pub const MULTIPLES: [usize; 4] = [1, 2, 4, 8];

/// The exponent that counts as linear: n·log n stays below it.
pub const LIMIT: f64 = 1.15;

/// All cases.
#[must_use]
pub fn cases() -> Vec<Case> {
    content::cases()
}

/// The exponent e for which the cost grows by 2^e with each doubling up to the last: the least over
/// all starts, so that neither a constant part nor a buffer that doubles counts as growth. Zero if
/// no cost is above `noise`.
#[must_use]
pub fn exponent(costs: &[u64; 4], noise: u64) -> f64 {
    let [before @ .., last] = *costs;
    if last <= noise {
        return 0.0;
    }
    let slopes = before
        .iter()
        .zip([8f64, 4.0, 2.0])
        .map(|(cost, times)| (last as f64 / (*cost).max(1) as f64).ln() / times.ln());
    slopes.fold(f64::MAX, f64::min).max(0.0)
}

/// The most bytes that a case holds at once beside its input, at each size.
#[must_use]
pub fn memory(case: &Case) -> [u64; 4] {
    MULTIPLES.map(|multiple| {
        let mut job = (case.prepare)(case.smallest * multiple);
        allocation::peak(&mut job) as u64
    })
}
