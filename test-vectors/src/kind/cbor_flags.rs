//! Flags that the kinds of CBOR documents share.

use crate::file_format::Flag;

pub(super) const TRUNCATED: Flag = Flag {
    name: "Truncated",
    about: "The document ends before its last item does.",
    bug: "A decoder reads past the end, or fills up with zeros.",
    section: "mimi-content-09 §6",
    readings: &[],
    of: |case| case.because(&["ends inside", "is missing", "there is no document"]),
};

pub(super) const fn trailing_data(section: &'static str) -> Flag {
    Flag {
        name: "TrailingData",
        about: "Bytes follow the document.",
        bug: "A decoder stops at the end of the first item and ignores the rest.",
        section,
        readings: &["T3"],
        of: |case| case.because(&["follows the document"]),
    }
}

pub(super) const NON_MINIMAL_HEAD: Flag = Flag {
    name: "NonMinimalHead",
    about: "A length, integer, tag or float that has a shorter form.",
    bug: "A decoder accepts several encodings of one message, so that message IDs and franks differ.",
    section: "mimi-content-09 §6.1",
    readings: &[],
    of: |case| case.because(&["shorter form", "fits two bytes", "fits four bytes"]),
};

pub(super) const INDEFINITE_LENGTH: Flag = Flag {
    name: "IndefiniteLength",
    about: "An item of indefinite length, or a break.",
    bug: "A general CBOR library accepts what is not deterministic.",
    section: "mimi-content-09 §6.1",
    readings: &[],
    of: |case| case.because(&["indefinite"]) || case.name == "break" || case.has(&["a break alone"]),
};

pub(super) const fn wrong_type(section: &'static str) -> Flag {
    Flag {
        name: "WrongType",
        about: "An item of another type than the field has.",
        bug: "A decoder converts types, or takes null for an empty value.",
        section,
        readings: &[],
        of: |case| {
            case.because(&[
                "is a byte string",
                "is text",
                "is a number",
                "are a map",
                "is a map",
                "empty byte string",
                "is an array",
                "are an array",
                "is empty text",
                "has a salt",
                "is null (0xf6)",
                "an integer or text",
                "untagged text",
                "are numbers",
                "is a part",
                "has no tag",
                "without the tag",
                "names a message",
                "names one message",
                "is an integer",
                "is true or false",
                "no extensions are",
            ])
        },
    }
}

pub(super) const fn wrong_length(section: &'static str) -> Flag {
    Flag {
        name: "WrongLength",
        about: "A field of another length, or an array of another number of items.",
        bug: "A decoder does not check fixed lengths and counts.",
        section,
        readings: &[],
        of: |case| {
            case.because(&[
                "octets",
                "has seven items",
                "is a pair",
                "by its cardinality",
                "at least two parts",
            ]) && !case.because(&["empty byte string"])
        },
    }
}

pub(super) const RESOURCE_EXHAUSTION: Flag = Flag {
    name: "ResourceExhaustion",
    about: "A few bytes declare much more, or nest deeply.",
    bug: "A decoder allocates what is declared, or exhausts the stack.",
    section: "mimi-content-09 §9.1",
    readings: &[],
    of: |case| case.because(&["nothing is allocated", "exhausts the stack"]),
};
