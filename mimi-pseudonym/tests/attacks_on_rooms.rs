//! Attacks on a room by those who commit to it: what the hub refuses, and what members follow with
//! the leaf marked.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

mod world;

use mimi_codec::{
    List, Opaque,
    code_points::ComponentID,
    extensions::{AppDataUpdate, AppDataUpdateSelect},
    minimal_metadata::{AddAAD, EncryptedIdentityLinkKey},
    mls::{Credential, Node, Proposal, RatchetTree, Sender},
    protocol::{IdentifierUri, PseudonymousCredential, PseudonymousCredentialTBS},
};
use mimi_crypto::CipherSuiteProvider;
use mimi_pseudonym::{
    ConsentTo, IdentityLinkWrapperKey, PseudonymConsent, PseudonymError, PseudonymUses, RealClient, Reuse,
    RoomLeaves,
    flow::{
        add::{AddedUser, add_users},
        learn::LeafIdentity,
        leave::remove_clients,
        renew::{Renewal, renew_credential},
        unlinked::LinkPolicy,
    },
    issue_pseudonymous_credential, issue_unlinked_credential, open_identity_link,
};
use world::{Changes, Hub, JOINER, User, WireCommit, World, add, member, required, room_of, room_uri};

fn at(leaf_index: u32, error: PseudonymError) -> PseudonymError {
    PseudonymError::Leaf { leaf_index, error: Box::new(error) }
}

/// A room without links: its administrator at leaf 0, under a pseudonym and no more.
fn unlinked_room(world: &mut World) -> (Hub, User, PseudonymousCredential) {
    let admin = world.user("admin", 2);
    let pseudonym = world.user_pseudonym(&admin);
    let credential = world.unlinked(&admin, &pseudonym);
    let leaves = RoomLeaves::new(vec![Some(credential.clone())]).unwrap();
    let keys =
        mimi_codec::minimal_metadata::IdentityLinkKeysData { identity_link_key_ciphertexts: vec![None] };
    let keys = mimi_pseudonym::LinkKeys::new(keys, &leaves).unwrap();
    (Hub::new(leaves, keys), admin, credential)
}

fn consent(
    world: &World,
    by: (u32, &PseudonymousCredential),
    group_id: &Opaque,
    last_epoch: u64,
    joiner: &PseudonymousCredentialTBS,
) -> PseudonymConsent {
    let to = ConsentTo { group_id, last_epoch, joiner };
    let mut rng = world.rng.clone();
    PseudonymConsent::sign(&world.suite, by.0, world.room_key(by.1), to, &mut rng).unwrap()
}

#[test]
fn a_stranger_cannot_claim_the_pseudonym_of_a_present_user() {
    let mut world = World::new();
    let (hub, admin, own) = unlinked_room(&mut world);
    let mallory = world.user("amallory", 1);
    let claimed = world.unlinked(&mallory, &own.user_pseudonym);
    let leaves = hub.with(&[(1, Some(&claimed))]);
    let refused = |changes: &Changes<'_>| hub.judge(&world, &leaves, changes).unwrap_err();
    let no_consent = at(1, PseudonymError::NoConsent);
    // By her own commit, by a proposal from outside, and added by the server.
    let by_herself = Changes { by: JOINER, added: &[1], ..Default::default() };
    assert_eq!(refused(&by_herself), no_consent);
    for outside in [Sender::NewMemberProposal {}, Sender::External { sender_index: 0 }] {
        let changes = Changes { added_by: Some(outside), added: &[1], ..Default::default() };
        assert_eq!(refused(&changes), no_consent);
    }
    // The administrator adds a client of its own.
    let added = Changes { added: &[1], ..Default::default() };
    assert!(hub.judge(&world, &leaves, &added).is_ok());

    // A consent for another client, another room, an earlier epoch, by another leaf, or with
    // another key.
    let other = world.unlinked(&admin, &own.user_pseudonym);
    let group = world::group_id();
    let good = consent(&world, (0, &own), &group, 1, &claimed.tbs());
    let cases = [
        (consent(&world, (0, &own), &group, 1, &other.tbs()), PseudonymError::ConsentSignature),
        (consent(&world, (0, &own), &"another".into(), 1, &claimed.tbs()), PseudonymError::ConsentSignature),
        (
            consent(&world, (0, &own), &group, 0, &claimed.tbs()),
            PseudonymError::ConsentExpired { last_epoch: 0, epoch: 1 },
        ),
        (consent(&world, (0, &claimed), &group, 1, &claimed.tbs()), PseudonymError::ConsentSignature),
        (PseudonymConsent { last_epoch: 9, ..good.clone() }, PseudonymError::ConsentSignature),
        (PseudonymConsent { consenting_leaf: 7, ..good.clone() }, PseudonymError::NoConsent),
    ];
    for (consent, error) in cases {
        let changes = Changes { consent: Some(&consent), ..by_herself.clone() };
        let refused = hub.judge(&world, &leaves, &changes).unwrap_err();
        assert_eq!(refused, at(1, error));
    }
    let changes = Changes { consent: Some(&good), ..by_herself };
    assert!(hub.judge(&world, &leaves, &changes).is_ok());
}

