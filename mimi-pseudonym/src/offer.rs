//! Offers of a connection that say who makes them, to whom, and until when. **A construction of
//! this library, in no draft**; the draft's own request is
//! [`request_connection`](crate::request_connection).
//!
//! A request of the draft is not signed, so a user who was asked can pass it on to a third user
//! with a response key of its own, and the responder's establishment key is authenticated by
//! nothing. Here
//!
//! 1. the responder publishes an [`EstablishmentPackage`]: its establishment key, signed by a real
//!    client of the user, with a lifetime;
//! 2. the requester makes a [`ConnectionOffer`]: the request, signed with its real credential
//!    together with the responder and the package that it is for, with a time after which it no
//!    longer holds;
//! 3. the responder opens the offer, and asks [`IncomingOffers`] whether it is new, was there
//!    before, or comes from a user that it has blocked.
//!
//! The rest is the draft's: the connection room, the response, the external commit.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    Decode, Encode, Opaque, SecretOpaque, UserUri,
    code_points::CipherSuite,
    minimal_metadata::ConnectionRequest,
    mls::{Credential, HPKECiphertext, HPKEPublicKey, Lifetime},
    protocol::IdentifierUri,
};
use mimi_crypto::{
    CipherSuiteProvider, HpkePrivateKey, decrypt_with_label, encrypt_with_label, ref_hash, sign_with_label,
    verify_with_label,
};
use rand_core::CryptoRng;

use crate::{
    CheckedClient, CredentialCheck, CredentialCheckError, PendingConnection, PseudonymError, RealClient,
    Requester, UnverifiedConnectionRequest,
    connection::{begin_request, not_opened},
    wire::wire_struct,
};

const PACKAGE_LABEL: &[u8] = b"EstablishmentPackageTBS";
const OFFER_LABEL: &[u8] = b"ConnectionOfferTBS";
const SEAL_LABEL: &[u8] = b"ConnectionOffer";
const REFERENCE_LABEL: &[u8] = b"MIMI EstablishmentPackage Reference";

wire_struct! {
    /// A user's connection establishment key, signed and with a lifetime.
    ///
    /// ```text
    /// struct {
    ///   IdentifierUri user;
    ///   CipherSuite cipher_suite;
    ///   HPKEPublicKey connection_establishment_key;
    ///   Lifetime lifetime;
    ///   Credential client_credential;
    ///   /* SignWithLabel(., "EstablishmentPackageTBS", EstablishmentPackageTBS) */
    ///   opaque signature<V>;
    /// } EstablishmentPackage;
    /// ```
    pub struct EstablishmentPackage {
        /// The user, by its real identifier.
        pub user: IdentifierUri,
        /// The suite of the key and of the offers that are sealed to it.
        pub cipher_suite: CipherSuite,
        /// The key to seal offers to.
        pub connection_establishment_key: HPKEPublicKey,
        /// When the key may be used, in seconds.
        pub lifetime: Lifetime,
        /// The credential of the user's client that has signed.
        pub client_credential: Credential,
        /// The signature over all fields before it.
        pub signature: Opaque,
    }
}

wire_struct! {
    /// What an [`EstablishmentPackage`] signs: its fields before the signature.
    pub struct EstablishmentPackageTBS {
        /// The user, by its real identifier.
        pub user: IdentifierUri,
        /// The suite of the key.
        pub cipher_suite: CipherSuite,
        /// The key to seal offers to.
        pub connection_establishment_key: HPKEPublicKey,
        /// When the key may be used, in seconds.
        pub lifetime: Lifetime,
        /// The credential of the client that signs.
        pub client_credential: Credential,
    }
}

wire_struct! {
    /// A connection request that its requester has signed.
    ///
    /// ```text
    /// struct {
    ///   ConnectionRequest request;
    ///   opaque package_reference<V>;
    ///   uint64 not_after;
    ///   /* SignWithLabel(., "ConnectionOfferTBS", ConnectionOfferTBS) */
    ///   opaque signature<V>;
    /// } ConnectionOffer;
    /// ```
    pub struct ConnectionOffer {
        /// The draft's request.
        pub request: ConnectionRequest,
        /// RefHash("MIMI EstablishmentPackage Reference", EstablishmentPackage).
        pub package_reference: Opaque,
        /// The last millisecond at which the offer holds, since the UNIX epoch.
        pub not_after: u64,
        /// The signature by the key of `requester_client_credential`.
        pub signature: Opaque,
    }
}

