//! The story: three providers as processes, their clients, and what each of them has stored in the
//! end.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use mimi_codec::{RoomUri, UserUri, extensions::AppDataDictionary, protocol::ConsentEntry};
use mimi_room::Wishes;

use crate::{
    Result,
    client::{Client, Says, Verdict, rules},
    config::Config,
    engine::JoinCode,
    store::{Store as _, Table},
    testbed::{Ca, REGISTRATION_TOKEN, Site, free_address},
};

const DOMAINS: [&str; 3] = ["a.example", "b.example", "c.example"];

/// How often the demo looks whether something has arrived, and for how long at most.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 1200;

/// A provider's process. It is killed when the value is dropped.
struct Process {
    child: Child,
    clients: SocketAddr,
}

impl Process {
    fn start(program: &Path, config: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "--log", "error", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut clients = None;
        for line in BufReader::new(output).lines() {
            let line = line?;
            match line.split_once(' ') {
                Some(("clients", address)) => clients = Some(address.parse()?),
                _ if line == "ready" => break,
                _ => {}
            }
        }
        let mut process = Self { child, clients: SocketAddr::from(([127, 0, 0, 1], 0)) };
        process.clients = clients.ok_or("a provider has not started")?;
        Ok(process)
    }

    /// As `kill -9` does.
    fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The stage: a temporary folder, its authority and providers.
struct Stage {
    folder: tempfile::TempDir,
    sites: Vec<Site>,
    configs: Vec<PathBuf>,
    processes: Vec<Process>,
    program: PathBuf,
    /// The schemas of the providers, if they store in PostgreSQL.
    schemas: Option<Schemas>,
}

/// Schemas of a server, which are dropped with the value.
struct Schemas {
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "there is none"))]
    server: String,
    names: Vec<String>,
}

#[cfg(feature = "postgres")]
impl Schemas {
    /// A schema of its own for each site.
    fn make(server: &str, sites: &mut [Site]) -> Result<Self> {
        use crate::store::PostgresStore;
        let mut schemas = Self { server: server.to_owned(), names: Vec::new() };
        for site in sites {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(|why| why.to_string())?;
            let name = format!("demo_{}", hex::encode(random));
            apart(|| Ok(PostgresStore::make_schema(server, &name)?))?;
            site.database = format!("postgres = {:?}", PostgresStore::in_schema(server, &name)?);
            schemas.names.push(name);
        }
        Ok(schemas)
    }
}

#[cfg(not(feature = "postgres"))]
impl Schemas {
    fn make(_: &str, _: &mut [Site]) -> Result<Self> {
        Err("the program was built without the feature `postgres`".into())
    }
}

impl Drop for Schemas {
    fn drop(&mut self) {
        for _name in &self.names {
            #[cfg(feature = "postgres")]
            let _ = apart(|| Ok(crate::store::PostgresStore::drop_schema(&self.server, _name)?));
        }
    }
}

/// Runs what waits for a database on a thread of its own.
fn apart<T: Send>(function: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let run = || function().map_err(|why| why.to_string());
    let result = std::thread::scope(|scope| scope.spawn(run).join());
    Ok(result.map_err(|_| "a thread has failed")??)
}

impl Stage {
    fn build(program: PathBuf, postgres: Option<&str>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let ca = Ca::new()?;
        let mut sites = Vec::new();
        for domain in DOMAINS {
            sites.push(Site::create(&ca, folder.path(), domain, free_address(Ipv4Addr::LOCALHOST)?)?);
        }
        let schemas = postgres.map(|server| Schemas::make(server, &mut sites)).transpose()?;
        let configs = sites.iter().map(|site| site.configure(&sites, "")).collect::<Result<Vec<_>>>()?;
        let processes = configs.iter().map(|config| Process::start(&program, config));
        let processes = processes.collect::<Result<_>>()?;
        Ok(Self { folder, sites, configs, processes, program, schemas })
    }

    fn process(&mut self, place: usize) -> Result<&mut Process> {
        Ok(self.processes.get_mut(place).ok_or("no such provider")?)
    }

    fn restart(&mut self, place: usize) -> Result<SocketAddr> {
        let config = self.configs.get(place).ok_or("no such provider")?;
        let started = Process::start(&self.program, config)?;
        let clients = started.clients;
        *self.process(place)? = started;
        Ok(clients)
    }

    async fn client(&mut self, place: usize, user: &str, file: &str) -> Result<Client> {
        let domain = DOMAINS.get(place).ok_or("no such provider")?;
        let user = UserUri::try_from(format!("mimi://{domain}/u/{user}").as_str())?;
        let (path, provider) = (self.folder.path().join(file), self.process(place)?.clients);
        let mut client = Client::register(&path, provider, REGISTRATION_TOKEN, &user).await?;
        client.publish(4).await?;
        Ok(client)
    }
}

