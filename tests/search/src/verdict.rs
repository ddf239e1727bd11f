//! Yes, no, or a point on which the standard leaves servers free.

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// The standard, or rounding, leaves it open, for this reason; such queries are not asked.
    Open(&'static str),
}

impl Verdict {
    /// Whether one of them holds; none of none.
    pub fn any(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut found = Self::No;
        for verdict in verdicts {
            match verdict {
                Self::Yes => return Self::Yes,
                Self::Open(_) => found = verdict,
                Self::No => {}
            }
        }
        found
    }

    /// Whether all of them hold; all of none.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        Self::any(verdicts.into_iter().map(Self::opposite)).opposite()
    }

    /// The opposite.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            open @ Self::Open(_) => open,
        }
    }
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
