//! The kind `derivation`: secrets and salts that follow from others, and the operations that keep
//! the components of a group apart.

#[cfg(feature = "generate")]
mod flags;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use mimi_codec::code_points::ComponentID;
use mimi_codec::mls::{HPKECiphertext, HPKEPublicKey, SignaturePublicKey};
use mimi_content::Salt;
use mimi_crypto::{
    CipherSuiteProvider, ExporterTree, HpkePrivateKey, Secret, SignaturePrivateKey, derive_secret,
    safe_decrypt_with_label, safe_sign_with_label, safe_verify_with_label,
};
use mimi_franking::{FrankingKey, TagKey};
use serde_json::Value;

use super::Kind;
use super::judgement::{Judgement, NoRandomness, all_bytes, must_be_refused, must_hold, number, suite};
use crate::case::Case;
#[cfg(feature = "generate")]
use crate::file_format::{Flag, GenerateError, GeneratedCase, Seed};

pub(crate) struct Derivation;

impl Kind for Derivation {
    fn name(&self) -> &'static str {
        "derivation"
    }

    #[cfg(feature = "generate")]
    fn spec(&self) -> &'static [&'static str] {
        &["draft-ietf-mimi-content-09", "draft-ietf-mls-extensions-10", "draft-ietf-mimi-protocol-02"]
    }

    #[cfg(feature = "generate")]
    fn flags(&self) -> &'static [Flag] {
        flags::FLAGS
    }

    fn verify_valid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_hold(case, judgement);
    }

    fn verify_invalid(&self, case: &mut Case<'_>) {
        let judgement = judge(case);
        must_be_refused(case, judgement);
    }

    #[cfg(feature = "generate")]
    fn generate(&self, seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = generated::valid(seed)?;
        cases.extend(generated::invalid(seed)?.into_iter().map(|invalid| invalid.case));
        Ok(cases)
    }
}

const KNOWN: &str =
    "\"salt\", \"franking_key\", \"exporter_tree\", \"component_signature\" or \"component_seal\"";

/// `None` if a member is missing or ill-typed, or what the case is about is not known.
fn judge(case: &mut Case<'_>) -> Option<Judgement> {
    match case.text("what")? {
        "salt" => salt(case),
        "franking_key" => franking_key(case),
        "exporter_tree" => exporter_tree(case),
        "component_signature" => component_signature(case),
        "component_seal" => component_seal(case),
        other => {
            case.cannot_judge("what", KNOWN, other);
            None
        }
    }
}

/// A secret that an MLS stack exported for a derivation by HMAC-SHA256: 32 bytes.
fn base_secret(judgement: &mut Judgement, field: &'static str, bytes: &[u8]) -> Option<[u8; 32]> {
    let secret = bytes.try_into().ok();
    if secret.is_none() {
        judgement.refuse(field, "32 bytes", format!("{} bytes", bytes.len()));
    }
    secret
}

fn salt(case: &mut Case<'_>) -> Option<Judgement> {
    let [secret, nonce, salt] = all_bytes(case, ["salt_base_secret", "nonce", "salt"])?;
    let mut judgement = Judgement::default();
    if let Some(secret) = base_secret(&mut judgement, "salt_base_secret", &secret) {
        judgement.same("salt", Salt::derive(&secret, &nonce).as_bytes(), &salt);
    }
    Some(judgement)
}

fn franking_key(case: &mut Case<'_>) -> Option<Judgement> {
    let [secret, nonce, key] = all_bytes(case, ["franking_base_secret", "nonce", "franking_key"])?;
    let mut judgement = Judgement::default();
    if let Some(secret) = base_secret(&mut judgement, "franking_base_secret", &secret) {
        judgement.same("franking_key", FrankingKey::derive(&secret, &nonce).as_bytes(), &key);
    }
    Some(judgement)
}

/// `exports`: in their order, each component's number and its secret.
fn exports(case: &mut Case<'_>) -> Option<Vec<(u16, Vec<u8>)>> {
    const EXPECTED: &str = "a list of pairs of a component ID and lower-case hex";
    let value = case.required("exports", EXPECTED)?;
    let pair = |pair: &Value| match pair.as_array()?.as_slice() {
        [component, secret] => {
            let secret = secret.as_str().filter(|text| !text.bytes().any(|it| it.is_ascii_uppercase()))?;
            Some((u16::try_from(component.as_u64()?).ok()?, hex::decode(secret).ok()?))
        }
        _ => None,
    };
    let exports = value.as_array().and_then(|pairs| pairs.iter().map(pair).collect());
    if exports.is_none() {
        case.fail("exports", EXPECTED, value);
    }
    exports
}

