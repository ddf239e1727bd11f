//! Git's own formats over the `Disk` trait.
