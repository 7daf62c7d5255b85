//! See Cargo.toml.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

struct NoMemory;

// SAFETY: it never gives out memory.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Uses each crate from outside, so that none is left out of the link.
///
/// # Safety
///
/// `bytes` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn accepts(bytes: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, length) };
    let content = mimi_content::MimiContent::decode(bytes).is_ok_and(|message| message.encode() == bytes);
    let wire = <mimi_codec::mls::MLSMessage as mimi_codec::Decode<'_>>::decode_exact(bytes)
        .is_ok_and(|message| mimi_codec::Encode::to_bytes(&message).as_deref() == Ok(bytes));
    content || wire || opens(bytes) || franks(bytes) || links(bytes) || decides(bytes) || follows(bytes)
}

/// Names a member of a room.
fn follows(bytes: &[u8]) -> bool {
    mimi_room::Member::of_mimi_uris(bytes, bytes).is_ok()
}

/// Makes a room of a dictionary and decides in it.
fn decides(bytes: &[u8]) -> bool {
    use mimi_policy::{Actor, Form, RoomParts, RoomState, TableSeed};

    let dictionary =
        <mimi_codec::extensions::AppDataDictionary as mimi_codec::Decode<'_>>::decode_exact(bytes);
    let parts = dictionary.ok().and_then(|dictionary| RoomParts::from_dictionary(&dictionary).ok());
    let Some(Ok(mut room)) = parts.map(|parts| RoomState::new(parts, TableSeed::known())) else {
        return false;
    };
    let Ok(actor) = Actor::named(bytes, bytes) else { return false };
    let plan = room.check(&actor, Form::Commit, &[]);
    plan.is_ok_and(|plan| room.apply(plan).is_ok())
}

/// Reaches the primitives of every suite, which is chosen by the first byte.
fn opens(bytes: &[u8]) -> bool {
    use mimi_codec::{
        code_points::CipherSuite,
        mls::{HPKECiphertext, SignaturePublicKey},
    };
    use mimi_crypto::{HpkePrivateKey, RustCrypto, decrypt_with_label, verify_with_label};

    let Some((suite, bytes)) = bytes.split_first() else { return false };
    let Ok(suite) = RustCrypto::new(CipherSuite(u16::from(*suite))) else { return false };
    let verified = verify_with_label(&suite, &SignaturePublicKey::from(bytes), b"label", bytes, bytes);
    let Ok(private_key) = HpkePrivateKey::new(&suite, bytes) else { return verified.is_ok() };
    let sealed = HPKECiphertext { kem_output: bytes.into(), ciphertext: bytes.into() };
    decrypt_with_label(&suite, &private_key, b"label", bytes, &sealed).is_ok()
}

/// Reads a stored frank and verifies it again with itself as the secret.
fn franks(bytes: &[u8]) -> bool {
    use mimi_crypto::Secret;
    use mimi_franking::{Framing, IntegrityMac, IntegritySecret, MimiFrankable, StoredFrank};

    let Ok(stored) = StoredFrank::<IntegrityMac>::from_bytes(bytes) else { return false };
    let Ok(secret) = IntegritySecret::new(&Secret::from_provider(bytes)) else { return false };
    stored.verify_again(&secret, &MimiFrankable::new(Framing::Bare), bytes).is_ok()
}

/// Opens an identity link with a key of its own.
fn links(bytes: &[u8]) -> bool {
    use mimi_codec::{Decode, code_points::CipherSuite, mls::Credential, protocol::PseudonymousCredential};
    use mimi_crypto::RustCrypto;
    use mimi_pseudonym::{CheckedClient, ConnectionKey, CredentialCheckError, open_identity_link};

    let Ok(suite) = RustCrypto::new(CipherSuite(1)) else { return false };
    let Ok(credential) = PseudonymousCredential::decode_exact(bytes) else { return false };
    let key =
        ConnectionKey::new(&suite, bytes).and_then(|key| key.identity_link_key(&suite, &credential.tbs()));
    let unknown = |_: &Credential| Err::<CheckedClient<()>, _>(CredentialCheckError);
    key.is_ok_and(|key| open_identity_link(&suite, &credential, &key, &unknown).is_ok())
}
