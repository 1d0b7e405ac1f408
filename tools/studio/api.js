// The studio's JSON interface. A failure is thrown as an Error whose text is for the visitor.
import {t, has} from "./words.js";

const base = "api/v1";

async function call(path, options) {
    let response;
    try {
        response = await fetch(base + path, options);
    } catch {
        throw new Error(t("error.away"));
    }
    const json = await response.json().catch(() => ({}));
    if (response.ok) return json;
    const {code, message} = json.error || {code: "unknown", message: response.statusText};
    // The page's own words for the kind of it, with the server's where those name what it was.
    throw new Error(has(`error.${code}`) ? t(`error.${code}`, {message}) : t("error.unknown", {message}));
}

const send = (method, path, body) => call(path, {method, headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});

export const getAbout = () => call("");
export const getDevices = () => call("/devices");
export const getStyles = () => call("/styles");
export const getJobs = () => call("/jobs");
export const getJob = (id) => call(`/jobs/${id}`);
export const addJob = (order) => send("POST", "/jobs", order);
export const tellJob = (id, what) => send("PATCH", `/jobs/${id}`, what);
export const removeJob = (id) => call(`/jobs/${id}`, {method: "DELETE"});

export function addPicture(file) {
    const type = file.type === "image/png" || file.type === "image/jpeg" ? file.type : "application/octet-stream";
    return call(`/pictures?name=${encodeURIComponent(file.name.slice(-60))}`, {method: "POST", headers: {"Content-Type": type}, body: file});
}

// Address of the small picture of what a reference ("style:ID", "picture:ID", "job:ID") names.
export function thumbOf(reference) {
    const [kind, id] = reference.split(":");
    return `${base}/${{style: "styles", picture: "pictures", job: "jobs"}[kind]}/${id}/thumb`;
}

export const jobPicture = (id, what, version) => `${base}/jobs/${id}/${what}${version === undefined ? "" : `?v=${version}`}`;

// Follows all jobs from a change on: onJob(job), onList(ids), onLink(up, over). Goes on by itself after a break, unless the link is over. A page
// that is out of sight gives its connection back, of which a browser has six for all its pages here.
const link = {};

export function follow(since, handlers) {
    Object.assign(link, {since, handlers});
    unlink();
    open();
}

function open() {
    if (link.source || !link.handlers || document.hidden) return;
    const {onJob, onList, onLink} = link.handlers, source = new EventSource(`${base}/events?since=${link.since}`);
    const take = (handler) => (event) => {
        link.since = event.lastEventId;
        handler(JSON.parse(event.data));
    };
    link.source = source;
    source.addEventListener("job", take(onJob));
    source.addEventListener("list", take(onList));
    source.addEventListener("open", () => onLink(true));
    source.addEventListener("error", () => onLink(false, source.readyState === EventSource.CLOSED));
}

function unlink() {
    link.source?.close();
    link.source = undefined;
}

document.addEventListener("visibilitychange", () => (document.hidden ? unlink() : open()));
addEventListener("pagehide", unlink);
addEventListener("pageshow", open);
