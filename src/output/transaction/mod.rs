//! Transactions, findings and statistics: as JSON, as a table, as ladders.

pub mod client;
pub mod clients;
pub mod finding;
pub mod json;
pub mod json6;
pub mod ladder;
pub mod parts;
pub mod stats;
pub mod table;
pub mod top;
pub mod unjoined;
pub mod view;
