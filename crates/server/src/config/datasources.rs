//! `wso2.datasources`: the databases other sections name.

use std::path::{Path, PathBuf};

use weir_datasource::{JdbcUrl, Login};

use super::keys::{Keys, Reading, Written, nearest};
use super::placeholder::Surroundings;

/// A data source as written.
#[derive(Debug, Default)]
pub(super) struct RawDatasource {
    name: Option<Written<String>>,
    jdbc_url: Option<Written<String>>,
    login: Login,
}

/// All of them: only those that another section names are checked.
#[derive(Debug, Default)]
pub(super) struct Datasources {
    written: Vec<RawDatasource>,
    base: PathBuf,
}

/// A database that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datasource {
    /// The name other sections use.
    pub name: String,
    /// Where it is.
    pub place: DatabasePlace,
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabasePlace {
    /// A SQLite file.
    File(PathBuf),
    /// On a server.
    Server {
        /// The URL without its options, for messages.
        name: String,
        /// The whole URL, with the secrets it may have.
        url: Secret,
        /// Who logs in.
        login: Login,
    },
}

/// Text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl DatabasePlace {
    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Server { .. } => None,
        }
    }
}

impl std::fmt::Display for DatabasePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Server { name, .. } => f.write_str(name),
        }
    }
}

impl Datasources {
    /// `base` is where relative file names start.
    pub(super) fn read(mut keys: Keys<'_>, base: &Path) -> Self {
        let mut written = Vec::new();
        for mut source in keys.sections("dataSources") {
            let mut raw = RawDatasource { name: source.text("name"), ..RawDatasource::default() };
            source.silent(&["description"]);
            source.ignored(&["jndiConfig"], "there is no naming service");
            if let Some(mut definition) = source.section("definition") {
                definition.silent(&["type"]);
                if let Some(mut it) = definition.section("configuration") {
                    raw.jdbc_url = it.text("jdbcUrl");
                    it.silent(&["driverClassName", "connectionTestQuery", "isAutoCommit"]);
                    raw.login.user = it.text("username").map(|it| it.value);
                    raw.login.password = it.text("password").map(|it| it.value);
                    it.silent(&["validationTimeout", "idleTimeout"]);
                    it.silent(&["maxPoolSize", "minIdle", "connectionTimeout", "maxLifetime"]);
                    it.silent(&["isReadOnly", "poolName", "dataSourceProps"]);
                    it.finish();
                }
                definition.finish();
            }
            source.finish();
            written.push(raw);
        }
        keys.finish();
        Self { written, base: base.to_owned() }
    }

    /// Those that can be used, for apps to name; what is wrong with others matters only to whom
    /// names them.
    pub(super) fn usable(&self) -> Vec<Datasource> {
        let nobody = Surroundings::default();
        let quiet = Reading::new(&nobody);
        let all = self.written.iter().filter_map(|raw| {
            let (name, url) = (raw.name.as_ref()?, raw.jdbc_url.as_ref()?);
            let place = self.place_of(url, raw, &name.value, &quiet)?;
            Some(Datasource { name: name.value.clone(), place })
        });
        all.collect()
    }

    /// The data source that `named` names, checked.
    pub(super) fn find(&self, named: &Written<String>, cx: &Reading<'_>) -> Option<Datasource> {
        let names: Vec<&str> =
            self.written.iter().filter_map(|it| Some(it.name.as_ref()?.value.as_str())).collect();
        let Some(raw) =
            self.written.iter().find(|it| it.name.as_ref().is_some_and(|n| n.value == named.value))
        else {
            let message =
                format!("names `{}`, which `wso2.datasources` does not have", named.value);
            let hint = match nearest(&named.value, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => {
                    "add it to `wso2.datasources.dataSources`, with `jdbcUrl: jdbc:sqlite:FILE`"
                        .to_owned()
                }
                None => format!("the data sources are `{}`", names.join("`, `")),
            };
            cx.problem(named.problem(&message).hint(hint));
            return None;
        };
        let Some(url) = &raw.jdbc_url else {
            let message = format!("names `{}`, which has no `jdbcUrl`", named.value);
            let hint = "give it `definition.configuration.jdbcUrl: jdbc:sqlite:FILE`";
            cx.problem(named.problem(&message).hint(hint));
            return None;
        };
        let place = self.place_of(url, raw, &named.value, cx)?;
        Some(Datasource { name: named.value.clone(), place })
    }

    fn place_of(
        &self,
        url: &Written<String>,
        raw: &RawDatasource,
        name: &str,
        cx: &Reading<'_>,
    ) -> Option<DatabasePlace> {
        let hint = "write `jdbc:postgresql://HOST/DATABASE`, `jdbc:mysql://HOST/DATABASE`, \
                    `jdbc:mariadb://HOST/DATABASE` or `jdbc:sqlite:FILE`";
        let Some(rest) = url.value.strip_prefix("jdbc:") else {
            let why = format!("must begin with `jdbc:`, not `{}`", masked(&url.value));
            cx.problem(url.problem(&why).hint(hint));
            return None;
        };
        let (kind, place) = rest.split_once(':').unwrap_or((rest, ""));
        // What follows the file name are options of the driver.
        let path = place.split([';', '?']).next().unwrap_or_default();
        let path = path.strip_prefix("file:").unwrap_or(path);
        match kind {
            "sqlite" | "h2"
                if path.is_empty() || path.starts_with("mem:") || path == ":memory:" =>
            {
                let why = "is a database in memory, which no other node sees and no restart finds";
                cx.problem(url.problem(why).hint("name a file: `jdbc:sqlite:FILE`"));
                None
            }
            "sqlite" => Some(DatabasePlace::File(self.base.join(path))),
            "h2" if path.starts_with("tcp:") || path.starts_with("ssl:") => {
                cx.problem(url.problem("is an H2 server, which is not supported").hint(hint));
                None
            }
            "h2" => {
                let file = self.base.join(format!("{path}.sqlite"));
                cx.note(format!(
                    "data source `{name}`: an H2 file cannot be read; an embedded SQLite database \
                     is used beside it, in `{}`",
                    file.display()
                ));
                Some(DatabasePlace::File(file))
            }
            "postgresql" | "mysql" | "mariadb" => match JdbcUrl::check(&url.value) {
                Ok(checked) => {
                    for notice in checked.notice.iter().flat_map(|it| it.lines()) {
                        cx.note(format!("data source `{name}`: {notice}"));
                    }
                    let url = Secret(url.value.clone());
                    let login = raw.login.clone();
                    Some(DatabasePlace::Server { name: checked.name, url, login })
                }
                Err(refused) => {
                    let refused = refused.to_string();
                    let (why, hint) = refused.split_once("\nhint: ").unwrap_or((&refused, hint));
                    cx.problem(url.problem(&format!("cannot be used: {why}")).hint(hint));
                    None
                }
            },
            other => {
                let why = format!("is a `{other}` database, which is not supported yet");
                cx.problem(url.problem(&why).hint(hint));
                None
            }
        }
    }
}

/// A URL without what follows its first `@` or `?`, where passwords stand.
fn masked(url: &str) -> &str {
    url.split(['@', '?']).next().unwrap_or_default()
}
