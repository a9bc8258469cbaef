//! Where the SQL of the databases differs.

/// The SQL of a kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded one.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// A text column that is part of a key, of at most `chars` characters, compared as it is
    /// written.
    ///
    /// MySQL's index entries are at most 3,072 bytes long, at 4 bytes a character, and those of
    /// PostgreSQL about 2,700.
    pub(crate) fn key(self, chars: u32) -> String {
        match self {
            Self::Sqlite => "TEXT".to_owned(),
            Self::Postgres => format!("VARCHAR({chars}) COLLATE \"C\""),
            Self::Mysql => format!("VARCHAR({chars}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        }
    }

    /// A text column of any length.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => "TEXT",
            Self::Mysql => "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        }
    }

    /// A column of bytes.
    pub(crate) fn bytes(self) -> &'static str {
        match self {
            Self::Sqlite => "BLOB",
            Self::Postgres => "BYTEA",
            Self::Mysql => "LONGBLOB",
        }
    }

    /// A primary key that counts up.
    pub(crate) fn counter(self) -> &'static str {
        match self {
            Self::Sqlite => "INTEGER PRIMARY KEY AUTOINCREMENT",
            Self::Postgres => "BIGSERIAL PRIMARY KEY",
            Self::Mysql => "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
        }
    }

    /// What follows the columns of a table of ours.
    pub(crate) fn table_end(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => "",
            // The storage and the row format for which the lengths of the keys are counted.
            Self::Mysql => " ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
        }
    }

    /// What makes a read in a transaction hold until it commits.
    pub(crate) fn for_update(self) -> &'static str {
        match self {
            // A transaction holds the whole file.
            Self::Sqlite => "",
            Self::Postgres | Self::Mysql => " FOR UPDATE",
        }
    }

    /// What follows an insert so that it replaces `others` of the row that has its `key`.
    pub(crate) fn or_replace(self, key: &str, others: &[&str]) -> String {
        let assigned = |column: &&str| match self {
            Self::Sqlite | Self::Postgres => format!("{column} = excluded.{column}"),
            Self::Mysql => format!("{column} = VALUES({column})"),
        };
        let others: Vec<_> = others.iter().map(assigned).collect();
        let others = others.join(", ");
        match self {
            Self::Sqlite | Self::Postgres => format!(" ON CONFLICT ({key}) DO UPDATE SET {others}"),
            Self::Mysql => format!(" ON DUPLICATE KEY UPDATE {others}"),
        }
    }
}
