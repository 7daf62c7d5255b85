//! Choosing parts: the draft's examples, each rule of §4.4, and what holds for every message.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use arbitrary::{Arbitrary, Unstructured};
use mimi_content::choice::{
    AlternativesDiffer, Choice, Client, Leaf, PartFate, PartRank, PartReference, PartStep, Profile,
};
use mimi_content::{
    Disposition, ExternalPart, MimiContent, MimiContentRef, MultiPart, NestedPart, PartIndex, PartRef,
    PartSemantics, Salt,
};
use proptest::prelude::*;

use PartSemantics::{ChooseOne, ProcessAll, SingleUnit};

const fn part(index: u16) -> PartIndex {
    PartIndex(index)
}

fn single(language: &str, content_type: &str, content: &str) -> NestedPart {
    NestedPart::single(Disposition::RENDER, language, content_type, content)
}

fn text(language: &str) -> NestedPart {
    single(language, "text/plain;charset=utf-8", "text")
}

fn of_type(content_type: &str) -> NestedPart {
    single("", content_type, "x")
}

fn multi(semantics: PartSemantics, language: &str, parts: Vec<NestedPart>) -> NestedPart {
    NestedPart::multi(Disposition::RENDER, language, MultiPart::new(semantics, parts).unwrap())
}

fn message(body: NestedPart) -> MimiContent {
    MimiContent::builder(Salt::from_bytes([7; 16]), body).build().unwrap()
}

const CLIENT: Profile<'static> = Profile {
    media_types: &[
        "text/markdown;variant=GFM-MIMI",
        "text/html",
        "text/plain;charset=utf-8",
        "image/png",
        "image/*",
    ],
    languages: &["de-CH", "en"],
};

/// Both forms of a message give the same choice.
#[track_caller]
fn choose(body: NestedPart, rank: impl Fn(&Leaf<'_>) -> Option<PartRank>) -> Choice {
    let message = message(body);
    let encoded = message.encode();
    let choice = Choice::new(&MimiContentRef::decode(&encoded).unwrap(), &rank);
    assert_eq!(Choice::of_owned(&message, &rank), choice);
    choice
}

fn client(body: NestedPart) -> Choice {
    choose(body, |leaf| CLIENT.rank(leaf))
}

fn steps(choice: &Choice) -> Vec<u16> {
    choice.steps().iter().map(|step| step.part.0).collect()
}

fn fates(choice: &Choice) -> Vec<PartFate> {
    choice.fates().map(|(_, fate)| fate).collect()
}

fn example(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}.cbor", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn chooses_in_the_nested_example() {
    let bytes = example("multipart-3");
    let message = MimiContentRef::decode(&bytes).unwrap();
    for (media_types, languages, chosen, image) in [
        (&["text/html", "image/png", "image/gif"][..], &["en"][..], 8, Some(10)),
        (&["text/html", "image/gif", "image/png"], &["fr"], 4, Some(5)),
        (&["text/html", "image/gif"], &["fr"], 4, Some(5)),
        (&["text/html", "image/gif"], &["de"], 3, Some(5)),
        (&["text/html", "image/*"], &[], 3, Some(5)),
        (&["text/html"], &["fr"], 4, None),
    ] {
        let profile = Profile { media_types, languages };
        let choice = Choice::new(&message, |leaf| profile.rank(leaf));
        assert_eq!(steps(&choice), [chosen], "{media_types:?} {languages:?}");
        let shown = image.map(|image| (part(image), Some(PartFate::Referenced { by: part(chosen) })));
        if let Some((image, fate)) = shown {
            assert_eq!(choice.fate(image), fate);
        }
        let to = Some(part(if chosen < 5 { 5 } else { 10 }));
        assert_eq!(choice.references(), [PartReference { from: part(chosen), to }]);
    }
    // Both texts have the same kinds and languages; their languages are alternatives.
    let choice = Choice::new(&message, |_| Some(PartRank(0)));
    let differ = |multipart| AlternativesDiffer { multipart: part(multipart), kinds: false, languages: true };
    assert_eq!(choice.warnings(), [differ(2), differ(7)]);
    assert_eq!(choice.fate(part(11)), None);
}

