//! The options of `@store(type='rdbms')`, checked.

use std::collections::BTreeMap;

use weir_tables::{StoreFailure, StoreSpec};

use super::open::NamedDatabase;
use crate::door::{JdbcUrl, Login};

/// Options that are understood and change nothing.
const NO_USE: &[&str] = &["jdbc.driver.name", "pool.properties"];

/// Options that are used here or by the checks.
const USED: &[&str] = &[
    "type",
    "datasource",
    "jndi.resource",
    "jdbc.url",
    "username",
    "password",
    "table.name",
    "field.length",
    "table.check.query",
    "use.collation",
    "allow.null.values",
];

/// The options, checked.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) database: NamedDatabase,
    pub(super) table: String,
    /// The lengths of text columns, by name.
    pub(super) lengths: BTreeMap<String, u32>,
    pub(super) check_query: Option<String>,
    pub(super) allows_nulls: bool,
}

fn wrong(what: &str, hint: &str) -> StoreFailure {
    StoreFailure::new(format!("`@store(type='rdbms')`: {what}\nhint: {hint}"))
}

impl Options {
    pub(super) fn read(
        spec: &StoreSpec,
        named: &dyn Fn(&str) -> Option<NamedDatabase>,
    ) -> Result<Self, StoreFailure> {
        for (key, _) in &spec.options {
            let known = |it: &&str| it.eq_ignore_ascii_case(key);
            if !USED.iter().chain(NO_USE).any(known) {
                let what = format!("it has no option `{key}`");
                return Err(wrong(&what, &format!("its options are {}", USED.join(", "))));
            }
        }
        let database = database(spec, named)?;
        JdbcUrl::check(&database.url).map_err(|why| StoreFailure::new(why.to_string()))?;
        let table = spec.option("table.name").unwrap_or(&spec.table).to_owned();
        let plain = |it: &str| {
            it.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && it.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if !table.split('.').all(plain) {
            let what = format!("`{table}` is no plain name of a table");
            return Err(wrong(&what, "give a name of letters, digits and `_` as `table.name`"));
        }
        for attribute in spec.schema.iter() {
            if !plain(&attribute.name) {
                let what = format!("`{}` is no plain name of a column", attribute.name);
                return Err(wrong(&what, "use letters, digits and `_`"));
            }
        }
        if spec.option("use.collation").is_some_and(is_true) {
            let hint = "leave it out, and give the database the collation";
            return Err(wrong("`use.collation` is not yet supported", hint));
        }
        Ok(Self {
            database,
            table,
            lengths: lengths(spec)?,
            check_query: spec.option("table.check.query").map(str::to_owned),
            allows_nulls: spec.option("allow.null.values").is_some_and(is_true),
        })
    }
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
}

/// The database: one that the configuration names, or an URL of the app's own.
fn database(
    spec: &StoreSpec,
    named: &dyn Fn(&str) -> Option<NamedDatabase>,
) -> Result<NamedDatabase, StoreFailure> {
    if let Some(name) = spec.option("datasource") {
        return named(name).ok_or_else(|| {
            let what = format!("there is no data source `{name}`");
            wrong(&what, "add it to `wso2.datasources` in deployment.yaml")
        });
    }
    if spec.option("jndi.resource").is_some() {
        let hint = "name a data source of deployment.yaml as `datasource`, or give `jdbc.url`";
        return Err(wrong("there is no naming service for `jndi.resource`", hint));
    }
    let Some(url) = spec.option("jdbc.url") else {
        let hint = "give `datasource`, or `jdbc.url` with `username` and `password`";
        return Err(wrong("it names no database", hint));
    };
    let text = |name: &str| spec.option(name).filter(|it| !it.is_empty()).map(str::to_owned);
    let login = Login { user: text("username"), password: text("password") };
    Ok(NamedDatabase { url: url.to_owned(), login })
}

/// `name:200,other:50`.
fn lengths(spec: &StoreSpec) -> Result<BTreeMap<String, u32>, StoreFailure> {
    let Some(text) = spec.option("field.length") else { return Ok(BTreeMap::new()) };
    let one = |it: &str| {
        let (name, length) = it.split_once(':')?;
        let name = name.trim();
        let known = spec.schema.iter().any(|it| it.name == name);
        Some((name.to_owned(), length.trim().parse().ok().filter(|it| known && *it > 0)?))
    };
    let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    parts.map(one).collect::<Option<_>>().ok_or_else(|| {
        let what = format!("`field.length` is `{text}`");
        wrong(&what, "write `attribute:length`, several with `,` between them")
    })
}
