//! Addresses that a person reads in a text, and their normal forms.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::net::Ipv6Addr;

use fluent_uri::Iri;
use idna::AsciiDenyList;

use super::top_level::is_top_level;
use crate::invisible::is_invisible;

/// The form of an address in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With its scheme.
    Scheme,
    /// A host, and what follows it.
    Host,
    /// A host after two slashes.
    Relative,
    /// `user@host`.
    User,
}

/// An address in a text that [`shown`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) form: Form,
    /// Where it begins.
    pub(super) start: usize,
    /// Where its host ends although letters follow that are attached to it.
    pub(super) end: Option<usize>,
}

/// What a person sees of a text, in the characters that addresses are written with: without what
/// takes no room, with the signs that look like a dot, a slash, a colon, a hyphen or an at sign
/// replaced by those, and full-width letters by narrow ones. A backslash is a slash, as in
/// browsers.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c) && (!c.is_control() || c.is_whitespace())).map(look).collect()
}

fn look(c: char) -> char {
    match c {
        '\u{3002}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}' | '\u{6d4}' | '\u{701}' | '\u{702}'
        | '\u{a4f8}' | '\u{1d16d}' => '.',
        '\\' | '\u{2044}' | '\u{2215}' | '\u{29f8}' | '\u{27cb}' | '\u{2571}' | '\u{3033}' | '\u{ff3c}'
        | '\u{fe68}' | '\u{29f5}' | '\u{2216}' | '\u{1735}' | '\u{2041}' | '\u{2cc6}' | '\u{2f03}'
        | '\u{31d3}' | '\u{1d23a}' => '/',
        '\u{fe55}' | '\u{2236}' | '\u{a789}' | '\u{2d0}' | '\u{589}' | '\u{2f8}' | '\u{5c3}' | '\u{703}'
        | '\u{704}' | '\u{16ec}' | '\u{205a}' | '\u{a4fd}' | '\u{fe30}' => ':',
        '\u{2010}' | '\u{2011}' | '\u{2212}' | '\u{fe63}' | '\u{2d7}' | '\u{2043}' => '-',
        '\u{fe6b}' => '@',
        '\u{ff01}'..='\u{ff5e}' => {
            // Full-width forms stand in the order of ASCII.
            u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).map_or(c, look)
        }
        _ => c,
    }
}

/// Whether a text is what follows the colon of a scheme.
type Follows = fn(&str) -> bool;

/// Schemes that are written without slashes, with what must follow.
const SHORT_SCHEMES: [(&str, Follows); 13] = [
    ("http", begins_host),
    ("https", begins_host),
    ("ftp", begins_host),
    ("mimi", begins_host),
    ("mailto", names_user),
    ("im", names_user),
    ("xmpp", names_user),
    ("sip", names_user),
    ("sips", names_user),
    ("pres", names_user),
    ("matrix", |rest| rest.starts_with("u/") || rest.starts_with("r/") || rest.starts_with("roomid/")),
    ("tel", begins_number),
    ("sms", begins_number),
];

fn begins_number(rest: &str) -> bool {
    rest.trim_start_matches('+').starts_with(|c: char| c.is_ascii_digit())
}

fn begins_host(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '['))
}

fn names_user(rest: &str) -> bool {
    let word = rest.split(char::is_whitespace).next().unwrap_or_default();
    let word = word.get(..word.floor_char_boundary_at(320)).unwrap_or(word);
    word.contains('@') && !word.starts_with('@') && !word.ends_with('@')
}

/// A stand-in for `str::floor_char_boundary`, which is not in the oldest supported Rust.
trait Boundary {
    fn floor_char_boundary_at(&self, at: usize) -> usize;
}

impl Boundary for str {
    fn floor_char_boundary_at(&self, at: usize) -> usize {
        let mut at = at.min(self.len());
        while !self.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        at
    }
}

/// The piece of a text from `start` on, up to the end of the word and at most `limit` bytes.
pub(super) fn word(text: &str, start: usize, limit: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let rest = rest.get(..rest.floor_char_boundary_at(limit)).unwrap_or_default();
    rest.split(char::is_whitespace).next().unwrap_or_default()
}

/// Finds addresses from a place in a text on. Reads each character a bounded number of times.
pub(super) struct Addresses<'t> {
    text: &'t str,
    pub(super) at: usize,
}

