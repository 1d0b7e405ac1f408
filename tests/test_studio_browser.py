#!/usr/bin/env python3
# The studio's page in a real browser, at the sizes of a phone and of a desktop: the whole flow by mouse and by keyboard, what is said where
# something is missing, wrong pictures, pausing, changing and stopping, two visitors, a server that goes and comes back, both languages and
# both schemes of colours. Screenshots go to $NSCL_TEST_SCREENSHOTS, where that names a folder.
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER tests/test_studio_browser.py
# Status: 0 all well, 1 a check failed, 77 no browser with its driver, or no device.
import os
import shutil
import signal
import tempfile
import time

import webdriver
from studio_server import Server, check, finish, photo, png, skip, turned

ENTER, TAB, RIGHT, SPACE = "\ue007", "\ue004", "\ue014", " "
shots = os.environ.get("NSCL_TEST_SCREENSHOTS")


def shoot(browser, name):
    if shots:
        time.sleep(0.4) # for what moves
        browser.screenshot(os.path.join(shots, name + ".png"))


def requests_of(browser):
    """How many orders the page sent."""
    return browser.run("return window.sent || 0")


def count_orders(browser):
    browser.run("""const real = window.fetch; window.sent = 0;
        window.fetch = (address, options) => { if (/jobs$/.test(address) && options?.method === "POST") window.sent++; return real(address, options); };""")


def message(browser):
    return browser.text("#order-message")


def fits(browser, what):
    width = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    check(width[0] <= width[1], "%s: nothing is wider than the window" % what, width)


def upload(browser, path):
    browser.type("#photo-file", path)
    browser.wait("return document.getElementById('photo-busy').hidden")


def pick_small(browser):
    """The smallest size, few steps, the built-in network."""
    browser.run("""document.querySelector('[name=size]').click();
        document.querySelector('.more').open = true;
        const network = [...document.querySelectorAll('.more select')][1]; network.value = 'builtin';""")


def steps(browser, n):
    browser.run("const a = document.querySelector('.amount input'); a.value = arguments[0];", n)


def test_messages(browser, files):
    """None, two, none of the photograph: said in the page, and nothing sent."""
    count_orders(browser)
    browser.click("#start")
    check("none is chosen" in message(browser), "no style", message(browser))
    browser.click('[data-ref="style:swirls"]')
    check(message(browser) == "", "a message goes when its cause does", message(browser))
    browser.click('[data-ref="style:mosaic"]')
    check("2 styles" in message(browser), "two styles", message(browser))
    browser.click("#start")
    check("2 styles" in message(browser), "two styles, and started", message(browser))
    browser.click("#order-message button")
    check(message(browser) == "" and browser.run("return document.getElementById('mix').getAttribute('aria-pressed')") == "true", "mixing solves it")
    for ref in ("waves", "weave", "batik"):
        browser.click('[data-ref="style:%s"]' % ref)
    check("at most 4" in message(browser), "five styles", message(browser))
    check(len(browser.all("#shares li")) == 4, "four sliders", len(browser.all("#shares li")))
    browser.run("const s = document.querySelector('#shares input'); s.value = 100; s.dispatchEvent(new Event('input'))")
    percents = browser.run("return [...document.querySelectorAll('#shares output')].map((o) => parseInt(o.textContent))")
    check(percents[0] == 40 and 99 <= sum(percents) <= 101, "shares", percents)
    for ref in ("waves", "weave"):
        browser.click('[data-ref="style:%s"]' % ref)
    browser.click("#start")
    check("photograph" in message(browser), "no photograph", message(browser))
    shoot(browser, files.name + "-message")
    for name in ("broken.jpg", "huge.png", "text.jpg"):
        upload(browser, files.path(name))
        check(browser.text("#photo-message") != "", "%s is refused in the page" % name)
    shoot(browser, files.name + "-broken")
    check(requests_of(browser) == 0, "nothing was ordered", requests_of(browser))
    upload(browser, files.path("turned.jpg"))
    check(browser.text("#photo-message") == "" and "512 × 768" in browser.text("#photo-name"), "a turned photograph", browser.text("#photo-name"))
    browser.wait("const p = document.getElementById('photo'); return p.complete && p.naturalWidth > 0")
    size = browser.run("const p = document.getElementById('photo'); return [p.naturalWidth, p.naturalHeight]")
    check(size[0] < size[1], "is shown upright", size)
    fits(browser, "choosing")


