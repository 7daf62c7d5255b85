//! SemiPrivateMessages (mls-semiprivatemessage-07) on a stack that knows none: members and the hub
//! read the handshakes of a group, the followers in between do not.
//!
//! [`Sealed`] is a [`MlsStack`] around another. In a group that requires the wire format it seals
//! what the member sends and opens what is received; in other groups it does nothing. A room on it
//! needs to know no more: mimi-room judges what was opened.
//!
//! Where this is not the draft's, as OpenMLS 0.9 has no SemiPrivateMessage:
//!
//! - **Key and nonce.** The draft takes those of an unused generation of the sender's handshake
//!   ratchet. OpenMLS shows no ratchet, so key, nonce and `sender_data_secret` come from the MLS
//!   exporter, for the same sender and generation. They are known to the same members, in the same
//!   epoch; but they are not deleted one by one.
//! - **What is signed.** The signature in a SemiPrivateMessage covers its wire format. OpenMLS
//!   signs its handshakes as PublicMessages, and its transcript and its ProposalRefs are made of
//!   those. So there are two signatures over the same handshake. `mimi-crypto` makes and verifies
//!   that of the SemiPrivateMessage; OpenMLS's travels in a [`Companion`], sealed once for the
//!   members and once for each external receiver. With it, members and hub give OpenMLS the
//!   PublicMessage that the handshake never was on the wire.

use std::sync::Arc;

use mimi_codec::{
    Decode, Encode, EncodeError, List, Opaque, Reader, Writer,
    code_points::{ComponentID, ExtensionType, WireFormat},
    extensions::{RequiredWireFormats, SafeAAD, SafeAADItem, WireFormats},
    mls::{
        AuthenticatedContent, Content, FramedContent, FramedContentAuthData, GroupContext, HPKECiphertext,
        LeafNode, MAC, MLSMessage, MLSMessageBody, Mls10, Proposal, ProposalRef, PublicMessage, RatchetTree,
        SenderData,
    },
    semiprivate::{ExternalReceiver, ExternalReceivers, SemiPrivateMessage},
};
use mimi_crypto::{
    AeadKey, CipherSuiteProvider, HandshakeKeys, HpkePrivateKey, RustCrypto, Secret,
    UnauthenticatedHandshake, decrypt_with_label, encrypt_with_label, external_receiver_ref,
    open_as_external_receiver, open_as_member, open_sender_data, seal_semi_private_message, semi_private_tbs,
    sign_with_label,
};
use mimi_openmls::MemberStack;
use mimi_room::{ComponentUpdates, MlsMember, MlsStack, OpenedMessage, OwnCommit};
use openmls::prelude as mls;
use rand_chacha::ChaCha20Rng;

use crate::{
    Error, Result,
    stack::{ClientKey, Mls},
};

/// The components under which the companion is in the SafeAAD, for members and for external
/// receivers: this program's, from the range for private use.
const FOR_MEMBERS: ComponentID = ComponentID(0x8c01);
const FOR_RECEIVERS: ComponentID = ComponentID(0x8c02);
const LABEL: &[u8] = b"clubhouse companion";

/// Zero bytes behind each handshake, so that its length says a little less.
const PADDING: usize = 64;

/// What OpenMLS needs of a handshake beside what is in the SemiPrivateMessage.
pub struct Companion {
    authenticated_data: Opaque,
    signature: Opaque,
    membership_tag: MAC,
}

impl<'a> Decode<'a> for Companion {
    const NAME: &'static str = "Companion";

    fn decode(reader: &mut Reader<'a>) -> mimi_codec::Result<Self> {
        Ok(Self {
            authenticated_data: reader.field("authenticated_data")?,
            signature: reader.field("signature")?,
            membership_tag: reader.field("membership_tag")?,
        })
    }
}

impl Encode for Companion {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        self.authenticated_data.encode(writer)?;
        self.signature.encode(writer)?;
        self.membership_tag.encode(writer)
    }
}

impl Companion {
    fn of(public: &PublicMessage) -> Result<Self> {
        let membership_tag = public.membership_tag().clone().ok_or("not from a member")?;
        let (content, signature) = (public.content(), public.auth().signature.clone());
        Ok(Self { authenticated_data: content.authenticated_data().clone(), signature, membership_tag })
    }

