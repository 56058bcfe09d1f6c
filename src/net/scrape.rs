//! A page of text for who scrapes it: GET, HEAD and nothing else, few connections at a time, short requests, and no patience with
//! slow ones. What is shown was found out already; nobody can make the program do anything by asking.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::NetError;
use crate::time::{Clock as _, Instant, SystemClock};

/// Connections that are served at a time; who comes then takes the place of who has been slowest to ask, or waits in the kernel's
/// queue. As many are let in at once at most.
const MOST: usize = 64;
/// How long a place is kept for who has it, however many come: else a crowd would push out whoever does not ask in the same breath.
const GRACE: Duration = Duration::from_millis(200);
/// Bytes of a request: its line and its header.
const MAX_REQUEST: usize = 8192;
/// Header fields of a request.
const MAX_FIELDS: usize = 64;
/// How long a connection may take from its first byte to our last.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one may say nothing.
const IDLE: Duration = Duration::from_secs(1);
/// How often deadlines are looked at, in milliseconds.
const TICK: u16 = 250;
/// The same while somebody may wait for a place.
const SHORT_TICK: u16 = 50;

/// The media types of what is shown.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The page in both formats, which its writer replaces while its readers read.
#[derive(Clone, Debug, Default)]
pub struct ScrapedPage(Arc<Mutex<[Arc<str>; 2]>>);

impl ScrapedPage {
    /// Replaces the page: in the text format of Prometheus, in `OpenMetrics`.
    pub fn set(&self, text: String, open_metrics: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = [text.into(), open_metrics.into()];
    }

    /// In the format that is preferred, and which that is.
    fn get(&self, fields: &[httparse::Header<'_>]) -> (&'static str, Arc<str>) {
        let [text, open_metrics] = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, page) =
            if prefers_open_metrics(fields) { (OPEN_METRICS, open_metrics) } else { (TEXT, text) };
        (kind, Arc::clone(page))
    }
}

/// Who asks names `OpenMetrics`, and likes no less than the text format (RFC 9110 12.5.1).
fn prefers_open_metrics(fields: &[httparse::Header<'_>]) -> bool {
    let accept = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("accept"));
    let lists = accept.filter_map(|field| std::str::from_utf8(field.value).ok());
    let quality = |wanted: &str| {
        let kinds = lists.clone().flat_map(|list| list.split(','));
        kinds.fold(0.0_f32, |best, kind| {
            let mut parts = kind.split(';').map(str::trim);
            if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
                return best;
            }
            let given = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            best.max(given.map_or(1.0, |given| given.parse().unwrap_or(0.0)))
        })
    };
    let open_metrics = quality("application/openmetrics-text");
    open_metrics > 0.0 && open_metrics >= quality("text/plain")
}

/// A port that is open and not yet served.
#[derive(Debug)]
pub struct Scrape {
    listener: TcpListener,
    /// Where it is, with the port that the kernel chose where none was given.
    pub address: SocketAddr,
}

impl Scrape {
    /// Opens the port.
    ///
    /// # Errors
    ///
    /// When the address is not this machine's, or the port is taken.
    pub fn open(address: SocketAddr) -> Result<Self, NetError> {
        let fail = |error| NetError::io("listen on", address.to_string(), error);
        let listener = TcpListener::bind(address).map_err(fail)?;
        listener.set_nonblocking(true).map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        Ok(Self { listener, address })
    }

    /// Serves `page` as `/metrics`, and as `/probe?target=NAME` for each of `targets`, in a thread of its own to the end of the
    /// process. To be called after the process was confined, so that the thread is.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn serve(self, page: ScrapedPage, targets: Vec<String>) -> Result<(), NetError> {
        let name = self.address.to_string();
        let run =
            move || Server { listener: self.listener, page, targets, all: Vec::new(), rests: None }.run();
        let started = std::thread::Builder::new().name("scrape".to_owned()).spawn(run);
        started.map(|_| ()).map_err(|error| NetError::io("serve", &name, error))
    }
}

struct Server {
    listener: TcpListener,
    page: ScrapedPage,
    targets: Vec<String>,
    all: Vec<Connection>,
    /// Nobody is let in until then.
    rests: Option<Instant>,
}

struct Connection {
    stream: TcpStream,
    opened: Instant,
    request: Vec<u8>,
    response: Option<Vec<u8>>,
    written: usize,
}

