-- Who is signed in. Only the SHA-256 of a session's token is kept: a copy of this file opens no session.
create table session (
    token_hash   blob primary key check (length(token_hash) = 32),
    user_id      integer not null references user (id) on delete cascade,
    created_at   text not null,
    last_used_at text not null,
    client       text not null default '' check (length(client) <= 64 and instr(client, char(0)) = 0),
    user_agent   text not null default '' check (length(user_agent) <= 512 and instr(user_agent, char(0)) = 0)
) strict, without rowid;
create index session_by_user on session (user_id);
create index session_by_last_use on session (last_used_at);
