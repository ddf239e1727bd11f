//! Text without regard to case and accents (R4 §3.1.1.4.8).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text decomposed, without its combining marks.
pub(super) fn bare(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// In small letters, each for itself.
pub(super) fn small(text: &str) -> String {
    bare(text).chars().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)).collect()
}

/// As full case folding does it, which makes `ss` of `ß`.
pub(super) fn folded(text: &str) -> String {
    let large: String = bare(text).chars().flat_map(char::to_uppercase).collect();
    large.nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_fall_away() {
        assert_eq!(small("Müller-Łukasz ÉCOLE"), "muller-łukasz ecole");
        assert_eq!(small("e\u{301}A\u{308}"), "ea");
        assert_eq!(folded("Straße ΟΔΟΣ ς"), "strasse οδοσ σ");
        assert_eq!(small("ﬁx"), "fix");
    }
}
