//! The picture of a person's paths: person, then what they hold, then what it lets them do.
//!
//! Many people hold the same, so all but the person's name is drawn once and used by all of them.

use std::collections::HashMap;

use super::text::cut;

const MARGIN: usize = 4;
const GAP: usize = 50;
const PERSON: usize = 200;
const STEP: usize = 240;
const PERMISSION: usize = 310;
/// The height of a box, and the space below it.
const BOX: usize = 40;
const SPACE: usize = 10;
const FLAT_BOX: usize = 24;
const FLAT_SPACE: usize = 6;
/// So many letters fit into the boxes, also of a wide font.
const STEP_LETTERS: usize = 28;
const CAPTION_LETTERS: usize = 33;
const PERMISSION_LETTERS: usize = 38;

/// A way to some permissions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Way {
    /// The type and the name of each resource on it.
    pub(super) steps: Vec<(String, String)>,
    pub(super) permissions: Vec<String>,
    /// What limits it.
    pub(super) limit: Option<String>,
}

/// A picture without the person's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) boxes: Vec<Square>,
    pub(super) lines: Vec<Line>,
}

/// A box with its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Square {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    /// The small line above the name; a permission has none.
    pub(super) caption: Option<String>,
    pub(super) name: String,
}

/// A curve between two boxes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    pub(super) from: (usize, usize),
    pub(super) to: (usize, usize),
    /// Where the curve bends.
    pub(super) middle: usize,
    /// Whether something limits the way.
    pub(super) is_limited: bool,
}

impl Picture {
    pub(super) fn person_width() -> usize {
        PERSON
    }

    /// The height of the person's box.
    pub(super) fn person_height() -> usize {
        BOX
    }

    /// Where the person's box begins.
    pub(super) fn person_y(&self) -> usize {
        (self.height - BOX) / 2
    }

    pub(super) fn of(ways: &[Way]) -> Self {
        let depth = ways.iter().map(|way| way.steps.len()).max().unwrap_or(0);
        let mut columns = vec![Column::default(); depth + 1];
        let places: Vec<Placed> = ways.iter().map(|way| place(way, &mut columns)).collect();
        let tallest = columns.iter().enumerate().map(|(number, column)| {
            let (size, space) = sizes(number == depth);
            column.names.len() * (size + space)
        });
        let height = tallest.max().unwrap_or(0).max(BOX + SPACE) + 2 * MARGIN;
        let x = |number: usize| MARGIN + PERSON + GAP + number * (STEP + GAP);
        let mut boxes = Vec::new();
        let mut tops: Vec<Vec<usize>> = Vec::new();
        for (number, column) in columns.iter().enumerate() {
            let (size, space) = sizes(number == depth);
            let used = (column.names.len() * (size + space)).saturating_sub(space);
            let top = (height - used.min(height)) / 2;
            let mut middles = Vec::new();
            for (row, (caption, name)) in column.names.iter().enumerate() {
                let y = top + row * (size + space);
                middles.push(y + size / 2);
                boxes.push(Square {
                    x: x(number),
                    y,
                    width: if number == depth { PERMISSION } else { STEP },
                    height: size,
                    caption: (number < depth).then(|| cut(caption, CAPTION_LETTERS)),
                    name: cut(
                        name,
                        if number == depth {
                            PERMISSION_LETTERS
                        } else {
                            STEP_LETTERS
                        },
                    ),
                });
            }
            tops.push(middles);
        }
        let at = |column: usize, row: usize| -> usize {
            let rows = tops.get(column);
            rows.and_then(|rows| rows.get(row)).copied().unwrap_or(0)
        };
        let mut lines: Vec<Line> = Vec::new();
        for placed in &places {
            let mut from = (MARGIN + PERSON, height / 2);
            let ends = placed.permissions.iter().map(|row| (depth, *row));
            for (column, row) in &placed.steps {
                let to = (x(*column), at(*column, *row));
                lines.push(line(from, to, placed.is_limited));
                from = (to.0 + STEP, to.1);
            }
            for (column, row) in ends {
                lines.push(line(from, (x(column), at(column, row)), placed.is_limited));
            }
        }
        let mut known = std::collections::HashSet::new();
        lines.retain(|line| known.insert(line.clone()));
        Self {
            width: x(depth) + PERMISSION + MARGIN,
            height,
            boxes,
            lines,
        }
    }
}

/// The boxes above each other.
#[derive(Clone, Default)]
struct Column {
    names: Vec<(String, String)>,
    rows: HashMap<(String, String), usize>,
}

impl Column {
    /// The row of a box, which is added if it is new.
    fn row(&mut self, caption: String, name: &str) -> usize {
        let key = (caption, name.to_owned());
        if let Some(row) = self.rows.get(&key) {
            return *row;
        }
        let row = self.names.len();
        self.names.push(key.clone());
        self.rows.insert(key, row);
        row
    }
}

