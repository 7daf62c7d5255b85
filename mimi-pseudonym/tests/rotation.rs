//! The wrapper key that changes when members go: ours, in no draft.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    List,
    code_points::{CipherSuite, ComponentID},
    minimal_metadata::{IdentityLinkKeysUpdate, LeafKey},
    mls::Credential,
};
use mimi_crypto::{CipherSuiteProvider, CryptoError, ExporterTree, RustCrypto, Secret, expand_with_label};
use mimi_pseudonym::{
    IdentityLinkWrapperKey, JudgedCommit, KnownRoom, PseudonymError, SealedRoom, WrapperKeyRule,
    flow::{learn::LeafIdentity, leave::remove_clients},
    rotation::epoch_wrapper_key,
};
use world::{
    Changes, Hub, JOINER, User, WireCommit, World, add, join, member, required, room_with_rule, secret,
};

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

/// The wrapper key of an epoch, as each of its members derives it.
fn key_of_epoch(world: &World, epoch: u64) -> IdentityLinkWrapperKey {
    let epoch_secret = secret(&world.suite, u8::try_from(epoch).unwrap());
    let mut tree = ExporterTree::from_epoch_secret(&world.suite, &epoch_secret).unwrap();
    let exported = tree.safe_export_secret(&world.suite, ComponentID::IDENTITY_LINK_KEYS).unwrap();
    epoch_wrapper_key(&world.suite, &exported, &world::group_id(), epoch).unwrap()
}

/// A room at the hub, what each of its members knows, and the wrapper keys that those who left have
/// had.
struct Scene {
    world: World,
    hub: Hub,
    members: Vec<(u32, User, KnownRoom<()>)>,
    /// All keys that a member had, and the client pseudonyms of those who came after it was
    /// removed.
    removed: Vec<(Vec<IdentityLinkWrapperKey>, Vec<u32>)>,
    keys: Vec<IdentityLinkWrapperKey>,
    guests: usize,
}

impl Scene {
    /// Alice and Bob.
    fn new() -> Self {
        let mut world = World::new();
        let alice = world.user("alice", 1);
        let (hub, key) = room_with_rule(&mut world, &alice, WrapperKeyRule::ChangesWithRemovals);
        let known = hub.known(&world, &key, &required);
        let (members, keys) = (vec![(0, alice, known)], vec![key]);
        let mut scene = Self { world, hub, members, removed: vec![], keys, guests: 0 };
        scene.add().unwrap();
        scene
    }

    /// The hub and all members follow a commit.
    fn follow(&mut self, judged: JudgedCommit) {
        let world = &self.world;
        let check = |credential: &Credential| world.check(credential);
        self.hub.take(judged.clone());
        let gone = judged.changes().removed().to_vec();
        self.members.retain(|(leaf, ..)| !gone.contains(leaf));
        for (_, _, known) in &mut self.members {
            let followed = known.follow(&world.suite, judged.clone(), &required, &check).unwrap();
            if followed.begins_rotation {
                known.set_next_wrapper_key(key_of_epoch(world, self.hub.epoch));
            }
            assert_eq!(*known.sealed(), self.hub.sealed);
        }
        let current = self.members[0].2.wrapper_key().clone();
        if self.keys.last() != Some(&current) {
            self.keys.push(current);
        }
    }

    fn newcomer(&mut self, leaf: u32, user: User) {
        let key = self.members[0].2.wrapper_key().clone();
        let known = self.hub.known(&self.world, &key, &required);
        for (_, came) in &mut self.removed {
            came.push(leaf);
        }
        self.members.push((leaf, user, known));
    }

    fn guest(&mut self) -> User {
        self.guests += 1;
        self.world.user(&format!("bob-{}", self.guests), 1)
    }

    /// A member adds a guest.
    fn add(&mut self) -> Result<(), PseudonymError> {
        let user = self.guest();
        let leaf = self.hub.leaves.first_blank();
        let set = self.world.set(&user);
        let key = self.members[0].2.wrapper_key().clone();
        let (aad, update) = add(&mut self.world, &key, &user, &set, &[leaf]);
        let by = member(self.members[0].0);
        let added = [leaf];
        let changes =
            Changes { by, added: &added, update: Some(&update), add_aad: Some(&aad), ..Default::default() };
        let leaves = self.hub.with(&[(leaf, Some(&set[0]))]);
        let judged = self.hub.judge(&self.world, &leaves, &changes)?;
        self.follow(judged);
        self.newcomer(leaf, user);
        Ok(())
    }

