//! mimi-room-policy-04, paragraph by paragraph. Slow, and as near to the text as it goes: one
//! function per capability, every check by counting, the state after made by copying the room.

use std::collections::BTreeSet;

use super::room::{Cap, Change, Claim, Field, Form, Preauth, Role, Room, Try, Uri, Who};

/// What a capability's paragraph says of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Says {
    /// It authorizes it.
    Yes,
    /// It would, but its holder's role doesn't have the capability.
    NotHeld,
    /// The capability is held, and a condition isn't met.
    Condition,
}

#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Why not, in words, or nothing.
    pub(crate) refused: Option<&'static str>,
    /// What each capability that was looked at says.
    pub(crate) said: Vec<(Cap, Says)>,
    /// The room afterwards, if it is allowed.
    pub(crate) after: Option<Room>,
}

pub(crate) fn decide(t: &Try) -> Answer {
    let mut answer = Answer::default();
    match decide_saying(t, &mut answer.said) {
        Ok(after) => answer.after = Some(after),
        Err(why) => answer.refused = Some(why),
    }
    answer
}

fn decide_saying(t: &Try, said: &mut Vec<(Cap, Says)>) -> Result<Room, &'static str> {
    if let Some(why) = what_makes_a_room_invalid(&t.room) {
        return Err(why);
    }
    who_may_use_the_form(t)?;
    at_most_one_operation_per_user(t)?;
    what_may_share_a_commit(t)?;
    let after = after_all_changes(t)?;
    for change in &t.changes {
        if !is_authorized(t, &after, change, said) {
            return Err("a change is not authorized");
        }
    }
    joining_client_is_authorized(t, &after, said)?;
    clients_leave_with_their_users(t, &after)?;
    if let Some(why) = what_makes_a_room_invalid(&after).or_else(|| who_may_not_enter(&t.room, &after)) {
        return Err(why);
    }
    Ok(after)
}

/// 5: "the list of participants of the room MUST be a strict subset of the participants of the
/// parent room." D52: asked of those who come, and of all when the room begins to depend on a
/// parent; one who has left the parent since makes no room invalid and is removed.
fn who_may_not_enter(before: &Room, after: &Room) -> Option<&'static str> {
    if !after.base.parent_dependant {
        return None;
    }
    let old = |user: &Uri| before.base.parent_dependant && before.role_of(user).is_some();
    let new: Vec<&Uri> = after.list.iter().map(|(user, _)| user).filter(|user| !old(user)).collect();
    if new.is_empty() && before.base.parent_dependant {
        return None;
    }
    let Some(parent) = &after.parent_participants else { return Some("the parent's list is not known") };
    if new.iter().any(|user| !parent.contains(user)) {
        return Some("a participant is not in the parent room");
    }
    (after.list.len() >= parent.len()).then_some("not a strict subset of the parent's participants")
}

/// D52: a user who has left the parent room.
fn has_left_parent(room: &Room, user: &Uri) -> bool {
    let parent = room.parent_participants.as_ref().filter(|_| room.base.parent_dependant);
    parent.is_some_and(|parent| !parent.contains(user))
}

/// What a condition is about, in the order in which they are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The room is invalid before.
    Room,
    /// Who may send a message of this form, and what may be in it.
    Form,
    /// What may share a commit.
    Together,
    /// Whether the changes can be made at all.
    Possible,
    /// Whether they are authorized.
    Right,
    /// Clients leave with their users.
    Departure,
    /// The room is invalid afterwards.
    After,
}

/// Every stage with a condition that isn't met, each asked by itself: a refusal is for one of
/// these, whichever comes first.
pub(crate) fn fails(t: &Try) -> BTreeSet<Stage> {
    if what_makes_a_room_invalid(&t.room).is_some() {
        return BTreeSet::from([Stage::Room]);
    }
    let mut stages = BTreeSet::new();
    let mut ask = |stage, fails: bool| {
        if fails {
            stages.insert(stage);
        }
    };
    ask(Stage::Form, who_may_use_the_form(t).is_err());
    ask(Stage::Together, at_most_one_operation_per_user(t).is_err() || what_may_share_a_commit(t).is_err());
    let said = &mut Vec::new();
    match after_all_changes(t) {
        Err(_) => ask(Stage::Possible, true),
        Ok(after) => {
            let authorized = |change| is_authorized(t, &after, change, &mut Vec::new());
            ask(Stage::Right, !t.changes.iter().all(authorized));
            ask(Stage::Right, joining_client_is_authorized(t, &after, said).is_err());
            ask(Stage::Departure, clients_leave_with_their_users(t, &after).is_err());
            let invalid = what_makes_a_room_invalid(&after).or_else(|| who_may_not_enter(&t.room, &after));
            ask(Stage::After, invalid.is_some());
        }
    }
    stages
}

// ---- Rooms

