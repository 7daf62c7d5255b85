//! Who may take a role by virtue of its credential (mimi-room-policy-04 §4): component 0x0026.

use alloc::vec::Vec;

use crate::{Opaque, code_points::CredentialType, convention::wire_struct};

wire_struct! {
    /// A claim that a credential can make (mimi-room-policy-04 §4).
    ///
    /// ```text
    /// struct {
    ///   CredentialType credential_type;
    ///   opaque id<V>;
    /// } ClaimId;
    /// ```
    pub struct ClaimId {
        /// The type of credential that makes it.
        pub credential_type: CredentialType,
        /// An X.509 OID in binary, a JWT claim name, or the key of a CWT claim.
        pub id: Opaque,
    }
}

wire_struct! {
    /// A claim and the value that it must have (mimi-room-policy-04 §4).
    ///
    /// ```text
    /// struct {
    ///   ClaimId claim_id;
    ///   opaque claim_value<V>;
    /// } Claim;
    /// ```
    pub struct Claim {
        /// The claim.
        pub claim_id: ClaimId,
        /// Its value.
        pub claim_value: Opaque,
    }
}

wire_struct! {
    /// A role for users who make all of some claims (mimi-room-policy-04 §4).
    ///
    /// The draft's syntax has a whole `Role` for the target; its prose speaks of a role, which is
    /// an index everywhere else.
    ///
    /// ```text
    /// struct {
    ///   Claim claimset<V>;
    ///   uint32 target_role;
    /// } PreAuthRoleEntry;
    /// ```
    pub struct PreAuthRoleEntry {
        /// The claims; an empty list matches every user.
        pub claimset: Vec<Claim>,
        /// The index of the role.
        pub target_role: u32,
    }
}

wire_struct! {
    /// The rules by which credentials lead to roles; the first that matches counts
    /// (mimi-room-policy-04 §4).
    ///
    /// ```text
    /// struct {
    ///   PreAuthRoleEntry preauthorized_entries<V>;
    /// } PreAuthData;
    /// ```
    pub struct PreAuthData {
        /// The rules, in order.
        pub preauthorized_entries: Vec<PreAuthRoleEntry>,
    }
}

/// The `update` of an AppDataUpdate for component 0x0026; it replaces the data as a whole
/// (mimi-room-policy-04 §4).
pub type PreAuthUpdate = PreAuthData;
