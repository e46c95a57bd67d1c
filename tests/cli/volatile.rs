//! Data that does not last: said at the start, by `check`, and to staff as long as they work.

use oc_lettings::db::file::Lasting;

use super::run::{Run, passed_over};
use super::server::Server;
use super::staff::Staff;

const WORDS: &str = "in memory, lost at the next restart";

#[test]
fn a_database_in_memory_is_warned_of_in_the_log_by_check_and_on_every_page_of_the_admin() {
    let folder = tempfile::tempdir_in("/dev/shm").ok();
    let Some(folder) = folder.filter(|folder| Lasting::of(folder.path()) == Lasting::Memory) else {
        return passed_over("there is no file system in memory at /dev/shm");
    };
    let run = Run::new()
        .with("DATABASE", folder.path().join("site.sqlite3"))
        .administered();
    let server = Server::start(&run);
    let warned = server.start.iter().find(|line| {
        line["level"] == "warn" && line["msg"].as_str().is_some_and(|msg| msg.contains(WORDS))
    });
    let warned = warned.unwrap_or_else(|| panic!("{:?}", server.start));
    assert!(warned["msg"].as_str().unwrap().contains("set DATABASE"));

    let checked = run.run(&["check"]).succeeded();
    assert!(checked.contains(WORDS), "{checked}");

    let mut staff = Staff::sign_in(&server);
    for (path, details) in [
        ("/admin/", "<details open>"),
        ("/admin/lettings/letting/", "<details>"),
    ] {
        let page = staff.get(path).text();
        let expected = format!("{details}<summary>The data of this site is {WORDS}.</summary>");
        assert!(page.contains(&expected), "{page}");
        assert!(page.contains("set DATABASE to a path on it"), "{page}");
    }
    for path in ["/", "/admin/login/"] {
        let page = server.ask("GET", path).text();
        assert!(!page.contains(WORDS), "not for visitors: {page}");
    }
}

#[test]
fn a_database_on_a_disk_that_lasts_is_not_worth_a_word() {
    let run = Run::new().administered();
    if Lasting::of(&run.path("site.sqlite3")) != Lasting::Yes {
        return passed_over("temporary files do not last here");
    }
    let server = Server::start(&run);
    let page = Staff::sign_in(&server).get("/admin/").text();
    assert!(!page.contains("class=\"notices"), "{page}");
}