    /// The handshake as OpenMLS has made it.
    fn public_message(self, handshake: &AuthenticatedContent) -> Result<MLSMessage> {
        let content = with_authenticated_data(handshake.content(), self.authenticated_data)?;
        let confirmation_tag = handshake.auth().confirmation_tag.clone();
        let auth = FramedContentAuthData { signature: self.signature, confirmation_tag };
        Ok(PublicMessage::new(content, auth, Some(self.membership_tag))?.into())
    }
}

fn with_authenticated_data(content: &FramedContent, data: Opaque) -> Result<FramedContent> {
    let (group_id, epoch, sender) = (content.group_id().clone(), *content.epoch(), content.sender().clone());
    Ok(FramedContent::new(group_id, epoch, sender, data, content.content().clone())?)
}

/// Who opens the handshakes of a group: a member, or the hub.
pub trait Opens<S> {
    /// The cipher suite.
    fn suite(&self) -> &RustCrypto;

    /// Opens a message that is not authenticated yet, and what OpenMLS needs beside it.
    ///
    /// # Errors
    /// If the message is not for this party, or was changed.
    fn open(&self, stack: &S, message: &SemiPrivateMessage) -> Result<(UnauthenticatedHandshake, Companion)>;

    /// The group has entered another epoch.
    fn next_epoch(&mut self) {}
}

/// A stack that reads SemiPrivateMessages.
pub struct Sealed<S, O> {
    inner: S,
    opener: O,
}

impl<S, O> Sealed<S, O> {
    /// A stack, and the party that opens.
    #[must_use]
    pub const fn new(inner: S, opener: O) -> Self {
        Self { inner, opener }
    }

    /// The stack inside.
    #[must_use]
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// The stack inside. A handshake that it makes itself is not sealed.
    pub const fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S, O> Sealed<S, O>
where
    S: MlsStack,
    S::Error: std::error::Error + 'static,
    O: Opens<S>,
{
    /// Opens a handshake and checks `framed_content_tbs_hash` and signature: as the
    /// SemiPrivateMessage has it, and as the PublicMessage for the stack inside.
    ///
    /// # Errors
    /// If the message is not for this party, was changed, or was not signed by the member that it
    /// names.
    pub fn reveal(&self, message: &SemiPrivateMessage) -> Result<(AuthenticatedContent, MLSMessage)> {
        let (opened, companion) = self.opener.open(&self.inner, message)?;
        let leaf = self.inner.leaf(opened.sender_leaf_index())?.ok_or("no member is at that leaf")?;
        let context = self.inner.group_context()?;
        let verified = opened.verify(self.opener.suite(), &context, &leaf.signature_key)?;
        let handshake = verified.authenticated_content().clone();
        let public = companion.public_message(&handshake)?;
        Ok((handshake, public))
    }
}

impl<S, O> MlsStack for Sealed<S, O>
where
    S: MlsStack,
    S::Error: std::error::Error + 'static,
    O: Opens<S>,
{
    type Verified = S::Verified;
    type Staged = S::Staged;
    type Error = Error;

    fn group_context(&self) -> Result<GroupContext> {
        Ok(self.inner.group_context()?)
    }

    fn leaves(&self) -> Result<Vec<(u32, LeafNode)>> {
        Ok(self.inner.leaves()?)
    }

    fn leaf(&self, leaf_index: u32) -> Result<Option<LeafNode>> {
        Ok(self.inner.leaf(leaf_index)?)
    }

    fn ratchet_tree(&self) -> Result<RatchetTree> {
        Ok(self.inner.ratchet_tree()?)
    }

    fn verify(&mut self, message: &MLSMessage) -> Result<(AuthenticatedContent, S::Verified)> {
        match &message.body {
            MLSMessageBody::SemiPrivateMessage { semiprivate_message } => {
                let (_, public) = self.reveal(semiprivate_message)?;
                Ok(self.inner.verify(&public)?)
            }
            _ => Ok(self.inner.verify(message)?),
        }
    }

    fn stage(&mut self, verified: S::Verified, components: &ComponentUpdates) -> Result<S::Staged> {
        Ok(self.inner.stage(verified, components)?)
    }

    fn staged_context(&self, staged: &S::Staged) -> Result<GroupContext> {
        Ok(self.inner.staged_context(staged)?)
    }

    fn queue(&mut self, verified: Vec<S::Verified>) -> Result<()> {
        Ok(self.inner.queue(verified)?)
    }

    fn merge(&mut self, staged: S::Staged) -> Result<()> {
        self.inner.merge(staged)?;
        self.opener.next_epoch();
        Ok(())
    }
}

/// A hub that is an external receiver, with a key of its own.
#[derive(Clone)]
pub struct Receiver {
    suite: RustCrypto,
    receiver: ExternalReceiver,
    private_key: Arc<HpkePrivateKey>,
}

impl Receiver {
    /// The receiver whose key this is.
    #[must_use]
    pub fn new(suite: RustCrypto, receiver: ExternalReceiver, private_key: HpkePrivateKey) -> Self {
        Self { suite, receiver, private_key: Arc::new(private_key) }
    }

