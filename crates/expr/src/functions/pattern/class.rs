//! Character classes and escapes.

use super::translate::{Flags, Reader};

/// Classes within classes that a pattern may have.
const DEPTH_MAX: usize = 50;

/// What an escape stands for.
pub(super) enum Escaped {
    /// One character.
    Char(char),
    /// The inside of a class.
    Class(String),
}

/// A character as the engine takes it everywhere.
pub(super) fn escape(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.into() } else { format!(r"\x{{{:x}}}", u32::from(c)) }
}

/// A class whose `[` has been read, up to and with its `]`.
pub(super) fn bracketed(from: &mut Reader, flags: Flags) -> Result<String, String> {
    nested(from, flags, 0)
}

fn nested(from: &mut Reader, flags: Flags, depth: usize) -> Result<String, String> {
    if depth > DEPTH_MAX {
        return from.wrong("classes are nested too deeply");
    }
    let mut out = String::from("[");
    if from.take("^") {
        out.push('^');
    }
    let mut empty = true;
    loop {
        from.skip_comments(flags);
        match from.peek() {
            None => return from.wrong("`]` is missing"),
            Some(']') if !empty => {
                from.at += 1;
                break;
            }
            Some('[') => {
                from.at += 1;
                out.push_str(&nested(from, flags, depth + 1)?);
            }
            Some('&') if from.take("&&") => {
                if from.peek() != Some(']') && !empty {
                    out.push_str("&&");
                }
                continue;
            }
            Some(_) => {
                if from.take("\\Q") {
                    while from.peek().is_some() && !from.take("\\E") {
                        if let Some(c) = from.next() {
                            range(&mut out, flags, c, c);
                        }
                    }
                } else {
                    item(from, flags, &mut out)?;
                }
            }
        }
        empty = false;
    }
    out.push(']');
    Ok(out)
}

/// A character, a range or an escaped class.
fn item(from: &mut Reader, flags: Flags, out: &mut String) -> Result<(), String> {
    let low = match one(from, flags)? {
        Escaped::Char(c) => c,
        Escaped::Class(text) => {
            out.push_str(&text);
            return Ok(());
        }
    };
    let at = from.at;
    if from.take("-") {
        if matches!(from.peek(), Some(']' | '[')) {
            from.at = at;
        } else if let Escaped::Char(high) = one(from, flags)? {
            if high < low {
                return from.wrong("a range ends before it starts");
            }
            range(out, flags, low, high);
            return Ok(());
        } else {
            return from.wrong("a range ends with a class");
        }
    }
    range(out, flags, low, low);
    Ok(())
}

fn one(from: &mut Reader, flags: Flags) -> Result<Escaped, String> {
    match from.next() {
        Some('\\') => escaped(from, flags),
        Some(c) => Ok(Escaped::Char(c)),
        None => from.wrong("`]` is missing"),
    }
}

/// The range, and where the flags say so its letters of ASCII in the other case.
fn range(out: &mut String, flags: Flags, low: char, high: char) {
    out.push_str(&escape(low));
    if high > low {
        out.push('-');
        out.push_str(&escape(high));
    }
    if !flags.any_case || flags.any_unicode_case {
        return;
    }
    for (first, last) in [('a', 'z'), ('A', 'Z')] {
        let (low, high) = (low.max(first), high.min(last));
        if low <= high {
            let flip = |c: char| char::from(c as u8 ^ 0x20);
            out.push_str(&format!("{}-{}", flip(low), flip(high)));
        }
    }
}

