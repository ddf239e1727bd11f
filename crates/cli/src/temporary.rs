#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditMode {
    Durable,
    Buffered,
}
impl std::str::FromStr for AuditMode {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "durable" => Ok(Self::Durable),
            "buffered" => Ok(Self::Buffered),
            _ => Err("the audit mode is durable or buffered".into()),
        }
    }
}
impl std::fmt::Display for AuditMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Durable => "durable",
            _ => "buffered",
        })
    }
}
