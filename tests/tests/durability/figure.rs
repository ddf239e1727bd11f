//! Where figures go: one line each, to the screen and to `target/figures/<id>.txt`.

use std::path::Path;

/// `VPR_SOAK=1` asks for the soak size instead of CI's.
pub fn size(ci: u64, soak: u64) -> u64 {
    if std::env::var("VPR_SOAK").is_ok_and(|value| value == "1") { soak } else { ci }
}

pub fn publish(id: &str, line: &str) {
    println!("{line}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("figures");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{id}.txt")), format!("{line}\n")).unwrap();
}
