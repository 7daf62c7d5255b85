//! Handshakes for members and for certain others, the hub among them (mls-semiprivatemessage-07).
//!
//! The sender's MLS stack gives the content, its authentication, and an unused key and nonce of the
//! sender's handshake ratchet; [`seal_semi_private_message`] makes the message. An external
//! receiver opens it with its private key, a member with the key and nonce of its own ratchet, and
//! both get an [`UnauthenticatedHandshake`]: who has the GroupContext turns it into a
//! [`VerifiedHandshake`], and a receiver without it knows no more than that a holder of the key
//! wrote it.
//!
//! `encrypted_sender_data` is for members, and neither encryption covers it: who changes it on the
//! way keeps the members from opening what external receivers still open. A hub that passes a
//! message on cannot know whether its members will.

use alloc::{boxed::Box, vec::Vec};

use mimi_codec::{
    Decode, Encode, Octets, Opaque, SecretOpaque,
    code_points::{ProposalType, WireFormat},
    extensions::RequiredWireFormats,
    mls::{
        AuthenticatedContent, Content, ContentType, FramedContent, FramedContentAuthData, FramedContentTBS,
        GroupContext, Mls10, Proposal, ProposalOrRef, ProposalRule, Sender, SenderData, SenderDataAAD,
        SignaturePublicKey,
    },
    semiprivate::{
        ExternalReceiver, ExternalReceivers, KeyForExternalReceiver, PerMessageKeyAndNonces,
        SemiPrivateContentAAD, SemiPrivateMessage, SemiPrivateMessageContent, SemiPrivateMessageContext,
    },
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    AeadKey, CipherSuiteProvider, CryptoError, HpkePrivateKey, Secret, decrypt_with_label,
    encrypt_with_label, expand_with_label, secret::check_length, verify_with_label,
};

const RECEIVER_LABEL: &[u8] = b"SemiPrivateMessageReceiver";

/// What the sender's MLS stack takes from its ratchet and its epoch for one message.
#[derive(Debug)]
pub struct HandshakeKeys<'a> {
    /// The key of this generation; never used before.
    pub key: &'a AeadKey,
    /// Its nonce, AEAD.Nn bytes, before the guard is mixed in.
    pub nonce: &'a Secret,
    /// The generation, from 0.
    pub generation: u32,
    /// The epoch's `sender_data_secret`, KDF.Nh bytes.
    pub sender_data_secret: &'a Secret,
}

/// What the sender of a SemiPrivateMessage signs under the label `FramedContentTBS` (RFC 9420
/// §6.1).
///
/// # Errors
/// [`CryptoError::Invalid`] when the sender is not a member, and so does not sign the GroupContext.
pub fn semi_private_tbs(
    content: FramedContent,
    group_context: &GroupContext,
) -> Result<FramedContentTBS, CryptoError> {
    let context = Some(Box::new(group_context.clone()));
    Ok(FramedContentTBS::new(Mls10, WireFormat::MLS_SEMIPRIVATE_MESSAGE, content, context)?)
}

/// What a message calls an external receiver by (3.1).
///
/// ```text
/// ExternalReceiverRef = hash(ExternalReceiver)
/// ```
///
/// # Errors
/// [`CryptoError::Encode`].
pub fn external_receiver_ref<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    receiver: &ExternalReceiver,
) -> Result<Opaque, CryptoError> {
    Ok(suite.hash(&[&receiver.to_bytes()?]).into())
}

// partial_context_hash = hash(sender_leaf_index || nonce)
fn partial_context_hash<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    sender_leaf_index: u32,
    nonce: &[u8],
) -> Opaque {
    suite.hash(&[&sender_leaf_index.to_be_bytes(), nonce]).into()
}

/// The nonce with its first four bytes XORed with the guard (RFC 9420 §6.3.1).
fn guarded_nonce(nonce: &[u8], reuse_guard: [u8; 4]) -> Zeroizing<Vec<u8>> {
    let mut guarded = Zeroizing::new(nonce.to_vec());
    guarded.iter_mut().zip(reuse_guard).for_each(|(byte, guard)| *byte ^= guard);
    guarded
}

