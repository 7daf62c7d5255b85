//! A room as a member knows it.

use mimi_codec::code_points::ComponentID;
use mimi_codec::minimal_metadata::ConnectionResponse;
use mimi_codec::protocol::{IdentifierUri, PseudonymousCredential};
use mimi_codec::{Encode, Opaque};
use mimi_crypto::{RustCrypto, Secret};
use mimi_pseudonym as pseudonym;
use mimi_pseudonym::flow::learn::LeafIdentity;
use mimi_pseudonym::flow::leave::remove_clients;
use mimi_pseudonym::flow::{create, renew, unlinked};
use mimi_pseudonym::{ConsentTo, IdentityLinkWrapperKey, PseudonymConsent, VerifiedIdentity, rotation};

use super::credential::{checked, pseudonymous, signing_key};
use super::sealed::blanks;
use super::{
    Commit, CommitChanges, Connection, ConnectionKey, CredentialCheck, PseudonymUses, RealClient, SealedRoom,
    WrapperKeyRule, decode, encode, failed, item, room, suite, text, too_long, user,
};
use crate::seed::generator;
use crate::{Error, Result};

/// Whether the members have to let each other know who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkPolicy {
    /// They have to: the rule of the drafts.
    #[default]
    Required,
    /// As they like.
    Optional,
    /// They must not.
    Forbidden,
}

impl LinkPolicy {
    fn of_all(self) -> impl Fn(&IdentifierUri) -> unlinked::LinkPolicy {
        let policy = match self {
            Self::Required => unlinked::LinkPolicy::Required,
            Self::Optional => unlinked::LinkPolicy::Optional,
            Self::Forbidden => unlinked::LinkPolicy::Forbidden,
        };
        move |_| policy
    }
}

/// What the members of a room agree on; nothing on the wire says it. By default, the drafts' rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoomRules {
    /// How the wrapper key changes.
    pub wrapper_key: WrapperKeyRule,
    /// Whether members show who they are.
    pub identity_links: LinkPolicy,
}

/// A room as a member knows it: who is at each leaf. It opens each link once, so a commit costs
/// what it changes.
#[derive(Clone, Debug)]
pub struct KnownRoom {
    suite: u16,
    room: pseudonym::KnownRoom<()>,
    policy: LinkPolicy,
}

/// What is known of the client at a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The leaf.
    pub leaf_index: u32,
    /// The pseudonym of its user.
    pub user_pseudonym: String,
    /// Its own pseudonym.
    pub client_pseudonym: String,
    /// Who it is.
    pub state: MemberState,
}

/// Who the client at a leaf is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberState {
    /// This client of this user.
    Known {
        /// The user.
        user_uri: String,
        /// The client.
        client_uri: String,
    },
    /// It shows no identity, as the room allows.
    Unlinked,
    /// Its link does not hold. Show no name for it, and tell your user: its pseudonym may stand for
    /// anyone.
    Failed(Error),
}

/// What a member learns from a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// The leaves that are new, have another credential, or show an identity at last.
    pub changed: Vec<u32>,
    /// Those of them whose link does not hold: tell your user.
    pub failed: Vec<u32>,
    /// The member that has wrapped the keys wrongly: [`KnownRoom::rewrap`] mends it.
    pub wrong_rewrap_by: Option<u32>,
    /// Whether the new epoch's secret is to be given to [`KnownRoom::set_next_wrapper_key`].
    pub begins_rotation: bool,
}

/// A connected user who is to be added.
#[derive(Clone, Debug)]
pub struct AddedUser {
    /// The connection.
    pub connection: Connection,
    /// The encoded PseudonymousCredentials of its KeyPackages, one for each client, in the order of
    /// the commit's Add proposals.
    pub credentials: Vec<Vec<u8>>,
}

/// What goes with a commit that adds and removes clients.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MembersChange {
    /// The encoded item for the commit's SafeAAD, if it adds clients.
    pub safe_aad_item: Option<Vec<u8>>,
    /// The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate, if keys change.
    pub update: Option<Vec<u8>>,
    /// The added clients at their leaves, in the order of the Add proposals.
    pub added: Vec<Member>,
}

/// What a client's commit gives its own leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewed {
    /// The encoded PseudonymousCredential for the leaf in the commit's path.
    pub credential: Vec<u8>,
    /// The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate.
    pub update: Vec<u8>,
}

