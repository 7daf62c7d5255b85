//! Combined groups (mls-combiner, August 2026): the PSK that a post-quantum group gives to its
//! traditional group.

use core::fmt;

use mimi_codec::{
    Opaque, Writer,
    apq::APQInfo,
    code_points::{CipherSuite, ComponentID},
    mls::{PreSharedKeyID, PreSharedKeyIDSelect},
};

use crate::{CipherSuiteProvider, CryptoError, Secret};

/// What a cipher suite is made of, as far as the combiner asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Traditional,
    /// A KEM of a post-quantum and a traditional one.
    HybridKem,
    /// A post-quantum KEM and a traditional signature scheme.
    PostQuantumKem,
    /// Both are post-quantum.
    PostQuantum,
}

fn parts(suite: CipherSuite) -> Option<Parts> {
    Some(match suite {
        CipherSuite(1..=7) => Parts::Traditional,
        CipherSuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_ED25519
        | CipherSuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_ED25519
        | CipherSuite::MLS_128_MLKEM768P256_AES128GCM_SHA256_P256
        | CipherSuite::MLS_128_MLKEM768P256_AES256GCM_SHA384_P256
        | CipherSuite::MLS_192_MLKEM1024P384_AES256GCM_SHA384_P384
        | CipherSuite::MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_MLDSA44 => Parts::HybridKem,
        CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_ED25519
        | CipherSuite::MLS_128_MLKEM768_AES256GCM_SHA384_P256
        | CipherSuite::MLS_192_MLKEM1024_AES256GCM_SHA384_P384 => Parts::PostQuantumKem,
        CipherSuite::MLS_192_MLKEM768_AES256GCM_SHA384_MLDSA65
        | CipherSuite::MLS_256_MLKEM1024_AES256GCM_SHA384_MLDSA87 => Parts::PostQuantum,
        _ => return None,
    })
}

/// Why two cipher suites make no combined session (mls-combiner §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApqSuitesError {
    /// The suite is neither one of RFC 9420 nor one of mls-pq-ciphersuites-06.
    Unknown(CipherSuite),
    /// The suite of the traditional group is not traditional.
    NotTraditional(CipherSuite),
    /// The KEM of the post-quantum group's suite is traditional or a hybrid.
    NotPurePostQuantum(CipherSuite),
    /// The mode asks for post-quantum signatures, and those of the suite are traditional.
    TraditionalSignatures(CipherSuite),
}

impl fmt::Display for ApqSuitesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(suite) => write!(f, "cipher suite {} is unknown", suite.value()),
            Self::NotTraditional(suite) => {
                write!(f, "cipher suite {} of the traditional group is not traditional", suite.value())
            }
            Self::NotPurePostQuantum(suite) => {
                write!(f, "the KEM of cipher suite {} is not purely post-quantum", suite.value())
            }
            Self::TraditionalSignatures(suite) => {
                write!(f, "the signatures of cipher suite {} are traditional", suite.value())
            }
        }
    }
}

impl core::error::Error for ApqSuitesError {}

/// Whether the two cipher suites of an APQInfo may be combined in its mode (mls-combiner §4, §7.1).
///
/// The traditional group has a suite of RFC 9420 (1 to 7). The post-quantum group has one whose KEM
/// is ML-KEM alone: 0xF042, 0x0050, 0x0042, 0x0051 or 0x0907. With `mode` true (confidentiality and
/// authenticity) its signatures are ML-DSA's, too: 0x0051 or 0x0907.
///
/// # Errors
/// An [`ApqSuitesError`].
///
/// ```
/// use mimi_codec::{apq::APQInfo, code_points::CipherSuite};
/// use mimi_crypto::{ApqSuitesError, check_apq_suites};
///
/// let mut info = APQInfo {
///     t_session_group_id: "t".into(),
///     pq_session_group_id: "pq".into(),
///     mode: false,
///     t_cipher_suite: CipherSuite(1),
///     pq_cipher_suite: CipherSuite(0x0050),
///     t_epoch: 1,
///     pq_epoch: 1,
/// };
/// assert_eq!(check_apq_suites(&info), Ok(()));
/// info.mode = true;
/// assert_eq!(check_apq_suites(&info), Err(ApqSuitesError::TraditionalSignatures(CipherSuite(0x0050))));
/// ```
pub fn check_apq_suites(info: &APQInfo) -> Result<(), ApqSuitesError> {
    let (t, pq) = (info.t_cipher_suite, info.pq_cipher_suite);
    if parts(t).ok_or(ApqSuitesError::Unknown(t))? != Parts::Traditional {
        return Err(ApqSuitesError::NotTraditional(t));
    }
    match parts(pq).ok_or(ApqSuitesError::Unknown(pq))? {
        Parts::PostQuantum => Ok(()),
        Parts::PostQuantumKem if !info.mode => Ok(()),
        Parts::PostQuantumKem => Err(ApqSuitesError::TraditionalSignatures(pq)),
        Parts::HybridKem | Parts::Traditional => Err(ApqSuitesError::NotPurePostQuantum(pq)),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pure_post_quantum_suites_are_the_other_half() {
        let check = |t, pq, mode| {
            check_apq_suites(&APQInfo {
                t_session_group_id: "t".into(),
                pq_session_group_id: "pq".into(),
                mode,
                t_cipher_suite: CipherSuite(t),
                pq_cipher_suite: CipherSuite(pq),
                t_epoch: 0,
                pq_epoch: 0,
            })
        };
        for t in 1..=7 {
            for pq in [0xf042, 0x0050, 0x0042] {
                assert_eq!(check(t, pq, false), Ok(()));
                let refused = Err(ApqSuitesError::TraditionalSignatures(CipherSuite(pq)));
                assert_eq!(check(t, pq, true), refused);
            }
            for pq in [0x0051, 0x0907] {
                assert_eq!((check(t, pq, false), check(t, pq, true)), (Ok(()), Ok(())));
            }
            // Hybrids, the one with ML-DSA too, and a traditional suite.
            for pq in [0x004f, 0x004e, 0xf0a3, 0xf0a4, 0xf0a5, 0x0052, 2] {
                let refused = Err(ApqSuitesError::NotPurePostQuantum(CipherSuite(pq)));
                assert_eq!(check(t, pq, false), refused);
            }
        }
        for t in [0x004f, 0x0050, 0x0051] {
            assert_eq!(check(t, 0x0051, false), Err(ApqSuitesError::NotTraditional(CipherSuite(t))));
        }
        let unknown = Err(ApqSuitesError::Unknown(CipherSuite(0x0a0a)));
        assert_eq!((check(0x0a0a, 0x0051, false), check(1, 0x0a0a, false)), (unknown, unknown));
    }
}
