//! Proposed changes.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    Decode, DecodeErrorKind, Encode, EncodeError, InvalidValueError, Opaque, Reader, Result, Writer,
    code_points::{CipherSuite, ProposalType, ProtocolVersion},
    convention::wire_struct,
    extensions::{AppDataUpdate, AppEphemeral, SelfRemove},
    mls::{Extensions, KeyPackage, LeafNode, PreSharedKeyID},
};

/// Makes the enum of the proposals that this crate knows, beside `Other`.
macro_rules! proposals {
    ($(#[$meta:meta])* pub enum Proposal { $($(#[$variant_meta:meta])* $value:literal $draft:literal => $variant:ident($ty:ty),)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum Proposal {
            $(
                $(#[$variant_meta])*
                #[cfg_attr(feature = "serde", serde(rename = $draft))]
                $variant($ty),
            )*
            /// A change of a type that this crate does not know; read only where the caller gave a
            /// [`ProposalRule`].
            #[cfg_attr(feature = "serde", serde(rename = "other"))]
            Other(OtherProposal),
        }

        impl Proposal {
            /// The number that selects this arm.
            pub const fn selector(&self) -> u16 {
                match self {
                    $(Self::$variant(_) => $value,)*
                    Self::Other(other) => other.proposal_type.0,
                }
            }
        }

        /// Whether this crate has a struct for the type.
        #[allow(clippy::manual_range_patterns, reason = "the numbers of the table, one by one")]
        const fn is_known(proposal_type: ProposalType) -> bool {
            matches!(proposal_type.0, $($value)|*)
        }

        impl<'a> Decode<'a> for Proposal {
            const NAME: &'static str = "Proposal";

            fn decode(reader: &mut Reader<'a>) -> Result<Self> {
                let start = reader.offset();
                match u16::decode(reader)? {
                    $($value => <$ty>::decode(reader).map(Self::$variant),)*
                    value => {
                        let proposal_type = ProposalType(value);
                        match reader.rules().iter().find(|rule| rule.proposal_type == proposal_type) {
                            Some(rule) => {
                                let body = rule.body.read(reader)?;
                                Ok(Self::Other(OtherProposal { proposal_type, body: body.into() }))
                            }
                            None => Err(crate::unlisted::unknown("ProposalType", value.into(), start)),
                        }
                    }
                }
            }
        }

        impl Encode for Proposal {
            fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
                self.selector().encode(writer)?;
                match self {
                    $(Self::$variant(proposal) => proposal.encode(writer),)*
                    Self::Other(other) => {
                        writer.bytes(&other.body);
                        Ok(())
                    }
                }
            }
        }

        impl tls_codec::Size for Proposal {
            fn tls_serialized_len(&self) -> usize {
                let body = match self {
                    $(Self::$variant(proposal) => proposal.tls_serialized_len(),)*
                    Self::Other(other) => other.body.len(),
                };
                size_of::<u16>().saturating_add(body)
            }
        }

        crate::tls::tls_bridge!(encode decode Proposal);

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for Proposal {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                match u.choose(&[$($value as u16),*])? {
                    $($value => <$ty as arbitrary::Arbitrary<'a>>::arbitrary(u).map(Self::$variant),)*
                    _ => Err(arbitrary::Error::IncorrectFormat),
                }
            }
        }
    };
}

proposals! {
    /// A change to the group (RFC 9420 §12.1; mls-extensions-10 §4.7, §4.8 and §6.3).
    ///
    /// A proposal of an unknown type is refused: nothing says how long it is, unless the caller
    /// does by a [`ProposalRule`]. Lists of proposal types keep unknown ones.
    ///
    /// ```text
    /// struct {
    ///     ProposalType proposal_type;
    ///     select (Proposal.proposal_type) {
    ///         case add:                      Add;
    ///         case update:                   Update;
    ///         case remove:                   Remove;
    ///         case psk:                      PreSharedKey;
    ///         case reinit:                   ReInit;
    ///         case external_init:            ExternalInit;
    ///         case group_context_extensions: GroupContextExtensions;
    ///     };
    /// } Proposal;
    /// ```
    pub enum Proposal {
        /// Adds a client.
        1 "add" => Add(Box<Add>),
        /// Replaces the sender's leaf.
        2 "update" => Update(Box<Update>),
        /// Removes a member.
        3 "remove" => Remove(Remove),
        /// Mixes in a pre-shared key.
        4 "psk" => PreSharedKey(Box<PreSharedKey>),
        /// Ends the group, for another to replace it.
        5 "reinit" => ReInit(Box<ReInit>),
        /// Lets an outsider join by its own commit.
        6 "external_init" => ExternalInit(ExternalInit),
        /// Replaces the GroupContext's extensions.
        7 "group_context_extensions" => GroupContextExtensions(GroupContextExtensions),
        /// Changes a component's data.
        8 "app_data_update" => AppDataUpdate(AppDataUpdate),
        /// Tells a component something.
        9 "app_ephemeral" => AppEphemeral(AppEphemeral),
        /// Removes the sender.
        10 "self_remove" => SelfRemove(SelfRemove),
    }
}

