//! `databases`: private PostgreSQL and MariaDB servers for the tests, in a temporary folder.

mod mariadb;
mod postgres;
mod programs;
mod running;

pub(crate) use running::{command, tests};
