//! Generates the sources of the other languages: see `generate.sh`.

fn main() {
    uniffi::uniffi_bindgen_main()
}
