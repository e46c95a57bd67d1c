-- What the site keeps about itself. The first thing in the file, because it also says whose file this is:
-- the application id (0x4F434C54, "OCLT") lets a restore, and file(1), tell our databases from others.
pragma application_id = 1329810516;

create table setting (
    name  text primary key check (length(name) between 1 and 64 and instr(name, char(0)) = 0),
    value text not null
) strict, without rowid;
