//! Each layer knows only what is below it (ARCHITECTURE.md, "Layers"), asserted on the source text.

use std::fs;
use std::path::{Path, PathBuf};

/// A layer and the parts of the crate that it may name.
const LAYERS: [(&str, &[&str]); 5] = [
    ("clixml", &["clixml"]),
    ("psrp", &["psrp", "clixml"]),
    ("transport", &["transport", "psrp::packet"]),
    ("engine", &["engine", "transport", "psrp", "clixml"]),
    ("ffi", &["ffi", "engine"]),
];

/// What the protocol layers must not touch: they take bytes and give bytes.
const FOREIGN_TO_PROTOCOL: [&str; 9] =
    ["tokio", "rustix", "libc", "std::process", "std::time", "std::thread", "std::net", "std::fs", "unsafe "];

fn sources(layer: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(layer)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    assert!(!files.is_empty(), "{layer} has no source");
    files
}

/// The lines of code; comments may speak of every layer.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

#[test]
fn a_layer_names_only_itself_and_what_is_below() {
    for (layer, below) in LAYERS {
        for (path, text) in sources(layer) {
            for line in code(&text) {
                for (at, _) in line.match_indices("crate::") {
                    let named = &line[at + "crate::".len()..];
                    let allowed = below.iter().any(|allowed| named.starts_with(allowed)) || named.starts_with("{self");
                    assert!(allowed, "{}: {line}", path.display());
                }
            }
        }
    }
}

#[test]
fn the_protocol_layers_do_no_io_and_know_no_time() {
    for layer in ["clixml", "psrp"] {
        for (path, text) in sources(layer) {
            let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
            for line in code(&text[..tests]) {
                let foreign = FOREIGN_TO_PROTOCOL.iter().find(|foreign| line.contains(*foreign));
                assert!(foreign.is_none(), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn only_ffi_exports_c_functions() {
    for (layer, _) in LAYERS.iter().filter(|(layer, _)| *layer != "ffi") {
        for (path, text) in sources(layer) {
            assert!(!code(&text).any(|line| line.contains("no_mangle")), "{}", path.display());
        }
    }
}
