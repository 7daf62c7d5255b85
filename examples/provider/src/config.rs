//! The configuration: one TOML file. Unknown keys are refused, paths count from the file's folder.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use mimi_codec::DnsName;
use serde::Deserialize;

use crate::{
    Result,
    store::{SqliteStore, Store},
};

/// The configuration of a provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The domain that the provider serves, such as `a.example`. It is the host of its users' URIs.
    pub domain: String,
    /// The SQLite database, for one process. It is made if it does not exist.
    pub database: Option<PathBuf>,
    /// The PostgreSQL database instead, for one process or several: parameters of libpq, such as
    /// `host=/run/postgresql user=mimi dbname=mimi`. The connection has no TLS.
    pub postgres: Option<String>,
    /// The file of the provider's own keys, as `mimi-provider keygen` writes it.
    pub keys: PathBuf,
    /// The host, and the port if it is not 443, at which other providers reach this one. They are
    /// in the URLs of the directory. By default the domain.
    pub public_authority: Option<String>,
    /// The secret by which a new client registers at the local API. Without one, no client can.
    pub registration_token: Option<String>,
    /// Where to listen.
    #[serde(default)]
    pub listen: Listen,
    /// The certificate of the provider, and whose certificates it accepts.
    pub tls: Tls,
    /// Sizes, rates and times.
    #[serde(default)]
    pub limits: Limits,
    /// The other providers.
    #[serde(default)]
    pub peers: Vec<Peer>,
}

/// Addresses to listen on. All are on loopback by default; port 0 takes a free port.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// HTTPS for other providers. Default `127.0.0.1:8443`.
    pub federation: SocketAddr,
    /// HTTP for the provider's own clients: it has no TLS and stays on loopback. Default
    /// `127.0.0.1:8080`.
    pub clients: SocketAddr,
    /// HTTP for `/healthz` and `/metrics`. Default `127.0.0.1:9090`.
    pub health: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { federation: on(8443), clients: on(8080), health: on(9090) }
    }
}

/// Mutual TLS. All files are PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain. Its subjectAltName has the domain as a `dNSName`.
    pub certificate: PathBuf,
    /// The private key.
    pub private_key: PathBuf,
    /// The certificate authorities that other providers' certificates come from.
    pub roots: PathBuf,
}

/// Another provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its domain.
    pub domain: String,
    /// The public key by which it vouches for its clients, proposes and franks: Ed25519 in
    /// hexadecimal, as `mimi-provider keygen` prints it.
    pub signature_key: String,
    /// Where to connect to, instead of what the DNS says. The certificate must be the domain's all
    /// the same.
    pub address: Option<SocketAddr>,
    /// The hosts of its asset servers, from which this hub downloads for others. Default none.
    #[serde(default)]
    pub asset_domains: Vec<String>,
}

/// Sizes, rates and times.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The longest body of a request, in bytes. Default 4 MiB.
    pub max_body: usize,
    /// The longest asset, in bytes. Default 8 MiB.
    pub max_asset: usize,
    /// How long a TLS handshake and the header of a request may take, in milliseconds. Default 5 s.
    pub handshake_ms: u64,
    /// How long the body of a request may take, in milliseconds. Default 20 s.
    pub body_ms: u64,
    /// How long a request to another provider may take, in milliseconds. Default 20 s.
    pub outgoing_ms: u64,
    /// How many handshakes of TLS may be unfinished. Default 256.
    pub max_handshakes: usize,
    /// How many connections may be open. Default 1024.
    pub max_connections: usize,
    /// How many connections of one provider may be open. Default 64.
    pub max_connections_per_peer: usize,
    /// How many requests of one provider may be in work, whatever their connections. Default 32.
    pub max_requests_per_peer: usize,
    /// How many requests a provider may make at once. Default 2000.
    pub request_burst: u32,
    /// After how many milliseconds a provider may make one more request. 0: no limit. Default 2.
    pub request_interval_ms: u64,
    /// How many requests for KeyPackages a provider may make at once. Default 200.
    pub key_material_burst: u32,
    /// After how many milliseconds a provider may ask for KeyPackages once more. Default 1000.
    pub key_material_interval_ms: u64,
    /// How many requests a provider may make of one room at once. Default 600.
    pub room_burst: u32,
    /// After how many milliseconds a provider may make one more request of a room. 0 means no
    /// limit. Default 100.
    pub room_interval_ms: u64,
    /// How many reports of abuse a provider may send at once. Default 50.
    pub report_burst: u32,
    /// After how many milliseconds a provider may send one more report. Default 1000.
    pub report_interval_ms: u64,
    /// How many rooms are kept in memory; others are read again when they are used. Default 10,000.
    pub max_rooms_in_memory: usize,
    /// How many reports of abuse are kept. Beyond, new ones are only counted. Default 10,000.
    pub max_reports: u64,
    /// How many hours a delivery waits for an absent provider before it is given up. Default 168.
    pub delivery_hours: u64,
    /// How long bodies that were handled are remembered, so that none is handled twice, in hours.
    /// Default 336; not less than `delivery_hours`.
    pub remember_hours: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 4 << 20,
            max_asset: 8 << 20,
            handshake_ms: 5_000,
            body_ms: 20_000,
            outgoing_ms: 20_000,
            max_handshakes: 256,
            max_connections: 1024,
            max_connections_per_peer: 64,
            max_requests_per_peer: 32,
            request_burst: 2000,
            request_interval_ms: 2,
            key_material_burst: 200,
            key_material_interval_ms: 1000,
            room_burst: 600,
            room_interval_ms: 100,
            report_burst: 50,
            report_interval_ms: 1000,
            max_rooms_in_memory: 10_000,
            max_reports: 10_000,
            delivery_hours: 168,
            remember_hours: 336,
        }
    }
}

