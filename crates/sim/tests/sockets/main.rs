//! Two nodes in one process, over real sockets, a real log and a SQLite file.

#[cfg(test)]
mod outside;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod rubbish;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod tls;
