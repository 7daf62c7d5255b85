//! Credentials: whom a signature key belongs to.

use alloc::vec::Vec;

use crate::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, InvalidValueError, ListView, MAX_DEPTH,
    Opaque, Reader, Result, Writer,
    code_points::CipherSuite,
    convention::{enclosed, wire_select, wire_struct, wire_view},
    mls::SignaturePublicKey,
    protocol::{IdentifierUri, PseudonymousCredential},
};

wire_struct! {
    /// An X.509 certificate (RFC 9420 §5.3).
    ///
    /// ```text
    /// struct {
    ///     opaque cert_data<V>;
    /// } Certificate;
    /// ```
    pub struct Certificate {
        /// The certificate, DER.
        pub cert_data: Opaque,
    }
}

wire_view! {
    /// A borrowed [`Certificate`].
    pub struct CertificateView<'a> of Certificate {
        /// The certificate, DER.
        pub cert_data: &'a [u8],
    }
}

wire_select! {
    /// What binds a signature key to its owner (RFC 9420 §5.3; mls-extensions-10 §6.5).
    ///
    /// A credential of an unknown type is refused: nothing says how long it is. Lists of credential
    /// types keep unknown ones.
    ///
    /// As all credential types have a single vector, an MLS stack that doesn't know one can take it
    /// for one `opaque<V>`, and does. So the pseudonym stands in a vector too, though no draft says
    /// how.
    ///
    /// ```text
    /// struct {
    ///     CredentialType credential_type;
    ///     select (Credential.credential_type) {
    ///         case basic:
    ///             opaque identity<V>;
    ///         case x509:
    ///             Certificate certificates<V>;
    ///         case multi:
    ///         case weak-multi:
    ///             CredentialBinding bindings<V>;
    ///         case pseudonymous:
    ///             opaque pseudonymous_credential<V>;   /* one PseudonymousCredential */
    ///     };
    /// } Credential;
    /// ```
    pub enum Credential: u16 "CredentialType" {
        /// A bare identity.
        1 "basic" => Basic {
            /// The identity; in MIMI a client's URI.
            identity: Opaque,
        },
        /// A certificate chain, the end entity first.
        2 "x509" => X509 {
            /// The chain.
            certificates: Vec<Certificate>,
        },
        /// All of several credentials.
        3 "multi" => Multi(multi_credential: MultiCredential),
        /// Any of several credentials.
        4 "weak-multi" => WeakMulti(multi_credential: WeakMultiCredential),
        /// A pseudonym (mimi-protocol-06 §6.1); a private-use number.
        0xf004 "pseudonymous" => Pseudonymous(
            pseudonymous_credential: PseudonymousCredential as "crate::convention::enclosed"
        ),
    }
}

impl Credential {
    /// How many levels of multi-credentials there are in this one.
    fn depth(&self) -> u8 {
        match self {
            Self::Multi(multi) => multi.depth(),
            Self::WeakMulti(multi) => multi.depth(),
            _ => 0,
        }
    }
}

wire_struct! {
    /// A credential's holder says that the LeafNode's signature key is theirs (mls-extensions-10
    /// §6.5).
    ///
    /// ```text
    /// struct {
    ///   CipherSuite cipher_suite;
    ///   Credential credential;
    ///   SignaturePublicKey credential_key;
    ///   /* SignWithLabel(., "CredentialBindingTBS", CredentialBindingTBS) */
    ///   opaque signature<V>;
    /// } CredentialBinding;
    /// ```
    pub struct CredentialBinding {
        /// The suite of `credential_key`.
        pub cipher_suite: CipherSuite,
        /// The credential.
        pub credential: Credential,
        /// The key that the credential vouches for.
        pub credential_key: SignaturePublicKey,
        /// Over a [`CredentialBindingTBS`], label `CredentialBindingTBS`.
        pub signature: Opaque,
    }
}

impl CredentialBinding {
    /// What `signature` covers, in a LeafNode with this `signature_key`.
    pub fn tbs(&self, signature_key: SignaturePublicKey) -> CredentialBindingTBS {
        CredentialBindingTBS {
            cipher_suite: self.cipher_suite,
            credential: self.credential.clone(),
            credential_key: self.credential_key.clone(),
            signature_key,
        }
    }
}

wire_struct! {
    /// What a [`CredentialBinding`] signs (mls-extensions-10 §6.5.1).
    ///
    /// ```text
    /// struct {
    ///   CipherSuite cipher_suite;
    ///   Credential credential;
    ///   SignaturePublicKey credential_key;
    ///   SignaturePublicKey signature_key;
    /// } CredentialBindingTBS;
    /// ```
    pub struct CredentialBindingTBS {
        /// The suite of `credential_key`.
        pub cipher_suite: CipherSuite,
        /// The credential.
        pub credential: Credential,
        /// The key that the credential vouches for.
        pub credential_key: SignaturePublicKey,
        /// The LeafNode's key.
        pub signature_key: SignaturePublicKey,
    }
}

