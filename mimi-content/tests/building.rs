//! Making messages: what a builder sets, clears and refuses, and how the parts of a message are
//! found.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mimi_content::{
    AeadAlgorithm, BuildError, ContentIdError, Disposition, Expiration, ExternalPart, MessageExtensions,
    MessageId, MimiContent, MimiContentBuilder, MimiContentRef, MultiPart, NestedPart, Part, PartIndex,
    PartSemantics, Salt,
};

const SALT: Salt = Salt::from_bytes([7; 16]);

fn text(language: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, language, "text/plain;charset=utf-8", "text")
}

fn multi(parts: Vec<NestedPart>) -> NestedPart {
    let parts = MultiPart::new(PartSemantics::ProcessAll, parts).unwrap();
    NestedPart::multi(Disposition::RENDER, "", parts)
}

fn external(external: ExternalPart) -> NestedPart {
    NestedPart::external(Disposition::ATTACHMENT, "", external)
}

fn build(body: NestedPart) -> Result<MimiContent, BuildError> {
    MimiContent::builder(SALT, body).build()
}

/// A message as a sender writes it who does not keep to the draft: its JSON form is read as
/// leniently as its bytes.
fn received(body: &NestedPart) -> MimiContent {
    let mut json = serde_json::to_value(build(text("")).unwrap()).unwrap();
    json["body"] = serde_json::to_value(body).unwrap();
    let message: MimiContent = serde_json::from_value(json).unwrap();
    assert_eq!(MimiContent::decode(&message.encode()).unwrap(), message);
    message
}

/// The body as the first, a middle and the last part of a message, with its index.
fn everywhere(part: &NestedPart) -> [(NestedPart, PartIndex); 3] {
    [
        (part.clone(), PartIndex(0)),
        (multi(vec![multi(vec![text("en"), part.clone()]), text("")]), PartIndex(3)),
        (multi(vec![text("en"), multi(vec![text(""), multi(vec![text(""), part.clone()])])]), PartIndex(6)),
    ]
}

#[test]
fn refuses_to_build_malformed_languages() {
    for language in ["en_GB", "en,,fr", ",", " ", "not a language", "overlonglanguage"] {
        let parts = [
            text(language),
            NestedPart::new(Disposition::RENDER, language, Part::Null),
            NestedPart::external(Disposition::RENDER, language, ExternalPart::default()),
            NestedPart::new(Disposition::RENDER, language, multi(vec![text(""), text("")]).part),
        ];
        // A multipart is one level more, and does not fit in the deepest place.
        for (position, part) in parts.iter().enumerate() {
            let places =
                if position == 3 { vec![(part.clone(), PartIndex(0))] } else { everywhere(part).into() };
            for (body, index) in places {
                let refused = Err(BuildError::MalformedLanguage { part: index });
                assert_eq!(build(body.clone()), refused, "{language}");
                // It is a finding in what was received, and no builder passes it on.
                let message = received(&body);
                assert_eq!(message.clone().into_builder(SALT).build(), refused);
                assert!(message.into_builder(SALT).body(text("en")).build().is_ok());
            }
        }
    }
    for language in ["", "en", "de-CH,fr-CH, it-CH", "tlh,x-own"] {
        assert!(build(text(language)).is_ok(), "{language}");
    }
    let error = BuildError::MalformedLanguage { part: PartIndex(3) };
    assert_eq!(error.to_string(), "the language of part 3 is no list of tags");
}

#[test]
fn refuses_to_build_keys_without_encryption() {
    for secret in [
        ExternalPart { key: vec![1; 16], ..ExternalPart::default() },
        ExternalPart { nonce: vec![1; 12], ..ExternalPart::default() },
        ExternalPart { aad: vec![1], ..ExternalPart::default() },
    ] {
        for (body, index) in everywhere(&external(secret.clone())) {
            let refused = Err(BuildError::KeyWithoutEncryption { part: index });
            assert_eq!(build(body.clone()), refused);
            assert_eq!(received(&body).into_builder(SALT).build(), refused);
        }
        let encrypted = ExternalPart { enc_alg: AeadAlgorithm::AES_128_GCM, ..secret.clone() };
        assert!(build(external(encrypted)).is_ok());
        // Unknown algorithms are kept, and have keys too.
        assert!(build(external(ExternalPart { enc_alg: AeadAlgorithm(65535), ..secret })).is_ok());
    }
    assert!(build(external(ExternalPart::default())).is_ok());
    let error = BuildError::KeyWithoutEncryption { part: PartIndex(3) };
    assert_eq!(error.to_string(), "part 3 has a key, nonce or aad without encryption");
}

#[test]
fn names_the_first_part_that_it_refuses() {
    let secret = || external(ExternalPart { key: vec![1; 16], ..ExternalPart::default() });
    let key_first = build(multi(vec![secret(), text("en_GB")]));
    assert_eq!(key_first, Err(BuildError::KeyWithoutEncryption { part: PartIndex(1) }));
    let language_first = build(multi(vec![text("en_GB"), secret()]));
    assert_eq!(language_first, Err(BuildError::MalformedLanguage { part: PartIndex(1) }));
}

