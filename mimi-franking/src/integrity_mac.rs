//! The construction of mimi-protocol-03 and -04: the hub and the members share a secret per epoch.

use alloc::vec::Vec;

use mimi_codec::{
    Decode, Encode, EncodeError, Octets, Reader, Writer,
    protocol::{FrankAAD, ServerFrankingContext},
};
use mimi_crypto::{ApEpoch, CipherSuiteProvider, Secret};
use rand_core::CryptoRng;

use crate::{
    CheckStamp, Construction, FrankingError, FrankingSalt, RecheckStamp, Stamp,
    construction::{bare_context, sealed},
    tag::{MacKey, same},
};

/// mimi-protocol-03 and -04: an HMAC under `franking_integrity_secret`. Followers do not have the
/// secret, so they cannot confirm a guess of the sender.
///
/// **What it cannot stop.**
/// - Every member has the secret. A member that colludes with a follower can make receivers accept
///   a `server_frank` that the hub never made. The hub refuses it in a report.
/// - The context has no lengths. Two pairs of user and room URIs can have the same context: a
///   sender under one pair that colludes with the reporter can make the hub believe the other pair.
///   See `a_moved_boundary_pins_a_message_on_another` in `tests/attacks.rs`;
///   [`Signed`](crate::Signed) prevents this.
///
/// As a value, it is the hub's [`RecheckStamp`]: a report is checked by `server_frank` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegrityMac;

/// The frank of mimi-protocol-03 and -04 (5.5).
///
/// ```text
/// struct {
///   uint8[32] serverFrank;
///   uint8[32] franking_integrity_check;
/// } Frank;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrityMacFrank {
    /// The hub's HMAC over the franking tag and the context.
    pub server_frank: Octets<32>,
    /// The HMAC over `server_frank` and the context, which receivers check.
    pub franking_integrity_check: Octets<32>,
}

impl<'a> Decode<'a> for IntegrityMacFrank {
    const NAME: &'static str = "Frank";
    const FIXED_LEN: Option<usize> = Some(64);

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        Ok(Self {
            server_frank: reader.field("serverFrank")?,
            franking_integrity_check: reader.field("franking_integrity_check")?,
        })
    }
}

impl Encode for IntegrityMacFrank {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.server_frank.encode(writer)?;
        self.franking_integrity_check.encode(writer)
    }
}

impl sealed::Sealed for IntegrityMac {}

impl Construction for IntegrityMac {
    const REVISION: u8 = 3;
    type TagKey = FrankingSalt;
    type Frank = IntegrityMacFrank;

    // context = senderURI || roomURI || acceptedTimestamp
    fn context(context: &ServerFrankingContext) -> Result<Vec<u8>, FrankingError> {
        Ok(bare_context(context))
    }

    fn server_frank(frank: &IntegrityMacFrank) -> &[u8; 32] {
        &frank.server_frank
    }
}

/// `franking_integrity_secret` of an epoch, known to the members and to the hub as an associated
/// party.
#[derive(Clone, Debug)]
pub struct IntegritySecret(MacKey);

impl IntegritySecret {
    // franking_integrity_secret = DeriveSecret(ap_exporter_secret, "franking_integrity")
    /// The secret of this epoch of the associated-party key schedule.
    ///
    /// # Errors
    /// [`FrankingError::Crypto`] if the provider fails.
    pub fn of_epoch<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        epoch: &ApEpoch,
    ) -> Result<Self, FrankingError> {
        Self::new(&epoch.franking_integrity_secret(suite)?)
    }

    /// A secret that was derived elsewhere.
    ///
    /// # Errors
    /// [`FrankingError::SecretLength`] unless it has the 32, 48 or 64 bytes of a suite's KDF.Nh.
    pub fn new(franking_integrity_secret: &Secret) -> Result<Self, FrankingError> {
        check_secret_length(franking_integrity_secret)?;
        Ok(Self(MacKey::new(franking_integrity_secret.expose())))
    }

    // franking_integrity_check = HMAC_SHA256(franking_integrity_secret,
    //   serverFrank || context)
    fn integrity_check(&self, server_frank: &[u8; 32], context: &ServerFrankingContext) -> [u8; 32] {
        self.0.mac(&[server_frank, &bare_context(context)])
    }
}

/// Refuses a secret whose length is not that of a cipher suite's key schedule.
pub(crate) fn check_secret_length(secret: &Secret) -> Result<(), FrankingError> {
    match secret.len() {
        32 | 48 | 64 => Ok(()),
        actual => Err(FrankingError::SecretLength { actual }),
    }
}

impl Stamp<IntegrityMac> for IntegritySecret {}

impl sealed::Stamping<IntegrityMac> for IntegritySecret {
    fn stamp(
        &self,
        _: &FrankAAD,
        server_frank: [u8; 32],
        context: &ServerFrankingContext,
        _: &mut dyn CryptoRng,
    ) -> Result<IntegrityMacFrank, FrankingError> {
        Ok(IntegrityMacFrank {
            server_frank: server_frank.into(),
            franking_integrity_check: self.integrity_check(&server_frank, context).into(),
        })
    }
}

impl CheckStamp<IntegrityMac> for IntegritySecret {}

impl sealed::Checking<IntegrityMac> for IntegritySecret {
    fn check(&self, frank: &IntegrityMacFrank, context: &ServerFrankingContext) -> Result<(), FrankingError> {
        if same(&self.integrity_check(&frank.server_frank, context), &frank.franking_integrity_check) {
            Ok(())
        } else {
            Err(FrankingError::IntegrityCheckMismatch)
        }
    }
}

impl RecheckStamp<IntegrityMac> for IntegrityMac {}

impl sealed::Rechecking<IntegrityMac> for IntegrityMac {
    /// The epoch's secret is deleted by the time of a report; `server_frank` is checked instead.
    fn recheck_all(
        &self,
        franks: &[(&IntegrityMacFrank, &ServerFrankingContext)],
    ) -> Vec<Result<(), FrankingError>> {
        vec![Ok(()); franks.len()]
    }
}
