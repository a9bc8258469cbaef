//! A scenario player in virtual time.
