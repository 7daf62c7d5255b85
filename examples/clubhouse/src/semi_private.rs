//! Commits as SemiPrivateMessages (mls-semiprivatemessage-07) beside OpenMLS: the members and the hub read them, the followers in between
//! don't.
//!
//! - [`member`] seals and opens them, and tells OpenMLS what it has to know.
//! - [`hub`] opens them as an external receiver, decides, and follows the group.
//!
//! OpenMLS 0.9 knows no SemiPrivateMessage. What it would do by itself, had it the wire format, stands here, and where that is not the draft's,
//! it says so:
//!
//! - **Key and nonce.** The draft takes those of an unused generation of the sender's handshake ratchet. OpenMLS shows nobody its ratchets, so
//!   [`member`] takes key, nonce and `sender_data_secret` from the MLS exporter, for the same sender and generation. They are known to the
//!   same members, in the same epoch; but they aren't deleted one by one.
//! - **What is signed.** The signature in a SemiPrivateMessage covers its wire format. OpenMLS signs its commits as PublicMessages, and its
//!   transcript is made of those. So there are two signatures over the same commit. That of the SemiPrivateMessage is made and verified by
//!   `mimi-crypto`; OpenMLS's travels in a `Companion`, sealed for the members, with which they give the commit to OpenMLS as the PublicMessage that
//!   it never was on the wire.
//! - **The hub** has no companion and needs none. It takes the tree and the GroupInfo of the next epoch from the update request, and looks whether
//!   they are what the commit makes of the last.

pub mod hub;
pub mod member;

use mimi_codec::{
    Decode, Encode, EncodeError, List, Opaque, Reader, Writer,
    code_points::{ComponentID, ExtensionType, WireFormat},
    extensions::{SafeAAD, SafeAADItem, WireFormats},
    mls::{
        AuthenticatedContent, Extension, Extensions, FramedContent, FramedContentAuthData, MAC, PublicMessage,
    },
    semiprivate::ExternalReceiver,
};
use openmls::prelude as mls;

use crate::Result;

/// The component under which a sealed `Companion` stands in the SafeAAD: one of this program's, from the range for private use.
const COMPANION: ComponentID = ComponentID(0x8c01);

/// What OpenMLS needs of a commit beside what is in the SemiPrivateMessage: its signature over the commit as a PublicMessage, and the tag that
/// says that a member has sent it.
struct Companion {
    signature: Opaque,
    membership_tag: MAC,
}

impl<'a> Decode<'a> for Companion {
    const NAME: &'static str = "Companion";

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        Ok(Self { signature: reader.field("signature")?, membership_tag: reader.field("membership_tag")? })
    }
}

impl Encode for Companion {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.signature.encode(writer)?;
        self.membership_tag.encode(writer)
    }
}

impl Companion {
    /// That of a commit that OpenMLS has made.
    fn of(public: &PublicMessage) -> Result<Self> {
        let membership_tag = public.membership_tag().clone().ok_or("not from a member")?;
        Ok(Self { signature: public.auth().signature.clone(), membership_tag })
    }

    /// The commit as OpenMLS has made it.
    fn public_message(self, handshake: &AuthenticatedContent) -> Result<PublicMessage> {
        let content = with_authenticated_data(handshake.content(), SafeAAD::default().to_bytes()?)?;
        let confirmation_tag = handshake.auth().confirmation_tag.clone();
        let auth = FramedContentAuthData { signature: self.signature, confirmation_tag };
        Ok(PublicMessage::new(content, auth, Some(self.membership_tag))?)
    }
}

/// The same handshake with other authenticated data: OpenMLS's has an empty SafeAAD, ours the companion's.
fn with_authenticated_data(content: &FramedContent, authenticated_data: Vec<u8>) -> Result<FramedContent> {
    let (group_id, epoch, sender) = (content.group_id().clone(), *content.epoch(), content.sender().clone());
    Ok(FramedContent::new(group_id, epoch, sender, authenticated_data.into(), content.content().clone())?)
}

fn safe_aad_with(companion: Vec<u8>) -> Result<SafeAAD> {
    let item = SafeAADItem { component_id: COMPANION, aad_item_data: companion.into() };
    Ok(SafeAAD { aad_items: List::new(vec![item])? })
}

/// The extensions of a group that has SemiPrivateMessages: it requires the wire format, and names who may read them.
///
/// # Errors
/// When there are two of a kind.
pub fn with_external_receivers(
    extensions: &Extensions,
    receivers: Vec<ExternalReceiver>,
) -> Result<Extensions> {
    let mut all: Vec<Extension> = extensions.iter().cloned().collect();
    all.push(Extension {
        extension_type: ExtensionType::REQUIRED_WIRE_FORMATS,
        extension_data: wire_formats()?.into(),
    });
    all.push(Extension {
        extension_type: ExtensionType::EXTERNAL_RECEIVERS,
        extension_data: receivers.to_bytes()?.into(),
    });
    Ok(Extensions::new(all)?)
}

fn wire_formats() -> Result<Vec<u8>> {
    Ok(WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] }.to_bytes()?)
}

/// What a client supports that can read and send SemiPrivateMessages. OpenMLS takes the extensions as unknown ones.
#[must_use]
pub fn capabilities() -> mls::Capabilities {
    let unknown = [
        ExtensionType::SUPPORTED_WIRE_FORMATS,
        ExtensionType::REQUIRED_WIRE_FORMATS,
        ExtensionType::EXTERNAL_RECEIVERS,
    ];
    let unknown = unknown.map(|it| mls::ExtensionType::Unknown(it.0));
    mls::Capabilities::builder()
        .extensions([mls::ExtensionType::AppDataDictionary].into_iter().chain(unknown).collect())
        .proposals(vec![mls::ProposalType::AppDataUpdate, mls::ProposalType::SelfRemove])
        .build()
}

/// The extension of a leaf that says so too (mls-extensions-10, 5).
///
/// # Errors
/// When it is no extension of a leaf.
pub fn leaf_node_extensions() -> Result<mls::Extensions<mls::LeafNode>> {
    let unknown = mls::UnknownExtension(wire_formats()?);
    let extension = mls::Extension::Unknown(ExtensionType::SUPPORTED_WIRE_FORMATS.0, unknown);
    Ok(mls::Extensions::single(extension)?)
}
