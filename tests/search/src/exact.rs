//! Decimals without rounding.

use std::cmp::Ordering;
use std::ops::{Add, Mul, Sub};

/// A fraction in lowest terms, its denominator positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    top: i128,
    bottom: i128,
}

impl Exact {
    /// `top / bottom`
    ///
    /// # Panics
    /// When `bottom` is not positive.
    #[must_use]
    pub fn ratio(top: i128, bottom: i128) -> Self {
        assert!(bottom > 0);
        let divisor = gcd(top.unsigned_abs(), bottom.unsigned_abs()).max(1);
        let divisor = i128::try_from(divisor).unwrap();
        Self { top: top / divisor, bottom: bottom / divisor }
    }

    /// Reads a decimal; also how many digits stand behind its point.
    ///
    /// # Panics
    /// When it is none, or has an exponent.
    #[must_use]
    pub fn parse(text: &str) -> (Self, u32) {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let places = u32::try_from(fraction.len()).unwrap();
        let top: i128 = format!("{whole}{fraction}").parse().unwrap_or_else(|_| panic!("{text}"));
        (Self::ratio(sign * top, 10_i128.pow(places)), places)
    }

    /// Half of the last written digit.
    #[must_use]
    pub fn half_unit(places: u32) -> Self {
        Self::ratio(1, 2 * 10_i128.pow(places))
    }

    /// One divided by it; nothing of nothing.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        (self.top > 0).then(|| Self::ratio(self.bottom, self.top))
    }

    /// The next whole number below.
    #[must_use]
    pub fn floor(self) -> Self {
        Self::ratio(self.top.div_euclid(self.bottom), 1)
    }

    /// It times 10 to the power of `places`, if that is whole.
    #[must_use]
    pub fn scaled(self, places: u32) -> Option<i128> {
        let scaled = self * Self::ratio(10_i128.pow(places), 1);
        (scaled.bottom == 1).then_some(scaled.top)
    }

    /// Whether a binary number holds it without rounding; true for halves and wholes.
    #[must_use]
    pub fn is_half(self) -> bool {
        self.bottom <= 2
    }

    /// Whether the two are so close that rounded arithmetic could confuse them.
    #[must_use]
    pub fn is_near(self, other: Self) -> bool {
        let gap = self - other;
        let scale = self.top.unsigned_abs() / self.bottom.unsigned_abs()
            + other.top.unsigned_abs() / other.bottom.unsigned_abs();
        // Below one part in 10⁹ of the larger, or of a thousandth.
        let scale = Self::ratio(i128::try_from(scale).unwrap() * 1000 + 1, 1000);
        gap.top.unsigned_abs().saturating_mul(1_000_000_000).saturating_mul(scale.bottom.unsigned_abs())
            < gap.bottom.unsigned_abs().saturating_mul(scale.top.unsigned_abs())
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Add for Exact {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::ratio(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)
    }
}

impl Sub for Exact {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + Self { top: -other.top, ..other }
    }
}

impl Mul for Exact {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        // Crosswise first, so that the products stay small.
        let (a, b) = (Self::ratio(self.top, other.bottom), Self::ratio(other.top, self.bottom));
        Self::ratio(a.top * b.top, a.bottom * b.bottom)
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.top * other.bottom).cmp(&(other.top * self.bottom))
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_not_rounded() {
        let of = |text: &str| Exact::parse(text).0;
        assert_eq!(of("0.1") + of("0.2"), of("0.30"));
        assert_eq!(of("-1.50"), Exact::ratio(-3, 2));
        assert!(of("-0.5") < of("-0.4") && of("10") > of("9.999"));
        assert_eq!(of("2.5") * Exact::ratio(1, 1000), of("0.0025"));
        assert_eq!(Exact::parse("1.00").1, 2);
        assert_eq!(of("5.4") - Exact::half_unit(1), of("5.35"));
        assert!(of("99.5").is_half() && !of("5.35").is_half());
        assert!(of("1.0000000001").is_near(of("1")) && !of("1.001").is_near(of("1")));
        assert!(!of("0.0000200").is_near(of("0.0000205")) && of("0").is_near(of("0")));
    }
}
