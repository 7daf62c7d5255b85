//! A room's GroupInfo, asked of its hub (mimi-protocol-06 §5.6).

use core::fmt;

use mimi_codec::{
    RoomUri,
    mls::{Credential, ExternalSender},
    protocol::{
        GroupInfoAnswer, GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS, GroupInfoResponse,
        Protocol,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, HpkePrivateKey, generate_hpke_key_pair, sign_group_info_request,
    verify_group_info, verify_group_info_response,
};
use rand_core::CryptoRng;

/// A request for a room's GroupInfo that waits for its answer.
pub struct GroupInfoFetch {
    room: RoomUri,
    request: GroupInfoRequest,
    private_key: HpkePrivateKey,
}

/// Why an answer is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// The hub does not give it: `noSuchRoom`, `notAuthorized` or another code.
    Answer(GroupInfoAnswer),
    /// The answer is not signed, cannot be opened, or does not hold together.
    Crypto(CryptoError),
    /// The server that signed the answer is not the room's hub.
    NotTheHub,
    /// The tree is not beside the GroupInfo.
    NoTree,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(GroupInfoAnswer::NoSuchRoom {}) => f.write_str("the hub knows no such room"),
            Self::Answer(_) => f.write_str("the hub does not give the GroupInfo to this client"),
            Self::Crypto(error) => error.fmt(f),
            Self::NotTheHub => f.write_str("the answer comes from a server that is not the room's hub"),
            Self::NoTree => f.write_str("the tree is not beside the GroupInfo"),
        }
    }
}

impl core::error::Error for FetchError {}

impl From<CryptoError> for FetchError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl GroupInfoFetch {
    /// A request by the client with this credential and key, with a join code if it has one. The
    /// key of the answer is drawn from `rng`.
    ///
    /// # Errors
    /// [`CryptoError`].
    pub fn new<C: CipherSuiteProvider + ?Sized>(
        suite: &C,
        room: RoomUri,
        signing_key: &C::SigningKey,
        credential: Credential,
        joining_code: Option<&[u8]>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, CryptoError> {
        let (private_key, group_info_public_key) = generate_hpke_key_pair(suite, rng)?;
        let request = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: suite.parameters().cipher_suite,
            requesting_signature_key: suite.signature_public_key(signing_key),
            requesting_credential: credential,
            group_info_public_key,
            joining_code: joining_code.map(Into::into),
        };
        let request = sign_group_info_request(suite, signing_key, request, rng)?;
        Ok(Self { room, request, private_key })
    }

    /// The body of `POST /groupInfo/{roomId}`.
    #[must_use]
    pub const fn request(&self) -> &GroupInfoRequest {
        &self.request
    }

    /// Opens the answer. Its signer is a hub that `is_hub` knows as the room's and that the group
    /// lists among its external senders; a member of the tree has signed the GroupInfo; the
    /// proposals that wait belong to its epoch.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn open<C: CipherSuiteProvider + ?Sized>(
        &self,
        suite: &C,
        response: GroupInfoResponse,
        is_hub: impl FnOnce(&ExternalSender) -> bool,
    ) -> Result<GroupInfoRatchetTreeTBE, FetchError> {
        if !matches!(response.status, GroupInfoAnswer::Success { .. }) {
            return Err(FetchError::Answer(response.status));
        }
        let verified = verify_group_info_response(suite, response, self.room.as_bytes())?;
        if !is_hub(verified.hub_sender()) {
            return Err(FetchError::NotTheHub);
        }
        let tbe = verified.open(suite, &self.private_key)?;
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err(FetchError::NoTree);
        };
        let group_info = verify_group_info(suite, tbe.group_info.get().clone(), ratchet_tree)?;
        group_info.check_external_sender(verified.hub_sender())?;
        group_info.check_pending_proposals(&tbe.pending_proposals)?;
        Ok(tbe)
    }
}

impl fmt::Debug for GroupInfoFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupInfoFetch").field("room", &self.room).finish_non_exhaustive()
    }
}