    /// Its place in the extension `external_receivers`.
    #[must_use]
    pub const fn receiver(&self) -> &ExternalReceiver {
        &self.receiver
    }
}

impl<S> Opens<S> for Receiver {
    fn suite(&self) -> &RustCrypto {
        &self.suite
    }

    fn open(&self, _: &S, message: &SemiPrivateMessage) -> Result<(UnauthenticatedHandshake, Companion)> {
        let handshake = open_as_external_receiver(&self.suite, &self.receiver, &self.private_key, message)?;
        // Companions are in the order of the keys.
        let reference = external_receiver_ref(&self.suite, &self.receiver)?;
        let keys = message.keys_for_external_receivers();
        let place = keys.iter().position(|key| key.external_receiver_ref == reference);
        let sealed = Vec::<HPKECiphertext>::decode_exact(item(message, FOR_RECEIVERS)?.as_slice())?;
        let sealed = place.and_then(|place| sealed.get(place)).ok_or("no companion for this receiver")?;
        let context = place_of(message.group_id(), *message.epoch());
        let opened = decrypt_with_label(&self.suite, &self.private_key, LABEL, &context, sealed)?;
        Ok((handshake, Companion::decode_exact(opened.expose())?))
    }
}

/// A member: its keys are the group's, through the exporter.
pub struct MemberKeys {
    suite: RustCrypto,
    key: Arc<ClientKey>,
    rng: ChaCha20Rng,
    /// How many handshakes it has sent in this epoch.
    generation: u32,
}

impl MemberKeys {
    /// The keys of a member that signs with `key`.
    #[must_use]
    pub const fn new(suite: RustCrypto, key: Arc<ClientKey>, rng: ChaCha20Rng) -> Self {
        Self { suite, key, rng, generation: 0 }
    }

    /// A secret that the members of this epoch share.
    fn export(&self, group: &Group, label: &str, context: &[u8], length: usize) -> Result<Secret> {
        Ok(group.export_secret(label, context, length.try_into()?)?)
    }

    /// Key and nonce of one handshake of one sender.
    fn handshake(&self, group: &Group, purpose: &str, data: &SenderData) -> Result<(AeadKey, Secret)> {
        let sizes = *self.suite.parameters();
        let context = [data.leaf_index.to_be_bytes(), data.generation.to_be_bytes()].concat();
        let key = self.export(group, &format!("clubhouse {purpose} key"), &context, sizes.nk)?;
        let nonce = self.export(group, &format!("clubhouse {purpose} nonce"), &context, sizes.nn)?;
        Ok((AeadKey::from_secret(&self.suite, key)?, nonce))
    }

    fn sender_data_secret(&self, group: &Group) -> Result<Secret> {
        self.export(group, "clubhouse sender data", &[], self.suite.parameters().nh)
    }
}

/// A member's stack inside.
pub type Group = MemberStack<Mls, ClientKey>;

impl Opens<Group> for MemberKeys {
    fn suite(&self) -> &RustCrypto {
        &self.suite
    }