fn exporter_tree(case: &mut Case<'_>) -> Option<Judgement> {
    let suite = suite(case);
    let secrets = all_bytes(case, ["epoch_secret", "application_export_secret"]);
    let (exports, suite) = (exports(case), suite?);
    let ([epoch_secret, root], exports) = (secrets?, exports?);
    let mut judgement = Judgement::default();
    let epoch_secret = judgement.check("epoch_secret", Secret::new(&suite, epoch_secret));
    let Some(epoch_secret) = epoch_secret else { return Some(judgement) };
    let derived = derive_secret(&suite, &epoch_secret, b"application_export");
    if let Some(derived) = judgement.check("application_export_secret", derived) {
        judgement.same("application_export_secret", derived.expose(), &root);
    }
    let tree = ExporterTree::from_epoch_secret(&suite, &epoch_secret);
    if let Some(mut tree) = judgement.check("epoch_secret", tree) {
        for (component, secret) in exports {
            let exported = tree.safe_export_secret(&suite, ComponentID(component));
            if let Some(exported) = judgement.check("exports", exported) {
                judgement.same("exports", exported.expose(), &secret);
            }
        }
    }
    Some(judgement)
}

fn component_id(case: &mut Case<'_>) -> Option<ComponentID> {
    let component = number(case, "component_id")?;
    let narrow = u16::try_from(component).ok().map(ComponentID);
    if narrow.is_none() {
        case.fail("component_id", "a number of 16 bits", component);
    }
    narrow
}

fn component_signature(case: &mut Case<'_>) -> Option<Judgement> {
    let (suite, component) = (suite(case), component_id(case));
    let label = case.text("label").map(str::as_bytes);
    let bytes = all_bytes(case, ["content", "signature_private_key", "signature_public_key", "signature"]);
    let (suite, component, label) = (suite?, component?, label?);
    let [content, private_key, public_key, signature] = bytes?;
    let mut judgement = Judgement::default();
    let key = SignaturePrivateKey::new(&suite, private_key).and_then(|key| suite.signing_key(&key));
    if let Some(key) = judgement.check("signature_private_key", key) {
        judgement.same("signature_public_key", &suite.signature_public_key(&key), &public_key);
        // Only Ed25519 has public keys of 32 bytes, and is deterministic.
        if suite.parameters().signature_public_key == 32 {
            let made = safe_sign_with_label(&suite, &key, component, label, &content, &mut NoRandomness);
            if let Some(made) = judgement.check("signature", made) {
                judgement.same("signature", &made, &signature);
            }
        }
    }
    let public_key = SignaturePublicKey::new(public_key);
    let verified = safe_verify_with_label(&suite, &public_key, component, label, &content, &signature);
    judgement.check("signature", verified);
    Some(judgement)
}

fn component_seal(case: &mut Case<'_>) -> Option<Judgement> {
    let (suite, component) = (suite(case), component_id(case));
    let label = case.text("label").map(str::as_bytes);
    let bytes = all_bytes(case, ["context", "private_key", "public_key", "plaintext", "sealed"]);
    let (suite, component, label) = (suite?, component?, label?);
    let [context, private_key, public_key, plaintext, sealed] = bytes?;
    let mut judgement = Judgement::default();
    let Some(sealed) = judgement.decode::<HPKECiphertext>("sealed", &sealed) else {
        return Some(judgement);
    };
    let private_key = HpkePrivateKey::new(&suite, private_key);
    let Some(private_key) = judgement.check("private_key", private_key) else { return Some(judgement) };
    judgement.pair("public_key", &suite, &private_key, &HPKEPublicKey::new(public_key));
    match safe_decrypt_with_label(&suite, &private_key, component, label, &context, &sealed) {
        Ok(opened) => judgement.same("plaintext", opened.expose(), &plaintext),
        Err(error) => judgement.refuse("sealed", "to be opened", error.to_string()),
    }
    Some(judgement)
}

#[cfg(feature = "generate")]
#[expect(clippy::indexing_slicing, reason = "members of JSON objects that are made here")]
mod generated {
    //! Making cases. HMAC, the tree and the labels are written down a second time here.

    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use mimi_codec::Encode;
    use mimi_codec::code_points::CipherSuite;
    use mimi_crypto::{
        CipherSuiteProvider, RustCrypto, Secret, encrypt_with_label, expand_with_label,
        generate_hpke_key_pair, sign_with_label,
    };
    use serde_json::{Value, json};

