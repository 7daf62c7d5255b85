//! The vectors themselves.

macro_rules! shipped {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../vectors/", $file)))),*]
    };
}

/// The vector files of this crate: name and content. Those that end in `-working-group.json` are transcribed from the working groups'
/// examples and vectors; the others come from [`generate`](crate::kinds) with the default seed.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "apq.json",
    "associated-party.json",
    "attachment.json",
    "connection.json",
    "content.json",
    "content-working-group.json",
    "derivation.json",
    "franking.json",
    "group-info.json",
    "identifier-query.json",
    "identity-link.json",
    "key-package-set.json",
    "leaf-operation-intent.json",
    "link-keys.json",
    "markdown.json",
    "message-id-aad.json",
    "message-status.json",
    "message-status-working-group.json",
    "name.json",
    "policy.json",
    "private-external.json",
    "retraction.json",
    "room.json",
    "room-rule.json",
    "semi-private.json",
    "timeline.json",
    "virtual-client.json",
    "wire.json",
    "wire-content-working-group.json",
    "wire-mls-working-group.json",
];
