// The gallery: which paintings are chosen, one or a mix of up to four, and the shares of a mix.
import {addPicture, getStyles, thumbOf} from "./api.js";
import {byId, el} from "./dom.js";
import {t} from "./words.js";

const MOST = 4;
const kept = "nscl-studio-styles"; // what the visitor added, in this browser

export class Styles {
    constructor(onChange) {
        this.list = []; // {ref, name, own}
        this.added = JSON.parse(localStorage.getItem(kept) || "[]");
        this.chosen = new Map(); // ref to share
        this.mixing = false;
        this.onChange = onChange; // with a text for the visitor, or ""
        byId("one").addEventListener("click", () => this.setMixing(false));
        byId("mix").addEventListener("click", () => this.setMixing(true));
        this.setMixing(false);
    }

    async load() {
        const {styles} = await getStyles();
        this.list = styles.map((style) => ({ref: `style:${style.id}`, name: style.name}));
        this.draw();
    }

    nameOf(ref) {
        return [...this.added, ...this.list].find((style) => style.ref === ref)?.name ?? "";
    }

    setMixing(mixing) {
        this.mixing = mixing;
        byId("one").setAttribute("aria-pressed", String(!mixing));
        byId("mix").setAttribute("aria-pressed", String(mixing));
        byId("style-hint").textContent = t(mixing ? "style.hint.mix" : "style.hint.one");
        this.changed();
    }

    toggle(ref) {
        const full = this.mixing && this.chosen.size === MOST && !this.chosen.has(ref);
        if (this.chosen.has(ref)) this.chosen.delete(ref);
        else if (!full) this.chosen.set(ref, 50);
        this.changed(full ? t("style.full", {n: MOST}) : "");
    }

    // Exactly these; more than one is a mix.
    choose(shares) {
        this.chosen = new Map(shares);
        this.setMixing(shares.length > 1);
    }

    // A picture that is no style of the gallery becomes one.
    add(ref, name) {
        if (!this.added.some((style) => style.ref === ref)) this.added = [{ref, name}, ...this.added].slice(0, 12);
        localStorage.setItem(kept, JSON.stringify(this.added));
        this.draw();
    }

    async upload(file) {
        if (!file) return;
        if (file.size > this.most * 2 ** 20) return this.onChange(t("photo.large", {n: this.most}));
        const tile = byId("style-add");
        tile.classList.add("working");
        try {
            const picture = await addPicture(file);
            const ref = `picture:${picture.id}`;
            this.add(ref, picture.name);
            if (!this.mixing) this.chosen.clear();
            this.toggle(ref);
        } catch (error) {
            this.onChange(error.message);
        }
        tile.classList.remove("working");
    }

    // The text that tells why these cannot be painted with, or "".
    problem() {
        if (!this.chosen.size) return t("style.none");
        if (!this.mixing && this.chosen.size > 1) return t("style.many", {n: this.chosen.size});
        if (this.chosen.size > MOST) return t("style.full", {n: MOST});
        return "";
    }

    // What would solve it with one press, where there is such a thing.
    cure() {
        return this.chosen.size > 1 && !this.mixing ? {label: t("style.mixthem"), run: () => this.setMixing(true)} : undefined;
    }

    forOrder() {
        return [...this.chosen].map(([picture, share]) => ({picture, share}));
    }

    // `text`: what is to be said of it.
    changed(text) {
        for (const tile of byId("gallery").querySelectorAll("button.tile")) tile.setAttribute("aria-pressed", String(this.chosen.has(tile.dataset.ref)));
        this.drawShares();
        this.onChange(text || (this.chosen.size > 1 ? this.problem() : ""));
    }

    draw() {
        const tiles = [...this.added, ...this.list].map((style) => this.tile(style));
        const input = el("input", {type: "file", class: "hidden-input", id: "style-file", accept: "image/jpeg,image/png", "aria-label": t("style.add.label")});
        input.addEventListener("change", () => {
            this.upload(input.files[0]);
            input.value = "";
        });
        const add = el("li", {}, input, el("label", {class: "tile add", id: "style-add", for: "style-file"}, el("span", {class: "plus", "aria-hidden": "true"}, "+"),
            el("span", {class: "tile-name"}, t("style.add"))));
        byId("gallery").replaceChildren(add, ...tiles);
        if (!this.list.length) byId("gallery").append(el("li", {class: "wide hint"}, t("style.empty")));
        this.changed();
    }

    tile(style) {
        const picture = el("img", {src: thumbOf(style.ref), alt: "", loading: "lazy", width: 180, height: 180});
        const button = el("button", {type: "button", class: "tile", "data-ref": style.ref, "aria-pressed": "false", onclick: () => this.toggle(style.ref)},
            picture, el("span", {class: "tile-name"}, style.name), el("span", {class: "tick", "aria-hidden": "true"}));
        const item = el("li", {}, button);
        picture.addEventListener("error", () => this.lose(style.ref, item));
        return item;
    }

    // A picture that was added may be removed on the server.
    lose(ref, item) {
        if (!this.added.some((style) => style.ref === ref)) return;
        this.added = this.added.filter((style) => style.ref !== ref);
        localStorage.setItem(kept, JSON.stringify(this.added));
        this.chosen.delete(ref);
        item.remove();
        this.changed();
    }

    drawShares() {
        const show = this.mixing && this.chosen.size > 0;
        byId("shares-part").hidden = !show;
        if (!show) return;
        const list = byId("shares");
        list.replaceChildren(...[...this.chosen].map(([ref, share]) => {
            const output = el("output", {});
            const slider = el("input", {type: "range", min: 1, max: 100, value: share, "aria-label": t("shares.of", {name: this.nameOf(ref)})});
            slider.addEventListener("input", () => {
                this.chosen.set(ref, Number(slider.value));
                this.drawPercent();
            });
            return el("li", {"data-ref": ref}, el("img", {src: thumbOf(ref), alt: "", width: 44, height: 44}), el("span", {class: "share-name"}, this.nameOf(ref)), slider, output);
        }));
        this.drawPercent();
    }

    drawPercent() {
        const sum = [...this.chosen.values()].reduce((a, b) => a + b, 0);
        for (const item of byId("shares").children) item.querySelector("output").textContent = `${Math.round((100 * this.chosen.get(item.dataset.ref)) / sum)} %`;
    }
}
