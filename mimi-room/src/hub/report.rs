//! `POST /reportAbuse/{roomId}` (mimi-protocol-06 §5.9), and the endpoints without a room.

use alloc::vec::Vec;

use mimi_codec::{
    AssetUrl, AssetUrlError, Decode, Endpoint, RequestFailure, check_asset_url,
    protocol::{AbuseReport, ServerFrankingContext},
};
use mimi_crypto::CipherSuiteProvider;
use mimi_franking::{
    Framing, FrankingError, MimiFrankable, OwnAgent, OwnAgents, UnboundContent, report::ReportCheck,
};

use super::{
    AuditAction, AuditOutcome, Call, HostedRoom, Hub, HubAnswer, Response,
    update::{audit, malformed},
};
use crate::{Identity, MlsStack};

/// One reported message of which the hub has proven who sent it, to which room, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenReport {
    /// Sender, room and time.
    pub context: ServerFrankingContext,
    /// What was sent.
    pub message_content: Vec<u8>,
    /// What the message refers to and the frank does not cover.
    pub unbound: Vec<UnboundContent>,
}

/// What a hub can say about one reported message, or why nothing is proven.
pub type ReportVerdict = Result<ProvenReport, FrankingError>;

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// Checks the body of `POST /reportAbuse/{roomId}`. The hub has kept nothing of the messages,
    /// only its keys. The response is 201 whatever the verdicts are; they are the `change`, with
    /// the report itself.
    ///
    /// `framing` is how the room frames its application data.
    pub fn report_abuse<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        body: &[u8],
        framing: Framing,
    ) -> HubAnswer<(AbuseReport, Vec<ReportVerdict>)> {
        if let Err(limited) = self.admit(hosted, call, body) {
            return *limited;
        }
        let report = match AbuseReport::decode_exact(body) {
            Ok(report) => report,
            Err(error) => return malformed(hosted, call, error),
        };
        let own = OwnAgent::new(&self.suite, self.external_sender.signature_key.clone());
        let agents: Vec<_> = own.into_iter().collect();
        let own = OwnAgents(&agents);
        let content = MimiFrankable::new(framing);
        let check = ReportCheck {
            hub_keys: &self.hub_keys,
            own: &own,
            content: &content,
            room_uri: hosted.room.uri(),
        };
        let verdicts: Vec<ReportVerdict> = check
            .report(&report)
            .into_iter()
            .map(|verdict| {
                verdict.map(|proven| ProvenReport {
                    context: proven.context().clone(),
                    message_content: proven.message_content().to_vec(),
                    unbound: proven.unbound().to_vec(),
                })
            })
            .collect();
        let proven = verdicts.iter().filter(|it| it.is_ok()).count();
        let action = AuditAction::AbuseReport { messages: verdicts.len(), proven };
        let audit = audit(hosted, call, None, action, AuditOutcome::Accepted(Vec::new()));
        HubAnswer {
            response: Response::taken(Endpoint::ReportAbuse),
            audit,
            change: Some((report, verdicts)),
        }
    }

    /// `GET /proxyDownload/{downloadUrl}`: the URL that the hub may fetch, if its host is an
    /// asset server of a peer provider (mimi-protocol-06 §5.10.2). The server answers with what it
    /// fetches, without following redirects to other hosts.
    ///
    /// # Errors
    /// The response to send instead: 400 for a URL that is not an `https` URL of a domain name, 403
    /// for a host that no peer has named.
    pub fn proxy_download<'u, D: AsRef<str>>(
        &self,
        download_url: &'u str,
        asset_domains: impl IntoIterator<Item = D>,
    ) -> Result<AssetUrl<'u>, Response> {
        check_asset_url(download_url, asset_domains).map_err(|error| match error {
            AssetUrlError::NotAnAssetDomain => RequestFailure::NotAllowed.into(),
            _ => RequestFailure::Malformed.into(),
        })
    }

    /// `GET /.well-known/mimi-protocol-directory` (mimi-protocol-06 §5.1).
    #[cfg(feature = "serde")]
    #[must_use]
    pub fn directory(&self, directory: &mimi_codec::Directory) -> Response {
        let body = Some(directory.to_json().into_bytes());
        let media_type = Some(mimi_codec::DIRECTORY_MEDIA_TYPE);
        Response { status: 200, retry_after_s: None, media_type, body }
    }
}
