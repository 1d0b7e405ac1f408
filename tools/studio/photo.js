// The photograph: dropped, picked, taken, pasted, or an earlier picture.
import {addPicture, thumbOf} from "./api.js";
import {byId, el, showMessage} from "./dom.js";
import {t} from "./words.js";

export class Photo {
    constructor(onChange) {
        this.ref = "";
        this.most = Infinity; // MiB, once it is known
        this.onChange = onChange;
        for (const id of ["photo-file", "photo-camera"]) {
            const input = byId(id);
            input.addEventListener("change", () => {
                this.upload(input.files[0]);
                input.value = "";
            });
        }
        const drop = byId("drop");
        document.addEventListener("dragover", (event) => event.preventDefault());
        document.addEventListener("drop", (event) => event.preventDefault()); // else the browser would open the file
        drop.addEventListener("dragover", () => drop.classList.add("over"));
        drop.addEventListener("dragleave", () => drop.classList.remove("over"));
        drop.addEventListener("drop", (event) => {
            drop.classList.remove("over");
            this.upload(event.dataTransfer.files[0]);
        });
        document.addEventListener("paste", (event) => this.upload(event.clipboardData?.files[0]));
    }

    async upload(file) {
        if (!file) return;
        const busy = byId("photo-busy");
        this.say("");
        if (file.size > this.most * 2 ** 20) return this.say(t("photo.large", {n: this.most}));
        busy.textContent = t("photo.reading");
        busy.hidden = false;
        try {
            const picture = await addPicture(file);
            this.set(`picture:${picture.id}`, t("photo.size", {name: picture.name, w: picture.width, h: picture.height}));
            if (picture.note) this.say(t("photo.note", {message: picture.note}));
        } catch (error) {
            this.say(error.message);
        }
        busy.hidden = true;
    }

    set(ref, name) {
        this.ref = ref;
        this.say("");
        const image = byId("photo");
        image.hidden = false;
        image.src = thumbOf(ref);
        image.alt = t("photo.alt", {name});
        byId("photo-name").textContent = name;
        byId("drop").classList.add("full");
        byId("drop").querySelector("label span").textContent = t("photo.change");
        this.onChange();
    }

    // A picture to begin from, or "".
    setInitial(ref) {
        const chip = byId("from");
        this.initial = ref;
        chip.hidden = !ref;
        chip.replaceChildren();
        if (ref)
            chip.append(el("img", {src: thumbOf(ref), alt: "", width: 36, height: 36}), el("span", {}, t("from")),
                el("button", {type: "button", class: "small", onclick: () => this.setInitial("")}, t("from.remove")));
    }

    problem() {
        return this.ref ? "" : t("photo.none");
    }

    say(text) {
        showMessage(byId("photo-message"), text);
    }
}
