//! What holds for every text of the transport: URIs, path segments, media types, templates, names.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use mimi_codec::*;
use proptest::prelude::*;

/// Text that is nearly a URI.
fn near_uri() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![9 => Just("mimi://"), 1 => Just("MIMI://"), 1 => Just("mimi:/")];
    let host = "[a-zA-Z0-9.-]{0,12}(@|:[0-9]{0,5})?";
    let path = "(/[udrgxy]?(/[a-zA-Z0-9.%/?#ä:@!-]{0,12})?)?";
    (scheme, host, path).prop_map(|(scheme, host, path)| format!("{scheme}{host}{path}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_uri_is_its_text_and_its_parts(text in prop_oneof![near_uri(), any::<String>()]) {
        match MimiUri::parse(&text) {
            Err(error) => prop_assert!(error.offset <= text.len()),
            Ok(uri) => {
                prop_assert_eq!(uri.as_str(), &text);
                prop_assert_eq!(MimiUriRef::from_bytes(text.as_bytes()).unwrap(), uri.as_ref());
                // Its parts, put together, are the URI; its host is a domain name.
                DnsName::parse(uri.host().as_str()).unwrap();
                let parts = match (uri.kind().segment(), uri.id()) {
                    (None, None) => format!("mimi://{}", uri.host()),
                    (Some(kind), Some(id)) => format!("mimi://{}/{kind}/{id}", uri.host()),
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                };
                prop_assert_eq!(&parts[4..], &text[4..]);
                // As a segment of a URL it can be taken out again, and nothing in it ends the
                // segment.
                let segment = uri.to_path_segment();
                prop_assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
                prop_assert_eq!(MimiUri::from_path_segment(&segment).unwrap(), uri.clone());
                // Normalization ends, and keeps what the URI is.
                let normalized = uri.as_ref().normalized();
                prop_assert_eq!(MimiUri::parse(normalized.as_str()).unwrap(), normalized.clone());
                prop_assert_eq!(normalized.as_ref().normalized(), normalized.clone());
                prop_assert_eq!(normalized.as_ref().decoded_id(), uri.as_ref().decoded_id());
                prop_assert!(uri.as_ref().equivalent(normalized.as_ref()));
            }
        }
    }

    #[test]
    fn what_is_built_is_what_was_meant(id in any::<String>(), kind in 0..5usize) {
        let host = DnsName::parse("a.example").unwrap();
        let kinds = [
            UriKind::User,
            UriKind::Client,
            UriKind::Room,
            UriKind::Group,
            UriKind::Pseudonym,
            UriKind::Team,
            UriKind::Other("b"),
        ];
        if let Ok(uri) = MimiUri::new(host.as_ref(), kinds[kind], &id) {
            prop_assert_eq!(uri.kind(), kinds[kind]);
            let decoded = uri.as_ref().decoded_id().unwrap().into_owned();
            prop_assert_eq!(decoded, id.as_bytes());
        } else {
            prop_assert!(id.is_empty() || id.split('/').any(|segment| segment == "." || segment == ".."));
        }
    }

    #[test]
    fn a_segment_holds_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        match encode_path_segment(&bytes) {
            Ok(segment) => prop_assert_eq!(decode_path_segment(&segment).unwrap(), bytes),
            Err(_) => prop_assert!(bytes == b"." || bytes == b".."),
        }
    }

    #[test]
    fn a_template_gives_back_what_it_was_given(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let template = UrlTemplate::parse("https://h.example/v1/x{y}z?q=1").unwrap();
        let url = template.expand(&bytes).unwrap();
        prop_assert_eq!(template.extract(&url).unwrap().unwrap(), bytes);
        HttpsUrlRef::parse(&url).unwrap();
    }

    #[test]
    fn a_template_is_its_text(text in "(https://)?[a-z.]{0,8}(:[0-9]{1,3})?/?[a-z{}?#/%4]{0,12}") {
        match UrlTemplate::parse(&text) {
            Err(error) => prop_assert!(error.offset <= text.len()),
            Ok(template) => {
                prop_assert_eq!(template.as_str(), &text);
                let url = template.expand(b"mimi://a.example/r/x").unwrap();
                prop_assert_eq!(HttpsUrlRef::parse(&url).unwrap().host(), template.host());
                prop_assert_eq!(template.extract(&url).unwrap().unwrap(), b"mimi://a.example/r/x");
            }
        }
    }

    #[test]
    fn a_media_type_is_written_so_that_it_reads_the_same(
        text in prop_oneof![
            "[a-z]{1,4}/[a-z+.]{1,6}([ \t]?;[ \t]?[a-zA-Z]{1,3}=([a-z0-9]{1,3}|\"([ -~é]|\\\\[ -~]){0,5}\")){0,3}",
            any::<String>(),
        ],
    ) {
        match MediaType::parse(&text) {
            Err(error) => prop_assert!(error.offset <= text.len()),
            Ok(media_type) => {
                prop_assert_eq!(&MediaType::parse(&media_type.to_string()).unwrap(), &media_type);
                let bytes = media_type.to_bytes().unwrap();
                prop_assert_eq!(MediaType::decode_exact(&bytes).unwrap(), media_type.clone());
                prop_assert!(media_type.covers(&media_type));
            }
        }
    }

    #[test]
    fn a_wildcard_never_matches_more_than_one_label(
        reference in "[a-z]{1,3}(\\.[a-z]{1,3}){0,3}",
        presented in "(\\*\\.)?[a-z*]{1,3}(\\.[a-z]{1,3}){0,3}",
    ) {
        let reference = DnsName::parse(&reference).unwrap();
        let matched = match_presented_identities(reference.as_ref(), [presented.as_str()]).is_ok();
        // The rule again, in other words: equal numbers of labels, equal but for a lone `*` at the
        // left, which never stands for the label under a top-level label.
        let ours: Vec<&str> = reference.as_str().split('.').collect();
        let theirs: Vec<&str> = presented.split('.').collect();
        let expected = ours.len() == theirs.len()
            && ours[1..] == theirs[1..]
            && (ours[0] == theirs[0] || (theirs[0] == "*" && theirs.len() > 2));
        prop_assert_eq!(matched, expected);
    }

    #[test]
    fn from_and_host_lead_back(name in "[a-zA-Z0-9]{1,8}(\\.[a-zA-Z]{2,4}){1,3}", port in any::<Option<u16>>()) {
        let name = DnsName::parse(&name).unwrap();
        prop_assert_eq!(parse_from_header(&from_header(name.as_ref())).unwrap(), name.clone());
        prop_assert_eq!(parse_host_header(&host_header(name.as_ref(), port)).unwrap(), name);
    }

    #[test]
    #[cfg(all(feature = "arbitrary", feature = "serde"))]
    fn values_made_at_random_are_valid_and_survive_json(random in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut random = arbitrary::Unstructured::new(&random);
        let uri: MimiUri = random.arbitrary().unwrap();
        prop_assert_eq!(&MimiUri::parse(uri.as_str()).unwrap(), &uri);
        let json = serde_json::to_string(&uri).unwrap();
        prop_assert_eq!(&json, &format!("{:?}", uri.as_str()));
        prop_assert_eq!(serde_json::from_str::<MimiUri>(&json).unwrap(), uri);
        if let Ok(name) = random.arbitrary::<DnsName>() {
            prop_assert_eq!(&DnsName::parse(name.as_str()).unwrap(), &name);
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<DnsName>(&json).unwrap(), name);
        }
    }
}