async fn grant(client: &Client, requester: &UserUri) -> Result<()> {
    client
        .say_consent(&ConsentEntry::Grant {
            requester_uri: requester.into(),
            target_uri: client.user().into(),
            room_id: None,
            client_key_packages: Vec::new(),
            consent_extensions: AppDataDictionary::default(),
        })
        .await
}

/// Takes what has come in until something is so.
async fn until(client: &mut Client, mut is_so: impl FnMut(&Client) -> bool) -> Result<()> {
    for _ in 0..LOOKS {
        client.sync(0).await?;
        if is_so(client) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err("what the story waits for has not happened".into())
}

fn accepted(verdict: Verdict) -> Result<()> {
    match verdict {
        Verdict::Accepted => Ok(()),
        Verdict::Refused(why) => Err(format!("the hub refuses: {why}").into()),
    }
}

/// Where the story is told.
struct Teller<'w> {
    out: &'w mut (dyn Write + Send),
}

impl Teller<'_> {
    fn act(&mut self, words: &str) -> Result<()> {
        Ok(writeln!(self.out, "\n{words}")?)
    }

    fn line(&mut self, words: impl std::fmt::Display) -> Result<()> {
        Ok(writeln!(self.out, "    {words}")?)
    }

    fn timeline(&mut self, whose: &str, client: &Client, room: &RoomUri) -> Result<()> {
        self.line(format!("{whose} reads:"))?;
        for shown in client.read(room)? {
            let text = shown.text.as_deref().unwrap_or("(deleted)");
            let edited = if shown.is_edited { " (edited)" } else { "" };
            let reactions: String = shown.reactions.iter().map(|it| format!(" [{it}]")).collect();
            self.line(format!("  {}: {text}{edited}{reactions}", shown.sender))?;
        }
        Ok(())
    }
}