/// A joiner that removes the leaf whose pseudonym it claims, as a client does that joins again, has
/// to show that the leaf was its own.
#[test]
fn a_stranger_cannot_take_the_place_of_a_leaf() {
    let mut world = World::new();
    let (mut hub, admin, own) = unlinked_room(&mut world);
    let mallory = world.user("amallory", 1);
    let (first, second) = (world.user_pseudonym(&mallory), world.user_pseudonym(&mallory));
    let bystander = world.unlinked(&mallory, &first);
    let changes = Changes { added: &[1], ..Default::default() };
    hub.commit(&world, hub.with(&[(1, Some(&bystander))]), &changes).unwrap();

    let claimed = world.unlinked(&mallory, &own.user_pseudonym);
    let over = Changes { by: JOINER, added: &[0], removed: &[0], ..Default::default() };
    let refused = hub.judge(&world, &hub.with(&[(0, Some(&claimed))]), &over);
    assert_eq!(refused, Err(at(0, PseudonymError::NoConsent)));
    // Under a pseudonym of her own, she removes only leaves of that pseudonym.
    let stranger = world.unlinked(&mallory, &second);
    let refused = hub.judge(&world, &hub.with(&[(0, Some(&stranger))]), &over);
    assert_eq!(refused, Err(at(0, PseudonymError::NotOwnLeaf)));
    // The leaf's own key.
    let again = world.unlinked(&admin, &own.user_pseudonym);
    let consent = consent(&world, (0, &own), &world::group_id(), hub.epoch, &again.tbs());
    let changes = Changes { consent: Some(&consent), ..over };
    assert!(hub.judge(&world, &hub.with(&[(0, Some(&again))]), &changes).is_ok());
}

/// Two parties cannot put clients under one new pseudonym: each would speak for the other's.
#[test]
fn a_new_pseudonym_is_added_by_one_party() {
    let mut world = World::new();
    let (mut hub, _, _) = unlinked_room(&mut world);
    let mallory = world.user("amallory", 1);
    let pseudonym = world.user_pseudonym(&mallory);
    let second = world.user_pseudonym(&mallory);
    let bystander = world.unlinked(&mallory, &second);
    let changes = Changes { added: &[1], ..Default::default() };
    hub.commit(&world, hub.with(&[(1, Some(&bystander))]), &changes).unwrap();
    let two = [world.unlinked(&mallory, &pseudonym), world.unlinked(&mallory, &pseudonym)];
    let leaves = hub.with(&[(2, Some(&two[0])), (3, Some(&two[1]))]);
    let changes = Changes { added: &[2, 3], ..Default::default() };
    let mut commit = WireCommit::of(&leaves, &changes);
    assert!(commit.judge(&world.suite, &hub.sealed, hub.epoch).is_ok());
    commit.proposals[1].1 = member(1);
    let refused = commit.judge(&world.suite, &hub.sealed, hub.epoch);
    assert_eq!(refused, Err(at(3, PseudonymError::NoConsent)));
}

