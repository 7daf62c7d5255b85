//! A receiving client: it verifies the frank of what it has decrypted, and stores what a report
//! will need.
//!
//! What the three outcomes of [`verify`] mean:
//!
//! - `Ok(Some(frank))`: the hub vouches that this sender sent this to this room at this time. Store
//!   [`VerifiedFrank::store`] beside the application data; the ciphertext can go.
//! - `Ok(None)`: the message has no frank. It is shown like any other, and cannot be proven to the
//!   hub.
//! - `Err(…)`: the frank is wrong. Discard the message: its sender lied, or a server changed it.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    RoomUri, UserUri,
    protocol::{FrankAAD, ServerFrankingContext},
};
use mimi_crypto::CryptoError;

use crate::{
    CheckStamp, Construction, FrankableContent, FrankingError, StoredFrank, UnboundContent,
    tag::{Undisclosed, check_tag, same},
};

/// A decrypted message with its frank and the identities that the client checked. Its `Debug` form
/// shows how long the content is, not the content.
#[derive(Clone, Copy)]
pub struct DecryptedMessage<'a, C: Construction> {
    /// The application data, byte for byte as MLS decrypted it.
    pub application_data: &'a [u8],
    /// The `frank_aad` item of the message's SafeAAD, if present.
    pub frank_aad: Option<&'a FrankAAD>,
    /// The frank of the FanoutMessage, if present.
    pub frank: Option<&'a C::Frank>,
    /// The time of the FanoutMessage, in milliseconds since the UNIX epoch.
    pub accepted_timestamp: u64,
    /// The user URI or `user_pseudonym` of the sending leaf, from the client's check of the leaf's
    /// credential.
    pub sender_uri: &'a UserUri,
    /// The room whose group decrypted the message.
    pub room_uri: &'a RoomUri,
}

impl<C: Construction> fmt::Debug for DecryptedMessage<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptedMessage")
            .field("application_data", &Undisclosed(self.application_data))
            .field("frank_aad", &self.frank_aad)
            .field("frank", &self.frank)
            .field("accepted_timestamp", &self.accepted_timestamp)
            .field("sender_uri", &self.sender_uri)
            .field("room_uri", &self.room_uri)
            .finish()
    }
}

/// A frank that was verified for one message. Only [`verify`], [`verify_all`] and
/// [`StoredFrank::verify_again`] return it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedFrank<C: Construction> {
    frank_aad: FrankAAD,
    frank: C::Frank,
    context: ServerFrankingContext,
    unbound: Vec<UnboundContent>,
}

impl<C: Construction> VerifiedFrank<C> {
    /// The tag of the message.
    #[must_use]
    pub fn frank_aad(&self) -> &FrankAAD {
        &self.frank_aad
    }

    /// The hub's stamp.
    #[must_use]
    pub fn frank(&self) -> &C::Frank {
        &self.frank
    }

    /// Sender, room and time.
    #[must_use]
    pub fn context(&self) -> &ServerFrankingContext {
        &self.context
    }

    /// The content that the message refers to and the frank does not bind, services included. The
    /// receiver cannot prove to the hub what it got from there.
    #[must_use]
    pub fn unbound(&self) -> &[UnboundContent] {
        &self.unbound
    }

    /// The frank to store with the message.
    #[must_use]
    pub fn store(&self) -> StoredFrank<C> {
        StoredFrank {
            frank_aad: self.frank_aad.clone(),
            frank: self.frank.clone(),
            context: self.context.clone(),
        }
    }
}

/// Verifies the frank of a received message. Returns `None` if the message has no frank
/// (mimi-protocol-06 §5.4.1.3).
///
/// `agent` fixes the construction: the group's [`FrankingAgent`](crate::FrankingAgent), or the
/// epoch's [`IntegritySecret`](crate::IntegritySecret) or [`ContextSecret`](crate::ContextSecret).
///
/// # Errors
/// In this order: [`FrankingError::FrankWithoutTag`], [`FrankingError::Content`],
/// [`FrankingError::SenderMismatch`], [`FrankingError::RoomMismatch`],
/// [`FrankingError::TagMismatch`], [`FrankingError::RepeatedTagMismatch`], and the construction's
/// own errors: [`FrankingError::CipherSuiteMismatch`] and [`FrankingError::IntegritySignature`],
/// [`FrankingError::IntegrityCheckMismatch`] or [`FrankingError::ContextHashMismatch`].
pub fn verify<C: Construction>(
    agent: &impl CheckStamp<C>,
    content: &impl FrankableContent<C>,
    received: &DecryptedMessage<'_, C>,
) -> Result<Option<VerifiedFrank<C>>, FrankingError> {
    let Some(candidate) = check_all_but_stamp(content, received)? else { return Ok(None) };
    agent.check(&candidate.frank, &candidate.context)?;
    Ok(Some(candidate))
}

/// Verifies the franks of many messages, with the verdict of [`verify`] for each. It is faster if
/// the provider verifies many signatures by one key faster than one by one
/// ([`verify_all`](mimi_crypto::CipherSuiteProvider::verify_all)).
pub fn verify_all<C: Construction>(
    agent: &impl CheckStamp<C>,
    content: &impl FrankableContent<C>,
    received: &[DecryptedMessage<'_, C>],
) -> Vec<Result<Option<VerifiedFrank<C>>, FrankingError>> {
    let candidates: Vec<_> = received.iter().map(|received| check_all_but_stamp(content, received)).collect();
    let open: Vec<_> = candidates
        .iter()
        .filter_map(|candidate| candidate.as_ref().ok()?.as_ref())
        .map(|candidate| (&candidate.frank, &candidate.context))
        .collect();
    let mut verdicts = agent.check_all(&open).into_iter();
    candidates
        .into_iter()
        .map(|candidate| {
            let Some(candidate) = candidate? else { return Ok(None) };
            // The construction returns one verdict for each frank.
            verdicts.next().unwrap_or(Err(CryptoError::ProviderFailure.into()))?;
            Ok(Some(candidate))
        })
        .collect()
}

/// Checks everything but the stamp.
fn check_all_but_stamp<C: Construction>(
    content: &impl FrankableContent<C>,
    received: &DecryptedMessage<'_, C>,
) -> Result<Option<VerifiedFrank<C>>, FrankingError> {
    let Some(frank) = received.frank else { return Ok(None) };
    let frank_aad = received.frank_aad.ok_or(FrankingError::FrankWithoutTag)?;
    let assertions = content.assertions(received.application_data)?;
    assertions.check_sender(received.sender_uri.as_bytes())?;
    assertions.check_room(received.room_uri.as_bytes())?;
    check_tag(&assertions.tag_key, received.application_data, frank_aad)?;
    if C::repeated_tag(frank).is_some_and(|tag| !same(tag, &frank_aad.franking_tag)) {
        return Err(FrankingError::RepeatedTagMismatch);
    }
    let context = ServerFrankingContext {
        sender_uri: received.sender_uri.into(),
        room_uri: received.room_uri.into(),
        accepted_timestamp: received.accepted_timestamp,
    };
    let (frank_aad, frank, unbound) = (frank_aad.clone(), frank.clone(), assertions.unbound);
    Ok(Some(VerifiedFrank { frank_aad, frank, context, unbound }))
}
