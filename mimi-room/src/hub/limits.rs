//! What a hub takes from one provider.

/// Sizes and rates, as the hub's operator sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubLimits {
    /// The longest body, in bytes. Longer ones are answered with 413.
    pub max_body: usize,
    /// How many proposals may wait for a commit.
    pub max_waiting: usize,
    /// How many KeyPackageRefs of claimed KeyPackages are kept for Welcomes. Beyond, those of
    /// one provider are refused, not forgotten.
    pub max_claimed: usize,
    /// What each provider may ask of a room. Beyond, requests are answered with 429.
    pub rate: Rate,
}

impl Default for HubLimits {
    /// 4 MiB, 256 proposals, 65,536 KeyPackages, 600 requests at once and 600 a minute.
    fn default() -> Self {
        Self {
            max_body: 4 << 20,
            max_waiting: 256,
            max_claimed: 1 << 16,
            rate: Rate { burst: 600, interval_ms: 100 },
        }
    }
}

/// A token bucket: so many requests at once, and one more after each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The size of the bucket.
    pub burst: u32,
    /// How long it takes until one request more is allowed, in milliseconds. 0 means no limit.
    pub interval_ms: u64,
}

/// How much of a [`Rate`] is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    used: u32,
    /// Since when a token has been coming back, in milliseconds since the UNIX epoch.
    since_ms: u64,
}

impl Meter {
    /// Takes a token.
    ///
    /// # Errors
    /// The number of whole seconds after which there is one, at least 1.
    pub fn take(&mut self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        if rate.interval_ms == 0 {
            return Ok(());
        }
        if self.used == 0 {
            self.since_ms = now_ms;
        }
        // A clock that goes back gives no tokens.
        let passed = now_ms.saturating_sub(self.since_ms);
        let regained = passed.checked_div(rate.interval_ms).unwrap_or(0);
        self.used = self.used.saturating_sub(u32::try_from(regained).unwrap_or(u32::MAX));
        self.since_ms = self.since_ms.saturating_add(regained.saturating_mul(rate.interval_ms));
        if self.used < rate.burst {
            self.used = self.used.saturating_add(1);
            return Ok(());
        }
        let left = rate.interval_ms.saturating_sub(now_ms.saturating_sub(self.since_ms));
        Err(left.div_ceil(1000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let rate = Rate { burst: 2, interval_ms: 1500 };
        let mut meter = Meter::default();
        assert_eq!(meter.take(rate, 10_000), Ok(()));
        assert_eq!(meter.take(rate, 10_000), Ok(()));
        assert_eq!(meter.take(rate, 10_000), Err(2));
        assert_eq!(meter.take(rate, 11_000), Err(1));
        assert_eq!(meter.take(rate, 11_500), Ok(()));
        assert_eq!(meter.take(rate, 11_500), Err(2));
        // A clock that goes back allows no more than before.
        assert!(meter.take(rate, 0).is_err());
        assert_eq!(meter.take(rate, 100_000), Ok(()));
        assert_eq!(meter.take(rate, 100_000), Ok(()));
        assert!(meter.take(rate, 100_000).is_err());
        assert_eq!(meter.take(Rate { burst: 0, interval_ms: 0 }, 0), Ok(()));
    }
}