impl<'t> Addresses<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    fn before(&self, at: usize) -> &'t str {
        self.text.get(..at).unwrap_or_default()
    }

    /// The next address; its host may lie further on than its beginning.
    pub(super) fn next(&mut self) -> Option<Address> {
        while let Some(c) = self.rest(self.at).chars().next() {
            let at = self.at;
            if let Some(address) = self.ipv6(at, c) {
                return Some(address);
            }
            if !is_in_host(c) && c != '.' {
                self.at = at.saturating_add(c.len_utf8());
                continue;
            }
            let run = self.rest(at);
            let end = run.find(|c| !is_in_host(c) && c != '.').unwrap_or(run.len());
            let run = run.get(..end).unwrap_or_default();
            self.at = at.saturating_add(end);
            if let Some(address) = self.in_run(at, run) {
                return Some(address);
            }
        }
        None
    }

    fn in_run(&mut self, at: usize, run: &str) -> Option<Address> {
        let after = self.rest(self.at);
        if let Some(after) = after.strip_prefix(':')
            && let Some(start) = scheme_in(run, after)
        {
            return Some(Address { form: Form::Scheme, start: at.saturating_add(start), end: None });
        }
        let is_local_part = after.starts_with('@') && !after.starts_with("@ ");
        let mut start = at;
        for piece in run.split("..") {
            let piece_at = start;
            start = start.saturating_add(piece.len()).saturating_add(2);
            let last = piece_at.saturating_add(piece.len()) >= self.at;
            if is_local_part && last {
                continue;
            }
            let found = self.host(piece_at, piece, if last { after } else { "." });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn host(&self, at: usize, piece: &str, after: &str) -> Option<Address> {
        let left = |c: char| matches!(c, '.' | '-' | '_');
        let trimmed = piece.trim_start_matches(left);
        let mut at = at.saturating_add(piece.len().saturating_sub(trimmed.len()));
        let host = trimmed.trim_end_matches(left);
        let before = self.before(at);
        let relative = before.ends_with("//");
        if host.eq_ignore_ascii_case("localhost") {
            let port =
                after.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
            let form = if relative { Form::Relative } else { Form::Host };
            let start = if relative { at.saturating_sub(2) } else { at };
            return (port || relative).then_some(Address { form, start, end: None });
        }
        // A label of signs alone, such as an emoji, stands before its dot.
        let mut host = Cow::Borrowed(host);
        if !host.contains('.') && piece.starts_with('.') && !piece.starts_with("..") {
            let dot = at.saturating_sub(1);
            let signs = self.before(dot);
            let sign = signs.chars().next_back().filter(|c| is_sign(*c))?;
            at = dot.saturating_sub(sign.len_utf8());
            host = Cow::Owned(alloc::format!("{sign}.{host}"));
        }
        let place = Place { before: self.before(at), after };
        let length = host_length(&host, place)?;
        let end = (length < host.len()).then(|| at.saturating_add(length));
        if place.before.ends_with('@') {
            let start = self.local_part(at.saturating_sub(1));
            if start < at.saturating_sub(1) {
                return Some(Address { form: Form::User, start, end });
            }
        }
        if relative {
            return Some(Address { form: Form::Relative, start: at.saturating_sub(2), end });
        }
        Some(Address { form: Form::Host, start: at, end })
    }

    /// Where the name before an at sign begins.
    fn local_part(&self, at: usize) -> usize {
        let allowed = |c: char| {
            c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '%' | '\'' | '#' | '=' | '~')
        };
        let before = self.before(at);
        let length: usize =
            before.chars().rev().take(64).take_while(|c| allowed(*c)).map(char::len_utf8).sum();
        at.saturating_sub(length)
    }

    /// An IPv6 address, in brackets or bare.
    fn ipv6(&mut self, at: usize, c: char) -> Option<Address> {
        let bracket = c == '[';
        if !bracket && !c.is_ascii_hexdigit() && c != ':' {
            return None;
        }
        let previous = self.before(at).chars().next_back();
        if previous.is_some_and(|c| c.is_alphanumeric() || matches!(c, ':' | '[')) {
            return None;
        }
        let from = if bracket { at.saturating_add(1) } else { at };
        let length = self.rest(from).bytes().take(46).take_while(|byte| is_ipv6(*byte)).count();
        let digits = self.rest(from).get(..length)?;
        // What ends a sentence is no part of the address.
        let digits = digits.trim_end_matches('.');
        let digits = if digits.ends_with("::") { digits } else { digits.trim_end_matches(':') };
        let after = self.rest(from.saturating_add(digits.len()));
        let closed = !bracket || after.starts_with(']');
        let colons = digits.bytes().filter(|byte| *byte == b':').count();
        let has_digit = digits.bytes().any(|byte| byte.is_ascii_digit());
        if colons < 2 || !has_digit || !closed || after.starts_with(char::is_alphanumeric) {
            return None;
        }
        digits.parse::<Ipv6Addr>().ok()?;
        self.at = from.saturating_add(digits.len());
        let relative = self.before(at).ends_with("//");
        let (form, start) = if relative { (Form::Relative, at.saturating_sub(2)) } else { (Form::Host, at) };
        Some(Address { form, start, end: (!bracket).then_some(self.at) })
    }
}

