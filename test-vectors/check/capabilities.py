"""The registry of capabilities (mimi-room-policy-04 section 10.2) and its example rooms, as the draft writes them."""

CAPABILITIES = {
    "canAddParticipant": 0x0000, "canRemoveParticipant": 0x0001, "canAddOwnClient": 0x0002,
    "canRemoveOwnClient": 0x0003, "canOpenJoin": 0x0004, "canJoinIfPreauthorized": 0x0005,
    "canRemoveSelf": 0x0006, "canCreateJoinCode": 0x0007, "canDeleteJoinCode": 0x0008,
    "canUseJoinCode": 0x0009, "canBan": 0x000a, "canUnBan": 0x000b, "canKick": 0x000c, "canKnock": 0x000d,
    "canAcceptKnock": 0x000e, "canChangeUserRole": 0x000f, "canChangeOwnRole": 0x0010,
    "canCreateSubgroup": 0x0011, "canSendMessage": 0x0100, "canReceiveMessage": 0x0101,
    "canCopyMessage": 0x0102, "canReportAbuse": 0x0103, "canReplyToMessage": 0x0104,
    "canReactToMessage": 0x0105, "canEditReaction": 0x0106, "canDeleteOwnReaction": 0x0107,
    "canDeleteOtherReaction": 0x0108, "canEditOwnMessage": 0x0109, "canDeleteOwnMessage": 0x010a,
    "canDeleteOtherMessage": 0x010b, "canStartTopic": 0x010c, "canReplyInTopic": 0x010d,
    "canEditOwnTopic": 0x010e, "canEditOtherTopic": 0x010f, "canSendDirectMessage": 0x0110,
    "canTargetMessage": 0x0111, "canUploadImage": 0x0200, "canUploadAudio": 0x0201, "canUploadVideo": 0x0202,
    "canUploadAttachment": 0x0203, "canDownloadImage": 0x0204, "canDownloadAudio": 0x0205,
    "canDownloadVideo": 0x0206, "canDownloadAttachment": 0x0207, "canSendLink": 0x0208,
    "canSendLinkPreview": 0x0209, "canFollowLink": 0x020a, "canCopyLink": 0x020b, "canChangeRoomName": 0x0300,
    "canChangeRoomDescription": 0x0301, "canChangeRoomAvatar": 0x0302, "canChangeRoomSubject": 0x0303,
    "canChangeRoomMood": 0x0304, "canChangeOwnName": 0x0380, "canChangeOwnPresence": 0x0381,
    "canChangeOwnMood": 0x0382, "canChangeOwnAvatar": 0x0383, "canStartCall": 0x0400, "canJoinCall": 0x0401,
    "canSendAudio": 0x0402, "canReceiveAudio": 0x0403, "canSendVideo": 0x0404, "canReceiveVideo": 0x0405,
    "canShareScreen": 0x0406, "canViewSharedScreen": 0x0407, "canCreateRoom": 0x0500,
    "canDestroyRoom": 0x0501, "canChangeRoomMembershipStyle": 0x0502, "canChangeRoleDefinitions": 0x0503,
    "canChangePreauthorizedUserList": 0x0504, "canChangeOtherPolicyAttribute": 0x0505,
    "canChangeMlsOperationalPolicies": 0x0600, "canSendMLSReinitProposal": 0x0601,
    "canSendMLSUpdateProposal": 0x0602, "canSendMLSPSKProposal": 0x0603, "canSendMLSExternalProposal": 0x0604,
    "canSendMLSExternalCommit": 0x0605, "canUnban": 0x000b,
}

