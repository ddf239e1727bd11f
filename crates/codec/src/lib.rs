//! The bounded JSON reader and the canonical writer