/// Which rooms are invalid, so that everything is refused (design, "A room is invalid").
fn what_makes_a_room_invalid(room: &Room) -> Option<&'static str> {
    for (position, role) in room.roles.iter().enumerate() {
        if room.roles[..position].iter().any(|other| other.index == role.index) {
            return Some("a role index occurs twice");
        }
        // Section 3: minimum and maximum.
        if role.max.is_some_and(|max| role.min > max)
            || role.max_active.is_some_and(|max| role.min_active > max)
        {
            return Some("a minimum exceeds its maximum");
        }
        // 8.1.1: "canOpenJoin MUST NOT appear in any non-zero role."
        if role.index != 0 && role.capabilities.contains(&Cap::OpenJoin) {
            return Some("canOpenJoin on a role other than 0");
        }
        // 5: "none of its non-zero, non-banned roles can contain the canAddParticipant capability".
        if room.base.fixed_membership
            && role.index != 0
            && !room.is_banned_role(role.index)
            && role.capabilities.contains(&Cap::AddParticipant)
        {
            return Some("canAddParticipant in a fixed-membership room");
        }
    }
    for (position, (user, role)) in room.list.iter().enumerate() {
        if room.list[..position].iter().any(|(other, _)| other == user) {
            return Some("a participant occurs twice");
        }
        // 3: role 0 "is reserved to refer to a participant that does not (yet) or no longer
        // appears".
        if *role == 0 || room.role(*role).is_none() {
            return Some("a participant has role 0 or one that isn't there");
        }
    }
    if room.base.parent_dependant && room.base.parent_room.is_empty() {
        return Some("no parent room");
    }
    for (user, _) in &room.clients {
        if room.role_of(user).is_none() {
            return Some("a client belongs to no user on the list");
        }
        let devices = room.clients.iter().filter(|(owner, _)| owner == user).count();
        if !room.base.multi_device && devices > 1 {
            return Some("two clients in a single-device room");
        }
    }
    if room.base.max_clients.is_some_and(|max| room.clients.len() as u32 > max) {
        return Some("too many clients");
    }
    let users = room.list.iter().filter(|(_, role)| !room.is_banned_role(*role)).count() as u32;
    if room.base.max_users.is_some_and(|max| users > max) {
        return Some("too many users");
    }
    None
}

// ---- Forms

fn who_may_use_the_form(t: &Try) -> Result<(), &'static str> {
    // D51: a banned user is cut off; its clients in the group may propose to leave.
    let banned = |who: &Who| t.room.role_of(who.uri()).is_some_and(|role| t.room.is_banned_role(role));
    let leaves = |who: &Who, change: &Change| matches!((who, change), (Who::User { user, .. }, Change::RemoveClient(owner, _)) if owner == user);
    if banned(&t.actor) {
        let only_leaves = t.changes.iter().all(|(_, change)| leaves(&t.actor, change));
        if t.form != Form::Proposal || t.changes.is_empty() || !only_leaves {
            return Err("a banned user does more than leave");
        }
    }
    for (by, change) in &t.changes {
        if by.as_ref().is_some_and(|by| banned(by) && !leaves(by, change)) {
            return Err("a banned user proposed more than to leave");
        }
    }
    match (t.form, &t.actor) {
        // mimi-protocol 7.3: servers propose and never commit; RFC 9420: proposals and commits of
        // members come from members.
        (Form::Proposal | Form::Commit, Who::User { user, client, .. }) => {
            if !t.room.clients.contains(&(*user, *client)) {
                return Err("the actor is no member");
            }
        }
        (Form::ExternalCommit, Who::User { user, client, .. }) => {
            // RFC 9420: a resync removes the joiner's old appearance.
            let removes_old = t.changes.iter().any(|(by, change)| {
                by.is_none() && matches!(change, Change::RemoveClient(_, removed) if removed == client)
            });
            if t.room.has_client(client) && !removes_old {
                return Err("the joining client is a member");
            }
            // RFC 9420 12.2: of an external commit's own proposals, "at most one Remove proposal,
            // with which the joiner removes an old version of themselves", and no Add. The old
            // version is the joiner's own, whatever it is called.
            let mut removals = 0;
            for (_, change) in t.changes.iter().filter(|(by, _)| by.is_none()) {
                match change {
                    Change::AddClient(owner, added) if owner != user || added != client => {
                        return Err("an external commit adds another client");
                    }
                    Change::RemoveClient(owner, _) => {
                        removals += 1;
                        if owner != user || removals > 1 {
                            return Err("an external commit removes more than one old client of its own");
                        }
                    }
                    _ => {}
                }
            }
        }
        (Form::ExternalProposal, Who::User { user, client, .. }) => {
            // RFC 9420, new_member_proposal: an Add of oneself. D: outsiders join by external
            // commit.
            for (_, change) in &t.changes {
                let own =
                    matches!(change, Change::AddClient(owner, added) if owner == user && added == client);
                if !own {
                    return Err("an outsider proposes more than its own client");
                }
            }
        }
        (Form::ExternalProposal, Who::Server { .. }) => {}
        (_, Who::Server { .. }) => return Err("servers propose and never commit"),
    }
    for (by, change) in &t.changes {
        let Some(by) = by else { continue };
        match (t.form, by) {
            (Form::Commit, Who::Server { .. }) => {}
            (Form::Commit, Who::User { user, client, .. }) => {
                let member = t.room.clients.contains(&(*user, *client));
                let own =
                    matches!(change, Change::AddClient(owner, added) if owner == user && added == client);
                if !member && !own {
                    return Err("an outsider proposed more than its own client");
                }
            }
            // mls-extensions: of proposals by reference, an external commit holds SelfRemove.
            (Form::ExternalCommit, Who::User { user, client, .. }) => {
                let own = matches!(change, Change::RemoveClient(owner, removed) if owner == user && removed == client);
                if !own || !t.room.clients.contains(&(*user, *client)) {
                    return Err("an external commit refers to a proposal");
                }
            }
            _ => return Err("a proposal takes up another's"),
        }
    }
    Ok(())
}

