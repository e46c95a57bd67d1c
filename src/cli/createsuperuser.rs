//! `oc-lettings createsuperuser` and `changepassword`: accounts at the machine itself, by the same rules as in the admin.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::error::{Context, Error, Result};
use crate::models::history::{self, Change, Event};
use crate::models::session;
use crate::models::user::{self, account};
use crate::password::{self, validate};
use crate::schema::draft::Fields;
use crate::schema::{Author, Field, Fieldset, Kind, Model};

/// As in Django.
const ATTEMPTS: usize = 3;

/// Username and email, checked as in the admin's forms.
static FORM: Model = Model {
    fieldsets: &[Fieldset::plain(&[
        Field::new("username", "Username", Kind::Text { max: 150 })
            .check(crate::schema::check::username),
        Field::new("email", "Email address", Kind::Email { max: 254 }).optional(),
    ])],
    ..Model::DEFAULT
};

#[derive(Debug, Args)]
pub(super) struct CreateSuperuser {
    /// Ask nothing: take `ADMIN_USERNAME`, `ADMIN_EMAIL` and `ADMIN_PASSWORD` or `ADMIN_PASSWORD_FILE`
    #[arg(long)]
    noinput: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChangePassword {
    /// Whose password
    username: String,
    /// Read the new password from one line of standard input
    #[arg(long)]
    stdin: bool,
}

impl CreateSuperuser {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        let (db, _) = super::open(config)?;
        let (username, email) = if self.noinput {
            let name = config.admin.username.clone().ok_or_else(|| {
                Error::Refused("ADMIN_USERNAME is not set: --noinput needs it, or leave --noinput out and be asked".to_owned())
            })?;
            (name, config.admin.email.clone().unwrap_or_default())
        } else {
            demand_terminal("set ADMIN_USERNAME and ADMIN_PASSWORD and pass --noinput")?;
            (ask("Username: ")?, ask("Email address: ")?)
        };
        let fields = Fields::new(vec![
            ("username".to_owned(), username),
            ("email".to_owned(), email),
        ]);
        let draft = FORM.check(&fields, true).map_err(|errors| {
            let words: Vec<String> = errors
                .iter()
                .flat_map(|(name, words)| words.iter().map(move |words| format!("{name}: {words}")))
                .collect();
            Error::Refused(format!("{}; choose another", words.join(" ")))
        })?;
        let (username, email) = (
            draft.text("username").to_owned(),
            draft.text("email").to_owned(),
        );
        if db.read(|conn| user::has_twin(conn, None, &username))? {
            return Err(Error::Refused(format!(
                "{username}: that username is already taken; choose another, or use changepassword"
            )));
        }
        let hash = match (&config.admin.password, self.noinput) {
            (Some(plain), true) => password::hash(plain.reveal())?,
            (None, true) => password::UNUSABLE.to_owned(),
            (_, false) => {
                let person = validate::Person {
                    username: &username,
                    first_name: "",
                    last_name: "",
                    email: &email,
                };
                password::hash(&ask_password(&username, &person)?)?
            }
        };
        db.write_now(|tx| {
            let id = account::make_superuser(tx, &username, &email, &hash)?;
            history::record(
                tx,
                &Author::command(),
                &user::MODEL,
                Event::Added,
                (id, &username),
                &[],
            )
        })?;
        db.checkpoint()?;
        super::say(format_args!("created the superuser {username}"))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ChangePassword {
    pub(super) fn run(&self, config: &Config) -> Result<ExitCode> {
        let (db, _) = super::open(config)?;
        let username = &self.username;
        let id = db.read(|conn| user::id_of(conn, username))?.ok_or_else(|| {
            Error::Refused(format!("user {username:?} does not exist: names are case-sensitive, see the list of users in the admin"))
        })?;
        let account = db
            .read(|conn| account::find_any(conn, id))?
            .ok_or(Error::NotFound)?;
        let person = validate::Person {
            username,
            first_name: &account.first_name,
            last_name: &account.last_name,
            email: &account.email,
        };
        let plain = if self.stdin {
            let plain = read_line()?;
            let complaints = validate::complaints(&plain, &person);
            if !complaints.is_empty() {
                return Err(Error::Refused(format!(
                    "{} Choose another password.",
                    complaints.join(" ")
                )));
            }
            plain
        } else {
            demand_terminal("pass --stdin and write the password to standard input")?;
            ask_password(username, &person)?
        };
        let hash = password::hash(&plain)?;
        let ended = db.write_now(|tx| {
            account::set_password(tx, id, &hash)?;
            history::record(
                tx,
                &Author::command(),
                &user::MODEL,
                Event::Changed,
                (id, username),
                &[Change::hidden("Password")],
            )?;
            session::delete_others(tx, id, None)
        })?;
        db.checkpoint()?;
        super::say(format_args!(
            "changed the password of {username}, ended {ended} sessions"
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `oc-lettings clearsessions`.
pub(super) fn clear_sessions(config: &Config) -> Result<ExitCode> {
    let db = super::open_as_it_is(config)?;
    let dropped = db.write_now(session::clear)?;
    super::say(format_args!("dropped {dropped} expired sessions"))?;
    Ok(ExitCode::SUCCESS)
}

fn demand_terminal(instead: &str) -> Result<()> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "there is no terminal to ask on: {instead}"
    )))
}

fn ask(question: &str) -> Result<String> {
    print_question(question)?;
    read_line()
}

fn print_question(question: &str) -> Result<()> {
    let mut output = std::io::stdout();
    write!(output, "{question}")
        .and_then(|()| output.flush())
        .context("ask on the terminal")
}

fn read_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("read a line of standard input")?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Asks twice, and again where the answers differ or are not good enough.
fn ask_password(username: &str, person: &validate::Person<'_>) -> Result<String> {
    for _ in 0..ATTEMPTS {
        let first = rpassword::prompt_password("Password: ").context("ask on the terminal")?;
        let second =
            rpassword::prompt_password("Password (again): ").context("ask on the terminal")?;
        let complaints = if first == second {
            validate::complaints(&first, person)
        } else {
            vec!["The two passwords didn’t match.".to_owned()]
        };
        if complaints.is_empty() {
            return Ok(first);
        }
        for words in complaints {
            super::say(words)?;
        }
    }
    Err(Error::Refused(format!(
        "no password for {username} after {ATTEMPTS} attempts: start again"
    )))
}
