//! What every fuzz target does with a peer's bytes. The targets in `targets/` only call these; `tests/it/fuzz.rs` runs the same functions over the
//! committed corpus, so that what once broke a reader is tried by every build.
//!
//! A function here panics when a reader breaks a promise: what was read is written and read back as the same thing, pieces make what the whole
//! makes, and nothing panics by itself.

use qd_model::document::interpolate;
use qd_model::document::parameters::Resolved;
use qd_model::document::plugins::Shell;
use qd_model::document::{Document, convert};
use qd_model::shapes::documents::DocumentFormat;
use qd_model::{Operation, validate};
use qd_wire::data_channel::{DataChannel, Role, Settings, Window as SendWindow};
use qd_wire::payload::*;
use qd_wire::relayed::{Frame, Kind};
use qd_wire::sigv4::chunked::ChunkedDecoder;
use qd_wire::sigv4::{self, Body, RequestParts, SigningKey, canonical};
use qd_wire::smux::Mux;
use qd_wire::{AgentMessage, json11, query};
use serde_json::{Map, Value};

/// What a target does with a peer's bytes.
pub type Target = fn(&[u8]);

/// Every target by the name of its folder under `corpus/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("frame", frame),
    ("relayed", relayed),
    ("payload", payload),
    ("signature", signature),
    ("chunked", chunked),
    ("envelope", envelope),
    ("document", document),
    ("interpolate", interpolation),
    ("input", input),
    ("handshake", handshake),
    ("data_channel", data_channel),
    ("smux", smux),
];

/// A frame of the control channel.
pub fn frame(data: &[u8]) {
    let Ok(message) = AgentMessage::decode(data) else { return };
    let again = AgentMessage::decode(message.encode()).expect("what was decoded encodes to a frame");
    assert_eq!(again, message);
}

/// A frame of a data channel, as the hub passes it on: what it takes is what both ends read.
pub fn relayed(data: &[u8]) {
    let Ok(frame) = Frame::look(data) else { return };
    let _ = (frame.carries(), frame.acknowledged());
    if frame.kind != Kind::Other {
        let message = AgentMessage::decode(data).expect("what is passed on can be read");
        assert_eq!((message.sequence_number, &message.payload[..], message.message_id), (frame.sequence, frame.payload, frame.message_id));
    }
}

fn round_trip<P: Payload + PartialEq + std::fmt::Debug>(data: &[u8]) {
    if let Ok(payload) = P::decode(data) {
        let again = P::decode(&payload.encode()).expect("what was decoded encodes to a payload");
        assert_eq!(again, payload);
    }
}

/// A payload; the first byte says of which message.
pub fn payload(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 13 {
        0 => {
            round_trip::<AgentJob>(data);
            if let Ok(job) = AgentJob::decode(data) {
                let _ = (job.send_command(), job.cancel_command(), job.job_topic());
            }
        }
        1 => {
            round_trip::<AgentJobReply>(data);
            if let Ok(content) = AgentJobReply::decode(data).and_then(|reply| reply.reply_content()) {
                let _ = content.document_status.as_str().len();
            }
        }
        2 => round_trip::<AgentJobAck>(data),
        3 => round_trip::<AgentJobReplyAck>(data),
        4 => round_trip::<OutputChunk>(data),
        5 => round_trip::<OutputAck>(data),
        6 => round_trip::<AgentTaskComplete>(data),
        7 => round_trip::<AgentTaskAcknowledge>(data),
        8 => round_trip::<ChannelClosed>(data),
        9 => {
            let _ = InteractiveShell::decode(data).map(|shell| shell.session());
        }
        10 => {
            let _ = (Acknowledge::decode(data), AgentTelemetry::decode(data));
        }
        11 => {
            let _ = (OpenControlChannel::from_text(data), CreateControlChannelRequest::from_body(data));
        }
        _ => {
            let _ = CreateControlChannelAnswer::from_xml(data);
        }
    }
}

fn key() -> SigningKey {
    SigningKey::derive(&sigv4::Secret::new("secret"), "20261122", "local-1", "ssm")
}

const NOON: &str = "2026-11-22T12:00:00Z";