/// How the body of a proposal is laid out whose type this crate does not know: enough to tell where
/// it ends.
///
/// A body has one encoding, as every vector in it has its shortest length and every presence byte
/// is 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalBody {
    /// A struct without fields.
    Empty,
    /// A number of bytes: integers and `opaque x[N]`.
    Bytes(usize),
    /// One vector `<V>`, whatever its elements are.
    Vector,
    /// `optional<T>`.
    Optional(&'static ProposalBody),
    /// Fields in this order.
    Fields(&'static [ProposalBody]),
}

impl ProposalBody {
    /// Reads a body, and returns its bytes.
    fn read<'a>(self, reader: &mut Reader<'a>) -> Result<&'a [u8]> {
        let start = reader.clone();
        self.skip(reader)?;
        let len = reader.offset().saturating_sub(start.offset());
        start.clone().bytes(len)
    }

    fn skip(self, reader: &mut Reader<'_>) -> Result<()> {
        match self {
            Self::Empty => Ok(()),
            Self::Bytes(len) => reader.bytes(len).map(drop),
            Self::Vector => reader.opaque().map(drop),
            Self::Optional(body) => {
                if reader.presence()? {
                    reader.nested(|reader| body.skip(reader))?;
                }
                Ok(())
            }
            Self::Fields(fields) => {
                fields.iter().try_for_each(|field| reader.nested(|reader| field.skip(reader)))
            }
        }
    }
}

/// The caller's knowledge of a proposal type that this crate does not know: a private-use type
/// (RFC 9420 §17.4), or one that was registered later.
///
/// A hub that gives the rule to a decoder can follow and judge commits with such proposals. Without
/// a rule, which is the default, the message is refused. A rule for a type that this crate knows
/// has no effect.
///
/// ```
/// use mimi_codec::{Decode, Encode, code_points::ProposalType};
/// use mimi_codec::mls::{Proposal, ProposalBody, ProposalRule};
///
/// let bytes = b"\xf0\x01\x05hello";
/// assert!(Proposal::decode_exact(bytes).is_err());
/// let rules = [ProposalRule { proposal_type: ProposalType(0xf001), body: ProposalBody::Vector }];
/// let proposal = Proposal::decode_exact_with(bytes, &rules)?;
/// let Proposal::Other(other) = &proposal else { panic!("something else") };
/// assert_eq!(other.body(), b"\x05hello");
/// assert_eq!(proposal.to_bytes().as_deref(), Ok(&bytes[..]));
/// # Ok::<(), mimi_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalRule {
    /// The type.
    pub proposal_type: ProposalType,
    /// What follows it.
    pub body: ProposalBody,
}

/// A proposal of a type that this crate does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "UncheckedOther"))]
pub struct OtherProposal {
    proposal_type: ProposalType,
    body: Opaque,
}

impl OtherProposal {
    /// A proposal of this type; `body` is all that follows the type, as it is encoded.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::ForbiddenValue`] for a type that [`Proposal`] has a variant for.
    pub fn new(proposal_type: ProposalType, body: impl Into<Opaque>) -> Result<Self, InvalidValueError> {
        if is_known(proposal_type) {
            let value = proposal_type.0.into();
            let kind = DecodeErrorKind::ForbiddenValue { name: "ProposalType", value };
            return Err(InvalidValueError::field("proposal_type", kind));
        }
        Ok(Self { proposal_type, body: body.into() })
    }

    /// The type.
    #[must_use]
    pub const fn proposal_type(&self) -> ProposalType {
        self.proposal_type
    }

    /// All that follows the type.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct UncheckedOther {
    proposal_type: ProposalType,
    body: Opaque,
}

#[cfg(feature = "serde")]
impl TryFrom<UncheckedOther> for OtherProposal {
    type Error = InvalidValueError;

