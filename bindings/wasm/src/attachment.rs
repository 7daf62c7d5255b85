//! Files behind a URL. Seeds are drawn by JavaScript, from `crypto.getRandomValues`.

use mimi::attachment::{self, Aead};
use wasm_bindgen::prelude::*;

use crate::message::Message;
use crate::{Thrown, thrown};

/// What a message says about a file. It holds the key.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone, Default)]
pub struct SealedFile {
    pub url: String,
    #[wasm_bindgen(js_name = contentType)]
    pub content_type: String,
    pub size: u64,
    pub expires: u32,
    #[wasm_bindgen(js_name = encAlg)]
    pub enc_alg: u16,
    pub key: Vec<u8>,
    pub nonce: Vec<u8>,
    pub aad: Vec<u8>,
    #[wasm_bindgen(js_name = hashAlg)]
    pub hash_alg: u8,
    #[wasm_bindgen(js_name = contentHash)]
    pub content_hash: Vec<u8>,
    pub description: String,
    pub filename: String,
}

macro_rules! same_fields {
    ($from:expr => $to:path { $($field:ident),* }) => {{
        let from = $from;
        $to { $($field: from.$field,)* }
    }};
}

impl SealedFile {
    pub(crate) fn inner(&self) -> attachment::SealedFile {
        same_fields!(self.clone() => attachment::SealedFile {
            url, content_type, size, expires, enc_alg, key, nonce, aad, hash_alg, content_hash, description, filename
        })
    }

    fn of(file: attachment::SealedFile) -> Self {
        same_fields!(file => Self {
            url, content_type, size, expires, enc_alg, key, nonce, aad, hash_alg, content_hash, description, filename
        })
    }
}

#[wasm_bindgen]
impl SealedFile {
    /// Nothing yet: JavaScript sets the members.
    #[wasm_bindgen(constructor)]
    pub fn new() -> SealedFile {
        Self::default()
    }

    #[wasm_bindgen(js_name = ofMessage)]
    pub fn of_message(message: &Message, index: u16) -> Option<SealedFile> {
        attachment::SealedFile::of_message(&message.0, index).map(Self::of)
    }
}

/// The end of a sealed file.
#[wasm_bindgen(getter_with_clone)]
pub struct Sealed {
    pub tag: Vec<u8>,
    pub file: SealedFile,
}

#[wasm_bindgen]
pub struct FileSealer(attachment::FileSealer);

#[wasm_bindgen]
pub struct FileOpener(attachment::FileOpener);

#[wasm_bindgen]
impl FileSealer {
    /// By the AEAD algorithm's number in IANA's registry; `undefined` for one that is not there.
    pub fn begin(algorithm: u16, seed: &[u8]) -> Thrown<Option<FileSealer>> {
        let aead = match algorithm {
            1 => Aead::Aes128Gcm,
            2 => Aead::Aes256Gcm,
            29 => Aead::ChaCha20Poly1305,
            _ => return Ok(None),
        };
        attachment::FileSealer::new(aead, seed).map(Self).map(Some).map_err(thrown)
    }

    pub fn seal(&mut self, piece: &[u8]) -> Thrown<Vec<u8>> {
        self.0.seal(piece).map_err(thrown)
    }

    pub fn finish(&mut self, url: &str, content_type: &str) -> Thrown<Sealed> {
        let (tag, file) = self.0.finish(url, content_type).map_err(thrown)?;
        Ok(Sealed { tag, file: SealedFile::of(file) })
    }
}

#[wasm_bindgen]
impl FileOpener {
    #[wasm_bindgen(constructor)]
    pub fn new(file: &SealedFile, now_ms: u64) -> Thrown<FileOpener> {
        attachment::FileOpener::of_file(&file.inner(), now_ms).map(Self).map_err(thrown)
    }

    pub fn verify(&mut self, piece: &[u8]) -> Thrown<()> {
        self.0.verify(piece).map_err(thrown)
    }

    pub fn verified(&mut self) -> Thrown<u64> {
        self.0.verified().map_err(thrown)
    }

    pub fn open(&mut self, piece: &[u8]) -> Thrown<Vec<u8>> {
        self.0.open(piece).map_err(thrown)
    }

    pub fn finish(&mut self) -> Thrown<()> {
        self.0.finish().map_err(thrown)
    }
}
