//! `file:` URIs as paths.

use std::path::PathBuf;

use crate::problem::Problem;

/// The path that `file:/a`, `file:///a`, or a path as it is, names.
pub(super) fn path(uri: &str) -> Result<PathBuf, Problem> {
    let uri = uri.trim();
    let rest = match uri.split_once(':') {
        Some(("file", rest)) => match rest.strip_prefix("//") {
            // What stands before the path is a host; only this one is known.
            Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
            None => rest,
        },
        Some((scheme, rest)) if rest.starts_with("//") => {
            return Err(Problem::new(format!("`{uri}` is on a `{scheme}` server"))
                .hint("only files of this machine are supported yet: `file:/path`"));
        }
        Some(_) | None => uri,
    };
    if rest.is_empty() {
        return Err(Problem::new(format!("`{uri}` names no file"))
            .hint("write a path such as `file:/var/data/in.csv`"));
    }
    Ok(PathBuf::from(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_this_machine_are_paths() {
        for uri in ["file:/a/b c", "file:///a/b c", "file://localhost/a/b c", "/a/b c"] {
            assert_eq!(path(uri).unwrap(), PathBuf::from("/a/b c"), "{uri}");
        }
        assert!(path("sftp://host/a").is_err());
        assert!(path("file:").is_err());
    }
}
