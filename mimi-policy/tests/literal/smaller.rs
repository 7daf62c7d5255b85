//! The smallest try on which both still disagree.

use super::room::Try;

/// Takes away whatever can go while `still` holds.
pub(crate) fn smallest(mut t: Try, still: impl Fn(&Try) -> bool) -> Try {
    loop {
        let next = smaller(&t).into_iter().find(|candidate| still(candidate));
        match next {
            Some(candidate) => t = candidate,
            None => return t,
        }
    }
}

/// Every try with one thing less.
fn smaller(t: &Try) -> Vec<Try> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Try)| {
        let mut less = t.clone();
        change(&mut less);
        if less != *t {
            all.push(less);
        }
    };
    for i in 0..t.changes.len() {
        with(&|t| {
            t.changes.remove(i);
        });
        with(&|t| t.changes[i].0 = None);
    }
    for i in 0..t.room.roles.len() {
        with(&|t| {
            t.room.roles.remove(i);
        });
    }
    for i in 0..t.room.list.len() {
        with(&|t| {
            t.room.list.remove(i);
        });
    }
    for i in 0..t.room.clients.len() {
        with(&|t| {
            t.room.clients.remove(i);
        });
    }
    for i in 0..t.room.preauth.len() {
        with(&|t| {
            t.room.preauth.remove(i);
        });
        with(&|t| t.room.preauth[i].claims.clear());
    }
    with(&|t| t.room.parent_participants = None);
    with(&|t| t.room.base.parent_dependant = false);
    with(&|t| t.room.base.parent_room = "");
    with(&|t| t.room.base.fixed_membership = false);
    with(&|t| t.room.base.multi_device = true);
    with(&|t| t.room.base.max_clients = None);
    with(&|t| t.room.base.max_users = None);
    for i in 0..t.room.roles.len() {
        with(&|t| t.room.roles[i].min = 0);
        with(&|t| t.room.roles[i].max = None);
        with(&|t| t.room.roles[i].min_active = 0);
        with(&|t| t.room.roles[i].max_active = None);
        with(&|t| t.room.roles[i].name = if t.room.roles[i].name == "banned" { "banned" } else { "" });
        for capability in &t.room.roles[i].capabilities {
            with(&|t| {
                t.room.roles[i].capabilities.remove(capability);
            });
        }
        for j in 0..t.room.roles[i].changes.len() {
            with(&|t| {
                t.room.roles[i].changes.remove(j);
            });
            for k in 0..t.room.roles[i].changes[j].1.len() {
                with(&|t| {
                    t.room.roles[i].changes[j].1.remove(k);
                });
            }
        }
    }
    all
}
