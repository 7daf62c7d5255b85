//! mls-combiner (August 2026): a traditional and a post-quantum group that work as one.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Opaque, Reader, Result,
    Writer,
    code_points::{CipherSuite, ComponentID, WireFormat},
    convention::{wire_select, wire_struct},
    extensions::{AppDataUpdateSelect, RequiredWireFormats},
    mls::{
        ContentType, GroupContext, MLSMessage, MLSMessageBody, PreSharedKeyID, PreSharedKeyIDSelect, Proposal,
    },
};

wire_struct! {
    /// What binds the two groups of a combined session (mls-combiner §5.1): the data of the
    /// component `apq_mls_info` in both GroupContexts.
    ///
    /// ```text
    /// struct {
    ///     opaque t_session_group_id<V>;
    ///     opaque pq_session_group_id<V>;
    ///     bool mode;
    ///     CipherSuite t_cipher_suite;
    ///     CipherSuite pq_cipher_suite;
    ///     uint64 t_epoch;
    ///     uint64 pq_epoch;
    /// } APQInfo
    /// ```
    pub struct APQInfo {
        /// The ID of the traditional group.
        pub t_session_group_id: Opaque,
        /// The ID of the post-quantum group.
        pub pq_session_group_id: Opaque,
        /// Whether the post-quantum group also has post-quantum signatures: `false` for
        /// confidentiality only, `true` for confidentiality and authenticity.
        #[tls_codec(with = "crate::boolean")]
        pub mode: bool,
        /// The cipher suite of the traditional group.
        pub t_cipher_suite: CipherSuite,
        /// The cipher suite of the post-quantum group.
        pub pq_cipher_suite: CipherSuite,
        /// The epoch of the traditional group.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub t_epoch: u64,
        /// The epoch of the post-quantum group.
        #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
        pub pq_epoch: u64,
    }
}

wire_select! {
    /// A change of an [`APQInfo`] (mls-combiner §5.1.1): the update of the component `apq_mls_info`
    /// in an AppDataUpdate proposal.
    ///
    /// ```text
    /// struct {
    ///     APQUpdateType update_type;
    ///     select (update_type) {
    ///         case full_update:
    ///             APQInfo new_apq_info;
    ///         case new_t_epoch:
    ///             uint64 new_t_epoch;
    ///         case new_pq_epoch:
    ///             uint64 new_pq_epoch;
    /// } APQInfoUpdate;
    /// ```
    pub enum APQInfoUpdate: u8 "APQUpdateType" {
        /// A whole [`APQInfo`].
        0 "full_update" => FullUpdate {
            /// The new value.
            new_apq_info: APQInfo,
        },
        /// Another epoch of the traditional group.
        1 "new_t_epoch" => NewTEpoch {
            /// The new epoch.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            new_t_epoch: u64,
        },
        /// Another epoch of the post-quantum group.
        2 "new_pq_epoch" => NewPqEpoch {
            /// The new epoch.
            #[cfg_attr(feature = "serde", serde(with = "crate::json::uint64"))]
            new_pq_epoch: u64,
        },
    }
}

/// Why an [`APQInfo`] or its update is refused (mls-combiner §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum APQInfoError {
    /// A commit has neither one `full_update` nor one `new_t_epoch` with one `new_pq_epoch`.
    Updates,
    /// An epoch is updated, and the group has no APQInfo yet.
    NoInfo,
    /// A field changes that is fixed for the lifetime of the session.
    Immutable {
        /// The field.
        field: &'static str,
    },
    /// A field differs from the group that it describes.
    Mismatch {
        /// The field.
        field: &'static str,
    },
    /// The two groups are not told apart: one cipher suite or one group ID for both.
    SameGroups,
}

impl fmt::Display for APQInfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Updates => f.write_str(
                "a commit updates APQInfo by one full_update, or by one new_t_epoch and one new_pq_epoch",
            ),
            Self::NoInfo => f.write_str("an epoch is updated in a group without APQInfo"),
            Self::Immutable { field } => write!(f, "{field} is fixed for the lifetime of the session"),
            Self::Mismatch { field } => write!(f, "{field} differs from the group that it describes"),
            Self::SameGroups => f.write_str("both groups have one group ID or one cipher suite"),
        }
    }
}

impl core::error::Error for APQInfoError {}