fn is_ipv6(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

fn is_in_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

/// A sign that can be a label of a host name by itself, such as an emoji.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Where the scheme begins at the end of a run of letters, if a scheme it is; `after` follows its
/// colon.
fn scheme_in(run: &str, after: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let length = run.chars().rev().take(32).take_while(|c| is_part(*c)).count();
    let start = run.len().saturating_sub(length);
    let scheme = run.get(start..)?;
    let skipped = scheme.find(|c: char| c.is_ascii_alphabetic())?;
    let scheme = scheme.get(skipped..)?;
    let start = start.saturating_add(skipped);
    if let Some(host) = after.strip_prefix("//") {
        let host = host.trim_start_matches('/');
        let empty = |c: char| c.is_whitespace() || matches!(c, '.' | '#' | '?' | ',' | ')' | '"' | '\'');
        return (!host.is_empty() && !host.starts_with(empty)).then_some(start);
    }
    let known = |(name, follows): &(&str, Follows)| name.eq_ignore_ascii_case(scheme) && follows(after);
    SHORT_SCHEMES.iter().any(known).then_some(start)
}

/// What stands around a host.
#[derive(Clone, Copy)]
struct Place<'t> {
    before: &'t str,
    after: &'t str,
}

/// Endings of file names that are top-level domains, too. `name.ending` alone is a file; with a
/// third label, a port, a path, a query, a user or slashes before it, it is a host.
const FILE_ENDINGS: [&str; 12] = ["cab", "cc", "md", "mk", "mov", "pm", "ps", "py", "rs", "sh", "so", "zip"];

/// More of them, which name a file only at the end of a path.
const PATH_ENDINGS: [&str; 9] = ["ac", "ai", "am", "app", "in", "la", "pl", "pub", "vi"];

/// How much of a run of letters and dots is a host: nothing, all, or all before letters that are
/// attached to its end.
fn host_length(host: &str, place: Place<'_>) -> Option<usize> {
    let (rest, last) = host.rsplit_once('.')?;
    if rest.split('.').any(str::is_empty) {
        return None;
    }
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        let numbers = host.split('.').map(|label| label.parse::<u8>().ok().filter(|_| label.len() <= 3));
        return (numbers.clone().count() == 4 && numbers.flatten().count() == 4).then_some(host.len());
    }
    let attached = last.find(|c: char| !c.is_ascii() || c == '-').filter(|at| *at > 0);
    // This prefix is written only in names.
    let is_ascii_form =
        last.len() > 4 && last.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"));
    let whole = (is_ascii_form || is_top_level(&ascii_label(last))).then_some(last);
    let last =
        whole.or_else(|| last.get(..attached?).filter(|last| is_top_level(&last.to_ascii_lowercase())))?;
    let length = rest.len().saturating_add(1).saturating_add(last.len());
    let is_product = PRODUCTS.contains(&host);
    (!is_product && !is_file(rest, last, place) && !ends_sentence(rest, last)).then_some(length)
}

/// Names of products that are written like a host, and are read as names.
const PRODUCTS: [&str; 4] = ["ADO.NET", "ASP.NET", "ML.NET", "VB.NET"];

fn is_file(rest: &str, last: &str, place: Place<'_>) -> bool {
    // No host has an underscore in its registered name.
    if rest.rsplit('.').next().is_some_and(|label| label.contains('_')) {
        return true;
    }
    let is_one_of = |endings: &[&str]| endings.iter().any(|ending| ending.eq_ignore_ascii_case(last));
    let in_path = place.before.ends_with('/') && !place.before.ends_with("//");
    if in_path {
        return is_one_of(&FILE_ENDINGS) || is_one_of(&PATH_ENDINGS);
    }
    let port = place
        .after
        .strip_prefix(':')
        .map(|after| after.get(..after.bytes().take_while(u8::is_ascii_digit).count()).unwrap_or_default());
    let decorated = place.before.ends_with("//")
        || place.before.ends_with('@')
        || place.after.starts_with('/')
        || place.after.strip_prefix('?').is_some_and(|query| query.starts_with(char::is_alphanumeric))
        // Other numbers are lines of a file.
        || port.is_some_and(|port| WEB_PORTS.contains(&port));
    is_one_of(&FILE_ENDINGS) && !decorated && !rest.contains('.') && !rest.eq_ignore_ascii_case("www")
        || place.before.ends_with(':') && is_one_of(&PATH_ENDINGS) && !decorated
}