/// Plays the story. `program` is this program, which runs the providers: on SQLite, or in schemas
/// of their own on the PostgreSQL server with these parameters.
///
/// # Errors
/// If the story takes another course.
pub async fn play(program: PathBuf, postgres: Option<&str>, out: &mut (dyn Write + Send)) -> Result<()> {
    let mut teller = Teller { out };
    teller.act("Three providers start, each a process with its own certificate, keys and database")?;
    let mut stage = Stage::build(program, postgres)?;
    for site in &stage.sites {
        let (domain, address) = (&site.domain, site.address);
        teller.out.write_all(format!("    https://{domain} on {address}\n").as_bytes())?;
    }
    let mut alice = stage.client(0, "alice", "alice").await?;
    let mut bob = stage.client(1, "bob", "bob").await?;
    let mut cathy = stage.client(2, "cathy", "cathy").await?;
    let role = rules().participant_role;

    teller.act("Alice creates the clubhouse; her provider a.example is its hub")?;
    let room = alice.create("clubhouse", &rules()).await?;
    teller.line(&room)?;

    teller.act("She wants to add Bob, who has not consented: b.example gives no KeyPackages")?;
    match alice.add(&room, &bob.user().clone(), role).await {
        Err(why) => teller.line(why)?,
        Ok(_) => return Err("Bob was added without consent".into()),
    }
    grant(&bob, alice.user()).await?;
    grant(&cathy, bob.user()).await?;
    teller.act("Bob consents, and Alice adds him; Bob adds Cathy")?;
    accepted(alice.add(&room, &bob.user().clone(), role).await?)?;
    until(&mut bob, |it| it.room(&room).is_ok()).await?;
    accepted(bob.add(&room, &cathy.user().clone(), role).await?)?;
    until(&mut cathy, |it| it.room(&room).is_ok()).await?;
    teller.line(format!("Cathy is in epoch {}", cathy.room(&room)?.epoch()))?;

    teller.act("They talk: an edit, a reaction, a file that goes through the hub")?;
    let hello = cathy.say(&room, Says::Text("Helo, clubhouse".to_owned())).await?;
    cathy.say(&room, Says::Edit(hello, "Hello, clubhouse".to_owned())).await?;
    until(&mut alice, |it| it.read(&room).is_ok_and(|it| it.iter().any(|it| it.is_edited))).await?;
    alice.say(&room, Says::React(hello, "\u{1f44b}".to_owned())).await?;
    let notes = b"The tea is in the left cupboard".to_vec();
    let file = Says::Attach("text/plain".to_owned(), "tea.txt".to_owned(), notes.clone());
    let file = cathy.say(&room, file).await?;
    until(&mut bob, |it| it.read(&room).is_ok_and(|it| it.iter().any(|it| it.id == file))).await?;
    if bob.download(&room, &file).await? != notes {
        return Err("the file is another one".into());
    }
    teller.timeline("Bob", &bob, &room)?;

    teller
        .act("c.example is killed with SIGKILL. The others go on; what is for it waits on disk at the hub")?;
    stage.process(2)?.kill()?;
    alice.say(&room, Says::Text("Where is Cathy?".to_owned())).await?;
    bob.say(&room, Says::Text("She will be back".to_owned())).await?;
    teller.act("It starts again on its database, and gets what it has missed, once and in order")?;
    cathy.moved(stage.restart(2)?)?;
    until(&mut cathy, |it| it.read(&room).is_ok_and(|it| it.len() == 4)).await?;
    teller.timeline("Cathy", &cathy, &room)?;

    teller.act("The hub itself is killed and starts again. Its earlier franks hold: Bob's report of Cathy's message is proven")?;
    stage.process(0)?.kill()?;
    alice.moved(stage.restart(0)?)?;
    bob.report(&room, &hello, "too cheerful").await?;

    teller.act(
        "Dave joins by a code, and Bob with a second client; then Bob leaves, and Alice commits to it",
    )?;
    let mut dave = stage.client(2, "dave", "dave").await?;
    let code = alice.join_code(&room, &JoinCode { role, uses: 1, valid_ms: 60_000 }).await?;
    accepted(dave.join(&room, Some(role), Some(&code)).await?)?;
    let mut second = stage.client(1, "bob", "bob-2").await?;
    accepted(second.join(&room, None, None).await?)?;
    let epoch = second.room(&room)?.epoch();
    until(&mut bob, |it| it.room(&room).is_ok_and(|it| it.epoch() == epoch)).await?;
    until(&mut alice, |it| it.room(&room).is_ok_and(|it| it.epoch() == epoch)).await?;
    accepted(bob.leave(&room).await?)?;
    until(&mut alice, |it| it.room(&room).is_ok_and(|it| !it.waiting().is_empty())).await?;
    accepted(alice.commit(&room, &Wishes::default()).await?)?;
    until(&mut bob, |it| it.room(&room).is_err()).await?;
    until(&mut second, |it| it.room(&room).is_err()).await?;
    let epoch = alice.room(&room)?.epoch();
    until(&mut dave, |it| it.room(&room).is_ok_and(|it| it.epoch() == epoch)).await?;
    until(&mut cathy, |it| it.room(&room).is_ok_and(|it| it.epoch() == epoch)).await?;
    let members: Vec<String> =
        alice.room(&room)?.members().iter().map(|(_, member)| member.user.to_string()).collect();
    teller.line(format!("in epoch {epoch} are {}", members.join(", ")))?;

    teller.act("What each of them has stored, now that nothing waits")?;
    // The last deliveries are deleted after the other side has taken them.
    let stored = |stage: &Stage| -> Result<Vec<Vec<(Table, usize)>>> {
        stage.configs.iter().map(|config| counts(config)).collect()
    };
    let mut all = stored(&stage)?;
    for _ in 0..LOOKS {
        if all.iter().flatten().all(|(table, _)| *table != Table::Outbox) {
            break;
        }
        tokio::time::sleep(LOOK).await;
        all = stored(&stage)?;
    }
    for (site, counts) in stage.sites.iter().zip(&all) {
        let counts: Vec<String> =
            counts.iter().map(|(table, count)| format!("{} {count}", table.name())).collect();
        teller.out.write_all(format!("    {}: {}\n", site.domain, counts.join(", ")).as_bytes())?;
    }
    let [hub, follower, ..] = all.as_slice() else { return Err("three providers".into()) };
    let count = |of: &[(Table, usize)], table| of.iter().find(|(it, _)| *it == table).map_or(0, |(_, n)| *n);
    let expected = [
        (count(hub, Table::Rooms), 1),
        (count(hub, Table::Reports), 1),
        (count(hub, Table::Outbox), 0),
        (count(follower, Table::Rooms), 0),
    ];
    if expected.iter().any(|(found, expected)| found != expected) {
        return Err(format!("the databases hold something else: {expected:?}").into());
    }
    stage.processes.clear();
    drop(stage.schemas.take());
    drop(stage);
    teller.act("The processes have ended, and the folder is gone")
}

/// How many rows the tables of a provider have, those without rows left out.
fn counts(config: &Path) -> Result<Vec<(Table, usize)>> {
    let config = Config::read(config)?;
    apart(|| {
        let mut store = config.open_store()?;
        let mut counts = Vec::new();
        for table in Table::ALL.iter().filter(|it| **it != Table::Versions) {
            let rows = store.scan(*table, b"", b"", usize::MAX)?.len();
            if rows > 0 {
                counts.push((*table, rows));
            }
        }
        Ok(counts)
    })
}
