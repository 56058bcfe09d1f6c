//! Values of flags that more than one command reads: durations, lists of options.

use std::time::Duration;

use crate::engine::v4::recipe::DEFAULT_REQUEST_LIST;
use crate::wire::options::v4;

/// Reads `500ms`, `3s`, `1h30m`, `0.5s`; a bare number is seconds, with a fraction if it has one.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |error: String| format!("{error}; write it as 500ms, 3s, 0.5 or 1h30m");
    let bare = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let unit = text.get(bare.len()..).unwrap_or_default();
        let factor = match unit {
            "" | "s" | "sec" => Some(1.0),
            "ms" => Some(1e-3),
            "us" => Some(1e-6),
            "m" | "min" => Some(60.0),
            "h" => Some(3600.0),
            "d" => Some(86_400.0),
            _ => None,
        };
        if let (Some(factor), true) = (factor, unit.is_empty() || bare.contains('.')) {
            let number: f64 = bare.parse().map_err(|_| wrong(format!("{text:?} is no duration")))?;
            return Duration::try_from_secs_f64(number * factor).map_err(|error| wrong(error.to_string()));
        }
    }
    humantime::parse_duration(text).map_err(|error| wrong(error.to_string()))
}

/// Reads the list of options to ask for: codes, names and ranges of codes (`1-20`), or `all`. Where every item begins with
/// `+` or `-`, the usual list is taken and changed.
pub fn request_list(text: &str) -> Result<Vec<u8>, String> {
    let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    let changes = !items.is_empty() && items.iter().all(|item| item.starts_with(['+', '-']));
    let mut list = if changes { DEFAULT_REQUEST_LIST.to_vec() } else { Vec::new() };
    for item in items {
        let (removes, item) = match item.split_at_checked(1) {
            Some(("-", rest)) => (true, rest),
            Some(("+", rest)) => (false, rest),
            _ => (false, item),
        };
        let codes = codes(item)?;
        if removes {
            list.retain(|code| !codes.contains(code));
        } else {
            let new: Vec<u8> =
                codes.into_iter().filter(|code| changes.then(|| list.contains(code)) != Some(true)).collect();
            list.extend(new);
        }
    }
    Ok(list)
}

fn codes(item: &str) -> Result<Vec<u8>, String> {
    if item == "all" {
        return Ok((1..=254).collect());
    }
    let wrong = || format!("{item:?} is no option, range such as 1-20, or all; see dhcptool options");
    if let Some((first, last)) = item.split_once('-')
        && let (Ok(first), Ok(last)) = (first.parse::<u8>(), last.parse::<u8>())
    {
        return if first <= last { Ok((first..=last).collect()) } else { Err(wrong()) };
    }
    let code = v4::SPACE.code(item).and_then(|code| u8::try_from(code).ok());
    code.map(|code| vec![code]).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("3s", 3000),
            ("3", 3000),
            ("0.5", 500),
            ("0.5s", 500),
            ("1.5m", 90_000),
            (".25", 250),
            ("1h30m", 5_400_000),
            ("2m 3s", 123_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "soon", "1.2.3", "-1", "0.5x", "1e99", ".", "99999999999999999999"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_list_of_options_can_be_changed() {
        assert_eq!(request_list("1,routers, 6"), Ok(vec![1, 3, 6]));
        assert_eq!(request_list("60-62,1"), Ok(vec![60, 61, 62, 1]));
        assert_eq!(request_list(""), Ok(vec![]));
        assert_eq!(request_list("all").unwrap().len(), 254);
        let changed = request_list("+200,-15,+routers").unwrap();
        assert!(changed.contains(&200) && !changed.contains(&15), "{changed:?}");
        assert_eq!(changed.iter().position(|code| *code == 3), changed.iter().rposition(|code| *code == 3));
        assert_eq!(request_list("1,1"), Ok(vec![1, 1]), "what is asked for twice is said twice");
        for text in ["nonsense", "9-3", "256", "1-300"] {
            assert!(request_list(text).unwrap_err().contains("dhcptool options"), "{text}");
        }
    }
}
