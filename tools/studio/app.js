// The page: three views by the address' #, one list of jobs that the server keeps us told of.
import {follow, getJobs} from "./api.js";
import {byId} from "./dom.js";
import {History} from "./history.js";
import {isOver, JobView, titleOf} from "./job.js";
import {Paint} from "./paint.js";
import {setWords, t} from "./words.js";

const jobs = new Map(); // by id, oldest first
let view = "", drawing = 0;

setWords(document);
const paint = new Paint((job) => {
    jobs.set(job.id, job);
    location.hash = `#/job/${job.id}`;
});
const jobView = new JobView(byId("job"), {
    again: (job) => toPaint(() => paint.repeat(job)),
    further: (job) => toPaint(() => paint.further(job)),
    content: (job) => toPaint(() => paint.useAsContent(job, titleOf(job))),
    style: (job) => toPaint(() => paint.useAsStyle(job, titleOf(job))),
    removed: () => (location.hash = "#/history"),
});
const history = new History(byId("history"));

function toPaint(then) {
    then();
    location.hash = "#/";
}

function show() {
    const [, name, id] = location.hash.split("/");
    const next = name === "job" && /^[0-9a-f]{16}$/.test(id) ? "job" : name === "history" ? "history" : "paint";
    jobView.close();
    for (const section of ["paint", "job", "history"]) byId(section).hidden = section !== next;
    for (const link of document.querySelectorAll("nav a")) {
        if (link.dataset.view === next) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    if (next === "job") jobView.open(id);
    if (next === "history") history.draw([...jobs.values()]);
    if (view) {
        scrollTo(0, 0);
        byId(next).querySelector("h1")?.focus({preventScroll: true});
    }
    view = next;
    document.title = next === "history" ? `${t("nav.history")} · nscl studio` : "nscl studio";
}

// At most once a frame, however many jobs changed.
function draw() {
    if (drawing) return;
    drawing = requestAnimationFrame(() => {
        drawing = 0;
        const going = [...jobs.values()].filter((job) => !isOver(job)).length;
        byId("busy").hidden = !going;
        byId("busy").textContent = going;
        byId("busy").setAttribute("aria-label", t("busy", {n: going}));
        if (view === "history") history.draw([...jobs.values()]);
    });
}

function onJob(job) {
    jobs.set(job.id, job);
    jobView.update(job);
    draw();
}

function onList(ids) {
    const there = new Set(ids);
    for (const id of [...jobs.keys()]) if (!there.has(id)) jobs.delete(id);
    draw();
}

function onLink(up, over) {
    byId("away").hidden = up;
    if (over) setTimeout(load, 3000);
}

async function load() {
    try {
        const [answer] = await Promise.all([getJobs(), paint.settings ? null : paint.load()]);
        byId("away").hidden = true;
        jobs.clear();
        for (const job of answer.jobs) jobs.set(job.id, job);
        follow(answer.change, {onJob, onList, onLink});
        draw();
        if (view === "history") show();
    } catch (error) {
        byId("away").hidden = false;
        setTimeout(load, 3000);
    }
}

addEventListener("hashchange", show);
show();
load();
