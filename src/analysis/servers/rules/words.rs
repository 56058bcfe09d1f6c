//! Lists and what is missing, as reasons say them.

use std::fmt::{self, Write as _};

use crate::wire::escape::escape;

pub(super) fn list<T: fmt::Display>(items: &[T]) -> String {
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write!(text, "{}{item}", if index == 0 { "" } else { ", " });
    }
    text
}

pub(super) fn list_or_none<T: fmt::Display>(items: &[T]) -> String {
    if items.is_empty() { "none".to_owned() } else { list(items) }
}

pub(super) fn or_none<T: fmt::Display>(item: Option<T>) -> String {
    item.map_or_else(|| "none".to_owned(), |item| item.to_string())
}

pub(super) fn texts_or_none(items: &[String]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    list(&items.iter().map(|text| escape(text.as_bytes())).collect::<Vec<_>>())
}
