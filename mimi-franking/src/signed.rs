//! The construction of mimi-protocol-05 and -06: the hub signs what it adds.

use alloc::vec::Vec;
use core::fmt;

use mimi_codec::{
    DnsNameRef, Encode, MatchedProvider, Opaque,
    code_points::CipherSuite,
    mls::{GroupContext, SignaturePublicKey},
    protocol::{Frank, FrankAAD, FrankingAgentData, ServerFrankingContext},
};
use mimi_crypto::{
    CipherSuiteProvider, CryptoError, sign_with_label, verify_all_with_label, verify_with_label,
};
use rand_core::CryptoRng;

use crate::{
    CheckStamp, Construction, FrankingError, FrankingSalt, RecheckStamp, Stamp, construction::sealed,
};

/// mimi-protocol-05 and -06, the default. The hub signs sender, room, time and `server_frank`. No
/// secret is shared, so no member can forge a frank. The context has lengths, so no byte can move
/// from one URI to the other.
///
/// **What it cannot stop.** The signature covers the sender URI, and any holder of the
/// `franking_signature_key` can verify it. A follower that knows this key and the users of the room
/// can try each user against a fanned-out frank and find the sender. See
/// `a_follower_that_knows_the_agents_key_finds_the_sender_by_trying_every_user` in
/// `tests/attacks.rs`. To hide the sender from followers, keep the key from them (send handshakes
/// as SemiPrivateMessages and use the key nowhere else), use pseudonyms, or use
/// [`IntegrityMac`](crate::IntegrityMac).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed;

impl sealed::Sealed for Signed {}

impl Construction for Signed {
    const REVISION: u8 = 6;
    type TagKey = FrankingSalt;
    type Frank = Frank;

    // struct {
    //     IdentifierUri sender_uri;
    //     IdentifierUri room_uri;
    //     uint64 accepted_timestamp;
    // } ServerFrankingContext;
    fn context(context: &ServerFrankingContext) -> Result<Vec<u8>, FrankingError> {
        Ok(context.to_bytes()?)
    }

    fn server_frank(frank: &Frank) -> &[u8; 32] {
        &frank.server_frank
    }
}

const LABEL: &[u8] = b"FrankingIntegrityTBS";

/// The encoded FrankingIntegrityTBS.
fn franking_integrity_tbs(frank: &Frank, context: &ServerFrankingContext) -> Result<Vec<u8>, FrankingError> {
    let mut tbs = mimi_codec::Writer::with_capacity(
        context
            .sender_uri
            .as_bytes()
            .len()
            .saturating_add(context.room_uri.as_bytes().len())
            .saturating_add(64),
    );
    // struct {
    //     opaque server_frank[32];
    //     CipherSuite franking_signature_ciphersuite;
    //     ServerFrankingContext context;
    // } FrankingIntegrityTBS;
    frank.server_frank.encode(&mut tbs)?;
    frank.franking_signature_ciphersuite.encode(&mut tbs)?;
    context.encode(&mut tbs)?;
    Ok(tbs.into_bytes())
}

/// The `franking_agent` of a GroupContext.
fn franking_agent(group_context: &GroupContext) -> Result<FrankingAgentData, FrankingError> {
    group_context.extensions.component_content()?.ok_or(FrankingError::NoFrankingAgent)
}

fn check_suite(expected: CipherSuite, actual: CipherSuite) -> Result<(), FrankingError> {
    if expected == actual { Ok(()) } else { Err(FrankingError::CipherSuiteMismatch { expected, actual }) }
}

/// The hub's `franking_private_key` for a group. Its suite is the group's, and its public key is in
/// the GroupContext.
pub struct FrankingAgentKey<'k, S: CipherSuiteProvider> {
    suite: &'k S,
    signing_key: &'k S::SigningKey,
}

impl<S: CipherSuiteProvider> fmt::Debug for FrankingAgentKey<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrankingAgentKey([redacted])")
    }
}

impl<'k, S: CipherSuiteProvider> FrankingAgentKey<'k, S> {
    /// The key for messages of this group, in the epoch of this GroupContext (mimi-protocol-06
    /// §5.4.1.2).
    ///
    /// # Errors
    /// [`FrankingError::CipherSuiteMismatch`] if the provider has another suite than the group,
    /// [`FrankingError::NoFrankingAgent`] if the group's messages are not franked,
    /// [`FrankingError::AgentKeyMismatch`] if the group names another key,
    /// [`FrankingError::Decode`] if the group's dictionary is malformed.
    pub fn of_group(
        suite: &'k S,
        signing_key: &'k S::SigningKey,
        group_context: &GroupContext,
    ) -> Result<Self, FrankingError> {
        check_suite(group_context.cipher_suite, suite.parameters().cipher_suite)?;
        let agent = franking_agent(group_context)?;
        if agent.franking_signature_key != suite.signature_public_key(signing_key) {
            return Err(FrankingError::AgentKeyMismatch);
        }
        Ok(Self { suite, signing_key })
    }
}