#[test]
fn chooses_in_the_other_examples() {
    let choose = |name: &str| {
        let bytes = example(name);
        Choice::new(&MimiContentRef::decode(&bytes).unwrap(), |leaf| CLIENT.rank(leaf))
    };
    let proprietary = choose("multipart-1");
    assert_eq!(fates(&proprietary), [PartFate::Processed, PartFate::Processed, PartFate::NotUnderstood]);
    let differ = AlternativesDiffer { multipart: part(0), kinds: true, languages: false };
    assert_eq!(proprietary.warnings(), [differ]);
    assert_eq!(steps(&choose("multipart-2")), [1, 2, 3]);
    assert_eq!(steps(&choose("original")), [0]);
    assert_eq!((steps(&choose("delete")), fates(&choose("delete"))), (vec![], vec![PartFate::Empty]));
    assert_eq!(fates(&choose("conferencing")), [PartFate::NotUnderstood]);
    let link = Profile { media_types: &[""], languages: &[] };
    let bytes = example("conferencing");
    assert_eq!(steps(&Choice::new(&MimiContentRef::decode(&bytes).unwrap(), |leaf| link.rank(leaf))), [0]);
}

#[test]
fn takes_the_best_of_a_choose_one_whatever_the_order() {
    for parts in [
        ["text/plain;charset=utf-8", "text/html", "video/mp4"],
        ["video/mp4", "text/html", "text/plain;charset=utf-8"],
    ] {
        let choice = client(multi(ChooseOne, "", parts.map(of_type).to_vec()));
        assert_eq!(steps(&choice), [2]);
        let video = if parts[0] == "video/mp4" { 1 } else { 3 };
        assert_eq!(choice.fate(part(video)), Some(PartFate::NotUnderstood));
        assert_eq!(choice.fate(part(4 - video)), Some(PartFate::NotChosen { chosen: part(2) }));
    }
    // Among equals the first.
    assert_eq!(steps(&client(multi(ChooseOne, "", vec![text(""), text("")]))), [1]);
    // Nothing is the last resort, and better than what is not understood.
    let nothing = || NestedPart::null(Disposition::RENDER);
    assert_eq!(steps(&client(multi(ChooseOne, "", vec![nothing(), text("ja")]))), [2]);
    let choice = client(multi(ChooseOne, "", vec![of_type("video/mp4"), nothing()]));
    assert_eq!(fates(&choice), [PartFate::Processed, PartFate::NotUnderstood, PartFate::Empty]);
    let choice = client(multi(ChooseOne, "", vec![of_type("video/mp4"), of_type("x/y")]));
    assert_eq!(
        fates(&choice),
        [
            PartFate::NotUnderstood,
            PartFate::Inside { multipart: part(0) },
            PartFate::Inside { multipart: part(0) }
        ]
    );
}

#[test]
fn a_language_weighs_more_than_a_media_type() {
    for (languages, chosen) in [
        (["en", "de", "fr"], 2),
        (["fr", "en", "ja"], 2),
        (["fr", "", "ja"], 2),
        (["de", "de-CH", "en"], 2),
        (["ja", "fr", "en-US"], 3),
        (["de-AT", "fr, en", ""], 2),
        (["fr", "ja", "ko"], 1),
    ] {
        let parts = languages.map(text).to_vec();
        assert_eq!(steps(&client(multi(ChooseOne, "", parts))), [chosen], "{languages:?}");
        let mut parts = languages.map(text).to_vec();
        parts.push(single("ko", "text/html", "x"));
        assert_eq!(
            steps(&client(multi(ChooseOne, "", parts))),
            [if chosen == 1 { 4 } else { chosen }],
            "{languages:?}"
        );
    }
}

