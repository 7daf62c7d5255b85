//! Valid messages: boundary lengths, every registered value, everything an extension can hold, and
//! messages at random.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use mimi_content::{
    AeadAlgorithm, AvKind, AvMetadata, Disposition, Expiration, ExtensionKey, ExternalMessageId,
    ExternalPart, ExternalScope, Fraction, HashAlgorithm, LastSeen, MAX_PARTS, MAX_TOPIC_ID,
    MessageExtensions, MessageId, MimiContent, MimiContentBuilder, MultiPart, NestedPart, Part, PartIndex,
    PartSemantics, Rotation, Salt, SenderTimestamp,
};

use super::raw::{Raw, nested_arrays};
use crate::cbor::{array, bytes, head, map, tag, text, unsigned};
use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};

type Result<T = ()> = core::result::Result<T, GenerateError>;

const SENDER: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://a.example/r/clubhouse";
const PLAIN: &str = "text/plain;charset=utf-8";
const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";

/// Lengths on both sides of each step in the width of a CBOR head.
const SHORT_BOUNDARIES: [usize; 6] = [0, 1, 23, 24, 255, 256];

pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>> {
    let mut cases = Cases { seed, list: Vec::new() };
    cases.actions()?;
    cases.lengths()?;
    cases.integers()?;
    cases.part_trees()?;
    cases.registries()?;
    cases.languages_and_unicode()?;
    cases.known_extensions()?;
    cases.av_metadata()?;
    cases.any_extensions()?;
    cases.what_is_only_a_finding()?;
    cases.identifiers()?;
    cases.at_random()?;
    Ok(cases.list)
}

struct Cases<'a> {
    seed: &'a Seed,
    list: Vec<GeneratedCase>,
}