impl APQInfo {
    /// The APQInfo that the updates of one commit lead to (mls-combiner §5.1.1). `current` is that
    /// of the epoch before; `None` before the first FULL commit.
    ///
    /// # Errors
    /// [`APQInfoError::Updates`], [`APQInfoError::NoInfo`], [`APQInfoError::Immutable`].
    ///
    /// ```
    /// use mimi_codec::{apq::{APQInfo, APQInfoError, APQInfoUpdate}, code_points::CipherSuite};
    ///
    /// let info = APQInfo {
    ///     t_session_group_id: "t".into(),
    ///     pq_session_group_id: "pq".into(),
    ///     mode: false,
    ///     t_cipher_suite: CipherSuite(1),
    ///     pq_cipher_suite: CipherSuite(0xf0a3),
    ///     t_epoch: 7,
    ///     pq_epoch: 3,
    /// };
    /// let t_epoch = APQInfoUpdate::NewTEpoch { new_t_epoch: 8 };
    /// let pq_epoch = APQInfoUpdate::NewPqEpoch { new_pq_epoch: 4 };
    /// let next = APQInfo::updated(Some(&info), &[t_epoch.clone(), pq_epoch])?;
    /// assert_eq!((next.t_epoch, next.pq_epoch), (8, 4));
    /// assert_eq!(APQInfo::updated(Some(&info), &[t_epoch]), Err(APQInfoError::Updates));
    /// # Ok::<(), APQInfoError>(())
    /// ```
    pub fn updated(
        current: Option<&Self>,
        updates: &[APQInfoUpdate],
    ) -> core::result::Result<Self, APQInfoError> {
        use APQInfoUpdate::{FullUpdate, NewPqEpoch, NewTEpoch};
        match updates {
            [FullUpdate { new_apq_info }] => {
                if let Some(current) = current {
                    current.check_fixed_fields(new_apq_info)?;
                }
                Ok(new_apq_info.clone())
            }
            [NewTEpoch { new_t_epoch }, NewPqEpoch { new_pq_epoch }]
            | [NewPqEpoch { new_pq_epoch }, NewTEpoch { new_t_epoch }] => {
                let current = current.ok_or(APQInfoError::NoInfo)?.clone();
                Ok(Self { t_epoch: *new_t_epoch, pq_epoch: *new_pq_epoch, ..current })
            }
            _ => Err(APQInfoError::Updates),
        }
    }

    fn check_fixed_fields(&self, new: &Self) -> core::result::Result<(), APQInfoError> {
        let same = |equal: bool, field| if equal { Ok(()) } else { Err(APQInfoError::Immutable { field }) };
        same(self.t_session_group_id == new.t_session_group_id, "t_session_group_id")?;
        same(self.pq_session_group_id == new.pq_session_group_id, "pq_session_group_id")?;
        same(self.mode == new.mode, "mode")?;
        same(self.t_cipher_suite == new.t_cipher_suite, "t_cipher_suite")?;
        same(self.pq_cipher_suite == new.pq_cipher_suite, "pq_cipher_suite")
    }

    /// Whether the APQInfo describes these two groups after a FULL commit (mls-combiner §5.1.2):
    /// their IDs, cipher suites and epochs. Both groups have to carry it; compare the two with
    /// `==`.
    ///
    /// # Errors
    /// [`APQInfoError::SameGroups`], [`APQInfoError::Mismatch`].
    pub fn check_groups(
        &self,
        traditional: &GroupContext,
        post_quantum: &GroupContext,
    ) -> core::result::Result<(), APQInfoError> {
        let same_id = self.t_session_group_id == self.pq_session_group_id;
        if same_id || self.t_cipher_suite == self.pq_cipher_suite {
            return Err(APQInfoError::SameGroups);
        }
        let same = |equal: bool, field| if equal { Ok(()) } else { Err(APQInfoError::Mismatch { field }) };
        same(self.t_session_group_id == traditional.group_id, "t_session_group_id")?;
        same(self.pq_session_group_id == post_quantum.group_id, "pq_session_group_id")?;
        same(self.t_cipher_suite == traditional.cipher_suite, "t_cipher_suite")?;
        same(self.pq_cipher_suite == post_quantum.cipher_suite, "pq_cipher_suite")?;
        same(self.t_epoch == traditional.epoch, "t_epoch")?;
        same(self.pq_epoch == post_quantum.epoch, "pq_epoch")
    }
}

/// One of the two groups of a combined session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a session has two groups")]
pub enum APQGroup {
    /// The traditional group.
    Traditional,
    /// The post-quantum group.
    PostQuantum,
}

impl fmt::Display for APQGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traditional => "the traditional group",
            Self::PostQuantum => "the post-quantum group",
        })
    }
}

/// Why two groups are not one combined session, or a commit does not keep them one
/// (mls-combiner §3.1, §5, §6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum APQSessionError {
    /// The APQInfo does not describe the groups, or its update is not allowed.
    Info {
        /// The group whose commit or GroupContext is wrong.
        group: APQGroup,
        /// Why.
        error: APQInfoError,
    },
    /// An APQInfo, an update of it, or an extension of a GroupContext does not decode.
    Malformed {
        /// The group.
        group: APQGroup,
        /// Why.
        error: DecodeError,
    },
    /// A GroupContext has no APQInfo.
    NoInfo {
        /// The group.
        group: APQGroup,
    },
    /// The two groups have different APQInfos.
    Disagree,
    /// `required_wire_formats` of a GroupContext does not list `apq_message_pair` (§6).
    WireFormat {
        /// The group.
        group: APQGroup,
    },
    /// The epoch of a group cannot be counted up.
    LastEpoch {
        /// The group.
        group: APQGroup,
    },
    /// The traditional commit of a FULL commit has another number of PreSharedKey proposals for the
    /// component `apq_mls_info` than one (§5.2).
    Psk {
        /// How many it has.
        count: usize,
    },
    /// A PreSharedKey proposal for the component `apq_mls_info` in a post-quantum or PARTIAL
    /// commit.
    ForeignPsk,
    /// A PARTIAL commit adds or removes members, which takes a FULL commit (§3).
    Membership,
    /// A PARTIAL commit updates the APQInfo.
    InfoInPartial,
}