/// An escape that may stand inside a class; its `\` has been read.
pub(super) fn escaped(from: &mut Reader, flags: Flags) -> Result<Escaped, String> {
    let Some(c) = from.next() else {
        return from.wrong("nothing follows `\\`");
    };
    Ok(Escaped::Char(match c {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\u{c}',
        'a' => '\u{7}',
        'e' => '\u{1b}',
        'c' => match from.next() {
            Some(c) if c.is_ascii() => char::from(c as u8 ^ 64),
            _ => return from.wrong("`\\c` is not followed by a letter"),
        },
        '0' => octal(from)?,
        'x' => hexadecimal(from)?,
        'u' => utf16(from)?,
        'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'h' | 'H' | 'v' | 'V' => {
            return Ok(Escaped::Class(predefined(c, flags)));
        }
        'p' | 'P' => {
            let name = if from.take("{") {
                from.up_to('}')?
            } else {
                from.next().map(String::from).unwrap_or_default()
            };
            return match property(&name, flags) {
                Some(text) if c == 'p' => Ok(Escaped::Class(text)),
                Some(text) => Ok(Escaped::Class(format!("[^{text}]"))),
                None => from.wrong(&format!("the property `{name}` is not known")),
            };
        }
        c if c.is_ascii_alphabetic() => {
            return from.wrong(&format!("the escape `\\{c}` is not known"));
        }
        other => other,
    }))
}

fn digits(from: &mut Reader, radix: u32, max: usize) -> u32 {
    let mut value = 0;
    for _ in 0..max {
        let Some(digit) = from.peek().and_then(|c| c.to_digit(radix)) else { break };
        value = value * radix + digit;
        from.at += 1;
    }
    value
}

fn octal(from: &mut Reader) -> Result<char, String> {
    let max = match from.peek() {
        Some('0'..='3') => 3,
        Some('4'..='7') => 2,
        _ => return from.wrong("`\\0` is not followed by an octal digit"),
    };
    Ok(char::from_u32(digits(from, 8, max)).unwrap_or_default())
}

fn hexadecimal(from: &mut Reader) -> Result<char, String> {
    if from.take("{") {
        let text = from.up_to('}')?;
        let found = u32::from_str_radix(&text, 16).ok().and_then(char::from_u32);
        return found.map_or_else(|| from.wrong("there is no such character"), Ok);
    }
    let start = from.at;
    let value = digits(from, 16, 2);
    if from.at != start + 2 {
        return from.wrong("`\\x` is not followed by two digits");
    }
    Ok(char::from_u32(value).unwrap_or_default())
}

fn utf16(from: &mut Reader) -> Result<char, String> {
    let unit = |from: &mut Reader| {
        let start = from.at;
        let value = digits(from, 16, 4);
        if from.at == start + 4 {
            Ok(value)
        } else {
            from.wrong("`\\u` is not followed by four digits")
        }
    };
    let first = unit(from)?;
    if (0xd800..0xdc00).contains(&first) && from.take("\\u") {
        let second = unit(from)?;
        let code = 0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff);
        return char::from_u32(code).map_or_else(|| from.wrong("half a character"), Ok);
    }
    char::from_u32(first).map_or_else(|| from.wrong("half a character"), Ok)
}

const WORD: &str = "a-zA-Z0-9_";
const WHITE: &str = r"\t-\r\x20";
const WHITE_ACROSS: &str = r"\x20\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}\t";
const WHITE_DOWN: &str = r"\n-\r\x{85}\x{2028}\x{2029}";

/// The inside of a class for `\d` and its like.
fn predefined(letter: char, flags: Flags) -> String {
    let (digit, word, white) = if flags.unicode_classes {
        (r"\p{Nd}", r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}", r"\p{White_Space}")
    } else {
        ("0-9", WORD, WHITE)
    };
    let inside = match letter.to_ascii_lowercase() {
        'd' => digit,
        'w' => word,
        's' => white,
        'h' => WHITE_ACROSS,
        _ => WHITE_DOWN,
    };
    if letter.is_ascii_uppercase() { format!("[^{inside}]") } else { inside.into() }
}

/// The inside of a class for the name of a property; the engine refuses unknown Unicode names.
fn property(name: &str, flags: Flags) -> Option<String> {
    let ascii = match name {
        "Lower" if flags.any_case => "a-zA-Z",
        "Upper" if flags.any_case => "a-zA-Z",
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7f",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`\{-\~",
        "Graph" => r"!-\~",
        "Print" => r"\x20-\~",
        "Blank" => r"\x20\t",
        "Cntrl" => r"\x00-\x1f\x7f",
        "XDigit" => "0-9a-fA-F",
        "Space" => WHITE,
        _ => "",
    };
    if !ascii.is_empty() && !flags.unicode_classes {
        return Some(ascii.into());
    }
    if let Some(rest) = name.strip_prefix("java") {
        return of_character(rest).map(String::from);
    }
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" | "gc" | "general_category" => unicode(value),
            "blk" | "block" => block(value).map(String::from),
            _ => None,
        };
    }
    if let Some(rest) = name.strip_prefix("In") {
        return block(rest).map(String::from);
    }
    match name {
        "LD" => Some(r"\p{L}\p{Nd}".into()),
        "L1" => Some(r"\x00-\x{ff}".into()),
        "all" => Some(r"\x00-\x{10ffff}".into()),
        "LC" => Some(r"\p{Lu}\p{Ll}\p{Lt}".into()),
        _ => unicode(name.strip_prefix("Is").unwrap_or(name)),
    }
}

