// The view in which an order is put together. Nothing is sent before exactly what is needed is chosen.
import {addJob, getAbout, getDevices, thumbOf} from "./api.js";
import {byId, el, showMessage} from "./dom.js";
import {contentOf, stylesOf} from "./job.js";
import {Photo} from "./photo.js";
import {Settings} from "./settings.js";
import {Styles} from "./styles.js";
import {t} from "./words.js";

export class Paint {
    constructor(onStarted) {
        this.onStarted = onStarted;
        this.photo = new Photo(() => this.drawChosen(""));
        this.styles = new Styles((text) => this.drawChosen(text));
        byId("order").addEventListener("submit", (event) => {
            event.preventDefault();
            this.start();
        });
    }

    async load() {
        const [about, devices] = await Promise.all([getAbout(), getDevices(), this.styles.load()]);
        this.photo.most = this.styles.most = about.limits.upload_mb;
        this.settings = new Settings(byId("settings"), about, devices);
    }

    // What is chosen, small, beside the button: on a phone the rest is out of sight.
    drawChosen(text) {
        if (!this.styles) return; // still being made
        const refs = [...(this.photo.ref ? [this.photo.ref] : []), ...this.styles.chosen.keys()];
        byId("chosen").replaceChildren(...refs.map((ref) => el("img", {src: thumbOf(ref), alt: "", width: 40, height: 40})));
        this.say(text);
    }

    // Beside the button, where it is always in sight.
    say(text) {
        showMessage(byId("order-message"), text, text && this.styles.cure());
    }

    async start() {
        const problem = this.styles.problem() || this.photo.problem();
        this.say(problem);
        if (problem || !this.settings) return;
        const settings = this.settings.forOrder();
        if (!settings) return;
        const button = byId("start");
        button.disabled = true;
        button.textContent = t("starting");
        try {
            const order = {content: this.photo.ref, styles: this.styles.forOrder(), ...settings};
            if (this.photo.initial) order.initial = this.photo.initial;
            this.onStarted(await addJob(order));
            this.photo.setInitial("");
        } catch (error) {
            this.say(error.message);
        }
        button.disabled = false;
        button.textContent = t("start");
    }

    // From a job: the same again, its result as photograph or as style, or going on from it.
    repeat(job) {
        for (const [i, style] of job.order.styles.entries()) if (!style.picture.startsWith("style:")) this.styles.add(style.picture, stylesOf(job)[i]);
        this.styles.choose(job.order.styles.map(({picture, share}) => [picture, job.order.styles.length > 1 ? Math.max(1, Math.min(100, share)) : 50]));
        this.photo.set(job.order.content, contentOf(job));
        this.photo.setInitial(job.order.initial ?? "");
        this.settings.set(job.order);
    }

    further(job) {
        this.repeat(job);
        this.photo.setInitial(`job:${job.id}`);
    }

    useAsContent(job, name) {
        this.photo.set(`job:${job.id}`, name);
    }

    useAsStyle(job, name) {
        const ref = `job:${job.id}`;
        this.styles.add(ref, name);
        if (!this.styles.mixing) this.styles.chosen.clear();
        if (!this.styles.chosen.has(ref)) this.styles.toggle(ref);
    }
}
