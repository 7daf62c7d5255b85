//! Whether two series of measurements have the same mean.

use std::fmt;

/// What a comparison of two series says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// |t| is below 4.5.
    NotFound,
    /// The means differ, by less than one byte more or less would make.
    LessThanAnOctet,
    /// The means differ by a byte's time or more.
    Differs,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no dependence found",
            Self::LessThanAnOctet => "less than a byte's time",
            Self::Differs => "the time depends on where they differ",
        })
    }
}

/// Two series of measurements.
pub(crate) struct Comparison {
    /// Welch's t.
    pub(crate) t: f64,
    /// By how much the mean of the first is above that of the second.
    pub(crate) difference: f64,
    /// The mean of the second.
    pub(crate) mean: f64,
}

impl Comparison {
    /// The verdict, where a comparison that leaves early takes `byte` nanoseconds for each byte.
    pub(crate) fn verdict(&self, byte: f64) -> Verdict {
        if self.t.abs() < 4.5 {
            Verdict::NotFound
        } else if self.difference.abs() < byte {
            Verdict::LessThanAnOctet
        } else {
            Verdict::Differs
        }
    }
}

/// Compares two series without the slowest twentieth of both together: what interrupts a
/// measurement has nothing to do with the kind of its candidate.
pub(crate) fn welch([first, last]: [Vec<f64>; 2]) -> Comparison {
    let mut all: Vec<f64> = first.iter().chain(&last).copied().collect();
    all.sort_by(f64::total_cmp);
    let slowest = all[all.len() - 1 - all.len() / 20];
    let [first, last] =
        [first, last].map(|times| Moments::of(times.into_iter().filter(|time| *time <= slowest)));
    let error = (first.variance / first.count + last.variance / last.count).sqrt();
    let difference = first.mean - last.mean;
    Comparison { t: if error == 0.0 { 0.0 } else { difference / error }, difference, mean: last.mean }
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    /// By Welford's method.
    fn of(times: impl Iterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for time in times {
            count += 1.0;
            let before = time - mean;
            mean += before / count;
            squares += before * (time - mean);
        }
        Self { count, mean, variance: squares / (count - 1.0) }
    }
}
