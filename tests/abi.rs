//! Lists that must agree: the functions of src/ffi, of the header and of the C# bindings; and what each one documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// A C function in src/ffi: its name, its doc comment and its body up to the next item.
struct Function {
    name: String,
    documentation: String,
    body: String,
}

fn functions() -> Vec<Function> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi");
    let mut functions = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut parts = text.split("#[unsafe(no_mangle)]");
        let mut before = parts.next().unwrap();
        for part in parts {
            let documentation = before.lines().rev().take_while(|line| line.starts_with("///"));
            let name = part.split("extern \"C\" fn ").nth(1).unwrap().split('(').next().unwrap();
            functions.push(Function {
                name: name.to_owned(),
                documentation: documentation.collect::<Vec<_>>().join("\n"),
                body: part.split("\n}\n").next().unwrap().to_owned(),
            });
            before = part;
        }
    }
    functions
}

/// Every name that begins with `psjob_` and is followed by `(` on a line that is not a comment.
fn called_names(text: &str) -> BTreeSet<String> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
    lines
        .flat_map(|line| line.match_indices("psjob_").map(|(at, _)| &line[at..]))
        .filter_map(|rest| {
            let end = rest.find(|character| !is_name(character))?;
            rest[end..].starts_with('(').then(|| rest[..end].to_owned())
        })
        .collect()
}

#[test]
fn header_bindings_and_source_list_the_same_functions() {
    let source: BTreeSet<String> = functions().into_iter().map(|function| function.name).collect();
    assert!(source.len() > 30, "{source:?}");
    assert_eq!(called_names(&read("include/psjob.h")), source);
    assert_eq!(called_names(&read("module/Native/NativeMethods.g.cs")), source);
}

#[test]
fn every_function_says_who_owns_what_which_threads_may_call_and_what_fails() {
    for function in functions() {
        for line in ["Ownership:", "Threads:", "Errors:"] {
            assert!(function.documentation.contains(line), "{} has no line {line}", function.name);
        }
    }
}

#[test]
fn every_function_has_a_panic_boundary() {
    for function in functions() {
        let trivial = ["psjob_abi_version", "psjob_version"].contains(&function.name.as_str());
        let guarded = ["boundary", "unsafe { get(", "unsafe { get_batch(", "        get("].iter();
        assert!(trivial || guarded.into_iter().any(|call| function.body.contains(call)), "{}", function.name);
    }
}

#[test]
fn only_functions_that_say_so_block() {
    for function in functions() {
        let waits = ["wait_for_event(", ".wait(", ".shutdown("].iter().any(|call| function.body.contains(call));
        let named = function.name.ends_with("_wait") || function.name == "psjob_engine_shutdown";
        assert_eq!(waits, named, "{}", function.name);
    }
}

#[test]
fn versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, wanted) in [
        ("module/PSJob.csproj", format!("<Version>{version}</Version>")),
        ("module/host/psjob-host.csproj", format!("<Version>{version}</Version>")),
        ("module/PSJob.psd1", format!("'{version}'")),
        ("CHANGELOG.md", format!("## {version}")),
    ] {
        assert!(read(file).contains(&wanted), "{file} does not say {wanted}");
    }
}