// ---- What may share a commit

/// mimi-protocol 7.5: "A single commit is not valid if it contain any combination of Participant
/// list updates that operate on (add, remove, or change the role of) the same user in the
/// participant list more than once."
fn at_most_one_operation_per_user(t: &Try) -> Result<(), &'static str> {
    let mut users = BTreeSet::new();
    for (_, change) in &t.changes {
        if let Some(user) = whose_entry_changes(change)
            && !users.insert(user)
        {
            return Err("two operations on one user");
        }
    }
    Ok(())
}

fn whose_entry_changes(change: &Change) -> Option<Uri> {
    match change {
        Change::Add(user, _)
        | Change::Remove(user)
        | Change::SetRole(user, _)
        | Change::JoinCode { user, .. } => Some(user),
        _ => None,
    }
}

fn what_may_share_a_commit(t: &Try) -> Result<(), &'static str> {
    let any = |wanted: fn(&Change) -> bool| t.changes.iter().any(|(_, change)| wanted(change));
    let count = |wanted: fn(&Change) -> bool| t.changes.iter().filter(|(_, change)| wanted(change)).count();
    // 3: a role update "is not valid if it appear in the same commit as any Participant List
    // change".
    if any(|c| matches!(c, Change::Roles(_))) && any(|c| whose_entry_changes(c).is_some()) {
        return Err("roles and the list in one commit");
    }
    // 4: "not valid if it appears in the same commit as any Participant List change, except for
    // user removals".
    if any(|c| matches!(c, Change::Preauth(_)))
        && any(|c| whose_entry_changes(c).is_some() && !matches!(c, Change::Remove(_)))
    {
        return Err("preauthorized users and the list in one commit");
    }
    // mimi-protocol 7.6: "Only a single Room metadata update is valid per commit." The reading is
    // that this goes for every component that an update replaces as a whole.
    if count(|c| matches!(c, Change::Metadata(_))) > 1
        || count(|c| matches!(c, Change::Roles(_))) > 1
        || count(|c| matches!(c, Change::Preauth(_))) > 1
        || count(|c| matches!(c, Change::Base(_))) > 1
    {
        return Err("two updates of one component");
    }
    // RFC 9420 would have a Remove and an Add of one client in a commit. The reading is that only
    // an external commit replaces a client.
    let replaced = t.changes.iter().any(|(_, added)| {
        matches!(added, Change::AddClient(_, client) if t.changes.iter().any(
            |(_, removed)| matches!(removed, Change::RemoveClient(_, other) if client == other),
        ))
    });
    if replaced && t.form != Form::ExternalCommit {
        return Err("a client is removed and added in one commit");
    }
    // RFC 9420 12.2: "a ReInit proposal together with any other proposal"; and none in an external
    // commit.
    if any(|c| matches!(c, Change::Reinit)) && (t.changes.len() > 1 || t.form == Form::ExternalCommit) {
        return Err("ReInit beside something else");
    }
    Ok(())
}

// ---- The state after

