//! Where things stand in a picture: nothing outside, nothing upon another, and arrows from box to
//! box.

use mimi_codec::room_policy::{CapabilityType as C, PreAuthData, RoleData, SingleSourceRoleChangeTargets};
use mimi_policy::graph::RoleGraph;
use mimi_policy::preset::{ExampleRoom, anyone_can_join, open_ended_base};

#[derive(Debug, Clone, Copy, PartialEq)]
struct Rect {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Rect {
    fn right(self) -> f32 {
        self.left + self.width
    }

    fn bottom(self) -> f32 {
        self.top + self.height
    }

    fn meets(self, other: Self) -> bool {
        self.left < other.right()
            && other.left < self.right()
            && self.top < other.bottom()
            && other.top < self.bottom()
    }

    fn holds(self, other: Self) -> bool {
        self.left <= other.left
            && other.right() <= self.right()
            && self.top <= other.top
            && other.bottom() <= self.bottom()
    }
}

#[derive(Debug, Clone, Copy)]
struct Arc {
    start: (f32, f32),
    apex: f32,
    end: (f32, f32),
}

impl Arc {
    /// Where the curve is furthest from the boxes: three quarters of the way to its control points.
    fn extreme(self) -> f32 {
        self.start.1 + (self.apex - self.start.1) * 0.75
    }
}

struct Picture {
    size: Rect,
    boxes: Vec<Rect>,
    /// In the order of the boxes.
    texts: Vec<Rect>,
    arcs: Vec<Arc>,
    /// The baseline's middle, in the order of the arcs.
    labels: Vec<(f32, f32)>,
}

fn attribute(tag: &str, name: &str) -> f32 {
    let value = tag.split_once(&format!(" {name}=\"")).unwrap().1.split('"').next().unwrap();
    value.parse().unwrap()
}

fn picture(roles: &RoleData) -> Picture {
    let graph = RoleGraph::new(&open_ended_base(), roles, &PreAuthData { preauthorized_entries: vec![] });
    let svg = graph.to_svg();
    let size =
        Rect { left: 0.0, top: 0.0, width: attribute(&svg, "width"), height: attribute(&svg, "height") };
    let view = format!("viewBox=\"0 0 {:.0} {:.0}\"", size.width, size.height);
    assert!(svg.contains(&view), "{svg}");
    let mut picture = Picture { size, boxes: vec![], texts: vec![], arcs: vec![], labels: vec![] };
    for tag in svg.lines() {
        if tag.contains("rx=") {
            let [left, top, width, height] = ["x", "y", "width", "height"].map(|name| attribute(tag, name));
            picture.boxes.push(Rect { left, top, width, height });
        } else if tag.contains("text-anchor") {
            picture.labels.push((attribute(tag, "x"), attribute(tag, "y")));
        } else if tag.starts_with("<text") {
            let text = tag.split_once('>').unwrap().1.trim_end_matches("</text>");
            // A glyph of 12 pixels is some 6 wide, and stands 9 above its baseline and 3 below it.
            let width = 6.0 * text.chars().count().min(34) as f32;
            let (left, top) = (attribute(tag, "x"), attribute(tag, "y") - 9.0);
            picture.texts.push(Rect { left, top, width, height: 12.0 });
        } else if tag.contains("marker-end") {
            let path = tag.split_once("d=\"M").unwrap().1.split_once('"').unwrap().0;
            let numbers: Vec<f32> = path.split([' ', 'C']).map(|number| number.parse().unwrap()).collect();
            let [x, y, x1, y1, x2, y2, end_x, end_y] = numbers[..] else { panic!("{tag}") };
            assert_eq!((x1, x2, y1), (x, end_x, y2), "{tag}");
            picture.arcs.push(Arc { start: (x, y), apex: y1, end: (end_x, end_y) });
        }
    }
    picture
}

/// Five roles in a row, with an arrow from each to each.
fn crowd() -> RoleData {
    let mut roles = anyone_can_join().roles;
    let plain = roles.roles.pop().unwrap();
    roles.roles.retain(|role| role.role_index < 2);
    for role_index in 2..7 {
        let mut role = plain.clone();
        role.role_index = role_index;
        role.role_capabilities = vec![C::CAN_CHANGE_USER_ROLE];
        let all = |from_role_index| SingleSourceRoleChangeTargets {
            from_role_index,
            target_role_indexes: (2..7).collect(),
        };
        role.authorized_role_changes = (2..7).map(all).collect();
        roles.roles.push(role);
    }
    roles
}

/// Four roles in a row: wide arrows to the right, short ones to the left.
fn lopsided() -> RoleData {
    let mut roles = crowd();
    roles.roles.retain(|role| role.role_index < 6);
    for role in &mut roles.roles {
        let to = match role.role_index {
            2 | 4 => [3, 5],
            _ => [role.role_index, role.role_index],
        };
        role.authorized_role_changes = vec![SingleSourceRoleChangeTargets {
            from_role_index: role.role_index,
            target_role_indexes: to.into(),
        }];
    }
    roles
}

fn pictures() -> Vec<(String, Picture)> {
    let examples = ExampleRoom::ALL.iter().map(|room| (format!("{room:?}"), picture(&room.roles())));
    let drawn = [("crowd".to_string(), picture(&crowd())), ("lopsided".to_string(), picture(&lopsided()))];
    examples.chain(drawn).collect()
}

#[test]
fn boxes_stand_apart_within_a_margin_and_hold_their_texts() {
    for (name, Picture { size, boxes, texts, .. }) in pictures() {
        let farthest = |edge: fn(Rect) -> f32| boxes.iter().map(|rect| edge(*rect)).fold(0.0, f32::max);
        assert_eq!(size.width, farthest(Rect::right) + 24.0, "{name}");
        assert!(size.height >= farthest(Rect::bottom) + 24.0, "{name}");
        assert!(boxes.iter().all(|rect| rect.left >= 24.0 && rect.top >= 24.0), "{name}");
        let mut texts = texts.into_iter().peekable();
        for (place, rect) in boxes.iter().enumerate() {
            assert!(boxes.iter().skip(place + 1).all(|other| !rect.meets(*other)), "{name}: {rect:?}");
            // The title, and the lines below it.
            let mut last: Option<Rect> = None;
            while let Some(text) = texts.next_if(|text| rect.holds(*text)) {
                assert!(text.left >= rect.left + 6.0, "{name}: {text:?}");
                assert!(last.is_none_or(|last| last.top + 16.0 == text.top), "{name}: {text:?}");
                let below = text.top - rect.top;
                assert!(last.is_some() || (8.0..16.0).contains(&below), "{name}: {text:?}");
                last = Some(text);
            }
            assert!(last.is_some(), "{name}: {rect:?} is empty");
        }
        assert_eq!(texts.next(), None, "{name}");
    }
}

#[test]
fn boxes_in_a_row_are_alike_and_close() {
    for (name, Picture { boxes, .. }) in pictures() {
        for (one, other) in boxes.iter().zip(boxes.iter().skip(1)) {
            if one.top == other.top {
                assert_eq!((one.width, one.height), (other.width, other.height), "{name}");
                assert_eq!(other.left - one.right(), 46.0, "{name}");
            } else {
                assert!(other.left == 24.0 && other.top >= one.bottom() + 24.0, "{name}: {one:?} {other:?}");
            }
        }
    }
}

#[test]
fn arrows_lead_from_box_to_box_the_wider_the_higher() {
    for (name, Picture { size, boxes, arcs, .. }) in pictures() {
        let at = |(x, y): (f32, f32)| {
            let touches =
                |rect: &&Rect| (rect.top == y || rect.bottom() == y) && rect.left < x && x < rect.right();
            *boxes.iter().find(touches).unwrap_or_else(|| panic!("{name}: nothing at {x} {y}"))
        };
        for arc in &arcs {
            let (from, to) = (at(arc.start), at(arc.end));
            let forward = from.left < to.left;
            assert!(from.top == to.top && from.left != to.left, "{name}: {arc:?}");
            let edge = if forward { from.top } else { from.bottom() };
            assert_eq!((arc.start.1, arc.end.1), (edge, edge), "{name}");
            // Its ends face each other, and are as far from the middles of their boxes.
            let middle = |rect: Rect| rect.left + rect.width / 2.0;
            let (leaves, arrives) = (arc.start.0 - middle(from), middle(to) - arc.end.0);
            assert!(leaves == arrives && (leaves > 0.0) == forward, "{name}: {arc:?}");
            let boxes_passed = (from.left - to.left).abs() / (230.0 + 46.0);
            assert_eq!((edge - arc.apex).abs(), 34.0 * boxes_passed, "{name}: {arc:?}");
            assert_eq!(arc.apex < edge, forward, "{name}: {arc:?}");
            // It stays between its own row and the next.
            let extreme = Rect {
                left: arc.start.0.min(arc.end.0),
                top: arc.extreme() - 12.0,
                width: 1.0,
                height: 24.0,
            };
            assert!(arc.extreme() > 12.0 && arc.extreme() < size.height, "{name}: {arc:?}");
            let others = boxes.iter().filter(|rect| rect.top != from.top);
            assert!(others.into_iter().all(|rect| !rect.meets(extreme)), "{name}: {arc:?}");
        }
        // Of two arrows at one side of a box, the wider is nearer to its middle.
        for (one, other) in arcs.iter().flat_map(|one| arcs.iter().map(move |other| (one, other))) {
            let (from, height) = (at(one.start), |arc: &Arc| (arc.apex - arc.start.1).abs());
            if one.start.1 == other.start.1 && at(other.start) == from && height(one) < height(other) {
                let inset = |arc: &Arc| (arc.start.0 - from.left - from.width / 2.0).abs();
                assert!(inset(one) >= inset(other) + 12.0, "{name}: {one:?} {other:?}");
            }
        }
    }
}

#[test]
fn labels_stand_at_their_arrows_and_apart() {
    for (name, Picture { size, arcs, labels, boxes, .. }) in pictures() {
        assert_eq!(arcs.len(), labels.len(), "{name}");
        for (place, ((x, y), arc)) in labels.iter().zip(&arcs).enumerate() {
            assert!((x - (arc.start.0 + arc.end.0) / 2.0).abs() <= 1.0, "{name}: {x} {arc:?}");
            // Above an arc the baseline is clear of it by 5, below by a glyph's height more.
            let forward = arc.start.0 < arc.end.0;
            let expected = if forward { arc.extreme() - 5.0 } else { arc.extreme() + 14.0 };
            assert!((y - expected).abs() <= 1.0, "{name}: {y} {arc:?}");
            assert!(*y > 8.0 && *y < size.height - 3.0, "{name}: {y}");
            let glyphs = |x: f32, y: f32| Rect { left: x - 20.0, top: y - 8.0, width: 40.0, height: 10.0 };
            assert!(!boxes.iter().any(|rect| rect.meets(glyphs(*x, *y))), "{name}: {x} {y}");
            let others = labels.iter().skip(place + 1);
            assert!(
                others.into_iter().all(|(a, b)| !glyphs(*a, *b).meets(glyphs(*x, *y))),
                "{name}: {x} {y}"
            );
        }
    }
}

#[test]
fn rows_take_the_room_of_their_arrows_and_no_more() {
    for (name, Picture { size, boxes, arcs, .. }) in pictures() {
        // An arc, and a line for its label.
        let reach = |edge: f32| {
            let farthest =
                arcs.iter().filter(|arc| arc.start.1 == edge).map(|arc| (arc.extreme() - edge).abs());
            farthest.map(|height| height + 16.0).fold(0.0, f32::max)
        };
        let mut below = 0.0;
        let mut last: Option<Rect> = None;
        for rect in boxes {
            if last.is_some_and(|last| last.top == rect.top) {
                continue;
            }
            let expected = last.map_or(0.0, Rect::bottom) + below + 24.0 + reach(rect.top);
            assert!((rect.top - expected).abs() <= 1.0, "{name}: {rect:?}, not at {expected}");
            below = reach(rect.bottom());
            last = Some(rect);
        }
        assert!((size.height - last.unwrap().bottom() - below - 24.0).abs() <= 1.0, "{name}");
    }
}
