//! Known answers: no expectation here comes from the crates.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

use crate::file_format::GeneratedCase;

/// A case of `what` with `input`, named after both; refused if there is a reason.
fn case(what: &str, input: &str, context: &str, reason: Option<&str>) -> GeneratedCase {
    let shown: String = if input.len() > 100 {
        format!("{} octets, {reason}", input.len(), reason = reason.unwrap_or("accepted"))
    } else {
        format!("{input:?}")
    };
    let name = format!("{what} {shown}{context}");
    let case = match reason {
        Some(reason) => GeneratedCase::invalid(&name, reason),
        None => GeneratedCase::new(&name),
    };
    case.text("what", what).text("input", input)
}

pub(super) fn cases() -> Vec<GeneratedCase> {
    let mut cases = Vec::new();
    dns_names(&mut cases);
    mimi_uris(&mut cases);
    urls(&mut cases);
    headers_and_certificates(&mut cases);
    templates(&mut cases);
    languages(&mut cases);
    media_types(&mut cases);
    cases
}

const NUMBER: &str = "the last label is an IPv4 number by the WHATWG URL standard";
const EMPTY_LABEL: &str = "a label is empty";
const CHARACTER: &str = "a character that may not stand there";

const HOSTS: &[&str] = &[
    "a.example",
    "localhost",
    "A.Example",
    "xn--bcher-kva.example",
    "1.example",
    "3com",
    "a--b.example",
    "192.0.2.example",
    "0x7f000001.example",
    "0xample",
    "x0.example",
    "1.0xg",
    "0x-1",
    "1e3.a0",
];

const NUMBERS: &[&str] = &[
    "0x7f000001",
    "127.0.0.0x1",
    "0xA9.0xFE.0xA9.0xFE",
    "0xa9fea9fe",
    "0x",
    "0X",
    "0xffffffff1",
    "127.0.0.1",
    "0177.0.0.1",
    "1.0x",
    "0x7f.0x1",
    "a.0x1",
    "host.09",
    "2130706433",
    "0",
    "a.example.1",
    "a.example.0XaB",
    "192.0.2.1",
];

fn dns_names(cases: &mut Vec<GeneratedCase>) {
    const WHAT: &str = "dns_name";
    for host in HOSTS {
        cases.push(case(WHAT, host, "", None));
    }
    for host in NUMBERS {
        cases.push(case(WHAT, host, "", Some(NUMBER)));
    }
    for (host, reason) in [
        ("", EMPTY_LABEL),
        ("a..example", EMPTY_LABEL),
        (".example", EMPTY_LABEL),
        ("a.example.", "a trailing dot"),
        ("-a.example", "a label begins with a hyphen"),
        ("a-.example", "a label ends with a hyphen"),
        ("a_b.example", CHARACTER),
        ("a.ex\u{e4}mple", "not in its ASCII form"),
        ("a\u{3002}example", "another dot"),
        ("a.%65xample", "an escape"),
        ("[2001:db8::1]", "an IP address"),
        ("*.example", "a wildcard"),
        ("a b.example", CHARACTER),
        ("a.example:443", "a port"),
        ("a.example\n", CHARACTER),
        ("a.exam\u{ad}ple", CHARACTER),
    ] {
        cases.push(case(WHAT, host, "", Some(reason)));
    }
    let label = "a".repeat(63);
    let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    cases.push(case(WHAT, &label, "", None));
    cases.push(case(WHAT, &name, "", None));
    cases.push(case(WHAT, &format!("{label}a"), "", Some("a label is longer than 63 octets")));
    cases.push(case(WHAT, &format!("{name}b"), "", Some("longer than 253 octets")));
}