/// All changes, without asking whether they are authorized.
fn after_all_changes(t: &Try) -> Result<Room, &'static str> {
    let before = &t.room;
    let mut after = before.clone();
    // RFC 9420: removals come before additions, whatever their order in the commit.
    let mut removed_clients = BTreeSet::new();
    for (_, change) in &t.changes {
        if let Change::RemoveClient(user, client) = change {
            if !before.clients.contains(&(*user, *client)) || !removed_clients.insert(*client) {
                return Err("a client that isn't there is removed");
            }
            after.clients.retain(|(_, present)| present != client);
        }
    }
    for change in &t.changes {
        match &change.1 {
            Change::RemoveClient(..) => {}
            Change::AddClient(user, client) => {
                if after.has_client(client) {
                    return Err("a client that is there is added");
                }
                after.clients.push((*user, *client));
            }
            Change::Add(user, role) | Change::JoinCode { user, role, .. } => {
                if before.role_of(user).is_some() {
                    return Err("a user on the list is added");
                }
                if *role == 0 || before.role(*role).is_none() {
                    return Err("no such role");
                }
                after.list.push((*user, *role));
            }
            Change::Remove(user) => {
                if before.role_of(user).is_none() {
                    return Err("a user that isn't on the list is removed");
                }
                after.list.retain(|(listed, _)| listed != user);
            }
            Change::SetRole(user, role) => {
                if *role == 0 || before.role(*role).is_none() {
                    return Err("no such role");
                }
                match after.list.iter_mut().find(|(listed, _)| listed == user) {
                    Some(entry) => entry.1 = *role,
                    None => return Err("the role of a user that isn't on the list changes"),
                }
            }
            Change::Roles(roles) => after.roles = roles.clone(),
            Change::Preauth(preauth) => after.preauth = preauth.clone(),
            Change::Base(base) => after.base = base.clone(),
            Change::Metadata(_) | Change::Reinit | Change::Destroy => {}
        }
    }
    // The joining client of an external commit, if it isn't named.
    if let (Form::ExternalCommit, Who::User { user, client, .. }) = (t.form, &t.actor)
        && !after.has_client(client)
    {
        after.clients.push((*user, *client));
    }
    // D: a proposal may leave the clients of a removed or banned user to the commit; a user who
    // leaves proposes both at once.
    if matches!(t.form, Form::Proposal | Form::ExternalProposal) {
        for change in &t.changes {
            let by = t.by(change);
            let gone = match &change.1 {
                Change::Remove(user) if *user != by.uri() => Some(*user),
                Change::SetRole(user, role)
                    if before.is_banned_role(*role) && takes_clients(before, by, user) =>
                {
                    Some(*user)
                }
                _ => None,
            };
            // A commit takes out the clients that are there, not one that comes in it.
            after.clients.retain(|pair| Some(pair.0) != gone || !before.clients.contains(pair));
        }
    }
    Ok(after)
}

/// Whether it is a ban by canBan. One by canChangeUserRole leaves the clients to those with
/// canKick, where section 8 asks for "a set of consistent MLS proposals that could be committed by
/// any member".
fn takes_clients(before: &Room, by: &Who, user: &Uri) -> bool {
    let (Some(holder), Some(old)) = (acts_as(before, by), before.role_of(user)) else { return false };
    by.uri() != *user && holder.capabilities.contains(&Cap::Ban) && arc_allows(holder, old, 1)
}

/// the clients of a removed or banned user leave in the same commit. (That no user's clients
/// stay is a condition of a room.)
fn clients_leave_with_their_users(t: &Try, after: &Room) -> Result<(), &'static str> {
    for (_, change) in &t.changes {
        if let Change::SetRole(user, role) | Change::Add(user, role) | Change::JoinCode { user, role, .. } =
            change
            && t.room.is_banned_role(*role)
            && after.is_active(user)
        {
            return Err("a banned user keeps a client");
        }
    }
    let role_1_becomes_banned = !t.room.is_banned_role(1) && after.is_banned_role(1);
    if role_1_becomes_banned && after.list.iter().any(|(user, role)| *role == 1 && after.is_active(user)) {
        return Err("a holder of role 1, which becomes the banned one, keeps a client");
    }
    // "Due to restrictions in MLS [...] this action cannot be committed by the leaving user": nor
    // by the client that leaves.
    if let (Form::Commit, Who::User { client, .. }) = (t.form, &t.actor)
        && t.changes
            .iter()
            .any(|(_, change)| matches!(change, Change::RemoveClient(_, removed) if removed == client))
    {
        return Err("the committer removes itself");
    }
    Ok(())
}

// ---- Limits, asked of the state after all changes

fn minimum_holds(after: &Room, role: u32) -> bool {
    after.role(role).is_none_or(|r| r.min == 0 || after.count(role) >= r.min)
}

fn minimum_active_holds(after: &Room, role: u32) -> bool {
    after.role(role).is_none_or(|r| r.min_active == 0 || after.count_active(role) >= r.min_active)
}

fn maximum_holds(after: &Room, role: u32) -> bool {
    after.role(role).is_none_or(|r| r.max.is_none_or(|max| after.count(role) <= max))
}

fn maximum_active_holds(after: &Room, role: u32) -> bool {
    after.role(role).is_none_or(|r| r.max_active.is_none_or(|max| after.count_active(role) <= max))
}

// ---- Who acts with which role