def test_flow(browser, files):
    """From the photograph to a result that is used again."""
    upload(browser, files.path("photo.jpg"))
    pick_small(browser)
    steps(browser, 5000)
    shoot(browser, files.name + "-chosen")
    browser.click("#start")
    job = browser.wait("return /^#\\/job\\/[0-9a-f]{16}$/.test(location.hash) && location.hash.slice(6)")
    browser.wait("return document.querySelector('.compare') && !document.querySelector('.compare').hidden", 60, "the first picture")
    first = browser.run("return document.querySelector('.after').src")
    browser.wait("return document.querySelector('.after').src !== %r" % first, 30, "another picture")
    browser.wait("return document.querySelector('.curve-line')?.getAttribute('d')?.length > 20", 30, "the curve")
    stats = browser.text(".stats")
    check("of 5,000" in stats and "/ s" in stats and "Remaining" in stats, "figures", stats)
    check(browser.text("#busy") == "1", "the number of jobs")
    shoot(browser, files.name + "-painting")
    fits(browser, "painting")

    browser.click("[data-do=pause]")
    browser.wait("return document.querySelector('.state').dataset.state === 'paused'")
    shoot(browser, files.name + "-paused")
    browser.click("[data-do=resume]")
    browser.wait("return document.querySelector('.state').dataset.state === 'running'")
    browser.run("const s = document.querySelector('.steer input'); s.value = 85; s.dispatchEvent(new Event('change'))")
    end = time.monotonic() + 10
    while files.server.ask("GET", "/jobs/" + job)[1]["order"]["strength"] != 85 and time.monotonic() < end:
        time.sleep(0.05)
    check(time.monotonic() < end, "the strength is changed while it paints")
    browser.click("[data-do=stop]")
    browser.one("[data-do=png]", 30)
    check(browser.text(".state") == "Stopped and kept", "stopped", browser.text(".state"))
    check(browser.all("[data-do=jpeg]") and browser.all("[data-do=again]"), "what can be done with it")

    # The slider between before and after, by keys.
    browser.run("document.querySelector('.compare input').focus()")
    at = browser.run("return Number(document.querySelector('.compare input').value)")
    browser.keys(RIGHT, RIGHT)
    check(browser.run("return Number(document.querySelector('.compare input').value)") == at + 2, "the slider moves by keys")
    browser.wait("return [...document.querySelectorAll('.compare img')].every((i) => i.complete && i.naturalWidth > 0)", 10, "both pictures")
    shoot(browser, files.name + "-stopped")

    browser.click("[data-do='as.style']")
    browser.wait("return !document.getElementById('paint').hidden")
    check(browser.run("return document.querySelector('[data-ref=\"job:%s\"]').getAttribute('aria-pressed')" % job) == "true", "a result as style is chosen")
    browser.run("history.back()")
    browser.click("[data-do='as.content']")
    browser.wait("return document.getElementById('photo').src.includes('/jobs/%s/')" % job)
    browser.run("history.back()")
    browser.click("[data-do='again']")
    browser.wait("return !document.getElementById('paint').hidden")
    check(browser.run("return document.querySelector('.amount input').value") == "5000" and len(browser.all("#shares li")) == 2, "again as it was")
    steps(browser, 5)
    browser.click("#start")
    browser.wait("return location.hash.startsWith('#/job/') && !location.hash.endsWith('%s')" % job)
    browser.wait("return document.querySelector('.state')?.dataset.state === 'done'", 60, "the end")
    shoot(browser, files.name + "-done")
    browser.run("location.hash = '#/history'")
    browser.wait("return document.querySelectorAll('.card').length >= 2")
    browser.wait("return [...document.querySelectorAll('.card img')].every((i) => i.complete && i.naturalWidth > 0)", 10, "thumbnails")
    shoot(browser, files.name + "-history")
    fits(browser, "history")
    return job


