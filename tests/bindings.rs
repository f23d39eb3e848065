//! The header and the C# bindings are made from src/ffi, committed, and compared here. `make header` rewrites them.

use std::fs;
use std::path::{Path, PathBuf};

/// The files of src/ffi that declare functions, in the order in which a reader of the header needs them.
const SECTIONS: [&str; 8] = ["version", "text", "error", "engine", "event", "spec", "job", "batch"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn section_files() -> impl Iterator<Item = PathBuf> {
    SECTIONS.iter().map(|section| root().join(format!("src/ffi/{section}.rs")))
}

fn header() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let builder = section_files().fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

fn csharp_bindings() -> String {
    let target = tempfile::NamedTempFile::new().unwrap();
    section_files()
        .fold(csbindgen::Builder::default(), |builder, file| builder.input_extern_file(file.to_str().unwrap()))
        .csharp_dll_name("psjob")
        .csharp_namespace("PSJob.Native")
        .csharp_class_name("NativeMethods")
        .csharp_class_accessibility("internal")
        .csharp_generate_const_filter(|name| name.starts_with("PSJOB_"))
        .csharp_use_function_pointer(true)
        .generate_csharp_file(target.path())
        .unwrap();
    let text = fs::read_to_string(target.path()).unwrap();
    let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
    trimmed.join("\n").trim_end().to_owned() + "\n"
}

/// Compares `made` with the committed file, or rewrites the file under `PSJOB_WRITE_BINDINGS`.
fn compare(file: &str, made: &str) {
    let path = root().join(file);
    if std::env::var_os("PSJOB_WRITE_BINDINGS").is_some() {
        fs::write(path, made).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "{file} does not agree with src/ffi: run `make header` and commit the result");
}

#[test]
fn the_header_agrees_with_the_source() {
    compare("include/psjob.h", &header());
}

#[test]
fn the_csharp_bindings_agree_with_the_source() {
    compare("module/Native/NativeMethods.g.cs", &csharp_bindings());
}