impl Cases<'_> {
    fn stream(&self, name: &str) -> Stream {
        Stream::new(self.seed, "content", name)
    }

    fn salt(&self, name: &str) -> Salt {
        Salt::from_bytes(self.stream(name).array())
    }

    /// A message that begins with `body`, and what `more` adds.
    fn message(
        &mut self,
        name: &str,
        body: NestedPart,
        more: impl FnOnce(MimiContentBuilder) -> MimiContentBuilder,
    ) -> Result {
        let message = more(MimiContent::builder(self.salt(name), body)).build()?;
        self.push(name, SENDER, ROOM, &message)
    }

    /// A message as the public API makes it.
    fn push(&mut self, name: &str, sender_uri: &str, room_uri: &str, message: &MimiContent) -> Result {
        let case = GeneratedCase::new(name)
            .hex("encoded", &message.encode())
            .text("sender_uri", sender_uri)
            .text("room_uri", room_uri)
            .text("message_id", &message.message_id(sender_uri, room_uri)?.to_string())
            .text("message_id_07", &message.message_id_revision_07(sender_uri, room_uri).to_string())
            .json_member("value", serde_json::to_string(message)?);
        let case = if message.extensions().get(ExtensionKey::AV_METADATA).is_some() {
            case.json_member("av_metadata", super::av_metadata_json(message).to_string())
        } else {
            case
        };
        self.list.push(case);
        Ok(())
    }

    /// A message with a body that a receiver accepts, though a builder may refuse it: it is read
    /// from its JSON form.
    fn message_as_received(
        &mut self,
        name: &str,
        body: &NestedPart,
        more: impl FnOnce(MimiContentBuilder) -> MimiContentBuilder,
    ) -> Result {
        let mut json = serde_json::to_value(more(MimiContent::builder(self.salt(name), plain(""))).build()?)?;
        if let Some(place) = json.get_mut("body") {
            *place = serde_json::to_value(body)?;
        }
        self.push(name, SENDER, ROOM, &serde_json::from_value(json)?)
    }

    /// A message that the public API reads, and does not make.
    fn received(&mut self, name: &str, raw: Raw) -> Result {
        let raw = Raw { salt: bytes(self.salt(name).as_bytes()), ..raw };
        self.push(name, SENDER, ROOM, &MimiContent::decode(&raw.encoded())?)
    }

    /// What people do with messages.
    fn actions(&mut self) -> Result {
        let mut addressed = MessageExtensions::new();
        addressed.set_sender_uri(SENDER)?;
        addressed.set_room_uri(ROOM)?;
        let first = MimiContent::builder(self.salt("hello"), markdown("Hello, __clubhouse__"))
            .extensions(addressed.clone())
            .build()?;
        let first_id = first.message_id(SENDER, ROOM)?;
        self.push("hello", SENDER, ROOM, &first)?;
        let with = |builder: MimiContentBuilder| builder.extensions(addressed.clone());
        self.message("reply", markdown("Hello, Alice"), |m| with(m).in_reply_to(first_id))?;
        self.message("edit", markdown("Hello, **clubhouse**"), |m| with(m).replaces(first_id))?;
        self.message("delete", NestedPart::null(Disposition::RENDER), |m| with(m).replaces(first_id))?;
        let heart = NestedPart::single(Disposition::REACTION, "", PLAIN, "\u{2764}\u{fe0f}");
        self.message("reaction", heart, |m| with(m).in_reply_to(first_id))?;
        let take_back = NestedPart::null(Disposition::REACTION);
        let reaction_id = MessageId::from_bytes([1; 32]);
        self.message("reaction taken back", take_back, |m| {
            with(m).in_reply_to(first_id).replaces(reaction_id)
        })?;
        let several = MultiPart::new(
            PartSemantics::ProcessAll,
            ["\u{1f44d}\u{1f3fd}", "\u{1f389}", "\u{1f469}\u{1f3fd}\u{200d}\u{2695}\u{fe0f}"]
                .map(|sign| NestedPart::single(Disposition::REACTION, "", PLAIN, sign))
                .into(),
        )?;
        let several = NestedPart::multi(Disposition::REACTION, "", several);
        self.message("several reactions", several, |m| with(m).in_reply_to(first_id))?;
        self.message("topic", markdown("About the release"), |m| with(m).topic_id(b"release 2.0".to_vec()))?;
        self.message("attachment", NestedPart::external(Disposition::ATTACHMENT, "en", attachment()), with)?;
        let conference = ExternalPart {
            content_type: "".into(),
            url: "https://a.example/join/12345".into(),
            description: "Join the call".into(),
            hash_alg: HashAlgorithm::RESERVED,
            ..ExternalPart::default()
        };
        self.message("conference", NestedPart::external(Disposition::SESSION, "", conference), with)
    }

    fn lengths(&mut self) -> Result {
        for length in SHORT_BOUNDARIES.into_iter().chain([MAX_TOPIC_ID]) {
            let name = format!("topic_id of {length} octets");
            let topic_id = self.stream(&name).bytes(length);
            self.message(&name, plain("topic"), |m| m.topic_id(topic_id))?;
        }
        for length in SHORT_BOUNDARIES {
            let name = format!("content of {length} octets");
            let content = self.stream(&name).bytes(length);
            let body = NestedPart::single(Disposition::RENDER, "", "application/octet-stream", content);
            self.message(&name, body, |m| m)?;
        }
        // One text and one byte string, on both sides of the last step that a repository has room
        // for.
        let mut long = attachment();
        long.description = "d".repeat(65535);
        let body = NestedPart::external(Disposition::ATTACHMENT, "", long);
        self.message("description of 65535 octets", body, |m| m)?;
        let body = NestedPart::single(Disposition::RENDER, "", "application/octet-stream", vec![0xc5; 65536]);
        self.message("content of 65536 octets", body, |m| m)?;
        for length in SHORT_BOUNDARIES {
            let of = |sign: &str| sign.repeat(length);
            let external = ExternalPart {
                content_type: of("t"),
                url: of("u"),
                key: vec![0x6b; length],
                nonce: vec![0x6e; length],
                aad: vec![0x61; length],
                content_hash: vec![0x68; length],
                description: of("d"),
                filename: of("f"),
                ..attachment()
            };
            // The longer ones are no list of languages.
            let body = NestedPart::external(Disposition::INLINE, of("l"), external);
            let name = format!("external part with fields of {length} octets");
            self.message_as_received(&name, &body, |m| m)?;
        }
        for count in [23, 24, 255, 256] {
            let mut extensions = MessageExtensions::new();
            for key in 0..count {
                // From 1001 on, and every third one from -1002 down.
                let key = 1001_i64.saturating_add(key);
                let key = if key.checked_rem(3) == Some(0) { !key } else { key };
                extensions.set_encoded(key, &[0xf6])?;
            }
            self.message(&format!("{count} extensions"), plain("many"), |m| m.extensions(extensions))?;
        }
        Ok(())
    }

    fn integers(&mut self) -> Result {
        for time in [0, 23, 24, 255, 256, 65535, 65536, u32::MAX] {
            for (relative, word) in [(true, "after reading"), (false, "at")] {
                let expires = Expiration { relative, time };
                self.message(&format!("expires {word} {time}"), plain("gone"), |m| m.expires(expires))?;
            }
        }
        for (size, name) in
            [(0, "0"), (1 << 32, "2^32"), ((1 << 53) - 1, "2^53-1"), (1 << 53, "2^53"), (u64::MAX, "2^64-1")]
        {
            let external = ExternalPart { size, expires: u32::MAX, ..attachment() };
            let body = NestedPart::external(Disposition::ATTACHMENT, "", external);
            self.message(&format!("external part of {name} octets"), body, |m| m)?;
        }
        Ok(())
    }

    fn part_trees(&mut self) -> Result {
        for semantics in [PartSemantics::ChooseOne, PartSemantics::SingleUnit, PartSemantics::ProcessAll] {
            let parts = vec![plain("Hello"), markdown("__Hello__"), html("<p>Hello</p>")];
            let body = NestedPart::multi(Disposition::RENDER, "en", MultiPart::new(semantics, parts)?);
            self.message(&format!("multipart {}", semantics.name()), body, |m| m)?;
        }
        // The image is part 2; the page refers to it.
        let page = html("<p>See <img src=\"cid:2@local.invalid\"></p>");
        let image = NestedPart::external(Disposition::INLINE, "", attachment());
        let unit = MultiPart::new(PartSemantics::SingleUnit, vec![page, image])?;
        self.message("part that refers to another", NestedPart::multi(Disposition::RENDER, "", unit), |m| m)?;

        let deepest = (1..4).try_fold(plain("level 4"), |inner, level| {
            let parts =
                vec![plain(&format!("before level {level}")), inner, NestedPart::null(Disposition::RENDER)];
            multi(parts)
        })?;
        self.message("parts at level 4", deepest, |m| m)?;
        let full =
            (1..4).try_fold(plain("leaf"), |inner, _| multi(vec![inner.clone(), inner.clone(), inner]))?;
        self.message("full tree of 4 levels", full, |m| m)?;
        for count in [23, 24, 256] {
            let parts = vec![NestedPart::null(Disposition::RENDER); count];
            self.message(&format!("multipart of {count} parts"), multi(parts)?, |m| m)?;
        }
        let parts = vec![NestedPart::null(Disposition::RENDER); MAX_PARTS.saturating_sub(1)];
        self.message("1024 parts", multi(parts)?, |m| m)
    }

    /// Every registered value, and unknown ones, which are kept.
    fn registries(&mut self) -> Result {
        for number in (0..=9).chain([23, 24, 255]) {
            let disposition = Disposition(number);
            let word = disposition.name().unwrap_or("unknown");
            let body = NestedPart::single(disposition, "en", PLAIN, "What is it for?");
            self.message(&format!("disposition {number} ({word})"), body, |m| m)?;
        }
        // IANA's AEAD registry ends at 34 today.
        let aeads = (1..=34).chain([255, 256, 32768, 65535]).map(|number| {
            let external = ExternalPart { enc_alg: AeadAlgorithm(number), ..ExternalPart::default() };
            NestedPart::external(Disposition::ATTACHMENT, "", external)
        });
        self.message("every AEAD algorithm", multi(aeads.collect())?, |m| m)?;
        let unencrypted = ExternalPart {
            enc_alg: AeadAlgorithm::NONE,
            key: vec![],
            nonce: vec![],
            aad: vec![],
            ..attachment()
        };
        let unencrypted = NestedPart::external(Disposition::ATTACHMENT, "", unencrypted);
        self.message("external part without encryption", unencrypted, |m| m)?;
        let hashes = (0..=12).chain([32, 255]).map(|number| {
            let hash_alg = HashAlgorithm(number);
            let content_hash = vec![0x5a; hash_alg.output_length().unwrap_or_default()];
            let external = ExternalPart { hash_alg, content_hash, ..ExternalPart::default() };
            NestedPart::external(Disposition::ATTACHMENT, "", external)
        });
        self.message("every hash algorithm", multi(hashes.collect())?, |m| m)
    }

    fn languages_and_unicode(&mut self) -> Result {
        for (name, language) in [
            ("one", "en"),
            ("several", "en,fr-CH, zh-Hant-TW,de-1996-x-private"),
            ("unknown", "tlh-Latn,i-klingon"),
            ("malformed", "en_GB,,"),
        ] {
            let body = NestedPart::single(Disposition::RENDER, language, PLAIN, "What language is this?");
            self.message_as_received(&format!("language: {name}"), &body, |m| m)?;
        }
        for (name, words) in [
            ("scripts", "Ελληνικά Русский עברית العربية हिन्दी ไทย 中文 日本語 한국어 አማርኛ"),
            ("composed", "\u{e9}\u{1e69}"),
            ("decomposed", "e\u{301}s\u{323}\u{307}"),
            (
                "joined emoji",
                "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} \u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
            ),
            ("direction", "\u{202e}txt.exe\u{202c} \u{2066}abc\u{2069}"),
            ("control", "\u{0}\u{1}\t\n\r\u{7f}\u{85}\u{2028}"),
            ("limits", "\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{fffe}\u{ffff}\u{10000}\u{10ffff}"),
            ("JSON", "\"\\/\u{8}\u{c}\u{1f}</script>"),
        ] {
            let external = ExternalPart {
                content_type: words.into(),
                description: words.into(),
                filename: words.into(),
                url: words.into(),
                ..attachment()
            };
            let mut extensions = MessageExtensions::new();
            extensions.set_text(words, words)?;
            extensions.set_subject(words)?;
            let body = NestedPart::external(Disposition::ATTACHMENT, words, external);
            self.message_as_received(&format!("Unicode: {name}"), &body, |m| m.extensions(extensions))?;
        }
        Ok(())
    }

    fn extensions(
        &mut self,
        name: &str,
        set: impl FnOnce(&mut MessageExtensions) -> core::result::Result<(), mimi_content::ExtensionError>,
    ) -> Result {
        let mut extensions = MessageExtensions::new();
        set(&mut extensions)?;
        self.message(name, plain("extended"), |m| m.extensions(extensions))
    }

    fn known_extensions(&mut self) -> Result {
        for (name, fraction) in [
            ("seconds", None),
            ("milliseconds", Some(Fraction::Milliseconds(999))),
            ("microseconds", Some(Fraction::Microseconds(999_999))),
            ("nanoseconds", Some(Fraction::Nanoseconds(999_999_999))),
        ] {
            let timestamp = SenderTimestamp { seconds: 1_767_225_600, fraction };
            self.extensions(&format!("senderTimestamp in {name}"), |e| e.set_sender_timestamp(timestamp))?;
        }
        let end_of_time = SenderTimestamp { seconds: u64::MAX, fraction: Some(Fraction::Milliseconds(0)) };
        self.extensions("senderTimestamp of 2^64-1 seconds", |e| e.set_sender_timestamp(end_of_time))?;
        let external_ids = [
            ("enterprise number", ExternalScope::EnterpriseNumber(1)),
            ("domain", ExternalScope::Domain("chat.example".into())),
            ("URI", ExternalScope::Uri("xmpp:room@chat.example".into())),
        ]
        .map(|(name, scope)| (name, ExternalMessageId { id: b"<8f1d@chat.example>".to_vec(), scope }));
        for (name, id) in &external_ids {
            self.extensions(&format!("externalMessageId with {name}"), |e| e.set_external_message_id(id))?;
        }
        for length in [1, 4096] {
            let subject = "s".repeat(length);
            self.extensions(&format!("subject of {length} octets"), |e| e.set_subject(&subject))?;
        }
        let seen =
            |count: u8| LastSeen::Messages((1..=count).map(|n| MessageId::from_bytes([n; 32])).collect());
        for count in [0, 1, 3] {
            self.extensions(&format!("lastSeen of {count} messages"), |e| e.set_last_seen(&seen(count)))?;
        }
        let external = LastSeen::External(external_ids.iter().map(|(_, id)| id.clone()).collect());
        self.extensions("lastSeen of external IDs", |e| e.set_last_seen(&external))?;
        self.extensions("every known extension", |e| {
            e.set_sender_uri(SENDER)?;
            e.set_room_uri(ROOM)?;
            e.set_sender_timestamp(SenderTimestamp { seconds: 1, fraction: None })?;
            e.set_subject("Everything")?;
            e.set_last_seen(&seen(2))?;
            external_ids.iter().try_for_each(|(_, id)| e.set_external_message_id(id))
        })
    }

    /// mimi-av-metadata-01 §3: every property, every form of a duration, and what is malformed.
    fn av_metadata(&mut self) -> Result {
        use core::time::Duration;
        // The example of §4, with the parts that it is about.
        let external = |disposition, content_type: &str| {
            let part = ExternalPart { content_type: content_type.into(), ..attachment() };
            NestedPart::external(disposition, "", part)
        };
        let body = multi(vec![
            plain("puppies"),
            external(Disposition::RENDER, "video/mp4"),
            plain("and a picture of them"),
            external(Disposition::PREVIEW, "image/jpeg"),
            plain("and"),
            plain("what I heard"),
            external(Disposition::RENDER, "audio/mpeg"),
        ])?;
        let (width, height) = (Some(1920), Some(1080));
        let puppies = "two golden retriever puppies playing in overgrown grass lit with low sunlight";
        let entries = [
            AvMetadata {
                width,
                height,
                duration: Some(Duration::from_secs(37)),
                preview: Some(PartIndex(4)),
                accessibility_text: Some(puppies.into()),
                ..AvMetadata::new(PartIndex(2), AvKind::VIDEO)
            },
            AvMetadata { width, height, ..AvMetadata::new(PartIndex(4), AvKind::IMAGE) },
            AvMetadata {
                duration: Some(Duration::from_millis(9_450)),
                accessibility_text: Some("uproarious laughter".into()),
                ..AvMetadata::new(PartIndex(7), AvKind::AUDIO)
            },
        ];
        let mut extensions = MessageExtensions::new();
        extensions.set_av_metadata(&entries)?;
        self.message("av_metadata: the example of the draft", body, |m| m.extensions(extensions))?;

        let image = || AvMetadata::new(PartIndex(0), AvKind::IMAGE);
        let lasts = |duration| AvMetadata { duration: Some(duration), ..image() };
        for (name, entries) in [
            ("no entries", vec![]),
            ("a type that is not defined", vec![AvMetadata::new(PartIndex(0), AvKind(4))]),
            ("the last part index", vec![AvMetadata::new(PartIndex(u16::MAX), AvKind::IMAGE)]),
            ("width of 0 and height of 2^53-1", {
                let height = Some((1 << 53) - 1);
                vec![AvMetadata { width: Some(0), height, ..image() }]
            }),
            ("not turned", vec![AvMetadata { rotation: Some(Rotation::None), ..image() }]),
            ("turned by 90 degrees", vec![AvMetadata { rotation: Some(Rotation::Quarter), ..image() }]),
            ("turned by 180 degrees", vec![AvMetadata { rotation: Some(Rotation::Half), ..image() }]),
            (
                "turned by 270 degrees",
                vec![AvMetadata { rotation: Some(Rotation::ThreeQuarters), ..image() }],
            ),
            ("duration of 0", vec![lasts(Duration::ZERO)]),
            ("duration in a float of two bytes", vec![lasts(Duration::from_millis(1_500))]),
            ("duration in a float of four bytes", vec![lasts(Duration::new(65_536, 500_000_000))]),
            ("duration in a float of eight bytes", vec![lasts(Duration::from_millis(100))]),
        ] {
            self.extensions(&format!("av_metadata: {name}"), |e| e.set_av_metadata(&entries))?;
        }
        let mut raw = |name: &str, value: Vec<u8>| {
            self.received(name, Raw::with_extensions(&[(text("av_metadata"), value)]))
        };
        let entry = |more: &[(Vec<u8>, Vec<u8>)]| {
            let required = [(unsigned(1), unsigned(0)), (unsigned(2), unsigned(2))];
            array(&[map(&[&required[..], more].concat())])
        };
        let unknown = [(unsigned(9), array(&[])), (text("x"), vec![0xf6])];
        raw("av_metadata: properties that are not defined", entry(&unknown))?;
        // Nanoseconds are the nearest: 2^-24 seconds are 59.6 of them.
        raw("av_metadata: duration of 2^-24 seconds", entry(&[(unsigned(5), vec![0xf9, 0, 1])]))?;
        for (name, value) in [
            ("a map", map(&[])),
            ("an entry that is no map", array(&[unsigned(1)])),
            ("no part index", array(&[map(&[(unsigned(2), unsigned(2))])])),
            ("no type", array(&[map(&[(unsigned(1), unsigned(0))])])),
            (
                "part index of 2^16",
                array(&[map(&[(unsigned(1), unsigned(1 << 16)), (unsigned(2), unsigned(2))])]),
            ),
            ("type in text", array(&[map(&[(unsigned(1), unsigned(0)), (unsigned(2), text("image"))])])),
            ("negative width", entry(&[(unsigned(3), head(1, 0))])),
            ("width in a float", entry(&[(unsigned(3), vec![0xf9, 0x3e, 0])])),
            ("negative duration", entry(&[(unsigned(5), vec![0xf9, 0xbe, 0])])),
            ("duration of a float 0", entry(&[(unsigned(5), vec![0xf9, 0, 0])])),
            ("endless duration", entry(&[(unsigned(5), vec![0xf9, 0x7c, 0])])),
            ("duration that is not a number", entry(&[(unsigned(5), vec![0xf9, 0x7e, 0])])),
            ("preview index in text", entry(&[(unsigned(6), text("4"))])),
            ("accessibility text in bytes", entry(&[(unsigned(7), bytes(b"a picture"))])),
            ("turned by 45 degrees", entry(&[(unsigned(8), unsigned(45))])),
        ] {
            raw(&format!("malformed av_metadata: {name}"), value)?;
        }
        Ok(())
    }

    fn any_extensions(&mut self) -> Result {
        const LIMIT: i64 = (1 << 53) - 1;
        for (name, key) in [
            ("-1", ExtensionKey::Integer(-1)),
            ("23", ExtensionKey::Integer(23)),
            ("-24", ExtensionKey::Integer(-24)),
            ("-25", ExtensionKey::Integer(-25)),
            ("65536", ExtensionKey::Integer(65536)),
            ("2^53-1", ExtensionKey::Integer(LIMIT)),
            ("-2^53+1", ExtensionKey::Integer(-LIMIT)),
            ("of 1 octet", ExtensionKey::Text("x")),
            ("of 23 octets", ExtensionKey::Text("org.example.extension.a")),
            ("of 24 octets", ExtensionKey::Text("org.example.extension.bc")),
            ("like a number", ExtensionKey::Text("1")),
        ] {
            self.extensions(&format!("extension key {name}"), |e| e.set_encoded(key, &[0xf5]))?;
        }
        let longest = "k".repeat(255);
        self.extensions("extension key of 255 octets", |e| e.set_text(longest.as_str(), "longest"))?;
        // Bytewise: 24 (0x1818) before -1 (0x20), and text by its length first, since the head has
        // it.
        self.extensions("extension keys in their order", |e| {
            for key in [1000, 24, 3000, -1, -24, -25, -1000] {
                e.set_encoded(key, &[0xf5])?;
            }
            ["b", "aa", "", "B"]
                .iter()
                .filter(|key| !key.is_empty())
                .try_for_each(|key| e.set_text(*key, key))
        })?;

        let deepest = map(&[(bytes(b"\x00"), array(&[map(&[(text(""), unsigned(0))])]))]);
        for (name, value) in [
            ("2^53", unsigned(1 << 53)),
            ("2^64-1", unsigned(u64::MAX)),
            ("-2^64", head(1, u64::MAX)),
            ("bignum 2^64", tag(2, &bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 0]))),
            ("bignum -2^64-1", tag(3, &bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 0]))),
            ("bignum of 32 octets", tag(2, &bytes(&[255; 32]))),
            ("false, true, null, undefined", array(&[vec![0xf4], vec![0xf5], vec![0xf6], vec![0xf7]])),
            (
                "simple values without a meaning",
                array(&[vec![0xe0], vec![0xf3], vec![0xf8, 32], vec![0xf8, 255]]),
            ),
            ("NaN", vec![0xf9, 0x7e, 0]),
            ("infinities", array(&[vec![0xf9, 0x7c, 0], vec![0xf9, 0xfc, 0]])),
            ("zeros", array(&[vec![0xf9, 0, 0], vec![0xf9, 0x80, 0]])),
            ("float 2^-24, the least of two bytes", vec![0xf9, 0, 1]),
            ("float 65504, the greatest of two bytes", vec![0xf9, 0x7b, 0xff]),
            ("float 65536 in four bytes", vec![0xfa, 0x47, 0x80, 0, 0]),
            ("float 2^-25 in four bytes", vec![0xfa, 0x33, 0, 0, 0]),
            ("float 0.1 in eight bytes", vec![0xfb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]),
            ("float 2^-1074 in eight bytes", vec![0xfb, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("typed array (tag 85) with an unusual NaN", tag(85, &bytes(&[0x01, 0x00, 0xc0, 0x7f]))),
            ("tag 2^64-1", tag(u64::MAX, &unsigned(0))),
            ("URI and date", array(&[tag(32, &text("https://a.example")), tag(1, &unsigned(1_767_225_600))])),
            (
                "map with keys of three types",
                map(&[
                    (unsigned(0), text("integer")),
                    (head(1, 0), text("negative")),
                    (bytes(b""), text("bytes")),
                    (text(""), text("empty text")),
                    (text("\u{2764}"), text("text")),
                ]),
            ),
            ("arrays at level 4", nested_arrays(3)),
            ("tags at level 4", tag(100, &tag(101, &tag(102, &unsigned(0))))),
            ("maps and arrays at level 4", deepest),
            ("array of 256 items", array(&vec![unsigned(0); 256])),
            ("byte string of 256 octets", bytes(&[0xee; 256])),
        ] {
            self.extensions(&format!("extension value: {name}"), |e| e.set_encoded(1000, &value))?;
        }
        Ok(())
    }

    /// What the format allows and a client may find odd.
    fn what_is_only_a_finding(&mut self) -> Result {
        let one = |key: u64, value: Vec<u8>| Raw::with_extensions(&[(unsigned(key), value)]);
        self.received("reserved extension key 0", one(0, unsigned(0)))?;
        self.received("malformed senderTimestamp", one(3, unsigned(1_767_225_600)))?;
        self.received("malformed externalMessageId", one(4, array(&[text("id"), unsigned(0)])))?;
        self.received("malformed subject", one(5, text("")))?;
        self.received("malformed lastSeen", one(256, array(&[bytes(&[1; 32]), unsigned(1)])))?;
        let key_without_algorithm = ExternalPart { enc_alg: AeadAlgorithm::NONE, ..attachment() };
        let body = NestedPart::external(Disposition::ATTACHMENT, "", key_without_algorithm);
        self.message_as_received("key without encryption algorithm", &body, |m| m)?;
        let sha_512 = MessageId::from_bytes([8; 32]);
        self.message("message ID of another hash algorithm", plain("reply"), |m| {
            m.in_reply_to(sha_512).replaces(MessageId::from_bytes([0; 32]))
        })?;
        self.message("null part without replaces", NestedPart::null(Disposition::UNSPECIFIED), |m| m)?;
        let null_in_a_language = NestedPart::new(Disposition::RENDER, "en", Part::Null);
        self.message("null part in a language", null_in_a_language, |m| m)?;
        let unknown_type = NestedPart::single(Disposition::RENDER, "", "not a media type", "");
        self.message("unknown content type", unknown_type, |m| m)
    }

    /// Where the lengths in revision 08's message ID matter, and URIs of unusual lengths.
    fn identifiers(&mut self) -> Result {
        let salt = self.salt("boundary between the URIs");
        let message = MimiContent::builder(salt, plain("one message, three pairs of URIs")).build()?;
        for (sender_uri, room_uri) in
            [("mimi://a.example/u/a", "b"), ("mimi://a.example/u/", "ab"), ("", "mimi://a.example/u/ab")]
        {
            let name = format!("boundary between the URIs after {} octets", sender_uri.len());
            self.push(&name, sender_uri, room_uri, &message)?;
        }
        for (name, sender_uri, room_uri) in [
            ("no URIs", String::new(), String::new()),
            ("URIs of 255 and 256 octets", "s".repeat(255), "r".repeat(256)),
            ("URIs beyond ASCII", "mimi://a.example/u/älice".into(), "mimi://a.example/r/клуб".into()),
        ] {
            self.push(name, &sender_uri, &room_uri, &message)?;
        }
        Ok(())
    }

    fn at_random(&mut self) -> Result {
        for number in 0..24 {
            let name = format!("random {number}");
            let mut stream = self.stream(&name);
            let stream = &mut stream;
            let mut builder = MimiContent::builder(Salt::from_bytes(stream.array()), random_part(stream, 4)?);
            if stream.one_in(3) {
                builder = builder.replaces(random_id(stream));
            }
            if stream.one_in(3) {
                builder = builder.in_reply_to(random_id(stream));
            }
            if stream.one_in(3) {
                let topic_length = stream.below(40) as usize;
                builder = builder.topic_id(stream.bytes(topic_length));
            }
            if stream.one_in(3) {
                let time = stream.below(1 << 32) as u32;
                builder = builder.expires(Expiration { relative: stream.one_in(2), time });
            }
            let mut extensions = MessageExtensions::new();
            for _ in 0..stream.below(5) {
                let value = random_item(stream, 3);
                if stream.one_in(2) {
                    let length = stream.below(10).saturating_add(1) as usize;
                    extensions.set_encoded(stream.text(length).as_str(), &value)?;
                } else {
                    let key = stream.below(1 << 40) as i64;
                    let key = if stream.one_in(2) { !key } else { key.saturating_add(1000) };
                    extensions.set_encoded(key, &value)?;
                }
            }
            let message = builder.extensions(extensions).build()?;
            let (sender, room) = (stream.text(20), stream.text(20));
            self.push(&name, &sender, &room, &message)?;
        }
        Ok(())
    }
}

