//! What [`Kind::generate`](super::Kind::generate) makes.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use mimi_codec::{
    Encode, List,
    apq::{APQInfo, APQInfoUpdate},
    code_points::{CipherSuite, ComponentID, ExtensionType, WireFormat},
    extensions::{
        AppDataDictionary, AppDataUpdate, AppDataUpdateSelect, ComponentData, SelfRemove, WireFormats,
    },
    mls::{
        Extension, Extensions, ExternalInit, GroupContext, Mls10, PreSharedKey, PreSharedKeyID,
        PreSharedKeyIDSelect, Proposal, Remove,
    },
};
use mimi_crypto::{ApqPsk, CipherSuiteProvider, RustCrypto, Secret};
use serde_json::Value;

use crate::file_format::{GenerateError, GeneratedCase, Seed, Stream};
use crate::kind::judgement::Invalid;

type Made<T> = Result<T, GenerateError>;

/// Why a FULL commit is refused, and the proposals of its two commits.
type Broken = (&'static str, (Vec<Proposal>, Vec<Proposal>));

const INFO: ComponentID = ComponentID::APQ_MLS_INFO;

/// Traditional suites, each with a post-quantum one of another hash length, or the same.
const PAIRS: [(u16, u16); 8] =
    [(1, 0xf042), (2, 0x0050), (3, 0x0042), (5, 0x0051), (7, 0x0907), (1, 0x0907), (5, 0xf042), (2, 0x0051)];

fn info(t_cipher_suite: u16, pq_cipher_suite: u16, mode: bool) -> APQInfo {
    APQInfo {
        t_session_group_id: "traditional".into(),
        pq_session_group_id: "post-quantum".into(),
        mode,
        t_cipher_suite: CipherSuite(t_cipher_suite),
        pq_cipher_suite: CipherSuite(pq_cipher_suite),
        t_epoch: 8,
        pq_epoch: 3,
    }
}

/// A combined session before its next FULL commit.
struct Session {
    t: GroupContext,
    pq: GroupContext,
    before: Option<APQInfo>,
    after: APQInfo,
    requires: [bool; 2],
    infos_differ: bool,
}

impl Session {
    fn new(stream: &mut Stream) -> Self {
        let after = info(1, 0x0050, false);
        let mut context = |cipher_suite, group_id: &str, epoch| GroupContext {
            version: Mls10,
            cipher_suite,
            group_id: group_id.into(),
            epoch,
            tree_hash: stream.bytes(32).into(),
            confirmed_transcript_hash: stream.bytes(32).into(),
            extensions: Extensions::default(),
        };
        let t = context(CipherSuite(1), "traditional", 7);
        let pq = context(CipherSuite(0x0050), "post-quantum", 2);
        let before = APQInfo { t_epoch: 5, pq_epoch: 2, ..after.clone() };
        Self { t, pq, before: Some(before), after, requires: [true; 2], infos_differ: false }
    }

    fn extensions(&self, of: usize) -> Made<Extensions> {
        let mut extensions = Vec::new();
        if let Some(info) = &self.before {
            let mut info = info.clone();
            if of == 1 && self.infos_differ {
                info.mode = !info.mode;
            }
            let entry = ComponentData { component_id: INFO, data: info.to_bytes()?.into() };
            let dictionary = AppDataDictionary { component_data: List::new(vec![entry])? };
            extensions.push(Extension {
                extension_type: ExtensionType::APP_DATA_DICTIONARY,
                extension_data: dictionary.to_bytes()?.into(),
            });
        }
        if self.requires.get(of).is_some_and(|requires| *requires) {
            let formats = WireFormats { wire_formats: vec![WireFormat::APQ_MESSAGE_PAIR] };
            extensions.push(Extension {
                extension_type: ExtensionType::REQUIRED_WIRE_FORMATS,
                extension_data: formats.to_bytes()?.into(),
            });
        }
        Ok(Extensions::new(extensions)?)
    }

    fn contexts(&self, case: GeneratedCase) -> Made<GeneratedCase> {
        let t = GroupContext { extensions: self.extensions(0)?, ..self.t.clone() };
        let pq = GroupContext { extensions: self.extensions(1)?, ..self.pq.clone() };
        Ok(case.hex("t_group_context", &t.to_bytes()?).hex("pq_group_context", &pq.to_bytes()?))
    }
}

fn update(update: &APQInfoUpdate) -> Made<Proposal> {
    let op = AppDataUpdateSelect::Update { update: update.to_bytes()?.into() };
    Ok(Proposal::AppDataUpdate(AppDataUpdate { component_id: INFO, op }))
}

fn full(new_apq_info: &APQInfo) -> Made<Proposal> {
    update(&APQInfoUpdate::FullUpdate { new_apq_info: new_apq_info.clone() })
}

fn epochs(info: &APQInfo) -> Made<Vec<Proposal>> {
    Ok(vec![
        update(&APQInfoUpdate::NewTEpoch { new_t_epoch: info.t_epoch })?,
        update(&APQInfoUpdate::NewPqEpoch { new_pq_epoch: info.pq_epoch })?,
    ])
}

fn psk(component_id: ComponentID) -> Proposal {
    let psktype = PreSharedKeyIDSelect::Application { component_id, psk_id: vec![7; 32].into() };
    let psk = PreSharedKeyID { psktype, psk_nonce: vec![9; 32].into() };
    Proposal::PreSharedKey(Box::new(PreSharedKey { psk }))
}

fn list(proposals: &[Proposal]) -> Made<String> {
    let hex = proposals.iter().map(|proposal| Ok(Value::from(hex::encode(proposal.to_bytes()?))));
    Ok(Value::from(hex.collect::<Made<Vec<_>>>()?).to_string())
}

fn full_commit(case: GeneratedCase, of: &Session, t: &[Proposal], pq: &[Proposal]) -> Made<GeneratedCase> {
    let case = of.contexts(case.text("what", "full_commit"))?;
    Ok(case
        .json_member("t_proposals", list(t)?)
        .json_member("pq_proposals", list(pq)?)
        .hex("apq_info", &of.after.to_bytes()?))
}

fn session(case: GeneratedCase, of: &Session) -> Made<GeneratedCase> {
    let case = of.contexts(case.text("what", "session"))?;
    let info = of.before.clone().unwrap_or_else(|| of.after.clone());
    Ok(case.hex("apq_info", &info.to_bytes()?))
}

fn partial(case: GeneratedCase, proposals: &[Proposal]) -> Made<GeneratedCase> {
    Ok(case.text("what", "partial_commit").json_member("t_proposals", list(proposals)?))
}

fn suites(case: GeneratedCase, info: &APQInfo) -> Made<GeneratedCase> {
    Ok(case.text("what", "suites").hex("apq_info", &info.to_bytes()?))
}

/// The members of a `psk` case.
struct Psk {
    t: u16,
    pq: u16,
    exporter: Vec<u8>,
    nonce: Vec<u8>,
    psk_id: Vec<u8>,
    psk: Vec<u8>,
    named: PreSharedKeyID,
}

impl Psk {
    fn new((t, pq): (u16, u16), stream: &mut Stream) -> Made<Self> {
        let (of_t, of_pq) = (RustCrypto::new(CipherSuite(t))?, RustCrypto::new(CipherSuite(pq))?);
        let exporter = stream.bytes(of_pq.parameters().nh);
        let nonce = stream.bytes(of_t.parameters().nh);
        let derived = ApqPsk::derive(&of_t, Secret::new(&of_pq, exporter.clone())?)?;
        Ok(Self {
            t,
            pq,
            exporter,
            psk_id: derived.psk_id().to_vec(),
            psk: derived.psk().expose().to_vec(),
            named: derived.pre_shared_key_id(nonce.clone()),
            nonce,
        })
    }

    fn write(&self, case: GeneratedCase) -> Made<GeneratedCase> {
        Ok(case
            .text("what", "psk")
            .json_member("t_cipher_suite", format!("{}", self.t))
            .json_member("pq_cipher_suite", format!("{}", self.pq))
            .hex("apq_exporter", &self.exporter)
            .hex("apq_psk_id", &self.psk_id)
            .hex("apq_psk", &self.psk)
            .hex("psk_nonce", &self.nonce)
            .hex("pre_shared_key_id", &self.named.to_bytes()?))
    }
}

pub(super) fn valid(seed: &Seed) -> Made<Vec<GeneratedCase>> {
    let stream = |name: &str| Stream::new(seed, "apq", name);
    let mut cases = Vec::new();
    for pair in PAIRS {
        let name = format!("PSK: suites {} and {}", pair.0, pair.1);
        cases.push(Psk::new(pair, &mut stream(&name))?.write(GeneratedCase::new(&name))?);
    }
    for t in 1..=7 {
        for (pq, mode) in [
            (0xf042, false),
            (0x0050, false),
            (0x0042, false),
            (0x0051, false),
            (0x0051, true),
            (0x0907, true),
        ] {
            let name = format!("suites {t} and {pq}, mode {mode}");
            cases.push(suites(GeneratedCase::new(&name), &info(t, pq, mode))?);
        }
    }

    let name = "session: in the epochs of its APQInfo";
    let mut of = Session::new(&mut stream(name));
    of.t.epoch = 5;
    cases.push(session(GeneratedCase::new(name), &of)?);
    let name = "session: after two PARTIAL commits";
    cases.push(session(GeneratedCase::new(name), &Session::new(&mut stream(name)))?);

    let name = "full commit: the first one makes the session";
    let mut of = Session::new(&mut stream(name));
    of.before = None;
    let own = psk(INFO);
    let t = [full(&of.after)?, own.clone()];
    cases.push(full_commit(GeneratedCase::new(name), &of, &t, &t[..1])?);
    let name = "full commit: a full update of both epochs";
    let of = Session::new(&mut stream(name));
    cases.push(full_commit(GeneratedCase::new(name), &of, &t, &t[..1])?);
    let name = "full commit: new epochs, in either order, beside other proposals";
    let of = Session::new(&mut stream(name));
    let mut ts = epochs(&of.after)?;
    ts.extend([own, psk(ComponentID(0x8000)), Proposal::Remove(Remove { removed: 2 })]);
    let mut pqs = epochs(&of.after)?;
    pqs.reverse();
    pqs.push(Proposal::Remove(Remove { removed: 1 }));
    cases.push(full_commit(GeneratedCase::new(name), &of, &ts, &pqs)?);

    cases.push(partial(GeneratedCase::new("partial commit: without proposals"), &[])?);
    let other = psk(ComponentID(0x8000));
    cases.push(partial(GeneratedCase::new("partial commit: a PSK of another component"), &[other])?);
    Ok(cases)
}

#[allow(clippy::too_many_lines, reason = "one case behind the other")]
pub(super) fn invalid(seed: &Seed) -> Made<Vec<Invalid>> {
    let stream = |name: &str| Stream::new(seed, "apq", name);
    let mut cases = Vec::new();
    let mut push = |case, refused| cases.push(Invalid { case, refused });

    type PskBug = (&'static str, &'static str, &'static str, fn(&mut Psk) -> Made<()>);
    let bugs: [PskBug; 6] = [
        (
            "an exporter one byte short",
            "it has KDF.Nh bytes of the post-quantum suite",
            "apq_exporter",
            |it| {
                it.exporter.pop();
                Ok(())
            },
        ),
        (
            "mistake: the KDF of the post-quantum suite",
            "id and PSK are derived with the KDF of the traditional suite",
            "apq_psk_id",
            |it| {
                let pq = RustCrypto::new(CipherSuite(it.pq))?;
                let derived = ApqPsk::derive(&pq, Secret::new(&pq, it.exporter.clone())?)?;
                it.psk_id = derived.psk_id().to_vec();
                it.psk = derived.psk().expose().to_vec();
                it.named = derived.pre_shared_key_id(it.nonce.clone());
                Ok(())
            },
        ),
        ("mistake: id and PSK swapped", "each has a label of its own", "apq_psk_id", |it| {
            core::mem::swap(&mut it.psk_id, &mut it.psk);
            Ok(())
        }),
        ("a PSK under another name", "the proposal names apq_psk_id", "pre_shared_key_id", |it| {
            let psktype = PreSharedKeyIDSelect::Application { component_id: INFO, psk_id: "x".into() };
            it.named.psktype = psktype;
            Ok(())
        }),
        ("a PSK of another component", "the component is apq_mls_info", "pre_shared_key_id", |it| {
            let psk_id = it.psk_id.as_slice().into();
            it.named.psktype = PreSharedKeyIDSelect::Application { component_id: ComponentID(5), psk_id };
            Ok(())
        }),
        ("a short nonce", "psk_nonce has KDF.Nh bytes", "psk_nonce", |it| {
            it.nonce.pop();
            it.named.psk_nonce = it.nonce.as_slice().into();
            Ok(())
        }),
    ];
    for (name, reason, refused, spoil) in bugs {
        let name = format!("PSK: {name}");
        let mut of = Psk::new((1, 0x0907), &mut stream(&name))?;
        spoil(&mut of)?;
        push(of.write(GeneratedCase::invalid(&name, reason))?, refused);
    }

    for (t, pq, mode, reason) in [
        (1, 0x004f, false, "a hybrid KEM in the post-quantum group"),
        (1, 0x004e, false, "a hybrid KEM in the post-quantum group"),
        (1, 0xf0a3, false, "a hybrid KEM in the post-quantum group"),
        (2, 0xf0a4, false, "a hybrid KEM in the post-quantum group"),
        (7, 0xf0a5, false, "a hybrid KEM in the post-quantum group"),
        (1, 0x0052, true, "a hybrid KEM, though the signatures are post-quantum"),
        (1, 0xf042, true, "traditional signatures in mode 1"),
        (1, 0x0050, true, "traditional signatures in mode 1"),
        (1, 0x0042, true, "traditional signatures in mode 1"),
        (1, 2, false, "two traditional suites"),
        (0x0050, 0x0051, false, "two post-quantum suites"),
        (0x004f, 0x0051, true, "a hybrid suite in the traditional group"),
        (1, 0x0a0a, false, "an unknown suite"),
    ] {
        let name = format!("suites {t} and {pq}, mode {mode}: {reason}");
        push(suites(GeneratedCase::invalid(&name, reason), &info(t, pq, mode))?, "apq_info");
    }

    type SessionBug = (&'static str, fn(&mut Session));
    let bugs: [SessionBug; 9] = [
        ("no APQInfo", |it| it.before = None),
        ("two APQInfos", |it| it.infos_differ = true),
        ("the traditional group does not require pairs", |it| it.requires = [false, true]),
        ("the post-quantum group does not require pairs", |it| it.requires = [true, false]),
        ("a traditional group behind its APQInfo", |it| it.t.epoch = 4),
        ("a post-quantum group beyond its APQInfo", |it| it.pq.epoch = 3),
        ("another traditional group", |it| it.t.group_id = "another".into()),
        ("another suite of the post-quantum group", |it| it.pq.cipher_suite = CipherSuite(0x0051)),
        ("one group for both", |it| {
            it.t.group_id = it.pq.group_id.clone();
            if let Some(info) = &mut it.before {
                info.t_session_group_id = info.pq_session_group_id.clone();
            }
        }),
    ];
    for (reason, spoil) in bugs {
        let name = format!("session: {reason}");
        let mut of = Session::new(&mut stream(&name));
        spoil(&mut of);
        push(session(GeneratedCase::invalid(&name, reason), &of)?, "t_group_context");
    }

    let own = psk(INFO);
    let after = Session::new(&mut stream("")).after;
    let update_all = full(&after)?;
    let other_epoch = full(&APQInfo { pq_epoch: 4, ..after.clone() })?;
    let other_mode = full(&APQInfo { mode: true, ..after.clone() })?;
    let other_suite = full(&APQInfo { pq_cipher_suite: CipherSuite(0x0051), ..after.clone() })?;
    let removal =
        Proposal::AppDataUpdate(AppDataUpdate { component_id: INFO, op: AppDataUpdateSelect::Remove {} });
    let mut half = epochs(&after)?;
    half.truncate(1);
    half.push(own.clone());
    let mut three = epochs(&after)?;
    three.extend([update_all.clone(), own.clone()]);
    let both = |one: &Proposal| (vec![one.clone(), own.clone()], vec![one.clone()]);
    let fulls: [Broken; 12] = [
        ("no update of the traditional APQInfo", (vec![own.clone()], vec![update_all.clone()])),
        ("no update of the post-quantum APQInfo", (vec![update_all.clone(), own.clone()], vec![])),
        ("one new epoch without the other", (half, vec![update_all.clone()])),
        ("a full update and new epochs", (three, vec![update_all.clone()])),
        ("another epoch than the new one", both(&other_epoch)),
        ("another mode", both(&other_mode)),
        ("another suite", both(&other_suite)),
        ("two different APQInfos", (vec![update_all.clone(), own.clone()], vec![other_epoch.clone()])),
        ("a removal of the APQInfo", (vec![removal, own.clone()], vec![update_all.clone()])),
        ("no PSK", (vec![update_all.clone()], vec![update_all.clone()])),
        ("two PSKs", (vec![update_all.clone(), own.clone(), own.clone()], vec![update_all.clone()])),
        ("a PSK in the post-quantum group", {
            let (t, mut pq) = both(&update_all);
            pq.push(own.clone());
            (t, pq)
        }),
    ];
    for (reason, (t, pq)) in fulls {
        let name = format!("full commit: {reason}");
        let of = Session::new(&mut stream(&name));
        push(full_commit(GeneratedCase::invalid(&name, reason), &of, &t, &pq)?, "t_proposals");
    }
    let name = "full commit: the first one without a full update";
    let mut of = Session::new(&mut stream(name));
    of.before = None;
    let mut t = epochs(&after)?;
    let pq = t.clone();
    t.push(own.clone());
    let reason = "there is no APQInfo whose epochs could change";
    push(full_commit(GeneratedCase::invalid(name, reason), &of, &t, &pq)?, "t_proposals");

    for (reason, proposal) in [
        ("a Remove takes a FULL commit", Proposal::Remove(Remove { removed: 1 })),
        ("a SelfRemove takes a FULL commit", Proposal::SelfRemove(SelfRemove {})),
        (
            "an external join takes a FULL commit",
            Proposal::ExternalInit(ExternalInit { kem_output: vec![1; 32].into() }),
        ),
        ("an update of the APQInfo takes a FULL commit", update_all),
        ("a PSK of the post-quantum group takes a FULL commit", own),
    ] {
        let name = format!("partial commit: {reason}");
        push(partial(GeneratedCase::invalid(&name, reason), &[proposal])?, "t_proposals");
    }
    Ok(cases)
}
