//! What a member sends: commits, judged as the hub will judge them before they are made.

use mimi_codec::{
    Encode,
    extensions::SafeAAD,
    mls::{Add, Commit, Content, FramedContent, KeyPackage, Proposal, ProposalOrRef, Remove, Sender},
    protocol::{IdentifierUri, PseudonymousCredential, UpdateRequest},
};
use mimi_pseudonym::{
    Connection, LeafChanges, VerifiedIdentity,
    flow::{add::AddedUser, leave::remove_clients},
    leaf_credential,
};
use openmls::prelude::{self as mls, KeyPackageIn, LeafNodeIndex, OpenMlsProvider, ProtocolVersion};
use rand_core::CryptoRng;

use super::Member;
use crate::{
    Result,
    identity::Authority,
    minimal_metadata::{
        judging,
        person::RealCredentials,
        seam::{
            authenticated_data, openmls_update, update_keys, update_participants, update_request,
            without_wrapper_key, wrapper_key_extension,
        },
    },
    stack,
};

/// A user's clients, to be added.
pub struct Invitation<'a> {
    /// Who it is, and the key to its links.
    pub connection: &'a Connection,
    /// A key package of each of its clients.
    pub key_packages: Vec<KeyPackage>,
    /// Its role.
    pub role: u32,
}

