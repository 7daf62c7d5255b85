//! The vectors themselves.

macro_rules! shipped {
    ($folder:literal: $($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../", $folder, "/", $file)))),*]
    };
}

/// The vector files of this crate: name and content. Those that end in `-working-group.json` are
/// transcribed from the working groups' examples and vectors; the others come from
/// [`generate`](crate::kinds) with the default seed.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "vectors":
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

/// The JSON Schema of each kind, and of what all files have: name and content.
pub const SCHEMAS: &[(&str, &str)] = shipped![
    "schema":
    "apq.schema.json",
    "associated-party.schema.json",
    "attachment.schema.json",
    "connection.schema.json",
    "content.schema.json",
    "derivation.schema.json",
    "file.schema.json",
    "franking.schema.json",
    "group-info.schema.json",
    "identifier-query.schema.json",
    "identity-link.schema.json",
    "key-package-set.schema.json",
    "leaf-operation-intent.schema.json",
    "link-keys.schema.json",
    "markdown.schema.json",
    "message-id-aad.schema.json",
    "message-status.schema.json",
    "name.schema.json",
    "policy.schema.json",
    "private-external.schema.json",
    "retraction.schema.json",
    "room-rule.schema.json",
    "room.schema.json",
    "semi-private.schema.json",
    "timeline.schema.json",
    "virtual-client.schema.json",
    "wire.schema.json",
];