/// 4: an entry "matches for a requester when every Claim.claim_id has a corresponding claim in the
/// requester's MLS Credential which exactly matches the corresponding claim_value"; the requester
/// "receives the first role which matches its claims".
fn first_match<'a>(preauth: impl Iterator<Item = &'a Preauth>, claims: &[Claim]) -> Option<u32> {
    for entry in preauth {
        if entry.claims.iter().all(|claim| claims.contains(claim)) {
            return Some(entry.role);
        }
    }
    None
}

/// The role whose capabilities and role changes count: the entry in the list before the commit,
/// else the preauthorized one of an external sender, else role 0.
fn acts_as<'a>(room: &'a Room, who: &Who) -> Option<&'a Role> {
    if let Some(role) = room.role_of(who.uri()) {
        return room.role(role);
    }
    match who {
        Who::Server { claims, .. } => room.role(first_match(room.preauth.iter(), claims)?),
        Who::User { .. } => room.role(0),
    }
}

fn arc_allows(role: &Role, from: u32, to: u32) -> bool {
    role.changes.iter().any(|(source, targets)| *source == from && targets.contains(&to))
}

/// Everything that a capability's paragraph is asked about.
struct Question<'a> {
    t: &'a Try,
    before: &'a Room,
    after: &'a Room,
    by: &'a Who,
    holder: Option<&'a Role>,
}

impl Question<'_> {
    fn held(&self, capability: Cap) -> Option<&Role> {
        self.holder.filter(|role| role.capabilities.contains(&capability))
    }

    fn answer(&self, capability: Cap, condition: impl FnOnce(&Role) -> bool) -> Says {
        match self.held(capability) {
            None => Says::NotHeld,
            Some(role) if condition(role) => Says::Yes,
            Some(_) => Says::Condition,
        }
    }
}

fn is_authorized(t: &Try, after: &Room, change: &(Option<Who>, Change), said: &mut Vec<(Cap, Says)>) -> bool {
    let by = t.by(change);
    let q = Question { t, before: &t.room, after, by, holder: acts_as(&t.room, by) };
    let mut any = false;
    let mut ask = |capability: Cap, says: Says| {
        said.push((capability, says));
        any |= says == Says::Yes;
    };
    let own = |user: &Uri| *user == by.uri();
    match &change.1 {
        Change::Add(user, role) if own(user) => {
            ask(Cap::OpenJoin, can_open_join(&q, *role));
            ask(Cap::JoinIfPreauthorized, can_join_if_preauthorized(&q, *role));
        }
        Change::Add(_, role) => {
            ask(Cap::AddParticipant, can_add_participant(&q, *role));
            if *role == 1 {
                ask(Cap::Ban, can_ban_in_advance(&q));
            }
        }
        Change::JoinCode { user, role, valid } => {
            // D47: one way of joining is enough. A code that no user here can know may have been
            // shown.
            ask(Cap::UseJoinCode, can_use_join_code(&q, user, *role, valid.unwrap_or(true)));
            if own(user) {
                ask(Cap::OpenJoin, can_open_join(&q, *role));
                ask(Cap::JoinIfPreauthorized, can_join_if_preauthorized(&q, *role));
            }
        }
        // D52: who has left the parent room is removed by any member or by a server, without a
        // capability.
        Change::Remove(user) if has_left_parent(&t.room, user) && t.room.role_of(user).is_some() => {
            return true;
        }
        Change::Remove(user) if own(user) => ask(Cap::RemoveSelf, can_remove_self(&q, user)),
        Change::Remove(user) => ask(Cap::RemoveParticipant, can_remove_participant(&q, user)),
        Change::SetRole(user, role) if own(user) => {
            ask(Cap::ChangeOwnRole, can_change_own_role(&q, user, *role));
        }
        Change::SetRole(user, role) => {
            ask(Cap::ChangeUserRole, can_change_user_role(&q, user, *role));
            if *role == 1 {
                ask(Cap::Ban, can_ban(&q, user));
            }
            if t.room.role_of(user) == Some(1) {
                ask(Cap::Unban, can_unban(&q, user, *role));
            }
        }
        Change::AddClient(user, client) if own(user) => {
            if is_joining(t, user) {
                // The joiner's client comes with its entry: the one that commits, and no other.
                return t.form == Form::ExternalCommit && is_actors_client(t, client);
            }
            ask(Cap::AddOwnClient, can_add_own_client(&q, user, client));
        }
        Change::AddClient(user, _) => return comes_with_an_added_user(&q, user),
        // D51: the clients of a banned user, too.
        Change::RemoveClient(user, _)
            if t.room.role_of(user).is_some_and(|role| t.room.is_banned_role(role))
                && !t.changes.iter().any(|(_, change)| whose_entry_changes(change) == Some(*user)) =>
        {
            return true;
        }
        Change::RemoveClient(user, _)
            if has_left_parent(&t.room, user)
                && t.changes.iter().any(|change| {
                    matches!(&change.1, Change::Remove(removed) if removed == user)
                        && (t.form == Form::Commit || own(user) || t.by(change).uri() == by.uri())
                }) =>
        {
            return true;
        }
        // D51: new roles that make role 1 the banned one take its holders' clients along.
        Change::RemoveClient(user, _)
            if t.room.role_of(user) == Some(1)
                && !t.room.is_banned_role(1)
                && after.is_banned_role(1)
                && t.changes
                    .iter()
                    .any(|change| matches!(change.1, Change::Roles(_)) && t.by(change).uri() == by.uri()) =>
        {
            return true;
        }
        Change::RemoveClient(user, client) if own(user) => {
            if leaves(t, by, user) {
                return true;
            }
            ask(Cap::RemoveOwnClient, can_remove_own_client(&q, user, client));
        }
        Change::RemoveClient(user, _) => {
            if goes_with_a_removed_or_banned_user(&q, user) {
                return true;
            }
            ask(Cap::Kick, can_kick(&q, user));
        }
        Change::Metadata(fields) => {
            let mut all = true;
            for field in fields {
                let capability = match field {
                    Field::Name => Cap::ChangeRoomName,
                    Field::Descriptions => Cap::ChangeRoomDescription,
                    Field::Avatar => Cap::ChangeRoomAvatar,
                    Field::Subject => Cap::ChangeRoomSubject,
                    Field::Mood => Cap::ChangeRoomMood,
                };
                let says = simply_holds(&q, capability);
                said.push((capability, says));
                all &= says == Says::Yes;
            }
            return all;
        }
        Change::Roles(_) => ask(Cap::ChangeRoleDefinitions, simply_holds(&q, Cap::ChangeRoleDefinitions)),
        Change::Preauth(_) => {
            ask(Cap::ChangePreauthorizedUserList, simply_holds(&q, Cap::ChangePreauthorizedUserList));
        }
        Change::Base(_) => {
            ask(Cap::ChangeRoomMembershipStyle, simply_holds(&q, Cap::ChangeRoomMembershipStyle));
        }
        Change::Reinit => ask(Cap::SendMlsReinitProposal, simply_holds(&q, Cap::SendMlsReinitProposal)),
        Change::Destroy => ask(Cap::DestroyRoom, simply_holds(&q, Cap::DestroyRoom)),
    }
    any
}

