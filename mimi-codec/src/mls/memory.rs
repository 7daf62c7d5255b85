//! How much memory an element of a vector takes, against the least bytes that make a decoder set it aside.

use crate::{
    Encode, Opaque,
    code_points::CipherSuite,
    extensions::{ComponentData, SafeAADItem},
    mls::{
        Certificate, Credential, CredentialBinding, EncryptedGroupSecrets, Extension, ExternalSender,
        HPKECiphertext, HPKEPublicKey, KeyPackageRef, Node, PreSharedKeyID, PreSharedKeyIDSelect,
        ProposalOrRef, ProposalRef, SignaturePublicKey, UpdatePathNode,
    },
    semiprivate::{ExternalReceiver, KeyForExternalReceiver},
};

/// The memory that one byte of input can cost in a vector of these elements. `Vec` may double that while it grows.
fn cost<T: Encode>(least: T) -> usize {
    size_of::<T>().div_ceil(least.to_bytes().unwrap().len())
}

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
    ];
    assert!(costs.iter().all(|cost| *cost <= 4 * size_of::<usize>()), "{costs:?}");
}