    fn open(
        &self,
        group: &Group,
        message: &SemiPrivateMessage,
    ) -> Result<(UnauthenticatedHandshake, Companion)> {
        let data = open_sender_data(&self.suite, &self.sender_data_secret(group)?, message)?;
        let (key, nonce) = self.handshake(group, "handshake", &data)?;
        let handshake = open_as_member(&self.suite, &data, &key, &nonce, message)?;
        let (key, nonce) = self.handshake(group, "companion", &data)?;
        let sealed = item(message, FOR_MEMBERS)?;
        let opened = self.suite.aead_open(&key, nonce.expose(), &[], &sealed)?;
        Ok((handshake, Companion::decode_exact(opened.expose())?))
    }

    fn next_epoch(&mut self) {
        self.generation = 0;
    }
}

impl Sealed<Group, MemberKeys> {
    /// Opens the content of a message as if `change` had changed the sender data; for the tests of
    /// what is refused then.
    ///
    /// # Errors
    /// If the message is not for this member, or not of that sender.
    pub fn open_as(
        &self,
        message: &SemiPrivateMessage,
        change: impl FnOnce(&mut SenderData),
    ) -> Result<UnauthenticatedHandshake> {
        let MemberKeys { suite, .. } = &self.opener;
        let mut data = open_sender_data(suite, &self.opener.sender_data_secret(&self.inner)?, message)?;
        change(&mut data);
        let (key, nonce) = self.opener.handshake(&self.inner, "handshake", &data)?;
        Ok(open_as_member(suite, &data, &key, &nonce, message)?)
    }

    /// A handshake of the stack inside, sealed if the group requires it.
    fn seal_handshake(&mut self, message: MLSMessage) -> Result<MLSMessage> {
        let context = self.inner.group_context()?;
        let Some(receivers) = receivers(&context)? else { return Ok(message) };
        let MLSMessageBody::PublicMessage { public_message: public } = &message.body else {
            return Err("OpenMLS has made no PublicMessage".into());
        };
        // Joiners from outside must read it (mls-extensions-10 §6.3).
        if matches!(public.content().content(), Content::Proposal { proposal: Proposal::SelfRemove(_) }) {
            return Ok(message);
        }
        let (leaf_index, generation) = (self.inner.own_leaf(), self.opener.generation);
        self.opener.generation = generation.checked_add(1).ok_or("too many handshakes")?;
        let data = SenderData { leaf_index, generation, reuse_guard: mimi_codec::Octets([0; 4]) };
        let companion = Companion::of(public)?.to_bytes()?;
        let (key, nonce) = self.opener.handshake(&self.inner, "companion", &data)?;
        let for_members = self.opener.suite.aead_seal(&key, nonce.expose(), &[], &companion)?;
        let (message_key, nonce) = self.opener.handshake(&self.inner, "handshake", &data)?;
        let sender_data_secret = self.opener.sender_data_secret(&self.inner)?;
        let MemberKeys { suite, key, rng, .. } = &mut self.opener;
        let place = place_of(&context.group_id, context.epoch);
        let for_receivers = receivers.external_receivers.iter().map(|receiver| {
            let key = &receiver.external_receiver_public_key;
            encrypt_with_label(suite, key, LABEL, &place, &companion, rng)
        });
        let for_receivers = for_receivers.collect::<Result<Vec<HPKECiphertext>, _>>()?.to_bytes()?;
        let items = [(FOR_MEMBERS, for_members), (FOR_RECEIVERS, for_receivers)];
        let items =
            items.map(|(component_id, data)| SafeAADItem { component_id, aad_item_data: data.into() });
        let aad = SafeAAD { aad_items: List::new(items.into())? }.to_bytes()?;
        let content = with_authenticated_data(public.content(), aad.into())?;
        // The draft's signature covers the wire format.
        let tbs = semi_private_tbs(content.clone(), &context)?.to_bytes()?;
        let signature = sign_with_label(suite, key.signing_key(), b"FramedContentTBS", &tbs, rng)?.into();
        let auth =
            FramedContentAuthData { signature, confirmation_tag: public.auth().confirmation_tag.clone() };
        let keys = HandshakeKeys {
            key: &message_key,
            nonce: &nonce,
            generation,
            sender_data_secret: &sender_data_secret,
        };
        let sealed = seal_semi_private_message(suite, &context, &content, auth, PADDING, &keys, rng)?;
        let body = MLSMessageBody::SemiPrivateMessage { semiprivate_message: Box::new(sealed) };
        Ok(MLSMessage { version: Mls10, body })
    }
}

impl MlsMember for Sealed<Group, MemberKeys> {
    fn own_leaf(&self) -> u32 {
        self.inner.own_leaf()
    }