// RFC 9420 §6.3.2:
//   ciphertext_sample = ciphertext[0..KDF.Nh-1]
//   sender_data_key   = ExpandWithLabel(sender_data_secret, "key", ciphertext_sample, AEAD.Nk)
//   sender_data_nonce = ExpandWithLabel(sender_data_secret, "nonce", ciphertext_sample, AEAD.Nn)
/// Key and nonce of the sender data; a ciphertext shorter than KDF.Nh is its own sample.
fn sender_data_key<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    sender_data_secret: &Secret,
    ciphertext: &[u8],
) -> Result<(AeadKey, Secret), CryptoError> {
    let sizes = suite.parameters();
    let sample = ciphertext.get(..sizes.nh).unwrap_or(ciphertext);
    let key = expand_with_label(suite, sender_data_secret, b"key", sample, sizes.nk)?;
    let nonce = expand_with_label(suite, sender_data_secret, b"nonce", sample, sizes.nn)?;
    Ok((AeadKey::from_secret(suite, key)?, nonce))
}

/// Makes the message: `content` and `auth`, padded with `length_of_padding` zero bytes, for the
/// members and for every external receiver that `group_context` names. `group_context` is that of
/// the epoch in which it is sent; the guard is drawn from `rng`.
///
/// ```text
/// encrypted_keys_and_nonces = EncryptWithLabel(external_receiver_public_key,
///   "SemiPrivateMessageReceiver", SemiPrivateMessageContext, PerMessageKeyAndNonces)
/// framed_content_tbs_hash = hash(FramedContentTBS)
/// ```
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] for a group of another suite;
/// [`CryptoError::EpochMismatch`] for content of another group or epoch;
/// [`CryptoError::SemiPrivateNotAllowed`] unless the group requires the wire format
/// `mls_semiprivate_message`, has an external receiver, and the sender is a member;
/// [`CryptoError::ProposalNotSemiPrivate`] for a SelfRemove; [`CryptoError::Invalid`] for
/// application data or `auth` of the other kind of handshake; and those of the operations.
pub fn seal_semi_private_message<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    group_context: &GroupContext,
    content: &FramedContent,
    auth: FramedContentAuthData,
    length_of_padding: usize,
    keys: &HandshakeKeys<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<SemiPrivateMessage, CryptoError> {
    suite.parameters().check_suite(group_context.cipher_suite)?;
    check_length("nonce", keys.nonce.expose(), suite.parameters().nn)?;
    let (group_id, epoch) = (content.group_id().clone(), *content.epoch());
    check_epoch(group_context, &group_id, epoch)?;
    let receivers = external_receivers(group_context)?;
    // Others have no ratchet whose key this could be.
    let Sender::Member { leaf_index } = *content.sender() else {
        return Err(CryptoError::SemiPrivateNotAllowed);
    };
    check_content(content.content())?;
    let content_type = content.content().content_type();
    let plaintext =
        SemiPrivateMessageContent::new(content.content().clone(), auth, length_of_padding)?.to_bytes()?;
    let tbs = semi_private_tbs(content.clone(), group_context)?;
    let mut reuse_guard = [0; 4];
    rng.fill_bytes(&mut reuse_guard);

    let context = SemiPrivateMessageContext {
        group_id: group_id.clone(),
        epoch,
        partial_context_hash: partial_context_hash(suite, leaf_index, keys.nonce.expose()),
    };
    let per_message = PerMessageKeyAndNonces {
        key: SecretOpaque::new(keys.key.expose()),
        nonce: SecretOpaque::new(keys.nonce.expose()),
        reuse_guard: Octets(reuse_guard),
        sender_leaf_index: leaf_index,
    };
    let per_message = per_message.to_secret_bytes()?;
    let context_bytes = context.to_bytes()?;
    let keys_for_external_receivers = receivers
        .external_receivers
        .iter()
        .map(|receiver| {
            let public_key = &receiver.external_receiver_public_key;
            Ok(KeyForExternalReceiver {
                external_receiver_ref: external_receiver_ref(suite, receiver)?,
                encrypted_keys_and_nonces: encrypt_with_label(
                    suite,
                    public_key,
                    RECEIVER_LABEL,
                    &context_bytes,
                    per_message.expose(),
                    rng,
                )?,
            })
        })
        .collect::<Result<Vec<_>, CryptoError>>()?
        .try_into()?;

    let authenticated_data = content.authenticated_data().clone();
    let aad = SemiPrivateContentAAD::new(
        group_id.clone(),
        epoch,
        content_type,
        authenticated_data.clone(),
        context.partial_context_hash.clone(),
        keys_for_external_receivers,
        suite.hash(&[&tbs.to_bytes()?]).into(),
    )?;
    let nonce = guarded_nonce(keys.nonce.expose(), reuse_guard);
    let ciphertext = suite.aead_seal(keys.key, &nonce, &aad.to_bytes()?, &plaintext)?;

    let (sender_key, sender_nonce) = sender_data_key(suite, keys.sender_data_secret, &ciphertext)?;
    let sender_data =
        SenderData { leaf_index, generation: keys.generation, reuse_guard: Octets(reuse_guard) };
    let sender_data_aad = SenderDataAAD { group_id: group_id.clone(), epoch, content_type }.to_bytes()?;
    let encrypted_sender_data =
        suite.aead_seal(&sender_key, sender_nonce.expose(), &sender_data_aad, &sender_data.to_bytes()?)?;

    let (.., keys_for_external_receivers, framed_content_tbs_hash) = aad.into_parts();
    Ok(SemiPrivateMessage::new(
        group_id,
        epoch,
        content_type,
        authenticated_data,
        context.partial_context_hash,
        keys_for_external_receivers,
        framed_content_tbs_hash,
        encrypted_sender_data.into(),
        ciphertext.into(),
    )?)
}

