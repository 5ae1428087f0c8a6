//! The text on a terminal without what steers it: what people search for. Escape sequences may be cut anywhere, so the reader keeps its place.

/// Where the reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// In a control sequence, up to its final byte.
    Control,
    /// In a string (title, clipboard …), up to BEL or ST.
    Text7,
    Text7Escape,
    /// One more character, as after ESC ( .
    One,
}

/// Takes a terminal's output and gives its text.
#[derive(Debug, Default)]
pub struct Plain {
    place: Place,
}

impl Plain {
    /// Adds the text of `output` to `text`. A carriage return before a line feed is one end of line.
    pub fn add(&mut self, output: &str, text: &mut String) {
        for c in output.chars() {
            self.place = match (self.place, c) {
                (Place::Text, '\u{1b}') => Place::Escape,
                (Place::Text, '\u{9b}') => Place::Control,
                (Place::Text, '\u{8}') => {
                    // What was taken back was typed wrong.
                    if !text.ends_with('\n') {
                        text.pop();
                    }
                    Place::Text
                }
                (Place::Text, '\n' | '\t') => {
                    text.push(c);
                    Place::Text
                }
                (Place::Text, c) if c.is_control() => Place::Text,
                (Place::Text, c) => {
                    text.push(c);
                    Place::Text
                }
                (Place::Escape, '[') => Place::Control,
                (Place::Escape, ']' | 'P' | 'X' | '^' | '_') => Place::Text7,
                (Place::Escape, '(' | ')' | '*' | '+' | '#' | '%' | ' ') => Place::One,
                (Place::Escape | Place::One, _) => Place::Text,
                (Place::Control, '\u{40}'..='\u{7e}') => Place::Text,
                (Place::Control, '\u{1b}') => Place::Escape,
                (Place::Control, _) => Place::Control,
                (Place::Text7, '\u{7}' | '\u{9c}') => Place::Text,
                (Place::Text7, '\u{1b}') => Place::Text7Escape,
                (Place::Text7, _) => Place::Text7,
                (Place::Text7Escape, '\\') => Place::Text,
                (Place::Text7Escape, _) => Place::Text7,
            };
        }
    }
}

/// Bytes of a stream as text: a character that is cut waits for its rest, and what is none becomes U+FFFD.
#[derive(Debug, Default)]
pub struct Characters {
    rest: Vec<u8>,
}

impl Characters {
    pub fn add(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.rest.len());
        let mut at = 0;
        loop {
            let left = self.rest.get(at..).unwrap_or_default();
            match std::str::from_utf8(left) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.rest.clear();
                    return text;
                }
                Err(error) => {
                    let good = left.get(..error.valid_up_to()).unwrap_or_default();
                    text.push_str(&String::from_utf8_lossy(good));
                    match error.error_len() {
                        Some(bad) => {
                            text.push('\u{fffd}');
                            at += error.valid_up_to() + bad;
                        }
                        None => {
                            self.rest.drain(..at + error.valid_up_to());
                            return text;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(parts: &[&str]) -> String {
        let (mut reader, mut text) = (Plain::default(), String::new());
        parts.iter().for_each(|part| reader.add(part, &mut text));
        text
    }

    #[test]
    fn what_steers_the_terminal_is_left_out_wherever_it_is_cut() {
        let output = "\u{1b}]0;title\u{7}\u{1b}[1;32muser\u{1b}[0m$ lss\u{8} 한글\r\n\u{1b}(Bdone\u{1b}[?2004h\u{1b}P+q\u{1b}\\!";
        let expected = "user$ ls 한글\ndone!";
        assert_eq!(plain(&[output]), expected);
        let each: Vec<String> = output.chars().map(String::from).collect();
        assert_eq!(plain(&each.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn characters_cut_anywhere_come_out_whole() {
        let text = "a가\u{1f600}z".as_bytes();
        for cut in 0..=text.len() {
            let mut characters = Characters::default();
            let whole = characters.add(&text[..cut]) + &characters.add(&text[cut..]);
            assert_eq!(whole.as_bytes(), text, "cut at {cut}");
        }
        let mut characters = Characters::default();
        assert_eq!(characters.add(b"a\xffb\xc3("), "a\u{fffd}b\u{fffd}(");
        assert_eq!(characters.add(b"\xe0"), "");
        assert_eq!(characters.add(b"z"), "\u{fffd}z");
    }
}