/// The head of a request: method, path, query and headers, one a line.
pub fn signature(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let [method, path, query] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    for body in [Body::Bytes(b"body"), Body::Unread] {
        let parts = RequestParts { method, path, query, headers: &headers, body };
        if let Ok(presented) = sigv4::parse(&parts) {
            let _ = sigv4::verify_with_key(&presented, &parts, &key(), NOON.parse().expect("a time"), sigv4::DEFAULT_MAX_SKEW);
        }
        // What is signed here is accepted here, whatever the request looks like; a second signature would be another request.
        let credentials = sigv4::Credentials::new("AKIDEXAMPLE", "secret", None);
        let added = sigv4::sign(&parts, &credentials, "local-1", "ssm", NOON.parse().expect("a time"));
        let names = |name: &str| headers.iter().any(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        if matches!(body, Body::Bytes(_))
            && !["authorization", "host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "date"].into_iter().any(names)
        {
            let signed: Vec<(&str, &str)> = headers.iter().copied().chain(added.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect();
            let _ = sigv4::parse(&RequestParts { headers: &signed, ..parts });
        }
    }
    let canonical = canonical::canonical_query(query);
    assert_eq!(canonical::canonical_query(&canonical), canonical, "a canonical query is its own");
    let encoded = canonical::percent_encode(data, false);
    assert_eq!(&*canonical::percent_decode(&encoded), data);
    let _ = canonical::canonical_path(path, "ssm");
}

/// A body in signed or unsigned chunks; the first byte says of which kind, the second how it arrives.
pub fn chunked(data: &[u8]) {
    let [kind, piece, body @ ..] = data else { return };
    let sha256 = ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"];
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/local-1/ssm/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={}",
        "0".repeat(64)
    );
    let headers = [
        ("host", "localhost"),
        ("x-amz-date", "20261122T120000Z"),
        ("x-amz-content-sha256", sha256[usize::from(*kind) % 3]),
        ("authorization", authorization.as_str()),
    ];
    let parts = RequestParts { method: "PUT", path: "/", query: "", headers: &headers, body: Body::Unread };
    let presented = sigv4::parse(&parts).expect("the head is well made");
    let decode = |piece: usize| {
        let mut decoder = ChunkedDecoder::new(&presented, &key()).expect("its body is chunked");
        let mut out = Vec::new();
        for bytes in body.chunks(piece.max(1)) {
            decoder.push(bytes);
            while let Some(chunk) = decoder.next_chunk()? {
                out.extend_from_slice(&chunk);
            }
        }
        decoder.finish().map(|()| (out, decoder.trailers().to_vec()))
    };
    assert_eq!(decode(usize::from(*piece)), decode(usize::MAX), "pieces make what the whole makes");
}

/// The envelopes around operations: targets, errors, forms.
pub fn envelope(data: &[u8]) {
    let _ = query::QueryRequest::parse(data);
    let error = json11::read_error(None, data);
    let again = json11::read_error(None, &json11::error_body(&error.code, &error.message, &Map::new()));
    assert_eq!((again.code, again.message), (error.code, error.message));
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = json11::read_error(Some(text), b"{}");
    if let Some(target) = json11::Target::parse(text) {
        assert_eq!(target.to_string(), text);
    }
}

/// A document; the first byte says in which format.
pub fn document(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (format, other) = match kind % 2 {
        0 => (DocumentFormat::Json, DocumentFormat::Yaml),
        _ => (DocumentFormat::Yaml, DocumentFormat::Json),
    };
    let Ok(document) = Document::parse(text, format) else { return };
    let parameters = Resolved::resolve(&document.parameters, &Default::default()).unwrap_or_default();
    let _ = document.timeout_seconds(&parameters);
    for step in &document.steps {
        let _ = (step.render(&parameters), step.plugin_folder(), step.output_folder());
    }
    // The other format says the same document.
    let converted = convert::convert(text, format, other).expect("what is a document converts");
    let again = Document::parse(&converted, other).unwrap_or_else(|error| panic!("{error:?} in {converted}"));
    assert_eq!(again.plugin_names().collect::<Vec<_>>(), document.plugin_names().collect::<Vec<_>>());
    assert_eq!(again.platform_types(), document.platform_types());
}

/// A template and a value, with a NUL between them.
pub fn interpolation(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (template, value) = text.split_once('\0').unwrap_or((text, "value"));
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    let parameters: Resolved = [("a".to_owned(), value.clone()), ("b".to_owned(), Value::from("{{ a }}"))].into_iter().collect();
    let template = serde_json::from_str(template).unwrap_or_else(|_| Value::from(template));
    let mut names = Vec::new();
    interpolate::each_placeholder(&template, &mut |name| names.push(name.to_owned()));
    let plain = interpolate::plain(&template, &parameters);
    if names.iter().all(|name| name != "a" && name != "b") {
        assert_eq!(plain, template, "what names no parameter stays as it is");
    }
    if let Value::String(text) = &template {
        if interpolate::placeholder(text) == Some("a") {
            assert_eq!(plain, value, "a placeholder alone takes the typed value");
        }
        let references = interpolate::ssm_references(text);
        interpolate::replace_ssm(text, |asked| {
            assert!(references.contains(asked), "what is replaced was named before");
            None
        });
    }
    let marked = parameters.with_environment(["a", "b"]);
    for shell in [None, Some(Shell::Posix), Some(Shell::PowerShell)] {
        let _ = interpolate::value(&template, &marked, shell);
    }
}

/// The input of an operation; the first byte says of which.
pub fn input(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let operations = Operation::ALL;
    let operation = operations[usize::from(*kind) % operations.len()];
    if let Err(refused) = validate::check(operation.input(), &value) {
        assert!(!refused.to_string().is_empty());
    }
}

/// What two ends of a session say before it begins; the first byte says which message.
pub fn handshake(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 6 {
        0 => {
            let Ok(request) = HandshakeRequest::from_payload(data) else { return };
            let _ = request.session_type();
            assert_eq!(HandshakeRequest::from_payload(&request.to_bytes()).expect("what was read is written"), request);
        }
        1 => {
            let Ok(response) = HandshakeResponse::from_payload(data) else { return };
            let _ = response.refusal();
            assert_eq!(HandshakeResponse::from_payload(&response.to_bytes()).expect("what was read is written"), response);
        }
        2 => {
            let _ = (HandshakeComplete::from_payload(data), EncryptionChallenge::from_payload(data));
        }
        3 => {
            let Ok(size) = TerminalSize::from_payload(data) else { return };
            assert_eq!(TerminalSize::from_payload(&size.to_bytes()).expect("what was read is written"), size);
        }
        4 => {
            let Ok(open) = OpenDataChannel::from_text(data) else { return };
            assert_eq!(OpenDataChannel::from_text(open.to_text().as_bytes()).expect("what was read is written"), open);
        }
        _ => round_trip::<AgentSessionState>(data),
    }
}

/// One end of a data channel; the first byte says which. Then pieces: what kind of frame, its number, its payload's type and length, its payload.
pub fn data_channel(data: &[u8]) {
    let Some((role, mut rest)) = data.split_first() else { return };
    let role = if role % 2 == 0 { Role::Client } else { Role::Agent };
    let start = std::time::Instant::now();
    let window = SendWindow { bytes: 4096, messages: 16 };
    let first_id = Default::default();
    let mut channel = DataChannel::new(Settings { role, window, capacity: 4096, first_id, start: (start, 1), fast: true });
    if role == Role::Agent {
        channel.begin("Port", Value::Null, 2, start);
    }
    let mut waiting = 0;
    while let [kind, sequence, payload_type, length, more @ ..] = rest {
        let length = usize::from(*length).min(more.len());
        let (payload, left) = more.split_at(length);
        rest = left;
        let types = qd_wire::MessageType::KNOWN;
        let message_type = types[usize::from(*kind) % types.len()].clone();
        let mut message = AgentMessage::new(message_type, Default::default(), 1, bytes::Bytes::copy_from_slice(payload));
        message.sequence_number = i64::from(*sequence as i8);
        message.payload_type = u32::from(*payload_type);
        let _ = channel.receive(&message.encode(), start);
        for _ in 0..4 {
            let Some(frame) = channel.next_frame(start) else { break };
            AgentMessage::decode(frame).expect("what an end writes is a frame");
        }
        if channel.can_send() {
            channel.send(qd_wire::payload::stream_data::PayloadType::Output, "x".into(), start);
        }
        if kind % 3 == 0 && channel.take().is_some() {
            waiting += 1;
        }
        let _ = (channel.due_at(), channel.wants_frames(), channel.is_drained());
    }
    assert!(waiting <= data.len(), "more comes out than went in");
}

/// Multiplexed connections; the first byte says which version, the second how the bytes arrive.
pub fn smux(data: &[u8]) {
    let [version, piece, bytes @ ..] = data else { return };
    let read = |piece: usize| {
        let mut mux = Mux::server(version % 2 + 1);
        let mut events = Vec::new();
        for part in bytes.chunks(piece.max(1)) {
            match mux.receive(part) {
                Ok(more) => events.extend(more),
                Err(error) => return Err(error),
            }
        }
        Ok(events)
    };
    assert_eq!(read(usize::from(*piece)), read(usize::MAX), "pieces make what the whole makes");
}
