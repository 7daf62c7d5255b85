//! `mimi-provider client …`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};
use mimi_codec::{RoomUri, UserUri, extensions::AppDataDictionary, protocol::ConsentEntry};
use mimi_content::MessageId;
use mimi_provider::{
    Result,
    client::{Client, Says, Verdict, rules},
    config::Config,
    conformance::{Invitation, run},
    engine::JoinCode,
};
use mimi_room::Wishes;

/// A client, and what it does.
#[derive(Args)]
pub(crate) struct ClientArguments {
    /// The client's database.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Register a new client at a provider, and give it KeyPackages.
    Register {
        /// The address of the provider's API for clients, such as 127.0.0.1:8080.
        #[arg(long)]
        provider: SocketAddr,
        /// The file of the provider's registration token.
        #[arg(long, value_name = "FILE")]
        token: PathBuf,
        /// The user, such as mimi://a.example/u/alice.
        user: String,
    },
    /// Give the provider more KeyPackages.
    Publish {
        /// How many.
        #[arg(default_value_t = 10)]
        count: usize,
    },
    /// Let a user add this one to any room.
    Grant {
        /// The user.
        requester: String,
    },
    /// Take such a permission back.
    Revoke {
        /// The user.
        requester: String,
    },
    /// Create a room, and print its URI.
    Create {
        /// Its name.
        name: String,
    },
    /// Add a user to a room.
    Add {
        /// The room.
        room: String,
        /// The user.
        user: String,
    },
    /// Print a code by which one user may join a room that the own provider hosts.
    Code {
        /// The room.
        room: String,
    },
    /// Join a room from outside.
    Join {
        /// The room.
        room: String,
        /// With this code, as a new participant. Without one, as another client of a participant.
        #[arg(long)]
        code: Option<String>,
    },
    /// Send a text, and print its message ID.
    Send {
        /// The room.
        room: String,
        /// The text.
        text: String,
        /// The message that it replies to.
        #[arg(long)]
        reply: Option<String>,
    },
    /// Put another text in the place of an own message.
    Edit {
        /// The room.
        room: String,
        /// The message.
        message: String,
        /// The text.
        text: String,
    },
    /// Take an own message back.
    Delete {
        /// The room.
        room: String,
        /// The message.
        message: String,
    },
    /// React to a message.
    React {
        /// The room.
        room: String,
        /// The message.
        message: String,
        /// The reaction.
        reaction: String,
    },
    /// Encrypt a file, upload it, and send it.
    Attach {
        /// The room.
        room: String,
        /// The file.
        file: PathBuf,
        /// Its media type.
        #[arg(long, default_value = "application/octet-stream")]
        media_type: String,
    },
    /// Download an attached file through the room's hub.
    Download {
        /// The room.
        room: String,
        /// The message.
        message: String,
        /// Where to write it. It must not exist.
        file: PathBuf,
        /// By Oblivious HTTP: the own provider does not learn what is fetched.
        #[arg(long)]
        oblivious: bool,
    },
    /// Take what waits at the provider, and print what happened.
    Sync,
    /// Print the timeline of a room.
    Read {
        /// The room.
        room: String,
    },
    /// Commit to what waits in a room, such as the leaving of others.
    Commit {
        /// The room.
        room: String,
    },
    /// Report a message to the hub.
    Report {
        /// The room.
        room: String,
        /// The message.
        message: String,
        /// What is wrong with it.
        note: String,
    },
    /// Leave a room with all clients of the user.
    Leave {
        /// The room.
        room: String,
    },
}

/// What to test.
#[derive(Args)]
pub(crate) struct ConformanceArguments {
    /// The configuration of the tester, which is a provider itself: the target is among its peers.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The provider, such as https://a.example.
    #[arg(long, value_name = "URL")]
    target: String,
    /// A room of the target, which the tester joins.
    #[arg(long, requires = "code")]
    room: Option<String>,
    /// The join code of the room, in hexadecimal.
    #[arg(long, requires = "room")]
    code: Option<String>,
    /// The role that the code is good for.
    #[arg(long, default_value_t = 2)]
    role: u32,
}

/// Runs the cases.
pub(crate) async fn conformance(arguments: ConformanceArguments) -> Result<()> {
    let ConformanceArguments { config, target, room: uri, code, role } = arguments;
    let invitation = match (uri, code) {
        (Some(uri), Some(code)) => {
            let code = hex::decode(&code).map_err(|why| format!("--code: {why}"))?;
            Some(Invitation { room: room(&uri)?, code, role })
        }
        _ => None,
    };
    let work = tempfile::tempdir()?;
    let cases = run(&Config::read(&config)?, &target, invitation.as_ref(), work.path()).await?;
    for case in &cases {
        println!("{case}");
    }
    let failed = cases.iter().filter(|case| case.failed.is_some()).count();
    println!("{} passed, {failed} failed", cases.len().saturating_sub(failed));
    if failed == 0 { Ok(()) } else { Err("the provider does not conform".into()) }
}

fn room(uri: &str) -> Result<RoomUri> {
    Ok(RoomUri::try_from(uri).map_err(|why| format!("{uri}: {why}"))?)
}

