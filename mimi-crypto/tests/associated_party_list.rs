//! Changes of the list of associated parties: what comes of them for list and key schedules, and
//! what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use mimi_codec::{
    associated_parties::{
        AddAssociatedParty, AssociatedParties, AssociatedPartyEntry, RemoveAssociatedParty,
        UpdateAssociatedParty,
    },
    code_points::CipherSuite,
    mls::{Credential, Extensions, ExternalSender, ExternalSenders, GroupContext, Mls10, Sender},
};
use mimi_crypto::{
    AgreedApCommit, ApEpoch, AssociatedPartyProposal, ChangedAssociatedParties, CipherSuiteProvider,
    CryptoError, HpkePrivateKey, RustCrypto, RustCryptoSigningKey, Secret, apply_associated_party_proposals,
    associated_party_secrets, generate_hpke_key_pair, random_secret, sign_associated_party_entry,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const MEMBER: Sender = Sender::Member { leaf_index: 3 };
const JOINER: Sender = Sender::NewMemberCommit {};

/// A group with external senders, each of which may be an associated party.
struct Scene {
    suite: RustCrypto,
    rng: ChaCha20Rng,
    signing_keys: Vec<RustCryptoSigningKey>,
    senders: ExternalSenders,
}

impl Scene {
    fn new(senders: usize) -> Self {
        let suite = RustCrypto::new(CipherSuite(1)).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(22);
        let signing_keys: Vec<_> = (0..senders)
            .map(|_| suite.signing_key(&suite.generate_signature_key(&mut rng).unwrap()).unwrap())
            .collect();
        let senders = ExternalSenders {
            external_senders: signing_keys
                .iter()
                .map(|key| ExternalSender {
                    signature_key: suite.signature_public_key(key),
                    credential: Credential::Basic { identity: "party".into() },
                })
                .collect(),
        };
        Self { suite, rng, signing_keys, senders }
    }

    /// A new entry of the external sender `sender`.
    fn entry(&mut self, sender: u32) -> (HpkePrivateKey, AssociatedPartyEntry) {
        let Self { suite, rng, signing_keys, .. } = self;
        let (private_key, public_key) = generate_hpke_key_pair(suite, rng).unwrap();
        let key = &signing_keys[sender as usize];
        (private_key, sign_associated_party_entry(suite, key, public_key, sender, rng).unwrap())
    }

    fn list(&mut self, senders: &[u32]) -> AssociatedParties {
        AssociatedParties { associated_parties: senders.iter().map(|sender| self.entry(*sender).1).collect() }
    }

    fn apply(
        &self,
        current: &AssociatedParties,
        proposals: &[AssociatedPartyProposal],
    ) -> Result<ChangedAssociatedParties, CryptoError> {
        apply_associated_party_proposals(&self.suite, current, proposals, &self.senders)
    }
}

fn add(new_party: &AssociatedPartyEntry) -> AssociatedPartyProposal {
    AssociatedPartyProposal::Add(AddAssociatedParty { new_party: new_party.clone() })
}

fn remove(removed_party_index: u32) -> AssociatedPartyProposal {
    AssociatedPartyProposal::Remove(RemoveAssociatedParty { removed_party_index })
}

fn update(sender: Sender, updated_party: &AssociatedPartyEntry) -> AssociatedPartyProposal {
    let update = UpdateAssociatedParty { updated_party: updated_party.clone() };
    AssociatedPartyProposal::Update { sender, update }
}

fn external(sender_index: u32) -> Sender {
    Sender::External { sender_index }
}

fn previous(changed: &ChangedAssociatedParties) -> Vec<Option<u32>> {
    changed.parties().iter().map(|party| party.previous_index()).collect()
}

#[test]
fn removals_count_before_the_change_additions_go_to_the_end_and_updates_stay_in_place() {
    let mut scene = Scene::new(6);
    let before = scene.list(&[4, 1, 0, 2]);
    let ((_, fifth), (_, third), (_, updated)) = (scene.entry(5), scene.entry(3), scene.entry(0));
    let old = &before.associated_parties;
    let after = [old[1].clone(), updated.clone(), fifth.clone(), third.clone()];
    // The order of kinds among each other says nothing; that of the additions does.
    for proposals in [
        vec![remove(0), remove(3), add(&fifth), add(&third), update(external(0), &updated)],
        vec![update(external(0), &updated), add(&fifth), remove(3), add(&third), remove(0)],
    ] {
        let changed = scene.apply(&before, &proposals).unwrap();
        assert_eq!(changed.associated_parties().associated_parties, after);
        assert_eq!(previous(&changed), [Some(1), Some(2), None, None]);
    }
    let changed = scene.apply(&before, &[]).unwrap();
    assert_eq!(changed.associated_parties(), before);
    assert_eq!(previous(&changed), [Some(0), Some(1), Some(2), Some(3)]);
    let first = scene.apply(&AssociatedParties::default(), &[add(&third), add(&fifth)]).unwrap();
    assert_eq!(first.associated_parties().associated_parties, [third, fifth]);
}

#[test]
fn init_secrets_follow_their_party() {
    let mut scene = Scene::new(4);
    let before = scene.list(&[0, 1, 2]);
    let ((_, again), (_, updated), (_, new)) = (scene.entry(0), scene.entry(2), scene.entry(3));
    let proposals = [remove(0), add(&new), add(&again), update(external(2), &updated)];
    let changed = scene.apply(&before, &proposals).unwrap();
    let secrets: Vec<_> = (0..3).map(|_| random_secret(32, &mut scene.rng)).collect();
    // Who is removed and added by one commit begins anew.
    assert_eq!(
        changed.previous_ap_init_secrets(&MEMBER, &secrets).unwrap(),
        [Some(&secrets[1]), Some(&secrets[2]), None, None]
    );
    for secrets in [&secrets[..], &[]] {
        assert_eq!(changed.previous_ap_init_secrets(&JOINER, secrets).unwrap(), [None; 4]);
    }
    let what = "associated_party_init_secrets";
    for actual in [0, 2] {
        let refused = changed.previous_ap_init_secrets(&MEMBER, &secrets[..actual]).unwrap_err();
        assert_eq!(refused, CryptoError::InvalidLength { what, expected: 3, actual });
    }
    for sender in [external(0), Sender::NewMemberProposal {}] {
        let refused = changed.previous_ap_init_secrets(&sender, &secrets).unwrap_err();
        assert_eq!(refused, CryptoError::NotACommitter(sender));
    }
}

/// Members and every party through commits that change the list, one of them external: both sides
/// hold the same at every step.
#[test]
fn members_and_parties_agree_while_the_list_changes() {
    let mut scene = Scene::new(4);
    let entries: Vec<_> = [0, 1, 2, 3, 1].into_iter().map(|sender| scene.entry(sender)).collect();
    let entry = |index: usize| &entries[index].1;
    let commits = [
        (MEMBER, vec![add(entry(0)), add(entry(1))]),
        (MEMBER, vec![add(entry(2))]),
        (MEMBER, vec![remove(0), update(external(1), entry(4)), add(entry(3))]),
        (JOINER, vec![]),
        (MEMBER, vec![remove(1), add(entry(0))]),
    ];
    let mut list = AssociatedParties::default();
    let mut members: Vec<ApEpoch> = vec![];
    // What each party keeps of its own schedule, by its external sender.
    let mut parties: [Option<Secret>; 4] = Default::default();
    for (epoch, (committer, proposals)) in (1..).zip(commits) {
        let Scene { suite, senders, rng, .. } = &mut scene;
        let changed = apply_associated_party_proposals(suite, &list, &proposals, senders).unwrap();
        let ap_secret = random_secret(32, rng);
        let context = GroupContext {
            version: Mls10,
            cipher_suite: CipherSuite(1),
            group_id: "group".into(),
            epoch,
            tree_hash: "tree".into(),
            confirmed_transcript_hash: "transcript".into(),
            extensions: Extensions::default(),
        };
        let secrets: Vec<_> = members.iter().map(|epoch| epoch.ap_init_secret().clone()).collect();
        let init = changed.previous_ap_init_secrets(&committer, &secrets).unwrap();
        let mut next = vec![];
        let mut remaining: [Option<Secret>; 4] = Default::default();
        let commits = changed.ap_commits(suite, &ap_secret).unwrap();
        for ((commit, party), init) in commits.into_iter().zip(changed.parties()).zip(init) {
            let (sent, commit) = commit.seal(suite, &party.entry().encryption_key, &context, rng).unwrap();
            let member = ApEpoch::begin(suite, init, &commit, &context).unwrap();

            let sender = party.entry().external_sender_index as usize;
            let (private_key, _) = entries.iter().find(|(_, entry)| entry == party.entry()).unwrap();
            let opened = AgreedApCommit::open(suite, private_key, &sent, &context).unwrap();
            let stayed = committer == MEMBER && party.previous_index().is_some();
            let own = parties[sender].as_ref().filter(|_| stayed);
            assert_eq!(own.is_some(), stayed);
            assert_eq!(ApEpoch::begin(suite, own, &opened, &context).unwrap(), member);
            remaining[sender] = Some(member.ap_init_secret().clone());
            next.push(member);
        }
        // What a Welcome of this epoch hands over has the order of the list.
        let welcome = associated_party_secrets(&next).associated_party_init_secrets;
        let exposed: Vec<_> = next.iter().map(|epoch| epoch.ap_init_secret().expose()).collect();
        assert!(welcome.iter().map(|secret| secret.expose()).eq(exposed));
        (list, members, parties) = (changed.associated_parties(), next, remaining);
    }
}

#[test]
fn ap_commits_are_derived_under_the_new_index_and_entry() {
    let mut scene = Scene::new(3);
    let before = scene.list(&[0, 1, 2]);
    let changed = scene.apply(&before, &[remove(0)]).unwrap();
    let ap_secret = random_secret(32, &mut scene.rng);
    let commits = changed.ap_commits(&scene.suite, &ap_secret).unwrap();
    for (index, commit) in (0..).zip(&commits) {
        let entry = &before.associated_parties[index as usize + 1];
        let alone = mimi_crypto::ApCommit::derive(&scene.suite, &ap_secret, index, entry).unwrap();
        assert_eq!(commit.ap_commit_base_secret(), alone.ap_commit_base_secret());
    }
    assert_eq!(commits.len(), 2);
}

#[test]
fn refuses_removals_of_parties_that_are_not_there() {
    let mut scene = Scene::new(3);
    let before = scene.list(&[0, 1]);
    let added = scene.entry(2).1;
    for index in [2, u32::MAX] {
        // An added party has no index before the change.
        let refused = scene.apply(&before, &[add(&added), remove(index)]);
        assert_eq!(refused, Err(CryptoError::UnknownAssociatedParty(index)));
    }
}

#[test]
fn refuses_two_changes_of_one_entry() {
    let mut scene = Scene::new(2);
    let before = scene.list(&[0, 1]);
    let updated = scene.entry(1).1;
    for proposals in [
        [remove(1), remove(1)],
        [remove(1), update(external(1), &updated)],
        [update(external(1), &updated), remove(1)],
        [update(external(1), &updated), update(external(1), &updated)],
    ] {
        assert_eq!(scene.apply(&before, &proposals), Err(CryptoError::AssociatedPartyChangedTwice(1)));
    }
}

#[test]
fn refuses_updates_by_others_and_for_others() {
    let mut scene = Scene::new(3);
    let before = scene.list(&[0, 1]);
    let (updated, stranger) = (scene.entry(1).1, scene.entry(2).1);
    for sender in [MEMBER, JOINER, Sender::NewMemberProposal {}, external(2)] {
        let refused = scene.apply(&before, &[update(sender.clone(), &updated)]);
        assert_eq!(refused, Err(CryptoError::NotAnAssociatedParty(sender)));
    }
    // A party that comes with this commit has nothing to update yet.
    let refused = scene.apply(&before, &[add(&stranger), update(external(2), &stranger)]);
    assert_eq!(refused, Err(CryptoError::NotAnAssociatedParty(external(2))));
    for (entry, actual) in [(&updated, 1), (&stranger, 2)] {
        let refused = scene.apply(&before, &[update(external(0), entry)]);
        assert_eq!(refused, Err(CryptoError::ExternalSenderMismatch { expected: 0, actual }));
    }
}

#[test]
fn refuses_two_entries_of_one_external_sender() {
    let mut scene = Scene::new(2);
    let before = scene.list(&[0, 1]);
    let again = scene.entry(1).1;
    let duplicate = Err(CryptoError::DuplicateAssociatedParty(1));
    assert_eq!(scene.apply(&before, &[add(&again)]), duplicate);
    assert_eq!(scene.apply(&AssociatedParties::default(), &[add(&again), add(&again)]), duplicate);
    scene.apply(&before, &[remove(1), add(&again)]).unwrap();
    // In the list before, too: whom an update replaces would be anybody's guess.
    let twice = scene.list(&[1, 1]);
    assert_eq!(scene.apply(&twice, &[remove(0)]), duplicate);
}

#[test]
fn refuses_entries_that_their_external_sender_did_not_sign() {
    let mut scene = Scene::new(3);
    let before = scene.list(&[0, 1]);
    let (mut added, mut updated) = (scene.entry(2).1, scene.entry(1).1);
    added.encryption_key = updated.encryption_key.clone();
    updated.encryption_key = before.associated_parties[0].encryption_key.clone();
    for proposal in [add(&added), update(external(1), &updated)] {
        assert_eq!(scene.apply(&before, &[proposal]), Err(CryptoError::InvalidSignature));
    }
    // External senders that the same commit changes: untouched entries have to hold, too.
    scene.senders.external_senders.swap(0, 1);
    assert_eq!(scene.apply(&before, &[]), Err(CryptoError::InvalidSignature));
    scene.senders.external_senders.clear();
    assert_eq!(scene.apply(&before, &[]), Err(CryptoError::UnknownExternalSender(0)));
    assert_eq!(scene.apply(&before, &[remove(0), remove(1)]).unwrap().parties(), []);
}
