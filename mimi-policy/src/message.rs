//! What a MIMI content message does, and which capabilities it takes (mimi-room-policy-04 §8.3,
//! §8.4).
//!
//! A hub sees who sends and no more; all else is decided by the clients that open the message, each
//! for itself and all alike. [`Requirements::of`] reads the fields of a message, with what is known
//! of the messages that it refers to, and lists the capabilities that its sender needs, each with
//! its reason. [`authorize`] asks whether the sender has them.
//!
//! - Every message takes canSendMessage; the others come on top.
//! - A reply takes canReplyToMessage, unless it stays in the topic of the message that it replies
//!   to: that takes canReplyInTopic. Any other topic takes canStartTopic.
//! - What replaces a message takes a capability by the author and the kind of the message it
//!   replaces, and those that the new content takes. Its inReplyTo is that of the original and
//!   takes none.
//! - A [timeline](mimi_content::timeline) asks
//!   [`RoleHistory::authorize`](crate::RoleHistory::authorize) about what replaces a message; about
//!   what replaces none a client asks [`authorize`] with [`KnownThen`] before.
//! - Each external part takes an upload capability, each preview canSendLinkPreview, each link
//!   canSendLink, also in a message that is forwarded inside. [`first_link`] says what a link is.

mod link;
mod requirements;
mod retraction;
mod timeline;

pub use link::{FirstLink, first_link};
pub use requirements::{MAX_FORWARDED, MessageAction, RequiredCapability, RequirementReason, Requirements};
pub use timeline::{EncodedMessage, KnownThen};

use alloc::string::String;
use core::fmt;

use mimi_codec::CapabilityType;
use mimi_content::{Disposition, MessageId, MimiContentRef, PartIndex};

use crate::{IdentityError, UserUri};

/// What is known of a message that another one refers to.
#[derive(Debug, Clone)]
pub struct EarlierMessage<'a> {
    /// The user who sent it.
    pub author: UserUri,
    /// The disposition of its body.
    pub disposition: Disposition,
    /// Its topic; empty for none.
    pub topic_id: &'a [u8],
    /// All of it, where the client still has it: only then it can tell that nothing but the topic
    /// is changed.
    pub content: Option<&'a MimiContentRef<'a>>,
}

impl<'a> EarlierMessage<'a> {
    /// What is known of a message that is at hand.
    #[must_use]
    pub fn new(author: UserUri, content: &'a MimiContentRef<'a>) -> Self {
        let (disposition, topic_id) = (content.body().disposition, content.topic_id());
        Self { author, disposition, topic_id, content: Some(content) }
    }
}

/// What a client knows of its room when it looks at a message.
pub trait ClientKnowledge {
    /// The message with this ID, as it was first sent: for the ID of a later version, its original.
    /// One whose sender is named in a spelling that does not count is unknown.
    fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>>;

    /// Whether this user is in the room: a link to one is a mention.
    fn is_participant(&self, user: &UserUri) -> bool;
}

/// Nothing is known.
impl ClientKnowledge for () {
    fn earlier(&self, _: &MessageId) -> Option<EarlierMessage<'_>> {
        None
    }

    fn is_participant(&self, _: &UserUri) -> bool {
        false
    }
}

/// Why a message may not be sent, and has no effect when it is received.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentRefusal {
    /// The sender is named in a spelling that does not count.
    Sender(IdentityError),
    /// The sender lacks a capability.
    Lacks(RequiredCapability),
    /// It puts other content into another user's message, for which there is no capability.
    EditsAnothers {
        /// Whose message it is.
        author: String,
    },
    /// It turns a message into a reaction or a reaction into a message, for which there is no
    /// capability.
    ChangesKind,
    /// Forwarded messages lie inside one another too deeply.
    ForwardedTooDeeply {
        /// The part of the outermost message that holds them.
        part: PartIndex,
    },
    /// It is an edit whose content is unknown: a timeline's payload was taken out, or is no
    /// message.
    NotAtHand,
}