#[test]
fn sets_and_clears_every_field() {
    let id = MessageId::from_bytes([1; 32]);
    let expires = Expiration { relative: true, time: 60 };
    let mut extensions = MessageExtensions::new();
    extensions.set_subject("subject").unwrap();
    let full = MimiContent::builder(SALT, text("en"))
        .replaces(id)
        .topic_id(b"topic".to_vec())
        .expires(expires)
        .in_reply_to(MessageId::from_bytes([2; 32]))
        .extensions(extensions)
        .build()
        .unwrap();
    assert_eq!((full.replaces(), full.expires()), (Some(id), Some(expires)));
    assert_eq!(full.in_reply_to(), Some(MessageId::from_bytes([2; 32])));
    assert_eq!((full.topic_id(), full.extensions().len()), (&b"topic"[..], 1));

    let change = |change: fn(MimiContentBuilder) -> MimiContentBuilder| {
        change(full.clone().into_builder(SALT)).build().unwrap()
    };
    assert_eq!(change(|builder| builder), full);
    assert_eq!(change(|builder| builder.replaces(None)).replaces(), None);
    assert_eq!(change(|builder| builder.expires(None)).expires(), None);
    assert_eq!(change(|builder| builder.in_reply_to(None)).in_reply_to(), None);
    assert_eq!(change(|builder| builder.replaces(None)).in_reply_to(), full.in_reply_to());
    assert_eq!(change(|builder| builder.in_reply_to(None)).replaces(), full.replaces());
    let empty = change(|builder| {
        builder
            .replaces(None)
            .topic_id([])
            .expires(None)
            .in_reply_to(None)
            .extensions(MessageExtensions::new())
    });
    assert_eq!(empty, build(text("en")).unwrap());
}

#[test]
fn parts_are_changed_in_place() {
    let long = "application/vnd.example.a-name-longer-than-what-is-kept-inline;with=parameters";
    let mut part = text("en");
    for (language, content_type) in [("fr", "text/html"), ("de-CH,fr-CH,it-CH,rm-CH,en-CH", long), ("", "")] {
        part.set_language(language);
        let Part::Single(single) = &mut part.part else { panic!() };
        single.set_content_type(content_type);
        assert_eq!(part, NestedPart::single(Disposition::RENDER, language, content_type, "text"));
        let message = build(part.clone()).unwrap();
        assert_eq!(MimiContent::decode(&message.encode()).unwrap().body(), &part);
    }
}

/// 0 [ 1 text, 2 [ 3 null, 4 external ], 5 text ]
fn tree() -> MimiContent {
    let inner = multi(vec![NestedPart::null(Disposition::RENDER), external(ExternalPart::default())]);
    build(multi(vec![text("en"), inner, text("fr")])).unwrap()
}

#[test]
fn parts_are_found_in_both_forms() {
    let owned = tree();
    let encoded = owned.encode();
    let borrowed = MimiContentRef::decode(&encoded).unwrap();
    let parts: Vec<_> = owned.parts().collect();
    assert_eq!(parts.iter().map(|(index, _)| index.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(parts.len(), borrowed.parts().len());
    let languages: Vec<_> = parts.iter().map(|(_, part)| part.language()).collect();
    assert_eq!(languages, ["", "en", "", "", "", "fr"]);
    for (index, part) in parts {
        assert!(std::ptr::eq(owned.part(index).unwrap(), part));
    }
    assert_eq!(owned.part(PartIndex(6)), None);

    for (index, expected) in
        [(0, &[1, 2, 5][..]), (1, &[]), (2, &[3, 4]), (3, &[]), (5, &[]), (6, &[]), (u16::MAX, &[])]
    {
        let index = PartIndex(index);
        let children: Vec<_> = owned.children(index).map(|(index, _)| index.0).collect();
        assert_eq!(children, expected);
        assert_eq!(borrowed.children(index).map(|(index, _)| index.0).collect::<Vec<_>>(), expected);
        for (at, child) in owned.children(index) {
            assert!(std::ptr::eq(owned.part(at).unwrap(), child));
        }
    }

    let alone = build(text("en")).unwrap();
    assert_eq!(alone.parts().map(|(index, _)| index.0).collect::<Vec<_>>(), [0]);
    assert_eq!(alone.children(PartIndex(0)).count(), 0);
    let most = build(multi(vec![text(""); 1023])).unwrap();
    assert_eq!((most.parts().count(), most.parts().last().unwrap().0), (1024, PartIndex(1023)));
}

#[test]
fn refuses_content_ids_of_what_has_none() {
    use ContentIdError::{NoSuchPart, NotAContentId, NotANumber, NotReferable};
    let owned = tree();
    let encoded = owned.encode();
    let borrowed = MimiContentRef::decode(&encoded).unwrap();
    for index in [1, 4, 5].map(PartIndex) {
        let uri = format!("cid:{}@local.invalid", index.0);
        let content_id = owned.content_id(index).unwrap();
        assert_eq!((content_id.to_string(), content_id.part()), (uri.clone(), index));
        assert_eq!(borrowed.content_id(index), Ok(content_id));
        let (found, part) = owned.resolve_content_id(&uri).unwrap();
        assert_eq!((found, Some(part)), (index, owned.part(index)));
        let (found, part) = borrowed.resolve_content_id(&uri).unwrap();
        assert_eq!((found, Some(part)), (index, borrowed.part(index)));
    }
    for (index, error) in
        [(0, NotReferable), (2, NotReferable), (3, NotReferable), (6, NoSuchPart), (u16::MAX, NoSuchPart)]
    {
        let uri = format!("cid:{index}@local.invalid");
        assert_eq!(owned.content_id(PartIndex(index)), Err(error));
        assert_eq!(borrowed.content_id(PartIndex(index)), Err(error));
        assert_eq!(owned.resolve_content_id(&uri), Err(error));
        assert_eq!(borrowed.resolve_content_id(&uri), Err(error));
    }
    for (uri, error) in
        [("cid:1@a.example", NotAContentId), ("1", NotAContentId), ("cid:01@local.invalid", NotANumber)]
    {
        assert_eq!(owned.resolve_content_id(uri), Err(error));
        assert_eq!(borrowed.resolve_content_id(uri), Err(error));
    }
}
