//! Join codes: the hub makes them, keeps them and knows them again (mimi-room-policy-04 §8.1).

use alloc::{collections::BTreeMap, vec::Vec};

use mimi_codec::UserUri;
use mimi_crypto::{CipherSuiteProvider, CryptoError, ref_hash};

/// What a join code is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// The role that its holder joins with.
    pub role: u32,
    /// Until when it is good, in milliseconds since the UNIX epoch.
    pub expires_ms: u64,
    /// How many users may still join by it.
    pub uses: u32,
}

/// The codes of a room. It holds hashes, so that neither the store nor the time of a look-up
/// gives a code away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinCodeBook {
    pub(super) issued: BTreeMap<Vec<u8>, IssuedCode>,
    /// Who has shown which code with a request for the GroupInfo: the external commit that
    /// follows shows none.
    pub(super) shown: BTreeMap<UserUri, Vec<u8>>,
}

impl JoinCodeBook {
    fn key<C: CipherSuiteProvider + ?Sized>(suite: &C, code: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(ref_hash(suite, b"mimi-room join code", code)?.as_slice().to_vec())
    }

    /// Adds a code. Codes are secrets of at least 16 random bytes, which the caller draws.
    ///
    /// # Errors
    /// [`CryptoError`] if the code is too long.
    pub fn issue<C: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &C,
        code: &[u8],
        worth: IssuedCode,
    ) -> Result<(), CryptoError> {
        self.issued.insert(Self::key(suite, code)?, worth);
        Ok(())
    }

    /// Takes a code back. Returns whether there was one.
    ///
    /// # Errors
    /// [`CryptoError`] if the code is too long.
    pub fn revoke<C: CipherSuiteProvider + ?Sized>(
        &mut self,
        suite: &C,
        code: &[u8],
    ) -> Result<bool, CryptoError> {
        Ok(self.issued.remove(&Self::key(suite, code)?).is_some())
    }

    /// What a code is worth now.
    pub(crate) fn worth<C: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &C,
        code: &[u8],
        now_ms: u64,
    ) -> Option<(Vec<u8>, IssuedCode)> {
        let key = Self::key(suite, code).ok()?;
        let worth = self.good(&key, now_ms)?;
        Some((key, worth))
    }

    fn good(&self, key: &[u8], now_ms: u64) -> Option<IssuedCode> {
        self.issued.get(key).copied().filter(|it| it.uses > 0 && now_ms < it.expires_ms)
    }

    pub(crate) fn show(&mut self, user: UserUri, key: Vec<u8>) {
        self.shown.insert(user, key);
    }

    /// Who may join with which role: those whose code is still good.
    #[must_use]
    pub fn shown(&self, now_ms: u64) -> BTreeMap<UserUri, u32> {
        let shown = self.shown.iter();
        shown.filter_map(|(user, key)| Some((user.clone(), self.good(key, now_ms)?.role))).collect()
    }

    /// A user has joined: a use of its code is gone.
    pub(crate) fn use_up(&mut self, user: &UserUri) {
        let Some(key) = self.shown.remove(user) else { return };
        if let Some(issued) = self.issued.get_mut(&key) {
            issued.uses = issued.uses.saturating_sub(1);
            if issued.uses == 0 {
                self.issued.remove(&key);
            }
        }
    }
}
