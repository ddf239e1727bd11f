use std::fs;
use std::path::Path;

use crate::arguments::SampleArguments;
use crate::failure::Failure;
use crate::generator::Population;
use crate::output::Output;

/// `vpr sample`
pub(crate) fn run(arguments: &SampleArguments) -> Result<(), Failure> {
    let population = Population { seed: arguments.seed, patients: arguments.patients };
    match &arguments.out {
        Some(folder) => files(population, folder),
        None => {
            let mut output = Output::new();
            population.bundles().try_for_each(|bundle| output.line(bundle))?;
            output.flush()
        }
    }
}

/// One file for each Bundle, named so that the order of names is the order of loading.
fn files(population: Population, folder: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    for (index, bundle) in population.bundles().enumerate() {
        fs::write(folder.join(format!("{index:09}.json")), bundle).map_err(failed)?;
    }
    Ok(())
}
