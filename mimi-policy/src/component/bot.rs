//! Chat bots (mimi-room-policy-04 §6.7): component 0x002F.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::room_policy::{Bot, BotPolicy, Role};

use super::ComponentSeverity;

/// What is wrong with a [`BotPolicy`] among the roles of its room. Bots are named by their place in
/// `allowed_bots`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BotFinding {
    /// A local client bot has a role.
    LocalWithRole {
        /// The bot.
        index: usize,
        /// Its role.
        role_index: u32,
    },
    /// A bot has a role that doesn't exist.
    UndefinedRole {
        /// The bot.
        index: usize,
        /// Its role.
        role_index: u32,
    },
    /// A bot has the role of those who are banned.
    Banned {
        /// The bot.
        index: usize,
    },
    /// A bot has the name of one before it: by what else could it be told?
    RepeatedName {
        /// The bot.
        index: usize,
    },
}

impl BotFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::LocalWithRole { .. } | Self::UndefinedRole { .. } => ComponentSeverity::Invalid,
            Self::Banned { .. } | Self::RepeatedName { .. } => ComponentSeverity::Advice,
        }
    }
}

impl fmt::Display for BotFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalWithRole { index, role_index } => {
                write!(f, "bot {index} is a local client bot and has role {role_index}")
            }
            Self::UndefinedRole { index, role_index } => {
                write!(f, "bot {index} has role {role_index}, which doesn't exist")
            }
            Self::Banned { index } => write!(f, "bot {index} is banned"),
            Self::RepeatedName { index } => write!(f, "bot {index} has the name of one before it"),
        }
    }
}

/// What is wrong with the component itself, in a room of these roles.
#[must_use]
pub fn findings(policy: &BotPolicy, roles: &[Role]) -> Vec<BotFinding> {
    let defined: BTreeSet<u32> = roles.iter().map(|role| role.role_index).collect();
    let banned = roles.iter().any(|role| role.role_index == 1 && role.role_name == "banned");
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for (index, bot) in policy.allowed_bots.iter().enumerate() {
        let role_index = bot.bot_role_index;
        if role_index != 0 && bot.local_client_bot {
            found.push(BotFinding::LocalWithRole { index, role_index });
        } else if role_index != 0 && !defined.contains(&role_index) {
            found.push(BotFinding::UndefinedRole { index, role_index });
        } else if role_index == 1 && banned {
            found.push(BotFinding::Banned { index });
        }
        if !names.insert(bot.name.as_str()) {
            found.push(BotFinding::RepeatedName { index });
        }
    }
    found
}

/// To whom a bot speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BotMessage {
    /// To all alike.
    ToAll,
    /// To single users of the room, in whatever way.
    Targeted,
    /// To all, and to each something else.
    PerUser,
}

/// Why a bot may not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BotRefusal {
    /// It is no participant: it has role 0, or sees the room through a person's client.
    NotAParticipant,
    /// It has another role on the participant list than the policy gives it.
    OtherRole {
        /// The policy's.
        allowed: u32,
        /// The list's.
        listed: u32,
    },
    /// It may not talk to single users.
    Targeted,
    /// It may not tell each user something else.
    PerUser,
}

impl fmt::Display for BotRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAParticipant => f.write_str("the bot is no participant"),
            Self::OtherRole { allowed, listed } => {
                write!(f, "the bot is allowed role {allowed} and has role {listed}")
            }
            Self::Targeted => f.write_str("the bot may not talk to single users"),
            Self::PerUser => f.write_str("the bot may not tell each user something else"),
        }
    }
}

impl core::error::Error for BotRefusal {}

