//! Integration tests: the API at its HTTP edge.

mod access;
mod bus;
mod catalogue;
mod contract;
mod conventions;
mod cost;
mod jobs;
mod limits;
mod log;
mod migrations;
mod pages;
mod passwords;
mod people;
mod purchasing;
mod samples;
mod smoke;
mod stock;
mod telemetry;
mod template;
