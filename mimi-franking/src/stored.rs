//! A verified frank as a client's database holds it.

use mimi_codec::{
    Decode, Encode, Reader, RoomUri, UserUri, Writer,
    protocol::{FrankAAD, ServerFrankingContext},
};

use crate::{
    CheckStamp, Construction, FrankableContent, FrankingError, VerifiedFrank,
    receiver::{self, DecryptedMessage},
};

/// A frank that was verified before it was stored. It is as trustworthy as the storage: an attacker
/// who can write there can store a false frank, so this type is not a [`VerifiedFrank`] and is
/// never accepted as one.
///
/// A false frank harms only the client itself: the hub refuses it in a report. A client shows the
/// sender from its own message record. To be certain, a client calls [`Self::verify_again`] while
/// it has the key. The key of [`Signed`](crate::Signed) is public and can be stored with the epoch.
/// The secrets of the other constructions must be deleted with the epoch.
///
/// The encoding is ours, and is stable:
///
/// ```text
/// struct {
///     uint8 revision;                 /* 6, 3 or 2 */
///     FrankAAD frank_aad;
///     Frank frank;                    /* of that revision */
///     ServerFrankingContext context;
/// } StoredFrank;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFrank<C: Construction> {
    pub(crate) frank_aad: FrankAAD,
    pub(crate) frank: C::Frank,
    pub(crate) context: ServerFrankingContext,
}

impl<C: Construction> StoredFrank<C> {
    /// The bytes to store.
    ///
    /// # Errors
    /// [`FrankingError::Encode`] if a value does not fit its vector.
    pub fn to_bytes(&self) -> Result<alloc::vec::Vec<u8>, FrankingError> {
        let mut writer = Writer::new();
        writer.bytes(&[C::REVISION]);
        self.frank_aad.encode(&mut writer)?;
        self.frank.encode(&mut writer)?;
        self.context.encode(&mut writer)?;
        Ok(writer.into_bytes())
    }

    /// Reads a stored frank.
    ///
    /// # Errors
    /// [`FrankingError::StoredConstruction`] for a frank of another construction,
    /// [`FrankingError::Decode`] if the bytes are malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrankingError> {
        match bytes.first() {
            Some(revision) if *revision != C::REVISION => {
                Err(FrankingError::StoredConstruction { expected: C::REVISION, actual: *revision })
            }
            _ => Ok(Stored::<C>::decode_exact(bytes)?.0),
        }
    }

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

    /// Verifies the frank again, for the application data that it is stored with.
    ///
    /// # Errors
    /// [`FrankingError::Identity`] if the stored sender or room is not in normal form, and those of
    /// [`receiver::verify`].
    pub fn verify_again(
        &self,
        agent: &impl CheckStamp<C>,
        content: &impl FrankableContent<C>,
        application_data: &[u8],
    ) -> Result<VerifiedFrank<C>, FrankingError> {
        let sender_uri = UserUri::try_from(&self.context.sender_uri)?;
        let room_uri = RoomUri::try_from(&self.context.room_uri)?;
        let received = DecryptedMessage {
            application_data,
            frank_aad: Some(&self.frank_aad),
            frank: Some(&self.frank),
            accepted_timestamp: self.context.accepted_timestamp,
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        };
        // A frank is present, so the result is not `None`.
        receiver::verify(agent, content, &received)?.ok_or(FrankingError::FrankWithoutTag)
    }
}

/// Decodes a frank whose revision was checked before.
struct Stored<C: Construction>(StoredFrank<C>);

impl<'a, C: Construction> Decode<'a> for Stored<C> {
    const NAME: &'static str = "StoredFrank";

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        reader.field::<u8>("revision")?;
        Ok(Self(StoredFrank {
            frank_aad: reader.field("frank_aad")?,
            frank: reader.field("frank")?,
            context: reader.field("context")?,
        }))
    }
}