impl Member {
    /// Adds people, each with all of its clients: the commit, and who they are.
    ///
    /// # Errors
    /// When a link is not that of the connected user, or the policy forbids it.
    pub fn add(
        &mut self,
        invitations: &[Invitation<'_>],
        authority: &Authority,
        rng: &mut dyn CryptoRng,
    ) -> Result<(UpdateRequest, Vec<Option<VerifiedIdentity<()>>>)> {
        let mut proposals = Vec::new();
        let mut added_participants = Vec::with_capacity(invitations.len());
        let mut credentials = Vec::with_capacity(invitations.len());
        for invitation in invitations {
            let of_user: Vec<&PseudonymousCredential> = invitation
                .key_packages
                .iter()
                .map(|key_package| leaf_credential(&key_package.leaf_node))
                .collect::<Result<_, _>>()?;
            let user = &of_user.first().ok_or("a user without clients")?.user_pseudonym;
            added_participants.push((user, invitation.role));
            credentials.push(of_user);
            let adds = invitation.key_packages.iter().cloned();
            proposals.extend(adds.map(|key_package| Proposal::Add(Box::new(Add { key_package }))));
        }
        // Where the Adds will land, mimi-pseudonym says.
        let own = Sender::Member { leaf_index: self.group.own_leaf_index().u32() };
        let leaf_changes = LeafChanges::of_commit(
            self.room.leaves(),
            &own,
            proposals.iter().map(|proposal| (proposal, &own)),
            None,
        )?;
        let users: Vec<AddedUser<'_>> = invitations
            .iter()
            .zip(&credentials)
            .map(|(it, credentials)| AddedUser { connection: it.connection, credentials })
            .collect();
        let check = RealCredentials(authority);
        let added = self.known.add_users(&self.suite, &users, leaf_changes.added(), &check, rng)?;
        proposals.push(update_participants(&added_participants, vec![])?);
        proposals.push(update_keys(&added.update)?);
        let request = self.commit(proposals, authenticated_data(&added.add_aad, None)?, rng)?;
        Ok((request, added.identities))
    }

    /// Removes a participant with all of its clients, and their keys.
    ///
    /// # Errors
    /// When there is none, or the policy forbids it.
    pub fn remove(
        &mut self,
        user_pseudonym: &IdentifierUri,
        rng: &mut dyn CryptoRng,
    ) -> Result<UpdateRequest> {
        let leaves = self.room.leaves().iter().filter(|(_, it)| it.user_pseudonym == *user_pseudonym);
        let leaves: Vec<u32> = leaves.map(|(leaf_index, _)| leaf_index).collect();
        let place = self.room.state.index_of(&user_pseudonym.try_into()?).ok_or("not on the list")?;
        let mut proposals: Vec<Proposal> =
            leaves.iter().map(|removed| Proposal::Remove(Remove { removed: *removed })).collect();
        proposals.push(update_participants(&[], vec![place])?);
        if let Some(update) = remove_clients(self.room.link_keys(), &leaves, None)? {
            proposals.push(update_keys(&update)?);
        }
        self.commit(proposals, SafeAAD::default().to_bytes()?, rng)
    }

    /// Wraps all keys anew, after a user was removed (`mimi_pseudonym::rotation`): under a key that
    /// only the members of this epoch can derive.
    ///
    /// # Errors
    /// When no user was removed.
    pub fn rewrap(&mut self, rng: &mut dyn CryptoRng) -> Result<UpdateRequest> {
        let update = self.known.rewrap(&self.suite, rng)?;
        self.commit(vec![update_keys(&update)?], SafeAAD::default().to_bytes()?, rng)
    }

    /// A commit of these proposals. It takes effect when the hub has accepted it:
    /// [`Self::accepted`].
    fn commit(
        &mut self,
        proposals: Vec<Proposal>,
        aad: Vec<u8>,
        rng: &mut dyn CryptoRng,
    ) -> Result<UpdateRequest> {
        // Judged as the hub will, all but the path, which gives the own leaf new keys and the same
        // credential.
        let judged = self.room.judge(&self.suite, &self.framed(&proposals, &aad)?)?;
        self.group.set_aad(aad);
        let mut builder = self.group.commit_builder();
        for proposal in &proposals {
            builder = match proposal {
                Proposal::Add(add) => {
                    let key_package: KeyPackageIn = stack::to_openmls(&add.key_package)?;
                    let key_package =
                        key_package.validate(self.alias.mls.crypto(), ProtocolVersion::Mls10)?;
                    builder.propose_adds([key_package])
                }
                Proposal::Remove(remove) => builder.propose_removals([LeafNodeIndex::new(remove.removed)]),
                update => {
                    builder.add_proposal(mls::Proposal::AppDataUpdate(Box::new(openmls_update(update)?)))
                }
            };
        }
        let mut builder = builder.load_psks(self.alias.mls.storage())?;
        let changed = judging::updates(builder.app_data_dictionary_updater(), &judged.changed()?);
        builder.with_app_data_dictionary_updates(changed);
        let builder = if judged.leaf_changes().added().is_empty() {
            builder.create_group_info(true)
        } else {
            builder.create_group_info_with_extensions([wrapper_key_extension(self.known.wrapper_key())?])?
        };
        let (mls, key) = (&self.alias.mls, &self.alias.key);
        let bundle = builder.build(mls.rand(), mls.crypto(), key, |_| true)?.stage_commit(mls)?;
        let welcome = bundle.welcome().map(stack::of_openmls).transpose()?;
        let group_info = stack::of_openmls(bundle.group_info().ok_or("no GroupInfo")?)?;
        let group_info = without_wrapper_key(&self.suite, key, group_info, rng)?;
        let request = update_request(stack::of_openmls(bundle.commit())?, welcome, group_info)?;
        self.pending = Some(judged);
        Ok(request)
    }

    /// A commit with these proposals, as far as it can be judged before it is made.
    fn framed(&self, proposals: &[Proposal], aad: &[u8]) -> Result<FramedContent> {
        let proposals = proposals.iter().cloned();
        let proposals = proposals.map(|proposal| ProposalOrRef::Proposal { proposal }).collect();
        Ok(FramedContent::new(
            self.group.group_id().as_slice().into(),
            self.epoch(),
            Sender::Member { leaf_index: self.group.own_leaf_index().u32() },
            aad.into(),
            Content::Commit { commit: Commit { proposals, path: None } },
        )?)
    }

    /// The hub has accepted the commit.
    ///
    /// # Errors
    /// When there is none.
    pub fn accepted(&mut self, authority: &Authority) -> Result<()> {
        let judged = self.pending.take().ok_or("there is no commit")?;
        self.group.merge_pending_commit(&self.alias.mls)?;
        // The hub has judged it as this client did, and its own additions were opened before.
        let _ = self.enter(judged, authority)?;
        Ok(())
    }
}