wire_struct! {
    /// What a [`ConnectionOffer`] signs.
    ///
    /// ```text
    /// struct {
    ///   IdentifierUri responder;
    ///   ConnectionRequest request;
    ///   opaque package_reference<V>;
    ///   uint64 not_after;
    /// } ConnectionOfferTBS;
    /// ```
    pub struct ConnectionOfferTBS {
        /// The user to whom the offer is made.
        pub responder: IdentifierUri,
        /// The draft's request.
        pub request: ConnectionRequest,
        /// The package to whose key the offer is sealed.
        pub package_reference: Opaque,
        /// The last millisecond at which the offer holds.
        pub not_after: u64,
    }
}

impl EstablishmentPackage {
    /// Signs an establishment key.
    ///
    /// # Errors
    /// [`Encode`](PseudonymError::Encode) for values that are too long,
    /// [`Crypto`](PseudonymError::Crypto) when signing fails.
    pub fn sign<S: CipherSuiteProvider + ?Sized>(
        suite: &S,
        real: RealClient<'_, S::SigningKey>,
        connection_establishment_key: HPKEPublicKey,
        lifetime: Lifetime,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, PseudonymError> {
        let tbs = EstablishmentPackageTBS {
            user: real.user.into(),
            cipher_suite: suite.parameters().cipher_suite,
            connection_establishment_key,
            lifetime,
            client_credential: real.credential.clone(),
        };
        let signature =
            sign_with_label(suite, real.signing_key, PACKAGE_LABEL, &tbs.to_bytes()?, rng)?.into();
        let EstablishmentPackageTBS {
            user,
            cipher_suite,
            connection_establishment_key,
            lifetime,
            client_credential,
        } = tbs;
        Ok(Self { user, cipher_suite, connection_establishment_key, lifetime, client_credential, signature })
    }

    fn tbs(&self) -> EstablishmentPackageTBS {
        EstablishmentPackageTBS {
            user: self.user.clone(),
            cipher_suite: self.cipher_suite,
            connection_establishment_key: self.connection_establishment_key.clone(),
            lifetime: self.lifetime,
            client_credential: self.client_credential.clone(),
        }
    }

    /// What names the package in an offer.
    ///
    /// # Errors
    /// [`Encode`](PseudonymError::Encode) for values that are too long.
    pub fn reference<S: CipherSuiteProvider + ?Sized>(&self, suite: &S) -> Result<Opaque, PseudonymError> {
        Ok(ref_hash(suite, REFERENCE_LABEL, &self.to_bytes()?)?.to_vec().into())
    }

    /// Checks a package that a provider gives for a user. `now` is in milliseconds since the UNIX
    /// epoch.
    ///
    /// # Errors
    /// [`CredentialCheckError`](PseudonymError::CredentialRefused);
    /// [`NotTheResponder`](PseudonymError::NotTheResponder) for the package of another user, or one
    /// that a client of another user has signed; [`OfferExpired`](PseudonymError::OfferExpired)
    /// outside of its lifetime; [`OfferSignature`](PseudonymError::OfferSignature), also for
    /// another suite.
    pub fn verify<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
        &self,
        suite: &S,
        user: &UserUri,
        now: u64,
        check: &C,
    ) -> Result<VerifiedEstablishmentPackage, PseudonymError> {
        let client = check
            .check(&self.client_credential)
            .map_err(|CredentialCheckError| PseudonymError::CredentialRefused)?;
        if client.user != *user || self.user.as_bytes() != user.as_bytes() {
            return Err(PseudonymError::NotTheResponder);
        }
        self.check_lifetime(now)?;
        if self.cipher_suite != suite.parameters().cipher_suite {
            return Err(PseudonymError::OfferSignature);
        }
        let tbs = self.tbs().to_bytes()?;
        verify_with_label(suite, &client.signature_public_key, PACKAGE_LABEL, &tbs, &self.signature)
            .map_err(|_| PseudonymError::OfferSignature)?;
        let reference = self.reference(suite)?;
        let key = self.connection_establishment_key.clone();
        Ok(VerifiedEstablishmentPackage { user: user.clone(), key, reference })
    }