/// An external commit adds its client, named or not.
fn joining_client_is_authorized(
    t: &Try,
    after: &Room,
    said: &mut Vec<(Cap, Says)>,
) -> Result<(), &'static str> {
    let (Form::ExternalCommit, Who::User { user, client, .. }) = (t.form, &t.actor) else { return Ok(()) };
    let named = t.changes.iter().any(|(by, change)| {
        by.is_none() && matches!(change, Change::AddClient(owner, added) if owner == user && added == client)
    });
    if named || is_joining(t, user) {
        return Ok(());
    }
    let change = (None, Change::AddClient(user, client));
    if is_authorized(t, after, &change, said) { Ok(()) } else { Err("the joining client is not authorized") }
}

// ---- 8.1.1 Adding

/// canAddParticipant: "can add another user, that is not already in the participant list".
fn can_add_participant(q: &Question<'_>, role: u32) -> Says {
    q.answer(Cap::AddParticipant, |holder| {
        // 5: of fixed-membership rooms, "other users cannot be added".
        !q.before.base.fixed_membership
            // "MUST have an entry where from_role_index equals zero, and that entry's
            // target_role_indexes list includes the target role".
            && arc_allows(holder, 0, role)
            && maximum_holds(q.after, role)
            && maximum_active_holds(q.after, role)
    })
}

/// "When the participant list addition for the target role is authorized, the holder is also
/// authorized to add any MLS clients matching the added user".
fn comes_with_an_added_user(q: &Question<'_>, user: &Uri) -> bool {
    q.t.changes.iter().any(|change| match &change.1 {
        Change::Add(added, role) if added == user && q.t.by(change).uri() == q.by.uri() => {
            can_add_participant(q, *role) == Says::Yes
        }
        _ => false,
    })
}

/// canAddOwnClient: "a holder of this capability that is in the participant list, can add its own
/// client (via an external commit or external proposal); and can add other clients that share the
/// same user identity (via Add proposals) if the holder's client is already a member".
fn can_add_own_client(q: &Question<'_>, user: &Uri, client: &Uri) -> Says {
    q.answer(Cap::AddOwnClient, |_| {
        let Some(role) = q.before.role_of(user) else { return false };
        let Who::User { client: own, .. } = q.by else { return false };
        let is_member = q.before.clients.contains(&(*user, *own));
        let in_person = client == own;
        let way = match q.t.form {
            Form::ExternalCommit => in_person,
            _ => in_person || is_member,
        };
        // The first client makes its user active, which the maximum limits; on the state after,
        // with the role it has then.
        let role = q.after.role_of(user).unwrap_or(role);
        let becomes_active = !q.before.is_active(user) && q.after.is_active(user);
        way && (!becomes_active || maximum_active_holds(q.after, role))
    })
}