/// Whether a bot may send such a message, given the role that it has on the participant list.
/// Whether that role may send messages at all is the role's matter.
///
/// ```
/// use mimi_codec::{protocol::Uri, room_policy::Bot};
/// use mimi_policy::component::bot::{BotMessage, BotRefusal, check_message};
///
/// let dealer = Bot {
///     name: "Poker".into(),
///     description: "Deals each their own hand".into(),
///     homepage: Uri::none(),
///     local_client_bot: false,
///     bot_role_index: 2,
///     can_target_message_in_group: false,
///     per_user_content: true,
/// };
/// assert_eq!(check_message(&dealer, 2, BotMessage::PerUser), Ok(()));
/// assert_eq!(check_message(&dealer, 2, BotMessage::Targeted), Err(BotRefusal::Targeted));
/// ```
///
/// # Errors
/// [`BotRefusal`], the first in the order of its variants.
pub const fn check_message(bot: &Bot, listed_role: u32, message: BotMessage) -> Result<(), BotRefusal> {
    if bot.local_client_bot || bot.bot_role_index == 0 {
        return Err(BotRefusal::NotAParticipant);
    }
    if bot.bot_role_index != listed_role {
        return Err(BotRefusal::OtherRole { allowed: bot.bot_role_index, listed: listed_role });
    }
    match message {
        BotMessage::Targeted if !bot.can_target_message_in_group => Err(BotRefusal::Targeted),
        BotMessage::PerUser if !bot.per_user_content => Err(BotRefusal::PerUser),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::String, vec};
    use mimi_codec::protocol::Uri;

    fn bot(name: &str, local_client_bot: bool, bot_role_index: u32) -> Bot {
        Bot {
            name: name.into(),
            description: String::new(),
            homepage: Uri::none(),
            local_client_bot,
            bot_role_index,
            can_target_message_in_group: false,
            per_user_content: false,
        }
    }

    fn role(role_index: u32, name: &str) -> Role {
        Role {
            role_index,
            role_name: name.into(),
            role_description: String::new(),
            role_capabilities: vec![],
            minimum_participants_constraint: 0,
            maximum_participants_constraint: None,
            minimum_active_participants_constraint: 0,
            maximum_active_participants_constraint: None,
            authorized_role_changes: vec![],
        }
    }

    #[test]
    fn finds_roles_that_a_bot_can_not_have_and_names_that_stand_twice() {
        let roles = [role(0, ""), role(1, "banned"), role(2, "bots")];
        let sound = vec![bot("a", true, 0), bot("b", false, 0), bot("c", false, 2)];
        assert_eq!(findings(&BotPolicy { allowed_bots: sound }, &roles), []);
        let odd = vec![bot("a", true, 2), bot("b", false, 9), bot("c", false, 1), bot("a", true, 0)];
        let found = findings(&BotPolicy { allowed_bots: odd }, &roles);
        assert_eq!(
            found,
            [
                BotFinding::LocalWithRole { index: 0, role_index: 2 },
                BotFinding::UndefinedRole { index: 1, role_index: 9 },
                BotFinding::Banned { index: 2 },
                BotFinding::RepeatedName { index: 3 },
            ]
        );
        let severities = found.iter().map(BotFinding::severity);
        use ComponentSeverity::{Advice, Invalid};
        assert_eq!(severities.collect::<Vec<_>>(), [Invalid, Invalid, Advice, Advice]);
        // Role 1 is for those who are banned only under that name.
        let allowed_bots = vec![bot("c", false, 1)];
        assert_eq!(findings(&BotPolicy { allowed_bots }, &[role(1, "bots")]), []);
    }

    #[test]
    fn refuses_what_a_bot_has_no_flag_for() {
        let mut plain = bot("a", false, 2);
        assert_eq!(check_message(&plain, 2, BotMessage::ToAll), Ok(()));
        assert_eq!(check_message(&plain, 2, BotMessage::Targeted), Err(BotRefusal::Targeted));
        assert_eq!(check_message(&plain, 2, BotMessage::PerUser), Err(BotRefusal::PerUser));
        plain.can_target_message_in_group = true;
        assert_eq!(check_message(&plain, 2, BotMessage::Targeted), Ok(()));
        assert_eq!(check_message(&plain, 2, BotMessage::PerUser), Err(BotRefusal::PerUser));
        plain.per_user_content = true;
        assert_eq!(check_message(&plain, 2, BotMessage::PerUser), Ok(()));
    }

    #[test]
    fn refuses_bots_that_are_no_participants_or_have_another_role() {
        for outside in [bot("a", false, 0), bot("a", true, 0), bot("a", true, 2)] {
            let listed = outside.bot_role_index;
            assert_eq!(check_message(&outside, listed, BotMessage::ToAll), Err(BotRefusal::NotAParticipant));
        }
        assert_eq!(
            check_message(&bot("a", false, 2), 3, BotMessage::ToAll),
            Err(BotRefusal::OtherRole { allowed: 2, listed: 3 })
        );
    }
}
