//! What is asked of a room, written as a hub receives it and read again: in proposals of MLS and
//! what they hold.

use mimi_codec::code_points::{CipherSuite, ComponentID};
use mimi_codec::extensions::{AppDataUpdate, AppDataUpdateSelect, Components, SelfRemove};
use mimi_codec::mls::{Credential, Extensions, Proposal, ReInit, Remove, Sender};
use mimi_codec::protocol::{ParticipantListData, ParticipantListUpdate, RoomMetaUpdate, UserRolePair};
use mimi_codec::room_policy::{BaseRoomUpdate, PreAuthUpdate, RoleUpdate};
use mimi_codec::{Decode, Encode, Opaque};
use mimi_policy::{
    Actor, Change as PolicyChange, Identities, InvalidProposal, InvalidRequestError, JoinCode,
    ProposedChange, Request, RequestProblem, RoomState, UnidentifiedError, UserUri,
};

use super::engine::{self, Refused};
use super::generator::{Dice, any_try};
use super::proposals::{list, package, update};
use super::room::{Change, Form, Room, Try, Who};
use super::{assert_same, compare, draft, rebuilt};

/// Who is at which leaf, on which place of the external senders, and behind which credential.
#[derive(Default)]
struct Tree {
    members: Vec<Actor>,
    servers: Vec<Actor>,
    holders: Vec<Actor>,
    codes: Vec<(UserUri, u32, JoinCode)>,
}

fn place(list: &mut Vec<Actor>, actor: Actor) -> u32 {
    let place = list.iter().position(|known| *known == actor).unwrap_or_else(|| {
        list.push(actor);
        list.len() - 1
    });
    u32::try_from(place).expect("few")
}

impl Tree {
    fn sender(&mut self, who: &Who) -> Sender {
        match who {
            Who::User { .. } => Sender::Member { leaf_index: place(&mut self.members, engine::actor(who)) },
            Who::Server { .. } => {
                Sender::External { sender_index: place(&mut self.servers, engine::actor(who)) }
            }
        }
    }

    fn credential(&mut self, actor: Actor) -> Credential {
        let number = place(&mut self.holders, actor);
        Credential::Basic { identity: number.to_string().into_bytes().into() }
    }
}

impl Identities for Tree {
    fn member(&self, leaf_index: u32) -> Result<Actor, UnidentifiedError> {
        self.members.get(leaf_index as usize).cloned().ok_or(UnidentifiedError::Unknown)
    }

    fn holder(&self, credential: &Credential) -> Result<Actor, UnidentifiedError> {
        let Credential::Basic { identity } = credential else { return Err(UnidentifiedError::Unknown) };
        let number = std::str::from_utf8(identity).ok().and_then(|text| text.parse::<usize>().ok());
        number.and_then(|number| self.holders.get(number)).cloned().ok_or(UnidentifiedError::Unknown)
    }

    fn external_sender(&self, sender_index: u32) -> Result<Actor, UnidentifiedError> {
        self.servers.get(sender_index as usize).cloned().ok_or(UnidentifiedError::Unknown)
    }

    fn join_code(&self, user: &UserUri, role: u32) -> Option<JoinCode> {
        let code = self.codes.iter().find(|(of, with, _)| of == user && *with == role);
        code.map(|(_, _, code)| *code)
    }
}

/// A message, and what it says.
struct Written {
    sender: Sender,
    joining: Option<Credential>,
    proposals: Vec<(Proposal, Option<Sender>)>,
    says: Vec<(Option<Who>, Change)>,
    /// Those that name a place which the participant list doesn't have.
    beyond: Option<InvalidRequestError>,
}

