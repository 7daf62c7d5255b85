//! Coming into a room from outside: with the GroupInfo that the hub seals for this client, and an external commit (mimi-protocol, 3.6).

use mimi_codec::{
    Encode, Opaque,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    mls::{Credential, ExternalSenders, Proposal, Sender},
    protocol::{
        GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS, GroupInfoResponse, IdentifierUri,
        ParticipantListUpdate, Protocol, UpdateRequest, UserRolePair,
    },
    ratchet_tree_options::RatchetTreeOption,
};
use mimi_crypto::{
    CipherSuiteProvider, HpkePrivateKey, generate_hpke_key_pair, sign_group_info_request,
    verify_group_info_response,
};
use mimi_policy::{Request, TableSeed};
use openmls::prelude::{
    AppDataUpdateProposal, LeafNodeParameters, MlsGroup, OpenMlsProvider, group_info::VerifiableGroupInfo,
};

use super::{Client, commit::update_request};
use crate::{
    Result,
    decision::{self, Roster, room_of},
    ensure,
    identity::domain_of,
    stack,
};

/// A request for a GroupInfo that waits for its answer.
pub struct OpenRequest {
    private_key: HpkePrivateKey,
}

impl Client {
    /// Asks for a room's GroupInfo, with a joining code if it has one.
    ///
    /// # Errors
    /// When signing fails.
    pub fn request_group_info(&mut self, code: Option<&[u8]>) -> Result<(GroupInfoRequest, OpenRequest)> {
        let (private_key, group_info_public_key) = generate_hpke_key_pair(&self.suite, &mut self.rng)?;
        let request = GroupInfoRequestTBS {
            protocol: Protocol::Mls10,
            cipher_suite: self.suite.parameters().cipher_suite,
            requesting_signature_key: self.key.public_key(),
            requesting_credential: self.credential.clone(),
            group_info_public_key,
            joining_code: code.map(Opaque::from),
        };
        let request = sign_group_info_request(&self.suite, self.key.signing_key(), request, &mut self.rng)?;
        Ok((request, OpenRequest { private_key }))
    }

    /// Opens the answer, and checks that the room's hub has given it.
    ///
    /// # Errors
    /// When the hub says no, or it is not the hub.
    pub fn open_group_info(
        &self,
        room: &IdentifierUri,
        open: &OpenRequest,
        response: GroupInfoResponse,
    ) -> Result<GroupInfoRatchetTreeTBE> {
        let verified = verify_group_info_response(&self.suite, response, room.as_bytes())?;
        let hub = verified.hub_sender();
        let domain = domain_of(room)?;
        let named =
            hub.credential == Credential::Basic { identity: format!("mimi://{domain}").as_str().into() };
        ensure!(named && self.authority.key_of(&domain) == Some(&hub.signature_key), "not the room's hub");
        let tbe = verified.open(&self.suite, &open.private_key)?;
        let senders = tbe.group_info.get().group_context.extensions.content::<ExternalSenders>();
        let listed = senders.transpose()?.is_some_and(|senders| senders.external_senders.contains(hub));
        ensure!(listed, "the group doesn't know this hub");
        Ok(tbe)
    }

    /// An external commit into the room. With a role, the user joins too; without one it is on the list already, and this is another of its
    /// clients.
    ///
    /// # Errors
    /// When the room's policy forbids it, or MLS.
    pub fn join_externally(
        &mut self,
        tbe: &GroupInfoRatchetTreeTBE,
        role: Option<u32>,
    ) -> Result<(UpdateRequest, MlsGroup)> {
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err("the tree is not here".into());
        };
        self.verify_tree(ratchet_tree)?;
        let update = role.map(|role_index| ParticipantListUpdate {
            changed_role_participants: Vec::new(),
            removed_indices: Vec::new(),
            added_participants: vec![UserRolePair { user: self.identity.user.as_bytes().into(), role_index }],
        });
        let changed = self.foresee_join(tbe, update.as_ref())?;
        let group_info: VerifiableGroupInfo = stack::to_openmls(&tbe.group_info)?;
        let builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(stack::to_openmls(ratchet_tree)?)
            .with_config(stack::join_config())
            .build_group(&self.mls, group_info, self.credential_with_key()?)?
            .leaf_node_parameters(
                LeafNodeParameters::builder().with_capabilities(stack::capabilities()).build(),
            );
        let builder = match &update {
            Some(update) => builder.add_app_data_update_proposal(AppDataUpdateProposal::update(
                ComponentID::PARTICIPANT_LIST.0,
                update.to_bytes()?,
            )),
            None => builder,
        };
        let mut stage =
            builder.load_psks(self.mls.storage())?.create_group_info(true).use_ratchet_tree_extension(false);
        let updates = stack::updates(stage.app_data_dictionary_updater(), &changed);
        stage.with_app_data_dictionary_updates(updates);
        let built = stage.build(self.mls.rand(), self.mls.crypto(), &self.key, |_| true)?;
        let (group, bundle) = built.finalize(&self.mls)?;
        let (commit, _, group_info) = bundle.into_contents();
        let group_info = group_info.ok_or("OpenMLS made no GroupInfo")?;
        Ok((update_request(commit, None, stack::of_openmls(&group_info)?)?, group))
    }

    /// The hub has accepted the external commit.
    ///
    /// # Errors
    /// When the group makes no valid room.
    pub fn joined_externally(&mut self, room: &IdentifierUri, group: MlsGroup) -> Result<()> {
        self.enter(room, group)
    }

    /// What the components become, by the same decision that the hub will make.
    fn foresee_join(
        &mut self,
        tbe: &GroupInfoRatchetTreeTBE,
        update: Option<&ParticipantListUpdate>,
    ) -> Result<Vec<(ComponentID, Option<Vec<u8>>)>> {
        let context = &tbe.group_info.get().group_context;
        let dictionary = context.extensions.app_data_dictionary()?;
        let RatchetTreeOption::Full { ratchet_tree } = &tbe.ratchet_tree_option else {
            return Err("the tree is not here".into());
        };
        let roster = Roster::of_tree(ratchet_tree)?;
        let state = room_of(&dictionary, &roster, TableSeed::generate(&mut self.rng))?;
        let proposals = match update {
            None => Vec::new(),
            Some(update) => {
                let op = AppDataUpdateSelect::Update { update: update.to_bytes()?.into() };
                vec![Proposal::AppDataUpdate(AppDataUpdate {
                    component_id: ComponentID::PARTICIPANT_LIST,
                    op,
                })]
            }
        };
        let attributed: Vec<decision::Attributed<'_>> = proposals.iter().map(|it| (it, None)).collect();
        let sender = Sender::NewMemberCommit {};
        let joining = Some(&self.credential);
        let request = Request::commit(&state, &roster, &sender, joining, attributed.iter().copied());
        let decided = decision::decide(&state, &dictionary, request, &attributed);
        Ok(decided.map_err(|refused| refused.to_string())?.changed)
    }
}
