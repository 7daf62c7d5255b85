//! What the provider of a room does: it follows the group from outside, decides on decoded bytes, franks, and fans out.
//!
//! Everything comes in as a body and goes out as a value that `world` encodes. A hub holds no member's key, so that it can do no more
//! than a hub can.

mod codes;
mod group_info;
mod messages;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use mimi_codec::{
    extensions::AppDataDictionary,
    mls::{Credential, ExternalSender, GroupInfo, KeyPackageRef, RatchetTree},
    protocol::{
        FanoutMessage, FrankingAgentData, GroupInfoRatchetTreeTBE, IdentifierUri, UpdateRequest,
        UpdateRoomResponse,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::RustCrypto;
use mimi_franking::HubKeyRing;
use mimi_policy::{RoomState, TableSeed};
use openmls::prelude::{OpenMlsProvider, ProposalStore, PublicGroup, StagedCommit};
use openmls_rust_crypto::OpenMlsRustCrypto;
use rand_chacha::ChaCha20Rng;

use crate::{
    Result,
    decision::{AcceptedProposals, Roster, room_of},
    ensure,
    identity::{Authority, ProviderKey, domain_of},
    stack,
};

pub use codes::JoinCodes;
pub use messages::ReportVerdict;

/// A room that a hub hosts.
pub struct HostedRoom {
    /// The room's URI.
    pub uri: IdentifierUri,
    /// The group, as far as everybody may see it.
    pub group: PublicGroup,
    /// The group's components.
    pub dictionary: AppDataDictionary,
    /// The room they make, with what was accepted since the last commit.
    pub room: RoomState,
    /// Who is behind the leaves.
    pub roster: Roster,
    /// The proposals that wait for a commit.
    pub accepted: AcceptedProposals,
    /// The epoch, for those who join from outside.
    pub group_info: GroupInfo,
    /// Codes by which strangers may join.
    pub codes: JoinCodes,
}

impl HostedRoom {
    /// The group's epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.group.group_context().epoch().as_u64()
    }

    /// The providers with a client in the group.
    fn domains(&self) -> BTreeSet<String> {
        self.roster.members.values().filter_map(|it| domain_of(&it.user).ok()).collect()
    }

    /// The roster, with the codes that were shown to this hub.
    fn roster_with_codes(&self) -> Roster {
        let codes = crate::decision::JoinCodes::Shown(self.codes.shown());
        Roster { codes, ..self.roster.clone() }
    }

    fn ratchet_tree(&self) -> Result<RatchetTreeOption> {
        let ratchet_tree: RatchetTree = stack::of_openmls(&self.group.export_ratchet_tree())?;
        Ok(RatchetTreeOption::Full { ratchet_tree })
    }
}

/// A message and the provider that it is for.
pub struct FanOut {
    /// The provider.
    pub to: String,
    /// What its clients get.
    pub message: FanoutMessage,
}

/// What a hub answers, what it tells others, and what it makes public of its reasons.
pub struct Answer<T> {
    /// The answer.
    pub response: T,
    /// The draft's name of its code.
    pub code: String,
    /// What the hub could see of what came in.
    pub saw: String,
    /// Why it answers so.
    pub why: Vec<String>,
    /// What it hands on.
    pub fan_out: Vec<FanOut>,
}

/// The hub half of a provider.
pub struct Hub {
    domain: String,
    suite: RustCrypto,
    authority: Authority,
    mls: OpenMlsRustCrypto,
    rng: ChaCha20Rng,
    rooms: BTreeMap<IdentifierUri, HostedRoom>,
    hub_keys: HubKeyRing,
    /// Where key packages came from that went through this hub: there their Welcome goes.
    key_package_origins: BTreeMap<KeyPackageRef, String>,
}

impl Hub {
    /// A hub without rooms.
    #[must_use]
    pub fn new(
        domain: String,
        suite: RustCrypto,
        authority: Authority,
        hub_keys: HubKeyRing,
        rng: ChaCha20Rng,
    ) -> Self {
        let (mls, rooms, key_package_origins) =
            (OpenMlsRustCrypto::default(), BTreeMap::new(), BTreeMap::new());
        Self { domain, suite, authority, mls, rng, rooms, hub_keys, key_package_origins }
    }

    /// A room of this hub.
    ///
    /// # Errors
    /// When there is none.
    pub fn room(&self, uri: &IdentifierUri) -> Result<&HostedRoom> {
        Ok(self.rooms.get(uri).ok_or("there is no such room")?)
    }

    fn room_mut(&mut self, uri: &IdentifierUri) -> Result<&mut HostedRoom> {
        Ok(self.rooms.get_mut(uri).ok_or("there is no such room")?)
    }