fn mimi_uris(cases: &mut Vec<GeneratedCase>) {
    const WHAT: &str = "mimi_uri";
    for uri in [
        "mimi://a.example",
        "mimi://a.example/u/alice",
        "mimi://a.example/d/ClientA1",
        "mimi://a.example/r/clubhouse",
        "mimi://a.example/g/clubhouse",
        "mimi://a.example/x/y",
        "mimi://a.example/u/a/b",
        "mimi://a.example/u/a//b/",
        "mimi://a.example/u/...",
        "mimi://a.example/u/a%2Fb",
        "mimi://a.example/u/%C3%A9",
        "mimi://a.example/u/a!$&'()*+,;=:@-._~",
        "mimi://a.example/U/Alice",
    ] {
        let case = case(WHAT, uri, "", None).text("normal", uri).json_member("is_normal", "true".into());
        cases.push(case);
    }
    for (normal, others) in [
        (
            "mimi://b.example/u/bob",
            &[
                "mimi://B.example/u/bob",
                "MIMI://b.example/u/bob",
                "mimi://b.example/u/%62ob",
                "mimi://b.example/%75/bob",
                "MiMi://B.EXAMPLE/%75/%62%6f%62",
            ] as &[&str],
        ),
        ("mimi://b.example/u/a%2Fb", &["mimi://b.example/u/a%2fb", "mimi://B.example/u/%61%2fb"]),
        ("mimi://b.example/u/%C3%A9", &["mimi://b.example/u/%c3%a9", "mimi://b.example/u/%c3%A9"]),
        ("mimi://b.example/u/a-._~", &["mimi://b.example/u/a%2d%2e%5F%7e"]),
        ("mimi://b.example/u/%25%36%32ob", &[]),
        ("mimi://b.example", &["mimi://B.Example"]),
    ] {
        for other in others {
            cases.push(
                case(WHAT, other, "", None)
                    .text("normal", normal)
                    .json_member("is_normal", "false".into())
                    .json_member("equivalent", json!([normal]).to_string()),
            );
        }
        if !others.is_empty() {
            cases.push(
                case(WHAT, normal, ", other spellings", None)
                    .text("normal", normal)
                    .json_member("is_normal", "true".into())
                    .json_member("equivalent", json!(others).to_string()),
            );
        }
    }
    // mimi-identity-05, table 3 and section 4.
    for (uri, identifies) in [
        ("mimi://example.com", "provider"),
        ("mimi://example.com/u/juliet", "user"),
        ("mimi://irc.example.com/u/jcapulet1583@example.com", "user"),
        ("mimi://a.example/p/crazykoala75", "pseudonym"),
        ("mimi://example.com/d/juliet/balcony", "client"),
        ("mimi://irc.example.com/r/projectX", "room"),
        ("mimi://a.example/g/TII9t5viBrXiXc", "group"),
        ("mimi://a.example/t/engineering", "team"),
        ("mimi://local.invalid/u/alice.smith", "user"),
        ("mimi://a.example/P/crazykoala75", "other"),
        ("mimi://a.example/team/engineering", "other"),
    ] {
        cases.push(case(WHAT, uri, ", what it identifies", None).text("identifies", identifies));
    }
    // An escaped escape is taken out once.
    cases.push(
        case(WHAT, "mimi://b.example/u/%25%36%32ob", "", None)
            .text("normal", "mimi://b.example/u/%2562ob")
            .json_member("is_normal", "false".into()),
    );
    for (uri, reason) in [
        ("", "no scheme"),
        ("mimi:", "no authority"),
        ("mimi:/a.example/u/a", "no authority"),
        ("im:alice@a.example", "another scheme"),
        ("https://a.example/u/a", "another scheme"),
        (" mimi://a.example", "another scheme"),
        ("mimi://", "no host"),
        ("mimi:///u/a", "no host"),
        ("mimi://a.example/", "a second way to write the provider"),
        ("mimi://a.example/u", "nothing follows the kind"),
        ("mimi://a.example/u/", "nothing follows the kind"),
        ("mimi://a.example//a", "the kind is empty"),
        ("mimi://a.example/u/.", "a dot segment"),
        ("mimi://a.example/u/..", "a dot segment"),
        ("mimi://a.example/u/./bob", "a dot segment"),
        ("mimi://a.example/u/x/../bob", "a dot segment"),
        ("mimi://a.example/u/%2e/bob", "an escaped dot segment"),
        ("mimi://a.example/u/.%2E", "an escaped dot segment"),
        ("mimi://a.example/%2e%2e/bob", "an escaped dot segment"),
        ("mimi://a.example./u/a", "a trailing dot"),
        ("mimi://a.example:/u/a", "a port"),
        ("mimi://a.example:443/u/a", "a port"),
        ("mimi://u@a.example/u/a", "user information"),
        ("mimi://@a.example/u/a", "user information"),
        ("mimi://a.example/u/a?b", "a query"),
        ("mimi://a.example?b", "a query"),
        ("mimi://a.example/u/a#b", "a fragment"),
        ("mimi://a.example/u/a b", CHARACTER),
        ("mimi://a.example/u/\u{e9}", CHARACTER),
        ("mimi://a.example/u/a\\b", CHARACTER),
        ("mimi://a.example\\u/a", CHARACTER),
        ("mimi://a.example/u/a\n", CHARACTER),
        ("mimi://a.example/u/%", "a malformed escape"),
        ("mimi://a.example/u/%4", "a malformed escape"),
        ("mimi://a.example/u/%zz", "a malformed escape"),
        ("mimi://%61.example/u/a", "an escape in the host"),
        ("mimi://127.0.0.1/u/a", NUMBER),
        ("mimi://0x7f000001/u/a", NUMBER),
        ("mimi://[::1]/u/a", "an IP address"),
        ("mimi://a_b.example/u/a", CHARACTER),
    ] {
        cases.push(case(WHAT, uri, "", Some(reason)));
    }
}