const HOUR_MS: u64 = 3_600_000;

impl Limits {
    /// How long a delivery waits, in milliseconds.
    #[must_use]
    pub const fn delivery_ms(&self) -> u64 {
        self.delivery_hours.saturating_mul(HOUR_MS)
    }

    /// How long handled bodies are remembered, in milliseconds.
    #[must_use]
    pub const fn remember_ms(&self) -> u64 {
        self.remember_hours.saturating_mul(HOUR_MS)
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// If the file cannot be read, a key is unknown or missing, or a value makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).map_err(|why| format!("{}: {why}", path.display()).into())
    }

    /// Reads a text whose relative paths count from `folder`.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        let mut config: Self = toml::from_str(text)?;
        let tls = &mut config.tls;
        let paths = [&mut tls.certificate, &mut tls.private_key, &mut tls.roots];
        for path in paths.into_iter().chain(&mut config.database).chain([&mut config.keys]) {
            *path = folder.join(&*path);
        }
        if config.database.is_some() == config.postgres.is_some() {
            return Err("expected one of the keys `database` and `postgres`".into());
        }
        config.domain_name()?;
        for peer in &config.peers {
            DnsName::parse(&peer.domain).map_err(|why| format!("peer {:?}: {why}", peer.domain))?;
        }
        if config.limits.remember_hours < config.limits.delivery_hours {
            return Err("limits.remember_hours is less than limits.delivery_hours".into());
        }
        if !config.listen.clients.ip().is_loopback() {
            return Err("listen.clients is not a loopback address, and has no TLS".into());
        }
        if !config.listen.health.ip().is_loopback() {
            return Err("listen.health is not a loopback address".into());
        }
        Ok(config)
    }

    /// Opens the database. It waits for it: not to be called on a thread of an asynchronous
    /// runtime.
    ///
    /// # Errors
    /// If the database cannot be opened, or was made by another version of the program.
    pub fn open_store(&self) -> Result<Box<dyn Store>> {
        if let Some(path) = &self.database {
            let store = SqliteStore::open(path).map_err(|why| format!("{}: {why}", path.display()))?;
            return Ok(Box::new(store));
        }
        #[cfg(feature = "postgres")]
        if let Some(parameters) = &self.postgres {
            let store = crate::store::PostgresStore::open(parameters);
            return Ok(Box::new(store.map_err(|why| format!("postgres: {why}"))?));
        }
        Err("the program was built without the feature `postgres`".into())
    }

    /// The domain.
    ///
    /// # Errors
    /// If it is not a domain name.
    pub fn domain_name(&self) -> Result<DnsName> {
        Ok(DnsName::parse(&self.domain).map_err(|why| format!("domain {:?}: {why}", self.domain))?)
    }

    /// Host and port in the URLs of the directory.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.public_authority.as_deref().unwrap_or(&self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "domain = 'a.example'\ndatabase = 'a.db'\nkeys = '/keys'\n\
        [tls]\ncertificate = 'c'\nprivate_key = 'k'\nroots = 'r'\n";

    #[test]
    fn paths_count_from_the_folder_and_addresses_are_on_loopback() {
        let config = Config::parse(TEXT, Path::new("/etc/mimi")).unwrap();
        assert_eq!(config.database.as_deref(), Some(Path::new("/etc/mimi/a.db")));
        assert_eq!(config.postgres, None);
        assert_eq!(config.keys, Path::new("/keys"));
        for address in [config.listen.federation, config.listen.clients, config.listen.health] {
            assert!(address.ip().is_loopback());
        }
    }

    #[test]
    fn misspelt_keys_and_values_that_make_no_sense_are_refused() {
        let refuse = |more: &str, why: &str| {
            let error = Config::parse(&format!("{TEXT}{more}"), Path::new("/")).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        refuse("[limits]\nreport_bursts = 1", "unknown field `report_bursts`");
        refuse("[limit]\nmax_body = 1", "unknown field `limit`");
        refuse("[limits]\nmax_bodies = 1", "unknown field `max_bodies`");
        refuse("[listen]\nclients = '0.0.0.0:80'", "not a loopback address");
        refuse("[limits]\ndelivery_hours = 400", "less than limits.delivery_hours");
        let parse = |text: &str| Config::parse(text, Path::new("/"));
        for (text, why) in [
            (format!("postgres = 'host=/run'\n{TEXT}"), "one of the keys `database` and `postgres`"),
            (TEXT.replace("database = 'a.db'\n", ""), "one of the keys `database` and `postgres`"),
            (TEXT.replace("database = 'a.db'", "postgresql = 'host=/run'"), "unknown field `postgresql`"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(parse(&TEXT.replace("database = 'a.db'", "postgres = 'host=/run'")).is_ok());
        refuse("[[peers]]\ndomain = 'not a name'\nsignature_key = ''", "not a name");
    }
}