impl Server {
    fn run(mut self) {
        loop {
            let full = is_full(&mut self.all, SystemClock.now());
            let mut watched: Vec<PollFd<'_>> = self
                .all
                .iter()
                .map(|one| {
                    let wanted = if one.response.is_some() { PollFlags::POLLOUT } else { PollFlags::POLLIN };
                    PollFd::new(one.stream.as_fd(), wanted)
                })
                .collect();
            if !full && self.rests.is_none() {
                watched.push(PollFd::new(self.listener.as_fd(), PollFlags::POLLIN));
            }
            let timeout = if self.all.is_empty() && self.rests.is_none() {
                PollTimeout::NONE
            } else {
                PollTimeout::from(if full { SHORT_TICK } else { TICK })
            };
            // Interrupted by a signal: the other thread sees to it.
            let _ = poll(&mut watched, timeout);
            let now = SystemClock.now();
            let Self { listener, page, targets, all, rests } = &mut self;
            *rests = rests.filter(|until| *until > now);
            all.retain_mut(|one| one.is_patient(now) && one.go_on(page, targets));
            for _ in 0..MOST {
                if rests.is_some() || is_full(all, now) {
                    break;
                }
                match listener.accept() {
                    Ok((stream, _)) if stream.set_nonblocking(true).is_ok() => {
                        let mut one = Connection {
                            stream,
                            opened: now,
                            request: Vec::new(),
                            response: None,
                            written: 0,
                        };
                        // What was asked while it waited is answered before the next could push it out.
                        if one.go_on(page, targets) && make_room(all, page, targets) {
                            all.push(one);
                        }
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => {
                        // No descriptors, or a client that is gone: not at once again.
                        *rests = Some(now.after(Duration::from_millis(u64::from(TICK))));
                        break;
                    }
                }
            }
        }
    }
}

/// Who is pushed out next: who has said nothing before who has begun to ask, and of these who came first. Never who is being
/// answered.
fn slowest(all: &mut [Connection]) -> Option<(usize, &mut Connection)> {
    let asking = all.iter_mut().enumerate().filter(|(_, one)| one.response.is_none());
    asking.min_by_key(|(_, one)| (!one.request.is_empty(), one.opened))
}

/// Nobody can be let in, because nobody may be pushed out yet.
fn is_full(all: &mut [Connection], now: Instant) -> bool {
    all.len() >= MOST && slowest(all).is_none_or(|(_, one)| now < one.opened.after(GRACE))
}

/// Pushes out the slowest until there is room for one; false where there is none.
fn make_room(all: &mut Vec<Connection>, page: &ScrapedPage, targets: &[String]) -> bool {
    while all.len() >= MOST {
        let Some((at, one)) = slowest(all) else { return false };
        // What it said in the meantime counts.
        let before = one.request.len();
        let goes_on = one.go_on(page, targets);
        if !goes_on || (one.response.is_none() && one.request.len() == before) {
            all.remove(at);
        }
    }
    true
}

impl Connection {
    /// It may go on by now.
    fn is_patient(&self, now: Instant) -> bool {
        let patience = if self.request.is_empty() { IDLE } else { PATIENCE };
        now < self.opened.after(patience)
    }

    /// Reads or writes as much as can be; false when it is done.
    fn go_on(&mut self, page: &ScrapedPage, targets: &[String]) -> bool {
        if self.response.is_none() {
            let mut buffer = [0; 2048];
            loop {
                match self.stream.read(&mut buffer) {
                    Ok(0) => return false,
                    Ok(count) => self.request.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(_) => return false,
                }
                if self.request.len() > MAX_REQUEST {
                    break;
                }
            }
            self.response = answer(&self.request, page, targets);
        }
        let Some(response) = &self.response else { return true };
        while let Some(rest) = response.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => return false,
                Ok(count) => self.written = self.written.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        false
    }
}

/// Text of a query, as scrapers encode it (RFC 3986 2.1).
fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            None => bytes.extend([b"%", part.as_bytes()].concat()),
        }
    }
    bytes
}

