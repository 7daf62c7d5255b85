//! What was accepted since the last commit.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use mimi_codec::{
    CapabilityType,
    code_points::ComponentID,
    protocol::RoomMetaData,
    room_policy::{BaseRoomPolicy, PreAuthData},
};

use crate::{ClientUri, UserUri, decision::Party, role_table::RoleTable};

/// An accepted operation on one user's place in the list.
#[derive(Clone, Debug)]
pub(crate) struct PendingOperation {
    pub(crate) by: Party,
    /// The role that it led to; 0 for a removal.
    pub(crate) role: u32,
    /// Whether it put the user on the list.
    pub(crate) added: bool,
    /// The capability that it rests on.
    pub(crate) capability: Option<CapabilityType>,
}

#[derive(Clone, Debug)]
pub(crate) struct PendingClient {
    pub(crate) added: bool,
}

/// The accepted changes that the next commit takes up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    pub(crate) list: BTreeMap<UserUri, PendingOperation>,
    pub(crate) clients: BTreeMap<ClientUri, PendingClient>,
    pub(crate) components: BTreeMap<ComponentID, Party>,
    pub(crate) reinit: Option<Party>,
    /// Added participants, in the order of acceptance.
    pub(crate) added: Vec<u32>,
    /// Removed participants, which keep their place in the list until the commit.
    pub(crate) removed: Vec<u32>,
    /// Users whose accepted operation removes or bans them, or gives them role 1.
    pub(crate) departures: BTreeSet<UserUri>,
    /// How many of the accepted operations are no removals.
    pub(crate) not_removals: usize,
    /// What was before, of all that the accepted changes have touched.
    pub(super) before: Before,
}

/// The room as of the last commit, as far as accepted changes have touched it.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    /// The role and the clients of each user.
    pub(super) users: BTreeMap<UserUri, (u32, Vec<ClientUri>)>,
    pub(super) metadata: Option<Option<RoomMetaData>>,
    pub(super) roles: Option<RoleTable>,
    pub(super) preauth: Option<Option<PreAuthData>>,
    /// The base policy, and whether the components state it.
    pub(super) base: Option<(BaseRoomPolicy, bool)>,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.clients.is_empty() && self.components.is_empty() && self.reinit.is_none()
    }
}
