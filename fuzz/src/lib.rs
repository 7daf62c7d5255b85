//! What each fuzz target does with an input: more than not to crash. A target is one line that
//! calls its function here, so that the same functions run over the seed corpus in `cargo test`.

pub mod allocation;
pub mod app_data;
pub mod component;
pub mod content;
pub mod differential;
pub mod drafts;
pub mod franking;
pub mod pair;
pub mod policy;
pub mod presentation;
pub mod pseudonym;
pub mod rules;
pub mod sealed;
pub mod seeds;
pub mod semi_private;
pub mod text;
pub mod timeline;
pub mod wire;

/// A target: its name and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, in the order of the campaign.
pub const TARGETS: &[Target] = &[
    ("wire", wire::any_type),
    ("wire_values", wire::values),
    ("mls_message", wire::mls_message),
    ("proposal_rules", rules::proposals),
    ("update_request", wire::update_request),
    ("fanout_message", wire::fanout_message),
    ("group_info", wire::group_info),
    ("ratchet_tree", wire::ratchet_tree),
    ("key_material", wire::key_material),
    ("room_policy", wire::room_policy),
    ("content", content::message),
    ("content_values", content::values),
    ("message_status", content::message_status),
    ("derived_values", content::derived_values),
    ("uri", text::uri),
    ("directory", text::directory),
    ("media_type", text::media_type),
    ("app_data_update", app_data::updates),
    ("semi_private", semi_private::open),
    ("semi_private_flow", semi_private::flow),
    ("group_info_flow", sealed::group_info),
    ("associated_party_flow", sealed::associated_party),
    ("combined_groups", drafts::combined_groups),
    ("outside_flow", drafts::outside),
    ("pair_flow", pair::flow),
    ("post_quantum", drafts::suites),
    ("retraction_flow", drafts::retraction),
    ("virtual_client_flow", drafts::virtual_client),
    ("policy_decision", policy::decision),
    ("policy_apply", policy::apply),
    ("policy_request", policy::request),
    ("policy_components", component::policies),
    ("franking_flow", franking::flow),
    ("pseudonym_flow", pseudonym::flow),
    ("timeline", timeline::fold),
    ("markdown", presentation::markdown),
    ("part_choice", presentation::choice),
    ("attachment", presentation::attachment),
    ("differential_mls", differential::mls),
    ("differential_cbor", differential::cbor),
    ("differential_crypto", differential::crypto),
];
