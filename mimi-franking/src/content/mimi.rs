//! MIMI content (mimi-content-09).

use alloc::vec::Vec;

use mimi_codec::{Decode, media_type::ApplicationFraming};
use mimi_content::{ExtensionKey, ExtensionsRef, MimiContentRef, UnboundReason};

use super::{Assertions, ContentError, FrankableContent, FrankingAssertion, UnboundContent, UnboundKind};
use crate::{Construction, ContextHash, FrankingSalt, IntegrityMac, Signed};

/// The framing of MIMI content in the application data. Content is framed in rooms whose
/// GroupContext has the component `content_media_types` (mls-extensions-10 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No framing: the application data is MIMI content.
    Bare,
    /// An `ApplicationFraming`. The franking tag covers the framing, so a report must carry it.
    ApplicationFraming,
}

impl Framing {
    /// The MIMI content in the application data.
    fn content(self, application_data: &[u8]) -> Result<MimiContentRef<'_>, ContentError> {
        let content = match self {
            Self::Bare => application_data,
            Self::ApplicationFraming => unframe(application_data)?,
        };
        MimiContentRef::decode(content).map_err(ContentError::Mimi)
    }
}

/// The content inside the framing. An absent media type means the first of the group's list;
/// decoding shows whether the content is MIMI content.
fn unframe(application_data: &[u8]) -> Result<&[u8], ContentError> {
    let framing = ApplicationFraming::decode_exact(application_data).map_err(ContentError::Framing)?;
    let is_mimi = |name: &str| name.eq_ignore_ascii_case(mimi_content::media_types::MIMI_CONTENT);
    if framing.media_type.as_ref().is_some_and(|media_type| !is_mimi(media_type.r#type())) {
        return Err(ContentError::MediaType);
    }
    let start = application_data.len().checked_sub(framing.inner_application_content.len());
    start.and_then(|start| application_data.get(start..)).ok_or(ContentError::Malformed)
}

/// MIMI content in [`Signed`] and [`IntegrityMac`]: reads the salt, and sender and room under the
/// extension keys 1 and 2.
///
/// mimi-protocol-03 puts sender and room into a FrankingAssertion map under an extension key
/// without an assigned number; [`Self::with_assertion`] reads them from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MimiFrankable {
    framing: Framing,
    assertion_key: Option<i64>,
}

impl MimiFrankable {
    /// Sender and room are under the extension keys 1 and 2.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self { framing, assertion_key: None }
    }

    /// As mimi-protocol-03 has it: sender and room are in the FrankingAssertion map under this
    /// extension key.
    #[must_use]
    pub const fn with_assertion(framing: Framing, assertion_key: i64) -> Self {
        Self { framing, assertion_key: Some(assertion_key) }
    }

    fn read<'a, C: Construction<TagKey = FrankingSalt>>(
        &self,
        application_data: &'a [u8],
    ) -> Result<Assertions<'a, C>, ContentError> {
        let content = self.framing.content(application_data)?;
        let extensions = content.extensions();
        let (sender_uri, room_uri) = match self.assertion_key {
            None => sender_and_room(extensions)?,
            Some(key) => {
                let assertion = FrankingAssertion::read(value(extensions, key)?)?;
                agree(extensions, (assertion.sender_uri, assertion.room_uri))?
            }
        };
        Ok(Assertions {
            tag_key: FrankingSalt::from_bytes(*content.salt().as_bytes()),
            sender_uri: sender_uri.as_bytes(),
            room_uri: room_uri.as_bytes(),
            unbound: unbound(&content),
        })
    }
}

impl FrankableContent<Signed> for MimiFrankable {
    fn assertions<'a>(&self, application_data: &'a [u8]) -> Result<Assertions<'a, Signed>, ContentError> {
        // mimi-protocol-05 and -06 have no FrankingAssertion.
        Self { assertion_key: None, ..*self }.read(application_data)
    }
}

impl FrankableContent<IntegrityMac> for MimiFrankable {
    fn assertions<'a>(
        &self,
        application_data: &'a [u8],
    ) -> Result<Assertions<'a, IntegrityMac>, ContentError> {
        self.read(application_data)
    }
}

/// MIMI content in [`ContextHash`]: reads `franking_key`, sender and room from the
/// FrankingAssertion map of mimi-protocol-02. Its extension key has no assigned number, so the
/// caller names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MimiFrankable02 {
    framing: Framing,
    assertion_key: i64,
}

impl MimiFrankable02 {
    /// The FrankingAssertion map is under this extension key.
    #[must_use]
    pub const fn new(framing: Framing, assertion_key: i64) -> Self {
        Self { framing, assertion_key }
    }
}

impl FrankableContent<ContextHash> for MimiFrankable02 {
    fn assertions<'a>(
        &self,
        application_data: &'a [u8],
    ) -> Result<Assertions<'a, ContextHash>, ContentError> {
        let content = self.framing.content(application_data)?;
        let (tag_key, assertion) =
            FrankingAssertion::read_02(value(content.extensions(), self.assertion_key)?)?;
        let (sender_uri, room_uri) = agree(content.extensions(), (assertion.sender_uri, assertion.room_uri))?;
        Ok(Assertions {
            tag_key,
            sender_uri: sender_uri.as_bytes(),
            room_uri: room_uri.as_bytes(),
            unbound: unbound(&content),
        })
    }
}

/// The external parts that no hash in the content binds.
fn unbound(content: &MimiContentRef<'_>) -> Vec<UnboundContent> {
    let kind = |reason| match reason {
        UnboundReason::Service => UnboundKind::Service,
        _ => UnboundKind::File,
    };
    let parts = content.unbound_parts();
    parts.map(|unbound| UnboundContent { part: unbound.part.0, kind: kind(unbound.reason) }).collect()
}

fn value(extensions: ExtensionsRef<'_>, key: i64) -> Result<&[u8], ContentError> {
    let value = extensions.get(ExtensionKey::Integer(key)).ok_or(ContentError::MissingAssertion)?;
    Ok(value.encoded())
}

fn sender_and_room(extensions: ExtensionsRef<'_>) -> Result<(&str, &str), ContentError> {
    let sender_uri = extensions.sender_uri().ok_or(ContentError::MissingSender)?;
    Ok((sender_uri, extensions.room_uri().ok_or(ContentError::MissingRoom)?))
}

/// Sender and room of an assertion. Refused if the extensions 1 and 2 name others, so that two
/// readers cannot find two senders in one message.
fn agree<'a>(
    extensions: ExtensionsRef<'_>,
    asserted: (&'a str, &'a str),
) -> Result<(&'a str, &'a str), ContentError> {
    let same = extensions.sender_uri().is_none_or(|uri| uri == asserted.0)
        && extensions.room_uri().is_none_or(|uri| uri == asserted.1);
    if same { Ok(asserted) } else { Err(ContentError::Contradiction) }
}
