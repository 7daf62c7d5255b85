//! How long a hub waits for its big lists: a participant list and a ratchet tree, borrowed and
//! owned, against tls_codec's plain owned derive of the same structs. The ratios are printed at the
//! end.
//!
//! `cargo bench -p mimi-codec --bench decode`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput};
use mimi_codec::{
    Decode, Encode, List, Opaque,
    code_points::{CipherSuite, CredentialType, ExtensionType, ProposalType, ProtocolVersion},
    mls::{
        Capabilities, Credential, Extension, Extensions, LeafNode, LeafNodeSelect, Lifetime, Node,
        ParentNode, RatchetTree, RatchetTreeView,
    },
    protocol::{ParticipantListData, ParticipantListDataView, UserRolePair},
};
use tls_codec::DeserializeBytes;

/// The same structs as tls_codec's users write them down: owned, derived, nothing else.
mod plain {
    use tls_codec::{TlsDeserializeBytes, TlsSerializeBytes, TlsSize, VLBytes};

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct UserRolePair {
        pub user: VLBytes,
        pub role_index: u32,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct ParticipantListData {
        pub participants: Vec<UserRolePair>,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct Certificate {
        pub cert_data: VLBytes,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    #[repr(u16)]
    pub enum Credential {
        #[tls_codec(discriminant = 1)]
        Basic(VLBytes),
        #[tls_codec(discriminant = 2)]
        X509(Vec<Certificate>),
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct Capabilities {
        pub versions: Vec<u16>,
        pub cipher_suites: Vec<u16>,
        pub extensions: Vec<u16>,
        pub proposals: Vec<u16>,
        pub credentials: Vec<u16>,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct Lifetime {
        pub not_before: u64,
        pub not_after: u64,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    #[repr(u8)]
    pub enum LeafNodeSource {
        #[tls_codec(discriminant = 1)]
        KeyPackage(Lifetime),
        #[tls_codec(discriminant = 2)]
        Update,
        #[tls_codec(discriminant = 3)]
        Commit(VLBytes),
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct Extension {
        pub extension_type: u16,
        pub extension_data: VLBytes,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct LeafNode {
        pub encryption_key: VLBytes,
        pub signature_key: VLBytes,
        pub credential: Credential,
        pub capabilities: Capabilities,
        pub leaf_node_source: LeafNodeSource,
        pub extensions: Vec<Extension>,
        pub signature: VLBytes,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct ParentNode {
        pub encryption_key: VLBytes,
        pub parent_hash: VLBytes,
        pub unmerged_leaves: Vec<u32>,
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    #[repr(u8)]
    #[allow(clippy::large_enum_variant)]
    pub enum Node {
        #[tls_codec(discriminant = 1)]
        Leaf(LeafNode),
        #[tls_codec(discriminant = 2)]
        Parent(ParentNode),
    }

    #[derive(TlsDeserializeBytes, TlsSerializeBytes, TlsSize)]
    pub struct RatchetTree {
        pub nodes: Vec<Option<Node>>,
    }
}

fn participant_list(len: u32) -> Vec<u8> {
    let participants = (0..len).map(|index| UserRolePair {
        user: format!("mimi://provider-{}.example/u/user{index}", index % 7).as_str().into(),
        role_index: index % 6,
    });
    ParticipantListData { participants: participants.collect() }.to_bytes().unwrap()
}

fn key(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|place| (place * 31 + seed * 17) as u8).collect()
}

fn leaf_node(index: usize) -> LeafNode {
    LeafNode {
        encryption_key: key(32, index).into(),
        signature_key: key(32, index + 1).into(),
        credential: Credential::Basic {
            identity: Opaque::from(format!("mimi://provider.example/d/user{index}/phone").as_str()),
        },
        capabilities: Capabilities {
            versions: vec![ProtocolVersion(1)],
            cipher_suites: [1, 2, 3, 0x0a0a].map(CipherSuite).to_vec(),
            extensions: [6, 7, 8, 0xf002, 0xdada].map(ExtensionType).to_vec(),
            proposals: [8, 9, 10, 0x3a3a].map(ProposalType).to_vec(),
            credentials: [1, 2, 0xf004].map(CredentialType).to_vec(),
        },
        leaf_node_source: match index % 3 {
            0 => LeafNodeSelect::KeyPackage { lifetime: Lifetime { not_before: 7, not_after: 1 << 40 } },
            1 => LeafNodeSelect::Update {},
            _ => LeafNodeSelect::Commit { parent_hash: key(32, index + 2).into() },
        },
        extensions: Extensions::new(vec![Extension {
            extension_type: ExtensionType::APP_DATA_DICTIONARY,
            extension_data: key(48, index + 3).into(),
        }])
        .unwrap(),
        signature: key(64, index + 4).into(),
    }
}

fn ratchet_tree(members: usize) -> Vec<u8> {
    let nodes = (0..members * 2 - 1).map(|place| {
        Some(if place % 2 == 0 {
            Node::Leaf { leaf_node: Box::new(leaf_node(place / 2)) }
        } else {
            Node::Parent {
                parent_node: Box::new(ParentNode {
                    encryption_key: key(32, place).into(),
                    parent_hash: key(32, place + 1).into(),
                    unmerged_leaves: List::new((0..(place % 3) as u32).collect()).unwrap(),
                }),
            }
        })
    });
    RatchetTree(List::new(nodes.collect()).unwrap()).to_bytes().unwrap()
}

/// The three ways to read a list. Each is checked to read what it is given before it is timed.
struct Subject {
    name: &'static str,
    make: fn(usize) -> Vec<u8>,
    sizes: [usize; 3],
    borrowed: fn(&[u8]) -> usize,
    owned: fn(&[u8]) -> usize,
    plain: fn(&[u8]) -> usize,
}

const SUBJECTS: [Subject; 2] = [
    Subject {
        name: "participant list",
        make: |len| participant_list(u32::try_from(len).unwrap()),
        sizes: [1_000, 10_000, 100_000],
        borrowed: |bytes| ParticipantListDataView::decode_exact(bytes).unwrap().participants.len(),
        owned: |bytes| black_box(ParticipantListData::decode_exact(bytes).unwrap()).participants.len(),
        plain: |bytes| {
            black_box(plain::ParticipantListData::tls_deserialize_exact_bytes(bytes).unwrap())
                .participants
                .len()
        },
    },
    Subject {
        name: "ratchet tree",
        make: |members| ratchet_tree(members),
        sizes: [10, 100, 1_000],
        borrowed: |bytes| RatchetTreeView::decode_exact(bytes).unwrap().len(),
        owned: |bytes| black_box(RatchetTree::decode_exact(bytes).unwrap()).len(),
        plain: |bytes| black_box(plain::RatchetTree::tls_deserialize_exact_bytes(bytes).unwrap()).nodes.len(),
    },
];

fn check() {
    let list = participant_list(100);
    let plain = plain::ParticipantListData::tls_deserialize_exact_bytes(&list).unwrap();
    assert_eq!(tls_codec::SerializeBytes::tls_serialize_bytes(&plain).unwrap(), list);
    let view = ParticipantListDataView::decode_exact(&list).unwrap();
    assert_eq!(ParticipantListData::from(view), ParticipantListData::decode_exact(&list).unwrap());

    let tree = ratchet_tree(10);
    let plain = plain::RatchetTree::tls_deserialize_exact_bytes(&tree).unwrap();
    assert_eq!(tls_codec::SerializeBytes::tls_serialize_bytes(&plain).unwrap(), tree);
    let view = RatchetTreeView::decode_exact(&tree).unwrap();
    assert_eq!(RatchetTree::from(view), RatchetTree::decode_exact(&tree).unwrap());
}

/// The median times of one call of each way. They take turns, so that what slows the machine down
/// slows all of them.
fn medians(ways: [fn(&[u8]) -> usize; 3], bytes: &[u8]) -> [f64; 3] {
    let calls = 4_000_000 / bytes.len() + 1;
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..61 {
        for (way, times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..calls {
                black_box(way(black_box(bytes)));
            }
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_nanos() as f64 / calls as f64
    })
}

fn main() {
    check();
    let mut criterion = Criterion::default().configure_from_args();
    for subject in &SUBJECTS {
        let mut group = criterion.benchmark_group(subject.name);
        for size in subject.sizes {
            let bytes = (subject.make)(size);
            group.throughput(Throughput::Bytes(bytes.len() as u64));
            for (way, read) in [
                ("borrowed", subject.borrowed),
                ("owned", subject.owned),
                ("tls_codec derive", subject.plain),
            ] {
                group.bench_with_input(BenchmarkId::new(way, size), &bytes, |bencher, bytes| {
                    bencher.iter(|| read(black_box(bytes)));
                });
            }
        }
        group.finish();
    }
    criterion.final_summary();

    println!("ratios, medians of one run:");
    for subject in &SUBJECTS {
        for size in subject.sizes {
            let bytes = (subject.make)(size);
            let [borrowed, owned, plain] = medians([subject.borrowed, subject.owned, subject.plain], &bytes);
            println!(
                "{} of {size}: {:.0} / {:.0} / {:.0} ns per entry borrowed / owned / derive; \
                 borrowed is {:.1} times, owned {:.2} times as fast as tls_codec's derive",
                subject.name,
                borrowed / size as f64,
                owned / size as f64,
                plain / size as f64,
                plain / borrowed,
                plain / owned,
            );
        }
    }
}