/// Refuses a proposal that is sent as a PublicMessage only: a SelfRemove must reach external
/// joiners, which open no SemiPrivateMessage (mls-extensions-10 §6.3). A Commit must not hold one
/// either: it is committed by reference.
fn check_content(content: &Content) -> Result<(), CryptoError> {
    let refused = |proposal: &Proposal| matches!(proposal, Proposal::SelfRemove(_));
    let found = match content {
        Content::Proposal { proposal } => refused(proposal),
        Content::Commit { commit } => commit
            .proposals
            .iter()
            .any(|proposal| matches!(proposal, ProposalOrRef::Proposal { proposal } if refused(proposal))),
        _ => false,
    };
    if found { Err(CryptoError::ProposalNotSemiPrivate(ProposalType::SELF_REMOVE)) } else { Ok(()) }
}

/// The group's external receivers, if it may have SemiPrivateMessages at all (3).
fn external_receivers(group_context: &GroupContext) -> Result<ExternalReceivers, CryptoError> {
    let extensions = &group_context.extensions;
    let required = extensions.content::<RequiredWireFormats>().transpose()?;
    let receivers = extensions.content::<ExternalReceivers>().transpose()?;
    match (required, receivers) {
        (Some(RequiredWireFormats(required)), Some(receivers))
            if required.wire_formats.contains(&WireFormat::MLS_SEMIPRIVATE_MESSAGE)
                && !receivers.external_receivers.is_empty() =>
        {
            Ok(receivers)
        }
        _ => Err(CryptoError::SemiPrivateNotAllowed),
    }
}

fn check_epoch(group_context: &GroupContext, group_id: &Opaque, epoch: u64) -> Result<(), CryptoError> {
    if group_context.group_id == *group_id && group_context.epoch == epoch {
        return Ok(());
    }
    Err(CryptoError::EpochMismatch)
}

/// A handshake that was opened and not yet authenticated: `partial_context_hash` and padding are
/// checked, `framed_content_tbs_hash` and signature are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnauthenticatedHandshake {
    group_id: Opaque,
    epoch: u64,
    sender_leaf_index: u32,
    authenticated_data: Opaque,
    framed_content_tbs_hash: Opaque,
    content: SemiPrivateMessageContent,
}

