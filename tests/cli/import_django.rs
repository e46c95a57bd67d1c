//! Moving in from a Django site: what is taken, from what files, into what databases.

mod bytes;
mod files;
mod here;
mod odd;
mod rows;
