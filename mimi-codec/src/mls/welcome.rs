//! How a member learns that it was added.

use alloc::vec::Vec;

use crate::{
    Opaque, SecretOpaque,
    code_points::CipherSuite,
    convention::wire_struct,
    mls::{HPKECiphertext, KeyPackageRef, PreSharedKeyID},
};

wire_struct! {
    /// The secret of the lowest node that a new member shares with the committer (RFC 9420
    /// §12.4.3.1).
    ///
    /// ```text
    /// struct {
    ///   opaque path_secret<V>;
    /// } PathSecret;
    /// ```
    pub struct PathSecret {
        /// The secret.
        pub path_secret: SecretOpaque,
    }
}

wire_struct! {
    /// What a new member needs to know in secret (RFC 9420 §12.4.3.1).
    ///
    /// ```text
    /// struct {
    ///   opaque joiner_secret<V>;
    ///   optional<PathSecret> path_secret;
    ///   PreSharedKeyID psks<V>;
    /// } GroupSecrets;
    /// ```
    pub struct GroupSecrets {
        /// The epoch's joiner secret.
        pub joiner_secret: SecretOpaque,
        /// If the commit had a path.
        pub path_secret: Option<PathSecret>,
        /// The pre-shared keys that are mixed in.
        pub psks: Vec<PreSharedKeyID>,
    }
}

wire_struct! {
    /// The [`GroupSecrets`] for one new member (RFC 9420 §12.4.3.1).
    ///
    /// ```text
    /// struct {
    ///   KeyPackageRef new_member;
    ///   HPKECiphertext encrypted_group_secrets;
    /// } EncryptedGroupSecrets;
    /// ```
    pub struct EncryptedGroupSecrets {
        /// The hash of the member's KeyPackage.
        pub new_member: KeyPackageRef,
        /// Sealed with its `init_key`.
        pub encrypted_group_secrets: HPKECiphertext,
    }
}

wire_struct! {
    /// To all new members of a commit (RFC 9420 §12.4.3.1).
    ///
    /// ```text
    /// struct {
    ///   CipherSuite cipher_suite;
    ///   EncryptedGroupSecrets secrets<V>;
    ///   opaque encrypted_group_info<V>;
    /// } Welcome;
    /// ```
    pub struct Welcome {
        /// The group's suite.
        pub cipher_suite: CipherSuite,
        /// One for each new member.
        pub secrets: Vec<EncryptedGroupSecrets>,
        /// The GroupInfo, sealed with the welcome secret.
        pub encrypted_group_info: Opaque,
    }
}
