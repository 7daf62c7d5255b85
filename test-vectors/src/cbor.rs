//! CBOR put together byte by byte, for what no encoder writes.

use alloc::vec::Vec;

/// The head of an item in its shortest form; `major` is the major type, 0 to 7.
pub(crate) fn head(major: u8, argument: u64) -> Vec<u8> {
    let initial = |info: u8| (major << 5) | info;
    if argument < 24 {
        return [initial(argument as u8)].into();
    }
    let (info, width) = match argument {
        0..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8_usize),
    };
    let mut bytes = Vec::from([initial(info)]);
    bytes.extend(argument.to_be_bytes().iter().skip(8_usize.saturating_sub(width)));
    bytes
}

pub(crate) fn unsigned(value: u64) -> Vec<u8> {
    head(0, value)
}

pub(crate) fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, content.len() as u64), content.into()].concat()
}

pub(crate) fn text(content: &str) -> Vec<u8> {
    [head(3, content.len() as u64), content.into()].concat()
}

pub(crate) fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len() as u64), items.concat()].concat()
}

/// A map of the entries as they come.
pub(crate) fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let entries_in_order: Vec<u8> =
        entries.iter().flat_map(|(key, value)| [key.as_slice(), value.as_slice()].concat()).collect();
    [head(5, entries.len() as u64), entries_in_order].concat()
}

pub(crate) fn tag(number: u64, content: &[u8]) -> Vec<u8> {
    [head(6, number), content.into()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_examples_of_rfc_8949() {
        for (written, expected) in [
            (unsigned(23), "17"),
            (unsigned(24), "1818"),
            (unsigned(100), "1864"),
            (unsigned(1000), "1903e8"),
            (unsigned(1_000_000), "1a000f4240"),
            (unsigned(1_000_000_000_000), "1b000000e8d4a51000"),
            (bytes(&[1, 2, 3, 4]), "4401020304"),
            (text("\u{fc}"), "62c3bc"),
            (array(&[unsigned(1), array(&[unsigned(2), unsigned(3)])]), "8201820203"),
            (map(&[(text("a"), unsigned(1)), (text("b"), array(&[]))]), "a2616101616280"),
            (tag(32, &text("http://www.example.com")), "d82076687474703a2f2f7777772e6578616d706c652e636f6d"),
        ] {
            assert_eq!(hex::encode(written), expected);
        }
    }
}
