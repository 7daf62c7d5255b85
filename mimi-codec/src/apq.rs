//! mls-combiner (August 2026): a traditional and a post-quantum group that work as one.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValue, Opaque, Reader, Result, Writer,
    code_points::{CipherSuite, WireFormat},
    convention::{wire_select, wire_struct},
    mls::{ContentType, GroupContext, MLSMessage, MLSMessageBody},
};

wire_struct! {
    /// What binds the two groups of a combined session (mls-combiner §5.1): the data of the component
    /// `apq_mls_info` in both GroupContexts.
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
    /// The APQInfo that the updates of one commit lead to (mls-combiner §5.1.1). `current` is that of
    /// the epoch before; `None` before the first FULL commit.
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

    /// Whether the APQInfo describes these two groups after a FULL commit (mls-combiner §5.1.2): their
    /// IDs, cipher suites and epochs. Both groups have to carry it; compare the two with `==`.
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
    pub fn of(t_message: MLSMessage, pq_message: MLSMessage) -> core::result::Result<Self, InvalidValue> {
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

    fn check(&self) -> core::result::Result<(), InvalidValue> {
        let Self { wire_format, t_message, pq_message } = self;
        let at = |field| move |kind| InvalidValue::field(field, kind);
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
