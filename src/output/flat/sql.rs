//! The table of flat rows for databases.

use std::fmt::Write as _;

use super::columns::Type;
use super::plan::Plan;

/// Whose SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `DuckDB`.
    DuckDb,
    /// `ClickHouse`.
    ClickHouse,
    /// Apache Spark.
    Spark,
}

impl Dialect {
    /// The type of a column that may be null.
    pub fn type_of(self, kind: Type) -> &'static str {
        match (self, kind) {
            (Self::DuckDb | Self::Spark, Type::Integer) => "BIGINT",
            (Self::DuckDb | Self::Spark, Type::Number) => "DOUBLE",
            (Self::DuckDb | Self::Spark, Type::Boolean) => "BOOLEAN",
            (Self::DuckDb, Type::Text) => "VARCHAR",
            (Self::DuckDb, Type::List) => "VARCHAR[]",
            (Self::DuckDb | Self::Spark, Type::Time) => "TIMESTAMP",
            (Self::ClickHouse, Type::Integer) => "Nullable(Int64)",
            (Self::ClickHouse, Type::Number) => "Nullable(Float64)",
            (Self::ClickHouse, Type::Boolean) => "Nullable(Bool)",
            (Self::ClickHouse, Type::Text) => "Nullable(String)",
            // A list cannot be null there: absent is empty.
            (Self::ClickHouse, Type::List) => "Array(String)",
            (Self::ClickHouse, Type::Time) => "Nullable(DateTime64(9, 'UTC'))",
            (Self::Spark, Type::Text) => "STRING",
            (Self::Spark, Type::List) => "ARRAY<STRING>",
        }
    }
}

/// The statement that makes the table `name` with the columns of `plan`.
pub fn create_table(plan: &Plan, name: &str, dialect: Dialect) -> String {
    let mut text = format!("CREATE TABLE {name} (\n");
    let last = plan.columns.len().saturating_sub(1);
    for (place, column) in plan.columns.iter().enumerate() {
        let comma = if place < last { "," } else { "" };
        // Some names are words of SQL.
        let quote = if dialect == Dialect::DuckDb { '"' } else { '`' };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  {quote}{}{quote} {}{comma}", column.name, dialect.type_of(column.kind));
    }
    text.push(')');
    if dialect == Dialect::ClickHouse {
        text.push_str(" ENGINE = MergeTree ORDER BY tuple()");
    }
    text.push_str(";\n");
    text
}
