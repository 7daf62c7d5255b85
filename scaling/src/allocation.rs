//! An allocator that counts what each thread holds.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all memory comes from the system's allocator; the counters are this thread's and allocate
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        subtract(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks may exist at once.
        add(size);
        subtract(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn add(size: usize) {
    let _ = HELD.try_with(|held| {
        held.set(held.get().wrapping_add(size));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

fn subtract(size: usize) {
    // Memory of another thread may be freed here; the counter then wraps, and differences stay
    // right.
    let _ = HELD.try_with(|held| held.set(held.get().wrapping_sub(size)));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that this thread holds: what it allocated and did not free.
#[must_use]
pub fn held() -> usize {
    HELD.with(Cell::get)
}

/// The most bytes that `run` held at once, beside those that were held before it.
pub fn peak(run: impl FnOnce()) -> usize {
    let before = held();
    PEAK.with(|peak| peak.set(before));
    run();
    PEAK.with(Cell::get).saturating_sub(before)
}
