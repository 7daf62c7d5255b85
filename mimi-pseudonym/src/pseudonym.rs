//! Names that say nothing (mimi-metadata-minimalization-02 §3; mimi-protocol-06 §6).

use alloc::string::String;
use core::fmt::Write;

use mimi_codec::{
    ClientUri, DnsNameRef, MimiUri, UriKind, UserUri,
    protocol::{IdentifierUri, PseudonymousCredential, PseudonymousCredentialTBS},
};
use rand_core::CryptoRng;

use crate::PseudonymError;

/// A new user pseudonym: `mimi://<provider>/u/<UUID>`, a random UUID (version 4) of 122 random
/// bits.
///
/// All clients of the user share it in one room, and no other room sees it.
///
/// # Errors
/// [`PseudonymError::InvalidPseudonym`], which a host that was parsed doesn't give.
pub fn random_user_pseudonym(
    provider: DnsNameRef<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<IdentifierUri, PseudonymError> {
    Ok(MimiUri::user(provider, &random_uuid(rng))?.into())
}

/// A new client pseudonym: `mimi://<provider>/d/<UUID>`, a random UUID (version 4) of 122 random
/// bits. Each KeyPackage has its own.
///
/// # Errors
/// [`PseudonymError::InvalidPseudonym`], which a host that was parsed doesn't give.
pub fn random_client_pseudonym(
    provider: DnsNameRef<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<IdentifierUri, PseudonymError> {
    Ok(MimiUri::client(provider, &random_uuid(rng))?.into())
}

/// RFC 9562 §5.4: 122 random bits, the version 4 and the variant `10`.
fn random_uuid(rng: &mut dyn CryptoRng) -> String {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let mut uuid = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        // Writing to a String doesn't fail.
        let _ = write!(uuid, "{byte:02x}");
    }
    uuid
}

/// The provider that both pseudonyms are of. Any MIMI URI in its normal form passes as a pseudonym:
/// only its maker has to take a UUID.
///
/// # Errors
/// [`PseudonymError::InvalidPseudonym`] for what is no MIMI URI, [`PseudonymError::Identity`] for
/// another spelling than the one that counts, [`PseudonymError::ProviderMismatch`] for two
/// providers.
pub fn pseudonym_provider<'a>(
    client_pseudonym: &'a IdentifierUri,
    user_pseudonym: &'a IdentifierUri,
) -> Result<DnsNameRef<'a>, PseudonymError> {
    let (user, client) = (user_pseudonym.mimi_uri()?, client_pseudonym.mimi_uri()?);
    UserUri::check(user_pseudonym.as_bytes())?;
    ClientUri::check(client_pseudonym.as_bytes())?;
    if client.host() == user.host() { Ok(user.host()) } else { Err(PseudonymError::ProviderMismatch) }
}

/// Whether a pseudonym is what the draft says one is made up of: a random UUID under the provider's
/// domain, as [`random_user_pseudonym`] and [`random_client_pseudonym`] make it. A UUID of another
/// version may hold a time or the address of a machine.
pub(crate) fn check_random(pseudonym: &IdentifierUri, kind: UriKind<'_>) -> Result<(), PseudonymError> {
    let uri = pseudonym.mimi_uri()?;
    // A user pseudonym stands under `u` or `p` (mimi-identity-05 §4).
    let is_of_kind = uri.kind() == kind || kind.names_user() && uri.kind().names_user();
    let is_uuid = uri.is_normal() && is_of_kind && uri.id().is_some_and(is_random_uuid);
    if is_uuid { Ok(()) } else { Err(PseudonymError::PseudonymNotRandom) }
}

/// Lower-case text of a UUID with version 4 and variant `10`.
fn is_random_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'4',
            19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// What has the fields of a PseudonymousCredentialTBS.
pub(crate) trait Pseudonymous {
    fn provider(&self) -> Result<DnsNameRef<'_>, PseudonymError>;
}

impl Pseudonymous for PseudonymousCredential {
    fn provider(&self) -> Result<DnsNameRef<'_>, PseudonymError> {
        pseudonym_provider(&self.client_pseudonym, &self.user_pseudonym)
    }
}

