//! Combined groups (mls-combiner, August 2026): the PSK that a post-quantum group gives to its
//! traditional group.

use mimi_codec::{
    Opaque, Writer,
    code_points::ComponentID,
    mls::{PreSharedKeyID, PreSharedKeyIDSelect},
};

use crate::{CipherSuiteProvider, CryptoError, Secret};

/// The PSK of a FULL commit and its name (mls-combiner §5.2).
///
/// ```
/// use mimi_codec::code_points::CipherSuite;
/// use mimi_crypto::{ApqPsk, CryptoError, RustCrypto, Secret};
///
/// let traditional = RustCrypto::new(CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519)?;
/// // What the MLS stack exports from the new epoch of the post-quantum group for the component
/// // `apq_mls_info`; it may have the length of another hash.
/// let apq_exporter = Secret::of_length([7; 48], 48)?;
/// let psk = ApqPsk::derive(&traditional, apq_exporter)?;
/// assert_eq!(psk.psk().len(), 32);
/// # Ok::<(), CryptoError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApqPsk {
    psk_id: Opaque,
    psk: Secret,
}

impl ApqPsk {
    // apq_exporter = SafeExportSecret(0x0006), in the post-quantum group
    // apq_psk_id = DeriveSecret(apq_exporter, "psk_id")
    // apq_psk = DeriveSecret(apq_exporter, "psk")
    /// Derives the PSK with the KDF of the traditional group, and deletes the exported secret.
    ///
    /// The exported secret has the KDF.Nh of the post-quantum group's suite, which may differ from
    /// that of `traditional` (reading N6).
    ///
    /// # Errors
    /// Those of [`CipherSuiteProvider::mac`].
    pub fn derive<S: CipherSuiteProvider + ?Sized>(
        traditional: &S,
        apq_exporter: Secret,
    ) -> Result<Self, CryptoError> {
        let psk_id = derive_with_any_key(traditional, &apq_exporter, b"psk_id")?;
        let psk = derive_with_any_key(traditional, &apq_exporter, b"psk")?;
        Ok(Self { psk_id: psk_id.expose().into(), psk })
    }

    /// The name of the PSK, `apq_psk_id`.
    #[must_use]
    pub const fn psk_id(&self) -> &Opaque {
        &self.psk_id
    }

    /// The PSK, `apq_psk`.
    #[must_use]
    pub const fn psk(&self) -> &Secret {
        &self.psk
    }

    /// What the PreSharedKey proposal of the traditional group's commit holds: `psktype`
    /// application, component `apq_mls_info`, and a fresh nonce of KDF.Nh bytes (RFC 9420 §8.4).
    #[must_use]
    pub fn pre_shared_key_id(&self, psk_nonce: impl Into<Opaque>) -> PreSharedKeyID {
        let component_id = ComponentID::APQ_MLS_INFO;
        PreSharedKeyID {
            psktype: PreSharedKeyIDSelect::Application { component_id, psk_id: self.psk_id.clone() },
            psk_nonce: psk_nonce.into(),
        }
    }

    /// Whether a PreSharedKeyID names this PSK.
    #[must_use]
    pub fn is_named_by(&self, id: &PreSharedKeyID) -> bool {
        let component_id = ComponentID::APQ_MLS_INFO;
        id.psktype == PreSharedKeyIDSelect::Application { component_id, psk_id: self.psk_id.clone() }
    }
}

// DeriveSecret(Secret, Label) = KDF.Expand(Secret, KDFLabel, KDF.Nh), which is one block:
//   T(1) = HMAC(Secret, KDFLabel || 0x01)   (RFC 5869 §2.3)
/// DeriveSecret from a secret that may have another length than the suite's KDF.Nh.
fn derive_with_any_key<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    secret: &Secret,
    label: &[u8],
) -> Result<Secret, CryptoError> {
    let nh = suite.parameters().nh;
    let length = u16::try_from(nh).map_err(|_| CryptoError::OutputTooLong { length: nh })?;
    let mut kdf_label = Writer::with_capacity(32);
    kdf_label.bytes(&length.to_be_bytes());
    kdf_label.vector(|writer| {
        writer.bytes(b"MLS 1.0 ");
        writer.bytes(label);
        Ok(())
    })?;
    kdf_label.opaque(b"")?;
    let block = suite.mac(secret, &[&kdf_label.into_bytes(), &[1]])?;
    Ok(Secret::from_provider(block.as_slice()))
}
