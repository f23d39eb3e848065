//! Hostile documents end in an error, on a small stack and within a memory cap.

use psjob::clixml::{Limits, ReadErrorKind, read_all};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what the current thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; the counters are not part of any allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get() + layout.size();
        HELD.set(held);
        MOST.set(MOST.get().max(held));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promise about `block` and `layout` is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reads on a stack of 512 KiB; gives the outcome and the most memory that reading took, in bytes.
fn read(text: String) -> (Result<usize, ReadErrorKind>, usize) {
    let reading = std::thread::Builder::new().stack_size(512 << 10).spawn(move || {
        MOST.set(HELD.get());
        let before = HELD.get();
        let outcome = read_all(text.as_bytes(), &Limits::default());
        (outcome.map(|values| values.len()).map_err(|error| error.kind), MOST.get() - before)
    });
    reading.unwrap().join().unwrap()
}

#[track_caller]
fn refused(text: String, kind: ReadErrorKind, cap: usize) {
    let (outcome, most) = read(text);
    assert_eq!(outcome, Err(kind));
    assert!(most <= cap, "{most} bytes");
}

#[test]
fn nesting_is_bounded_whatever_nests() {
    for level in [
        "<Obj>",
        "<Obj><LST>",
        "<Obj><DCT><En><Obj N=\"Key\"><DCT><En><Obj N=\"Key\">",
        "<Obj N=\"a\"><MS><MS N=\"a\">",
        "<Obj><Props><Obj N=\"a\">",
    ] {
        refused(level.repeat(100_000), ReadErrorKind::Limit("depth"), 64 << 10);
    }
}

#[test]
fn a_progress_record_does_not_nest() {
    let level = "<PR><AV>a</AV><AI>1</AI>";
    refused(level.repeat(100_000), ReadErrorKind::Element("PR".into()), 16 << 10);
}

#[test]
fn the_deepest_document_fits_the_stack() {
    let depth = Limits::default().depth;
    let text = "<Obj><LST>".repeat(depth) + &"</LST></Obj>".repeat(depth);
    assert_eq!(read(text).0, Ok(1));
}

#[test]
fn entities_cannot_be_defined() {
    let bomb = "<!DOCTYPE Objs [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><S>&b;</S>";
    refused(bomb.to_owned(), ReadErrorKind::DocType, 16 << 10);
    refused("<S>&b;</S>".to_owned(), ReadErrorKind::Xml("an unknown entity"), 16 << 10);
}

#[test]
fn references_do_not_multiply() {
    // Doubling by reference at every level: 2^60 items, if references were copies.
    let level =
        |n: usize| format!("<Obj RefId=\"{n}\"><LST><Ref RefId=\"{0}\" /><Ref RefId=\"{0}\" /></LST></Obj>", n - 1);
    let levels: String = (1..60).map(level).collect();
    let (outcome, most) = read(format!("<Objs><Obj RefId=\"0\" />{levels}</Objs>"));
    assert_eq!(outcome, Ok(60));
    assert!(most < 64 << 10, "{most} bytes");
    // A long list of type names in a great many objects.
    let names = "<T>n</T>".repeat(10_000);
    let objects = "<Obj><TNRef RefId=\"0\" /></Obj>".repeat(10_000);
    let (outcome, most) = read(format!("<Objs><Obj><TN RefId=\"0\">{names}</TN></Obj>{objects}</Objs>"));
    assert_eq!(outcome, Ok(10_001));
    assert!(most < 8 << 20, "{most} bytes");
}

#[test]
fn many_small_values_stop_at_the_limit() {
    let text = "<Obj><LST>".to_owned() + &"<Nil/>".repeat(Limits::default().nodes);
    refused(text, ReadErrorKind::Limit("nodes"), 512 << 20);
}

#[test]
fn an_error_does_not_repeat_a_long_document() {
    let long = "x".repeat(1 << 20);
    for text in [
        format!("<{long} />"),
        format!("<Obj RefId=\"{long}\" />"),
        format!("<S>&{long};</S>"),
        format!("<S></{long}>"),
    ] {
        let (outcome, _) = read(text);
        assert!(outcome.unwrap_err().to_string().len() < 200);
    }
}
