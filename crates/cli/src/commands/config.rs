use crate::config::{Loaded, effective, reference};
use crate::failure::Failure;
use crate::output::Output;

/// `vpr config check`
pub(crate) fn check(loaded: &Loaded) -> Result<(), Failure> {
    let mut output = Output::new();
    output.bytes(effective(&loaded.source).as_bytes())?;
    output.flush()?;
    loaded.config.may_serve().map_err(|why| Failure::Failed(format!("vpr serve would not start: {why}")))
}

/// `vpr config keys`
pub(crate) fn keys() -> Result<(), Failure> {
    let mut output = Output::new();
    output.bytes(reference().as_bytes())?;
    output.flush()
}
