use vpr_codec::Value;

/// Facts about a resource that change how it is to be taken, each one bit. What is not set is not
/// said: a resource without [`Flags::FINAL`] need not be unfinished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u32);

impl Flags {
    /// `status` or `docStatus` is `draft`.
    pub const DRAFT: Self = Self(1);
    /// Not settled: `status` or `docStatus` is `registered`, `partial` or `preliminary`; or
    /// `verificationStatus` is `unconfirmed`, `provisional` or `differential`.
    pub const PRELIMINARY: Self = Self(1 << 1);
    /// Complete: `status` or `docStatus` is `final`, `amended`, `corrected` or `appended`.
    pub const FINAL: Self = Self(1 << 2);
    /// Changed after it was final: `amended`, `corrected` or `appended`.
    pub const AMENDED: Self = Self(1 << 3);
    /// Attested: an `attester` in the mode `professional`, `legal` or `official` (Composition), an
    /// `authenticator` (DocumentReference), or a `signature` (Bundle, Provenance).
    pub const SIGNED: Self = Self(1 << 4);
    /// `entered-in-error` in `status`, `docStatus` or `verificationStatus`: not to be relied on.
    pub const ENTERED_IN_ERROR: Self = Self(1 << 5);
    /// It did not or will not come to pass: `status` is `cancelled`, `revoked`, `rejected`, `not-done`
    /// or `not-taken`.
    pub const NOT_DONE: Self = Self(1 << 6);
    /// Not to be done or given: `doNotPerform` is true (the requests of R4 §12.2).
    pub const DO_NOT_PERFORM: Self = Self(1 << 7);
    /// `verificationStatus` is `refuted`: the condition or allergy is not there.
    pub const REFUTED: Self = Self(1 << 8);
    /// Replaced or retired: `status` is `superseded` or `retired`.
    pub const SUPERSEDED: Self = Self(1 << 9);
    /// No longer in use: `active` is false, or `status` is `inactive`.
    pub const INACTIVE: Self = Self(1 << 10);
    /// Restricted: `meta.security` or `securityLabel` has `R` or `V` of v3-Confidentiality, or a
    /// Composition's `confidentiality` is one of them.
    pub const CONFIDENTIAL: Self = Self(1 << 11);
    /// Made up for tests: `meta.security` has `HTEST` of v3-ActReason.
    pub const TEST_DATA: Self = Self(1 << 12);
    /// `modifierExtension` or `implicitRules` is there: it may mean something else than it seems to.
    pub const MODIFIED: Self = Self(1 << 13);

