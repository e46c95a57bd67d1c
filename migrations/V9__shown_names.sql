-- A profile shows the names and the address of its person, so it is as new as they are; and whoever keeps pages only has
-- to watch profiles, not every sign-in, which is written down beside the names.
create trigger user_shown after update of username, first_name, last_name, email on user
when (old.username, old.first_name, old.last_name, old.email) <> (new.username, new.first_name, new.last_name, new.email)
begin
    update profile set updated_at = new.updated_at where user_id = new.id;
end;
