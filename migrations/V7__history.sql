-- What was changed, by whom. It outlives rows and people: names are kept as text, and nothing here is a reference.
create table history (
    id       integer primary key autoincrement,
    at       text not null,
    user_id  integer,
    username text not null check (length(username) <= 150 and instr(username, char(0)) = 0),
    client   text not null default '' check (length(client) <= 64 and instr(client, char(0)) = 0),
    action   text not null check (action in ('add', 'change', 'delete')),
    app      text not null check (length(app) between 1 and 100 and instr(app, char(0)) = 0),
    model    text not null check (length(model) between 1 and 100 and instr(model, char(0)) = 0),
    row_id   text not null check (length(row_id) <= 64 and instr(row_id, char(0)) = 0),
    label    text not null,
    -- A list of what changed, in the form that history.rs describes.
    changes  text not null default '[]' check (json_valid(changes))
) strict;
create index history_of_row on history (app, model, row_id, id);
create index history_of_user on history (user_id, id);

create trigger history_is_not_rewritten before update on history begin
    select raise(abort, 'history is append-only');
end;
create trigger history_is_not_erased before delete on history begin
    select raise(abort, 'history is append-only');
end;