impl KnownRoom {
    /// A new room with its creator at leaf 0, under the creator's encoded credential. `seed` is 32
    /// bytes from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) with `PseudonymReused` for a
    /// credential of another room, [`ErrorKind::Refused`](crate::ErrorKind::Refused) and
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no credential or
    /// room.
    pub fn create(
        room_uri: &str,
        credential: &[u8],
        connection_key: &ConnectionKey,
        uses: &mut PseudonymUses,
        rules: RoomRules,
        check: &dyn CredentialCheck,
        seed: &[u8],
    ) -> Result<Self> {
        let RoomRules { wrapper_key: rule, identity_links: policy } = rules;
        let (suite, mut rng) = (connection_key.provider()?, generator(seed)?);
        let (room, credential) = (room(room_uri)?, pseudonymous(credential)?);
        let key = &connection_key.key;
        let created =
            create::create_room(&suite, &room, credential, key, &mut uses.0, &mut rng).map_err(failed)?;
        let sealed = pseudonym::SealedRoom::new(created.leaves, created.link_keys, rule.into());
        let (wrapper_key, all, check) = (created.wrapper_key, policy.of_all(), checked(check));
        let room = pseudonym::KnownRoom::learn(&suite, sealed, wrapper_key, &all, &check, &mut rng);
        Ok(Self { suite: connection_key.suite, room, policy })
    }

    /// The room that a client has joined, with the wrapper key of its Welcome or join link: opens
    /// all links. `sealed` is the room after the join. `seed` is 32 bytes from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for another suite, or a key that
    /// does not have KDF.Nh bytes. A link that does not hold is no error: see
    /// [`MemberState::Failed`].
    pub fn learn(
        cipher_suite: u16,
        sealed: &SealedRoom,
        wrapper_key: &[u8],
        policy: LinkPolicy,
        check: &dyn CredentialCheck,
        seed: &[u8],
    ) -> Result<Self> {
        let suite = suite(cipher_suite)?;
        let key = IdentityLinkWrapperKey::new(&suite, wrapper_key)
            .map_err(|error| failed(error).in_field("wrapper_key"))?;
        let (sealed, all, check) = (sealed.0.clone(), policy.of_all(), checked(check));
        let room = pseudonym::KnownRoom::learn(&suite, sealed, key, &all, &check, &mut generator(seed)?);
        Ok(Self { suite: cipher_suite, room, policy })
    }

    /// The public side of the room.
    #[must_use]
    pub fn sealed(&self) -> SealedRoom {
        SealedRoom(self.room.sealed().clone())
    }