/// canOpenJoin: "when this capability appears on role zero, any user who is not already in the
/// participant list can add itself externally".
fn can_open_join(q: &Question<'_>, role: u32) -> Says {
    q.answer(Cap::OpenJoin, |holder| {
        joins_externally(q)
            && holder.index == 0
            && role != 0
            && arc_allows(holder, 0, role)
            && maximum_holds(q.after, role)
            && maximum_active_holds(q.after, role)
    })
}

/// canJoinIfPreauthorized: "when this capability appears on a non-zero role, a client that is not
/// already in the participant list can externally join as that target role if authorized for that
/// role as the first matching role". It is the target role's.
fn can_join_if_preauthorized(q: &Question<'_>, role: u32) -> Says {
    let Some(target) = q.before.role(role).filter(|target| target.index != 0) else { return Says::NotHeld };
    if !target.capabilities.contains(&Cap::JoinIfPreauthorized) {
        return Says::NotHeld;
    }
    let holds = joins_externally(q)
        && first_match(q.before.preauth.iter(), q.by.claims()) == Some(role)
        && maximum_holds(q.after, role)
        && maximum_active_holds(q.after, role);
    if holds { Says::Yes } else { Says::Condition }
}

/// canUseJoinCode: "can externally join a room using a join code for that room, provided the join
/// code is valid, the join code refers to a valid target role". D: one that role 0's entry from 0
/// has.
fn can_use_join_code(q: &Question<'_>, user: &Uri, role: u32, valid: bool) -> Says {
    q.answer(Cap::UseJoinCode, |holder| {
        *user == q.by.uri()
            && joins_externally(q)
            && holder.index == 0
            && valid
            && role != 0
            && arc_allows(holder, 0, role)
            && maximum_holds(q.after, role)
            && maximum_active_holds(q.after, role)
    })
}

/// By an external commit of a user who isn't on the list, to a room that may have more
/// participants.
fn joins_externally(q: &Question<'_>) -> bool {
    q.t.form == Form::ExternalCommit
        && matches!(q.by, Who::User { .. })
        && q.by == &q.t.actor
        && q.before.role_of(q.by.uri()).is_none()
        && !q.before.base.fixed_membership
}

fn is_joining(t: &Try, user: &Uri) -> bool {
    t.room.role_of(user).is_none()
        && t.actor.uri() == *user
        && t.changes.iter().any(|(by, change)| {
            by.is_none()
                && match change {
                    Change::Add(joiner, _) | Change::JoinCode { user: joiner, .. } => joiner == user,
                    _ => false,
                }
        })
}

fn is_actors_client(t: &Try, client: &Uri) -> bool {
    matches!(&t.actor, Who::User { client: own, .. } if own == client)
}

// ---- 8.1.2 Removing

/// canRemoveParticipant: "a) the removal of another user (excluding itself) from the participant
/// list, and b) removal of all of that user's clients, as a single action".
fn can_remove_participant(q: &Question<'_>, user: &Uri) -> Says {
    q.answer(Cap::RemoveParticipant, |holder| {
        let Some(role) = q.before.role_of(user) else { return false };
        // 5: "Ordinary users cannot leave or be removed".
        !q.before.base.fixed_membership
            && arc_allows(holder, role, 0)
            && minimum_holds(q.after, role)
            && minimum_active_holds(q.after, role)
    })
}

/// canRemoveOwnClient: "can propose to remove its own client using an MLS Remove or SelfRemove
/// proposal without changing the Participant list [...] If the
/// minimum_active_participants_constraint is satisfied".
fn can_remove_own_client(q: &Question<'_>, user: &Uri, _client: &Uri) -> Says {
    q.answer(Cap::RemoveOwnClient, |_| active_minimum_of_a_lost_client(q, user))
}

/// minima of each role that loses someone; an active one here.
fn active_minimum_of_a_lost_client(q: &Question<'_>, user: &Uri) -> bool {
    let Some(role) = q.before.role_of(user) else { return false };
    q.after.is_active(user) || minimum_active_holds(q.after, role)
}

/// canRemoveSelf: "can propose to remove itself from (i.e. leave) the participant list; it MUST
/// simultaneously propose to remove all of its remaining clients [...] this action cannot be
/// committed by the leaving user."
fn can_remove_self(q: &Question<'_>, user: &Uri) -> Says {
    q.answer(Cap::RemoveSelf, |holder| {
        let Some(role) = q.before.role_of(user) else { return false };
        let proposed_at_once =
            q.before.clients.iter().filter(|(owner, _)| owner == user).all(|(_, client)| {
                q.t.changes.iter().any(|change| {
                    q.t.by(change).uri() == *user
                        && matches!(&change.1, Change::RemoveClient(_, removed) if removed == client)
                })
            });
        let committed_by_itself =
            matches!(q.t.form, Form::Commit | Form::ExternalCommit) && q.t.actor.uri() == *user;
        !q.before.base.fixed_membership
            && proposed_at_once
            && !committed_by_itself
            && arc_allows(holder, role, 0)
            && minimum_holds(q.after, role)
            && minimum_active_holds(q.after, role)
    })
}

