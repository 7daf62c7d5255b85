//! A client's queue ID in its leaf, sealed to the client's provider
//! (mimi-metadata-minimalization-02 §8).
//!
//! A client has one queue for all rooms, so in clear its ID would link them. The draft seals it
//! with an HPKE key of the provider, in a leaf node extension, and leaves the form open. Here:
//!
//! ```text
//! EncryptWithLabel(provider_key, "QueueId", client_pseudonym IdentifierUri, QueueIdTBE)
//!
//! struct {
//!   opaque queue_id<V>;
//!   opaque padding[64 - length of queue_id];    /* zeros */
//! } QueueIdTBE;
//! ```
//!
//! The HPKECiphertext is the data of the component
//! [`ENCRYPTED_QUEUE_ID`](mimi_codec::code_points::ComponentID::ENCRYPTED_QUEUE_ID) in the leaf's
//! `app_data_dictionary`. Bound to the client pseudonym, it is of no use in another client's leaf;
//! padded, it does not tell providers' clients apart by its length.

use mimi_codec::{
    Decode, Encode, Opaque, Reader, SecretOpaque, Writer,
    code_points::ComponentID,
    mls::{HPKECiphertext, HPKEPublicKey, LeafNode},
    protocol::IdentifierUri,
};
use mimi_crypto::{CipherSuiteProvider, HpkePrivateKey, decrypt_with_label, encrypt_with_label};
use rand_core::CryptoRng;

use crate::PseudonymError;

const LABEL: &[u8] = b"QueueId";

/// The greatest length of a queue ID, in bytes.
pub const MAX_QUEUE_ID: usize = 63;

/// The length of every QueueIdTBE, in bytes.
const PADDED: usize = 64;

/// Seals a queue ID to the client's provider, for the leaf with this client pseudonym.
///
/// # Errors
/// [`QueueIdTooLong`](PseudonymError::QueueIdTooLong) beyond [`MAX_QUEUE_ID`] bytes;
/// [`Crypto`](PseudonymError::Crypto) for a key that is not of the suite.
pub fn seal_queue_id<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    provider_key: &HPKEPublicKey,
    queue_id: &[u8],
    client_pseudonym: &IdentifierUri,
    rng: &mut dyn CryptoRng,
) -> Result<HPKECiphertext, PseudonymError> {
    if queue_id.len() > MAX_QUEUE_ID {
        return Err(PseudonymError::QueueIdTooLong { expected: MAX_QUEUE_ID, actual: queue_id.len() });
    }
    let mut writer = Writer::with_capacity(PADDED);
    writer.opaque(queue_id)?;
    let mut plaintext = writer.into_bytes();
    plaintext.resize(PADDED, 0);
    let plaintext = SecretOpaque::new(plaintext);
    let context = client_pseudonym.to_bytes()?;
    Ok(encrypt_with_label(suite, provider_key, LABEL, &context, plaintext.expose(), rng)?)
}

/// Opens the queue ID of the client with this pseudonym: the provider does so when a hub fans a
/// message out to it.
///
/// # Errors
/// [`QueueIdDoesNotOpen`](PseudonymError::QueueIdDoesNotOpen), also for a leaf that has copied
/// another's; [`Decode`](PseudonymError::Decode) for a plaintext that is not a QueueIdTBE.
pub fn open_queue_id<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    private_key: &HpkePrivateKey,
    sealed: &HPKECiphertext,
    client_pseudonym: &IdentifierUri,
) -> Result<Opaque, PseudonymError> {
    let context = client_pseudonym.to_bytes()?;
    let plaintext = decrypt_with_label(suite, private_key, LABEL, &context, sealed)
        .map_err(|error| super::connection::not_opened(error, PseudonymError::QueueIdDoesNotOpen))?;
    let mut reader = Reader::new(plaintext.expose());
    let queue_id: &[u8] = reader.field("queue_id")?;
    if plaintext.len() != PADDED || reader.rest().iter().any(|byte| *byte != 0) {
        return Err(PseudonymError::QueueIdDoesNotOpen);
    }
    Ok(queue_id.into())
}

/// The sealed queue ID in a leaf, which the hub hands to the client's provider; `None` if the leaf
/// has none.
///
/// # Errors
/// [`Decode`](PseudonymError::Decode) for other data in its place.
pub fn leaf_queue_id(leaf_node: &LeafNode) -> Result<Option<HPKECiphertext>, PseudonymError> {
    let data = leaf_node.extensions.component(ComponentID::ENCRYPTED_QUEUE_ID)?;
    Ok(data.map(HPKECiphertext::decode_exact).transpose()?)
}
