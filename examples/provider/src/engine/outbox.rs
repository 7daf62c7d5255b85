//! What waits for other providers.
//!
//! Each provider has lanes: one for each room, one for consent. What is in a lane is delivered in
//! order, each item until the provider has taken it.

use mimi_codec::{DnsName, Encode, Endpoint, Reader, RoomUri, Writer};

use super::Engine;
use crate::store::{StoreError, Table, key, number_of, numbered};

/// The lane of what is about no room.
const CONSENT: &[u8] = b"consent";

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its row.
    pub row: Vec<u8>,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The variable of the path.
    pub variable: Vec<u8>,
    /// The body: the same bytes at each attempt.
    pub body: Vec<u8>,
    /// Since when it waits, in milliseconds since the UNIX epoch.
    pub since_ms: u64,
}

/// The first items of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its name.
    pub name: Vec<u8>,
    /// In their order.
    pub items: Vec<Outgoing>,
}

/// How many items of a lane are taken at once.
const ITEMS: usize = 16;

impl Engine {
    pub(super) fn send_notify(
        &mut self,
        provider: &DnsName,
        room: &RoomUri,
        body: &[u8],
    ) -> Result<(), StoreError> {
        self.send(provider, room.as_bytes(), (Endpoint::Notify, room.as_bytes()), body)
    }

    pub(super) fn send_consent(
        &mut self,
        provider: &DnsName,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Result<(), StoreError> {
        self.send(provider, CONSENT, (endpoint, provider.as_str().as_bytes()), body)
    }

    fn send(
        &mut self,
        provider: &DnsName,
        lane: &[u8],
        (endpoint, variable): (Endpoint, &[u8]),
        body: &[u8],
    ) -> Result<(), StoreError> {
        let mut writer = Writer::new();
        self.now_ms().encode(&mut writer)?;
        writer.opaque(endpoint.name().as_bytes())?;
        writer.opaque(variable)?;
        writer.opaque(body)?;
        let number = self.number()?;
        let row = numbered(&[provider.as_str().to_ascii_lowercase().as_bytes(), lane], number);
        self.store.put(Table::Outbox, &row, &writer.into_bytes())?;
        self.touched.outbox.insert(provider.as_ref().to_lowercase());
        Ok(())
    }

    /// The providers for which something waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_providers(&mut self) -> Result<Vec<DnsName>, StoreError> {
        let mut found = Vec::new();
        let mut after = Vec::new();
        while let Some((row, _)) = self.store.scan(Table::Outbox, b"", &after, 1)?.pop() {
            let Some(provider) = row.split(|byte| *byte == 0).next() else { break };
            after = key(&[provider]);
            *after.last_mut().unwrap_or(&mut 0) = 1;
            if let Some(name) = std::str::from_utf8(provider).ok().and_then(|it| DnsName::parse(it).ok()) {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// The first items of at most `limit` lanes of a provider, except the lanes that `skip` names.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lanes(
        &mut self,
        provider: &DnsName,
        limit: usize,
        skip: &[Vec<u8>],
    ) -> Result<Vec<Lane>, StoreError> {
        let prefix = key(&[provider.as_str().as_bytes()]);
        let mut lanes = Vec::new();
        // Of the processes on a database one delivers to a provider, so that the order is kept.
        if !self.store.holds(provider.as_str().as_bytes())? {
            return Ok(lanes);
        }
        let mut after = prefix.clone();
        while lanes.len() < limit {
            let Some((row, _)) = self.store.scan(Table::Outbox, &prefix, &after, 1)?.pop() else { break };
            let rest = row.strip_prefix(prefix.as_slice()).unwrap_or_default();
            let name = rest.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
            let lane = key(&[provider.as_str().as_bytes(), &name]);
            after = numbered(&[provider.as_str().as_bytes(), &name], u64::MAX);
            if skip.contains(&name) {
                continue;
            }
            let rows = self.store.scan(Table::Outbox, &lane, &lane, ITEMS)?;
            let items = rows.into_iter().map(|(row, value)| outgoing(row, &value));
            let items = items.collect::<Option<Vec<_>>>();
            let items = items.ok_or_else(|| StoreError::Corrupt(Table::Outbox, "no request".to_owned()))?;
            lanes.push(Lane { name, items });
        }
        Ok(lanes)
    }

    /// These items were taken, or are given up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delivered(&mut self, rows: &[Vec<u8>]) -> Result<(), StoreError> {
        rows.iter().try_for_each(|row| self.store.delete(Table::Outbox, row))
    }

    /// What waits for a client after the number `after`, oldest first. What it has taken, up to
    /// `after`, is deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn inbox(
        &mut self,
        client: &mimi_codec::ClientUri,
        after: u64,
        limit: usize,
    ) -> Result<Vec<super::InboxItem>, StoreError> {
        let prefix = key(&[client.as_bytes()]);
        loop {
            let taken = self.store.scan(Table::Inbox, &prefix, &prefix, 64)?;
            let taken: Vec<_> = taken.into_iter().filter(|(row, _)| number_of(row) <= after).collect();
            if taken.is_empty() {
                break;
            }
            for (row, _) in &taken {
                self.store.delete(Table::Inbox, row)?;
            }
        }
        let mut items = Vec::new();
        for (row, value) in self.store.scan(Table::Inbox, &prefix, &prefix, limit)? {
            let mut reader = Reader::new(&value);
            let corrupt = |why: mimi_codec::DecodeError| StoreError::Corrupt(Table::Inbox, why.to_string());
            let room = reader.opaque().map_err(corrupt)?.to_vec();
            let body = reader.opaque().map_err(corrupt)?.to_vec();
            items.push(super::InboxItem { number: number_of(&row), room, body });
        }
        Ok(items)
    }
}

fn outgoing(row: Vec<u8>, value: &[u8]) -> Option<Outgoing> {
    let mut reader = Reader::new(value);
    let since_ms = reader.uint64().ok()?;
    let name = reader.opaque().ok()?;
    let endpoint = Endpoint::ALL.iter().find(|it| it.name().as_bytes() == name)?;
    let (variable, body) = (reader.opaque().ok()?.to_vec(), reader.opaque().ok()?.to_vec());
    Some(Outgoing { row, endpoint: *endpoint, variable, body, since_ms })
}