    /// A guest joins with a link from now.
    fn join(&mut self) -> Result<(), PseudonymError> {
        let user = self.guest();
        let leaf = self.hub.leaves.first_blank();
        let set = self.world.set(&user);
        let key = self.members[0].2.wrapper_key().clone();
        let sent = match join(&mut self.world, &self.hub, &key, &user, &set[0], leaf) {
            // Every entry was wrapped wrongly, so an honest joiner waits.
            Err(PseudonymError::StaleWrapperKey) if self.hub.sealed.is_rotation_pending() => {
                return Err(PseudonymError::RotationPending);
            }
            Err(PseudonymError::StaleWrapperKey) => return Ok(()),
            sent => sent?,
        };
        let added = [leaf];
        let changes = Changes {
            by: JOINER,
            added: &added,
            update: Some(&sent.update),
            add_aad: Some(&sent.add_aad),
            ..Default::default()
        };
        let leaves = self.hub.with(&[(leaf, Some(&set[0]))]);
        let judged = self.hub.judge(&self.world, &leaves, &changes)?;
        self.follow(judged);
        self.newcomer(leaf, user);
        Ok(())
    }

    /// The last member is removed.
    fn remove(&mut self) {
        if self.members.len() < 2 {
            return;
        }
        let leaf = self.members.last().unwrap().0;
        let update = remove_clients(&self.hub.link_keys, &[leaf], None).unwrap();
        let by = member(self.members[0].0);
        let removed = [leaf];
        let changes = Changes { by, removed: &removed, update: update.as_ref(), ..Default::default() };
        let leaves = self.hub.with(&[(leaf, None)]);
        let judged = self.hub.judge(&self.world, &leaves, &changes).unwrap();
        assert!(judged.begins_rotation());
        self.removed.push((self.keys.clone(), vec![]));
        self.follow(judged);
    }

    fn update(&mut self, update: &IdentityLinkKeysUpdate, by: u32) -> Result<(), PseudonymError> {
        let changes = Changes { by: member(by), update: Some(update), ..Default::default() };
        let leaves = self.hub.leaves.clone();
        let judged =
            WireCommit::of(&leaves, &changes).judge(&self.world.suite, &self.hub.sealed, self.hub.epoch)?;
        self.follow(judged);
        Ok(())
    }

    /// A member wraps all keys anew, rightly as far as it knows them.
    fn rewrap_by(&mut self, place: usize) {
        let (leaf, _, known) = &self.members[place];
        let leaf = *leaf;
        let mut rng = self.world.rng.clone();
        let update = known.rewrap(&self.world.suite, &mut rng).unwrap();
        self.update(&update, leaf).unwrap();
    }

    fn rewrap(&mut self) {
        self.rewrap_by(self.members.len() - 1);
    }

    /// The last member wraps all keys under a key that no member has.
    fn rewrap_wrongly(&mut self) {
        if self.members.len() == 1 && !self.hub.sealed.is_rotation_pending() {
            // Alone, a member that sets all keys sets its own: it deceives only itself.
            return;
        }
        let leaf = self.members.last().unwrap().0;
        let nobodys = key_of_epoch(&self.world, 200);
        let set = self.hub.link_keys.iter().map(|(leaf_index, _)| {
            let tbs = self.hub.leaves.get(leaf_index).unwrap().tbs();
            let user = &self.members.iter().find(|(leaf, ..)| *leaf == leaf_index).unwrap().1;
            let key = user.connection_key.identity_link_key(&self.world.suite, &tbs).unwrap();
            let mut rng = self.world.rng.clone();
            LeafKey { leaf_index, key: nobodys.wrap(&self.world.suite, &key, &tbs, &mut rng).unwrap() }
        });
        let set = List::new(set.collect()).unwrap();
        let update = IdentityLinkKeysUpdate::new(set, List::default()).unwrap();
        self.update(&update, leaf).unwrap();
    }

    /// A removed member opens no link of a later one, whatever keys it had.
    fn check_removed(&self) {
        let check = |credential: &Credential| self.world.check(credential);
        for (keys, came) in &self.removed {
            for leaf in came.iter().filter(|leaf| self.hub.leaves.get(**leaf).is_some()) {
                for key in keys {
                    assert!(self.hub.view(key).open(&self.world.suite, *leaf, &check).is_err());
                }
            }
        }
    }

