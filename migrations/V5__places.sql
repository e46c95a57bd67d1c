-- How many homes there are in each city, kept by triggers: the home page and the page links need the numbers on
-- every visit, and counting a hundred thousand rows each time costs more than all the rest of the page.
create table place (
    state            text not null,
    city             text not null,
    country_iso_code text not null,
    lettings         integer not null check (lettings >= 0),
    primary key (state, city, country_iso_code)
) strict, without rowid;

create trigger letting_counted after insert on letting begin
    insert into place (state, city, country_iso_code, lettings)
    select state, city, country_iso_code, 1 from address where id = new.address_id
    on conflict do update set lettings = lettings + 1;
end;

create trigger letting_uncounted after delete on letting begin
    update place set lettings = lettings - 1
    where (state, city, country_iso_code) = (select state, city, country_iso_code from address where id = old.address_id);
    delete from place
    where (state, city, country_iso_code) = (select state, city, country_iso_code from address where id = old.address_id)
      and lettings = 0;
end;

create trigger letting_recounted after update of address_id on letting when old.address_id <> new.address_id begin
    update place set lettings = lettings - 1
    where (state, city, country_iso_code) = (select state, city, country_iso_code from address where id = old.address_id);
    delete from place
    where (state, city, country_iso_code) = (select state, city, country_iso_code from address where id = old.address_id)
      and lettings = 0;
    insert into place (state, city, country_iso_code, lettings)
    select state, city, country_iso_code, 1 from address where id = new.address_id
    on conflict do update set lettings = lettings + 1;
end;

create trigger address_recounted after update of state, city, country_iso_code on address
when (old.state, old.city, old.country_iso_code) <> (new.state, new.city, new.country_iso_code)
     and exists (select 1 from letting where address_id = new.id)
begin
    update place set lettings = lettings - 1
    where state = old.state and city = old.city and country_iso_code = old.country_iso_code;
    delete from place
    where state = old.state and city = old.city and country_iso_code = old.country_iso_code and lettings = 0;
    insert into place (state, city, country_iso_code, lettings)
    values (new.state, new.city, new.country_iso_code, 1)
    on conflict do update set lettings = lettings + 1;
end;

-- The cascade runs after the address is gone, too late to know its city: the letting goes first.
create trigger address_uncounted before delete on address begin
    delete from letting where address_id = old.id;
end;
