//! What a group asks for and what a leaf offers (mls-extensions-10 §4.9, 5 and 6.2).

use crate::{
    Decode, DecodeError, DecodeErrorKind, Result,
    code_points::{ComponentID, ExtensionType},
    extensions::{
        AppComponents, AppDataDictionaryView, ComponentContent, ComponentsList, InDictionary, InGroupInfo,
        SafeAAD, SafeAADComponents,
    },
    media_type::{ApplicationFraming, MediaTypeList},
    mls::{Extensions, GroupContext, GroupInfo, LeafNode},
};

impl Extensions {
    /// The data of a component in the extension `app_data_dictionary`, where it lies; `None` if
    /// either isn't there.
    ///
    /// The dictionary is read once, from end to end, and nothing of it is copied.
    ///
    /// # Errors
    /// When the extension is no `AppDataDictionary`; offsets count from the beginning of its data.
    pub fn component(&self, component_id: ComponentID) -> Result<Option<&[u8]>> {
        let dictionary: Option<AppDataDictionaryView<'_>> = self.content().transpose()?;
        Ok(dictionary.and_then(|dictionary| dictionary.data(component_id)))
    }

    /// The component that holds a `T` in a GroupContext, a LeafNode or a KeyPackage, opened; `None`
    /// if it isn't there.
    ///
    /// # Errors
    /// When the extension is no `AppDataDictionary`, or the data not exactly a `T`.
    pub fn component_content<'a, T: ComponentContent<'a, InDictionary>>(&'a self) -> Result<Option<T>> {
        self.component(T::COMPONENT_ID)?.map(T::decode_exact).transpose()
    }
}

impl GroupInfo {
    /// The component that holds a `T` in the GroupInfo itself, opened; `None` if it isn't there.
    /// That of the GroupContext inside is another.
    ///
    /// # Errors
    /// When the extension is no `AppDataDictionary`, or the data not exactly a `T`.
    pub fn component_content<'a, T: ComponentContent<'a, InGroupInfo>>(&'a self) -> Result<Option<T>> {
        self.extensions.component(T::COMPONENT_ID)?.map(T::decode_exact).transpose()
    }
}

impl GroupContext {
    /// A message's `authenticated_data` in this group: exactly a [`SafeAAD`] if the group has the
    /// component `safe_aad`; `None` if it doesn't, and the bytes are the application's.
    ///
    /// Hub and clients read it by this function alone: bytes behind the SafeAAD are refused
    /// (reading C57).
    ///
    /// # Errors
    /// When the dictionary is no such thing, or the bytes are not exactly a [`SafeAAD`].
    pub fn safe_aad(&self, authenticated_data: &[u8]) -> Result<Option<SafeAAD>> {
        match self.extensions.component_content::<SafeAADComponents>()? {
            None => Ok(None),
            Some(_) => SafeAAD::decode_exact(authenticated_data).map(Some),
        }
    }

    /// The media types that all members of this group have to understand, if it has the component
    /// `content_media_types`.
    ///
    /// # Errors
    /// When the dictionary or the list is no such thing.
    pub fn content_media_types(&self) -> Result<Option<MediaTypeList>> {
        self.extensions.component_content()
    }

    /// A message's `application_data` in this group: exactly an [`ApplicationFraming`] if the group
    /// has the component `content_media_types`; `None` if it doesn't, and the bytes are the
    /// application's.
    ///
    /// # Errors
    /// When the dictionary or the list is no such thing, or the bytes are not exactly an
    /// [`ApplicationFraming`].
    pub fn application_framing(&self, application_data: &[u8]) -> Result<Option<ApplicationFraming>> {
        match self.content_media_types()? {
            None => Ok(None),
            Some(_) => ApplicationFraming::decode_exact(application_data).map(Some),
        }
    }
}

