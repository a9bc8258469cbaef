//! Each command as a person meets it: exit code, standard output, standard error.

#[cfg(test)]
mod bench;
#[cfg(test)]
mod check;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod fmt;
#[cfg(test)]
mod help;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod run;