/// RFC 9420 §5.3.1: the hub sees that pseudonyms change, members see that the user does.
#[test]
fn a_leaf_does_not_become_another_user() {
    let mut world = World::new();
    let alice = world.user("alice", 2);
    let (hub, key) = room_of(&mut world, &alice);
    let own = hub.leaves.get(0).unwrap().clone();
    let mallory = world.user("amallory", 1);
    let update = |world: &mut World, hub: &Hub, user: &User, credential: &PseudonymousCredential| {
        let (_, update) = add(world, &key, user, std::slice::from_ref(credential), &[0]);
        let changes = Changes { updated: &[0], update: Some(&update), ..Default::default() };
        hub.receive(world, &key, &hub.with(&[(0, Some(credential))]), &changes, &required)
            .map(|it| it.users())
    };
    let elsewhere = world.set(&alice).remove(0);
    let refused = update(&mut world, &hub, &alice, &elsewhere);
    assert_eq!(refused, Err(at(0, PseudonymError::IdentityChanged)));
    // The same pseudonyms, another user, and another client of the same user.
    let others = world.renew(&mallory, &mallory.clients[0], &own);
    let refused = update(&mut world, &hub, &mallory, &others);
    assert_eq!(refused, Err(at(0, PseudonymError::IdentityChanged)));
    let second = world.renew(&alice, &alice.clients[1], &own);
    let refused = update(&mut world, &hub, &alice, &second);
    assert_eq!(refused, Err(at(0, PseudonymError::IdentityChanged)));
    // Nor does it begin to hide.
    let hidden = PseudonymousCredentialTBS { signature_public_key: world.public_key(), ..own.tbs() };
    let hidden = hidden.with_identity_link(Opaque::default());
    let removal = remove_clients(&hub.link_keys, &[0], None).unwrap();
    let changes = Changes { updated: &[0], update: removal.as_ref(), ..Default::default() };
    let optional = |_: &IdentifierUri| LinkPolicy::Optional;
    let refused = hub.receive(&world, &key, &hub.with(&[(0, Some(&hidden))]), &changes, &optional);
    assert_eq!(refused, Err(at(0, PseudonymError::IdentityChanged)));
    let same = world.renew(&alice, &alice.clients[0], &own);
    assert_eq!(update(&mut world, &hub, &alice, &same), Ok(vec![(0, Some(alice.uri.clone()))]));
}

