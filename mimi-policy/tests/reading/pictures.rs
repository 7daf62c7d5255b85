//! Tables and graphs.

use mimi_codec::room_policy::{CapabilityType as C, PreAuthData, RoleData, SingleSourceRoleChangeTargets};
use mimi_policy::graph::{Move, MoveRight, RoleGraph};
use mimi_policy::matrix::Matrix;
use mimi_policy::preset::{ExampleRoom, anyone_can_join, one_to_one, open_ended_base};

use crate::findings::{ADMIN, MEMBER, entry};

fn graph(roles: &RoleData) -> RoleGraph {
    RoleGraph::new(&open_ended_base(), roles, &PreAuthData { preauthorized_entries: Vec::new() })
}

#[test]
fn the_graph_has_the_moves_that_the_roles_grant() {
    let room = anyone_can_join();
    let graph = graph(&room.roles);
    let by = |role: u32| -> Vec<(MoveRight, u32, u32)> {
        graph
            .moves()
            .iter()
            .filter(|step| step.by == role)
            .map(|step| (step.means, step.from, step.to))
            .collect()
    };
    assert_eq!(by(0), [(MoveRight::OpenJoin, 0, 2)]);
    assert_eq!(by(1), []);
    assert_eq!(by(2), [(MoveRight::Leave, 2, 0)]);
    // An admin adds anybody, and bans in advance.
    let admin = by(3);
    for expected in [
        (MoveRight::Add, 0, 1),
        (MoveRight::Ban, 0, 1),
        (MoveRight::Add, 0, 3),
        (MoveRight::Remove, 1, 0),
        (MoveRight::Unban, 1, 2),
        (MoveRight::ChangeUserRole, 1, 2),
        (MoveRight::Ban, 2, 1),
        (MoveRight::ChangeUserRole, 2, 3),
        (MoveRight::Leave, 3, 0),
    ] {
        assert!(admin.contains(&expected), "{expected:?}");
    }
    assert!(!admin.contains(&(MoveRight::Leave, 2, 0)) && !admin.contains(&(MoveRight::Unban, 2, 1)));
}

#[test]
fn the_graph_has_what_the_preauthorized_may() {
    let mut room = anyone_can_join();
    room.roles.roles[MEMBER].role_capabilities.push(C::CAN_CHANGE_OWN_ROLE);
    room.roles.roles[ADMIN].role_capabilities.push(C::CAN_JOIN_IF_PREAUTHORIZED);
    let preauth = PreAuthData { preauthorized_entries: vec![entry(&[1], 3), entry(&[2], 9)] };
    let graph = RoleGraph::new(&room.base, &room.roles, &preauth);
    let step = |from, by, means| Move { from, to: 3, by, means };
    assert!(graph.moves().contains(&step(0, 0, MoveRight::Preauthorized)));
    assert!(graph.moves().contains(&step(2, 2, MoveRight::ChangeOwnRole)));
    assert!(graph.moves().iter().all(|step| step.to != 9));
}

#[test]
fn a_fixed_membership_leaves_no_way_in_or_out() {
    let mut room = anyone_can_join();
    room.base.fixed_membership = true;
    let preauth = PreAuthData { preauthorized_entries: vec![entry(&[], 2)] };
    room.roles.roles[MEMBER].role_capabilities.push(C::CAN_JOIN_IF_PREAUTHORIZED);
    let graph = RoleGraph::new(&room.base, &room.roles, &preauth);
    assert!(graph.moves().iter().all(|step| step.from != 0 && step.to != 0), "{:?}", graph.moves());
    assert!(!graph.moves().is_empty());
    let room = one_to_one();
    assert_eq!(RoleGraph::new(&room.base, &room.roles, &preauth).moves(), []);
}

