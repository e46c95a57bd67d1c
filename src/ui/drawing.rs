//! A home without a photo: a flat drawing made from its id. Same id, same bytes.
//!
//! Seven things vary independently (colors, sun, hills, house, door, trees, their places), so that neighbors in a list
//! look different. Shapes only, no style attribute: the content security policy allows none.

use maud::{Markup, PreEscaped, Render, html};

/// The drawing of the home with this id, hidden from screen readers: it tells nothing that the title does not.
pub struct Drawing(pub i64);

/// Sky, far hill, near hill, wall, roof, door.
const COLORS: &[[&str; 6]] = &[
    [
        "#cfe6ec", "#9cc3b5", "#6f9f86", "#fff4e4", "#a22b02", "#0a5869",
    ],
    [
        "#fbe3cf", "#e3b28c", "#b98a5e", "#fdf6ec", "#0a5869", "#a22b02",
    ],
    [
        "#d9e4f2", "#a9b8d3", "#7f93b2", "#f6efe2", "#7f4d00", "#1e2327",
    ],
    [
        "#f6dcd3", "#d9a79a", "#a8796d", "#fff8ef", "#3f5f4a", "#a22b02",
    ],
    [
        "#d5eadb", "#a3c79c", "#79a06f", "#fbf1dd", "#8c3b1a", "#17653a",
    ],
    [
        "#fdeccb", "#ecc77d", "#c79b4b", "#fffaf0", "#34495e", "#a22b02",
    ],
];

/// Where a tree may stand, clear of the house.
const GROUND: &[i64] = &[16, 28, 40, 122, 134, 146];

impl Render for Drawing {
    fn render(&self) -> Markup {
        let mut dice = Dice(self.0.unsigned_abs());
        // Nothing in them has to be escaped.
        let [sky, far, near, wall, roof, door] = dice.pick(COLORS).map(PreEscaped);
        let sun = (
            20 + 8 * dice.below(16),
            14 + 3 * dice.below(5),
            7 + dice.below(6),
        );
        let (left, right) = (44 + 3 * dice.below(8), 44 + 3 * dice.below(8));
        let meadow = 70 + dice.below(5);
        let house = (dice.below(5), dice.below(2) == 0);
        let (first, second) = (dice.pick(GROUND), dice.pick(GROUND));
        html! {
            svg.drawing viewBox="0 0 160 90" aria-hidden="true" {
                path fill=(sky) d="M0 0h160v90H0z" {}
                circle cx=(sun.0) cy=(sun.1) r=(sun.2) fill="#fff" opacity=".7" {}
                path fill=(far) d={ "M0 " (left) "q40-22 80 0t80 " (right - left) "V90H0z" } {}
                path fill=(near) d={ "M0 " (meadow) "q80-14 160 0V90H0z" } {}
                (House { kind: house.0, wall, roof, door, mirrored: house.1 })
                (Tree { kind: dice.below(4), x: first })
                @if (first - second).abs() > 11 { (Tree { kind: dice.below(4), x: second }) }
            }
        }
    }
}

/// A house in the middle, its door on one side or the other.
struct House {
    kind: i64,
    wall: PreEscaped<&'static str>,
    roof: PreEscaped<&'static str>,
    door: PreEscaped<&'static str>,
    mirrored: bool,
}

impl Render for House {
    fn render(&self) -> Markup {
        let Self {
            kind,
            wall,
            roof,
            door,
            mirrored,
        } = self;
        let opening = PreEscaped(if *mirrored {
            "M88 62h9v14h-9zM64 60h10v8h-10z"
        } else {
            "M64 62h9v14h-9zM86 60h10v8h-10z"
        });
        html! {
            @match kind {
                // A gable and a chimney.
                0 => {
                    path fill=(roof) d="M90 38h6v12h-6z" {}
                    path fill=(wall) d="M57 54h46v22H57z" {}
                    path fill=(roof) d="M52 55l28-19 28 19z" {}
                    path fill=(door) d=(opening) {}
                },
                // An A-frame.
                1 => {
                    path fill=(roof) d="M46 76l34-46 34 46z" {}
                    path fill=(wall) d="M57 76l23-31 23 31z" {}
                    path fill=(door) d="M75 62h10v14H75z" {}
                },
                // Flat roofs, one above the other.
                2 => {
                    path fill=(wall) d="M50 56h60v20H50zM62 44h30v12H62z" {}
                    path fill=(roof) d="M47 53h66v4H47zM59 41h36v4H59z" {}
                    path fill=(door) d=(opening) {}
                },
                // A dome.
                3 => {
                    path fill=(roof) d="M50 76a30 32 0 0 1 60 0z" {}
                    path fill=(wall) d="M58 76a22 23 0 0 1 44 0z" {}
                    path fill=(door) d="M75 64h10v12H75z" {}
                },
                // A cottage beside a silo.
                _ => {
                    path fill=(wall) d="M93 46h16v30H93z" {}
                    path fill=(roof) d="M92 47a9 9 0 0 1 18 0z" {}
                    path fill=(wall) d="M53 58h42v18H53z" {}
                    path fill=(roof) d="M48 59l26-16 26 16z" {}
                    path fill=(door) d="M60 64h8v12h-8zM76 63h9v7h-9z" {}
                },
            }
        }
    }
}

/// A tree, and where its trunk is.
struct Tree {
    kind: i64,
    x: i64,
}

impl Render for Tree {
    fn render(&self) -> Markup {
        let Self { kind, x } = self;
        html! {
            @match kind {
                // A fir.
                0 => path fill="#2f5a45" d={ "M" (x) " 52l8 25H" (x - 8) "z" } {},
                // A round crown.
                1 => {
                    path fill="#6b4a2b" d={ "M" (x - 1) " 66h3v12h-3z" } {}
                    circle cx=(x) cy="62" r="9" fill="#4a7a4f" {}
                },
                // A cypress.
                2 => ellipse cx=(x) cy="64" rx="4" ry="14" fill="#37614a" {},
                // A palm.
                _ => {
                    path stroke="#6b4a2b" stroke-width="2" d={ "M" (x) " 78V56" } {}
                    path fill="none" stroke="#3f7350" stroke-width="3" d={ "M" (x - 9) " 60q2-7 9-5q7-2 9 5M" (x) " 55v-6" } {}
                },
            }
        }
    }
}

/// Numbers that follow from the id alone (the mixing function is Steele, Lea and Flood's `SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u32) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::from(((z ^ z >> 31) >> 32) as u32 % sides)
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let place = usize::try_from(self.below(u32::try_from(choices.len()).unwrap_or(1)));
        choices[place.unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_small_and_always_the_same() {
        for id in (1..2_000).chain([i64::MAX, i64::MIN, 0]) {
            let drawing = Drawing(id).render().into_string();
            assert!(drawing.len() < 900, "{id}: {} bytes", drawing.len());
            assert_eq!(drawing, Drawing(id).render().into_string());
        }
    }

    #[test]
    fn neighbors_look_different() {
        let drawings: std::collections::HashSet<String> = (1..=24)
            .map(|id| Drawing(id).render().into_string())
            .collect();
        assert_eq!(drawings.len(), 24);
    }
}
