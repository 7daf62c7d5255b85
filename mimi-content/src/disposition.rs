//! What a part is for: mimi-content-09 §4.4 and 8.2.2.

use core::fmt;

/// The intended use of a body part, a number of the MIMI Content Disposition registry. Unknown
/// numbers are kept, and treated as [`Disposition::RENDER`] (§9.1).
///
/// ```
/// use mimi_content::Disposition;
///
/// assert_eq!(Disposition(6), Disposition::ATTACHMENT);
/// assert_eq!(Disposition(77).effective(), Disposition::RENDER);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Disposition(pub u8);

impl Disposition {
    /// No hint.
    pub const UNSPECIFIED: Self = Self(0);
    /// Render by local policy.
    pub const RENDER: Self = Self(1);
    /// A single reaction to another message.
    pub const REACTION: Self = Self(2);
    /// A profile of a participant or room.
    pub const PROFILE: Self = Self(3);
    /// Rendered directly in the chat interface.
    pub const INLINE: Self = Self(4);
    /// An icon such as an avatar.
    pub const ICON: Self = Self(5);
    /// To be downloaded, not rendered immediately.
    pub const ATTACHMENT: Self = Self(6);
    /// A description of a multimedia session, or a URI to join one.
    pub const SESSION: Self = Self(7);
    /// A preview made by the sender, such as of a link.
    pub const PREVIEW: Self = Self(8);

    /// The registered name, if the number has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "unspecified",
            1 => "render",
            2 => "reaction",
            3 => "profile",
            4 => "inline",
            5 => "icon",
            6 => "attachment",
            7 => "session",
            8 => "preview",
            _ => return None,
        })
    }

    /// This disposition, or `render` in the place of an unknown one (§9.1).
    #[must_use]
    pub const fn effective(self) -> Self {
        if self.name().is_some() { self } else { Self::RENDER }
    }
}

impl fmt::Debug for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "Disposition({} {name})", self.0),
            None => write!(f, "Disposition({})", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn treats_unknown_numbers_as_render() {
        for number in 0..=u8::MAX {
            let disposition = Disposition(number);
            let expected = if number <= 8 { disposition } else { Disposition::RENDER };
            assert_eq!(disposition.effective(), expected);
        }
        assert_eq!(
            alloc::format!("{:?} {:?}", Disposition(2), Disposition(200)),
            "Disposition(2 reaction) Disposition(200)"
        );
    }
}
