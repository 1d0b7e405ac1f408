#!/usr/bin/env python3
# nscl-studio's interface: the flow from upload to picture, what is refused, the queue, pausing, changing and stopping, a crash
# of the painting process, and a server that is killed and started again.
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER tests/test_studio.py [devices]
# With "devices" only that one job runs on each: a second compiler of OpenCL takes its time.
# Status: 0 all well, 1 a check failed, 77 no device, or no second one: only what needs none was tested.
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from studio_server import BUILD, OVER, PROGRAM, SOURCE, Server, check, finish, photo, png, skip, turned


def expect(answer, status, code=None, what=""):
    got, body = answer
    check(got == status and (code is None or body.get("error", {}).get("code") == code), "%s: %d %s" % (what, status, code or ""), "%d %s" % (got, body))
    return body


# ---- the command ----

def usage(*options):
    return subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=60)


def test_command(folder):
    for options, word in ((["--bind", "0.0.0.0"], "--token"), (["--token", "short"], "--token"), (["--bind", "nowhere"], "--bind"),
                          (["--port", "70000"], "--port"), (["--network", "/nowhere.h5"], "--network"), (["--styles", "/nowhere"], "--styles"),
                          (["--device", "no such device"], "no such device"), (["extra"], "extra")):
        ended = usage("--output", folder, "--port", "0", *options) if "--port" not in options else usage(*options)
        check(ended.returncode == 2 and word in ended.stderr, "refuses %s" % options, ended.stderr)


def test_second(server):
    ended = usage("--port", "0", "--output", server.folder)
    check(ended.returncode == 1 and "another process" in ended.stderr, "a second studio in the same folder", ended.stderr)
    ended = usage("--port", str(server.port), "--output", server.folder + "/other")
    check(ended.returncode == 2 and "--port" in ended.stderr, "a port that is taken", ended.stderr)


# ---- the description ----

def test_description(server):
    status, description = server.ask("GET", "/openapi.json")
    check(status == 200 and description["openapi"].startswith("3."), "openapi.json")
    with open(os.path.join(SOURCE, "tools/studio_api.c")) as source:
        routes = {(m.lower(), p.replace("*", "{id}")) for m, p in re.findall(r'\{"([A-Z]+)", "(/api/v1[^"]*)"', source.read())}
    described = {(method, path) for path, methods in description["paths"].items() for method in methods}
    check(routes == described, "the description names exactly the routes", routes ^ described)
    for method, path in described:
        if path == "/api/v1/events":
            continue # which does not end
        status, body = server.ask(method.upper(), path.replace("{id}", "0" * 16)[7:])
        check(body.get("error", {}).get("code") not in ("no_such_path", "method"), "%s %s is there" % (method, path), body)


def words(language):
    with open(os.path.join(SOURCE, "tools/studio/words_%s.js" % language)) as file:
        return dict(re.findall(r'^    "([^"]+)": "(.*)",$', file.read(), re.M))


def test_words(server):
    """Whatever the studio may say has a text of the page's own in each language, and says by {message} what the server names."""
    english, chinese = words("en"), words("zh")
    check(english.keys() == chinese.keys() and len(english) > 100, "both languages say the same", english.keys() ^ chinese.keys())
    holes = {key for key in english if set(re.findall(r"\{\w+\}", english[key])) != set(re.findall(r"\{\w+\}", chinese.get(key, "")))}
    check(holes <= {"message.note"}, "with the same values in them", holes)
    sources = {name: open(os.path.join(SOURCE, "tools", name)).read() for name in os.listdir(os.path.join(SOURCE, "tools"))
               if re.fullmatch(r"studio_\w+\.c", name)}
    text = "".join(sources.values())
    errors = set(re.findall(r'studio_problem_make\(\s*MHD_HTTP_\w+,\s*"(\w+)"', text))
    made = len(re.findall(r"(?<!_)studio_problem_make\((?!unsigned)", text))
    notes = set(re.findall(r'studio_job_note\(job, "(\w+)"', text)) | set(re.findall(r'\bcode = "(\w+)"', text)) | {"note", "anew"}
    check(made > 15 and len(errors) == 15, "kinds of problems", (made, errors))
    check({"error." + code for code in errors} <= english.keys(), "each problem has its words", {c for c in errors if "error." + c not in english})
    check({"message." + code for code in notes} <= english.keys(), "each message has its words", {c for c in notes if "message." + c not in english})
    described = json.dumps(server.ask("GET", "/openapi.json")[1])
    check(all(re.search(r"\b%s\b" % code, described) for code in errors | notes), "and is described", {c for c in errors | notes if c not in described})


# ---- pictures ----