fn leaves(t: &Try, by: &Who, user: &Uri) -> bool {
    t.changes.iter().any(|change| {
        t.by(change).uri() == by.uri() && matches!(&change.1, Change::Remove(gone) if gone == user)
    })
}

/// canKick: "can propose removal of another participant's clients, without changing the Participant
/// List."
fn can_kick(q: &Question<'_>, user: &Uri) -> Says {
    q.answer(Cap::Kick, |_| active_minimum_of_a_lost_client(q, user))
}

/// The clients of a user whom an authorized change of the same commit removes or bans. U-91: for a
/// ban by canChangeUserRole alone, "taking a banned user's clients out needs canKick or canBan".
fn goes_with_a_removed_or_banned_user(q: &Question<'_>, user: &Uri) -> bool {
    q.t.changes.iter().any(|change| {
        let by = q.t.by(change);
        let theirs = Question { by, holder: acts_as(q.before, by), ..*q };
        match &change.1 {
            Change::Remove(gone) if gone == user && by.uri() != *user => {
                can_remove_participant(&theirs, user) == Says::Yes
            }
            Change::SetRole(banned, 1) if banned == user && by.uri() != *user => {
                can_ban(&theirs, user) == Says::Yes
            }
            _ => false,
        }
    })
}

// ---- 8.1.3 Role changes

/// canChangeUserRole: "authorized to change the role of another participant (but not itself),
/// according to the holder's authorized_role_changes list, from a role [...] to any of the non-zero
/// target_role_indexes".
fn can_change_user_role(q: &Question<'_>, user: &Uri, role: u32) -> Says {
    q.answer(Cap::ChangeUserRole, |holder| moves_by_arc(q, holder, user, role))
}

fn moves_by_arc(q: &Question<'_>, holder: &Role, user: &Uri, role: u32) -> bool {
    let Some(old) = q.before.role_of(user) else { return false };
    role != 0
        && arc_allows(holder, old, role)
        && minimum_holds(q.after, old)
        && minimum_active_holds(q.after, old)
        && maximum_holds(q.after, role)
        && maximum_active_holds(q.after, role)
}

/// canChangeOwnRole: "authorized to change its own role to the first non-zero role it matches in
/// the Preauthorized users component [...] The authorized_role_changes list is not consulted."
fn can_change_own_role(q: &Question<'_>, user: &Uri, role: u32) -> Says {
    q.answer(Cap::ChangeOwnRole, |_| {
        let Some(old) = q.before.role_of(user) else { return false };
        first_match(q.before.preauth.iter().filter(|entry| entry.role != 0), q.by.claims()) == Some(role)
            && minimum_holds(q.after, old)
            && minimum_active_holds(q.after, old)
            && maximum_holds(q.after, role)
            && maximum_active_holds(q.after, role)
    })
}

/// canBan: "changes the target user's role to a special "banned" role (if it exists), and removes
/// all the banned user's clients". Minimums only.
fn can_ban(q: &Question<'_>, user: &Uri) -> Says {
    q.answer(Cap::Ban, |holder| {
        let Some(old) = q.before.role_of(user) else { return false };
        q.before.is_banned_role(1)
            && arc_allows(holder, old, 1)
            && minimum_holds(q.after, old)
            && minimum_active_holds(q.after, old)
    })
}

/// D: "A user who has canBan and an entry from 0 to 1 may ban a stranger in advance, written as an
/// addition with role 1."
fn can_ban_in_advance(q: &Question<'_>) -> Says {
    q.answer(Cap::Ban, |holder| {
        !q.before.base.fixed_membership && q.before.is_banned_role(1) && arc_allows(holder, 0, 1)
    })
}

/// canUnban: "changes the target user's role from role_index = 1 to another non-zero role_index
/// allowed by the holder's authorized_role_changes list", otherwise as canChangeUserRole.
fn can_unban(q: &Question<'_>, user: &Uri, role: u32) -> Says {
    q.answer(Cap::Unban, |holder| {
        q.before.role_of(user) == Some(1)
            && q.before.is_banned_role(1)
            && role != 1
            && moves_by_arc(q, holder, user, role)
    })
}

// ---- 8.2 Metadata, 8.6 Disruptive policy changes

/// "The holder is authorized to ...", and no more is said.
fn simply_holds(q: &Question<'_>, capability: Cap) -> Says {
    q.answer(capability, |_| true)
}
