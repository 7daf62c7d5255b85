//! What is sealed to a party outside of a group: a GroupInfo to a joiner, a commit's secret to an
//! associated party.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::associated_parties::{AssociatedPartyCommitSecret, AssociatedPartyEntry};
use mimi_codec::code_points::CipherSuite;
use mimi_codec::mls::{
    Credential, Extensions, ExternalSender, ExternalSenders, GroupContext, HPKEPublicKey, Mls10,
};
use mimi_codec::protocol::{
    GroupInfoRatchetTreeTBE, GroupInfoRequest, GroupInfoRequestTBS, GroupInfoResponse, Protocol,
};
use mimi_codec::{Decode, Encode};
use mimi_crypto::{
    AgreedApCommit, ApCommit, ApEpoch, CipherSuiteProvider, HpkePrivateKey, RustCrypto, RustCryptoSigningKey,
    Secret, answer_group_info_request, generate_hpke_key_pair, random_secret, sign_associated_party_entry,
    sign_group_info_request, verify_associated_party_entry, verify_group_info_request,
    verify_group_info_response,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// The suites whose operations are fast enough to be tried often.
const SUITES: [CipherSuite; 3] = [
    CipherSuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_ED25519,
    CipherSuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256,
    CipherSuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_ED25519,
];

/// Keys of a party outside of a group.
struct Party {
    suite: RustCrypto,
    signing_key: RustCryptoSigningKey,
    private_key: HpkePrivateKey,
    public_key: HPKEPublicKey,
}

impl Party {
    fn new(suite: CipherSuite, seed: u64) -> Self {
        let suite = RustCrypto::new(suite).expect("known");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let signing_key = suite.generate_signature_key(&mut rng).expect("a key");
        let signing_key = suite.signing_key(&signing_key).expect("a key");
        let (private_key, public_key) = generate_hpke_key_pair(&suite, &mut rng).expect("keys");
        Self { suite, signing_key, private_key, public_key }
    }

    fn sender(&self) -> ExternalSender {
        let signature_key = self.suite.signature_public_key(&self.signing_key);
        ExternalSender {
            signature_key,
            credential: Credential::Basic { identity: "mimi://hub.example".into() },
        }
    }
}

/// A hub and a joiner for each suite.
static PARTIES: LazyLock<[[Party; 2]; 3]> =
    LazyLock::new(|| SUITES.map(|suite| [Party::new(suite, 1), Party::new(suite, 2)]));

fn parties(suite: u8) -> &'static [Party; 2] {
    &PARTIES[usize::from(suite) % SUITES.len()]
}

/// One byte of an encoding that becomes another.
#[derive(Arbitrary, Debug, Clone, Copy)]
struct Change {
    at: u16,
    difference: u8,
}

impl Change {
    /// The encoding, changed, and whether it is another.
    fn of(change: Option<Self>, value: &impl Encode) -> (Vec<u8>, bool) {
        let mut bytes = value.to_bytes().expect("encodes");
        let place = change.map(|change| (usize::from(change.at) % bytes.len(), change.difference));
        if let Some((place, difference)) = place {
            bytes[place] ^= difference;
        }
        (bytes, place.is_some_and(|(_, difference)| difference != 0))
    }
}

#[derive(Arbitrary, Debug)]
struct GroupInfoInput<'a> {
    suite: u8,
    room: Vec<u8>,
    in_request: Option<Change>,
    in_response: Option<Change>,
    other_room: bool,
    tbe: &'a [u8],
}

