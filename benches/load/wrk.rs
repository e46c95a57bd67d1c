//! As much load as a server takes, by wrk: how many answers, how slow the slowest, what they cost.

use std::fs;
use std::process::Command;

use tempfile::NamedTempFile;

use super::contenders::Contender;

/// What came of a round.
pub(crate) struct Load {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Microseconds of a processor for each, the server's alone.
    pub(crate) cost: f64,
    /// Milliseconds within which 99 of 100 were there.
    pub(crate) slow: f64,
}

/// How a page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// By who does not have it.
    Plainly,
    /// By who has it already.
    Known,
    /// Under another host's name each time: to the site, whose pages hold their own addresses, a page that it never made.
    Anew,
}

/// Gives each request a host of its own.
const HOSTS: &str = r#"
local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("name", string.format("%d-%d", os.time(), threads))
end
local count = 0
function request()
    count = count + 1
    wrk.headers["Host"] = string.format("%s-%d.example", name, count)
    return wrk.format()
end
"#;

/// Asks for a page over 64 connections for two seconds.
pub(crate) fn load(contender: &Contender, path: &str, asking: Asking) -> Load {
    let address = format!("{}{path}", contender.origin);
    let tag = agreed(contender, &address);
    let script = NamedTempFile::new().expect("a temporary file");
    fs::write(&script, HOSTS).expect("a file of ours");

    let before = contender.processor();
    let mut wrk = Command::new("wrk");
    wrk.args([
        "--threads=2",
        "--connections=64",
        "--duration=2",
        "--latency",
    ]);
    match asking {
        Asking::Plainly => &mut wrk,
        Asking::Known => wrk.arg(format!("--header=If-None-Match: {tag}")),
        Asking::Anew => wrk.arg("--script").arg(script.path()),
    };
    let done = wrk.arg(&address).output().expect("wrk (apt install wrk)");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let is_good =
        done.status.success() && !said.contains("Non-2xx") && !said.contains("Socket errors");
    assert!(is_good, "{}: {said}", contender.name);
    let taken = contender.processor() - before;
    let number = |before: &str, after: &str| -> f64 {
        let (_, rest) = said
            .split_once(before)
            .unwrap_or_else(|| panic!("no {before:?} in {said}"));
        let number: String = rest
            .trim_start()
            .chars()
            .take_while(|&c| c.is_ascii_digit() || c == '.')
            .collect();
        assert!(rest.contains(after), "{said}");
        number
            .parse()
            .unwrap_or_else(|error| panic!("{error}: {number:?}"))
    };
    let rate = number("Requests/sec:", "");
    let duration = 2.0;
    Load {
        rate,
        cost: taken / (rate * duration) * 1e6,
        slow: milliseconds(&said),
    }
}

/// The page's tag, once the contender has shown that it gives the page, and 304 to who has it.
fn agreed(contender: &Contender, address: &str) -> String {
    let first = ureq::get(address).call().expect("a page");
    let tag = first.headers().get("etag").expect("a tag");
    let tag = tag.to_str().expect("a tag in ASCII").to_owned();
    let status = |known: bool| {
        let mut request = ureq::get(address).header("Accept-Encoding", "identity");
        if known {
            request = request.header("If-None-Match", &tag);
        }
        request.call().expect("an answer").status().as_u16()
    };
    let name = contender.name;
    assert_eq!((status(false), status(true)), (200, 304), "{name}");
    tag
}

/// The line of the distribution that says within which time 99 of 100 answers were there.
fn milliseconds(said: &str) -> f64 {
    let words = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("99%"))
        .unwrap_or_else(|| panic!("no distribution in {said}"))
        .trim();
    for (unit, times) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(number) = words.strip_suffix(unit)
            && let Ok(number) = number.parse::<f64>()
        {
            return number * times;
        }
    }
    panic!("{words:?} is no time");
}
