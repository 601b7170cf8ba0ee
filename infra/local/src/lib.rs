//! `cargo dev`: the whole product in one process, with stand-ins for the services of AWS. For development only, and
//! reachable from this machine only.

pub mod acme;
mod announcement;
mod consumers;
pub mod demo;
pub mod embedded;
pub mod file_error;
pub mod functions;
pub mod gateway;
pub mod invoke;
pub mod listen;
pub mod local_bus;
pub mod local_routes;
pub mod lock;
pub mod mailbox;
pub mod northwind;
pub mod optimized;
pub mod options;
mod organization_names;
mod path_template;
mod private_file;
pub mod proxy_event;
mod schedules;
pub mod secrets;
pub mod services;
pub mod settings;
mod signals;
pub mod stack;
mod table_api;
pub mod table_definition;
pub mod table_file;
mod terminal;
mod web_pages;
