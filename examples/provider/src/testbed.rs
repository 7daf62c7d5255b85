//! Providers in a folder: a certificate authority, certificates, keys and configurations, for the
//! demo and for tests.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::{
    Result,
    clock::{Clock, SystemClock},
    engine::generator,
    identity::ProviderKeys,
};

/// A certificate authority of its own, whose key lives as long as the value.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    /// A new authority.
    ///
    /// # Errors
    /// If no key can be made.
    pub fn new() -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// Its certificate.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate with these DNS names, and its private key.
    ///
    /// # Errors
    /// If a name is no DNS name.
    pub fn certificate(&self, names: &[&str]) -> Result<(String, String)> {
        let key = KeyPair::generate()?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names)?.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

/// The files of a provider.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its domain.
    pub domain: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its public key, in hexadecimal.
    pub public_key: String,
    /// Where it listens for other providers.
    pub address: SocketAddr,
    /// The line of its configuration that names the database: SQLite in its folder by default.
    pub database: String,
}

/// Its clients register with this.
pub const REGISTRATION_TOKEN: &str = "only-in-this-testbed";

impl Site {
    /// Makes the folder, the certificate and the keys of a provider.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn create(ca: &Ca, parent: &Path, domain: &str, address: SocketAddr) -> Result<Self> {
        let folder = parent.join(domain);
        std::fs::create_dir_all(&folder)?;
        let (certificate, key) = ca.certificate(&[domain])?;
        std::fs::write(folder.join("certificate.pem"), certificate)?;
        std::fs::write(folder.join("key.pem"), key)?;
        std::fs::write(folder.join("roots.pem"), ca.pem())?;
        // Franks of the first messages are of a key that is in force.
        let from_ms = SystemClock.now_ms().saturating_sub(86_400_000);
        let public = ProviderKeys::generate(&folder.join("provider.keys"), from_ms, &mut generator()?)?;
        let public_key = hex::encode(public.as_slice());
        let database = "database = 'provider.db'".to_owned();
        Ok(Self { domain: domain.to_owned(), folder, public_key, address, database })
    }

    /// Writes the configuration: the other sites are its peers, whose assets it downloads. `more`
    /// is TOML that comes after it. Returns its file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn configure(&self, all: &[Self], more: &str) -> Result<PathBuf> {
        let mut text = format!(
            "domain = '{}'\n{}\nkeys = 'provider.keys'\n\
             registration_token = '{REGISTRATION_TOKEN}'\n\
             [listen]\nfederation = '{}'\nclients = '127.0.0.1:0'\nhealth = '127.0.0.1:0'\n\
             [tls]\ncertificate = 'certificate.pem'\nprivate_key = 'key.pem'\nroots = 'roots.pem'\n",
            self.domain, self.database, self.address
        );
        for peer in all.iter().filter(|it| it.domain != self.domain) {
            write!(
                text,
                "[[peers]]\ndomain = '{0}'\nsignature_key = '{1}'\naddress = '{2}'\nasset_domains = ['{0}']\n",
                peer.domain, peer.public_key, peer.address
            )?;
        }
        text.push_str(more);
        let path = self.folder.join("provider.toml");
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

/// A free port of an address. It is free until another process takes it.
///
/// # Errors
/// If the system has none.
pub fn free_address(of: Ipv4Addr) -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind((of, 0))?.local_addr()?)
}