#[test]
fn a_language_is_inherited_from_the_nearest_part_that_names_one() {
    let seen = |body: NestedPart| {
        let seen = std::cell::RefCell::new(Vec::new());
        let message = message(body);
        let _ = Choice::of_owned(&message, |leaf| {
            seen.borrow_mut().push((leaf.index.0, leaf.language.to_owned()));
            Some(PartRank(0))
        });
        seen.into_inner()
    };
    let inner = multi(ProcessAll, "fr", vec![text(""), text("ja")]);
    let plain = multi(ProcessAll, "", vec![text(""), text("")]);
    let found = seen(multi(ProcessAll, "en", vec![inner, text(""), plain]));
    let expected = [(2, "fr"), (3, "ja"), (4, "en"), (6, "en"), (7, "en")];
    assert_eq!(found, expected.map(|(index, language)| (index, language.to_owned())));
    // An alternative as a whole is in its language.
    let alternative = |language| multi(SingleUnit, language, vec![text(""), of_type("image/png")]);
    assert_eq!(steps(&client(multi(ChooseOne, "", vec![alternative("fr"), alternative("en")]))), [5, 6]);
}

#[test]
fn a_client_is_asked_once_about_each_part_with_content() {
    let external = ExternalPart {
        content_type: "image/png".into(),
        content_hash: vec![1; 32],
        ..ExternalPart::default()
    };
    let body = multi(
        ProcessAll,
        "",
        vec![
            NestedPart::null(Disposition::RENDER),
            NestedPart::external(Disposition(99), "en", external),
            multi(ChooseOne, "", vec![text(""), NestedPart::single(Disposition::REACTION, "", "a/b", "")]),
        ],
    );
    let message = message(body);
    let mut asked = Vec::new();
    let _ = Choice::of_owned(&message, |leaf| {
        asked.push((leaf.index.0, leaf.disposition, leaf.content_type.to_owned(), leaf.external));
        None
    });
    let expected = [
        (2, Disposition::RENDER, "image/png".to_owned(), true),
        (4, Disposition::RENDER, "text/plain;charset=utf-8".to_owned(), false),
        (5, Disposition::REACTION, "a/b".to_owned(), false),
    ];
    assert_eq!(asked, expected);
}

#[test]
fn a_single_unit_is_processed_as_a_whole_or_not_at_all() {
    let whole = client(multi(
        ProcessAll,
        "",
        vec![text(""), multi(SingleUnit, "", vec![text(""), of_type("image/png")]), text("")],
    ));
    let unit = Some(part(2));
    assert_eq!(
        whole.steps(),
        [
            PartStep { part: part(1), unit: None },
            PartStep { part: part(3), unit },
            PartStep { part: part(4), unit },
            PartStep { part: part(5), unit: None }
        ]
    );
    let lacking =
        || multi(SingleUnit, "", vec![text(""), of_type("image/png"), of_type("video/mp4"), of_type("x/y")]);
    let choice = client(multi(ProcessAll, "", vec![lacking(), text("")]));
    let inside = PartFate::Inside { multipart: part(1) };
    let incomplete = PartFate::Incomplete { missing: part(4) };
    assert_eq!(
        fates(&choice),
        [PartFate::Processed, incomplete, inside, inside, inside, inside, PartFate::Processed]
    );
    // A chooseOne passes it over; the level inside doesn't break the one around.
    let choice = client(multi(ChooseOne, "", vec![lacking(), text("ja")]));
    assert_eq!((steps(&choice), choice.fate(part(1))), (vec![6], Some(incomplete)));
    let inner = multi(ProcessAll, "", vec![of_type("x/y"), text("")]);
    let choice = client(multi(SingleUnit, "", vec![inner, text("")]));
    assert_eq!(
        choice.steps(),
        [PartStep { part: part(3), unit: Some(part(0)) }, PartStep { part: part(4), unit: Some(part(0)) }]
    );
    // Units in units: the outermost counts.
    let inner = multi(SingleUnit, "", vec![text(""), text("")]);
    let choice = client(multi(SingleUnit, "", vec![inner, text("")]));
    assert!(choice.steps().iter().all(|step| step.unit == Some(part(0))));
}

#[test]
fn of_a_process_all_as_much_as_possible_is_processed() {
    let choice = client(multi(
        ProcessAll,
        "",
        vec![of_type("x/y"), text(""), of_type("video/mp4"), of_type("image/gif")],
    ));
    assert_eq!(
        fates(&choice),
        [
            PartFate::Processed,
            PartFate::NotUnderstood,
            PartFate::Processed,
            PartFate::NotUnderstood,
            PartFate::Processed
        ]
    );
    let choice = client(multi(ProcessAll, "", vec![of_type("x/y"), of_type("x/z")]));
    let inside = PartFate::Inside { multipart: part(0) };
    assert_eq!(fates(&choice), [PartFate::NotUnderstood, inside, inside]);
    // Of two alternatives that are as good, the one of which less is left out.
    let with = |image| multi(ProcessAll, "", vec![of_type("text/html"), of_type(image)]);
    assert_eq!(steps(&client(multi(ChooseOne, "", vec![with("video/mp4"), with("image/png")]))), [5, 6]);
}

