//! As much XML as the wire needs: escaping on the way out, and the text of one element on the way in. Inputs are bounded by the
//! caller; nothing here recurses, and entities beyond the five predefined and numeric ones are not expanded.

/// Escapes text for element content and attribute values; characters XML 1.0 cannot carry become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            c if (c as u32) < 0x20 || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Whether the text can be an element's name; deliberately narrower than XML.
pub fn is_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The text directly inside the first element named `name` (without prefix), unescaped. `None` when there is none, when it is
/// not closed or when it has child elements.
pub fn text_of(document: &str, name: &str) -> Option<String> {
    let mut rest = document;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        for (open, close) in [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")] {
            if let Some(inside) = rest.strip_prefix(open) {
                rest = &inside[inside.find(close)? + close.len()..];
                break;
            }
        }
        let Some(tag_name) = rest.split(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | '<')).next() else {
            continue;
        };
        if tag_name.is_empty() || tag_name.rsplit(':').next() != Some(name) {
            continue;
        }
        let end = rest.find('>')?;
        if rest[..end].ends_with('/') {
            return Some(String::new());
        }
        let content = &rest[end + 1..];
        let (text, after) = content.split_at(content.find('<')?);
        let closing = after.strip_prefix("</")?.strip_prefix(tag_name)?;
        return closing.trim_start().starts_with('>').then(|| unescape(text));
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // The longest entity taken is `&#x10ffff;`.
        let entity = rest.as_bytes().iter().take(10).position(|b| *b == b';').map(|end| &rest[1..end]);
        match entity.and_then(character) {
            Some(c) => {
                out.push(c);
                rest = &rest[entity.map_or(0, str::len) + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_comes_back() {
        let text = "a<b>&\"'\r\n\tü€😀 &amp; &#65;";
        assert_eq!(text_of(&format!("<r><t>{}</t></r>", escape(text)), "t").as_deref(), Some(text));
        assert_eq!(escape("\u{0}\u{1b}"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn finds_the_element_and_nothing_else() {
        assert_eq!(text_of("<!-- <t>no</t> --><r><tt>no</tt><x:t a=\"b\">yes</x:t></r>", "t").as_deref(), Some("yes"));
        assert_eq!(text_of("<r><t/></r>", "t").as_deref(), Some(""));
        for document in ["", "<", "<t", "<t>", "<t>x", "<t>x</u>", "<t><u/></t>", "<!-- <t>x</t>", "<![CDATA[<t>x</t>]]>", "<tt>x</tt>"] {
            assert_eq!(text_of(document, "t"), None, "{document}");
        }
        assert_eq!(text_of("<t>&#x41;&bogus;&&#xffffffff;&é;</t>", "t").as_deref(), Some("A&bogus;&&#xffffffff;&é;"));
    }
}
