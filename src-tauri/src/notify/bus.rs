//! Notifications of a Linux desktop: one connection to the session bus shows them all and hears every click.
//!
//! A notification may stand for days before somebody clicks it, so nothing waits for any single one: what each leads to is remembered by
//! its id, the oldest is forgotten first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Mutex;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, Variant};

use super::{Follow, Note};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// Most notifications that still lead somewhere.
const MOST_REMEMBERED: usize = 256;

/// Longest that the daemon may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Reason of NotificationClosed: its time on the screen is over. It may still be clicked where the desktop lists old ones.
const EXPIRED: u32 = 1;

/// The person's notification daemon.
#[derive(Clone, Default)]
pub struct Desktop {
    bus: Arc<Mutex<Option<Bus>>>,
}

struct Bus {
    connection: Connection,
    /// Whether the daemon reads `<` and `&` in a body as markup.
    markup: bool,
    paths: Arc<Mutex<Paths>>,
}

impl Desktop {
    /// Shows a notification. `follow` is called with its path when it is clicked, however much later.
    pub async fn show(&self, note: Note, follow: Follow) -> Result<(), String> {
        let shown = async {
            let mut bus = self.bus.lock().await;
            let open = match bus.take().filter(|bus| !bus.connection.is_closed()) {
                Some(open) => open,
                None => Bus::over(Connection::session().await?, follow).await?,
            };
            bus.insert(open).show(&note).await
        };
        match tokio::time::timeout(ANSWER, shown).await {
            Ok(shown) => shown.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the notification daemon did not answer within {} seconds", ANSWER.as_secs())),
        }
    }
}

impl Bus {
    async fn over(connection: Connection, follow: Follow) -> zbus::Result<Self> {
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(NAME).path(PATH).build()?;
        let signals = MessageStream::for_match_rule(rule, &connection, None).await?;
        let paths = Arc::new(Mutex::new(Paths::default()));
        tokio::spawn(listen(signals, paths.clone(), follow));
        let able = connection.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
        let able: Vec<String> = able.body().deserialize()?;
        Ok(Self { connection, markup: able.iter().any(|able| able == "body-markup"), paths })
    }

    async fn show(&self, note: &Note) -> zbus::Result<()> {
        let actions: Vec<&str> = match &note.path {
            Some(_) => vec!["default", &note.open, "open", &note.open],
            None => Vec::new(),
        };
        let body = if self.markup { escaped(&note.body) } else { note.body.clone() };
        let hints = HashMap::from([("desktop-entry", Variant::from("Quarterdeck"))]);
        let request = ("Quarterdeck", 0_u32, "quarterdeck", note.title.as_str(), body.as_str(), actions, hints, -1_i32);
        // Held meanwhile, so that no click is looked up before its notification is known.
        let mut paths = self.paths.lock().await;
        let answer = self.connection.call_method(Some(NAME), PATH, Some(NAME), "Notify", &request).await?;
        let id: u32 = answer.body().deserialize()?;
        if let Some(path) = &note.path {
            paths.put(Shown { daemon: sender(&answer), id }, path);
        }
        Ok(())
    }
}

/// Follows clicks until the connection ends.
async fn listen(mut signals: MessageStream, paths: Arc<Mutex<Paths>>, follow: Follow) {
    while let Some(Ok(signal)) = signals.next().await {
        let header = signal.header();
        match header.member().map(|member| member.as_str()) {
            Some("ActionInvoked") => {
                let Ok((id, action)) = signal.body().deserialize::<(u32, String)>() else { continue };
                let path = paths.lock().await.take(&Shown { daemon: sender(&signal), id });
                if let Some(path) = path.filter(|_| matches!(action.as_str(), "default" | "open")) {
                    follow(&path);
                }
            }
            Some("NotificationClosed") => {
                let Ok((id, reason)) = signal.body().deserialize::<(u32, u32)>() else { continue };
                if reason != EXPIRED {
                    paths.lock().await.take(&Shown { daemon: sender(&signal), id });
                }
            }
            _ => {}
        }
    }
}

fn sender(message: &Message) -> String {
    message.header().sender().map(ToString::to_string).unwrap_or_default()
}

