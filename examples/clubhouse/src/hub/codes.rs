//! Join codes: the hub makes them, keeps them and knows them again (mimi-room-policy, 8.1).

use std::collections::BTreeMap;

use mimi_policy::UserUri;

/// The codes of a room.
#[derive(Clone, Debug, Default)]
pub struct JoinCodes {
    /// What each code lets its holder become.
    issued: BTreeMap<Vec<u8>, u32>,
    /// Who has shown which code with a request for the GroupInfo: the external commit that follows shows none.
    shown: BTreeMap<UserUri, Vec<u8>>,
}

impl JoinCodes {
    /// A new code, good for one user.
    pub fn issue(&mut self, code: Vec<u8>, role: u32) {
        self.issued.insert(code, role);
    }

    /// A user shows a code; whether it is one.
    pub fn show(&mut self, user: &UserUri, code: &[u8]) -> bool {
        let known = self.issued.contains_key(code);
        if known {
            self.shown.insert(user.clone(), code.to_vec());
        }
        known
    }

    /// Who may join with which role: those whose code is still good.
    #[must_use]
    pub fn shown(&self) -> BTreeMap<UserUri, u32> {
        let roles = self.shown.iter().map(|(user, code)| Some((user.clone(), *self.issued.get(code)?)));
        roles.flatten().collect()
    }

    /// A user has joined: its code is used up, whoever else has shown it.
    pub fn use_up(&mut self, user: &UserUri) {
        if let Some(code) = self.shown.remove(user) {
            self.issued.remove(&code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_lets_one_user_in() {
        let user = |name: &str| UserUri::new(format!("mimi://b.example/u/{name}").as_str()).unwrap();
        let (erin, frank) = (user("erin"), user("frank"));
        let mut codes = JoinCodes::default();
        codes.issue(b"guest".to_vec(), 6);
        codes.issue(b"friend".to_vec(), 2);
        assert!(!codes.show(&erin, b"gues"));
        assert!(codes.show(&erin, b"guest") && codes.show(&frank, b"guest"));
        assert_eq!(codes.shown(), BTreeMap::from([(erin.clone(), 6), (frank.clone(), 6)]));
        codes.use_up(&erin);
        assert!(codes.shown().is_empty());
        assert!(!codes.show(&frank, b"guest") && codes.show(&frank, b"friend"));
        assert_eq!(codes.shown(), BTreeMap::from([(frank, 2)]));
    }
}
