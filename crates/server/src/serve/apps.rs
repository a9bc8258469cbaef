//! The apps of a node: the `.siddhi` files of a folder, each tried before the node starts.

use std::path::{Path, PathBuf};

use weir_event::Text;

use crate::node::{AppText, BuiltApp, Shared, name_of_file};

use super::error::StartError;

/// The apps that can run, and those that cannot.
#[derive(Debug, Default)]
pub(crate) struct Apps {
    /// In the order of their files' names.
    pub(crate) good: Vec<AppText>,
    /// With what is wrong.
    pub(crate) broken: Vec<(Text, String)>,
}

/// Reads the apps in `place`, which is a folder or one file.
pub(crate) fn read(place: &Path, is_default: bool) -> Result<Vec<(PathBuf, AppText)>, StartError> {
    let wrong = |source| StartError::Apps { place: place.to_owned(), source };
    let mut files = Vec::new();
    if place.is_dir() {
        for entry in std::fs::read_dir(place).map_err(wrong)? {
            let file = entry.map_err(wrong)?.path();
            if file.extension().is_some_and(|it| it == "siddhi") && file.is_file() {
                files.push(file);
            }
        }
        files.sort();
    } else if place.exists() || !is_default {
        files.push(place.to_owned());
    }
    if files.is_empty() {
        tracing::warn!("there is no `.siddhi` file in `{}`: no app runs", place.display());
    }
    let mut apps = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .map_err(|source| StartError::Apps { place: file.clone(), source })?;
        let name = name_of_file(&file);
        apps.push((file, AppText { name, text }));
    }
    Ok(apps)
}

/// Tries each app, and gives it the name that its text gives it.
pub(crate) fn check(files: Vec<(PathBuf, AppText)>, shared: &Shared) -> Apps {
    let mut apps = Apps::default();
    for (file, app) in files {
        let name = match BuiltApp::new(&app, shared) {
            Ok(built) => Text::from(built.name()),
            Err(why) => {
                tracing::error!("Siddhi App `{}` does not run:\n{why}", file.display());
                apps.broken.push((app.name, why));
                continue;
            }
        };
        if name != app.name {
            tracing::warn!("`{}` holds the app `{name}`: name the file after it", file.display());
        }
        if apps.good.iter().any(|it| it.name == name) {
            let why = format!(
                "error: another file already holds the app `{name}`\n  --> {}\n\
                 hint: give one of them another `@app:name`",
                file.display()
            );
            tracing::error!("{why}");
            apps.broken.push((app.name, why));
            continue;
        }
        apps.good.push(AppText { name, text: app.text });
    }
    apps
}
