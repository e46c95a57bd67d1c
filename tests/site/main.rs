//! The site through the front door: Rocket's local client, real migrations, a real SQLite file.
