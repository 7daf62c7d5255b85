//! The kind `message-id-aad`: the message ID that the authenticated data of a message states.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
use alloc::vec::Vec;
#[cfg(feature = "generate")]
use alloc::{format, string::String};

use mimi_codec::{Octets, extensions::SafeAAD, retraction::MessageId};
use mimi_content::MimiContentRef;

use super::Kind;
use super::judgement::{Judgement, all_bytes, must_be_refused, must_hold};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed, Stream};

pub(crate) struct MessageIdAad;

impl Kind for MessageIdAad {
    fn name(&self) -> &'static str {
        "message-id-aad"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-mahy-mimi-msgid-aad-02", "draft-ietf-mls-extensions-10"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_hold(case, judgement);
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_be_refused(case, judgement);
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        generated::cases(seed)
    }
}

fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    let members = all_bytes(case, ["encoded", "authenticated_data"]);
    let (sender, room) = (case.text("sender_uri"), case.text("room_uri"));
    let stated = case.flag("stated", true);
    let ([encoded, aad], stated) = (members?, stated?);
    let (sender, room) = (sender?, room?);
    let mut judgement = Judgement::default();
    let it = &mut judgement;
    let content = it.check("encoded", MimiContentRef::decode(&encoded));
    let id = content.and_then(|content| it.check("encoded", content.message_id(sender, room)));
    let aad = it.decode::<SafeAAD>("authenticated_data", &aad);
    if let (Some(id), Some(aad)) = (id, aad) {
        let id = MessageId { message_id: Octets(*id.as_bytes()) };
        let found = it.check("authenticated_data", id.check(&aad));
        if found.is_some_and(|found| found != stated) {
            it.refuse("stated", !stated, stated);
        }
    }
    Some(judgement)
}

#[cfg(feature = "generate")]
mod generated {
    use alloc::vec;

    use mimi_codec::{Encode, List, code_points::ComponentID, extensions::SafeAADItem};
    use mimi_content::{Disposition, MimiContent, NestedPart, Salt};

    use super::*;

    /// The room of an example, and its sender.
    const ROOM: &str = "mimi://a.example/r/clubhouse";

    struct Scene {
        content: MimiContent,
        sender: String,
        items: Vec<SafeAADItem>,
        behind: Vec<u8>,
    }

    impl Scene {
        fn new(seed: &Seed, name: &str, sender: &str) -> Result<Self, GenerateError> {
            let mut stream = Stream::new(seed, "message-id-aad", name);
            let text = stream.text(12);
            let part = NestedPart::single(Disposition::RENDER, "", "text/plain;charset=utf-8", &*text);
            let content = MimiContent::builder(Salt::from_bytes(stream.array()), part).build()?;
            let mut of = Self { content, sender: sender.into(), items: Vec::new(), behind: Vec::new() };
            of.items = vec![of.id(sender, ROOM)?.safe_aad_item()];
            Ok(of)
        }

        fn id(&self, sender: &str, room: &str) -> Result<MessageId, GenerateError> {
            let id = self.content.message_id(sender, room)?;
            Ok(MessageId { message_id: Octets(*id.as_bytes()) })
        }

        fn state(&mut self, data: Vec<u8>) {
            let component_id = ComponentID::MESSAGE_ID;
            self.items = vec![SafeAADItem { component_id, aad_item_data: data.into() }];
        }

        fn write(&self, case: GeneratedCase, stated: bool) -> Result<GeneratedCase, GenerateError> {
            let mut aad = SafeAAD { aad_items: List::new(self.items.clone())? }.to_bytes()?;
            aad.extend(&self.behind);
            let case = case
                .hex("encoded", &self.content.encode())
                .text("sender_uri", &self.sender)
                .text("room_uri", ROOM)
                .hex("authenticated_data", &aad);
            Ok(if stated { case } else { case.json_member("stated", "false".into()) })
        }
    }

    const ALICE: &str = "mimi://a.example/u/alice";

    type Bug = (&'static str, fn(&mut Scene) -> Result<(), GenerateError>);

    const BUGS: &[Bug] = &[
        ("the ID of another sender's message", |it| {
            let other = it.id("mimi://a.example/u/bob", ROOM)?;
            it.items = vec![other.safe_aad_item()];
            Ok(())
        }),
        ("the ID in another room", |it| {
            let other = it.id(ALICE, "mimi://a.example/r/other")?;
            it.items = vec![other.safe_aad_item()];
            Ok(())
        }),
        ("mistake: the ID of revision 07, without lengths", |it| {
            let id = mimi_content::MessageId::compute_revision_07(
                ALICE.as_bytes(),
                ROOM.as_bytes(),
                &it.content.encode(),
                &it.content.salt(),
            );
            it.state(id.as_bytes().to_vec());
            Ok(())
        }),
        ("mistake: a length in front of the ID", |it| {
            let id = it.id(ALICE, ROOM)?;
            it.state([&[32], &id.message_id.0[..]].concat());
            Ok(())
        }),
        ("an ID without its last byte", |it| {
            let id = it.id(ALICE, ROOM)?;
            it.state(id.message_id.0.iter().copied().take(31).collect());
            Ok(())
        }),
        ("an empty ID", |it| {
            it.state(Vec::new());
            Ok(())
        }),
        ("a byte behind the SafeAAD", |it| {
            it.behind.push(0);
            Ok(())
        }),
    ];

    pub(super) fn cases(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = Vec::new();
        for (name, sender) in
            [("a stated ID", ALICE), ("a sender outside of ASCII", "mimi://a.example/u/%C3%A9milie-ñ")]
        {
            let of = Scene::new(seed, name, sender)?;
            cases.push(of.write(GeneratedCase::new(name), true)?);
        }
        let name = "a stated ID beside the frank";
        let mut of = Scene::new(seed, name, ALICE)?;
        of.items.insert(
            0,
            SafeAADItem { component_id: ComponentID::FRANK_AAD, aad_item_data: vec![7; 32].into() },
        );
        of.items.sort_by_key(|item| item.component_id);
        cases.push(of.write(GeneratedCase::new(name), true)?);
        let name = "no stated ID";
        let mut of = Scene::new(seed, name, ALICE)?;
        of.items.clear();
        cases.push(of.write(GeneratedCase::new(name), false)?);
        for (name, spoil) in BUGS {
            let mut of = Scene::new(seed, name, ALICE)?;
            spoil(&mut of)?;
            let reason = format!("{name} does not match the content");
            cases.push(of.write(GeneratedCase::invalid(name, &reason), true)?);
        }
        Ok(cases)
    }
}
