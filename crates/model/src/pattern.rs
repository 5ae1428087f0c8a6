//! Java regular expressions, as the service model and documents use them: a whole-string match, compiled for an engine that cannot be
//! made to run for ever.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A compiled pattern.
#[derive(Debug)]
pub struct Matcher(Engine);

#[derive(Debug)]
enum Engine {
    /// `.{min,max}`: counted, because as an automaton it would take megabytes.
    Line { min: usize, max: usize },
    /// Linear time.
    Linear(regex::Regex),
    /// Look-around and back-references, with a limit on backtracking.
    Backtracking(Box<fancy_regex::Regex>),
    /// A pattern of the model that does not compile; a test holds that there is none.
    Never,
}

/// Why a pattern does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPattern(pub String);

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadPattern {}

/// Longest pattern that is compiled, in bytes.
pub const MAX_PATTERN: usize = 8 * 1024;
/// Largest automaton, in bytes.
const SIZE_LIMIT: usize = 16 * 1024 * 1024;
/// Steps after which a backtracking match counts as failed.
const BACKTRACK_LIMIT: usize = 200_000;

/// Patterns kept compiled.
const KEPT_PATTERNS: usize = 64;

/// What Java's `.` does not match.
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

impl Matcher {
    pub fn compile(pattern: &str) -> Result<Self, BadPattern> {
        if pattern.len() > MAX_PATTERN {
            return Err(BadPattern(format!("the pattern is longer than {MAX_PATTERN} bytes")));
        }
        if let Some((min, max)) = counted_line(pattern) {
            return Ok(Self(Engine::Line { min, max }));
        }
        let whole = format!("\\A(?:{})\\z", translate(pattern));
        let linear = match regex::RegexBuilder::new(&whole).size_limit(SIZE_LIMIT).build() {
            Ok(regex) => return Ok(Self(Engine::Linear(regex))),
            Err(error) => error,
        };
        match fancy_regex::RegexBuilder::new(&whole).backtrack_limit(BACKTRACK_LIMIT).delegate_size_limit(SIZE_LIMIT).build() {
            Ok(regex) => Ok(Self(Engine::Backtracking(Box::new(regex)))),
            // The first engine's complaint is the clearer one, unless it only lacked a feature.
            Err(_) => Err(BadPattern(last_line(&linear.to_string()))),
        }
    }

    /// As [`Matcher::compile`], compiled once for the patterns in use: a document's patterns are asked for with every command that runs it.
    pub fn kept(pattern: &str) -> Result<Arc<Self>, BadPattern> {
        static KEPT: Mutex<BTreeMap<String, Arc<Matcher>>> = Mutex::new(BTreeMap::new());
        // Every change is one insert or a clear, so a panic elsewhere leaves nothing half done.
        let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(matcher) = kept().get(pattern) {
            return Ok(matcher.clone());
        }
        let matcher = Arc::new(Self::compile(pattern)?);
        let mut kept = kept();
        if kept.len() >= KEPT_PATTERNS {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), matcher.clone());
        Ok(matcher)
    }

    pub(crate) fn compile_or_never(pattern: &str) -> Self {
        Self::compile(pattern).unwrap_or(Self(Engine::Never))
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Engine::Line { min, max } => {
                let mut count = 0;
                text.chars().all(|c| {
                    count += 1;
                    !LINE_ENDS.contains(&c)
                }) && (*min..=*max).contains(&count)
            }
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
            Engine::Never => false,
        }
    }
}

fn last_line(text: &str) -> String {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("the pattern is not valid").to_owned()
}

/// `^.{1,100000}$` → (1, 100000).
fn counted_line(pattern: &str) -> Option<(usize, usize)> {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    let (min, max) = inner.strip_prefix(".{")?.strip_suffix('}')?.split_once(',')?;
    Some((min.parse().ok()?, max.parse().ok()?))
}

/// Java's spelling to that of the Rust engines: ASCII classes, Java's line ends, quoted runs, and dashes that are no range.
fn translate(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 32);
    let mut depth = 0usize;
    let mut after_class_escape = false;
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        let was_class_escape = std::mem::take(&mut after_class_escape);
        match c {
            '\\' => {
                let Some(&escaped) = chars.get(i + 1) else {
                    out.push('\\');
                    break;
                };
                i += 2;
                if escaped == 'Q' {
                    while i < chars.len() && !(chars[i] == '\\' && chars.get(i + 1) == Some(&'E')) {
                        out.push_str(&regex::escape(&chars[i].to_string()));
                        i += 1;
                    }
                    i += 2;
                    continue;
                }
                after_class_escape = escape(escaped, depth > 0, &chars, &mut i, &mut out);
                continue;
            }
            '[' => {
                depth += 1;
                out.push('[');
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            '.' if depth == 0 => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            '-' if depth > 0 && (was_class_escape || class_escape_at(&chars, i + 1)) => out.push_str("\\-"),
            _ => out.push(c),
        }
        i += 1;
    }
    out
}

