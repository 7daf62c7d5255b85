//! How much memory an element of a vector takes, against the least bytes that make a decoder set it
//! aside.

use crate::{
    Decode, Encode, MediaType, Opaque,
    code_points::CipherSuite,
    extensions::{ComponentData, SafeAADItem},
    media_type::Parameter,
    minimal_metadata::EncryptedIdentityLinkKey,
    mls::{
        Certificate, Credential, CredentialBinding, EncryptedGroupSecrets, Extension, ExternalSender,
        HPKECiphertext, HPKEPublicKey, KeyPackage, KeyPackageRef, Node, PreSharedKeyID, PreSharedKeyIDSelect,
        ProposalOrRef, ProposalRef, SignaturePublicKey, UpdatePathNode,
    },
    protocol::{ClientKeyMaterial, IdentifierUri, ProfileField, ProposalMessage, QueryElement},
    room_policy::Role,
    semiprivate::{ExternalReceiver, KeyForExternalReceiver},
};

/// The memory that one byte of input can cost in a vector of these elements. `Vec` may double that
/// while it grows.
fn cost<T: Encode>(least: T) -> usize {
    size_of::<T>().div_ceil(least.to_bytes().unwrap().len())
}

/// The same, where the least bytes are easier to write than the value.
fn cost_of_bytes<T: Encode + for<'a> Decode<'a>>(least: &[u8]) -> usize {
    let value = T::decode_exact(least).unwrap();
    assert_eq!(value.to_bytes().unwrap(), least);
    cost(value)
}

/// Version, suite, init key; the leaf: two keys, an empty basic credential, no capabilities, an
/// update, no extensions, no signature; no extensions, no signature.
const KEY_PACKAGE: [&[u8]; 3] = [&[0, 1, 0, 1, 0], &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0], &[0, 0]];

/// MLS 1.0, a PublicMessage; group, epoch, an external sender, no data; a proposal to remove leaf
/// 0; no signature.
const PROPOSAL_MESSAGE: [&[u8]; 4] = [&[0, 1, 0, 1], &[0; 9], &[2, 0, 0, 0, 0, 0], &[2, 0, 3, 0, 0, 0, 0, 0]];

#[test]
fn no_byte_costs_more_than_a_few_words() {
    let ciphertext = || HPKECiphertext { kem_output: Opaque::default(), ciphertext: Opaque::default() };
    let credential = || Credential::Basic { identity: Opaque::default() };
    let psk_id = PreSharedKeyIDSelect::External { psk_id: Opaque::default() };
    let costs = [
        cost(None::<Node>),
        cost(Opaque::default()),
        cost(Certificate { cert_data: Opaque::default() }),
        cost(Extension {
            extension_type: crate::code_points::ExtensionType(1),
            extension_data: Opaque::default(),
        }),
        cost(ComponentData { component_id: crate::code_points::ComponentID(1), data: Opaque::default() }),
        cost(SafeAADItem {
            component_id: crate::code_points::ComponentID(1),
            aad_item_data: Opaque::default(),
        }),
        cost(ProposalOrRef::Reference { reference: ProposalRef::default() }),
        cost(ciphertext()),
        cost(UpdatePathNode {
            encryption_key: HPKEPublicKey::default(),
            encrypted_path_secret: alloc::vec![],
        }),
        cost(EncryptedGroupSecrets {
            new_member: KeyPackageRef::default(),
            encrypted_group_secrets: ciphertext(),
        }),
        cost(PreSharedKeyID { psktype: psk_id, psk_nonce: Opaque::default() }),
        cost(ExternalSender { signature_key: SignaturePublicKey::default(), credential: credential() }),
        cost(ExternalReceiver {
            external_receiver_public_key: HPKEPublicKey::default(),
            credential: credential(),
        }),
        cost(KeyForExternalReceiver {
            external_receiver_ref: Opaque::default(),
            encrypted_keys_and_nonces: ciphertext(),
        }),
        cost(CredentialBinding {
            cipher_suite: CipherSuite(1),
            credential: credential(),
            credential_key: SignaturePublicKey::default(),
            signature: Opaque::default(),
        }),
        // The code, and a URI of one byte; then that no capabilities follow.
        cost_of_bytes::<ClientKeyMaterial>(b"\x01\x01d"),
        cost_of_bytes::<ClientKeyMaterial>(b"\x02\x01d\x00"),
        cost_of_bytes::<QueryElement>(b"\x01\x00"),
        cost_of_bytes::<ProfileField>(b"\x07\x00\x00"),
        cost_of_bytes::<MediaType>(b"\x03a/b\x00"),
        cost_of_bytes::<Parameter>(b"\x01a\x00"),
        cost_of_bytes::<IdentifierUri>(b"\x01d"),
        cost_of_bytes::<Role>(&[0; 18]),
        cost(None::<EncryptedIdentityLinkKey>),
        cost_of_bytes::<KeyPackage>(&KEY_PACKAGE.concat()),
        cost_of_bytes::<ProposalMessage>(&PROPOSAL_MESSAGE.concat()),
    ];
    assert!(costs.iter().all(|cost| *cost <= 4 * size_of::<usize>()), "{costs:?}");
}
