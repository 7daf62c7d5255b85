//! The JSON form of the test vectors.
//!
//! Bytes are lower-case hex strings in every format; integers beyond 2^53-1 are decimal strings; a
//! field that may be absent is null or left out.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Error as _, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cbor::item::MAX_INTEGER_KEY;
use crate::derived::{MessageDerivedValues, Timestamp};
use crate::disposition::Disposition;
use crate::expiration::Expiration;
use crate::extensions::{ExtensionKey, ExtensionsRef, MessageExtensions, checked_entry};
use crate::message::{MimiContent, MimiContentRef};
use crate::message_id::{HashAlgorithm, MessageId};
use crate::part::{AeadAlgorithm, ExternalPart, MultiPart, NestedPart, Part, PartIndex, PartSemantics};
use crate::salt::Salt;
use crate::status::{MessageStatus, MessageStatusReport, PerMessageStatus};

/// Bytes as hex.
struct Hex<T>(T);

impl<T: AsRef<[u8]>> Serialize for Hex<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0.as_ref()))
    }
}

impl<'de> Deserialize<'de> for Hex<Vec<u8>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(D::Error::custom("hex must be lower case"));
        }
        hex::decode(&text).map(Self).map_err(|error| D::Error::custom(format!("{error} in hex")))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<[u8; N]> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Hex(bytes) = Hex::<Vec<u8>>::deserialize(deserializer)?;
        let found = bytes.len();
        <[u8; N]>::try_from(bytes)
            .map(Self)
            .map_err(|_| D::Error::custom(format!("{found} bytes of hex, expected {N}")))
    }
}

/// An integer, as a decimal string beyond 2^53-1.
struct Number(u64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 > MAX_INTEGER_KEY {
            serializer.collect_str(&self.0)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer, as a decimal string beyond 2^53-1")
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Number, E> {
                u64::try_from(value).map(Number).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Number, E> {
                value.parse().map(Number).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// Types that are bytes.
macro_rules! as_hex {
    ($($type:ident),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Hex(self.as_bytes()).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Hex::deserialize(deserializer).map(|Hex(bytes)| Self::from_bytes(bytes))
            }
        }
    )*};
}

as_hex!(MessageId, Salt);

/// Types that are a number of an open registry.
macro_rules! as_number {
    ($($type:ident),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Deserialize::deserialize(deserializer).map(Self)
            }
        }
    )*};
}

as_number!(AeadAlgorithm, Disposition, HashAlgorithm, MessageStatus, PartIndex);

impl Serialize for PartSemantics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (*self as u8).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PartSemantics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| D::Error::custom(format!("unknown part semantics {number}")))
    }
}

/// A number, or text in an object of its own.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KeyForm {
    Integer(i64),
    Text { text: String },
}

impl Serialize for ExtensionsRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for (key, value) in self.iter() {
            let key = match key {
                ExtensionKey::Integer(key) => KeyForm::Integer(key),
                ExtensionKey::Text(text) => KeyForm::Text { text: text.to_string() },
            };
            list.serialize_element(&(key, Hex(value.encoded())))?;
        }
        list.end()
    }
}

impl Serialize for MessageExtensions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MessageExtensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<(KeyForm, Hex<Vec<u8>>)>::deserialize(deserializer)?;
        let entries = list.iter().map(|(key, Hex(value))| {
            let key = match key {
                KeyForm::Integer(key) => ExtensionKey::Integer(*key),
                KeyForm::Text { text } => ExtensionKey::Text(text),
            };
            checked_entry(key, value).map_err(D::Error::custom)
        });
        Self::from_checked(entries.collect::<Result<_, _>>()?)
            .ok_or_else(|| D::Error::custom("an extension occurs twice"))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "lowercase")]
enum PartForm {
    Null { disposition: Disposition, language: String },
    Single { disposition: Disposition, language: String, content_type: String, content: Hex<Vec<u8>> },
    External(Box<ExternalForm>),
    Multi { disposition: Disposition, language: String, semantics: PartSemantics, parts: Vec<PartForm> },
}

#[derive(Serialize, Deserialize)]
struct ExternalForm {
    disposition: Disposition,
    language: String,
    content_type: String,
    url: String,
    expires: u32,
    size: Number,
    enc_alg: AeadAlgorithm,
    key: Hex<Vec<u8>>,
    nonce: Hex<Vec<u8>>,
    aad: Hex<Vec<u8>>,
    hash_alg: HashAlgorithm,
    content_hash: Hex<Vec<u8>>,
    description: String,
    filename: String,
}

