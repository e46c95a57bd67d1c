-- What keeps pages quick with a million rows: no list sorts, no count scans, and no page is far from where one can start.
-- Where a home is and what it counts for hangs on one row for each home, so that coming, moving and going are written
-- down once.
drop trigger letting_counted;
drop trigger letting_uncounted;
drop trigger letting_recounted;
drop trigger address_recounted;
drop table place;

-- The homes of a place in the order of their ids: an index on a table with rowid ends in the rowid.
create table letting_place (
    letting_id integer primary key,
    state      text not null,
    city       text not null
) strict;
create index letting_place_by_state on letting_place (state);
create index letting_place_by_city on letting_place (city, state);

-- How many homes there are in each city, for the home page the largest first …
create table place (
    state    text not null,
    city     text not null,
    lettings integer not null check (lettings >= 0),
    primary key (state, city)
) strict, without rowid;
create index place_by_size on place (lettings desc, city, state);
create index place_by_city on place (city);

-- … and in each state.
create table state (
    state    text primary key,
    lettings integer not null check (lettings >= 0)
) strict, without rowid;

-- How many rows of a list have an id from `number * ids` on, before the next such number. Who wants the half-millionth
-- row passes over large spans of ids, then over small ones, and over no more than 255 rows in the end.
create table span (
    list   text not null check (list in ('letting', 'profile')),
    ids    integer not null check (ids in (256, 8192)),
    number integer not null,
    rows   integer not null check (rows >= 0),
    primary key (list, ids, number)
) strict, without rowid;

insert into letting_place (letting_id, state, city)
    select letting.id, state, city from letting join address on address.id = address_id order by letting.id;
insert into place (state, city, lettings) select state, city, count(*) from letting_place group by state, city;
insert into state (state, lettings) select state, sum(lettings) from place group by state;
insert into span (list, ids, number, rows) select 'letting', 256, id / 256, count(*) from letting group by id / 256;
insert into span (list, ids, number, rows) select 'profile', 256, id / 256, count(*) from profile group by id / 256;
insert into span (list, ids, number, rows) select list, 8192, number / 32, sum(rows) from span group by list, number / 32;

create trigger letting_placed after insert on letting begin
    insert into letting_place (letting_id, state, city) select new.id, state, city from address where id = new.address_id;
end;
create trigger letting_displaced after delete on letting begin
    delete from letting_place where letting_id = old.id;
end;
create trigger letting_moved after update of id, address_id on letting
when (old.id, old.address_id) <> (new.id, new.address_id)
begin
    delete from letting_place where letting_id = old.id;
    insert into letting_place (letting_id, state, city) select new.id, state, city from address where id = new.address_id;
end;
create trigger address_moved after update of state, city on address
when (old.state, old.city) <> (new.state, new.city)
     and exists (select 1 from letting where address_id = new.id)
begin
    delete from letting_place where letting_id = (select id from letting where address_id = new.id);
    insert into letting_place (letting_id, state, city) select id, new.state, new.city from letting where address_id = new.id;
end;

create trigger place_counted after insert on letting_place begin
    insert into place (state, city, lettings) values (new.state, new.city, 1)
    on conflict do update set lettings = lettings + 1;
    insert into state (state, lettings) values (new.state, 1)
    on conflict do update set lettings = lettings + 1;
    insert into span (list, ids, number, rows)
    values ('letting', 256, new.letting_id / 256, 1), ('letting', 8192, new.letting_id / 8192, 1)
    on conflict do update set rows = rows + 1;
end;
create trigger place_uncounted after delete on letting_place begin
    update place set lettings = lettings - 1 where state = old.state and city = old.city;
    update state set lettings = lettings - 1 where state = old.state;
    update span set rows = rows - 1 where list = 'letting' and ids = 256 and number = old.letting_id / 256;
    update span set rows = rows - 1 where list = 'letting' and ids = 8192 and number = old.letting_id / 8192;
end;

create trigger profile_counted after insert on profile begin
    insert into span (list, ids, number, rows)
    values ('profile', 256, new.id / 256, 1), ('profile', 8192, new.id / 8192, 1)
    on conflict do update set rows = rows + 1;
end;
create trigger profile_uncounted after delete on profile begin
    update span set rows = rows - 1 where list = 'profile' and ids = 256 and number = old.id / 256;
    update span set rows = rows - 1 where list = 'profile' and ids = 8192 and number = old.id / 8192;
end;
create trigger profile_recounted after update of id on profile when old.id <> new.id begin
    update span set rows = rows - 1 where list = 'profile' and ids = 256 and number = old.id / 256;
    update span set rows = rows - 1 where list = 'profile' and ids = 8192 and number = old.id / 8192;
    insert into span (list, ids, number, rows)
    values ('profile', 256, new.id / 256, 1), ('profile', 8192, new.id / 8192, 1)
    on conflict do update set rows = rows + 1;
end;

-- What counts nothing is no row.
create trigger place_emptied after update on place when new.lettings = 0 begin
    delete from place where state = new.state and city = new.city;
end;
create trigger state_emptied after update on state when new.lettings = 0 begin
    delete from state where state = new.state;
end;
create trigger span_emptied after update on span when new.rows = 0 begin
    delete from span where list = new.list and ids = new.ids and number = new.number;
end;
