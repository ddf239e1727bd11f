use std::error::Error;
use std::fmt::Display;
use std::time::{Duration, Instant};

use crate::children;

/// What a step came to.
enum Outcome {
    Passed,
    Failed(String),
}

struct Step {
    name: &'static str,
    outcome: Outcome,
    wall: Duration,
    cpu: Option<Duration>,
}

/// The steps that have run, in order.
#[derive(Default)]
pub(super) struct Steps {
    done: Vec<Step>,
    left_out: Vec<String>,
}

impl Steps {
    /// Runs one step, timed; a failure is printed at once and remembered.
    pub(super) fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<(), Box<dyn Error>>) {
        println!("── {name}");
        let (start, cpu) = (Instant::now(), children::cpu());
        let outcome = match step() {
            Ok(()) => Outcome::Passed,
            Err(error) => match error.downcast::<LeftOut>() {
                Ok(left_out) => {
                    // What a test of this says is not what the run around it left out.
                    if !cfg!(test) {
                        println!("   LEFT OUT: {left_out}");
                    }
                    self.left_out.push(left_out.0);
                    Outcome::Passed
                }
                Err(error) => {
                    println!("   FAILED: {name}: {error}");
                    Outcome::Failed(error.to_string())
                }
            },
        };
        let cpu = children::cpu().zip(cpu).map(|(now, before)| now.saturating_sub(before));
        self.done.push(Step { name, outcome, wall: start.elapsed(), cpu });
    }

    /// What steps could not do on this machine.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().map(String::as_str)
    }

    pub(super) fn print_table(&self) {
        self.done.iter().for_each(Step::print);
    }

    pub(super) fn print_last(&self) {
        self.done.iter().rev().take(1).for_each(Step::print);
        let cpu: Option<Duration> = self.done.iter().map(|step| step.cpu).sum();
        let wall: Duration = self.done.iter().map(|step| step.wall).sum();
        println!("   {:<16} {:>7.1} min  {} CPU", "all", minutes(wall), cpu_minutes(cpu));
    }

    /// # Errors
    /// Names the steps that failed.
    pub(super) fn verdict(&self) -> Result<(), Box<dyn Error>> {
        let failed: Vec<String> = self
            .done
            .iter()
            .filter_map(|step| match &step.outcome {
                Outcome::Failed(error) => Some(format!("{} ({error})", step.name)),
                Outcome::Passed => None,
            })
            .collect();
        if failed.is_empty() {
            println!("everything passed");
            return Ok(());
        }
        Err(format!("FAILED: {}", failed.join(", ")).into())
    }
}

impl Step {
    fn print(&self) {
        let outcome = match self.outcome {
            Outcome::Passed => "",
            Outcome::Failed(_) => "  FAILED",
        };
        println!(
            "   {:<16} {:>7.1} min  {} CPU{outcome}",
            self.name,
            minutes(self.wall),
            cpu_minutes(self.cpu)
        );
    }
}

fn minutes(duration: Duration) -> f64 {
    duration.as_secs_f64() / 60.0
}

fn cpu_minutes(cpu: Option<Duration>) -> String {
    cpu.map_or_else(|| "unknown".to_owned(), |cpu| format!("{:>5.1} min", minutes(cpu)))
}

/// What a step could not do here: no failure, but never silent.
#[derive(Debug)]
pub(super) struct LeftOut(pub(super) String);

impl Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for LeftOut {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_run_and_later_steps_still_ran() {
        let mut steps = Steps::default();
        steps.run("first", || Err("broken".into()));
        steps.run("second", || Ok(()));
        assert_eq!(steps.done.len(), 2);
        assert_eq!(steps.verdict().unwrap_err().to_string(), "FAILED: first (broken)");
    }

    #[test]
    fn what_is_left_out_is_no_failure_and_no_secret() {
        let mut steps = Steps::default();
        steps.run("first", || Err(LeftOut("the licenses".into()).into()));
        assert!(steps.verdict().is_ok());
        assert_eq!(steps.left_out().collect::<Vec<_>>(), ["the licenses"]);
    }
}