impl fmt::Display for APQSessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Info { group, error } => write!(f, "{group}: {error}"),
            Self::Malformed { group, error } => write!(f, "{group}: {error}"),
            Self::NoInfo { group } => write!(f, "{group} has no APQInfo"),
            Self::Disagree => f.write_str("the two groups have different APQInfos"),
            Self::WireFormat { group } => {
                write!(f, "{group} does not require the wire format apq_message_pair")
            }
            Self::LastEpoch { group } => write!(f, "{group} has reached its last epoch"),
            Self::Psk { count } => {
                write!(f, "a FULL commit has 1 PreSharedKey proposal for apq_mls_info, not {count}")
            }
            Self::ForeignPsk => f.write_str(
                "only the traditional commit of a FULL commit has a PreSharedKey proposal for apq_mls_info",
            ),
            Self::Membership => f.write_str("adding and removing members takes a FULL commit"),
            Self::InfoInPartial => f.write_str("a PARTIAL commit does not update the APQInfo"),
        }
    }
}

impl core::error::Error for APQSessionError {}

/// What a FULL commit comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FullCommit {
    /// The APQInfo of both new epochs.
    pub info: APQInfo,
    /// The PSK that the traditional commit takes from the post-quantum group. Members derive its
    /// name; a hub cannot.
    pub psk: PreSharedKeyID,
}

fn info_of(
    group: APQGroup,
    context: &GroupContext,
) -> core::result::Result<Option<APQInfo>, APQSessionError> {
    let malformed = |error| APQSessionError::Malformed { group, error };
    let dictionary = context.extensions.app_data_dictionary().map_err(malformed)?;
    dictionary.data(ComponentID::APQ_MLS_INFO).map(APQInfo::decode_exact).transpose().map_err(malformed)
}

fn is_psk_of_pair(proposal: &&Proposal) -> bool {
    let Proposal::PreSharedKey(psk) = proposal else { return false };
    matches!(psk.psk.psktype, PreSharedKeyIDSelect::Application { component_id, .. }
        if component_id == ComponentID::APQ_MLS_INFO)
}

fn is_info_update(proposal: &Proposal) -> bool {
    matches!(proposal, Proposal::AppDataUpdate(update) if update.component_id == ComponentID::APQ_MLS_INFO)
}

fn info_after(
    group: APQGroup,
    context: &GroupContext,
    proposals: &[&Proposal],
) -> core::result::Result<APQInfo, APQSessionError> {
    let refused = |error| APQSessionError::Info { group, error };
    let mut updates = Vec::new();
    for proposal in proposals.iter().filter(|it| is_info_update(it)) {
        let Proposal::AppDataUpdate(update) = proposal else { continue };
        // The APQInfo stays for the lifetime of the session.
        let AppDataUpdateSelect::Update { update } = &update.op else {
            return Err(refused(APQInfoError::Updates));
        };
        let update = APQInfoUpdate::decode_exact(update);
        updates.push(update.map_err(|error| APQSessionError::Malformed { group, error })?);
    }
    APQInfo::updated(info_of(group, context)?.as_ref(), &updates).map_err(refused)
}

/// Whether two groups are one combined session (mls-combiner §5.1.2, §6): both GroupContexts hold
/// one APQInfo that describes them, and require the wire format `apq_message_pair`.
///
/// PARTIAL commits bring the traditional group beyond the epoch that the APQInfo names.
///
/// # Errors
/// An [`APQSessionError`].
pub fn check_session(
    traditional: &GroupContext,
    post_quantum: &GroupContext,
) -> core::result::Result<APQInfo, APQSessionError> {
    let (t, pq) = (APQGroup::Traditional, APQGroup::PostQuantum);
    let info = |group, context| info_of(group, context)?.ok_or(APQSessionError::NoInfo { group });
    let found = info(t, traditional)?;
    if found != info(pq, post_quantum)? {
        return Err(APQSessionError::Disagree);
    }
    for (group, context) in [(t, traditional), (pq, post_quantum)] {
        let required = context.extensions.content::<RequiredWireFormats>().transpose();
        let required = required.map_err(|error| APQSessionError::Malformed { group, error })?;
        if !required.is_some_and(|it| it.0.wire_formats.contains(&WireFormat::APQ_MESSAGE_PAIR)) {
            return Err(APQSessionError::WireFormat { group });
        }
    }
    // Only the epoch of the traditional group may have gone on.
    let began = GroupContext { epoch: found.t_epoch, ..traditional.clone() };
    let group = |error: &APQInfoError| match error {
        APQInfoError::Mismatch { field } if field.starts_with("pq") => pq,
        _ => t,
    };
    found
        .check_groups(&began, post_quantum)
        .map_err(|error| APQSessionError::Info { group: group(&error), error })?;
    if traditional.epoch < found.t_epoch {
        let error = APQInfoError::Mismatch { field: "t_epoch" };
        return Err(APQSessionError::Info { group: t, error });
    }
    Ok(found)
}