    fn propose(&mut self, proposal: &Proposal) -> Result<(MLSMessage, AuthenticatedContent)> {
        let (message, content) = self.inner.propose(proposal)?;
        Ok((self.seal_handshake(message)?, content))
    }

    fn queued(&self) -> Result<Vec<ProposalRef>> {
        Ok(self.inner.queued()?)
    }

    fn resume(&mut self) -> Result<Option<Self::Staged>> {
        Ok(self.inner.resume()?)
    }

    fn export_secret(&self, label: &str, context: &[u8], length: u16) -> Result<Secret> {
        Ok(self.inner.export_secret(label, context, length)?)
    }

    fn export_component_secret(&mut self, component: ComponentID) -> Result<Secret> {
        Ok(self.inner.export_component_secret(component)?)
    }

    fn withdraw(&mut self, reference: &ProposalRef) -> Result<()> {
        Ok(self.inner.withdraw(reference)?)
    }

    fn commit(
        &mut self,
        proposals: &[Proposal],
        components: &ComponentUpdates,
    ) -> Result<(OwnCommit, Self::Staged)> {
        let (own, staged) = self.inner.commit(proposals, components)?;
        let commit = self.seal_handshake(own.commit)?;
        Ok((OwnCommit { commit, ..own }, staged))
    }

    fn discard(&mut self, staged: Self::Staged) -> Result<()> {
        Ok(self.inner.discard(staged)?)
    }

    fn seal(&mut self, safe_aad: Vec<SafeAADItem>, application_data: &[u8]) -> Result<MLSMessage> {
        Ok(self.inner.seal(safe_aad, application_data)?)
    }

    fn open(&mut self, message: &MLSMessage) -> Result<OpenedMessage> {
        Ok(self.inner.open(message)?)
    }
}

/// The external receivers of a group that requires SemiPrivateMessages.
fn receivers(context: &GroupContext) -> Result<Option<ExternalReceivers>> {
    let required = context.extensions.content::<RequiredWireFormats>().transpose()?;
    let requires = |it: RequiredWireFormats| it.0.wire_formats.contains(&WireFormat::MLS_SEMIPRIVATE_MESSAGE);
    if !required.is_some_and(requires) {
        return Ok(None);
    }
    Ok(context.extensions.content().transpose()?)
}

fn item(message: &SemiPrivateMessage, id: ComponentID) -> Result<Opaque> {
    let aad = SafeAAD::decode_exact(message.authenticated_data())?;
    Ok(aad.data(id).ok_or("there is no companion")?.into())
}

fn place_of(group_id: &[u8], epoch: u64) -> Vec<u8> {
    [group_id, &epoch.to_be_bytes()].concat()
}

/// The content of the extensions by which groups and leaves say that they have SemiPrivateMessages.
#[must_use]
pub fn wire_formats() -> WireFormats {
    WireFormats { wire_formats: vec![WireFormat::MLS_SEMIPRIVATE_MESSAGE] }
}

/// The extensions that a client supports to that end. OpenMLS takes them as unknown ones.
#[must_use]
pub fn extension_types() -> [mls::ExtensionType; 3] {
    let types = [
        ExtensionType::SUPPORTED_WIRE_FORMATS,
        ExtensionType::REQUIRED_WIRE_FORMATS,
        ExtensionType::EXTERNAL_RECEIVERS,
    ];
    types.map(|it| mls::ExtensionType::Unknown(it.0))
}

/// The extension of a leaf that says so too (mls-extensions-10 §5).
///
/// # Errors
/// If OpenMLS takes it for no extension of a leaf.
pub fn leaf_node_extensions() -> Result<mls::Extensions<mls::LeafNode>> {
    let unknown = mls::UnknownExtension(wire_formats().to_bytes()?);
    let extension = mls::Extension::Unknown(ExtensionType::SUPPORTED_WIRE_FORMATS.0, unknown);
    Ok(mls::Extensions::single(extension)?)
}