/// The bytes of a message and what it is taken for. What is asked is written in proposals, read
/// again, decided on as the draft says, and what follows for the dictionary is what follows for the
/// room. An odd first byte damages the updates: then one is refused by its place, or they mean
/// something else and are decided on as well as any other.
pub fn request(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let mut dice = Dice::new(data, 0);
    let mut t = any_try(&mut dice);
    // No proposal destroys a room.
    t.changes.retain(|(_, change)| *change != Change::Destroy);
    let Ok(room) = engine::room(&t.room) else { return };
    let mut tree = Tree::default();
    let Some(mut written) = write(&t, &mut tree) else { return };
    if first % 2 == 1 {
        damage(&mut written.proposals, first >> 1, data);
        let Ok(request) = read(&room, &tree, t.form, &written) else { return };
        let _ = follow(&room, &request, &written.proposals);
        return;
    }
    let request = match (read(&room, &tree, t.form, &written), written.beyond) {
        (Err(invalid), expected) => return assert_eq!(Some(invalid), expected, "{t:?}"),
        (Ok(_), Some(beyond)) => panic!("{beyond}, which was read: {t:?}"),
        (Ok(request), None) => request,
    };
    let t = Try { changes: written.says, ..t };
    let changes = t.changes.iter().map(|(by, change)| ProposedChange {
        change: engine::policy_change(change),
        by: by.as_ref().map(|by| engine::actor(by).into()),
    });
    assert_eq!(request.changes, changes.collect::<Vec<_>>(), "{t:?}");
    assert_eq!(request.actor, engine::actor(&t.actor));
    let answer = follow(&room, &request, &written.proposals);
    compare(&t, answer, &draft::decide(&t));
}

/// The message as it arrives.
fn read(
    room: &RoomState,
    tree: &Tree,
    form: Form,
    written: &Written,
) -> Result<Request, InvalidRequestError> {
    let received: Vec<(Proposal, Option<&Sender>)> = written
        .proposals
        .iter()
        .map(|(proposal, sender)| {
            let bytes = proposal.to_bytes().expect("encodes");
            (Proposal::decode_exact(&bytes).expect("was written"), sender.as_ref())
        })
        .collect();
    let request = if matches!(form, Form::Commit | Form::ExternalCommit) {
        let proposals = received.iter().map(|(proposal, sender)| (proposal, *sender));
        Request::commit(room, tree, &written.sender, written.joining.as_ref(), proposals)
    } else {
        let proposals: Vec<&Proposal> = received.iter().map(|(proposal, _)| proposal).collect();
        Request::proposals(room, tree, &written.sender, &proposals)
    };
    if let Err(invalid) = &request {
        let place = invalid.proposal.expect("the sender is known");
        let proposal = &received[place].0;
        if let RequestProblem::Malformed { component, error } = &invalid.problem {
            let Proposal::AppDataUpdate(AppDataUpdate { component_id, op }) = proposal else {
                panic!("{invalid}: {proposal:?}")
            };
            let AppDataUpdateSelect::Update { update } = op else { panic!("{invalid}") };
            assert_eq!(component, component_id);
            assert!(error.offset() <= update.len());
        }
    }
    request
}

/// The request's decision. What is committed changes the dictionary as it changes the room.
fn follow(
    room: &RoomState,
    request: &Request,
    proposals: &[(Proposal, Option<Sender>)],
) -> Result<engine::Answer, Refused> {
    let plan = request.check(room).map_err(Refused::Change)?;
    let mut after = room.clone();
    after.apply(plan).expect("a plan for this version");
    if !after.has_pending() {
        assert_same(&after, &rebuilt(&after));
        let updates = proposals.iter().filter_map(|(proposal, _)| match proposal {
            Proposal::AppDataUpdate(update) => Some(update),
            _ => None,
        });
        let dictionary = room.to_dictionary().expect("encodes");
        let dictionary = dictionary.updated(updates, &mut RoomComponents).expect("was accepted");
        assert_eq!(after.matches(&dictionary), Ok(()));
    }
    Ok(engine::answer(&after))
}

/// The room's components by the letter: the list changes by places of the list before, the others
/// are replaced.
struct RoomComponents;

