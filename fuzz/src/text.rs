//! Text from outside: URIs, directories, media types.

use mimi_codec::{Directory, Endpoint, MimiUri, MimiUriRef, UrlTemplate, media_type::MediaType};

use crate::allocation::bounded;

/// What is kept of a text is of its size.
const MULTIPLE: usize = 32;

/// A MIMI URI comes back from a path segment and stays itself when normalized twice.
pub fn uri(data: &[u8]) {
    let Ok(uri) = bounded(MULTIPLE, data, MimiUriRef::from_bytes) else { return };
    let owned = uri.to_owned();
    assert_eq!(owned.as_str().as_bytes(), data);
    assert_eq!(MimiUri::from_path_segment(&uri.to_path_segment()).as_ref(), Ok(&owned));
    let normalized = uri.normalized();
    assert_eq!(normalized.as_ref().normalized(), normalized);
    assert!(uri.equivalent(normalized.as_ref()));
    assert_eq!(MimiUri::parse(uri.provider().as_str()).as_ref(), Ok(&uri.provider()));
}

/// A directory, and the templates in it.
pub fn directory(data: &[u8]) {
    if let Ok(directory) = Directory::from_json(data) {
        let json = directory.to_json();
        assert_eq!(Directory::from_json(json.as_bytes()).as_ref(), Ok(&directory));
        // Every endpoint has a template, or is named as a problem; a template takes its variable.
        let problems: Vec<_> = directory.problems().collect();
        for &endpoint in Endpoint::ALL {
            match directory.template(endpoint) {
                Ok(template) => {
                    let url = template.expand(b"mimi://a.example").expect("an identifier that is no dots");
                    assert_eq!(template.extract(&url), Ok(Some(b"mimi://a.example".to_vec())), "{url}");
                }
                Err(error) => assert!(problems.contains(&error), "{error}"),
            }
        }
    }
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(template) = UrlTemplate::parse(text) {
        let identifier = b"mimi://a.example/r/club house/\xff";
        for identifier in [&identifier[..], b"", b".", b"..", b"a.example"] {
            let Ok(url) = template.expand(identifier) else { continue };
            assert_eq!(template.extract(&url), Ok(Some(identifier.to_vec())), "{url}");
            let (_, path) = url.split_once("//").unwrap_or_default();
            let path = path.split('?').next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
            assert!(path.split('/').all(|segment| segment != "." && segment != ".."), "{url}");
        }
    }
}

/// A media type as HTTP writes it.
pub fn media_type(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(media_type) = MediaType::parse(text) {
        assert_eq!(MediaType::parse(&media_type.to_string()).as_ref(), Ok(&media_type));
        assert!(media_type.covers(&media_type));
    }
}
