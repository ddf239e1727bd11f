/// So many characters of a text stand in an index; the rest beside it.
pub(crate) const TEXT_CUT: usize = 200;

/// So many bytes of a sort value are kept; what differs later sorts by rid.
const SORT_CUT: usize = 200;

/// Splits after [`TEXT_CUT`] characters.
pub(crate) fn cut(text: &str) -> (&str, &str) {
    text.char_indices().nth(TEXT_CUT).map_or((text, ""), |(at, _)| text.split_at(at))
}

/// An integer in the order of the floats; both zeros are one.
pub(crate) fn float(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

/// Bytes in the order of the integers.
pub(crate) fn integer_key(value: i64) -> Vec<u8> {
    (value ^ i64::MIN).to_be_bytes().to_vec()
}

/// Bytes in the order of the floats.
pub(crate) fn float_key(value: f64) -> Vec<u8> {
    integer_key(float(value))
}

/// Bytes in the order of the texts, cut.
pub(super) fn text_key(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    bytes[..bytes.len().min(SORT_CUT)].to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn floats_keep_their_order(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(Some(float(a).cmp(&float(b))), a.partial_cmp(&b));
            prop_assert_eq!(Some(float_key(a).cmp(&float_key(b))), a.partial_cmp(&b));
        }

        #[test]
        fn integers_keep_their_order(a in any::<i64>(), b in any::<i64>()) {
            prop_assert_eq!(integer_key(a).cmp(&integer_key(b)), a.cmp(&b));
        }
    }

    #[test]
    fn zeros_are_one_and_infinities_are_the_ends() {
        assert_eq!(float(0.0), float(-0.0));
        assert!(float(f64::NEG_INFINITY) < float(f64::MIN) && float(f64::MAX) < float(f64::INFINITY));
    }

    #[test]
    fn text_is_cut_between_characters() {
        let text = "ä".repeat(TEXT_CUT + 3);
        assert_eq!(cut(&text).0.chars().count(), TEXT_CUT);
        assert_eq!(cut(&text).1, "äää");
        assert_eq!(cut("ab"), ("ab", ""));
    }
}