impl Components for RoomComponents {
    fn knows(&self, _: ComponentID) -> bool {
        true
    }

    fn update(&mut self, component: ComponentID, data: Option<&[u8]>, updates: &[&[u8]]) -> Option<Opaque> {
        if component != ComponentID::PARTICIPANT_LIST {
            return Some((*updates.last()?).into());
        }
        let before = ParticipantListData::decode_exact(data?).ok()?.participants;
        let mut kept: Vec<Option<UserRolePair>> = before.into_iter().map(Some).collect();
        let mut added = Vec::new();
        let updates: Option<Vec<_>> =
            updates.iter().map(|update| ParticipantListUpdate::decode_exact(update).ok()).collect();
        for update in updates? {
            for change in update.changed_role_participants {
                kept.get_mut(change.user_index as usize)?.as_mut()?.role_index = change.role_index;
            }
            for index in update.removed_indices {
                kept.get_mut(index as usize)?.take()?;
            }
            added.extend(update.added_participants);
        }
        let participants = kept.into_iter().flatten().chain(added).collect();
        Some(ParticipantListData { participants }.to_bytes().ok()?.into())
    }
}

/// Another byte in each of the updates.
fn damage(proposals: &mut [(Proposal, Option<Sender>)], at: u8, data: &[u8]) {
    let updates = proposals.iter_mut().filter_map(|(proposal, _)| match proposal {
        Proposal::AppDataUpdate(AppDataUpdate { op: AppDataUpdateSelect::Update { update }, .. }) => {
            Some(update)
        }
        _ => None,
    });
    for update in updates {
        let mut bytes = update.as_slice().to_vec();
        let difference = data.last().copied().unwrap_or(1);
        let place = usize::from(at) % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= difference;
        }
        *update = bytes.into();
    }
}

/// The message that asks for all that; `None` if there is none.
fn write(t: &Try, tree: &mut Tree) -> Option<Written> {
    for (_, change) in &t.changes {
        if let (Change::JoinCode { user, role, .. }, PolicyChange::UseJoinCode { code, .. }) =
            (change, engine::policy_change(change))
        {
            tree.codes.push((UserUri::try_from(*user).unwrap(), *role, code));
        }
    }
    let is_own_client = |who: &Who, change: &Change| {
        matches!((who, change), (Who::User { user, client, .. }, Change::AddClient(of, added))
            if user == of && client == added)
    };
    let (sender, joining) = match (t.form, &t.actor) {
        (Form::Commit | Form::Proposal, Who::User { .. }) => (tree.sender(&t.actor), None),
        (Form::ExternalProposal, Who::Server { .. }) => (tree.sender(&t.actor), None),
        (Form::ExternalCommit, Who::User { .. }) => {
            (Sender::NewMemberCommit {}, Some(tree.credential(engine::actor(&t.actor))))
        }
        (Form::ExternalProposal, Who::User { .. }) if is_own_client(&t.actor, &t.changes.first()?.1) => {
            (Sender::NewMemberProposal {}, None)
        }
        _ => return None,
    };
    let is_commit = matches!(t.form, Form::Commit | Form::ExternalCommit);
    if t.changes.is_empty() && !is_commit {
        return None;
    }
    let mut written = Written { sender, joining, proposals: Vec::new(), says: Vec::new(), beyond: None };
    for (number, (by, change)) in t.changes.iter().enumerate() {
        let who = by.as_ref().unwrap_or(&t.actor);
        let from_outside = match by {
            Some(_) => !t.room.has_client(client_of(who)),
            None => matches!(written.sender, Sender::NewMemberProposal {}),
        };
        let joins = from_outside && is_own_client(who, change);
        let sender = by.as_ref().map(|other| match joins {
            true => Sender::NewMemberProposal {},
            false => tree.sender(other),
        });
        let proposal = proposal(t, tree, who, change, joins);
        let proposal = proposal.unwrap_or_else(|index| {
            let problem = RequestProblem::UserIndexOutOfRange(index);
            match &mut written.beyond {
                Some(first) => first.also.push(InvalidProposal { proposal: number, problem }),
                None => {
                    written.beyond =
                        Some(InvalidRequestError { proposal: Some(number), problem, also: Vec::new() });
                }
            }
            list(&[(index, 0)], &[], &[])
        });
        written.proposals.push((proposal, sender));
        let by = by.clone().filter(|by| engine::actor(by) != engine::actor(&t.actor));
        written.says.push((by, as_read(t, tree, who, change)));
    }
    Some(written)
}

