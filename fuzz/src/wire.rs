//! The wire types: what decodes is encoded to the same bytes, and held in a stated multiple of
//! them.

use arbitrary::{Arbitrary, Unstructured};
use mimi_codec::registry::{TYPES, Visitor, WireType, visit};
use mimi_codec::{DecodeOwned, Encode};

use crate::allocation::bounded;

/// The largest ratio of a value in memory to its encoding: a list of empty elements of a big type.
pub const MULTIPLE: usize = 1024;

struct Check<'a>(&'a [u8]);

impl Visitor for Check<'_> {
    type Output = bool;

    fn visit<T: WireType>(self) -> bool {
        check::<T>(self.0)
    }
}

/// Whether the bytes are accepted as a `T`; whatever the answer, it is checked.
fn check<T: DecodeOwned + Encode + PartialEq + core::fmt::Debug>(data: &[u8]) -> bool {
    match bounded(MULTIPLE, data, T::decode_exact) {
        Ok(value) => {
            let again = value.to_bytes().expect("what was decoded can be encoded");
            assert_eq!(again, data, "another encoding of {value:?}");
            assert_eq!(T::decode_exact(&again).as_ref(), Ok(&value));
            true
        }
        Err(error) => {
            assert!(error.offset() <= data.len(), "{error}");
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// The first two bytes choose one of the types, the rest is its encoding.
pub fn any_type(data: &[u8]) {
    let Some((choice, data)) = data.split_first_chunk::<2>() else { return };
    let entry = &TYPES[usize::from(u16::from_be_bytes(*choice)) % TYPES.len()];
    visit(entry.name, Check(data)).expect("registered");
}

/// A seed for [`any_type`].
pub fn seed_of_any_type(name: &str, encoded: &[u8]) -> Option<Vec<u8>> {
    let position = TYPES.iter().position(|entry| entry.name == name)?;
    let mut seed = u16::try_from(position).ok()?.to_be_bytes().to_vec();
    seed.extend_from_slice(encoded);
    Some(seed)
}

macro_rules! alone {
    ($($(#[$doc:meta])* $function:ident: $($type:ty),+;)*) => {$(
        $(#[$doc])*
        pub fn $function(data: &[u8]) {
            $(check::<$type>(data);)+
        }
    )*};
}

alone! {
    /// MLSMessage, in which most structs of RFC 9420 can stand.
    mls_message: mimi_codec::mls::MLSMessage;
    /// The body of /update.
    update_request: mimi_codec::protocol::UpdateRequest, mimi_codec::protocol::HandshakeBundle;
    /// One event of /notify.
    fanout_message: mimi_codec::protocol::FanoutMessage;
    /// The bodies of /groupInfo, and what is sealed in them.
    group_info: mimi_codec::protocol::GroupInfoRequest, mimi_codec::protocol::GroupInfoResponse,
        mimi_codec::protocol::GroupInfoRatchetTreeTBE;
    /// A bare ratchet tree.
    ratchet_tree: mimi_codec::mls::RatchetTree;
    /// The bodies of /keyMaterial.
    key_material: mimi_codec::protocol::KeyMaterialRequest, mimi_codec::protocol::KeyMaterialResponse;
    /// The components of room policy.
    room_policy: mimi_codec::room_policy::RoleData, mimi_codec::room_policy::PreAuthData,
        mimi_codec::room_policy::BaseRoomPolicy, mimi_codec::room_policy::AssetPolicy,
        mimi_codec::room_policy::OperationalParameters;
}

struct Draw<'a, 'u>(&'u mut Unstructured<'a>);

impl Visitor for Draw<'_, '_> {
    type Output = ();

    fn visit<T: WireType>(self) {
        let Ok(value) = T::arbitrary(self.0) else { return };
        let Ok(encoded) = value.to_bytes() else { return };
        assert_eq!(T::decode_exact(&encoded), Ok(value), "{}", core::any::type_name::<T>());
    }
}

/// A valid value of one of the types: what is encoded is decoded to the same value.
pub fn values(data: &[u8]) {
    let mut unstructured = Unstructured::new(data);
    let Ok(choice) = u16::arbitrary(&mut unstructured) else { return };
    let entry = &TYPES[usize::from(choice) % TYPES.len()];
    visit(entry.name, Draw(&mut unstructured)).expect("registered");
}