/// Opens a message as the external receiver `receiver`, which owns `private_key` (3.3).
///
/// # Errors
/// [`CryptoError::UnknownReceiver`] when the message has no key for it; those of
/// [`decrypt_with_label`]; [`CryptoError::Decode`] for what does not hold what it should, padding
/// that is not zero included; [`CryptoError::ProposalNotSemiPrivate`] for a SelfRemove;
/// [`CryptoError::PartialContextHashMismatch`]; [`CryptoError::InvalidLength`] for a key or nonce
/// of another length; [`CryptoError::DecryptionFailed`].
pub fn open_as_external_receiver<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    receiver: &ExternalReceiver,
    private_key: &HpkePrivateKey,
    message: &SemiPrivateMessage,
) -> Result<UnauthenticatedHandshake, CryptoError> {
    open_as_external_receiver_with(suite, receiver, private_key, message, &[])
}

/// Opens a message as [`open_as_external_receiver`] does, and reads proposals of the types that
/// `rules` describe.
///
/// # Errors
///
/// As [`open_as_external_receiver`].
pub fn open_as_external_receiver_with<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    receiver: &ExternalReceiver,
    private_key: &HpkePrivateKey,
    message: &SemiPrivateMessage,
    rules: &[ProposalRule],
) -> Result<UnauthenticatedHandshake, CryptoError> {
    let reference = external_receiver_ref(suite, receiver)?;
    let key = message
        .keys_for_external_receivers()
        .iter()
        .find(|key| key.external_receiver_ref == reference)
        .ok_or(CryptoError::UnknownReceiver)?;
    let context = message.context().to_bytes()?;
    let sealed = &key.encrypted_keys_and_nonces;
    let plaintext = decrypt_with_label(suite, private_key, RECEIVER_LABEL, &context, sealed)?;
    let per_message = PerMessageKeyAndNonces::decode_exact(plaintext.expose())?;
    let aead_key = AeadKey::new(suite, per_message.key.expose())?;
    let Octets(reuse_guard) = per_message.reuse_guard;
    let ratchet = (&aead_key, per_message.nonce.expose(), reuse_guard);
    open(suite, ratchet, per_message.sender_leaf_index, message, rules)
}

/// Opens the sender data, by which a member finds the sender's key and nonce in its secret tree
/// (3.2; RFC 9420 §6.3.2).
///
/// # Errors
/// [`CryptoError::InvalidLength`] for a secret that has not KDF.Nh bytes,
/// [`CryptoError::DecryptionFailed`], [`CryptoError::Decode`].
pub fn open_sender_data<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    sender_data_secret: &Secret,
    message: &SemiPrivateMessage,
) -> Result<SenderData, CryptoError> {
    let (key, nonce) = sender_data_key(suite, sender_data_secret, message.ciphertext())?;
    let (group_id, epoch, content_type) =
        (message.group_id().clone(), *message.epoch(), *message.content_type());
    let aad = SenderDataAAD { group_id, epoch, content_type }.to_bytes()?;
    let plaintext = suite.aead_open(&key, nonce.expose(), &aad, message.encrypted_sender_data())?;
    Ok(SenderData::decode_exact(plaintext.expose())?)
}

/// Opens a message as a member, with the key and nonce that `sender_data` says (3.2).
///
/// # Errors
/// [`CryptoError::PartialContextHashMismatch`]; [`CryptoError::InvalidLength`] for a key or nonce
/// of another length; [`CryptoError::DecryptionFailed`]; [`CryptoError::Decode`], padding that
/// is not zero included; [`CryptoError::ProposalNotSemiPrivate`] for a SelfRemove.
pub fn open_as_member<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    sender_data: &SenderData,
    key: &AeadKey,
    nonce: &Secret,
    message: &SemiPrivateMessage,
) -> Result<UnauthenticatedHandshake, CryptoError> {
    open_as_member_with(suite, sender_data, key, nonce, message, &[])
}

