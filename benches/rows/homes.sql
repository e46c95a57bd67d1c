-- A hundred thousand homes, spread over cities and states as a large agency's would be; a tenth of them in California.
with recursive number (n) as (select 1 union all select n + 1 from number where n < 100000)
insert into address (id, number, street, city, state, zip_code, country_iso_code, updated_at)
select n, n % 9999 + 1, 'Main Street', 'City ' || (n % 500), substr('CATXFLNYPAILOHGANCMI', n % 10 * 2 + 1, 2),
       printf('%05d', n % 99999 + 1), 'USA', '2026-01-01T00:00:00.000000Z'
from number;

insert into letting (id, title, address_id, updated_at)
select id, 'Home number ' || id || ' with a view', id, updated_at from address order by id;