def test_pictures(server):
    status, picture = server.upload(photo(), name="a%20b.jpg")
    check(status == 201 and (picture["width"], picture["height"]) == (768, 512) and picture["name"] == "a b.jpg", "upload", picture)
    check(server.raw("GET", "/api/v1/pictures/%s/thumb" % picture["id"])[2][:2] == b"\xff\xd8", "thumbnail")
    expect(server.ask("GET", "/pictures/" + picture["id"]), 200, what="facts")
    status, right = server.upload(turned(photo(), 6))
    check(status == 201 and (right["width"], right["height"]) == (512, 768), "a turned photograph is turned upright", right)
    status, small = server.upload(png(40, 30), "image/png")
    check(status == 201 and small["width"] == 40, "PNG", small)
    # Larger than the copy that is kept.
    status, wide = server.upload(png(5000, 8), "image/png")
    check(status == 201 and wide["width"] == 5000, "wide", wide)

    broken = {"cut JPEG": photo()[:20000], "text": b"hello", "empty": b"", "cut PNG": png(50, 50, rows=20), "noise": bytes(range(256)) * 40,
              "page": b"<!doctype html><html></html>", "huge header": png(60000, 60000, rows=0), "JPEG head": photo()[:200]}
    for what, data in broken.items():
        said = expect(server.upload(data), 400 if not data else 422, "picture", what)
        check(server.folder not in json.dumps(said), "%s: no path of the server in the message" % what, said)
    expect(server.upload(photo(), "text/plain"), 415, "picture", "text/plain")
    expect(server.upload(photo(), "application/x-www-form-urlencoded"), 415, "picture", "a form")
    expect(server.ask_raw("POST", "/pictures", b"\0" * (3 << 20), {"Content-Type": "image/png"}), 413, "too_large", "too many bytes")
    expect(server.ask("DELETE", "/pictures/" + small["id"]), 200, what="delete a picture")
    expect(server.ask("GET", "/pictures/" + small["id"]), 404, "no_such", "a deleted picture")
    left = os.listdir(os.path.join(server.folder, "pictures"))
    check(len(left) == 3 and not [name for name in left if "part" in name], "nothing is left of what was refused", left)
    return picture["id"], right["id"]


def test_names(server):
    """Nothing that a visitor says becomes a path."""
    secret = os.path.join(server.folder, "secret.jpg")
    with open(secret, "wb") as file:
        file.write(photo())
    for path in ("/pictures/..%2f..%2fsecret.jpg/file", "/jobs/../secret.jpg/picture", "/jobs/..%2Fsecret.jpg/picture.jpg", "/styles/..%2f..%2fsecret/thumb",
                 "/pictures/%2e%2e/file", "/jobs/%00/picture", "/styles/%2Fetc%2Fpasswd/thumb"):
        status, headers, body = server.raw("GET", "/api/v1" + path)
        check(status in (400, 404) and b"JFIF" not in body, path, "%d %s" % (status, body[:200]))
    for path in ("/../CMakeLists.txt", "/..%2f..%2fetc/passwd", "/style.css/..", "//style.css"):
        check(server.raw("GET", path)[0] in (400, 404), path)
    for reference in ("picture:../../secret", "style:../secret", "/etc/passwd", "picture:", "job:0", "style:" + "a" * 300, 5, None, ["x"]):
        status, body = server.order(reference)
        check(status == 422, "content %s" % (reference,), body)
    os.remove(secret)


# ---- orders ----

def test_orders(server, picture):
    good = {"content": "picture:" + picture, "styles": [{"picture": "style:swirls"}]}
    bad = [{}, [], dict(good, size=0), dict(good, size=63), dict(good, size=100000), dict(good, size=64.5), dict(good, size="64"), dict(good, strength=101),
           dict(good, strength=-1), dict(good, evaluations=0), dict(good, evaluations=10**9), dict(good, seconds=-1), dict(good, styles=[]),
           dict(good, styles=good["styles"] * 5), dict(good, styles="style:swirls"), dict(good, styles=[{}]), dict(good, preset="none"), dict(good, preset=5),
           dict(good, network="/etc/passwd"), dict(good, device="x"), dict(good, device="9:9"), dict(good, typo=1), dict(good, preserve_colors="yes"),
           dict(good, styles=[{"picture": "style:swirls", "share": 0}]), dict(good, styles=[{"picture": "style:nothing"}]),
           dict(good, styles=[{"picture": "style:swirls", "share": "1"}]), dict(good, content="job:" + "0" * 16)]
    for order in bad:
        status, body = server.ask("POST", "/jobs", order)
        check(status == 422 and "message" in body.get("error", {}), "refuses %s" % json.dumps(order)[:120], "%d %s" % (status, body))
    for text in (b"", b"{", b"nonsense", b"{\"a\": 1, \"a\": 2}", b"\xff\xfe", b"[" * 30000, b"5"):
        expect(server.ask_raw("POST", "/jobs", text, {"Content-Type": "application/json"}), 400, "json", str(text[:20]))
    body = expect(server.ask_raw("POST", "/jobs", b" " * 70000, {"Content-Type": "application/json"}), 413, "too_large", "a large order")
    check("64 kB" in body["error"]["message"], "says how large an order may be", body)
    expect(server.ask_raw("POST", "/jobs", json.dumps(good).encode(), {"Content-Type": "text/plain"}), 415, "type", "an order as text")
    check(server.ask("GET", "/jobs")[1]["jobs"] == [], "nothing of this became a job")


