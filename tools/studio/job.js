// One job: the picture so far, how it goes, and what can be done with it, before, while and after it is painted.
import {getJob, jobPicture, removeJob, tellJob} from "./api.js";
import {Compare} from "./compare.js";
import {Curve} from "./curve.js";
import {el, showMessage} from "./dom.js";
import {strengthSlider} from "./settings.js";
import {formatCount, formatLoss, formatNumber, formatSeconds, has, t} from "./words.js";

export const isOver = (job) => ["done", "stopped", "failed"].includes(job.state);
// A result that is used again has no name of its own.
const nameOf = (reference, name) => (reference.startsWith("job:") ? t("photo.earlier") : name);
export const contentOf = (job) => nameOf(job.order.content, job.names.content);
export const stylesOf = (job) => job.names.styles.map((name, i) => nameOf(job.order.styles[i].picture, name));
export const titleOf = (job) => t("job.title", {content: contentOf(job).replace(/\.\w{3,4}$/, ""), styles: stylesOf(job).join(t("job.and"))});

// The page's own words for the kind of message; a record of an older studio has none.
const messageOf = (job) => (has(`message.${job.code}`) ? t(`message.${job.code}`, {message: job.message}) : job.message);

export function stateText(job) {
    if (job.state === "queued") return t("state.position", {n: job.position});
    if (job.state === "running" && !job.progress.evaluation) return t("state.preparing");
    return t(`state.${job.state}`);
}

// How far it is, 0 to 1: by steps, or by time where that is the limit.
export function shareDone(job) {
    const {evaluation, evaluations, seconds} = job.progress;
    if (isOver(job)) return 1;
    return Math.min(1, Math.max(evaluation / evaluations || 0, job.order.seconds ? seconds / job.order.seconds : 0));
}

export class JobView {
    constructor(place, actions) {
        this.place = place;
        this.actions = actions; // {again, further, content, style, removed}
    }

    async open(id) {
        this.id = id;
        this.build();
        try {
            const job = await getJob(id);
            if (this.id !== id) return;
            this.curve.set(job.curve);
            this.update(job);
        } catch (error) {
            this.stage.replaceChildren(el("p", {class: "wait"}, error.message));
        }
    }

    close() {
        this.id = undefined;
    }

    build() {
        this.compare = new Compare();
        this.curve = new Curve();
        this.shown = undefined;
        this.wait = el("p", {class: "wait"}, t("job.wait"));
        this.stage = el("div", {class: "stage"}, this.compare.box, this.wait);
        this.title = el("h1", {tabindex: -1});
        this.state = el("p", {class: "state", role: "status"});
        this.bar = el("progress", {max: 1, value: 0});
        this.stats = el("dl", {class: "stats"});
        this.message = el("div", {class: "message", role: "alert", hidden: true});
        this.note = el("p", {class: "hint"});
        this.strength = strengthSlider(50, (value) => this.tell({strength: value}));
        this.steer = el("fieldset", {class: "steer"}, el("legend", {}, t("strength"), el("small", {}, ` ${t("job.strength.hint")}`)), this.strength.box);
        this.buttons = el("div", {class: "buttons"});
        this.place.replaceChildren(this.stage, el("aside", {class: "panel facts"}, this.title, this.state, this.bar, this.stats, this.curve.box, this.steer, this.buttons,
            this.message, this.note));
    }

