//! Options to text and back, for every kind: text holds nothing hostile, and text and bytes meet in one fixed point.

use dhcptool::wire::options::{
    self, Context, Kind, OptionArg, Space, TextSink, Value, assemble, decode, parse,
};

fn text_of(kind: &Kind, bytes: &[u8], cx: &Context<'_>, pretty: bool) -> Option<String> {
    let mut out = Vec::new();
    let mut sink = if pretty { TextSink::pretty(&mut out) } else { TextSink::new(&mut out) };
    decode(kind, bytes, cx, &mut sink).ok()?;
    let text = String::from_utf8(out).expect("text is UTF-8");
    assert!(!text.chars().any(dhcptool::wire::escape::is_hostile), "{text:?}");
    Some(text)
}

/// The space, the option's code, whether there is a vendor class, then the value.
pub fn check(data: &[u8]) {
    let [space, code, class, bytes @ ..] = data else { return };
    let cx = Context { vendor_class: (class & 1 == 1).then_some(b"PXEClient"), ..Context::default() };

    let space = Space::ALL[usize::from(*space) % Space::ALL.len()];
    if space.table.is_empty() {
        return;
    }
    let row = space.by_code(u16::from(*code)).unwrap_or(&space.table[usize::from(*code) % space.table.len()]);
    let kind = &row.kind;
    assert_eq!(options::check(kind, bytes, &cx), Value::decode(kind, bytes, &cx).map(drop));
    text_of(kind, bytes, &cx, true);
    if let Some(text) = text_of(kind, bytes, &cx, false) {
        let again = parse(kind, &text, &cx).expect("what is written can be read");
        if let Some(second) = text_of(kind, &again, &cx, false) {
            assert_eq!(text, second);
            assert_eq!(parse(kind, &second, &cx).expect("twice"), again);
        }
    }

    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(payload) = parse(kind, text, &cx) {
            text_of(kind, &payload, &cx, false);
        }
        if let Ok(arg) = OptionArg::parse(space, text, &cx) {
            let _ = assemble(space, &[arg.clone(), arg]);
        }
    }
}