impl<S: CipherSuiteProvider> Stamp<Signed> for FrankingAgentKey<'_, S> {}

impl<S: CipherSuiteProvider> sealed::Stamping<Signed> for FrankingAgentKey<'_, S> {
    // franking_integrity_signature = SignWithLabel(franking_private_key,
    //     "FrankingIntegrityTBS", FrankingIntegrityTBS)
    fn stamp(
        &self,
        _: &FrankAAD,
        server_frank: [u8; 32],
        context: &ServerFrankingContext,
        rng: &mut dyn CryptoRng,
    ) -> Result<Frank, FrankingError> {
        let mut frank = Frank {
            server_frank: server_frank.into(),
            franking_signature_ciphersuite: self.suite.parameters().cipher_suite,
            franking_integrity_signature: Opaque::default(),
        };
        let tbs = franking_integrity_tbs(&frank, context)?;
        let signature = sign_with_label(self.suite, self.signing_key, LABEL, &tbs, rng)?;
        frank.franking_integrity_signature = signature.into();
        Ok(frank)
    }
}

/// The key that verifies franks, and its suite.
#[derive(Clone, Debug)]
struct VerificationKey<'s, S> {
    suite: &'s S,
    franking_signature_key: SignaturePublicKey,
}

impl<S: CipherSuiteProvider> VerificationKey<'_, S> {
    fn cipher_suite(&self) -> CipherSuite {
        self.suite.parameters().cipher_suite
    }

    // VerifyWithLabel(franking_signature_key, "FrankingIntegrityTBS",
    //      FrankingIntegrityTBS, franking_integrity_signature)
    fn check(&self, frank: &Frank, context: &ServerFrankingContext) -> Result<(), FrankingError> {
        check_suite(self.cipher_suite(), frank.franking_signature_ciphersuite)?;
        let tbs = franking_integrity_tbs(frank, context)?;
        let signature = &frank.franking_integrity_signature;
        verify_with_label(self.suite, &self.franking_signature_key, LABEL, &tbs, signature)
            .map_err(FrankingError::IntegritySignature)
    }

    /// Returns the verdict of [`Self::check`] for each frank.
    fn check_all(&self, franks: &[(&Frank, &ServerFrankingContext)]) -> Vec<Result<(), FrankingError>> {
        // A frank that fails before its signature is checked does not reach the provider.
        let prepared: Vec<_> = franks
            .iter()
            .map(|(frank, context)| {
                check_suite(self.cipher_suite(), frank.franking_signature_ciphersuite)?;
                franking_integrity_tbs(frank, context)
            })
            .collect();
        let signed: Vec<_> = prepared
            .iter()
            .zip(franks)
            .filter_map(|(tbs, (frank, _))| {
                tbs.as_ref().ok().map(|tbs| (tbs.as_slice(), frank.franking_integrity_signature.as_slice()))
            })
            .collect();
        let mut verdicts =
            verify_all_with_label(self.suite, &self.franking_signature_key, LABEL, &signed).into_iter();
        prepared
            .into_iter()
            .map(|tbs| {
                tbs?;
                // The provider returns one verdict for each signature.
                verdicts
                    .next()
                    .unwrap_or(Err(CryptoError::ProviderFailure))
                    .map_err(FrankingError::IntegritySignature)
            })
            .collect()
    }
}

/// A `franking_agent` whose credential and domain were checked. Only [`Self::of_group`] returns
/// one.
#[derive(Clone, Debug)]
pub struct FrankingAgent<'s, S>(VerificationKey<'s, S>);