    fn check_lifetime(&self, now: u64) -> Result<(), PseudonymError> {
        let seconds = now.checked_div(1000).unwrap_or_default();
        let Lifetime { not_before, not_after } = self.lifetime;
        if (not_before..=not_after).contains(&seconds) { Ok(()) } else { Err(PseudonymError::OfferExpired) }
    }
}

/// An establishment key that a real client of the user has signed, at a time at which it holds.
/// Only [`EstablishmentPackage::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedEstablishmentPackage {
    user: UserUri,
    key: HPKEPublicKey,
    reference: Opaque,
}

impl VerifiedEstablishmentPackage {
    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserUri {
        &self.user
    }
}

/// Offers a connection to the user of a package, until `not_after` in milliseconds since the UNIX
/// epoch.
///
/// ```text
/// EncryptWithLabel(connection_establishment_key, "ConnectionOffer",
///                  responder IdentifierUri, ConnectionOffer)
/// ```
///
/// # Errors
/// [`Encode`](PseudonymError::Encode) for values that are too long,
/// [`Crypto`](PseudonymError::Crypto) for a key that is not of the suite.
pub fn offer_connection<S: CipherSuiteProvider + ?Sized>(
    suite: &S,
    package: &VerifiedEstablishmentPackage,
    requester: Requester<'_>,
    signing_key: &S::SigningKey,
    not_after: u64,
    rng: &mut dyn CryptoRng,
) -> Result<(PendingConnection, HPKECiphertext), PseudonymError> {
    let responder = IdentifierUri::from(&package.user);
    let (pending, request) = begin_request(suite, package.user.clone(), requester, rng)?;
    let package_reference = package.reference.clone();
    let context = responder.to_bytes()?;
    let request = request.to_secret_bytes()?;
    let [reference, not_after] = [package_reference.to_bytes()?, not_after.to_bytes()?];
    let tbs = in_a_row(&[&context, request.expose(), &reference, &not_after]);
    let signature: Opaque = sign_with_label(suite, signing_key, OFFER_LABEL, tbs.expose(), rng)?.into();
    let plaintext = in_a_row(&[request.expose(), &reference, &not_after, &signature.to_bytes()?]);
    let sealed = encrypt_with_label(suite, &package.key, SEAL_LABEL, &context, plaintext.expose(), rng)?;
    Ok((pending, sealed))
}

/// An offer whose requester has signed it for this responder, package and time. Only
/// [`open_connection_offer`] makes one.
#[derive(Debug)]
pub struct SignedConnectionOffer<T> {
    requester: CheckedClient<T>,
    request: UnverifiedConnectionRequest,
    id: Opaque,
    not_after: u64,
}

impl<T> SignedConnectionOffer<T> {
    /// The client that offers, and its user.
    #[must_use]
    pub fn requester(&self) -> &CheckedClient<T> {
        &self.requester
    }

    /// What tells this offer from others of the same user.
    #[must_use]
    pub fn id(&self) -> &Opaque {
        &self.id
    }

    /// The request in it: the connection room is still to be looked at, as the draft has it.
    #[must_use]
    pub fn into_request(self) -> UnverifiedConnectionRequest {
        self.request
    }
}

