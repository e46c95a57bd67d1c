-- Rows of a list are counted in three sizes of spans of ids instead of two: who wants the half-millionth row passes over at
-- most 31 spans of each size and 31 rows, where it were up to 122 spans, 31 spans and 255 rows; and a count adds up a
-- quarter as many.
drop trigger place_counted;
drop trigger place_uncounted;
drop trigger profile_counted;
drop trigger profile_uncounted;
drop trigger profile_recounted;
drop table span;

-- How many rows of a list have an id from `number * ids` on, before the next such number.
create table span (
    list   text not null check (list in ('letting', 'profile')),
    ids    integer not null check (ids in (32, 1024, 32768)),
    number integer not null,
    rows   integer not null check (rows >= 0),
    primary key (list, ids, number)
) strict, without rowid;

insert into span (list, ids, number, rows) select 'letting', 32, id / 32, count(*) from letting group by id / 32;
insert into span (list, ids, number, rows) select 'profile', 32, id / 32, count(*) from profile group by id / 32;
insert into span (list, ids, number, rows) select list, 1024, number / 32, sum(rows) from span group by list, number / 32;
insert into span (list, ids, number, rows)
    select list, 32768, number / 32, sum(rows) from span where ids = 1024 group by list, number / 32;

create trigger place_counted after insert on letting_place begin
    insert into place (state, city, lettings) values (new.state, new.city, 1)
    on conflict do update set lettings = lettings + 1;
    insert into state (state, lettings) values (new.state, 1)
    on conflict do update set lettings = lettings + 1;
    insert into span (list, ids, number, rows)
    select 'letting', column1, new.letting_id / column1, 1 from (values (32), (1024), (32768)) where true
    on conflict do update set rows = rows + 1;
end;
create trigger place_uncounted after delete on letting_place begin
    update place set lettings = lettings - 1 where state = old.state and city = old.city;
    update state set lettings = lettings - 1 where state = old.state;
    update span set rows = rows - 1 where list = 'letting' and ids = 32 and number = old.letting_id / 32;
    update span set rows = rows - 1 where list = 'letting' and ids = 1024 and number = old.letting_id / 1024;
    update span set rows = rows - 1 where list = 'letting' and ids = 32768 and number = old.letting_id / 32768;
end;

create trigger profile_counted after insert on profile begin
    insert into span (list, ids, number, rows)
    select 'profile', column1, new.id / column1, 1 from (values (32), (1024), (32768)) where true
    on conflict do update set rows = rows + 1;
end;
create trigger profile_uncounted after delete on profile begin
    update span set rows = rows - 1 where list = 'profile' and ids = 32 and number = old.id / 32;
    update span set rows = rows - 1 where list = 'profile' and ids = 1024 and number = old.id / 1024;
    update span set rows = rows - 1 where list = 'profile' and ids = 32768 and number = old.id / 32768;
end;
create trigger profile_recounted after update of id on profile when old.id <> new.id begin
    update span set rows = rows - 1 where list = 'profile' and ids = 32 and number = old.id / 32;
    update span set rows = rows - 1 where list = 'profile' and ids = 1024 and number = old.id / 1024;
    update span set rows = rows - 1 where list = 'profile' and ids = 32768 and number = old.id / 32768;
    insert into span (list, ids, number, rows)
    select 'profile', column1, new.id / column1, 1 from (values (32), (1024), (32768)) where true
    on conflict do update set rows = rows + 1;
end;

-- What counts nothing is no row.
create trigger span_emptied after update on span when new.rows = 0 begin
    delete from span where list = new.list and ids = new.ids and number = new.number;
end;