/// Checks a FULL commit: a commit of each group (mls-combiner §3.1, §5.1.1, §5.2).
///
/// Each side is the GroupContext of the epoch before and the proposals of its commit, those that
/// are referred to included. The first FULL commit makes the session of two groups; the
/// GroupContexts of the new epochs are for [`check_session`]. Whether both commits add and remove
/// the same members is for the caller to check, and for members whether the PSK has its name.
///
/// # Errors
/// An [`APQSessionError`].
pub fn check_full_commit(
    (traditional, t_proposals): (&GroupContext, &[&Proposal]),
    (post_quantum, pq_proposals): (&GroupContext, &[&Proposal]),
) -> core::result::Result<FullCommit, APQSessionError> {
    let (t, pq) = (APQGroup::Traditional, APQGroup::PostQuantum);
    if info_of(t, traditional)? != info_of(pq, post_quantum)? {
        return Err(APQSessionError::Disagree);
    }
    let info = info_after(t, traditional, t_proposals)?;
    if info != info_after(pq, post_quantum, pq_proposals)? {
        return Err(APQSessionError::Disagree);
    }
    let next = |group, context: &GroupContext| {
        let epoch = context.epoch.checked_add(1).ok_or(APQSessionError::LastEpoch { group })?;
        Ok(GroupContext { epoch, ..context.clone() })
    };
    let (next_t, next_pq) = (next(t, traditional)?, next(pq, post_quantum)?);
    info.check_groups(&next_t, &next_pq).map_err(|error| APQSessionError::Info { group: t, error })?;
    if pq_proposals.iter().any(is_psk_of_pair) {
        return Err(APQSessionError::ForeignPsk);
    }
    let psks: Vec<_> = t_proposals.iter().filter(|it| is_psk_of_pair(it)).collect();
    match psks.as_slice() {
        [Proposal::PreSharedKey(psk)] => Ok(FullCommit { info, psk: psk.psk.clone() }),
        _ => Err(APQSessionError::Psk { count: psks.len() }),
    }
}

/// Checks the proposals of a PARTIAL commit, which is one of the traditional group alone
/// (mls-combiner §3, §3.1): none adds or removes a member, updates the APQInfo, or takes a PSK from
/// the post-quantum group.
///
/// # Errors
/// An [`APQSessionError`].
///
/// ```
/// use mimi_codec::{apq::{APQSessionError, check_partial_commit}, mls::{Proposal, Remove}};
///
/// assert_eq!(check_partial_commit(&[]), Ok(()));
/// let removal = Proposal::Remove(Remove { removed: 1 });
/// assert_eq!(check_partial_commit(&[&removal]), Err(APQSessionError::Membership));
/// ```
pub fn check_partial_commit(proposals: &[&Proposal]) -> core::result::Result<(), APQSessionError> {
    let changes_members = |proposal: &&Proposal| {
        matches!(
            proposal,
            Proposal::Add(_) | Proposal::Remove(_) | Proposal::SelfRemove(_) | Proposal::ExternalInit(_)
        )
    };
    if proposals.iter().any(changes_members) {
        Err(APQSessionError::Membership)
    } else if proposals.iter().any(|it| is_info_update(it)) {
        Err(APQSessionError::InfoInPartial)
    } else if proposals.iter().any(is_psk_of_pair) {
        Err(APQSessionError::ForeignPsk)
    } else {
        Ok(())
    }
}

wire_struct! {
    /// Two messages of one kind, one for each group (mls-combiner §6).
    ///
    /// ```text
    /// struct {
    ///   WireFormat wire_format;
    ///   MLSMessage t_message;
    ///   MLSMessage pq_message;
    /// } APQMessagePair;
    /// ```
    ///
    /// What recipients must reject does not decode: a message of another wire format than
    /// `wire_format`, a pair in a pair, and a PrivateMessage with application data.
    pub struct APQMessagePair {
        /// The wire format of both messages.
        wire_format: WireFormat,
        /// The message for the traditional group.
        t_message: Box<MLSMessage>,
        /// The message for the post-quantum group.
        pq_message: Box<MLSMessage>,
    } check APQMessagePair::check, repair APQMessagePair::repair, by hand
}