#[test]
fn pictures_show_every_role_once_and_who_moves_whom() {
    let graph = graph(&ExampleRoom::MultiOrganization.roles());
    let (dot, mermaid, svg) = (graph.to_dot(), graph.to_mermaid(), graph.to_svg());
    for (index, name) in graph.roles() {
        let title = format!("{index} {name}");
        for picture in [&dot, &mermaid, &svg] {
            assert_eq!(picture.matches(&title).count(), 1, "{title}");
        }
    }
    assert!(dot.contains("  r3 -> r6 [label=\"by 6 8\"];\n"));
    assert!(mermaid.contains("  r3 -- \"by 6 8\" --> r6\n"));
    assert!(dot.contains("  r1 [label=\"1 banned\\nin: by 8 9\\nout: by 8 9\"];\n"));
    // Ten arrows, one for each pair between which a super_admin or an admin moves people.
    assert_eq!(dot.matches(" -> ").count(), 10);
    assert_eq!(svg.matches("marker-end").count(), 10);
    // The other organizations' boxes stand in rows of their own.
    assert_eq!(svg.matches("<rect x=\"24\"").count(), 4);
}

#[test]
fn a_picture_has_room_for_what_it_shows() {
    for room in ExampleRoom::ALL {
        let svg = graph(&room.roles()).to_svg();
        let number = |text: &str| text.split('"').next().and_then(|text| text.parse::<i32>().ok()).unwrap();
        let height = number(svg.split_once("height=\"").unwrap().1);
        for text in svg.split("<text ").skip(1) {
            let y = number(text.split_once(" y=\"").unwrap().1);
            assert!((12..height).contains(&y), "{room:?}: {text}");
        }
    }
}

#[test]
fn names_cannot_break_out_of_a_picture() {
    let mut roles = anyone_can_join().roles;
    roles.roles[MEMBER].role_name = "\"]; <b>&\\ \u{1b}[2J| --> `x`\n#quot;".into();
    let graph = graph(&roles);
    let dot = graph.to_dot();
    assert!(dot.contains("r2 [label=\"2 \\\"]; <b>&\\\\ [2J| --> `x`#quot;\\nin: "), "{dot}");
    let mermaid = graph.to_mermaid();
    assert!(mermaid.contains("#34;#93;#59; #60;b#62;#38;#92;"), "{mermaid}");
    let svg = graph.to_svg();
    assert!(svg.contains("2 &quot;]; &lt;b&gt;&amp;\\ [2J|"), "{svg}");
    for picture in [&dot, &mermaid, &svg] {
        assert!(!picture.contains('\u{1b}'));
    }
    let matrix = Matrix::new(&roles);
    assert!(!matrix.to_text(80).contains('\u{1b}') && !matrix.to_markdown().contains('\u{1b}'));
    assert!(matrix.to_markdown().contains("\\| --\\> \\`x\\`"), "{}", matrix.to_markdown());
}

#[test]
fn the_matrix_is_the_roles_as_data() {
    let roles = ExampleRoom::Strict.roles();
    let matrix = Matrix::new(&roles);
    assert_eq!(matrix.columns().len(), 6);
    assert_eq!(
        (matrix.columns()[3].name.as_str(), matrix.columns()[3].participants),
        ("group_admin", (1, None))
    );
    assert_eq!(matrix.columns()[5].participants, (1, Some(2)));
    let mut seen = 0;
    for row in matrix.groups().iter().flat_map(|group| &group.rows) {
        for (role, held) in roles.roles.iter().zip(&row.held) {
            assert_eq!(role.role_capabilities.contains(&row.capability), *held);
            seen += usize::from(*held);
        }
    }
    assert_eq!(seen, roles.roles.iter().map(|role| role.role_capabilities.len()).sum::<usize>());
}

#[test]
fn the_matrix_fits_a_terminal_and_is_aligned() {
    for room in ExampleRoom::ALL {
        let mut roles = room.roles();
        roles.roles[0].role_capabilities.push(C(0x7fff));
        let text = Matrix::new(&roles).to_text(80);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(text.contains("\nnot registered"));
    }
    // Too many roles for one line: a second block, with the same rows.
    let mut roles = ExampleRoom::MultiOrganization.roles();
    for index in 10..30 {
        let mut role = roles.roles[3].clone();
        role.role_index = index;
        roles.roles.push(role);
    }
    let text = Matrix::new(&roles).to_text(80);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    assert_eq!(text.matches("  canSendMessage").count(), 3);
    assert_eq!(text.matches("\nmembership").count(), 3);
}