def test_ways_in(browser, files):
    """A painting of one's own as a style, a photograph that is dropped, a time instead of steps."""
    browser.go(files.server.url)
    browser.wait("return document.querySelectorAll('button.tile').length > 20 && document.querySelector('.segments')")
    browser.type("#style-file", files.path("photo.jpg"))
    browser.wait("return document.querySelector('[data-ref^=\"picture:\"]')?.getAttribute('aria-pressed') === 'true'", 15, "an own style, chosen")
    browser.type("#style-file", files.path("broken.jpg"))
    browser.wait("return !document.getElementById('order-message').hidden", 15, "a broken style's message")
    browser.run("""const canvas = document.createElement('canvas'); canvas.width = 90; canvas.height = 60; canvas.getContext('2d').fillRect(5, 5, 50, 20);
        canvas.toBlob((blob) => {
            const data = new DataTransfer();
            data.items.add(new File([blob], 'dropped.png', {type: 'image/png'}));
            document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        });""")
    browser.wait("return document.getElementById('photo-name').textContent.includes('dropped.png, 90 × 60')", 15, "a dropped photograph")
    browser.run("document.querySelector('[name=length][value=seconds]').click()")
    steps(browser, 1)
    pick_small(browser)
    browser.click("#start")
    browser.wait("return document.querySelector('.state')?.dataset.state === 'done'", 60, "the end of the time")
    job = browser.run("return location.hash.slice(6)")
    order = files.server.ask("GET", "/jobs/" + job)[1]["order"]
    check(order["seconds"] == 1 and order["styles"][0]["picture"].startswith("picture:"), "a second, in the manner of one's own painting", order)
    check(browser.run(NAMELESS) == [], "everything beside a picture has a name", browser.run(NAMELESS))


def test_keyboard(browser, files):
    """An order by keys alone."""
    browser.go(files.server.url)
    browser.wait("return document.querySelectorAll('button.tile').length > 20")
    upload(browser, files.path("photo.jpg")) # the file dialogue is the browser's
    pick_small(browser)
    steps(browser, 3)
    browser.run("document.body.tabIndex = -1; document.body.focus()")
    seen = []
    for key in ("swirls", "start"):
        for _ in range(80):
            focus = browser.run("const f = document.activeElement; return f.id || f.dataset.ref || f.className || f.tagName")
            seen.append(focus)
            if key in focus:
                break
            browser.keys(TAB)
        browser.keys(SPACE if key == "swirls" else ENTER)
    browser.wait("return location.hash.startsWith('#/job/')", 10, "an order by keys: %s" % seen)
    browser.wait("return document.querySelector('.state')?.dataset.state === 'done'", 60)
    check(browser.run("return document.activeElement.closest('#job') !== null || document.activeElement.tagName"), "the focus is in the new view")


NAMELESS = """const all = [...document.querySelectorAll('button, a, input, select, progress, img, [role=img]')];
return all.filter((e) => e.checkVisibility() || e.matches('.hidden-input')).filter((e) => {
    const labels = [...(e.labels || [])].map((l) => l.textContent.trim()).join('');
    const name = e.getAttribute('aria-label') || e.textContent.trim() || e.getAttribute('alt') || labels;
    return !name && !(e.tagName === 'IMG' && e.getAttribute('alt') === '') && e.getAttribute('aria-hidden') !== 'true';
}).map((e) => e.outerHTML.slice(0, 120))"""


def test_names(browser, url):
    """What a screen reader says of everything that can be used."""
    for view in ("#/", "#/history"):
        browser.go(url + view)
        browser.wait("return document.querySelectorAll('button.tile, .card').length > 0")
        nameless = browser.run(NAMELESS)
        check(nameless == [], "everything in %s has a name" % view, nameless)
        check(browser.run("return document.querySelectorAll('h1').length > 0 && document.documentElement.lang") == "en", "headings and language")