const PAIR_IN_PAIR: DecodeErrorKind = DecodeErrorKind::Rule("a pair of messages holds another pair");
const OTHER_WIRE_FORMAT: DecodeErrorKind =
    DecodeErrorKind::Rule("the wire format of a message differs from that of its pair");
const APPLICATION_DATA: DecodeErrorKind = DecodeErrorKind::Rule("a pair of messages holds application data");

impl APQMessagePair {
    /// The pair of two messages of one wire format.
    ///
    /// # Errors
    /// The field that breaks a rule of §6.
    pub fn of(
        t_message: MLSMessage,
        pq_message: MLSMessage,
    ) -> core::result::Result<Self, InvalidValueError> {
        Self::new(t_message.wire_format(), Box::new(t_message), Box::new(pq_message))
    }

    fn check_format(wire_format: WireFormat) -> core::result::Result<(), DecodeErrorKind> {
        if wire_format == WireFormat::APQ_MESSAGE_PAIR { Err(PAIR_IN_PAIR) } else { Ok(()) }
    }

    fn check_message(
        wire_format: WireFormat,
        message: &MLSMessage,
    ) -> core::result::Result<(), DecodeErrorKind> {
        if message.wire_format() != wire_format {
            return Err(OTHER_WIRE_FORMAT);
        }
        match &message.body {
            MLSMessageBody::PrivateMessage { private_message }
                if private_message.content_type == ContentType::Application =>
            {
                Err(APPLICATION_DATA)
            }
            _ => Ok(()),
        }
    }

    fn check(&self) -> core::result::Result<(), InvalidValueError> {
        let Self { wire_format, t_message, pq_message } = self;
        let at = |field| move |kind| InvalidValueError::field(field, kind);
        Self::check_format(*wire_format).map_err(at("wire_format"))?;
        Self::check_message(*wire_format, t_message).map_err(at("t_message"))?;
        Self::check_message(*wire_format, pq_message).map_err(at("pq_message"))
    }

    #[cfg(feature = "arbitrary")]
    fn repair(&mut self) {
        while let MLSMessageBody::APQMessagePair { apq_message_pair } = &self.t_message.body {
            self.t_message = apq_message_pair.t_message.clone();
        }
        if let MLSMessageBody::PrivateMessage { private_message } = &mut self.t_message.body {
            private_message.content_type = ContentType::Commit;
        }
        self.wire_format = self.t_message.wire_format();
        if Self::check_message(self.wire_format, &self.pq_message).is_err() {
            self.pq_message = self.t_message.clone();
        }
    }
}

impl<'a> Decode<'a> for APQMessagePair {
    const NAME: &'static str = "APQMessagePair";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        let wire_format = reader.field("wire_format")?;
        Self::check_format(wire_format)
            .map_err(|kind| DecodeError::new(kind, start).in_field("wire_format"))?;
        let mut message = |field| {
            let start = reader.offset();
            let message = reader.nested(|reader| reader.field::<Box<MLSMessage>>(field))?;
            Self::check_message(wire_format, &message)
                .map_err(|kind| DecodeError::new(kind, start).in_field(field))?;
            Ok(message)
        };
        Ok(Self { wire_format, t_message: message("t_message")?, pq_message: message("pq_message")? })
    }
}

