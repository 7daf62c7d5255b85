//! What the base policy says of credentials, parents and the other components (mimi-room-policy-04
//! §5): component 0x0027.
//!
//! Who may join, leave or be moved is for the decisions on changes, not for this module; whether a
//! search shows the room, and whether it outlives its group, [`RoomState`](crate::RoomState) says.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    DnsNameRef, TextError, UriKind, code_points::ComponentID, mls::Credential, room_policy::BaseRoomPolicy,
};

use super::ComponentSeverity;

/// What is wrong with a [`BaseRoomPolicy`] by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaseFinding {
    /// The room depends on a parent, and none is named.
    NoParent,
    /// A parent is named, and the room doesn't depend on one.
    UnexpectedParent,
    /// The parent is no MIMI URI.
    Parent(TextError),
    /// The parent is a MIMI URI of something other than a room.
    ParentNotARoom,
    /// The parent is hosted by another hub.
    ParentElsewhere {
        /// Its hub.
        host: String,
    },
    /// A policy component is in the dictionary, and `policy_component_ids` doesn't name it.
    UnnamedComponent(ComponentID),
    /// `policy_component_ids` names a component that isn't in the dictionary.
    AbsentComponent(ComponentID),
    /// No user may be in the room.
    NoUsers,
    /// No client may be in the group.
    NoClients,
}

impl BaseFinding {
    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> ComponentSeverity {
        match self {
            Self::NoParent
            | Self::UnexpectedParent
            | Self::Parent(_)
            | Self::ParentNotARoom
            | Self::ParentElsewhere { .. }
            | Self::UnnamedComponent(_) => ComponentSeverity::Invalid,
            Self::AbsentComponent(_) | Self::NoUsers | Self::NoClients => ComponentSeverity::Advice,
        }
    }
}

impl fmt::Display for BaseFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoParent => f.write_str("parent_dependant is true, and parent_room is empty"),
            Self::UnexpectedParent => f.write_str("parent_dependant is false, and parent_room is not empty"),
            Self::Parent(error) => write!(f, "parent_room: {error}"),
            Self::ParentNotARoom => f.write_str("parent_room is the URI of something other than a room"),
            Self::ParentElsewhere { host } => write!(f, "the parent is at another hub, {host}"),
            Self::UnnamedComponent(id) => write!(f, "policy_component_ids lacks {id}"),
            Self::AbsentComponent(id) => write!(f, "policy_component_ids names the absent {id}"),
            Self::NoUsers => f.write_str("max_users is 0"),
            Self::NoClients => f.write_str("max_clients is 0"),
        }
    }
}

/// The components whose number `policy_component_ids` has to hold where they are present: all
/// policies of mimi-room-policy but the base policy itself, which may stand there and needn't.
const POLICY_COMPONENTS: [ComponentID; 12] = [
    ComponentID::MLS_OPERATIONAL_POLICY,
    ComponentID::ROLES_LIST,
    ComponentID::PREAUTH_LIST,
    ComponentID::STATUS_NOTIFICATION_POLICY,
    ComponentID::JOIN_LINK_POLICY,
    ComponentID::JOIN_LINKS,
    ComponentID::LINK_PREVIEW_POLICY,
    ComponentID::ASSET_POLICY,
    ComponentID::LOGGING_POLICY,
    ComponentID::CHAT_HISTORY_POLICY,
    ComponentID::BOT_POLICY,
    ComponentID::MESSAGE_EXPIRATION_POLICY,
];

/// What is wrong with the component by itself, in a dictionary that holds the components `present`.
/// Without `hub`, the domain name of the room's hub, the parent's isn't compared.
#[must_use]
pub fn findings(
    policy: &BaseRoomPolicy,
    hub: Option<DnsNameRef<'_>>,
    present: impl IntoIterator<Item = ComponentID>,
) -> Vec<BaseFinding> {
    let mut found = Vec::new();
    match (policy.parent_dependant, policy.parent_room.is_none()) {
        (true, true) => found.push(BaseFinding::NoParent),
        (false, false) => found.push(BaseFinding::UnexpectedParent),
        (false, true) => {}
        (true, false) => match policy.parent_room.mimi_uri() {
            Err(error) => found.push(BaseFinding::Parent(error)),
            Ok(uri) if uri.kind() != UriKind::Room => found.push(BaseFinding::ParentNotARoom),
            Ok(uri) if hub.is_some_and(|hub| hub != uri.host()) => {
                found.push(BaseFinding::ParentElsewhere { host: uri.host().as_str().into() });
            }
            Ok(_) => {}
        },
    }
    if policy.max_users == Some(0) {
        found.push(BaseFinding::NoUsers);
    }
    if policy.max_clients == Some(0) {
        found.push(BaseFinding::NoClients);
    }
    let present: BTreeSet<ComponentID> = present.into_iter().collect();
    let named: BTreeSet<ComponentID> = policy.policy_component_ids.iter().copied().collect();
    let unnamed = POLICY_COMPONENTS.into_iter().filter(|id| present.contains(id) && !named.contains(id));
    found.extend(unnamed.map(BaseFinding::UnnamedComponent));
    let absent = named.iter().filter(|id| !present.contains(id) && **id != ComponentID::BASE_ROOM_POLICY);
    found.extend(absent.copied().map(BaseFinding::AbsentComponent));
    found
}

