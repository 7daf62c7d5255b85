//! The sender's client commits to a message before it encrypts it.
//!
//! 1. Put a new random salt (mimi-protocol-02: a new [`FrankingKey`](crate::FrankingKey)), the
//!    sender URI and the room URI into the content. For MIMI content that is
//!    `mimi_content::Salt::generate` and `set_sender_and_room`.
//! 2. [`commit`] to the application data, exactly as MLS will protect it.
//! 3. Put [`Commitment::safe_aad_item`] into the message's SafeAAD, and [`Commitment::sending_uri`]
//!    beside the message into the SubmitMessageRequest.
//!
//! The hub's answer carries the accepted time and the frank. The sender verifies them as a
//! [receiver](crate::receiver) does.

use mimi_codec::{
    Encode, RoomUri, UserUri, code_points::ComponentID, extensions::SafeAADItem, protocol::FrankAAD,
};

use crate::{Assertions, Construction, FrankableContent, FrankingError, UnboundKind, franking_tag};

/// A message that its sender has committed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    frank_aad: FrankAAD,
    sending_uri: UserUri,
}

impl Commitment {
    /// The component `frank_aad`, 0x0020.
    #[must_use]
    pub fn frank_aad(&self) -> &FrankAAD {
        &self.frank_aad
    }

    /// The item for the message's SafeAAD. MLS authenticates it with the ciphertext, so no server
    /// can change the tag.
    ///
    /// # Errors
    /// None today: a tag always fits.
    pub fn safe_aad_item(&self) -> Result<SafeAADItem, FrankingError> {
        let aad_item_data = self.frank_aad.to_bytes()?.into();
        Ok(SafeAADItem { component_id: ComponentID::FRANK_AAD, aad_item_data })
    }

    /// The `sendingUri` for the SubmitMessageRequest, which is the one in the content.
    #[must_use]
    pub fn sending_uri(&self) -> &UserUri {
        &self.sending_uri
    }
}

/// Commits to `application_data`, which the sender is about to send as `sending_uri` to `room_uri`
/// (mimi-protocol-06 §5.4.1.1).
///
/// # Errors
/// [`FrankingError::Content`] if the content cannot be franked; [`FrankingError::SenderMismatch`]
/// or [`FrankingError::RoomMismatch`] if it asserts another sender or room, which every receiver
/// would refuse; [`FrankingError::Unbound`] if it refers to a file without binding it: the
/// receivers could get different files, and no report could prove one.
pub fn commit<C: Construction>(
    content: &impl FrankableContent<C>,
    application_data: &[u8],
    sending_uri: &UserUri,
    room_uri: &RoomUri,
) -> Result<Commitment, FrankingError> {
    let assertions = content.assertions(application_data)?;
    match assertions.unbound.iter().find(|unbound| unbound.kind != UnboundKind::Service) {
        Some(file) => Err(FrankingError::Unbound(*file)),
        None => commit_to(&assertions, application_data, sending_uri, room_uri),
    }
}

/// Commits like [`commit`], and allows files that the message does not bind. The content of such a
/// file cannot be reported.
///
/// # Errors
/// Those of [`commit`], except [`FrankingError::Unbound`].
pub fn commit_with_unbound_files<C: Construction>(
    content: &impl FrankableContent<C>,
    application_data: &[u8],
    sending_uri: &UserUri,
    room_uri: &RoomUri,
) -> Result<Commitment, FrankingError> {
    commit_to(&content.assertions(application_data)?, application_data, sending_uri, room_uri)
}

fn commit_to<C: Construction>(
    assertions: &Assertions<'_, C>,
    application_data: &[u8],
    sending_uri: &UserUri,
    room_uri: &RoomUri,
) -> Result<Commitment, FrankingError> {
    assertions.check_sender(sending_uri.as_bytes())?;
    assertions.check_room(room_uri.as_bytes())?;
    let frank_aad = franking_tag(&assertions.tag_key, application_data);
    Ok(Commitment { frank_aad, sending_uri: sending_uri.clone() })
}
