//! Regular expressions in the dialect of `java.util.regex`.

mod class;
mod regex;
mod translate;

pub(super) use regex::{Pattern, Reach};
