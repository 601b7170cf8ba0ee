//! `cargo dev`: the whole product in one process, with stand-ins for what AWS puts around the functions. For development
//! only and reachable from this machine only.

pub mod acme;
mod browsers;
mod consumers;
pub mod demo;
pub mod embedded;
pub mod event;
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
mod private_file;
mod routes;
mod schedules;
pub mod secrets;
pub mod settings;
mod signals;
pub mod stack;
pub mod surroundings;
pub mod table;
mod table_api;