const URLS: &[&str] = &[
    "https://a.example",
    "https://a.example/",
    "https://a.example/f/1?x=y&z=/?",
    "https://a.example?x",
    "HTTPS://A.example/x",
    "https://a.example:8443/x",
    "https://a.example:/x",
    "https://a.example:00443/x",
    "https://a.example/%2e%2E/%C3%A9",
    "https://0xample/x",
];

const NOT_URLS: &[(&str, &str)] = &[
    ("", "no scheme"),
    ("a.example/x", "no scheme"),
    ("//a.example/x", "no scheme"),
    ("http://a.example/x", "another scheme"),
    ("https:a.example/x", "no authority"),
    ("https:/a.example/x", "no authority"),
    ("https:///a.example/x", "no host"),
    ("https://", "no host"),
    ("https://u@a.example/x", "user information"),
    ("https://u:p@a.example/x", "user information"),
    ("https://@a.example/x", "user information"),
    ("https://a.example@b.example/x", "user information"),
    ("https://a.example\\@b.example/x", CHARACTER),
    ("https://a.example\\x", CHARACTER),
    ("https:\\\\a.example/x", "no authority"),
    ("https://a.example/x#f", "a fragment"),
    ("https://a.example#@b.example/", "a fragment"),
    ("https://a.example/x y", CHARACTER),
    (" https://a.example/x", "no scheme"),
    ("https://a.example/x\n", CHARACTER),
    ("https://a.\texample/x", CHARACTER),
    ("https://a.example/\u{e9}", CHARACTER),
    ("https://a.ex\u{e4}mple/x", "not in its ASCII form"),
    ("https://a.example/{x}", CHARACTER),
    ("https://a.example/%", "a malformed escape"),
    ("https://a.example/%4g", "a malformed escape"),
    ("https://a.example/?%z1", "a malformed escape"),
    ("https://a.example:65536/x", "the port is beyond 65535"),
    ("https://a.example:+1/x", "a port that is no number"),
    ("https://a.example:80:81/x", "a port that is no number"),
    ("https://a.example./x", "a trailing dot"),
    ("https://%61.example/x", "an escape in the host"),
    ("https://[2001:db8::1]/x", "an IP address"),
    ("https://127.0.0.1/x", NUMBER),
    ("https://127.1/x", NUMBER),
    ("https://0x7f.1/x", NUMBER),
    ("https://2130706433/x", NUMBER),
    ("https://0xa9fea9fe/x", NUMBER),
    ("https://127.0.0.0x1/x", NUMBER),
];

fn urls(cases: &mut Vec<GeneratedCase>) {
    for url in URLS {
        cases.push(case("https_url", url, "", None));
    }
    for (url, reason) in NOT_URLS {
        cases.push(case("https_url", url, "", Some(reason)));
    }

    const DOMAINS: &[&str] = &["assets.b.example", "cdn.c.example", "127.0.0.1", "*.d.example"];
    let domains = || json!(DOMAINS).to_string();
    let mut asset = |url: &str, domains: String, context: &str, reason: Option<&str>| {
        cases.push(case("asset_url", url, context, reason).json_member("domains", domains));
    };
    for url in ["https://assets.b.example/f/1", "https://CDN.c.example/f?x=y", "https://cdn.c.example:8443/f"]
    {
        asset(url, domains(), "", None);
    }
    const OTHER: &str = "the host is no asset domain";
    for (url, reason) in [
        ("https://evil.cdn.c.example/f", "a subdomain is another host"),
        ("https://c.example/f", "the parent is another host"),
        ("https://cdn.c.example.evil.example/f", OTHER),
        ("https://evil.example/cdn.c.example", OTHER),
        ("https://evil.example?cdn.c.example", OTHER),
        ("https://cdn.c.example@evil.example/f", "user information"),
        ("https://evil.example\\.cdn.c.example/f", CHARACTER),
        ("https://evil.example#.cdn.c.example/f", "a fragment"),
        ("http://cdn.c.example/f", "another scheme"),
        ("https://cdn.c.example./f", "a trailing dot"),
        ("https://127.0.0.1/f", "a domain that is no domain name matches nothing"),
        ("https://x.d.example/f", "a wildcard in the list matches nothing"),
    ] {
        asset(url, domains(), "", Some(reason));
    }
    for host in ["0x7f000001", "127.0.0.0x1"] {
        let list = json!([host]).to_string();
        asset(&format!("https://{host}/f"), list, "", Some(NUMBER));
    }
    asset("https://a.example/f", "[]".into(), ", no domains", Some(OTHER));
}

