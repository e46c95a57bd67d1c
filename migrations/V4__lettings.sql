-- Homes and where they are. An address has at most one letting; deleting the address takes its letting along.
create table address (
    id               integer primary key autoincrement,
    number           text not null
                     check (length(number) between 1 and 10 and instr(number, char(0)) = 0)
                     check (number not glob '*[^-0-9A-Za-z/. ]*' and trim(number) <> ''),
    street           text not null check (length(street) between 1 and 64 and instr(street, char(0)) = 0 and trim(street) <> ''),
    unit             text not null default '' check (length(unit) <= 16 and instr(unit, char(0)) = 0),
    city             text not null check (length(city) between 1 and 64 and instr(city, char(0)) = 0 and trim(city) <> ''),
    state            text not null check (length(state) = 2 and instr(state, char(0)) = 0 and state glob '[A-Z][A-Z]'),
    zip_code         text not null check (length(zip_code) <= 10 and instr(zip_code, char(0)) = 0),
    country_iso_code text not null check (length(country_iso_code) = 3 and instr(country_iso_code, char(0)) = 0 and country_iso_code glob '[A-Z][A-Z][A-Z]'),
    updated_at       text not null,
    version          integer not null default 1 check (version > 0),
    -- USPS Publication 28, appendix B: states, the district, possessions and associated states, military "states".
    check (country_iso_code <> 'USA' or state in (
        'AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA', 'KS', 'KY', 'LA',
        'ME', 'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC', 'ND', 'OH', 'OK',
        'OR', 'PA', 'RI', 'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY', 'DC',
        'AS', 'FM', 'GU', 'MH', 'MP', 'PR', 'PW', 'VI', 'AA', 'AE', 'AP')),
    check (country_iso_code <> 'USA'
           or zip_code glob '[0-9][0-9][0-9][0-9][0-9]'
           or zip_code glob '[0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9]')
) strict;
create index address_by_place on address (state, city);

create table letting (
    id         integer primary key autoincrement,
    title      text not null check (length(title) between 1 and 256 and instr(title, char(0)) = 0 and trim(title) <> ''),
    address_id integer not null unique references address (id) on delete cascade,
    updated_at text not null,
    version    integer not null default 1 check (version > 0)
) strict;