    /// All flags with the words that stand for them.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::DRAFT, "draft"),
        (Self::PRELIMINARY, "preliminary"),
        (Self::FINAL, "final"),
        (Self::AMENDED, "amended"),
        (Self::SIGNED, "signed"),
        (Self::ENTERED_IN_ERROR, "entered-in-error"),
        (Self::NOT_DONE, "not-done"),
        (Self::DO_NOT_PERFORM, "do-not-perform"),
        (Self::REFUTED, "refuted"),
        (Self::SUPERSEDED, "superseded"),
        (Self::INACTIVE, "inactive"),
        (Self::CONFIDENTIAL, "confidential"),
        (Self::TEST_DATA, "test-data"),
        (Self::MODIFIED, "modified"),
    ];

    /// The bits, as they are kept.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From bits that were kept; those that mean nothing are left out.
    #[must_use]
    pub fn of_bits(bits: u32) -> Self {
        let known = Self::ALL.iter().fold(0, |all, (flag, _)| all | flag.0);
        Self(bits & known)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The words of those that are set, in the order of [`Flags::ALL`].
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, word)| *word)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn set(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What codes of `status` and `docStatus` say; the same code says the same wherever R4 has it.
pub(super) const STATUS: &[(&str, Flags)] = &[
    ("draft", Flags::DRAFT),
    ("registered", Flags::PRELIMINARY),
    ("partial", Flags::PRELIMINARY),
    ("preliminary", Flags::PRELIMINARY),
    ("final", Flags::FINAL),
    ("amended", Flags::FINAL.and(Flags::AMENDED)),
    ("corrected", Flags::FINAL.and(Flags::AMENDED)),
    ("appended", Flags::FINAL.and(Flags::AMENDED)),
    ("entered-in-error", Flags::ENTERED_IN_ERROR),
    ("cancelled", Flags::NOT_DONE),
    ("revoked", Flags::NOT_DONE),
    ("rejected", Flags::NOT_DONE),
    ("not-done", Flags::NOT_DONE),
    ("not-taken", Flags::NOT_DONE),
    ("superseded", Flags::SUPERSEDED),
    ("retired", Flags::SUPERSEDED),
    ("inactive", Flags::INACTIVE),
];

/// What codes of `verificationStatus` say (Condition, AllergyIntolerance).
pub(super) const VERIFICATION: &[(&str, Flags)] = &[
    ("unconfirmed", Flags::PRELIMINARY),
    ("provisional", Flags::PRELIMINARY),
    ("differential", Flags::PRELIMINARY),
    ("refuted", Flags::REFUTED),
    ("entered-in-error", Flags::ENTERED_IN_ERROR),
];

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// The flags of a resource.
pub(super) fn flags(resource: Value<'_>) -> Flags {
    let mut flags = Flags::default();
    for (name, member) in resource.members() {
        match &*name {
            "status" | "docStatus" => set_of(&mut flags, STATUS, member),
            "verificationStatus" => codings(member, |_, code| set_code(&mut flags, VERIFICATION, code)),
            "doNotPerform" if member.as_bool() == Some(true) => flags.set(Flags::DO_NOT_PERFORM),
            "active" if member.as_bool() == Some(false) => flags.set(Flags::INACTIVE),
            "meta" => member.get("security").into_iter().for_each(|label| security(&mut flags, label)),
            "securityLabel" => security(&mut flags, member),
            "confidentiality" if is_restricted(member.as_str().as_deref()) => {
                flags.set(Flags::CONFIDENTIAL);
            }
            "attester" if member.items().any(attests) => flags.set(Flags::SIGNED),
            "authenticator" | "signature" if !member.is_empty() => flags.set(Flags::SIGNED),
            "modifierExtension" | "implicitRules" => flags.set(Flags::MODIFIED),
            _ => {}
        }
    }
    flags
}

fn set_of(flags: &mut Flags, table: &[(&str, Flags)], value: Value<'_>) {
    if let Some(code) = value.as_str() {
        set_code(flags, table, &code);
    }
}

fn set_code(flags: &mut Flags, table: &[(&str, Flags)], code: &str) {
    table.iter().filter(|(known, _)| *known == code).for_each(|(_, flag)| flags.set(*flag));
}

fn attests(attester: Value<'_>) -> bool {
    let mode = attester.get("mode").and_then(Value::as_str);
    mode.is_some_and(|mode| matches!(&*mode, "professional" | "legal" | "official"))
}

fn security(flags: &mut Flags, labels: Value<'_>) {
    let mut label = |system: Option<&str>, code: &str| match system {
        Some(CONFIDENTIALITY) if is_restricted(Some(code)) => flags.set(Flags::CONFIDENTIAL),
        Some(ACT_REASON) if code == "HTEST" => flags.set(Flags::TEST_DATA),
        _ => {}
    };
    for each in labels.items() {
        coding(each, &mut label);
        codings(each, &mut label);
    }
}

fn is_restricted(code: Option<&str>) -> bool {
    matches!(code, Some("R" | "V"))
}

/// The codings of a CodeableConcept.
fn codings(concept: Value<'_>, mut each: impl FnMut(Option<&str>, &str)) {
    concept.get("coding").into_iter().flat_map(Value::items).for_each(|each_one| coding(each_one, &mut each));
}

fn coding(coding: Value<'_>, each: &mut impl FnMut(Option<&str>, &str)) {
    let system = coding.get("system").and_then(Value::as_str);
    if let Some(code) = coding.get("code").and_then(Value::as_str) {
        each(system.as_deref(), &code);
    }
}