fn headers_and_certificates(cases: &mut Vec<GeneratedCase>) {
    for domain in ["a.example", "A.Example", "xn--bcher-kva.example"] {
        let value = format!("mimi@{domain}");
        cases.push(case("from_header", &value, "", None).text("domain", domain));
    }
    const LOCAL_PART: &str = "the local part is not exactly `mimi`";
    for (value, reason) in [
        ("", LOCAL_PART),
        ("a.example", LOCAL_PART),
        ("MIMI@a.example", LOCAL_PART),
        ("alice@a.example", LOCAL_PART),
        ("\"mimi\"@a.example", LOCAL_PART),
        ("<mimi@a.example>", "angle brackets"),
        ("Provider <mimi@a.example>", "a display name"),
        (" mimi@a.example", "white space"),
        ("mimi@a.example ", "white space"),
        ("mimi@", "no domain"),
        ("mimi@@a.example", CHARACTER),
        ("mimi@a.example, mimi@b.example", "two addresses"),
        ("mimi@a.example:443", "a port"),
        ("mimi@a.example.", "a trailing dot"),
        ("mimi@127.0.0.1", NUMBER),
        ("mimi@0x7f000001", NUMBER),
        ("mimi@[127.0.0.1]", "an IP address"),
    ] {
        cases.push(case("from_header", value, "", Some(reason)));
    }

    const UNDER_TOP: &str = "a wildcard directly under a top-level label";
    const NONE: &str = "no presented name matches";
    const PART: &str = "a wildcard is the whole left-most label";
    for (reference, presented, reason) in [
        ("a.example", &["a.example"] as &[&str], None),
        ("A.example", &["a.EXAMPLE"], None),
        ("a.example", &["b.example", "a.example"], None),
        ("mimi.a.example", &["*.a.example"], None),
        ("Mimi.a.example", &["*.A.example"], None),
        ("xn--bcher-kva.a.example", &["*.a.example"], None),
        ("a.example", &["127.0.0.1", "a.example"], None),
        ("a.example", &[], Some(NONE)),
        ("a.example", &["b.example"], Some(NONE)),
        ("a.example", &["mimi.a.example"], Some(NONE)),
        ("mimi.a.example", &["a.example"], Some(NONE)),
        ("a.example", &["*.a.example"], Some("a wildcard stands for one label")),
        ("x.mimi.a.example", &["*.a.example"], Some("a wildcard stands for one label")),
        ("foo.com", &["*.com"], Some(UNDER_TOP)),
        ("foo.us", &["*.us"], Some(UNDER_TOP)),
        ("example.xn--mgbaam7a8h", &["*.xn--mgbaam7a8h"], Some(UNDER_TOP)),
        ("a.example", &["*.example"], Some(UNDER_TOP)),
        ("a.localhost", &["*.localhost"], Some(UNDER_TOP)),
        ("a.example", &["*"], Some(PART)),
        ("mimi.a.example", &["m*.a.example"], Some(PART)),
        ("mimi.a.example", &["*i.a.example"], Some(PART)),
        ("mimi.a.example", &["mimi.*.example"], Some(PART)),
        ("x.mimi.a.example", &["*.*.a.example"], Some(PART)),
        ("x.mimi.a.example", &["x.*.a.example"], Some(PART)),
        ("mimi.a.example", &["xn--*.a.example"], Some(PART)),
        ("a.example", &["a.example."], Some("a trailing dot")),
        ("a.example", &[".a.example"], Some(NONE)),
        ("a.example", &[""], Some(NONE)),
        ("a.example", &["a.example\u{0}.evil.example"], Some(CHARACTER)),
        ("127.0.0.1", &["127.0.0.1"], Some("the reference is no domain name")),
        ("a.0x1", &["*.0x1", "a.0x1"], Some("the reference is no domain name")),
        ("*.a.example", &["*.a.example"], Some("the reference is no domain name")),
        ("a.example.", &["a.example."], Some("the reference is no domain name")),
    ] {
        let context = format!(" presented {presented:?}");
        let presented = json!(presented).to_string();
        cases.push(case("certificate", reference, &context, reason).json_member("presented", presented));
    }
}

