//! Join codes: the hub makes them, keeps them and knows them again (mimi-room-policy, 8.1).

use std::collections::BTreeMap;

use mimi_policy::UserUri;

/// The codes of a room.
#[derive(Clone, Debug, Default)]
pub struct JoinCodes {
    /// What each code lets its holder become.
    issued: BTreeMap<Vec<u8>, u32>,
    /// Who has shown a code with a request for the GroupInfo, and for which role: the external commit that follows shows none.
    shown: BTreeMap<UserUri, u32>,
}

impl JoinCodes {
    /// A new code, good for one user.
    pub fn issue(&mut self, code: Vec<u8>, role: u32) {
        self.issued.insert(code, role);
    }

    /// A user shows a code; whether it is one.
    pub fn show(&mut self, user: &UserUri, code: &[u8]) -> bool {
        match self.issued.get(code) {
            Some(role) => {
                self.shown.insert(user.clone(), *role);
                true
            }
            None => false,
        }
    }

    /// Who has shown a code for which role.
    #[must_use]
    pub const fn shown(&self) -> &BTreeMap<UserUri, u32> {
        &self.shown
    }

    /// A user has joined: its code is used up.
    pub fn use_up(&mut self, user: &UserUri) {
        if let Some(role) = self.shown.remove(user)
            && let Some(code) = self.issued.iter().find(|(_, it)| **it == role).map(|(code, _)| code.clone())
        {
            self.issued.remove(&code);
        }
    }
}