fn class_escape_at(chars: &[char], at: usize) -> bool {
    chars.get(at) == Some(&'\\') && chars.get(at + 1).is_some_and(|c| matches!(c, 'w' | 'W' | 'd' | 'D' | 's' | 'S' | 'p' | 'P'))
}

/// Writes one escape; `i` stands behind the escaped character. Returns whether it stands for a class of characters.
fn escape(escaped: char, in_class: bool, chars: &[char], i: &mut usize, out: &mut String) -> bool {
    let class = match escaped {
        'w' | 'W' => r"A-Za-z0-9_",
        'd' | 'D' => "0-9",
        's' | 'S' => r" \t\n\x0B\x0C\r",
        'p' | 'P' => {
            let mut name = String::new();
            if chars.get(*i) == Some(&'{') {
                while *i < chars.len() {
                    name.push(chars[*i]);
                    *i += 1;
                    if name.ends_with('}') {
                        break;
                    }
                }
            } else if let Some(c) = chars.get(*i) {
                name.push(*c);
                *i += 1;
            }
            let negate = if escaped == 'P' { "^" } else { "" };
            match posix(&name) {
                Some(posix) => out.push_str(&format!("[[:{negate}{posix}:]]")),
                None => {
                    out.push('\\');
                    out.push(escaped);
                    out.push_str(&name);
                }
            }
            return true;
        }
        'Z' => {
            out.push_str("\\z");
            return false;
        }
        '<' | '>' => {
            out.push(escaped);
            return false;
        }
        _ => {
            out.push('\\');
            out.push(escaped);
            return false;
        }
    };
    match (escaped.is_ascii_uppercase(), in_class) {
        (true, _) => out.push_str(&format!("[^{class}]")),
        (false, true) => out.push_str(class),
        (false, false) => out.push_str(&format!("[{class}]")),
    }
    true
}

/// Java's ASCII classes.
fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "{Lower}" => "lower",
        "{Upper}" => "upper",
        "{ASCII}" => "ascii",
        "{Alpha}" => "alpha",
        "{Digit}" => "digit",
        "{Alnum}" => "alnum",
        "{Punct}" => "punct",
        "{Graph}" => "graph",
        "{Print}" => "print",
        "{Blank}" => "blank",
        "{Cntrl}" => "cntrl",
        "{XDigit}" => "xdigit",
        "{Space}" => "space",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Matcher::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).matches(text)
    }

    #[test]
    fn matches_the_whole_string_as_java_does() {
        assert!(matches("a|bc", "bc"));
        assert!(!matches("a|bc", "abc"));
        assert!(matches("^(range|count|sum)", "sum"));
        assert!(!matches("^(range|count|sum)", "summary"));
        assert!(matches("(?i)all|[0-9]{12}", "ALL"));
        assert!(!matches("^abc$", "abc\n"));
    }

    #[test]
    fn classes_are_ascii_and_dots_stop_at_line_ends() {
        assert!(!matches(r"\w+", "é"));
        assert!(!matches(r"\d", "٣"));
        assert!(matches(r"[\s\S]*\S[\s\S]*", "\n x \n"));
        assert!(!matches(r"[\s\S]*\S[\s\S]*", "\n  \n"));
        assert!(!matches("a.c", "a\u{2028}c"));
        assert!(matches(r"[\w-\/.@+=,]{1,1017}", "a-b/c.d@e+f=g,h"));
        assert!(matches(r"[a-zA-Z0-9-_\.\/]*", "a-b_c.d/e"));
        assert!(matches(r"\Qa.b\E+", "a.bb"));
        assert!(!matches(r"\Qa.b\E", "axb"));
        assert!(matches(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "tag é 1-2"));
        assert!(matches(r"\p{Alpha}+", "abc"));
        assert!(!matches(r"\p{Alpha}+", "é"));
    }

    #[test]
    fn look_around_and_back_references_work_and_end() {
        assert!(matches(r"^(?!\s*$).+", "x"));
        assert!(!matches(r"^(?!\s*$).+", "   "));
        assert!(!matches(r"^(a+)+\1$", &format!("{}!", "a".repeat(60))));
    }

    #[test]
    fn counted_lines_need_no_automaton() {
        assert!(matches("^.{1,100000}$", &"x".repeat(100_000)));
        assert!(!matches("^.{1,100000}$", &"x".repeat(100_001)));
        assert!(!matches("^.{1,128}$", ""));
        assert!(!matches("^.{1,128}$", "a\nb"));
    }

    #[test]
    fn bad_patterns_are_errors() {
        assert!(Matcher::compile("(").is_err());
        assert!(Matcher::compile(&"a".repeat(MAX_PATTERN + 1)).is_err());
        assert!(Matcher::compile("((((a{1,100}){1,100}){1,100}){1,100})").is_err());
    }
}
