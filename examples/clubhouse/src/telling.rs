//! Decisions in words, for the narrator.

use mimi_codec::{
    mls::{Content, MLSMessage, MLSMessageBody, Proposal, ProposalOrRef, Sender},
    protocol::HandshakeBundle,
};
use mimi_policy::{Basis, Change, RoomState};
use mimi_room::{
    Right,
    hub::{AuditEvent, AuditOutcome},
};

/// Why a hub has decided as it has.
#[must_use]
pub fn outcome(room: &RoomState, event: &AuditEvent) -> Vec<String> {
    match &event.outcome {
        AuditOutcome::Accepted(by) => rights(room, by),
        AuditOutcome::Refused(refused) => vec![refused.to_string()],
        AuditOutcome::Rejected(why) => vec![why.clone()],
        AuditOutcome::Malformed(error) => vec![error.to_string()],
        other => vec![format!("{other:?}")],
    }
}

/// What is changed, and by which right.
#[must_use]
pub fn rights(room: &RoomState, rights: &[Right]) -> Vec<String> {
    let role = |index: u32| match room.role(index) {
        Some(role) => format!("{} ({index})", role.role_name),
        None => format!("role {index}"),
    };
    let lines = rights.iter().map(|Right { change, grant }| {
        let right = match grant.capability {
            Some(capability) => format!("{capability} of {}", role(grant.role)),
            None => String::new(),
        };
        let basis = match grant.basis {
            Basis::CapabilityAlone => String::new(),
            Basis::RoleChange { from, to } => format!("which lists the move {from} → {to}"),
            Basis::PreAuthorization { entry } => format!("preauthorized by entry {entry}"),
            Basis::PartOf { .. } => "goes with its user".to_owned(),
            Basis::Accepted => "accepted before".to_owned(),
            _ => "takes no capability".to_owned(),
        };
        let reasons: Vec<String> = [right, basis].into_iter().filter(|it| !it.is_empty()).collect();
        match change {
            Some(change) => format!("{}: {}", describe(change, &role), reasons.join(", ")),
            None => reasons.join(", "),
        }
    });
    lines.collect()
}

fn describe(change: &Change, role: &impl Fn(u32) -> String) -> String {
    match change {
        Change::AddParticipant { user, role: index } => format!("adds {user} as {}", role(*index)),
        Change::RemoveParticipant { user } => format!("takes {user} off the list"),
        Change::SetRole { user, role: index } => format!("makes {user} {}", role(*index)),
        Change::AddClient { client, .. } => format!("adds {client}"),
        Change::RemoveClient { client, .. } => format!("removes {client}"),
        Change::UseJoinCode { user, role: index, .. } => {
            format!("{user} joins by a code as {}", role(*index))
        }
        Change::UpdateMetadata(_) => "changes the metadata".to_owned(),
        Change::UpdateRoles(_) => "changes the roles".to_owned(),
        Change::UpdatePreAuth(_) => "changes the preauthorization".to_owned(),
        Change::UpdateBase(_) => "changes the base policy".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What a hub could see of a handshake.
#[must_use]
pub fn handshake(bundle: &HandshakeBundle) -> String {
    match bundle {
        HandshakeBundle::Commit { proposal_or_commit, .. } => commit(proposal_or_commit.get()),
        HandshakeBundle::Proposal(messages) => {
            let contents = messages.iter().filter_map(|it| match content(it.get()) {
                Some((_, Content::Proposal { proposal })) => Some(proposal),
                _ => None,
            });
            format!("{} proposals: {}", messages.iter().count(), names(contents))
        }
    }
}

fn content(message: &MLSMessage) -> Option<(&Sender, &Content)> {
    let MLSMessageBody::PublicMessage { public_message } = &message.body else { return None };
    Some((public_message.content().sender(), public_message.content().content()))
}

fn commit(message: &MLSMessage) -> String {
    let Some((sender, Content::Commit { commit })) = content(message) else {
        return "a sealed commit".to_owned();
    };
    let by = match sender {
        Sender::Member { leaf_index } => format!("by leaf {leaf_index}"),
        Sender::NewMemberCommit {} => "from outside".to_owned(),
        _ => "by a sender that cannot commit".to_owned(),
    };
    let written = commit.proposals.iter().filter_map(|proposal| match proposal {
        ProposalOrRef::Proposal { proposal } => Some(proposal),
        ProposalOrRef::Reference { .. } => None,
    });
    let referred = commit.proposals.iter().filter(|it| matches!(it, ProposalOrRef::Reference { .. })).count();
    let mut parts = vec![names(written)];
    if referred > 0 {
        parts.push(format!("{referred} accepted before"));
    }
    parts.retain(|it| !it.is_empty());
    format!("a commit {by}: {}", if parts.is_empty() { "new keys".to_owned() } else { parts.join(", ") })
}

/// The kinds of proposals, as the drafts name them.
fn names<'p>(proposals: impl Iterator<Item = &'p Proposal>) -> String {
    let names = proposals.map(|proposal| match proposal {
        Proposal::Remove(remove) => format!("Remove(leaf {})", remove.removed),
        Proposal::AppDataUpdate(update) => format!("AppDataUpdate({})", update.component_id),
        Proposal::Other(other) => other.proposal_type().to_string(),
        // The kind is the first word of what the derived Debug says.
        other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The name of a code, as the drafts write it.
#[must_use]
pub fn code(code: &impl std::fmt::Debug) -> String {
    let text = format!("{code:?}");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
