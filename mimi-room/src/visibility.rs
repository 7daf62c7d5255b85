//! What the hub and a follower may learn of who is in a room, by its settings (mimi-protocol-06
//! §5.3, §6; the notes of June and November 2024).

use mimi_codec::{
    code_points::WireFormat,
    room_policy::{BaseRoomPolicy, OperationalParameters},
};

/// Of whom a server learns that they are in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeenMembers {
    /// Of its own users only.
    Own,
    /// Of all users.
    All,
}

/// By what a server knows those who aren't its own users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeenNames {
    /// By pseudonyms, where their clients use them: each is free to. Their providers show in either
    /// case.
    AsTheirClientsChose,
    /// By their long-term identifiers.
    Real,
}

/// What a server may learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerView {
    /// Of whom.
    pub members: SeenMembers,
    /// By what name, of those it learns of who aren't its own.
    pub names: SeenNames,
}

/// What servers may learn of who is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visibility {
    /// What the hub may learn.
    pub hub: ServerView,
    /// What a follower may learn.
    pub follower: ServerView,
}

/// What the hub and a follower may learn of who is in a room with this policy.
///
/// - A follower that passes handshakes on as PublicMessages reads them: all joining and leaving.
///   SemiPrivateMessages show it no more than its own users, and GroupInfo and tree come to it
///   sealed. Where the room allows both formats, or says nothing, it may get to see everything.
/// - The hub sees every handshake, so as to decide on it.
/// - Where pseudonyms are allowed, neither learns the real identifier of a client that uses one,
///   except that a provider knows its own users.
///
/// ```
/// use mimi_codec::{code_points::WireFormat, protocol::Uri, room_policy::BaseRoomPolicy};
/// use mimi_room::visibility::{ServerView, SeenMembers, SeenNames, visibility};
///
/// let base = BaseRoomPolicy {
///     fixed_membership: false,
///     parent_dependant: false,
///     parent_room: Uri::none(),
///     multi_device: true,
///     max_clients: None,
///     max_users: None,
///     pseudonyms_allowed: false,
///     persistent_room: true,
///     discoverable: false,
///     policy_component_ids: vec![],
/// };
/// let visibility = visibility(&base, &[WireFormat::MLS_SEMIPRIVATE_MESSAGE]);
/// assert_eq!(visibility.follower, ServerView { members: SeenMembers::Own, names: SeenNames::Real });
/// assert_eq!(visibility.hub, ServerView { members: SeenMembers::All, names: SeenNames::Real });
/// ```
#[must_use]
pub fn visibility(base: &BaseRoomPolicy, handshake_formats: &[WireFormat]) -> Visibility {
    let names = if base.pseudonyms_allowed { SeenNames::AsTheirClientsChose } else { SeenNames::Real };
    let hidden = !handshake_formats.is_empty()
        && handshake_formats.iter().all(|format| *format == WireFormat::MLS_SEMIPRIVATE_MESSAGE);
    let members = if hidden { SeenMembers::Own } else { SeenMembers::All };
    Visibility {
        hub: ServerView { members: SeenMembers::All, names },
        follower: ServerView { members, names },
    }
}

/// [`visibility`] with the handshake formats of the room's operational parameters.
#[must_use]
pub fn visibility_of_policy(
    base: &BaseRoomPolicy,
    operational: Option<&OperationalParameters>,
) -> Visibility {
    visibility(base, operational.map_or(&[][..], |parameters| &parameters.handshake_formats))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use mimi_codec::protocol::Uri;

    fn base(pseudonyms_allowed: bool) -> BaseRoomPolicy {
        BaseRoomPolicy {
            fixed_membership: false,
            parent_dependant: false,
            parent_room: Uri::none(),
            multi_device: true,
            max_clients: None,
            max_users: None,
            pseudonyms_allowed,
            persistent_room: true,
            discoverable: false,
            policy_component_ids: vec![],
        }
    }

    const PUBLIC: WireFormat = WireFormat::MLS_PUBLIC_MESSAGE;
    const SEMI_PRIVATE: WireFormat = WireFormat::MLS_SEMIPRIVATE_MESSAGE;

    #[test]
    fn only_semi_private_handshakes_hide_members_from_followers() {
        for (formats, members) in [
            (&[SEMI_PRIVATE][..], SeenMembers::Own),
            (&[PUBLIC], SeenMembers::All),
            (&[SEMI_PRIVATE, PUBLIC], SeenMembers::All),
            (&[SEMI_PRIVATE, WireFormat(0x7777)], SeenMembers::All),
            (&[], SeenMembers::All),
        ] {
            for pseudonyms in [false, true] {
                let visibility = visibility(&base(pseudonyms), formats);
                assert_eq!(visibility.follower.members, members, "{formats:?}");
                assert_eq!(visibility.hub.members, SeenMembers::All);
            }
        }
        assert_eq!(visibility_of_policy(&base(true), None), visibility(&base(true), &[]));
    }

    #[test]
    fn where_pseudonyms_are_allowed_not_even_the_hub_learns_real_names() {
        let with = visibility(&base(true), &[PUBLIC]);
        assert_eq!(
            (with.hub.names, with.follower.names),
            (SeenNames::AsTheirClientsChose, SeenNames::AsTheirClientsChose)
        );
        let without = visibility(&base(false), &[PUBLIC]);
        assert_eq!((without.hub.names, without.follower.names), (SeenNames::Real, SeenNames::Real));
    }
}
