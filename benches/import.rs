//! What moving in costs where a site has grown large: a Django database with a million homes and 100,000 people.
//!
//! The real binary imports a generated file into a new database; the time it takes and the most memory it held are
//! printed. The targets are under 60 seconds and under 200 MB.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often the system is asked what the process holds.
const LOOK: Duration = Duration::from_millis(20);

/// The fixture's tables with rows by the hundred thousand. Cities repeat as they do in life, names and hashes do not.
const ROWS: &str = "
    delete from lettings_letting; delete from lettings_address; delete from profiles_profile; delete from django_admin_log;
    insert into lettings_address (id, number, street, city, state, zip_code, country_iso_code)
        with recursive n (n) as (select 1 union all select n + 1 from n where n < 1000000)
        select n, n % 10000, 'Street of the ' || n || 'th home', 'City ' || n % 5000, 'CA', n % 100000, 'USA' from n;
    insert into lettings_letting (id, title, address_id)
        select id, 'A home with a title of a usual length, number ' || id, id from lettings_address;
    insert into auth_user (id, username, first_name, last_name, email, password, is_active, is_staff, is_superuser, date_joined)
        with recursive n (n) as (select 31 union all select n + 1 from n where n < 100030)
        select n, 'person' || n, 'First' || n, 'Last' || n, 'person' || n || '@example.com',
               'pbkdf2_sha256$1000000$' || printf('%022d', n) || '$T54QQvTDCXsUxzl+RqiBxqpH9EeWHFYW0tr29CepciI=',
               1, 0, 0, '2026-11-22 07:44:57.911317' from n;
    insert into profiles_profile (id, user_id, favorite_city) select id, id, 'City ' || id % 5000 from auth_user;
    insert into django_admin_log (id, object_id, object_repr, action_flag, change_message, content_type_id, user_id, action_time)
        select id, id, number || ' ' || street, 2, '[{\"changed\": {\"fields\": [\"Number\", \"City\"]}}]', 7, 1, '2026-11-22 07:44:57.364462'
        from lettings_address where id <= 100000;
";

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = generate(folder.path());
    let size = std::fs::metadata(&file).expect("a file of ours").len();
    println!("a Django database of {:.0} MB", size as f64 / 1e6);
    for turn in ["first", "second"] {
        let since = Instant::now();
        let (status, peak) = watched(import(folder.path(), &file));
        assert!(status.success(), "the import fails");
        println!(
            "the {turn} run took {:.1} s and held at most {:.0} MB",
            since.elapsed().as_secs_f64(),
            peak as f64 / 1e6
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "the file is not one of ours")]
fn generate(folder: &Path) -> std::path::PathBuf {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/django-site.sqlite3");
    let file = folder.join("db.sqlite3");
    std::fs::copy(fixture, &file).expect("a fixture in tests/data");
    let conn = rusqlite::Connection::open(&file).expect("a database");
    conn.execute_batch(&format!(
        "pragma foreign_keys = off; pragma synchronous = off; begin; {ROWS} commit; vacuum;"
    ))
    .expect("tables of Django's");
    file
}

fn import(folder: &Path, file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_oc-lettings"))
        .arg("import-django")
        .arg(file)
        .env_clear()
        .env("DATABASE", "site.sqlite3")
        .current_dir(folder)
        .stdout(Stdio::inherit())
        .spawn()
        .expect("the binary starts")
}

/// Waits for the end, and tells the most bytes that the process held (proc(5), `VmHWM`).
fn watched(mut child: Child) -> (ExitStatus, u64) {
    let mut peak = 0;
    loop {
        if let Some(held) = held(child.id()) {
            peak = peak.max(held);
        }
        match child.try_wait().expect("a process of ours") {
            Some(status) => return (status, peak),
            None => sleep(LOOK),
        }
    }
}

fn held(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