#[test]
fn a_part_that_was_referred_to_is_not_processed_again() {
    let html = |content: &str| {
        let links = content.split(' ').map(|uri| format!("<a href={uri}>x</a>")).collect::<String>();
        single("", "text/html", &if content.starts_with('<') { content.to_owned() } else { links })
    };
    let icon = |content: &str| NestedPart::single(Disposition::ATTACHMENT, "", "image/png", content);
    // Forward: whatever the disposition.
    let choice =
        client(multi(ProcessAll, "", vec![html("<img src='cid:2@local.invalid'>"), icon("x"), icon("y")]));
    assert_eq!(
        (steps(&choice), choice.fate(part(2))),
        (vec![1, 3], Some(PartFate::Referenced { by: part(1) }))
    );
    // Backward: it was processed already.
    let choice = client(multi(ProcessAll, "", vec![icon("x"), html("cid:1@local.invalid")]));
    assert_eq!(steps(&choice), [1, 2]);
    assert_eq!(choice.references(), [PartReference { from: part(2), to: Some(part(1)) }]);
    // To itself, in a circle, from what was referred to, twice, and to nothing.
    let circle = vec![
        html("cid:1@local.invalid cid:2@local.invalid cid:2@local.invalid"),
        html("cid:3@local.invalid cid:1@local.invalid"),
        html("cid:2@local.invalid cid:0@local.invalid cid:77@local.invalid"),
        text(""),
    ];
    let choice = client(multi(ProcessAll, "", circle));
    assert_eq!(
        (steps(&choice), choice.fate(part(3))),
        (vec![1, 4], Some(PartFate::Referenced { by: part(2) }))
    );
    let found: Vec<_> =
        choice.references().iter().map(|found| (found.from.0, found.to.map(|to| to.0))).collect();
    assert_eq!(found, [(1, Some(1)), (1, Some(2)), (2, Some(3)), (2, Some(1)), (3, Some(2)), (3, None)]);
}

#[test]
fn references_do_not_bring_back_what_was_left_out() {
    let refers = |content_type| {
        single("", content_type, "<img src=cid:3@local.invalid> <img src=cid:4@local.invalid>")
    };
    let choose_one = multi(ChooseOne, "", vec![of_type("image/gif"), of_type("image/png")]);
    let choice = client(multi(ProcessAll, "", vec![refers("text/html"), choose_one.clone(), of_type("x/y")]));
    assert_eq!(
        (steps(&choice), choice.fate(part(3))),
        (vec![1], Some(PartFate::NotChosen { chosen: part(4) }))
    );
    assert_eq!(choice.fate(part(4)), Some(PartFate::Referenced { by: part(1) }));
    // Plain text refers to nothing, and neither does what is not processed.
    for content_type in ["text/plain;charset=utf-8", "image/png", "application/vnd.example"] {
        let choice = client(multi(ProcessAll, "", vec![refers(content_type), choose_one.clone()]));
        assert_eq!(choice.references(), [], "{content_type}");
        assert_eq!(choice.fate(part(4)), Some(PartFate::Processed));
    }
}