impl From<&NestedPart> for PartForm {
    fn from(part: &NestedPart) -> Self {
        let (disposition, language) = (part.disposition, part.language().to_string());
        match &part.part {
            Part::Null => Self::Null { disposition, language },
            Part::Single(single) => Self::Single {
                disposition,
                language,
                content_type: single.content_type().to_string(),
                content: Hex(single.content.clone()),
            },
            Part::External(external) => {
                let external = external.as_ref().clone();
                Self::External(Box::new(ExternalForm {
                    disposition,
                    language,
                    content_type: external.content_type,
                    url: external.url,
                    expires: external.expires,
                    size: Number(external.size),
                    enc_alg: external.enc_alg,
                    key: Hex(external.key),
                    nonce: Hex(external.nonce),
                    aad: Hex(external.aad),
                    hash_alg: external.hash_alg,
                    content_hash: Hex(external.content_hash),
                    description: external.description,
                    filename: external.filename,
                }))
            }
            Part::Multi(multi) => Self::Multi {
                disposition,
                language,
                semantics: multi.semantics(),
                parts: multi.parts().iter().map(Self::from).collect(),
            },
        }
    }
}

impl TryFrom<PartForm> for NestedPart {
    type Error = crate::message::BuildError;

    fn try_from(form: PartForm) -> Result<Self, Self::Error> {
        Ok(match form {
            PartForm::Null { disposition, language } => Self::new(disposition, language, Part::Null),
            PartForm::Single { disposition, language, content_type, content: Hex(content) } => {
                Self::single(disposition, language, content_type, content)
            }
            PartForm::External(form) => {
                let external = ExternalPart {
                    content_type: form.content_type,
                    url: form.url,
                    expires: form.expires,
                    size: form.size.0,
                    enc_alg: form.enc_alg,
                    key: form.key.0,
                    nonce: form.nonce.0,
                    aad: form.aad.0,
                    hash_alg: form.hash_alg,
                    content_hash: form.content_hash.0,
                    description: form.description,
                    filename: form.filename,
                };
                Self::external(form.disposition, form.language, external)
            }
            PartForm::Multi { disposition, language, semantics, parts } => {
                let parts = parts.into_iter().map(Self::try_from).collect::<Result<_, _>>()?;
                Self::multi(disposition, language, MultiPart::new(semantics, parts)?)
            }
        })
    }
}

impl Serialize for NestedPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PartForm::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NestedPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PartForm::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
struct ContentForm {
    salt: Salt,
    #[serde(default)]
    replaces: Option<MessageId>,
    topic_id: Hex<Vec<u8>>,
    #[serde(default)]
    expires: Option<Expiration>,
    #[serde(default)]
    in_reply_to: Option<MessageId>,
    extensions: MessageExtensions,
    body: NestedPart,
}

impl Serialize for MimiContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = ContentForm {
            salt: self.salt(),
            replaces: self.replaces(),
            topic_id: Hex(self.topic_id().to_vec()),
            expires: self.expires(),
            in_reply_to: self.in_reply_to(),
            extensions: self.extensions().clone(),
            body: self.body().clone(),
        };
        form.serialize(serializer)
    }
}

impl Serialize for MimiContentRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_owned().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MimiContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = ContentForm::deserialize(deserializer)?;
        // Whatever decodes has a JSON form, and comes back from it.
        Self::builder(form.salt, form.body)
            .replaces(form.replaces)
            .topic_id(form.topic_id.0)
            .expires(form.expires)
            .in_reply_to(form.in_reply_to)
            .extensions(form.extensions)
            .build_as_received()
            .map_err(D::Error::custom)
    }
}

impl Serialize for MessageStatusReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|entry| (entry.message_id, entry.status)))
    }
}

impl<'de> Deserialize<'de> for MessageStatusReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<(MessageId, MessageStatus)>::deserialize(deserializer)?;
        Ok(Self(
            list.into_iter().map(|(message_id, status)| PerMessageStatus { message_id, status }).collect(),
        ))
    }
}

impl Serialize for Timestamp<'_> {
    /// Milliseconds as a number, an extended time as `{"extended": hex of its map}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Extended<'a> {
            extended: Hex<&'a [u8]>,
        }
        match self {
            Self::Milliseconds(milliseconds) => Number(*milliseconds).serialize(serializer),
            Self::Extended(time) => Extended { extended: Hex(time.encoded()) }.serialize(serializer),
        }
    }
}

impl Serialize for MessageDerivedValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            message_id: MessageId,
            hub_accepted_timestamp: Timestamp<'a>,
            mls_group_id: Hex<&'a [u8]>,
            sender_leaf_index: u32,
            sender_client_url: &'a str,
            sender_user_url: &'a str,
            room_url: &'a str,
        }
        let form = Form {
            message_id: self.message_id,
            hub_accepted_timestamp: self.hub_accepted_timestamp,
            mls_group_id: Hex(self.mls_group_id),
            sender_leaf_index: self.sender_leaf_index,
            sender_client_url: self.sender_client_url,
            sender_user_url: self.sender_user_url,
            room_url: self.room_url,
        };
        form.serialize(serializer)
    }
}
