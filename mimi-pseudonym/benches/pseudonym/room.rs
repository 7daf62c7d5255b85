//! A room of so many users with one client each, and what opening it costs at the least.

use std::collections::BTreeMap;

use mimi_codec::{
    ClientUri, Decode, DnsName, Encode, MimiUri, Opaque, UserUri,
    minimal_metadata::{IdentityLinkKeysData, NonceAndCiphertext},
    mls::{Credential, SignaturePublicKey},
    protocol::{IdentityLinkTBE, PseudonymousCredentialTBS},
};
use mimi_crypto::{AeadKey, CipherSuiteProvider, RustCrypto, Secret, expand_with_label, verify_with_label};
use mimi_pseudonym::{
    CheckedClient, ConnectionKey, CredentialCheckError, IdentityLinkWrapperKey, LinkKeys, RealClient,
    RoomLeaves, RoomView, issue_pseudonymous_credential, random_client_pseudonym, random_user_pseudonym,
};
use rand_chacha::ChaCha20Rng;

/// The inputs of the primitives for one leaf.
struct Leaf {
    tbs: Vec<u8>,
    wrapped: NonceAndCiphertext,
    link: NonceAndCiphertext,
    public_key: SignaturePublicKey,
    signature: Vec<u8>,
}

pub(crate) struct Room {
    leaves: RoomLeaves,
    link_keys: LinkKeys,
    wrapper_key: IdentityLinkWrapperKey,
    directory: BTreeMap<Opaque, CheckedClient<()>>,
    inputs: Vec<Leaf>,
}

impl Room {
    pub(crate) fn new(suite: &RustCrypto, leaves: usize, rng: &mut ChaCha20Rng) -> Self {
        let provider = DnsName::parse("a.example").unwrap();
        let wrapper_key = IdentityLinkWrapperKey::generate(suite, rng).unwrap();
        let (mut credentials, mut wrapped, mut inputs) = (Vec::new(), Vec::new(), Vec::new());
        let mut directory = BTreeMap::new();
        for number in 0..leaves {
            let key = suite.signing_key(&suite.generate_signature_key(rng).unwrap()).unwrap();
            let public_key = suite.signature_public_key(&key);
            let client = MimiUri::client(provider.as_ref(), &format!("client-{number}")).unwrap();
            let user = MimiUri::user(provider.as_ref(), &format!("user-{number}")).unwrap();
            let (client, user) = (ClientUri::from(&client), UserUri::from(&user));
            let identity = Opaque::from(client.as_bytes());
            let room_key = suite.signing_key(&suite.generate_signature_key(rng).unwrap()).unwrap();
            let tbs = PseudonymousCredentialTBS {
                client_pseudonym: random_client_pseudonym(provider.as_ref(), rng).unwrap(),
                user_pseudonym: random_user_pseudonym(provider.as_ref(), rng).unwrap(),
                signature_public_key: suite.signature_public_key(&room_key),
            };
            let connection_key = ConnectionKey::generate(suite, rng);
            let link_key = connection_key.identity_link_key(suite, &tbs).unwrap();
            let real = Credential::Basic { identity: identity.clone() };
            let real = RealClient { user: &user, client: &client, credential: &real, signing_key: &key };
            let credential =
                issue_pseudonymous_credential(suite, tbs.clone(), real, &connection_key, rng).unwrap();
            let entry = wrapper_key.wrap(suite, &link_key, &tbs, rng).unwrap();
            let link = NonceAndCiphertext::decode_exact(&credential.identity_link_ciphertext).unwrap();
            let tbs = tbs.to_bytes().unwrap();
            let secret = Secret::new(suite, link_key.expose()).unwrap();
            let opened = open(suite, &secret, b"IdentityLinkEncryptionKey", &link, &tbs);
            let tbe = IdentityLinkTBE::decode_exact(opened.expose()).unwrap();
            inputs.push(Leaf {
                tbs,
                wrapped: NonceAndCiphertext::decode_exact(&entry.ciphertext).unwrap(),
                link,
                public_key: public_key.clone(),
                signature: tbe.pseudonymous_credential_signature.to_vec(),
            });
            let checked = CheckedClient { user, client, signature_public_key: public_key, details: () };
            directory.insert(identity, checked);
            credentials.push(Some(credential));
            wrapped.push(Some(entry));
        }
        let leaves = RoomLeaves::new(credentials).unwrap();
        let data = IdentityLinkKeysData { identity_link_key_ciphertexts: wrapped };
        let link_keys = LinkKeys::new(data, &leaves).unwrap();
        Self { leaves, link_keys, wrapper_key, directory, inputs }
    }

    pub(crate) fn view(&self) -> RoomView<'_> {
        RoomView { leaves: &self.leaves, link_keys: &self.link_keys, wrapper_key: &self.wrapper_key }
    }

    pub(crate) fn check(&self, credential: &Credential) -> Result<CheckedClient<()>, CredentialCheckError> {
        let Credential::Basic { identity } = credential else { return Err(CredentialCheckError) };
        self.directory.get(identity).cloned().ok_or(CredentialCheckError)
    }

    /// Every primitive that opening needs, and nothing around it: the wrapper key is expanded once,
    /// as the crate does.
    pub(crate) fn primitives(&self, suite: &RustCrypto) -> usize {
        let wrapper = Secret::new(suite, self.wrapper_key.expose()).unwrap();
        let wrapper = aead_key(suite, &wrapper, b"IdentityLinkWrapEncryptionKey");
        let opened = self.inputs.iter().filter(|leaf| {
            let link_key =
                suite.aead_open(&wrapper, &leaf.wrapped.nonce, &leaf.tbs, &leaf.wrapped.ciphertext).unwrap();
            open(suite, &link_key, b"IdentityLinkEncryptionKey", &leaf.link, &leaf.tbs);
            self.is_signed(suite, leaf)
        });
        opened.count()
    }

    pub(crate) fn signatures(&self, suite: &RustCrypto) -> usize {
        self.inputs.iter().filter(|leaf| self.is_signed(suite, leaf)).count()
    }

    fn is_signed(&self, suite: &RustCrypto, leaf: &Leaf) -> bool {
        let label = b"PseudonymousCredentialTBS";
        verify_with_label(suite, &leaf.public_key, label, &leaf.tbs, &leaf.signature).is_ok()
    }
}

fn aead_key(suite: &RustCrypto, secret: &Secret, label: &[u8]) -> AeadKey {
    let key = expand_with_label(suite, secret, label, b"", suite.parameters().nk).unwrap();
    AeadKey::from_secret(suite, key).unwrap()
}

fn open(
    suite: &RustCrypto,
    secret: &Secret,
    label: &[u8],
    sealed: &NonceAndCiphertext,
    aad: &[u8],
) -> Secret {
    suite.aead_open(&aead_key(suite, secret, label), &sealed.nonce, aad, &sealed.ciphertext).unwrap()
}
