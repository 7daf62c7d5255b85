//! The flags of the kind `identifier-query`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Queries and the answers to them.",
        bug: "Which users match, and with which code they are answered.",
        section: "mimi-protocol-06 §5.8",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "WholeValue",
        about: "A part of a value does not match where values are compared whole.",
        bug: "A search by handle, email or claim finds parts, and so lists users.",
        section: "mimi-protocol-06 §5.8",
        readings: &[],
        of: |case| case.has(&["a part of", "phone without", "another claim"]),
    },
    Flag {
        name: "Case",
        about: "Values and names in another case.",
        bug: "Case folding where the draft has none, or none where it has.",
        section: "mimi-protocol-06 §5.8",
        readings: &[],
        of: |case| case.has(&["in another case", "sharp s", "composed"]),
    },
    Flag {
        name: "PartialName",
        about: "Search for a part of a name.",
        bug: "Parts are searched in fields that hold no name.",
        section: "mimi-protocol-06 §5.8",
        readings: &[],
        of: |case| case.begins(&["partialName"]),
    },
    Flag {
        name: "WholeProfile",
        about: "Search in the whole profile.",
        bug: "A field is left out.",
        section: "mimi-protocol-06 §5.8",
        readings: &[],
        of: |case| case.begins(&["wholeProfile"]),
    },
    Flag {
        name: "SeveralElements",
        about: "Several elements, of which all must match.",
        bug: "One element that matches is enough.",
        section: "mimi-protocol-06 §5.8",
        readings: &["C17", "C60"],
        of: |case| case.has(&["element"]),
    },
    Flag {
        name: "QueryLimit",
        about: "Queries that look for nothing, or for too much.",
        bug: "An empty query lists all users.",
        section: "mimi-protocol-06 §5.8",
        readings: &["C60"],
        of: |case| case.has(&["no element", "different elements", "empty value"]),
    },
    Flag {
        name: "UnknownType",
        about: "Search types that the provider does not support, or that no draft has.",
        bug: "The element is skipped, so that more users match.",
        section: "mimi-protocol-06 §5.8",
        readings: &["C16"],
        of: |case| case.has(&["not supported", "no draft"]),
    },
    Flag {
        name: "ResponseCode",
        about: "A response whose code, users or order are not those of the query.",
        bug: "Code and users contradict each other.",
        section: "mimi-protocol-06 §5.8",
        readings: &[],
        of: |case| {
            case.has(&[
                "no user found",
                "refused without",
                "success without",
                "notFound with",
                "another order",
            ])
        },
    },
    Flag {
        name: "Malformed",
        about: "Bytes that do not decode.",
        bug: "A decoder ignores what follows, or takes bytes for text.",
        section: "RFC 9420 §2.1",
        readings: &[],
        of: |case| case.has(&["byte behind", "cut off", "UTF-8"]) && !case.valid,
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "mimi-protocol-06 §5.8",
        readings: &[],
        of: |case| case.has(&["mistake: "]),
    },
];