#[test]
fn warns_where_people_may_see_something_else() {
    let warnings = |alternatives: Vec<NestedPart>| {
        let choice = client(multi(ChooseOne, "", alternatives));
        choice.warnings().first().map_or((false, false), |warning| (warning.kinds, warning.languages))
    };
    assert_eq!(warnings(vec![of_type("text/html"), text("")]), (false, false));
    assert_eq!(warnings(vec![text("en"), text("EN")]), (false, false));
    assert_eq!(warnings(vec![text("en,fr"), text("fr, en")]), (false, false));
    assert_eq!(warnings(vec![text("en"), text("fr")]), (false, true));
    assert_eq!(warnings(vec![text("en"), text("")]), (false, true));
    assert_eq!(warnings(vec![text(""), of_type("image/png")]), (true, false));
    assert_eq!(warnings(vec![of_type("image/gif"), of_type("image/png")]), (false, false));
    assert_eq!(warnings(vec![text("en"), of_type("x/y"), text("en")]), (true, true));
    assert_eq!(warnings(vec![text(""), NestedPart::null(Disposition::RENDER)]), (true, false));
    let both = |language| multi(ProcessAll, language, vec![text(""), of_type("image/png")]);
    assert_eq!(warnings(vec![both("en"), both("en")]), (false, false));
    assert_eq!(warnings(vec![both("en"), text("en")]), (true, false));
    // A picture without a language is in none.
    let beside = multi(ProcessAll, "", vec![text("en"), of_type("image/png")]);
    assert_eq!(warnings(vec![beside, text("en")]), (true, false));
    // A list that is absurdly long is one language, inherited or not.
    let long = ["en"; 400].join(",");
    assert_eq!(warnings(vec![text(&long), text("en")]), (false, true));
    assert_eq!(warnings(vec![text(&long), text(&long)]), (false, false));
    let inherited = multi(ChooseOne, &long, vec![text(""), text(""), text("")]);
    assert_eq!(client(inherited).warnings(), []);
    // Only alternatives; and also in what is not chosen.
    assert_eq!(client(multi(ProcessAll, "", vec![text("en"), text("fr")])).warnings(), []);
    let hidden =
        multi(SingleUnit, "", vec![of_type("x/y"), multi(ChooseOne, "", vec![text("en"), text("fr")])]);
    assert_eq!(client(hidden).warnings().len(), 1);
}

/// Any message that a decoder accepts, with contents that refer to each other.
fn any_message() -> impl Strategy<Value = MimiContent> {
    prop::collection::vec(any::<u8>(), 0..3000).prop_filter_map("not enough bytes", |bytes| {
        MimiContent::arbitrary(&mut Unstructured::new(&bytes)).ok()
    })
}

/// A tree of parts that a client may know, in any shape.
fn any_body() -> impl Strategy<Value = NestedPart> {
    let leaf = (
        prop::sample::select(&["text/html", "text/plain;charset=utf-8", "image/png", "x/y", ""][..]),
        prop::sample::select(&["", "en", "fr", "de-CH, en"][..]),
        prop::collection::vec(0..20_u16, 0..3),
    )
        .prop_map(|(content_type, language, refers)| {
            let content: String = refers.iter().map(|to| format!("<cid:{to}@local.invalid>")).collect();
            single(language, content_type, &content)
        });
    let leaf = prop_oneof![9 => leaf, 1 => Just(NestedPart::null(Disposition::RENDER))];
    leaf.prop_recursive(3, 60, 5, |inner| {
        let semantics = prop::sample::select(&[ChooseOne, SingleUnit, ProcessAll][..]);
        (semantics, prop::sample::select(&["", "en", "fr"][..]), prop::collection::vec(inner, 2..5))
            .prop_map(|(semantics, language, parts)| multi(semantics, language, parts))
    })
}

