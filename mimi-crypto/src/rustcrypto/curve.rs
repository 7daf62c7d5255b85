//! How RFC 9420 and RFC 8032 write down points.

/// Is `bytes` an UncompressedPointRepresentation in form (RFC 9420 §5.1.1; RFC 8446 §4.2.8.2)? The
/// curves' own readers take compressed points as well, which would give one key two encodings.
pub(super) fn is_uncompressed(bytes: &[u8]) -> bool {
    bytes.first() == Some(&4)
}

/// Is `bytes` the encoding of an Edwards point in form, with a y below the field's order 2^255 - 19
/// (RFC 8032 §5.1.3)? The curve's own reader takes y modulo the order, which would give some keys
/// two encodings.
pub(super) fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    // The highest bit is the sign of x.
    *first < 0xed || last & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}