    use crate::file_format::{GenerateError, GeneratedCase, POST_QUANTUM_SUITES, Seed, Stream, suites};
    use crate::kind::judgement::{Invalid, Rule, flip, shorten, spoiled};

    /// Makes a case from its stream.
    type Make<'m> = &'m dyn Fn(&mut Stream) -> Result<Value, GenerateError>;

    /// A formula over secret and nonce.
    type Compute<'c> = &'c dyn Fn(&[u8], &[u8]) -> Vec<u8>;

    fn hmac_sha256(key: &[u8], data: &[u8]) -> Result<Vec<u8>, GenerateError> {
        let suite = RustCrypto::new(CipherSuite(1))?;
        Ok(suite.mac(&Secret::from_provider(key), &[data])?.to_vec())
    }

    fn salt(stream: &mut Stream, nonce: usize) -> Result<Value, GenerateError> {
        let (secret, nonce) = (stream.bytes(32), stream.bytes(nonce));
        let mut salt = hmac_sha256(&secret, &nonce)?;
        salt.truncate(16);
        Ok(json!({
            "what": "salt",
            "salt_base_secret": hex::encode(secret),
            "nonce": hex::encode(nonce),
            "salt": hex::encode(salt),
        }))
    }

    fn franking_key(stream: &mut Stream, nonce: usize) -> Result<Value, GenerateError> {
        let (secret, nonce) = (stream.bytes(32), stream.bytes(nonce));
        let key = hmac_sha256(&secret, &nonce)?;
        Ok(json!({
            "what": "franking_key",
            "franking_base_secret": hex::encode(secret),
            "nonce": hex::encode(nonce),
            "franking_key": hex::encode(key),
        }))
    }

    /// The leaf's secret, straight down from the root: bit 15 of the component ID first.
    fn leaf(suite: &RustCrypto, root: &Secret, component: u16) -> Result<Vec<u8>, GenerateError> {
        let mut secret = root.clone();
        for bit in (0..16).rev() {
            let side: &[u8] = if component & (1 << bit) == 0 { b"left" } else { b"right" };
            secret = expand_with_label(suite, &secret, b"tree", side, suite.parameters().nh)?;
        }
        Ok(secret.expose().to_vec())
    }

    fn exporter_tree(suite: &RustCrypto, stream: &mut Stream) -> Result<Value, GenerateError> {
        let nh = suite.parameters().nh;
        let epoch_secret = Secret::new(suite, stream.bytes(nh))?;
        let root = expand_with_label(suite, &epoch_secret, b"application_export", b"", nh)?;
        let components = [7, 6, 0x8b01, 0, 0xffff, 0x8000, 0x7fff, 0x20];
        let exports: Result<Vec<_>, GenerateError> = components
            .into_iter()
            .map(|component| Ok(json!([component, hex::encode(leaf(suite, &root, component)?)])))
            .collect();
        Ok(json!({
            "what": "exporter_tree",
            "cipher_suite": suite.parameters().cipher_suite.value(),
            "epoch_secret": hex::encode(epoch_secret.expose()),
            "application_export_secret": hex::encode(root.expose()),
            "exports": exports?,
        }))
    }

    /// ComponentOperationLabel (mls-extensions-10 §4.2): `opaque<V>` "MLS Component", the component
    /// ID, `opaque<V>` the label.
    fn operation_label(component: u16, label: &str) -> Result<Vec<u8>, GenerateError> {
        let base = b"MLS Component";
        let length = |data: &[u8]| u8::try_from(data.len()).ok().filter(|length| *length < 0x40);
        let (Some(base_length), Some(length)) = (length(base), length(label.as_bytes())) else {
            return Err(GenerateError::Defect("a label that is too long".into()));
        };
        let component = component.to_be_bytes();
        Ok([&[base_length], &base[..], &component, &[length], label.as_bytes()].concat())
    }

    fn signature(suite: &RustCrypto, label: &[u8], stream: &mut Stream) -> Result<Value, GenerateError> {
        let private_key = suite.generate_signature_key(stream)?;
        let key = suite.signing_key(&private_key)?;
        let content = stream.bytes(40);
        let signature = sign_with_label(suite, &key, label, &content, stream)?;
        Ok(json!({
            "what": "component_signature",
            "cipher_suite": suite.parameters().cipher_suite.value(),
            "component_id": 7,
            "label": "a label",
            "content": hex::encode(content),
            "signature_private_key": hex::encode(private_key.expose()),
            "signature_public_key": hex::encode(suite.signature_public_key(&key)),
            "signature": hex::encode(signature),
        }))
    }

