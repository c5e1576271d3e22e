//! Commands on values that are large beside the memory that a command may take: with bounds so low that some hundred elements
//! cross them, replies and values are those of a server that does everything at once, and commits stay small.

mod common;

use common::{Fixture, show};
use dredis_commands::Reply;
use dredis_data::{MemoryBounds, Random};

/// Bounds that are crossed again and again.
const LOW: MemoryBounds =
    MemoryBounds { waiting_bytes: 4_000, sorted_bytes: 1_500, removed_in_place: 20, cached_bytes: 1 << 20 };
/// A commit within those bounds: what may wait, what was added to it before it was looked at again, and as much once more for
/// what waited before.
const COMMIT_BYTES_MAX: u64 = 16_000;

/// First bytes of record keys.
const GARBAGE: u8 = 0x12;
const SEGMENT: u8 = 0x20;

/// A server with low bounds and one without, which are given the same requests.
struct Pair {
    bounded: Fixture,
    free: Fixture,
}

impl Pair {
    fn new() -> Pair {
        Pair::of([Fixture::new(), Fixture::new()])
    }

    fn of([mut bounded, mut free]: [Fixture; 2]) -> Pair {
        bounded.store.set_memory_bounds(LOW);
        for server in [&mut bounded, &mut free] {
            server.host.packed_limits.list_size = 8;
            server.host.packed_limits.zset_entries = 4;
            server.host.packed_limits.set_intset_entries = 4;
        }
        Pair { bounded, free }
    }

    /// Another pair that has what this one has.
    fn copy(&self) -> Pair {
        Pair::of([&self.bounded, &self.free].map(|server| Fixture::on(server.backend.snapshot())))
    }

    /// Runs a request on both; their reply, which has to be the same.
    #[track_caller]
    fn run(&mut self, request: &str) -> Reply {
        let (bounded, free) = (self.bounded.run(request), self.free.run(request));
        assert!(show(&bounded) == show(&free), "{request}: {} instead of {}", show(&bounded), show(&free));
        bounded
    }

    /// The same for a request that is to be done in several commits by one server, and in one by the other.
    #[track_caller]
    fn run_in_parts(&mut self, request: &str) -> Reply {
        self.free.counts.take_commit_bytes_max();
        let reply = self.run_in_small_commits(request);
        let otherwise = self.free.counts.take_commit_bytes_max();
        assert!(otherwise > COMMIT_BYTES_MAX, "{request}: all in one is {otherwise} bytes");
        reply
    }

    /// The same for a request that one server does by copying what stays, and the other in place.
    #[track_caller]
    fn run_by_copying(&mut self, request: &str) -> Reply {
        self.sweep(request);
        let reply = self.run_in_small_commits(request);
        let waiting = [&self.bounded, &self.free].map(|server| server.backend.count(GARBAGE));
        assert_eq!(waiting, [1, 0], "{request}: objects that have become garbage");
        reply
    }

    #[track_caller]
    fn run_in_small_commits(&mut self, request: &str) -> Reply {
        self.bounded.counts.take_commit_bytes_max();
        let reply = self.run(request);
        let largest = self.bounded.counts.take_commit_bytes_max();
        assert!(largest <= COMMIT_BYTES_MAX, "{request}: a commit of {largest} bytes");
        reply
    }

    /// Sweeps both; there is no more in the one than in the other, and no garbage.
    fn sweep(&mut self, what: &str) {
        for server in [&mut self.bounded, &mut self.free] {
            server.sweep();
            assert_eq!(server.backend.count(GARBAGE) + server.backend.count(SEGMENT), 0, "{what}");
        }
        let elements = [&self.bounded, &self.free].map(elements);
        assert_eq!(elements[0], elements[1], "{what}: records of elements");
    }
}

/// How many records there are of spread hashes, sets and sorted sets, of these by member and in order, counts left out.
fn elements(server: &Fixture) -> [usize; 4] {
    let records = server.backend.records();
    let is_element = |key: &[u8]| key[0] != 0x24 || key[9] == 0;
    [0x21, 0x22, 0x23, 0x24]
        .map(|kind| records.keys().filter(|key| key[0] == kind && is_element(key)).count())
}

