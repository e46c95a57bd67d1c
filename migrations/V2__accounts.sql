-- Who may sign in, and what they may do. Names, flags and limits are Django's, so that its rows fit without loss.
-- An id is never given out twice (autoincrement): addresses and history may still point at a row that is gone.
-- length() stops at the first NUL, therefore each text refuses it; classes of Unicode characters are checked in code.
create table user (
    id           integer primary key autoincrement,
    username     text not null unique
                 check (length(username) between 1 and 150 and instr(username, char(0)) = 0)
                 -- No ASCII but letters, digits and @ . + - _; and not only dots, which browsers fold in addresses.
                 check (username not glob '*[' || char(1) || '-*,/:-?[-^`{-' || char(127) || ']*'
                        and trim(username, '.') <> ''),
    first_name   text not null default '' check (length(first_name) <= 150 and instr(first_name, char(0)) = 0),
    last_name    text not null default '' check (length(last_name) <= 150 and instr(last_name, char(0)) = 0),
    email        text not null default '' check (length(email) <= 254 and instr(email, char(0)) = 0),
    -- A hash in Django's notation or PHC's; one that begins with '!' never matches anything.
    password     text not null check (length(password) between 1 and 1024 and instr(password, char(0)) = 0),
    is_active    integer not null default 1 check (is_active in (0, 1)),
    is_staff     integer not null default 0 check (is_staff in (0, 1)),
    is_superuser integer not null default 0 check (is_superuser in (0, 1)),
    date_joined  text not null
                 check (date_joined glob '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z'
                        and instr(date_joined, char(0)) = 0 and substr(date_joined, 12, 2) < '24'
                        and substr(date_joined, 1, 10) is date(substr(date_joined, 1, 10), '+0 days')),
    last_login   text
                 check (last_login is null
                        or (last_login glob '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z'
                            and instr(last_login, char(0)) = 0 and substr(last_login, 12, 2) < '24'
                            and substr(last_login, 1, 10) is date(substr(last_login, 1, 10), '+0 days'))),
    updated_at   text not null,
    version      integer not null default 1 check (version > 0)
) strict;

create table "group" (
    id         integer primary key autoincrement,
    name       text not null unique check (length(name) between 1 and 150 and instr(name, char(0)) = 0),
    updated_at text not null,
    version    integer not null default 1 check (version > 0)
) strict;

-- Rows are made at launch from the models that the binary declares, never by hand.
create table permission (
    id     integer primary key autoincrement,
    app    text not null check (length(app) between 1 and 100 and instr(app, char(0)) = 0),
    model  text not null check (length(model) between 1 and 100 and instr(model, char(0)) = 0),
    action text not null check (action in ('add', 'change', 'delete', 'view')),
    unique (app, model, action)
) strict;

create table user_group (
    user_id  integer not null references user (id) on delete cascade,
    group_id integer not null references "group" (id) on delete cascade,
    primary key (user_id, group_id)
) strict, without rowid;
create index user_group_by_group on user_group (group_id);

create table user_permission (
    user_id       integer not null references user (id) on delete cascade,
    permission_id integer not null references permission (id) on delete cascade,
    primary key (user_id, permission_id)
) strict, without rowid;
create index user_permission_by_permission on user_permission (permission_id);

create table group_permission (
    group_id      integer not null references "group" (id) on delete cascade,
    permission_id integer not null references permission (id) on delete cascade,
    primary key (group_id, permission_id)
) strict, without rowid;
create index group_permission_by_permission on group_permission (permission_id);
