//! Which requests were handled before, over restarts and for a limited time.

use mimi_codec::{DnsNameRef, Endpoint};
use mimi_crypto::CipherSuiteProvider;
use mimi_room::hub::Response;

use super::{Engine, decode_response, encode_response};
use crate::store::{StoreError, Table};

/// How many remembered requests are forgotten in one transaction: more than one request adds.
const FORGET: usize = 8;

/// The names of tables in a key of [`Table::Remembered`].
const OF: [(u8, Table); 2] = [(b'a', Table::Accepted), (b'n', Table::Notified)];

impl Engine {
    /// What makes a request the same as an earlier one: who sends it, where to, and its bytes.
    pub(super) fn request_hash(
        &self,
        from: DnsNameRef<'_>,
        endpoint: Endpoint,
        variable: &[u8],
        body: &[u8],
    ) -> Vec<u8> {
        let lengths = [from.as_str().len(), variable.len()];
        let lengths: Vec<u8> = lengths.iter().flat_map(|length| length.to_be_bytes()).collect();
        let from = from.as_str().to_ascii_lowercase();
        self.suite.hash(&[endpoint.name().as_bytes(), b"\0", &lengths, from.as_bytes(), variable, body])
    }

    /// The answer to this request, if it was accepted before.
    pub(super) fn accepted_before(&mut self, hash: &[u8]) -> Result<Option<Response>, StoreError> {
        let Some(stored) = self.store.get(Table::Accepted, hash)? else { return Ok(None) };
        let response = decode_response(&stored);
        Ok(Some(response.map_err(|why| StoreError::Corrupt(Table::Accepted, why.to_string()))?))
    }

    /// Remembers a request with its answer.
    pub(super) fn remember_accepted(&mut self, hash: &[u8], response: &Response) -> Result<(), StoreError> {
        let encoded = encode_response(response)?;
        self.remember(b'a', Table::Accepted, hash, &encoded)
    }

    /// Remembers a body of `/notify`.
    pub(super) fn remember_notified(&mut self, hash: &[u8]) -> Result<(), StoreError> {
        self.remember(b'n', Table::Notified, hash, b"")
    }

    fn remember(&mut self, tag: u8, table: Table, hash: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.store.put(table, hash, value)?;
        let mut key = self.now_ms().to_be_bytes().to_vec();
        key.push(tag);
        key.extend_from_slice(hash);
        self.store.put(Table::Remembered, &key, b"")
    }

    /// Forgets some of what is older than the limit.
    pub(super) fn forget_old(&mut self) -> Result<(), StoreError> {
        let until = self.now_ms().saturating_sub(self.limits.remember_ms());
        for (key, _) in self.store.scan(Table::Remembered, b"", b"", FORGET)? {
            let Some((time, rest)) = key.split_first_chunk::<8>() else { continue };
            if u64::from_be_bytes(*time) >= until {
                break;
            }
            if let Some((tag, hash)) = rest.split_first()
                && let Some((_, table)) = OF.iter().find(|(name, _)| name == tag)
            {
                self.store.delete(*table, hash)?;
            }
            self.store.delete(Table::Remembered, &key)?;
        }
        Ok(())
    }
}
