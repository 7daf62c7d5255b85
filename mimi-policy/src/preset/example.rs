//! The example rooms of mimi-room-policy, appendix "Role examples".

use alloc::vec;
use alloc::vec::Vec;

use mimi_codec::room_policy::{CapabilityType as C, Role, RoleData};

use super::{Limits, banned, role};

/// An example room of mimi-room-policy-04's appendix.
///
/// Three things in them aren't as the draft has them, because they can't be: `canGrantVoice` and
/// `canRevokeVoice` have no number and are left out; the speaker, who "includes all the
/// capabilities authorized for a speaker", includes the attendee's; the moderator, who includes an
/// `ordinary_user` that the room doesn't have, includes the speaker's. The roles have no
/// descriptions.
///
/// In the draft, ordinary users of some of these rooms have canReplyInTopic without
/// canReplyToMessage: they cannot reply to a message that has no topic. The linter reports each
/// such role as [`RepliesOnlyInTopic`](crate::lint::LintCode::RepliesOnlyInTopic).
///
/// ```
/// use mimi_policy::preset::ExampleRoom;
///
/// let roles = ExampleRoom::Moderated.roles().roles;
/// assert_eq!(roles.len(), 8);
/// assert_eq!((roles[4].role_index, roles[4].role_name.as_str()), (4, "speaker"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExampleRoom {
    /// The cooperatively administered room.
    Cooperative,
    /// The strictly administered room.
    Strict,
    /// The moderated room.
    Moderated,
    /// The multi-organization administered room.
    MultiOrganization,
}

impl ExampleRoom {
    /// All of them, in the draft's order.
    pub const ALL: [Self; 4] = [Self::Cooperative, Self::Strict, Self::Moderated, Self::MultiOrganization];

    /// The name under which test vectors have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cooperative => "cooperative",
            Self::Strict => "strict",
            Self::Moderated => "moderated",
            Self::MultiOrganization => "multi_organization",
        }
    }

    /// The room with a name, or `None`.
    ///
    /// ```
    /// use mimi_policy::preset::ExampleRoom;
    ///
    /// assert_eq!(ExampleRoom::from_name("strict"), Some(ExampleRoom::Strict));
    /// assert_eq!(ExampleRoom::from_name("Strict"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|room| room.name() == name)
    }

    /// Its roles.
    #[must_use]
    pub fn roles(self) -> RoleData {
        let roles = match self {
            Self::Cooperative => cooperative(),
            Self::Strict => strict(),
            Self::Moderated => moderated(),
            Self::MultiOrganization => multi_organization(),
        };
        RoleData { roles }
    }
}

/// What the draft gives to a `policy_enforcer`, the same in each room.
const POLICY_ENFORCER: &[C] = &[
    C::CAN_REMOVE_PARTICIPANT,
    C::CAN_CHANGE_USER_ROLE,
    C::CAN_BAN,
    C::CAN_UNBAN,
    C::CAN_CHANGE_ROLE_DEFINITIONS,
    C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    C::CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
    C::CAN_DESTROY_ROOM,
    C::CAN_SEND_MLS_REINIT_PROPOSAL,
];

fn policy_enforcer(index: u32, changes: &[(u32, &[u32])]) -> Role {
    let limits = Limits { minimum: 1, maximum: Some(2), minimum_active: 0, maximum_active: Some(0) };
    role(index, "policy_enforcer", &[POLICY_ENFORCER], limits, changes)
}

