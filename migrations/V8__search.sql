-- What keeps long lists quick to search and to narrow. An index of words (sqlite.org/fts5.html) holds every three
-- characters that follow each other, without letter case and accents: `zoe` finds Zoë, and a hundred thousand rows are
-- asked within milliseconds, where `like` reads each of them.
-- The indexes keep no copy of the texts and a row goes out by its id alone (contentless_delete), so that no trigger has to
-- know what a row's words were. Triggers keep them; `insert or replace` would pass over those of the replaced row.
-- Other SQLite tools read the tables as ever; to write these they need SQLite 3.45.

-- An address as on an envelope, but on one line, and a person by all names: written down once, for whoever searches.
alter table address add column line text
    generated always as (trim(number || ' ' || street || ', ' || city || ', ' || state || ' ' || zip_code)) virtual;
alter table user add column names text
    generated always as (trim(username || ' ' || trim(first_name || ' ' || last_name))) virtual;

create virtual table address_search using fts5 (
    line, content = '', contentless_delete = 1, tokenize = 'trigram remove_diacritics 1');
create virtual table letting_search using fts5 (
    title, line, content = '', contentless_delete = 1, tokenize = 'trigram remove_diacritics 1');
create virtual table user_search using fts5 (
    names, email, content = '', contentless_delete = 1, tokenize = 'trigram remove_diacritics 1');
create virtual table profile_search using fts5 (
    names, favorite_city, content = '', contentless_delete = 1, tokenize = 'trigram remove_diacritics 1');
-- History is only added to.
create virtual table history_search using fts5 (
    label, username, client, content = '', columnsize = 0, tokenize = 'trigram remove_diacritics 1');

insert into address_search (rowid, line) select id, line from address order by id;
insert into letting_search (rowid, title, line)
    select letting.id, title, line from letting join address on address.id = address_id order by letting.id;
insert into user_search (rowid, names, email) select id, names, email from user order by id;
insert into profile_search (rowid, names, favorite_city)
    select profile.id, names, favorite_city from profile join user on user.id = user_id order by profile.id;
insert into history_search (rowid, label, username, client) select id, label, username, client from history order by id;

create trigger address_indexed after insert on address begin
    insert into address_search (rowid, line) values (new.id, new.line);
end;
create trigger address_unindexed after delete on address begin
    delete from address_search where rowid = old.id;
end;
-- A home is found by its address too.
create trigger address_reindexed after update on address when (old.id, old.line) <> (new.id, new.line) begin
    delete from address_search where rowid = old.id;
    insert into address_search (rowid, line) values (new.id, new.line);
    delete from letting_search where rowid in (select id from letting where address_id = new.id);
    insert into letting_search (rowid, title, line) select id, title, new.line from letting where address_id = new.id;
end;

create trigger letting_indexed after insert on letting begin
    insert into letting_search (rowid, title, line) select new.id, new.title, line from address where id = new.address_id;
end;
create trigger letting_unindexed after delete on letting begin
    delete from letting_search where rowid = old.id;
end;
create trigger letting_reindexed after update of id, title, address_id on letting
when (old.id, old.title, old.address_id) <> (new.id, new.title, new.address_id)
begin
    delete from letting_search where rowid = old.id;
    insert into letting_search (rowid, title, line) select new.id, new.title, line from address where id = new.address_id;
end;

create trigger user_indexed after insert on user begin
    insert into user_search (rowid, names, email) values (new.id, new.names, new.email);
end;
create trigger user_unindexed after delete on user begin
    delete from user_search where rowid = old.id;
end;
create trigger user_reindexed after update on user when (old.id, old.names, old.email) <> (new.id, new.names, new.email) begin
    delete from user_search where rowid = old.id;
    insert into user_search (rowid, names, email) values (new.id, new.names, new.email);
    delete from profile_search where rowid in (select id from profile where user_id = new.id);
    insert into profile_search (rowid, names, favorite_city)
    select id, new.names, favorite_city from profile where user_id = new.id;
end;

create trigger profile_indexed after insert on profile begin
    insert into profile_search (rowid, names, favorite_city)
    select new.id, names, new.favorite_city from user where id = new.user_id;
end;
create trigger profile_unindexed after delete on profile begin
    delete from profile_search where rowid = old.id;
end;
create trigger profile_reindexed after update of id, user_id, favorite_city on profile
when (old.id, old.user_id, old.favorite_city) <> (new.id, new.user_id, new.favorite_city)
begin
    delete from profile_search where rowid = old.id;
    insert into profile_search (rowid, names, favorite_city)
    select new.id, names, new.favorite_city from user where id = new.user_id;
end;

create trigger history_indexed after insert on history begin
    insert into history_search (rowid, label, username, client) values (new.id, new.label, new.username, new.client);
end;

-- What lists are narrowed by and nothing else is indexed by.
create index address_by_country on address (country_iso_code);
create index user_by_flags on user (is_staff, is_superuser, is_active, username);