# ---- who may ask ----

def test_source(server):
    own = "127.0.0.1:%d" % server.port
    for host, good in ((own, 1), ("localhost:1234", 1), ("[::1]:80", 1), ("10.1.2.3", 1), ("evil.example", 0), ("127.0.0.1.evil.example", 0), ("", 0),
                       ("localhost.evil", 0), ("127.0.0.1:80:80", 0), ("[::1", 0), ("127.0.0.1@evil.example", 0), ("x" * 300, 0)):
        status = server.raw("GET", "/api/v1", headers={"Host": host})[0]
        check((status == 200) == bool(good) and status < 500, "Host %s" % host[:40], status)
    for origin, good in (("http://" + own, 1), ("https://" + own, 1), ("http://evil.example", 0), ("null", 0), ("http://127.0.0.1:1", 0), ("", 0),
                         ("http://", 0)):
        for method, path in (("GET", "/api/v1/jobs"), ("POST", "/api/v1/jobs")):
            status = server.raw(method, path, b"{}" if method == "POST" else None, {"Origin": origin, "Content-Type": "application/json"})[0]
            check((status != 403) == bool(good), "%s with Origin %s" % (method, origin), status)
    for site, mode, path, good in (("same-origin", "cors", "/api/v1", 1), ("none", "navigate", "/", 1), ("cross-site", "no-cors", "/api/v1/styles", 0),
                                   ("same-site", "cors", "/api/v1", 0), ("cross-site", "navigate", "/", 1), ("cross-site", "navigate", "/api/v1", 0)):
        status = server.raw("GET", path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})[0]
        check((status == 200) == bool(good), "Sec-Fetch-Site %s, %s" % (site, path), status)
    status, headers, body = server.raw("GET", "/")
    policy = headers["Content-Security-Policy"] or ""
    check(status == 200 and "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, "policy of the page", policy)
    for path in ("/", "/app.js", "/api/v1", "/api/v1/nothing", "/nothing"):
        headers = server.raw("GET", path)[1]
        check(headers["X-Content-Type-Options"] == "nosniff" and headers["Access-Control-Allow-Origin"] is None and
              headers["Content-Security-Policy"], "headers of " + path)
    check(b"<script>" not in body and b"style=" not in body and b" on" not in re.sub(rb">[^<]*<", b"><", body).replace(b"<link", b""),
          "no script or style in the page")
    check(not re.search(rb"https?://", body), "nothing from elsewhere in the page")


def test_token():
    token = "0123456789abcdefXYZ"
    server = Server("--token", token, environment={"NSCL_STUDIO_TOKEN": "another-token-that-counts-less"})
    try:
        check(server.url.endswith("/?token=" + token), "the address holds the token", server.url)
        expect(server.ask("GET", "/jobs"), 401, "token", "without")
        for wrong in ("", "x", token[:-1], token + "x", token.upper()):
            expect(server.ask("GET", "/jobs", headers={"Authorization": "Bearer " + wrong}), 401, "token", "token " + wrong)
        expect(server.ask("GET", "/jobs", headers={"Authorization": "Bearer " + token}), 200, what="with")
        expect(server.ask("POST", "/jobs", {}), 401, "token", "an order without")
        status, headers, body = server.raw("GET", "/")
        check(status == 401 and b"password" in body, "the page asks for it", status)
        check(server.raw("GET", "/?token=wrong-token-wrong")[0] == 401, "a wrong one in the address")
        status, headers, _ = server.raw("GET", "/?token=" + token)
        cookie = headers["Set-Cookie"] or ""
        check(status == 303 and headers["Location"] == "/" and "HttpOnly" in cookie and "SameSite=Strict" in cookie, "the token becomes a cookie", cookie)
        cookie = cookie.split(";")[0]
        check(server.raw("GET", "/", headers={"Cookie": cookie})[0] == 200, "the page with the cookie")
        expect(server.ask("GET", "/jobs", headers={"Cookie": cookie}), 200, what="the interface with the cookie")
    finally:
        server.close()


# ---- painting ----

def events(server, path, seconds=60):
    """The jobs that a stream of events tells of, until it ends."""
    seen = []
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as link:
        link.sendall(b"GET /api/v1%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode())
        for line in link.makefile("rb"):
            if line.startswith(b"data: {"):
                seen.append(json.loads(line[6:]))
    return seen


def test_paint(server, picture):
    job = expect(server.order("picture:" + picture, evaluations=12, strength=60, preserve_colors=True), 201, what="an order")["id"]
    seen = events(server, "/jobs/%s/events" % job)
    check(seen and seen[-1]["state"] == "done" and seen[-1]["progress"]["evaluation"] == 12, "events to the end", seen[-1:])
    now = expect(server.ask("GET", "/jobs/" + job), 200)
    losses = [loss for _, loss in now["curve"]]
    check(losses and losses[-1] < losses[0], "the loss falls", losses)
    check((now["width"], now["height"]) == (64, 42) and now["png"] and now["version"] > 0 and
          now["names"] == {"content": "a b.jpg", "styles": ["Swirls"]}, "facts", now)
    for path, head in (("picture", b"\xff\xd8"), ("picture.png", b"\x89PNG"), ("picture.jpg", b"\xff\xd8"), ("before", b"\xff\xd8"), ("thumb", b"\xff\xd8")):
        status, headers, data = server.raw("GET", "/api/v1/jobs/%s/%s" % (job, path))
        check(status == 200 and data.startswith(head), path, status)
        if "." in path:
            check("attachment" in headers["Content-Disposition"], path + " is to be saved")
            recipe = json.JSONDecoder().raw_decode(data[data.index(b'{"version"'):].decode("latin1"))[0]
            check(recipe["preset"] == "gatys" and recipe["settings"]["iterations"] == 12 and recipe["studio"]["strength"] == 60, "recipe in " + path, recipe)
            check(server.folder not in json.dumps(recipe), "no path of the server in the recipe")
    test_recipe(server, picture, job)
    return job


def pixels(data):
    """A PNG's packed pixels."""
    at, packed = 8, b""
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        packed += data[at + 8:at + 8 + size] if data[at + 4:at + 8] == b"IDAT" else b""
        at += 12 + size
    return packed


def test_recipe(server, picture, job):
    """The command nscl paints the same from the recipe."""
    result, again = server.folder + "/result.png", server.folder + "/again.png"
    with open(result, "wb") as file:
        file.write(server.raw("GET", "/api/v1/jobs/%s/picture.png" % job)[2])
    content, style = os.path.join(server.folder, "pictures", picture, "picture.jpg"), os.path.join(SOURCE, "data/styles/swirls.jpg")
    ended = subprocess.run([os.path.join(BUILD, "nscl"), "--quiet", "--from", result, "--content", content, "--styles", style, "--output", again],
                           capture_output=True, text=True, timeout=120)
    if check(ended.returncode == 0, "nscl --from a picture of the studio", ended.stderr):
        with open(result, "rb") as first, open(again, "rb") as second:
            check(pixels(first.read()) == pixels(second.read()) != b"", "nscl paints the same from the recipe")
    for path in (result, again):
        if os.path.exists(path):
            os.remove(path)


def test_uses(server, job, turned_picture):
    """A result as photograph, as style and to begin from; a mix; a time budget."""
    mix = [{"picture": "style:" + name, "share": share} for name, share in (("swirls", 3), ("waves", 1), ("mosaic", 1), ("weave", 2))]
    content = "picture:" + turned_picture
    orders = [{"content": "job:" + job}, {"styles": [{"picture": "job:" + job}]}, {"initial": "job:" + job}, {"styles": mix},
              {"preset": "neural-style", "evaluations": 4}, {"preset": "tf2-adam", "evaluations": 4}]
    ids = [expect(server.order(order.pop("content", content), **order), 201, what=str(order))["id"] for order in orders]
    timed = expect(server.order(content, seconds=1, evaluations=None), 201, what="a second")["id"]
    expect(server.ask("DELETE", "/jobs/" + job), 409, "not_now", "a job whose picture others need yet")
    for one in ids:
        now = server.wait(one, OVER)
        check(now["state"] == "done", "%s" % now["order"], now)
    now = server.wait(timed, OVER)
    check(now["state"] == "done" and 0.9 < now["progress"]["seconds"] < 10 and now["progress"]["evaluation"] > 1, "the time budget ends it", now["progress"])
    check((now["width"], now["height"]) == (42, 64), "a turned photograph is painted upright", now)


def test_steer(server, picture):
    content = "picture:" + picture
    first = expect(server.order(content, evaluations=100000), 201)["id"]
    waiting = [expect(server.order(content), 201)["id"] for _ in range(2)]
    jobs = {job["id"]: job for job in server.ask("GET", "/jobs")[1]["jobs"]}
    check([jobs[one].get("position") for one in waiting] == [1, 2], "positions in the queue",
          [(job["state"], job.get("position"), job["order"]["evaluations"]) for job in jobs.values()])
    server.wait(first, ("running",), also=lambda job: job["version"] > 0)
    before = expect(server.ask("PATCH", "/jobs/" + first, {"action": "pause"}), 200)
    paused = server.wait(first, ("paused",))
    check(paused["state"] == "paused", "pauses", paused)
    at = server.ask("GET", "/jobs/" + first)[1]["progress"]["evaluation"]
    time.sleep(0.4)
    check(server.ask("GET", "/jobs/" + first)[1]["progress"]["evaluation"] == at >= before["progress"]["evaluation"], "nothing is painted in a pause")
    check(server.ask("GET", "/jobs/" + waiting[0])[1]["state"] == "queued", "a pause keeps the device")
    expect(server.ask("PATCH", "/jobs/" + first, {"action": "resume"}), 200)
    server.wait(first, ("running",), also=lambda job: job["progress"]["evaluation"] > at + 300)  # the loss has settled
    loss = server.ask("GET", "/jobs/" + first)[1]["progress"]["loss"]
    changed = expect(server.ask("PATCH", "/jobs/" + first, {"strength": 90}), 200)
    check(changed["order"]["strength"] == 90, "takes the strength", changed["order"])
    now = server.wait(first, ("running",), also=lambda job: job["progress"]["loss"] > 5 * loss)
    check(now["progress"]["loss"] > 5 * loss and now["progress"]["evaluation"] > at, "a stronger style counts for more, and the steps go on", now["progress"])
    expect(server.ask("PATCH", "/jobs/" + waiting[1], {"action": "stop"}), 200)
    check(server.wait(waiting[1], OVER)["state"] == "stopped", "one that waits can be stopped")
    expect(server.ask("PATCH", "/jobs/" + first, {"action": "stop"}), 200)
    now = server.wait(first, OVER)
    check(now["state"] == "stopped" and now["png"], "stops, and is kept", now)
    check(server.wait(waiting[0], OVER)["state"] == "done", "the next has its turn")
    expect(server.ask("PATCH", "/jobs/" + first, {"action": "pause"}), 409, "not_now", "a pause of what is over")
    for nonsense in ({}, {"action": "fly"}, {"action": "stop", "strength": 5}, {"strength": 200}, {"strength": "5"}, []):
        expect(server.ask("PATCH", "/jobs/" + first, nonsense), 422, "order", str(nonsense))
    expect(server.ask("PATCH", "/jobs/" + "0" * 16, {"action": "stop"}), 404, "no_such")


def test_early_stop(server, picture):
    """A job can be stopped from the moment it is there, whether its process has begun or not."""
    for wait in (0, 0, 0, 0.01, 0.03, 0.1):
        job = expect(server.order("picture:" + picture, evaluations=100000), 201)["id"]
        time.sleep(wait)
        expect(server.ask("PATCH", "/jobs/" + job, {"action": "stop"}), 200, what="a stop after %g s" % wait)
        now = server.wait(job, OVER)
        check(now["state"] == "stopped", "stops after %g s" % wait, now)
        expect(server.ask("DELETE", "/jobs/" + job), 200)


def test_lost_file(server):
    picture = expect(server.upload(photo()), 201)["id"]
    with open(os.path.join(server.folder, "pictures", picture, "picture.jpg"), "r+b") as f:
        f.truncate(2000)
    now = server.wait(expect(server.order("picture:" + picture), 201)["id"], OVER)
    check(now["state"] == "failed" and now["code"] == "file" and "'picture.jpg'" in now["message"], "a file that broke is named", now)
    check(server.folder not in json.dumps(now), "and no folder of the server", now["message"])
    expect(server.ask("DELETE", "/jobs/" + now["id"]), 200)


def test_crash(server, picture):
    for how in (signal.SIGKILL, signal.SIGTERM):
        job = expect(server.order("picture:" + picture, evaluations=100000), 201)["id"]
        server.wait(job, ("running",), also=lambda now: now["version"] > 0)
        server.kill_worker(how)
        now = server.wait(job, OVER)
        check(now["state"] == "failed" and "broke off" in now["message"], "a process that ends by %s fails its job" % how.name,
              "%s: %s" % (now["state"], now["message"]))
        check(now["resumable"] and now["code"] == "broke_off", "it could go on", now)
        expect(server.ask("DELETE", "/jobs/" + job), 200)
    job = expect(server.order("picture:" + picture, evaluations=100000), 201)["id"]
    server.wait(job, ("running",), also=lambda now: now["version"] > 0)
    expect(server.ask("DELETE", "/jobs/" + job), 200, what="remove one at work")
    expect(server.ask("GET", "/jobs/" + job), 404, "no_such", "a removed job")
    # One that hangs: asked to stop for the second time a while later, it is ended.
    job = expect(server.order("picture:" + picture, evaluations=100000), 201)["id"]
    server.wait(job, ("running",), also=lambda now: now["version"] > 0)
    os.kill(server.worker(), signal.SIGSTOP)
    expect(server.ask("PATCH", "/jobs/" + job, {"action": "stop"}), 200)
    time.sleep(5.2)
    expect(server.ask("PATCH", "/jobs/" + job, {"action": "stop"}), 200)
    now = server.wait(job, OVER)
    check(now["state"] == "failed" and now["version"] > 0, "one that hangs is ended", now)
    check(server.raw("GET", "/api/v1/jobs/%s/picture" % job)[0] == 200, "its picture so far is kept")
    check(kept(server, job) == [], "nothing is kept of what was not to go on", kept(server, job))
    job = expect(server.order("picture:" + picture), 201)["id"]
    check(server.wait(job, OVER)["state"] == "done", "the server goes on after crashes")
    end = time.monotonic() + 10
    while server.worker(0) and time.monotonic() < end:
        time.sleep(0.05)
    check(server.worker(0) is None, "no process is left")


def kept(server, job):
    """What the job's folder holds of it to go on from."""
    return [name for name in os.listdir(os.path.join(server.folder, "jobs", job)) if name.startswith(("state-", "begin-", "phase"))]


def saved(server, job, phase=0, seconds=60):
    """The evaluations after which its state was saved, once it is; it is a library's file of named records."""
    path, end = os.path.join(server.folder, "jobs", job, "state-%d" % phase), time.monotonic() + seconds
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.02)
    with open(path, "rb") as file:
        data = file.read(4096)
    at = data.index(b"evaluations\0") + 32
    return int.from_bytes(data[at:at + 4], sys.byteorder)


def result(server, job):
    return server.raw("GET", "/api/v1/jobs/%s/picture.png" % job)[2]


def whole_run(server, content):
    """A run of some seconds that nothing disturbs: its steps and its picture."""
    first = server.wait(expect(server.order(content, evaluations=200), 201)["id"], OVER)["progress"]
    steps = max(300, int(6 * 200 / first["seconds"]))
    job = expect(server.order(content, evaluations=steps), 201)["id"]
    check(server.wait(job, OVER, 300)["state"] == "done", "an undisturbed run")
    check(kept(server, job) == [], "nothing is kept of what has ended", kept(server, job))
    return steps, result(server, job)


def test_resume(server, picture):
    """A job whose server or whose process is killed goes on from its saved state, and ends with the same bytes."""
    content = "picture:" + picture
    steps, whole = whole_run(server, content)
    job = expect(server.order(content, evaluations=steps), 201)["id"]
    saved(server, job)
    server.end(signal.SIGKILL)
    at = saved(server, job)
    with open(os.path.join(server.folder, "jobs", job, "job.json")) as file:
        told = json.load(file)["progress"]["evaluation"] # which is shown until there is news
    server.start()
    seen = []
    while not seen or now["state"] not in OVER:
        now = server.ask("GET", "/jobs/" + job)[1]
        seen += [now["progress"]["evaluation"]] if now["progress"]["evaluation"] != told else []
        time.sleep(0.02)
    check(now["state"] == "done" and now["code"] == "taken_up", "a job whose server was killed goes on", now)
    check(min(seen) >= at, "from where its state was saved", (at, sorted(seen)[:5]))
    check(result(server, job) == whole, "and ends with the bytes it would have had")
    points = [evaluation for evaluation, _ in now["curve"]]
    check(points == sorted(set(points)), "its curve goes on", points)
    check(kept(server, job) == [], "nothing is kept of it then", kept(server, job))

    job = expect(server.order(content, evaluations=steps), 201)["id"]
    saved(server, job)
    server.kill_worker()
    now = server.wait(job, OVER)
    check(now["state"] == "failed" and now["resumable"], "a job whose process was killed", now)
    expect(server.ask("PATCH", "/jobs/" + job, {"action": "resume"}), 200, what="go on")
    check(server.wait(job, OVER, 300)["state"] == "done" and result(server, job) == whole, "goes on when it is told to")
    job = expect(server.order(content, evaluations=steps), 201)["id"]
    saved(server, job)
    server.kill_worker()
    server.wait(job, OVER)
    check(server.end() == 0, "ends with status 0")
    server.start()
    check(server.wait(job, OVER, 300, lambda now: now["state"] != "failed")["state"] == "done" and result(server, job) == whole, "goes on at the next start")

    job = expect(server.order(content, evaluations=100000), 201)["id"]
    server.wait(job, ("running",), also=lambda now: now["version"] > 0)
    expect(server.ask("PATCH", "/jobs/" + job, {"action": "pause"}), 200)
    server.wait(job, ("paused",))
    server.end(signal.SIGKILL)
    server.start()
    check(server.wait(job, ("paused",))["state"] == "paused", "one that paused pauses still")
    expect(server.ask("PATCH", "/jobs/" + job, {"action": "stop"}), 200)
    check(server.wait(job, OVER)["state"] == "stopped", "and can be stopped")
    check(kept(server, job) == [], "nothing is kept of what was stopped", kept(server, job))

    # One that brings the machine down must not do so at each start for ever.
    job = expect(server.order(content, evaluations=100000), 201)["id"]
    saved(server, job)
    server.end(signal.SIGKILL)
    record = os.path.join(server.folder, "jobs", job, "job.json")
    with open(record) as file:
        now = json.load(file)
    with open(record, "w") as file:
        json.dump(dict(now, resumed=5), file)
    server.start()
    now = server.ask("GET", "/jobs/" + job)[1]
    check(now["state"] == "failed" and now["code"] == "ended" and now["resumable"], "one that is broken off again and again waits for a word", now)
    expect(server.ask("PATCH", "/jobs/" + job, {"action": "resume"}), 200)
    check(server.wait(job, ("running",))["state"] == "running", "and then goes on")
    expect(server.ask("DELETE", "/jobs/" + job), 200)


def test_resume_changed(server, picture):
    """The same after a change of strength: from the state saved since, and from the picture at the change. Copies of the job's folder are what a
    kill at that moment leaves; the job itself goes on undisturbed."""
    content = "picture:" + picture
    first = server.wait(expect(server.order(content, evaluations=200), 201)["id"], OVER)["progress"]
    steps = max(400, int(8 * 200 / first["seconds"]))
    job = expect(server.order(content, evaluations=steps), 201)["id"]
    server.wait(job, ("running",), also=lambda now: now["progress"]["evaluation"] > steps // 10)
    expect(server.ask("PATCH", "/jobs/" + job, {"strength": 80}), 200)
    folder, end = os.path.join(server.folder, "jobs", job), time.monotonic() + 60
    phase = 0
    while not phase and time.monotonic() < end:
        with open(os.path.join(folder, "phase.json")) as file:
            phase = json.load(file)["done"]
    saved(server, job, phase)
    check(sorted(kept(server, job)) == ["begin-%d.png" % phase, "phase.json", "state-%d" % phase], "the phase before is forgotten", kept(server, job))
    other = server.folder + "/copy"
    copies = {"a" * 16: ["state-%d" % phase], "b" * 16: []}
    shutil.copytree(os.path.join(server.folder, "pictures"), other + "/pictures")
    for copy, more in copies.items():
        os.makedirs(os.path.join(other, "jobs", copy))
        for name in ["job.json", "phase.json", "begin-%d.png" % phase, *more]:
            shutil.copy(os.path.join(folder, name), os.path.join(other, "jobs", copy))
    check(server.wait(job, OVER, 300)["state"] == "done", "a changed job")
    second = Server(folder=other)
    try:
        for copy, more in copies.items():
            now = second.wait(copy, OVER, 300)
            check(now["state"] == "done" and now["order"]["strength"] == 80, "a copy of it goes on", now)
            check(result(second, copy) == result(server, job), "to the same bytes, from %s" % (more or "the change on"))
    finally:
        second.close()
    shutil.rmtree(other)


def test_no_room(picture_bytes):
    """Where a state has no room, what is painted so far is kept."""
    server = Server("--max-stored", "16")
    try:
        content = "picture:" + server.upload(picture_bytes)[1]["id"]
        job = expect(server.order(content, evaluations=100000), 201)["id"]
        server.wait(job, ("running",), also=lambda now: now["version"] > 0)
        time.sleep(1.5)
        check(kept(server, job) == [], "no state where there is no room for it", kept(server, job))
        server.end(signal.SIGKILL)
        server.start()
        now = server.wait(job, OVER)
        check(now["state"] == "stopped" and now["code"] == "ended" and now["version"] > 0, "it is stopped", now)
        check(server.raw("GET", "/api/v1/jobs/%s/picture" % job)[2][:2] == b"\xff\xd8", "its picture so far is kept")
        further = expect(server.order("job:" + job, initial="job:" + job), 201, what="to go on from it")["id"]
        check(server.wait(further, OVER)["state"] == "done", "it can be painted further")
    finally:
        server.close()


def test_restart(server, picture, done):
    content = "picture:" + picture
    running = expect(server.order(content, evaluations=100000), 201)["id"]
    waiting = expect(server.order(content), 201)["id"]
    server.wait(running, ("running",), also=lambda job: job["version"] > 0)
    worker = server.worker()
    server.end(signal.SIGKILL)
    server.options = ("--port", str(server.port), *server.options)
    server.start() # at once, at the same address
    end = time.monotonic() + 10
    while os.path.exists("/proc/%d" % worker) and time.monotonic() < end:
        with open("/proc/%d/stat" % worker) as file:
            if file.read().split()[2] == "Z":
                break
        time.sleep(0.05)
    check(time.monotonic() < end, "the painting process ends with the server")
    now = server.wait(running, ("running", *OVER))
    check(now["state"] == "running" and now["code"] == "taken_up" and now["version"] > 0, "one at work goes on", now)
    check(server.raw("GET", "/api/v1/jobs/%s/picture" % running)[2][:2] == b"\xff\xd8", "its picture so far is there")
    check(server.ask("GET", "/jobs/" + waiting)[1]["state"] == "queued", "one that waited waits still")
    expect(server.ask("PATCH", "/jobs/" + running, {"action": "stop"}), 200)
    check(server.wait(waiting, OVER)["state"] == "done", "and has its turn")
    old = server.wait(done, OVER)
    check(old["state"] == "done" and old["curve"] and server.raw("GET", "/api/v1/jobs/%s/picture.png" % done)[0] == 200, "the history is there", old)
    # Ended in order, one at work is kept whole.
    running = expect(server.order(content, evaluations=100000), 201)["id"]
    server.wait(running, ("running",), also=lambda job: job["version"] > 0)
    check(server.end() == 0, "ends with status 0")
    # What is damaged in the folder is left out, and what an upload left that broke off goes.
    os.makedirs(os.path.join(server.folder, "pictures", "3" * 16))
    for name in ("4" * 16 + ".part", "3" * 16 + "/picture.jpg"):
        with open(os.path.join(server.folder, "pictures", name), "wb") as file:
            file.write(b"half")
    for name, text in (("0" * 16, "{"), ("1" * 16, "{}"), ("x" * 16, "{}"), ("2" * 16, '{"state": "done", "names": {}, "order": {"size": -1}}')):
        os.makedirs(os.path.join(server.folder, "jobs", name), exist_ok=True)
        with open(os.path.join(server.folder, "jobs", name, "job.json"), "w") as file:
            file.write(text)
    server.start()
    now = server.wait(running, OVER)
    check(now["state"] == "stopped" and now["png"], "ended in order, one at work is kept whole", now)
    check("0" * 16 not in [job["id"] for job in server.ask("GET", "/jobs")[1]["jobs"]], "a damaged record is left out")
    left = os.listdir(os.path.join(server.folder, "pictures"))
    check(picture in left and not {"3" * 16, "4" * 16 + ".part"} & set(left), "what is half is removed", left)


def test_watchers(server, picture):
    """Two who watch see the same."""
    seen = [[], []]

    def watch(k):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as link:
            link.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            ready.release()
            for line in link.makefile("rb"):
                if line.startswith(b"data: {"):
                    job = json.loads(line[6:])
                    if job["order"]["evaluations"] == 21: # not one of before, which is just being put away
                        seen[k].append(job["state"])
                    if seen[k] and job["state"] in OVER:
                        return

    ready = threading.Semaphore(0)
    threads = [threading.Thread(target=watch, args=(k,), daemon=True) for k in range(2)]
    for thread in threads:
        thread.start()
        ready.acquire()
    time.sleep(0.2)
    expect(server.order("picture:" + picture, evaluations=21), 201)
    for thread in threads:
        thread.join(60)
    check(all(states and states[-1] == "done" for states in seen), "two who watch", seen)


def test_limits():
    server = Server("--max-queue", "2", "--max-stored", "1", "--max-size", "128", "--styles", os.path.join(SOURCE, "tests/golden"))
    try:
        status, picture = server.upload(photo())
        check(status == 201, "an upload within the limit", picture)
        if server.has_device():
            content = "picture:" + picture["id"]
            expect(server.order(content, size=256), 422, "order", "more than --max-size")
            first = expect(server.order(content, evaluations=100000), 201)["id"]
            server.wait(first, ("running",))
            for _ in range(2):
                expect(server.order(content), 201, what="within the queue")
            expect(server.order(content), 503, "full", "a full queue")
            expect(server.ask("DELETE", "/pictures/" + picture["id"]), 409, "not_now", "a picture in use")
        # A megabyte is soon full: what nobody uses is old enough to go only after an hour.
        answers = [server.upload(photo())[0] for _ in range(8)]
        check(answers[-1] == 507, "a full folder", answers)
    finally:
        server.close()


def test_devices():
    """One job runs on each device."""
    drivers = os.environ.get("NSCL_TEST_ICD_DIR")
    if not drivers or not os.path.isdir(drivers):
        skip("NSCL_TEST_ICD_DIR names no folder of drivers")
    server = Server(environment={"OCL_ICD_VENDORS": drivers})
    try:
        ids = [device["id"] for device in server.ask("GET", "/devices")[1]["devices"] if device["usable"]]
        content = "picture:" + server.upload(photo())[1]["id"]
        if len(ids) < 2:
            skip("there is one device")
        jobs = [expect(server.order(content, device=device, evaluations=100000), 201)["id"] for device in ids[:2] for _ in range(2)]
        for job in jobs[::2]:
            now = server.wait(job, ("running",), also=lambda job: job["version"] > 0, seconds=300)
            check(now["state"] == "running", "a job on each device", now)
        waiting = [server.ask("GET", "/jobs/" + job)[1] for job in jobs[1::2]]
        check([(job["state"], job.get("position")) for job in waiting] == [("queued", 1)] * 2, "a queue for each device", waiting)
    finally:
        server.close()


def main():
    server = Server("--max-upload", "2")
    try:
        test_command(server.folder + "/none")
        test_second(server)
        test_description(server)
        test_words(server)
        test_source(server)
        test_names(server)
        picture, right = test_pictures(server)
        test_orders(server, picture)
        device = server.has_device()
        if device:
            done = test_paint(server, picture)
            test_uses(server, done, right)
            test_watchers(server, picture)
            test_steer(server, picture)
            test_early_stop(server, picture)
            test_lost_file(server)
            test_crash(server, picture)
            test_restart(server, picture, done)
            test_resume(server, picture)
            test_resume_changed(server, picture)
            test_no_room(photo())
    finally:
        server.close()
    test_token()
    test_limits()
    if not device:
        skip("no device: nothing was painted (%s)" % BUILD)
    finish()


if sys.argv[1:] == ["devices"]:
    test_devices()
    finish()
else:
    main()