/// A credential with a pseudonym in a room of long-term identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PseudonymRefusal;

impl fmt::Display for PseudonymRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the room doesn't allow pseudonyms")
    }
}

impl core::error::Error for PseudonymRefusal {}

/// Whether a client may use the credential: a pseudonymous one, by itself or inside a
/// multi-credential, only where `pseudonyms_allowed` is true.
///
/// # Errors
/// [`PseudonymRefusal`].
pub fn check_credential(policy: &BaseRoomPolicy, credential: &Credential) -> Result<(), PseudonymRefusal> {
    // Credentials nest four levels at most: the decoder sees to it, and the list here doesn't need
    // it to.
    let mut left = alloc::vec![credential];
    while let Some(credential) = left.pop() {
        match credential {
            Credential::Pseudonymous(_) if !policy.pseudonyms_allowed => return Err(PseudonymRefusal),
            Credential::Multi(multi) => {
                left.extend(multi.bindings().iter().map(|binding| &binding.credential));
            }
            Credential::WeakMulti(multi) => {
                left.extend(multi.bindings().iter().map(|binding| &binding.credential));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Why the participants of a room don't go with those of its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParentRefusal<'a> {
    /// A user isn't in the parent.
    NotInParent(&'a [u8]),
    /// All of the parent's participants are in the room: the subset has to be strict.
    NotStrict,
}

impl fmt::Display for ParentRefusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInParent(user) => {
                write!(f, "{} is not in the parent room", String::from_utf8_lossy(user))
            }
            Self::NotStrict => f.write_str("the participants are all of the parent room's"),
        }
    }
}

impl core::error::Error for ParentRefusal<'_> {}

/// Whether the participants of a parent-dependent room are a strict subset of its parent's. Users
/// are compared byte by byte.
///
/// # Errors
/// [`ParentRefusal`].
pub fn check_subset<'a>(
    participants: impl IntoIterator<Item = &'a [u8]>,
    parent_participants: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), ParentRefusal<'a>> {
    let parent: BTreeSet<&[u8]> = parent_participants.into_iter().collect();
    let mut here = BTreeSet::new();
    for user in participants {
        if !parent.contains(user) {
            return Err(ParentRefusal::NotInParent(user));
        }
        here.insert(user);
    }
    if here.len() < parent.len() { Ok(()) } else { Err(ParentRefusal::NotStrict) }
}

