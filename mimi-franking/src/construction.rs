//! The three constructions as types. A room has one, which the caller names; nothing in a message
//! chooses it.

use alloc::vec::Vec;
use core::fmt::Debug;

use mimi_codec::{
    DecodeOwned, Encode,
    protocol::{FrankAAD, ServerFrankingContext},
};
use rand_core::CryptoRng;

use crate::{FrankingError, TagKey};

/// Only this crate implements and calls these traits: [`frank`](crate::hub::frank) makes a stamp,
/// and the functions of the receiver and of the report check it together with the rest of the
/// frank.
pub(crate) mod sealed {
    use super::{Construction, CryptoRng, FrankAAD, FrankingError, ServerFrankingContext, Vec};

    pub trait Sealed {}

    /// How the hub completes a frank, so that receivers can check it.
    pub trait Stamping<C: Construction> {
        fn stamp(
            &self,
            franking_tag: &FrankAAD,
            server_frank: [u8; 32],
            context: &ServerFrankingContext,
            rng: &mut dyn CryptoRng,
        ) -> Result<C::Frank, FrankingError>;
    }

    /// How a receiver checks what the hub added.
    pub trait Checking<C: Construction> {
        fn check(&self, frank: &C::Frank, context: &ServerFrankingContext) -> Result<(), FrankingError>;

        /// Returns the verdict of [`Self::check`] for each frank.
        fn check_all(
            &self,
            franks: &[(&C::Frank, &ServerFrankingContext)],
        ) -> Vec<Result<(), FrankingError>> {
            franks.iter().map(|(frank, context)| self.check(frank, context)).collect()
        }
    }

    /// What the hub checks in its own frank besides `server_frank`.
    pub trait Rechecking<C: Construction> {
        fn recheck_all(
            &self,
            franks: &[(&C::Frank, &ServerFrankingContext)],
        ) -> Vec<Result<(), FrankingError>>;
    }
}

/// One of the constructions: [`Signed`](crate::Signed), [`IntegrityMac`](crate::IntegrityMac),
/// [`ContextHash`](crate::ContextHash).
///
/// Every function of a role takes the construction as a type parameter. The caller's key fixes it:
/// the franking agent's key or the epoch's secret. Franks of two constructions have two types.
pub trait Construction: sealed::Sealed + Clone + Debug + PartialEq + Eq {
    /// The draft revision that the construction is named after: 6, 3 or 2. A
    /// [`StoredFrank`](crate::StoredFrank) begins with it.
    const REVISION: u8;

    /// The key of the franking tag, which the content carries.
    type TagKey: TagKey;

    /// The hub's stamp as it is fanned out.
    type Frank: Clone + Debug + PartialEq + Eq + Encode + DecodeOwned;

    /// The bytes of the context, which `server_frank` and the receivers' check cover.
    ///
    /// # Errors
    /// [`FrankingError::Encode`] for a URI beyond 2^30 - 1 bytes.
    fn context(context: &ServerFrankingContext) -> Result<Vec<u8>, FrankingError>;

    /// The hub's HMAC in a frank.
    fn server_frank(frank: &Self::Frank) -> &[u8; 32];

    /// The franking tag, where the frank repeats it.
    fn repeated_tag(_frank: &Self::Frank) -> Option<&[u8; 32]> {
        None
    }
}

/// The key with which a hub completes franks: [`FrankingAgentKey`](crate::FrankingAgentKey),
/// [`IntegritySecret`](crate::IntegritySecret) or [`ContextSecret`](crate::ContextSecret).
pub trait Stamp<C: Construction>: sealed::Stamping<C> {}

/// The key with which a receiver verifies franks: [`FrankingAgent`](crate::FrankingAgent),
/// [`IntegritySecret`](crate::IntegritySecret) or [`ContextSecret`](crate::ContextSecret).
pub trait CheckStamp<C: Construction>: sealed::Checking<C> {}

/// The keys with which a hub verifies its own reported franks, besides its `hub_key`:
/// [`OwnAgents`](crate::OwnAgents), [`IntegrityMac`](crate::IntegrityMac) or
/// [`ContextHash`](crate::ContextHash).
pub trait RecheckStamp<C: Construction>: sealed::Rechecking<C> {}

/// The context of mimi-protocol-02 to -04. It has no lengths: the boundary between sender and room
/// is ambiguous.
///
/// ```text
/// context = senderURI || roomURI || acceptedTimestamp
/// ```
pub(crate) fn bare_context(context: &ServerFrankingContext) -> Vec<u8> {
    let timestamp = context.accepted_timestamp.to_be_bytes();
    [context.sender_uri.as_bytes(), context.room_uri.as_bytes(), &timestamp].concat()
}
