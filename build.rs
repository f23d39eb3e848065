//! Gives the shared library its SONAME, so that programs are bound to the ABI version they were linked against.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libpsjob.so.0");
}
