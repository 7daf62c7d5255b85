//! Asking a hub for a room's GroupInfo, and its answer (mimi-protocol-06 §5.6).
//!
//! The hub verifies the request and answers it; the joiner verifies the answer and opens it. Each
//! step takes what only the step before makes. A provider between the two sees of the room no more
//! than its identifier and who asks.

use mimi_codec::{
    Decode, Encode, Opaque,
    mls::{ExternalSender, ExternalSenders, GroupContext, GroupInfo, HPKECiphertext, MAC, RatchetTree},
    protocol::{
        GroupInfoAnswer, GroupInfoCode, GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS,
        GroupInfoResponse, GroupInfoResponseTBS, PendingProposal,
    },
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, decrypt_with_label, encrypt_with_label,
    sign_with_label, tree::tree_hash, verify_with_label,
};

const REQUEST_LABEL: &[u8] = b"GroupInfoRequestTBS";
const RESPONSE_LABEL: &[u8] = b"GroupInfoResponseTBS";
const ENCRYPTION_LABEL: &[u8] = b"GroupInfo and ratchet_tree encryption";

/// Signs a request with the key that `requesting_signature_key` belongs to. Take a new
/// `group_info_public_key` for each request: nothing else tells its answer from one to an earlier
/// request, with the room as it was then.
///
/// ```text
/// signature = SignWithLabel(requestingSignatureKey, "GroupInfoRequestTBS", GroupInfoRequestTBS)
/// ```
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] for a request of another suite,
/// [`CryptoError::KeyMismatch`] when `signing_key` is not the requester's, and those of
/// [`sign_with_label`].
pub fn sign_group_info_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    signing_key: &S::SigningKey,
    request: GroupInfoRequestTBS,
    rng: &mut dyn CryptoRng,
) -> Result<GroupInfoRequest, CryptoError> {
    suite.parameters().check_suite(request.cipher_suite)?;
    if suite.signature_public_key(signing_key) != request.requesting_signature_key {
        return Err(CryptoError::KeyMismatch { what: "requestingSignatureKey" });
    }
    let signature = sign_with_label(suite, signing_key, REQUEST_LABEL, &request.to_bytes()?, rng)?;
    Ok(request.with_signature(signature.into()))
}

/// A request that the owner of its `requesting_signature_key` signed. Only
/// [`verify_group_info_request`] makes one.
///
/// Whether that key is the credential's, and may join, remains to be asked. A request names neither
/// room nor time: who has seen one can send it again, but cannot open the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedGroupInfoRequest(GroupInfoRequest);

impl VerifiedGroupInfoRequest {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &GroupInfoRequest {
        &self.0
    }
}

/// Verifies a request's signature.
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] for a request of another suite, and those of
/// [`verify_with_label`].
pub fn verify_group_info_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    request: GroupInfoRequest,
) -> Result<VerifiedGroupInfoRequest, CryptoError> {
    suite.parameters().check_suite(request.cipher_suite)?;
    let tbs = request.tbs().to_bytes()?;
    verify_with_label(suite, &request.requesting_signature_key, REQUEST_LABEL, &tbs, &request.signature)?;
    Ok(VerifiedGroupInfoRequest(request))
}