macro_rules! multi_credential {
    ($($(#[$meta:meta])* $name:ident,)*) => {$(
        wire_struct! {
            $(#[$meta])*
            ///
            /// A multi-credential may hold multi-credentials, down to [`MAX_DEPTH`] levels.
            pub struct $name {
                /// The credentials and what binds them to the leaf.
                bindings: Vec<CredentialBinding>,
            } check $name::check, repair $name::repair, by hand
        }

        impl $name {
            fn depth(&self) -> u8 {
                let inner = self.bindings.iter().map(|binding| binding.credential.depth()).max();
                inner.unwrap_or(0).saturating_add(1)
            }

            fn check(&self) -> Result<(), InvalidValueError> {
                if self.depth() > MAX_DEPTH {
                    return Err(InvalidValueError::field("bindings", DecodeErrorKind::TooDeep));
                }
                Ok(())
            }

            #[cfg(feature = "arbitrary")]
            fn repair(&mut self) {
                self.bindings.retain(|binding| binding.credential.depth() < MAX_DEPTH);
            }
        }

        impl<'a> Decode<'a> for $name {
            const NAME: &'static str = stringify!($name);

            fn decode(reader: &mut Reader<'a>) -> Result<Self> {
                let bindings = reader.nested(|reader| reader.field("bindings"))?;
                Ok(Self { bindings })
            }
        }

        impl Encode for $name {
            fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
                self.bindings.encode(writer)
            }
        }
    )*};
}

multi_credential! {
    /// Several credentials, all of which every member has to support (mls-extensions-10 §6.5).
    MultiCredential,
    /// Several credentials, of which every member has to support one (mls-extensions-10 §6.5).
    WeakMultiCredential,
}

/// A borrowed [`Credential`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialView<'a> {
    /// A bare identity.
    Basic {
        /// The identity; in MIMI a client's URI.
        identity: &'a [u8],
    },
    /// A certificate chain, the end entity first.
    X509 {
        /// The chain.
        certificates: ListView<'a, CertificateView<'a>>,
    },
    /// All of several credentials.
    Multi {
        /// The credentials and what binds them to the leaf.
        bindings: ListView<'a, CredentialBindingView<'a>>,
    },
    /// Any of several credentials.
    WeakMulti {
        /// The credentials and what binds them to the leaf.
        bindings: ListView<'a, CredentialBindingView<'a>>,
    },
    /// A pseudonym.
    Pseudonymous(PseudonymousCredentialView<'a>),
}

impl<'a> Decode<'a> for CredentialView<'a> {
    const NAME: &'static str = "Credential";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        match reader.uint16()? {
            1 => Ok(Self::Basic { identity: reader.field("identity")? }),
            2 => Ok(Self::X509 { certificates: reader.field("certificates")? }),
            3 => Ok(Self::Multi { bindings: reader.nested(|reader| reader.field("bindings"))? }),
            4 => Ok(Self::WeakMulti { bindings: reader.nested(|reader| reader.field("bindings"))? }),
            0xf004 => enclosed::decode(reader).map(Self::Pseudonymous),
            value => Err(DecodeError::new(
                DecodeErrorKind::UnknownValue { name: "CredentialType", value: value.into() },
                start,
            )),
        }
    }
}

impl Encode for CredentialView<'_> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        match self {
            Self::Basic { identity } => {
                1u16.encode(writer)?;
                identity.encode(writer)
            }
            Self::X509 { certificates } => {
                2u16.encode(writer)?;
                certificates.encode(writer)
            }
            Self::Multi { bindings } => {
                3u16.encode(writer)?;
                bindings.encode(writer)
            }
            Self::WeakMulti { bindings } => {
                4u16.encode(writer)?;
                bindings.encode(writer)
            }
            Self::Pseudonymous(credential) => {
                0xf004u16.encode(writer)?;
                enclosed::encode(credential, writer)
            }
        }
    }
}

impl<'a> From<CredentialView<'a>> for Credential {
    fn from(view: CredentialView<'a>) -> Self {
        match view {
            CredentialView::Basic { identity } => Self::Basic { identity: identity.into() },
            CredentialView::X509 { certificates } => Self::X509 { certificates: certificates.into() },
            CredentialView::Multi { bindings } => Self::Multi(MultiCredential { bindings: bindings.into() }),
            CredentialView::WeakMulti { bindings } => {
                Self::WeakMulti(WeakMultiCredential { bindings: bindings.into() })
            }
            CredentialView::Pseudonymous(credential) => Self::Pseudonymous(credential.into()),
        }
    }
}

wire_view! {
    /// A borrowed [`CredentialBinding`].
    pub struct CredentialBindingView<'a> of CredentialBinding {
        /// The suite of `credential_key`.
        pub cipher_suite: CipherSuite,
        /// The credential.
        pub credential: CredentialView<'a>,
        /// The key that the credential vouches for.
        pub credential_key: &'a [u8],
        /// Over a [`CredentialBindingTBS`].
        pub signature: &'a [u8],
    }
}

/// A borrowed [`IdentifierUri`]: at least one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentifierUriView<'a> {
    uri: &'a [u8],
}

impl<'a> IdentifierUriView<'a> {
    /// The bytes of the URI.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.uri
    }
}

impl<'a> Decode<'a> for IdentifierUriView<'a> {
    const NAME: &'static str = "IdentifierUri";

    fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        let start = reader.offset();
        match reader.field::<&[u8]>("uri")? {
            [] => Err(DecodeError::new(DecodeErrorKind::Empty, start).in_field("uri")),
            uri => Ok(Self { uri }),
        }
    }
}

impl Encode for IdentifierUriView<'_> {
    fn encode(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.opaque(self.uri)
    }
}

impl From<IdentifierUriView<'_>> for IdentifierUri {
    fn from(view: IdentifierUriView<'_>) -> Self {
        Self::checked_before(view.uri.into())
    }
}

wire_view! {
    /// A borrowed [`PseudonymousCredential`].
    pub struct PseudonymousCredentialView<'a> of PseudonymousCredential {
        /// The pseudonym of the client.
        pub client_pseudonym: IdentifierUriView<'a>,
        /// The pseudonym of its user.
        pub user_pseudonym: IdentifierUriView<'a>,
        /// The key that authenticates the client's MLS messages.
        pub signature_public_key: &'a [u8],
        /// The sealed identity link.
        pub identity_link_ciphertext: &'a [u8],
    }
}
