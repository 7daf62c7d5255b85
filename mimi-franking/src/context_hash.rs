//! The construction of mimi-protocol-02: a hash that hides the context.

use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode, EncodeError, Octets, Reader, Writer,
    protocol::{FrankAAD, ServerFrankingContext},
};
use mimi_crypto::{ApEpoch, CipherSuiteProvider, Secret};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::{
    CheckStamp, Construction, FrankingError, FrankingKey, RecheckStamp, Stamp,
    construction::{bare_context, sealed},
    integrity_mac::check_secret_length,
    tag::same,
};

/// mimi-protocol-02: the SHA-256 of `franking_context_secret` and the context. Followers do not
/// have the secret, so they cannot confirm a guess of the sender.
///
/// **What it cannot stop.**
/// - The hash does not cover `server_frank`. A follower can replace it: receivers notice nothing,
///   and a report fails at the hub.
/// - Every member has the secret and can compute the hash of any context.
/// - The context has no lengths, as in [`IntegrityMac`](crate::IntegrityMac).
///
/// The hash can be extended without the secret, but only to a context that ends in padding and
/// further bytes. A receiver computes the hash of its own sender, room and time, so an extended
/// hash never matches.
///
/// As a value, it is the hub's [`RecheckStamp`]: a report is checked by `server_frank` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextHash;

/// The frank of mimi-protocol-02 (5.5).
///
/// ```text
/// struct {
///   uint8[32] franking_tag;
///   uint8[32] serverFrank;
///   uint8[32] franking_context_hash;
/// } Frank;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextHashFrank {
    /// The tag in the message's AAD.
    pub franking_tag: Octets<32>,
    /// The hub's HMAC over the franking tag and the context.
    pub server_frank: Octets<32>,
    /// The hash of the context under the epoch's secret.
    pub franking_context_hash: Octets<32>,
}

impl<'a> Decode<'a> for ContextHashFrank {
    const NAME: &'static str = "Frank";
    const FIXED_LEN: Option<usize> = Some(96);

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        Ok(Self {
            franking_tag: reader.field("franking_tag")?,
            server_frank: reader.field("serverFrank")?,
            franking_context_hash: reader.field("franking_context_hash")?,
        })
    }
}

impl Encode for ContextHashFrank {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.franking_tag.encode(writer)?;
        self.server_frank.encode(writer)?;
        self.franking_context_hash.encode(writer)
    }
}

impl sealed::Sealed for ContextHash {}

impl Construction for ContextHash {
    const REVISION: u8 = 2;
    type TagKey = FrankingKey;
    type Frank = ContextHashFrank;

    // context = senderURI || roomURI || acceptedTimestamp
    fn context(context: &ServerFrankingContext) -> Result<Vec<u8>, FrankingError> {
        Ok(bare_context(context))
    }

    fn server_frank(frank: &ContextHashFrank) -> &[u8; 32] {
        &frank.server_frank
    }

    fn repeated_tag(frank: &ContextHashFrank) -> Option<&[u8; 32]> {
        Some(&frank.franking_tag)
    }
}

/// `franking_context_secret` of an epoch, known to the members and to the hub as an associated
/// party.
#[derive(Clone, Debug)]
pub struct ContextSecret(Secret);

impl ContextSecret {
    // franking_context_secret = DeriveSecret(ap_exporter_secret, "franking_context")
    /// The secret of this epoch of the associated-party key schedule.
    ///
    /// # Errors
    /// [`FrankingError::Crypto`] if the provider fails.
    pub fn of_epoch<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        epoch: &ApEpoch,
    ) -> Result<Self, FrankingError> {
        Self::new(epoch.franking_context_secret(suite)?)
    }

    /// A secret that was derived elsewhere.
    ///
    /// # Errors
    /// [`FrankingError::SecretLength`] unless it has the 32, 48 or 64 bytes of a suite's KDF.Nh.
    pub fn new(franking_context_secret: Secret) -> Result<Self, FrankingError> {
        check_secret_length(&franking_context_secret)?;
        Ok(Self(franking_context_secret))
    }

    // franking_context_hash = SHA256(franking_context_secret || context)
    fn context_hash(&self, context: &ServerFrankingContext) -> [u8; 32] {
        let hash = Sha256::new().chain_update(self.0.expose()).chain_update(bare_context(context));
        hash.finalize().into()
    }
}

impl Stamp<ContextHash> for ContextSecret {}

impl sealed::Stamping<ContextHash> for ContextSecret {
    fn stamp(
        &self,
        franking_tag: &FrankAAD,
        server_frank: [u8; 32],
        context: &ServerFrankingContext,
        _: &mut dyn CryptoRng,
    ) -> Result<ContextHashFrank, FrankingError> {
        Ok(ContextHashFrank {
            franking_tag: franking_tag.franking_tag,
            server_frank: server_frank.into(),
            franking_context_hash: self.context_hash(context).into(),
        })
    }
}

impl CheckStamp<ContextHash> for ContextSecret {}

impl sealed::Checking<ContextHash> for ContextSecret {
    fn check(&self, frank: &ContextHashFrank, context: &ServerFrankingContext) -> Result<(), FrankingError> {
        if same(&self.context_hash(context), &frank.franking_context_hash) {
            Ok(())
        } else {
            Err(FrankingError::ContextHashMismatch)
        }
    }
}

impl RecheckStamp<ContextHash> for ContextHash {}

impl sealed::Rechecking<ContextHash> for ContextHash {
    /// The epoch's secret is deleted by the time of a report; `server_frank` is checked instead.
    fn recheck_all(
        &self,
        franks: &[(&ContextHashFrank, &ServerFrankingContext)],
    ) -> Vec<Result<(), FrankingError>> {
        vec![Ok(()); franks.len()]
    }
}