fn cooperative() -> Vec<Role> {
    const ORDINARY_USER: &[C] = &[
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_REMOVE_SELF,
        C::CAN_SEND_MESSAGE,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REPLY_TO_MESSAGE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_DELETE_OWN_MESSAGE,
        C::CAN_START_TOPIC,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_EDIT_OWN_TOPIC,
        C::CAN_UPLOAD_IMAGE,
        C::CAN_UPLOAD_VIDEO,
        C::CAN_UPLOAD_AUDIO,
        C::CAN_UPLOAD_ATTACHMENT,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_SEND_LINK,
        C::CAN_SEND_LINK_PREVIEW,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_CHANGE_ROOM_NAME,
        C::CAN_CHANGE_ROOM_AVATAR,
        C::CAN_CHANGE_ROOM_SUBJECT,
        C::CAN_CHANGE_ROOM_MOOD,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_MOOD,
        C::CAN_CHANGE_OWN_AVATAR,
    ];
    // canRevokeVoice and canGrantVoice stand here in the draft; they have no number.
    const GROUP_ADMIN: &[C] = &[
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_KICK,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_DELETE_OTHER_MESSAGE,
        C::CAN_EDIT_OTHER_TOPIC,
        C::CAN_CHANGE_ROOM_DESCRIPTION,
    ];
    const SUPER_ADMIN: &[C] =
        &[C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE, C::CAN_CHANGE_PREAUTHORIZED_USER_LIST, C::CAN_DESTROY_ROOM];
    vec![
        role(0, "no_role", &[], Limits::NOBODY_ACTIVE, &[]),
        banned(),
        role(2, "ordinary_user", &[ORDINARY_USER], Limits::NONE, &[(0, &[2]), (2, &[0])]),
        role(
            3,
            "group_admin",
            &[ORDINARY_USER, GROUP_ADMIN],
            Limits::ONE_AT_LEAST,
            &[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3]), (3, &[0, 1, 2])],
        ),
        role(
            4,
            "super_admin",
            &[ORDINARY_USER, GROUP_ADMIN, SUPER_ADMIN],
            Limits::NONE,
            &[
                (0, &[1, 2, 3, 4]),
                (1, &[0, 2, 3, 4]),
                (2, &[0, 1, 3, 4]),
                (3, &[0, 1, 2, 4]),
                (4, &[0, 1, 2, 3]),
            ],
        ),
        policy_enforcer(5, &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1])]),
    ]
}

fn strict() -> Vec<Role> {
    const ORDINARY_USER: &[C] = &[
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_REMOVE_SELF,
        C::CAN_CHANGE_OWN_ROLE,
        C::CAN_SEND_MESSAGE,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_DELETE_OWN_MESSAGE,
        C::CAN_START_TOPIC,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_UPLOAD_IMAGE,
        C::CAN_UPLOAD_VIDEO,
        C::CAN_UPLOAD_AUDIO,
        C::CAN_UPLOAD_ATTACHMENT,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_SEND_LINK,
        C::CAN_SEND_LINK_PREVIEW,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_MOOD,
        C::CAN_CHANGE_OWN_AVATAR,
    ];
    const GROUP_ADMIN: &[C] = &[
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_KICK,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_CREATE_JOIN_CODE,
        C::CAN_DELETE_JOIN_CODE,
        C::CAN_DELETE_OTHER_REACTION,
        C::CAN_DELETE_OTHER_MESSAGE,
        C::CAN_EDIT_OWN_TOPIC,
        C::CAN_EDIT_OTHER_TOPIC,
        C::CAN_CHANGE_ROOM_DESCRIPTION,
        C::CAN_CHANGE_ROOM_NAME,
        C::CAN_CHANGE_ROOM_AVATAR,
        C::CAN_CHANGE_ROOM_SUBJECT,
        C::CAN_CHANGE_ROOM_MOOD,
    ];
    const SUPER_ADMIN: &[C] = &[
        C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        C::CAN_CHANGE_ROLE_DEFINITIONS,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_DESTROY_ROOM,
        C::CAN_SEND_MLS_REINIT_PROPOSAL,
    ];
    vec![
        role(0, "no_role", &[&[C::CAN_USE_JOIN_CODE]], Limits::NOBODY_ACTIVE, &[(0, &[2])]),
        banned(),
        role(2, "ordinary_user", &[ORDINARY_USER], Limits::NONE, &[(0, &[2]), (2, &[0])]),
        role(
            3,
            "group_admin",
            &[ORDINARY_USER, GROUP_ADMIN],
            Limits::ONE_AT_LEAST,
            &[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3]), (3, &[0, 1, 2])],
        ),
        role(
            4,
            "super_admin",
            &[ORDINARY_USER, GROUP_ADMIN, SUPER_ADMIN],
            Limits::NONE,
            &[
                (0, &[1, 2, 3, 4]),
                (1, &[0, 2, 3, 4]),
                (2, &[0, 1, 3, 4]),
                (3, &[0, 1, 2, 4]),
                (4, &[0, 1, 2, 3]),
            ],
        ),
        policy_enforcer(5, &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1])]),
    ]
}

