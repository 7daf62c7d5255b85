#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mimi_fuzz::semi_private::flow(data));
