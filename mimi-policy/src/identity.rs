//! Who is meant: users and their clients, by the octets of their URIs.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{MimiUri, MimiUriRef, Opaque, protocol::IdentifierUri};

macro_rules! uri_type {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Opaque);

        impl $name {
            /// The URI's octets.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_slice()
            }

            /// The octets, as wire structs hold them.
            #[must_use]
            pub fn as_opaque(&self) -> &Opaque {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(uri: &str) -> Self {
                Self(uri.into())
            }
        }

        impl From<&[u8]> for $name {
            fn from(uri: &[u8]) -> Self {
                Self(uri.into())
            }
        }

        impl From<Vec<u8>> for $name {
            fn from(uri: Vec<u8>) -> Self {
                Self(uri.into())
            }
        }

        impl From<Opaque> for $name {
            fn from(uri: Opaque) -> Self {
                Self(uri)
            }
        }

        impl From<$name> for Opaque {
            fn from(uri: $name) -> Self {
                uri.0
            }
        }

        impl From<&IdentifierUri> for $name {
            fn from(uri: &IdentifierUri) -> Self {
                Self(uri.as_bytes().into())
            }
        }

        impl From<MimiUriRef<'_>> for $name {
            fn from(uri: MimiUriRef<'_>) -> Self {
                uri.as_str().into()
            }
        }

        impl From<&MimiUri> for $name {
            fn from(uri: &MimiUri) -> Self {
                uri.as_str().into()
            }
        }

        /// The URI as text; octets that are no UTF-8 are replaced.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for chunk in self.as_bytes().utf8_chunks() {
                    f.write_str(chunk.valid())?;
                    if !chunk.invalid().is_empty() {
                        f.write_str("\u{fffd}")?;
                    }
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&alloc::string::ToString::to_string(self), f)
            }
        }
    )*};
}

uri_type! {
    /// A user's URI (mimi-protocol §7.5), or that of a server that proposes from outside.
    ///
    /// Compared octet by octet, as the participant list holds it. Whoever reads a user from a credential hands in the
    /// normalized form ([`MimiUriRef::normalized`]): else another spelling of a banned user's URI is another user.
    pub struct UserUri;

    /// The URI of one client of a user. Compared octet by octet.
    pub struct ClientUri;
}
