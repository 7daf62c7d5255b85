//! The flags of the kind `policy`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Membership",
        about: "Participants are added, removed, banned, or leave.",
        bug: "A change is allowed by another capability, role or condition.",
        section: "mimi-room-policy-04 §8.1",
        readings: &["E10", "E22", "E23"],
        of: |case| {
            case.begins(&[
                "canAddParticipant",
                "canRemoveParticipant",
                "canRemoveSelf",
                "canKick",
                "canBan",
                "canUnBan",
            ])
        },
    },
    Flag {
        name: "OwnClients",
        about: "A user's own clients are added and removed.",
        bug: "Another user's client passes as one's own.",
        section: "mimi-room-policy-04 §8.1",
        readings: &["E14", "E15"],
        of: |case| case.begins(&["canAddOwnClient", "canRemoveOwnClient"]),
    },
    Flag {
        name: "Joining",
        about: "Joining openly, by preauthorization, or by a code.",
        bug: "A user joins in a way or a role that the room does not offer.",
        section: "mimi-room-policy-04 §8.1.1",
        readings: &["E17", "E20", "E21"],
        of: |case| case.begins(&["canOpenJoin", "canJoinIfPreauthorized", "canUseJoinCode", "joining"]),
    },
    Flag {
        name: "RoleChange",
        about: "Roles of oneself and of others.",
        bug: "A user is moved from or to a role that is not authorized.",
        section: "mimi-room-policy-04 §8.1.3",
        readings: &["E24"],
        of: |case| case.begins(&["canChangeUserRole", "canChangeOwnRole"]),
    },
    Flag {
        name: "RoomSettings",
        about: "Metadata, role definitions, preauthorization, base policy, ReInit and the end of the room.",
        bug: "One capability covers another field.",
        section: "mimi-room-policy-04 §8",
        readings: &[],
        of: |case| {
            case.begins(&[
                "canChangeRoom",
                "canChangeRoleDefinitions",
                "canChangePreauthorizedUserList",
                "canSendMLSReinitProposal",
                "canDestroyRoom",
                "metadata",
            ])
        },
    },
    Flag {
        name: "BasePolicy",
        about: "Limits of users and clients, single-device rooms, temporary rooms, fixed membership.",
        bug: "A limit is judged before the commit, or counts the wrong users.",
        section: "mimi-room-policy-04 §5",
        readings: &["E1"],
        of: |case| case.begins(&["base policy", "fixed_membership"]),
    },
    Flag {
        name: "ParentRoom",
        about: "Rooms that depend on a parent.",
        bug: "A participant stays or comes who is not in the parent.",
        section: "mimi-room-policy-04 §5",
        readings: &[],
        of: |case| case.begins(&["parent"]),
    },
    Flag {
        name: "Together",
        about: "Several changes in one commit.",
        bug: "Changes are judged one by one, or on the state between them.",
        section: "mimi-protocol-06 §7.5",
        readings: &["E4", "E7"],
        of: |case| case.begins(&["together"]),
    },
    Flag {
        name: "Pending",
        about: "What the hub accepted since the last commit counts.",
        bug: "A user acts on rights that it has lost, or that wait.",
        section: "mimi-protocol-06 §7.1",
        readings: &["E4", "E5", "E6"],
        of: |case| case.begins(&["pending", "waiting"]),
    },
    Flag {
        name: "Actor",
        about: "Who asks: members, strangers, external senders.",
        bug: "A party without rights passes.",
        section: "mimi-protocol-06 §7.1",
        readings: &["E19"],
        of: |case| case.begins(&["who"]),
    },
    Flag {
        name: "Banned",
        about: "Banned users whose clients are still in the group.",
        bug: "A banned user goes on until its client is removed.",
        section: "mimi-protocol-06 §5.3",
        readings: &["E9"],
        of: |case| case.begins(&["banned"]),
    },
    Flag {
        name: "InvalidRoom",
        about: "Rooms that contradict themselves.",
        bug: "A decision is made in a room that is not valid.",
        section: "mimi-room-policy-04 §4",
        readings: &[],
        of: |case| {
            case.begins(&["invalid room"])
                || case.has(&["is invalid", "makes the room invalid", "no parent room"])
        },
    },
    Flag {
        name: "Spelling",
        about: "Identities in another spelling than their normal form.",
        bug: "A ban or a claim is passed by in another spelling.",
        section: "mimi-protocol-06 §3",
        readings: &["C19"],
        of: |case| case.begins(&["spelling"]),
    },
    Flag {
        name: "Content",
        about: "What messages may hold: text, replies, edits, deletions, topics.",
        bug: "A message does more than its capability allows.",
        section: "mimi-room-policy-04 §8.2",
        readings: &[],
        of: |case| {
            case.begins(&["canSendMessage", "canReply", "canEdit", "canDelete", "canStartTopic", "content"])
        },
    },
    Flag {
        name: "Reaction",
        about: "Reactions, their edits and their removal.",
        bug: "A reaction turns into a message, or is another user's.",
        section: "mimi-room-policy-04 §8.2",
        readings: &[],
        of: |case| case.has(&["Reaction", "canReactToMessage", "a reaction", "another reaction"]),
    },
    Flag {
        name: "LinksAndUploads",
        about: "Links, previews and uploads by type.",
        bug: "A link or a file passes as text.",
        section: "mimi-room-policy-04 §8.2",
        readings: &[],
        of: |case| case.begins(&["canSendLink", "canUpload", "canSendLinkPreview"]),
    },
    Flag {
        name: "Use",
        about: "What participants do with what they have received, and calls.",
        bug: "A client shows, copies, downloads or calls without the capability.",
        section: "mimi-room-policy-04 §8.3",
        readings: &[],
        of: |case| case.member_is("form", "\"use\"") || case.begins(&["a use in"]),
    },
    Flag {
        name: "HubIsBlind",
        about: "A refusal that only clients can make, since the hub does not read content.",
        bug: "A client relies on the hub.",
        section: "mimi-room-policy-04 §8.2",
        readings: &[],
        of: |case| {
            case.member_has("expect", &["\"refused_by\": [\"client\"]", "\"refused_by\":[\"client\"]"])
        },
    },
    Flag {
        name: "Pseudorandom",
        about: "Drawn from the seed, in the draft's example rooms.",
        bug: "Whatever the other cases miss.",
        section: "mimi-room-policy-04 §8",
        readings: &[],
        of: |case| case.begins(&["random, "]),
    },
];