impl Encode for APQMessagePair {
    fn encode(&self, writer: &mut Writer) -> core::result::Result<(), EncodeError> {
        self.wire_format.encode(writer)?;
        self.t_message.encode(writer)?;
        self.pq_message.encode(writer)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;
    use crate::mls::{PrivateMessage, Welcome};

    fn welcome() -> MLSMessage {
        Welcome { cipher_suite: CipherSuite(1), secrets: vec![], encrypted_group_info: "g".into() }.into()
    }

    fn private(content_type: ContentType) -> MLSMessage {
        PrivateMessage {
            group_id: "group".into(),
            epoch: 1,
            content_type,
            authenticated_data: "".into(),
            encrypted_sender_data: "".into(),
            ciphertext: "".into(),
        }
        .into()
    }

    /// The bytes of a pair that no constructor makes.
    fn bytes(wire_format: u16, messages: [&MLSMessage; 2]) -> Vec<u8> {
        let messages = messages.map(|message| message.to_bytes().unwrap());
        [&wire_format.to_be_bytes(), messages[0].as_slice(), &messages[1]].concat()
    }

    fn refused(bytes: &[u8]) -> (DecodeErrorKind, usize, alloc::string::String) {
        let error = APQMessagePair::decode_exact(bytes).unwrap_err();
        (*error.kind(), error.offset(), error.path().to_string())
    }

    fn info() -> APQInfo {
        APQInfo {
            t_session_group_id: "t".into(),
            pq_session_group_id: "pq".into(),
            mode: false,
            t_cipher_suite: CipherSuite(1),
            pq_cipher_suite: CipherSuite(2),
            t_epoch: 7,
            pq_epoch: 3,
        }
    }

    /// A change of one field, and the field's name.
    type Change = (&'static str, fn(&mut APQInfo));

    const FIXED: [Change; 5] = [
        ("t_session_group_id", |info| info.t_session_group_id = "x".into()),
        ("pq_session_group_id", |info| info.pq_session_group_id = "x".into()),
        ("mode", |info| info.mode = true),
        ("t_cipher_suite", |info| info.t_cipher_suite = CipherSuite(9)),
        ("pq_cipher_suite", |info| info.pq_cipher_suite = CipherSuite(9)),
    ];

    #[test]
    fn updates_replace_epochs_and_nothing_else() {
        let full = |new_apq_info| APQInfoUpdate::FullUpdate { new_apq_info };
        let next = APQInfo { t_epoch: 8, pq_epoch: 4, ..info() };
        assert_eq!(APQInfo::updated(None, &[full(info())]), Ok(info()));
        assert_eq!(APQInfo::updated(Some(&info()), &[full(next.clone())]), Ok(next.clone()));
        let epochs =
            [APQInfoUpdate::NewPqEpoch { new_pq_epoch: 4 }, APQInfoUpdate::NewTEpoch { new_t_epoch: 8 }];
        assert_eq!(APQInfo::updated(Some(&info()), &epochs), Ok(next));
        assert_eq!(APQInfo::updated(None, &epochs), Err(APQInfoError::NoInfo));
        for (field, change) in FIXED {
            let mut changed = info();
            change(&mut changed);
            let refused = APQInfo::updated(Some(&info()), &[full(changed)]);
            assert_eq!(refused, Err(APQInfoError::Immutable { field }));
        }
        let t_twice = [epochs[1].clone(), epochs[1].clone()];
        let three = [full(info()), epochs[0].clone(), epochs[1].clone()];
        for updates in [&[][..], &epochs[..1], &t_twice, &three, &[full(info()), full(info())]] {
            assert_eq!(APQInfo::updated(Some(&info()), updates), Err(APQInfoError::Updates));
        }
    }

    #[test]
    fn infos_describe_the_two_groups() {
        let context = |group_id: &str, cipher_suite, epoch| GroupContext {
            version: crate::mls::Mls10,
            cipher_suite: CipherSuite(cipher_suite),
            group_id: group_id.into(),
            epoch,
            tree_hash: "".into(),
            confirmed_transcript_hash: "".into(),
            extensions: crate::mls::Extensions::default(),
        };
        let groups = [context("t", 1, 7), context("pq", 2, 3)];
        let check = |info: APQInfo| info.check_groups(&groups[0], &groups[1]);
        assert_eq!(check(info()), Ok(()));
        for (field, change) in FIXED.into_iter().filter(|(field, _)| *field != "mode") {
            let mut changed = info();
            change(&mut changed);
            assert_eq!(check(changed), Err(APQInfoError::Mismatch { field }));
        }
        let field = "t_epoch";
        assert_eq!(check(APQInfo { t_epoch: 8, ..info() }), Err(APQInfoError::Mismatch { field }));
        let field = "pq_epoch";
        assert_eq!(check(APQInfo { pq_epoch: 4, ..info() }), Err(APQInfoError::Mismatch { field }));
        let same_suite = APQInfo { pq_cipher_suite: CipherSuite(1), ..info() };
        assert_eq!(check(same_suite), Err(APQInfoError::SameGroups));
        let same_id = APQInfo { pq_session_group_id: "t".into(), ..info() };
        assert_eq!(check(same_id), Err(APQInfoError::SameGroups));
    }

    fn with_dictionary(context: GroupContext, info: Option<&APQInfo>, listed: bool) -> GroupContext {
        use crate::{
            List,
            code_points::ExtensionType,
            extensions::{AppDataDictionary, ComponentData, WireFormats},
            mls::{Extension, Extensions},
        };
        let mut extensions = vec![];
        if let Some(info) = info {
            let entry = ComponentData {
                component_id: ComponentID::APQ_MLS_INFO,
                data: info.to_bytes().unwrap().into(),
            };
            let dictionary = AppDataDictionary { component_data: List::new(vec![entry]).unwrap() };
            extensions.push(Extension {
                extension_type: ExtensionType::APP_DATA_DICTIONARY,
                extension_data: dictionary.to_bytes().unwrap().into(),
            });
        }
        if listed {
            let formats = WireFormats { wire_formats: vec![WireFormat::APQ_MESSAGE_PAIR] };
            extensions.push(Extension {
                extension_type: ExtensionType::REQUIRED_WIRE_FORMATS,
                extension_data: formats.to_bytes().unwrap().into(),
            });
        }
        GroupContext { extensions: Extensions::new(extensions).unwrap(), ..context }
    }

    fn context(group_id: &str, cipher_suite: u16, epoch: u64) -> GroupContext {
        GroupContext {
            version: crate::mls::Mls10,
            cipher_suite: CipherSuite(cipher_suite),
            group_id: group_id.into(),
            epoch,
            tree_hash: "".into(),
            confirmed_transcript_hash: "".into(),
            extensions: crate::mls::Extensions::default(),
        }
    }

    fn update(update: &APQInfoUpdate) -> Proposal {
        Proposal::AppDataUpdate(crate::extensions::AppDataUpdate {
            component_id: ComponentID::APQ_MLS_INFO,
            op: AppDataUpdateSelect::Update { update: update.to_bytes().unwrap().into() },
        })
    }

    fn psk(component_id: ComponentID) -> Proposal {
        let psktype = PreSharedKeyIDSelect::Application { component_id, psk_id: "id".into() };
        let psk = PreSharedKeyID { psktype, psk_nonce: "nonce".into() };
        Proposal::PreSharedKey(Box::new(crate::mls::PreSharedKey { psk }))
    }

    const T: APQGroup = APQGroup::Traditional;
    const PQ: APQGroup = APQGroup::PostQuantum;

    #[test]
    fn a_session_has_one_info_in_two_groups_that_require_pairs() {
        let groups = |t_epoch| [context("t", 1, t_epoch), context("pq", 2, 3)];
        let check = |t_info: Option<&APQInfo>, pq_info: Option<&APQInfo>, t_epoch, listed: [bool; 2]| {
            let [t, pq] = groups(t_epoch);
            check_session(&with_dictionary(t, t_info, listed[0]), &with_dictionary(pq, pq_info, listed[1]))
        };
        let info = info();
        let both = [true; 2];
        assert_eq!(check(Some(&info), Some(&info), 7, both), Ok(info.clone()));
        // PARTIAL commits have brought the traditional group on.
        assert_eq!(check(Some(&info), Some(&info), 9, both), Ok(info.clone()));
        let behind = APQInfoError::Mismatch { field: "t_epoch" };
        let refused = Err(APQSessionError::Info { group: T, error: behind });
        assert_eq!(check(Some(&info), Some(&info), 6, both), refused);
        assert_eq!(check(None, Some(&info), 7, both), Err(APQSessionError::NoInfo { group: T }));
        assert_eq!(check(Some(&info), None, 7, both), Err(APQSessionError::NoInfo { group: PQ }));
        let other = APQInfo { mode: true, ..info.clone() };
        assert_eq!(check(Some(&info), Some(&other), 7, both), Err(APQSessionError::Disagree));
        let old = APQInfo { pq_epoch: 2, ..info.clone() };
        let error = APQInfoError::Mismatch { field: "pq_epoch" };
        assert_eq!(check(Some(&old), Some(&old), 7, both), Err(APQSessionError::Info { group: PQ, error }));
        for (listed, group) in [([false, true], T), ([true, false], PQ)] {
            let refused = Err(APQSessionError::WireFormat { group });
            assert_eq!(check(Some(&info), Some(&info), 7, listed), refused);
        }
    }

    #[test]
    fn full_commits_update_both_infos_and_take_one_psk() {
        let (t, pq) = (context("t", 1, 6), context("pq", 2, 2));
        let before = APQInfo { t_epoch: 5, pq_epoch: 2, ..info() };
        let (old_t, old_pq) = (
            with_dictionary(t.clone(), Some(&before), true),
            with_dictionary(pq.clone(), Some(&before), true),
        );
        let full = update(&APQInfoUpdate::FullUpdate { new_apq_info: info() });
        let epochs = [
            update(&APQInfoUpdate::NewTEpoch { new_t_epoch: 7 }),
            update(&APQInfoUpdate::NewPqEpoch { new_pq_epoch: 3 }),
        ];
        let own = psk(ComponentID::APQ_MLS_INFO);
        let foreign = psk(ComponentID(0x8000));
        let first = check_full_commit((&t, &[&full, &own, &foreign]), (&pq, &[&full])).unwrap();
        assert_eq!(first.info, info());
        let Proposal::PreSharedKey(expected) = &own else { panic!() };
        assert_eq!(first.psk, expected.psk);
        let later = check_full_commit((&old_t, &[&epochs[0], &epochs[1], &own]), (&old_pq, &[&full]));
        assert_eq!(later.unwrap().info, info());

        let check = |t: &[&Proposal], pq: &[&Proposal]| check_full_commit((&old_t, t), (&old_pq, pq));
        let refused = |group, error| Err(APQSessionError::Info { group, error });
        assert_eq!(check(&[&own], &[&full]), refused(T, APQInfoError::Updates));
        assert_eq!(check(&[&full, &own], &[]), refused(PQ, APQInfoError::Updates));
        let first = check_full_commit((&t, &[&epochs[0], &epochs[1], &own]), (&pq, &[&full]));
        assert_eq!(first, refused(T, APQInfoError::NoInfo));
        let other = update(&APQInfoUpdate::FullUpdate { new_apq_info: APQInfo { pq_epoch: 4, ..info() } });
        assert_eq!(check(&[&full, &own], &[&other]), Err(APQSessionError::Disagree));
        assert_eq!(
            check(&[&other, &own], &[&other]),
            refused(T, APQInfoError::Mismatch { field: "pq_epoch" })
        );
        assert_eq!(check_full_commit((&old_t, &[]), (&pq, &[])), Err(APQSessionError::Disagree));
        assert_eq!(check(&[&full], &[&full]), Err(APQSessionError::Psk { count: 0 }));
        assert_eq!(check(&[&full, &own, &own], &[&full]), Err(APQSessionError::Psk { count: 2 }));
        assert_eq!(check(&[&full, &own], &[&full, &own]), Err(APQSessionError::ForeignPsk));
        let removal = Proposal::AppDataUpdate(crate::extensions::AppDataUpdate {
            component_id: ComponentID::APQ_MLS_INFO,
            op: AppDataUpdateSelect::Remove {},
        });
        assert_eq!(check(&[&removal, &own], &[&full]), refused(T, APQInfoError::Updates));
        let broken = Proposal::AppDataUpdate(crate::extensions::AppDataUpdate {
            component_id: ComponentID::APQ_MLS_INFO,
            op: AppDataUpdateSelect::Update { update: "x".into() },
        });
        let malformed = check(&[&full, &own], &[&broken]);
        assert!(matches!(malformed, Err(APQSessionError::Malformed { group: PQ, .. })), "{malformed:?}");
        let last = GroupContext { epoch: u64::MAX, ..t };
        let refused = check_full_commit((&last, &[&full, &own]), (&pq, &[&full]));
        assert_eq!(refused, Err(APQSessionError::LastEpoch { group: T }));
    }

    #[test]
    fn partial_commits_leave_members_info_and_psk_alone() {
        use crate::{
            extensions::SelfRemove,
            mls::{ExternalInit, Remove},
        };
        let other = psk(ComponentID(0x8000));
        assert_eq!(check_partial_commit(&[&other]), Ok(()));
        for proposal in [
            Proposal::Remove(Remove { removed: 1 }),
            Proposal::SelfRemove(SelfRemove {}),
            Proposal::ExternalInit(ExternalInit { kem_output: "x".into() }),
        ] {
            assert_eq!(check_partial_commit(&[&other, &proposal]), Err(APQSessionError::Membership));
        }
        let epoch = update(&APQInfoUpdate::NewTEpoch { new_t_epoch: 7 });
        assert_eq!(check_partial_commit(&[&epoch]), Err(APQSessionError::InfoInPartial));
        let own = psk(ComponentID::APQ_MLS_INFO);
        assert_eq!(check_partial_commit(&[&own]), Err(APQSessionError::ForeignPsk));
    }

    #[test]
    fn refuses_messages_of_two_wire_formats() {
        let (welcome, commit) = (welcome(), private(ContentType::Commit));
        let offset = 2 + welcome.to_bytes().unwrap().len();
        let second = (OTHER_WIRE_FORMAT, offset, "APQMessagePair.pq_message".into());
        assert_eq!(refused(&bytes(3, [&welcome, &commit])), second);
        let first = (OTHER_WIRE_FORMAT, 2, "APQMessagePair.t_message".into());
        assert_eq!(refused(&bytes(2, [&welcome, &commit])), first);
        assert!(APQMessagePair::of(welcome, commit).is_err());
    }

    #[test]
    fn refuses_a_pair_in_a_pair() {
        let pair: MLSMessage = APQMessagePair::of(welcome(), welcome()).unwrap().into();
        let expected = (PAIR_IN_PAIR, 0, "APQMessagePair.wire_format".into());
        assert_eq!(refused(&bytes(7, [&pair, &pair])), expected);
        let expected = (OTHER_WIRE_FORMAT, 2, "APQMessagePair.t_message".into());
        assert_eq!(refused(&bytes(3, [&pair, &pair])), expected);
        assert!(APQMessagePair::of(pair.clone(), pair).is_err());
    }

    #[test]
    fn refuses_pairs_without_end() {
        // Each level claims the wire format Welcome and begins with another pair.
        let endless = [&[0, 3][..], &[0, 1, 0, 7, 0, 3].repeat(10_000)].concat();
        assert_eq!(refused(&endless).0, DecodeErrorKind::TooDeep);
    }

    #[test]
    fn refuses_application_data() {
        let (commit, application) = (private(ContentType::Commit), private(ContentType::Application));
        let offset = 2 + commit.to_bytes().unwrap().len();
        let expected = (APPLICATION_DATA, offset, "APQMessagePair.pq_message".into());
        assert_eq!(refused(&bytes(2, [&commit, &application])), expected);
        assert!(APQMessagePair::of(application, commit).is_err());
    }
}