fn moderated() -> Vec<Role> {
    const GUEST: &[C] = &[
        C::CAN_REMOVE_SELF,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
    ];
    const ATTENDEE: &[C] = &[
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_CHANGE_OWN_ROLE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_AVATAR,
    ];
    const SPEAKER: &[C] = &[
        C::CAN_SEND_MESSAGE,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_DELETE_OWN_MESSAGE,
        C::CAN_START_TOPIC,
        C::CAN_UPLOAD_IMAGE,
        C::CAN_UPLOAD_VIDEO,
        C::CAN_UPLOAD_AUDIO,
        C::CAN_UPLOAD_ATTACHMENT,
        C::CAN_SEND_LINK,
        C::CAN_SEND_LINK_PREVIEW,
    ];
    const MODERATOR: &[C] = &[
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_KICK,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_CREATE_JOIN_CODE,
        C::CAN_DELETE_JOIN_CODE,
        C::CAN_DELETE_OTHER_REACTION,
        C::CAN_DELETE_OTHER_MESSAGE,
        C::CAN_EDIT_OWN_TOPIC,
        C::CAN_EDIT_OTHER_TOPIC,
        C::CAN_CHANGE_ROOM_NAME,
        C::CAN_CHANGE_ROOM_AVATAR,
        C::CAN_CHANGE_ROOM_SUBJECT,
        C::CAN_CHANGE_ROOM_MOOD,
    ];
    const SUPER_ADMIN: &[C] = &[
        C::CAN_CHANGE_ROOM_DESCRIPTION,
        C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        C::CAN_CHANGE_ROLE_DEFINITIONS,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_DESTROY_ROOM,
        C::CAN_SEND_MLS_REINIT_PROPOSAL,
    ];
    vec![
        role(0, "no_role", &[&[C::CAN_USE_JOIN_CODE]], Limits::NONE, &[(0, &[2, 3])]),
        banned(),
        role(2, "guest", &[GUEST], Limits::NONE, &[(0, &[2]), (2, &[0])]),
        role(3, "attendee", &[GUEST, ATTENDEE], Limits::NONE, &[(0, &[3]), (3, &[0])]),
        role(4, "speaker", &[GUEST, ATTENDEE, SPEAKER], Limits::NONE, &[(0, &[4]), (4, &[0])]),
        role(
            5,
            "moderator",
            &[GUEST, ATTENDEE, SPEAKER, MODERATOR],
            Limits::ONE_AT_LEAST,
            &[
                (0, &[1, 2, 3, 4, 5]),
                (1, &[0, 2, 3, 4, 5]),
                (2, &[0, 1, 3, 4, 5]),
                (3, &[0, 1, 2, 4, 5]),
                (4, &[0, 1, 2, 3, 5]),
                (5, &[0, 1, 2, 3, 4]),
            ],
        ),
        role(
            6,
            "super_admin",
            &[GUEST, ATTENDEE, SPEAKER, MODERATOR, SUPER_ADMIN],
            Limits::NONE,
            &[
                (0, &[1, 2, 3, 4, 5, 6]),
                (1, &[0, 2, 3, 4, 5, 6]),
                (2, &[0, 1, 3, 4, 5, 6]),
                (3, &[0, 1, 2, 4, 5, 6]),
                (4, &[0, 1, 2, 3, 5, 6]),
                (5, &[0, 1, 2, 3, 4, 6]),
                (6, &[0, 1, 2, 3, 4, 5]),
            ],
        ),
        policy_enforcer(
            7,
            &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1]), (5, &[0, 1]), (6, &[0, 1])],
        ),
    ]
}

