//! The kind `timeline`: what a person sees of the messages of a room.

#[cfg(feature = "generate")]
mod flags;
#[cfg(feature = "generate")]
mod generated;

use alloc::format;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::Kind;
use crate::case::Case;
use crate::conversation::RoomTimelines;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Timeline;

/// Messages of which all orders are tried.
const MOST_PERMUTED: usize = 5;
/// Orders of more messages.
const SAMPLED: u64 = 40;

impl Kind for Timeline {
    fn name(&self) -> &'static str {
        "timeline"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &[
            "draft-ietf-mimi-content-09",
            "draft-mahy-mimi-message-status-01",
            "draft-mahy-mimi-hub-retracted-messages-00",
        ]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let Some((messages, now_ms)) = input(case) else { return };
        let Some(rooms) = case.required("rooms", "an array of rooms") else { return };
        let orders = match case.optional_text("orders") {
            Some(None) => Vec::from([(0..messages.len()).collect()]),
            Some(Some("any")) => orders(messages.len()),
            Some(Some(other)) => return case.fail("orders", "\"any\", or absent", other),
            None => return,
        };
        let local_user = case.optional_text("local_user").flatten();
        for order in orders {
            let mut conversation = RoomTimelines::new(local_user);
            for place in &order {
                if let Some(message) = messages.get(*place)
                    && let Err(why) = conversation.take_json(message)
                {
                    return case.fail(&format!("messages[{place}]"), "to be accepted", why);
                }
            }
            let found = only_members(rooms, conversation.to_json(now_ms));
            if !case.passes(|case| case.same_json("rooms", rooms, &found)) {
                case.same_json("rooms", rooms, &found);
                if order.iter().enumerate().any(|(at, place)| at != *place) {
                    case.fail(
                        "orders",
                        "the same in every order",
                        format!("other rooms in the order {order:?}"),
                    );
                }
                return;
            }
        }
        if let Some(snapshots) = case.optional("snapshots") {
            match RoomTimelines::restore(snapshots) {
                Ok(restored) => {
                    let found = only_members(rooms, restored.to_json(now_ms));
                    if !case.passes(|case| case.same_json("rooms", rooms, &found)) {
                        case.fail("snapshots", "the same rooms", found);
                    }
                }
                Err(why) => case.fail("snapshots", "to be restored", why),
            }
        }
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        if let Some(snapshots) = case.optional("snapshots") {
            if RoomTimelines::restore(snapshots).is_ok() {
                case.fail_accepted();
            }
            return;
        }
        let Some((messages, _)) = input(case) else { return };
        let mut conversation = RoomTimelines::new(None);
        if messages.iter().all(|message| conversation.take_json(message).is_ok()) {
            case.fail_accepted();
        }
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        generated::cases(seed)
    }
}

fn input<'c>(case: &mut Case<'c>) -> Option<(&'c Vec<Value>, u64)> {
    let messages = case.required("messages", "an array of lines")?;
    case.check_numbers("messages", messages);
    let Some(messages) = messages.as_array() else {
        case.fail("messages", "an array of lines", messages);
        return None;
    };
    let now = case.optional("now");
    let Some(now_ms) = now.map_or(Some(0), Value::as_u64) else {
        case.fail("now", "a number of milliseconds", now.unwrap_or(&Value::Null));
        return None;
    };
    Some((messages, now_ms))
}

/// Of what was found, in objects, the members that are expected. Arrays are compared whole.
// The recursion ends: what is expected comes from the JSON parser, which bounds its depth.
fn only_members(expected: &Value, found: Value) -> Value {
    match (expected, found) {
        (Value::Object(expected), Value::Object(mut found)) => {
            let member = |(name, expected): (&alloc::string::String, &Value)| {
                let found = found.remove(name).unwrap_or(Value::Null);
                (name.clone(), only_members(expected, found))
            };
            Value::Object(expected.iter().map(member).collect::<Map<_, _>>())
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            expected.iter().zip(found).map(|(expected, found)| only_members(expected, found)).collect()
        }
        (_, found) => found,
    }
}

/// Orders of so many messages: all, or a sample of them with the given one and its reverse.
fn orders(len: usize) -> Vec<Vec<usize>> {
    let first: Vec<usize> = (0..len).collect();
    if len <= MOST_PERMUTED {
        let mut all = Vec::from([Vec::new()]);
        for next in first {
            all = all
                .iter()
                .flat_map(|order: &Vec<usize>| {
                    (0..=order.len()).map(move |place| {
                        let mut longer = order.clone();
                        longer.insert(place, next);
                        longer
                    })
                })
                .collect();
        }
        return all;
    }
    let mut all = Vec::from([first.clone(), first.iter().rev().copied().collect()]);
    let mut state = 1_u64;
    for _ in 0..SAMPLED {
        let mut keyed: Vec<(u64, usize)> = first
            .iter()
            .map(|place| {
                // Knuth's MMIX generator: the same sample for everyone.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33, *place)
            })
            .collect();
        keyed.sort_unstable();
        all.push(keyed.into_iter().map(|(_, place)| place).collect());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn tries_all_orders_of_a_few_and_a_sample_of_many() {
        for (len, expected) in [(0, 1), (1, 1), (3, 6), (5, 120), (9, 42)] {
            let all: BTreeSet<_> = orders(len).into_iter().collect();
            assert_eq!(all.len(), expected);
            for order in all {
                assert_eq!(order.into_iter().collect::<BTreeSet<_>>().len(), len);
            }
        }
    }
}
