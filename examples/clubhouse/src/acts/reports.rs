//! Act 5: a report of abuse (mimi-protocol-06 §5.9). The hub has kept no message. It proves what
//! was sent, by whom and when, from what the reporter hands in; and what is forged, it refuses.

use mimi_codec::protocol::AbuseReport;

use crate::{
    Result,
    client::Says,
    ensure,
    story::{Cast, Story},
};

/// What a user does to a report, who has another one and knows the cast.
type Forge = fn(&mut AbuseReport, &AbuseReport, &Cast);

pub(super) fn play(story: &mut Story) -> Result<()> {
    let cast = story.cast.clone();
    let room = story.room.clone();
    let world = &mut story.world;

    world.narrator.scene("Dave says something vile, and something harmless");
    let vile = world.say(&cast.client_d1, &room, &Says::Text("Tea is for cowards"))?.accepted()?;
    let harmless = world.say(&cast.client_d1, &room, &Says::Text("Good evening"))?.accepted()?;

    world.narrator.scene("Bob reports it, from what his client has kept: the bytes, the frank, the time");
    let report = world.client(&cast.client_b2)?.report(&room, &vile, "He insults us")?;
    let verdicts = world.report(&cast.client_b2, &room, &report)?;
    ensure!(verdicts.len() == 1 && verdicts.iter().all(Result::is_ok), "{verdicts:?}");

    let other = world.client(&cast.client_b2)?.report(&room, &harmless, "")?;
    let forgeries: [(&str, Forge); 4] = [
        ("Bob puts other words into Dave's mouth", |report, _, _| {
            for message in &mut report.messages {
                let mut bytes = message.message_content.to_vec();
                if let Some(byte) = bytes.last_mut() {
                    *byte ^= 1;
                }
                message.message_content = bytes.into();
            }
        }),
        ("Bob says that Alice has sent it", |report, _, cast| {
            report.alleged_abuser_uri = (&cast.alice).into();
        }),
        ("Bob says that it was sent a minute later", |report, _, _| {
            for message in &mut report.messages {
                message.accepted_timestamp = message.accepted_timestamp.saturating_add(60_000);
            }
        }),
        ("Bob takes the frank of the harmless message for it", |report, other, _| {
            for (message, other) in report.messages.iter_mut().zip(&other.messages) {
                message.frank = other.frank.clone();
                message.accepted_timestamp = other.accepted_timestamp;
            }
        }),
    ];
    for (scene, forge) in forgeries {
        world.narrator.scene(scene);
        let mut forged = report.clone();
        forge(&mut forged, &other, &cast);
        let verdicts = world.report(&cast.client_b2, &room, &forged)?;
        ensure!(verdicts.len() == 1 && verdicts.iter().all(Result::is_err), "the hub believes it");
    }
    Ok(())
}