impl<'s, S: CipherSuiteProvider> FrankingAgent<'s, S> {
    /// The agent for messages of this group, in the epoch of this GroupContext (mimi-protocol-06
    /// §5.4.1.3).
    ///
    /// `hub_domain` is the domain of the server that delivers this room's messages. It is never
    /// taken from the room's URI, because rooms may move. `validate` checks the credential (the
    /// certificate chain, its validity, and that its key is the `franking_signature_key`) and
    /// returns its owner by [`match_presented_identities`](mimi_codec::match_presented_identities),
    /// or `None` if the credential is not trusted.
    ///
    /// # Errors
    /// [`FrankingError::CipherSuiteMismatch`] if the provider has another suite than the group,
    /// [`FrankingError::NoFrankingAgent`], [`FrankingError::AgentNotTrusted`],
    /// [`FrankingError::AgentDomainMismatch`], and [`FrankingError::Decode`] if the group's
    /// dictionary is malformed.
    pub fn of_group(
        suite: &'s S,
        group_context: &GroupContext,
        hub_domain: DnsNameRef<'_>,
        validate: impl FnOnce(&FrankingAgentData) -> Option<MatchedProvider>,
    ) -> Result<Self, FrankingError> {
        check_suite(group_context.cipher_suite, suite.parameters().cipher_suite)?;
        let agent = franking_agent(group_context)?;
        let provider = validate(&agent).ok_or(FrankingError::AgentNotTrusted)?;
        if provider.domain() != hub_domain {
            let (expected, actual) = (hub_domain.to_owned(), provider.domain().to_owned());
            return Err(FrankingError::AgentDomainMismatch { expected, actual });
        }
        Ok(Self(VerificationKey { suite, franking_signature_key: agent.franking_signature_key }))
    }
}

impl<S: CipherSuiteProvider> CheckStamp<Signed> for FrankingAgent<'_, S> {}

impl<S: CipherSuiteProvider> sealed::Checking<Signed> for FrankingAgent<'_, S> {
    fn check(&self, frank: &Frank, context: &ServerFrankingContext) -> Result<(), FrankingError> {
        self.0.check(frank, context)
    }

    fn check_all(&self, franks: &[(&Frank, &ServerFrankingContext)]) -> Vec<Result<(), FrankingError>> {
        self.0.check_all(franks)
    }
}

/// The hub's own agent, for reports. Only the hub vouches for its key, so receivers cannot verify
/// with it.
///
/// ```compile_fail,E0277
/// use mimi_crypto::RustCrypto;
/// use mimi_franking::{FrankableContent, OwnAgent, Signed, receiver};
///
/// fn receive(own: &OwnAgent<'_, RustCrypto>, content: &impl FrankableContent<Signed>, received: &receiver::DecryptedMessage<'_, Signed>) {
///     let _ = receiver::verify(own, content, received);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct OwnAgent<'s, S>(VerificationKey<'s, S>);

impl<'s, S: CipherSuiteProvider> OwnAgent<'s, S> {
    /// The agent with this public key, which the hub signs with or has signed with.
    ///
    /// # Errors
    /// [`FrankingError::Crypto`] if the key does not have the suite's length.
    pub fn new(suite: &'s S, franking_signature_key: SignaturePublicKey) -> Result<Self, FrankingError> {
        let (expected, actual) = (suite.parameters().signature_public_key, franking_signature_key.len());
        if expected != actual {
            let what = "franking_signature_key";
            return Err(CryptoError::InvalidLength { what, expected, actual }.into());
        }
        Ok(Self(VerificationKey { suite, franking_signature_key }))
    }
}

/// The hub's own agents, one for each key that signed franks which can still be reported.
#[derive(Clone, Debug)]
pub struct OwnAgents<'a, 's, S>(pub &'a [OwnAgent<'s, S>]);

impl<S: CipherSuiteProvider> RecheckStamp<Signed> for OwnAgents<'_, '_, S> {}

impl<S: CipherSuiteProvider> sealed::Rechecking<Signed> for OwnAgents<'_, '_, S> {
    /// "Finally the hub verifies its franking_integrity_signature using the signature algorithm
    /// embedded in the franking_signature_ciphersuite" (mimi-protocol-06 §5.9). If several keys
    /// have that suite, one must verify.
    fn recheck_all(&self, franks: &[(&Frank, &ServerFrankingContext)]) -> Vec<Result<(), FrankingError>> {
        let unknown =
            |frank: &Frank| Err(FrankingError::UnknownFrankSuite(frank.franking_signature_ciphersuite));
        let mut verdicts: Vec<_> = franks.iter().map(|(frank, _)| unknown(frank)).collect();
        for OwnAgent(key) in self.0 {
            let of_suite = |frank: &Frank| frank.franking_signature_ciphersuite == key.cipher_suite();
            let mut open: Vec<_> = Vec::new();
            let mut asked: Vec<_> = Vec::new();
            for (verdict, frank) in verdicts.iter_mut().zip(franks) {
                if verdict.is_err() && of_suite(frank.0) {
                    open.push(verdict);
                    asked.push(*frank);
                }
            }
            for (verdict, found) in open.into_iter().zip(key.check_all(&asked)) {
                *verdict = found;
            }
        }
        verdicts
    }
}
