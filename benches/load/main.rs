//! The server under load beside what else could answer: `cargo bench --bench load`.
//!
//! The same bytes are asked of the site, of nginx with a file, of Rocket and hyper with constants and, where `make django`
//! has brought it, of Django with a view of them, and for pages that are made anew of Rocket with the same page made from
//! rows in memory, one after the other, round by round: machines differ from hour to hour,
//! so only the shares in one run mean something. Then requests come at
//! a steady thousand a second, whether the last one is answered or not, as visitors do, with and without staff who save.
//! Needs wrk and nginx. A page's path, `anew`, `many` or `steady` after `--` runs that part alone; `anew` asks for pages that
//! the site has to make each time, `many` does so beside a site with a million homes.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Duration;

mod bare;
mod contenders;
#[path = "../rows/many.rs"]
mod rows;
mod steady;
mod wrk;

use contenders::{Contender, Page};
use rows::{MANY, PAGES as LIST};
use wrk::Asking;

/// Turns of each; medians are told.
const ROUNDS: usize = 5;
/// What is asked for. Each page also as it is asked for by who has it already.
const PAGES: [&str; 4] = ["/", "/lettings/", "/lettings/1/", "/profiles/"];
/// How long each round of the steady load is.
const STEADY: Duration = Duration::from_secs(5);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, kind, file, path] = arguments.as_slice()
        && kind.starts_with("bare-")
    {
        return bare::serve(kind, file.as_ref(), path);
    }
    let part = arguments.iter().skip(1).find(|part| *part != "--bench");
    let is_wanted = |name: &str| part.is_none_or(|part| part == name);
    let site = contenders::site("the site", rows::demo);
    for path in PAGES.into_iter().filter(|path| is_wanted(path)) {
        for asking in [Asking::Plainly, Asking::Known] {
            compare(&site, path, asking);
        }
    }
    if is_wanted("anew") {
        for path in PAGES {
            compare(&site, path, Asking::Anew);
        }
    }
    if is_wanted("many") {
        many(&site);
    }
    if is_wanted("steady") {
        steady(&site);
    }
}

/// Asks two sites for pages that they have to make, one with six homes and one with a million, and prints what the rows
/// cost.
fn many(few: &Contender) {
    let many = contenders::site("many", rows::generate);
    println!("a million homes beside six, pages made anew:");
    for (path, its) in [
        ("/", "/".to_owned()),
        ("/lettings/", "/lettings/".to_owned()),
        ("/lettings/", format!("/lettings/?page={}", LIST / 2)),
        ("/lettings/", format!("/lettings/?page={LIST}")),
        ("/lettings/1/", format!("/lettings/{}/", MANY / 2)),
    ] {
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| {
                let few = wrk::load(few, path, Asking::Anew);
                (few, wrk::load(&many, &its, Asking::Anew))
            })
            .collect();
        let middle = |figure: &dyn Fn(&(wrk::Load, wrk::Load)) -> f64| {
            let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[ROUNDS / 2]
        };
        println!(
            "  {its:24} {:>8.0} a second, {:>5.1} µs of a processor each; {:.2} times as long as {path} of six, {:.2} times of a processor",
            middle(&|(_, many)| many.rate),
            middle(&|(_, many)| many.cost),
            middle(&|(few, many)| few.rate / many.rate),
            middle(&|(few, many)| many.cost / few.cost),
        );
    }
}

/// Asks at a steady pace, with and without staff who save, and prints the round in the middle.
fn steady(site: &Contender) {
    println!("1,000 requests a second, each counted from when it was due:");
    for saves in [0, 5] {
        let mut rounds: Vec<_> = (0..ROUNDS)
            .map(|_| steady::run(site, &PAGES, STEADY, saves))
            .collect();
        rounds.sort_by_key(|waits| waits.at(99));
        println!("  {saves} saves a second: {}", rounds[ROUNDS / 2]);
    }
}

/// Loads all contenders with one page in turns, and prints what the site answers as a share of what each of them does.
fn compare(site: &Contender, path: &str, asking: Asking) {
    let page = Page::of(site, path);
    let mut others = vec![
        contenders::nginx(&page),
        contenders::bare("bare-rocket", &page),
        contenders::bare("bare-hyper", &page),
    ];
    if asking == Asking::Anew {
        others.push(contenders::bare("bare-rocket-maud", &page));
    }
    others.extend(contenders::django(&page));
    let all: Vec<&Contender> = std::iter::once(site).chain(&others).collect();
    let mut rounds: Vec<Vec<wrk::Load>> = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(
            all.iter()
                .map(|contender| wrk::load(contender, path, asking))
                .collect(),
        );
    }
    let what = match asking {
        Asking::Plainly => "200",
        Asking::Known => "304",
        Asking::Anew => "200, made anew by the site",
    };
    println!("{path} ({what}, {} bytes)", page.bytes.len());
    for (place, contender) in all.iter().enumerate() {
        let median = |figure: &dyn Fn(&[wrk::Load]) -> f64| {
            let mut figures: Vec<f64> = rounds.iter().map(|round| figure(round)).collect();
            figures.sort_by(f64::total_cmp);
            figures[ROUNDS / 2]
        };
        println!(
            "  {:16} {:>8.0} a second, {:>5.1} µs of a processor each, 99 % within {:>5.1} ms; the site answers {:.2} times as many",
            contender.name,
            median(&|round| round[place].rate),
            median(&|round| round[place].cost),
            median(&|round| round[place].slow),
            median(&|round| round[0].rate / round[place].rate),
        );
    }
}
