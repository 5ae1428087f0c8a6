//! The corpus of the fuzz targets, replayed by every build: what once broke a reader, and every shorter beginning of it.

use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
mod targets;

#[test]
fn every_reader_survives_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut folders: Vec<String> =
        std::fs::read_dir(&corpus).expect("the corpus").flatten().map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    folders.sort_unstable();
    let mut names: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(folders, names, "each target has its corpus");
    for (name, target) in targets::TARGETS {
        for file in std::fs::read_dir(corpus.join(name)).expect("a folder").flatten() {
            let bytes = std::fs::read(file.path()).expect("a file");
            assert!(bytes.len() <= 4_096, "{} is large; keep the corpus small", file.path().display());
            for end in 0..=bytes.len() {
                target(&bytes[..end]);
            }
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 0x20;
                target(&changed);
            }
        }
    }
}