    fn try_from(unchecked: UncheckedOther) -> Result<Self, InvalidValueError> {
        Self::new(unchecked.proposal_type, unchecked.body)
    }
}

impl Proposal {
    /// May an external sender propose it? The column "Ext" of the registry (RFC 9420 §12.1.8 and
    /// §17.4; mls-extensions-10 §7.2): all but Update, ExternalInit and SelfRemove. Of a type that
    /// this crate does not know, the caller judges that: it passes here.
    pub fn allows_external_sender(&self) -> bool {
        match self {
            Self::Add(_)
            | Self::Remove(_)
            | Self::PreSharedKey(_)
            | Self::ReInit(_)
            | Self::GroupContextExtensions(_)
            | Self::AppDataUpdate(_)
            | Self::AppEphemeral(_)
            | Self::Other(_) => true,
            Self::Update(_) | Self::ExternalInit(_) | Self::SelfRemove(_) => false,
        }
    }
}

wire_struct! {
    /// Adds a client (RFC 9420 §12.1.1).
    ///
    /// ```text
    /// struct {
    ///     KeyPackage key_package;
    /// } Add;
    /// ```
    pub struct Add {
        /// The client's key package.
        pub key_package: KeyPackage,
    }
}

wire_struct! {
    /// Replaces the sender's leaf (RFC 9420 §12.1.2).
    ///
    /// ```text
    /// struct {
    ///     LeafNode leaf_node;
    /// } Update;
    /// ```
    pub struct Update {
        /// The new leaf.
        pub leaf_node: LeafNode,
    }
}

wire_struct! {
    /// Removes a member (RFC 9420 §12.1.3).
    ///
    /// ```text
    /// struct {
    ///     uint32 removed;
    /// } Remove;
    /// ```
    pub struct Remove {
        /// The member's leaf index.
        pub removed: u32,
    }
}

wire_struct! {
    /// Mixes in a pre-shared key (RFC 9420 §12.1.4).
    ///
    /// ```text
    /// struct {
    ///     PreSharedKeyID psk;
    /// } PreSharedKey;
    /// ```
    pub struct PreSharedKey {
        /// The key's name.
        pub psk: PreSharedKeyID,
    }
}

wire_struct! {
    /// Ends the group, for another to replace it (RFC 9420 §12.1.5).
    ///
    /// ```text
    /// struct {
    ///     opaque group_id<V>;
    ///     ProtocolVersion version;
    ///     CipherSuite cipher_suite;
    ///     Extension extensions<V>;
    /// } ReInit;
    /// ```
    pub struct ReInit {
        /// The new group.
        pub group_id: Opaque,
        /// Its version.
        pub version: ProtocolVersion,
        /// Its cipher suite.
        pub cipher_suite: CipherSuite,
        /// Its GroupContext's extensions.
        pub extensions: Extensions,
    }
}

wire_struct! {
    /// Lets an outsider join by its own commit (RFC 9420 §12.1.6).
    ///
    /// ```text
    /// struct {
    ///   opaque kem_output<V>;
    /// } ExternalInit;
    /// ```
    pub struct ExternalInit {
        /// The KEM's encapsulated key, for the group's external key.
        pub kem_output: Opaque,
    }
}