fn user(uri: &str) -> Result<UserUri> {
    Ok(UserUri::try_from(uri).map_err(|why| format!("{uri}: {why}"))?)
}

fn message(id: &str) -> Result<MessageId> {
    let bytes = hex::decode(id).map_err(|why| format!("{id}: {why}"))?;
    Ok(MessageId::try_from(bytes.as_slice()).map_err(|_| format!("{id}: not a message ID"))?)
}

fn tell(verdict: Verdict) -> Result<()> {
    match verdict {
        Verdict::Accepted => Ok(()),
        Verdict::Refused(why) => Err(format!("the hub refuses: {why}").into()),
    }
}

/// Runs a command.
pub(crate) async fn client(arguments: ClientArguments) -> Result<()> {
    let ClientArguments { state, act } = arguments;
    if let Act::Register { provider, token, user: name } = &act {
        let token = std::fs::read_to_string(token).map_err(|why| format!("{}: {why}", token.display()))?;
        let mut client = Client::register(&state, *provider, token.trim(), &user(name)?).await?;
        client.publish(10).await?;
        println!("{}", client.uri());
        return Ok(());
    }
    let mut client = Client::open(&state)?;
    if !matches!(act, Act::Read { .. } | Act::Sync) {
        // What one does rests on what has happened.
        client.sync(0).await?;
    }
    match act {
        Act::Register { .. } => {}
        Act::Publish { count } => client.publish(count).await?,
        Act::Grant { requester } => client.say_consent(&entry(&client, &requester, true)?).await?,
        Act::Revoke { requester } => client.say_consent(&entry(&client, &requester, false)?).await?,
        Act::Create { name } => println!("{}", client.create(&name, &rules()).await?),
        Act::Add { room: uri, user: name } => {
            let role = rules().participant_role;
            tell(client.add(&room(&uri)?, &user(&name)?, role).await?)?;
        }
        Act::Code { room: uri } => {
            let role = rules().participant_role;
            let wanted = JoinCode { role, uses: 1, valid_ms: 24 * 3_600_000 };
            println!("{}", hex::encode(client.join_code(&room(&uri)?, &wanted).await?));
        }
        Act::Join { room: uri, code } => {
            let code = code.map(hex::decode).transpose()?;
            let role = code.as_ref().map(|_| rules().participant_role);
            tell(client.join(&room(&uri)?, role, code.as_deref()).await?)?;
        }
        Act::Send { room: uri, text, reply } => {
            let says = match reply {
                Some(to) => Says::Reply(message(&to)?, text),
                None => Says::Text(text),
            };
            say(&mut client, &uri, says).await?;
        }
        Act::Edit { room: uri, message: id, text } => {
            say(&mut client, &uri, Says::Edit(message(&id)?, text)).await?;
        }
        Act::Delete { room: uri, message: id } => {
            say(&mut client, &uri, Says::Delete(message(&id)?)).await?;
        }
        Act::React { room: uri, message: id, reaction } => {
            say(&mut client, &uri, Says::React(message(&id)?, reaction)).await?;
        }
        Act::Attach { room: uri, file, media_type } => {
            let name = file.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
            let content = std::fs::read(&file).map_err(|why| format!("{}: {why}", file.display()))?;
            say(&mut client, &uri, Says::Attach(media_type, name, content)).await?;
        }
        Act::Download { room: uri, message: id, file, oblivious } => {
            let (uri, id) = (room(&uri)?, message(&id)?);
            let content = if oblivious {
                client.download_obliviously(&uri, &id).await?
            } else {
                client.download(&uri, &id).await?
            };
            let mut out =
                std::fs::File::create_new(&file).map_err(|why| format!("{}: {why}", file.display()))?;
            std::io::Write::write_all(&mut out, &content)?;
        }
        Act::Sync => {
            for happened in client.sync(0).await? {
                println!("{happened}");
            }
        }
        Act::Read { room: uri } => {
            client.sync(0).await?;
            for shown in client.read(&room(&uri)?)? {
                println!("{shown}");
            }
        }
        Act::Commit { room: uri } => tell(client.commit(&room(&uri)?, &Wishes::default()).await?)?,
        Act::Report { room: uri, message: id, note } => {
            tell(client.report(&room(&uri)?, &message(&id)?, &note).await?)?;
        }
        Act::Leave { room: uri } => tell(client.leave(&room(&uri)?).await?)?,
    }
    Ok(())
}

async fn say(client: &mut Client, uri: &str, says: Says) -> Result<()> {
    println!("{}", hex::encode(client.say(&room(uri)?, says).await?.as_bytes()));
    Ok(())
}

fn entry(client: &Client, requester: &str, grants: bool) -> Result<ConsentEntry> {
    let (requester_uri, target_uri) = ((&user(requester)?).into(), client.user().into());
    let (room_id, consent_extensions) = (None, AppDataDictionary::default());
    Ok(if grants {
        let client_key_packages = Vec::new();
        ConsentEntry::Grant { requester_uri, target_uri, room_id, client_key_packages, consent_extensions }
    } else {
        ConsentEntry::Revoke { requester_uri, target_uri, room_id, consent_extensions }
    })
}
