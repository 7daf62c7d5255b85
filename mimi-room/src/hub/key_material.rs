//! `POST /keyMaterial/{targetUser}` on its way through the hub (mimi-protocol-06 §5.2).

use alloc::{string::ToString, vec::Vec};

use mimi_codec::{
    Addressed, Decode, DnsName, RequestFailure,
    protocol::{ConsentEntry, KeyMaterialRequest, KeyMaterialResponse},
};
use mimi_crypto::{CipherSuiteProvider, key_package_ref, verify_key_material_request};

use super::{
    AuditAction, AuditOutcome, Call, HostedRoom, Hub, HubAnswer, HubError, Origin,
    update::{audit, malformed},
};
use crate::{Identity, MlsStack};

/// Where a request for key material goes on to, as it came: the requester has signed it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyMaterialStep {
    /// The target user's provider.
    pub to: DnsName,
    /// The request.
    pub request: KeyMaterialRequest,
}

impl<C: CipherSuiteProvider, I: Identity> Hub<C, I> {
    /// Takes the body of a request about this room that another provider's user has made, and
    /// says where it goes. The response is then the target provider's, after
    /// [`Self::key_material_response`]; until then it is 502.
    ///
    /// Refused with 403 are requests of non-participants, and requests that another provider
    /// sends in the requester's place. `target_user` is the variable of the path without its
    /// escapes ([`decode_path_segment`](mimi_codec::decode_path_segment)); a body that names
    /// another target is answered with 400.
    pub fn key_material<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        call: Call<'_>,
        target_user: &[u8],
        body: &[u8],
    ) -> HubAnswer<KeyMaterialStep> {
        if let Err(limited) = self.admit(hosted, call, body) {
            return *limited;
        }
        let request = match KeyMaterialRequest::decode_exact(body) {
            Ok(request) => request,
            Err(error) => return malformed(hosted, call, error),
        };
        let step = match Addressed::check(request, target_user) {
            Ok(request) => self
                .judge_key_material(hosted, call, request.into_body())
                .map_err(|why| (RequestFailure::NotAllowed, why.to_string())),
            Err(other) => Err((RequestFailure::Malformed, other.to_string())),
        };
        let (response, outcome, change) = match step {
            Ok(step) => (RequestFailure::NextProvider.into(), AuditOutcome::Accepted(Vec::new()), Some(step)),
            Err((failure, why)) => (failure.into(), AuditOutcome::Rejected(why), None),
        };
        let audit = audit(hosted, call, None, AuditAction::KeyMaterial, outcome);
        HubAnswer { response, audit, change }
    }

    fn judge_key_material<S: MlsStack>(
        &self,
        hosted: &HostedRoom<S>,
        call: Call<'_>,
        request: KeyMaterialRequest,
    ) -> Result<KeyMaterialStep, &'static str> {
        let verified = verify_key_material_request(&self.suite, request);
        let request = verified.map_err(|_| "the requester has not signed it")?.into_request();
        let room_id = request.room_id.0.as_ref().map(|it| it.as_bytes());
        if room_id != Some(hosted.room.uri().as_bytes()) {
            return Err("it is about another room");
        }
        let requester = &request.requesting_user;
        if !requester.mimi_uri().is_ok_and(|uri| uri.host() == call.from.domain()) {
            return Err("the requester belongs to another provider");
        }
        let identified = self.identity.identify(
            hosted.room.uri(),
            &request.requester_credential,
            &request.requester_signature_key,
        );
        let member = identified.map_err(|_| "the requester's credential is refused")?;
        if member.user.as_bytes() != requester.as_bytes() {
            return Err("the credential is another user's");
        }
        if !hosted.room.policy().is_active(&member.user) {
            return Err("the requester has no client in the room");
        }
        let target = request.target_user.mimi_uri();
        let to = target.map_err(|_| "the target is no MIMI URI")?.host().to_owned();
        Ok(KeyMaterialStep { to, request })
    }

    /// Takes the target provider's response: the Welcome for these KeyPackages goes there.
    ///
    /// # Errors
    /// [`HubError::Crypto`] for a KeyPackage of another suite, [`HubError::NotAllowed`] if the
    /// response is about another user, or if too many KeyPackages are remembered.
    pub fn key_material_response<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        step: &KeyMaterialStep,
        response: &KeyMaterialResponse,
    ) -> Result<(), HubError> {
        if *response.user_uri() != step.request.target_user {
            return Err(HubError::NotAllowed);
        }
        let packages = response.clients().iter().filter_map(|it| it.key_package());
        self.remember(hosted, &step.to, packages)
    }

    /// Takes a grant of consent that passes this provider: its KeyPackages may be used for this
    /// room (mimi-protocol-06 §5.7).
    ///
    /// # Errors
    /// Those of [`Self::key_material_response`].
    pub fn consent_granted<S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        entry: &ConsentEntry,
    ) -> Result<(), HubError> {
        let ConsentEntry::Grant { target_uri, client_key_packages, .. } = entry else { return Ok(()) };
        let target = target_uri.mimi_uri();
        let to = target.map_err(|error| HubError::Mls(error.to_string()))?.host().to_owned();
        self.remember(hosted, &to, client_key_packages.iter())
    }

    fn remember<'k, S: MlsStack>(
        &self,
        hosted: &mut HostedRoom<S>,
        provider: &DnsName,
        packages: impl Iterator<Item = &'k mimi_codec::mls::KeyPackage>,
    ) -> Result<(), HubError> {
        for package in packages {
            if hosted.origins.len() >= self.limits.max_claimed {
                return Err(HubError::NotAllowed);
            }
            let reference = key_package_ref(&self.suite, package)?;
            let last_resort = package.is_last_resort();
            let origin = Origin { provider: provider.clone(), last_resort };
            hosted.origins.insert(reference, origin);
        }
        Ok(())
    }
}
