//! The small-space PRP of mls-virtual-clients §6.5.1: FF1 (NIST SP 800-38G §5.1) with AES-128.

use aes::{
    Aes128,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use alloc::vec::Vec;

use crate::{CryptoError, Secret, secret::check_length};

const ROUNDS: u8 = 10;
const BLOCK: usize = 16;
/// Bytes of an AES-128 key.
pub(crate) const KEY_LENGTH: usize = 16;

/// FF1 over strings of up to 38 decimal digits, or as many numerals of another radix as a `u128`
/// holds.
struct Ff1 {
    cipher: Aes128,
    radix: u16,
}

/// The numbers of the two halves of a numeral string, and how many numerals each half has.
struct Halves {
    a: u128,
    b: u128,
    u: u32,
    v: u32,
}

impl Ff1 {
    fn new(key: &[u8], radix: u16) -> Result<Self, CryptoError> {
        check_length("PRP key", key, KEY_LENGTH)?;
        let cipher = Aes128::new_from_slice(key).map_err(|_| CryptoError::ProviderFailure)?;
        Ok(Self { cipher, radix })
    }

    /// NUM_radix(X) of numerals (Algorithm 1).
    fn num(&self, numerals: &[u16]) -> u128 {
        numerals.iter().fold(0, |number: u128, numeral| {
            number.wrapping_mul(self.radix.into()).wrapping_add((*numeral).into())
        })
    }

    /// STR^m_radix(x) (Algorithm 3).
    fn str(&self, mut number: u128, length: u32) -> Vec<u16> {
        let radix = u128::from(self.radix);
        let numerals = (0..length).map(|_| {
            let numeral = number.checked_rem(radix).unwrap_or(0);
            number = number.checked_div(radix).unwrap_or(0);
            u16::try_from(numeral).unwrap_or(0)
        });
        let mut numerals: Vec<u16> = numerals.collect();
        numerals.reverse();
        numerals
    }

    fn power(&self, exponent: u32) -> u128 {
        u128::from(self.radix).checked_pow(exponent).unwrap_or(u128::MAX)
    }

    /// `y` of step 6.iv: the round function over the other half.
    fn round(&self, tweak: &[u8], halves: &Halves, round: u8, half: u128) -> u128 {
        // b = ⌈⌈v · LOG(radix)⌉ / 8⌉, the bytes of the largest number of v numerals.
        let largest = self.power(halves.v).saturating_sub(1);
        let b = largest.checked_ilog2().map_or(1, |log| log.div_euclid(8).saturating_add(1));
        // d = 4⌈b/4⌉ + 4
        let d = b.div_ceil(4).saturating_mul(4).saturating_add(4);
        let n = halves.u.saturating_add(halves.v);
        let tweak_length = u32::try_from(tweak.len()).unwrap_or(u32::MAX);
        // P = [1]1 || [2]1 || [1]1 || [radix]3 || [10]1 || [u mod 256]1 || [n]4 || [t]4
        let mut input = vec![1, 2, 1, 0];
        input.extend(self.radix.to_be_bytes());
        input.extend([ROUNDS, halves.u.to_be_bytes()[3]]);
        input.extend(n.to_be_bytes());
        input.extend(tweak_length.to_be_bytes());
        // Q = T || [0]^((-t-b-1) mod 16) || [i]1 || [NUM_radix(B)]b
        input.extend(tweak);
        let b = usize::try_from(b).unwrap_or(BLOCK);
        let filled = tweak.len().saturating_add(b).saturating_add(1);
        input.resize(input.len().saturating_add(filled.next_multiple_of(BLOCK).saturating_sub(filled)), 0);
        input.push(round);
        let number = half.to_be_bytes();
        input.extend(number.get(BLOCK.saturating_sub(b)..).unwrap_or_default());
        // R = PRF(P || Q): CBC-MAC. S = R || …, of which d ≤ 16 bytes are needed.
        let mut state = [0_u8; BLOCK];
        for block in input.chunks(BLOCK) {
            for (byte, other) in state.iter_mut().zip(block) {
                *byte ^= other;
            }
            let mut encrypted = state.into();
            self.cipher.encrypt_block(&mut encrypted);
            state = encrypted.into();
        }
        // y = NUM(S)
        let unused = 128_u32.saturating_sub(d.saturating_mul(8));
        u128::from_be_bytes(state).checked_shr(unused).unwrap_or(0)
    }

    fn halves(&self, numerals: &[u16]) -> Halves {
        let (a, b) = numerals.split_at(numerals.len().div_euclid(2));
        let length = |half: &[u16]| u32::try_from(half.len()).unwrap_or(u32::MAX);
        Halves { a: self.num(a), b: self.num(b), u: length(a), v: length(b) }
    }

    fn joined(&self, halves: &Halves) -> Vec<u16> {
        let mut numerals = self.str(halves.a, halves.u);
        numerals.extend(self.str(halves.b, halves.v));
        numerals
    }

    /// m of step 6.v: the numerals of the half that a round replaces.
    fn modulus(&self, halves: &Halves, round: u8) -> u128 {
        self.power(if round & 1 == 0 { halves.u } else { halves.v })
    }

    /// FF1.Encrypt (Algorithm 7).
    fn encrypt(&self, tweak: &[u8], numerals: &[u16]) -> Vec<u16> {
        let mut halves = self.halves(numerals);
        for round in 0..ROUNDS {
            let modulus = self.modulus(&halves, round);
            let y = self.round(tweak, &halves, round, halves.b);
            // c = (NUM_radix(A) + y) mod radix^m; A = B; B = C
            let c = add(halves.a, y.checked_rem(modulus).unwrap_or(0), modulus);
            (halves.a, halves.b) = (halves.b, c);
        }
        self.joined(&halves)
    }

    /// FF1.Decrypt (Algorithm 8).
    fn decrypt(&self, tweak: &[u8], numerals: &[u16]) -> Vec<u16> {
        let mut halves = self.halves(numerals);
        for round in (0..ROUNDS).rev() {
            let modulus = self.modulus(&halves, round);
            let y = self.round(tweak, &halves, round, halves.a);
            // c = (NUM_radix(B) - y) mod radix^m; B = A; A = C
            let negated = modulus.saturating_sub(y.checked_rem(modulus).unwrap_or(0));
            let c = add(halves.b, negated, modulus);
            (halves.a, halves.b) = (c, halves.a);
        }
        self.joined(&halves)
    }
}

/// `(a + b) mod modulus`, for numbers of at most the modulus.
fn add(a: u128, b: u128, modulus: u128) -> u128 {
    a.checked_add(b).and_then(|sum| sum.checked_rem(modulus)).unwrap_or(0)
}

/// The bits of a number, from the most significant to the least.
fn bits(number: u32) -> Vec<u16> {
    (0..u32::BITS).rev().map(|bit| u16::from(number >> bit & 1 == 1)).collect()
}

fn number(bits: &[u16]) -> u32 {
    bits.iter().fold(0, |number: u32, bit| number << 1 | u32::from(*bit))
}

/// `SmallSpacePRP.Encrypt(key, input)` (mls-virtual-clients §6.5.1): FF1 of NIST SP 800-38G with
/// AES-128, radix 2 and an empty tweak.
///
/// The numeral string is the input's 32 bits from the most significant to the least (reading N4).
/// [`EmulationEpoch::reuse_guard`](crate::EmulationEpoch::reuse_guard) is made with it.
///
/// # Errors
/// [`CryptoError::InvalidLength`] for a key of another length than 16 bytes.
///
/// ```
/// use mimi_crypto::{CryptoError, Secret, small_space_prp};
///
/// let key = Secret::of_length([7; 16], 16)?;
/// let output = small_space_prp::encrypt(&key, 5)?;
/// assert_eq!(small_space_prp::decrypt(&key, output)?, 5);
/// # Ok::<(), CryptoError>(())
/// ```
pub fn encrypt(key: &Secret, input: u32) -> Result<u32, CryptoError> {
    Ok(number(&Ff1::new(key.expose(), 2)?.encrypt(b"", &bits(input))))
}

/// `SmallSpacePRP.Decrypt(key, output)` (mls-virtual-clients §6.5.1).
///
/// # Errors
/// Those of [`encrypt`].
pub fn decrypt(key: &Secret, output: u32) -> Result<u32, CryptoError> {
    Ok(number(&Ff1::new(key.expose(), 2)?.decrypt(b"", &bits(output))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    fn numerals(text: &str) -> Vec<u16> {
        text.chars().map(|digit| digit.to_digit(36).unwrap().try_into().unwrap()).collect()
    }

    /// The samples 1 to 3 that NIST publishes for FF1: those with AES-128.
    #[test]
    fn nist_samples_for_ff1_with_aes_128() {
        let key = hex::decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        for (radix, tweak, plaintext, ciphertext) in [
            (10, "", "0123456789", "2433477484"),
            (10, "39383736353433323130", "0123456789", "6124200773"),
            (36, "3737373770717273373737", "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
        ] {
            let ff1 = Ff1::new(&key, radix).unwrap();
            let tweak = hex::decode(tweak).unwrap();
            assert_eq!(ff1.encrypt(&tweak, &numerals(plaintext)), numerals(ciphertext));
            assert_eq!(ff1.decrypt(&tweak, &numerals(ciphertext)), numerals(plaintext));
        }
    }

    #[test]
    fn another_implementation_of_ff1_agrees_bit_by_bit() {
        use fpe::ff1::{FF1, FlexibleNumeralString};
        for seed in 0..200_u32 {
            let key = [seed.to_be_bytes(), [7; 4], seed.to_le_bytes(), [9; 4]].concat();
            let input = seed.wrapping_mul(0x9e37_79b9) ^ seed;
            let other = FF1::<aes_of_fpe::Aes128>::new(&key, 2).unwrap();
            let string = FlexibleNumeralString::from(bits(input));
            let expected: Vec<u16> = other.encrypt(&[], &string).unwrap().into();
            let secret = Secret::from_provider(key);
            assert_eq!(encrypt(&secret, input), Ok(number(&expected)));
            assert_eq!(decrypt(&secret, number(&expected)), Ok(input));
        }
    }

    #[test]
    fn the_most_significant_bit_stands_first() {
        assert_eq!(bits(0x8000_0001)[..2], [1, 0]);
        assert_eq!(bits(0x8000_0001)[30..], [0, 1]);
        assert_eq!(number(&bits(0x1234_5678)), 0x1234_5678);
    }

    #[test]
    fn refuses_a_key_of_another_length() {
        let error = CryptoError::InvalidLength { what: "PRP key", expected: 16, actual: 15 };
        assert_eq!(encrypt(&Secret::from_provider([0; 15]), 1), Err(error));
    }
}