fn plain(content: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "en", PLAIN, content)
}

fn markdown(content: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", MARKDOWN, content)
}

fn html(content: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, "", "text/html;charset=utf-8", content)
}

fn multi(parts: Vec<NestedPart>) -> Result<NestedPart> {
    Ok(NestedPart::multi(Disposition::RENDER, "", MultiPart::new(PartSemantics::ProcessAll, parts)?))
}

fn attachment() -> ExternalPart {
    ExternalPart {
        content_type: "image/png".into(),
        url: "https://a.example/f/1".into(),
        expires: 0,
        size: 1024,
        enc_alg: AeadAlgorithm::AES_128_GCM,
        key: vec![0x6b; 16],
        nonce: vec![0x6e; 12],
        aad: vec![],
        hash_alg: HashAlgorithm::SHA_256,
        content_hash: vec![0x68; 32],
        description: "a picture".into(),
        filename: "picture.png".into(),
    }
}

fn random_id(stream: &mut Stream) -> MessageId {
    let mut id: [u8; 32] = stream.array();
    id[0] = 1;
    MessageId::from_bytes(id)
}

fn random_part(stream: &mut Stream, levels: usize) -> Result<NestedPart> {
    let disposition = Disposition(stream.below(9) as u8);
    let language = stream.pick(&["", "en", "de-CH,fr-CH"]).unwrap_or_default();
    let deeper = levels.saturating_sub(1);
    Ok(match stream.below(if deeper == 0 { 3 } else { 5 }) {
        0 => NestedPart::null(disposition),
        1 => {
            let length = stream.below(30) as usize;
            NestedPart::single(disposition, language, PLAIN, stream.text(length))
        }
        2 => {
            let external = ExternalPart {
                content_type: stream.text(8),
                url: stream.text(20),
                expires: stream.below(1 << 32) as u32,
                size: u64::from_be_bytes(stream.array()) >> stream.below(64),
                enc_alg: AeadAlgorithm(stream.below(65536) as u16),
                key: stream.bytes(16),
                nonce: stream.bytes(12),
                aad: stream.bytes(3),
                hash_alg: HashAlgorithm(stream.below(256) as u8),
                content_hash: stream.bytes(8),
                description: stream.text(5),
                filename: stream.text(5),
            };
            NestedPart::external(disposition, language, external)
        }
        _ => {
            let semantics = [PartSemantics::ChooseOne, PartSemantics::SingleUnit, PartSemantics::ProcessAll];
            let semantics = stream.pick(&semantics).unwrap_or(PartSemantics::ProcessAll);
            let count = stream.below(3).saturating_add(2);
            let parts = (0..count).map(|_| random_part(stream, deeper)).collect::<Result<_>>()?;
            NestedPart::multi(disposition, language, MultiPart::new(semantics, parts)?)
        }
    })
}

/// Any item of at most `levels` levels.
fn random_item(stream: &mut Stream, levels: usize) -> Vec<u8> {
    let length = stream.below(6);
    let deeper = levels.saturating_sub(1);
    match stream.below(if levels == 0 { 4 } else { 7 }) {
        0 => unsigned(u64::from_be_bytes(stream.array()) >> stream.below(64)),
        1 => head(1, u64::from_be_bytes(stream.array()) >> stream.below(64)),
        2 => bytes(&stream.bytes(length as usize)),
        3 => text(&stream.text(length as usize)),
        4 => array(&(0..length).map(|_| random_item(stream, deeper)).collect::<Vec<_>>()),
        5 => map(&(0..length).map(|key| (unsigned(key), random_item(stream, deeper))).collect::<Vec<_>>()),
        _ => tag(stream.below(1 << 20).saturating_add(100), &random_item(stream, deeper)),
    }
}