/// The hub cannot see that a link does not open. Every member follows, marks the leaf, and the room
/// goes on: additions, and the removal of the leaf.
#[test]
fn one_bad_commit_does_not_stop_a_room() {
    let mut world = World::new();
    let [alice, mallory, carol] = ["alice", "mallory", "carol"].map(|name| world.user(name, 1));
    let (mut hub, key) = room_of(&mut world, &alice);
    let mut known = hub.known(&world, &key, &required);
    let hers = world.set(&mallory).remove(0);
    let made_up = IdentityLinkWrapperKey::generate(&world.suite, &mut world.rng).unwrap();
    let (aad, update) = add(&mut world, &made_up, &mallory, std::slice::from_ref(&hers), &[1]);
    let changes =
        Changes { by: JOINER, added: &[1], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    let judged = hub.judge(&world, &hub.with(&[(1, Some(&hers))]), &changes).unwrap();
    hub.take(judged.clone());
    let check = |credential: &Credential| world.check(credential);
    let followed = known.follow(&world.suite, judged, &required, &check).unwrap();
    assert_eq!((followed.changed, followed.failed), (vec![1], vec![1]));
    assert_eq!(*known.sealed(), hub.sealed, "the epochs do not part");
    let error = at(1, PseudonymError::WrappedKeyDoesNotOpen);
    assert_eq!(known.failed().collect::<Vec<_>>(), [(1, &error)]);

    // Carol comes all the same, and learns the same.
    let carols = world.set(&carol);
    let (aad, update) = add(&mut world, &key, &carol, &carols, &[2]);
    let changes = Changes { added: &[2], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    let judged = hub.judge(&world, &hub.with(&[(2, Some(&carols[0]))]), &changes).unwrap();
    hub.take(judged.clone());
    let check = |credential: &Credential| world.check(credential);
    let followed = known.follow(&world.suite, judged, &required, &check).unwrap();
    assert_eq!((followed.changed, followed.failed), (vec![2], vec![]));
    let newcomer = hub.known(&world, &key, &required);
    assert!(newcomer.iter().eq(known.iter()));

    // And the bad leaf goes.
    let update = remove_clients(&hub.link_keys, &[1], None).unwrap();
    let changes = Changes { removed: &[1], update: update.as_ref(), ..Default::default() };
    let judged = hub.judge(&world, &hub.with(&[(1, None)]), &changes).unwrap();
    let check = |credential: &Credential| world.check(credential);
    assert!(known.follow(&world.suite, judged, &required, &check).unwrap().failed.is_empty());
    assert_eq!(known.failed().count(), 0);
    assert_eq!(known.pseudonym_of(&carol.uri), Some(&carols[0].user_pseudonym));
}

/// An adder withholds the key, or wraps a wrong one, and no one else may set it. The client itself
/// may.
#[test]
fn a_member_whose_key_was_withheld_sets_it_itself() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let (mut hub, key) = room_of(&mut world, &alice);
    let bobs = world.set(&bob).remove(0);
    let none = EncryptedIdentityLinkKey { ciphertext: Opaque::default() };
    let aad = AddAAD { identity_link_key_ciphertexts: vec![none] };
    let changes = Changes { added: &[1], add_aad: Some(&aad), ..Default::default() };
    let leaves = hub.with(&[(1, Some(&bobs))]);
    let mut known = hub.known(&world, &key, &required);
    let judged = hub.judge(&world, &leaves, &changes).unwrap();
    hub.take(judged.clone());
    let check = |credential: &Credential| world.check(credential);
    let followed = known.follow(&world.suite, judged, &required, &check).unwrap();
    assert_eq!(followed.failed, [1]);
    assert_eq!(known.get(1), Some(&LeafIdentity::Failed(at(1, PseudonymError::IdentityLinkRequired))));

    let of_bob = hub.known(&world, &key, &required);
    let mut rng = world.rng.clone();
    let update = of_bob.set_own_key(&world.suite, 1, &bob.connection_key, &mut rng).unwrap();
    let by_alice = Changes { update: Some(&update), ..Default::default() };
    let refused = hub.judge(&world, &leaves, &by_alice);
    assert_eq!(refused, Err(at(1, PseudonymError::LeafUntouched)));
    let judged = hub.judge(&world, &leaves, &Changes { by: member(1), ..by_alice }).unwrap();
    let followed = known.follow(&world.suite, judged, &required, &check).unwrap();
    assert_eq!((followed.changed, followed.failed), (vec![1], vec![]));
    assert_eq!(known.known(1).map(|identity| identity.user()), Some(&bob.uri));
    let refused = of_bob.set_own_key(&world.suite, 5, &bob.connection_key, &mut rng);
    assert_eq!(refused, Err(at(5, PseudonymError::UnknownLeaf)));
}

#[test]
fn refuses_to_add_one_user_twice_or_one_client_twice() {
    let mut world = World::new();
    let (alice, bob) = (world.user("alice", 1), world.user("bob", 1));
    let (mut hub, key) = room_of(&mut world, &alice);
    let (one, other) = (world.set(&bob).remove(0), world.set(&bob).remove(0));
    let same_client = world.issue(&bob, &bob.clients[0], &one.user_pseudonym);
    let (connection, eve) = (bob.connection(), world.user("eve", 1));
    let eves = eve.connection();
    let check = |credential: &Credential| world.check(credential);
    let mut rng = world.rng.clone();
    let twice = [
        AddedUser { connection: &connection, credentials: &[&one] },
        AddedUser { connection: &connection, credentials: &[&other] },
    ];
    let refused = add_users(&world.suite, &key, &twice, &[1, 2], &check, &mut rng);
    assert_eq!(refused, Err(PseudonymError::RepeatedUser));
    let shared = [twice[0], AddedUser { connection: &eves, credentials: &[&one] }];
    let refused = add_users(&world.suite, &key, &shared, &[1, 2], &check, &mut rng);
    assert_eq!(refused, Err(PseudonymError::UserPseudonymShared));
    let users = [AddedUser { connection: &connection, credentials: &[&one, &same_client] }];
    let refused = add_users(&world.suite, &key, &users, &[1, 2], &check, &mut rng);
    assert_eq!(refused, Err(at(2, PseudonymError::RepeatedClient)));

    // Nor a user, or a client, that is there already.
    let (aad, update) = add(&mut world, &key, &bob, std::slice::from_ref(&one), &[1]);
    let changes = Changes { added: &[1], update: Some(&update), add_aad: Some(&aad), ..Default::default() };
    hub.commit(&world, hub.with(&[(1, Some(&one))]), &changes).unwrap();
    let known = hub.known(&world, &key, &required);
    let check = |credential: &Credential| world.check(credential);
    for (credential, error) in
        [(&other, PseudonymError::UserPseudonymDiffers), (&same_client, PseudonymError::RepeatedClient)]
    {
        let users = [AddedUser { connection: &connection, credentials: &[credential] }];
        let refused = known.add_users(&world.suite, &users, &[2], &check, &mut rng);
        assert_eq!(refused, Err(at(2, error)));
    }
    // A member who adds it all the same is found out.
    let (aad, update) = add(&mut world, &key, &bob, std::slice::from_ref(&same_client), &[2]);
    let changes = Changes {
        by: member(1),
        added: &[2],
        update: Some(&update),
        add_aad: Some(&aad),
        ..Default::default()
    };
    let refused = hub.receive(&world, &key, &hub.with(&[(2, Some(&same_client))]), &changes, &required);
    assert_eq!(refused, Err(at(2, PseudonymError::RepeatedClient)));
}

/// What would show to a hub whose pseudonym it is, is not made.
#[test]
fn refuses_to_make_a_credential_that_unmasks_its_user() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let pseudonym = world.user_pseudonym(&alice);
    let good = world.tbs(&alice, &pseudonym);
    let real_key = world.suite.signature_public_key(&alice.clients[0].signing_key);
    let uri = |text: &str| IdentifierUri::new(text).unwrap();
    let (user, client) = (IdentifierUri::from(&alice.uri), IdentifierUri::from(&alice.clients[0].uri));
    let cases = [
        (
            PseudonymousCredentialTBS { signature_public_key: real_key, ..good.clone() },
            PseudonymError::RealSignatureKey,
        ),
        (
            PseudonymousCredentialTBS { user_pseudonym: user.clone(), ..good.clone() },
            PseudonymError::RealIdentifier,
        ),
        (
            PseudonymousCredentialTBS { user_pseudonym: client.clone(), ..good.clone() },
            PseudonymError::RealIdentifier,
        ),
        (
            PseudonymousCredentialTBS { client_pseudonym: client, ..good.clone() },
            PseudonymError::RealIdentifier,
        ),
        (
            PseudonymousCredentialTBS { client_pseudonym: user, ..good.clone() },
            PseudonymError::RealIdentifier,
        ),
        (
            PseudonymousCredentialTBS { user_pseudonym: uri("mimi://a.example/u/alice-2"), ..good.clone() },
            PseudonymError::PseudonymNotRandom,
        ),
        (
            PseudonymousCredentialTBS { client_pseudonym: uri("mimi://a.example/d/alice"), ..good.clone() },
            PseudonymError::PseudonymNotRandom,
        ),
    ];
    for (tbs, error) in cases {
        let real = alice.clients[0].real();
        let unlinked = issue_unlinked_credential(&world.suite, tbs.clone(), real);
        assert_eq!(unlinked, Err(error.clone()));
        let mut rng = world.rng.clone();
        let linked = issue_pseudonymous_credential(&world.suite, tbs, real, &alice.connection_key, &mut rng);
        assert_eq!(linked, Err(error));
    }
}