# name: (index, included role, capabilities, minimum, maximum, minimum and maximum of active, authorized_role_changes)
# Where the draft includes a role in itself or one that is not there: a speaker includes an attendee, a moderator a speaker.
EXAMPLES = {
    "cooperative": {
        "no_role": (
            0, None,
            "",
            0, None, 0, 0, [],
        ),
        "banned": (
            1, None,
            "",
            0, None, 0, 0, [],
        ),
        "ordinary_user": (
            2, None,
            "canAddParticipant canRemoveParticipant canAddOwnClient canRemoveOwnClient canRemoveSelf "
            "canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReplyToMessage "
            "canReactToMessage canDeleteOwnReaction canEditOwnMessage canDeleteOwnMessage canStartTopic "
            "canReplyInTopic canEditOwnTopic canUploadImage canUploadVideo canUploadAudio "
            "canUploadAttachment canDownloadImage canDownloadVideo canDownloadAudio "
            "canDownloadAttachment canSendLink canSendLinkPreview canFollowLink canCopyLink "
            "canChangeRoomName canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood "
            "canChangeOwnName canChangeOwnPresence canChangeOwnMood canChangeOwnAvatar",
            0, None, 0, None, [[0, [2]], [2, [0]]],
        ),
        "group_admin": (
            3, "ordinary_user",
            "canBan canUnBan canKick canRevokeVoice canGrantVoice canChangeUserRole "
            "canDeleteOtherMessage canEditOtherTopic canChangeRoomDescription",
            1, None, 0, None, [[0, [1, 2, 3]], [1, [0, 2, 3]], [2, [0, 1, 3]], [3, [0, 1, 2]]],
        ),
        "super_admin": (
            4, "group_admin",
            "canChangeRoomMembershipStyle canChangePreauthorizedUserList canDestroyRoom",
            0, None, 0, None, [[0, [1, 2, 3, 4]], [1, [0, 2, 3, 4]], [2, [0, 1, 3, 4]], [3, [0, 1, 2, 4]], [4, [0, 1, 2, 3]]],
        ),
        "policy_enforcer": (
            5, None,
            "canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions "
            "canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom "
            "canSendMLSReinitProposal",
            1, 2, 0, 0, [[0, [1]], [1, [0]], [2, [0, 1]], [3, [0, 1]], [4, [0, 1]]],
        ),
    },
    "strict": {
        "no_role": (
            0, None,
            "canUseJoinCode",
            0, None, 0, 0, [[0, [2]]],
        ),
        "banned": (
            1, None,
            "",
            0, None, 0, 0, [],
        ),
        "ordinary_user": (
            2, None,
            "canAddOwnClient canJoinIfPreauthorized canRemoveOwnClient canRemoveSelf canChangeOwnRole "
            "canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReactToMessage "
            "canDeleteOwnReaction canEditOwnMessage canDeleteOwnMessage canStartTopic canReplyInTopic "
            "canUploadImage canUploadVideo canUploadAudio canUploadAttachment canDownloadImage "
            "canDownloadVideo canDownloadAudio canDownloadAttachment canSendLink canSendLinkPreview "
            "canFollowLink canCopyLink canChangeOwnName canChangeOwnPresence canChangeOwnMood "
            "canChangeOwnAvatar",
            0, None, 0, None, [[0, [2]], [2, [0]]],
        ),
        "group_admin": (
            3, "ordinary_user",
            "canAddParticipant canRemoveParticipant canBan canUnBan canKick canChangeUserRole "
            "canCreateJoinCode canDeleteJoinCode canDeleteOtherReaction canDeleteOtherMessage "
            "canEditOwnTopic canEditOtherTopic canChangeRoomDescription canChangeRoomName "
            "canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood",
            1, None, 0, None, [[0, [1, 2, 3]], [1, [0, 2, 3]], [2, [0, 1, 3]], [3, [0, 1, 2]]],
        ),
        "super_admin": (
            4, "group_admin",
            "canChangeRoomMembershipStyle canChangeRoleDefinitions canChangePreauthorizedUserList "
            "canDestroyRoom canSendMLSReinitProposal",
            0, None, 0, None, [[0, [1, 2, 3, 4]], [1, [0, 2, 3, 4]], [2, [0, 1, 3, 4]], [3, [0, 1, 2, 4]], [4, [0, 1, 2, 3]]],
        ),
        "policy_enforcer": (
            5, None,
            "canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions "
            "canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom "
            "canSendMLSReinitProposal",
            1, 2, 0, 0, [[0, [1]], [1, [0]], [2, [0, 1]], [3, [0, 1]], [4, [0, 1]]],
        ),
    },
    "moderated": {
        "no_role": (
            0, None,
            "canUseJoinCode",
            0, None, 0, None, [[0, [2, 3]]],
        ),
        "banned": (
            1, None,
            "",
            0, None, 0, 0, [],
        ),
        "guest": (
            2, None,
            "canRemoveSelf canReceiveMessage canCopyMessage canReactToMessage canDeleteOwnReaction "
            "canFollowLink canCopyLink canDownloadImage canDownloadVideo canDownloadAudio",
            0, None, 0, None, [[0, [2]], [2, [0]]],
        ),
        "attendee": (
            3, "guest",
            "canAddOwnClient canJoinIfPreauthorized canRemoveOwnClient canChangeOwnRole canReportAbuse "
            "canReplyInTopic canDownloadAttachment canChangeOwnName canChangeOwnPresence "
            "canChangeOwnAvatar",
            0, None, 0, None, [[0, [3]], [3, [0]]],
        ),
        "speaker": (
            4, "attendee",
            "canSendMessage canEditOwnMessage canDeleteOwnMessage canStartTopic canUploadImage "
            "canUploadVideo canUploadAudio canUploadAttachment canSendLink canSendLinkPreview",
            0, None, 0, None, [[0, [4]], [4, [0]]],
        ),
        "moderator": (
            5, "speaker",
            "canAddParticipant canRemoveParticipant canBan canUnBan canKick canChangeUserRole "
            "canCreateJoinCode canDeleteJoinCode canDeleteOtherReaction canDeleteOtherMessage "
            "canEditOwnTopic canEditOtherTopic canChangeRoomName canChangeRoomAvatar "
            "canChangeRoomSubject canChangeRoomMood",
            1, None, 0, None, [[0, [1, 2, 3, 4, 5]], [1, [0, 2, 3, 4, 5]], [2, [0, 1, 3, 4, 5]], [3, [0, 1, 2, 4, 5]], [4, [0, 1, 2, 3, 5]], [5, [0, 1, 2, 3, 4]]],
        ),
        "super_admin": (
            6, "moderator",
            "canChangeRoomDescription canChangeRoomMembershipStyle canChangeRoleDefinitions "
            "canChangePreauthorizedUserList canDestroyRoom canSendMLSReinitProposal",
            0, None, 0, None, [[0, [1, 2, 3, 4, 5, 6]], [1, [0, 2, 3, 4, 5, 6]], [2, [0, 1, 3, 4, 5, 6]], [3, [0, 1, 2, 4, 5, 6]], [4, [0, 1, 2, 3, 5, 6]], [5, [0, 1, 2, 3, 4, 6]], [6, [0, 1, 2, 3, 4, 5]]],
        ),
        "policy_enforcer": (
            7, None,
            "canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions "
            "canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom "
            "canSendMLSReinitProposal",
            1, 2, 0, 0, [[0, [1]], [1, [0]], [2, [0, 1]], [3, [0, 1]], [4, [0, 1]], [5, [0, 1]], [6, [0, 1]]],
        ),
    },
    "multi_organization": {
        "no_role": (
            0, None,
            "",
            0, None, 0, 0, [],
        ),
        "banned": (
            1, None,
            "",
            0, None, 0, 0, [],
        ),
        "org_a_user": (
            2, "org_b_user",
            "canChangeOwnRole canJoinIfPreauthorized",
            0, None, 0, None, [[0, [2]], [2, [0]]],
        ),
        "org_b_user": (
            3, None,
            "canRemoveSelf canAddOwnClient canRemoveOwnClient canSendMessage canReceiveMessage "
            "canCopyMessage canReportAbuse canReplyInTopic canReactToMessage canDeleteOwnReaction "
            "canEditOwnMessage canSendLink canSendLinkPreview canFollowLink canCopyLink "
            "canDownloadImage canDownloadVideo canDownloadAudio canDownloadAttachment canChangeOwnName "
            "canChangeOwnPresence canChangeOwnAvatar",
            0, None, 0, None, [[0, [3]], [3, [0]]],
        ),
        "org_c_user": (
            4, "org_b_user",
            "",
            0, None, 0, None, [[0, [4]], [4, [0]]],
        ),
        "org_a_admin": (
            5, "org_b_admin",
            "canChangeOwnRole canJoinIfPreauthorized",
            0, None, 0, None, [[0, [2, 5]], [2, [0, 1, 5]], [5, [0, 1, 2]]],
        ),
        "org_b_admin": (
            6, "org_b_user",
            "canDeleteOwnMessage canStartTopic canUploadImage canUploadVideo canUploadAudio "
            "canUploadAttachment canAddParticipant canRemoveParticipant canBan canKick "
            "canChangeUserRole",
            1, 3, 1, None, [[0, [3, 6]], [3, [0, 1, 6]], [6, [0, 1, 3]]],
        ),
        "org_c_admin": (
            7, "org_b_admin",
            "",
            1, 3, 1, None, [[0, [4, 7]], [4, [0, 1, 7]], [7, [0, 1, 4]]],
        ),
        "super_admin": (
            8, "org_a_admin",
            "canUnBan canDeleteOtherReaction canDeleteOtherMessage canEditOwnTopic canEditOtherTopic "
            "canChangeRoomDescription canChangeRoomName canChangeRoomAvatar canChangeRoomSubject "
            "canChangeRoomMood canChangeRoomMembershipStyle canChangeRoleDefinitions "
            "canChangePreauthorizedUserList canDestroyRoom canSendMLSReinitProposal",
            1, None, 1, None, [[0, [1, 2, 3, 4, 5, 6, 7, 8]], [1, [0, 2, 3, 4, 5, 6, 7, 8]], [2, [0, 1, 5, 8]], [3, [0, 1, 6]], [4, [0, 1, 7]], [5, [0, 1, 2, 8]], [6, [0, 1, 3]], [7, [0, 1, 4]], [8, [0, 1, 2, 5]]],
        ),
        "policy_enforcer": (
            9, None,
            "canRemoveParticipant canChangeUserRole canBan canUnban canChangeRoleDefinitions "
            "canChangePreauthorizedUserList canChangeMlsOperationalPolicies canDestroyRoom "
            "canSendMLSReinitProposal",
            1, 2, 0, 0, [[0, [1]], [1, [0]], [3, [0, 1]], [4, [0, 1]], [5, [0, 1]], [6, [0, 1]], [7, [0, 1]], [8, [0, 1]]],
        ),
    },
}


def preset(roles):
    def capabilities(name):
        _, included, names, *_ = roles[name]
        return (capabilities(included) if included else []) + names.split()

    return [
        {"index": index, "name": name, "capabilities": capabilities(name), "min": minimum, "max": maximum,
         "min_active": minimum_active, "max_active": maximum_active, "changes": changes}
        for name, (index, _, _, minimum, maximum, minimum_active, maximum_active, changes) in roles.items()
    ]


PRESETS = {room: preset(roles) for room, roles in EXAMPLES.items()}
