use bytes::BytesMut;

/// Cuts a stream of bytes into lines.
#[derive(Default)]
pub(crate) struct Lines(BytesMut);

impl Lines {
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.0.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            lines.push(self.0.split_to(end + 1)[..end].to_vec());
        }
        lines
    }

    /// What follows the last line, if anything does.
    pub(crate) fn rest(self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then(|| self.0.to_vec())
    }
}