impl LeafNode {
    /// The components that this client supports. Unknown ones, GREASE among them, are to be
    /// ignored.
    ///
    /// # Errors
    /// When the dictionary or the list is no such thing, and [`Missing`](DecodeErrorKind::Missing)
    /// when the client supports `app_data_dictionary` and doesn't say which components.
    pub fn app_components(&self) -> Result<ComponentsList> {
        match self.extensions.component_content::<AppComponents>()? {
            Some(AppComponents(list)) => Ok(list),
            None if self.capabilities.extensions.contains(&ExtensionType::APP_DATA_DICTIONARY) => {
                Err(DecodeError::new(DecodeErrorKind::Missing, 0).in_field("app_components"))
            }
            None => Ok(ComponentsList::default()),
        }
    }

    /// Does this client advertise every media type that `required` lists?
    ///
    /// # Errors
    /// When the dictionary or the list is no such thing, or one of both lists is too long to be
    /// compared ([`MediaTypeList::covers_all`]).
    pub fn supports_media_types(&self, required: &MediaTypeList) -> Result<bool> {
        let Some(offered) = self.extensions.component_content::<MediaTypeList>()? else { return Ok(false) };
        offered
            .covers_all(required)
            .map_err(|invalid| DecodeError::new(invalid.kind, 0).in_field("media_type_list"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec, vec::Vec};

    use crate::{
        Decode, DecodeErrorKind, Encode, List, MediaType, Opaque, SecretOpaque,
        code_points::{CipherSuite, ComponentID, ExtensionType},
        extensions::{
            AppAck, AppDataDictionary, AppDataDictionaryView, AppEphemeral, ComponentData, ComponentsList,
            MessageRange, SafeAAD, SafeAADItem,
        },
        media_type::{ApplicationFraming, MediaTypeList},
        minimal_metadata::{AddAAD, IdentityLinkExtension, IdentityLinkKeysData, SealedConnectionResponse},
        mls::{
            Capabilities, Credential, Extension, Extensions, GroupContext, GroupInfo, HPKECiphertext,
            HPKEPublicKey, LeafNode, LeafNodeSelect, MAC, Mls10, SignaturePublicKey,
        },
        protocol::FrankAAD,
    };

    fn extensions(components: Vec<(ComponentID, Vec<u8>)>) -> Extensions {
        let entries = components
            .into_iter()
            .map(|(component_id, data)| ComponentData { component_id, data: data.into() });
        let dictionary = AppDataDictionary { component_data: List::new(entries.collect()).unwrap() };
        Extensions::new(vec![Extension {
            extension_type: ExtensionType::APP_DATA_DICTIONARY,
            extension_data: dictionary.to_bytes().unwrap().into(),
        }])
        .unwrap()
    }

    fn group(extensions: Extensions) -> GroupContext {
        GroupContext {
            version: Mls10,
            cipher_suite: CipherSuite(1),
            group_id: "g".into(),
            epoch: 1,
            tree_hash: Opaque::default(),
            confirmed_transcript_hash: Opaque::default(),
            extensions,
        }
    }

    fn leaf(supported: Vec<ExtensionType>, extensions: Extensions) -> LeafNode {
        LeafNode {
            encryption_key: HPKEPublicKey::default(),
            signature_key: SignaturePublicKey::default(),
            credential: Credential::Basic { identity: "i".into() },
            capabilities: Capabilities { extensions: supported, ..Capabilities::default() },
            leaf_node_source: LeafNodeSelect::Update {},
            extensions,
            signature: Opaque::default(),
        }
    }

    fn list(ids: &[u16]) -> Vec<u8> {
        ComponentsList { component_ids: ids.iter().copied().map(ComponentID).collect() }.to_bytes().unwrap()
    }

    fn media_types(texts: &[&str]) -> MediaTypeList {
        let types = texts.iter().map(|text| MediaType::parse(text).unwrap()).collect();
        MediaTypeList { media_type_list: List::new(types).unwrap() }
    }

    #[test]
    fn a_group_with_safe_aad_reads_nothing_else() {
        let with = group(extensions(vec![(ComponentID::SAFE_AAD, list(&[]))]));
        assert_eq!(with.safe_aad(&[0]), Ok(Some(SafeAAD::default())));
        let item = SafeAADItem { component_id: ComponentID::FRANK_AAD, aad_item_data: "f".into() };
        let aad = SafeAAD { aad_items: List::new(vec![item]).unwrap() };
        assert_eq!(with.safe_aad(&aad.to_bytes().unwrap()), Ok(Some(aad)));
        // Not even nothing: a SafeAAD without items has a length.
        assert_eq!(with.safe_aad(b"").unwrap_err().path().to_string(), "SafeAAD.aad_items");
        let error = with.safe_aad(&[0, 7]).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::TrailingBytes { count: 1 });
        assert_eq!(group(Extensions::default()).safe_aad(b"anything"), Ok(None));
        let without = group(extensions(vec![(ComponentID::APP_COMPONENTS, list(&[]))]));
        assert_eq!(without.safe_aad(b"anything"), Ok(None));
    }

    #[test]
    fn a_component_is_found_where_it_lies() {
        let parts =
            [(ComponentID(3), b"three".to_vec()), (ComponentID(9), vec![]), (ComponentID(12), vec![1])];
        let with = extensions(parts.to_vec());
        for id in 0..20 {
            let expected = parts.iter().find(|(place, _)| place.0 == id).map(|(_, data)| &data[..]);
            assert_eq!(with.component(ComponentID(id)), Ok(expected), "{id}");
        }
        let within = with.data(ExtensionType::APP_DATA_DICTIONARY).unwrap();
        let three = with.component(ComponentID(3)).unwrap().unwrap();
        assert!(within.as_ptr_range().contains(&three.as_ptr()));
        assert_eq!(Extensions::default().component(ComponentID(3)), Ok(None));

        let view = AppDataDictionaryView::decode_exact(within).unwrap();
        let owned = AppDataDictionary::decode_exact(within).unwrap();
        assert_eq!(view.to_bytes().unwrap(), within);
        assert_eq!(AppDataDictionary::from(view), owned);
    }

    #[test]
    fn refuses_a_dictionary_whichever_component_is_asked_for() {
        for broken in [
            &b"\x06\x00\x04\x00\x00\x03\x00"[..],
            b"\x06\x00\x03\x00\x00\x03\x00",
            b"\x03\x00\x03\x01",
            b"\x00\x00",
        ] {
            let expected = AppDataDictionary::decode_exact(broken).unwrap_err();
            let extension = Extension {
                extension_type: ExtensionType::APP_DATA_DICTIONARY,
                extension_data: broken.into(),
            };
            let extensions = Extensions::new(vec![extension]).unwrap();
            for id in [1, 3, 4] {
                assert_eq!(extensions.component(ComponentID(id)).as_ref(), Err(&expected), "{broken:?}");
            }
        }
    }

    #[test]
    fn one_number_is_another_struct_in_each_place() {
        let keys = IdentityLinkKeysData { identity_link_key_ciphertexts: vec![None] };
        let wrapper = IdentityLinkExtension { identity_link_wrapper_key: SecretOpaque::new(*b"secret") };
        let id = ComponentID::IDENTITY_LINK_KEYS;
        let info = GroupInfo {
            group_context: group(extensions(vec![(id, keys.to_bytes().unwrap())])),
            extensions: extensions(vec![(id, wrapper.to_bytes().unwrap())]),
            confirmation_tag: MAC::default(),
            signer: 0,
            signature: Opaque::default(),
        };
        assert_eq!(info.component_content(), Ok(Some(wrapper)));
        assert_eq!(info.group_context.extensions.component_content(), Ok(Some(keys)));

        let sealed = HPKECiphertext { kem_output: "k".into(), ciphertext: "c".into() };
        let added = AddAAD { identity_link_key_ciphertexts: vec![] };
        let item = |component_id, bytes: Vec<u8>| SafeAADItem { component_id, aad_item_data: bytes.into() };
        let items = vec![
            item(ComponentID::IDENTITY_LINK_KEYS, added.to_bytes().unwrap()),
            item(ComponentID::CONNECTION_RESPONSE, sealed.to_bytes().unwrap()),
        ];
        let aad = SafeAAD { aad_items: List::new(items).unwrap() };
        assert_eq!(aad.content(), Some(Ok(added)));
        assert_eq!(aad.content(), Some(Ok(SealedConnectionResponse(sealed.clone()))));
        assert_eq!(SealedConnectionResponse(sealed.clone()).to_bytes(), sealed.to_bytes());
        assert_eq!(aad.content::<FrankAAD>(), None);

        let ack = AppAck { received_ranges: vec![MessageRange::new(1, 2, 3).unwrap()] };
        let mut ephemeral =
            AppEphemeral { component_id: ComponentID::APP_ACK, data: ack.to_bytes().unwrap().into() };
        assert_eq!(ephemeral.content(), Some(Ok(ack)));
        ephemeral.data = [9].into();
        assert!(ephemeral.content::<AppAck>().unwrap().is_err());
        ephemeral.component_id = ComponentID(6);
        assert_eq!(ephemeral.content::<AppAck>(), None);
    }

    #[test]
    fn a_leaf_with_a_dictionary_lists_its_components() {
        let supports = vec![ExtensionType::APP_DATA_DICTIONARY];
        let lists = extensions(vec![(ComponentID::APP_COMPONENTS, list(&[0x20, 0x1a1a]))]);
        let components = leaf(supports.clone(), lists).app_components().unwrap().component_ids;
        assert_eq!(components, [ComponentID::FRANK_AAD, ComponentID(0x1a1a)]);
        let error = leaf(supports, Extensions::default()).app_components().unwrap_err();
        assert_eq!(
            (error.kind(), error.path().to_string()),
            (&DecodeErrorKind::Missing, "app_components".into())
        );
        let unaware = leaf(vec![], Extensions::default());
        assert_eq!(unaware.app_components(), Ok(ComponentsList::default()));
    }

    #[test]
    fn a_group_with_media_types_frames_its_messages() {
        let types = media_types(&["application/mimi-content", "text/plain"]);
        let with = group(extensions(vec![(ComponentID::CONTENT_MEDIA_TYPES, types.to_bytes().unwrap())]));
        assert_eq!(with.content_media_types(), Ok(Some(types.clone())));
        let framing = ApplicationFraming { media_type: None, inner_application_content: "hello".into() };
        let read = with.application_framing(&framing.to_bytes().unwrap()).unwrap().unwrap();
        assert_eq!(read, framing);
        assert_eq!(read.media_type_in(&types), types.media_type_list.first());
        assert!(with.application_framing(b"\x05hello").is_err());
        assert_eq!(group(Extensions::default()).application_framing(b"\x05hello"), Ok(None));
    }

    #[test]
    fn a_leaf_offers_every_required_media_type_or_not() {
        let offers = |texts: &[&str]| {
            let types = media_types(texts).to_bytes().unwrap();
            leaf(vec![], extensions(vec![(ComponentID::CONTENT_MEDIA_TYPES, types)]))
        };
        let required = media_types(&["text/plain", "image/png"]);
        assert_eq!(offers(&["image/png", "text/plain", "a/b"]).supports_media_types(&required), Ok(true));
        assert_eq!(offers(&["image/png"]).supports_media_types(&required), Ok(false));
        assert_eq!(leaf(vec![], Extensions::default()).supports_media_types(&required), Ok(false));
        // The lists that cost the most for their size are refused by their length, not by a clock.
        let long = vec!["a/b;x=1"; crate::media_type::MAX_MEDIA_TYPES + 1];
        let error = offers(&long).supports_media_types(&required).unwrap_err();
        assert_eq!(error.path().to_string(), "media_type_list");
        assert!(offers(&["a/b"]).supports_media_types(&media_types(&long)).is_err());
        assert_eq!(offers(&long[1..]).supports_media_types(&media_types(&["a/b;y=2;X=1"])), Ok(true));
    }

    #[test]
    fn refuses_an_empty_list_of_media_types() {
        let with = group(extensions(vec![(ComponentID::CONTENT_MEDIA_TYPES, vec![0])]));
        assert_eq!(with.content_media_types().unwrap_err().kind(), &DecodeErrorKind::Empty);
        assert_eq!(MediaTypeList::decode_exact(&[0]).unwrap_err().kind(), &DecodeErrorKind::Empty);
    }
}