fn unicode(name: &str) -> Option<String> {
    let known = match name.to_ascii_lowercase().as_str() {
        "alpha" | "alphabetic" => r"\p{Alphabetic}",
        "lower" | "lowercase" => r"\p{Lowercase}",
        "upper" | "uppercase" => r"\p{Uppercase}",
        "titlecase" => r"\p{Lt}",
        "letter" => r"\p{L}",
        "digit" => r"\p{Nd}",
        "alnum" => r"\p{Alphabetic}\p{Nd}",
        "punct" | "punctuation" => r"\p{P}",
        "control" | "cntrl" => r"\p{Cc}",
        "whitespace" | "white_space" | "space" => r"\p{White_Space}",
        "xdigit" | "hex_digit" | "hexdigit" => r"\p{Nd}0-9a-fA-F",
        "blank" => r"\p{Zs}\t",
        _ => "",
    };
    if !known.is_empty() {
        return Some(known.into());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(fits)).then(|| format!(r"\p{{{name}}}"))
}

/// The methods of `Character` that patterns may name.
fn of_character(name: &str) -> Option<&'static str> {
    Some(match name {
        "LowerCase" => r"\p{Lowercase}",
        "UpperCase" => r"\p{Uppercase}",
        "TitleCase" => r"\p{Lt}",
        "Alphabetic" => r"\p{Alphabetic}",
        "Ideographic" => r"\p{Ideographic}",
        "Digit" => r"\p{Nd}",
        "Letter" => r"\p{L}",
        "LetterOrDigit" => r"\p{L}\p{Nd}",
        "Defined" => r"\P{Cn}",
        "SpaceChar" => r"\p{Z}",
        "ISOControl" => r"\x00-\x1f\x7f-\x{9f}",
        "Mirrored" => r"()<>\[\]\{\}«»",
        "Whitespace" => {
            concat!(
                r"\t-\r\x1c-\x20\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}",
                r"\x{2028}\x{2029}\x{205f}\x{3000}"
            )
        }
        _ => return None,
    })
}

/// The blocks of Unicode that text in everyday use comes from.
fn block(name: &str) -> Option<&'static str> {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    Some(match plain.to_ascii_lowercase().as_str() {
        "basiclatin" => r"\x00-\x7f",
        "latin1supplement" => r"\x{80}-\x{ff}",
        "latinextendeda" => r"\x{100}-\x{17f}",
        "latinextendedb" => r"\x{180}-\x{24f}",
        "greek" | "greekandcoptic" => r"\x{370}-\x{3ff}",
        "cyrillic" => r"\x{400}-\x{4ff}",
        "armenian" => r"\x{530}-\x{58f}",
        "hebrew" => r"\x{590}-\x{5ff}",
        "arabic" => r"\x{600}-\x{6ff}",
        "devanagari" => r"\x{900}-\x{97f}",
        "tamil" => r"\x{b80}-\x{bff}",
        "sinhala" => r"\x{d80}-\x{dff}",
        "thai" => r"\x{e00}-\x{e7f}",
        "generalpunctuation" => r"\x{2000}-\x{206f}",
        "currencysymbols" => r"\x{20a0}-\x{20cf}",
        "hiragana" => r"\x{3040}-\x{309f}",
        "katakana" => r"\x{30a0}-\x{30ff}",
        "cjkunifiedideographs" => r"\x{4e00}-\x{9fff}",
        "hangulsyllables" => r"\x{ac00}-\x{d7a3}",
        _ => return None,
    })
}
