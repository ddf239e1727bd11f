use crate::arguments::ServeArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::output::Output;
use crate::serve::Running;

/// `vpr serve`
pub(crate) async fn run(config: &Config, arguments: &ServeArguments) -> Result<(), Failure> {
    let mut running = Running::start(config).await?;
    running.write_port(arguments.port_file.as_deref())?;
    let mut output = Output::new();
    output.line(format!("listening on {}", running.url()))?;
    output.flush()?;
    running.until_signal().await?;
    running.stop().await
}