fn client_of(who: &Who) -> &'static str {
    match who {
        Who::User { client, .. } => client,
        Who::Server { .. } => "",
    }
}

/// By a code joins only who joins, and who has one joins by it.
fn as_read(t: &Try, tree: &Tree, who: &Who, change: &Change) -> Change {
    let (Change::Add(user, role) | Change::JoinCode { user, role, .. }) = change else {
        return change.clone();
    };
    let code = tree.join_code(&UserUri::try_from(*user).unwrap(), *role);
    match code.filter(|_| t.form == Form::ExternalCommit && who.uri() == *user) {
        Some(code) => {
            let valid = match code {
                JoinCode::Valid => Some(true),
                JoinCode::Invalid => Some(false),
                JoinCode::Unknown => None,
            };
            Change::JoinCode { user, role: *role, valid }
        }
        None => Change::Add(user, *role),
    }
}

fn index_of(room: &Room, user: &str) -> Result<u32, u32> {
    let place = room.list.iter().position(|(listed, _)| *listed == user);
    let count = |count| u32::try_from(count).expect("few");
    place.map(count).ok_or(count(room.list.len()))
}

/// The proposal for one change; or the place that it would have to name.
fn proposal(t: &Try, tree: &mut Tree, who: &Who, change: &Change, joins: bool) -> Result<Proposal, u32> {
    Ok(match change {
        Change::Add(user, role) | Change::JoinCode { user, role, .. } => list(&[], &[], &[(user, *role)]),
        Change::Remove(user) => list(&[], &[index_of(&t.room, user)?], &[]),
        Change::SetRole(user, role) => list(&[(index_of(&t.room, user)?, *role)], &[], &[]),
        Change::AddClient(user, client) => {
            let actor = if joins { engine::actor(who) } else { Actor::named(*user, *client).unwrap() };
            package(tree.credential(actor))
        }
        Change::RemoveClient(user, client) => {
            if matches!(who, Who::User { user: own, client: with, .. } if own == user && with == client) {
                Proposal::SelfRemove(SelfRemove {})
            } else {
                Proposal::Remove(Remove {
                    removed: place(&mut tree.members, Actor::named(*user, *client).unwrap()),
                })
            }
        }
        Change::Reinit => Proposal::ReInit(Box::new(ReInit {
            group_id: "next".into(),
            version: mimi_codec::code_points::ProtocolVersion::MLS10,
            cipher_suite: CipherSuite(1),
            extensions: Extensions::default(),
        })),
        Change::Metadata(_) | Change::Roles(_) | Change::Preauth(_) | Change::Base(_) | Change::Destroy => {
            match engine::policy_change(change) {
                PolicyChange::UpdateMetadata(new) => {
                    update(ComponentID::ROOM_METADATA, &RoomMetaUpdate::clone(&new))
                }
                PolicyChange::UpdateRoles(new) => update(ComponentID::ROLES_LIST, &RoleUpdate::clone(&new)),
                PolicyChange::UpdatePreAuth(new) => {
                    update(ComponentID::PREAUTH_LIST, &PreAuthUpdate::clone(&new))
                }
                PolicyChange::UpdateBase(new) => {
                    update(ComponentID::BASE_ROOM_POLICY, &BaseRoomUpdate::clone(&new))
                }
                other => unreachable!("{other:?}"),
            }
        }
    })
}