/// A request and its answer. What the joiner opens is what the hub sealed; a changed request is
/// refused by the hub, and a changed answer, or one for another room, by the joiner.
pub fn group_info(data: &[u8]) {
    let Ok(input) = GroupInfoInput::arbitrary(&mut Unstructured::new(data)) else { return };
    let Ok(tbe) = GroupInfoRatchetTreeTBE::arbitrary(&mut Unstructured::new(input.tbe)) else { return };
    let [hub, Party { suite, signing_key, private_key, public_key }] = parties(input.suite);
    let mut rng = ChaCha20Rng::seed_from_u64(10);
    let tbs = GroupInfoRequestTBS {
        protocol: Protocol::Mls10,
        cipher_suite: suite.parameters().cipher_suite,
        requesting_signature_key: suite.signature_public_key(signing_key),
        requesting_credential: Credential::Basic { identity: "mimi://a.example/d/a1".into() },
        group_info_public_key: public_key.clone(),
        joining_code: None,
    };
    let request = sign_group_info_request(suite, signing_key, tbs, &mut rng).expect("signs");
    let (received, changed) = Change::of(input.in_request, &request);
    let verified = match GroupInfoRequest::decode_exact(&received) {
        Ok(request) => verify_group_info_request(suite, request).ok(),
        Err(_) => None,
    };
    assert_eq!(verified.is_none(), changed);
    let Some(verified) = verified else { return };

    let room = input.room.as_slice();
    let sealed =
        answer_group_info_request(suite, &verified, room, &tbe, hub.sender(), &hub.signing_key, &mut rng);
    // Too long for the wire, perhaps.
    let Ok(response) = sealed else { return };
    let (received, changed) = Change::of(input.in_response, &response);
    let asked = if input.other_room { [room, b"x"].concat() } else { room.to_vec() };
    let verified = match GroupInfoResponse::decode_exact(&received) {
        Ok(response) => verify_group_info_response(suite, response, &asked).ok(),
        Err(_) => None,
    };
    assert_eq!(verified.is_none(), changed || input.other_room);
    if let Some(verified) = verified {
        assert_eq!(verified.hub_sender(), &hub.sender());
        assert_eq!(verified.open(suite, private_key).expect("was sealed to this key"), tbe);
    }
}

#[derive(Arbitrary, Debug)]
struct AssociatedPartyInput {
    suite: u8,
    epoch: u64,
    ap_index: u32,
    group_id: Vec<u8>,
    in_entry: Option<Change>,
    in_commit: Option<Change>,
    other_epoch: bool,
    other_index: bool,
    begins_anew: bool,
}

/// An entry, a commit and an epoch of an associated party. The party has the secrets of the members
/// where nothing was changed; a changed entry or commit is refused, and another index, epoch or
/// history leads nowhere.
pub fn associated_party(data: &[u8]) {
    let Ok(input) = AssociatedPartyInput::arbitrary(&mut Unstructured::new(data)) else { return };
    let [party, _] = parties(input.suite);
    let Party { suite, signing_key, private_key, public_key } = party;
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let entry =
        sign_associated_party_entry(suite, signing_key, public_key.clone(), 0, &mut rng).expect("signs");
    let (received, changed) = Change::of(input.in_entry, &entry);
    let senders = ExternalSenders { external_senders: vec![party.sender()] };
    let verified = match AssociatedPartyEntry::decode_exact(&received) {
        Ok(entry) => verify_associated_party_entry(suite, entry, &senders).ok(),
        Err(_) => None,
    };
    assert_eq!(verified.is_none(), changed);
    let Some(verified) = verified else { return };

    let context = |epoch| GroupContext {
        version: Mls10,
        cipher_suite: suite.parameters().cipher_suite,
        group_id: input.group_id.clone().into(),
        epoch,
        tree_hash: "tree".into(),
        confirmed_transcript_hash: "transcript".into(),
        extensions: Extensions::default(),
    };
    let now = context(input.epoch);
    let ap_secret = random_secret(suite.parameters().nh, &mut rng);
    let derive = |index| ApCommit::derive(suite, &ap_secret, index, verified.entry()).expect("derives");
    let (sent, committer) = derive(input.ap_index).seal(suite, public_key, &now, &mut rng).expect("seals");
    let (received, changed) = Change::of(input.in_commit, &sent);
    let Ok(received) = AssociatedPartyCommitSecret::decode_exact(&received) else { return assert!(changed) };

    // A member derives it anew, from the index of the entry, and sees only whether it is the same
    // secret.
    let index = input.ap_index.wrapping_add(u32::from(input.other_index));
    let member = derive(index).agree(&received);
    let same_id = received.ap_commit_secret_id == sent.ap_commit_secret_id;
    assert_eq!(member.is_ok(), same_id && !input.other_index);
    let then = context(input.epoch.wrapping_add(u64::from(input.other_epoch)));
    let opened = AgreedApCommit::open(suite, private_key, &received, &then);
    assert_eq!(opened.is_ok(), !changed && !input.other_epoch);

    let previous = random_secret(suite.parameters().nh, &mut rng);
    let begin = |commit: &AgreedApCommit, previous: Option<&Secret>| {
        ApEpoch::begin(suite, previous, commit, &now).expect("begins")
    };
    let epoch = begin(&committer, Some(&previous));
    if let Ok(member) = member {
        assert_eq!(begin(&member, Some(&previous)), epoch);
    }
    if let Ok(opened) = opened {
        let previous = (!input.begins_anew).then_some(&previous);
        assert_eq!(begin(&opened, previous) == epoch, !input.begins_anew);
        assert!(opened.ap_commit_secret() == committer.ap_commit_secret());
    }
}