impl fmt::Display for ContentRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sender(error) => write!(f, "sender: {error}"),
            Self::Lacks(need) => write!(f, "{} is lacking: {}", need.capability, need.why),
            Self::EditsAnothers { author } => {
                write!(f, "only its author can edit a message of {author}")
            }
            Self::ChangesKind => f.write_str("a message can't become a reaction, nor a reaction a message"),
            Self::ForwardedTooDeeply { part } => {
                write!(f, "part {part} holds more than {MAX_FORWARDED} levels of forwarded messages")
            }
            Self::NotAtHand => f.write_str("its content is not at hand"),
        }
    }
}

impl core::error::Error for ContentRefusal {}

/// A message that its sender may send; only [`authorize`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizedMessage<'m, 'a> {
    message: &'m MimiContentRef<'a>,
    requirements: Requirements,
}

impl<'m, 'a> AuthorizedMessage<'m, 'a> {
    /// The message.
    #[must_use]
    pub const fn message(&self) -> &'m MimiContentRef<'a> {
        self.message
    }

    /// What it takes, all of which the sender has.
    #[must_use]
    pub const fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// What it does. [`MessageAction::EditOtherTopic`] changes the topic and nothing else, whatever
    /// the message holds.
    #[must_use]
    pub const fn act(&self) -> MessageAction {
        self.requirements.act()
    }

    /// Whether it has to be asked again when the message comes that this one refers to. Until then
    /// an edit or a deletion has no effect.
    #[must_use]
    pub const fn is_provisional(&self) -> bool {
        self.requirements.is_provisional()
    }
}

/// Whether the user `sender`, whose role has the capabilities that `holds` says, may send the
/// message.
///
/// A client asks for what it composes and for what it receives; for the latter with the role that
/// the sender had when the hub accepted the message: [`RoleHistory`](crate::RoleHistory).
///
/// ```
/// use mimi_codec::CapabilityType;
/// use mimi_content::{Disposition, MessageId, MimiContent, MimiContentRef, NestedPart, Salt};
/// use mimi_policy::{
///     UserUri,
///     message::{MessageAction, ContentRefusal, EarlierMessage, ClientKnowledge, authorize},
/// };
///
/// // Bob wrote a message, and Cathy deletes it.
/// struct Room(MessageId, UserUri);
/// impl ClientKnowledge for Room {
///     fn earlier(&self, id: &MessageId) -> Option<EarlierMessage<'_>> {
///         (*id == self.0).then_some(EarlierMessage {
///             author: self.1.clone(),
///             disposition: Disposition::RENDER,
///             topic_id: b"",
///             content: None,
///         })
///     }
///     fn is_participant(&self, _: &UserUri) -> bool {
///         true
///     }
/// }
/// let room = Room(MessageId::from_bytes([1; 32]), UserUri::try_from("mimi://b.example/u/bob")?);
/// let bytes = MimiContent::builder(Salt::from_bytes([7; 16]), NestedPart::null(Disposition::RENDER))
///     .replaces(room.0)
///     .build()?
///     .encode();
/// let deletion = MimiContentRef::decode(&bytes)?;
/// let cathy = UserUri::try_from("mimi://c.example/u/cathy")?;
///
/// let member = [CapabilityType::CAN_SEND_MESSAGE, CapabilityType::CAN_DELETE_OWN_MESSAGE];
/// let refusal = authorize(&deletion, &cathy, &room, |capability| member.contains(&capability)).unwrap_err();
/// let ContentRefusal::Lacks(need) = refusal else { panic!("another reason") };
/// assert_eq!(need.capability, CapabilityType::CAN_DELETE_OTHER_MESSAGE);
///
/// let moderator = [CapabilityType::CAN_SEND_MESSAGE, CapabilityType::CAN_DELETE_OTHER_MESSAGE];
/// let authorized = authorize(&deletion, &cathy, &room, |capability| moderator.contains(&capability))?;
/// assert_eq!(authorized.act(), MessageAction::DeleteOtherMessage);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ContentRefusal`]; of several lacking capabilities the first in the order of
/// [`Requirements::needs`].
pub fn authorize<'m, 'a>(
    message: &'m MimiContentRef<'a>,
    sender: &UserUri,
    known: &impl ClientKnowledge,
    holds: impl Fn(CapabilityType) -> bool,
) -> Result<AuthorizedMessage<'m, 'a>, ContentRefusal> {
    let requirements = Requirements::of(message, sender, known)?.check(holds)?;
    Ok(AuthorizedMessage { message, requirements })
}
