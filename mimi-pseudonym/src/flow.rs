//! What members do in a room, one module each. Functions take values and return values: the MLS
//! group, the hub and storage are the caller's.
//!
//! What every member does with a commit is [`KnownRoom::follow`](crate::KnownRoom::follow): it
//! learns who was added, connected or not.
//!
//! | module | who | what |
//! |-|-|-|
//! | [`create`] | the creator | a wrapper key, and the keys of the first leaf |
//! | [`add`] | a member | wraps the keys of those it adds, whom it is connected with |
//! | [`external_join`] | a joiner | wraps its own key |
//! | [`leave`] | the committer of a removal | clears the keys of those who go |
//! | [`learn`] | any member | opens every link in the room |
//! | [`renew`] | any member | gives its own leaf a new real credential |
//! | [`unlinked`] | hub and members | who may, must or must not show its identity |

pub mod add;
pub mod create;
pub mod external_join;
pub mod learn;
pub mod leave;
pub mod renew;
pub mod unlinked;