/// Opens a message as [`open_as_member`] does, and reads proposals of the types that `rules`
/// describe.
///
/// # Errors
///
/// As [`open_as_member`].
pub fn open_as_member_with<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    sender_data: &SenderData,
    key: &AeadKey,
    nonce: &Secret,
    message: &SemiPrivateMessage,
    rules: &[ProposalRule],
) -> Result<UnauthenticatedHandshake, CryptoError> {
    let Octets(reuse_guard) = sender_data.reuse_guard;
    open(suite, (key, nonce.expose(), reuse_guard), sender_data.leaf_index, message, rules)
}

fn open<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    (key, nonce, reuse_guard): (&AeadKey, &[u8], [u8; 4]),
    sender_leaf_index: u32,
    message: &SemiPrivateMessage,
    rules: &[ProposalRule],
) -> Result<UnauthenticatedHandshake, CryptoError> {
    check_length("nonce", nonce, suite.parameters().nn)?;
    if partial_context_hash(suite, sender_leaf_index, nonce) != *message.partial_context_hash() {
        return Err(CryptoError::PartialContextHashMismatch);
    }
    let aad = message.aad().to_bytes()?;
    let plaintext = suite.aead_open(key, &guarded_nonce(nonce, reuse_guard), &aad, message.ciphertext())?;
    let content_type: ContentType = *message.content_type();
    let content = SemiPrivateMessageContent::decode_exact_with(content_type, plaintext.expose(), rules)?;
    check_content(content.content())?;
    Ok(UnauthenticatedHandshake {
        group_id: message.group_id().clone(),
        epoch: *message.epoch(),
        sender_leaf_index,
        authenticated_data: message.authenticated_data().clone(),
        framed_content_tbs_hash: message.framed_content_tbs_hash().clone(),
        content,
    })
}

impl UnauthenticatedHandshake {
    /// The leaf that the sender claims to be: where to look for the key that [`Self::verify`]
    /// needs.
    #[must_use]
    pub fn sender_leaf_index(&self) -> u32 {
        self.sender_leaf_index
    }

    /// What a holder of the message's key wrote.
    #[must_use]
    pub fn content(&self) -> &SemiPrivateMessageContent {
        &self.content
    }

    /// Checks `framed_content_tbs_hash` and signature. `group_context` is that of the message's
    /// epoch, `signature_key` that of the leaf [`Self::sender_leaf_index`] in its tree.
    ///
    /// # Errors
    /// [`CryptoError::CipherSuiteMismatch`] and [`CryptoError::EpochMismatch`] for another
    /// GroupContext, [`CryptoError::FramedContentTbsHashMismatch`], and those of
    /// [`verify_with_label`].
    pub fn verify<S: CipherSuiteProvider + ?Sized>(
        self,
        suite: &S,
        group_context: &GroupContext,
        signature_key: &SignaturePublicKey,
    ) -> Result<VerifiedHandshake, CryptoError> {
        suite.parameters().check_suite(group_context.cipher_suite)?;
        check_epoch(group_context, &self.group_id, self.epoch)?;
        let sender = Sender::Member { leaf_index: self.sender_leaf_index };
        let (content, auth) = (self.content.content().clone(), self.content.auth().clone());
        let content =
            FramedContent::new(self.group_id, self.epoch, sender, self.authenticated_data, content)?;
        let tbs = semi_private_tbs(content.clone(), group_context)?.to_bytes()?;
        if suite.hash(&[&tbs]) != *self.framed_content_tbs_hash {
            return Err(CryptoError::FramedContentTbsHashMismatch);
        }
        verify_with_label(suite, signature_key, b"FramedContentTBS", &tbs, &auth.signature)?;
        Ok(VerifiedHandshake(AuthenticatedContent::new(WireFormat::MLS_SEMIPRIVATE_MESSAGE, content, auth)?))
    }
}

/// A handshake by the owner of the sender's signature key, the same for members and external
/// receivers. Only [`UnauthenticatedHandshake::verify`] makes one. A commit's confirmation tag is
/// for your MLS stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHandshake(AuthenticatedContent);

impl VerifiedHandshake {
    /// The proposal or commit: what transcript hashes and proposal references are made of.
    #[must_use]
    pub fn authenticated_content(&self) -> &AuthenticatedContent {
        &self.0
    }
}