/// A hub that replays state, and a commit that would take the keys away.
#[test]
fn refuses_a_commit_that_removes_all_keys() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let (hub, _) = room_of(&mut world, &alice);
    let op = AppDataUpdateSelect::Remove {};
    let removal = AppDataUpdate { component_id: ComponentID::IDENTITY_LINK_KEYS, op };
    let mut commit = WireCommit::of(&hub.leaves, &Changes::default());
    commit.proposals.push((Proposal::AppDataUpdate(removal), member(0)));
    let refused = commit.judge(&world.suite, &hub.sealed, 1);
    assert_eq!(refused, Err(PseudonymError::LinkKeysRemoved));
}

/// A user who is connected with another recognises it in every room whose leaves it sees, without
/// the room's wrapper key: the connection key opens the links in the credentials, which a hub shows
/// to a joiner. The drafts have nothing against it.
#[test]
fn a_contact_recognises_a_friend_in_every_room_without_its_wrapper_key() {
    let mut world = World::new();
    let bob = world.user("bob", 1);
    let check_rooms = [room_of(&mut world, &bob).0, room_of(&mut world, &bob).0];
    let check = |credential: &Credential| world.check(credential);
    for hub in &check_rooms {
        let seen = hub.leaves.get(0).unwrap();
        let (identity, _) = bob.connection().open(&world.suite, seen, &check).unwrap();
        assert_eq!(identity.user(), &bob.uri);
    }
}

