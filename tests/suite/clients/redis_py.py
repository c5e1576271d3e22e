"""redis-py against a server whose port is the first argument: what its users do, with its own asserts."""

import sys

import redis

PORT = int(sys.argv[1])


def common(client):
    assert client.ping() is True
    client.flushall()
    assert client.set("k", "v", ex=100) is True
    assert client.get("k") == b"v"
    assert 95 < client.ttl("k") <= 100
    assert client.set("k", "w", nx=True) is None
    assert client.set("k", "w", get=True) == b"v"
    assert client.getex("k", persist=True) == b"w"
    assert client.ttl("k") == -1
    assert client.mset({"a": 1, "b": b"\x00\xff"}) is True
    assert client.mget("a", "b", "absent") == [b"1", b"\x00\xff", None]
    assert client.incr("n", 5) == 5
    assert client.incrbyfloat("f", 0.5) == 0.5
    assert client.append("k", "x") == 2
    assert client.exists("k", "absent") == 1
    assert client.type("k") == b"string"
    assert sorted(client.keys("*")) == [b"a", b"b", b"f", b"k", b"n"]
    assert sorted(client.scan_iter("[ab]")) == [b"a", b"b"]
    assert client.rename("a", "c") is True
    assert client.delete("b", "c") == 2
    assert client.dbsize() == 3
    assert client.object("ENCODING", "n") == b"int"
    assert client.client_setname("suite") is True
    assert client.client_getname() == "suite" or client.client_getname() == b"suite"
    assert client.info("server")["redis_version"].split(".")[0].isdigit()
    assert client.time()[0] > 0


def pipelines(client):
    pipe = client.pipeline(transaction=False)
    for index in range(1000):
        pipe.set(f"p:{index}", index)
    assert pipe.execute() == [True] * 1000
    with client.pipeline() as pipe:
        pipe.watch("n")
        number = int(pipe.get("n"))
        pipe.multi()
        pipe.set("n", number + 1)
        pipe.get("n")
        assert pipe.execute() == [True, str(number + 1).encode()]
    with client.pipeline() as pipe:
        pipe.watch("n")
        client.incr("n")
        pipe.multi()
        pipe.set("n", 0)
        try:
            pipe.execute()
        except redis.WatchError:
            pass
        else:
            raise AssertionError("a watched key was changed, and EXEC went on")
    try:
        client.incr("k")
    except redis.ResponseError as error:
        assert "not an integer" in str(error)
    else:
        raise AssertionError("text was incremented")


def change_watched(client):
    def change(pipe):
        number = int(pipe.get("n"))
        pipe.multi()
        pipe.set("n", number + 1)

    assert client.transaction(change, "n") == [True]


for protocol in (2, 3):
    try:
        connection = redis.Redis(port=PORT, protocol=protocol)
    except TypeError:
        # Versions before 5 speak RESP2 alone.
        connection = redis.Redis(port=PORT)
    common(connection)
    pipelines(connection)
    change_watched(connection)
    with redis.Redis(port=PORT, db=1) as other:
        assert other.get("k") is None
print("redis-py", redis.__version__)
