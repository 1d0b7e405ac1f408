// Two pictures over each other with a slider between them, which is a range input, so that keys and screen readers move it too.
import {el} from "./dom.js";
import {t} from "./words.js";

export class Compare {
    constructor() {
        this.after = el("img", {class: "after", alt: ""});
        this.before = el("img", {class: "before", alt: ""});
        this.range = el("input", {type: "range", min: 0, max: 100, value: 0, "aria-label": t("job.compare")});
        this.handle = el("span", {class: "handle", "aria-hidden": "true"});
        this.labels = [el("span", {class: "label left", "aria-hidden": "true"}, t("job.before")), el("span", {class: "label right", "aria-hidden": "true"}, t("job.after"))];
        this.box = el("div", {class: "compare", hidden: true}, this.after, this.before, this.range, this.handle, ...this.labels);
        this.range.addEventListener("input", () => this.set(Number(this.range.value)));
        this.set(0);
    }

    set(percent) {
        this.range.value = percent;
        this.box.style.setProperty("--at", `${percent}%`);
        this.labels[0].hidden = percent < 12;
        this.labels[1].hidden = percent > 88;
    }

    size(width, height) {
        if (!width || !height) return;
        this.box.style.setProperty("--aspect", `${width} / ${height}`);
        this.box.style.setProperty("--w", width / height);
    }

    // Shown once it is loaded, so that nothing flickers; while one loads, only the newest waits.
    show(address, alt) {
        this.after.alt = alt;
        if (address === this.address) return;
        this.address = address;
        if (!this.loading) this.load();
    }

    load() {
        const address = this.address, next = new Image();
        this.loading = true;
        const ended = () => {
            this.loading = false;
            if (address !== this.address) this.load();
        };
        next.onload = () => {
            this.after.src = address;
            this.box.hidden = false;
            ended();
        };
        next.onerror = ended;
        next.src = address;
    }
}
