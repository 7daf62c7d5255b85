//! When a message should disappear: mimi-content-09 §4.1.

/// The sender's hint that the message should be deleted locally; nothing assures that a receiver
/// does.
///
/// ```
/// use mimi_content::Expiration;
///
/// // Ten seconds after it was read at 14:00:00.500.
/// let expiration = Expiration::after_reading(10);
/// assert_eq!(expiration.due_ms(Some(50_400_500)), Some(50_410_500));
/// assert_eq!(expiration.due_ms(None), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Expiration {
    /// Whether `time` counts from when the receiving client reads the message, or else from the
    /// UNIX epoch.
    pub relative: bool,
    /// Whole seconds.
    pub time: u32,
}

impl Expiration {
    /// At a time, in whole seconds since the UNIX epoch.
    #[must_use]
    pub const fn at(time: u32) -> Self {
        Self { relative: false, time }
    }

    /// So many seconds after the receiving client read the message.
    #[must_use]
    pub const fn after_reading(time: u32) -> Self {
        Self { relative: true, time }
    }

    /// When the message is due for deletion, in milliseconds since the UNIX epoch.
    ///
    /// `read_at_ms` is when the user read the message, in the same unit. `None` as long as a
    /// relative time has not started.
    #[must_use]
    pub fn due_ms(&self, read_at_ms: Option<u64>) -> Option<u64> {
        let time_ms = u64::from(self.time).saturating_mul(1000);
        if self.relative { read_at_ms.map(|read| read.saturating_add(time_ms)) } else { Some(time_ms) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_the_epoch_or_from_reading() {
        let absolute = Expiration { relative: false, time: u32::MAX };
        assert_eq!(absolute.due_ms(None), Some(4_294_967_295_000));
        assert_eq!(absolute.due_ms(Some(5)), Some(4_294_967_295_000));
        let relative = Expiration { relative: true, time: 2 };
        assert_eq!(relative.due_ms(Some(5)), Some(2005));
        assert_eq!(relative.due_ms(None), None);
    }
}