fn templates(cases: &mut Vec<GeneratedCase>) {
    const WHAT: &str = "url_template";
    let variables = |name: &str, value: &str| {
        let mut object = serde_json::Map::new();
        object.insert(name.into(), Value::from(value));
        Value::Object(object).to_string()
    };
    for (template, name, value, expanded) in [
        (
            "https://mimi.example.com/v1/notify/{roomId}",
            "roomId",
            "mimi://a.example/r/clubhouse",
            "https://mimi.example.com/v1/notify/mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse",
        ),
        (
            "https://mimi.example.com/v1/update{roomId}",
            "roomId",
            "x/y",
            "https://mimi.example.com/v1/updatex%2Fy",
        ),
        (
            "https://h.example:8443/{a.b_1}/notify?v=1",
            "a.b_1",
            "a.example",
            "https://h.example:8443/a.example/notify?v=1",
        ),
        ("https://h.example/{a}", "a", "\u{e9}/~ ?#%", "https://h.example/%C3%A9%2F~%20%3F%23%25"),
        ("https://h.example/{a}", "a", "...", "https://h.example/..."),
        ("https://h.example/{a}", "a", "%2e", "https://h.example/%252e"),
        ("https://h.example/{a}", "a", "A-Z.a_z~09", "https://h.example/A-Z.a_z~09"),
        ("https://h.example/{a}", "a", "!$&'()*+,;=:@", {
            "https://h.example/%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%40"
        }),
        ("https://h.example/x{a}", "a", "..", "https://h.example/x.."),
        ("https://h.example/{a}/x", "a", "./..", "https://h.example/.%2F../x"),
        ("https://h.example/{a}?/../x", "a", "y", "https://h.example/y?/../x"),
        ("https://h.example/{a}/x", "a", "", "https://h.example//x"),
    ] {
        cases.push(
            case(WHAT, template, &format!(" with {value:?}"), None)
                .json_member("variables", variables(name, value))
                .text("expanded", expanded),
        );
    }
    for (template, value) in [
        ("https://h.example/{a}", "."),
        ("https://h.example/v1/{a}", ".."),
        ("https://h.example/v1/{a}/notify", ".."),
        ("https://h.example/v1/{a}?q", ".."),
        ("https://h.example/v1/.{a}", ""),
        ("https://h.example/v1/.{a}", "."),
        ("https://h.example/v1/{a}.", "."),
        ("https://h.example/v1/.{a}./x", ""),
        ("https://h.example/v1/%2E{a}", ""),
        ("https://h.example/v1/{a}%2e/x", "."),
        ("https://h.example/v1/%2e{a}%2e", ""),
    ] {
        let context = format!(" with {value:?}");
        cases.push(
            case(WHAT, template, &context, Some("the expansion has a dot segment"))
                .json_member("variables", variables("a", value)),
        );
    }
    const VARIABLE: &str = "not one variable in the path";
    for (template, reason) in [
        ("", VARIABLE),
        ("https://h.example/notify", VARIABLE),
        ("https://h.example/{}", "a variable without a name"),
        ("https://h.example/{a b}", "not a variable's name"),
        ("https://h.example/{+a}", "not a variable's name"),
        ("https://h.example/{a.}", "not a variable's name"),
        ("https://h.example/{a,b}", "not a variable's name"),
        ("https://h.example/{a*}", "not a variable's name"),
        ("https://h.example/{a", VARIABLE),
        ("https://h.example/a}", VARIABLE),
        ("https://h.example/}{a}", VARIABLE),
        ("https://h.example/{a}{b}", VARIABLE),
        ("https://h.example/{a}/{a}", VARIABLE),
        ("https://h.example/{a}}", VARIABLE),
        ("https://{host}/x", VARIABLE),
        ("https://h.example{a}", VARIABLE),
        ("https://h.example/?q={a}", VARIABLE),
        ("https://h.example/#{a}", "a fragment"),
        ("https://h.example/{a}#x", "a fragment"),
        ("http://h.example/{a}", "another scheme"),
        ("/v1/{a}", "no scheme"),
        ("https://u@h.example/{a}", "user information"),
        ("https://h.example/%z/{a}", "a malformed escape"),
        ("https://h.example/{a}/%z", "a malformed escape"),
        ("https://h.example/{a}/ ", CHARACTER),
        ("https://h.example/./{a}", "a dot segment"),
        ("https://h.example/v1/../{a}", "a dot segment"),
        ("https://h.example/v1/.%2E/x{a}", "an escaped dot segment"),
        ("https://h.example/{a}/%2e%2e/x", "an escaped dot segment"),
        ("https://h.example/{a}/x/..", "a dot segment"),
        ("https://h.example/{a}/.?x", "a dot segment"),
        ("https://127.0.0.0x1/{a}", NUMBER),
        ("https://0x7f000001/{a}", NUMBER),
    ] {
        cases.push(case(WHAT, template, "", Some(reason)));
    }
}