#[test]
fn the_matrix_in_markdown_has_a_cell_for_each_role() {
    let markdown = Matrix::new(&ExampleRoom::Moderated.roles()).to_markdown();
    assert!(markdown.contains("| 2 | guest | any | any | 0→2 2→0 |\n"), "{markdown}");
    assert!(
        markdown.contains("\n| membership | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |\n|-|-|-|-|-|-|-|-|-|\n"),
        "{markdown}"
    );
    assert!(markdown.contains("\n| canUseJoinCode | x |  |  |  |  |  |  |  |\n"), "{markdown}");
    assert!(markdown.contains("\n| canCreateJoinCode* |"));
}

/// Roles 0 to 3, of which 1 is the banned one; role 3 and role 0 may do everything, to all users.
fn almighty() -> RoleData {
    let mut roles = anyone_can_join().roles;
    roles.roles.truncate(4);
    let all = [
        C::CAN_ADD_PARTICIPANT,
        C::CAN_OPEN_JOIN,
        C::CAN_USE_JOIN_CODE,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_CHANGE_OWN_ROLE,
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_REMOVE_SELF,
    ];
    for role in &mut roles.roles {
        let may = role.role_index == 3 || role.role_index == 0;
        role.role_capabilities = if may { all.to_vec() } else { vec![] };
        let pairs = [0, 1, 2, 3, 9].map(|from_role_index| SingleSourceRoleChangeTargets {
            from_role_index,
            target_role_indexes: vec![0, 1, 2, 3, 9],
        });
        role.authorized_role_changes = if may { pairs.into() } else { vec![] };
    }
    roles
}

#[test]
fn the_graph_has_each_move_that_a_right_is_for_and_no_other() {
    let roles = almighty();
    let mut base = open_ended_base();
    for fixed_membership in [false, true] {
        base.fixed_membership = fixed_membership;
        let preauth = PreAuthData { preauthorized_entries: vec![entry(&[1], 0)] };
        let graph = RoleGraph::new(&base, &roles, &preauth);
        let mut expected = Vec::new();
        for (from, to) in (0..4).flat_map(|from| (0..4).map(move |to| (from, to))).filter(|(a, b)| a != b) {
            let (comes, goes) = (from == 0, to == 0);
            let (open, listed) = (!fixed_membership, !comes && !goes);
            for (by, means, applies) in [
                (0, MoveRight::OpenJoin, open && comes),
                (0, MoveRight::JoinCode, open && comes),
                (3, MoveRight::Add, open && comes),
                (3, MoveRight::ChangeUserRole, listed),
                (3, MoveRight::Ban, to == 1 && (open || listed)),
                (3, MoveRight::Unban, from == 1 && listed),
                (3, MoveRight::Remove, open && goes),
                (3, MoveRight::Leave, open && goes && from == 3),
            ] {
                expected.extend(applies.then_some(Move { from, to, by, means }));
            }
        }
        expected.sort();
        assert_eq!(graph.moves(), expected);
    }
}

#[test]
fn preauthorization_moves_to_its_targets_alone() {
    let mut roles = almighty();
    for role in &mut roles.roles {
        role.authorized_role_changes.clear();
        role.role_capabilities = vec![C::CAN_JOIN_IF_PREAUTHORIZED, C::CAN_CHANGE_OWN_ROLE];
    }
    let preauth = PreAuthData { preauthorized_entries: vec![entry(&[1], 2), entry(&[2], 0)] };
    let graph = RoleGraph::new(&open_ended_base(), &roles, &preauth);
    let step = |from, by, means| Move { from, to: 2, by, means };
    let expected = [
        step(0, 0, MoveRight::Preauthorized),
        step(1, 1, MoveRight::ChangeOwnRole),
        step(3, 3, MoveRight::ChangeOwnRole),
    ];
    assert_eq!(graph.moves(), expected);
}