fn multi_organization() -> Vec<Role> {
    const ORG_B_USER: &[C] = &[
        C::CAN_REMOVE_SELF,
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_SEND_MESSAGE,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_SEND_LINK,
        C::CAN_SEND_LINK_PREVIEW,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_AVATAR,
    ];
    const ORG_B_ADMIN: &[C] = &[
        C::CAN_DELETE_OWN_MESSAGE,
        C::CAN_START_TOPIC,
        C::CAN_UPLOAD_IMAGE,
        C::CAN_UPLOAD_VIDEO,
        C::CAN_UPLOAD_AUDIO,
        C::CAN_UPLOAD_ATTACHMENT,
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_BAN,
        C::CAN_KICK,
        C::CAN_CHANGE_USER_ROLE,
    ];
    const OF_THE_HOST: &[C] = &[C::CAN_CHANGE_OWN_ROLE, C::CAN_JOIN_IF_PREAUTHORIZED];
    const SUPER_ADMIN: &[C] = &[
        C::CAN_UNBAN,
        C::CAN_DELETE_OTHER_REACTION,
        C::CAN_DELETE_OTHER_MESSAGE,
        C::CAN_EDIT_OWN_TOPIC,
        C::CAN_EDIT_OTHER_TOPIC,
        C::CAN_CHANGE_ROOM_DESCRIPTION,
        C::CAN_CHANGE_ROOM_NAME,
        C::CAN_CHANGE_ROOM_AVATAR,
        C::CAN_CHANGE_ROOM_SUBJECT,
        C::CAN_CHANGE_ROOM_MOOD,
        C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        C::CAN_CHANGE_ROLE_DEFINITIONS,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_DESTROY_ROOM,
        C::CAN_SEND_MLS_REINIT_PROPOSAL,
    ];
    const GUEST_ADMINS: Limits =
        Limits { minimum: 1, maximum: Some(3), minimum_active: 1, maximum_active: None };
    vec![
        role(0, "no_role", &[], Limits::NOBODY_ACTIVE, &[]),
        banned(),
        role(2, "org_a_user", &[ORG_B_USER, OF_THE_HOST], Limits::NONE, &[(0, &[2]), (2, &[0])]),
        role(3, "org_b_user", &[ORG_B_USER], Limits::NONE, &[(0, &[3]), (3, &[0])]),
        role(4, "org_c_user", &[ORG_B_USER], Limits::NONE, &[(0, &[4]), (4, &[0])]),
        role(
            5,
            "org_a_admin",
            &[ORG_B_USER, ORG_B_ADMIN, OF_THE_HOST],
            Limits::NONE,
            &[(0, &[2, 5]), (2, &[0, 1, 5]), (5, &[0, 1, 2])],
        ),
        role(
            6,
            "org_b_admin",
            &[ORG_B_USER, ORG_B_ADMIN],
            GUEST_ADMINS,
            &[(0, &[3, 6]), (3, &[0, 1, 6]), (6, &[0, 1, 3])],
        ),
        role(
            7,
            "org_c_admin",
            &[ORG_B_USER, ORG_B_ADMIN],
            GUEST_ADMINS,
            &[(0, &[4, 7]), (4, &[0, 1, 7]), (7, &[0, 1, 4])],
        ),
        role(
            8,
            "super_admin",
            &[ORG_B_USER, ORG_B_ADMIN, OF_THE_HOST, SUPER_ADMIN],
            Limits { minimum: 1, maximum: None, minimum_active: 1, maximum_active: None },
            &[
                (0, &[1, 2, 3, 4, 5, 6, 7, 8]),
                (1, &[0, 2, 3, 4, 5, 6, 7, 8]),
                (2, &[0, 1, 5, 8]),
                (3, &[0, 1, 6]),
                (4, &[0, 1, 7]),
                (5, &[0, 1, 2, 8]),
                (6, &[0, 1, 3]),
                (7, &[0, 1, 4]),
                (8, &[0, 1, 2, 5]),
            ],
        ),
        // As the draft has it: no entry from role 2, so that the enforcer has no right over an
        // org_a_user.
        policy_enforcer(
            9,
            &[
                (0, &[1]),
                (1, &[0]),
                (3, &[0, 1]),
                (4, &[0, 1]),
                (5, &[0, 1]),
                (6, &[0, 1]),
                (7, &[0, 1]),
                (8, &[0, 1]),
            ],
        ),
    ]
}