    update(job) {
        if (job.id !== this.id) return;
        const before = this.job?.id === job.id ? this.job.state : undefined, over = isOver(job);
        this.job = job;
        this.title.textContent = titleOf(job);
        const state = stateText(job);
        if (this.state.textContent !== state) this.state.textContent = state;
        this.state.dataset.state = job.state;
        this.bar.value = shareDone(job);
        this.bar.hidden = over;
        this.bar.setAttribute("aria-label", state);
        this.drawPicture(job, over);
        if (over && this.shown !== "over") this.compare.set(job.version ? 50 : 0);
        this.drawStats(job, over);
        if (!over || before) this.curve.add(job.progress.evaluation, job.progress.loss);
        this.steer.hidden = over;
        if (document.activeElement !== this.strength.slider) this.strength.slider.value = job.order.strength;
        showMessage(this.message, job.state === "failed" ? messageOf(job) : "");
        this.note.textContent = job.state === "failed" ? "" : [messageOf(job), job.network.split(",")[0], t("job.device", {name: job.device.name})].filter(Boolean).join(" · ");
        const kind = over ? `over${job.png}${job.version > 0}${job.resumable}` : job.state;
        if (this.shownButtons !== kind || this.shown === undefined) this.drawButtons(job, over);
        this.shownButtons = kind;
        this.shown = over ? "over" : "going";
    }

    drawPicture(job, over) {
        this.compare.size(job.width, job.height);
        if (job.width && !this.compare.before.src) this.compare.before.src = jobPicture(job.id, "before");
        if (job.version) this.compare.show(jobPicture(job.id, "picture", job.version), t(over ? "job.alt.done" : "job.alt"));
        this.wait.hidden = job.version > 0 || job.state === "failed";
    }

    drawStats(job, over) {
        const {evaluation, evaluations, loss, seconds, rate, remaining} = job.progress, rows = [];
        if (evaluation) {
            rows.push([t("job.step"), job.order.seconds ? t("job.step.only", {n: formatCount(evaluation)}) : t("job.step.of", {n: formatCount(evaluation), all: formatCount(evaluations)})]);
            rows.push([t("job.loss"), formatLoss(loss)]);
            rows.push([t("job.rate"), t("job.rate.value", {n: formatNumber(over && seconds ? evaluation / seconds : rate)})]);
            if (over) rows.push([t("job.took"), formatSeconds(seconds)]);
            else rows.push([t("job.remaining"), remaining === null ? "…" : formatSeconds(remaining)]);
        }
        if (job.width) rows.push([t("size"), t("job.size", {w: job.width, h: job.height})]);
        const texts = JSON.stringify(rows);
        if (texts === this.statTexts) return;
        this.statTexts = texts;
        this.stats.replaceChildren(...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
    }

    button(key, run, attributes) {
        return el("button", {type: "button", "data-do": key, onclick: run, ...attributes}, t(`job.${key}`));
    }

    drawButtons(job, over) {
        const focused = this.buttons.contains(document.activeElement), list = [];
        if (job.state === "running") list.push(this.button("pause", () => this.tell({action: "pause"})));
        if (job.state === "paused") list.push(this.button("resume", () => this.tell({action: "resume"}), {class: "primary"}));
        if (!over) list.push(this.button(job.state === "queued" ? "cancel" : "stop", () => this.tell({action: "stop"})));
        if (job.resumable) list.push(this.button("resume", () => this.tell({action: "resume"}), {class: "primary"}));
        if (over && job.version) {
            if (job.png) list.push(el("a", {class: "button primary", href: jobPicture(job.id, "picture.png"), download: "", "data-do": "png"}, t("job.png")));
            list.push(el("a", {class: "button", href: jobPicture(job.id, "picture.jpg"), download: "", "data-do": "jpeg"}, t("job.jpeg")));
            list.push(this.button("as.content", () => this.actions.content(this.job)), this.button("as.style", () => this.actions.style(this.job)),
                this.button("further", () => this.actions.further(this.job)));
        }
        if (over) list.push(this.button("again", () => this.actions.again(this.job)), this.button("delete", () => this.remove(), {class: "danger"}));
        this.buttons.replaceChildren(...list);
        if (focused) list[0]?.focus();
    }

    async tell(what) {
        try {
            this.update(await tellJob(this.id, what));
        } catch (error) {
            showMessage(this.message, error.message);
        }
    }

    async remove() {
        if (!confirm(t("job.delete.sure"))) return;
        try {
            await removeJob(this.id);
            this.actions.removed();
        } catch (error) {
            showMessage(this.message, error.message);
        }
    }
}