/// The response to a request; none while it is not yet whole.
fn answer(request: &[u8], page: &ScrapedPage, targets: &[String]) -> Option<Vec<u8>> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let mut kind = TEXT;
    let (status, body): (&str, Arc<str>) = match parsed.parse(request) {
        Ok(httparse::Status::Partial) if request.len() <= MAX_REQUEST => return None,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            ("431 Request Header Fields Too Large", "the request is too long\n".into())
        }
        Err(_) => ("400 Bad Request", "this is no request of HTTP\n".into()),
        Ok(httparse::Status::Complete(_)) if !matches!(parsed.method, Some("GET" | "HEAD")) => {
            ("405 Method Not Allowed", "only GET and HEAD are answered\n".into())
        }
        Ok(httparse::Status::Complete(_)) => {
            let path = parsed.path.unwrap_or_default();
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let target = query.split('&').find_map(|pair| pair.strip_prefix("target=")).map(decoded);
            let is_watched =
                target.is_some_and(|target| targets.iter().any(|name| name.as_bytes() == target));
            match path {
                "/probe" if !is_watched => ("404 Not Found", "no such target is watched here\n".into()),
                "/metrics" | "/probe" => {
                    let (preferred, page) = page.get(parsed.headers);
                    kind = preferred;
                    ("200 OK", page)
                }
                _ => ("404 Not Found", "there is /metrics and nothing else\n".into()),
            }
        }
    };
    let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         {allow}Connection: close\r\n\r\n",
        body.len()
    );
    // HEAD gets what stands above the text alone, and how long that would be.
    let body = if parsed.method == Some("HEAD") { "" } else { &*body };
    Some([head.as_bytes(), body.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(request: &[u8]) -> Option<String> {
        let page = ScrapedPage::default();
        page.set("up 1\n".to_owned(), "up 1\n# EOF\n".to_owned());
        let text = String::from_utf8(answer(request, &page, &["eth0".to_owned()])?).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        let status = head.split(' ').nth(1).unwrap().to_owned();
        assert_eq!(status == "200", body == "up 1\n");
        Some(status)
    }

    #[test]
    fn only_what_is_there_is_given() {
        let get = |path: &str| status(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(get("/metrics"), "200");
        assert_eq!(get("/probe?target=eth0"), "200");
        assert_eq!(get("/probe?target=eth1"), "404");
        assert_eq!(get("/probe?module=x&target=e%74h0"), "200");
        assert_eq!(get("/probe?target=e%7h0"), "404");
        assert_eq!(get("/probe"), "404");
        assert_eq!(get("/"), "404");
        let page = ScrapedPage::default();
        page.set("up 1\n".to_owned(), "up 1\n# EOF\n".to_owned());
        let head = answer(b"HEAD /metrics HTTP/1.1\r\n\r\n", &page, &[]).unwrap();
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
        assert!(head.contains("Content-Length: 5\r\n"), "{head}");
        assert_eq!(status(b"POST /metrics HTTP/1.1\r\n\r\n").unwrap(), "405");
        assert_eq!(status(b"GET /metrics HTTP/1.1\r\nHost: x\r\n"), None);
        assert_eq!(status(b"\x16\x03\x01\0\r\n\r\n").unwrap(), "400");
        assert_eq!(status(&[b"GET /", [b'a'; MAX_REQUEST].as_slice()].concat()).unwrap(), "431");
        let many = "A: b\r\n".repeat(MAX_FIELDS + 1);
        assert_eq!(status(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).unwrap(), "431");
    }

    #[test]
    fn the_format_is_the_one_that_is_asked_for() {
        let page = ScrapedPage::default();
        page.set("text".to_owned(), "open".to_owned());
        // What Prometheus 2, one without OpenMetrics, Prometheus 3 told to prefer text, browsers, curl and none at all say.
        for (accept, open) in [
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true,
            ),
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", false),
            ("text/plain;version=0.0.4;q=0.6, application/openmetrics-text;version=1.0.0;q=0.5", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("*/*", false),
            ("application/openmetrics-text; q=0", false),
            ("application/openmetrics-text; q=much", false),
            ("", false),
        ] {
            let request = format!("GET /metrics HTTP/1.1\r\nHost: x\r\naccept: {accept}\r\n\r\n");
            let told = String::from_utf8(answer(request.as_bytes(), &page, &[]).unwrap()).unwrap();
            let (kind, body) = if open { (OPEN_METRICS, "open") } else { (TEXT, "text") };
            assert!(told.contains(&format!("\r\nContent-Type: {kind}\r\n")), "{accept}: {told}");
            assert!(told.ends_with(&format!("\r\n\r\n{body}")), "{accept}: {told}");
        }
    }

    #[test]
    fn the_idle_do_not_keep_others_waiting() {
        let page = ScrapedPage::default();
        page.set("up 1\n".to_owned(), "up 1\n# EOF\n".to_owned());
        let scrape = Scrape::open(([127, 0, 0, 1], 0).into()).unwrap();
        let address = scrape.address;
        scrape.serve(page, Vec::new()).unwrap();
        // More than are served at a time, and no more than the kernel keeps.
        let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(IDLE.checked_mul(3).unwrap())).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.ends_with("\r\n\r\nup 1\n"), "{text}");
        drop(idle);
    }

    /// A page that is served, and where.
    fn serve() -> SocketAddr {
        let page = ScrapedPage::default();
        page.set("up 1\n".to_owned(), "up 1\n# EOF\n".to_owned());
        let scrape = Scrape::open(([127, 0, 0, 1], 0).into()).unwrap();
        let address = scrape.address;
        scrape.serve(page, Vec::new()).unwrap();
        address
    }

    /// A client dawdles.
    #[allow(clippy::disallowed_methods, reason = "time that a scraper lets pass is what is tested")]
    fn pass(time: Duration) {
        std::thread::sleep(time);
    }

    fn answered(mut stream: TcpStream) -> bool {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).is_ok_and(|_| text.ends_with("\r\n\r\nup 1\n"))
    }

    #[test]
    fn newcomers_who_say_nothing_do_not_push_out_who_has_begun_to_ask() {
        let address = serve();
        let mut half = TcpStream::connect(address).unwrap();
        half.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
        pass(GRACE.saturating_mul(2));
        let idle: Vec<TcpStream> = (0..MOST + 20).map(|_| TcpStream::connect(address).unwrap()).collect();
        pass(GRACE.saturating_mul(2));
        let _ = half.write_all(b"\r\n");
        assert!(answered(half));
        drop(idle);
    }

    #[test]
    fn a_flood_does_not_starve_who_asks_a_moment_later() {
        let address = serve();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let flood = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let mut kept = std::collections::VecDeque::new();
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    kept.extend(TcpStream::connect_timeout(&address, GRACE));
                    if kept.len() > 200 {
                        kept.pop_front();
                    }
                }
            }
        });
        pass(GRACE);
        let all = (0..3).all(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            pass(Duration::from_millis(20));
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n");
            answered(stream)
        });
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        flood.join().unwrap();
        assert!(all);
    }

    #[test]
    fn who_has_asked_is_answered_rather_than_pushed_out() {
        let page = ScrapedPage::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (mut asking, mut all) = (Vec::new(), Vec::new());
        for _ in 0..MOST {
            asking.push(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            let opened = SystemClock.now();
            all.push(Connection { stream, opened, request: Vec::new(), response: None, written: 0 });
        }
        let now = SystemClock.now();
        assert!(is_full(&mut all, now) && !is_full(&mut all, now.after(GRACE)));
        // The first has asked since it was read last; the second says nothing.
        let mut first = asking.remove(0);
        first.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
        assert!(make_room(&mut all, &page, &[]));
        let mut text = String::new();
        first.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    }

    #[test]
    fn scrapers_are_served_and_the_slow_do_not_keep_others_waiting() {
        let page = ScrapedPage::default();
        page.set("up 1\n".to_owned(), "up 1\n# EOF\n".to_owned());
        let scrape = Scrape::open(([127, 0, 0, 1], 0).into()).unwrap();
        let address = scrape.address;
        scrape.serve(page.clone(), Vec::new()).unwrap();
        let slow: Vec<TcpStream> = (0..MOST - 1)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(b"GET /met").unwrap();
                stream
            })
            .collect();
        let get = || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        };
        assert!(get().ends_with("\r\n\r\nup 1\n"));
        page.set("up 0\n".to_owned(), String::new());
        assert!(get().ends_with("\r\n\r\nup 0\n"));
        // Whoever does not go on is dropped.
        for mut stream in slow {
            assert!(matches!(stream.read(&mut [0; 9]), Ok(0) | Err(_)));
        }
    }
}