    fn seal(suite: &RustCrypto, label: &[u8], stream: &mut Stream) -> Result<Value, GenerateError> {
        let (private_key, public_key) = generate_hpke_key_pair(suite, stream)?;
        let (context, plaintext) = (stream.bytes(20), stream.bytes(40));
        let sealed = encrypt_with_label(suite, &public_key, label, &context, &plaintext, stream)?;
        Ok(json!({
            "what": "component_seal",
            "cipher_suite": suite.parameters().cipher_suite.value(),
            "component_id": 7,
            "label": "a label",
            "context": hex::encode(context),
            "private_key": hex::encode(private_key.expose()),
            "public_key": hex::encode(&public_key),
            "plaintext": hex::encode(plaintext),
            "sealed": hex::encode(sealed.to_bytes()?),
        }))
    }

    pub(super) fn valid(seed: &Seed) -> Result<Vec<GeneratedCase>, GenerateError> {
        let mut cases = Vec::new();
        let stream = |name: &str| Stream::new(seed, "derivation", name);
        for nonce in [0, 1, 16, 32, 200] {
            let name = format!("salt: nonce of {nonce} bytes");
            cases.push(GeneratedCase::new(&name).members(&salt(&mut stream(&name), nonce)?));
            let name = format!("franking_key: nonce of {nonce} bytes");
            cases.push(GeneratedCase::new(&name).members(&franking_key(&mut stream(&name), nonce)?));
        }
        for number in suites() {
            let suite = RustCrypto::new(number)?;
            let label = operation_label(7, "a label")?;
            let makers: [(&str, Make<'_>); 3] = [
                ("exporter tree", &|stream| exporter_tree(&suite, stream)),
                ("component signature", &|stream| signature(&suite, &label, stream)),
                ("component seal", &|stream| seal(&suite, &label, stream)),
            ];
            for (what, make) in makers {
                let name = format!("suite {}: {what}", number.value());
                cases.push(GeneratedCase::new(&name).members(&make(&mut stream(&name))?));
            }
        }
        Ok(cases)
    }

    pub(super) fn invalid(seed: &Seed) -> Result<Vec<Invalid>, GenerateError> {
        let mut cases = Vec::new();
        let stream = |name: &str| Stream::new(seed, "derivation", name);
        for (what, secret, result, honest) in [
            ("salt", "salt_base_secret", "salt", salt(&mut stream("salt"), 16)?),
            ("franking_key", "franking_base_secret", "franking_key", franking_key(&mut stream("key"), 16)?),
        ] {
            let mistaken = |members: &mut Value, compute: Compute<'_>| {
                let of = |member: &str| {
                    hex::decode(members[member].as_str().unwrap_or_default()).unwrap_or_default()
                };
                let mut value = compute(&of(secret), &of("nonce"));
                value.truncate(of(result).len());
                members[result] = json!(hex::encode(value));
            };
            let rules: &[Rule<'_>] = &[
                ("another nonce", "the nonce is another", result, &|it| flip(it, "nonce")),
                ("another secret", "the secret is another", result, &|it| flip(it, secret)),
                ("a secret of 31 bytes", "HMAC would pad the secret with zeros", secret, &|it| {
                    shorten(it, secret);
                }),
                ("one byte short", "all bytes are needed", result, &|it| {
                    shorten(it, result);
                }),
                ("mistake: nonce as key", "the secret is the key of the HMAC", result, &|it| {
                    mistaken(it, &|secret, nonce| hmac_sha256(nonce, secret).unwrap_or_default());
                }),
                ("mistake: SHA-256", "it is an HMAC", result, &|it| {
                    use sha2::{Digest, Sha256};
                    mistaken(it, &|secret, nonce| Sha256::digest([secret, nonce].concat()).to_vec());
                }),
            ];
            cases.extend(spoiled(&honest, &format!("{what}: "), rules));
        }
        let mut salt = salt(&mut stream("salt, last half"), 16)?;
        let last_half = |member: &str| -> Result<Vec<u8>, GenerateError> {
            let of =
                |member: &str| hex::decode(salt[member].as_str().unwrap_or_default()).unwrap_or_default();
            let mut mac = hmac_sha256(&of("salt_base_secret"), &of(member))?;
            Ok(mac.split_off(16))
        };
        let last_half = last_half("nonce")?;
        salt["salt"] = json!(hex::encode(last_half));
        let rule: Rule<'_> =
            ("mistake: the last 16 bytes", "the salt is the first 16 bytes of the HMAC", "salt", &|_| {});
        cases.extend(spoiled(&salt, "salt: ", &[rule]));
        for number in suites().filter(|number| !POST_QUANTUM_SUITES.contains(number)) {
            let suite = RustCrypto::new(number)?;
            by_suite(&suite, &mut stream(&format!("{number:?}")), &mut cases)?;
        }
        Ok(cases)
    }

