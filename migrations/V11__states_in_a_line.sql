-- The same states as before, asked for at a tenth of the cost: SQLite fills a table with the values of a long `in (…)` for
-- each statement, which was a third of what a new address cost. What a check says is nothing of what lies in the file, so
-- only its words are exchanged (sqlite.org/lang_altertable.html, section 8). A state is two capitals by a check of its own,
-- and so is found only where one begins.
pragma writable_schema = on;
update sqlite_schema
set sql = substr(sql, 1, instr(sql, 'state in (') - 1)
    || 'instr(''AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK'
    || ' OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS FM GU MH MP PR PW VI AA AE AP'', state) % 3 = 1)'
    || substr(sql, instr(sql, '''AP''))') + 6)
where type = 'table' and name = 'address';
pragma writable_schema = reset;
