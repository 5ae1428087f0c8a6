use qd_store::table::output_chunks::{self, Chunk, OutputKey};
use qd_store::testing::TestDatabase;
use qd_store::{ErrorCode, Store, on_both_engines};

on_both_engines! { pieces_are_taken_once_and_in_order, a_large_output_is_kept_whole, old_ones_are_pruned_by_age_and_size, any_bytes_are_kept }

fn key(command: &str, stream: &str) -> OutputKey {
    OutputKey { command_id: command.into(), instance_id: "mi-1".into(), step: "step".into(), stream: stream.into() }
}

async fn append(store: &Store, key: &OutputKey, offset: u64, raw: impl Into<Vec<u8>>, now: i64) -> i64 {
    let (key, chunk) = (key.clone(), Chunk::new(offset, raw.into()).unwrap());
    store.write(move |tx| output_chunks::append(tx, &key, &chunk, now)).await.unwrap()
}

async fn read(store: &Store, key: &OutputKey, offset: u64, limit: usize) -> Vec<u8> {
    let key = key.clone();
    store.read(move |tx| output_chunks::read(tx, &key, offset, limit)).await.unwrap()
}

async fn pieces_are_taken_once_and_in_order(database: TestDatabase) {
    let store = database.open().await;
    let out = key("c", "stdout");
    assert_eq!(append(&store, &out, 0, "hello ", 10).await, 6);
    assert_eq!(append(&store, &out, 0, "hello ", 11).await, 6, "a repeat changes nothing");
    assert_eq!(append(&store, &out, 9, "later", 12).await, 6, "a gap is not taken");
    assert_eq!(append(&store, &out, 3, "lo world", 13).await, 11, "an overlap adds what is new");
    assert_eq!(append(&store, &out, 2, "xx", 14).await, 11);
    assert_eq!(append(&store, &out, 11, "", 14).await, 11);
    assert_eq!(read(&store, &out, 0, 100).await, b"hello world");
    assert_eq!(read(&store, &out, 4, 5).await, b"o wor");
    assert_eq!((read(&store, &out, 11, 5).await, read(&store, &out, u64::MAX, 5).await), (vec![], vec![]));
    assert_eq!(append(&store, &key("c", "stderr"), 0, "oops", 15).await, 4);
    let finished = out.clone();
    let early = out.clone();
    assert_eq!(store.write(move |tx| output_chunks::finish(tx, &early, 12, 20)).await.unwrap(), 11, "an end beyond a gap is not taken");
    assert_eq!(store.write(move |tx| output_chunks::finish(tx, &finished, 11, 20)).await.unwrap(), 11);
    assert_eq!(append(&store, &out, 11, "too late", 21).await, 11, "a finished output takes no more");
    let outputs = store.read(|tx| output_chunks::of_invocation(tx, "c", "mi-1")).await.unwrap();
    let known: Vec<_> = outputs.iter().map(|output| (output.key.stream.as_str(), output.total_bytes, output.complete)).collect();
    assert_eq!(known, [("stderr", 4, false), ("stdout", 11, true)]);
    assert_eq!((outputs[1].started_at, outputs[1].updated_at), (10, 20));
    let silent = key("c", "nothing");
    assert_eq!(store.write(move |tx| output_chunks::finish(tx, &silent, 0, 20)).await.unwrap(), 0);
    assert_eq!(store.read(|tx| output_chunks::get(tx, &key("c", "nothing"))).await.unwrap(), None, "an empty output needs no row");
}

async fn any_bytes_are_kept(database: TestDatabase) {
    let store = database.open().await;
    let out = key("c", "stdout");
    let raw: Vec<u8> = (0..=255).chain([0, 0xc3, 0x28, 0xff]).collect();
    append(&store, &out, 0, raw.clone(), 1).await;
    assert_eq!(read(&store, &out, 0, 1000).await, raw);
    assert_eq!(Chunk::new(0, vec![0; output_chunks::MAX_CHUNK + 1]).unwrap_err().code, ErrorCode::Constraint);
    assert_eq!(Chunk::new(u64::MAX, vec![0]).unwrap_err().code, ErrorCode::Constraint);
}

async fn a_large_output_is_kept_whole(database: TestDatabase) {
    let store = database.open().await;
    let out = key("c", "stdout");
    let whole: Vec<u8> = (0..1_000_000_u32).flat_map(|line| format!("line {line:>9}\n").into_bytes()).collect();
    let mut offset = 0;
    for piece in whole.chunks(600_001) {
        assert_eq!(append(&store, &out, offset, piece, 1).await, (offset + piece.len() as u64) as i64);
        offset += piece.len() as u64;
    }
    assert_eq!(offset as usize, whole.len());
    assert!(read(&store, &out, 0, usize::MAX).await == whole);
    for (from, length) in [(599_999, 5), (1_200_001, 700_000), (whole.len() - 3, 10)] {
        let end = whole.len().min(from + length);
        assert!(read(&store, &out, from as u64, length).await == whole[from..end]);
    }
    let kept = store.read(output_chunks::kept_bytes).await.unwrap();
    assert!(kept > 0 && kept < whole.len() as i64 / 3, "{kept} bytes kept");
}

async fn old_ones_are_pruned_by_age_and_size(database: TestDatabase) {
    let store = database.open().await;
    for (index, command) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        append(&store, &key(command, "stdout"), 0, "x", 100 * (index as i64 + 1)).await;
    }
    let each = store.read(output_chunks::kept_bytes).await.unwrap() / 5;
    let prune = |before, bytes, limit| store.write(move |tx| output_chunks::prune(tx, before, bytes, limit));
    assert_eq!(prune(0, i64::MAX, 10).await.unwrap(), 0);
    assert_eq!(prune(250, i64::MAX, 1).await.unwrap(), 1, "no more than the limit at once");
    assert_eq!(prune(250, i64::MAX, 10).await.unwrap(), 1);
    assert_eq!(read(&store, &key("b", "stdout"), 0, 1).await, b"");
    assert_eq!(prune(0, each * 2, 10).await.unwrap(), 1);
    assert_eq!((read(&store, &key("c", "stdout"), 0, 1).await, read(&store, &key("d", "stdout"), 0, 1).await), (vec![], b"x".to_vec()));
    assert_eq!(store.write(|tx| output_chunks::delete_of_command(tx, "d", 10)).await.unwrap(), 1);
    assert_eq!(store.read(output_chunks::kept_bytes).await.unwrap(), each);
    assert_eq!(append(&store, &key("d", "stdout"), 0, "again", 900).await, 5);
}
