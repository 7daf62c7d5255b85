//! The engine on databases that are full, read-only, or of another's making.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, missing_docs)]

mod bed;

use std::{path::Path, sync::Arc};

use bed::{Bed, user_uri};
use mimi_provider::{
    clock::SystemClock,
    config::Config,
    engine::Engine,
    store::{SqliteStore, Store, StoreError, Table},
};

fn engine(config: &Config, pragma: &str) -> Engine {
    let store = SqliteStore::open(config.database.as_ref().unwrap()).unwrap();
    store.connection().execute_batch(pragma).unwrap();
    Engine::new(config, Box::new(store), Arc::new(SystemClock)).unwrap()
}

fn assets(path: &Path) -> usize {
    SqliteStore::open(path).unwrap().scan(Table::Assets, b"", b"", 99).unwrap().len()
}

#[test]
fn a_full_database_takes_nothing_in_part_and_goes_on_when_there_is_room() {
    let bed = Bed::prepare("");
    let config = bed.hosts[0].read();
    let mut full = engine(&config, "PRAGMA max_page_count = 60");
    let asset = vec![7; 50_000];
    let mut kept = 0;
    let error = loop {
        match full.alone(|engine| {
            engine.keep_asset(&asset)?;
            engine.keep_asset(&asset)
        }) {
            Ok(_) => kept += 2,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Sqlite(_)), "{error}");
    assert!(kept > 0);
    // What was there is readable, and small things still fit.
    let key = [1; 32].as_slice().into();
    let registered = full.alone(|engine| engine.register(&user_uri(0, "alice"), &key)).unwrap().unwrap();
    assert!(full.alone(|engine| engine.client_of(&registered.token)).unwrap().is_some());
    drop(full);
    assert_eq!(assets(config.database.as_ref().unwrap()), kept);
    let mut roomy = engine(&config, "");
    roomy.alone(|engine| engine.keep_asset(&asset)).unwrap();
    assert!(roomy.alone(|engine| engine.client_of(&registered.token)).unwrap().is_some());
    drop(roomy);
    assert_eq!(assets(config.database.as_ref().unwrap()), kept + 1);
}

#[test]
fn a_read_only_database_takes_no_request_and_loses_nothing() {
    let bed = Bed::prepare("");
    let config = bed.hosts[0].read();
    let key = [1; 32].as_slice().into();
    let mut writable = engine(&config, "");
    let registered = writable.alone(|it| it.register(&user_uri(0, "alice"), &key)).unwrap().unwrap();
    // A user of another provider is not registered here.
    assert!(writable.alone(|it| it.register(&user_uri(1, "bob"), &key)).unwrap().is_none());
    drop(writable);
    let mut read_only = engine(&config, "PRAGMA query_only = ON");
    assert!(read_only.alone(|it| it.register(&user_uri(0, "bob"), &key)).is_err());
    assert!(read_only.alone(|it| it.check()).is_err());
    drop(read_only);
    let known = engine(&config, "").alone(|it| it.client_of(&registered.token)).unwrap();
    assert_eq!(known, Some((user_uri(0, "alice"), registered.client)));
}