/// A client gives its new real credential, and a new connection key, to a room where it is already.
#[test]
fn a_client_renews_its_credential_in_a_room() {
    let mut world = World::new();
    let alice = world.user("alice", 2);
    let (hub, key) = room_of(&mut world, &alice);
    let known = hub.known(&world, &key, &required);
    let new_key = mimi_pseudonym::ConnectionKey::generate(&world.suite, &mut world.rng);
    let renewal = |world: &mut World, client: usize, leaf_index| Renewal {
        leaf_index,
        signature_public_key: world.public_key(),
        real: alice.clients[client].real(),
        connection_key: &new_key,
    };
    let mut rng = world.rng.clone();
    let wanted = renewal(&mut world, 0, 0);
    let renewed = renew_credential(&world.suite, &known, wanted, &mut rng).unwrap();
    let changes = Changes { updated: &[0], update: Some(&renewed.update), ..Default::default() };
    let leaves = hub.with(&[(0, Some(&renewed.credential))]);
    let received = hub.receive(&world, &key, &leaves, &changes, &required).unwrap();
    assert_eq!(received.users(), [(0, Some(alice.uri.clone()))]);
    let check = |credential: &Credential| world.check(credential);
    let link_key = new_key.identity_link_key(&world.suite, &renewed.credential.tbs()).unwrap();
    assert!(open_identity_link(&world.suite, &renewed.credential, &link_key, &check).is_ok());
    let other = renewal(&mut world, 1, 0);
    let refused = renew_credential(&world.suite, &known, other, &mut rng);
    assert_eq!(refused, Err(at(0, PseudonymError::IdentityChanged)));
    let nowhere = renewal(&mut world, 0, 3);
    let refused = renew_credential(&world.suite, &known, nowhere, &mut rng);
    assert_eq!(refused, Err(at(3, PseudonymError::UnknownLeaf)));
}

/// Costs, by what is done and not by time: a tree of blanks holds nothing, additions fill the
/// blanks from the left in one pass, and one pseudonym in many rooms is noted without listing them.
#[test]
fn blanks_and_rooms_cost_what_they_hold() {
    let mut world = World::new();
    let alice = world.user("alice", 1);
    let credential = world.set(&alice).remove(0);
    let mut nodes = vec![None; 2_000_000];
    nodes.push(Some(Node::Leaf { leaf_node: Box::new(world::leaf_node(&credential)) }));
    let blank = RoomLeaves::of_tree(&RatchetTree(List::new(nodes).unwrap())).unwrap();
    assert_eq!((blank.len(), blank.iter().count(), blank.first_blank()), (1_000_001, 1, 0));
    let mut uses = PseudonymUses::new();
    for number in 0..2_000 {
        let room = room_uri(&format!("mimi://a.example/r/{number}"));
        let linked = uses.record(&room, &credential, Reuse::LastResort).unwrap();
        assert_eq!(linked.take(3).count(), number.min(3));
    }
    let (first, last) = (room_uri("mimi://a.example/r/0"), room_uri("mimi://a.example/r/1999"));
    assert_eq!(uses.count_elsewhere(&credential.user_pseudonym, &last), 1_999);
    uses.forget_room(&first);
    assert_eq!(uses.rooms(&credential.user_pseudonym).count(), 1_999);
    let real: RealClient<'_, _> = alice.clients[0].real();
    assert_eq!(real.user, &alice.uri);
}