/// Who has to be removed from a parent-dependent room, in the order of its list: those who are not
/// in the parent any more. The hub proposes it for each dependent room when a user leaves the
/// parent or is removed from it.
///
/// ```
/// use mimi_policy::component::base::lost_with_parent;
///
/// let users = |names: &[&'static str]| names.iter().map(|name| name.as_bytes()).collect::<Vec<_>>();
/// let (call, parent) = (users(&["alice", "bob", "cathy"]), users(&["alice", "cathy", "dave"]));
/// assert_eq!(lost_with_parent(call, parent), users(&["bob"]));
/// ```
#[must_use]
pub fn lost_with_parent<'a>(
    participants: impl IntoIterator<Item = &'a [u8]>,
    parent_participants: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<&'a [u8]> {
    let parent: BTreeSet<&[u8]> = parent_participants.into_iter().collect();
    participants.into_iter().filter(|user| !parent.contains(user)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use mimi_codec::{DnsName, protocol::Uri};

    fn policy() -> BaseRoomPolicy {
        BaseRoomPolicy {
            fixed_membership: false,
            parent_dependant: false,
            parent_room: Uri::none(),
            multi_device: true,
            max_clients: None,
            max_users: None,
            pseudonyms_allowed: false,
            persistent_room: true,
            discoverable: false,
            policy_component_ids: vec![],
        }
    }

    fn dependent(parent: &str) -> BaseRoomPolicy {
        BaseRoomPolicy { parent_dependant: true, parent_room: Uri::new(parent), ..policy() }
    }

    fn found(policy: &BaseRoomPolicy) -> Vec<BaseFinding> {
        let hub = DnsName::parse("a.example").unwrap();
        findings(policy, Some(hub.as_ref()), [])
    }

    #[test]
    fn refuses_parents_that_are_missing_unexpected_or_elsewhere() {
        assert_eq!(found(&policy()), []);
        assert_eq!(found(&dependent("mimi://A.example/r/parent")), []);
        assert_eq!(found(&dependent("")), [BaseFinding::NoParent]);
        let unexpected = BaseRoomPolicy { parent_dependant: false, ..dependent("mimi://a.example/r/parent") };
        assert_eq!(found(&unexpected), [BaseFinding::UnexpectedParent]);
        assert_eq!(found(&dependent("mimi://a.example/u/alice")), [BaseFinding::ParentNotARoom]);
        assert!(matches!(found(&dependent("a.example"))[..], [BaseFinding::Parent(_)]));
        let elsewhere = dependent("mimi://b.example/r/parent");
        assert_eq!(found(&elsewhere), [BaseFinding::ParentElsewhere { host: "b.example".into() }]);
        assert_eq!(findings(&elsewhere, None, []), []);
        assert!(found(&elsewhere).iter().all(|finding| finding.severity() == ComponentSeverity::Invalid));
    }

    #[test]
    fn every_policy_component_that_is_there_is_named() {
        let present = [
            ComponentID::PARTICIPANT_LIST,
            ComponentID::ROLES_LIST,
            ComponentID::BASE_ROOM_POLICY,
            ComponentID::BOT_POLICY,
        ];
        let mut base = policy();
        base.policy_component_ids = vec![ComponentID::ROLES_LIST, ComponentID::PREAUTH_LIST];
        assert_eq!(
            findings(&base, None, present),
            [
                BaseFinding::UnnamedComponent(ComponentID::BOT_POLICY),
                BaseFinding::AbsentComponent(ComponentID::PREAUTH_LIST),
            ]
        );
        // The base policy's own number may be named and needn't be.
        for own in [vec![], vec![ComponentID::BASE_ROOM_POLICY]] {
            base.policy_component_ids =
                [own, vec![ComponentID::ROLES_LIST, ComponentID::BOT_POLICY]].concat();
            assert_eq!(findings(&base, None, present), []);
        }
    }

    #[test]
    fn finds_limits_of_no_user() {
        let none = BaseRoomPolicy { max_users: Some(0), max_clients: Some(0), ..policy() };
        assert_eq!(found(&none), [BaseFinding::NoUsers, BaseFinding::NoClients]);
        let one = BaseRoomPolicy { max_users: Some(1), max_clients: Some(1), ..policy() };
        assert_eq!(found(&one), []);
    }

    #[test]
    fn refuses_pseudonyms_where_long_term_identifiers_are_required() {
        use mimi_codec::{
            code_points::CipherSuite,
            mls::{CredentialBinding, MultiCredential, SignaturePublicKey},
            protocol::{IdentifierUri, PseudonymousCredential},
        };
        let basic = Credential::Basic { identity: "mimi://a.example/d/1".into() };
        let pseudonymous = Credential::Pseudonymous(PseudonymousCredential {
            client_pseudonym: IdentifierUri::new("x").unwrap(),
            user_pseudonym: IdentifierUri::new("y").unwrap(),
            signature_public_key: SignaturePublicKey::new([1]),
            identity_link_ciphertext: "".into(),
        });
        let binding = |credential| CredentialBinding {
            cipher_suite: CipherSuite(1),
            credential,
            credential_key: SignaturePublicKey::new([1]),
            signature: "".into(),
        };
        let multi = MultiCredential::new(vec![binding(basic.clone()), binding(pseudonymous.clone())]);
        let multi = Credential::Multi(multi.unwrap());
        let allowed = BaseRoomPolicy { pseudonyms_allowed: true, ..policy() };
        for credential in [&pseudonymous, &multi] {
            assert_eq!(check_credential(&policy(), credential), Err(PseudonymRefusal));
            assert_eq!(check_credential(&allowed, credential), Ok(()));
        }
        assert_eq!(check_credential(&policy(), &basic), Ok(()));
    }

    #[test]
    fn refuses_participants_that_are_no_strict_subset_of_the_parents() {
        let (a, b, c): (&[u8], &[u8], &[u8]) = (b"a", b"b", b"c");
        assert_eq!(check_subset([a, b], [a, b, c]), Ok(()));
        assert_eq!(check_subset([], [a]), Ok(()));
        assert_eq!(check_subset([a, c], [a, b]), Err(ParentRefusal::NotInParent(b"c")));
        assert_eq!(check_subset([b, a], [a, b]), Err(ParentRefusal::NotStrict));
        // One who stands twice is one.
        assert_eq!(check_subset([a, a], [a, b]), Ok(()));
    }

    #[test]
    fn who_leaves_the_parent_leaves_the_dependent_room() {
        let (a, b, c): (&[u8], &[u8], &[u8]) = (b"a", b"b", b"c");
        assert_eq!(lost_with_parent([c, a, b], [a]), [c, b]);
        assert!(lost_with_parent([a], [a, b]).is_empty());
    }
}