/// What the rules say, part by part, apart from how it is computed.
#[track_caller]
fn assert_rules(message: &MimiContent, choice: &Choice, knows: impl Fn(&str) -> bool) {
    let encoded = message.encode();
    let message = MimiContentRef::decode(&encoded).unwrap();
    assert_eq!(choice.fates().count(), message.parts().len());
    let taken = |index: PartIndex| {
        matches!(
            choice.fate(index),
            Some(PartFate::Processed | PartFate::Referenced { .. } | PartFate::Empty)
        )
    };
    let mut expected_steps = Vec::new();
    for (index, fate) in choice.fates() {
        let head = message.part(index).unwrap();
        let children: Vec<_> = message.children(index).map(|(child, _)| child).collect();
        match (&head.part, fate) {
            (PartRef::Null, fate) => {
                assert!(matches!(
                    fate,
                    PartFate::Empty | PartFate::Inside { .. } | PartFate::NotChosen { .. }
                ))
            }
            (PartRef::Multi(multi), PartFate::Processed) => match multi.semantics {
                ChooseOne => assert_eq!(children.iter().filter(|child| taken(**child)).count(), 1),
                SingleUnit => assert!(children.iter().all(|child| taken(*child))),
                ProcessAll => assert!(children.iter().any(|child| taken(*child))),
            },
            (PartRef::Multi(_), fate) => {
                assert!(!matches!(fate, PartFate::Referenced { .. } | PartFate::Empty));
                for child in children {
                    let multipart = if let PartFate::Inside { multipart } = fate { multipart } else { index };
                    assert_eq!(choice.fate(child), Some(PartFate::Inside { multipart }));
                }
            }
            (PartRef::Single(_) | PartRef::External(_), fate) => {
                let content_type = match head.part {
                    PartRef::Single(single) => single.content_type,
                    PartRef::External(external) => external.content_type,
                    _ => panic!("no leaf"),
                };
                match fate {
                    PartFate::Processed => {
                        assert!(knows(content_type));
                        expected_steps.push(index);
                    }
                    PartFate::Referenced { by } => {
                        assert!(knows(content_type) && by != index && taken(by));
                        assert!(choice.references().contains(&PartReference { from: by, to: Some(index) }));
                    }
                    PartFate::NotUnderstood => assert!(!knows(content_type)),
                    PartFate::NotChosen { chosen } => assert!(taken(chosen) && chosen != index),
                    PartFate::Inside { multipart } => assert!(multipart < index && !taken(multipart)),
                    PartFate::Empty | PartFate::Incomplete { .. } => panic!("{fate:?}"),
                }
            }
        }
    }
    assert_eq!(choice.steps().iter().map(|step| step.part).collect::<Vec<_>>(), expected_steps);
    for reference in choice.references() {
        assert!(taken(reference.from));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_choice_keeps_the_rules(body in any_body()) {
        let message = message(body.clone());
        assert_rules(&message, &client(body), |content_type| content_type != "x/y" && !content_type.is_empty());
    }

    #[test]
    fn every_message_has_a_choice(message in any_message()) {
        let all = Choice::of_owned(&message, |_| Some(PartRank(0)));
        assert_rules(&message, &all, |_| true);
        let none = Choice::of_owned(&message, |_| None);
        assert_rules(&message, &none, |_| false);
        prop_assert!(none.steps().is_empty());
    }
}

/// A part is shown by itself unless the rendering of an earlier one shows it or links to it.
#[test]
fn a_part_that_is_only_named_is_shown_by_itself() {
    let markdown = "text/markdown;variant=GFM-MIMI";
    for (content_type, text, shown) in [
        (markdown, "![a](cid:2@local.invalid)", true),
        (markdown, "[a](cid:2@local.invalid)", true),
        (markdown, "[a][r]\n\n[r]: cid:2@local.invalid", true),
        (markdown, "[![](cid:2@local.invalid)](https://a.example)", true),
        (markdown, "<cid:2@local.invalid>", true),
        (markdown, "[cid:2@local.invalid](https://a.example)", false),
        (markdown, "`cid:2@local.invalid`", false),
        (markdown, "```\n![a](cid:2@local.invalid)\n```", false),
        (markdown, "<!-- ![a](cid:2@local.invalid) -->", false),
        (markdown, "<img src=cid:2@local.invalid>", false),
        (markdown, "cid:2@local.invalid", false),
        (markdown, "a\n\n[r]: cid:2@local.invalid", false),
        (markdown, "[](cid:2@local.invalid)", false),
        (markdown, "[ ](cid:2@local.invalid)", false),
        (markdown, "![![a](cid:2@local.invalid)](cid:1@local.invalid)", false),
        (markdown, "\\![a\\](cid:2@local.invalid)", false),
        ("text/markdown", "![a](cid:2@local.invalid)", true),
        ("text/html", "<img src='cid:2@local.invalid'>", true),
        ("text/html", "<a href='cid:2@local.invalid'>a</a>", true),
        ("text/html", "<a href='cid:2@local.invalid'></a>", false),
        ("text/html", "<!-- <img src='cid:2@local.invalid'> -->", false),
        ("text/html", "<code>cid:2@local.invalid</code>", false),
        ("text/html", "<script>'cid:2@local.invalid'</script>", false),
        ("text/plain", "cid:2@local.invalid", false),
    ] {
        let body = multi(ProcessAll, "", vec![single("", content_type, text), of_type("image/png")]);
        let choice = client(body);
        assert_eq!(steps(&choice), if shown { vec![1] } else { vec![1, 2] }, "{content_type} {text}");
        assert_eq!(choice.left_out(), []);
    }
}

/// A client that shows all text as plain text shows nothing inside it.
#[test]
fn a_client_says_what_it_shows_inside_other_parts() {
    struct Terminal;
    impl Client for Terminal {
        fn rank(&self, leaf: &Leaf<'_>) -> Option<PartRank> {
            CLIENT.rank(leaf)
        }
        fn shown_parts(&self, _: &Leaf<'_>, _: &[u8]) -> Vec<PartIndex> {
            Vec::new()
        }
    }
    let text = single("", "text/markdown", "![a](cid:2@local.invalid)");
    let encoded = message(multi(ProcessAll, "", vec![text, of_type("image/png")])).encode();
    let message = MimiContentRef::decode(&encoded).unwrap();
    assert_eq!(steps(&Choice::for_client(&message, &CLIENT)), [1]);
    assert_eq!(steps(&Choice::for_client(&message, &Terminal)), [1, 2]);
}

#[test]
fn text_is_understood_by_default() {
    let nothing = Profile::default();
    for (content_type, understood) in [
        ("text/plain", true),
        ("TEXT/plain; format=flowed", true),
        ("text/plain;charset=ISO-8859-1", true),
        ("text/plain;charset=utf-16", true),
        ("text/plain;charset=x-unknown", false),
        ("text/markdown", true),
        ("text/markdown;variant=MultiMarkdown", true),
        ("text/html", true),
        ("text/html;charset=us-ascii", true),
        ("text/vcard", false),
        ("text/plainer", false),
        ("image/png", false),
        ("", false),
    ] {
        let choice = choose(of_type(content_type), |leaf| nothing.rank(leaf));
        assert_eq!(steps(&choice), if understood { vec![0] } else { vec![] }, "{content_type}");
        assert_eq!(choice.left_out(), if understood { vec![] } else { vec![part(0)] }, "{content_type}");
    }
    // What the client names goes first, then what loses least.
    let alternatives = ["text/html", "text/plain", "text/markdown"].map(of_type).to_vec();
    let choice = |media_types| {
        let profile = Profile { media_types, languages: &[] };
        steps(&choose(multi(ChooseOne, "", alternatives.clone()), |leaf| profile.rank(leaf)))
    };
    assert_eq!((choice(&[]), choice(&["text/html"])), (vec![3], vec![1]));
}

#[test]
fn what_is_left_out_has_no_replacement() {
    let left_out = |body: NestedPart| -> Vec<u16> {
        let choice = client(body);
        choice.left_out().iter().map(|part| part.0).collect()
    };
    let unknown = || of_type("x/y");
    let choose_one = |parts| multi(ChooseOne, "", parts);
    let all = |parts| multi(ProcessAll, "", parts);
    let unit = |parts| multi(SingleUnit, "", parts);
    assert_eq!(left_out(all(vec![text(""), unknown(), unknown()])), [2, 3]);
    assert_eq!(left_out(choose_one(vec![unknown(), text("")])), [] as [u16; 0]);
    assert_eq!(left_out(choose_one(vec![unknown(), unknown()])), [1, 2]);
    assert_eq!(left_out(unit(vec![text(""), unknown()])), [1, 2]);
    assert_eq!(left_out(choose_one(vec![unit(vec![text(""), unknown()]), text("")])), [] as [u16; 0]);
    assert_eq!(left_out(choose_one(vec![all(vec![text("en"), unknown()]), text("ja")])), [3]);
    assert_eq!(left_out(all(vec![choose_one(vec![unknown(), text("")]), unknown()])), [4]);
    assert_eq!(left_out(all(vec![unit(vec![text(""), unknown()]), text("")])), [2, 3]);
    assert_eq!(left_out(NestedPart::null(Disposition::RENDER)), [] as [u16; 0]);
}
