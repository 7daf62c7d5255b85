//! Extensions, and those of RFC 9420.

use alloc::vec::Vec;

use crate::{
    Decode, Keyed, List, Opaque, Result, Unique,
    code_points::{CredentialType, ExtensionType, ProposalType},
    convention::{wire_struct, wire_view},
    mls::{Credential, HPKEPublicKey, RatchetTree, SignaturePublicKey},
    octets::opaque_type,
};

wire_struct! {
    /// An extension, whatever it holds (RFC 9420 §7.2). [`Extensions::content`] opens those that
    /// are known.
    ///
    /// ```text
    /// struct {
    ///     ExtensionType extension_type;
    ///     opaque extension_data<V>;
    /// } Extension;
    /// ```
    pub struct Extension {
        /// What it is.
        pub extension_type: ExtensionType,
        /// Its encoding.
        pub extension_data: Opaque,
    }
}

impl Keyed for Extension {
    type Key = ExtensionType;
    fn key(&self) -> ExtensionType {
        self.extension_type
    }
}

wire_view! {
    /// A borrowed [`Extension`].
    pub struct ExtensionView<'a> of Extension {
        /// What it is.
        pub extension_type: ExtensionType,
        /// Its encoding.
        pub extension_data: &'a [u8],
    }
}

impl Keyed for ExtensionView<'_> {
    type Key = ExtensionType;
    fn key(&self) -> ExtensionType {
        self.extension_type
    }
}

/// `Extension extensions<V>`: no type occurs twice (RFC 9420 §13.4); unknown ones, GREASE among
/// them, are kept.
///
/// ```
/// use mimi_codec::{Decode, mls::{ApplicationId, Extensions}};
///
/// let extensions = Extensions::decode_exact(b"\x07\x00\x01\x04\x03app")?;
/// let id = extensions.content::<ApplicationId>().expect("there is one")?;
/// assert_eq!(&*id, b"app");
/// # Ok::<(), mimi_codec::DecodeError>(())
/// ```
pub type Extensions = List<Extension, Unique>;

/// What an extension of a certain type holds.
pub trait ExtensionContent<'a>: Decode<'a> {
    /// The types whose `extension_data` is this.
    const EXTENSION_TYPE: ExtensionType;
}

impl Extensions {
    /// The data of the extension `extension_type`, if it is there.
    pub fn data(&self, extension_type: ExtensionType) -> Option<&[u8]> {
        self.iter()
            .find(|extension| extension.extension_type == extension_type)
            .map(|extension| &*extension.extension_data)
    }

    /// The extension that holds a `T`, opened; `None` if there is no such extension.
    ///
    /// # Errors
    /// When its data is not exactly a `T`; offsets count from the beginning of the data.
    pub fn content<'a, T: ExtensionContent<'a>>(&'a self) -> Option<Result<T>> {
        self.data(T::EXTENSION_TYPE).map(T::decode_exact)
    }
}

macro_rules! extension_content {
    ($($ty:ty = $extension_type:ident),* $(,)?) => {$(
        impl<'a> $crate::mls::ExtensionContent<'a> for $ty {
            const EXTENSION_TYPE: $crate::code_points::ExtensionType =
                $crate::code_points::ExtensionType::$extension_type;
        }
    )*};
}

pub(crate) use extension_content;

extension_content! {
    ApplicationId = APPLICATION_ID,
    RatchetTree = RATCHET_TREE,
    RequiredCapabilities = REQUIRED_CAPABILITIES,
    ExternalPub = EXTERNAL_PUB,
    ExternalSenders = EXTERNAL_SENDERS,
}

opaque_type! {
    /// `opaque application_id<V>` (RFC 9420 §5.3.3): the content of the extension `application_id`.
    pub struct ApplicationId;
}

wire_struct! {
    /// What every member has to support (RFC 9420 §11.1): the content of `required_capabilities`.
    ///
    /// ```text
    /// struct {
    ///     ExtensionType extension_types<V>;
    ///     ProposalType proposal_types<V>;
    ///     CredentialType credential_types<V>;
    /// } RequiredCapabilities;
    /// ```
    pub struct RequiredCapabilities {
        /// Extensions.
        pub extension_types: Vec<ExtensionType>,
        /// Proposals.
        pub proposal_types: Vec<ProposalType>,
        /// Credentials.
        pub credential_types: Vec<CredentialType>,
    }
}

wire_struct! {
    /// The key for joining from outside (RFC 9420 §12.4.3.2): the content of `external_pub`.
    ///
    /// ```text
    /// struct {
    ///     HPKEPublicKey external_pub;
    /// } ExternalPub;
    /// ```
    pub struct ExternalPub {
        /// The public key that belongs to the epoch's external secret.
        pub external_pub: HPKEPublicKey,
    }
}

wire_struct! {
    /// A non-member who may propose (RFC 9420 §12.1.8.1).
    ///
    /// ```text
    /// struct {
    ///   SignaturePublicKey signature_key;
    ///   Credential credential;
    /// } ExternalSender;
    /// ```
    pub struct ExternalSender {
        /// The key it signs with.
        pub signature_key: SignaturePublicKey,
        /// Who it is.
        pub credential: Credential,
    }
}

wire_struct! {
    /// `ExternalSender external_senders<V>` (RFC 9420 §12.1.8.1): the content of
    /// `external_senders`.
    ///
    /// A sender is called by its index.
    pub struct ExternalSenders {
        /// The senders.
        pub external_senders: Vec<ExternalSender>,
    }
}