/// Elements of a list, a set and a sorted set, some of the same weight, and other keys that hold weights and texts.
fn with_elements(count: u64, random: &mut Random) -> Pair {
    let mut pair = Pair::new();
    for number in 0..count {
        let element = match random.below(4) {
            0 => format!("{}", random.below(300)),
            1 => format!("{}.5", random.below(300)),
            2 => format!("0{}", random.below(300)),
            _ => format!("-{}e1", random.below(30)),
        };
        pair.run(&format!("RPUSH l {element}"));
        pair.run(&format!("SADD s {element}"));
        pair.run(&format!("ZADD z {} {element}", random.below(500)));
        if number % 3 == 0 {
            pair.run(&format!("SET w_{element} {}", random.below(50)));
            pair.run(&format!("SET t_{element} text{}", random.below(50)));
            pair.run(&format!("HSET h_{element} f {}", random.below(50)));
        }
    }
    pair
}

#[test]
fn a_sort_in_runs_is_a_sort() {
    let seed = 11;
    let mut pair = with_elements(400, &mut Random::new(seed));
    let orders =
        ["", "DESC", "ALPHA", "ALPHA DESC", "BY w_*", "BY h_*->f DESC", "BY t_* ALPHA", "BY t_* ALPHA DESC"];
    let windows = ["", "LIMIT 0 5", "LIMIT 200 7", "LIMIT 100 1000", "LIMIT 2 0"];
    let gets = ["", "GET # GET w_* GET h_*->f"];
    for key in ["l", "s", "z", "none"] {
        for order in orders.into_iter().chain(["BY nosort", "BY nosort DESC"]) {
            for (window, get) in windows.iter().flat_map(|window| gets.map(|get| (window, get))) {
                let request = format!("{key} {order} {window} {get}");
                pair.run(&format!("SORT {request}"));
                pair.run(&format!("SORT_RO {request}"));
                pair.run(&format!("SORT {request} STORE d"));
                pair.run("LRANGE d 0 -1");
            }
        }
        pair.sweep(key);
    }
}

#[test]
fn what_is_sorted_is_stored_in_small_commits() {
    let seed = 12;
    let mut pair = with_elements(1_200, &mut Random::new(seed));
    for request in
        ["SORT l STORE d", "SORT z BY w_* DESC GET # GET t_* STORE d", "SORT s ALPHA GET # GET # STORE d"]
    {
        // Each element may have been written three times: as a part of a run, of a run of runs, and of the list.
        pair.run_in_parts(request);
        pair.run("LRANGE d 0 -1");
    }
    pair.run_in_parts("SORT l BY nosort STORE d");
    pair.run_in_parts("SORT l DESC STORE l");
    pair.run("LRANGE l 0 -1");
    pair.sweep("stored");
}

#[test]
fn an_element_that_is_no_number_leaves_everything_as_it_was() {
    let mut pair = with_elements(400, &mut Random::new(13));
    pair.run("RPUSH d a b");
    pair.run("RPUSH l x");
    let reply = pair.run("SORT l STORE d");
    assert_eq!(show(&reply), "-ERR One or more scores can't be converted into double");
    assert!(pair.bounded.backend.count(SEGMENT) > 0, "runs had been written by then");
    pair.run("SORT l LIMIT 500 1");
    pair.run("LRANGE d 0 -1");
    pair.sweep("given up");
}

/// Values of 2000 elements each, a third of the list's alike.
fn with_many_elements() -> Pair {
    let mut pair = Pair::new();
    for number in 0..2000 {
        let element = if number % 3 == 0 { "same".to_owned() } else { format!("element:{number}") };
        pair.run(&format!("RPUSH l {element}"));
        pair.run(&format!("ZADD z {} m{number}", number / 3));
        pair.run(&format!("SADD s m{number}"));
        // Long members share their order's record keys' beginnings.
        if number % 200 == 0 {
            pair.run(&format!("ZADD z {} {}{number}", number / 3, "long".repeat(300)));
        }
    }
    pair
}