/// Ports that make a host of what may be a file.
const WEB_PORTS: [&str; 4] = ["80", "443", "8080", "8443"];

/// Words that are top-level domains and begin a sentence more often than they end a host.
const BEGINNINGS: [&str; 13] =
    ["Call", "Free", "Here", "How", "Like", "New", "Now", "One", "Open", "Read", "Today", "World", "You"];

/// Whether the dot ends a sentence or the number of an item, and a space is missing: a capitalized
/// word of two letters or a usual beginning follows a small letter, such as in `done.In`, or any
/// capitalized word a number, such as in `2.Call`. Neither is `10.am` a host.
fn ends_sentence(rest: &str, last: &str) -> bool {
    let is_number = rest.len() <= 2 && rest.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && last == "am" {
        return true;
    }
    let mut letters = last.chars();
    let capital = letters.next().is_some_and(|c| c.is_ascii_uppercase());
    let follows_word = rest.chars().next_back().is_some_and(char::is_lowercase);
    capital
        && letters.all(|c| c.is_ascii_lowercase())
        && (is_number || follows_word && (last.len() == 2 || BEGINNINGS.contains(&last)))
}

/// A label in lower case and in ASCII, with letters of other scripts that look like ASCII's
/// replaced if nothing else is in it: a person reads them as those.
fn ascii_label(label: &str) -> Cow<'_, str> {
    if !label.is_ascii() && label.len() <= MAX_HOST {
        let alike: Option<String> = label.chars().map(latin).collect();
        if let Some(alike) = alike {
            return Cow::Owned(alike);
        }
    }
    if label.is_ascii() || label.len() > MAX_HOST {
        return Cow::Owned(label.to_ascii_lowercase());
    }
    match idna::domain_to_ascii_cow(label.as_bytes(), AsciiDenyList::URL) {
        Ok(ascii) => ascii,
        Err(_) => Cow::Owned(label.to_lowercase()),
    }
}

/// The small Latin letter that an ASCII letter is, or that a Cyrillic, Greek or other letter looks
/// like.
fn latin(c: char) -> Option<char> {
    Some(match c {
        'a'..='z' => c,
        'A'..='Z' => c.to_ascii_lowercase(),
        'а' | 'А' | 'α' | 'Α' => 'a',
        'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' | 'Ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' => 'e',
        'ɡ' => 'g',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' => 'i',
        'ј' | 'Ј' => 'j',
        'К' | 'Κ' => 'k',
        'ӏ' => 'l',
        'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'օ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' | 'Ѕ' => 's',
        'Т' | 'Τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'Υ' | 'γ' => 'y',
        'Ζ' => 'z',
        _ => return None,
    })
}

/// Bytes of a host, at most, for it to be converted. A name in the DNS has 253, and conversion
/// takes quadratic time.
const MAX_HOST: usize = 512;

/// The normal form of an address; `None` if it is no address.
///
/// Of the web's schemes it is what a browser makes of the address: any number of slashes, host
/// names in ASCII, no default port, an absolute path without dot segments. Of others it is the
/// syntax-based normal form of RFC 3986 §6.2.2.
pub(super) fn normal(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':')?;
    let default_port = match () {
        () if scheme.eq_ignore_ascii_case("https") => "443",
        () if scheme.eq_ignore_ascii_case("http") => "80",
        () => return generic(address),
    };
    let rest = rest.trim_start_matches(['/', '\\']);
    let (authority, tail) = rest.split_at_checked(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()))?;
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host, ""),
    };
    let mut form = scheme.to_ascii_lowercase();
    form.push_str("://");
    if let Some(user) = user {
        encode(user, &mut form);
        form.push('@');
    }
    form.push_str(&normal_host(host)?);
    let port = port.trim_start_matches('0');
    if !port.is_empty() && port != default_port {
        form.push(':');
        form.push_str(port);
    }
    let (path, query) = tail.split_at_checked(tail.find(['?', '#']).unwrap_or(tail.len()))?;
    if !path.starts_with(['/', '\\']) {
        form.push('/');
    }
    encode(&path.replace('\\', "/"), &mut form);
    encode(query, &mut form);
    Some(Iri::parse(form.as_str()).ok()?.normalize().as_str().to_string())
}

fn generic(address: &str) -> Option<String> {
    let mut form = String::with_capacity(address.len());
    encode(address, &mut form);
    Some(Iri::parse(form.as_str()).ok()?.normalize().as_str().to_string())
}