    /// All members, in the order of their leaves.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.room.iter().filter_map(|(leaf_index, _)| self.member(leaf_index)).collect()
    }

    /// The member at a leaf.
    #[must_use]
    pub fn member(&self, leaf_index: u32) -> Option<Member> {
        let credential = self.room.sealed().leaves().get(leaf_index)?;
        let state = match self.room.get(leaf_index)? {
            LeafIdentity::Known(identity) => known(identity),
            LeafIdentity::Unlinked => MemberState::Unlinked,
            LeafIdentity::Failed(error) => MemberState::Failed(failed(error.clone())),
        };
        Some(member(leaf_index, credential, state))
    }

    /// The user pseudonym of a real user in this room; `None` if the room does not know it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a URI that is not in its
    /// normal form.
    pub fn pseudonym_of(&self, user_uri: &str) -> Result<Option<String>> {
        Ok(self.room.pseudonym_of(&user("user_uri", user_uri)?).map(text))
    }

    /// The room's wrapper key in clear, to store, and for join links.
    #[must_use]
    pub fn wrapper_key(&self) -> Vec<u8> {
        self.room.wrapper_key().expose().to_vec()
    }

    /// The encoded IdentityLinkExtension for the GroupInfo inside a Welcome, and for no other: the
    /// hub's would give it every identity in the room.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), for no key of a suite.
    pub fn welcome_extension(&self) -> Result<Vec<u8>> {
        let extension = self.room.wrapper_key().to_extension().to_secret_bytes();
        extension.map(|bytes| bytes.expose().to_vec()).map_err(|error| too_long(&error))
    }

    /// Judges a commit by the public rules, as the hub does, and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`SealedRoom::judge`].
    pub fn judge(&self, commit: &Commit) -> Result<CommitChanges> {
        CommitChanges::of(&commit.judged_by(self.room.sealed())?)
    }

    /// Follows a commit, and opens the links of the leaves that it changes. A link that does not
    /// hold is no error, since the hub cannot see it: the leaf is among those that failed.
    ///
    /// # Errors
    ///
    /// As [`SealedRoom::judge`]; [`ErrorKind::State`](crate::ErrorKind::State) with `NoWrapperKey`
    /// if the commit ends a change of the wrapper key that was not
    /// [set](Self::set_next_wrapper_key). Nothing has changed then.
    pub fn follow(&mut self, commit: &Commit, check: &dyn CredentialCheck) -> Result<Followed> {
        let judged = commit.judged_by(self.room.sealed())?;
        let (suite, all, check) = (self.provider()?, self.policy.of_all(), checked(check));
        let followed = self.room.follow(&suite, judged, &all, &check).map_err(failed)?;
        let pseudonym::Followed { changed, failed, wrong_rewrap_by, begins_rotation } = followed;
        Ok(Followed { changed, failed, wrong_rewrap_by, begins_rotation })
    }

    /// What goes with a commit that removes the clients at these leaves and adds these users, who
    /// land at the leftmost blank leaves. `seed` is 32 bytes from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for users, clients or pseudonyms
    /// that are there already, and while a change of the wrapper key is pending;
    /// [`ErrorKind::NotAuthentic`](crate::ErrorKind::NotAuthentic) for a link that does not open or
    /// shows another user.
    pub fn change_members(
        &self,
        users: &[AddedUser],
        removed: &[u32],
        check: &dyn CredentialCheck,
        seed: &[u8],
    ) -> Result<MembersChange> {
        let (suite, sealed) = (self.provider()?, self.room.sealed());
        if users.is_empty() {
            let update = remove_clients(sealed.link_keys(), removed, None).map_err(failed)?;
            let update = update.map(|update| encode(&update)).transpose()?;
            return Ok(MembersChange { safe_aad_item: None, update, added: Vec::new() });
        }
        let credentials: Vec<Vec<PseudonymousCredential>> = users
            .iter()
            .map(|user| user.credentials.iter().map(|credential| pseudonymous(credential)).collect())
            .collect::<Result<_>>()?;
        let borrowed: Vec<Vec<&PseudonymousCredential>> =
            credentials.iter().map(|of_user| of_user.iter().collect()).collect();
        let added: Vec<_> = users
            .iter()
            .zip(&borrowed)
            .map(|(user, credentials)| pseudonym::flow::add::AddedUser {
                connection: &user.connection.connection,
                credentials,
            })
            .collect();
        let clients = credentials.iter().map(Vec::len).fold(0, usize::saturating_add);
        let leaves: Vec<u32> = blanks(sealed.leaves(), removed).take(clients).collect();
        let (check, mut rng) = (checked(check), generator(seed)?);
        let added = self.room.add_users(&suite, &added, &leaves, &check, &mut rng).map_err(failed)?;
        let update = remove_clients(sealed.link_keys(), removed, Some(&added.update)).map_err(failed)?;
        let members = leaves.iter().zip(credentials.iter().flatten()).zip(&added.identities).map(
            |((leaf_index, credential), identity)| {
                member(*leaf_index, credential, identity.as_ref().map_or(MemberState::Unlinked, known))
            },
        );
        Ok(MembersChange {
            safe_aad_item: Some(item(ComponentID::IDENTITY_LINK_KEYS, &added.add_aad)?),
            update: update.map(|update| encode(&update)).transpose()?,
            added: members.collect(),
        })
    }

    /// Sets the wrapper key of the epoch that began a change of it. `component_secret` is the MLS
    /// exporter's secret of the component [`IDENTITY_LINK_KEYS`](super::IDENTITY_LINK_KEYS) in that
    /// epoch (mls-extensions-10 §4.4).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a secret that does not have
    /// KDF.Nh bytes, [`ErrorKind::State`](crate::ErrorKind::State) if no change is pending.
    pub fn set_next_wrapper_key(
        &mut self,
        component_secret: &[u8],
        group_id: &[u8],
        epoch: u64,
    ) -> Result<()> {
        if !self.room.sealed().is_rotation_pending() {
            return Err(Error::new(crate::ErrorKind::State, "no change of the wrapper key is pending"));
        }
        let (suite, group_id) = (self.provider()?, Opaque::from(group_id));
        let secret =
            Secret::new(&suite, component_secret).map_err(super::crypto_input("component_secret"))?;
        let key = rotation::epoch_wrapper_key(&suite, &secret, &group_id, epoch).map_err(failed)?;
        self.room.set_next_wrapper_key(key);
        Ok(())
    }

    /// The encoded IdentityLinkKeysUpdate that puts all keys under the wrapper key that the members
    /// share: to end a change of it, or to mend what another member has wrapped. `seed` is 32 bytes
    /// from a secure generator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`](crate::ErrorKind::State) with `NoWrapperKey` while the key of a pending
    /// change was not [set](Self::set_next_wrapper_key).
    pub fn rewrap(&self, seed: &[u8]) -> Result<Vec<u8>> {
        encode(&self.room.rewrap(&self.provider()?, &mut generator(seed)?).map_err(failed)?)
    }

    /// The encoded IdentityLinkKeysUpdate by which the member at a leaf sets its own key, if the
    /// one that added it did not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for a leaf that has no link, and
    /// while a change of the wrapper key is pending.
    pub fn set_own_key(
        &self,
        leaf_index: u32,
        connection_key: &ConnectionKey,
        seed: &[u8],
    ) -> Result<Vec<u8>> {
        let (suite, mut rng) = (self.provider()?, generator(seed)?);
        let update = self.room.set_own_key(&suite, leaf_index, &connection_key.key, &mut rng);
        encode(&update.map_err(failed)?)
    }

    /// Another credential for the client's own leaf, with the same pseudonyms: for a new real
    /// credential or connection key. `signature_public_key` is that of a new key, used here alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for the leaf of another client, and
    /// while a change of the wrapper key is pending; those of [`RealClient::issue`].
    pub fn renew(
        &self,
        leaf_index: u32,
        signature_public_key: &[u8],
        real: &RealClient,
        connection_key: &ConnectionKey,
        seed: &[u8],
    ) -> Result<Renewed> {
        let (suite, mut rng) = (self.provider()?, generator(seed)?);
        let key = real.signing_key(&suite)?;
        let renewal = renew::Renewal {
            leaf_index,
            signature_public_key: signature_public_key.into(),
            real: real.real(&key),
            connection_key: &connection_key.key,
        };
        let renewed = renew::renew_credential(&suite, &self.room, renewal, &mut rng).map_err(failed)?;
        Ok(Renewed { credential: encode(&renewed.credential)?, update: encode(&renewed.update)? })
    }

    /// The encoded SafeAAD item by which the client at a leaf consents to another client of its
    /// user under their user pseudonym, until an epoch. `private_key` is the leaf's in this room;
    /// `joiner` is the other client's encoded PseudonymousCredential.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for keys of another suite,
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) for what is no credential.
    pub fn consent(
        &self,
        leaf_index: u32,
        private_key: &[u8],
        group_id: &[u8],
        last_epoch: u64,
        joiner: &[u8],
        seed: &[u8],
    ) -> Result<Vec<u8>> {
        let (suite, mut rng) = (self.provider()?, generator(seed)?);
        let (key, joiner) = (signing_key(&suite, private_key)?, pseudonymous(joiner)?.tbs());
        let to = ConsentTo { group_id: &group_id.into(), last_epoch, joiner: &joiner };
        let consent = PseudonymConsent::sign(&suite, leaf_index, &key, to, &mut rng).map_err(failed)?;
        item(ComponentID::PSEUDONYM_CONSENT, &consent)
    }

    /// The connection with a user who says in the connection room that its key is another:
    /// `message` is application data of the client at `sender_leaf`, an encoded ConnectionResponse.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAllowed`](crate::ErrorKind::NotAllowed) for another sender than the
    /// connected user, and for a key that it has replaced before;
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) for another message.
    pub fn rotate_connection(
        &self,
        connection: &Connection,
        sender_leaf: u32,
        message: &[u8],
    ) -> Result<Connection> {
        let suite = self.provider()?;
        let message: ConnectionResponse = decode("mimi-metadata-minimalization-02 §5", message)?;
        let sender = self.room.known(sender_leaf);
        let sender = sender.ok_or_else(|| failed(pseudonym::PseudonymError::NotTheConnectedUser))?;
        let rotated = connection.connection.clone().rotate(&suite, sender, &message).map_err(failed)?;
        Ok(Connection { suite: connection.suite, connection: rotated })
    }

    pub(super) fn view(&self) -> pseudonym::RoomView<'_> {
        let sealed = self.room.sealed();
        pseudonym::RoomView {
            leaves: sealed.leaves(),
            link_keys: sealed.link_keys(),
            wrapper_key: self.room.wrapper_key(),
        }
    }

    pub(super) fn provider(&self) -> Result<RustCrypto> {
        suite(self.suite)
    }
}

pub(super) fn known(identity: &VerifiedIdentity<()>) -> MemberState {
    let (user_uri, client_uri) = (identity.user().to_string(), identity.client().to_string());
    MemberState::Known { user_uri, client_uri }
}

fn member(leaf_index: u32, credential: &PseudonymousCredential, state: MemberState) -> Member {
    Member {
        leaf_index,
        user_pseudonym: text(&credential.user_pseudonym),
        client_pseudonym: text(&credential.client_pseudonym),
        state,
    }
}