impl Pseudonymous for PseudonymousCredentialTBS {
    fn provider(&self) -> Result<DnsNameRef<'_>, PseudonymError> {
        pseudonym_provider(&self.client_pseudonym, &self.user_pseudonym)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use alloc::{collections::BTreeSet, string::ToString};

    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use mimi_codec::IdentityError;

    use super::*;

    #[test]
    fn makes_random_uuids_of_version_4_under_the_providers_domain() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let provider = DnsNameRef::parse("a.example").unwrap();
        let mut seen = BTreeSet::new();
        let mut all_bits = [0_u8; 16];
        for _ in 0..500 {
            for (pseudonym, kind) in [
                (random_user_pseudonym(provider, &mut rng).unwrap(), "mimi://a.example/u/"),
                (random_client_pseudonym(provider, &mut rng).unwrap(), "mimi://a.example/d/"),
            ] {
                let text = core::str::from_utf8(pseudonym.as_bytes()).unwrap();
                let uuid = text.strip_prefix(kind).unwrap();
                let dashes = uuid.match_indices('-').map(|(at, _)| at);
                assert!(dashes.eq([8, 13, 18, 23]));
                assert_eq!(&uuid[14..15], "4");
                assert!(["8", "9", "a", "b"].contains(&&uuid[19..20]));
                assert!(uuid.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'f')));
                assert!(seen.insert(text.to_string()), "never the same twice");
                let value = u128::from_str_radix(&uuid.replace('-', ""), 16).unwrap();
                all_bits.iter_mut().zip(value.to_be_bytes()).for_each(|(all, byte)| *all |= byte);
            }
        }
        // Every bit that isn't fixed has been 1.
        let mut expected = [0xff; 16];
        expected[6] = 0x4f;
        expected[8] = 0xbf;
        assert_eq!(all_bits, expected);
    }

    #[test]
    fn knows_a_random_uuid_of_its_kind() {
        let uri = |text: &str| IdentifierUri::new(text).unwrap();
        let random = "mimi://a.example/u/3f2504e0-4f89-41d3-9a0c-0305e82c3301";
        assert_eq!(check_random(&uri(random), UriKind::User), Ok(()));
        let shown = "mimi://a.example/p/3f2504e0-4f89-41d3-9a0c-0305e82c3301";
        assert_eq!(check_random(&uri(shown), UriKind::User), Ok(()));
        for other in [
            "mimi://a.example/d/3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            // Version 1 holds a time and a machine's address; variant c.
            "mimi://a.example/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "mimi://a.example/u/3f2504e0-4f89-41d3-ca0c-0305e82c3301",
            "mimi://a.example/u/3F2504e0-4f89-41d3-9a0c-0305e82c3301",
            "mimi://A.example/u/3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "mimi://a.example/u/3f2504e0-4f89-41d3-9a0c-0305e82c33010",
            "mimi://a.example/u/alice",
            "mimi://a.example",
        ] {
            let refused = check_random(&uri(other), UriKind::User);
            assert_eq!(refused, Err(PseudonymError::PseudonymNotRandom), "{other}");
        }
    }

    #[test]
    fn accepts_any_mimi_uri_in_its_normal_form_as_a_pseudonym_that_was_received() {
        let uri = |text: &str| IdentifierUri::new(text).unwrap();
        let odd = uri("mimi://a.example/x/person");
        let other = uri("mimi://a.example/d/not-a-uuid");
        assert_eq!(pseudonym_provider(&other, &odd).unwrap().as_str(), "a.example");
        let stranger = uri("mimi://b.example/u/1");
        assert_eq!(pseudonym_provider(&other, &stranger), Err(PseudonymError::ProviderMismatch));
        let no_uri = uri("person");
        let error = no_uri.mimi_uri().unwrap_err();
        assert_eq!(pseudonym_provider(&other, &no_uri), Err(PseudonymError::InvalidPseudonym(error)));
        for (spelling, offset) in [
            ("mimi://A.example/u/1", 7),
            ("MIMI://a.example/u/1", 0),
            ("mimi://a.example/u/%31", 19),
            ("mimi://a.example/u/a%2fb", 22),
        ] {
            let refused = PseudonymError::Identity(IdentityError::NotNormal { offset });
            let spelling = uri(spelling);
            assert_eq!(pseudonym_provider(&spelling, &odd), Err(refused.clone()));
            assert_eq!(pseudonym_provider(&other, &spelling), Err(refused));
        }
    }
}
