//! How RFC 9420 writes down points of the NIST curves.

/// Is `bytes` an UncompressedPointRepresentation in form (RFC 9420, 5.1.1; RFC 8446, 4.2.8.2)? The curves' own readers take compressed
/// points as well, which would give one key two encodings.
pub(super) fn is_uncompressed(bytes: &[u8]) -> bool {
    bytes.first() == Some(&4)
}