fn normal_host(host: &str) -> Option<Cow<'_, str>> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(Cow::Owned(alloc::format!("[{address}]")));
    }
    let host = host.strip_suffix('.').filter(|host| !host.is_empty()).unwrap_or(host);
    if host.is_empty() {
        return None;
    }
    let decoded = decode(host);
    let ascii = if decoded.len() > MAX_HOST {
        None
    } else {
        idna::domain_to_ascii_cow(decoded.as_bytes(), AsciiDenyList::URL).ok().map(Cow::into_owned)
    };
    Some(match ascii {
        Some(ascii) => Cow::Owned(ascii),
        None => {
            let mut form = String::new();
            encode(&decoded.to_lowercase(), &mut form);
            Cow::Owned(form)
        }
    })
}

/// Percent-encoded characters decoded, if the result is text.
fn decode(host: &str) -> Cow<'_, str> {
    if !host.contains('%') {
        return Cow::Borrowed(host);
    }
    let mut bytes = alloc::vec::Vec::with_capacity(host.len());
    let mut rest = host.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| core::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(host), Cow::Owned)
}

/// Appends text, with what no URI may hold percent-encoded.
fn encode(text: &str, to: &mut String) {
    for c in text.chars() {
        let refused = c.is_ascii_control()
            || matches!(c, ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '[' | ']');
        if refused {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                to.push('%');
                to.extend([byte >> 4, byte & 15].into_iter().filter_map(|digit| {
                    char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase())
                }));
            }
        } else {
            to.push(c);
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn found(text: &str) -> Vec<(Form, &str)> {
        let mut addresses = Addresses::new(text);
        let mut found = Vec::new();
        while let Some(address) = addresses.next() {
            let word = word(text, address.start, usize::MAX);
            found.push((address.form, address.end.map_or(word, |end| &text[address.start..end])));
            addresses.at = addresses.at.max(address.start + word.len());
        }
        found
    }

    #[test]
    fn finds_addresses_in_text() {
        for (text, expected) in [
            ("see:https://a.example/x now", &[(Form::Scheme, "https://a.example/x")][..]),
            ("\u{1f512}bank.example", &[(Form::Host, "bank.example")]),
            ("x//bank.example", &[(Form::Relative, "//bank.example")]),
            ("to a.b+c@bank.example!", &[(Form::User, "a.b+c@bank.example!")]),
            ("[2001:db8::1]:80 ::1", &[(Form::Host, "[2001:db8::1]:80"), (Form::Host, "::1")]),
            ("https://[::1]/", &[(Form::Scheme, "https://[::1]/")]),
            ("a.com\u{8bf7}", &[(Form::Host, "a.com")]),
            ("\u{27a1}.ws/x", &[(Form::Host, "\u{27a1}.ws/x")]),
            ("README.md Node.js v1.2.3 12:30:45 std::fmt e.g. 3.14 U.S.A. done.In https:// //x", &[]),
            ("docs/main.rs a/b.pl path:to:file.pm my_file.com", &[]),
            (
                "www.bank.md bank.md/login bank.zip:80",
                &[(Form::Host, "www.bank.md"), (Form::Host, "bank.md/login"), (Form::Host, "bank.zip:80")],
            ),
            ("im:alice@a.example", &[(Form::Scheme, "im:alice@a.example")]),
            (
                "https:a.example http:/a.example",
                &[(Form::Scheme, "https:a.example"), (Form::Scheme, "http:/a.example")],
            ),
            ("wait...bank.example", &[(Form::Host, "bank.example")]),
            ("1.2.3.4 1.2.3.4.5 1.2.3 1.2.3.400 a1.2.3.4", &[(Form::Host, "1.2.3.4")]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn normal_forms() {
        for (address, form) in [
            ("https:example.com", "https://example.com/"),
            ("HTTPS:////Example.com.:443/a/../b?x#y", "https://example.com/b?x#y"),
            ("http://b\u{fc}cher.example", "http://xn--bcher-kva.example/"),
            ("http://b%61nk.example:080", "http://bank.example/"),
            ("http://[2001:DB8:0::1]/", "http://[2001:db8::1]/"),
            ("https://a.example/{x}|y", "https://a.example/%7Bx%7D%7Cy"),
            ("MAILTO:a@b.example", "mailto:a@b.example"),
        ] {
            assert_eq!(normal(address).as_deref(), Some(form), "{address}");
        }
        for other in ["a.example", "https:", "https://?x", "https://[::1", ":x"] {
            assert_eq!(normal(other), None, "{other}");
        }
    }
}