    /// Its place among a group's external senders.
    ///
    /// # Errors
    /// When the domain is none.
    pub fn external_sender(&self, key: &ProviderKey) -> Result<ExternalSender> {
        Ok(ExternalSender { signature_key: key.public_key(), credential: self.credential() })
    }

    /// Its franking agent (mimi-protocol, 5.4.1). It is the provider's own key, so that clients know it already.
    #[must_use]
    pub fn franking_agent(&self, key: &ProviderKey) -> FrankingAgentData {
        FrankingAgentData { franking_signature_key: key.public_key(), credential: self.credential() }
    }

    fn credential(&self) -> Credential {
        let identity = format!("mimi://{}", self.domain);
        Credential::Basic { identity: identity.as_str().into() }
    }

    /// Begins to host a room: a client of this provider has created the group, and hands in its GroupInfo and tree.
    ///
    /// # Errors
    /// When group and components make no valid room with the creator in it.
    pub fn host(&mut self, uri: IdentifierUri, tbe: GroupInfoRatchetTreeTBE) -> Result<()> {
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err("a new room comes with its tree".into());
        };
        // INVARIANT: all leaves of a hosted group have credentials that were verified on their way in.
        for node in ratchet_tree.iter().flatten() {
            if let mimi_codec::mls::Node::Leaf { leaf_node } = node {
                self.authority.verify_leaf(leaf_node)?;
            }
        }
        let (group, _) = PublicGroup::from_external(
            self.mls.crypto(),
            self.mls.storage(),
            stack::to_openmls(ratchet_tree)?,
            stack::to_openmls(&tbe.group_info)?,
            ProposalStore::new(),
        )?;
        let dictionary = stack::dictionary(group.group_context())?;
        let roster = roster_of(&group)?;
        let room = room_of(&dictionary, &roster, TableSeed::generate(&mut self.rng))?;
        for member in roster.members.values() {
            ensure!(room.role_of(&(&member.user).try_into()?).is_some(), "the creator is not on the list");
        }
        let hosted = HostedRoom {
            uri: uri.clone(),
            group,
            dictionary,
            room,
            roster,
            accepted: AcceptedProposals::default(),
            group_info: tbe.group_info.into_inner(),
            codes: JoinCodes::default(),
        };
        self.rooms.insert(uri, hosted);
        Ok(())
    }

    /// Remembers where key packages came from (mimi-protocol, 5.2).
    pub fn remember_key_packages(&mut self, references: Vec<KeyPackageRef>, domain: &str) {
        for reference in references {
            self.key_package_origins.insert(reference, domain.to_owned());
        }
    }

    /// `POST /update/{roomId}`: decides on a commit or proposals, and hands them on if they are allowed.
    ///
    /// # Errors
    /// When the body is no UpdateRequest or the room is not here: HTTP has codes for that.
    pub fn update(
        &mut self,
        uri: &IdentifierUri,
        body: &[u8],
        now: u64,
    ) -> Result<Answer<UpdateRoomResponse>> {
        let request: UpdateRequest = stack::decode(body)?;
        let room = self.room(uri)?;
        let epoch = epoch_of(&request)?;
        if epoch != room.epoch() {
            let (error_description, current_epoch) = ("another epoch".to_owned(), room.epoch());
            return Ok(Answer {
                response: UpdateRoomResponse::WrongEpoch { error_description, current_epoch },
                code: "wrongEpoch".to_owned(),
                saw: format!("a handshake of epoch {epoch}"),
                why: vec![format!("the group is in epoch {current_epoch}")],
                fan_out: Vec::new(),
            });
        }
        self.decide_update(uri, request, now)
    }

    /// What a hub does that serves somebody else: it hands on whatever comes. Only for the story's villain.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn hand_on_unasked(
        &mut self,
        uri: &IdentifierUri,
        request: &UpdateRequest,
        now: u64,
    ) -> Result<Vec<FanOut>> {
        let room = self.room(uri)?;
        Ok(to_all(room.domains(), &FanoutMessage::of_update(now, &request.bundle)))
    }
}

/// The same message for several providers.
fn to_all(domains: impl IntoIterator<Item = String>, message: &FanoutMessage) -> Vec<FanOut> {
    domains.into_iter().map(|to| FanOut { to, message: message.clone() }).collect()
}

fn epoch_of(request: &UpdateRequest) -> Result<u64> {
    Ok(*crate::decision::public_message(request.bundle.proposal_or_commit())?.content().epoch())
}

/// Who is behind the leaves of a group that the hub follows.
fn roster_of(group: &PublicGroup) -> Result<Roster> {
    Roster::new(group.members(), group.group_context())
}

/// The dictionary that a staged commit leads to.
fn staged_dictionary(staged: &StagedCommit) -> Result<AppDataDictionary> {
    stack::dictionary(staged.group_context())
}