wire_struct! {
    /// Replaces the GroupContext's extensions (RFC 9420 §12.1.7).
    ///
    /// ```text
    /// struct {
    ///   Extension extensions<V>;
    /// } GroupContextExtensions;
    /// ```
    pub struct GroupContextExtensions {
        /// The new ones.
        pub extensions: Extensions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Segment;
    use crate::mls::{Commit, Content, ContentType, PrivateMessageContent, ProposalOrRef};
    use crate::semiprivate::SemiPrivateMessageContent;
    use alloc::{string::ToString, vec};

    const BODY: ProposalBody = ProposalBody::Fields(&[
        ProposalBody::Bytes(4),
        ProposalBody::Optional(&ProposalBody::Vector),
        ProposalBody::Fields(&[ProposalBody::Empty, ProposalBody::Bytes(1)]),
    ]);

    const RULES: [ProposalRule; 3] = [
        ProposalRule { proposal_type: ProposalType(0xf001), body: BODY },
        ProposalRule { proposal_type: ProposalType(0xf002), body: ProposalBody::Empty },
        // Without effect: the type is known.
        ProposalRule { proposal_type: ProposalType::REMOVE, body: ProposalBody::Empty },
    ];

    /// A commit by value: 0xf001, 0xf002, and the removal of leaf 5; no path.
    const COMMIT: &[u8] =
        &[22, 1, 0xf0, 1, 1, 2, 3, 4, 1, 2, b'h', b'i', 9, 1, 0xf0, 2, 1, 0, 3, 0, 0, 0, 5, 0];

    #[test]
    fn a_rule_lets_a_commit_be_followed() {
        let decoded = Commit::decode_exact_with(COMMIT, &RULES).unwrap();
        let by_value = |proposal| ProposalOrRef::Proposal { proposal };
        let other =
            |number, body: &[u8]| Proposal::Other(OtherProposal::new(ProposalType(number), body).unwrap());
        let expected = vec![
            by_value(other(0xf001, &[1, 2, 3, 4, 1, 2, b'h', b'i', 9])),
            by_value(other(0xf002, &[])),
            by_value(Proposal::Remove(Remove { removed: 5 })),
        ];
        assert_eq!(decoded.proposals, expected);
        assert_eq!(decoded.to_bytes().unwrap(), COMMIT);
    }

    #[test]
    fn refuses_without_a_rule_and_in_every_other_encoding() {
        let error = Commit::decode_exact(COMMIT).unwrap_err();
        let unknown = |value| DecodeErrorKind::UnknownValue { name: "ProposalType", value };
        assert_eq!((error.kind(), error.offset()), (&unknown(0xf001), 2));
        assert_eq!(error.path().to_string(), "Commit.proposals[0].proposal");
        let other_rule = [ProposalRule { proposal_type: ProposalType(0xf003), body: ProposalBody::Vector }];
        assert_eq!(Commit::decode_exact_with(COMMIT, &other_rule), Err(error));
        for (bytes, kind, offset) in [
            (&[0xf0, 1, 1, 2, 3, 4, 2][..], DecodeErrorKind::InvalidPresence(2), 6),
            (&[0xf0, 1, 1, 2, 3, 4, 1, 0x40, 1, 0, 9], DecodeErrorKind::NonMinimalLength, 7),
            (&[0xf0, 1, 1, 2, 3], DecodeErrorKind::UnexpectedEnd { missing: 1 }, 2),
            (&[0xf0, 1, 1, 2, 3, 4, 0, 9, 0], DecodeErrorKind::TrailingBytes { count: 1 }, 8),
            (&[0xf0, 2, 0], DecodeErrorKind::TrailingBytes { count: 1 }, 2),
            (&[0, 3, 0, 0], DecodeErrorKind::UnexpectedEnd { missing: 2 }, 2),
        ] {
            let error = Proposal::decode_exact_with(bytes, &RULES).unwrap_err();
            assert_eq!((*error.kind(), error.offset()), (kind, offset), "{bytes:?}");
        }
    }

    #[test]
    fn a_rule_lets_an_encrypted_handshake_be_followed() {
        let plaintext = [&[0xf0, 1, 1, 2, 3, 4, 0, 9][..], &[0], &[0, 0]].concat();
        let kind = ContentType::Proposal;
        let private = PrivateMessageContent::decode_exact_with(kind, &plaintext, &RULES).unwrap();
        let semi_private = SemiPrivateMessageContent::decode_exact_with(kind, &plaintext, &RULES).unwrap();
        assert_eq!(private.content(), semi_private.content());
        assert_eq!((private.length_of_padding(), semi_private.length_of_padding()), (2, 2));
        assert_eq!(private.to_bytes().unwrap(), plaintext);
        let Content::Proposal { proposal: Proposal::Other(other) } = private.content() else { panic!() };
        assert_eq!(other.body(), [1, 2, 3, 4, 0, 9]);
        let unknown = DecodeErrorKind::UnknownValue { name: "ProposalType", value: 0xf001 };
        let without = PrivateMessageContent::decode_exact(kind, &plaintext).unwrap_err();
        assert_eq!((without.kind(), without.offset()), (&unknown, 0));
        let without = SemiPrivateMessageContent::decode_exact(kind, &plaintext).unwrap_err();
        assert_eq!((without.kind(), without.offset()), (&unknown, 0));
    }

    #[test]
    fn refuses_to_make_a_known_proposal_under_the_name_of_another() {
        let kind = DecodeErrorKind::ForbiddenValue { name: "ProposalType", value: 10 };
        let refused = OtherProposal::new(ProposalType::SELF_REMOVE, &b""[..]);
        assert_eq!(refused, Err(InvalidValueError { kind, place: Some(Segment::Field("proposal_type")) }));
    }
}
