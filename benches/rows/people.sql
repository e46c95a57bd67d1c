-- A hundred thousand people with profiles, one in a hundred of the staff, and as much history.
with recursive number (n) as (select 1 union all select n + 1 from number where n < 100000)
insert into user (username, first_name, last_name, email, password, is_staff, date_joined, updated_at)
select 'person.' || n, 'First ' || (n % 1000), 'Last ' || (n % 777), 'person' || n || '@example.com',
       '!' || hex(zeroblob(48)), n % 100 = 0, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z'
from number;

insert into profile (user_id, favorite_city, show_email, updated_at)
select id, 'City ' || (id % 500), id % 3 = 0, updated_at from user order by id;

insert into history (at, user_id, username, client, action, app, model, row_id, label)
select '2026-01-01T00:00:00.000000Z', id % 20, 'person.' || (id % 20), '192.0.2.' || (id % 250), 'change', 'lettings',
       'letting', id, title
from letting order by id;
