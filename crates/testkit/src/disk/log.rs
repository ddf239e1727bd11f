use super::kernel::{Kernel, Operation};

/// Changes between two kept kernels: more makes cutting slower, fewer takes memory.
const CHECKPOINT_EVERY: usize = 64;

/// What was done, and the kernel after every [`CHECKPOINT_EVERY`] of it.
pub(super) struct Log {
    operations: Vec<Operation>,
    checkpoints: Vec<Kernel>,
    recording: bool,
}

impl Log {
    pub(super) fn new(kernel: &Kernel) -> Self {
        Self { operations: Vec::new(), checkpoints: vec![kernel.clone()], recording: true }
    }

    pub(super) fn len(&self) -> usize {
        self.operations.len()
    }

    pub(super) fn stop(&mut self) {
        self.recording = false;
    }

    pub(super) fn record(&mut self, operation: Operation, after: &Kernel) {
        if !self.recording {
            return;
        }
        self.operations.push(operation);
        if self.operations.len().is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(after.clone());
        }
    }

    pub(super) fn kernel_at(&self, prefix: usize) -> Kernel {
        assert!(prefix <= self.operations.len(), "only {} changes were recorded", self.operations.len());
        let checkpoint = prefix / CHECKPOINT_EVERY;
        let mut kernel = self.checkpoints[checkpoint].clone();
        for operation in &self.operations[checkpoint * CHECKPOINT_EVERY..prefix] {
            kernel.apply(operation);
        }
        kernel
    }

    /// Changes what happened behind the recording's back: drops the recording and starts anew.
    pub(super) fn restart(&mut self, kernel: &Kernel) {
        *self = Self { recording: self.recording, ..Self::new(kernel) };
    }
}
