//! How answers travel: hosts, methods and slashes, forms and tags, headers, clients and the log.

mod clients;
mod forms;
mod headers;
mod hosts;
mod methods;
