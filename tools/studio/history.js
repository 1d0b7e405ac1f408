// All jobs: those at work and waiting, and the pictures of the past, newest first.
import {jobPicture} from "./api.js";
import {el} from "./dom.js";
import {isOver, shareDone, stateText, titleOf} from "./job.js";
import {formatTime, t} from "./words.js";

function card(job) {
    const over = isOver(job), title = titleOf(job);
    const picture = job.version ? el("img", {src: jobPicture(job.id, "thumb", over ? "end" : job.version), alt: "", loading: "lazy"}) : el("span", {class: "blank"});
    return el("li", {}, el("a", {class: "card", href: `#/job/${job.id}`},
        el("span", {class: "frame"}, picture, !over && el("progress", {max: 1, value: shareDone(job), "aria-hidden": "true"})),
        el("span", {class: "card-title"}, title),
        el("span", {class: "card-state", "data-state": job.state}, over && job.state === "done" ? formatTime(job.created) : stateText(job))));
}

export class History {
    constructor(place) {
        this.place = place;
        this.cards = new Map(); // id to {key, element}: only what changed is made anew
    }

    cardOf(job) {
        const key = JSON.stringify([job.state, job.position, isOver(job) ? 0 : job.version, Math.round(100 * shareDone(job))]);
        let entry = this.cards.get(job.id);
        if (entry?.key !== key) {
            entry = {key, element: card(job)};
            this.cards.set(job.id, entry);
        }
        return entry.element;
    }

    draw(jobs) {
        const all = jobs.map((job) => this.cardOf(job)); // made anew where something changed
        if (all.length === this.all?.length && all.every((one, i) => one === this.all[i])) return;
        this.all = all;
        const going = jobs.filter((job) => !isOver(job)), past = jobs.filter(isOver).reverse();
        const focused = document.activeElement?.closest?.(".card")?.getAttribute("href");
        const list = (title, some) => some.length ? [el("h2", {}, title), el("ul", {class: "cards"}, some.map((job) => this.cardOf(job)))] : [];
        this.place.replaceChildren(el("h1", {tabindex: -1}, t("history.title")), ...list(t("history.queue"), going), ...list(t("history.past"), past),
            jobs.length ? "" : el("p", {class: "empty"}, t("history.empty"), " ", el("a", {href: "#/"}, t("history.begin"))));
        if (focused) this.place.querySelector(`a[href="${focused}"]`)?.focus();
    }
}