/// The hub's answer `success`: `tbe` sealed to the requester, signed by `hub_sender`.
///
/// ```text
/// encrypted_groupinfo_and_tree = EncryptWithLabel(groupInfoPublicKey,
///   "GroupInfo and ratchet_tree encryption", room_id, GroupInfoRatchetTreeTBE)
/// signature = SignWithLabel(hub_sender.signature_key, "GroupInfoResponseTBS", GroupInfoResponseTBS)
/// ```
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`] for a request of another suite,
/// [`CryptoError::KeyMismatch`] when `signing_key` is not `hub_sender`'s, and those of
/// [`encrypt_with_label`] and [`sign_with_label`].
pub fn answer_group_info_request<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    request: &VerifiedGroupInfoRequest,
    room_id: impl Into<Opaque>,
    tbe: &GroupInfoRatchetTreeTBE,
    hub_sender: ExternalSender,
    signing_key: &S::SigningKey,
    rng: &mut dyn CryptoRng,
) -> Result<GroupInfoResponse, CryptoError> {
    let VerifiedGroupInfoRequest(request) = request;
    suite.parameters().check_suite(request.cipher_suite)?;
    if suite.signature_public_key(signing_key) != hub_sender.signature_key {
        return Err(CryptoError::KeyMismatch { what: "hub_sender" });
    }
    let room_id = room_id.into();
    let plaintext = Zeroizing::new(tbe.to_bytes()?);
    let public_key = &request.group_info_public_key;
    let sealed = encrypt_with_label(suite, public_key, ENCRYPTION_LABEL, &room_id, &plaintext, rng)?;
    let tbs = GroupInfoResponseTBS::new(
        request.protocol,
        room_id,
        GroupInfoCode::SUCCESS,
        request.cipher_suite,
        hub_sender,
        sealed,
    )
    .map_err(|_| CryptoError::ProviderFailure)?;
    let signature = sign_with_label(suite, signing_key, RESPONSE_LABEL, &tbs.to_bytes()?, rng)?;
    Ok(tbs.with_signature(signature.into()))
}

/// An answer that its `hub_sender` signed, not yet opened. Only [`verify_group_info_response`]
/// makes one.
///
/// The answer itself says who the hub is. Whether that is the room's hub remains to be asked of
/// `hub_sender`'s credential, and of the `external_senders` of the group once it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedGroupInfoResponse {
    room_id: Opaque,
    hub_sender: ExternalSender,
    sealed: HPKECiphertext,
}

/// Verifies the answer for the room `room_id` under its `hub_sender`'s key, before anything in it
/// is opened.
///
/// # Errors
/// [`CryptoError::NoGroupInfo`] for an answer without a body, [`CryptoError::RoomMismatch`] for
/// that of another room, [`CryptoError::CipherSuiteMismatch`] for one of another suite, and those
/// of [`verify_with_label`].
pub fn verify_group_info_response<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    response: GroupInfoResponse,
    room_id: &[u8],
) -> Result<VerifiedGroupInfoResponse, CryptoError> {
    if &*response.room_id != room_id {
        return Err(CryptoError::RoomMismatch);
    }
    let code = response.status.code();
    let tbs = response.tbs().ok_or(CryptoError::NoGroupInfo(code))?.to_bytes()?;
    let GroupInfoAnswer::Success { cipher_suite, hub_sender, encrypted_groupinfo_and_tree, signature } =
        response.status
    else {
        return Err(CryptoError::NoGroupInfo(code));
    };
    suite.parameters().check_suite(cipher_suite)?;
    verify_with_label(suite, &hub_sender.signature_key, RESPONSE_LABEL, &tbs, &signature)?;
    Ok(VerifiedGroupInfoResponse {
        room_id: response.room_id,
        hub_sender: *hub_sender,
        sealed: encrypted_groupinfo_and_tree,
    })
}

impl VerifiedGroupInfoResponse {
    /// Who signed.
    #[must_use]
    pub fn hub_sender(&self) -> &ExternalSender {
        &self.hub_sender
    }

    /// Opens the answer with the key that the request named. The GroupInfo's own signature and the
    /// tree are for your MLS stack.
    ///
    /// # Errors
    /// Those of [`decrypt_with_label`], and [`CryptoError::Decode`].
    pub fn open<S: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &S,
        private_key: &HpkePrivateKey,
    ) -> Result<GroupInfoRatchetTreeTBE, CryptoError> {
        let plaintext =
            decrypt_with_label(suite, private_key, ENCRYPTION_LABEL, &self.room_id, &self.sealed)?;
        Ok(GroupInfoRatchetTreeTBE::decode_exact(plaintext.expose())?)
    }
}

/// A GroupInfo that a member of its tree has signed. Only [`verify_group_info`] makes one.
///
/// It is what the signer says of the epoch. A hub compares it with the commit that it has accepted
/// ([`Self::check_epoch`]); a joiner relies on the hub, and on what the group confirms when the
/// joiner's commit is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedGroupInfo<'t> {
    group_info: GroupInfo,
    tree: &'t RatchetTree,
}

impl<'t> VerifiedGroupInfo<'t> {
    /// The GroupInfo.
    #[must_use]
    pub const fn group_info(&self) -> &GroupInfo {
        &self.group_info
    }

    /// The tree whose hash stands in the GroupContext.
    #[must_use]
    pub const fn tree(&self) -> &'t RatchetTree {
        self.tree
    }

    /// Whether it is the GroupInfo of the epoch that a commit has begun: the same GroupContext, the
    /// commit's confirmation tag, and the committer as signer.
    ///
    /// # Errors
    /// [`CryptoError::GroupInfoMismatch`] with the first field that differs.
    pub fn check_epoch(
        &self,
        group_context: &GroupContext,
        confirmation_tag: &MAC,
        committer: u32,
    ) -> Result<(), CryptoError> {
        let mismatch = |what| Err(CryptoError::GroupInfoMismatch { what });
        if self.group_info.group_context != *group_context {
            return mismatch("group_context");
        }
        // The tag is public: it stands in the commit.
        if self.group_info.confirmation_tag != *confirmation_tag {
            return mismatch("confirmation_tag");
        }
        if self.group_info.signer != committer {
            return mismatch("signer");
        }
        Ok(())
    }

    /// Whether the group lists a server among its external senders, with this key.
    ///
    /// # Errors
    /// [`CryptoError::GroupInfoMismatch`] if it does not, [`CryptoError::Decode`] if the extension
    /// is malformed.
    pub fn check_external_sender(&self, sender: &ExternalSender) -> Result<(), CryptoError> {
        let senders = self.group_info.group_context.extensions.content::<ExternalSenders>().transpose()?;
        match senders {
            Some(senders) if senders.external_senders.contains(sender) => Ok(()),
            _ => Err(CryptoError::GroupInfoMismatch { what: "external_senders" }),
        }
    }

    /// Whether all proposals that a hub hands out with the GroupInfo are of its group and epoch.
    ///
    /// # Errors
    /// [`CryptoError::GroupInfoMismatch`].
    pub fn check_pending_proposals(&self, pending: &[PendingProposal]) -> Result<(), CryptoError> {
        let context = &self.group_info.group_context;
        let of_epoch = |pending: &PendingProposal| {
            *pending.proposal.group_id() == *context.group_id && pending.proposal.epoch() == context.epoch
        };
        if pending.iter().all(of_epoch) {
            Ok(())
        } else {
            Err(CryptoError::GroupInfoMismatch { what: "pending_proposals" })
        }
    }
}

/// Verifies a GroupInfo against its ratchet tree (RFC 9420 §12.4.3.1): the tree's hash and the
/// signature of the member at the leaf `signer`.
///
/// ```text
/// VerifyWithLabel(signature_key, "GroupInfoTBS", GroupInfoTBS, signature)
/// ```
///
/// # Errors
/// [`CryptoError::CipherSuiteMismatch`]; [`CryptoError::GroupInfoMismatch`] if the tree has another
/// hash or the leaf `signer` is blank; those of [`verify_with_label`].
pub fn verify_group_info<'t, S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    group_info: GroupInfo,
    tree: &'t RatchetTree,
) -> Result<VerifiedGroupInfo<'t>, CryptoError> {
    suite.parameters().check_suite(group_info.group_context.cipher_suite)?;
    let mismatch = |what| CryptoError::GroupInfoMismatch { what };
    if tree_hash(suite, tree)? != *group_info.group_context.tree_hash {
        return Err(mismatch("tree_hash"));
    }
    let signer = tree.leaf(group_info.signer).ok_or(mismatch("signer"))?;
    let tbs = group_info.tbs().to_bytes()?;
    verify_with_label(suite, &signer.signature_key, b"GroupInfoTBS", &tbs, &group_info.signature)?;
    Ok(VerifiedGroupInfo { group_info, tree })
}