def test_size(browser, server):
    """How much is sent, and when the first paint comes. Each load has an address of its own and leaves a page behind that the browser may keep: they
    must not hold connections, of which it has six."""
    paints = []
    browser.devtools("Network.setCacheDisabled", {"cacheDisabled": True})
    for n in range(9):
        time.sleep(0.5) # the page before has its thumbnails then
        browser.go(server.url + "?%d" % n)
        paints.append(browser.wait("""return document.querySelectorAll('button.tile').length > 20 &&
            performance.getEntriesByName('first-contentful-paint')[0]?.startTime"""))
    blocking = browser.run("return performance.getEntriesByType('resource').filter((e) => e.renderBlockingStatus === 'blocking').map((e) => e.name)")
    check(blocking == [], "the first paint waits for no second request", blocking)
    paint = sorted(paints)[len(paints) // 2]
    # Asked for once more: of what it has in memory the browser tells no size.
    paths = {"/" + name[len(server.url):] for name in browser.run("return performance.getEntriesByType('resource').map((e) => e.name)")} | {"/"}
    total = sum(len(server.raw("GET", path)[2]) for path in paths if not path.endswith("/thumb"))
    check(60000 < total < 300000, "the page is under 300 kB", (total, paths))
    # Under 100 ms is the aim, and what a machine at rest prints; one that is busy with other tests takes many times that.
    check(paint < 3000, "first paint", paints)
    print("page: %d bytes, first paint after %.0f ms (median of %d loads, %.0f to %.0f)" % (total, paint, len(paints), min(paints), max(paints)))


def test_two(first, files):
    """Two visitors: one's job is seen by the other, and waits where both have one."""
    second = webdriver.Browser(900, 700)
    try:
        second.go(files.server.url + "#/history")
        content = "picture:" + files.server.upload(photo())[1]["id"]
        one = files.server.order(content, evaluations=100000)[1]["id"]
        two = files.server.order(content)[1]["id"]
        first.go(files.server.url + "#/job/" + two)
        first.wait("return document.querySelector('.state')?.textContent.includes('number 1')", 15, "a place in the queue")
        second.wait("return document.querySelector('[href=\"#/job/%s\"] .card-state')?.dataset.state === 'running'" % one, 15)
        shoot(second, files.name + "-queue")
        first.go(files.server.url + "#/job/" + one)
        first.click("[data-do=stop]")
        second.wait("return document.querySelector('[href=\"#/job/%s\"] .card-state')?.textContent.match(/20\\d\\d/)" % two, 30, "the other's end")
        check(second.log() == [], "nothing to complain of in the other's console", second.log())
    finally:
        second.close()


def test_restart(browser, files):
    """The server is killed in mid-job and started again at the same address: the page finds it by itself."""
    server = files.server
    content = "picture:" + server.upload(photo())[1]["id"]
    job = server.order(content, evaluations=100000)[1]["id"]
    browser.go(server.url + "#/job/" + job)
    browser.wait("return document.querySelector('.compare') && !document.querySelector('.compare').hidden", 30)
    server.end(signal.SIGKILL)
    browser.wait("return !document.getElementById('away').hidden", 20, "the message that the server is away")
    shoot(browser, files.name + "-away")
    server.options = ("--port", str(server.port), *server.options)
    server.start()
    browser.wait("return document.getElementById('away').hidden", 30, "the server again")
    browser.wait("return document.querySelector('.state').dataset.state === 'running'", 15, "the job goes on")
    browser.click("[data-do=stop]")
    browser.wait("return document.querySelector('.state').dataset.state === 'stopped'", 15, "the job's end")
    browser.log() # what it says of a server that is away is right


def test_words_of_server(browser, files):
    """What the server says reaches a Chinese visitor in Chinese, with its own words where they name particulars."""
    server = files.server

    def said(selector, text, what):
        browser.wait("return document.querySelector(arguments[0])?.textContent".replace("arguments[0]", repr(selector)), 15, what)
        check(text in browser.text(selector), what, browser.text(selector))

    browser.go(server.url)
    browser.wait("return document.querySelectorAll('button.tile').length > 20 && document.querySelector('.segments')")
    upload(browser, files.path("broken.jpg"))
    said("#photo-message", "无法使用这个文件", "a broken file")
    upload(browser, files.path("photo.jpg"))
    picture = browser.run("return document.getElementById('photo').src.match(/pictures\\/(\\w+)/)[1]")
    browser.click('[data-ref="style:swirls"]')
    server.ask("DELETE", "/pictures/" + picture)
    browser.click("#start")
    browser.wait("return !document.getElementById('order-message').hidden", 15)
    said("#order-message", "已经不在了", "a picture that is gone")

    content = "picture:" + server.upload(photo())[1]["id"]
    job = server.order(content, evaluations=100000)[1]["id"]
    server.wait(job, ("running",), also=lambda now: now["version"] > 0)
    waiting = server.order("job:" + job, styles=[{"picture": "job:" + job}])[1]["id"]
    browser.go(server.url + "#/job/" + waiting)
    browser.click("[data-do=cancel]")
    said(".facts .hint", "开始前已停止", "stopped before it began")
    said(".facts h1", "之前的作品 · 之前的作品", "an earlier picture's name")
    browser.go(server.url + "#/job/" + job)
    browser.wait("return document.querySelector('.state')?.dataset.state === 'running'")
    server.ask("PATCH", "/jobs/" + job, {"action": "stop"})
    server.wait(job, ("stopped",))
    browser.run("return import('./api.js').then((api) => api.tellJob(arguments[0], {action: 'pause'})).catch((error) => window.refused = error.message)", job)
    check(browser.run("return window.refused") == "现在不能这样做。", "a pause of what is over", browser.run("return window.refused"))

    job = server.order(content, evaluations=100000)[1]["id"]
    server.wait(job, ("running",), also=lambda now: now["version"] > 0)
    server.kill_worker()
    server.wait(job, ("failed",))
    browser.go(server.url + "#/job/" + job)
    said(".facts .message", "作画中断了。（painting broke off", "a process that was killed")
    shoot(browser, "narrow-chinese-failed")
    browser.click("[data-do=resume]")
    browser.wait("return document.querySelector('.state')?.dataset.state === 'running'", 15, "it goes on")
    said(".facts > .hint", "已接着画", "that it was taken up")
    server.ask("DELETE", "/jobs/" + job)


def test_words(files):
    browser = webdriver.Browser(360, 740, language="zh-CN", dark=False, touch=True, mobile=True)
    try:
        browser.go(files.server.url)
        browser.wait("return document.querySelectorAll('button.tile').length > 20")
        check(browser.run("return document.documentElement.lang") == "zh-CN" and browser.text("#start") == "开始作画", "Chinese", browser.text("#start"))
        left = browser.run("return document.body.innerText.match(/[A-Za-z]{4,}/g)")
        fits(browser, "360 pixels")
        shoot(browser, "narrow-chinese")
        browser.click("#start")
        check("请先选择" in message(browser), "a message in Chinese", message(browser))
        browser.run("document.querySelector('.more').open = true")
        fits(browser, "360 pixels, all open")
        browser.go(files.server.url + "#/history")
        browser.wait("return document.querySelectorAll('.card').length > 0")
        fits(browser, "360 pixels, history")
        check(left is not None, "styles have names")
        test_words_of_server(browser, files)
        fits(browser, "360 pixels, a failure")
        browser.log() # the answers above are failures
        check(browser.log() == [], "nothing to complain of in the console", browser.log())
    finally:
        browser.close()


def test_token():
    token = "0123456789abcdefXYZ"
    server = Server("--token", token)
    browser = webdriver.Browser(1280, 900)
    try:
        address = server.url.split("?")[0]
        browser.go(address)
        browser.type("#token", token + ENTER)
        browser.wait("return document.querySelectorAll('button.tile').length > 20", 15, "the page behind the token")
        check("token" not in browser.run("return location.href"), "the token leaves the address")
    finally:
        browser.close()
        server.close()


class Files:
    def __init__(self, name, server):
        self.name, self.server = name, server
        self.folder = tempfile.mkdtemp(prefix="pictures")
        contents = {"photo.jpg": photo(), "broken.jpg": photo()[:30000], "turned.jpg": turned(photo(), 6), "text.jpg": b"no picture",
                    "huge.png": png(100000, 100000, rows=0)}
        for file, data in contents.items():
            with open(self.path(file), "wb") as stream:
                stream.write(data)

    def path(self, name):
        return os.path.join(self.folder, name)


def main():
    if not webdriver.find():
        skip("no chromium with its driver")
    if shots:
        os.makedirs(shots, exist_ok=True)
    server = Server()
    if not server.has_device():
        server.close()
        skip("no device")
    try:
        for name, width, height, mobile in (("desktop", 1280, 900, False), ("phone", 390, 844, True)):
            files = Files(name, server)
            browser = webdriver.Browser(width, height, dark=not mobile, touch=mobile, mobile=mobile)
            try:
                browser.go(server.url)
                browser.wait("return document.querySelectorAll('button.tile').length > 20 && document.querySelector('.segments')")
                shoot(browser, name + "-styles")
                test_messages(browser, files)
                test_flow(browser, files)
                log = [line for line in browser.log() if "422" not in line] # which the wrong pictures got
                check(log == [], "nothing to complain of in the console", log)
                if not mobile:
                    test_keyboard(browser, files)
                    test_ways_in(browser, files)
                    test_names(browser, server.url)
                    test_size(browser, server)
                    test_two(browser, files)
                    test_restart(browser, files)
            finally:
                browser.close()
                shutil.rmtree(files.folder)
        test_words(Files("narrow", server))
    finally:
        server.close()
    test_token()
    finish()


main()