const TAGS: &[&str] = &[
    "de",
    "i-enochian",
    "I-DEFAULT",
    "x-whatever",
    "en-GB-oed",
    "zh-min-nan",
    "zh-min",
    "art-lojban",
    "sgn-BE-FR",
    "example",
    "tig-x-Y",
    "zh-cmn-Hans-CN",
    "zh-yue-HK",
    "sl-rozaj-biske-1994",
    "de-CH-1901",
    "hy-Latn-IT-arevela",
    "es-419",
    "az-Arab-x-AZE-derbend",
    "qaa-Qaaa-QM-x-southern",
    "en-US-u-islamcal",
    "zh-CN-a-myext-x-private",
    "en-a-myext-b-another",
    "x-1",
    "X-a-b-c",
    "abcdefgh",
    "abcd",
    "aaa-bbb-ccc-ddd-abcd-123-abc123-0abc-b-01-abc123-x-01ab-abc12",
];

const NOT_TAGS: &[(&str, &str)] = &[
    ("", "empty"),
    ("x", "no private subtag"),
    ("x-", "an empty subtag"),
    ("x--a", "an empty subtag"),
    ("x-123456789", "a subtag longer than 8"),
    ("i", "not a registered grandfathered tag"),
    ("i-foo", "not a registered grandfathered tag"),
    ("i-klingon-x-a", "nothing follows a grandfathered tag"),
    ("en-GB-oedx", "a variant is 5 to 8 characters"),
    ("a", "a language of one letter"),
    ("a-DE", "a language of one letter"),
    ("en-a", "an extension without a subtag"),
    ("en-x", "no private subtag"),
    ("en-a-b", "an extension without a subtag"),
    ("en-a-bb-c", "an extension without a subtag"),
    ("de-419-DE", "two regions"),
    ("de-AT-1901-Latf", "the script follows the variant"),
    ("de-1234-Latn", "the script follows the variant"),
    ("en--US", "an empty subtag"),
    ("en-", "an empty subtag"),
    ("-en", "an empty subtag"),
    ("123", "a language of digits"),
    ("abcdefghi", "a language longer than 8"),
    ("en-abcdefghi", "a subtag longer than 8"),
    ("zh-aaa-bbb-ccc-ddd", "four extended languages"),
    ("abcd-efg", "an extended language after a language of four letters"),
    ("\u{e9}n", "not ASCII"),
    ("en_GB", "an underscore"),
    ("en US", "a space"),
    ("en\n", "a line break"),
    ("*", "a range, not a tag"),
    ("en-*", "a range, not a tag"),
    ("en,fr", "two tags"),
];