#[test]
fn much_of_a_list_goes_in_small_commits() {
    let prepared = with_many_elements();
    for (request, length) in [
        ("LREM l 0 same", 1333),
        ("LREM l 600 same", 1400),
        ("LREM l -600 same", 1400),
        ("LTRIM l 0 1099", 1100),
        ("LTRIM l -1100 -1", 1100),
        ("LTRIM l 400 1599", 1200),
    ] {
        let mut pair = prepared.copy();
        pair.run("PEXPIRE l 100000");
        pair.run_by_copying(request);
        pair.run("LRANGE l 0 -1");
        assert_eq!(pair.run("LLEN l"), Reply::Integer(length), "{request}");
        // It is a list as any other.
        for after in [
            "LINDEX l 700",
            "LINSERT l AFTER element:700 new",
            "LSET l 5 other",
            "LPOP l 30",
            "RPUSH l a b c",
        ] {
            pair.run(after);
        }
        pair.run("LRANGE l 0 -1");
        pair.run("PTTL l");
        pair.sweep(request);
    }
    let mut pair = prepared.copy();
    pair.run("LREM l 0 same");
    for number in 0..2000 {
        pair.run(&format!("LREM l 0 element:{number}"));
    }
    pair.run("EXISTS l");
    let mut pair = Pair::new();
    for _ in 0..2000 {
        pair.run("RPUSH l same");
    }
    pair.run("LREM l 0 same");
    pair.run("EXISTS l");
    pair.run("DEL z s");
    pair.sweep("nothing is left");
    assert_eq!(pair.bounded.backend.count(0x25) + pair.bounded.backend.count(0x26), 0);
}

#[test]
fn much_of_a_sorted_set_goes_in_small_commits() {
    let prepared = with_many_elements();
    for request in [
        "ZREMRANGEBYRANK z 0 1199",
        "ZREMRANGEBYRANK z -900 -1",
        "ZREMRANGEBYRANK z 700 1500",
        "ZREMRANGEBYSCORE z 100 (500",
        "ZREMRANGEBYSCORE z -inf 600",
        "ZPOPMIN z 1500",
        "ZPOPMAX z 1500",
        "ZREMRANGEBYRANK z 1 -2",
    ] {
        let mut pair = prepared.copy();
        pair.run("PEXPIRE z 100000");
        pair.run_by_copying(request);
        pair.run("ZRANGE z 0 -1 WITHSCORES");
        pair.run("OBJECT ENCODING z");
        for after in
            ["ZCARD z", "ZRANK z m1000", "ZCOUNT z 200 550", "ZADD z 250.5 new", "ZINCRBY z 100 m1999"]
        {
            pair.run(after);
        }
        pair.run("ZRANGE z 5 -5 REV WITHSCORES");
        pair.run("PTTL z");
        pair.sweep(request);
    }
    let mut pair = Pair::new();
    for number in 0..2000 {
        pair.run(&format!("ZADD z 0 m{number:04}"));
    }
    pair.run_by_copying("ZREMRANGEBYLEX z [m0100 (m1900");
    pair.run("ZRANGE z 0 -1");
    pair.sweep("by member");
}

#[test]
fn much_of_a_set_goes_in_small_commits() {
    let prepared = with_many_elements();
    for count in [1200, 1900, 1999] {
        let mut pair = prepared.copy();
        for server in [&mut pair.bounded, &mut pair.free] {
            server.counts.take_commit_bytes_max();
            let Reply::Set(popped) = server.run(&format!("SPOP s {count}")) else { panic!("a set") };
            let Reply::Set(left) = server.run("SMEMBERS s") else { panic!("a set") };
            let mut all: Vec<String> = popped.iter().chain(&left).map(show).collect();
            assert_eq!((popped.len(), left.len()), (count, 2000 - count));
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 2000, "no member is lost or answered twice");
        }
        let largest = pair.bounded.counts.take_commit_bytes_max();
        assert!(largest <= COMMIT_BYTES_MAX, "SPOP of {count}: a commit of {largest} bytes");
        pair.run("OBJECT ENCODING s");
        pair.sweep("popped");
        assert_eq!(pair.bounded.backend.count(0x22), if count > 1500 { 0 } else { 2000 - count });
    }
}
