//! Who acts, and in what form.

use alloc::string::String;
use alloc::vec::Vec;

use mimi_codec::room_policy::Claim;
use serde_json::{Value, json};

use super::place::{Place, Result};
use super::roles::{claims_to_json, read_claims};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyActor {
    /// A user on the participant list, or a joiner who isn't on it yet.
    User {
        /// The user.
        user: String,
        /// The client that acts for it.
        client: Option<String>,
        /// What the client's credential claims.
        claims: Vec<Claim>,
    },
    /// A server: the hub, or a policy enforcer.
    ExternalSender {
        /// Its URI; if the participant list has it, it acts with that role.
        external_sender: String,
        /// What its credential claims.
        claims: Vec<Claim>,
    },
}

impl PolicyActor {
    /// The URI of the user or the server.
    #[must_use]
    pub fn uri(&self) -> &str {
        match self {
            Self::User { user, .. } => user,
            Self::ExternalSender { external_sender, .. } => external_sender,
        }
    }

    /// What the credential claims.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        match self {
            Self::User { claims, .. } | Self::ExternalSender { claims, .. } => claims,
        }
    }

    /// As vector files have it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = match self {
            Self::User { user, client: Some(client), .. } => json!({"user": user, "client": client}),
            Self::User { user, client: None, .. } => json!({"user": user}),
            Self::ExternalSender { external_sender, .. } => json!({"external_sender": external_sender}),
        };
        if let (false, Some(members)) = (self.claims().is_empty(), json.as_object_mut()) {
            members.insert("claims".into(), claims_to_json(self.claims()));
        }
        json
    }

    pub(super) fn read(place: &Place<'_>) -> Result<Self> {
        if place.open_members()?.has("external_sender") {
            let members = place.members(&["external_sender", "claims"])?;
            return Ok(Self::ExternalSender {
                external_sender: members.required("external_sender")?.uri()?,
                claims: members
                    .optional("claims")
                    .map_or_else(|| Ok(Vec::new()), |claims| read_claims(&claims))?,
            });
        }
        let members = place.members(&["user", "client", "claims"])?;
        Ok(Self::User {
            user: members.required("user")?.uri()?,
            client: members.optional("client").map(|client| client.uri()).transpose()?,
            claims: members
                .optional("claims")
                .map_or_else(|| Ok(Vec::new()), |claims| read_claims(&claims))?,
        })
    }
}

/// In what form the changes reach the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyForm {
    /// Proposals of a member, which another member may commit.
    Proposal,
    /// A member's commit.
    Commit,
    /// A commit of a client that isn't a member yet.
    ExternalCommit,
    /// Proposals of a non-member.
    ExternalProposal,
    /// An application message.
    Message,
    /// What a user does with what it has received, or in a call.
    Use,
}

impl PolicyForm {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Proposal,
        Self::Commit,
        Self::ExternalCommit,
        Self::ExternalProposal,
        Self::Message,
        Self::Use,
    ];

    /// As vector files have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Commit => "commit",
            Self::ExternalCommit => "external_commit",
            Self::ExternalProposal => "external_proposal",
            Self::Message => "message",
            Self::Use => "use",
        }
    }

    pub(super) fn read(place: &Place<'_>) -> Result<Self> {
        let name = place.as_text();
        Self::ALL.into_iter().find(|form| name == Some(form.name())).ok_or_else(|| {
            place.unexpected(
                "\"proposal\", \"commit\", \"external_commit\", \"external_proposal\", \"message\" or \"use\"",
            )
        })
    }
}