/// Opens an offer that came to the user of `package`, who owns `private_key`. `now` is in
/// milliseconds since the UNIX epoch.
///
/// # Errors
/// [`RequestDoesNotOpen`](PseudonymError::RequestDoesNotOpen), [`Decode`](PseudonymError::Decode);
/// [`AnotherPackage`](PseudonymError::AnotherPackage);
/// [`OfferExpired`](PseudonymError::OfferExpired) for the offer or the package;
/// [`CredentialCheckError`](PseudonymError::CredentialRefused);
/// [`OfferSignature`](PseudonymError::OfferSignature), also for an offer that was made to another
/// user and passed on.
pub fn open_connection_offer<S: CipherSuiteProvider + ?Sized, C: CredentialCheck>(
    suite: &S,
    package: &EstablishmentPackage,
    private_key: &HpkePrivateKey,
    sealed: &HPKECiphertext,
    now: u64,
    check: &C,
) -> Result<SignedConnectionOffer<C::Details>, PseudonymError> {
    let context = package.user.to_bytes()?;
    let plaintext = decrypt_with_label(suite, private_key, SEAL_LABEL, &context, sealed)
        .map_err(|error| not_opened(error, PseudonymError::RequestDoesNotOpen))?;
    let offer = ConnectionOffer::decode_exact(plaintext.expose())?;
    if offer.package_reference != package.reference(suite)? {
        return Err(PseudonymError::AnotherPackage);
    }
    package.check_lifetime(now)?;
    if now > offer.not_after {
        return Err(PseudonymError::OfferExpired);
    }
    let ConnectionOffer { request, package_reference, not_after, signature } = offer;
    let requester = check
        .check(&request.requester_client_credential)
        .map_err(|CredentialCheckError| PseudonymError::CredentialRefused)?;
    let [reference, time] = [package_reference.to_bytes()?, not_after.to_bytes()?];
    let signed = in_a_row(&[&context, request.to_secret_bytes()?.expose(), &reference, &time]);
    verify_with_label(suite, &requester.signature_public_key, OFFER_LABEL, signed.expose(), &signature)
        .map_err(|_| PseudonymError::OfferSignature)?;
    let id = suite.hash(&[signed.expose()]).into();
    let request = UnverifiedConnectionRequest::new(suite, request)?;
    Ok(SignedConnectionOffer { requester, request, id, not_after })
}

/// Encodings of fields in a row, in one allocation that is erased.
fn in_a_row(parts: &[&[u8]]) -> SecretOpaque {
    let length = parts.iter().fold(0_usize, |length, part| length.saturating_add(part.len()));
    let mut bytes = Vec::with_capacity(length);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    SecretOpaque::new(bytes)
}

/// What an offer is to a user that has had others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferArrival {
    /// The first of this requester, or one that takes the place of its earlier offer: show it.
    New,
    /// The very offer that was there before: do nothing again.
    Repeated,
    /// The requester is blocked: do nothing, and let nothing show that it was received.
    Blocked,
    /// As many requesters wait as may: [`IncomingOffers::MAX_WAITING`].
    Full,
}

/// The offers of a user that wait, one for each requester, and the users that it has blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncomingOffers {
    blocked: BTreeSet<UserUri>,
    waiting: BTreeMap<UserUri, (Opaque, u64)>,
}

impl IncomingOffers {
    /// The greatest number of requesters whose offers wait.
    pub const MAX_WAITING: usize = 1024;

    /// No offers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Receives an offer. Offers that no longer hold at `now`, in milliseconds since the UNIX
    /// epoch, make room.
    pub fn receive<T>(&mut self, offer: &SignedConnectionOffer<T>, now: u64) -> OfferArrival {
        let user = &offer.requester.user;
        if self.blocked.contains(user) {
            return OfferArrival::Blocked;
        }
        match self.waiting.get(user) {
            Some((id, _)) if *id == offer.id => return OfferArrival::Repeated,
            Some(_) => {}
            None => {
                if self.waiting.len() >= Self::MAX_WAITING {
                    self.waiting.retain(|_, (_, not_after)| *not_after >= now);
                }
                if self.waiting.len() >= Self::MAX_WAITING {
                    return OfferArrival::Full;
                }
            }
        }
        self.waiting.insert(user.clone(), (offer.id.clone(), offer.not_after));
        OfferArrival::New
    }

    /// The requester's offer was accepted or declined. The next one is new.
    pub fn settle(&mut self, requester: &UserUri) {
        self.waiting.remove(requester);
    }

    /// Blocks a user, whose offers are gone.
    pub fn block(&mut self, user: UserUri) {
        self.waiting.remove(&user);
        self.blocked.insert(user);
    }

    /// Lifts a block.
    pub fn unblock(&mut self, user: &UserUri) {
        self.blocked.remove(user);
    }

    /// The users that are blocked, in order.
    pub fn blocked(&self) -> impl Iterator<Item = &UserUri> {
        self.blocked.iter()
    }
}
