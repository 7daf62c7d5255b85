//! A minimal-metadata room on OpenMLS (mimi-protocol-06 §6; mimi-metadata-minimalization): the hub
//! decides on pseudonyms, and only the participants learn who is who.
//!
//! - [`person`] is a user with its clients: real credentials, a connection key, connections, key
//!   packages in sets.
//! - [`room`] is what all parties see of a room without a key, and how a commit is judged by it:
//!   the same at the hub and at each member.
//! - [`judging`] is how `mimi-policy` decides on a commit.
//! - [`member`] is a client in a room, under a pseudonym: an OpenMLS group, the room's wrapper key,
//!   and the links that it opens.
//! - [`seam`] is where OpenMLS and `mimi-codec` meet.
//! - [`server`] is the other side: a hub that hosts, a follower that hands on, and everything that
//!   they ever held.
//! - [`stage`] is the network between them.
//!
//! What OpenMLS 0.9 leaves to do here:
//!
//! - It carries a credential that it does not know as one `opaque<V>`. That is how `mimi-codec` has
//!   a pseudonym in a credential, so the two agree, and OpenMLS needs to know nothing of pseudonyms
//!   ([`seam::openmls_credential`]).
//! - An external commit in a group that requires SafeAAD gets an empty one, and nothing can be put
//!   into it. So the GroupContext of these rooms does not require it, and members write the SafeAAD
//!   into `authenticated_data` themselves ([`seam::authenticated_data`]). The bytes are those of
//!   the draft.
//! - It puts the same extensions into the GroupInfo inside of the Welcome and into the one that it
//!   hands out. The wrapper key must be in the first and not in the second, so the second is signed
//!   anew without it ([`seam::without_wrapper_key`]).

pub mod judging;
pub mod member;
pub mod person;
pub mod room;
pub mod seam;
pub mod server;
pub mod stage;
