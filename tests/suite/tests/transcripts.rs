//! What real Redis was heard to say, every backend says too; no Redis is needed for that.

use dredis_suite::transcript::Transcript;
use dredis_suite::{Backend, RedisServer, Server, on_every_backend};

on_every_backend!(transcripts_replay);

fn transcripts_replay(backend: Backend) {
    let server = Server::start(backend);
    let wrong: Vec<String> = Transcript::all()
        .iter()
        .filter_map(|transcript| {
            assert!(transcript.requests() > 0, "{} holds no request", transcript.path.display());
            server.client().check("FLUSHALL", "+OK");
            transcript.replay(server.address()).err()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// With `DREDIS_RECORD=1`, records them anew instead.
#[test]
fn transcripts_are_what_redis_says() {
    let Some(redis) = RedisServer::start_or_skip("transcripts against Redis") else { return };
    let record = std::env::var("DREDIS_RECORD").is_ok_and(|value| value == "1");
    for mut transcript in Transcript::all() {
        redis.client().check("FLUSHALL", "+OK");
        if record {
            transcript.record(redis.address());
        } else if let Err(wrong) = transcript.replay(redis.address()) {
            panic!("Redis itself says otherwise:\n{wrong}");
        }
    }
}
