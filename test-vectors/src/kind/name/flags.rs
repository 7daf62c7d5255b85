//! The flags of the kind `name`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "HostName",
        about: "Host names: labels, lengths, hyphens, dots.",
        bug: "Names of hosts are checked loosely.",
        section: "mimi-protocol-06 §3",
        readings: &[],
        of: |case| case.has(&["dns_name"]),
    },
    Flag {
        name: "NumericHost",
        about: "A host whose last label is a number, decimal or hexadecimal, which browsers take for an IP address.",
        bug: "A request is sent to an address inside the provider's network.",
        section: "mimi-protocol-06 §5.10",
        readings: &["C52"],
        of: |case| {
            case.because(&["IPv4 number", "IP address", "no domain name matches"])
                || case.has(&["0x", "127."])
        },
    },
    Flag {
        name: "NonAscii",
        about: "Characters beyond ASCII, and what looks like a dot.",
        bug: "Two texts name one host for people, or one text two hosts for programs.",
        section: "mimi-protocol-06 §3",
        readings: &[],
        of: |case| {
            !case.name.is_ascii() || case.because(&["ASCII form", "another dot"]) || case.has(&["xn--"])
        },
    },
    Flag {
        name: "ForbiddenCharacter",
        about: "White space, control characters, backslashes, and escapes that are malformed.",
        bug: "A parser skips characters, and another does not.",
        section: "mimi-protocol-06 §3",
        readings: &[],
        of: |case| {
            case.because(&[
                "may not stand there",
                "malformed escape",
                "white space",
                "escape in the host",
                "an escape",
            ]) || case.has(&["\\n", "\\t", "\\0"])
        },
    },
    Flag {
        name: "UriComponent",
        about: "User information, ports, queries, fragments, another scheme or no authority.",
        bug: "A check looks at another part of the URI than the request.",
        section: "mimi-protocol-06 §3",
        readings: &["C18"],
        of: |case| {
            case.because(&[
                "user information",
                "a port",
                "the port",
                "a query",
                "a fragment",
                "another scheme",
                "no authority",
                "no host",
                "no scheme",
            ])
        },
    },
    Flag {
        name: "DotSegment",
        about: "Segments `.` and `..`, escaped or not, also by expansion of a template.",
        bug: "A path leaves the directory that was checked.",
        section: "mimi-protocol-06 §5.1",
        readings: &["C54"],
        of: |case| {
            case.because(&["dot segment"]) || case.has(&["%2e", "%2E", "/.", "\"..\"", "\".\"", "./.."])
        },
    },
    Flag {
        name: "MimiUri",
        about: "MIMI URIs of providers, users, clients, rooms and groups.",
        bug: "The form of identifiers.",
        section: "mimi-protocol-06 §3",
        readings: &["C18"],
        of: |case| case.has(&["mimi_uri"]),
    },
    Flag {
        name: "Spelling",
        about: "Several spellings of one URI, with the normal form.",
        bug: "A ban or a claim is passed by in another spelling.",
        section: "mimi-protocol-06 §3",
        readings: &["C19"],
        of: |case| {
            case.valid
                && (case.has(&["other spellings", "B.example", "MIMI:", "MiMi:"])
                    || (case.has(&["mimi_uri"]) && case.has(&["%"])))
        },
    },
    Flag {
        name: "HttpsUrl",
        about: "URLs under https.",
        bug: "Another scheme or a relative reference is accepted.",
        section: "mimi-protocol-06 §5.1",
        readings: &["C31"],
        of: |case| case.has(&["https_url"]),
    },
    Flag {
        name: "AssetDomain",
        about: "URLs of assets, with the domains that a provider allows.",
        bug: "A subdomain, a parent or a look-alike passes.",
        section: "mimi-protocol-06 §5.10",
        readings: &[],
        of: |case| case.has(&["asset_url"]),
    },
    Flag {
        name: "FromHeader",
        about: "The From header of a request.",
        bug: "A display name or a second address hides the provider.",
        section: "mimi-protocol-06 §5",
        readings: &[],
        of: |case| case.has(&["from_header"]),
    },
    Flag {
        name: "Certificate",
        about: "Names in a certificate against a reference, wildcards included.",
        bug: "A wildcard matches too much.",
        section: "mimi-protocol-06 §4.1",
        readings: &["C53"],
        of: |case| case.has(&["certificate"]),
    },
    Flag {
        name: "UrlTemplate",
        about: "Templates of endpoints and their expansion.",
        bug: "An identifier escapes from its path segment.",
        section: "mimi-protocol-06 §5.1",
        readings: &["C20", "C54"],
        of: |case| case.has(&["url_template"]),
    },
    Flag {
        name: "Language",
        about: "Language tags and lists of them.",
        bug: "Tags are checked loosely, or well-formed ones refused.",
        section: "mimi-content-09 §4.4",
        readings: &["T12"],
        of: |case| case.has(&["language"]),
    },
    Flag {
        name: "MediaType",
        about: "Media types with parameters.",
        bug: "Parameters are split at the wrong place.",
        section: "mls-extensions-10 §6.2.2",
        readings: &["C40"],
        of: |case| case.has(&["media_type"]),
    },
];