    /// Whatever has happened, one honest member brings the room to where a newcomer learns all
    /// members.
    fn check_way_forward(&mut self) {
        self.rewrap_by(0);
        assert!(!self.hub.sealed.is_rotation_pending());
        self.add().unwrap();
        self.check_removed();
        for (_, _, known) in [self.members.first().unwrap(), self.members.last().unwrap()] {
            for (leaf, user, _) in &self.members {
                assert_eq!(
                    known.known(*leaf).map(|identity| identity.user()),
                    Some(&user.uri),
                    "leaf {leaf}"
                );
            }
        }
        let sealed: Vec<&SealedRoom> = self.members.iter().map(|(_, _, known)| known.sealed()).collect();
        assert!(sealed.iter().all(|sealed| **sealed == self.hub.sealed));
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Add,
    Join,
    Remove,
    Rewrap,
    RewrapWrongly,
}

/// All sequences of four steps: no removed member opens those who come later, no member is left
/// behind, additions wait while a rotation is pending and only then, and one honest member mends
/// whatever is wrong.
#[test]
fn every_interleaving_of_additions_removals_and_rewraps_keeps_its_promises() {
    use Step::{Add, Join, Remove, Rewrap, RewrapWrongly};
    const STEPS: [Step; 5] = [Add, Join, Remove, Rewrap, RewrapWrongly];
    const LENGTH: u32 = 4;
    for number in 0..STEPS.len().pow(LENGTH) {
        let steps = (0..LENGTH).map(|place| STEPS[number / STEPS.len().pow(place) % STEPS.len()]);
        let mut scene = Scene::new();
        for step in steps {
            let pending = scene.hub.sealed.is_rotation_pending();
            let added = match step {
                Add => Some(scene.add()),
                Join => Some(scene.join()),
                Remove => {
                    scene.remove();
                    None
                }
                Rewrap => {
                    scene.rewrap();
                    None
                }
                RewrapWrongly => {
                    scene.rewrap_wrongly();
                    None
                }
            };
            if let Some(added) = added {
                let expected = if pending { Err(PseudonymError::RotationPending) } else { Ok(()) };
                assert_eq!(added, expected, "{number} {step:?}");
            }
            scene.check_removed();
        }
        scene.check_way_forward();
    }
}

#[test]
fn a_removed_member_cannot_open_those_who_come_after() {
    let mut scene = Scene::new();
    scene.remove();
    // Until the keys are wrapped anew, no client is added: the one who went could open it.
    assert_eq!(scene.add(), Err(PseudonymError::RotationPending));
    let alice = &scene.members[0].2;
    assert!(alice.sealed().is_rotation_pending());
    let own = alice.set_own_key(
        &scene.world.suite,
        0,
        &scene.members[0].1.connection_key,
        &mut scene.world.rng.clone(),
    );
    assert_eq!(own, Err(at(0, PseudonymError::RotationPending)));
    scene.rewrap();
    scene.add().unwrap();
    scene.check_removed();
    assert_eq!(scene.removed[0].1.len(), 1);
    // What opens with the key of the new epoch does not with the old one.
    let check = |credential: &Credential| scene.world.check(credential);
    let old = &scene.removed[0].0[0];
    for leaf in [0, 1] {
        let error = scene.hub.view(old).open(&scene.world.suite, leaf, &check).unwrap_err();
        assert_eq!(error, at(leaf, PseudonymError::WrappedKeyDoesNotOpen));
    }
}

/// A member wraps all keys under a key that no member has. The hub cannot tell. The others know who
/// it was, keep what they know, and wrap the keys again.
#[test]
fn a_rewrap_to_a_key_that_no_member_has_is_found_out_and_mended() {
    let mut scene = Scene::new();
    scene.add().unwrap();
    scene.remove();
    let (leaf, ..) = *scene.members.last().unwrap();
    let nobodys = key_of_epoch(&scene.world, 200);
    let mut rng = scene.world.rng.clone();
    let set = scene.hub.link_keys.iter().map(|(leaf_index, _)| {
        let tbs = scene.hub.leaves.get(leaf_index).unwrap().tbs();
        let user = &scene.members.iter().find(|(leaf, ..)| *leaf == leaf_index).unwrap().1;
        let key = user.connection_key.identity_link_key(&scene.world.suite, &tbs).unwrap();
        LeafKey { leaf_index, key: nobodys.wrap(&scene.world.suite, &key, &tbs, &mut rng).unwrap() }
    });
    let update = IdentityLinkKeysUpdate::new(List::new(set.collect()).unwrap(), List::default()).unwrap();
    let changes = Changes { by: member(leaf), update: Some(&update), ..Default::default() };
    let judged = scene.hub.judge(&scene.world, &scene.hub.leaves.clone(), &changes).unwrap();
    assert!(judged.is_rewrap());
    let check = |credential: &Credential| scene.world.check(credential);
    let mut alice = scene.members[0].2.clone();
    let followed = alice.follow(&scene.world.suite, judged.clone(), &required, &check).unwrap();
    assert_eq!((followed.wrong_rewrap_by, followed.failed), (Some(leaf), vec![]));
    assert_eq!(*alice.wrapper_key(), key_of_epoch(&scene.world, scene.hub.epoch), "not the stranger's key");
    assert!(alice.known(0).is_some() && alice.known(leaf).is_some());
    // Without the new epoch's key, there is nothing to compare with.
    let mut late = scene.hub.known(&scene.world, &scene.keys[0], &required);
    assert_eq!(late.follow(&scene.world.suite, judged, &required, &check), Err(PseudonymError::NoWrapperKey));
    assert_eq!(late.rewrap(&scene.world.suite, &mut rng), Err(PseudonymError::NoWrapperKey));

    scene.rewrap_wrongly();
    scene.check_way_forward();
}

/// A leaf that opens for no member stops no rotation.
#[test]
fn a_failed_leaf_stops_no_rotation() {
    let mut scene = Scene::new();
    let user = scene.guest();
    let set = scene.world.set(&user);
    let wrong = key_of_epoch(&scene.world, 100);
    let (aad, update) = add(&mut scene.world, &wrong, &user, &set, &[2]);
    let changes = Changes { added: &[2], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    let leaves = scene.hub.with(&[(2, Some(&set[0]))]);
    let judged = scene.hub.judge(&scene.world, &leaves, &changes).unwrap();
    scene.follow(judged);
    let failed: Vec<u32> = scene.members[0].2.failed().map(|(leaf, _)| leaf).collect();
    assert_eq!(failed, [2]);
    scene.remove();
    scene.rewrap();
    let error = at(2, PseudonymError::WrappedKeyDoesNotOpen);
    assert_eq!(scene.members[0].2.get(2), Some(&LeafIdentity::Failed(error)));
    scene.add().unwrap();
    scene.check_removed();
}

#[test]
fn refuses_a_rewrap_of_other_leaves_and_one_in_a_room_that_did_not_agree_to_it() {
    let mut scene = Scene::new();
    let mut rng = scene.world.rng.clone();
    let honest = scene.members[0].2.rewrap(&scene.world.suite, &mut rng).unwrap();
    let update = |set: Vec<LeafKey>, removed: Vec<u32>| {
        IdentityLinkKeysUpdate::new(List::new(set).unwrap(), List::new(removed).unwrap()).unwrap()
    };
    let [first, second] = [0, 1].map(|leaf| honest.set()[leaf].clone());
    let elsewhere = LeafKey { leaf_index: 5, key: second.key.clone() };
    for (update, leaf) in [
        (update(vec![second.clone()], vec![]), 1),
        (update(vec![first.clone(), second.clone()], vec![7]), 7),
        (update(vec![first.clone(), second.clone(), elsewhere], vec![]), 5),
    ] {
        assert_eq!(scene.update(&update, 0), Err(at(leaf, PseudonymError::RewrapMismatch)));
    }
    scene.remove();
    let refused = scene.update(&update(vec![first.clone(), second.clone()], vec![]), 0);
    assert_eq!(refused, Err(at(1, PseudonymError::RewrapMismatch)));

    let mut world = World::new();
    let alice = world.user("alice", 2);
    let (mut hub, key) = world::room_of(&mut world, &alice);
    let pseudonym = hub.leaves.get(0).unwrap().user_pseudonym.clone();
    let other = world.issue(&alice, &alice.clients[1], &pseudonym);
    let (aad, added) = add(&mut world, &key, &alice, std::slice::from_ref(&other), &[1]);
    let changes = Changes { added: &[1], update: Some(&added), add_aad: Some(&aad), ..Default::default() };
    hub.commit(&world, hub.with(&[(1, Some(&other))]), &changes).unwrap();
    let plain = Changes { update: Some(&honest), ..Default::default() };
    let refused = hub.judge(&world, &hub.leaves.clone(), &plain);
    assert_eq!(refused, Err(at(1, PseudonymError::LeafUntouched)));
}

#[test]
fn follows_its_formula_in_every_suite() {
    for number in RustCrypto::CIPHER_SUITES {
        let suite = RustCrypto::new(number).unwrap();
        let exported = secret(&suite, 9);
        let key = epoch_wrapper_key(&suite, &exported, &"group".into(), 258).unwrap();
        let context = b"\x05group\0\0\0\0\0\0\x01\x02";
        let nh = suite.parameters().nh;
        let expected =
            expand_with_label(&suite, &exported, b"IdentityLinkEpochWrapperKey", context, nh).unwrap();
        assert_eq!(key.expose(), expected.expose());
        for (group, epoch) in [("group", 259), ("other", 258)] {
            assert_ne!(epoch_wrapper_key(&suite, &exported, &group.into(), epoch).unwrap(), key);
        }
    }
    let suite = RustCrypto::new(CipherSuite(1)).unwrap();
    let short = Secret::of_length([9; 31], 31).unwrap();
    let error = CryptoError::InvalidLength { what: "secret", expected: 32, actual: 31 };
    assert_eq!(epoch_wrapper_key(&suite, &short, &"group".into(), 1), Err(error.into()));
}
