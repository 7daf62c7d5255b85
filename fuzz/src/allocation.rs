//! An allocator that counts, and a bound on what a decoder may hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all memory comes from the system's allocator; the counters are this thread's and allocate
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(layout.size())));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(layout.size())));
        // Both blocks may be there at once.
        count(size.saturating_add(layout.size()));
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(layout.size())));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn count(size: usize) {
    let _ = HELD.try_with(|held| {
        held.set(held.get().saturating_add(size));
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `decode` on `data`, and fails if it held more than `multiple` bytes at once for each byte
/// of input, plus 4 KiB.
#[track_caller]
pub fn bounded<'a, T>(multiple: usize, data: &'a [u8], decode: impl FnOnce(&'a [u8]) -> T) -> T {
    bounded_beside(multiple, 4096, data, decode)
}

/// As [`bounded`], plus `beside` bytes: for what begins with tables of its own.
#[track_caller]
pub fn bounded_beside<'a, T>(
    multiple: usize,
    beside: usize,
    data: &'a [u8],
    decode: impl FnOnce(&'a [u8]) -> T,
) -> T {
    let before = HELD.with(Cell::get);
    MOST.with(|most| most.set(before));
    let result = decode(data);
    let most = MOST.with(Cell::get).saturating_sub(before);
    let limit = multiple * data.len() + beside;
    assert!(most <= limit, "{most} bytes held for {} bytes of input: over {limit}", data.len());
    result
}