/// Where the boxes of a way are.
struct Placed {
    /// The column and the row of each step.
    steps: Vec<(usize, usize)>,
    /// The rows of its permissions.
    permissions: Vec<usize>,
    is_limited: bool,
}

/// Puts a way into the columns. What gives the permissions is always in the last but one.
fn place(way: &Way, columns: &mut [Column]) -> Placed {
    let last = columns.len() - 1;
    let first = last - way.steps.len();
    let mut steps = Vec::new();
    for (place, (kind, name)) in way.steps.iter().enumerate() {
        let caption = match (&way.limit, place) {
            (Some(limit), 0) => format!("{kind}, {limit}"),
            _ => kind.clone(),
        };
        if let Some(column) = columns.get_mut(first + place) {
            steps.push((first + place, column.row(caption, name)));
        }
    }
    let permissions = columns.last_mut().map(|column| {
        let rows = way.permissions.iter();
        rows.map(|label| column.row(String::new(), label)).collect()
    });
    Placed {
        steps,
        permissions: permissions.unwrap_or_default(),
        is_limited: way.limit.is_some(),
    }
}

fn sizes(is_permission: bool) -> (usize, usize) {
    if is_permission {
        (FLAT_BOX, FLAT_SPACE)
    } else {
        (BOX, SPACE)
    }
}

fn line(from: (usize, usize), to: (usize, usize), is_limited: bool) -> Line {
    Line {
        from,
        to,
        middle: usize::midpoint(from.0, to.0),
        is_limited,
    }
}

/// The pictures of a report, each once.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    all: Vec<Picture>,
    known: HashMap<Vec<Way>, usize>,
}

impl Pictures {
    /// The number of the picture of these ways.
    pub(super) fn number(&mut self, ways: Vec<Way>) -> usize {
        if let Some(number) = self.known.get(&ways) {
            return *number;
        }
        let number = self.all.len();
        self.all.push(Picture::of(&ways));
        self.known.insert(ways, number);
        number
    }

    pub(super) fn all(&self) -> &[Picture] {
        &self.all
    }

    pub(super) fn get(&self, number: usize) -> Option<&Picture> {
        self.all.get(number)
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn way(steps: &[&str], permissions: &[&str]) -> Way {
        Way {
            steps: steps
                .iter()
                .map(|name| ("Permission Set".to_owned(), (*name).to_owned()))
                .collect(),
            permissions: permissions
                .iter()
                .map(|label| (*label).to_owned())
                .collect(),
            limit: None,
        }
    }

    #[test]
    fn two_ways_to_one_permission_meet() {
        let picture = Picture::of(&[
            way(&["A"], &["View All Data"]),
            way(&["B"], &["View All Data"]),
        ]);
        let names: Vec<&str> = picture.boxes.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "View All Data"]);
        // Two lines from the person, one from each set.
        assert_eq!(picture.lines.len(), 4);
        assert_eq!(picture.lines[1].to, picture.lines[3].to);
    }

    #[test]
    fn a_single_way_is_a_straight_line() {
        let picture = Picture::of(&[way(&["A"], &["X"])]);
        assert!(picture.lines.iter().all(|line| line.from.1 == line.to.1));
    }

    #[test]
    fn a_longer_way_begins_further_left() {
        let picture = Picture::of(&[way(&["Outer", "Inner"], &["X"]), way(&["Set"], &["X"])]);
        let x = |name: &str| {
            let found = picture.boxes.iter().find(|one| one.name == name);
            found.map(|one| one.x)
        };
        assert_eq!(x("Inner"), x("Set"));
        assert!(x("Outer") < x("Inner") && x("Inner") < x("X"));
    }

    #[test]
    fn every_box_is_inside() {
        let many: Vec<String> = (0..18)
            .map(|number| format!("Permission {number}"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for ways in [
            vec![way(&["A"], &many)],
            vec![way(&["A"], &["X"]); 3],
            vec![],
        ] {
            let picture = Picture::of(&ways);
            for one in &picture.boxes {
                assert!(one.y + one.height <= picture.height, "{one:?}");
                assert!(one.x + one.width <= picture.width, "{one:?}");
            }
        }
    }

    #[test]
    fn the_same_ways_have_the_same_picture() {
        let mut pictures = Pictures::default();
        let first = pictures.number(vec![way(&["A"], &["X"])]);
        assert_eq!(pictures.number(vec![way(&["A"], &["X"])]), first);
        assert_ne!(pictures.number(vec![way(&["B"], &["X"])]), first);
        assert_eq!(pictures.all().len(), 2);
    }
}