    fn by_suite(
        suite: &RustCrypto,
        stream: &mut Stream,
        cases: &mut Vec<Invalid>,
    ) -> Result<(), GenerateError> {
        let prefix: String = format!("suite {}: ", suite.parameters().cipher_suite.value());
        let honest = exporter_tree(suite, stream)?;
        let rules: &[Rule<'_>] = &[
            ("a component exported twice", "each secret is given out once", "exports", &|it| {
                let first = it["exports"][0].clone();
                if let Some(exports) = it["exports"].as_array_mut() {
                    exports.push(first);
                }
            }),
            ("another component", "each component has its own leaf", "exports", &|it| {
                it["exports"][0][0] = json!(5);
            }),
            (
                "another root",
                "the root is DeriveSecret(epoch_secret, \"application_export\")",
                "application_export_secret",
                &|it| flip(it, "application_export_secret"),
            ),
            ("epoch_secret one byte short", "a secret has KDF.Nh bytes", "epoch_secret", &|it| {
                shorten(it, "epoch_secret");
            }),
        ];
        cases.extend(spoiled(&honest, &prefix, rules));
        let mut mirrored = honest.clone();
        let root = hex::decode(honest["application_export_secret"].as_str().unwrap_or_default());
        let root = Secret::new(suite, root.unwrap_or_default())?;
        mirrored["exports"] = json!([[7, hex::encode(leaf(suite, &root, 7_u16.reverse_bits())?)]]);
        let rule: Rule<'_> =
            ("mistake: lowest bit first", "the way down begins with the highest bit", "exports", &|_| {});
        cases.extend(spoiled(&mirrored, &prefix, &[rule]));

        let label = operation_label(7, "a label")?;
        let rules: &[Rule<'_>] = &[
            ("signature of another component", "the component ID is in the label", "signature", &|it| {
                it["component_id"] = json!(6);
            }),
            ("signature under another label", "the label is signed", "signature", &|it| {
                it["label"] = json!("b label");
            }),
            ("signature of other content", "the content is signed", "signature", &|it| flip(it, "content")),
        ];
        cases.extend(spoiled(&signature(suite, &label, stream)?, &prefix, rules));
        let rule: Rule<'_> = (
            "mistake: signed under the bare label",
            "the label is the encoded ComponentOperationLabel",
            "signature",
            &|_| {},
        );
        cases.extend(spoiled(&signature(suite, b"a label", stream)?, &prefix, &[rule]));

        let rules: &[Rule<'_>] = &[
            ("sealed for another component", "the component ID is in the label", "sealed", &|it| {
                it["component_id"] = json!(6);
            }),
            ("sealed under another label", "the label is part of the seal", "sealed", &|it| {
                it["label"] = json!("b label");
            }),
            ("sealed in another context", "the context is part of the seal", "sealed", &|it| {
                flip(it, "context");
            }),
            ("sealed, ciphertext changed", "the tag does not verify", "sealed", &|it| flip(it, "sealed")),
            ("sealed, other plaintext", "the plaintext is what was sealed", "plaintext", &|it| {
                flip(it, "plaintext");
            }),
        ];
        cases.extend(spoiled(&seal(suite, &label, stream)?, &prefix, rules));
        let rule: Rule<'_> = (
            "mistake: sealed under the bare label",
            "the label is the encoded ComponentOperationLabel",
            "sealed",
            &|_| {},
        );
        cases.extend(spoiled(&seal(suite, b"a label", stream)?, &prefix, &[rule]));
        Ok(())
    }
}

#[cfg(all(test, feature = "generate"))]
mod tests {
    use super::*;
    use crate::kind::judgement::refuses_each_for_its_reason;

    #[test]
    fn every_invalid_case_is_refused_for_its_reason() {
        let cases = generated::invalid(&Seed::default()).unwrap();
        assert_eq!(refuses_each_for_its_reason(&cases, judge), [""; 0]);
    }
}
