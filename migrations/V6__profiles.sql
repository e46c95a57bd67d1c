-- What a person shows of themselves. Deleting the user takes the profile along.
create table profile (
    id            integer primary key autoincrement,
    user_id       integer not null unique references user (id) on delete cascade,
    favorite_city text not null default '' check (length(favorite_city) <= 64 and instr(favorite_city, char(0)) = 0),
    -- The replaced site published every address; here a person has to choose it.
    show_email    integer not null default 0 check (show_email in (0, 1)),
    updated_at    text not null,
    version       integer not null default 1 check (version > 0)
) strict;