/// A notification on the screen. A daemon that starts anew counts its ids from the beginning, so an id alone could be another program's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    /// Unique name of the daemon on the bus.
    daemon: String,
    id: u32,
}

/// Where each notification leads, the oldest first.
#[derive(Default)]
struct Paths(VecDeque<(Shown, String)>);

impl Paths {
    fn put(&mut self, shown: Shown, path: &str) {
        self.0.retain(|(known, _)| *known != shown);
        if self.0.len() >= MOST_REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((shown, path.to_owned()));
    }

    fn take(&mut self, shown: &Shown) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == shown)?;
        self.0.remove(at).map(|(_, path)| path)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::testing::PrivateBus;

    /// A daemon that shows nothing and answers as the real ones do.
    async fn daemon(bus: &PrivateBus, count: u32) -> (Connection, tokio::task::JoinHandle<Vec<String>>) {
        let connection = bus.connect().await;
        connection.request_name(NAME).await.unwrap();
        let mut calls = MessageStream::from(&connection);
        let answering = connection.clone();
        let answered = tokio::spawn(async move {
            let mut bodies = Vec::new();
            while let Some(Ok(call)) = calls.next().await {
                let header = call.header();
                match header.member().map(|member| member.to_string()).as_deref() {
                    Some("GetCapabilities") => answering.reply(&header, &vec!["actions", "body-markup"]).await.unwrap(),
                    Some("Notify") => {
                        type Request = (String, u32, String, String, String, Vec<String>, HashMap<String, zbus::OwnedVariant>, i32);
                        let request: Request = call.body().deserialize().unwrap();
                        bodies.push(request.4);
                        answering.reply(&header, &(bodies.len() as u32)).await.unwrap();
                        if bodies.len() as u32 == count {
                            break;
                        }
                    }
                    _ => {}
                }
            }
            bodies
        });
        (connection, answered)
    }

    fn note(n: u32) -> Note {
        Note {
            title: "T".to_owned(),
            body: format!("a < b && {n}"),
            path: Some(format!("/commands/{n}")),
            open: "Open".to_owned(),
            identifier: String::new(),
        }
    }

    #[tokio::test]
    async fn every_one_of_many_notifications_can_be_clicked() {
        let Some(bus) = PrivateBus::start() else { return };
        let (daemon, answered) = daemon(&bus, 40).await;
        let (followed, mut paths) = tokio::sync::mpsc::unbounded_channel();
        let follow: Follow = Arc::new(move |path: &str| followed.send(path.to_owned()).unwrap());
        let ours = Bus::over(bus.connect().await, follow).await.unwrap();
        for n in 1..=40 {
            ours.show(&note(n)).await.unwrap();
        }
        assert_eq!(answered.await.unwrap()[0], "a &lt; b &amp;&amp; 1");
        let tell = async |connection: &Connection, member: &str, id: u32, action: &str| {
            connection.emit_signal(None::<&str>, PATH, NAME, member, &(id, action)).await.unwrap();
        };
        // Another program that says so is not the daemon.
        tell(&bus.connect().await, "ActionInvoked", 5, "default").await;
        daemon.emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &(7_u32, 2_u32)).await.unwrap();
        tell(&daemon, "ActionInvoked", 7, "default").await;
        daemon.emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &(1_u32, EXPIRED)).await.unwrap();
        for id in [40, 1, 20] {
            tell(&daemon, "ActionInvoked", id, if id == 20 { "open" } else { "default" }).await;
        }
        for expected in ["/commands/40", "/commands/1", "/commands/20"] {
            let path = tokio::time::timeout(Duration::from_secs(10), paths.recv()).await.unwrap().unwrap();
            assert_eq!(path, expected);
        }
        assert!(paths.try_recv().is_err());
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut paths = Paths::default();
        let shown = |id| Shown { daemon: ":1.5".to_owned(), id };
        for id in 0..=MOST_REMEMBERED as u32 {
            paths.put(shown(id), "/commands");
        }
        assert_eq!(paths.0.len(), MOST_REMEMBERED);
        assert_eq!(paths.take(&shown(0)), None);
        assert!(paths.take(&shown(1)).is_some());
        assert_eq!(paths.take(&Shown { daemon: ":1.9".to_owned(), id: 2 }), None, "an id of another daemon");
    }
}
