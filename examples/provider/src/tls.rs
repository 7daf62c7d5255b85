//! Mutual TLS: this provider's certificate, and the names in the peer's.

use std::{path::Path, sync::Arc};

use mimi_codec::{DnsNameRef, MatchedProvider, match_presented_identities};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::{Result, config::Tls};

/// HTTP/2, else HTTP/1.1.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What both directions are made with.
pub struct TlsConfigs {
    /// For connections of others.
    pub server: Arc<ServerConfig>,
    /// For connections to others.
    pub client: Arc<ClientConfig>,
}

fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Option<T>) -> Result<T> {
    let pem = std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(parse(&pem).ok_or_else(|| format!("{}: not the PEM that is expected", path.display()))?)
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().ok()?;
    Some(all).filter(|all| !all.is_empty())
}

impl TlsConfigs {
    /// Reads certificate, key and authorities. Both directions present the certificate, and accept
    /// those of the authorities.
    ///
    /// # Errors
    /// If a file does not hold what it should, or key and certificate do not belong together.
    pub fn read(files: &Tls) -> Result<Self> {
        let chain = read(&files.certificate, certificates)?;
        let key = || read(&files.private_key, |pem| PrivateKeyDer::from_pem_slice(pem).ok());
        let mut roots = RootCertStore::empty();
        for root in read(&files.roots, certificates)? {
            roots.add(root)?;
        }
        let roots = Arc::new(roots);
        let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build()?;
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key()?)?;
        server.alpn_protocols = PROTOCOLS.iter().map(|it| it.to_vec()).collect();
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key()?)?;
        client.alpn_protocols = PROTOCOLS.iter().map(|it| it.to_vec()).collect();
        Ok(Self { server: Arc::new(server), client: Arc::new(client) })
    }
}

/// The DNS names of the certificate whose chain was verified.
#[must_use]
pub fn presented_names(chain: Option<&[CertificateDer<'_>]>) -> Vec<String> {
    let Some(certificate) = chain.and_then(<[_]>::first) else { return Vec::new() };
    let Ok(certificate) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    certificate.valid_dns_names().map(str::to_owned).collect()
}

/// The provider of this domain, if these names are its (mimi-protocol-06 §4.1).
#[must_use]
pub fn matched(domain: DnsNameRef<'_>, names: &[String]) -> Option<MatchedProvider> {
    match_presented_identities(domain, names).ok()
}
