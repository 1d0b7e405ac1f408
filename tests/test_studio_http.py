#!/usr/bin/env python3
# What reaches nscl-studio that no browser sends: broken and hostile HTTP over raw sockets, clients that are slow or silent, bodies that
# are longer or shorter than they say, more connections than there is room for. After each the server must answer, and its memory,
# descriptors and threads must not have grown.
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER tests/test_studio_http.py
# Status: 0 all well, 1 a check failed.
import os
import random
import socket
import threading
import time

from studio_server import Server, check, finish, photo

HOST = b"Host: localhost\r\n"
JSON = b"POST /api/v1/jobs HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


def exchange(server, data, seconds=5, half_close=False):
    """What comes back until the other side closes, or for so long."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as link:
            link.sendall(data)
            if half_close:
                link.shutdown(socket.SHUT_WR)
            while True:
                part = link.recv(65536)
                if not part:
                    break
                answer += part
    except OSError:
        pass
    return answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def alive(server, what):
    try:
        status = server.raw("GET", "/api/v1/jobs", timeout=20)[0]
    except OSError as error:
        status = error
    check(status == 200 and server.process.poll() is None, "answers after " + what, status)


# Request and the statuses it may have; 0: closed without a word.
HOSTILE = [
    (b"\r\n\r\n\r\n", {0, 400}), (b"\0" * 1000, {0, 400}), (b"GET\r\n\r\n", {0, 400, 505}), (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", {0, 400, 505}),
    (b"GET /\r\n\r\n", {0, 400, 421, 505}), (b"GET / HTTP/1.1\r\n\r\n", {400, 421}), (b"GET / HTTP/1.0\r\n\r\n", {400, 421}),
    (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", {400, 421}), (b"GET / HTTP/1.1\r\nHost: evil.example\r\n" + HOST + b"\r\n", {400, 421}),
    (b"GET / HTTP/1.1\r\n" + HOST + b"Host : evil.example\r\n\r\n", {0, 200, 400, 421}),
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", {400, 404, 421}),
    (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {0, 400, 404, 414, 431}),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 100000 + b"\r\n\r\n", {0, 400, 413, 431}),
    (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X%d: y\r\n" % i for i in range(10000)) + b"\r\n", {0, 400, 413, 431}),
    (b"GET /?" + b"a=b&" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {0, 200, 400, 414, 431}),
    (b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: " + b"a=b; " * 4000 + b"\r\n\r\n", {0, 200, 400, 413, 431}),
    (b"FLY /api/v1 HTTP/1.1\r\n" + HOST + b"\r\n", {400, 405, 501}), (b"A" * 9000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n", {0, 400, 405, 414, 431, 501}),
    (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404, 405}), (b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", {405, 501}),
    (b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404, 405, 501}),
    (JSON + b"Content-Length: -1\r\n\r\n{}", {0, 400, 413}),
    (JSON + b"Content-Length: 99999999999999999999\r\n\r\n{}", {0, 400, 413}),
    (JSON + b"Content-Length: 2\r\nContent-Length: 50\r\n\r\n{}", {0, 400, 422}),
    (JSON + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {0, 400, 422}),
    (JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", {0, 400}),
    (JSON + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}", {0, 400, 413}),
    (JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", {422}),
    (b"POST /api/v1/pictures HTTP/1.1\r\n" + HOST + b"Content-Type: image/png\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n", {413}),
    (b"POST /style.css HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", {405}),
    (b"PATCH /api/v1/jobs HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", {405}),
    (b"GET /%zz%%%00%ff HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}), (b"GET /../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}),
    (b"GET /api/v1/jobs HTTP/1.1\r\n" + HOST + b"Range: bytes=0-0,1-1,2-2\r\n\r\n", {200, 416}),
    (b"GET / HTTP/1.1\r\n" + HOST + b"If-None-Match: " + b'"' * 3000 + b"\r\n\r\n", {200}),
    (b"GET /api/v1/jobs HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", {200}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), {0, 400}), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {0, 400, 405, 505}),
]


def test_hostile(server):
    for data, statuses in HOSTILE:
        answer = exchange(server, data, 3, half_close=True)
        check(status_of(answer) in statuses, "%r" % data[:90], answer[:200])
        check(b"root:" not in answer, "nothing of /etc/passwd")
    alive(server, "hostile requests")


def test_noise(server):
    """Good requests with bytes changed, cut and doubled."""
    chance = random.Random(5)
    body = b'{"content": "picture:0123456789abcdef", "styles": [{"picture": "style:swirls"}]}'
    good = [b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
            JSON + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
            b"POST /api/v1/pictures HTTP/1.1\r\n" + HOST + b"Content-Type: image/jpeg\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
            b"5\r\nhello\r\n0\r\n\r\n"]
    for _ in range(300):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            what = chance.randrange(3)
            if what == 0:
                data[at] = chance.randrange(256)
            elif what == 1:
                del data[at:at + chance.randrange(1, 9)]
            else:
                data[at:at] = data[at:at + chance.randrange(1, 40)] * chance.randrange(1, 4)
            if not data:
                break
        exchange(server, bytes(data), 2, half_close=True)
    alive(server, "noise")


def test_pipelined(server):
    """Several requests at once are answered each, in order; a body is never taken for a request."""
    get = b"GET /api/v1/jobs HTTP/1.1\r\n" + HOST + b"\r\n"
    last = get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    check(exchange(server, get * 4 + last).count(b"HTTP/1.1 200") == 5, "pipelined requests")
    hidden = b"DELETE /api/v1/pictures/0123456789abcdef HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = exchange(server, b"GET /api/v1/jobs HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden + last)
    check(answer.count(b"HTTP/1.1 ") == 2 and b"404" not in answer.split(b"\r\n")[0], "a body of a GET is no request", answer[:300])


def test_slow(server):
    """One that sends nothing, one that sends a byte at a time, one that sends less than it says, one that reads nothing: others are answered
    meanwhile, and each is ended in the end."""
    links = []
    begin = time.monotonic()
    for data in (b"", b"GET / HT", JSON + b"Content-Length: 10000\r\n\r\nshort",
                 b"GET /app.js HTTP/1.1\r\n" + HOST + b"\r\n" * 1):
        link = socket.create_connection(("127.0.0.1", server.port))
        link.sendall(data)
        link.settimeout(0.01)
        links.append(link)
    alive(server, "slow ones")
    check(time.monotonic() - begin < 5, "others do not wait for slow ones", time.monotonic() - begin)
    dripping = socket.create_connection(("127.0.0.1", server.port))
    ended = {}
    while time.monotonic() - begin < 40 and len(ended) < 5:
        try:
            dripping.send(b"G")
        except OSError:
            ended.setdefault("dripping", time.monotonic() - begin)
        for i, link in enumerate(links):
            try:
                if i not in ended and link.recv(1000) == b"":
                    ended[i] = time.monotonic() - begin
            except TimeoutError:
                pass
            except OSError:
                ended[i] = time.monotonic() - begin
        time.sleep(0.5)
    check(len(ended) == 5, "slow ones are ended, each after so many seconds", ended)
    for link in [*links, dripping]:
        link.close()


def threads(server):
    return len(os.listdir("/proc/%d/task" % server.process.pid))


def test_many(server):
    """More connections than there is room for, which do nothing: none costs much, and all is well when they are gone."""
    before = server.memory(), threads(server), len(os.listdir("/proc/%d/fd" % server.process.pid))
    links = []
    for _ in range(400):
        try:
            links.append(socket.create_connection(("127.0.0.1", server.port), timeout=2))
        except OSError:
            break
    time.sleep(0.5)
    check(threads(server) < 200, "threads are bounded", threads(server))
    check(server.memory() - before[0] < 200 << 20, "memory is bounded", server.memory())
    for link in links:
        link.close()
    end = time.monotonic() + 10
    while threads(server) > before[1] + 2 and time.monotonic() < end:
        time.sleep(0.1)
    alive(server, "many connections")
    after = threads(server), len(os.listdir("/proc/%d/fd" % server.process.pid))
    check(after[0] <= before[1] + 3 and after[1] <= before[2] + 3, "all is given back", (before, after))


def test_watchers(server):
    """Those who watch are bounded, too, and leave others room."""
    request = b"GET /api/v1/events HTTP/1.1\r\n" + HOST + b"\r\n"
    links, statuses = [], []
    for _ in range(70):
        link = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        link.sendall(request)
        statuses.append(status_of(link.recv(1000)))
        links.append(link)
    check(statuses.count(200) == 64 and statuses.count(503) == 6, "64 may watch", statuses)
    alive(server, "many who watch")
    for link in links:
        link.close()
    end = time.monotonic() + 15
    while time.monotonic() < end:
        link = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        link.sendall(request)
        status = status_of(link.recv(1000))
        link.close()
        if status == 200:
            break
        time.sleep(0.2)
    check(status == 200, "who left makes room", status)


def test_cut_uploads(server):
    """Uploads that break off leave nothing behind."""
    data = photo()
    head = b"POST /api/v1/pictures HTTP/1.1\r\n" + HOST + b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data)

    def cut():
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
            link.sendall(head + data[:50000])

    every = [threading.Thread(target=cut) for _ in range(20)]
    for thread in every:
        thread.start()
    for thread in every:
        thread.join()
    folder = os.path.join(server.folder, "pictures")
    end = time.monotonic() + 10
    while os.listdir(folder) and time.monotonic() < end:
        time.sleep(0.1)
    check(os.listdir(folder) == [], "nothing is left of uploads that broke off", os.listdir(folder))


def main():
    server = Server("--max-upload", "2")
    try:
        slow = threading.Thread(target=test_slow, args=(server,))
        slow.start() # takes its time beside the others
        test_hostile(server)
        test_pipelined(server)
        test_noise(server)
        test_cut_uploads(server)
        test_many(server)
        test_watchers(server)
        slow.join()
        alive(server, "all of it")
    finally:
        server.close()
    finish()


main()