fn languages(cases: &mut Vec<GeneratedCase>) {
    for tag in TAGS {
        cases.push(case("language", tag, "", None));
        cases.push(case("language_list", tag, "", None));
    }
    for (tag, reason) in NOT_TAGS {
        cases.push(case("language", tag, "", Some(reason)));
        if !tag.is_empty() && !tag.contains(',') {
            let list = format!("en, {tag}");
            cases.push(case("language_list", &list, "", Some(reason)));
        }
    }
    for list in ["", "en,fr", "en, fr", "en,fr-CH,  zh-Hant-TW", "i-klingon,x-a,en-GB-oed", "en,en"] {
        cases.push(case("language_list", list, "", None));
    }
    for (list, reason) in [
        (",", "an empty tag"),
        ("en,", "an empty tag"),
        (",en", "an empty tag"),
        ("en,,fr", "an empty tag"),
        (" en", "a space before the first tag"),
        ("en ,fr", "a space before a comma"),
        ("en ", "a space at the end"),
        ("en;fr", "a semicolon"),
        ("en,\tfr", "a tab"),
    ] {
        cases.push(case("language_list", list, "", Some(reason)));
    }
}

fn media_types(cases: &mut Vec<GeneratedCase>) {
    const WHAT: &str = "media_type";
    for (text, top, sub, parameters) in [
        ("text/plain", "text", "plain", &[] as &[(&str, &str)]),
        ("Text/PLAIN", "Text", "PLAIN", &[]),
        ("application/mimi-content", "application", "mimi-content", &[]),
        ("application/vnd.example.msgbus+cbor", "application", "vnd.example.msgbus+cbor", &[]),
        ("!#$%&'*+-.^_`|~/0", "!#$%&'*+-.^_`|~", "0", &[]),
        ("text/plain;charset=utf-8", "text", "plain", &[("charset", "utf-8")]),
        ("text/plain ;charset=\"UTF-8\"", "text", "plain", &[("charset", "UTF-8")]),
        ("text/markdown;\t variant=GFM-MIMI", "text", "markdown", &[("variant", "GFM-MIMI")]),
        ("text/plain; Charset=utf-8; x=Y", "text", "plain", &[("Charset", "utf-8"), ("x", "Y")]),
        ("a/b;x=\"\"", "a", "b", &[("x", "")]),
        ("a/b;x=\"y;z=1\"", "a", "b", &[("x", "y;z=1")]),
        ("a/b;x=\"\\\"\\\\\\y\"", "a", "b", &[("x", "\"\\y")]),
        ("a/b;x=\"a\tb\"", "a", "b", &[("x", "a\tb")]),
        ("a/b;x=\"\u{e9}\"", "a", "b", &[("x", "\u{e9}")]),
        ("a/b;", "a", "b", &[]),
        ("a/b ; ;x=1;;", "a", "b", &[("x", "1")]),
    ] {
        cases.push(
            case(WHAT, text, "", None)
                .text("type", top)
                .text("subtype", sub)
                .json_member("parameters", json!(parameters).to_string()),
        );
    }
    const TYPE: &str = "not `type/subtype`";
    const PARAMETER: &str = "not `name=value`";
    const TWICE: &str = "a parameter stands twice";
    for (text, reason) in [
        ("", TYPE),
        ("text", TYPE),
        ("text/", TYPE),
        ("/plain", TYPE),
        (" text/plain", TYPE),
        ("text /plain", TYPE),
        ("text/ plain", TYPE),
        ("t\u{e9}xt/plain", TYPE),
        ("text/plain ", "white space at the end"),
        ("text/plain/x", PARAMETER),
        ("text/plain charset=x", PARAMETER),
        ("text/plain,text/html", PARAMETER),
        ("a/b;x", PARAMETER),
        ("a/b;x=", PARAMETER),
        ("a/b;=1", PARAMETER),
        ("a/b;x =1", "white space before the equals sign"),
        ("a/b;x= 1", "white space after the equals sign"),
        ("a/b;x=1 ", "white space at the end"),
        ("a/b;x=1 y=2", PARAMETER),
        ("a/b;x=\u{e9}", "a value that is no token"),
        ("a/b;x=a@b", "a value that is no token"),
        ("a/b;x=\"y", "the quoted string has no end"),
        ("a/b;x=\"y\\\"", "the quoted string has no end"),
        ("a/b;x=\"y\"z", PARAMETER),
        ("a/b;x=\"a\nb\"", "a control character"),
        ("a/b;x=\"\\\u{0}\"", "a control character"),
        ("a/b;x=\"\u{7f}\"", "a control character"),
        ("a/b;x=1;x=1", TWICE),
        ("a/b;x=1;X=2", TWICE),
        ("a/b\r\n", CHARACTER),
    ] {
        cases.push(case(WHAT, text, "", Some(reason)));
    }
}
