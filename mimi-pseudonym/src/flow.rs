//! What members do in a room, one module each. Functions take values and return values: the MLS group, the hub and storage are the caller's.
//!
//! | module | who | what |
//! |-|-|-|
//! | [`create`] | the creator | a wrapper key, and the keys of the first leaf |
//! | [`add`] | a member | wraps the keys of those it adds, whom it is connected with |
//! | [`transitive_add`] | the other members | learn who was added, connected or not |
//! | [`external_join`] | a joiner, and the members | wraps its own key; they open it before they accept the commit |
//! | [`leave`] | whoever commits a removal | clears the keys of those who go |
//! | [`learn`] | any member | opens every link in the room |
//! | [`unlinked`] | hub and members | who may, must or must not show its identity |

pub mod add;
pub mod create;
pub mod external_join;
pub mod learn;
pub mod leave;
pub mod transitive_add;
pub mod unlinked;
