//! The message container: mimi-content-09 §4.1.

mod borrowed;
mod owned;

use crate::cbor::reader::Reader;
use crate::cbor::writer::{self, Sink};
use crate::cbor::{FALSE, NULL, TRUE};
use crate::error::{DecodeErrorKind, Result, Within};
use crate::expiration::Expiration;
use crate::extensions::ExtensionsRef;
use crate::message_id::MessageId;

pub use borrowed::MimiContentRef;
pub use owned::{BuildError, MimiContent, MimiContentBuilder};

/// Bytes of a topic ID, at most (§9.1).
pub const MAX_TOPIC_ID: usize = 4096;

/// All fields but the body.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) salt: &'a [u8; 16],
    pub(crate) replaces: Option<&'a [u8; 32]>,
    pub(crate) topic_id: &'a [u8],
    pub(crate) expires: Option<Expiration>,
    pub(crate) in_reply_to: Option<&'a [u8; 32]>,
    pub(crate) extensions: ExtensionsRef<'a>,
}

impl<'a> Envelope<'a> {
    #[inline]
    pub(crate) fn decode(reader: &mut Reader<'a>) -> Result<Self> {
        reader.array_of(7)?;
        let salt = reader.byte_array().within("salt")?;
        let replaces = reader.nullable(Reader::byte_array).within("replaces")?;
        let at_topic_id = reader.mark();
        let topic_id = reader.bytes().within("topic_id")?;
        if topic_id.len() > MAX_TOPIC_ID {
            let kind = DecodeErrorKind::TopicIdTooLong { found: topic_id.len() };
            return Err(reader.refuse_at(at_topic_id, kind)).within("topic_id");
        }
        let expires = reader.nullable(read_expiration).within("expires")?;
        let in_reply_to = reader.nullable(Reader::byte_array).within("in_reply_to")?;
        let extensions = ExtensionsRef::decode(reader).within("extensions")?;
        Ok(Self { salt, replaces, topic_id, expires, in_reply_to, extensions })
    }

    #[inline]
    pub(crate) fn encode(&self, sink: &mut impl Sink) {
        writer::array(sink, 7);
        writer::bytes(sink, self.salt);
        write_message_id(sink, self.replaces);
        writer::bytes(sink, self.topic_id);
        match self.expires {
            None => sink.put(&[NULL]),
            Some(Expiration { relative, time }) => {
                writer::array(sink, 2);
                sink.put(&[if relative { TRUE } else { FALSE }]);
                writer::unsigned(sink, time.into());
            }
        }
        write_message_id(sink, self.in_reply_to);
        self.extensions.encode(sink);
    }
}

#[inline(always)]
pub(crate) fn read_message_id(reader: &mut Reader<'_>) -> Result<MessageId> {
    reader.byte_array().copied().map(MessageId::from_bytes)
}

fn read_expiration(reader: &mut Reader<'_>) -> Result<Expiration> {
    reader.array_of(2)?;
    Ok(Expiration {
        relative: reader.boolean().within("relative")?,
        time: reader.unsigned32().within("time")?,
    })
}

fn write_message_id(sink: &mut impl Sink, id: Option<&[u8; 32]>) {
    match id {
        None => sink.put(&[NULL]),
        Some(id) => writer::bytes(sink, id),
    }
}
