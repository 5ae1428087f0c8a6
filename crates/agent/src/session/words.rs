//! A command line cut into words as a POSIX shell does, for commands that run without one (session-protocol 5.3).

/// The words, or why there are none. No expansion: `$`, `*` and `~` are themselves.
pub fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => loop {
                match rest.next().ok_or("a quotation mark is not closed")? {
                    '\'' => {
                        word.get_or_insert_default();
                        break;
                    }
                    inside => word.get_or_insert_default().push(inside),
                }
            },
            '"' => loop {
                match rest.next().ok_or("a quotation mark is not closed")? {
                    '"' => {
                        word.get_or_insert_default();
                        break;
                    }
                    '\\' => match rest.next().ok_or("a quotation mark is not closed")? {
                        '\n' => {}
                        escaped @ ('"' | '\\' | '$' | '`') => word.get_or_insert_default().push(escaped),
                        other => word.get_or_insert_default().extend(['\\', other]),
                    },
                    inside => word.get_or_insert_default().push(inside),
                }
            },
            '\\' => match rest.next().ok_or("a backslash is the last character")? {
                '\n' => {}
                escaped => word.get_or_insert_default().push(escaped),
            },
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if words.is_empty() { Err("there is no command") } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_a_shells() {
        assert_eq!(split("ls  -l 'a b' \"c \\\"d\\\" \\n\" e\\ f ''").unwrap(), ["ls", "-l", "a b", "c \"d\" \\n", "e f", ""]);
        assert_eq!(split("a\tb\nc").unwrap(), ["a", "b", "c"]);
        for broken in ["", "  ", "'a", "\"a", "a\\", "\"a\\"] {
            assert!(split(broken).is_err(), "{broken}");
        }
    }
}
