//! Reading apps, and saying what happened, the same way in every command.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use weir_query::Problem;

/// The exit code when what was asked for could not be done.
pub(crate) const FAILED: u8 = 1;

/// An app's text, as it stands in its file.
pub(crate) struct AppText {
    /// The file, as the user named it.
    pub name: String,
    /// Its name without folder and ending: the app's name where the text gives none.
    pub stem: String,
    /// The text, with `${NAME}` replaced.
    pub text: String,
    /// What is wrong with the text before it is read as an app.
    pub problems: Vec<Problem>,
}

/// Reads an app and replaces its `${NAME}`s from the environment.
pub(crate) fn read_app(path: &Path) -> anyhow::Result<AppText> {
    let text = read_text(path)?;
    let (text, problems) =
        weir_query::substitute_variables(&text, &|name| std::env::var(name).ok());
    let stem = path.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    Ok(AppText { name: path.display().to_string(), stem, text, problems })
}

/// Reads a text file; `-` is standard input.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        return std::io::read_to_string(std::io::stdin()).context("could not read standard input");
    }
    if path.is_dir() {
        anyhow::bail!("`{}` is a folder\nhint: name a file in it", path.display());
    }
    std::fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

/// The apps that paths name: files as they are, folders by their `.siddhi` files.
pub(crate) fn app_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        let folder = std::fs::read_dir(path)
            .with_context(|| format!("could not list `{}`", path.display()))?;
        for entry in folder {
            let file = entry?.path();
            if file.extension().is_some_and(|ending| ending == "siddhi") {
                inside.push(file);
            }
        }
        inside.sort();
        anyhow::ensure!(
            !inside.is_empty(),
            "there is no `.siddhi` file in `{}`\nhint: subfolders are not looked into",
            path.display()
        );
        files.append(&mut inside);
    }
    Ok(files)
}

/// Says what is wrong with an app, to standard error.
pub(crate) fn say_problems(app: &AppText, problems: &[Problem]) {
    say(&weir_query::render_problems(&app.name, &app.text, problems));
}

/// Says something to the person at the terminal, to standard error.
pub(crate) fn say(text: &str) {
    // Nobody can be told when standard error is closed.
    let _closed = writeln!(std::io::stderr(), "{}", text.trim_end());
}

/// Says why a command failed, with the chain of causes; what to do comes last.
pub(crate) fn say_error(error: &anyhow::Error) {
    let mut causes = Vec::new();
    let mut hints = String::new();
    for cause in error.chain().map(ToString::to_string) {
        match cause.split_once("\nhint: ") {
            Some((cause, hint)) => {
                causes.push(cause.to_owned());
                hints.push_str(&format!("\nhint: {hint}"));
            }
            None => causes.push(cause),
        }
    }
    say(&format!("error: {}{hints}", causes.join("\n  because ")));
}

/// Writes a line to standard output; whether anybody reads it.
pub(crate) fn put(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
