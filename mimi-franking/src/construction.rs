//! The three constructions as types. A room has one, which the caller names; nothing in a message chooses it.

use alloc::vec::Vec;
use core::fmt::Debug;

use mimi_codec::{
    DecodeOwned, Encode,
    protocol::{FrankAAD, ServerFrankingContext},
};
use rand_core::CryptoRng;

use crate::{FrankingError, TagKey};

/// What only this crate can implement and call: a stamp is made by [`frank`](crate::hub::frank) and checked by the receiver's and the
/// report's functions, never alone.
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

        /// The same verdicts as of [`Self::check`], one by one.
        fn check_all(
            &self,
            franks: &[(&C::Frank, &ServerFrankingContext)],
        ) -> Vec<Result<(), FrankingError>> {
            franks.iter().map(|(frank, context)| self.check(frank, context)).collect()
        }
    }

    /// What the hub checks of its own frank besides `server_frank`.
    pub trait Rechecking<C: Construction> {
        fn recheck_all(
            &self,
            franks: &[(&C::Frank, &ServerFrankingContext)],
        ) -> Vec<Result<(), FrankingError>>;
    }
}

/// One of the constructions: [`Signed`](crate::Signed), [`IntegrityMac`](crate::IntegrityMac), [`ContextHash`](crate::ContextHash).
///
/// Every function of the roles has it as a type parameter, which what the caller brings along decides: the franking agent's key or the
/// secret of the epoch. A frank of one construction is another type than that of another.
pub trait Construction: sealed::Sealed + Clone + Debug + PartialEq + Eq {
    /// The draft revision that the construction is named after: 6, 3 or 2. A [`StoredFrank`](crate::StoredFrank) begins with it.
    const REVISION: u8;

    /// What keys the franking tag and stands in the content.
    type TagKey: TagKey;

    /// The hub's stamp as it is fanned out.
    type Frank: Clone + Debug + PartialEq + Eq + Encode + DecodeOwned;

    /// The octets of the context, which `server_frank` and what receivers check cover.
    ///
    /// # Errors
    /// [`FrankingError::Encode`] for a URI beyond 2^30 - 1 octets.
    fn context(context: &ServerFrankingContext) -> Result<Vec<u8>, FrankingError>;

    /// The hub's HMAC in a frank.
    fn server_frank(frank: &Self::Frank) -> &[u8; 32];

    /// The franking tag, where the frank repeats it.
    fn repeated_tag(_frank: &Self::Frank) -> Option<&[u8; 32]> {
        None
    }
}

/// What a hub completes franks with: [`FrankingAgentKey`](crate::FrankingAgentKey), [`IntegritySecret`](crate::IntegritySecret) or
/// [`ContextSecret`](crate::ContextSecret).
pub trait Stamp<C: Construction>: sealed::Stamping<C> {}

/// What a receiver verifies franks with: [`FrankingAgent`](crate::FrankingAgent), [`IntegritySecret`](crate::IntegritySecret) or
/// [`ContextSecret`](crate::ContextSecret).
pub trait CheckStamp<C: Construction>: sealed::Checking<C> {}

/// What a hub verifies its own franks with when they are reported, besides its `hub_key`: [`OwnAgents`](crate::OwnAgents),
/// [`IntegrityMac`](crate::IntegrityMac) or [`ContextHash`](crate::ContextHash).
pub trait RecheckStamp<C: Construction>: sealed::Rechecking<C> {}

/// The context of 02, 03 and 04: nothing says where the sender ends and the room begins.
///
/// ```text
/// context = senderURI || roomURI || acceptedTimestamp
/// ```
pub(crate) fn bare_context(context: &ServerFrankingContext) -> Vec<u8> {
    let timestamp = context.accepted_timestamp.to_be_bytes();
    [context.sender_uri.as_bytes(), context.room_uri.as_bytes(), &timestamp].concat()
}
